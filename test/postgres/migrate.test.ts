import { readFile } from "node:fs/promises"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import { describe, expect, it } from "vitest"
import { programVersion } from "../../src/lifecycle/programVersion.ts"
import { grantsFor } from "../../src/postgres/grants.ts"
import { migrate, type Migration, MigrationProgress, migrations, migrateTo } from "../../src/postgres/migrate.ts"
import * as PostgresConnection from "../../src/postgres/PostgresConnection.ts"
import { layerMigrated } from "../../src/postgres/PostgresOrderStore.ts"
import { clientIn, layerSchema } from "../../src/postgres/schemaName.ts"
import { inWords } from "../../src/postgres/sqlFailure.ts"
import { orderStoreContract } from "../../src/testing/orderStoreContract.ts"
import { freshDatabase } from "../support/postgresDatabase.ts"

it("four services that start at once on an empty database bring it up to date once", () =>
  Effect.gen(function* () {
    const url = yield* freshDatabase
    const contexts = yield* Effect.forEach(Array.from({ length: 4 }), () =>
      Layer.build(PostgresConnection.layer({ url, maxConnections: 2 }))
    )
    const done = yield* Effect.forEach(contexts, (context) => Effect.provideContext(migrate, context), {
      concurrency: "unbounded"
    })
    expect(done.filter((names) => names.length > 0)).toEqual([
      [
        "0001_orders",
        "0002_outbox",
        "0003_money_and_dates",
        "0004_plans",
        "0005_own_lifecycle",
        "0006_due_commands",
        "0007_data_filters",
        "0008_whole_life",
        "0009_assets",
        "0010_lookups",
        "0011_subscription_lives",
        "0012_subscription_lists",
        "0013_guards_of_parts",
        "0014_stock",
        "0015_outbox_in_order"
      ]
    ])
    const [context] = contexts
    if (context === undefined) throw new Error("no connection")
    const tables = yield* Effect.provideContext(
      Effect.flatMap(
        SqlClient.SqlClient,
        (sql) => sql<{ table: string }>`SELECT schemaname || '.' || tablename AS table FROM pg_tables
                                         WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`
      ),
      context
    )
    // Nothing outside of its own schema.
    expect(tables.map(({ table }) => table)).toEqual(
      [
        "asset_changes",
        "assets",
        "audit_confidential",
        "audit_events",
        "consumer_cursors",
        "consumers",
        "customers",
        "deliveries",
        "due_commands",
        "event_positions",
        "idempotency",
        "migrations",
        "order_data",
        "order_lookups",
        "orders",
        "outbox",
        "reservations",
        "stock_counts",
        "subscriptions",
        "tenant_positions"
      ].map((name) => `order_lifecycle.${name}`)
    )
    expect(yield* Effect.provideContext(migrate, context)).toEqual([])
  }).pipe(Effect.scoped, Effect.runPromise))

const connected = Effect.flatMap(freshDatabase, (url) => Layer.build(PostgresConnection.layer({ url, maxConnections: 2 })))

/** Run on a new database that is up to date. */
const migrated = <A, E>(use: Effect.Effect<A, E, SqlClient.SqlClient>) =>
  Effect.flatMap(connected, (context) => Effect.provideContext(Effect.andThen(migrate, use), context)).pipe(
    Effect.scoped,
    Effect.runPromise
  )

const faultOf = (known: typeof migrations, program: string) =>
  Effect.map(Effect.flip(migrateTo(known, program)), (error) => error.message)

describe("a rolling upgrade", () => {
  const future = (oldestProgram: string) => ({ ...migrations, "0900_future": { oldestProgram, run: Effect.void } })

  it("lets the program before it go on, and start again, where the migration allows it", () =>
    migrated(
      Effect.gen(function* () {
        expect(yield* migrateTo(future(programVersion), "9.0.0")).toEqual(["0900_future"])
        expect(yield* migrate).toEqual([])
        expect(yield* migrateTo(future(programVersion), "9.0.0")).toEqual([])
      })
    ))

  it("refuses only what is older than the migration allows, with both versions", () =>
    migrated(
      Effect.gen(function* () {
        yield* migrateTo(future("0.10.1"), "9.0.0")
        expect(yield* faultOf(migrations, "0.9.12")).toBe(
          "The database cannot be used: its tables are those of a newer order-lifecycle (migration 0900_future): " +
            "0.10.1 is the oldest that may use them, and this is 0.9.12."
        )
        for (const program of ["0.10.0", "0.2.0"])
          expect(yield* faultOf(migrations, program)).toContain(`and this is ${program}.`)
        for (const program of ["0.10.1", "0.10.2", "0.11.0", "1.0.0"]) expect(yield* migrateTo(migrations, program)).toEqual([])
      })
    ))

  it("is told by the version of the package", async () => {
    const { version } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }
    expect(programVersion).toBe(version)
    for (const { oldestProgram } of Object.values(migrations)) expect(oldestProgram).toMatch(/^\d+\.\d+\.\d+$/)
  })

  it("takes over the tables of 0.1.0, which did not write down who may use them", () =>
    Effect.flatMap(connected, (context) =>
      Effect.provideContext(
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          yield* migrateTo({ "0001_orders": migrations["0001_orders"] as Migration }, "0.1.0")
          yield* sql`ALTER TABLE order_lifecycle.migrations DROP COLUMN oldest_program`
          const all = Object.entries(migrations)
          expect(yield* migrate).toEqual(all.slice(1).map(([name]) => name))
          expect(yield* sql`SELECT migration_id, oldest_program FROM order_lifecycle.migrations ORDER BY 1`).toEqual(
            all.map(([name, { oldestProgram }]) => ({ migration_id: Number.parseInt(name, 10), oldest_program: oldestProgram }))
          )
        }),
        context
      )
    ).pipe(Effect.scoped, Effect.runPromise))
})

describe("tables that do not fit", () => {
  it("are refused with the reason: a row that is lost, all that are, and one of which nothing is known", () =>
    migrated(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const undone = (change: Effect.Effect<unknown, unknown>) =>
          Effect.flip(
            sql.withTransaction(Effect.andThen(change, Effect.flatMap(faultOf(migrations, programVersion), Effect.fail)))
          )
        expect(yield* undone(sql`DELETE FROM order_lifecycle.migrations WHERE migration_id = 1`)).toBe(
          "The database cannot be used: order_lifecycle.migrations has lost the row of 0001_orders, whose tables are there: " +
            "restore the database, or put the row (1, 'orders') back."
        )
        expect(yield* undone(sql`DELETE FROM order_lifecycle.migrations`)).toContain("has lost the row of 0001_orders")
        expect(yield* undone(sql`INSERT INTO order_lifecycle.migrations (migration_id, name) VALUES (99, 'by_hand')`)).toContain(
          "its tables have a migration 0099_by_hand that order-lifecycle"
        )
        expect(yield* migrate).toEqual([])
      })
    ))

  it("are told with what the server said when a migration fails, and nothing of it is done", () =>
    migrated(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const run = sql`CREATE TABLE order_lifecycle.orders (id integer)`
        const error = yield* Effect.flip(
          migrateTo({ ...migrations, "0900_twice": { oldestProgram: "0.2.0", run } }, programVersion)
        )
        expect(error.message).toBe('0900_twice: relation "orders" already exists (SQLSTATE 42P07)')
        expect(yield* migrate).toEqual([])
      })
    ))
})

describe("progress", () => {
  it("is told while there is something to do, by the process at work and by one that waits for it", () =>
    Effect.gen(function* () {
      const context = yield* connected
      const [begun, go] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const slow = { oldestProgram: "0.2.0", run: Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(go)) }
      const lines: Array<string> = []
      const waits = yield* Deferred.make<void>()
      const telling = <A, E>(who: string, effect: Effect.Effect<A, E, SqlClient.SqlClient>) =>
        Effect.provideContext(effect, context).pipe(
          Effect.provideService(MigrationProgress, (line) =>
            Effect.andThen(
              Effect.sync(() => void lines.push(`${who}: ${line}`)),
              who === "second" ? Deferred.succeed(waits, undefined) : Effect.void
            )
          )
        )
      const known = { ...migrations, "0900_slow": slow }
      const first = yield* Effect.forkChild(telling("first", migrateTo(known, programVersion)))
      yield* Deferred.await(begun)
      const second = yield* Effect.forkChild(telling("second", migrateTo(known, programVersion)))
      yield* Deferred.await(waits)
      yield* Deferred.succeed(go, undefined)
      expect(yield* Fiber.join(first)).toEqual(Object.keys(known))
      expect(yield* Fiber.join(second)).toEqual([])
      expect(lines).toEqual([
        ...Object.keys(known).map((name) => `first: bringing the tables up to date: ${name}`),
        "second: waiting for another process that is bringing the tables up to date"
      ])
    }).pipe(Effect.scoped, Effect.runPromise))
})

describe("a role that only serves", () => {
  it.each(["order_lifecycle", "orders_eu"])(
    "starts on tables in %s that their owner brought up to date, keeps the whole contract, and can do no more",
    (schema) =>
      Effect.gen(function* () {
        const url = yield* freshDatabase
        const role = `serving_${process.pid}`
        const owner = yield* Layer.build(PostgresConnection.layer({ url, maxConnections: 1 }))
        yield* Effect.acquireRelease(
          Effect.provideContext(
            Effect.gen(function* () {
              const sql = clientIn(yield* SqlClient.SqlClient, schema)
              yield* migrate
              yield* sql`CREATE ROLE ${sql(role)} LOGIN PASSWORD 'serving'`
              // Where functions are not everybody's, as some make it for a whole database.
              yield* sql`REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA order_lifecycle FROM PUBLIC`
              for (const statement of grantsFor(role, schema)) yield* sql.unsafe(statement)
            }).pipe(Effect.provide(layerSchema(schema))),
            owner
          ),
          () =>
            Effect.orDie(
              Effect.provideContext(
                Effect.flatMap(SqlClient.SqlClient, (sql) =>
                  sql`DROP OWNED BY ${sql(role)}`.pipe(Effect.andThen(sql`DROP ROLE ${sql(role)}`))
                ),
                owner
              )
            )
        )
        const asRole = new URL(Redacted.value(url))
        asRole.username = role
        asRole.password = "serving"
        const client = PostgresConnection.layer({ url: Redacted.make(asRole.href), maxConnections: 4 })
        yield* Effect.scoped(
          Effect.gen(function* () {
            const context = yield* Layer.build(
              Layer.fresh(layerMigrated).pipe(Layer.provideMerge(client), Layer.provideMerge(layerSchema(schema)))
            )
            for (const { run } of orderStoreContract) yield* Effect.provideContext(run, context)
            const sql = clientIn(Context.get(context, SqlClient.SqlClient), schema)
            for (const attempt of [
              sql`DELETE FROM order_lifecycle.audit_events`,
              sql`DELETE FROM order_lifecycle.orders`,
              sql`UPDATE order_lifecycle.outbox SET sequence = 1`,
              sql`UPDATE order_lifecycle.event_positions SET position = 1`,
              sql`DELETE FROM order_lifecycle.event_positions`,
              sql`DELETE FROM order_lifecycle.tenant_positions`,
              sql`UPDATE order_lifecycle.consumers SET from_beginning = true`,
              sql`INSERT INTO order_lifecycle.migrations (migration_id, name) VALUES (8, 'mine')`,
              sql`ALTER TABLE order_lifecycle.orders ADD COLUMN mine text`
            ]) {
              expect(inWords(yield* Effect.flip(attempt))).toContain("(SQLSTATE 42501)")
            }
            // What is still to be done takes its owner.
            const pending = { ...migrations, "0900_more": { oldestProgram: "0.2.0", run: Effect.void } }
            const error = yield* Effect.flip(Effect.provideContext(migrateTo(pending, programVersion), context))
            expect(error._tag === "SqlError" && inWords(error)).toContain("(SQLSTATE 42501)")
          })
        )
      }).pipe(Effect.scoped, Effect.runPromise)
  )
})
