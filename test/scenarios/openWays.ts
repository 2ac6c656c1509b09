/** The three ways, opened: the library on the memory store, the library on PostgreSQL, and a server on the same PostgreSQL. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { App } from "../../src/http/app.ts"
import * as nodeServer from "../../src/http/nodeServer.ts"
import type { AssetRegistry } from "../../src/lifecycle/AssetRegistry.ts"
import { AuditTrail } from "../../src/lifecycle/AuditTrail.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import type { OrderRecords } from "../../src/lifecycle/OrderRecords.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { changesOf, type Reservations } from "../../src/lifecycle/Reservations.ts"
import { layer as memoryStore } from "../../src/memory/MemoryOrderStore.ts"
import type { SubscriptionEnded } from "../../src/order/commands/cancelSubscription.ts"
import { contractEndsChange } from "../../src/order/contractEnds.ts"
import { evolve } from "../../src/order/evolve.ts"
import { OrderId, type Payment, SubscriptionId, type TenantId } from "../../src/order/Order.ts"
import type { PlaceOrder } from "../../src/order/commands/place.ts"
import { cancellationPolicyNames } from "../../src/order/policies/index.ts"
import { holdAndResume } from "../../docs/examples/processes/hold-and-resume.ts"
import { Timestamp } from "../../src/order/Timestamp.ts"
import { auditStore } from "../../src/testing/auditStore.ts"
import { verify } from "../../src/verify/verify.ts"
import type { Violation } from "../../src/verify/Violation.ts"
import { makeClient, quiet } from "../http/client.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { contractOf } from "../support/servedContract.ts"
import { httpShop } from "./HttpShop.ts"
import { libraryShop } from "./LibraryShop.ts"
import type { Way } from "./readPages.ts"
import type { Asking, Shop } from "./Shop.ts"
import type { Surroundings } from "./Surroundings.ts"

type Stored = OrderStore | OrderRecords
type Services = OrderLifecycle | AssetRegistry | AuditTrail | Reservations

/** What a shop works by: a cancellation policy, or, under the default one, a process of its own or the library's registry of assets. */
const lifecycleNames = [...cancellationPolicyNames, "hold-and-resume", "asset registry"] as const
export type LifecycleName = (typeof lifecycleNames)[number]
const optionsOf = (name: LifecycleName) => {
  if (name === "asset registry") return { assetRegistry: "on" } as const
  return name === "hold-and-resume" ? { process: holdAndResume } : { cancellationPolicy: name }
}

/** One way of asking, under each lifecycle, and what stands behind it. */
export interface OpenWay {
  readonly shopUnder: (name: LifecycleName) => Shop
  readonly backstage: Backstage
}

/** What is not asked of the shop but done or looked at behind it, on the same store. */
export interface Backstage {
  /** The embedding service places an order for which it has taken a deposit. There is no HTTP request for that. */
  readonly placePaid: (who: Asking, request: PlaceOrder, payment: Payment) => Promise<string>
  /** A subscription ends by running out. No command does that yet, so its event is committed as one would. */
  readonly complete: (who: Asking, orderId: string, subscriptionId: string) => Promise<void>
  /** Everything that is wrong with what is stored for a tenant, in the words of an auditor who knows the store and no lifecycle. */
  readonly audit: (tenantId: TenantId) => Promise<ReadonlyArray<string>>
  /** Every promise that is broken, of any tenant. */
  readonly verify: () => Promise<ReadonlyArray<Violation>>
}

export const openWays = async (
  surroundings: Surroundings
): Promise<{ readonly ways: Readonly<Record<Way, OpenWay>>; readonly close: () => Promise<void> }> => {
  const scope = Scope.makeUnsafe()
  const atThisTime = Effect.provideService(Clock.Clock, surroundings.clock)
  const run = <A, E>(effect: Effect.Effect<A, E>) => Effect.runPromise(atThisTime(effect))
  const build = <A, E>(layer: Layer.Layer<A, E>) => run(Layer.buildWithScope(layer, scope))

  /** The services over a store that is open, under each lifecycle. */
  const servicesOver = async (stored: Context.Context<Stored>) => {
    const under = (name: LifecycleName) =>
      build(
        OrderLifecycle.layer(optionsOf(name)).pipe(
          Layer.provideMerge(Layer.succeedContext(stored)),
          Layer.provideMerge(name === "asset registry" ? surroundings.layerUnregistered : surroundings.layer)
        )
      )
    const opened = await Promise.all(lifecycleNames.map(async (name) => [name, await under(name)] as const))
    return Object.fromEntries(opened) as Readonly<Record<LifecycleName, (typeof opened)[number][1]>>
  }
  type Open = Awaited<ReturnType<typeof servicesOver>>

  const backstageOf = (context: Context.Context<Services | Stored>): Backstage => {
    const onStore = <A, E>(effect: Effect.Effect<A, E, Services | Stored>) => run(Effect.provideContext(effect, context))
    return {
      placePaid: ({ tenantId, staff: { actor } }, request, payment) =>
        onStore(
          Effect.map(
            Effect.flatMap(OrderLifecycle, (orders) => orders.place({ tenantId, actor }, request, { payment })),
            ({ after }) => after.orderId
          )
        ),
      complete: ({ tenantId, staff: { actor } }, orderId, subscriptionId) =>
        onStore(
          complete({ tenantId, actor, orderId: OrderId.make(orderId), subscriptionId: SubscriptionId.make(subscriptionId) })
        ),
      audit: (tenantId) => onStore(auditStore(tenantId)),
      verify: () => onStore(Stream.runCollect(verify()))
    }
  }

  const library = (services: Open): OpenWay => ({
    shopUnder: (name) => libraryShop((effect) => run(Effect.provideContext(effect, services[name]))),
    backstage: backstageOf(services.noActiveSubscriptions)
  })

  const serve = async (services: Open): Promise<OpenWay> => {
    const shops: Partial<Record<LifecycleName, Shop>> = {}
    for (const name of lifecycleNames) {
      const server = nodeServer
        .layer({ host: "127.0.0.1", port: 0 })
        .pipe(Layer.provide(App.layer()), Layer.provide(Layer.succeedContext(services[name])), Layer.provide(quiet))
      const { address } = Context.get(await build(Layer.fresh(server)), HttpServer.HttpServer)
      if (!("port" in address)) throw new Error("the server listens on no port")
      const base = `http://127.0.0.1:${address.port}`
      const description: unknown = await (await fetch(`${base}/openapi.json`)).json()
      shops[name] = httpShop(makeClient(fetch, base, contractOf(description)))
    }
    return {
      shopUnder: (name) => {
        const shop = shops[name]
        if (shop === undefined) throw new Error(`no server under ${name}`)
        return shop
      },
      backstage: backstageOf(services.noActiveSubscriptions)
    }
  }

  const inMemory = await servicesOver(await build(memoryStore))
  const onPostgres = await servicesOver(await build(postgresStore))
  return {
    ways: { memory: library(inMemory), PostgreSQL: library(onPostgres), HTTP: await serve(onPostgres) },
    close: () => run(Scope.close(scope, Exit.void))
  }
}

const complete = Effect.fnUntraced(function* ({
  tenantId,
  actor,
  orderId,
  subscriptionId
}: Pick<typeof SubscriptionEnded.Type, "tenantId" | "actor" | "orderId"> & { readonly subscriptionId: SubscriptionId }) {
  const store = yield* OrderStore
  const auditTrail = yield* AuditTrail
  const [loaded] = yield* store.load([{ tenantId, order: { orderId } }])
  if (!loaded?.order) return yield* Effect.die(new Error(`no order ${orderId}`))
  const before = loaded.order
  const event: typeof SubscriptionEnded.Type = {
    type: "subscription.ended",
    tenantId,
    orderId,
    sequence: before.version + 1,
    at: Timestamp.make(new Date(yield* Clock.currentTimeMillis).toISOString()),
    actor,
    requestId: "end-of-contract" as (typeof SubscriptionEnded.Type)["requestId"],
    from: before.status,
    to: before.status,
    released: [],
    details: { subscriptionId, status: "ended_completed" },
    confidential: {}
  }
  const transition = { before, event, after: evolve(before, event) }
  const sealed = yield* auditTrail.emit(transition, loaded.headHash)
  const due = contractEndsChange(transition)
  const [outcome] = yield* store.commit([{ transition, sealed, reservations: changesOf(transition), due }])
  if (outcome !== "committed") return yield* Effect.die(new Error(`the end of ${subscriptionId} was not committed`))
})
