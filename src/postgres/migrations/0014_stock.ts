/**
 * Stock is counted as reservations change, and is no longer a sum over all lines that hold something: what it costs to ask for it does not grow with
 * the orders. Triggers count, so that a program of before, and what is written by hand, counts as well.
 *
 * The counts of a SKU are in slots, which are added up. Who changes one takes the first that no other transaction has, or makes another, and so
 * does not wait: a SKU has as many as there were transactions at once.
 */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

const statements: ReadonlyArray<string> = [
  `CREATE TABLE order_lifecycle.stock_counts (
    tenant_id text COLLATE "C" NOT NULL,
    sku       text COLLATE "C" NOT NULL,
    slot      bigint NOT NULL,
    reserved  bigint NOT NULL,
    rented    bigint NOT NULL,
    PRIMARY KEY (tenant_id, sku, slot)
  )`,
  // A transaction that sees the tables as they were at its beginning could not change what others have changed since: it leaves a slot of its own,
  // below 0, and the next one takes it in.
  `CREATE FUNCTION order_lifecycle.add_to_stock(tenant text, counted text, more_reserved bigint, more_rented bigint) RETURNS void
    LANGUAGE plpgsql AS $$
    DECLARE
      own bigint := pg_current_xact_id()::text::bigint;
      free bigint;
      left_reserved bigint;
      left_rented bigint;
    BEGIN
      IF current_setting('transaction_isolation') <> 'read committed' THEN
        INSERT INTO order_lifecycle.stock_counts AS c (tenant_id, sku, slot, reserved, rented)
        VALUES (tenant, counted, -own, more_reserved, more_rented)
        ON CONFLICT (tenant_id, sku, slot)
        DO UPDATE SET reserved = c.reserved + excluded.reserved, rented = c.rented + excluded.rented;
        RETURN;
      END IF;
      LOOP
        SELECT c.slot INTO free FROM order_lifecycle.stock_counts c
         WHERE c.tenant_id = tenant AND c.sku = counted ORDER BY c.slot LIMIT 1 FOR UPDATE SKIP LOCKED;
        EXIT WHEN free IS NULL OR free >= 0;
        DELETE FROM order_lifecycle.stock_counts c WHERE c.tenant_id = tenant AND c.sku = counted AND c.slot = free
        RETURNING c.reserved, c.rented INTO left_reserved, left_rented;
        more_reserved := more_reserved + left_reserved;
        more_rented := more_rented + left_rented;
      END LOOP;
      IF free IS NULL THEN
        INSERT INTO order_lifecycle.stock_counts (tenant_id, sku, slot, reserved, rented)
        VALUES (tenant, counted, own, more_reserved, more_rented);
      ELSE
        UPDATE order_lifecycle.stock_counts c SET reserved = c.reserved + more_reserved, rented = c.rented + more_rented
         WHERE c.tenant_id = tenant AND c.sku = counted AND c.slot = free;
      END IF;
    END $$`,
  `CREATE FUNCTION order_lifecycle.count_reserved() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM order_lifecycle.add_to_stock(n.tenant_id, n.sku, sum(n.held), sum(n.active)) FROM new_rows n GROUP BY n.tenant_id, n.sku;
      RETURN NULL;
    END $$`,
  `CREATE FUNCTION order_lifecycle.count_moved() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM order_lifecycle.add_to_stock(m.tenant_id, m.sku, sum(m.held), sum(m.active))
         FROM (SELECT tenant_id, sku, held, active FROM new_rows
               UNION ALL SELECT tenant_id, sku, -held, -active FROM old_rows) AS m
        GROUP BY m.tenant_id, m.sku HAVING sum(m.held) <> 0 OR sum(m.active) <> 0;
      RETURN NULL;
    END $$`,
  `CREATE FUNCTION order_lifecycle.count_removed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM order_lifecycle.add_to_stock(o.tenant_id, o.sku, -sum(o.held), -sum(o.active))
         FROM old_rows o GROUP BY o.tenant_id, o.sku HAVING sum(o.held) <> 0 OR sum(o.active) <> 0;
      RETURN NULL;
    END $$`,
  // The table itself, and its parts where it has any: a trigger for each statement is asked where the statement names its table. From here on no
  // reservation changes until the counts are there.
  `DO $counting$
    DECLARE
      place regclass;
    BEGIN
      FOR place IN SELECT 'order_lifecycle.reservations'::regclass UNION SELECT relid FROM pg_partition_tree('order_lifecycle.reservations') LOOP
        EXECUTE format('CREATE TRIGGER reservations_are_counted AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows
          FOR EACH STATEMENT EXECUTE FUNCTION order_lifecycle.count_reserved()', place);
        EXECUTE format('CREATE TRIGGER reservations_are_counted_on AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
          FOR EACH STATEMENT EXECUTE FUNCTION order_lifecycle.count_moved()', place);
        EXECUTE format('CREATE TRIGGER reservations_are_counted_off AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows
          FOR EACH STATEMENT EXECUTE FUNCTION order_lifecycle.count_removed()', place);
      END LOOP;
    END $counting$`,
  `INSERT INTO order_lifecycle.stock_counts (tenant_id, sku, slot, reserved, rented)
   SELECT tenant_id, sku, 0, sum(held), sum(active) FROM order_lifecycle.reservations GROUP BY tenant_id, sku`,
  `DROP INDEX order_lifecycle.reservations_in_stock`
]

/** Adds the counts, and what keeps them; takes the index away that the sum was made of. */
export const stock: Effect.Effect<void, unknown, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  for (const statement of statements) yield* sql.unsafe(statement)
})
