/** What an accepted command did, and what it was given with. */
import type { AuditEvent } from "./AuditEvent.ts"
import type { Actor, Order, Subscription } from "./Order.ts"
import type { RequestId } from "./orderEvent.ts"
import type { Timestamp } from "./Timestamp.ts"

/** When, by whom and under which request a command is given. */
export interface Occasion {
  readonly at: Timestamp
  readonly actor: Actor
  readonly requestId: RequestId
}

/**
 * What one accepted command did: the reply, the audit event and the stored change are all this one value.
 * `before` is null when the order was placed; `after` is always `evolve(before, event)`.
 */
export interface Transition<Event extends AuditEvent = AuditEvent> {
  readonly before: Order | null
  readonly event: Event
  readonly after: Order
  /**
   * True on an answer that is given again under its idempotency key; absent otherwise. `event` is the event of the first answer. `before` is
   * null then, and `after` the order as it stands now, or as it was placed. See `docs/decisions/0027-what-a-replay-carries.md`.
   */
  readonly replayed?: true
}

/** A subscription that a transition made (`was` is undefined) or changed, and its place among those of the order. */
export interface ChangedSubscription {
  readonly position: number
  readonly was: Subscription | undefined
  readonly is: Subscription
}

/** The subscriptions that a transition made or changed. `evolve` leaves the others the very same objects. */
export const changedSubscriptions = ({
  before,
  after
}: Pick<Transition, "before" | "after">): ReadonlyArray<ChangedSubscription> => {
  if (before?.subscriptions === after.subscriptions) return []
  return after.subscriptions.flatMap((is, position) => {
    const was = before?.subscriptions[position]
    return was === is ? [] : { position, was, is }
  })
}

/** What a change adds to the texts of a subscription. Those that it had are not a change's to write: they may have been erased since. */
export const addedTexts = ({ was, is }: Pick<ChangedSubscription, "was" | "is">): Subscription["texts"] => {
  if (is.texts === was?.texts || is.texts === undefined) return undefined
  const added = Object.entries(is.texts).filter(([sequence]) => was?.texts?.[sequence] === undefined)
  return added.length === 0 ? undefined : Object.fromEntries(added)
}
