/**
 * `OrderLifecycle` against a model of ten lines, by fast-check's commands: random sequences of calls, on any store. After every call the
 * answer, the order, the stock and the history must be what the model says; a refused call must have changed nothing.
 */
import * as Effect from "effect/Effect"
import type * as ManagedRuntime from "effect/ManagedRuntime"
import * as Result from "effect/Result"
import { expect } from "vitest"
import { AuditTrail } from "../../src/lifecycle/AuditTrail.ts"
import type { Caller } from "../../src/lifecycle/Caller.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import type { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { Reservations } from "../../src/lifecycle/Reservations.ts"
import { fold } from "../../src/order/evolve.ts"
import { brokenLaws } from "../../src/order/invariants.ts"
import { type CustomerId, type OrderId, SerialNumber, SubscriptionId } from "../../src/order/Order.ts"
import { reason } from "../../src/testing/arbitraries.ts"
import { fc, numRuns } from "./fastCheck.ts"
import { laptop, monitor, newCaller, requestFor } from "./world.ts"

const skus = [laptop, monitor]

/** What the model knows of an order: no status, only what happened. */
interface ModelOrder {
  readonly orderId: OrderId
  readonly customerId: CustomerId
  readonly ordered: readonly [number, number]
  confirmed: boolean
  cancelled: boolean
  /** Units held per SKU. */
  readonly held: [number, number]
  readonly rentals: Array<{ readonly id: SubscriptionId; readonly sku: 0 | 1; readonly serial: string; active: boolean }>
  version: number
}
interface Model {
  readonly orders: Array<ModelOrder>
}

/** The whole specification, as the model has it: undefined when a call is accepted, else the refusal's code. */
const expectedOf = {
  confirm: (order: ModelOrder) => (order.confirmed || order.cancelled ? "ORDER_NOT_PENDING" : undefined),
  cancel: (order: ModelOrder) =>
    order.cancelled ? "ALREADY_CANCELLED" : order.rentals.some((rental) => rental.active) ? "ORDER_NOT_CANCELLABLE" : undefined,
  start: (order: ModelOrder, sku: 0 | 1, serialIsRented: boolean) => {
    if (order.cancelled || !order.confirmed) return "ORDER_NOT_CONFIRMED"
    if (order.held[0] + order.held[1] === 0) return "ITEM_FULLY_FULFILLED"
    if (order.ordered[sku] === 0) return "SKU_MISMATCH"
    if (order.held[sku] === 0) return "ITEM_FULLY_FULFILLED"
    return serialIsRented ? "ASSET_NOT_AVAILABLE" : undefined
  },
  end: (rental: { active: boolean } | undefined) => (!rental ? "NOT_FOUND" : rental.active ? undefined : "ALREADY_CANCELLED")
}

const statusOf = (order: ModelOrder): string => {
  if (order.cancelled) return "cancelled"
  if (order.rentals.length === 0) return order.confirmed ? "confirmed" : "pending"
  return order.held[0] + order.held[1] > 0 ? "partial" : "fulfilled"
}

type Shop = OrderLifecycle | Reservations | AuditTrail | OrderStore

/** The system under test: the services on some store, for a tenant of their own. */
interface Real {
  readonly runtime: ManagedRuntime.ManagedRuntime<Shop, unknown>
  readonly caller: Caller
}

type Step = fc.AsyncCommand<Model, Real>

/** Call the services; the code of the refusal, or the answer. */
const call = <A, E extends { readonly _tag: string }>(real: Real, effect: Effect.Effect<A, E, Shop>) =>
  real.runtime
    .runPromise(Effect.result(effect))
    .then((outcome) =>
      Result.isSuccess(outcome)
        ? { code: undefined, answer: outcome.success }
        : { code: "code" in outcome.failure ? outcome.failure.code : outcome.failure._tag, answer: undefined }
    )

/** Everything that must be true after every call. */
const check = (model: Model, real: Real, order: ModelOrder) =>
  real.runtime.runPromise(
    Effect.gen(function* () {
      const [lifecycle, reservations, auditTrail] = [yield* OrderLifecycle, yield* Reservations, yield* AuditTrail]
      const { tenantId } = real.caller
      const actual = yield* lifecycle.get(tenantId, order.orderId)
      expect({ status: actual.status, version: actual.version }).toEqual({ status: statusOf(order), version: order.version })
      expect(brokenLaws(actual)).toEqual([])
      const history = yield* auditTrail.history(tenantId, order.orderId)
      expect(fold(history.map(({ event }) => event))).toEqual(actual)
      expect(yield* auditTrail.verify(tenantId, order.orderId)).toBeNull()
      for (const [index, sku] of skus.entries()) {
        const stock = { reserved: 0, rented: 0 }
        for (const each of model.orders) {
          stock.reserved += each.held[index as 0 | 1]
          stock.rented += each.rentals.filter((rental) => rental.sku === index && rental.active).length
        }
        expect(yield* reservations.stock(tenantId, sku)).toEqual(stock)
      }
    })
  )

const step = (name: string, needsOrder: boolean, run: (model: Model, real: Real) => Promise<void>): Step => ({
  check: (model) => !needsOrder || model.orders.length > 0,
  run,
  toString: () => name
})

const pick = <T>(all: ReadonlyArray<T>, index: number): T => all[index % all.length] as T

const place = (quantities: readonly [number, number]): Step =>
  step(`place(${quantities.join(", ")})`, false, async (model, real) => {
    const items = skus.map((sku, index) => [sku, quantities[index] ?? 0] as const).filter(([, quantity]) => quantity > 0)
    const { code, answer } = await call(
      real,
      Effect.flatMap(OrderLifecycle, (lifecycle) => lifecycle.place(real.caller, requestFor(...items)))
    )
    expect(code).toBe(items.length === 0 ? "VALIDATION_ERROR" : undefined)
    if (!answer) return
    const { orderId, customer } = answer.after
    const fresh = { confirmed: false, cancelled: false, rentals: [], version: 1 }
    model.orders.push({ orderId, customerId: customer.customerId, ordered: quantities, held: [...quantities], ...fresh })
    await check(model, real, pick(model.orders, model.orders.length - 1))
  })

const confirm = (which: number): Step =>
  step(`confirm(${which})`, true, async (model, real) => {
    const order = pick(model.orders, which)
    const expected = expectedOf.confirm(order)
    const { code } = await call(
      real,
      Effect.flatMap(OrderLifecycle, (lifecycle) => lifecycle.confirm(real.caller, order.orderId))
    )
    expect(code).toBe(expected)
    if (code === undefined) {
      order.confirmed = true
      order.version++
    }
    await check(model, real, order)
  })

const start = (which: number, sku: 0 | 1, serial: string): Step =>
  step(`start(${which}, ${skus[sku]}, ${serial})`, true, async (model, real) => {
    const order = pick(model.orders, which)
    const isRented = model.orders.some(({ rentals }) => rentals.some((rental) => rental.serial === serial && rental.active))
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
    expect(code).toBe(expectedOf.start(order, sku, isRented))
    if (answer) {
      order.held[sku]--
      order.rentals.push({ id: answer.event.details.subscriptionId, sku, serial, active: true })
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
        lifecycle.endSubscription(real.caller, { rentalId: ending?.id ?? SubscriptionId.make("nowhere"), reason: "other" })
      )
    )
    expect(code).toBe(expectedOf.end(ending))
    if (ending && code === undefined) {
      ending.active = false
      order.version++
    }
    await check(model, real, order)
  })

/** A cancel as the model does it: what is held is given back. */
const cancelled = (order: ModelOrder) => {
  order.cancelled = true
  order.held.fill(0)
  order.version++
}

const cancel = (which: number, reason: string): Step =>
  step(`cancel(${which}, ${JSON.stringify(reason)})`, true, async (model, real) => {
    const order = pick(model.orders, which)
    const held = skus.flatMap((_, sku) => order.held[sku as 0 | 1] || [])
    const { code, answer } = await call(
      real,
      Effect.flatMap(OrderLifecycle, (lifecycle) => lifecycle.cancel(real.caller, order.orderId, { reason }))
    )
    expect(code).toBe(expectedOf.cancel(order))
    if (answer) {
      expect(answer.event.released.map(({ quantity }) => quantity)).toEqual(held)
      expect(answer.after.cancellation?.reason).toBe(reason)
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
    expect(
      answer?.map(({ outcome }) => (Result.isSuccess(outcome) ? undefined : "code" in outcome.failure && outcome.failure.code))
    ).toEqual(orders.map(expectedOf.cancel))
    for (const order of orders) if (expectedOf.cancel(order) === undefined) cancelled(order)
    for (const order of orders) await check(model, real, order)
  })

const which = fc.nat(2)
const sku = fc.constantFrom(0 as const, 1 as const)

/** Few orders and few serial numbers, so that calls get in each other's way; starts and ends often, so that they get somewhere. */
const steps = fc.commands(
  [
    fc.tuple(fc.nat(3), fc.nat(2)).map(place),
    which.map(confirm),
    which.map(confirm),
    fc.tuple(which, sku, fc.constantFrom("A", "B")).map((args) => start(...args)),
    fc.tuple(which, sku, fc.constantFrom("A", "C")).map((args) => start(...args)),
    fc.tuple(which, sku, fc.constantFrom("B", "C")).map((args) => start(...args)),
    fc.tuple(which, fc.nat(5)).map((args) => end(...args)),
    fc.tuple(which, fc.nat(5)).map((args) => end(...args)),
    fc.tuple(which, reason).map((args) => cancel(...args)),
    fc.array(which, { minLength: 1, maxLength: 3 }).map(cancelMany)
  ],
  { maxCommands: 60, size: "max" }
)

/** Every run begins with two orders that are ready to be rented. */
const opening = [place([2, 1]), place([1, 2]), confirm(0), confirm(1)]

/** Try `runs` random sequences on the services of `runtime`. */
export const tryAgainstModel = (runtime: Real["runtime"], runs: number): Promise<void> =>
  fc.assert(
    fc.asyncProperty(steps, (commands) =>
      fc.asyncModelRun(
        () => ({ model: { orders: [] as Array<ModelOrder> }, real: { runtime, caller: newCaller() } }),
        [...opening, ...commands]
      )
    ),
    { numRuns: numRuns(runs) }
  )
