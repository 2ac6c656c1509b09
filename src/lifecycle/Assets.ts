/** What the embedding service knows about serial numbers: the port, and two layers for those who keep no registry or a fixed one. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { SerialNumber, Sku, TenantId } from "../order/Order.ts"
import type { StoreUnavailable } from "./OrderStore.ts"

/**
 * What a registry says of a serial number: `sku` of the asset, or nothing known. `available` is the registry's own word (in repair, sold);
 * whether the asset is rented, the library knows by itself.
 */
export type Asset = { readonly known: false } | { readonly known: true; readonly sku?: Sku; readonly available: boolean }

export class Assets extends Context.Service<
  Assets,
  { readonly find: (tenantId: TenantId, serialNumber: SerialNumber) => Effect.Effect<Asset, StoreUnavailable> }
>()("order-lifecycle/Assets") {
  /** No registry: every serial number is accepted, and the request says which SKU it is. */
  static readonly layerUnregistered: Layer.Layer<Assets> = Layer.succeed(Assets, {
    find: () => Effect.succeed({ known: true, available: true })
  })

  /** A fixed registry: the SKU by serial number, the same for every tenant. */
  static readonly layerStatic = (skuBySerialNumber: Iterable<readonly [SerialNumber, Sku]>): Layer.Layer<Assets> => {
    const registry = new Map(skuBySerialNumber)
    return Layer.succeed(Assets, {
      find: (_, serialNumber) => {
        const sku = registry.get(serialNumber)
        return Effect.succeed<Asset>(sku === undefined ? { known: false } : { known: true, sku, available: true })
      }
    })
  }
}
