/**
 * The line `simulate`: orders through the whole lifecycle. Every other order is placed, confirmed and cancelled; the rest have a
 * subscription that starts and ends in between.
 */
import { createActor, type Snapshot } from "xstate"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { AuditTrail } from "../../src/lifecycle/AuditTrail.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { layer as memory } from "../../src/memory/index.ts"
import { layerDigest } from "../../src/node/index.ts"
import { type OrderId, SerialNumber } from "../../src/order/Order.ts"
import { makeOrderMachine } from "../../src/order/orderMachine.ts"
import type { OrderEvent } from "../../src/order/commands/index.ts"
import { readScenario } from "../../src/simulation/Scenario.ts"
import { simulateOne } from "../../src/simulation/simulate.ts"
import { laptop, newCaller, requestFor, shopOver } from "../../src/testing/shop.ts"
import type { Contender, Line } from "./measure.ts"
import { seededSurroundings } from "./seededSurroundings.ts"

/** Whether the nth order is rented for a while. */
const isRented = (n: number): boolean => n % 2 === 1

/** Units of each order, and how many of them a cancel gives back. */
const quantity = 2
const releasedOf = (n: number): number => (isRented(n) ? quantity - 1 : quantity)

const expected = (size: number) => {
  const work = { cancelled: size, released: 0, events: 0 }
  for (let n = 0; n < size; n++) {
    work.released += releasedOf(n)
    work.events += isRented(n) ? 5 : 3
  }
  return work
}

const assertDone = (done: ReturnType<typeof expected>, size: number): void => {
  const [is, ought] = [JSON.stringify(done), JSON.stringify(expected(size))]
  if (is !== ought) throw new Error(`the work was not done: ${is} instead of ${ought}`)
}

/** No audit, no reservations, no store, no input to check: the machine alone, as XState runs it. */
const bareActors: Contender = {
  name: "bare XState actors and a Map",
  prepare: async (size) => {
    const machine = makeOrderMachine("noActiveSubscriptions")
    const actors = new Map<string, ReturnType<typeof createActor<typeof machine>>>()
    let commands = 0
    const work = () => {
      for (let n = 0; n < size; n++) {
        const actor = createActor(machine, { input: { quantity } }).start()
        actors.set(`order ${n}`, actor)
        actor.send({ type: "confirm" })
        commands += 3
        if (isRented(n)) {
          actor.send({
            type: "startSubscription",
            customerMatches: true,
            startIsNear: true,
            asset: "free",
            line: { held: quantity }
          })
          actor.send({ type: "cancelSubscription", subscription: "active" })
          commands += 2
        }
        actor.send({ type: "cancel" })
      }
    }
    const check = () => {
      let [cancelled, released] = [0, 0]
      for (const actor of actors.values()) {
        const snapshot = actor.getSnapshot()
        if (snapshot.matches("cancelled")) cancelled++
        released += snapshot.context.units.released
      }
      assertDone({ cancelled, released, events: commands }, size)
    }
    return { work, check }
  }
}

/** The same, as a process does it that keeps what must survive it: a snapshot of each order, and an actor for as long as a command takes. */
const actorsFromSnapshots: Contender = {
  name: "an XState actor for each command, and snapshots in a Map",
  prepare: async (size) => {
    const machine = makeOrderMachine("noActiveSubscriptions")
    const snapshots = new Map<string, Snapshot<unknown>>()
    let commands = 0
    const send = (id: string, event: OrderEvent): void => {
      const snapshot = snapshots.get(id)
      if (snapshot === undefined) throw new Error(`there is no ${id}`)
      const actor = createActor(machine, { snapshot, input: { quantity } }).start()
      actor.send(event)
      snapshots.set(id, actor.getPersistedSnapshot())
      commands++
    }
    const work = () => {
      for (let n = 0; n < size; n++) {
        const id = `order ${n}`
        snapshots.set(id, createActor(machine, { input: { quantity } }).start().getPersistedSnapshot())
        commands++
        send(id, { type: "confirm" })
        if (isRented(n)) {
          send(id, {
            type: "startSubscription",
            customerMatches: true,
            startIsNear: true,
            asset: "free",
            line: { held: quantity }
          })
          send(id, { type: "cancelSubscription", subscription: "active" })
        }
        send(id, { type: "cancel" })
      }
    }
    const check = () => {
      let [cancelled, released] = [0, 0]
      for (const snapshot of snapshots.values()) {
        const actor = createActor(machine, { snapshot, input: { quantity } })
        if (actor.getSnapshot().matches("cancelled")) cancelled++
        released += actor.getSnapshot().context.units.released
      }
      assertDone({ cancelled, released, events: commands }, size)
    }
    return { work, check }
  }
}

/** The services that are used for real, audit, reservations, outbox and all, one call after the other. */
const services: Contender = {
  name: "the services on the memory store",
  prepare: async (size) => {
    const runtime = ManagedRuntime.make(
      shopOver(memory).pipe(Layer.provideMerge([Layer.succeedContext(seededSurroundings(1)), layerDigest]))
    )
    const caller = newCaller()
    const work = () =>
      runtime.runPromise(
        Effect.gen(function* () {
          const orders = yield* OrderLifecycle
          for (let n = 0; n < size; n++) {
            const { orderId, customer } = (yield* orders.place(caller, requestFor([laptop, quantity]))).after
            yield* orders.confirm(caller, orderId)
            if (isRented(n)) {
              const { customerId } = customer
              const assetSerialNumber = SerialNumber.make(`SN-${n}`)
              const started = yield* orders.startSubscription(caller, { orderId, customerId, assetSerialNumber })
              const rentalId = started.event.details.subscriptionId
              yield* orders.cancelSubscription(caller, { rentalId, reason: "customer_request" })
            }
            yield* orders.cancel(caller, orderId, { reason: "changed their mind" })
          }
        })
      )
    const check = () => runtime.runPromise(Effect.map(workDone(caller.tenantId), (done) => assertDone(done, size)))
    return { work, check }
  }
}

/** A whole simulation: arrivals, staff, a warehouse, keys, and everything measured; the auditor watches, or does not. About as many calls. */
const simulation = (isAudited: boolean): Contender => ({
  name: isAudited ? "a whole simulation with its auditor" : "a whole simulation",
  prepare: async (size) => {
    const scenario = Result.getOrThrow(
      readScenario({
        name: "Bench",
        arrivals: { perDay: size / 28 },
        catalogue: [{ sku: "LAPTOP", assets: 2 * size }],
        fulfilment: { unitsPerDay: size / 5 },
        clients: { withKey: 0 }
      })
    )
    let placed = 0
    const work = async () => {
      const run = simulateOne({ scenario, policy: scenario.policies[0], seed: 1, isAudited })
      const { figures, violations } = await Effect.runPromise(Effect.provide(run, layerDigest))
      if (violations.length > 0 || figures.events > figures.calls.accepted) throw new Error("the simulation is wrong")
      placed = figures.orders.placed
    }
    // How many come is chance, which is the same in every round: within a few per cent of what was asked for.
    const check = () => {
      if (Math.abs(placed - size) > size * 0.05) throw new Error(`the work was not done: ${placed} orders instead of ${size}`)
    }
    return { work, check }
  }
})

/** What the store shows for it. */
const workDone = Effect.fnUntraced(function* (tenantId: ReturnType<typeof newCaller>["tenantId"]) {
  const store = yield* OrderStore
  const auditTrail = yield* AuditTrail
  const done = { cancelled: 0, released: 0, events: 0 }
  let last: OrderId | null = null
  for (;;) {
    const orderIds: ReadonlyArray<OrderId> = yield* store.orderIds(tenantId, last, 1_000)
    last = orderIds.at(-1) ?? null
    if (last === null) return done
    for (const orderId of orderIds) {
      const history = yield* auditTrail.history(tenantId, orderId)
      done.events += history.length
      const newest = history.at(-1)?.event
      if (newest?.type !== "order.cancelled") continue
      done.cancelled++
      for (const { quantity: units } of newest.released) done.released += units
    }
  }
})

export const simulate: Line = {
  name: "simulate",
  what: "orders from placed to cancelled, half of them rented in between (4 commands each on average)",
  unit: "orders",
  size: 10_000,
  contenders: [bareActors, actorsFromSnapshots, services, simulation(false), simulation(true)],
  targets: { [services.name]: 1, [simulation(false).name]: 1 }
}
