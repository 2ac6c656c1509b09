/**
 * Filters by own data in SQL. The table is explained in `migrations/0007_data_filters.ts`; the statement that commits writes its rows, the list of
 * orders reads them.
 */
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { CommitOutcome, DataIndexing, OrderStore } from "../lifecycle/OrderStore.ts"
import type { TenantId } from "../order/Order.ts"
import type { DataFilter, FilterValue } from "../order/process/OwnFilters.ts"
import { deleteOtherLookups, writeLookups } from "./lookupStatements.ts"
import type { Running } from "./outboxStatements.ts"

/** A value as it stands in the table, and in the own data of an order: both are written by the same function. */
export const valueText = (value: FilterValue): string => JSON.stringify(value)

/** Members with their values, as the statements take them. */
export const dataRows = (filterable: DataFilter) =>
  Object.entries(filterable).map(([member, value]) => ({ member, value: valueText(value) }))

/** The rows of orders in `source`, which has their `filterable`: written, or written over. `source` stands for itself alone in the statement. */
export const writeData = (tenant: string, source: string): string => `
  INSERT INTO order_lifecycle.order_data (tenant_id, order_id, member, value, created_at)
  SELECT ${tenant}, w.order_id, f.member, f.value, w.created_at
    FROM ${source} w CROSS JOIN LATERAL json_to_recordset(w.filterable) AS f (member text, value text)
  ON CONFLICT (tenant_id, order_id, member) DO UPDATE SET value = EXCLUDED.value
  RETURNING 1`

/** Takes away the rows of those orders that are not among their `filterable`. */
export const deleteOtherData = (tenant: string, source: string): string => `
  DELETE FROM order_lifecycle.order_data d USING ${source} w
   WHERE d.tenant_id = ${tenant} AND d.order_id = w.order_id AND w.filterable IS NOT NULL
     AND NOT EXISTS (SELECT 1 FROM json_to_recordset(w.filterable) AS f (member text) WHERE f.member = d.member)`

export const dataOperations = (sql: SqlClient, { write }: Running): Pick<OrderStore["Service"], "indexData"> => {
  const indexing = (tenantId: TenantId, orders: ReadonlyArray<DataIndexing>) => {
    const records = orders
      .map(({ orderId, version, filterable, lookups }, n) => ({
        n,
        order_id: orderId,
        version,
        filterable: filterable && dataRows(filterable),
        lookups
      }))
      .toSorted((a, b) => (a.order_id < b.order_id ? -1 : 1))
    return sql.unsafe<{ n: number }>(
      `
      WITH given AS (
        SELECT * FROM json_to_recordset($1::text::json) AS g (n integer, order_id text, version integer, filterable json, lookups json)
         WHERE n BETWEEN 0 AND 1000000),
      held AS MATERIALIZED (
        SELECT g.*, lock.created_at FROM given g CROSS JOIN LATERAL (
          SELECT o.created_at FROM order_lifecycle.orders o
           WHERE o.tenant_id = $2::text AND o.order_id = g.order_id AND o.version = g.version FOR UPDATE) AS lock),
      written AS (${writeData("$2::text", "held")}),
      taken_away AS (${deleteOtherData("$2::text", "held")}),
      looked_up AS (${writeLookups("$2::text", "held")}),
      looked_up_no_longer AS (${deleteOtherLookups("$2::text", "held")})
      SELECT n FROM held`,
      [JSON.stringify(records), tenantId]
    )
  }

  return {
    indexData: (tenantId, orders) =>
      orders.length === 0
        ? Effect.succeed([])
        : Effect.map(write(indexing(tenantId, orders)), (rows) => {
            const held = new Set(rows.map(({ n }) => n))
            return orders.map((_, n): CommitOutcome => (held.has(n) ? "committed" : "conflict"))
          })
  }
}
