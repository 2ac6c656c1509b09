/** Orders on a `pg.Pool` of the embedding service: they have what they rely on, and the pool stays as its owner has it. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import { Client, type Pool, type PoolConfig, types } from "pg"
import { describe, expect, it } from "vitest"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { Deadline } from "../../src/lifecycle/Deadline.ts"
import * as PoolConnection from "../../src/postgres/PoolConnection.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { sqlFailureOf } from "../../src/postgres/sqlFailure.ts"
import { confirm, freshTenant, headOf, next, placing } from "../../src/testing/contractOrders.ts"
import { freshDatabase, poolAt } from "../support/postgresDatabase.ts"
import { hangMs } from "../support/limits.ts"
import { patientSettings } from "../support/patientSettings.ts"
import { runContract } from "../support/runContract.ts"
import { tcpProxy } from "../support/tcpProxy.ts"
import { until } from "../support/waiting.ts"

/** A pool with settings of its owner's that are not the library's, on a new database. */
const ownersPool = (options: PoolConfig = {}) =>
  Effect.flatMap(freshDatabase, (url) =>
    poolAt(url, {
      // Without what holds for the library's own work, answers are others, or do not come.
      options:
        "-c default_transaction_isolation=serializable -c synchronous_commit=off -c statement_timeout=0 -c datestyle=german,dmy -c search_path=nowhere",
      types: { getTypeParser: () => () => "parsed by the owner" },
      ...options
    })
  )

const storeOn = (pool: Pool) =>
  Effect.map(Layer.build(Layer.provideMerge(PostgresOrderStore.layerMigrated, PoolConnection.layer({ pool }))), (context) => ({
    context,
    run: <A, E>(effect: Effect.Effect<A, E, OrderStore | SqlClient.SqlClient>) => Effect.provideContext(effect, context)
  }))

const ask = (pool: Pool, text: string) =>
  Effect.promise(() => pool.query({ text, types }).then(({ rows }) => rows as ReadonlyArray<object>))

const settings = `SELECT current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock,
  current_setting('idle_in_transaction_session_timeout') AS idle, current_setting('application_name') AS application,
  current_setting('transaction_isolation') AS isolation, current_setting('synchronous_commit') AS commit`

/** On a slow machine nothing runs out of time. */
const patientStore = (max: number) =>
  PostgresOrderStore.layerMigrated.pipe(
    Layer.provide(
      Layer.effect(
        SqlClient.SqlClient,
        Effect.flatMap(ownersPool({ max }), (pool) => PoolConnection.clientOn(pool, patientSettings))
      )
    ),
    Layer.merge(Layer.succeed(Deadline, hangMs))
  )

runContract("a pool of the embedding service", patientStore(8))
runContract("a pool of one connection", patientStore(1))

describe("on a pool", () => {
  it("what orders rely on holds for them, in a transaction and without, and for nothing else", () =>
    Effect.gen(function* () {
      const pool = yield* ownersPool({ max: 1, application_name: "the owner" })
      const before = yield* ask(pool, settings)
      const { run } = yield* storeOn(pool)
      const ours = {
        statement: "5s",
        lock: "2s",
        idle: "5s",
        application: "order-lifecycle",
        isolation: "read committed",
        commit: "on"
      }
      const asked = Effect.flatMap(SqlClient.SqlClient, (sql) => sql.unsafe(settings))
      expect(yield* run(asked)).toEqual([ours])
      expect(yield* run(Effect.flatMap(SqlClient.SqlClient, (sql) => sql.withTransaction(asked)))).toEqual([ours])
      expect(yield* ask(pool, settings)).toEqual(before)
      expect(before).toEqual([
        { statement: "0", lock: "0", idle: "0", application: "the owner", isolation: "serializable", commit: "off" }
      ])
      expect(yield* ask(pool, "SELECT name FROM pg_prepared_statements")).toEqual([])
      expect(pool.totalCount).toBe(1)
    }).pipe(Effect.scoped, Effect.runPromise))

  it("the pool stays open when the orders are closed", () =>
    Effect.gen(function* () {
      const pool = yield* ownersPool({ max: 2 })
      yield* Effect.scoped(storeOn(pool))
      expect(pool.ended).toBe(false)
      expect(yield* ask(pool, "SELECT 1 AS one")).toEqual([{ one: 1 }])
      expect(pool.idleCount).toBe(pool.totalCount)
    }).pipe(Effect.scoped, Effect.runPromise))

  it("a connection that breaks in a statement leaves an unknown outcome and no connection behind, and the next one works", () =>
    Effect.gen(function* () {
      const pool = yield* ownersPool({ max: 2 })
      const { run } = yield* storeOn(pool)
      const placement = placing(freshTenant())
      yield* run(
        Effect.gen(function* () {
          const store = yield* OrderStore
          yield* store.commit([placement])
          yield* whileLocked(
            pool,
            Effect.gen(function* () {
              const commit = yield* Effect.forkChild(Effect.flip(store.commit([next(headOf(placement), confirm)])))
              yield* endWaiting(pool)
              expect((yield* Fiber.join(commit))._tag).toBe("OutcomeUnknown")
            })
          )
          expect(yield* store.commit([next(headOf(placement), confirm)])).toEqual(["committed"])
        })
      )
      expect(pool.idleCount).toBe(pool.totalCount)
    }).pipe(Effect.scoped, Effect.runPromise))

  it("a caller who leaves a read gives the connection back as soon as it has ended, and not broken", () =>
    Effect.gen(function* () {
      const pool = yield* ownersPool({ max: 1 })
      const { run } = yield* storeOn(pool)
      const [before] = yield* ask(pool, "SELECT pg_backend_pid() AS pid")
      const reading = yield* Effect.forkChild(run(Effect.flatMap(SqlClient.SqlClient, (sql) => sql`SELECT pg_sleep(0.2)`)))
      yield* until(Effect.sync(() => pool.idleCount === 0))
      yield* Fiber.interrupt(reading)
      expect(yield* ask(pool, "SELECT pg_backend_pid() AS pid")).toEqual([before])
    }).pipe(Effect.scoped, Effect.runPromise))

  it("one that has no connection to give, or has ended, makes calls unavailable: nothing was sent", () =>
    Effect.gen(function* () {
      const pool = yield* ownersPool({ max: 1 })
      const { run } = yield* storeOn(pool)
      const commit = run(Effect.flatMap(OrderStore, (store) => Effect.flip(store.commit([placing(freshTenant())]))))
      const client = yield* Effect.promise(() => pool.connect())
      const busy = yield* commit
      expect(busy).toMatchObject({
        _tag: "StoreUnavailable",
        cause: { reason: { message: "no connection of the pool within 3s" } }
      })
      client.release()
      expect(yield* ask(pool, "SELECT 1 AS one")).toEqual([{ one: 1 }])
      yield* Effect.promise(() => pool.end())
      expect((yield* commit)._tag).toBe("StoreUnavailable")
    }).pipe(Effect.scoped, Effect.runPromise))

  it("a connection that was given back within a transaction is not used", () =>
    Effect.gen(function* () {
      const pool = yield* ownersPool({ max: 1 })
      const { run } = yield* storeOn(pool)
      yield* ask(pool, "BEGIN")
      const error = yield* run(Effect.flatMap(OrderStore, (store) => Effect.flip(store.commit([placing(freshTenant())]))))
      expect(error).toMatchObject({
        _tag: "StoreUnavailable",
        cause: { reason: { message: expect.stringContaining("left") as string } }
      })
    }).pipe(Effect.scoped, Effect.runPromise))

  it("a transaction that begins and cannot have its settings is not left open for the owner", () =>
    Effect.gen(function* () {
      const pool = yield* ownersPool({ max: 1 })
      const sql = yield* PoolConnection.clientOn(pool, { statement_timeout: "never" })
      expect(sqlFailureOf(Cause.fail(yield* Effect.flip(sql`SELECT 1`)))).toBe("refused")
      expect(yield* ask(pool, "SELECT now() = statement_timestamp() AS alone")).toEqual([{ alone: true }])
    }).pipe(Effect.scoped, Effect.runPromise))

  it("a server that falls silent takes no connection for ever", () =>
    Effect.gen(function* () {
      const url = new URL(Redacted.value(yield* freshDatabase))
      const proxy = yield* tcpProxy({ host: url.hostname, port: Number(url.port) })
      url.host = `127.0.0.1:${proxy.port}`
      const pool = yield* poolAt(Redacted.make(url.href), { max: 1 })
      const { run } = yield* storeOn(pool)
      proxy.fault = "silent"
      const silent = yield* Effect.flip(run(Effect.flatMap(OrderStore, (store) => store.commit([placing(freshTenant())]))))
      // It is BEGIN that is not answered, and nothing was sent after it.
      expect(silent._tag).toBe("StoreUnavailable")
      proxy.fault = "pass"
      expect(yield* run(Effect.flatMap(OrderStore, (store) => store.commit([placing(freshTenant())])))).toEqual(["committed"])
    }).pipe(Effect.scoped, Effect.runPromise))

  it("whose transactions may not write is refused, and a setting is named", () =>
    Effect.gen(function* () {
      const pool = yield* ownersPool({ options: "-c default_transaction_read_only=on" })
      expect((yield* Effect.flip(Layer.build(PoolConnection.layer({ pool })))).message).toBe(
        "The database cannot be used: default_transaction_read_only is on for the pool, so it takes no writes."
      )
    }).pipe(Effect.scoped, Effect.runPromise))

  it.each([
    ["nothing", undefined],
    ["a client", new Client()],
    ["a URL", "postgres://h/d"]
  ])("is not %s", (_, pool) => {
    expect(() => PoolConnection.layer({ pool: pool as unknown as Pool })).toThrow(/^PoolConnection\.layer\.pool: /)
  })
})

/** Hold the lock on every order, in a session of the owner's, while `use` runs. */
const whileLocked = <A, E, R>(pool: Pool, use: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const client = yield* Effect.promise(() => pool.connect())
    yield* Effect.promise(() => client.query("BEGIN; SELECT 1 FROM order_lifecycle.orders FOR UPDATE"))
    const exit = yield* Effect.exit(use)
    yield* Effect.promise(() => client.query("ROLLBACK"))
    client.release()
    return yield* exit
  })

/** End the sessions that wait for a lock, as soon as there is one. */
const endWaiting = (pool: Pool) =>
  Effect.scoped(
    Effect.gen(function* () {
      const other = yield* poolAt(Redacted.make(String(pool.options.connectionString)), { max: 1 })
      yield* until(
        Effect.map(
          ask(
            other,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
          ),
          (ended) => ended.length > 0
        )
      )
    })
  )
