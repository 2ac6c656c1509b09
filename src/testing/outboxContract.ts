/**
 * The outbox's part of the contract of `OrderStore` (`orderStoreContract.ts`). No case waits: a lease or a wait of 0 ms is over at once, and
 * one of an hour is not over before the case is.
 */
import assert from "node:assert/strict"
import { randomUUID } from "node:crypto"
import * as Effect from "effect/Effect"
import { type Change, type ConsumerKey, type Delivery, type Lease, OrderStore, type Settlement } from "../lifecycle/OrderStore.ts"
import { verifyChain } from "../order/auditChain.ts"
import { OrderId, type TenantId } from "../order/Order.ts"
import { cancel, confirm, freshTenant, type Head, headOf, next, placing } from "./contractOrders.ts"
import type { ContractCase } from "./orderStoreContract.ts"

type Store = typeof OrderStore.Service

const given = (name: string, body: (store: Store, tenantId: TenantId) => Effect.fn.Return<void, unknown>): ContractCase => ({
  name,
  run: Effect.flatMap(OrderStore, (store) => Effect.gen(() => body(store, freshTenant())))
})

const anHour = 3_600_000
const mail = "mail"

export const outboxContract: ReadonlyArray<ContractCase> = [
  given(
    "a consumer gets each event of an order after the one before it is done, and all of it once",
    function* (store, tenantId) {
      assert.equal(yield* store.addConsumer({ tenantId, consumer: mail }, "now"), true)
      const first = yield* placed(store, tenantId, "order-1")
      const confirmed = yield* committed(store, next(first, confirm))
      const second = yield* placed(store, tenantId, "order-2")

      const lease = yield* leased(store, tenantId, mail)
      // The oldest of each order; the second event of order-1 waits its turn.
      assert.deepEqual(lease.deliveries.map(described), [
        { orderId: "order-1", sequence: 1, hash: first.headHash, attempts: 0, lastError: null },
        { orderId: "order-2", sequence: 1, hash: second.headHash, attempts: 0, lastError: null }
      ])
      // While they are leased, neither they nor what comes behind them is handed out.
      assert.deepEqual((yield* leased(store, tenantId, mail)).deliveries, [])
      assert.deepEqual(yield* settled(store, tenantId, mail, lease, [done("order-1", 1)]), ["settled"])
      const after = yield* leased(store, tenantId, mail)
      assert.deepEqual(after.deliveries.map(described), [
        { orderId: "order-1", sequence: 2, hash: confirmed.headHash, attempts: 0, lastError: null }
      ])
      assert.deepEqual(yield* settled(store, tenantId, mail, lease, [done("order-2", 1)]), ["settled"])
      assert.deepEqual(yield* settled(store, tenantId, mail, after, [done("order-1", 2)]), ["settled"])
      assert.deepEqual((yield* leased(store, tenantId, mail)).deliveries, [])
      // What is done stays done.
      assert.deepEqual(yield* settled(store, tenantId, mail, after, [done("order-1", 2), done("order-2", 1)]), ["lost", "lost"])
      assert.deepEqual(yield* settled(store, tenantId, mail, after, []), [])
    }
  ),

  given(
    "whole events are handed out, in the order of their positions, at most as many as asked for",
    function* (store, tenantId) {
      yield* store.addConsumer({ tenantId, consumer: mail }, "now")
      for (const orderId of ["order-1", "order-2", "order-3"]) yield* placed(store, tenantId, orderId)
      const some = yield* leased(store, tenantId, mail, anHour, 2)
      const rest = yield* leased(store, tenantId, mail, anHour, 2)
      assert.deepEqual([some.deliveries.length, rest.deliveries.length], [2, 1])
      const all = [...some.deliveries, ...rest.deliveries]
      assert.deepEqual(
        all.map(({ position }) => position).toSorted((a, b) => a - b),
        [1, 2, 3]
      )
      for (const { sealed } of all) {
        assert.deepEqual([sealed], yield* store.history(tenantId, sealed.event.orderId))
        assert.equal(verifyChain([sealed]), null)
      }
    }
  ),

  given(
    "a lease that ran out is handed out again, and the late one is told that it lost and changes nothing",
    function* (store, tenantId) {
      yield* store.addConsumer({ tenantId, consumer: mail }, "now")
      const head = yield* placed(store, tenantId, "order-1")
      yield* committed(store, next(head, confirm))
      const late = yield* leased(store, tenantId, mail, 0)
      const held = yield* leased(store, tenantId, mail)
      assert.notEqual(late.leaseId, held.leaseId)
      assert.deepEqual(
        held.deliveries.map(({ sealed: { event }, attempts }) => [event.sequence, attempts]),
        [[1, 1]]
      )
      // Neither as done nor as failed.
      assert.deepEqual(yield* settled(store, tenantId, mail, late, [done("order-1", 1)]), ["lost"])
      assert.deepEqual(yield* settled(store, tenantId, mail, late, [failed("order-1", 1, 0)]), ["lost"])
      assert.deepEqual((yield* leased(store, tenantId, mail)).deliveries, [])
      assert.deepEqual(yield* settled(store, tenantId, mail, held, [done("order-1", 1)]), ["settled"])
      const following = yield* leased(store, tenantId, mail)
      assert.deepEqual(
        following.deliveries.map(({ sealed: { event }, attempts }) => [event.sequence, attempts]),
        [[2, 0]]
      )
      // The one who is late twice does not take the lease of the next event away either.
      assert.deepEqual(yield* settled(store, tenantId, mail, late, [done("order-1", 2)]), ["lost"])
      assert.deepEqual((yield* leased(store, tenantId, mail)).deliveries, [])
    }
  ),

  given("what was leased and not tried is due again at once, and the lease counts for nothing", function* (store, tenantId) {
    yield* store.addConsumer({ tenantId, consumer: mail }, "now")
    const head = yield* placed(store, tenantId, "order-1")
    yield* committed(store, next(head, confirm))
    const first = yield* leased(store, tenantId, mail)
    assert.deepEqual(yield* settled(store, tenantId, mail, first, [failed("order-1", 1, 0)]), ["settled"])
    const held = yield* leased(store, tenantId, mail)
    const untried: Settlement = { ...done("order-1", 1), untried: true }
    assert.deepEqual(yield* settled(store, tenantId, mail, first, [untried]), ["lost"])
    assert.deepEqual(yield* settled(store, tenantId, mail, held, [untried]), ["settled"])
    const again = yield* leased(store, tenantId, mail)
    assert.deepEqual(
      again.deliveries.map(({ sealed: { event }, attempts, lastError }) => [event.sequence, attempts, lastError === null]),
      [[1, 1, false]]
    )
    assert.deepEqual(yield* settled(store, tenantId, mail, held, [untried]), ["lost"])
    assert.deepEqual(yield* settled(store, tenantId, mail, again, [done("order-1", 1)]), ["settled"])
    assert.deepEqual(
      (yield* leased(store, tenantId, mail)).deliveries.map(({ sealed: { event } }) => event.sequence),
      [2]
    )
  }),

  given("a lease that ran out can still be settled while no other has taken the event", function* (store, tenantId) {
    yield* store.addConsumer({ tenantId, consumer: mail }, "now")
    yield* placed(store, tenantId, "order-1")
    const lease = yield* leased(store, tenantId, mail, 0)
    assert.deepEqual(yield* settled(store, tenantId, mail, lease, [done("order-1", 1)]), ["settled"])
    assert.deepEqual((yield* leased(store, tenantId, mail)).deliveries, [])
  }),

  given(
    "what fails holds up its own order only, and is handed out again with its attempts and its error",
    function* (store, tenantId) {
      yield* store.addConsumer({ tenantId, consumer: mail }, "now")
      const head = yield* placed(store, tenantId, "order-1")
      yield* committed(store, next(head, confirm))
      yield* placed(store, tenantId, "order-2")
      const lease = yield* leased(store, tenantId, mail)
      const outcomes = [failed("order-1", 1, 0), done("order-2", 1)]
      assert.deepEqual(yield* settled(store, tenantId, mail, lease, outcomes), ["settled", "settled"])
      const again = yield* leased(store, tenantId, mail)
      assert.deepEqual(
        again.deliveries.map(({ sealed: { event }, attempts, lastError }) => [
          event.orderId,
          event.sequence,
          attempts,
          lastError
        ]),
        [["order-1", 1, 1, awkward]]
      )
      // It waits until its time has come.
      assert.deepEqual(yield* settled(store, tenantId, mail, again, [failed("order-1", 1, anHour)]), ["settled"])
      assert.deepEqual((yield* leased(store, tenantId, mail)).deliveries, [])
      yield* placed(store, tenantId, "order-3")
      assert.deepEqual(
        (yield* leased(store, tenantId, mail)).deliveries.map(({ sealed }) => sealed.event.orderId),
        ["order-3"]
      )
    }
  ),

  given("a parked event is listed, and is released or skipped", function* (store, tenantId) {
    yield* store.addConsumer({ tenantId, consumer: mail }, "now")
    for (const orderId of ["order-1", "order-2", "order-3"])
      yield* committed(store, next(yield* placed(store, tenantId, orderId), confirm))
    const lease = yield* leased(store, tenantId, mail)
    const park = ["order-1", "order-2", "order-3"].map((orderId) => failed(orderId, 1, null))
    yield* settled(store, tenantId, mail, lease, park)
    const parked = yield* store.parkedEvents(tenantId, mail, 0, 10)
    assert.deepEqual(
      parked.map(({ sealed: { event }, attempts, lastError }) => [event.orderId, event.sequence, attempts, lastError]),
      [
        ["order-1", 1, 1, awkward],
        ["order-2", 1, 1, awkward],
        ["order-3", 1, 1, awkward]
      ]
    )
    const [first, second] = parked as [Delivery, Delivery]
    assert.deepEqual(yield* store.parkedEvents(tenantId, mail, first.position, 1), [second])
    assert.deepEqual((yield* leased(store, tenantId, mail)).deliveries, [])

    const event = (orderId: string, sequence = 1) => ({ tenantId, orderId: OrderId.make(orderId), sequence })
    assert.equal(yield* store.unparkEvent(mail, event("order-1"), "skip"), true)
    assert.equal(yield* store.unparkEvent(mail, event("order-2"), "release"), true)
    // What is not parked, not there, or another's, is neither released nor skipped.
    for (const how of ["release", "skip"] as const) {
      for (const key of [event("order-1"), event("order-1", 2), event("order-2"), event("order-3", 2), event("order-9")])
        assert.equal(yield* store.unparkEvent(mail, key, how), false)
      assert.equal(yield* store.unparkEvent("unknown", event("order-3"), how), false)
      assert.equal(yield* store.unparkEvent(mail, { ...event("order-3"), tenantId: freshTenant() }, how), false)
    }
    const next2 = yield* leased(store, tenantId, mail)
    assert.deepEqual(
      next2.deliveries.map(({ sealed: { event }, attempts, lastError }) => [event.orderId, event.sequence, attempts, lastError]),
      [
        ["order-1", 2, 0, null],
        ["order-2", 1, 0, awkward]
      ].toSorted(() => positionsOf(next2))
    )
    // The newest event of an order can be skipped, too, and nothing is left of it.
    yield* settled(store, tenantId, mail, next2, [failed("order-1", 2, null)])
    assert.equal(yield* store.unparkEvent(mail, event("order-1", 2), "skip"), true)
    assert.deepEqual(
      (yield* store.parkedEvents(tenantId, mail, 0, 10)).map(({ sealed }) => sealed.event.orderId),
      ["order-3"]
    )
  }),

  given("every consumer gets every event, whatever another one does with it", function* (store, tenantId) {
    yield* store.addConsumer({ tenantId, consumer: mail }, "now")
    yield* store.addConsumer({ tenantId, consumer: "broker" }, "now")
    const head = yield* placed(store, tenantId, "order-1")
    yield* committed(store, next(head, confirm))
    const lease = yield* leased(store, tenantId, mail)
    yield* settled(store, tenantId, mail, lease, [failed("order-1", 1, null)])
    assert.deepEqual(yield* drained(store, tenantId, "broker"), [
      ["order-1", 1],
      ["order-1", 2]
    ])
    assert.deepEqual(yield* drained(store, tenantId, mail), [])
    // A lease is good for its consumer only.
    yield* placed(store, tenantId, "order-2")
    const own = yield* leased(store, tenantId, mail)
    assert.deepEqual(yield* settled(store, tenantId, "broker", own, [done("order-2", 1)]), ["lost"])
    assert.deepEqual(yield* settled(store, tenantId, mail, own, [done("order-2", 1)]), ["settled"])
  }),

  given("a consumer starts with the first event there is, or with the next one", function* (store, tenantId) {
    const head = yield* placed(store, tenantId, "order-1")
    yield* store.addConsumer({ tenantId, consumer: "all" }, "beginning")
    yield* store.addConsumer({ tenantId, consumer: "new" }, "now")
    yield* committed(store, next(head, confirm))
    yield* placed(store, tenantId, "order-2")
    assert.deepEqual(yield* drained(store, tenantId, "all"), [
      ["order-1", 1],
      ["order-1", 2],
      ["order-2", 1]
    ])
    assert.deepEqual(yield* drained(store, tenantId, "new"), [
      ["order-1", 2],
      ["order-2", 1]
    ])
    // One that comes later, when all have their positions.
    yield* store.addConsumer({ tenantId, consumer: "later" }, "beginning")
    assert.equal((yield* drained(store, tenantId, "later")).length, 3)
    yield* store.addConsumer({ tenantId, consumer: "last" }, "now")
    assert.deepEqual(yield* drained(store, tenantId, "last"), [])
  }),

  given("a consumer that is not there is told from one that has nothing to do", function* (store, tenantId) {
    const key = { tenantId, consumer: mail }
    const lease = store.leaseEvents({ ...key, limit: 10, leaseMs: anHour })
    yield* placed(store, tenantId, "order-1")
    assert.equal(yield* lease, null)
    assert.equal(yield* store.removeConsumer(key), false)
    assert.equal(yield* store.tenantsWithWork(unusedName(), null, 10), null)
    assert.equal(yield* store.addConsumer(key, "beginning"), true)
    assert.equal(yield* store.addConsumer(key, "now"), false)
    const held = (yield* lease) as Lease
    assert.equal(held.deliveries.length, 1)
    // Removing frees what waits for it; another one of the same name begins where it says.
    assert.equal(yield* store.removeConsumer(key), true)
    assert.equal(yield* store.removeConsumer(key), false)
    assert.equal(yield* lease, null)
    assert.deepEqual(yield* store.consumers(tenantId).pipe(Effect.map(ofTenant(tenantId))), [])
    assert.deepEqual(yield* settled(store, tenantId, mail, held, [done("order-1", 1)]), ["lost"])
    assert.equal(yield* store.addConsumer(key, "now"), true)
    assert.deepEqual(yield* drained(store, tenantId, mail), [])
    // Another tenant knows nothing of it.
    assert.equal(yield* store.leaseEvents({ tenantId: freshTenant(), consumer: mail, limit: 10, leaseMs: anHour }), null)
  }),

  given("a consumer of every tenant gets the events of tenants there are and of those that come", function* (store, tenantId) {
    const [all, fresh] = [unusedName(), unusedName()]
    const [other, later] = [freshTenant(), freshTenant()]
    yield* placed(store, tenantId, "order-1")
    const head = yield* placed(store, other, "order-1")
    // One of them has its position already.
    yield* store.feed(tenantId, 0, 10)
    assert.equal(yield* store.addConsumer({ tenantId: null, consumer: all }, "beginning"), true)
    assert.equal(yield* store.addConsumer({ tenantId: null, consumer: fresh }, "now"), true)
    // The name is taken for every tenant.
    assert.equal(yield* store.addConsumer({ tenantId: null, consumer: all }, "now"), false)
    assert.equal(yield* store.addConsumer({ tenantId, consumer: all }, "now"), false)
    assert.equal(yield* store.removeConsumer({ tenantId, consumer: all }), false)
    yield* committed(store, next(head, confirm))
    yield* placed(store, later, "order-1")

    const ours = [tenantId, other, later]
    const served = yield* servedTenants(store, all, ours)
    assert.deepEqual(served, new Set(ours))
    const events = (consumer: string) => Effect.forEach(ours, (tenant) => drained(store, tenant, consumer))
    assert.deepEqual(yield* events(all), [
      [["order-1", 1]],
      [
        ["order-1", 1],
        ["order-1", 2]
      ],
      [["order-1", 1]]
    ])
    assert.deepEqual(yield* events(fresh), [[], [["order-1", 2]], [["order-1", 1]]])
    // Nothing is left for it with these tenants.
    assert.deepEqual(yield* servedTenants(store, all, ours), new Set())
    for (const consumer of [all, fresh]) assert.equal(yield* store.removeConsumer({ tenantId: null, consumer }), true)
    assert.equal(yield* store.tenantsWithWork(all, null, 10), null)
    assert.equal(yield* store.leaseEvents({ tenantId, consumer: all, limit: 10, leaseMs: anHour }), null)
    // The name is free again, and nothing of what was before is left.
    assert.equal(yield* store.addConsumer({ tenantId, consumer: all }, "now"), true)
    assert.equal(yield* store.addConsumer({ tenantId: null, consumer: all }, "now"), false)
  }),

  given("a tenant is named while it has something due, leased events are not, and pages join", function* (store, tenantId) {
    const consumer = unusedName()
    yield* store.addConsumer({ tenantId: null, consumer }, "now")
    const tenants = [tenantId, freshTenant(), freshTenant()].toSorted()
    for (const tenant of tenants) yield* placed(store, tenant, "order-1")
    const named: Array<TenantId> = []
    let after: TenantId | null = null
    for (;;) {
      const [one]: ReadonlyArray<TenantId> = (yield* store.tenantsWithWork(consumer, after, 1)) ?? []
      if (one === undefined) break
      named.push(one)
      after = one
    }
    assert.deepEqual(
      named.filter((each) => tenants.includes(each)),
      tenants
    )
    const [first] = tenants as [TenantId]
    const lease = yield* leased(store, first, consumer)
    assert.ok(!(yield* servedTenants(store, consumer, tenants)).has(first))
    yield* settled(store, first, consumer, lease, [failed("order-1", 1, 0)])
    assert.ok((yield* servedTenants(store, consumer, tenants)).has(first))
    yield* store.removeConsumer({ tenantId: null, consumer })
  }),

  given("the lag of a consumer is a number of events, of parked ones, and an age", function* (store, tenantId) {
    const consumer = unusedName()
    const before = yield* store.addConsumer({ tenantId: null, consumer }, "now")
    assert.equal(before, true)
    yield* store.addConsumer({ tenantId, consumer: mail }, "now")
    const lagOf = (scope: TenantId | null, key: ConsumerKey) =>
      Effect.map(store.consumers(scope), (lags) =>
        lags.find((lag) => lag.consumer === key.consumer && lag.tenantId === key.tenantId)
      )
    const own = { tenantId, consumer: mail }
    const every = { tenantId: null, consumer }
    assert.deepEqual(yield* lagOf(tenantId, own), { ...own, pending: 0, parked: 0, oldestMs: null })
    const head = yield* placed(store, tenantId, "order-1")
    yield* committed(store, next(yield* committed(store, next(head, confirm)), cancel()))
    yield* placed(store, tenantId, "order-2")
    const counts = (scope: TenantId | null, key: ConsumerKey) =>
      Effect.map(lagOf(scope, key), (lag) => [lag?.pending, lag?.parked, typeof lag?.oldestMs === "number" && lag.oldestMs >= 0])
    assert.deepEqual(yield* counts(tenantId, own), [4, 0, true])
    assert.deepEqual(yield* counts(tenantId, every), [4, 0, true])
    const lease = yield* leased(store, tenantId, mail)
    assert.deepEqual(yield* counts(tenantId, own), [4, 0, true])
    yield* settled(store, tenantId, mail, lease, [failed("order-1", 1, null), done("order-2", 1)])
    assert.deepEqual(yield* counts(tenantId, own), [3, 1, true])
    // The other one is not concerned, and its lag over all tenants has at least this tenant's in it.
    assert.deepEqual(yield* counts(tenantId, every), [4, 0, true])
    assert.ok(((yield* lagOf(null, every))?.pending ?? 0) >= 4)
    assert.equal(yield* lagOf(null, own), undefined)
    yield* store.removeConsumer(every)
  }),

  given(
    "the feed has every event once, in positions without a hole, and an order's events in sequence",
    function* (store, tenantId) {
      assert.deepEqual(yield* store.feed(tenantId, 0, 10), [])
      const heads = yield* Effect.forEach(["order-1", "order-2", "order-3"], (orderId) => placed(store, tenantId, orderId))
      yield* Effect.forEach(heads, (head) => committed(store, next(head, confirm)))
      const whole = yield* store.feed(tenantId, 0, 100)
      assert.deepEqual(
        whole.map(({ position }) => position),
        [1, 2, 3, 4, 5, 6]
      )
      for (const { order } of heads) {
        const own = whole.filter(({ sealed }) => sealed.event.orderId === order.orderId).map(({ sealed }) => sealed)
        assert.deepEqual(own, yield* store.history(tenantId, order.orderId))
      }
      assert.deepEqual(yield* store.feed(tenantId, 2, 3), whole.slice(2, 5))
      assert.deepEqual(yield* store.feed(tenantId, 6, 3), [])
      // Positions stay, and what comes later comes behind them.
      yield* placed(store, tenantId, "order-0")
      assert.deepEqual((yield* store.feed(tenantId, 0, 100)).slice(0, 6), whole)
      assert.deepEqual(
        (yield* store.feed(tenantId, 6, 100)).map(({ position, sealed }) => [position, sealed.event.orderId]),
        [[7, "order-0"]]
      )
      assert.deepEqual(yield* store.feed(freshTenant(), 0, 10), [])
    }
  ),

  given(
    "what is taken back does not reach the outbox, and what is done exclusively reaches it at its end",
    function* (store, tenantId) {
      yield* store.addConsumer({ tenantId, consumer: mail }, "now")
      const head = yield* placed(store, tenantId, "order-1")
      const { orderId } = head.order
      yield* Effect.flip(
        store.exclusively(
          { tenantId, orderId },
          Effect.andThen(store.commit([next(head, cancel("never"))]), Effect.fail("changed my mind"))
        )
      )
      assert.deepEqual(yield* drained(store, tenantId, mail), [["order-1", 1]])
      yield* store.exclusively({ tenantId, orderId }, store.commit([next(head, confirm)]))
      assert.deepEqual(yield* drained(store, tenantId, mail), [["order-1", 2]])
    }
  ),

  given("relays that work side by side hand every event to the consumer once, and in sequence", function* (store, tenantId) {
    yield* store.addConsumer({ tenantId, consumer: mail }, "now")
    const seen = new Map<string, Array<number>>()
    const relay = Effect.gen(function* () {
      for (let idle = 0; idle < 3;) {
        const lease = yield* leased(store, tenantId, mail, anHour, 3)
        idle = lease.deliveries.length === 0 ? idle + 1 : 0
        for (const { sealed } of lease.deliveries)
          seen.set(sealed.event.orderId, [...(seen.get(sealed.event.orderId) ?? []), sealed.event.sequence])
        yield* settled(
          store,
          tenantId,
          mail,
          lease,
          lease.deliveries.map(({ sealed: { event } }) => done(event.orderId, event.sequence))
        )
      }
    })
    const lives = Effect.forEach(
      Array.from({ length: 8 }, (_, number) => `order-${number}`),
      (orderId) =>
        Effect.gen(function* () {
          const confirmed = yield* committed(store, next(yield* placed(store, tenantId, orderId), confirm))
          yield* committed(store, next(confirmed, cancel()))
        }),
      { concurrency: 4, discard: true }
    )
    yield* Effect.all([lives, relay, relay, relay], { concurrency: "unbounded" })
    yield* relay
    assert.deepEqual(
      [...seen.values()],
      Array.from({ length: 8 }, () => [1, 2, 3])
    )
  }),

  given("a consumer that is added and removed while events flow misses none behind its start", function* (store, tenantId) {
    const orders = Array.from({ length: 12 }, (_, number) => `order-${number}`)
    const flow = Effect.forEach(orders, (orderId) =>
      Effect.gen(function* () {
        yield* committed(store, next(yield* placed(store, tenantId, orderId), confirm))
      })
    )
    const comings = Effect.forEach([1, 2, 3, 4], () =>
      Effect.gen(function* () {
        yield* store.addConsumer({ tenantId, consumer: mail }, "beginning")
        yield* leased(store, tenantId, mail, 0, 2)
        yield* store.removeConsumer({ tenantId, consumer: mail })
      })
    )
    yield* Effect.all([flow, comings], { concurrency: "unbounded" })
    yield* store.addConsumer({ tenantId, consumer: mail }, "beginning")
    const events = yield* drained(store, tenantId, mail)
    assert.deepEqual(
      orders.map((orderId) => events.filter(([id]) => id === orderId).map(([, sequence]) => sequence)),
      orders.map(() => [1, 2])
    )
  })
]

// --- what the cases are made of ----------------------------------------------------------------------------------------------------------

/** A text that a store must keep as it is. */
const awkward = 'Error: it\'s "full" \\ $1 \u{1F4A5}\n\tat once'

const unusedName = () => `every-${randomUUID()}`

const done = (orderId: string, sequence: number): Settlement => ({ orderId: OrderId.make(orderId), sequence })

const failed = (orderId: string, sequence: number, retryMs: number | null): Settlement => ({
  ...done(orderId, sequence),
  failed: { error: awkward, retryMs }
})

const described = ({ sealed: { event, hash }, attempts, lastError }: Delivery) => ({
  orderId: event.orderId,
  sequence: event.sequence,
  hash,
  attempts,
  lastError
})

/** Whether the lease's first delivery is of order-1. */
const positionsOf = ({ deliveries }: Lease) => (deliveries[0]?.sealed.event.orderId === "order-1" ? 0 : -1)

const ofTenant = (tenantId: TenantId) => (keys: ReadonlyArray<ConsumerKey>) => keys.filter((key) => key.tenantId === tenantId)

const committed = (store: Store, change: Change) =>
  Effect.map(store.commit([change]), (outcomes): Head => {
    assert.deepEqual(outcomes, ["committed"])
    return headOf(change)
  })

const placed = (store: Store, tenantId: TenantId, orderId: string) =>
  Effect.suspend(() => committed(store, placing(tenantId, { orderId, at: Number(/\d+$/.exec(orderId)?.[0] ?? 0) })))

/** A lease of a consumer that is there. */
const leased = (store: Store, tenantId: TenantId, consumer: string, leaseMs = anHour, limit = 10) =>
  Effect.map(store.leaseEvents({ tenantId, consumer, limit, leaseMs }), (lease) => {
    assert.notEqual(lease, null)
    return lease as Lease
  })

const settled = (
  store: Store,
  tenantId: TenantId,
  consumer: string,
  { leaseId }: Lease,
  settlements: ReadonlyArray<Settlement>
) => store.settleEvents({ tenantId, consumer, leaseId, settlements })

/** Take everything that a consumer can get at present; order and sequence of each event, by order. */
const drained = (store: Store, tenantId: TenantId, consumer: string) =>
  Effect.gen(function* () {
    const events: Array<readonly [orderId: string, sequence: number]> = []
    for (;;) {
      const lease = yield* leased(store, tenantId, consumer)
      if (lease.deliveries.length === 0) break
      const settlements = lease.deliveries.map(({ sealed: { event } }) => done(event.orderId, event.sequence))
      events.push(...settlements.map(({ orderId, sequence }) => [orderId, sequence] as const))
      yield* settled(store, tenantId, consumer, lease, settlements)
    }
    return events.toSorted(([a, m], [b, n]) => (a < b ? -1 : a > b ? 1 : m - n))
  })

/** Which of these tenants are said to have something for a consumer of every tenant. */
const servedTenants = (store: Store, consumer: string, tenants: ReadonlyArray<TenantId>) =>
  Effect.gen(function* () {
    const all = (yield* store.tenantsWithWork(consumer, null, 100_000)) ?? []
    return new Set(all.filter((each) => tenants.includes(each)))
  })
