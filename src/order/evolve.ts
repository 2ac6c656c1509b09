/**
 * The fold: an order and the next event of its history in, the order afterwards out. An order is nothing but the fold of its events.
 */
import * as Schema from "effect/Schema"
import { AuditEvent, type SubscriptionStarted } from "./AuditEvent.ts"
import { decimalsOnceAssumed } from "./Money.ts"
import type { Line, Order, Subscription } from "./Order.ts"
import { plusMonths } from "./Timestamp.ts"
import { endUnit, allHeld, releaseHeld, startUnit, type Units } from "./Units.ts"

const updateLine = (lines: ReadonlyArray<Line>, position: number, update: (units: Units) => Units): ReadonlyArray<Line> =>
  lines.map((line, index) => (index === position ? { ...line, units: update(line.units) } : line))

/** The subscription that an event started, as it was then. */
export const startedBy = (event: typeof SubscriptionStarted.Type): Subscription => ({
  ...event.details,
  endDate: plusMonths(event.details.startDate, event.details.contractLength, event.details.startOffsetMinutes),
  ...event.confidential,
  status: "active",
  createdAt: event.at,
  createdBy: event.actor.userId,
  updatedAt: event.at
})

/** An event of a kind that this build does not know: another build, or another program, wrote it. */
export class UnknownEventKind extends Schema.TaggedError<UnknownEventKind>()("UnknownEventKind", {
  orderId: Schema.String,
  sequence: Schema.Int,
  kind: Schema.String
}) {
  override get message() {
    return `order ${this.orderId}: event ${this.sequence} is of a kind that is not known here: ${this.kind}`
  }
}

/**
 * Apply one event. Throws on an event that does not follow (a history with a gap is not a history), and an `UnknownEventKind` on one of a
 * kind that is not known.
 */
export const evolve = (order: Order | null, event: AuditEvent): Order => {
  if (event.sequence !== (order?.version ?? 0) + 1) {
    throw new Error(`order ${event.orderId}: event ${event.sequence} does not follow version ${order?.version ?? 0}`)
  }
  if (event.type === "order.placed") {
    const { customerId: _, lines, ...ordered } = event.details
    return {
      tenantId: event.tenantId,
      orderId: event.orderId,
      version: event.sequence,
      status: event.to,
      ...ordered,
      decimals: ordered.decimals ?? decimalsOnceAssumed(ordered.currency),
      ...event.confidential,
      lines: lines.map((line) => ({ ...line, units: allHeld(line.quantity) })),
      subscriptions: [],
      createdAt: event.at,
      createdBy: event.actor.userId,
      updatedAt: event.at
    }
  }
  if (!isKnownKind(event.type)) {
    const { orderId, sequence, type } = event as { orderId: string; sequence: number; type: unknown }
    throw new UnknownEventKind({ orderId, sequence, kind: String(type) })
  }
  if (order === null) throw new Error(`order ${event.orderId}: a history begins with order.placed, not ${event.type}`)
  const { sequence: version, to: status, at: updatedAt } = event
  // Each case copies the order once: a copy of some twenty members is most of what a decision takes.
  switch (event.type) {
    case "order.confirmed":
      return { ...order, version, status, updatedAt }
    case "subscription.started": {
      const subscription = startedBy(event)
      return {
        ...order,
        version,
        status,
        updatedAt,
        lines: updateLine(order.lines, subscription.line, startUnit),
        subscriptions: [...order.subscriptions, subscription]
      }
    }
    case "subscription.ended": {
      const { subscriptionId, status: standing, reason } = event.details
      const ending = order.subscriptions.find((subscription) => subscription.subscriptionId === subscriptionId)
      if (ending === undefined) throw new Error(`order ${event.orderId}: no subscription ${subscriptionId} to end`)
      const ended: Subscription = {
        ...ending,
        status: standing,
        updatedAt,
        ended: { at: event.at, by: event.actor, ...(reason !== undefined && { reason }), ...event.confidential }
      }
      return {
        ...order,
        version,
        status,
        updatedAt,
        lines: updateLine(order.lines, ending.line, endUnit),
        subscriptions: order.subscriptions.map((subscription) => (subscription === ending ? ended : subscription))
      }
    }
    case "order.cancelled":
      return {
        ...order,
        version,
        status,
        updatedAt,
        lines: order.lines.map((line) => ({ ...line, units: releaseHeld(line.units) })),
        cancellation: { ...event.confidential, at: event.at, by: event.actor }
      }
  }
}

const kinds: ReadonlySet<string> = new Set(AuditEvent.members.map(({ fields }) => fields.type.schema.literal))
const isKnownKind = (kind: string): boolean => kinds.has(kind)

/** The order that a whole history makes. Throws as `evolve` does. */
export const fold = (events: Iterable<AuditEvent>): Order | null => {
  let order: Order | null = null
  for (const event of events) order = evolve(order, event)
  return order
}
