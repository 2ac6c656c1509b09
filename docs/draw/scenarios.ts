/** The figures in `docs/simulation.md`: each shipped scenario, small, under a few seeds. */
import * as Effect from "effect/Effect"
import { type Report, simulate } from "../../src/simulation/compare.ts"
import { type Row, rowsOf, writtenDifference, writtenEstimate } from "../../src/simulation/report/figures.ts"
import { nameOf } from "../../src/simulation/report/labels.ts"
import { readScenario, type ScenarioInput } from "../../src/simulation/Scenario.ts"
import { scaledTo } from "../../src/simulation/scaledTo.ts"
import { scenarios } from "../../src/simulation/scenarios/index.ts"
import { workerPool } from "../../src/simulation/workers/workerPool.ts"
import { blocks, fence } from "../../src/draw/markdown.ts"

/** As many orders, and seeds from 1 on, as the page says in its commands. */
const orders = 160
const seeds = [1, 2, 3, 4]

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
  return blocks(
    scenario.description,
    fence("sh", `npx order-lifecycle simulate ${name} --orders ${orders} --seeds ${seeds.length}`),
    [
      line(["What differs by more than chance", ...policies.map(({ policy }) => policy), ...differences.map(() => "Difference")]),
      line(["---", ...policies.map(() => "---:"), ...differences.map(() => "---:")]),
      ...lines
    ].join("\n")
  )
}

/** A region for every shipped scenario, by its name: all of them run, in the same threads. */
export const drawScenarios = (): Promise<Readonly<Record<string, () => string>>> =>
  Effect.gen(function* () {
    const run = yield* workerPool(2)
    const sections: Record<string, () => string> = {}
    for (const [name, input] of Object.entries<ScenarioInput>(scenarios)) {
      const scenario = scaledTo(yield* Effect.fromResult(readScenario(input)), orders)
      const report = yield* simulate({ scenario, seeds, run, concurrency: 2 })
      sections[name] = () => sectionOf(name, report, rowsOf(report))
    }
    return sections
  }).pipe(Effect.scoped, Effect.runPromise)
