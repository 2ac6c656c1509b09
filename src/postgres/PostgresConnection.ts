/**
 * A pool of connections to PostgreSQL, set up the way the store relies on: nothing waits for ever, and a server on which an
 * acknowledged commit could be lost is refused. An embedding service may bring its own `SqlClient` instead.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { optionsReader } from "../lifecycle/options.ts"
import { NonEmptyText } from "../order/Text.ts"
import { mostStatements } from "./mostStatements.ts"

/** The server works, but not in a way that keeps this library's promises. One line says what to change. */
export class UnsuitableDatabase extends Schema.TaggedError<UnsuitableDatabase>()("UnsuitableDatabase", {
  fault: Schema.String
}) {
  override get message() {
    return `The database cannot be used: ${this.fault}.`
  }
}

/** How to reach the database. How long statements and locks may take is set by the connection itself. */
export interface PostgresOptions {
  /** `postgres://user:password@host:port/database` */
  readonly url: Redacted.Redacted
  /** How many connections at most; 10 unless said otherwise. */
  readonly maxConnections?: number
  /** What the server's own lists call this service. */
  readonly applicationName?: string
  /**
   * Set it when a pooler in transaction mode (PgBouncer) stands in between. Statements are then not prepared by name, and the limits of time
   * are those of the role: `ALTER ROLE … SET`, for each of `sessionSettings`.
   */
  readonly pooled?: boolean
}

/** Settings of every session. The caller's own deadline (`detached.ts`) is longer than any of them. */
export const sessionSettings: Readonly<Record<string, string>> = {
  statement_timeout: "5s",
  lock_timeout: "2s",
  idle_in_transaction_session_timeout: "5s"
}

/** The limits without which a call could wait for ever. */
const limits = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"] as const

/** Fails unless commits are durable, nothing waits for ever, the server takes writes, and it stores text as it gets it. */
export const requireSuitable: Effect.Effect<void, UnsuitableDatabase | SqlError, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = (yield* SqlClient.SqlClient).withoutTransforms()
  const [server] = yield* sql<{
    version: number
    commit: string
    encoding: string
    recovering: boolean
    role: string
    unlimited: string | null
  }>`
    SELECT current_setting('server_version_num')::int AS version,
           current_setting('synchronous_commit') AS commit,
           current_setting('server_encoding') AS encoding,
           pg_is_in_recovery() AS recovering,
           current_user AS role,
           (SELECT string_agg(s.name, ', ' ORDER BY s.name) FROM pg_settings s
             WHERE s.setting = '0' AND s.name IN (${sql.literal(limits.map((name) => `'${name}'`).join(", "))})) AS unlimited`
  const fault =
    server === undefined
      ? "it does not say how it is set up"
      : server.version < 150_000
        ? `it is PostgreSQL ${Math.floor(server.version / 10_000)}, and 15 is the oldest that works`
        : server.recovering
          ? "it is a replica (in recovery) and takes no writes"
          : server.commit === "off"
            ? "synchronous_commit is off, so an acknowledged order could be lost in a crash"
            : server.encoding !== "UTF8"
              ? `server_encoding is ${server.encoding}, and only UTF8 keeps every text as it is`
              : server.unlimited !== null
                ? `a call could wait for ever, because its sessions have no ${server.unlimited}: ${limitsOf(server.role, server.unlimited)}`
                : undefined
  if (fault !== undefined) return yield* new UnsuitableDatabase({ fault })
})

const limitsOf = (role: string, names: string): string =>
  names
    .split(", ")
    .map((name) => `ALTER ROLE "${role.replaceAll('"', '""')}" SET ${name} = '${sessionSettings[name]}'`)
    .join("; ")

const readOptions = optionsReader<PostgresOptions>(
  "PostgresConnection.layer",
  {
    url: Schema.Unknown.check(
      Schema.makeFilter<unknown>((url) => Redacted.isRedacted(url) || "must be a redacted URL (Redacted.make)")
    ),
    maxConnections: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000 })),
    applicationName: NonEmptyText,
    pooled: Schema.Boolean
  },
  ["url"]
)

/** Connect, and check the server. Throws a `WrongOption` that names an option that cannot be used. */
export const layer = (given: PostgresOptions): Layer.Layer<SqlClient.SqlClient, SqlError | UnsuitableDatabase> => {
  const options = readOptions(given)
  const client = PgClient.layer({
    preparedStatementCacheSize: mostStatements,
    url: options.url,
    applicationName: options.applicationName ?? "order-lifecycle",
    maxConnections: options.maxConnections ?? 10,
    connectTimeout: "3 seconds",
    // A pooler refuses start-up parameters, or forgets them; and it may hand each statement to another session.
    ...(options.pooled === true ? { prepare: false } : { startupParameters: sessionSettings })
  })
  return Layer.tap(client, (context) => Effect.provideContext(requireSuitable, context))
}
