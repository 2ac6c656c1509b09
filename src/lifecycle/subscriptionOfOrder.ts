/** A subscription picked out of its order, with what belongs to it. */
import type { Order, Subscription } from "../order/Order.ts"
import type { SubscriptionOfOrder } from "./OrderStore.ts"

/** Throws when the subscription belongs to no line of the order: the order breaks a law. */
export const subscriptionOfOrder = (order: Order, subscription: Subscription): SubscriptionOfOrder => {
  const line = order.lines[subscription.line]
  if (line === undefined) throw new Error(`subscription ${subscription.subscriptionId} belongs to no line of its order`)
  const { units: _, ...ordered } = line
  const { tenantId, orderId, version, status, currency, decimals, customer } = order
  return { subscription, line: ordered, order: { tenantId, orderId, version, status, currency, decimals, customer } }
}
