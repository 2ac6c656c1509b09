/**
 * Prints what the service shows of every order of some tenants, under the Node.js that runs it: how many decimals this Node.js itself gives
 * two currencies, and then the bodies of all pages, a line each. `node showOrders.ts DATABASE_URL TENANT …`
 */
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import { ApiKeys } from "../../src/http/ApiKeys.ts"
import { toWebHandler } from "../../src/http/layer.ts"
import { TenantId } from "../../src/order/Order.ts"
import * as PostgresConnection from "../../src/postgres/PostgresConnection.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { shopOver } from "../../src/testing/shop.ts"

const [url = "", ...tenants] = process.argv.slice(2)

const connection = PostgresConnection.layer({ url: Redacted.make(url), maxConnections: 2 })
const keys = ApiKeys.layerStatic([
  { key: Redacted.make("key"), actor: { userId: "ada" }, tenants: tenants.map((tenant) => TenantId.make(tenant)) }
])
const services = Layer.mergeAll(shopOver(Layer.provide(PostgresOrderStore.layer, connection)), keys, Logger.layer([]))
const { handler, dispose } = toWebHandler(services, {})

const decimalsHere = (currency: string) =>
  new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits
const lines = [JSON.stringify({ HUF: decimalsHere("HUF"), RSD: decimalsHere("RSD") })]
for (const tenant of tenants) {
  for (let cursor: string | null = ""; cursor !== null;) {
    const query = new URLSearchParams({ limit: "100", sortBy: "orderId", ...(cursor !== "" && { startAfter: cursor }) })
    const request = new Request(`http://orders.test/v1/orders?${query.toString()}`, {
      headers: { authorization: "Bearer key", "tenant-id": tenant }
    })
    const response = await handler(request)
    const body = await response.text()
    if (response.status !== 200) throw new Error(`the list is not shown: ${response.status} ${body}`)
    lines.push(body)
    cursor = (JSON.parse(body) as { readonly nextCursor: string | null }).nextCursor
  }
}
process.stdout.write(`${lines.join("\n")}\n`)
await dispose()
