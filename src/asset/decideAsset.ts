/**
 * The decision on a change of an asset by hand: what is there, what is asked and what the surroundings know in; the asset afterwards with its
 * record, or a refusal, out. Pure.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { NewSku, VariantInactive, VariantNotFound } from "../order/commands/priceLines.ts"
import { NewSerialNumber } from "../order/commands/onAsset.ts"
import type { Actor, CustomerId, SubscriptionId, TenantId } from "../order/Order.ts"
import { textUpTo } from "../order/Text.ts"
import { latest, type Timestamp } from "../order/Timestamp.ts"
import { markOf } from "./assetMachine.ts"
import { answerOfAsset, isOut } from "./assetTable.ts"
import { AssetExists, AssetInUse, AssetNotRegistered, InvalidAssetStatus } from "./refusals.ts"
import {
  type AssetRecord,
  AssetStatus,
  maxAssetNotesLength,
  maxAssetReasonLength,
  maxLocationLength,
  ProductName,
  type RegisteredAsset
} from "./RegisteredAsset.ts"

const texts = {
  location: Schema.optionalKey(textUpTo(maxLocationLength)),
  notes: Schema.optionalKey(textUpTo(maxAssetNotesLength))
}
const reason = { reason: Schema.optionalKey(textUpTo(maxAssetReasonLength)) }

/** Register an asset: it is `rented_out` exactly when a subscription is active on it, and any other status will do when none is. */
export const RegisterAsset = Schema.Struct({
  serialNumber: NewSerialNumber,
  sku: NewSku,
  productName: ProductName,
  status: AssetStatus,
  ...texts
})
export type RegisterAsset = typeof RegisterAsset.Type

/** Change an asset by hand: at least one of status, location and notes. The reason is recorded. What is left out stays as it is. */
export const ChangeAsset = Schema.Struct({ status: Schema.optionalKey(AssetStatus), ...texts, ...reason }).check(
  Schema.makeFilter<{ readonly status?: unknown; readonly location?: unknown; readonly notes?: unknown }>(
    ({ status, location, notes }) =>
      status !== undefined || location !== undefined || notes !== undefined || "must name a status, a location or notes"
  )
)
export type ChangeAsset = typeof ChangeAsset.Type

/** Take an asset out of use: it becomes `unavailable`. */
export const WithdrawAsset = Schema.Struct(reason)
export type WithdrawAsset = typeof WithdrawAsset.Type

/** The subscription that is active on an asset, and whose it is. */
export interface AssetUse {
  readonly subscriptionId: SubscriptionId
  readonly customerId: CustomerId
}

/** Who changes an asset, and when. */
export interface AssetOccasion {
  readonly at: Timestamp
  readonly actor: Actor
}

/** One change of an asset by hand. `before` is null when it is registered. */
export interface AssetChange {
  readonly before: RegisteredAsset | null
  readonly after: RegisteredAsset
  readonly record: AssetRecord
  /** True on an answer that is given again under its idempotency key; absent otherwise. `before` is null then. */
  readonly replayed?: true
}

/** What is known of a serial number that is to be registered. `variant`: how the catalogue has the SKU. */
export interface RegisteringFacts {
  readonly tenantId: TenantId
  readonly asset: RegisteredAsset | null
  readonly use: AssetUse | null
  readonly variant: "unknown" | "inactive" | "active"
}

type RegisteringRefusal = AssetExists | VariantNotFound | VariantInactive | InvalidAssetStatus
type ChangingRefusal = AssetNotRegistered | AssetInUse | InvalidAssetStatus

/** Decide on registering an asset. */
export const decideRegistering = (
  request: RegisterAsset,
  { tenantId, asset, use, variant }: RegisteringFacts,
  { at, actor }: AssetOccasion
): Result.Result<AssetChange, RegisteringRefusal> => {
  const { serialNumber, sku, status } = request
  if (asset !== null) return Result.fail(new AssetExists({ serialNumber }))
  const fault = (message: string) => ({ skus: [sku], details: [{ path: "sku", message, code: "invalid_value" }] }) as const
  if (variant === "unknown") return Result.fail(new VariantNotFound(fault("is not in the catalogue")))
  if (variant === "inactive") return Result.fail(new VariantInactive(fault("is not offered at present")))
  if (isOut(status) !== (use !== null)) return Result.fail(new InvalidAssetStatus({ serialNumber, to: status }))
  const after: RegisteredAsset = {
    tenantId,
    ...request,
    ...use,
    version: 1,
    createdAt: at,
    createdBy: actor.userId,
    updatedAt: at
  }
  return Result.succeed({ before: null, after, record: { at, by: actor, from: null, asset: after } })
}

/** Decide on changing an asset by hand. */
export const decideChanging = (
  request: ChangeAsset & Pick<RegisteredAsset, "serialNumber">,
  { asset, use }: Pick<RegisteringFacts, "asset" | "use">,
  { at, actor }: AssetOccasion
): Result.Result<AssetChange, ChangingRefusal> => {
  const { serialNumber, status, reason, ...others } = request
  if (asset === null) return Result.fail(new AssetNotRegistered({ serialNumber }))
  const moved = status === undefined ? undefined : answerOfAsset(asset.status, { type: markOf[status], isInUse: use !== null })
  if (moved?.refusal !== undefined && status !== undefined) {
    return Result.fail(
      moved.refusal === "ASSET_IN_USE" && use !== null
        ? new AssetInUse({ serialNumber, subscriptionId: use.subscriptionId })
        : new InvalidAssetStatus({ serialNumber, from: asset.status, to: status })
    )
  }
  const to = moved?.to ?? asset.status
  const { subscriptionId, customerId, ...free } = asset
  const bound = isOut(to) && subscriptionId !== undefined && customerId !== undefined ? { subscriptionId, customerId } : {}
  const time = latest(at, asset.updatedAt)
  const after: RegisteredAsset = { ...free, ...bound, ...others, status: to, version: asset.version + 1, updatedAt: time }
  const record = { at: time, by: actor, ...(reason !== undefined && { reason }), from: asset.status, asset: after }
  return Result.succeed({ before: asset, after, record })
}
