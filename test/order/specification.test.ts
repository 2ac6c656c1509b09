/**
 * The specification of the lifecycle, as a table to be read aloud: "a pending order, on confirm, becomes confirmed".
 *
 * Written by hand from decisions.md, section 2, and from nothing else: this is the one copy of the lifecycle besides the machine.
 * A status, a command, a refusal or a line of the machine without a row fails.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { RequestId } from "../../src/order/orderEvent.ts"
import { decide, questionOf } from "../../src/order/decide.ts"
import type { Occasion, Transition } from "../../src/order/Transition.ts"
import { answersOf, answerTo, type Lifecycle, lifecycles } from "../../src/order/lifecycleTable.ts"
import { Currency } from "../../src/order/Money.ts"
import {
  CustomerId,
  type Order,
  OrderId,
  LibraryStatus,
  type OrderStatus,
  SerialNumber,
  Sku,
  SubscriptionId,
  TenantId,
  unitsOf
} from "../../src/order/Order.ts"
import { commandTypes, type OrderCommand } from "../../src/order/commands/index.ts"
import { place, PlaceOrder } from "../../src/order/commands/place.ts"
import type { Variant } from "../../src/order/commands/priceLines.ts"
import { type CancellationPolicy, cancellationPolicyNames } from "../../src/order/policies/index.ts"
import type { Refusal } from "../../src/order/Refusal.ts"
import { plusMonths, Timestamp } from "../../src/order/Timestamp.ts"

// --- the orders the table speaks of: two laptops and a monitor ---------------------------------------------------------------------

const occasion: Occasion = {
  at: Timestamp.make("2026-11-23T12:00:00.000Z"),
  actor: { userId: "ada" },
  requestId: RequestId.make("request-1")
}

const variant = (sku: string, more: Partial<Variant> = {}): readonly [Sku, Variant] => [
  Sku.make(sku),
  {
    sku: Sku.make(sku),
    productName: `The ${sku}`,
    isActive: true,
    currency: Currency.make("EUR"),
    pricing: [
      { contractLength: 24, monthlyPrice: 8_900 },
      { contractLength: 12, monthlyPrice: 11_900 }
    ],
    ...more
  }
]
const variants = new Map([
  variant("LAPTOP"),
  variant("MONITOR"),
  variant("OLD-PHONE", { isActive: false }),
  variant("YEN-BIKE", { currency: Currency.make("JPY") })
])

const address = { contactName: "Ada Lovelace", streetAddress: "1 St James's Square", city: "London", country: "GB" }

const placing = (items: (typeof PlaceOrder.Encoded)["items"], lifecycle: Lifecycle) =>
  place(
    lifecycle,
    Schema.decodeSync(PlaceOrder)({
      customer: { email: "ada@example.com", firstName: "Ada", lastName: "Lovelace" },
      billingAddress: address,
      items
    }),
    { tenantId: TenantId.make("demo"), orderId: OrderId.make("order-1"), customerId: CustomerId.make("ada"), variants },
    occasion
  )

const after = (order: Order, ...commands: ReadonlyArray<OrderCommand>): Order =>
  commands.reduce((before, command) => {
    const decision: Result.Result<Transition, Refusal> = decide(lifecycles.noActiveSubscriptions, before, command, occasion)
    return Result.getOrThrow(decision).after
  }, order)

const start = (sku: string | undefined, number: number, more: Partial<OrderCommand & { type: "startSubscription" }> = {}) => ({
  type: "startSubscription" as const,
  subscriptionId: SubscriptionId.make(`subscription-${number}`),
  assetSerialNumber: SerialNumber.make(`serial-${number}`),
  customerId: CustomerId.make("ada"),
  asset: { isKnown: true, isRented: false, ...(sku !== undefined && { sku: Sku.make(sku) }) },
  ...more
})

const release = (line: number, quantity: number) => ({ type: "release" as const, items: [{ line, quantity }] })

const add = (sku: string, contractLength?: number) => ({
  type: "addItems" as const,
  items: [{ sku: Sku.make(sku), quantity: 1, ...(contractLength !== undefined && { contractLength }) }],
  variants
})

const end = (number: number) => ({
  type: "cancelSubscription" as const,
  rentalId: SubscriptionId.make(`subscription-${number}`),
  reason: "customer_request" as const
})

const rental = (number: number) => ({ rentalId: SubscriptionId.make(`subscription-${number}`) })

const completion = (number: number) => ({ type: "completeSubscription" as const, ...rental(number) })

const returning = (number: number) => ({
  type: "returnSubscription" as const,
  ...rental(number),
  returnCondition: "good" as const,
  reason: "moved abroad",
  quoted: 0
})

const buying = (number: number) => ({
  type: "buyOutSubscription" as const,
  ...rental(number),
  reason: "customer_request" as const,
  buyoutPrice: 10_000
})

const extending = (number: number, extensionMonths: number) => ({
  type: "extendSubscription" as const,
  ...rental(number),
  extensionMonths,
  reason: "still in use"
})

const replacing = (number: number, more: Partial<OrderCommand & { type: "replaceAsset" }> = {}) => ({
  type: "replaceAsset" as const,
  ...rental(number),
  newSerialNumber: SerialNumber.make("serial-99"),
  replacementReason: "defective" as const,
  subscriptionId: SubscriptionId.make("not used"),
  asset: { isKnown: true, isRented: false, sku: Sku.make("LAPTOP") },
  ...more
})

const upgrading = (number: number, more: Partial<OrderCommand & { type: "upgradeSubscription" }> = {}) => ({
  type: "upgradeSubscription" as const,
  ...rental(number),
  newSku: Sku.make("MONITOR"),
  newSerialNumber: SerialNumber.make("serial-98"),
  contractLength: 24,
  newMonthlyAmount: 5_000,
  reason: "wants a better one",
  subscriptionId: SubscriptionId.make("subscription-98"),
  asset: { isKnown: true, isRented: false, sku: Sku.make("MONITOR") },
  variants,
  ...more
})

/** As a completed contract ends a subscription, a year later. */
const complete = (order: Order, number: number): Order =>
  Result.getOrThrow(
    decide(lifecycles.noActiveSubscriptions, order, completion(number), { ...occasion, at: plusMonths(occasion.at, 12) })
  ).after

const pending = Result.getOrThrow(
  placing(
    [
      { sku: "LAPTOP", quantity: 2 },
      { sku: "MONITOR", quantity: 1 }
    ],
    lifecycles.noActiveSubscriptions
  )
).after
const confirmed = after(pending, { type: "confirm" })
const oneOfOne = after(Result.getOrThrow(placing([{ sku: "LAPTOP", quantity: 1 }], lifecycles.noActiveSubscriptions)).after, {
  type: "confirm"
})
const partial = after(confirmed, start("LAPTOP", 1))
const oneHeld = after(partial, start("LAPTOP", 2))
const fulfilled = after(oneHeld, start("MONITOR", 3))

const orders = {
  pending: pending,
  confirmed: confirmed,
  "confirmed, of one unit": oneOfOne,
  "partial, one laptop rented": partial,
  "partial, both laptops rented": oneHeld,
  "partial, its only subscription cancelled": after(partial, end(1)),
  "partial, its only subscription completed": complete(partial, 1),
  "partial, upgraded to a monitor": after(partial, upgrading(1)),
  "partial, its contract over": after(confirmed, start("LAPTOP", 1, { startDate: "2025-01-01" })),
  "partial, its contract extended": after(confirmed, start("LAPTOP", 1, { startDate: "2025-01-01" }), extending(1, 24)),
  "partial, with a released monitor": after(partial, { type: "release", items: [{ line: 1, quantity: 1 }] }),
  "fulfilled, all rented": fulfilled,
  "fulfilled, its contracts over": after(
    confirmed,
    start("LAPTOP", 1, { startDate: "2025-01-01" }),
    start("LAPTOP", 2, { startDate: "2025-01-01" }),
    start("MONITOR", 3)
  ),
  "fulfilled by a release": after(partial, { type: "release" }),
  "fulfilled, one of three cancelled": after(fulfilled, end(1)),
  "fulfilled, all cancelled": after(fulfilled, end(1), end(2), end(3)),
  "fulfilled, all completed": complete(complete(complete(fulfilled, 1), 2), 3),
  "cancelled when pending": after(pending, { type: "cancel" }),
  "cancelled when confirmed": after(confirmed, { type: "cancel" }),
  "cancelled when partial, its subscription cancelled": after(after(partial, end(1)), { type: "cancel" }),
  "cancelled when partial, its subscription completed": after(complete(partial, 1), { type: "cancel" })
} satisfies Record<string, Order>

const known = { isKnown: true, isRented: false }
const commands = {
  confirm: { type: "confirm" },
  cancel: { type: "cancel" },
  "start with a free laptop": start("LAPTOP", 9),
  "start with a free monitor": start("MONITOR", 9),
  "start with an unregistered asset": start(undefined, 9, { asset: { isKnown: false, isRented: false } }),
  "start with an asset of a SKU that is not on the order": start("TRACTOR", 9),
  "start with a rented laptop": start("LAPTOP", 9, { asset: { ...known, isRented: true, sku: Sku.make("LAPTOP") } }),
  "start for another customer": start("LAPTOP", 9, { customerId: CustomerId.make("grace") }),
  "start with no SKU named": start(undefined, 9),
  "start with a laptop named by the request": start(undefined, 9, { sku: Sku.make("LAPTOP") }),
  "start with a laptop that the request calls a monitor": start("LAPTOP", 9, { sku: Sku.make("MONITOR") }),
  "start with a laptop for 12 months": start("LAPTOP", 9, { contractLength: 12 }),
  "start with a laptop for 13 months": start("LAPTOP", 9, { contractLength: 13 }),
  "start six years from now": start("LAPTOP", 9, { startDate: "2032-12-31" }),
  "release one laptop": release(0, 1),
  "release both laptops": release(0, 2),
  "release three laptops": release(0, 3),
  "release the monitor": release(1, 1),
  "release the tenth line": release(9, 1),
  "release all": { type: "release" },
  "add a laptop": add("LAPTOP"),
  "add a tractor": add("TRACTOR"),
  "add an old phone": add("OLD-PHONE"),
  "add a bike in yen": add("YEN-BIKE"),
  "add a laptop for 13 months": add("LAPTOP", 13),
  correct: { type: "correct", customer: { lastName: "Byron" } },
  "record a payment": { type: "recordPayment", status: "paid" },
  "return subscription 1": returning(1),
  "return an unknown subscription": returning(99),
  "buy out subscription 1": buying(1),
  "buy out an unknown subscription": buying(99),
  "complete subscription 1": completion(1),
  "complete an unknown subscription": completion(99),
  "extend subscription 1": extending(1, 12),
  "extend subscription 1 by 108 months": extending(1, 108),
  "extend subscription 1 by 109 months": extending(1, 109),
  "extend an unknown subscription": extending(99, 12),
  "replace the asset of subscription 1": replacing(1),
  "replace the asset of subscription 1 by itself": replacing(1, { newSerialNumber: SerialNumber.make("serial-1") }),
  "replace the asset of subscription 1 by an unregistered one": replacing(1, { asset: { isKnown: false, isRented: false } }),
  "replace the asset of subscription 1 by a monitor": replacing(1, { asset: { ...known, sku: Sku.make("MONITOR") } }),
  "replace the asset of subscription 1 by what is called a monitor": replacing(1, { newSku: Sku.make("MONITOR") }),
  "replace the asset of subscription 1 by a rented one": replacing(1, { asset: { ...known, isRented: true } }),
  "replace the asset of an unknown subscription": replacing(99),
  "upgrade subscription 1": upgrading(1),
  "upgrade an unknown subscription": upgrading(99),
  "upgrade subscription 1 to a tractor": upgrading(1, { newSku: Sku.make("TRACTOR") }),
  "upgrade subscription 1 to an old phone": upgrading(1, { newSku: Sku.make("OLD-PHONE") }),
  "upgrade subscription 1 to a bike in yen": upgrading(1, { newSku: Sku.make("YEN-BIKE") }),
  "upgrade subscription 1 for 13 months": upgrading(1, { contractLength: 13 }),
  "upgrade subscription 1 with an unregistered asset": upgrading(1, { asset: { isKnown: false, isRented: false } }),
  "upgrade subscription 1 with a laptop that it calls a monitor": upgrading(1, { asset: { ...known, sku: Sku.make("LAPTOP") } }),
  "upgrade subscription 1 with a rented monitor": upgrading(1, { asset: { ...known, isRented: true } }),
  "end subscription 1": end(1),
  "end subscription 2": end(2),
  "end an unknown subscription": end(99)
} satisfies Record<string, OrderCommand>

// --- the table ---------------------------------------------------------------------------------------------------------------------

type Outcome = OrderStatus | Refusal["code"]
type Row = readonly [order: keyof typeof orders, command: keyof typeof commands, outcome: Outcome]

/** What can be done with the first subscription of an order, a laptop whose contract has a year to go; `over` is one where it has ended. */
const onSubscriptionOf = (order: keyof typeof orders, status: OrderStatus, over: keyof typeof orders): ReadonlyArray<Row> => [
  [order, "return subscription 1", status],
  [order, "return an unknown subscription", "NOT_FOUND"],
  [over, "return subscription 1", "SUBSCRIPTION_NOT_ACTIVE"],
  [order, "buy out subscription 1", status],
  [order, "buy out an unknown subscription", "NOT_FOUND"],
  [over, "buy out subscription 1", "SUBSCRIPTION_NOT_ACTIVE"],
  [order, "complete subscription 1", "CONTRACT_NOT_OVER"],
  [order, "complete an unknown subscription", "NOT_FOUND"],
  [over, "complete subscription 1", "SUBSCRIPTION_NOT_ACTIVE"],
  [order, "extend subscription 1", status],
  [order, "extend subscription 1 by 108 months", status],
  [order, "extend subscription 1 by 109 months", "INVALID_EXTENSION_MONTHS"],
  [order, "extend an unknown subscription", "NOT_FOUND"],
  [over, "extend subscription 1", "SUBSCRIPTION_NOT_ACTIVE"],
  [order, "replace the asset of subscription 1", status],
  [order, "replace the asset of subscription 1 by itself", "VALIDATION_ERROR"],
  [order, "replace the asset of subscription 1 by an unregistered one", "ASSET_NOT_FOUND"],
  [order, "replace the asset of subscription 1 by a monitor", "SKU_MISMATCH"],
  [order, "replace the asset of subscription 1 by what is called a monitor", "SKU_MISMATCH"],
  [order, "replace the asset of subscription 1 by a rented one", "ASSET_NOT_AVAILABLE"],
  [order, "replace the asset of an unknown subscription", "NOT_FOUND"],
  [over, "replace the asset of subscription 1", "SUBSCRIPTION_NOT_ACTIVE"],
  [order, "upgrade subscription 1", status],
  [order, "upgrade an unknown subscription", "NOT_FOUND"],
  [order, "upgrade subscription 1 to a tractor", "VARIANT_NOT_FOUND"],
  [order, "upgrade subscription 1 to an old phone", "VARIANT_INACTIVE"],
  [order, "upgrade subscription 1 for 13 months", "INVALID_CONTRACT_LENGTH"],
  [order, "upgrade subscription 1 to a bike in yen", "VALIDATION_ERROR"],
  [order, "upgrade subscription 1 with an unregistered asset", "ASSET_NOT_FOUND"],
  [order, "upgrade subscription 1 with a laptop that it calls a monitor", "SKU_MISMATCH"],
  [order, "upgrade subscription 1 with a rented monitor", "ASSET_NOT_AVAILABLE"],
  [over, "upgrade subscription 1", "SUBSCRIPTION_NOT_ACTIVE"]
]

/** Under every cancellation policy. */
const always: ReadonlyArray<Row> = [
  ["pending", "confirm", "confirmed"],
  ["pending", "start with a free laptop", "ORDER_NOT_CONFIRMED"],
  ["pending", "start with an unregistered asset", "ORDER_NOT_CONFIRMED"],
  ["pending", "end an unknown subscription", "NOT_FOUND"],
  ["pending", "release one laptop", "pending"],
  ["pending", "release both laptops", "pending"],
  ["pending", "release three laptops", "NOT_HELD"],
  ["pending", "release the tenth line", "VALIDATION_ERROR"],
  ["pending", "release all", "NOTHING_WOULD_REMAIN"],
  ["pending", "add a laptop", "pending"],
  ["pending", "add a tractor", "VARIANT_NOT_FOUND"],
  ["pending", "add an old phone", "VARIANT_INACTIVE"],
  ["pending", "add a bike in yen", "VALIDATION_ERROR"],
  ["pending", "add a laptop for 13 months", "INVALID_CONTRACT_LENGTH"],
  ["pending", "correct", "pending"],
  ["pending", "record a payment", "pending"],
  ["pending", "return an unknown subscription", "NOT_FOUND"],
  ["pending", "buy out an unknown subscription", "NOT_FOUND"],
  ["pending", "complete an unknown subscription", "NOT_FOUND"],
  ["pending", "extend an unknown subscription", "NOT_FOUND"],
  ["pending", "replace the asset of an unknown subscription", "NOT_FOUND"],
  ["pending", "upgrade an unknown subscription", "NOT_FOUND"],
  ["pending", "cancel", "cancelled"],

  ["confirmed", "confirm", "ORDER_NOT_PENDING"],
  ["confirmed", "start with a free laptop", "partial"],
  ["confirmed", "start with a laptop named by the request", "partial"],
  ["confirmed", "start with a laptop that the request calls a monitor", "SKU_MISMATCH"],
  ["confirmed", "start with an unregistered asset", "ASSET_NOT_FOUND"],
  ["confirmed", "start with an asset of a SKU that is not on the order", "SKU_MISMATCH"],
  ["confirmed", "start with a rented laptop", "ASSET_NOT_AVAILABLE"],
  ["confirmed", "start for another customer", "VALIDATION_ERROR"],
  ["confirmed", "start with no SKU named", "VALIDATION_ERROR"],
  ["confirmed", "start with a laptop for 12 months", "partial"],
  ["confirmed", "start with a laptop for 13 months", "VALIDATION_ERROR"],
  ["confirmed", "start six years from now", "VALIDATION_ERROR"],
  ["confirmed", "end an unknown subscription", "NOT_FOUND"],
  ["confirmed", "return an unknown subscription", "NOT_FOUND"],
  ["confirmed", "buy out an unknown subscription", "NOT_FOUND"],
  ["confirmed", "complete an unknown subscription", "NOT_FOUND"],
  ["confirmed", "extend an unknown subscription", "NOT_FOUND"],
  ["confirmed", "replace the asset of an unknown subscription", "NOT_FOUND"],
  ["confirmed", "upgrade an unknown subscription", "NOT_FOUND"],
  ["confirmed", "release one laptop", "confirmed"],
  ["confirmed", "release three laptops", "NOT_HELD"],
  ["confirmed", "release the tenth line", "VALIDATION_ERROR"],
  ["confirmed", "release all", "NOTHING_WOULD_REMAIN"],
  ["confirmed, of one unit", "release one laptop", "NOTHING_WOULD_REMAIN"],
  ["confirmed", "add a laptop", "confirmed"],
  ["confirmed", "add a tractor", "VARIANT_NOT_FOUND"],
  ["confirmed", "add an old phone", "VARIANT_INACTIVE"],
  ["confirmed", "add a bike in yen", "VALIDATION_ERROR"],
  ["confirmed", "add a laptop for 13 months", "INVALID_CONTRACT_LENGTH"],
  ["confirmed", "correct", "confirmed"],
  ["confirmed", "record a payment", "confirmed"],
  ["confirmed", "cancel", "cancelled"],
  ["confirmed, of one unit", "start with a free laptop", "fulfilled"],
  ["confirmed, of one unit", "start with no SKU named", "fulfilled"],

  ["partial, one laptop rented", "confirm", "ORDER_NOT_PENDING"],
  ["partial, one laptop rented", "start with a free laptop", "partial"],
  ["partial, one laptop rented", "start with a free monitor", "partial"],
  ["partial, one laptop rented", "start with an unregistered asset", "ASSET_NOT_FOUND"],
  ["partial, one laptop rented", "start with an asset of a SKU that is not on the order", "SKU_MISMATCH"],
  ["partial, one laptop rented", "start with a rented laptop", "ASSET_NOT_AVAILABLE"],
  ["partial, one laptop rented", "start for another customer", "VALIDATION_ERROR"],
  ["partial, one laptop rented", "start with no SKU named", "VALIDATION_ERROR"],
  ["partial, one laptop rented", "start with a laptop for 13 months", "VALIDATION_ERROR"],
  ["partial, one laptop rented", "start six years from now", "VALIDATION_ERROR"],
  ["partial, both laptops rented", "start with a free laptop", "ITEM_FULLY_FULFILLED"],
  ["partial, both laptops rented", "start with a laptop for 12 months", "ITEM_FULLY_FULFILLED"],
  ["partial, both laptops rented", "start with a free monitor", "fulfilled"],
  ["partial, both laptops rented", "start with no SKU named", "fulfilled"],
  ["partial, one laptop rented", "end subscription 1", "partial"],
  ["partial, one laptop rented", "end an unknown subscription", "NOT_FOUND"],
  ["partial, its only subscription cancelled", "end subscription 1", "ALREADY_CANCELLED"],
  ["partial, its only subscription completed", "end subscription 1", "ALREADY_ENDED"],
  ["partial, its only subscription cancelled", "start with a free laptop", "partial"],
  ...onSubscriptionOf("partial, one laptop rented", "partial", "partial, its only subscription completed"),
  ["partial, its only subscription cancelled", "extend subscription 1", "SUBSCRIPTION_NOT_ACTIVE"],
  ["partial, its contract over", "complete subscription 1", "partial"],
  ["partial, upgraded to a monitor", "start with a free monitor", "partial"],
  ["partial, upgraded to a monitor", "upgrade subscription 1", "SUBSCRIPTION_NOT_ACTIVE"],
  ["partial, upgraded to a monitor", "cancel", "ORDER_NOT_CANCELLABLE"],
  ["partial, its contract over", "return subscription 1", "partial"],
  ["partial, its contract over", "extend subscription 1", "partial"],
  ["partial, its contract extended", "complete subscription 1", "CONTRACT_NOT_OVER"],
  ["partial, its contract extended", "extend subscription 1 by 108 months", "INVALID_EXTENSION_MONTHS"],
  ["partial, one laptop rented", "release one laptop", "partial"],
  ["partial, one laptop rented", "release both laptops", "NOT_HELD"],
  ["partial, one laptop rented", "release the tenth line", "VALIDATION_ERROR"],
  ["partial, one laptop rented", "release all", "fulfilled"],
  ["partial, both laptops rented", "release the monitor", "fulfilled"],
  ["partial, with a released monitor", "release one laptop", "fulfilled"],
  ["partial, with a released monitor", "start with a free laptop", "fulfilled"],
  ["partial, with a released monitor", "start with a free monitor", "ITEM_FULLY_FULFILLED"],
  ["partial, its only subscription cancelled", "release all", "fulfilled"],
  ["partial, one laptop rented", "add a laptop", "ORDER_NOT_OPEN"],
  ["partial, one laptop rented", "correct", "partial"],
  ["partial, one laptop rented", "record a payment", "partial"],
  ["partial, one laptop rented", "cancel", "ORDER_NOT_CANCELLABLE"],

  ["fulfilled, all rented", "confirm", "ORDER_NOT_PENDING"],
  ["fulfilled, all rented", "start with a free laptop", "ITEM_FULLY_FULFILLED"],
  ["fulfilled, all cancelled", "start with a free laptop", "ITEM_FULLY_FULFILLED"],
  ["fulfilled, all rented", "end subscription 1", "fulfilled"],
  ["fulfilled, all rented", "end an unknown subscription", "NOT_FOUND"],
  ["fulfilled, one of three cancelled", "end subscription 1", "ALREADY_CANCELLED"],
  ["fulfilled, one of three cancelled", "end subscription 2", "fulfilled"],
  ["fulfilled, all completed", "end subscription 1", "ALREADY_ENDED"],
  ...onSubscriptionOf("fulfilled, all rented", "fulfilled", "fulfilled, one of three cancelled"),
  ["fulfilled, its contracts over", "complete subscription 1", "fulfilled"],
  ["fulfilled, all rented", "cancel", "ORDER_NOT_CANCELLABLE"],
  ["fulfilled, one of three cancelled", "cancel", "ORDER_NOT_CANCELLABLE"],
  ["fulfilled, all rented", "release one laptop", "NOTHING_HELD"],
  ["fulfilled, all rented", "release all", "NOTHING_HELD"],
  ["fulfilled, all rented", "release the tenth line", "VALIDATION_ERROR"],
  ["fulfilled by a release", "release all", "NOTHING_HELD"],
  ["fulfilled by a release", "start with a free laptop", "ITEM_FULLY_FULFILLED"],
  ["fulfilled by a release", "cancel", "ORDER_NOT_CANCELLABLE"],
  ["fulfilled, all rented", "add a laptop", "ORDER_NOT_OPEN"],
  ["fulfilled, all rented", "correct", "fulfilled"],
  ["fulfilled, all rented", "record a payment", "fulfilled"],

  ["cancelled when pending", "confirm", "ORDER_NOT_PENDING"],
  ["cancelled when confirmed", "start with a free laptop", "ORDER_NOT_CONFIRMED"],
  ["cancelled when confirmed", "end an unknown subscription", "NOT_FOUND"],
  ["cancelled when partial, its subscription cancelled", "start with a free laptop", "ORDER_NOT_CONFIRMED"],
  ["cancelled when partial, its subscription cancelled", "end subscription 1", "ALREADY_CANCELLED"],
  ["cancelled when partial, its subscription completed", "end subscription 1", "ALREADY_ENDED"],
  ["cancelled when confirmed", "return an unknown subscription", "NOT_FOUND"],
  ["cancelled when confirmed", "buy out an unknown subscription", "NOT_FOUND"],
  ["cancelled when confirmed", "complete an unknown subscription", "NOT_FOUND"],
  ["cancelled when confirmed", "extend an unknown subscription", "NOT_FOUND"],
  ["cancelled when confirmed", "replace the asset of an unknown subscription", "NOT_FOUND"],
  ["cancelled when confirmed", "upgrade an unknown subscription", "NOT_FOUND"],
  ["cancelled when partial, its subscription completed", "upgrade subscription 1", "SUBSCRIPTION_NOT_ACTIVE"],
  ["cancelled when partial, its subscription cancelled", "return subscription 1", "SUBSCRIPTION_NOT_ACTIVE"],
  ["cancelled when partial, its subscription cancelled", "buy out subscription 1", "SUBSCRIPTION_NOT_ACTIVE"],
  ["cancelled when partial, its subscription completed", "complete subscription 1", "SUBSCRIPTION_NOT_ACTIVE"],
  ["cancelled when partial, its subscription completed", "extend subscription 1", "SUBSCRIPTION_NOT_ACTIVE"],
  ["cancelled when partial, its subscription completed", "replace the asset of subscription 1", "SUBSCRIPTION_NOT_ACTIVE"],
  ["cancelled when pending", "release one laptop", "ALREADY_CANCELLED"],
  ["cancelled when pending", "release the tenth line", "ALREADY_CANCELLED"],
  ["cancelled when confirmed", "add a laptop", "ALREADY_CANCELLED"],
  ["cancelled when confirmed", "add a tractor", "ALREADY_CANCELLED"],
  ["cancelled when pending", "correct", "ALREADY_CANCELLED"],
  ["cancelled when pending", "record a payment", "cancelled"],
  ["cancelled when pending", "cancel", "ALREADY_CANCELLED"],
  ["cancelled when partial, its subscription completed", "cancel", "ALREADY_CANCELLED"]
]

/** What the policies tell apart: orders with subscriptions, none of them active any more. */
const byPolicy: Record<CancellationPolicy, ReadonlyArray<Row>> = {
  noActiveSubscriptions: [
    ["partial, its only subscription cancelled", "cancel", "cancelled"],
    ["partial, its only subscription completed", "cancel", "cancelled"],
    ["fulfilled, all cancelled", "cancel", "cancelled"],
    ["fulfilled, all completed", "cancel", "cancelled"]
  ],
  beforeFulfilment: [
    ["partial, its only subscription cancelled", "cancel", "ORDER_NOT_CANCELLABLE"],
    ["partial, its only subscription completed", "cancel", "ORDER_NOT_CANCELLABLE"],
    ["fulfilled, all cancelled", "cancel", "ORDER_NOT_CANCELLABLE"],
    ["fulfilled, all completed", "cancel", "ORDER_NOT_CANCELLABLE"]
  ]
}

/** Placing has no order to begin with. */
const placings: ReadonlyArray<readonly [items: string, request: Parameters<typeof placing>[0], outcome: Outcome]> = [
  [
    "two laptops and a monitor",
    [
      { sku: "LAPTOP", quantity: 2 },
      { sku: "MONITOR", quantity: 1 }
    ],
    "pending"
  ],
  ["a laptop for 24 months", [{ sku: "LAPTOP", quantity: 1, contractLength: 24 }], "pending"],
  ["a laptop for 13 months", [{ sku: "LAPTOP", quantity: 1, contractLength: 13 }], "INVALID_CONTRACT_LENGTH"],
  ["a tractor, which the catalogue has not", [{ sku: "TRACTOR", quantity: 1 }], "VARIANT_NOT_FOUND"],
  ["an old phone, which is inactive", [{ sku: "OLD-PHONE", quantity: 1 }], "VARIANT_INACTIVE"],
  [
    "a laptop in euros and a bike in yen",
    [
      { sku: "LAPTOP", quantity: 1 },
      { sku: "YEN-BIKE", quantity: 1 }
    ],
    "VALIDATION_ERROR"
  ]
]

// --- the tests ---------------------------------------------------------------------------------------------------------------------

const outcomeOf = (decision: Result.Result<Transition, Refusal>): Outcome =>
  Result.isSuccess(decision) ? decision.success.after.status : decision.failure.code

const rowsUnder = (policy: CancellationPolicy) => [...always, ...byPolicy[policy]]

describe.each(cancellationPolicyNames)("under the policy %s, an order that is", (policy) => {
  it.each(rowsUnder(policy))("%s, on %s: %s", (order, command, outcome) => {
    expect(outcomeOf(decide(lifecycles[policy], orders[order], commands[command], occasion))).toBe(outcome)
  })
})

describe("placing", () => {
  it.each(placings)("%s", (_, items, outcome) => {
    for (const policy of cancellationPolicyNames) expect(outcomeOf(placing(items, lifecycles[policy]))).toBe(outcome)
  })

  it("without a contract length takes the shortest", () => {
    const lengths = (contractLength?: number) =>
      Result.getOrThrow(
        placing(
          [{ sku: "LAPTOP", quantity: 1, ...(contractLength !== undefined && { contractLength }) }],
          lifecycles.noActiveSubscriptions
        )
      ).after.lines.map((line) => [line.contractLength, line.unitPrice])
    expect([lengths(), lengths(24)]).toEqual([[[12, 11_900]], [[24, 8_900]]])
  })
})

/**
 * Lines of the machine that no order can come to, because statuses share their lists of answers: a pending or confirmed order has no
 * subscription that could block its cancel, every line of a confirmed one is held, and `beforeFulfilment` blocks every order that has
 * subscriptions.
 */
const unreachable: Record<CancellationPolicy, ReadonlyArray<string>> = {
  noActiveSubscriptions: ["pending × cancel, line 1", "confirmed × startSubscription, line 7", "confirmed × cancel, line 1"],
  beforeFulfilment: [
    "pending × cancel, line 1",
    "confirmed × startSubscription, line 7",
    "confirmed × cancel, line 1",
    "partial × cancel, line 2",
    "fulfilled × cancel, line 2"
  ]
}

describe("the table", () => {
  it.each(cancellationPolicyNames)(
    "has a row for every status, every command and every line of the machine under %s",
    (policy) => {
      const needed = LibraryStatus.literals.flatMap((status) =>
        commandTypes.flatMap((command) =>
          lifecycles[policy].answers[status][command].map((_, line) => `${status} × ${command}, line ${line + 1}`)
        )
      )
      const covered = new Set(
        rowsUnder(policy).map(([order, command]) => {
          const { status } = orders[order]
          const question = questionOf(lifecycles[policy], orders[order], commands[command], occasion.at)
          const answer = answerTo(lifecycles[policy], status, { units: unitsOf(orders[order]) }, question)
          return `${status} × ${question.type}, line ${answersOf(lifecycles[policy], status)[question.type].indexOf(answer) + 1}`
        })
      )
      expect(needed.filter((each) => !covered.has(each))).toEqual(unreachable[policy])
    }
  )

  it("names every refusal that the decisions name, and no other", () => {
    const named = new Set<string>([...always, ...byPolicy.noActiveSubscriptions, ...placings].map(([, , outcome]) => outcome))
    for (const status of LibraryStatus.literals) named.delete(status)
    expect([...named].toSorted()).toEqual([
      "ALREADY_CANCELLED",
      "ALREADY_ENDED",
      "ASSET_NOT_AVAILABLE",
      "ASSET_NOT_FOUND",
      "CONTRACT_NOT_OVER",
      "INVALID_CONTRACT_LENGTH",
      "INVALID_EXTENSION_MONTHS",
      "ITEM_FULLY_FULFILLED",
      "NOTHING_HELD",
      "NOTHING_WOULD_REMAIN",
      "NOT_FOUND",
      "NOT_HELD",
      "ORDER_NOT_CANCELLABLE",
      "ORDER_NOT_CONFIRMED",
      "ORDER_NOT_OPEN",
      "ORDER_NOT_PENDING",
      "SKU_MISMATCH",
      "SUBSCRIPTION_NOT_ACTIVE",
      "VALIDATION_ERROR",
      "VARIANT_INACTIVE",
      "VARIANT_NOT_FOUND"
    ])
  })

  it("says nothing twice", () => {
    for (const policy of cancellationPolicyNames) {
      const questions = rowsUnder(policy).map(([order, command]) => `${order} ${command}`)
      expect(questions).toEqual([...new Set(questions)])
    }
  })
})
