import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { tablesWithoutTenant } from "../support/askedTenant.ts"
import { countStatements } from "../support/countStatements.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { runContract } from "../support/runContract.ts"

const sent = new Set<string>()

runContract("PostgreSQL", postgresStore, (run) =>
  Effect.tap(countStatements(run), ({ statements }) => Effect.sync(() => statements.forEach((text) => sent.add(text))))
)

/** The outbox is one for all tenants, and goes from tenant to tenant in statements of its own. */
const isOfOutbox = (text: string) => /(UPDATE|DELETE FROM) order_lifecycle\.outbox/.test(text)

describe("a statement", () => {
  it("asks every table for its tenant by a parameter, in all that the contract sends", () => {
    const texts = [...sent].filter((text) => text.includes("order_lifecycle.") && !isOfOutbox(text))
    expect(texts.length).toBeGreaterThan(40)
    expect(
      texts.map((text) => ({ text, without: tablesWithoutTenant(text) })).filter(({ without }) => without.length > 0)
    ).toEqual([])
  })

  it("that leaves a tenant out is noticed", () => {
    for (const [text, without] of [
      ["SELECT 1 FROM order_lifecycle.orders WHERE order_id = $1", ["order_lifecycle.orders, unnamed: 0 of 1"]],
      ["SELECT 1 FROM order_lifecycle.orders o WHERE o.order_id = $1", ["o: 0 of 1"]],
      [
        "SELECT 1 FROM order_lifecycle.orders o JOIN order_lifecycle.reservations r ON r.tenant_id = o.tenant_id WHERE o.tenant_id = $1",
        ["r: 0 of 1"]
      ],
      ["INSERT INTO order_lifecycle.outbox (tenant_id, order_id) SELECT tenant_id, order_id FROM written", ["1 inserts"]],
      ["UPDATE order_lifecycle.orders o SET notes = $1 WHERE o.tenant_id = $2::text", []],
      ["INSERT INTO order_lifecycle.outbox (tenant_id, order_id) SELECT $2::text, order_id FROM written", []]
    ] as const) {
      expect(tablesWithoutTenant(text)).toEqual(without)
    }
  })
})
