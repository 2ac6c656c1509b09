/** Simulated calls share the steps of a slow store, as they share statements on PostgreSQL, and keep every promise; bugs in that are found. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Metric from "effect/Metric"
import { describe, expect, it } from "vitest"
import { hunt, type HuntOptions, scriptOf } from "../../src/simulation/hunt.ts"
import { noisyNeighbours } from "../../src/simulation/scenarios/noisyNeighbours.ts"
import { readScenario } from "../../src/simulation/Scenario.ts"
import { simulateOne } from "../../src/simulation/simulate.ts"
import { playScript } from "../../src/simulation/playScript.ts"
import { amount, tried } from "../support/evidence.ts"
import { type Planted, withPlanted } from "../support/plantedSource.ts"
import { withoutStackTraces } from "../support/withoutStackTraces.ts"

withoutStackTraces()

/** A store that is slow enough for calls to meet. */
const pace = (sharesStatements: boolean): NonNullable<HuntOptions["pace"]> => ({
  latencyMs: { exponential: { mean: 800 } },
  connections: 4,
  sharesStatements
})

/** How many commits carried one call, and how many more than one, so far. */
const commits = Effect.map(Metric.snapshot, (metrics) => {
  const found = metrics.find(
    ({ id, attributes }) => id === "order_lifecycle_statement_calls" && attributes?.["statement"] === "commit"
  )
  if (found === undefined || !("buckets" in found.state)) return { alone: 0, together: 0 }
  const { count } = found.state
  // The buckets hold what is not greater than their boundary.
  const alone = found.state.buckets[0]?.[1] ?? 0
  return { alone, together: count - alone }
})

/** Hunt through some seeds; whether any promise was broken, and by how much the numbers of commits grew. */
const huntThrough = Effect.fnUntraced(function* (seeds: number, sharesStatements: boolean) {
  const before = yield* commits
  const quarry = yield* hunt({
    seeds: Array.from({ length: seeds }, (_, index) => index + 1),
    orders: 60,
    pace: pace(sharesStatements)
  })
  const after = yield* commits
  return { quarry, alone: after.alone - before.alone, together: after.together - before.together }
})

describe("calls on a slow store", () => {
  it("keep every promise while they share its steps, whatever goes wrong", async () => {
    const seeds = amount(60)
    const { quarry, together } = await Effect.runPromise(huntThrough(seeds, true))
    expect(quarry).toBeNull()
    expect(together).toBeGreaterThan(seeds * 5)
    tried("simulated scripts whose calls share statements", seeds)
  })

  it("keep them as well when each has a step of its own", async () => {
    const { quarry, alone, together } = await Effect.runPromise(huntThrough(amount(20), false))
    expect(quarry).toBeNull()
    expect([alone, together]).toEqual([0, 0])
  })

  it("do the same whenever the same script is played", async () => {
    const script = scriptOf(7, { orders: 60, pace: pace(true) })
    const [one, other] = [await Effect.runPromise(playScript(script)), await Effect.runPromise(playScript(script))]
    expect(one.trace).toBe(other.trace)
    const unshared = await Effect.runPromise(playScript({ ...script, store: pace(false) }))
    expect(unshared.trace).not.toBe(one.trace)
  })
})

describe("a shop on a slow store", () => {
  it("is served sooner when calls share its steps", async () => {
    const run = async (sharesStatements: boolean) => {
      const scenario = Result.getOrThrow(
        readScenario({ ...noisyNeighbours, store: { ...noisyNeighbours.store, connections: 1, sharesStatements } })
      )
      const [policy] = scenario.policies
      const { figures, violations } = await Effect.runPromise(simulateOne({ scenario, policy, seed: 1, isAudited: true }))
      expect(violations).toEqual([])
      return figures
    }
    const [shared, unshared] = [await run(true), await run(false)]
    // All of it in virtual time, so it is the same on every machine.
    expect(shared.calls.accepted).toBeGreaterThan(8_000)
    expect(shared.calls.ms.p99).toBeLessThan(unshared.calls.ms.p99 / 5)
  })
})

const bugs: ReadonlyArray<readonly [name: string, planted: ReadonlyArray<Planted>]> = [
  ["an answer that goes to the wrong call", [["lifecycle/shared.ts", "exit.value[position]", "exit.value.at(-1 - position)"]]],
  [
    "a change that lost its race and is told as committed",
    [
      [
        "simulation/Server.ts",
        'outcomes.map((outcome) => (outcome === "committed" ? outcome : undefined))',
        'outcomes.map(() => "committed" as const)'
      ]
    ]
  ],
  [
    "a call that is done alone although it was done",
    [
      [
        "lifecycle/shared.ts",
        "if (answer !== undefined) each.answer(Effect.succeed(answer))",
        "if (answer !== undefined && batch.length === 1) each.answer(Effect.succeed(answer))"
      ]
    ]
  ]
]

describe("a hunt through shared calls", () => {
  it.each(bugs)("finds %s", async (_, planted) => {
    await withPlanted(planted, async (simulation) => {
      const seeds = Array.from({ length: 200 }, (__, index) => index + 1)
      const quarry = await Effect.runPromise(simulation.hunt({ seeds, orders: 40, pace: pace(true), mostRuns: 100 }))
      expect(quarry).not.toBeNull()
      if (quarry === null) return
      // It is the bug that it shows: the sources as they are do nothing wrong in the same script.
      expect((await Effect.runPromise(playScript(quarry.script))).findings).toEqual([])
      tried("simulated hunts for planted bugs in shared calls, each found")
    })
  })
})
