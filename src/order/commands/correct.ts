import * as Schema from "effect/Schema"
import { finalRefusal } from "../commonRefusals.ts"
import { Address, type Customer, CustomerType, ExternalReference, type Order } from "../Order.ts"
import { nothing, orderEvent } from "../orderEvent.ts"
import { Email, NonEmptyText, Text } from "../Text.ts"
import { defineCommand } from "./defineCommand.ts"

/** Members of the customer that are to be others; null takes one away. */
const CustomerCorrection = Schema.Struct({
  email: Schema.optionalKey(Email),
  firstName: Schema.optionalKey(NonEmptyText),
  lastName: Schema.optionalKey(NonEmptyText),
  company: Schema.optionalKey(Schema.NullOr(Text)),
  phone: Schema.optionalKey(Schema.NullOr(Text)),
  customerType: Schema.optionalKey(CustomerType)
})

const members = {
  customer: Schema.optionalKey(CustomerCorrection),
  billingAddress: Schema.optionalKey(Address),
  shippingAddress: Schema.optionalKey(Address),
  externalReference: Schema.optionalKey(Schema.NullOr(ExternalReference))
}

const givesSomething = Schema.makeFilter<Schema.Struct<typeof members>["Type"]>(
  ({ customer, ...others }) =>
    Object.keys(others).length > 0 ||
    (customer !== undefined && Object.keys(customer).length > 0) ||
    `must give something to correct: ${Object.keys(members).join(", ")}`
)

/**
 * Mend what was written down wrongly. Of the customer, the members that are given replace those of the order, and the others stay; an address
 * replaces the whole address; null takes away `company`, `phone` or `externalReference`. The customer's id, and other orders, stay as they are.
 */
export const CorrectOrder = Schema.Struct(members).check(givesSomething)
export type CorrectOrder = typeof CorrectOrder.Type

const { externalReference, ...persons } = members

export const OrderCorrected = orderEvent(
  "order.corrected",
  "What was written down wrongly was corrected. Null: it was taken away.",
  {
    details: Schema.Struct({ externalReference }),
    confidential: Schema.Struct(persons)
  }
)

/** An object with some members replaced, and those that are null taken away. */
const corrected = <Of extends object>(of: Of, correction: { readonly [Member in keyof Of]?: Of[Member] | null }): Of =>
  // What is left has every member that it must have: only members that may be absent can be null.
  Object.fromEntries(Object.entries({ ...of, ...correction }).filter(([, value]) => value !== null)) as Of

const question = { type: "correct" } as const

/** Source: whole-life.md, section 3. */
export const correct = defineCommand({
  name: "correct",
  description: "Corrects the customer's details, an address or the external reference of an order.",
  request: CorrectOrder,
  target: "order",
  rents: undefined,
  event: OrderCorrected,
  errors: []
})({
  question: () => question,
  commandOf: (_, { details, confidential }) => ({ ...question, ...details, ...confidential }),
  facts: {},
  refusals: { ALREADY_CANCELLED: ({ order }) => finalRefusal(order) },
  record: (_, { type: __, externalReference, ...confidential }) => ({
    details: externalReference === undefined ? nothing : { externalReference },
    confidential
  }),
  evolve: (order, event): Order => {
    const { customer, ...addresses } = event.confidential
    return {
      ...corrected(order, event.details),
      version: event.sequence,
      status: event.to,
      updatedAt: event.at,
      ...(customer && { customer: corrected<Customer>(order.customer, customer) }),
      ...addresses
    }
  },
  sample: ({ billingAddress }) => ({ ...question, billingAddress })
})
