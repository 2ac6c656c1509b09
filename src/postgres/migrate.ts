/**
 * Brings the tables up to date. Safe to call from any number of processes at once, and cheap when there is nothing to do: then it only
 * reads, so that a role without rights on the tables' definitions may call it too.
 *
 * Everything lives in a PostgreSQL schema of its own, `order_lifecycle` or another one (`schemaName.ts`), beside whatever else the database has.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { MigrationError } from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import { programVersion } from "../lifecycle/programVersion.ts"
import { orders } from "./migrations/0001_orders.ts"
import { outbox } from "./migrations/0002_outbox.ts"
import { moneyAndDates } from "./migrations/0003_money_and_dates.ts"
import { plans } from "./migrations/0004_plans.ts"
import { ownLifecycle } from "./migrations/0005_own_lifecycle.ts"
import { dueCommands } from "./migrations/0006_due_commands.ts"
import { dataFilters } from "./migrations/0007_data_filters.ts"
import { wholeLife } from "./migrations/0008_whole_life.ts"
import { assets } from "./migrations/0009_assets.ts"
import { lookups } from "./migrations/0010_lookups.ts"
import { subscriptionLives } from "./migrations/0011_subscription_lives.ts"
import { subscriptionLists } from "./migrations/0012_subscription_lists.ts"
import { guardsOfParts } from "./migrations/0013_guards_of_parts.ts"
import { stock } from "./migrations/0014_stock.ts"
import { outboxInOrder } from "./migrations/0015_outbox_in_order.ts"
import { clientInParts, Partitions, partsFault, partsOfStore } from "./partitions.ts"
import { UnsuitableDatabase } from "./PostgresConnection.ts"
import { lockKeyOf, ourClient, schemaOf } from "./schemaName.ts"
import { inWords } from "./sqlFailure.ts"

/** A change of the tables, with the oldest version of this library that may still run on what it leaves behind. */
export interface Migration {
  readonly oldestProgram: string
  readonly run: Effect.Effect<void, unknown, SqlClient.SqlClient>
}

/**
 * Every migration, in order. A released one is never edited: a change is a new number. What it leaves behind should suit the program before
 * it, which is still at work while a deployment replaces it process by process; only where it cannot, name this version as the oldest.
 */
export const migrations: Readonly<Record<string, Migration>> = {
  "0001_orders": { oldestProgram: "0.1.0", run: orders },
  "0002_outbox": { oldestProgram: "0.2.0", run: outbox },
  "0003_money_and_dates": { oldestProgram: "0.2.0", run: moneyAndDates },
  "0004_plans": { oldestProgram: "0.1.0", run: plans },
  "0005_own_lifecycle": { oldestProgram: "0.1.0", run: ownLifecycle },
  "0006_due_commands": { oldestProgram: "0.1.0", run: dueCommands },
  "0007_data_filters": { oldestProgram: "0.1.0", run: dataFilters },
  "0008_whole_life": { oldestProgram: "0.2.0", run: wholeLife },
  "0009_assets": { oldestProgram: "0.2.0", run: assets },
  "0010_lookups": { oldestProgram: "0.1.0", run: lookups },
  "0011_subscription_lives": { oldestProgram: "0.2.0", run: subscriptionLives },
  "0012_subscription_lists": { oldestProgram: "0.2.0", run: subscriptionLists },
  "0013_guards_of_parts": { oldestProgram: "0.1.0", run: guardsOfParts },
  "0014_stock": { oldestProgram: "0.2.0", run: stock },
  "0015_outbox_in_order": { oldestProgram: "0.1.0", run: outboxInOrder }
}

/** Told what is going on, in lines for people. Nothing is told when there is nothing to do. */
export const MigrationProgress = Context.Reference<(line: string) => Effect.Effect<void>>(
  "order-lifecycle/postgres/MigrationProgress",
  {
    defaultValue: () => () => Effect.void
  }
)

/**
 * Run the migrations that have not run yet; returns their names. They run in one transaction, behind an advisory lock that is freed when
 * the transaction ends, however it ends: a second process waits, and then finds nothing to do. Fails with `UnsuitableDatabase` when the
 * tables are of a newer program that this one may not run beside, or are not in as many parts as are asked for (`layerPartitions`).
 */
export const migrate: Effect.Effect<
  ReadonlyArray<string>,
  MigrationError | SqlError | UnsuitableDatabase,
  SqlClient.SqlClient
> = Effect.suspend(() => migrateTo(migrations, programVersion))

/** As `migrate`, for a program of that version with those migrations. */
export const migrateTo = (
  known: Readonly<Record<string, Migration>>,
  program: string
): Effect.Effect<ReadonlyArray<string>, MigrationError | SqlError | UnsuitableDatabase, SqlClient.SqlClient> =>
  Effect.gen(function* () {
    const sql = yield* ourClient
    return yield* sql.withTransaction(
      Effect.gen(function* () {
        // The time-outs of ordinary statements are too short for building an index on a large table, and for waiting until that is done.
        yield* sql`SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true)`
        yield* lock(sql)
        yield* sql`SELECT set_config('lock_timeout', '60s', true)`
        const parts = yield* partsOf(sql)
        const pending = yield* pendingOf(yield* readRecorded(sql), known, program, schemaOf(sql))
        if (pending.length === 0) return pending
        yield* record(sql, known)
        const client = parts === 0 ? sql : clientInParts(sql, parts)
        for (const name of pending) yield* run(client, name, known[name] as Migration)
        return pending
      })
    )
  })

// Any number will do, as long as nothing else in the database takes the same advisory lock. These are the bytes of "orderlif".
const migrationLock = "8030591472429197670"

const lock = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  const lockKey = lockKeyOf(sql, migrationLock)
  const [row] = yield* sql<{ free: boolean }>`SELECT pg_try_advisory_xact_lock(${lockKey}::text::bigint) AS free`
  if (row?.free === true) return
  yield* told("waiting for another process that is bringing the tables up to date")
  yield* sql`SELECT pg_advisory_xact_lock(${lockKey}::text::bigint)::text`
})

/** In how many parts the tables are, or are to be made; 0 when they are whole. */
const partsOf = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  const asked = yield* Partitions
  const [store] = yield* partsOfStore(sql)
  const fault = store === undefined || asked === null ? null : partsFault(store.parts, asked)
  if (fault !== null) return yield* new UnsuitableDatabase({ fault })
  return store?.parts ?? asked ?? 0
})

const told = (line: string) => Effect.flatMap(MigrationProgress, (tell) => tell(line))

const run = (sql: SqlClient.SqlClient, name: string, { oldestProgram, run }: Migration) =>
  Effect.gen(function* () {
    yield* told(`bringing the tables up to date: ${name}`)
    yield* Effect.forkScoped(Effect.schedule(told(`still at ${name}`), Schedule.spaced("10 seconds")))
    const made = Effect.provideService(run, SqlClient.SqlClient, sql)
    yield* Effect.mapError(made, (cause) => new MigrationError({ kind: "Failed", cause, message: `${name}: ${reasonOf(cause)}` }))
    const [id, ...rest] = name.split("_")
    yield* sql`INSERT INTO order_lifecycle.migrations (migration_id, name, oldest_program)
               VALUES (${id}::text::integer, ${rest.join("_")}::text, ${oldestProgram}::text)`
  }).pipe(Effect.scoped)

const reasonOf = (cause: unknown): string => (isSqlError(cause) ? inWords(cause) : String(cause))

// --- which migrations have run -------------------------------------------------------------------------------------------------------

interface Recorded {
  readonly hasOrders: boolean
  /** By name, `0001_orders`, with the oldest program; null where a program of before 0.2.0 wrote the row. */
  readonly rows: ReadonlyMap<string, string | null>
}

const readRecorded = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  const tables = yield* sql<{ table: string; has_programs: boolean }>`
    SELECT t.relname AS table,
           EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = 'oldest_program' AND NOT a.attisdropped) AS has_programs
      FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
     WHERE n.nspname = 'order_lifecycle' AND t.relname IN ('orders', 'migrations')`
  const table = tables.find((each) => each.table === "migrations")
  const program = sql.literal(table?.has_programs === true ? "m.oldest_program" : "null::text")
  const rows =
    table === undefined
      ? []
      : yield* sql<{ name: string; oldest_program: string | null }>`
          SELECT lpad(m.migration_id::text, 4, '0') || '_' || m.name AS name, ${program} AS oldest_program
            FROM order_lifecycle.migrations m ORDER BY m.migration_id`
  return {
    hasOrders: tables.some((each) => each.table === "orders"),
    rows: new Map(rows.map((row) => [row.name, row.oldest_program]))
  } satisfies Recorded
})

/** What is still to be run, or why this program may not run here. */
const pendingOf = (
  { rows, hasOrders }: Recorded,
  known: Readonly<Record<string, Migration>>,
  program: string,
  schema: string
): Effect.Effect<ReadonlyArray<string>, UnsuitableDatabase> => {
  const unsuitable = (fault: string) => Effect.fail(new UnsuitableDatabase({ fault }))
  for (const [name, oldest] of rows) {
    if (name in known) continue
    if (oldest === null) {
      return unsuitable(
        `its tables have a migration ${name} that order-lifecycle ${program} does not know, without a word on who may use them`
      )
    }
    if (isOlder(program, oldest)) {
      return unsuitable(
        `its tables are those of a newer order-lifecycle (migration ${name}): ${oldest} is the oldest that may use them, and this is ${program}`
      )
    }
  }
  const pending = Object.keys(known).filter((name) => !rows.has(name))
  const [first] = pending
  const newest = Object.keys(known).findLast((name) => rows.has(name))
  if (first !== undefined && (newest === undefined ? hasOrders : first < newest)) {
    const row = `(${Number.parseInt(first, 10)}, '${first.slice(first.indexOf("_") + 1)}')`
    return unsuitable(
      `${schema}.migrations has lost the row of ${first}, whose tables are there: restore the database, or put the row ${row} back`
    )
  }
  return Effect.succeed(pending)
}

/** By version, `0.10.0` behind `0.9.2`. */
const isOlder = (program: string, oldest: string): boolean => {
  const [a, b] = [program, oldest].map((version) => version.split(".").map((part) => Number.parseInt(part, 10)))
  const position = [0, 1, 2].find((part) => a?.[part] !== b?.[part])
  return position !== undefined && (a?.[position] ?? 0) < (b?.[position] ?? 0)
}

/** The table of migrations, as this program writes it. */
const record = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, known: Readonly<Record<string, Migration>>) {
  const [schema] = yield* sql`SELECT 1 AS one FROM pg_namespace WHERE nspname = 'order_lifecycle'`
  // "IF NOT EXISTS" asks for the right to create schemas also where there is nothing to create.
  if (schema === undefined) yield* sql`CREATE SCHEMA order_lifecycle`
  yield* sql`CREATE TABLE IF NOT EXISTS order_lifecycle.migrations (
    migration_id integer PRIMARY KEY,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    name text NOT NULL
  )`
  yield* sql`ALTER TABLE order_lifecycle.migrations ADD COLUMN IF NOT EXISTS oldest_program text`
  for (const [name, { oldestProgram }] of Object.entries(known)) {
    yield* sql`UPDATE order_lifecycle.migrations SET oldest_program = ${oldestProgram}::text
                WHERE migration_id = ${String(Number.parseInt(name, 10))}::text::integer AND oldest_program IS NULL`
  }
})
