/** What events say in clear, as the API shows it. */
import { describe, expect, it } from "vitest"
import { viewDetails } from "../../src/http/eventDetails.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import type { AuditEvent } from "../../src/order/AuditEvent.ts"
import { history } from "../../src/testing/arbitraries.ts"
import { fc, numRuns } from "../support/fastCheck.ts"
import { laptop, requestFor } from "../support/world.ts"
import { type Json, openService } from "./client.ts"

/** Every place where two values are not the same, by its name; of an array without its position. */
const otherwise = (
  stored: unknown,
  shown: unknown,
  path = ""
): ReadonlyArray<readonly [path: string, stored: unknown, shown: unknown]> => {
  if (typeof stored !== "object" || stored === null || typeof shown !== "object" || shown === null)
    return Object.is(stored, shown) ? [] : [[path, stored, shown]]
  const names = new Set([...Object.keys(stored), ...Object.keys(shown)])
  const within = (of: object, name: string) => (of as Record<string, unknown>)[name]
  return [...names].flatMap((name) =>
    otherwise(within(stored, name), within(shown, name), Array.isArray(stored) ? `${path}[]` : `${path}.${name}`)
  )
}

describe("the details of an event", () => {
  it("are what is stored, but for amounts and the name of subscriptions", () => {
    const met = new Set<string>()
    fc.assert(
      fc.property(history(), ({ order, events }) => {
        for (const event of events) {
          for (const [path, stored, shown] of otherwise(event.details, viewDetails(event))) {
            met.add(`${event.type}${path}`)
            if (path.toLowerCase().endsWith("subscriptionid")) expect(shown).toBeUndefined()
            else if (path.toLowerCase().endsWith("rentalid")) expect(stored).toBeUndefined()
            else expect(shown).toBe(Number(stored) / 10 ** order.decimals)
          }
        }
      }),
      { numRuns: numRuns(500) }
    )
    expect([...met].toSorted()).toEqual([
      "order.items_added.lines[].unitPrice",
      "order.payment_recorded.payment.paidAmount",
      "order.placed.lines[].unitPrice",
      "subscription.asset_replaced.rentalId",
      "subscription.asset_replaced.subscriptionId",
      "subscription.bought_out.price",
      "subscription.bought_out.rentalId",
      "subscription.bought_out.subscriptionId",
      "subscription.completed.rentalId",
      "subscription.completed.subscriptionId",
      "subscription.ended.rentalId",
      "subscription.ended.subscriptionId",
      "subscription.extended.newMonthlyAmount",
      "subscription.extended.oldMonthlyAmount",
      "subscription.extended.rentalId",
      "subscription.extended.subscriptionId",
      "subscription.returned.fee",
      "subscription.returned.rentalId",
      "subscription.returned.subscriptionId",
      "subscription.started.rentalId",
      "subscription.started.subscriptionId",
      "subscription.upgraded.newLine.unitPrice",
      "subscription.upgraded.newRentalId",
      "subscription.upgraded.newSubscriptionId",
      "subscription.upgraded.rentalId",
      "subscription.upgraded.subscriptionId"
    ])
  })

  it.each([
    ["JPY", 500],
    ["EUR", 5],
    ["KWD", 0.5],
    // What was assumed of these then.
    ["HUF", 500]
  ])("of an order in %s from before decimals were stored have its amounts with those assumed then", (currency, taxAmount) => {
    const payment = { status: "paid", paidAmount: 500 }
    const event = { type: "order.placed", details: { currency, taxAmount: 500, payment, lines: [] } } as unknown as AuditEvent
    expect(viewDetails(event)).toEqual({ currency, taxAmount, payment: { ...payment, paidAmount: taxAmount }, lines: [] })
  })

  it("of a process's own event are its own", () => {
    const details = { payload: { subscriptionId: "ours", fee: 100 } }
    const event = { type: "order.held", process: { name: "shop", version: 1 }, details } as unknown as AuditEvent
    expect(viewDetails(event)).toEqual(details)
  })

  it("are shown over HTTP", async () => {
    const { call, rent, events, dispose } = openService(memory)
    const placed = await call("POST", "/v1/orders", { body: requestFor([laptop, 1]) })
    const orderId = placed.body["orderId"] as string
    await call("POST", `/v1/orders/${orderId}/confirm`)
    const rentalId = String((await rent(orderId, "DETAILED")).body["rentalId"])
    await call("POST", `/v1/subscriptions/${rentalId}/early-return`, {
      body: { rentalId, returnCondition: "good", reason: "moved abroad", earlyReturnFee: 12.5 }
    })
    const [first, confirmed, started, returned] = (await events(orderId)) as unknown as ReadonlyArray<Json>
    const [item] = (placed.body["order"] as Json)["items"] as ReadonlyArray<Json>
    expect(first?.["details"]).toMatchObject({ currency: "EUR", lines: [{ sku: laptop, unitPrice: item?.["unitPrice"] }] })
    expect(confirmed?.["details"]).toEqual({})
    expect(started?.["details"]).toMatchObject({ rentalId, serialNumber: "DETAILED", line: 0 })
    expect(returned?.["details"]).toMatchObject({ rentalId, fee: 12.5, condition: "good", calculation: "manual_override" })
    expect(JSON.stringify(returned?.["details"])).not.toContain("moved abroad")
    await dispose()
  })
})
