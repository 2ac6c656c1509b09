/** An answer that is given again: from one event, whatever the surroundings say by now, to whoever of the tenant asks. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { afterAll, beforeEach, describe, expect, it } from "vitest"
import { Assets } from "../../src/lifecycle/Assets.ts"
import type { Caller } from "../../src/lifecycle/Caller.ts"
import { Catalogue } from "../../src/lifecycle/Catalogue.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import type { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import { fingerprint } from "../../src/order/auditChain.ts"
import { variants } from "../../src/testing/shop.ts"
import { openService } from "../http/client.ts"
import { embeddedStore } from "../support/embeddedFolder.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { watchedStore } from "../support/watchedStore.ts"
import { confirmedOrder, laptop, newCaller, newSerial, requestFor } from "../support/world.ts"

const stores: Readonly<Record<string, Layer.Layer<OrderStore>>> = {
  "in memory": Layer.fresh(memory),
  "on PostgreSQL": Layer.orDie(postgresStore),
  "in a folder": Layer.orDie(embeddedStore)
}

/** What was asked of the store and of the ports. */
let asked: Array<string> = []
/** Whether the surroundings answer at all. */
let isThere = true
/** The fingerprint that the next commit is remembered under, in place of its own. */
let former: string | undefined
beforeEach(() => {
  asked = []
  isThere = true
  former = undefined
})

const answering = <A>(name: string, answer: A) =>
  Effect.suspend(() => {
    asked.push(name)
    return isThere ? Effect.succeed(answer) : Effect.die(new Error(`${name} is not there`))
  })

const noted =
  <Args extends ReadonlyArray<unknown>, A>(name: string, call: (...args: Args) => A) =>
  (...args: Args): A => {
    asked.push(name)
    return call(...args)
  }

const watched = (store: Layer.Layer<OrderStore>) =>
  watchedStore(store, (inner) => ({
    load: noted("load", inner.load),
    loadPlacing: noted("loadPlacing", inner.loadPlacing),
    history: noted("history", inner.history),
    event: noted("event", inner.event),
    commit: (changes) => {
      asked.push("commit")
      const rewritten = changes.map((change) =>
        former === undefined || change.remember === undefined
          ? change
          : { ...change, remember: { ...change.remember, fingerprint: former } }
      )
      return inner.commit(rewritten)
    }
  }))

const under = (caller: Caller, idempotencyKey: string): Caller => ({ ...caller, idempotencyKey })

describe.each(Object.entries(stores))("an answer that is given again, %s,", (_, store) => {
  const runtime = ManagedRuntime.make(
    OrderLifecycle.layer().pipe(
      Layer.provide([
        watched(store),
        Layer.succeed(Catalogue, { find: () => answering("Catalogue", new Map(variants.map((each) => [each.sku, each]))) }),
        Layer.succeed(Assets, { find: () => answering("Assets", { known: true, available: true } as const) })
      ])
    )
  )
  afterAll(() => runtime.dispose())
  const run = <A, E>(program: Effect.Effect<A, E, OrderLifecycle>) => runtime.runPromise(program)

  it("reads one event of the order, and asks nothing of the catalogue or the registry", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const placing = lifecycle.place(under(caller, "place"), requestFor([laptop, 2]))
        const placed = yield* placing
        const { orderId, customer } = placed.after
        const confirming = lifecycle.confirm(under(caller, "confirm"), orderId)
        const confirmed = yield* confirming
        const start = { orderId, customerId: customer.customerId, assetSerialNumber: newSerial() }
        const starting = lifecycle.startSubscription(under(caller, "start"), start)
        const started = yield* starting
        const rentalId = started.event.details.subscriptionId
        const ending = lifecycle.cancelSubscription(under(caller, "end"), { rentalId, reason: "other", notes: "scratched" })
        const ended = yield* ending
        const cancelling = lifecycle.cancel(under(caller, "cancel"), orderId, { reason: "moved" })
        const cancelled = yield* cancelling

        isThere = false
        const now = cancelled.after
        const replays = [
          { first: placed, again: placing, after: placed.after },
          { first: confirmed, again: confirming, after: now },
          { first: started, again: starting, after: now },
          { first: ended, again: ending, after: now },
          { first: cancelled, again: cancelling, after: now }
        ] as const
        for (const { first, again, after } of replays) {
          asked = []
          expect(yield* again).toEqual({ before: null, event: first.event, after, replayed: true })
          expect(first).not.toHaveProperty("replayed")
          expect(asked).toEqual([first.event.type === "order.placed" ? "loadPlacing" : "load", "event"])
        }
      })
    ))

  it("needs no asset to say that there is no such order, and asks for one only where there is", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { orderId, customer } = yield* confirmedOrder(caller)
        const start = { customerId: customer.customerId, assetSerialNumber: newSerial() }
        asked = []
        const nowhere = lifecycle.startSubscription(caller, { ...start, orderId: "nowhere" as typeof orderId })
        expect(yield* Effect.flip(nowhere)).toMatchObject({ _tag: "OrderNotFound" })
        expect(asked).toEqual(["load"])
        asked = []
        yield* lifecycle.startSubscription(caller, { ...start, orderId })
        expect(asked).toEqual(["load", "Assets", "commit"])
      })
    ))

  it("is given under a key that an earlier version wrote, to the user it counted in, and to no other", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const eve = { ...caller, actor: { userId: "eve" } }
        const request = requestFor([laptop, 1])
        const payment = { status: "paid", paidAmount: 100 } as const

        former = fingerprint([["place", request], "ada"])
        const { after } = yield* lifecycle.place(under(caller, "place"), request, { payment })
        former = fingerprint([[{ orderId: after.orderId }, { type: "cancel", reason: "moved" }], "ada"])
        const cancel = (as: Caller) => lifecycle.cancel(under(as, "cancel"), after.orderId, { reason: "moved" })
        const { event } = yield* cancel(caller)
        former = undefined

        expect(yield* lifecycle.place(under(caller, "place"), request, { payment })).toMatchObject({ after, replayed: true })
        expect(yield* cancel(caller)).toMatchObject({ event, replayed: true })
        expect(yield* Effect.flip(cancel(eve))).toMatchObject({ _tag: "IdempotencyKeyReused" })
      })
    ))

  it("is not given to a placement with another deposit", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const keyed = under(newCaller(), "place")
        const place = (paidAmount: number) => lifecycle.place(keyed, requestFor([laptop, 1]), { payment: { paidAmount } })
        const first = yield* place(100)
        expect(yield* place(100)).toEqual({ ...first, replayed: true })
        expect(yield* Effect.flip(place(200))).toMatchObject({ _tag: "IdempotencyKeyReused" })
        expect(yield* Effect.flip(lifecycle.place(keyed, requestFor([laptop, 1])))).toMatchObject({
          _tag: "IdempotencyKeyReused"
        })
      })
    ))

  it("over HTTP is the first answer byte for byte, with a header, also when the order has moved on", async () => {
    const context = ManagedRuntime.make(store)
    const shop = openService(Layer.succeedContext(await context.context()))
    const ask = (key: string, path: string, body?: unknown) =>
      shop.call("POST", path, { headers: { "idempotency-key": key }, ...(body !== undefined && { body }) })
    const orderId = await shop.place(2)
    const path = `/v1/orders/${orderId}`
    const { customerId } = (await shop.call("GET", path)).body["customer"] as { customerId: string }
    const start = { orderId, customerId, assetSerialNumber: newSerial(), notes: "with a charger" }
    const refused = await ask("too early", "/v1/subscriptions", start)
    expect(refused.status).toBe(400)
    const confirmed = await ask("confirm", `${path}/confirm`)
    const started = await ask("start", "/v1/subscriptions", start)
    const rentalId = String(started.body["rentalId"])
    const end = { rentalId, reason: "other", notes: "scratched" }
    const ended = await ask("end", `/v1/subscriptions/${rentalId}/cancel`, end)
    const cancelled = await ask("cancel", `${path}/cancel`, { reason: "moved" })
    const exchanges = [
      { first: refused, again: () => ask("too early", "/v1/subscriptions", start) },
      { first: confirmed, again: () => ask("confirm", `${path}/confirm`) },
      { first: started, again: () => ask("start", "/v1/subscriptions", start) },
      { first: ended, again: () => ask("end", `/v1/subscriptions/${rentalId}/cancel`, end) },
      { first: cancelled, again: () => ask("cancel", `${path}/cancel`, { reason: "moved" }) }
    ]
    for (const { first, again } of exchanges) {
      const second = await again()
      expect([second.status, second.text]).toEqual([first.status, first.text])
      expect(first.headers.get("idempotent-replayed")).toBeNull()
      expect(second.headers.get("idempotent-replayed")).toBe("true")
    }
    await shop.dispose()
    await context.dispose()
  })
})
