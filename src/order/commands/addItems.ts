import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { finalRefusal, InvalidInput, orderAsItIs } from "../commonRefusals.ts"
import { decimalsForNewAmounts, Decimals } from "../Money.ts"
import { type Order, OrderedLine, totalsOf } from "../Order.ts"
import { nothing, orderEvent } from "../orderEvent.ts"
import { allHeld } from "../Units.ts"
import { defineCommand, type PricingFacts } from "./defineCommand.ts"
import {
  InvalidContractLength,
  Items,
  maxDevices,
  maxLines,
  priceLines,
  type PricingRefusal,
  type Variant,
  VariantInactive,
  VariantNotFound
} from "./priceLines.ts"

/** Add lines to an order that nothing was rented from yet. They are priced by the catalogue of now, in the order's currency. */
export const AddItems = Schema.Struct({ items: Items })
export type AddItems = typeof AddItems.Type

export const ItemsAdded = orderEvent(
  "order.items_added",
  "Lines were added to the order. Their units are reserved from now on.",
  {
    details: Schema.Struct({ decimals: Decimals, lines: Schema.Array(OrderedLine) }),
    confidential: Schema.Struct({})
  }
)

export class OrderNotOpen extends Schema.TaggedError<OrderNotOpen>()("OrderNotOpen", orderAsItIs) {
  static readonly when = "A subscription was started from the order, so that its lines stay as they are."
  readonly code = "ORDER_NOT_OPEN"
  readonly remedy = "Place a new order for more; to put another product in the place of a rented one, upgrade the subscription."
  override get message() {
    return `Lines can be added until the first subscription is started; this order is ${this.status}.`
  }
}

// --- the lines -------------------------------------------------------------------------------------------------------------------------

type Command = PricingFacts & AddItems

const faultOf = (path: string, message: string, code: string) => new InvalidInput({ details: [{ path, message, code }] })

/** The lines as the order gets them, or what is wrong with them. Amounts have the decimals of the order. */
const linesOf = (order: Order, { items, variants }: Command): Result.Result<ReadonlyArray<OrderedLine>, PricingRefusal> =>
  Result.flatMap(
    priceLines(items, variants),
    ({ lines, currency }): Result.Result<ReadonlyArray<OrderedLine>, PricingRefusal> => {
      if (currency !== order.currency)
        return Result.fail(faultOf("items", `must be priced in ${order.currency}, as the order is`, "mixed_currencies"))
      if (order.lines.length + lines.length > maxLines)
        return Result.fail(faultOf("items", `must leave the order with at most ${maxLines} lines`, "too_long"))
      const units = lines.reduce((sum, { quantity }) => sum + quantity, totalsOf(order).totalDevices)
      if (units > maxDevices)
        return Result.fail(faultOf("items", `must leave the order with at most ${maxDevices} units`, "too_many"))
      // An order that was placed before amounts kept their decimals may have others than the catalogue of now.
      const factor = 10 ** (order.decimals - decimalsForNewAmounts(currency))
      const scaled = lines.map((line) => ({ ...line, unitPrice: line.unitPrice * factor }))
      const wrong = scaled.findIndex(({ unitPrice }) => !Number.isSafeInteger(unitPrice))
      return wrong < 0
        ? Result.succeed(scaled)
        : Result.fail(faultOf(`items[${wrong}].sku`, `has a price of more than ${order.decimals} decimals`, "invalid_amount"))
    }
  )

/** What the machine is asked. */
export interface Question {
  readonly type: "addItems"
  /** The code that the items are refused with; null when they can be added. */
  readonly fault: PricingRefusal["code"] | null
  /** How many units are added. */
  readonly quantity: number
}

const questionOf = (order: Order, command: Command): Question => {
  const lines = linesOf(order, command)
  return {
    type: "addItems",
    fault: Result.isFailure(lines) ? lines.failure.code : null,
    quantity: command.items.reduce((sum, { quantity }) => sum + quantity, 0)
  }
}

const lacks = (code: PricingRefusal["code"]) => (question: Question) => question.fault !== code

const refusalOf = <Code extends PricingRefusal["code"]>(code: Code) => {
  const isOf = (refusal: PricingRefusal): refusal is Extract<PricingRefusal, { readonly code: Code }> => refusal.code === code
  return ({ order, command }: { readonly order: Order; readonly command: Command }) => {
    const lines = linesOf(order, command)
    if (Result.isFailure(lines) && isOf(lines.failure)) return lines.failure
    return undefined
  }
}

/** The variants of an order's own lines, as if the catalogue had no others. */
const variantsOf = ({ lines, currency }: Order): PricingFacts["variants"] =>
  new Map(
    lines.map(({ sku, productName, contractLength, unitPrice }): [typeof sku, Variant] => [
      sku,
      { sku, productName, isActive: true, currency, pricing: [{ contractLength, monthlyPrice: unitPrice }] }
    ])
  )

/** Source: whole-life.md, section 3. */
export const addItems = defineCommand({
  name: "addItems",
  description: "Adds lines to an order that nothing was rented from yet.",
  request: AddItems,
  target: "order",
  rents: undefined,
  prices: ({ items }: AddItems) => items.map(({ sku }) => sku),
  event: ItemsAdded,
  errors: [OrderNotOpen, VariantNotFound, VariantInactive, InvalidContractLength]
})({
  question: questionOf,
  commandOf: (_, { details: { lines } }) => ({
    type: "addItems",
    items: lines.map(({ sku, quantity, contractLength }) => ({ sku, quantity, contractLength })),
    variants: new Map()
  }),
  // The catalogue had what is in the event.
  questionOfEvent: (_, { details: { lines } }) => ({
    type: "addItems",
    fault: null,
    quantity: lines.reduce((sum, { quantity }) => sum + quantity, 0)
  }),
  facts: {
    itemsFitTheOrder: lacks("VALIDATION_ERROR"),
    variantsExist: lacks("VARIANT_NOT_FOUND"),
    variantsAreActive: lacks("VARIANT_INACTIVE"),
    lengthsArePriced: lacks("INVALID_CONTRACT_LENGTH")
  },
  refusals: {
    ALREADY_CANCELLED: ({ order }) => finalRefusal(order),
    ORDER_NOT_OPEN: ({ order: { orderId, status } }) => new OrderNotOpen({ orderId, status }),
    VALIDATION_ERROR: refusalOf("VALIDATION_ERROR"),
    VARIANT_NOT_FOUND: refusalOf("VARIANT_NOT_FOUND"),
    VARIANT_INACTIVE: refusalOf("VARIANT_INACTIVE"),
    INVALID_CONTRACT_LENGTH: refusalOf("INVALID_CONTRACT_LENGTH")
  },
  record: (order, command) => ({
    details: { decimals: order.decimals, lines: Result.getOrThrow(linesOf(order, command)) },
    confidential: nothing
  }),
  evolve: (order, event) => ({
    ...order,
    version: event.sequence,
    status: event.to,
    updatedAt: event.at,
    lines: [...order.lines, ...event.details.lines.map((line) => ({ ...line, units: allHeld(line.quantity) }))]
  }),
  sample: (order) => ({
    type: "addItems",
    items: order.lines.slice(0, 1).map(({ sku, contractLength }) => ({ sku, quantity: 1, contractLength })),
    variants: variantsOf(order)
  })
})
