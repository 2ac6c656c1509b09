/**
 * The port to wherever orders are kept. An adapter is certified by the contract suite (`order-lifecycle/testing`).
 *
 * Two promises carry the whole library:
 *
 * - `commit` is atomic. A change is order, reservations, subscription, audit event, outbox row and idempotency answer together, all of
 *   them or none, and only while the order still is at the version that the change was decided on.
 * - An answer is the truth. `StoreUnavailable` means that nothing was done; `OutcomeUnknown` that nobody can tell.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { SealedEvent } from "../order/auditChain.ts"
import type { Transition } from "../order/decide.ts"
import type {
  CustomerId,
  Order,
  OrderedLine,
  OrderId,
  OrderStatus,
  SerialNumber,
  Sku,
  Subscription,
  SubscriptionId,
  SubscriptionStatus,
  TenantId
} from "../order/Order.ts"
import { OrderId as OrderIdSchema } from "../order/Order.ts"
import { Refusal } from "../order/Refusal.ts"
import type { Timestamp } from "../order/Timestamp.ts"
import type { ReservationChange } from "./Reservations.ts"

/** What a call under an idempotency key ended in: the transition it made, or the refusal it got. */
export const RememberedOutcome = Schema.Union([
  Schema.Struct({ outcome: Schema.tag("accepted"), orderId: OrderIdSchema, sequence: Schema.Int }),
  Schema.Struct({ outcome: Schema.tag("refused"), refusal: Refusal })
])
export type RememberedOutcome = typeof RememberedOutcome.Type

/** A key with the request it stands for, until `expiresAt`. A row past that time counts as absent. */
export interface IdempotencyKey {
  readonly tenantId: TenantId
  readonly key: string
  /** SHA-256 of the tenant, the command, its target and its content, in hex. */
  readonly fingerprint: string
  readonly expiresAt: Timestamp
}

/** What is kept under a key. */
export interface Remembered {
  readonly fingerprint: string
  readonly outcome: RememberedOutcome
}

/** Which order to load, and what else to look up in the same snapshot. */
export interface LoadRequest {
  readonly tenantId: TenantId
  /** The order, by its own id or by that of one of its subscriptions. */
  readonly order: { readonly orderId: OrderId } | { readonly subscriptionId: SubscriptionId }
  /** Look up what is remembered under this key, unless it expired before `now`. */
  readonly idempotency?: { readonly key: string; readonly now: Timestamp }
  /** Look up whether this serial number is under an active subscription in the tenant. */
  readonly serialNumber?: SerialNumber
}

/** An order as one snapshot of the store has it, and all that a decision on it needs. */
export interface Loaded {
  readonly order: Order | null
  /** Hash of the order's newest event; null without an order. */
  readonly headHash: string | null
  readonly remembered: Remembered | null
  readonly serialIsRented: boolean
}

/** One transition, with all that is written with it. */
export interface Change {
  readonly transition: Transition
  readonly sealed: SealedEvent
  readonly reservations: ReadonlyArray<ReservationChange>
  /** Set on a placement whose customer is new to the tenant. */
  readonly newCustomer?: { readonly customerId: CustomerId; readonly emailKey: string }
  /** Remember the transition under this key. */
  readonly remember?: IdempotencyKey
}

/** `conflict`: someone else was first (the version moved on, or the key, serial number or customer was taken). Nothing was written. */
export type CommitOutcome = "committed" | "conflict"

export type SortDirection = "asc" | "desc"
/** What a list of orders is sorted by; equal ones follow by id. Totals are compared within a currency, and currencies by their code. */
export type OrderSort = "createdAt" | "updatedAt" | "orderId" | "status" | "totals.total"

/** Where a page begins: behind the row with this sort value and id. Opaque to callers (`Cursor.ts` writes it down). */
export interface PagePosition {
  /** For `totals.total` the currency and the total in minor units; otherwise the value itself. */
  readonly value: string | readonly [currency: string, total: number]
  readonly id: string
}

/**
 * A row of a list: what was asked for, or which order cannot be read, why, and where it would stand. A row that cannot be read never fails
 * the list; it counts towards `limit`.
 */
export type Row<Item> = { readonly item: Item } | { readonly unreadable: Unreadable; readonly position: PagePosition }

/** A stored order that cannot be read. To read it by itself is a defect, and `verify` names it. */
export interface Unreadable {
  readonly orderId: OrderId
  readonly cause: unknown
}

/** A page of orders: whose, which, in which order, and behind which one it begins. */
export interface OrderQuery {
  readonly tenantId: TenantId
  /** Orders with any of these; never empty. */
  readonly status?: ReadonlyArray<OrderStatus>
  readonly customerId?: CustomerId
  readonly sortBy: OrderSort
  readonly sortDir: SortDirection
  readonly after?: PagePosition
  /** At most this many rows. */
  readonly limit: number
}

/** A page of subscriptions, newest first. */
export interface SubscriptionQuery {
  readonly tenantId: TenantId
  readonly orderId?: OrderId
  /** Subscriptions with any of these; never empty. */
  readonly status?: ReadonlyArray<SubscriptionStatus>
  readonly customerId?: CustomerId
  readonly serialNumber?: SerialNumber
  readonly after?: PagePosition
  readonly limit: number
}

/**
 * A subscription with what belongs to it of its order: its line (product, price), its customer and its currency. The other lines and
 * subscriptions are left out, so that a page costs what is on it, however large the orders are.
 */
export interface SubscriptionOfOrder {
  readonly subscription: Subscription
  /** The line as it was ordered. `unitPrice` is minor units a month. */
  readonly line: OrderedLine
  readonly order: Pick<Order, "tenantId" | "orderId" | "version" | "status" | "currency" | "decimals" | "customer">
}

/** The transaction that the running fiber is in: one under `exclusively`, or one of the caller's own on the same connections. */
export interface Transaction {
  /**
   * Run an effect when the outermost transaction has been committed, and never when it is rolled back. It must not fail, and be quick:
   * the commit waits for it.
   */
  readonly afterCommit: (effect: Effect.Effect<void>) => Effect.Effect<void>
}

/** Units of a SKU over all orders of the tenant: derived by summing, stored nowhere. */
export interface Stock {
  readonly reserved: number
  readonly rented: number
}

/** An event awaiting delivery to a durable consumer. */
export interface OutboxEntry {
  readonly sealed: SealedEvent
  /** How often it was handed out before. */
  readonly attempts: number
}

/** Which event: unique over all tenants. */
export interface EventKey {
  readonly tenantId: TenantId
  readonly orderId: OrderId
  readonly sequence: number
}

export class StoreUnavailable extends Schema.TaggedError<StoreUnavailable>()("StoreUnavailable", {
  cause: Schema.Defect()
}) {
  static readonly when = "The store cannot be reached or is overloaded, and nothing was done."
  readonly remedy = "Try again later."
  override get message() {
    return "The store is unavailable. Nothing was changed."
  }
}

/** Never a domain answer. */
export class OutcomeUnknown extends Schema.TaggedError<OutcomeUnknown>()("OutcomeUnknown", { cause: Schema.Defect() }) {
  static readonly when = "The change was sent and no answer came: it may or may not have been made."
  readonly remedy = "Repeat the request under the same idempotency key, or read before you repeat."
  override get message() {
    return "It is unknown whether the change was made."
  }
}

export class OrderStore extends Context.Service<
  OrderStore,
  {
    /** Load many orders, one answer per request, in order. Those of one tenant come from one statement and one snapshot. */
    readonly load: (requests: ReadonlyArray<LoadRequest>) => Effect.Effect<ReadonlyArray<Loaded>, StoreUnavailable>

    /** For a placement: the customer that has this email, and what is remembered under the key. */
    readonly loadPlacing: (request: {
      readonly tenantId: TenantId
      readonly emailKey: string
      readonly idempotency?: { readonly key: string; readonly now: Timestamp }
    }) => Effect.Effect<{ readonly customerId: CustomerId | null; readonly remembered: Remembered | null }, StoreUnavailable>

    /**
     * Commit changes to different orders, those of one tenant in one statement. Each is atomic by itself and keeps its own outcome: one
     * order's lost race never fails its neighbours.
     */
    readonly commit: (
      changes: ReadonlyArray<Change>
    ) => Effect.Effect<ReadonlyArray<CommitOutcome>, StoreUnavailable | OutcomeUnknown>

    /** The transaction that the running fiber is in; null outside of one, where each call is committed by itself. */
    readonly currentTransaction: Effect.Effect<Transaction | null>

    /**
     * Run `use` while nobody else can change the order. What `use` loads and commits belongs to one transaction. The way out for a
     * command that has lost too many races.
     */
    readonly exclusively: <A, E, R>(
      order: { readonly tenantId: TenantId; readonly orderId: OrderId },
      use: Effect.Effect<A, E, R>
    ) => Effect.Effect<A, E | StoreUnavailable | OutcomeUnknown, R>

    /**
     * Remember a refusal. Whoever comes first defines the answer: returns what is kept under the key now. The refusal holds no confidential
     * text: what an erasure is to reach is kept in the order and in its events only.
     */
    readonly rememberRefusal: (
      key: IdempotencyKey,
      refusal: Refusal,
      now: Timestamp
    ) => Effect.Effect<Remembered, StoreUnavailable | OutcomeUnknown>

    /** Forget a tenant's keys that expired before `now`, at most `limit` of them. Returns how many. */
    readonly forgetExpired: (
      tenantId: TenantId,
      now: Timestamp,
      limit: number
    ) => Effect.Effect<number, StoreUnavailable | OutcomeUnknown>

    /**
     * Erase the confidential text of one event (a reason, a note) with its salt, from the event and from everything that was made of it:
     * the cancellation, the subscription. One statement; no version, no event. Erasing again changes nothing and answers the same. False
     * when there is no such event, or when it is the one that placed the order: what that one says in confidence is the order itself.
     */
    readonly eraseText: (event: EventKey) => Effect.Effect<boolean, StoreUnavailable | OutcomeUnknown>

    /** Rewrite an order's notes. False when there is no such order. Touches nothing else: no version, no event. */
    readonly rewriteNotes: (
      tenantId: TenantId,
      orderId: OrderId,
      notes: string
    ) => Effect.Effect<boolean, StoreUnavailable | OutcomeUnknown>

    /** A page of orders, after `after` by keyset: as fast at depth 100,000 as at depth 1. */
    readonly listOrders: (query: OrderQuery) => Effect.Effect<ReadonlyArray<Row<Order>>, StoreUnavailable>

    /** A page of subscriptions, newest first. */
    readonly listSubscriptions: (
      query: SubscriptionQuery
    ) => Effect.Effect<ReadonlyArray<Row<SubscriptionOfOrder>>, StoreUnavailable>

    /** One subscription with its order; null when the tenant has none by that id. */
    readonly findSubscription: (
      tenantId: TenantId,
      subscriptionId: SubscriptionId
    ) => Effect.Effect<SubscriptionOfOrder | null, StoreUnavailable>

    /** Units reserved and rented of a SKU. */
    readonly stock: (tenantId: TenantId, sku: Sku) => Effect.Effect<Stock, StoreUnavailable>

    /** The events of an order, oldest first. Empty when there is no such order. */
    readonly history: (tenantId: TenantId, orderId: OrderId) => Effect.Effect<ReadonlyArray<SealedEvent>, StoreUnavailable>

    /** One event; null when there is none. Costs the same however many events the order has. */
    readonly event: (event: EventKey) => Effect.Effect<SealedEvent | null, StoreUnavailable>

    /** Orders of a tenant by id, after `after`, at most `limit`: for walking through all of them in bounded memory. */
    readonly orderIds: (
      tenantId: TenantId,
      after: OrderId | null,
      limit: number
    ) => Effect.Effect<ReadonlyArray<OrderId>, StoreUnavailable>

    /** Tenants of whom anything is kept, by id, after `after`, at most `limit`: for housekeeping, which goes tenant by tenant. */
    readonly tenantIds: (after: TenantId | null, limit: number) => Effect.Effect<ReadonlyArray<TenantId>, StoreUnavailable>

    /**
     * Lease undelivered events to one consumer until `leaseUntil`: per order only the oldest, so that a consumer sees an order's events in
     * sequence. An event whose lease ran out before `now` is handed out again.
     */
    readonly leaseOutbox: (
      limit: number,
      now: Timestamp,
      leaseUntil: Timestamp
    ) => Effect.Effect<ReadonlyArray<OutboxEntry>, StoreUnavailable | OutcomeUnknown>

    /** Mark events as delivered. */
    readonly acknowledgeOutbox: (events: ReadonlyArray<EventKey>) => Effect.Effect<void, StoreUnavailable | OutcomeUnknown>
  }
>()("order-lifecycle/OrderStore") {}
