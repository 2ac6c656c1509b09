/** Everything in another schema than `order_lifecycle`, and two schemas beside each other in one database. */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as SqlClient from "effect/sql/SqlClient"
import { describe, expect, it } from "vitest"
import { OrderRecords } from "../../src/lifecycle/OrderRecords.ts"
import { type Change, OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { programVersion } from "../../src/lifecycle/programVersion.ts"
import { layerDigest } from "../../src/node/nodeDigest.ts"
import { backstops, missingBackstops, presentBackstops } from "../../src/postgres/backstops.ts"
import { grantsFor } from "../../src/postgres/grants.ts"
import { migrate, migrations, migrateTo } from "../../src/postgres/migrate.ts"
import { everyTenant } from "../../src/postgres/migrations/0002_outbox.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { clientIn, inSchema, layerSchema, lockKeyOf, schemaOf } from "../../src/postgres/schemaName.ts"
import { cancel, freshTenant, headOf, next, placing } from "../../src/testing/contractOrders.ts"
import { orderRecordsContract } from "../../src/testing/orderRecordsContract.ts"
import { verify } from "../../src/verify/verify.ts"
import { countStatements } from "../support/countStatements.ts"
import { postgresClient } from "../support/postgresDatabase.ts"
import { runContract } from "../support/runContract.ts"
import { sharedLayer } from "../support/sharedLayer.ts"

const elsewhere = "orders_eu"

/** A store in a schema of the database at hand. Fresh: there is one for each schema. */
const storeIn = (schema: string) => Layer.provide(Layer.fresh(PostgresOrderStore.layerMigrated), layerSchema(schema))

const sent = new Set<string>()
const watched = <A, E, R>(run: Effect.Effect<A, E, R>) =>
  Effect.tap(countStatements(run), ({ statements }) => Effect.sync(() => statements.forEach((text) => sent.add(text))))

runContract(`the schema ${elsewhere}`, Layer.provide(storeIn(elsewhere), postgresClient()), watched)

describe(`in the schema ${elsewhere}`, () => {
  const run = sharedLayer(storeIn(elsewhere).pipe(Layer.provideMerge(postgresClient())))

  it("no statement asks for another one, in all that the contracts of the store and of its records send", async () => {
    for (const each of orderRecordsContract) await run(watched(each.run))
    const texts = [...sent]
    expect(texts.filter((text) => text.includes("order_lifecycle"))).toEqual([])
    expect(texts.filter((text) => text.includes(`"${elsewhere}".`)).length).toBeGreaterThan(60)
  })

  it("is everything that a migration makes, and the functions ask for nothing elsewhere", () =>
    run(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        expect((yield* presentBackstops(clientIn(sql, elsewhere))).toSorted()).toEqual(backstops.toSorted())
        expect(yield* sql`SELECT nspname FROM pg_namespace WHERE nspname = 'order_lifecycle'`).toEqual([])
        const functions = yield* sql<{ body: string }>`
          SELECT prosrc AS body FROM pg_proc WHERE pronamespace = ${elsewhere}::text::regnamespace`
        expect(functions.length).toBeGreaterThan(4)
        for (const { body } of functions) {
          expect(body).not.toContain("order_lifecycle")
          expect(body).not.toContain(everyTenant)
        }
      })
    ))

  it("what a caller says is never rewritten", () =>
    run(
      Effect.gen(function* () {
        const store = yield* OrderStore
        const placement = placing(freshTenant())
        yield* store.commit([placement])
        const { tenantId, orderId } = headOf(placement).order
        const notes = "order_lifecycle.orders and 'order_lifecycle'"
        yield* store.rewriteNotes(tenantId, orderId, notes)
        const [loaded] = yield* store.load([{ tenantId, order: { orderId } }])
        expect(loaded?.order?.notes).toBe(notes)
      })
    ))

  it("a row of the embedding service's own cannot be one of the library's tables", () =>
    run(
      Effect.gen(function* () {
        const store = yield* OrderStore
        const change: Change = { ...placing(freshTenant()), rows: [{ table: `${elsewhere}.orders`, columns: {}, rows: [{}] }] }
        const died = yield* Effect.catchDefect(
          Effect.suspend(() => store.commit([change])),
          (defect) => Effect.succeed(String(defect))
        )
        expect(died).toBe(`Error: ${elsewhere}.orders: the tables of the library are its own`)
      })
    ))
})

describe("two schemas in one database", () => {
  const run = sharedLayer(postgresClient())
  const names = ["orders_eu", "orders_us"]

  /** A store, its records and its client for each schema. */
  const both = Effect.gen(function* () {
    const real = yield* SqlClient.SqlClient
    return yield* Effect.forEach(
      names,
      (schema) =>
        Effect.map(Layer.build(storeIn(schema)), (context) => ({
          store: Context.get(context, OrderStore),
          records: Context.get(context, OrderRecords),
          sql: clientIn(real, schema)
        })),
      { concurrency: "unbounded" }
    )
  })

  it("are made at once, and neither waits for a migration of the other", () =>
    run(
      Effect.gen(function* () {
        yield* both
        const [begun, go] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
        const run = Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(go))
        const slow = { ...migrations, "0900_slow": { oldestProgram: "0.2.0", run } }
        const inEurope = yield* Effect.forkChild(Effect.provide(migrateTo(slow, programVersion), layerSchema("orders_eu")))
        yield* Deferred.await(begun)
        const more = { ...migrations, "0900_more": { oldestProgram: "0.2.0", run: Effect.void } }
        expect(yield* Effect.provide(migrateTo(more, programVersion), layerSchema("orders_us"))).toEqual(["0900_more"])
        yield* Deferred.succeed(go, undefined)
        expect(yield* Fiber.join(inEurope)).toEqual(["0900_slow"])
      }).pipe(Effect.scoped)
    ))

  it("have locks of their own", () =>
    run(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const keys = ["order_lifecycle", ...names].map((schema) => lockKeyOf(clientIn(sql, schema), everyTenant))
        expect(new Set(keys).size).toBe(3)
        expect(keys[0]).toBe(everyTenant)
        for (const key of keys) expect(BigInt(key)).toBe(BigInt.asUintN(63, BigInt(key)))
      })
    ))

  it("keep the orders, customers, keys and consumers of one tenant apart", () =>
    run(
      Effect.gen(function* () {
        const [eu, us] = yield* both
        if (eu === undefined || us === undefined) throw new Error("two schemas")
        const tenantId = freshTenant()
        const placement = placing(tenantId)
        expect(yield* eu.store.commit([placement])).toEqual(["committed"])
        expect(yield* us.store.orderIds(tenantId, null, 10)).toEqual([])
        // The same order again: nothing is taken there.
        expect(yield* us.store.commit([placement])).toEqual(["committed"])
        expect(yield* us.store.commit([next(headOf(placement), cancel())])).toEqual(["committed"])
        expect(yield* eu.store.history(tenantId, headOf(placement).order.orderId)).toHaveLength(1)
        expect(yield* eu.store.addConsumer({ tenantId: null, consumer: "mail" }, "beginning")).toBe(true)
        expect(yield* us.store.consumers(tenantId)).toEqual([])
        expect(yield* eu.store.leaseEvents({ tenantId, consumer: "mail", limit: 10, leaseMs: 1_000 })).toMatchObject({
          deliveries: [{ position: 1 }]
        })
        expect(yield* us.store.leaseEvents({ tenantId, consumer: "mail", limit: 10, leaseMs: 1_000 })).toBe(null)
      }).pipe(Effect.scoped)
    ))

  it("are verified each by itself: damage is found where it is", () =>
    run(
      Effect.gen(function* () {
        const [eu, us] = yield* both
        if (eu === undefined || us === undefined) throw new Error("two schemas")
        const tenantId = freshTenant()
        for (const { store } of [eu, us]) yield* store.commit([placing(tenantId)])
        yield* us.sql`ALTER TABLE order_lifecycle.audit_events DISABLE TRIGGER audit_events_stay`
        yield* us.sql`UPDATE order_lifecycle.audit_events SET hash = 'changed' WHERE tenant_id = ${tenantId}`
        const found = ({ store, records }: typeof eu) =>
          Stream.runCollect(verify({ tenantId })).pipe(
            Effect.map((violations) => violations.map(({ id }) => id)),
            Effect.provideService(OrderStore, store),
            Effect.provideService(OrderRecords, records),
            Effect.provide(layerDigest)
          )
        expect(yield* found(eu)).toEqual([])
        expect(yield* found(us)).toContain("A6")
        expect(yield* missingBackstops(eu.sql)).toEqual([])
        expect(yield* missingBackstops(us.sql)).toEqual(["trigger audit_events_stay of audit_events"])
        yield* us.sql`ALTER TABLE order_lifecycle.audit_events ENABLE TRIGGER audit_events_stay`
      }).pipe(Effect.scoped)
    ))
})

describe("the text of a statement", () => {
  it("for order_lifecycle goes to the very client that was given", () =>
    Effect.runPromise(
      Effect.map(Effect.provide(SqlClient.SqlClient, postgresClient()), (sql) => {
        expect(clientIn(sql, "order_lifecycle")).toBe(sql)
        expect(schemaOf(sql)).toBe("order_lifecycle")
      })
    ))

  it.each([
    ["SELECT 1 FROM order_lifecycle.orders o", 'SELECT 1 FROM "order".orders o'],
    ["WHERE n.nspname = 'order_lifecycle'", "WHERE n.nspname = 'order'"],
    ["'order_lifecycle'::regnamespace", "'order'::regnamespace"],
    ["CREATE SCHEMA order_lifecycle", 'CREATE SCHEMA "order"'],
    ["EXECUTE FUNCTION order_lifecycle.forbid('no')", "EXECUTE FUNCTION \"order\".forbid('no')"],
    // What an embedding service may name its own tables and columns.
    ["INSERT INTO our_order_lifecycle.refunds", "INSERT INTO our_order_lifecycle.refunds"],
    ["INSERT INTO order_lifecycle_eu.refunds", "INSERT INTO order_lifecycle_eu.refunds"],
    ["w.own -> 'ours.order_lifecycle'", "w.own -> 'ours.order_lifecycle'"],
    ['r."order_lifecycle" text', 'r."order_lifecycle" text']
  ])("%s is, in the schema order, %s", (text, rewritten) => {
    expect(inSchema(text, "order")).toBe(rewritten)
    expect(inSchema(text, "order_lifecycle")).toBe(text)
  })
})

describe("a name", () => {
  it.each(["orders_eu", "order", "_", "a1", "x".repeat(63)])("may be %s", (name) => {
    expect(() => layerSchema(name)).not.toThrow()
  })

  it("of a word of SQL works", () =>
    Effect.runPromise(
      Effect.gen(function* () {
        expect((yield* migrate).length).toBeGreaterThan(5)
        expect(yield* migrate).toEqual([])
      }).pipe(Effect.provide([postgresClient(), layerSchema("user")]))
    ))

  it.each(["", "Orders", "1orders", "orders-eu", "orders.eu", 'or"ders', "pg_orders", "information_schema", "x".repeat(64), "é"])(
    "may not be %s",
    (name) => {
      expect(() => layerSchema(name)).toThrow(/^layerSchema: must be 1 to 63 small letters/)
      expect(() => grantsFor("role", name)).toThrow(/^grantsFor: schema: must be/)
    }
  )
})
