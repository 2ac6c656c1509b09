/** Where an asset of the registry and the subscriptions on its serial number do not agree. */
import { isActive, type Subscription, type SubscriptionStatus } from "../order/Order.ts"
import { isOut } from "./assetTable.ts"
import type { RegisteredAsset } from "./RegisteredAsset.ts"

/** What of a subscription it depends on. */
export type SubscriptionOnAsset = Pick<Subscription, "subscriptionId" | "status" | "assetIsRegistered">

/**
 * What is wrong, in a sentence, or null. `active`: the subscription that is active on the serial number; `bound`: the one that the asset says it is
 * out for.
 */
export const disagreementOf = (
  asset: RegisteredAsset,
  active: SubscriptionOnAsset | null,
  bound: SubscriptionOnAsset | null
): string | null => {
  const { status, serialNumber, subscriptionId } = asset
  if (active !== null) {
    if (!isOut(status)) return `asset ${serialNumber} is ${status}, and subscription ${active.subscriptionId} is active on it`
    return active.subscriptionId === subscriptionId
      ? null
      : `asset ${serialNumber} is out for ${subscriptionId ?? "no subscription"}, and subscription ${active.subscriptionId} is active on it`
  }
  if (!isOut(status) || leavesItOut(bound)) return null
  return `asset ${serialNumber} is ${status}, and no subscription has it`
}

/** A cancel leaves an asset with the customer until its return is recorded, and so does the end of a subscription that did not know of the registry. */
const leavesItOut = (bound: SubscriptionOnAsset | null): boolean =>
  bound !== null && !isActive(bound) && (leavingItOut.has(bound.status) || bound.assetIsRegistered !== true)

const leavingItOut: ReadonlySet<SubscriptionStatus> = new Set(["cancelled"])
