/** Finding orders: by email, the caller's own number, SKU and time; in code, by promises and over HTTP, the same on every store. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { OrderLifecycle } from "order-lifecycle"
import { afterAll, describe, expect, it } from "vitest"
import type { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import { ExternalReference, type Order, type Sku } from "../../src/order/Order.ts"
import { detailsOf, openService, refusal } from "../http/client.ts"
import { countStatements } from "../support/countStatements.ts"
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

const orderedBy = (email: string, more: { readonly externalReference?: string; readonly sku?: Sku } = {}) => {
  const { customer, ...rest } = requestFor([more.sku ?? laptop, 1])
  return {
    ...rest,
    customer: { ...customer, email },
    ...(more.externalReference !== undefined && { externalReference: ExternalReference.make(more.externalReference) })
  }
}

/** The ids in their own order: orders placed in one millisecond are listed in the order of their ids, which are drawn. */
const ids = (orders: ReadonlyArray<Pick<Order, "orderId">>) => orders.map(({ orderId }) => orderId).toSorted()

describe.each(Object.entries(stores))("finding orders, %s", (_, store) => {
  const run = sharedLayer(shopOver(store))

  it("by email, external reference and SKU, as they are after every command", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { tenantId } = caller
        const list = (request: Parameters<typeof lifecycle.list>[1]) =>
          Effect.map(lifecycle.list(tenantId, request), ({ items }) => ids(items))
        const place = (request: ReturnType<typeof orderedBy>) =>
          Effect.map(lifecycle.place(caller, request), ({ after }) => after.orderId)
        const one = yield* place(orderedBy("Grace@Example.com", { externalReference: "PO-1" }))
        const two = yield* place(orderedBy("grace@example.com", { externalReference: "PO-2", sku: monitor }))
        const three = yield* place(orderedBy("alan@example.com", { externalReference: "PO-1" }))
        expect(yield* list({ email: "GRACE@example.com" })).toEqual([one, two].toSorted())
        expect(yield* list({ externalReference: ExternalReference.make("PO-1") })).toEqual([one, three].toSorted())
        expect(yield* list({ sku: monitor })).toEqual([two])
        expect(yield* list({ sku: laptop, email: "alan@example.com" })).toEqual([three])

        yield* lifecycle.correct(caller, two, { customer: { email: "alan@example.com" }, externalReference: null })
        yield* lifecycle.addItems(caller, three, { items: [{ sku: monitor, quantity: 2 }] })
        expect(yield* list({ email: "grace@example.com" })).toEqual([one])
        expect(yield* list({ email: "alan@example.com" })).toEqual([two, three].toSorted())
        expect(yield* list({ externalReference: ExternalReference.make("PO-2") })).toEqual([])
        expect(yield* list({ sku: monitor, sortBy: "orderId" })).toEqual([two, three].toSorted())
        // The customer is whom the order was placed for, whatever the order says of them since.
        const { customer } = yield* lifecycle.get(tenantId, two)
        expect(yield* list({ customerId: customer.customerId })).toEqual([one, two].toSorted())
        yield* lifecycle.cancel(caller, three)
        expect(yield* list({ email: "alan@example.com", status: ["pending", "cancelled"] })).toEqual([two, three].toSorted())
      })
    ))

  it("by when they were placed and last changed, as dates are written", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { tenantId } = caller
        const { after } = yield* lifecycle.place(caller, requestFor([laptop, 1]))
        const list = (request: Parameters<typeof lifecycle.list>[1]) =>
          Effect.map(lifecycle.list(tenantId, request), ({ items }) => items.length)
        const at = after.createdAt
        const next = new Date(Date.parse(at) + 1).toISOString()
        const elsewhere = new Date(Date.parse(at) + 3_600_000).toISOString().replace("Z", "+01:00")
        for (const [from, to] of [
          ["createdFrom", "createdTo"],
          ["updatedFrom", "updatedTo"]
        ] as const) {
          expect(yield* list({ [from]: at, [to]: next })).toBe(1)
          expect(yield* list({ [to]: at })).toBe(0)
          expect(yield* list({ [from]: next })).toBe(0)
          expect(yield* list({ [from]: elsewhere })).toBe(1)
          expect(yield* list({ [to]: elsewhere })).toBe(0)
          expect(yield* list({ [from]: at.slice(0, 10) })).toBe(1)
          expect(yield* list({ [to]: at.slice(0, 10) })).toBe(0)
        }
        for (const wrong of ["yesterday", "2026-02-30", "", "1"]) {
          const refused = yield* Effect.flip(lifecycle.list(tenantId, { createdFrom: wrong }))
          expect(refused).toMatchObject({ _tag: "InvalidInput", details: [{ path: "createdFrom" }] })
        }
      })
    ))
})

it("what lists find orders by is written by the commands that change it, and by no others", () =>
  Effect.gen(function* () {
    const lifecycle = yield* OrderLifecycle
    const caller = newCaller()
    const written = (work: Effect.Effect<unknown, unknown>) =>
      Effect.map(countStatements(work), ({ statements }) => statements.filter((text) => text.includes("order_lookups")).length)
    expect(yield* written(lifecycle.place(caller, requestFor([laptop, 3])))).toBe(1)
    const [{ orderId, customer } = { orderId: "" as never, customer: {} as never }] = (yield* lifecycle.list(caller.tenantId))
      .items
    const { customerId } = customer
    expect(yield* written(lifecycle.addItems(caller, orderId, { items: [{ sku: laptop, quantity: 1 }] }))).toBe(1)
    expect(yield* written(lifecycle.correct(caller, orderId, { customer: { firstName: "Grace" } }))).toBe(0)
    expect(yield* written(lifecycle.correct(caller, orderId, { customer: { email: "other@example.com" } }))).toBe(1)
    expect(yield* written(lifecycle.recordPayment(caller, orderId, { status: "paid" }))).toBe(0)
    expect(yield* written(lifecycle.confirm(caller, orderId))).toBe(0)
    const start = lifecycle.startSubscription(caller, { orderId, customerId, assetSerialNumber: newSerial() })
    expect(yield* written(start)).toBe(0)
    const [{ subscriptionId: rentalId } = { subscriptionId: "" as never }] = (yield* lifecycle.get(caller.tenantId, orderId))
      .subscriptions
    expect(yield* written(lifecycle.cancelSubscription(caller, { rentalId, reason: "other" }))).toBe(0)
    expect(yield* written(lifecycle.cancel(caller, orderId))).toBe(0)
  }).pipe(Effect.provide(shopOver(postgresStore)), Effect.scoped, Effect.runPromise))

describe.each(shops())("finding orders by promises, %s", (_, shop) => {
  it("takes plain texts", async () => {
    const [orders, caller] = [shop(), newCaller()]
    const { after } = await orders.place(caller, orderedBy("grace@example.com", { externalReference: "PO-1" }))
    const found = async (request: Parameters<typeof orders.list>[1]) => ids((await orders.list(caller.tenantId, request)).items)
    expect(await found({ email: "Grace@example.com", sku: "LAPTOP", createdFrom: "2020-01-01" })).toEqual([after.orderId])
    expect(await found({ externalReference: "PO-1", updatedTo: undefined })).toEqual([after.orderId])
    expect(await found({ externalReference: "PO-2" })).toEqual([])
  })
})

describe("finding orders over HTTP", () => {
  const service = openService(Layer.fresh(memory))
  afterAll(() => service.dispose())
  const list = (query: Record<string, string>) => service.call("GET", `/v1/orders?${new URLSearchParams(query).toString()}`)
  const found = async (query: Record<string, string>) => ids((await list(query)).body["orders"] as ReadonlyArray<Order>)

  it("takes the same, and pages of it", async () => {
    const placed: Array<string> = []
    for (let n = 0; n < 5; n++) {
      const { body } = await service.call("POST", "/v1/orders", {
        body: orderedBy("grace+rent@example.com", { externalReference: "PO 1" })
      })
      placed.push(body["orderId"] as string)
    }
    await service.call("POST", "/v1/orders", { body: orderedBy("alan@example.com", { sku: monitor }) })
    const filter = {
      email: "Grace+Rent@example.com",
      externalReference: "PO 1",
      sku: laptop,
      createdFrom: "2020-01-01T00:00:00+01:00"
    }
    const walked: Array<string> = []
    let startAfter: string | null = ""
    while (startAfter !== null) {
      const page = await list({ ...filter, limit: "2", sortDir: "asc", ...(startAfter !== "" && { startAfter }) })
      walked.push(...ids(page.body["orders"] as ReadonlyArray<Order>))
      startAfter = page.body["nextCursor"] as string | null
    }
    expect(walked.toSorted()).toEqual(placed.toSorted())
    expect(await found({ sku: monitor })).toHaveLength(1)
    expect(await found({ email: "nobody@example.com" })).toEqual([])
    expect(await found({ updatedTo: "2020-01-01" })).toEqual([])
  })

  it.each([
    ["email", "nobody"],
    ["externalReference", ""],
    ["sku", "x".repeat(129)],
    ["createdFrom", "soon"],
    ["updatedTo", "2026-13-01"],
    // A plus that is not percent-encoded is a space.
    ["createdTo", "2026-01-01T00:00:00 01:00"]
  ])("refuses what %s cannot be", async (name, value) => {
    const answer = await list({ [name]: value })
    expect(refusal(answer)).toEqual([400, "VALIDATION_ERROR"])
    expect(detailsOf(answer)[0]?.path).toBe(name)
    const twice = await service.call("GET", `/v1/orders?${name}=a%40b&${name}=a%40b`)
    expect(detailsOf(twice)[0]?.path).toBe(name)
  })
})
