/**
 * The contracts of the store and of its records, on tables in parts; and which parts all that they send reads. Plans are made once for any values,
 * as a session keeps them.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { describe, expect, it } from "vitest"
import { layerPartitions } from "../../src/postgres/partitions.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { orderRecordsContract } from "../../src/testing/orderRecordsContract.ts"
import { partsOfTables } from "../support/postgresDatabase.ts"
import { runContract } from "../support/runContract.ts"
import { sharedLayer } from "../support/sharedLayer.ts"
import { partsRead, spanning, type StatementParts } from "../support/tenantsOfPlans.ts"
import { type PlanNode, watchedPlans } from "../support/watchedPlans.ts"

const { layer, take } = watchedPlans("force_generic_plan")
const store = PostgresOrderStore.layerMigrated.pipe(
  Layer.provideMerge(layer),
  Layer.provide(layerPartitions(partsOfTables)),
  // What made the tables is not looked at.
  Layer.tap(() => Effect.sync(take))
)

/** Every text that was sent, with the most parts that one execution of it has read; and those whose plans are for any tenant. */
const read = new Map<string, StatementParts>()
const pruned = new Set<string>()
const isPruned = (node: PlanNode): boolean => (node["Subplans Removed"] ?? 0) > 0 || (node.Plans ?? []).some(isPruned)
const note = () => {
  for (const plan of take()) {
    const found = partsRead(plan)
    if (found.parts.length >= (read.get(found.text)?.parts.length ?? 0)) read.set(found.text, found)
    if (isPruned(plan.root)) pruned.add(found.text)
  }
}
const watched = <A, E, R>(run: Effect.Effect<A, E, R>) => Effect.tap(run, () => Effect.sync(note))

runContract("PostgreSQL, in parts", store, watched)

describe("on PostgreSQL, in parts,", () => {
  const run = sharedLayer(store)

  it.each(orderRecordsContract)("the order records contract: $name", async (each) =>
    expect(await run(watched(each.run))).toBeUndefined()
  )

  it("no statement reads more than one part of any table, all of one number, except where every tenant is looked at", () => {
    const all = [...read.values()]
    expect(all.length).toBeGreaterThan(500)
    // Those that the server has pruned when it ran them, by the values that it got then.
    expect(pruned.size).toBeGreaterThan(300)
    const several = all.filter(({ parts }) => parts.length > 1)
    expect(several.filter(({ spans }) => spans === null)).toEqual([])
    expect(new Set(several.map(({ spans }) => spans))).toEqual(new Set(spanning.map(({ name }) => name)))
  })

  it("a statement that reads several parts is noticed", () =>
    run(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        note()
        const partsOf = Effect.fnUntraced(function* (statement: Effect.Effect<unknown, unknown>) {
          yield* statement
          return take().map((plan) => partsRead(plan).parts.length)
        })
        expect(yield* partsOf(sql`SELECT o.notes FROM order_lifecycle.orders o WHERE o.order_id = ${"open"}::text`)).toEqual([
          partsOfTables
        ])
        // Two tables, each asked for a tenant, but not for the same one.
        const tenants = Array.from({ length: 50 }, (_, n) => `tenant-${n}`)
        const most = yield* Effect.forEach(tenants, (other) =>
          partsOf(sql`
            SELECT o.notes FROM order_lifecycle.orders o LEFT JOIN order_lifecycle.customers c ON c.tenant_id = ${other}::text
             WHERE o.tenant_id = ${"one"}::text
            UNION ALL SELECT c.email_key FROM order_lifecycle.customers c WHERE c.tenant_id = ${other}::text`)
        )
        expect(Math.max(...most.flat())).toBe(2)
        expect(yield* partsOf(sql`SELECT o.notes FROM order_lifecycle.orders o WHERE o.tenant_id = ${"one"}::text`)).toEqual([1])
      })
    ))
})
