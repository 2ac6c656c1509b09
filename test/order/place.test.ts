/** Placing to the letter: what the order keeps of the request, and what is said of items that cannot be ordered. */
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { RequestId } from "../../src/order/orderEvent.ts"
import { lifecycles } from "../../src/order/lifecycleTable.ts"
import { Currency } from "../../src/order/Money.ts"
import { CustomerId, OrderId, Sku, TenantId } from "../../src/order/Order.ts"
import { place, type PlaceOrder, type PlacingFacts } from "../../src/order/commands/place.ts"
import type { Variant } from "../../src/order/commands/priceLines.ts"
import { Timestamp } from "../../src/order/Timestamp.ts"

const occasion = {
  at: Timestamp.make("2026-11-23T12:00:00.000Z"),
  actor: { userId: "ada" },
  requestId: RequestId.make("request-1")
}

const variant = (name: string, more: Partial<Variant> = {}): readonly [Sku, Variant] => {
  const sku = Sku.make(name)
  const pricing = [
    { contractLength: 24, monthlyPrice: 8_900 },
    { contractLength: 12, monthlyPrice: 11_900 }
  ]
  return [sku, { sku, productName: `The ${name}`, isActive: true, currency: Currency.make("EUR"), pricing, ...more }]
}
const facts: PlacingFacts = {
  tenantId: TenantId.make("demo"),
  orderId: OrderId.make("order-1"),
  customerId: CustomerId.make("customer-1"),
  variants: new Map([
    variant("LAPTOP"),
    variant("OLD-PHONE", { isActive: false }),
    variant("OLD-FAX", { isActive: false }),
    variant("YEN-BIKE", { currency: Currency.make("JPY") }),
    variant("PRICELESS", { pricing: [] })
  ])
}
const billingAddress = { contactName: "Ada", streetAddress: "1 Square", city: "London", country: "GB" }
const customer = { email: "ada@example.com", firstName: "Ada", lastName: "Lovelace" }
const items = (...skus: ReadonlyArray<string>): PlaceOrder["items"] => skus.map((sku) => ({ sku: Sku.make(sku), quantity: 1 }))

const placed = (request: Partial<PlaceOrder>, more: Partial<PlacingFacts> = {}) =>
  place(
    lifecycles.noActiveSubscriptions,
    { customer, billingAddress, items: items("LAPTOP"), ...request },
    { ...facts, ...more },
    occasion
  )
const refused = (request: Partial<PlaceOrder>) => {
  const refusal = Result.getOrThrow(Result.flip(placed(request)))
  return { code: refusal.code, skus: "skus" in refusal ? refusal.skus : [], details: refusal.details }
}

describe("a placed order", () => {
  const common = { customerId: "customer-1", currency: "EUR", decimals: 2, taxAmount: 0 }
  const line = { sku: "LAPTOP", productName: "The LAPTOP", quantity: 1, unitPrice: 11_900, contractLength: 12 }

  it("keeps what was given, fills in what has a default, and leaves out the rest", () => {
    const { event } = Result.getOrThrow(placed({}))
    expect(event.details).toStrictEqual({ ...common, orderType: "standard", lines: [line] })
    expect(event.confidential).toStrictEqual({
      customer: { ...customer, customerId: "customer-1", customerType: "individual" },
      billingAddress,
      shippingAddress: billingAddress
    })
  })

  it("keeps all there is to give", () => {
    const shippingAddress = { ...billingAddress, city: "Bath" }
    const details = {
      extensionDetails: {
        originalOrderId: "order-0",
        extensionMonths: 6,
        previousEndDate: "2026-12-01",
        newEndDate: "2027-06-01"
      },
      upgradeDetails: {
        previousDevice: "Laptop 12",
        previousSerialNumber: "serial-0",
        previousMonthlyAmount: 99.5,
        previousRentalId: "subscription-0"
      }
    }
    const more = { company: "Analytical Engines", phone: "+44 20", customerType: "business" } as const
    const texts = { notes: "ring twice", customFields: { costCentre: 7 } }
    const request = { orderType: "upgrade", customer: { ...customer, ...more }, shippingAddress, ...texts, ...details } as const
    const { event } = Result.getOrThrow(placed(request, { payment: { status: "paid" } }))
    expect(event.details).toStrictEqual({
      ...common,
      orderType: "upgrade",
      lines: [line],
      payment: { status: "paid" },
      ...details
    })
    expect(event.confidential).toStrictEqual({
      customer: { ...customer, customerId: "customer-1", ...more },
      billingAddress,
      shippingAddress,
      ...texts
    })
  })

  it("keeps the law of units from the first: a broken quantity is a defect", () => {
    expect(() => placed({ items: [{ sku: Sku.make("LAPTOP"), quantity: 1.5 }] })).toThrow(/line 0: quantity 1.5 is not held/)
  })
})

describe("an item that cannot be ordered", () => {
  it("is named with its place and the reason, and all others with the same fault", () => {
    expect(refused({ items: items("LAPTOP", "OLD-PHONE", "TRACTOR", "OLD-FAX", "OLD-PHONE") })).toEqual({
      code: "VARIANT_INACTIVE",
      skus: ["OLD-PHONE", "OLD-FAX"],
      details: [1, 3, 4].map((index) => ({
        path: `items[${index}].sku`,
        message: "is not offered at present",
        code: "variant_inactive"
      }))
    })
    expect(refused({ items: items("TRACTOR", "OLD-PHONE") })).toEqual({
      code: "VARIANT_NOT_FOUND",
      skus: ["TRACTOR"],
      details: [{ path: "items[0].sku", message: "is not in the catalogue", code: "variant_not_found" }]
    })
  })

  it("for so many months is told which it could be, the shortest first", () => {
    const wrong = { items: [{ sku: Sku.make("LAPTOP"), quantity: 1, contractLength: 13 }] }
    const fault = { path: "items[0].contractLength", code: "invalid_contract_length" }
    expect(refused(wrong)).toEqual({
      code: "INVALID_CONTRACT_LENGTH",
      skus: ["LAPTOP"],
      details: [{ ...fault, message: "must be one of: 12, 24" }]
    })
    expect(refused({ items: items("PRICELESS") }).details).toEqual([{ ...fault, message: "must be one of: none" }])
  })
})

describe("an order in no currency or in several", () => {
  it("is refused", () => {
    expect(refused({ items: items("LAPTOP", "YEN-BIKE") })).toEqual({
      code: "VALIDATION_ERROR",
      skus: [],
      details: [{ path: "items", message: "must all be priced in one currency, not EUR and JPY", code: "mixed_currencies" }]
    })
    expect(refused({ items: [] }).code).toBe("VALIDATION_ERROR")
  })
})
