/** What the outbox promises, through the service, on each kind of store; and what only two sessions of one database can show. */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { describe, expect, it } from "vitest"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { Outbox } from "../../src/lifecycle/Outbox.ts"
import * as EmbeddedOrderStore from "../../src/embedded/EmbeddedOrderStore.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
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
        const die = (lease: Duration.Input) => Effect.exit(outbox.deliver("mail", () => Effect.interrupt, { tenantId, lease }))
        // It dies over a short lease, and is told of a failure that is to be tried again soon: others get both as if its clock were right.
        const attempts: Array<number> = []
        const take = outbox.deliver("mail", ({ attempts: before }) => Effect.sync(() => void attempts.push(before)), { tenantId })
        yield* byWrongClock(die("1 milli"))
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

/** Run something by a clock on the wall that is off by so many hours. Time itself passes as it does. */
const clockOff = (hours: number) =>
  Clock.clockWith((clock) => {
    const off = clockOffBy(clock, hours * 3_600_000)
    return Effect.succeed(<A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provideService(effect, Clock.Clock, off))
  })
