/** Opening: a store, a catalogue, and what else the services need; all of it checked before anything is opened. */
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import { FunctionOption } from "../lifecycle/options.ts"
import { type AssetRegistryOption, assetRegistryOptions, OrderLifecycle } from "../lifecycle/OrderLifecycle.ts"
import type { OrderStore } from "../lifecycle/OrderStore.ts"
import type { QuoteFunction } from "../lifecycle/quotes.ts"
import { type ContractEnding, contractEndings } from "../order/contractEnds.ts"
import { DurationText } from "../order/durationText.ts"
import type { OrderProcess } from "../order/process/orderProcess.ts"
import { type CancellationPolicy, cancellationPolicyNames } from "../order/policies/index.ts"
import { makeCalls } from "./calls.ts"
import { optionReader, wrongOption } from "./errors.ts"
import { makeOrders } from "./makeOrders.ts"
import type { Orders, OrdersUnder } from "./Orders.ts"
import type { Plain } from "./plain.ts"
import { assetsLayer, type CatalogueEntry as CatalogueEntrySchema, catalogueLayer } from "./surroundings.ts"
import { layerNotingWrites } from "./writes.ts"

/** What may be ordered. `monthlyPrice` is minor units (cents) per unit and month, `contractLength` months. */
export type CatalogueEntry = Plain<typeof CatalogueEntrySchema.Encoded>

/** The same entries for every tenant, or a function that knows them. A SKU that the tenant does not sell is missing from its answer. */
export type CatalogueOption =
  | ReadonlyArray<CatalogueEntry>
  | ((
      tenantId: string,
      skus: ReadonlyArray<string>,
      signal: AbortSignal
    ) => ReadonlyArray<CatalogueEntry> | Promise<ReadonlyArray<CatalogueEntry>>)

/** What a registry says of a serial number. `available` is its own word (in repair, sold); what is rented, the library knows by itself. */
export interface Asset {
  readonly sku?: string | undefined
  readonly available: boolean
}

/** The SKU by serial number, the same for every tenant, or a function that knows the assets; null or undefined for one that it does not know. */
export type AssetsOption =
  | Readonly<Record<string, string>>
  | ((tenantId: string, serialNumber: string, signal: AbortSignal) => AnswerOfRegistry | Promise<AnswerOfRegistry>)
type AnswerOfRegistry = Asset | null | undefined

/** What orders need from their surroundings: somewhere to be kept, and what can be ordered. */
export interface OpenOptions<Process extends OrderProcess | undefined = OrderProcess | undefined> {
  /** Where orders are kept: `memoryStore()`, `postgresStore({ url })`, `embeddedStore({ folder })`, or any layer of an `OrderStore`. */
  readonly store: Layer.Layer<OrderStore, unknown>
  readonly catalogue: CatalogueOption
  /** A registry of your own. Left out, the library's is asked where `assetRegistry` is `on`; else every serial number is accepted. */
  readonly assets?: AssetsOption | undefined
  /** When an order may be cancelled: `noActiveSubscriptions` (the default) or `beforeFulfilment`. */
  readonly cancellationPolicy?: CancellationPolicy | undefined
  /** Rules of your own, made by `orderProcess`. Throws a `WrongProcess` that names every fault of it. */
  readonly process?: Process
  /** Orders that are placed from now on are cancelled by `due.run` when they are still pending after so long: an ISO 8601 duration such as `P2D`. */
  readonly pendingExpiresAfter?: string | undefined
  /**
   * What an early return costs where the command does not say it, and what the calculator answers: minor units of the order's currency. Left out,
   * nothing. Anything but a non-negative integer is a defect that names it.
   */
  readonly earlyReturnFee?: QuoteFunction | undefined
  /** The same for a buyout. Left out, the months that are left of the contract, at its monthly amount. */
  readonly buyoutPrice?: QuoteFunction | undefined
  /**
   * What `due.run` does with a subscription when its contract ends: `require_action`, the default, nothing; `auto_terminate` completes it;
   * `auto_renew_monthly` and `auto_renew_same_term` extend it, by a month or by the months that it had at first.
   */
  readonly whenContractEnds?: ContractEnding | undefined
  /**
   * `on`: a subscription needs an asset that is registered (`orders.assets`) and `available`, and commands move it. `off`, the default: any serial
   * number may be rented, and nothing is moved. Without effect beside `assets`, which take the registry's place.
   */
  readonly assetRegistry?: AssetRegistryOption | undefined
}

const Options = Schema.Struct({
  store: Schema.Unknown,
  catalogue: Schema.Unknown,
  assets: Schema.optional(Schema.Unknown),
  cancellationPolicy: Schema.optional(Schema.Literals(cancellationPolicyNames)),
  process: Schema.optional(Schema.Unknown),
  pendingExpiresAfter: Schema.optional(DurationText),
  earlyReturnFee: Schema.optional(FunctionOption),
  buyoutPrice: Schema.optional(FunctionOption),
  whenContractEnds: Schema.optional(Schema.Literals(contractEndings)),
  assetRegistry: Schema.optional(Schema.Literals(assetRegistryOptions))
})
const readOptions = optionReader(Options, "strictly")

/**
 * Open orders. Rejects with `WrongOption`, which names the field, or with what the store cannot be opened for (`CannotOpen` from the stores of
 * this library); nothing stays open then.
 *
 * ```ts
 * import { memoryStore, openOrders } from "order-lifecycle/promise"
 *
 * const orders = await openOrders({
 *   store: memoryStore(),
 *   catalogue: [
 *     { sku: "BIKE", productName: "Bike", isActive: true, currency: "EUR", pricing: [{ contractLength: 12, monthlyPrice: 99_00 }] }
 *   ]
 * })
 * const page = await orders.list("demo") // => { items: [], limit: 50, nextCursor: null }
 * await orders.close()
 * ```
 */
export const openOrders = (async (options: OpenOptions): Promise<Orders> => {
  const { cancellationPolicy, pendingExpiresAfter, whenContractEnds, assetRegistry } = readOptions(options, "")
  const isLayer: boolean = Layer.isLayer(options.store)
  if (!isLayer) {
    throw wrongOption(
      "store",
      "must be memoryStore(), postgresStore({ url }), embeddedStore({ folder }) or a layer of an OrderStore"
    )
  }
  const services = OrderLifecycle.layer({
    ...(cancellationPolicy && { cancellationPolicy }),
    ...(options.process && { process: options.process }),
    ...(pendingExpiresAfter && { pendingExpiresAfter }),
    ...(options.earlyReturnFee && { earlyReturnFee: options.earlyReturnFee }),
    ...(options.buyoutPrice && { buyoutPrice: options.buyoutPrice }),
    ...(whenContractEnds && { whenContractEnds }),
    ...(assetRegistry && { assetRegistry })
  }).pipe(
    Layer.provideMerge(layerNotingWrites(options.store)),
    Layer.provide([catalogueLayer(options.catalogue), assetsLayer(options.assets)]),
    // Spans cost time, and nobody without Effect has anything that would take them.
    Layer.merge(Layer.succeed(References.TracerEnabled, false))
  )
  const runtime = ManagedRuntime.make(services)
  try {
    return makeOrders(await runtime.context(), makeCalls(runtime))
  } catch (error) {
    await runtime.dispose()
    throw error
  }
}) as {
  <Process extends OrderProcess>(options: OpenOptions<Process> & { readonly process: Process }): Promise<OrdersUnder<Process>>
  (options: OpenOptions): Promise<Orders>
}
