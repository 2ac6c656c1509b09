/** Parts of a page as HTML. All that is text comes out as text. */
import type { Block, Line, Piece, Table } from "./content.ts"
import { escaped } from "./escaped.ts"
import { livePart } from "./livePart.ts"

const pieceInHtml = (piece: Piece): string => {
  if (typeof piece === "string") return escaped(piece)
  const name = `<code>${escaped(piece.code)}</code>`
  return piece.to === undefined ? name : `<a href="${escaped(piece.to)}">${name}</a>`
}

export const inHtml = (line: Line): string => line.map(pieceInHtml).join("")

/** A table that can be moved to the side, with the keyboard as well, where the page is narrower. */
const tableInHtml = ({ head, rows }: Table, label: string): string => {
  const heads = head.map((text) => `<th scope="col">${escaped(text)}</th>`).join("")
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${inHtml(cell)}</td>`).join("")}</tr>`).join("\n")
  return `<div class="scroll" tabindex="0" role="group" aria-label="${escaped(label)}"><table>
<thead><tr>${heads}</tr></thead>
<tbody>
${body}
</tbody></table></div>`
}

const blockInHtml = (block: Block, label: string): string => {
  switch (block.kind) {
    case "heading":
      return `<h${block.level} id="${escaped(block.id)}">${escaped(block.text)}</h${block.level}>`
    case "paragraph":
      return `<p>${inHtml(block.line)}</p>`
    case "table":
      return tableInHtml(block.table, label)
    case "json":
      return `<pre>${escaped(JSON.stringify(block.value, null, 2))}</pre>`
    case "diagram":
      return livePart(block.lifecycle)
  }
}

/** Parts of a page, in their order. A table is called like the heading above it. */
export const blocksInHtml = (blocks: ReadonlyArray<Block>): string => {
  let label = ""
  return blocks
    .map((block) => {
      if (block.kind === "heading") label = block.text
      return blockInHtml(block, label)
    })
    .join("\n")
}
