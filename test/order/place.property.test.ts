/** Placing: what the caller asks for, priced by the catalogue and by nothing else. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { AuditEvent } from "../../src/order/AuditEvent.ts"
import { brokenLaws } from "../../src/order/invariants.ts"
import { Order, Sku } from "../../src/order/Order.ts"
import { place, PlaceOrder } from "../../src/order/commands/place.ts"
import { maxDevices, maxLines } from "../../src/order/commands/priceLines.ts"
import { reader } from "../../src/order/readInput.ts"
import { catalogue, history, lifecycle, occasion, placeOrder, placingFacts } from "../../src/testing/arbitraries.ts"
import { viewOrder } from "../../src/http/views.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

const read = reader(PlaceOrder)

describe("a placed order", () => {
  it("holds every unit that was asked for, line by line, at the catalogue's price", () => {
    fc.assert(
      fc.property(lifecycle, placeOrder, placingFacts, occasion, (lifecycle, request, facts, occasion) => {
        const { before, event, after } = Result.getOrThrow(place(lifecycle, request, facts, occasion))
        expect([before, event.from, after.version, after.subscriptions]).toEqual([null, null, 1, []])
        expect(after.lines.map(({ sku, quantity }) => ({ sku, quantity }))).toEqual(request.items)
        for (const { sku, quantity, unitPrice, contractLength, units } of after.lines) {
          expect(units).toEqual({ held: quantity, active: 0, ended: 0, released: 0 })
          const pricing = catalogue.get(sku)?.pricing ?? []
          expect(contractLength).toBe(Math.min(...pricing.map((price) => price.contractLength)))
          expect(unitPrice).toBe(pricing.find((price) => price.contractLength === contractLength)?.monthlyPrice)
        }
        expect(brokenLaws(after)).toEqual([])
        expect([after.createdAt, after.updatedAt, after.createdBy]).toEqual([occasion.at, occasion.at, occasion.actor.userId])
        expect(after.shippingAddress).toEqual(request.shippingAddress ?? request.billingAddress)
      }),
      { numRuns: numRuns(200) }
    )
  })

  it("keeps everything that was asked for, and shows it", () => {
    // What an order is given without being asked for, or shows in another form.
    const otherwise = new Set(["customer", "billingAddress", "shippingAddress", "items"])
    const met = new Set<string>()
    fc.assert(
      fc.property(lifecycle, placeOrder, placingFacts, occasion, (lifecycle, request, facts, occasion) => {
        const { event, after } = Result.getOrThrow(place(lifecycle, request, facts, occasion))
        const [kept, shown] = [{ ...event.details, ...event.confidential }, viewOrder(after)]
        for (const [member, value] of Object.entries(request)) {
          met.add(member)
          if (otherwise.has(member)) continue
          for (const where of [kept, after, shown]) expect(where, member).toHaveProperty([member], value)
        }
      }),
      { numRuns: numRuns(200) }
    )
    expect([...met].toSorted()).toEqual(Object.keys(PlaceOrder.fields).toSorted())
  })

  it("fits its schema, and so does each of its events, whatever became of it", () => {
    const [isOrder, isEvent] = [Schema.is(Order), Schema.is(AuditEvent)]
    fc.assert(
      fc.property(history(), ({ order, events }) => {
        expect(isOrder(order)).toBe(true)
        for (const event of events) expect(isEvent(event), event.type).toBe(true)
      }),
      { numRuns: numRuns(200) }
    )
  })
})

describe("a request to place an order", () => {
  it("is read as it was written, unknown members apart", () => {
    fc.assert(
      fc.property(placeOrder, (request) => {
        const tampered = { ...request, status: "fulfilled", version: 7, tenantId: "another", createdBy: "nobody" }
        expect(Result.getOrThrow(read(JSON.parse(JSON.stringify(tampered))))).toEqual(request)
      }),
      { numRuns: numRuns(200) }
    )
  })

  it("names every item that is wrong, and all SKUs with that fault", () => {
    const wrong = fc.array(fc.constantFrom("LAPTOP", "TRACTOR", "HARROW"), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(lifecycle, placeOrder, wrong, placingFacts, occasion, (lifecycle, request, skus, facts, occasion) => {
        const items = skus.map((sku) => ({ sku: Sku.make(sku), quantity: 1 }))
        const placed = place(lifecycle, { ...request, items }, facts, occasion)
        const unknown = skus.flatMap((sku, index) => (sku === "LAPTOP" ? [] : [{ sku, path: `items[${index}].sku` }]))
        expect(Result.isSuccess(placed)).toBe(unknown.length === 0)
        if (Result.isSuccess(placed)) return
        expect(placed.failure).toMatchObject({
          code: "VARIANT_NOT_FOUND",
          skus: [...new Set(unknown.map(({ sku }) => sku))],
          details: unknown.map(({ path }) => ({ path }))
        })
      }),
      { numRuns: numRuns(200) }
    )
  })

  it("may have 1,000 lines and 10,000 units in all, and not one more", () => {
    const [request] = fc.sample(placeOrder, 1)
    const withItems = (count: number, quantity: number) =>
      Result.isSuccess(read({ ...request, items: Array.from({ length: count }, () => ({ sku: "LAPTOP", quantity })) }))
    expect([withItems(maxLines, 10), withItems(maxLines + 1, 1)]).toEqual([true, false])
    expect([withItems(1, maxDevices), withItems(1, maxDevices + 1), withItems(2, maxDevices / 2), withItems(2, 5_001)]).toEqual([
      true,
      false,
      true,
      false
    ])
    expect([withItems(0, 1), withItems(1, 0), withItems(1, 1.5), withItems(1, -1)]).toEqual([false, false, false, false])
    expect([maxLines, maxDevices]).toEqual([1_000, 10_000])
  })
})
