/**
 * The benchmark: one line for each thing that is to be fast, beside what a user would take instead.
 *
 *     npm run bench                                   all lines
 *     npm run bench -- simulate --rounds 9            one of them
 *     npm run bench -- simulate --json figures.json   and write the figures down
 *     npm run bench -- cancel                         durable cancels on PostgreSQL, beside a hand-written transaction
 *     npm run bench -- http-cancel-64 http-get        the same and reads over HTTP, beside Fastify; http-cancel-512 with more connections
 *     npm run bench -- growth                         what calls cost as a store grows to a hundred thousand orders
 *     npm run bench -- neighbours                     what one tenant can do to the others, on PostgreSQL and over HTTP
 *
 * Figures of one run can be compared with each other; figures of two runs cannot. A target that is missed is shown as missed.
 */
import { writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { availableParallelism } from "node:os"
import { parseArgs } from "node:util"
import { cancel } from "./cancel.ts"
import { decide } from "./decide.ts"
import { growth } from "./growth.ts"
import { httpLines } from "./http.ts"
import { type Figure, type Finding, type Line, type LineOfItsOwn, measure } from "./measure.ts"
import { neighbours } from "./neighbours.ts"
import { simulate } from "./simulate.ts"

const lines: ReadonlyArray<Line | LineOfItsOwn> = [decide, cancel, ...httpLines, growth, simulate, neighbours]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "5" }, json: { type: "string" } }
})
const rounds = Number(values.rounds)
if (!Number.isSafeInteger(rounds) || rounds < 1) throw new Error(`--rounds must be a positive whole number, not ${values.rounds}`)
const names = lines.map(({ name }) => name)
const unknown = positionals.find((name) => !names.includes(name))
if (unknown !== undefined) throw new Error(`there is no line ${unknown}; there are ${names.join(", ")}`)
const chosen = positionals.length === 0 ? lines : lines.filter(({ name }) => positionals.includes(name))

const print = (text: string) => void process.stdout.write(`${text}\n`)
const progress = (text: string) => void process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${text}` : `${text}\n`)

const short = (value: number): string => value.toLocaleString("en", { maximumSignificantDigits: 3 })
const shown = ({ median, least, most }: Figure): string => `${short(median)} (${short(least)}–${short(most)})`

const rowOf = ({ contender, cpuMicros, perSecond, ratio, target }: Finding): ReadonlyArray<string> => [
  contender,
  shown(cpuMicros),
  shown(perSecond),
  shown(ratio),
  target === undefined ? "" : `${ratio.median >= target ? "reached" : "MISSED"}: ${target}×`
]

const tableOf = (line: Line, findings: ReadonlyArray<Finding>) => [
  [line.what, "CPU µs each", "per second", "ratio", "target"],
  ...findings.map(rowOf)
]

const printTable = (rows: ReadonlyArray<ReadonlyArray<string>>): void => {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  print("")
  for (const row of rows) print(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "))
}

const require = createRequire(import.meta.url)
const versionOf = (name: string): string => (require(`${name}/package.json`) as { readonly version: string }).version
const versions = { node: process.versions.node, effect: versionOf("effect"), xstate: versionOf("xstate") }

const findings: Array<Finding | { readonly line: string }> = []
for (const line of chosen) {
  if ("contenders" in line) {
    const found = await measure(line, rounds, progress)
    if (process.stderr.isTTY) progress("")
    printTable(tableOf(line, found))
    findings.push(...found)
  } else {
    const { tables, figures } = await line.measure(rounds, progress)
    if (process.stderr.isTTY) progress("")
    for (const table of tables) printTable(table)
    findings.push({ line: line.name, ...figures })
  }
}
const written = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
print(`\nMedian (least–most) of ${rounds} rounds, ${written.join(", ")}, ${availableParallelism()} cores.`)
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify({ versions, rounds, findings }, null, 2)}\n`)
