/** Due commands: given at their moment, once in effect, as the process and the settings say. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Due, type DueOptions, orderProcess, ordersUnder, OrderLifecycle, type OrderProcess, WrongOption } from "order-lifecycle"
import { memoryStore, openOrders } from "order-lifecycle/promise"
import { describe, expect, it } from "vitest"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import type { AuditEvent } from "../../src/order/AuditEvent.ts"
import { dueChange, duePlan } from "../../src/order/due.ts"
import { lifecycleOf } from "../../src/order/process/lifecycleOf.ts"
import { fromMillis } from "../../src/order/Timestamp.ts"
import { embeddedStore } from "../support/embeddedFolder.ts"
import { type HeldClock, heldClock } from "../support/heldClock.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { sharedLayer } from "../support/sharedLayer.ts"
import { confirmedOrder, laptop, newCaller, requestFor, shopOver } from "../support/world.ts"

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const nothing = { given: 0, ended: 0, putOff: 0, parked: 0, lost: 0 }

/** Holds end by themselves, and pending orders are reminded of. */
const held = orderProcess("holds", { data: Schema.Struct({ reminders: Schema.Int }), initial: { reminders: 0 } })
  .status("onHold", { description: "Something has to be cleared up first.", like: "confirmed" })
  .command("hold", {
    description: "Puts a confirmed order on hold.",
    event: "order.held",
    from: { confirmed: "onHold" },
    otherwise: { code: "NOT_HOLDABLE", message: "Only a confirmed order can be put on hold.", remedy: "Confirm it first." }
  })
  .command("resume", {
    description: "Goes on with an order that was on hold.",
    payload: Schema.Struct({ by: Schema.Literals(["us", "time"]) }),
    event: "order.resumed",
    from: { onHold: "confirmed" },
    otherwise: { code: "NOT_ON_HOLD", message: "The order is not on hold.", remedy: "No action needed." }
  })
  .command("remind", {
    description: "Reminds the customer.",
    event: "order.reminded",
    from: { pending: "pending" },
    otherwise: { code: "NOT_PENDING", message: "The order is not pending.", remedy: "No action needed." },
    data: ({ order }) => ({ reminders: order.data.reminders + 1 })
  })
  .due("expireHold", { when: { status: "onHold" }, after: "P14D", command: "resume", payload: { by: "time" } })
  .due("remind", { when: { status: "pending" }, after: "PT1H", command: "remind" })

const { orders } = ordersUnder(held)

interface Given {
  readonly process?: OrderProcess
  readonly pendingExpiresAfter?: string
}

/** Run a test on the memory, by a clock that it moves. */
const onMemory = <A, E>(
  given: Given,
  test: (clock: HeldClock) => Effect.Effect<A, E, OrderLifecycle | Due | OrderStore>
): Promise<A> => {
  const clock = heldClock()
  return Effect.runPromise(
    Effect.scoped(
      test(clock).pipe(
        Effect.provide(Layer.provideMerge(shopOver(memory, given), memory)),
        Effect.provideService(Clock.Clock, clock)
      )
    )
  )
}

/** The same, under one setting after another on the same store. */
const onOneStore = <A, E>(
  test: (
    under: <B, F>(given: Given, part: Effect.Effect<B, F, OrderLifecycle | Due>) => Effect.Effect<B, F>,
    clock: HeldClock
  ) => Effect.Effect<A, E>
): Promise<A> => {
  const clock = heldClock()
  return Effect.runPromise(
    Effect.scoped(
      Effect.flatMap(Layer.build(memory), (store) =>
        test(
          (given, part) =>
            part.pipe(Effect.provide(shopOver(Layer.succeedContext(store), given)), Effect.provideService(Clock.Clock, clock)),
          clock
        )
      )
    )
  )
}

const run = (options?: DueOptions) => Due.use((due) => due.run(options))

describe("orders that stay pending", () => {
  it("are cancelled when their time is over, not a moment before it, and by no user", () =>
    onMemory({ pendingExpiresAfter: "P2D" }, (clock) =>
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const due = yield* Due
        const caller = newCaller()
        const placed = yield* lifecycle.place(caller, requestFor([laptop, 2]))
        const { orderId, tenantId, createdAt } = placed.after
        expect(yield* due.waiting(tenantId, orderId)).toMatchObject([
          { orderId, name: "expire", status: "pending", command: "cancel", since: 1, attempts: 0, lastError: null }
        ])
        clock.forward(2 * dayMs - 1)
        expect(yield* run()).toEqual(nothing)
        clock.forward(1)
        expect(yield* run()).toEqual({ ...nothing, given: 1 })
        expect(yield* lifecycle.get(tenantId, orderId)).toMatchObject({
          status: "cancelled",
          version: 2,
          cancellation: {
            at: new Date(Date.parse(createdAt) + 2 * dayMs).toISOString(),
            by: { userId: "system", role: "system" },
            reason: "expired",
            reasonCode: "expired"
          }
        })
        expect(yield* due.waiting(tenantId, orderId)).toEqual([])
        clock.forward(10 * dayMs)
        expect(yield* run()).toEqual(nothing)
      })
    ))

  it("wait no longer once they are confirmed, or were cancelled", () =>
    onMemory({ pendingExpiresAfter: "PT1S" }, (clock) =>
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const due = yield* Due
        const caller = newCaller()
        const confirmed = yield* confirmedOrder(caller)
        const { after } = yield* lifecycle.place(caller, requestFor([laptop, 1]))
        yield* lifecycle.cancel(caller, after.orderId)
        for (const orderId of [confirmed.orderId, after.orderId]) {
          expect(yield* due.waiting(caller.tenantId, orderId)).toEqual([])
        }
        clock.forward(dayMs)
        expect(yield* run()).toEqual(nothing)
      })
    ))

  it("wait for nothing without the setting; an order that was placed under it ends as its time comes, if it still waits", () =>
    onOneStore((under, clock) =>
      Effect.gen(function* () {
        const caller = newCaller()
        const place = OrderLifecycle.use((lifecycle) => lifecycle.place(caller, requestFor([laptop, 1])))
        const confirm = (orderId: (typeof placed)["after"]["orderId"]) =>
          OrderLifecycle.use((lifecycle) => lifecycle.confirm(caller, orderId))
        const placed = yield* under({ pendingExpiresAfter: "PT1H" }, place)
        const other = yield* under({ pendingExpiresAfter: "PT1H" }, place)
        const free = yield* under({}, place)
        // A service without the setting does not know what to take away.
        yield* under({}, confirm(other.after.orderId))
        clock.forward(hourMs)
        expect(yield* under({}, run())).toEqual({ ...nothing, given: 1, ended: 1 })
        const statusOf = (orderId: typeof placed.after.orderId) =>
          under(
            {},
            OrderLifecycle.use((lifecycle) => Effect.map(lifecycle.get(caller.tenantId, orderId), ({ status }) => status))
          )
        expect(yield* statusOf(placed.after.orderId)).toBe("cancelled")
        expect(yield* statusOf(other.after.orderId)).toBe("confirmed")
        expect(yield* statusOf(free.after.orderId)).toBe("pending")
      })
    ))

  it.each([
    ["P1M", "months and years are not always equally long: say it in weeks or days"],
    ["P1Y2D", "months and years are not always equally long: say it in weeks or days"],
    ["2 days", "must be an ISO 8601 duration of weeks, days, hours, minutes and seconds, such as P14D or PT36H"],
    ["P", "must be an ISO 8601 duration of weeks, days, hours, minutes and seconds, such as P14D or PT36H"],
    ["P1DT", "must be an ISO 8601 duration of weeks, days, hours, minutes and seconds, such as P14D or PT36H"],
    ["-P1D", "must be an ISO 8601 duration of weeks, days, hours, minutes and seconds, such as P14D or PT36H"],
    ["P522W", "must be ten years at most"]
  ])("expire after a duration that is always equally long, and not after %s", (pendingExpiresAfter, fault) => {
    expect(() => OrderLifecycle.layer({ pendingExpiresAfter })).toThrow(
      new WrongOption({ details: [{ path: "OrderLifecycle.layer.pendingExpiresAfter", message: fault, code: "invalid_value" }] })
        .message
    )
  })
})

describe("commands of a process that are due", () => {
  it("are given so long after an order came into the status, with their payload, each time anew", () =>
    onMemory({ process: held }, (clock) =>
      Effect.gen(function* () {
        const due = yield* Due
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { orderId, tenantId } = yield* confirmedOrder(caller)
        yield* orders.apply(caller, orderId, "hold")
        clock.forward(13 * dayMs)
        expect(yield* run()).toEqual(nothing)
        // It leaves, and comes again: fourteen days from then.
        yield* orders.apply(caller, orderId, "resume", { by: "us" })
        expect(yield* due.waiting(tenantId, orderId)).toEqual([])
        yield* orders.apply(caller, orderId, "hold")
        clock.forward(13 * dayMs)
        expect(yield* run()).toEqual(nothing)
        clock.forward(dayMs)
        expect(yield* run()).toEqual({ ...nothing, given: 1 })
        expect((yield* lifecycle.get(tenantId, orderId)).status).toBe("confirmed")
        const history = yield* Effect.flatMap(OrderStore, (store) => store.history(tenantId, orderId))
        expect(history.at(-1)?.event).toMatchObject({
          type: "order.resumed",
          actor: { userId: "system", role: "system" },
          details: { payload: { by: "time" } }
        })
      })
    ))

  it("end when they were accepted, also where the order stays in the status", () =>
    onMemory({ process: held }, (clock) =>
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const placed = yield* orders.place(caller, requestFor([laptop, 1]))
        for (let n = 0; n < 3; n++) {
          clock.forward(hourMs)
          expect((yield* run()).given).toBe(n === 0 ? 1 : 0)
        }
        expect((yield* lifecycle.get(caller.tenantId, placed.after.orderId)).data).toEqual({ reminders: 1 })
      })
    ))

  it("are given once, however many workers have them at once", () =>
    onMemory({ process: held }, (clock) =>
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const placed = yield* Effect.forEach(Array.from({ length: 20 }), () => orders.place(caller, requestFor([laptop, 1])))
        clock.forward(hourMs)
        // Each has a lease that is over for everybody else at once.
        const store = yield* OrderStore
        const leases = yield* Effect.forEach([1, 2, 3], () =>
          store.leaseDue({ tenantId: caller.tenantId, limit: 100, leaseMs: 0 })
        )
        expect(leases.map(({ commands }) => commands.length)).toEqual([20, 20, 20])
        const given = yield* Effect.forEach([1, 2, 3, 4], () => run({ concurrency: 7 }), { concurrency: "unbounded" })
        expect(given.reduce((sum, each) => sum + each.given, 0)).toBe(20)
        for (const { after } of placed) {
          expect(yield* lifecycle.get(caller.tenantId, after.orderId)).toMatchObject({ version: 2, data: { reminders: 1 } })
        }
      })
    ))

  it("are put off for an hour when a rule refuses them, ten times, and then parked until they are released or skipped", () => {
    let isAllowed = false
    const guarded = held.guard("isAllowed", {
      before: "remind",
      holds: () => isAllowed,
      refusal: { code: "NOT_NOW", message: "Not now.", remedy: "Later." }
    })
    return onMemory({ process: guarded }, (clock) =>
      Effect.gen(function* () {
        const due = yield* Due
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { tenantId } = caller
        const placed = yield* orders.place(caller, requestFor([laptop, 1]))
        const { orderId } = placed.after
        for (let n = 1; n <= 10; n++) {
          clock.forward(hourMs - 1)
          expect(yield* run()).toEqual(nothing)
          clock.forward(1)
          expect(yield* run()).toEqual({ ...nothing, putOff: 1 })
          expect(yield* due.waiting(tenantId, orderId)).toMatchObject([{ attempts: n, lastError: "OwnRefusal: Not now." }])
        }
        expect(yield* due.parked(tenantId)).toEqual([])
        clock.forward(hourMs)
        expect(yield* run()).toEqual({ ...nothing, parked: 1 })
        clock.forward(100 * dayMs)
        expect(yield* run()).toEqual(nothing)
        expect(yield* due.parked(tenantId)).toMatchObject([{ orderId, name: "remind", attempts: 11 }])
        expect(yield* lifecycle.get(tenantId, orderId)).toMatchObject({ version: 1 })

        const name = { tenantId, orderId, name: "remind" }
        expect(yield* Effect.flip(due.release({ ...name, name: "other" }))).toMatchObject({ code: "DUE_NOT_PARKED" })
        yield* due.release(name)
        expect(yield* run({ retry: { attempts: 1, after: 0 } })).toEqual({ ...nothing, putOff: 1 })
        expect(yield* run({ retry: { attempts: 1, after: 0 } })).toEqual({ ...nothing, parked: 1 })
        yield* due.release(name)
        isAllowed = true
        expect(yield* run()).toEqual({ ...nothing, given: 1 })
        expect(yield* Effect.flip(due.skip(name))).toMatchObject({ _tag: "DueNotParked" })
        expect(yield* lifecycle.get(tenantId, orderId)).toMatchObject({ version: 2, data: { reminders: 1 } })
      })
    )
  })

  it("are put off, by name and with the reason, where they cannot be given: a rule that throws, a command that is not there any more", () =>
    onOneStore((under, clock) =>
      Effect.gen(function* () {
        const caller = newCaller()
        const broken = held.guard("breaks", {
          before: "remind",
          holds: () => {
            throw new Error("a mistake")
          },
          refusal: { code: "NEVER", message: "Never.", remedy: "None." }
        })
        const placed = yield* under({ process: broken }, orders.place(caller, requestFor([laptop, 1])))
        const waiting = Due.use((due) => due.waiting(caller.tenantId, placed.after.orderId))
        clock.forward(hourMs)
        expect(yield* under({ process: broken }, run())).toEqual({ ...nothing, putOff: 1 })
        expect(yield* under({ process: broken }, waiting)).toMatchObject([
          { lastError: "RuleFailed: the guard breaks before remind threw: a mistake" }
        ])
        clock.forward(hourMs)
        expect(yield* under({ process: orderProcess("another") }, run())).toEqual({ ...nothing, putOff: 1 })
        const [row] = yield* under({ process: broken }, waiting)
        expect(row?.lastError).toContain("command")
      })
    ))

  it("come to their end where the order would never accept them", () =>
    onOneStore((under, clock) =>
      Effect.gen(function* () {
        const caller = newCaller()
        yield* under({ process: held }, orders.place(caller, requestFor([laptop, 1])))
        const later = orderProcess("holds", { version: 2 }).command("remind", {
          description: "Reminds the customer.",
          event: "order.reminded",
          from: { confirmed: "confirmed" },
          otherwise: { code: "NOT_CONFIRMED", message: "The order is not confirmed.", remedy: "Confirm it first." }
        })
        clock.forward(hourMs)
        expect(yield* under({ process: later }, run())).toEqual({ ...nothing, ended: 1 })
      })
    ))
})

describe("a process whose due commands are wrong is not loaded", () => {
  const due = { when: { status: "pending" }, after: "P1D", command: "cancel" } as const
  it.each([
    ["a status that is not there", { ...due, when: { status: "gone" } }, "due late: when: there is no status gone"],
    ["a command that is not there", { ...due, command: "gone" }, "due late: command: there is no command gone"],
    [
      "a command that asks for more",
      { ...due, command: "startSubscription" },
      "due late: command: startSubscription asks for more than the order"
    ],
    ["months", { ...due, after: "P1M" }, "months and years are not always equally long"],
    ["a payload that does not fit", { ...due, payload: { reason: 1 } }, "due late: payload.reason Expected string"],
    ["a member that is not one", { ...due, payload: { why: "" } }, "due late: payload.why"],
    [
      "a command that is never accepted there",
      { ...due, when: { status: "cancelled" } },
      "due late: cancelled never accepts cancel"
    ]
  ])("%s", (_, declared, fault) => {
    const process = orderProcess("wrong").due("late", declared as never)
    expect(() => lifecycleOf("noActiveSubscriptions", process)).toThrow(fault)
  })

  it("the name of the library's own", () => {
    expect(() => lifecycleOf("noActiveSubscriptions", orderProcess("wrong").due("expire", due))).toThrow(
      "due expire: this name is taken"
    )
  })

  it("a name twice", () => {
    const process = orderProcess("wrong").due("late", due).due("late", due)
    expect(() => lifecycleOf("noActiveSubscriptions", process)).toThrow("due late: there are two of this name")
  })

  it("as the compiler says, too", () => {
    // @ts-expect-error -- there is no such status
    held.due("late", { ...due, when: { status: "gone" } })
    // @ts-expect-error -- there is no such command
    held.due("late", { ...due, command: "gone" })
    // @ts-expect-error -- it asks for more than the order
    held.due("late", { ...due, command: "startSubscription" })
    // @ts-expect-error -- the payload is missing
    held.due("late", { ...due, command: "resume" })
    // @ts-expect-error -- the payload is another
    held.due("late", { ...due, command: "resume", payload: { by: "them" } })
    expect(held.due("late", { ...due, command: "resume", payload: { by: "us" } }).dueCommands.size).toBe(3)
  })
})

const stores: Readonly<Record<string, Layer.Layer<OrderStore>>> = {
  "in memory": Layer.fresh(memory),
  embedded: Layer.orDie(embeddedStore),
  "on PostgreSQL": Layer.orDie(postgresStore)
}

describe.each(Object.entries(stores))("due commands, %s", (_, store) => {
  const soon = held.due("again", { when: { status: "pending" }, after: "PT0S", command: "remind" })
  const runOn = sharedLayer(shopOver(store, { process: soon, pendingExpiresAfter: "P1D" }))

  it("are written with the change, given by the store's clock, and gone with what they did", () =>
    runOn(
      Effect.gen(function* () {
        const due = yield* Due
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { tenantId } = caller
        const { after } = yield* orders.place(caller, requestFor([laptop, 1]))
        const names = Effect.map(due.waiting(tenantId, after.orderId), (all) => all.map(({ name }) => name))
        expect(yield* names).toEqual(["again", "expire", "remind"])
        expect(yield* run({ tenantId })).toEqual({ ...nothing, given: 1 })
        expect(yield* run({ tenantId })).toEqual(nothing)
        expect(yield* names).toEqual(["expire", "remind"])
        expect(yield* lifecycle.get(tenantId, after.orderId)).toMatchObject({ version: 2, data: { reminders: 1 } })
        yield* lifecycle.confirm(caller, after.orderId)
        expect(yield* names).toEqual([])
      })
    ))

  it("come with orders that are cancelled together, and go with them", () =>
    runOn(
      Effect.gen(function* () {
        const due = yield* Due
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const placed = yield* Effect.forEach([1, 2, 3], () => orders.place(caller, requestFor([laptop, 1])))
        const outcomes = yield* lifecycle.cancelMany(
          caller,
          placed.map(({ after }) => after.orderId)
        )
        expect(outcomes.length).toBe(3)
        for (const { after } of placed) expect(yield* due.waiting(caller.tenantId, after.orderId)).toEqual([])
      })
    ))
})

describe("through promises", () => {
  it("orders expire, and what waits is told", async () => {
    await using opened = await openOrders({
      store: memoryStore(),
      catalogue: [
        {
          sku: laptop,
          productName: "Laptop",
          isActive: true,
          currency: "EUR",
          pricing: [{ contractLength: 12, monthlyPrice: 1 }]
        }
      ],
      pendingExpiresAfter: "PT0S"
    })
    const caller = { tenantId: "demo", actor: { userId: "ada" } }
    const { after } = await opened.place(caller, requestFor([laptop, 1]))
    expect((await opened.due.waiting("demo", after.orderId)).map(({ name }) => name)).toEqual(["expire"])
    expect(await opened.due.run({ limit: 1, leaseMs: 1_000, retry: { afterMs: 1 } })).toEqual({ ...nothing, given: 1 })
    expect((await opened.get("demo", after.orderId)).status).toBe("cancelled")
    expect(await opened.due.parked("demo")).toEqual([])
    const name = { tenantId: "demo", orderId: after.orderId, name: "expire" }
    await expect(opened.due.release(name)).rejects.toMatchObject({ code: "DUE_NOT_PARKED" })
    await expect(opened.due.skip(name)).rejects.toMatchObject({ code: "DUE_NOT_PARKED" })
    await expect(opened.due.run({ limit: 0 })).rejects.toMatchObject({ code: "VALIDATION_ERROR", details: [{ path: "limit" }] })
  })

  it("says which duration is wrong", async () => {
    await expect(openOrders({ store: memoryStore(), catalogue: [], pendingExpiresAfter: "P1M" })).rejects.toThrow(
      "pendingExpiresAfter: months and years"
    )
  })
})

describe("a plan for orders of before", () => {
  const at = (n: number) => fromMillis(Date.UTC(2026, 10, n))
  const event = (sequence: number, from: string | null, to: string) =>
    ({ sequence, from, to, at: at(sequence) }) as never as AuditEvent
  const events = [
    event(1, null, "pending"),
    event(2, "pending", "confirmed"),
    event(3, "confirmed", "onHold"),
    event(4, "onHold", "onHold")
  ]
  const lifecycle = lifecycleOf("noActiveSubscriptions", held)
  const missing = {
    name: "expireHold",
    status: "onHold",
    command: "resume",
    payload: { by: "time" },
    at: at(3 + 14),
    since: 3
  }
  it.each([
    ["what is missing, since the order came there", [], { set: [missing], cleared: [] }],
    ["nothing where it waits", [{ name: "expireHold", status: "onHold" }], undefined],
    ["what is left over goes", [{ name: "remind", status: "pending" }], { set: [missing], cleared: ["remind"] }],
    ["what no rule asks for goes", [{ name: "gone", status: "onHold" }], { set: [missing], cleared: ["gone"] }],
    ["an expiry is none of the process's", [{ name: "expire", status: "onHold" }], { set: [missing], cleared: [] }],
    ["the same in another status is written anew", [{ name: "expireHold", status: "pending" }], { set: [missing], cleared: [] }]
  ])("%s", (_, waits, change) => {
    expect(duePlan(lifecycle, events, waits as never)).toEqual(change)
  })

  it("without a process, nothing is known of its rules", () => {
    const library = lifecycleOf("noActiveSubscriptions", undefined, 1)
    expect(duePlan(library, events, [{ name: "gone", status: "onHold" }] as never)).toBeUndefined()
    expect(duePlan(library, [], [])).toBeUndefined()
    expect(duePlan(library, events.slice(0, 1), [])?.set).toMatchObject([{ name: "expire", since: 1 }])
  })
})

it("a lifecycle without due commands asks nothing of a change", () => {
  const lifecycle = lifecycleOf("noActiveSubscriptions")
  expect(lifecycle.due).toBeUndefined()
  const change = { before: null, event: {}, after: { status: "pending" } } as never
  expect(dueChange(lifecycle, change)).toBeUndefined()
})
