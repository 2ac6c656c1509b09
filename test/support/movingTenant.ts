/** Two databases with orders, a directory in a third, and programs at work on them as they are in several processes. */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { defaultSchema } from "../../src/lifecycle/options.ts"
import * as RoutedOrderStore from "../../src/lifecycle/RoutedOrderStore.ts"
import type { OrderRecords } from "../../src/lifecycle/OrderRecords.ts"
import type { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { Outbox } from "../../src/lifecycle/Outbox.ts"
import { TenantDirectory } from "../../src/lifecycle/TenantDirectory.ts"
import type { TenantId } from "../../src/order/Order.ts"
import { Deadline } from "../../src/lifecycle/Deadline.ts"
import { migrate } from "../../src/postgres/migrate.ts"
import { moveTenant, type MoveOptions } from "../../src/postgres/move/moveTenant.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import * as PostgresTenantDirectory from "../../src/postgres/PostgresTenantDirectory.ts"
import { layerSchema } from "../../src/postgres/schemaName.ts"
import { shopOver } from "../../src/testing/shop.ts"
import { verify } from "../../src/verify/verify.ts"
import { hangMs } from "./limits.ts"
import { patientSettings } from "./patientSettings.ts"
import { freshDatabase, migratedDatabase } from "./postgresDatabase.ts"

export type Directory = TenantDirectory["Service"]

/** Connections on which nothing runs out of time. */
const clientAt = (url: Redacted.Redacted, maxConnections: number): Layer.Layer<SqlClient.SqlClient, unknown> =>
  Layer.fresh(PgClient.layer({ url, maxConnections, connectTimeout: hangMs, startupParameters: patientSettings }))

/** Names are those of the stores. New tenants go to `a`. `owned` gives a database to a role, and answers with its URL for that one. */
export const placesIn = Effect.fnUntraced(function* (
  schema: string,
  owned: (url: Redacted.Redacted) => Effect.Effect<Redacted.Redacted> = Effect.succeed
) {
  const database =
    schema === defaultSchema
      ? migratedDatabase
      : Effect.tap(Effect.flatMap(freshDatabase, owned), (url) =>
          Effect.provide(migrate, Layer.merge(clientAt(url, 1), layerSchema(schema)))
        )
  const urls = { a: yield* database, b: yield* database, directory: yield* freshDatabase }
  const beside = Effect.fnUntraced(function* (url: Redacted.Redacted) {
    return Context.get(yield* Layer.build(clientAt(url, 2)), SqlClient.SqlClient)
  })
  const sql = { a: yield* beside(urls.a), b: yield* beside(urls.b), directory: yield* beside(urls.directory) }

  const storeAt = (url: Redacted.Redacted): Layer.Layer<OrderStore | OrderRecords | SqlClient.SqlClient, unknown> =>
    PostgresOrderStore.layer.pipe(
      Layer.provideMerge(clientAt(url, 6)),
      Layer.provide(layerSchema(schema)),
      Layer.merge(Layer.succeed(Deadline, hangMs))
    )

  /** A process: the services over a router of its own. `alter` changes what its directory says. */
  const process = (
    alter: (directory: Directory) => Directory = (directory) => directory,
    options: Parameters<typeof shopOver>[1] = {}
  ) => {
    const directory = Layer.effect(TenantDirectory, Effect.map(TenantDirectory, alter)).pipe(
      Layer.provide(
        PostgresTenantDirectory.layer({ newTenantsIn: "a", trustFor: "20 millis" }).pipe(
          Layer.provide(Layer.merge(clientAt(urls.directory, 4), Layer.succeed(Deadline, hangMs)))
        )
      )
    )
    const store = RoutedOrderStore.layer({ stores: { a: storeAt(urls.a), b: storeAt(urls.b) }, waitForMove: hangMs })
    return Layer.build(
      Layer.fresh(
        Layer.provideMerge(Outbox.layer, shopOver(Layer.provide(store, directory), options)).pipe(
          Layer.merge(Layer.succeed(Deadline, hangMs))
        )
      )
    )
  }

  const connections: Pick<MoveOptions, "directory" | "databases"> = {
    directory: clientAt(urls.directory, 2),
    databases: { a: clientAt(urls.a, 2), b: clientAt(urls.b, 2) }
  }

  const move = (tenantId: TenantId, to: "a" | "b", options: Partial<MoveOptions> = {}) =>
    Effect.provide(moveTenant({ ...connections, tenantId, to, ...options }), layerSchema(schema))

  /** What `verify` finds in a database by itself. */
  const violationsIn = (name: "a" | "b") =>
    Effect.scoped(
      Effect.flatMap(Layer.build(Layer.fresh(storeAt(urls[name]))), (context) =>
        Effect.provideContext(Stream.runCollect(verify()), context)
      )
    )

  return { urls, sql, process, connections, move, violationsIn }
})

/** In the schema that orders are in unless said otherwise. */
export const places = placesIn(defaultSchema)

/** All that a database has of a tenant: each row as PostgreSQL writes it, by table. */
export const rowsOf = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, tenantId: string, schema = defaultSchema) {
  const tables = yield* sql<{ table: string }>`
    SELECT c.table_name AS table FROM information_schema.columns c
     WHERE c.table_schema = ${schema} AND c.column_name = 'tenant_id' ORDER BY c.table_name`
  const found: Record<string, ReadonlyArray<string>> = {}
  for (const { table } of tables) {
    const rows = yield* sql<{ row: string }>`
      SELECT t::text AS row FROM ${sql(`${schema}.${table}`)} t WHERE t.tenant_id = ${tenantId} ORDER BY 1`
    if (rows.length > 0) found[table] = rows.map(({ row }) => row)
  }
  return found
})

/** How many triggers the fence of a tenant has in a database. */
export const fencesIn = (sql: SqlClient.SqlClient, tenantId: string) =>
  Effect.map(
    sql`SELECT 1 AS one FROM pg_trigger
         WHERE tgname LIKE 'tenant_fence_%' AND pg_get_triggerdef(oid) LIKE '%' || quote_literal(${tenantId}::text) || '%'`,
    ({ length }) => length
  )

/** Take every fence away, as nothing in the library does while it is needed. */
export const dropFences = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  const fences = yield* sql<{ statement: string }>`
    SELECT format('DROP TRIGGER %I ON %s', g.tgname, g.tgrelid::regclass) AS statement FROM pg_trigger g
     WHERE g.tgname LIKE 'tenant_fence_%'`
  for (const { statement } of fences) yield* sql.unsafe(statement)
  if (fences.length === 0) return yield* Effect.die(new Error("there was no fence"))
})
