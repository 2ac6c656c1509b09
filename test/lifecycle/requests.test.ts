/** What the services take and what they answer when something is in the way, to the letter: limits, defaults, paths and words. */
import * as Effect from "effect/Effect"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { Assets } from "../../src/lifecycle/Assets.ts"
import { AuditTrail, EventNotErasable } from "../../src/lifecycle/AuditTrail.ts"
import { Caller } from "../../src/lifecycle/Caller.ts"
import { Catalogue } from "../../src/lifecycle/Catalogue.ts"
import { CurrentDigest } from "../../src/lifecycle/CurrentDigest.ts"
import { readCursor, writeCursor } from "../../src/lifecycle/Cursor.ts"
import { IdempotencyKeyReused } from "../../src/lifecycle/idempotency.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { OrderRecords } from "../../src/lifecycle/OrderRecords.ts"
import {
  type OrderQuery,
  type OrderSort,
  OrderStore,
  OutcomeUnknown,
  type PagePosition,
  RememberedOutcome,
  StoreUnavailable,
  type SubscriptionQuery
} from "../../src/lifecycle/OrderStore.ts"
import { OrderListRequest, SubscriptionListRequest } from "../../src/lifecycle/paging.ts"
import { Reservations } from "../../src/lifecycle/Reservations.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import { portableDigest } from "../../src/order/digest.ts"
import type { InvalidInput } from "../../src/order/commonRefusals.ts"
import { OrderId, SubscriptionId } from "../../src/order/Order.ts"
import { catalogue } from "../../src/testing/arbitraries.ts"
import { confirmedOrder, laptop, monitor, newCaller, newSerial, requestFor, shopOver } from "../support/world.ts"

const run = <A, E>(program: Effect.Effect<A, E, OrderLifecycle>): Promise<A> =>
  Effect.runPromise(Effect.provide(program, shopOver(memory)))

describe("a failure that is no refusal", () => {
  const cause = new Error("gone")
  it.each([
    [new StoreUnavailable({ cause }), "StoreUnavailable", "The store is unavailable. Nothing was changed."],
    [new OutcomeUnknown({ cause }), "OutcomeUnknown", "It is unknown whether the change was made."],
    [
      new EventNotErasable({ orderId: OrderId.make("order-1"), sequence: 7 }),
      "EventNotErasable",
      "Event 7 of the order does not exist or cannot be erased."
    ],
    [new IdempotencyKeyReused({}), "IdempotencyKeyReused", "This idempotency key was used before with another request."]
  ])("says what is known: %s", (failure, tag, message) => {
    expect([failure._tag, failure.message]).toEqual([tag, message])
  })

  it("says what to do, where something can be done", () => {
    expect(new EventNotErasable({ orderId: OrderId.make("order-1"), sequence: 7 })).toMatchObject({
      code: "EVENT_NOT_ERASABLE",
      orderId: "order-1",
      sequence: 7,
      remedy: "Look the event up in the order's history; one that placed or corrected the order cannot be erased by itself."
    })
    expect(new IdempotencyKeyReused({})).toMatchObject({
      code: "IDEMPOTENCY_KEY_REUSED",
      remedy: "Use a new key for a new request."
    })
    expect(new StoreUnavailable({ cause })).toMatchObject({ cause, remedy: "Try again later." })
    expect(new OutcomeUnknown({ cause })).toMatchObject({
      cause,
      remedy: "Repeat the request under the same idempotency key, or read before you repeat."
    })
  })

  it.each([
    [StoreUnavailable, "The store cannot be reached or is overloaded, and nothing was done."],
    [OutcomeUnknown, "The change was sent and no answer came: it may or may not have been made."],
    [EventNotErasable, "The order has no such event, or it is one that placed or corrected the order."],
    [IdempotencyKeyReused, "The idempotency key was used before with another request."]
  ])("says in which case it is given: %s", ({ when }, written) => expect(when).toBe(written))
})

describe("a caller", () => {
  const caller = {
    tenantId: "demo",
    actor: { userId: "ada" },
    requestId: "request-1",
    idempotencyKey: "key 1"
  }
  const accepts = Schema.is(Caller)

  it("is read whole", () => {
    expect(Schema.decodeSync(Caller)(caller)).toStrictEqual(caller)
  })

  it("may use a key of 1 to 255 printable characters of ASCII", () => {
    const refused = ["", " ", " a", "a ", "x".repeat(256), "a\n", "\ta", "\u007f", "caf\u00e9"]
    for (const key of ["a b", "~", "x".repeat(255)]) expect(accepts({ ...caller, idempotencyKey: key })).toBe(true)
    expect(refused.filter((key) => accepts({ ...caller, idempotencyKey: key }))).toEqual([])
  })

  it("is told where the request is wrong", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const [unfit, good] = [{ ...newCaller(), idempotencyKey: "\n" }, newCaller()]
        const orderId = OrderId.make("order-1")
        const nameless = "" as OrderId
        const faults = [
          lifecycle.cancel(unfit, orderId),
          lifecycle.cancel(good, nameless),
          lifecycle.cancelMany(good, [orderId, nameless]),
          lifecycle.cancel(good, orderId, { reason: "\u0000" })
        ].map((call) => Effect.flip(call as Effect.Effect<unknown, { readonly message: string }>))
        expect((yield* Effect.all(faults)).map(({ message }) => message)).toEqual([
          "caller.idempotencyKey: must be 1 to 255 printable ASCII characters, without a space at its ends",
          "orderId: Expected a value with a length of at least 1",
          "orderIds[1]: Expected a value with a length of at least 1",
          "reason: must not contain U+0000"
        ])
      })
    ))
})

describe("what no schema names", () => {
  const caller = newCaller()
  const orderId = OrderId.make("order-1")
  const start = { type: "startSubscription", customerId: "ada", assetSerialNumber: "S-1" }
  it.each<[fault: string, call: (lifecycle: OrderLifecycle["Service"]) => Effect.Effect<unknown, unknown>]>([
    [
      "paymnt: is not a member that is known here",
      ({ place }) => place(caller, requestFor([laptop, 1]), { paymnt: { status: "paid" } } as never)
    ],
    [
      "payment: must not be null: leave it out",
      ({ place }) => place(caller, requestFor([laptop, 1]), { payment: null } as never)
    ],
    ["reasn: is not a member that is known here", ({ cancel }) => cancel(caller, orderId, { reasn: "late" } as never)],
    ["why: is not a member that is known here", ({ preview }) => preview(caller, orderId, { type: "confirm", why: 1 } as never)],
    ["orderId: is not a member that is known here", ({ preview }) => preview(caller, orderId, { ...start, orderId } as never)],
    ['type: Expected "confirm"', ({ preview }) => preview(caller, orderId, { type: "place" } as never)],
    ['type: Expected "confirm"', ({ explain }) => explain(caller, orderId, { type: "toString" } as never)],
    ["Expected object", ({ preview }) => preview(caller, orderId, null as never)],
    [
      "caller.idempotencyKey: is not a member that is known here",
      ({ cancelMany }) => cancelMany({ ...caller, idempotencyKey: "key" } as never, [orderId])
    ]
  ])("is refused by name: %s", (fault, call) =>
    run(
      Effect.gen(function* () {
        const failure = yield* Effect.flip(call(yield* OrderLifecycle) as Effect.Effect<unknown, { readonly message: string }>)
        expect(failure).toMatchObject({ _tag: "InvalidInput" })
        expect(failure.message).toContain(fault)
      })
    )
  )
})

describe("an id that none can be", () => {
  const { tenantId } = newCaller()
  const wrong = ["", "a\u0000b", "x".repeat(129), 7] as unknown as ReadonlyArray<never>
  it.each<[path: string, ask: (lifecycle: OrderLifecycle["Service"], id: never) => Effect.Effect<unknown, unknown>]>([
    ["orderId", ({ get }, id) => get(tenantId, id)],
    ["tenantId", ({ get }, id) => get(id, OrderId.make("order-1"))],
    ["subscriptionId", ({ getSubscription }, id) => getSubscription(tenantId, id)],
    ["tenantId", ({ getSubscription }, id) => getSubscription(id, SubscriptionId.make("subscription-1"))],
    ["tenantId", ({ list }, id) => list(id)],
    ["tenantId", ({ listSubscriptions }, id) => listSubscriptions(id)],
    ["orderId", ({ rewriteNotes }, id) => rewriteNotes(tenantId, id, { notes: "" })],
    ["tenantId", ({ rewriteNotes }, id) => rewriteNotes(id, OrderId.make("order-1"), { notes: "" })],
    ["subscriptionId", ({ rewriteSubscriptionNotes }, id) => rewriteSubscriptionNotes(tenantId, id, { notes: "" })],
    [
      "tenantId",
      ({ rewriteSubscriptionNotes }, id) => rewriteSubscriptionNotes(id, SubscriptionId.make("subscription-1"), { notes: "" })
    ]
  ])("is refused by the name %s, asked of a store or not", (path, ask) =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        for (const id of wrong) {
          const failure = yield* Effect.flip(ask(lifecycle, id))
          expect((failure as InvalidInput).details[0].path).toBe(path)
        }
      })
    )
  )
})

describe("a list", () => {
  it("may be asked for by everything there is, in pages of 1 to 100", () => {
    const orders = {
      limit: 100,
      startAfter: "cursor",
      status: "pending",
      customerId: "customer-1",
      sortBy: "totals.total",
      sortDir: "asc"
    }
    expect(Schema.decodeUnknownSync(OrderListRequest)(orders)).toStrictEqual(orders)
    const subscriptions = {
      limit: 1,
      startAfter: "cursor",
      orderId: "order-1",
      status: "active",
      customerId: "customer-1",
      serialNumber: "serial-1"
    }
    expect(Schema.decodeUnknownSync(SubscriptionListRequest)(subscriptions)).toStrictEqual(subscriptions)
    const [ofOrders, ofSubscriptions] = [Schema.is(OrderListRequest), Schema.is(SubscriptionListRequest)]
    for (const [member, value] of [
      ["limit", 0],
      ["limit", 101],
      ["limit", 1.5],
      ["startAfter", 1],
      ["status", "gone"],
      ["customerId", ""]
    ] as const) {
      expect(ofOrders({ ...orders, [member]: value }), member).toBe(false)
      expect(ofSubscriptions({ ...subscriptions, [member]: value }), member).toBe(false)
    }
    expect(ofOrders({ ...orders, sortBy: "" })).toBe(false)
    expect(ofOrders({ ...orders, sortDir: "" })).toBe(false)
    for (const sortDir of ["asc", "desc"]) expect(ofOrders({ ...orders, sortDir })).toBe(true)
    for (const sortBy of ["createdAt", "updatedAt", "orderId", "status", "totals.total"])
      expect(ofOrders({ ...orders, sortBy })).toBe(true)
    expect(ofSubscriptions({ ...subscriptions, orderId: "" })).toBe(false)
    expect(ofSubscriptions({ ...subscriptions, serialNumber: "" })).toBe(false)
  })

  it("comes with 50 rows unless it is asked for otherwise, the newest first, and ends where there are no more", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const placed = yield* Effect.forEach(Array.from({ length: 51 }), () => lifecycle.place(caller, requestFor([laptop, 1])))
        const newestFirst = placed
          .map(({ after }) => after)
          .toSorted((a, b) =>
            a.createdAt === b.createdAt ? (a.orderId < b.orderId ? 1 : -1) : a.createdAt < b.createdAt ? 1 : -1
          )
        const page = yield* lifecycle.list(caller.tenantId)
        expect(page.limit).toBe(50)
        expect(page.items).toEqual(newestFirst.slice(0, 50))
        const rest = yield* lifecycle.list(caller.tenantId, { startAfter: page.nextCursor ?? "" })
        expect(rest).toEqual({ items: newestFirst.slice(50), limit: 50, nextCursor: null })
        expect((yield* lifecycle.list(caller.tenantId, { limit: 51 })).nextCursor).toBeNull()
        expect(yield* lifecycle.listSubscriptions(caller.tenantId)).toEqual({ items: [], limit: 50, nextCursor: null })
      })
    ))
})

describe("a store", () => {
  it("is asked for one row more than the page has, in a direction that is always named", async () => {
    const asked: Array<unknown> = []
    const store = Layer.effect(
      OrderStore,
      Effect.map(OrderStore, (store) => ({
        ...store,
        listOrders: (query: OrderQuery) =>
          Effect.sync(() => void asked.push(query)).pipe(Effect.andThen(store.listOrders(query))),
        listSubscriptions: (query: SubscriptionQuery) =>
          Effect.sync(() => void asked.push(query)).pipe(Effect.andThen(store.listSubscriptions(query)))
      }))
    ).pipe(Layer.provide(memory))
    await Effect.gen(function* () {
      const lifecycle = yield* OrderLifecycle
      const caller = newCaller()
      const { tenantId } = caller
      const { orderId, customer } = yield* confirmedOrder(caller)
      for (const _ of [1, 2]) {
        const start = { orderId, customerId: customer.customerId, assetSerialNumber: newSerial() }
        yield* lifecycle.startSubscription(caller, start)
      }
      yield* lifecycle.list(tenantId)
      yield* lifecycle.list(tenantId, { limit: 7, sortBy: "status", sortDir: "asc", status: "partial" })
      const filters = { orderId, status: "active" } as const
      const first = yield* lifecycle.listSubscriptions(tenantId, { limit: 1, ...filters })
      const second = yield* lifecycle.listSubscriptions(tenantId, { limit: 1, ...filters, startAfter: first.nextCursor ?? "" })
      const after = Result.getOrThrow(readCursor("subscriptions", "createdAt", first.nextCursor ?? ""))
      expect(asked).toEqual([
        { tenantId, limit: 51, sortBy: "createdAt", sortDir: "desc" },
        { tenantId, limit: 8, sortBy: "status", sortDir: "asc", status: ["partial"] },
        { tenantId, limit: 2, sortBy: "createdAt", sortDir: "desc", orderId, status: ["active"] },
        { tenantId, limit: 2, sortBy: "createdAt", sortDir: "desc", orderId, status: ["active"], after }
      ])
      const found = [...first.items, ...second.items].map(({ subscription }) => subscription.serialNumber)
      expect(new Set(found).size).toBe(2)
      expect([first.limit, second.limit, second.nextCursor]).toEqual([1, 1, null])
    }).pipe(Effect.provide(shopOver(store)), Effect.runPromise)
  })
})

describe("the services and ports", () => {
  it("have names of their own, under which an embedding service can provide them", () => {
    const keys = [Assets, AuditTrail, Catalogue, OrderLifecycle, OrderRecords, OrderStore, Reservations].map(({ key }) => key)
    expect(keys).toEqual(
      ["Assets", "AuditTrail", "Catalogue", "OrderLifecycle", "OrderRecords", "OrderStore", "Reservations"].map(
        (name) => `order-lifecycle/${name}`
      )
    )
  })
})

describe("the digest", () => {
  it("is the portable one where the surroundings provide no other", () => {
    expect(CurrentDigest.key).toBe("order-lifecycle/CurrentDigest")
    expect(Effect.runSync(Effect.service(CurrentDigest))).toBe(portableDigest)
  })
})

describe("a cursor", () => {
  const at = "2026-11-23T12:00:00.000Z"
  const byHand = (...content: ReadonlyArray<unknown>) => Base64Url.encode(JSON.stringify(content))
  const refused = { details: [{ path: "startAfter", message: "must be a cursor of this list", code: "invalid_cursor" }] }

  it.each<[sortBy: OrderSort, position: PagePosition]>([
    ["createdAt", { value: at, id: "order-1" }],
    ["updatedAt", { value: at, id: "order-1" }],
    ["orderId", { value: "order-1", id: "order-1" }],
    ["status", { value: "pending", id: "order-1" }],
    ["totals.total", { value: ["EUR", 7], id: "order-1" }],
    // Of an order that an earlier version stored without looking at its price.
    ["totals.total", { value: ["eur", -5], id: "order-1" }]
  ])("of a list by %s comes back as the place it was written for, and is refused by any other list", (sortBy, position) => {
    const list = `orders ${sortBy} desc`
    const cursor = writeCursor(list, position)
    expect(readCursor(list, sortBy, cursor)).toEqual(Result.succeed(position))
    expect(Result.flip(readCursor(`orders ${sortBy} asc`, sortBy, cursor))).toMatchObject({ success: refused })
    const last = [position.value].flat().at(-1)
    expect((JSON.parse(Result.getOrThrow(Base64Url.decodeString(cursor))) as Array<unknown>).slice(-2)).toEqual([last, "order-1"])
  })

  it.each<[sortBy: OrderSort, ...content: ReadonlyArray<unknown>]>([
    ["createdAt", "yesterday", "x"],
    ["createdAt", 1_700_000_000, "x"],
    ["updatedAt", "2026-11-23", "x"],
    ["updatedAt", at, ""],
    ["updatedAt", at, "x".repeat(129)],
    ["orderId", "x", "y"],
    ["orderId", "x\u0000", "x\u0000"],
    ["status", "open", "x"],
    ["status", at],
    ["totals.total", "abc", "x"],
    // As earlier versions wrote it, without the currency.
    ["totals.total", 700, "x"],
    ["totals.total", "EUR", 1.5, "x"],
    ["totals.total", "EUR", 1e300, "x"],
    ["totals.total", "EUR", "7", "x"],
    ["totals.total", "EUR", 7, 7],
    ["totals.total", "EUR", 7, "x", "more"]
  ])("made by hand for a list by %s is refused: %s", async (sortBy, ...content) => {
    for (const sortDir of ["asc", "desc"] as const) {
      const startAfter = byHand(`orders ${sortBy} ${sortDir}`, ...content)
      const list = Effect.flatMap(OrderLifecycle, (lifecycle) =>
        lifecycle.list(newCaller().tenantId, { sortBy, sortDir, startAfter })
      )
      expect(await run(Effect.flip(list))).toMatchObject(refused)
    }
  })

  it("of the list of subscriptions names a moment, and nothing else", async () => {
    const list = (...content: ReadonlyArray<unknown>) =>
      Effect.flatMap(OrderLifecycle, (lifecycle) =>
        lifecycle.listSubscriptions(newCaller().tenantId, { startAfter: byHand("subscriptions", ...content) })
      )
    expect(await run(Effect.flip(list("then", "x")))).toMatchObject(refused)
    expect(await run(Effect.flip(list(7, "x")))).toMatchObject(refused)
    expect(await run(list(at, "x"))).toMatchObject({ items: [] })
  })

  it("that an earlier version gave out is read, except that of a list by total", async () => {
    const list = (sortBy: OrderSort, ...content: ReadonlyArray<unknown>) =>
      Effect.flatMap(OrderLifecycle, (lifecycle) =>
        lifecycle.list(newCaller().tenantId, { sortBy, startAfter: byHand(`orders ${sortBy} desc`, ...content) })
      )
    expect(await run(list("createdAt", at, "ord_1"))).toMatchObject({ items: [] })
    expect(await run(list("status", "pending", "ord_1"))).toMatchObject({ items: [] })
    expect(await run(Effect.flip(list("totals.total", 700, "ord_1")))).toMatchObject(refused)
  })
})

describe("a remembered answer", () => {
  it.each([
    { outcome: "accepted", orderId: "order-1", sequence: 3 },
    { outcome: "refused", refusal: { _tag: "OrderNotFound", orderId: "order-1" } }
  ])("is read whole: $outcome", (remembered) => {
    const read = Schema.decodeUnknownSync(RememberedOutcome)(remembered)
    expect(JSON.parse(JSON.stringify(Schema.encodeSync(RememberedOutcome)(read)))).toEqual(remembered)
    expect(Schema.is(RememberedOutcome)({ ...read, outcome: "forgotten" })).toBe(false)
  })
})

describe("placing an order", () => {
  it("asks the catalogue for every SKU of the request, and for each once", async () => {
    const asked: Array<ReadonlyArray<string>> = []
    const watched = Layer.effect(
      Catalogue,
      Effect.map(Catalogue, (catalogue) =>
        Catalogue.of({
          find: (tenantId, skus) => {
            asked.push(skus)
            return catalogue.find(tenantId, skus)
          }
        })
      )
    ).pipe(Layer.provide(Catalogue.layerStatic([...catalogue.values()])))
    const live = OrderLifecycle.layer().pipe(Layer.provide([memory, watched, Assets.layerUnregistered]))
    const place = Effect.flatMap(OrderLifecycle, (orders) =>
      orders.place(newCaller(), requestFor([laptop, 1], [monitor, 2], [laptop, 3]))
    )
    await Effect.runPromise(Effect.provide(place, live))
    expect(asked).toEqual([[laptop, monitor]])
  })

  it("refuses another request under the same idempotency key", async () => {
    const caller = { ...newCaller(), idempotencyKey: "key" }
    const refused = await run(
      Effect.gen(function* () {
        const orders = yield* OrderLifecycle
        yield* orders.place(caller, requestFor([laptop, 1]))
        return yield* Effect.flip(orders.place(caller, requestFor([laptop, 2])))
      })
    )
    expect(refused).toBeInstanceOf(IdempotencyKeyReused)
  })

  it("knows a customer by an email in other capitals, and tells apart what only capitals would make alike", async () => {
    const caller = newCaller()
    const customers = await run(
      Effect.flatMap(OrderLifecycle, (orders) =>
        Effect.forEach(["grace@example.com", "GRACE@example.com", "ß@example.com", "ss@example.com"], (email) => {
          const request = requestFor([laptop, 1])
          return Effect.map(
            orders.place(caller, { ...request, customer: { ...request.customer, email } }),
            ({ after }) => after.customer.customerId
          )
        })
      )
    )
    expect(customers[1]).toBe(customers[0])
    expect(new Set(customers).size).toBe(3)
  })
})
