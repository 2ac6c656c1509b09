/** The charts of a report: what each shows, in a title, a sentence, a legend, and a description for those who do not see it. */
import type { Estimate, Report } from "../compare.ts"
import type { Figures } from "../Metrics.ts"
import {
  axesOf,
  type Bars,
  colourOf,
  type Course,
  type Curve,
  drawAreas,
  drawBars,
  drawForest,
  drawLines,
  type Room,
  type Tree
} from "./draw.ts"
import { isSilent, type Row, rowsOf, type Verdict, written, writtenDifference, writtenEstimate } from "./figures.ts"
import { nameOf, type Unit } from "./labels.ts"

/** A chart, drawn twice: for a page of some width and for a phone. */
export interface Chart {
  readonly title: string
  /** What is seen, in one sentence. */
  readonly says: string
  /** What a reader who does not see it has to know: the axes with their units, and the main numbers. */
  readonly alt: string
  readonly legend: ReadonlyArray<{ readonly name: string; readonly colour: string }>
  /** Whether it has the whole width of the page rather than half of it. */
  readonly isFull: boolean
  readonly wide: string
  readonly narrow: string
}

/** Charts that belong together, under a heading. */
export interface Chapter {
  readonly heading: string
  readonly charts: ReadonlyArray<Chart>
}

const narrow: Room = { width: 350, isNarrow: true }
const half: Room = { width: 540, isNarrow: false }
const full: Room = { width: 1_110, isNarrow: false }

/** Every chart there is something to show for. A chart without anything to show is left out, and so is a chapter without charts. */
export const chaptersOf = (report: Report): ReadonlyArray<Chapter> => {
  const rows = rowsOf(report)
  const chapters = [
    { heading: "What differs", charts: differences(report, rows) },
    { heading: "Orders over time", charts: orders(report) },
    { heading: "How long it takes", charts: times(report, rows) },
    { heading: "Units and assets", charts: [...units(report), ...utilisation(report, rows)] },
    { heading: "Refused cancels", charts: refusals(report, rows) },
    { heading: "The store under load", charts: load(report, rows) }
  ]
  return chapters.filter(({ charts }) => charts.length > 0)
}

const policyColour = (index: number): string => `var(--policy-${(index % 6) + 1})`
const legendOf = ({ policies }: Report) => policies.map(({ policy }, index) => ({ name: policy, colour: policyColour(index) }))

/** Twice the same, in either room. `name` is the chart's own on the page. */
const drawn = (name: string, isFull: boolean, draw: (id: string, room: Room) => string) => ({
  isFull,
  wide: draw(`${name}-w`, isFull ? full : half),
  narrow: draw(`${name}-n`, narrow)
})

// --- differences -------------------------------------------------------------------------------------------------------------------------

const verdictColours: Record<Verdict, string> = {
  better: "var(--better)",
  worse: "var(--worse)",
  different: colourOf.ink,
  alike: colourOf.muted
}

const differences = (report: Report, rows: ReadonlyArray<Row>): ReadonlyArray<Chart> =>
  report.differences.map(({ policy, baseline }, index) => {
    const trees = rows.flatMap(({ label, values: [before], differences }): ReadonlyArray<Tree> => {
      const difference = differences[index]
      if (!label.isMain || !before || before.mean === 0 || !difference) return []
      const { verdict } = difference
      const share = per(difference, before.mean / 100)
      const isAlike = difference.mean === 0
      const judged = verdict === "better" || verdict === "worse" ? `, ${verdict}` : ""
      return [
        {
          name: label.text,
          colour: verdictColours[verdict],
          isFilled: verdict !== "alike",
          share,
          says: isAlike
            ? "no difference"
            : `${writtenEstimate(difference, label.unit, writtenDifference)} ${nameOf(label.unit)}${judged}`,
          inShort: isAlike ? "0 %" : `${writtenDifference(share.mean, "calls")} %`
        }
      ]
    })
    const axis = `Difference (% of "${baseline}")`
    const marked = trees.filter(({ isFilled }) => isFilled)
    return {
      title: `${policy}, compared with ${baseline}`,
      says: `${marked.length} of ${trees.length} figures differ by more than chance: their intervals leave out the line in the middle.`,
      alt: `Forest plot. Across: ${axis}, with 95 % confidence intervals. ${marked.map(({ name, says }) => `${name}: ${says}`).join("; ")}.`,
      legend: [
        { name: "better", colour: verdictColours.better },
        { name: "worse", colour: verdictColours.worse },
        { name: "different, neither better nor worse in itself", colour: verdictColours.different },
        { name: "may be chance", colour: verdictColours.alike }
      ],
      ...drawn(`differences-${index}`, true, (id, room) => drawForest(id, room, axis, trees))
    }
  })

const per = ({ mean, low, high }: Estimate, whole: number): Estimate => ({
  mean: mean / whole,
  low: low / whole,
  high: high / whole
})

// --- over time ---------------------------------------------------------------------------------------------------------------------------

const orders = (report: Report): ReadonlyArray<Chart> => {
  const totals = report.policies.map(({ overTime }) => {
    const each = Object.values(overTime.orders)
    return (each[0] ?? []).map((_, moment) => each.reduce((sum, values) => sum + (values[moment] ?? 0), 0))
  })
  const most = Math.max(0, ...totals.flat())
  return report.policies.map(({ policy, overTime }, index) => {
    const course: Course = { everyHours: overTime.everyHours, days: report.scenario.days, unit: "Orders", most }
    const curves = Object.entries(overTime.orders).map(([name, values]): Curve => ({
      name,
      colour: `var(--status-${name})`,
      values
    }))
    return {
      title: policy,
      says: "How many orders stand in each status, one upon the other.",
      alt: describe("Stacked areas", course, curves),
      legend: curves.map(({ name, colour }) => ({ name, colour })),
      ...drawn(`orders-${index}`, false, (id, room) => drawAreas(id, room, course, curves))
    }
  })
}

const units = (report: Report): ReadonlyArray<Chart> => {
  const chart = (name: "unitsHeld" | "unitsRented" | "backOrders", title: string, says: string): ReadonlyArray<Chart> => {
    const curves = report.policies.map(({ policy, overTime }, index): Curve => ({
      name: policy,
      colour: policyColour(index),
      values: overTime[name]
    }))
    const most = Math.max(0, ...curves.flatMap(({ values }) => values))
    if (most === 0) return []
    const everyHours = report.policies[0]?.overTime.everyHours ?? 1
    const course: Course = { everyHours, days: report.scenario.days, unit: "Units", most }
    const alt = describe("Lines", course, curves)
    return [
      { title, says, alt, legend: legendOf(report), ...drawn(name, false, (id, room) => drawLines(id, room, course, curves)) }
    ]
  }
  return [
    ...chart("unitsHeld", "Held idle", "Units that an order holds and nobody rents."),
    ...chart("unitsRented", "Rented", "Units that a customer has and pays for."),
    ...chart("backOrders", "Back-orders", "Units that are ready to leave, and no asset is there for them.")
  ]
}

const describe = (kind: string, course: Course, curves: ReadonlyArray<Curve>): string => {
  const { x, y } = axesOf(course)
  const ends = curves.map(
    ({ name, values }) =>
      `${name} ends at ${written(values.at(-1) ?? 0, "units")}, highest ${written(Math.max(0, ...values), "units")}`
  )
  return `${kind}. Across: ${x}. Up: ${y}. ${ends.join("; ")}.`
}

// --- bars --------------------------------------------------------------------------------------------------------------------------------

const times = (report: Report, rows: ReadonlyArray<Row>): ReadonlyArray<Chart> => {
  const chart = (name: keyof Figures["hours"], title: string, says: string) =>
    bars(
      report,
      `hours-${name}`,
      title,
      says,
      pick(rows, (figure) => figure.startsWith(`hours.${name}.p`), quantileOf)
    )
  return [
    ...chart("toConfirm", "From placed to confirmed", "So long takes half of the orders at most, so long 90 %, so long 99 %."),
    ...chart("toFulfil", "From placed to fulfilled", "Until the last unit of an order has left."),
    ...chart("toCancel", "From placed to cancelled", "How old the orders are that are cancelled."),
    ...chart("held", "A unit held idle", "From placing its order until it is rented or released.")
  ]
}

const utilisation = (report: Report, rows: ReadonlyArray<Row>): ReadonlyArray<Chart> => {
  const peaks = rows.filter(({ name }) => name.startsWith("utilisation.") && name.endsWith(".peak"))
  const means = pick(
    rows,
    (figure) => figure.startsWith("utilisation.") && figure.endsWith(".mean"),
    (label) => label.replace(/ rented, on average$/, "")
  )
  return bars(
    report,
    "utilisation",
    "Share of the assets that is rented",
    "On average over the whole time; a diamond shows the highest share at any moment.",
    means,
    peaks
  )
}

const refusals = (report: Report, rows: ReadonlyArray<Row>): ReadonlyArray<Chart> => [
  ...bars(
    report,
    "refused-guards",
    "By what stood in the way",
    "The guard that did not hold when a customer wanted to cancel.",
    pick(
      rows,
      (figure) => figure.startsWith("calls.cancelsBlockedBy."),
      (label) => label.replace("refused by ", "")
    )
  ),
  ...bars(
    report,
    "refused-codes",
    "By the code of the answer",
    "What the caller of a refused cancel was told.",
    pick(
      rows,
      (figure) => figure.startsWith("calls.refusals.cancel"),
      (label) => label.replace(": ", "\n")
    )
  )
]

const load = (report: Report, rows: ReadonlyArray<Row>): ReadonlyArray<Chart> => [
  ...bars(
    report,
    "ms",
    "Time of a call",
    "From sending a call to knowing its outcome, repeats apart.",
    pick(rows, (figure) => figure.startsWith("calls.ms.p"), quantileOf)
  ),
  ...(report.scenario.tenants.length < 2
    ? []
    : bars(
        report,
        "ms-tenants",
        "Time of a call, by tenant",
        "So long takes half of the calls of a tenant at most, so long 99 %.",
        pick(
          rows,
          (figure) => figure.startsWith("calls.msByTenant.") && /\.p(?:50|99)$/.test(figure),
          (label) => label.replace(/ sent to known, /, "\n")
        )
      )),
  ...bars(
    report,
    "trouble",
    "What went wrong on the way",
    "Commits that came second and were decided again; calls that failed, and calls whose outcome the caller does not know.",
    pick(
      rows,
      (figure) => /^calls\.(?:lostRaces|unavailable|unknown)$/.test(figure),
      (label) => label.split(",")[0] ?? label
    )
  )
]

interface Picked {
  readonly name: string
  readonly row: Row
}

const pick = (
  rows: ReadonlyArray<Row>,
  isWanted: (figure: string) => boolean,
  name: (label: string) => string
): ReadonlyArray<Picked> =>
  rows.flatMap((row) => (isWanted(row.name) && !isSilent(row) ? [{ name: name(row.label.text), row }] : []))

const quantileOf = (label: string): string => label.split(", ").at(-1) ?? label

const axisNames: Partial<Record<Unit, string>> = {
  hours: "Hours",
  ms: "Milliseconds",
  share: "% of the assets",
  calls: "Calls",
  commits: "Times"
}

/** A bar for each figure and policy. No chart, when there is no figure that says anything. */
const bars = (
  report: Report,
  name: string,
  title: string,
  says: string,
  picked: ReadonlyArray<Picked>,
  peaks: ReadonlyArray<Row> = []
): ReadonlyArray<Chart> => {
  const [first] = picked
  if (first === undefined) return []
  const { unit } = first.row.label
  const scale = unit === "share" ? 100 : 1
  const axis = axisNames[unit] ?? unit
  const shown: Bars = {
    unit: axis,
    ...(unit === "share" && { end: 100 }),
    names: picked.map((each) => each.name),
    policies: report.policies.map((_, index) => ({
      colour: policyColour(index),
      values: picked.map(({ row }) => per(row.values[index] ?? { mean: 0, low: 0, high: 0 }, 1 / scale)),
      marks: peaks.map(({ values }) => (values[index]?.mean ?? 0) * scale)
    }))
  }
  const numbers = report.policies.map(({ policy }, index) => {
    const each = picked.map(({ name, row }) => {
      const value = row.values[index]
      return value === undefined ? "" : `${name.replace("\n", " ")} ${writtenEstimate(value, unit)}`
    })
    return `${policy}: ${each.join(", ")}`
  })
  return [
    {
      title,
      says,
      alt: `Bars with 95 % confidence intervals. Across: ${shown.unit}. ${numbers.join("; ")}.`,
      legend: legendOf(report),
      ...drawn(name, false, (id, room) => drawBars(id, room, shown))
    }
  ]
}
