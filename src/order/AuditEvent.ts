/**
 * The audit event: the record of one transition, and all that is needed to repeat it. The state of an order is the fold of its events
 * (`evolve.ts`). Source: decisions.md, section 2, "Audit event".
 *
 * What names or describes people, or is free text, is in `confidential`, apart from everything else, so that it can be erased while
 * the chain of hashes (`auditChain.ts`) stays whole.
 */
import * as Schema from "effect/Schema"
import {
  Actor,
  CustomerId,
  OrderedFacts,
  OrderedLine,
  OrderId,
  OrderStatus,
  PersonalFacts,
  Sku,
  Subscription,
  SubscriptionId,
  SubscriptionStatus,
  TenantId
} from "./Order.ts"
import { Text } from "./Text.ts"
import { Timestamp } from "./Timestamp.ts"

/** Units of one line (by position, from 0) that a transition gave back. */
export const Released = Schema.Struct({ line: Schema.Int, sku: Sku, quantity: Schema.Int })
export type Released = typeof Released.Type

/** The id a request came in under, or one made for it. */
export const RequestId = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9._:-]{1,128}$/, { message: "must be 1 to 128 characters of A-Z a-z 0-9 . _ : -" })
).pipe(Schema.brand("RequestId"))
export type RequestId = typeof RequestId.Type

/** What every event says. The page `docs/reference/events.md` is drawn from these schemas and their descriptions. */
const common = {
  tenantId: TenantId.annotate({ description: "The tenant whose order it is" }),
  orderId: OrderId.annotate({ description: "The order that it happened to" }),
  sequence: Schema.Int.annotate({ description: "Its place in the order's history, from 1 on: the order's version after it" }),
  at: Timestamp.annotate({ description: "When it happened; never before the event before it" }),
  actor: Actor.annotate({ description: "Who gave the command" }),
  requestId: RequestId.annotate({ description: "The request that the command came in under" }),
  from: Schema.NullOr(OrderStatus).annotate({ description: "The order's status before; null for the first event" }),
  to: OrderStatus.annotate({ description: "The order's status after it" }),
  released: Schema.Array(Released).annotate({ description: "Units that were given back, by line" })
}

export const OrderPlaced = Schema.Struct({
  type: Schema.tag("order.placed"),
  ...common,
  details: Schema.Struct({ customerId: CustomerId, ...OrderedFacts.fields, lines: Schema.Array(OrderedLine) }),
  confidential: PersonalFacts
}).annotate({
  description: "An order was placed: what was ordered, for whom and at which prices. Its units are reserved from now on."
})
export const OrderConfirmed = Schema.Struct({
  type: Schema.tag("order.confirmed"),
  ...common,
  details: Schema.Struct({}),
  confidential: Schema.Struct({})
}).annotate({ description: "The order was approved. Subscriptions can be started from it." })
export const SubscriptionStarted = Schema.Struct({
  type: Schema.tag("subscription.started"),
  ...common,
  details: Schema.Struct({
    subscriptionId: SubscriptionId,
    line: Subscription.fields.line,
    serialNumber: Subscription.fields.serialNumber,
    startDate: Subscription.fields.startDate,
    startOffsetMinutes: Subscription.fields.startOffsetMinutes,
    contractLength: Subscription.fields.contractLength,
    billingGroupId: Subscription.fields.billingGroupId
  }),
  confidential: Schema.Struct({ notes: Schema.optionalKey(Text) })
}).annotate({ description: "One unit of one line went out, under a serial number." })
export const SubscriptionEnded = Schema.Struct({
  type: Schema.tag("subscription.ended"),
  ...common,
  details: Schema.Struct({ subscriptionId: SubscriptionId, status: SubscriptionStatus, reason: Schema.optionalKey(Text) }),
  confidential: Schema.Struct({ notes: Schema.optionalKey(Text) })
}).annotate({ description: "A subscription ended. The order keeps its status." })
export const OrderCancelled = Schema.Struct({
  type: Schema.tag("order.cancelled"),
  ...common,
  details: Schema.Struct({}),
  confidential: Schema.Struct({ reason: Schema.optionalKey(Text) })
}).annotate({ description: "The order was cancelled, and every unit that it still held was released." })

/** One thing that happened to an order. */
export const AuditEvent = Schema.Union([OrderPlaced, OrderConfirmed, SubscriptionStarted, SubscriptionEnded, OrderCancelled])
export type AuditEvent = typeof AuditEvent.Type

/** Released units per SKU, in the order of the lines: the form in which the API shows them. */
export const releasedBySku = (released: ReadonlyArray<Released>): ReadonlyArray<{ sku: Sku; quantity: number }> => {
  const quantityBySku = new Map<Sku, number>()
  for (const { sku, quantity } of released) quantityBySku.set(sku, (quantityBySku.get(sku) ?? 0) + quantity)
  return [...quantityBySku].map(([sku, quantity]) => ({ sku, quantity }))
}
