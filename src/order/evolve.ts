/**
 * The fold: an order and the next event of its history in, the order afterwards out. An order is nothing but the fold of its events.
 */
import * as Schema from "effect/Schema"
import { type AuditEvent, isOwnEvent } from "./AuditEvent.ts"
import { type Definition, definitionByKind } from "./commands/definitions.ts"
import { orderPlaced } from "./commands/place.ts"
import type { Order } from "./Order.ts"
import type { OwnEvent } from "./orderEvent.ts"

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
  if (event.type === "order.placed") return orderPlaced(event)
  const definition = definitionByKind.get(event.type)
  if (definition === undefined && !isOwnEvent(event)) {
    const { orderId, sequence, type } = event as { orderId: string; sequence: number; type: unknown }
    throw new UnknownEventKind({ orderId, sequence, kind: String(type) })
  }
  if (order === null) throw new Error(`order ${event.orderId}: a history begins with order.placed, not ${event.type}`)
  return isOwnEvent(event) ? evolveOwn(order, event) : (definition as Definition).evolve(order, event)
}

/** An event of a process's own says all that it changes: no process is asked. */
const evolveOwn = (order: Order, { sequence, to, at, details: { data } }: OwnEvent): Order => ({
  ...order,
  version: sequence,
  status: to,
  updatedAt: at,
  ...(data !== undefined && { data })
})

/** The order that a whole history makes. Throws as `evolve` does. */
export const fold = (events: Iterable<AuditEvent>): Order | null => {
  let order: Order | null = null
  for (const event of events) order = evolve(order, event)
  return order
}
