/** A page that is drawn from the code, whole or in part: where it is, and how it is made of what is written there now. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { codes } from "../../src/draw/markdown.ts"

/** The command that draws them all. */
export const command = "npm run docs:draw"

export interface Page {
  /** Below the root of the project. */
  readonly path: string
  /** The page as it should be. A page that is drawn whole does not look at what is written. */
  readonly draw: (written: string) => string | Promise<string>
}

/** A page as it is, and as it should be. */
export const compare = async (
  { path, draw }: Page,
  root: string
): Promise<{ readonly written: string; readonly drawn: string }> => {
  const file = join(root, path)
  const written = existsSync(file) ? readFileSync(file, "utf8") : ""
  return { written, drawn: await draw(written) }
}

/** Write every page that is stale. Returns their names. */
export const mend = async (pages: ReadonlyArray<Page>, root: string): Promise<ReadonlyArray<string>> => {
  const stale: Array<string> = []
  for (const page of pages) {
    const { written, drawn } = await compare(page, root)
    if (drawn === written) continue
    const file = join(root, page.path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, drawn)
    stale.push(page.path)
  }
  return stale
}

/** What a page that is drawn whole begins with. `from` are files, below the root of the project. */
export const heading = (title: string, ...from: ReadonlyArray<string>): string =>
  `# ${title}\n\n*Drawn from ${codes(from)} by \`${command}\`. Do not edit this page: a test compares it with the code.*`
