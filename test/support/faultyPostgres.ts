/** The services on a PostgreSQL that fails, and how it looks from beside. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import { databaseNamed } from "./postgresDatabase.ts"
import { applicationName, shopAt } from "./shopAt.ts"
import { tcpProxy } from "./tcpProxy.ts"
import { until } from "./waiting.ts"

/** The services behind a proxy, on the database of the surrounding `SqlClient`. */
export const shopBehindProxy = Effect.gen(function* () {
  const url = new URL(Redacted.value(databaseNamed(yield* currentDatabase)))
  const proxy = yield* tcpProxy({ host: url.hostname, port: Number(url.port) })
  url.host = `127.0.0.1:${proxy.port}`
  return { proxy, shop: yield* shopAt(url.href) }
})

export const currentDatabase = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ database: string }>`SELECT current_database() AS database`
  return row?.database ?? ""
})

/** Wait until no session of the services is at work or in a transaction any more. One that stays so for ever fails the test by its time-out. */
export const settled = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const busy = sql<{ state: string }>`
    SELECT state FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = ${applicationName}
       AND pid <> pg_backend_pid() AND state IS DISTINCT FROM 'idle'`
  yield* until(Effect.map(busy, (sessions) => sessions.length === 0))
})
