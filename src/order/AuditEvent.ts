/**
 * The audit event: the record of one transition, and all that is needed to repeat it. The state of an order is the fold of its events
 * (`evolve.ts`). Each kind of event stands with the command that it records, in `commands/`.
 */
import * as Schema from "effect/Schema"
import { type CommandType, commands, type Commands } from "./commands/index.ts"
import { OrderPlaced } from "./commands/place.ts"
import type { Sku } from "./Order.ts"
import type { Released } from "./orderEvent.ts"

type EventSchema = typeof OrderPlaced | Commands[CommandType]["event"]

/** One thing that happened to an order. */
export const AuditEvent = Schema.Union<readonly [typeof OrderPlaced, ...ReadonlyArray<EventSchema>]>([
  OrderPlaced,
  ...Object.values(commands).map(({ event }) => event)
])
export type AuditEvent = EventSchema["Type"]

/** Released units per SKU, in the order of the lines: the form in which the API shows them. */
export const releasedBySku = (released: ReadonlyArray<Released>): ReadonlyArray<{ sku: Sku; quantity: number }> => {
  const quantityBySku = new Map<Sku, number>()
  for (const { sku, quantity } of released) quantityBySku.set(sku, (quantityBySku.get(sku) ?? 0) + quantity)
  return [...quantityBySku].map(([sku, quantity]) => ({ sku, quantity }))
}
