/**
 * A database full of sound orders, damaged in thirty places by someone with the rights of its owner: `verify` finds these and nothing else,
 * and memory does not grow with the number of orders. `VERIFY_ORDERS=100000` tries it on as many.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as Stream from "effect/Stream"
import { beforeAll, describe, expect, it } from "vitest"
import { TenantId } from "../../src/order/Order.ts"
import * as PostgresOrderRecords from "../../src/postgres/PostgresOrderRecords.ts"
import { headsOf } from "../../src/verify/heads.ts"
import { type Checked, verify } from "../../src/verify/verify.ts"
import type { Violation } from "../../src/verify/Violation.ts"
import { tried } from "../support/evidence.ts"
import { fillWithOrders, type LifeName, numbersOf, orderNumber } from "../support/manyOrders.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { amount } from "../support/scale.ts"
import { pick, type Random, seeded } from "../support/seeded.ts"
import { sharedLayer } from "../support/sharedLayer.ts"

const count = Number(process.env["VERIFY_ORDERS"] ?? amount(5_000, 500))

const run = sharedLayer(postgresStore)

/** Violations without their words, sorted: what is compared. */
const inShort = (violations: ReadonlyArray<Pick<Violation, "id" | "tenantId" | "orderId">>) =>
  violations.map(({ id, tenantId, orderId }) => `${id} ${tenantId ?? "-"} ${orderId ?? "-"}`).toSorted()

const verified = Effect.gen(function* () {
  let checked: Checked = { tenants: 0, orders: 0, events: 0, ordersWithAssumedDecimals: 0, eventsNotJudged: 0 }
  let largestHeap = 0
  const violations = yield* Stream.runCollect(
    verify({
      onChecked: (now) =>
        Effect.sync(() => {
          checked = now
          largestHeap = Math.max(largestHeap, process.memoryUsage().heapUsed)
        })
    })
  )
  return { violations, checked, largestHeap }
})

/** Statements that nothing stands in the way of: triggers and foreign keys are off. What unique indexes and checks refuse, they refuse. */
const asVandal = (statements: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const sql = (yield* SqlClient.SqlClient).withoutTransforms()
    yield* sql.withTransaction(
      Effect.gen(function* () {
        yield* sql`SET LOCAL session_replication_role = replica`
        for (const statement of statements) {
          const rows = yield* sql.unsafe<{ one: number }>(statement)
          // A statement that meets no row would plant nothing.
          if (statement.includes("RETURNING")) expect(rows.length, statement).toBeGreaterThan(0)
        }
      })
    )
  })

/** Count the stock of a tenant anew, as one who covers their tracks would. */
const recount = (tenantId: string): ReadonlyArray<string> => [
  `DELETE FROM order_lifecycle.stock_counts WHERE tenant_id = '${tenantId}' RETURNING 1`,
  `INSERT INTO order_lifecycle.stock_counts (tenant_id, sku, slot, reserved, rented)
   SELECT tenant_id, sku, 0, sum(held), sum(active) FROM order_lifecycle.reservations
    WHERE tenant_id = '${tenantId}' GROUP BY tenant_id, sku RETURNING 1`
]

interface Damage {
  readonly does: string
  readonly to: LifeName
  readonly sql: (where: string, order: ReturnType<typeof orderNumber>) => ReadonlyArray<string>
  /** What it breaks, of the order. */
  readonly breaks: ReadonlyArray<string>
}

const damages: ReadonlyArray<Damage> = [
  {
    does: "releases every unit that an order holds",
    to: "confirmed",
    sql: (where, { tenantId }) => [
      `UPDATE order_lifecycle.reservations SET released = released + held, held = 0 WHERE ${where} RETURNING 1`,
      ...recount(tenantId)
    ],
    breaks: ["T5", "A2"]
  },
  {
    does: "counts stock that no order holds",
    to: "pending",
    sql: (_, { tenantId }) => [`INSERT INTO order_lifecycle.stock_counts VALUES ('${tenantId}', 'GHOST', 0, 1, 0) RETURNING 1`],
    breaks: ["S8 of the tenant"]
  },
  {
    does: "has an order wait for a command that it does not wait for",
    to: "confirmed",
    sql: (_, { tenantId, orderId }) => [
      `INSERT INTO order_lifecycle.due_commands (tenant_id, order_id, name, since, status, at, command, payload, due_at)
       VALUES ('${tenantId}', '${orderId}', 'expire', 1, 'pending', '9000-01-01T00:00:00.000Z', 'cancel', '{}', '9000-01-01') RETURNING 1`
    ],
    breaks: ["D1"]
  },
  {
    does: "has lists find an order by data that it does not have",
    to: "confirmed",
    sql: (_, { tenantId, orderId }) => [
      `INSERT INTO order_lifecycle.order_data (tenant_id, order_id, member, value, created_at)
       SELECT tenant_id, order_id, 'channel', '"web"', created_at FROM order_lifecycle.orders
        WHERE tenant_id = '${tenantId}' AND order_id = '${orderId}' RETURNING 1`
    ],
    breaks: ["F1"]
  },
  {
    does: "has lists find an order by a SKU that it does not have",
    to: "confirmed",
    sql: (_, { tenantId, orderId }) => [
      `INSERT INTO order_lifecycle.order_lookups (tenant_id, order_id, kind, value, created_at)
       SELECT tenant_id, order_id, 'sku', 'ANOTHER', created_at FROM order_lifecycle.orders
        WHERE tenant_id = '${tenantId}' AND order_id = '${orderId}' RETURNING 1`
    ],
    breaks: ["F1"]
  },
  {
    does: "marks an order as cancelled without cancelling it",
    to: "confirmed",
    sql: (where) => [
      `UPDATE order_lifecycle.orders SET status = 'cancelled', cancellation = '{"at":"2026-11-23T12:00:00.000Z","by":{"userId":"x"}}' WHERE ${where} RETURNING 1`
    ],
    breaks: ["S3", "A2", "A8"]
  },
  {
    does: "puts another actor into an event",
    to: "fulfilled",
    sql: (where) => [
      `UPDATE order_lifecycle.audit_events SET event = replace(event::text, 'user-1', 'user-2')::json WHERE ${where} AND sequence = 3 RETURNING 1`
    ],
    breaks: ["A6"]
  },
  {
    does: "deletes an event",
    to: "fulfilled",
    sql: (where) => [
      `DELETE FROM order_lifecycle.audit_events WHERE ${where} AND sequence = 2 RETURNING 1`,
      `DELETE FROM order_lifecycle.audit_confidential WHERE ${where} AND sequence = 2 RETURNING 1`
    ],
    // What the outbox has of it is left.
    breaks: ["A1", "O1"]
  },
  {
    does: "makes a subscription of a cancelled order active again",
    to: "cancelled when returned",
    sql: (where) => [`UPDATE order_lifecycle.subscriptions SET status = 'active', ended = NULL WHERE ${where} RETURNING 1`],
    breaks: ["T3", "T5", "A2"]
  },
  {
    does: "has lists find a subscription by another SKU",
    to: "partial",
    sql: (where) => [`UPDATE order_lifecycle.subscriptions SET sku = 'OTHER' WHERE ${where} RETURNING 1`],
    breaks: ["C4"]
  },
  {
    does: "deletes the row of an order",
    to: "returned",
    sql: (where) => [`DELETE FROM order_lifecycle.orders WHERE ${where} RETURNING 1`],
    breaks: ["C4"]
  },
  {
    does: "deletes an event that is still to be delivered from the outbox",
    to: "partial",
    sql: (where) => [`DELETE FROM order_lifecycle.outbox WHERE ${where} AND sequence = 2 RETURNING 1`],
    breaks: ["O5"]
  },
  {
    does: "puts an event into the outbox that there never was",
    to: "confirmed",
    sql: (_, { tenantId, orderId }) => [
      `INSERT INTO order_lifecycle.outbox VALUES ('${tenantId}', '${orderId}', 9, '2026-11-23T12:00:00.000Z') RETURNING 1`
    ],
    breaks: ["O1"]
  },
  {
    does: "gives a consumer an event that was not handed on to it",
    to: "pending",
    sql: (_, { tenantId, orderId }) => [
      `INSERT INTO order_lifecycle.consumer_cursors VALUES ('${tenantId}', 'mail', 0, true) RETURNING 1`,
      `INSERT INTO order_lifecycle.deliveries VALUES ('${tenantId}', '${orderId}', 'mail', 1, 1, now()) RETURNING 1`
    ],
    breaks: ["O1"]
  },
  {
    does: "takes the newest event away from a consumer that has not done it",
    to: "partial",
    sql: (where, { tenantId, orderId }) => [
      `INSERT INTO order_lifecycle.event_positions
       SELECT tenant_id, sequence, order_id, sequence, at FROM order_lifecycle.outbox WHERE ${where} RETURNING 1`,
      `DELETE FROM order_lifecycle.outbox WHERE ${where} RETURNING 1`,
      `INSERT INTO order_lifecycle.consumer_cursors VALUES ('${tenantId}', 'broker', 3, false) RETURNING 1`,
      `INSERT INTO order_lifecycle.deliveries VALUES ('${tenantId}', '${orderId}', 'broker', 1, 2, now()) RETURNING 1`
    ],
    breaks: ["O5"]
  },
  {
    does: "rewrites the reason of a cancel",
    to: "cancelled",
    sql: (where) => [
      `UPDATE order_lifecycle.audit_confidential SET content = '{"reason":"another"}' WHERE ${where} AND sequence = 2 RETURNING 1`
    ],
    breaks: ["A6"]
  },
  {
    does: "remembers an answer that there never was",
    to: "pending",
    sql: (_, { tenantId, orderId }) => [
      `INSERT INTO order_lifecycle.idempotency VALUES ('${tenantId}', 'forged ${orderId}', 'f',
         '{"outcome":"accepted","orderId":"${orderId}","sequence":7}', '2026-11-23T12:00:00.000Z', '2026-11-24T12:00:00.000Z') RETURNING 1`
    ],
    breaks: ["C4"]
  },
  {
    does: "rents an asset twice",
    to: "partial",
    sql: (where, { tenantId }) => [
      `UPDATE order_lifecycle.subscriptions SET serial_number = (
         SELECT max(serial_number) FROM order_lifecycle.subscriptions WHERE tenant_id = '${tenantId}' AND status = 'active') WHERE ${where} RETURNING 1`
    ],
    breaks: ["A2", "S6 of the tenant"]
  }
]

/** Every kind of damage twice, each to an order of its own; and what is to be found of it. */
const plant = Effect.fnUntraced(function* (random: Random) {
  // The unique index stands against one of them, and its absence is found, too.
  const statements = ["DROP INDEX order_lifecycle.subscriptions_rent_an_asset_once"]
  const expected: Array<Pick<Violation, "id" | "tenantId" | "orderId">> = [{ id: "B1" }]
  const taken = new Set<number>()
  for (const { to, sql, breaks } of damages) {
    for (const tenant of [0, 1]) {
      const free = numbersOf(to, count).filter((n) => !taken.has(n) && orderNumber(n).tenantId === `tenant-${tenant}`)
      // The asset that is rented twice is that of the last order of the tenant: damage is done to the others.
      const n = pick(random, free.slice(0, -1))
      taken.add(n)
      const order = orderNumber(n)
      const { tenantId, orderId } = order
      statements.push(...sql(`tenant_id = '${tenantId}' AND order_id = '${orderId}'`, order))
      for (const id of breaks) {
        const [short, isOfTenant] = [id.slice(0, 2) as Violation["id"], id.endsWith(" of the tenant")]
        expected.push({ id: short, tenantId, ...(!isOfTenant && { orderId }) })
      }
    }
  }
  yield* asVandal(statements)
  return { expected, damaged: taken.size }
})

describe(`a database of ${count} orders`, () => {
  beforeAll(() => run(fillWithOrders(count)))

  it("is sound, and every order and event of it is looked at", () =>
    run(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const [stored] = yield* sql<{ events: number }>`SELECT count(*)::float8 AS events FROM order_lifecycle.audit_events`
        const { violations, checked } = yield* verified
        expect(violations).toEqual([])
        expect(checked).toEqual({
          tenants: 3,
          orders: count,
          events: stored?.events,
          ordersWithAssumedDecimals: 0,
          eventsNotJudged: 0
        })
        tried("orders verified", checked.orders)
      })
    ))

  it("has thirty-six damages of eighteen kinds found in it, each by name, and nothing else", () =>
    seeded((random) =>
      run(
        Effect.gen(function* () {
          const { expected, damaged } = yield* plant(random)
          expect([damages.length, damaged]).toEqual([18, 36])
          const before = process.memoryUsage().heapUsed
          const started = process.hrtime.bigint()
          const { violations, checked, largestHeap } = yield* verified
          if (process.env["VERIFY_ORDERS"] !== undefined) {
            const seconds = Number((process.hrtime.bigint() - started) / 1_000_000n) / 1_000
            const megabytes = Math.round(process.resourceUsage().maxRSS / 1_024)
            process.stdout.write(`${checked.orders} orders, ${checked.events} events: ${seconds} s, ${megabytes} MB at most\n`)
          }
          expect(inShort(violations)).toEqual(inShort(expected))
          for (const { message, repair } of violations) expect([message.length > 10, repair.length > 20]).toEqual([true, true])
          // A page holds some hundred orders; the store as a whole would not fit into this.
          expect(largestHeap - before).toBeLessThan(256 * 1_024 * 1_024)
          tried("damages planted and found", damaged)
        })
      )
    ))
})

describe("heads that were kept elsewhere", () => {
  const small = sharedLayer(postgresStore)
  const size = 24

  it("show that the newest events were cut off, or an order taken away, which nothing else does", () =>
    small(
      Effect.gen(function* () {
        yield* fillWithOrders(size)
        const heads = yield* Stream.runCollect(headsOf())
        expect(heads.length).toBe(size)
        expect(yield* Stream.runCollect(verify({ heads: Stream.fromIterable(heads) }))).toEqual([])

        const [cut, gone] = [orderNumber(1), orderNumber(0)]
        const where = `tenant_id = '${cut.tenantId}' AND order_id = '${cut.orderId}'`
        const tables = ["audit_events", "audit_confidential", "outbox"]
        yield* asVandal([
          ...tables.map((table) => `DELETE FROM order_lifecycle.${table} WHERE ${where} AND sequence = 2 RETURNING 1`),
          `UPDATE order_lifecycle.orders o SET version = 1, status = 'pending', updated_at = created_at, head_hash = e.hash
             FROM order_lifecycle.audit_events e
            WHERE o.tenant_id = e.tenant_id AND o.order_id = e.order_id AND o.${where.replace(" AND ", " AND o.")} RETURNING 1`,
          ...[...tables, "order_lookups", "reservations", "orders", "idempotency"].map(
            (table) =>
              `DELETE FROM order_lifecycle.${table} WHERE tenant_id = '${gone.tenantId}' AND ${table === "idempotency" ? `key = '${gone.key}'` : `order_id = '${gone.orderId}'`} RETURNING 1`
          ),
          ...recount(gone.tenantId)
        ])
        expect(yield* Stream.runCollect(verify())).toEqual([])
        const found = yield* Stream.runCollect(verify({ heads: Stream.fromIterable(heads) }))
        expect(inShort(found)).toEqual(
          inShort([
            { id: "A6", ...idsOf(cut) },
            { id: "A6", ...idsOf(gone) }
          ])
        )
        expect(found.map(({ message }) => message).toSorted()).toEqual([
          "event 1 was cut off: a head of it was kept",
          "event 2 was cut off: a head of it was kept"
        ])
        expect(
          inShort(yield* Stream.runCollect(verify({ tenantId: TenantId.make("tenant-1"), heads: Stream.fromIterable(heads) })))
        ).toEqual([])
      })
    ))
})

const idsOf = ({ tenantId, orderId }: ReturnType<typeof orderNumber>) => ({ tenantId, orderId })

describe("one tenant", () => {
  const few = sharedLayer(postgresStore)
  const size = 60

  it("is checked by itself when that is asked for", () =>
    few(
      Effect.gen(function* () {
        yield* fillWithOrders(size)
        const orders: Array<number> = []
        for (const tenantId of ["tenant-0", "tenant-1", "tenant-2", "nobody"].map((id) => TenantId.make(id))) {
          let checked = 0
          yield* Stream.runDrain(verify({ tenantId, onChecked: (now) => Effect.sync(() => (checked = now.orders)) }))
          orders.push(checked)
        }
        expect(orders).toEqual([24, 20, 16, 0])
      })
    ))
})

describe("a database at work", () => {
  const busy = sharedLayer(postgresStore)

  it("is sound at every moment: what is being committed is not taken for damage", () =>
    busy(
      Effect.gen(function* () {
        const filling = yield* Effect.forkChild(fillWithOrders(amount(600)))
        let runs = 0
        while (filling.pollUnsafe() === undefined) {
          expect(yield* Stream.runCollect(verify())).toEqual([])
          runs++
        }
        yield* Fiber.join(filling)
        expect(runs).toBeGreaterThan(0)
        tried("verifications beside commits", runs)
      })
    ))
})

describe("a session that holds locks on orders and does nothing", () => {
  it("is found while it lasts", () =>
    run(
      Effect.gen(function* () {
        const sql = (yield* SqlClient.SqlClient).withoutTransforms()
        const idle = Effect.provide(
          Stream.runCollect(Stream.filter(verify({ tenantId: TenantId.make("nobody") }), ({ id }) => id === "R1")),
          PostgresOrderRecords.layer({ idleAfter: 0 })
        )
        expect(yield* idle).toEqual([])
        const during: Effect.Effect<unknown, SqlError> = sql.withTransaction(
          Effect.gen(function* () {
            yield* sql`LOCK TABLE order_lifecycle.customers IN SHARE MODE`
            // The other connection: what runs in a fiber of its own is not part of this transaction.
            return yield* Effect.promise(() => run(idle))
          })
        )
        expect(yield* during).toMatchObject([{ id: "R1" }])
      })
    ))
})
