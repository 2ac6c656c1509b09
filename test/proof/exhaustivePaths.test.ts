/** Every path through the machine, as `xstate/graph` finds them, driven against the real services, and compared state by state. */
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import { getShortestPaths, getSimplePaths } from "xstate/graph"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import type { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import { activeSubscriptions, type OrderId, SerialNumber, SubscriptionId, unitsOf } from "../../src/order/Order.ts"
import { commandTypes, type OrderEvent } from "../../src/order/commands/index.ts"
import { type CancellationPolicy, cancellationPolicyNames } from "../../src/order/policies/index.ts"
import { makeOrderMachine } from "../../src/order/orderMachine.ts"
import { auditStore } from "../../src/testing/auditStore.ts"
import { laptop, newCaller, requestFor, shopOver } from "../../src/testing/shop.ts"
import { tried } from "../support/evidence.ts"
import { postgresStore } from "../support/postgresDatabase.ts"

const quantity = 3

/** What can be asked where units are as they are; the one line of the order holds what the order holds. */
const eventsAt = ({ context: { units } }: { context: { units: { held: number; active: number } } }): Array<OrderEvent> => [
  { type: "confirm" },
  { type: "cancel" },
  { type: "startSubscription", customerMatches: true, startIsNear: true, asset: "free", line: { held: units.held } },
  { type: "correct" },
  { type: "recordPayment" },
  { type: "release", linesExist: true, isHeld: units.held >= 1, leavesSome: units.held > 1, quantity: 1 },
  { type: "cancelSubscription", subscription: units.active > 0 ? "active" : "unknown" }
]

/** Do what the event says to a real order. Refusals are answers; whether they are right shows in the state afterwards. */
const send = (lifecycle: OrderLifecycle["Service"], caller: ReturnType<typeof newCaller>, event: OrderEvent, orderId: OrderId) =>
  Effect.gen(function* () {
    const order = yield* lifecycle.get(caller.tenantId, orderId)
    switch (event.type) {
      case "confirm":
      case "cancel":
        return yield* lifecycle[event.type](caller, orderId)
      case "correct":
        return yield* lifecycle.correct(caller, orderId, { externalReference: "number 5" })
      case "recordPayment":
        return yield* lifecycle.recordPayment(caller, orderId, { status: "paid" })
      case "release":
        return yield* lifecycle.release(caller, orderId, { items: [{ line: 0, quantity: event.quantity }] })
      case "addItems":
        return yield* lifecycle.addItems(caller, orderId, { items: [{ sku: laptop, quantity: event.quantity }] })
      case "startSubscription":
        return yield* lifecycle.startSubscription(caller, {
          orderId,
          customerId: order.customer.customerId,
          assetSerialNumber: SerialNumber.make(`${orderId} ${order.version}`)
        })
      case "returnSubscription":
      case "buyOutSubscription":
      case "completeSubscription":
      case "extendSubscription":
      case "replaceAsset":
      case "upgradeSubscription":
        // They have no samples here: what they do to units is shown in `test/order/lifecycleTable.property.test.ts`.
        throw new Error(`no path here has ${event.type}`)
      case "cancelSubscription": {
        const rentalId = activeSubscriptions(order)[0]?.subscriptionId ?? SubscriptionId.make("unknown")
        return yield* lifecycle.cancelSubscription(caller, { rentalId, reason: "other" })
      }
    }
  }).pipe(Effect.result)

/** Walk every path on an order of its own; returns how many states were compared. */
const walkAll = <E>(policy: CancellationPolicy, store: Layer.Layer<OrderStore, E>) => {
  const machine = makeOrderMachine(policy)
  const options = { input: { quantity }, events: eventsAt, limit: 100_000 }
  const paths = [...getShortestPaths(machine, options), ...getSimplePaths(machine, options)]
  return Effect.gen(function* () {
    const lifecycle = yield* OrderLifecycle
    const caller = newCaller()
    let compared = 0
    const walk = Effect.fnUntraced(function* ({ steps }: (typeof paths)[number]) {
      const { orderId } = (yield* lifecycle.place(caller, requestFor([laptop, quantity]))).after
      const way: Array<string> = []
      for (const { event, state } of steps) {
        // Every path begins with xstate.init, which is no command: the order is as it was placed.
        if (commandTypes.includes(event.type)) yield* send(lifecycle, caller, event, orderId)
        way.push(event.type)
        const order = yield* lifecycle.get(caller.tenantId, orderId)
        const machineSays = { status: state.value, units: state.context.units }
        expect({ status: order.status, units: unitsOf(order) }, way.join(" -> ")).toEqual(machineSays)
        compared++
      }
    })
    yield* Effect.forEach(paths, walk, { concurrency: 4, discard: true })
    expect(yield* auditStore(caller.tenantId)).toEqual([])
    return { paths: paths.length, compared }
  }).pipe(Effect.provide(shopOver(store, { cancellationPolicy: policy })), Effect.runPromise)
}

describe.each(cancellationPolicyNames)("every path of the machine under %s is the path of a real order", (policy) => {
  it.each<readonly [string, Layer.Layer<OrderStore, unknown>]>([
    ["in memory", memory],
    ["on PostgreSQL", postgresStore]
  ])("%s", async (name, store) => {
    const { paths, compared } = await walkAll(policy, store)
    expect(paths).toBeGreaterThan(20)
    tried(`paths of the machine walked by the services ${name}`, paths)
    tried("states compared on these paths", compared)
  })
})
