/**
 * An order as the memory keeps it: where it stands, and where its events are.
 *
 * It is a value that never changes; a change makes another one that shares all it can. So taking a change back is putting the value from
 * before in its place, and what a commit costs does not depend on how long the history is.
 *
 * An order that nobody has touched for a while rests: it is its events, and nothing else is kept of it. Who asks for it folds them.
 */
import type { SealedEvent } from "../order/auditChain.ts"
import type { AuditEvent } from "../order/AuditEvent.ts"
import { evolve, fold } from "../order/evolve.ts"
import type { Order, OrderId, SubscriptionId } from "../order/Order.ts"
import { addedTexts } from "../order/Transition.ts"
import { isSameValue } from "./isSameValue.ts"
import type { Address, PackedEvents } from "./PackedEvents.ts"

export interface StoredOrder {
  readonly orderId: OrderId
  readonly version: number
  readonly newest: Address
  /** The order as it stands, while it is awake. */
  readonly awake: Awake | null
  /** The notes that were rewritten, which is no event: of the order, by "", and of its subscriptions. */
  readonly notes: RewrittenNotes | null
}

export type RewrittenNotes = ReadonlyMap<SubscriptionId | "", string>

/** An order that can be read at once. */
export interface Awake {
  readonly order: Order
  readonly headHash: string
  /** Folding its events gives this very order, as it always should. One that somebody has stored otherwise is kept as it is. */
  readonly isFold: boolean
}

/** The stored order with one more event, and what the order is after it. */
export const appended = (
  events: PackedEvents,
  stored: StoredOrder | undefined,
  order: Order,
  sealed: SealedEvent
): StoredOrder => {
  const { event, hash: headHash } = sealed
  const { orderId } = event
  const before = stored && wakened(events, stored)
  const isFold = (before?.isFold ?? true) && isSameValue(followed(before?.order ?? null, event), order)
  return {
    orderId,
    version: event.sequence,
    newest: events.append(sealed, stored?.newest ?? null, before?.headHash ?? null),
    awake: { order, headHash, isFold },
    notes: stored?.notes ?? null
  }
}

/** What the event makes of the order, if it makes anything of it. */
const followed = (order: Order | null, event: AuditEvent): Order | null => {
  try {
    return evolve(order, event)
  } catch {
    return null
  }
}

/** The events, oldest first. */
export const historyOf = (events: PackedEvents, { orderId, newest }: StoredOrder): ReadonlyArray<SealedEvent> => {
  const history: Array<SealedEvent> = []
  for (let address: Address | null = newest; address !== null;) {
    const { sealed, previous } = events.read(address, orderId)
    history.push(sealed)
    address = previous
  }
  return history.toReversed()
}

/** The event of that number, and where it is; undefined when there is none. */
const find = (events: PackedEvents, { orderId, newest, version }: StoredOrder, sequence: number) => {
  if (sequence < 1 || sequence > version) return undefined
  let place: Address | null = newest
  for (let later = version - sequence; later > 0 && place !== null; later--) place = events.previousOf(place)
  const expected = place === null ? undefined : events.read(place, orderId).sealed
  if (place !== null && expected?.event.sequence === sequence) return { sealed: expected, address: place }
  // In a history with a gap, which is for others to find out, it is not where it should be.
  for (let address: Address | null = newest; address !== null;) {
    const { sealed, previous } = events.read(address, orderId)
    if (sealed.event.sequence === sequence) return { sealed, address }
    address = previous
  }
  return undefined
}

/** The event of that number; undefined when there is none. */
export const eventAt = (events: PackedEvents, stored: StoredOrder, sequence: number): SealedEvent | undefined =>
  find(events, stored, sequence)?.sealed

// --- resting ---------------------------------------------------------------------------------------------------------------------------

/** To fold a longer history than this takes longer than anybody wants to wait for an order. */
const longestRest = 64

/** An order at rest. Of most it is enough to know where their newest event is: their notes were not rewritten. */
export type Resting = StoredOrder | Address

/** The stored order at rest, if it can be found again by folding its events. */
export const resting = (stored: StoredOrder): Resting => {
  const { awake, version, newest, notes } = stored
  if (awake === null || !awake.isFold || version > longestRest) return stored
  return notes === null ? newest : { ...stored, awake: null }
}

/** An order at rest with all that is known of it. */
export const found = (events: PackedEvents, orderId: OrderId, rests: Resting): StoredOrder => {
  if (typeof rests !== "number") return rests
  const version = events.read(rests, orderId).sealed.event.sequence
  return { orderId, version, newest: rests, awake: null, notes: null }
}

/** The order as it stands, and the hash of its newest event. */
export const wakened = (events: PackedEvents, stored: StoredOrder): Awake => {
  if (stored.awake !== null) return stored.awake
  const folded = fold(historyOf(events, stored).map(({ event }) => event))
  if (folded === null) throw new Error(`order ${stored.orderId} has lost its history`)
  const order = stored.notes === null ? folded : withNotes(folded, stored.notes)
  return { order, headHash: events.hashAt(stored.newest), isFold: true }
}

// --- texts that can be rewritten or erased -----------------------------------------------------------------------------------------------

/** The stored order without what one of its events says in confidence, where it stands and in what was made of it. */
export const erased = (events: PackedEvents, stored: StoredOrder, { event }: SealedEvent): StoredOrder => {
  const awake = wakened(events, stored)
  const found = find(events, stored, event.sequence)
  if (found !== undefined) events.erase(found.address, stored.orderId)
  const order = withoutTextOf(awake.order, event)
  // Notes that were rewritten to what the event says went with it.
  const kept = new Set(order.subscriptions.flatMap(({ subscriptionId, notes }) => (notes === undefined ? [] : [subscriptionId])))
  const notes = stored.notes && new Map([...stored.notes].filter(([of]) => of === "" || kept.has(of)))
  return { ...stored, notes, awake: { ...awake, order } }
}

/** The stored order with other notes, its own ("") or those of a subscription. */
export const annotated = (events: PackedEvents, stored: StoredOrder, of: SubscriptionId | "", text: string): StoredOrder => {
  const awake = wakened(events, stored)
  const notes = new Map(stored.notes).set(of, text)
  return { ...stored, notes, awake: { ...awake, order: withNotes(awake.order, notes) } }
}

const withNotes = (order: Order, rewritten: RewrittenNotes): Order => {
  const own = rewritten.get("")
  return {
    ...order,
    ...(own !== undefined && { notes: own }),
    subscriptions: order.subscriptions.map((subscription) => {
      const notes = rewritten.get(subscription.subscriptionId)
      return notes === undefined || notes === subscription.notes ? subscription : { ...subscription, notes }
    })
  }
}

/** An order as the fold gives it once the event's confidential part is empty. */
const withoutTextOf = (order: Order, event: AuditEvent): Order => {
  if (event.type === "order.cancelled" && order.cancellation) {
    const { reason: _, ...cancellation } = order.cancellation
    return { ...order, cancellation }
  }
  if (event.type !== "subscription.started" && event.type !== "subscription.ended") return withoutTexts(order, event.sequence)
  const subscriptions = order.subscriptions.map((subscription) => {
    if (subscription.subscriptionId !== event.details.subscriptionId) return subscription
    if (event.type === "subscription.started") {
      const { notes, ...rest } = subscription
      // Notes that were rewritten are not what the event says.
      return notes === event.confidential.notes ? rest : subscription
    }
    if (!subscription.ended) return subscription
    const { notes: _, ...ended } = subscription.ended
    return { ...subscription, ended }
  })
  return { ...order, subscriptions }
}

/** An order without what the event of that number says in free text of its subscriptions. */
const withoutTexts = (order: Order, sequence: number): Order => ({
  ...order,
  subscriptions: order.subscriptions.map((subscription) => {
    const { [sequence]: erased, ...left } = subscription.texts ?? {}
    if (erased === undefined) return subscription
    const { texts: _, ...rest } = subscription
    return Object.keys(left).length === 0 ? rest : { ...rest, texts: left }
  })
})

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
    const { notes: _, texts: __, ...changed } = subscription
    const texts = { ...kept.texts, ...addedTexts({ was: before?.subscriptions[position], is: subscription }) }
    return {
      ...changed,
      ...(kept.notes !== undefined && { notes: kept.notes }),
      ...(Object.keys(texts).length > 0 && { texts })
    }
  })
  return { ...rest, subscriptions, ...(stored.notes !== undefined && { notes: stored.notes }) }
}
