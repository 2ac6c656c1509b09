import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Deferred from "effect/Deferred"
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { simulate } from "../../src/simulation/compare.ts"
import { readScenario, type Scenario } from "../../src/simulation/Scenario.ts"
import { workerPool } from "../../src/simulation/workers/workerPool.ts"

const scenario = Result.getOrThrow(
  readScenario({
    name: "Small",
    days: 3,
    arrivals: { perDay: 8 },
    policies: [{ name: "a" }, { name: "b", unitsPerDay: 5 }]
  })
)

const onThreads = <A, E>(size: number, use: (run: Effect.Success<ReturnType<typeof workerPool>>) => Effect.Effect<A, E>) =>
  Effect.runPromise(Effect.scoped(Effect.flatMap(workerPool(size), use)))

describe("a pool of threads", () => {
  it("comes to the same report as this thread, with one thread and with two, and tells how far it has come", async () => {
    const seeds = [1, 2, 3]
    const here = await Effect.runPromise(simulate({ scenario, seeds }))
    for (const size of [1, 2]) {
      const heard: Array<number> = []
      const onProgress = (done: number) => heard.push(done)
      const report = await onThreads(size, (run) => simulate({ scenario, seeds, run, concurrency: size, onProgress }))
      expect(JSON.stringify(report)).toBe(JSON.stringify(here))
      // More often than each of the six runs ends, and up to all of them.
      expect(heard.length).toBeGreaterThan(12)
      expect(heard.at(-1)).toBeCloseTo(6)
    }
  })

  it("names the job under which a run dies, and goes on with the next one", async () => {
    const [policy] = scenario.policies
    const broken = { ...scenario, catalogue: null } as unknown as Scenario
    await onThreads(1, (run) =>
      Effect.gen(function* () {
        const exit = yield* Effect.exit(run({ scenario: broken, policy, seed: 41 }))
        expect(String(Exit.isFailure(exit) && Cause.squash(exit.cause))).toContain('the run of policy "a" under seed 41 died')
        expect(yield* run({ scenario, policy, seed: 42 })).toMatchObject({ policy: "a", seed: 42 })
      })
    )
  })

  it("lets go of a job that is interrupted, and has a thread for the next one", async () => {
    const [policy] = scenario.policies
    const endless = { ...scenario, days: 1_500 }
    await onThreads(1, (run) =>
      Effect.gen(function* () {
        const isUnderWay = yield* Deferred.make<void>()
        const fiber = yield* Effect.forkChild(
          run({ scenario: endless, policy, seed: 1 }, () => Deferred.doneUnsafe(isUnderWay, Effect.void))
        )
        yield* Deferred.await(isUnderWay)
        yield* Fiber.interrupt(fiber)
        expect(yield* run({ scenario, policy, seed: 2 })).toMatchObject({ seed: 2 })
      })
    )
  })
})
