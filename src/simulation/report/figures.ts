/** The figures of a report as every kind of report shows them: in the catalogue's order, with labels, and with a verdict on each difference. */
import type { Estimate, Report } from "../compare.ts"
import { groups, type Label, labelOf, type Unit } from "./labels.ts"

/** What a difference says: nothing beyond chance, or that one is better, worse, or neither but not the same. */
export type Verdict = "alike" | "better" | "worse" | "different"

/** One figure under every policy, and for every policy but the first how it differs from that. */
export interface Row {
  readonly name: string
  readonly label: Label
  readonly values: ReadonlyArray<Estimate>
  readonly differences: ReadonlyArray<Estimate & { readonly verdict: Verdict }>
}

const nothing: Estimate = { mean: 0, low: 0, high: 0 }

/** All figures, by heading. What appears under one policy only is 0 under the others. */
export const rowsOf = (report: Report): ReadonlyArray<Row> => {
  const names = [...new Set(report.policies.flatMap(({ figures }) => Object.keys(figures)))].toSorted()
  const rows = names.map((name): Row => {
    // A figure without a label shows up under its name rather than not at all.
    const label = labelOf(name) ?? { group: "Calls", place: Infinity, text: name, unit: "cases" }
    const differences = report.differences.map(({ figures }) => {
      const difference = figures[name] ?? nothing
      return { ...difference, verdict: verdictOf(label, difference, report.completed.length) }
    })
    return { name, label, values: report.policies.map(({ figures }) => figures[name] ?? nothing), differences }
  })
  return rows.toSorted((a, b) => groups.indexOf(a.label.group) - groups.indexOf(b.label.group) || a.label.place - b.label.place)
}

/** A difference counts when its interval leaves 0 out. One seed alone shows no interval, and so nothing. */
const verdictOf = ({ better }: Label, { low, high }: Estimate, seeds: number): Verdict => {
  if (seeds < 2 || (low <= 0 && high >= 0)) return "alike"
  if (better === undefined) return "different"
  return low > 0 === (better === "more") ? "better" : "worse"
}

/** Whether there is nothing to say of a figure: 0 under every policy. */
export const isSilent = ({ values }: Row): boolean => values.every(({ low, high }) => low === 0 && high === 0)

/** The distance from the mean to either end of the interval. */
export const halfOf = ({ mean, high }: Estimate): number => high - mean

/** A number as a reader wants it: thousands apart, and as many digits as tell something beside `scale`. Shares in per cent. */
export const written = (value: number, unit: Unit, scale = value): string => {
  const shown = unit === "share" ? value * 100 : value
  const size = Math.abs(scale)
  // Two digits of the scale, where the unit can be divided.
  const digits = unit === "share" ? 1 : Number.isInteger(scale) ? 0 : Math.max(0, Math.min(4, 1 - Math.floor(Math.log10(size))))
  const text = Math.abs(shown).toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return shown < 0 && /[1-9]/.test(text) ? `\u2212${text}` : text
}

/** The same with its sign. */
export const writtenDifference = (value: number, unit: Unit, scale = value): string => {
  const text = written(value, unit, scale)
  return value > 0 && /[1-9]/.test(text) ? `+${text}` : text
}

/** An estimate: `1,234 ± 12`, or the mean alone where the interval is too small to be seen. */
export const writtenEstimate = (estimate: Estimate, unit: Unit, write: typeof written = written): string => {
  const half = halfOf(estimate)
  const width = written(half, unit, half)
  return /[1-9]/.test(width) ? `${write(estimate.mean, unit, half)} \u00B1 ${width}` : write(estimate.mean, unit)
}
