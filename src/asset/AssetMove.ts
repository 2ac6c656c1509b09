import type { SerialNumber, SubscriptionId } from "../order/Order.ts"

/** What happens to an asset by a command on an order, in the words of `assetMachine.ts`. */
export type AssetMoveEvent = "rent" | "return" | "sell" | "withdraw" | "makeAvailable"

/**
 * What a command on an order does to one asset. For `rent` the subscription is the one that has the asset from then on; otherwise the one that
 * had it.
 */
export interface AssetMove {
  readonly serialNumber: SerialNumber
  readonly event: AssetMoveEvent
  readonly subscriptionId: SubscriptionId
}
