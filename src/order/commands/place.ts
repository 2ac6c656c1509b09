/**
 * Placing an order: a request and what the catalogue says in; the order and its first event, or a refusal, out. Pure.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { assertLaws } from "../invariants.ts"
import { decimalsForNewAmounts, decimalsOnceAssumed } from "../Money.ts"
import {
  Address,
  CustomerId,
  CustomerType,
  ExtensionDetails,
  ExternalReference,
  type Order,
  OrderedFacts,
  OrderedLine,
  type OrderId,
  type OrderStatus,
  OrderType,
  type OwnData,
  type Payment,
  PersonalFacts,
  type Sku,
  type TenantId,
  UpgradeDetails
} from "../Order.ts"
import { orderEvent, type ProcessVersion } from "../orderEvent.ts"
import { Email, NewJsonObject, NonEmptyText, Text } from "../Text.ts"
import type { Occasion, Transition } from "../Transition.ts"
import { allHeld } from "../Units.ts"
import { Items, priceLines, type PricingRefusal, type Variant } from "./priceLines.ts"

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
  items: Items,
  externalReference: Schema.optionalKey(ExternalReference),
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

/** What `place` can be refused with. */
export type PlaceRefusal = PricingRefusal

// --- the decision ----------------------------------------------------------------------------------------------------------------------

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
  Result.map(priceLines(request.items, facts.variants), ({ lines, currency }) => {
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
        ...(request.externalReference !== undefined && { externalReference: request.externalReference }),
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
