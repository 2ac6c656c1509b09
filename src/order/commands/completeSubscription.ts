import * as Schema from "effect/Schema"
import { mayBeReplayed } from "../commonRefusals.ts"
import { monthsRented } from "../contract.ts"
import { type Order, Subscription, SubscriptionId } from "../Order.ts"
import { nothing, orderEvent } from "../orderEvent.ts"
import { Text, textUpTo } from "../Text.ts"
import { Timestamp, toMillis } from "../Timestamp.ts"
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
  withEnded
} from "./onSubscription.ts"

/** Complete a subscription whose contract is over: the asset came back. `rentalId` is the subscription. */
export const CompleteSubscription = Schema.Struct({
  rentalId: SubscriptionId,
  notes: Schema.optionalKey(textUpTo(maxTextLength))
})
export type CompleteSubscription = typeof CompleteSubscription.Type

export const SubscriptionCompleted = orderEvent(
  "subscription.completed",
  "A subscription ended with its contract, and its asset came back. The order keeps its status.",
  {
    details: Schema.Struct({
      subscriptionId: SubscriptionId,
      serialNumber: Subscription.fields.serialNumber,
      monthsRented: Schema.Int
    }),
    confidential: Schema.Struct({ notes: Schema.optionalKey(Text) })
  }
)

export class ContractNotOver extends Schema.TaggedError<ContractNotOver>()("ContractNotOver", {
  ...mayBeReplayed,
  subscriptionId: SubscriptionId,
  /** When the contract ends: not before then. */
  notBefore: Timestamp
}) {
  static readonly when = "The contract of the subscription is not over yet."
  readonly code = "CONTRACT_NOT_OVER"
  readonly remedy = "Complete it when its contract is over; until then, return it early, let the customer buy it, or cancel it."
  override get message() {
    return `The contract ends at ${this.notBefore}.`
  }
}

/** What the machine is asked. */
export interface Question {
  readonly type: "completeSubscription"
  readonly subscription: Standing
  /** The contract has come to its end. */
  readonly isOver: boolean
}

const questionOf = (order: Order, { rentalId }: CompleteSubscription, at?: Timestamp): Question => {
  const subscription = subscriptionIn(order, rentalId)
  return {
    type: "completeSubscription",
    subscription: standingOf(subscription),
    isOver: at === undefined || subscription === undefined || at >= subscription.endDate
  }
}

/** Source: whole-life.md, section 4. */
export const completeSubscription = defineCommand({
  name: "completeSubscription",
  description: "Ends a subscription whose contract is over, with the return of its asset. The order keeps its status.",
  request: CompleteSubscription,
  target: "rentalId",
  rents: undefined,
  event: SubscriptionCompleted,
  errors: [SubscriptionNotActive, ContractNotOver]
})({
  question: questionOf,
  commandOf: (_, { details: { subscriptionId }, confidential }) => ({
    type: "completeSubscription",
    rentalId: subscriptionId,
    ...confidential
  }),
  facts: { ...activeFacts, contractIsOver: ({ isOver }) => isOver },
  refusals: {
    ...activeRefusals,
    CONTRACT_NOT_OVER: ({ order, command: { rentalId } }) => {
      const subscription = subscriptionIn(order, rentalId)
      return subscription && new ContractNotOver({ subscriptionId: rentalId, notBefore: subscription.endDate })
    }
  },
  record: (order, { rentalId, notes }, at) => {
    const subscription = subscriptionFor(order, rentalId)
    return {
      details: {
        subscriptionId: rentalId,
        serialNumber: subscription.serialNumber,
        monthsRented: monthsRented(subscription, at)
      },
      confidential: notes === undefined ? nothing : { notes }
    }
  },
  evolve: (order, event) => {
    const { subscriptionId, monthsRented } = event.details
    return withEnded(order, event, subscriptionId, "ended_completed", { monthsRented })
  },
  assetMoves: (_, { details: { serialNumber, subscriptionId } }) => [{ serialNumber, event: "return", subscriptionId }],
  // Where the first contract to end is not over, none is.
  sample: (order) => ({ type: "completeSubscription", rentalId: sampleRental(order, ({ endDate }) => toMillis(endDate)) })
})
