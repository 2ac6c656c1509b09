/** The diagram of the live page: the one that its HTML brings, so that it is loaded once; on the way here from another page, from its own file. */
let svg = ""

const inPage = (): string | undefined =>
  typeof document === "undefined" ? undefined : document.querySelector(".live-diagram")?.innerHTML

/** Have the diagram at hand. */
export const drawn = async (): Promise<void> => {
  if (svg === "") svg = inPage() ?? (await import("./diagram.data.ts")).data
}

export const diagram = (): string => svg
