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
import type { AssetStep } from "../asset/assetSteps.ts"
import type { AssetChange, AssetUse } from "../asset/decideAsset.ts"
import type { AssetRecord, AssetStatus, RegisteredAsset } from "../asset/RegisteredAsset.ts"
import type { SealedEvent } from "../order/auditChain.ts"
import type { Transition } from "../order/Transition.ts"
import {
  type CustomerId,
  type Order,
  type OrderedLine,
  type OrderId,
  OrderId as OrderIdSchema,
  type OrderStatus,
  type SerialNumber,
  SerialNumber as SerialNumberSchema,
  type Sku,
  type Subscription,
  type SubscriptionId,
  type SubscriptionStatus,
  type TenantId
} from "../order/Order.ts"
import type { DueChange, DueCommand } from "../order/due.ts"
import type { Lookup } from "../order/lookups.ts"
import type { DataFilter } from "../order/process/OwnFilters.ts"
import type { RowsOfTable } from "../order/process/OwnRows.ts"
import { Refusal } from "../order/Refusal.ts"
import type { Timestamp } from "../order/Timestamp.ts"
import type { ReservationChange } from "./Reservations.ts"

/** What a call under an idempotency key ended in: the transition it made, the version of an asset, or the refusal it got. */
export const RememberedOutcome = Schema.Union([
  Schema.Struct({ outcome: Schema.tag("accepted"), orderId: OrderIdSchema, sequence: Schema.Int }),
  Schema.Struct({ outcome: Schema.tag("assetChanged"), serialNumber: SerialNumberSchema, version: Schema.Int }),
  Schema.Struct({ outcome: Schema.tag("refused"), refusal: Refusal })
])
export type RememberedOutcome = typeof RememberedOutcome.Type

/** A key with the request it stands for, until `expiresAt`. A row past that time counts as absent. */
export interface IdempotencyKey {
  readonly tenantId: TenantId
  readonly key: string
  /** SHA-256 of the tenant, the command, its target and its content, in hex. */
  readonly fingerprint: string
  /** The moment of the command. A key that is there is free when it expired before. An event's time may be later, and says nothing here. */
  readonly rememberedAt: Timestamp
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
  /** Look up whether this serial number is under an active subscription in the tenant, and its asset in the registry. */
  readonly serialNumber?: SerialNumber
}

/** An order as one snapshot of the store has it, and all that a decision on it needs. */
export interface Loaded {
  readonly order: Order | null
  /** Hash of the order's newest event; null without an order. */
  readonly headHash: string | null
  readonly remembered: Remembered | null
  readonly serialIsRented: boolean
  /** The registered asset of the serial number that was asked about; null when none was, or when it is not registered. */
  readonly asset: RegisteredAsset | null
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
  /**
   * Assets of the registry that the change moves, by serial number. One that is not there in the status that it is moved from is a conflict.
   */
  readonly assets?: ReadonlyArray<AssetStep>
  /** Rows of the embedding service's own tables, written with the rest or not at all. */
  readonly rows?: ReadonlyArray<RowsOfTable>
  /** Commands that the order waits for from now on, and those that it waits for no longer. */
  readonly due?: DueChange
  /** The members of own data that lists find the order by from now on, all of them. Left out, they stay as they are. */
  readonly filterable?: DataFilter
}

/**
 * A table of the embedding service's own did not take a row: a defect, of the process or of the table. Nothing of the change was made. `column` and
 * `constraint` are set where the database names them.
 */
export class RowRefused extends Error {
  override readonly name = "RowRefused"
  /** `schema.table`; several, with commas between them, where the database does not say which. */
  readonly table: string
  readonly column: string | undefined
  readonly constraint: string | undefined

  constructor(
    refused: { readonly table: string; readonly column?: string | undefined; readonly constraint?: string | undefined },
    reason: string,
    options?: ErrorOptions
  ) {
    const { table, column, constraint } = refused
    super(`the table ${table}${column === undefined ? "" : `, column ${column},`} did not take a row: ${reason}`, options)
    this.table = table
    this.column = column
    this.constraint = constraint
  }
}

/**
 * `conflict`: someone else was first (the version moved on, an asset was moved, or the key, serial number or customer was taken). Nothing was
 * written.
 */
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

/** A time, from `from` on and before `to`. */
export interface Period {
  readonly from?: Timestamp
  readonly to?: Timestamp
}

/** What has notes that can be rewritten: an order, or a subscription. */
export type NotesOwner = OrderId | { readonly subscriptionId: SubscriptionId }

/** A page of orders: whose, which, in which order, and behind which one it begins. */
export interface OrderQuery {
  readonly tenantId: TenantId
  /** Orders with any of these; never empty. */
  readonly status?: ReadonlyArray<OrderStatus>
  readonly customerId?: CustomerId
  /** Orders whose customer has this email, as `emailKeyOf` writes it. */
  readonly emailKey?: string
  readonly externalReference?: string
  /** Orders of which a line has this SKU. */
  readonly sku?: Sku
  readonly created?: Period
  readonly updated?: Period
  /**
   * Orders whose own data have all of these values; never empty. The first member is the one to look orders up by. An order of which no
   * `Change.filterable` said so may be missing, and one whose data are others is never listed.
   */
  readonly data?: DataFilter
  readonly sortBy: OrderSort
  readonly sortDir: SortDirection
  readonly after?: PagePosition
  /** At most this many rows. */
  readonly limit: number
}

/** What a list of subscriptions is sorted by: when they were started, or when their contract ends. Equal ones follow by id. */
export type SubscriptionSort = "createdAt" | "endDate"

/** A page of subscriptions: whose, which, in which order, and behind which one it begins. */
export interface SubscriptionQuery {
  readonly tenantId: TenantId
  readonly orderId?: OrderId
  /** Subscriptions with any of these; never empty. */
  readonly status?: ReadonlyArray<SubscriptionStatus>
  readonly customerId?: CustomerId
  readonly serialNumber?: SerialNumber
  /** Subscriptions on a line with this SKU. */
  readonly sku?: Sku
  /** When the contract ends. */
  readonly ends?: Period
  readonly sortBy: SubscriptionSort
  readonly sortDir: SortDirection
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

/** What is known of a serial number, in one snapshot. */
export interface LoadedAsset {
  readonly asset: RegisteredAsset | null
  /** The subscription that is active on the serial number, registered or not. */
  readonly use: AssetUse | null
  readonly remembered: Remembered | null
}

/** What a list of assets is sorted by; equal ones follow by serial number. */
export type AssetSort = "createdAt" | "updatedAt" | "serialNumber" | "status" | "sku"

/** A page of assets: whose, which, in which order, and behind which one it begins. */
export interface AssetQuery {
  readonly tenantId: TenantId
  /** Assets with any of these; never empty. */
  readonly status?: ReadonlyArray<AssetStatus>
  readonly sku?: Sku
  readonly customerId?: CustomerId
  readonly subscriptionId?: SubscriptionId
  readonly sortBy: AssetSort
  readonly sortDir: SortDirection
  readonly after?: PagePosition
  readonly limit: number
}

/** Where the registry and the subscriptions do not agree, in a sentence. */
export interface AssetDisagreement {
  readonly serialNumber: SerialNumber
  readonly message: string
}

/** The transaction that the running fiber is in: one under `exclusively`, or one of the caller's own on the same connections. */
export interface Transaction {
  /**
   * Run an effect when the outermost transaction has been committed, and never when it is rolled back. It must not fail, and be quick:
   * the commit waits for it.
   */
  readonly afterCommit: (effect: Effect.Effect<void>) => Effect.Effect<void>
}

/**
 * Units of a SKU over all orders of the tenant: derived by summing, stored nowhere. `available`: registered assets that can be rented, where the
 * registry is on.
 */
export interface Stock {
  readonly reserved: number
  readonly rented: number
  readonly available?: number
}

/** Whose events a consumer takes: those of one tenant or, for null, of every tenant. Its name is taken once in a scope. */
export interface ConsumerKey {
  readonly tenantId: TenantId | null
  readonly consumer: string
}

/** Where a new consumer starts: at the next event that is committed, or at the first one there is. */
export type ConsumerStart = "now" | "beginning"

/** How far a consumer is behind, in the scope that was asked for. */
export interface ConsumerLag extends ConsumerKey {
  /** Events it has not done, parked ones and those behind them included. */
  readonly pending: number
  /** Events that wait for a decision: each holds up the later events of its order. */
  readonly parked: number
  /** Age of the oldest pending event in ms, by the store's clock; null when nothing is pending. */
  readonly oldestMs: number | null
}

/** An event and its place among the events of its tenant, from 1. A reader who sees a position has every lower one before him. */
export interface PositionedEvent {
  readonly position: number
  readonly sealed: SealedEvent
}

/** An event that is handed to a consumer. */
export interface Delivery extends PositionedEvent {
  /** How often it was handed to this consumer before. */
  readonly attempts: number
  /** What the attempt before failed with, at most 1,000 characters; null when it did not say. */
  readonly lastError: string | null
}

/** Events of one tenant that one consumer has until the lease runs out, by the store's clock. At most one event of each order. */
export interface Lease {
  readonly leaseId: string
  readonly deliveries: ReadonlyArray<Delivery>
}

/**
 * What became of a leased event. Without more it is done. When it `failed` it is handed out again after `retryMs`; null parks it. When it is
 * `untried`, because its handler was never called, it is due again at once, and the lease does not count as an attempt.
 */
export interface Settlement {
  readonly orderId: OrderId
  readonly sequence: number
  readonly failed?: { readonly error: string; readonly retryMs: number | null }
  readonly untried?: true
}

/** `lost`: another lease has taken the event since, or the consumer was removed. Nothing was changed. */
export type SettlementOutcome = "settled" | "lost"

/** Which event: unique over all tenants. */
export interface EventKey {
  readonly tenantId: TenantId
  readonly orderId: OrderId
  readonly sequence: number
}

/** A command that an order waits for, as it is kept. */
export interface WaitingCommand extends DueCommand {
  readonly orderId: OrderId
  /** How often it was given and put off. */
  readonly attempts: number
  /** Why it was put off last, at most 1,000 characters; null when it never was. */
  readonly lastError: string | null
}

/** Which waiting command: an order has one of a name at most. */
export interface DueKey {
  readonly tenantId: TenantId
  readonly orderId: OrderId
  readonly name: string
}

/** Commands of one tenant that one worker has until the lease runs out, by the store's clock. */
export interface DueLease {
  readonly leaseId: string
  readonly commands: ReadonlyArray<WaitingCommand>
}

/**
 * What became of a leased command. Without more it has come to its end. When it was `putOff` it is due again after `retryMs`; null parks it.
 * When it is `untried` it is due again at once.
 */
export interface DueSettlement extends Pick<WaitingCommand, "orderId" | "name" | "since"> {
  readonly putOff?: { readonly error: string; readonly retryMs: number | null }
  readonly untried?: true
}

/** What an order that stands at a version is to wait for. */
export interface DuePlan {
  readonly orderId: OrderId
  readonly version: number
  readonly change: DueChange
}

/** What lists are to find an order by that stands at a version. What is left out stays as it is. */
export interface DataIndexing {
  readonly orderId: OrderId
  readonly version: number
  readonly filterable?: DataFilter
  readonly lookups?: ReadonlyArray<Lookup>
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
     * when there is no such event, or when it placed or corrected the order: what such an event says in confidence is the order itself.
     */
    readonly eraseText: (event: EventKey) => Effect.Effect<boolean, StoreUnavailable | OutcomeUnknown>

    /**
     * Rewrite the notes of an order or of a subscription; with `expected` only where they are that text, "" being none. False when there is
     * nothing by that id, or when they are another text. Touches nothing else: no version, no event.
     */
    readonly rewriteNotes: (
      tenantId: TenantId,
      of: NotesOwner,
      notes: string,
      expected?: string
    ) => Effect.Effect<boolean, StoreUnavailable | OutcomeUnknown>

    /** A page of orders, after `after` by keyset: as fast at depth 100,000 as at depth 1. */
    readonly listOrders: (query: OrderQuery) => Effect.Effect<ReadonlyArray<Row<Order>>, StoreUnavailable>

    /** A page of subscriptions, after `after` by keyset. */
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

    // --- outbox: `Outbox.ts` says what all of it is for ---

    /** Add a consumer. False when the name is taken: in this tenant, by a consumer of every tenant, or, for null, in any tenant. */
    readonly addConsumer: (key: ConsumerKey, start: ConsumerStart) => Effect.Effect<boolean, StoreUnavailable | OutcomeUnknown>

    /** Remove a consumer with all that waits for it. False when there is none. */
    readonly removeConsumer: (key: ConsumerKey) => Effect.Effect<boolean, StoreUnavailable | OutcomeUnknown>

    /**
     * The consumers by name: those of every tenant, over all tenants (null), or those that take a tenant's events, in that tenant.
     * A consumer of every tenant has `tenantId: null` in both.
     */
    readonly consumers: (
      tenantId: TenantId | null
    ) => Effect.Effect<ReadonlyArray<ConsumerLag>, StoreUnavailable | OutcomeUnknown>

    /**
     * Tenants that may have something for a consumer of every tenant, by id, after `after`, at most `limit`; null when there is no such
     * consumer. The cost depends on the tenants that have something, and not on those that there are.
     */
    readonly tenantsWithWork: (
      consumer: string,
      after: TenantId | null,
      limit: number
    ) => Effect.Effect<ReadonlyArray<TenantId> | null, StoreUnavailable>

    /**
     * Hand a tenant's events to a consumer for `leaseMs`, by the store's clock: of each order the oldest that is not done, and only when it
     * is neither leased nor parked nor waiting for its next try. Null when the tenant's events go to no such consumer.
     */
    readonly leaseEvents: (request: {
      readonly tenantId: TenantId
      readonly consumer: string
      readonly limit: number
      readonly leaseMs: number
    }) => Effect.Effect<Lease | null, StoreUnavailable | OutcomeUnknown>

    /** Say what became of events under a lease; one answer each, in order. An event is settled while no other lease has taken it. */
    readonly settleEvents: (request: {
      readonly tenantId: TenantId
      readonly consumer: string
      readonly leaseId: string
      readonly settlements: ReadonlyArray<Settlement>
    }) => Effect.Effect<ReadonlyArray<SettlementOutcome>, StoreUnavailable | OutcomeUnknown>

    /** A consumer's parked events in a tenant, by position, after `after`, at most `limit`. Empty when there is no such consumer. */
    readonly parkedEvents: (
      tenantId: TenantId,
      consumer: string,
      after: number,
      limit: number
    ) => Effect.Effect<ReadonlyArray<Delivery>, StoreUnavailable>

    /** Hand a parked event out again, its attempts counted anew (`release`), or take it as done (`skip`). False when it is not parked. */
    readonly unparkEvent: (
      consumer: string,
      event: EventKey,
      how: "release" | "skip"
    ) => Effect.Effect<boolean, StoreUnavailable | OutcomeUnknown>

    // --- due commands: `Due.ts` says what all of it is for ---

    /** Tenants of whom a command is due, by id, after `after`, at most `limit`. The cost depends on the tenants of whom any command waits. */
    readonly tenantsWithDue: (after: TenantId | null, limit: number) => Effect.Effect<ReadonlyArray<TenantId>, StoreUnavailable>

    /** Hand out commands of a tenant whose moment has come, for `leaseMs`, both by the store's clock: those first that are due longest. */
    readonly leaseDue: (request: {
      readonly tenantId: TenantId
      readonly limit: number
      readonly leaseMs: number
    }) => Effect.Effect<DueLease, StoreUnavailable | OutcomeUnknown>

    /** Say what became of commands under a lease; one answer each, in order. `lost`: it is another's by now, or was ended by a change. */
    readonly settleDue: (request: {
      readonly tenantId: TenantId
      readonly leaseId: string
      readonly settlements: ReadonlyArray<DueSettlement>
    }) => Effect.Effect<ReadonlyArray<SettlementOutcome>, StoreUnavailable | OutcomeUnknown>

    /** The commands that an order waits for, by name. */
    readonly dueOf: (tenantId: TenantId, orderId: OrderId) => Effect.Effect<ReadonlyArray<WaitingCommand>, StoreUnavailable>

    /** A tenant's parked commands by order and name, behind `after`, at most `limit`. */
    readonly parkedDue: (
      tenantId: TenantId,
      after: Pick<DueKey, "orderId" | "name"> | null,
      limit: number
    ) => Effect.Effect<ReadonlyArray<WaitingCommand>, StoreUnavailable>

    /** Make a parked command due now, its attempts counted anew (`release`), or take it away (`skip`). False when it is not parked. */
    readonly unparkDue: (command: DueKey, how: "release" | "skip") => Effect.Effect<boolean, StoreUnavailable | OutcomeUnknown>

    /**
     * Have orders wait for commands that they do not wait for yet, and take away those that are named, without a change of the orders:
     * `conflict` where one is at another version. What waits under the same name in the same status stays as it is.
     */
    readonly planDue: (
      tenantId: TenantId,
      plans: ReadonlyArray<DuePlan>
    ) => Effect.Effect<ReadonlyArray<CommitOutcome>, StoreUnavailable | OutcomeUnknown>

    // --- own data ---

    /**
     * Have lists find orders by these members of their own data, or by this besides, and by no others, without a change of the orders: `conflict`
     * where one is at another version. For orders that were placed or changed before there was the filter, or by a program without it.
     */
    readonly indexData: (
      tenantId: TenantId,
      orders: ReadonlyArray<DataIndexing>
    ) => Effect.Effect<ReadonlyArray<CommitOutcome>, StoreUnavailable | OutcomeUnknown>

    // --- assets: the registry, which `AssetRegistry.ts` is the service of ---

    /** An asset, the subscription that is active on its serial number, and what is remembered under a key. */
    readonly loadAsset: (request: {
      readonly tenantId: TenantId
      readonly serialNumber: SerialNumber
      readonly idempotency?: { readonly key: string; readonly now: Timestamp }
    }) => Effect.Effect<LoadedAsset, StoreUnavailable>

    /**
     * Register or change an asset by hand, with its record and the answer to remember, all or nothing. A conflict when the asset is not at the
     * version that the change was decided on, or when the key is taken.
     */
    readonly changeAsset: (
      change: AssetChange,
      remember?: IdempotencyKey
    ) => Effect.Effect<CommitOutcome, StoreUnavailable | OutcomeUnknown>

    /** A page of assets, by keyset as `listOrders`. */
    readonly listAssets: (query: AssetQuery) => Effect.Effect<ReadonlyArray<RegisteredAsset>, StoreUnavailable>

    /** What was changed of an asset by hand, by the versions that it led to: behind the version `after` (0 for all), at most `limit`. */
    readonly assetRecords: (
      tenantId: TenantId,
      serialNumber: SerialNumber,
      after: number,
      limit: number
    ) => Effect.Effect<ReadonlyArray<AssetRecord>, StoreUnavailable>

    /** How many assets of a SKU can be rented. */
    readonly rentableAssets: (tenantId: TenantId, sku: Sku) => Effect.Effect<number, StoreUnavailable>

    /**
     * Registered assets that are not `rented_out` while a subscription is active on them, or are while none is and no cancel left them so; the next
     * `limit` assets behind `after` are looked at, by serial number. `last` is the last of them, null when there are no more.
     */
    readonly assetDisagreements: (
      tenantId: TenantId,
      after: SerialNumber | null,
      limit: number
    ) => Effect.Effect<{ readonly last: SerialNumber | null; readonly found: ReadonlyArray<AssetDisagreement> }, StoreUnavailable>

    // --- feed ---

    /** A tenant's events by position, after `after` (0 for all), at most `limit`. */
    readonly feed: (
      tenantId: TenantId,
      after: number,
      limit: number
    ) => Effect.Effect<ReadonlyArray<PositionedEvent>, StoreUnavailable | OutcomeUnknown>
  }
>()("order-lifecycle/OrderStore") {}
