/** How a change of an asset by hand can be refused. A refusal changes nothing. Source: flexportal-facts.md, section 6. */
import * as Schema from "effect/Schema"
import { mayBeReplayed } from "../order/commonRefusals.ts"
import { SerialNumber, SubscriptionId } from "../order/Order.ts"
import { AssetStatus } from "./RegisteredAsset.ts"

export class AssetNotRegistered extends Schema.TaggedError<AssetNotRegistered>()("AssetNotRegistered", {
  ...mayBeReplayed,
  serialNumber: SerialNumber
}) {
  static readonly when = "The registry of the tenant has no asset with the serial number. One of another tenant is no different."
  readonly code = "NOT_FOUND"
  readonly remedy = "Verify the serial number, or register the asset."
  override get message() {
    return "Asset not found"
  }
}

export class AssetExists extends Schema.TaggedError<AssetExists>()("AssetExists", {
  ...mayBeReplayed,
  serialNumber: SerialNumber
}) {
  static readonly when = "The registry has an asset with the serial number already."
  readonly code = "ASSET_EXISTS"
  readonly remedy = "Change the asset that is there, or register the device under its own serial number."
  override get message() {
    return `Asset ${this.serialNumber} is registered already.`
  }
}

/** A subscription is active on the asset. `subscriptionId` is that subscription. */
export class AssetInUse extends Schema.TaggedError<AssetInUse>()("AssetInUse", {
  ...mayBeReplayed,
  serialNumber: SerialNumber,
  subscriptionId: SubscriptionId
}) {
  static readonly when = "A subscription is active on the asset, so its status is not changed by hand."
  readonly code = "ASSET_IN_USE"
  readonly remedy = "End the subscription that has the asset, or replace the asset in it."
  override get message() {
    return `Asset ${this.serialNumber} is in use by an active subscription.`
  }
}

/** The asset cannot come to that status by hand. `from` is its status, and absent when it is being registered. */
export class InvalidAssetStatus extends Schema.TaggedError<InvalidAssetStatus>()("InvalidAssetStatus", {
  ...mayBeReplayed,
  serialNumber: SerialNumber,
  from: Schema.optionalKey(AssetStatus),
  to: AssetStatus
}) {
  static readonly when =
    "The asset cannot come to that status by hand. It is `rented_out` and `sold` by subscriptions only, and a sold one stays sold; when it is registered, it is `rented_out` exactly when a subscription is active on it."
  readonly code = "INVALID_STATUS"
  readonly remedy =
    "Choose a status that the asset can come to from where it stands; to rent or sell it, start a subscription or let its customer buy it out."
  override get message() {
    const { from, serialNumber, to } = this
    return from === undefined
      ? `Asset ${serialNumber} cannot be registered as ${to}.`
      : `Asset ${serialNumber} is ${from} and cannot become ${to} by hand.`
  }
}

export const assetRefusals = [AssetNotRegistered, AssetExists, AssetInUse, InvalidAssetStatus] as const
export type AssetRefusal = InstanceType<(typeof assetRefusals)[number]>
