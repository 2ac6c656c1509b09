/**
 * A script: calls with their times, and all that decides what becomes of them. It is plain JSON, and can be played again (`playScript.ts`),
 * made shorter (`shrink.ts`) and read (`printScript.ts`).
 *
 * Ids are made while a script is played. So a call does not name an order by its id but by the call that places it.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Change } from "../lifecycle/OrderStore.ts"
import { CurrencyForNewAmounts } from "../order/CurrencyForNewAmounts.ts"
import { CustomerId, OrderId, Sku, SubscriptionId, TenantId } from "../order/Order.ts"
import { CancelOrder } from "../order/commands/cancel.ts"
import { CancelSubscription } from "../order/commands/cancelSubscription.ts"
import { PlaceOrder } from "../order/commands/place.ts"
import { StartSubscription } from "../order/commands/startSubscription.ts"
import { cancellationPolicyNames } from "../order/policies/index.ts"
import { Timestamp } from "../order/Timestamp.ts"
import { attemptOf, type Call, type Sent, type Watcher } from "./Call.ts"
import { Faults } from "./Faults.ts"
import { Distribution } from "./randomness.ts"

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const orZero = Schema.withDecodingDefaultKey<typeof Count>(Effect.succeed(0))(Count)

/** Virtual ms; fractions count, too. */
const Moment = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))

/** What the call of this number made: its order, the customer of that, its subscription. Or something by its id, which nobody has made. */
const OrderOf = Schema.Union([Count, OrderId])
const CustomerOf = Schema.Union([Count, CustomerId])
const SubscriptionOf = Schema.Union([Count, SubscriptionId])

const { orderId: _, customerId: __, ...startFields } = StartSubscription.fields
const { rentalId: ___, ...endFields } = CancelSubscription.fields

/** A call whose ids may be references. */
export const ScriptedCall = Schema.Union([
  Schema.Struct({ type: Schema.tag("place"), request: PlaceOrder }),
  Schema.Struct({ type: Schema.tag("confirm"), order: OrderOf }),
  Schema.Struct({
    type: Schema.tag("startSubscription"),
    order: OrderOf,
    customer: CustomerOf,
    request: Schema.Struct(startFields)
  }),
  Schema.Struct({ type: Schema.tag("cancelSubscription"), subscription: SubscriptionOf, request: Schema.Struct(endFields) }),
  Schema.Struct({ type: Schema.tag("cancel"), order: OrderOf, request: CancelOrder }),
  Schema.Struct({ type: Schema.tag("cancelMany"), orders: Schema.Array(OrderOf), request: CancelOrder })
])
export type ScriptedCall = typeof ScriptedCall.Type

/** One call, on its way. Steps of the same number are the same call again: each is an attempt of its own. */
export const Step = Schema.Struct({
  /** From the start of the script. */
  atMs: Moment,
  number: Count,
  attempt: orZero,
  tenant: TenantId,
  user: Schema.NonEmptyString,
  key: Schema.optionalKey(Schema.String),
  /** How often the caller asks again, as long as nothing is known. */
  repeats: orZero,
  call: ScriptedCall
})
export type Step = typeof Step.Type

const instantly: typeof Distribution.Encoded = { constant: 0 }

/** As the scenario of a simulation says it. */
const Pace = Schema.Struct({
  latencyMs: Schema.withDecodingDefaultKey<typeof Distribution>(Effect.succeed(instantly))(Distribution),
  connections: Schema.withDecodingDefaultKey<typeof Count>(Effect.succeed(16))(Count.check(Schema.isGreaterThan(0)))
})

export const Script = Schema.Struct({
  seed: Schema.Int,
  policy: Schema.Literals(cancellationPolicyNames),
  start: Timestamp,
  products: Schema.Array(Schema.Struct({ sku: Sku, currency: CurrencyForNewAmounts, isActive: Schema.Boolean })),
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

/** The numbers of the calls that a call refers to. */
export const referencesOf = (call: ScriptedCall): ReadonlyArray<number> => {
  const numbers = (references: ReadonlyArray<number | string>) => references.filter((reference) => typeof reference === "number")
  switch (call.type) {
    case "place":
      return []
    case "confirm":
    case "cancel":
      return numbers([call.order])
    case "startSubscription":
      return numbers([call.order, call.customer])
    case "cancelSubscription":
      return numbers([call.subscription])
    case "cancelMany":
      return numbers(call.orders)
  }
}

/** What calls have made, both ways. Whoever watches a run knows it from what is committed. */
export class MadeByCalls {
  readonly #orders = new Map<number, { readonly orderId: OrderId; readonly customerId: CustomerId }>()
  readonly #subscriptions = new Map<number, SubscriptionId>()
  readonly #callByOrder = new Map<OrderId, number>()
  readonly #callByCustomer = new Map<CustomerId, number>()
  readonly #callBySubscription = new Map<SubscriptionId, number>()

  /** The number of the call that has made something now, or null. What a repeated call makes later has no name: the first one keeps it. */
  learn({ transition: { event } }: Change): number | null {
    const number = attemptOf(event.requestId)?.number ?? null
    if (number === null) return null
    if (event.type === "order.placed") {
      const { customerId } = event.details
      if (this.#orders.has(number)) return null
      this.#orders.set(number, { orderId: event.orderId, customerId })
      this.#callByOrder.set(event.orderId, number)
      if (!this.#callByCustomer.has(customerId)) this.#callByCustomer.set(customerId, number)
      return number
    }
    if (event.type !== "subscription.started" || this.#subscriptions.has(number)) return null
    this.#subscriptions.set(number, event.details.subscriptionId)
    this.#callBySubscription.set(event.details.subscriptionId, number)
    return number
  }

  /** A call with references for the ids that calls have made. */
  toScript(call: Call): ScriptedCall {
    const order = (orderId: OrderId) => this.#callByOrder.get(orderId) ?? orderId
    switch (call.type) {
      case "place":
        return call
      case "confirm":
        return { type: call.type, order: order(call.orderId) }
      case "startSubscription": {
        const { orderId, customerId, ...request } = call.request
        return { type: call.type, order: order(orderId), customer: this.#callByCustomer.get(customerId) ?? customerId, request }
      }
      case "cancelSubscription": {
        const { rentalId, ...request } = call.request
        return { type: call.type, subscription: this.#callBySubscription.get(rentalId) ?? rentalId, request }
      }
      case "cancel":
        return { type: call.type, order: order(call.orderId), request: call.request }
      case "cancelMany":
        return { type: call.type, orders: call.orderIds.map(order), request: call.request }
    }
  }

  /** A call with the ids that its references stand for; null as long as one of them has not been made. */
  fromScript(call: ScriptedCall): Call | null {
    const orderOf = (reference: number | OrderId) =>
      typeof reference === "number" ? this.#orders.get(reference)?.orderId : reference
    switch (call.type) {
      case "place":
        return call
      case "confirm": {
        const orderId = orderOf(call.order)
        return orderId === undefined ? null : { type: call.type, orderId }
      }
      case "startSubscription": {
        const orderId = orderOf(call.order)
        const customerId = typeof call.customer === "number" ? this.#orders.get(call.customer)?.customerId : call.customer
        if (orderId === undefined || customerId === undefined) return null
        return { type: call.type, request: { ...call.request, orderId, customerId } }
      }
      case "cancelSubscription": {
        const { subscription, request } = call
        const rentalId = typeof subscription === "number" ? this.#subscriptions.get(subscription) : subscription
        return rentalId === undefined ? null : { type: call.type, request: { ...request, rentalId } }
      }
      case "cancel": {
        const orderId = orderOf(call.order)
        return orderId === undefined ? null : { type: call.type, orderId, request: call.request }
      }
      case "cancelMany": {
        const orderIds = call.orders.flatMap((reference) => orderOf(reference) ?? [])
        return orderIds.length < call.orders.length ? null : { type: call.type, orderIds, request: call.request }
      }
    }
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

  readonly sent = ({ call, number, attempt, tenantId, userId, key }: Sent, now: number): void => {
    if (this.#isHealing && this.#known.has(number)) return
    this.#known.add(number)
    this.steps.push({
      atMs: now - this.#startedAt,
      number,
      attempt,
      tenant: tenantId,
      user: userId,
      ...(key !== undefined && { key }),
      repeats: 0,
      call: this.#made.toScript(call)
    })
  }

  readonly committed = (change: Change): void => {
    this.#made.learn(change)
  }
}
