/** The part of the contract of `OrderStore` (`orderStoreContract.ts`) that is about finding orders by their own data. */
import assert from "node:assert/strict"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type Change, OrderStore, type OrderQuery, type PagePosition } from "../lifecycle/OrderStore.ts"
import { orderPosition } from "../lifecycle/paging.ts"
import type { OrderCommand } from "../order/commands/index.ts"
import { type Order, OrderId, type OwnData, type TenantId } from "../order/Order.ts"
import { lifecycleOf } from "../order/process/lifecycleOf.ts"
import { type DataFilter, filterableOf } from "../order/process/OwnFilters.ts"
import { orderProcess } from "../order/process/orderProcess.ts"
import { cancel, confirm, freshTenant, type Head, headOf, next, type Placing, placing } from "./contractOrders.ts"
import type { ContractCase } from "./orderStoreContract.ts"

type Store = typeof OrderStore.Service

const given = (name: string, body: (store: Store, tenantId: TenantId) => Effect.fn.Return<void, unknown>): ContractCase => ({
  name,
  run: Effect.flatMap(OrderStore, (store) => Effect.gen(() => body(store, freshTenant())))
})

const DataOfCases = Schema.Struct({
  channel: Schema.optionalKey(Schema.String),
  boxes: Schema.optionalKey(Schema.Finite),
  gift: Schema.optionalKey(Schema.Boolean),
  remark: Schema.optionalKey(Schema.String)
})

/** A process that keeps data, and a command that sets them. */
const lifecycle = lifecycleOf(
  "noActiveSubscriptions",
  orderProcess("contract", { data: DataOfCases, filterBy: ["channel", "boxes", "gift"] }).command("set", {
    description: "Sets the data.",
    payload: DataOfCases,
    event: "order.set",
    from: { pending: "pending", confirmed: "confirmed" },
    otherwise: { code: "NOT_SETTABLE", message: "Only an open order is set.", remedy: "None." },
    data: ({ command: { type: _, ...data } }) => data
  })
)
const filters = lifecycle.process?.data.filters ?? new Map()

/** The change, with what lists find the order by. */
const findable = (change: Change): Change => ({ ...change, filterable: filterableOf(filters, change.transition.after.data) })

const placingWith = (tenantId: TenantId, data: OwnData, options: Placing = {}): Change =>
  findable(placing(tenantId, { ...options, lifecycle, data }))

const setting = (head: Head, data: OwnData): Change =>
  findable(next(head, { type: "set", ...data } as unknown as OrderCommand, { lifecycle }))

export const dataContract: ReadonlyArray<ContractCase> = [
  given("lists find orders by the values of their own data, all of those that are asked for", function* (store, tenantId) {
    yield* committed(store, placingWith(tenantId, { channel: "web", boxes: 2, gift: true }, { orderId: "order-1" }))
    yield* committed(store, placingWith(tenantId, { channel: "web", boxes: 3 }, { orderId: "order-2", at: 1 }))
    yield* committed(store, placingWith(tenantId, { channel: "2", gift: false }, { orderId: "order-3", at: 2 }))
    yield* committed(store, placing(tenantId, { orderId: "order-4", at: 3 }))
    yield* committed(store, placingWith(freshTenant(), { channel: "web", boxes: 2 }, { orderId: "order-1" }))
    assert.deepEqual(yield* found(store, tenantId, { channel: "web" }), ["order-1", "order-2"])
    assert.deepEqual(yield* found(store, tenantId, { boxes: 2 }), ["order-1"])
    assert.deepEqual(yield* found(store, tenantId, { gift: true }), ["order-1"])
    assert.deepEqual(yield* found(store, tenantId, { gift: false }), ["order-3"])
    assert.deepEqual(yield* found(store, tenantId, { channel: "web", boxes: 3 }), ["order-2"])
    assert.deepEqual(yield* found(store, tenantId, { boxes: 2, channel: "2" }), [])
    // A text is no number, and a value that no order has finds none.
    assert.deepEqual(yield* found(store, tenantId, { channel: 2 }), [])
    assert.deepEqual(yield* found(store, tenantId, { channel: "shop" }), [])
  }),

  given("an order is found by what a change made of its data, and by nothing of before", function* (store, tenantId) {
    const placed = yield* committed(store, placingWith(tenantId, { channel: "web", boxes: 2 }, { orderId: "order-1" }))
    const set = yield* committed(store, setting(placed, { channel: "shop", gift: true }))
    assert.deepEqual(yield* found(store, tenantId, { channel: "web" }), [])
    assert.deepEqual(yield* found(store, tenantId, { boxes: 2 }), [])
    assert.deepEqual(yield* found(store, tenantId, { channel: "shop", gift: true }), ["order-1"])
    const confirmed = yield* committed(store, next(set, confirm))
    assert.deepEqual(yield* found(store, tenantId, { channel: "shop" }), ["order-1"])
    yield* committed(store, setting(confirmed, {}))
    assert.deepEqual(yield* found(store, tenantId, { channel: "shop" }), [])
    assert.deepEqual(yield* found(store, tenantId, { gift: true }), [])
  }),

  given("a change that lost its race, or was rolled back, leaves an order where it is found", function* (store, tenantId) {
    const placed = yield* committed(store, placingWith(tenantId, { channel: "web" }, { orderId: "order-1" }))
    const rival = setting(placed, { channel: "rival" })
    const confirmed = yield* committed(store, next(placed, confirm))
    assert.deepEqual(yield* store.commit([rival]), ["conflict"])
    const failed = Effect.andThen(store.commit([setting(confirmed, { channel: "never" })]), Effect.fail("rolled back"))
    const { orderId } = placed.order
    assert.equal(yield* Effect.flip(store.exclusively({ tenantId, orderId }, failed)), "rolled back")
    assert.deepEqual(yield* found(store, tenantId, { channel: "web" }), ["order-1"])
    for (const channel of ["rival", "never"]) assert.deepEqual(yield* found(store, tenantId, { channel }), [])
  }),

  given("changes with own data and without are committed at once", function* (store, tenantId) {
    const changes = [
      placingWith(tenantId, { channel: "web" }, { orderId: "order-1" }),
      placing(tenantId, { orderId: "order-2", at: 1 }),
      placingWith(tenantId, { remark: "none of it is for lists" }, { orderId: "order-3", at: 2 }),
      placingWith(tenantId, { channel: "web" }, { orderId: "order-4", at: 3 })
    ]
    assert.deepEqual(new Set(yield* store.commit(changes)), new Set(["committed"]))
    const [first, second, third, fourth] = changes.map(headOf) as [Head, Head, Head, Head]
    const again = [
      setting(first, { channel: "shop" }),
      next(second, confirm),
      setting(third, { channel: "web", boxes: 0 }),
      next(fourth, cancel())
    ]
    assert.deepEqual(new Set(yield* store.commit(again)), new Set(["committed"]))
    assert.deepEqual(yield* found(store, tenantId, { channel: "shop" }), ["order-1"])
    assert.deepEqual(yield* found(store, tenantId, { channel: "web" }), ["order-3", "order-4"])
    assert.deepEqual(yield* found(store, tenantId, { boxes: -0 }), ["order-3"])
  }),

  given("values are compared as they are, whatever is in them", function* (store, tenantId) {
    const values = [...awkwardTexts, 0, -1, 0.1, 1e21, 5e-324, 2 ** 53 - 1]
    for (const [n, value] of values.entries()) {
      const data = typeof value === "string" ? { channel: value } : { boxes: value }
      yield* committed(store, placingWith(tenantId, data, { orderId: `order-${n}`, at: n }))
    }
    for (const [n, value] of values.entries()) {
      const data = typeof value === "string" ? { channel: value } : { boxes: value }
      assert.deepEqual(yield* found(store, tenantId, data), [`order-${n}`], JSON.stringify(value))
    }
  }),

  given("pages of a filtered list have no gaps and no repeats, whatever it is sorted by", function* (store, tenantId) {
    const heads: Array<Head> = []
    for (let n = 0; n < 12; n++) {
      const data = { channel: n % 3 === 0 ? "shop" : "web", boxes: n % 2 }
      const items = [{ sku: "LAPTOP", quantity: 1 + (n % 4) }]
      const placed = yield* committed(
        store,
        placingWith(tenantId, data, { orderId: `order-${n}`, at: n % 5, items, customerId: `customer-${n}` })
      )
      heads.push(n % 4 === 1 ? yield* committed(store, next(placed, confirm, { at: 20 - n })) : placed)
    }
    const orders = heads.map(({ order }) => order)
    const queries: ReadonlyArray<Pick<OrderQuery, "data" | "status" | "customerId">> = [
      { data: { channel: "web" } },
      { data: { channel: "web", boxes: 1 } },
      { data: { boxes: 1, channel: "web" }, status: ["confirmed"] },
      { data: { channel: "web" }, status: ["pending", "confirmed"], ...customerOf(orders, 4) }
    ]
    for (const filter of queries) {
      const meant = orders.filter((order) => isMeant(order, filter))
      assert.ok(meant.length > 0)
      for (const sortBy of ["createdAt", "updatedAt", "orderId", "status", "totals.total"] as const) {
        for (const sortDir of ["asc", "desc"] as const) {
          const whole = yield* everyPage(store, { tenantId, sortBy, sortDir, limit: 100 })
          const expected = whole.filter((order) => isMeant(order, filter))
          assert.equal(expected.length, meant.length)
          for (const limit of [1, 3, 100]) {
            const listed = yield* everyPage(store, { tenantId, sortBy, sortDir, limit, ...filter })
            assert.deepEqual(ids(listed), ids(expected), `by ${sortBy} ${sortDir}, ${limit} at a time, ${JSON.stringify(filter)}`)
          }
        }
      }
    }
  }),

  given(
    "an order of before there was a filter is found once it is indexed, at the version it is at",
    function* (store, tenantId) {
      const { filterable = {}, ...before } = placingWith(tenantId, { channel: "web", boxes: 1 }, { orderId: "order-1" })
      const placed = yield* committed(store, before)
      const indexing = (version: number, values: DataFilter) => [{ orderId: placed.order.orderId, version, filterable: values }]
      assert.deepEqual(yield* store.indexData(tenantId, []), [])
      assert.deepEqual(yield* store.indexData(freshTenant(), indexing(1, filterable)), ["conflict"])
      assert.deepEqual(yield* store.indexData(tenantId, indexing(2, filterable)), ["conflict"])
      assert.deepEqual(yield* store.indexData(tenantId, indexing(1, filterable)), ["committed"])
      assert.deepEqual(yield* found(store, tenantId, { channel: "web", boxes: 1 }), ["order-1"])
      // Doing it again changes nothing, and it is found by the members that are left.
      assert.deepEqual(yield* store.indexData(tenantId, indexing(1, filterable)), ["committed"])
      assert.deepEqual(yield* store.indexData(tenantId, indexing(1, { boxes: 1 })), ["committed"])
      assert.deepEqual(yield* found(store, tenantId, { boxes: 1 }), ["order-1"])
      assert.deepEqual(yield* store.commit([setting(placed, { channel: "shop" })]), ["committed"])
      assert.deepEqual(yield* found(store, tenantId, { channel: "shop" }), ["order-1"])
      assert.deepEqual(yield* found(store, tenantId, { boxes: 1 }), [])
    }
  ),

  given("an order whose data are others is never listed, whatever was said of it", function* (store, tenantId) {
    const wrong = { ...placingWith(tenantId, { channel: "web" }, { orderId: "order-1" }), filterable: { channel: "shop" } }
    yield* committed(store, wrong)
    assert.deepEqual(yield* found(store, tenantId, { channel: "shop" }), [])
  })
]

// --- what the cases are told with ---------------------------------------------------------------------------------------------------------

const committed = Effect.fnUntraced(function* (store: Store, change: Change): Effect.fn.Return<Head, unknown> {
  assert.deepEqual(yield* store.commit([change]), ["committed"])
  return headOf(change)
})

const everyPage = Effect.fnUntraced(function* (store: Store, query: OrderQuery): Effect.fn.Return<ReadonlyArray<Order>, unknown> {
  const all: Array<Order> = []
  let after: PagePosition | undefined
  for (;;) {
    const rows = yield* store.listOrders({ ...query, ...(after && { after }) })
    assert.ok(rows.length <= query.limit)
    const page = rows.map((row) => ("item" in row ? row.item : assert.fail("an order cannot be read")))
    const last = page.at(-1)
    if (last === undefined) return all
    all.push(...page)
    after = orderPosition(last, query.sortBy)
  }
})

/** The orders with these data, oldest first. */
const found = (store: Store, tenantId: TenantId, data: DataFilter) =>
  Effect.map(everyPage(store, { tenantId, data, sortBy: "createdAt", sortDir: "asc", limit: 10 }), ids)

const ids = (orders: ReadonlyArray<Order>): ReadonlyArray<string> => orders.map(({ orderId }) => orderId)

const customerOf = (orders: ReadonlyArray<Order>, n: number) => {
  const order = orders.find(({ orderId }) => orderId === OrderId.make(`order-${n}`))
  return order === undefined ? {} : { customerId: order.customer.customerId }
}

const isMeant = (order: Order, { data = {}, status, customerId }: Pick<OrderQuery, "data" | "status" | "customerId">): boolean =>
  Object.entries(data).every(([member, value]) => order.data?.[member] === value) &&
  (status === undefined || status.includes(order.status)) &&
  (customerId === undefined || customerId === order.customer.customerId)

const awkwardTexts = [
  "",
  " ",
  '"web"',
  "null",
  "tab\tand\r\nline end\n",
  "nai\u0308ve, in NFD",
  "na\u00efve, in NFC",
  "\u{1F468}\u200D\u{1F469}\u200D\u{1F467} a family",
  "\uFFFD\uFFFF\u{10FFFF}",
  "'; DROP TABLE orders; --",
  "$1 %s \\ \\u0000 \" ' ` ${x}",
  "\u0001\u001b[31m\u007f",
  "\u{1F600}".repeat(200),
  "\u0001".repeat(200)
]
