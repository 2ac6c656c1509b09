import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Assets, type Caller, Catalogue, Currency, OrderLifecycle, Sku, TenantId } from "order-lifecycle"
import { layer as memory } from "order-lifecycle/memory"

const sku = Sku.make("EBIKE-CITY-500")
const pricing = [{ contractLength: 12, monthlyPrice: 99_00 }]
const catalogue = Catalogue.layerStatic([
  { sku, productName: "City e-bike", isActive: true, currency: Currency.make("EUR"), pricing }
])
const live = OrderLifecycle.layer().pipe(Layer.provide([memory, catalogue, Assets.layerUnregistered]))
const caller: Caller = { tenantId: TenantId.make("demo"), actor: { userId: "ada" } }
const customer = { email: "grace@example.com", firstName: "Grace", lastName: "Hopper" }
const billingAddress = { contactName: "Grace Hopper", streetAddress: "Quay 1", city: "Rotterdam", country: "NL" }

export const program = Effect.gen(function* () {
  const orders = yield* OrderLifecycle
  const placed = yield* orders.place(caller, { customer, billingAddress, items: [{ sku, quantity: 2 }] })
  const cancelled = yield* orders.cancel(caller, placed.after.orderId, { reason: "moved abroad" })
  return `${cancelled.event.from} -> ${cancelled.event.to}, released ${cancelled.event.released[0]?.quantity}`
}).pipe(Effect.provide(live)) // => "pending -> cancelled, released 2"
