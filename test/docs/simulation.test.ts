/** `docs/simulation.md` is true: its example runs, its scenario can be read, its options exist. */
import { readFileSync } from "node:fs"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { program } from "../../docs/examples/compare-policies.ts"
import { readScenario } from "../../src/simulation/Scenario.ts"

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")
const page = read("docs/simulation.md")

describe("the page about simulation", () => {
  it("shows an example that runs", async () => {
    expect((await Effect.runPromise(program))?.low).toBeGreaterThan(20)
  })

  it("shows scenarios that can be read", () => {
    const shown = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text = ""]) => readScenario(JSON.parse(text)))
    expect(shown.map(Result.isSuccess)).toEqual([true, true])
  })

  it("names every option there is, and no other", () => {
    const named = new Set(page.match(/--[a-z-]+\b/g))
    const sources = `${read("src/cli/simulateCommand.ts")}${read("src/cli/processFlag.ts")}`
    const flags = [...sources.matchAll(/Flag\.\w+\("([a-z-]+)"\)/g)].map(([, name]) => `--${name}`)
    expect([...named].toSorted()).toEqual(flags.toSorted())
  })
})
