/** A small shop to try the services in: what it sells, who calls, and the lifecycle over any store. */
import { randomUUID } from "node:crypto"
import * as Layer from "effect/Layer"
import { Assets } from "../lifecycle/Assets.ts"
import type { Caller } from "../lifecycle/Caller.ts"
import { Catalogue } from "../lifecycle/Catalogue.ts"
import { OrderLifecycle } from "../lifecycle/OrderLifecycle.ts"
import type { OrderStore } from "../lifecycle/OrderStore.ts"
import { Currency } from "../order/Money.ts"
import { Sku, TenantId } from "../order/Order.ts"
import type { PlaceOrder } from "../order/commands/place.ts"
import type { Variant } from "../order/commands/priceLines.ts"

/** A product of the shop. */
export const laptop = Sku.make("LAPTOP")
/** Another product of the shop. */
export const monitor = Sku.make("MONITOR")
export const retired = Sku.make("RETIRED")

const variant = (sku: Sku, monthlyPrice: number, isActive = true): Variant => ({
  sku,
  productName: `The ${sku.toLowerCase()}`,
  isActive,
  currency: Currency.make("EUR"),
  pricing: [
    { contractLength: 24, monthlyPrice },
    { contractLength: 12, monthlyPrice: monthlyPrice + 3_000 }
  ]
})

/** What the shop sells, and what it has ceased to sell. */
export const variants: ReadonlyArray<Variant> = [variant(laptop, 8_900), variant(monitor, 1_900), variant(retired, 100, false)]

/** The lifecycle and its services over a store, with the shop's catalogue and no registry of assets. */
export const shopOver = <E, R, More = never>(
  store: Layer.Layer<OrderStore | More, E, R>,
  options?: Parameters<typeof OrderLifecycle.layer>[0]
) =>
  OrderLifecycle.layer(options).pipe(
    Layer.provideMerge(store),
    Layer.provide([Catalogue.layerStatic(variants), Assets.layerUnregistered])
  )

/** A caller of a tenant that nobody has used before, so that any number of tests can share a store. */
export const newCaller = (): Caller => ({
  tenantId: TenantId.make(`tenant-${randomUUID()}`),
  actor: { userId: "ada", displayName: "Ada" }
})

/** A request for so many units of each SKU, one line each. */
export const requestFor = (...items: ReadonlyArray<readonly [sku: Sku, quantity: number]>): PlaceOrder => ({
  customer: { email: "grace@example.com", firstName: "Grace", lastName: "Hopper" },
  billingAddress: { contactName: "Grace Hopper", streetAddress: "Quay 1", city: "Rotterdam", country: "NL" },
  items: items.map(([sku, quantity]) => ({ sku, quantity }))
})
