/**
 * Schedules of three concurrent calls on the store in memory that are not all on one order: of every three that serve orders, and of a share
 * of the others (the long run has all). Those on one order are in `schedules.test.ts`.
 */
import { expect, it } from "vitest"
import { isAcrossOrders, mixesOf } from "../../src/testing/mixes.ts"
import { amount, tried } from "../support/evidence.ts"
import { exploreAll, servingAndSome } from "../support/exploring.ts"
import { withoutStackTraces } from "../support/withoutStackTraces.ts"

// Refusals and lost races are errors.
withoutStackTraces()

it("three calls across two orders answer as if one came after the other, in every schedule there is", async () => {
  const mixes = mixesOf(3).filter(({ calls }) => calls.some(isAcrossOrders))
  const { isComplete, schedules, undecided } = await exploreAll(servingAndSome(mixes, amount(250)))
  expect(isComplete).toBe(true)
  expect(undecided).toBeGreaterThan(50)
  tried("schedules of three concurrent calls across two orders: every one there is of a mix", schedules)
})
