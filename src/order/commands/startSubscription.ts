import * as Schema from "effect/Schema"
import { mayBeReplayed, orderAsItIs, wrongMember } from "../commonRefusals.ts"
import { monthsAfterStart } from "../contract.ts"
import {
  ContractLength,
  CustomerId,
  type Line,
  type Order,
  OrderId,
  SerialNumber,
  Sku,
  Subscription,
  SubscriptionId
} from "../Order.ts"
import { nothing, orderEvent } from "../orderEvent.ts"
import { Text } from "../Text.ts"
import { DateInput, fromDateInput, offsetOf, plusMonths, type Timestamp } from "../Timestamp.ts"
import { startUnit, updateLine } from "../Units.ts"
import { defineCommand, type RentingFacts } from "./defineCommand.ts"
import {
  assetFacts,
  AssetNotAvailable,
  AssetNotFound,
  type AssetStanding,
  assetStandingOf,
  assetTaken,
  NewSerialNumber,
  SkuMismatch,
  whereMistaken
} from "./onAsset.ts"

/**
 * Start a subscription for one unit of one line. Without an asset registry `sku` says which line; it may be left out when the order has
 * held units of one SKU only. `contractLength` says which of several lines of that SKU; length and price are the line's. `startDate`
 * defaults to the moment of the command, and is at most 5 years from it; months are counted on the calendar of its offset.
 */
export const StartSubscription = Schema.Struct({
  orderId: OrderId,
  assetSerialNumber: NewSerialNumber,
  customerId: CustomerId,
  sku: Schema.optionalKey(Sku),
  billingGroupId: Schema.optionalKey(Text),
  startDate: Schema.optionalKey(DateInput),
  contractLength: Schema.optionalKey(ContractLength),
  notes: Schema.optionalKey(Text)
})
export type StartSubscription = typeof StartSubscription.Type

export const SubscriptionStarted = orderEvent("subscription.started", "One unit of one line went out, under a serial number.", {
  details: Schema.Struct({
    subscriptionId: SubscriptionId,
    line: Subscription.fields.line,
    serialNumber: Subscription.fields.serialNumber,
    assetIsRegistered: Subscription.fields.assetIsRegistered,
    startDate: Subscription.fields.startDate,
    startOffsetMinutes: Subscription.fields.startOffsetMinutes,
    contractLength: Subscription.fields.contractLength,
    billingGroupId: Subscription.fields.billingGroupId
  }),
  confidential: Schema.Struct({ notes: Schema.optionalKey(Text) })
})

// --- refusals --------------------------------------------------------------------------------------------------------------------------

export class OrderNotConfirmed extends Schema.TaggedError<OrderNotConfirmed>()("OrderNotConfirmed", orderAsItIs) {
  static readonly when = "The order is not confirmed yet, or is cancelled."
  readonly code = "ORDER_NOT_CONFIRMED"
  readonly remedy = "Confirm the order first; where it was cancelled, place a new one."
  override get message() {
    return `A subscription needs a confirmed order; this order is ${this.status}.`
  }
}

export class ItemFullyFulfilled extends Schema.TaggedError<ItemFullyFulfilled>()("ItemFullyFulfilled", {
  ...mayBeReplayed,
  orderId: OrderId,
  sku: Schema.optionalKey(Sku),
  /** Months, where the request names them. */
  contractLength: Schema.optionalKey(ContractLength)
}) {
  static readonly when =
    "No unit of the SKU (of the contract length, where one is named), or of the whole order, is held any more: each has or had a subscription, or was released."
  readonly code = "ITEM_FULLY_FULFILLED"
  readonly remedy = `Place a new order for more; ${whereMistaken}`
  override get message() {
    if (this.sku === undefined) return "No unit of this order is held any more."
    const length = this.contractLength === undefined ? "" : ` for ${this.contractLength} months`
    return `No unit of ${this.sku}${length} in this order is held any more.`
  }
}

// --- which line, and whether the start is near ------------------------------------------------------------------------------------------

type Command = RentingFacts & Omit<StartSubscription, "orderId">

/**
 * The line an asset is for: the first with its SKU, the length that the caller names, if any, and a held unit; failing that, the first
 * without a held unit. Position from 0, or -1.
 */
const lineFor = (order: Order, sku: Sku | undefined, contractLength: number | undefined): number => {
  const fits = (line: Line) => line.sku === sku && (contractLength === undefined || line.contractLength === contractLength)
  const held = order.lines.findIndex((line) => fits(line) && line.units.held > 0)
  return held >= 0 ? held : order.lines.findIndex(fits)
}

/** The SKU that is meant: the asset's own, or the one the caller names, or the only one with held units left, or none that could be told. */
const skuMeant = (order: Order, { asset, sku }: Command): Sku | undefined => {
  const named = asset.sku ?? sku
  if (named !== undefined) return named
  const skus = new Set(order.lines.filter((line) => line.units.held > 0).map((line) => line.sku))
  return skus.size === 1 ? [...skus][0] : undefined
}

/** A start lies at most this many months from the moment of the command. */
const farthestStartMonths = 60

const isNear = (startDate: string | undefined, at: Timestamp): boolean => {
  if (startDate === undefined) return true
  const start = fromDateInput(startDate)
  return start >= plusMonths(at, -farthestStartMonths) && start <= plusMonths(at, farthestStartMonths)
}

/** What the machine is asked. */
export interface Question {
  readonly type: "startSubscription"
  /** The caller named the customer of the order. */
  readonly customerMatches: boolean
  /** The start lies within five years of the command, on either side. */
  readonly startIsNear: boolean
  readonly asset: AssetStanding
  /**
   * The line to fill: `unclear` when nothing says which SKU is meant, `none` when no line has it, `otherLength` when none of those that
   * have it runs as long as the caller says, else its held units.
   */
  readonly line: "unclear" | "none" | "otherLength" | { readonly held: number }
}

const questionOf = (order: Order, command: Command, at?: Timestamp): Question => {
  const sku = skuMeant(order, command)
  const isContradicted = command.sku !== undefined && command.sku !== sku
  const line = isContradicted ? undefined : order.lines[lineFor(order, sku, command.contractLength)]
  const hasOtherLength = !isContradicted && line === undefined && order.lines.some((each) => each.sku === sku)
  return {
    type: "startSubscription",
    customerMatches: command.customerId === order.customer.customerId,
    startIsNear: at === undefined || isNear(command.startDate, at),
    asset: assetStandingOf(command.asset),
    line: sku === undefined ? "unclear" : line !== undefined ? { held: line.units.held } : hasOtherLength ? "otherLength" : "none"
  }
}

/** What is wrong with the input, by the fact that does not hold. */
const faultOf = (order: Order, sku: Sku | undefined, lacking: string | undefined) => {
  if (lacking === "customerMatches") return wrongMember("customerId", "must be the customer of the order")
  if (lacking === "startIsNear") return wrongMember("startDate", "must be within 5 years of now")
  if (lacking !== "lengthFitsALine") return wrongMember("sku", "is needed: the order has held units of several SKUs")
  const lengths = new Set(order.lines.filter((line) => line.sku === sku).map(({ contractLength }) => contractLength))
  return wrongMember("contractLength", `must be one that the order has for ${sku}: ${[...lengths].join(", ")}`)
}

/** The subscription that an event started, as it was then. */
export const startedBy = (event: typeof SubscriptionStarted.Type): Subscription => ({
  ...event.details,
  endDate: monthsAfterStart(event.details, event.details.contractLength),
  ...event.confidential,
  status: "active",
  createdAt: event.at,
  createdBy: event.actor.userId,
  updatedAt: event.at
})

// --- the command -----------------------------------------------------------------------------------------------------------------------

export const startSubscription = defineCommand({
  name: "startSubscription",
  description: "Starts a subscription for one unit of a confirmed order.",
  request: StartSubscription,
  target: "orderId",
  rents: "assetSerialNumber",
  event: SubscriptionStarted,
  errors: [OrderNotConfirmed, ItemFullyFulfilled, AssetNotFound, SkuMismatch, AssetNotAvailable]
})({
  question: questionOf,
  commandOf: (
    order,
    { details: { line, serialNumber, assetIsRegistered: isRegistered, startOffsetMinutes: _, ...details }, confidential }
  ) => ({
    type: "startSubscription",
    ...details,
    ...confidential,
    assetSerialNumber: serialNumber,
    customerId: order.customer.customerId,
    sku: (order.lines[line] as Line).sku,
    asset: assetTaken(isRegistered)
  }),
  questionOfEvent: (order, { details }): Question => {
    const line = order.lines[details.line]
    const isNew = order.subscriptions.every(({ subscriptionId }) => subscriptionId !== details.subscriptionId)
    return {
      type: "startSubscription",
      customerMatches: true,
      startIsNear: true,
      asset: isNew ? "free" : "rented",
      line: line === undefined ? "none" : { held: line.units.held }
    }
  },
  facts: {
    customerMatches: ({ customerMatches }) => customerMatches,
    startIsNear: ({ startIsNear }) => startIsNear,
    skuIsClear: ({ line }) => line !== "unclear",
    assetIsKnown: assetFacts.assetIsKnown,
    assetFitsALine: ({ line }) => line !== "none",
    lengthFitsALine: ({ line }) => line !== "otherLength",
    lineHasHeldUnit: ({ line }) => typeof line !== "object" || line.held > 0,
    assetIsFree: assetFacts.assetIsFree
  },
  refusals: {
    ORDER_NOT_CONFIRMED: ({ order: { orderId, status } }) => new OrderNotConfirmed({ orderId, status }),
    VALIDATION_ERROR: ({ order, command, lacking }) => faultOf(order, skuMeant(order, command), lacking),
    ASSET_NOT_FOUND: ({ command }) => new AssetNotFound({ serialNumber: command.assetSerialNumber }),
    SKU_MISMATCH: ({ order, command }) => {
      const sku = skuMeant(order, command)
      return sku && new SkuMismatch({ serialNumber: command.assetSerialNumber, sku })
    },
    ITEM_FULLY_FULFILLED: ({ order, command }) => {
      const sku = skuMeant(order, command)
      const { contractLength } = command
      const isLength = contractLength !== undefined && lineFor(order, sku, contractLength) >= 0
      return new ItemFullyFulfilled({
        orderId: order.orderId,
        ...(sku !== undefined && { sku }),
        ...(sku !== undefined && isLength && { contractLength })
      })
    },
    ASSET_NOT_AVAILABLE: ({ command }) => new AssetNotAvailable({ serialNumber: command.assetSerialNumber })
  },
  record: (order, command, at) => {
    const { subscriptionId, assetSerialNumber, asset, startDate, billingGroupId, notes } = command
    const position = lineFor(order, skuMeant(order, command), command.contractLength)
    const line = order.lines[position] as Line
    const startOffsetMinutes = startDate === undefined ? 0 : offsetOf(startDate)
    return {
      details: {
        subscriptionId,
        line: position,
        serialNumber: assetSerialNumber,
        ...(asset.isRegistered && { assetIsRegistered: asset.isRegistered }),
        // The moment of the command, and not the event's time: that is later where an earlier event came from a clock that was fast.
        startDate: startDate === undefined ? at : fromDateInput(startDate),
        ...(startOffsetMinutes !== 0 && { startOffsetMinutes }),
        contractLength: line.contractLength,
        ...(billingGroupId !== undefined && { billingGroupId })
      },
      confidential: notes === undefined ? nothing : { notes }
    }
  },
  evolve: (order, event) => {
    const subscription = startedBy(event)
    return {
      ...order,
      version: event.sequence,
      status: event.to,
      updatedAt: event.at,
      lines: updateLine(order.lines, subscription.line, startUnit),
      subscriptions: [...order.subscriptions, subscription]
    }
  },
  assetMoves: (_, { details: { serialNumber, subscriptionId } }) => [{ serialNumber, event: "rent", subscriptionId }],
  sample: (order) => {
    const sku = order.lines.find(({ units }) => units.held > 0)?.sku
    return {
      type: "startSubscription",
      subscriptionId: SubscriptionId.make("subscription"),
      assetSerialNumber: SerialNumber.make("serial"),
      customerId: order.customer.customerId,
      asset: { isKnown: true, isRented: false, ...(sku !== undefined && { sku }) }
    }
  }
})
