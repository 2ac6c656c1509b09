/**
 * The registry of assets in SQL. The tables are explained in `migrations/0009_assets.ts`; what a change of an order does to assets is a part of the
 * statement that commits it.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { isRentable } from "../asset/assetTable.ts"
import { AssetRecord, AssetStatus, type RegisteredAsset } from "../asset/RegisteredAsset.ts"
import { disagreementOf, type SubscriptionOnAsset } from "../asset/disagreement.ts"
import type { AssetChange, AssetUse } from "../asset/decideAsset.ts"
import type {
  AssetDisagreement,
  AssetQuery,
  AssetSort,
  IdempotencyKey,
  OrderStore,
  OutcomeUnknown,
  Remembered,
  StoreUnavailable
} from "../lifecycle/OrderStore.ts"
import type { CustomerId, SerialNumber, Sku, SubscriptionId, TenantId } from "../order/Order.ts"
import type { Timestamp } from "../order/Timestamp.ts"
import type { Running } from "./outboxStatements.ts"

/** An asset, from a row `a`: null where there is no row. */
export const assetTuple = `CASE WHEN a.serial_number IS NOT NULL THEN json_build_array(a.tenant_id, a.serial_number, a.sku, a.product_name,
  a.status, a.location, a.notes, a.subscription_id, a.customer_id, a.version, a.created_at, a.created_by, a.updated_at) END`

type AssetTuple = readonly [
  tenantId: TenantId,
  serialNumber: SerialNumber,
  sku: Sku,
  productName: string,
  status: AssetStatus,
  location: string | null,
  notes: string | null,
  subscriptionId: SubscriptionId | null,
  customerId: CustomerId | null,
  version: number,
  createdAt: Timestamp,
  createdBy: string,
  updatedAt: Timestamp
]

/** The asset that `assetTuple` selected, as text. */
export const toAsset = (tuple: string): RegisteredAsset => fromTuple(JSON.parse(tuple) as AssetTuple)

const fromTuple = (tuple: AssetTuple): RegisteredAsset => {
  const [tenantId, serialNumber, sku, productName, status, location, notes, ...rest] = tuple
  const [subscriptionId, customerId, version, createdAt, createdBy, updatedAt] = rest
  return {
    tenantId,
    serialNumber,
    sku,
    productName,
    status,
    ...(location !== null && { location }),
    ...(notes !== null && { notes }),
    ...(subscriptionId !== null && { subscriptionId }),
    ...(customerId !== null && { customerId }),
    version,
    createdAt,
    createdBy,
    updatedAt
  }
}

/** The statuses from which an asset can be rented. */
const rentable = AssetStatus.literals.filter(isRentable)

const sortColumns: Readonly<Record<AssetSort, string>> = {
  createdAt: "a.created_at",
  updatedAt: "a.updated_at",
  serialNumber: "a.serial_number",
  status: "a.status",
  sku: "a.sku"
}

/** Where the registry and the subscriptions do not agree, among the next assets by serial number. One row. */
export const disagreements = (sql: SqlClient, tenantId: TenantId, after: string, limit: number) =>
  Effect.map(
    sql<{ last: SerialNumber | null; found: string | null }>`
      WITH page AS (
        SELECT * FROM order_lifecycle.assets a WHERE a.tenant_id = ${tenantId}::text AND a.serial_number > ${after}::text
         ORDER BY a.serial_number LIMIT ${String(limit)}::text::integer)
      SELECT (SELECT max(serial_number) FROM page) AS last,
             (SELECT json_agg(json_build_array(asset, active, bound) ORDER BY serial_number)::text FROM (
                SELECT a.serial_number, ${sql.literal(assetTuple)} AS asset,
                       (SELECT ${onAsset(sql)} FROM order_lifecycle.subscriptions s
                         WHERE s.tenant_id = ${tenantId}::text AND s.serial_number = a.serial_number AND s.status = 'active' LIMIT 1) AS active,
                       (SELECT ${onAsset(sql)} FROM order_lifecycle.subscriptions s
                         WHERE s.tenant_id = ${tenantId}::text AND s.subscription_id = a.subscription_id LIMIT 1) AS bound
                  FROM page a) AS looked) AS found`,
    ([row]) => ({
      last: row?.last ?? null,
      found: (JSON.parse(row?.found ?? "[]") as ReadonlyArray<Looked>).flatMap(
        ([tuple, active, bound]): AssetDisagreement | [] => {
          const asset = fromTuple(tuple)
          const message = disagreementOf(asset, active, bound)
          return message === null ? [] : { serialNumber: asset.serialNumber, message }
        }
      )
    })
  )

type Looked = readonly [asset: AssetTuple, active: SubscriptionOnAsset | null, bound: SubscriptionOnAsset | null]

const onAsset = (sql: SqlClient) =>
  sql.literal(`json_build_object('subscriptionId', s.subscription_id, 'status', s.status,
                                 'assetIsRegistered', coalesce(s.more ->> 'assetIsRegistered' = 'true', false))`)

type AssetOperations = Pick<
  OrderStore["Service"],
  "loadAsset" | "changeAsset" | "listAssets" | "assetRecords" | "rentableAssets" | "assetDisagreements"
>

/** What the registry needs of the store around it. */
interface Around extends Pick<Running, "read"> {
  /** Run a statement that answers with a row when it has written, and to which a taken key is a lost race. */
  readonly writePinned: (
    statement: Effect.Effect<ReadonlyArray<unknown>, SqlError>
  ) => Effect.Effect<"committed" | "conflict", StoreUnavailable | OutcomeUnknown>
  readonly stillRemembered: (row: RememberedRow, now: string | undefined) => Remembered | null
}
interface RememberedRow {
  readonly fingerprint: string | null
  readonly outcome: string | null
  readonly expires_at: string | null
}

export const assetOperations = (sql: SqlClient, { read, writePinned, stillRemembered }: Around): AssetOperations => {
  const loadAsset: AssetOperations["loadAsset"] = ({ tenantId, serialNumber, idempotency }) =>
    read(
      sql<RememberedRow & { asset: string | null; use: string | null }>`
        SELECT (SELECT ${sql.literal(assetTuple)}::text FROM order_lifecycle.assets a
                 WHERE a.tenant_id = ${tenantId}::text AND a.serial_number = ${serialNumber}::text) AS asset,
               (SELECT json_build_object('subscriptionId', s.subscription_id, 'customerId', s.customer_id)::text
                  FROM order_lifecycle.subscriptions s
                 WHERE s.tenant_id = ${tenantId}::text AND s.serial_number = ${serialNumber}::text AND s.status = 'active' LIMIT 1) AS use,
               k.fingerprint, k.outcome::text AS outcome, k.expires_at
          FROM (SELECT 1) AS one
          LEFT JOIN order_lifecycle.idempotency k
                 ON k.tenant_id = ${tenantId}::text AND k.key = ${idempotency?.key ?? null}::text`
    ).pipe(
      Effect.map(([row]) => ({
        asset: row === undefined || row.asset === null ? null : toAsset(row.asset),
        use: JSON.parse(row?.use ?? "null") as AssetUse | null,
        remembered: row ? stillRemembered(row, idempotency?.now) : null
      }))
    )

  const changeAsset: AssetOperations["changeAsset"] = (change, remember) => writePinned(changeStatement(sql, change, remember))

  const listAssets: AssetOperations["listAssets"] = (query) => {
    const by = sortColumns[query.sortBy]
    const direction = query.sortDir === "desc" ? "DESC" : "ASC"
    const columns = by === sortColumns.serialNumber ? [by] : [by, sortColumns.serialNumber]
    const conditions = [
      sql`a.tenant_id = ${query.tenantId}::text`,
      ...(query.status === undefined ? [] : [sql`a.status IN ${sql.in(query.status)}`]),
      ...(query.sku === undefined ? [] : [sql`a.sku = ${query.sku}::text`]),
      ...(query.customerId === undefined ? [] : [sql`a.customer_id = ${query.customerId}::text`]),
      ...(query.subscriptionId === undefined ? [] : [sql`a.subscription_id = ${query.subscriptionId}::text`]),
      ...(query.after === undefined ? [] : [behind(query, columns, query.after)])
    ]
    return read(
      sql<{ asset: string }>`
        SELECT ${sql.literal(assetTuple)}::text AS asset FROM order_lifecycle.assets a WHERE ${sql.and(conditions)}
         ORDER BY ${sql.literal(columns.map((column) => `${column} ${direction}`).join(", "))}
         LIMIT ${String(query.limit)}::text::integer`
    ).pipe(Effect.map((rows) => rows.map(({ asset }) => toAsset(asset))))
  }

  const behind = ({ sortDir }: AssetQuery, columns: ReadonlyArray<string>, { value, id }: NonNullable<AssetQuery["after"]>) => {
    const values = columns.length === 1 ? [id] : [String(value), id]
    const sign = sortDir === "desc" ? "<" : ">"
    return sql`(${sql.literal(columns.join(", "))}) ${sql.literal(sign)} (${sql.csv(values.map((each) => sql`${each}::text`))})`
  }

  const assetRecords: AssetOperations["assetRecords"] = (tenantId, serialNumber, after, limit) =>
    read(
      sql<{ record: string }>`
        SELECT c.record::text AS record FROM order_lifecycle.asset_changes c
         WHERE c.tenant_id = ${tenantId}::text AND c.serial_number = ${serialNumber}::text AND c.version > ${String(after)}::text::integer
         ORDER BY c.version LIMIT ${String(limit)}::text::integer`
    ).pipe(Effect.map((rows) => rows.map(({ record }) => decodeRecord(record))))

  const rentableAssets: AssetOperations["rentableAssets"] = (tenantId, sku) =>
    read(
      sql<{ available: number }>`
        SELECT count(*)::float8 AS available FROM order_lifecycle.assets a
         WHERE a.tenant_id = ${tenantId}::text AND a.sku = ${sku}::text AND a.status IN ${sql.in(rentable)}`
    ).pipe(Effect.map(([row]) => row?.available ?? 0))

  return {
    loadAsset,
    changeAsset,
    listAssets,
    assetRecords,
    rentableAssets,
    assetDisagreements: (tenantId, after, limit) => read(disagreements(sql, tenantId, after ?? "", limit))
  }
}

const RecordText = Schema.fromJsonString(AssetRecord)
const decodeRecord = Schema.decodeUnknownSync(RecordText)
const encodeRecord = Schema.encodeSync(RecordText)

/** A change by hand: the asset, pinned to its version, its record, and the answer to remember. A row comes back when it was made. */
const changeStatement = (sql: SqlClient, { before, after, record }: AssetChange, remember: IdempotencyKey | undefined) => {
  const { tenantId, serialNumber, version } = after
  const asset = {
    sku: after.sku,
    product_name: after.productName,
    status: after.status,
    location: after.location,
    notes: after.notes,
    subscription_id: after.subscriptionId,
    customer_id: after.customerId,
    created_at: after.createdAt,
    created_by: after.createdBy,
    updated_at: after.updatedAt
  }
  const names = Object.keys(asset)
  const list = names.join(", ")
  const write =
    before === null
      ? `INSERT INTO order_lifecycle.assets (tenant_id, serial_number, version, ${list})
         SELECT $1::text, $2::text, 1, ${list} FROM given RETURNING version`
      : `UPDATE order_lifecycle.assets a SET version = a.version + 1, ${names.map((name) => `${name} = g.${name}`).join(", ")}
           FROM given g
          WHERE a.tenant_id = $1::text AND a.serial_number = $2::text AND a.version = $3::text::integer - 1
         RETURNING a.version`
  const keyed =
    remember === undefined
      ? ""
      : `,
      remembered AS (
        INSERT INTO order_lifecycle.idempotency AS k (tenant_id, key, fingerprint, outcome, remembered_at, expires_at)
        SELECT $1::text, $6::text, $7::text, $8::text::json, $9::text, $10::text FROM written
        ON CONFLICT (tenant_id, key) DO UPDATE
          SET fingerprint = EXCLUDED.fingerprint, outcome = EXCLUDED.outcome, remembered_at = EXCLUDED.remembered_at,
              expires_at = EXCLUDED.expires_at
          WHERE k.expires_at < EXCLUDED.remembered_at
        RETURNING 1)`
  return sql.unsafe<{ written: number }>(
    `
      WITH given AS (
        SELECT * FROM json_to_record($4::text::json) AS g (${names.map((name) => `${name} text`).join(", ")})),
      written AS (${write}),
      recorded AS (
        INSERT INTO order_lifecycle.asset_changes (tenant_id, serial_number, version, record)
        SELECT $1::text, $2::text, w.version, $5::text::json FROM written w)${keyed}
      SELECT 1 AS written FROM written WHERE version = $3::text::integer${
        remember === undefined
          ? ""
          : ` AND order_lifecycle.demand((SELECT count(*) FROM remembered) = 1, '23505', 'an idempotency key is taken')`
      }`,
    [
      tenantId,
      serialNumber,
      String(version),
      JSON.stringify(asset),
      encodeRecord(record),
      ...(remember === undefined
        ? []
        : [
            remember.key,
            remember.fingerprint,
            JSON.stringify({ outcome: "assetChanged", serialNumber, version }),
            remember.rememberedAt,
            remember.expiresAt
          ])
    ]
  )
}
