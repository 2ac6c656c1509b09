/** One caller does not stop all others: what an order that is locked elsewhere, and a large one, cost those who have nothing to do with them. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { describe, expect, it } from "vitest"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { SerialNumber, type SubscriptionId } from "../../src/order/Order.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { confirm, freshTenant, headOf, next, placing, start } from "../../src/testing/contractOrders.ts"
import { laptop, newCaller, requestFor, shopOver } from "../../src/testing/shop.ts"
import { databaseNamed, postgresClient } from "../support/postgresDatabase.ts"
import * as PostgresConnection from "../../src/postgres/PostgresConnection.ts"
import { currentDatabase } from "../support/faultyPostgres.ts"
import { sharedLayer } from "../support/sharedLayer.ts"
import { until } from "../support/waiting.ts"

const run = sharedLayer(
  shopOver(PostgresOrderStore.layerMigrated).pipe(Layer.provideMerge(postgresClient({ maxConnections: 4 })))
)

describe("sixty commands on an order that another process has locked", () => {
  it.each(["by the order", "by its subscriptions"])("%s wait on one connection, and other orders do not notice", (name) =>
    Effect.gen(function* () {
      const lifecycle = yield* OrderLifecycle
      const caller = newCaller()
      const { after } = yield* lifecycle.place(caller, requestFor([laptop, 60]))
      yield* lifecycle.confirm(caller, after.orderId)
      const rentals: Array<SubscriptionId> = []
      const isByOrder = name === "by the order"
      for (let n = 0; n < (isByOrder ? 0 : 6); n++) {
        const { event } = yield* lifecycle.startSubscription(caller, {
          orderId: after.orderId,
          customerId: after.customer.customerId,
          assetSerialNumber: SerialNumber.make(`${after.orderId} ${n}`)
        })
        rentals.push(event.details.subscriptionId)
      }
      const outside = yield* Layer.build(
        PostgresConnection.layer({ url: databaseNamed(yield* currentDatabase), maxConnections: 2 })
      )
      const [locked, done] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const holder = yield* Effect.forkChild(
        Effect.provideContext(
          Effect.flatMap(SqlClient.SqlClient, (sql) =>
            sql.withTransaction(
              Effect.gen(function* () {
                yield* sql`SELECT 1 FROM order_lifecycle.orders WHERE order_id = ${after.orderId} FOR UPDATE`
                yield* Deferred.succeed(locked, undefined)
                yield* Deferred.await(done)
              })
            )
          ),
          outside
        )
      )
      yield* Deferred.await(locked)
      const command = (n: number): Effect.Effect<unknown, unknown> =>
        isByOrder
          ? lifecycle.cancel(caller, after.orderId)
          : lifecycle.cancelSubscription(caller, { rentalId: rentals[n % 6] as SubscriptionId, reason: "other" })
      const commands = yield* Effect.forkChild(
        Effect.forEach(
          Array.from({ length: 60 }, (_, n) => n),
          (n) => Effect.result(command(n)),
          { concurrency: "unbounded" }
        )
      )
      const waiting = Effect.provideContext(
        Effect.flatMap(
          SqlClient.SqlClient,
          (sql) => sql`SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
        ),
        outside
      )
      yield* until(Effect.map(waiting, ({ length }) => length > 0))
      // Each of these needs a connection, and there are four.
      for (let n = 0; n < 8; n++) yield* lifecycle.place(newCaller(), requestFor([laptop, 1]))
      expect((yield* waiting).length).toBeLessThanOrEqual(1)
      yield* Deferred.succeed(done, undefined)
      yield* Fiber.join(holder)
      const answers = yield* Fiber.join(commands)
      expect(answers.filter(({ _tag }) => _tag === "Success").length).toBeLessThanOrEqual(6)
    }).pipe(Effect.scoped, run)
  )
})

describe("a page of subscriptions", () => {
  it("reads what is on it: of a large order as many rows as of small ones, and the order once", () =>
    Effect.gen(function* () {
      const store = yield* OrderStore
      const sql = yield* SqlClient.SqlClient
      const tenantId = freshTenant()
      let change = placing(tenantId, {
        items: [{ sku: "LAPTOP", quantity: 150 }, ...Array.from({ length: 200 }, () => ({ sku: "BIKE", quantity: 1 }))]
      })
      yield* store.commit([change])
      change = next(headOf(change), confirm)
      yield* store.commit([change])
      for (let n = 0; n < 150; n++) {
        change = next(headOf(change), start(change.transition.after, "LAPTOP", `serial-${n}`))
        yield* store.commit([change])
      }
      const reads = sql<{ table: string; rows: number }>`
        SELECT relname AS table, (seq_tup_read + idx_tup_fetch)::int AS rows FROM pg_stat_xact_user_tables
         WHERE schemaname = 'order_lifecycle' AND relname IN ('orders', 'subscriptions', 'reservations') ORDER BY relname`
      const counted = yield* sql.withTransaction(
        Effect.gen(function* () {
          const before = yield* reads
          expect(yield* store.listSubscriptions({ tenantId, sortBy: "createdAt", sortDir: "desc", limit: 100 })).toHaveLength(100)
          const after = yield* reads
          return after.map(({ table, rows }, index) => [table, rows - (before[index]?.rows ?? 0)])
        })
      )
      expect(counted).toEqual([
        ["orders", 1],
        ["reservations", 0],
        ["subscriptions", 100]
      ])
    }).pipe(run))
})
