/** The list of the schema's guards is the schema that the migrations make, and a guard that is gone or off is noticed. */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { expect, it } from "vitest"
import { backstops, missingBackstops, presentBackstops } from "../../src/postgres/backstops.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { sharedLayer } from "../support/sharedLayer.ts"

const run = sharedLayer(postgresStore)

it("every guard that the migrations make is known by name", () =>
  run(
    Effect.gen(function* () {
      const sql = (yield* SqlClient.SqlClient).withoutTransforms()
      expect((yield* presentBackstops(sql)).toSorted()).toEqual(backstops.toSorted())
    })
  ))

it("a guard that is switched off, dropped or no longer checked is missing", () =>
  run(
    Effect.gen(function* () {
      const sql = (yield* SqlClient.SqlClient).withoutTransforms()
      for (const [statement, missing] of [
        [
          "ALTER TABLE order_lifecycle.audit_events DISABLE TRIGGER audit_events_stay",
          "trigger audit_events_stay of audit_events"
        ],
        [
          "ALTER TABLE order_lifecycle.orders ENABLE REPLICA TRIGGER orders_cancelled_is_final",
          "trigger orders_cancelled_is_final of orders"
        ],
        [
          "ALTER TABLE order_lifecycle.subscriptions DROP CONSTRAINT subscriptions_need_a_live_order",
          "constraint subscriptions_need_a_live_order of subscriptions"
        ],
        [
          "DROP INDEX order_lifecycle.subscriptions_rent_an_asset_once",
          "unique index subscriptions_rent_an_asset_once of subscriptions"
        ],
        ["DROP TABLE order_lifecycle.outbox", "table outbox"]
      ] as const) {
        yield* sql.unsafe(statement)
        expect(yield* missingBackstops(sql)).toContain(missing)
      }
      // Five things were done, and five are reported: what stood on the table is not counted again.
      expect((yield* missingBackstops(sql)).length).toBe(5)
    })
  ))
