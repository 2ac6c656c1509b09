/** The directory of tenants on PostgreSQL: who gets which place, and for how long an answer holds. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { describe, expect, it } from "vitest"
import { WrongOption } from "../../src/lifecycle/options.ts"
import { StoreUnavailable } from "../../src/lifecycle/OrderStore.ts"
import { TenantDirectory } from "../../src/lifecycle/TenantDirectory.ts"
import * as PostgresTenantDirectory from "../../src/postgres/PostgresTenantDirectory.ts"
import { freshTenant } from "../../src/testing/contractOrders.ts"
import { postgresClient } from "../support/postgresDatabase.ts"
import { sharedLayer } from "../support/sharedLayer.ts"

const run = sharedLayer(postgresClient({ maxConnections: 4 }))

/** The directory as a process with these options has it. */
const directoryOf = (options: PostgresTenantDirectory.TenantDirectoryOptions) =>
  Effect.map(Layer.build(Layer.fresh(PostgresTenantDirectory.layer(options))), (context) => Context.get(context, TenantDirectory))

describe("the directory of tenants", () => {
  it("gives a new tenant its place when it is first asked for, for good, and says nothing of others", () =>
    Effect.gen(function* () {
      const [first, second] = [yield* directoryOf({ newTenantsIn: "a" }), yield* directoryOf({ newTenantsIn: "b" })]
      const [old, fresh, unknown] = [freshTenant(), freshTenant(), freshTenant()]
      const inA = { store: "a", trustedMs: 5_000 }
      expect(yield* first.placeOf(old)).toEqual(inA)
      expect(yield* second.placeOf(old)).toEqual(inA)
      expect(yield* second.placeOf(fresh)).toEqual({ store: "b", trustedMs: 5_000 })
      expect(yield* first.placesOf([unknown, fresh, old])).toEqual([null, { store: "b", trustedMs: 5_000 }, inA])
      expect(yield* first.placesOf([unknown])).toEqual([null])
    }).pipe(Effect.scoped, run))

  it("gives one place to a tenant that many ask for at once", () =>
    Effect.gen(function* () {
      const directories = [yield* directoryOf({ newTenantsIn: "a" }), yield* directoryOf({ newTenantsIn: ["b", "c"] })]
      for (let turn = 0; turn < 20; turn++) {
        const tenantId = freshTenant()
        const places = yield* Effect.forEach([...directories, ...directories], (each) => each.placeOf(tenantId), {
          concurrency: "unbounded"
        })
        expect(new Set(places.map(({ store }) => store)).size).toBe(1)
      }
    }).pipe(Effect.scoped, run))

  it("knows of tenants that had orders before, and leaves those where they are that it knows", () =>
    Effect.gen(function* () {
      const directory = yield* directoryOf({ newTenantsIn: "a" })
      const [before, known] = [freshTenant(), freshTenant()]
      yield* directory.placeOf(known)
      expect(yield* PostgresTenantDirectory.placeTenants([before, known], "b")).toBe(1)
      expect((yield* directory.placesOf([before, known])).map((place) => place?.store)).toEqual(["b", "a"])
    }).pipe(Effect.scoped, run))

  it("remembers for how long the process relies on it that does so longest", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const longest = Effect.map(
        sql<{ trusted_ms: number }>`SELECT trusted_ms FROM order_directory.trust`,
        ([row]) => row?.trusted_ms
      )
      yield* sql`UPDATE order_directory.trust SET trusted_ms = 0`
      yield* directoryOf({ newTenantsIn: "a", trustFor: "20 seconds" })
      expect(yield* longest).toBe(20_000)
      const short = yield* directoryOf({ newTenantsIn: "a", trustFor: "1 second" })
      expect(yield* longest).toBe(20_000)
      const tenantId = freshTenant()
      expect(yield* short.placeOf(tenantId)).toEqual({ store: "a", trustedMs: 1_000 })
      yield* sql`UPDATE order_directory.tenants SET moving_to = 'b' WHERE tenant_id = ${tenantId}`
      expect(yield* short.placeOf(tenantId)).toEqual({ store: "a", trustedMs: 0 })
      expect(yield* short.placesOf([tenantId])).toEqual([{ store: "a", trustedMs: 0 }])
    }).pipe(Effect.scoped, run))

  it("is asked beside a transaction of the caller's, never in it", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const directory = yield* directoryOf({ newTenantsIn: "a" })
      const tenantId = freshTenant()
      yield* directory.placeOf(tenantId)
      const moved = sql.withTransaction(
        Effect.gen(function* () {
          yield* sql`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`
          yield* sql`SELECT 1 AS one FROM order_directory.tenants`
          yield* sql.reserve.pipe(
            Effect.flatMap((other) =>
              other.execute("UPDATE order_directory.tenants SET store = 'b' WHERE tenant_id = $1", [tenantId], undefined)
            ),
            Effect.scoped
          )
          return yield* directory.placeOf(tenantId)
        })
      )
      expect((yield* moved).store).toBe("b")
    }).pipe(Effect.scoped, run))

  it("that cannot be asked is unavailable", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const directory = yield* directoryOf({ newTenantsIn: "a" })
      yield* sql`ALTER TABLE order_directory.tenants RENAME TO gone`
      expect(yield* Effect.flip(directory.placeOf(freshTenant()))).toBeInstanceOf(StoreUnavailable)
      yield* sql`ALTER TABLE order_directory.gone RENAME TO tenants`
    }).pipe(Effect.scoped, run))

  it("has no option that is not one", () => {
    expect(() => PostgresTenantDirectory.layer({ newTenantsIn: [] })).toThrow(WrongOption)
    expect(() => PostgresTenantDirectory.layer({} as { newTenantsIn: string })).toThrow("newTenantsIn: is required")
    expect(() => TenantDirectory.layerStatic({ others: "a", stores: {} } as { others: string })).toThrow("is not an option")
  })
})
