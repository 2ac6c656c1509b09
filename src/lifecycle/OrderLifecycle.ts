/**
 * The lifecycle, applied: load the order, decide, commit. If someone else was first, load and decide again.
 *
 * This is the service that teams call. It holds no state and knows no rule: rules are in `order/orderMachine.ts`, storage behind
 * `OrderStore`. Every command answers with the `Transition` it made, or fails with the refusal as a typed error; a refusal changes
 * nothing. `OutcomeUnknown` is neither: the change may or may not have been made, and repeating under an idempotency key tells which.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { type OrderPlaced, PlaceOrder, type PlaceRefusal } from "../order/commands/place.ts"
import commands, {
  type CommandRequest,
  type Commands,
  type CommandType,
  commandTypes,
  type EventOf,
  type RefusalOf
} from "../order/commands/index.ts"
import type { Transition } from "../order/Transition.ts"
import type { Preview } from "../order/explain.ts"
import { durationMs, DurationText } from "../order/durationText.ts"
import type { Lifecycle } from "../order/lifecycleTable.ts"
import { lifecycleOf } from "../order/process/lifecycleOf.ts"
import { type Order, OrderId, Payment, SubscriptionId, TenantId } from "../order/Order.ts"
import { CancelOrder } from "../order/commands/cancel.ts"
import { type ContractEnding, contractEndings } from "../order/contractEnds.ts"
import type { QuoteName } from "../order/commands/defineCommand.ts"
import { SubscriptionNotActive } from "../order/commands/onSubscription.ts"
import { RewriteNotes } from "../order/RewriteNotes.ts"
import { type CancellationPolicy, cancellationPolicyNames, defaultPolicy } from "../order/policies/index.ts"
import { type PossibleCommand, possibleCommands } from "../order/possibleCommands.ts"
import { fromMillis } from "../order/Timestamp.ts"
import type { OrderProcess } from "../order/process/orderProcess.ts"
import { CurrentLifecycle } from "./CurrentLifecycle.ts"
import { commandReader, readOwnData } from "./commandReader.ts"
import { effectReader } from "./effectReader.ts"
import { InvalidInput, OrderNotFound, SubscriptionNotFound } from "../order/commonRefusals.ts"
import {
  applyCommand,
  type Arrangements,
  type CommandServices,
  makeCommandServices,
  placeOrder,
  previewCommand,
  withMillis
} from "./applyCommand.ts"
import { AssetRegistry, makeAssetRegistry } from "./AssetRegistry.ts"
import { Assets, isUnregistered } from "./Assets.ts"
import { AuditTrail } from "./AuditTrail.ts"
import { Caller, CallerOfMany, CallerPlacing } from "./Caller.ts"
import { type CancelOutcome, makeCancelMany } from "./cancelMany.ts"
import type { Catalogue } from "./Catalogue.ts"
import { Due, makeDue } from "./Due.ts"
import { NotesMismatch, type VersionMismatch } from "./expectedVersion.ts"
import { HasAssetRegistry } from "./HasAssetRegistry.ts"
import type { IdempotencyKeyReused } from "./idempotency.ts"
import { CannotJoin, type Joined, type JoinedStore, JoinsTransactions, type OpenTransaction } from "./OpenTransaction.ts"
import { FunctionOption, ObjectOption, optionsReader } from "./options.ts"
import type { LoadRequest, NotesOwner, OrderStore, OutcomeUnknown, StoreUnavailable, SubscriptionOfOrder } from "./OrderStore.ts"
import { Outbox } from "./Outbox.ts"
import {
  listOrders,
  listSubscriptions,
  orderListReader,
  type OrderListRequest,
  type Page,
  type SubscriptionListRequest
} from "./paging.ts"
import { defaultQuotes, type Quote, type QuoteFunction, quoteFor } from "./quotes.ts"
import { Reservations } from "./Reservations.ts"
import { traced } from "./traced.ts"

/** An order, and what is possible on it. */
export interface OrderCommands {
  readonly order: Order
  readonly commands: ReadonlyArray<PossibleCommand>
}

/** What placing an order, or any command on one, can fail with besides its own refusals. */
export type PlaceFailure = InvalidInput | IdempotencyKeyReused | StoreUnavailable | OutcomeUnknown

/** What any command on an order can fail with besides its own refusals. */
export type CommandFailure = PlaceFailure | VersionMismatch

/** What a question about a command can fail with. */
export type PreviewFailure = OrderNotFound | InvalidInput | VersionMismatch | StoreUnavailable

/** What a command can fail with, and be refused with. */
type FailureOf<Type extends CommandType> =
  | RefusalOf<Type>
  | (Commands[Type]["target"] extends "rentalId" ? SubscriptionNotFound : OrderNotFound)
  | CommandFailure

type Applied<Type extends CommandType> = Effect.Effect<Transition<EventOf<Type>>, FailureOf<Type>>

/**
 * A command as a method: `(caller, orderId, request)`, without a request where there is nothing to ask, or `(caller, request)` where the
 * request names the order or one of its subscriptions.
 */
type CommandMethod<
  Type extends CommandType,
  Request = Commands[Type]["request"]["Type"]
> = Commands[Type]["target"] extends "order"
  ? keyof Request extends never
    ? (caller: Caller, orderId: OrderId) => Applied<Type>
    : object extends Request
      ? (caller: Caller, orderId: OrderId, request?: Request) => Applied<Type>
      : (caller: Caller, orderId: OrderId, request: Request) => Applied<Type>
  : (caller: Caller, request: Request) => Applied<Type>

/** Every command on an order, as a method of its name. */
export type CommandMethods = { readonly [Type in keyof Commands]: CommandMethod<Type> }

/** What is done with orders, by everybody and within a transaction of the caller's own. */
export interface OrderOperations extends CommandMethods {
  /**
   * Place an order. `payment` is the deposit, if the embedding service took one (amounts in minor units); `data` what its process keeps with
   * the order, or else what that begins with.
   */
  readonly place: (
    caller: CallerPlacing,
    request: PlaceOrder,
    options?: PlaceOptions
  ) => Effect.Effect<Transition<typeof OrderPlaced.Type>, PlaceRefusal | PlaceFailure>

  /**
   * Give a command by its name: one of the process's own, or one of the library's on an order. `request` is its payload. Typed by a process:
   * see `ordersUnder`.
   */
  readonly apply: (
    caller: Caller,
    orderId: OrderId,
    command: string,
    request?: object
  ) => Effect.Effect<Transition, RefusalOf<CommandType> | OrderNotFound | CommandFailure>

  /**
   * Cancel many orders for one reason: up to 500 in one statement, each with an outcome of its own. One answer per distinct id, in the
   * order in which they were first named. Takes no idempotency key: repeating it is safe, as an order is cancelled only once. The versions that
   * orders must be at are given by their ids, as `expectedVersions` of the caller.
   */
  readonly cancelMany: (
    caller: CallerOfMany,
    orderIds: ReadonlyArray<OrderId>,
    request?: CancelOrder
  ) => Effect.Effect<ReadonlyArray<CancelOutcome>, InvalidInput>

  /**
   * What a command would do to an order, or everything in its way. Changes nothing. At the same version, the command itself does
   * exactly this: both ask the same decision.
   */
  readonly preview: (caller: Caller, orderId: OrderId, request: CommandRequest) => Effect.Effect<Preview, PreviewFailure>

  /** Everything in the way of a command: the blockers of its preview. Empty when it would be accepted. */
  readonly explain: (
    caller: Caller,
    orderId: OrderId,
    request: CommandRequest
  ) => Effect.Effect<Preview["blockers"], PreviewFailure>

  /**
   * Every command on an order, in the machine's order: whether some input would be accepted now from this caller, where it leads, and what no
   * input can avoid. Changes nothing.
   */
  readonly commands: (
    caller: Caller,
    orderId: OrderId
  ) => Effect.Effect<OrderCommands, OrderNotFound | InvalidInput | StoreUnavailable>

  /** An order. */
  readonly get: (tenantId: TenantId, orderId: OrderId) => Effect.Effect<Order, OrderNotFound | InvalidInput | StoreUnavailable>

  /** A page of orders. */
  readonly list: (tenantId: TenantId, request?: OrderListRequest) => Effect.Effect<Page<Order>, InvalidInput | StoreUnavailable>

  /** A subscription, with its order. */
  readonly getSubscription: (
    tenantId: TenantId,
    subscriptionId: SubscriptionId
  ) => Effect.Effect<SubscriptionOfOrder, SubscriptionNotFound | InvalidInput | StoreUnavailable>

  /** What an early return of a subscription would cost now, unless its command says otherwise (minor units). Changes nothing. */
  readonly calculateEarlyReturnFee: (
    tenantId: TenantId,
    subscriptionId: SubscriptionId
  ) => Effect.Effect<Quote, SubscriptionNotFound | SubscriptionNotActive | InvalidInput | StoreUnavailable>

  /** The same for a buyout. */
  readonly calculateBuyout: (
    tenantId: TenantId,
    subscriptionId: SubscriptionId
  ) => Effect.Effect<Quote, SubscriptionNotFound | SubscriptionNotActive | InvalidInput | StoreUnavailable>

  /** A page of subscriptions, newest first; with `sortBy: "endDate"` those first whose contract ends first. */
  readonly listSubscriptions: (
    tenantId: TenantId,
    request?: SubscriptionListRequest
  ) => Effect.Effect<Page<SubscriptionOfOrder>, InvalidInput | StoreUnavailable>

  /**
   * Rewrite an order's notes: an annotation, with no version and no event of its own. With `expected` only where they are still that text; an
   * order without notes has the empty one.
   */
  readonly rewriteNotes: (
    tenantId: TenantId,
    orderId: OrderId,
    request: RewriteNotes,
    options?: RewriteOptions
  ) => Effect.Effect<void, OrderNotFound | NotesMismatch | InvalidInput | StoreUnavailable | OutcomeUnknown>

  /** The same for the notes of a subscription, whatever its status. Source: whole-life.md, section 4. */
  readonly rewriteSubscriptionNotes: (
    tenantId: TenantId,
    subscriptionId: SubscriptionId,
    request: RewriteNotes,
    options?: RewriteOptions
  ) => Effect.Effect<void, SubscriptionNotFound | NotesMismatch | InvalidInput | StoreUnavailable | OutcomeUnknown>
}

/** The same, and how to join a transaction. */
export interface LifecycleOperations extends OrderOperations {
  /**
   * Give commands within a transaction of the caller's own, which is open elsewhere: all of it is committed with what else is in there, or none. A
   * refusal leaves the transaction usable. To commit is up to the caller, who then says `committed`, so that listeners are told; the outbox
   * needs no telling. `StoreUnavailable` with a `TransactionMustRestart` as its cause: another command was first, and the transaction does not
   * see it. Dies with `CannotJoin` where orders are not in PostgreSQL.
   */
  readonly within: <A, E, R>(
    transaction: OpenTransaction,
    work: (orders: OrderOperations) => Effect.Effect<A, E, R>
  ) => Effect.Effect<Joined<A>, E, R>
}

export class OrderLifecycle extends Context.Service<OrderLifecycle, LifecycleOperations>()("order-lifecycle/OrderLifecycle") {
  /**
   * The services of the lifecycle over a store, a catalogue and a registry of assets. Time comes from Effect's `Clock`, ids and salts
   * from its `WebCrypto` reference, jitter from its `Random`: tests and simulations replace them. Throws a `WrongOption` that names an
   * option that cannot be used, or a `WrongProcess` that names every fault of the process.
   */
  static readonly layer = (
    options?: LifecycleOptions
  ): Layer.Layer<
    OrderLifecycle | Reservations | AuditTrail | Outbox | Due | AssetRegistry,
    never,
    OrderStore | Catalogue | Assets
  > => layerOf(readOptions(options))
}

const layerOf = (options: LifecycleOptions) => {
  const lifecycle = lifecycleFor(options)
  const asksRegistry = options.assetRegistry === "on"
  return Layer.merge(
    Layer.effectContext(make(lifecycle, arrangementsIn(options))),
    Layer.succeed(CurrentLifecycle, lifecycle)
  ).pipe(
    Layer.provideMerge(Layer.mergeAll(Reservations.layer, AuditTrail.layer, Outbox.layer)),
    // A registry of the embedding service's own takes the place of the library's.
    Layer.provideMerge(
      Layer.effect(
        HasAssetRegistry,
        Effect.map(Assets, (assets) => asksRegistry && isUnregistered(assets))
      )
    )
  )
}

/** What an order can be placed with besides the request. */
export interface PlaceOptions {
  readonly payment?: Payment
  readonly data?: object
}

/** What notes are rewritten with besides the request. */
export interface RewriteOptions {
  /** The notes as the caller has read them. */
  readonly expected?: string
}

/** When orders may be cancelled, and what the embedding service has added. */
export interface LifecycleOptions {
  readonly cancellationPolicy?: CancellationPolicy
  readonly process?: OrderProcess
  /**
   * Orders that are placed from now on are cancelled when they are still pending after so long: an ISO 8601 duration of weeks, days, hours,
   * minutes and seconds, such as `P2D`. Given by `Due`; left out, orders stay.
   */
  readonly pendingExpiresAfter?: string
  /**
   * What an early return costs where the command does not say it, and what the calculator answers: minor units of the order's currency, of a
   * subscription (with its line and its order) and a moment. Left out, nothing. Anything but a non-negative integer is a defect that names it.
   */
  readonly earlyReturnFee?: QuoteFunction
  /** The same for a buyout. Left out, the months that are left of the contract, at its monthly amount. */
  readonly buyoutPrice?: QuoteFunction
  /**
   * What becomes of a subscription when its contract ends, given by `Due`: `require_action`, the default, nothing; `auto_terminate` completes it;
   * `auto_renew_monthly` and `auto_renew_same_term` extend it, by a month or by the months that it had at first, up to 120 in all. Asked when the
   * contract ends, and not when it begins.
   */
  readonly whenContractEnds?: ContractEnding
  /**
   * `on`: a subscription needs an asset that is registered (`AssetRegistry`) and `available`, and commands move it. `off`, the default: any serial
   * number may be rented, and no asset is moved. Without effect where the embedding service has a registry of its own (`Assets`).
   */
  readonly assetRegistry?: AssetRegistryOption
}

/** Whether commands on orders ask the library's own registry of assets, and move what is in it. */
export const assetRegistryOptions = ["off", "on"] as const
/** `on` or `off`: see `LifecycleOptions`. */
export type AssetRegistryOption = (typeof assetRegistryOptions)[number]

const readOptions = optionsReader<LifecycleOptions>("OrderLifecycle.layer", {
  cancellationPolicy: Schema.Literals(cancellationPolicyNames),
  // What is wrong with a process, it says itself: see `checkProcess`.
  process: ObjectOption,
  pendingExpiresAfter: DurationText,
  earlyReturnFee: FunctionOption,
  buyoutPrice: FunctionOption,
  whenContractEnds: Schema.Literals(contractEndings),
  assetRegistry: Schema.Literals(assetRegistryOptions)
})

const arrangementsIn = ({
  earlyReturnFee,
  buyoutPrice,
  whenContractEnds = "require_action"
}: LifecycleOptions): Arrangements => ({
  quotes: { ...defaultQuotes, ...(earlyReturnFee && { earlyReturnFee }), ...(buyoutPrice && { buyoutPrice }) },
  whenContractEnds
})

const lifecycleFor = ({ cancellationPolicy = defaultPolicy, process, pendingExpiresAfter }: LifecycleOptions) =>
  lifecycleOf(cancellationPolicy, process, durationMs(pendingExpiresAfter))

// Input is checked here, whether it comes from code or over HTTP; behind this file it is known to be sound.
const readCaller = effectReader(Caller, "caller")
const readCallerPlacing = effectReader(CallerPlacing, "caller")
const readCallerOfMany = effectReader(CallerOfMany, "caller")
const readTenantId = effectReader(TenantId, "tenantId")
const readSubscriptionId = effectReader(SubscriptionId, "subscriptionId")
const readOrderId = effectReader(OrderId, "orderId")
const readOrderIds = effectReader(Schema.Array(OrderId), "orderIds")
const readPlaceOrder = effectReader(PlaceOrder)
const readPlaceOptions = effectReader(Schema.Struct({ payment: Schema.optional(Payment), data: Schema.optional(Schema.Unknown) }))
const readCancelOrder = effectReader(CancelOrder)
const readRewriteNotes = effectReader(RewriteNotes)
const readRewriteOptions = effectReader(Schema.Struct({ expected: Schema.optionalKey(Schema.String) }))

/** A version that is expected of an order that is not to be cancelled was meant for another one. */
const requireNamed = (
  { expectedVersions = {} }: CallerOfMany,
  orderIds: ReadonlyArray<OrderId>
): Effect.Effect<void, InvalidInput> => {
  const named: ReadonlySet<string> = new Set(orderIds)
  const [first, ...others] = Object.keys(expectedVersions)
    .filter((orderId) => !named.has(orderId))
    .map((orderId) => ({
      path: `expectedVersions.${orderId}`,
      message: "is not one of the orders that are to be cancelled",
      code: "unexpected"
    }))
  return first === undefined ? Effect.void : Effect.fail(new InvalidInput({ details: [first, ...others] }))
}

/** The readers of every command's request. */
const readRequest = Object.fromEntries(commandTypes.map((type) => [type, effectReader(commands[type].request)])) as Readonly<
  Record<
    CommandType,
    (input: unknown) => Effect.Effect<{ readonly orderId: OrderId; readonly rentalId: SubscriptionId }, InvalidInput>
  >
>

/** The method of a command: check what the caller gives, and apply it. */
const methodOf = (services: CommandServices, type: CommandType) => {
  const apply = (caller: Caller, name: LoadRequest["order"], request: object) =>
    applyCommand(services, caller, name, { type, ...request } as CommandRequest)
  const method = traced(`OrderLifecycle.${type}`)
  switch (commands[type].target) {
    case "order":
      return method((caller: Caller, orderId: OrderId, request: object = {}) =>
        Effect.flatMapEager(readCaller(caller), (checkedCaller) =>
          Effect.flatMapEager(readOrderId(orderId), (checkedId) =>
            Effect.flatMapEager(readRequest[type](request), (checked) => apply(checkedCaller, { orderId: checkedId }, checked))
          )
        )
      )
    case "orderId":
      return method((caller: Caller, request: object) =>
        Effect.flatMapEager(readCaller(caller), (checkedCaller) =>
          Effect.flatMapEager(readRequest[type](request), ({ orderId, ...checked }) => apply(checkedCaller, { orderId }, checked))
        )
      )
    case "rentalId":
      return method((caller: Caller, request: object) =>
        Effect.flatMapEager(readCaller(caller), (checkedCaller) =>
          Effect.flatMapEager(readRequest[type](request), (checked) =>
            apply(checkedCaller, { subscriptionId: checked.rentalId }, checked)
          )
        )
      )
  }
}

const make = Effect.fnUntraced(function* (lifecycle: Lifecycle, arrangements: Arrangements) {
  const services = yield* makeCommandServices(lifecycle, arrangements)
  const readers: Readers = { readCommand: commandReader(lifecycle), readOrderList: orderListReader(lifecycle) }
  const operations = makeOver(services, readers, yield* JoinsTransactions)
  return Context.make(OrderLifecycle, operations).pipe(
    Context.add(Due, makeDue(services, readers.readCommand)),
    Context.add(AssetRegistry, makeAssetRegistry(services))
  )
})

/** What reads the requests of a lifecycle. */
interface Readers {
  readonly readCommand: ReturnType<typeof commandReader>
  readonly readOrderList: ReturnType<typeof orderListReader>
}

const makeOver = (
  services: CommandServices,
  readers: Readers,
  join: ((transaction: OpenTransaction) => Effect.Effect<JoinedStore>) | null
): LifecycleOperations => {
  const { lifecycle, store, auditTrail } = services
  const { readCommand, readOrderList } = readers
  const cancelMany = makeCancelMany(services)
  // The method of each name takes what `CommandMethod` says of its command, which a record made in a loop does not show.
  const methods = Object.fromEntries(commandTypes.map((type) => [type, methodOf(services, type)])) as unknown as CommandMethods

  const place = traced("OrderLifecycle.place")((caller: CallerPlacing, request: PlaceOrder, options?: PlaceOptions) =>
    Effect.flatMapEager(readCallerPlacing(caller), (checkedCaller) =>
      Effect.flatMapEager(readPlaceOrder(request), (checked) =>
        options === undefined
          ? placeOrder(services, checkedCaller, checked, {})
          : Effect.flatMapEager(readPlaceOptions(options), ({ payment, data }) =>
              Effect.flatMapEager(readOwnData(lifecycle, data), (own) =>
                placeOrder(services, checkedCaller, checked, { ...(payment && { payment }), ...(own && { data: own }) })
              )
            )
      )
    )
  )

  const apply = traced("OrderLifecycle.apply")((caller: Caller, orderId: OrderId, command: string, request: object = {}) =>
    Effect.flatMapEager(readCaller(caller), (checkedCaller) =>
      Effect.flatMapEager(readOrderId(orderId), (checkedId) =>
        Effect.flatMapEager(readCommand.named(command, request), (checked) =>
          applyCommand(services, checkedCaller, { orderId: checkedId }, checked)
        )
      )
    )
  )

  const preview = traced("OrderLifecycle.preview")((caller: Caller, orderId: OrderId, request: CommandRequest) =>
    Effect.flatMapEager(readCaller(caller), (checkedCaller) =>
      Effect.flatMapEager(readOrderId(orderId), (checkedId) =>
        Effect.flatMapEager(readCommand.request(request), (checked) =>
          previewCommand(services, checkedCaller, checkedId, checked)
        )
      )
    )
  )

  const findSubscription = Effect.fnUntraced(function* (tenant: TenantId, subscription: SubscriptionId) {
    const tenantId = yield* readTenantId(tenant)
    const subscriptionId = yield* readSubscriptionId(subscription)
    const found = yield* store.findSubscription(tenantId, subscriptionId)
    return found ?? (yield* new SubscriptionNotFound({ subscriptionId }))
  })

  /** Notes of what is there are refused only where they are not those expected. `noted` reads those that there are; null where nothing has them. */
  const rewriteNotes = Effect.fnUntraced(function* <E>(
    tenantId: TenantId,
    of: NotesOwner,
    request: RewriteNotes,
    options: RewriteOptions = {},
    noted: Effect.Effect<ConstructorParameters<typeof NotesMismatch>[0] | null, StoreUnavailable>,
    unknown: E
  ) {
    const { notes } = yield* readRewriteNotes(request)
    const { expected } = yield* readRewriteOptions(options)
    if (yield* store.rewriteNotes(tenantId, of, notes, expected)) return
    const found = expected === undefined ? null : yield* noted
    return yield* Effect.fail(found === null ? unknown : new NotesMismatch(found))
  })

  const calculate = (name: QuoteName) =>
    Effect.fnUntraced(function* (tenantId: TenantId, subscriptionId: SubscriptionId) {
      const found = yield* findSubscription(tenantId, subscriptionId)
      const at = yield* withMillis((millis) => Effect.succeed(fromMillis(millis)))
      const quote = quoteFor(services.quotes, name, found, at)
      return quote instanceof SubscriptionNotActive ? yield* quote : quote
    })

  const within: LifecycleOperations["within"] = (transaction, work) =>
    join === null
      ? Effect.die(new CannotJoin())
      : Effect.flatMap(join(transaction), ({ store: joined, committed }) =>
          // What is joined is a transaction already: nothing in it is joined again.
          Effect.map(work(makeOver({ ...services, store: joined, auditTrail }, readers, null)), (outcome) => ({
            outcome,
            committed
          }))
        )

  return OrderLifecycle.of({
    ...methods,
    place,
    apply,
    within,
    preview,
    explain: (caller, orderId, request) => Effect.map(preview(caller, orderId, request), ({ blockers }) => blockers),
    commands: traced("OrderLifecycle.commands")(
      Effect.fnUntraced(function* (given: Caller, order: OrderId) {
        const { tenantId, actor } = yield* readCaller(given)
        const orderId = yield* readOrderId(order)
        const [loaded] = yield* store.load([{ tenantId, order: { orderId } }])
        const found = loaded?.order ?? (yield* new OrderNotFound({ orderId }))
        const at = yield* withMillis((millis) => Effect.succeed(fromMillis(millis)))
        return { order: found, commands: possibleCommands(lifecycle, found, { at, actor }) }
      })
    ),
    cancelMany: traced("OrderLifecycle.cancelMany")(
      (caller: CallerOfMany, orderIds: ReadonlyArray<OrderId>, request: CancelOrder = {}) =>
        Effect.gen(function* () {
          const checked = yield* readCallerOfMany(caller)
          const ids = yield* readOrderIds(orderIds)
          yield* requireNamed(checked, ids)
          return yield* cancelMany(checked, ids, yield* readCancelOrder(request))
        })
    ),
    get: traced("OrderLifecycle.get")(
      Effect.fnUntraced(function* (tenant: TenantId, order: OrderId) {
        const tenantId = yield* readTenantId(tenant)
        const orderId = yield* readOrderId(order)
        const [loaded] = yield* store.load([{ tenantId, order: { orderId } }])
        return loaded?.order ?? (yield* new OrderNotFound({ orderId }))
      })
    ),
    list: (tenantId, request) =>
      Effect.flatMap(readTenantId(tenantId), (checked) => listOrders(store, readOrderList, checked, request)),
    getSubscription: traced("OrderLifecycle.getSubscription")(findSubscription),
    calculateEarlyReturnFee: traced("OrderLifecycle.calculateEarlyReturnFee")(calculate("earlyReturnFee")),
    calculateBuyout: traced("OrderLifecycle.calculateBuyout")(calculate("buyoutPrice")),
    listSubscriptions: (tenantId, request) =>
      Effect.flatMap(readTenantId(tenantId), (checked) => listSubscriptions(store, checked, request)),
    rewriteNotes: traced("OrderLifecycle.rewriteNotes")(
      (tenant: TenantId, order: OrderId, request: RewriteNotes, options?: RewriteOptions) =>
        Effect.gen(function* () {
          const tenantId = yield* readTenantId(tenant)
          const orderId = yield* readOrderId(order)
          const noted = Effect.map(store.load([{ tenantId, order: { orderId } }]), ([loaded]) =>
            loaded?.order ? { orderId, notes: loaded.order.notes ?? "" } : null
          )
          return yield* rewriteNotes(tenantId, orderId, request, options, noted, new OrderNotFound({ orderId }))
        })
    ),
    rewriteSubscriptionNotes: traced("OrderLifecycle.rewriteSubscriptionNotes")(
      (tenant: TenantId, subscription: SubscriptionId, request: RewriteNotes, options?: RewriteOptions) =>
        Effect.gen(function* () {
          const tenantId = yield* readTenantId(tenant)
          const subscriptionId = yield* readSubscriptionId(subscription)
          const noted = Effect.map(
            store.findSubscription(tenantId, subscriptionId),
            (found) => found && { orderId: found.order.orderId, subscriptionId, notes: found.subscription.notes ?? "" }
          )
          const unknown = new SubscriptionNotFound({ subscriptionId })
          return yield* rewriteNotes(tenantId, { subscriptionId }, request, options, noted, unknown)
        })
    )
  })
}
