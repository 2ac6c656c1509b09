/** The process at work on each store and over HTTP, as in a project that installed the package. Prints what came of it as JSON. */
import { Assets, Catalogue, TenantId } from "order-lifecycle"
import { ApiKeys, toWebHandler } from "order-lifecycle/http"
import { layer as memory } from "order-lifecycle/memory"
import { memoryStore, openOrders, type OpenOptions } from "order-lifecycle/promise"
import { embeddedStore } from "order-lifecycle/promise/embedded"
import { postgresStore } from "order-lifecycle/promise/postgres"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { layer, ourProcess } from "./ourProcess.ts"

const [url = "", folder = ""] = process.argv.slice(2)
const catalogue = [
  { sku: "BIKE", productName: "Bike", isActive: true, currency: "EUR", pricing: [{ contractLength: 12, monthlyPrice: 99_00 }] }
]
const caller = { tenantId: "demo", actor: { userId: "ada" } }
const request = {
  customer: { email: "grace@example.com", firstName: "Grace", lastName: "Hopper" },
  billingAddress: { contactName: "Grace Hopper", streetAddress: "Quay 1", city: "Rotterdam", country: "NL" },
  items: [{ sku: "BIKE", quantity: 1 }]
}

const story = async (store: OpenOptions["store"]) => {
  const opened = await openOrders({ store, catalogue, process: ourProcess })
  const { after } = await opened.place(caller, request, { data: { channel: "shop" } })
  await opened.confirm(caller, after.orderId)
  const held = await opened.apply(caller, after.orderId, "hold", { why: "The address is unclear" })
  const [due] = await opened.due.waiting("demo", after.orderId)
  const resumed = await opened.apply(caller, after.orderId, "resume")
  await opened.close()
  return [held.after.status, held.after.data?.["channel"], due?.name, resumed.after.status]
}

const overHttp = async () => {
  const keys = ApiKeys.layerStatic([{ key: Redacted.make("key"), actor: { userId: "ada" }, tenants: [TenantId.make("demo")] }])
  const services = layer().pipe(
    Layer.provideMerge(memory),
    Layer.provide([Catalogue.layerStatic([]), Assets.layerUnregistered]),
    Layer.provideMerge(keys)
  )
  const { handler, dispose } = toWebHandler(services)
  const answer = await handler(
    new Request("http://shop.example/v1/orders/ord_0/commands/hold", {
      method: "POST",
      headers: { authorization: "Bearer key", "tenant-id": "demo", "content-type": "application/json" },
      body: JSON.stringify({ why: "" })
    })
  )
  await dispose()
  return [answer.status, ((await answer.json()) as { error: { code: string } }).error.code]
}

const told = {
  memory: await story(memoryStore()),
  embedded: await story(embeddedStore({ folder })),
  postgres: await story(postgresStore({ url })),
  http: await overHttp()
}
process.stdout.write(`${JSON.stringify(told)}\n`)
