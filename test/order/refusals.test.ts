/** What a refusal says: the code that programs act on, the message and the remedy that people read. All three are part of the interface. */
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { AssetExists, AssetInUse, AssetNotRegistered, InvalidAssetStatus } from "../../src/asset/refusals.ts"
import { OrderId, SerialNumber, Sku, SubscriptionId } from "../../src/order/Order.ts"
import { OrderAlreadyCancelled, OrderNotCancellable } from "../../src/order/commands/cancel.ts"
import { SubscriptionAlreadyCancelled, SubscriptionAlreadyEnded } from "../../src/order/commands/cancelSubscription.ts"
import { OrderNotOpen } from "../../src/order/commands/addItems.ts"
import { ContractNotOver } from "../../src/order/commands/completeSubscription.ts"
import { InvalidExtensionMonths } from "../../src/order/commands/extendSubscription.ts"
import { AssetNotAvailable, AssetNotFound, SkuMismatch } from "../../src/order/commands/onAsset.ts"
import { SubscriptionNotActive } from "../../src/order/commands/onSubscription.ts"
import { OrderNotPending } from "../../src/order/commands/confirm.ts"
import { NotHeld, NothingHeld, NothingWouldRemain } from "../../src/order/commands/release.ts"
import { InvalidContractLength, VariantInactive, VariantNotFound } from "../../src/order/commands/priceLines.ts"
import { ItemFullyFulfilled, OrderNotConfirmed } from "../../src/order/commands/startSubscription.ts"
import { InvalidInput, OrderIsFinal, OrderNotFound, SubscriptionNotFound } from "../../src/order/commonRefusals.ts"
import { OwnCode, OwnRefusal } from "../../src/order/process/OwnRefusal.ts"
import { Refusal } from "../../src/order/Refusal.ts"
import { Timestamp } from "../../src/order/Timestamp.ts"

const orderId = OrderId.make("order-1")
const subscriptionId = SubscriptionId.make("subscription-1")
const serialNumber = SerialNumber.make("serial-1")
const [laptop, monitor] = [Sku.make("LAPTOP"), Sku.make("MONITOR")]
const cancelledAt = Timestamp.make("2026-11-23T12:00:00.000Z")
const details = [{ path: "items[0].sku", message: "is not in the catalogue", code: "variant_not_found" }] as const

const blockedBy = (guard: string, ...subscriptions: ReadonlyArray<string>) =>
  new OrderNotCancellable({
    orderId,
    status: "partial",
    guard,
    subscriptionIds: subscriptions.map((id) => SubscriptionId.make(id))
  })

/** Every refusal there is, with what it says, written by hand. */
const catalogue: ReadonlyArray<readonly [refusal: Refusal, tag: string, code: string, message: string, remedy: string]> = [
  [
    new InvalidInput({
      details: [{ path: "items[2].quantity", message: "must be a whole number", code: "invalid_value" }]
    }),
    "InvalidInput",
    "VALIDATION_ERROR",
    "items[2].quantity: must be a whole number",
    "Correct the named fields and send the request again."
  ],
  [
    new InvalidInput({
      details: [
        { path: "", message: "is not an object", code: "invalid_type" },
        { path: "reason", message: "is too long", code: "invalid_value" }
      ]
    }),
    "InvalidInput",
    "VALIDATION_ERROR",
    "is not an object; reason: is too long",
    "Correct the named fields and send the request again."
  ],
  [
    new VariantNotFound({ skus: [laptop, monitor], details }),
    "VariantNotFound",
    "VARIANT_NOT_FOUND",
    "The catalogue has no LAPTOP, MONITOR.",
    "Order a SKU of the catalogue."
  ],
  [
    new VariantInactive({ skus: [laptop, monitor], details }),
    "VariantInactive",
    "VARIANT_INACTIVE",
    "Not offered at present: LAPTOP, MONITOR.",
    "Order an active SKU, or activate this one."
  ],
  [
    new InvalidContractLength({ skus: [laptop, monitor], details }),
    "InvalidContractLength",
    "INVALID_CONTRACT_LENGTH",
    "Not priced for that contract length: LAPTOP, MONITOR.",
    "Choose one of the contract lengths the SKU is priced for."
  ],
  [new OrderNotFound({ orderId }), "OrderNotFound", "NOT_FOUND", "Order not found", "Verify the order ID."],
  [
    new SubscriptionNotFound({ subscriptionId }),
    "SubscriptionNotFound",
    "NOT_FOUND",
    "Subscription not found",
    "Verify the subscription ID."
  ],
  [
    new OrderNotPending({ orderId, status: "fulfilled" }),
    "OrderNotPending",
    "ORDER_NOT_PENDING",
    "Only a pending order can be confirmed; this order is fulfilled.",
    "Nothing needs doing where it was confirmed before; where it was cancelled, place a new order."
  ],
  [
    new OrderNotConfirmed({ orderId, status: "pending" }),
    "OrderNotConfirmed",
    "ORDER_NOT_CONFIRMED",
    "A subscription needs a confirmed order; this order is pending.",
    "Confirm the order first; where it was cancelled, place a new one."
  ],
  [
    new ItemFullyFulfilled({ orderId }),
    "ItemFullyFulfilled",
    "ITEM_FULLY_FULFILLED",
    "No unit of this order is held any more.",
    "Place a new order for more; where a subscription was started with a wrong serial number, replace its asset with the reason `correction`."
  ],
  [
    new ItemFullyFulfilled({ orderId, sku: laptop }),
    "ItemFullyFulfilled",
    "ITEM_FULLY_FULFILLED",
    "No unit of LAPTOP in this order is held any more.",
    "Place a new order for more; where a subscription was started with a wrong serial number, replace its asset with the reason `correction`."
  ],
  [
    new AssetNotFound({ serialNumber }),
    "AssetNotFound",
    "ASSET_NOT_FOUND",
    "No asset has the serial number serial-1.",
    "Verify the serial number, or register the asset."
  ],
  [
    new SkuMismatch({ serialNumber, sku: laptop }),
    "SkuMismatch",
    "SKU_MISMATCH",
    "Asset serial-1 is a LAPTOP, which does not fit a line that it could be for.",
    "Use an asset of the SKU that it is for; to give a customer another product, upgrade the subscription."
  ],
  [
    new AssetNotAvailable({ serialNumber }),
    "AssetNotAvailable",
    "ASSET_NOT_AVAILABLE",
    "Asset serial-1 is not available.",
    "Use another asset, or end the subscription that has this one; set one that is back to `available` in the registry; where a subscription was started with a wrong serial number, replace its asset with the reason `correction`."
  ],
  [
    new AssetNotRegistered({ serialNumber }),
    "AssetNotRegistered",
    "NOT_FOUND",
    "Asset not found",
    "Verify the serial number, or register the asset."
  ],
  [
    new AssetExists({ serialNumber }),
    "AssetExists",
    "ASSET_EXISTS",
    "Asset serial-1 is registered already.",
    "Change the asset that is there, or register the device under its own serial number."
  ],
  [
    new AssetInUse({ serialNumber, subscriptionId }),
    "AssetInUse",
    "ASSET_IN_USE",
    "Asset serial-1 is in use by an active subscription.",
    "End the subscription that has the asset, or replace the asset in it."
  ],
  [
    new InvalidAssetStatus({ serialNumber, to: "rented_out" }),
    "InvalidAssetStatus",
    "INVALID_STATUS",
    "Asset serial-1 cannot be registered as rented_out.",
    "Choose a status that the asset can come to from where it stands; to rent or sell it, start a subscription or let its customer buy it out."
  ],
  [
    new InvalidAssetStatus({ serialNumber, from: "sold", to: "available" }),
    "InvalidAssetStatus",
    "INVALID_STATUS",
    "Asset serial-1 is sold and cannot become available by hand.",
    "Choose a status that the asset can come to from where it stands; to rent or sell it, start a subscription or let its customer buy it out."
  ],
  [
    new SubscriptionAlreadyCancelled({ subscriptionId }),
    "SubscriptionAlreadyCancelled",
    "ALREADY_CANCELLED",
    "Subscription is already cancelled",
    "No action needed."
  ],
  [
    new SubscriptionAlreadyEnded({ subscriptionId, status: "ended_buyout" }),
    "SubscriptionAlreadyEnded",
    "ALREADY_ENDED",
    "Subscription has already ended (ended_buyout)",
    "No action needed."
  ],
  [
    blockedBy("noActiveSubscriptions", "subscription-1"),
    "OrderNotCancellable",
    "ORDER_NOT_CANCELLABLE",
    "Order has 1 active subscription. Cancel the subscriptions first, or release what a partial order still holds.",
    "Cancel the subscriptions first, or release what a partial order still holds."
  ],
  [
    blockedBy("noActiveSubscriptions", "subscription-1", "subscription-2"),
    "OrderNotCancellable",
    "ORDER_NOT_CANCELLABLE",
    "Order has 2 active subscriptions. Cancel the subscriptions first, or release what a partial order still holds.",
    "Cancel the subscriptions first, or release what a partial order still holds."
  ],
  [
    blockedBy("beforeFulfilment", "subscription-1"),
    "OrderNotCancellable",
    "ORDER_NOT_CANCELLABLE",
    "Order is partial and can no longer be cancelled.",
    "End its subscriptions instead, and release what a partial order still holds."
  ],
  [
    new SubscriptionNotActive({ subscriptionId, status: "ended_buyout" }),
    "SubscriptionNotActive",
    "SUBSCRIPTION_NOT_ACTIVE",
    "Subscription is not active (ended_buyout)",
    "Start another subscription while the order holds a unit, or place a new order. Where a device comes back after a cancel, record it in the registry."
  ],
  [
    new ContractNotOver({ subscriptionId, notBefore: cancelledAt }),
    "ContractNotOver",
    "CONTRACT_NOT_OVER",
    `The contract ends at ${cancelledAt}.`,
    "Complete it when its contract is over; until then, return it early, let the customer buy it, or cancel it."
  ],
  [
    new InvalidExtensionMonths({ subscriptionId, longest: 12 }),
    "InvalidExtensionMonths",
    "INVALID_EXTENSION_MONTHS",
    "The contract can be extended by at most 12 months.",
    "Extend it by fewer months; where none are left, complete it at its end and place a new order."
  ],
  [
    new InvalidExtensionMonths({ subscriptionId, longest: 0 }),
    "InvalidExtensionMonths",
    "INVALID_EXTENSION_MONTHS",
    "The contract has 120 months and cannot be extended.",
    "Extend it by fewer months; where none are left, complete it at its end and place a new order."
  ],
  [
    new OrderIsFinal({ orderId, cancelledAt }),
    "OrderIsFinal",
    "ALREADY_CANCELLED",
    "Order is already cancelled",
    "Place a new order: a cancelled one cannot be changed."
  ],
  [
    new OrderNotOpen({ orderId, status: "partial" }),
    "OrderNotOpen",
    "ORDER_NOT_OPEN",
    "Lines can be added until the first subscription is started; this order is partial.",
    "Place a new order for more; to put another product in the place of a rented one, upgrade the subscription."
  ],
  [
    new NothingHeld({ orderId }),
    "NothingHeld",
    "NOTHING_HELD",
    "The order holds no unit.",
    "There is nothing to release. To take a rented device back, end its subscription."
  ],
  [
    new NotHeld({
      orderId,
      lines: [
        { line: 0, named: 3, held: 2 },
        { line: 2, named: 1, held: 0 }
      ]
    }),
    "NotHeld",
    "NOT_HELD",
    "Line 0 holds 2, and 3 were named. Line 2 holds 0, and 1 were named.",
    "Release at most what each line holds, or leave `items` out to release all that is held. To take a rented device back, end its subscription."
  ],
  [
    new NothingWouldRemain({ orderId }),
    "NothingWouldRemain",
    "NOTHING_WOULD_REMAIN",
    "The release would leave nothing of the order.",
    "Cancel the order instead."
  ],
  [
    new OrderAlreadyCancelled({ orderId, cancelledAt, reason: "moved abroad" }),
    "OrderAlreadyCancelled",
    "ALREADY_CANCELLED",
    "Order is already cancelled",
    "No action needed."
  ],
  [
    new OwnRefusal({ orderId, guard: "mine", code: OwnCode.make("MINE"), message: "Not today.", remedy: "Come tomorrow." }),
    "OwnRefusal",
    "MINE",
    "Not today.",
    "Come tomorrow."
  ]
]

/** In which case each of them is given, written by hand. */
const cases: Record<Refusal["_tag"], string> = {
  OwnRefusal: "A guard of the embedding service's own process does not hold.",
  InvalidInput:
    "The input does not have the shape that the command needs, or does not fit the order. `details` names every wrong field.",
  VariantNotFound: "The catalogue does not have the SKU.",
  VariantInactive: "The catalogue has the SKU, but does not offer it at present.",
  InvalidContractLength: "The SKU is not priced for the contract length.",
  OrderNotFound: "The order does not exist in the tenant. An order of another tenant is no different.",
  SubscriptionNotFound: "The subscription does not exist in the tenant, or is not of the order.",
  OrderNotPending: "The order was confirmed or cancelled before.",
  OrderNotConfirmed: "The order is not confirmed yet, or is cancelled.",
  ItemFullyFulfilled:
    "No unit of the SKU (of the contract length, where one is named), or of the whole order, is held any more: each has or had a subscription, or was released.",
  AssetNotFound: "The registry of assets does not know the serial number.",
  SkuMismatch: "The asset is of another SKU than the line, or the new product, that it is for; or the request names another.",
  AssetNotAvailable: "The asset is under an active subscription, or the registry of assets says that it is not available.",
  AssetNotRegistered: "The registry of the tenant has no asset with the serial number. One of another tenant is no different.",
  AssetExists: "The registry has an asset with the serial number already.",
  AssetInUse: "A subscription is active on the asset, so its status is not changed by hand.",
  InvalidAssetStatus:
    "The asset cannot come to that status by hand. It is `rented_out` and `sold` by subscriptions only, and a sold one stays sold; when it is registered, it is `rented_out` exactly when a subscription is active on it.",
  SubscriptionAlreadyCancelled: "The subscription was cancelled before.",
  SubscriptionAlreadyEnded: "The subscription ended before, in another way than by being cancelled.",
  OrderNotCancellable: "The order has active subscriptions; under the policy `beforeFulfilment`, it has or had a subscription.",
  SubscriptionNotActive: "The subscription has ended, in whatever way. An end is final.",
  ContractNotOver: "The contract of the subscription is not over yet.",
  InvalidExtensionMonths: "With the extension, the contract would be longer than 120 months.",
  OrderIsFinal: "The order was cancelled. No status, unit, line or subscription of it changes any more.",
  OrderNotOpen: "A subscription was started from the order, so that its lines stay as they are.",
  NothingHeld: "No unit of the order is held any more: each has or had a subscription, or was released.",
  NotHeld: "A line holds fewer units than the request names. `lines` says how many each holds.",
  NothingWouldRemain: "No subscription was started yet, and the release would leave the order without a unit.",
  OrderAlreadyCancelled: "The order was cancelled before. The first reason stays, and nothing is released again."
}

/** What each of them names besides, for whoever wants to act on it. */
const carried: Record<Refusal["_tag"], ReadonlyArray<string>> = {
  OwnRefusal: ["orderId", "guard", "code", "message", "remedy"],
  InvalidInput: ["details"],
  VariantNotFound: ["skus", "details"],
  VariantInactive: ["skus", "details"],
  InvalidContractLength: ["skus", "details"],
  OrderNotFound: ["orderId"],
  SubscriptionNotFound: ["subscriptionId"],
  OrderNotPending: ["orderId", "status"],
  OrderNotConfirmed: ["orderId", "status"],
  ItemFullyFulfilled: ["orderId", "sku"],
  AssetNotFound: ["serialNumber"],
  SkuMismatch: ["serialNumber", "sku"],
  AssetNotAvailable: ["serialNumber"],
  AssetNotRegistered: ["serialNumber"],
  AssetExists: ["serialNumber"],
  AssetInUse: ["serialNumber", "subscriptionId"],
  InvalidAssetStatus: ["serialNumber", "from", "to"],
  SubscriptionAlreadyCancelled: ["subscriptionId"],
  SubscriptionAlreadyEnded: ["subscriptionId", "status"],
  OrderNotCancellable: ["orderId", "status", "guard", "subscriptionIds"],
  SubscriptionNotActive: ["subscriptionId", "status"],
  ContractNotOver: ["subscriptionId", "notBefore"],
  InvalidExtensionMonths: ["subscriptionId", "longest"],
  OrderIsFinal: ["orderId", "cancelledAt"],
  OrderNotOpen: ["orderId", "status"],
  NothingHeld: ["orderId"],
  NotHeld: ["orderId", "lines"],
  NothingWouldRemain: ["orderId"],
  OrderAlreadyCancelled: ["orderId", "cancelledAt", "reason"]
}

const byName = catalogue.map(([refusal, ...words]) => [words[0], words[2], refusal, words] as const)

describe("a refusal", () => {
  it.each(byName)("%s says what is wrong and what to do: %s", (_tag, _message, refusal, words) => {
    expect([refusal._tag, refusal.code, refusal.message, refusal.remedy]).toEqual(words)
  })

  it.each(byName)("%s comes back whole from where it was remembered: %s", (_tag, _message, refusal) => {
    const remembered: unknown = JSON.parse(JSON.stringify(Schema.encodeSync(Refusal)(refusal)))
    const again = Schema.decodeUnknownSync(Refusal)(remembered)
    expect(again).toEqual(refusal)
    expect(again.message).toBe(refusal.message)
  })

  it.each(Object.entries(carried))("%s carries what it is about: %j", (tag, members) => {
    const encoded = catalogue.flatMap(([refusal]) => (refusal._tag === tag ? [Schema.encodeSync(Refusal)(refusal)] : []))
    expect(Object.keys(encoded.at(-1) ?? {}).toSorted()).toEqual(["_tag", ...members].toSorted())
  })

  it.each(Refusal.members.map((kind) => [kind, new Map<string, string>(Object.entries(cases)).get(kind.name)] as const))(
    "says in which case it is given: %s",
    ({ when }, written) => expect(when).toBe(written)
  )

  it("of every kind is in this catalogue", () => {
    expect(new Set<unknown>(catalogue.map(([refusal]) => refusal.constructor))).toEqual(new Set(Refusal.members))
  })
})
