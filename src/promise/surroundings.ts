/** The catalogue and the registry of assets, given as plain values or functions, as the ports that the services ask. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { type Asset as PortAsset, Assets } from "../lifecycle/Assets.ts"
import { Catalogue } from "../lifecycle/Catalogue.ts"
import { MinorUnits } from "../order/Money.ts"
import { CurrencyForNewAmounts } from "../order/CurrencyForNewAmounts.ts"
import { ContractLength, SerialNumber, Sku } from "../order/Order.ts"
import { NewSku, type Variant } from "../order/commands/priceLines.ts"
import { NonEmptyText } from "../order/Text.ts"
import { optionReader, wrongOption } from "./errors.ts"
import type { AssetsOption, CatalogueOption } from "./openOrders.ts"

/** A function's answer; it may also answer at once. What it throws is what the call is rejected with. */
const ask = <A>(question: (signal: AbortSignal) => A | Promise<A>): Effect.Effect<A> =>
  Effect.promise(async (signal) => question(signal))

// --- catalogue ---------------------------------------------------------------------------------------------------------------------

const Price = Schema.Struct({ contractLength: ContractLength, monthlyPrice: MinorUnits })

/** What may be ordered, under what name and at which price. */
export const CatalogueEntry = Schema.Struct({
  sku: NewSku,
  productName: NonEmptyText,
  isActive: Schema.Boolean,
  currency: CurrencyForNewAmounts,
  pricing: Schema.NonEmptyArray(Price)
})

const readEntries = optionReader(Schema.Array(CatalogueEntry))

/** The entries by SKU. A second entry of one SKU, and a second price for one length, are faults. */
const readVariants = (given: unknown, path: string): ReadonlyMap<Sku, Variant> => {
  const variants = new Map<Sku, Variant>()
  for (const [index, entry] of readEntries(given, path).entries()) {
    if (variants.has(entry.sku)) throw wrongOption(`${path}[${index}].sku`, "is in the list already")
    const lengths = entry.pricing.map(({ contractLength }) => contractLength)
    const again = lengths.findIndex((length, position) => lengths.indexOf(length) < position)
    if (again >= 0) throw wrongOption(`${path}[${index}].pricing[${again}].contractLength`, "is priced already")
    variants.set(entry.sku, entry)
  }
  return variants
}

/** Throws a `WrongOption` when a list has a fault; a function's answers are looked at when they come. */
export const catalogueLayer = (catalogue: CatalogueOption): Layer.Layer<Catalogue> => {
  if (typeof catalogue !== "function") return Catalogue.layerStatic(readVariants(catalogue, "catalogue").values())
  return Layer.succeed(Catalogue, {
    find: (tenantId, skus) =>
      Effect.map(
        ask((signal) => catalogue(tenantId, skus, signal)),
        (answer) => readVariants(answer, "catalogue()")
      )
  })
}

// --- assets ------------------------------------------------------------------------------------------------------------------------

const Registered = Schema.Struct({ sku: Schema.optional(Sku), available: Schema.Boolean })
const readAnswer = optionReader(Schema.NullishOr(Registered))
const readRegistry = optionReader(Schema.Record(Schema.String, Sku))
const readSerialNumber = optionReader(SerialNumber)

const toAsset = (answer: unknown): PortAsset => {
  const asset = readAnswer(answer, "assets()")
  if (asset === null || asset === undefined) return { known: false }
  const { sku, available } = asset
  return { known: true, available, ...(sku !== undefined && { sku }) }
}

/** Throws a `WrongOption` when the registry has a fault. */
export const assetsLayer = (assets: AssetsOption | undefined): Layer.Layer<Assets> => {
  if (assets === undefined) return Assets.layerUnregistered
  if (typeof assets !== "function") {
    const registry = Object.entries(readRegistry(assets, "assets"))
    return Assets.layerStatic(
      registry.map(([serial, sku]) => [readSerialNumber(serial, `the key ${JSON.stringify(serial)} of assets`), sku] as const)
    )
  }
  return Layer.succeed(Assets, {
    find: (tenantId, serialNumber) =>
      Effect.map(
        ask((signal) => assets(tenantId, serialNumber, signal)),
        toAsset
      )
  })
}
