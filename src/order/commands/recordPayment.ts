import * as Schema from "effect/Schema"
import { Decimals } from "../Money.ts"
import { Payment, paymentStatuses } from "../Order.ts"
import { nothing, orderEvent } from "../orderEvent.ts"
import { defineCommand } from "./defineCommand.ts"

/**
 * Record how the order's payment stands, in place of what was recorded before. `paidAmount` is minor units of the order's currency. It may follow
 * a cancel: nothing of the order changes but the payment.
 */
export const RecordPayment = Schema.Struct({ ...Payment.fields, status: paymentStatuses })
export type RecordPayment = typeof RecordPayment.Type

export const PaymentRecorded = orderEvent("order.payment_recorded", "It was recorded how the order's payment stands.", {
  details: Schema.Struct({ decimals: Decimals, payment: Payment }),
  confidential: Schema.Struct({})
})

const question = { type: "recordPayment" } as const

/** Source: whole-life.md, section 3. */
export const recordPayment = defineCommand({
  name: "recordPayment",
  description: "Records how the order's payment stands.",
  request: RecordPayment,
  target: "order",
  rents: undefined,
  event: PaymentRecorded,
  errors: []
})({
  question: () => question,
  // An event of another origin may say nothing of the status.
  commandOf: (_, { details: { payment } }) => ({ ...question, status: "pending", ...payment }),
  facts: {},
  refusals: {},
  record: ({ decimals }, { type: _, ...payment }) => ({ details: { decimals, payment }, confidential: nothing }),
  evolve: (order, event) => ({
    ...order,
    version: event.sequence,
    status: event.to,
    updatedAt: event.at,
    payment: event.details.payment
  }),
  sample: () => ({ ...question, status: "paid" })
})
