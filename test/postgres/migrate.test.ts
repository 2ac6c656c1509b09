import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { expect, it } from "vitest"
import { migrate } from "../../src/postgres/migrate.ts"
import * as PostgresConnection from "../../src/postgres/PostgresConnection.ts"
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
    expect(done.filter((names) => names.length > 0)).toEqual([["0001_orders", "0002_outbox"]])
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
        "audit_confidential",
        "audit_events",
        "consumer_cursors",
        "consumers",
        "customers",
        "deliveries",
        "event_positions",
        "idempotency",
        "migrations",
        "orders",
        "outbox",
        "reservations",
        "subscriptions",
        "tenant_positions"
      ].map((name) => `order_lifecycle.${name}`)
    )
    expect(yield* Effect.provideContext(migrate, context)).toEqual([])
  }).pipe(Effect.scoped, Effect.runPromise))
