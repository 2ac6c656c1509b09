/** The commands of the lifecycle, as a client of the service gives them. */
import { bike, type Exchange, type Shop } from "./shop.ts"

/** The body of a request for an order of two bikes, or of something else. */
export const orderOf = (...items: ReadonlyArray<object>) => ({
  customer: { email: "grace@example.com", firstName: "Grace", lastName: "Hopper" },
  billingAddress: { contactName: "Grace Hopper", streetAddress: "Quay 1", city: "Rotterdam", country: "NL" },
  items: items.length > 0 ? items : [{ sku: bike, quantity: 2 }]
})

/** A member of an answer, that must be a text. */
const textIn = ({ body }: Exchange, name: string): string => {
  const value = typeof body === "object" && body !== null ? (body as Readonly<Record<string, unknown>>)[name] : undefined
  if (typeof value !== "string") throw new Error(`no ${name} in ${JSON.stringify(body)}`)
  return value
}

/** An order of this shop, and the commands on it. */
export const steps = ({ call }: Shop) => {
  const place = (...items: ReadonlyArray<object>) => call("createOrder", "POST", "/v1/orders", orderOf(...items))
  const onOrder = (operation: string, path: string) => (orderId: string, body?: unknown) =>
    call(operation, "POST", `/v1/orders/${orderId}/${path}`, body)
  const confirm = onOrder("confirmOrder", "confirm")
  const cancel = onOrder("cancelOrder", "cancel")
  const release = onOrder("releaseOrderItems", "release")
  const pay = onOrder("recordOrderPayment", "payment")
  const addItems = (orderId: string, ...items: ReadonlyArray<object>) =>
    call("addOrderItems", "POST", `/v1/orders/${orderId}/items`, { items })
  const correct = (orderId: string, body: object) => call("correctOrder", "PATCH", `/v1/orders/${orderId}`, body)
  const start = (orderId: string, assetSerialNumber: string, customerId: string, more: object = {}) =>
    call("createSubscription", "POST", "/v1/subscriptions", { orderId, assetSerialNumber, customerId, ...more })
  const end = (rentalId: string, more: object = {}) =>
    call("cancelSubscription", "POST", `/v1/subscriptions/${rentalId}/cancel`, {
      rentalId,
      reason: "customer_request",
      ...more
    })
  const onRental =
    (operation: string, path: string, given: object) =>
    (rentalId: string, more: object = {}) =>
      call(operation, "POST", `/v1/subscriptions/${rentalId}/${path}`, { rentalId, ...given, ...more })
  const returnEarly = onRental("returnSubscription", "early-return", { returnCondition: "good", reason: "moved abroad" })
  const buyOut = onRental("buyOutSubscription", "buyout", { reason: "customer_request" })
  const complete = onRental("completeSubscription", "complete", {})
  const extend = onRental("extendSubscription", "extend", { extensionMonths: 12, reason: "still in use" })
  const replace = onRental("replaceAsset", "replace", { newSerialNumber: "BIKE-0002", replacementReason: "defective" })
  const upgrade = onRental("upgradeSubscription", "upgrade", {
    newSku: bike,
    newSerialNumber: "BIKE-0002",
    contractLength: 24,
    newMonthlyAmount: 75,
    reason: "wants a better one"
  })
  const calculate = (what: "early-return-fee" | "buyout", rentalId: string) =>
    call(what === "buyout" ? "calculateBuyout" : "calculateEarlyReturnFee", "POST", `/v1/subscriptions/calculate-${what}`, {
      rentalId
    })

  /** An order that was placed, with its customer. */
  const placed = async (...items: ReadonlyArray<object>) => orderIn(await place(...items))
  const confirmed = async (...items: ReadonlyArray<object>) => {
    const order = await placed(...items)
    await confirm(order.orderId)
    return order
  }
  /** An order with one bike out. */
  const rented = async () => {
    const order = await confirmed()
    return { ...order, rentalId: rentalIn(await start(order.orderId, "BIKE-0001", order.customerId)) }
  }
  const register = (serialNumber: string, more: object = {}) =>
    call("createAsset", "POST", "/v1/assets", {
      serialNumber,
      sku: bike,
      productName: "City e-bike",
      status: "available",
      ...more
    })
  const change = (serialNumber: string, body: object) => call("updateAsset", "PATCH", `/v1/assets/${serialNumber}`, body)
  const withdraw = (serialNumber: string) => call("deleteAsset", "DELETE", `/v1/assets/${serialNumber}`)
  const onOrders = { place, confirm, cancel, release, pay, addItems, correct }
  const onRentals = { start, end, returnEarly, buyOut, complete, extend, replace, upgrade, calculate }
  const onAssets = { register, change, withdraw }
  return { ...onOrders, ...onRentals, ...onAssets, placed, confirmed, rented, orderIn, rentalIn }
}

const orderIn = (exchange: Exchange) => {
  const { order } = exchange.body as { readonly order: { readonly customer: { readonly customerId: string } } }
  return { orderId: textIn(exchange, "orderId"), customerId: order.customer.customerId }
}

const rentalIn = (exchange: Exchange) => textIn(exchange, "rentalId")
