/**
 * The judge of call logs, by whose word nothing was lost when connections were cut and clients killed: it finds nothing in an honest log,
 * and every kind of lie in one that is not.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { expect, it } from "vitest"
import type { Caller } from "../../src/lifecycle/Caller.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import * as MemoryOrderStore from "../../src/memory/MemoryOrderStore.ts"
import { OrderId } from "../../src/order/Order.ts"
import { type Call, judge } from "../support/callLog.ts"
import { tried } from "../support/evidence.ts"
import { ask, logOfCalls } from "../support/orderLives.ts"
import { laptop, newCaller, requestFor, shopOver } from "../support/world.ts"

/** Two orders are placed; one is confirmed, and cancelled twice; a third is not there. */
const story = Effect.fnUntraced(function* (caller: Caller) {
  const lifecycle = yield* OrderLifecycle
  const { calls, tell } = logOfCalls()
  const life = { caller, tell }
  const placed = yield* ask(life, "place", "p1", (as) => lifecycle.place(as, requestFor([laptop, 2]))).pipe(
    Effect.flatMap(Effect.fromResult)
  )
  yield* ask(life, "another", "p2", (as) => lifecycle.place(as, requestFor([laptop, 1])))
  const { orderId } = placed.after
  yield* ask(life, "confirm", "c1", (as) => lifecycle.confirm(as, orderId))
  yield* ask(life, "cancel", "x1", (as) => lifecycle.cancel(as, orderId))
  yield* ask(life, "late", "x2", (as) => lifecycle.cancel(as, orderId))
  yield* ask(life, "nowhere", "x3", (as) => lifecycle.cancel(as, OrderId.make("nowhere")))
  return calls
})

/** What the judge says of the log, once `alter` has had it. */
const judged = (alter: (calls: Map<string, Call>) => void) =>
  Effect.gen(function* () {
    const caller = newCaller()
    const calls = yield* story(caller)
    alter(calls)
    return yield* judge(caller.tenantId, calls.values())
  }).pipe(Effect.provide(shopOver(Layer.fresh(MemoryOrderStore.layer))), Effect.runPromise)

const change = (requestId: string, to: (call: Call) => Call) => (calls: Map<string, Call>) => {
  const call = calls.get(requestId)
  if (call === undefined) throw new Error(`nobody asked ${requestId}`)
  calls.set(requestId, to(call))
}

it("an honest log is found to be one, and what became of calls without an answer is counted", async () => {
  expect(await judged(() => {})).toEqual({ faults: [], unansweredDone: 0, unansweredNotDone: 0, events: 4 })
  const lost = (calls: Map<string, Call>) => {
    change("x1", ({ key, requestId }) => ({ key, requestId, answer: "unknown" }))(calls)
    change("c1", ({ key, requestId }) => ({ key, requestId, answer: "none" }))(calls)
    change("x2", ({ key, requestId }) => ({ key, requestId, answer: "unknown" }))(calls)
  }
  expect(await judged(lost)).toEqual({ faults: [], unansweredDone: 2, unansweredNotDone: 1, events: 4 })
})

const lies: ReadonlyArray<readonly [lie: string, alter: (calls: Map<string, Call>) => void, found: RegExp]> = [
  ["done, and was not", change("x3", (call) => ({ ...call, answer: "accepted" })), /x3 was acknowledged .* and is lost/],
  [
    "not done, and was",
    change("c1", (call) => ({ ...call, answer: "unavailable" })),
    /c1 was answered "unavailable", and was done/
  ],
  ["refused, and was done", change("x1", (call) => ({ ...call, answer: "refused" })), /x1 was answered "refused", and was done/],
  [
    "asked for by nobody, and was done",
    (calls) => void calls.delete("c1"),
    /order\.confirmed of \S+ was done \(c1\), and nobody asked/
  ],
  [
    "done once under its key, and was done twice",
    change("p2", (call) => ({ ...call, key: "place" })),
    /key place has had two effects/
  ],
  [
    "something else than what was done",
    change("x1", (call) => ({ ...call, ...(call.event && { event: { ...call.event, sequence: 9 } }) })),
    /x1 was answered .*"sequence":9.* and what was done is .*"sequence":3/
  ]
]

it.each(lies)("a log is found out in which a call was %s", async (_, alter, found) => {
  const { faults } = await judged(alter)
  expect(faults.join("\n")).toMatch(found)
  tried("lies planted in logs of calls, all of them found out")
})

it("two events of one request are found out", async () => {
  const caller = newCaller()
  const faults = await Effect.gen(function* () {
    const lifecycle = yield* OrderLifecycle
    const { calls, tell } = logOfCalls()
    for (const key of ["one", "other"]) {
      yield* ask({ caller, tell }, key, "the-same", (as) => lifecycle.place(as, requestFor([laptop, 1])))
    }
    return (yield* judge(caller.tenantId, calls.values())).faults
  }).pipe(Effect.provide(shopOver(Layer.fresh(MemoryOrderStore.layer))), Effect.runPromise)
  expect(faults.join("\n")).toMatch(/the-same was done twice/)
  tried("lies planted in logs of calls, all of them found out")
})
