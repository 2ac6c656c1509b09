import * as Schema from "effect/Schema"
import { monthsLeft, monthsRented } from "../contract.ts"
import { Decimals, MinorUnits } from "../Money.ts"
import { Subscription, SubscriptionEnd, SubscriptionId } from "../Order.ts"
import { nothing, orderEvent } from "../orderEvent.ts"
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

/** Why an asset is bought by the one who rents it. */
export const BuyoutReason = Schema.Literals(["customer_request", "end_of_contract", "other"])

/**
 * Sell an asset to the customer who rents it. `buyoutPrice` is minor units of the order's currency; without one, the price is what the option
 * `buyoutPrice` says.
 */
export const BuyOutSubscription = Schema.Struct({
  rentalId: SubscriptionId,
  reason: BuyoutReason,
  buyoutPrice: Schema.optionalKey(MinorUnits),
  notes: Schema.optionalKey(textUpTo(maxTextLength))
})
export type BuyOutSubscription = typeof BuyOutSubscription.Type

const { amount, calculation, monthsLeft: left } = SubscriptionEnd.fields.buyout.schema.fields

export const SubscriptionBoughtOut = orderEvent(
  "subscription.bought_out",
  "A subscription ended with its asset sold to the customer. The order keeps its status.",
  {
    details: Schema.Struct({
      subscriptionId: SubscriptionId,
      serialNumber: Subscription.fields.serialNumber,
      price: amount,
      decimals: Decimals,
      calculation,
      reason: BuyoutReason,
      monthsRented: Schema.Int,
      monthsLeft: left
    }),
    confidential: Schema.Struct({ notes: Schema.optionalKey(Text) })
  }
)

const question = askOf("buyOutSubscription")

/** What the machine is asked. */
export type Question = ReturnType<typeof question>

/** Source: whole-life.md, section 4. */
export const buyOutSubscription = defineCommand({
  name: "buyOutSubscription",
  description: "Ends a subscription with its asset sold to the customer. The order keeps its status.",
  request: BuyOutSubscription,
  target: "rentalId",
  rents: undefined,
  quotes: "buyoutPrice",
  event: SubscriptionBoughtOut,
  errors: [SubscriptionNotActive]
})({
  question,
  commandOf: (_, { details: { subscriptionId, price, calculation, reason }, confidential }) => ({
    type: "buyOutSubscription",
    rentalId: subscriptionId,
    reason,
    ...confidential,
    ...(calculation === "manual_override" ? { buyoutPrice: price } : { quoted: price })
  }),
  facts: activeFacts,
  refusals: activeRefusals,
  record: (order, { rentalId, reason, notes, buyoutPrice, quoted }, at) => {
    const subscription = subscriptionFor(order, rentalId)
    const { amount: price, calculation }: Charged = amountOf(buyoutPrice, quoted)
    return {
      details: {
        subscriptionId: rentalId,
        serialNumber: subscription.serialNumber,
        price,
        decimals: order.decimals,
        calculation,
        reason,
        monthsRented: monthsRented(subscription, at),
        monthsLeft: monthsLeft(subscription, at)
      },
      confidential: notes === undefined ? nothing : { notes }
    }
  },
  evolve: (order, event) => {
    const { subscriptionId, price: amount, calculation, reason, monthsRented, monthsLeft } = event.details
    const buyout = { amount, calculation, monthsLeft }
    return withEnded(order, event, subscriptionId, "ended_buyout", { monthsRented, reason, buyout })
  },
  assetMoves: (_, { details: { serialNumber, subscriptionId } }) => [{ serialNumber, event: "sell", subscriptionId }],
  sample: (order) => ({ type: "buyOutSubscription", rentalId: sampleRental(order), reason: "customer_request", quoted: 0 })
})
