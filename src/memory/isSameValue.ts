/** Whether two JSON values are the same: members by name, in whatever order they stand. What is one object is not looked into. */
export const isSameValue = (a: unknown, b: unknown): boolean => {
  if (Object.is(a, b)) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null || Array.isArray(a) !== Array.isArray(b))
    return false
  const names = Object.keys(a)
  if (names.length !== Object.keys(b).length) return false
  for (const name of names) {
    const [one, other]: ReadonlyArray<unknown> = [a[name as keyof typeof a], b[name as keyof typeof b]]
    if (one === other && one !== undefined) continue
    if (!Object.hasOwn(b, name) || !isSameValue(one, other)) return false
  }
  return true
}
