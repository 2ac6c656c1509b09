/** What a role needs to serve orders, and nothing more: it cannot rewrite history, delete an order or change a table. */
import { defaultSchema, optionReader, SchemaNameOption } from "../lifecycle/options.ts"
import { inSchema } from "./schemaName.ts"

const rights: ReadonlyArray<readonly [rights: string, on: string]> = [
  ["USAGE", "SCHEMA order_lifecycle"],
  ["SELECT, INSERT", "ALL TABLES IN SCHEMA order_lifecycle"],
  ["EXECUTE", "ALL FUNCTIONS IN SCHEMA order_lifecycle"],
  [
    "UPDATE",
    "order_lifecycle.orders, order_lifecycle.reservations, order_lifecycle.subscriptions, order_lifecycle.tenant_positions, order_lifecycle.assets"
  ],
  [
    "UPDATE, DELETE",
    "order_lifecycle.idempotency, order_lifecycle.consumer_cursors, order_lifecycle.deliveries, order_lifecycle.due_commands, order_lifecycle.order_data, order_lifecycle.order_lookups, order_lifecycle.stock_counts"
  ],
  ["DELETE", "order_lifecycle.audit_confidential, order_lifecycle.outbox, order_lifecycle.consumers"]
]

/**
 * The statements that let a role serve what the owner of the tables migrated. Run them as the owner, after the first migration and after
 * each that adds a table: `for (const statement of grantsFor("order_service")) yield* sql.unsafe(statement)`. `schema` is where the tables
 * are, when not in `order_lifecycle`; throws a `WrongOption`.
 */
export const grantsFor = (role: string, schema: string = defaultSchema): ReadonlyArray<string> => {
  const name = `"${role.replaceAll('"', '""')}"`
  const place = readSchema(schema, "grantsFor: schema")
  return [
    ...rights.map(([what, on]) => `GRANT ${what} ON ${inSchema(on, place)} TO ${name}`),
    `REVOKE INSERT ON ${inSchema("order_lifecycle.migrations", place)} FROM ${name}`
  ]
}

const readSchema = optionReader(SchemaNameOption)
