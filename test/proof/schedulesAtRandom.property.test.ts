/** Random schedules of three to five concurrent calls on the store in memory, from random mixes, which fast-check shrinks when one fails. */
import { afterAll, beforeAll, expect, it } from "vitest"
import { exploreSchedules } from "../../src/testing/exploreSchedules.ts"
import { contendingCalls, mixOf } from "../../src/testing/mixes.ts"
import { tried } from "../support/evidence.ts"
import { inMemory } from "../support/exploring.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

// Refusals and lost races are errors, and their stack traces would take as long as all the rest.
const { stackTraceLimit } = Error
beforeAll(() => void (Error.stackTraceLimit = 0))
afterAll(() => void (Error.stackTraceLimit = stackTraceLimit))

const mix = fc
  .tuple(
    fc.constantFrom("pending" as const, "confirmed" as const, "rented" as const),
    fc.array(fc.constantFrom(...contendingCalls), { minLength: 3, maxLength: 5 })
  )
  .map(([opening, calls]) => mixOf(opening, calls))

it("three to five concurrent calls answer as if one came after the other, in any schedule", { timeout: 600_000 }, async () => {
  let schedules = 0
  await fc.assert(
    fc.asyncProperty(mix, fc.integer(), async (mix, seed) => {
      schedules += (await inMemory(exploreSchedules(mix, { seed, atMost: 50 }))).schedules
    }),
    { numRuns: numRuns(700) }
  )
  expect(schedules).toBeGreaterThanOrEqual(numRuns(700) * 50)
  tried("schedules of three to five concurrent calls, at random", schedules)
})
