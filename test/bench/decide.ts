/** The line `decide`: the decision to cancel an order of two lines. */
import { initialTransition, transition } from "xstate"
import * as Result from "effect/Result"
import { RequestId } from "../../src/order/orderEvent.ts"
import { decide as decideOn } from "../../src/order/decide.ts"
import type { Occasion } from "../../src/order/Transition.ts"
import { lifecycles } from "../../src/order/lifecycleTable.ts"
import { CustomerId, type Order, OrderId } from "../../src/order/Order.ts"
import { makeOrderMachine } from "../../src/order/orderMachine.ts"
import { place } from "../../src/order/commands/place.ts"
import { Timestamp } from "../../src/order/Timestamp.ts"
import { laptop, monitor, newCaller, requestFor, variants } from "../../src/testing/shop.ts"
import type { Contender, Line } from "./measure.ts"

const caller = newCaller()
const lifecycle = lifecycles.noActiveSubscriptions
const occasion: Occasion = {
  at: Timestamp.make("2026-11-23T12:00:00.000Z"),
  actor: caller.actor,
  requestId: RequestId.make("request-1")
}

const quantity = 2

const orderOfTwoLines = (): Order => {
  const facts = {
    tenantId: caller.tenantId,
    orderId: OrderId.make("order-1"),
    customerId: CustomerId.make("customer-1"),
    variants: new Map(variants.map((variant) => [variant.sku, variant]))
  }
  return Result.getOrThrow(place(lifecycle, requestFor([laptop, quantity], [monitor, quantity]), facts, occasion)).after
}

const assertReleased = (released: number, size: number): void => {
  if (released !== 2 * quantity * size) throw new Error(`${released} units were released in ${size} decisions`)
}

/** XState's own pure function. It answers with a snapshot: no event to record, no reply. */
const xstate: Contender = {
  name: "XState transition()",
  prepare: async (size) => {
    const machine = makeOrderMachine("noActiveSubscriptions")
    const [pending] = initialTransition(machine, { quantity: 2 * quantity })
    let released = 0
    return {
      work: () => {
        for (let n = 0; n < size; n++) released += transition(machine, pending, { type: "cancel" })[0].context.units.released
      },
      check: () => assertReleased(released, size)
    }
  }
}

/** The decision with everything that follows from it: the event, the order afterwards, its laws checked. Sealing comes later. */
const decision: Contender = {
  name: "decide",
  prepare: async (size) => {
    const order = orderOfTwoLines()
    let released = 0
    return {
      work: () => {
        for (let n = 0; n < size; n++) {
          const { after } = Result.getOrThrow(decideOn(lifecycle, order, { type: "cancel" }, occasion))
          for (const { units } of after.lines) released += units.released
        }
      },
      check: () => assertReleased(released, size)
    }
  }
}

export const decide: Line = {
  name: "decide",
  what: "decisions to cancel an order of two lines",
  unit: "decisions",
  size: 50_000,
  contenders: [xstate, decision],
  targets: { [decision.name]: 100 }
}
