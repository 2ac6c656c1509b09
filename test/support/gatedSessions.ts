/**
 * Sessions on a real PostgreSQL that take turns statement by statement, under the scheduler of the test kit.
 *
 * A statement that commits by itself is done in two turns: it runs, and later it is committed. Between the two it holds its locks and the
 * others see nothing of it, which is all that happens to a statement while it is under way: what takes no time on an idle server is drawn
 * out, so that another session can come in between. Statements of a transaction have one turn each, the last one being its commit.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as SqlClient from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { atGate, CurrentGate } from "../../src/testing/gates.ts"
import { postgresClient } from "./postgresDatabase.ts"
import { around, rewired, type Rewiring } from "./rewiredClient.ts"

/** What a statement does, in a word. */
const nameOf = (text: string): string => {
  if (text.trim().endsWith("FOR UPDATE")) return "lock"
  const [table = "orders"] = /(?<=INTO order_lifecycle\.)idempotency/.exec(text) ?? []
  if (/json_to_recordset[^]*UPDATE order_lifecycle\.orders/.test(text)) return "commit"
  if (/UPDATE order_lifecycle\.due_commands/.test(text)) return /DELETE/.test(text) ? "settle" : "lease"
  return /^\s*(INSERT|UPDATE|DELETE|WITH)/.test(text) ? `write ${table}` : `read ${/audit_events/.test(text) ? "history" : table}`
}

const writes = (text: string) => /UPDATE|INSERT|DELETE/.test(text)

/** Runs, and is committed later. */
const inTwoTurns = around((text, send, connection) =>
  Effect.flatMap(CurrentGate, (gate) => {
    if (gate === null) return send(text)
    if (!writes(text)) return Effect.andThen(gate(nameOf(text)), send(text))
    const control = (statement: string) => Effect.orDie(connection.executeUnprepared(statement, [], undefined))
    return Effect.andThen(gate(nameOf(text)), control("BEGIN")).pipe(
      Effect.andThen(Effect.onError(send(text), () => control("ROLLBACK"))),
      Effect.tap(() => gate("and its end")),
      Effect.tap(() => control("COMMIT"))
    )
  })
)

/** Neither sees nor locks anything, so it makes no difference when it runs. */
const isIdle = (text: string) => /^(BEGIN|SAVEPOINT|RELEASE|SELECT set_config)/.test(text)

const oneByOne = around((text, send) => (isIdle(text) ? send(text) : Effect.andThen(atGate(nameOfInside(text)), send(text))))

const nameOfInside = (text: string) => (/^(COMMIT|ROLLBACK)/.test(text) ? text.toLowerCase() : `${nameOf(text)} (inside)`)

/** The store, its gates being at its statements, and a client beside them for looking on. `alter` changes what a connection does. */
export const gatedPostgres = (alter: Rewiring = (connection) => connection) =>
  Layer.unwrap(
    Effect.map(Layer.build(postgresClient({ maxConnections: 12 })), (context) => {
      const client = Layer.succeedContext(context)
      const gates = {
        alone: (connection: Connection) => inTwoTurns(alter(connection)),
        inTransaction: (connection: Connection) => oneByOne(alter(connection))
      }
      return PostgresOrderStore.layerMigrated.pipe(Layer.provide(rewired(client, gates)), Layer.merge(client))
    })
  )

/** Whether as many sessions of the database wait for a lock as calls have not come back. */
export const waitForLocks = (sql: SqlClient.SqlClient) => (unsettled: number) =>
  sql<{ waiting: number }>`
    SELECT count(DISTINCT l.pid)::int AS waiting FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
     WHERE NOT l.granted AND a.datname = current_database()`.pipe(
    Effect.map(([row]) => (row?.waiting ?? 0) >= unsettled),
    Effect.orDie
  )
