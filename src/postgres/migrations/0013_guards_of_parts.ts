/**
 * What keeps records as they are, for tables in parts as well (`partitions.ts`). A trigger for each statement guards the table that the statement
 * names, and no part of it; one for each row guards the parts too, those included that are attached later. `TRUNCATE` has no rows: each part has
 * a trigger of its own against it.
 *
 * In whole tables the same triggers refuse the same. Only a statement that finds no row is no longer refused: it changes nothing.
 */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

/** A table, its trigger, what that refuses besides `TRUNCATE`, and what it says. */
const guards = [
  ["audit_events", "audit_events_stay", "UPDATE OR DELETE", "an audit event is never changed or deleted"],
  [
    "audit_confidential",
    "audit_confidential_stays",
    "UPDATE",
    "the confidential part of an audit event can be erased, never changed"
  ],
  ["asset_changes", "asset_changes_stay", "UPDATE OR DELETE", "what was changed of an asset stays recorded"]
] as const

const statements = guards.flatMap(([table, trigger, events, message]) => [
  `DROP TRIGGER ${trigger} ON order_lifecycle.${table}`,
  `CREATE TRIGGER ${trigger} BEFORE ${events} ON order_lifecycle.${table} FOR EACH ROW
    EXECUTE FUNCTION order_lifecycle.forbid('${message}')`,
  // The table itself, and its parts where it has any.
  `DO $guards$
    DECLARE
      place regclass;
    BEGIN
      FOR place IN SELECT 'order_lifecycle.${table}'::regclass UNION SELECT relid FROM pg_partition_tree('order_lifecycle.${table}') LOOP
        EXECUTE format('CREATE TRIGGER ${trigger}_whole BEFORE TRUNCATE ON %s FOR EACH STATEMENT
          EXECUTE FUNCTION order_lifecycle.forbid(%L)', place, '${message}');
      END LOOP;
    END $guards$`
])

/** Replaces the triggers. */
export const guardsOfParts: Effect.Effect<void, unknown, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  for (const statement of statements) yield* sql.unsafe(statement)
})
