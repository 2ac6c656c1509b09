/**
 * Two sessions on a real PostgreSQL, statement by statement, in every order there is. Whatever the order, the calls answer and leave
 * behind what they could have one after the other, and the auditor finds nothing. Workers that give due commands: `expiryInterleavings.test.ts`.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { describe, expect, it } from "vitest"
import { type ExploreOptions, exploreSchedules, type Mix } from "../../src/testing/exploreSchedules.ts"
import { openings } from "../../src/testing/mixes.ts"
import type { OrderCall } from "../../src/testing/OrderCall.ts"
import { shopOver } from "../../src/testing/shop.ts"
import { tried } from "../support/evidence.ts"
import { gatedPostgres, waitForLocks } from "../support/gatedSessions.ts"
import { layerWithLockingPath, TakesLock } from "../support/lockingPath.ts"

const calls: ReadonlyArray<OrderCall> = [
  { type: "cancel", order: 0, reason: "alone" },
  { type: "startSubscription", order: 0, serial: "A" },
  { type: "cancelSubscription", order: 0, rental: 0 },
  { type: "confirm", order: 0 },
  { type: "cancelMany", orders: [0], reason: "together" },
  { type: "cancel", order: 0, reason: "with a key", key: "K" }
]

const openingNames = ["pending", "confirmed", "rented"] as const

/** Each with each, itself too, on an order in each of three states. */
const pairs: ReadonlyArray<Mix> = openingNames.flatMap((opening) =>
  calls.flatMap((first, n) => calls.slice(n).map((second) => ({ before: openings[opening](false), calls: [first, second] })))
)

/** A look at the order while each of the calls is made: a reader sees it as it was before or after, and nothing of what lies between. */
const looks: ReadonlyArray<Mix> = openingNames.flatMap((opening) =>
  calls.map((call) => ({ before: openings[opening](false), calls: [call, { type: "read", order: 0 }] }))
)

/** One key for two calls: the same call again, and another one that gets the other's answer or is refused, but never done as well. */
const underOneKey: ReadonlyArray<Mix> = openingNames.flatMap((opening) => {
  const keyed: ReadonlyArray<OrderCall> = [
    { type: "confirm", order: 0, key: "K" },
    { type: "startSubscription", order: 0, serial: "A", key: "K" },
    { type: "cancelSubscription", order: 0, rental: 0, key: "K" },
    { type: "cancel", order: 0, reason: "with a key", key: "K" }
  ]
  return keyed.flatMap((first, n) =>
    keyed.slice(n).map((second) => ({ before: openings[opening](false), calls: [first, second] }))
  )
})

/** Two batches that want the same orders, the other way round, and two orders that want the same asset. */
const acrossOrders: ReadonlyArray<Mix> = [
  {
    before: openings.confirmed(true),
    calls: [
      { type: "cancelMany", orders: [0, 1], reason: "there" },
      { type: "cancelMany", orders: [1, 0], reason: "and back" }
    ]
  },
  {
    before: openings.confirmed(true),
    calls: [
      { type: "startSubscription", order: 0, serial: "A" },
      { type: "startSubscription", order: 1, serial: "A" }
    ]
  },
  {
    before: openings.confirmed(true),
    calls: [
      { type: "cancelMany", orders: [0, 1], reason: "both" },
      { type: "startSubscription", order: 1, serial: "A" }
    ]
  },
  {
    before: openings.rented(true),
    calls: [
      { type: "cancelSubscription", order: 0, rental: 0 },
      { type: "startSubscription", order: 1, serial: "rented before" }
    ]
  },
  {
    before: openings.rented(true),
    calls: [
      { type: "cancelMany", orders: [1, 0], reason: "both" },
      { type: "cancelSubscription", order: 0, rental: 0 }
    ]
  },
  {
    before: openings.confirmed(true),
    calls: [
      { type: "startSubscription", order: 0, serial: "A", key: "K" },
      { type: "startSubscription", order: 1, serial: "A", key: "K" }
    ]
  },
  {
    before: openings.confirmed(true),
    calls: [
      { type: "cancel", order: 0, reason: "under a key", key: "K" },
      { type: "cancel", order: 1, reason: "under a key", key: "K" }
    ]
  },
  {
    before: openings.pending(true),
    calls: [
      { type: "cancelMany", orders: [0, 1], reason: "both" },
      { type: "confirm", order: 1 }
    ]
  }
]

/** What is held of an order, released while something else is made of it. */
const releasing: ReadonlyArray<Mix> = openingNames.flatMap((opening) =>
  [...calls, { type: "release", order: 0 } as const].flatMap((call) =>
    [{}, { quantity: 1 }].map((part): Mix => ({
      before: openings[opening](false),
      calls: [{ type: "release", order: 0, ...part }, call]
    }))
  )
)

/** Explore in several databases side by side: in each of them, only one schedule runs at a time. */
const explore = async (mixes: ReadonlyArray<Mix>, options: ExploreOptions = {}) => {
  const lanes = 3
  const inLane = (lane: number) =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const mine = mixes.filter((_, n) => n % lanes === lane)
      return yield* Effect.forEach(mine, (mix) => exploreSchedules(mix, { areWaiting: waitForLocks(sql), ...options }))
    }).pipe(Effect.provide(Layer.fresh(shopOver(layerWithLockingPath(gatedPostgres())))))
  const all = (
    await Effect.runPromise(
      Effect.all(
        Array.from({ length: lanes }, (_, lane) => inLane(lane)),
        { concurrency: lanes }
      )
    )
  ).flat()
  expect(all.every(({ isComplete }) => isComplete)).toBe(true)
  return {
    interleavings: all.reduce((sum, { schedules }) => sum + schedules, 0),
    waits: all.reduce((sum, { waits }) => sum + waits, 0),
    undecided: all.filter(({ outcomes }) => outcomes.size > 1).length
  }
}

describe("two sessions on PostgreSQL, in every order of their statements, answer as if one came after the other", () => {
  it("whatever they are told to do", async () => {
    const { interleavings, waits, undecided } = await explore([...pairs, ...looks, ...releasing, ...underOneKey, ...acrossOrders])
    // One session had to wait for the other's lock, and it mattered who came first, or nothing has been tried.
    expect(waits).toBeGreaterThan(50)
    expect(undecided).toBeGreaterThan(10)
    tried("interleavings of two sessions on PostgreSQL: every one there is", interleavings)
    tried("of these, sessions that waited for a lock", waits)
  })

  it("when one of them locks the order first, as after many lost races", async () => {
    const contended = pairs.filter(({ calls: [first, second] }) => first?.type !== "cancelMany" && second?.type !== "cancelMany")
    const locking: ExploreOptions = { around: (n, call) => (n === 0 ? Effect.provideService(call, TakesLock, true) : call) }
    const { interleavings, waits, undecided } = await explore(contended, locking)
    expect(waits).toBeGreaterThan(50)
    expect(undecided).toBeGreaterThan(5)
    tried("interleavings of a locking session and a plain one: every one there is", interleavings)
  })
})
