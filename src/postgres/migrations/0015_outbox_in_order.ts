/**
 * Events get their positions along the index of their arrival, whatever is known of the outbox. Of a table that has not been analysed the planner
 * expects a few hundred rows of a tenant, and would read a whole backlog, to sort it and to find in it what it takes, for each step along it.
 */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

/** Changes settings of the function. What it does is the same. */
export const outboxInOrder: Effect.Effect<void, unknown, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql.unsafe(
    "ALTER FUNCTION order_lifecycle.assign_positions(text, integer) " +
      "SET enable_sort = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_material = off"
  )
})
