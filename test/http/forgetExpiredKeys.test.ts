/** Idempotency keys do not pile up: what has expired is removed, at the start and every ten minutes, and nothing else is. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { describe, expect, it } from "vitest"
import { forgetExpired, layer } from "../../src/http/forgetExpiredKeys.ts"
import { OrderStore, StoreUnavailable } from "../../src/lifecycle/OrderStore.ts"
import { layer as memoryStore } from "../../src/memory/MemoryOrderStore.ts"
import { OrderId, TenantId } from "../../src/order/Order.ts"
import { OrderNotFound } from "../../src/order/commonRefusals.ts"
import { keyFor, minute } from "../../src/testing/contractOrders.ts"
import { quiet } from "./client.ts"

const tenantId = TenantId.make("demo")
const noSuchOrder = new OrderNotFound({ orderId: OrderId.make("nobody") })

/** Remember so many keys, each until that minute of the day. */
const remember = (count: number, expires: number) =>
  Effect.flatMap(OrderStore, (store) =>
    Effect.forEach(
      Array.from({ length: count }, (_, index) => index),
      (index) => store.rememberRefusal(keyFor(tenantId, `${expires} ${index}`, index, expires), noSuchOrder, minute(0))
    )
  )

/** How many of the first `count` keys of that minute the store still has, expired or not. */
const kept = (count: number, expires: number) =>
  Effect.flatMap(OrderStore, (store) =>
    Effect.map(
      Effect.forEach(
        Array.from({ length: count }, (_, index) => index),
        (index) => store.load([{ tenantId, order: noSuchOrder, idempotency: { key: `${expires} ${index}`, now: minute(0) } }])
      ),
      (loads) => loads.filter(([loaded]) => loaded !== undefined && loaded.remembered !== null).length
    )
  )

const at = (minutes: number) => TestClock.setTime(Date.parse(minute(minutes)))

const run = <A, E>(effect: Effect.Effect<A, E, OrderStore | Scope.Scope>) =>
  Effect.runPromise(Effect.scoped(Effect.provide(effect, [memoryStore, TestClock.layer()])))

describe("expired keys", () => {
  it("are removed batch by batch until none is left, and those that still hold are not", () =>
    run(
      Effect.gen(function* () {
        yield* remember(2_500, 10)
        yield* remember(20, 60)
        yield* at(11)
        yield* forgetExpired
        expect([yield* kept(2_500, 10), yield* kept(20, 60)]).toEqual([0, 20])
      })
    ))

  it("are removed when the service starts and every ten minutes from then on", () =>
    run(
      Effect.gen(function* () {
        for (const expires of [1, 11, 21]) yield* remember(3, expires)
        const counts = Effect.all([kept(3, 1), kept(3, 11), kept(3, 21)])
        yield* at(2)
        yield* Layer.build(layer)
        yield* TestClock.adjust("1 second")
        expect(yield* counts).toEqual([0, 3, 3])
        yield* TestClock.adjust("9 minutes")
        expect(yield* counts).toEqual([0, 3, 3])
        yield* TestClock.adjust("10 minutes")
        expect(yield* counts).toEqual([0, 0, 3])
        yield* TestClock.adjust("10 minutes")
        expect(yield* counts).toEqual([0, 0, 0])
      })
    ))

  it("are removed the next time when the store could not be reached the first time", () => {
    let failures = 2
    const failing = Layer.effect(
      OrderStore,
      Effect.map(OrderStore, (store) => ({
        ...store,
        forgetExpired: (...request) =>
          failures-- > 0 ? Effect.fail(new StoreUnavailable({ cause: new Error("away") })) : store.forgetExpired(...request)
      }))
    ).pipe(Layer.provide(memoryStore))
    return Effect.runPromise(
      Effect.gen(function* () {
        yield* remember(3, 1)
        yield* at(2)
        yield* Layer.build(layer)
        yield* TestClock.adjust("11 minutes")
        expect(yield* kept(3, 1)).toBe(3)
        yield* TestClock.adjust("10 minutes")
        expect(yield* kept(3, 1)).toBe(0)
      }).pipe(Effect.provide([failing, TestClock.layer(), quiet]), Effect.scoped)
    )
  })
})
