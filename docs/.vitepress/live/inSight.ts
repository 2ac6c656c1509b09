/** Done when a part of the page comes near what is seen of it; at once where the page does not have it yet, or there is no page. */
export const inSight = (selector: string): Promise<void> =>
  new Promise((resolve) => {
    const part = typeof document === "undefined" ? null : document.querySelector(selector)
    if (part === null) return resolve()
    const observer = new IntersectionObserver(
      (seen) => {
        if (!seen.some(({ isIntersecting }) => isIntersecting)) return
        observer.disconnect()
        resolve()
      },
      { rootMargin: "200px" }
    )
    return observer.observe(part)
  })
