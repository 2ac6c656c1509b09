/**
 * The due commands' part of the contract of `OrderStore` (`orderStoreContract.ts`). No case waits: a moment of long ago has come, and one in the
 * year 9000 has not.
 */
import assert from "node:assert/strict"
import * as Effect from "effect/Effect"
import { type Change, type DueSettlement, OrderStore, type WaitingCommand } from "../lifecycle/OrderStore.ts"
import type { DueCommand } from "../order/due.ts"
import { OrderId, type TenantId } from "../order/Order.ts"
import { Timestamp } from "../order/Timestamp.ts"
import { confirm, freshTenant, type Head, headOf, next, placing } from "./contractOrders.ts"
import type { ContractCase } from "./orderStoreContract.ts"

type Store = typeof OrderStore.Service

const given = (name: string, body: (store: Store, tenantId: TenantId) => Effect.fn.Return<void, unknown>): ContractCase => ({
  name,
  run: Effect.flatMap(OrderStore, (store) => Effect.gen(() => body(store, freshTenant())))
})

const anHour = 3_600_000

/** A command that is due a number of minutes after the year 2000 began, or in the year 9000. */
const expire = (minutes: number | "never", more: Partial<DueCommand> = {}): DueCommand => ({
  name: "expire",
  status: "pending",
  command: "cancel",
  payload: { reason: "expired" },
  at:
    minutes === "never"
      ? Timestamp.make("9000-01-01T00:00:00.000Z")
      : Timestamp.make(`2000-01-01T00:${String(minutes).padStart(2, "0")}:00.000Z`),
  since: 1,
  ...more
})

const withDue = (change: Change, set: ReadonlyArray<DueCommand>, cleared: ReadonlyArray<string> = []): Change => ({
  ...change,
  due: { set, cleared }
})

export const dueContract: ReadonlyArray<ContractCase> = [
  given(
    "an order waits for the commands of its changes, and is handed them when their moment has come",
    function* (store, tenantId) {
      const order = yield* committed(
        store,
        withDue(placing(tenantId, { orderId: "order-1" }), [expire(1), expire("never", { name: "later" })])
      )
      const now = waiting("order-1", expire(1))
      assert.deepEqual(yield* store.dueOf(tenantId, order.order.orderId), [
        now,
        waiting("order-1", expire("never", { name: "later" }))
      ])
      const lease = yield* store.leaseDue({ tenantId, limit: 10, leaseMs: anHour })
      assert.deepEqual(lease.commands, [now])
      assert.deepEqual((yield* store.leaseDue({ tenantId, limit: 10, leaseMs: anHour })).commands, [])
      assert.deepEqual(yield* settled(store, tenantId, lease.leaseId, [ended("order-1")]), ["settled"])
      assert.deepEqual(names(yield* store.dueOf(tenantId, order.order.orderId)), ["later"])
      assert.deepEqual(yield* settled(store, tenantId, lease.leaseId, [ended("order-1")]), ["lost"])
      assert.deepEqual(yield* settled(store, tenantId, lease.leaseId, []), [])
    }
  ),

  given("a change takes away what its order waits for no longer, leased or not", function* (store, tenantId) {
    const placed = yield* committed(
      store,
      withDue(placing(tenantId, { orderId: "order-1" }), [expire(1), expire(2, { name: "other" })])
    )
    const lease = yield* store.leaseDue({ tenantId, limit: 10, leaseMs: anHour })
    const confirmed = next(placed, confirm)
    yield* committed(store, withDue(confirmed, [expire("never", { name: "third", since: 2 })], ["expire", "never there"]))
    assert.deepEqual(names(yield* store.dueOf(tenantId, placed.order.orderId)), ["other", "third"])
    assert.deepEqual(yield* settled(store, tenantId, lease.leaseId, [ended("order-1"), ended("order-1", "other")]), [
      "lost",
      "settled"
    ])
  }),

  given("a change that lost its race leaves what is waited for as it was", function* (store, tenantId) {
    const placed = yield* committed(store, withDue(placing(tenantId, { orderId: "order-1" }), [expire(1)]))
    const rival = withDue(next(placed, confirm), [expire(1, { name: "rival", since: 2 })], ["expire"])
    yield* committed(store, next(placed, confirm))
    assert.deepEqual(yield* store.commit([rival]), ["conflict"])
    assert.deepEqual(names(yield* store.dueOf(tenantId, placed.order.orderId)), ["expire"])
  }),

  given("what is rolled back was never waited for", function* (store, tenantId) {
    const placed = yield* committed(store, withDue(placing(tenantId, { orderId: "order-1" }), [expire(1)]))
    const { orderId } = placed.order
    const change = withDue(next(placed, confirm), [expire(1, { name: "never", since: 2 })], ["expire"])
    const failed = Effect.andThen(store.commit([change]), Effect.fail("rolled back"))
    assert.equal(yield* Effect.flip(store.exclusively({ tenantId, orderId }, failed)), "rolled back")
    assert.deepEqual(yield* store.dueOf(tenantId, orderId), [waiting("order-1", expire(1))])
  }),

  given("a command that is set anew begins anew, also where the old one is leased", function* (store, tenantId) {
    const placed = yield* committed(store, withDue(placing(tenantId, { orderId: "order-1" }), [expire(1)]))
    const lease = yield* store.leaseDue({ tenantId, limit: 10, leaseMs: anHour })
    yield* settled(store, tenantId, lease.leaseId, [{ ...ended("order-1"), putOff: { error: "a rule", retryMs: 0 } }])
    const again = yield* store.leaseDue({ tenantId, limit: 10, leaseMs: anHour })
    const anew = expire(3, { since: 2, payload: { reason: "later" } })
    yield* committed(store, withDue(next(placed, confirm), [anew]))
    assert.deepEqual(yield* store.dueOf(tenantId, placed.order.orderId), [waiting("order-1", anew)])
    assert.deepEqual(yield* settled(store, tenantId, again.leaseId, [ended("order-1")]), ["lost"])
    assert.deepEqual((yield* store.leaseDue({ tenantId, limit: 10, leaseMs: anHour })).commands, [waiting("order-1", anew)])
  }),

  given("a lease that ran out is handed out again, and the late one changes nothing", function* (store, tenantId) {
    yield* committed(store, withDue(placing(tenantId, { orderId: "order-1" }), [expire(1)]))
    const late = yield* store.leaseDue({ tenantId, limit: 10, leaseMs: 0 })
    const held = yield* store.leaseDue({ tenantId, limit: 10, leaseMs: anHour })
    assert.notEqual(late.leaseId, held.leaseId)
    assert.deepEqual(late.commands, [waiting("order-1", expire(1))])
    assert.deepEqual(held.commands, [waiting("order-1", expire(1))])
    const untried: DueSettlement = { ...ended("order-1"), untried: true }
    for (const settlement of [ended("order-1"), untried, { ...ended("order-1"), putOff: { error: "late", retryMs: 0 } }]) {
      assert.deepEqual(yield* settled(store, tenantId, late.leaseId, [settlement]), ["lost"])
    }
    assert.deepEqual((yield* store.leaseDue({ tenantId, limit: 10, leaseMs: anHour })).commands, [])
    // What was not tried is due again at once.
    assert.deepEqual(yield* settled(store, tenantId, held.leaseId, [untried]), ["settled"])
    assert.deepEqual((yield* store.leaseDue({ tenantId, limit: 10, leaseMs: anHour })).commands, [waiting("order-1", expire(1))])
  }),

  given(
    "a command that is put off comes again, counted and with its reason; a parked one waits for a word",
    function* (store, tenantId) {
      const { order } = yield* committed(store, withDue(placing(tenantId, { orderId: "order-1" }), [expire(1)]))
      const { orderId } = order
      const putOff = Effect.fnUntraced(function* (error: string, retryMs: number | null) {
        const { leaseId, commands } = yield* store.leaseDue({ tenantId, limit: 10, leaseMs: anHour })
        assert.equal(commands.length, 1)
        return yield* settled(store, tenantId, leaseId, [{ ...ended("order-1"), putOff: { error, retryMs } }])
      })
      assert.deepEqual(yield* putOff("once", 0), ["settled"])
      assert.deepEqual(yield* putOff("twice", null), ["settled"])
      const parked = { ...waiting("order-1", expire(1)), attempts: 2, lastError: "twice" }
      assert.deepEqual(yield* store.parkedDue(tenantId, null, 10), [parked])
      assert.deepEqual(yield* store.parkedDue(freshTenant(), null, 10), [])
      assert.deepEqual((yield* store.leaseDue({ tenantId, limit: 10, leaseMs: anHour })).commands, [])

      const key = { tenantId, orderId, name: "expire" }
      assert.equal(yield* store.unparkDue({ ...key, name: "other" }, "release"), false)
      assert.equal(yield* store.unparkDue({ ...key, tenantId: freshTenant() }, "skip"), false)
      assert.equal(yield* store.unparkDue(key, "release"), true)
      assert.equal(yield* store.unparkDue(key, "release"), false)
      assert.deepEqual(yield* store.parkedDue(tenantId, null, 10), [])
      assert.deepEqual(yield* store.dueOf(tenantId, orderId), [{ ...parked, attempts: 0 }])
      // Put off for an hour, it is neither due nor parked.
      assert.deepEqual(yield* putOff("for an hour", anHour), ["settled"])
      assert.deepEqual((yield* store.leaseDue({ tenantId, limit: 10, leaseMs: anHour })).commands, [])
      assert.equal(yield* store.unparkDue(key, "skip"), false)
    }
  ),

  given(
    "a parked command that is skipped is gone; pages of parked ones have no gaps and no repeats",
    function* (store, tenantId) {
      for (const orderId of ["order-1", "order-2"]) {
        yield* committed(store, withDue(placing(tenantId, { orderId }), [expire(1), expire(2, { name: "another" })]))
      }
      const { leaseId, commands } = yield* store.leaseDue({ tenantId, limit: 10, leaseMs: anHour })
      const settlements = commands.map(({ orderId, name, since }) => ({
        orderId,
        name,
        since,
        putOff: { error: "no", retryMs: null }
      }))
      assert.deepEqual(new Set(yield* settled(store, tenantId, leaseId, settlements)), new Set(["settled"]))
      for (const limit of [1, 3, 4, 10]) {
        const all: Array<WaitingCommand> = []
        for (let page = yield* store.parkedDue(tenantId, null, limit); page.length > 0;) {
          all.push(...page)
          page = yield* store.parkedDue(tenantId, page.at(-1) ?? null, limit)
        }
        assert.deepEqual(
          all.map(({ orderId, name }) => `${orderId} ${name}`),
          ["order-1 another", "order-1 expire", "order-2 another", "order-2 expire"]
        )
      }
      const key = { tenantId, orderId: OrderId.make("order-1"), name: "expire" }
      assert.equal(yield* store.unparkDue(key, "skip"), true)
      assert.equal(yield* store.unparkDue(key, "skip"), false)
      assert.deepEqual(names(yield* store.dueOf(tenantId, key.orderId)), ["another"])
    }
  ),

  given(
    "those that are due longest come first, at most as many as asked for, and no other tenant's",
    function* (store, tenantId) {
      const other = freshTenant()
      for (const [orderId, minutes] of [
        ["order-1", 3],
        ["order-2", 1],
        ["order-3", 2]
      ] as const) {
        yield* committed(store, withDue(placing(tenantId, { orderId }), [expire(minutes)]))
      }
      yield* committed(store, withDue(placing(other, { orderId: "order-1" }), [expire("never")]))
      const orders = Effect.map(store.leaseDue({ tenantId, limit: 2, leaseMs: anHour }), ({ commands }) =>
        commands.map(({ orderId }) => String(orderId))
      )
      const withDueNow = Effect.map(store.tenantsWithDue(null, 10_000), (tenants) => [
        tenants.includes(tenantId),
        tenants.includes(other)
      ])
      assert.deepEqual(yield* withDueNow, [true, false])
      assert.equal((yield* store.tenantsWithDue(null, 1)).length, 1)
      assert.ok(!(yield* store.tenantsWithDue(tenantId, 10_000)).includes(tenantId))
      assert.deepEqual(yield* orders, ["order-2", "order-3"])
      assert.deepEqual(yield* orders, ["order-1"])
      assert.deepEqual(yield* withDueNow, [false, false])
      assert.deepEqual((yield* store.leaseDue({ tenantId: other, limit: 2, leaseMs: anHour })).commands, [])
    }
  ),

  given("orders wait for what is planned for them, at the version that it is planned for", function* (store, tenantId) {
    const placed = yield* committed(store, withDue(placing(tenantId, { orderId: "order-1" }), [expire(1)]))
    const { orderId } = placed.order
    const plan = (version: number, set: ReadonlyArray<DueCommand>, cleared: ReadonlyArray<string> = []) => ({
      orderId,
      version,
      change: { set, cleared }
    })
    assert.deepEqual(yield* store.planDue(tenantId, []), [])
    assert.deepEqual(yield* store.planDue(freshTenant(), [plan(1, [expire(1)])]), ["conflict"])
    assert.deepEqual(yield* store.planDue(tenantId, [plan(2, [], ["expire"])]), ["conflict"])
    // What waits already stays as it is.
    assert.deepEqual(yield* store.planDue(tenantId, [plan(1, [expire(9), expire(2, { name: "planned" })])]), ["committed"])
    const planned = waiting("order-1", expire(2, { name: "planned" }))
    assert.deepEqual(yield* store.dueOf(tenantId, orderId), [waiting("order-1", expire(1)), planned])
    // In another status it is another one.
    const elsewhere = expire(3, { name: "planned", status: "confirmed" })
    assert.deepEqual(yield* store.planDue(tenantId, [plan(1, [elsewhere])]), ["committed"])
    assert.deepEqual(yield* store.dueOf(tenantId, orderId), [waiting("order-1", expire(1)), waiting("order-1", elsewhere)])
    assert.deepEqual(yield* store.planDue(tenantId, [plan(1, [], ["expire"])]), ["committed"])
    assert.deepEqual((yield* store.leaseDue({ tenantId, limit: 10, leaseMs: anHour })).commands, [waiting("order-1", elsewhere)])
  })
]

// --- what the cases are told with ---------------------------------------------------------------------------------------------------------

const committed = Effect.fnUntraced(function* (store: Store, change: Change): Effect.fn.Return<Head, unknown> {
  assert.deepEqual(yield* store.commit([change]), ["committed"])
  return headOf(change)
})

const settled = (store: Store, tenantId: TenantId, leaseId: string, settlements: ReadonlyArray<DueSettlement>) =>
  store.settleDue({ tenantId, leaseId, settlements })

const ended = (orderId: string, name = "expire"): DueSettlement => ({ orderId: OrderId.make(orderId), name, since: 1 })

const waiting = (orderId: string, command: DueCommand): WaitingCommand => ({
  ...command,
  orderId: OrderId.make(orderId),
  attempts: 0,
  lastError: null
})

const names = (commands: ReadonlyArray<WaitingCommand>): ReadonlyArray<string> => commands.map(({ name }) => name)
