/** What the embedding service sells: the port, and a layer over a fixed list. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { CurrencyForNewAmounts } from "../order/CurrencyForNewAmounts.ts"
import { MinorUnits } from "../order/Money.ts"
import { ContractLength, type Sku, type TenantId } from "../order/Order.ts"
import { NewSku, type Variant } from "../order/commands/priceLines.ts"
import { NonEmptyText } from "../order/Text.ts"
import { answerReader, optionReader, wrongAnswer, wrongOption } from "./options.ts"
import type { StoreUnavailable } from "./OrderStore.ts"

export class Catalogue extends Context.Service<
  Catalogue,
  {
    /**
     * The variants that exist among `skus`, by SKU. A SKU the tenant does not sell is missing from the answer; others are not looked at. An
     * answer that cannot be used (a price that is no whole number of minor units, say) is a defect that names the field: nothing is stored.
     */
    readonly find: (tenantId: TenantId, skus: ReadonlyArray<Sku>) => Effect.Effect<ReadonlyMap<Sku, Variant>, StoreUnavailable>
  }
>()("order-lifecycle/Catalogue") {
  /** The same variants for every tenant. Throws a `WrongOption` that names what cannot be used. */
  static readonly layerStatic = (variants: Iterable<Variant>): Layer.Layer<Catalogue> => {
    const variantBySku = new Map<Sku, Variant>()
    for (const [index, variant] of readList([...variants], "Catalogue.layerStatic").entries()) {
      if (variantBySku.has(variant.sku)) throw wrongOption(`Catalogue.layerStatic[${index}].sku`, "is in the list already")
      variantBySku.set(variant.sku, variant)
    }
    return Layer.succeed(Catalogue, { find: () => Effect.succeed(variantBySku) })
  }
}

/** Each length is priced once, so that the price of a line is never a matter of order. */
const Pricing = Schema.Array(Schema.Struct({ contractLength: ContractLength, monthlyPrice: MinorUnits })).check(
  Schema.makeFilter<Variant["pricing"]>(
    (prices) =>
      new Set(prices.map(({ contractLength }) => contractLength)).size === prices.length || "must price each contract length once"
  )
)
const VariantAnswer = Schema.Struct({
  sku: NewSku,
  productName: NonEmptyText,
  isActive: Schema.Boolean,
  currency: CurrencyForNewAmounts,
  pricing: Pricing
})

const readList = optionReader(Schema.Array(VariantAnswer))
const readVariant = answerReader("Catalogue.find", VariantAnswer)

/** What a catalogue answered for these SKUs, read: throws a `WrongAnswer` that names what cannot be used. */
export const readVariants = (answer: unknown, skus: ReadonlyArray<Sku>): ReadonlyMap<Sku, Variant> => {
  if (!isLookup(answer)) throw wrongAnswer("Catalogue.find", "", "must answer with a Map from SKU to variant")
  const variants = new Map<Sku, Variant>()
  for (const sku of skus) {
    const given = answer.get(sku)
    if (given === undefined) continue
    const variant = readVariant(given, `[${sku}]`)
    if (variant.sku !== sku) throw wrongAnswer("Catalogue.find", `[${sku}].sku`, "must be the SKU that was asked for")
    variants.set(sku, variant)
  }
  return variants
}

/** Another realm's Map will do as well, and so will anything else that is looked up in the same way. */
const isLookup = (answer: unknown): answer is { readonly get: (sku: Sku) => unknown } =>
  typeof answer === "object" && answer !== null && "get" in answer && typeof answer.get === "function"
