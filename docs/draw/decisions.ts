/** `docs/decisions/index.md`: the records, by number. */
import { globSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import { blocks, table } from "../../src/draw/markdown.ts"
import { command } from "./page.ts"

const folder = fileURLToPath(new URL("../decisions", import.meta.url))

/** A record begins with its number and title, and says in its third line when it was made and whether it still holds. */
const readRecord = (path: string) => {
  const [, number, title, date, status] =
    /^# (\d+)\. (.+)\n\nDate: (\S+) · Status: (.+)\n/.exec(readFileSync(join(folder, path), "utf8")) ?? []
  if (number === undefined || title === undefined || date === undefined || status === undefined) {
    throw new Error(`docs/decisions/${path} must begin with "# 1. Title" and "Date: 2026-01-01 · Status: accepted"`)
  }
  return { number: Number(number), title, date, status, path: basename(path) }
}

export const drawDecisions = (): string => {
  const records = globSync("[0-9]*.md", { cwd: folder }).map(readRecord)
  return blocks(
    "# Decisions",
    `Why it is as it is. A record is never edited: when a mind is changed, a new one says so. Drawn by \`${command}\`.`,
    table(
      ["No.", "Decision", "Date", "Status"],
      records
        .toSorted((a, b) => a.number - b.number)
        .map(({ number, title, date, status, path }) => [String(number), `[${title}](${path})`, date, status])
    )
  )
}
