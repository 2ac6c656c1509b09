/**
 * Whether one worker of Citus is enough for each statement, when tables are distributed by the tenant: then the constants of its plan restrict each
 * of its tables to one and the same tenant. Citus itself is not run here.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { describe, expect, it } from "vitest"
import { missingBackstops } from "../../src/postgres/backstops.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { orderRecordsContract } from "../../src/testing/orderRecordsContract.ts"
import { orderStoreContract } from "../../src/testing/orderStoreContract.ts"
import { guideBlock, guideText } from "../support/guideBlock.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
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

describe("the guide, on Citus", () => {
  it("distributes every table once, beside the others, and keeps every key: Citus finds no key to a table that is not distributed", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      // As much of Citus as the block calls. Distributing refuses what Citus refuses: a key from or to a table that stays behind.
      yield* sql`CREATE TABLE distributed (name text PRIMARY KEY, beside text)`
      yield* sql.unsafe(`CREATE FUNCTION create_distributed_table(name text, by text, colocate_with text) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
          IF by <> 'tenant_id' OR EXISTS (SELECT 1 FROM pg_constraint c WHERE c.contype = 'f' AND name::regclass IN (c.conrelid, c.confrelid)) THEN
            RAISE EXCEPTION 'cannot distribute %', name;
          END IF;
          INSERT INTO distributed VALUES (name, colocate_with);
        END $$`)
      yield* sql`CREATE FUNCTION create_reference_table(name text) RETURNS void LANGUAGE sql AS
        'INSERT INTO distributed VALUES (name, $$every worker$$)'`
      yield* sql`CREATE FUNCTION create_distributed_function(name text) RETURNS text LANGUAGE sql AS
        'SELECT name::regprocedure::text'`
      const keys = sql`SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint
                        WHERE connamespace = 'order_lifecycle'::regnamespace AND contype = 'f' ORDER BY conname`
      const before = yield* keys
      yield* sql.unsafe(guideBlock("DO $citus$"))
      expect(yield* keys).toEqual(before)
      expect(before.length).toBeGreaterThan(10)
      expect(yield* missingBackstops(sql)).toEqual([])
      const tables = yield* sql<{ name: string; beside: string | null }>`
        SELECT 'order_lifecycle.' || t.relname AS name, d.beside FROM pg_class t LEFT JOIN distributed d ON d.name::regclass = t.oid
         WHERE t.relnamespace = 'order_lifecycle'::regnamespace AND t.relkind = 'r' ORDER BY 1`
      const beside = (name: string) =>
        name === "order_lifecycle.migrations"
          ? null
          : name === "order_lifecycle.consumers"
            ? "every worker"
            : name === "order_lifecycle.customers"
              ? "none"
              : "order_lifecycle.customers"
      expect(tables).toEqual(tables.map(({ name }) => ({ name, beside: beside(name) })))
    }).pipe(Effect.provide(postgresStore), Effect.scoped, Effect.runPromise))

  it("names all that needs every worker, with the reason", () => {
    for (const { name, because } of spanning) expect(guideText()).toContain(`| ${name} | ${because} |`)
  })
})
