/** Whether a statement asks every table for its tenant, by a parameter. */

const table = "(?:customers|orders|reservations|subscriptions|audit_events|audit_confidential|outbox|idempotency)"
const insert = new RegExp(`INSERT INTO order_lifecycle\\.${table}`, "g")
const insertForTenant = new RegExp(
  `INSERT INTO order_lifecycle\\.${table}(?: AS \\w+)? \\(tenant_id,[^)]*\\)\\s+(?:SELECT |VALUES \\()\\$\\d+`,
  "g"
)
const mention = new RegExp(
  `(?<!INSERT INTO )order_lifecycle\\.${table}\\b(?: AS)?(?: (?!WHERE|SET|USING|LEFT|ON|ORDER|FOR)(\\w+))?`,
  "g"
)

/** What is wrong with a statement: a table without a name of its own, or without a tenant. Empty when nothing is. */
export const tablesWithoutTenant = (text: string): ReadonlyArray<string> => {
  const inserts = (text.match(insert)?.length ?? 0) - (text.match(insertForTenant)?.length ?? 0)
  const mentions = new Map<string, number>()
  for (const [whole, alias] of text.matchAll(mention)) {
    const name = alias ?? `${whole}, unnamed`
    mentions.set(name, (mentions.get(name) ?? 0) + 1)
  }
  return [
    ...(inserts > 0 ? [`${inserts} inserts`] : []),
    ...[...mentions].flatMap(([alias, count]) => {
      const asked = text.match(new RegExp(`\\b${alias}\\.tenant_id = \\$\\d+`, "g"))?.length ?? 0
      return asked < count ? [`${alias}: ${asked} of ${count}`] : []
    })
  ]
}
