/**
 * Commands that are given by themselves: one row for each that an order waits for, written and taken away by the statements that change the
 * order. A program of before neither writes nor takes away any; what it leaves behind ends at its moment, as the order is no longer in the status
 * that the row names.
 *
 * `at` is the moment, and `due_at` when the command may be handed out: first the same, then the end of a lease or of the wait before the next try;
 * null when it is parked. Both indexes have a condition, so that a row that is looked up by its key is not looked for among all of its tenant.
 */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

const statements: ReadonlyArray<string> = [
  `CREATE TABLE order_lifecycle.due_commands (
    tenant_id  text COLLATE "C" NOT NULL,
    order_id   text COLLATE "C" NOT NULL,
    name       text COLLATE "C" NOT NULL,
    since      integer NOT NULL CHECK (since >= 1),
    status     text COLLATE "C" NOT NULL,
    at         text COLLATE "C" NOT NULL,
    command    text COLLATE "C" NOT NULL,
    payload    json NOT NULL,
    due_at     timestamptz,
    lease_id   text COLLATE "C",
    attempts   integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    last_error text COLLATE "C",
    PRIMARY KEY (tenant_id, order_id, name),
    FOREIGN KEY (tenant_id, order_id, since) REFERENCES order_lifecycle.audit_events
  )`,
  "CREATE INDEX due_commands_by_turn ON order_lifecycle.due_commands (tenant_id, due_at) WHERE due_at IS NOT NULL",
  "CREATE INDEX due_commands_parked ON order_lifecycle.due_commands (tenant_id, order_id, name) WHERE due_at IS NULL"
]

/** Makes the table. */
export const dueCommands: Effect.Effect<void, unknown, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  for (const statement of statements) yield* sql.unsafe(statement)
})
