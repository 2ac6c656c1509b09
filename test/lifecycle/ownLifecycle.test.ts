/** A lifecycle of one's own through every way in: the services on each store, promises. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { Outbox, ordersUnder, OrderLifecycle } from "order-lifecycle"
import { memoryStore, openOrders } from "order-lifecycle/promise"
import { afterAll, describe, expect, expectTypeOf, it } from "vitest"
import * as Redacted from "effect/Redacted"
import { ApiKeys } from "../../src/http/ApiKeys.ts"
import { toWebHandler } from "../../src/http/layer.ts"
import { AuditTrail } from "../../src/lifecycle/AuditTrail.ts"
import type { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import { fold } from "../../src/order/evolve.ts"
import { OrderId, TenantId } from "../../src/order/Order.ts"
import { embeddedStore } from "../support/embeddedFolder.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { sharedLayer } from "../support/sharedLayer.ts"
import { shopProcess } from "../support/shopProcess.ts"
import { confirmedOrder, laptop, newCaller, newSerial, requestFor, shopOver } from "../support/world.ts"

const { orders, isEventOf } = ordersUnder(shopProcess)

const stores: Readonly<Record<string, Layer.Layer<OrderStore>>> = {
  "in memory": Layer.fresh(memory),
  embedded: Layer.orDie(embeddedStore),
  "on PostgreSQL": Layer.orDie(postgresStore)
}

describe.each(Object.entries(stores))("a lifecycle of one's own, %s", (_, store) => {
  const run = sharedLayer(shopOver(store, { process: shopProcess }))

  it("carries an order through statuses of its own, keeps its data, and tells its history whole", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const auditTrail = yield* AuditTrail
        const caller = newCaller()
        const { tenantId } = caller
        const placed = yield* orders.place(caller, requestFor([laptop, 2]), { data: { channel: "shop" } })
        const { orderId } = placed.after
        yield* lifecycle.confirm(caller, orderId)
        const foreseen = yield* orders.preview(caller, orderId, { type: "hold", why: "The address is unclear" })
        expect(foreseen).toMatchObject({ blockers: [], plan: { status: "onHold" } })
        expect(yield* orders.explain(caller, orderId, { type: "resume" })).toMatchObject([{ code: "NOT_ON_HOLD" }])
        expect(yield* orders.explain(caller, orderId, { type: "cancel", reason: "No more" })).toEqual([])
        // @ts-expect-error: the payload says why.
        yield* Effect.ignore(orders.preview(caller, orderId, { type: "hold" }))
        // @ts-expect-error: there is no such command.
        yield* Effect.ignore(Effect.sandbox(orders.explain(caller, orderId, { type: "pack" })))
        const held = yield* orders.apply(caller, orderId, "hold", { why: "The address is unclear", note: "Ask Grace" })
        expect(held.after).toMatchObject({ status: "onHold", version: 3, data: { channel: "shop" } })
        // As it is stored, and not only as it was decided.
        expect(yield* lifecycle.get(tenantId, orderId)).toEqual(held.after)
        expect(isEventOf("hold", held.event)).toBe(true)
        expect(isEventOf("resume", held.event)).toBe(false)
        if (isEventOf("hold", held.event)) expect(held.event.details.payload.why).toBe("The address is unclear")

        const start = (serial = newSerial()) =>
          lifecycle.startSubscription(caller, {
            orderId,
            customerId: placed.after.customer.customerId,
            assetSerialNumber: serial
          })
        expect(yield* Effect.flip(start())).toMatchObject({ _tag: "OwnRefusal", code: "ON_HOLD", guard: "isNotOnHold" })
        yield* orders.apply(caller, orderId, "resume")
        yield* start()
        const shipped = yield* orders.apply(caller, orderId, "ship")
        expect(shipped.after).toMatchObject({ status: "partial", data: { channel: "shop", shippedAt: shipped.event.at } })
        expect(yield* Effect.flip(orders.apply(caller, orderId, "ship"))).toMatchObject({ code: "SHIPPED_BEFORE" })
        expect(yield* lifecycle.get(tenantId, orderId)).toEqual(shipped.after)

        const history = yield* auditTrail.history(tenantId, orderId)
        expect(history.map(({ event }) => event.type)).toEqual([
          "order.placed",
          "order.confirmed",
          "order.held",
          "order.resumed",
          "subscription.started",
          "order.shipped"
        ])
        expect(fold(history.map(({ event }) => event))).toEqual(shipped.after)
        expect(yield* auditTrail.verify(tenantId, orderId)).toBeNull()
        // What is personal in a payload can be erased, and the chain verifies.
        yield* auditTrail.erase(tenantId, orderId, 3)
        expect((yield* auditTrail.history(tenantId, orderId))[2]?.event).toMatchObject({
          details: { payload: { why: "The address is unclear" } },
          confidential: {}
        })
        expect(yield* auditTrail.verify(tenantId, orderId)).toBeNull()
        expect(yield* lifecycle.get(tenantId, orderId)).toEqual(shipped.after)
      })
    ))

  it("gives an order that says nothing what the process begins with", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { orderId } = yield* confirmedOrder(caller)
        expect((yield* lifecycle.get(caller.tenantId, orderId)).data).toEqual({ channel: "web" })
      })
    ))

  it("refuses a payload and data that do not fit, naming what is wrong, and changes nothing", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { orderId } = yield* confirmedOrder(caller)
        const refused = (command: string, payload?: object) => Effect.flip(lifecycle.apply(caller, orderId, command, payload))
        const details = (path: string, code: string) => ({ _tag: "InvalidInput", details: [{ path, code }] })
        expect(yield* refused("hold")).toMatchObject(details("why", "required"))
        expect(yield* refused("hold", { why: "x", extra: 1 })).toMatchObject(details("extra", "unexpected"))
        expect(yield* refused("hold", { why: "a\u0000b" })).toMatchObject({
          _tag: "InvalidInput",
          details: [{ message: "must not contain U+0000" }]
        })
        expect(yield* refused("fly")).toMatchObject({ _tag: "InvalidInput", details: [{ path: "command" }] })
        const place = (data: unknown) => Effect.flip(lifecycle.place(caller, requestFor([laptop, 1]), { data: data as object }))
        expect(yield* place({ channel: "telephone" })).toMatchObject({
          _tag: "InvalidInput",
          details: [{ path: "data.channel" }]
        })
        expect(yield* place({})).toMatchObject(details("data.channel", "required"))
        expect((yield* lifecycle.get(caller.tenantId, orderId)).version).toBe(2)
        // The library's commands can be given by name, too.
        expect((yield* lifecycle.apply(caller, orderId, "cancel", { reason: "Enough" })).after.cancellation?.reason).toBe(
          "Enough"
        )
      })
    ))

  it("answers again under a key, and lets one of many that race be carried out", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { orderId } = yield* confirmedOrder(caller)
        const keyed = { ...caller, idempotencyKey: "hold" }
        const first = yield* orders.apply(keyed, orderId, "hold", { why: "Once" })
        const again = yield* orders.apply(keyed, orderId, "hold", { why: "Once" })
        expect(again).toEqual({ before: null, event: first.event, after: first.after, replayed: true })
        expect(yield* Effect.flip(orders.apply(keyed, orderId, "hold", { why: "Twice" }))).toMatchObject({
          _tag: "IdempotencyKeyReused"
        })

        const races = yield* Effect.forEach(
          Array.from({ length: 8 }),
          () => Effect.result(orders.apply(caller, orderId, "resume")),
          { concurrency: "unbounded" }
        )
        expect(races.filter(({ _tag }) => _tag === "Success")).toHaveLength(1)
        expect((yield* lifecycle.get(caller.tenantId, orderId)).version).toBe(4)
      })
    ))

  it("hands its events to consumers like any other", () =>
    run(
      Effect.gen(function* () {
        const outbox = yield* Outbox
        const caller = newCaller()
        const { tenantId } = caller
        yield* outbox.add("own", { tenantId })
        const { orderId } = yield* confirmedOrder(caller)
        yield* orders.apply(caller, orderId, "hold", { why: "Wait" })
        const seen: Array<string> = []
        // One event of an order at a time.
        for (const _ of ["placed", "confirmed", "held"])
          yield* outbox.deliver("own", ({ sealed }) => Effect.sync(() => void seen.push(sealed.event.type)), { tenantId })
        expect(seen).toEqual(["order.placed", "order.confirmed", "order.held"])
      })
    ))
})

describe("orders opened with a process", () => {
  it("give its commands by name, with its types", async () => {
    const opened = await openOrders({
      store: memoryStore(),
      catalogue: [
        {
          sku: "BIKE",
          productName: "Bike",
          isActive: true,
          currency: "EUR",
          pricing: [{ contractLength: 12, monthlyPrice: 99_00 }]
        }
      ],
      process: shopProcess
    })
    const ada = { tenantId: "demo", actor: { userId: "ada" } }
    const request = {
      customer: { email: "grace@example.com", firstName: "Grace", lastName: "Hopper" },
      billingAddress: { contactName: "Grace Hopper", streetAddress: "Quay 1", city: "Rotterdam", country: "NL" },
      items: [{ sku: "BIKE", quantity: 1 }]
    }
    const { after } = await opened.place(ada, request, { data: { channel: "shop" } })
    await opened.confirm(ada, after.orderId)
    expect((await opened.apply(ada, after.orderId, "hold", { why: "Wait" })).after.status).toBe("onHold")
    expect((await opened.apply(ada, after.orderId, "resume")).after.status).toBe("confirmed")
    await expect(opened.apply(ada, after.orderId, "resume")).rejects.toMatchObject({
      code: "NOT_ON_HOLD",
      remedy: "No action needed."
    })
    const { commands } = await opened.commands(ada, after.orderId)
    expect(commands.map(({ name }) => name)).toContain("ship")
    expectTypeOf(opened.apply<"hold">)
      .parameter(3)
      .toExtend<{ readonly why: string }>()
    void (() => {
      // @ts-expect-error: no such command
      void opened.apply(ada, after.orderId, "fly")
      // @ts-expect-error: the payload has no such member
      void opened.apply(ada, after.orderId, "hold", { because: "Wait" })
      // @ts-expect-error: the payload may not be left out
      void opened.apply(ada, after.orderId, "hold")
      // @ts-expect-error: the own data have no such value
      void opened.place(ada, request, { data: { channel: "telephone" } })
      // @ts-expect-error: no such command
      void orders.apply(newCaller(), OrderId.make("x"), "fly")
      // @ts-expect-error: the payload has no such member
      void orders.apply(newCaller(), OrderId.make("x"), "hold", { because: "Wait" })
    })
    await opened.close()
  })
})

describe("a lifecycle of one's own over HTTP", () => {
  const apiKeys = ApiKeys.layerStatic([{ key: Redacted.make("key"), actor: { userId: "ada" }, tenants: [TenantId.make("demo")] }])
  const service = toWebHandler(Layer.mergeAll(shopOver(memory, { process: shopProcess }), apiKeys, Logger.layer([])), {
    httpStatus: { SAY_MORE: 403, ON_HOLD: 409 }
  })
  const call = async (method: string, path: string, body?: object, headers: Record<string, string> = {}) => {
    const response = await service.handler(
      new Request(`http://orders.test${path}`, {
        method,
        headers: { authorization: "Bearer key", "tenant-id": "demo", "content-type": "application/json", ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) })
      })
    )
    return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, never> }
  }
  afterAll(() => service.dispose())

  it("has a path for each command, and shows status and data", async () => {
    const placed = await call("POST", "/v1/orders", requestFor([laptop, 2]))
    const { orderId } = placed.body
    expect(placed.body["order"]).toMatchObject({ status: "pending", data: { channel: "web" } })
    const hold = (body: object, headers = {}) => call("POST", `/v1/orders/${String(orderId)}/commands/hold`, body, headers)
    expect(await hold({ why: "Early" })).toMatchObject({ status: 400, body: { error: { code: "NOT_HOLDABLE" } } })
    await call("POST", `/v1/orders/${String(orderId)}/confirm`)
    expect(await hold({})).toMatchObject({
      status: 400,
      body: { error: { code: "VALIDATION_ERROR", details: [{ path: "why", message: "is required" }] } }
    })
    expect(await hold({ why: "because" })).toMatchObject({ status: 403, body: { error: { code: "SAY_MORE" } } })
    const keyed = { "idempotency-key": "hold" }
    const held = await hold({ why: "Wait", unknown: "is dropped" }, keyed)
    expect(held).toMatchObject({
      status: 200,
      body: { success: true, message: "hold was carried out", orderId, order: { status: "onHold", data: { channel: "web" } } }
    })
    const again = await hold({ why: "Wait", unknown: "is dropped" }, keyed)
    expect([again.status, again.body, again.headers.get("idempotent-replayed")]).toEqual([200, held.body, "true"])
    expect((await call("GET", `/v1/orders?status=onHold`)).body["orders"]).toMatchObject([{ orderId, status: "onHold" }])
    expect(await call("GET", `/v1/orders?status=onhold`)).toMatchObject({
      status: 400,
      body: { error: { code: "VALIDATION_ERROR" } }
    })
    const { body } = await call("GET", `/v1/orders/${String(orderId)}/commands`)
    expect(body["commands"]).toContainEqual({ name: "resume", possible: true, to: "confirmed", blockers: [] })
    const events = (await call("GET", `/v1/orders/${String(orderId)}/events`)).body["events"] as unknown
    expect(events).toMatchObject([{ type: "order.placed" }, { type: "order.confirmed" }, { type: "order.held", to: "onHold" }])
    const resume = (body?: object) => call("POST", `/v1/orders/${String(orderId)}/commands/resume`, body)
    expect(await resume({ unknown: "is dropped" })).toMatchObject({ status: 200, body: { order: { status: "confirmed" } } })
    expect(await resume()).toMatchObject({ status: 400, body: { error: { code: "NOT_ON_HOLD" } } })
  })

  it("takes the own data of an order, and refuses those that do not fit", async () => {
    const place = (data: object) => call("POST", "/v1/orders", { ...requestFor([laptop, 1]), data })
    expect(await place({ channel: "shop" })).toMatchObject({ status: 201, body: { order: { data: { channel: "shop" } } } })
    expect(await place({ channel: "telephone" })).toMatchObject({
      status: 400,
      body: { error: { code: "VALIDATION_ERROR", details: [{ path: "data.channel" }] } }
    })
    expect(await place("web" as never)).toMatchObject({ status: 400, body: { error: { details: [{ path: "data" }] } } })
    const { body } = await call("GET", "/openapi.json")
    expect(JSON.stringify((body as unknown as OpenApiDocument).paths["/v1/orders"])).toContain('"data":')
  })

  it("has no path for what is no command, and takes the same care of every path", async () => {
    expect((await call("POST", "/v1/orders/x/commands/fly", {})).status).toBe(404)
    expect((await call("POST", "/v1/orders/x/commands/cancel", {})).status).toBe(404)
    expect((await call("GET", "/v1/orders/x/commands/hold")).status).toBe(405)
    expect((await call("POST", "/v1/orders/x/commands/hold", { why: "?" })).status).toBe(404)
    expect((await call("POST", "/v1/orders/x/commands/hold?dry=1", { why: "?" })).status).toBe(400)
  })

  it("describes its commands, codes and statuses", async () => {
    const { body } = await call("GET", "/openapi.json")
    const { paths } = body as unknown as OpenApiDocument
    const { post } = paths["/v1/orders/{orderId}/commands/hold"] ?? {}
    expect(post).toMatchObject({
      operationId: "holdCommand",
      tags: ["Commands"],
      requestBody: { content: { "application/json": { schema: { required: ["why"], properties: { why: { type: "string" } } } } } }
    })
    const told = JSON.stringify(body)
    for (const code of ["NOT_HOLDABLE", "SAY_MORE", "NOT_ON_HOLD"]) expect(told).toContain(`"${code}"`)
    expect(post?.responses["403"]).toBeDefined()
    // What a process refuses a command of the library with is told of that command.
    const { responses: ofCancel } = paths["/v1/orders/{orderId}/cancel"]?.["post"] ?? {}
    expect(JSON.stringify(ofCancel?.["400"])).toContain('["CANCELLATION_WINDOW_CLOSED"]')
    expect(JSON.stringify(ofCancel?.["400"])).toContain("#/components/schemas/CancelOrderRefused")
    expect(JSON.stringify(paths["/v1/subscriptions"]?.["post"]?.responses["409"])).toContain('["ON_HOLD"]')
    expect(JSON.stringify(paths["/v1/orders/{orderId}/confirm"])).not.toContain("CANCELLATION_WINDOW_CLOSED")
    const statuses = ["pending", "confirmed", "partial", "fulfilled", "cancelled", "onHold"]
    expect(JSON.stringify(paths["/v1/orders"]?.["get"])).toContain(JSON.stringify(statuses))
  })
})

interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: Readonly<Record<string, unknown>> }>>>>
}
