/**
 * A report as text for a terminal, at most 110 columns wide: the main figures of the first policy beside those of each other, and how they
 * differ. Figures that are 0 throughout are left out.
 */
import type { Report } from "../compare.ts"
import { isSilent, type Row, rowsOf, type Verdict, writtenDifference, writtenEstimate } from "./figures.ts"
import { nameOf } from "./labels.ts"
import { extentOf, notJudgedLine, violationLine } from "./words.ts"

const nameWidth = 46
const valueWidth = 17

/** The main figures of a report as tables of plain text, for a terminal. */
export const asText = (report: Report): string => {
  const rows = rowsOf(report).filter((row) => row.label.isMain && !isSilent(row))
  const [baseline, ...others] = report.policies.map(({ policy }) => policy)
  if (baseline === undefined) return ""
  const tables =
    others.length === 0
      ? [
          tableOf(rows, [cut(baseline, valueWidth)], ({ values: [value], label }) => [
            value ? writtenEstimate(value, label.unit) : ""
          ])
        ]
      : others.map((policy, index) => comparison(rows, baseline, policy, index))
  return `${[...headOf(report), ...violationsOf(report), ...notJudgedOf(report), ...tables, ...footOf(report)].join("\n\n")}\n`
}

const headOf = (report: Report): ReadonlyArray<string> => {
  const { scenario } = report
  return [[scenario.name, ...(scenario.description === "" ? [] : [wrapped(scenario.description)]), extentOf(report)].join("\n")]
}

/** Broken promises come first, and not so many that nobody sees the rest. */
const violationsOf = ({ violations }: Report): ReadonlyArray<string> => {
  if (violations.length === 0) return []
  const shown = violations.slice(0, 20).map((violation) => `  ${violationLine(violation)}`)
  return [[`VIOLATIONS: ${violations.length}. The library has a mistake.`, ...shown].join("\n")]
}

const notJudgedOf = ({ notJudged }: Report): ReadonlyArray<string> =>
  notJudged === undefined ? [] : [wrapped(notJudgedLine(notJudged))]

const comparison = (rows: ReadonlyArray<Row>, baseline: string, policy: string, index: number): string => {
  const table = tableOf(rows, ["A", "B", "B \u2212 A"], ({ values, differences, label }) => {
    const [one, other, difference] = [values[0], values[index + 1], differences[index]]
    if (!one || !other || !difference) return []
    const changed = difference.mean === 0 ? "" : writtenEstimate(difference, label.unit, writtenDifference)
    return [writtenEstimate(one, label.unit), writtenEstimate(other, label.unit), `${changed}${marks[difference.verdict]}`]
  })
  return `A: ${baseline}\nB: ${policy}\n${table}`
}

/** What stands behind a difference that is more than chance. */
const marks: Record<Verdict, string> = { alike: "         ", better: " * better", worse: " * worse ", different: " *       " }

const tableOf = (rows: ReadonlyArray<Row>, head: ReadonlyArray<string>, cells: (row: Row) => ReadonlyArray<string>): string => {
  const line = (name: string, values: ReadonlyArray<string>) =>
    [name.padEnd(nameWidth), ...values.map((value, index) => value.padStart(index === 2 ? valueWidth + 9 : valueWidth))]
      .join(" ")
      .trimEnd()
  const width = nameWidth + head.length * (valueWidth + 1) + (head.length > 2 ? 9 : 0)
  const headed = head.map((name, index) => `${name}${index === 2 ? marks.alike : ""}`)
  const lines = rows.flatMap((row, index) => {
    const { label } = row
    const heading = label.group === rows[index - 1]?.label.group ? [] : [label.group]
    return [...heading, line(`  ${cut(`${label.text} (${nameOf(label.unit)})`, nameWidth - 2)}`, cells(row))]
  })
  return [line("", headed), "\u2500".repeat(width), ...lines].join("\n")
}

const footOf = ({ completed, differences }: Report): ReadonlyArray<string> => {
  if (completed.length < 2)
    return ["One seed shows no more than one course of chance: --seeds 20 shows how much of it is chance."]
  const interval = "\u00B1 is the 95 % confidence interval of the mean over the seeds."
  const marked = "* marks a difference that is more than chance; about one in twenty of them may yet be."
  return [differences.length === 0 ? interval : `${interval}\n${marked}`]
}

const cut = (text: string, width: number): string => (text.length <= width ? text : `${text.slice(0, width - 1)}\u2026`)

const wrapped = (text: string): string => text.replaceAll(/(.{1,106})(?:\s+|$)/g, "$1\n").trimEnd()
