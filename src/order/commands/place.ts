/**
 * Placing an order: a request and what the catalogue says in; the order and its first event, or a refusal, out. Pure.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { InputFault, InvalidInput, mayBeReplayed } from "../commonRefusals.ts"
import { assertLaws } from "../invariants.ts"
import { type Currency, decimalsForNewAmounts, decimalsOnceAssumed } from "../Money.ts"
import {
  Address,
  ContractLength,
  CustomerId,
  CustomerType,
  ExtensionDetails,
  type Order,
  OrderedFacts,
  OrderedLine,
  type OrderId,
  type OrderStatus,
  OrderType,
  type OwnData,
  type Payment,
  PersonalFacts,
  Quantity,
  Sku,
  type TenantId,
  UpgradeDetails
} from "../Order.ts"
import { orderEvent, type ProcessVersion } from "../orderEvent.ts"
import { asNewIdentifier, Email, NewJsonObject, NonEmptyText, Text } from "../Text.ts"
import type { Occasion, Transition } from "../Transition.ts"
import { allHeld } from "../Units.ts"

/** At most this many lines, and this many units over all lines. Source: decisions.md, section 2, "Money". */
export const maxLines = 1_000
export const maxDevices = 10_000

/** A SKU that comes in as new. */
export const NewSku = Sku.check(asNewIdentifier<Sku>())

const ItemRequest = Schema.Struct({
  sku: NewSku,
  quantity: Quantity,
  contractLength: Schema.optionalKey(ContractLength)
})

/** Place an order. Prices come from the catalogue, never from the caller; without `contractLength` the shortest is taken. */
export const PlaceOrder = Schema.Struct({
  orderType: Schema.optionalKey(OrderType),
  customer: Schema.Struct({
    email: Email,
    firstName: NonEmptyText,
    lastName: NonEmptyText,
    company: Schema.optionalKey(Text),
    phone: Schema.optionalKey(Text),
    customerType: Schema.optionalKey(CustomerType)
  }),
  billingAddress: Address,
  shippingAddress: Schema.optionalKey(Address),
  items: Schema.Array(ItemRequest).check(
    Schema.isMinLength(1),
    Schema.isMaxLength(maxLines),
    Schema.makeFilter<ReadonlyArray<typeof ItemRequest.Type>>(
      (items) =>
        items.reduce((devices, item) => devices + item.quantity, 0) <= maxDevices ||
        `must not ask for more than ${maxDevices} units in all`
    )
  ),
  customFields: Schema.optionalKey(Schema.NullOr(NewJsonObject)),
  notes: Schema.optionalKey(Text),
  extensionDetails: Schema.optionalKey(ExtensionDetails),
  upgradeDetails: Schema.optionalKey(UpgradeDetails)
})
export type PlaceOrder = typeof PlaceOrder.Type

export const OrderPlaced = orderEvent(
  "order.placed",
  "An order was placed: what was ordered, for whom and at which prices. Its units are reserved from now on.",
  {
    details: Schema.Struct({ customerId: CustomerId, ...OrderedFacts.fields, lines: Schema.Array(OrderedLine) }),
    confidential: PersonalFacts
  }
)

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

/** What `place` can be refused with. */
export type PlaceRefusal = VariantNotFound | VariantInactive | InvalidContractLength | InvalidInput

// --- the decision ----------------------------------------------------------------------------------------------------------------------

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
  /** What the process of the embedding service keeps with the order. */
  readonly data?: OwnData
}

/** Place an order. Availability is not asked about: reservations may exceed the stock (back-orders are normal). */
export const place = (
  { initial, process }: { readonly initial: OrderStatus; readonly process?: { readonly version: ProcessVersion } },
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
      to: initial,
      released: [],
      ...(process && { process: process.version }),
      details: {
        customerId: facts.customerId,
        orderType: request.orderType ?? "standard",
        currency,
        decimals: decimalsForNewAmounts(currency),
        taxAmount: 0,
        lines,
        ...(facts.payment && { payment: facts.payment }),
        ...(request.extensionDetails && { extensionDetails: request.extensionDetails }),
        ...(request.upgradeDetails && { upgradeDetails: request.upgradeDetails }),
        ...(facts.data && { data: facts.data })
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
    const after = orderPlaced(event)
    assertLaws(after)
    return { before: null, event, after }
  })

/** The order that an event placed. */
export const orderPlaced = (event: typeof OrderPlaced.Type): Order => {
  const { customerId: _, lines, ...ordered } = event.details
  return {
    tenantId: event.tenantId,
    orderId: event.orderId,
    version: event.sequence,
    status: event.to,
    ...ordered,
    decimals: ordered.decimals ?? decimalsOnceAssumed(ordered.currency),
    ...event.confidential,
    lines: lines.map((line) => ({ ...line, units: allHeld(line.quantity) })),
    subscriptions: [],
    createdAt: event.at,
    createdBy: event.actor.userId,
    updatedAt: event.at
  }
}

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
