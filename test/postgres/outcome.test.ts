/** The store's answer is the truth, also when the database fails: what was not done, what was, and what nobody can tell. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import { ConnectionError, SqlError, UnknownError } from "effect/sql/SqlError"
import * as PgClient from "@effect/sql-pg/PgClient"
import { describe, expect, it } from "vitest"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import type { TenantId } from "../../src/order/Order.ts"
import { Deadline } from "../../src/lifecycle/Deadline.ts"
import { sessionSettings } from "../../src/postgres/PostgresConnection.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { sqlFailureOf } from "../../src/postgres/sqlFailure.ts"
import { cancel, confirm, freshTenant, type Head, headOf, next, placing } from "../../src/testing/contractOrders.ts"
import { currentDatabase } from "../support/faultyPostgres.ts"
import { databaseNamed, postgresStore, serverUrl } from "../support/postgresDatabase.ts"
import { heldClock } from "../support/heldClock.ts"
import { sharedLayer } from "../support/sharedLayer.ts"
import { tcpProxy } from "../support/tcpProxy.ts"
import { until } from "../support/waiting.ts"

const run = sharedLayer(postgresStore)

const placeOne = Effect.gen(function* () {
  const store = yield* OrderStore
  const placement = placing(freshTenant())
  expect(yield* store.commit([placement])).toEqual(["committed"])
  return headOf(placement)
})

const versionOf = ({ order: { tenantId, orderId } }: Head) =>
  Effect.flatMap(OrderStore, (store) => Effect.map(store.history(tenantId, orderId), (history) => history.length))

/** The same database through a proxy, with a store and a pool of its own. */
const behindProxy = Effect.gen(function* () {
  const url = new URL(Redacted.value(databaseNamed(yield* currentDatabase)))
  const proxy = yield* tcpProxy({ host: url.hostname, port: Number(url.port) })
  url.host = `127.0.0.1:${proxy.port}`
  return { proxy, store: yield* storeAt(url.href) }
})

/** A store on connections that are made when they are needed. */
const storeAt = (url: string, settings: Readonly<Record<string, string>> = {}) =>
  Effect.map(
    Layer.build(
      // Fresh: the tests of this file share one store, and this is another.
      Layer.fresh(PostgresOrderStore.layer).pipe(
        Layer.provide(
          PgClient.layer({
            url: Redacted.make(url),
            connectTimeout: "1 second",
            startupParameters: { ...sessionSettings, ...settings }
          })
        )
      )
    ),
    (context) => Effect.provideContext(OrderStore, context)
  ).pipe(Effect.flatten)

/** Hold the lock on an order, in another session, while `use` runs. */
const whileLocked = <A, E, R>({ order }: Head, use: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [locked, done] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
    const holder = yield* Effect.forkChild(
      sql.withTransaction(
        Effect.gen(function* () {
          yield* sql`SELECT 1 FROM order_lifecycle.orders WHERE tenant_id = ${order.tenantId} AND order_id = ${order.orderId} FOR UPDATE`
          yield* Deferred.succeed(locked, undefined)
          yield* Deferred.await(done)
        })
      )
    )
    yield* Deferred.await(locked)
    const answer = yield* use
    yield* Deferred.succeed(done, undefined)
    yield* Fiber.join(holder)
    return answer
  })

/** The process ids of the sessions that wait for a lock in this database, as soon as there is one. */
const waiting = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const sessions = sql<{ pid: number }>`
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
  yield* until(Effect.map(sessions, (rows) => rows.length > 0))
  return (yield* sessions).map(({ pid }) => pid)
})

describe("a commit", () => {
  it("whose session is ended by the server while it works has an unknown outcome, and the store works on", () =>
    run(
      Effect.gen(function* () {
        const head = yield* placeOne
        const store = yield* OrderStore
        const sql = yield* SqlClient.SqlClient
        yield* whileLocked(
          head,
          Effect.gen(function* () {
            const commit = yield* Effect.forkChild(Effect.exit(store.commit([next(head, confirm)])))
            for (const pid of yield* waiting) yield* sql`SELECT pg_terminate_backend(${String(pid)}::text::int)`
            expect(failureOf(yield* Fiber.join(commit))).toBe("OutcomeUnknown")
          })
        )
        expect(yield* versionOf(head)).toBe(1)
        expect(yield* store.commit([next(head, cancel())])).toEqual(["committed"])
      })
    ))

  it("whose connection is cut when the server answers has an unknown outcome, and was made", () =>
    Effect.gen(function* () {
      const head = yield* placeOne
      const { proxy, store } = yield* behindProxy
      // A connection is there, and nothing has gone wrong yet.
      yield* store.orderIds(head.order.tenantId, null, 1)
      proxy.fault = "cut"
      expect(failureOf(yield* Effect.exit(store.commit([next(head, confirm)])))).toBe("OutcomeUnknown")
      proxy.fault = "pass"
      expect(yield* versionOf(head)).toBe(2)
      expect(yield* store.commit([next(head, confirm)])).toEqual(["conflict"])
    }).pipe(Effect.scoped, run))

  it("that never gets an answer ends by the deadline with an unknown outcome; a read is merely unavailable", () =>
    Effect.gen(function* () {
      const head = yield* placeOne
      const { proxy, store } = yield* behindProxy
      yield* Effect.forEach([1, 2, 3], () => store.orderIds(head.order.tenantId, null, 1), { concurrency: 3 })
      proxy.fault = "silent"
      const clock = heldClock()
      let ended = 0
      const calls = yield* Effect.forEach(
        [
          store.commit([next(head, confirm)]),
          store.load([{ tenantId: head.order.tenantId, order: { orderId: head.order.orderId } }]),
          store.exclusively(head.order, Effect.void)
        ],
        (call) =>
          Effect.exit(call).pipe(
            Effect.tap(() => Effect.sync(() => void ended++)),
            Effect.provideService(Clock.Clock, clock),
            // Without the patience of the tests: the deadline that users have.
            Effect.provideService(Deadline, Deadline.defaultValue()),
            Effect.forkChild({ startImmediately: true })
          )
      )
      yield* until(() => clock.waiting() >= calls.length)
      clock.forward(7_999)
      yield* Effect.yieldNow
      expect(ended).toBe(0)
      clock.forward(1)
      const exits = yield* Effect.forEach(calls, (call) => Fiber.join(call))
      expect(exits.map(failureOf)).toEqual(["OutcomeUnknown", "StoreUnavailable", "StoreUnavailable"])
      proxy.reset()
    }).pipe(Effect.scoped, run))

  it("that cannot have the order's lock in time is unavailable, and nothing was done", () =>
    run(
      Effect.gen(function* () {
        const head = yield* placeOne
        // As soon as the server gives up, in whatever time it was told to.
        const store = yield* storeAt(Redacted.value(databaseNamed(yield* currentDatabase)), { lock_timeout: "50ms" })
        const exits = yield* whileLocked(
          head,
          Effect.all(
            [Effect.exit(store.commit([next(head, confirm)])), Effect.exit(store.exclusively(head.order, Effect.void))],
            {
              concurrency: 2
            }
          )
        )
        expect(exits.map(failureOf)).toEqual(["StoreUnavailable", "StoreUnavailable"])
        expect(yield* versionOf(head)).toBe(1)
      }).pipe(Effect.scoped)
    ))

  it("whose caller goes away is made all the same", () =>
    run(
      Effect.gen(function* () {
        const head = yield* placeOne
        const store = yield* OrderStore
        yield* whileLocked(
          head,
          Effect.gen(function* () {
            const commit = yield* Effect.forkChild(store.commit([next(head, confirm)]))
            yield* waiting
            yield* Fiber.interrupt(commit)
            // The server has time for a statement to be cancelled, if anybody asked for that.
            for (let n = 0; n < 50; n++) yield* versionOf(head)
            expect(yield* waiting).toHaveLength(1)
          })
        )
        yield* until(Effect.map(versionOf(head), (version) => version === 2))
      })
    ))

  it("that finds the reservations tampered with dies, and nothing was done", () =>
    run(
      Effect.gen(function* () {
        const head = yield* placeOne
        const store = yield* OrderStore
        const sql = yield* SqlClient.SqlClient
        const { tenantId, orderId } = head.order
        yield* sql`UPDATE order_lifecycle.reservations SET released = released + held, held = 0
                    WHERE tenant_id = ${tenantId} AND order_id = ${orderId}`
        const commit = yield* Effect.exit(store.commit([next(head, cancel())]))
        expect(Exit.isFailure(commit) && Cause.hasDies(commit.cause)).toBe(true)
        expect(yield* versionOf(head)).toBe(1)
        // The order breaks a law, so nothing may rest on it.
        const load = yield* Effect.exit(store.load([{ tenantId, order: { orderId } }]))
        expect(Exit.isFailure(load) && Cause.hasDies(load.cause)).toBe(true)
      })
    ))
})

describe("a commit for two tenants, a statement for each,", () => {
  it("whose second statement is a mistake has an unknown outcome, and the first one stands; alone it dies", () =>
    run(
      Effect.gen(function* () {
        const [store, sql] = [yield* OrderStore, yield* SqlClient.SqlClient]
        // Statements go by the order of the tenants.
        const [a, b] = [freshTenant(), freshTenant()].toSorted() as [TenantId, TenantId]
        const [sound, damaged] = [placing(a), placing(b)]
        yield* store.commit([sound, damaged])
        yield* sql`UPDATE order_lifecycle.reservations SET held = held - 1, released = released + 1
                    WHERE tenant_id = ${b} AND order_id = ${headOf(damaged).order.orderId}`
        const [first, second] = [next(headOf(sound), cancel()), next(headOf(damaged), cancel())]
        expect(yield* Effect.flip(store.commit([first, second]))).toMatchObject({ _tag: "OutcomeUnknown" })
        expect([yield* versionOf(headOf(sound)), yield* versionOf(headOf(damaged))]).toEqual([2, 1])
        const exit = yield* Effect.exit(store.commit([second]))
        expect(Exit.isFailure(exit) && Cause.hasDies(exit.cause)).toBe(true)
      })
    ))
})

describe("a store without a server", () => {
  it("is unavailable, whether nobody listens or nobody answers", () =>
    Effect.gen(function* () {
      const head = headOf(placing(freshTenant()))
      const url = new URL(Redacted.value(serverUrl()))
      const proxy = yield* tcpProxy({ host: url.hostname, port: Number(url.port) })
      proxy.fault = "mute"
      for (const port of [1, proxy.port]) {
        const store = yield* storeAt(`postgres://postgres@127.0.0.1:${port}/postgres`)
        const exits = yield* Effect.all(
          [
            Effect.exit(store.commit([next(head, confirm)])),
            Effect.exit(store.load([{ tenantId: head.order.tenantId, order: { orderId: head.order.orderId } }])),
            Effect.exit(store.exclusively(head.order, Effect.void)),
            Effect.exit(store.rewriteNotes(head.order.tenantId, head.order.orderId, "notes"))
          ],
          { concurrency: "unbounded" }
        )
        expect(exits.map(failureOf)).toEqual(exits.map(() => "StoreUnavailable"))
      }
    }).pipe(Effect.scoped, run))
})

describe("a failed statement", () => {
  const withCode = (code: string, operation = "query") =>
    new SqlError({ reason: new UnknownError({ cause: Object.assign(new Error("no"), { code }), operation }) })
  const lost = (operation: string) =>
    new SqlError({ reason: new ConnectionError({ cause: Object.assign(new Error("no"), { code: "ECONNRESET" }), operation }) })

  it.each([
    ["23505", "taken"],
    ["23503", "taken"],
    ["40001", "overtaken"],
    ["40P01", "overtaken"],
    ["55P03", "refused"],
    ["53300", "refused"],
    ["53100", "refused"],
    ["28P01", "refused"],
    ["57014", "unclear"],
    ["57P01", "unclear"],
    ["08006", "unclear"],
    ["42601", "mistake"],
    ["23514", "mistake"],
    ["22021", "mistake"],
    ["25P02", "refused"],
    ["25P03", "refused"],
    ["26000", "refused"],
    ["42P05", "refused"],
    ["58030", "unclear"],
    ["XX000", "unclear"]
  ])("with the code %s was %s, reported as an error or as a defect", (code, failure) => {
    expect(sqlFailureOf(Cause.fail(withCode(code)))).toBe(failure)
    expect(sqlFailureOf(Cause.die(withCode(code)))).toBe(failure)
  })

  it.each([
    ["58030", "ERROR", "refused"],
    ["XX000", "ERROR", "refused"],
    ["58030", "FATAL", "unclear"],
    ["XX000", "PANIC", "unclear"]
  ])(
    "with the code %s and the severity %s was %s: an error that arrived whole undid its statement",
    (code, severity, failure) => {
      const error = Object.assign(new Error("no"), { code, severityUnlocalized: severity })
      expect(sqlFailureOf(Cause.fail(new SqlError({ reason: new UnknownError({ cause: error, operation: "query" }) })))).toBe(
        failure
      )
    }
  )

  it("is unclear when the connection was lost, refused when none was had, and none of the database's when it is something else", () => {
    expect(sqlFailureOf(Cause.fail(lost("query")))).toBe("unclear")
    expect(sqlFailureOf(Cause.die(lost("query")))).toBe("unclear")
    expect(sqlFailureOf(Cause.fail(lost("connect")))).toBe("refused")
    // The database is gone, the right to connect was taken away, a pooler says no, the server is going down: nothing was sent.
    for (const code of ["3D000", "42501", "08P01", "57P01"]) {
      const cause = Object.assign(new Error("no"), { code, severityUnlocalized: "FATAL" })
      const reason = new UnknownError({ cause, operation: "connect" })
      expect(sqlFailureOf(Cause.fail(new SqlError({ reason }))), code).toBe("refused")
    }
    expect(sqlFailureOf(Cause.interrupt())).toBe("unclear")
    expect(sqlFailureOf(Cause.fail("no"))).toBe(null)
    expect(sqlFailureOf(Cause.die(new Error("no")))).toBe(null)
  })
})

/** The tag of what an effect failed with. */
const failureOf = (exit: Exit.Exit<unknown, { readonly _tag: string }>): string =>
  Exit.isSuccess(exit)
    ? "no failure"
    : exit.cause.reasons.map((reason) => (Cause.isFailReason(reason) ? reason.error._tag : reason._tag)).join()
