/**
 * `OrderStore` on PostgreSQL 15 or later, over any `SqlClient`. The tables are made by `migrate`.
 *
 * Reads here; the statement that commits is in `commitStatement.ts`, the one that erases in `eraseStatement.ts`, those of the
 * outbox in `outboxStatements.ts`, what a failed statement means in `sqlFailure.ts`.
 */
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { MigrationError } from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { CustomerId, OrderId, SubscriptionId, TenantId } from "../order/Order.ts"
import {
  type Change,
  type CommitOutcome,
  type EventKey,
  type IdempotencyKey,
  type Loaded,
  type LoadRequest,
  type OrderQuery,
  type OrderSort,
  OrderStore,
  OutcomeUnknown,
  type Remembered,
  RememberedOutcome,
  type Stock,
  StoreUnavailable,
  type SubscriptionOfOrder,
  type SubscriptionQuery
} from "../lifecycle/OrderStore.ts"
import type { OrderRecords } from "../lifecycle/OrderRecords.ts"
import { commitStatement } from "./commitStatement.ts"
import { detached } from "./detached.ts"
import { eraseStatement } from "./eraseStatement.ts"
import { eventColumns, type EventRow, joinConfidential, toSealedEvent } from "./eventRows.ts"
import { migrate } from "./migrate.ts"
import { orderColumns, type OrderRow, toOrder } from "./orderRows.ts"
import { outboxOperations } from "./outboxStatements.ts"
import * as PostgresOrderRecords from "./PostgresOrderRecords.ts"
import { type SqlFailure, sqlFailureOf } from "./sqlFailure.ts"

/** Over a database whose tables are there. What is in them can be verified, too. */
export const layer: Layer.Layer<OrderStore | OrderRecords, never, SqlClient.SqlClient> = Layer.merge(
  Layer.effect(
    OrderStore,
    Effect.suspend(() => make)
  ),
  PostgresOrderRecords.layer()
)

/** Bring the tables up to date first. */
export const layerMigrated: Layer.Layer<OrderStore | OrderRecords, MigrationError | SqlError, SqlClient.SqlClient> = Layer.unwrap(
  Effect.as(migrate, layer)
)

/** A statement that failed and was understood: anything but a mistake, which is a defect. */
class StatementFailed extends Data.TaggedError("StatementFailed")<{
  readonly failure: Exclude<SqlFailure, "mistake">
  readonly cause: unknown
}> {}

const make = Effect.gen(function* () {
  const sql = (yield* SqlClient.SqlClient).withoutTransforms()

  /** Where the caller is within `exclusively`: the statement belongs to its transaction, whose owner waits and decides. */
  const inTransaction = Effect.map(Effect.serviceOption(sql.transactionService), Option.isSome)

  // --- running statements ------------------------------------------------------------------------------------------------------------

  /** Tell what the failure of a statement means; leave everything else as it is. */
  const understand = <A, E>(cause: Cause.Cause<E>): Effect.Effect<A, StatementFailed | E> => {
    const failure = sqlFailureOf(cause)
    if (failure === null) return Effect.failCause(cause)
    if (failure === "mistake") return Effect.die(Cause.squash(cause))
    return Effect.fail(new StatementFailed({ failure, cause: Cause.squash(cause) }))
  }

  /** Wait for work that may never end. */
  const waitFor = <A, E, R>(work: Effect.Effect<A, E, R>, whenCallerLeaves: "finish" | "stop") =>
    Effect.flatMap(
      detached(work, whenCallerLeaves),
      Option.match({
        onNone: () => Effect.fail(new StatementFailed({ failure: "unclear", cause: new Error("no answer within the deadline") })),
        onSome: (exit): Effect.Effect<A, E | StatementFailed> =>
          Exit.isSuccess(exit) ? Effect.succeed(exit.value) : understand<A, E>(exit.cause)
      })
    )

  /** A statement that only reads: whatever goes wrong, nothing was done. */
  const read = <A>(statement: Effect.Effect<A, SqlError>): Effect.Effect<A, StoreUnavailable> =>
    Effect.flatMap(inTransaction, (inside) =>
      inside ? Effect.catchCause(statement, understand<A, SqlError>) : waitFor(statement, "stop")
    ).pipe(Effect.mapError((error) => new StoreUnavailable({ cause: causeOf(error) })))

  /**
   * A statement that writes, with its failure understood. Within a transaction it runs behind a savepoint, so that a failure leaves the
   * transaction usable; and as nothing is committed before the transaction is, no failure within it is unclear.
   */
  const write = <A>(statement: Effect.Effect<A, SqlError>): Effect.Effect<A, StatementFailed> =>
    Effect.flatMap(inTransaction, (inside): Effect.Effect<A, StatementFailed | SqlError> =>
      inside
        ? Effect.catchCause(sql.withTransaction(statement), understand<A, SqlError>).pipe(
            Effect.mapError((error) =>
              error._tag === "StatementFailed" && error.failure === "unclear"
                ? new StatementFailed({ failure: "refused", cause: error.cause })
                : error
            )
          )
        : waitFor(statement, "finish")
    ).pipe(
      Effect.catchTag("SqlError", (error) => Effect.die(error)),
      Effect.retry({ times: 1, while: (error) => error.failure === "overtaken" })
    )

  /** As `write`, for statements in whose way no other order can be. */
  const writePlainly = <A>(statement: Effect.Effect<A, SqlError>) => Effect.catch(write(statement), unavailableOrUnknown)

  const unavailableOrUnknown = ({ failure, cause }: StatementFailed): Effect.Effect<never, StoreUnavailable | OutcomeUnknown> =>
    Effect.fail(failure === "unclear" ? new OutcomeUnknown({ cause }) : new StoreUnavailable({ cause }))

  // --- load --------------------------------------------------------------------------------------------------------------------------

  const load = (requests: ReadonlyArray<LoadRequest>): Effect.Effect<ReadonlyArray<Loaded>, StoreUnavailable> => {
    if (requests.length === 0) return Effect.succeed([])
    const records = requests.map(({ tenantId, order, idempotency, serialNumber }, n) => ({
      n,
      tenant_id: tenantId,
      ...("orderId" in order ? { order_id: order.orderId } : { subscription_id: order.subscriptionId }),
      key: idempotency?.key,
      now: idempotency?.now,
      serial_number: serialNumber
    }))
    return read(
      sql<LoadedRow>`
        SELECT found.*, o.head_hash, k.fingerprint, k.outcome::text AS outcome,
               EXISTS (SELECT 1 FROM order_lifecycle.subscriptions s
                        WHERE s.tenant_id = r.tenant_id AND s.serial_number = r.serial_number AND s.status = 'active') AS serial_is_rented
          FROM json_to_recordset(${JSON.stringify(records)}::text::json)
               AS r (n integer, tenant_id text, order_id text, subscription_id text, key text, now text, serial_number text)
          LEFT JOIN LATERAL (SELECT * FROM order_lifecycle.orders
                              WHERE tenant_id = r.tenant_id
                                AND order_id = coalesce(r.order_id, (SELECT s.order_id FROM order_lifecycle.subscriptions s
                                                                      WHERE s.tenant_id = r.tenant_id
                                                                        AND s.subscription_id = r.subscription_id))
                              LIMIT 1) o ON true
          LEFT JOIN LATERAL (SELECT ${sql.literal(orderColumns)} LIMIT 1) found ON true
          LEFT JOIN LATERAL (SELECT * FROM order_lifecycle.idempotency
                              WHERE tenant_id = r.tenant_id AND key = r.key AND expires_at >= r.now LIMIT 1) k ON true
         ORDER BY r.n`
    ).pipe(
      Effect.map((rows) =>
        rows.map((row) => ({
          order: row.order_id === null ? null : toOrder(row as OrderRow),
          headHash: row.head_hash,
          remembered: toRemembered(row),
          serialIsRented: row.serial_is_rented
        }))
      )
    )
  }

  const loadPlacing = (request: {
    readonly tenantId: TenantId
    readonly emailKey: string
    readonly idempotency?: { readonly key: string; readonly now: string }
  }) =>
    read(
      sql<RememberedRow & { customer_id: CustomerId | null }>`
        SELECT c.customer_id, k.fingerprint, k.outcome::text AS outcome
          FROM (SELECT 1) AS one
          LEFT JOIN order_lifecycle.customers c ON c.tenant_id = ${request.tenantId}::text AND c.email_key = ${request.emailKey}::text
          LEFT JOIN order_lifecycle.idempotency k
                 ON k.tenant_id = ${request.tenantId}::text AND k.key = ${request.idempotency?.key ?? null}::text
                AND k.expires_at >= ${request.idempotency?.now ?? null}::text`
    ).pipe(Effect.map(([row]) => ({ customerId: row?.customer_id ?? null, remembered: row ? toRemembered(row) : null })))

  // --- commit ------------------------------------------------------------------------------------------------------------------------

  const commit = (
    changes: ReadonlyArray<Change>
  ): Effect.Effect<ReadonlyArray<CommitOutcome>, StoreUnavailable | OutcomeUnknown> => {
    if (changes.length === 0) return Effect.succeed([])
    return write(commitStatement(sql, changes)).pipe(
      Effect.map(([row]) => {
        const committed = new Set(JSON.parse(row?.committed ?? "[]") as ReadonlyArray<number>)
        return changes.map((_, n): CommitOutcome => (committed.has(n) ? "committed" : "conflict"))
      }),
      Effect.catch((error): Effect.Effect<ReadonlyArray<CommitOutcome>, StoreUnavailable | OutcomeUnknown> => {
        if (error.failure !== "taken") return unavailableOrUnknown(error)
        if (changes.length === 1) return Effect.succeed(["conflict"])
        return Effect.suspend(() => commitEach(changes))
      })
    )
  }

  /** One of them lost, and took the whole statement with it. Each by itself, so that its neighbours are not failed. */
  const commitEach = Effect.fnUntraced(function* (changes: ReadonlyArray<Change>) {
    const outcomes: Array<CommitOutcome> = []
    for (const change of changes) {
      const outcome = yield* Effect.result(commit([change]))
      if (Result.isSuccess(outcome)) outcomes.push(...outcome.success)
      // "Unavailable" would say that nothing was done, and some of it was.
      else if (outcomes.includes("committed")) return yield* new OutcomeUnknown({ cause: outcome.failure.cause })
      else return yield* outcome.failure
    }
    return outcomes
  })

  const exclusively = <A, E, R>(
    order: { readonly tenantId: TenantId; readonly orderId: OrderId },
    use: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | StoreUnavailable | OutcomeUnknown, R> =>
    Effect.suspend(() => {
      // How far it came: only a failure while the transaction is being committed leaves open whether it was.
      let used: { readonly succeeded: true } | { readonly error: E } | undefined
      let isGivenUp = false
      const transaction = sql.withTransaction(
        Effect.gen(function* () {
          yield* sql`SELECT set_config('lock_timeout', '2s', true)`
          yield* sql`SELECT 1 FROM order_lifecycle.orders
                      WHERE tenant_id = ${order.tenantId}::text AND order_id = ${order.orderId}::text FOR UPDATE`
          const answer = yield* Effect.tapError(use, (error) => Effect.sync(() => (used = { error })))
          // Whoever has been told that nothing was done must not be contradicted now.
          if (isGivenUp) return yield* Effect.interrupt
          used = { succeeded: true }
          return answer
        })
      )
      return waitFor(transaction, "finish").pipe(
        Effect.catch((error): Effect.Effect<never, E | StoreUnavailable | OutcomeUnknown> => {
          if (used !== undefined && "error" in used) return Effect.fail(used.error)
          if (!(error instanceof StatementFailed)) return Effect.die(error)
          const isUnclear = error.failure === "unclear" && used !== undefined
          isGivenUp = !isUnclear
          return Effect.fail(
            isUnclear ? new OutcomeUnknown({ cause: error.cause }) : new StoreUnavailable({ cause: error.cause })
          )
        })
      )
    })

  // --- keys, notes -------------------------------------------------------------------------------------------------------------------

  const rememberRefusal = ({ tenantId, key, fingerprint, expiresAt }: IdempotencyKey, refusal: unknown, now: string) =>
    writePlainly(
      // The row that is there already is written as it was, because only a written row is returned.
      sql<RememberedRow>`
        INSERT INTO order_lifecycle.idempotency AS k (tenant_id, key, fingerprint, outcome, remembered_at, expires_at)
        VALUES (${tenantId}::text, ${key}::text, ${fingerprint}::text, ${encodeOutcome({ outcome: "refused", refusal })}::text::json,
                ${now}::text, ${expiresAt}::text)
        ON CONFLICT (tenant_id, key) DO UPDATE SET
          (fingerprint, outcome, remembered_at, expires_at) = (
            SELECT fresh.fingerprint, fresh.outcome, fresh.remembered_at, fresh.expires_at
              FROM (VALUES (EXCLUDED.fingerprint, EXCLUDED.outcome, EXCLUDED.remembered_at, EXCLUDED.expires_at, true),
                           (k.fingerprint, k.outcome, k.remembered_at, k.expires_at, false))
                   AS fresh (fingerprint, outcome, remembered_at, expires_at, is_new)
             WHERE fresh.is_new = (k.expires_at < EXCLUDED.remembered_at))
        RETURNING fingerprint, outcome::text AS outcome`
    ).pipe(
      Effect.map(([row]) => {
        const remembered = row === undefined ? null : toRemembered(row)
        if (remembered === null) throw new Error("an idempotency key was written and is not there")
        return remembered
      })
    )

  const forgetExpired = (now: string, limit: number) =>
    writePlainly(
      sql`
        DELETE FROM order_lifecycle.idempotency k USING (
          SELECT tenant_id, key FROM order_lifecycle.idempotency
           WHERE expires_at < ${now}::text ORDER BY expires_at LIMIT ${String(limit)}::text::integer FOR UPDATE SKIP LOCKED) AS expired
         WHERE k.tenant_id = expired.tenant_id AND k.key = expired.key
        RETURNING 1 AS one`
    ).pipe(Effect.map((rows) => rows.length))

  const eraseText = (event: EventKey) => writePlainly(eraseStatement(sql, event)).pipe(Effect.map((rows) => rows.length > 0))

  const rewriteNotes = (tenantId: TenantId, orderId: OrderId, notes: string) =>
    writePlainly(
      sql`UPDATE order_lifecycle.orders SET notes = ${notes}::text
           WHERE tenant_id = ${tenantId}::text AND order_id = ${orderId}::text RETURNING 1 AS one`
    ).pipe(Effect.map((rows) => rows.length > 0))

  // --- lists -------------------------------------------------------------------------------------------------------------------------

  const listOrders = (query: OrderQuery) => {
    const column = sql.literal(sortColumn[query.sortBy])
    const direction = sql.literal(query.sortDir === "desc" ? "DESC" : "ASC")
    const behind = sql.literal(query.sortDir === "desc" ? "<" : ">")
    const type = sql.literal(query.sortBy === "totals.total" ? "text::bigint" : "text")
    const conditions = [
      sql`o.tenant_id = ${query.tenantId}::text`,
      ...(query.status === undefined ? [] : [sql`o.status = ${query.status}::text`]),
      ...(query.customerId === undefined ? [] : [sql`o.customer_id = ${query.customerId}::text`]),
      ...(query.after === undefined
        ? []
        : [sql`(${column}, o.order_id) ${behind} (${String(query.after.value)}::${type}, ${query.after.id}::text)`])
    ]
    // First the page, then what belongs to its orders.
    return read(
      sql<OrderRow>`
        SELECT ${sql.literal(orderColumns)} FROM (
          SELECT * FROM order_lifecycle.orders o WHERE ${sql.and(conditions)}
           ORDER BY ${column} ${direction}, o.order_id ${direction} LIMIT ${String(query.limit)}::text::integer) AS o
         ORDER BY ${column} ${direction}, o.order_id ${direction}`
    ).pipe(Effect.map((rows) => rows.map(toOrder)))
  }

  const listSubscriptions = (query: SubscriptionQuery) => {
    const conditions = [
      sql`s.tenant_id = ${query.tenantId}::text`,
      ...(query.orderId === undefined ? [] : [sql`s.order_id = ${query.orderId}::text`]),
      ...(query.status === undefined ? [] : [sql`s.status = ${query.status}::text`]),
      ...(query.customerId === undefined ? [] : [sql`s.customer_id = ${query.customerId}::text`]),
      ...(query.serialNumber === undefined ? [] : [sql`s.serial_number = ${query.serialNumber}::text`]),
      ...(query.after === undefined
        ? []
        : [sql`(s.created_at, s.subscription_id) < (${String(query.after.value)}::text, ${query.after.id}::text)`])
    ]
    return read(
      sql<OrderRow & { subscription_id: SubscriptionId }>`
        SELECT page.subscription_id, ${sql.literal(orderColumns)}
          FROM (SELECT * FROM order_lifecycle.subscriptions s WHERE ${sql.and(conditions)}
                 ORDER BY s.created_at DESC, s.subscription_id DESC LIMIT ${String(query.limit)}::text::integer) AS page
          JOIN order_lifecycle.orders o ON o.tenant_id = page.tenant_id AND o.order_id = page.order_id
         ORDER BY page.created_at DESC, page.subscription_id DESC`
    ).pipe(Effect.map((rows) => rows.map(toSubscriptionOfOrder)))
  }

  const findSubscription = (tenantId: TenantId, subscriptionId: SubscriptionId) =>
    read(
      sql<OrderRow & { subscription_id: SubscriptionId }>`
        SELECT s.subscription_id, ${sql.literal(orderColumns)}
          FROM order_lifecycle.subscriptions s
          JOIN order_lifecycle.orders o ON o.tenant_id = s.tenant_id AND o.order_id = s.order_id
         WHERE s.tenant_id = ${tenantId}::text AND s.subscription_id = ${subscriptionId}::text`
    ).pipe(Effect.map(([row]) => (row === undefined ? null : toSubscriptionOfOrder(row))))

  const stock = (tenantId: TenantId, sku: string): Effect.Effect<Stock, StoreUnavailable> =>
    read(
      sql<{ reserved: number; rented: number }>`
        SELECT coalesce(sum(held), 0)::float8 AS reserved, coalesce(sum(active), 0)::float8 AS rented
          FROM order_lifecycle.reservations
         WHERE tenant_id = ${tenantId}::text AND sku = ${sku}::text AND held + active > 0`
    ).pipe(Effect.map(([row]) => row ?? { reserved: 0, rented: 0 }))

  const history = (tenantId: TenantId, orderId: OrderId, upTo?: number) =>
    read(
      sql<EventRow>`
        SELECT ${sql.literal(eventColumns)} FROM order_lifecycle.audit_events e ${sql.literal(joinConfidential)}
         WHERE e.tenant_id = ${tenantId}::text AND e.order_id = ${orderId}::text
           AND e.sequence <= ${String(upTo ?? 2 ** 31 - 1)}::text::integer
         ORDER BY e.sequence`
    ).pipe(Effect.map((rows) => rows.map(toSealedEvent)))

  const orderIds = (tenantId: TenantId, after: OrderId | null, limit: number) =>
    read(
      sql<{ order_id: OrderId }>`
        SELECT order_id FROM order_lifecycle.orders WHERE tenant_id = ${tenantId}::text AND order_id > ${after ?? ""}::text
         ORDER BY order_id LIMIT ${String(limit)}::text::integer`
    ).pipe(Effect.map((rows) => rows.map((row) => row.order_id)))

  return OrderStore.of({
    load,
    loadPlacing,
    commit,
    exclusively,
    rememberRefusal,
    forgetExpired,
    eraseText,
    rewriteNotes,
    listOrders,
    listSubscriptions,
    findSubscription,
    stock,
    history,
    orderIds,
    ...outboxOperations(sql, { read, write: writePlainly })
  })
})

const causeOf = (error: StatementFailed | SqlError): unknown => (error._tag === "StatementFailed" ? error.cause : error)

// --- rows ----------------------------------------------------------------------------------------------------------------------------

const sortColumn: Readonly<Record<OrderSort, string>> = {
  createdAt: "o.created_at",
  updatedAt: "o.updated_at",
  orderId: "o.order_id",
  status: "o.status",
  "totals.total": "o.total_minor"
}

interface RememberedRow {
  readonly fingerprint: string | null
  readonly outcome: string | null
}

/** The order's columns are null where there is no order. */
type LoadedRow = RememberedRow &
  (OrderRow | { readonly order_id: null }) & { readonly head_hash: string | null; readonly serial_is_rented: boolean }

const OutcomeText = Schema.fromJsonString(RememberedOutcome)
const decodeOutcome = Schema.decodeUnknownSync(OutcomeText)
const encodeOutcome = Schema.encodeUnknownSync(OutcomeText)

const toRemembered = ({ fingerprint, outcome }: RememberedRow): Remembered | null =>
  fingerprint === null || outcome === null ? null : { fingerprint, outcome: decodeOutcome(outcome) }

const toSubscriptionOfOrder = (row: OrderRow & { readonly subscription_id: SubscriptionId }): SubscriptionOfOrder => {
  const order = toOrder(row)
  const subscription = order.subscriptions.find((each) => each.subscriptionId === row.subscription_id)
  if (subscription === undefined) throw new Error(`order ${order.orderId} does not have its subscription ${row.subscription_id}`)
  return { subscription, order }
}
