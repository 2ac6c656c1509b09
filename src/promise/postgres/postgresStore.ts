/** Orders in PostgreSQL 15 or later, by its URL or on a pool. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { OrderStore } from "../../lifecycle/OrderStore.ts"
import { defaultSchema, PartitionsOption, SchemaNameOption } from "../../lifecycle/options.ts"
import { layerDigest } from "../../node/nodeDigest.ts"
import { NonEmptyText } from "../../order/Text.ts"
import * as PoolConnection from "../../postgres/PoolConnection.ts"
import * as PostgresConnection from "../../postgres/PostgresConnection.ts"
import { layerPartitions } from "../../postgres/partitions.ts"
import { layerMigrated } from "../../postgres/PostgresOrderStore.ts"
import { layerSchema } from "../../postgres/schemaName.ts"
import { SharesStatements } from "../../lifecycle/shared.ts"
import { inWords } from "../../postgres/sqlFailure.ts"
import { CannotOpen, optionReader, wrongOption } from "../errors.ts"

/** How to reach the database: by its URL, on connections of the library's own, or over a pool of yours. */
export type PostgresStoreOptions = UrlOptions | PoolOptions

/** A database by its URL, on connections of the library's own. */
export interface UrlOptions {
  /** `postgres://user:password@host:5432/database` */
  readonly url: string
  readonly pool?: undefined
  /** How many connections at most; 10 unless said otherwise. */
  readonly maxConnections?: number | undefined
  /** What the server's own lists call this service; `order-lifecycle` unless said otherwise. */
  readonly applicationName?: string | undefined
  /** The PostgreSQL schema that everything is in; `order_lifecycle` unless said otherwise. */
  readonly schema?: string | undefined
  /**
   * In how many parts, by the hash of the tenant, the tables of a new store are made: 2 to 128. Whole tables, or as many parts as the store has,
   * unless said otherwise.
   */
  readonly partitions?: number | undefined
  /** Whether calls that come at the same time share statements: they do unless this is false. */
  readonly sharedStatements?: boolean | undefined
  /** Whether a pooler in transaction mode (PgBouncer) stands in between. The limits of time are then those of the role. */
  readonly pooled?: boolean | undefined
}

/** A pool that you made and go on using: `close` leaves it open. Nothing about its connections is changed for your own work. */
export interface PoolOptions extends PoolConnection.PoolOptions {
  /** The PostgreSQL schema that everything is in; `order_lifecycle` unless said otherwise. */
  readonly schema?: string | undefined
  /**
   * In how many parts, by the hash of the tenant, the tables of a new store are made: 2 to 128. Whole tables, or as many parts as the store has,
   * unless said otherwise.
   */
  readonly partitions?: number | undefined
  /** Whether calls that come at the same time share statements: they do unless this is false. */
  readonly sharedStatements?: boolean | undefined
  readonly url?: undefined
  readonly maxConnections?: undefined
  readonly pooled?: undefined
}

const isPostgresUrl = (given: string): boolean => {
  const url = URL.parse(given)
  return url !== null && (url.protocol === "postgres:" || url.protocol === "postgresql:") && url.hostname !== ""
}

const Options = Schema.Struct({
  url: Schema.optional(
    Schema.String.check(
      Schema.makeFilter<string>((url) => isPostgresUrl(url) || "must be a URL like postgres://user:password@host:5432/database")
    )
  ),
  pool: Schema.optional(PoolConnection.PoolOption),
  maxConnections: Schema.optional(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000 }))),
  applicationName: Schema.optional(NonEmptyText),
  schema: Schema.optional(SchemaNameOption),
  partitions: Schema.optional(PartitionsOption),
  pooled: Schema.optional(Schema.Boolean),
  sharedStatements: Schema.optional(Schema.Boolean)
})
const readOptions = optionReader(Options, "strictly")

/**
 * The tables are brought up to date first, also when several processes start at once. They have a PostgreSQL schema of their own, beside
 * whatever else the database has. Throws a `WrongOption`, which does not repeat the URL.
 */
export const postgresStore = (options: PostgresStoreOptions): Layer.Layer<OrderStore, CannotOpen> => {
  const { schema = defaultSchema, partitions, sharedStatements = true } = readOptions(options, "postgresStore")
  const store = options.pool === undefined ? storeAt(options) : storeOn(options)
  return Layer.provide(store, [
    layerSchema(schema),
    partitions === undefined ? Layer.empty : layerPartitions(partitions),
    Layer.succeed(SharesStatements, sharedStatements)
  ])
}

const storeAt = ({ url, maxConnections, applicationName, pooled }: UrlOptions) => {
  // Without types, nothing else says so.
  if ((url as string | undefined) === undefined) throw wrongOption("postgresStore.url", "is required, or pool", "required")
  const { host, pathname } = new URL(url)
  const connection = PostgresConnection.layer({
    url: Redacted.make(url),
    ...(maxConnections !== undefined && { maxConnections }),
    ...(applicationName !== undefined && { applicationName }),
    ...(pooled !== undefined && { pooled })
  })
  return opened(connection, `PostgreSQL at ${host}${pathname}`)
}

const storeOn = ({ pool, applicationName, schema: _, sharedStatements: __, partitions: ___, ...others }: PoolOptions) => {
  const [other] = Object.entries(others).flatMap(([name, value]) => (value === undefined ? [] : [name]))
  if (other !== undefined) throw wrongOption(`postgresStore.${other}`, "is not an option together with pool", "unexpected")
  return opened(PoolConnection.layer({ pool, applicationName }), "PostgreSQL on the pool")
}

const opened = (connection: ReturnType<typeof PostgresConnection.layer>, name: string): Layer.Layer<OrderStore, CannotOpen> =>
  Layer.effectContext(
    Effect.mapError(
      Layer.build(Layer.provide(layerMigrated, connection)),
      (cause) => new CannotOpen({ store: name, cause: cause._tag === "SqlError" ? new Error(inWords(cause), { cause }) : cause })
    )
  ).pipe(Layer.merge(layerDigest))
