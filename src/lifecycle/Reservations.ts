/**
 * Reservations: the units of each line that are held for an order. They begin when the order is placed, one per line, move with its
 * subscriptions, and are released by a cancel. They are soft: an order may hold more than the stock has.
 *
 * The functions say what a transition does to the reservations; `OrderStore.commit` writes it together with everything else, so a
 * reservation never changes without its order. What is held is derived by summing; no counter is stored anywhere.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Transition } from "../order/Transition.ts"
import type { OrderId, Sku, TenantId } from "../order/Order.ts"
import { isSame, type Units } from "../order/Units.ts"
import { HasAssetRegistry } from "./HasAssetRegistry.ts"
import { OrderStore, type Stock, type StoreUnavailable } from "./OrderStore.ts"

/** Where the units of one line are, before and after a transition. `from` is null when the line is new. */
export interface ReservationChange {
  readonly line: number
  readonly sku: Sku
  readonly quantity: number
  readonly from: Units | null
  readonly to: Units
}

/** Units held for one order, per line. */
export interface Held {
  readonly line: number
  readonly sku: Sku
  readonly quantity: number
}

export class Reservations extends Context.Service<
  Reservations,
  {
    /** What a transition holds, moves or releases: the lines whose units change, and only those. None for an answer given again. */
    readonly changesOf: (transition: Transition) => ReadonlyArray<ReservationChange>
    /** Units held for an order, per line that holds any. Empty when there is no such order. */
    readonly heldFor: (tenantId: TenantId, orderId: OrderId) => Effect.Effect<ReadonlyArray<Held>, StoreUnavailable>
    /** Units of a SKU reserved and rented, over all orders of the tenant; with the registry of assets, also those that can be rented. */
    readonly stock: (tenantId: TenantId, sku: Sku) => Effect.Effect<Stock, StoreUnavailable>
  }
>()("order-lifecycle/Reservations") {
  static readonly layer: Layer.Layer<Reservations, never, OrderStore> = Layer.effect(
    Reservations,
    Effect.gen(function* () {
      const store = yield* OrderStore
      const hasRegistry = yield* HasAssetRegistry
      return {
        changesOf,
        stock: (tenantId, sku) =>
          hasRegistry
            ? Effect.zipWith(store.stock(tenantId, sku), store.rentableAssets(tenantId, sku), (stock, available) => ({
                ...stock,
                available
              }))
            : store.stock(tenantId, sku),
        heldFor: Effect.fn("Reservations.heldFor")(function* (tenantId: TenantId, orderId: OrderId) {
          const [loaded] = yield* store.load([{ tenantId, order: { orderId } }])
          const lines = loaded?.order?.lines ?? []
          return lines.flatMap(({ sku, units }, line) => (units.held > 0 ? [{ line, sku, quantity: units.held }] : []))
        })
      }
    })
  )
}

export const changesOf = ({ before, after, replayed }: Transition): ReadonlyArray<ReservationChange> => {
  if (replayed) return []
  const changes: Array<ReservationChange> = []
  for (const [line, { sku, quantity, units: to }] of after.lines.entries()) {
    const from = before?.lines[line]?.units ?? null
    if (from === null || !isSame(from, to)) changes.push({ line, sku, quantity, from, to })
  }
  return changes
}
