/**
 * Every way in which a command can be refused. A refusal changes nothing.
 *
 * Each class is one case a caller can act on; its `code` is the specification's word for it (several cases may share a code), `when`
 * says which case it is, and `remedy` what to do. Where in the lifecycle a refusal is given is said in `orderMachine.ts`; which HTTP
 * status it gets, in `http/`. The page `docs/reference/errors.md` is drawn from all three.
 */
import * as Schema from "effect/Schema"
import { OrderId, OrderStatus, SerialNumber, Sku, SubscriptionId, SubscriptionStatus } from "./Order.ts"
import type { CancellationPolicy } from "./orderMachine.ts"
import { Timestamp } from "./Timestamp.ts"

/** `replayed` is true on a refusal that was given before under the same idempotency key and is given again; absent otherwise. */
const given = { replayed: Schema.optionalKey(Schema.Literal(true)) }

/** One wrong field of an input: where (`items[2].quantity`), what is wrong, and the kind of fault. */
export const InputFault = Schema.Struct({ path: Schema.String, message: Schema.String, code: Schema.String })
export type InputFault = typeof InputFault.Type

export class InvalidInput extends Schema.TaggedError<InvalidInput>()("InvalidInput", {
  ...given,
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

// --- place -------------------------------------------------------------------------------------------------------------------------

export class VariantNotFound extends Schema.TaggedError<VariantNotFound>()("VariantNotFound", {
  ...given,
  skus: Schema.NonEmptyArray(Sku),
  details: Schema.NonEmptyArray(InputFault)
}) {
  static readonly when = "The catalogue does not have the SKU."
  readonly code = "VARIANT_NOT_FOUND"
  readonly remedy = "Order a SKU of the catalogue."
  override get message() {
    return `The catalogue has no ${this.skus.join(", ")}.`
  }
}

export class VariantInactive extends Schema.TaggedError<VariantInactive>()("VariantInactive", {
  ...given,
  skus: Schema.NonEmptyArray(Sku),
  details: Schema.NonEmptyArray(InputFault)
}) {
  static readonly when = "The catalogue has the SKU, but does not offer it at present."
  readonly code = "VARIANT_INACTIVE"
  readonly remedy = "Order an active SKU, or activate this one."
  override get message() {
    return `Not offered at present: ${this.skus.join(", ")}.`
  }
}

export class InvalidContractLength extends Schema.TaggedError<InvalidContractLength>()("InvalidContractLength", {
  ...given,
  skus: Schema.NonEmptyArray(Sku),
  details: Schema.NonEmptyArray(InputFault)
}) {
  static readonly when = "The SKU is not priced for the contract length."
  readonly code = "INVALID_CONTRACT_LENGTH"
  readonly remedy = "Choose one of the contract lengths the SKU is priced for."
  override get message() {
    return `Not priced for that contract length: ${this.skus.join(", ")}.`
  }
}

// --- any command on an order -------------------------------------------------------------------------------------------------------

export class OrderNotFound extends Schema.TaggedError<OrderNotFound>()("OrderNotFound", { ...given, orderId: OrderId }) {
  static readonly when = "The order does not exist in the tenant. An order of another tenant is no different."
  readonly code = "NOT_FOUND"
  readonly remedy = "Verify the order ID."
  override get message() {
    return "Order not found"
  }
}

export class SubscriptionNotFound extends Schema.TaggedError<SubscriptionNotFound>()("SubscriptionNotFound", {
  ...given,
  subscriptionId: SubscriptionId
}) {
  static readonly when = "The subscription does not exist in the tenant, or is not of the order."
  readonly code = "NOT_FOUND"
  readonly remedy = "Verify the subscription ID."
  override get message() {
    return "Subscription not found"
  }
}

// --- confirm -----------------------------------------------------------------------------------------------------------------------

export class OrderNotPending extends Schema.TaggedError<OrderNotPending>()("OrderNotPending", {
  ...given,
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

// --- startSubscription -------------------------------------------------------------------------------------------------------------

export class OrderNotConfirmed extends Schema.TaggedError<OrderNotConfirmed>()("OrderNotConfirmed", {
  ...given,
  orderId: OrderId,
  status: OrderStatus
}) {
  static readonly when = "The order is not confirmed yet, or is cancelled."
  readonly code = "ORDER_NOT_CONFIRMED"
  readonly remedy = "Confirm the order first; no subscription can be created from a cancelled order."
  override get message() {
    return `A subscription needs a confirmed order; this order is ${this.status}.`
  }
}

export class ItemFullyFulfilled extends Schema.TaggedError<ItemFullyFulfilled>()("ItemFullyFulfilled", {
  ...given,
  orderId: OrderId,
  sku: Schema.optionalKey(Sku)
}) {
  static readonly when = "Every unit of the SKU in the order, or of the whole order, has or had a subscription."
  readonly code = "ITEM_FULLY_FULFILLED"
  readonly remedy = "Every unit has or had a subscription; place a new order for more."
  override get message() {
    return this.sku === undefined
      ? "Every unit of this order has or had a subscription."
      : `Every unit of ${this.sku} in this order has or had a subscription.`
  }
}

export class AssetNotFound extends Schema.TaggedError<AssetNotFound>()("AssetNotFound", {
  ...given,
  serialNumber: SerialNumber
}) {
  static readonly when = "The registry of assets does not know the serial number."
  readonly code = "ASSET_NOT_FOUND"
  readonly remedy = "Verify the serial number, or register the asset."
  override get message() {
    return `No asset has the serial number ${this.serialNumber}.`
  }
}

export class SkuMismatch extends Schema.TaggedError<SkuMismatch>()("SkuMismatch", {
  ...given,
  serialNumber: SerialNumber,
  sku: Sku
}) {
  static readonly when = "No line of the order has the SKU of the asset, or the request names another."
  readonly code = "SKU_MISMATCH"
  readonly remedy = "Use an asset whose SKU is on the order."
  override get message() {
    return `Asset ${this.serialNumber} is a ${this.sku}, which does not fit a line of this order.`
  }
}

export class AssetNotAvailable extends Schema.TaggedError<AssetNotAvailable>()("AssetNotAvailable", {
  ...given,
  serialNumber: SerialNumber
}) {
  static readonly when = "The asset is under an active subscription, or the registry of assets says that it is not available."
  readonly code = "ASSET_NOT_AVAILABLE"
  readonly remedy = "Use another asset, or end the subscription that has this one."
  override get message() {
    return `Asset ${this.serialNumber} is not available.`
  }
}

// --- endSubscription ---------------------------------------------------------------------------------------------------------------

export class SubscriptionAlreadyCancelled extends Schema.TaggedError<SubscriptionAlreadyCancelled>()(
  "SubscriptionAlreadyCancelled",
  { ...given, subscriptionId: SubscriptionId }
) {
  static readonly when = "The subscription was cancelled before."
  readonly code = "ALREADY_CANCELLED"
  readonly remedy = "No action needed."
  override get message() {
    return "Subscription is already cancelled"
  }
}

export class SubscriptionAlreadyEnded extends Schema.TaggedError<SubscriptionAlreadyEnded>()("SubscriptionAlreadyEnded", {
  ...given,
  subscriptionId: SubscriptionId,
  status: SubscriptionStatus
}) {
  static readonly when = "The subscription ended before, in another way than by being cancelled."
  readonly code = "ALREADY_ENDED"
  readonly remedy = "No action needed."
  override get message() {
    return `Subscription has already ended (${this.status})`
  }
}

// --- cancel ------------------------------------------------------------------------------------------------------------------------

/**
 * The cancellation policy found something in the way. `guard` is the policy, `subscriptionIds` every active subscription. To end them
 * helps only under a policy that asks for active ones; the other refuses the order for good.
 */
export class OrderNotCancellable extends Schema.TaggedError<OrderNotCancellable>()("OrderNotCancellable", {
  ...given,
  orderId: OrderId,
  status: OrderStatus,
  guard: Schema.String,
  subscriptionIds: Schema.Array(SubscriptionId)
}) {
  static readonly when = "The order has active subscriptions; under the policy `beforeFulfilment`, it has or had a subscription."
  readonly code = "ORDER_NOT_CANCELLABLE"
  get remedy() {
    return this.guard === ("noActiveSubscriptions" satisfies CancellationPolicy)
      ? "Cancel the subscriptions first."
      : "This order can no longer be cancelled."
  }
  override get message() {
    const count = this.subscriptionIds.length
    return this.guard === ("noActiveSubscriptions" satisfies CancellationPolicy)
      ? `Order has ${count} active subscription${count === 1 ? "" : "s"}. Cancel the subscriptions first.`
      : `Order is ${this.status} and can no longer be cancelled.`
  }
}

/** Carries the original record of the cancel. */
export class OrderAlreadyCancelled extends Schema.TaggedError<OrderAlreadyCancelled>()("OrderAlreadyCancelled", {
  ...given,
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

/** What `place` can be refused with. */
export type PlaceRefusal = VariantNotFound | VariantInactive | InvalidContractLength | InvalidInput
/** What `confirm` can be refused with. */
export type ConfirmRefusal = OrderNotPending
/** What `startSubscription` can be refused with. */
export type StartSubscriptionRefusal =
  | OrderNotConfirmed
  | ItemFullyFulfilled
  | AssetNotFound
  | SkuMismatch
  | AssetNotAvailable
  | InvalidInput
/** What `endSubscription` can be refused with. */
export type EndSubscriptionRefusal = SubscriptionNotFound | SubscriptionAlreadyCancelled | SubscriptionAlreadyEnded
/** What `cancel` can be refused with. */
export type CancelRefusal = OrderNotCancellable | OrderAlreadyCancelled

/** Every refusal there is, as a schema: refusals are remembered under an idempotency key and given again. */
export const Refusal = Schema.Union([
  InvalidInput,
  VariantNotFound,
  VariantInactive,
  InvalidContractLength,
  OrderNotFound,
  SubscriptionNotFound,
  OrderNotPending,
  OrderNotConfirmed,
  ItemFullyFulfilled,
  AssetNotFound,
  SkuMismatch,
  AssetNotAvailable,
  SubscriptionAlreadyCancelled,
  SubscriptionAlreadyEnded,
  OrderNotCancellable,
  OrderAlreadyCancelled
])
export type Refusal = typeof Refusal.Type
