/**
 * Schedules of concurrent calls on the store in memory: all of them, for every two calls, and on one order for every three that serve it
 * and for a share of the other threes (the long run has all). Whatever the schedule, the calls answer and leave behind what they could have
 * one after the other, and the auditor finds nothing. Across orders: `schedulesAcrossOrders.test.ts`; at random:
 * `schedulesAtRandom.property.test.ts`.
 */
import { describe, expect, it } from "vitest"
import { contendingCalls, isAcrossOrders, mixesOf } from "../../src/testing/mixes.ts"
import { amount, tried } from "../support/evidence.ts"
import { exploreAll, servingAndSome } from "../support/exploring.ts"
import { withoutStackTraces } from "../support/withoutStackTraces.ts"

// Refusals and lost races are errors.
withoutStackTraces()

describe("on the store in memory, concurrent calls answer as if one came after the other", () => {
  it("for two calls, in every schedule there is", async () => {
    const { isComplete, schedules, undecided } = await exploreAll(mixesOf(2))
    expect(isComplete).toBe(true)
    // It mattered who came first, or nothing has been tried.
    expect(undecided).toBeGreaterThan(20)
    tried("schedules of two concurrent calls: every one there is", schedules)
  })

  it("for three calls on one order, in every schedule there is", async () => {
    const mixes = mixesOf(
      3,
      contendingCalls.filter((call) => !isAcrossOrders(call))
    )
    const { isComplete, schedules, undecided } = await exploreAll(servingAndSome(mixes, amount(250)))
    expect(isComplete).toBe(true)
    // It mattered who came first, or nothing has been tried.
    expect(undecided).toBeGreaterThan(50)
    tried("schedules of three concurrent calls on one order: every one there is of a mix", schedules)
  })
})
