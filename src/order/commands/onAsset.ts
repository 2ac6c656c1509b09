/** What commands that rent out an asset have in common: how they name it, what they ask of it, and how they are refused. */
import * as Schema from "effect/Schema"
import { mayBeReplayed } from "../commonRefusals.ts"
import { SerialNumber, Sku } from "../Order.ts"
import { asNewIdentifier } from "../Text.ts"
import type { RentingFacts } from "./defineCommand.ts"

/** A serial number that comes in as new. */
export const NewSerialNumber = SerialNumber.check(asNewIdentifier<SerialNumber>())

/**
 * What is known of an asset: `unknown` to the registry, `rented` under an active subscription of this tenant or not available by the registry's
 * word, or `free`.
 */
export type AssetStanding = "unknown" | "rented" | "free"

export const assetStandingOf = ({ isKnown, isRented }: RentingFacts["asset"]): AssetStanding =>
  !isKnown ? "unknown" : isRented ? "rented" : "free"

/** The asset that an event has taken, as it was asked about. */
export const assetTaken = (isRegistered: true | undefined): RentingFacts["asset"] => ({
  isKnown: true,
  isRented: false,
  ...(isRegistered && { isRegistered })
})

export interface AboutAsset {
  readonly asset: AssetStanding
}

/** The facts that all of them ask for. Others come in between: the order of the refusals is each command's own. */
export const assetFacts = {
  assetIsKnown: ({ asset }: AboutAsset) => asset !== "unknown",
  assetIsFree: ({ asset }: AboutAsset) => asset !== "rented"
}

/** What helps where another serial number was written down than that of the asset that went out. */
export const whereMistaken =
  "where a subscription was started with a wrong serial number, replace its asset with the reason `correction`."

export class AssetNotFound extends Schema.TaggedError<AssetNotFound>()("AssetNotFound", {
  ...mayBeReplayed,
  serialNumber: SerialNumber
}) {
  static readonly when = "The registry of assets does not know the serial number."
  readonly code = "ASSET_NOT_FOUND"
  readonly remedy = "Verify the serial number, or register the asset."
  override get message() {
    return `No asset has the serial number ${this.serialNumber}.`
  }
}

export class SkuMismatch extends Schema.TaggedError<SkuMismatch>()("SkuMismatch", {
  ...mayBeReplayed,
  serialNumber: SerialNumber,
  sku: Sku
}) {
  static readonly when =
    "The asset is of another SKU than the line, or the new product, that it is for; or the request names another."
  readonly code = "SKU_MISMATCH"
  readonly remedy = "Use an asset of the SKU that it is for; to give a customer another product, upgrade the subscription."
  override get message() {
    return `Asset ${this.serialNumber} is a ${this.sku}, which does not fit a line that it could be for.`
  }
}

export class AssetNotAvailable extends Schema.TaggedError<AssetNotAvailable>()("AssetNotAvailable", {
  ...mayBeReplayed,
  serialNumber: SerialNumber
}) {
  static readonly when = "The asset is under an active subscription, or the registry of assets says that it is not available."
  readonly code = "ASSET_NOT_AVAILABLE"
  readonly remedy = `Use another asset, or end the subscription that has this one; set one that is back to \`available\` in the registry; ${whereMistaken}`
  override get message() {
    return `Asset ${this.serialNumber} is not available.`
  }
}
