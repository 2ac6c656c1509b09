/**
 * The contract of `OrderStore`: every promise of the port as something to run. A store that passes can carry the library.
 *
 * Each case uses tenants and consumers of its own, so all of them can run on one store, in any order.
 */
import assert from "node:assert/strict"
import { randomUUID } from "node:crypto"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import {
  type Change,
  type Loaded,
  type OrderQuery,
  type OrderSort,
  OrderStore,
  type PagePosition,
  type Row,
  type SubscriptionQuery,
  type SubscriptionSort
} from "../lifecycle/OrderStore.ts"
import { subscriptionOfOrder } from "../lifecycle/subscriptionOfOrder.ts"
import { verifyChain } from "../order/auditChain.ts"
import { fold } from "../order/evolve.ts"
import {
  isActive,
  type CustomerId,
  type Order,
  OrderId,
  SerialNumber,
  Sku,
  type Subscription,
  SubscriptionId,
  type TenantId,
  totalsOf
} from "../order/Order.ts"
import { definitions } from "../order/commands/definitions.ts"
import type { OrderCommand } from "../order/commands/index.ts"
import { OrderNotPending } from "../order/commands/confirm.ts"
import { Timestamp } from "../order/Timestamp.ts"
import {
  cancel,
  confirm,
  end,
  freshTenant,
  type Head,
  headOf,
  keyFor,
  minute,
  next,
  type Placing,
  placing,
  start
} from "./contractOrders.ts"
import { assetContract } from "./assetContract.ts"
import { dataContract } from "./dataContract.ts"
import { findingContract } from "./findingContract.ts"
import { dueContract } from "./dueContract.ts"
import { outboxContract } from "./outboxContract.ts"

/** One promise of a store, and a program that tries it. */
export interface ContractCase {
  /** A sentence about the store. */
  readonly name: string
  /** Dies or fails when the store breaks its promise. */
  readonly run: Effect.Effect<void, unknown, OrderStore>
}

type Store = typeof OrderStore.Service

const given = (name: string, body: (store: Store, tenantId: TenantId) => Effect.fn.Return<void, unknown>): ContractCase => ({
  name,
  run: Effect.flatMap(OrderStore, (store) => Effect.gen(() => body(store, freshTenant())))
})

// --- the cases -------------------------------------------------------------------------------------------------------------------------

export const orderStoreContract: ReadonlyArray<ContractCase> = [
  // --- commit and load ---

  given("an unknown order loads as nothing", function* (store, tenantId) {
    const loaded = yield* loadOne(store, tenantId, OrderId.make("order-unknown"))
    assert.deepEqual(loaded, { order: null, headHash: null, remembered: null, serialIsRented: false, asset: null })
    assert.deepEqual(yield* store.history(tenantId, OrderId.make("order-unknown")), [])
    assert.equal(yield* store.rewriteNotes(tenantId, OrderId.make("order-unknown"), "notes"), false)
    assert.equal(yield* store.findSubscription(tenantId, SubscriptionId.make("subscription-unknown")), null)
  }),

  given("an order is loaded exactly as every transition of its life left it", function* (store, tenantId) {
    let head = headOf(yield* placed(store, tenantId, { more: { notes: "second floor" } }))
    yield* loadsAs(store, head)
    for (const command of [
      () => confirm,
      ({ order }: Head) => start(order, "LAPTOP", "serial-1", { notes: "with charger" }),
      ({ order }: Head) => start(order, "BIKE", "serial-2"),
      ({ order }: Head) => end(order, 0, "returned early"),
      ({ order }: Head) => end(order, 1),
      () => cancel("no longer needed")
    ]) {
      head = yield* committed(store, next(head, command(head)))
      yield* loadsAs(store, head)
    }
    assert.deepEqual(yield* store.stock(tenantId, Sku.make("LAPTOP")), { reserved: 0, rented: 0 })
  }),

  given("a commit decided on an old version is a conflict and changes nothing", function* (store, tenantId) {
    const head = headOf(yield* placed(store, tenantId))
    const confirmed = yield* committed(store, next(head, confirm))
    const before = yield* dump(store, tenantId)
    assert.deepEqual(yield* store.commit([next(head, cancel("too late"))]), ["conflict"])
    assert.deepEqual(yield* store.commit([next(head, confirm)]), ["conflict"])
    assert.deepEqual(yield* dump(store, tenantId), before)
    yield* loadsAs(store, confirmed)
  }),

  given("an order id is placed once", function* (store, tenantId) {
    const first = yield* placed(store, tenantId, { orderId: "order-1" })
    const before = yield* dump(store, tenantId)
    assert.deepEqual(yield* store.commit([placing(tenantId, { orderId: "order-1" })]), ["conflict"])
    assert.deepEqual(yield* dump(store, tenantId), before)
    yield* loadsAs(store, headOf(first))
  }),

  given("of many commits on one version exactly one is made", function* (store, tenantId) {
    const head = headOf(yield* placed(store, tenantId))
    const outcomes = yield* Effect.forEach(
      Array.from({ length: 16 }, (_, number) => next(head, cancel(`caller ${number}`))),
      (change) => store.commit([change]),
      { concurrency: "unbounded" }
    )
    assert.equal(outcomes.flat().filter((outcome) => outcome === "committed").length, 1)
    assert.equal((yield* store.history(tenantId, head.order.orderId)).length, 2)
  }),

  given("a batch answers for each order by itself", function* (store, tenantId) {
    const heads = yield* Effect.forEach(Array.from({ length: 6 }), () => Effect.map(placed(store, tenantId), headOf))
    const [stale, ...others] = heads as [Head, ...Array<Head>]
    yield* committed(store, next(stale, confirm))
    const changes = [...others.slice(0, 3), stale, ...others.slice(3)].map((head) => next(head, cancel("all of them")))
    assert.deepEqual(yield* store.commit(changes), ["committed", "committed", "committed", "conflict", "committed", "committed"])
    for (const head of others) assert.equal((yield* loadOne(store, tenantId, head.order.orderId)).order?.version, 2)
    assert.deepEqual(yield* store.commit([]), [])
  }),

  given("one order's taken serial number, order id or key does not fail its neighbours", function* (store, tenantId) {
    const confirmed = Effect.flatMap(placed(store, tenantId), (change) => committed(store, next(headOf(change), confirm)))
    const [rented, rival, bystander] = [yield* confirmed, yield* confirmed, yield* confirmed]
    yield* committed(store, next(rented, start(rented.order, "BIKE", "serial-1")))
    yield* placed(store, tenantId, { orderId: "order-taken", remember: keyFor(tenantId, "key-1", "first") })
    const keyed = headOf(yield* placed(store, tenantId))
    assert.deepEqual(
      yield* store.commit([
        next(rival, start(rival.order, "BIKE", "serial-1")),
        next(bystander, start(bystander.order, "BIKE", "serial-2")),
        placing(tenantId, { orderId: "order-taken" }),
        placing(tenantId, { orderId: "order-free" }),
        next(keyed, confirm, { remember: keyFor(tenantId, "key-1", "second") })
      ]),
      ["conflict", "committed", "conflict", "committed", "conflict"]
    )
    yield* loadsAs(store, keyed)
    yield* loadsAs(store, rival)
  }),

  given("many orders are loaded at once, each in its place", function* (store, tenantId) {
    const heads = yield* Effect.forEach(Array.from({ length: 5 }), () => Effect.map(placed(store, tenantId), headOf))
    const ids = heads.map(({ order }) => order.orderId).toReversed()
    const loaded = yield* store.load(
      [...ids, OrderId.make("order-unknown"), ids[0] as OrderId].map((orderId) => ({ tenantId, order: { orderId } }))
    )
    assert.deepEqual(
      loaded.map(({ order }) => order?.orderId ?? null),
      [...ids, null, ids[0]]
    )
    assert.deepEqual(yield* store.load([]), [])
  }),

  given("an order of a thousand lines is kept whole", function* (store, tenantId) {
    const items = Array.from({ length: 1_000 }, (_, line) => ({ sku: `SKU-${line % 300}`, quantity: 1 + (line % 3) }))
    const head = headOf(yield* placed(store, tenantId, { items }))
    yield* loadsAs(store, head)
    const cancelled = yield* committed(store, next(head, cancel()))
    yield* loadsAs(store, cancelled)
    assert.deepEqual(yield* store.stock(tenantId, Sku.make("SKU-1")), { reserved: 0, rented: 0 })
  }),

  // --- tenants ---

  given("tenants with the same ids do not see or touch each other", function* (store, mine) {
    const theirs = freshTenant()
    const ids = { orderId: "order-1", customerId: "customer-1", email: "ada@example.com" }
    const commit = (tenantId: TenantId) =>
      Effect.gen(function* () {
        const confirmed = yield* committed(store, next(headOf(yield* placed(store, tenantId, ids)), confirm))
        return yield* committed(
          store,
          next(confirmed, start(confirmed.order, "BIKE", "serial-1", { subscriptionId: "subscription-1" }), {
            remember: keyFor(tenantId, "key-1", tenantId)
          })
        )
      })
    const myHead = yield* commit(mine)
    yield* commit(theirs)
    const theirDump = yield* dump(store, theirs)
    const ended = yield* committed(store, next(myHead, end(myHead.order, 0)))
    yield* committed(store, next(ended, cancel("mine only")))
    yield* store.rewriteNotes(mine, ended.order.orderId, "mine")
    assert.deepEqual(yield* dump(store, theirs), theirDump)

    const stranger = freshTenant()
    const [loaded] = yield* store.load([
      {
        tenantId: stranger,
        order: { orderId: OrderId.make("order-1") },
        idempotency: { key: "key-1", now: minute(1) },
        serialNumber: SerialNumber.make("serial-1")
      }
    ])
    assert.deepEqual(loaded, { order: null, headHash: null, remembered: null, serialIsRented: false, asset: null })
    assert.equal(yield* store.findSubscription(stranger, SubscriptionId.make("subscription-1")), null)
    assert.deepEqual(yield* store.stock(stranger, Sku.make("LAPTOP")), { reserved: 0, rented: 0 })
    assert.deepEqual(yield* store.orderIds(stranger, null, 10), [])
  }),

  // --- text and JSON ---

  given("texts come back character for character", function* (store, tenantId) {
    for (const text of awkwardTexts) {
      const head = headOf(
        yield* placed(store, tenantId, { street: text, more: { notes: text, customFields: { [`key ${text}`]: text } } })
      )
      yield* loadsAs(store, head)
      const cancelled = yield* committed(store, next(head, cancel(text)))
      yield* loadsAs(store, cancelled)
      assert.equal(yield* store.rewriteNotes(tenantId, head.order.orderId, `${text}!`), true)
      assert.equal((yield* loadOne(store, tenantId, head.order.orderId)).order?.notes, `${text}!`)
    }
  }),

  given("ids are opaque: quotes, spaces, percent signs and emoji are characters like any other", function* (store, tenantId) {
    for (const id of ["o'1", "$1", "a%b_c", "--", "a b", 'x"y', "\\", "\u{1F600}", "null", "O'1"]) {
      const head = yield* committed(store, next(headOf(yield* placed(store, tenantId, { orderId: id })), confirm))
      const started = yield* committed(
        store,
        next(head, start(head.order, "BIKE", `serial ${id}`, { subscriptionId: `subscription ${id}` }))
      )
      yield* loadsAs(store, started)
      const found = yield* store.findSubscription(tenantId, SubscriptionId.make(`subscription ${id}`))
      assert.deepEqual(found, subscriptionOfOrder(started.order, started.order.subscriptions[0] as Subscription))
    }
    assert.equal((yield* store.orderIds(tenantId, null, 100)).length, 10)
  }),

  given("JSON comes back as it went in, down to the order of its members", function* (store, tenantId) {
    let deep: { [key: string]: unknown } = { bottom: true }
    for (let depth = 0; depth < 28; depth++) deep = { deep }
    const customFields = JSON.parse(
      JSON.stringify({
        zulu: 1,
        alpha: [],
        "": {},
        numbers: [0, -1, 0.1, 1e308, 5e-324, 9007199254740991, 1e21],
        nothing: null,
        deep
      }).replace('"nothing"', '"__proto__":{"own":"member"},"nothing"')
    )
    const head = headOf(yield* placed(store, tenantId, { more: { customFields } }))
    const { order } = yield* loadOne(store, tenantId, head.order.orderId)
    assert.equal(JSON.stringify(order?.customFields), JSON.stringify(customFields))
    const withoutAny = headOf(yield* placed(store, tenantId, { more: { customFields: null } }))
    assert.equal((yield* loadOne(store, tenantId, withoutAny.order.orderId)).order?.customFields, null)
    yield* loadsAs(store, withoutAny)
  }),

  given("empty stays empty and absent stays absent", function* (store, tenantId) {
    const empty = headOf(yield* placed(store, tenantId, { more: { notes: "" } }))
    const absent = headOf(yield* placed(store, tenantId))
    yield* loadsAs(store, yield* committed(store, next(empty, cancel(""))))
    yield* loadsAs(store, yield* committed(store, next(absent, cancel())))
  }),

  // --- customers ---

  given("an email names one customer per tenant", function* (store, tenantId) {
    const email = "ada@example.com"
    assert.deepEqual(yield* store.loadPlacing({ tenantId, emailKey: email }), { customerId: null, remembered: null })
    yield* placed(store, tenantId, { email, customerId: "customer-1" })
    assert.equal((yield* store.loadPlacing({ tenantId, emailKey: email })).customerId, "customer-1")
    assert.equal((yield* store.loadPlacing({ tenantId: freshTenant(), emailKey: email })).customerId, null)

    const rival = placing(tenantId, { email, customerId: "customer-2" })
    assert.deepEqual(yield* store.commit([rival]), ["conflict"])
    assert.equal((yield* loadOne(store, tenantId, rival.transition.after.orderId)).order, null)
    assert.equal((yield* store.loadPlacing({ tenantId, emailKey: email })).customerId, "customer-1")

    yield* placed(store, tenantId, { email, customerId: "customer-1", isKnownCustomer: true })
    const orders = yield* listed(store, {
      tenantId,
      customerId: "customer-1" as CustomerId,
      sortBy: "createdAt",
      sortDir: "asc",
      limit: 10
    })
    assert.equal(orders.length, 2)
  }),

  // --- subscriptions ---

  given("an order is found by its subscription", function* (store, tenantId) {
    const confirmed = yield* committed(store, next(headOf(yield* placed(store, tenantId)), confirm))
    const started = yield* committed(store, next(confirmed, start(confirmed.order, "LAPTOP", "serial-1")))
    const subscriptionId = started.order.subscriptions[0]?.subscriptionId as SubscriptionId
    const [found, unknown] = yield* store.load([
      { tenantId, order: { subscriptionId } },
      { tenantId, order: { subscriptionId: SubscriptionId.make("subscription-unknown") } }
    ])
    assert.deepEqual(found?.order, started.order)
    assert.equal(found?.headHash, started.headHash)
    assert.equal(unknown?.order, null)
    const [subscription] = started.order.subscriptions as readonly [Subscription]
    assert.deepEqual(yield* store.findSubscription(tenantId, subscriptionId), subscriptionOfOrder(started.order, subscription))
  }),

  given("a serial number is under one active subscription at a time", function* (store, tenantId) {
    const confirmed = Effect.flatMap(placed(store, tenantId), (change) => committed(store, next(headOf(change), confirm)))
    const [first, second] = [yield* confirmed, yield* confirmed]
    const serialNumber = SerialNumber.make("serial-1")
    const isRented = Effect.map(
      store.load([{ tenantId, order: { orderId: second.order.orderId }, serialNumber }]),
      ([loaded]) => loaded?.serialIsRented
    )
    assert.equal(yield* isRented, false)
    const started = yield* committed(store, next(first, start(first.order, "BIKE", serialNumber)))
    assert.equal(yield* isRented, true)

    const before = yield* dump(store, tenantId)
    assert.deepEqual(yield* store.commit([next(second, start(second.order, "BIKE", serialNumber))]), ["conflict"])
    assert.deepEqual(yield* dump(store, tenantId), before)

    yield* committed(store, next(started, end(started.order, 0)))
    assert.equal(yield* isRented, false)
    yield* committed(store, next(second, start(second.order, "BIKE", serialNumber)))
    assert.equal(yield* isRented, true)
  }),

  given("subscriptions are listed newest first, by order, status, customer and serial number", function* (store, tenantId) {
    const all: Array<Head> = []
    for (const number of [0, 1, 2, 3]) {
      const sku = number === 2 ? "BIKE" : "LAPTOP"
      const items = [{ sku, quantity: 3 }]
      let head = yield* committed(store, next(headOf(yield* placed(store, tenantId, { items })), confirm))
      for (const unit of [0, 1, 2]) {
        // Two orders share each moment, so that the id has to decide.
        head = yield* committed(
          store,
          next(head, start(head.order, sku, `serial-${number}-${unit}`), { at: 10 + unit * 10 + (number >> 1) })
        )
      }
      all.push(yield* committed(store, next(head, end(head.order, 1), { at: 100 })))
    }
    const subscriptions = all.flatMap(({ order }) => order.subscriptions.map((subscription) => ({ subscription, order })))
    type Listed = (typeof subscriptions)[number]
    const inOrder = (sortBy: SubscriptionSort, direction: 1 | -1) =>
      subscriptions.toSorted(
        ({ subscription: a }, { subscription: b }) =>
          direction * (byKey(a[sortBy], b[sortBy]) || byKey(a.subscriptionId, b.subscriptionId))
      )
    const [some] = all as [Head]
    const ends = { from: inOrder("endDate", 1)[2]?.subscription.endDate as Timestamp }
    const until = { to: inOrder("endDate", 1)[9]?.subscription.endDate as Timestamp }
    const isWithin = ({ subscription: { endDate } }: Listed) => endDate >= ends.from && endDate < until.to
    const [ofBikes, isBike] = [{ sku: Sku.make("BIKE") }, ({ order }: Listed) => order.lines[0]?.sku === "BIKE"]
    for (const { filter, keep } of [
      { filter: {}, keep: () => true },
      { filter: { orderId: some.order.orderId }, keep: ({ order }: { order: Order }) => order === some.order },
      { filter: { customerId: some.order.customer.customerId }, keep: ({ order }: { order: Order }) => order === some.order },
      {
        filter: { status: ["active"] as const },
        keep: ({ subscription }: { subscription: { status: string } }) => subscription.status === "active"
      },
      { filter: { status: ["active", "cancelled"] as const }, keep: () => true },
      {
        filter: { serialNumber: SerialNumber.make("serial-2-1") },
        keep: ({ subscription }: { subscription: { serialNumber: string } }) => subscription.serialNumber === "serial-2-1"
      },
      { filter: ofBikes, keep: isBike },
      { filter: { sku: Sku.make("bike") }, keep: () => false },
      {
        filter: { ...ofBikes, status: ["active"] as const },
        keep: (each: Listed) => isBike(each) && isActive(each.subscription)
      },
      { filter: { ...ofBikes, orderId: some.order.orderId }, keep: () => false },
      { filter: { ends }, keep: ({ subscription }: Listed) => subscription.endDate >= ends.from },
      { filter: { ends: until }, keep: ({ subscription }: Listed) => subscription.endDate < until.to },
      { filter: { ends: { ...ends, ...until } }, keep: isWithin },
      { filter: { ends: { from: until.to, to: ends.from } }, keep: () => false },
      { filter: { ...ofBikes, ends: { ...ends, ...until } }, keep: (each: Listed) => isBike(each) && isWithin(each) },
      {
        filter: { customerId: some.order.customer.customerId, ends, status: ["active"] as const },
        keep: (each: Listed) => each.order === some.order && isActive(each.subscription) && each.subscription.endDate >= ends.from
      }
    ]) {
      for (const limit of [1, 2, 5, 100]) {
        for (const [sortBy, sortDir] of [
          ["createdAt", "desc"],
          ["createdAt", "asc"],
          ["endDate", "asc"],
          ["endDate", "desc"]
        ] as const)
          assert.deepEqual(
            yield* everySubscription(store, { tenantId, ...filter, sortBy, sortDir, limit }),
            inOrder(sortBy, sortDir === "asc" ? 1 : -1)
              .filter(keep)
              .map(({ order, subscription }) => subscriptionOfOrder(order, subscription))
          )
      }
    }
  }),

  // --- lists ---

  given("pages of orders have no gaps and no repeats, whatever they are sorted by", function* (store, tenantId) {
    const heads: Array<Head> = []
    const customerId = "customer-of-many"
    for (let number = 0; number < 14; number++) {
      const isOfMany = number % 3 === 0
      const placement = placing(tenantId, {
        orderId: `order-${(number * 5) % 14}`,
        at: number % 4, // several orders share a moment
        items: [{ sku: "LAPTOP", quantity: 1 + (number % 3) }], // and several a total
        currency: number % 2 === 0 ? "EUR" : "CHF",
        ...(isOfMany && { customerId, email: "many@example.com", isKnownCustomer: number > 0 })
      })
      let head = yield* committed(store, placement)
      const steps = [
        [],
        [() => confirm],
        [() => confirm, () => start(head.order, "LAPTOP", `serial-${number}`)],
        [() => cancel()]
      ][number % 4] as Array<() => ReturnType<typeof cancel>>
      for (const step of steps) head = yield* committed(store, next(head, step(), { at: 10 + (number % 5) }))
      heads.push(head)
    }
    const orders = heads.map(({ order }) => order)
    const filters: ReadonlyArray<Pick<OrderQuery, "status" | "customerId">> = [
      {},
      { status: ["pending"] },
      { status: ["confirmed", "cancelled"] },
      { customerId: customerId as CustomerId },
      { customerId: customerId as CustomerId, status: ["cancelled"] }
    ]
    const isMeant = (filter: (typeof filters)[number], { status, customer }: Order) =>
      (filter.status?.includes(status) ?? true) && (filter.customerId ?? customer.customerId) === customer.customerId
    for (const sortBy of ["createdAt", "updatedAt", "orderId", "status", "totals.total"] as const) {
      for (const sortDir of ["asc", "desc"] as const) {
        const direction = sortDir === "asc" ? 1 : -1
        const sorted = orders.toSorted(
          (a, b) => direction * (bySortValue(sortValue(sortBy, a), sortValue(sortBy, b)) || byKey(a.orderId, b.orderId))
        )
        for (const filter of filters) {
          for (const limit of [1, 3, 100]) {
            const listed = yield* everyOrder(store, { tenantId, sortBy, sortDir, limit, ...filter })
            assert.deepEqual(
              listed,
              sorted.filter((order) => isMeant(filter, order)),
              `by ${sortBy} ${sortDir}, ${limit} at a time, ${JSON.stringify(filter)}`
            )
          }
        }
      }
    }
  }),

  given("all order ids of a tenant can be walked through", function* (store, tenantId) {
    const ids = ["b", "a", "d", "c", "e"]
    for (const orderId of ids) yield* placed(store, tenantId, { orderId })
    const walked: Array<string> = []
    for (let after: OrderId | null = null; ;) {
      const page: ReadonlyArray<OrderId> = yield* store.orderIds(tenantId, after, 2)
      walked.push(...page)
      const last = page.at(-1)
      if (last === undefined) break
      after = last
    }
    assert.deepEqual(walked, ids.toSorted())
  }),

  // --- stock ---

  given("stock is what the tenant's orders hold and rent, and follows every transition", function* (store, tenantId) {
    const sku = Sku.make("LAPTOP")
    const stock = Effect.map(store.stock(tenantId, sku), ({ reserved, rented }) => [reserved, rented])
    assert.deepEqual(yield* stock, [0, 0])
    const first = headOf(
      yield* placed(store, tenantId, {
        items: [
          { sku, quantity: 2 },
          { sku: "BIKE", quantity: 9 },
          { sku, quantity: 3 }
        ]
      })
    )
    assert.deepEqual(yield* stock, [5, 0])
    const second = headOf(yield* placed(store, tenantId, { items: [{ sku, quantity: 4 }] }))
    assert.deepEqual(yield* stock, [9, 0])
    const confirmed = yield* committed(store, next(first, confirm))
    const started = yield* committed(store, next(confirmed, start(confirmed.order, sku, "serial-1")))
    assert.deepEqual(yield* stock, [8, 1])
    yield* committed(store, next(second, cancel()))
    assert.deepEqual(yield* stock, [4, 1])
    const ended = yield* committed(store, next(started, end(started.order, 0)))
    assert.deepEqual(yield* stock, [4, 0])
    yield* committed(store, next(ended, cancel()))
    assert.deepEqual(yield* stock, [0, 0])
    assert.deepEqual(yield* store.stock(freshTenant(), sku), { reserved: 0, rented: 0 })
  }),

  // --- history ---

  given("the history is every event in sequence, its chain is whole, and it folds to the order", function* (store, tenantId) {
    let head = headOf(yield* placed(store, tenantId, { more: { notes: "ring twice", customFields: { b: 1, a: [null] } } }))
    head = yield* committed(store, next(head, confirm))
    head = yield* committed(store, next(head, start(head.order, "BIKE", "serial-1", { notes: "blue" })))
    head = yield* committed(store, next(head, end(head.order, 0, "scratched")))
    head = yield* committed(store, next(head, cancel("no longer \u{1F600}")))
    const history = yield* store.history(tenantId, head.order.orderId)
    assert.deepEqual(
      history.map(({ event }) => event.sequence),
      [1, 2, 3, 4, 5]
    )
    assert.equal(verifyChain(history, { sequence: 5, hash: head.headHash }), null)
    assert.deepEqual(fold(history.map(({ event }) => event)), head.order)
    for (const sealed of history) assert.deepEqual(yield* store.event(sealed.event), sealed)
    const { orderId } = head.order
    for (const none of [
      { tenantId, orderId, sequence: 0 },
      { tenantId, orderId, sequence: 6 },
      { tenantId, orderId: OrderId.make("order-unknown"), sequence: 1 },
      { tenantId: freshTenant(), orderId, sequence: 1 }
    ]) {
      assert.equal(yield* store.event(none), null)
    }
  }),

  given("notes are rewritten without a transition", function* (store, tenantId) {
    const head = headOf(yield* placed(store, tenantId, { more: { notes: "before" } }))
    const before = yield* loadOne(store, tenantId, head.order.orderId)
    assert.equal(yield* store.rewriteNotes(tenantId, head.order.orderId, "after"), true)
    const after = yield* loadOne(store, tenantId, head.order.orderId)
    assert.deepEqual(after, { ...before, order: { ...head.order, notes: "after" } })
    assert.equal((yield* store.history(tenantId, head.order.orderId)).length, 1)
    // A change decided before the notes were rewritten keeps them.
    yield* committed(store, next(head, confirm))
    assert.equal((yield* loadOne(store, tenantId, head.order.orderId)).order?.notes, "after")
  }),

  given("the notes of a subscription are rewritten, whatever its status, and no other's", function* (store, tenantId) {
    const placement = yield* placed(store, tenantId, { more: { notes: "of the order" } })
    const confirmed = yield* committed(store, next(headOf(placement), confirm))
    const rented = (serial: string, notes?: string) => (head: Head) =>
      next(head, start(head.order, "LAPTOP", `${tenantId}-${serial}`, { ...(notes !== undefined && { notes }) }))
    const first = yield* committed(store, rented("1", "with charger")(confirmed))
    const head = yield* committed(store, rented("2")(first))
    const { orderId, subscriptions } = head.order
    const [one, two] = subscriptions.map(({ subscriptionId }) => ({ subscriptionId })) as [
      { readonly subscriptionId: SubscriptionId },
      { readonly subscriptionId: SubscriptionId }
    ]
    const notes = Effect.map(loadOne(store, tenantId, orderId), ({ order, headHash }) => {
      assert.equal(headHash, head.headHash)
      return [order?.notes, ...(order?.subscriptions ?? []).map((each) => each.notes)]
    })
    assert.equal(yield* store.rewriteNotes(tenantId, two, "first", "before"), false)
    assert.equal(yield* store.rewriteNotes(tenantId, two, "first", ""), true)
    assert.equal(yield* store.rewriteNotes(tenantId, one, "without charger", "with charger"), true)
    assert.equal(yield* store.rewriteNotes(freshTenant(), one, "of another tenant"), false)
    assert.equal(yield* store.rewriteNotes(tenantId, { subscriptionId: SubscriptionId.make("sub-unknown") }, "none"), false)
    assert.deepEqual(yield* notes, ["of the order", "without charger", "first"])
    assert.equal((yield* store.findSubscription(tenantId, one.subscriptionId))?.subscription.notes, "without charger")
    const failing = Effect.andThen(store.rewriteNotes(tenantId, two, "within", "first"), Effect.fail("no" as const))
    assert.equal(yield* Effect.flip(store.exclusively({ tenantId, orderId }, failing)), "no")
    assert.deepEqual(yield* notes, ["of the order", "without charger", "first"])
    // A change decided before they were rewritten keeps them; and they stay when the text of the start is erased, which they are not.
    const ended = yield* committed(store, next(head, end(head.order, 0)))
    assert.equal(yield* store.eraseText({ tenantId, orderId, sequence: 3 }), true)
    const now = Effect.map(loadOne(store, tenantId, orderId), ({ order }) => order?.subscriptions.map((each) => each.notes))
    assert.deepEqual(yield* now, ["without charger", "first"])
    assert.equal(yield* store.rewriteNotes(tenantId, one, "came back", "without charger"), true)
    assert.equal(yield* store.eraseText({ tenantId, orderId, sequence: 3 }), true)
    assert.deepEqual(yield* now, ["came back", "first"])
    assert.equal((yield* store.history(tenantId, orderId)).length, ended.order.version)
  }),

  given("notes that are expected to be a text are rewritten where they are, by one of many", function* (store, tenantId) {
    const [noted, bare] = [{ more: { notes: "before" } }, {}].map((more, n) => ({ ...more, orderId: `order-${n}` }))
    const { orderId } = headOf(yield* placed(store, tenantId, noted)).order
    const without = headOf(yield* placed(store, tenantId, bare)).order.orderId
    for (const other of ["", "Before", "before ", "after"])
      assert.equal(yield* store.rewriteNotes(tenantId, orderId, "after", other), false)
    assert.equal((yield* loadOne(store, tenantId, orderId)).order?.notes, "before")
    assert.equal(yield* store.rewriteNotes(tenantId, without, "first", "before"), false)
    assert.equal(yield* store.rewriteNotes(tenantId, without, "first", ""), true)
    assert.equal(yield* store.rewriteNotes(tenantId, without, "", "first"), true)
    assert.equal(yield* store.rewriteNotes(tenantId, without, "again", ""), true)
    assert.equal(yield* store.rewriteNotes(tenantId, OrderId.make("order-unknown"), "after", ""), false)
    assert.equal(yield* store.rewriteNotes(freshTenant(), orderId, "after", "before"), false)
    const rivals = Array.from({ length: 6 }, (_, n) => store.rewriteNotes(tenantId, orderId, `rival ${n}`, "before"))
    const outcomes = yield* Effect.all(rivals, { concurrency: "unbounded" })
    assert.equal(outcomes.filter((isDone) => isDone).length, 1)
    assert.equal((yield* loadOne(store, tenantId, orderId)).order?.notes, `rival ${outcomes.indexOf(true)}`)
    const failing = Effect.andThen(store.rewriteNotes(tenantId, without, "within", "again"), Effect.fail("no" as const))
    assert.equal(yield* Effect.flip(store.exclusively({ tenantId, orderId: without }, failing)), "no")
    assert.equal((yield* loadOne(store, tenantId, without)).order?.notes, "again")
  }),

  // --- idempotency ---

  given("the answer under a key is written with the change, and only with it", function* (store, tenantId) {
    const key = keyFor(tenantId, "key-1", "place it")
    const placement = yield* placed(store, tenantId, { remember: key })
    const { orderId } = placement.transition.after
    const accepted = { fingerprint: key.fingerprint, outcome: { outcome: "accepted", orderId, sequence: 1 } }
    assert.deepEqual(yield* rememberedUnder(store, tenantId, "key-1", 10), accepted)
    const placingAgain = yield* store.loadPlacing({
      tenantId,
      emailKey: "nobody@example.com",
      idempotency: { key: "key-1", now: minute(10) }
    })
    assert.deepEqual(placingAgain, { customerId: null, remembered: accepted })
    assert.equal(yield* rememberedUnder(store, tenantId, "key-2", 10), null)

    const stale = headOf(placement)
    yield* committed(store, next(stale, confirm))
    assert.deepEqual(yield* store.commit([next(stale, cancel(), { remember: keyFor(tenantId, "key-3", "cancel it") })]), [
      "conflict"
    ])
    assert.equal(yield* rememberedUnder(store, tenantId, "key-3", 10), null)
  }),

  given("a change whose key is taken is a conflict and changes nothing", function* (store, tenantId) {
    const first = headOf(yield* placed(store, tenantId, { remember: keyFor(tenantId, "key-1", "first") }))
    const before = yield* dump(store, tenantId)
    assert.deepEqual(yield* store.commit([next(first, confirm, { remember: keyFor(tenantId, "key-1", "second") })]), ["conflict"])
    assert.deepEqual(yield* dump(store, tenantId), before)
  }),

  given("whoever remembers a refusal first defines the answer", function* (store, tenantId) {
    const orderId = OrderId.make("order-1")
    const refusal = (status: Order["status"]) => new OrderNotPending({ orderId, status })
    const [first, second] = [keyFor(tenantId, "key-1", "first"), keyFor(tenantId, "key-1", "second")]
    const kept = yield* store.rememberRefusal(first, refusal("confirmed"), minute(1))
    assert.deepEqual(
      plain(kept),
      plain({ fingerprint: first.fingerprint, outcome: { outcome: "refused", refusal: refusal("confirmed") } })
    )
    assert.deepEqual(plain(yield* store.rememberRefusal(second, refusal("cancelled"), minute(2))), plain(kept))
    const loaded = yield* rememberedUnder(store, tenantId, "key-1", 3)
    assert.deepEqual(plain(loaded), plain(kept))
    assert.ok(loaded?.outcome.outcome === "refused" && loaded.outcome.refusal instanceof OrderNotPending)

    const accepted = keyFor(tenantId, "key-2", "accepted")
    yield* placed(store, tenantId, { orderId, remember: accepted })
    assert.deepEqual(yield* store.rememberRefusal(keyFor(tenantId, "key-2", "late"), refusal("cancelled"), minute(2)), {
      fingerprint: accepted.fingerprint,
      outcome: { outcome: "accepted", orderId, sequence: 1 }
    })
    const rivals = yield* Effect.forEach(
      Array.from({ length: 8 }, (_, number) => keyFor(tenantId, "key-3", number)),
      (key) => store.rememberRefusal(key, refusal("pending"), minute(1)),
      { concurrency: "unbounded" }
    )
    assert.equal(new Set(rivals.map(({ fingerprint }) => fingerprint)).size, 1)
  }),

  given("a key past its time counts as absent and can be used again", function* (store, tenantId) {
    const refusal = new OrderNotPending({ orderId: OrderId.make("order-1"), status: "cancelled" })
    yield* placed(store, tenantId, { remember: keyFor(tenantId, "key-1", "first", 100), at: 1 })
    yield* store.rememberRefusal(keyFor(tenantId, "key-2", "first", 100), refusal, minute(1))
    assert.notEqual(yield* rememberedUnder(store, tenantId, "key-1", 99), null)
    assert.equal(yield* rememberedUnder(store, tenantId, "key-1", 101), null)
    assert.equal(
      (yield* store.loadPlacing({ tenantId, emailKey: "-", idempotency: { key: "key-1", now: minute(101) } })).remembered,
      null
    )

    const reused = keyFor(tenantId, "key-1", "second")
    yield* placed(store, tenantId, { remember: reused, at: 102 })
    assert.equal((yield* rememberedUnder(store, tenantId, "key-1", 103))?.fingerprint, reused.fingerprint)
    const again = keyFor(tenantId, "key-2", "second")
    assert.equal((yield* store.rememberRefusal(again, refusal, minute(102))).fingerprint, again.fingerprint)
  }),

  given("a key is taken as long as it lives, however late the newest event of an order is", function* (store, tenantId) {
    const first = headOf(yield* placed(store, tenantId, { at: 0 }))
    // Its event came from a clock that was fast: later ones are no earlier.
    const ahead = headOf(yield* placed(store, tenantId, { at: 2_000 }))
    yield* committed(store, next(first, confirm, { at: 1, remember: keyFor(tenantId, "key", "first", 1_000) }))
    const second = next(ahead, confirm, { at: 1, remember: keyFor(tenantId, "key", "second", 1_001) })
    assert.deepEqual(yield* store.commit([second]), ["conflict"])
    assert.equal((yield* rememberedUnder(store, tenantId, "key", 2))?.fingerprint, keyFor(tenantId, "key", "first").fingerprint)
  }),

  given("expired keys are forgotten, at most so many at a time, and no others", function* (store, tenantId) {
    const refusal = new OrderNotPending({ orderId: OrderId.make("order-1"), status: "cancelled" })
    const longAgo = Timestamp.make("2001-01-01T00:00:00.000Z")
    const now = Timestamp.make("2001-01-02T00:00:00.000Z")
    for (const number of [1, 2, 3, 4, 5]) {
      yield* store.rememberRefusal({ ...keyFor(tenantId, `old-${number}`, number), expiresAt: longAgo }, refusal, longAgo)
    }
    yield* store.rememberRefusal(keyFor(tenantId, "new", "new"), refusal, minute(0))
    assert.equal(yield* store.forgetExpired(tenantId, now, 2), 2)
    assert.equal(yield* store.forgetExpired(tenantId, now, 100), 3)
    assert.equal(yield* store.forgetExpired(tenantId, now, 100), 0)
    assert.notEqual(yield* rememberedUnder(store, tenantId, "new", 1), null)
  }),

  // --- erasure ---

  given(
    "an erased text is gone from the event, the order, its subscription and the outbox, and all else stays",
    function* (store, tenantId) {
      const ended = yield* cancelledWithTexts(store, tenantId)
      const { orderId } = ended.order
      const before = yield* dump(store, tenantId)
      for (const sequence of [3, 4, 5]) assert.equal(yield* store.eraseText({ tenantId, orderId, sequence }), true)

      const history = yield* store.history(tenantId, orderId)
      assert.equal(verifyChain(history), null)
      assert.deepEqual(
        history.map(({ salt, event }) => [salt === null, Object.keys(event.confidential).length === 0]),
        [1, 2, 3, 4, 5].map((sequence) => [sequence >= 3, sequence >= 2])
      )
      // Everything but the texts is as it was: times, actors, the reason code of the ending, the version.
      const { order, headHash } = yield* loadOne(store, tenantId, orderId)
      assert.deepEqual(order, fold(history.map(({ event }) => event)))
      assert.deepEqual([order?.version, headHash], [5, ended.headHash])
      const [subscription] = ended.order.subscriptions
      assert.deepEqual(
        [order?.cancellation?.by, order?.subscriptions[0]?.ended?.reason],
        [ended.order.cancellation?.by, subscription?.ended?.reason]
      )
      const stored = JSON.stringify([
        yield* dump(store, tenantId),
        (yield* store.findSubscription(tenantId, subscription?.subscriptionId as SubscriptionId)) ?? null,
        yield* store.listOrders({ tenantId, sortBy: "createdAt", sortDir: "asc", limit: 10 }),
        yield* store.feed(tenantId, 0, 10)
      ])
      assert.ok(JSON.stringify(before).includes("secret"))
      assert.ok(!stored.includes("secret"), "a text is still there")
    }
  ),

  given("each text is erased by itself, and erasing again changes nothing", function* (store, tenantId) {
    for (const sequence of [3, 4, 5]) {
      const { order } = yield* cancelledWithTexts(store, tenantId)
      const key = { tenantId, orderId: order.orderId, sequence }
      assert.equal(yield* store.eraseText(key), true)
      const after = yield* dump(store, tenantId)
      assert.equal(yield* store.eraseText(key), true)
      assert.deepEqual(yield* dump(store, tenantId), after)
      const history = yield* store.history(tenantId, order.orderId)
      assert.deepEqual((yield* loadOne(store, tenantId, order.orderId)).order, fold(history.map(({ event }) => event)))
      const texts = history.flatMap(({ event }) => JSON.stringify(event.confidential).match(/secret \w+/g) ?? [])
      assert.equal(texts.length, 2)
    }
  }),

  given(
    "what the placing event says cannot be erased by itself, nor what is not there or not of this tenant",
    function* (store, tenantId) {
      const { order } = yield* cancelledWithTexts(store, tenantId)
      const before = yield* dump(store, tenantId)
      const { orderId } = order
      for (const key of [
        { tenantId, orderId, sequence: 1 },
        { tenantId, orderId, sequence: 0 },
        { tenantId, orderId, sequence: 6 },
        { tenantId, orderId: OrderId.make("order-unknown"), sequence: 5 },
        { tenantId: freshTenant(), orderId, sequence: 5 }
      ]) {
        assert.equal(yield* store.eraseText(key), false)
      }
      assert.deepEqual(yield* dump(store, tenantId), before)
    }
  ),

  given("texts of what happened to a subscription are erased one by one, and do not come back", function* (store, tenantId) {
    const confirmed = yield* committed(store, next(headOf(yield* placed(store, tenantId)), confirm))
    const rented = yield* committed(store, next(confirmed, start(confirmed.order, "LAPTOP", "serial-1")))
    const { orderId, subscriptions } = rented.order
    const rentalId = subscriptions[0]?.subscriptionId as SubscriptionId
    const extend = { type: "extendSubscription", rentalId, extensionMonths: 1 } as const
    const extended = yield* committed(store, next(rented, { ...extend, reason: "secret one", notes: "secret two" }))
    const again = yield* committed(store, next(extended, { ...extend, reason: "kept" }))
    const replaced = next(again, {
      ...definitions.replaceAsset.sample(again.order),
      rentalId,
      notes: "also kept"
    } as OrderCommand)
    // Decided before the erasure, and committed after it.
    assert.equal(yield* store.eraseText({ tenantId, orderId, sequence: 4 }), true)
    const head = yield* committed(store, replaced)
    const textsNow = Effect.map(loadOne(store, tenantId, orderId), ({ order }) => order?.subscriptions[0]?.texts)
    assert.deepEqual(yield* textsNow, { "5": { reason: "kept" }, "6": { notes: "also kept" } })
    const ended = yield* committed(
      store,
      next(
        { ...head, order: (yield* loadOne(store, tenantId, orderId)).order as Order },
        { type: "returnSubscription", rentalId, returnCondition: "poor", reason: "secret three", quoted: 0 }
      )
    )
    for (const sequence of [5, 6, 7, 7]) assert.equal(yield* store.eraseText({ tenantId, orderId, sequence }), true)
    assert.equal(yield* textsNow, undefined)
    const history = yield* store.history(tenantId, orderId)
    const { order } = yield* loadOne(store, tenantId, orderId)
    assert.deepEqual(order, fold(history.map(({ event }) => event)))
    assert.equal(verifyChain(history), null)
    assert.deepEqual(order?.subscriptions[0]?.ended, ended.order.subscriptions[0]?.ended)
    assert.ok(!JSON.stringify([yield* dump(store, tenantId), yield* store.feed(tenantId, 0, 10)]).includes("secret"))
  }),

  given("an upgrade ends one subscription and starts another, on a line of its own", function* (store, tenantId) {
    const confirmed = yield* committed(store, next(headOf(yield* placed(store, tenantId)), confirm))
    const rented = yield* committed(store, next(confirmed, start(confirmed.order, "LAPTOP", "serial-1")))
    const command = {
      ...definitions.upgradeSubscription.sample(rented.order),
      subscriptionId: SubscriptionId.make(`subscription-${randomUUID()}`),
      newSerialNumber: SerialNumber.make("serial-2")
    } as OrderCommand
    const head = yield* committed(store, next(rented, command))
    const { order } = yield* loadOne(store, tenantId, head.order.orderId)
    assert.deepEqual(order, head.order)
    assert.deepEqual(
      order?.lines.map(({ units }) => units.active),
      [0, 0, 1]
    )
    assert.deepEqual(yield* store.stock(tenantId, order?.lines[2]?.sku as Sku), { reserved: 1, rented: 1 })
    for (const [serial, isRented] of [
      ["serial-1", false],
      ["serial-2", true]
    ] as const) {
      const [loaded] = yield* store.load([
        { tenantId, order: { orderId: head.order.orderId }, serialNumber: SerialNumber.make(serial) }
      ])
      assert.equal(loaded?.serialIsRented, isRented)
    }
    const found = yield* store.findSubscription(tenantId, order?.subscriptions[1]?.subscriptionId as SubscriptionId)
    assert.deepEqual(found?.subscription, order?.subscriptions[1])
  }),

  given("a text that was erased does not come back with a command that was decided on it", function* (store, tenantId) {
    const confirmed = yield* committed(store, next(headOf(yield* placed(store, tenantId)), confirm))
    const head = yield* committed(store, next(confirmed, start(confirmed.order, "BIKE", "serial-1", { notes: "secret start" })))
    const other = yield* committed(store, next(head, start(head.order, "LAPTOP", "serial-2", { notes: "kept" })))
    const ending = next(other, end(other.order, 0))
    yield* store.eraseText({ tenantId, orderId: head.order.orderId, sequence: 3 })
    const after = yield* committed(store, ending)
    const { order } = yield* loadOne(store, tenantId, after.order.orderId)
    assert.deepEqual(
      order?.subscriptions.map(({ notes }) => notes),
      [undefined, "kept"]
    )
    assert.deepEqual(order, fold((yield* store.history(tenantId, after.order.orderId)).map(({ event }) => event)))
  }),

  // --- exclusively ---

  given("while one caller has an order exclusively, nobody else changes it", function* (store, tenantId) {
    const head = headOf(yield* placed(store, tenantId))
    const { orderId } = head.order
    const entered = yield* Deferred.make<void>()
    const holder = yield* Effect.forkChild(
      store.exclusively(
        { tenantId, orderId },
        Effect.gen(function* () {
          const { order, headHash } = yield* loadOne(store, tenantId, orderId)
          yield* Deferred.succeed(entered, undefined)
          yield* Effect.sleep("100 millis")
          return yield* store.commit([next({ order: order as Order, headHash: headHash as string }, confirm)])
        })
      )
    )
    yield* Deferred.await(entered)
    assert.deepEqual(yield* store.commit([next(head, cancel())]), ["conflict"])
    assert.deepEqual(yield* Fiber.join(holder), ["committed"])
    assert.equal((yield* loadOne(store, tenantId, orderId)).order?.status, "confirmed")
  }),

  given("what is done exclusively is undone when it fails, and the failure comes out as it is", function* (store, tenantId) {
    const head = headOf(yield* placed(store, tenantId))
    const before = yield* dump(store, tenantId)
    const failure = yield* Effect.flip(
      store.exclusively(
        { tenantId, orderId: head.order.orderId },
        Effect.andThen(store.commit([next(head, confirm)]), Effect.fail("changed my mind"))
      )
    )
    assert.equal(failure, "changed my mind")
    assert.deepEqual(yield* dump(store, tenantId), before)
    yield* committed(store, next(head, confirm))
  }),

  given("notes that were rewritten exclusively are back when that fails", function* (store, tenantId) {
    const { order } = yield* committed(store, next(headOf(yield* placed(store, tenantId)), confirm))
    yield* store.rewriteNotes(tenantId, order.orderId, "before")
    const failing = Effect.andThen(store.rewriteNotes(tenantId, order.orderId, "within"), Effect.fail("no" as const))
    assert.equal(yield* Effect.flip(store.exclusively(order, failing)), "no")
    assert.equal((yield* loadOne(store, tenantId, order.orderId)).order?.notes, "before")
  }),

  given("a conflict within does not end what is done exclusively", function* (store, tenantId) {
    const other = yield* committed(store, next(headOf(yield* placed(store, tenantId)), confirm))
    yield* committed(store, next(other, start(other.order, "BIKE", "serial-1")))
    const head = yield* committed(store, next(headOf(yield* placed(store, tenantId)), confirm))
    const outcomes = yield* store.exclusively(
      { tenantId, orderId: head.order.orderId },
      Effect.gen(function* () {
        const taken = yield* store.commit([next(head, start(head.order, "BIKE", "serial-1"))])
        return [...taken, ...(yield* store.commit([next(head, start(head.order, "BIKE", "serial-2"))]))]
      })
    )
    assert.deepEqual(outcomes, ["conflict", "committed"])
    assert.equal((yield* loadOne(store, tenantId, head.order.orderId)).order?.subscriptions[0]?.serialNumber, "serial-2")
  }),

  given(
    "what is done exclusively and taken back is never seen elsewhere, and turns down no other change",
    function* (store, tenantId) {
      const confirmedOrder = Effect.flatMap(placed(store, tenantId), (change) => committed(store, next(headOf(change), confirm)))
      const [one, other, ending] = [yield* confirmedOrder, yield* confirmedOrder, yield* confirmedOrder]
      const rented = yield* committed(store, next(ending, start(ending.order, "BIKE", "serial-2")))
      const remember = keyFor(tenantId, "key-1", "start")
      const before = yield* dump(store, tenantId)
      const written = yield* Deferred.make<void>()
      const taken = yield* Effect.forkChild(
        Effect.flip(
          store.exclusively(
            { tenantId, orderId: one.order.orderId },
            Effect.gen(function* () {
              yield* committed(store, next(one, start(one.order, "BIKE", "serial-1"), { remember }))
              yield* committed(store, next(rented, end(rented.order, 0)))
              yield* store.rewriteNotes(tenantId, one.order.orderId, "within")
              yield* Deferred.succeed(written, undefined)
              yield* Effect.sleep("100 millis")
              return yield* Effect.fail("changed my mind")
            })
          )
        )
      )
      yield* Deferred.await(written)
      // On a store with one connection all of this waits for the end, and comes to the same.
      const elsewhere = Effect.gen(function* () {
        const dumped = yield* dump(store, tenantId)
        const loaded = yield* store.load([
          {
            tenantId,
            order: { orderId: one.order.orderId },
            serialNumber: SerialNumber.make("serial-1"),
            idempotency: { key: "key-1", now: minute(9) }
          },
          { tenantId, order: { orderId: rented.order.orderId }, serialNumber: SerialNumber.make("serial-2") }
        ])
        const started = yield* store.commit([next(other, start(other.order, "BIKE", "serial-1"), { remember })])
        return { dumped, loaded, started }
      })
      const meanwhile = yield* Effect.forkChild(elsewhere)
      assert.equal(yield* Fiber.join(taken), "changed my mind")
      const { dumped, loaded, started } = yield* Fiber.join(meanwhile)
      assert.deepEqual(dumped, before)
      assert.deepEqual(
        loaded.map(({ order, remembered, serialIsRented }) => [order?.version, remembered, serialIsRented]),
        [
          [one.order.version, null, false],
          [rented.order.version, null, true]
        ]
      )
      assert.deepEqual(started, ["committed"])
      assert.deepEqual(yield* store.commit([next(one, start(one.order, "BIKE", "serial-2"))]), ["conflict"])
    }
  ),

  given("an order that is not there can be had exclusively too", function* (store, tenantId) {
    const orderId = OrderId.make("order-unknown")
    const loaded = yield* store.exclusively({ tenantId, orderId }, loadOne(store, tenantId, orderId))
    assert.equal(loaded.order, null)
  }),

  ...outboxContract,
  ...dueContract,
  ...dataContract,
  ...findingContract,
  ...assetContract
]

// --- what the cases are made of ----------------------------------------------------------------------------------------------------------

const loadOne = (store: Store, tenantId: TenantId, orderId: OrderId) =>
  Effect.map(store.load([{ tenantId, order: { orderId } }]), ([loaded]) => loaded as Loaded)

/** Commit one change that has to be accepted. */
const committed = (store: Store, change: Change) =>
  Effect.map(store.commit([change]), (outcomes) => {
    assert.deepEqual(outcomes, ["committed"])
    return headOf(change)
  })

/** Place a new order. Run twice, it places two. */
const placed = (store: Store, tenantId: TenantId, options?: Placing) =>
  Effect.suspend(() => {
    const change = placing(tenantId, options)
    return Effect.as(committed(store, change), change)
  })

/** An order of two lines whose third, fourth and fifth event each say something in confidence. */
const cancelledWithTexts = (store: Store, tenantId: TenantId) =>
  Effect.gen(function* () {
    const confirmed = yield* committed(store, next(headOf(yield* placed(store, tenantId)), confirm))
    const serial = `serial-${randomUUID()}`
    const started = yield* committed(store, next(confirmed, start(confirmed.order, "BIKE", serial, { notes: "secret start" })))
    const ended = yield* committed(store, next(started, end(started.order, 0, "secret end")))
    return yield* committed(store, next(ended, cancel("secret reason")))
  })

const loadsAs = (store: Store, { order, headHash }: Head) =>
  Effect.map(loadOne(store, order.tenantId, order.orderId), (loaded) =>
    assert.deepEqual(loaded, { order, headHash, remembered: null, serialIsRented: false, asset: null })
  )

/** Everything a tenant can see of its orders, for comparing before with after. */
const dump = (store: Store, tenantId: TenantId) =>
  Effect.gen(function* () {
    const ids = yield* store.orderIds(tenantId, null, 100)
    return {
      orders: yield* store.load(ids.map((orderId) => ({ tenantId, order: { orderId } }))),
      histories: yield* Effect.forEach(ids, (orderId) => store.history(tenantId, orderId)),
      subscriptions: yield* store.listSubscriptions({ tenantId, sortBy: "createdAt", sortDir: "desc", limit: 100 }),
      stock: yield* Effect.forEach(["LAPTOP", "BIKE"], (sku) => store.stock(tenantId, Sku.make(sku))),
      remembered: plain(yield* rememberedUnder(store, tenantId, "key-1", 1))
    }
  })

const rememberedUnder = (store: Store, tenantId: TenantId, key: string, at: number) =>
  Effect.map(
    store.load([{ tenantId, order: { orderId: OrderId.make(`order-${randomUUID()}`) }, idempotency: { key, now: minute(at) } }]),
    ([loaded]) => loaded?.remembered ?? null
  )

/** As JSON has it: a refusal is compared by what it says, not by its stack. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

const byKey = <A extends string | number>(a: A, b: A): number => (a < b ? -1 : a > b ? 1 : 0)

const sortValue = (sortBy: OrderSort, order: Order): PagePosition["value"] =>
  sortBy === "totals.total" ? [order.currency, totalsOf(order).total] : order[sortBy]

/** By currency first, then by the total; anything else as text. */
const bySortValue = (a: PagePosition["value"], b: PagePosition["value"]): number =>
  typeof a === "string" || typeof b === "string" ? byKey(String(a), String(b)) : byKey(a[0], b[0]) || byKey(a[1], b[1])

/** A page of orders that can all be read. */
const listed = (store: Store, query: OrderQuery) => Effect.map(store.listOrders(query), (rows) => rows.map(itemOf))

const itemOf = <Item>(row: Row<Item>): Item => {
  assert.ok("item" in row, "an order cannot be read")
  return row.item
}

const everyOrder = (store: Store, query: OrderQuery) =>
  everyPage(
    (after) => listed(store, { ...query, ...after }),
    (order) => ({ value: sortValue(query.sortBy, order), id: order.orderId }),
    query.limit
  )

const everySubscription = (store: Store, query: SubscriptionQuery) =>
  everyPage(
    (after) => Effect.map(store.listSubscriptions({ ...query, ...after }), (rows) => rows.map(itemOf)),
    ({ subscription }) => ({ value: subscription[query.sortBy], id: subscription.subscriptionId }),
    query.limit
  )

const everyPage = <A, E>(
  list: (after: { after?: PagePosition }) => Effect.Effect<ReadonlyArray<A>, E>,
  position: (row: A) => PagePosition,
  limit: number
) =>
  Effect.gen(function* () {
    const all: Array<A> = []
    for (let page = yield* list({}); page.length > 0; page = yield* list({ after: position(page.at(-1) as A) })) {
      assert.ok(page.length <= limit)
      all.push(...page)
    }
    return all
  })

const awkwardTexts = [
  " leading and trailing ",
  "tab\tand\r\nline end\n",
  "nai\u0308ve, in NFD",
  "\u{1F468}\u200D\u{1F469}\u200D\u{1F467} a family",
  "\uFEFFbyte order mark, \u202Eright to left\u202C, \u2028\u2029",
  "\uFFFD\uFFFF\u{10FFFF}",
  "'; DROP TABLE orders; --",
  "$1 %s \\ \\u0000 \" ' ` ${x}",
  "\u0001\u001b[31m\u007f",
  '{"json": "inside"}',
  "null",
  "x".repeat(20_000)
]
