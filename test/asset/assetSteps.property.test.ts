/** What commands on orders do to assets, for any history: those that are registered move as the machine says, and the others stay. */
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { assetStepsOf } from "../../src/asset/assetSteps.ts"
import { stepOf } from "../../src/asset/assetTable.ts"
import type { AssetStatus } from "../../src/asset/RegisteredAsset.ts"
import { decide } from "../../src/order/decide.ts"
import { isActive, type Order, type SerialNumber, type Subscription } from "../../src/order/Order.ts"
import type { Transition } from "../../src/order/Transition.ts"
import { commandOf, history, move, occasion } from "../../src/testing/arbitraries.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

const activeOf = (order: Order): ReadonlyMap<SerialNumber, Subscription> =>
  new Map(order.subscriptions.filter(isActive).map((each) => [each.serialNumber, each]))

type Registry = (serialNumber: SerialNumber) => boolean
const registries: ReadonlyArray<Registry> = [() => true, (serialNumber) => /[02468]$/.test(serialNumber)]

/** An order whose assets are registered, or not. */
const marked = (order: Order, isRegistered: Registry): Order => ({
  ...order,
  subscriptions: order.subscriptions.map(({ assetIsRegistered: _, ...each }) => ({
    ...each,
    ...(isRegistered(each.serialNumber) && { assetIsRegistered: true as const })
  }))
})

/** A transition as it is on such an order. */
const markedTransition = ({ before, after, ...rest }: Transition, isRegistered: Registry): Transition => ({
  ...rest,
  before: before === null ? null : marked(before, isRegistered),
  after: marked(after, isRegistered)
})

/** Where an asset comes to that a command takes from its subscription. */
const comesTo: Readonly<Record<string, (details: object) => AssetStatus>> = {
  "subscription.returned": () => "returned",
  "subscription.completed": () => "returned",
  "subscription.upgraded": () => "returned",
  "subscription.bought_out": () => "sold",
  "subscription.asset_replaced": (details) =>
    "reason" in details && details.reason === "correction" ? "available" : "unavailable"
}

describe("a command on an order", () => {
  it("takes the assets that its subscriptions get, lets go of those they had, and touches no other", () => {
    const met = new Set<string>()
    const attempts = fc.array(fc.tuple(move, occasion), { minLength: 15, maxLength: 15 })
    fc.assert(
      fc.property(history(), attempts, (past, moves) => {
        let { order } = past
        const made = [...past.transitions]
        for (const [each, on] of moves) {
          const decision: Result.Result<Transition, unknown> = decide(past.lifecycle, order, commandOf(order, each), on)
          if (Result.isFailure(decision)) continue
          made.push(decision.success)
          order = decision.success.after
        }
        for (const [plain, isRegistered] of made.flatMap((each) => registries.map((registry) => [each, registry] as const))) {
          expect(assetStepsOf(markedTransition(plain, () => false))).toEqual([])
          const transition = markedTransition(plain, isRegistered)
          const { before, event, after } = transition
          const steps = assetStepsOf(transition)
          expect(assetStepsOf({ ...transition, replayed: true })).toEqual([])
          if (before === null) {
            expect(steps).toEqual([])
            continue
          }
          const [had, has] = [activeOf(before), activeOf(after)]
          const taken = [...has].filter(([serial]) => !had.has(serial))
          const left = [...had].filter(([serial]) => !has.has(serial))
          const serials = steps.map(({ serialNumber }) => serialNumber)
          // A cancel by the customer leaves the device where it is, until its return is recorded.
          const moved = event.type === "subscription.ended" ? taken : [...taken, ...left]
          expect(serials).toEqual(
            moved
              .map(([serial]) => serial)
              .filter(isRegistered)
              .toSorted()
          )
          for (const { serialNumber, from, to, at, use } of steps) {
            const subscription = has.get(serialNumber)
            const goesOut = stepOf("rent")
            expect(at).toBe(event.at)
            if (subscription === undefined) {
              expect({ from, use }).toEqual({ from: goesOut.to, use: undefined })
              expect(to).toBe(comesTo[event.type]?.(event.details))
            } else {
              expect({ from, to }).toEqual(goesOut)
              const { subscriptionId } = subscription
              expect(use).toEqual({ subscriptionId, customerId: after.customer.customerId })
            }
            met.add(`${event.type} ${from} -> ${to}`)
          }
        }
      }),
      { numRuns: Math.max(numRuns(100), 60) }
    )
    expect(met.size).toBeGreaterThan(4)
  })
})
