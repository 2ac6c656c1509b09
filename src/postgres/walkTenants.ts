/** Going from tenant to tenant: the one thing that is asked of all of them at once. */
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { TenantId } from "../order/Order.ts"

/** Tables in which an order can leave something. */
export const tablesOfOrders = [
  "orders",
  "reservations",
  "subscriptions",
  "audit_events",
  "audit_confidential",
  "outbox",
  "event_positions",
  "deliveries",
  "due_commands",
  "order_data",
  "order_lookups"
]

/**
 * Tenants of whom any table has something, by id, after `after`, at most `limit`: the first tenant of each table after the last one seen;
 * the first of those is the next. A step costs the same in any table.
 */
export const walkTenants = (
  sql: SqlClient,
  after: TenantId | null,
  limit: number
): Effect.Effect<ReadonlyArray<TenantId>, SqlError> => {
  const firsts = [...tablesOfOrders, "idempotency", "assets"].map(
    (table) =>
      `(SELECT t.tenant_id FROM order_lifecycle.${table} t WHERE t.tenant_id > seen.tenant_id ORDER BY t.tenant_id LIMIT 1)`
  )
  const next = sql.literal(`SELECT min(tenant_id) FROM (${firsts.join(" UNION ALL ")}) AS firsts`)
  return Effect.map(
    sql<{ tenant_id: TenantId }>`
      WITH RECURSIVE steps AS (
        SELECT (${next}) AS tenant_id FROM (SELECT ${after ?? ""}::text COLLATE "C" AS tenant_id) AS seen
        UNION ALL
        SELECT (${next}) FROM steps AS seen WHERE seen.tenant_id IS NOT NULL
      )
      SELECT tenant_id FROM steps WHERE tenant_id IS NOT NULL LIMIT ${String(limit)}::text::integer`,
    (rows) => rows.map((row) => row.tenant_id)
  )
}
