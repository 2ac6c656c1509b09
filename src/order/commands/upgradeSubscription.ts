import * as Schema from "effect/Schema"
import { wrongMember } from "../commonRefusals.ts"
import { monthsAfterStart, monthsRented } from "../contract.ts"
import { decimalsForNewAmounts, Decimals, MinorUnits } from "../Money.ts"
import {
  ContractLength,
  type Line,
  type Order,
  OrderedLine,
  SerialNumber,
  type Sku,
  Subscription,
  SubscriptionId
} from "../Order.ts"
import { orderEvent } from "../orderEvent.ts"
import { Text, textUpTo } from "../Text.ts"
import { oneActive } from "../Units.ts"
import { defineCommand, type PricingFacts, type RentingFacts } from "./defineCommand.ts"
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
  withEnded
} from "./onSubscription.ts"
import { InvalidContractLength, NewSku, type Variant, VariantInactive, VariantNotFound } from "./priceLines.ts"

/**
 * Give a customer another product in place of the one that they rent: the subscription ends, and a new one begins, on a line of its own.
 * `newMonthlyAmount` is minor units of the order's currency.
 */
export const UpgradeSubscription = Schema.Struct({
  rentalId: SubscriptionId,
  newSku: NewSku,
  newSerialNumber: NewSerialNumber,
  contractLength: ContractLength,
  newMonthlyAmount: MinorUnits,
  reason: textUpTo(maxTextLength).check(Schema.isMinLength(1)),
  notes: Schema.optionalKey(textUpTo(maxTextLength))
})
export type UpgradeSubscription = typeof UpgradeSubscription.Type

const { quantity: _, ...terms } = OrderedLine.fields

export const SubscriptionUpgraded = orderEvent(
  "subscription.upgraded",
  "A subscription ended, and another one took its place, with another product on a line of its own. The order keeps its status.",
  {
    details: Schema.Struct({
      subscriptionId: SubscriptionId,
      newSubscriptionId: SubscriptionId,
      oldSerialNumber: SerialNumber,
      newSerialNumber: SerialNumber,
      assetIsRegistered: Subscription.fields.assetIsRegistered,
      newLine: Schema.Struct(terms),
      decimals: Decimals,
      startDate: Subscription.fields.startDate,
      billingGroupId: Subscription.fields.billingGroupId,
      monthsRented: Schema.Int
    }),
    confidential: Schema.Struct({ reason: Schema.optionalKey(Text), notes: Schema.optionalKey(Text) })
  }
)

// --- the product -----------------------------------------------------------------------------------------------------------------------

type Command = PricingFacts & Pick<RentingFacts, "asset"> & Pick<UpgradeSubscription, "rentalId" | "newSku" | "contractLength">

type ProductRefusal = VariantNotFound | VariantInactive | InvalidContractLength | ReturnType<typeof wrongMember>

/** What is wrong with the product, if anything: the catalogue has it, offers it, prices it for that length and in the order's currency. */
const productFault = (order: Order, { newSku, contractLength, variants }: Command): ProductRefusal | undefined => {
  const variant = variants.get(newSku)
  const about = (path: string, message: string, code: string) => ({
    skus: [newSku] as const,
    details: [{ path, message, code }] as const
  })
  if (variant === undefined) return new VariantNotFound(about("newSku", "is not in the catalogue", "variant_not_found"))
  if (!variant.isActive) return new VariantInactive(about("newSku", "is not offered at present", "variant_inactive"))
  const lengths = variant.pricing.map((price) => price.contractLength).toSorted((a, b) => a - b)
  if (!lengths.includes(contractLength)) {
    const message = `must be one of: ${lengths.join(", ") || "none"}`
    return new InvalidContractLength(about("contractLength", message, "invalid_contract_length"))
  }
  if (variant.currency === order.currency && decimalsForNewAmounts(variant.currency) <= order.decimals) return undefined
  return wrongMember("newSku", `must be priced in ${order.currency}, as the order is`)
}

// --- the command -----------------------------------------------------------------------------------------------------------------------

/** What the machine is asked. */
export interface Question {
  readonly type: "upgradeSubscription"
  readonly subscription: Standing
  /** The code that the product is refused with; null where the order can have it. */
  readonly fault: ProductRefusal["code"] | null
  readonly asset: AssetStanding
  /** The asset is the product, as far as that is known. */
  readonly skuFits: boolean
}

const questionOf = (order: Order, command: Command): Question => {
  const { asset, newSku } = command
  return {
    type: "upgradeSubscription",
    subscription: standingOf(subscriptionIn(order, command.rentalId)),
    fault: productFault(order, command)?.code ?? null,
    asset: assetStandingOf(asset),
    skuFits: asset.sku === undefined || asset.sku === newSku
  }
}

const lacks = (code: ProductRefusal["code"]) => (question: Question) => question.fault !== code

const refusalOf = <Code extends ProductRefusal["code"]>(code: Code) => {
  const isOf = (refusal: ProductRefusal): refusal is Extract<ProductRefusal, { readonly code: Code }> => refusal.code === code
  return ({ order, command }: { readonly order: Order; readonly command: Command }) => {
    const fault = productFault(order, command)
    return fault !== undefined && isOf(fault) ? fault : undefined
  }
}

/** A line as the catalogue would have it. */
const variantOf = ({ sku, productName, contractLength, unitPrice }: Line, { currency }: Order): Variant => ({
  sku,
  productName,
  isActive: true,
  currency,
  pricing: [{ contractLength, monthlyPrice: unitPrice }]
})

/** Source: whole-life.md, section 4. */
export const upgradeSubscription = defineCommand({
  name: "upgradeSubscription",
  description: "Ends a subscription and starts another one in its place, with another product on a line of its own.",
  request: UpgradeSubscription,
  target: "rentalId",
  rents: "newSerialNumber",
  prices: ({ newSku }: UpgradeSubscription): ReadonlyArray<Sku> => [newSku],
  event: SubscriptionUpgraded,
  errors: [
    SubscriptionNotActive,
    VariantNotFound,
    VariantInactive,
    InvalidContractLength,
    AssetNotFound,
    SkuMismatch,
    AssetNotAvailable
  ]
})({
  question: questionOf,
  commandOf: (_, { details, confidential }) => ({
    type: "upgradeSubscription",
    rentalId: details.subscriptionId,
    newSku: details.newLine.sku,
    newSerialNumber: details.newSerialNumber,
    contractLength: details.newLine.contractLength,
    newMonthlyAmount: details.newLine.unitPrice,
    // The command gave one; what was erased is not known any more.
    reason: "",
    ...confidential,
    subscriptionId: details.newSubscriptionId,
    asset: assetTaken(details.assetIsRegistered),
    variants: new Map()
  }),
  // The catalogue had what is in the event.
  questionOfEvent: (order, { details }): Question => ({
    type: "upgradeSubscription",
    subscription: standingOf(subscriptionIn(order, details.subscriptionId)),
    fault: null,
    asset: subscriptionIn(order, details.newSubscriptionId) === undefined ? "free" : "rented",
    skuFits: true
  }),
  facts: {
    ...activeFacts,
    productExists: lacks("VARIANT_NOT_FOUND"),
    productIsActive: lacks("VARIANT_INACTIVE"),
    productIsPriced: lacks("INVALID_CONTRACT_LENGTH"),
    productFitsTheOrder: lacks("VALIDATION_ERROR"),
    assetIsKnown: assetFacts.assetIsKnown,
    assetIsTheProduct: ({ skuFits }) => skuFits,
    assetIsFree: assetFacts.assetIsFree
  },
  refusals: {
    ...activeRefusals,
    VARIANT_NOT_FOUND: refusalOf("VARIANT_NOT_FOUND"),
    VARIANT_INACTIVE: refusalOf("VARIANT_INACTIVE"),
    INVALID_CONTRACT_LENGTH: refusalOf("INVALID_CONTRACT_LENGTH"),
    VALIDATION_ERROR: refusalOf("VALIDATION_ERROR"),
    ASSET_NOT_FOUND: ({ command }) => new AssetNotFound({ serialNumber: command.newSerialNumber }),
    SKU_MISMATCH: ({ command: { newSerialNumber: serialNumber, asset, newSku } }) =>
      new SkuMismatch({ serialNumber, sku: asset.sku ?? newSku }),
    ASSET_NOT_AVAILABLE: ({ command }) => new AssetNotAvailable({ serialNumber: command.newSerialNumber })
  },
  record: (order, command, at) => {
    const { rentalId, newSku: sku, newSerialNumber, contractLength, newMonthlyAmount, reason, notes } = command
    const { subscriptionId: newSubscriptionId, asset, variants } = command
    const old = subscriptionFor(order, rentalId)
    const { productName } = variants.get(sku) as Variant
    return {
      details: {
        subscriptionId: rentalId,
        newSubscriptionId,
        oldSerialNumber: old.serialNumber,
        newSerialNumber,
        ...(asset.isRegistered && { assetIsRegistered: asset.isRegistered }),
        newLine: { sku, productName, unitPrice: newMonthlyAmount, contractLength },
        decimals: order.decimals,
        startDate: at,
        ...(old.billingGroupId !== undefined && { billingGroupId: old.billingGroupId }),
        monthsRented: monthsRented(old, at)
      },
      confidential: { reason, ...(notes !== undefined && { notes }) }
    }
  },
  evolve: (order, event) => {
    const { at, actor, details } = event
    const {
      subscriptionId: old,
      newSubscriptionId: subscriptionId,
      newLine,
      startDate,
      assetIsRegistered,
      billingGroupId
    } = details
    const { monthsRented, newSerialNumber: serialNumber } = details
    const ended = withEnded(order, event, old, "ended_upgrade", { monthsRented, upgradedTo: subscriptionId })
    const { contractLength } = newLine
    const started: Subscription = {
      subscriptionId,
      line: order.lines.length,
      serialNumber,
      ...(assetIsRegistered && { assetIsRegistered }),
      status: "active",
      startDate,
      contractLength,
      endDate: monthsAfterStart({ startDate }, contractLength),
      ...(billingGroupId !== undefined && { billingGroupId }),
      upgradeFrom: old,
      createdAt: at,
      createdBy: actor.userId,
      updatedAt: at
    }
    return {
      ...ended,
      lines: [...ended.lines, { ...newLine, quantity: 1, upgradeOf: old, units: oneActive }],
      subscriptions: [...ended.subscriptions, started]
    }
  },
  assetMoves: (_, { details: { subscriptionId, newSubscriptionId, oldSerialNumber, newSerialNumber } }) => [
    { serialNumber: oldSerialNumber, event: "return", subscriptionId },
    { serialNumber: newSerialNumber, event: "rent", subscriptionId: newSubscriptionId }
  ],
  sample: (order) => {
    const [line] = order.lines as readonly [Line, ...ReadonlyArray<Line>]
    return {
      type: "upgradeSubscription",
      rentalId: sampleRental(order),
      newSku: line.sku,
      newSerialNumber: SerialNumber.make("another serial"),
      contractLength: line.contractLength,
      newMonthlyAmount: line.unitPrice,
      reason: "wants a better one",
      subscriptionId: SubscriptionId.make("another subscription"),
      asset: { isKnown: true, isRented: false },
      variants: new Map([[line.sku, variantOf(line, order)]])
    }
  }
})
