/**
 * Canaries: seven promises of the library, each broken on purpose in a way that no bug in one statement is. The checkers of the honest runs
 * have to notice, and notice nothing where the promise is kept.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as SqlClient from "effect/sql/SqlClient"
import { expect, it } from "vitest"
import { type Change, type Delivery, type Loaded, OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { changesOf } from "../../src/lifecycle/Reservations.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import { seal } from "../../src/order/auditChain.ts"
import { evolve } from "../../src/order/evolve.ts"
import type { TenantId } from "../../src/order/Order.ts"
import * as PostgresConnection from "../../src/postgres/PostgresConnection.ts"
import { auditOutbox, auditStore } from "../../src/testing/auditStore.ts"
import { changeOf, confirm, freshTenant, headOf, next, placing, start } from "../../src/testing/contractOrders.ts"
import { BrokenSchedule, exploreSchedules, type Mix } from "../../src/testing/exploreSchedules.ts"
import { CurrentGate } from "../../src/testing/gates.ts"
import { instantClock } from "../../src/testing/instantClock.ts"
import { openings } from "../../src/testing/mixes.ts"
import { makeCall, type OrderCall } from "../../src/testing/OrderCall.ts"
import { newCaller } from "../../src/testing/shop.ts"
import { tried } from "../support/evidence.ts"
import { inMemory } from "../support/exploring.ts"
import { freshDatabase, onServer, postgresStore } from "../support/postgresDatabase.ts"

type Store = OrderStore["Service"]

/** The store in memory, with something else in the place of some of its operations. */
const memoryWith = (change: (store: Store) => Partial<Store>): Layer.Layer<OrderStore> =>
  Layer.effect(
    OrderStore,
    Effect.map(OrderStore, (store) => ({ ...store, ...change(store) }))
  ).pipe(Layer.provide(Layer.fresh(memory)))

it("a store that forces a decision through that was made on an old version is found by the schedules", async () => {
  const unpinned = memoryWith((store) => ({
    commit: (changes) =>
      Effect.forEach(changes, (change) =>
        Effect.gen(function* () {
          const [outcome = "conflict"] = yield* store.commit([change])
          const { before, event, after } = change.transition
          if (outcome === "committed" || before === null) return outcome
          const [now] = yield* store.load([{ tenantId: after.tenantId, order: after }])
          if (!now?.order) return outcome
          const forced = { ...event, sequence: now.order.version + 1 }
          const transition = { before: now.order, event: forced, after: evolve(now.order, forced) }
          const [second = "conflict"] = yield* store.commit([changeOf(transition, now.headHash)])
          return second
        })
      )
  }))
  const mixes: ReadonlyArray<Mix> = (
    [
      [
        { type: "confirm", order: 0 },
        { type: "cancel", order: 0, reason: "quick" }
      ],
      [
        { type: "startSubscription", order: 0, serial: "A" },
        { type: "startSubscription", order: 0, serial: "B" }
      ]
    ] as const
  ).map((calls, n) => ({ before: n === 0 ? openings.pending(false) : openings.confirmed(false), calls }))
  for (const mix of mixes) {
    expect((await inMemory(exploreSchedules(mix))).isComplete).toBe(true)
    const broken = await inMemory(Effect.flip(exploreSchedules(mix)), unpinned)
    expect(broken).toBeInstanceOf(BrokenSchedule)
    // The shortest schedule in which both have read before either writes.
    expect(broken.message).toMatch(/no order of the calls explains the answers/)
    expect(broken.message.match(/^ {2}[AB]: (load|commit)/gm)).toHaveLength(4)
  }
  tried("canaries, all of them noticed")
})

/** What the schedules find wrong with two calls on a store: the message is the trace that a reader gets. */
const traceOf = async (before: Mix["before"], calls: Mix["calls"], store: Layer.Layer<OrderStore>) => {
  const mix = { before, calls }
  expect((await inMemory(exploreSchedules(mix))).isComplete).toBe(true)
  const broken = await inMemory(Effect.flip(exploreSchedules(mix)), store)
  expect(broken).toBeInstanceOf(BrokenSchedule)
  return broken.message
}

it("a call that decides again on what it had read before, and not on what is there, is found by the schedules", async () => {
  /** Whoever is scheduled reads an order once, and is told the same ever after. */
  const stale = memoryWith((store) => {
    const seen = new WeakMap<object, Map<string, ReadonlyArray<Loaded>>>()
    return {
      load: (requests) =>
        Effect.flatMap(CurrentGate, (gate) => {
          const asked = JSON.stringify(requests.map(({ order }) => order))
          const before = gate === null ? undefined : seen.get(gate)?.get(asked)
          if (before !== undefined) return Effect.succeed(before)
          return Effect.tap(store.load(requests), (loaded) =>
            Effect.sync(() => gate !== null && seen.set(gate, new Map([...(seen.get(gate) ?? []), [asked, loaded]])))
          )
        })
    }
  })
  const cancel: OrderCall = { type: "cancel", order: 0, reason: "quick" }
  const trace = await traceOf(openings.pending(false), [{ type: "confirm", order: 0 }, cancel], stale)
  // It never gets anywhere, and says so: nothing was done. Nobody who had queued would have been told that.
  expect(trace).toMatch(/no order of the calls explains the answers/)
  expect(trace).toMatch(/=> StoreUnavailable/)
  tried("canaries, all of them noticed")
})

it("a commit without an answer that is taken for a lost race and made again is found by the schedules", async () => {
  /** Each change is made, its answer is lost, and the caller is told that somebody else was first. */
  const forgetful = memoryWith((store) => {
    const lost = new Set<string>()
    return {
      commit: (changes) =>
        Effect.flatMap(CurrentGate, (gate) => {
          const [key = ""] = changes.map(({ sealed }) => sealed.event.orderId)
          if (gate === null || lost.has(key)) return store.commit(changes)
          lost.add(key)
          return Effect.as(
            store.commit(changes),
            changes.map(() => "conflict" as const)
          )
        })
    }
  })
  const look: OrderCall = { type: "read", order: 0 }
  const trace = await traceOf(openings.pending(false), [{ type: "cancel", order: 0, reason: "mine" }, look], forgetful)
  // It is told that its own cancel was somebody else's.
  expect(trace).toMatch(/no order of the calls explains the answers/)
  expect(trace).toMatch(/A answers: ALREADY_CANCELLED, reason "mine"/)
  tried("canaries, all of them noticed")
})

it("a cancel over an active subscription is stopped by the schema, and found by the auditor where the schema lets it", async () => {
  /** What a decision would have to be for the order to be cancelled all the same. */
  const wrongful = (tenantId: TenantId): ReadonlyArray<Change> => {
    const placed = placing(tenantId)
    const confirmed = next(headOf(placed), confirm)
    const rented = next(headOf(confirmed), start(headOf(confirmed).order, "LAPTOP", `serial of ${tenantId}`))
    const { order, headHash } = headOf(rented)
    const lawful = next(headOf(confirmed), { type: "cancel" }).transition.event
    const event = { ...lawful, sequence: order.version + 1, from: order.status, released: [] }
    const transition = { before: order, event, after: evolve(order, event) }
    const salt = "00".repeat(32)
    const cancelled: Change = { transition, sealed: seal(event, headHash, salt), reservations: changesOf(transition) }
    return [placed, confirmed, rented, cancelled]
  }
  const outcomes = await Effect.gen(function* () {
    const [store, sql] = [yield* OrderStore, yield* SqlClient.SqlClient]
    const commitAll = (tenantId: TenantId) =>
      Effect.map(
        Effect.forEach(wrongful(tenantId), (change) => store.commit([change])),
        (all) => all.flat()
      )
    const [guarded, unguarded] = [freshTenant(), freshTenant()]
    const withBackstop = { committed: yield* commitAll(guarded), faults: yield* auditStore(guarded) }
    yield* sql`ALTER TABLE order_lifecycle.subscriptions DROP CONSTRAINT subscriptions_need_a_live_order`
    return { withBackstop, without: { committed: yield* commitAll(unguarded), faults: yield* auditStore(unguarded) } }
  }).pipe(Effect.provide(postgresStore), Effect.runPromise)
  const three = ["committed", "committed", "committed"]
  expect(outcomes.withBackstop).toEqual({ committed: [...three, "conflict"], faults: [] })
  expect(outcomes.without.committed).toEqual([...three, "committed"])
  expect(outcomes.without.faults.join()).toMatch(/status cancelled does not fit the units/)
  tried("canaries, all of them noticed")
})

it("a database that acknowledges commits before they are safe is refused at the start", () =>
  Effect.gen(function* () {
    const url = yield* freshDatabase
    const database = new URL(Redacted.value(url)).pathname.slice(1)
    const connect = Effect.result(Effect.scoped(Layer.build(PostgresConnection.layer({ url, maxConnections: 1 }))))
    expect(Result.isSuccess(yield* connect)).toBe(true)
    yield* onServer((sql) => sql`ALTER DATABASE ${sql(database)} SET synchronous_commit = off`)
    const refused = yield* connect
    expect(Result.isFailure(refused) && refused.failure.message).toMatch(/synchronous_commit is off/)
    tried("canaries, all of them noticed")
  }).pipe(Effect.scoped, Effect.runPromise))

const story: ReadonlyArray<OrderCall> = [
  ...openings.rented(true),
  { type: "cancelSubscription", order: 0, rental: 0 },
  { type: "cancel", order: 0 }
]

/** Tell the story on a store; what the two auditors find afterwards. */
const auditedStory = (store: Layer.Layer<OrderStore>, clock?: Clock.Clock) =>
  inMemory(
    Effect.gen(function* () {
      const known = { caller: newCaller(), orders: [] }
      yield* Effect.forEach(story, (call) => makeCall(call, known))
      const { tenantId } = known.caller
      return { store: yield* auditStore(tenantId), outbox: yield* auditOutbox([tenantId]) }
    }),
    store,
    clock
  )

it("an outbox that hands out events in another order is found by the outbox auditor", async () => {
  const shuffled = memoryWith((store) => {
    let all: Array<Delivery> | undefined
    return {
      leaseEvents: (request) =>
        Effect.gen(function* () {
          if (all === undefined) {
            all = []
            for (;;) {
              const lease = yield* store.leaseEvents(request)
              if (lease === null || lease.deliveries.length === 0) break
              all.push(...lease.deliveries)
              const settlements = lease.deliveries.map(({ sealed: { event } }) => event)
              yield* store.settleEvents({ ...request, leaseId: lease.leaseId, settlements })
            }
            all.reverse()
          }
          return { leaseId: "shuffled", deliveries: all.splice(0, 1) }
        })
    }
  })
  expect(await auditedStory(memory)).toEqual({ store: [], outbox: [] })
  const found = await auditedStory(shuffled)
  expect(found.store).toEqual([])
  expect(found.outbox.join()).toMatch(/event \d was delivered after event \d/)
  tried("canaries, all of them noticed")
})

it("a clock that is set back does no harm, and events that believed it are found by the auditor", async () => {
  /** An hour earlier with every look. */
  const lying = (): Clock.Clock => {
    const honest = instantClock()
    let lies = 0
    const currentTimeMillisUnsafe = () => honest.currentTimeMillisUnsafe() - 3_600_000 * ++lies
    return Object.assign(instantClock(), { currentTimeMillisUnsafe, currentTimeMillis: Effect.sync(currentTimeMillisUnsafe) })
  }
  /** Writes down the clock's time, whatever the order's last event says. */
  const gullible = memoryWith((store) => ({
    commit: (changes) =>
      Effect.flatMap(Clock.currentTimeMillis, (nowMs) =>
        store.commit(
          changes.map((change) => {
            const event = { ...change.transition.event, at: new Date(nowMs).toISOString() as Change["sealed"]["event"]["at"] }
            const transition = { ...change.transition, event, after: evolve(change.transition.before, event) }
            return { ...change, transition, sealed: seal(event, change.sealed.previousHash, change.sealed.salt ?? "") }
          })
        )
      )
  }))
  expect((await auditedStory(memory, lying())).store).toEqual([])
  expect((await auditedStory(gullible)).store).toEqual([])
  expect((await auditedStory(gullible, lying())).store.join()).toMatch(/event 2 is earlier than the one before it/)
  tried("canaries, all of them noticed")
})
