/** A router keeps the contract of a store, and of its records: over two databases with tenants in both, and over three stores in memory. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import * as RoutedOrderStore from "../../src/lifecycle/RoutedOrderStore.ts"
import { storeByHash, TenantDirectory } from "../../src/lifecycle/TenantDirectory.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import { TenantId } from "../../src/order/Order.ts"
import { placing } from "../../src/testing/contractOrders.ts"
import { runBothContracts } from "../support/runContract.ts"
import { sharedLayer } from "../support/sharedLayer.ts"
import { Databases, twoDatabases } from "../support/twoDatabases.ts"

describe("a router over two databases", () => {
  const run = sharedLayer(twoDatabases)

  runBothContracts(run)

  it("had tenants in both of them, and none in two", () =>
    run(
      Effect.gen(function* () {
        const { a, b } = yield* Databases
        const tenantsOf = (sql: typeof a) =>
          Effect.map(sql<{ tenant_id: string }>`SELECT DISTINCT tenant_id FROM order_lifecycle.orders`, (rows) =>
            rows.map(({ tenant_id }) => tenant_id)
          )
        const [ofA, ofB] = [yield* tenantsOf(a), yield* tenantsOf(b)]
        expect(Math.min(ofA.length, ofB.length)).toBeGreaterThan(20)
        expect(ofA.filter((tenantId) => ofB.includes(tenantId))).toEqual([])
        for (const tenantId of ofA) expect(storeByHash(tenantId, ["b", "a"])).toBe("a")
      })
    ))

  it("names tenants by code point, as the databases sort them, whatever the size of the pages", () =>
    run(
      Effect.gen(function* () {
        const store = yield* OrderStore
        // JavaScript compares the last two the other way around.
        const ids = ["zz-a", "zz-b", "zz-ba", "zz-é", "zz-\u{FF5E}", "zz-\u{1F600}"].map((id) => TenantId.make(id))
        for (const tenantId of ids) yield* store.commit([placing(tenantId)])
        const places = new Set(ids.map((tenantId) => storeByHash(tenantId, ["a", "b"])))
        expect(places.size).toBe(2)
        for (const limit of [1, 2, 100]) {
          const named: Array<TenantId> = []
          for (let page = yield* store.tenantIds(TenantId.make("zz"), limit); page.length > 0;) {
            named.push(...page)
            page = yield* store.tenantIds(page.at(-1) ?? null, limit)
          }
          expect(named).toEqual(ids)
        }
      })
    ))
})

describe("a router over three stores in memory", () => {
  const run = sharedLayer(
    Layer.provide(
      RoutedOrderStore.layer({ stores: { one: memory, two: memory, three: memory } }),
      TenantDirectory.layerStatic({ others: ["one", "two", "three"] })
    )
  )

  runBothContracts(run)
})
