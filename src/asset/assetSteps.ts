/** What a transition of an order does to assets of the registry. */
import { definitionByKind } from "../order/commands/definitions.ts"
import type { CustomerId, SerialNumber, SubscriptionId } from "../order/Order.ts"
import type { Timestamp } from "../order/Timestamp.ts"
import type { Transition } from "../order/Transition.ts"
import type { AssetMove } from "./AssetMove.ts"
import { isOut, stepOf } from "./assetTable.ts"
import type { AssetStatus } from "./RegisteredAsset.ts"

/** One asset that goes from one status to another. Where it goes to a customer, it says for which subscription, and whose. */
export interface AssetStep {
  readonly serialNumber: SerialNumber
  readonly from: AssetStatus
  readonly to: AssetStatus
  readonly at: Timestamp
  readonly use?: { readonly subscriptionId: SubscriptionId; readonly customerId: CustomerId }
}

/**
 * The steps of a transition, by serial number. A subscription remembers whether its asset was registered when it got it: an asset that was not is
 * not moved. This is the one place where that is asked.
 */
export const assetStepsOf = (transition: Transition): ReadonlyArray<AssetStep> => {
  const { before, event, after, replayed } = transition
  if (before === null || replayed) return []
  const moves = definitionByKind.get(event.type)?.assetMoves?.(before, event) ?? []
  return moves
    .filter((move) => isRegistered(transition, move))
    .map(({ serialNumber, event: type, subscriptionId }): AssetStep => {
      const { from, to } = stepOf(type)
      const use = isOut(to) ? { use: { subscriptionId, customerId: after.customer.customerId } } : {}
      return { serialNumber, from, to, at: event.at, ...use }
    })
    .toSorted((a, b) => (a.serialNumber < b.serialNumber ? -1 : 1))
}

/** An asset that goes out is looked at as its subscription is from now on; one that comes back, as its subscription was. */
const isRegistered = ({ before, after }: Transition, { event, subscriptionId }: AssetMove): boolean => {
  const order = isOut(stepOf(event).to) ? after : before
  return order?.subscriptions.find((each) => each.subscriptionId === subscriptionId)?.assetIsRegistered === true
}
