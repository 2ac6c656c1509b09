/** What the outbox promises, through the service, on each kind of store; and what only two sessions of one database can show. */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { describe, expect, it } from "vitest"
import { type Delivery, OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { Outbox } from "../../src/lifecycle/Outbox.ts"
import * as EmbeddedOrderStore from "../../src/embedded/EmbeddedOrderStore.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import { TenantId } from "../../src/order/Order.ts"
import { confirm, freshTenant, headOf, next, placing } from "../../src/testing/contractOrders.ts"
import { clockOffBy } from "../support/heldClock.ts"
import { embeddedFolder } from "../support/embeddedFolder.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { sharedLayer } from "../support/sharedLayer.ts"
import { until } from "../support/waiting.ts"

const embedded = Layer.unwrap(Effect.map(embeddedFolder, (folder) => EmbeddedOrderStore.layer(folder)))
const stores = { "in memory": memory, embedded, "on PostgreSQL": postgresStore }

describe.each(Object.entries<Layer.Layer<OrderStore, unknown>>(stores))("the outbox, %s", (_, store) => {
  const services: Layer.Layer<Outbox | OrderStore, unknown> = Outbox.layer.pipe(Layer.provideMerge(store))
  const run = sharedLayer(services)

  it("delivers 19 of 20 events once each within two leases while one is refused for ever, to two consumers", () =>
    run(
      Effect.gen(function* () {
        const [outbox, orders] = [yield* Outbox, yield* OrderStore]
        const tenantId = freshTenant()
        yield* outbox.add("broker", { tenantId })
        yield* outbox.add("webhook")
        for (let n = 0; n < 20; n++) yield* orders.commit([placing(tenantId, { orderId: `order-${n}`, at: n })])
        const got: Array<string> = []
        const handle = (refused: string) => (delivery: { readonly sealed: { readonly event: { readonly orderId: string } } }) => {
          const { orderId } = delivery.sealed.event
          if (orderId === refused) return Effect.die(new Error("never"))
          return Effect.sync(() => void got.push(orderId))
        }
        const first = yield* outbox.deliver("broker", handle("order-3"), { tenantId, retry: { first: 0, attempts: 2 } })
        const second = yield* outbox.deliver("broker", handle("order-3"), { tenantId, retry: { first: 0, attempts: 2 } })
        expect([first, second]).toEqual([
          { delivered: 19, failed: 1, parked: 0, lost: 0 },
          { delivered: 0, failed: 0, parked: 1, lost: 0 }
        ])
        expect([got.length, new Set(got).size]).toEqual([19, 19])
        const [parked] = yield* outbox.parked("broker", tenantId)
        expect(parked).toMatchObject({ attempts: 2, lastError: "Error: never", sealed: { event: { orderId: "order-3" } } })
        got.length = 0
        expect(yield* outbox.deliver("webhook", handle(""), { concurrency: 4 })).toMatchObject({ delivered: 20 })
        expect(new Set(got).size).toBe(20)
        const lags = yield* outbox.consumers({ tenantId })
        expect(lags.map(({ consumer, pending, parked }) => [consumer, pending, parked])).toEqual([
          ["broker", 1, 1],
          ["webhook", 0, 0]
        ])
      })
    ))

  it("repeats at most 3 % when 2 % of the deliveries fail, in batches and one by one, and keeps every order in sequence", () =>
    run(
      Effect.gen(function* () {
        const [outbox, orders] = [yield* Outbox, yield* OrderStore]
        const tenantId = freshTenant()
        const heads = Array.from({ length: 100 }, (_, n) => placing(tenantId, { orderId: `order-${n}`, at: n }))
        yield* orders.commit(heads)
        yield* orders.commit(heads.map((placed) => next(headOf(placed), confirm)))
        for (const consumer of ["one-by-one", "in-batches"]) {
          yield* outbox.add(consumer, { tenantId, from: "beginning" })
          const seen: Array<string> = []
          let attempts = 0
          const options = { tenantId, limit: 30, retry: { first: 0 } }
          const attempt = ({
            sealed: { event }
          }: {
            readonly sealed: { readonly event: { orderId: string; sequence: number } }
          }) => {
            seen.push(`${event.orderId} ${event.sequence}`)
            return ++attempts % 50 !== 0
          }
          for (let delivered = 0; delivered < 200;) {
            const done =
              consumer === "in-batches"
                ? yield* outbox.deliverBatch(consumer, (all) => Effect.sync(() => all.filter(attempt)), options)
                : yield* outbox.deliver(consumer, (one) => (attempt(one) ? Effect.void : Effect.fail("busy")), options)
            delivered += done.delivered
          }
          expect(seen.length - 200).toBeGreaterThan(0)
          expect(seen.length - 200).toBeLessThanOrEqual(6)
          expect(new Set(seen).size).toBe(200)
          for (let n = 0; n < 100; n++) expect(seen.indexOf(`order-${n} 1`)).toBeLessThan(seen.indexOf(`order-${n} 2`))
        }
      })
    ))

  it.each([1, -1])("neither hides nor takes away anything when the clock of a relay is %i hours fast", (hours) =>
    run(
      Effect.gen(function* () {
        const [outbox, orders] = [yield* Outbox, yield* OrderStore]
        const tenantId = freshTenant()
        yield* outbox.add("mail", { tenantId })
        yield* orders.commit([placing(tenantId, { orderId: "left" })])
        const byWrongClock = yield* clockOff(hours)
        // Its own time stands still, so that it begins however short the lease is.
        const clock = yield* Clock.Clock
        const begun = clock.monotonicTimeNanosUnsafe()
        const stopped = clockOffBy(clock, hours * 3_600_000, () => begun)
        const die = Effect.fnUntraced(function* (lease: Duration.Input) {
          const begun = yield* Deferred.make<void>()
          const endless = () => Effect.andThen(Deferred.succeed(begun, undefined), Effect.never)
          const relay = outbox.deliver("mail", endless, { tenantId, lease })
          const running = yield* Effect.forkChild(Effect.provideService(relay, Clock.Clock, stopped))
          yield* Deferred.await(begun)
          yield* Fiber.interrupt(running)
        })
        // It dies over a short lease, and is told of a failure that is to be tried again soon: others get both as if its clock were right.
        const attempts: Array<number> = []
        const take = outbox.deliver("mail", ({ attempts: before }) => Effect.sync(() => void attempts.push(before)), { tenantId })
        yield* die("1 milli")
        yield* until(Effect.map(take, ({ delivered }) => delivered === 1))
        yield* orders.commit([placing(tenantId, { orderId: "failed" })])
        const failing = outbox.deliver("mail", () => Effect.fail("busy"), { tenantId, retry: { first: "1 milli" } })
        expect(yield* byWrongClock(failing)).toMatchObject({ failed: 1 })
        yield* until(Effect.map(take, ({ delivered }) => delivered === 1))
        expect(attempts).toEqual([1, 1])
        // What another one holds stays that one's.
        yield* orders.commit([placing(tenantId, { orderId: "held" })])
        yield* die("30 minutes")
        expect(yield* byWrongClock(take)).toMatchObject({ delivered: 0, lost: 0 })
        expect(attempts).toEqual([1, 1])
      })
    )
  )

  it("takes whatever a handler fails with or answers as a failure of those events alone", () =>
    run(
      Effect.gen(function* () {
        const [outbox, orders] = [yield* Outbox, yield* OrderStore]
        const tenantId = freshTenant()
        yield* outbox.add("odd", { tenantId })
        for (let n = 0; n < 2; n++) yield* orders.commit([placing(tenantId, { orderId: `order-${n}`, at: n })])
        const unspeakable: { self?: unknown } = Object.create(null) as object
        unspeakable.self = unspeakable
        const options = { tenantId, retry: { first: 0 } }
        expect(yield* outbox.deliver("odd", () => Effect.fail(unspeakable), options)).toMatchObject({ failed: 2 })
        expect(yield* outbox.deliver("odd", () => Effect.interrupt, options)).toMatchObject({ failed: 2 })
        expect(yield* outbox.deliverBatch("odd", () => Effect.interrupt, options)).toMatchObject({ failed: 2 })
        expect(yield* outbox.deliverBatch("odd", () => Effect.succeed(5 as never), options)).toMatchObject({ failed: 2 })
        expect(yield* outbox.deliver("odd", () => Effect.void, options)).toMatchObject({ delivered: 2 })
      })
    ))

  it("parks nothing that no handler was given, however slow they are: what was leased and not begun counts for nothing", () =>
    run(
      Effect.gen(function* () {
        const [outbox, orders] = [yield* Outbox, yield* OrderStore]
        const tenantId = freshTenant()
        yield* outbox.add("slow", { tenantId })
        yield* orders.commit(Array.from({ length: 20 }, (_, n) => placing(tenantId, { orderId: `order-${n}`, at: n })))
        const { clock, pass } = passingClock(yield* Clock.Clock)
        const handed: Array<number> = []
        // Three events fit into a lease. More than five leases would be too many attempts, if each counted.
        const slow = ({ attempts }: { readonly attempts: number }) => Effect.sync(() => (handed.push(attempts), pass(11_000)))
        for (let lease = 0; lease < 20; lease++) {
          const options = { tenantId, lease: "30 seconds", retry: { first: 0, attempts: 5 } } as const
          const { failed, parked } = yield* Effect.provideService(outbox.deliver("slow", slow, options), Clock.Clock, clock)
          expect([failed, parked]).toEqual([0, 0])
        }
        expect(handed).toEqual(Array.from({ length: 20 }, () => 0))
        expect(yield* outbox.parked("slow", tenantId)).toEqual([])
      })
    ))

  it("gives back what it had not begun when it is interrupted", () =>
    run(
      Effect.gen(function* () {
        const [outbox, orders] = [yield* Outbox, yield* OrderStore]
        const tenantId = freshTenant()
        yield* outbox.add("mail", { tenantId })
        for (let n = 0; n < 3; n++) yield* orders.commit([placing(tenantId, { orderId: `order-${n}`, at: n })])
        const begun = yield* Deferred.make<void>()
        const endless = () => Effect.andThen(Deferred.succeed(begun, undefined), Effect.never)
        const relay = yield* Effect.forkChild(outbox.deliver("mail", endless, { tenantId, lease: "1 hour" }))
        yield* Deferred.await(begun)
        yield* Fiber.interrupt(relay)
        const handed: Array<string> = []
        const note = ({ sealed, attempts }: Delivery) =>
          Effect.sync(() => void handed.push(`${sealed.event.orderId} ${attempts}`))
        expect(yield* outbox.deliver("mail", note, { tenantId })).toMatchObject({ delivered: 2 })
        // The first was begun: it stays with its lease.
        expect(handed.toSorted()).toEqual(["order-1 0", "order-2 0"])
      })
    ))

  it("goes around all tenants, in whichever order the store has them", () =>
    run(
      Effect.gen(function* () {
        const [outbox, orders] = [yield* Outbox, yield* OrderStore]
        const consumer = `every-${freshTenant()}`
        // One stands before the other as bytes, and behind it as JavaScript compares them.
        const [first, second] = [TenantId.make(`\uff21${freshTenant()}`), TenantId.make(`\u{1f600}${freshTenant()}`)]
        yield* outbox.add(consumer)
        const served: Array<string> = []
        const deliver = outbox.deliver(consumer, ({ sealed }) => Effect.sync(() => void served.push(sealed.event.tenantId)), {
          limit: 1
        })
        for (let round = 0; round < 3; round++) {
          yield* orders.commit([placing(first)])
          yield* orders.commit([placing(second)])
          expect([yield* deliver, yield* deliver].map(({ delivered }) => delivered)).toEqual([1, 1])
        }
        expect(served.filter((tenantId) => tenantId === first)).toHaveLength(3)
        yield* outbox.remove(consumer)
      })
    ))

  it("names the consumer that is not there, the one that is, and the option that cannot be used", () =>
    run(
      Effect.gen(function* () {
        const outbox = yield* Outbox
        const tenantId = freshTenant()
        const never = () => Effect.die("not to be called")
        expect(yield* Effect.flip(outbox.deliver("mail", never, { tenantId }))).toMatchObject({
          _tag: "ConsumerNotFound",
          consumer: "mail",
          tenantId
        })
        yield* outbox.add("mail", { tenantId })
        expect(yield* Effect.flip(outbox.add("mail", { tenantId }))).toMatchObject({ _tag: "ConsumerExists", consumer: "mail" })
        expect(yield* Effect.flip(outbox.deliver("mail", never, { tenantId, lease: "0 seconds" }))).toMatchObject({
          details: [{ path: "lease" }]
        })
        expect(yield* Effect.flip(outbox.add("a b"))).toMatchObject({ details: [{ path: "consumer" }] })
        // A misspelt tenant would act on every tenant.
        const misspelt = { tenant: tenantId } as never
        expect(yield* Effect.flip(outbox.add("mine", misspelt))).toMatchObject({ details: [{ path: "tenant" }] })
        expect(yield* Effect.flip(outbox.remove("mine", misspelt))).toMatchObject({ details: [{ path: "tenant" }] })
        expect(yield* Effect.flip(outbox.feed(tenantId, { afterr: 3 } as never))).toMatchObject({ details: [{ path: "afterr" }] })
        const event = { ...headOf(placing(tenantId)).order, sequence: 1 }
        expect(yield* Effect.flip(outbox.skip("mail", event))).toMatchObject({ _tag: "EventNotParked" })
        yield* outbox.remove("mail", { tenantId })
        expect(yield* Effect.flip(outbox.remove("mail", { tenantId }))).toMatchObject({ _tag: "ConsumerNotFound" })
      })
    ))
})

it("a transaction that stays open holds up nothing but its own event, and leaves no hole behind a position that was seen", () =>
  Effect.gen(function* () {
    const [orders, sql] = [yield* OrderStore, yield* SqlClient.SqlClient]
    const tenantId = freshTenant()
    const [opened, end] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
    const early = placing(tenantId, { orderId: "early", at: 1 })
    const open = yield* Effect.forkChild(
      sql.withTransaction(
        Effect.gen(function* () {
          expect(yield* orders.commit([early])).toEqual(["committed"])
          yield* Deferred.succeed(opened, undefined)
          yield* Deferred.await(end)
        })
      )
    )
    yield* Deferred.await(opened)
    yield* orders.addConsumer({ tenantId, consumer: "mail" }, "now")
    for (const orderId of ["late-1", "late-2"]) yield* orders.commit([placing(tenantId, { orderId, at: 2 })])
    const page = Effect.map(orders.feed(tenantId, 0, 10), (events) =>
      events.map(({ position, sealed }) => [position, sealed.event.orderId])
    )
    const seen = [
      [1, "late-1"],
      [2, "late-2"]
    ]
    expect(yield* page).toEqual(seen)
    const lease = orders.leaseEvents({ tenantId, consumer: "mail", limit: 10, leaseMs: 60_000 })
    expect((yield* lease)?.deliveries.map(({ sealed }) => sealed.event.orderId)).toEqual(["late-1", "late-2"])
    yield* Deferred.succeed(end, undefined)
    yield* Fiber.join(open)
    expect(yield* page).toEqual([...seen, [3, "early"]])
    expect((yield* lease)?.deliveries.map(({ sealed }) => sealed.event.orderId)).toEqual(["early"])
  }).pipe(Effect.provide(postgresStore), Effect.runPromise))

it("a position that is assigned while a consumer is found to have all of them is handed on to it, too", () =>
  Effect.gen(function* () {
    const [orders, sql] = [yield* OrderStore, yield* SqlClient.SqlClient]
    const tenantId = freshTenant()
    const consumer = "mail"
    yield* orders.addConsumer({ tenantId, consumer }, "now")
    yield* orders.commit([placing(tenantId, { orderId: "order-1" })])
    // Its position comes from a reader of the feed, so that the relay finds nothing to assign.
    yield* orders.feed(tenantId, 0, 10)
    const [found, end] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
    const relay = yield* Effect.forkChild(
      sql.withTransaction(
        Effect.gen(function* () {
          yield* sql`SELECT order_lifecycle.hand_on(${tenantId}::text, ${consumer}::text, 10)`
          yield* Deferred.succeed(found, undefined)
          yield* Deferred.await(end)
        })
      )
    )
    yield* Deferred.await(found)
    yield* orders.commit([placing(tenantId, { orderId: "order-2" })])
    const reader = yield* Effect.forkChild(orders.feed(tenantId, 0, 10))
    const isWaiting = Effect.map(
      sql`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      (rows) => rows.length > 0 || reader.pollUnsafe() !== undefined
    )
    yield* until(isWaiting)
    yield* Deferred.succeed(end, undefined)
    yield* Fiber.join(relay)
    expect(yield* Fiber.join(reader)).toHaveLength(2)
    const lease = yield* orders.leaseEvents({ tenantId, consumer, limit: 10, leaseMs: 60_000 })
    expect(lease?.deliveries.map(({ sealed }) => sealed.event.orderId).toSorted()).toEqual(["order-1", "order-2"])
  }).pipe(Effect.provide(postgresStore), Effect.runPromise))

it("a removal that was cut off does not keep the name taken, and what it left is not the next consumer's", () =>
  Effect.gen(function* () {
    const [orders, sql] = [yield* OrderStore, yield* SqlClient.SqlClient]
    for (const scope of ["one tenant", "every tenant"]) {
      const tenantId = freshTenant()
      const key = { tenantId: scope === "one tenant" ? tenantId : null, consumer: "mail" }
      const lease = orders.leaseEvents({ tenantId, consumer: "mail", limit: 10, leaseMs: 0 })
      yield* orders.addConsumer(key, "now")
      yield* orders.commit([placing(tenantId)])
      expect((yield* lease)?.deliveries).toHaveLength(1)
      // As far as a removal gets by its first statement.
      yield* sql`DELETE FROM order_lifecycle.consumers WHERE consumer = 'mail' AND tenant_id = ${key.tenantId ?? ""}`
      expect(yield* orders.removeConsumer(key)).toBe(false)
      yield* orders.addConsumer(key, "now")
      yield* sql`DELETE FROM order_lifecycle.consumers WHERE consumer = 'mail' AND tenant_id = ${key.tenantId ?? ""}`
      expect(yield* orders.addConsumer(key, "now")).toBe(true)
      expect((yield* lease)?.deliveries).toEqual([])
      yield* orders.commit([placing(tenantId)])
      expect((yield* lease)?.deliveries).toHaveLength(1)
      expect(yield* orders.removeConsumer(key)).toBe(true)
    }
  }).pipe(Effect.provide(postgresStore), Effect.runPromise))

it("an event that fails a thousand times is still tried again, with no wait where none is asked for", () =>
  Effect.gen(function* () {
    const [outbox, orders] = [yield* Outbox, yield* OrderStore]
    const tenantId = freshTenant()
    yield* outbox.add("mail", { tenantId })
    yield* orders.commit([placing(tenantId)])
    const deliver = outbox.deliver("mail", () => Effect.fail("busy"), { tenantId, retry: { first: 0, attempts: 2_000 } })
    for (let attempt = 0; attempt < 1_100; attempt++) expect(yield* deliver).toMatchObject({ failed: 1 })
  }).pipe(Effect.provide(Outbox.layer.pipe(Layer.provideMerge(memory))), Effect.runPromise))

/** A clock whose time passes faster: by as much as it is told, on top. */
const passingClock = (clock: Clock.Clock): { readonly clock: Clock.Clock; readonly pass: (ms: number) => void } => {
  let aheadMs = 0
  return {
    clock: clockOffBy(clock, 0, () => clock.monotonicTimeNanosUnsafe() + BigInt(aheadMs) * 1_000_000n),
    pass: (ms) => void (aheadMs += ms)
  }
}

/** Run something by a clock on the wall that is off by so many hours. Time itself passes as it does. */
const clockOff = (hours: number) =>
  Clock.clockWith((clock) => {
    const off = clockOffBy(clock, hours * 3_600_000)
    return Effect.succeed(<A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provideService(effect, Clock.Clock, off))
  })
