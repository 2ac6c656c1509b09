/** Of which tenants a statement reads and writes rows, as its plan says. */
import { nodesRun, type PlanNode, type RunPlan } from "./watchedPlans.ts"

/** A statement that is asked of every tenant at once, by nature. */
interface Spanning {
  readonly name: string
  /** How its text begins, with single spaces. */
  readonly begins: RegExp
  readonly because: string
}

/** All statements that need more than one part of a table, or more than one worker. */
export const spanning: ReadonlyArray<Spanning> = [
  {
    name: "tenants there are",
    begins:
      /^WITH RECURSIVE steps AS \( SELECT \(SELECT min\(tenant_id\) FROM \(\(SELECT t\.tenant_id FROM order_lifecycle\.orders t /,
    because: "who goes through every tenant asks each table for the next one"
  },
  {
    name: "tenants with work for a consumer, and its lag over all of them",
    begins:
      /^WITH RECURSIVE steps AS \( SELECT \( SELECT min\(tenant_id\) FROM \( \(SELECT b\.tenant_id FROM order_lifecycle\.outbox b /,
    because: "a consumer of every tenant takes a lease in one tenant after the other, and looks for the next one here"
  },
  {
    name: "tenants with due commands",
    begins: /^WITH RECURSIVE steps AS \( SELECT \(SELECT d\.tenant_id FROM order_lifecycle\.due_commands d /,
    because: "who gives the due commands of every tenant looks for the next tenant here, and takes the lease in that one"
  },
  {
    name: "whether any tenant has a consumer of that name",
    begins: /^EXISTS \(SELECT 1 FROM order_lifecycle\.consumer_cursors WHERE consumer = name\)/,
    because: "the name of a consumer of every tenant is no tenant's own"
  },
  {
    name: "cursors of a new consumer of every tenant",
    begins: /^INSERT INTO order_lifecycle\.consumer_cursors .* WHERE tenant_id = tenant OR \(tenant = '' AND beginning\)/,
    because: "each tenant has one; a consumer of one tenant gets its own by the same statement, which then is for that tenant"
  },
  {
    name: "the next tenant with a cursor of a consumer that is removed",
    begins: /^SELECT c\.tenant_id FROM order_lifecycle\.consumer_cursors c WHERE c\.consumer = \$\d+::text AND c\.tenant_id > /,
    because: "a consumer of every tenant is removed from one tenant after the other"
  },
  {
    name: "the next tenant with events that have no position",
    begins: /^SELECT b\.tenant_id FROM order_lifecycle\.outbox b WHERE b\.tenant_id > /,
    because: "before a consumer of every tenant is added, the events of one tenant after the other get their positions"
  }
]

/** A statement in one line, with the list's name for it, if it has one. */
interface Named {
  readonly text: string
  readonly spans: string | null
}

/** The parts that a statement has read, by number. */
export interface StatementParts extends Named {
  readonly parts: ReadonlyArray<string>
}

/** The tenants that a statement's tables are restricted to; `any of orders` for a table that is not. */
export interface StatementTenants extends Named {
  readonly tenants: ReadonlyArray<string>
}

const inOneLine = (text: string) => text.replaceAll(/--.*$/gm, "").replaceAll(/\s+/g, " ").trim()

const nameOf = (text: string) => spanning.find(({ begins }) => begins.test(text))?.name ?? null

const whole = (name: string) => name.replace(/_\d+$/, "")

/** Tables of which every tenant reads the same rows: whole in a store in parts, and on every worker. */
const ofEveryTenant = new Set(["consumers"])

/** By its plan, and its run, of tables in parts: the numbers of the parts that were read. */
export const partsRead = ({ text, root }: RunPlan): StatementParts => {
  const line = inOneLine(text)
  const read = nodesRun(root).flatMap((node) => {
    const name = node["Node Type"] === "ModifyTable" ? undefined : node["Relation Name"]
    return name === undefined || name.startsWith("pg_") || ofEveryTenant.has(whole(name))
      ? []
      : [/_(\d+)$/.exec(name)?.[1] ?? `all of ${name}`]
  })
  return { text: line, parts: [...new Set(read)].toSorted(), spans: nameOf(line) }
}

/** The constant that a scan asks its table's tenant to be. */
const constantOf = (node: PlanNode): string => {
  const alias = node.Alias ?? node["Relation Name"] ?? ""
  const asked = new RegExp(`\\(${alias}\\.tenant_id = '((?:[^']|'')*)'::text(?: COLLATE "C")?\\)`)
  // What is one of several conditions does not hold for every row.
  const conditions = [node["Index Cond"], node["Recheck Cond"], node.Filter].filter((each = "") => !/ OR /.test(each))
  return asked.exec(conditions.join(" "))?.[1] ?? `any of ${node["Relation Name"]}`
}

/** The constant that an insert gives as the tenant, which is the first column of every table; none where it is that of a row that was read. */
const constantOfRows = (node: PlanNode, table: string): ReadonlyArray<string> => {
  const from = node.Plans?.find((each) => ["Outer", "Subquery"].includes(each["Parent Relationship"] ?? ""))
  const given = from?.Output?.[0] ?? ""
  const constant = /^'((?:[^']|'')*)'::text(?: COLLATE "C")?$/.exec(given)?.[1]
  if (constant !== undefined) return [constant]
  // A row of a table: which tenant that is restricted to is told where it is read.
  if (from?.["Relation Name"] !== undefined && given === `${from.Alias}.tenant_id`) return []
  return from?.["Node Type"] === "Subquery Scan" ? constantOfRows(from, table) : [`any into ${table}`]
}

const everyNode = (node: PlanNode): ReadonlyArray<PlanNode> => [node, ...(node.Plans ?? []).flatMap(everyNode)]

/** By the constants of its plan, of whole tables: the tenants that each table is restricted to. */
export const tenantsNamed = ({ text, root }: RunPlan): StatementTenants => {
  const line = inOneLine(text)
  const named = everyNode(root).flatMap((node) => {
    const table = node["Relation Name"]
    // An index that is read for the rows of a table is no reading of its own.
    if (table === undefined || node.Schema !== "order_lifecycle" || ofEveryTenant.has(table)) return []
    if (node["Node Type"] !== "ModifyTable") return [constantOf(node)]
    return node.Operation === "Insert" ? constantOfRows(node, table) : []
  })
  return { text: line, tenants: [...new Set(named)].toSorted(), spans: nameOf(line) }
}
