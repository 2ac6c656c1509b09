/** The Api, implemented: every handler calls the lifecycle and shows the result. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Layer from "effect/Layer"
import { AuditTrail } from "../lifecycle/AuditTrail.ts"
import type { Caller } from "../lifecycle/Caller.ts"
import { OrderLifecycle } from "../lifecycle/OrderLifecycle.ts"
import { Reservations } from "../lifecycle/Reservations.ts"
import type { Transition } from "../order/decide.ts"
import type { Order, SubscriptionId } from "../order/Order.ts"
import { InvalidInput, OrderNotFound } from "../order/Refusal.ts"
import { Api } from "./Api.ts"
import { answerFailure, type Failure, noteFailure, OrderOfSubscriptionNotFound } from "./errors.ts"
import { noteIds, type Noted, RequestNotes } from "./requestLog.ts"
import { viewCancellation, viewEvent, viewOrder, viewOrderPage, viewSubscription, viewSubscriptionPage } from "./views.ts"

/** Who gives the command that a request carries. Known once `app.ts` has let the request in. */
export class CurrentCaller extends Context.Service<CurrentCaller, Caller>()("order-lifecycle/http/CurrentCaller") {}

/** Ask for the caller, do something in their name, and answer with a view of it or with the failure. What came of it is noted for the log. */
const answer = <A, View>(work: (caller: Caller) => Effect.Effect<A, Failure, RequestNotes>, view: (result: A) => View) =>
  Effect.gen(function* () {
    const notes = yield* RequestNotes
    return yield* Effect.match(work(yield* CurrentCaller), {
      onSuccess: (result) => {
        noteTransition(notes, result)
        return view(result)
      },
      onFailure: (failure) => {
        noteFailure(notes, failure)
        return answerFailure(failure)
      }
    })
  })

const noteTransition = (notes: Noted, result: unknown): void => {
  if (typeof result !== "object" || result === null || !("after" in result && "event" in result)) return
  const { after, event } = result as Transition
  noteIds(notes, { orderId: after.orderId, ...("subscriptionId" in event.details && event.details) })
}

const success = true as const

const orders = HttpApiBuilder.group(
  Api,
  "orders",
  Effect.fnUntraced(function* (handlers) {
    const lifecycle = yield* OrderLifecycle
    const auditTrail = yield* AuditTrail
    return handlers
      .handle("createOrder", ({ payload }) =>
        answer(
          (caller) => lifecycle.place(caller, payload),
          ({ after }) => ({ success, message: "Order created successfully", orderId: after.orderId, order: viewOrder(after) })
        )
      )
      .handle("listOrders", ({ query }) => answer(({ tenantId }) => lifecycle.list(tenantId, query), viewOrderPage))
      .handle("getOrder", ({ params }) => answer(({ tenantId }) => lifecycle.get(tenantId, params.orderId), viewOrder))
      .handle("updateOrderNotes", ({ params: { orderId }, payload }) =>
        answer(
          ({ tenantId }) => lifecycle.rewriteNotes(tenantId, orderId, payload),
          () => ({ success, message: "Order notes updated successfully", orderId })
        )
      )
      .handle("confirmOrder", ({ params: { orderId } }) =>
        answer(
          (caller) => lifecycle.confirm(caller, orderId),
          () => ({ success, message: "Order confirmed successfully", orderId })
        )
      )
      .handle("cancelOrder", ({ params: { orderId }, payload }) =>
        answer(
          (caller) => lifecycle.cancel(caller, orderId, payload),
          () => ({ success, message: "Order cancelled successfully", orderId })
        )
      )
      .handle("previewOrderCancellation", ({ params }) =>
        answer((caller) => lifecycle.preview(caller, params.orderId, { type: "cancel" }), viewCancellation)
      )
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

const subscriptionOf = (order: Order, subscriptionId: SubscriptionId) =>
  order.subscriptions.find((subscription) => subscription.subscriptionId === subscriptionId)

/** A subscription that its own event says is there. */
const viewSubscriptionOf = (order: Order, subscriptionId: SubscriptionId) => {
  const subscription = subscriptionOf(order, subscriptionId)
  if (subscription === undefined) throw new Error(`order ${order.orderId} has lost subscription ${subscriptionId}`)
  return viewSubscription({ subscription, order })
}

const otherSubscription = new InvalidInput({
  details: [{ path: "rentalId", message: "must be the subscription that the path names", code: "invalid_value" }]
})

const subscriptions = HttpApiBuilder.group(
  Api,
  "subscriptions",
  Effect.fnUntraced(function* (handlers) {
    const lifecycle = yield* OrderLifecycle
    return handlers
      .handle("createSubscription", ({ payload }) =>
        answer(
          (caller) =>
            Effect.andThen(
              Effect.map(RequestNotes, (notes) => noteIds(notes, payload)),
              Effect.catchTag(lifecycle.startSubscription(caller, payload), "OrderNotFound", OrderOfSubscriptionNotFound.from)
            ),
          ({ event, after }) => {
            const { subscriptionId } = event.details
            const rental = viewSubscriptionOf(after, subscriptionId)
            return { success, message: "Subscription created successfully", rentalId: subscriptionId, rental }
          }
        )
      )
      .handle("listSubscriptions", ({ query }) =>
        answer(({ tenantId }) => lifecycle.listSubscriptions(tenantId, query), viewSubscriptionPage)
      )
      .handle("getSubscription", ({ params }) =>
        answer(({ tenantId }) => lifecycle.getSubscription(tenantId, params.subscriptionId), viewSubscription)
      )
      .handle("cancelSubscription", ({ params, payload }) =>
        answer(
          (caller) =>
            payload.rentalId === params.subscriptionId
              ? lifecycle.endSubscription(caller, payload)
              : Effect.fail(otherSubscription),
          ({ before, event, after }) => ({
            success,
            rentalId: payload.rentalId,
            assetSerialNumber: viewSubscriptionOf(after, payload.rentalId).assetSerialNumber,
            previousStatus: (before && subscriptionOf(before, payload.rentalId)?.status) ?? "active",
            cancelledAt: event.at,
            message: "Subscription cancelled successfully"
          })
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
        ({ reserved, rented }) => ({ sku, reserved, rented })
      )
    )
  })
)

const system = HttpApiBuilder.group(Api, "system", (handlers) =>
  handlers.handle("getHealth", () => Effect.succeed({ status: "ok" as const }))
)

/** Handlers for every endpoint. */
export const handlers = Layer.mergeAll(orders, subscriptions, stock, system)
