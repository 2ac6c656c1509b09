/** The shapes of what comes in and of what is kept: every member is there and is checked, and the limits are where they are said to be. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { AuditEvent, libraryEvents } from "../../src/order/AuditEvent.ts"
import { RequestId } from "../../src/order/orderEvent.ts"
import { Currency, MinorUnits } from "../../src/order/Money.ts"
import {
  ContractLength,
  CustomerType,
  ExtensionDetails,
  Order,
  OrderId,
  LibraryStatus,
  OrderType,
  Payment,
  Quantity,
  SubscriptionStatus
} from "../../src/order/Order.ts"
import { ChangeAsset, RegisterAsset, WithdrawAsset } from "../../src/asset/decideAsset.ts"
import { AssetRecord, RegisteredAsset } from "../../src/asset/RegisteredAsset.ts"
import { AddItems } from "../../src/order/commands/addItems.ts"
import { CancelOrder } from "../../src/order/commands/cancel.ts"
import { BuyOutSubscription } from "../../src/order/commands/buyOutSubscription.ts"
import { CorrectOrder } from "../../src/order/commands/correct.ts"
import { definitions } from "../../src/order/commands/definitions.ts"
import { RecordPayment } from "../../src/order/commands/recordPayment.ts"
import { ReleaseUnits } from "../../src/order/commands/release.ts"
import { CompleteSubscription } from "../../src/order/commands/completeSubscription.ts"
import { ExtendSubscription } from "../../src/order/commands/extendSubscription.ts"
import { UpgradeSubscription } from "../../src/order/commands/upgradeSubscription.ts"
import { ReplaceAsset } from "../../src/order/commands/replaceAsset.ts"
import { ReturnSubscription } from "../../src/order/commands/returnSubscription.ts"
import { CancelSubscription, SubscriptionCancelReason } from "../../src/order/commands/cancelSubscription.ts"
import { PlaceOrder } from "../../src/order/commands/place.ts"
import { RewriteNotes } from "../../src/order/RewriteNotes.ts"
import { StartSubscription } from "../../src/order/commands/startSubscription.ts"
import { reader } from "../../src/order/readInput.ts"
import { InputFault } from "../../src/order/commonRefusals.ts"
import { Email, jsonFault, JsonObject, maxJsonDepth, NonEmptyText, Text } from "../../src/order/Text.ts"
import { DateInput, Timestamp } from "../../src/order/Timestamp.ts"
import { Units } from "../../src/order/Units.ts"

// --- one of each, with every member there can be -----------------------------------------------------------------------------------

const at = "2026-11-23T12:00:00.000Z"
const actor = { userId: "ada", email: "ada@example.com", displayName: "Ada", role: "clerk", memberId: "member-1" }
const address = {
  company: "Analytical Engines",
  contactName: "Ada Lovelace",
  streetAddress: "1 St James's Square",
  buildingInfo: "second floor",
  locality: "Westminster",
  city: "London",
  adminArea: "Greater London",
  postalCode: "SW1Y 4LE",
  country: "GB"
}
const person = {
  email: "ada@example.com",
  firstName: "Ada",
  lastName: "Lovelace",
  company: "Analytical Engines",
  phone: "+44 20"
}
const personal = {
  customer: { customerId: "customer-1", ...person, customerType: "business" },
  billingAddress: address,
  shippingAddress: address,
  notes: "ring twice",
  customFields: { costCentre: 7 }
}
const special = {
  extensionDetails: {
    originalOrderId: "order-0",
    extensionMonths: 6,
    previousEndDate: "2026-12-01",
    newEndDate: "2027-06-01",
    reason: "likes it"
  },
  upgradeDetails: {
    previousDevice: "Laptop 12",
    previousSerialNumber: "serial-0",
    previousMonthlyAmount: 99.5,
    previousRentalId: "subscription-0",
    upgradeReason: "too slow"
  }
}
const ordered = {
  orderType: "standard",
  currency: "EUR",
  decimals: 2,
  taxAmount: 190,
  payment: { status: "paid", method: "stripe", transactionId: "transaction-1", paidAmount: 500, manuallyMarked: false },
  ...special
}
const line = { sku: "LAPTOP", productName: "The laptop", quantity: 2, unitPrice: 11_900, contractLength: 12 }
const subscription = {
  subscriptionId: "subscription-1",
  line: 0,
  serialNumber: "serial-1",
  startDate: at,
  contractLength: 12,
  billingGroupId: "group-1"
}

const asset = { subscriptionId: "subscription-1", serialNumber: "serial-1" }
const charged = { calculation: "manual_override", monthsRented: 8, monthsLeft: 4 }
const texts = { reason: "moved abroad", damageAssessment: "a scratch", notes: "came back" }
const extension = {
  months: 12,
  oldContractLength: 12,
  newContractLength: 24,
  oldMonthlyAmount: 11_900,
  newMonthlyAmount: 9_900,
  oldEndDate: at,
  newEndDate: at
}
const replacement = { oldSerialNumber: "serial-0", newSerialNumber: "serial-1", reason: "damaged", insuranceClaim: true }

const order = {
  tenantId: "demo",
  orderId: "order-1",
  version: 5,
  status: "cancelled",
  ...ordered,
  ...personal,
  lines: [{ ...line, upgradeOf: "subscription-0", units: { held: 0, active: 0, ended: 1, released: 1 } }],
  subscriptions: [
    {
      ...subscription,
      endDate: at,
      status: "cancelled",
      notes: "with charger",
      createdAt: at,
      createdBy: "ada",
      updatedAt: at,
      ended: { at, by: actor, reason: "other", notes: "came back" }
    },
    {
      ...subscription,
      assetIsRegistered: true,
      startOffsetMinutes: 60,
      originalContractLength: 12,
      contractLength: 24,
      monthlyAmount: 9_900,
      endDate: at,
      status: "ended_early_return",
      createdAt: at,
      createdBy: "ada",
      updatedAt: at,
      extensions: [{ sequence: 3, at, by: actor, ...extension }],
      replacements: [{ sequence: 4, at, by: actor, ...replacement }],
      upgradeFrom: "subscription-0",
      texts: { "3": { reason: "still in use" }, "5": texts },
      ended: {
        at,
        by: actor,
        sequence: 5,
        monthsRented: 8,
        earlyReturn: { amount: 500, calculation: "manual_override", monthsLeft: 4, condition: "fair" },
        buyout: { amount: 500, calculation: "auto_calculated", monthsLeft: 4 },
        upgradedTo: "subscription-2"
      }
    }
  ],
  createdAt: at,
  createdBy: "ada",
  updatedAt: at,
  cancellation: { at, by: actor, reason: "moved abroad" }
}

const correction = {
  customer: { ...person, customerType: "business" },
  billingAddress: address,
  shippingAddress: address
}

const registered = {
  serialNumber: "serial-1",
  sku: "LAPTOP",
  productName: "The laptop",
  status: "rented_out",
  location: "Shelf 3",
  notes: "scratched"
}
const assetOfRegistry = {
  tenantId: "demo",
  ...registered,
  subscriptionId: "subscription-1",
  customerId: "customer-1",
  version: 3,
  createdAt: at,
  createdBy: "ada",
  updatedAt: at
}

const happened = {
  tenantId: "demo",
  orderId: "order-1",
  sequence: 2,
  at,
  actor,
  requestId: "request-1",
  from: "confirmed",
  to: "partial",
  released: [{ line: 0, sku: "LAPTOP", quantity: 1 }]
}

const complete: Readonly<Record<string, readonly [schema: Schema.ConstraintCodec<unknown, unknown>, value: object]>> = {
  order: [Order, order],
  "order.placed": [
    AuditEvent,
    {
      type: "order.placed",
      ...happened,
      details: { customerId: "customer-1", ...ordered, lines: [line] },
      confidential: personal
    }
  ],
  "order.confirmed": [AuditEvent, { type: "order.confirmed", ...happened, details: {}, confidential: {} }],
  "subscription.started": [
    AuditEvent,
    { type: "subscription.started", ...happened, details: subscription, confidential: { notes: "with charger" } }
  ],
  "subscription.ended": [
    AuditEvent,
    {
      type: "subscription.ended",
      ...happened,
      details: { subscriptionId: "subscription-1", status: "cancelled", reason: "other" },
      confidential: { notes: "came back" }
    }
  ],
  "subscription.returned": [
    AuditEvent,
    {
      type: "subscription.returned",
      ...happened,
      details: { ...asset, condition: "fair", fee: 500, decimals: 2, ...charged },
      confidential: texts
    }
  ],
  "subscription.bought_out": [
    AuditEvent,
    {
      type: "subscription.bought_out",
      ...happened,
      details: { ...asset, price: 9_900, decimals: 2, reason: "end_of_contract", ...charged },
      confidential: { notes: "keeps it" }
    }
  ],
  "subscription.completed": [
    AuditEvent,
    {
      type: "subscription.completed",
      ...happened,
      details: { ...asset, monthsRented: 12 },
      confidential: { notes: "came back" }
    }
  ],
  "subscription.extended": [
    AuditEvent,
    {
      type: "subscription.extended",
      ...happened,
      details: { ...asset, ...extension, decimals: 2 },
      confidential: { reason: "still in use", notes: "by phone" }
    }
  ],
  "subscription.upgraded": [
    AuditEvent,
    {
      type: "subscription.upgraded",
      ...happened,
      details: {
        subscriptionId: "subscription-1",
        newSubscriptionId: "subscription-2",
        oldSerialNumber: "serial-1",
        newSerialNumber: "serial-2",
        assetIsRegistered: true,
        newLine: { sku: "LAPTOP", productName: "The laptop", unitPrice: 14_900, contractLength: 24 },
        decimals: 2,
        startDate: at,
        billingGroupId: "group-1",
        monthsRented: 3
      },
      confidential: { reason: "too slow", notes: "by phone" }
    }
  ],
  "request to upgrade": [
    UpgradeSubscription,
    {
      rentalId: "subscription-1",
      newSku: "LAPTOP",
      newSerialNumber: "serial-2",
      contractLength: 24,
      newMonthlyAmount: 14_900,
      reason: "too slow",
      notes: "by phone"
    }
  ],
  "subscription.asset_replaced": [
    AuditEvent,
    {
      type: "subscription.asset_replaced",
      ...happened,
      details: { subscriptionId: "subscription-1", ...replacement, assetIsRegistered: true },
      confidential: { damageAssessment: "screen", notes: "by courier" }
    }
  ],
  "order.items_added": [
    AuditEvent,
    { type: "order.items_added", ...happened, details: { decimals: 2, lines: [line] }, confidential: {} }
  ],
  "order.items_released": [
    AuditEvent,
    {
      type: "order.items_released",
      ...happened,
      details: { reasonCode: "duplicate" },
      confidential: { reason: "too many" }
    }
  ],
  "order.corrected": [
    AuditEvent,
    {
      type: "order.corrected",
      ...happened,
      details: { externalReference: "PO-2" },
      confidential: correction
    }
  ],
  "order.payment_recorded": [
    AuditEvent,
    { type: "order.payment_recorded", ...happened, details: { decimals: 2, payment: ordered.payment }, confidential: {} }
  ],
  "order.cancelled": [
    AuditEvent,
    { type: "order.cancelled", ...happened, details: {}, confidential: { reason: "moved abroad" } }
  ],
  "request to place an order": [
    PlaceOrder,
    {
      orderType: "extension",
      customer: { ...person, customerType: "individual" },
      billingAddress: address,
      shippingAddress: address,
      items: [{ sku: "LAPTOP", quantity: 2, contractLength: 12 }],
      customFields: { costCentre: 7 },
      notes: "ring twice",
      ...special
    }
  ],
  "request to cancel an order": [CancelOrder, { reason: "moved abroad" }],
  "request to start a subscription": [
    StartSubscription,
    {
      orderId: "order-1",
      assetSerialNumber: "serial-1",
      customerId: "customer-1",
      sku: "LAPTOP",
      billingGroupId: "group-1",
      startDate: "2026-12-01",
      contractLength: 12,
      notes: "with charger"
    }
  ],
  "request to return early": [
    ReturnSubscription,
    { rentalId: "subscription-1", returnCondition: "good", earlyReturnFee: 500, ...texts }
  ],
  "request to buy out": [
    BuyOutSubscription,
    { rentalId: "subscription-1", reason: "other", buyoutPrice: 9_900, notes: "keeps it" }
  ],
  "request to complete": [CompleteSubscription, { rentalId: "subscription-1", notes: "came back" }],
  "request to extend": [
    ExtendSubscription,
    { rentalId: "subscription-1", extensionMonths: 12, reason: "still in use", newMonthlyAmount: 9_900, notes: "by phone" }
  ],
  "request to replace an asset": [
    ReplaceAsset,
    {
      rentalId: "subscription-1",
      newSerialNumber: "serial-2",
      replacementReason: "correction",
      newSku: "LAPTOP",
      damageAssessment: "none",
      insuranceClaim: false,
      notes: "by courier"
    }
  ],
  "request to end a subscription": [CancelSubscription, { rentalId: "subscription-1", reason: "fraud", notes: "came back" }],
  "request to add lines": [AddItems, { items: [{ sku: "LAPTOP", quantity: 2, contractLength: 12 }] }],
  "request to release units": [ReleaseUnits, { items: [{ line: 0, quantity: 1 }], reason: "too many", reasonCode: "duplicate" }],
  "request to correct an order": [CorrectOrder, { ...correction, externalReference: "PO-2" }],
  "request to record a payment": [RecordPayment, ordered.payment],
  "asset of the registry": [RegisteredAsset, assetOfRegistry],
  "record of an asset": [AssetRecord, { at, by: actor, reason: "repaired", from: "unavailable", asset: assetOfRegistry }],
  "request to register an asset": [RegisterAsset, registered],
  "request to change an asset": [ChangeAsset, { status: "returned", location: "Shelf 4", notes: "clean", reason: "came back" }],
  "request to withdraw an asset": [WithdrawAsset, { reason: "broken" }],
  "request to rewrite notes": [RewriteNotes, { notes: "ring once" }],
  "fault of an input": [InputFault, { path: "items[0].sku", message: "is not in the catalogue", code: "variant_not_found" }]
}

// --- the tests ---------------------------------------------------------------------------------------------------------------------

type Path = ReadonlyArray<string>

/** Everything in a value that is no object itself. What is in `customFields` is the caller's own. */
const leavesOf = (value: unknown, path: Path = []): ReadonlyArray<Path> =>
  typeof value === "object" && value !== null && path.at(-1) !== "customFields"
    ? Object.entries(value).flatMap(([key, member]) => leavesOf(member, [...path, key]))
    : [path]

/** The value with something else at the end of the path. */
const replaceAt = (value: unknown, [key, ...rest]: Path, leaf: unknown): unknown => {
  if (key === undefined) return leaf
  const members = Object.entries(value as object).map(([name, member]) => [
    name,
    name === key ? replaceAt(member, rest, leaf) : member
  ])
  return Array.isArray(value) ? members.map(([, member]) => member as unknown) : Object.fromEntries(members)
}

describe.each(Object.entries(complete))("a whole %s", (_, [schema, value]) => {
  it("is read with all its members", () => {
    expect(Schema.decodeUnknownSync(schema)(value)).toStrictEqual(value)
  })

  it("is refused when any one of them is not what it should be", () => {
    const fits = Schema.is(schema)
    const unchecked = leavesOf(value).filter((path) => fits(replaceAt(value, path, () => "a function")))
    expect(unchecked).toEqual([])
  })
})

describe("the words for", () => {
  it.each<readonly [string, ReadonlyArray<string>, ReadonlyArray<string>]>([
    ["where an order stands", LibraryStatus.literals, ["pending", "confirmed", "partial", "fulfilled", "cancelled"]],
    ["what an order is for", OrderType.literals, ["standard", "extension", "upgrade"]],
    ["who orders", CustomerType.literals, ["individual", "business"]],
    [
      "how a subscription stands",
      SubscriptionStatus.literals,
      ["active", "cancelled", "ended_completed", "ended_buyout", "ended_upgrade", "ended_early_return"]
    ],
    [
      "why a subscription is cancelled",
      SubscriptionCancelReason.literals,
      ["customer_request", "payment_failure", "fraud", "admin_decision", "other"]
    ],
    ["what became of a payment", Payment.fields.status.schema.literals, ["pending", "paid", "failed"]],
    ["how it was paid", Payment.fields.method.schema.literals, ["stripe", "manual"]]
  ])("%s are those of the specification", (_, words, specified) => {
    expect(words).toEqual(specified)
  })
})

/** The first sentence that a schema says of a value it refuses; null when it takes the value. */
const complaint = (schema: Schema.ConstraintDecoder<unknown>, value: unknown): string | null => {
  const result = reader(schema)(value)
  return Result.isSuccess(result) ? null : (result.failure.details[0]?.message ?? "")
}

describe("the limits of", () => {
  it.each<readonly [string, Schema.ConstraintDecoder<unknown>, ReadonlyArray<unknown>, ReadonlyArray<unknown>]>([
    ["a contract, in months", ContractLength, [1, 120], [0, 121, 1.5]],
    ["the quantity of a line", Quantity, [1, 10_000], [0, 10_001, 1.5]],
    ["an amount of money", MinorUnits, [0, 100_000_000_000], [-1, 100_000_000_001, 0.5]],
    ["an extension, in months", ExtensionDetails.fields.extensionMonths, [1, 1_000], [0, -1, 1.5]],
    ["units in one place", Units.fields.held, [0, 10_000], [-1, 0.5]],
    ["a text that may not be empty", NonEmptyText, ["x", " "], [""]],
    ["the notes of an order", RewriteNotes.fields.notes, ["", "\u{1F600}".repeat(5_000)], ["x".repeat(5_001)]],
    [
      "an email address",
      Email,
      ["a@b", `${"a".repeat(252)}@b`, "\u{1F600}@example.com"],
      ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@b c", " a@b", "a@b ", `${"a".repeat(253)}@b`]
    ],
    ["a currency", Currency, ["EUR"], ["", "EU", "EURO", "eur", "1EUR", "EUR\n"]],
    [
      "a moment",
      Timestamp,
      ["2026-11-23T12:00:00.000Z"],
      [
        "x2026-11-23T12:00:00.000Z",
        "2026-11-23T12:00:00.000Zx",
        "2026-11-23T12:00:00Z",
        "2026-11-23",
        "202-11-23T12:00:00.000Z",
        "2026-1-23T12:00:00.000Z",
        "2026-11-3T12:00:00.000Z",
        "2026-11-23T2:00:00.000Z",
        "2026-11-23T12:0:00.000Z",
        "2026-11-23T12:00:0.000Z",
        "2026-11-23T12:00:00.00Z",
        "yyyy-11-23T12:00:00.000Z",
        "2026-mm-23T12:00:00.000Z",
        "2026-11-ddT12:00:00.000Z",
        "2026-11-23Thh:00:00.000Z",
        "2026-11-23T12:mm:00.000Z",
        "2026-11-23T12:00:ss.000Z",
        "2026-11-23T12:00:00.sssZ"
      ]
    ],
    ["the id of a request", RequestId, ["A.b_c:d-9", "x".repeat(128)], ["", "x".repeat(129), "a b", " a", "a ", "\u00e9"]]
  ])("%s are kept", (_, schema, accepted, refused) => {
    expect(accepted.map((value) => complaint(schema, value))).toEqual(accepted.map(() => null))
    expect(refused.filter((value) => complaint(schema, value) === null)).toEqual([])
  })
})

describe("what is refused is told why, as with", () => {
  it.each<readonly [string, Schema.ConstraintDecoder<unknown>, unknown, string]>([
    ["a lone surrogate", Text, "\ud800", "must be well-formed Unicode"],
    ["U+0000", Text, "\u0000", "must not contain U+0000"],
    ["a line end in an id", OrderId, "a\n", "must not contain control characters"],
    ["an address without an @", Email, "ada", "must be an email address"],
    ["a currency in small letters", Currency, "eur", "must be a currency code of three upper-case letters"],
    ["a day as a moment", Timestamp, "2026-11-23", "must be an ISO 8601 UTC time with milliseconds"],
    ["a word as a date", DateInput, "tomorrow", "must be an ISO 8601 date or date-time"],
    ["the id of a request with a blank", RequestId, "a b", "must be 1 to 128 characters of A-Z a-z 0-9 . _ : -"],
    ["JSON with a lone surrogate", JsonObject, { a: "\ud800" }, "must be well-formed Unicode"],
    ["JSON with U+0000", JsonObject, { a: "\u0000" }, "must not contain U+0000"],
    [
      "too many units",
      PlaceOrder.fields.items,
      [1, 2].map(() => ({ sku: "LAPTOP", quantity: 5_001 })),
      "must not ask for more than 10000 units in all"
    ]
  ])("%s", (_, schema, value, message) => {
    expect(complaint(schema, value)).toBe(message)
  })
})

describe("free-form JSON", () => {
  it("may end at its last level in any plain value", () => {
    const nested = (depth: number, leaf: unknown): unknown => (depth === 0 ? leaf : { a: nested(depth - 1, leaf) })
    for (const leaf of [true, false, null, 0, "", []]) {
      expect(jsonFault(nested(maxJsonDepth - (Array.isArray(leaf) ? 1 : 0), leaf)), JSON.stringify(leaf)).toBeUndefined()
    }
  })
})

describe("a command", () => {
  it("says in a sentence what it does", () => {
    for (const { description } of Object.values(definitions)) expect(description).toMatch(/^[A-Z].+\.$/)
  })
})

describe("an audit event", () => {
  const described = (schema: Schema.Constraint) => Schema.resolveAnnotations(schema)?.description

  it("says what it records", () => {
    const said = libraryEvents.map((member) => [member.fields.type.schema.literal, described(member)])
    expect(Object.fromEntries(said)).toEqual({
      "order.placed": "An order was placed: what was ordered, for whom and at which prices. Its units are reserved from now on.",
      "order.confirmed": "The order was approved. Subscriptions can be started from it.",
      "order.items_added": "Lines were added to the order. Their units are reserved from now on.",
      "order.corrected": "What was written down wrongly was corrected. Null: it was taken away.",
      "order.payment_recorded": "It was recorded how the order's payment stands.",
      "order.items_released": "Held units were given back, and the order goes on without them.",
      "subscription.started": "One unit of one line went out, under a serial number.",
      "subscription.ended": "A subscription ended. The order keeps its status.",
      "subscription.returned":
        "A subscription ended early: its asset came back before the contract was over. The order keeps its status.",
      "subscription.bought_out": "A subscription ended with its asset sold to the customer. The order keeps its status.",
      "subscription.completed": "A subscription ended with its contract, and its asset came back. The order keeps its status.",
      "subscription.extended": "The contract of a subscription got longer.",
      "subscription.asset_replaced": "A subscription got another asset.",
      "subscription.upgraded":
        "A subscription ended, and another one took its place, with another product on a line of its own. The order keeps its status.",
      "order.cancelled": "The order was cancelled, and every unit that it still held was released."
    })
  })

  it("says of every member that all events have what it is", () => {
    const { type: _, details: __, confidential: ___, ...common } = libraryEvents[0].fields
    expect(Object.fromEntries(Object.entries(common).map(([name, schema]) => [name, described(schema)]))).toEqual({
      tenantId: "The tenant whose order it is",
      orderId: "The order that it happened to",
      sequence: "Its place in the order's history, from 1 on: the order's version after it",
      at: "When it happened; never before the event before it",
      actor: "Who gave the command",
      requestId: "The request that the command came in under",
      from: "The order's status before; null for the first event",
      to: "The order's status after it",
      released: "Units that were given back, by line",
      process: "The embedding service's own process under which it happened; absent when there was none"
    })
  })
})
