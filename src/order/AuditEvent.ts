/**
 * The audit event: the record of one transition, and all that is needed to repeat it. The state of an order is the fold of its events
 * (`evolve.ts`). Each kind of event stands with the command that it records, in `commands/`.
 */
import * as Schema from "effect/Schema"
import commands, { type CommandType, type Commands } from "./commands/index.ts"
import { OrderPlaced } from "./commands/place.ts"
import type { Sku } from "./Order.ts"
import { OwnEvent, type Released } from "./orderEvent.ts"

type EventSchema = typeof OrderPlaced | Commands[CommandType]["event"]

/** The schemas of the library's own kinds of events. */
export const libraryEvents: readonly [typeof OrderPlaced, ...ReadonlyArray<EventSchema>] = [
  OrderPlaced,
  ...Object.values(commands).map(({ event }) => event)
]

/** One thing that happened to an order. */
export const AuditEvent = /* @__PURE__ */ (() =>
  Schema.Union<ReadonlyArray<EventSchema | typeof OwnEvent>>([...libraryEvents, OwnEvent]))()
export type AuditEvent = LibraryEvent | OwnEvent
/** An event of one of the library's own kinds. */
export type LibraryEvent = EventSchema["Type"]

const libraryKinds: ReadonlySet<string> = new Set(libraryEvents.map(({ fields }) => fields.type.schema.literal))

/**
 * Whether an event is of a kind of a process's own. Those have a payload, which no event of the library has: an event of a kind that a later
 * build of the library knows is not taken for one.
 */
export const isOwnEvent = (event: AuditEvent): event is OwnEvent =>
  event.process !== undefined && "payload" in event.details && !libraryKinds.has(event.type)

/** Kinds whose confidential part is the order itself, and no text beside it: that is not erased. */
export const kindsOfTheOrder: ReadonlyArray<AuditEvent["type"]> = [OrderPlaced, commands.correct.event].map(
  ({ fields }) => fields.type.schema.literal
)

/** Whether what an event says in confidence can be erased. */
export const isErasable = ({ type }: AuditEvent): boolean => !kindsOfTheOrder.includes(type)

/** Released units per SKU, in the order of the lines: the form in which the API shows them. */
export const releasedBySku = (released: ReadonlyArray<Released>): ReadonlyArray<{ sku: Sku; quantity: number }> => {
  const quantityBySku = new Map<Sku, number>()
  for (const { sku, quantity } of released) quantityBySku.set(sku, (quantityBySku.get(sku) ?? 0) + quantity)
  return [...quantityBySku].map(([sku, quantity]) => ({ sku, quantity }))
}
