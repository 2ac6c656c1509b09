/** What lists find orders by: verified, and written for orders of before there was the table, or of a program without it. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as SqlClient from "effect/sql/SqlClient"
import { OrderLifecycle } from "order-lifecycle"
import { expect, it } from "vitest"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import { migrations, migrateTo } from "../../src/postgres/migrate.ts"
import * as PostgresConnection from "../../src/postgres/PostgresConnection.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { indexData } from "../../src/verify/indexData.ts"
import { verify } from "../../src/verify/verify.ts"
import { freshDatabase, postgresStore } from "../support/postgresDatabase.ts"
import { laptop, monitor, newCaller, requestFor, shopOver } from "../support/world.ts"

const violations = (tenantId: ReturnType<typeof newCaller>["tenantId"]) =>
  Effect.map(Stream.runCollect(verify({ tenantId })), (found) => found.map(({ id, message }) => `${id}: ${message}`))

const wrong = (name: string) => `F1: lists look for it by a value of ${name} that its events do not say`
const missing = (name: string) => `F1: lists do not find it by ${name}`

it("what a hand has written is found out, and set right", () =>
  Effect.gen(function* () {
    const lifecycle = yield* OrderLifecycle
    const sql = yield* SqlClient.SqlClient
    const caller = newCaller()
    const { tenantId } = caller
    const { after } = yield* lifecycle.place(caller, {
      ...requestFor([laptop, 1]),
      externalReference: "PO-1"
    })
    yield* lifecycle.correct(caller, after.orderId, { customer: { email: "Corrected@example.com" } })
    yield* lifecycle.addItems(caller, after.orderId, { items: [{ sku: monitor, quantity: 1 }] })
    expect(yield* violations(tenantId)).toEqual([])
    const counted = { tenants: 1, orders: 1, indexed: 1, changed: 0 }
    const repaired = Effect.gen(function* () {
      expect(yield* indexData({ tenantId, dryRun: true })).toEqual(counted)
      expect(yield* indexData({ tenantId })).toEqual(counted)
      expect(yield* violations(tenantId)).toEqual([])
      expect((yield* lifecycle.list(tenantId, { email: "corrected@example.com" })).items).toHaveLength(1)
      expect(yield* indexData({ tenantId })).toEqual({ ...counted, indexed: 0 })
    })
    for (const [kind, name] of [
      ["email", "email"],
      ["reference", "externalReference"],
      ["sku", "sku"]
    ] as const) {
      yield* sql`UPDATE order_lifecycle.order_lookups SET value = 'another' || value WHERE tenant_id = ${tenantId} AND kind = ${kind}`
      expect(yield* violations(tenantId)).toEqual([wrong(name), missing(name)])
      yield* repaired
    }
    yield* sql`DELETE FROM order_lifecycle.order_lookups WHERE tenant_id = ${tenantId}`
    expect(yield* violations(tenantId)).toEqual([missing("externalReference"), missing("email"), missing("sku")])
    yield* repaired
    yield* sql`UPDATE order_lifecycle.order_lookups SET created_at = '2000' WHERE tenant_id = ${tenantId}`
    expect(new Set(yield* violations(tenantId))).toEqual(
      new Set(["C4: the column created_at of order_lookups is not the order's"])
    )
  }).pipe(Effect.provide(shopOver(Layer.orDie(postgresStore))), Effect.scoped, Effect.runPromise))

it("the migration writes it for orders that are there", () =>
  Effect.gen(function* () {
    const url = yield* freshDatabase
    const connection = PostgresConnection.layer({ url, maxConnections: 2 })
    const store = Layer.provideMerge(PostgresOrderStore.layerMigrated, connection)
    yield* Effect.gen(function* () {
      const lifecycle = yield* OrderLifecycle
      const sql = yield* SqlClient.SqlClient
      const caller = newCaller()
      const { tenantId } = caller
      const { customer, ...request } = requestFor([laptop, 1], [laptop, 2], [monitor, 1])
      yield* lifecycle.place(caller, {
        ...request,
        customer: { ...customer, email: "ÄRA@Example.com" },
        externalReference: "PO-1"
      })
      yield* lifecycle.place(caller, { ...request, customer: { ...customer, email: "Grace@Example.com" } })
      const all = sql`SELECT * FROM order_lifecycle.order_lookups ORDER BY order_id, kind, value`
      const written = yield* all
      expect(written).toHaveLength(7)
      // As if the program of before had placed them.
      yield* sql`DROP TABLE order_lifecycle.order_lookups`
      yield* sql`DELETE FROM order_lifecycle.migrations WHERE migration_id >= 10`
      const upToHere = Object.fromEntries(Object.entries(migrations).filter(([name]) => name <= "0010_lookups"))
      expect(yield* migrateTo(upToHere, "0.2.0")).toEqual(["0010_lookups"])
      expect(yield* all).toEqual(written)
      expect(yield* violations(tenantId)).toEqual([])
    }).pipe(Effect.provide(shopOver(Layer.orDie(store))))
  }).pipe(Effect.scoped, Effect.runPromise))

it("in memory, where lists look at the orders themselves, there is nothing to index", () =>
  Effect.gen(function* () {
    const caller = newCaller()
    yield* Effect.flatMap(OrderLifecycle, (lifecycle) => lifecycle.place(caller, requestFor([laptop, 1])))
    expect(yield* violations(caller.tenantId)).toEqual([])
    expect((yield* indexData({})).indexed).toBe(0)
  }).pipe(Effect.provide(shopOver(Layer.fresh(memory))), Effect.runPromise))
