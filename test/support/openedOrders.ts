/** Orders for callers without Effect, on stores that a test file has for itself, and the services made of them. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { afterAll, beforeAll } from "vitest"
import { AuditTrail } from "../../src/lifecycle/AuditTrail.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { Reservations } from "../../src/lifecycle/Reservations.ts"
import { memoryStore, openOrders, type OpenOptions, type Orders } from "../../src/promise/index.ts"
import { postgresStore } from "../../src/promise/postgres/index.ts"
import { variants } from "../../src/testing/shop.ts"
import { freshDatabase } from "./postgresDatabase.ts"

/** Open the shop of the test kit. */
export const openShop = (options: Partial<OpenOptions> = {}): Promise<Orders> =>
  openOrders({ store: memoryStore(), catalogue: variants, ...options })

/** A database for the tests of a file; its URL, once they run. */
export const fileDatabase = (): (() => string) => {
  const scope = Scope.makeUnsafe()
  let url = ""
  beforeAll(async () => void (url = Redacted.value(await Effect.runPromise(Scope.provide(freshDatabase, scope)))))
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  return () => url
}

/** One shop for the tests of a file, closed after the last. */
export const fileShop = (options: () => Partial<OpenOptions> = () => ({})): (() => Orders) => {
  let orders: Orders | undefined
  beforeAll(async () => void (orders = await openShop(options())))
  afterAll(() => orders?.close())
  return () => {
    if (orders === undefined) throw new Error("the shop opens before the first test")
    return orders
  }
}

/** The stores that the tests of callers without Effect run on. */
export const shops = (): ReadonlyArray<readonly [name: string, shop: () => Orders]> => {
  const url = fileDatabase()
  return [
    ["in memory", fileShop()],
    ["on PostgreSQL", fileShop(() => ({ store: postgresStore({ url: url(), maxConnections: 4 }) }))]
  ]
}

const asked = <A, E>(call: () => Promise<A>): Effect.Effect<A, E> =>
  // What a promise is rejected with has no type. That it is one of these is what the tests find out.
  Effect.tryPromise({ try: call, catch: (error) => error as E })

const streamed = <A, E>(items: () => AsyncIterable<A>): Stream.Stream<A, E> =>
  Stream.suspend(() => Stream.fromAsyncIterable(items(), (error) => error as E))

/** The services again, made of promises. An operation that the promises lack does not compile here. */
export const promisedServices = (orders: Orders): Layer.Layer<OrderLifecycle | AuditTrail | Reservations> =>
  Layer.mergeAll(
    Layer.succeed(OrderLifecycle, {
      place: (caller, request, options) => asked(() => orders.place(caller, request, options)),
      confirm: (caller, orderId) => asked(() => orders.confirm(caller, orderId)),
      startSubscription: (caller, request) => asked(() => orders.startSubscription(caller, request)),
      cancelSubscription: (caller, request) => asked(() => orders.cancelSubscription(caller, request)),
      returnSubscription: (caller, request) => asked(() => orders.returnSubscription(caller, request)),
      buyOutSubscription: (caller, request) => asked(() => orders.buyOutSubscription(caller, request)),
      completeSubscription: (caller, request) => asked(() => orders.completeSubscription(caller, request)),
      extendSubscription: (caller, request) => asked(() => orders.extendSubscription(caller, request)),
      upgradeSubscription: (caller, request) => asked(() => orders.upgradeSubscription(caller, request)),
      replaceAsset: (caller, request) => asked(() => orders.replaceAsset(caller, request)),
      release: (caller, orderId, request) => asked(() => orders.release(caller, orderId, request)),
      addItems: (caller, orderId, request) => asked(() => orders.addItems(caller, orderId, request)),
      correct: (caller, orderId, request) => asked(() => orders.correct(caller, orderId, request)),
      recordPayment: (caller, orderId, request) => asked(() => orders.recordPayment(caller, orderId, request)),
      cancel: (caller, orderId, request) => asked(() => orders.cancel(caller, orderId, request)),
      apply: (caller, orderId, command, request) => asked(() => orders.apply(caller, orderId, command, request)),
      within: () => Effect.die(new Error("a transaction is joined in test/promise/within.test.ts")),
      commands: (caller, orderId) => asked(() => orders.commands(caller, orderId)),
      cancelMany: (caller, orderIds, request) =>
        Effect.map(
          asked(() => orders.cancelMany(caller, orderIds, request)),
          (outcomes) =>
            outcomes.map((each) => ({
              orderId: each.orderId,
              outcome: each.ok ? Result.succeed(each.value) : Result.fail(each.error)
            }))
        ),
      preview: (caller, orderId, request) => asked(() => orders.preview(caller, orderId, request)),
      explain: (caller, orderId, request) => asked(() => orders.explain(caller, orderId, request)),
      get: (tenantId, orderId) => asked(() => orders.get(tenantId, orderId)),
      list: (tenantId, request) => asked(() => orders.list(tenantId, request)),
      getSubscription: (tenantId, subscriptionId) => asked(() => orders.getSubscription(tenantId, subscriptionId)),
      calculateEarlyReturnFee: (tenantId, id) => asked(() => orders.calculateEarlyReturnFee(tenantId, id)),
      calculateBuyout: (tenantId, id) => asked(() => orders.calculateBuyout(tenantId, id)),
      listSubscriptions: (tenantId, request) => asked(() => orders.listSubscriptions(tenantId, request)),
      rewriteNotes: (tenantId, orderId, request, options) =>
        asked(() => orders.rewriteNotes(tenantId, orderId, request, options)),
      rewriteSubscriptionNotes: (tenantId, subscriptionId, request, options) =>
        asked(() => orders.rewriteSubscriptionNotes(tenantId, subscriptionId, request, options))
    }),
    Layer.succeed(AuditTrail, {
      emit: () => Effect.die(new Error("not for callers")),
      announce: () => Effect.die(new Error("not for callers")),
      live: Stream.orDie(streamed(() => orders.auditTrail.live())),
      history: (tenantId, orderId) => asked(() => orders.auditTrail.history(tenantId, orderId)),
      all: (tenantId) => streamed(() => orders.auditTrail.all(tenantId)),
      verify: (tenantId, orderId, head) => asked(() => orders.auditTrail.verify(tenantId, orderId, head)),
      verifyAll: (tenantId) => streamed(() => orders.auditTrail.verifyAll(tenantId)),
      erase: (tenantId, orderId, sequence) => asked(() => orders.auditTrail.erase(tenantId, orderId, sequence)),
      deliver: (consume, options) =>
        Effect.flatMap(Effect.context(), (context) =>
          asked(() =>
            orders.auditTrail.deliver(
              (events) => Effect.runPromiseWith(context)(consume(events) as Effect.Effect<void, unknown>),
              { limit: options?.limit }
            )
          )
        )
    }),
    Layer.succeed(Reservations, {
      changesOf: orders.reservations.changesOf,
      heldFor: (tenantId, orderId) => asked(() => orders.reservations.heldFor(tenantId, orderId)),
      stock: (tenantId, sku) => asked(() => orders.reservations.stock(tenantId, sku))
    })
  )

/** The services, with promises in between, on a store. */
export const promisedShop = <E, R, More>(store: Layer.Layer<OrderStore | More, E, R>) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const given = Layer.succeed(OrderStore, yield* OrderStore)
      const orders = yield* Effect.acquireRelease(
        Effect.promise(() => openShop({ store: given })),
        (orders) => Effect.promise(() => orders.close())
      )
      return promisedServices(orders)
    })
  ).pipe(Layer.provideMerge(store))
