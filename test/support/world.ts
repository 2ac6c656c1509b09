/** A small shop for tests of the services: what it sells, who calls, and the lifecycle over any store. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Assets } from "../../src/lifecycle/Assets.ts"
import type { Caller } from "../../src/lifecycle/Caller.ts"
import { Catalogue } from "../../src/lifecycle/Catalogue.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import type { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { Currency } from "../../src/order/Money.ts"
import { SerialNumber, Sku, TenantId } from "../../src/order/Order.ts"
import type { PlaceOrder } from "../../src/order/OrderCommand.ts"
import type { CancellationPolicy } from "../../src/order/orderMachine.ts"
import type { Variant } from "../../src/order/place.ts"

export const laptop = Sku.make("LAPTOP")
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

/** The lifecycle and its services over a store, with the shop's catalogue and no registry of assets. */
export const shopOver = <E>(store: Layer.Layer<OrderStore, E>, options?: { readonly cancellationPolicy?: CancellationPolicy }) =>
  OrderLifecycle.layer(options).pipe(
    Layer.provideMerge(store),
    Layer.provide([
      Catalogue.layerStatic([variant(laptop, 8_900), variant(monitor, 1_900), variant(retired, 100, false)]),
      Assets.layerUnregistered
    ])
  )

let tenants = 0

/** A caller of a tenant that no other test uses, so that tests can share a database. */
export const newCaller = (): Caller => ({
  tenantId: TenantId.make(`tenant-${process.pid}-${++tenants}`),
  actor: { userId: "ada", displayName: "Ada" }
})

/** A request for so many units of each SKU, one line each. */
export const requestFor = (...items: ReadonlyArray<readonly [sku: Sku, quantity: number]>): PlaceOrder => ({
  customer: { email: "grace@example.com", firstName: "Grace", lastName: "Hopper" },
  billingAddress: { contactName: "Grace Hopper", streetAddress: "Quay 1", city: "Rotterdam", country: "NL" },
  items: items.map(([sku, quantity]) => ({ sku, quantity }))
})

/** An order of so many laptops, confirmed. */
export const confirmedOrder = Effect.fnUntraced(function* (caller: Caller, quantity = 2) {
  const lifecycle = yield* OrderLifecycle
  const { after } = yield* lifecycle.place(caller, requestFor([laptop, quantity]))
  return (yield* lifecycle.confirm(caller, after.orderId)).after
})

let serials = 0

/** A serial number that no other test uses. */
export const newSerial = (): SerialNumber => SerialNumber.make(`SN-${process.pid}-${++serials}`)
