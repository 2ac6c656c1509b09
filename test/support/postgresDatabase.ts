/** A database of its own for each test file, on the server of the run (`postgresServer.ts`). */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { MigrationError } from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { Pool, type PoolConfig } from "pg"
import { inject } from "vitest"
import type { OrderRecords } from "../../src/lifecycle/OrderRecords.ts"
import type { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { Deadline } from "../../src/lifecycle/Deadline.ts"
import { SharesStatements } from "../../src/lifecycle/shared.ts"
import { migrate } from "../../src/postgres/migrate.ts"
import { layerPartitions } from "../../src/postgres/partitions.ts"
import { mostStatements } from "../../src/postgres/mostStatements.ts"
import * as PostgresConnection from "../../src/postgres/PostgresConnection.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { hangMs } from "./limits.ts"
import { patientSettings } from "./patientSettings.ts"
import { until } from "./waiting.ts"

/** The server's own database, for creating others. */
export const serverUrl = (): Redacted.Redacted => Redacted.make(inject("postgresUrl"))

/** The URL of a database on the server. */
export const databaseNamed = (database: string): Redacted.Redacted => {
  const url = new URL(inject("postgresUrl"))
  url.pathname = `/${database}`
  return Redacted.make(url.href)
}

/** Connections on which nothing runs out of time. */
const patientClient = (url: Redacted.Redacted, maxConnections: number) =>
  PgClient.layer({
    url,
    maxConnections,
    connectTimeout: hangMs,
    startupParameters: patientSettings,
    preparedStatementCacheSize: mostStatements
  })

/** Run something on the database that the server itself comes with. */
export const onServer = <A, E>(use: (sql: SqlClient.SqlClient) => Effect.Effect<A, E>) =>
  Effect.scoped(
    Effect.flatMap(Layer.build(patientClient(serverUrl(), 1)), (context) =>
      Effect.flatMap(SqlClient.SqlClient, use).pipe(Effect.provideContext(context))
    )
  )

let count = 0

/** The URL of a new database, empty or a copy of another one; it is dropped when the scope closes. */
const newDatabase = Effect.fnUntraced(function* (copied?: string) {
  const name = `test_${process.pid}_${Date.now().toString(36)}_${count++}`
  const create = onServer((sql) =>
    copied === undefined ? sql`CREATE DATABASE ${sql(name)}` : sql`CREATE DATABASE ${sql(name)} TEMPLATE ${sql(copied)}`
  )
  yield* Effect.acquireRelease(Effect.orDie(create), () =>
    Effect.orDie(onServer((sql) => sql`DROP DATABASE ${sql(name)} WITH (FORCE)`))
  )
  return databaseNamed(name)
})

/** The URL of a new, empty database; it is dropped when the scope closes. */
export const freshDatabase: Effect.Effect<Redacted.Redacted, never, Scope.Scope> = newDatabase()

/**
 * The URL of a new database with the tables in it. To make them takes several times as long as to copy them, so `migrate` makes them once
 * for the whole run, for whichever test needs them first, and they are copied for all of them.
 */
export const migratedDatabase = Effect.flatMap(
  Effect.suspend(() => Effect.promise(() => (template ??= Effect.runPromise(makeTemplate(inject("postgresTemplate")))))),
  newDatabase
)

let template: Promise<string> | undefined

/** Make the database that is copied, unless another file of the run has. Returns its name. */
const makeTemplate = (name: string) =>
  onServer((sql) =>
    Effect.gen(function* () {
      // Held until the session ends. Any number will do.
      yield* sql`SELECT pg_advisory_lock(1)::text`
      const made = yield* sql`SELECT FROM pg_database WHERE datname = ${name}`
      if (made.length > 0) return name
      yield* sql`CREATE DATABASE ${sql(name)}`
      yield* Effect.provide(migrate, Layer.fresh(patientClient(databaseNamed(name), 1)))
      // What others are connected to cannot be copied.
      yield* sql`ALTER DATABASE ${sql(name)} WITH ALLOW_CONNECTIONS false`
      yield* until(Effect.map(sql`SELECT FROM pg_stat_activity WHERE datname = ${name}`, ({ length }) => length === 0))
      return name
    })
  )

/** A pool as an embedding service has it; ended when the scope closes. */
export const poolAt = (url: Redacted.Redacted, options: PoolConfig = {}): Effect.Effect<Pool, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const pool = new Pool({ connectionString: Redacted.value(url), ...options })
      // Connections that break while they are not in use.
      pool.on("error", () => {})
      return pool
    }),
    (pool) => Effect.promise(() => (pool.ended ? Promise.resolve() : pool.end()))
  )

/** Connections to a new, empty database, on which nothing runs out of time. */
export const postgresClient = ({ maxConnections = 8, database = freshDatabase } = {}): Layer.Layer<
  SqlClient.SqlClient,
  SqlError | PostgresConnection.UnsuitableDatabase
> =>
  Layer.unwrap(Effect.map(database, (url) => patientClient(url, maxConnections))).pipe(
    Layer.tap((context) => Effect.provideContext(PostgresConnection.requireSuitable, context)),
    Layer.merge(Layer.mergeAll(Layer.succeed(Deadline, hangMs), eachAlone))
  )

/** With `SHARED_STATEMENTS=off` every call has statements of its own, in all tests that do not say how they want it. */
const eachAlone = process.env["SHARED_STATEMENTS"] === "off" ? Layer.succeed(SharesStatements, false) : Layer.empty

/** A store on a new database, and the connections for looking behind it. */
export const postgresStore: Layer.Layer<
  OrderStore | OrderRecords | SqlClient.SqlClient,
  SqlError | MigrationError | PostgresConnection.UnsuitableDatabase
> = PostgresOrderStore.layerMigrated.pipe(Layer.provideMerge(postgresClient({ database: migratedDatabase })))

/** As many parts as the tables of `partitionedStore` have. */
export const partsOfTables = 8

/** A store on a new database whose tables are in parts, and the connections for looking behind it. */
export const partitionedStore = PostgresOrderStore.layerMigrated.pipe(
  Layer.provideMerge(postgresClient()),
  Layer.provide(layerPartitions(partsOfTables))
)
