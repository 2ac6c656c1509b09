/** What the services promise beyond the pure decision, on the memory store: races, keys, batches, listeners, the outbox. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { describe, expect, it } from "vitest"
import { AuditTrail } from "../../src/lifecycle/AuditTrail.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { OrderStore, OutcomeUnknown, StoreUnavailable } from "../../src/lifecycle/OrderStore.ts"
import { Reservations } from "../../src/lifecycle/Reservations.ts"
import { OrderId, SubscriptionId, type TenantId } from "../../src/order/Order.ts"
import type { CancelOrder } from "../../src/order/commands/cancel.ts"
import type { PlaceOrder } from "../../src/order/commands/place.ts"
import { run, storeWith } from "../support/inMemory.ts"
import { confirmedOrder, laptop, monitor, newCaller, newSerial, requestFor, retired } from "../support/world.ts"

/** Everything the store has of a tenant, as text: equal texts mean that nothing changed. */
const everythingOf = Effect.fnUntraced(function* (tenantId: TenantId) {
  const [store, auditTrail] = [yield* OrderStore, yield* AuditTrail]
  const orders = yield* store.listOrders({ tenantId, sortBy: "orderId", sortDir: "asc", limit: 1_000 })
  const events = yield* Stream.runCollect(auditTrail.all(tenantId))
  return JSON.stringify({ orders, events })
})

describe("an order", () => {
  it("goes from placed to cancelled, with its units and its history as they are said to be", () =>
    run(
      Effect.gen(function* () {
        const [lifecycle, reservations, auditTrail] = [yield* OrderLifecycle, yield* Reservations, yield* AuditTrail]
        const caller = newCaller()
        const { after: placed } = yield* lifecycle.place(caller, requestFor([laptop, 2], [monitor, 1]))
        const { orderId, customer, tenantId } = placed
        expect(placed.status).toBe("pending")
        expect(yield* reservations.stock(tenantId, laptop)).toEqual({ reserved: 2, rented: 0 })
        yield* lifecycle.confirm(caller, orderId)
        const start = { orderId, customerId: customer.customerId, sku: laptop }
        const first = yield* lifecycle.startSubscription(caller, { ...start, assetSerialNumber: newSerial() })
        const second = yield* lifecycle.startSubscription(caller, { ...start, assetSerialNumber: newSerial() })
        expect(second.after.status).toBe("partial")
        expect(yield* reservations.stock(tenantId, laptop)).toEqual({ reserved: 0, rented: 2 })

        const refusal = yield* Effect.flip(lifecycle.cancel(caller, orderId))
        expect(refusal).toMatchObject({
          _tag: "OrderNotCancellable",
          code: "ORDER_NOT_CANCELLABLE",
          guard: "noActiveSubscriptions"
        })
        const rentals = [first, second].map(({ event }) => event.details.subscriptionId)
        expect(refusal).toMatchObject({ subscriptionIds: rentals })

        for (const rentalId of rentals) yield* lifecycle.cancelSubscription(caller, { rentalId, reason: "customer_request" })
        const cancelled = yield* lifecycle.cancel(caller, orderId, { reason: "moved abroad" })
        expect(cancelled.event.released).toEqual([{ line: 1, sku: monitor, quantity: 1 }])
        expect(cancelled.after).toMatchObject({ status: "cancelled", version: 7, cancellation: { reason: "moved abroad" } })
        expect(yield* reservations.heldFor(tenantId, orderId)).toEqual([])
        expect(yield* reservations.stock(tenantId, monitor)).toEqual({ reserved: 0, rented: 0 })

        const history = yield* auditTrail.history(tenantId, orderId)
        expect(history.map(({ event }) => event.sequence)).toEqual([1, 2, 3, 4, 5, 6, 7])
        expect(history.map(({ previousHash }) => previousHash)).toEqual([null, ...history.slice(0, -1).map(({ hash }) => hash)])
        expect(yield* auditTrail.verify(tenantId, orderId, { sequence: 7, hash: history[6]?.hash ?? "" })).toBeNull()
        expect(yield* Stream.runCollect(auditTrail.verifyAll(tenantId))).toEqual([])
        expect(yield* lifecycle.get(tenantId, orderId)).toEqual(cancelled.after)
      })
    ))

  it("that was cancelled answers a second cancel with the first one's record, and changes nothing", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { orderId, tenantId } = yield* confirmedOrder(caller)
        const { after } = yield* lifecycle.cancel(caller, orderId, { reason: "" })
        const before = yield* everythingOf(tenantId)
        const refusal = yield* Effect.flip(lifecycle.cancel(caller, orderId, { reason: "another" }))
        expect(refusal).toMatchObject({ _tag: "OrderAlreadyCancelled", cancelledAt: after.updatedAt, reason: "" })
        expect(yield* everythingOf(tenantId)).toBe(before)
      })
    ))

  it("is left as it was by every refusal", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { orderId, tenantId, customer } = yield* confirmedOrder(caller)
        const serial = newSerial()
        const { event } = yield* lifecycle.startSubscription(caller, {
          orderId,
          assetSerialNumber: serial,
          customerId: customer.customerId
        })
        yield* lifecycle.cancelSubscription(caller, { rentalId: event.details.subscriptionId, reason: "fraud" })
        const rentalId = SubscriptionId.make("nowhere")
        const start = { orderId, assetSerialNumber: newSerial(), customerId: customer.customerId }
        const unfit: CancelOrder = { reason: "x".repeat(1_001) }
        const before = yield* everythingOf(tenantId)
        const refusals = yield* Effect.forEach(
          [
            lifecycle.confirm(caller, orderId),
            lifecycle.confirm(caller, OrderId.make("nowhere")),
            lifecycle.cancel(caller, OrderId.make("nowhere")),
            lifecycle.cancel(caller, orderId, unfit),
            lifecycle.cancel({ ...caller, idempotencyKey: "" }, orderId),
            lifecycle.startSubscription(caller, { ...start, sku: monitor }),
            lifecycle.startSubscription(caller, {
              ...start,
              customerId: customer.customerId.slice(1) as typeof customer.customerId
            }),
            lifecycle.cancelSubscription(caller, { rentalId, reason: "other" }),
            lifecycle.cancelSubscription(caller, { rentalId: event.details.subscriptionId, reason: "other" }),
            lifecycle.place(caller, requestFor([retired, 1])),
            lifecycle.place(caller, requestFor()),
            lifecycle.place(caller, { ...requestFor([laptop, 1]), items: [{ sku: laptop, quantity: 1, contractLength: 7 }] })
          ] as ReadonlyArray<Effect.Effect<unknown, { readonly _tag: string }>>,
          Effect.flip
        )
        expect(refusals.map(({ _tag }) => _tag)).toEqual([
          "OrderNotPending",
          "OrderNotFound",
          "OrderNotFound",
          "InvalidInput",
          "InvalidInput",
          "SkuMismatch",
          "InvalidInput",
          "SubscriptionNotFound",
          "SubscriptionAlreadyCancelled",
          "VariantInactive",
          "InvalidInput",
          "InvalidContractLength"
        ])
        expect(yield* everythingOf(tenantId)).toBe(before)
      })
    ))

  it("names every wrong field of a request at once", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const request = { ...requestFor([laptop, 0]), billingAddress: { city: 7 } } as unknown as PlaceOrder
        const refusal = yield* Effect.flip(lifecycle.place(newCaller(), request))
        expect(refusal).toMatchObject({ _tag: "InvalidInput" })
        const paths = refusal._tag === "InvalidInput" ? refusal.details.map(({ path }) => path) : []
        expect(paths).toEqual([
          "billingAddress.contactName",
          "billingAddress.streetAddress",
          "billingAddress.city",
          "billingAddress.country",
          "items[0].quantity"
        ])
      })
    ))

  it("of one tenant does not exist for another, even under the same id", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const { orderId } = yield* confirmedOrder(newCaller())
        const stranger = newCaller()
        const foreign = yield* Effect.flip(lifecycle.cancel(stranger, orderId))
        expect(foreign).toEqual(yield* Effect.flip(lifecycle.get(stranger.tenantId, orderId)))
        expect(foreign._tag).toBe("OrderNotFound")
      })
    ))
})

describe("races", () => {
  it("let one of 64 parallel cancels win; the others learn that the order is already cancelled", () =>
    run(
      Effect.gen(function* () {
        const [lifecycle, auditTrail] = [yield* OrderLifecycle, yield* AuditTrail]
        const caller = newCaller()
        const { orderId, tenantId } = yield* confirmedOrder(caller)
        const cancels = Array.from({ length: 64 }, () => Effect.result(lifecycle.cancel(caller, orderId)))
        const outcomes = yield* Effect.all(cancels, { concurrency: "unbounded" })
        const refusals = outcomes.filter(Result.isFailure).map(({ failure }) => failure._tag)
        expect(refusals).toEqual(Array.from({ length: 63 }, () => "OrderAlreadyCancelled"))
        expect(yield* auditTrail.history(tenantId, orderId)).toHaveLength(3)
      })
    ))

  it("are decided again from fresh state when they are lost, and end under the lock", async () => {
    let [commits, locks] = [0, 0]
    const losing = storeWith((store) => ({
      // The first eight commits of the cancel lose; then the command takes the lock.
      commit: (changes) =>
        ++commits > 2 && commits <= 10 ? Effect.succeed(changes.map(() => "conflict")) : store.commit(changes),
      exclusively: (order, use) => {
        locks++
        return store.exclusively(order, use)
      }
    }))
    await run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { orderId } = yield* confirmedOrder(caller)
        const { after } = yield* lifecycle.cancel(caller, orderId)
        expect(after.status).toBe("cancelled")
      }),
      losing
    )
    expect({ commits, locks }).toEqual({ commits: 11, locks: 1 })
  })

  it("that are never won end as unavailable: nothing was changed", async () => {
    const losing = storeWith((store) => ({
      commit: (changes) =>
        changes.some(({ transition }) => transition.event.type === "order.cancelled")
          ? Effect.succeed(changes.map(() => "conflict"))
          : store.commit(changes)
    }))
    await run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { orderId, tenantId } = yield* confirmedOrder(caller)
        expect(yield* Effect.flip(lifecycle.cancel(caller, orderId))).toMatchObject({ _tag: "StoreUnavailable" })
        expect((yield* lifecycle.get(tenantId, orderId)).status).toBe("confirmed")
      }),
      losing
    )
  })

  it("for one serial number give it to one subscription only", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const orders = yield* Effect.forEach([1, 2, 3, 4], () => confirmedOrder(caller))
        const assetSerialNumber = newSerial()
        const outcomes = yield* Effect.forEach(
          orders,
          ({ orderId, customer: { customerId } }) =>
            Effect.result(lifecycle.startSubscription(caller, { orderId, customerId, assetSerialNumber })),
          { concurrency: "unbounded" }
        )
        expect(outcomes.filter(Result.isSuccess)).toHaveLength(1)
        const refusals = outcomes.filter(Result.isFailure).map(({ failure }) => failure._tag)
        expect(refusals).toEqual(["AssetNotAvailable", "AssetNotAvailable", "AssetNotAvailable"])
      })
    ))

  it("for a serial number are not decided by an order that had it before", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const [former, present] = [yield* confirmedOrder(caller), yield* confirmedOrder(caller)]
        const assetSerialNumber = newSerial()
        const startFor = ({ orderId, customer: { customerId } }: typeof former) =>
          lifecycle.startSubscription(caller, { orderId, customerId, assetSerialNumber })
        const first = yield* startFor(former)
        yield* lifecycle.cancelSubscription(caller, { rentalId: first.event.details.subscriptionId, reason: "other" })
        yield* startFor(present)
        yield* lifecycle.cancel(caller, former.orderId)
        expect(yield* Effect.flip(startFor(present))).toMatchObject({ _tag: "AssetNotAvailable" })
      })
    ))

  it("between first orders of one customer make one customer", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const emails = ["grace@example.com", "Grace@Example.com", "GRACE@example.com", "grace@example.com"]
        const placed = yield* Effect.forEach(
          emails,
          (email) => {
            const request = requestFor([laptop, 1])
            return lifecycle.place(caller, { ...request, customer: { ...request.customer, email } })
          },
          { concurrency: "unbounded" }
        )
        expect(new Set(placed.map(({ after }) => after.customer.customerId)).size).toBe(1)
        expect(placed.map(({ after }) => after.customer.email)).toEqual(emails)
      })
    ))
})

describe("a lock on an order", () => {
  it("makes the commits of others wait, not its own", () =>
    run(
      Effect.gen(function* () {
        const [lifecycle, store] = [yield* OrderLifecycle, yield* OrderStore]
        const caller = newCaller()
        const { orderId, tenantId } = yield* confirmedOrder(caller)
        const [locked, release] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
        const holder = yield* Effect.forkChild(
          store.exclusively(
            { tenantId, orderId },
            Effect.gen(function* () {
              yield* Deferred.succeed(locked, undefined)
              yield* Deferred.await(release)
              return yield* lifecycle.cancel(caller, orderId, { reason: "the holder's" })
            })
          )
        )
        yield* Deferred.await(locked)
        const rival = yield* Effect.forkChild(Effect.flip(lifecycle.cancel(caller, orderId, { reason: "the rival's" })))
        // In memory, whatever can go on has gone on after so many turns.
        for (let turns = 0; turns < 1_000; turns++) yield* Effect.yieldNow
        expect((yield* lifecycle.get(tenantId, orderId)).status).toBe("confirmed")
        yield* Deferred.succeed(release, undefined)
        expect((yield* Fiber.join(holder)).after.cancellation?.reason).toBe("the holder's")
        expect(yield* Fiber.join(rival)).toMatchObject({ _tag: "OrderAlreadyCancelled", reason: "the holder's" })
      })
    ))
})

describe("an idempotency key", () => {
  it("gives an accepted command's answer again, and makes no second change", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = { ...newCaller(), idempotencyKey: "place 1" }
        const first = yield* lifecycle.place(caller, requestFor([laptop, 2]))
        yield* lifecycle.rewriteNotes(caller.tenantId, first.after.orderId, { notes: "written since" })
        expect(yield* lifecycle.place(caller, requestFor([laptop, 2]))).toEqual({ ...first, replayed: true })

        const cancelling = { ...caller, idempotencyKey: "cancel 1" }
        const cancelled = yield* lifecycle.cancel(cancelling, first.after.orderId, { reason: "once" })
        const again = yield* lifecycle.cancel(cancelling, first.after.orderId, { reason: "once" })
        expect(again).toEqual({ ...cancelled, before: null, replayed: true })
        expect((yield* lifecycle.list(caller.tenantId)).items).toHaveLength(1)
      })
    ))

  it("gives a refusal again, even when the command would be accepted by now", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { orderId, customer } = yield* confirmedOrder(caller)
        const { event } = yield* lifecycle.startSubscription(caller, {
          orderId,
          customerId: customer.customerId,
          assetSerialNumber: newSerial()
        })
        const keyed = { ...caller, idempotencyKey: "k" }
        const refused = yield* Effect.flip(lifecycle.cancel(keyed, orderId))
        yield* lifecycle.cancelSubscription(caller, { rentalId: event.details.subscriptionId, reason: "other" })
        expect(refused).not.toHaveProperty("replayed")
        const again = yield* Effect.flip(lifecycle.cancel(keyed, orderId))
        expect(again).toMatchObject({ _tag: "OrderNotCancellable", message: refused.message, replayed: true })
        expect((yield* lifecycle.cancel({ ...caller, idempotencyKey: "k2" }, orderId)).after.status).toBe("cancelled")
      })
    ))

  it("is refused with any other command, target or content, whoever asks, and is free again for another tenant", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = { ...newCaller(), idempotencyKey: "k" }
        const { idempotencyKey: _, ...keyless } = caller
        const [one, two] = [yield* confirmedOrder(keyless), yield* confirmedOrder(keyless)]
        yield* lifecycle.cancel(caller, one.orderId, { reason: "a" })
        const others = [
          lifecycle.cancel(caller, one.orderId, { reason: "b" }),
          lifecycle.cancel(caller, one.orderId),
          lifecycle.cancel(caller, two.orderId, { reason: "a" }),
          lifecycle.confirm(caller, one.orderId)
        ] as ReadonlyArray<Effect.Effect<unknown, { readonly _tag: string }>>
        for (const other of others) expect((yield* Effect.flip(other))._tag).toBe("IdempotencyKeyReused")
        expect((yield* lifecycle.get(caller.tenantId, two.orderId)).status).toBe("confirmed")
        const byAnother = yield* lifecycle.cancel({ ...caller, actor: { userId: "eve" } }, one.orderId, { reason: "a" })
        expect(byAnother).toMatchObject({ replayed: true, event: { actor: caller.actor } })

        const stranger = newCaller()
        const theirs = yield* confirmedOrder(stranger)
        yield* lifecycle.cancel({ ...stranger, idempotencyKey: "k" }, theirs.orderId, { reason: "a" })
      })
    ))

  it("is not used up by invalid input", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { orderId } = yield* confirmedOrder(caller)
        const keyed = { ...caller, idempotencyKey: "k" }
        expect(yield* Effect.flip(lifecycle.cancel(keyed, orderId, { reason: "\u0000" }))).toMatchObject({ _tag: "InvalidInput" })
        yield* lifecycle.cancel(keyed, orderId, { reason: "fine" })
      })
    ))

  it("that several callers use at once gives all of them one answer", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = { ...newCaller(), idempotencyKey: "k" }
        const placed = yield* Effect.forEach([1, 2, 3, 4], () => lifecycle.place(caller, requestFor([laptop, 1])), {
          concurrency: "unbounded"
        })
        const told = placed.map(({ event, after }) => JSON.stringify([event, after]))
        expect(new Set(told).size).toBe(1)
        expect(placed.filter(({ replayed }) => replayed)).toHaveLength(3)
        expect((yield* lifecycle.list(caller.tenantId)).items).toHaveLength(1)
      })
    ))
})

describe("an unknown outcome", () => {
  it("is named as such, and a repeat under the same key tells what became of it", async () => {
    let isFirst = true
    const forgetful = storeWith((store) => ({
      // The change is made, but the answer is lost on the way back.
      commit: (changes) =>
        changes[0]?.transition.event.type === "order.cancelled" && isFirst
          ? Effect.andThen(
              store.commit(changes),
              Effect.suspend(() => {
                isFirst = false
                return Effect.fail(new OutcomeUnknown({ cause: new Error("connection reset") }))
              })
            )
          : store.commit(changes)
    }))
    await run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { orderId } = yield* confirmedOrder(caller)
        const keyed = { ...caller, idempotencyKey: "k" }
        expect(yield* Effect.flip(lifecycle.cancel(keyed, orderId))).toMatchObject({ _tag: "OutcomeUnknown" })
        expect((yield* lifecycle.cancel(keyed, orderId)).after).toMatchObject({ status: "cancelled", version: 3 })
      }),
      forgetful
    )
  })
})

describe("cancelMany", () => {
  it("answers for each order, whatever becomes of the others", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const [free, rented, done] = [yield* confirmedOrder(caller), yield* confirmedOrder(caller), yield* confirmedOrder(caller)]
        yield* lifecycle.startSubscription(caller, {
          orderId: rented.orderId,
          customerId: rented.customer.customerId,
          assetSerialNumber: newSerial()
        })
        yield* lifecycle.cancel(caller, done.orderId, { reason: "before" })
        const unknown = OrderId.make("nowhere")
        const ids = [free.orderId, rented.orderId, unknown, done.orderId, free.orderId]
        const answers = yield* lifecycle.cancelMany(caller, ids, { reason: "out of stock" })
        expect(answers.map(({ orderId }) => orderId)).toEqual(ids.slice(0, 4))
        expect(
          answers.map(({ outcome }) => (Result.isSuccess(outcome) ? outcome.success.after.status : outcome.failure._tag))
        ).toEqual(["cancelled", "OrderNotCancellable", "OrderNotFound", "OrderAlreadyCancelled"])
      })
    ))

  it("commits up to 500 orders at once, and no more", async () => {
    const sizes: Array<number> = []
    const counting = storeWith((store) => ({
      commit: (changes) => {
        if (changes[0]?.transition.event.type === "order.cancelled") sizes.push(changes.length)
        return store.commit(changes)
      }
    }))
    await run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const placed = yield* Effect.forEach(Array.from({ length: 501 }), () => lifecycle.place(caller, requestFor([laptop, 1])))
        const answers = yield* lifecycle.cancelMany(
          caller,
          placed.map(({ after }) => after.orderId)
        )
        expect(answers.every(({ outcome }) => Result.isSuccess(outcome))).toBe(true)
      }),
      counting
    )
    expect(sizes).toEqual([500, 1])
  })

  it("says for each order when the store fails: what was committed before stays told", async () => {
    let batches = 0
    const failing = storeWith((store) => ({
      commit: (changes) =>
        changes[0]?.transition.event.type === "order.cancelled" && ++batches === 2
          ? Effect.fail(new OutcomeUnknown({ cause: new Error("gone") }))
          : store.commit(changes),
      load: (requests) =>
        batches === 2 && requests.length > 1
          ? Effect.fail(new StoreUnavailable({ cause: new Error("gone") }))
          : store.load(requests)
    }))
    await run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const placed = yield* Effect.forEach(Array.from({ length: 1_002 }), () =>
          lifecycle.place(caller, requestFor([laptop, 1]))
        )
        const answers = yield* lifecycle.cancelMany(
          caller,
          placed.map(({ after }) => after.orderId)
        )
        const tally: Record<string, number> = {}
        for (const { outcome } of answers) {
          const name = Result.isSuccess(outcome) ? "cancelled" : outcome.failure._tag
          tally[name] = (tally[name] ?? 0) + 1
        }
        expect(tally).toEqual({ cancelled: 500, OutcomeUnknown: 500, StoreUnavailable: 2 })
      }),
      failing
    )
  })
})

describe("the audit trail", () => {
  it("tells listeners in the process what was committed, and nothing that was refused", () =>
    run(
      Effect.gen(function* () {
        const [lifecycle, auditTrail] = [yield* OrderLifecycle, yield* AuditTrail]
        const caller = newCaller()
        const heard = yield* Effect.forkChild(Stream.runCollect(Stream.take(auditTrail.live, 3)), { startImmediately: true })
        yield* Effect.yieldNow
        const { orderId } = yield* confirmedOrder(caller)
        yield* Effect.flip(lifecycle.confirm(caller, orderId))
        yield* lifecycle.cancel(caller, orderId)
        const types = (yield* Fiber.join(heard)).map(({ event }) => event.type)
        expect(types).toEqual(["order.placed", "order.confirmed", "order.cancelled"])
      })
    ))

  it("delivers every event at least once and in sequence, also after a consumer failed", () =>
    run(
      Effect.gen(function* () {
        const [lifecycle, auditTrail] = [yield* OrderLifecycle, yield* AuditTrail]
        const caller = newCaller()
        for (const _ of [1, 2, 3]) {
          const { orderId } = yield* confirmedOrder(caller)
          yield* lifecycle.cancel(caller, orderId)
        }
        const down = auditTrail.deliver(() => Effect.fail("the consumer is down"), { retry: { first: 0 } })
        expect(Exit.isFailure(yield* Effect.exit(down))).toBe(true)

        const delivered: Record<string, Array<number>> = {}
        const consume = auditTrail.deliver((events) =>
          Effect.sync(() => {
            for (const { event } of events) (delivered[event.orderId] ??= []).push(event.sequence)
          })
        )
        while ((yield* consume) > 0);
        expect(Object.values(delivered)).toEqual([
          [1, 2, 3],
          [1, 2, 3],
          [1, 2, 3]
        ])
      })
    ))
})

describe("lists", () => {
  it("come in pages that join without gap or repeat, in any order", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        for (let quantity = 1; quantity <= 25; quantity++)
          yield* lifecycle.place(caller, requestFor([laptop, (quantity % 4) + 1]))
        for (const sortBy of ["createdAt", "updatedAt", "orderId", "status", "totals.total"] as const) {
          for (const sortDir of ["asc", "desc"] as const) {
            const seen: Array<string> = []
            let startAfter: string | null = null
            do {
              const after: { startAfter?: string } = startAfter === null ? {} : { startAfter }
              const page = yield* lifecycle.list(caller.tenantId, { limit: 10, sortBy, sortDir, ...after })
              seen.push(...page.items.map(({ orderId }) => orderId))
              startAfter = page.nextCursor
            } while (startAfter !== null)
            expect(seen).toHaveLength(25)
            expect(new Set(seen).size).toBe(25)
          }
        }
      })
    ))

  it("refuse a cursor that is not theirs", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        for (const _ of [1, 2]) yield* lifecycle.place(caller, requestFor([laptop, 1]))
        const { nextCursor } = yield* lifecycle.list(caller.tenantId, { limit: 1 })
        for (const startAfter of [`${nextCursor}`, "", "%%%", "W10"]) {
          const refusal = yield* Effect.flip(lifecycle.list(caller.tenantId, { startAfter, sortDir: "asc" }))
          expect(refusal).toMatchObject({ _tag: "InvalidInput", details: [{ path: "startAfter" }] })
        }
      })
    ))
})

describe("a preview", () => {
  it("is what the command then does", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = { ...newCaller(), requestId: "request-1" as NonNullable<ReturnType<typeof newCaller>["requestId"]> }
        const request = requestFor([laptop, 2])
        const { after } = yield* lifecycle.place(caller, request, { payment: { status: "paid" } })
        const preview = yield* lifecycle.preview(caller, after.orderId, { type: "cancel", reason: "r" })
        expect(preview.warnings).toHaveLength(1)
        expect((yield* lifecycle.get(caller.tenantId, after.orderId)).version).toBe(1)
        const { event } = yield* lifecycle.cancel(caller, after.orderId, { reason: "r" })
        expect({ ...preview.plan?.event, at: event.at }).toEqual(event)
      })
    ))

  it.each([
    ["a cancel", { type: "cancel", reason: "x".repeat(1_001) }, "reason"],
    ["a start", { type: "startSubscription", assetSerialNumber: "SN-1", customerId: "" }, "customerId"],
    ["an end", { type: "cancelSubscription", rentalId: "sub_1", reason: "boredom" }, "reason"]
  ])("of %s that cannot be read is refused as the command is", (_, request, path) =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { after } = yield* lifecycle.place(caller, requestFor([laptop, 2]))
        const refusal = yield* Effect.flip(lifecycle.preview(caller, after.orderId, request as { type: "confirm" }))
        expect(refusal).toMatchObject({ _tag: "InvalidInput", details: [{ path }] })
      })
    )
  )

  it("is refused what the command would not know, by name", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { after } = yield* lifecycle.place(caller, requestFor([laptop, 1]))
        const preview = (request: object) => lifecycle.preview(caller, after.orderId, request as never)
        const asked = [
          { type: "confirm" },
          { type: "startSubscription", assetSerialNumber: "SN-1", customerId: "cust_1" },
          { type: "cancel" },
          { type: "cancelSubscription", rentalId: "sub_1", reason: "other" }
        ]
        for (const request of asked) {
          expect(yield* Effect.flip(preview({ ...request, surplus: 1 }))).toMatchObject({
            code: "VALIDATION_ERROR",
            details: [{ path: "surplus", code: "unexpected" }]
          })
        }
        expect((yield* preview({ type: "confirm" })).plan?.status).toBe("confirmed")
        yield* lifecycle.confirm(caller, after.orderId)
        const { customerId } = after.customer
        const started = yield* preview({ type: "startSubscription", assetSerialNumber: "SN-1", customerId, notes: "n" })
        expect(started.plan).toMatchObject({ status: "fulfilled", event: { confidential: { notes: "n" } } })
        expect((yield* preview({ type: "cancel", reason: "r" })).plan?.event.confidential).toEqual({ reason: "r" })
        expect((yield* preview({ type: "cancelSubscription", rentalId: "sub_1", reason: "other" })).blockers).toHaveLength(1)
      })
    ))
})
