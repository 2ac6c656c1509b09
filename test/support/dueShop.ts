/** A process whose pending orders are reminded of when their moment has come, with a row by the database's clock for each time they are. */
import * as Schema from "effect/Schema"
import { orderProcess } from "../../src/order/process/orderProcess.ts"

export const dueShop = orderProcess("reminders", { data: Schema.Struct({ reminders: Schema.Int }), initial: { reminders: 0 } })
  .command("remind", {
    description: "Reminds the customer.",
    event: "order.reminded",
    from: { pending: "pending" },
    otherwise: { code: "NOT_PENDING", message: "The order is not pending.", remedy: "No action needed." },
    data: ({ order }) => ({ reminders: order.data.reminders + 1 })
  })
  .rows("due_proof.given", { sequence: "integer" }, ({ event }) => (event.sequence === 1 ? [] : [{ sequence: event.sequence }]))

/** Where those rows go. */
export const dueProofTable = [
  "CREATE SCHEMA due_proof",
  `CREATE TABLE due_proof.given (
    tenant_id text NOT NULL, order_id text NOT NULL, sequence integer NOT NULL, given_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`
]
