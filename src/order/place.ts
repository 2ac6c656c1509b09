/**
 * Placing an order: a request and what the catalogue says in; the order and its first event, or a refusal, out. Pure.
 */
import * as Result from "effect/Result"
import type { OrderPlaced } from "./AuditEvent.ts"
import type { Occasion, Transition } from "./decide.ts"
import { evolve } from "./evolve.ts"
import { assertLaws } from "./invariants.ts"
import type { Lifecycle } from "./lifecycleTable.ts"
import { type Currency, decimalsForNewAmounts } from "./Money.ts"
import type { CustomerId, OrderedLine, OrderId, Payment, Sku, TenantId } from "./Order.ts"
import type { PlaceOrder } from "./OrderCommand.ts"
import type { InputFault, PlaceRefusal } from "./Refusal.ts"
import { InvalidContractLength, InvalidInput, VariantInactive, VariantNotFound } from "./Refusal.ts"

/** A SKU as the catalogue knows it. `monthlyPrice` is minor units per unit and month. */
export interface Variant {
  readonly sku: Sku
  readonly productName: string
  readonly isActive: boolean
  readonly currency: Currency
  readonly pricing: ReadonlyArray<{ readonly contractLength: number; readonly monthlyPrice: number }>
}

/** What only the surroundings know: the ids to use, the SKUs the catalogue has, the deposit if one was taken. */
export interface PlacingFacts {
  readonly tenantId: TenantId
  readonly orderId: OrderId
  readonly customerId: CustomerId
  readonly variants: ReadonlyMap<Sku, Variant>
  readonly payment?: Payment
}

/** Place an order. Availability is not asked about: reservations may exceed the stock (back-orders are normal). */
export const place = (
  lifecycle: Lifecycle,
  request: PlaceOrder,
  facts: PlacingFacts,
  occasion: Occasion
): Result.Result<Transition<typeof OrderPlaced.Type>, PlaceRefusal> =>
  Result.map(priceLines(request, facts.variants), ({ lines, currency }) => {
    const { firstName, lastName, email, company, phone, customerType } = request.customer
    const event: typeof OrderPlaced.Type = {
      type: "order.placed",
      tenantId: facts.tenantId,
      orderId: facts.orderId,
      sequence: 1,
      at: occasion.at,
      actor: occasion.actor,
      requestId: occasion.requestId,
      from: null,
      to: lifecycle.initial,
      released: [],
      details: {
        customerId: facts.customerId,
        orderType: request.orderType ?? "standard",
        currency,
        decimals: decimalsForNewAmounts(currency),
        taxAmount: 0,
        lines,
        ...(facts.payment && { payment: facts.payment }),
        ...(request.extensionDetails && { extensionDetails: request.extensionDetails }),
        ...(request.upgradeDetails && { upgradeDetails: request.upgradeDetails })
      },
      confidential: {
        customer: {
          customerId: facts.customerId,
          email,
          firstName,
          lastName,
          ...(company !== undefined && { company }),
          ...(phone !== undefined && { phone }),
          customerType: customerType ?? "individual"
        },
        billingAddress: request.billingAddress,
        shippingAddress: request.shippingAddress ?? request.billingAddress,
        ...(request.notes !== undefined && { notes: request.notes }),
        ...(request.customFields !== undefined && { customFields: request.customFields })
      }
    }
    const after = evolve(null, event)
    assertLaws(after)
    return { before: null, event, after }
  })

/** One thing wrong with one item, as the refusal it leads to. */
type Fault = {
  readonly refusal: typeof VariantNotFound | typeof VariantInactive | typeof InvalidContractLength
  sku: Sku
  detail: InputFault
}

/** Give every item its name and price. All items with the first kind of fault are named at once. */
const priceLines = (
  request: PlaceOrder,
  variants: ReadonlyMap<Sku, Variant>
): Result.Result<{ lines: ReadonlyArray<OrderedLine>; currency: Currency }, PlaceRefusal> => {
  const faults: Array<Fault> = []
  const lines: Array<OrderedLine> = []
  const currencies = new Set<Currency>()
  request.items.forEach(({ sku, quantity, contractLength }, index) => {
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
