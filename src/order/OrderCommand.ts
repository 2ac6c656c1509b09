/**
 * What a caller may ask of an order. The schemas are what requests are decoded with, in code and over HTTP alike: a request becomes a
 * command once and is never translated again. Unknown members are dropped.
 */
import * as Schema from "effect/Schema"
import {
  Address,
  ContractLength,
  CustomerId,
  CustomerType,
  ExtensionDetails,
  OrderId,
  OrderType,
  Quantity,
  SerialNumber,
  Sku,
  SubscriptionId,
  UpgradeDetails
} from "./Order.ts"
import { asNewIdentifier, Email, NewJsonObject, NonEmptyText, Text, textUpTo } from "./Text.ts"
import { DateInput } from "./Timestamp.ts"

/** The longest reason or note on a cancel, in Unicode code points. Source: cancel-order.md, "Request Fields". */
export const maxReasonLength = 1_000

/** At most this many lines, and this many units over all lines. Source: decisions.md, section 2, "Money". */
export const maxLines = 1_000
export const maxDevices = 10_000

/** A SKU, or a serial number, that comes in as new. */
export const NewSku = Sku.check(asNewIdentifier<Sku>())
export const NewSerialNumber = SerialNumber.check(asNewIdentifier<SerialNumber>())

const ItemRequest = Schema.Struct({
  sku: NewSku,
  quantity: Quantity,
  contractLength: Schema.optionalKey(ContractLength)
})

/** Place an order. Prices come from the catalogue, never from the caller; without `contractLength` the shortest is taken. */
export const PlaceOrder = Schema.Struct({
  orderType: Schema.optionalKey(OrderType),
  customer: Schema.Struct({
    email: Email,
    firstName: NonEmptyText,
    lastName: NonEmptyText,
    company: Schema.optionalKey(Text),
    phone: Schema.optionalKey(Text),
    customerType: Schema.optionalKey(CustomerType)
  }),
  billingAddress: Address,
  shippingAddress: Schema.optionalKey(Address),
  items: Schema.Array(ItemRequest).check(
    Schema.isMinLength(1),
    Schema.isMaxLength(maxLines),
    Schema.makeFilter<ReadonlyArray<typeof ItemRequest.Type>>(
      (items) =>
        items.reduce((devices, item) => devices + item.quantity, 0) <= maxDevices ||
        `must not ask for more than ${maxDevices} units in all`
    )
  ),
  customFields: Schema.optionalKey(Schema.NullOr(NewJsonObject)),
  notes: Schema.optionalKey(Text),
  extensionDetails: Schema.optionalKey(ExtensionDetails),
  upgradeDetails: Schema.optionalKey(UpgradeDetails)
})
export type PlaceOrder = typeof PlaceOrder.Type

/** Cancel an order. The reason is kept exactly as given: no trimming, no normalisation, empty stays empty, absent stays absent. */
export const CancelOrder = Schema.Struct({ reason: Schema.optionalKey(textUpTo(maxReasonLength)) })
export type CancelOrder = typeof CancelOrder.Type

/**
 * Start a subscription for one unit of one line. Without an asset registry `sku` says which line; it may be left out when the order has
 * held units of one SKU only. `contractLength` says which of several lines of that SKU; length and price are the line's. `startDate`
 * defaults to the moment of the command, and is at most 5 years from it; months are counted on the calendar of its offset.
 */
export const StartSubscription = Schema.Struct({
  orderId: OrderId,
  assetSerialNumber: NewSerialNumber,
  customerId: CustomerId,
  sku: Schema.optionalKey(Sku),
  billingGroupId: Schema.optionalKey(Text),
  startDate: Schema.optionalKey(DateInput),
  contractLength: Schema.optionalKey(ContractLength),
  notes: Schema.optionalKey(Text)
})
export type StartSubscription = typeof StartSubscription.Type

/** Why a subscription is cancelled. */
export const SubscriptionCancelReason = Schema.Literals([
  "customer_request",
  "payment_failure",
  "fraud",
  "admin_decision",
  "other"
])

/** End a subscription by cancelling it. `rentalId` is the subscription, by the API's older word for it. */
export const EndSubscription = Schema.Struct({
  rentalId: SubscriptionId,
  reason: SubscriptionCancelReason,
  notes: Schema.optionalKey(textUpTo(maxReasonLength))
})
export type EndSubscription = typeof EndSubscription.Type

/** Rewrite the notes of an order. An annotation, not a transition. */
export const RewriteNotes = Schema.Struct({ notes: textUpTo(5_000) })
export type RewriteNotes = typeof RewriteNotes.Type

/** What is known of the asset a subscription is to be started with. `sku` is the registry's; absent where there is no registry. */
export interface AssetFacts {
  readonly isKnown: boolean
  readonly isRented: boolean
  readonly sku?: Sku
}

/** A command as the lifecycle decides on it: the request, and the facts that only its surroundings know. */
export type OrderCommand =
  | { readonly type: "confirm" }
  | ({ readonly type: "startSubscription"; readonly subscriptionId: SubscriptionId; readonly asset: AssetFacts } & Omit<
      StartSubscription,
      "orderId"
    >)
  | ({ readonly type: "endSubscription" } & EndSubscription)
  | ({ readonly type: "cancel" } & CancelOrder)

/** The name of a command on an existing order. */
export type CommandType = OrderCommand["type"]

/** Every command on an existing order. `satisfies` and the completeness check of the lifecycle table keep the list whole. */
export const commandTypes = [
  "confirm",
  "startSubscription",
  "endSubscription",
  "cancel"
] as const satisfies ReadonlyArray<CommandType>
