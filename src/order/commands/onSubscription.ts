/** What commands on one subscription have in common: what they ask of it, how they are refused, and what they leave of it. */
import * as Schema from "effect/Schema"
import { mayBeReplayed, SubscriptionNotFound } from "../commonRefusals.ts"
import {
  activeSubscriptions,
  type EventTexts,
  isActive,
  type Order,
  type Subscription,
  type SubscriptionEnd,
  SubscriptionId,
  SubscriptionStatus
} from "../Order.ts"
import type { Timestamp } from "../Timestamp.ts"
import { endUnit, updateLine } from "../Units.ts"
import type { RefusalFacts } from "./defineCommand.ts"

/** Free text that a command takes is at most so long, in code points. */
export const maxTextLength = 1_000

export class SubscriptionNotActive extends Schema.TaggedError<SubscriptionNotActive>()("SubscriptionNotActive", {
  ...mayBeReplayed,
  subscriptionId: SubscriptionId,
  status: SubscriptionStatus
}) {
  static readonly when = "The subscription has ended, in whatever way. An end is final."
  readonly code = "SUBSCRIPTION_NOT_ACTIVE"
  readonly remedy =
    "Start another subscription while the order holds a unit, or place a new order. Where a device comes back after a cancel, record it in the registry."
  override get message() {
    return `Subscription is not active (${this.status})`
  }
}

/** What the machine is asked about the subscription: `unknown` when the order has no such one. */
export type Standing = "unknown" | "active" | "over"

export const subscriptionIn = (order: Order, id: SubscriptionId): Subscription | undefined =>
  order.subscriptions.find(({ subscriptionId }) => subscriptionId === id)

export const standingOf = (subscription: Subscription | undefined): Standing =>
  subscription === undefined ? "unknown" : isActive(subscription) ? "active" : "over"

/** What every question about a subscription says of it. */
export interface AboutSubscription {
  readonly subscription: Standing
}

/** A command that names a subscription. */
export interface NamesOne {
  readonly rentalId: SubscriptionId
}

/** The question of a command that only needs the subscription to be active. */
export const askOf =
  <Type extends string>(type: Type) =>
  (order: Order, { rentalId }: NamesOne): AboutSubscription & { readonly type: Type } => ({
    type,
    subscription: standingOf(subscriptionIn(order, rentalId))
  })

/** The facts that all of them ask for. */
export const activeFacts = {
  subscriptionIsKnown: ({ subscription }: AboutSubscription) => subscription !== "unknown",
  subscriptionIsActive: ({ subscription }: AboutSubscription) => subscription !== "over"
}

/** The refusals of those facts. */
export const activeRefusals = {
  NOT_FOUND: ({ command: { rentalId } }: RefusalFacts<NamesOne>) => new SubscriptionNotFound({ subscriptionId: rentalId }),
  SUBSCRIPTION_NOT_ACTIVE: ({ order, command: { rentalId } }: RefusalFacts<NamesOne>) => {
    const subscription = subscriptionIn(order, rentalId)
    return subscription && new SubscriptionNotActive({ subscriptionId: rentalId, status: subscription.status })
  }
}

/** A subscription for a command that fits the order: an active one, if there is any, and of those the one with the least of something. */
export const sampleRental = (order: Order, of: (subscription: Subscription) => number = () => 0): SubscriptionId => {
  const [subscription] = [...activeSubscriptions(order).toSorted((a, b) => of(a) - of(b)), ...order.subscriptions]
  return subscription?.subscriptionId ?? SubscriptionId.make("subscription")
}

/** The subscription that an event is about. Throws where the order has none of that name: the event does not follow. */
export const subscriptionFor = (order: Order, id: SubscriptionId): Subscription => {
  const subscription = subscriptionIn(order, id)
  if (subscription === undefined) throw new Error(`order ${order.orderId}: there is no subscription ${id}`)
  return subscription
}

/** As far as an event says when it happened, by whom, and what of it is free text. */
interface Happened {
  readonly sequence: number
  readonly at: Timestamp
  readonly actor: SubscriptionEnd["by"]
  readonly to: Order["status"]
  readonly confidential: EventTexts
}

/** A subscription with what an event says in free text. */
export const withTexts = (subscription: Subscription, { sequence, confidential }: Happened): Subscription =>
  Object.keys(confidential).length === 0
    ? subscription
    : { ...subscription, texts: { ...subscription.texts, [sequence]: confidential } }

/** The order after an event that changed one of its subscriptions, and moved no unit. */
export const withSubscription = (order: Order, event: Happened, was: Subscription, is: Subscription): Order => ({
  ...order,
  version: event.sequence,
  status: event.to,
  updatedAt: event.at,
  subscriptions: order.subscriptions.map((each) => (each === was ? withTexts({ ...is, updatedAt: event.at }, event) : each))
})

/** The order after an event that ended one of its subscriptions: its unit has ended, too. `more`: what else the end leaves on record. */
export const withEnded = (
  order: Order,
  event: Happened,
  id: SubscriptionId,
  status: SubscriptionStatus,
  more: Omit<SubscriptionEnd, "at" | "by" | "sequence">
): Order => {
  const { at, actor: by, sequence } = event
  const ending = subscriptionFor(order, id)
  const ended: Subscription = { ...ending, status, ended: { at, by, sequence, ...more } }
  return { ...withSubscription(order, event, ending, ended), lines: updateLine(order.lines, ending.line, endUnit) }
}
