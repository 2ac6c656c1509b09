/** Guards of an embedding service's own, through every way in: the services on each store, promises, HTTP. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { ApiKeys } from "../../src/http/ApiKeys.ts"
import { toWebHandler } from "../../src/http/layer.ts"
import { WrongOption } from "../../src/lifecycle/options.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import type { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import { TenantId } from "../../src/order/Order.ts"
import { WrongProcess } from "../../src/order/process/WrongProcess.ts"
import { orderProcess } from "../../src/order/process/orderProcess.ts"
import { memoryStore } from "../../src/promise/memoryStore.ts"
import { openOrders } from "../../src/promise/openOrders.ts"
import { isRefusal } from "../../src/promise/refusals.ts"
import { embeddedStore } from "../support/embeddedFolder.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { sharedLayer } from "../support/sharedLayer.ts"
import { confirmedOrder, laptop, newCaller, newSerial, requestFor, shopOver } from "../support/world.ts"

/** Some things only a manager may do. */
const onlyManagers = orderProcess("our-shop")
  .guard("managersCancel", {
    before: "cancel",
    holds: ({ actor, command }) => actor.role === "manager" || command.reason === "fraud",
    refusal: { code: "MANAGERS_ONLY", message: "Only a manager may cancel.", remedy: "Ask a manager." }
  })
  .guard("oneDeviceEach", {
    before: "startSubscription",
    holds: ({ order }) => order.subscriptions.length === 0,
    refusal: { code: "ONE_DEVICE_EACH", message: "One device to a customer.", remedy: "Place another order." }
  })

const stores: Readonly<Record<string, Layer.Layer<OrderStore>>> = {
  "in memory": Layer.fresh(memory),
  embedded: Layer.orDie(embeddedStore),
  "on PostgreSQL": Layer.orDie(postgresStore)
}

describe.each(Object.entries(stores))("a guard of one's own, %s", (_, store) => {
  const run = sharedLayer(shopOver(store, { process: onlyManagers }))

  it("refuses a command, changes nothing, and is told again under its key", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { orderId } = yield* confirmedOrder(caller)
        const keyed = { ...caller, idempotencyKey: "key" }
        const words = {
          _tag: "OwnRefusal",
          guard: "managersCancel",
          code: "MANAGERS_ONLY",
          message: "Only a manager may cancel."
        }
        expect(yield* Effect.flip(lifecycle.cancel(keyed, orderId))).toMatchObject(words)
        expect((yield* lifecycle.get(caller.tenantId, orderId)).version).toBe(2)
        // A repeat under the key gets the first answer, whatever the guard would say now.
        const asManager = { ...keyed, actor: { userId: "eve", role: "manager" } }
        expect(yield* Effect.flip(lifecycle.cancel(asManager, orderId))).toMatchObject({ ...words, replayed: true })
        expect((yield* lifecycle.preview(caller, orderId, { type: "cancel" })).blockers).toMatchObject([
          { code: "MANAGERS_ONLY", guard: "managersCancel", remedy: "Ask a manager." }
        ])
        expect(yield* lifecycle.explain(caller, orderId, { type: "cancel", reason: "fraud" })).toEqual([])
        const { idempotencyKey: __, ...manager } = asManager
        expect((yield* lifecycle.cancel(manager, orderId)).after.status).toBe("cancelled")
      })
    ))

  it("decides on the order as it is when the command is committed, however many race", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { orderId, customer } = yield* confirmedOrder(caller, 5)
        const start = Effect.suspend(() =>
          lifecycle.startSubscription(caller, {
            orderId,
            customerId: customer.customerId,
            assetSerialNumber: newSerial(),
            sku: laptop
          })
        )
        const outcomes = yield* Effect.all(
          Array.from({ length: 5 }, () => Effect.result(start)),
          { concurrency: "unbounded" }
        )
        expect(outcomes.filter(Result.isSuccess)).toHaveLength(1)
        expect(outcomes.filter(Result.isFailure).map(({ failure }) => failure._tag)).toEqual(Array(4).fill("OwnRefusal"))
      })
    ))

  it("refuses each order of a cancelMany by itself", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const orders = [yield* confirmedOrder(caller), yield* confirmedOrder(caller)]
        const ids = orders.map(({ orderId }) => orderId)
        const outcomes = yield* lifecycle.cancelMany(caller, ids)
        expect(outcomes.map(({ outcome }) => Result.isFailure(outcome) && outcome.failure._tag)).toEqual([
          "OwnRefusal",
          "OwnRefusal"
        ])
        expect(
          (yield* lifecycle.cancelMany(caller, ids, { reason: "fraud" })).every(({ outcome }) => Result.isSuccess(outcome))
        ).toBe(true)
      })
    ))
})

describe("a process", () => {
  const faulty = orderProcess("x").guard("mine", {
    before: "cancel",
    holds: () => true,
    refusal: { code: "ALREADY_CANCELLED", message: "No.", remedy: "None." }
  })

  it("with a fault does not load, and neither does what is none", () => {
    expect(() => OrderLifecycle.layer({ process: faulty })).toThrow(WrongProcess)
    expect(() => OrderLifecycle.layer({ process: "mine" as never })).toThrow(WrongOption)
  })

  it("works through promises", async () => {
    await expect(openOrders({ store: memoryStore(), catalogue: [], process: faulty })).rejects.toThrow("the library's")
    const pricing = [{ contractLength: 12, monthlyPrice: 99_00 }]
    await using orders = await openOrders({
      store: memoryStore(),
      catalogue: [{ sku: "BIKE", productName: "Bike", isActive: true, currency: "EUR", pricing }],
      process: onlyManagers
    })
    const caller = { tenantId: "demo", actor: { userId: "ada" } }
    const { after } = await orders.place(caller, { ...requestFor(), items: [{ sku: "BIKE", quantity: 1 }] })
    const refused = await orders.cancel(caller, after.orderId).catch((error: unknown) => error)
    expect(isRefusal(refused) && refused.code).toBe("MANAGERS_ONLY")
    const manager = { ...caller, actor: { userId: "eve", role: "manager" } }
    expect((await orders.cancel(manager, after.orderId)).after.status).toBe("cancelled")
  })

  it.each([
    [undefined, 400],
    [{ MANAGERS_ONLY: 403 }, 403]
  ])("answers over HTTP with its own code and words; the status is 400 or as %j says", async (httpStatus, status) => {
    const keys = ApiKeys.layerStatic([
      { key: Redacted.make("secret"), actor: { userId: "ada" }, tenants: [TenantId.make("demo")] }
    ])
    const { handler, dispose } = toWebHandler(
      Layer.merge(shopOver(memory, { process: onlyManagers }), keys),
      httpStatus && { httpStatus }
    )
    const ask = (path: string, body: unknown) =>
      handler(
        new Request(`http://localhost${path}`, {
          method: "POST",
          headers: { host: "localhost", authorization: "Bearer secret", "tenant-id": "demo", "content-type": "application/json" },
          body: JSON.stringify(body)
        })
      )
    const { orderId } = (await (await ask("/v1/orders", requestFor([laptop, 1]))).json()) as { orderId: string }
    const headers = { host: "localhost", authorization: "Bearer secret", "tenant-id": "demo" }
    const possible = await handler(new Request(`http://localhost/v1/orders/${orderId}/commands`, { headers }))
    // The guard looks at the reason, so another input may pass it.
    const listed = (await possible.json()) as { readonly commands: ReadonlyArray<{ readonly name: string }> }
    const onOrder = listed.commands.filter(({ name }) => !name.endsWith("Subscription") && name !== "replaceAsset")
    expect({ ...listed, commands: onOrder }).toMatchObject({
      orderId,
      version: 1,
      status: "pending",
      commands: [
        { name: "confirm", possible: true, to: "confirmed", blockers: [] },
        { name: "addItems", possible: true, to: "pending", depends: true, blockers: [] },
        { name: "correct", possible: true, to: "pending", blockers: [] },
        { name: "recordPayment", possible: true, to: "pending", blockers: [] },
        {
          name: "release",
          possible: false,
          depends: true,
          blockers: [{ code: "NOTHING_WOULD_REMAIN", guard: "leavesHeldUnits" }]
        },
        { name: "cancel", possible: true, to: "cancelled", depends: true, blockers: [] }
      ]
    })
    const answer = await ask(`/v1/orders/${orderId}/cancel`, {})
    expect(answer.status).toBe(status)
    expect(await answer.json()).toEqual({ error: { code: "MANAGERS_ONLY", message: "Only a manager may cancel." } })
    await dispose()
  })

  it("can map its codes to no status that says something else", () => {
    for (const status of [200, 401, 404, 412, 422, 429, 500]) {
      const { handler } = { handler: () => toWebHandler(Layer.empty as never, { httpStatus: { MANAGERS_ONLY: status } }) }
      expect(handler, String(status)).toThrow("http.httpStatus.MANAGERS_ONLY: must be from 400 to 499")
    }
    expect(() => toWebHandler(Layer.empty as never, { httpStatus: { lower: 403 } })).toThrow("http.httpStatus")
  })

  it("can map no code that no rule gives", async () => {
    const services = Layer.merge(shopOver(memory, { process: onlyManagers }), ApiKeys.layerStatic([]))
    const { handler, dispose } = toWebHandler(services, { httpStatus: { MANAGER_ONLY: 403 } })
    await expect(handler(new Request("http://localhost/health"))).rejects.toThrow(
      "http.httpStatus.MANAGER_ONLY: the process refuses"
    )
    await dispose()
  })
})
