/** A process that writes a row of its own with every change, for tests that look whether the two ever part. */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { type OrderProcess, orderProcess } from "../../src/order/process/orderProcess.ts"
import type { TenantId } from "../../src/order/Order.ts"

export const loggedChanges: OrderProcess = orderProcess("logged-changes").rows(
  "our_app.changes",
  { kind: "text", version: "integer" },
  ({ event }) => [{ kind: event.type, version: event.sequence }]
)

/** Its table. */
export const tableOfChanges = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE SCHEMA IF NOT EXISTS our_app`
  yield* sql`CREATE TABLE IF NOT EXISTS our_app.changes (tenant_id text NOT NULL, order_id text NOT NULL, kind text NOT NULL, version integer NOT NULL)`
})

/** How many changes there are, and how many of them have other than one row, or rows no change. */
export const comparedChanges = Effect.fnUntraced(function* (tenantId: TenantId) {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ changes: number; apart: number }>`
    SELECT count(DISTINCT (order_id, version))::int AS changes, (count(*) FILTER (WHERE events <> 1 OR rows <> 1))::int AS apart
      FROM (SELECT order_id, version, sum(event) AS events, sum(row) AS rows
              FROM (SELECT order_id, sequence AS version, 1 AS event, 0 AS row
                      FROM order_lifecycle.audit_events WHERE tenant_id = ${tenantId}
                     UNION ALL
                    SELECT order_id, version, 0, 1 FROM our_app.changes WHERE tenant_id = ${tenantId}) AS both_of_them
             GROUP BY order_id, version) AS each_change`
  return row ?? { changes: 0, apart: 0 }
})
