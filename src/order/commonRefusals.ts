/** Refusals that more than one command can get. Those of a single command stand with it, in `commands/`. */
import * as Schema from "effect/Schema"
import { type Order, OrderId, OrderStatus, SubscriptionId } from "./Order.ts"
import { Timestamp } from "./Timestamp.ts"

/** `replayed` is true on a refusal that was given before under the same idempotency key and is given again; absent otherwise. */
export const mayBeReplayed = { replayed: Schema.optionalKey(Schema.Literal(true)) }

/** Of a refusal that is about where the order stands. */
export const orderAsItIs = { ...mayBeReplayed, orderId: OrderId, status: OrderStatus }

/** One wrong field of an input: where (`items[2].quantity`), what is wrong, and the kind of fault. */
export const InputFault = Schema.Struct({ path: Schema.String, message: Schema.String, code: Schema.String })
export type InputFault = typeof InputFault.Type

export class InvalidInput extends Schema.TaggedError<InvalidInput>()("InvalidInput", {
  ...mayBeReplayed,
  details: Schema.NonEmptyArray(InputFault)
}) {
  static readonly when =
    "The input does not have the shape that the command needs, or does not fit the order. `details` names every wrong field."
  readonly code = "VALIDATION_ERROR"
  readonly remedy = "Correct the named fields and send the request again."
  override get message() {
    return this.details.map((fault) => (fault.path === "" ? fault.message : `${fault.path}: ${fault.message}`)).join("; ")
  }
}

/** The refusal of one member that has the right shape and does not fit the order. */
export const wrongMember = (path: string, message: string) =>
  new InvalidInput({ details: [{ path, message, code: "invalid_value" }] })

export class OrderNotFound extends Schema.TaggedError<OrderNotFound>()("OrderNotFound", { ...mayBeReplayed, orderId: OrderId }) {
  static readonly when = "The order does not exist in the tenant. An order of another tenant is no different."
  readonly code = "NOT_FOUND"
  readonly remedy = "Verify the order ID."
  override get message() {
    return "Order not found"
  }
}

export class SubscriptionNotFound extends Schema.TaggedError<SubscriptionNotFound>()("SubscriptionNotFound", {
  ...mayBeReplayed,
  subscriptionId: SubscriptionId
}) {
  static readonly when = "The subscription does not exist in the tenant, or is not of the order."
  readonly code = "NOT_FOUND"
  readonly remedy = "Verify the subscription ID."
  override get message() {
    return "Subscription not found"
  }
}

/** Of a command that is not a cancel. Source: whole-life.md, section 3, "Order of checks". */
export class OrderIsFinal extends Schema.TaggedError<OrderIsFinal>()("OrderIsFinal", {
  ...mayBeReplayed,
  orderId: OrderId,
  cancelledAt: Timestamp
}) {
  static readonly when = "The order was cancelled. No status, unit, line or subscription of it changes any more."
  readonly code = "ALREADY_CANCELLED"
  readonly remedy = "Place a new order: a cancelled one cannot be changed."
  override get message() {
    return "Order is already cancelled"
  }
}

/** The refusal of a command that a cancelled order gets. */
export const finalRefusal = ({ orderId, cancellation }: Order) =>
  cancellation && new OrderIsFinal({ orderId, cancelledAt: cancellation.at })

/** The refusals of this file. */
export const sharedRefusals = [InvalidInput, OrderNotFound, SubscriptionNotFound, OrderIsFinal] as const
export type SharedRefusal = (typeof sharedRefusals)[number]
