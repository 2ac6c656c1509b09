/**
 * Which plans a session has for the statements it sends. The session makes each plan once, the first time it meets a statement, and keeps it,
 * as a session does that was opened on an empty store: whatever the planner believed of the tables then, it goes on believing.
 */
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { countStatements } from "./countStatements.ts"

/** Make each plan only once from now on, without looking at the values. */
export const keepFirstPlans = (sql: SqlClient) => sql`SET plan_cache_mode = force_generic_plan`

/** The statements on tables of orders that an effect sends. */
export const statementsOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(countStatements(effect), ({ answer, statements }) => ({
    answer,
    statements: statements.filter((text) => text.includes("order_lifecycle.") && !text.startsWith("ANALYZE"))
  }))

interface Node {
  readonly "Node Type": string
  readonly "Relation Name"?: string
  readonly "Index Name"?: string
  readonly "Index Cond"?: string
  readonly Plans?: ReadonlyArray<Node>
}

/** Tables and indexes by the names of their parts. */
export const wholesOfParts = (sql: SqlClient) =>
  Effect.map(
    sql<{ part: string; whole: string }>`
      SELECT p.relname AS part, w.relname AS whole FROM pg_class p JOIN pg_class w ON w.oid = pg_partition_root(p.oid)
       WHERE p.relispartition AND p.relnamespace = 'order_lifecycle'::regnamespace`,
    (rows) => new Map(rows.map(({ part, whole }) => [part, whole]))
  )

/**
 * How a statement reads each table: `orders by orders_pkey`, each way once, in order. Inserts are none. A part is named as its whole: the one of the
 * tenant is read, as every text among the parameters is the tenant.
 */
export const planOf = (sql: SqlClient, text: string, tenantId: string, wholes: ReadonlyMap<string, string>) =>
  Effect.gen(function* () {
    const [prepared] = yield* sql<{ name: string; parameters: string | null }>`
      SELECT name, array_to_string(parameter_types, ',') AS parameters FROM pg_prepared_statements WHERE statement = ${text}`
    if (prepared === undefined) throw new Error(`not prepared in this session: ${text}`)
    const types = (prepared.parameters ?? "").split(",").filter((type) => type !== "")
    const values = types.map((type) => (type === "text" ? `'${tenantId}'` : "NULL")).join(", ")
    const [explained] = yield* sql
      .withoutTransforms()
      .unsafe<Record<string, unknown>>(`EXPLAIN (FORMAT JSON) EXECUTE ${prepared.name}${values === "" ? "" : `(${values})`}`)
      .unprepared
    const json: unknown = explained?.["QUERY PLAN"]
    const [{ Plan: root }] = (typeof json === "string" ? JSON.parse(json) : json) as [{ Plan: Node }]
    const ways = new Set<string>()
    const visit = (node: Node): void => {
      const [table, index] = [node["Relation Name"], node["Index Name"]].map((name) => wholes.get(name ?? "") ?? name)
      if (index !== undefined) {
        // A bitmap of an index is a look-up in it as well.
        const columns = (node["Index Cond"] ?? "").split(" AND ").filter((condition) => condition !== "").length
        ways.add(`${index} ${columns}`)
      } else if (table !== undefined && !["ModifyTable", "Bitmap Heap Scan"].includes(node["Node Type"]))
        ways.add(`${node["Node Type"]} of ${table}`)
      for (const child of node.Plans ?? []) visit(child)
    }
    visit(root)
    return [...ways].toSorted()
  })
