/**
 * What has gone wrong in systems that cancel orders, as a table: units released twice, holds that leak, cancels that are half done, batches
 * that one bad order stops, repeats that are answered "done" though nothing was done. None of it happens here, in memory or on PostgreSQL.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as SqlClient from "effect/sql/SqlClient"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { AuditTrail } from "../../src/lifecycle/AuditTrail.ts"
import type { Caller } from "../../src/lifecycle/Caller.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { OrderStore, OutcomeUnknown, StoreUnavailable } from "../../src/lifecycle/OrderStore.ts"
import { Reservations } from "../../src/lifecycle/Reservations.ts"
import * as MemoryOrderStore from "../../src/memory/MemoryOrderStore.ts"
import { type Order, OrderId } from "../../src/order/Order.ts"
import { cancel, freshTenant, headOf, next, placing } from "../../src/testing/contractOrders.ts"
import { soundOrders } from "../support/callLog.ts"
import { sometimes, tried } from "../support/evidence.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { sharedLayer } from "../support/sharedLayer.ts"
import { sqlStates } from "../support/sqlStates.ts"
import { LosesRaces, losingRaces, watchedStore } from "../support/watchedStore.ts"
import { confirmedOrder, laptop, newCaller, newSerial, requestFor, shopOver } from "../support/world.ts"

/** What becomes of the next commits, one after the other; all others go through. */
let nextCommits: Array<"unavailable" | "unknown, not done" | "unknown, done"> = []

const failing = (store: OrderStore["Service"]): Partial<OrderStore["Service"]> => ({
  commit: (changes) =>
    Effect.suspend(() => {
      const fate = nextCommits.shift()
      const cause = new Error("planted")
      if (fate === "unavailable") return Effect.fail(new StoreUnavailable({ cause }))
      if (fate === "unknown, not done") return Effect.fail(new OutcomeUnknown({ cause }))
      if (fate === "unknown, done") return Effect.andThen(store.commit(changes), Effect.fail(new OutcomeUnknown({ cause })))
      return store.commit(changes)
    })
})

const stores = {
  "in memory": watchedStore(Layer.fresh(MemoryOrderStore.layer), failing),
  "on PostgreSQL": watchedStore(postgresStore, failing)
}

type Shop = OrderLifecycle | Reservations | AuditTrail | OrderStore

const rent = (caller: Caller, { orderId, customer: { customerId } }: Order, assetSerialNumber = newSerial()) =>
  Effect.flatMap(OrderLifecycle, (lifecycle) => lifecycle.startSubscription(caller, { orderId, customerId, assetSerialNumber }))

const stockOf = (caller: Caller) => Effect.flatMap(Reservations, (reservations) => reservations.stock(caller.tenantId, laptop))
const tagOf = (outcome: Result.Result<unknown, { readonly _tag: string }>) =>
  Result.isSuccess(outcome) ? "done" : outcome.failure._tag
const underKey = (caller: Caller): Caller => ({ ...caller, idempotencyKey: `key of ${caller.tenantId}` })

const scenarios: Record<string, (caller: Caller) => Effect.Effect<void, unknown, Shop>> = {
  "an order cancelled by many at once gives its units back once": (caller) =>
    Effect.gen(function* () {
      const lifecycle = yield* OrderLifecycle
      const [order] = [yield* confirmedOrder(caller, 3), yield* confirmedOrder(caller, 2)]
      const cancels = Array.from({ length: 8 }, () => Effect.result(lifecycle.cancel(caller, order.orderId)))
      const outcomes = yield* Effect.all(cancels, { concurrency: "unbounded" })
      expect(outcomes.map(tagOf).toSorted()).toEqual([...Array.from({ length: 7 }, () => "OrderAlreadyCancelled"), "done"])
      expect(yield* stockOf(caller)).toEqual({ reserved: 2, rented: 0 })
    }),

  "units that were rented and came back are not given back again by the cancel": (caller) =>
    Effect.gen(function* () {
      const lifecycle = yield* OrderLifecycle
      const order = yield* confirmedOrder(caller, 3)
      const { event } = yield* rent(caller, order)
      if (event.type !== "subscription.started") throw new Error("no subscription was started")
      yield* lifecycle.cancelSubscription(caller, { rentalId: event.details.subscriptionId, reason: "other" })
      const cancelled = yield* lifecycle.cancel(caller, order.orderId)
      expect(cancelled.event.released).toEqual([{ line: 0, sku: laptop, quantity: 2 }])
      expect(yield* stockOf(caller)).toEqual({ reserved: 0, rented: 0 })
    }),

  "an order with two lines of one SKU gives both back": (caller) =>
    Effect.gen(function* () {
      const lifecycle = yield* OrderLifecycle
      const { after } = yield* lifecycle.place(caller, requestFor([laptop, 2], [laptop, 3]))
      expect(yield* stockOf(caller)).toEqual({ reserved: 5, rented: 0 })
      const { event } = yield* lifecycle.cancel(caller, after.orderId)
      expect(event.released.map(({ quantity }) => quantity)).toEqual([2, 3])
      expect(yield* stockOf(caller)).toEqual({ reserved: 0, rented: 0 })
    }),

  "nothing is rented from a cancelled order, by whoever still has it before him": (caller) =>
    Effect.gen(function* () {
      const lifecycle = yield* OrderLifecycle
      const order = yield* confirmedOrder(caller, 2)
      yield* lifecycle.cancel(caller, order.orderId)
      expect(tagOf(yield* Effect.result(rent(caller, order)))).toBe("OrderNotConfirmed")
      expect(yield* stockOf(caller)).toEqual({ reserved: 0, rented: 0 })
    }),

  "the last unit is rented once, and so is an asset": (caller) =>
    Effect.gen(function* () {
      const [one, other] = [yield* confirmedOrder(caller, 1), yield* confirmedOrder(caller, 1)]
      const serial = newSerial()
      const start = (order: Order, serialNumber = newSerial()) => Effect.result(rent(caller, order, serialNumber))
      const asset = yield* Effect.all([start(one, serial), start(other, serial)], { concurrency: "unbounded" })
      expect(asset.map(tagOf).toSorted()).toEqual(["AssetNotAvailable", "done"])
      const free = Result.isSuccess(asset[0]) ? other : one
      const unit = yield* Effect.all([start(free), start(free), start(free)], { concurrency: "unbounded" })
      expect(unit.map(tagOf).toSorted()).toEqual(["ItemFullyFulfilled", "ItemFullyFulfilled", "done"])
      expect(yield* stockOf(caller)).toEqual({ reserved: 0, rented: 2 })
    }),

  "a cancel of many orders does every one that can be cancelled, and says of each other why not": (caller) =>
    Effect.gen(function* () {
      const lifecycle = yield* OrderLifecycle
      const [rented, cancelled, good] = [
        yield* confirmedOrder(caller),
        yield* confirmedOrder(caller),
        yield* confirmedOrder(caller)
      ]
      yield* rent(caller, rented)
      yield* lifecycle.cancel(caller, cancelled.orderId)
      const ids = [OrderId.make("nowhere"), rented.orderId, cancelled.orderId, good.orderId]
      const answers = yield* lifecycle.cancelMany(caller, ids)
      expect(answers.map(({ outcome }) => tagOf(outcome))).toEqual([
        "OrderNotFound",
        "OrderNotCancellable",
        "OrderAlreadyCancelled",
        "done"
      ])
      // And again: what was done is not done twice.
      expect((yield* lifecycle.cancelMany(caller, ids)).map(({ outcome }) => tagOf(outcome))).toEqual([
        "OrderNotFound",
        "OrderNotCancellable",
        "OrderAlreadyCancelled",
        "OrderAlreadyCancelled"
      ])
    }),

  "a second cancel tells of the first, and leaves no second trace": (caller) =>
    Effect.gen(function* () {
      const [lifecycle, auditTrail] = [yield* OrderLifecycle, yield* AuditTrail]
      const { orderId } = yield* confirmedOrder(caller)
      yield* lifecycle.cancel(caller, orderId, { reason: "the first" })
      const second = yield* Effect.flip(lifecycle.cancel(caller, orderId, { reason: "the second" }))
      expect(second).toMatchObject({ _tag: "OrderAlreadyCancelled", reason: "the first" })
      const history = yield* auditTrail.history(caller.tenantId, orderId)
      expect(history.map(({ event }) => event.type)).toEqual(["order.placed", "order.confirmed", "order.cancelled"])
    }),

  "a cancel that failed is not answered as done when it is asked for again, and is done then": (caller) =>
    Effect.gen(function* () {
      const lifecycle = yield* OrderLifecycle
      const { orderId } = yield* confirmedOrder(caller)
      const once = Effect.result(lifecycle.cancel(underKey(caller), orderId, { reason: "asked for again" }))
      for (const fate of ["unavailable", "unknown, not done"] as const) {
        nextCommits = [fate]
        expect(tagOf(yield* once)).toBe(fate === "unavailable" ? "StoreUnavailable" : "OutcomeUnknown")
        expect((yield* lifecycle.get(caller.tenantId, orderId)).cancellation).toBeUndefined()
      }
      const done = yield* Effect.fromResult(yield* once)
      expect(done.after.cancellation?.reason).toBe("asked for again")
      // The answer again, put together from the event: it says so, and there is no order before it.
      expect(yield* Effect.fromResult(yield* once)).toEqual({ ...done, before: null, replayed: true })
    }),

  "a cancel that was done and not answered is answered as done when it is asked for again": (caller) =>
    Effect.gen(function* () {
      const [lifecycle, auditTrail] = [yield* OrderLifecycle, yield* AuditTrail]
      const { orderId } = yield* confirmedOrder(caller)
      const once = Effect.result(lifecycle.cancel(underKey(caller), orderId))
      nextCommits = ["unknown, done"]
      expect(tagOf(yield* once)).toBe("OutcomeUnknown")
      const again = yield* once
      expect(Result.isSuccess(again) && again.success.after).toEqual(yield* lifecycle.get(caller.tenantId, orderId))
      expect(yield* auditTrail.history(caller.tenantId, orderId)).toHaveLength(3)
    }),

  "an event is handed out again when its consumer fails, and none is handed out of a change that was not made": (caller) =>
    Effect.gen(function* () {
      const [lifecycle, auditTrail, store] = [yield* OrderLifecycle, yield* AuditTrail, yield* OrderStore]
      const { orderId } = yield* confirmedOrder(caller)
      nextCommits = ["unavailable"]
      yield* Effect.flip(lifecycle.cancel(caller, orderId))
      yield* Effect.exit(auditTrail.deliver(() => Effect.fail("the consumer failed"), { limit: 1_000, retry: { first: 0 } }))
      const seen: Array<string> = []
      const take = auditTrail.deliver(
        (events) =>
          Effect.sync(
            () => void seen.push(...events.filter(({ event }) => event.orderId === orderId).map(({ event }) => event.type))
          ),
        { limit: 1_000 }
      )
      while ((yield* take) > 0);
      expect(seen).toEqual(["order.placed", "order.confirmed"])
      expect((yield* store.history(caller.tenantId, orderId)).map(({ event }) => event.type)).toEqual(seen)
    }),

  "nobody cancels an order of another tenant, or learns that there is one": (caller) =>
    Effect.gen(function* () {
      const lifecycle = yield* OrderLifecycle
      const { orderId } = yield* confirmedOrder(caller)
      const foreign = yield* Effect.flip(lifecycle.cancel(newCaller(), orderId))
      const nowhere = yield* Effect.flip(lifecycle.cancel(newCaller(), OrderId.make("nowhere")))
      expect([foreign._tag, nowhere._tag]).toEqual(["OrderNotFound", "OrderNotFound"])
      expect((yield* lifecycle.get(caller.tenantId, orderId)).cancellation).toBeUndefined()
    })
}

describe.each(Object.entries(stores))("what goes wrong elsewhere, %s:", (_, store) => {
  const runtime = ManagedRuntime.make(shopOver(store).pipe(Layer.provideMerge(store)))
  beforeAll(async () => void (await runtime.context()))
  afterAll(() => runtime.dispose())

  it.each(Object.entries(scenarios))("%s", (_, scenario) => {
    nextCommits = []
    const caller = newCaller()
    return runtime.runPromise(
      Effect.gen(function* () {
        yield* scenario(caller)
        expect(nextCommits).toEqual([])
        expect((yield* soundOrders(caller.tenantId)).faults).toEqual([])
        tried("scenarios of known defects")
      })
    )
  })
})

describe("a listener", () => {
  /** A store on which every race is lost until the lock is had, and whose transactions fail when they are to be committed. */
  const failsAtTheEnd = watchedStore(
    watchedStore(Layer.fresh(MemoryOrderStore.layer), losingRaces({ lost: 0, locked: 0 })),
    (store) => ({
      exclusively: (order, use) =>
        store.exclusively(order, Effect.andThen(use, Effect.fail(new OutcomeUnknown({ cause: new Error("planted") }))))
    })
  )

  it("hears of no change that was made under a lock and then undone", () =>
    Effect.gen(function* () {
      const [lifecycle, auditTrail] = [yield* OrderLifecycle, yield* AuditTrail]
      const caller = newCaller()
      const heard: Array<string> = []
      yield* Effect.forkChild(
        Stream.runForEach(auditTrail.live, ({ event }) => Effect.sync(() => void heard.push(event.type))),
        { startImmediately: true }
      )
      const { orderId } = yield* confirmedOrder(caller)
      const cancelled = yield* Effect.result(
        Effect.provideService(lifecycle.cancel(caller, orderId), LosesRaces, { before: Effect.void })
      )
      expect(tagOf(cancelled)).toBe("OutcomeUnknown")
      // What is heard after it shows that it was not heard before.
      yield* lifecycle.place(caller, requestFor([laptop, 1]))
      while (heard.length < 3) yield* Effect.yieldNow
      expect(heard).toEqual(["order.placed", "order.confirmed", "order.placed"])
    }).pipe(Effect.provide(shopOver(failsAtTheEnd)), Effect.scoped, Effect.runPromise))
})

describe("the keys of the schema, where the services' own care is got round,", () => {
  const run = sharedLayer(shopOver(postgresStore).pipe(Layer.provideMerge(postgresStore)))

  it("stop an asset from being rented twice at once", () =>
    Effect.gen(function* () {
      const caller = newCaller()
      for (let n = 0; n < 5; n++) {
        const orders = yield* Effect.forEach([1, 2, 3, 4, 5, 6], () => confirmedOrder(caller, 1))
        const serial = newSerial()
        const start = Effect.forEach(orders, (order) => Effect.result(rent(caller, order, serial)), { concurrency: "unbounded" })
        const [outcomes, states] = yield* sqlStates(start)
        expect(outcomes.map(tagOf).filter((tag) => tag === "done")).toHaveLength(1)
        sometimes("a unique key stopped a commit (23505)", states.filter((state) => state === "23505").length)
      }
    }).pipe(run))

  it("stop a cancel while somebody who knows no rules has a subscription in the order", () =>
    Effect.gen(function* () {
      const [store, sql] = [yield* OrderStore, yield* SqlClient.SqlClient]
      for (let n = 0; n < 10; n++) {
        const placement = placing(freshTenant())
        yield* store.commit([placement])
        const { tenantId, orderId, customer } = placement.transition.after
        yield* sql`INSERT INTO order_lifecycle.subscriptions (tenant_id, subscription_id, order_id, position, line, customer_id,
            serial_number, status, start_date, end_date, contract_length, created_at, created_by, updated_at)
          VALUES (${tenantId}, 'stray', ${orderId}, 0, 0, ${customer.customerId}, 'stray', 'active', '', '', 1, '', '', '')`
        const [outcomes, states] = yield* sqlStates(store.commit([next(headOf(placement), cancel())]))
        expect([outcomes, states]).toEqual([["conflict"], ["23503"]])
        sometimes("a foreign key stopped a commit (23503)")
        yield* sql`DELETE FROM order_lifecycle.subscriptions WHERE tenant_id = ${tenantId}`
        expect(yield* store.commit([next(headOf(placement), cancel())])).toEqual(["committed"])
      }
    }).pipe(run))

  it("leave nobody told that nothing was done, when one change of a batch was made and the next could not be", () =>
    Effect.gen(function* () {
      const [store, sql] = [yield* OrderStore, yield* SqlClient.SqlClient]
      const tenantId = freshTenant()
      const place = (orderId: string) => placing(tenantId, { orderId })
      yield* store.commit([place("b")])
      yield* sql`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN IF NEW.order_id = 'c' THEN RAISE EXCEPTION 'busy' USING ERRCODE = '55P03'; END IF; RETURN NEW; END $$`
      yield* sql`CREATE TRIGGER refuse BEFORE INSERT ON order_lifecycle.orders FOR EACH ROW EXECUTE FUNCTION refuse()`
      // The second is there already, which fails the statement for all; then each is tried by itself, and the third finds no room.
      const failure = yield* Effect.flip(store.commit([place("a"), place("b"), place("c")]))
      yield* sql`DROP TRIGGER refuse ON order_lifecycle.orders`
      expect(yield* store.history(tenantId, OrderId.make("a"))).toHaveLength(1)
      expect(failure._tag).toBe("OutcomeUnknown")
    }).pipe(run))
})
