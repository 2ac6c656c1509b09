/** Every path through the machine, as `xstate/graph` finds them, walked with real orders: each ends where the machine says. */
import * as Result from "effect/Result"
import { getShortestPaths, getSimplePaths } from "xstate/graph"
import { describe, expect, it } from "vitest"
import { RequestId } from "../../src/order/orderEvent.ts"
import { decide, questionOf } from "../../src/order/decide.ts"
import type { Occasion, Transition } from "../../src/order/Transition.ts"
import { lifecycles } from "../../src/order/lifecycleTable.ts"
import {
  CustomerId,
  type Order,
  OrderId,
  LibraryStatus,
  SerialNumber,
  Sku,
  SubscriptionId,
  TenantId,
  unitsOf
} from "../../src/order/Order.ts"
import { commandTypes, type OrderCommand, type OrderEvent } from "../../src/order/commands/index.ts"
import { place, type PlaceOrder } from "../../src/order/commands/place.ts"
import { type CancellationPolicy, cancellationPolicyNames } from "../../src/order/policies/index.ts"
import { makeOrderMachine } from "../../src/order/orderMachine.ts"
import type { Refusal } from "../../src/order/Refusal.ts"
import { Timestamp } from "../../src/order/Timestamp.ts"
import { catalogue } from "../../src/testing/arbitraries.ts"

const occasion: Occasion = {
  at: Timestamp.make("2026-11-23T12:00:00.000Z"),
  actor: { userId: "ada" },
  requestId: RequestId.make("request-1")
}
const laptop = Sku.make("LAPTOP")

/** An order of one line, so that what the line holds is what the order holds, as in the machine's own context. */
const placed = (policy: CancellationPolicy, quantity: number): Order => {
  const address = { contactName: "Ada", streetAddress: "1 Square", city: "London", country: "GB" }
  const request: PlaceOrder = {
    customer: { email: "ada@example.com", firstName: "Ada", lastName: "Lovelace" },
    billingAddress: address,
    items: [{ sku: laptop, quantity }]
  }
  const facts = {
    tenantId: TenantId.make("demo"),
    orderId: OrderId.make("order"),
    customerId: CustomerId.make("ada"),
    variants: catalogue
  }
  return Result.getOrThrow(place(lifecycles[policy], request, facts, occasion)).after
}

/** The command that puts this question to the machine, about an order that stands as it does. */
const commandAsking = (order: Order, event: OrderEvent): OrderCommand => {
  switch (event.type) {
    case "confirm":
    case "cancel":
      return { type: event.type }
    case "correct":
      return { type: "correct", externalReference: "number 5" }
    case "recordPayment":
      return { type: "recordPayment", status: "paid" }
    case "addItems":
      return { type: "addItems", items: [{ sku: laptop, quantity: event.quantity }], variants: catalogue }
    case "release":
      return { type: "release", items: [{ line: 0, quantity: event.quantity }] }
    case "startSubscription":
      return {
        type: "startSubscription",
        subscriptionId: SubscriptionId.make(`subscription-${order.version + 1}`),
        assetSerialNumber: SerialNumber.make(`serial-${order.version + 1}`),
        customerId: order.customer.customerId,
        asset: { isKnown: true, isRented: event.asset === "rented", sku: laptop }
      }
    case "returnSubscription":
    case "buyOutSubscription":
    case "completeSubscription":
    case "extendSubscription":
    case "replaceAsset":
    case "upgradeSubscription": {
      const isWanted = ({ status }: { readonly status: string }) =>
        (status === "active" ? "active" : "over") === event.subscription
      const rentalId = order.subscriptions.find(isWanted)?.subscriptionId ?? SubscriptionId.make("none")
      return { ...lifecycles.noActiveSubscriptions.commands[event.type].sample(order), rentalId } as OrderCommand
    }
    case "cancelSubscription": {
      const wanted = order.subscriptions.find(({ status }) => status === event.subscription)
      return { type: "cancelSubscription", rentalId: wanted?.subscriptionId ?? SubscriptionId.make("none"), reason: "other" }
    }
  }
}

/** Samples of every command, accepted and refused; `held` follows the order, as the one line of it does. */
const samples = (held: number): Array<OrderEvent> => [
  { type: "confirm" },
  { type: "cancel" },
  { type: "correct" },
  { type: "recordPayment" },
  { type: "release", linesExist: true, isHeld: held >= 1, leavesSome: held > 1, quantity: 1 },
  { type: "startSubscription", customerMatches: true, startIsNear: true, asset: "free", line: { held } },
  { type: "startSubscription", customerMatches: true, startIsNear: true, asset: "rented", line: { held } },
  { type: "returnSubscription", subscription: "active" },
  { type: "buyOutSubscription", subscription: "active" },
  // No contract is over here.
  { type: "completeSubscription", subscription: "unknown", isOver: true },
  { type: "extendSubscription", subscription: "active", fits: true },
  // Each adds a line: there would be no end to it.
  { type: "upgradeSubscription", subscription: "unknown", fault: null, asset: "free", skuFits: true },
  { type: "replaceAsset", subscription: "active", isOther: true, asset: "free", skuFits: true },
  { type: "cancelSubscription", subscription: "active" },
  { type: "cancelSubscription", subscription: "unknown" }
]

/** Events that make sense where they are sent: nothing can end a subscription that is active where none is. */
const eventsOf = (snapshot: { context: { units: { held: number; active: number } } }) =>
  samples(snapshot.context.units.held).filter(
    (event) => !("subscription" in event && event.subscription === "active" && snapshot.context.units.active === 0)
  )

const quantity = 3

describe.each(cancellationPolicyNames)("every path of the machine under %s", (policy) => {
  const machine = makeOrderMachine(policy)
  const options = { input: { quantity }, events: eventsOf, limit: 100_000 }

  const walk = (paths: ReturnType<typeof getSimplePaths<typeof machine>>) => {
    const ends = new Set<string>()
    for (const { state, steps } of paths) {
      let order = placed(policy, quantity)
      for (const { event } of steps) {
        if (!commandTypes.includes(event.type)) continue // xstate.init, with which every path begins
        const command = commandAsking(order, event)
        expect(questionOf(lifecycles[policy], order, command)).toEqual(event)
        const decision: Result.Result<Transition, Refusal> = decide(lifecycles[policy], order, command, occasion)
        if (Result.isSuccess(decision)) order = decision.success.after
      }
      expect({ status: order.status, units: unitsOf(order) }).toEqual({ status: state.value, units: state.context.units })
      ends.add(order.status)
    }
    return ends
  }

  it("that is simple ends in the status and with the units that the machine says", () => {
    const paths = getSimplePaths(machine, options)
    expect(walk(paths)).toEqual(new Set(LibraryStatus.literals))
    expect(paths.length).toBeGreaterThan(20)
  })

  it("that is shortest does too, and there is one to every way an order can stand", () => {
    const paths = getShortestPaths(machine, options)
    expect(walk(paths)).toEqual(new Set(LibraryStatus.literals))
    const states = paths.map(({ state }) => JSON.stringify([state.value, state.context]))
    expect(states).toEqual([...new Set(states)])
  })
})
