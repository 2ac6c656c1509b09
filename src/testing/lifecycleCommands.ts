/**
 * The whole lifecycle as fast-check commands: random sequences of calls on `OrderLifecycle`, over any store, held against a model of ten
 * lines. After every call the answer, the order, the stock and the history must be what the model says; a refused call must have changed
 * nothing.
 *
 * ```ts
 * const runtime = ManagedRuntime.make(shopOver(yourStore))
 * await fc.assert(
 *   fc.asyncProperty(lifecycleCommands(), (commands) => fc.asyncModelRun(() => lifecycleModel(runtime), commands))
 * )
 * ```
 */
import assert from "node:assert/strict"
import * as Effect from "effect/Effect"
import type * as ManagedRuntime from "effect/ManagedRuntime"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import { AuditTrail } from "../lifecycle/AuditTrail.ts"
import type { Caller } from "../lifecycle/Caller.ts"
import { OrderLifecycle } from "../lifecycle/OrderLifecycle.ts"
import type { OrderStore } from "../lifecycle/OrderStore.ts"
import { Reservations } from "../lifecycle/Reservations.ts"
import { fold } from "../order/evolve.ts"
import { brokenLaws } from "../order/invariants.ts"
import { plainCommands } from "../order/commands/definitions.ts"
import type { CommandType, PlainCommand } from "../order/commands/index.ts"
import type { Transition } from "../order/Transition.ts"
import { type CustomerId, type OrderId, SerialNumber, SubscriptionId } from "../order/Order.ts"
import { reason } from "./arbitraries.ts"
import { laptop, monitor, newCaller, requestFor } from "./shop.ts"

const skus = [laptop, monitor]

/** What the model knows of an order: no status, only what happened. */
export interface ModelOrder {
  readonly orderId: OrderId
  readonly customerId: CustomerId
  confirmed: boolean
  cancelled: boolean
  /** Each line, with the units that it holds. */
  readonly lines: Array<{ readonly sku: 0 | 1; held: number }>
  readonly rentals: Array<{ readonly id: SubscriptionId; readonly sku: 0 | 1; serial: string; standing: Standing }>
  /** A command that the model has no rule for was accepted: what the order answers from then on is not judged, and everything else is. */
  beyond: boolean
  version: number
}
/** How a subscription stands: active, or ended in one of two ways that a cancel of it tells apart. */
type Standing = "active" | "cancelled" | "ended"

/** What the model knows: its orders, in the order in which they were placed. */
export interface LifecycleModel {
  readonly orders: Array<ModelOrder>
}

/** Units that an order holds, of one SKU or of both. */
const heldIn = ({ lines }: ModelOrder, sku?: 0 | 1): number =>
  lines.reduce((sum, line) => (sku === undefined || line.sku === sku ? sum + line.held : sum), 0)

/** The whole specification, as the model has it: undefined when a call is accepted, else the refusal's code. */
const expectedOf = {
  confirm: (order: ModelOrder) => (order.confirmed || order.cancelled ? "ORDER_NOT_PENDING" : undefined),
  cancel: (order: ModelOrder) =>
    order.cancelled ? "ALREADY_CANCELLED" : order.rentals.some(isActive) ? "ORDER_NOT_CANCELLABLE" : undefined,
  start: (order: ModelOrder, sku: 0 | 1, serialIsRented: boolean) => {
    if (order.cancelled || !order.confirmed) return "ORDER_NOT_CONFIRMED"
    if (heldIn(order) === 0) return "ITEM_FULLY_FULFILLED"
    if (!order.lines.some((line) => line.sku === sku)) return "SKU_MISMATCH"
    if (heldIn(order, sku) === 0) return "ITEM_FULLY_FULFILLED"
    return serialIsRented ? "ASSET_NOT_AVAILABLE" : undefined
  },
  release: (order: ModelOrder, named: { readonly line: number; readonly quantity: number } | undefined) => {
    if (order.cancelled) return "ALREADY_CANCELLED"
    const line = named && order.lines[named.line]
    if (named && !line) return "VALIDATION_ERROR"
    if (heldIn(order) === 0) return "NOTHING_HELD"
    if (named && line && named.quantity > line.held) return "NOT_HELD"
    const isAll = named === undefined || named.quantity === heldIn(order)
    return isAll && order.rentals.length === 0 ? "NOTHING_WOULD_REMAIN" : undefined
  },
  addItems: (order: ModelOrder) =>
    order.cancelled ? "ALREADY_CANCELLED" : order.rentals.length > 0 ? "ORDER_NOT_OPEN" : undefined,
  correct: (order: ModelOrder) => (order.cancelled ? "ALREADY_CANCELLED" : undefined),
  recordPayment: () => undefined,
  end: (rental: Rental | undefined) => {
    if (!rental) return "NOT_FOUND"
    return { active: undefined, cancelled: "ALREADY_CANCELLED", ended: "ALREADY_ENDED" }[rental.standing]
  },
  /** Of what is done with an active subscription. */
  onActive: (rental: Rental | undefined) => (!rental ? "NOT_FOUND" : isActive(rental) ? undefined : "SUBSCRIPTION_NOT_ACTIVE"),
  replace: (rental: Rental | undefined, serial: string, serialIsRented: boolean) =>
    expectedOf.onActive(rental) ??
    (rental?.serial === serial ? "VALIDATION_ERROR" : serialIsRented ? "ASSET_NOT_AVAILABLE" : undefined)
}
type Rental = ModelOrder["rentals"][number]
const isActive = ({ standing }: Rental) => standing === "active"

const statusOf = (order: ModelOrder): string => {
  if (order.cancelled) return "cancelled"
  if (order.rentals.length === 0) return order.confirmed ? "confirmed" : "pending"
  return heldIn(order) > 0 ? "partial" : "fulfilled"
}

/** What a run needs. */
export type Shop = OrderLifecycle | Reservations | AuditTrail | OrderStore

/** The system under test: the services on some store, for a tenant of their own. */
export interface LifecycleUnderTest {
  readonly runtime: ManagedRuntime.ManagedRuntime<Shop, unknown>
  readonly caller: Caller
}

type Step = fc.AsyncCommand<LifecycleModel, LifecycleUnderTest>

/** Call the services; the code of the refusal, or the answer. */
const call = <A, E extends { readonly _tag: string }>(real: LifecycleUnderTest, effect: Effect.Effect<A, E, Shop>) =>
  real.runtime
    .runPromise(Effect.result(effect))
    .then((outcome) =>
      Result.isSuccess(outcome)
        ? { code: undefined, answer: outcome.success }
        : { code: "code" in outcome.failure ? outcome.failure.code : outcome.failure._tag, answer: undefined }
    )

/** Everything that must be true after every call. */
const check = (model: LifecycleModel, real: LifecycleUnderTest, order: ModelOrder) =>
  real.runtime.runPromise(
    Effect.gen(function* () {
      const [lifecycle, reservations, auditTrail] = [yield* OrderLifecycle, yield* Reservations, yield* AuditTrail]
      const { tenantId } = real.caller
      const actual = yield* lifecycle.get(tenantId, order.orderId)
      assert.equal(actual.version, order.version)
      if (!order.beyond) assert.equal(actual.status, statusOf(order))
      assert.deepEqual(brokenLaws(actual), [])
      const history = yield* auditTrail.history(tenantId, order.orderId)
      assert.deepEqual(fold(history.map(({ event }) => event)), actual)
      assert.equal(yield* auditTrail.verify(tenantId, order.orderId), null)
      for (const [index, sku] of skus.entries()) {
        const stock = { reserved: 0, rented: 0 }
        for (const each of model.orders) {
          stock.reserved += heldIn(each, index as 0 | 1)
          stock.rented += each.rentals.filter((rental) => rental.sku === index && isActive(rental)).length
        }
        assert.deepEqual(yield* reservations.stock(tenantId, sku), stock)
      }
    })
  )

const step = (
  name: string,
  needsOrder: boolean,
  run: (model: LifecycleModel, real: LifecycleUnderTest) => Promise<void>
): Step => ({
  check: (model) => !needsOrder || model.orders.length > 0,
  run,
  toString: () => name
})

/** Hold an answer against what the model has. */
const judge = (order: ModelOrder, code: unknown, expected: string | undefined) => {
  if (!order.beyond) assert.equal(code, expected)
}

const pick = <T>(all: ReadonlyArray<T>, index: number): T => all[index % all.length] as T

const place = (quantities: readonly [number, number]): Step =>
  step(`place(${quantities.join(", ")})`, false, async (model, real) => {
    const items = skus.map((sku, index) => [sku, quantities[index] ?? 0] as const).filter(([, quantity]) => quantity > 0)
    const { code, answer } = await call(
      real,
      Effect.flatMap(OrderLifecycle, (lifecycle) => lifecycle.place(real.caller, requestFor(...items)))
    )
    assert.equal(code, items.length === 0 ? "VALIDATION_ERROR" : undefined)
    if (!answer) return
    const { orderId, customer } = answer.after
    const fresh = { confirmed: false, cancelled: false, rentals: [], beyond: false, version: 1 }
    const lines = answer.after.lines.map(({ sku, quantity }) => ({ sku: skus.indexOf(sku) as 0 | 1, held: quantity }))
    model.orders.push({ orderId, customerId: customer.customerId, lines, ...fresh })
    await check(model, real, pick(model.orders, model.orders.length - 1))
  })

const confirm = (which: number): Step =>
  step(`confirm(${which})`, true, async (model, real) => {
    const order = pick(model.orders, which)
    const { code } = await call(
      real,
      Effect.flatMap(OrderLifecycle, (lifecycle) => lifecycle.confirm(real.caller, order.orderId))
    )
    judge(order, code, expectedOf.confirm(order))
    if (code === undefined) {
      order.confirmed = true
      order.version++
    }
    await check(model, real, order)
  })

const isRentedIn = (model: LifecycleModel, serial: string): boolean =>
  model.orders.some(({ rentals }) => rentals.some((rental) => rental.serial === serial && isActive(rental)))

const start = (which: number, sku: 0 | 1, serial: string): Step =>
  step(`start(${which}, ${skus[sku]}, ${serial})`, true, async (model, real) => {
    const order = pick(model.orders, which)
    const isRented = isRentedIn(model, serial)
    const request = {
      orderId: order.orderId,
      customerId: order.customerId,
      assetSerialNumber: SerialNumber.make(serial),
      sku: pick(skus, sku)
    }
    const { code, answer } = await call(
      real,
      Effect.flatMap(OrderLifecycle, (lifecycle) => lifecycle.startSubscription(real.caller, request))
    )
    judge(order, code, expectedOf.start(order, sku, isRented))
    if (answer) {
      const line = order.lines.find((each) => each.sku === sku && each.held > 0)
      if (line) line.held--
      order.rentals.push({ id: answer.event.details.subscriptionId, sku, serial, standing: "active" })
      order.version++
    }
    await check(model, real, order)
  })

const end = (which: number, rental: number): Step =>
  step(`end(${which}, ${rental})`, true, async (model, real) => {
    const order = pick(model.orders, which)
    // One past the last is a subscription that the order does not have.
    const ending = order.rentals[rental % (order.rentals.length + 1)]
    const { code } = await call(
      real,
      Effect.flatMap(OrderLifecycle, (lifecycle) =>
        lifecycle.cancelSubscription(real.caller, { rentalId: ending?.id ?? SubscriptionId.make("nowhere"), reason: "other" })
      )
    )
    judge(order, code, expectedOf.end(ending))
    if (ending && code === undefined) {
      ending.standing = "cancelled"
      order.version++
    }
    await check(model, real, order)
  })

/** Something is done with a subscription of the order, or with one that it does not have. */
const onRental = (
  name: string,
  which: number,
  rental: number,
  give: (
    lifecycle: OrderLifecycle["Service"],
    caller: Caller,
    rentalId: SubscriptionId
  ) => Effect.Effect<Transition, { readonly _tag: string }>,
  expected: (rental: Rental | undefined, model: LifecycleModel) => string | undefined,
  accepted: (rental: Rental, transition: Transition, order: ModelOrder) => void
): Step =>
  step(`${name}(${which}, ${rental})`, true, async (model, real) => {
    const order = pick(model.orders, which)
    const meant = order.rentals[rental % (order.rentals.length + 1)]
    const foreseen = expected(meant, model)
    const { code, answer } = await call(
      real,
      Effect.flatMap(OrderLifecycle, (lifecycle) => give(lifecycle, real.caller, meant?.id ?? SubscriptionId.make("nowhere")))
    )
    judge(order, code, foreseen)
    if (meant && answer) {
      accepted(meant, answer, order)
      order.version++
    }
    await check(model, real, order)
  })

const returnEarly = (which: number, rental: number): Step =>
  onRental(
    "returnEarly",
    which,
    rental,
    (lifecycle, caller, rentalId) =>
      lifecycle.returnSubscription(caller, { rentalId, returnCondition: "good", reason: "moved abroad" }),
    expectedOf.onActive,
    (meant) => (meant.standing = "ended")
  )

const buyOut = (which: number, rental: number): Step =>
  onRental(
    "buyOut",
    which,
    rental,
    (lifecycle, caller, rentalId) => lifecycle.buyOutSubscription(caller, { rentalId, reason: "other" }),
    expectedOf.onActive,
    (meant) => (meant.standing = "ended")
  )

/** Contracts run for a year at least, and a run takes seconds. */
const complete = (which: number, rental: number): Step =>
  onRental(
    "complete",
    which,
    rental,
    (lifecycle, caller, rentalId) => lifecycle.completeSubscription(caller, { rentalId }),
    (meant) => expectedOf.onActive(meant) ?? "CONTRACT_NOT_OVER",
    () => assert.fail("a contract was over at once")
  )

const extend = (which: number, rental: number): Step =>
  onRental(
    "extend",
    which,
    rental,
    (lifecycle, caller, rentalId) =>
      lifecycle.extendSubscription(caller, { rentalId, extensionMonths: 1, reason: "still in use" }),
    expectedOf.onActive,
    (meant, { before, after }) => {
      const [was, is] = [before, after].map((order) =>
        order?.subscriptions.find(({ subscriptionId }) => subscriptionId === meant.id)
      )
      assert.equal(is?.contractLength, (was?.contractLength ?? 0) + 1)
    }
  )

const upgrade = (which: number, rental: number, sku: 0 | 1, serial: "A" | "B" | "C"): Step =>
  onRental(
    `upgrade to ${skus[sku]} ${serial} `,
    which,
    rental,
    (lifecycle, caller, rentalId) =>
      lifecycle.upgradeSubscription(caller, {
        rentalId,
        newSku: pick(skus, sku),
        newSerialNumber: SerialNumber.make(serial),
        contractLength: 12,
        newMonthlyAmount: 5_000,
        reason: "wants a better one"
      }),
    (meant, model) => expectedOf.onActive(meant) ?? (isRentedIn(model, serial) ? "ASSET_NOT_AVAILABLE" : undefined),
    (meant, { event }, order) => {
      assert.equal(event.type, "subscription.upgraded")
      if (event.type !== "subscription.upgraded") return
      meant.standing = "ended"
      order.lines.push({ sku, held: 0 })
      order.rentals.push({ id: event.details.newSubscriptionId, sku, serial, standing: "active" })
    }
  )

const replace = (which: number, rental: number, serial: "A" | "B" | "C"): Step =>
  onRental(
    `replace by ${serial} `,
    which,
    rental,
    (lifecycle, caller, rentalId) =>
      lifecycle.replaceAsset(caller, {
        rentalId,
        newSerialNumber: SerialNumber.make(serial),
        replacementReason: "defective"
      }),
    (meant, model) => expectedOf.replace(meant, serial, isRentedIn(model, serial)),
    (meant) => (meant.serial = serial)
  )

/** A cancel as the model does it: what is held is given back. */
const cancelled = (order: ModelOrder) => {
  order.cancelled = true
  for (const line of order.lines) line.held = 0
  order.version++
}

const cancel = (which: number, reason: string): Step =>
  step(`cancel(${which}, ${JSON.stringify(reason)})`, true, async (model, real) => {
    const order = pick(model.orders, which)
    const held = order.lines.flatMap((line) => line.held || [])
    const { code, answer } = await call(
      real,
      Effect.flatMap(OrderLifecycle, (lifecycle) => lifecycle.cancel(real.caller, order.orderId, { reason }))
    )
    judge(order, code, expectedOf.cancel(order))
    if (answer) {
      assert.deepEqual(
        answer.event.released.map(({ quantity }) => quantity),
        held
      )
      assert.equal(answer.after.cancellation?.reason, reason)
      cancelled(order)
    }
    await check(model, real, order)
  })

const cancelMany = (which: ReadonlyArray<number>): Step =>
  step(`cancelMany(${which.join(", ")})`, true, async (model, real) => {
    const orders = [...new Set(which.map((each) => pick(model.orders, each)))]
    const ids = orders.map(({ orderId }) => orderId)
    const { answer } = await call(
      real,
      Effect.flatMap(OrderLifecycle, (lifecycle) => lifecycle.cancelMany(real.caller, ids))
    )
    assert.equal(answer?.length, orders.length)
    for (const [n, { outcome }] of answer.entries()) {
      const order = pick(orders, n)
      const code = Result.isSuccess(outcome) ? undefined : "code" in outcome.failure && outcome.failure.code
      judge(order, code, expectedOf.cancel(order))
      if (code === undefined) cancelled(order)
    }
    for (const order of orders) await check(model, real, order)
  })

const release = (which: number, named: { readonly line: number; readonly quantity: number } | undefined): Step =>
  step(`release(${which}, ${named ? `${named.quantity} of line ${named.line}` : "all"})`, true, async (model, real) => {
    const order = pick(model.orders, which)
    const { code, answer } = await call(
      real,
      Effect.flatMap(OrderLifecycle, (lifecycle) =>
        lifecycle.release(real.caller, order.orderId, named === undefined ? {} : { items: [named] })
      )
    )
    judge(order, code, expectedOf.release(order, named))
    if (answer) {
      const released = named
        ? [{ ...named }]
        : order.lines.flatMap(({ held }, line) => (held > 0 ? [{ line, quantity: held }] : []))
      assert.deepEqual(
        answer.event.released.map(({ line, quantity }) => ({ line, quantity })),
        released
      )
      for (const { line, quantity } of released) pick(order.lines, line).held -= quantity
      order.version++
    }
    await check(model, real, order)
  })

const addItems = (which: number, sku: 0 | 1, quantity: number): Step =>
  step(`addItems(${which}, ${quantity} ${skus[sku]})`, true, async (model, real) => {
    const order = pick(model.orders, which)
    const { code } = await call(
      real,
      Effect.flatMap(OrderLifecycle, (lifecycle) =>
        lifecycle.addItems(real.caller, order.orderId, { items: [{ sku: pick(skus, sku), quantity }] })
      )
    )
    judge(order, code, expectedOf.addItems(order))
    if (code === undefined) {
      order.lines.push({ sku, held: quantity })
      order.version++
    }
    await check(model, real, order)
  })

const correct = (which: number, lastName: string): Step =>
  step(`correct(${which}, ${lastName})`, true, async (model, real) => {
    const order = pick(model.orders, which)
    const { code, answer } = await call(
      real,
      Effect.flatMap(OrderLifecycle, (lifecycle) => lifecycle.correct(real.caller, order.orderId, { customer: { lastName } }))
    )
    judge(order, code, expectedOf.correct(order))
    if (answer) {
      assert.equal(answer.after.customer.lastName, lastName)
      order.version++
    }
    await check(model, real, order)
  })

const recordPayment = (which: number, status: "paid" | "failed"): Step =>
  step(`recordPayment(${which}, ${status})`, true, async (model, real) => {
    const order = pick(model.orders, which)
    const { code, answer } = await call(
      real,
      Effect.flatMap(OrderLifecycle, (lifecycle) => lifecycle.recordPayment(real.caller, order.orderId, { status }))
    )
    judge(order, code, expectedOf.recordPayment())
    if (answer) {
      assert.deepEqual(answer.after.payment, { status })
      order.version++
    }
    await check(model, real, order)
  })

/** A command that names nothing but its order, and that the model has no rule for: it does what its preview says. */
const plain = (type: PlainCommand, which: number): Step =>
  step(`${type}(${which})`, true, async (model, real) => {
    const order = pick(model.orders, which)
    const { orderId } = order
    const foreseen = await call(
      real,
      Effect.flatMap(OrderLifecycle, (lifecycle) => lifecycle.preview(real.caller, orderId, { type }))
    )
    const { code } = await call(
      real,
      Effect.flatMap(OrderLifecycle, (lifecycle): Effect.Effect<unknown, { readonly _tag: string }> =>
        lifecycle[type](real.caller, orderId)
      )
    )
    assert.equal(code, foreseen.answer?.blockers[0]?.code)
    if (code === undefined) {
      order.beyond = true
      order.version++
    }
    await check(model, real, order)
  })

const which = fc.nat(2)
const sku = fc.constantFrom(0 as const, 1 as const)

/**
 * How each command is tried. Few orders and few serial numbers, so that calls get in each other's way; starts and ends often, so that they
 * get somewhere.
 */
const commandSteps: Readonly<Record<Exclude<CommandType, PlainCommand> | "confirm", ReadonlyArray<fc.Arbitrary<Step>>>> = {
  confirm: [which.map(confirm), which.map(confirm)],
  startSubscription: [
    fc.tuple(which, sku, fc.constantFrom("A", "B")).map((args) => start(...args)),
    fc.tuple(which, sku, fc.constantFrom("A", "C")).map((args) => start(...args)),
    fc.tuple(which, sku, fc.constantFrom("B", "C")).map((args) => start(...args))
  ],
  cancelSubscription: [
    fc.tuple(which, fc.nat(5)).map((args) => end(...args)),
    fc.tuple(which, fc.nat(5)).map((args) => end(...args))
  ],
  returnSubscription: [fc.tuple(which, fc.nat(5)).map((args) => returnEarly(...args))],
  buyOutSubscription: [fc.tuple(which, fc.nat(5)).map((args) => buyOut(...args))],
  completeSubscription: [fc.tuple(which, fc.nat(5)).map((args) => complete(...args))],
  extendSubscription: [fc.tuple(which, fc.nat(5)).map((args) => extend(...args))],
  upgradeSubscription: [
    fc.tuple(which, fc.nat(5), sku, fc.constantFrom("A" as const, "B" as const, "C" as const)).map((args) => upgrade(...args))
  ],
  replaceAsset: [
    fc.tuple(which, fc.nat(5), fc.constantFrom("A" as const, "B" as const, "C" as const)).map((args) => replace(...args))
  ],
  release: [
    fc
      .tuple(which, fc.option(fc.record({ line: fc.nat(2), quantity: fc.integer({ min: 1, max: 2 }) }), { nil: undefined }))
      .map((args) => release(...args))
  ],
  addItems: [fc.tuple(which, sku, fc.integer({ min: 1, max: 2 })).map((args) => addItems(...args))],
  correct: [fc.tuple(which, fc.constantFrom("Hopper", "Byron")).map((args) => correct(...args))],
  recordPayment: [fc.tuple(which, fc.constantFrom("paid" as const, "failed" as const)).map((args) => recordPayment(...args))],
  cancel: [fc.tuple(which, reason).map((args) => cancel(...args))]
}

const steps = (maxCommands: number) =>
  fc.commands<LifecycleModel, LifecycleUnderTest, false>(
    [
      fc.tuple(fc.nat(3), fc.nat(2)).map(place),
      ...Object.values(commandSteps).flat(),
      ...plainCommands.filter((type) => type !== "confirm").map((type) => which.map((each) => plain(type, each))),
      fc.array(which, { minLength: 1, maxLength: 3 }).map(cancelMany)
    ],
    { maxCommands, size: "max" }
  )

/** Every run begins with two orders that are ready to be rented. */
const opening = [place([2, 1]), place([1, 2]), confirm(0), confirm(1)]

/** Where a run begins: nothing is there yet, in a tenant of its own. */
export const lifecycleModel = (runtime: LifecycleUnderTest["runtime"]) => ({
  model: { orders: [] as Array<ModelOrder> },
  real: { runtime, caller: newCaller() }
})

/** Random sequences of at most so many calls, after two orders have been placed and confirmed. */
export const lifecycleCommands = (maxCommands = 60): fc.Arbitrary<Iterable<Step>> =>
  steps(maxCommands).map((commands) => withOpening(commands))

/** The commands are the very ones that fast-check made, so that it can shrink them, and print those that were run. */
const withOpening = (commands: Iterable<Step>): Iterable<Step> =>
  Object.assign(
    {
      *[Symbol.iterator]() {
        yield* opening
        yield* commands
      }
    },
    { toString: () => `${opening.map(String).join(", ")}, ${fc.stringify(commands)}` }
  )
