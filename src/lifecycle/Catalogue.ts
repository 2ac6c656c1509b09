/** What the embedding service sells: the port, and a layer over a fixed list. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Sku, TenantId } from "../order/Order.ts"
import type { Variant } from "../order/place.ts"
import type { StoreUnavailable } from "./OrderStore.ts"

export class Catalogue extends Context.Service<
  Catalogue,
  {
    /** The variants that exist among `skus`. A SKU the tenant does not sell is simply missing from the answer. */
    readonly find: (tenantId: TenantId, skus: ReadonlyArray<Sku>) => Effect.Effect<ReadonlyMap<Sku, Variant>, StoreUnavailable>
  }
>()("order-lifecycle/Catalogue") {
  /** The same variants for every tenant. */
  static readonly layerStatic = (variants: Iterable<Variant>): Layer.Layer<Catalogue> => {
    const variantBySku = new Map([...variants].map((variant) => [variant.sku, variant]))
    return Layer.succeed(Catalogue, { find: () => Effect.succeed(variantBySku) })
  }
}
