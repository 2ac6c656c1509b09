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
  /** It stands in a region that `npm run docs:draw` writes and `test/docs/drawn.test.ts` checks. */
  readonly isDrawn: boolean
  /** What is wrong with the page around it: a fence or a region that never ends. */
  readonly fault?: string
  /** Nothing but blank lines stands between it and the fence before. */
  readonly isDirectlyBehind: boolean
}

const opening = /^(\s*)(`{3,})\s*([\w-]*)(.*)$/
const regionBegins = /^<!-- (drawn: .+?) -->$/
const regionEnds = /^<!-- end of drawn -->$/

/** Every fence of a page, in order. */
export const readFences = (text: string): ReadonlyArray<Fence> => {
  const lines = text.split("\n")
  const fences: Array<Fence> = []
  let region: string | undefined
  let isBlankSinceFence = false
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ""
    const [, begins] = regionBegins.exec(line) ?? []
    if (begins !== undefined) region = begins
    else if (regionEnds.test(line)) region = undefined
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
      isDrawn: region !== undefined,
      ...faultOf(lines, first, at, region),
      isDirectlyBehind: isBlankSinceFence
    })
    isBlankSinceFence = true
  }
  return fences
}

/** A fence ends with the ticks it begins with, and a region before the next heading. */
const faultOf = (lines: ReadonlyArray<string>, first: number, last: number, region: string | undefined) => {
  if (last >= lines.length) return { fault: "this fence is never closed" }
  const rest = lines.slice(first)
  const end = rest.findIndex((line) => regionEnds.test(line))
  const heading = rest.findIndex((line, n) => n > last - first && /^#{1,6} /.test(line))
  const isOpen = region !== undefined && (end < 0 || (heading >= 0 && heading < end))
  return isOpen ? { fault: `the region "${region}" has no end` } : {}
}
