/**
 * A call on the services, as data: how it is made, what it answers in one line, and what it would do and answer if nobody else called.
 *
 * What nobody else would do is said by the pure functions alone (`place` and `decide`), without a store, a clock or a retry. So whatever
 * concurrent calls did to a store can be held against what they can have done one after the other.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { OrderLifecycle } from "../lifecycle/OrderLifecycle.ts"
import type { Caller } from "../lifecycle/Caller.ts"
import type { OrderStore } from "../lifecycle/OrderStore.ts"
import { Reservations } from "../lifecycle/Reservations.ts"
import { RequestId } from "../order/orderEvent.ts"
import { decide } from "../order/decide.ts"
import type { Occasion, Transition } from "../order/Transition.ts"
import { type Lifecycle, lifecycles } from "../order/lifecycleTable.ts"
import { CustomerId, type Order, OrderId, SerialNumber, SubscriptionId, TenantId, unitsOf } from "../order/Order.ts"
import { definitions, plainCommands } from "../order/commands/definitions.ts"
import type { CommandType, OrderCommand, PlainCommand } from "../order/commands/index.ts"
import { place } from "../order/commands/place.ts"
import { Timestamp } from "../order/Timestamp.ts"
import type { SequentialModel } from "./findLinearization.ts"
import { laptop, requestFor, variants } from "./shop.ts"

/** `order` is a position among the orders of the tenant, `rental` one among the subscriptions of the order; both from 0. */
export type OrderCall =
  | CommandCall
  | { readonly type: "place"; readonly quantity: number; readonly key?: string }
  | { readonly type: "cancelMany"; readonly orders: ReadonlyArray<number>; readonly reason?: string }
  /** What can be seen of an order. */
  | { readonly type: "read"; readonly order: number }
  /** What can be seen of the tenant as a whole: its stock, and how many orders it has. */
  | { readonly type: "count" }

/** A command on an order, with what its own entry below names besides the order. */
type CommandCall = {
  readonly [Type in CommandType]: {
    readonly type: Type
    readonly order: number
    readonly key?: string
  } & (Type extends keyof typeof commandCalls ? Parameters<(typeof commandCalls)[Type]["make"]>[1] : object)
}[CommandType]

/** A call in one line: `cancel(order 0, reason quick)`. */
export const describeCall = ({ type, ...rest }: OrderCall): string =>
  `${type}(${Object.entries(rest)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(", ")})`

// --- commands ---------------------------------------------------------------------------------------------------------------------------

/** What a caller knows when it calls. Ids of what it has not heard of are made up. */
interface Knowing {
  readonly lifecycle: OrderLifecycle["Service"]
  readonly caller: Caller
  readonly orderId: OrderId
  readonly order: Order | undefined
}

/** How a command is called: on the services, and in the model. `isRented` tells of a serial number. */
const way = <Named extends object, Command extends OrderCommand>(ways: {
  readonly make: (knowing: Knowing, named: Named) => Effect.Effect<Transition, Failure>
  readonly command: (order: Order, named: Named, isRented: (serial: string) => boolean) => Command
  /** The call that it is for a caller who cannot name what it is about. */
  readonly made?: (order: Order | undefined, named: Named) => Named
}) => ways

/** A command that names nothing but its order, as it is called. */
const plainCall = (type: PlainCommand) =>
  way({
    make: ({ lifecycle, caller, orderId }, _: object) => lifecycle[type](caller, orderId),
    command: (order) => definitions[type].sample(order)
  })

/** What the catalogue has. */
const sold = new Map(variants.map((variant) => [variant.sku, variant]))

/** A call on a subscription. One that the caller has not heard of yet cannot be named, even if it is there by the time the call arrives. */
const nameable = <Named extends OfRental>(order: Order | undefined, call: Named): Named =>
  order?.subscriptions[call.rental] === undefined ? { ...call, rental: -1 } : call
interface OfRental {
  readonly rental: number
}

/** A command that names nothing but a subscription. */
const onRental = <Command extends OrderCommand>(
  make: (knowing: Knowing, named: OfRental) => Effect.Effect<Transition, Failure>,
  command: (order: Order, named: OfRental) => Command
) => way({ make, command, made: nameable })

const comesBack = { returnCondition: "good", reason: "moved" } as const
const better = { newSku: laptop, contractLength: 12, newMonthlyAmount: 1, reason: "wants a better one" }
const aYearMore = { extensionMonths: 12, reason: "still in use" }

/** Every other command, and those that are called in some way of their own. */
const commandCalls = {
  startSubscription: way({
    make: ({ lifecycle, caller, orderId, order }, { serial }: { readonly serial: string }) =>
      lifecycle.startSubscription(caller, {
        orderId,
        customerId: order?.customer.customerId ?? CustomerId.make("nobody"),
        assetSerialNumber: SerialNumber.make(serial),
        sku: laptop
      }),
    command: (order, { serial }, isRented) => ({
      type: "startSubscription",
      subscriptionId: SubscriptionId.make(`rental-${order.subscriptions.length}`),
      assetSerialNumber: SerialNumber.make(serial),
      customerId: order.customer.customerId,
      sku: laptop,
      asset: { isKnown: true, isRented: isRented(serial) }
    })
  }),
  cancelSubscription: way({
    make: ({ lifecycle, caller, order }, { rental }: { readonly rental: number }) =>
      lifecycle.cancelSubscription(caller, { rentalId: rentalOf(order, rental), reason: "other" }),
    command: (order, { rental }) => ({ type: "cancelSubscription", rentalId: rentalOf(order, rental), reason: "other" }),
    made: nameable
  }),
  returnSubscription: onRental(
    ({ lifecycle, caller, order }, { rental }) =>
      lifecycle.returnSubscription(caller, { rentalId: rentalOf(order, rental), ...comesBack }),
    (order, { rental }) => ({ type: "returnSubscription", rentalId: rentalOf(order, rental), ...comesBack, quoted: 0 })
  ),
  buyOutSubscription: onRental(
    ({ lifecycle, caller, order }, { rental }) =>
      lifecycle.buyOutSubscription(caller, { rentalId: rentalOf(order, rental), reason: "other", buyoutPrice: 1 }),
    (order, { rental }) => ({
      type: "buyOutSubscription",
      rentalId: rentalOf(order, rental),
      reason: "other",
      buyoutPrice: 1
    })
  ),
  completeSubscription: onRental(
    ({ lifecycle, caller, order }, { rental }) => lifecycle.completeSubscription(caller, { rentalId: rentalOf(order, rental) }),
    (order, { rental }) => ({ type: "completeSubscription", rentalId: rentalOf(order, rental) })
  ),
  extendSubscription: onRental(
    ({ lifecycle, caller, order }, { rental }) =>
      lifecycle.extendSubscription(caller, { rentalId: rentalOf(order, rental), ...aYearMore }),
    (order, { rental }) => ({ type: "extendSubscription", rentalId: rentalOf(order, rental), ...aYearMore })
  ),
  upgradeSubscription: way({
    make: ({ lifecycle, caller, order }, { rental, serial }: { readonly rental: number; readonly serial: string }) =>
      lifecycle.upgradeSubscription(caller, {
        rentalId: rentalOf(order, rental),
        newSerialNumber: SerialNumber.make(serial),
        ...better
      }),
    command: (order, { rental, serial }, isRented) => ({
      type: "upgradeSubscription",
      rentalId: rentalOf(order, rental),
      newSerialNumber: SerialNumber.make(serial),
      ...better,
      subscriptionId: SubscriptionId.make(`rental-${order.subscriptions.length}`),
      asset: { isKnown: true, isRented: isRented(serial) },
      variants: sold
    }),
    made: nameable
  }),
  replaceAsset: way({
    make: ({ lifecycle, caller, order }, { rental, serial }: { readonly rental: number; readonly serial: string }) =>
      lifecycle.replaceAsset(caller, {
        rentalId: rentalOf(order, rental),
        newSerialNumber: SerialNumber.make(serial),
        replacementReason: "defective"
      }),
    command: (order, { rental, serial }, isRented) => ({
      type: "replaceAsset",
      rentalId: rentalOf(order, rental),
      newSerialNumber: SerialNumber.make(serial),
      replacementReason: "defective",
      subscriptionId: SubscriptionId.make("not used"),
      asset: { isKnown: true, isRented: isRented(serial) }
    }),
    made: nameable
  }),
  release: way({
    // The laptops are the first line.
    make: ({ lifecycle, caller, orderId }, call: { readonly quantity?: number; readonly reason?: string }) =>
      lifecycle.release(caller, orderId, { ...releasedIn(call), ...reasonOf(call) }),
    command: (_, call) => ({ type: "release", ...releasedIn(call), ...reasonOf(call) })
  }),
  addItems: way({
    make: ({ lifecycle, caller, orderId }, { quantity }: { readonly quantity: number }) =>
      lifecycle.addItems(caller, orderId, { items: [{ sku: laptop, quantity }] }),
    command: (_, { quantity }) => ({ type: "addItems", items: [{ sku: laptop, quantity }], variants: sold })
  }),
  correct: way({
    make: ({ lifecycle, caller, orderId }, { lastName }: { readonly lastName: string }) =>
      lifecycle.correct(caller, orderId, { customer: { lastName } }),
    command: (_, { lastName }) => ({ type: "correct", customer: { lastName } })
  }),
  recordPayment: way({
    make: ({ lifecycle, caller, orderId }, { status }: { readonly status: "paid" | "failed" }) =>
      lifecycle.recordPayment(caller, orderId, { status }),
    command: (_, { status }) => ({ type: "recordPayment", status })
  }),
  cancel: way({
    make: ({ lifecycle, caller, orderId }, call: { readonly reason?: string }) =>
      lifecycle.cancel(caller, orderId, reasonOf(call)),
    command: (_, call) => ({ type: "cancel", ...reasonOf(call) })
  })
} satisfies {
  readonly [Type in Exclude<CommandType, PlainCommand>]: {
    readonly command: (order: Order, ...more: never) => OrderCommand<Type>
  }
}
const ways = new Map<CommandType, unknown>([
  ...plainCommands.map((type) => [type, plainCall(type)] as const),
  ...(Object.entries(commandCalls) as ReadonlyArray<[CommandType, unknown]>)
])

const rentalOf = (order: Order | undefined, rental: number): SubscriptionId =>
  order?.subscriptions[rental]?.subscriptionId ?? SubscriptionId.make("nowhere")

const releasedIn = ({
  quantity
}: {
  readonly quantity?: number
}): { readonly items?: ReadonlyArray<{ line: number; quantity: number }> } =>
  quantity === undefined ? {} : { items: [{ line: 0, quantity }] }

const reasonOf = (call: { readonly reason?: string }): { readonly reason?: string } =>
  call.reason === undefined ? {} : { reason: call.reason }

const isCommand = (call: OrderCall): call is CommandCall => ways.has(call.type as CommandType)

/** How a call of a command is called. The call has what its own way names. */
const wayOf = (call: CommandCall): ReturnType<typeof way<CommandCall, OrderCommand>> => ways.get(call.type) as never

// --- answers ---------------------------------------------------------------------------------------------------------------------------

/** An accepted call in one line: everything that a rival could have made different. */
const accepted = ({ before, event, replayed }: Transition): string => {
  const released = event.released.map(({ line, quantity }) => `${quantity} of line ${line}`).join(", ")
  const reason = "reason" in event.confidential ? event.confidential.reason : undefined
  const version = replayed ? event.sequence - 1 : (before?.version ?? 0)
  return [
    `${event.type}: ${event.from ?? "nothing"} -> ${event.to}, version ${version} -> ${event.sequence}`,
    ...(released === "" ? [] : [`released ${released}`]),
    ...(reason === undefined ? [] : [`reason ${JSON.stringify(reason)}`])
  ].join(", ")
}

type Failure = { readonly _tag: string }

/** A failed call in one line. Ids and moments are left out: the model has others. */
const failed = (failure: Failure): string => {
  const parts: Array<string> = ["code" in failure ? String(failure.code) : failure._tag]
  if ("status" in failure) parts.push(String(failure.status))
  if ("reason" in failure && failure.reason !== undefined) parts.push(`reason ${JSON.stringify(failure.reason)}`)
  if ("subscriptionIds" in failure && Array.isArray(failure.subscriptionIds)) {
    parts.push(`${failure.subscriptionIds.length} subscriptions`)
  }
  return parts.join(", ")
}

/** What can be seen of an order. */
const seen = (order: Order): string => {
  const { held, active, ended, released } = unitsOf(order)
  const rentals = order.subscriptions
    .map(({ serialNumber, status, contractLength }) => `${serialNumber} ${status} ${contractLength}`)
    .join(", ")
  const reason = order.cancellation?.reason
  return [
    `${order.status}, version ${order.version}, held ${held}, active ${active}, ended ${ended}, released ${released}`,
    ...(rentals === "" ? [] : [rentals]),
    order.customer.lastName,
    ...(order.payment?.status === undefined ? [] : [`payment ${order.payment.status}`]),
    ...(reason === undefined ? [] : [`reason ${JSON.stringify(reason)}`])
  ].join(", ")
}

const counted = (reserved: number, rented: number, orders: number) => `${reserved} reserved, ${rented} rented, ${orders} orders`

// --- calling ---------------------------------------------------------------------------------------------------------------------------

/** What a caller needs to know of the orders to name them. `place` and `startSubscription` add to it. */
export interface Acquaintance {
  readonly caller: Caller
  readonly orders: Array<Order>
}

/** The answers of a call: one, except that a `cancelMany` answers for each order by itself. */
export interface CallAnswer {
  readonly call: OrderCall
  /** None when it is unknown whether the call did anything. */
  readonly answer: string | undefined
}

/** What a call is made on. */
export type Services = OrderLifecycle | Reservations | OrderStore

/** Make a call. Never fails: a refusal is an answer too, and so is a defect, which no model ever gives. */
export const makeCall = (call: OrderCall, known: Acquaintance): Effect.Effect<ReadonlyArray<CallAnswer>, never, Services> =>
  Effect.gen(function* () {
    const lifecycle = yield* OrderLifecycle
    const { tenantId } = known.caller
    const caller: Caller = "key" in call && call.key !== undefined ? { ...known.caller, idempotencyKey: call.key } : known.caller
    const one = <E extends Failure, R>(effect: Effect.Effect<string, E, R>) =>
      Effect.map(Effect.result(effect), (outcome): ReadonlyArray<CallAnswer> => [{ call, answer: lineOf(outcome) }])
    const idOf = (order: number) => known.orders[order]?.orderId ?? OrderId.make("nowhere")
    const remember = (transition: Transition) => {
      const position = known.orders.findIndex(({ orderId }) => orderId === transition.after.orderId)
      if ((known.orders[position]?.version ?? Infinity) < transition.after.version) known.orders[position] = transition.after
      return accepted(transition)
    }

    if (isCommand(call)) {
      const { make, made } = wayOf(call)
      const order = known.orders[call.order]
      const asked = made === undefined ? call : made(order, call)
      const knowing = { lifecycle, caller, orderId: idOf(call.order), order }
      const answers = yield* one(Effect.map(make(knowing, call), remember))
      return answers.map(({ answer }) => ({ call: asked, answer }))
    }
    switch (call.type) {
      case "place":
        return yield* one(
          Effect.map(lifecycle.place(caller, requestFor([laptop, call.quantity])), (transition) => {
            if (!known.orders.some(({ orderId }) => orderId === transition.after.orderId)) known.orders.push(transition.after)
            return accepted(transition)
          })
        )
      case "cancelMany": {
        const answers = yield* Effect.orDie(lifecycle.cancelMany(caller, call.orders.map(idOf), reasonOf(call)))
        return answers.map(({ outcome }, n): CallAnswer => ({
          call: { type: "cancel", order: call.orders[n] ?? 0, ...reasonOf(call) },
          answer: lineOf(Result.map(outcome, remember))
        }))
      }
      case "read":
        return yield* one(
          Effect.map(lifecycle.get(tenantId, idOf(call.order)), (order) => {
            known.orders[call.order] = order
            return seen(order)
          })
        )
      case "count": {
        const reservations = yield* Reservations
        return yield* one(
          Effect.gen(function* () {
            const { reserved, rented } = yield* reservations.stock(tenantId, laptop)
            const { items } = yield* lifecycle.list(tenantId, { limit: 100 })
            return counted(reserved, rented, items.length)
          })
        )
      }
    }
  }).pipe(
    Effect.catchDefect((defect) =>
      Effect.succeed<ReadonlyArray<CallAnswer>>([
        { call, answer: `defect: ${defect instanceof Error ? defect.message : String(defect)}` }
      ])
    )
  )

const lineOf = (outcome: Result.Result<string, Failure>): string | undefined =>
  Result.isSuccess(outcome) ? outcome.success : outcome.failure._tag === "OutcomeUnknown" ? undefined : failed(outcome.failure)

// --- the model -------------------------------------------------------------------------------------------------------------------------

/** A tenant as it stands in between two calls. */
export interface ModelState {
  readonly orders: ReadonlyArray<Order>
  /** By idempotency key: what was asked, and what was answered. */
  readonly remembered: Readonly<Record<string, { readonly asked: string; readonly answer: string }>>
}

const occasion: Occasion = {
  at: Timestamp.make("2026-11-23T12:00:00.000Z"),
  actor: { userId: "ada" },
  requestId: RequestId.make("request")
}

const keys = new WeakMap<Order, string>()
const keyOfOrder = (order: Order): string => {
  const known = keys.get(order)
  if (known !== undefined) return known
  const key = seen(order)
  keys.set(order, key)
  return key
}

const withOrder = (state: ModelState, position: number, order: Order): ModelState => ({
  ...state,
  orders: state.orders.with(position, order)
})

/** The calls one after the other, as the pure functions have them. */
export const sequentialCalls = (
  initial: ModelState = { orders: [], remembered: {} },
  lifecycle: Lifecycle = lifecycles.noActiveSubscriptions
): SequentialModel<ModelState, OrderCall, string> => {
  const isRented = (state: ModelState, serial: string) =>
    state.orders.some(({ subscriptions }) =>
      subscriptions.some(({ serialNumber, ended }) => serialNumber === serial && ended === undefined)
    )

  const applyOnce = (state: ModelState, call: OrderCall): { readonly state: ModelState; readonly answer: string } => {
    if (isCommand(call)) {
      const order = state.orders[call.order]
      if (order === undefined) return { state, answer: "NOT_FOUND" }
      const command = wayOf(call).command(order, call, (serial) => isRented(state, serial))
      const decision: Result.Result<Transition, Failure> = decide(lifecycle, order, command, occasion)
      return Result.isSuccess(decision)
        ? { state: withOrder(state, call.order, decision.success.after), answer: accepted(decision.success) }
        : { state, answer: failed(decision.failure) }
    }
    switch (call.type) {
      case "place": {
        const facts = {
          tenantId: TenantId.make("tenant"),
          orderId: OrderId.make(`order-${state.orders.length}`),
          customerId: CustomerId.make("customer"),
          variants: sold
        }
        const placed = Result.getOrThrow(place(lifecycle, requestFor([laptop, call.quantity]), facts, occasion))
        return { state: { ...state, orders: [...state.orders, placed.after] }, answer: accepted(placed) }
      }
      case "cancelMany":
        throw new Error("a cancelMany is as many cancels as it names orders: each happens by itself")
      case "read": {
        const order = state.orders[call.order]
        return { state, answer: order === undefined ? "NOT_FOUND" : keyOfOrder(order) }
      }
      case "count": {
        let [reserved, rented] = [0, 0]
        for (const order of state.orders) {
          const { held, active } = unitsOf(order)
          reserved += held
          rented += active
        }
        return { state, answer: counted(reserved, rented, state.orders.length) }
      }
    }
  }

  return {
    initial,
    keyOf: ({ orders, remembered }) => `${orders.map(keyOfOrder).join("; ")} ${JSON.stringify(remembered)}`,
    apply: (state, call) => {
      const key = "key" in call ? call.key : undefined
      if (key === undefined) return applyOnce(state, call)
      const asked = JSON.stringify(call)
      const remembered = state.remembered[key]
      if (remembered) return { state, answer: remembered.asked === asked ? remembered.answer : "IDEMPOTENCY_KEY_REUSED" }
      const { state: next, answer } = applyOnce(state, call)
      return { state: { ...next, remembered: { ...next.remembered, [key]: { asked, answer } } }, answer }
    }
  }
}
