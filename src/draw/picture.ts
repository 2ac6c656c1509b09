/**
 * The state diagram as SVG: statuses one below the other, arrows that lead on at the right, arrows that lead back at the left. No layout has to be
 * found for that, so it needs no other package. Which commands an arrow stands for is said in the box that it leads to, by the page's script.
 */
import { type Lifecycle, statusesOf } from "../order/lifecycleTable.ts"
import type { OrderStatus } from "../order/Order.ts"
import { type Arrow, arrowsOf } from "./stateDiagram.ts"

const boxHeight = 46
const rowHeight = 66
/** How far an arrow keeps away from the boxes, for each row that it passes. */
const reach = 22
/** The width of a letter, of a name and of what stands below it. */
const [letter, smallLetter] = [9, 7.2]

/** Arrows between the same two statuses, as one. */
interface Way {
  readonly from: OrderStatus
  readonly to: OrderStatus
  readonly commands: ReadonlyArray<string>
}

const waysOf = (arrows: ReadonlyArray<Arrow>): ReadonlyArray<Way> =>
  [...Map.groupBy(arrows, ({ from, to }) => `${from} ${to}`).values()].flatMap((alike) =>
    alike.slice(0, 1).map(({ from, to }) => ({ from, to, commands: [...new Set(alike.map(({ command }) => command))] }))
  )

export const pictureOf = (lifecycle: Lifecycle): string => {
  const statuses = statusesOf(lifecycle)
  const ways = waysOf(arrowsOf(lifecycle))
  const rowOf = new Map(statuses.map((status, row) => [status, row]))
  const rowsOn = ({ from, to }: Way) => (rowOf.get(to) ?? 0) - (rowOf.get(from) ?? 0)

  const boxWidth =
    Math.max(
      ...statuses.map((status) => status.length * letter),
      ...ways.map(({ commands }) => commands.join(", ").length * smallLetter)
    ) + 24
  const [left, right] = [-1, 1].map((side) => reach * Math.max(1, ...ways.map((way) => side * rowsOn(way))) + 6) as [
    number,
    number
  ]
  const [width, height] = [left + boxWidth + right, statuses.length * rowHeight]

  const middleOf = (status: OrderStatus) => ((rowOf.get(status) ?? 0) + 0.5) * rowHeight
  const arrow = (way: Way): string => {
    const rows = rowsOn(way)
    const side = rows < 0 ? -1 : 1
    const edge = rows < 0 ? left : left + boxWidth
    // It leaves towards where it leads, and arrives from where it comes.
    const towards = rows === 0 ? -9 : rows < 0 ? -11 : 11
    const [start, end] = [middleOf(way.from) + towards, middleOf(way.to) - towards]
    // A curve comes three quarters of the way to its guiding points.
    const away = edge + (side * reach * Math.max(1, Math.abs(rows))) / 0.75
    const tip = edge + side * 7
    return `<g class="way" data-from="${way.from}" data-to="${way.to}"><title>${way.from} to ${way.to}: ${way.commands.join(", ")}</title>
<path class="line" d="M${edge} ${start}C${away} ${start} ${away} ${end} ${tip} ${end}"/><path class="tip" d="M${edge} ${end}l${side * 8}-4v8z"/></g>`
  }
  const box = (status: OrderStatus): string => {
    const [x, y] = [left + boxWidth / 2, middleOf(status)]
    return `<g class="box" data-status="${status}"><rect x="${left}" y="${y - boxHeight / 2}" width="${boxWidth}" height="${boxHeight}" rx="7"/>
<text class="name" x="${x}" y="${y + 5}">${status}</text><text class="by" x="${x}" y="${y + 15}"></text></g>`
  }
  return `<svg class="picture" viewBox="0 0 ${width} ${height}" style="max-width:${width}px" role="img" aria-label="State diagram: the tables say the same in words">
${ways.map(arrow).join("\n")}
${statuses.map(box).join("\n")}
</svg>`
}
