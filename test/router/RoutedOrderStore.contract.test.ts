/** A router keeps the contract of a store, and of its records: over two databases with tenants in both, and over three stores in memory. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import * as RoutedOrderStore from "../../src/lifecycle/RoutedOrderStore.ts"
import { storeByHash, TenantDirectory } from "../../src/lifecycle/TenantDirectory.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
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
