/**
 * Charts as SVG text: no script, no outside reference, so that a page with them works offline and prints. Colours are CSS variables of the
 * page around them; so are light and dark. The four kinds of chart that a report needs, each with named axes.
 */
import { BarChart, CustomChart, LineChart, type CustomSeriesOption } from "echarts/charts"
import { GridComponent } from "echarts/components"
import { type EChartsCoreOption, init, use } from "echarts/core"
import { SVGRenderer } from "echarts/renderers"
import type { Estimate } from "../compare.ts"

use([BarChart, CustomChart, LineChart, GridComponent, SVGRenderer])

/** How much room a chart has, in px. What is narrow is for phones. */
export interface Room {
  readonly width: number
  readonly isNarrow: boolean
}

export const colourOf = { ink: "var(--ink)", muted: "var(--muted)", line: "var(--line)", page: "var(--card)" } as const

const text = { fontSize: 13, color: colourOf.ink }

/** `id` is the chart's own on its page: what it names within itself begins with it. */
const render = (id: string, { width }: Room, height: number, option: EChartsCoreOption): string => {
  const chart = init(null, null, { renderer: "svg", ssr: true, width, height })
  chart.setOption({ animation: false, textStyle: { fontFamily: "inherit" }, ...option })
  const svg = chart.renderToSVGString({ useViewBox: true })
  chart.dispose()
  // The library numbers what it draws through the whole process; the same report must be the same text. Nothing reacts to a pointer here.
  return svg
    .replaceAll(/<style[\s\S]*?<\/style>/g, "")
    .replaceAll(/ (?:class|pointer-events|ecmeta_\w+)="[^"]*"/g, "")
    .replaceAll(/zr\d+-/g, `${id}-`)
    .replaceAll("\n", "")
}

const axis = {
  silent: true,
  axisLabel: { ...text, color: colourOf.muted },
  axisLine: { lineStyle: { color: colourOf.line } },
  axisTick: { show: false },
  splitLine: { lineStyle: { color: colourOf.line } },
  nameTextStyle: text
}

const below = (name: string) => ({ ...axis, name, nameLocation: "middle", nameGap: 30, splitLine: { show: false } })
const left = (name: string) => ({
  ...axis,
  name,
  nameLocation: "end",
  nameGap: 14,
  nameTextStyle: { ...text, align: "left", padding: [0, 0, 0, -50] },
  axisLine: { show: false }
})

const series = { silent: true, emphasis: { disabled: true }, symbol: "none" }

/** Something that changes over time: one number for each moment. */
export interface Curve {
  readonly name: string
  readonly colour: string
  readonly values: ReadonlyArray<number>
}

/** When the values were taken, and what they count. `most`: the highest that the axis has to show. */
export interface Course {
  readonly everyHours: number
  readonly days: number
  readonly unit: string
  readonly most: number
}

/** The names of the axes of a course, as a chart and its description have them. */
export const axesOf = ({ days, unit }: Course) => ({
  x: isShort(days) ? "Hours since the start" : "Days since the start",
  y: unit
})

const isShort = (days: number) => days <= 3

const courseOption = (course: Course) => {
  const { days, most } = course
  const { x, y } = axesOf(course)
  const length = isShort(days) ? days * 24 : days
  const interval = isShort(days) ? (days <= 1 ? 4 : 12) : days <= 10 ? 1 : days <= 70 ? 7 : undefined
  return {
    grid: { left: 58, right: 16, top: 38, bottom: 48 },
    xAxis: { type: "value", ...below(x), max: length, ...(interval && { interval }) },
    yAxis: { type: "value", ...left(y), min: 0, minInterval: most > 5 ? 1 : 0, ...(most === 0 && { max: 1 }) },
    points: (values: ReadonlyArray<number>) =>
      values.map((value, moment) => [(moment * course.everyHours) / (isShort(days) ? 1 : 24), rounded(value)])
  }
}

/** Two decimals are finer than a pixel, and shorter. */
const rounded = (value: number) => Math.round(value * 100) / 100

/** Parts of a whole over time, one upon the other. */
export const drawAreas = (id: string, room: Room, course: Course, curves: ReadonlyArray<Curve>): string => {
  const { points, ...option } = courseOption(course)
  const top = niceAbove(course.most)
  return render(id, room, 280, {
    ...option,
    yAxis: { ...option.yAxis, max: top },
    series: curves.map(({ colour, values }) => ({
      ...series,
      type: "line",
      stack: "all",
      data: points(values),
      lineStyle: { width: 1, color: colourOf.page },
      areaStyle: { color: colour, opacity: 1 }
    }))
  })
}

/** The next round number, so that charts side by side have the same axis. */
const niceAbove = (value: number): number => {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((factor) => factor * power >= value) ?? 10) * power
}

/** Lines over time, each with a dash of its own for those who see no colours. */
export const drawLines = (id: string, room: Room, course: Course, curves: ReadonlyArray<Curve>): string => {
  const { points, ...option } = courseOption(course)
  return render(id, room, 260, {
    ...option,
    series: curves.map(({ colour, values }, index) => ({
      ...series,
      type: "line",
      data: points(values),
      lineStyle: { width: 2.5, color: colour, type: dashes[index % dashes.length] }
    }))
  })
}

export const dashes = ["solid", [7, 4], [2, 3], [10, 3, 2, 3]] as const

/** One bar for each name and policy, with its interval, and perhaps a mark further on. */
export interface Bars {
  readonly unit: string
  /** Where the axis ends, if it has a natural end. */
  readonly end?: number
  readonly names: ReadonlyArray<string>
  readonly policies: ReadonlyArray<{
    readonly colour: string
    readonly values: ReadonlyArray<Estimate>
    readonly marks?: ReadonlyArray<number>
  }>
}

const splitLine = { lineStyle: { color: colourOf.line } }
const barLayout = { barGap: "15%", barCategoryGap: "35%" }

export const drawBars = (id: string, room: Room, { unit, end, names, policies }: Bars): string => {
  const longest = Math.max(...names.flatMap((name) => name.split("\n")).map((line) => line.length))
  const nameWidth = Math.min(longest * 8.4 + 20, room.width * 0.48)
  const height = 62 + names.length * Math.max(34, policies.length * 16 + 16)
  return render(id, room, height, {
    grid: { left: nameWidth, right: 22, top: 8, bottom: 48 },
    xAxis: { type: "value", ...below(unit), min: 0, ...(end && { max: end, interval: end / 5 }), splitLine, splitNumber: 4 },
    yAxis: {
      type: "category",
      ...axis,
      inverse: true,
      data: names,
      axisLabel: { ...text, width: nameWidth - 12, overflow: "truncate", interval: 0 },
      splitLine: { show: false }
    },
    series: policies.flatMap(({ colour, values, marks = [] }, index) => [
      { ...series, type: "bar", ...barLayout, itemStyle: { color: colour }, data: values.map(({ mean }) => rounded(mean)) },
      whiskers(values, index, policies.length),
      ...(marks.length === 0 ? [] : [marksOf(marks, index, policies.length)])
    ])
  })
}

type RenderItem = NonNullable<CustomSeriesOption["renderItem"]>
type Api = Parameters<RenderItem>[1]

/** The middle of the bar of a policy at a value. */
const middleOf = (api: Api, value: number, category: number, policy: number, policies: number) => {
  const [x = 0, y = 0] = api.coord([value, category])
  const layout = api.barLayout?.({ ...barLayout, count: policies })?.[policy]
  return { x, y: y + (layout?.offsetCenter ?? 0) }
}

const whiskers = (values: ReadonlyArray<Estimate>, policy: number, policies: number): CustomSeriesOption => ({
  type: "custom",
  silent: true,
  z: 5,
  encode: { x: [1, 2], y: 0 },
  data: values.map(({ low, high }, index) => [index, rounded(Math.max(0, low)), rounded(high)]),
  renderItem: (_, api) => {
    const category = Number(api.value(0))
    const { x: low, y } = middleOf(api, Number(api.value(1)), category, policy, policies)
    const { x: high } = middleOf(api, Number(api.value(2)), category, policy, policies)
    return high - low < 1 ? { type: "group", children: [] } : interval(low, high, y, colourOf.ink, 3)
  }
})

const marksOf = (marks: ReadonlyArray<number>, policy: number, policies: number): CustomSeriesOption => ({
  type: "custom",
  silent: true,
  z: 6,
  encode: { x: 1, y: 0 },
  data: marks.map((mark, index) => [index, rounded(mark)]),
  renderItem: (_, api) => {
    const { x, y } = middleOf(api, Number(api.value(1)), Number(api.value(0)), policy, policies)
    return {
      type: "polygon",
      shape: {
        points: [
          [x, y - 5],
          [x + 5, y],
          [x, y + 5],
          [x - 5, y]
        ]
      },
      style: { fill: colourOf.page, stroke: colourOf.ink, lineWidth: 1.5 }
    }
  }
})

const lineOf = (x1: number, y1: number, x2: number, y2: number, stroke: string, lineWidth: number) => ({
  type: "line" as const,
  shape: { x1, y1, x2, y2 },
  style: { stroke, lineWidth }
})

/** A line from end to end, with a foot at either. */
const interval = (low: number, high: number, y: number, colour: string, foot: number) => ({
  type: "group" as const,
  children: [
    lineOf(low, y, high, y, colour, 1.5),
    lineOf(low, y - foot, low, y + foot, colour, 1.5),
    lineOf(high, y - foot, high, y + foot, colour, 1.5)
  ]
})

/** One line of a forest plot: where a difference lies, and within which ends, in per cent of the baseline. */
export interface Tree {
  readonly name: string
  readonly colour: string
  /** Filled when it is more than chance. */
  readonly isFilled: boolean
  readonly share: Estimate
  /** The difference in words, and the same where there is little room. */
  readonly says: string
  readonly inShort: string
}

/** Differences below each other, around a line that means "no difference". What lies beyond the axis has an arrow there. */
export const drawForest = (id: string, room: Room, axisName: string, trees: ReadonlyArray<Tree>): string => {
  const rowHeight = room.isNarrow ? 46 : 28
  const limit = limitOf(trees)
  const names = room.isNarrow ? 14 : 280
  const words = room.isNarrow ? 14 : 290
  return render(id, room, trees.length * rowHeight + 58, {
    grid: { left: names, right: words, top: 6, bottom: 52 },
    xAxis: {
      type: "value",
      ...below(axisName),
      min: -limit,
      max: limit,
      splitNumber: room.isNarrow ? 2 : 6,
      axisLabel: {
        ...axis.axisLabel,
        formatter: (value: number) => (value > 0 ? `+${value}` : `${value}`.replace("-", "\u2212"))
      },
      splitLine: { lineStyle: { color: colourOf.line } }
    },
    yAxis: { type: "category", show: false, inverse: true, data: trees.map(({ name }) => name) },
    series: [
      {
        type: "custom",
        silent: true,
        clip: false,
        encode: { x: 1, y: 0 },
        data: trees.map(({ share }, index) => [index, share.mean]),
        renderItem: (params: Parameters<RenderItem>[0], api: Api) => {
          const tree = trees[params.dataIndex]
          if (tree === undefined) return { type: "group", children: [] }
          const at = (value: number) => api.coord([Math.max(-limit, Math.min(limit, value)), params.dataIndex])[0] ?? 0
          const [, middle = 0] = api.coord([0, params.dataIndex])
          const y = room.isNarrow ? middle + 13 : middle
          const words = (x: number, wordsY: number, align: "left" | "right", says: string, fill: string) => ({
            type: "text" as const,
            style: {
              x,
              y: wordsY,
              text: says,
              fill,
              fontSize: 13,
              fontFamily: "inherit",
              align,
              verticalAlign: "middle" as const
            }
          })
          const [nameX, nameAlign] = room.isNarrow ? [names, "left" as const] : [names - 14, "right" as const]
          const [saysX, saysAlign] = room.isNarrow ? [room.width - 14, "right" as const] : [room.width - 274, "left" as const]
          const textY = room.isNarrow ? middle - 10 : middle
          return {
            type: "group",
            children: [
              lineOf(at(0), room.isNarrow ? y - 8 : middle - rowHeight / 2, at(0), middle + rowHeight / 2, colourOf.muted, 1.5),
              words(nameX, textY, nameAlign, tree.name, colourOf.ink),
              words(
                saysX,
                textY,
                saysAlign,
                room.isNarrow ? tree.inShort : tree.says,
                tree.isFilled ? tree.colour : colourOf.muted
              ),
              lineOf(at(tree.share.low), y, at(tree.share.high), y, tree.colour, 2),
              pointOf(at(tree.share.mean), y, tree, limit)
            ]
          }
        }
      }
    ]
  })
}

/** Wide enough for most: a few that change many times over would press all others flat. */
const limitOf = (trees: ReadonlyArray<Tree>): number => {
  const ends = trees.map(({ share }) => Math.max(Math.abs(share.low), Math.abs(share.high))).toSorted((a, b) => a - b)
  const most = ends.at(-1) ?? 0
  const usual = ends[Math.floor(ends.length * 0.75)] ?? 0
  return niceAbove(Math.max(5, Math.min(most, usual * 1.3)))
}

const pointOf = (x: number, y: number, { share, colour, isFilled }: Tree, limit: number) => {
  const style = { fill: isFilled ? colour : colourOf.page, stroke: colour, lineWidth: 2 }
  if (Math.abs(share.mean) <= limit) return { type: "circle" as const, shape: { cx: x, cy: y, r: 5 }, style }
  const to = Math.sign(share.mean) * 8
  return {
    type: "polygon" as const,
    shape: {
      points: [
        [x + to, y],
        [x - to / 2, y - 6],
        [x - to / 2, y + 6]
      ]
    },
    style
  }
}
