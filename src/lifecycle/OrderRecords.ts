/**
 * The port through which what is stored is checked (`order-lifecycle/verify`): everything that is kept, as it is kept.
 *
 * It stands beside `OrderStore` and not in it, because it keeps another promise. `OrderStore` gives sound orders or none; this one gives
 * unsound ones too, since to find those is what it is for. A store without it works, and cannot be verified.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { SealedEvent } from "../order/auditChain.ts"
import type { Lookup } from "../order/lookups.ts"
import type { OrderId, TenantId } from "../order/Order.ts"
import type { EventKey, StoreUnavailable, WaitingCommand } from "./OrderStore.ts"

/** What one consumer has of an order. */
export interface ConsumerRecord {
  readonly consumer: string
  /** The position up to which events were handed on to it. */
  readonly upTo: number
  /** It is known that events stand behind that position. */
  readonly isBehind: boolean
  /** Sequences of those that were handed on and are not done, from the one whose turn it is; null when there are none. */
  readonly undone: { readonly first: number; readonly last: number } | null
}

/** All that is kept of one order, in one snapshot. Nothing of it has been checked. */
export interface OrderRecord {
  readonly tenantId: TenantId
  readonly orderId: OrderId
  /** The order in the form of the `Order` schema, as far as it can be put together; null when only other parts of it are left. */
  readonly order: unknown
  /** The hash that the next event would be sealed behind. */
  readonly headHash: string | null
  /** The reservations, by line. */
  readonly reservations: ReadonlyArray<{ readonly line: number; readonly sku: string; readonly quantity: number }>
  /** The events, oldest first. */
  readonly events: ReadonlyArray<SealedEvent>
  /** The positions of the order's events among those of the tenant, by sequence. */
  readonly positions: ReadonlyArray<{ readonly sequence: number; readonly position: number }>
  /** Sequences of the events that have no position yet, ascending. */
  readonly unplaced: ReadonlyArray<number>
  /** What each consumer of the tenant's events has of the order. */
  readonly consumers: ReadonlyArray<ConsumerRecord>
  /** The commands that it waits for. */
  readonly due: ReadonlyArray<Pick<WaitingCommand, "name" | "since" | "status" | "at">>
  /** The members of its own data that lists find it by, by name, each with its value as JSON; null where lists look at the order itself. */
  readonly filterable: ReadonlyArray<{ readonly member: string; readonly json: string }> | null
  /** What lists find it by besides; null where lists look at the order itself. */
  readonly lookups: ReadonlyArray<Lookup> | null
  /**
   * What the store itself keeps twice (columns it sorts or looks up by, indexes of its own) and what does not agree: a sentence each.
   * Every one is a violation of C4.
   */
  readonly disagreements: ReadonlyArray<string>
}

/**
 * What no single order shows. S6: an asset under two active subscriptions. S7: a registered asset that the subscriptions do not agree with. S8: a
 * stock that is not the sum over the lines. C4: a remembered answer whose event does not exist. B1: a guard of the store's own that is gone. R1: a
 * session that holds locks and does nothing.
 */
export interface StoreFault {
  readonly id: "S6" | "S7" | "S8" | "C4" | "B1" | "R1"
  readonly tenantId?: TenantId
  readonly orderId?: OrderId
  readonly message: string
}

export class OrderRecords extends Context.Service<
  OrderRecords,
  {
    /** Tenants of whom anything is kept, by id, after `after`, at most `limit`. Empty when there are no more. */
    readonly tenantIds: (after: TenantId | null, limit: number) => Effect.Effect<ReadonlyArray<TenantId>, StoreUnavailable>

    /**
     * What is kept of a tenant's orders, by order id, after `after`, at most `limit`. Fewer where they are large, so that a page fits into
     * memory; empty only when there are no more. An order of which any part is left is among them.
     */
    readonly read: (
      tenantId: TenantId,
      after: OrderId | null,
      limit: number
    ) => Effect.Effect<ReadonlyArray<OrderRecord>, StoreUnavailable>

    /** The hashes of events, in the order of the keys; null where there is no such event. */
    readonly hashesOf: (events: ReadonlyArray<EventKey>) => Effect.Effect<ReadonlyArray<string | null>, StoreUnavailable>

    /** What is wrong between the orders of a tenant, or, for null, with the store as a whole. */
    readonly faults: (tenantId: TenantId | null) => Stream.Stream<StoreFault, StoreUnavailable>
  }
>()("order-lifecycle/OrderRecords") {}
