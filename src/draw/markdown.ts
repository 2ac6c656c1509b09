/** Markdown that reads the same on GitHub and in VitePress, which takes a bare `<` or two braces for its own. */
import type { Lifecycle } from "../order/lifecycleTable.ts"
import { type Block, type Line, type Piece, prose as piecesOf, type Table } from "./content.ts"
import { mermaidOf } from "./stateDiagram.ts"

/** A name. Backticks in it are held by more of them around it. */
export const code = (text: string): string => {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
  const ticks = "`".repeat(longest + 1)
  const [first, last] = longest > 0 ? [`${ticks} `, ` ${ticks}`] : [ticks, ticks]
  return `${first}${text}${last}`
}

export const codes = (texts: Iterable<string>): string => [...texts].map(code).join(", ")

/** Text as it is: nothing in it can be taken for Markdown, HTML or a template. */
const asText = (text: string): string =>
  text
    .replaceAll(/&(?=[#\w])/g, "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll("{", "&#123;")
    // Within a word, an underscore means nothing.
    .replaceAll(/[\\`*[\]~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, "\\$&")

const pieceInMarkdown = (piece: Piece): string => {
  if (typeof piece === "string") return asText(piece)
  return piece.to === undefined ? code(piece.code) : `[${code(piece.code)}](${piece.to})`
}

export const inMarkdown = (line: Line): string => line.map(pieceInMarkdown).join("")

/** Prose as it may stand anywhere, its code in backticks. */
export const prose = (text: string): string => inMarkdown(piecesOf(text))

/** One cell of a table. */
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll(/\s*\n\s*/g, " ")

export const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.map(cell).join(" | ")} |`).join("\n")

export const drawTable = ({ head, rows }: Table): string =>
  table(
    head,
    rows.map((cells) => cells.map(inMarkdown))
  )

export const fence = (language: string, content: string): string => `\`\`\`${language}\n${content.trimEnd()}\n\`\`\``

export const json = (value: unknown): string => fence("json", JSON.stringify(value, null, 2))

/** The state diagram as a block of a page. */
export const drawStateDiagram = (lifecycle?: Lifecycle): string => fence("mermaid", mermaidOf(lifecycle))

/** What a link can point to: GitHub and VitePress make different ones of a heading like `NOT_FOUND`. */
export const anchored = (name: string, heading: string): string => `<a id="${name.toLowerCase()}"></a>\n\n${heading}`

/** Blocks of a page, with a line between them; nothing stands for an empty one. */
export const blocks = (...parts: ReadonlyArray<string>): string => `${parts.filter((part) => part !== "").join("\n\n")}\n`

/** A part of a page. */
export const blockInMarkdown = (block: Block): string => {
  switch (block.kind) {
    case "heading":
      return anchored(block.id, `${"#".repeat(block.level)} ${asText(block.text)}`)
    case "paragraph":
      return inMarkdown(block.line)
    case "table":
      return drawTable(block.table)
    case "json":
      return json(block.value)
    case "diagram":
      return drawStateDiagram(block.lifecycle)
  }
}
