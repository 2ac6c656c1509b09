/** An asset of the registry: one physical device, by its serial number, and where it stands. */
import * as Schema from "effect/Schema"
import { Actor, CustomerId, SerialNumber, Sku, SubscriptionId, TenantId } from "../order/Order.ts"
import { NonEmptyText, textUpTo } from "../order/Text.ts"
import { Timestamp } from "../order/Timestamp.ts"

/**
 * Where an asset stands: free to be rented, with a customer, back and not looked at yet, bought by a customer, or out of use. How it moves between
 * them is said in `assetMachine.ts` only. Source: flexportal-facts.md, section 6.
 */
export const AssetStatus = Schema.Literals(["available", "rented_out", "returned", "sold", "unavailable"])
export type AssetStatus = typeof AssetStatus.Type

/** The longest texts of an asset, in Unicode code points. */
export const maxLocationLength = 1_000
export const maxAssetNotesLength = 5_000
export const maxAssetReasonLength = 1_000

export const ProductName = NonEmptyText.check(Schema.isMaxCodePoints(1_000))

/**
 * An asset. `version` grows by one with every change of it, by hand or by a command on an order. While it is with a customer, `subscriptionId`
 * and `customerId` say for which subscription, and whose; a subscription that was cancelled since is still the one for which it is out.
 */
export const RegisteredAsset = Schema.Struct({
  tenantId: TenantId,
  serialNumber: SerialNumber,
  sku: Sku,
  productName: ProductName,
  status: AssetStatus,
  location: Schema.optionalKey(textUpTo(maxLocationLength)),
  notes: Schema.optionalKey(textUpTo(maxAssetNotesLength)),
  subscriptionId: Schema.optionalKey(SubscriptionId),
  customerId: Schema.optionalKey(CustomerId),
  version: Schema.Int,
  createdAt: Timestamp,
  createdBy: Schema.String,
  updatedAt: Timestamp
})
export type RegisteredAsset = typeof RegisteredAsset.Type

/** What was changed by hand: by whom, when, why, from which status, and the asset as it was then. `from` is null where it was registered. */
export const AssetRecord = Schema.Struct({
  at: Timestamp,
  by: Actor,
  reason: Schema.optionalKey(textUpTo(maxAssetReasonLength)),
  from: Schema.NullOr(AssetStatus),
  asset: RegisteredAsset
})
export type AssetRecord = typeof AssetRecord.Type
