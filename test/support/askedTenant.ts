/** Whether SQL asks every table for its tenant: a statement by a parameter, a function by its argument `tenant`. */

const tables =
  "customers|orders|reservations|subscriptions|audit_events|audit_confidential|idempotency|" +
  "outbox|tenant_positions|event_positions|consumers|consumer_cursors|deliveries|due_commands|order_data|order_lookups"
const table = `order_lifecycle\\.(?:${tables})\\b`
const insert = new RegExp(`INSERT INTO ${table}`, "g")
const insertFor = (tenant: string) =>
  new RegExp(`INSERT INTO ${table}(?: AS \\w+)? \\(tenant_id,[^)]*\\)\\s+(?:SELECT |VALUES \\()${tenant}`, "g")
const insertForTenant = insertFor("\\$\\d+")
const mention = new RegExp(
  `(?<!INSERT INTO )${table}(?: AS)?(?: (?!WHERE|SET|USING|LEFT|ON|ORDER|FOR|GROUP|CROSS|JOIN)(\\w+))?`,
  "g"
)

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0

/** The ways to name the tenant of a table by its name in the statement. */
const waysToAsk = (text: string, alias: string): ReadonlyArray<RegExp> => {
  const isWalk = /\bWITH RECURSIVE\s+steps AS \(/.test(text)
  return [
    new RegExp(`\\b${alias}\\.tenant_id = \\$\\d+`, "g"),
    // Consumers of every tenant stand under an empty one.
    new RegExp(`\\b${alias}\\.tenant_id = ''(?= AND)`, "g"),
    new RegExp(`\\b${alias}\\.tenant_id IN \\('', (?:\\$\\d+|c\\.tenant_id)`, "g"),
    // Going from tenant to tenant: the first one behind the last one seen, and then that one's rows.
    new RegExp(
      `\\b${alias}\\.tenant_id > (?:\\$\\d+::text|seen\\.tenant_id)\\s(?:(?!UNION)[\\s\\S])*?ORDER BY (?:\\w+\\.consumer, )?${alias}\\.tenant_id LIMIT 1\\b`,
      "g"
    ),
    ...(isWalk ? [new RegExp(`\\b${alias}\\.tenant_id = s\\.tenant_id\\b`, "g")] : [])
  ]
}

/** What is wrong with a statement: a table without a name of its own, or without a tenant. Empty when nothing is. */
export const tablesWithoutTenant = (text: string): ReadonlyArray<string> => {
  const inserts = count(text, insert) - count(text, insertForTenant)
  const mentions = new Map<string, number>()
  for (const [whole, alias] of text.matchAll(mention)) {
    const name = alias ?? `${whole}, unnamed`
    mentions.set(name, (mentions.get(name) ?? 0) + 1)
  }
  return [
    ...(inserts > 0 ? [`${inserts} inserts`] : []),
    ...[...mentions].flatMap(([alias, times]) => {
      const asked = waysToAsk(text, alias).reduce((sum, way) => sum + count(text, way), 0)
      return asked < times ? [`${alias}: ${asked} of ${times}`] : []
    })
  ]
}

const insertForArgument = insertFor("tenant,")

/** The statements in the body of a PL/pgSQL function that do not ask every table for its argument `tenant`. */
export const statementsWithoutTenant = (body: string): ReadonlyArray<string> =>
  body.split(";").flatMap((statement) => {
    const inserts = count(statement, insert)
    const asked = count(statement, /\btenant_id (?:= tenant\b(?! OR\b)|= ''|IN \(tenant, ''\))/g)
    const isFine = count(statement, insertForArgument) === inserts && asked >= count(statement, mention)
    return isFine ? [] : [statement.trim().replaceAll(/\s+/g, " ")]
  })
