/**
 * What callers without Effect work with: every operation of the services as a function that answers with a promise.
 *
 * Names, arguments and answers are those of `OrderLifecycle`, `AssetRegistry`, `AuditTrail`, `Outbox`, `Due` and `Reservations`; ids, SKUs and amounts are plain strings and
 * numbers, and are checked here. A promise is rejected with
 *
 * - a `Refusal` (`isRefusal` tells): the answer is no, `code` says why and `remedy` what to do. Nothing was changed.
 * - `StoreUnavailable`: the store could not be reached. Nothing was changed; try again later.
 * - `OutcomeUnknown`: the change was sent and no answer came. Repeat it under the same idempotency key, or read before repeating.
 * - the reason of an aborted signal, or `OrdersClosed`: nothing was changed.
 * - anything else as it was thrown: a defect, or what a function among the options threw before anything was changed.
 */
import type { AssetChange } from "../asset/decideAsset.ts"
import type {
  ChangeAsset as ChangeAssetSchema,
  RegisterAsset as RegisterAssetSchema,
  WithdrawAsset as WithdrawAssetSchema
} from "../asset/decideAsset.ts"
import type { AssetRecord, RegisteredAsset } from "../asset/RegisteredAsset.ts"
import type { BrokenChain } from "../lifecycle/AuditTrail.ts"
import type {
  Caller as CallerSchema,
  CallerOfMany as CallerOfManySchema,
  CallerPlacing as CallerPlacingSchema
} from "../lifecycle/Caller.ts"
import type { OpenTransaction } from "../lifecycle/OpenTransaction.ts"
import type { OrderCommands } from "../lifecycle/OrderLifecycle.ts"
import type { CancelOutcome as EffectCancelOutcome } from "../lifecycle/cancelMany.ts"
import type {
  ConsumerLag,
  Delivery,
  PositionedEvent,
  Stock,
  SubscriptionOfOrder,
  WaitingCommand
} from "../lifecycle/OrderStore.ts"
import type { Given } from "../lifecycle/Due.ts"
import type { Delivered } from "../lifecycle/Outbox.ts"
import type {
  AssetListRequest as AssetListRequestSchema,
  OrderListRequest as OrderListRequestSchema,
  Page,
  SubscriptionListRequest as SubscriptionListRequestSchema
} from "../lifecycle/paging.ts"
import type { Quote } from "../lifecycle/quotes.ts"
import type { Held, Reservations } from "../lifecycle/Reservations.ts"
import type { SealedEvent } from "../order/auditChain.ts"
import type { OrderPlaced, PlaceOrder as PlaceOrderSchema } from "../order/commands/place.ts"
import type { Commands, CommandType, EventOf } from "../order/commands/index.ts"
import type { Transition } from "../order/Transition.ts"
import type { Preview } from "../order/explain.ts"
import type { DataFilter } from "../order/process/OwnFilters.ts"
import type { LibraryStatus, Order, OrderId, Payment as PaymentSchema } from "../order/Order.ts"
import type { CancelOrder as CancelOrderSchema } from "../order/commands/cancel.ts"
import type { CancelSubscription as CancelSubscriptionSchema } from "../order/commands/cancelSubscription.ts"
import type { StartSubscription as StartSubscriptionSchema } from "../order/commands/startSubscription.ts"
import type { RewriteNotes as RewriteNotesSchema } from "../order/RewriteNotes.ts"
import type { Plain } from "./plain.ts"

// --- what callers give -------------------------------------------------------------------------------------------------------------

/**
 * Who calls, for which tenant. `idempotencyKey` makes a command safe to repeat for 24 hours: an answer that is given again, or a refusal, has
 * `replayed: true`. `requestId` is recorded with the event. `expectedVersion` is the version that the order must be at, or several of which any
 * will do; otherwise the command is refused with `VersionMismatch`.
 */
export type Caller = Plain<typeof CallerSchema.Encoded>
/** Who places an order: there is no version yet that could be expected. */
export type CallerPlacing = Plain<typeof CallerPlacingSchema.Encoded>
/** Who cancels many orders. `expectedVersions` are the versions that they must be at, by their ids. */
export type CallerOfMany = Plain<typeof CallerOfManySchema.Encoded>
/** Prices come from the catalogue; without `contractLength` (months) the shortest is taken. */
export type PlaceOrder = Plain<typeof PlaceOrderSchema.Encoded>
/** The reason, at most 1,000 code points, is kept exactly as given. */
export type CancelOrder = Plain<typeof CancelOrderSchema.Encoded>
/** One unit of one line. `sku` says which line where there is no registry of assets and the order holds several SKUs. */
export type StartSubscription = Plain<typeof StartSubscriptionSchema.Encoded>
/** `rentalId` is the subscription, by the API's older word for it. */
export type CancelSubscription = Plain<typeof CancelSubscriptionSchema.Encoded>
/** The new notes of an order or of a subscription: at most 5,000 characters. */
export type RewriteNotes = Plain<typeof RewriteNotesSchema.Encoded>
/** A deposit that was taken. Amounts in minor units. */
export type Payment = Plain<typeof PaymentSchema.Encoded>
/** Filters, order and length of a page. `startAfter` is the `nextCursor` of the page before. */
export type OrderListRequest = Plain<Omit<typeof OrderListRequestSchema.Encoded, "status">> & {
  readonly status?: NamedStatus | ReadonlyArray<NamedStatus> | undefined
  /** Values that the own data have: those of the members that the process says by `filterBy`. */
  readonly data?: Plain<DataFilter> | undefined
}
/** A status by its name: one of the library's, or one of a process. */
type NamedStatus = LibraryStatus | (string & {})
/** Filters and length of a page of subscriptions. `startAfter` is the `nextCursor` of the page before. */
export type SubscriptionListRequest = Plain<typeof SubscriptionListRequestSchema.Encoded>
/** A device to register. `status` is `rented_out` exactly when a subscription is active on the serial number. */
export type RegisterAsset = Plain<typeof RegisterAssetSchema.Encoded>
/** A change by hand: at least one of status, location and notes. The reason is recorded. */
export type ChangeAsset = Plain<typeof ChangeAssetSchema.Encoded>
/** Why an asset is taken out of use. */
export type WithdrawAsset = Plain<typeof WithdrawAssetSchema.Encoded>
/** Filters, order and length of a page of assets. */
export type AssetListRequest = Plain<typeof AssetListRequestSchema.Encoded>
/** A command to ask about: its `type`, and what the command itself takes. */
export type CommandRequest = { readonly [Type in CommandType]: { readonly type: Type } & RequestOf<Type> }[CommandType]

type RequestOf<Type extends CommandType> = Plain<
  Commands[Type]["target"] extends "orderId"
    ? Omit<Commands[Type]["request"]["Encoded"], "orderId">
    : Commands[Type]["request"]["Encoded"]
>

/** `signal` gives a call up. See the top of this file for what the promise is rejected with then. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined
}

/** How long `close` waits for calls that are being made, in milliseconds: 10,000 unless said otherwise. */
export interface CloseOptions {
  readonly graceMs?: number | undefined
}

// --- what callers get --------------------------------------------------------------------------------------------------------------

type OutcomeOf<Outcome> = Outcome extends { readonly success: infer Success }
  ? { readonly ok: true; readonly value: Success }
  : Outcome extends { readonly failure: infer Failure }
    ? { readonly ok: false; readonly error: Failure }
    : never

/** One order's part of a `cancelMany`: the transition, or the error that a `cancel` would have been rejected with. */
export type CancelOutcome = { readonly orderId: OrderId } & OutcomeOf<EffectCancelOutcome["outcome"]>

/** What happened to each order, when, by whom and why, in a chain of hashes. */
export interface OrdersAuditTrail {
  /** The events of an order, oldest first. Empty when there is no such order. */
  readonly history: (tenantId: string, orderId: string, options?: CallOptions) => Promise<ReadonlyArray<SealedEvent>>

  /** Every event of a tenant, order by order, each order's oldest first. Bounded memory. */
  readonly all: (tenantId: string, options?: CallOptions) => AsyncIterable<SealedEvent>

  /**
   * Events of all tenants as this process commits them, from the moment the loop begins. Who falls 4,096 events behind loses the oldest; what
   * must not be lost is taken from the outbox (`deliver`). Ends when the orders are closed.
   */
  readonly live: (options?: CallOptions) => AsyncIterable<SealedEvent>

  /** Check an order's chain; null when it is whole. With `head`, kept elsewhere, it also shows whether the newest events were cut off. */
  readonly verify: (
    tenantId: string,
    orderId: string,
    head?: { readonly sequence: number; readonly hash: string },
    options?: CallOptions
  ) => Promise<BrokenChain | null>

  /** Check every chain of a tenant; gives the broken ones. */
  readonly verifyAll: (tenantId: string, options?: CallOptions) => AsyncIterable<BrokenChain>

  /** Erase the free text of one event for good. The chain still verifies. Refused with `EventNotErasable`. */
  readonly erase: (tenantId: string, orderId: string, sequence: number, options?: CallOptions) => Promise<void>

  /**
   * Take up to `limit` (100) events of every tenant for the consumer `default`, which is added, from the beginning, when there is none; hand
   * them to `consume` one by one, and answer how many were delivered. The short form of `outbox.deliver`. When `consume` throws for one, the
   * others are still handed out; then the promise is rejected with what was thrown first, and what failed is tried again later.
   */
  readonly deliver: (
    consume: (events: ReadonlyArray<SealedEvent>, signal: AbortSignal) => unknown,
    options?: Omit<DeliverOptions, "tenantId" | "concurrency">
  ) => Promise<number>
}

/** When a failed event is tried again: after `firstMs` (1,000), then twice as long each time, at most `longestMs` (300,000). */
export interface RetryOptions {
  readonly firstMs?: number | undefined
  readonly longestMs?: number | undefined
  /** After so many attempts (20) it is parked. */
  readonly attempts?: number | undefined
}

/** Which events to take (`tenantId`: of one tenant only), how many (100), and for how long they are this call's alone (30,000 ms). */
export interface DeliverOptions extends CallOptions {
  readonly tenantId?: string | undefined
  readonly limit?: number | undefined
  readonly leaseMs?: number | undefined
  readonly retry?: RetryOptions | undefined
  /** How many are handled at once (1). */
  readonly concurrency?: number | undefined
}

/** An event of an order, by name. */
export interface EventName {
  readonly tenantId: string
  readonly orderId: string
  readonly sequence: number
}

/** Committed events for named consumers, each of whom gets all of them: at least once and, per order, in sequence. */
export interface OrdersOutbox {
  /**
   * Add a consumer: of the events of `tenantId`, or of every tenant's; from `now` (the default) or from the `beginning`. Refused with
   * `ConsumerExists`.
   */
  readonly add: (
    consumer: string,
    options?: CallOptions & { readonly tenantId?: string | undefined; readonly from?: "now" | "beginning" | undefined }
  ) => Promise<void>

  /** Remove a consumer, and all that waits for it. Refused with `ConsumerNotFound`. */
  readonly remove: (consumer: string, options?: CallOptions & { readonly tenantId?: string | undefined }) => Promise<void>

  /** The consumers of every tenant with their lag, or, with `tenantId`, every consumer of that tenant's events with its lag there. */
  readonly consumers: (options?: CallOptions & { readonly tenantId?: string | undefined }) => Promise<ReadonlyArray<ConsumerLag>>

  /**
   * Take up to `limit` events, of each order at most one, hand each to `handle`, and settle each by itself: done when `handle` returns, to be
   * tried again when it throws. Call it in a loop. Refused with `ConsumerNotFound`.
   */
  readonly deliver: (
    consumer: string,
    handle: (delivery: Delivery, signal: AbortSignal) => unknown,
    options?: DeliverOptions
  ) => Promise<Delivered>

  /** As `deliver`, for a consumer that takes many events at once and returns those that are done. The others failed. */
  readonly deliverBatch: (
    consumer: string,
    handle: (deliveries: ReadonlyArray<Delivery>, signal: AbortSignal) => Iterable<Delivery> | Promise<Iterable<Delivery>>,
    options?: Omit<DeliverOptions, "concurrency">
  ) => Promise<Delivered>

  /** A consumer's parked events in a tenant, by position: at most `limit` (100) behind the position `after` (0). */
  readonly parked: (
    consumer: string,
    tenantId: string,
    options?: CallOptions & { readonly after?: number | undefined; readonly limit?: number | undefined }
  ) => Promise<ReadonlyArray<Delivery>>

  /** Try a parked event again now, with all its attempts before it. Refused with `EventNotParked`. */
  readonly release: (consumer: string, event: EventName, options?: CallOptions) => Promise<void>

  /** Take a parked event as done for this consumer, and go on with the next one of its order. Refused with `EventNotParked`. */
  readonly skip: (consumer: string, event: EventName, options?: CallOptions) => Promise<void>

  /** A tenant's events by position: at most `limit` (100) behind the position `after` (0). */
  readonly feed: (
    tenantId: string,
    options?: CallOptions & { readonly after?: number | undefined; readonly limit?: number | undefined }
  ) => Promise<ReadonlyArray<PositionedEvent>>
}

/** What is held for orders. Derived by summing; stored nowhere. */
export interface OrdersReservations {
  /** What a transition holds, moves or releases, line by line. Answers at once. */
  readonly changesOf: Reservations["Service"]["changesOf"]

  /** Units held for an order, per line that holds any. Empty when there is no such order. */
  readonly heldFor: (tenantId: string, orderId: string, options?: CallOptions) => Promise<ReadonlyArray<Held>>

  /** Units of a SKU reserved and rented, over all orders of the tenant; where the registry is on, also those that can be rented. */
  readonly stock: (tenantId: string, sku: string, options?: CallOptions) => Promise<Stock>
}

type RequestFor<Type extends CommandType> = Plain<Commands[Type]["request"]["Encoded"]>
type Applied<Type extends CommandType> = Promise<Transition<EventOf<Type>>>

/** A command as a method: see `CommandMethod` in `lifecycle/OrderLifecycle.ts`. */
type CommandMethod<Type extends CommandType> = Commands[Type]["target"] extends "order"
  ? keyof RequestFor<Type> extends never
    ? (caller: Caller, orderId: string, options?: CallOptions) => Applied<Type>
    : object extends RequestFor<Type>
      ? (caller: Caller, orderId: string, request?: RequestFor<Type>, options?: CallOptions) => Applied<Type>
      : (caller: Caller, orderId: string, request: RequestFor<Type>, options?: CallOptions) => Applied<Type>
  : (caller: Caller, request: RequestFor<Type>, options?: CallOptions) => Applied<Type>

/** Every command on an order, as a method of its name. What each is refused with stands with the command, in `order/commands/`. */
export type CommandMethods = { readonly [Type in keyof Commands]: CommandMethod<Type> }

/** What is done with orders, by everybody and within a transaction of one's own. */
export interface OrdersWithin extends CommandMethods {
  /** Place an order. `payment` is the deposit, if one was taken. Refused with `VariantNotFound`, `VariantInactive`, `InvalidContractLength`. */
  readonly place: (
    caller: CallerPlacing,
    request: PlaceOrder,
    options?: CallOptions & { readonly payment?: Payment | undefined; readonly data?: object | undefined }
  ) => Promise<Transition<typeof OrderPlaced.Type>>

  /**
   * Cancel many orders for one reason, each with an outcome of its own: one order's refusal is no rejection. One outcome per distinct id, in the
   * order in which they were first named. Repeating it is safe, as an order is cancelled only once.
   */
  readonly cancelMany: (
    caller: CallerOfMany,
    orderIds: ReadonlyArray<string>,
    request?: CancelOrder,
    options?: CallOptions
  ) => Promise<ReadonlyArray<CancelOutcome>>

  /** What a command would do to an order, or everything in its way. Changes nothing. */
  readonly preview: (caller: Caller, orderId: string, request: CommandRequest, options?: CallOptions) => Promise<Preview>

  /**
   * Give a command by its name: one of the process's own, or one of the library's on an order. `request` is its payload. `openOrders` with a
   * process gives it the types of that: see `OrdersUnder`.
   */
  readonly apply: (
    caller: Caller,
    orderId: string,
    command: string,
    request?: object,
    options?: CallOptions
  ) => Promise<Transition>

  /** Everything in the way of a command. Empty when it would be accepted. */
  readonly explain: (
    caller: Caller,
    orderId: string,
    request: CommandRequest,
    options?: CallOptions
  ) => Promise<Preview["blockers"]>

  /**
   * Every command on an order: whether some input would be accepted now from this caller, where it leads, and what no input can avoid. Changes
   * nothing.
   */
  readonly commands: (caller: Caller, orderId: string, options?: CallOptions) => Promise<OrderCommands>

  /** An order. */
  readonly get: (tenantId: string, orderId: string, options?: CallOptions) => Promise<Order>

  /** A page of orders, 50 unless `limit` (1 to 100) says otherwise. */
  readonly list: (tenantId: string, request?: OrderListRequest, options?: CallOptions) => Promise<Page<Order>>

  /** A subscription, with its order. */
  readonly getSubscription: (tenantId: string, subscriptionId: string, options?: CallOptions) => Promise<SubscriptionOfOrder>

  /** What an early return of a subscription would cost now, unless its command says otherwise (minor units). Changes nothing. */
  readonly calculateEarlyReturnFee: (tenantId: string, subscriptionId: string, options?: CallOptions) => Promise<Quote>

  /** The same for a buyout. */
  readonly calculateBuyout: (tenantId: string, subscriptionId: string, options?: CallOptions) => Promise<Quote>

  /** A page of subscriptions, newest first; with `sortBy: "endDate"` those first whose contract ends first. */
  readonly listSubscriptions: (
    tenantId: string,
    request?: SubscriptionListRequest,
    options?: CallOptions
  ) => Promise<Page<SubscriptionOfOrder>>

  /**
   * Rewrite an order's notes (at most 5,000 code points): an annotation, with no version and no event of its own. With `expected` only where they
   * are still that text ("" where there are none); otherwise it is refused with `NotesMismatch`.
   */
  readonly rewriteNotes: (
    tenantId: string,
    orderId: string,
    request: RewriteNotes,
    options?: CallOptions & { readonly expected?: string | undefined }
  ) => Promise<void>

  /** The same for the notes of a subscription, whatever its status. */
  readonly rewriteSubscriptionNotes: (
    tenantId: string,
    subscriptionId: string,
    request: RewriteNotes,
    options?: CallOptions & { readonly expected?: string | undefined }
  ) => Promise<void>
}

/**
 * Which commands to give (`tenantId`: of one tenant only), how many (100) and how many at once (1), and for how long they are this call's alone
 * (30,000 ms). One that is refused comes again after `retry.afterMs` (3,600,000), `retry.attempts` times (10), and is then parked.
 */
export interface DueOptions extends CallOptions {
  readonly tenantId?: string | undefined
  readonly limit?: number | undefined
  readonly leaseMs?: number | undefined
  readonly concurrency?: number | undefined
  readonly retry?: { readonly afterMs?: number | undefined; readonly attempts?: number | undefined } | undefined
}

/** A command that an order waits for, by name. */
export interface DueName {
  readonly tenantId: string
  readonly orderId: string
  readonly name: string
}

/** What orders wait for, given by itself when its moment has come: see `Due`. */
export interface OrdersDue {
  /** Give commands whose moment has come. Call it in a loop, in any number of processes. */
  readonly run: (options?: DueOptions) => Promise<Given>

  /** The commands that an order waits for, by name. */
  readonly waiting: (tenantId: string, orderId: string, options?: CallOptions) => Promise<ReadonlyArray<WaitingCommand>>

  /** A tenant's parked commands, by order and name: at most `limit` (100) behind `after`. */
  readonly parked: (
    tenantId: string,
    options?: CallOptions & { readonly after?: Omit<DueName, "tenantId"> | undefined; readonly limit?: number | undefined }
  ) => Promise<ReadonlyArray<WaitingCommand>>

  /** Give a parked command again now, with all its attempts before it. Refused with `DueNotParked`. */
  readonly release: (command: DueName, options?: CallOptions) => Promise<void>

  /** Take a parked command away. Refused with `DueNotParked`. */
  readonly skip: (command: DueName, options?: CallOptions) => Promise<void>
}

/** The registry of assets that the library keeps: see `AssetRegistry`. It works whatever `assetRegistry` says. */
export interface OrdersAssets {
  /** Register an asset. Refused with `AssetExists`, `VariantNotFound`, `VariantInactive`, `InvalidAssetStatus`. */
  readonly register: (caller: Caller, request: RegisterAsset, options?: CallOptions) => Promise<AssetChange>

  /** Change an asset by hand. Refused with `AssetNotRegistered`, `AssetInUse`, `InvalidAssetStatus`. */
  readonly change: (caller: Caller, serialNumber: string, request: ChangeAsset, options?: CallOptions) => Promise<AssetChange>

  /** Take an asset out of use: it becomes `unavailable`. Refused as `change` is. */
  readonly withdraw: (
    caller: Caller,
    serialNumber: string,
    request?: WithdrawAsset,
    options?: CallOptions
  ) => Promise<AssetChange>

  /** An asset as it stands. Refused with `AssetNotRegistered`. */
  readonly get: (tenantId: string, serialNumber: string, options?: CallOptions) => Promise<RegisteredAsset>

  /** A page of assets, 50 unless `limit` (1 to 100) says otherwise. */
  readonly list: (tenantId: string, request?: AssetListRequest, options?: CallOptions) => Promise<Page<RegisteredAsset>>

  /** What was changed of an asset by hand, oldest first. Empty when it is not registered. */
  readonly history: (tenantId: string, serialNumber: string, options?: CallOptions) => Promise<ReadonlyArray<AssetRecord>>

  /** Where the registry and the subscriptions do not agree, over all tenants. */
  readonly disagreements: (
    options?: CallOptions
  ) => AsyncIterable<{ readonly tenantId: string; readonly serialNumber: string; readonly message: string }>
}

/** The operations of `OrderLifecycle`, and beside them those of `AssetRegistry`, `AuditTrail`, `Outbox`, `Due` and `Reservations`. */
export interface Orders extends OrdersWithin, AsyncDisposable {
  /**
   * Give commands within a transaction of your own, which is open on a connection of yours: all of it is committed with what else is in there, or
   * none. `query` runs a statement on that connection. A refusal leaves the transaction usable; what `work` rejects with, this rejects with, and
   * you roll back. After your COMMIT call `committed`, so that `auditTrail.live` hears of it. Rejects with `CannotJoin` where orders are not in
   * PostgreSQL.
   *
   * ```ts
   * const { committed } = await orders.within({ query: (text, values) => client.query(text, [...values]) }, async (inside) => {
   *   await client.query("INSERT INTO refunds (order_id) VALUES ($1)", [orderId])
   *   return inside.cancel(caller, orderId)
   * })
   * await client.query("COMMIT")
   * await committed()
   * ```
   */
  readonly within: <A>(
    transaction: OpenTransaction,
    work: (orders: OrdersWithin) => A | Promise<A>,
    options?: CallOptions
  ) => Promise<{ readonly outcome: A; readonly committed: () => Promise<void> }>

  readonly assets: OrdersAssets
  readonly auditTrail: OrdersAuditTrail
  readonly outbox: OrdersOutbox
  readonly due: OrdersDue
  readonly reservations: OrdersReservations

  /** Remove idempotency keys that have expired; answers with their number. They count as absent anyway: this only keeps the table small. */
  readonly forgetExpiredKeys: (options?: CallOptions) => Promise<number>

  /**
   * Take no more calls, wait for those that are being made, and close the store. What is not done in time is given up, as by an abort. Closing
   * again waits for the same end.
   */
  readonly close: (options?: CloseOptions) => Promise<void>
}

// --- under a process of the embedding service's own ----------------------------------------------------------------------------------------

/** What a process's own commands are given with, by name. */
export type PayloadsOf<Process> = Process extends { readonly types?: { readonly payloads: infer Payloads } } ? Payloads : object
/** What a process keeps with an order. */
export type DataOf<Process> = Process extends { readonly types?: { readonly data: infer Data } } ? Data : object
/** The members of its data that a process lets lists be filtered by, with their values. */
export type FiltersOf<Process> = Process extends {
  readonly types?: { readonly data: infer Data; readonly filters: infer Filters }
}
  ? Partial<Pick<Data, Filters & keyof Data>>
  : object
/** A process's own statuses. */
export type StatusesOf<Process> = Process extends { readonly types?: { readonly statuses: infer Statuses } } ? Statuses : string

/** What follows the name of a command: its payload, which may be left out when nothing in it is required. */
type WithPayload<Payload, Options> = object extends Payload
  ? [request?: Plain<Payload>, options?: Options]
  : [request: Plain<Payload>, options?: Options]

/** Orders with the commands and the data of a process. */
export type OrdersUnder<Process> = Omit<Orders, "apply" | "place" | "list" | "within"> &
  OwnCalls<Process> & {
    /** As `Orders.within`, with the commands and the data of the process. */
    readonly within: <A>(
      transaction: OpenTransaction,
      work: (orders: Omit<OrdersWithin, "apply" | "place" | "list"> & OwnCalls<Process>) => A | Promise<A>,
      options?: CallOptions
    ) => Promise<{ readonly outcome: A; readonly committed: () => Promise<void> }>
  }

/** The calls that a process gives types of its own. */
export interface OwnCalls<Process> {
  /** Give one of the process's own commands. */
  readonly apply: <Name extends keyof PayloadsOf<Process> & string>(
    caller: Caller,
    orderId: string,
    command: Name,
    ...given: WithPayload<PayloadsOf<Process>[Name], CallOptions>
  ) => Promise<Transition>

  /** Place an order. `data` is what the process keeps with it, or else what that begins with. */
  readonly place: (
    caller: CallerPlacing,
    request: PlaceOrder,
    options?: CallOptions & { readonly payment?: Payment | undefined; readonly data?: Plain<DataOf<Process>> | undefined }
  ) => ReturnType<Orders["place"]>

  /** A page of orders. `data` are values that their own data have, of the members that the process says by `filterBy`. */
  readonly list: (
    tenantId: string,
    request?: Omit<OrderListRequest, "data"> & { readonly data?: Plain<FiltersOf<Process>> | undefined },
    options?: CallOptions
  ) => ReturnType<Orders["list"]>
}
