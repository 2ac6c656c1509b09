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
import * as Schema from "effect/Schema"
import type { MigrationError } from "effect/sql/Migrator"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Fragment } from "effect/sql/Statement"
import { decimalsOnceAssumed } from "../order/Money.ts"
import type { Lookup } from "../order/lookups.ts"
import type { FilterValue } from "../order/process/OwnFilters.ts"
import { subscriptionPosition } from "../lifecycle/paging.ts"
import {
  type CustomerId,
  type Order,
  type OrderId,
  type SubscriptionId,
  SubscriptionStatus,
  type TenantId
} from "../order/Order.ts"
import {
  type Change,
  type CommitOutcome,
  type EventKey,
  type IdempotencyKey,
  type Loaded,
  type LoadRequest,
  type NotesOwner,
  type OrderQuery,
  type OrderSort,
  OrderStore,
  OutcomeUnknown,
  type PagePosition,
  type Period,
  type Remembered,
  RememberedOutcome,
  type Row,
  RowRefused,
  type Stock,
  StoreUnavailable,
  type SubscriptionOfOrder,
  type SubscriptionQuery,
  type SubscriptionSort,
  type Transaction
} from "../lifecycle/OrderStore.ts"
import { type JoinedStore, JoinsTransactions, type OpenTransaction } from "../lifecycle/OpenTransaction.ts"
import type { OrderRecords } from "../lifecycle/OrderRecords.ts"
import { byTenant, commitInTurn } from "../lifecycle/byTenant.ts"
import { noAnswerInTime } from "../lifecycle/Deadline.ts"
import { SharesStatements } from "../lifecycle/shared.ts"
import { type LoadedPlacing, type PlacingRequest, sharingStore } from "../lifecycle/sharingStore.ts"
import { assetOperations, assetTuple, toAsset } from "./assetStatements.ts"
import { commitStatement, type WhenLocked } from "./commitStatement.ts"
import { dataOperations, valueText } from "./dataStatements.ts"
import { detached } from "./detached.ts"
import { eraseStatement } from "./eraseStatement.ts"
import { eventColumns, type EventRow, joinConfidential, toSealedEvent } from "./eventRows.ts"
import { migrate } from "./migrate.ts"
import { orderColumns, type OrderRow, subscriptionTuple, type SubscriptionTuple, toOrder, toSubscription } from "./orderRows.ts"
import type { UnsuitableDatabase } from "./PostgresConnection.ts"
import { clientOver, requirePlainRows } from "./clientOver.ts"
import { KeepsStatistics, type PlanRenewal, planRenewalOf } from "./planRenewal.ts"
import { clientIn, ourClient, SchemaName, schemaOf } from "./schemaName.ts"
import { walkTenants } from "./walkTenants.ts"
import { dueOperations } from "./dueStatements.ts"
import { outboxOperations } from "./outboxStatements.ts"
import * as PostgresOrderRecords from "./PostgresOrderRecords.ts"
import { refusedByWhole } from "./refusedByWhole.ts"
import {
  errorOf,
  inWords,
  isLockTimeout,
  ownRowsFailure,
  type SqlFailure,
  sqlFailureOf,
  TransactionMustRestart
} from "./sqlFailure.ts"

/** Over a database whose tables are there. What is in them can be verified, too. */
export const layer: Layer.Layer<OrderStore | OrderRecords, never, SqlClient.SqlClient> = Layer.mergeAll(
  Layer.effect(
    OrderStore,
    Effect.suspend(() => make)
  ),
  PostgresOrderRecords.layer(),
  Layer.effect(
    JoinsTransactions,
    Effect.map(SchemaName, (schema) => (transaction: OpenTransaction) => joinedStore(transaction, schema))
  )
)

/** Bring the tables up to date first. */
export const layerMigrated: Layer.Layer<
  OrderStore | OrderRecords,
  MigrationError | SqlError | UnsuitableDatabase,
  SqlClient.SqlClient
> = Layer.unwrap(Effect.as(migrate, layer))

/** A statement that failed and was understood: anything but a mistake, which is a defect. */
class StatementFailed extends Data.TaggedError("StatementFailed")<{
  readonly failure: Exclude<SqlFailure, "mistake">
  readonly cause: unknown
}> {}

const make = Effect.gen(function* () {
  const sql = yield* ourClient
  return storeOver(sql, planRenewalOf(sql, yield* KeepsStatistics), null, yield* SharesStatements)
})

/** A store on the caller's transaction. The caller commits it, so nothing is told before they say that they did. */
const joinedStore = (transaction: OpenTransaction, schema: string): Effect.Effect<JoinedStore> =>
  Effect.map(Effect.tap(clientOver(transaction), requirePlainRows), (client) => {
    const sql = clientIn(client, schema)
    const waiting: Array<Effect.Effect<void>> = []
    const afterCommit = (effect: Effect.Effect<void>) => Effect.sync(() => void waiting.push(effect))
    // Its statements are not prepared by name, so that each has the plan of now.
    const plans: PlanRenewal = { renewed: (statement) => statement, note: () => {} }
    return {
      store: storeOver(sql, plans, { afterCommit }),
      committed: Effect.suspend(() => Effect.forEach(waiting.splice(0), (each) => each, { discard: true }))
    }
  })

/** `joined`: the whole store is in one transaction, which the caller commits. */
const storeOver = (
  sql: SqlClient.SqlClient,
  plans: PlanRenewal,
  joined: Transaction | null,
  sharesStatements = false
): OrderStore["Service"] => {
  /** Where the caller is within `exclusively`: the statement belongs to its transaction, whose owner waits and decides. */
  const inTransaction =
    joined === null ? Effect.map(Effect.serviceOption(sql.transactionService), Option.isSome) : Effect.succeed(true)

  const afterCommit = (effect: Effect.Effect<void>) => sql.afterCommit(effect)
  const currentTransaction =
    joined === null
      ? Effect.map(inTransaction, (inside) => (inside ? { afterCommit } : null))
      : Effect.succeed<Transaction | null>(joined)

  // --- running statements ------------------------------------------------------------------------------------------------------------

  /** Tell what the failure of a statement means; leave everything else as it is. */
  const understand = <A, E>(cause: Cause.Cause<E>): Effect.Effect<A, StatementFailed | E> => {
    const failure = sqlFailureOf(cause)
    if (failure === null) return Effect.failCause(cause)
    if (failure === "mistake") return Effect.die(Cause.squash(cause))
    return Effect.fail(new StatementFailed({ failure, cause: errorOf(cause) }))
  }

  /** Wait for work that may never end. */
  const waitFor = <A, E, R>(work: Effect.Effect<A, E, R>, whenCallerLeaves: "finish" | "stop") =>
    Effect.flatMap(
      detached(work, whenCallerLeaves),
      Option.match({
        onNone: () => Effect.fail(new StatementFailed({ failure: "unclear", cause: noAnswerInTime() })),
        onSome: (exit): Effect.Effect<A, E | StatementFailed> =>
          Exit.isSuccess(exit) ? Effect.succeed(exit.value) : understand<A, E>(exit.cause)
      })
    )

  /**
   * A statement that only reads: whatever goes wrong, nothing was done. Within a transaction it stands behind a savepoint, too: a read that
   * fails is no reason to lose what the caller did before it.
   */
  const read = <A>(statement: Effect.Effect<A, SqlError>): Effect.Effect<A, StoreUnavailable> =>
    Effect.flatMap(inTransaction, (inside) =>
      inside
        ? Effect.catchCause(sql.withTransaction(plans.renewed(statement)), understand<A, SqlError>)
        : waitFor(plans.renewed(statement), "stop")
    ).pipe(Effect.mapError((error) => new StoreUnavailable({ cause: causeOf(error) })))

  /**
   * A statement that writes, with its failure understood. Within a transaction it runs behind a savepoint, so that a failure leaves the
   * transaction usable; and as nothing is committed before the transaction is, no failure within it is unclear.
   */
  const write = <A>(statement: Effect.Effect<A, SqlError>): Effect.Effect<A, StatementFailed> =>
    Effect.flatMap(inTransaction, (inside): Effect.Effect<A, StatementFailed | SqlError> =>
      inside
        ? Effect.catchCause(sql.withTransaction(plans.renewed(statement)), understand<A, SqlError>).pipe(
            Effect.mapError((error) =>
              error._tag === "StatementFailed" && error.failure === "unclear"
                ? new StatementFailed({ failure: "refused", cause: error.cause })
                : error
            ),
            Effect.retry({ times: 1, while: isOvertaken }),
            // Overtaken again, from behind a savepoint: what this transaction sees of the order is too old, and stays so.
            Effect.mapError((error) =>
              isOvertaken(error)
                ? new StatementFailed({ failure: "refused", cause: new TransactionMustRestart({ cause: causeOf(error) }) })
                : error
            )
          )
        : waitFor(plans.renewed(statement), "finish")
    ).pipe(
      Effect.catchTag("SqlError", (error) => Effect.die(error)),
      Effect.retry({ times: 1, while: isOvertaken })
    )

  /** As `write`, for statements in whose way no other order can be. */
  const writePlainly = <A>(statement: Effect.Effect<A, SqlError>) => Effect.catch(write(statement), unavailableOrUnknown)

  /** As `write`, for a statement that answers with a row when it has written. A key that is taken is a lost race, as no row is. */
  const writePinned = (
    statement: Effect.Effect<ReadonlyArray<unknown>, SqlError>
  ): Effect.Effect<CommitOutcome, StoreUnavailable | OutcomeUnknown> =>
    Effect.map(write(statement), (rows): CommitOutcome => (rows.length > 0 ? "committed" : "conflict")).pipe(
      Effect.catch((error) =>
        error.failure === "taken" ? Effect.succeed<CommitOutcome>("conflict") : unavailableOrUnknown(error)
      )
    )

  const unavailableOrUnknown = ({ failure, cause }: StatementFailed): Effect.Effect<never, StoreUnavailable | OutcomeUnknown> =>
    Effect.fail(failure === "unclear" ? new OutcomeUnknown({ cause }) : new StoreUnavailable({ cause }))

  // --- load --------------------------------------------------------------------------------------------------------------------------

  const load = Effect.fnUntraced(function* (requests: ReadonlyArray<LoadRequest>) {
    const answers: Array<Loaded> = []
    for (const [tenantId, ofTenant] of byTenant(requests, (request) => request.tenantId)) {
      const loaded = yield* loadOfTenant(
        tenantId,
        ofTenant.map(({ item }) => item)
      )
      for (const [index, { position }] of ofTenant.entries()) answers[position] = loaded[index] as Loaded
    }
    return answers
  })

  const loadOfTenant = (tenantId: TenantId, requests: ReadonlyArray<LoadRequest>) => {
    const records = requests.map(({ order, idempotency, serialNumber }, n) => ({
      n,
      ...("orderId" in order ? { order_id: order.orderId } : { subscription_id: order.subscriptionId }),
      key: idempotency?.key,
      serial_number: serialNumber
    }))
    // What no request asks for is not looked up: most commands are about no asset.
    const registered = records.some(({ serial_number }) => serial_number !== undefined)
      ? `SELECT ${assetTuple}::text AS asset FROM order_lifecycle.assets a
          WHERE a.tenant_id = $2::text AND a.serial_number = r.serial_number LIMIT 1`
      : "SELECT null::text AS asset"
    // Each lookup is by a whole key and finds one row at most: `LIMIT 1` leaves the planner nothing but to look it up.
    return read(
      sql.unsafe<LoadedRow>(
        `
        SELECT found.*, o.head_hash, k.fingerprint, k.outcome::text AS outcome, k.expires_at, a.serial_is_rented, registered.asset
          FROM json_to_recordset($1::text::json) AS r (n integer, order_id text, subscription_id text, key text, serial_number text)
          LEFT JOIN LATERAL (SELECT s.order_id FROM order_lifecycle.subscriptions s
                              WHERE s.tenant_id = $2::text AND s.subscription_id = r.subscription_id LIMIT 1) named ON true
          LEFT JOIN LATERAL (SELECT * FROM order_lifecycle.orders o
                              WHERE o.tenant_id = $2::text AND o.order_id = coalesce(r.order_id, named.order_id) LIMIT 1) o ON true
          LEFT JOIN LATERAL (SELECT ${orderColumns("$2")} LIMIT 1) found ON true
          LEFT JOIN LATERAL (SELECT * FROM order_lifecycle.idempotency k
                              WHERE k.tenant_id = $2::text AND k.key = r.key LIMIT 1) k ON true
          LEFT JOIN LATERAL (SELECT EXISTS (SELECT 1 FROM order_lifecycle.subscriptions s
                              WHERE s.tenant_id = $2::text AND s.serial_number = r.serial_number AND s.status = 'active')
                                 AS serial_is_rented LIMIT 1) a ON true
          LEFT JOIN LATERAL (${registered}) registered ON true
         ORDER BY r.n`,
        [JSON.stringify(records), tenantId]
      )
    ).pipe(
      Effect.map((rows) =>
        rows.map((row, index): Loaded => ({
          order: row.order_id === null ? null : toOrder(row as OrderRow),
          headHash: row.head_hash,
          remembered: stillRemembered(row, requests[index]?.idempotency?.now),
          serialIsRented: row.serial_is_rented,
          asset: row.asset === null ? null : toAsset(row.asset)
        }))
      )
    )
  }

  const loadPlacings = (tenantId: TenantId, requests: ReadonlyArray<PlacingRequest>) =>
    read(
      sql.unsafe<PlacingRow>(
        `
        SELECT c.customer_id, k.fingerprint, k.outcome::text AS outcome, k.expires_at
          FROM json_to_recordset($1::text::json) AS r (n integer, email_key text, key text)
          LEFT JOIN LATERAL (SELECT * FROM order_lifecycle.customers c
                              WHERE c.tenant_id = $2::text AND c.email_key = r.email_key LIMIT 1) c ON true
          LEFT JOIN LATERAL (SELECT * FROM order_lifecycle.idempotency k
                              WHERE k.tenant_id = $2::text AND k.key = r.key LIMIT 1) k ON true
         ORDER BY r.n`,
        [
          JSON.stringify(requests.map(({ emailKey, idempotency }, n) => ({ n, email_key: emailKey, key: idempotency?.key }))),
          tenantId
        ]
      )
    ).pipe(
      Effect.map((rows) =>
        rows.map((row, index) => ({
          customerId: row.customer_id,
          remembered: stillRemembered(row, requests[index]?.idempotency?.now)
        }))
      )
    )

  const loadPlacing = (request: PlacingRequest) =>
    // One request has one answer.
    Effect.map(loadPlacings(request.tenantId, [request]), ([loaded]) => loaded as LoadedPlacing)

  // --- commit ------------------------------------------------------------------------------------------------------------------------

  const commit = (changes: ReadonlyArray<Change>) =>
    commitInTurn(
      // A transaction that takes locks in several statements takes them in the same order as every other.
      byTenant(changes, ({ transition }) => transition.after.tenantId)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([tenantId, ofTenant]) => ({
          positions: ofTenant,
          commit: commitOfTenant(
            tenantId,
            ofTenant.map(({ item }) => item)
          )
        }))
    )

  const commitOfTenant = (
    tenantId: TenantId,
    changes: ReadonlyArray<Change>
  ): Effect.Effect<ReadonlyArray<CommitOutcome>, StoreUnavailable | OutcomeUnknown> =>
    writeChanges(tenantId, changes, "wait").pipe(
      Effect.map((committed) => changes.map((_, n): CommitOutcome => (committed.has(n) ? "committed" : "conflict"))),
      Effect.catch((error): Effect.Effect<ReadonlyArray<CommitOutcome>, StoreUnavailable | OutcomeUnknown> => {
        if (error.failure !== "taken") return unavailableOrUnknown(error)
        if (changes.length === 1) return Effect.succeed(["conflict"])
        // One of them lost, and took the whole statement with it. Each by itself, so that its neighbours are not failed.
        return commitInTurn(
          changes.map((change, position) => ({ positions: [{ position }], commit: commitOfTenant(tenantId, [change]) }))
        )
      })
    )

  /** Positions of those that were committed. */
  const writeChanges = (tenantId: TenantId, changes: ReadonlyArray<Change>, whenLocked: WhenLocked) =>
    write(Effect.catch(commitStatement(sql, tenantId, changes, whenLocked), blameRows(changes))).pipe(
      Effect.catchDefect(blameWhole),
      Effect.map(([row]) => {
        plans.note(changes.length)
        return new Set(JSON.parse(row?.committed ?? "[]") as ReadonlyArray<number>)
      })
    )

  /** Whatever is not committed at once, because it is locked, has moved on or was in the way of all, is to be committed alone. */
  const commitTogether = (tenantId: TenantId, changes: ReadonlyArray<Change>) =>
    writeChanges(tenantId, changes, "pass").pipe(
      Effect.map((committed) => changes.map((_, n): CommitOutcome | undefined => (committed.has(n) ? "committed" : undefined))),
      Effect.catch((error): Effect.Effect<ReadonlyArray<CommitOutcome | undefined>, StoreUnavailable | OutcomeUnknown> => {
        if (error.failure === "taken" && changes.length === 1) return Effect.succeed(["conflict"])
        return error.failure === "taken" || error.failure === "overtaken" || isLockTimeout(error.cause)
          ? Effect.succeed(changes.map(() => undefined))
          : unavailableOrUnknown(error)
      })
    )

  /** A row that a table of the embedding service's own does not take is that table's, and no lost race. */
  const blameRows = (changes: ReadonlyArray<Change>) => (error: SqlError) => {
    const tables = new Set(changes.flatMap(({ rows = [] }) => rows.map(({ table }) => table)))
    const place = tables.size === 0 ? null : ownRowsFailure(error, schemaOf(sql))
    if (place === null) return Effect.fail(error)
    const { schema, table, column, constraint } = place
    const named = schema === undefined || table === undefined ? [...tables].join(", ") : `${schema}.${table}`
    return Effect.die(new RowRefused({ table: named, column, constraint }, inWords(error), { cause: error }))
  }

  /** What a part of a table did not take, the table did not. */
  const blameWhole = (defect: unknown): Effect.Effect<never> =>
    defect instanceof RowRefused
      ? Effect.flatMap(
          Effect.catch(read(refusedByWhole(sql, defect)), () => Effect.succeed(defect)),
          Effect.die
        )
      : Effect.die(defect)

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
          // In a transaction of the caller's own, how long to wait is the caller's to say.
          if (joined === null) yield* sql`SELECT set_config('lock_timeout', '2s', true)`
          yield* plans.renewed(
            sql`SELECT 1 FROM order_lifecycle.orders o
                 WHERE o.tenant_id = ${order.tenantId}::text AND o.order_id = ${order.orderId}::text FOR UPDATE`
          )
          const answer = yield* Effect.tapError(use, (error) => Effect.sync(() => (used = { error })))
          // Whoever has been told that nothing was done must not be contradicted now.
          if (isGivenUp) return yield* Effect.interrupt
          used = { succeeded: true }
          return answer
        })
      )
      const waited =
        joined === null
          ? waitFor(transaction, "finish")
          : Effect.catchCause(transaction, understand<Effect.Success<typeof transaction>, Effect.Error<typeof transaction>>)
      return waited.pipe(
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

  const forgetExpired = (tenantId: TenantId, now: string, limit: number) =>
    writePlainly(
      sql`
        DELETE FROM order_lifecycle.idempotency k
         WHERE k.tenant_id = ${tenantId}::text AND k.key = ANY (ARRAY(
          SELECT e.key FROM order_lifecycle.idempotency e
           WHERE e.tenant_id = ${tenantId}::text AND e.expires_at < ${now}::text
           ORDER BY e.expires_at LIMIT ${String(limit)}::text::integer FOR UPDATE SKIP LOCKED))
        RETURNING 1 AS one`
    ).pipe(Effect.map((rows) => rows.length))

  const tenantIds = (after: TenantId | null, limit: number) => read(walkTenants(sql, after, limit))

  const eraseText = (event: EventKey) => writePlainly(eraseStatement(sql, event)).pipe(Effect.map((rows) => rows.length > 0))

  const rewriteNotes = (tenantId: TenantId, of: NotesOwner, notes: string, expected?: string) =>
    writePlainly(
      sql`UPDATE ${
        typeof of === "string"
          ? sql`order_lifecycle.orders o SET notes = ${notes}::text
           WHERE o.tenant_id = ${tenantId}::text AND o.order_id = ${of}::text`
          : sql`order_lifecycle.subscriptions o SET notes = ${notes}::text
           WHERE o.tenant_id = ${tenantId}::text AND o.subscription_id = ${of.subscriptionId}::text`
      } AND ${expected === undefined ? sql`true` : sql`coalesce(o.notes, '') = ${expected}::text`} RETURNING 1 AS one`
    ).pipe(Effect.map((rows) => rows.length > 0))

  // --- lists -------------------------------------------------------------------------------------------------------------------------

  const listOrders = (query: OrderQuery) => {
    const { tenantId, created, updated } = query
    const lookups = lookupsAsked(query)
    const [leading, ...others] = lookups
    const columns = leading !== undefined && query.sortBy === "createdAt" ? byCreationLookedUp : sortColumns[query.sortBy]
    const direction = query.sortDir === "desc" ? "DESC" : "ASC"
    const sorted = (by: ReadonlyArray<SortColumn>) => sql.literal(by.map(({ name }) => `${name} ${direction}`).join(", "))
    const selected = sql.literal(`${orderColumns("$1")}, o.currency, o.total_minor::text AS total_minor`)
    const conditions = [
      sql`o.tenant_id = ${tenantId}::text`,
      ...(query.status === undefined ? [] : [sql`o.status IN ${sql.in(query.status)}`]),
      // Always true. It makes the index that has the times behind the status the better one, whatever is known of the table.
      ...(query.status !== undefined && columns === sortColumns.createdAt ? [sql`o.created_at >= ''`] : []),
      // The same moment twice, where the order is looked up: the index that it is found in begins there.
      ...within(leading === undefined ? "o.created_at" : "d.created_at", created),
      ...within("o.updated_at", updated),
      ...(query.customerId === undefined ? [] : [sql`o.customer_id = ${query.customerId}::text`]),
      // As the order has them, whatever the table of what lists find it by says: it may be behind.
      ...Object.entries(query.data ?? {}).map(
        ([member, value]) => sql`(o.data -> ${member}::text)::text = ${valueText(value)}::text`
      ),
      ...others.flatMap((lookup) => ("kind" in lookup ? [isLookedUpBy(tenantId, lookup)] : [])),
      ...(query.after === undefined ? [] : [behind(query, columns, query.after)])
    ]
    const from = leading !== undefined ? ordersWith(tenantId, leading) : (ordersWithin(query) ?? sql`order_lifecycle.orders o`)
    // First the page, then what belongs to its orders.
    return read(
      sql<SortedRow>`
        SELECT ${selected} FROM (
          SELECT o.* FROM ${from}
           WHERE ${sql.and(conditions)} ORDER BY ${sorted(columns)} LIMIT ${String(query.limit)}::text::integer) AS o
         ORDER BY ${sorted(sortColumns[query.sortBy])}`
    ).pipe(Effect.map((rows) => rows.map((row) => toRow(row, toOrder, () => orderPlace(row, query.sortBy)))))
  }

  /** The orders that are found by something, each looked up by itself. */
  const ordersWith = (tenantId: TenantId, asked: Asked) => sql`
    (${
      "kind" in asked
        ? sql`SELECT * FROM order_lifecycle.order_lookups d
               WHERE d.tenant_id = ${tenantId}::text AND d.kind = ${asked.kind}::text AND d.value = ${asked.value}::text`
        : sql`SELECT * FROM order_lifecycle.order_data d
               WHERE d.tenant_id = ${tenantId}::text AND d.member = ${asked.member}::text AND d.value = ${valueText(asked.value)}::text`
    }) AS d
     CROSS JOIN LATERAL (SELECT * FROM order_lifecycle.orders o
                          WHERE o.tenant_id = ${tenantId}::text AND o.order_id = d.order_id LIMIT 1) AS o`

  /** Whether an order is found by something besides: looked for among all that it is found by (`OFFSET 0`), and not among all orders that are. */
  const isLookedUpBy = (tenantId: TenantId, { kind, value }: Lookup) => sql`
    (SELECT true FROM (SELECT * FROM order_lifecycle.order_lookups l
                        WHERE l.tenant_id = ${tenantId}::text AND l.order_id = o.order_id OFFSET 0) AS l
      WHERE l.kind = ${kind}::text AND l.value = ${value}::text LIMIT 1)`

  /** Both ends are always given: the planner takes a range between two unknown ends for a narrow one, and looks it up. */
  const within = (column: string, period: Period | undefined): ReadonlyArray<Fragment> =>
    period === undefined
      ? []
      : [
          sql`${sql.literal(column)} >= ${period.from ?? ""}::text`,
          sql`${sql.literal(column)} < ${period.to ?? behindEveryMoment}::text`
        ]

  /**
   * The orders of a time that is not what they are sorted by, of all customers: looked up by that time and then sorted, because to go through all
   * orders in the order of the list would take the longer the fewer belong to it. Nothing that is asked of the list goes into it (`OFFSET 0`).
   */
  const ordersWithin = ({ tenantId, customerId, sortBy, created, updated }: OrderQuery): Fragment | undefined => {
    if (customerId !== undefined || (created && sortBy === "createdAt") || (updated && sortBy === "updatedAt")) return undefined
    const conditions = created ? within("o.created_at", created) : within("o.updated_at", updated)
    if (conditions.length === 0) return undefined
    return sql`(SELECT * FROM order_lifecycle.orders o WHERE ${sql.and([sql`o.tenant_id = ${tenantId}::text`, ...conditions])} OFFSET 0) AS o`
  }

  /** The rows behind a position: those whose sort columns, taken together, come later in the direction of the list. */
  const behind = ({ sortBy, sortDir }: OrderQuery, columns: ReadonlyArray<SortColumn>, { value, id }: PagePosition): Fragment => {
    const values = [...(typeof value === "string" ? (sortBy === "orderId" ? [] : [value]) : value), id]
    return sql`(${sql.literal(columns.map(({ name }) => name).join(", "))}) ${sql.literal(sortDir === "desc" ? "<" : ">")} (${sql.csv(
      columns.map(({ type }, index) => sql`${String(values[index])}::${sql.literal(type)}`)
    )})`
  }

  const listSubscriptions = (query: SubscriptionQuery) => readSubscriptions(query.tenantId, subscriptionsAsked(query), query)

  const subscriptionsAsked = (query: SubscriptionQuery): SubscriptionsAsked => {
    const { tenantId, status, sku, ends, sortBy, sortDir, after, limit } = query
    const cut = sql`${inTurn(query)} LIMIT ${String(limit)}::text::integer`
    const inTime = within("s.end_date", ends)
    const further =
      after === undefined
        ? []
        : [
            sql`(${sql.literal(`s.${subscriptionColumns[sortBy]}`)}, s.subscription_id) ${sql.literal(sortDir === "desc" ? "<" : ">")}
                (${String(after.value)}::text, ${after.id}::text)`
          ]
    const ofSku = sku === undefined ? [] : [sql`s.sku = ${sku}::text`]
    const ofStatus = status === undefined ? [] : [sql`s.status IN ${sql.in(status)}`]
    const ofFew = [
      ...(query.orderId === undefined ? [] : [sql`s.order_id = ${query.orderId}::text`]),
      ...(query.customerId === undefined ? [] : [sql`s.customer_id = ${query.customerId}::text`]),
      ...(query.serialNumber === undefined ? [] : [sql`s.serial_number = ${query.serialNumber}::text`])
    ]
    const ofTenant = sql`s.tenant_id = ${tenantId}::text`
    const all = sql`order_lifecycle.subscriptions s`
    const looksAtEnds = sortBy === "endDate" || ends !== undefined
    if (!looksAtEnds && (sku === undefined || ofFew.length === 0))
      return { from: all, conditions: [ofTenant, ...ofFew, ...ofStatus, ...ofSku, ...further], cut }
    // Of one order, customer or asset there are few: all of them are looked up by that, and by nothing else (`OFFSET 0`).
    if (ofFew.length > 0) {
      const few = sql`(SELECT s.* FROM ${all} WHERE ${sql.and([ofTenant, ...ofFew])} OFFSET 0) AS s`
      return { from: few, conditions: [...ofStatus, ...ofSku, ...inTime, ...further], cut }
    }
    // Of each status those that end in that time, in the order of their ends: as many as a page has, or all of them, where it is sorted otherwise.
    const [inEach, afterwards] = sortBy === "endDate" ? [further, []] : [[], further]
    const found = sql.and([ofTenant, sql`s.status = each.status`, ...ofSku, ...inTime, ...inEach])
    const statuses = (status ?? SubscriptionStatus.literals).join(" ")
    const ending = sql`(SELECT found.* FROM unnest(string_to_array(${statuses}::text, ' ')) AS each (status)
      CROSS JOIN LATERAL (SELECT s.* FROM ${all} WHERE ${found} ${sortBy === "endDate" ? cut : sql`OFFSET 0`}) AS found) AS s`
    return { from: ending, conditions: [sql`true`, ...afterwards], cut }
  }

  /** Subscriptions `s` in the order of a list. */
  const inTurn = ({ sortBy, sortDir }: Pick<SubscriptionQuery, "sortBy" | "sortDir">): Fragment => {
    const direction = sortDir === "desc" ? "DESC" : "ASC"
    return sql.literal(`ORDER BY s.${subscriptionColumns[sortBy]} ${direction}, s.subscription_id ${direction}`)
  }

  const findSubscription = (tenantId: TenantId, subscriptionId: SubscriptionId) => {
    const conditions = [sql`s.tenant_id = ${tenantId}::text`, sql`s.subscription_id = ${subscriptionId}::text`]
    const asked = { from: sql`order_lifecycle.subscriptions s`, conditions, cut: sql`LIMIT 1` }
    return Effect.map(readSubscriptions(tenantId, asked, { sortBy: "createdAt", sortDir: "desc" }), ([found]) => {
      if (found === undefined) return null
      if ("item" in found) return found.item
      throw found.unreadable.cause
    })
  }

  /** Subscriptions with what belongs to them of their orders. Each order is read once, however many of its rows there are. */
  const readSubscriptions = (
    tenantId: TenantId,
    { from, conditions, cut }: SubscriptionsAsked,
    turn: Pick<SubscriptionQuery, "sortBy" | "sortDir">
  ) =>
    read(
      sql<{ subscriptions: string | null; orders: string | null }>`
        WITH page AS MATERIALIZED (
          SELECT s.order_id, s.line, s.created_at, s.end_date, s.subscription_id, ${sql.literal(subscriptionTuple)} AS subscription
            FROM ${from} WHERE ${sql.and(conditions)} ${cut}),
        found AS MATERIALIZED (
          SELECT o.order_id, o.version, o.status, o.ordered, o.personal
            FROM (SELECT DISTINCT page.order_id FROM page) AS named
           CROSS JOIN LATERAL (SELECT * FROM order_lifecycle.orders o
                                WHERE o.tenant_id = ${tenantId}::text AND o.order_id = named.order_id LIMIT 1) AS o)
        SELECT (SELECT json_agg(json_build_array(s.order_id, s.subscription) ${inTurn(turn)})::text FROM page s) AS subscriptions,
               (SELECT json_agg(json_build_array(o.order_id, o.version, o.status, o.ordered -> 'currency', o.ordered -> 'decimals',
                         o.personal -> 'customer', (SELECT json_agg(json_build_array(l.position - 1, l.line)) FROM json_array_elements(
                            CASE json_typeof(o.ordered -> 'lines') WHEN 'array' THEN o.ordered -> 'lines' END)
                            WITH ORDINALITY AS l(line, position)
                           WHERE (o.order_id, l.position - 1) IN (SELECT p.order_id, p.line FROM page p))))::text
                  FROM found o) AS orders`
    ).pipe(Effect.map(([row]) => toSubscriptionsOfOrders(tenantId, row?.subscriptions ?? "[]", row?.orders ?? "[]", turn.sortBy)))

  const stock = (tenantId: TenantId, sku: string): Effect.Effect<Stock, StoreUnavailable> =>
    read(
      sql<{ reserved: number; rented: number }>`
        SELECT coalesce(sum(c.reserved), 0)::float8 AS reserved, coalesce(sum(c.rented), 0)::float8 AS rented
          FROM order_lifecycle.stock_counts c
         WHERE c.tenant_id = ${tenantId}::text AND c.sku = ${sku}::text`
    ).pipe(Effect.map(([row]) => row ?? { reserved: 0, rented: 0 }))

  const history = (tenantId: TenantId, orderId: OrderId) =>
    read(
      sql<EventRow>`
        SELECT ${sql.literal(eventColumns)} FROM order_lifecycle.audit_events e
          LEFT JOIN order_lifecycle.audit_confidential c
            ON c.tenant_id = ${tenantId}::text AND c.order_id = e.order_id AND c.sequence = e.sequence
         WHERE e.tenant_id = ${tenantId}::text AND e.order_id = ${orderId}::text
         ORDER BY e.sequence`
    ).pipe(Effect.map((rows) => rows.map(toSealedEvent)))

  const event = ({ tenantId, orderId, sequence }: EventKey) =>
    read(
      sql<EventRow>`
        SELECT ${sql.literal(eventColumns)} FROM order_lifecycle.audit_events e ${joinConfidential(sql, tenantId)}
         WHERE e.tenant_id = ${tenantId}::text AND e.order_id = ${orderId}::text AND e.sequence = ${String(sequence)}::text::integer`
    ).pipe(Effect.map(([row]) => (row === undefined ? null : toSealedEvent(row))))

  const orderIds = (tenantId: TenantId, after: OrderId | null, limit: number) =>
    read(
      sql<{ order_id: OrderId }>`
        SELECT o.order_id FROM order_lifecycle.orders o WHERE o.tenant_id = ${tenantId}::text AND o.order_id > ${after ?? ""}::text
         ORDER BY o.order_id LIMIT ${String(limit)}::text::integer`
    ).pipe(Effect.map((rows) => rows.map((row) => row.order_id)))

  const alone = { load, loadPlacing, commit, currentTransaction }

  return OrderStore.of({
    ...alone,
    ...(sharesStatements && sharingStore({ ...alone, loadPlacings, commitTogether })),
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
    event,
    orderIds,
    tenantIds,
    ...outboxOperations(sql, { read, write: writePlainly }),
    ...dueOperations(sql, { read, write: writePlainly }),
    ...dataOperations(sql, { read, write: writePlainly }),
    ...assetOperations(sql, { read, writePinned, stillRemembered })
  })
}

const isOvertaken = (error: StatementFailed | SqlError): boolean =>
  error._tag === "StatementFailed" && error.failure === "overtaken"

const causeOf = (error: StatementFailed | SqlError): unknown => (error._tag === "StatementFailed" ? error.cause : error)

// --- rows ----------------------------------------------------------------------------------------------------------------------------

interface SortColumn {
  readonly name: string
  readonly type: string
}

/** What each list is sorted by, the id last. The whole is an index. */
/** Subscriptions `s` to be read, and which of them are those of the page. */
interface SubscriptionsAsked {
  readonly from: Fragment
  readonly conditions: ReadonlyArray<Fragment>
  readonly cut: Fragment
}

const subscriptionColumns: Readonly<Record<SubscriptionSort, string>> = { createdAt: "created_at", endDate: "end_date" }

const sortColumns: Readonly<Record<OrderSort, ReadonlyArray<SortColumn>>> = {
  createdAt: [
    { name: "o.created_at", type: "text" },
    { name: "o.order_id", type: "text" }
  ],
  updatedAt: [
    { name: "o.updated_at", type: "text" },
    { name: "o.order_id", type: "text" }
  ],
  orderId: [{ name: "o.order_id", type: "text" }],
  status: [
    { name: "o.status", type: "text" },
    { name: "o.order_id", type: "text" }
  ],
  "totals.total": [
    { name: "o.currency", type: "text" },
    { name: "o.total_minor", type: "text::bigint" },
    { name: "o.order_id", type: "text" }
  ]
}

/** What orders are to be found by: something that every order has, or a value of own data. */
type Asked = Lookup | { readonly member: string; readonly value: FilterValue }

/** All that a list asks to find orders by. The first is what they are looked up by, so what tells most stands in front. */
const lookupsAsked = ({ externalReference, emailKey, data = {}, sku }: OrderQuery): ReadonlyArray<Asked> => [
  ...(externalReference === undefined ? [] : [{ kind: "reference", value: externalReference } as const]),
  ...(emailKey === undefined ? [] : [{ kind: "email", value: emailKey } as const]),
  ...Object.entries(data).map(([member, value]) => ({ member, value })),
  ...(sku === undefined ? [] : [{ kind: "sku", value: sku } as const])
]

/** Years have four digits. */
const behindEveryMoment = "~"

/** As by `createdAt`, where orders are looked up: in the order of the index they are found in. */
const byCreationLookedUp: ReadonlyArray<SortColumn> = [
  { name: "d.created_at", type: "text" },
  { name: "d.order_id", type: "text" }
]

/** A row of a list, also of an order that cannot be read. */
const toRow = <Stored extends OrderRow, Item>(
  row: Stored,
  toItem: (row: Stored) => Item,
  position: () => PagePosition
): Row<Item> => {
  try {
    return { item: toItem(row) }
  } catch (cause) {
    return { unreadable: { orderId: row.order_id, cause }, position: position() }
  }
}

type SortedRow = OrderRow & { readonly currency: string; readonly total_minor: string }

/** Where a row of the orders stands, by its columns alone. */
const orderPlace = (row: SortedRow, sortBy: OrderSort): PagePosition => {
  const values: Readonly<Record<OrderSort, PagePosition["value"]>> = {
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    orderId: row.order_id,
    status: row.status,
    "totals.total": [row.currency, Number(row.total_minor)]
  }
  return { value: values[sortBy], id: row.order_id }
}

interface RememberedRow {
  readonly fingerprint: string | null
  readonly outcome: string | null
}

/** The order's columns are null where there is no order. */
type LoadedRow = RememberedRow &
  (OrderRow | { readonly order_id: null }) & {
    readonly head_hash: string | null
    readonly expires_at: string | null
    readonly serial_is_rented: boolean
    readonly asset: string | null
  }

const OutcomeText = Schema.fromJsonString(RememberedOutcome)
const decodeOutcome = Schema.decodeUnknownSync(OutcomeText)
const encodeOutcome = Schema.encodeUnknownSync(OutcomeText)

const toRemembered = ({ fingerprint, outcome }: RememberedRow): Remembered | null =>
  fingerprint === null || outcome === null ? null : { fingerprint, outcome: decodeOutcome(outcome) }

/** What is remembered at `now`. Told here and not in the statement, where the time would be one more way to look the row up. */
const stillRemembered = (
  row: RememberedRow & { readonly expires_at: string | null },
  now: string | undefined
): Remembered | null => (now === undefined || row.expires_at === null || row.expires_at < now ? null : toRemembered(row))

type PlacingRow = RememberedRow & { readonly customer_id: CustomerId | null; readonly expires_at: string | null }

type OrderTuple = readonly [
  orderId: OrderId,
  version: number,
  status: Order["status"],
  currency: Order["currency"],
  decimals: Order["decimals"] | null,
  customer: Order["customer"],
  lines: ReadonlyArray<readonly [position: number, line: SubscriptionOfOrder["line"]]> | null
]

/** The subscriptions of a page, each with what belongs to it of its order. One that cannot be read keeps its place. */
const toSubscriptionsOfOrders = (
  tenantId: TenantId,
  subscriptions: string,
  orders: string,
  sortBy: SubscriptionSort
): ReadonlyArray<Row<SubscriptionOfOrder>> => {
  const found = new Map(
    (JSON.parse(orders) as ReadonlyArray<OrderTuple>).map(([orderId, version, status, currency, decimals, customer, lines]) => [
      orderId,
      {
        order: { tenantId, orderId, version, status, currency, decimals: decimals ?? decimalsOnceAssumed(currency), customer },
        lines: new Map(lines ?? [])
      }
    ])
  )
  return (JSON.parse(subscriptions) as ReadonlyArray<readonly [OrderId, SubscriptionTuple]>).map(([orderId, tuple]) => {
    const subscription = toSubscription(tuple)
    const of = found.get(orderId)
    const line = of?.lines.get(subscription.line)
    if (of !== undefined && line !== undefined) return { item: { subscription, line, order: of.order } }
    return {
      unreadable: { orderId, cause: new Error(`subscription ${subscription.subscriptionId} belongs to no line of its order`) },
      position: subscriptionPosition(subscription, sortBy)
    }
  })
}
