/** The version that a caller expects: met or not, on every command, in the order of checks, and in a race. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { NotesMismatch, OrderLifecycle, VersionMismatch } from "order-lifecycle"
import { isRefusal } from "order-lifecycle/promise"
import { describe, expect, it } from "vitest"
import type { Caller } from "../../src/lifecycle/Caller.ts"
import { AuditTrail } from "../../src/lifecycle/AuditTrail.ts"
import type { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import { OrderId, type Subscription, SubscriptionId } from "../../src/order/Order.ts"
import { embeddedStore } from "../support/embeddedFolder.ts"
import { shops } from "../support/openedOrders.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { sharedLayer } from "../support/sharedLayer.ts"
import { shopProcess } from "../support/shopProcess.ts"
import { confirmedOrder, laptop, newCaller, newSerial, requestFor, shopOver } from "../support/world.ts"

const stores: Readonly<Record<string, Layer.Layer<OrderStore>>> = {
  "in memory": Layer.fresh(memory),
  embedded: Layer.orDie(embeddedStore),
  "on PostgreSQL": Layer.orDie(postgresStore)
}

const expecting = (caller: Caller, expectedVersion: Caller["expectedVersion"] & {}): Caller => ({ ...caller, expectedVersion })

describe.each(Object.entries(stores))("an expected version, %s", (_, store) => {
  const run = sharedLayer(shopOver(store, { process: shopProcess }))
  it("lets every command pass where it is met, and refuses it with the version there is where it is not", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { after } = yield* lifecycle.place(caller, requestFor([laptop, 2]))
        const { orderId, customer } = after
        const assetSerialNumber = newSerial()
        let rentalId = SubscriptionId.make("none so far")
        const commands: ReadonlyArray<(by: Caller) => Effect.Effect<{ readonly after: { readonly version: number } }, unknown>> =
          [
            (by) => lifecycle.confirm(by, orderId),
            (by) => lifecycle.apply(by, orderId, "hold", { why: "The address is unclear" }),
            (by) => lifecycle.apply(by, orderId, "resume"),
            (by) =>
              Effect.tap(
                lifecycle.startSubscription(by, { orderId, customerId: customer.customerId, assetSerialNumber }),
                ({ event }) => Effect.sync(() => (rentalId = event.details.subscriptionId))
              ),
            (by) => lifecycle.cancelSubscription(by, { rentalId, reason: "other" }),
            (by) => lifecycle.cancel(by, orderId)
          ]
        for (const [index, give] of commands.entries()) {
          const version = index + 1
          for (const other of [version + 1, [version + 1, version + 2] as const, ...(version > 1 ? [version - 1] : [])]) {
            const refused = yield* Effect.flip(give(expecting(caller, other)))
            expect(refused).toBeInstanceOf(VersionMismatch)
            expect(refused).toMatchObject({ code: "VERSION_MISMATCH", orderId, version })
            expect((yield* lifecycle.get(caller.tenantId, orderId)).version).toBe(version)
          }
          const given = yield* give(expecting(caller, index % 2 === 0 ? version : [99, version]))
          expect(given.after.version).toBe(version + 1)
        }
        const events = yield* Effect.flatMap(AuditTrail, (trail) => trail.history(caller.tenantId, orderId))
        expect(events).toHaveLength(commands.length + 1)
      })
    ))

  it("is looked at behind the key and the order, and before the rest; under a key it leaves nothing", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { after } = yield* lifecycle.place(caller, requestFor([laptop, 2]))
        const { orderId } = after
        const keyed = { ...caller, idempotencyKey: "cancel-1" }
        const missing = OrderId.make("ord_missing")
        expect(yield* Effect.flip(lifecycle.cancel(expecting(caller, 1), missing))).toMatchObject({ _tag: "OrderNotFound" })
        expect(
          yield* Effect.flip(
            lifecycle.cancelSubscription(expecting(caller, 1), { rentalId: SubscriptionId.make("sub_missing"), reason: "other" })
          )
        ).toMatchObject({ _tag: "SubscriptionNotFound" })
        expect(yield* Effect.flip(lifecycle.cancel(expecting(keyed, 2), orderId))).toMatchObject({
          _tag: "VersionMismatch",
          version: 1
        })
        const first = yield* lifecycle.cancel(expecting(keyed, 1), orderId)
        // The answer of before, whatever is expected; another request under the key, whatever is expected.
        for (const version of [1, 2, 7]) {
          const again = yield* lifecycle.cancel(expecting(keyed, version), orderId)
          expect(again).toMatchObject({ replayed: true, event: first.event })
          const reused = yield* Effect.flip(lifecycle.cancel(expecting(keyed, version), orderId, { reason: "another" }))
          expect(reused).toMatchObject({ _tag: "IdempotencyKeyReused" })
        }
        expect(yield* Effect.flip(lifecycle.cancel(expecting(caller, 1), orderId))).toMatchObject({
          _tag: "VersionMismatch",
          version: 2
        })
        expect(yield* Effect.flip(lifecycle.cancel(expecting(caller, 2), orderId))).toMatchObject({
          _tag: "OrderAlreadyCancelled"
        })
      })
    ))

  it("of many callers who expect the same lets one pass", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { orderId, customer } = yield* confirmedOrder(caller, 9)
        const start = Effect.suspend(() =>
          lifecycle.startSubscription(expecting(caller, 2), {
            orderId,
            customerId: customer.customerId,
            assetSerialNumber: newSerial()
          })
        )
        const outcomes = yield* Effect.all(
          Array.from({ length: 8 }, () => Effect.result(start)),
          { concurrency: "unbounded" }
        )
        expect(outcomes.filter(Result.isSuccess)).toHaveLength(1)
        const refused = outcomes.flatMap((outcome) => (Result.isFailure(outcome) ? [outcome.failure] : []))
        for (const failure of refused) expect(failure).toMatchObject({ _tag: "VersionMismatch", version: 3 })
        expect((yield* lifecycle.get(caller.tenantId, orderId)).subscriptions).toHaveLength(1)
      })
    ))

  it("is expected of a preview, too", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { orderId } = yield* confirmedOrder(caller)
        const asked = (by: Caller): ReadonlyArray<Effect.Effect<unknown, unknown>> => [
          lifecycle.preview(by, orderId, { type: "cancel" }),
          lifecycle.explain(by, orderId, { type: "cancel" })
        ]
        for (const ask of asked(expecting(caller, 1))) {
          expect(yield* Effect.flip(ask)).toMatchObject({ _tag: "VersionMismatch", version: 2 })
        }
        for (const ask of asked(expecting(caller, 2))) yield* ask
      })
    ))

  it("of each of many orders is given by its id", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const ids: Array<OrderId> = []
        for (let n = 0; n < 4; n++) ids.push((yield* confirmedOrder(caller)).orderId)
        const [one, two, three, four] = ids as [OrderId, OrderId, OrderId, OrderId]
        const expectedVersions = { [one]: 2, [two]: 1, [three]: [1, 2] as const }
        const outcomes = yield* lifecycle.cancelMany({ ...caller, expectedVersions }, ids)
        const seen = outcomes.map(({ orderId, outcome }) => [
          orderId,
          Result.isSuccess(outcome) ? outcome.success.after.status : outcome.failure._tag
        ])
        expect(seen).toEqual([
          [one, "cancelled"],
          [two, "VersionMismatch"],
          [three, "cancelled"],
          [four, "cancelled"]
        ])
        expect((yield* lifecycle.get(caller.tenantId, two)).version).toBe(2)
        const unasked = yield* Effect.flip(lifecycle.cancelMany({ ...caller, expectedVersions }, [one, two]))
        expect(unasked.details).toMatchObject([{ path: `expectedVersions.${three}` }])
      })
    ))

  it("is a whole number from 1, or some of them; who places an order expects none", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { orderId } = yield* confirmedOrder(caller)
        for (const wrong of [0, -1, 1.5, "2", [], [0], null]) {
          const refused = yield* Effect.flip(lifecycle.cancel({ ...caller, expectedVersion: wrong as never }, orderId))
          expect(refused).toMatchObject({ _tag: "InvalidInput" })
          expect(refused.message).toContain("caller.expectedVersion")
        }
        const placing = yield* Effect.flip(lifecycle.place(expecting(caller, 1), requestFor([laptop, 1])))
        expect(placing).toMatchObject({ _tag: "InvalidInput", details: [{ path: "caller.expectedVersion" }] })
      })
    ))

  it("of notes is their text", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const { tenantId, ...caller } = newCaller()
        const { orderId, customer } = yield* confirmedOrder({ tenantId, ...caller })
        const rewrite = (notes: string, expected: string) => lifecycle.rewriteNotes(tenantId, orderId, { notes }, { expected })
        const early = yield* Effect.flip(rewrite("call first", "nothing of the kind"))
        expect(early).toBeInstanceOf(NotesMismatch)
        expect(early).toMatchObject({ code: "VERSION_MISMATCH", notes: "" })
        yield* rewrite("call first", "")
        expect(yield* Effect.flip(rewrite("ring twice", ""))).toMatchObject({ _tag: "NotesMismatch", notes: "call first" })
        yield* rewrite("ring twice", "call first")
        expect((yield* lifecycle.get(tenantId, orderId)).notes).toBe("ring twice")
        const nowhere = lifecycle.rewriteNotes(tenantId, OrderId.make("ord_missing"), { notes: "" }, { expected: "" })
        expect(yield* Effect.flip(nowhere)).toMatchObject({ _tag: "OrderNotFound" })

        const serial = newSerial()
        const { after } = yield* lifecycle.startSubscription(
          { tenantId, ...caller },
          { orderId, assetSerialNumber: serial, sku: laptop, customerId: customer.customerId }
        )
        const { subscriptionId } = after.subscriptions[0] as Subscription
        const rewriteRental = (notes: string, expected?: string) =>
          lifecycle.rewriteSubscriptionNotes(tenantId, subscriptionId, { notes }, expected === undefined ? {} : { expected })
        expect(yield* Effect.flip(rewriteRental("with charger", "nothing of the kind"))).toMatchObject({
          _tag: "NotesMismatch",
          orderId,
          subscriptionId,
          notes: "",
          message: "The notes of the subscription are not the notes expected."
        })
        yield* rewriteRental("with charger", "")
        yield* rewriteRental("without charger")
        expect((yield* lifecycle.getSubscription(tenantId, subscriptionId)).subscription.notes).toBe("without charger")
        expect((yield* lifecycle.get(tenantId, orderId)).notes).toBe("ring twice")
        const none = SubscriptionId.make("sub_missing")
        for (const options of [{}, { expected: "" }])
          expect(yield* Effect.flip(lifecycle.rewriteSubscriptionNotes(tenantId, none, { notes: "" }, options))).toMatchObject({
            _tag: "SubscriptionNotFound"
          })
      })
    ))
})

describe.each(shops())("an expected version, by promises %s", (_, shop) => {
  it("is refused as a refusal, and carries what there is", async () => {
    const [orders, caller] = [shop(), newCaller()]
    const { orderId } = (await orders.place(caller, requestFor([laptop, 1]))).after
    const refused: unknown = await orders.cancel({ ...caller, expectedVersion: 2 }, orderId).catch((error: unknown) => error)
    expect(isRefusal(refused)).toBe(true)
    expect(refused).toMatchObject({ code: "VERSION_MISMATCH", version: 1 })
    await orders.rewriteNotes(caller.tenantId, orderId, { notes: "call first" }, { expected: "" })
    const notes: unknown = await orders
      .rewriteNotes(caller.tenantId, orderId, { notes: "ring twice" }, { expected: "" })
      .catch((error: unknown) => error)
    expect(isRefusal(notes)).toBe(true)
    expect(notes).toMatchObject({ code: "VERSION_MISMATCH", notes: "call first" })
    await expect(orders.rewriteSubscriptionNotes(caller.tenantId, "sub_missing", { notes: "" })).rejects.toMatchObject({
      code: "NOT_FOUND"
    })
    const many = await orders.cancelMany({ ...caller, expectedVersions: { [orderId]: 9 } }, [orderId])
    expect(many).toMatchObject([{ ok: false, error: { code: "VERSION_MISMATCH" } }])
    expect((await orders.confirm({ ...caller, expectedVersion: [1, 7] }, orderId)).after.version).toBe(2)
    expect((await orders.cancel({ ...caller, expectedVersion: undefined }, orderId)).after.version).toBe(3)
  })
})
