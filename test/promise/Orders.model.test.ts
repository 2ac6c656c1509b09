/** What promises answer is what the services answer: against the model, and call by call beside the services themselves. */
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { afterAll, describe, expect, it } from "vitest"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import { type Acquaintance, type CallAnswer, makeCall, type OrderCall, type Services } from "../../src/testing/OrderCall.ts"
import { tried } from "../support/evidence.ts"
import { fc, numRuns } from "../support/fastCheck.ts"
import { tryAgainstModel } from "../support/lifecycleModel.ts"
import { promisedShop } from "../support/openedOrders.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { newCaller, shopOver } from "../support/world.ts"

const order = fc.nat(3)
const key = fc.option(fc.constantFrom("key 1", "key 2"), { nil: undefined })
const keyed = <T extends object>(call: fc.Arbitrary<T>) =>
  fc.tuple(call, key).map(([made, key]) => (key === undefined ? made : { ...made, key }))

/** Any call at all. Few orders, serial numbers and keys, so that calls meet. */
const call: fc.Arbitrary<OrderCall> = fc.oneof(
  keyed(fc.record({ type: fc.constant("place" as const), quantity: fc.integer({ min: 1, max: 3 }) })),
  keyed(fc.record({ type: fc.constant("confirm" as const), order })),
  keyed(fc.record({ type: fc.constant("startSubscription" as const), order, serial: fc.constantFrom("A", "B", "C") })),
  keyed(fc.record({ type: fc.constant("startSubscription" as const), order, serial: fc.constantFrom("A", "B", "C") })),
  keyed(fc.record({ type: fc.constant("cancelSubscription" as const), order, rental: fc.nat(2) })),
  keyed(fc.record({ type: fc.constant("cancel" as const), order, reason: fc.constantFrom("", "a reason") })),
  fc.record({ type: fc.constant("cancelMany" as const), orders: fc.array(order, { maxLength: 3 }) }),
  fc.record({ type: fc.constant("read" as const), order }),
  fc.constant<OrderCall>({ type: "count" })
)
const opening: ReadonlyArray<OrderCall> = [
  { type: "place", quantity: 2 },
  { type: "confirm", order: 0 }
]

/** What chance may leave out of a few runs: a cancel that is refused, one that is accepted, and an order that nobody placed. */
const story: ReadonlyArray<OrderCall> = [
  { type: "startSubscription", order: 0, serial: "A" },
  { type: "cancel", order: 0 },
  { type: "cancelSubscription", order: 0, rental: 0 },
  { type: "cancel", order: 0 },
  { type: "confirm", order: 3 }
]

type Runtime = ManagedRuntime.ManagedRuntime<Services, unknown>

/** A tenant of its own, and the calls one after the other. */
const answersOf = async (runtime: Runtime, calls: ReadonlyArray<OrderCall>) => {
  const known: Acquaintance = { caller: newCaller(), orders: [] }
  const answers: Array<CallAnswer> = []
  for (const call of calls) answers.push(...(await runtime.runPromise(makeCall(call, known))))
  return answers
}

describe.each([
  { place: "in memory", store: Layer.fresh(memory), models: 100, runs: 200 },
  { place: "on PostgreSQL", store: postgresStore, models: 8, runs: 20 }
])("orders $place, behind promises,", ({ store, models, runs }) => {
  const promised = ManagedRuntime.make(promisedShop(store))
  const direct = ManagedRuntime.make(shopOver(store), { memoMap: promised.memoMap })
  afterAll(async () => {
    await direct.dispose()
    await promised.dispose()
  })

  it("answer every sequence of commands as the model does", () => tryAgainstModel(promised, models))

  it("answer as the services do", async () => {
    const kinds = new Set<string>()
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 5, maxLength: 25 }), async (calls) => {
        const all = [...opening, ...calls, ...[0, 1, 2].map((order): OrderCall => ({ type: "read", order }))]
        const answers = await answersOf(promised, all)
        expect(answers).toEqual(await answersOf(direct, all))
        for (const { answer } of answers) kinds.add(answer?.split(/[:,]/)[0] ?? "none")
        tried("calls through promises, beside the services", all.length)
      }),
      { numRuns: numRuns(runs), examples: [[[...story]]] }
    )
    // Neither only refusals nor only successes were compared.
    for (const kind of ["order.placed", "order.cancelled", "subscription.started", "NOT_FOUND", "ORDER_NOT_CANCELLABLE"]) {
      expect(kinds).toContain(kind)
    }
  })
})
