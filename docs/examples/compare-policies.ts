import * as Effect from "effect/Effect"
import { readScenario, simulate } from "order-lifecycle/simulation"

/** What a later confirmation costs: the same customers twice, once confirmed in hours and once a day later. */
export const program = Effect.gen(function* () {
  const scenario = yield* Effect.fromResult(
    readScenario({
      name: "A small shop",
      days: 7,
      arrivals: { perDay: 10 },
      policies: [{ name: "in hours" }, { name: "a day later", confirmationDelayHours: { uniform: { min: 24, max: 32 } } }]
    })
  )
  const report = yield* simulate({ scenario, seeds: [1, 2, 3] })
  return report.differences[0]?.figures["hours.toConfirm.p50"]
}) // => hours: { mean, low, high }
