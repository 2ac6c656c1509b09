/** A refusal of a row, named after the table that the service knows: a server names the part of it that did not take the row. */
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import { RowRefused } from "../lifecycle/OrderStore.ts"
import { inWords } from "./sqlFailure.ts"

/**
 * The refusal with the names of the whole table and of the constraint of that; as it is, where the table is no part of another. To be asked after the
 * statement that failed was undone: in its transaction the server answers nothing.
 */
export const refusedByWhole = (sql: SqlClient, refused: RowRefused): Effect.Effect<RowRefused, SqlError> => {
  const { column, constraint, cause } = refused
  const [schema, ...table] = refused.table.split(".")
  const named = sql<{ table: string; constraint: string | null }>`
    WITH RECURSIVE part AS (
      SELECT t.oid, t.relnamespace FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
       WHERE n.nspname = ${schema ?? ""}::text AND t.relname = ${table.join(".")}::text AND t.relispartition),
    up AS (
      SELECT c.conname, c.conparentid FROM pg_constraint c JOIN part p ON c.conrelid = p.oid WHERE c.conname = ${constraint ?? ""}::text
      UNION ALL
      SELECT c.conname, c.conparentid FROM pg_constraint c JOIN up ON c.oid = up.conparentid)
    SELECT n.nspname || '.' || t.relname AS table,
           -- A unique index need not be a constraint.
           coalesce((SELECT up.conname FROM up WHERE up.conparentid = 0),
                    (SELECT w.relname FROM pg_class i JOIN part p ON i.relnamespace = p.relnamespace
                       JOIN pg_class w ON w.oid = pg_partition_root(i.oid) WHERE i.relname = ${constraint ?? ""}::text)) AS constraint
      FROM part JOIN pg_class t ON t.oid = pg_partition_root(part.oid) JOIN pg_namespace n ON n.oid = t.relnamespace`
  return Effect.map(named, ([whole]) =>
    whole === undefined || !isSqlError(cause)
      ? refused
      : new RowRefused({ table: whole.table, column, constraint: whole.constraint ?? constraint }, inWords(cause), { cause })
  )
}
