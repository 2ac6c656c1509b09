/** Orders to begin with, each as far as its name says. */
import { SerialNumber, Sku, SubscriptionId } from "../../../src/order/Order.ts"
import { type Asked, type Journey, startWith } from "./journey.ts"

const bike = Sku.make("EBIKE-CITY-500")

const start = (serial: string): Asked => ({
  type: "startSubscription",
  sku: bike,
  serialNumber: SerialNumber.make(serial),
  asset: "free",
  customer: "of the order"
})
const end = (subscriptionId: string): Asked => ({
  type: "cancelSubscription",
  subscriptionId: SubscriptionId.make(subscriptionId),
  reason: "customer_request"
})
const confirm: Asked = { type: "confirm" }

const twoBikes = (...asked: ReadonlyArray<Asked>): Journey => ({
  ...startWith("noActiveSubscriptions", [{ sku: bike, quantity: 2 }]),
  asked
})

export const examples = {
  "Two e-bikes, just placed": twoBikes(),
  "One of two rented": twoBikes(confirm, start("BIKE-1")),
  "Cancel refused, one still rented": twoBikes(confirm, start("BIKE-1"), { type: "cancel", reason: "Changed their mind" }),
  "Both rented": twoBikes(confirm, start("BIKE-1"), start("BIKE-2")),
  "Cancelled after the last subscription ended": twoBikes(confirm, start("BIKE-1"), end("sub_3"), {
    type: "cancel",
    reason: "Changed their mind"
  })
} as const satisfies Record<string, Journey>
