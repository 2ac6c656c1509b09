/**
 * The fence around a tenant that leaves a database: triggers that refuse every change of its rows. They are there only while they are needed, and each
 * looks at the tenant before it calls anything.
 *
 * To create a trigger, PostgreSQL waits for the transactions that are writing to the table, and has later ones wait. So when the last one is there,
 * whatever had been written is committed or undone, and nothing more is written, whatever a process elsewhere believes. A transaction sees a
 * trigger even when it does not see the rows that were written as late.
 *
 * A move has a number from the directory, which grows with each move of the tenant. Every transaction of a move claims its database under that
 * number: a program that was stopped for a while, and whose move another has taken over, finds a higher one and changes nothing any more.
 */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { TenantId } from "../../order/Order.ts"
import { lockKeyOf } from "../schemaName.ts"
import { isLockTimeout, movingState, wasOvertaken } from "../sqlFailure.ts"

/** Which move of which tenant. */
export interface Move {
  readonly tenantId: TenantId
  readonly number: number
}

/** Another move of the tenant, or its end, came in between: this one is over. */
export class MoveOvertaken extends Data.TaggedError("MoveOvertaken") {
  override get message() {
    return "Another program has taken over the move of this tenant."
  }
}

/** A table with rows of tenants. `columns` are those that are written, by name, each with its type. */
export interface TenantTable {
  readonly name: string
  readonly columns: ReadonlyArray<readonly [name: string, type: string]>
}

/** Every table of the schema that has a tenant in it, as the catalogue knows them: also one that did not exist when this was written. */
export const tenantTables = (sql: SqlClient): Effect.Effect<ReadonlyArray<TenantTable>, SqlError> =>
  Effect.map(
    sql<{ name: string; columns: string }>`
      SELECT t.relname AS name,
             json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod)) ORDER BY a.attname COLLATE "C")::text AS columns
        FROM pg_class t
        JOIN pg_namespace n ON n.oid = t.relnamespace
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
       WHERE n.nspname = 'order_lifecycle' AND t.relkind IN ('r', 'p') AND NOT t.relispartition
         AND EXISTS (SELECT 1 FROM pg_attribute k WHERE k.attrelid = t.oid AND k.attname = 'tenant_id' AND NOT k.attisdropped)
       GROUP BY t.relname ORDER BY t.relname COLLATE "C"`,
    (rows) => rows.map(({ name, columns }) => ({ name, columns: JSON.parse(columns) as TenantTable["columns"] }))
  )

// Any number will do, as long as nothing else in the database takes the same advisory lock. These are the bytes of "ordmoves".
const preparingLock = "8030591488011855219"

// The column is not called `tenant_id`: what is written down here is about this database, and stays in it.
const statements: ReadonlyArray<string> = [
  `CREATE TABLE IF NOT EXISTS order_lifecycle.tenant_moves (
    tenant text COLLATE "C" NOT NULL PRIMARY KEY,
    number integer NOT NULL CHECK (number >= 1)
  )`,
  `CREATE OR REPLACE FUNCTION order_lifecycle.refuse_moving_tenant() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'the tenant is being moved to another database, or was moved' USING ERRCODE = '${movingState}';
    END $$`
]

/** What moves need in a database that orders are in. */
export const prepare = Effect.fnUntraced(function* (sql: SqlClient) {
  const [made] = yield* sql`SELECT 1 AS one FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                             WHERE n.nspname = 'order_lifecycle' AND p.proname = 'refuse_moving_tenant'`
  if (made !== undefined) return
  yield* sql.withTransaction(
    Effect.gen(function* () {
      yield* sql`SELECT pg_advisory_xact_lock(${lockKeyOf(sql, preparingLock)}::text::bigint)::text`
      for (const statement of statements) yield* sql.unsafe(statement)
    })
  )
})

/**
 * A transaction of a move, in which no limit of time holds, unless one is given for locks. It writes as a replica does: the guards of the tables and
 * the fence are for others. Of what it copies they were asked once.
 */
export const claimed = <A, E>(
  sql: SqlClient,
  { tenantId, number }: Move,
  work: Effect.Effect<A, E>,
  { lockTimeout = "0", asReplica = true } = {}
): Effect.Effect<A, E | SqlError | MoveOvertaken> =>
  sql.withTransaction(
    Effect.gen(function* () {
      yield* sql`SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true),
                        set_config('lock_timeout', ${lockTimeout}::text, true)`
      const claims = yield* sql`
        INSERT INTO order_lifecycle.tenant_moves AS m (tenant, number) VALUES (${tenantId}::text, ${String(number)}::text::integer)
        ON CONFLICT (tenant) DO UPDATE SET number = EXCLUDED.number WHERE m.number <= EXCLUDED.number
        RETURNING 1 AS one`
      if (claims.length === 0) return yield* new MoveOvertaken()
      if (asReplica) yield* sql`SELECT set_config('session_replication_role', 'replica', true)`
      return yield* work
    })
  )

/** A lock that is not to be had is asked for again, so that others wait for a moment only. */
const lockFor = "100ms"
const again = (patience: Duration.Duration) => ({
  while: isInTheWay,
  schedule: Schedule.spaced("50 millis"),
  times: Math.ceil(Duration.toMillis(patience) / 150)
})

const isInTheWay = (error: unknown) => isLockTimeout(error) || wasOvertaken(error)

/** A table, the statements that put up and take down the fence of a tenant on it, and whether it is up. */
interface FencedTable {
  readonly up: ReadonlyArray<string>
  readonly down: ReadonlyArray<string>
  readonly isUp: boolean
}

/** The tenant is written in numbers: nothing in the text of a statement is then taken for something else. */
const fencedTables = (sql: SqlClient, tenantId: TenantId): Effect.Effect<ReadonlyArray<FencedTable>, SqlError> =>
  Effect.map(
    sql<{ up: string; down: string; is_up: boolean }>`
      SELECT json_build_array(
               format('CREATE TRIGGER %I BEFORE INSERT OR UPDATE ON %I.%I FOR EACH ROW WHEN (NEW.tenant_id = %s) EXECUTE FUNCTION %I.refuse_moving_tenant()',
                      fence.name || '_write', n.nspname, t.relname, fence.tenant, n.nspname),
               format('CREATE TRIGGER %I BEFORE DELETE ON %I.%I FOR EACH ROW WHEN (OLD.tenant_id = %s) EXECUTE FUNCTION %I.refuse_moving_tenant()',
                      fence.name || '_delete', n.nspname, t.relname, fence.tenant, n.nspname))::text AS up,
             json_build_array(
               format('DROP TRIGGER %I ON %I.%I', fence.name || '_write', n.nspname, t.relname),
               format('DROP TRIGGER %I ON %I.%I', fence.name || '_delete', n.nspname, t.relname))::text AS down,
             EXISTS (SELECT 1 FROM pg_trigger g WHERE g.tgrelid = t.oid AND g.tgname = fence.name || '_write') AS is_up
        FROM (SELECT (SELECT 'U&''' || string_agg('\\+' || lpad(to_hex(ascii(each.letter)), 6, '0'), '' ORDER BY each.place) || ''''
                        FROM string_to_table(${tenantId}::text, NULL) WITH ORDINALITY AS each (letter, place)) AS tenant,
                     'tenant_fence_' || left(encode(sha256(convert_to(${tenantId}::text, 'UTF8')), 'hex'), 24) AS name) AS fence
       CROSS JOIN pg_class t
        JOIN pg_namespace n ON n.oid = t.relnamespace
       WHERE n.nspname = 'order_lifecycle' AND t.relkind IN ('r', 'p') AND NOT t.relispartition
         AND EXISTS (SELECT 1 FROM pg_attribute k WHERE k.attrelid = t.oid AND k.attname = 'tenant_id' AND NOT k.attisdropped)
       ORDER BY t.relname COLLATE "C"`,
    (rows) =>
      rows.map(({ up, down, is_up }) => ({
        up: JSON.parse(up) as ReadonlyArray<string>,
        down: JSON.parse(down) as ReadonlyArray<string>,
        isUp: is_up
      }))
  )

/** Both triggers of a table in one transaction, and no other table: no writer waits for two tables at once. */
const onEachTable = Effect.fnUntraced(function* (sql: SqlClient, move: Move, patience: Duration.Duration, how: "up" | "down") {
  for (const table of yield* fencedTables(sql, move.tenantId)) {
    if (table.isUp === (how === "up")) continue
    const both = Effect.forEach(table[how], (statement) => sql.unsafe(statement), { discard: true })
    yield* Effect.retry(claimed(sql, move, both, { lockTimeout: lockFor, asReplica: false }), again(patience))
  }
})

/** Whether nothing of the tenant can be written here. */
export const isFenced = (sql: SqlClient, tenantId: TenantId): Effect.Effect<boolean, SqlError> =>
  Effect.map(fencedTables(sql, tenantId), (tables) => tables.every(({ isUp }) => isUp))

/** Nothing of the tenant is written here any more when this has come to its end. Waits for those who are writing. */
export const raiseFence = (sql: SqlClient, move: Move, patience: Duration.Duration) => onEachTable(sql, move, patience, "up")

/** The tenant can be written here again. */
export const lowerFence = (sql: SqlClient, move: Move, patience: Duration.Duration) => onEachTable(sql, move, patience, "down")
