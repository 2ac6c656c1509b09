/**
 * `TenantDirectory` in a PostgreSQL database of the caller's choice: one of those with orders, or another. It has a schema of its own,
 * `order_directory`, and needs next to nothing: a row for each tenant.
 *
 * A tenant that nothing is said of gets a place when it is first asked for, and keeps it: where new tenants go can be changed at any time.
 *
 * For how long an answer may be relied on is written down by every process that starts, and the longest counts. A move waits as long
 * (`move/moveTenant.ts`).
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { DurationOption, optionsReader } from "../lifecycle/options.ts"
import { StoreUnavailable } from "../lifecycle/OrderStore.ts"
import { defaultPlace, StoreNames, TenantDirectory, type TenantPlace } from "../lifecycle/TenantDirectory.ts"
import type { TenantId } from "../order/Order.ts"
import { detached } from "./detached.ts"
import { errorOf } from "./sqlFailure.ts"

/** Where new tenants go, and how long an answer holds. */
export interface TenantDirectoryOptions {
  /** The store of a tenant that is asked for the first time; of several, one by a hash of the tenant's id. */
  readonly newTenantsIn: string | ReadonlyArray<string>
  /**
   * A process asks again for a tenant after so long: 5 seconds unless said otherwise. For that long it can do without the directory, and so long a
   * move waits before it begins.
   */
  readonly trustFor?: Duration.Input
}

const readOptions = optionsReader<TenantDirectoryOptions>(
  "PostgresTenantDirectory.layer",
  { newTenantsIn: StoreNames, trustFor: DurationOption },
  ["newTenantsIn"]
)

/** Makes its tables where they are missing. Throws a `WrongOption` that names an option that cannot be used. */
export const layer = (given: TenantDirectoryOptions): Layer.Layer<TenantDirectory, SqlError, SqlClient.SqlClient> => {
  const { newTenantsIn, trustFor = "5 seconds" } = readOptions(given)
  return Layer.effect(TenantDirectory, make(newTenantsIn, Math.ceil(Duration.toMillis(Duration.fromInputUnsafe(trustFor)))))
}

/** Where tenants are, for programs that look after the directory. `moving_to` is set during a move, and `move_number` is that of the last one. */
export interface PlaceRow {
  readonly store: string
  readonly moving_to: string | null
  readonly move_number: number
}

const statements: ReadonlyArray<string> = [
  "CREATE SCHEMA IF NOT EXISTS order_directory",
  `CREATE TABLE IF NOT EXISTS order_directory.tenants (
    tenant_id   text COLLATE "C" NOT NULL PRIMARY KEY,
    store       text COLLATE "C" NOT NULL,
    moving_to   text COLLATE "C" CHECK (moving_to <> store),
    move_number integer NOT NULL DEFAULT 0 CHECK (move_number >= 0)
  )`,
  // Where something of a tenant may be left: the place that it has left, and one that it was being moved to.
  `CREATE TABLE IF NOT EXISTS order_directory.left_places (
    tenant_id text COLLATE "C" NOT NULL REFERENCES order_directory.tenants,
    store     text COLLATE "C" NOT NULL,
    left_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, store)
  )`,
  // One row. For so long an answer is relied on by the process that does so longest.
  `CREATE TABLE IF NOT EXISTS order_directory.trust (
    is_only    boolean NOT NULL PRIMARY KEY DEFAULT true CHECK (is_only),
    trusted_ms integer NOT NULL CHECK (trusted_ms >= 0)
  )`,
  "INSERT INTO order_directory.trust (trusted_ms) VALUES (0) ON CONFLICT DO NOTHING"
]

// Any number will do, as long as nothing else in the database takes the same advisory lock. These are the bytes of "ordirect".
const directoryLock = "8030591470781457268"

/** Make the tables, unless they are there: then it only reads. */
export const makeTables = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  const [made] = yield* sql`SELECT 1 AS one FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
                             WHERE n.nspname = 'order_directory' AND t.relname = 'trust'`
  if (made !== undefined) return
  yield* sql.withTransaction(
    Effect.gen(function* () {
      yield* sql`SELECT pg_advisory_xact_lock(${directoryLock}::text::bigint)::text`
      for (const statement of statements) yield* sql.unsafe(statement)
    })
  )
})

const make = Effect.fnUntraced(function* (newTenantsIn: string | ReadonlyArray<string>, trustMs: number) {
  const sql = (yield* SqlClient.SqlClient).withoutTransforms()
  const placeNew = defaultPlace(newTenantsIn)
  yield* makeTables(sql)
  // Before any answer is relied on for so long.
  yield* sql`UPDATE order_directory.trust SET trusted_ms = ${String(trustMs)}::text::integer
              WHERE trusted_ms < ${String(trustMs)}::text::integer`

  /** Never in a transaction of the caller's: what is asked is how it is now, and a failure here is none of theirs. */
  const asked = <A>(statement: Effect.Effect<A, SqlError>): Effect.Effect<A, StoreUnavailable> =>
    detached(statement, "stop").pipe(
      Effect.updateContext((context: Context.Context<never>) => Context.omit(sql.transactionService)(context)),
      Effect.flatMap(
        Option.match({
          onNone: () =>
            Effect.fail(new StoreUnavailable({ cause: new Error("the directory of tenants gave no answer in time") })),
          onSome: (exit) =>
            Exit.isSuccess(exit) ? Effect.succeed(exit.value) : Effect.fail(new StoreUnavailable({ cause: errorOf(exit.cause) }))
        })
      )
    )

  const toPlace = ({ store, moving_to }: PlaceRow): TenantPlace => ({ store, trustedMs: moving_to === null ? trustMs : 0 })

  const found = (tenantIds: ReadonlyArray<TenantId>) =>
    asked(
      sql<PlaceRow & { tenant_id: TenantId }>`
        SELECT t.tenant_id, t.store, t.moving_to, t.move_number
          FROM json_array_elements_text(${JSON.stringify(tenantIds)}::text::json) AS asked (tenant_id)
         CROSS JOIN LATERAL (SELECT * FROM order_directory.tenants t WHERE t.tenant_id = asked.tenant_id LIMIT 1) AS t`
    )

  const placed = (tenantId: TenantId) =>
    asked(
      // The row that another process has written meanwhile is written as it is, because only a written row is returned.
      sql<PlaceRow>`
        INSERT INTO order_directory.tenants AS t (tenant_id, store) VALUES (${tenantId}::text, ${placeNew(tenantId)}::text)
        ON CONFLICT (tenant_id) DO UPDATE SET store = t.store
        RETURNING t.store, t.moving_to, t.move_number`
    )

  return TenantDirectory.of({
    placeOf: Effect.fnUntraced(function* (tenantId) {
      const [row] = yield* found([tenantId])
      const [place] = row === undefined ? yield* placed(tenantId) : [row]
      if (place === undefined) throw new Error("a tenant was given a place and has none")
      return toPlace(place)
    }),
    placesOf: (tenantIds) =>
      Effect.map(found(tenantIds), (rows) => {
        const byTenant = new Map(rows.map((row) => [row.tenant_id, toPlace(row)]))
        return tenantIds.map((tenantId) => byTenant.get(tenantId) ?? null)
      })
  })
})

/**
 * Say where tenants are that have orders already, before any process asks for them. Those that have a place keep it. Answers how many were placed.
 */
export const placeTenants = Effect.fnUntraced(function* (tenantIds: ReadonlyArray<TenantId>, store: string) {
  const sql = (yield* SqlClient.SqlClient).withoutTransforms()
  yield* makeTables(sql)
  const rows = yield* sql`
    INSERT INTO order_directory.tenants (tenant_id, store)
    SELECT asked.tenant_id, ${store}::text FROM json_array_elements_text(${JSON.stringify(tenantIds)}::text::json) AS asked (tenant_id)
    ON CONFLICT DO NOTHING RETURNING 1 AS one`
  return rows.length
})
