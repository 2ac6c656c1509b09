/** The story, told with types made by openapi-typescript and the client openapi-fetch. */
import createClient from "openapi-fetch"
import type { paths } from "./.generated/schema.d.ts"
import { billingAddress, customer, items, type Telling } from "./story.ts"

export const tellTheStory = async ({ baseUrl, wait }: Telling): Promise<ReadonlyArray<string>> => {
  const told: Array<string> = []
  const client = createClient<paths>({ baseUrl, headers: { Authorization: "Bearer ada-key" } })
  const header = { "Tenant-ID": "demo" }

  const place = () =>
    client.POST("/v1/orders", {
      params: { header: { ...header, "Idempotency-Key": "placing" } },
      body: { customer, billingAddress, items }
    })
  let placed = await place()
  // What can be tried again has a code that says so.
  while (placed.error?.error.code === "UNAVAILABLE" || placed.error?.error.code === "RATE_LIMITED") {
    told.push(`place ${placed.response.status} ${placed.error.error.code}`)
    await wait(Number(placed.response.headers.get("retry-after")))
    placed = await place()
  }
  // @ts-expect-error -- placing an order never answers that
  if (placed.error?.error.code === "ALREADY_ENDED") throw new Error("the types know better")
  if (placed.data === undefined) throw new Error(placed.error.error.message)
  const { orderId, order } = placed.data
  told.push(`place ${placed.response.status} ${order.status}`)

  const query = { limit: 1, status: ["pending", "confirmed"] } satisfies paths["/v1/orders"]["get"]["parameters"]["query"]
  const listed = await client.GET("/v1/orders", { params: { header, query } })
  told.push(`list ${listed.data?.count}`)

  const path = { orderId }
  const confirmed = await client.POST("/v1/orders/{orderId}/confirm", { params: { header, path } })
  told.push(`confirm ${confirmed.response.status}`)
  const started = await client.POST("/v1/subscriptions", {
    params: { header },
    body: { orderId, assetSerialNumber: "FETCH-1", customerId: order.customer.customerId }
  })
  if (started.data === undefined) throw new Error(started.error.error.message)
  const { rentalId, rental } = started.data
  told.push(`start ${started.response.status} ${rental.status}`)

  const cancel = (reason: string, key?: string) =>
    client.POST("/v1/orders/{orderId}/cancel", {
      params: { header: { ...header, ...(key !== undefined && { "Idempotency-Key": key }) }, path },
      body: { reason }
    })
  const refused = await cancel("too early")
  told.push(`cancel ${refused.response.status} ${refused.error?.error.code}`)
  const ended = await client.POST("/v1/subscriptions/{subscriptionId}/cancel", {
    params: { header, path: { subscriptionId: rentalId } },
    body: { rentalId, reason: "customer_request" }
  })
  told.push(`end ${ended.response.status} ${ended.data?.previousStatus}`)

  const [first, again] = [await cancel("moved", "leaving"), await cancel("moved", "leaving")]
  if (first.data?.message !== again.data?.message) throw new Error("a replay says something else")
  told.push(`cancel ${first.response.status}`, `cancel again ${again.response.status}`)
  const other = await cancel("another reason", "leaving")
  told.push(`cancel otherwise ${other.response.status} ${other.error?.error.code}`)
  const missing = await client.GET("/v1/orders/{orderId}", { params: { header, path: { orderId: "unknown" } } })
  told.push(`get ${missing.response.status} ${missing.error?.error.code}`)
  return told
}
