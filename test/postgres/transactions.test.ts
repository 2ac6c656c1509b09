/** Commands within a transaction of the caller's own: what they do, they do with it; what they tell, they tell when it has been committed. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as SqlClient from "effect/sql/SqlClient"
import { describe, expect, it } from "vitest"
import * as EmbeddedConnection from "../../src/embedded/EmbeddedConnection.ts"
import { AuditTrail } from "../../src/lifecycle/AuditTrail.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { Deadline } from "../../src/lifecycle/Deadline.ts"
import * as PoolConnection from "../../src/postgres/PoolConnection.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { TransactionHasFailed } from "../../src/postgres/sqlFailure.ts"
import { laptop, newCaller, requestFor, shopOver } from "../../src/testing/shop.ts"
import { embeddedFolder } from "../support/embeddedFolder.ts"
import { hangMs } from "../support/limits.ts"
import { patientSettings } from "../support/patientSettings.ts"
import { freshDatabase, poolAt, postgresClient } from "../support/postgresDatabase.ts"
import { sharedLayer } from "../support/sharedLayer.ts"

const databases: ReadonlyArray<{ readonly name: string; readonly client: Layer.Layer<SqlClient.SqlClient, unknown> }> = [
  { name: "PostgreSQL", client: postgresClient() },
  {
    name: "a pool of the embedding service",
    client: Layer.effect(
      SqlClient.SqlClient,
      Effect.flatMap(Effect.flatMap(freshDatabase, poolAt), (pool) => PoolConnection.clientOn(pool, patientSettings))
    ).pipe(Layer.merge(Layer.succeed(Deadline, hangMs)))
  },
  { name: "an embedded database", client: Layer.unwrap(Effect.map(embeddedFolder, EmbeddedConnection.layer)) }
]

/** What the listeners of this process have been told, from now on. */
const listening = Effect.gen(function* () {
  const trail = yield* AuditTrail
  const told: Array<string> = []
  yield* Effect.forkScoped(
    Stream.runForEach(trail.live, ({ event }) => Effect.sync(() => void told.push(`${event.orderId} ${event.type}`))),
    { startImmediately: true }
  )
  return told
})

describe.each(databases)("on $name, in a transaction of the caller's own", ({ client }) => {
  const run = sharedLayer(Layer.fresh(shopOver(Layer.fresh(PostgresOrderStore.layerMigrated))).pipe(Layer.provideMerge(client)))

  const scene = Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const lifecycle = yield* OrderLifecycle
    yield* sql`CREATE TABLE IF NOT EXISTS mine (note text)`
    const caller = newCaller()
    const { after } = yield* lifecycle.place(caller, requestFor([laptop, 2]))
    return { sql, lifecycle, caller, orderId: after.orderId, told: yield* listening }
  })

  it("a command is committed with it, and told afterwards", () =>
    Effect.gen(function* () {
      const { sql, lifecycle, caller, orderId, told } = yield* scene
      yield* sql.withTransaction(
        Effect.gen(function* () {
          yield* lifecycle.cancel(caller, orderId)
          yield* sql`INSERT INTO mine VALUES (${orderId})`
          for (let turn = 0; turn < 20; turn++) yield* Effect.yieldNow
          expect(told).toEqual([])
        })
      )
      while (told.length === 0) yield* Effect.yieldNow
      expect(told).toEqual([`${orderId} order.cancelled`])
      expect((yield* lifecycle.get(caller.tenantId, orderId)).status).toBe("cancelled")
      expect(yield* sql`SELECT note FROM mine WHERE note = ${orderId}`).toEqual([{ note: orderId }])
    }).pipe(Effect.scoped, run))

  it("a command is undone with it, and never told; nor is a batch", () =>
    Effect.gen(function* () {
      const { sql, lifecycle, caller, orderId, told } = yield* scene
      const commands: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
        lifecycle.cancel(caller, orderId),
        lifecycle.cancelMany(caller, [orderId])
      ]
      for (const command of commands) {
        const failed = yield* Effect.flip(sql.withTransaction(Effect.andThen(command, Effect.fail("changed my mind"))))
        expect(failed).toBe("changed my mind")
      }
      expect((yield* lifecycle.get(caller.tenantId, orderId)).status).toBe("pending")
      // What is told next is what happens next.
      yield* lifecycle.confirm(caller, orderId)
      while (told.length === 0) yield* Effect.yieldNow
      expect(told).toEqual([`${orderId} order.confirmed`])
    }).pipe(Effect.scoped, run))

  it("a command under an order's lock is told when the outermost transaction has ended", () =>
    Effect.gen(function* () {
      const { sql, lifecycle, caller, orderId, told } = yield* scene
      const store = yield* OrderStore
      const within = store.exclusively({ tenantId: caller.tenantId, orderId }, lifecycle.confirm(caller, orderId))
      yield* sql.withTransaction(
        Effect.gen(function* () {
          yield* within
          for (let turn = 0; turn < 20; turn++) yield* Effect.yieldNow
          expect(told).toEqual([])
        })
      )
      while (told.length === 0) yield* Effect.yieldNow
      expect(told).toEqual([`${orderId} order.confirmed`])
    }).pipe(Effect.scoped, run))

  it("two that place for the same new customer at once both place, for one customer", () =>
    Effect.gen(function* () {
      const { sql, lifecycle } = yield* scene
      const caller = newCaller()
      const place = sql.withTransaction(
        Effect.gen(function* () {
          yield* sql`INSERT INTO mine VALUES ('before')`
          const { after } = yield* lifecycle.place(caller, requestFor([laptop, 1]))
          yield* sql`INSERT INTO mine VALUES ('after')`
          return after
        })
      )
      const placed = yield* Effect.all([place, place, place], { concurrency: "unbounded" })
      expect(new Set(placed.map(({ customer }) => customer.customerId)).size).toBe(1)
      expect(new Set(placed.map(({ orderId }) => orderId)).size).toBe(3)
    }).pipe(Effect.scoped, run))

  it("a refusal leaves what was done before it", () =>
    Effect.gen(function* () {
      const { sql, lifecycle, caller, orderId } = yield* scene
      yield* lifecycle.cancel(caller, orderId)
      const refused = yield* sql.withTransaction(
        Effect.gen(function* () {
          yield* sql`INSERT INTO mine VALUES (${`kept ${orderId}`})`
          return yield* Effect.flip(lifecycle.confirm(caller, orderId))
        })
      )
      expect(refused._tag).toBe("OrderNotPending")
      expect(yield* sql`SELECT 1 AS one FROM mine WHERE note = ${`kept ${orderId}`}`).toHaveLength(1)
    }).pipe(Effect.scoped, run))

  it("one that had failed before is named as such, and nothing of it is done", () =>
    Effect.gen(function* () {
      const { sql, lifecycle, caller, orderId } = yield* scene
      const answers: Array<unknown> = []
      const ended = yield* Effect.result(
        sql.withTransaction(
          Effect.gen(function* () {
            yield* Effect.ignore(sql`SELECT 1 / 0`)
            const commands: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
              lifecycle.cancel(caller, orderId),
              lifecycle.get(caller.tenantId, orderId),
              lifecycle.place(caller, requestFor([laptop, 1]))
            ]
            for (const command of commands) {
              answers.push(yield* Effect.flip(command))
            }
          })
        )
      )
      expect(answers).toMatchObject([{ _tag: "StoreUnavailable" }, { _tag: "StoreUnavailable" }, { _tag: "StoreUnavailable" }])
      for (const answer of answers) expect((answer as { readonly cause: unknown }).cause).toBeInstanceOf(TransactionHasFailed)
      // The server answers the commit with a rollback.
      expect(Result.isFailure(ended)).toBe(true)
      expect((yield* lifecycle.get(caller.tenantId, orderId)).status).toBe("pending")
    }).pipe(Effect.scoped, run))

  it("one that the server gives up at its commit was not done, and it is said so", () =>
    Effect.gen(function* () {
      const { sql, caller, orderId } = yield* scene
      const store = yield* OrderStore
      const spoilt = store.exclusively({ tenantId: caller.tenantId, orderId }, Effect.ignore(sql`SELECT 1 / 0`))
      expect((yield* Effect.flip(spoilt))._tag).toBe("StoreUnavailable")
    }).pipe(Effect.scoped, run))
})
