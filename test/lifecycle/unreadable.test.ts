/**
 * One stored order that cannot be read, or not be shown, never fails a list: the others are listed, the log and `verify` name it, and to ask
 * for it alone is a fault of the service.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Stream from "effect/Stream"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { afterAll, describe, expect, it } from "vitest"
import * as EmbeddedConnection from "../../src/embedded/EmbeddedConnection.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import type { OrderRecords } from "../../src/lifecycle/OrderRecords.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import * as Memory from "../../src/memory/MemoryOrderStore.ts"
import { type Order, TenantId } from "../../src/order/Order.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { placing } from "../../src/testing/contractOrders.ts"
import { verify } from "../../src/verify/verify.ts"
import { openService } from "../http/client.ts"
import { embeddedFolder } from "../support/embeddedFolder.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { confirmedOrder, newCaller, newSerial, shopOver } from "../support/world.ts"

/** A log that can be read. */
const makeLog = () => {
  const lines: Array<Record<string, unknown>> = []
  const logger = Logger.make<unknown, void>(({ message, logLevel }) => {
    const [entry] = [message].flat() as ReadonlyArray<unknown>
    if (logLevel === "Error") lines.push(entry as Record<string, unknown>)
  })
  return { lines, layer: Logger.layer([logger]) }
}

const embedded = Layer.unwrap(
  Effect.map(embeddedFolder, (folder) =>
    Layer.orDie(PostgresOrderStore.layerMigrated.pipe(Layer.provideMerge(EmbeddedConnection.layer(folder))))
  )
)
type Stored = OrderStore | OrderRecords
const sqlStores: Readonly<Record<string, Layer.Layer<Stored | SqlClient.SqlClient>>> = {
  "on PostgreSQL": Layer.orDie(postgresStore),
  "in a folder": embedded
}

type Damage = Effect.Effect<ReadonlyArray<unknown>, SqlError>

/** With the rights of an owner, and without what would be in the way. */
const asVandal = (statement: (sql: SqlClient.SqlClient) => Damage) =>
  Effect.gen(function* () {
    const sql = (yield* SqlClient.SqlClient).withoutTransforms()
    yield* sql.withTransaction(
      Effect.gen(function* () {
        yield* sql`SET LOCAL session_replication_role = replica`
        expect((yield* statement(sql)).length).toBeGreaterThan(0)
      })
    )
  })

describe.each(Object.entries(sqlStores))("an order that cannot be read, %s,", (_, store) => {
  const log = makeLog()
  const runtime = ManagedRuntime.make(shopOver(store).pipe(Layer.provideMerge(log.layer)))
  afterAll(() => runtime.dispose())

  it("is left out of every list, whatever it is sorted by, and named in the log and by verify", () =>
    runtime.runPromise(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { tenantId } = caller
        const orders = yield* Effect.forEach([1, 2, 3, 4, 5], (quantity) => confirmedOrder(caller, quantity))
        const started = yield* Effect.forEach(orders, ({ orderId, customer }) =>
          lifecycle.startSubscription(caller, { orderId, customerId: customer.customerId, assetSerialNumber: newSerial() })
        )
        const bad = [orders[1], orders[4]].map((order) => order?.orderId)
        yield* asVandal(
          (sql) => sql`UPDATE order_lifecycle.reservations SET held = held + 1, quantity = quantity + 1
                        WHERE tenant_id = ${tenantId} AND order_id = ${bad[0] ?? ""} RETURNING 1 AS one`
        )
        yield* asVandal(
          (sql) => sql`UPDATE order_lifecycle.orders SET ordered = '{"currency": "EUR"}'
                        WHERE tenant_id = ${tenantId} AND order_id = ${bad[1] ?? ""} RETURNING 1 AS one`
        )
        const good = started.map(({ after }) => after.orderId).filter((orderId) => !bad.includes(orderId))
        log.lines.length = 0
        for (const sortBy of ["createdAt", "updatedAt", "orderId", "status", "totals.total"] as const) {
          for (const limit of [1, 2, 50]) {
            const found: Array<string> = []
            let startAfter: string | undefined
            do {
              const request = { sortBy, limit, ...(startAfter !== undefined && { startAfter }) }
              const page: Effect.Success<ReturnType<typeof lifecycle.list>> = yield* lifecycle.list(tenantId, request)
              found.push(...page.items.map(({ orderId }) => orderId))
              startAfter = page.nextCursor ?? undefined
            } while (startAfter !== undefined)
            expect(found.toSorted(), `by ${sortBy}, ${limit} at a time`).toEqual(good.toSorted())
          }
        }
        // A subscription is shown with its own line alone, and that of the first bad order can be read.
        const page = yield* lifecycle.listSubscriptions(tenantId)
        expect(page.items.map(({ order }) => order.orderId).toSorted()).toEqual([...good, bad[0] ?? ""].toSorted())
        // Each walk through the orders names both of them once, the one through the subscriptions the other one.
        expect(log.lines).toHaveLength(2 * 15 + 1)
        expect(new Set(log.lines.map(({ orderId }) => orderId))).toEqual(new Set(bad))
        for (const line of log.lines) expect(line).toMatchObject({ tenantId, cause: expect.stringMatching(/./) as unknown })
        expect(JSON.stringify(log.lines)).not.toMatch(/grace|Hopper|Rotterdam/i)

        for (const orderId of bad) {
          const exit = yield* Effect.exit(lifecycle.get(tenantId, orderId as never))
          expect(Exit.isFailure(exit) && Cause.hasDies(exit.cause)).toBe(true)
        }
        const violations = yield* Stream.runCollect(verify({ tenantId }))
        for (const orderId of bad) expect(violations.some((each) => each.orderId === orderId)).toBe(true)
        expect(violations.filter((each) => each.orderId !== undefined && !bad.includes(each.orderId))).toEqual([])
      })
    ))

  it.each<[words: string, damage: (sql: SqlClient.SqlClient, order: Order) => Damage]>([
    [
      "that cannot be loaded",
      (sql, { tenantId, orderId }) =>
        sql`UPDATE order_lifecycle.reservations SET held = held + 1, quantity = quantity + 1
             WHERE tenant_id = ${tenantId} AND order_id = ${orderId} RETURNING 1 AS one`
    ],
    [
      "whose rows do not take the cancel",
      (sql, { tenantId, orderId }) =>
        sql`UPDATE order_lifecycle.reservations SET sku = 'OTHER'
             WHERE tenant_id = ${tenantId} AND order_id = ${orderId} RETURNING 1 AS one`
    ]
  ])("%s does not keep the others from being cancelled together", (_, damage) =>
    runtime.runPromise(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const orders = [yield* confirmedOrder(caller), yield* confirmedOrder(caller), yield* confirmedOrder(caller)] as const
        yield* asVandal((sql) => damage(sql, orders[1]))
        const answers = yield* lifecycle.cancelMany(
          caller,
          orders.map(({ orderId }) => orderId)
        )
        expect(
          answers.map(({ outcome }) => (outcome._tag === "Success" ? outcome.success.after.status : outcome.failure._tag))
        ).toEqual(["cancelled", "StoreUnavailable", "cancelled"])
      })
    )
  )
})

const showing: Readonly<Record<string, Layer.Layer<Stored>>> = { "in memory": Layer.fresh(Memory.layer), ...sqlStores }

describe.each(Object.entries(showing))("an order that cannot be shown over HTTP, %s,", (_, store) => {
  it("is left out of the lists and named in the log; asked for alone, it is a fault of the service", async () => {
    const log = makeLog()
    const context = ManagedRuntime.make(store)
    const shop = openService(Layer.succeedContext(await context.context()), {}, log.layer)
    const mine = [await shop.place(1), await shop.place(2)]
    // As earlier versions stored it: nothing looked at what the catalogue had answered.
    const sound = placing(TenantId.make("demo"), { orderId: "unsound" })
    const lines = sound.transition.after.lines.map((line) => ({ ...line, contractLength: 12.5 }))
    const unsound = { ...sound, transition: { ...sound.transition, after: { ...sound.transition.after, lines } } }
    expect(await context.runPromise(Effect.flatMap(OrderStore, (each) => each.commit([unsound])))).toEqual(["committed"])

    const answer = await shop.call("GET", "/v1/orders")
    expect(answer.status).toBe(200)
    const listed = answer.body["orders"] as ReadonlyArray<{ orderId: string }>
    expect(listed.map(({ orderId }) => orderId).toSorted()).toEqual(mine.toSorted())
    expect(answer.body["count"]).toBe(2)
    expect(log.lines).toMatchObject([
      { tenantId: "demo", orderId: "unsound", cause: expect.stringContaining("items[0].contractLength") as unknown }
    ])
    // The cursor goes on behind it.
    const pages: Array<string> = []
    const query = "?limit=1&sortBy=orderId&sortDir=desc"
    for (let next: string | null = ""; next !== null;) {
      const page = await shop.call("GET", `/v1/orders${query}${next}`)
      const { orders, nextCursor } = page.body as { orders: ReadonlyArray<{ orderId: string }>; nextCursor: string | null }
      pages.push(...orders.map(({ orderId }) => orderId))
      next = nextCursor === null ? null : `&startAfter=${nextCursor}`
    }
    expect(pages.toSorted()).toEqual(mine.toSorted())
    expect((await shop.call("GET", "/v1/orders/unsound")).status).toBe(500)
    const violations = await context.runPromise(Stream.runCollect(verify()))
    expect(violations.map(({ orderId }) => orderId)).toContain("unsound")
    await shop.dispose()
    await context.dispose()
  })
})
