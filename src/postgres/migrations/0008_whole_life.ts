/**
 * Room for what commands change besides status and units: facts of the order, its persons, new lines, and the rest of a subscription (`more`).
 *
 * The guards say what may not change: a cancelled order keeps its status, its lines and its reservations; lines are only added; what a line was
 * ordered as stays; and a unit goes from held to active to ended, or from held to released, and never back. So an order that holds and rents
 * nothing, as a cancelled one does, cannot have its reservations changed. A lawful commit calls a function only where it rewrites `ordered` or
 * adds a line: a cancel does neither.
 */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

const statements: ReadonlyArray<string> = [
  "ALTER TABLE order_lifecycle.subscriptions ADD COLUMN more json",

  "DROP TRIGGER orders_cancelled_is_final ON order_lifecycle.orders",
  `CREATE TRIGGER orders_cancelled_is_final BEFORE UPDATE ON order_lifecycle.orders FOR EACH ROW
    WHEN (OLD.status = 'cancelled' AND NEW.status <> OLD.status)
    EXECUTE FUNCTION order_lifecycle.forbid('a cancelled order stays cancelled')`,

  "DROP TRIGGER orders_facts_stay ON order_lifecycle.orders",
  `CREATE TRIGGER orders_facts_stay BEFORE UPDATE OF tenant_id, order_id, customer_id, created_at, created_by
    ON order_lifecycle.orders FOR EACH ROW
    EXECUTE FUNCTION order_lifecycle.forbid('whose order it is, and when it was placed, never changes')`,
  // Rows of before amounts kept their decimals get them when they are written anew.
  `CREATE FUNCTION order_lifecycle.keep_lines() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      was jsonb := OLD.ordered;
      made jsonb := NEW.ordered;
      fact text;
    BEGIN
      FOREACH fact IN ARRAY ARRAY['orderType', 'currency', 'decimals', 'taxAmount', 'extensionDetails', 'upgradeDetails'] LOOP
        IF (was -> fact) IS DISTINCT FROM (made -> fact) AND NOT (fact = 'decimals' AND (was -> fact) IS NULL) THEN
          RAISE EXCEPTION 'what was ordered never changes: %', fact USING ERRCODE = 'restrict_violation';
        END IF;
      END LOOP;
      IF EXISTS (SELECT 1 FROM jsonb_array_elements(was -> 'lines') WITH ORDINALITY AS l (line, place)
                  WHERE (made -> 'lines' -> (l.place - 1)::integer) IS DISTINCT FROM l.line) THEN
        RAISE EXCEPTION 'what was ordered never changes: lines' USING ERRCODE = 'restrict_violation';
      END IF;
      IF jsonb_array_length(was -> 'lines') = jsonb_array_length(made -> 'lines') THEN
        IF NEW.total_minor <> OLD.total_minor THEN
          RAISE EXCEPTION 'what was ordered never changes: total' USING ERRCODE = 'restrict_violation';
        END IF;
      ELSIF OLD.status = 'cancelled' THEN
        RAISE EXCEPTION 'a cancelled order keeps its lines' USING ERRCODE = 'restrict_violation';
      END IF;
      RETURN NEW;
    END $$`,
  `CREATE TRIGGER orders_lines_stay BEFORE UPDATE OF ordered, total_minor ON order_lifecycle.orders FOR EACH ROW
    EXECUTE FUNCTION order_lifecycle.keep_lines()`,

  `CREATE TRIGGER reservations_move_on BEFORE UPDATE ON order_lifecycle.reservations FOR EACH ROW
    WHEN (NEW.held > OLD.held OR NEW.held + NEW.active > OLD.held + OLD.active OR NEW.ended < OLD.ended OR NEW.released < OLD.released)
    EXECUTE FUNCTION order_lifecycle.forbid('a unit goes from held to active to ended, or from held to released')`,
  `CREATE TRIGGER reservations_lines_stay BEFORE UPDATE OF tenant_id, order_id, line, sku, quantity ON order_lifecycle.reservations
    FOR EACH ROW EXECUTE FUNCTION order_lifecycle.forbid('what a line was ordered as never changes')`,
  `CREATE TRIGGER reservations_stay BEFORE DELETE ON order_lifecycle.reservations FOR EACH ROW
    EXECUTE FUNCTION order_lifecycle.forbid('a line of an order is never taken away')`,
  // When the statement is over, so that the order a line was placed with is there.
  `CREATE FUNCTION order_lifecycle.require_live_order() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      tenant text := NEW.tenant_id;
    BEGIN
      IF EXISTS (SELECT 1 FROM order_lifecycle.orders o
                  WHERE o.tenant_id = tenant AND o.order_id = NEW.order_id AND o.status = 'cancelled') THEN
        RAISE EXCEPTION 'a cancelled order keeps its lines' USING ERRCODE = 'restrict_violation';
      END IF;
      RETURN NULL;
    END $$`,
  `CREATE TRIGGER reservations_need_a_live_order AFTER INSERT ON order_lifecycle.reservations FOR EACH ROW
    EXECUTE FUNCTION order_lifecycle.require_live_order()`
]

/** Adds the column and replaces the guards. */
export const wholeLife: Effect.Effect<void, unknown, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  for (const statement of statements) yield* sql.unsafe(statement)
})
