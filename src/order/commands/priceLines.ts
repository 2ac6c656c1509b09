/**
 * Items as lines of an order: each with its name and price by the catalogue, or what is wrong with them. Pure.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { InputFault, InvalidInput, mayBeReplayed } from "../commonRefusals.ts"
import type { Currency } from "../Money.ts"
import { ContractLength, type OrderedLine, Quantity, Sku } from "../Order.ts"
import { asNewIdentifier } from "../Text.ts"

/** At most this many lines, and this many units over all lines. Source: decisions.md, section 2, "Money". */
export const maxLines = 1_000
export const maxDevices = 10_000

/** A SKU that comes in as new. */
export const NewSku = Sku.check(asNewIdentifier<Sku>())

/** One item, as it is asked for. */
export const ItemRequest = Schema.Struct({
  sku: NewSku,
  quantity: Quantity,
  contractLength: Schema.optionalKey(ContractLength)
})

/** One to so many items, and so many units over all of them. */
export const Items = Schema.Array(ItemRequest).check(
  Schema.isMinLength(1),
  Schema.isMaxLength(maxLines),
  Schema.makeFilter<ReadonlyArray<typeof ItemRequest.Type>>(
    (items) =>
      items.reduce((devices, item) => devices + item.quantity, 0) <= maxDevices ||
      `must not ask for more than ${maxDevices} units in all`
  )
)
export type Items = typeof Items.Type

/** A SKU as the catalogue knows it. `monthlyPrice` is minor units per unit and month. */
export interface Variant {
  readonly sku: Sku
  readonly productName: string
  readonly isActive: boolean
  readonly currency: Currency
  readonly pricing: ReadonlyArray<{ readonly contractLength: number; readonly monthlyPrice: number }>
}

// --- refusals --------------------------------------------------------------------------------------------------------------------------

export class VariantNotFound extends Schema.TaggedError<VariantNotFound>()("VariantNotFound", {
  ...mayBeReplayed,
  skus: Schema.NonEmptyArray(Sku),
  details: Schema.NonEmptyArray(InputFault)
}) {
  static readonly when = "The catalogue does not have the SKU."
  readonly code = "VARIANT_NOT_FOUND"
  readonly remedy = "Order a SKU of the catalogue."
  override get message() {
    return `The catalogue has no ${this.skus.join(", ")}.`
  }
}

export class VariantInactive extends Schema.TaggedError<VariantInactive>()("VariantInactive", {
  ...mayBeReplayed,
  skus: Schema.NonEmptyArray(Sku),
  details: Schema.NonEmptyArray(InputFault)
}) {
  static readonly when = "The catalogue has the SKU, but does not offer it at present."
  readonly code = "VARIANT_INACTIVE"
  readonly remedy = "Order an active SKU, or activate this one."
  override get message() {
    return `Not offered at present: ${this.skus.join(", ")}.`
  }
}

export class InvalidContractLength extends Schema.TaggedError<InvalidContractLength>()("InvalidContractLength", {
  ...mayBeReplayed,
  skus: Schema.NonEmptyArray(Sku),
  details: Schema.NonEmptyArray(InputFault)
}) {
  static readonly when = "The SKU is not priced for the contract length."
  readonly code = "INVALID_CONTRACT_LENGTH"
  readonly remedy = "Choose one of the contract lengths the SKU is priced for."
  override get message() {
    return `Not priced for that contract length: ${this.skus.join(", ")}.`
  }
}

// --- pricing ---------------------------------------------------------------------------------------------------------------------------

/** What items can be refused for. */
export type PricingRefusal = VariantNotFound | VariantInactive | InvalidContractLength | InvalidInput

/** One thing wrong with one item, as the refusal it leads to. */
type Fault = {
  readonly refusal: typeof VariantNotFound | typeof VariantInactive | typeof InvalidContractLength
  sku: Sku
  detail: InputFault
}

/** Give every item its name and price. All items with the first kind of fault are named at once. */
export const priceLines = (
  items: Items,
  variants: ReadonlyMap<Sku, Variant>
): Result.Result<{ lines: ReadonlyArray<OrderedLine>; currency: Currency }, PricingRefusal> => {
  const faults: Array<Fault> = []
  const lines: Array<OrderedLine> = []
  const currencies = new Set<Currency>()
  items.forEach(({ sku, quantity, contractLength }, index) => {
    const fault = (refusal: Fault["refusal"], field: string, message: string, code: string) =>
      faults.push({ refusal, sku, detail: { path: `items[${index}].${field}`, message, code } })
    const variant = variants.get(sku)
    if (variant === undefined) return fault(VariantNotFound, "sku", "is not in the catalogue", "variant_not_found")
    if (!variant.isActive) return fault(VariantInactive, "sku", "is not offered at present", "variant_inactive")
    const prices = variant.pricing.toSorted((a, b) => a.contractLength - b.contractLength)
    const price = contractLength === undefined ? prices[0] : prices.find((each) => each.contractLength === contractLength)
    if (price === undefined) {
      const offered = prices.map((each) => each.contractLength).join(", ") || "none"
      return fault(InvalidContractLength, "contractLength", `must be one of: ${offered}`, "invalid_contract_length")
    }
    currencies.add(variant.currency)
    return lines.push({
      sku,
      productName: variant.productName,
      quantity,
      unitPrice: price.monthlyPrice,
      contractLength: price.contractLength
    })
  })

  const [first] = faults
  if (first !== undefined) {
    const same = faults.filter((fault) => fault.refusal === first.refusal)
    const [detail, ...details] = same.map((fault) => fault.detail)
    const [sku, ...skus] = new Set(same.map((fault) => fault.sku))
    return Result.fail(new first.refusal({ skus: [sku ?? first.sku, ...skus], details: [detail ?? first.detail, ...details] }))
  }
  const [currency, ...others] = currencies
  if (currency === undefined || others.length > 0) {
    const message = `must all be priced in one currency, not ${[...currencies].join(" and ")}`
    return Result.fail(new InvalidInput({ details: [{ path: "items", message, code: "mixed_currencies" }] }))
  }
  return Result.succeed({ lines, currency })
}
