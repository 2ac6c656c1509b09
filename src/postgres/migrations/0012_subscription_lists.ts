/**
 * What lists find subscriptions by besides: the SKU of their line, which never changes, and when their contract ends, of each status by itself. A
 * program of before does not write the SKU: the row is looked up for it, when its statement is over and the line is there.
 */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

const statements: ReadonlyArray<string> = [
  `ALTER TABLE order_lifecycle.subscriptions ADD COLUMN sku text COLLATE "C"`,
  `UPDATE order_lifecycle.subscriptions s SET sku = r.sku
     FROM order_lifecycle.reservations r
    WHERE r.tenant_id = s.tenant_id AND r.order_id = s.order_id AND r.line = s.line`,
  `CREATE FUNCTION order_lifecycle.find_sku() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      tenant text := NEW.tenant_id;
    BEGIN
      UPDATE order_lifecycle.subscriptions s
         SET sku = (SELECT r.sku FROM order_lifecycle.reservations r
                     WHERE r.tenant_id = tenant AND r.order_id = NEW.order_id AND r.line = NEW.line)
       WHERE s.tenant_id = tenant AND s.subscription_id = NEW.subscription_id;
      RETURN NULL;
    END $$`,
  `CREATE TRIGGER subscriptions_find_their_sku AFTER INSERT ON order_lifecycle.subscriptions FOR EACH ROW
    WHEN (NEW.sku IS NULL) EXECUTE FUNCTION order_lifecycle.find_sku()`,
  `CREATE INDEX subscriptions_of_sku ON order_lifecycle.subscriptions (tenant_id, sku, created_at, subscription_id)`,
  `CREATE INDEX subscriptions_by_end ON order_lifecycle.subscriptions (tenant_id, status, end_date, subscription_id)`,
  `CREATE INDEX subscriptions_of_sku_by_end ON order_lifecycle.subscriptions (tenant_id, sku, status, end_date, subscription_id)`
]

/** Adds the column with its values, and the indexes. */
export const subscriptionLists: Effect.Effect<void, unknown, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  for (const statement of statements) yield* sql.unsafe(statement)
})
