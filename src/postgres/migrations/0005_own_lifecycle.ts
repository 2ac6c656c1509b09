/**
 * Room for lifecycles of the embedding service's own: statuses besides the library's five, and own data. A program of before goes on as it did,
 * on orders that have neither.
 *
 * The new condition is checked against every row that is there, which is read for it in the transaction of the migration.
 */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

const statements: ReadonlyArray<string> = [
  `ALTER TABLE order_lifecycle.orders
    DROP CONSTRAINT orders_status_check,
    ADD CONSTRAINT orders_status_check CHECK (status ~ '^[a-z][A-Za-z0-9]{0,63}$'),
    ADD COLUMN data json`
]

/** Adds what own lifecycles need. */
export const ownLifecycle: Effect.Effect<void, unknown, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  for (const statement of statements) yield* sql.unsafe(statement)
})
