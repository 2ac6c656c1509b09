/**
 * Brings the tables up to date. Safe to call from any number of processes at once, and cheap when there is nothing to do.
 *
 * Everything lives in a PostgreSQL schema of its own, `order_lifecycle`, beside whatever else the database has.
 */
import * as Effect from "effect/Effect"
import * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { orders } from "./migrations/0001_orders.ts"
import { outbox } from "./migrations/0002_outbox.ts"

/** Every migration, in order. A released one is never edited: a change is a new number. */
const migrations = { "0001_orders": orders, "0002_outbox": outbox }

// Any number will do, as long as nothing else in the database takes the same advisory lock. These are the bytes of "orderlif".
const lockKey = "8030591472429197670"

const runMigrator = Migrator.make({})({
  loader: Migrator.fromRecord(migrations),
  table: "order_lifecycle.migrations"
})

/**
 * Run the migrations that have not run yet; returns their names. They run in one transaction, behind an advisory lock that is freed when
 * the transaction ends, however it ends: whoever comes second waits, and then finds nothing to do.
 */
export const migrate: Effect.Effect<ReadonlyArray<string>, Migrator.MigrationError | SqlError, SqlClient.SqlClient> = Effect.gen(
  function* () {
    const sql = yield* SqlClient.SqlClient
    return yield* sql.withTransaction(
      Effect.gen(function* () {
        // The time-outs of ordinary statements are too short for building an index on a large table.
        yield* sql`SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '60s', true)`
        yield* sql`SELECT pg_advisory_xact_lock(${lockKey}::text::bigint)::text`
        yield* sql`CREATE SCHEMA IF NOT EXISTS order_lifecycle`
        const completed = yield* runMigrator
        return completed.map(([id, name]) => `${String(id).padStart(4, "0")}_${name}`)
      })
    )
  }
)
