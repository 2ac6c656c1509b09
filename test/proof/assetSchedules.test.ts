/**
 * Commands on orders and changes by hand that want one device, in every order in which they can get their turns: in memory operation by operation,
 * on PostgreSQL statement by statement. They answer, and leave behind, what they could have one after the other, and registry and subscriptions
 * agree.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as SqlClient from "effect/sql/SqlClient"
import { describe, expect, it } from "vitest"
import { AssetRegistry } from "../../src/lifecycle/AssetRegistry.ts"
import type { Caller } from "../../src/lifecycle/Caller.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import { type Order, SerialNumber, type SubscriptionId } from "../../src/order/Order.ts"
import { everyChoice, takeTurns } from "../../src/testing/exploreSchedules.ts"
import { layerWithGates } from "../../src/testing/gates.ts"
import { instantClock } from "../../src/testing/instantClock.ts"
import { tried } from "../support/evidence.ts"
import { gatedPostgres, waitForLocks } from "../support/gatedSessions.ts"
import { confirmedOrder, laptop, newCaller, shopOver } from "../support/world.ts"
import { withoutStackTraces } from "../support/withoutStackTraces.ts"

// Refusals and lost races are errors.
withoutStackTraces()

interface Scene {
  readonly caller: Caller
  /** Two of them, confirmed. */
  readonly orders: ReadonlyArray<Order>
}

type Services = OrderLifecycle | AssetRegistry | OrderStore
type Op = (scene: Scene) => Effect.Effect<string, never, Services>

const serialNumber = SerialNumber.make("A")
/** Another one, for a swap. */
const otherNumber = SerialNumber.make("B")
const asset = { serialNumber, sku: laptop, productName: "The laptop", status: "available" } as const

/** What it answers, in a word. */
const told = <A, R>(call: Effect.Effect<A, unknown, R>): Effect.Effect<string, never, R> =>
  Effect.map(Effect.result(call), (result) =>
    Result.isSuccess(result) ? "done" : String((result.failure as { readonly code?: string }).code ?? result.failure)
  )

const start =
  (which: number, assetSerialNumber = serialNumber): Op =>
  ({ caller, orders }) =>
    Effect.flatMap(OrderLifecycle, (lifecycle) => {
      const { orderId, customer } = orders[which] as Order
      return told(lifecycle.startSubscription(caller, { orderId, assetSerialNumber, customerId: customer.customerId }))
    })

/** A command on the subscription that the first order has. */
const onRental =
  (
    give: (lifecycle: OrderLifecycle["Service"], caller: Caller, rentalId: SubscriptionId) => Effect.Effect<unknown, unknown>
  ): Op =>
  ({ caller, orders }) =>
    Effect.gen(function* () {
      const lifecycle = yield* OrderLifecycle
      const order = yield* Effect.orDie(lifecycle.get(caller.tenantId, (orders[0] as Order).orderId))
      const [subscription] = order.subscriptions
      if (subscription === undefined) throw new Error("nothing is rented")
      return yield* told(give(lifecycle, caller, subscription.subscriptionId))
    })

const end = onRental((lifecycle, caller, rentalId) => lifecycle.cancelSubscription(caller, { rentalId, reason: "other" }))
const giveBack = onRental((lifecycle, caller, rentalId) =>
  lifecycle.returnSubscription(caller, { rentalId, returnCondition: "good", reason: "moved" })
)
const buyOut = onRental((lifecycle, caller, rentalId) =>
  lifecycle.buyOutSubscription(caller, { rentalId, reason: "other", buyoutPrice: 1 })
)
const swap = onRental((lifecycle, caller, rentalId) =>
  lifecycle.replaceAsset(caller, { rentalId, newSerialNumber: otherNumber, replacementReason: "defective" })
)

const register: Op = ({ caller }) => Effect.flatMap(AssetRegistry, ({ register }) => told(register(caller, asset)))
const registerOther: Op = ({ caller }) =>
  Effect.flatMap(AssetRegistry, ({ register }) => told(register(caller, { ...asset, serialNumber: otherNumber })))

const mark =
  (request: Parameters<AssetRegistry["Service"]["change"]>[2]): Op =>
  ({ caller }) =>
    Effect.flatMap(AssetRegistry, ({ change }) => told(change(caller, serialNumber, request)))

const withdraw: Op = ({ caller }) => Effect.flatMap(AssetRegistry, ({ withdraw }) => told(withdraw(caller, serialNumber)))

const openings = {
  unregistered: [],
  available: [register],
  rented: [register, registerOther, start(0)],
  "with a customer after a cancel": [register, start(0), end],
  unavailable: [register, withdraw]
} satisfies Record<string, ReadonlyArray<Op>>
type Opening = keyof typeof openings

const ops: Readonly<Record<string, Op>> = {
  "start for one order": start(0),
  "start for another": start(1),
  register,
  withdraw,
  "mark available": mark({ status: "available" }),
  "mark returned": mark({ status: "returned" }),
  "note its place": mark({ location: "Shelf 3" })
}
const ending: Readonly<Record<string, Op>> = {
  "end what is rented": end,
  "give it back": giveBack,
  "buy it": buyOut,
  "swap it": swap
}

const opsAfter = (opening: Opening) => ({ ...ops, ...(opening.startsWith("rented") || opening.startsWith("with") ? ending : {}) })

const open = Effect.fnUntraced(function* (opening: Opening) {
  const caller = newCaller()
  const scene = { caller, orders: [yield* confirmedOrder(caller, 1), yield* confirmedOrder(caller, 1)] }
  for (const before of openings[opening]) expect(yield* before(scene)).toBe("done")
  return scene
})

/** What is left behind: the asset, who rents it, and what disagrees. */
const left = Effect.fnUntraced(function* ({ caller: { tenantId }, orders }: Scene) {
  const store = yield* OrderStore
  const { asset, use } = yield* store.loadAsset({ tenantId, serialNumber })
  const other = yield* store.loadAsset({ tenantId, serialNumber: otherNumber })
  const records = yield* store.assetRecords(tenantId, serialNumber, 0, 100)
  const renting = yield* Effect.forEach(orders, ({ orderId }) =>
    Effect.map(store.load([{ tenantId, order: { orderId } }]), ([loaded]) =>
      loaded?.order?.subscriptions.map(({ status, subscriptionId }) => `${status} ${subscriptionId === asset?.subscriptionId}`)
    )
  )
  const { found } = yield* store.assetDisagreements(tenantId, null, 10)
  const swapped = [other.asset?.status, other.asset?.version, other.use !== null]
  return JSON.stringify([asset?.status, asset?.location, asset?.version, use !== null, records.length, renting, swapped, found])
})

const permutations = <A>(all: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  all.length <= 1 ? [all] : all.flatMap((one, n) => permutations(all.toSpliced(n, 1)).map((others) => [one, ...others]))

/** Every schedule of some calls after an opening; answers how many there were, and in how many ways they ended. */
const explore = Effect.fnUntraced(function* (
  opening: Opening,
  calls: ReadonlyArray<Op>,
  areWaiting?: (unsettled: number) => Effect.Effect<boolean>
) {
  const possible = new Set<string>()
  for (const order of permutations(calls.map((_, n) => n))) {
    const scene = yield* open(opening)
    const answers: Array<string> = []
    for (const n of order) answers[n] = yield* (calls[n] as Op)(scene)
    possible.add(`${answers.join(", ")} ${yield* left(scene)}`)
  }
  const met = new Set<string>()
  const choices = everyChoice()
  let schedules = 0
  do {
    const scene = yield* open(opening)
    const answers: Array<string> = []
    const steps: Array<string> = []
    const made = calls.map((call, n) => ({ make: call(scene), told: (answer: string) => void (answers[n] = answer) }))
    const { stuck } = yield* takeTurns(made, choices.next, areWaiting ? { areWaiting } : {}, { steps })
    const outcome = `${answers.join(", ")} ${yield* left(scene)}`
    expect([stuck, steps.length > 0]).toEqual([0, true])
    expect([...possible], `${opening}: ${steps.join("; ")}`).toContain(outcome)
    met.add(outcome)
    schedules++
  } while (choices.advance())
  return { schedules, outcomes: met.size }
})

const pairsAfter = (opening: Opening): ReadonlyArray<ReadonlyArray<Op>> => {
  const all = Object.values(opsAfter(opening))
  return all.flatMap((first, n) => all.slice(n).map((second) => [first, second]))
}

const openingNames = Object.keys(openings) as ReadonlyArray<Opening>

/** What takes a device that is rented, or lets it go: started by another order, given back, swapped, sold, and the one that it is swapped for. */
const racing: ReadonlyArray<Op> = [start(1), giveBack, swap, buyOut, start(1, otherNumber)]

describe("one device, wanted by several at once", () => {
  const run = <A, E>(work: Effect.Effect<A, E, Services>) =>
    work.pipe(
      Effect.provide(shopOver(layerWithGates(Layer.fresh(memory)), { assetRegistry: "on" })),
      Effect.provideService(Clock.Clock, instantClock()),
      Effect.withTracerEnabled(false),
      Effect.runPromise
    )

  it.each(openingNames)("in memory, two calls on one that is %s, in every schedule there is", async (opening) => {
    const all = await run(Effect.forEach(pairsAfter(opening), (calls) => explore(opening, calls)))
    const schedules = all.reduce((sum, each) => sum + each.schedules, 0)
    // It mattered who came first, or nothing has been tried.
    expect(all.filter(({ outcomes }) => outcomes > 1).length).toBeGreaterThan(0)
    tried(`schedules of two calls on a device that is ${opening}: every one there is`, schedules)
  })

  it("in memory, two starts and a change by hand, in every schedule there is", async () => {
    const third = [withdraw, mark({ status: "unavailable", reason: "broken" }), mark({ location: "Shelf 4" })]
    const all = await run(Effect.forEach(third, (hand) => explore("available", [start(0), start(1), hand])))
    tried(
      "schedules of two starts and a change by hand: every one there is",
      all.reduce((sum, each) => sum + each.schedules, 0)
    )
    for (const { outcomes } of all) expect(outcomes).toBeGreaterThan(1)
  })

  it("on PostgreSQL, statement by statement", () =>
    Effect.gen(function* () {
      const areWaiting = waitForLocks(yield* SqlClient.SqlClient)
      const pairs: ReadonlyArray<readonly [Opening, ReadonlyArray<Op>]> = [
        ["available", [start(0), start(1)]],
        ["available", [start(0), withdraw]],
        ["available", [start(0), mark({ location: "Shelf 3" })]],
        ["available", [withdraw, mark({ status: "unavailable" })]],
        ["rented", [end, mark({ status: "returned" })]],
        ["rented", [end, withdraw]],
        ["with a customer after a cancel", [mark({ status: "available" }), start(1)]],
        ["unregistered", [register, register]],
        ["unregistered", [register, start(0)]],
        ...racing.flatMap((first, n) =>
          racing.slice(n).map((second): readonly [Opening, ReadonlyArray<Op>] => ["rented", [first, second]])
        )
      ]
      let schedules = 0
      for (const [opening, calls] of pairs) schedules += (yield* explore(opening, calls, areWaiting)).schedules
      expect(schedules).toBeGreaterThan(pairs.length)
      tried("schedules of two sessions on one device, statement by statement", schedules)
    }).pipe(Effect.provide(shopOver(gatedPostgres(), { assetRegistry: "on" })), Effect.runPromise))
})
