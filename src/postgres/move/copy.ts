/** The rows of a tenant, from one database to another: every column as it is, in pages. */
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { TenantId } from "../../order/Order.ts"
import { claimed, type Move, type MoveOvertaken, type TenantTable } from "./fence.ts"

/** About so many characters are read at once, and so many rows at most. */
const charactersInPage = 4_000_000
const rowsInPage = 2_000

/** So that every value is written as text in one way, and read as it was. */
const asText = (sql: SqlClient) =>
  sql`SELECT set_config('datestyle', 'ISO, YMD', true), set_config('timezone', 'UTC', true), set_config('intervalstyle', 'postgres', true),
             set_config('bytea_output', 'hex', true), set_config('extra_float_digits', '1', true)`

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

/** The columns of a row as one JSON of texts. */
const rowText = ({ columns }: TenantTable) =>
  `json_build_array(${columns.map(([name]) => `t.${quoted(name)}::text`).join(", ")})::text`

/** A transaction that only reads, and sees one moment. */
const reading = <A, E>(sql: SqlClient, work: Effect.Effect<A, E>): Effect.Effect<A, E | SqlError> =>
  sql.withTransaction(
    Effect.gen(function* () {
      yield* sql`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY`
      yield* sql`SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)`
      yield* asText(sql)
      return yield* work
    })
  )

/**
 * Replace what the destination has of the tenant by what the source has: all of it, or nothing. Memory does not grow with the tenant. The rows are
 * those that the source has at one moment.
 */
export const copyTenant = (
  source: SqlClient,
  destination: SqlClient,
  move: Move,
  tables: ReadonlyArray<TenantTable>
): Effect.Effect<void, SqlError | MoveOvertaken> => {
  const copyTable = Effect.fnUntraced(function* (table: TenantTable) {
    const columns = table.columns.map(([name]) => quoted(name)).join(", ")
    const values = table.columns.map(([, type], index) => `(r.cells ->> ${index})::${type}`).join(", ")
    yield* source.unsafe(
      `DECLARE rows_of_tenant NO SCROLL CURSOR FOR
        SELECT ${rowText(table)} AS cells FROM order_lifecycle.${quoted(table.name)} t WHERE t.tenant_id = $1::text`,
      [move.tenantId]
    )
    for (let size = 10; ;) {
      const rows = yield* source.unsafe<{ cells: string }>(`FETCH ${size} FROM rows_of_tenant`)
      if (rows.length === 0) break
      const page = `[${rows.map(({ cells }) => cells).join(",")}]`
      yield* destination.unsafe(
        `INSERT INTO order_lifecycle.${quoted(table.name)} (${columns}) OVERRIDING SYSTEM VALUE
          SELECT ${values} FROM json_array_elements($1::text::json) AS r (cells)`,
        [page]
      )
      // By how large these were: the next ones are about as large.
      size = Math.max(1, Math.min(rowsInPage, Math.floor((charactersInPage / page.length) * rows.length)))
    }
    yield* source.unsafe("CLOSE rows_of_tenant")
  })
  return claimed(
    destination,
    move,
    Effect.gen(function* () {
      yield* asText(destination)
      yield* removeRows(destination, move.tenantId, tables)
      yield* reading(source, Effect.forEach(tables, copyTable, { discard: true }))
    })
  )
}

/** Take away all that a database has of a tenant. In a transaction of a move. */
export const removeRows = (sql: SqlClient, tenantId: TenantId, tables: ReadonlyArray<{ readonly name: string }>) =>
  Effect.forEach(
    tables,
    ({ name }) => sql.unsafe(`DELETE FROM order_lifecycle.${quoted(name)} t WHERE t.tenant_id = $1::text`, [tenantId]),
    { discard: true }
  )

/** How many rows a table has of a tenant, and a sum of their hashes, which does not depend on the order in which they are read. */
export interface TableSum {
  readonly table: string
  readonly rows: number
  readonly sum: string
}

/** The sums of every table, all of one moment. */
export const sumsOf = (
  sql: SqlClient,
  tenantId: TenantId,
  tables: ReadonlyArray<TenantTable>
): Effect.Effect<ReadonlyArray<TableSum>, SqlError> =>
  reading(
    sql,
    Effect.forEach(tables, (table) =>
      Effect.map(
        sql.unsafe<{ rows: string; sum: string }>(
          `SELECT count(*)::text AS rows, coalesce(sum(
                   ('x' || encode(substring(sha256(convert_to(${rowText(table)}, 'UTF8')) FROM 1 FOR 8), 'hex'))::bit(64)::bigint::numeric), 0)::text AS sum
             FROM order_lifecycle.${quoted(table.name)} t WHERE t.tenant_id = $1::text`,
          [tenantId]
        ),
        ([row]) => ({ table: table.name, rows: Number(row?.rows ?? 0), sum: row?.sum ?? "" })
      )
    )
  )
