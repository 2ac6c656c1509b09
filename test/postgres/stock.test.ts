/** Stock is counted while it changes: right whatever changes it, without a wait, and no dearer the more orders there are. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as SqlClient from "effect/sql/SqlClient"
import { describe, expect, it } from "vitest"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import type { TenantId } from "../../src/order/Order.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { laptop, monitor, newCaller, requestFor, shopOver } from "../../src/testing/shop.ts"
import { verify } from "../../src/verify/verify.ts"
import { tried } from "../support/evidence.ts"
import { postgresClient } from "../support/postgresDatabase.ts"
import { seeded, whole } from "../support/seeded.ts"
import { sharedLayer } from "../support/sharedLayer.ts"

// No time-out of the server ends what waits here, so what should not wait and does never ends.
const store = PostgresOrderStore.layerMigrated.pipe(Layer.provideMerge(postgresClient({ maxConnections: 12 })))
const run = sharedLayer(shopOver(store).pipe(Layer.provideMerge(store)))

const stockOf = (tenantId: TenantId) => Effect.flatMap(OrderStore, (store) => store.stock(tenantId, laptop))

/** The slots that a tenant's laptops are counted in. */
const slotsOf = (tenantId: TenantId) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql<{ slot: number }>`
      SELECT slot::float8 AS slot FROM order_lifecycle.stock_counts WHERE tenant_id = ${tenantId} AND sku = ${laptop} ORDER BY slot`
  )

const faultsOf = (tenantId: TenantId) => Stream.runCollect(verify({ tenantId }))

describe("stock", () => {
  it("is counted right by any number of callers at once, in a few slots", () =>
    seeded((random) =>
      Effect.gen(function* () {
        const { cancel, place } = yield* OrderLifecycle
        const caller = newCaller()
        const plans = Array.from({ length: 200 }, () => ({ laptops: whole(random, 1, 5), isCancelled: random() < 0.5 }))
        yield* Effect.forEach(
          plans,
          Effect.fnUntraced(function* ({ laptops, isCancelled }) {
            const { after } = yield* place(caller, requestFor([laptop, laptops], [monitor, 1]))
            if (isCancelled) yield* cancel(caller, after.orderId)
          }),
          { concurrency: 24, discard: true }
        )
        const reserved = plans.reduce((sum, { laptops, isCancelled }) => sum + (isCancelled ? 0 : laptops), 0)
        expect(yield* stockOf(caller.tenantId)).toEqual({ reserved, rented: 0 })
        const slots = yield* slotsOf(caller.tenantId)
        // Never more than there are connections.
        expect(slots.length).toBeGreaterThan(0)
        expect(slots.length).toBeLessThanOrEqual(12)
        expect(yield* faultsOf(caller.tenantId)).toEqual([])
        tried("orders whose stock was counted by many callers", plans.length)
      }).pipe(run)
    ))

  it("is not waited for: a transaction that has changed it and stays open holds up no other", () =>
    Effect.gen(function* () {
      const { place } = yield* OrderLifecycle
      const sql = yield* SqlClient.SqlClient
      const caller = newCaller()
      yield* place(caller, requestFor([laptop, 1]))
      const [isOpen, release] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const open = yield* Effect.forkChild(
        sql.withTransaction(
          Effect.gen(function* () {
            yield* place(caller, requestFor([laptop, 10]))
            // What it has written it sees itself.
            expect(yield* stockOf(caller.tenantId)).toEqual({ reserved: 11, rented: 0 })
            yield* Deferred.succeed(isOpen, undefined)
            yield* Deferred.await(release)
            return yield* Effect.fail("taken back" as const)
          })
        )
      )
      yield* Deferred.await(isOpen)
      for (let n = 0; n < 5; n++) yield* place(caller, requestFor([laptop, 1]))
      expect(yield* stockOf(caller.tenantId)).toEqual({ reserved: 6, rented: 0 })
      expect(yield* slotsOf(caller.tenantId)).toHaveLength(2)
      yield* Deferred.succeed(release, undefined)
      yield* Fiber.await(open)
      expect(yield* stockOf(caller.tenantId)).toEqual({ reserved: 6, rented: 0 })
      expect(yield* faultsOf(caller.tenantId)).toEqual([])
    }).pipe(run))

  it("does not fail a transaction that sees the tables as they were, and what that leaves is taken in", () =>
    Effect.gen(function* () {
      const { place } = yield* OrderLifecycle
      const sql = yield* SqlClient.SqlClient
      const caller = newCaller()
      yield* place(caller, requestFor([laptop, 1]))
      for (let n = 0; n < 3; n++) {
        const [hasBegun, goOn] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
        const old = yield* Effect.forkChild(
          sql.withTransaction(
            Effect.gen(function* () {
              yield* sql`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`
              yield* stockOf(caller.tenantId)
              yield* Deferred.succeed(hasBegun, undefined)
              yield* Deferred.await(goOn)
              // Twice, into the same slot.
              yield* place(caller, requestFor([laptop, 2]))
              yield* place(caller, requestFor([laptop, 3]))
            })
          )
        )
        yield* Deferred.await(hasBegun)
        // The slot is changed behind its back.
        yield* place(caller, requestFor([laptop, 1]))
        yield* Deferred.succeed(goOn, undefined)
        yield* Fiber.join(old)
        const slots = yield* slotsOf(caller.tenantId)
        expect(slots).toHaveLength(2)
        expect(slots[0]?.slot).toBeLessThan(0)
      }
      yield* place(caller, requestFor([laptop, 1]))
      expect(yield* slotsOf(caller.tenantId)).toHaveLength(1)
      expect(yield* stockOf(caller.tenantId)).toEqual({ reserved: 20, rented: 0 })
      expect(yield* faultsOf(caller.tenantId)).toEqual([])
    }).pipe(run))

  it("follows what is written by hand, too", () =>
    Effect.gen(function* () {
      const { place } = yield* OrderLifecycle
      const sql = yield* SqlClient.SqlClient
      const caller = newCaller()
      const { after } = yield* place(caller, requestFor([laptop, 4]))
      yield* sql`UPDATE order_lifecycle.reservations SET held = held - 1, active = active + 1
                  WHERE tenant_id = ${caller.tenantId} AND order_id = ${after.orderId}`
      expect(yield* stockOf(caller.tenantId)).toEqual({ reserved: 3, rented: 1 })
      // What moves no unit counts nothing.
      yield* sql`UPDATE order_lifecycle.reservations SET held = held WHERE tenant_id = ${caller.tenantId}`
      expect(yield* stockOf(caller.tenantId)).toEqual({ reserved: 3, rented: 1 })
    }).pipe(run))

  it("that was counted wrong is found", () =>
    Effect.gen(function* () {
      const { place } = yield* OrderLifecycle
      const sql = yield* SqlClient.SqlClient
      const caller = newCaller()
      yield* place(caller, requestFor([laptop, 4], [monitor, 2]))
      yield* sql`UPDATE order_lifecycle.stock_counts SET rented = rented + 1 WHERE tenant_id = ${caller.tenantId} AND sku = ${laptop}`
      yield* sql`DELETE FROM order_lifecycle.stock_counts WHERE tenant_id = ${caller.tenantId} AND sku = ${monitor}`
      const found = yield* faultsOf(caller.tenantId)
      expect(found.map(({ id, message }) => [id, message])).toEqual([
        ["S8", `of ${laptop} 4 reserved and 1 rented are counted, and the lines have 4 and 0`],
        ["S8", `of ${monitor} 0 reserved and 0 rented are counted, and the lines have 2 and 0`]
      ])
    }).pipe(run))
})
