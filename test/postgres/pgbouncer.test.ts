/** Through PgBouncer in transaction mode: what it takes, what is found at the start, and that everything works then. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import { describe, expect, it } from "vitest"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { migrate } from "../../src/postgres/migrate.ts"
import * as PostgresConnection from "../../src/postgres/PostgresConnection.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { inWords, mayHeal } from "../../src/postgres/sqlFailure.ts"
import { orderStoreContract } from "../../src/testing/orderStoreContract.ts"
import { hasPgBouncer, throughPgBouncer } from "../support/pgbouncer.ts"
import { freshDatabase, onServer } from "../support/postgresDatabase.ts"

let count = 0

/** A new database of a role of its own, whose sessions have these limits. */
const databaseOfRole = (limits: Readonly<Record<string, string>>) =>
  Effect.gen(function* () {
    const url = new URL(Redacted.value(yield* freshDatabase))
    const name = `pooled_${process.pid}_${count++}`
    const database = url.pathname.slice(1)
    yield* Effect.acquireRelease(
      Effect.orDie(
        onServer((sql) =>
          Effect.gen(function* () {
            yield* sql`CREATE ROLE ${sql(name)} LOGIN PASSWORD 'pooled'`
            yield* sql`ALTER DATABASE ${sql(database)} OWNER TO ${sql(name)}`
            for (const [setting, value] of Object.entries(limits)) {
              yield* sql.unsafe(`ALTER ROLE ${name} SET ${setting} = '${value}'`)
            }
          })
        )
      ),
      () =>
        Effect.orDie(
          onServer((sql) =>
            Effect.andThen(sql`ALTER DATABASE ${sql(database)} OWNER TO CURRENT_USER`, Effect.ignore(sql`DROP ROLE ${sql(name)}`))
          )
        )
    )
    url.username = name
    url.password = "pooled"
    return Redacted.make(url.href)
  })

describe.runIf(hasPgBouncer())("through PgBouncer in transaction mode", () => {
  it("everything works with the limits of the role", () =>
    Effect.gen(function* () {
      const url = yield* throughPgBouncer(yield* databaseOfRole(PostgresConnection.sessionSettings))
      const client = PostgresConnection.layer({ url, pooled: true, maxConnections: 8 })
      const context = yield* Layer.build(Layer.provideMerge(PostgresOrderStore.layerMigrated, client))
      for (const { run } of orderStoreContract) yield* Effect.provideContext(run, context)
      expect(yield* Effect.provideContext(migrate, context)).toEqual([])
    }).pipe(Effect.scoped, Effect.runPromise))

  it("missing limits are found at the start, with what sets them", () =>
    Effect.gen(function* () {
      const role = yield* databaseOfRole({ statement_timeout: "5s" })
      const error = yield* Effect.flip(
        Layer.build(PostgresConnection.layer({ url: yield* throughPgBouncer(role), pooled: true }))
      )
      const { username } = new URL(Redacted.value(role))
      expect(error.message).toBe(
        "The database cannot be used: a call could wait for ever, because its sessions have no " +
          `idle_in_transaction_session_timeout, lock_timeout: ALTER ROLE "${username}" SET idle_in_transaction_session_timeout = '5s'; ` +
          `ALTER ROLE "${username}" SET lock_timeout = '2s'.`
      )
    }).pipe(Effect.scoped, Effect.runPromise))

  it("a connection that is not told of it is refused in its own words, and not tried again", () =>
    Effect.gen(function* () {
      const url = yield* throughPgBouncer(yield* databaseOfRole(PostgresConnection.sessionSettings))
      const error = yield* Effect.flip(Layer.build(PostgresConnection.layer({ url })))
      expect(error._tag === "SqlError" && [inWords(error), mayHeal(error)]).toEqual([
        expect.stringMatching(/^unsupported startup parameter: \w+ \(SQLSTATE 08P01\)$/),
        false
      ])
    }).pipe(Effect.scoped, Effect.runPromise))

  it("statements that it does not know as prepared end in StoreUnavailable, never in a defect or an unknown outcome", () =>
    Effect.gen(function* () {
      const role = yield* databaseOfRole(PostgresConnection.sessionSettings)
      const ignored = `ignore_startup_parameters = ${Object.keys(PostgresConnection.sessionSettings).join(", ")}`
      const url = yield* throughPgBouncer(role, [ignored])
      yield* Effect.scoped(
        Effect.flatMap(Layer.build(PostgresConnection.layer({ url, pooled: true, maxConnections: 1 })), (context) =>
          Effect.provideContext(migrate, context)
        )
      )
      const context = yield* Layer.build(
        Layer.provideMerge(PostgresOrderStore.layer, PostgresConnection.layer({ url, maxConnections: 8 }))
      )
      const answers = yield* Effect.provideContext(
        Effect.gen(function* () {
          const store = yield* OrderStore
          const sql = yield* SqlClient.SqlClient
          const calls = Array.from({ length: 60 }, () => Effect.result(store.tenantIds(null, 10)))
          const busy = Array.from({ length: 6 }, () => Effect.ignore(sql`SELECT pg_sleep(0.02)`))
          return yield* Effect.all([...calls, ...busy], { concurrency: "unbounded" })
        }),
        context
      )
      const failures = answers.flatMap((answer) => (answer?._tag === "Failure" ? [answer.failure._tag] : []))
      expect(failures.filter((tag) => tag !== "StoreUnavailable")).toEqual([])
    }).pipe(Effect.scoped, Effect.runPromise))
})
