/** Commands on one order take turns within a process. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { describe, expect, it } from "vitest"
import { makeOrderTurns } from "../../src/lifecycle/OrderTurns.ts"
import { OrderId, TenantId } from "../../src/order/Order.ts"

const order = { tenantId: TenantId.make("demo"), orderId: OrderId.make("order-1") }
const other = { tenantId: TenantId.make("demo"), orderId: OrderId.make("order-2") }
const ofOtherTenant = { tenantId: TenantId.make("demo2"), orderId: OrderId.make("order-1") }

const scene = Effect.gen(function* () {
  const turns = makeOrderTurns()
  const gate = yield* Deferred.make<void>()
  const log: Array<string> = []
  const note = (line: string) => Effect.sync(() => void log.push(line))
  const first = yield* Effect.forkChild(turns.take(order, Effect.andThen(Deferred.await(gate), note("first"))), {
    startImmediately: true
  })
  /** Waits for its turn, and says whether it had to. */
  const queue = (name: string) =>
    Effect.forkChild(turns.take(order, note(`${name} at once`), note(`${name} after waiting`)), { startImmediately: true })
  return { turns, gate, log, first, queue, note }
})

const run = <A, E>(effect: Effect.Effect<A, E>) => Effect.runPromise(Effect.provide(effect, TestClock.layer()))

describe("commands on one order", () => {
  it("come in the order of their arrival, and on other orders at once", () =>
    run(
      Effect.gen(function* () {
        const { turns, gate, log, first, queue, note } = yield* scene
        const waiting = [yield* queue("second"), yield* queue("third")]
        yield* turns.take(other, note("another order"))
        yield* turns.take(ofOtherTenant, note("another tenant"))
        expect(log).toEqual(["another order", "another tenant"])
        yield* Deferred.succeed(gate, undefined)
        yield* Fiber.awaitAll([first, ...waiting])
        expect(log.slice(2)).toEqual(["first", "second after waiting", "third after waiting"])
        expect(turns.busy()).toBe(0)
      })
    ))

  it("give up after five seconds, when nothing was done, and those behind them still get their turn", () =>
    run(
      Effect.gen(function* () {
        const { turns, gate, log, queue } = yield* scene
        const second = yield* queue("second")
        yield* TestClock.adjust("4 seconds")
        const third = yield* queue("third")
        yield* TestClock.adjust("1 second")
        const failure = yield* Effect.flip(Fiber.join(second))
        expect([failure._tag, String(failure.cause)]).toEqual([
          "StoreUnavailable",
          "Error: other commands on order order-1 took longer than 5 seconds"
        ])
        yield* Deferred.succeed(gate, undefined)
        yield* Fiber.join(third)
        expect(log).toEqual(["first", "third after waiting"])
        expect(turns.busy()).toBe(0)
      })
    ))

  it("leave nothing behind when they are interrupted, at work or waiting, or when they fail", () =>
    run(
      Effect.gen(function* () {
        const { turns, log, first, queue } = yield* scene
        const [second, third] = [yield* queue("second"), yield* queue("third")]
        yield* Fiber.interrupt(second)
        yield* Fiber.interrupt(first)
        yield* Fiber.join(third)
        expect(log).toEqual(["third after waiting"])
        expect(turns.busy()).toBe(0)
        expect(yield* Effect.flip(turns.take(order, Effect.fail("refused")))).toBe("refused")
        expect(turns.busy()).toBe(0)
      })
    ))
})
