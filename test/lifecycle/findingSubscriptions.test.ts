/** Finding subscriptions: by SKU and by when their contract ends; in code, by promises and over HTTP, the same on every store. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { OrderLifecycle } from "order-lifecycle"
import { afterAll, describe, expect, it } from "vitest"
import type { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import type { Sku, SubscriptionId } from "../../src/order/Order.ts"
import { detailsOf, type Json, openService, refusal } from "../http/client.ts"
import { embeddedStore } from "../support/embeddedFolder.ts"
import { shops } from "../support/openedOrders.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { sharedLayer } from "../support/sharedLayer.ts"
import { laptop, monitor, newCaller, newSerial, requestFor, shopOver } from "../support/world.ts"

const stores: Readonly<Record<string, Layer.Layer<OrderStore>>> = {
  "in memory": Layer.fresh(memory),
  embedded: Layer.orDie(embeddedStore),
  "on PostgreSQL": Layer.orDie(postgresStore)
}

/** Of each a contract of 12 months: in an order of two laptops and a monitor, and where it begins. */
const starts: ReadonlyArray<readonly [sku: Sku, startDate: string]> = [
  [laptop, "2026-03-31T10:00:00+02:00"],
  [laptop, "2025-06-30"],
  [monitor, "2025-12-31"]
]

const rentedShop = Effect.gen(function* () {
  const lifecycle = yield* OrderLifecycle
  const caller = newCaller()
  const { after } = yield* lifecycle.place(caller, requestFor([laptop, 2], [monitor, 1]))
  const { orderId, customer } = after
  yield* lifecycle.confirm(caller, orderId)
  const ids: Array<SubscriptionId> = []
  for (const [sku, startDate] of starts) {
    const { customerId } = customer
    const started = yield* lifecycle.startSubscription(caller, {
      orderId,
      customerId,
      sku,
      startDate,
      contractLength: 12,
      assetSerialNumber: newSerial()
    })
    ids.push(started.after.subscriptions.at(-1)?.subscriptionId as SubscriptionId)
  }
  return { lifecycle, caller, orderId, customer, ids: ids as [SubscriptionId, SubscriptionId, SubscriptionId] }
})

describe.each(Object.entries(stores))("finding subscriptions, %s", (_, store) => {
  const run = sharedLayer(shopOver(store))

  it("by SKU and by when they end, as they do after every command", () =>
    run(
      Effect.gen(function* () {
        const { lifecycle, caller, customer, ids } = yield* rentedShop
        const [march, june, december] = ids
        const list = (request: Parameters<typeof lifecycle.listSubscriptions>[1]) =>
          Effect.map(lifecycle.listSubscriptions(caller.tenantId, request), ({ items }) =>
            items.map(({ subscription }) => subscription.subscriptionId)
          )
        const byEnd = { sortBy: "endDate" } as const
        expect(yield* list(byEnd)).toEqual([june, december, march])
        expect(yield* list({ ...byEnd, sortDir: "desc" })).toEqual([march, december, june])
        expect((yield* list({ sku: monitor })).toSorted()).toEqual([december])
        expect((yield* list({ sku: laptop })).toSorted()).toEqual([march, june].toSorted())
        // From a moment on, and before another one; as dates are written.
        expect(yield* list({ ...byEnd, endDateFrom: "2026-12-31" })).toEqual([december, march])
        expect(yield* list({ ...byEnd, endDateTo: "2026-12-31" })).toEqual([june])
        expect(yield* list({ ...byEnd, endDateFrom: "2027-03-31T08:00:00Z" })).toEqual([march])
        expect(yield* list({ ...byEnd, endDateFrom: "2027-03-31T08:00:00.001Z" })).toEqual([])
        expect(yield* list({ endDateFrom: "2026-12-01", endDateTo: "2027-01-01" })).toEqual([december])
        expect(yield* list({ ...byEnd, customerId: customer.customerId, sku: laptop, endDateFrom: "2027-01-01" })).toEqual([
          march
        ])
        expect(yield* list({ ...byEnd, sku: laptop, limit: 1 })).toEqual([june])

        yield* lifecycle.extendSubscription(caller, { rentalId: june, extensionMonths: 12, reason: "still in use" })
        expect(yield* list(byEnd)).toEqual([december, march, june])
        yield* lifecycle.cancelSubscription(caller, { rentalId: december, reason: "other" })
        expect(yield* list({ ...byEnd, status: "active" })).toEqual([march, june])
        expect(yield* list({ ...byEnd, status: ["active", "cancelled"], endDateTo: "2027-01-01" })).toEqual([december])
      })
    ))

  it("goes on behind a cursor of the same order, and of no other", () =>
    run(
      Effect.gen(function* () {
        const { lifecycle, caller, ids } = yield* rentedShop
        const [march, june, december] = ids
        const walked: Array<SubscriptionId> = []
        let startAfter: string | null = null
        do {
          const page: Effect.Success<ReturnType<typeof lifecycle.listSubscriptions>> = yield* lifecycle.listSubscriptions(
            caller.tenantId,
            { sortBy: "endDate", limit: 1, ...(startAfter !== null && { startAfter }) }
          )
          walked.push(...page.items.map(({ subscription }) => subscription.subscriptionId))
          startAfter = page.nextCursor
          if (startAfter === null) break
          for (const other of [{}, { sortBy: "createdAt", sortDir: "asc" }, { sortBy: "endDate", sortDir: "desc" }] as const) {
            const refused = yield* Effect.flip(lifecycle.listSubscriptions(caller.tenantId, { ...other, startAfter }))
            expect(refused).toMatchObject({ _tag: "InvalidInput", details: [{ path: "startAfter", code: "invalid_cursor" }] })
          }
        } while (startAfter !== null)
        expect(walked).toEqual([june, december, march])
      })
    ))
})

describe("a row of a program of before, which does not say the SKU", () => {
  it("is found by it, also when its line came with it", () =>
    Effect.gen(function* () {
      const { lifecycle, caller, orderId, ids } = yield* rentedShop
      const sql = (yield* SqlClient.SqlClient).withoutTransforms()
      const [, , december] = ids
      const copied = yield* sql<{ sku: string }>`
        WITH line AS (
          INSERT INTO order_lifecycle.reservations (tenant_id, order_id, line, sku, quantity, held, active, ended, released)
          VALUES (${caller.tenantId}, ${orderId}, 2, 'TABLET', 1, 0, 0, 1, 0)),
        rental AS (
          INSERT INTO order_lifecycle.subscriptions (tenant_id, subscription_id, order_id, position, line, customer_id, serial_number,
                 status, start_date, contract_length, created_at, created_by, updated_at, ended, start_offset, end_date)
          SELECT tenant_id, 'sub_of_before', order_id, 3, 2, customer_id, 'of before', 'cancelled', start_date, contract_length,
                 created_at, created_by, updated_at, '{}', start_offset, end_date
            FROM order_lifecycle.subscriptions WHERE tenant_id = ${caller.tenantId} AND subscription_id = ${december})
        SELECT 'sent' AS sku`
      expect(copied).toHaveLength(1)
      const rows = yield* sql<{ sku: string }>`SELECT sku FROM order_lifecycle.subscriptions
        WHERE tenant_id = ${caller.tenantId} ORDER BY position`
      expect(rows.map(({ sku }) => sku)).toEqual([laptop, laptop, monitor, "TABLET"])
      expect(yield* Effect.exit(lifecycle.getSubscription(caller.tenantId, december))).toMatchObject({ _tag: "Success" })
    }).pipe(Effect.provide(shopOver(postgresStore)), Effect.scoped, Effect.runPromise))
})

describe.each(shops())("finding subscriptions by promises, %s", (_, shop) => {
  it("takes plain texts", async () => {
    const [orders, caller] = [shop(), newCaller()]
    const { after } = await orders.place(caller, requestFor([laptop, 1]))
    const { orderId, customer } = after
    await orders.confirm(caller, orderId)
    const startDate = "2025-06-30"
    const rented = { orderId, customerId: customer.customerId, assetSerialNumber: newSerial(), startDate, contractLength: 12 }
    await orders.startSubscription(caller, rented)
    const request = { sku: "LAPTOP", sortBy: "endDate", endDateTo: "2026-07-01" } as const
    const { items } = await orders.listSubscriptions(caller.tenantId, request)
    expect(items.map(({ subscription }) => subscription.endDate)).toEqual(["2026-06-30T00:00:00.000Z"])
    expect((await orders.listSubscriptions(caller.tenantId, { ...request, endDateFrom: "2026-07-01" })).items).toEqual([])
  })
})

describe("finding subscriptions over HTTP", () => {
  const service = openService(memory)
  afterAll(service.dispose)
  const list = (query: string) => service.call("GET", `/v1/subscriptions?${query}`)

  it("takes the same, and goes on behind a cursor", async () => {
    const orderId = await service.confirmed(3)
    for (const month of ["01", "02", "03"])
      await service.rent(orderId, `ENDS-${month}`, { startDate: `2026-${month}-28`, contractLength: 12 })
    const endsOf = (rentals: unknown) => (rentals as ReadonlyArray<Json>).map(({ endDate }) => String(endDate).slice(0, 10))
    const first = await list("sortBy=endDate&limit=2&sku=LAPTOP&status=active")
    expect(endsOf(first.body["rentals"])).toEqual(["2027-01-28", "2027-02-28"])
    const rest = await list(`sortBy=endDate&limit=2&startAfter=${String(first.body["nextCursor"])}`)
    expect(endsOf(rest.body["rentals"])).toEqual(["2027-03-28"])
    expect(endsOf((await list("endDateFrom=2027-02-01&endDateTo=2027-03-01")).body["rentals"])).toEqual(["2027-02-28"])
    expect((await list("sku=OTHER")).body["rentals"]).toEqual([])
  })

  it.each([
    ["sku", "x".repeat(129)],
    ["endDateFrom", "soon"],
    ["endDateTo", "2026-02-30"],
    ["sortBy", "price"],
    ["sortDir", "up"]
  ])("refuses what %s cannot be", async (name, value) => {
    const answer = await list(`${name}=${value}`)
    expect(refusal(answer)).toEqual([400, "VALIDATION_ERROR"])
    expect(detailsOf(answer)[0]?.path).toBe(name)
  })
})
