/** What a router does beside the contract: with places that change, stores that are down, and consumers of every tenant. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { describe, expect, it } from "vitest"
import { OrderRecords } from "../../src/lifecycle/OrderRecords.ts"
import { WrongOption } from "../../src/lifecycle/options.ts"
import { type CommitOutcome, OrderStore, OutcomeUnknown, StoreUnavailable } from "../../src/lifecycle/OrderStore.ts"
import * as RoutedOrderStore from "../../src/lifecycle/RoutedOrderStore.ts"
import { storeByHash, TenantDirectory, TenantIsMoving, type TenantPlace } from "../../src/lifecycle/TenantDirectory.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import { TenantId } from "../../src/order/Order.ts"
import * as PostgresConnection from "../../src/postgres/PostgresConnection.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { confirm, freshTenant, headOf, next, placing } from "../../src/testing/contractOrders.ts"
import { heldClock } from "../support/heldClock.ts"
import { migratedDatabase } from "../support/postgresDatabase.ts"
import { tcpProxy } from "../support/tcpProxy.ts"
import { until } from "../support/waiting.ts"

type Store = OrderStore["Service"]

interface Saying {
  readonly said: Map<string, TenantPlace>
  asked: number
  /** Done before each answer. */
  before: Effect.Effect<void>
  readonly layer: Layer.Layer<TenantDirectory>
}

/** A directory that says what the test says, and counts how often it is asked. */
const saying = (): Saying => {
  const said = new Map<string, TenantPlace>()
  const directory: Saying = {
    said,
    asked: 0,
    before: Effect.void,
    layer: Layer.succeed(TenantDirectory, {
      placeOf: (tenantId) =>
        Effect.suspend(() => {
          directory.asked++
          return Effect.map(directory.before, () => said.get(tenantId) ?? { store: "a", trustedMs: 1_000 })
        }),
      placesOf: (tenantIds) => Effect.sync(() => tenantIds.map((tenantId) => said.get(tenantId) ?? null))
    })
  }
  return directory
}

/** Two stores in memory, some of whose functions are replaced, and a router over them. */
const twoStores = Effect.fnUntraced(function* (
  directory: Saying,
  change: { readonly a?: (store: Store) => Partial<Store>; readonly b?: (store: Store) => Partial<Store> } = {}
) {
  const made = Effect.fnUntraced(function* (alter: (store: Store) => Partial<Store> = () => ({})) {
    const context = yield* Layer.build(Layer.fresh(memory))
    const store = Context.get(context, OrderStore)
    return Context.add(context, OrderStore, { ...store, ...alter(store) })
  })
  const [a, b] = [yield* made(change.a), yield* made(change.b)]
  const router = yield* Layer.build(
    Layer.fresh(
      RoutedOrderStore.layer({
        stores: { a: Layer.succeedContext(a), b: Layer.succeedContext(b) },
        waitForMove: "3 seconds"
      }).pipe(Layer.provide(directory.layer))
    )
  )
  return {
    a: Context.get(a, OrderStore),
    b: Context.get(b, OrderStore),
    store: Context.get(router, OrderStore),
    records: Context.get(router, OrderRecords)
  }
})

const moving = new StoreUnavailable({ cause: new TenantIsMoving({}) })
const down = new StoreUnavailable({ cause: new Error("down") })

const committed = (store: Store, tenantId: TenantId) => {
  const change = placing(tenantId, { orderId: "order-1" })
  return Effect.map(store.commit([change]), (outcomes) => {
    expect(outcomes).toEqual(["committed"])
    return change
  })
}

describe("a tenant's place", () => {
  it("is asked for once, until the directory's word has run out", () =>
    Effect.gen(function* () {
      const [directory, clock] = [saying(), heldClock()]
      const { store } = yield* twoStores(directory)
      const tenantId = freshTenant()
      const read = Effect.provideService(store.orderIds(tenantId, null, 10), Clock.Clock, clock)
      yield* read
      yield* read
      expect(directory.asked).toBe(1)
      clock.forward(999)
      yield* read
      expect(directory.asked).toBe(1)
      clock.forward(1)
      yield* read
      expect(directory.asked).toBe(2)
    }).pipe(Effect.scoped, Effect.runPromise))

  it("is asked for again when the word has run out before the answer comes, and so is the new place", () =>
    Effect.gen(function* () {
      const [directory, clock] = [saying(), heldClock()]
      const tenantId = freshTenant()
      const { store, b } = yield* twoStores(directory, {
        a: (inner) => ({
          // It takes long. Meanwhile the tenant is moved.
          orderIds: (...request) =>
            Effect.tap(inner.orderIds(...request), () =>
              Effect.sync(() => {
                clock.forward(1_000)
                directory.said.set(tenantId, { store: "b", trustedMs: 1_000 })
              })
            )
        })
      })
      yield* committed(b, tenantId)
      const found = yield* Effect.provideService(store.orderIds(tenantId, null, 10), Clock.Clock, clock)
      expect(found).toEqual(["order-1"])
      expect(directory.asked).toBe(2)
    }).pipe(Effect.scoped, Effect.runPromise))

  it("is not relied on longer than the clock on the wall allows, though no time has passed here: a machine that slept", () =>
    Effect.gen(function* () {
      const [directory, clock] = [saying(), heldClock()]
      const slept: Clock.Clock = { ...clock, monotonicTimeNanos: Effect.succeed(0n), monotonicTimeNanosUnsafe: () => 0n }
      const { store } = yield* twoStores(directory)
      const tenantId = freshTenant()
      const read = Effect.provideService(store.orderIds(tenantId, null, 10), Clock.Clock, slept)
      yield* read
      clock.forward(1_000)
      yield* read
      expect(directory.asked).toBe(2)
    }).pipe(Effect.scoped, Effect.runPromise))

  it("is asked for before and after each read while the tenant is on the move", () =>
    Effect.gen(function* () {
      const directory = saying()
      const { store } = yield* twoStores(directory)
      const tenantId = freshTenant()
      directory.said.set(tenantId, { store: "a", trustedMs: 0 })
      yield* store.orderIds(tenantId, null, 10)
      yield* store.orderIds(tenantId, null, 10)
      expect(directory.asked).toBe(4)
      // What was written was written before the tenant left.
      yield* committed(store, tenantId)
      expect(directory.asked).toBe(5)
    }).pipe(Effect.scoped, Effect.runPromise))

  it("that changes all the time, or is a store that is not there, makes a call unavailable, and nothing else", () =>
    Effect.gen(function* () {
      const directory = saying()
      const { store } = yield* twoStores(directory)
      const tenantId = freshTenant()
      let turn = 0
      directory.before = Effect.sync(() => void directory.said.set(tenantId, { store: turn++ % 2 ? "a" : "b", trustedMs: 0 }))
      expect((yield* Effect.flip(store.orderIds(tenantId, null, 10))).cause).toBeInstanceOf(TenantIsMoving)
      directory.before = Effect.sync(() => void directory.said.set(tenantId, { store: "c", trustedMs: 0 }))
      expect(String((yield* Effect.flip(store.orderIds(tenantId, null, 10))).cause)).toContain("the store c")
    }).pipe(Effect.scoped, Effect.runPromise))

  it("by a hash stays where it was when a store is added, unless it goes to that one", () => {
    const tenants = Array.from({ length: 3_000 }, (_, index) => `tenant-${index}`)
    const counts = new Map<string, number>()
    for (const tenant of tenants) {
      const [before, after] = [storeByHash(tenant, ["a", "b", "c"]), storeByHash(tenant, ["d", "c", "b", "a"])]
      if (after !== "d") expect(after).toBe(before)
      counts.set(after, (counts.get(after) ?? 0) + 1)
    }
    for (const name of ["a", "b", "c", "d"]) expect(counts.get(name)).toBeGreaterThan(600)
    expect(() => storeByHash("tenant", [])).toThrow(WrongOption)
  })
})

describe("a change of a tenant on the move", () => {
  it("waits, and is made at the new place", () =>
    Effect.gen(function* () {
      const directory = saying()
      const tenantId = freshTenant()
      directory.said.set(tenantId, { store: "a", trustedMs: 0 })
      let refused = 0
      const { store, b } = yield* twoStores(directory, {
        a: () => ({
          commit: () =>
            Effect.suspend(() => {
              if (++refused === 2) directory.said.set(tenantId, { store: "b", trustedMs: 1_000 })
              return Effect.fail(moving)
            })
        })
      })
      yield* committed(store, tenantId)
      expect(yield* b.orderIds(tenantId, null, 10)).toEqual(["order-1"])
      expect(refused).toBe(2)
    }).pipe(Effect.scoped, Effect.runPromise))

  it("that does not end in time is unavailable: nothing was done", () =>
    Effect.gen(function* () {
      const [directory, clock] = [saying(), heldClock()]
      const { store } = yield* twoStores(directory, { a: () => ({ commit: () => Effect.fail(moving) }) })
      const change = placing(freshTenant())
      const waiting = yield* Effect.forkScoped(Effect.provideService(Effect.flip(store.commit([change])), Clock.Clock, clock))
      yield* until(() => clock.waiting() === 1)
      clock.forward(2_999)
      yield* until(() => clock.waiting() === 1)
      clock.forward(50)
      yield* until(() => waiting.pollUnsafe() !== undefined)
      expect(waiting.pollUnsafe()).toMatchObject({ _tag: "Success", value: { _tag: "StoreUnavailable" } })
    }).pipe(Effect.scoped, Effect.runPromise))

  it("within a transaction does not go on at another place", () =>
    Effect.gen(function* () {
      const directory = saying()
      const tenantId = freshTenant()
      const { store, a, b } = yield* twoStores(directory)
      const change = yield* committed(a, tenantId)
      const { orderId } = change.transition.after
      const inside = store.exclusively(
        { tenantId, orderId },
        Effect.gen(function* () {
          expect(yield* store.orderIds(tenantId, null, 10)).toEqual([orderId])
          directory.said.set(tenantId, { store: "b", trustedMs: 0 })
          return yield* store.commit([next(headOf(change), confirm)])
        })
      )
      // Sure for a second, and then not any more.
      const clock = heldClock()
      directory.said.set(tenantId, { store: "a", trustedMs: 1_000 })
      expect(yield* Effect.provideService(inside, Clock.Clock, clock)).toEqual(["committed"])
      directory.said.set(tenantId, { store: "a", trustedMs: 0 })
      const late = store.exclusively(
        { tenantId, orderId },
        Effect.suspend(() => {
          directory.said.set(tenantId, { store: "b", trustedMs: 0 })
          return store.orderIds(tenantId, null, 10)
        })
      )
      clock.forward(1_000)
      expect((yield* Effect.provideService(Effect.flip(late), Clock.Clock, clock)).cause).toBeInstanceOf(TenantIsMoving)
      expect(yield* b.orderIds(tenantId, null, 10)).toEqual([])
    }).pipe(Effect.scoped, Effect.runPromise))
})

describe("changes of many tenants", () => {
  const [inA, inB] = [TenantId.make("in-a"), TenantId.make("in-b")]
  const places = () => {
    const directory = saying()
    directory.said.set(inB, { store: "b", trustedMs: 1_000 })
    return directory
  }
  const changes = () => [placing(inB, { orderId: "one" }), placing(inA, { orderId: "two" }), placing(inB, { orderId: "three" })]

  it("are answered in their order, and so are loads", () =>
    Effect.gen(function* () {
      const { store, a, b } = yield* twoStores(places())
      const all = changes()
      yield* b.commit(all.slice(0, 1))
      expect(yield* store.commit(all)).toEqual(["conflict", "committed", "committed"] satisfies ReadonlyArray<CommitOutcome>)
      const requests = all.map(({ transition: { after } }) => ({ tenantId: after.tenantId, order: { orderId: after.orderId } }))
      expect((yield* store.load(requests)).map(({ order }) => order?.orderId)).toEqual(["one", "two", "three"])
      expect(yield* a.orderIds(inA, null, 10)).toEqual(["two"])
      expect(yield* b.orderIds(inB, null, 10)).toEqual(["one", "three"])
    }).pipe(Effect.scoped, Effect.runPromise))

  it("of which one store is down are unclear when others were made, and unavailable when none were", () =>
    Effect.gen(function* () {
      const { store, a } = yield* twoStores(places(), { b: () => ({ commit: () => Effect.fail(down) }) })
      expect(yield* Effect.flip(store.commit(changes()))).toBeInstanceOf(OutcomeUnknown)
      expect(yield* a.orderIds(inA, null, 10)).toEqual(["two"])
      expect(yield* Effect.flip(store.commit([placing(inB)]))).toBe(down)
    }).pipe(Effect.scoped, Effect.runPromise))
})

describe("a consumer of every tenant", () => {
  const consumer = "ledger"
  const key = { tenantId: null, consumer }
  const namesIn = (store: Store) => Effect.map(store.consumers(null), (lags) => lags.map((lag) => lag.consumer))

  it("is in every store, or in none where the name is taken in one", () =>
    Effect.gen(function* () {
      const { store, a, b } = yield* twoStores(saying())
      const tenantId = freshTenant()
      yield* b.addConsumer({ tenantId, consumer }, "now")
      expect(yield* store.addConsumer(key, "beginning")).toBe(false)
      expect([yield* namesIn(a), yield* namesIn(b)]).toEqual([[], []])
      yield* b.removeConsumer({ tenantId, consumer })
      expect(yield* store.addConsumer(key, "beginning")).toBe(true)
      expect(yield* store.addConsumer(key, "beginning")).toBe(false)
      expect([yield* namesIn(a), yield* namesIn(b)]).toEqual([[consumer], [consumer]])
      expect(yield* store.removeConsumer(key)).toBe(true)
      expect(yield* store.removeConsumer(key)).toBe(false)
      expect([yield* namesIn(a), yield* namesIn(b)]).toEqual([[], []])
    }).pipe(Effect.scoped, Effect.runPromise))

  it("that was added in part is completed by the next call, and one that was removed in part is removed by it", () =>
    Effect.gen(function* () {
      const { store, a, b } = yield* twoStores(saying())
      yield* a.addConsumer(key, "beginning")
      expect(yield* store.addConsumer(key, "beginning")).toBe(false)
      expect([yield* namesIn(a), yield* namesIn(b)]).toEqual([[consumer], [consumer]])
      yield* b.removeConsumer(key)
      expect(yield* store.removeConsumer(key)).toBe(true)
      expect(yield* namesIn(a)).toEqual([])
    }).pipe(Effect.scoped, Effect.runPromise))

  it("is added nowhere while a store is down, and the lags that are known are not told for all", () =>
    Effect.gen(function* () {
      const { store, a } = yield* twoStores(saying(), {
        b: () => ({ addConsumer: () => Effect.fail(down), consumers: () => Effect.fail(down) })
      })
      expect(yield* Effect.flip(store.addConsumer(key, "beginning"))).toBe(down)
      expect(yield* namesIn(a)).toEqual([])
      expect(yield* Effect.flip(store.consumers(null))).toBe(down)
    }).pipe(Effect.scoped, Effect.runPromise))
})

describe("a walk through all tenants", () => {
  it("names each at its place, in order and in pages of any size, though other stores have remains of it", () =>
    Effect.gen(function* () {
      const directory = saying()
      const { store, records, a, b } = yield* twoStores(directory)
      const ids = ["a", "ab", "b", "c", "d", "é", "\u{1F600}"].map((id) => TenantId.make(id))
      for (const [index, tenantId] of ids.entries()) {
        yield* committed(index % 2 === 0 ? a : b, tenantId)
        if (index % 3 === 0) yield* committed(index % 2 === 0 ? b : a, tenantId)
        directory.said.set(tenantId, { store: index % 2 === 0 ? "a" : "b", trustedMs: 1_000 })
      }
      // Of that one there are only remains, and the store that it is in has nothing of it any more.
      yield* committed(a, TenantId.make("left"))
      directory.said.set("left", { store: "b", trustedMs: 1_000 })
      // Of that one the directory knows nothing.
      yield* committed(b, TenantId.make("zz"))
      for (const limit of [1, 2, 3, 100]) {
        for (const tenantIds of [store.tenantIds, records.tenantIds]) {
          const named: Array<TenantId> = []
          for (let page = yield* tenantIds(null, limit); page.length > 0;) {
            expect(page.length).toBeLessThanOrEqual(limit)
            named.push(...page)
            page = yield* tenantIds(page.at(-1) ?? null, limit)
          }
          expect(named).toEqual([...ids.slice(0, 5), "zz", ...ids.slice(5)])
        }
      }
    }).pipe(Effect.scoped, Effect.runPromise))

  it("leaves out a store that is down where work is looked for, and not where all is to be looked at", () =>
    Effect.gen(function* () {
      const directory = saying()
      const { store, a } = yield* twoStores(directory, {
        b: () => ({
          tenantIds: () => Effect.fail(down),
          tenantsWithDue: () => Effect.fail(down),
          tenantsWithWork: () => Effect.fail(down)
        })
      })
      const tenantId = freshTenant()
      yield* a.addConsumer({ tenantId: null, consumer: "ledger" }, "beginning")
      yield* committed(store, tenantId)
      expect(yield* store.tenantIds(null, 10)).toEqual([tenantId])
      expect(yield* store.tenantsWithDue(null, 10)).toEqual([])
      expect(yield* store.tenantsWithWork("ledger", null, 10)).toEqual([tenantId])
      expect(yield* store.tenantsWithWork("unknown", null, 10)).toBe(null)
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([])), Effect.runPromise))
})

describe("a database that is down", () => {
  it("does not disturb tenants of another, at the start or later, and is used again when it is there", () =>
    Effect.gen(function* () {
      const urls = { a: yield* migratedDatabase, b: yield* migratedDatabase }
      const behind = new URL(Redacted.value(urls.b))
      const proxy = yield* tcpProxy({ host: behind.hostname, port: Number(behind.port) })
      behind.host = `127.0.0.1:${proxy.port}`
      const storeAt = (url: Redacted.Redacted) =>
        Layer.provide(PostgresOrderStore.layer, PostgresConnection.layer({ url, maxConnections: 3 }))
      proxy.fault = "cut"
      const router = yield* Layer.build(
        RoutedOrderStore.layer({ stores: { a: storeAt(urls.a), b: storeAt(Redacted.make(behind.href)) } }).pipe(
          Layer.provide(TenantDirectory.layerStatic({ places: { there: "b" }, others: "a" }))
        )
      )
      const [store, records] = [Context.get(router, OrderStore), Context.get(router, OrderRecords)]
      const [here, there] = [TenantId.make("here"), TenantId.make("there")]
      const worksHere = Effect.gen(function* () {
        yield* committed(store, here)
        yield* store.addConsumer({ tenantId: here, consumer: "mail" }, "beginning")
        expect((yield* store.leaseEvents({ tenantId: here, consumer: "mail", limit: 10, leaseMs: 1 }))?.deliveries).toHaveLength(
          1
        )
        expect(yield* store.tenantIds(null, 10)).toEqual([here])
        expect(yield* Effect.flip(records.tenantIds(null, 10))).toBeInstanceOf(StoreUnavailable)
        expect(yield* Effect.flip(Stream.runCollect(records.faults(null)))).toBeInstanceOf(StoreUnavailable)
        expect(yield* Effect.flip(store.commit([placing(there)]))).toBeInstanceOf(StoreUnavailable)
      })
      yield* worksHere
      proxy.fault = "pass"
      const placed = Effect.map(Effect.result(store.commit([placing(there)])), ({ _tag }) => _tag === "Success")
      yield* until(placed)
      expect(yield* store.tenantIds(null, 10)).toEqual([here, there])
      expect(yield* records.tenantIds(null, 10)).toEqual([here, there])
      proxy.fault = "cut"
      proxy.reset()
      expect(yield* Effect.flip(store.orderIds(there, null, 10))).toBeInstanceOf(StoreUnavailable)
      expect(yield* store.orderIds(here, null, 10)).toHaveLength(1)
      proxy.fault = "pass"
      yield* until(Effect.map(Effect.result(store.orderIds(there, null, 10)), ({ _tag }) => _tag === "Success"))
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([])), Effect.runPromise))

  it("at the start is no matter as long as another is there; none at all, or a wrong option, is told", () =>
    Effect.gen(function* () {
      const directory = TenantDirectory.layerStatic({ others: "a" })
      const nowhere = Layer.effectContext(Effect.fail("nowhere" as const)) as unknown as typeof memory
      const build = (stores: Record<string, typeof memory>) =>
        Effect.exit(Effect.scoped(Layer.build(Layer.provide(RoutedOrderStore.layer({ stores }), directory))))
      expect((yield* build({ a: memory, b: nowhere }))._tag).toBe("Success")
      expect(String(yield* build({ a: nowhere, b: nowhere }))).toContain("nowhere")
      const wrong = Layer.effectContext(Effect.die(new Error("a wrong option"))) as unknown as typeof memory
      expect(String(yield* build({ a: memory, b: wrong }))).toContain("a wrong option")
      expect(() => RoutedOrderStore.layer({ stores: {} })).toThrow(WrongOption)
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([])), Effect.runPromise))
})
