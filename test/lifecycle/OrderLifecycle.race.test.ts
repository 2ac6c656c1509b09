/** Races on a real PostgreSQL: many sessions at once, and nothing may come of it that one session after the other could not have done. */
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { afterAll, describe, expect, it } from "vitest"
import { AuditTrail } from "../../src/lifecycle/AuditTrail.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { Reservations } from "../../src/lifecycle/Reservations.ts"
import { brokenLaws } from "../../src/order/invariants.ts"
import { activeSubscriptions } from "../../src/order/Order.ts"
import { countStatements } from "../support/countStatements.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { confirmedOrder, laptop, newCaller, newSerial, shopOver } from "../support/world.ts"

describe("on PostgreSQL", () => {
  const runtime = ManagedRuntime.make(shopOver(postgresStore))
  afterAll(() => runtime.dispose())

  it("a cancel that nobody races is two statements: one that reads, one that writes", () =>
    runtime.runPromise(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { orderId } = yield* confirmedOrder(caller)
        const keyed = { ...caller, idempotencyKey: "once" }
        const { answer, statements } = yield* countStatements(lifecycle.cancel(keyed, orderId, { reason: "counted" }))
        expect(answer.after.cancellation?.reason).toBe("counted")
        expect(statements.map((statement) => /UPDATE|INSERT|DELETE/.test(statement))).toEqual([false, true])
      })
    ))

  it("one of 64 parallel cancels wins, and the others learn that the order is already cancelled", () =>
    runtime.runPromise(
      Effect.gen(function* () {
        const [lifecycle, auditTrail] = [yield* OrderLifecycle, yield* AuditTrail]
        const caller = newCaller()
        const { orderId, tenantId } = yield* confirmedOrder(caller)
        const cancels = Array.from({ length: 64 }, (_, n) =>
          Effect.result(lifecycle.cancel(caller, orderId, { reason: `cancel ${n}` }))
        )
        const outcomes = yield* Effect.all(cancels, { concurrency: "unbounded" })
        const [winner, ...others] = outcomes.filter(Result.isSuccess)
        expect(others).toEqual([])
        for (const { failure } of outcomes.filter(Result.isFailure)) {
          expect(failure).toMatchObject({ _tag: "OrderAlreadyCancelled", reason: winner?.success.after.cancellation?.reason })
        }
        expect(yield* auditTrail.history(tenantId, orderId)).toHaveLength(3)
      })
    ))

  it("no order is cancelled while it has an active subscription, whoever comes first", () =>
    runtime.runPromise(
      Effect.gen(function* () {
        const [lifecycle, auditTrail, reservations] = [yield* OrderLifecycle, yield* AuditTrail, yield* Reservations]
        const caller = newCaller()
        const orders = yield* Effect.forEach(Array.from({ length: 200 }), () => confirmedOrder(caller, 3), { concurrency: 8 })
        const answers = { cancelled: 0, notCancellable: 0, started: 0, notConfirmed: 0 }
        yield* Effect.forEach(
          orders,
          ({ orderId, customer: { customerId } }, n) => {
            const start = Effect.suspend(() =>
              lifecycle.startSubscription(caller, { orderId, customerId, assetSerialNumber: newSerial() })
            ).pipe(
              Effect.map(() => void answers.started++),
              Effect.catchTag("OrderNotConfirmed", () => Effect.sync(() => void answers.notConfirmed++))
            )
            const cancel = lifecycle.cancel(caller, orderId, { reason: "race" }).pipe(
              Effect.map(() => void answers.cancelled++),
              Effect.catchTag("OrderNotCancellable", () => Effect.sync(() => void answers.notCancellable++))
            )
            // The cancel is sent first, second or last; which of them gets there first is up to the database.
            const race =
              [
                [cancel, start, start],
                [start, cancel, start],
                [start, start, cancel]
              ][n % 3] ?? []
            return Effect.all(race, { concurrency: "unbounded", discard: true })
          },
          { concurrency: 16, discard: true }
        )
        let [reserved, rented] = [0, 0]
        for (const { orderId } of orders) {
          const order = yield* lifecycle.get(caller.tenantId, orderId)
          expect(brokenLaws(order)).toEqual([])
          if (order.cancellation) expect(activeSubscriptions(order)).toEqual([])
          reserved += order.lines[0]?.units.held ?? 0
          rented += activeSubscriptions(order).length
        }
        expect(yield* reservations.stock(caller.tenantId, laptop)).toEqual({ reserved, rented })
        expect(answers).toMatchObject({ cancelled: 200 - answers.notCancellable, started: 400 - answers.notConfirmed })
        // Both have to happen, or this test has tried nothing.
        expect(Math.min(answers.cancelled, answers.notCancellable)).toBeGreaterThan(0)
        expect(yield* Stream.runCollect(auditTrail.verifyAll(caller.tenantId))).toEqual([])
      })
    ))
})
