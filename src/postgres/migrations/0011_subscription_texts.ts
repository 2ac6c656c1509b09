/**
 * The free text of what happened to a subscription after its start: an object by the sequence of the event, so that an erasure takes one member
 * away, and a commit only adds one. A program of before neither reads nor writes it.
 */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

/** Adds the column. */
export const subscriptionTexts: Effect.Effect<void, unknown, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`ALTER TABLE order_lifecycle.subscriptions ADD COLUMN texts jsonb`
})
