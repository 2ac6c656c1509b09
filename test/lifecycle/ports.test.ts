/** What an embedding service gives besides commands is read: answers of its ports, deposits, and the options of everything it builds. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { afterAll, describe, expect, it } from "vitest"
import * as EmbeddedConnection from "../../src/embedded/EmbeddedConnection.ts"
import { ApiKeys, readIdentity, readTenant } from "../../src/http/ApiKeys.ts"
import { App } from "../../src/http/app.ts"
import { toWebHandler } from "../../src/http/layer.ts"
import * as nodeServer from "../../src/http/nodeServer.ts"
import { type Asset, Assets } from "../../src/lifecycle/Assets.ts"
import { Catalogue } from "../../src/lifecycle/Catalogue.ts"
import { WrongAnswer, WrongOption } from "../../src/lifecycle/options.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import type { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import type { Variant } from "../../src/order/commands/priceLines.ts"
import * as PostgresConnection from "../../src/postgres/PostgresConnection.ts"
import * as PostgresOrderRecords from "../../src/postgres/PostgresOrderRecords.ts"
import { memoryStore } from "../../src/promise/memoryStore.ts"
import { openOrders } from "../../src/promise/openOrders.ts"
import { simulate } from "../../src/simulation/compare.ts"
import { exploreSchedules } from "../../src/testing/exploreSchedules.ts"
import { variants } from "../../src/testing/shop.ts"
import { verify } from "../../src/verify/verify.ts"
import { embeddedStore } from "../support/embeddedFolder.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { laptop, newCaller, newSerial, requestFor, shopOver } from "../support/world.ts"

const wrong = (input: unknown) => input as never

/** A shop whose catalogue and registry answer what a test says. */
const ports: { catalogue: () => unknown; registry: () => unknown } = { catalogue: () => new Map(), registry: () => ({}) }
const known: Asset = { known: true, available: true }
const [sold] = variants as readonly [Variant]
const selling = (change: object) => () => new Map([[laptop, { ...sold, ...change }]])
const priced = (change: object) => selling({ pricing: [{ contractLength: 12, monthlyPrice: 9_900, ...change }] })

const stores: Readonly<Record<string, Layer.Layer<OrderStore>>> = {
  "in memory": Layer.fresh(memory),
  "on PostgreSQL": Layer.orDie(postgresStore),
  "in a folder": Layer.orDie(embeddedStore)
}

describe.each(Object.entries(stores))("the answer of a port, %s,", (_, store) => {
  const runtime = ManagedRuntime.make(
    OrderLifecycle.layer().pipe(
      Layer.provideMerge(store),
      Layer.provide([
        Layer.succeed(Catalogue, { find: () => Effect.sync(() => wrong(ports.catalogue())) }),
        Layer.succeed(Assets, { find: () => Effect.sync(() => wrong(ports.registry())) })
      ])
    )
  )
  afterAll(() => runtime.dispose())
  const dies = async (program: Effect.Effect<unknown, unknown, OrderLifecycle>) => {
    const exit = await runtime.runPromise(Effect.exit(program))
    return Exit.isFailure(exit) && Cause.hasDies(exit.cause) ? Cause.squash(exit.cause) : exit
  }

  it.each<[message: string, answer: () => unknown]>([
    ["[LAPTOP].pricing[0].monthlyPrice: ", priced({ monthlyPrice: "9900" })],
    ["[LAPTOP].pricing[0].monthlyPrice: ", priced({ monthlyPrice: 99.5 })],
    ["[LAPTOP].pricing[0].monthlyPrice: ", priced({ monthlyPrice: -5 })],
    ["[LAPTOP].pricing[0].contractLength: ", priced({ contractLength: 12.5 })],
    ["[LAPTOP].pricing: must price each contract length once", selling({ pricing: [...sold.pricing, ...sold.pricing] })],
    ["[LAPTOP].currency: ", selling({ currency: "eur" })],
    // Known by ISO 4217, but without a minor unit; and one that is no longer in use.
    ["[LAPTOP].currency: ", selling({ currency: "XXX" })],
    ["[LAPTOP].currency: ", selling({ currency: "HRK" })],
    ["[LAPTOP].productName: ", selling({ productName: "" })],
    ["[LAPTOP].isActive: ", selling({ isActive: "yes" })],
    ["[LAPTOP].sku: must be the SKU that was asked for", selling({ sku: "OTHER" })],
    ["[LAPTOP]: ", () => new Map([[laptop, null]])],
    ["must answer with a Map from SKU to variant", () => [sold]],
    ["must answer with a Map from SKU to variant", () => undefined]
  ])("that a catalogue gives is a defect that names the field, and nothing is stored: %s", async (message, answer) => {
    const caller = { ...newCaller(), idempotencyKey: "key" }
    ports.catalogue = answer
    const place = Effect.flatMap(OrderLifecycle, (lifecycle) => lifecycle.place(caller, requestFor([laptop, 1])))
    const defect = await dies(place)
    expect(defect).toBeInstanceOf(WrongAnswer)
    expect(String(defect)).toContain(`Catalogue.find: ${message}`)
    const list = Effect.flatMap(OrderLifecycle, (lifecycle) => lifecycle.list(caller.tenantId))
    expect((await runtime.runPromise(list)).items).toEqual([])
    // Once the catalogue is mended, the same request under the same key places the order.
    ports.catalogue = selling({})
    expect((await runtime.runPromise(place)).after.lines[0]).toMatchObject({ sku: laptop, unitPrice: 11_900 })
  })

  it.each<[message: string, answer: unknown]>([
    ["known: ", {}],
    ["known: ", { known: "yes" }],
    ["available: ", { known: true }],
    ["sku: ", { known: true, available: true, sku: "" }],
    ["", null]
  ])("that a registry gives is a defect that names the field, and nothing is started: %s", async (message, answer) => {
    const caller = newCaller()
    ports.catalogue = selling({})
    ports.registry = () => answer
    const order = await runtime.runPromise(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const { after } = yield* lifecycle.place(caller, requestFor([laptop, 1]))
        return (yield* lifecycle.confirm(caller, after.orderId)).after
      })
    )
    const request = { orderId: order.orderId, customerId: order.customer.customerId, assetSerialNumber: newSerial() }
    const start = Effect.flatMap(OrderLifecycle, (lifecycle) => lifecycle.startSubscription(caller, request))
    const defect = await dies(start)
    expect(defect).toBeInstanceOf(WrongAnswer)
    expect(String(defect)).toContain(`Assets.find: ${message}`)
    ports.registry = () => known
    expect((await runtime.runPromise(start)).after.version).toBe(3)
  })

  it.each([
    ["payment.paidAmount", { paidAmount: 1.5 }],
    ["payment.paidAmount", { paidAmount: -1 }],
    ["payment.status", { status: "perhaps" }],
    ["payment", 7]
  ])("is not asked for where the deposit cannot be used: %s", async (path, payment) => {
    const caller = newCaller()
    let asked = 0
    ports.catalogue = () => {
      asked++
      return selling({})()
    }
    const place = Effect.flatMap(OrderLifecycle, (lifecycle) =>
      lifecycle.place(caller, requestFor([laptop, 1]), { payment: wrong(payment) })
    )
    expect(await runtime.runPromise(Effect.flip(place))).toMatchObject({ _tag: "InvalidInput", details: [{ path }] })
    expect(asked).toBe(0)
    const list = Effect.flatMap(OrderLifecycle, (lifecycle) => lifecycle.list(caller.tenantId))
    expect((await runtime.runPromise(list)).items).toEqual([])
  })
})

describe("the identity behind an API key", () => {
  it.each<[message: string, answer: unknown]>([
    ["actor: ", { tenants: new Set() }],
    ["actor.userId: ", { actor: { userId: "" }, tenants: new Set() }],
    ["tenants: must be a Set", { actor: { userId: "ada" }, tenants: ["demo"] }]
  ])("is read: %s", (message, answer) => {
    expect(() => readIdentity(wrong(answer))).toThrow(`ApiKeys.identify: ${message}`)
    expect(readIdentity(null)).toBeNull()
  })

  it("is read up to the tenant that a request is for", () => {
    expect(() => readTenant("x".repeat(200), "tenants")).toThrow("ApiKeys.identify: tenants: ")
    expect(readTenant("demo", "tenants")).toBe("demo")
  })
})

describe("an option that cannot be used", () => {
  const key = { key: Redacted.make("secret"), actor: { userId: "ada" }, tenants: ["demo"] }
  it.each<[message: string, build: () => unknown]>([
    [
      'OrderLifecycle.layer.cancellationPolicy: Expected "noActiveSubscriptions" | "beforeFulfilment"',
      () => OrderLifecycle.layer({ cancellationPolicy: wrong("mine") })
    ],
    [
      "OrderLifecycle.layer.cancelationPolicy: is not an option; the options are cancellationPolicy",
      () => OrderLifecycle.layer(wrong({ cancelationPolicy: "beforeFulfilment" }))
    ],
    ["OrderLifecycle.layer: Expected object", () => OrderLifecycle.layer(wrong("beforeFulfilment"))],
    [
      "Catalogue.layerStatic[0].pricing[0].monthlyPrice: ",
      () => Catalogue.layerStatic([{ ...sold, pricing: [{ contractLength: 12, monthlyPrice: 99.5 }] }])
    ],
    ["Catalogue.layerStatic[0].currency: ", () => Catalogue.layerStatic([{ ...sold, currency: wrong("XXX") }])],
    ["Catalogue.layerStatic[0].sku: ", () => Catalogue.layerStatic([{ ...sold, sku: wrong("LAPTOP ") }])],
    ["Catalogue.layerStatic[1].sku: is in the list already", () => Catalogue.layerStatic([sold, sold])],
    ["Assets.layerStatic[0][1]: ", () => Assets.layerStatic([[newSerial(), wrong("")]])],
    ["ApiKeys.layerStatic[0].key: ", () => ApiKeys.layerStatic(wrong([{ ...key, key: "secret" }]))],
    ["ApiKeys.layerStatic[0].actor.userId: ", () => ApiKeys.layerStatic(wrong([{ ...key, actor: {} }]))],
    [
      'ApiKeys.layerStatic[0].actor.role: must be "read-only", to the letter: a key with any other role may do everything',
      () => ApiKeys.layerStatic(wrong([{ ...key, actor: { userId: "ada", role: "readOnly" } }]))
    ],
    ["ApiKeys.layerStatic[0].tenants[0]: ", () => ApiKeys.layerStatic(wrong([{ ...key, tenants: [""] }]))],
    ["http.limits.burst: ", () => App.layer({ limits: { burst: 0 } })],
    ["http.limits.requestsPerSecond: ", () => App.layer({ limits: { requestsPerSecond: wrong("10") } })],
    ["http.limits.perSecond: is not an option", () => App.layer({ limits: wrong({ perSecond: 1 }) })],
    ["http.limit: is not an option; the options are limits", () => toWebHandler(wrong(memory), wrong({ limit: {} }))],
    ["nodeServer.host: is required", () => nodeServer.layer(wrong({ port: 0 }))],
    ["nodeServer.host: is required", () => nodeServer.layer(wrong({ port: 0, host: undefined }))],
    ["nodeServer.port: ", () => nodeServer.layer({ host: "127.0.0.1", port: 65_536 })],
    [
      "nodeServer.grace: must be a length of time",
      () => nodeServer.layer({ host: "127.0.0.1", port: 0, grace: wrong("ten seconds") })
    ],
    [
      "nodeServer.timeouts.idleTimeout: ",
      () => nodeServer.layer({ host: "127.0.0.1", port: 0, timeouts: { idleTimeout: wrong("1 second") } })
    ],
    ["PostgresConnection.layer.url: ", () => PostgresConnection.layer(wrong({ url: "postgres://user:secret@localhost/orders" }))],
    [
      "PostgresConnection.layer.maxConnections: ",
      () => PostgresConnection.layer({ url: Redacted.make("postgres://localhost/orders"), maxConnections: 0 })
    ],
    ["PostgresOrderRecords.layer.idleAfter: ", () => PostgresOrderRecords.layer({ idleAfter: wrong("soon") })],
    ["EmbeddedConnection.layer: folder: ", () => EmbeddedConnection.layer(wrong(undefined))],
    ["verify.cancellationPolicy: ", () => verify({ cancellationPolicy: wrong("mine") })],
    ["verify.heads: must be a Stream", () => verify({ heads: wrong([]) })],
    ["simulate.seeds[0]: ", () => simulate({ scenario: wrong({}), seeds: [wrong("1")] })],
    ["simulate.scenario: is required", () => simulate(wrong({ seeds: [1] }))]
  ])("is refused where it is given, with what it could be: %s", (message, build) => {
    let fault: unknown
    try {
      build()
    } catch (error) {
      fault = error
    }
    expect(fault).toBeInstanceOf(WrongOption)
    expect(String(fault)).toContain(message)
    expect(String(fault)).not.toContain("secret")
  })

  it("is a defect of a search for schedules, which is an effect", async () => {
    const exit = await Effect.runPromiseExit(
      Effect.provide(
        exploreSchedules(wrong({ before: [], calls: [] }), { atMost: 0 }),
        shopOver(memory).pipe(Layer.provideMerge(memory))
      )
    )
    expect(String(Exit.isFailure(exit) && Cause.squash(exit.cause))).toContain("exploreSchedules.atMost: ")
  })

  it("is refused by the promises of a call, too", async () => {
    const orders = await openOrders({ store: memoryStore(), catalogue: [] })
    await expect(orders.list("demo", {}, { signal: wrong({}) })).rejects.toThrow("signal: must be an AbortSignal")
    await expect(orders.close({ graceMs: wrong("soon") })).rejects.toThrow("close.graceMs: ")
    expect((await orders.list("demo")).items).toEqual([])
    await orders.close()
  })

  it("is not what is left out", () => {
    expect(Layer.isLayer(OrderLifecycle.layer())).toBe(true)
    expect(Layer.isLayer(OrderLifecycle.layer(wrong({ cancellationPolicy: undefined })))).toBe(true)
    expect(Layer.isLayer(App.layer({}))).toBe(true)
  })
})
