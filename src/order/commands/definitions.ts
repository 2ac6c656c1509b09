/** Commands for code that does not know which of them it has: by name, and by the kind of the event that records them. */
import type { AssetMove } from "../../asset/AssetMove.ts"
import type { AuditEvent } from "../AuditEvent.ts"
import type { Actor, Order, Sku } from "../Order.ts"
import type { Released } from "../orderEvent.ts"
import type { Refusal } from "../Refusal.ts"
import type { Timestamp } from "../Timestamp.ts"
import type { QuoteName, RefusalFacts, RequestSchema, Target } from "./defineCommand.ts"
import commands, { type CommandType, type OrderCommand, type OrderEvent, type PlainCommand } from "./index.ts"

/** What `defineCommand` makes, for any command. */
export interface Definition {
  readonly name: CommandType
  /** The kind of the event that records it. */
  readonly kind: AuditEvent["type"]
  /** What it does, in a sentence. */
  readonly description: string
  readonly request: RequestSchema
  readonly target: Target
  readonly rents: string | undefined
  readonly prices?: (request: object) => ReadonlyArray<Sku>
  readonly quotes?: QuoteName
  readonly facts: Readonly<Record<string, unknown>>
  readonly question: (order: Order, command: OrderCommand, at?: Timestamp) => OrderEvent
  readonly commandOf: (order: Order, event: AuditEvent) => OrderCommand
  readonly questionOfEvent: (order: Order, event: AuditEvent) => OrderEvent
  readonly refusals: Readonly<Record<string, (facts: RefusalFacts<OrderCommand>) => Refusal | undefined>>
  readonly releases?: (order: Order, command: OrderCommand) => ReadonlyArray<Released>
  readonly record: (
    order: Order,
    command: OrderCommand,
    at: Timestamp,
    actor: Actor
  ) => { readonly details: object; readonly confidential: object }
  readonly evolve: (order: Order, event: AuditEvent) => Order
  readonly assetMoves?: (before: Order, event: AuditEvent) => ReadonlyArray<AssetMove>
  readonly warnings?: (order: Order) => ReadonlyArray<string>
  readonly sample: (order: Order) => OrderCommand
  readonly nameInFingerprints?: string
}

// Each function takes its own command and event. They are called by the command's name, or by the event's kind, which the compiler
// cannot follow into a record: this is the one place where it is told.
export const definitions = Object.fromEntries(
  Object.values(commands).map((command) => [command.name, { ...command, kind: command.event.fields.type.schema.literal }])
) as unknown as Readonly<Record<CommandType, Definition>>

/** Those of them that name nothing but their order. */
export const plainCommands: ReadonlyArray<PlainCommand> = Object.values(commands)
  .filter(({ target, request }) => target === "order" && Object.keys(request.fields).length === 0)
  .map(({ name }) => name as PlainCommand)

export const isPlain = (type: string): type is PlainCommand => plainCommands.includes(type as PlainCommand)

/** The command that events of a kind record. */
export const definitionByKind: ReadonlyMap<string, Definition> = new Map(
  Object.values(definitions).map((definition) => [definition.kind, definition])
)
