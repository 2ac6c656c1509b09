/**
 * What the embedding service knows about serial numbers: the port, and two layers for those who keep no registry of their own or a fixed one. A
 * registry of their own takes the place of the library's (`AssetRegistry.ts`), whatever the option `assetRegistry` says.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { SerialNumber, Sku, type TenantId } from "../order/Order.ts"
import { answerReader, optionReader } from "./options.ts"
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
  /**
   * No registry of the embedding service's own. With `assetRegistry: "on"` the library's is asked, and commands move its assets; otherwise every
   * serial number is accepted, and the request says which SKU it is.
   */
  static readonly layerUnregistered: Layer.Layer<Assets> = Layer.sync(Assets, () => unregistered)

  /** A fixed registry: the SKU by serial number, the same for every tenant. Throws a `WrongOption` that names what cannot be used. */
  static readonly layerStatic = (skuBySerialNumber: Iterable<readonly [SerialNumber, Sku]>): Layer.Layer<Assets> => {
    const registry = new Map(readRegistry([...skuBySerialNumber], "Assets.layerStatic"))
    return Layer.succeed(Assets, {
      find: (_, serialNumber) => {
        const sku = registry.get(serialNumber)
        return Effect.succeed<Asset>(sku === undefined ? { known: false } : { known: true, sku, available: true })
      }
    })
  }
}

const unregistered: Assets["Service"] = { find: () => Effect.succeed({ known: true, available: true }) }

/** Whether the embedding service keeps no registry of its own. */
export const isUnregistered = (assets: Assets["Service"]): boolean => assets === unregistered

const readRegistry = optionReader(Schema.Array(Schema.Tuple([SerialNumber, Sku])))
const readKnown = answerReader("Assets.find", Schema.Struct({ known: Schema.Boolean }))
const readFacts = answerReader("Assets.find", Schema.Struct({ sku: Schema.optional(Sku), available: Schema.Boolean }))

/** What a registry answered, read: throws a `WrongAnswer` that names what cannot be used. */
export const readAsset = (answer: unknown): Asset => {
  if (!readKnown(answer).known) return { known: false }
  const { sku, available } = readFacts(answer)
  return { known: true, available, ...(sku !== undefined && { sku }) }
}
