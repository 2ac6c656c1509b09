/**
 * Every way an order of up to three lines of three units can stand, and every command on it, under every policy: nothing is stuck,
 * nothing leaks, and the table, XState and the decision say the same.
 */
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { transition } from "xstate"
import { questionOf } from "../../src/order/decide.ts"
import type { Transition } from "../../src/order/Transition.ts"
import { brokenLaws } from "../../src/order/invariants.ts"
import { answerTo, type Consequence, lifecycles } from "../../src/order/lifecycleTable.ts"
import { type Order, unitsOf } from "../../src/order/Order.ts"
import { type CancellationPolicy, cancellationPolicyNames } from "../../src/order/policies/index.ts"
import { makeOrderMachine } from "../../src/order/orderMachine.ts"
import type { OrderEvent } from "../../src/order/commands/index.ts"
import type { Refusal } from "../../src/order/Refusal.ts"
import * as Units from "../../src/order/Units.ts"
import { amount, tried } from "../support/evidence.ts"
import {
  type Decide,
  decideAsShipped,
  exploreOrder,
  type Look,
  occasion,
  type Shape,
  shapes,
  stuck,
  traceOf
} from "../support/exploreOrders.ts"
import { withoutStackTraces } from "../support/withoutStackTraces.ts"

// Refusals are errors.
withoutStackTraces()

const quantityOf = (event: OrderEvent): number => ("quantity" in event ? event.quantity : 1)

const effectOnUnits: Record<Consequence, (units: Units.Units, event: OrderEvent) => Units.Units> = {
  addActiveUnit: Units.addActive,
  holdNewUnits: (units, event) => Units.holdNew(units, quantityOf(event)),
  moveUnitToActive: Units.startUnit,
  moveUnitToEnded: Units.endUnit,
  releaseHeldUnits: Units.releaseHeld,
  releaseSomeHeldUnits: (units, event) => Units.releaseUnits(units, quantityOf(event))
}

/** A status, the units of the order and, if the command was refused, by which code: all that the machine says. */
const saying = (status: unknown, { held, active, ended, released }: Units.Units, code: string | undefined) =>
  `${String(status)} ${held} ${active} ${ended} ${released} ${code}`

const byTable = (policy: CancellationPolicy, order: Order, event: OrderEvent) => {
  const units = unitsOf(order)
  const answer = answerTo(lifecycles[policy], order.status, { units }, event)
  return saying(
    answer.to,
    answer.consequences.reduce((before, consequence) => effectOnUnits[consequence](before, event), units),
    answer.refusal?.code
  )
}

/** XState is asked once for each question: it knows no more of an order than its status and its units. */
const makeByXState = (policy: CancellationPolicy) => {
  const machine = makeOrderMachine(policy)
  const said = new Map<string, string>()
  return (order: Order, event: OrderEvent) => {
    const units = unitsOf(order)
    const question = saying(order.status, units, JSON.stringify(event))
    const known = said.get(question)
    if (known !== undefined) return known
    const [next, actions] = transition(machine, machine.resolveState({ value: order.status, context: { units } }), event)
    const codes = actions.map((action) => (action.params as { event: { code: string } }).event.code)
    const saw = saying(next.value, next.context.units, codes[0])
    said.set(question, saw)
    return saw
  }
}

const byDecision = (order: Order, answer: Result.Result<Transition, Refusal>) =>
  Result.isSuccess(answer)
    ? saying(answer.success.after.status, unitsOf(answer.success.after), undefined)
    : saying(order.status, unitsOf(order), answer.failure.code)

/** Everything that must be true of one answer. */
const lookUnder = (policy: CancellationPolicy): Look => {
  const byXState = makeByXState(policy)
  return (order, command, answer) => {
    const question = questionOf(lifecycles[policy], order, command, occasion.at)
    const decision = byDecision(order, answer)
    const table = byTable(policy, order, question)
    const XState = byXState(order, question)
    if (decision !== table || table !== XState) return `they differ: ${JSON.stringify({ decision, table, XState })}`
    if (Result.isFailure(answer)) return undefined
    const { before, event, after } = answer.success
    if (order.cancellation && command.type !== "recordPayment") return "a cancelled order was changed"
    const broken = brokenLaws(after)
    if (broken.length > 0) return broken.join("; ")
    if (before !== order || event.from !== order.status || event.to !== after.status) return "the event does not chain"
    if (event.sequence !== order.version + 1 || after.version !== event.sequence) return "the version does not count"
    const leak = after.lines.findIndex(({ units, quantity }) => Units.total(units) !== quantity)
    if (leak >= 0) return `line ${leak} has lost or won units`
    const released = event.released.reduce((sum, { quantity }) => sum + quantity, 0)
    if (released !== unitsOf(after).released - unitsOf(order).released) return "the event names other units than were released"
    return undefined
  }
}

/** Three lines of three units; a run of ten times the amount tries four units, which is ten times as many states. */
const maxUnits = amount(1) >= 10 ? 4 : 3

describe.each(cancellationPolicyNames)("under %s, every order of up to three lines and three units", (policy) => {
  const look = lookUnder(policy)

  it("answers every command, soundly, wherever it stands; none is stuck", () => {
    let [states, answers] = [0, 0]
    const counting: Look = (...args) => {
      answers++
      return look(...args)
    }
    for (const shape of shapes(3, maxUnits)) {
      const reached = exploreOrder(policy, shape, counting)
      states += reached.size
      const isStuck = stuck(reached, (order) => order.cancellation !== undefined)
      // Under the other policy an order that was rented can never be cancelled, and no other is stuck.
      const mayBeStuck = ({ subscriptions }: Order) => policy === "beforeFulfilment" && subscriptions.length > 0
      for (const state of isStuck) {
        if (!mayBeStuck(state.order)) throw new Error(`${traceOf(shape, state)}: it can never be cancelled any more`)
      }
      expect(isStuck).toHaveLength([...reached.values()].filter(({ order }) => mayBeStuck(order)).length)
    }
    // With orders that differ only in how their lines are arranged counted once: 9,290 under the default policy.
    expect(states).toBeGreaterThan(policy === "noActiveSubscriptions" ? 9_000 : 900)
    tried("states of orders, every one there is", states)
    tried("answers in every state to every command", answers)
  })
})

describe("a fault is found, and the shortest way to it is named", () => {
  const shape: Shape = [
    ["A", 1],
    ["B", 2]
  ]
  const find =
    (decide: Decide, look: Look = lookUnder("noActiveSubscriptions")) =>
    () =>
      exploreOrder("noActiveSubscriptions", shape, look, decide)

  /** The decision as shipped, with its accepted answers changed. */
  const planting =
    (change: (transition: Transition) => Transition): Decide =>
    (...args) =>
      Result.map(decideAsShipped(...args), change)

  it("when a cancel forgets to release the second line", () => {
    const forgetful = planting((transition) =>
      transition.event.type === "order.cancelled"
        ? {
            ...transition,
            after: {
              ...transition.after,
              lines: transition.after.lines.with(1, transition.before?.lines[1] as Order["lines"][0])
            }
          }
        : transition
    )
    expect(find(forgetful)).toThrow(/^place 1 A \+ 2 B -> cancel \(at pending 1000 2000\): they differ/)
  })

  it("when the last subscription of an order does not end", () => {
    const clinging: Decide = (lifecycle, order, command) =>
      command.type === "cancelSubscription" && order.subscriptions.length === 3
        ? decideAsShipped(lifecycle, order, { ...command, rentalId: "unknown" as typeof command.rentalId })
        : decideAsShipped(lifecycle, order, command)
    expect(find(clinging)).toThrow(
      /^place 1 A \+ 2 B -> confirm( -> startSubscription\(\S+ \S+ free\)){3} -> cancelSubscription\(subscription-0\) \(at fulfilled/
    )
  })

  it("when a cancelled order can be confirmed", () => {
    const reviving: Decide = (lifecycle, order, command) =>
      command.type === "confirm" && order.cancellation
        ? decideAsShipped(lifecycle, { ...order, status: lifecycle.initial }, command)
        : decideAsShipped(lifecycle, order, command)
    expect(find(reviving)).toThrow(/^place 1 A \+ 2 B -> cancel -> confirm \(at cancelled/)
  })

  it("when an event does not say where the order came from", () => {
    const lying = planting((transition) =>
      transition.event.type === "subscription.started"
        ? { ...transition, event: { ...transition.event, from: lifecycles.noActiveSubscriptions.initial } }
        : transition
    )
    expect(find(lying)).toThrow(/^place 1 A \+ 2 B -> confirm -> startSubscription\(.*the event does not chain$/)
  })

  it("when an order can be brought to where it can never be cancelled", () => {
    const { noActiveSubscriptions: policy } = { noActiveSubscriptions: "noActiveSubscriptions" } as const
    const clinging: Decide = (lifecycle, order, command) =>
      "rentalId" in command
        ? decideAsShipped(lifecycle, order, { ...command, rentalId: "unknown" as typeof command.rentalId })
        : decideAsShipped(lifecycle, order, command)
    const [first] = stuck(
      exploreOrder(policy, shape, () => undefined, clinging),
      (order) => order.cancellation !== undefined
    )
    expect(first && traceOf(shape, first)).toMatch(/^place 1 A \+ 2 B -> confirm -> startSubscription\([^>]*\) \(at partial/)
  })
})
