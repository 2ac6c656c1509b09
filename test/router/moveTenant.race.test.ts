/** A tenant is moved to and fro while its orders are being changed, by two processes that keep what the directory told them. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { expect, it } from "vitest"
import { AuditTrail } from "../../src/lifecycle/AuditTrail.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import type { Transition } from "../../src/order/Transition.ts"
import { clearMoved } from "../../src/postgres/move/moveTenant.ts"
import { auditOutbox, auditStore } from "../../src/testing/auditStore.ts"
import { type Directory, fencesIn, places, rowsOf } from "../support/movingTenant.ts"
import { until } from "../support/waiting.ts"
import { laptop, newCaller, newSerial, requestFor } from "../support/world.ts"

const callers = 8
const consumer = "ledger"

it("nothing that was answered is lost or done twice, no read is stale, and every event is handed out once", () =>
  Effect.gen(function* () {
    const { process, move, connections, sql, violationsIn } = yield* places
    const met = { whileMoving: 0 }
    const counting = (directory: Directory): Directory => ({
      ...directory,
      placeOf: (tenantId) =>
        Effect.tap(directory.placeOf(tenantId), ({ trustedMs }) =>
          Effect.sync(() => void (met.whileMoving += trustedMs === 0 ? 1 : 0))
        )
    })
    const processes = [yield* process(counting), yield* process(counting)] as const
    const { tenantId, actor } = newCaller()
    const [{ store, outbox }] = [{ store: Context.get(processes[0], OrderStore), outbox: processes[1] }]
    expect(yield* store.addConsumer({ tenantId: null, consumer }, "beginning")).toBe(true)

    const faults: Array<string> = []
    const acknowledged = new Map<string, Array<Transition["event"]>>()
    const work = { answers: 0, isOver: false }

    /** A caller of one process, who asks the other one again, and reads there. */
    const caller = Effect.fnUntraced(function* (index: number) {
      const [mine, other] = index % 2 === 0 ? processes : ([processes[1], processes[0]] as const)
      let calls = 0
      const ask = Effect.fnUntraced(function* (
        command: (
          lifecycle: OrderLifecycle["Service"],
          as: { readonly tenantId: typeof tenantId; readonly actor: typeof actor; readonly idempotencyKey: string }
        ) => Effect.Effect<Transition, unknown>
      ) {
        const as = { tenantId, actor, idempotencyKey: `${index}-${++calls}` }
        const from = (context: typeof mine) => command(Context.get(context, OrderLifecycle), as)
        const { event, after } = yield* from(mine)
        const again = yield* from(other)
        if (JSON.stringify(again.event) !== JSON.stringify(event)) faults.push(`key ${as.idempotencyKey} was answered twice`)
        const { version } = yield* Context.get(other, OrderLifecycle).get(tenantId, event.orderId)
        if (version < event.sequence) faults.push(`order ${event.orderId} was read at ${version}, behind ${event.sequence}`)
        acknowledged.set(event.orderId, [...(acknowledged.get(event.orderId) ?? []), event])
        work.answers++
        return after
      })
      while (!work.isOver) {
        const { orderId, customer } = yield* ask((lifecycle, as) => lifecycle.place(as, requestFor([laptop, 2])))
        yield* ask((lifecycle, as) => lifecycle.confirm(as, orderId))
        const assetSerialNumber = newSerial()
        const { subscriptions } = yield* ask((lifecycle, as) =>
          lifecycle.startSubscription(as, {
            orderId,
            assetSerialNumber,
            customerId: customer.customerId,
            contractLength: 12
          })
        )
        const [rental] = subscriptions
        if (rental === undefined) throw new Error("a subscription was started and is not there")
        yield* ask((lifecycle, as) => lifecycle.cancelSubscription(as, { rentalId: rental.subscriptionId, reason: "other" }))
        yield* ask((lifecycle, as) => lifecycle.cancel(as, orderId, { reason: "no longer needed" }))
      }
    })

    const settled = new Map<string, number>()
    const deliver = Effect.fnUntraced(function* (context: typeof outbox) {
      const from = Context.get(context, OrderStore)
      const lease = yield* from.leaseEvents({ tenantId, consumer, limit: 20, leaseMs: 3_600_000 })
      if (lease === null) faults.push("the consumer is not known")
      const events = (lease?.deliveries ?? []).map(({ sealed: { event } }) => event)
      if (lease === null || events.length === 0) return 0
      const settlements = events.map(({ orderId, sequence }) => ({ orderId, sequence }))
      const outcomes = yield* from.settleEvents({ tenantId, consumer, leaseId: lease.leaseId, settlements })
      for (const [place, { orderId, sequence }] of events.entries()) {
        const name = `${orderId} ${sequence}`
        if (outcomes[place] === "settled") settled.set(name, (settled.get(name) ?? 0) + 1)
        else faults.push(`event ${name} was lost to another lease`)
      }
      return events.length
    })
    const delivering = (context: typeof outbox) =>
      Effect.gen(function* () {
        while (!work.isOver) if ((yield* deliver(context)) === 0) yield* Effect.yieldNow
      })

    const running = yield* Effect.forkScoped(
      Effect.all([...Array.from({ length: callers }, (_, index) => caller(index)), ...processes.map(delivering)], {
        concurrency: "unbounded",
        discard: true
      })
    )
    const someAnswers = Effect.suspend(() => {
      const before = work.answers
      return until(Effect.sync(() => work.answers > before + 20 || running.pollUnsafe() !== undefined))
    })
    // A tenant of which nothing was asked yet has no place.
    yield* someAnswers
    for (const to of ["b", "a", "b"] as const) {
      const moved = yield* move(tenantId, to)
      expect(moved.rows["orders"]).toBeGreaterThan(0)
      yield* someAnswers
    }
    work.isOver = true
    yield* Fiber.join(running)
    while ((yield* deliver(processes[0])) > 0);

    expect(faults).toEqual([])
    const trail = Context.get(processes[0], AuditTrail)
    const expected = new Map<string, number>()
    for (const [orderId, events] of acknowledged) {
      const [first] = events
      if (first === undefined) continue
      const history = yield* trail.history(tenantId, first.orderId)
      expect(history.map(({ event }) => event)).toEqual(events)
      for (const { sequence } of events) expected.set(`${orderId} ${sequence}`, 1)
    }
    expect(settled).toEqual(expected)
    expect(expected.size).toBe(work.answers)
    expect(work.answers).toBeGreaterThan(60)
    expect(met.whileMoving).toBeGreaterThan(0)
    expect(yield* Effect.provideContext(auditStore(tenantId), processes[1])).toEqual([])
    expect(yield* Effect.provideContext(auditOutbox([tenantId]), processes[1])).toEqual([])

    expect([yield* violationsIn("a"), yield* violationsIn("b")]).toEqual([[], []])
    expect(yield* clearMoved({ ...connections, leftFor: 0 })).toEqual([{ tenantId, store: "a" }])
    expect([yield* violationsIn("a"), yield* violationsIn("b")]).toEqual([[], []])
    expect(yield* rowsOf(sql.a, tenantId)).toEqual({})
    expect([yield* fencesIn(sql.a, tenantId), yield* fencesIn(sql.b, tenantId)]).toEqual([0, 0])
  }).pipe(Effect.scoped, Effect.runPromise))
