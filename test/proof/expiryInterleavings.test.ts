/**
 * A worker that gives due commands, and another session, on a real PostgreSQL, statement by statement, in every order there is, on orders whose
 * time to be confirmed is over. The worker's whole pass is a session: it leases what is due, decides, commits, and settles what it has not given.
 *
 * Whatever the order of the statements, the sessions answer and leave behind what they could have one after the other: an order has expired, or
 * is as the other session left it, and never both. It waits for what its status asks for, and `verify` finds nothing.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as SqlClient from "effect/sql/SqlClient"
import { describe, expect, it } from "vitest"
import { Due, type Given } from "../../src/lifecycle/Due.ts"
import { OrderRecords } from "../../src/lifecycle/OrderRecords.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { dueCommand, duePlan } from "../../src/order/due.ts"
import type { TenantId } from "../../src/order/Order.ts"
import { defaultPolicy } from "../../src/order/policies/index.ts"
import { lifecycleOf } from "../../src/order/process/lifecycleOf.ts"
import { describeRecorded, everyChoice, takeTurns } from "../../src/testing/exploreSchedules.ts"
import { findLinearization, type RecordedCall, type SequentialModel } from "../../src/testing/findLinearization.ts"
import { atGate } from "../../src/testing/gates.ts"
import { openings } from "../../src/testing/mixes.ts"
import { type Acquaintance, makeCall, type ModelState, type OrderCall, sequentialCalls } from "../../src/testing/OrderCall.ts"
import { newCaller, shopOver } from "../../src/testing/shop.ts"
import { checkRecord } from "../../src/verify/checkRecord.ts"
import { amount, tried } from "../support/evidence.ts"
import { gatedPostgres, waitForLocks } from "../support/gatedSessions.ts"
import { type Misspelling, misspelling } from "../support/huntFaults.ts"
import { layerWithLockingPath, TakesLock } from "../support/lockingPath.ts"
import type { Rewiring } from "../support/rewiredClient.ts"
import { withoutStackTraces } from "../support/withoutStackTraces.ts"

// Refusals and lost races are errors.
withoutStackTraces()

/** Orders are to expire as soon as they are placed. */
const lifecycle = lifecycleOf(defaultPolicy, undefined, 0)
const shop = { pendingExpiresAfter: "PT0S" } as const

/** What one session does, one after the other. `pass` is a worker's; a `late pass` is that of one to whom the leases of others have run out. */
type Session = ReadonlyArray<OrderCall | Pass>
type Pass = "pass" | "late pass"

interface Scene {
  /** `left over`: the order is confirmed, and waits to expire all the same, as after a program that does not know of the rule. */
  readonly opening: "pending" | "two pending" | "left over"
  readonly sessions: readonly [Session, Session]
  /** The session that locks the order first, as after many lost races. */
  readonly locking?: number
}

// --- the model -------------------------------------------------------------------------------------------------------------------------

/** What a worker's pass does to one order. */
interface Expire {
  readonly type: "expire"
  readonly order: number
}
type Call = OrderCall | Expire
type History = Array<RecordedCall<Call, string>>

/** A pending order expires when a worker comes by; any other is left alone. */
const modelFrom = (initial?: ModelState): SequentialModel<ModelState, Call, string> => {
  const calls = sequentialCalls(initial)
  return {
    ...calls,
    apply: (state, call) => {
      if (call.type !== "expire") return calls.apply(state, call)
      if (state.orders[call.order]?.status !== "pending") return { state, answer: "left alone" }
      return { state: calls.apply(state, { type: "cancel", order: call.order, reason: "expired" }).state, answer: "expired" }
    }
  }
}

/** What a pass has done to the only order. What it can never do here is told in full, and no model answers so. */
const answerOf = (tally: Given, mayEnd: boolean): string => {
  const { given, ended, putOff, parked, lost } = tally
  if (putOff + parked > 0 || (ended > 0 && !mayEnd) || given + ended + lost > 1) return JSON.stringify(tally)
  return given === 1 ? "expired" : "left alone"
}

const describeCalled = ({ call, ...told }: History[number]): string =>
  call.type === "expire" ? JSON.stringify({ call, ...told }) : describeRecorded({ call, ...told })

// --- one schedule ----------------------------------------------------------------------------------------------------------------------

/** A schedule after which something was wrong. */
class BrokenSchedule extends Data.TaggedError("BrokenSchedule")<{
  readonly scene: Scene
  readonly steps: ReadonlyArray<string>
  readonly faults: ReadonlyArray<string>
}> {
  override get message() {
    return [JSON.stringify(this.scene), "In turn:", ...this.steps, "Found:", ...this.faults].join("\n  ")
  }
}

/** Leases are so long that they run out only where it is said here. */
const give = Effect.fnUntraced(function* (tenantId: TenantId, pass: Pass) {
  if (pass === "late pass") {
    const sql = yield* SqlClient.SqlClient
    yield* atGate("leases run out")
    yield* sql`UPDATE order_lifecycle.due_commands SET due_at = statement_timestamp()
                WHERE tenant_id = ${tenantId}::text AND lease_id IS NOT NULL`
  }
  const due = yield* Due
  // Of all tenants in turn, it would go on behind the one of the schedule before.
  return yield* due.run({ tenantId, lease: "24 hours" })
}, Effect.orDie)

/** What each schedule begins with, in a tenant of its own. */
const open = Effect.fnUntraced(function* (opening: Scene["opening"]) {
  const known: Acquaintance = { caller: newCaller(), orders: [] }
  const model = modelFrom()
  let initial = model.initial
  for (const call of opening === "left over" ? openings.confirmed(false) : openings.pending(opening === "two pending")) {
    yield* makeCall(call, known)
    initial = model.apply(initial, call).state
  }
  const [rule] = lifecycle.due ?? []
  if (opening === "left over" && rule !== undefined) {
    const store = yield* OrderStore
    const plans = known.orders.map(({ orderId, version, createdAt }) => ({
      orderId,
      version,
      change: { set: [dueCommand(rule, createdAt, 1)], cleared: [] }
    }))
    expect(yield* store.planDue(known.caller.tenantId, plans)).toEqual(["committed"])
  }
  return { known, initial }
})

const runSchedule = Effect.fnUntraced(function* (scene: Scene, choose: (howMany: number) => number) {
  const { opening, sessions, locking } = scene
  const sql = yield* SqlClient.SqlClient
  const { known, initial } = yield* open(opening)
  const { tenantId } = known.caller
  const steps: Array<string> = []
  const history: History = []
  const passes: Array<Given> = []

  const makeAll = Effect.fnUntraced(function* (session: Session, name: string) {
    for (const call of session) {
      const comes = steps.length
      /** A call begins with the first step of its session since that came to it. */
      const record = (asked: Call, answer: string | undefined) => {
        const began = steps.findIndex((step, n) => n >= comes && step.startsWith(`${name}:`)) + 1
        steps.push(`${steps.pop()}; ${name} answers: ${answer ?? "nothing"}`)
        const ended = answer === undefined ? Infinity : steps.length
        history.push({ call: asked, began, ended, answer: answer === undefined ? "unknown" : { known: answer } })
      }
      if (typeof call === "object") for (const { call: asked, answer } of yield* makeCall(call, known)) record(asked, answer)
      else {
        const tally = yield* give(tenantId, call)
        passes.push(tally)
        // Which of several orders it has given, a pass does not say.
        const answer = opening === "two pending" ? undefined : answerOf(tally, opening === "left over")
        for (const order of initial.orders.keys()) record({ type: "expire", order }, answer)
      }
    }
  })

  const made = sessions.map((session, n) => ({ make: makeAll(session, String.fromCharCode(65 + n)), told: () => {} }))
  const areWaiting = waitForLocks(sql)
  const locked = <A, E, R>(n: number, call: Effect.Effect<A, E, R>) =>
    n === locking ? Effect.provideService(call, TakesLock, true) : call
  const { waits, stuck } = yield* takeTurns(made, choose, { areWaiting, around: locked }, { steps })
  if (stuck > 0) return yield* new BrokenSchedule({ scene, steps, faults: [`${stuck} sessions wait for each other`] })

  // What is there afterwards must fit too.
  const looks = [...initial.orders.keys()].map((order): OrderCall => ({ type: "read", order }))
  for (const call of [...looks, { type: "count" } as const]) {
    const at = steps.length + 1
    for (const { answer } of yield* makeCall(call, known))
      history.push({ call, began: at, ended: at, answer: { known: answer ?? "nothing" } })
  }
  const faults = yield* faultsOf(tenantId, passes)
  if (findLinearization(modelFrom(initial), history) === null)
    faults.push("no order of the calls explains the answers:", ...history.map(describeCalled))
  if (faults.length > 0) return yield* new BrokenSchedule({ scene, steps, faults })
  return { waits, outcome: JSON.stringify(history.map(({ answer }) => answer)) }
})

/** What is wrong with what was left behind. */
const faultsOf = Effect.fnUntraced(function* (tenantId: TenantId, passes: ReadonlyArray<Given>) {
  const records = yield* OrderRecords
  const faults: Array<string> = []
  let expired = 0
  for (const record of yield* records.read(tenantId, null, 10)) {
    const events = record.events.map(({ event }) => event)
    faults.push(...checkRecord([lifecycle], record).map(({ id, message }) => `${id}: ${message}`))
    if (duePlan(lifecycle, events, record.due) !== undefined) faults.push(`it waits for ${JSON.stringify(record.due)}`)
    expired += events.filter(({ type, actor }) => type === "order.cancelled" && actor.userId === "system").length
  }
  const given = passes.reduce((sum, each) => sum + each.given, 0)
  if (given !== expired) faults.push(`orders expired ${expired} times, and the workers have given ${given} commands`)
  return faults
})

// --- every schedule --------------------------------------------------------------------------------------------------------------------

const exploreScene = Effect.fnUntraced(function* (scene: Scene) {
  const choices = everyChoice()
  const outcomes = new Set<string>()
  let [schedules, waits] = [0, 0]
  do {
    const run = yield* runSchedule(scene, choices.next)
    schedules++
    waits += run.waits
    outcomes.add(run.outcome)
  } while (choices.advance())
  return { schedules, waits, outcomes: outcomes.size }
})

/** Every schedule of every scene, in several databases side by side: in each of them, only one schedule runs at a time. */
const explore = async (scenes: ReadonlyArray<Scene>, alter?: Rewiring) => {
  const lanes = Math.min(scenes.length, 2)
  const inLane = (lane: number) =>
    Effect.forEach(
      scenes.filter((_, n) => n % lanes === lane),
      exploreScene
    ).pipe(Effect.provide(Layer.fresh(shopOver(layerWithLockingPath(gatedPostgres(alter)), shop))), Effect.result)
  const perLane = Effect.all(
    Array.from({ length: lanes }, (_, lane) => inLane(lane)),
    { concurrency: lanes }
  )
  // A lane that has found something waits for the others: a schedule that is broken off leaves locks behind, for which its statements wait.
  const all = (await Effect.runPromise(perLane)).flatMap(Result.getOrThrow)
  return {
    schedules: all.reduce((sum, each) => sum + each.schedules, 0),
    waits: all.reduce((sum, each) => sum + each.waits, 0),
    undecided: all.filter(({ outcomes }) => outcomes > 1).length
  }
}

const confirm: OrderCall = { type: "confirm", order: 0 }
const cancel: OrderCall = { type: "cancel", order: 0, reason: "changed their mind" }
const start: OrderCall = { type: "startSubscription", order: 0, serial: "A" }

/** What touches a pending order. */
const changing: ReadonlyArray<Session> = [
  [confirm],
  ["late pass"],
  [cancel],
  ["pass"],
  [{ type: "cancel", order: 0, reason: "with a key", key: "K" }],
  [{ type: "release", order: 0, quantity: 1 }],
  [{ type: "addItems", order: 0, quantity: 1 }],
  [{ type: "correct", order: 0, lastName: "Byron" }],
  [{ type: "recordPayment", order: 0, status: "paid" }]
]
/** What is refused, or only looks. */
const harmless: ReadonlyArray<Session> = [[start], [{ type: "release", order: 0 }], [{ type: "read", order: 0 }]]

const withPass = (opening: Scene["opening"], others: ReadonlyArray<Session>) =>
  others.map((other): Scene => ({ opening, sessions: [["pass"], other] }))

const scenes: ReadonlyArray<Scene> = [
  ...withPass("pending", [...changing, ...harmless]),
  ...withPass("left over", [[start], [cancel], ["pass"], ["late pass"]]),
  ...withPass("two pending", [[{ type: "cancelMany", orders: [1, 0], reason: "both" }], ["pass"]])
]

/** An ordinary run has the first of these, and the long run all. */
const longer: ReadonlyArray<Scene> = [
  ...withPass("pending", changing).flatMap((scene): ReadonlyArray<Scene> => [0, 1].map((locking) => ({ ...scene, locking }))),
  ...withPass("two pending", [
    [{ ...confirm, order: 1 }],
    ["late pass"],
    [{ type: "cancelMany", orders: [0, 1], reason: "both" }]
  ]),
  ...withPass("pending", [[confirm, start]])
]

describe("a worker that gives due commands on PostgreSQL and another session, in every order of their statements,", () => {
  it("answer as if one came after the other, and an order expires once or not at all", async () => {
    const { schedules, waits, undecided } = await explore(scenes)
    // One session had to wait for the other's lock, and it mattered who came first, or nothing has been tried.
    expect(waits).toBeGreaterThan(50)
    expect(undecided).toBeGreaterThan(10)
    tried("interleavings of a worker that gives due commands and another session: every one there is", schedules)
  })

  it("do so where one of them locks the order first, as after many lost races", async () => {
    const { schedules, waits, undecided } = await explore(longer.slice(0, amount(3)))
    expect(waits).toBeGreaterThan(50)
    expect(undecided).toBeGreaterThan(0)
    tried("interleavings of such a worker and another session, of which one locks: every one there is of a pair", schedules)
  })
})

const bugs: ReadonlyArray<readonly [name: string, change: Misspelling, fault: string]> = [
  [
    "an update that is not pinned to the version",
    ["o.order_id = i.order_id AND o.version = i.expected\n  RETURNING", "o.order_id = i.order_id\n  RETURNING"],
    "no order of the calls explains the answers"
  ],
  [
    "an order that goes on waiting to expire when it is confirmed",
    ["d.order_id = w.order_id AND d.name = c.name", "d.order_id = w.order_id AND d.name = c.name AND false"],
    "D1: due command expire"
  ]
]

describe("the same schedules", () => {
  it.each(bugs)("find %s", async (_, change, fault) => {
    const { alter, met } = misspelling([change])
    await expect(explore(withPass("pending", [[confirm]]), alter)).rejects.toThrow(fault)
    // The bug was really in the statements that were sent.
    expect(Math.min(...met)).toBeGreaterThan(0)
    tried("bugs planted in SQL, all of them found")
  })
})
