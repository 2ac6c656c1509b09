import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import { describe, expect, it } from "vitest"
import * as PostgresConnection from "../../src/postgres/PostgresConnection.ts"
import { databaseNamed, freshDatabase, onServer } from "../support/postgresDatabase.ts"

const connect = (url: Redacted.Redacted) =>
  Layer.build(PostgresConnection.layer({ url, applicationName: "order desk", maxConnections: 1 }))

const nameOf = (url: Redacted.Redacted) => new URL(Redacted.value(url)).pathname.slice(1)

describe("a connection", () => {
  it("has the time-outs that keep a caller from waiting for ever", () =>
    Effect.gen(function* () {
      const context = yield* connect(yield* freshDatabase)
      const settings = yield* Effect.provideContext(
        Effect.flatMap(
          SqlClient.SqlClient,
          (sql) => sql<
            Record<string, string>
          >`SELECT current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock,
            current_setting('idle_in_transaction_session_timeout') AS idle, current_setting('application_name') AS application`
        ),
        context
      )
      expect(settings).toEqual([{ statement: "5s", lock: "2s", idle: "5s", application: "order desk" }])
    }).pipe(Effect.scoped, Effect.runPromise))

  it("is refused when an acknowledged order could be lost in a crash", () =>
    Effect.gen(function* () {
      const url = yield* freshDatabase
      yield* onServer((sql) => sql`ALTER DATABASE ${sql(nameOf(url))} SET synchronous_commit = off`)
      const error = yield* Effect.flip(connect(url))
      expect(error._tag).toBe("UnsuitableDatabase")
      expect(error.message).toBe(
        "The database cannot be used: synchronous_commit is off, so an acknowledged order could be lost in a crash."
      )
    }).pipe(Effect.scoped, Effect.runPromise))

  it("is refused when the server is a replica", () =>
    Effect.gen(function* () {
      const url = yield* freshDatabase
      // A replica takes a second server. This database only says that it is one.
      yield* Effect.provideContext(
        Effect.flatMap(SqlClient.SqlClient, (sql) => sql`CREATE FUNCTION public.pg_is_in_recovery() RETURNS boolean RETURN true`),
        yield* connect(url)
      )
      yield* onServer((sql) => sql`ALTER DATABASE ${sql(nameOf(url))} SET search_path = public, pg_catalog`)
      const error = yield* Effect.flip(connect(url))
      expect(error.message).toBe("The database cannot be used: it is a replica (in recovery) and takes no writes.")
    }).pipe(Effect.scoped, Effect.runPromise))

  it("is refused when the database does not keep text as it is", () =>
    Effect.gen(function* () {
      const name = `latin_${process.pid}`
      yield* Effect.acquireRelease(
        onServer((sql) => sql`CREATE DATABASE ${sql(name)} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`),
        () => Effect.orDie(onServer((sql) => sql`DROP DATABASE ${sql(name)} WITH (FORCE)`))
      )
      const error = yield* Effect.flip(connect(databaseNamed(name)))
      expect(error.message).toBe(
        "The database cannot be used: server_encoding is LATIN1, and only UTF8 keeps every text as it is."
      )
    }).pipe(Effect.scoped, Effect.runPromise))

  it("does not show its password in what it fails with", () =>
    Effect.gen(function* () {
      const url = Redacted.make("postgres://somebody:open-sesame@127.0.0.1:1/nowhere")
      const error = yield* Effect.flip(connect(url))
      expect(error._tag).toBe("SqlError")
      expect(JSON.stringify(error) + String(error)).not.toContain("open-sesame")
    }).pipe(Effect.scoped, Effect.runPromise))
})
