/**
 * Whether one worker of Citus is enough for each statement, when tables are distributed by the tenant: then the constants of its plan restrict each
 * of its tables to one and the same tenant. Citus itself is not run here.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { describe, expect, it } from "vitest"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { orderRecordsContract } from "../../src/testing/orderRecordsContract.ts"
import { orderStoreContract } from "../../src/testing/orderStoreContract.ts"
import { sharedLayer } from "../support/sharedLayer.ts"
import { spanning, tenantsNamed } from "../support/tenantsOfPlans.ts"
import { watchedPlans } from "../support/watchedPlans.ts"

const isOne = (tenants: ReadonlyArray<string>) => tenants.length <= 1 && !tenants.some((tenant) => tenant.startsWith("any "))

describe("a statement on tables that are distributed by tenant", () => {
  const { layer, take } = watchedPlans("force_custom_plan")
  const run = sharedLayer(PostgresOrderStore.layerMigrated.pipe(Layer.provideMerge(layer)))

  it("needs one worker, in all that the contracts of the store and of its records send, except where every tenant is looked at", () =>
    run(
      Effect.gen(function* () {
        take()
        const texts = new Set<string>()
        const wide = new Map<string, { readonly text: string; readonly tenants: ReadonlyArray<string> }>()
        const spans = new Set<string>()
        let restricted = 0
        for (const each of [...orderStoreContract, ...orderRecordsContract]) {
          yield* each.run
          for (const plan of take()) {
            const found = tenantsNamed(plan)
            texts.add(found.text)
            if (isOne(found.tenants)) restricted += found.tenants.length
            else if (found.spans === null) wide.set(found.text, found)
            else spans.add(found.spans)
          }
        }
        expect(texts.size).toBeGreaterThan(500)
        expect(restricted).toBeGreaterThan(5_000)
        expect([...wide.values()]).toEqual([])
        expect(spans).toEqual(new Set(spanning.map(({ name }) => name)))
      })
    ))

  it("is noticed when it names two tenants, or a table for none, or writes for a tenant that only its rows know", () =>
    run(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        take()
        for (const [statement, tenants] of [
          [sql`SELECT 1 FROM order_lifecycle.orders o WHERE o.tenant_id = ${"a"}::text AND o.order_id = ${"x"}::text`, ["a"]],
          [sql`SELECT 1 FROM order_lifecycle.orders o WHERE o.order_id = ${"x"}::text`, ["any of orders"]],
          [
            sql`SELECT 1 FROM order_lifecycle.orders o WHERE o.tenant_id = ${"a"}::text OR o.order_id = ${"x"}::text`,
            ["any of orders"]
          ],
          [
            sql`SELECT 1 FROM order_lifecycle.orders o, order_lifecycle.customers c WHERE o.tenant_id = ${"a"}::text AND c.tenant_id = ${"b"}::text`,
            ["a", "b"]
          ],
          [
            sql`UPDATE order_lifecycle.orders o SET notes = i.order_id
                  FROM json_to_recordset(${'[{"tenant_id":"a","order_id":"x"}]'}::text::json) AS i (tenant_id text, order_id text)
                 WHERE o.tenant_id = i.tenant_id AND o.order_id = i.order_id`,
            ["any of orders"]
          ],
          [
            sql`INSERT INTO order_lifecycle.tenant_positions (tenant_id, last_position)
                SELECT i.tenant_id, 0 FROM json_to_recordset(${'[{"tenant_id":"a"}]'}::text::json) AS i (tenant_id text)`,
            ["any into tenant_positions"]
          ]
        ] as const) {
          yield* statement
          expect(take().map((plan) => tenantsNamed(plan).tenants)).toEqual([tenants])
        }
      })
    ))
})
