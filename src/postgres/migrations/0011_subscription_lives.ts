/**
 * The free text of what happened to a subscription after its start: an object by the sequence of the event, so that an erasure takes one member
 * away, and a commit only adds one. A program of before neither reads nor writes it.
 */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

/** Has orders wait for the ends of the contracts that are running: later ones are written by the statements that start and extend them. */
const waits = `
  INSERT INTO order_lifecycle.due_commands (tenant_id, order_id, name, since, status, at, command, payload, due_at)
  SELECT s.tenant_id, s.order_id, 'contractEnds:' || s.subscription_id, o.version, o.status, s.end_date, 'completeSubscription',
         json_build_object('rentalId', s.subscription_id), s.end_date::timestamptz
    FROM order_lifecycle.subscriptions s
    JOIN order_lifecycle.orders o ON o.tenant_id = s.tenant_id AND o.order_id = s.order_id
   WHERE s.status = 'active'
  ON CONFLICT (tenant_id, order_id, name) DO NOTHING`

/** Adds the column, and writes the rows. */
export const subscriptionLives: Effect.Effect<void, unknown, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`ALTER TABLE order_lifecycle.subscriptions ADD COLUMN texts jsonb`
  yield* sql.unsafe(waits)
})
