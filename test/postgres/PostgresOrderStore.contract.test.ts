import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { describe, expect, it } from "vitest"
import { orderRecordsContract } from "../../src/testing/orderRecordsContract.ts"
import { statementsWithoutTenant, tablesWithoutTenant } from "../support/askedTenant.ts"
import { countStatements } from "../support/countStatements.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { runContract } from "../support/runContract.ts"
import { sharedLayer } from "../support/sharedLayer.ts"

const sent = new Set<string>()
const watched = <A, E, R>(run: Effect.Effect<A, E, R>) =>
  Effect.tap(countStatements(run), ({ statements }) => Effect.sync(() => statements.forEach((text) => sent.add(text))))

runContract("PostgreSQL", postgresStore, watched)

describe("a statement", () => {
  const run = sharedLayer(postgresStore)

  it("asks every table for its tenant by a parameter, in all that the contracts of the store and of its records send", async () => {
    for (const each of orderRecordsContract) await run(watched(each.run))
    const texts = [...sent].filter((text) => text.includes("order_lifecycle."))
    expect(texts.length).toBeGreaterThan(60)
    expect(
      texts.map((text) => ({ text, without: tablesWithoutTenant(text) })).filter(({ without }) => without.length > 0)
    ).toEqual([])
  })

  it("within a function asks every table for the function's tenant, except where a consumer of every tenant is added", () =>
    run(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        // The function of a trigger has no parameters: it takes the tenant from the row, or hands on each tenant of the rows.
        const functions = yield* sql<{ name: string; body: string; parameters: string }>`
          SELECT proname AS name, prosrc AS body,
                 CASE WHEN prorettype = 'trigger'::regtype AND prosrc LIKE '%tenant text := NEW.tenant_id;%' THEN 'tenant text, by its row'
                      WHEN prorettype = 'trigger'::regtype AND prosrc LIKE '%PERFORM order_lifecycle.add_to_stock(_.tenant_id, %'
                        AND prosrc NOT LIKE '%order_lifecycle.%order_lifecycle.%' THEN 'tenant text, by its rows'
                      ELSE pg_get_function_arguments(oid) END AS parameters FROM pg_proc
           WHERE pronamespace = 'order_lifecycle'::regnamespace AND prosrc LIKE '%order_lifecycle.%' ORDER BY proname`
        expect(functions.map(({ name }) => name)).toEqual([
          "add_consumer",
          "add_to_stock",
          "assign_positions",
          "count_moved",
          "count_removed",
          "count_reserved",
          "find_sku",
          "hand_on",
          "keep_rented_out",
          "require_live_order",
          "require_rented_out"
        ])
        expect(functions.filter(({ parameters }) => !parameters.startsWith("tenant text,"))).toEqual([])
        expect(functions.flatMap(({ name, body }) => statementsWithoutTenant(body).map((text) => [name, text]))).toEqual([
          [
            "add_consumer",
            expect.stringMatching(/^IF EXISTS \(SELECT 1 FROM order_lifecycle.consumer_cursors WHERE consumer = name\) THEN/)
          ],
          ["add_consumer", expect.stringMatching(/^INSERT .* WHERE tenant_id = tenant OR \(tenant = '' AND beginning\)$/)]
        ])
      })
    ))

  it("that leaves a tenant out is noticed", () => {
    for (const [text, without] of [
      ["SELECT 1 FROM order_lifecycle.orders WHERE order_id = $1", ["order_lifecycle.orders, unnamed: 0 of 1"]],
      ["SELECT 1 FROM order_lifecycle.orders o WHERE o.order_id = $1", ["o: 0 of 1"]],
      [
        "SELECT 1 FROM order_lifecycle.orders o JOIN order_lifecycle.reservations r ON r.tenant_id = o.tenant_id WHERE o.tenant_id = $1",
        ["r: 0 of 1"]
      ],
      ["INSERT INTO order_lifecycle.outbox (tenant_id, order_id) SELECT tenant_id, order_id FROM written", ["1 inserts"]],
      ["SELECT 1 FROM order_lifecycle.outbox b WHERE b.tenant_id > $1::text ORDER BY b.tenant_id LIMIT 10", ["b: 0 of 1"]],
      ["SELECT 1 FROM order_lifecycle.deliveries d JOIN steps s ON d.tenant_id = s.tenant_id", ["d: 0 of 1"]],
      ["SELECT 1 FROM order_lifecycle.outbox b WHERE b.tenant_id > $1::text ORDER BY b.tenant_id LIMIT 1", []],
      ["UPDATE order_lifecycle.orders o SET notes = $1 WHERE o.tenant_id = $2::text", []],
      ["INSERT INTO order_lifecycle.outbox (tenant_id, order_id) SELECT $2::text, order_id FROM written", []]
    ] as const) {
      expect(tablesWithoutTenant(text)).toEqual(without)
    }
  })

  it("within a function that leaves the tenant out is noticed", () => {
    const forgets = "DELETE FROM order_lifecycle.outbox WHERE order_id = name"
    const forAnother = "INSERT INTO order_lifecycle.deliveries (tenant_id, order_id) SELECT other, order_id FROM taken"
    expect(
      statementsWithoutTenant(`${forgets}; SELECT 1 FROM order_lifecycle.orders WHERE tenant_id = tenant; ${forAnother}`)
    ).toEqual([forgets, forAnother])
  })
})
