/** A store in memory that keeps a list of what was written to it, and can be compared with what it was before. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { layer as memoryStore } from "../../src/memory/MemoryOrderStore.ts"
import { brokenLaws } from "../../src/order/invariants.ts"
import type { Order, OrderId, TenantId } from "../../src/order/Order.ts"

/** Something that was written. A commit that was not made is nothing. */
export interface Write {
  readonly what: "commit" | "refusal under a key" | "notes" | "erasure" | "keys forgotten"
  /** The order as the commit has it. */
  readonly order?: Order
}

export const recordedStore = () => {
  const writes: Array<Write> = []
  let inner: OrderStore["Service"] | undefined
  const note = (what: Write["what"], isWritten = true) =>
    Effect.sync(() => {
      if (isWritten) writes.push({ what })
    })
  const record = (store: OrderStore["Service"]): OrderStore["Service"] => {
    inner = store
    return {
      ...store,
      commit: (changes) =>
        Effect.tap(store.commit(changes), (outcomes) =>
          Effect.sync(() =>
            outcomes.forEach((outcome, index) => {
              const order = changes[index]?.transition.after
              if (outcome === "committed" && order) writes.push({ what: "commit", order })
            })
          )
        ),
      rememberRefusal: (...request) => Effect.tap(store.rememberRefusal(...request), () => note("refusal under a key")),
      rewriteNotes: (...request) => Effect.tap(store.rewriteNotes(...request), (isDone) => note("notes", isDone)),
      eraseText: (...request) => Effect.tap(store.eraseText(...request), (isDone) => note("erasure", isDone)),
      forgetExpired: (...request) => Effect.tap(store.forgetExpired(...request), (count) => note("keys forgotten", count > 0))
    }
  }
  const store = (): OrderStore["Service"] => {
    if (inner === undefined) throw new Error("nobody has opened the store yet")
    return inner
  }
  return {
    layer: Layer.provide(Layer.effect(OrderStore, Effect.map(OrderStore, record)), memoryStore),
    /** Grows with every write. */
    writes: writes as ReadonlyArray<Write>,
    /** The store itself, for looking behind the service and for putting orders there. */
    store,
    /** Everything the store has of these tenants, as one text: equal texts mean that nothing has changed. */
    contents: (...tenants: ReadonlyArray<TenantId>) => Effect.runPromise(contentsOf(store(), tenants)),
    /** Every order of a tenant that breaks a law, and how. */
    broken: (tenantId: TenantId) =>
      Effect.runPromise(
        Effect.map(ordersOf(store(), tenantId), (orders) =>
          orders.flatMap((order) => brokenLaws(order).map((law) => `${order.orderId}: ${law}`))
        )
      )
  }
}

const ordersOf = Effect.fnUntraced(function* (store: OrderStore["Service"], tenantId: TenantId) {
  const orders: Array<Order> = []
  let after: OrderId | null = null
  for (;;) {
    const ids: ReadonlyArray<OrderId> = yield* store.orderIds(tenantId, after, 500)
    if (ids.length === 0) return orders
    const loads = yield* store.load(ids.map((orderId) => ({ tenantId, order: { orderId } })))
    for (const { order } of loads) if (order) orders.push(order)
    after = ids.at(-1) ?? null
  }
})

const contentsOf = Effect.fnUntraced(function* (store: OrderStore["Service"], tenants: ReadonlyArray<TenantId>) {
  const parts: Array<unknown> = []
  for (const tenantId of tenants) {
    const orders = yield* ordersOf(store, tenantId)
    const histories = yield* Effect.forEach(orders, ({ orderId }) => store.history(tenantId, orderId))
    parts.push([tenantId, orders, histories])
  }
  return JSON.stringify(parts)
})
