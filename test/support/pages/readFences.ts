/** The fenced blocks of a Markdown page, with what stands around them. */

/** One fenced block. Lines count from 1, as editors count them. */
export interface Fence {
  /** Where the fence opens. */
  readonly line: number
  /** Where it closes. */
  readonly lastLine: number
  readonly language: string
  readonly content: string
  /** The reason given for leaving it alone: `no-run="…"` behind the language. */
  readonly exemption?: string
  /** Whatever else stands behind the language. There should be nothing. */
  readonly leftover: string
  /** The file of `docs/examples` that it is a copy of, by the marker around it. */
  readonly example?: string
  /** Made by a program, and held to it by that program's own test. */
  readonly isDrawn: boolean
  /** Nothing but blank lines stands between it and the fence before. */
  readonly isDirectlyBehind: boolean
}

const opening = /^(\s*)(`{3,})\s*([\w-]*)(.*)$/
const regionBegins = /^<!-- (?:drawn: (.+?)|figures of .+?) -->$/
const regionEnds = /^<!-- end of (?:drawn|figures) -->$/

/** Every fence of a page, in order. */
export const readFences = (text: string): ReadonlyArray<Fence> => {
  const lines = text.split("\n")
  const fences: Array<Fence> = []
  let region: { readonly example?: string } | undefined
  let isBlankSinceFence = false
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ""
    const begins = regionBegins.exec(line)
    if (begins) {
      const [, example] = /^example (\S+\.ts)$/.exec(begins[1] ?? "") ?? []
      region = example === undefined ? {} : { example }
    } else if (regionEnds.test(line)) region = undefined
    const [, indent = "", ticks, language = "", rest = ""] = opening.exec(line) ?? []
    if (ticks === undefined) {
      isBlankSinceFence &&= line.trim() === ""
      continue
    }
    const first = at
    while (++at < lines.length && lines[at]?.trim() !== ticks);
    const [whole = "", exemption] = / no-run="([^"]+)"/.exec(rest) ?? []
    fences.push({
      line: first + 1,
      lastLine: at + 1,
      language,
      content: lines
        .slice(first + 1, at)
        .map((inside) => `${inside.startsWith(indent) ? inside.slice(indent.length) : inside}\n`)
        .join(""),
      leftover: rest.replace(whole, "").trim(),
      ...(exemption !== undefined && { exemption }),
      ...(region?.example !== undefined && { example: region.example }),
      isDrawn: region !== undefined,
      isDirectlyBehind: isBlankSinceFence
    })
    isBlankSinceFence = true
  }
  return fences
}
