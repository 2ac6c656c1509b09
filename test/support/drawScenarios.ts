/**
 * The figures in `docs/simulation.md`: each shipped scenario, small, under a few seeds. `npm run docs:scenarios` writes them into the page;
 * a test says when they are no longer what comes out.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import { type Report, simulate } from "../../src/simulation/compare.ts"
import { type Row, rowsOf, writtenDifference, writtenEstimate } from "../../src/simulation/report/figures.ts"
import { nameOf } from "../../src/simulation/report/labels.ts"
import { readScenario, type ScenarioInput } from "../../src/simulation/Scenario.ts"
import { scaledTo } from "../../src/simulation/scaledTo.ts"
import { scenarios } from "../../src/simulation/scenarios/index.ts"
import { workerPool } from "../../src/simulation/workers/workerPool.ts"

const page = fileURLToPath(new URL("../../docs/simulation.md", import.meta.url))

/** As many orders, and seeds from 1 on, as the page says in its commands. */
const orders = 160
const seeds = [1, 2, 3, 4]

/** What stands between the markers of a scenario. */
const sectionOf = (name: string, { scenario, policies, differences }: Report, rows: ReadonlyArray<Row>): string => {
  const line = (cells: ReadonlyArray<string>) => `| ${cells.join(" | ")} |`
  const shown = rows.filter(({ label, differences: [difference] }) => label.isMain && difference?.verdict !== "alike")
  const lines = shown.map(({ label, values, differences: [difference] }) =>
    line([
      `${label.text} (${nameOf(label.unit)})`,
      ...values.map((value) => writtenEstimate(value, label.unit)),
      difference ? `${writtenEstimate(difference, label.unit, writtenDifference)}, ${difference.verdict}` : ""
    ])
  )
  return [
    scenario.description,
    "",
    "```sh",
    `npx order-lifecycle simulate ${name} --orders ${orders} --seeds ${seeds.length}`,
    "```",
    "",
    line(["What differs by more than chance", ...policies.map(({ policy }) => policy), ...differences.map(() => "Difference")]),
    line(["---", ...policies.map(() => "---:"), ...differences.map(() => "---:")]),
    ...lines
  ].join("\n")
}

const marked = /(<!-- figures of ([\w-]+) -->\n)[\s\S]*?(\n<!-- end of figures -->)/g

/** The page as it should be, made from the page as it is. */
export const drawScenarios = Effect.scoped(
  Effect.gen(function* () {
    const run = yield* workerPool(2)
    const sections = yield* Effect.forEach(
      Object.entries(scenarios),
      Effect.fnUntraced(function* ([name, input]: [string, ScenarioInput]) {
        const scenario = scaledTo(yield* Effect.fromResult(readScenario(input)), orders)
        const report = yield* simulate({ scenario, seeds, run, concurrency: 2 })
        return [name, sectionOf(name, report, rowsOf(report))] as const
      })
    )
    const sectionByName = new Map(sections)
    const written = readFileSync(page, "utf8")
    const names = [...written.matchAll(marked)].map(([, , name]) => name)
    const drawn = written.replaceAll(marked, (_, begin: string, name: string, end: string) =>
      [begin, sectionByName.get(name) ?? "", end].join("")
    )
    return { written, drawn, names }
  })
)

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(page, (await Effect.runPromise(drawScenarios)).drawn)
}
