/** Giving up: before anything was sent the reason is told, and nothing was done; from then on nobody knows, and that is told too. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { describe, expect, it } from "vitest"
import { OrderNotCancellable, OutcomeUnknown, StoreUnavailable } from "../../src/promise/index.ts"
import { postgresStore } from "../../src/promise/postgres/index.ts"
import { storeWith } from "../support/inMemory.ts"
import { fileDatabase, openShop } from "../support/openedOrders.ts"
import * as PostgresConnection from "../../src/postgres/PostgresConnection.ts"
import * as Redacted from "effect/Redacted"
import { waitForLocks } from "../support/gatedSessions.ts"
import { laptop, newCaller, newSerial, requestFor } from "../support/world.ts"

const reason = new Error("the customer has closed the window")

/** A store whose `operation` does not answer, before or after it was done. `reached` tells that it was asked. */
const silent = (operation: "load" | "commit" | "rewriteNotes", isDone: boolean) => {
  const reached = Deferred.makeUnsafe<true>()
  let isSilent = false
  const store = storeWith((store) => {
    const original = store[operation] as (...args: ReadonlyArray<never>) => Effect.Effect<unknown, unknown>
    const replaced = (...args: ReadonlyArray<never>) =>
      Effect.suspend(() => {
        if (!isSilent) return original(...args)
        const answer = isDone ? original(...args) : Effect.void
        return Effect.andThen(Effect.andThen(answer, Deferred.succeed(reached, true)), Effect.never)
      })
    return { [operation]: replaced }
  })
  return {
    store,
    reached: Effect.runPromise(Deferred.await(reached)),
    silence: () => void (isSilent = true),
    speak: () => void (isSilent = false)
  }
}

describe("a call that is given up", () => {
  it("before it was made is not made", async () => {
    const orders = await openShop()
    const caller = newCaller()
    await expect(orders.place(caller, requestFor([laptop, 1]), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect((await orders.list(caller.tenantId)).items).toEqual([])
    await expect(orders.get(caller.tenantId, "an order", { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: "AbortError"
    })
    await orders.close()
  })

  it("while the catalogue is asked changes nothing, and the catalogue is told", async () => {
    const controller = new AbortController()
    let told: AbortSignal | undefined
    const orders = await openShop({
      catalogue: (_tenantId, _skus, signal) => {
        told = signal
        return new Promise(() => {})
      }
    })
    const caller = newCaller()
    const placing = orders.place(caller, requestFor([laptop, 1]), { signal: controller.signal })
    controller.abort(reason)
    await expect(placing).rejects.toBe(reason)
    expect(told?.aborted).toBe(true)
    expect((await orders.list(caller.tenantId)).items).toEqual([])
    await orders.close()
  })

  it.each(["load", "commit"] as const)("while the store is silent about a %s says what can be known", async (operation) => {
    const controller = new AbortController()
    const { store, reached, silence, speak } = silent(operation, true)
    const orders = await openShop({ store })
    const caller = newCaller()
    const { after } = await orders.place(caller, requestFor([laptop, 1]))
    silence()
    const cancelling = orders.cancel(caller, after.orderId, {}, { signal: controller.signal })
    await reached
    controller.abort(reason)
    if (operation === "load") await expect(cancelling).rejects.toBe(reason)
    else await expect(cancelling).rejects.toMatchObject({ constructor: OutcomeUnknown, cause: reason })
    speak()
    expect((await orders.get(caller.tenantId, after.orderId)).status).toBe(operation === "load" ? "pending" : "cancelled")
    await orders.close()
  })

  it("under an idempotency key is repeated, and then it is known", async () => {
    const controller = new AbortController()
    const { store, reached, silence, speak } = silent("commit", true)
    const orders = await openShop({ store })
    const caller = newCaller()
    const { after } = await orders.place(caller, requestFor([laptop, 1]))
    silence()
    const keyed = { ...caller, idempotencyKey: "a key" }
    const cancelling = orders.cancel(keyed, after.orderId, { reason: "moved" }, { signal: controller.signal })
    await reached
    controller.abort(reason)
    await expect(cancelling).rejects.toBeInstanceOf(OutcomeUnknown)
    speak()
    expect((await orders.cancel(keyed, after.orderId, { reason: "moved" })).after.cancellation?.reason).toBe("moved")
    await orders.close()
  })

  it("after a commit that wrote nothing says that nothing was done", async () => {
    const controller = new AbortController()
    let commits = 0
    const orders = await openShop({
      store: storeWith((store) => ({
        commit: (changes) =>
          Effect.suspend(() => {
            if (changes[0]?.transition.event.type !== "order.cancelled") return store.commit(changes)
            // The race is lost, and the next attempt is not made any more.
            if (++commits === 1) queueMicrotask(() => controller.abort(reason))
            return Effect.succeed(changes.map(() => "conflict" as const))
          })
      }))
    })
    const caller = newCaller()
    const { after } = await orders.place(caller, requestFor([laptop, 1]))
    await expect(orders.cancel(caller, after.orderId, {}, { signal: controller.signal })).rejects.toBe(reason)
    expect(commits).toBe(1)
    await orders.close()
  })

  it("in the middle of the outbox leaves the events to be handed out again", async () => {
    const controller = new AbortController()
    const orders = await openShop()
    await orders.place(newCaller(), requestFor([laptop, 1]))
    let isCalled = false
    // A lease that is over before the event's turn comes leaves it to a longer one.
    const delivering = async (leaseMs: number): Promise<number> => {
      const delivered = await orders.auditTrail.deliver(
        () => {
          isCalled = true
          controller.abort(reason)
          return new Promise(() => {})
        },
        { signal: controller.signal, leaseMs }
      )
      return isCalled ? delivered : delivering(2 * leaseMs)
    }
    await expect(delivering(1)).rejects.toBe(reason)
    let delivered = 0
    while (delivered === 0) delivered = await orders.auditTrail.deliver(() => {})
    expect(delivered).toBe(1)
    await orders.close()
  })

  it("while it is listened to ends the listening", async () => {
    const controller = new AbortController()
    const orders = await openShop()
    const listening = (async () => {
      for await (const _ of orders.auditTrail.live({ signal: controller.signal })) controller.abort(reason)
    })()
    await orders.place(newCaller(), requestFor([laptop, 1]))
    await expect(listening).rejects.toBe(reason)
    await orders.close()
  })

  it("after it was answered makes no difference", async () => {
    const controller = new AbortController()
    const orders = await openShop()
    const caller = newCaller()
    const { after } = await orders.place(caller, requestFor([laptop, 1]), { signal: controller.signal })
    controller.abort(reason)
    expect(await orders.get(caller.tenantId, after.orderId)).toEqual(after)
    await orders.close()
  })

  it("by closing is unknown once a write was sent", async () => {
    const { store, reached, silence } = silent("rewriteNotes", false)
    const orders = await openShop({ store })
    const caller = newCaller()
    const { after } = await orders.place(caller, requestFor([laptop, 1]))
    silence()
    const rewriting = orders.rewriteNotes(caller.tenantId, after.orderId, { notes: "rewritten" })
    await reached
    const closing = orders.close({ graceMs: 0 })
    await expect(rewriting).rejects.toBeInstanceOf(OutcomeUnknown)
    await closing
  })
})

describe("a call that is not given up", () => {
  it("is refused as ever, with a signal or without", async () => {
    const orders = await openShop()
    const caller = newCaller()
    const { after } = await orders.place(caller, requestFor([laptop, 1]))
    const { orderId, customer } = (await orders.confirm(caller, after.orderId)).after
    await orders.startSubscription(caller, { orderId, customerId: customer.customerId, assetSerialNumber: newSerial() })
    const { signal } = new AbortController()
    await expect(orders.cancel(caller, orderId, {}, { signal })).rejects.toBeInstanceOf(OrderNotCancellable)
    await orders.close()
  })

  it("and finds the store unavailable is told so", async () => {
    const orders = await openShop({
      store: storeWith(() => ({ load: () => Effect.fail(new StoreUnavailable({ cause: "planted" })) }))
    })
    const { signal } = new AbortController()
    await expect(orders.get("a tenant", "an order", { signal })).rejects.toBeInstanceOf(StoreUnavailable)
    await orders.close()
  })
})

describe("a cancel on PostgreSQL that waits for somebody else's lock", () => {
  const url = fileDatabase()

  it("is unknown when it is given up, and finished by the server all the same", async () => {
    const orders = await openShop({ store: postgresStore({ url: url() }) })
    const caller = newCaller()
    const { after } = await orders.place(caller, requestFor([laptop, 1]))
    const controller = new AbortController()
    await Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql.withTransaction(
        Effect.gen(function* () {
          yield* sql`SELECT 1 FROM order_lifecycle.orders WHERE order_id = ${after.orderId}::text FOR UPDATE`
          const cancelling = orders.cancel(caller, after.orderId, {}, { signal: controller.signal })
          while (!(yield* waitForLocks(sql)(1)));
          controller.abort(reason)
          yield* Effect.promise(() => expect(cancelling).rejects.toMatchObject({ constructor: OutcomeUnknown, cause: reason }))
        })
      )
    }).pipe(Effect.provide(PostgresConnection.layer({ url: Redacted.make(url()), maxConnections: 2 })), Effect.runPromise)
    await expect.poll(async () => (await orders.get(caller.tenantId, after.orderId)).status).toBe("cancelled")
    await orders.close()
  })
})
