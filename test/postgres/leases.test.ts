/** What a lease costs does not grow with what is leased, parked, or waits: those rows are not looked at. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { expect, it } from "vitest"
import { OrderStore, type Settlement } from "../../src/lifecycle/OrderStore.ts"
import type { TenantId } from "../../src/order/Order.ts"
import { freshTenant, placing } from "../../src/testing/contractOrders.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { sharedLayer } from "../support/sharedLayer.ts"

const run = sharedLayer(postgresStore)

const consumer = "mail"
const anHour = 3_600_000

const place = Effect.fnUntraced(function* (tenantId: TenantId, count: number) {
  const store = yield* OrderStore
  for (let left = count; left > 0; left -= 500)
    yield* store.commit(Array.from({ length: Math.min(left, 500) }, () => placing(tenantId)))
})

const lease = (tenantId: TenantId, limit: number) =>
  Effect.flatMap(OrderStore, (store) => store.leaseEvents({ tenantId, consumer, limit, leaseMs: anHour }))

/** Rows of deliveries that one lease of ten events reads, while five are due; and those that asking which tenants have work reads. */
const rowsRead = Effect.fnUntraced(function* (tenantId: TenantId, every: string) {
  const [store, sql] = [yield* OrderStore, yield* SqlClient.SqlClient]
  yield* place(tenantId, 5)
  const read = Effect.map(
    sql<{ rows: number }>`
      SELECT (seq_tup_read + coalesce(idx_tup_fetch, 0))::int AS rows FROM pg_stat_xact_user_tables
       WHERE schemaname = 'order_lifecycle' AND relname = 'deliveries'`,
    ([row]) => row?.rows ?? 0
  )
  return yield* sql.withTransaction(
    Effect.gen(function* () {
      const before = yield* read
      expect((yield* lease(tenantId, 10))?.deliveries).toHaveLength(5)
      const leased = yield* read
      yield* store.tenantsWithWork(every, null, 10)
      return { lease: leased - before, tenantsWithWork: (yield* read) - leased }
    })
  )
})

it("of five events reads as many rows among 3,000 that are leased, parked or waiting as among none", () =>
  Effect.gen(function* () {
    const [store, sql] = [yield* OrderStore, yield* SqlClient.SqlClient]
    const [tenantId, every] = [freshTenant(), "every"]
    yield* store.addConsumer({ tenantId, consumer }, "now")
    yield* store.addConsumer({ tenantId: null, consumer: every }, "now")
    const alone = yield* rowsRead(tenantId, every)
    yield* place(tenantId, 3_000)
    // A thousand at a time get their positions.
    for (let n = 0; n < 3; n++) yield* store.feed(tenantId, 0, 1)
    yield* store.leaseEvents({ tenantId, consumer: every, limit: 10_000, leaseMs: anHour })
    const held = yield* lease(tenantId, 10_000)
    const settlements = (held?.deliveries ?? []).slice(0, 2_000).map(({ sealed: { event } }, index): Settlement => ({
      orderId: event.orderId,
      sequence: event.sequence,
      failed: { error: "busy", retryMs: index % 2 === 0 ? null : anHour }
    }))
    expect(held?.deliveries).toHaveLength(3_000)
    yield* store.settleEvents({ tenantId, consumer, leaseId: held?.leaseId ?? "", settlements })
    const [states] = yield* sql`
      SELECT count(*) FILTER (WHERE due_at IS NULL)::int AS parked, count(*) FILTER (WHERE lease_id IS NULL AND due_at > now())::int AS waiting,
             count(*) FILTER (WHERE lease_id IS NOT NULL)::int AS leased
        FROM order_lifecycle.deliveries WHERE tenant_id = ${tenantId} AND consumer = ${consumer}`
    expect(states).toEqual({ parked: 1_000, waiting: 1_000, leased: 1_005 })
    // Once with what the planner knew of small tables, once with what it knows of these.
    for (const isAnalyzed of [false, true]) {
      if (isAnalyzed) yield* sql`ANALYZE order_lifecycle.deliveries`
      const among = yield* rowsRead(tenantId, every)
      expect(among.lease).toBeLessThanOrEqual(alone.lease + 5)
      expect(among.tenantsWithWork).toBeLessThanOrEqual(alone.tenantsWithWork + 5)
    }
    expect(alone.lease).toBeGreaterThan(4)
  }).pipe(run))

it("reads no more when the planner knows the rows from when they were all due", () =>
  Effect.gen(function* () {
    const [store, sql] = [yield* OrderStore, yield* SqlClient.SqlClient]
    const [tenantId, every] = [freshTenant(), "every-other"]
    yield* store.addConsumer({ tenantId, consumer }, "now")
    yield* store.addConsumer({ tenantId: null, consumer: every }, "now")
    yield* place(tenantId, 3_000)
    for (let n = 0; n < 3; n++) yield* store.feed(tenantId, 0, 1)
    yield* sql`SELECT order_lifecycle.hand_on(${tenantId}::text, ${consumer}::text, 10000)`
    yield* sql`ANALYZE order_lifecycle.deliveries`
    expect((yield* lease(tenantId, 10_000))?.deliveries).toHaveLength(3_000)
    expect((yield* rowsRead(tenantId, every)).lease).toBeLessThanOrEqual(40)
  }).pipe(run))

it("of ten events behind a backlog reads what it takes, in tables that have never been analysed", () =>
  Effect.gen(function* () {
    const [store, sql] = [yield* OrderStore, yield* SqlClient.SqlClient]
    const tenantId = freshTenant()
    // As for the first minute of a store, or for ever where there is no autovacuum. No row has been there before.
    yield* sql`ALTER TABLE order_lifecycle.outbox SET (autovacuum_enabled = false)`
    yield* store.addConsumer({ tenantId, consumer }, "beginning")
    yield* place(tenantId, 8_000)
    const [known] = yield* sql`SELECT 1 FROM pg_statistic WHERE starelid = 'order_lifecycle.outbox'::regclass`
    expect(known).toBe(undefined)
    const read = Effect.map(
      sql<{ rows: number }>`
        SELECT (seq_tup_read + coalesce(idx_tup_fetch, 0))::int AS rows FROM pg_stat_xact_user_tables
         WHERE schemaname = 'order_lifecycle' AND relname = 'outbox'`,
      ([row]) => row?.rows ?? 0
    )
    const rows = yield* sql.withTransaction(
      Effect.gen(function* () {
        const before = yield* read
        expect((yield* lease(tenantId, 10))?.deliveries).toHaveLength(10)
        return (yield* read) - before
      })
    )
    // A thousand get their positions: each is found by its arrival, and removed by its key.
    expect(rows).toBeGreaterThan(1_000)
    expect(rows).toBeLessThan(3_000)
  }).pipe(Effect.provide(Layer.fresh(postgresStore)), Effect.scoped, Effect.runPromise))
