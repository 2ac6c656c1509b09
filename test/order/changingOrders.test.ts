/** What is added to an order, released from it or corrected in it, to the letter: limits, prices, and what a refusal names. */
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { AddItems } from "../../src/order/commands/addItems.ts"
import { CorrectOrder } from "../../src/order/commands/correct.ts"
import { definitions } from "../../src/order/commands/definitions.ts"
import type { OrderCommand } from "../../src/order/commands/index.ts"
import { place } from "../../src/order/commands/place.ts"
import { maxDevices, maxLines, type Variant } from "../../src/order/commands/priceLines.ts"
import { RecordPayment } from "../../src/order/commands/recordPayment.ts"
import { ReleaseUnits } from "../../src/order/commands/release.ts"
import { decide } from "../../src/order/decide.ts"
import { lifecycles } from "../../src/order/lifecycleTable.ts"
import { Currency } from "../../src/order/Money.ts"
import { CustomerId, type Order, OrderId, SerialNumber, Sku, SubscriptionId, TenantId } from "../../src/order/Order.ts"
import { RequestId } from "../../src/order/orderEvent.ts"
import { reader } from "../../src/order/readInput.ts"
import { Timestamp } from "../../src/order/Timestamp.ts"

const lifecycle = lifecycles.noActiveSubscriptions
const [bike, desk] = [Sku.make("BIKE"), Sku.make("DESK")]
const at = Timestamp.make("2026-11-28T12:00:00.000Z")
const occasion = { at, actor: { userId: "ada" }, requestId: RequestId.make("request-1") }

const variantOf = (sku: Sku, more: Partial<Variant> = {}): readonly [Sku, Variant] => [
  sku,
  {
    sku,
    productName: `The ${sku}`,
    isActive: true,
    currency: Currency.make("EUR"),
    pricing: [{ contractLength: 12, monthlyPrice: 99_00 }],
    ...more
  }
]
const catalogue = new Map([variantOf(bike), variantOf(desk)])
const one = (sku: Sku, quantity = 1) => ({ sku, quantity })

const placed = (...items: ReadonlyArray<{ readonly sku: Sku; readonly quantity: number }>): Order => {
  const facts = {
    tenantId: TenantId.make("demo"),
    orderId: OrderId.make("order-1"),
    customerId: CustomerId.make("ada"),
    variants: catalogue
  }
  const request = {
    customer: { email: "ada@example.com", firstName: "Ada", lastName: "Lovelace", company: "Analytical Engines" },
    billingAddress: { contactName: "Ada", streetAddress: "1 Square", city: "London", country: "GB" },
    externalReference: "PO-1",
    items
  }
  return Result.getOrThrow(place(lifecycle, request, facts, occasion)).after
}

const given = (order: Order, command: OrderCommand) => Result.getOrThrow(decide(lifecycle, order, command, occasion))
const refused = (order: Order, command: OrderCommand) =>
  Result.getOrThrow(Result.flip(decide(lifecycle, order, command, occasion)))
const adding = (items: AddItems["items"], variants: ReadonlyMap<Sku, Variant> = catalogue): OrderCommand => ({
  type: "addItems",
  items,
  variants
})

const starting = (sku: Sku): OrderCommand => ({
  type: "startSubscription",
  subscriptionId: SubscriptionId.make("sub-1"),
  assetSerialNumber: SerialNumber.make("A"),
  customerId: CustomerId.make("ada"),
  sku,
  asset: { isKnown: true, isRented: false }
})

describe("lines that are added", () => {
  it("are priced by the catalogue of now, and held", () => {
    const { after } = given(placed(one(bike)), adding([one(desk, 3)]))
    expect(after.lines.map(({ sku, unitPrice, units: { held } }) => [sku, unitPrice, held])).toEqual([
      [bike, 99_00, 1],
      [desk, 99_00, 3]
    ])
  })

  it("have the decimals of the order, whatever the catalogue has now", () => {
    const priceAt = (decimals: number, monthlyPrice: number) => {
      const variants = new Map([variantOf(desk, { pricing: [{ contractLength: 12, monthlyPrice }] })])
      return [{ ...placed(one(bike)), decimals }, adding([one(desk)], variants)] as const
    }
    expect(given(...priceAt(4, 99_00)).after.lines[1]?.unitPrice).toBe(99_00_00)
    expect(given(...priceAt(0, 99_00)).after.lines[1]?.unitPrice).toBe(99)
    expect(refused(...priceAt(0, 99_50))).toMatchObject({
      code: "VALIDATION_ERROR",
      details: [{ path: "items[0].sku", message: "has a price of more than 0 decimals", code: "invalid_amount" }]
    })
  })

  it("have the currency of the order", () => {
    const variants = new Map([variantOf(desk, { currency: Currency.make("SEK") })])
    expect(refused(placed(one(bike)), adding([one(desk)], variants))).toMatchObject({
      code: "VALIDATION_ERROR",
      details: [{ path: "items", message: "must be priced in EUR, as the order is", code: "mixed_currencies" }]
    })
  })

  it("leave the order within its limits", () => {
    const lines = (count: number) => Array.from({ length: count }, () => one(bike))
    expect(given(placed(...lines(maxLines - 2)), adding(lines(2))).after.lines).toHaveLength(maxLines)
    expect(refused(placed(...lines(maxLines - 2)), adding(lines(3)))).toMatchObject({
      code: "VALIDATION_ERROR",
      details: [{ path: "items", message: `must leave the order with at most ${maxLines} lines`, code: "too_long" }]
    })
    expect(given(placed(one(bike, maxDevices - 2)), adding([one(desk), one(desk)])).after.lines).toHaveLength(3)
    expect(refused(placed(one(bike, maxDevices - 2)), adding([one(desk, 2), one(desk)]))).toMatchObject({
      code: "VALIDATION_ERROR",
      details: [{ path: "items", message: `must leave the order with at most ${maxDevices} units`, code: "too_many" }]
    })
  })

  it("are refused for the reason that the catalogue gives", () => {
    const codeWith = (more: Partial<Variant> | null) =>
      refused(placed(one(bike)), adding([one(desk)], new Map(more === null ? [] : [variantOf(desk, more)]))).code
    expect(codeWith(null)).toBe("VARIANT_NOT_FOUND")
    expect(codeWith({ isActive: false })).toBe("VARIANT_INACTIVE")
    const asked = adding([{ ...one(desk), contractLength: 24 }])
    expect(refused(placed(one(bike)), asked).code).toBe("INVALID_CONTRACT_LENGTH")
  })

  it("are asked about by their SKUs", () => {
    expect(definitions.addItems.prices?.({ items: [one(desk), one(bike), one(desk)] })).toEqual([desk, bike, desk])
  })
})

describe("a release", () => {
  const order = placed(one(bike, 2), one(desk, 3))

  it("gives back what is named, by line, and says why", () => {
    const items = [
      { line: 1, quantity: 1 },
      { line: 0, quantity: 2 }
    ]
    const { event, after } = given(order, { type: "release", items, reason: "too many", reasonCode: "duplicate" })
    expect(event).toMatchObject({
      released: [
        { line: 0, sku: bike, quantity: 2 },
        { line: 1, sku: desk, quantity: 1 }
      ],
      details: { reasonCode: "duplicate" },
      confidential: { reason: "too many" }
    })
    expect(after.lines.map(({ units: { held, released } }) => [held, released])).toEqual([
      [0, 2],
      [2, 1]
    ])
    const { details, confidential } = given(order, { type: "release", items }).event
    expect({ details, confidential }).toStrictEqual({ details: {}, confidential: {} })
  })

  it("names each line that holds less, and what it holds", () => {
    const items = [
      { line: 1, quantity: 3 },
      { line: 0, quantity: 3 }
    ]
    expect(refused(order, { type: "release", items })).toMatchObject({
      code: "NOT_HELD",
      lines: [{ line: 0, named: 3, held: 2 }]
    })
  })

  it("names the line that the order does not have", () => {
    const items = [
      { line: 1, quantity: 1 },
      { line: 2, quantity: 1 }
    ]
    expect(refused(order, { type: "release", items })).toMatchObject({
      code: "VALIDATION_ERROR",
      details: [{ path: "items[1].line", message: "must be a line of the order: 0 to 1" }]
    })
  })

  it("of all that is held names the lines that hold something", () => {
    const { after } = given(given(placed(one(bike), one(desk, 2)), { type: "confirm" }).after, starting(bike))
    expect(given(after, { type: "release" }).event.released).toEqual([{ line: 1, sku: desk, quantity: 2 }])
  })

  it("of all that is held would leave nothing, and is a cancel", () => {
    expect(refused(order, { type: "release" }).code).toBe("NOTHING_WOULD_REMAIN")
  })

  it("is shown by the first line that holds something", () => {
    const fewer = given(order, { type: "release", items: [{ line: 0, quantity: 2 }] }).after
    expect(definitions.release.sample(order)).toEqual({ type: "release", items: [{ line: 0, quantity: 1 }] })
    expect(definitions.release.sample(fewer)).toEqual({ type: "release", items: [{ line: 1, quantity: 1 }] })
    const none = {
      ...order,
      lines: order.lines.map((line) => ({ ...line, units: { held: 0, active: 0, ended: 0, released: line.quantity } }))
    }
    expect(definitions.release.sample(none)).toEqual({ type: "release" })
  })
})

describe("a correction", () => {
  it("says what it corrects, and takes away what is null", () => {
    const { event, after } = given(placed(one(bike)), {
      type: "correct",
      customer: { lastName: "Byron", company: null },
      externalReference: null
    })
    expect(event).toMatchObject({
      details: { externalReference: null },
      confidential: { customer: { lastName: "Byron", company: null } }
    })
    expect(after.customer).toEqual({
      customerId: "ada",
      customerType: "individual",
      email: "ada@example.com",
      firstName: "Ada",
      lastName: "Byron"
    })
    expect("externalReference" in after).toBe(false)
  })

  it("that says nothing of the external reference records nothing of it", () => {
    const { event, after } = given(placed(one(bike)), { type: "correct", customer: { firstName: "Augusta" } })
    expect(event.details).toStrictEqual({})
    expect(after.externalReference).toBe("PO-1")
  })
})

/** Why a request is refused, in a sentence; null when it is not. */
const complaint = (schema: Schema.ConstraintDecoder<unknown>, value: unknown): string | null => {
  const read = reader(schema)(value)
  return Result.isFailure(read) ? read.failure.message : null
}

describe("a request", () => {
  it("to correct gives something to correct", () => {
    const message = "must give something to correct: customer, billingAddress, shippingAddress, externalReference"
    for (const nothing of [{}, { customer: {} }]) expect(complaint(CorrectOrder, nothing)).toContain(message)
    for (const something of [
      { customer: { lastName: "B" } },
      { externalReference: null },
      { customer: {}, externalReference: "PO-2" }
    ])
      expect(complaint(CorrectOrder, something)).toBeNull()
  })

  it("to correct takes a person's details as they are taken when the order is placed", () => {
    for (const customer of [
      { email: "ada" },
      { firstName: "" },
      { lastName: null },
      { company: 1 },
      { phone: 1 },
      { customerType: "pet" }
    ])
      expect(complaint(CorrectOrder, { customer })).not.toBeNull()
  })

  it("to release names each line once, and at least one unit of it", () => {
    const line = (line: unknown, quantity: unknown = 1) => ({ line, quantity })
    expect(complaint(ReleaseUnits, { items: [line(0), line(1)] })).toBeNull()
    expect(complaint(ReleaseUnits, { items: [line(0), line(1), line(1)] })).toBe("items[2].line: must not be named twice")
    for (const items of [[], [line(-1)], [line(0.5)], [line(0, 0)], [line(0, 0.5)], [{ line: 0 }], [{ quantity: 1 }]])
      expect(complaint(ReleaseUnits, { items })).not.toBeNull()
    expect(complaint(ReleaseUnits, {})).toBeNull()
    for (const wrong of [{ reason: 1 }, { reason: "x".repeat(1_001) }, { reasonCode: 1 }])
      expect(complaint(ReleaseUnits, wrong)).not.toBeNull()
  })

  it("to add something says what, and to record a payment how it stands", () => {
    for (const wrong of [{}, { items: [] }, { items: [{ sku: "BIKE" }] }, { items: [{ quantity: 1 }] }])
      expect(complaint(AddItems, wrong)).not.toBeNull()
    expect(complaint(AddItems, { items: [one(bike)] })).toBeNull()
    for (const wrong of [{}, { status: "late" }, { status: "paid", paidAmount: -1 }])
      expect(complaint(RecordPayment, wrong)).not.toBeNull()
    expect(complaint(RecordPayment, { status: "paid", paidAmount: 1 })).toBeNull()
  })
})
