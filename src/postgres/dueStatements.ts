/**
 * Due commands in SQL. The table is explained in `migrations/0006_due_commands.ts`; the statement that commits writes its rows and takes them away.
 *
 * As in the outbox, what is changed is written from what was locked, and every statement names the tenant: tenants are walked through, each step
 * looking up the next one by key.
 */
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { CommitOutcome, DuePlan, OrderStore, SettlementOutcome, WaitingCommand } from "../lifecycle/OrderStore.ts"
import type { OrderId, TenantId } from "../order/Order.ts"
import type { Running } from "./outboxStatements.ts"

type DueOperations = Pick<
  OrderStore["Service"],
  "tenantsWithDue" | "leaseDue" | "settleDue" | "dueOf" | "parkedDue" | "unparkDue" | "planDue"
>

/** A due command as JSON says it. */
export const dueColumns = "name text, since integer, status text, at text, command text, payload json"

/** What becomes of a row when a command of its name is set anew. */
export const writtenAnew =
  "since = EXCLUDED.since, status = EXCLUDED.status, at = EXCLUDED.at, command = EXCLUDED.command, payload = EXCLUDED.payload, " +
  "due_at = EXCLUDED.due_at, lease_id = NULL, attempts = 0, last_error = NULL"

type DueRow = Omit<WaitingCommand, "orderId" | "lastError" | "payload"> & {
  readonly order_id: OrderId
  readonly payload: string
  readonly last_error: string | null
}

const toWaiting = ({ order_id, last_error, payload, name, since, status, at, command, attempts }: DueRow): WaitingCommand => ({
  orderId: order_id,
  name,
  since,
  status,
  at,
  command,
  payload: JSON.parse(payload) as WaitingCommand["payload"],
  attempts,
  lastError: last_error
})

const columns = (row: string): string =>
  [
    ...["order_id", "name", "since", "status", "at", "command", "attempts", "last_error"].map((column) => `${row}.${column}`),
    `${row}.payload::text AS payload`
  ].join(", ")

/** How statements that answer with the rows they held on to count them. */
const heldOf = <Outcome>(count: number, rows: ReadonlyArray<{ readonly n: number }>, held: Outcome, other: Outcome) => {
  const found = new Set(rows.map(({ n }) => n))
  return Array.from({ length: count }, (_, n) => (found.has(n) ? held : other))
}

export const dueOperations = (sql: SqlClient, { read, write }: Running): DueOperations => {
  const next = sql.literal(
    `SELECT d.tenant_id FROM order_lifecycle.due_commands d
      WHERE d.tenant_id > seen.tenant_id AND d.due_at IS NOT NULL ORDER BY d.tenant_id LIMIT 1`
  )

  const tenantsWithDue: DueOperations["tenantsWithDue"] = (after, limit) =>
    read(
      sql<{ tenant_id: TenantId }>`
        WITH RECURSIVE steps AS (
          SELECT (${next}) AS tenant_id FROM (SELECT ${after ?? ""}::text COLLATE "C" AS tenant_id) AS seen
          UNION ALL
          SELECT (${next}) FROM steps AS seen WHERE seen.tenant_id IS NOT NULL)
        SELECT s.tenant_id FROM steps s
         WHERE s.tenant_id IS NOT NULL
           -- The first row in the order of an index: what only has to exist, the planner looks for in the whole table.
           AND coalesce((SELECT true FROM order_lifecycle.due_commands d
                          WHERE d.tenant_id = s.tenant_id AND d.due_at <= statement_timestamp() ORDER BY d.due_at LIMIT 1), false)
         LIMIT ${String(limit)}::text::integer`
    ).pipe(Effect.map((rows) => rows.map(({ tenant_id }) => tenant_id)))

  const leaseDue: DueOperations["leaseDue"] = ({ tenantId, limit, leaseMs }) =>
    write(
      sql<DueRow & { readonly lease_id: string }>`
        WITH due AS MATERIALIZED (
          SELECT e.* FROM order_lifecycle.due_commands e
           WHERE e.tenant_id = ${tenantId}::text AND e.due_at <= statement_timestamp()
           ORDER BY e.due_at LIMIT ${String(limit)}::text::integer FOR UPDATE SKIP LOCKED),
        id AS MATERIALIZED (SELECT gen_random_uuid()::text AS lease_id),
        leased AS (
          UPDATE order_lifecycle.due_commands d
             SET lease_id = id.lease_id,
                 due_at = statement_timestamp() + ${String(leaseMs)}::text::float8 * interval '1 millisecond'
            FROM due, id
           WHERE d.tenant_id = ${tenantId}::text AND d.order_id = due.order_id AND d.name = due.name
          RETURNING d.lease_id, ${sql.literal(columns("due"))}, due.due_at AS was_due_at)
        SELECT * FROM leased ORDER BY was_due_at, order_id, name`
    ).pipe(Effect.map((rows) => ({ leaseId: rows[0]?.lease_id ?? "", commands: rows.map(toWaiting) })))

  const settleDue: DueOperations["settleDue"] = ({ tenantId, leaseId, settlements }) => {
    if (settlements.length === 0) return Effect.succeed([])
    const records = settlements.map(({ orderId, name, since, putOff, untried = false }, n) => ({
      n,
      order_id: orderId,
      name,
      since,
      is_ended: putOff === undefined && !untried,
      is_untried: untried,
      error: putOff?.error,
      retry_ms: putOff?.retryMs
    }))
    return write(
      sql<{ n: number }>`
        WITH given AS (
          SELECT * FROM json_to_recordset(${JSON.stringify(records)}::text::json)
                     AS g (n integer, order_id text, name text, since integer, is_ended boolean, is_untried boolean, error text, retry_ms float8)
           WHERE n BETWEEN 0 AND 1000000),
        held AS MATERIALIZED (
          SELECT g.*, d.attempts
            FROM given g
            JOIN order_lifecycle.due_commands d ON d.tenant_id = ${tenantId}::text AND d.order_id = g.order_id AND d.name = g.name
           WHERE d.lease_id = ${leaseId}::text AND d.since = g.since
           ORDER BY d.order_id, d.name FOR UPDATE OF d),
        ended AS (
          DELETE FROM order_lifecycle.due_commands d USING held h
           WHERE h.is_ended AND d.tenant_id = ${tenantId}::text AND d.order_id = h.order_id AND d.name = h.name),
        put_off AS (
          UPDATE order_lifecycle.due_commands d
             SET due_at = statement_timestamp() + h.retry_ms * interval '1 millisecond', lease_id = NULL, last_error = h.error,
                 attempts = h.attempts + 1
            FROM held h
           WHERE NOT h.is_ended AND NOT h.is_untried
             AND d.tenant_id = ${tenantId}::text AND d.order_id = h.order_id AND d.name = h.name),
        returned AS (
          UPDATE order_lifecycle.due_commands d SET due_at = statement_timestamp(), lease_id = NULL
            FROM held h
           WHERE h.is_untried AND d.tenant_id = ${tenantId}::text AND d.order_id = h.order_id AND d.name = h.name)
        SELECT n FROM held`
    ).pipe(Effect.map((rows) => heldOf<SettlementOutcome>(settlements.length, rows, "settled", "lost")))
  }

  const dueOf: DueOperations["dueOf"] = (tenantId, orderId) =>
    read(
      sql<DueRow>`
        SELECT ${sql.literal(columns("d"))} FROM order_lifecycle.due_commands d
         WHERE d.tenant_id = ${tenantId}::text AND d.order_id = ${orderId}::text ORDER BY d.name`
    ).pipe(Effect.map((rows) => rows.map(toWaiting)))

  const parkedDue: DueOperations["parkedDue"] = (tenantId, after, limit) =>
    read(
      sql<DueRow>`
        SELECT ${sql.literal(columns("d"))} FROM order_lifecycle.due_commands d
         WHERE d.tenant_id = ${tenantId}::text AND d.due_at IS NULL
           AND (d.order_id, d.name) > (${after?.orderId ?? ""}::text, ${after?.name ?? ""}::text)
         ORDER BY d.order_id, d.name LIMIT ${String(limit)}::text::integer`
    ).pipe(Effect.map((rows) => rows.map(toWaiting)))

  const unparkDue: DueOperations["unparkDue"] = ({ tenantId, orderId, name }, how) =>
    write(
      how === "skip"
        ? sql`
            DELETE FROM order_lifecycle.due_commands d
             WHERE d.tenant_id = ${tenantId}::text AND d.order_id = ${orderId}::text AND d.name = ${name}::text AND d.due_at IS NULL
            RETURNING 1 AS one`
        : sql`
            UPDATE order_lifecycle.due_commands d SET due_at = statement_timestamp(), attempts = 0
             WHERE d.tenant_id = ${tenantId}::text AND d.order_id = ${orderId}::text AND d.name = ${name}::text AND d.due_at IS NULL
            RETURNING 1 AS one`
    ).pipe(Effect.map((rows) => rows.length > 0))

  const planDue: DueOperations["planDue"] = (tenantId, plans) =>
    plans.length === 0
      ? Effect.succeed([])
      : write(planStatement(tenantId, plans)).pipe(
          Effect.map((rows) => heldOf<CommitOutcome>(plans.length, rows, "committed", "conflict"))
        )

  const planStatement = (tenantId: TenantId, plans: ReadonlyArray<DuePlan>) => {
    const records = plans
      .map(({ orderId, version, change }, n) => ({ n, order_id: orderId, version, due: change.set, due_cleared: change.cleared }))
      .toSorted((a, b) => (a.order_id < b.order_id ? -1 : 1))
    return sql<{ n: number }>`
      WITH given AS (
        SELECT * FROM json_to_recordset(${JSON.stringify(records)}::text::json)
                   AS g (n integer, order_id text, version integer, due json, due_cleared json)
         WHERE n BETWEEN 0 AND 1000000),
      held AS MATERIALIZED (
        SELECT g.* FROM given g CROSS JOIN LATERAL (
          SELECT 1 FROM order_lifecycle.orders o
           WHERE o.tenant_id = ${tenantId}::text AND o.order_id = g.order_id AND o.version = g.version FOR UPDATE) AS lock),
      awaited AS (
        INSERT INTO order_lifecycle.due_commands AS k (tenant_id, order_id, name, since, status, at, command, payload, due_at)
        SELECT ${tenantId}::text, h.order_id, d.name, d.since, d.status, d.at, d.command, d.payload, d.at::timestamptz
          FROM held h CROSS JOIN LATERAL json_to_recordset(h.due) AS d (${sql.literal(dueColumns)})
        ON CONFLICT (tenant_id, order_id, name) DO UPDATE SET ${sql.literal(writtenAnew)} WHERE k.status <> EXCLUDED.status),
      no_longer AS (
        DELETE FROM order_lifecycle.due_commands d USING held h CROSS JOIN LATERAL json_array_elements_text(h.due_cleared) AS c (name)
         WHERE d.tenant_id = ${tenantId}::text AND d.order_id = h.order_id AND d.name = c.name)
      SELECT n FROM held`
  }

  return { tenantsWithDue, leaseDue, settleDue, dueOf, parkedDue, unparkDue, planDue }
}
