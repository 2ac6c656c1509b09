/** Random schedules of four to six concurrent calls on the store in memory, from random mixes, which fast-check shrinks when one fails. */
import { expect, it } from "vitest"
import { exploreSchedules } from "../../src/testing/exploreSchedules.ts"
import { contendingCalls, mixOf, openingNames } from "../../src/testing/mixes.ts"
import { tried } from "../support/evidence.ts"
import { inMemory } from "../support/exploring.ts"
import { fc, numRuns } from "../support/fastCheck.ts"
import { withoutStackTraces } from "../support/withoutStackTraces.ts"

// Refusals and lost races are errors.
withoutStackTraces()

const mix = fc
  .tuple(fc.constantFrom(...openingNames), fc.array(fc.constantFrom(...contendingCalls), { minLength: 4, maxLength: 6 }))
  .map(([opening, calls]) => mixOf(opening, calls))

it("four to six concurrent calls answer as if one came after the other, in any schedule", async () => {
  let schedules = 0
  await fc.assert(
    fc.asyncProperty(mix, fc.integer(), async (mix, seed) => {
      schedules += (await inMemory(exploreSchedules(mix, { seed, atMost: 50 }))).schedules
    }),
    { numRuns: numRuns(100) }
  )
  expect(schedules).toBeGreaterThanOrEqual(numRuns(100) * 50)
  tried("schedules of four to six concurrent calls, at random", schedules)
})
