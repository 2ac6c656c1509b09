/**
 * A script: calls with their times, and all that decides what becomes of them. It is plain JSON, and can be played again (`playScript.ts`),
 * made shorter (`shrink.ts`) and read (`printScript.ts`).
 *
 * Ids are made while a script is played. So a call does not name an order by its id but by the call that places it.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import type { Change } from "../lifecycle/OrderStore.ts"
import { DurationText } from "../order/durationText.ts"
import { CurrencyForNewAmounts } from "../order/CurrencyForNewAmounts.ts"
import { contractEndings } from "../order/contractEnds.ts"
import { ContractLength, CustomerId, OrderId, Sku, SubscriptionId, TenantId } from "../order/Order.ts"
import { CancelOrder } from "../order/commands/cancel.ts"
import commands, { type Commands, type CommandType, commandTypes } from "../order/commands/index.ts"
import { PlaceOrder } from "../order/commands/place.ts"
import { cancellationPolicyNames } from "../order/policies/index.ts"
import { JsonObject } from "../order/Text.ts"
import { Timestamp } from "../order/Timestamp.ts"
import { attemptOf, type Call, type CommandCall, type Sent, type Watcher } from "./Call.ts"
import { Faults } from "./Faults.ts"
import { Distribution } from "./randomness.ts"

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const orZero = Schema.withDecodingDefaultKey<typeof Count>(Effect.succeed(0))(Count)

/** Virtual ms; fractions count, too. */
const Moment = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))

/** What the call of this number made: its order, the customer of that, its subscription. Or something by its id, which nobody has made. */
const references = {
  order: Schema.Union([Count, OrderId]),
  customer: Schema.Union([Count, CustomerId]),
  subscription: Schema.Union([Count, SubscriptionId])
}
type Reference = keyof typeof references
const referenceNames = Object.keys(references) as ReadonlyArray<Reference>

/** What stands in a script for an id that a caller gives. Whatever else a caller gives stands there as it is. */
const referenceFor = { orderId: "order", customerId: "customer", rentalId: "subscription" } as const
type Id = keyof typeof referenceFor
const isId = (member: string): member is Id => Object.hasOwn(referenceFor, member)

/** What the caller of a command gives: the request, and what stands beside it. */
type Given<Type extends CommandType> = Omit<CommandCall<Type>, "type" | "request"> & CommandCall<Type>["request"]

/** A command whose ids may be references. */
export type ScriptedCommand<Type extends CommandType = CommandType> = {
  readonly [Name in Type]: { readonly type: Name; readonly request: Omit<Commands[Name]["request"]["Type"], Id> } & {
    readonly [Member in keyof Given<Name> as Member extends Id ? (typeof referenceFor)[Member] : never]:
      | number
      | Given<Name>[Member]
  }
}[Type]

/** A request may be left out where there is nothing to ask. */
const scriptedCommand = (type: CommandType) => {
  const { target, request } = commands[type]
  const given: Schema.Struct.Fields = target === "order" ? { orderId: OrderId, ...request.fields } : request.fields
  const referring: Record<string, Schema.Constraint> = {}
  const asked: Record<string, Schema.Constraint> = {}
  for (const [member, field] of Object.entries(given)) {
    if (!isId(member)) asked[member] = field
    else {
      const name = referenceFor[member]
      referring[name] = SchemaAST.isOptional(field.ast) ? Schema.optionalKey(references[name]) : references[name]
    }
  }
  const orNothing = Schema.withDecodingDefaultKey<Schema.Struct<typeof asked>>(Effect.succeed({}))
  return Schema.Struct({ type: Schema.tag(type), ...referring, request: orNothing(Schema.Struct(asked)) })
}

const ScriptedPlace = Schema.Struct({ type: Schema.tag("place"), request: PlaceOrder })
const ScriptedCancelMany = Schema.Struct({
  type: Schema.tag("cancelMany"),
  orders: Schema.Array(references.order),
  request: CancelOrder
})

/** A command of the process that the script is played under. */
const ScriptedOwn = Schema.Struct({
  type: Schema.tag("apply"),
  order: references.order,
  command: Schema.String,
  payload: Schema.withDecodingDefaultKey<typeof JsonObject>(Effect.succeed({}))(JsonObject)
})

/** A call whose ids may be references. */
export type ScriptedCall = ScriptedCommand | typeof ScriptedOwn.Type | typeof ScriptedPlace.Type | typeof ScriptedCancelMany.Type
// The compiler does not see what becomes of a record in a loop; the type says the same of it.
export const ScriptedCall = Schema.Union([
  ScriptedPlace,
  ...commandTypes.map(scriptedCommand),
  ScriptedCancelMany,
  ScriptedOwn
]) as unknown as Schema.Codec<ScriptedCall>

/** One call, on its way. Steps of the same number are the same call again: each is an attempt of its own. */
export const Step = Schema.Struct({
  /** From the start of the script. */
  atMs: Moment,
  number: Count,
  attempt: orZero,
  tenant: TenantId,
  user: Schema.NonEmptyString,
  key: Schema.optionalKey(Schema.String),
  /** The version that the order has to be at. Absent: any will do. */
  expectedVersion: Schema.optionalKey(Count.check(Schema.isGreaterThan(0))),
  /** How often the caller asks again, as long as nothing is known. */
  repeats: orZero,
  call: ScriptedCall
})
export type Step = typeof Step.Type

const instantly: typeof Distribution.Encoded = { constant: 0 }

/** As the scenario of a simulation says it. */
const Pace = Schema.Struct({
  latencyMs: Schema.withDecodingDefaultKey<typeof Distribution>(Effect.succeed(instantly))(Distribution),
  connections: Schema.withDecodingDefaultKey<typeof Count>(Effect.succeed(16))(Count.check(Schema.isGreaterThan(0))),
  /** Whether calls that wait share a step of the store. */
  sharesStatements: Schema.withDecodingDefaultKey<typeof Schema.Boolean>(Effect.succeed(false))(Schema.Boolean)
})

export const Script = Schema.Struct({
  seed: Schema.Int,
  policy: Schema.Literals(cancellationPolicyNames),
  /** Orders that are pending for so long are cancelled. Absent: they stay. */
  pendingExpiresAfter: Schema.optionalKey(DurationText),
  /** What the services do when a contract ends. Absent: nothing. */
  whenContractEnds: Schema.optionalKey(Schema.Literals(contractEndings)),
  start: Timestamp,
  /** What is sold, and for how many months: 12 where it does not say. */
  products: Schema.Array(
    Schema.Struct({
      sku: Sku,
      currency: CurrencyForNewAmounts,
      isActive: Schema.Boolean,
      contractMonths: Schema.optionalKey(ContractLength)
    })
  ),
  /** The registry of assets: the SKU by serial number. Absent: there is none, and every serial number is known. */
  assets: Schema.optionalKey(Schema.Record(Schema.String, Sku)),
  faults: Faults,
  /** How long a step of the store takes, and how many it does at once. */
  store: Schema.withDecodingDefaultKey<typeof Pace>(Effect.succeed({}))(Pace),
  /** From then on nothing goes wrong any more, and everybody asks until they know. */
  healAfterMs: Moment,
  /** By time. */
  steps: Schema.Array(Step)
})
export type Script = typeof Script.Type

/** A script as a file: JSON, and back. */
export const ScriptJson = Schema.fromJsonString(Script)

/** What a call refers to by name, as far as it does. */
const referencesBy = (call: object): Partial<Readonly<Record<Reference, number | string>>> => call

/** The numbers of the calls that a call refers to. */
export const referencesOf = (call: ScriptedCall): ReadonlyArray<number> => {
  const named = call.type === "cancelMany" ? call.orders : referenceNames.map((name) => referencesBy(call)[name])
  return named.filter((reference) => typeof reference === "number")
}

const mapsByReference = <Key, Value>(): Readonly<Record<Reference, Map<Key, Value>>> => ({
  order: new Map(),
  customer: new Map(),
  subscription: new Map()
})

/** What calls have made, both ways. Whoever watches a run knows it from what is committed. */
export class MadeByCalls {
  readonly #ids = mapsByReference<number, string>()
  readonly #calls = mapsByReference<string, number>()

  /** The number of the call that has made something now, or null. What a repeated call makes later has no name: the first one keeps it. */
  learn({ transition: { event } }: Change): number | null {
    const number = attemptOf(event.requestId)?.number ?? null
    if (number === null) return null
    if (event.type === "order.placed") {
      if (this.#ids.order.has(number)) return null
      this.#name("order", event.orderId, number)
      this.#name("customer", event.details.customerId, number)
      return number
    }
    const begun =
      event.type === "subscription.started"
        ? event.details.subscriptionId
        : event.type === "subscription.upgraded"
          ? event.details.newSubscriptionId
          : undefined
    if (begun === undefined || this.#ids.subscription.has(number)) return null
    this.#name("subscription", begun, number)
    return number
  }

  #name(what: Reference, id: string, number: number): void {
    this.#ids[what].set(number, id)
    // A customer who was there before has the name of the call that came first.
    if (!this.#calls[what].has(id)) this.#calls[what].set(id, number)
  }

  /** A call with references for the ids that calls have made. */
  toScript(call: Call): ScriptedCall {
    if (call.type === "place") return call
    if (call.type === "cancelMany") {
      const orders = call.orderIds.map((orderId) => this.#calls.order.get(orderId) ?? orderId)
      return { type: call.type, orders, request: call.request }
    }
    if (call.type === "apply") {
      const { type, orderId, command, payload } = call
      return { type, order: this.#calls.order.get(orderId) ?? orderId, command, payload }
    }
    const { type, request, ...beside } = call
    const referring: Record<string, number | string> = {}
    const asked: Record<string, unknown> = {}
    for (const [member, value] of Object.entries({ ...beside, ...request })) {
      const id = String(value)
      if (isId(member)) referring[referenceFor[member]] = this.#calls[referenceFor[member]].get(id) ?? id
      else asked[member] = value
    }
    return { type, ...referring, request: asked } as unknown as ScriptedCommand
  }

  /** A call with the ids that its references stand for; null as long as one of them has not been made. */
  fromScript(call: ScriptedCall): Call | null {
    if (call.type === "place") return call
    const idOf = (what: Reference, reference: number | string) =>
      typeof reference === "number" ? this.#ids[what].get(reference) : reference
    if (call.type === "cancelMany") {
      const orderIds = call.orders.flatMap((reference) => (idOf("order", reference) as OrderId | undefined) ?? [])
      return orderIds.length < call.orders.length ? null : { type: call.type, orderIds, request: call.request }
    }
    if (call.type === "apply") {
      const { type, order, command, payload } = call
      const orderId = idOf("order", order) as OrderId | undefined
      return orderId === undefined ? null : { type, orderId, command, payload }
    }
    const ids: Partial<Record<Id, string>> = {}
    for (const member of Object.keys(referenceFor).filter(isId)) {
      const reference = referencesBy(call)[referenceFor[member]]
      if (reference === undefined) continue
      const id = idOf(referenceFor[member], reference)
      if (id === undefined) return null
      ids[member] = id
    }
    const { type, request } = call
    if (commands[type].target !== "order") return { type, request: { ...request, ...ids } } as unknown as CommandCall
    const { orderId, ...others } = ids
    return { type, orderId, request: { ...request, ...others } } as unknown as CommandCall
  }
}

/** Writes down what callers send, as the steps of a script that does the same. */
export class Recorder implements Watcher {
  readonly steps: Array<Step> = []
  readonly #made = new MadeByCalls()
  readonly #startedAt: number
  readonly #known = new Set<number>()
  #isHealing = false

  constructor(startedAt: number) {
    this.#startedAt = startedAt
  }

  /** From now on everybody asks until they know, in this run and in every other: repeats are no part of the script any more. */
  heal(): void {
    this.#isHealing = true
  }

  readonly sent = ({ call, number, attempt, tenantId, userId, key, expectedVersion }: Sent, now: number): void => {
    if (this.#isHealing && this.#known.has(number)) return
    this.#known.add(number)
    this.steps.push({
      atMs: now - this.#startedAt,
      number,
      attempt,
      tenant: tenantId,
      user: userId,
      ...(key !== undefined && { key }),
      ...(expectedVersion !== undefined && { expectedVersion }),
      repeats: 0,
      call: this.#made.toScript(call)
    })
  }

  readonly committed = (change: Change): void => {
    this.#made.learn(change)
  }
}
