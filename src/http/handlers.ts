/** The Api, implemented: every handler calls the lifecycle and shows the result. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpEffect from "effect/http/HttpEffect"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type * as HttpApi from "effect/http-api/HttpApi"
import type * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import { CurrentLifecycle } from "../lifecycle/CurrentLifecycle.ts"
import type { AssetChange } from "../asset/decideAsset.ts"
import { AssetRegistry } from "../lifecycle/AssetRegistry.ts"
import { AuditTrail } from "../lifecycle/AuditTrail.ts"
import type { Caller } from "../lifecycle/Caller.ts"
import type { CancelOutcome } from "../lifecycle/cancelMany.ts"
import { NotesMismatch } from "../lifecycle/expectedVersion.ts"
import { OrderLifecycle, type RewriteOptions } from "../lifecycle/OrderLifecycle.ts"
import { subscriptionOfOrder } from "../lifecycle/subscriptionOfOrder.ts"
import { Reservations } from "../lifecycle/Reservations.ts"
import type { Transition } from "../order/Transition.ts"
import { startedBy } from "../order/commands/startSubscription.ts"
import type { Order, OrderId, Subscription, SubscriptionId, TenantId } from "../order/Order.ts"
import { type InputFault, InvalidInput, OrderNotFound } from "../order/commonRefusals.ts"
import { toMajor } from "../order/Money.ts"
import { Api, furtherCommands, type OwnEndpoint } from "./Api.ts"
import { InvalidBuyoutPrice, InvalidFee, minorUnits } from "./amounts.ts"
import { readDataQuery } from "./dataQuery.ts"
import { Tried } from "./dryRun.ts"
import { expectedNotesOf, hashOf, notesTag, versionTag } from "./entityTags.ts"
import {
  answerFailure,
  type Failure,
  noteFailure,
  OrderOfSubscriptionNotFound,
  OwnStatuses,
  replayedHeader,
  toldOf
} from "./errors.ts"
import { noteIds, type Noted, RequestNotes } from "./requestLog.ts"
import {
  viewAsset,
  viewAssetPage,
  viewCancellation,
  viewCommands,
  viewEvent,
  viewOrder,
  viewOrderPage,
  viewPreview,
  viewSubscription,
  viewSubscriptionPage
} from "./views.ts"

/** Who gives the command that a request carries. Known once `app.ts` has let the request in. */
export class CurrentCaller extends Context.Service<CurrentCaller, Caller>()("order-lifecycle/http/CurrentCaller") {}

/** Ask for the caller, do something in their name, and answer with a view of it or with the failure. What came of it is noted for the log. */
const answer = <A, View, R = never>(work: (caller: Caller) => Effect.Effect<A, Failure, R>, view: (result: A) => View) =>
  Effect.gen(function* () {
    const notes = yield* RequestNotes
    const ownStatuses = yield* OwnStatuses
    return yield* Effect.match(work(yield* CurrentCaller), {
      onSuccess: (result) => {
        noteTransition(notes, result)
        return view(result)
      },
      onFailure: (failure: Failure | Tried) => {
        if (failure instanceof Tried) return answerTried(notes, failure)
        noteFailure(notes, failure)
        return answerFailure(failure, ownStatuses)
      }
    })
  })

/** The answer to a dry run. */
const answerTried = (notes: Noted, { preview }: Tried) => {
  const { orderId, version } = preview.order
  noteIds(notes, { orderId })
  return HttpServerResponse.jsonUnsafe(viewPreview(preview), { headers: versionTag(version) })
}

const noteTransition = (notes: Noted, result: unknown): void => {
  if (typeof result !== "object" || result === null || !("after" in result && "event" in result)) return
  const { after, event } = result as Transition
  noteIds(notes, { orderId: after.orderId, ...("subscriptionId" in event.details && event.details) })
}

/** As `answer`, with headers for the answer. */
const answerWith = <A, View, R = never>(
  work: (caller: Caller) => Effect.Effect<A, Failure, R>,
  headersOf: (result: A) => Readonly<Record<string, string>>,
  view: (result: A) => View
) =>
  answer(
    (caller) =>
      Effect.tap(work(caller), (result) =>
        // A result that cannot be shown is answered with an error, which is of no version.
        HttpEffect.appendPreResponseHandler((_, response) =>
          Effect.succeed(response.status < 300 ? HttpServerResponse.setHeaders(response, headersOf(result)) : response)
        )
      ),
    view
  )

/** As `answer`, for a command: with the version that it led to. An answer that is given again is marked. */
const answerCommand = <A extends Transition, View, R = never>(
  work: (caller: Caller) => Effect.Effect<A, Failure, R>,
  view: (result: A) => View
) => answerWith(work, ({ event, replayed }) => ({ ...versionTag(event.sequence), ...(replayed && replayedHeader) }), view)

const success = true as const

/** What a command on an order answers. */
const outcomeOf =
  (message: string) =>
  ({ after }: Transition) => ({ success, message, orderId: after.orderId, order: viewOrder(after) })

const ordersOf = (api: typeof Api) =>
  HttpApiBuilder.group(
    api,
    "orders",
    Effect.fnUntraced(function* (handlers) {
      const lifecycle = yield* OrderLifecycle
      const { process } = yield* CurrentLifecycle
      const filters = process?.data.filters ?? new Map()
      const auditTrail = yield* AuditTrail
      const notesOf = (tenantId: TenantId, orderId: OrderId) =>
        Effect.map(lifecycle.get(tenantId, orderId), ({ notes = "" }) => ({ orderId, notes }))
      return handlers
        .handle("createOrder", ({ payload: { data, ...request } }) =>
          answerCommand(
            (caller) => lifecycle.place(caller, request, data === undefined ? undefined : { data: data as object }),
            ({ after }) => ({ success, message: "Order created successfully", orderId: after.orderId, order: viewOrder(after) })
          )
        )
        .handle("listOrders", ({ query }) =>
          answer(
            ({ tenantId }) => Effect.flatMap(lifecycle.list(tenantId, readDataQuery(query, filters)), viewOrderPage),
            identity
          )
        )
        .handle("getOrder", ({ params }) =>
          answerWith(
            ({ tenantId }) => lifecycle.get(tenantId, params.orderId),
            ({ version }) => versionTag(version),
            viewOrder
          )
        )
        .handle("getOrderNotes", ({ params: { orderId } }) =>
          answerWith(
            ({ tenantId }) => notesOf(tenantId, orderId),
            ({ notes }) => notesTag(notes),
            identity
          )
        )
        .handle("updateOrderNotes", ({ params: { orderId }, payload }) =>
          answerWith(
            ({ tenantId }) =>
              whereExpected(notesOf(tenantId, orderId), (options) => lifecycle.rewriteNotes(tenantId, orderId, payload, options)),
            () => notesTag(payload.notes),
            () => ({ success, message: "Order notes updated successfully", orderId })
          )
        )
        .handle("confirmOrder", ({ params: { orderId } }) =>
          answerCommand(
            (caller) => lifecycle.confirm(caller, orderId),
            () => ({ success, message: "Order confirmed successfully", orderId })
          )
        )
        .handle("cancelOrder", ({ params: { orderId }, payload }) =>
          answerCommand(
            (caller) => lifecycle.cancel(caller, orderId, payload),
            () => ({ success, message: "Order cancelled successfully", orderId })
          )
        )
        .handle("cancelOrders", ({ payload: { orderIds, expectedVersions, ...request } }) =>
          answer(
            ({ tenantId, actor, requestId }) =>
              lifecycle.cancelMany(
                {
                  tenantId,
                  actor,
                  ...(requestId !== undefined && { requestId }),
                  ...(expectedVersions !== undefined && { expectedVersions })
                },
                orderIds,
                request
              ),
            (outcomes) => ({ results: outcomes.map(viewOutcome) })
          )
        )
        .handle("releaseOrderItems", ({ params: { orderId }, payload }) =>
          answerCommand((caller) => lifecycle.release(caller, orderId, payload), outcomeOf("Items released successfully"))
        )
        .handle("addOrderItems", ({ params: { orderId }, payload }) =>
          answerCommand((caller) => lifecycle.addItems(caller, orderId, payload), outcomeOf("Items added successfully"))
        )
        .handle("correctOrder", ({ params: { orderId }, payload }) =>
          answerCommand((caller) => lifecycle.correct(caller, orderId, payload), outcomeOf("Order corrected successfully"))
        )
        .handle("recordOrderPayment", ({ params: { orderId }, payload: { paidAmount, ...payload } }) =>
          answerCommand(
            (caller) =>
              Effect.gen(function* () {
                if (paidAmount === undefined) return yield* lifecycle.recordPayment(caller, orderId, payload)
                // The order knows how many decimals its currency has, and that never changes.
                const { decimals } = yield* lifecycle.get(caller.tenantId, orderId)
                const minor = yield* minorUnits(paidAmount, decimals, "paidAmount")
                return yield* lifecycle.recordPayment(caller, orderId, { ...payload, paidAmount: minor })
              }),
            outcomeOf("Payment recorded successfully")
          )
        )
        .handle("previewOrderCancellation", ({ params }) =>
          answer((caller) => lifecycle.preview(caller, params.orderId, { type: "cancel" }), viewCancellation)
        )
        .handle("listOrderCommands", ({ params }) => answer((caller) => lifecycle.commands(caller, params.orderId), viewCommands))
        .handle("listOrderEvents", ({ params: { orderId } }) =>
          answer(
            ({ tenantId }) =>
              Effect.filterOrFail(
                auditTrail.history(tenantId, orderId),
                (events) => events.length > 0,
                () => new OrderNotFound({ orderId })
              ),
            (events) => ({ orderId, events: events.map(viewEvent) })
          )
        )
    })
  )

/** Rewrite notes that are still what the request expects. They are read just before, and the store compares them once more as it writes. */
const whereExpected = Effect.fnUntraced(function* (
  read: Effect.Effect<ConstructorParameters<typeof NotesMismatch>[0], Failure>,
  rewrite: (options: RewriteOptions) => Effect.Effect<void, Failure>
): Effect.fn.Return<void, Failure, HttpServerRequest> {
  const { tags, fault } = expectedNotesOf(yield* HttpServerRequest)
  if (fault !== undefined) return yield* new InvalidInput({ details: [fault] })
  if (tags === undefined) return yield* rewrite({})
  const found = yield* read
  if (!tags.includes(hashOf(found.notes))) return yield* new NotesMismatch(found)
  return yield* rewrite({ expected: found.notes })
})

/** One order's part of the answer to a cancel of many. */
const viewOutcome = ({ orderId, outcome }: CancelOutcome) =>
  Result.isSuccess(outcome)
    ? { orderId, success, message: "Order cancelled successfully" }
    : { orderId, success: false, ...tell(outcome.failure) }

const tell = (failure: Failure) => {
  const { code, message } = toldOf(failure)
  return { code, message }
}

/** A subscription that its own event says is there. */
const subscriptionOf = (order: Order, subscriptionId: SubscriptionId): Subscription => {
  const subscription = order.subscriptions.find((each) => each.subscriptionId === subscriptionId)
  if (subscription === undefined) throw new Error(`order ${order.orderId} has lost subscription ${subscriptionId}`)
  return subscription
}

const otherSubscription = new InvalidInput({
  details: [{ path: "rentalId", message: "must be the subscription that the path names", code: "invalid_value" }]
})

/** The command that the body asks for, if the path names the same subscription. */
const ofSamePath = <A, E, R>(
  params: { readonly subscriptionId: SubscriptionId },
  { rentalId }: { readonly rentalId: SubscriptionId },
  command: Effect.Effect<A, E, R>
): Effect.Effect<A, E | InvalidInput, R> => (rentalId === params.subscriptionId ? command : Effect.fail(otherSubscription))

const subscriptions = HttpApiBuilder.group(
  Api,
  "subscriptions",
  Effect.fnUntraced(function* (handlers) {
    const lifecycle = yield* OrderLifecycle

    /** The request with its amount in minor units of the order's currency, whose decimals never change. */
    const inMinorUnits = <Request extends { readonly rentalId: SubscriptionId }, Refused = InvalidInput>(
      { tenantId }: Caller,
      request: Request,
      member: keyof Request & string,
      Refusal?: new (faults: { readonly details: readonly [InputFault] }) => Refused
    ) => {
      const amount = request[member]
      return typeof amount !== "number"
        ? Effect.succeed(request)
        : Effect.flatMap(lifecycle.getSubscription(tenantId, request.rentalId), ({ order }) =>
            Effect.map(minorUnits(amount, order.decimals, member, Refusal), (minor): Request => ({ ...request, [member]: minor }))
          )
    }

    const notesOf = (tenantId: TenantId, subscriptionId: SubscriptionId) =>
      Effect.map(lifecycle.getSubscription(tenantId, subscriptionId), ({ order: { orderId }, subscription: { notes = "" } }) => ({
        orderId,
        subscriptionId,
        notes
      }))
    return handlers
      .handle("createSubscription", ({ payload }) =>
        answerCommand(
          (caller) =>
            Effect.andThen(
              Effect.map(RequestNotes, (notes) => noteIds(notes, payload)),
              Effect.catchTag(lifecycle.startSubscription(caller, payload), "OrderNotFound", OrderOfSubscriptionNotFound.from)
            ),
          ({ event, after }) => {
            const { subscriptionId } = event.details
            // As it was then: an answer given again has the order as it stands now.
            const rental = viewSubscription(subscriptionOfOrder(after, startedBy(event)))
            return { success, message: "Subscription created successfully", rentalId: subscriptionId, rental }
          }
        )
      )
      .handle("listSubscriptions", ({ query }) =>
        answer(({ tenantId }) => Effect.flatMap(lifecycle.listSubscriptions(tenantId, query), viewSubscriptionPage), identity)
      )
      .handle("getSubscription", ({ params }) =>
        answer(({ tenantId }) => lifecycle.getSubscription(tenantId, params.subscriptionId), viewSubscription)
      )
      .handle("getSubscriptionNotes", ({ params: { subscriptionId } }) =>
        answerWith(
          ({ tenantId }) => notesOf(tenantId, subscriptionId),
          ({ notes }) => notesTag(notes),
          ({ notes }) => ({ rentalId: subscriptionId, notes })
        )
      )
      .handle("updateSubscriptionNotes", ({ params: { subscriptionId }, payload }) =>
        answerWith(
          ({ tenantId }) =>
            whereExpected(notesOf(tenantId, subscriptionId), (options) =>
              lifecycle.rewriteSubscriptionNotes(tenantId, subscriptionId, payload, options)
            ),
          () => notesTag(payload.notes),
          () => ({ success, message: "Subscription notes updated successfully", rentalId: subscriptionId })
        )
      )
      .handle("cancelSubscription", ({ params, payload }) =>
        answerCommand(
          (caller) => ofSamePath(params, payload, lifecycle.cancelSubscription(caller, payload)),
          ({ event, after }) => ({
            success,
            rentalId: payload.rentalId,
            assetSerialNumber: subscriptionOf(after, payload.rentalId).serialNumber,
            // Only an active subscription can be cancelled.
            previousStatus: "active",
            cancelledAt: event.at,
            message: "Subscription cancelled successfully"
          })
        )
      )
      .handle("calculateEarlyReturnFee", ({ payload: { rentalId } }) =>
        answer(
          ({ tenantId }) => lifecycle.calculateEarlyReturnFee(tenantId, rentalId),
          ({ amount, monthsLeft, of: { order } }) => ({
            success,
            earlyReturnFee: toMajor(amount, order.decimals),
            remainingMonths: monthsLeft,
            penaltyPercentage: 0
          })
        )
      )
      .handle("returnSubscription", ({ params, payload }) =>
        answerCommand(
          (caller) =>
            ofSamePath(
              params,
              payload,
              Effect.flatMap(inMinorUnits(caller, payload, "earlyReturnFee", InvalidFee), (request) =>
                lifecycle.returnSubscription(caller, request)
              )
            ),
          ({ event: { at, details }, after }) => ({
            success,
            message: "Subscription returned successfully",
            rentalId: payload.rentalId,
            assetSerialNumber: details.serialNumber,
            earlyReturnFee: toMajor(details.fee, details.decimals),
            currency: after.currency,
            actualMonthsRented: details.monthsRented,
            returnDate: at
          })
        )
      )
      .handle("calculateBuyout", ({ payload: { rentalId } }) =>
        answer(
          ({ tenantId }) => lifecycle.calculateBuyout(tenantId, rentalId),
          ({ amount, monthsLeft, of: { order } }) => ({
            success,
            buyoutPrice: toMajor(amount, order.decimals),
            remainingPayments: monthsLeft,
            depreciatedValue: toMajor(amount, order.decimals)
          })
        )
      )
      .handle("buyOutSubscription", ({ params, payload }) =>
        answerCommand(
          (caller) =>
            ofSamePath(
              params,
              payload,
              Effect.flatMap(inMinorUnits(caller, payload, "buyoutPrice", InvalidBuyoutPrice), (request) =>
                lifecycle.buyOutSubscription(caller, request)
              )
            ),
          ({ event: { at, details }, after }) => ({
            success,
            message: "Subscription bought out successfully",
            rentalId: payload.rentalId,
            assetSerialNumber: details.serialNumber,
            buyoutPrice: toMajor(details.price, details.decimals),
            currency: after.currency,
            effectiveDate: at
          })
        )
      )
      .handle("completeSubscription", ({ params, payload }) =>
        answerCommand(
          (caller) => ofSamePath(params, payload, lifecycle.completeSubscription(caller, payload)),
          ({ event: { at, details } }) => ({
            success,
            message: "Subscription completed successfully",
            rentalId: payload.rentalId,
            assetSerialNumber: details.serialNumber,
            completedAt: at
          })
        )
      )
      .handle("extendSubscription", ({ params, payload }) =>
        answerCommand(
          (caller) =>
            ofSamePath(
              params,
              payload,
              Effect.flatMap(inMinorUnits(caller, payload, "newMonthlyAmount"), (request) =>
                lifecycle.extendSubscription(caller, request)
              )
            ),
          ({ event: { details } }) => ({
            success,
            message: "Subscription extended successfully",
            rentalId: payload.rentalId,
            assetSerialNumber: details.serialNumber,
            oldEndDate: details.oldEndDate,
            newEndDate: details.newEndDate,
            extensionMonths: details.months,
            oldContractLength: details.oldContractLength,
            newContractLength: details.newContractLength
          })
        )
      )
      .handle("upgradeSubscription", ({ params, payload }) =>
        answerCommand(
          (caller) =>
            ofSamePath(
              params,
              payload,
              Effect.flatMap(inMinorUnits(caller, payload, "newMonthlyAmount"), (request) =>
                lifecycle.upgradeSubscription(caller, request)
              )
            ),
          ({ event: { details }, after }) => ({
            success,
            message: "Subscription upgraded successfully",
            oldRentalId: details.subscriptionId,
            newRentalId: details.newSubscriptionId,
            oldDevice: after.lines[subscriptionOf(after, details.subscriptionId).line]?.productName ?? "",
            newDevice: details.newLine.productName,
            newMonthlyAmount: toMajor(details.newLine.unitPrice, details.decimals),
            currency: after.currency
          })
        )
      )
      .handle("replaceAsset", ({ params, payload }) =>
        answerCommand(
          (caller) => ofSamePath(params, payload, lifecycle.replaceAsset(caller, payload)),
          ({ event: { details } }) => ({
            success,
            message: "Asset replaced successfully",
            rentalId: payload.rentalId,
            oldSerialNumber: details.oldSerialNumber,
            newSerialNumber: details.newSerialNumber,
            reason: details.reason
          })
        )
      )
  })
)

const assets = HttpApiBuilder.group(
  Api,
  "assets",
  Effect.fnUntraced(function* (handlers) {
    const registry = yield* AssetRegistry
    const replayHeader = ({ replayed }: AssetChange) => ({ ...(replayed && replayedHeader) })
    const changed =
      (message: string) =>
      ({ after }: AssetChange) => ({ success, message, serialNumber: after.serialNumber, asset: viewAsset(after) })
    return handlers
      .handle("createAsset", ({ payload }) =>
        answerWith((caller) => registry.register(caller, payload), replayHeader, changed("Asset registered successfully"))
      )
      .handle("listAssets", ({ query: { rentalId: subscriptionId, ...query } }) =>
        answer(
          ({ tenantId }) => registry.list(tenantId, { ...query, ...(subscriptionId !== undefined && { subscriptionId }) }),
          viewAssetPage
        )
      )
      .handle("getAsset", ({ params }) => answer(({ tenantId }) => registry.get(tenantId, params.serialNumber), viewAsset))
      .handle("updateAsset", ({ params, payload }) =>
        answerWith(
          (caller) => registry.change(caller, params.serialNumber, payload),
          replayHeader,
          changed("Asset updated successfully")
        )
      )
      .handle("deleteAsset", ({ params: { serialNumber } }) =>
        answer(
          (caller) => registry.withdraw(caller, serialNumber),
          () => ({ success, message: "Asset taken out of use", serialNumber })
        )
      )
  })
)

const stock = HttpApiBuilder.group(
  Api,
  "stock",
  Effect.fnUntraced(function* (handlers) {
    const reservations = yield* Reservations
    return handlers.handle("getStock", ({ params: { sku } }) =>
      answer(
        ({ tenantId }) => reservations.stock(tenantId, sku),
        (units) => ({ sku, ...units })
      )
    )
  })
)

const system = HttpApiBuilder.group(Api, "system", (handlers) =>
  handlers.handle("getHealth", () => Effect.succeed({ status: "ok" as const }))
)

/** Handlers for the commands that have no path of their own. All of them are given in one way. */
const ownCommands = (api: typeof Api) =>
  HttpApiBuilder.group(
    // The Api has this group besides: see `apiUnder`.
    api as unknown as HttpApi.HttpApi<"order-lifecycle", HttpApiGroup.HttpApiGroup<"commands", OwnEndpoint>>,
    "commands",
    Effect.fnUntraced(function* (handlers) {
      const lifecycle = yield* OrderLifecycle
      const { process } = yield* CurrentLifecycle
      type Give = (caller: Caller, orderId: OrderId, request: object) => ReturnType<typeof lifecycle.apply>
      const all: ReadonlyArray<readonly [name: string, give: Give]> = [
        // Those that are given here name the order by its id beside the request: see `furtherEndpoint`.
        ...furtherCommands.map((type) => [type, lifecycle[type] as Give] as const),
        ...Array.from(process?.commands ?? [], ([name, { payload }]): readonly [string, Give] => [
          name,
          // Unknown members are ignored, and a schema without members lets them all pass.
          (caller, orderId, request) => lifecycle.apply(caller, orderId, name, payload === undefined ? {} : request)
        ])
      ]
      // Each name is one of the Api's, which only counts its endpoints when they are handled one by one.
      let handled = handlers as unknown as ReturnType<typeof handlers.handle>
      for (const [name, give] of all)
        handled = (handled as unknown as typeof handlers).handle(name, ({ params: { orderId }, payload }) =>
          answerCommand((caller) => give(caller, orderId, payload), outcomeOf(`${name} was carried out`))
        )
      return handled
    })
  )

const libraryHandlers = (api: typeof Api) => Layer.mergeAll(ordersOf(api), subscriptions, assets, stock, system)

/** Handlers for every endpoint of an Api. */
export const handlersOf = (api: typeof Api): ReturnType<typeof libraryHandlers> => {
  const handlers = libraryHandlers(api)
  // To the compiler, an Api has the library's groups and no more.
  return !("commands" in api.groups) ? handlers : (Layer.merge(handlers, ownCommands(api)) as unknown as typeof handlers)
}
