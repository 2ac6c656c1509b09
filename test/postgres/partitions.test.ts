/** Stores whose tables are in parts by the hash of the tenant: how they are made, and that a part is guarded as the whole is. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { isSqlError } from "effect/sql/SqlError"
import { describe, expect, it } from "vitest"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { programVersion } from "../../src/lifecycle/programVersion.ts"
import { missingBackstops } from "../../src/postgres/backstops.ts"
import { migrate, migrations, migrateTo } from "../../src/postgres/migrate.ts"
import { layerPartitions, wholeTables } from "../../src/postgres/partitions.ts"
import { KeepsStatistics, planRenewalOf } from "../../src/postgres/planRenewal.ts"
import { clientIn, layerSchema, ourClient } from "../../src/postgres/schemaName.ts"
import { confirm, freshTenant, headOf, next, placing, start } from "../../src/testing/contractOrders.ts"
import { orderStoreContract } from "../../src/testing/orderStoreContract.ts"
import { guideBlock } from "../support/guideBlock.ts"
import { partitionedStore, partsOfTables, postgresClient, postgresStore } from "../support/postgresDatabase.ts"

const onNewDatabase = <A, E>(use: Effect.Effect<A, E, SqlClient.SqlClient>) =>
  Effect.runPromise(Effect.scoped(Effect.provide(use, postgresClient({ maxConnections: 2 }))))

const inPartsOf = (parts: number) => Effect.provide(migrate, layerPartitions(parts))

const faultOf = (parts: number) => Effect.map(Effect.flip(inPartsOf(parts)), (error) => error.message)

const copying = "or copy the store into a new one (the guide PostgreSQL in production, Tables in parts, says how)."

describe("a new store", () => {
  it("is made in as many parts as are asked for, every table of it that has a tenant, and is whole when none are", () =>
    onNewDatabase(
      Effect.gen(function* () {
        const partsByTable = Effect.gen(function* () {
          const sql = yield* ourClient
          return yield* sql<{ table: string; parts: number }>`
            SELECT t.relname AS table, (SELECT count(*) FROM pg_inherits i WHERE i.inhparent = t.oid)::float8 AS parts
              FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
             WHERE n.nspname = 'order_lifecycle' AND t.relkind IN ('r', 'p') AND NOT t.relispartition ORDER BY 1`
        })
        expect(yield* inPartsOf(3)).toEqual(Object.keys(migrations))
        yield* Effect.provide(migrate, layerSchema("whole"))
        const [inParts, whole] = [yield* partsByTable, yield* Effect.provide(partsByTable, layerSchema("whole"))]
        expect(inParts.length).toBeGreaterThan(15)
        expect(inParts).toEqual(whole.map(({ table }) => ({ table, parts: wholeTables.includes(table) ? 0 : 3 })))
        expect(whole.filter(({ parts }) => parts > 0)).toEqual([])
      })
    ))

  it("is otherwise the same in parts as whole: columns, keys, checks, indexes and triggers", () =>
    onNewDatabase(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const shapeOf = (schema: string) =>
          clientIn(sql, schema)<{ line: string }>`
            WITH ours AS (SELECT t.oid, t.relname FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
                           WHERE n.nspname = 'order_lifecycle' AND t.relkind IN ('r', 'p') AND NOT t.relispartition)
            SELECT line FROM (
              SELECT format('%s.%s %s %s %s', t.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)) AS line
                FROM pg_attribute a JOIN ours t ON t.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
               WHERE a.attnum > 0 AND NOT a.attisdropped
              UNION ALL
              SELECT format('%s: %s %s', t.relname, c.conname, pg_get_constraintdef(c.oid))
                FROM pg_constraint c JOIN ours t ON t.oid = c.conrelid WHERE c.conparentid = 0
              UNION ALL
              SELECT replace(pg_get_indexdef(x.indexrelid), ' ON ONLY ', ' ON ') FROM pg_index x JOIN ours t ON t.oid = x.indrelid WHERE x.indisvalid
              UNION ALL
              SELECT pg_get_triggerdef(g.oid) FROM pg_trigger g JOIN ours t ON t.oid = g.tgrelid WHERE NOT g.tgisinternal) AS lines
            ORDER BY 1`
        yield* Effect.provide(inPartsOf(2), layerSchema("inparts"))
        yield* Effect.provide(migrate, layerSchema("inwhole"))
        const lines = (schema: string) =>
          Effect.map(shapeOf(schema), (rows) => rows.map(({ line }) => line.replaceAll(schema, "ours")))
        const [inParts, whole] = [yield* lines("inparts"), yield* lines("inwhole")]
        expect(whole.length).toBeGreaterThan(200)
        expect(inParts.toSorted()).toEqual(whole.toSorted())
      })
    ))

  it("stays as it was made: other parts are refused with what can be done, and none need be asked for again", () =>
    onNewDatabase(
      Effect.gen(function* () {
        yield* inPartsOf(2)
        expect(yield* inPartsOf(2)).toEqual([])
        expect(yield* migrate).toEqual([])
        expect(yield* faultOf(3)).toBe(
          `The database cannot be used: its tables have 2 parts, and 3 are asked for: ask for 2 or for none, ${copying}`
        )
        yield* Effect.provide(migrate, layerSchema("whole"))
        expect(yield* Effect.provide(faultOf(3), layerSchema("whole"))).toBe(
          "The database cannot be used: its tables are whole, and 3 parts are asked for: " +
            `only a new store can be made in parts. Ask for none, ${copying}`
        )
        expect(yield* Effect.provide(migrate, layerSchema("whole"))).toEqual([])
      })
    ))

  it("has the tables of later migrations in as many parts, without being asked again", () =>
    onNewDatabase(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* inPartsOf(5)
        const run = Effect.flatMap(SqlClient.SqlClient, (sql) =>
          sql.unsafe(`CREATE TABLE order_lifecycle.later (
            tenant_id text COLLATE "C" NOT NULL,
            order_id text COLLATE "C" NOT NULL,
            PRIMARY KEY (tenant_id, order_id),
            FOREIGN KEY (tenant_id, order_id) REFERENCES order_lifecycle.orders
          )`)
        )
        yield* migrateTo({ ...migrations, "0900_later": { oldestProgram: "0.1.0", run } }, programVersion)
        expect(
          yield* sql`SELECT count(*)::float8 AS parts FROM pg_inherits WHERE inhparent = 'order_lifecycle.later'::regclass`
        ).toEqual([{ parts: 5 }])
      })
    ))

  it.each([0, 1, 1.5, -8, 129, 10_000, Number.NaN])("is not made in %s parts: the option is named", (parts) => {
    expect(() => layerPartitions(parts)).toThrow(/^layerPartitions: must be a whole number from 2 to 128$/)
  })
})

/** Rows in most tables: an order that rents a laptop, with its events handed on. */
const scene = Effect.gen(function* () {
  const store = yield* OrderStore
  const tenantId = freshTenant()
  const placement = placing(tenantId, { orderId: "open" })
  const confirmed = next(headOf(placement), confirm)
  const started = next(
    headOf(confirmed),
    start(headOf(confirmed).order, "LAPTOP", "laptop-1", { subscriptionId: "laptop-of-open" })
  )
  yield* store.addConsumer({ tenantId, consumer: "mail" }, "beginning")
  for (const change of [placement, confirmed, started]) expect(yield* store.commit([change])).toEqual(["committed"])
  yield* store.leaseEvents({ tenantId, consumer: "mail", limit: 1, leaseMs: 60_000 })
  return tenantId
})

/** What came of a statement that is undone afterwards: `done`, or its code. */
const outcomeOf = (sql: SqlClient.SqlClient, statement: string) =>
  Effect.flip(sql.withTransaction(Effect.andThen(sql.unsafe(statement), Effect.fail("done" as const)))).pipe(
    Effect.map((error) => (isSqlError(error) ? String((error.reason.cause as { readonly code?: string }).code) : error))
  )

/** Statements on a table and on its part whose outcomes differ, of everything that can be done to the rows of all tables. */
const differences = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, tenantId: string) {
  const columns = yield* sql<{ table: string; column: string; part: string }>`
    SELECT t.relname AS table, a.attname AS column, o.part
      FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
     CROSS JOIN (SELECT replace(p.relname, 'orders_', '_') AS part FROM order_lifecycle.orders o JOIN pg_class p ON p.oid = o.tableoid
                  WHERE o.tenant_id = ${tenantId} LIMIT 1) AS o
     WHERE t.relnamespace = 'order_lifecycle'::regnamespace AND t.relkind = 'p' ORDER BY 1, 2`
  const found: Array<string> = []
  const outcomes = new Map<string, number>()
  for (const { table, column, part } of columns) {
    const of = (name: string) => [
      `UPDATE order_lifecycle.${name} SET ${column} = ${column} WHERE tenant_id = '${tenantId}'`,
      ...(column === "tenant_id"
        ? [
            `DELETE FROM order_lifecycle.${name} WHERE tenant_id = '${tenantId}'`,
            `TRUNCATE order_lifecycle.${name}`,
            `TRUNCATE order_lifecycle.${name} CASCADE`
          ]
        : [])
    ]
    const onPart = of(`${table}${part}`)
    for (const [n, statement] of of(table).entries()) {
      const whole = yield* outcomeOf(sql, statement)
      outcomes.set(whole, (outcomes.get(whole) ?? 0) + 1)
      const ofPart = yield* outcomeOf(sql, onPart[n] as string)
      if (ofPart !== whole) found.push(`${onPart[n]}: ${ofPart}, and ${whole} on the whole`)
    }
  }
  return { found, outcomes }
})

describe("a part", () => {
  it("lets nothing be done that the whole does not let be done, and a part that lost its guard is found to", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const tenantId = yield* scene
      const { found, outcomes } = yield* differences(sql, tenantId)
      expect(found).toEqual([])
      expect(outcomes.get("done")).toBeGreaterThan(30)
      expect(outcomes.get("23001")).toBeGreaterThan(20)
      for (let part = 0; part < partsOfTables; part++)
        yield* sql.unsafe(`DROP TRIGGER audit_confidential_stays_whole ON order_lifecycle.audit_confidential_${part}`)
      expect((yield* differences(sql, tenantId)).found.map((line) => line.replaceAll(/_\d+\b/g, ""))).toEqual(
        ["", " CASCADE"].map((how) => `TRUNCATE order_lifecycle.audit_confidential${how}: done, and 23001 on the whole`)
      )
    }).pipe(Effect.provide(partitionedStore), Effect.scoped, Effect.runPromise))

  it("is looked at when the guards are: one that is off or gone is named, and a part that is gone", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      expect(yield* missingBackstops(sql)).toEqual([])
      yield* sql`ALTER TABLE order_lifecycle.audit_events_3 DISABLE TRIGGER audit_events_stay`
      yield* sql`ALTER TABLE order_lifecycle.orders_0 ENABLE REPLICA TRIGGER orders_cancelled_is_final`
      yield* sql`DROP TRIGGER asset_changes_stay_whole ON order_lifecycle.asset_changes_7`
      yield* sql`ALTER TABLE order_lifecycle.outbox DETACH PARTITION order_lifecycle.outbox_2`
      expect(yield* missingBackstops(sql)).toEqual([
        "part of outbox",
        "trigger asset_changes_stay_whole of asset_changes_7",
        "trigger audit_events_stay of audit_events_3",
        "trigger orders_cancelled_is_final of orders_0"
      ])
      // Off for the whole is off for the parts.
      yield* sql`ALTER TABLE order_lifecycle.reservations DISABLE TRIGGER reservations_stay`
      const off = (yield* missingBackstops(sql)).filter((name) => name.startsWith("trigger reservations_stay "))
      expect(off.length).toBe(1 + partsOfTables)
      yield* sql`ALTER TABLE order_lifecycle.reservations ENABLE TRIGGER reservations_stay`
      expect((yield* missingBackstops(sql)).length).toBe(4)
    }).pipe(Effect.provide(partitionedStore), Effect.scoped, Effect.runPromise))

  it("that is attached later keeps its rows by the triggers of the whole, and is found to lack the one against TRUNCATE", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      for (const table of ["deliveries", "due_commands", "outbox", "event_positions", "audit_confidential", "audit_events"])
        yield* sql.unsafe(`ALTER TABLE order_lifecycle.${table} DETACH PARTITION order_lifecycle.${table}_1`)
      yield* sql`CREATE TABLE order_lifecycle.late (LIKE order_lifecycle.audit_events INCLUDING GENERATED INCLUDING CONSTRAINTS)`
      yield* sql`ALTER TABLE order_lifecycle.audit_events ATTACH PARTITION order_lifecycle.late FOR VALUES WITH (MODULUS 8, REMAINDER 1)`
      expect((yield* missingBackstops(sql)).filter((name) => !name.startsWith("part of"))).toEqual([
        "trigger audit_events_stay_whole of late"
      ])
      const [row] = yield* sql<{ triggers: string }>`
        SELECT string_agg(tgname, ', ') AS triggers FROM pg_trigger
         WHERE tgrelid = 'order_lifecycle.late'::regclass AND NOT tgisinternal`
      expect(row?.triggers).toBe("audit_events_stay")
    }).pipe(Effect.provide(partitionedStore), Effect.scoped, Effect.runPromise))

  it("has statistics as the whole has, where they are kept from here", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const tenantId = yield* scene
      const known = sql<{ table: string }>`
        SELECT relname AS table FROM pg_class
         WHERE relnamespace = 'order_lifecycle'::regnamespace AND relkind IN ('r', 'p') AND relname ~ '^orders(_\\d+)?$' AND reltuples >= 0`
      expect(yield* known).toEqual([])
      const plans = planRenewalOf(sql, true)
      plans.note(1_000)
      yield* plans.renewed(sql`SELECT o.order_id FROM order_lifecycle.orders o WHERE o.tenant_id = ${tenantId}::text`)
      expect((yield* known).length).toBe(1 + partsOfTables)
    }).pipe(
      Effect.provide(Layer.provide(partitionedStore, Layer.succeed(KeepsStatistics, true))),
      Effect.scoped,
      Effect.runPromise
    ))
})

describe("a store of whole tables", () => {
  it("is copied into parts as the guide says, whatever is in it: every row is there, and every guard on", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      for (const { run } of orderStoreContract) yield* run
      yield* Effect.provide(inPartsOf(partsOfTables), layerSchema("orders_parts"))
      yield* sql.unsafe(guideBlock("DO $copy$"))
      const tables = yield* sql<{ name: string }>`
        SELECT relname AS name FROM pg_class
         WHERE relnamespace = 'order_lifecycle'::regnamespace AND relkind = 'r' AND relname NOT IN ('migrations', 'stock_counts') ORDER BY 1`
      // Stock is counted anew, in other slots.
      const [miscounted] = yield* sql<{ count: number }>`
        SELECT count(*)::float8 AS count FROM (
          SELECT tenant_id, sku FROM (
            SELECT tenant_id, sku, reserved, rented FROM order_lifecycle.stock_counts
            UNION ALL SELECT tenant_id, sku, -reserved, -rented FROM orders_parts.stock_counts) AS told
           GROUP BY tenant_id, sku HAVING sum(reserved) <> 0 OR sum(rented) <> 0) AS different`
      expect(miscounted).toEqual({ count: 0 })
      const empty: Array<string> = []
      for (const { name } of tables) {
        const [difference] = yield* sql.unsafe<{ rows: number; other: number }>(`
          WITH was AS (SELECT to_jsonb(t) AS r FROM order_lifecycle.${name} t), now AS (SELECT to_jsonb(t) AS r FROM orders_parts.${name} t)
          SELECT (SELECT count(*) FROM now)::float8 AS rows,
                 (SELECT count(*) FROM (TABLE was EXCEPT ALL TABLE now) AS a)::float8
                 + (SELECT count(*) FROM (TABLE now EXCEPT ALL TABLE was) AS b)::float8 AS other`)
        expect({ name, other: difference?.other }).toEqual({ name, other: 0 })
        if (difference?.rows === 0) empty.push(name)
      }
      expect(tables.length).toBeGreaterThan(15)
      expect(empty).toEqual([])
      expect(yield* missingBackstops(clientIn(sql, "orders_parts"))).toEqual([])
    }).pipe(Effect.provide(postgresStore), Effect.scoped, Effect.runPromise))
})
