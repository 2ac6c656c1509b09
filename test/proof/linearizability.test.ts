/**
 * Many callers at once on a real PostgreSQL, unscheduled: every history of calls, answers and reads is one that a single caller could
 * have had, and what is left behind stands up to the auditor.
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { afterAll, describe, expect, it } from "vitest"
import { SharesStatements } from "../../src/lifecycle/shared.ts"
import { auditStore } from "../../src/testing/auditStore.ts"
import { describeRecorded } from "../../src/testing/exploreSchedules.ts"
import { findLinearization } from "../../src/testing/findLinearization.ts"
import { type ModelState, type OrderCall, sequentialCalls } from "../../src/testing/OrderCall.ts"
import { shopOver } from "../../src/testing/shop.ts"
import { amount, tried } from "../support/evidence.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { pick, type Random as Draw, seeded, whole } from "../support/seeded.ts"
import { type History, layerWithoutAnswers, type Ready, readyOrders, recordHistory } from "../support/recordHistory.ts"
import { severalProcesses } from "../support/severalProcesses.ts"

/** A history with its beginning; throws when no order of the calls explains it. */
const explain = (initial: ModelState, history: History) => {
  if (findLinearization(sequentialCalls(initial), history) === null) {
    throw new Error(
      [
        "No order of the calls explains the answers. (The seed draws the same calls again; how they overlap is up to the server.)",
        ...history.map(describeRecorded)
      ].join("\n  ")
    )
  }
}

/** What four callers ask of the order at a position, three calls each. Keys and serial numbers are the tenant's, so they bear its number. */
const drawCallers = (
  random: Draw,
  n: number
): { readonly callers: ReadonlyArray<ReadonlyArray<OrderCall>>; readonly seed: number } => {
  let serial = 0
  const kinds: ReadonlyArray<() => OrderCall> = [
    () => ({ type: "startSubscription", order: 0, serial: `S${n}.${++serial}` }),
    () => ({ type: "startSubscription", order: 0, serial: `S${n}.${++serial}` }),
    () => ({ type: "startSubscription", order: 0, serial: `K${n}`, key: `start ${n}` }),
    () => ({ type: "cancelSubscription", order: 0, rental: 0 }),
    () => ({ type: "cancelSubscription", order: 0, rental: 1 }),
    () => ({ type: "cancelSubscription", order: 0, rental: 0 }),
    () => ({ type: "confirm", order: 0 }),
    () => ({ type: "cancel", order: 0, reason: "alone" }),
    () => ({ type: "cancel", order: 0, reason: "with a key", key: `cancel ${n}` }),
    () => ({ type: "cancelMany", orders: [0], reason: "together" }),
    () => ({ type: "read", order: 0 }),
    () => ({ type: "read", order: 0 }),
    () => ({ type: "read", order: 0 })
  ]
  const three = () => Array.from({ length: 3 }, () => pick(random, kinds)())
  return { callers: [three(), three(), three(), three()], seed: whole(random, 0, 2 ** 31) }
}

/** How many of the calls overlapped with another one. */
const concurrent = (history: History) =>
  history.filter((one) => history.some((other) => other !== one && other.began < one.ended && one.began < other.ended)).length

/** Half of everything is tried with calls that share statements, and half with calls that have their own. */
const ways = { "share statements": true, "have statements of their own": false }
const storeWhere = (sharesStatements: boolean) => Layer.provide(postgresStore, Layer.succeed(SharesStatements, sharesStatements))

describe.each(Object.entries(ways))("histories of many callers on PostgreSQL who %s", (_, sharesStatements) => {
  const recorded: Array<{ readonly initial: ModelState; readonly history: History }> = []
  const store = layerWithoutAnswers(storeWhere(sharesStatements), 25)
  const runtime = ManagedRuntime.make(Layer.merge(shopOver(store), severalProcesses))
  afterAll(() => runtime.dispose())

  it("are those of one caller, reads included, whether or not unknown outcomes came to pass", () =>
    seeded(async (random) => {
      const histories = amount(750, 25)
      // Drawn before anything is asked, so that it depends on the seed only.
      const plans = Array.from({ length: histories }, (_, n) => drawCallers(random, n))
      await runtime.runPromise(
        Effect.gen(function* () {
          const orders = yield* readyOrders(histories, 3)
          const record = Effect.fnUntraced(function* ({ known, initial }: Ready, n: number) {
            const { callers, seed } = plans[n] ?? { callers: [], seed: 0 }
            // Which answers are lost, and how long losers wait, comes from a seed of the order's own.
            const history = yield* Random.withSeed(recordHistory(known, callers), seed)
            recorded.push({ initial, history })
          })
          yield* Effect.forEach(orders, record, { concurrency: 6, discard: true })
          const [first] = orders
          expect(first && (yield* auditStore(first.known.caller.tenantId))).toEqual([])
        })
      )
      for (const { initial, history } of recorded) explain(initial, history)
      const calls = recorded.flatMap(({ history }) => history)
      expect(calls.filter(({ answer }) => answer === "unknown").length).toBeGreaterThan(histories / 20)
      expect(recorded.reduce((sum, { history }) => sum + concurrent(history), 0)).toBeGreaterThan(calls.length / 2)
      tried("histories of concurrent callers on PostgreSQL, found linearizable", recorded.length)
      tried("calls in these histories", calls.length)
    }))

  it("are not, once one answer in twenty is a lie", () => {
    const answers = recorded.flatMap(({ history }) => history)
    const [flagged, lied] = [[] as Array<number>, [] as Array<number>]
    for (const [n, { initial, history }] of recorded.entries()) {
      let lies = 0
      const altered = history.map((one, position) => {
        if ((n * 31 + position * 7) % 20 !== 0 || one.answer === "unknown") return one
        const { known } = one.answer
        // What the same kind of call was answered elsewhere: nothing that could not be true.
        const other = answers.find(
          ({ call, answer }, m) => m > n * 13 && call.type === one.call.type && answer !== "unknown" && answer.known !== known
        )
        if (other === undefined) return one
        lies++
        return { ...one, answer: other.answer }
      })
      if (lies === 0) continue
      lied.push(n)
      if (findLinearization(sequentialCalls(initial), altered) === null) flagged.push(n)
    }
    expect(lied.length).toBeGreaterThan(recorded.length / 4)
    expect(flagged.length).toBeGreaterThan(lied.length * 0.8)
    tried("histories with lies in them", lied.length)
    tried("histories with lies in them, found out", flagged.length)
  })
})

describe.each(Object.entries(ways))("on PostgreSQL, five calls that %s race for each of many orders", (_, sharesStatements) => {
  const runtime = ManagedRuntime.make(Layer.merge(shopOver(storeWhere(sharesStatements)), severalProcesses))
  afterAll(() => runtime.dispose())

  it("and each order comes out as if the calls had queued", () =>
    runtime.runPromise(
      Effect.gen(function* () {
        const orders = amount(1_000, 50)
        let calls = 0
        const race = Effect.fnUntraced(function* ({ known, initial }: Ready, n: number) {
          const five: ReadonlyArray<OrderCall> = [
            { type: "startSubscription", order: 0, serial: `A${n}` },
            { type: "cancel", order: 0, reason: "first" },
            { type: "startSubscription", order: 0, serial: `B${n}` },
            { type: "cancelMany", orders: [0], reason: "second" },
            { type: "cancel", order: 0, reason: "third", key: `K${n}` }
          ]
          // Whose call is sent first is different from order to order.
          const turned = [...five.slice(n % 5), ...five.slice(0, n % 5)]
          explain(
            initial,
            yield* recordHistory(
              known,
              turned.map((call) => [call])
            )
          )
          calls += five.length
        })
        const ready = yield* readyOrders(orders, 2)
        yield* Effect.forEach(ready, race, { concurrency: 6, discard: true })
        const [first] = ready
        expect(first && (yield* auditStore(first.known.caller.tenantId))).toEqual([])
        tried("orders raced for by five calls on PostgreSQL", orders)
        tried("calls in these races", calls)
      })
    ))
})
