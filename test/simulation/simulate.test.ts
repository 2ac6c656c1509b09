import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import * as Memory from "../../src/memory/MemoryOrderStore.ts"
import { type Order, type OrderId, type TenantId, unitsOf } from "../../src/order/Order.ts"
import { dayMs } from "../../src/simulation/Arrivals.ts"
import { readScenario, type ScenarioInput } from "../../src/simulation/Scenario.ts"
import { simulateOne } from "../../src/simulation/simulate.ts"
import { tried } from "../support/evidence.ts"
import { postgresStore } from "../support/postgresDatabase.ts"

/** A day on which callers step on each other's toes: a slow store, double clicks, and customers who cancel while staff confirm. */
const crowded: ScenarioInput = {
  name: "Crowded",
  days: 1,
  tenants: [{ id: "north", share: 2 }, { id: "south" }],
  arrivals: { perDay: 400 },
  confirmation: { delayHours: { constant: 0.01 } },
  fulfilment: { unitsPerDay: 2_000, delayHours: { constant: 0.01 } },
  subscription: { lengthDays: { constant: 0.1 } },
  cancellation: {
    hazards: {
      pending: [{ perDay: 1_500 }],
      confirmed: [{ perDay: 300 }],
      partial: [{ perDay: 50 }],
      fulfilled: [{ perDay: 5 }],
      cancelled: []
    }
  },
  clients: { sentTwice: 0.3, slow: 0.1, withKey: 0.6 },
  store: { latencyMs: { uniform: { min: 1, max: 40 } }, connections: 3 }
}

const read = (input: ScenarioInput) => Result.getOrThrow(readScenario(input))

const run = (input: ScenarioInput, seed: number, store?: OrderStore["Service"]) => {
  const scenario = read(input)
  return Effect.map(simulateOne({ scenario, policy: scenario.policies[0], seed, ...(store && { store }) }), (done) => {
    tried("simulated orders", done.figures.orders.placed)
    return done
  })
}

/** Everything that a store holds, read through its port. */
const readAll = Effect.fnUntraced(function* (store: OrderStore["Service"], tenants: ReadonlyArray<{ readonly id: TenantId }>) {
  const orders: Array<Order> = []
  let events = 0
  for (const { id: tenantId } of tenants) {
    let after: OrderId | null = null
    for (;;) {
      const orderIds: ReadonlyArray<OrderId> = yield* store.orderIds(tenantId, after, 500)
      const loads = yield* store.load(orderIds.map((orderId) => ({ tenantId, order: { orderId } })))
      orders.push(...loads.flatMap(({ order }) => order ?? []))
      after = orderIds.at(-1) ?? null
      if (after === null) break
    }
  }
  for (const { version } of orders) events += version
  return { orders, events }
})

const sum = (numbers: ReadonlyArray<number>) => numbers.reduce((total, each) => total + each, 0)

describe("the figures of a run", () => {
  it("are what the store holds at its end", async () => {
    const scenario = read(crowded)
    const [memory] = await Effect.runPromise(
      Effect.scoped(Effect.map(Layer.build(Memory.layer), (context) => [Context.get(context, OrderStore)]))
    )
    if (memory === undefined) throw new Error("no store")
    const { figures } = await Effect.runPromise(run(crowded, 7, memory))
    const { orders, events } = await Effect.runPromise(readAll(memory, scenario.tenants))
    const units = orders.map((order) => unitsOf(order))
    expect(figures.orders.placed).toBe(orders.length)
    expect(figures.orders.cancelled).toBe(orders.filter(({ cancellation }) => cancellation !== undefined).length)
    expect(figures.units.ordered).toBe(sum(orders.flatMap(({ lines }) => lines.map(({ quantity }) => quantity))))
    expect(figures.units.released).toBe(sum(units.map(({ released }) => released)))
    expect(figures.units.subscriptionsEnded).toBe(sum(units.map(({ ended }) => ended)))
    expect(figures.units.subscriptionsStarted).toBe(sum(units.map(({ active, ended }) => active + ended)))
    expect(figures.events).toBe(events)
    expect(figures.calls.accepted).toBeGreaterThanOrEqual(events - figures.calls.unknown)
    // The last moment that is drawn is the end.
    const last = (series: ReadonlyArray<number>) => series.at(-1)
    expect(sum(Object.values(figures.overTime.orders).map((series) => last(series) ?? 0))).toBe(orders.length)
    expect(last(figures.overTime.unitsHeld)).toBe(sum(units.map(({ held }) => held)))
    expect(last(figures.overTime.unitsRented)).toBe(sum(units.map(({ active }) => active)))
    // How long units were held, reckoned another way: the area under the curve is the sum over all units.
    const endAt = Date.parse(scenario.start) + scenario.days * dayMs
    const stillHeld = sum(orders.map((order) => unitsOf(order).held * ((endAt - Date.parse(order.createdAt)) / dayMs)))
    const { count, mean } = figures.hours.held
    expect(figures.units.heldDays).toBeCloseTo(stillHeld + (count * mean) / 24, 1)
  })

  it("are of the same customers under every policy", async () => {
    const policies = [
      { name: "slow", confirmationDelayHours: { constant: 5 } },
      { name: "strict", cancellationPolicy: "beforeFulfilment" }
    ] as const
    const hazards = {
      pending: [{ perDay: 2 }],
      confirmed: [],
      partial: [{ perDay: 2 }],
      fulfilled: [{ perDay: 2 }],
      cancelled: []
    }
    const scenario = read({ ...crowded, clients: { withKey: 1 }, cancellation: { hazards }, policies })
    const runs = await Effect.runPromise(
      Effect.forEach(scenario.policies, (policy) => simulateOne({ scenario, policy, seed: 3 }))
    )
    const [slow, strict] = runs.map(({ figures }) => figures)
    expect(slow?.orders.placed).toBe(strict?.orders.placed)
    expect(slow?.units.ordered).toBe(strict?.units.ordered)
    expect(slow?.hours.toConfirm.mean).toBeGreaterThan(4.9)
    expect(Object.keys(slow?.calls.cancelsBlockedBy ?? {})).toEqual(["noActiveSubscriptions"])
    expect(Object.keys(strict?.calls.cancelsBlockedBy ?? {})).toEqual(["beforeFulfilment"])
  })
})

describe("a run", () => {
  it("is the same again under the same seed, to the last digit, and another under another", async () => {
    const [first, second, other] = await Effect.runPromise(Effect.all([run(crowded, 7), run(crowded, 7), run(crowded, 8)]))
    expect(JSON.stringify(second)).toBe(JSON.stringify(first))
    expect(JSON.stringify(other)).not.toBe(JSON.stringify(first))
    // It was a run in which something happened.
    const { orders, calls } = first.figures
    expect(Math.min(orders.placed, orders.confirmed, orders.fulfilled, orders.cancelled)).toBeGreaterThan(20)
    expect(calls.lostRaces).toBeGreaterThan(20)
  })

  it("comes out on PostgreSQL as it does in memory", async () => {
    const inMemory = await Effect.runPromise(run(crowded, 7))
    const onPostgres = await Effect.runPromise(
      Effect.scoped(Effect.flatMap(Layer.build(postgresStore), (context) => run(crowded, 7, Context.get(context, OrderStore))))
    )
    expect(onPostgres).toEqual(inMemory)
  })
})
