/** What a commit costs and how it behaves among many, on a real server. */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { describe, expect, it } from "vitest"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { cancel, confirm, freshTenant, headOf, next, placing } from "../../src/testing/contractOrders.ts"
import { countStatements } from "../support/countStatements.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { sharedLayer } from "../support/sharedLayer.ts"

const run = sharedLayer(postgresStore)

const placeMany = (count: number) =>
  Effect.gen(function* () {
    const store = yield* OrderStore
    const tenantId = freshTenant()
    const placements = Array.from({ length: count }, () => placing(tenantId))
    expect(new Set(yield* store.commit(placements))).toEqual(new Set(["committed"]))
    return { store, tenantId, heads: placements.map(headOf) }
  })

describe("a commit", () => {
  it("of 64 at once on one version is made once", () =>
    run(
      Effect.gen(function* () {
        const { store, tenantId, heads } = yield* placeMany(1)
        const [head] = heads
        if (head === undefined) throw new Error("nothing was placed")
        const outcomes = yield* Effect.forEach(
          Array.from({ length: 64 }, (_, number) => next(head, cancel(`caller ${number}`))),
          (change) => store.commit([change]),
          { concurrency: "unbounded" }
        )
        expect(outcomes.flat().toSorted()).toEqual(["committed", ...Array.from({ length: 63 }, () => "conflict")])
        expect((yield* store.history(tenantId, head.order.orderId)).length).toBe(2)
      })
    ))

  it("of 500 orders is one statement", () =>
    run(
      Effect.gen(function* () {
        const { store, tenantId, heads } = yield* placeMany(500)
        const { answer, statements } = yield* countStatements(store.commit(heads.map((head) => next(head, cancel()))))
        expect(statements.length).toBe(1)
        expect(answer).toEqual(heads.map(() => "committed"))
        const sql = yield* SqlClient.SqlClient
        expect(
          yield* sql`SELECT count(*)::int AS orders, sum(version)::int AS versions FROM order_lifecycle.orders
                      WHERE tenant_id = ${tenantId} AND status = 'cancelled'`
        ).toEqual([{ orders: 500, versions: 1_000 }])
        expect(
          yield* sql`SELECT sum(held)::int AS held, sum(released)::int AS released FROM order_lifecycle.reservations
                      WHERE tenant_id = ${tenantId}`
        ).toEqual([{ held: 0, released: 1_500 }])
      })
    ))

  it("takes one statement, and so does a load, whatever is asked for", () =>
    run(
      Effect.gen(function* () {
        const { store, tenantId, heads } = yield* placeMany(3)
        const load = yield* countStatements(store.load(heads.map(({ order: { orderId } }) => ({ tenantId, order: { orderId } }))))
        const commit = yield* countStatements(store.commit(heads.map((head) => next(head, confirm))))
        expect([load.statements.length, commit.statements.length]).toEqual([1, 1])
      })
    ))

  it("of many batches with the same orders in them never ends in a deadlock", () =>
    run(
      Effect.gen(function* () {
        const { store, tenantId, heads } = yield* placeMany(40)
        const shuffled = (seed: number) => heads.toSorted((a, b) => order(a.order.orderId, seed) - order(b.order.orderId, seed))
        const order = (id: string, seed: number) => (Number.parseInt(id.slice(-6), 16) * (seed * 2 + 1)) % 7_919
        const outcomes = yield* Effect.forEach(
          Array.from({ length: 12 }, (_, seed) => shuffled(seed)),
          (batch) => store.commit(batch.map((head) => next(head, confirm))),
          { concurrency: 8 }
        )
        expect(outcomes.flat().filter((outcome) => outcome === "committed").length).toBe(40)
        const sql = yield* SqlClient.SqlClient
        expect(yield* sql`SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()`).toEqual([
          { deadlocks: 0 }
        ])
        expect((yield* store.orderIds(tenantId, null, 100)).length).toBe(40)
      })
    ))
})
