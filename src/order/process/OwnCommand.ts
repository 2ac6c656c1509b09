/** A command of the embedding service's own, as it is declared, and as the library carries it out: by the same definition as one of its own. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Definition } from "../commands/definitions.ts"
import type { InvalidInput } from "../commonRefusals.ts"
import type { OrderCommand, OrderEvent } from "../commands/index.ts"
import type { Actor, Order, OwnData } from "../Order.ts"
import type { OwnEvent } from "../orderEvent.ts"
import type { Timestamp } from "../Timestamp.ts"
import type { OwnFilters } from "./OwnFilters.ts"
import type { RuleFacts, Words } from "./OwnGuard.ts"
import { askRule } from "./RuleFailed.ts"

/** The shape of what callers give: a struct of JSON, the same written and read. */
export type PayloadSchema = Schema.Struct<Schema.Struct.Fields>

/** A command of the embedding service's own. */
export interface OwnCommand<
  Name extends string = string,
  Statuses extends string = string,
  Data = object,
  Payload extends PayloadSchema = PayloadSchema
> {
  /** What it does, in a sentence. */
  readonly description: string
  /** What callers give with it; left out, nothing. */
  readonly payload?: Payload
  /** Members of the payload that name people or are free text: kept apart in the event, so that they can be erased. */
  readonly personal?: ReadonlyArray<keyof Payload["Type"] & string>
  /** The kind of the event that records it: `order.held`. */
  readonly event: string
  /** Where it may be given, and where it leads to. */
  readonly from: { readonly [Status in Statuses]?: Statuses }
  /** What callers are told elsewhere. */
  readonly otherwise: Words
  /** The order's own data afterwards, all of them; left out, they stay. Pure, and answers at once. */
  readonly data?: (facts: RuleFacts<Data, { readonly type: Name } & Payload["Type"]>) => Data
}

/** What a process knows of its own data. */
export interface LoadedData {
  readonly schema: PayloadSchema
  /** What an order has that was given none. */
  readonly initial: OwnData
  /** The data that a caller gives, checked. */
  readonly read: (input: unknown) => Result.Result<OwnData, InvalidInput>
  /** The members that lists can be filtered by. */
  readonly filters: OwnFilters
}

/** An order as it was given, and as rules saw it last: all rules of a decision see the same one, and a copy takes longer than most of them. */
let last: { readonly given: object; readonly initial: OwnData; readonly seen: RuleFacts["order"] } | undefined

/** The order as rules see it: with its own data. */
export const withData = (given: Omit<Order, "data"> & { readonly data?: object }, initial: OwnData): RuleFacts["order"] => {
  if (last !== undefined && last.given === given && last.initial === initial) return last.seen
  const seen = (
    given.data === undefined ? Object.freeze({ ...frozen(given), data: initial }) : frozen(given)
  ) as RuleFacts["order"]
  last = { given, initial, seen }
  return seen
}

/** A value that cannot be changed any more: a rule that tries is told so by the engine. What was frozen before is not walked again. */
export const frozen = <A>(value: A): A => {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const member of Object.values(value)) frozen(member)
  return value
}

/** The definition of an own command. Its events say all that they change, so `evolve` does not come from here: see `evolve.ts`. */
export const ownDefinition = (name: string, declared: OwnCommand, data: LoadedData): OwnDefinition => {
  const question = { type: name } as unknown as OrderEvent
  const { personal = [], data: next } = declared
  return {
    // Its name and kind pass for the library's, where they only stand in a table.
    name: name as never,
    kind: declared.event as never,
    description: declared.description,
    rents: undefined,
    target: "order",
    request: declared.payload ?? Schema.Struct({}),
    facts: {},
    question: () => question,
    commandOf: (_, { details, confidential }) =>
      ({ type: name, ...(details as OwnEvent["details"]).payload, ...confidential }) as unknown as OrderCommand,
    questionOfEvent: () => question,
    refusals: {},
    record: (order: Order, command: OrderCommand, at: Timestamp, actor: Actor) => {
      const { type: _, ...given } = command as unknown as Record<string, Schema.Json> & { readonly type: unknown }
      const payload: Record<string, Schema.Json> = {}
      const confidential: Record<string, Schema.Json> = {}
      for (const [member, value] of Object.entries(given)) (personal.includes(member) ? confidential : payload)[member] = value
      if (next === undefined) return { details: { payload }, confidential } satisfies Said
      const answer = askRule(
        `the data after ${name}`,
        () => next({ order: withData(order, data.initial), command: command as never, at, actor }),
        (given): given is object => Result.isSuccess(data.read(given)),
        "data that fit the schema of the process"
      )
      return { details: { payload, data: copyOf(Result.getOrThrow(data.read(answer))) }, confidential } satisfies Said
    },
    sample: () => question as unknown as OrderCommand
  }
}

/** What an own event says by itself. */
type Said = Pick<OwnEvent, "details" | "confidential">

/** As they will be read: whatever the rule keeps of what it gave is no longer these. */
const copyOf = (data: OwnData): OwnData => JSON.parse(JSON.stringify(data)) as OwnData

export type OwnDefinition = Omit<Definition, "evolve">
