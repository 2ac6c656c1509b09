import * as Schema from "effect/Schema"
import { mayBeReplayed } from "../commonRefusals.ts"
import { longestContract, monthlyAmountOf, monthsAfterStart } from "../contract.ts"
import { Decimals, MinorUnits } from "../Money.ts"
import { ContractLength, Extension, type Line, type Order, SerialNumber, type Subscription, SubscriptionId } from "../Order.ts"
import { orderEvent } from "../orderEvent.ts"
import { Text, textUpTo } from "../Text.ts"
import { defineCommand } from "./defineCommand.ts"
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

/** Extend a subscription by months. `newMonthlyAmount` (minor units) is what a month of it costs from then on; its line keeps its price. */
export const ExtendSubscription = Schema.Struct({
  rentalId: SubscriptionId,
  extensionMonths: ContractLength,
  reason: textUpTo(maxTextLength).check(Schema.isMinLength(1)),
  newMonthlyAmount: Schema.optionalKey(MinorUnits),
  notes: Schema.optionalKey(textUpTo(maxTextLength))
})
export type ExtendSubscription = typeof ExtendSubscription.Type

const { sequence: _, at: __, by: ___, ...extension } = Extension.fields

export const SubscriptionExtended = orderEvent("subscription.extended", "The contract of a subscription got longer.", {
  details: Schema.Struct({ subscriptionId: SubscriptionId, serialNumber: SerialNumber, ...extension, decimals: Decimals }),
  confidential: Schema.Struct({ reason: Schema.optionalKey(Text), notes: Schema.optionalKey(Text) })
})

/** The contract would be longer than a contract may be, with all its extensions: 120 months. */
export class InvalidExtensionMonths extends Schema.TaggedError<InvalidExtensionMonths>()("InvalidExtensionMonths", {
  ...mayBeReplayed,
  subscriptionId: SubscriptionId,
  /** By so many months at most. */
  longest: Schema.Int
}) {
  static readonly when = `With the extension, the contract would be longer than ${longestContract} months.`
  readonly code = "INVALID_EXTENSION_MONTHS"
  readonly remedy = "Extend it by fewer months; where none are left, complete it at its end and place a new order."
  override get message() {
    return this.longest === 0
      ? `The contract has ${longestContract} months and cannot be extended.`
      : `The contract can be extended by at most ${this.longest} months.`
  }
}

/** What the machine is asked. */
export interface Question {
  readonly type: "extendSubscription"
  readonly subscription: Standing
  /** The contract is no longer than a contract can be, with the extension. */
  readonly fits: boolean
}

const monthsOpen = ({ contractLength }: Subscription): number => longestContract - contractLength

const questionOf = (
  order: Order,
  { rentalId, extensionMonths }: Pick<ExtendSubscription, "rentalId" | "extensionMonths">
): Question => {
  const subscription = subscriptionIn(order, rentalId)
  return {
    type: "extendSubscription",
    subscription: standingOf(subscription),
    fits: subscription === undefined || extensionMonths <= monthsOpen(subscription)
  }
}

/** Source: whole-life.md, section 4. */
export const extendSubscription = defineCommand({
  name: "extendSubscription",
  description: "Makes the contract of a subscription longer, at the same monthly amount or another.",
  request: ExtendSubscription,
  target: "rentalId",
  rents: undefined,
  event: SubscriptionExtended,
  errors: [SubscriptionNotActive, InvalidExtensionMonths]
})({
  question: questionOf,
  commandOf: (_, { details, confidential }) => ({
    type: "extendSubscription",
    rentalId: details.subscriptionId,
    extensionMonths: details.months,
    // The command gave one; what was erased is not known any more.
    reason: "",
    ...confidential,
    ...(details.newMonthlyAmount !== details.oldMonthlyAmount && { newMonthlyAmount: details.newMonthlyAmount })
  }),
  facts: { ...activeFacts, extensionFits: ({ fits }) => fits },
  refusals: {
    ...activeRefusals,
    INVALID_EXTENSION_MONTHS: ({ order, command: { rentalId } }) => {
      const subscription = subscriptionIn(order, rentalId)
      return subscription && new InvalidExtensionMonths({ subscriptionId: rentalId, longest: monthsOpen(subscription) })
    }
  },
  record: (order, { rentalId, extensionMonths: months, reason, newMonthlyAmount, notes }) => {
    const subscription = subscriptionFor(order, rentalId)
    const { serialNumber, contractLength: oldContractLength, endDate: oldEndDate } = subscription
    const newContractLength = oldContractLength + months
    const oldMonthlyAmount = monthlyAmountOf(subscription, order.lines[subscription.line] as Line)
    return {
      details: {
        subscriptionId: rentalId,
        serialNumber,
        months,
        oldContractLength,
        newContractLength,
        oldMonthlyAmount,
        newMonthlyAmount: newMonthlyAmount ?? oldMonthlyAmount,
        oldEndDate,
        newEndDate: monthsAfterStart(subscription, newContractLength),
        decimals: order.decimals
      },
      confidential: { reason, ...(notes !== undefined && { notes }) }
    }
  },
  evolve: (order, event) => {
    const { sequence, at, actor: by } = event
    const { subscriptionId, serialNumber: _, decimals: __, ...details } = event.details
    const { oldContractLength, newContractLength, oldMonthlyAmount, newMonthlyAmount, newEndDate } = details
    const was = subscriptionFor(order, subscriptionId)
    return withSubscription(order, event, was, {
      ...was,
      contractLength: newContractLength,
      endDate: newEndDate,
      originalContractLength: was.originalContractLength ?? oldContractLength,
      ...(newMonthlyAmount !== oldMonthlyAmount && { monthlyAmount: newMonthlyAmount }),
      extensions: [...(was.extensions ?? []), { sequence, at, by, ...details }]
    })
  },
  sample: (order) => ({
    type: "extendSubscription",
    // Where the shortest contract cannot get longer, none can.
    rentalId: sampleRental(order, ({ contractLength }) => contractLength),
    extensionMonths: 1,
    reason: "still in use"
  })
})
