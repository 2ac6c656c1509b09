import { memoryStore, openOrders, OrderNotCancellable } from "order-lifecycle/promise"

const caller = { tenantId: "demo", actor: { userId: "ada" } }
const customer = { email: "grace@example.com", firstName: "Grace", lastName: "Hopper" }
const billingAddress = { contactName: "Grace Hopper", streetAddress: "Quay 1", city: "Rotterdam", country: "NL" }

export const program = async (): Promise<string> => {
  const orders = await openOrders({
    store: memoryStore(),
    catalogue: [
      {
        sku: "EBIKE-CITY-500",
        productName: "City e-bike",
        isActive: true,
        currency: "EUR",
        pricing: [{ contractLength: 12, monthlyPrice: 99_00 }]
      }
    ]
  })
  try {
    const { after: order } = await orders.place(caller, {
      customer,
      billingAddress,
      items: [{ sku: "EBIKE-CITY-500", quantity: 2 }]
    })
    const { orderId, customer: known } = order
    await orders.confirm(caller, orderId)
    const { customerId } = known
    const started = await orders.startSubscription(caller, { orderId, customerId, assetSerialNumber: "SN-1" })
    await orders.cancel(caller, orderId).catch(async (error: unknown) => {
      if (!(error instanceof OrderNotCancellable)) throw error
      for (const rentalId of error.subscriptionIds)
        await orders.cancelSubscription(caller, { rentalId, reason: "customer_request" })
    })
    const cancelled = await orders.cancel(caller, orderId, { reason: "moved abroad" })
    return `${started.after.status} -> ${cancelled.after.status}, released ${cancelled.event.released[0]?.quantity}`
  } finally {
    await orders.close()
  }
} // => "partial -> cancelled, released 1"
