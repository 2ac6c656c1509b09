import * as Schema from "effect/Schema"
import { mayBeReplayed } from "../commonRefusals.ts"
import { isPaid, OrderId, OrderStatus, SubscriptionId } from "../Order.ts"
import { nothing, orderEvent } from "../orderEvent.ts"
import { policies, policyNamed } from "../policies/index.ts"
import { Text, textUpTo } from "../Text.ts"
import { Timestamp } from "../Timestamp.ts"
import { releaseHeld } from "../Units.ts"
import { defineCommand } from "./defineCommand.ts"

/** The longest reason or note on a cancel, in Unicode code points. Source: cancel-order.md, "Request Fields". */
export const maxReasonLength = 1_000

/** Why, as a word of the embedding service's own list. It is in clear and never erased. Source: whole-life.md, section 3. */
export const ReasonCode = Schema.String.check(
  Schema.isPattern(/^[\w-]{1,64}$/, { message: "must be 1 to 64 characters of A-Z a-z 0-9 _ -" })
)

/** Cancel an order. The reason is kept exactly as given: no trimming, no normalisation, empty stays empty, absent stays absent. */
export const CancelOrder = Schema.Struct({
  reason: Schema.optionalKey(textUpTo(maxReasonLength)),
  reasonCode: Schema.optionalKey(ReasonCode)
})
export type CancelOrder = typeof CancelOrder.Type

export const OrderCancelled = orderEvent(
  "order.cancelled",
  "The order was cancelled, and every unit that it still held was released.",
  {
    details: Schema.Struct({ reasonCode: Schema.optionalKey(Schema.String) }),
    confidential: Schema.Struct({ reason: Schema.optionalKey(Text) })
  }
)

/** A refusal names at most this many subscriptions, so that what is remembered of it stays small. A preview names all. */
export const mostSubscriptionsNamed = 100

/**
 * The cancellation policy found something in the way. `guard` is the policy, `subscriptionIds` the subscriptions that it holds against the
 * cancel, oldest first: at most 100, of `subscriptionCount`, which is absent in refusals that were remembered when all were named. To
 * cancel them helps only under a policy that asks for active ones; `beforeFulfilment` refuses the order for good.
 */
export class OrderNotCancellable extends Schema.TaggedError<OrderNotCancellable>()("OrderNotCancellable", {
  ...mayBeReplayed,
  orderId: OrderId,
  status: OrderStatus,
  guard: Schema.String,
  subscriptionIds: Schema.Array(SubscriptionId),
  subscriptionCount: Schema.optionalKey(Schema.Int)
}) {
  static readonly when = "The order has active subscriptions; under the policy `beforeFulfilment`, it has or had a subscription."
  readonly code = "ORDER_NOT_CANCELLABLE"
  get remedy() {
    return policyNamed(this.guard).remedy
  }
  override get message() {
    const { status, subscriptionIds, subscriptionCount: count = subscriptionIds.length } = this
    return policyNamed(this.guard).refusal({ count, status })
  }
}

/** Carries the original record of the cancel. */
export class OrderAlreadyCancelled extends Schema.TaggedError<OrderAlreadyCancelled>()("OrderAlreadyCancelled", {
  ...mayBeReplayed,
  orderId: OrderId,
  cancelledAt: Timestamp,
  reason: Schema.optionalKey(Schema.String)
}) {
  static readonly when = "The order was cancelled before. The first reason stays, and nothing is released again."
  readonly code = "ALREADY_CANCELLED"
  readonly remedy = "No action needed."
  override get message() {
    return "Order is already cancelled"
  }
}

const question = { type: "cancel" } as const

/** Source: cancel-order.md. */
export const cancel = defineCommand({
  name: "cancel",
  description: "Cancels an order and releases what it holds.",
  request: CancelOrder,
  target: "order",
  rents: undefined,
  event: OrderCancelled,
  errors: [OrderNotCancellable, OrderAlreadyCancelled]
})({
  question: () => question,
  commandOf: (_, { details, confidential }) => ({ ...question, ...details, ...confidential }),
  facts: {},
  refusals: {
    ORDER_NOT_CANCELLABLE: ({ order, policy }) => {
      const all = policies[policy].inTheWay(order)
      return new OrderNotCancellable({
        orderId: order.orderId,
        status: order.status,
        guard: policy,
        subscriptionIds: all.slice(0, mostSubscriptionsNamed).map(({ subscriptionId }) => subscriptionId),
        subscriptionCount: all.length
      })
    },
    ALREADY_CANCELLED: ({ order: { orderId, cancellation } }) => {
      if (cancellation === undefined) return undefined
      const { at: cancelledAt, reason } = cancellation
      return new OrderAlreadyCancelled({ orderId, cancelledAt, ...(reason !== undefined && { reason }) })
    }
  },
  record: (_, { reason, reasonCode }) => ({
    details: reasonCode === undefined ? nothing : { reasonCode },
    confidential: reason === undefined ? nothing : { reason }
  }),
  evolve: (order, event) => ({
    ...order,
    version: event.sequence,
    status: event.to,
    updatedAt: event.at,
    lines: order.lines.map((line) => ({ ...line, units: releaseHeld(line.units) })),
    cancellation: { ...event.details, ...event.confidential, at: event.at, by: event.actor }
  }),
  warnings: ({ payment }) => (isPaid(payment) ? ["The order's payment is paid. Cancelling does not refund it."] : []),
  sample: () => question
})
