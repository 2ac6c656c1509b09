/**
 * What the reader did on the page, and what came of it. The page keeps what was asked for and nothing else: order, events and answers are
 * played from it by the library's own functions each time, so that undoing a step is leaving it out, and a link is the list of steps.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type AuditEvent, libraryEvents } from "../../../src/order/AuditEvent.ts"
import type { SealedEvent } from "../../../src/order/auditChain.ts"
import { decide } from "../../../src/order/decide.ts"
import type { Transition } from "../../../src/order/Transition.ts"
import { fold } from "../../../src/order/evolve.ts"
import { type Blocker, explain, preview, type Preview } from "../../../src/order/explain.ts"
import { type Lifecycle, lifecycles } from "../../../src/order/lifecycleTable.ts"
import { CustomerId, isActive, type Order, SerialNumber, Sku, SubscriptionId } from "../../../src/order/Order.ts"
import { CancelOrder } from "../../../src/order/commands/cancel.ts"
import { definitions } from "../../../src/order/commands/definitions.ts"
import { type CommandType, commandTypes, type OrderCommand } from "../../../src/order/commands/index.ts"
import { place, PlaceOrder } from "../../../src/order/commands/place.ts"
import { SubscriptionCancelReason } from "../../../src/order/commands/cancelSubscription.ts"
import { type CancellationPolicy, cancellationPolicyNames } from "../../../src/order/policies/index.ts"
import { carefulReader } from "../../../src/order/carefulReader.ts"
import type { Refusal } from "../../../src/order/Refusal.ts"
import { customerId, occasionOf, placingFacts, requestFor } from "./shop.ts"

/** Commands of which the reader says what they bring along. */
type Said = "confirm" | "startSubscription" | "cancelSubscription" | "cancel"
const said: ReadonlySet<string> = new Set<Said>(["confirm", "startSubscription", "cancelSubscription", "cancel"])

/** All others, which bring along what a sample of theirs does. */
export const sampledTypes = commandTypes.filter((type): type is Exclude<CommandType, Said> => !said.has(type))

/** What can be asked of the order on the page: a command, and what its surroundings would know of it. */
export const Asked = Schema.Union([
  Schema.Struct({ type: Schema.tag("confirm") }),
  Schema.Struct({
    type: Schema.tag("startSubscription"),
    serialNumber: SerialNumber,
    sku: Sku,
    /** What the registry of assets says. `rented`: by another order of the tenant. */
    asset: Schema.Literals(["free", "rented", "unknown"]),
    customer: Schema.Literals(["of the order", "another"])
  }),
  Schema.Struct({ type: Schema.tag("cancelSubscription"), subscriptionId: SubscriptionId, reason: SubscriptionCancelReason }),
  Schema.Struct({ type: Schema.tag("cancel"), ...CancelOrder.fields }),
  Schema.Struct({ type: Schema.Literals(sampledTypes), subscriptionId: SubscriptionId })
])
export type Asked = typeof Asked.Type

/** An event as stored, read from text. */
export const StoredEvent = Schema.Struct({
  // The page shows the library alone, and goes without what own events take.
  // oxlint-disable-next-line typescript/no-unnecessary-type-assertion -- what is read of it elsewhere is any event
  event: Schema.Union(libraryEvents) as unknown as typeof AuditEvent,
  salt: Schema.NullOr(Schema.String),
  confidentialSeal: Schema.String,
  previousHash: Schema.NullOr(Schema.String),
  hash: Schema.String
})

/** How the order came about: it was ordered here, or its history was brought along and is shown up to one of its events. */
export const Origin = Schema.Union([
  Schema.Struct({ items: Schema.Array(Schema.Struct({ sku: Schema.String, quantity: Schema.Finite })) }),
  Schema.Struct({ history: Schema.NonEmptyArray(StoredEvent), shown: Schema.Int.check(Schema.isGreaterThan(0)) })
])
export type Origin = typeof Origin.Type

export const Journey = Schema.Struct({
  policy: Schema.Literals(cancellationPolicyNames),
  origin: Origin,
  asked: Schema.Array(Asked)
})
export type Journey = typeof Journey.Type

/** What was asked, and the answer. */
export type Answered =
  | { readonly asked: Asked | "place"; readonly transition: Transition }
  | { readonly asked: Asked | "place"; readonly refusal: Refusal; readonly blockers: ReadonlyArray<Blocker> }

/** An event that was stored, or one that was recorded here, in that step. */
export type Recorded = SealedEvent | { readonly event: AuditEvent; readonly step: number }

export interface Played {
  readonly lifecycle: Lifecycle
  /** Null while there is none: it could not be placed. */
  readonly order: Order | null
  /** `sealed.ts` seals them. */
  readonly events: ReadonlyArray<Recorded>
  readonly answers: ReadonlyArray<Answered>
  /** Counts on the page's clock, refused steps as well as accepted ones. */
  readonly nextStep: number
}

/** The command, with the facts that the services would have found out. */
export const commandOf = (asked: Asked, order: Order): OrderCommand => {
  if (isSampled(asked)) return sampleOf(asked.type, order, asked.subscriptionId)
  switch (asked.type) {
    case "confirm":
    case "cancel":
      return asked
    case "cancelSubscription":
      return { type: "cancelSubscription", rentalId: asked.subscriptionId, reason: asked.reason }
    case "startSubscription": {
      const isRentedHere = order.subscriptions.some((each) => each.serialNumber === asked.serialNumber && isActive(each))
      return {
        type: "startSubscription",
        subscriptionId: SubscriptionId.make(`sub_${order.version + 1}`),
        assetSerialNumber: asked.serialNumber,
        customerId: asked.customer === "of the order" ? order.customer.customerId : CustomerId.make(`not ${customerId}`),
        asset: { isKnown: asked.asset !== "unknown", isRented: asked.asset === "rented" || isRentedHere, sku: asked.sku }
      }
    }
  }
}

/** A command of that type that is about this subscription, if it is about one, and makes names that are new. */
const sampleOf = (type: CommandType, order: Order, rentalId: SubscriptionId): OrderCommand => {
  const sample: OrderCommand = definitions[type].sample(order)
  const name = order.version + 1
  return {
    ...sample,
    ...("rentalId" in sample && { rentalId }),
    ...("subscriptionId" in sample && { subscriptionId: SubscriptionId.make(`sub_${name}`) }),
    ...("newSerialNumber" in sample && { newSerialNumber: SerialNumber.make(`UNIT-${name}`) })
  }
}

const isSampled = (asked: Asked): asked is Extract<Asked, { readonly type: (typeof sampledTypes)[number] }> =>
  !said.has(asked.type)

const readPlaceOrder = carefulReader(PlaceOrder)

const placed = (lifecycle: Lifecycle, items: ReadonlyArray<{ readonly sku: string; readonly quantity: number }>) =>
  Result.flatMap(readPlaceOrder(requestFor(items)), (request) => place(lifecycle, request, placingFacts, occasionOf(0)))

/** Everything that follows from what was asked. */
export const play = ({ policy, origin, asked }: Journey): Played => {
  const lifecycle = lifecycles[policy]
  const events: Array<Recorded> = []
  const answers: Array<Answered> = []
  let order: Order | null = null
  const record = (transition: Transition, step: number) => {
    events.push({ event: transition.event, step })
    order = transition.after
  }
  if ("items" in origin) {
    const placing = placed(lifecycle, origin.items)
    if (Result.isFailure(placing)) {
      return { lifecycle, order, events, answers: [{ asked: "place", refusal: placing.failure, blockers: [] }], nextStep: 0 }
    }
    record(placing.success, 0)
    answers.push({ asked: "place", transition: placing.success })
  } else {
    events.push(...origin.history.slice(0, origin.shown))
    order = fold(events.map(({ event }) => event))
  }
  const before = events.length
  for (const [index, each] of asked.entries()) {
    const step = before + index
    const current: Order | null = order
    if (current === null) break
    const command = commandOf(each, current)
    const decision: Result.Result<Transition, Refusal> = decide(lifecycle, current, command, occasionOf(step))
    if (Result.isSuccess(decision)) {
      record(decision.success, step)
      answers.push({ asked: each, transition: decision.success })
    } else {
      answers.push({ asked: each, refusal: decision.failure, blockers: explain(lifecycle, current, command) })
    }
  }
  return { lifecycle, order, events, answers, nextStep: before + asked.length }
}

/** What would happen if this were asked now. Changes nothing. */
export const foresee = ({ lifecycle, order, nextStep }: Played, asked: Asked): Preview | null =>
  order && preview(lifecycle, order, commandOf(asked, order), occasionOf(nextStep))

export const startWith = (policy: CancellationPolicy, items: ReadonlyArray<{ sku: string; quantity: number }>): Journey => ({
  policy,
  origin: { items },
  asked: []
})

/** The journey with one more step; what had been undone is gone. */
export const ask = (journey: Journey, asked: Asked): Journey => ({ ...journey, asked: [...journey.asked, asked] })
