/**
 * The guards of the schema: whether all that the migrations have put in place is still there, and on.
 *
 * They are known by name. A test holds this list to what the migrations make, so that neither can be changed without the other.
 */
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"

/** Every guard by name, with the table it guards. */
export const backstops: ReadonlyArray<string> = [
  "constraint asset_changes_pkey of asset_changes",
  "constraint asset_changes_tenant_id_serial_number_fkey of asset_changes",
  "constraint asset_changes_version_check of asset_changes",
  "constraint assets_out_for_a_subscription of assets",
  "constraint assets_pkey of assets",
  "constraint assets_status_check of assets",
  "constraint assets_tenant_id_subscription_id_fkey of assets",
  "constraint assets_version_check of assets",
  "constraint audit_confidential_pkey of audit_confidential",
  "constraint audit_confidential_tenant_id_order_id_sequence_fkey of audit_confidential",
  "constraint audit_events_check of audit_events",
  "constraint audit_events_pkey of audit_events",
  "constraint audit_events_sequence_check of audit_events",
  "constraint audit_events_tenant_id_order_id_fkey of audit_events",
  "constraint consumer_cursors_pkey of consumer_cursors",
  "constraint consumer_cursors_position_check of consumer_cursors",
  "constraint consumers_pkey of consumers",
  "constraint customers_pkey of customers",
  "constraint customers_tenant_id_email_key_key of customers",
  "constraint deliveries_attempts_check of deliveries",
  "constraint deliveries_check of deliveries",
  "constraint deliveries_next_sequence_check of deliveries",
  "constraint deliveries_pkey of deliveries",
  "constraint deliveries_tenant_id_consumer_fkey of deliveries",
  "constraint deliveries_tenant_id_order_id_last_sequence_fkey of deliveries",
  "constraint due_commands_attempts_check of due_commands",
  "constraint due_commands_pkey of due_commands",
  "constraint due_commands_since_check of due_commands",
  "constraint due_commands_tenant_id_order_id_since_fkey of due_commands",
  "constraint event_positions_pkey of event_positions",
  "constraint event_positions_position_check of event_positions",
  "constraint event_positions_tenant_id_order_id_sequence_fkey of event_positions",
  "constraint event_positions_tenant_id_order_id_sequence_key of event_positions",
  "constraint idempotency_pkey of idempotency",
  "constraint order_data_pkey of order_data",
  "constraint order_data_tenant_id_order_id_fkey of order_data",
  "constraint order_lookups_pkey of order_lookups",
  "constraint order_lookups_tenant_id_order_id_fkey of order_lookups",
  "constraint orders_check of orders",
  "constraint orders_pkey of orders",
  "constraint orders_status_check of orders",
  "constraint orders_tenant_id_customer_id_fkey of orders",
  "constraint orders_tenant_id_order_id_live_key of orders",
  "constraint orders_version_check of orders",
  "constraint outbox_pkey of outbox",
  "constraint outbox_tenant_id_order_id_sequence_fkey of outbox",
  "constraint reservations_active_check of reservations",
  "constraint reservations_check of reservations",
  "constraint reservations_ended_check of reservations",
  "constraint reservations_held_check of reservations",
  "constraint reservations_line_check of reservations",
  "constraint reservations_pkey of reservations",
  "constraint reservations_quantity_check of reservations",
  "constraint reservations_released_check of reservations",
  "constraint reservations_tenant_id_order_id_fkey of reservations",
  "constraint stock_counts_pkey of stock_counts",
  "constraint subscriptions_check of subscriptions",
  "constraint subscriptions_need_a_live_order of subscriptions",
  "constraint subscriptions_pkey of subscriptions",
  "constraint subscriptions_position_check of subscriptions",
  "constraint subscriptions_tenant_id_order_id_line_fkey of subscriptions",
  "constraint subscriptions_tenant_id_order_id_position_key of subscriptions",
  "constraint tenant_positions_last_position_check of tenant_positions",
  "constraint tenant_positions_pkey of tenant_positions",
  "function add_consumer",
  "function add_to_stock",
  "function assign_positions",
  "function count_moved",
  "function count_removed",
  "function count_reserved",
  "function demand",
  "function find_sku",
  "function forbid",
  "function hand_on",
  "function keep_lines",
  "function keep_rented_out",
  "function require_live_order",
  "function require_rented_out",
  "table asset_changes",
  "table assets",
  "table audit_confidential",
  "table audit_events",
  "table consumer_cursors",
  "table consumers",
  "table customers",
  "table deliveries",
  "table due_commands",
  "table event_positions",
  "table idempotency",
  "table order_data",
  "table order_lookups",
  "table orders",
  "table outbox",
  "table reservations",
  "table stock_counts",
  "table subscriptions",
  "table tenant_positions",
  "trigger asset_changes_stay of asset_changes",
  "trigger asset_changes_stay_whole of asset_changes",
  "trigger assets_stay of assets",
  "trigger assets_stay_rented_out of assets",
  "trigger audit_confidential_stays of audit_confidential",
  "trigger audit_confidential_stays_whole of audit_confidential",
  "trigger audit_events_stay of audit_events",
  "trigger audit_events_stay_whole of audit_events",
  "trigger orders_cancelled_is_final of orders",
  "trigger orders_facts_stay of orders",
  "trigger orders_lines_stay of orders",
  "trigger orders_version_counts of orders",
  "trigger reservations_are_counted of reservations",
  "trigger reservations_are_counted_off of reservations",
  "trigger reservations_are_counted_on of reservations",
  "trigger reservations_lines_stay of reservations",
  "trigger reservations_move_on of reservations",
  "trigger reservations_need_a_live_order of reservations",
  "trigger reservations_stay of reservations",
  "trigger subscriptions_find_their_sku of subscriptions",
  "trigger subscriptions_need_their_asset of subscriptions",
  "unique index audit_events_cancel_once of audit_events",
  "unique index subscriptions_rent_an_asset_once of subscriptions"
]

/**
 * The guards of a database that are there and on: tables, keys and checks, unique indexes, triggers, and the functions they call. Of a table in parts
 * they are those of the whole: keys, checks and indexes cannot be taken from a part of it.
 */
export const presentBackstops = (sql: SqlClient): Effect.Effect<ReadonlyArray<string>, SqlError> =>
  Effect.map(
    sql<{ name: string }>`
      WITH ours AS (
        SELECT t.oid, t.relname, t.relkind FROM pg_class t
          JOIN pg_namespace n ON n.oid = t.relnamespace
         WHERE n.nspname = 'order_lifecycle' AND t.relkind IN ('r', 'p') AND NOT t.relispartition AND t.relname <> 'migrations')
      SELECT 'table ' || relname AS name FROM ours
      UNION ALL
      SELECT 'constraint ' || c.conname || ' of ' || t.relname FROM pg_constraint c JOIN ours t ON t.oid = c.conrelid
       WHERE c.contype IN ('p', 'u', 'f', 'c') AND c.convalidated AND c.conparentid = 0
      UNION ALL
      SELECT 'unique index ' || i.relname || ' of ' || t.relname
        FROM pg_index x JOIN ours t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
       WHERE x.indisunique AND x.indisvalid AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.oid AND c.contype IN ('p', 'u'))
      UNION ALL
      SELECT 'trigger ' || g.tgname || ' of ' || t.relname FROM pg_trigger g JOIN ours t ON t.oid = g.tgrelid
       WHERE NOT g.tgisinternal AND g.tgenabled IN ('O', 'A')
      UNION ALL
      SELECT 'function ' || p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
       WHERE n.nspname = 'order_lifecycle'
      ORDER BY name`,
    (rows) => rows.map((row) => row.name)
  )

/**
 * What the parts of tables lack: a trigger of the whole that is not there or off in a part, in those too that were attached later, and a part
 * itself, when the parts of a table are not all of it. Nothing where tables are whole.
 */
const missingInParts = (sql: SqlClient): Effect.Effect<ReadonlyArray<string>, SqlError> =>
  Effect.map(
    sql<{ name: string }>`
      WITH ours AS (
        SELECT t.oid, t.relname FROM pg_class t
          JOIN pg_namespace n ON n.oid = t.relnamespace
         WHERE n.nspname = 'order_lifecycle' AND t.relkind = 'p' AND NOT t.relispartition),
      parts AS (
        SELECT o.oid AS whole, p.oid, p.relname FROM ours o CROSS JOIN LATERAL pg_partition_tree(o.oid) t
          JOIN pg_class p ON p.oid = t.relid AND p.relkind <> 'p')
      SELECT 'trigger ' || g.tgname || ' of ' || p.relname AS name FROM pg_trigger g JOIN parts p ON p.whole = g.tgrelid
       WHERE NOT g.tgisinternal AND NOT EXISTS (
         SELECT 1 FROM pg_trigger own
          WHERE own.tgrelid = p.oid AND own.tgname = g.tgname AND own.tgtype = g.tgtype AND own.tgfoid = g.tgfoid
            AND own.tgenabled IN ('O', 'A'))
      UNION ALL
      SELECT 'part of ' || o.relname FROM ours o
       WHERE 1 > (SELECT round(coalesce(sum(1 / substring(pg_get_expr(p.relpartbound, p.oid) FROM 'modulus (\\d+)')::numeric), 0), 9)
                    FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid WHERE i.inhparent = o.oid)
      ORDER BY name`,
    (rows) => rows.map((row) => row.name)
  )

/** The guards that are missing or off, in whole tables and in parts of them. What stood on a table goes with it, and is not named again. */
export const missingBackstops = (sql: SqlClient): Effect.Effect<ReadonlyArray<string>, SqlError> =>
  Effect.gen(function* () {
    const names = new Set(yield* presentBackstops(sql))
    const missing = backstops.filter((name) => !names.has(name))
    const tables = new Set(missing.filter((name) => name.startsWith("table ")).map((name) => name.slice("table ".length)))
    return [...missing.filter((name) => !tables.has(/ of (\w+)$/.exec(name)?.[1] ?? "")), ...(yield* missingInParts(sql))]
  })
