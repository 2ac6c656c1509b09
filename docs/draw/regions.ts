/**
 * Drawn regions of a page that is written by hand: what stands between `<!-- drawn: name -->` and `<!-- end of drawn -->`. A region that
 * nobody draws, one that is drawn and stands nowhere, and one that does not end are mistakes.
 */

const region = /(<!-- drawn: ([\w./-]+) -->\n)[\s\S]*?(<!-- end of drawn -->)/g

/** The page with its regions as `drawers` draw them, each by its name. */
export const drawRegions = async (
  written: string,
  drawers: Readonly<Record<string, () => string | Promise<string>>>
): Promise<string> => {
  const found = new Set([...written.matchAll(region)].map(([, , name = ""]) => name))
  const beginnings = written.match(/<!-- drawn: /g)?.length ?? 0
  const ends = written.match(/<!-- end of drawn -->/g)?.length ?? 0
  if (beginnings !== ends || found.size !== beginnings) {
    throw new Error(
      `${beginnings} drawn regions begin (${[...found].join(", ")}) and ${ends} end: each has a name and an end of its own`
    )
  }
  const missing = Object.keys(drawers).filter((name) => !found.has(name))
  if (missing.length > 0) throw new Error(`no region <!-- drawn: ${missing.join(" -->, <!-- drawn: ")} --> to draw into`)
  const drawnByName = new Map<string, string>()
  for (const name of found) {
    const draw = drawers[name]
    if (draw === undefined) throw new Error(`nothing draws the region ${name}; there are: ${Object.keys(drawers).join(", ")}`)
    drawnByName.set(name, (await draw()).trimEnd())
  }
  return written.replaceAll(
    region,
    (_, begin: string, name: string, end: string) => `${begin}${drawnByName.get(name) ?? ""}\n${end}`
  )
}
