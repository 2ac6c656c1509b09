/** Raw SQL that writes to a tenant's part of a table instead of to the table. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"

/** Whether what is written is written to parts: no, unless provided. */
export const WritesToPart = Context.Reference<boolean>("test/WritesToPart", { defaultValue: () => false })

const target = /\b(UPDATE|DELETE FROM|INSERT INTO|TRUNCATE) order_lifecycle\.(?!consumers\b)(\w+)/g

/** The client, where `WritesToPart` says so with every table that a statement writes to replaced by the part with the tenant's orders. */
export const onPart = Effect.fnUntraced(function* (sql: SqlClient, tenantId: string) {
  if (!(yield* WritesToPart)) return sql
  const [row] = yield* sql<{ part: string }>`
    SELECT t.relname AS part FROM order_lifecycle.orders o JOIN pg_class t ON t.oid = o.tableoid WHERE o.tenant_id = ${tenantId} LIMIT 1`
  const number = /^orders_(\d+)$/.exec(row?.part ?? "")?.[1]
  if (number === undefined) throw new Error(`${tenantId} has no order in a part`)
  const text = (given: string) => given.replaceAll(target, `$1 order_lifecycle.$2_${number}`)
  const statement = (strings: TemplateStringsArray | string, ...values: Array<unknown>) =>
    typeof strings === "string" ? sql(strings) : sql(Object.assign(strings.map(text), { raw: strings.raw }), ...values)
  // All other members are the given client's.
  return Object.assign(statement, sql, { unsafe: (given: string) => sql.unsafe(text(given)) }) as SqlClient
})
