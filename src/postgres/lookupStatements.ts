/**
 * What lists find orders by, in SQL. The table is explained in `migrations/0010_lookups.ts`; the statement that commits writes its rows, the list of
 * orders reads them.
 */

/** The rows of orders in `source`, which has their `lookups`: written, or written over. `source` stands for itself alone in the statement. */
export const writeLookups = (tenant: string, source: string): string => `
  INSERT INTO order_lifecycle.order_lookups (tenant_id, order_id, kind, value, created_at)
  SELECT ${tenant}, w.order_id, f.kind, f.value, w.created_at
    FROM ${source} w CROSS JOIN LATERAL json_to_recordset(w.lookups) AS f (kind text, value text)
  ON CONFLICT (tenant_id, order_id, kind, value) DO UPDATE SET created_at = EXCLUDED.created_at
  RETURNING 1`

/** Takes away the rows of those orders that are not among their `lookups`. */
export const deleteOtherLookups = (tenant: string, source: string): string => `
  DELETE FROM order_lifecycle.order_lookups l USING ${source} w
   WHERE l.tenant_id = ${tenant} AND l.order_id = w.order_id AND w.lookups IS NOT NULL
     AND NOT EXISTS (SELECT 1 FROM json_to_recordset(w.lookups) AS f (kind text, value text) WHERE f.kind = l.kind AND f.value = l.value)`
