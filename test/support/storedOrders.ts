/** What the build of commit 9660eff left on PostgreSQL, as a database of its own. Its tables are not brought up to date. */
import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import * as PostgresConnection from "../../src/postgres/PostgresConnection.ts"
import { freshDatabase } from "./postgresDatabase.ts"

/** A file of that build. */
export const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/9660eff/${name}`, import.meta.url))

/** The URL of a new database with everything in it; it is dropped when the scope closes. */
export const databaseOf9660eff = Effect.gen(function* () {
  const url = yield* freshDatabase
  const dump = yield* Effect.promise(() => readFile(fixture("postgres.sql"), "utf8"))
  // A statement begins at the beginning of a line; lines within one are indented, or begin with a bracket.
  const statements = dump.split(/;\n(?=[A-Z])/)
  const load = Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.forEach(statements, (statement) => sql.unsafe(statement), { discard: true })
  )
  yield* Effect.scoped(
    Effect.flatMap(Layer.build(Layer.fresh(PostgresConnection.layer({ url, maxConnections: 1 }))), (context) =>
      Effect.provideContext(load, context)
    )
  )
  return url
})
