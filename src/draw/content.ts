/** What a page says, before it is Markdown or HTML: both are written from this, so that they say the same. */
import type { Lifecycle } from "../order/lifecycleTable.ts"

/** A piece of a line: text that stands as it is, or a name, which may lead to where `to` says. */
export type Piece = string | Name
export interface Name {
  readonly code: string
  readonly to?: string
}
export type Line = ReadonlyArray<Piece>

/** A table: its heads, and the cells of each row. */
export interface Table {
  readonly head: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<Line>>
}

/** A part of a page. */
export type Block =
  | { readonly kind: "heading"; readonly level: 2 | 3; readonly text: string; readonly id: string }
  | { readonly kind: "paragraph"; readonly line: Line }
  | { readonly kind: "table"; readonly table: Table }
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "diagram"; readonly lifecycle: Lifecycle }

/** Pieces with a comma between them; a dash where there is none. */
export const listed = (pieces: Iterable<Piece>, comma = ", "): Line => {
  const line = [...pieces].flatMap((piece, index) => (index === 0 ? [piece] : [comma, piece]))
  return line.length === 0 ? ["–"] : line
}

/** Names as a list. */
export const names = (texts: Iterable<string>): Line => listed([...texts].map((code) => ({ code })))

/** A text in which backticks mark code. */
export const prose = (text: string): Line =>
  text.split(/`([^`]*)`/).flatMap((part, index): Line => {
    if (part === "") return []
    return index % 2 === 1 ? [{ code: part }] : [part]
  })
