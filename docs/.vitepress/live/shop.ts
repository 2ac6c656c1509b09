/** Where the page's order is placed: the demo shop of the service, its first customer, and a clock that moves a minute a step. */
import { demoCatalogue } from "../../../src/http/demoCatalogue.ts"
import { RequestId } from "../../../src/order/orderEvent.ts"
import type { Occasion } from "../../../src/order/Transition.ts"
import { Currency, decimalsForNewAmounts, toMinor } from "../../../src/order/Money.ts"
import { CustomerId, OrderId, Sku, TenantId } from "../../../src/order/Order.ts"
import type { PlacingFacts } from "../../../src/order/commands/place.ts"
import type { Variant } from "../../../src/order/commands/priceLines.ts"
import { fromMillis } from "../../../src/order/Timestamp.ts"

const variants = demoCatalogue.map(({ sku, productName, status, currency, pricing }): Variant => {
  const money = Currency.make(currency)
  return {
    sku: Sku.make(sku),
    productName,
    isActive: status === "active",
    currency: money,
    pricing: pricing.map(({ contractLength, monthlyPrice }) => ({
      contractLength,
      monthlyPrice: toMinor(monthlyPrice, decimalsForNewAmounts(money)) ?? 0
    }))
  }
})

/** What can be ordered, and one product that is no longer offered. */
export const products = variants.map(({ sku, productName, isActive }) => ({ sku, productName, isActive }))

export const customerId = CustomerId.make("cust_grace")

export const placingFacts: PlacingFacts = {
  tenantId: TenantId.make("demo"),
  orderId: OrderId.make("ord_live"),
  customerId,
  variants: new Map(variants.map((variant) => [variant.sku, variant]))
}

/** A request for these items by the page's customer: not checked yet. */
export const requestFor = (items: ReadonlyArray<{ readonly sku: string; readonly quantity: number }>) => ({
  customer: { email: "grace@example.com", firstName: "Grace", lastName: "Hopper" },
  billingAddress: { contactName: "Grace Hopper", streetAddress: "Quay 1", city: "Rotterdam", country: "NL" },
  items
})

const opening = Date.UTC(2026, 0, 5, 9)

/** The time, the person and the request of a step. The clock is the page's own, so that a link shows the same hashes to everybody. */
export const occasionOf = (step: number): Occasion => ({
  at: fromMillis(opening + step * 60_000),
  actor: { userId: "ada", displayName: "Ada" },
  requestId: RequestId.make(`step-${step}`)
})
