import * as Schema from "effect/Schema"
import { orderAsItIs } from "../commonRefusals.ts"
import { plainEvent } from "../orderEvent.ts"
import { plainCommand } from "./plainCommand.ts"

export const OrderConfirmed = plainEvent("order.confirmed", "The order was approved. Subscriptions can be started from it.")

export class OrderNotPending extends Schema.TaggedError<OrderNotPending>()("OrderNotPending", orderAsItIs) {
  static readonly when = "The order was confirmed or cancelled before."
  readonly code = "ORDER_NOT_PENDING"
  readonly remedy = "Nothing needs doing where it was confirmed before; where it was cancelled, place a new order."
  override get message() {
    return `Only a pending order can be confirmed; this order is ${this.status}.`
  }
}

export const confirm = plainCommand({
  name: "confirm",
  description: "Confirms a pending order, so that subscriptions can be created from it.",
  event: OrderConfirmed,
  errors: [OrderNotPending],
  refusals: { ORDER_NOT_PENDING: ({ order: { orderId, status } }) => new OrderNotPending({ orderId, status }) }
})
