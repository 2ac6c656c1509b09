/**
 * The part of the contract of `OrderStore` (`orderStoreContract.ts`) that is about finding orders: by email, external reference and SKU, which commands
 * can change, and by when they were placed or last changed.
 */
import assert from "node:assert/strict"
import * as Effect from "effect/Effect"
import {
  type Change,
  OrderStore,
  type OrderQuery,
  type OrderSort,
  type PagePosition,
  type Period
} from "../lifecycle/OrderStore.ts"
import { orderPosition } from "../lifecycle/paging.ts"
import type { OrderCommand } from "../order/commands/index.ts"
import { emailKeyOf, lookupsOf } from "../order/lookups.ts"
import { Currency } from "../order/Money.ts"
import { ExternalReference, type Order, Sku, type TenantId } from "../order/Order.ts"
import { cancel, confirm, freshTenant, type Head, headOf, minute, next, type Placing, placing, start } from "./contractOrders.ts"
import type { ContractCase } from "./orderStoreContract.ts"

type Store = typeof OrderStore.Service
type Filter = Pick<OrderQuery, "emailKey" | "externalReference" | "sku" | "created" | "updated" | "status" | "customerId">

const given = (name: string, body: (store: Store, tenantId: TenantId) => Effect.fn.Return<void, unknown>): ContractCase => ({
  name,
  run: Effect.flatMap(OrderStore, (store) => Effect.gen(() => body(store, freshTenant())))
})

const laptop = Sku.make("LAPTOP")
const referenced = (reference: string) => ({ more: { externalReference: ExternalReference.make(reference) } })

const correctEmail = (email: string): OrderCommand => ({ type: "correct", customer: { email } })
const correctReference = (reference: string | null): OrderCommand => ({
  type: "correct",
  externalReference: reference === null ? null : ExternalReference.make(reference)
})
const add = (sku: string): OrderCommand => ({
  type: "addItems",
  items: [{ sku: Sku.make(sku), quantity: 1 }],
  variants: new Map([
    [
      Sku.make(sku),
      {
        sku: Sku.make(sku),
        productName: `The ${sku}`,
        isActive: true,
        currency: Currency.make("EUR"),
        pricing: [{ contractLength: 12, monthlyPrice: 1_000 }]
      }
    ]
  ])
})

export const findingContract: ReadonlyArray<ContractCase> = [
  given("lists find orders by email, reference and SKU, and no other tenant's", function* (store, tenantId) {
    const items = [
      { sku: "LAPTOP", quantity: 1 },
      { sku: "DESK", quantity: 1 },
      { sku: "LAPTOP", quantity: 2 }
    ]
    yield* placed(store, tenantId, { orderId: "order-1", email: "Ada@Example.com", items, ...referenced("PO-1") })
    yield* placed(store, tenantId, { orderId: "order-2", email: "alan@example.com", at: 1, ...referenced("PO-1") })
    yield* placed(store, tenantId, { orderId: "order-3", email: "ÄRA@example.com", at: 2, items: [{ sku: "desk", quantity: 1 }] })
    yield* placed(store, freshTenant(), { orderId: "order-1", email: "Ada@Example.com", items, ...referenced("PO-1") })
    const cases: ReadonlyArray<readonly [Filter, ReadonlyArray<string>]> = [
      [{ emailKey: "ada@example.com" }, ["order-1"]],
      [{ emailKey: emailKeyOf("ära@EXAMPLE.com") }, ["order-3"]],
      [{ emailKey: "Ada@Example.com" }, []],
      [{ emailKey: "ada@example.co" }, []],
      [{ externalReference: "PO-1" }, ["order-1", "order-2"]],
      [{ externalReference: "po-1" }, []],
      [{ sku: Sku.make("DESK") }, ["order-1"]],
      [{ sku: Sku.make("desk") }, ["order-3"]],
      [{ sku: laptop }, ["order-1", "order-2"]],
      // One kind of thing is never taken for another.
      [{ externalReference: "LAPTOP" }, []],
      [{ sku: Sku.make("PO-1") }, []],
      [{ externalReference: "PO-1", emailKey: "alan@example.com" }, ["order-2"]],
      [{ externalReference: "PO-1", sku: Sku.make("DESK") }, ["order-1"]],
      [{ emailKey: "alan@example.com", sku: Sku.make("DESK") }, []],
      [{ emailKey: "ada@example.com", externalReference: "PO-1", sku: laptop, status: ["pending"] }, ["order-1"]]
    ]
    for (const [filter, expected] of cases)
      assert.deepEqual(yield* found(store, tenantId, filter), expected, JSON.stringify(filter))
  }),

  given("commands change what orders are found by, and only those that say so", function* (store, tenantId) {
    let head = yield* placed(store, tenantId, { orderId: "order-1", email: "ada@example.com", ...referenced("PO-1") })
    const finds = Effect.fnUntraced(function* (filter: Filter) {
      return (yield* found(store, tenantId, filter)).length === 1
    })
    const become = function* (command: OrderCommand) {
      head = yield* committed(store, next(head, command))
    }
    yield* become(correctEmail("Grace@Example.com"))
    assert.deepEqual(
      [yield* finds({ emailKey: "ada@example.com" }), yield* finds({ emailKey: "grace@example.com" })],
      [false, true]
    )
    yield* become(correctReference("PO-2"))
    assert.deepEqual([yield* finds({ externalReference: "PO-1" }), yield* finds({ externalReference: "PO-2" })], [false, true])
    yield* become(correctReference(null))
    assert.equal(yield* finds({ externalReference: "PO-2" }), false)
    for (const sku of ["DESK", "DESK", "LAPTOP"]) yield* become(add(sku))
    for (const sku of ["LAPTOP", "BIKE", "DESK"]) assert.equal(yield* finds({ sku: Sku.make(sku) }), true)
    yield* become(confirm)
    yield* become(start(head.order, "LAPTOP", `serial-of-${tenantId}`))
    assert.deepEqual(head.order, (yield* everyPage(store, { tenantId, sku: laptop, ...byCreation, limit: 2 }))[0])
    assert.equal(yield* finds({ emailKey: "grace@example.com" }), true)
  }),

  given("a change that lost its race, or was rolled back, leaves an order where it is found", function* (store, tenantId) {
    const head = yield* placed(store, tenantId, { orderId: "order-1", email: "ada@example.com" })
    const rival = next(head, correctEmail("rival@example.com"))
    const confirmed = yield* committed(store, next(head, confirm))
    assert.deepEqual(yield* store.commit([rival]), ["conflict"])
    const failed = Effect.andThen(store.commit([next(confirmed, correctEmail("never@example.com"))]), Effect.fail("rolled back"))
    const { orderId } = head.order
    assert.equal(yield* Effect.flip(store.exclusively({ tenantId, orderId }, failed)), "rolled back")
    assert.deepEqual(yield* found(store, tenantId, { emailKey: "ada@example.com" }), ["order-1"])
    for (const name of ["rival", "never"])
      assert.deepEqual(yield* found(store, tenantId, { emailKey: `${name}@example.com` }), [])
  }),

  given("changes that say where orders are found and others are committed at once", function* (store, tenantId) {
    const changes = Array.from({ length: 4 }, (_, n) =>
      placing(tenantId, { orderId: `order-${n}`, email: `customer-${n}@example.com`, at: n })
    )
    assert.deepEqual(new Set(yield* store.commit(changes)), new Set(["committed"]))
    const [first, second, third, fourth] = changes.map(headOf) as [Head, Head, Head, Head]
    const again = [
      next(first, correctEmail("one@example.com")),
      next(second, confirm),
      next(third, add("DESK")),
      next(fourth, cancel())
    ]
    assert.deepEqual(new Set(yield* store.commit(again)), new Set(["committed"]))
    assert.deepEqual(yield* found(store, tenantId, { emailKey: "one@example.com" }), ["order-0"])
    assert.deepEqual(yield* found(store, tenantId, { emailKey: "customer-0@example.com" }), [])
    assert.deepEqual(yield* found(store, tenantId, { sku: Sku.make("DESK") }), ["order-2"])
    assert.deepEqual(yield* found(store, tenantId, { sku: laptop }), ["order-0", "order-1", "order-2", "order-3"])
  }),

  given("pages of what is found have no gaps and no repeats, whatever it is sorted by", function* (store, tenantId) {
    const orders = yield* manyOrders(store, tenantId)
    const [{ customer }] = orders as readonly [Order]
    const filters: ReadonlyArray<Filter> = [
      { emailKey: "shared@example.com" },
      { externalReference: "PO-1" },
      { sku: Sku.make("DESK") },
      { sku: Sku.make("DESK"), emailKey: "shared@example.com" },
      { sku: laptop, status: ["confirmed"], created: { from: minute(1) } },
      { created: { from: minute(1), to: minute(4) } },
      { created: { to: minute(3) }, updated: { from: minute(2) } },
      { updated: { from: minute(2), to: minute(18) } },
      { updated: { to: minute(12) }, sku: Sku.make("DESK") },
      { updated: { from: minute(1) }, status: ["pending"] },
      { updated: { to: minute(30) }, customerId: customer.customerId },
      { emailKey: "shared@example.com", created: { from: minute(2) }, updated: { from: minute(3), to: minute(19) } }
    ]
    for (const filter of filters) {
      const meant = orders.filter((order) => isMeant(order, filter))
      assert.ok(meant.length > 0, JSON.stringify(filter))
      for (const sortBy of sorts) {
        for (const sortDir of ["asc", "desc"] as const) {
          const whole = yield* everyPage(store, { tenantId, sortBy, sortDir, limit: 100 })
          const expected = ids(whole.filter((order) => isMeant(order, filter)))
          assert.equal(expected.length, meant.length)
          for (const limit of [1, 3, 100]) {
            const listed = yield* everyPage(store, { tenantId, sortBy, sortDir, limit, ...filter })
            assert.deepEqual(ids(listed), expected, `by ${sortBy} ${sortDir}, ${limit} at a time, ${JSON.stringify(filter)}`)
          }
        }
      }
    }
  }),

  given("a time begins with its first moment and ends before its last", function* (store, tenantId) {
    const moments = [0, 1, 2].map((at) => ({ orderId: `order-${at}`, at }))
    for (const each of moments) yield* placed(store, tenantId, each)
    const cases: ReadonlyArray<readonly [Period, ReadonlyArray<string>]> = [
      [{ from: minute(1) }, ["order-1", "order-2"]],
      [{ to: minute(1) }, ["order-0"]],
      [{ from: minute(1), to: minute(2) }, ["order-1"]],
      [{ from: minute(1), to: minute(1) }, []],
      [{ from: minute(2), to: minute(1) }, []],
      [{}, ["order-0", "order-1", "order-2"]]
    ]
    for (const [period, expected] of cases) {
      assert.deepEqual(yield* found(store, tenantId, { created: period }), expected)
      assert.deepEqual(yield* found(store, tenantId, { updated: period }), expected)
    }
  }),

  given("a walk by ascending updatedAt misses nothing that was stored when it began", function* (store, tenantId) {
    const unchanged: Array<Head> = []
    for (let n = 0; n < 9; n++) unchanged.push(yield* placed(store, tenantId, { orderId: `order-${n}`, at: n % 4 }))
    const all = unchanged.map(({ order }) => order.orderId)
    const seen = new Set<string>()
    let [after, at]: [PagePosition | undefined, number] = [undefined, 10]
    for (;;) {
      const query: OrderQuery = { tenantId, sortBy: "updatedAt", sortDir: "asc", limit: 2, updated: { from: minute(0) } }
      const page = (yield* store.listOrders({ ...query, ...(after && { after }) })).map(itemOf)
      const last = page.at(-1)
      if (last === undefined) break
      for (const { orderId } of page) seen.add(orderId)
      after = orderPosition(last, "updatedAt")
      // While it goes on, one that was seen and one that was not are changed.
      for (const head of [unchanged.shift(), unchanged.pop()])
        if (head !== undefined) yield* committed(store, next(head, confirm, { at: at++ }))
    }
    assert.deepEqual(
      [...seen].toSorted((a, b) => (a < b ? -1 : 1)),
      all
    )
  }),

  given("what lists find an order by is written anew, at the version it is at", function* (store, tenantId) {
    const head = yield* placed(store, tenantId, { orderId: "order-1", email: "ada@example.com" })
    const { orderId } = head.order
    const lookups = lookupsOf(head.order)
    const indexing = (version: number) => [{ orderId, version, lookups }]
    assert.deepEqual(yield* store.indexData(freshTenant(), indexing(1)), ["conflict"])
    assert.deepEqual(yield* store.indexData(tenantId, indexing(2)), ["conflict"])
    assert.deepEqual(yield* store.indexData(tenantId, indexing(1)), ["committed"])
    assert.deepEqual(yield* found(store, tenantId, { emailKey: "ada@example.com" }), ["order-1"])
    assert.deepEqual(yield* store.commit([next(head, correctEmail("grace@example.com"))]), ["committed"])
    assert.deepEqual(yield* found(store, tenantId, { emailKey: "grace@example.com" }), ["order-1"])
    assert.deepEqual(yield* found(store, tenantId, { sku: laptop }), ["order-1"])
  })
]

// --- what the cases are told with ---------------------------------------------------------------------------------------------------------

const sorts: ReadonlyArray<OrderSort> = ["createdAt", "updatedAt", "orderId", "status", "totals.total"]
const byCreation = { sortBy: "createdAt", sortDir: "asc" } as const

const committed = Effect.fnUntraced(function* (store: Store, change: Change): Effect.fn.Return<Head, unknown> {
  assert.deepEqual(yield* store.commit([change]), ["committed"])
  return headOf(change)
})

const placed = (store: Store, tenantId: TenantId, options: Placing) => committed(store, placing(tenantId, options))

/** Orders that differ in all that they can be found by, some of them changed since. */
const manyOrders = Effect.fnUntraced(function* (
  store: Store,
  tenantId: TenantId
): Effect.fn.Return<ReadonlyArray<Order>, unknown> {
  const orders: Array<Order> = []
  for (let n = 0; n < 14; n++) {
    let head = yield* placed(store, tenantId, {
      orderId: `order-${n}`,
      email: `customer-${n}@example.com`,
      at: n % 5,
      items: [{ sku: n % 3 === 0 ? "DESK" : "LAPTOP", quantity: 1 + (n % 4) }],
      ...(n % 2 === 0 && referenced(`PO-${n % 4}`))
    })
    if (n % 3 !== 1) head = yield* committed(store, next(head, correctEmail("Shared@example.com"), { at: 10 + (n % 2) }))
    if (n % 4 === 3) head = yield* committed(store, next(head, add("DESK"), { at: 12 }))
    if (n % 4 === 1) head = yield* committed(store, next(head, correctReference("PO-1"), { at: 13 }))
    if (n % 2 === 1) head = yield* committed(store, next(head, confirm, { at: 20 - n }))
    orders.push(head.order)
  }
  return orders
})

const itemOf = (row: { readonly item: Order } | object): Order =>
  "item" in row ? row.item : assert.fail("an order cannot be read")

const everyPage = Effect.fnUntraced(function* (store: Store, query: OrderQuery): Effect.fn.Return<ReadonlyArray<Order>, unknown> {
  const all: Array<Order> = []
  let after: PagePosition | undefined
  for (;;) {
    const rows = yield* store.listOrders({ ...query, ...(after && { after }) })
    assert.ok(rows.length <= query.limit)
    const page = rows.map(itemOf)
    const last = page.at(-1)
    if (last === undefined) return all
    all.push(...page)
    after = orderPosition(last, query.sortBy)
  }
})

const ids = (orders: ReadonlyArray<Order>): ReadonlyArray<string> => orders.map(({ orderId }) => orderId)

/** The orders that are found, oldest first. */
const found = (store: Store, tenantId: TenantId, filter: Filter) =>
  Effect.map(everyPage(store, { tenantId, ...byCreation, limit: 10, ...filter }), ids)

const isWithin = ({ from = minute(-1), to = minute(10_000) }: Period, moment: string): boolean => moment >= from && moment < to

const isMeant = (
  order: Order,
  { emailKey, externalReference, sku, created = {}, updated = {}, status, customerId }: Filter
): boolean =>
  (emailKey === undefined || emailKeyOf(order.customer.email) === emailKey) &&
  (externalReference === undefined || order.externalReference === externalReference) &&
  (sku === undefined || order.lines.some((line) => line.sku === sku)) &&
  isWithin(created, order.createdAt) &&
  isWithin(updated, order.updatedAt) &&
  (status === undefined || status.includes(order.status)) &&
  (customerId === undefined || customerId === order.customer.customerId)
