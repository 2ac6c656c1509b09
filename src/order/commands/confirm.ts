import * as Schema from "effect/Schema"
import { mayBeReplayed } from "../commonRefusals.ts"
import { OrderId, OrderStatus } from "../Order.ts"
import { nothing, orderEvent } from "../orderEvent.ts"
import { defineCommand } from "./defineCommand.ts"

export const OrderConfirmed = orderEvent("order.confirmed", "The order was approved. Subscriptions can be started from it.", {
  details: Schema.Struct({}),
  confidential: Schema.Struct({})
})

export class OrderNotPending extends Schema.TaggedError<OrderNotPending>()("OrderNotPending", {
  ...mayBeReplayed,
  orderId: OrderId,
  status: OrderStatus
}) {
  static readonly when = "The order was confirmed or cancelled before."
  readonly code = "ORDER_NOT_PENDING"
  readonly remedy = "Only a pending order can be confirmed; nothing needs doing if it was confirmed before."
  override get message() {
    return `Only a pending order can be confirmed; this order is ${this.status}.`
  }
}

const question = { type: "confirm" } as const

export const confirm = defineCommand({
  name: "confirm",
  description: "Confirms a pending order, so that subscriptions can be created from it.",
  request: Schema.Struct({}),
  target: "order",
  rents: undefined,
  event: OrderConfirmed
})({
  question: () => question,
  commandOf: () => question,
  facts: {},
  refusals: {
    ORDER_NOT_PENDING: ({ order: { orderId, status } }) => new OrderNotPending({ orderId, status })
  },
  record: () => ({ details: nothing, confidential: nothing }),
  evolve: (order, event) => ({ ...order, version: event.sequence, status: event.to, updatedAt: event.at }),
  sample: () => question
})
