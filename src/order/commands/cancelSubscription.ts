import * as Schema from "effect/Schema"
import { mayBeReplayed, SubscriptionNotFound } from "../commonRefusals.ts"
import { type Order, type Subscription, SubscriptionId, SubscriptionStatus } from "../Order.ts"
import { nothing, orderEvent } from "../orderEvent.ts"
import { Text, textUpTo } from "../Text.ts"
import { endUnit, updateLine } from "../Units.ts"
import { maxReasonLength } from "./cancel.ts"
import { defineCommand } from "./defineCommand.ts"
import { sampleRental, subscriptionIn } from "./onSubscription.ts"

/** Why a subscription is cancelled. */
export const SubscriptionCancelReason = Schema.Literals([
  "customer_request",
  "payment_failure",
  "fraud",
  "admin_decision",
  "other"
])

/** Cancel a subscription: it ends, its order keeps its status. `rentalId` is the subscription, by the API's older word for it. */
export const CancelSubscription = Schema.Struct({
  rentalId: SubscriptionId,
  reason: SubscriptionCancelReason,
  notes: Schema.optionalKey(textUpTo(maxReasonLength))
})
export type CancelSubscription = typeof CancelSubscription.Type

export const SubscriptionEnded = orderEvent("subscription.ended", "A subscription ended. The order keeps its status.", {
  details: Schema.Struct({ subscriptionId: SubscriptionId, status: SubscriptionStatus, reason: Schema.optionalKey(Text) }),
  confidential: Schema.Struct({ notes: Schema.optionalKey(Text) })
})

export class SubscriptionAlreadyCancelled extends Schema.TaggedError<SubscriptionAlreadyCancelled>()(
  "SubscriptionAlreadyCancelled",
  { ...mayBeReplayed, subscriptionId: SubscriptionId }
) {
  static readonly when = "The subscription was cancelled before."
  readonly code = "ALREADY_CANCELLED"
  readonly remedy = "No action needed."
  override get message() {
    return "Subscription is already cancelled"
  }
}

export class SubscriptionAlreadyEnded extends Schema.TaggedError<SubscriptionAlreadyEnded>()("SubscriptionAlreadyEnded", {
  ...mayBeReplayed,
  subscriptionId: SubscriptionId,
  status: SubscriptionStatus
}) {
  static readonly when = "The subscription ended before, in another way than by being cancelled."
  readonly code = "ALREADY_ENDED"
  readonly remedy = "No action needed."
  override get message() {
    return `Subscription has already ended (${this.status})`
  }
}

/** A subscription's status, as far as the lifecycle of the order tells them apart. */
const standing = {
  active: "active",
  cancelled: "cancelled",
  ended_completed: "ended",
  ended_buyout: "ended",
  ended_upgrade: "ended",
  ended_early_return: "ended"
} as const satisfies Record<SubscriptionStatus, string>

/** What the machine is asked. */
export interface Question {
  readonly type: "cancelSubscription"
  /** How the subscription stands; `unknown` when the order has no such subscription. */
  readonly subscription: "unknown" | (typeof standing)[SubscriptionStatus]
}

const questionOf = (order: Order, id: SubscriptionId): Question => {
  const subscription = subscriptionIn(order, id)
  return { type: "cancelSubscription", subscription: subscription ? standing[subscription.status] : "unknown" }
}

export const cancelSubscription = defineCommand({
  name: "cancelSubscription",
  description: "Ends an active subscription. The order keeps its status.",
  request: CancelSubscription,
  target: "rentalId",
  rents: undefined,
  event: SubscriptionEnded,
  errors: [SubscriptionAlreadyCancelled, SubscriptionAlreadyEnded]
})({
  question: (order, { rentalId }) => questionOf(order, rentalId),
  commandOf: (_, { details: { subscriptionId, reason }, confidential }) => ({
    type: "cancelSubscription",
    rentalId: subscriptionId,
    // The command gave one of these; an event of another origin may say anything, or nothing.
    reason: (reason ?? "other") as typeof SubscriptionCancelReason.Type,
    ...confidential
  }),
  facts: {
    subscriptionIsKnown: ({ subscription }) => subscription !== "unknown",
    subscriptionIsNotCancelled: ({ subscription }) => subscription !== standing.cancelled,
    subscriptionHasNotEnded: ({ subscription }) => subscription !== "ended"
  },
  refusals: {
    NOT_FOUND: ({ command: { rentalId } }) => new SubscriptionNotFound({ subscriptionId: rentalId }),
    ALREADY_CANCELLED: ({ command: { rentalId } }) => new SubscriptionAlreadyCancelled({ subscriptionId: rentalId }),
    ALREADY_ENDED: ({ order, command: { rentalId } }) => {
      const ended = subscriptionIn(order, rentalId)
      return ended && new SubscriptionAlreadyEnded({ subscriptionId: rentalId, status: ended.status })
    }
  },
  record: (_, { rentalId, reason, notes }) => ({
    details: { subscriptionId: rentalId, status: "cancelled", reason },
    confidential: notes === undefined ? nothing : { notes }
  }),
  evolve: (order, event) => {
    const { at, actor, details, confidential } = event
    const { subscriptionId, status, reason } = details
    const ending = subscriptionIn(order, subscriptionId)
    if (ending === undefined) throw new Error(`order ${order.orderId}: no subscription ${subscriptionId} to end`)
    const ended: Subscription = {
      ...ending,
      status,
      updatedAt: at,
      ended: { at, by: actor, ...(reason !== undefined && { reason }), ...confidential }
    }
    return {
      ...order,
      version: event.sequence,
      status: event.to,
      updatedAt: event.at,
      lines: updateLine(order.lines, ending.line, endUnit),
      subscriptions: order.subscriptions.map((subscription) => (subscription === ending ? ended : subscription))
    }
  },
  sample: (order) => ({ type: "cancelSubscription", rentalId: sampleRental(order), reason: "other" }),
  nameInFingerprints: "endSubscription"
})
