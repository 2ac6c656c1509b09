/**
 * An order as the memory keeps it: where it stands, its events, and which of them no durable consumer has taken yet.
 *
 * It is a value that never changes; a change makes another one that shares all it can. So a reader keeps what it has read, taking a
 * change back is putting the value from before in its place, and what a commit costs does not depend on how long the history is.
 */
import type { OutboxEntry } from "../lifecycle/OrderStore.ts"
import type { SealedEvent } from "../order/auditChain.ts"
import type { AuditEvent } from "../order/AuditEvent.ts"
import type { Order } from "../order/Order.ts"
import type { Timestamp } from "../order/Timestamp.ts"

export interface StoredOrder {
  readonly order: Order
  readonly newest: Link
  /** How many events, from the first, have been delivered; and, seldom, which later ones. */
  readonly delivered: number
  readonly deliveredAhead: ReadonlySet<number> | null
  /** Who has the oldest event that is to be delivered, and how often it was handed out. */
  readonly lease: { readonly attempts: number; readonly until: Timestamp } | null
}

/** An event and, through the link behind it, all those before. */
interface Link {
  readonly sealed: SealedEvent
  readonly previous: Link | null
}

/** The stored order with one more event, and what the order is after it. */
export const appended = (stored: StoredOrder | undefined, order: Order, sealed: SealedEvent): StoredOrder =>
  stored === undefined
    ? { order, newest: { sealed, previous: null }, delivered: 0, deliveredAhead: null, lease: null }
    : {
        order,
        newest: { sealed, previous: stored.newest },
        delivered: stored.delivered,
        deliveredAhead: stored.deliveredAhead,
        lease: stored.lease
      }

/** The events, oldest first, as far as `upTo`. */
export const historyOf = ({ newest }: StoredOrder, upTo = Infinity): ReadonlyArray<SealedEvent> => {
  const history: Array<SealedEvent> = []
  for (let link: Link | null = newest; link !== null; link = link.previous) {
    if (link.sealed.event.sequence <= upTo) history.push(link.sealed)
  }
  return history.toReversed()
}

/** The event of that number; undefined when there is none. */
export const eventAt = ({ newest }: StoredOrder, sequence: number): SealedEvent | undefined => {
  let link: Link | null = newest
  while (link !== null && link.sealed.event.sequence > sequence) link = link.previous
  return link?.sealed.event.sequence === sequence ? link.sealed : undefined
}

// --- delivery --------------------------------------------------------------------------------------------------------------------------

export const hasUndelivered = ({ newest, delivered, deliveredAhead }: StoredOrder): boolean =>
  delivered + (deliveredAhead?.size ?? 0) < newest.sealed.event.sequence

/** The numbers of the events that are to be delivered, ascending. */
export const undelivered = ({ newest, delivered, deliveredAhead }: StoredOrder): ReadonlyArray<number> => {
  const sequences: Array<number> = []
  for (let sequence = delivered + 1; sequence <= newest.sealed.event.sequence; sequence++) {
    if (!deliveredAhead?.has(sequence)) sequences.push(sequence)
  }
  return sequences
}

/** Hand the oldest undelivered event out until `until`. Null when there is none, or when somebody has it. */
export const leased = (
  stored: StoredOrder,
  now: Timestamp,
  until: Timestamp
): { readonly entry: OutboxEntry; readonly stored: StoredOrder } | null => {
  const sealed = eventAt(stored, stored.delivered + 1)
  const { lease } = stored
  if (sealed === undefined || (lease !== null && lease.until > now)) return null
  const attempts = lease?.attempts ?? 0
  return { entry: { sealed, attempts }, stored: { ...stored, lease: { attempts: attempts + 1, until } } }
}

/** The stored order once an event has been delivered. */
export const acknowledged = (stored: StoredOrder, sequence: number): StoredOrder => {
  if (sequence <= stored.delivered || sequence > stored.newest.sealed.event.sequence) return stored
  const ahead = new Set(stored.deliveredAhead).add(sequence)
  let { delivered } = stored
  while (ahead.delete(delivered + 1)) delivered++
  const lease = delivered === stored.delivered ? stored.lease : null
  return { ...stored, delivered, deliveredAhead: ahead.size > 0 ? ahead : null, lease }
}

// --- texts that can be rewritten or erased -----------------------------------------------------------------------------------------------

/** The stored order without what one of its events says in confidence, where it stands and in what was made of it. */
export const erased = (stored: StoredOrder, sealed: SealedEvent): StoredOrder => {
  const { event } = sealed
  // What an event says in confidence may be left out in every type of event but the first, which callers do not erase.
  const empty = { ...sealed, salt: null, event: { ...event, confidential: {} } as AuditEvent }
  let newest: Link | null = null
  for (const each of historyOf(stored)) newest = { sealed: each === sealed ? empty : each, previous: newest }
  return { ...stored, order: withoutTextOf(stored.order, event), newest: newest ?? stored.newest }
}

/** An order as the fold gives it once the event's confidential part is empty. */
const withoutTextOf = (order: Order, event: AuditEvent): Order => {
  if (event.type === "order.cancelled" && order.cancellation) {
    const { reason: _, ...cancellation } = order.cancellation
    return { ...order, cancellation }
  }
  if (event.type !== "subscription.started" && event.type !== "subscription.ended") return order
  const subscriptions = order.subscriptions.map((subscription) => {
    if (subscription.subscriptionId !== event.details.subscriptionId) return subscription
    if (event.type === "subscription.started") {
      const { notes: _, ...rest } = subscription
      return rest
    }
    if (!subscription.ended) return subscription
    const { notes: _, ...ended } = subscription.ended
    return { ...subscription, ended }
  })
  return { ...order, subscriptions }
}

/**
 * What a transition made of an order, with the texts that can be rewritten or erased without a version: those are never taken from the
 * transition once they are stored, as it may have been decided on what has been erased since.
 */
export const withStoredTexts = (after: Order, before: Order | null, stored: Order): Order => {
  // Decided on the very order that is stored: nothing has been rewritten or erased since.
  if (before === stored) return after
  const { notes: _, ...rest } = after
  const subscriptions = after.subscriptions.map((subscription, position) => {
    const kept = stored.subscriptions[position]
    // `evolve` leaves those that do not change the very same objects.
    if (kept === undefined || subscription === before?.subscriptions[position]) return kept ?? subscription
    const { notes: _, ...changed } = subscription
    return kept.notes === undefined ? changed : { ...changed, notes: kept.notes }
  })
  return { ...rest, subscriptions, ...(stored.notes !== undefined && { notes: stored.notes }) }
}
