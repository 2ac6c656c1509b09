import * as Schema from "effect/Schema"
import { monthsLeft, monthsRented } from "../contract.ts"
import { Decimals, MinorUnits } from "../Money.ts"
import { ReturnCondition, Subscription, SubscriptionEnd, SubscriptionId } from "../Order.ts"
import { orderEvent } from "../orderEvent.ts"
import { Text, textUpTo } from "../Text.ts"
import { amountOf, type Charged, defineCommand } from "./defineCommand.ts"
import {
  activeFacts,
  activeRefusals,
  askOf,
  maxTextLength,
  sampleRental,
  subscriptionFor,
  SubscriptionNotActive,
  withEnded
} from "./onSubscription.ts"

/**
 * Take an asset back before its contract is over. `earlyReturnFee` is minor units of the order's currency; without one, the fee is what the
 * option `earlyReturnFee` says.
 */
export const ReturnSubscription = Schema.Struct({
  rentalId: SubscriptionId,
  returnCondition: ReturnCondition,
  reason: textUpTo(maxTextLength).check(Schema.isMinLength(1)),
  earlyReturnFee: Schema.optionalKey(MinorUnits),
  damageAssessment: Schema.optionalKey(textUpTo(maxTextLength)),
  notes: Schema.optionalKey(textUpTo(maxTextLength))
})
export type ReturnSubscription = typeof ReturnSubscription.Type

const { amount, calculation, monthsLeft: left, condition } = SubscriptionEnd.fields.earlyReturn.schema.fields

export const SubscriptionReturned = orderEvent(
  "subscription.returned",
  "A subscription ended early: its asset came back before the contract was over. The order keeps its status.",
  {
    details: Schema.Struct({
      subscriptionId: SubscriptionId,
      serialNumber: Subscription.fields.serialNumber,
      condition,
      fee: amount,
      decimals: Decimals,
      calculation,
      monthsRented: Schema.Int,
      monthsLeft: left
    }),
    confidential: Schema.Struct({
      reason: Schema.optionalKey(Text),
      damageAssessment: Schema.optionalKey(Text),
      notes: Schema.optionalKey(Text)
    })
  }
)

const question = askOf("returnSubscription")

/** What the machine is asked. */
export type Question = ReturnType<typeof question>

/** Source: whole-life.md, section 4. */
export const returnSubscription = defineCommand({
  name: "returnSubscription",
  description: "Ends a subscription before its contract is over, with the return of its asset. The order keeps its status.",
  request: ReturnSubscription,
  target: "rentalId",
  rents: undefined,
  quotes: "earlyReturnFee",
  event: SubscriptionReturned,
  errors: [SubscriptionNotActive]
})({
  question,
  commandOf: (_, { details: { subscriptionId, condition, fee, calculation }, confidential }) => ({
    type: "returnSubscription",
    rentalId: subscriptionId,
    returnCondition: condition,
    // The command gave one; what was erased is not known any more.
    reason: "",
    ...confidential,
    ...(calculation === "manual_override" ? { earlyReturnFee: fee } : { quoted: fee })
  }),
  facts: activeFacts,
  refusals: activeRefusals,
  record: (order, { rentalId, returnCondition, reason, damageAssessment, notes, earlyReturnFee, quoted }, at) => {
    const subscription = subscriptionFor(order, rentalId)
    const { amount: fee, calculation }: Charged = amountOf(earlyReturnFee, quoted)
    return {
      details: {
        subscriptionId: rentalId,
        serialNumber: subscription.serialNumber,
        condition: returnCondition,
        fee,
        decimals: order.decimals,
        calculation,
        monthsRented: monthsRented(subscription, at),
        monthsLeft: monthsLeft(subscription, at)
      },
      confidential: {
        reason,
        ...(damageAssessment !== undefined && { damageAssessment }),
        ...(notes !== undefined && { notes })
      }
    }
  },
  evolve: (order, event) => {
    const { subscriptionId, condition, fee: amount, calculation, monthsRented, monthsLeft } = event.details
    const earlyReturn = { amount, calculation, monthsLeft, condition }
    return withEnded(order, event, subscriptionId, "ended_early_return", { monthsRented, earlyReturn })
  },
  assetMoves: (_, { details: { serialNumber, subscriptionId } }) => [{ serialNumber, event: "return", subscriptionId }],
  sample: (order) => ({
    type: "returnSubscription",
    rentalId: sampleRental(order),
    returnCondition: "good",
    reason: "moved abroad",
    quoted: 0
  })
})
