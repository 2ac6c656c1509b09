/** What becomes of subscriptions whose contracts end, also while no service runs: under each setting, once, and right. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import { AuditTrail } from "../../src/lifecycle/AuditTrail.ts"
import { Due } from "../../src/lifecycle/Due.ts"
import { type LifecycleOptions, OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import { commandAtEnd, contractEndOf, contractEndsPlan } from "../../src/order/contractEnds.ts"
import type { Order, Subscription } from "../../src/order/Order.ts"
import { fromMillis, plusMonths, Timestamp } from "../../src/order/Timestamp.ts"
import { embeddedStore } from "../support/embeddedFolder.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { confirmedOrder, newCaller, newSerial, shopOver } from "../support/world.ts"

const nothing = { given: 0, ended: 0, putOff: 0, parked: 0, lost: 0 }
const now = () => fromMillis(Date.now())

const over = <E>(store: Layer.Layer<OrderStore, E>, options: LifecycleOptions) => {
  const kept = Layer.fresh(store)
  return shopOver(kept, options).pipe(Layer.provideMerge(kept))
}

/** An order with a subscription that began so many months ago, for a year. */
const rented = Effect.fnUntraced(function* (monthsAgo: number) {
  const lifecycle = yield* OrderLifecycle
  const caller = newCaller()
  const { orderId, customer } = yield* confirmedOrder(caller, 2)
  const startDate = plusMonths(now(), -monthsAgo)
  const { after, event } = yield* lifecycle.startSubscription(caller, {
    orderId,
    customerId: customer.customerId,
    assetSerialNumber: newSerial(),
    startDate
  })
  return { caller, orderId, rentalId: event.details.subscriptionId, startDate, order: after }
})

const runOf = ({ tenantId }: { readonly tenantId: Order["tenantId"] }) =>
  Effect.flatMap(Due, (due) => due.run({ tenantId, concurrency: 4 }))

/** Give what is due until nothing is. */
const runAll = Effect.fnUntraced(function* (caller: Parameters<typeof runOf>[0]) {
  const given: Array<number> = []
  for (let last = yield* runOf(caller); last.given + last.ended > 0; last = yield* runOf(caller)) given.push(last.given)
  return given
})

const waitingFor = (orderId: Order["orderId"], tenantId: Order["tenantId"]) =>
  Effect.map(
    Effect.flatMap(Due, (due) => due.waiting(tenantId, orderId)),
    (rows) => rows.map(({ name, at }) => [name, at])
  )

const stores = { "in memory": memory, embedded: embeddedStore, "on PostgreSQL": postgresStore } as const

describe.each(Object.entries(stores))("a contract that ended two months before the service came back, %s,", (_, store) => {
  const on = <A, E>(
    options: LifecycleOptions,
    test: Effect.Effect<A, E, OrderLifecycle | Due | AuditTrail | OrderStore>
  ): Promise<A> => Effect.runPromise(Effect.provide(test, over(store as Layer.Layer<OrderStore>, options)))

  it("is left to people unless a setting says otherwise", () =>
    on(
      {},
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const { caller, orderId, rentalId, order } = yield* rented(14)
        const { tenantId } = caller
        const [subscription] = order.subscriptions
        expect(yield* waitingFor(orderId, tenantId)).toEqual([[contractEndOf(rentalId), subscription?.endDate]])
        expect(yield* runOf(caller)).toEqual({ ...nothing, ended: 1 })
        expect(yield* lifecycle.get(tenantId, orderId)).toEqual(order)
        expect(yield* waitingFor(orderId, tenantId)).toEqual([])
        expect(yield* runOf(caller)).toEqual(nothing)
      })
    ))

  it("is completed, once, by however many workers", () =>
    on(
      { whenContractEnds: "auto_terminate" },
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const auditTrail = yield* AuditTrail
        const { caller, orderId } = yield* rented(14)
        const runs = yield* Effect.all([runOf(caller), runOf(caller), runOf(caller)], { concurrency: "unbounded" })
        expect(runs.reduce((sum, { given }) => sum + given, 0)).toBe(1)
        const order = yield* lifecycle.get(caller.tenantId, orderId)
        expect(order.subscriptions).toMatchObject([
          { status: "ended_completed", ended: { by: { userId: "system", role: "system" }, monthsRented: 14 } }
        ])
        expect([order.status, yield* waitingFor(orderId, caller.tenantId)]).toEqual(["partial", []])
        expect(yield* runOf(caller)).toEqual(nothing)
        expect((yield* auditTrail.history(caller.tenantId, orderId)).map(({ event }) => event.type)).toEqual([
          "order.placed",
          "order.confirmed",
          "subscription.started",
          "subscription.completed"
        ])
      })
    ))

  it("is renewed month by month until it ends in the future", () =>
    on(
      { whenContractEnds: "auto_renew_monthly" },
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const { caller, orderId, rentalId, startDate } = yield* rented(14)
        // The fourteenth month is just over, so that the fifteenth has begun.
        expect(yield* runAll(caller)).toEqual([1, 1, 1])
        const order = yield* lifecycle.get(caller.tenantId, orderId)
        const endDate = plusMonths(startDate, 15)
        expect(order.subscriptions).toMatchObject([{ status: "active", contractLength: 15, originalContractLength: 12, endDate }])
        const [{ texts = {}, extensions = [] } = {}] = order.subscriptions
        expect(extensions.map(({ months, by }) => [months, by.userId])).toEqual([1, 1, 1].map((months) => [months, "system"]))
        expect(Object.values(texts)).toEqual([1, 2, 3].map(() => ({ reason: "contract_end" })))
        expect(yield* waitingFor(orderId, caller.tenantId)).toEqual([[contractEndOf(rentalId), endDate]])
      })
    ))

  it("is renewed for the months that it had at first", () =>
    on(
      { whenContractEnds: "auto_renew_same_term" },
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const { caller, orderId, rentalId, startDate } = yield* rented(26)
        expect(yield* runAll(caller)).toEqual([1, 1])
        const order = yield* lifecycle.get(caller.tenantId, orderId)
        expect(order.subscriptions).toMatchObject([{ contractLength: 36, originalContractLength: 12 }])
        expect(yield* waitingFor(orderId, caller.tenantId)).toEqual([[contractEndOf(rentalId), plusMonths(startDate, 36)]])
      })
    ))

  it("is not touched where it was extended, or ended, before its row was given", () =>
    on(
      { whenContractEnds: "auto_terminate" },
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const store = yield* OrderStore
        const { caller, orderId, rentalId, startDate } = yield* rented(14)
        const { tenantId } = caller
        // A worker has the row, and comes too late.
        yield* store.leaseDue({ tenantId, limit: 10, leaseMs: 60_000 })
        yield* lifecycle.extendSubscription(caller, { rentalId, extensionMonths: 6, reason: "still in use" })
        expect(yield* waitingFor(orderId, tenantId)).toEqual([[contractEndOf(rentalId), plusMonths(startDate, 18)]])
        expect(yield* runOf(caller)).toEqual(nothing)
        yield* lifecycle.returnSubscription(caller, { rentalId, returnCondition: "good", reason: "moved abroad" })
        expect(yield* waitingFor(orderId, tenantId)).toEqual([])
        expect(yield* runOf(caller)).toEqual(nothing)
      })
    ))

  it("waits on, whatever becomes of the order's status meanwhile, and stays with a replaced asset", () =>
    on(
      { whenContractEnds: "auto_terminate" },
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const { caller, orderId, rentalId } = yield* rented(14)
        yield* lifecycle.release(caller, orderId)
        const newSerialNumber = newSerial()
        yield* lifecycle.replaceAsset(caller, { rentalId, newSerialNumber, replacementReason: "defective" })
        expect((yield* runOf(caller)).given).toBe(1)
        const order = yield* lifecycle.get(caller.tenantId, orderId)
        expect([order.status, order.subscriptions[0]?.status, order.subscriptions[0]?.serialNumber]).toEqual([
          "fulfilled",
          "ended_completed",
          newSerialNumber
        ])
      })
    ))

  it("is not completed before its time: such a command is put off until then, and not counted as refused", () =>
    on(
      {},
      Effect.gen(function* () {
        const store = yield* OrderStore
        const { caller, orderId, rentalId, order } = yield* rented(1)
        const { tenantId } = caller
        const command = {
          name: "finish",
          status: order.status,
          command: "completeSubscription",
          payload: { rentalId },
          at: order.createdAt,
          since: order.version
        } as const
        const change = { set: [command], cleared: [] }
        expect(yield* store.planDue(tenantId, [{ orderId, version: order.version, change }])).toEqual(["committed"])
        const due = yield* Due
        expect(yield* due.run({ tenantId, retry: { after: 0, attempts: 1 } })).toEqual({ ...nothing, putOff: 1 })
        // An hour, or no time at all, would have it due again.
        expect(yield* due.run({ tenantId, retry: { after: 0, attempts: 1 } })).toEqual(nothing)
        expect(yield* due.parked(tenantId)).toEqual([])
      })
    ))
})

describe("what a setting asks for", () => {
  const endDate = Timestamp.make("2026-12-01T00:00:00.000Z")
  const contract = (contractLength: number, originalContractLength?: number) =>
    ({
      subscriptionId: "sub_1",
      status: "active",
      endDate,
      contractLength,
      ...(originalContractLength !== undefined && { originalContractLength })
    }) as Subscription

  it.each([
    ["require_action", 12, 12, undefined],
    ["auto_terminate", 120, 12, "completeSubscription"],
    ["auto_renew_monthly", 119, 12, 1],
    ["auto_renew_monthly", 120, 12, undefined],
    ["auto_renew_same_term", 108, 12, 12],
    ["auto_renew_same_term", 109, 12, undefined],
    ["auto_renew_same_term", 24, undefined, 24],
    ["auto_renew_same_term", 61, undefined, undefined]
  ] as const)("%s, of %s months (%s at first): %s", (ending, months, original, asked) => {
    const command = commandAtEnd(ending, contract(months, original))
    expect(command?.type === "extendSubscription" ? command.extensionMonths : command?.type).toBe(asked)
  })

  it("is planned for what is active and has no row, and a row without is taken away", () => {
    const order = { status: "partial", version: 7, subscriptions: [contract(12)] } as unknown as Order
    const row = { name: "contractEnds:sub_1", status: "partial", at: endDate, since: 7 }
    expect(contractEndsPlan(order, [])).toMatchObject({ set: [row], cleared: [] })
    expect(contractEndsPlan(order, [{ name: "contractEnds:sub_1" }, { name: "expire" }])).toEqual({ set: [], cleared: [] })
    expect(contractEndsPlan(order, [{ name: "contractEnds:sub_1" }, { name: "contractEnds:sub_2" }])).toEqual({
      set: [],
      cleared: ["contractEnds:sub_2"]
    })
  })
})
