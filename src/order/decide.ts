/**
 * The decision: an order, a command and an occasion in; a `Transition` or a `Refusal` out. Pure: no clock, no chance, no I/O.
 */
import * as Result from "effect/Result"
import type {
  AuditEvent,
  OrderCancelled,
  OrderConfirmed,
  Released,
  RequestId,
  SubscriptionEnded,
  SubscriptionStarted
} from "./AuditEvent.ts"
import { evolve } from "./evolve.ts"
import { assertLaws } from "./invariants.ts"
import type { Answer, Lifecycle } from "./lifecycleTable.ts"
import { answerTo } from "./lifecycleTable.ts"
import type { Actor, Line, Order, Sku, Subscription, SubscriptionId, SubscriptionStatus } from "./Order.ts"
import { activeSubscriptions, unitsOf } from "./Order.ts"
import type { OrderCommand } from "./OrderCommand.ts"
import type { CancellationPolicy, Fact, OrderEvent, StatusFact } from "./orderMachine.ts"
import * as Refusal from "./Refusal.ts"
import type { Timestamp } from "./Timestamp.ts"
import { fromDateInput, latest, offsetOf, plusMonths } from "./Timestamp.ts"

/** When, by whom and under which request a command is given. */
export interface Occasion {
  readonly at: Timestamp
  readonly actor: Actor
  readonly requestId: RequestId
}

/**
 * What one accepted command did: the reply, the audit event and the stored change are all this one value.
 * `before` is null when the order was placed; `after` is always `evolve(before, event)`.
 */
export interface Transition<Event extends AuditEvent = AuditEvent> {
  readonly before: Order | null
  readonly event: Event
  readonly after: Order
  /**
   * True on an answer that is given again under its idempotency key; absent otherwise. `event` is the event of the first answer. `before` is
   * null then, and `after` the order as it stands now, or as it was placed. See `docs/decisions/0027-what-a-replay-carries.md`.
   */
  readonly replayed?: true
}

type Command<Type extends OrderCommand["type"]> = Extract<OrderCommand, { type: Type }>

/** What each command can be refused with. */
export type RefusalOf<Type extends OrderCommand["type"]> = {
  confirm: Refusal.ConfirmRefusal
  startSubscription: Refusal.StartSubscriptionRefusal
  endSubscription: Refusal.EndSubscriptionRefusal
  cancel: Refusal.CancelRefusal
}[Type]

/** The event each command is recorded by. */
export type EventOf<Type extends OrderCommand["type"]> = {
  confirm: typeof OrderConfirmed.Type
  startSubscription: typeof SubscriptionStarted.Type
  endSubscription: typeof SubscriptionEnded.Type
  cancel: typeof OrderCancelled.Type
}[Type]

/**
 * Decide on a command.
 *
 * The machine is asked once and answers with a name: a refusal's code, or where to and with which consequences. Everything else here
 * only puts the question to it and its answer into words.
 */
export const decide = <C extends OrderCommand>(
  lifecycle: Lifecycle,
  order: Order,
  command: C,
  occasion: Occasion
): Result.Result<Transition<EventOf<C["type"]>>, RefusalOf<C["type"]>> => {
  const question = questionOf(order, command, occasion.at)
  const answer = answerTo(lifecycle, order.status, { units: unitsOf(order) }, question)
  if (answer.refusal) return Result.fail(refusalOf(lifecycle, order, command, answer) as RefusalOf<C["type"]>)
  const event = eventOf(order, command, answer, occasion) as EventOf<C["type"]>
  const after = evolve(order, event)
  assertLaws(after)
  return Result.succeed({ before: order, event, after })
}

/**
 * The line an asset is for: the first with its SKU, the length that the caller names, if any, and a held unit; failing that, the first
 * without a held unit. Position from 0, or -1.
 */
const lineFor = (order: Order, sku: Sku | undefined, contractLength: number | undefined): number => {
  const fits = (line: Line) => line.sku === sku && (contractLength === undefined || line.contractLength === contractLength)
  const held = order.lines.findIndex((line) => fits(line) && line.units.held > 0)
  return held >= 0 ? held : order.lines.findIndex(fits)
}

/** A start lies at most this many months from the moment of the command. */
const farthestStartMonths = 60

const startIsNear = (startDate: string | undefined, at: Timestamp): boolean => {
  if (startDate === undefined) return true
  const start = fromDateInput(startDate)
  return start >= plusMonths(at, -farthestStartMonths) && start <= plusMonths(at, farthestStartMonths)
}

/** The SKU that is meant: the asset's own, or the one the caller names, or the only one with held units left, or none that could be told. */
const skuMeant = (order: Order, command: Command<"startSubscription">): Sku | undefined => {
  const named = command.asset.sku ?? command.sku
  if (named !== undefined) return named
  const skus = new Set(order.lines.filter((line) => line.units.held > 0).map((line) => line.sku))
  return skus.size === 1 ? [...skus][0] : undefined
}

const subscriptionOf = (order: Order, id: SubscriptionId) =>
  order.subscriptions.find((subscription) => subscription.subscriptionId === id)

/** A subscription's status, as far as the lifecycle of the order tells them apart. */
const standing = {
  active: "active",
  cancelled: "cancelled",
  ended_completed: "ended",
  ended_buyout: "ended",
  ended_upgrade: "ended",
  ended_early_return: "ended"
} as const satisfies Record<SubscriptionStatus, string>

/** The command as the machine is asked: its type, and the facts its guards want to know. Without `at`, no start is too far away. */
export const questionOf = (order: Order, command: OrderCommand, at?: Timestamp): OrderEvent => {
  switch (command.type) {
    case "confirm":
    case "cancel":
      return { type: command.type }
    case "startSubscription": {
      const sku = skuMeant(order, command)
      const isContradicted = command.sku !== undefined && command.sku !== sku
      const line = isContradicted ? undefined : order.lines[lineFor(order, sku, command.contractLength)]
      const hasOtherLength = !isContradicted && line === undefined && order.lines.some((each) => each.sku === sku)
      return {
        type: "startSubscription",
        customerMatches: command.customerId === order.customer.customerId,
        startIsNear: at === undefined || startIsNear(command.startDate, at),
        asset: !command.asset.isKnown ? "unknown" : command.asset.isRented ? "rented" : "free",
        line:
          sku === undefined ? "unclear" : line !== undefined ? { held: line.units.held } : hasOtherLength ? "otherLength" : "none"
      }
    }
    case "endSubscription": {
      const subscription = subscriptionOf(order, command.rentalId)
      return { type: "endSubscription", subscription: subscription ? standing[subscription.status] : "unknown" }
    }
  }
}

/** Most events have nothing to add, and share it: an empty object for each would add up over a million orders. */
const nothing = Object.freeze({})

/** The event that records an accepted command. Its time never lies before the order's last one, even when the clock was set back. */
const eventOf = (order: Order, command: OrderCommand, answer: Answer, occasion: Occasion): AuditEvent => {
  const common = {
    tenantId: order.tenantId,
    orderId: order.orderId,
    sequence: order.version + 1,
    at: latest(occasion.at, order.updatedAt),
    actor: occasion.actor,
    requestId: occasion.requestId,
    from: order.status,
    to: answer.to,
    released: answer.consequences.includes("releaseHeldUnits") ? heldByLine(order.lines) : []
  }
  switch (command.type) {
    case "confirm":
      return { ...common, type: "order.confirmed", details: nothing, confidential: nothing }
    case "startSubscription": {
      const position = lineFor(order, skuMeant(order, command), command.contractLength)
      const line = order.lines[position] as Line
      const startOffsetMinutes = command.startDate === undefined ? 0 : offsetOf(command.startDate)
      return {
        ...common,
        type: "subscription.started",
        details: {
          subscriptionId: command.subscriptionId,
          line: position,
          serialNumber: command.assetSerialNumber,
          // The moment of the command, and not the event's time: that is later where an earlier event came from a clock that was fast.
          startDate: command.startDate === undefined ? occasion.at : fromDateInput(command.startDate),
          ...(startOffsetMinutes !== 0 && { startOffsetMinutes }),
          contractLength: line.contractLength,
          ...(command.billingGroupId !== undefined && { billingGroupId: command.billingGroupId })
        },
        confidential: command.notes === undefined ? nothing : { notes: command.notes }
      }
    }
    case "endSubscription":
      return {
        ...common,
        type: "subscription.ended",
        details: { subscriptionId: command.rentalId, status: "cancelled", reason: command.reason },
        confidential: command.notes === undefined ? nothing : { notes: command.notes }
      }
    case "cancel":
      return {
        ...common,
        type: "order.cancelled",
        details: nothing,
        confidential: command.reason === undefined ? nothing : { reason: command.reason }
      }
  }
}

const heldByLine = (lines: ReadonlyArray<Line>): ReadonlyArray<Released> => {
  const held: Array<Released> = []
  for (const [line, { sku, units }] of lines.entries()) if (units.held > 0) held.push({ line, sku, quantity: units.held })
  return held
}

const inputFault = (path: string, message: string) =>
  new Refusal.InvalidInput({ details: [{ path, message, code: "invalid_value" }] })

/** The subscriptions that a policy holds against a cancel. */
const inTheWay: Readonly<Record<CancellationPolicy, (order: Order) => ReadonlyArray<Subscription>>> = {
  noActiveSubscriptions: activeSubscriptions,
  beforeFulfilment: (order) => order.subscriptions
}

/** Every subscription that the policy holds against a cancel, oldest first. */
export const subscriptionsInTheWay = (lifecycle: Lifecycle, order: Order): ReadonlyArray<SubscriptionId> =>
  inTheWay[lifecycle.policy](order).map(({ subscriptionId }) => subscriptionId)

/** What is wrong with the input of a start, by the fact that does not hold. */
const startFaultOf = (order: Order, sku: Sku | undefined, lacking: Fact | StatusFact | undefined): Refusal.InvalidInput => {
  if (lacking === "customerMatches") return inputFault("customerId", "must be the customer of the order")
  if (lacking === "startIsNear") return inputFault("startDate", "must be at most 5 years from now")
  if (lacking !== "lengthFitsALine") return inputFault("sku", "is needed: the order has held units of several SKUs")
  const lengths = new Set(order.lines.filter((line) => line.sku === sku).map(({ contractLength }) => contractLength))
  return inputFault("contractLength", `must be one that the order has for ${sku}: ${[...lengths].join(", ")}`)
}

/** The machine's refusal, as the error a caller gets: the same code, and what it takes to act on it. */
export const refusalOf = (lifecycle: Lifecycle, order: Order, command: OrderCommand, answer: Answer): Refusal.Refusal => {
  const { orderId, status } = order
  const code = answer.refusal?.code
  switch (command.type) {
    case "confirm":
      if (code === "ORDER_NOT_PENDING") return new Refusal.OrderNotPending({ orderId, status })
      break
    case "startSubscription": {
      const serialNumber = command.assetSerialNumber
      const sku = skuMeant(order, command)
      if (code === "ORDER_NOT_CONFIRMED") return new Refusal.OrderNotConfirmed({ orderId, status })
      if (code === "ASSET_NOT_FOUND") return new Refusal.AssetNotFound({ serialNumber })
      if (code === "ASSET_NOT_AVAILABLE") return new Refusal.AssetNotAvailable({ serialNumber })
      if (code === "SKU_MISMATCH" && sku !== undefined) return new Refusal.SkuMismatch({ serialNumber, sku })
      if (code === "ITEM_FULLY_FULFILLED") {
        const { contractLength } = command
        return new Refusal.ItemFullyFulfilled({
          orderId,
          ...(sku !== undefined && { sku }),
          ...(sku !== undefined && contractLength !== undefined && { contractLength })
        })
      }
      if (code === "VALIDATION_ERROR") return startFaultOf(order, sku, answer.refusal?.lacking)
      break
    }
    case "endSubscription": {
      const subscriptionId = command.rentalId
      if (code === "NOT_FOUND") return new Refusal.SubscriptionNotFound({ subscriptionId })
      if (code === "ALREADY_CANCELLED") return new Refusal.SubscriptionAlreadyCancelled({ subscriptionId })
      const ended = subscriptionOf(order, subscriptionId)
      if (code === "ALREADY_ENDED" && ended) return new Refusal.SubscriptionAlreadyEnded({ subscriptionId, status: ended.status })
      break
    }
    case "cancel":
      if (code === "ORDER_NOT_CANCELLABLE") {
        const all = subscriptionsInTheWay(lifecycle, order)
        return new Refusal.OrderNotCancellable({
          orderId,
          status,
          guard: lifecycle.policy,
          subscriptionIds: all.slice(0, Refusal.mostSubscriptionsNamed),
          subscriptionCount: all.length
        })
      }
      if (code === "ALREADY_CANCELLED" && order.cancellation) {
        const { at: cancelledAt, reason } = order.cancellation
        return new Refusal.OrderAlreadyCancelled({ orderId, cancelledAt, ...(reason !== undefined && { reason }) })
      }
  }
  throw new Error(`orderMachine refuses ${command.type} with ${String(code)}, which no error class stands for`)
}
