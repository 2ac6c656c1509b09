/** A store over another that lets a test look at what is called, and come in between. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"

type Store = OrderStore["Service"]

/** The store, with some of its functions replaced. */
export const watchedStore = <E, R>(
  store: Layer.Layer<OrderStore | R, E>,
  watch: (store: Store) => Partial<Store>
): Layer.Layer<OrderStore | R, E> =>
  Layer.flatMap(store, (context) => {
    const inner = Context.get(context, OrderStore)
    return Layer.succeedContext(Context.add(context, OrderStore, { ...inner, ...watch(inner) }))
  })

/** Every function of the store gives way to others before and after it has worked, as calls over a network do. */
export const giveWay = (store: Store): Store => {
  const pause = Effect.andThen(Effect.yieldNow, Effect.yieldNow)
  const between = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.tap(Effect.andThen(pause, effect), () => pause)
  return {
    load: (requests) => between(store.load(requests)),
    loadPlacing: (request) => between(store.loadPlacing(request)),
    commit: (changes) => between(store.commit(changes)),
    exclusively: (order, use) => between(store.exclusively(order, use)),
    rememberRefusal: (key, refusal, now) => between(store.rememberRefusal(key, refusal, now)),
    forgetExpired: (...request) => between(store.forgetExpired(...request)),
    tenantIds: (after, limit) => between(store.tenantIds(after, limit)),
    currentTransaction: store.currentTransaction,
    rewriteNotes: (...request) => between(store.rewriteNotes(...request)),
    listOrders: (query) => between(store.listOrders(query)),
    listSubscriptions: (query) => between(store.listSubscriptions(query)),
    findSubscription: (tenantId, subscriptionId) => between(store.findSubscription(tenantId, subscriptionId)),
    stock: (tenantId, sku) => between(store.stock(tenantId, sku)),
    history: (tenantId, orderId) => between(store.history(tenantId, orderId)),
    event: (key) => between(store.event(key)),
    orderIds: (tenantId, after, limit) => between(store.orderIds(tenantId, after, limit)),
    addConsumer: (...args) => between(store.addConsumer(...args)),
    removeConsumer: (...args) => between(store.removeConsumer(...args)),
    consumers: (...args) => between(store.consumers(...args)),
    tenantsWithWork: (...args) => between(store.tenantsWithWork(...args)),
    leaseEvents: (...args) => between(store.leaseEvents(...args)),
    settleEvents: (...args) => between(store.settleEvents(...args)),
    parkedEvents: (...args) => between(store.parkedEvents(...args)),
    unparkEvent: (...args) => between(store.unparkEvent(...args)),
    tenantsWithDue: (...args) => between(store.tenantsWithDue(...args)),
    leaseDue: (...args) => between(store.leaseDue(...args)),
    settleDue: (...args) => between(store.settleDue(...args)),
    dueOf: (...args) => between(store.dueOf(...args)),
    parkedDue: (...args) => between(store.parkedDue(...args)),
    unparkDue: (...args) => between(store.unparkDue(...args)),
    planDue: (...args) => between(store.planDue(...args)),
    indexData: (...args) => between(store.indexData(...args)),
    loadAsset: (...args) => between(store.loadAsset(...args)),
    changeAsset: (...args) => between(store.changeAsset(...args)),
    listAssets: (...args) => between(store.listAssets(...args)),
    assetRecords: (...args) => between(store.assetRecords(...args)),
    rentableAssets: (...args) => between(store.rentableAssets(...args)),
    assetDisagreements: (...args) => between(store.assetDisagreements(...args)),
    feed: (...args) => between(store.feed(...args)),
    eraseText: (...args) => between(store.eraseText(...args))
  }
}

/**
 * Whoever is given this loses every race until the order's lock is had: its commits are refused as if somebody else had been first. What
 * really comes first is done just before the lock.
 */
export const LosesRaces = Context.Reference<{ readonly before: Effect.Effect<unknown> } | null>("test/LosesRaces", {
  defaultValue: () => null
})

/** Counts lost races and locks, and loses races for whoever asks for it. */
export const losingRaces =
  (count: { lost: number; locked: number }) =>
  (store: Store): Partial<Store> => ({
    commit: (changes) =>
      Effect.flatMap(LosesRaces, (loses) =>
        (loses ? Effect.succeed(changes.map(() => "conflict" as const)) : store.commit(changes)).pipe(
          Effect.tap((outcomes) => Effect.sync(() => void (count.lost += outcomes.filter((each) => each === "conflict").length)))
        )
      ),
    exclusively: (order, use) =>
      Effect.flatMap(LosesRaces, (loses) => {
        count.locked++
        return Effect.andThen(loses?.before ?? Effect.void, store.exclusively(order, use)).pipe(
          Effect.provideService(LosesRaces, null)
        )
      })
  })
