/**
 * The outbox in SQL. The tables, and the functions that hand events on to consumers, are explained in `migrations/0002_outbox.ts`.
 *
 * A part that locks rows gives the newest version of them; a part that then changes them may still see the version of the statement's
 * snapshot. So what is changed is written from what was locked, `last_sequence` above all, which another statement may just have raised.
 *
 * One delivery is looked up by its tenant and order. Its consumer is compared in a way that no index serves, so that a plan made while there
 * was next to nothing does not look for it among all deliveries of the consumer.
 *
 * Every statement names the tenant. For a consumer of every tenant, tenants are walked through: each step looks up the next one by key.
 */
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type {
  ConsumerKey,
  ConsumerLag,
  Delivery,
  OrderStore,
  OutcomeUnknown,
  PositionedEvent,
  SettlementOutcome,
  StoreUnavailable
} from "../lifecycle/OrderStore.ts"
import type { TenantId } from "../order/Order.ts"
import { eventColumns, type EventRow, joinConfidential, toSealedEvent } from "./eventRows.ts"
import { everyTenant } from "./migrations/0002_outbox.ts"
import { lockKeyOf } from "./schemaName.ts"

/** How the store runs statements, and understands their failures. */
export interface Running {
  readonly read: <A>(statement: Effect.Effect<A, SqlError>) => Effect.Effect<A, StoreUnavailable>
  readonly write: <A>(statement: Effect.Effect<A, SqlError>) => Effect.Effect<A, StoreUnavailable | OutcomeUnknown>
}

type OutboxOperations = Pick<
  OrderStore["Service"],
  | "addConsumer"
  | "removeConsumer"
  | "consumers"
  | "tenantsWithWork"
  | "leaseEvents"
  | "settleEvents"
  | "parkedEvents"
  | "unparkEvent"
  | "feed"
>

/** Rows that one statement gives positions to, or removes. */
const rowsAtOnce = 1_000

export const outboxOperations = (sql: SqlClient, { read, write }: Running): OutboxOperations => {
  // --- consumers ---------------------------------------------------------------------------------------------------------------------

  /** Give every event of the tenant that was committed before now its position. */
  const assignAll = Effect.fnUntraced(function* (tenantId: TenantId) {
    for (;;) {
      const [row] = yield* write(
        sql<{ assigned: number }>`
          SELECT order_lifecycle.assign_positions(${tenantId}::text, ${String(rowsAtOnce)}::text::integer) AS assigned`
      )
      if ((row?.assigned ?? 0) < rowsAtOnce) return
    }
  })

  /** The tenants in a table, one after the other. */
  const eachTenant = Effect.fnUntraced(function* <E>(
    next: (after: TenantId | "") => Effect.Effect<ReadonlyArray<{ readonly tenant_id: TenantId }>, SqlError>,
    use: (tenantId: TenantId) => Effect.Effect<void, E>
  ) {
    for (let after: TenantId | "" = ""; ;) {
      const rows: ReadonlyArray<{ readonly tenant_id: TenantId }> = yield* read(next(after))
      const [row] = rows
      if (row === undefined) return
      after = row.tenant_id
      yield* use(after)
    }
  })

  const addConsumer: OutboxOperations["addConsumer"] = Effect.fnUntraced(function* ({ tenantId, consumer }, start) {
    yield* removeLeftovers(tenantId, consumer)
    if (start === "now" && tenantId !== null) yield* assignAll(tenantId)
    if (start === "now" && tenantId === null)
      yield* eachTenant(
        (after) =>
          sql`SELECT b.tenant_id FROM order_lifecycle.outbox b WHERE b.tenant_id > ${after}::text ORDER BY b.tenant_id LIMIT 1`,
        assignAll
      )
    const [row] = yield* write(
      sql<{ added: boolean }>`
        SELECT order_lifecycle.add_consumer(${tenantId ?? ""}::text, ${consumer}::text,
                                            ${start === "beginning" ? "true" : "false"}::text::boolean) AS added`
    )
    return row?.added ?? false
  })

  /** True where no consumer of the name takes the tenant's events: one that was added again keeps what it has. */
  const isGone = (tenantId: TenantId, consumer: string) => sql`
    NOT EXISTS (SELECT 1 FROM order_lifecycle.consumers own
                 WHERE own.tenant_id IN ('', ${tenantId}::text) AND own.consumer = ${consumer}::text)`

  /** Remove what a consumer that is gone has left in a tenant, in steps that take about as long however much there is. */
  const removeFrom = Effect.fnUntraced(function* (tenantId: TenantId, consumer: string) {
    for (;;) {
      const rows = yield* write(
        sql`
          WITH next AS MATERIALIZED (
            SELECT e.order_id FROM order_lifecycle.deliveries e
             WHERE e.tenant_id = ${tenantId}::text AND e.consumer = ${consumer}::text AND ${isGone(tenantId, consumer)}
             ORDER BY e.due_at LIMIT ${String(rowsAtOnce)}::text::integer),
          held AS MATERIALIZED (
            SELECT d.order_id FROM next JOIN order_lifecycle.deliveries d
              ON d.tenant_id = ${tenantId}::text AND d.order_id = next.order_id AND d.consumer IS NOT DISTINCT FROM ${consumer}::text
             ORDER BY d.order_id FOR UPDATE OF d)
          DELETE FROM order_lifecycle.deliveries d USING held h
           WHERE d.tenant_id = ${tenantId}::text AND d.order_id = h.order_id AND d.consumer IS NOT DISTINCT FROM ${consumer}::text
          RETURNING 1 AS one`
      )
      if (rows.length < rowsAtOnce) break
    }
    yield* write(
      sql`DELETE FROM order_lifecycle.consumer_cursors c
           WHERE c.tenant_id = ${tenantId}::text AND c.consumer = ${consumer}::text AND ${isGone(tenantId, consumer)}`
    )
  })

  /** What a consumer of every tenant has left behind, which is not there itself any more. */
  const removeOrphans = (consumer: string) =>
    eachTenant(
      (after) => sql`
        SELECT c.tenant_id FROM order_lifecycle.consumer_cursors c
         WHERE c.consumer = ${consumer}::text AND c.tenant_id > ${after}::text
           AND NOT EXISTS (SELECT 1 FROM order_lifecycle.consumers own
                            WHERE own.tenant_id IN ('', c.tenant_id) AND own.consumer = c.consumer)
         ORDER BY c.tenant_id LIMIT 1`,
      (tenantId) => removeFrom(tenantId, consumer)
    )

  /** What a removal leaves behind when it is cut off: the next one, or the next consumer of the name, takes it away. */
  const removeLeftovers = (tenantId: TenantId | null, consumer: string) =>
    tenantId === null ? removeOrphans(consumer) : removeFrom(tenantId, consumer)

  const removeConsumer: OutboxOperations["removeConsumer"] = Effect.fnUntraced(function* ({ tenantId, consumer }) {
    // Who assigns positions meanwhile knows the consumer, or comes after it is gone.
    const lock =
      tenantId === null
        ? sql`SELECT pg_advisory_xact_lock(${lockKeyOf(sql, everyTenant)}::text::bigint)::text`
        : sql`SELECT 1 AS one FROM order_lifecycle.tenant_positions t WHERE t.tenant_id = ${tenantId}::text FOR UPDATE`
    const rows = yield* write(
      sql.withTransaction(
        Effect.andThen(
          lock,
          sql`DELETE FROM order_lifecycle.consumers k WHERE k.tenant_id = ${tenantId ?? ""}::text AND k.consumer = ${consumer}::text
              RETURNING 1 AS one`
        )
      )
    )
    yield* removeLeftovers(tenantId, consumer)
    return rows.length > 0
  })

  /** The next tenant with anything for a consumer, behind the tenant of a row `seen`. Each step is a look into three indexes. */
  const nextTenant = (consumer: string) => sql`
    SELECT min(tenant_id) FROM (
      (SELECT b.tenant_id FROM order_lifecycle.outbox b WHERE b.tenant_id > seen.tenant_id ORDER BY b.tenant_id LIMIT 1)
      UNION ALL
      (SELECT c.tenant_id FROM order_lifecycle.consumer_cursors c
        WHERE c.consumer = ${consumer}::text AND c.is_behind AND c.tenant_id > seen.tenant_id ORDER BY c.tenant_id LIMIT 1)
      UNION ALL
      (SELECT d.tenant_id FROM order_lifecycle.deliveries d
        WHERE d.consumer = ${consumer}::text AND d.tenant_id > seen.tenant_id ORDER BY d.consumer, d.tenant_id LIMIT 1)) AS firsts`

  const tenantsOf = (consumer: string, after: TenantId | null) => sql`
    steps AS (
      SELECT (${nextTenant(consumer)}) AS tenant_id FROM (SELECT ${after ?? ""}::text COLLATE "C" AS tenant_id) AS seen
      UNION ALL
      SELECT (${nextTenant(consumer)}) FROM steps AS seen WHERE seen.tenant_id IS NOT NULL)`

  const tenantsWithWork: OutboxOperations["tenantsWithWork"] = (consumer, after, limit) =>
    read(
      sql<{ tenant_id: TenantId | null }>`
        WITH RECURSIVE ${tenantsOf(consumer, after)}
        SELECT work.tenant_id
          FROM (SELECT 1 FROM order_lifecycle.consumers k WHERE k.tenant_id = '' AND k.consumer = ${consumer}::text) AS known
          LEFT JOIN (
            SELECT s.tenant_id FROM steps s
             WHERE s.tenant_id IS NOT NULL
               -- The first row in the order of an index: what only has to exist, the planner looks for in the whole table.
               AND coalesce(
                 (SELECT true FROM order_lifecycle.outbox b WHERE b.tenant_id = s.tenant_id
                   ORDER BY b.at, b.order_id, b.sequence LIMIT 1),
                 (SELECT true FROM order_lifecycle.consumer_cursors c
                   WHERE c.consumer = ${consumer}::text AND c.is_behind AND c.tenant_id = s.tenant_id LIMIT 1),
                 (SELECT true FROM order_lifecycle.deliveries d
                   WHERE d.consumer = ${consumer}::text AND d.tenant_id = s.tenant_id AND d.due_at <= statement_timestamp()
                   ORDER BY d.due_at LIMIT 1))
             LIMIT ${String(limit)}::text::integer) AS work ON true`
    ).pipe(
      Effect.map((rows) => (rows.length === 0 ? null : rows.flatMap(({ tenant_id }) => (tenant_id === null ? [] : [tenant_id]))))
    )

  /** What a consumer has not done of a tenant's events, as columns beside a row `s` with the tenant. */
  const lagColumns = (consumer: string) => sql`
    SELECT (SELECT count(*) FROM order_lifecycle.outbox b WHERE b.tenant_id = s.tenant_id)
           + coalesce((SELECT t.last_position - c.position FROM order_lifecycle.tenant_positions t WHERE t.tenant_id = s.tenant_id), 0)
           + (SELECT coalesce(sum(d.last_sequence - d.next_sequence + 1), 0) FROM order_lifecycle.deliveries d
               WHERE d.tenant_id = s.tenant_id AND d.consumer = ${consumer}::text) AS pending,
           (SELECT count(*) FROM order_lifecycle.deliveries d
             WHERE d.tenant_id = s.tenant_id AND d.consumer = ${consumer}::text AND d.due_at IS NULL) AS parked,
           least(
             (SELECT b.at FROM order_lifecycle.outbox b WHERE b.tenant_id = s.tenant_id ORDER BY b.at LIMIT 1),
             (SELECT p.at FROM order_lifecycle.event_positions p
               WHERE p.tenant_id = s.tenant_id AND p.position > c.position ORDER BY p.position LIMIT 1),
             (SELECT min(p.at) FROM order_lifecycle.deliveries d
                JOIN order_lifecycle.event_positions p
                  ON p.tenant_id = s.tenant_id AND p.order_id = d.order_id AND p.sequence = d.next_sequence
               WHERE d.tenant_id = s.tenant_id AND d.consumer = ${consumer}::text)) AS oldest
      FROM (SELECT 1) AS one
      LEFT JOIN order_lifecycle.consumer_cursors c ON c.tenant_id = s.tenant_id AND c.consumer = ${consumer}::text`

  /** In one tenant, or, for null, over all in which anything waits for it. */
  const lagOf = (consumer: string, tenantId: TenantId | null) =>
    read(
      sql<{ pending: number; parked: number; oldest_ms: number | null }>`
        WITH RECURSIVE ${tenantId === null ? tenantsOf(consumer, null) : sql`steps AS (SELECT ${tenantId}::text COLLATE "C" AS tenant_id)`}
        SELECT coalesce(sum(lag.pending), 0)::float8 AS pending, coalesce(sum(lag.parked), 0)::float8 AS parked,
               greatest(0, extract(epoch FROM statement_timestamp() - min(lag.oldest)::timestamptz) * 1000)::float8 AS oldest_ms
          FROM steps s CROSS JOIN LATERAL (${lagColumns(consumer)}) AS lag
         WHERE s.tenant_id IS NOT NULL`
    )

  const consumers: OutboxOperations["consumers"] = Effect.fnUntraced(function* (tenantId) {
    // What arrived has its position, as far as one step goes, so that most of the lag is a difference of numbers.
    if (tenantId !== null)
      yield* write(sql`SELECT order_lifecycle.assign_positions(${tenantId}::text, ${String(rowsAtOnce)}::text::integer)`)
    const names = yield* read(
      sql<{ of_every_tenant: boolean; consumer: string }>`
        SELECT k.tenant_id = '' AS of_every_tenant, k.consumer FROM order_lifecycle.consumers k
         WHERE k.tenant_id IN ('', ${tenantId ?? ""}::text) ORDER BY k.consumer`
    )
    return yield* Effect.forEach(names, ({ of_every_tenant, consumer }) =>
      Effect.map(lagOf(consumer, tenantId), ([lag]): ConsumerLag => {
        const pending = lag?.pending ?? 0
        const key: ConsumerKey = { tenantId: of_every_tenant ? null : tenantId, consumer }
        // The greatest of nothing and zero is zero in SQL.
        return { ...key, pending, parked: lag?.parked ?? 0, oldestMs: pending === 0 ? null : (lag?.oldest_ms ?? null) }
      })
    )
  })

  /** A delivery's event and its position, for a row of the tenant with the order and the sequence whose turn it is. */
  const joinEvents = (tenantId: TenantId, row: "d" | "leased") => sql`
    JOIN order_lifecycle.event_positions p
      ON p.tenant_id = ${tenantId}::text AND p.order_id = ${sql.literal(row)}.order_id AND p.sequence = ${sql.literal(row)}.next_sequence
    JOIN order_lifecycle.audit_events e ON e.tenant_id = ${tenantId}::text AND e.order_id = p.order_id AND e.sequence = p.sequence
    ${joinConfidential(sql, tenantId)}`

  // --- leases ------------------------------------------------------------------------------------------------------------------------

  const leaseEvents: OutboxOperations["leaseEvents"] = Effect.fnUntraced(function* ({ tenantId, consumer, limit, leaseMs }) {
    const [handed] = yield* write(
      sql<{ known: boolean }>`
        SELECT order_lifecycle.hand_on(${tenantId}::text, ${consumer}::text, ${String(limit)}::text::integer) AS known`
    )
    if (handed?.known !== true) return null
    const rows = yield* write(
      sql<DeliveryRow & { lease_id: string }>`
        WITH due AS MATERIALIZED (
          SELECT e.order_id, e.last_sequence, e.attempts FROM order_lifecycle.deliveries e
           WHERE e.tenant_id = ${tenantId}::text AND e.consumer = ${consumer}::text AND e.due_at <= statement_timestamp()
           ORDER BY e.due_at LIMIT ${String(limit)}::text::integer FOR UPDATE SKIP LOCKED),
        id AS MATERIALIZED (SELECT gen_random_uuid()::text AS lease_id),
        leased AS (
          UPDATE order_lifecycle.deliveries d
             SET lease_id = id.lease_id, attempts = due.attempts + 1, last_sequence = due.last_sequence,
                 due_at = statement_timestamp() + ${String(leaseMs)}::text::float8 * interval '1 millisecond'
            FROM due, id
           WHERE d.tenant_id = ${tenantId}::text AND d.order_id = due.order_id AND d.consumer IS NOT DISTINCT FROM ${consumer}::text
          RETURNING d.order_id, d.next_sequence, d.attempts - 1 AS attempts, d.last_error, d.lease_id)
        SELECT leased.lease_id, leased.attempts, leased.last_error, p.position::float8 AS position, ${sql.literal(eventColumns)}
          FROM leased ${joinEvents(tenantId, "leased")}
         ORDER BY p.position`
    )
    return { leaseId: rows[0]?.lease_id ?? "", deliveries: rows.map(toDelivery) }
  })

  const settleEvents: OutboxOperations["settleEvents"] = ({ tenantId, consumer, leaseId, settlements }) => {
    if (settlements.length === 0) return Effect.succeed([])
    const records = settlements.map(({ orderId, sequence, failed, untried = false }, n) => ({
      n,
      order_id: orderId,
      sequence,
      is_done: failed === undefined && !untried,
      is_untried: untried,
      error: failed?.error,
      retry_ms: failed?.retryMs
    }))
    // Rows are locked by order, as everywhere, so that two statements never wait for each other.
    return write(
      sql<{ n: number }>`
        WITH given AS (
          SELECT * FROM json_to_recordset(${JSON.stringify(records)}::text::json)
                     AS g (n integer, order_id text, sequence integer, is_done boolean, is_untried boolean, error text, retry_ms float8)
           WHERE n BETWEEN 0 AND 1000000),
        held AS MATERIALIZED (
          SELECT g.*, d.last_sequence, d.attempts
            FROM given g
            JOIN order_lifecycle.deliveries d
              ON d.tenant_id = ${tenantId}::text AND d.order_id = g.order_id AND d.consumer IS NOT DISTINCT FROM ${consumer}::text
           WHERE d.lease_id = ${leaseId}::text AND d.next_sequence = g.sequence
           ORDER BY d.order_id FOR UPDATE OF d),
        finished AS (
          DELETE FROM order_lifecycle.deliveries d USING held h
           WHERE h.is_done AND h.sequence = h.last_sequence
             AND d.tenant_id = ${tenantId}::text AND d.order_id = h.order_id AND d.consumer IS NOT DISTINCT FROM ${consumer}::text),
        moved AS (
          UPDATE order_lifecycle.deliveries d
             SET next_sequence = h.sequence + 1, last_sequence = h.last_sequence, due_at = statement_timestamp(), lease_id = NULL, attempts = 0, last_error = NULL
            FROM held h
           WHERE h.is_done AND h.sequence < h.last_sequence
             AND d.tenant_id = ${tenantId}::text AND d.order_id = h.order_id AND d.consumer IS NOT DISTINCT FROM ${consumer}::text),
        failed AS (
          UPDATE order_lifecycle.deliveries d
             SET due_at = statement_timestamp() + h.retry_ms * interval '1 millisecond', lease_id = NULL, last_error = h.error,
                 last_sequence = h.last_sequence
            FROM held h
           WHERE NOT h.is_done AND NOT h.is_untried
             AND d.tenant_id = ${tenantId}::text AND d.order_id = h.order_id AND d.consumer IS NOT DISTINCT FROM ${consumer}::text),
        returned AS (
          UPDATE order_lifecycle.deliveries d
             SET due_at = statement_timestamp(), lease_id = NULL, attempts = greatest(h.attempts - 1, 0), last_sequence = h.last_sequence
            FROM held h
           WHERE h.is_untried
             AND d.tenant_id = ${tenantId}::text AND d.order_id = h.order_id AND d.consumer IS NOT DISTINCT FROM ${consumer}::text)
        SELECT n FROM held`
    ).pipe(
      Effect.map((rows) => {
        const held = new Set(rows.map(({ n }) => n))
        return settlements.map((_, n): SettlementOutcome => (held.has(n) ? "settled" : "lost"))
      })
    )
  }

  // --- parked events -----------------------------------------------------------------------------------------------------------------

  const parkedEvents: OutboxOperations["parkedEvents"] = (tenantId, consumer, after, limit) =>
    read(
      sql<DeliveryRow>`
        SELECT d.attempts, d.last_error, p.position::float8 AS position, ${sql.literal(eventColumns)}
          FROM order_lifecycle.deliveries d ${joinEvents(tenantId, "d")}
         WHERE d.tenant_id = ${tenantId}::text AND d.consumer = ${consumer}::text AND d.due_at IS NULL
           AND p.position > ${String(after)}::text::bigint
         ORDER BY p.position LIMIT ${String(limit)}::text::integer`
    ).pipe(Effect.map((rows) => rows.map(toDelivery)))

  const unparkEvent: OutboxOperations["unparkEvent"] = (consumer, { tenantId, orderId, sequence }, how) =>
    write(
      sql<{ one: number }>`
        WITH held AS MATERIALIZED (
          SELECT e.last_sequence, e.last_error FROM order_lifecycle.deliveries e
           WHERE e.tenant_id = ${tenantId}::text AND e.order_id = ${orderId}::text AND e.consumer IS NOT DISTINCT FROM ${consumer}::text
             AND e.next_sequence = ${String(sequence)}::text::integer AND e.due_at IS NULL FOR UPDATE),
        next AS (
          SELECT last_sequence, ${String(how === "skip" ? sequence + 1 : sequence)}::text::integer AS next_sequence,
                 ${sql.literal(how === "skip" ? "NULL::text" : "last_error")} AS last_error FROM held),
        finished AS (
          DELETE FROM order_lifecycle.deliveries d USING next n
           WHERE n.next_sequence > n.last_sequence
             AND d.tenant_id = ${tenantId}::text AND d.order_id = ${orderId}::text AND d.consumer IS NOT DISTINCT FROM ${consumer}::text),
        moved AS (
          UPDATE order_lifecycle.deliveries d
             SET next_sequence = n.next_sequence, last_sequence = n.last_sequence, last_error = n.last_error,
                 due_at = statement_timestamp(), attempts = 0
            FROM next n
           WHERE n.next_sequence <= n.last_sequence
             AND d.tenant_id = ${tenantId}::text AND d.order_id = ${orderId}::text AND d.consumer IS NOT DISTINCT FROM ${consumer}::text)
        SELECT 1 AS one FROM held`
    ).pipe(Effect.map((rows) => rows.length > 0))

  // --- feed --------------------------------------------------------------------------------------------------------------------------

  const feed: OutboxOperations["feed"] = Effect.fnUntraced(function* (tenantId, after, limit) {
    yield* write(sql`SELECT order_lifecycle.assign_positions(${tenantId}::text, ${String(rowsAtOnce)}::text::integer)`)
    const rows = yield* read(
      sql<EventRow & { position: number }>`
        SELECT p.position::float8 AS position, ${sql.literal(eventColumns)}
          FROM (SELECT q.position, q.order_id, q.sequence FROM order_lifecycle.event_positions q
                 WHERE q.tenant_id = ${tenantId}::text AND q.position > ${String(after)}::text::bigint
                 ORDER BY q.position LIMIT ${String(limit)}::text::integer) AS p
          JOIN order_lifecycle.audit_events e ON e.tenant_id = ${tenantId}::text AND e.order_id = p.order_id AND e.sequence = p.sequence
          ${joinConfidential(sql, tenantId)}
         ORDER BY p.position`
    )
    return rows.map((row): PositionedEvent => ({ position: row.position, sealed: toSealedEvent(row) }))
  })

  return {
    addConsumer,
    removeConsumer,
    consumers,
    tenantsWithWork,
    leaseEvents,
    settleEvents,
    parkedEvents,
    unparkEvent,
    feed
  }
}

type DeliveryRow = EventRow & { readonly position: number; readonly attempts: number; readonly last_error: string | null }

const toDelivery = (row: DeliveryRow): Delivery => ({
  position: row.position,
  sealed: toSealedEvent(row),
  attempts: row.attempts,
  lastError: row.last_error
})
