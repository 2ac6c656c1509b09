/** Schedules of three concurrent calls on the store in memory that are not all on one order (see `schedules.test.ts`): every one there is,
 * of every third mix. Together they would be several times as many as all the others. */
import { afterAll, beforeAll, expect, it } from "vitest"
import { isAcrossOrders, mixesOf } from "../../src/testing/mixes.ts"
import { tried } from "../support/evidence.ts"
import { exploreAll } from "../support/exploring.ts"

// Refusals and lost races are errors, and their stack traces would take as long as all the rest.
const { stackTraceLimit } = Error
beforeAll(() => void (Error.stackTraceLimit = 0))
afterAll(() => void (Error.stackTraceLimit = stackTraceLimit))

it(
  "three calls across two orders answer as if one came after the other, in every schedule of every third mix",
  { timeout: 300_000 },
  async () => {
    const { isComplete, schedules, undecided } = await exploreAll(
      mixesOf(3)
        .filter(({ calls }) => calls.some(isAcrossOrders))
        .filter((_, n) => n % 3 === 0)
    )
    expect(isComplete).toBe(true)
    expect(undecided).toBeGreaterThan(50)
    tried("schedules of three concurrent calls across two orders: every one of a third of the mixes", schedules)
  }
)
