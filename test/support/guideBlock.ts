import { readFileSync } from "node:fs"
import { readFences } from "./pages/readFences.ts"

const guide = new URL("../../docs/guides/postgresql-in-production.md", import.meta.url)

/** The block of SQL of the guide to PostgreSQL in production that begins so. */
export const guideBlock = (beginning: string): string => {
  const block = readFences(readFileSync(guide, "utf8")).find(({ content }) => content.startsWith(beginning))
  if (block === undefined) throw new Error(`the guide has no ${beginning}`)
  return block.content
}

/** The text of the guide. */
export const guideText = (): string => readFileSync(guide, "utf8")
