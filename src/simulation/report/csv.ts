/**
 * A report as CSV (RFC 4180), for spreadsheets and data frames. One line for each number:
 *
 * - `policy`, and in `comparedWith` the baseline where the line is a difference to it
 * - `figure`, the name that it has in the JSON; `label` and `unit` say what it is. A share is from 0 to 1
 * - `atHour`, where the line says how things stood at a moment, on average over the seeds; empty for a figure of the whole run
 * - `mean`, and the ends `low` and `high` of its 95 % confidence interval; empty where there is none
 */
import type { Estimate, PolicyReport, Report } from "../compare.ts"
import { rowsOf } from "./figures.ts"
import type { Unit } from "./labels.ts"

const columns = ["policy", "comparedWith", "figure", "label", "unit", "atHour", "mean", "low", "high"]

/** A report as CSV: a row for each figure of each policy, then the orders per status over time. */
export const asCsv = (report: Report): string =>
  [columns, ...figures(report), ...report.policies.flatMap(overTime)].map(line).join("")

type Cells = ReadonlyArray<string | number>

const figures = (report: Report): ReadonlyArray<Cells> =>
  rowsOf(report).flatMap(({ name, label, values, differences }) => {
    const cells = (policy: string, comparedWith: string, { mean, low, high }: Estimate): Cells => {
      const interval = report.completed.length < 2 ? ["", ""] : [low, high]
      return [policy, comparedWith, name, label.text, label.unit, "", mean, ...interval]
    }
    return [
      ...report.policies.map(({ policy }, index) => cells(policy, "", values[index] ?? { mean: 0, low: 0, high: 0 })),
      ...report.differences.map(({ policy, baseline }, index) =>
        cells(policy, baseline, differences[index] ?? { mean: 0, low: 0, high: 0 })
      )
    ]
  })

const overTime = ({ policy, overTime }: PolicyReport): ReadonlyArray<Cells> => {
  const series = (name: string, label: string, unit: Unit, values: ReadonlyArray<number>): ReadonlyArray<Cells> =>
    values.map((mean, moment) => [policy, "", `overTime.${name}`, label, unit, moment * overTime.everyHours, mean, "", ""])
  return [
    ...Object.entries(overTime.orders).flatMap(([status, values]) =>
      series(`orders.${status}`, `Orders that are ${status}`, "orders", values)
    ),
    ...series("unitsHeld", "Units held and not rented", "units", overTime.unitsHeld),
    ...series("unitsRented", "Units rented", "units", overTime.unitsRented),
    ...series("backOrders", "Units that wait for an asset", "units", overTime.backOrders)
  ]
}

const line = (cells: Cells): string => `${cells.map(cell).join(",")}\r\n`

const cell = (value: string | number): string => {
  const text = String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
