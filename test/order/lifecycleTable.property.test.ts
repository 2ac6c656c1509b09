/** The lookup table that decisions are made by, against the machine it was read off, run by XState itself. */
import { transition } from "xstate"
import { describe, expect, it } from "vitest"
import { answerTo, type Consequence, type Lifecycle, lifecycles } from "../../src/order/lifecycleTable.ts"
import { LibraryStatus, type OrderStatus } from "../../src/order/Order.ts"
import { type CancellationPolicy, cancellationPolicyNames } from "../../src/order/policies/index.ts"
import { makeOrderMachine, type orderMachine } from "../../src/order/orderMachine.ts"
import type { OrderEvent } from "../../src/order/commands/index.ts"
import * as Units from "../../src/order/Units.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

const machines = Object.fromEntries(cancellationPolicyNames.map((policy) => [policy, makeOrderMachine(policy)])) as Readonly<
  Record<CancellationPolicy, typeof orderMachine>
>

const quantityOf = (event: OrderEvent): number => ("quantity" in event ? event.quantity : 1)

const effectOnUnits: Record<Consequence, (units: Units.Units, event: OrderEvent) => Units.Units> = {
  addActiveUnit: Units.addActive,
  holdNewUnits: (units, event) => Units.holdNew(units, quantityOf(event)),
  moveUnitToActive: Units.startUnit,
  moveUnitToEnded: Units.endUnit,
  releaseHeldUnits: Units.releaseHeld,
  releaseSomeHeldUnits: (units, event) => Units.releaseUnits(units, quantityOf(event))
}

/** What XState makes of an event: the status and units afterwards, and the code of the refusal it emits, if any. */
const byXState = ({ policy }: Lifecycle, status: OrderStatus, units: Units.Units, event: OrderEvent) => {
  const machine = machines[policy]
  const [next, actions] = transition(machine, machine.resolveState({ value: status, context: { units } }), event)
  const codes = actions.map((action) => (action.params as { event: { type: string; code: string } }).event)
  return { status: next.value, units: next.context.units, refusals: codes.map(({ type, code }) => `${type} ${code}`) }
}

const byTable = (lifecycle: Lifecycle, status: OrderStatus, units: Units.Units, event: OrderEvent) => {
  const answer = answerTo(lifecycle, status, { units }, event)
  return {
    status: answer.to,
    units: answer.consequences.reduce((before, consequence) => effectOnUnits[consequence](before, event), units),
    refusals: answer.refusal ? [`refused ${answer.refusal.code}`] : []
  }
}

const upTo = (max: number) => Array.from({ length: max + 1 }, (_, count) => count)

/** Every event there is, with every combination of facts; lines hold up to `maxHeld` units. */
const eventsWith = (maxHeld: number): ReadonlyArray<OrderEvent> => [
  { type: "confirm" },
  { type: "cancel" },
  { type: "correct" },
  { type: "recordPayment" },
  ...([null, "VALIDATION_ERROR", "VARIANT_NOT_FOUND", "VARIANT_INACTIVE", "INVALID_CONTRACT_LENGTH"] as const).map((fault) => ({
    type: "addItems" as const,
    fault,
    quantity: 2
  })),
  ...[true, false].flatMap((linesExist) =>
    [true, false].flatMap((isHeld) =>
      [true, false].map((leavesSome) => ({ type: "release" as const, linesExist, isHeld, leavesSome, quantity: 1 }))
    )
  ),
  ...(["unknown", "active", "over"] as const).flatMap((subscription): ReadonlyArray<OrderEvent> => [
    { type: "returnSubscription", subscription },
    { type: "buyOutSubscription", subscription },
    ...([null, "VALIDATION_ERROR", "VARIANT_NOT_FOUND", "VARIANT_INACTIVE", "INVALID_CONTRACT_LENGTH"] as const).flatMap(
      (fault) =>
        [true, false].flatMap((skuFits) =>
          (["unknown", "rented", "free"] as const).map((asset) => ({
            type: "upgradeSubscription" as const,
            subscription,
            fault,
            asset,
            skuFits
          }))
        )
    ),
    ...[true, false].flatMap((holds): ReadonlyArray<OrderEvent> => [
      { type: "completeSubscription", subscription, isOver: holds },
      { type: "extendSubscription", subscription, fits: holds },
      ...[true, false].flatMap((skuFits) =>
        (["unknown", "rented", "free"] as const).map((asset) => ({
          type: "replaceAsset" as const,
          subscription,
          isOther: holds,
          asset,
          skuFits
        }))
      )
    ])
  ]),
  ...(["unknown", "active", "cancelled", "ended"] as const).map((subscription) => ({
    type: "cancelSubscription" as const,
    subscription
  })),
  ...[true, false].flatMap((customerMatches) =>
    [true, false].flatMap((startIsNear) =>
      (["unknown", "rented", "free"] as const).flatMap((asset) =>
        (["unclear", "none", "otherLength", ...upTo(maxHeld).map((held) => ({ held }))] as const).map((line) => ({
          type: "startSubscription" as const,
          customerMatches,
          startIsNear,
          asset,
          line
        }))
      )
    )
  )
]

describe.each(cancellationPolicyNames)("under the policy %s, the table and XState agree", (policy) => {
  const lifecycle = lifecycles[policy]

  it.each(LibraryStatus.literals)(
    "on a %s order, for every event and every way its units can stand, up to 2 in a place",
    (status) => {
      let compared = 0
      for (const held of upTo(2)) {
        for (const active of upTo(2)) {
          for (const ended of upTo(1)) {
            for (const released of upTo(1)) {
              for (const event of eventsWith(2)) {
                const units = { held, active, ended, released }
                const found = byTable(lifecycle, status, units, event)
                expect(found, JSON.stringify({ units, event })).toEqual(byXState(lifecycle, status, units, event))
                compared++
              }
            }
          }
        }
      }
      expect(compared).toBe(3 * 3 * 2 * 2 * eventsWith(2).length)
    }
  )

  it("on orders of thousands of units", () => {
    const count = fc.nat(10_000)
    fc.assert(
      fc.property(
        fc.constantFrom(...LibraryStatus.literals),
        fc.record({ held: count, active: count, ended: count, released: count }),
        fc.constantFrom(...eventsWith(2)),
        (status, units, event) => {
          expect(byTable(lifecycle, status, units, event)).toEqual(byXState(lifecycle, status, units, event))
        }
      ),
      { numRuns: numRuns(1_000) }
    )
  })
})

describe("a new order", () => {
  it("begins where the machine begins", () => {
    for (const policy of cancellationPolicyNames) {
      expect(lifecycles[policy].initial).toBe(
        machines[policy].resolveState({ value: "pending", context: { units: Units.allHeld(1) } }).value
      )
    }
  })
})
