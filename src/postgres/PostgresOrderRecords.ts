/**
 * `OrderRecords` on PostgreSQL: what is in the tables, read without believing any of it.
 *
 * Everything is read in pages by key, each in one statement and so in one snapshot. Nothing here writes.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { type OrderRecord, OrderRecords, type StoreFault } from "../lifecycle/OrderRecords.ts"
import { DurationOption, optionsReader } from "../lifecycle/options.ts"
import { type EventKey, StoreUnavailable } from "../lifecycle/OrderStore.ts"
import type { OrderId, TenantId } from "../order/Order.ts"
import { disagreements } from "./assetStatements.ts"
import { missingBackstops } from "./backstops.ts"
import { detached } from "./detached.ts"
import { orderColumns, type OrderRow } from "./orderRows.ts"
import { KeepsStatistics, planRenewalOf } from "./planRenewal.ts"
import { ourClient } from "./schemaName.ts"
import { tablesOfOrders, walkTenants } from "./walkTenants.ts"
import { type RecordRow, toRecord } from "./recordRows.ts"

/** What `verify` takes for a session that is in the way. */
export interface OrderRecordsOptions {
  /** How long a session may hold locks on orders and do nothing before it is reported; 5 seconds unless said otherwise. */
  readonly idleAfter?: Duration.Input
}

/** Over a database whose tables are there. Throws a `WrongOption` that names an option that cannot be used. */
export const layer = (given?: OrderRecordsOptions): Layer.Layer<OrderRecords, never, SqlClient.SqlClient> => {
  const options = readOptions(given)
  return Layer.effect(
    OrderRecords,
    Effect.suspend(() => make(options))
  )
}

const readOptions = optionsReader<OrderRecordsOptions>("PostgresOrderRecords.layer", { idleAfter: DurationOption })

/** About this many events make a page full, however few orders have them. */
const eventsInPage = "5000"

/** Rows that are looked through at once where one order does not tell. */
const rowsInPage = "5000"

const make = Effect.fnUntraced(function* (options?: OrderRecordsOptions) {
  const sql = yield* ourClient
  const plans = planRenewalOf(sql, yield* KeepsStatistics)

  const read = <A>(statement: Effect.Effect<A, SqlError>): Effect.Effect<A, StoreUnavailable> =>
    Effect.flatMap(
      detached(plans.renewed(statement), "stop"),
      Option.match({
        onNone: () => Effect.fail(new StoreUnavailable({ cause: new Error("no answer within the deadline") })),
        onSome: (exit) =>
          Exit.isSuccess(exit)
            ? Effect.succeed(exit.value)
            : Effect.fail(new StoreUnavailable({ cause: Cause.squash(exit.cause) }))
      })
    )

  const tenantIds = (after: TenantId | null, limit: number) => read(walkTenants(sql, after, limit))

  const readPage = (tenantId: TenantId, after: OrderId | null, limit: number) => {
    const ids = tablesOfOrders.map(
      (table) => sql`
        (SELECT DISTINCT t.order_id FROM ${sql.literal(`order_lifecycle.${table}`)} t
          WHERE t.tenant_id = ${tenantId}::text AND t.order_id > ${after ?? ""}::text
          ORDER BY t.order_id LIMIT ${String(limit)}::text::integer)`
    )
    return read(
      sql<RecordRow>`
        WITH ids AS (
          SELECT order_id FROM (${ids.reduce((all, each) => sql`${all} UNION ${each}`)}) AS named
           ORDER BY order_id LIMIT ${String(limit)}::text::integer),
        page AS (
          SELECT order_id FROM (
            SELECT i.order_id, sum(coalesce(o.version, 1)) OVER (ORDER BY i.order_id) - coalesce(o.version, 1) AS events_before
              FROM ids i LEFT JOIN order_lifecycle.orders o ON o.tenant_id = ${tenantId}::text AND o.order_id = i.order_id) AS counted
           WHERE events_before < ${sql.literal(eventsInPage)})
        SELECT p.order_id AS record_id, found.*, o.head_hash, o.customer_id, o.total_minor::text AS total_minor,
               coalesce((SELECT true FROM order_lifecycle.customers c
                          WHERE c.tenant_id = ${tenantId}::text AND c.customer_id = o.customer_id LIMIT 1), false) AS customer_is_known,
               (SELECT json_agg(json_build_array(r.line, r.sku, r.quantity) ORDER BY r.line)::text
                  FROM order_lifecycle.reservations r
                 WHERE r.tenant_id = ${tenantId}::text AND r.order_id = p.order_id) AS reservations,
               (SELECT json_agg(json_build_array(s.position, s.customer_id, s.line, s.sku) ORDER BY s.position)::text
                  FROM order_lifecycle.subscriptions s
                 WHERE s.tenant_id = ${tenantId}::text AND s.order_id = p.order_id) AS subscription_copies,
               (SELECT json_agg(json_build_array(e.sequence, e.event, e.confidential_seal, e.previous_hash, e.hash, c.salt, c.content)
                                ORDER BY e.sequence)::text
                  FROM order_lifecycle.audit_events e
                  LEFT JOIN order_lifecycle.audit_confidential c
                         ON c.tenant_id = ${tenantId}::text AND c.order_id = e.order_id AND c.sequence = e.sequence
                 WHERE e.tenant_id = ${tenantId}::text AND e.order_id = p.order_id) AS events,
               (SELECT json_agg(c.sequence ORDER BY c.sequence)::text
                  FROM order_lifecycle.audit_confidential c
                 WHERE c.tenant_id = ${tenantId}::text AND c.order_id = p.order_id
                   AND NOT EXISTS (SELECT 1 FROM order_lifecycle.audit_events e
                                    WHERE e.tenant_id = ${tenantId}::text AND e.order_id = c.order_id AND e.sequence = c.sequence)
               ) AS stray_confidential,
               (SELECT json_agg(json_build_array(q.sequence, q.position) ORDER BY q.sequence)::text
                  FROM order_lifecycle.event_positions q
                 WHERE q.tenant_id = ${tenantId}::text AND q.order_id = p.order_id) AS positions,
               (SELECT json_agg(b.sequence ORDER BY b.sequence)::text
                  FROM order_lifecycle.outbox b
                 WHERE b.tenant_id = ${tenantId}::text AND b.order_id = p.order_id) AS unplaced,
               (SELECT json_agg(json_build_array(u.consumer, u.position, u.is_behind, d.next_sequence, d.last_sequence) ORDER BY u.consumer)::text
                  FROM order_lifecycle.consumer_cursors u
                  LEFT JOIN order_lifecycle.deliveries d
                         ON d.tenant_id = ${tenantId}::text AND d.order_id = p.order_id AND d.consumer = u.consumer
                 WHERE u.tenant_id = ${tenantId}::text) AS consumers,
               (SELECT json_agg(json_build_object('name', w.name, 'since', w.since, 'status', w.status, 'at', w.at) ORDER BY w.name)::text
                  FROM order_lifecycle.due_commands w
                 WHERE w.tenant_id = ${tenantId}::text AND w.order_id = p.order_id) AS due,
               (SELECT json_agg(json_build_array(v.member, v.value, v.created_at) ORDER BY v.member)::text
                  FROM order_lifecycle.order_data v
                 WHERE v.tenant_id = ${tenantId}::text AND v.order_id = p.order_id) AS data_values,
               (SELECT json_agg(json_build_array(l.kind, l.value, l.created_at) ORDER BY l.kind, l.value)::text
                  FROM order_lifecycle.order_lookups l
                 WHERE l.tenant_id = ${tenantId}::text AND l.order_id = p.order_id) AS lookups
          FROM page p
          LEFT JOIN LATERAL (SELECT * FROM order_lifecycle.orders o
                              WHERE o.tenant_id = ${tenantId}::text AND o.order_id = p.order_id LIMIT 1) o ON true
          LEFT JOIN LATERAL (SELECT ${sql.literal(orderColumns("$1"))} LIMIT 1) found ON true
         ORDER BY p.order_id`
    ).pipe(Effect.map((rows) => rows.map((row): OrderRecord => toRecord(tenantId, row as RecordRow & OrderRow))))
  }

  const hashesOf = (events: ReadonlyArray<EventKey>) =>
    Effect.gen(function* () {
      const hashes: Array<string | null> = events.map(() => null)
      for (const tenantId of new Set(events.map((event) => event.tenantId))) {
        const keys = events.flatMap((event, n) =>
          event.tenantId === tenantId ? [{ n, orderId: event.orderId, sequence: event.sequence }] : []
        )
        const rows = yield* read(
          sql<{ n: number; hash: string }>`
            SELECT k.n, e.hash
              FROM json_to_recordset(${JSON.stringify(keys)}::text::json) AS k (n integer, "orderId" text, sequence integer)
             CROSS JOIN LATERAL (SELECT e.hash FROM order_lifecycle.audit_events e
                                  WHERE e.tenant_id = ${tenantId}::text AND e.order_id = k."orderId" AND e.sequence = k.sequence
                                  LIMIT 1) e`
        )
        for (const { n, hash } of rows) hashes[n] = hash
      }
      return hashes
    })

  // --- between orders ----------------------------------------------------------------------------------------------------------------

  /** Pages by a key: `page` answers with the last key it has looked at (null at the end), and what it found on the way. */
  const byKey = <Row extends { readonly last: string | null }>(
    page: (after: string) => Effect.Effect<ReadonlyArray<Row>, SqlError>,
    faultsOf: (row: Row) => ReadonlyArray<StoreFault>
  ): Stream.Stream<StoreFault, StoreUnavailable> =>
    Stream.paginate("", (after) =>
      Effect.map(read(page(after)), ([row]) => [row ? faultsOf(row) : [], Option.fromNullishOr(row?.last)] as const)
    )

  /** An asset is rented once. The unique index promises it; this looks without that index. */
  const rentedTwice = (tenantId: TenantId) =>
    byKey(
      (after) => sql<{ last: string | null; found: string | null }>`
        WITH page AS (
          SELECT max(serial_number) AS last FROM (
            SELECT s.serial_number FROM order_lifecycle.subscriptions s
             WHERE s.tenant_id = ${tenantId}::text AND s.serial_number > ${after}::text
             ORDER BY s.serial_number LIMIT ${sql.literal(rowsInPage)}) AS serials)
        SELECT last,
               (SELECT json_agg(twice)::text FROM (
                  SELECT s.serial_number AS serial, json_agg(s.order_id ORDER BY s.order_id) AS orders
                    FROM order_lifecycle.subscriptions s
                   WHERE s.tenant_id = ${tenantId}::text AND s.status = 'active'
                     AND s.serial_number > ${after}::text AND s.serial_number <= page.last
                   GROUP BY s.serial_number HAVING count(*) > 1) AS twice) AS found
          FROM page`,
      ({ found }) =>
        (JSON.parse(found ?? "[]") as ReadonlyArray<{ serial: string; orders: ReadonlyArray<OrderId> }>).map(
          ({ serial, orders }) => ({
            id: "S6",
            tenantId,
            message: `asset ${serial} is under ${orders.length} active subscriptions, of the orders ${[...new Set(orders)].join(", ")}`
          })
        )
    )

  /** An answer is remembered by the event it is put together from. */
  const answersWithoutEvent = (tenantId: TenantId) =>
    byKey(
      (after) => sql<{ last: string | null; found: string | null }>`
        WITH page AS (
          SELECT max(key) AS last FROM (
            SELECT k.key FROM order_lifecycle.idempotency k WHERE k.tenant_id = ${tenantId}::text AND k.key > ${after}::text
             ORDER BY k.key LIMIT ${sql.literal(rowsInPage)}) AS keys)
        SELECT last,
               (SELECT json_agg(json_build_array(k.key, k.outcome ->> 'orderId', k.outcome ->> 'sequence'))::text
                  FROM order_lifecycle.idempotency k
                 WHERE k.tenant_id = ${tenantId}::text AND k.key > ${after}::text AND k.key <= page.last
                   AND k.outcome ->> 'outcome' = 'accepted'
                   AND NOT EXISTS (SELECT 1 FROM order_lifecycle.audit_events e
                                    WHERE e.tenant_id = ${tenantId}::text AND e.order_id = k.outcome ->> 'orderId'
                                      AND e.sequence::text = k.outcome ->> 'sequence')) AS found
          FROM page`,
      ({ found }) =>
        (JSON.parse(found ?? "[]") as ReadonlyArray<readonly [string, OrderId, string]>).map(([key, orderId, sequence]) => ({
          id: "C4",
          tenantId,
          orderId,
          message: `the answer remembered under key ${JSON.stringify(key)} is event ${sequence}, which does not exist`
        }))
    )

  /** Assets of the registry that the subscriptions do not agree with. */
  const strayAssets = (tenantId: TenantId): Stream.Stream<StoreFault, StoreUnavailable> =>
    Stream.paginate("", (after) =>
      Effect.map(
        read(disagreements(sql, tenantId, after, Number(rowsInPage))),
        ({ last, found }) =>
          [found.map(({ message }): StoreFault => ({ id: "S7", tenantId, message })), Option.fromNullishOr(last)] as const
      )
    )

  /** SKUs whose stock is not the sum over the lines. Both are looked at in one moment, so what is committed meanwhile makes no difference. */
  const miscounted = (tenantId: TenantId) =>
    Effect.map(
      read(
        sql<{ sku: string; message: string }>`
          SELECT sku, format('%s reserved and %s rented are counted, and the lines have %s and %s',
                             sum(reserved), sum(rented), sum(held), sum(active)) AS message
            FROM (SELECT c.sku, c.reserved, c.rented, 0 AS held, 0 AS active FROM order_lifecycle.stock_counts c
                   WHERE c.tenant_id = ${tenantId}::text
                  UNION ALL
                  SELECT r.sku, 0, 0, r.held, r.active FROM order_lifecycle.reservations r WHERE r.tenant_id = ${tenantId}::text) AS parts
           GROUP BY sku HAVING sum(reserved) <> sum(held) OR sum(rented) <> sum(active) ORDER BY sku`
      ),
      (rows) => rows.map(({ sku, message }): StoreFault => ({ id: "S8", tenantId, message: `of ${sku} ${message}` }))
    )

  /** Sessions that are in the middle of a transaction, hold locks on the tables, and have done nothing for a while. */
  const idleSessions = Effect.map(
    read(
      sql<{ pid: string; application: string; seconds: string }>`
        SELECT a.pid::text AS pid, a.application_name AS application,
               extract(epoch FROM now() - a.state_change)::integer::text AS seconds
          FROM pg_stat_activity a
         WHERE a.datname = current_database() AND a.state LIKE 'idle in transaction%' AND a.pid <> pg_backend_pid()
           AND a.state_change <= now() - ${String(Duration.toMillis(options?.idleAfter ?? "5 seconds"))}::text::float8 * interval '1 millisecond'
           AND EXISTS (SELECT 1 FROM pg_locks l JOIN pg_class t ON t.oid = l.relation
                        WHERE l.pid = a.pid AND t.relnamespace = 'order_lifecycle'::regnamespace)
         ORDER BY a.pid`
    ),
    (rows) =>
      rows.map(({ pid, application, seconds }): StoreFault => ({
        id: "R1",
        message: `session ${pid} (${application || "unnamed"}) holds locks on orders and has done nothing for ${seconds} s`
      }))
  )

  const backstops = Effect.map(read(missingBackstops(sql)), (missing) =>
    missing.map((what): StoreFault => ({ id: "B1", message: `${what} is missing or switched off` }))
  )

  return OrderRecords.of({
    tenantIds,
    read: readPage,
    hashesOf,
    faults: (tenantId) =>
      tenantId === null
        ? Stream.concat(Stream.fromIterableEffect(backstops), Stream.fromIterableEffect(idleSessions))
        : rentedTwice(tenantId).pipe(
            Stream.concat(strayAssets(tenantId)),
            Stream.concat(Stream.fromIterableEffect(miscounted(tenantId))),
            Stream.concat(answersWithoutEvent(tenantId))
          )
  })
})
