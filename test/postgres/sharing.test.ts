/** Calls that share statements on a real PostgreSQL: what one of them meets is its own affair. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Result from "effect/Result"
import * as SqlClient from "effect/sql/SqlClient"
import { describe, expect, it } from "vitest"
import * as EmbeddedOrderStore from "../../src/embedded/EmbeddedOrderStore.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { type Change, OrderStore } from "../../src/lifecycle/OrderStore.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { SharesStatements } from "../../src/lifecycle/shared.ts"
import { cancel, confirm, freshTenant, headOf, keyFor, next, placing } from "../../src/testing/contractOrders.ts"
import { laptop, newCaller, requestFor, shopOver } from "../../src/testing/shop.ts"
import { embeddedFolder } from "../support/embeddedFolder.ts"
import { postgresClient } from "../support/postgresDatabase.ts"
import { sharedLayer } from "../support/sharedLayer.ts"

// No time-out of the server ends what waits here, so what should not wait and does never ends.
const run = sharedLayer(
  shopOver(PostgresOrderStore.layerMigrated).pipe(Layer.provideMerge(postgresClient({ maxConnections: 8 })))
)

const commitAll = Effect.fnUntraced(function* (changes: ReadonlyArray<Change>) {
  const store = yield* OrderStore
  return yield* Effect.forEach(changes, (change) => Effect.exit(store.commit([change])), { concurrency: "unbounded" })
})

const many = Array.from({ length: 40 }, (_, n) => n)

describe("forty calls at once", () => {
  it("of which three meet a locked order: the others do not wait for it", () =>
    Effect.gen(function* () {
      const { cancel: cancelOrder, place } = yield* OrderLifecycle
      const sql = yield* SqlClient.SqlClient
      const caller = newCaller()
      const orderIds = yield* Effect.forEach(
        many,
        (n) =>
          Effect.map(place(caller, { ...requestFor([laptop, 1]), externalReference: `N-${n}` }), ({ after }) => after.orderId),
        { concurrency: "unbounded" }
      )
      const locked = orderIds.filter((_, n) => n % 15 === 7)
      expect(locked).toHaveLength(3)
      const [isLocked, release] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const holder = yield* Effect.forkChild(
        sql.withTransaction(
          Effect.gen(function* () {
            yield* sql`SELECT 1 FROM order_lifecycle.orders WHERE order_id IN ${sql.in(locked)} FOR UPDATE`
            yield* Deferred.succeed(isLocked, undefined)
            yield* Deferred.await(release)
          })
        )
      )
      yield* Deferred.await(isLocked)
      const cancels = yield* Effect.forEach(orderIds, (orderId) => Effect.forkChild(cancelOrder(caller, orderId)))
      for (const [n, fiber] of cancels.entries()) {
        const orderId = orderIds[n]
        if (orderId !== undefined && !locked.includes(orderId)) expect((yield* Fiber.join(fiber)).after.status).toBe("cancelled")
      }
      yield* Deferred.succeed(release, undefined)
      yield* Fiber.join(holder)
      for (const fiber of cancels) expect((yield* Fiber.join(fiber)).after.version).toBe(2)
    }).pipe(run))

  it("of which two meet new customers of an open transaction: the others do not wait for it", () =>
    Effect.gen(function* () {
      const store = yield* OrderStore
      const sql = yield* SqlClient.SqlClient
      const [tenantId, other] = [freshTenant(), freshTenant()]
      const emails = ["one@example.com", "two@example.com"]
      const [isOpen, release] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const holder = yield* Effect.forkChild(
        sql.withTransaction(
          Effect.gen(function* () {
            for (const email of emails) yield* store.commit([placing(tenantId, { email })])
            yield* Deferred.succeed(isOpen, undefined)
            yield* Deferred.await(release)
          })
        )
      )
      yield* Deferred.await(isOpen)
      const meeting = yield* Effect.forkChild(commitAll(emails.map((email) => placing(tenantId, { email }))), {
        startImmediately: true
      })
      const exits = yield* commitAll([...many.map(() => placing(tenantId)), ...many.map(() => placing(other))])
      expect(exits.map((exit) => Exit.isSuccess(exit) && exit.value[0])).toEqual(exits.map(() => "committed"))
      yield* Deferred.succeed(release, undefined)
      yield* Fiber.join(holder)
      expect(yield* Fiber.join(meeting)).toEqual([Exit.succeed(["conflict"]), Exit.succeed(["conflict"])])
    }).pipe(run))

  it("of which one is wrong: it alone dies, and the others are committed", () =>
    Effect.gen(function* () {
      const store = yield* OrderStore
      const tenantId = freshTenant()
      const placed = many.map(() => placing(tenantId))
      yield* store.commit(placed)
      const cancels = placed.map((change) => next(headOf(change), cancel()))
      // Reservations that are not what the order says: a mistake of ours, which the statement finds.
      const wrong = cancels.map((change, n): Change =>
        n === 20 ? { ...change, reservations: change.reservations.slice(1).map((each) => ({ ...each, quantity: 9 })) } : change
      )
      const exits = yield* commitAll(wrong)
      expect(exits.flatMap((exit, n) => (Exit.isSuccess(exit) && exit.value[0] === "committed" ? [] : [n]))).toEqual([20])
    }).pipe(run))

  it("of which two want the same key, and two the same new customer: one of each is committed", () =>
    Effect.gen(function* () {
      const tenantId = freshTenant()
      const remember = keyFor(tenantId, "once", "place")
      const placed = many.map((n) =>
        placing(tenantId, { ...(n % 20 === 3 && { remember }), ...(n % 20 === 5 && { email: "new@example.com" }) })
      )
      const exits = yield* commitAll(placed)
      const conflicts = exits.flatMap((exit, n) => (Exit.isSuccess(exit) && exit.value[0] === "conflict" ? [n] : []))
      expect(exits.every(Exit.isSuccess)).toBe(true)
      expect(conflicts.map((n) => n % 20).toSorted((a, b) => a - b)).toEqual([3, 5])
    }).pipe(run))

  it("of which two change the same order: one of them loses, whichever comes second", () =>
    Effect.gen(function* () {
      const store = yield* OrderStore
      const tenantId = freshTenant()
      const placed = many.map(() => placing(tenantId))
      yield* store.commit(placed)
      const changes = placed.map((change, n) =>
        next(headOf(n === 20 ? (placed[10] ?? change) : change), n === 20 ? confirm : cancel())
      )
      const exits = yield* commitAll(changes)
      const outcomes = exits.map((exit) => (Exit.isSuccess(exit) ? exit.value[0] : "failed"))
      expect(new Set([outcomes[10], outcomes[20]])).toEqual(new Set(["committed", "conflict"]))
      expect(outcomes.filter((outcome) => outcome === "committed")).toHaveLength(39)
    }).pipe(run))

  it("of which some are refused: each is told the truth about its own order", () =>
    Effect.gen(function* () {
      const { cancel: cancelOrder, confirm: confirmOrder, place } = yield* OrderLifecycle
      const caller = newCaller()
      const placed = yield* Effect.forEach(many, () => place(caller, requestFor([laptop, 1])), { concurrency: "unbounded" })
      const both = yield* Effect.forEach(
        placed,
        ({ after: { orderId } }) =>
          Effect.all([Effect.result(cancelOrder(caller, orderId)), Effect.result(confirmOrder(caller, orderId))], {
            concurrency: "unbounded"
          }),
        { concurrency: "unbounded" }
      )
      for (const [cancelled, confirmed] of both) {
        expect(cancelled).toMatchObject({ _tag: "Success", success: { event: { type: "order.cancelled" } } })
        if (Result.isSuccess(confirmed)) expect(confirmed.success.event.type).toBe("order.confirmed")
        else expect(confirmed.failure).toMatchObject({ _tag: "OrderNotPending", status: "cancelled" })
      }
    }).pipe(run))

  it("within a transaction of the caller's stay in it, and are undone with it", () =>
    Effect.gen(function* () {
      const { cancel: cancelOrder, get, place } = yield* OrderLifecycle
      const sql = yield* SqlClient.SqlClient
      const caller = newCaller()
      const { after } = yield* place(caller, requestFor([laptop, 1]))
      const undone = sql.withTransaction(Effect.andThen(cancelOrder(caller, after.orderId), Effect.fail("undone" as const)))
      expect(yield* Effect.flip(undone)).toBe("undone")
      expect((yield* get(caller.tenantId, after.orderId)).version).toBe(1)
    }).pipe(run))
})

describe("a large change", () => {
  it("has a statement of its own, so that many of them do not take longer than one statement may", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const tenantId = freshTenant()
      const items = Array.from({ length: 60 }, (_, n) => ({ sku: `SKU-${n}`, quantity: 1 }))
      const exits = yield* commitAll(many.map(() => placing(tenantId, { items })))
      expect(exits.every(Exit.isSuccess)).toBe(true)
      const [counted] = yield* sql<{ count: number }>`
        SELECT count(DISTINCT xmin::text)::int AS count FROM order_lifecycle.orders WHERE tenant_id = ${tenantId}`
      expect(counted?.count).toBe(40)
    }).pipe(run))
})

describe("shared statements", () => {
  /** In how many transactions forty orders are cancelled at once. */
  const transactionsFor = (sharesStatements: boolean) =>
    Effect.gen(function* () {
      const { cancel: cancelOrder, place } = yield* OrderLifecycle
      const sql = yield* SqlClient.SqlClient
      const caller = newCaller()
      const placed = yield* Effect.forEach(many, () => place(caller, requestFor([laptop, 1])))
      yield* Effect.forEach(placed, ({ after }) => cancelOrder(caller, after.orderId), { concurrency: "unbounded" })
      const [counted] = yield* sql<{ count: number }>`
        SELECT count(DISTINCT xmin::text)::int AS count FROM order_lifecycle.orders WHERE tenant_id = ${caller.tenantId}`
      return counted?.count
    }).pipe(
      Effect.provide(
        shopOver(PostgresOrderStore.layerMigrated).pipe(
          Layer.provideMerge(postgresClient({ maxConnections: 8 })),
          Layer.provide(Layer.succeed(SharesStatements, sharesStatements))
        )
      ),
      Effect.scoped
    )

  it("can be switched off for a folder, too", async () => {
    const commits = Effect.map(Metric.snapshot, (metrics) =>
      metrics.flatMap(({ id, attributes, state }) =>
        id === "order_lifecycle_statement_calls" && attributes?.["statement"] === "commit" && "count" in state
          ? [state.count]
          : []
      )
    )
    const placeOne = (sharesStatements: boolean) =>
      Effect.gen(function* () {
        const store = EmbeddedOrderStore.layer(yield* embeddedFolder)
        yield* Effect.flatMap(OrderLifecycle, ({ place }) => place(newCaller(), requestFor([laptop, 1]))).pipe(
          Effect.provide(Layer.provide(shopOver(store), Layer.succeed(SharesStatements, sharesStatements)))
        )
        return yield* commits
      }).pipe(Effect.scoped, Effect.runPromise)
    const before = await placeOne(false)
    expect(await placeOne(false)).toEqual(before)
    expect(await placeOne(true)).not.toEqual(before)
  })

  it("are few, and one for each call where they are switched off", async () => {
    expect(await Effect.runPromise(transactionsFor(false))).toBe(40)
    const few = await Effect.runPromise(transactionsFor(true))
    expect(few).toBeGreaterThan(1)
    expect(few).toBeLessThan(20)
  })
})
