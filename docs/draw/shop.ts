/**
 * A shop whose every answer is the same each time it is asked: the real service on the store in memory, with a clock that stands until it
 * is moved and chance from a seed. What pages show as examples comes from here.
 */
import * as Clock from "effect/Clock"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import { ApiKeys } from "../../src/http/ApiKeys.ts"
import { toWebHandler } from "../../src/http/layer.ts"
import { readSettings } from "../../src/http/settings.ts"
import { AssetRegistry } from "../../src/lifecycle/AssetRegistry.ts"
import { Assets } from "../../src/lifecycle/Assets.ts"
import { Catalogue } from "../../src/lifecycle/Catalogue.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import { SerialNumber, Sku, TenantId } from "../../src/order/Order.ts"
import { seededSurroundings } from "../../test/bench/seededSurroundings.ts"

/** What was asked over HTTP, and what came back. */
export interface Exchange {
  readonly operation: string
  readonly request: { readonly line: string; readonly headers: Readonly<Record<string, string>>; readonly body?: unknown }
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
  /** The error that the lifecycle failed with, if it was the lifecycle that refused. */
  readonly error: LifecycleError | undefined
}

export interface LifecycleError {
  readonly _tag: string
  readonly remedy: string
}

/** The assets of the shop: one that is on no order, and some that fit. */
const assets = [
  ["BIKE-0001", "EBIKE-CITY-500"],
  ["BIKE-0002", "EBIKE-CITY-500"],
  ["BIKE-0003", "EBIKE-CITY-500"],
  ["CHAIR-0001", "DESK-CHAIR-PRO"]
] as const

/** The catalogue that the service has when it is given none. */
const { variants } = Effect.runSync(
  Effect.provideService(readSettings, ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown({}))
)

const tenantId = TenantId.make("demo")

const keys = ApiKeys.layerStatic([
  {
    key: Redacted.make("ada-key"),
    actor: { userId: "ada", email: "ada@example.com", displayName: "Ada Lovelace" },
    tenants: [tenantId]
  }
])

const surroundings = (now: () => number): Context.Context<never> =>
  Context.add(seededSurroundings(2026), Clock.Clock, {
    currentTimeMillisUnsafe: now,
    currentTimeMillis: Effect.sync(now),
    currentTimeNanosUnsafe: () => BigInt(now()) * 1_000_000n,
    currentTimeNanos: Effect.sync(() => BigInt(now()) * 1_000_000n),
    monotonicTimeNanosUnsafe: () => BigInt(now()) * 1_000_000n,
    monotonicTimeNanos: Effect.sync(() => BigInt(now()) * 1_000_000n),
    sleep: () => Effect.void
  })

/** Tells every error that the lifecycle and the registry answer with, and changes nothing about it. */
const listening = (heard: (error: LifecycleError) => void) => {
  const tell = (error: LifecycleError) => Effect.sync(() => heard(error))
  const telling = <Service extends object>(service: Service): Service => {
    const entries = Object.entries(service).map(([name, method]: readonly [string, unknown]) => {
      if (typeof method !== "function") return [name, method] as const
      const call = method as (...args: ReadonlyArray<unknown>) => Effect.Effect<unknown, LifecycleError>
      return [name, (...args: ReadonlyArray<unknown>) => Effect.tapError(call(...args), tell)] as const
    })
    // The same members, which take and answer the same.
    return Object.fromEntries(entries) as unknown as Service
  }
  return Layer.merge(
    Layer.effect(OrderLifecycle, Effect.map(OrderLifecycle, telling)),
    Layer.effect(AssetRegistry, Effect.map(AssetRegistry, telling))
  )
}

/** Open the shop for as long as `use` takes. `change` may put something between the services and the store. */
export const withShop = async <A>(
  use: (shop: Shop) => Promise<A>,
  change: (store: OrderStore["Service"]) => Partial<OrderStore["Service"]> = () => ({})
): Promise<A> => {
  let minutes = 0
  const now = () => Date.UTC(2026, 10, 23, 9, minutes)
  let error: LifecycleError | undefined
  let store: OrderStore["Service"] | undefined

  const changedStore = Layer.effect(
    OrderStore,
    Effect.map(OrderStore, (memoryStore) => {
      store = memoryStore
      return OrderStore.of({ ...memoryStore, ...change(memoryStore) })
    })
  ).pipe(Layer.provide(Layer.fresh(memory)))
  const lifecycle = OrderLifecycle.layer().pipe(
    Layer.provideMerge(changedStore),
    Layer.provide([
      Catalogue.layerStatic(variants),
      Assets.layerStatic(assets.map(([serial, sku]) => [SerialNumber.make(serial), Sku.make(sku)]))
    ])
  )
  const services = Layer.mergeAll(
    Layer.provideMerge(
      listening((heard) => (error = heard)),
      lifecycle
    ),
    keys
  ).pipe(Layer.provideMerge(Layer.merge(Layer.succeedContext(surroundings(now)), Logger.layer([]))))
  const { handler, dispose } = toWebHandler(services)

  const call: Shop["call"] = async (operation, method, path, body, headers = {}) => {
    error = undefined
    const response = await handler(
      new Request(`http://orders.test${path}`, {
        method,
        headers: {
          authorization: "Bearer ada-key",
          "tenant-id": tenantId,
          "x-request-id": `req-${minutes + 1}`,
          ...(body !== undefined && { "content-type": "application/json" }),
          ...headers
        },
        ...(body !== undefined && { body: JSON.stringify(body) })
      })
    )
    minutes++
    const request = { line: `${method} ${path}`, headers, ...(body !== undefined && { body }) }
    const answer: unknown = await response.json()
    return { operation, request, status: response.status, headers: response.headers, body: answer, error }
  }

  try {
    // The handler is built with its first request.
    await call("getHealth", "GET", "/health")
    minutes = 0
    if (store === undefined) throw new Error("the shop has no store")
    return await use({ call, store, tenantId })
  } finally {
    await dispose()
  }
}

export interface Shop {
  /** Ask something of the service. A minute passes with each call. */
  readonly call: (
    operation: string,
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>
  ) => Promise<Exchange>
  readonly store: OrderStore["Service"]
  readonly tenantId: TenantId
}

/** What the shop rents. */
export const bike = "EBIKE-CITY-500"
