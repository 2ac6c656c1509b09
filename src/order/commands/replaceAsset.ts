import * as Schema from "effect/Schema"
import { wrongMember } from "../commonRefusals.ts"
import { type Order, Replacement, ReplacementReason, SerialNumber, Sku, Subscription, SubscriptionId } from "../Order.ts"
import { orderEvent } from "../orderEvent.ts"
import { Text, textUpTo } from "../Text.ts"
import { defineCommand, type RentingFacts } from "./defineCommand.ts"
import {
  assetFacts,
  AssetNotAvailable,
  AssetNotFound,
  type AssetStanding,
  assetStandingOf,
  assetTaken,
  NewSerialNumber,
  SkuMismatch
} from "./onAsset.ts"
import {
  activeFacts,
  activeRefusals,
  maxTextLength,
  sampleRental,
  type Standing,
  standingOf,
  subscriptionFor,
  subscriptionIn,
  SubscriptionNotActive,
  withSubscription
} from "./onSubscription.ts"

/**
 * Give a subscription another asset of the same SKU; its terms stay. `correction` is for a serial number that was written down wrongly: the asset
 * that has it was never gone.
 */
export const ReplaceAsset = Schema.Struct({
  rentalId: SubscriptionId,
  newSerialNumber: NewSerialNumber,
  replacementReason: ReplacementReason,
  newSku: Schema.optionalKey(Sku),
  damageAssessment: Schema.optionalKey(textUpTo(maxTextLength)),
  insuranceClaim: Schema.optionalKey(Schema.Boolean),
  notes: Schema.optionalKey(textUpTo(maxTextLength))
})
export type ReplaceAsset = typeof ReplaceAsset.Type

const { oldSerialNumber, newSerialNumber, reason, insuranceClaim } = Replacement.fields

export const AssetReplaced = orderEvent("subscription.asset_replaced", "A subscription got another asset.", {
  details: Schema.Struct({
    subscriptionId: SubscriptionId,
    oldSerialNumber,
    newSerialNumber,
    assetIsRegistered: Subscription.fields.assetIsRegistered,
    reason,
    insuranceClaim
  }),
  confidential: Schema.Struct({ damageAssessment: Schema.optionalKey(Text), notes: Schema.optionalKey(Text) })
})

/** What the machine is asked. */
export interface Question {
  readonly type: "replaceAsset"
  readonly subscription: Standing
  /** The new serial number is not the one that the subscription has. */
  readonly isOther: boolean
  readonly asset: AssetStanding
  /** The SKU of the asset, and the one that the caller names, are that of the line, as far as they are known. */
  readonly skuFits: boolean
}

type Command = Pick<RentingFacts, "asset"> & Pick<ReplaceAsset, "rentalId" | "newSerialNumber" | "newSku">

const otherSku = (order: Order, { rentalId, asset, newSku }: Command): Sku | undefined => {
  const line = order.lines[subscriptionIn(order, rentalId)?.line ?? -1]
  return line && [asset.sku, newSku].find((sku) => sku !== undefined && sku !== line.sku)
}

const questionOf = (order: Order, command: Command): Question => {
  const subscription = subscriptionIn(order, command.rentalId)
  const { asset, newSerialNumber } = command
  return {
    type: "replaceAsset",
    subscription: standingOf(subscription),
    isOther: subscription?.serialNumber !== newSerialNumber,
    asset: assetStandingOf(asset),
    skuFits: otherSku(order, command) === undefined
  }
}

/** Source: whole-life.md, section 4. */
export const replaceAsset = defineCommand({
  name: "replaceAsset",
  description: "Gives a subscription another asset of the same SKU. Its terms stay as they are.",
  request: ReplaceAsset,
  target: "rentalId",
  rents: "newSerialNumber",
  event: AssetReplaced,
  errors: [SubscriptionNotActive, AssetNotFound, SkuMismatch, AssetNotAvailable]
})({
  question: questionOf,
  commandOf: (_, { details, confidential }) => ({
    type: "replaceAsset",
    rentalId: details.subscriptionId,
    newSerialNumber: details.newSerialNumber,
    replacementReason: details.reason,
    ...(details.insuranceClaim && { insuranceClaim: true }),
    ...confidential,
    subscriptionId: details.subscriptionId,
    asset: assetTaken(details.assetIsRegistered)
  }),
  facts: {
    ...activeFacts,
    assetIsOther: ({ isOther }) => isOther,
    assetIsKnown: assetFacts.assetIsKnown,
    assetFitsTheLine: ({ skuFits }) => skuFits,
    assetIsFree: assetFacts.assetIsFree
  },
  refusals: {
    ...activeRefusals,
    VALIDATION_ERROR: () => wrongMember("newSerialNumber", "must be another than the one that the subscription has"),
    ASSET_NOT_FOUND: ({ command }) => new AssetNotFound({ serialNumber: command.newSerialNumber }),
    SKU_MISMATCH: ({ order, command }) => {
      const sku =
        otherSku(order, command) ?? command.asset.sku ?? order.lines[subscriptionIn(order, command.rentalId)?.line ?? 0]?.sku
      return sku && new SkuMismatch({ serialNumber: command.newSerialNumber, sku })
    },
    ASSET_NOT_AVAILABLE: ({ command }) => new AssetNotAvailable({ serialNumber: command.newSerialNumber })
  },
  record: (order, { rentalId, newSerialNumber, replacementReason, asset, damageAssessment, insuranceClaim, notes }) => ({
    details: {
      subscriptionId: rentalId,
      oldSerialNumber: subscriptionFor(order, rentalId).serialNumber,
      newSerialNumber,
      ...(asset.isRegistered && { assetIsRegistered: asset.isRegistered }),
      reason: replacementReason,
      insuranceClaim: insuranceClaim ?? false
    },
    confidential: {
      ...(damageAssessment !== undefined && { damageAssessment }),
      ...(notes !== undefined && { notes })
    }
  }),
  evolve: (order, event) => {
    const { sequence, at, actor: by } = event
    const { subscriptionId, assetIsRegistered, ...replacement } = event.details
    const was = subscriptionFor(order, subscriptionId)
    const { assetIsRegistered: _, ...kept } = was
    return withSubscription(order, event, was, {
      ...kept,
      serialNumber: replacement.newSerialNumber,
      ...(assetIsRegistered && { assetIsRegistered }),
      replacements: [...(was.replacements ?? []), { sequence, at, by, ...replacement }]
    })
  },
  assetMoves: (_, { details: { subscriptionId, oldSerialNumber, newSerialNumber, reason } }) => [
    // What was only written down wrongly was never rented.
    { serialNumber: oldSerialNumber, event: reason === "correction" ? "makeAvailable" : "withdraw", subscriptionId },
    { serialNumber: newSerialNumber, event: "rent", subscriptionId }
  ],
  sample: (order) => ({
    type: "replaceAsset",
    rentalId: sampleRental(order),
    newSerialNumber: SerialNumber.make("another serial"),
    replacementReason: "defective",
    subscriptionId: SubscriptionId.make("subscription"),
    asset: { isKnown: true, isRented: false }
  })
})
