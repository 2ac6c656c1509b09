/** The registry of assets, as the services keep it: beside orders, moved by their commands, and replaced by a registry of one's own. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import { describe, expect, it } from "vitest"
import { logDisagreements } from "../../src/http/logDisagreements.ts"
import { AssetRegistry } from "../../src/lifecycle/AssetRegistry.ts"
import { Assets } from "../../src/lifecycle/Assets.ts"
import type { Caller } from "../../src/lifecycle/Caller.ts"
import { Catalogue } from "../../src/lifecycle/Catalogue.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import type { OrderRecords } from "../../src/lifecycle/OrderRecords.ts"
import type { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { Reservations } from "../../src/lifecycle/Reservations.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import { type Order, SerialNumber, Sku } from "../../src/order/Order.ts"
import { variants } from "../../src/testing/shop.ts"
import { verify } from "../../src/verify/verify.ts"
import { embeddedStore } from "../support/embeddedFolder.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { sharedLayer } from "../support/sharedLayer.ts"
import { confirmedOrder, laptop, monitor, newCaller, newSerial, retired, shopOver } from "../support/world.ts"

const stores: Readonly<Record<string, Layer.Layer<OrderStore | OrderRecords, unknown>>> = {
  "in memory": Layer.fresh(memory),
  "on PostgreSQL": postgresStore,
  "in a folder": embeddedStore
}

const device = (serialNumber: SerialNumber, more: object = {}) =>
  ({ serialNumber, sku: laptop, productName: "The laptop", status: "available", ...more }) as const

const starting = ({ orderId, customer }: Order, assetSerialNumber: SerialNumber, more: object = {}) => ({
  orderId,
  assetSerialNumber,
  customerId: customer.customerId,
  ...more
})

const codeOf = <A, E, R>(call: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(call), (error) => (error as { readonly code?: string }).code)

const under = (caller: Caller, idempotencyKey: string): Caller => ({ ...caller, idempotencyKey })

describe.each(Object.entries(stores))("with the registry on, %s,", (_, store) => {
  const run = sharedLayer(shopOver(store, { assetRegistry: "on" }))

  it("a subscription needs an asset that is registered and available, and takes it", () =>
    run(
      Effect.gen(function* () {
        const [lifecycle, registry, reservations] = [yield* OrderLifecycle, yield* AssetRegistry, yield* Reservations]
        const caller = newCaller()
        const { tenantId } = caller
        const order = yield* confirmedOrder(caller, 3)
        const [serial, other, broken] = [newSerial(), newSerial(), newSerial()]
        expect(yield* codeOf(lifecycle.startSubscription(caller, starting(order, serial)))).toBe("ASSET_NOT_FOUND")
        yield* registry.register(caller, device(serial))
        yield* registry.register(caller, device(other, { sku: monitor }))
        yield* registry.register(caller, device(broken, { status: "unavailable" }))
        expect(yield* reservations.stock(tenantId, laptop)).toEqual({ reserved: 3, rented: 0, available: 1 })
        expect(yield* codeOf(lifecycle.startSubscription(caller, starting(order, other)))).toBe("SKU_MISMATCH")
        expect(yield* codeOf(lifecycle.startSubscription(caller, starting(order, broken)))).toBe("ASSET_NOT_AVAILABLE")
        const started = yield* lifecycle.startSubscription(caller, starting(order, serial))
        const { subscriptionId } = started.event.details
        expect(started.event.details).toMatchObject({ serialNumber: serial, assetIsRegistered: true })
        const { customerId } = order.customer
        expect(yield* registry.get(tenantId, serial)).toMatchObject({ status: "rented_out", subscriptionId, customerId })
        expect(yield* reservations.stock(tenantId, laptop)).toEqual({ reserved: 2, rented: 1, available: 0 })
        expect(yield* codeOf(lifecycle.startSubscription(caller, starting(order, serial)))).toBe("ASSET_NOT_AVAILABLE")
        // By hand, it is not touched while the subscription has it, but for what is noted of it.
        for (const status of ["available", "returned", "unavailable"] as const) {
          expect(yield* codeOf(registry.change(caller, serial, { status }))).toBe("ASSET_IN_USE")
        }
        for (const status of ["rented_out", "sold"] as const) {
          expect(yield* codeOf(registry.change(caller, serial, { status }))).toBe("INVALID_STATUS")
        }
        expect(yield* codeOf(registry.withdraw(caller, serial))).toBe("ASSET_IN_USE")
        expect((yield* registry.change(caller, serial, { notes: "with charger" })).after).toMatchObject({ subscriptionId })
        // A cancel leaves it with the customer until its return is recorded.
        yield* lifecycle.cancelSubscription(caller, { rentalId: subscriptionId, reason: "other" })
        expect(yield* registry.get(tenantId, serial)).toMatchObject({ status: "rented_out", subscriptionId })
        expect(yield* codeOf(lifecycle.startSubscription(caller, starting(order, serial)))).toBe("ASSET_NOT_AVAILABLE")
        yield* registry.change(caller, serial, { status: "returned", reason: "brought back" })
        expect(yield* codeOf(lifecycle.startSubscription(caller, starting(order, serial)))).toBe("ASSET_NOT_AVAILABLE")
        const { after } = yield* registry.change(caller, serial, { status: "available" })
        expect([after.status, after.subscriptionId, after.customerId]).toEqual(["available", undefined, undefined])
        yield* lifecycle.startSubscription(caller, starting(order, serial))
        const history = yield* registry.history(tenantId, serial)
        expect(history.map(({ from, reason, asset }) => [from, asset.status, reason])).toEqual([
          [null, "available", undefined],
          ["rented_out", "rented_out", undefined],
          ["rented_out", "returned", "brought back"],
          ["returned", "available", undefined]
        ])
        expect(history.every(({ by }) => by.userId === caller.actor.userId)).toBe(true)
      })
    ))

  it("a preview and a command say the same of an asset", () =>
    run(
      Effect.gen(function* () {
        const [lifecycle, registry] = [yield* OrderLifecycle, yield* AssetRegistry]
        const caller = newCaller()
        const order = yield* confirmedOrder(caller)
        const serial = newSerial()
        const { orderId, ...request } = starting(order, serial)
        const blockers = Effect.map(lifecycle.explain(caller, orderId, { type: "startSubscription", ...request }), (all) =>
          all.map(({ code }) => code)
        )
        expect(yield* blockers).toEqual(["ASSET_NOT_FOUND"])
        yield* registry.register(caller, device(serial, { status: "returned" }))
        expect(yield* blockers).toEqual(["ASSET_NOT_AVAILABLE"])
        yield* registry.change(caller, serial, { status: "available" })
        expect(yield* blockers).toEqual([])
      })
    ))

  it("an answer is given again under its key: a registration, a change, and a refusal", () =>
    run(
      Effect.gen(function* () {
        const registry = yield* AssetRegistry
        const caller = newCaller()
        const { tenantId } = caller
        const serial = newSerial()
        const first = yield* registry.register(under(caller, "K-1"), device(serial, { notes: "new" }))
        yield* registry.change(under(caller, "K-2"), serial, { status: "unavailable", reason: "broken" })
        const again = yield* registry.register(under(caller, "K-1"), device(serial, { notes: "new" }))
        expect(again).toEqual({ ...first, replayed: true })
        expect("replayed" in first).toBe(false)
        const changed = yield* registry.change(under(caller, "K-2"), serial, { status: "unavailable", reason: "broken" })
        expect(changed).toMatchObject({ replayed: true, before: null, after: { status: "unavailable", version: 2 } })
        expect((yield* registry.get(tenantId, serial)).version).toBe(2)
        const refusal = yield* Effect.flip(registry.change(under(caller, "K-3"), serial, { status: "sold" }))
        expect([refusal._tag, "replayed" in refusal]).toEqual(["InvalidAssetStatus", false])
        yield* registry.change(caller, serial, { status: "available" })
        const refusedAgain = yield* Effect.flip(registry.change(under(caller, "K-3"), serial, { status: "sold" }))
        expect(refusedAgain).toMatchObject({ _tag: "InvalidAssetStatus", from: "unavailable", replayed: true })
        const others: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
          registry.change(under(caller, "K-1"), serial, { notes: "x" }),
          registry.register(under(caller, "K-1"), device(serial)),
          registry.withdraw(under(caller, "K-2"), serial, { reason: "broken" })
        ]
        for (const other of others) expect(yield* codeOf(other)).toBe("IDEMPOTENCY_KEY_REUSED")
        // A key is the tenant's, whatever it was given for.
        const order = yield* confirmedOrder(caller)
        const lifecycle = yield* OrderLifecycle
        expect(yield* codeOf(lifecycle.cancel(under(caller, "K-1"), order.orderId))).toBe("IDEMPOTENCY_KEY_REUSED")
        yield* lifecycle.cancel(under(caller, "K-9"), order.orderId)
        expect(yield* codeOf(registry.withdraw(under(caller, "K-9"), serial))).toBe("IDEMPOTENCY_KEY_REUSED")
      })
    ))

  it("registering asks the catalogue, and the subscriptions", () =>
    run(
      Effect.gen(function* () {
        const registry = yield* AssetRegistry
        const caller = newCaller()
        const serial = newSerial()
        const register = (more: object) => codeOf(registry.register(caller, device(serial, more)))
        expect(yield* register({ sku: Sku.make("NONE") })).toBe("VARIANT_NOT_FOUND")
        expect(yield* register({ sku: retired })).toBe("VARIANT_INACTIVE")
        expect(yield* register({ status: "rented_out" })).toBe("INVALID_STATUS")
        yield* registry.register(caller, device(serial, { status: "sold" }))
        expect(yield* register({})).toBe("ASSET_EXISTS")
        expect(yield* codeOf(registry.change(caller, serial, { status: "available" }))).toBe("INVALID_STATUS")
        expect(yield* codeOf(registry.change(caller, newSerial(), { status: "available" }))).toBe("NOT_FOUND")
        expect(yield* codeOf(registry.get(newCaller().tenantId, serial))).toBe("NOT_FOUND")
        expect(yield* codeOf(registry.withdraw(newCaller(), serial))).toBe("NOT_FOUND")
      })
    ))

  it("what comes in is read whole, or refused by name", () =>
    run(
      Effect.gen(function* () {
        const registry = yield* AssetRegistry
        const caller = newCaller()
        const serial = newSerial()
        yield* registry.register(caller, device(serial))
        const details = (call: Effect.Effect<unknown, unknown>) =>
          Effect.map(Effect.flip(call), (error) => {
            const given = error as { readonly _tag: string; readonly details: ReadonlyArray<{ readonly path: string }> }
            expect(given._tag).toBe("InvalidInput")
            return [...new Set(given.details.map(({ path }) => path))]
          })
        const register = (more: object) => details(registry.register(caller, { ...device(newSerial()), ...more }))
        const change = (request: unknown) => details(registry.change(caller, serial, request as never))
        for (const [member, values] of Object.entries({
          serialNumber: ["", " A", "A\u200b", "nai\u0308ve", "A\u0000", "A".repeat(129), 7, null],
          sku: ["", "LAPTOP ", "\ufeffLAPTOP", {}],
          productName: ["", "\ud800", "x".repeat(1_001), []],
          status: ["reserved", "Available", "", 1, "__proto__", "toString"],
          location: ["\u0000", "x".repeat(1_001), null],
          notes: ["\ud800", "x".repeat(5_001), 0],
          version: [7],
          tenantId: ["other"],
          customerId: ["someone"]
        })) {
          for (const value of values)
            expect(yield* register({ [member]: value }), `${member} ${JSON.stringify(value)}`).toEqual([member])
        }
        for (const [member, value] of [
          ["status", "lost"],
          ["location", null],
          ["notes", "x".repeat(5_001)],
          ["reason", "x".repeat(1_001)],
          ["sku", "MONITOR"],
          ["serialNumber", "other"]
        ] as const) {
          expect(yield* change({ notes: "n", [member]: value })).toEqual([member])
        }
        for (const nothing of [{}, { reason: "none" }]) expect(yield* change(nothing)).toEqual([""])
        for (const wrong of [null, [], "available", 7]) expect((yield* change(wrong)).length).toBeGreaterThan(0)
        expect(yield* details(registry.get(caller.tenantId, "" as never))).toEqual(["serialNumber"])
        expect(yield* details(registry.list(caller.tenantId, { limit: 0 }))).toEqual(["limit"])
        expect(yield* details(registry.list(caller.tenantId, { status: ["none"] } as never))).toEqual(["status[0]"])
        expect(yield* details(registry.list(caller.tenantId, { startAfter: "bm9uZQ" }))).toEqual(["startAfter"])
        // Nothing of all that was done.
        expect((yield* registry.list(caller.tenantId)).items.map(({ version }) => version)).toEqual([1])
      })
    ))

  it("a list goes from page to page by its cursor, which is of no other list", () =>
    run(
      Effect.gen(function* () {
        const registry = yield* AssetRegistry
        const caller = newCaller()
        const { tenantId } = caller
        for (let n = 0; n < 5; n++)
          yield* registry.register(caller, device(SerialNumber.make(`S-${n}`), n > 2 ? { status: "sold" } : {}))
        const first = yield* registry.list(tenantId, { limit: 2, sortBy: "serialNumber", sortDir: "asc" })
        expect(first.items.map(({ serialNumber }) => serialNumber)).toEqual(["S-0", "S-1"])
        const startAfter = first.nextCursor ?? ""
        const second = yield* registry.list(tenantId, { limit: 2, sortBy: "serialNumber", sortDir: "asc", startAfter })
        expect(second.items.map(({ serialNumber }) => serialNumber)).toEqual(["S-2", "S-3"])
        expect(yield* codeOf(registry.list(tenantId, { sortBy: "status", startAfter }))).toBe("VALIDATION_ERROR")
        expect((yield* registry.list(tenantId, { status: "sold" })).items.length).toBe(2)
        const byStatus = yield* registry.list(tenantId, { sortBy: "status", sortDir: "asc", limit: 3 })
        const rest = yield* registry.list(tenantId, { sortBy: "status", sortDir: "asc", startAfter: byStatus.nextCursor ?? "" })
        expect([...byStatus.items, ...rest.items].map(({ status }) => status)).toEqual([
          "available",
          "available",
          "available",
          "sold",
          "sold"
        ])
      })
    ))

  it("verify finds nothing wrong with any of it", () =>
    run(
      Effect.gen(function* () {
        const found = yield* Stream.runCollect(verify())
        expect([...found].filter(({ id }) => id === "S7")).toEqual([])
      })
    ))
})

describe.each(Object.entries(stores))("with the registry off, %s,", (_, store) => {
  const run = sharedLayer(shopOver(store))

  it("any serial number may be rented, and no asset is moved", () =>
    run(
      Effect.gen(function* () {
        const [lifecycle, registry, reservations] = [yield* OrderLifecycle, yield* AssetRegistry, yield* Reservations]
        const caller = newCaller()
        const { tenantId } = caller
        const order = yield* confirmedOrder(caller)
        const [known, unknown] = [newSerial(), newSerial()]
        yield* registry.register(caller, device(known))
        const started = yield* lifecycle.startSubscription(caller, starting(order, known))
        expect("assetIsRegistered" in started.event.details).toBe(false)
        expect((yield* registry.get(tenantId, known)).status).toBe("available")
        expect(yield* reservations.stock(tenantId, laptop)).toEqual({ reserved: 1, rented: 1 })
        expect(yield* codeOf(registry.change(caller, known, { status: "unavailable" }))).toBe("ASSET_IN_USE")
        // Registered while it is out, it is bound.
        const second = yield* lifecycle.startSubscription(caller, starting(order, unknown, { sku: laptop }))
        expect(yield* codeOf(registry.register(caller, device(unknown)))).toBe("INVALID_STATUS")
        const bound = yield* registry.register(caller, device(unknown, { status: "rented_out" }))
        const { subscriptionId } = second.event.details
        expect(bound.after).toMatchObject({ subscriptionId, customerId: order.customer.customerId })
        // Only the one that has not moved disagrees.
        const message = `asset ${known} is available, and subscription ${started.event.details.subscriptionId} is active on it`
        const found = yield* Stream.runCollect(Stream.filter(registry.disagreements, (each) => each.tenantId === tenantId))
        expect([...found]).toEqual([{ tenantId, serialNumber: known, message }])
        const verified = yield* Stream.runCollect(Stream.filter(verify(), (each) => each.tenantId === tenantId))
        expect([...verified].map(({ id, message }) => [id, message])).toEqual([["S7", message]])
      })
    ))
})

describe("at a start", () => {
  const scene = Effect.gen(function* () {
    const lifecycle = yield* OrderLifecycle
    const caller = newCaller()
    const order = yield* confirmedOrder(caller)
    yield* (yield* AssetRegistry).register(caller, device(SerialNumber.make("away")))
    yield* lifecycle.startSubscription(caller, starting(order, SerialNumber.make("away")))
    return caller
  })

  it.each(["on", "off"] as const)("disagreements are logged by serial while the registry is %s, or not", (assetRegistry) =>
    Effect.gen(function* () {
      const lines: Array<unknown> = []
      const logger = Logger.make<unknown, void>(({ message }) => void lines.push(message))
      const context = yield* Layer.build(Layer.fresh(memory))
      const store = Layer.succeedContext(context)
      const caller = yield* Effect.provide(scene, shopOver(store))
      yield* Effect.provide(logDisagreements, Layer.merge(shopOver(store, { assetRegistry }), Logger.layer([logger])))
      const expected = [[expect.objectContaining({ tenantId: caller.tenantId, serialNumber: "away" })]]
      expect(lines).toEqual(assetRegistry === "on" ? expected : [])
    }).pipe(Effect.scoped, Effect.runPromise)
  )
})

describe("a registry of the embedding service's own", () => {
  const own = Layer.succeed(Assets, {
    find: (_, serialNumber) =>
      Effect.succeed(serialNumber === "theirs" ? { known: true, sku: laptop, available: true } : { known: false })
  })

  it("takes the place of the library's", () =>
    Effect.gen(function* () {
      const [lifecycle, registry] = [yield* OrderLifecycle, yield* AssetRegistry]
      const caller = newCaller()
      const order = yield* confirmedOrder(caller)
      yield* registry.register(caller, device(SerialNumber.make("ours")))
      expect(yield* codeOf(lifecycle.startSubscription(caller, starting(order, SerialNumber.make("ours"))))).toBe(
        "ASSET_NOT_FOUND"
      )
      const { event } = yield* lifecycle.startSubscription(caller, starting(order, SerialNumber.make("theirs")))
      expect("assetIsRegistered" in event.details).toBe(false)
      expect(yield* (yield* Reservations).stock(caller.tenantId, laptop)).toEqual({ reserved: 1, rented: 1 })
    }).pipe(
      Effect.provide(
        OrderLifecycle.layer({ assetRegistry: "on" }).pipe(
          Layer.provide([Layer.fresh(memory), Catalogue.layerStatic(variants), own])
        )
      ),
      Effect.runPromise
    ))

  it("is said by no other word", () => {
    expect(() => OrderLifecycle.layer({ assetRegistry: "yes" as "on" })).toThrow("OrderLifecycle.layer.assetRegistry")
  })
})
