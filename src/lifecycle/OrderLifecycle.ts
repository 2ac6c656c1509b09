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
import type { OrderPlaced } from "../order/AuditEvent.ts"
import type { EventOf, RefusalOf, Transition } from "../order/decide.ts"
import type { Preview } from "../order/explain.ts"
import { type Lifecycle, lifecycles } from "../order/lifecycleTable.ts"
import type { Order, SubscriptionId, TenantId } from "../order/Order.ts"
import { OrderId, Payment } from "../order/Order.ts"
import { CancelOrder, EndSubscription, PlaceOrder, RewriteNotes, StartSubscription } from "../order/OrderCommand.ts"
import { type CancellationPolicy, cancellationPolicyNames } from "../order/orderMachine.ts"
import { reader } from "../order/readInput.ts"
import { type InvalidInput, OrderNotFound, type PlaceRefusal, SubscriptionNotFound } from "../order/Refusal.ts"
import { type CommandRequest, makeApplyCommand } from "./applyCommand.ts"
import type { Assets } from "./Assets.ts"
import { AuditTrail } from "./AuditTrail.ts"
import { Caller } from "./Caller.ts"
import { type CancelOutcome, makeCancelMany } from "./cancelMany.ts"
import type { Catalogue } from "./Catalogue.ts"
import type { IdempotencyKeyReused } from "./idempotency.ts"
import { optionsReader } from "./options.ts"
import { OrderStore, type OutcomeUnknown, type StoreUnavailable, type SubscriptionOfOrder } from "./OrderStore.ts"
import { Outbox } from "./Outbox.ts"
import { listOrders, listSubscriptions, type OrderListRequest, type Page, type SubscriptionListRequest } from "./paging.ts"
import { Reservations } from "./Reservations.ts"
import { traced } from "./traced.ts"

/** What any command can fail with besides its own refusals. */
export type CommandFailure = InvalidInput | IdempotencyKeyReused | StoreUnavailable | OutcomeUnknown

export class OrderLifecycle extends Context.Service<
  OrderLifecycle,
  {
    /** Place an order. `payment` is the deposit, if the embedding service took one (amounts in minor units). */
    readonly place: (
      caller: Caller,
      request: PlaceOrder,
      options?: { readonly payment?: Payment }
    ) => Effect.Effect<Transition<typeof OrderPlaced.Type>, PlaceRefusal | CommandFailure>

    /** Confirm a pending order. */
    readonly confirm: (
      caller: Caller,
      orderId: OrderId
    ) => Effect.Effect<Transition<EventOf<"confirm">>, RefusalOf<"confirm"> | OrderNotFound | CommandFailure>

    /** Start a subscription for one unit of one line. */
    readonly startSubscription: (
      caller: Caller,
      request: StartSubscription
    ) => Effect.Effect<Transition<EventOf<"startSubscription">>, RefusalOf<"startSubscription"> | OrderNotFound | CommandFailure>

    /** End a subscription by cancelling it. */
    readonly endSubscription: (
      caller: Caller,
      request: EndSubscription
    ) => Effect.Effect<Transition<EventOf<"endSubscription">>, RefusalOf<"endSubscription"> | CommandFailure>

    /** Cancel an order and release what it holds. Source: cancel-order.md. */
    readonly cancel: (
      caller: Caller,
      orderId: OrderId,
      request?: CancelOrder
    ) => Effect.Effect<Transition<EventOf<"cancel">>, RefusalOf<"cancel"> | OrderNotFound | CommandFailure>

    /**
     * Cancel many orders for one reason: up to 500 in one statement, each with an outcome of its own. One answer per distinct id, in the
     * order in which they were first named. Takes no idempotency key: repeating it is safe, as an order is cancelled only once.
     */
    readonly cancelMany: (
      caller: Omit<Caller, "idempotencyKey">,
      orderIds: ReadonlyArray<OrderId>,
      request?: CancelOrder
    ) => Effect.Effect<ReadonlyArray<CancelOutcome>, InvalidInput>

    /**
     * What a command would do to an order, or everything in its way. Changes nothing. At the same version, the command itself does
     * exactly this: both ask the same decision.
     */
    readonly preview: (
      caller: Caller,
      orderId: OrderId,
      request: CommandRequest
    ) => Effect.Effect<Preview, OrderNotFound | InvalidInput | StoreUnavailable>

    /** Everything in the way of a command: the blockers of its preview. Empty when it would be accepted. */
    readonly explain: (
      caller: Caller,
      orderId: OrderId,
      request: CommandRequest
    ) => Effect.Effect<Preview["blockers"], OrderNotFound | InvalidInput | StoreUnavailable>

    /** An order. */
    readonly get: (tenantId: TenantId, orderId: OrderId) => Effect.Effect<Order, OrderNotFound | StoreUnavailable>

    /** A page of orders. */
    readonly list: (tenantId: TenantId, request?: OrderListRequest) => Effect.Effect<Page<Order>, InvalidInput | StoreUnavailable>

    /** A subscription, with its order. */
    readonly getSubscription: (
      tenantId: TenantId,
      subscriptionId: SubscriptionId
    ) => Effect.Effect<SubscriptionOfOrder, SubscriptionNotFound | StoreUnavailable>

    /** A page of subscriptions, newest first. */
    readonly listSubscriptions: (
      tenantId: TenantId,
      request?: SubscriptionListRequest
    ) => Effect.Effect<Page<SubscriptionOfOrder>, InvalidInput | StoreUnavailable>

    /** Rewrite an order's notes: an annotation, with no version and no event of its own. */
    readonly rewriteNotes: (
      tenantId: TenantId,
      orderId: OrderId,
      request: RewriteNotes
    ) => Effect.Effect<void, OrderNotFound | InvalidInput | StoreUnavailable | OutcomeUnknown>
  }
>()("order-lifecycle/OrderLifecycle") {
  /**
   * The services of the lifecycle over a store, a catalogue and a registry of assets. Time comes from Effect's `Clock`, ids and salts
   * from its `WebCrypto` reference, jitter from its `Random`: tests and simulations replace them. Throws a `WrongOption` that names an
   * option that cannot be used.
   */
  static readonly layer = (options?: {
    readonly cancellationPolicy?: CancellationPolicy
  }): Layer.Layer<OrderLifecycle | Reservations | AuditTrail | Outbox, never, OrderStore | Catalogue | Assets> =>
    Layer.effect(OrderLifecycle, make(lifecycles[readOptions(options).cancellationPolicy ?? "noActiveSubscriptions"])).pipe(
      Layer.provideMerge(Layer.mergeAll(Reservations.layer, AuditTrail.layer, Outbox.layer))
    )
}

const readOptions = optionsReader<{ readonly cancellationPolicy?: CancellationPolicy }>("OrderLifecycle.layer", {
  cancellationPolicy: Schema.Literals(cancellationPolicyNames)
})

/**
 * Input is checked here, whether it comes from code or over HTTP; behind this file it is known to be sound. A member that is not known is
 * refused by name: in code it is a mistake (over HTTP it was dropped before). What a reader gives is there at
 * once, so that what follows it (`flatMapEager`) is no step of its own.
 */
const read = <S extends Schema.ConstraintDecoder<unknown>>(schema: S, path?: string) => {
  const readResult = reader(schema, path, "refused")
  return (input: unknown) => Effect.fromResult(readResult(input))
}
const readCaller = read(Caller, "caller")
const readOrderId = read(OrderId, "orderId")
const readOrderIds = read(Schema.Array(OrderId), "orderIds")
const readPlaceOrder = read(PlaceOrder)
const readPayment = read(Schema.UndefinedOr(Payment), "payment")
const readCancelOrder = read(CancelOrder)
const readStartSubscription = read(StartSubscription)
const readEndSubscription = read(EndSubscription)
const readRewriteNotes = read(RewriteNotes)
const readConfirm = read(Schema.Struct({ type: Schema.Literal("confirm") }))

/** A command that is only asked about is checked like one that is given: what it is refused for, its preview is refused for. */
const readCommandRequest = Effect.fnUntraced(function* (
  orderId: OrderId,
  request: CommandRequest
): Effect.fn.Return<CommandRequest, InvalidInput> {
  const { type, ...given } = request
  switch (type) {
    case "confirm":
      yield* readConfirm(request)
      return { type }
    case "startSubscription": {
      const { orderId: _, ...checked } = yield* readStartSubscription({ ...given, orderId })
      return { type, ...checked }
    }
    case "endSubscription":
      return { type, ...(yield* readEndSubscription(given)) }
    case "cancel":
      return { type, ...(yield* readCancelOrder(given)) }
  }
})

const make = Effect.fnUntraced(function* (lifecycle: Lifecycle) {
  const store = yield* OrderStore
  const commands = yield* makeApplyCommand(lifecycle)
  const cancelMany = yield* makeCancelMany(lifecycle, commands)
  const { applyCommand, placeOrder, previewCommand } = commands

  const place = traced("OrderLifecycle.place")((caller: Caller, request: PlaceOrder, options?: { readonly payment?: Payment }) =>
    Effect.flatMapEager(readCaller(caller), (checkedCaller) =>
      Effect.flatMapEager(readPlaceOrder(request), (checked) =>
        Effect.flatMapEager(readPayment(options?.payment), (payment) => placeOrder(checkedCaller, checked, payment))
      )
    )
  )

  const confirm = traced("OrderLifecycle.confirm")((caller: Caller, orderId: OrderId) =>
    Effect.flatMapEager(readCaller(caller), (checkedCaller) =>
      Effect.flatMapEager(readOrderId(orderId), (checkedId) =>
        applyCommand(checkedCaller, { orderId: checkedId }, { type: "confirm" })
      )
    )
  )

  const startSubscription = traced("OrderLifecycle.startSubscription")((caller: Caller, request: StartSubscription) =>
    Effect.flatMapEager(readCaller(caller), (checkedCaller) =>
      Effect.flatMapEager(readStartSubscription(request), ({ orderId, ...checked }) =>
        applyCommand(checkedCaller, { orderId }, { type: "startSubscription", ...checked })
      )
    )
  )

  const endSubscription = traced("OrderLifecycle.endSubscription")((caller: Caller, request: EndSubscription) =>
    Effect.flatMapEager(readCaller(caller), (checkedCaller) =>
      Effect.flatMapEager(readEndSubscription(request), (checked) =>
        applyCommand(checkedCaller, { subscriptionId: checked.rentalId }, { type: "endSubscription", ...checked })
      )
    )
  )

  const cancel = traced("OrderLifecycle.cancel")((caller: Caller, orderId: OrderId, request: CancelOrder = {}) =>
    Effect.flatMapEager(readCaller(caller), (checkedCaller) =>
      Effect.flatMapEager(readOrderId(orderId), (checkedId) =>
        Effect.flatMapEager(readCancelOrder(request), (checked) =>
          applyCommand(checkedCaller, { orderId: checkedId }, { type: "cancel", ...checked })
        )
      )
    )
  )

  const preview = traced("OrderLifecycle.preview")((caller: Caller, orderId: OrderId, request: CommandRequest) =>
    Effect.flatMapEager(readCaller(caller), (checkedCaller) =>
      Effect.flatMapEager(readOrderId(orderId), (checkedId) =>
        Effect.flatMapEager(readCommandRequest(checkedId, request), (checked) =>
          previewCommand(checkedCaller, checkedId, checked)
        )
      )
    )
  )

  return OrderLifecycle.of({
    place,
    confirm,
    startSubscription,
    endSubscription,
    cancel,
    preview,
    explain: (caller, orderId, request) => Effect.map(preview(caller, orderId, request), ({ blockers }) => blockers),
    cancelMany: traced("OrderLifecycle.cancelMany")(
      (caller: Omit<Caller, "idempotencyKey">, orderIds: ReadonlyArray<OrderId>, request: CancelOrder = {}) =>
        Effect.gen(function* () {
          const { idempotencyKey: _, ...checked } = yield* readCaller(caller)
          return yield* cancelMany(checked, yield* readOrderIds(orderIds), yield* readCancelOrder(request))
        })
    ),
    get: traced("OrderLifecycle.get")((tenantId: TenantId, orderId: OrderId) =>
      Effect.flatMap(store.load([{ tenantId, order: { orderId } }]), ([loaded]) =>
        loaded?.order ? Effect.succeed(loaded.order) : Effect.fail(new OrderNotFound({ orderId }))
      )
    ),
    list: (tenantId, request) => listOrders(store, tenantId, request),
    getSubscription: traced("OrderLifecycle.getSubscription")((tenantId: TenantId, subscriptionId: SubscriptionId) =>
      Effect.flatMap(store.findSubscription(tenantId, subscriptionId), (found) =>
        found ? Effect.succeed(found) : Effect.fail(new SubscriptionNotFound({ subscriptionId }))
      )
    ),
    listSubscriptions: (tenantId, request) => listSubscriptions(store, tenantId, request),
    rewriteNotes: traced("OrderLifecycle.rewriteNotes")((tenantId: TenantId, orderId: OrderId, request: RewriteNotes) =>
      Effect.gen(function* () {
        const { notes } = yield* readRewriteNotes(request)
        if (!(yield* store.rewriteNotes(tenantId, orderId, notes))) return yield* new OrderNotFound({ orderId })
      })
    )
  })
})
