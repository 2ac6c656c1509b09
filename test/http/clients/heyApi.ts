/** The story, told with the client that @hey-api/openapi-ts makes. */
import { createClient } from "./.generated/heyApi/client/index.ts"
import {
  cancelOrder,
  cancelSubscription,
  confirmOrder,
  createOrder,
  type CreateOrderError,
  createSubscription,
  getOrder,
  listOrders
} from "./.generated/heyApi/index.ts"
import { billingAddress, customer, items, type Telling } from "./story.ts"

/** What can be tried again has a code that says so. */
const isRetryable = ({ error: { code } }: CreateOrderError): boolean => {
  // @ts-expect-error -- placing an order never answers that
  if (code === "ALREADY_ENDED") throw new Error("the types know better")
  return code === "UNAVAILABLE" || code === "RATE_LIMITED"
}

export const tellTheStory = async ({ baseUrl, wait }: Telling): Promise<ReadonlyArray<string>> => {
  const told: Array<string> = []
  const client = createClient({ baseUrl, auth: () => "ada-key" })
  const headers = { "Tenant-ID": "demo" }

  const place = () =>
    createOrder({ client, headers: { ...headers, "Idempotency-Key": "placing" }, body: { customer, billingAddress, items } })
  let placed = await place()
  while (placed.error !== undefined && isRetryable(placed.error)) {
    told.push(`place ${placed.response?.status} ${placed.error.error.code}`)
    await wait(Number(placed.response?.headers.get("retry-after")))
    placed = await place()
  }
  if (placed.data === undefined) throw new Error(placed.error.error.message)
  const { orderId, order } = placed.data
  told.push(`place ${placed.response.status} ${order.status}`)

  const listed = await listOrders({ client, headers, query: { limit: 1, status: ["pending", "confirmed"] } })
  told.push(`list ${listed.data?.count}`)

  const path = { orderId }
  const confirmed = await confirmOrder({ client, headers, path })
  told.push(`confirm ${confirmed.response?.status}`)
  const started = await createSubscription({
    client,
    headers,
    body: { orderId, assetSerialNumber: "HEY-1", customerId: order.customer.customerId }
  })
  if (started.data === undefined) throw new Error(started.error.error.message)
  const { rentalId, rental } = started.data
  told.push(`start ${started.response.status} ${rental.status}`)

  const cancel = (reason: string, key?: string) =>
    cancelOrder({
      client,
      headers: { ...headers, ...(key !== undefined && { "Idempotency-Key": key }) },
      path,
      body: { reason }
    })
  const refused = await cancel("too early")
  told.push(`cancel ${refused.response?.status} ${refused.error?.error.code}`)
  const ended = await cancelSubscription({
    client,
    headers,
    path: { subscriptionId: rentalId },
    body: { rentalId, reason: "customer_request" }
  })
  told.push(`end ${ended.response?.status} ${ended.data?.previousStatus}`)

  const [first, again] = [await cancel("moved", "leaving"), await cancel("moved", "leaving")]
  if (first.data?.message !== again.data?.message) throw new Error("a replay says something else")
  told.push(`cancel ${first.response?.status}`, `cancel again ${again.response?.status}`)
  const other = await cancel("another reason", "leaving")
  told.push(`cancel otherwise ${other.response?.status} ${other.error?.error.code}`)
  const missing = await getOrder({ client, headers, path: { orderId: "unknown" } })
  told.push(`get ${missing.response?.status} ${missing.error?.error.code}`)
  return told
}
