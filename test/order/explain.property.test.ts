/** Explanations: everything in the way at once, in words that help. */
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { type Blocker, explain, preview } from "../../src/order/explain.ts"
import { lifecycles } from "../../src/order/lifecycleTable.ts"
import { decide } from "../../src/order/decide.ts"
import { CustomerId, SerialNumber, Sku, SubscriptionId } from "../../src/order/Order.ts"
import { commandOf, history, type Move, move, occasion } from "../../src/testing/arbitraries.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

const guards = (blockers: ReadonlyArray<Blocker>) => blockers.map(({ guard }) => guard)

const plainStart: Move & { type: "startSubscription" } = {
  type: "startSubscription",
  pick: 0,
  skuFrom: "registry",
  asset: "free",
  customer: "own",
  begins: "now",
  notes: undefined
}

/** Histories that end with an order that takes subscriptions, told by trying whether it does. */
const open = history().filter(({ lifecycle, order }) =>
  explain(lifecycle, order, commandOf(order, { ...plainStart, skuFrom: "registry" })).every(
    ({ guard }) => guard === "lineHasHeldUnit"
  )
)

describe("an order that refuses a subscription", () => {
  it("names everything that is wrong with it, not only the first", () => {
    fc.assert(
      fc.property(open, ({ lifecycle, order }) => {
        const command = {
          type: "startSubscription" as const,
          subscriptionId: SubscriptionId.make("subscription"),
          assetSerialNumber: SerialNumber.make("serial"),
          customerId: CustomerId.make("somebody else"),
          asset: { isKnown: true, isRented: true, sku: Sku.make("TRACTOR") }
        }
        const blockers = explain(lifecycle, order, command)
        expect(guards(blockers)).toEqual(["customerMatches", "assetFitsALine", "assetIsFree"])
        expect(blockers.map(({ code }) => code)).toEqual(["VALIDATION_ERROR", "SKU_MISMATCH", "ASSET_NOT_AVAILABLE"])
        for (const { message, remedy } of blockers)
          expect([message.length, remedy.length].every((length) => length > 10)).toBe(true)
      }),
      { numRuns: numRuns(50) }
    )
  })

  it("names each cause once: those that were put in, and a line without held units", () => {
    const start = move.filter((each) => each.type === "startSubscription")
    fc.assert(
      fc.property(open, start, ({ lifecycle, order }, move) => {
        const found = new Set<string>(guards(explain(lifecycle, order, commandOf(order, move))))
        expect(found.has("customerMatches")).toBe(move.customer === "another")
        expect(found.has("assetIsKnown")).toBe(move.asset === "unknown")
        expect(found.has("assetIsFree")).toBe(move.asset === "rented")
        expect(found.has("assetFitsALine")).toBe(move.skuFrom === "registry, of no line")
        const held = new Set(order.lines.filter(({ units }) => units.held > 0).map(({ sku }) => sku))
        expect(found.has("skuIsClear")).toBe(move.skuFrom === "nobody" && held.size > 1)
        const named = order.lines[move.pick % order.lines.length]?.sku
        const isNamed = move.skuFrom === "registry" || move.skuFrom === "request"
        expect(found.has("lineHasHeldUnit")).toBe(isNamed && named !== undefined && !held.has(named))
      }),
      { numRuns: numRuns(300) }
    )
  })
})

describe("an order that cannot be cancelled", () => {
  const rented = history().filter(({ order }) => order.subscriptions.some(({ ended }) => ended === undefined))

  it("says to cancel the subscriptions first where that helps, and not where it does not", () => {
    fc.assert(
      fc.property(rented, occasion, ({ order }, occasion) => {
        const ask = (policy: keyof typeof lifecycles) => preview(lifecycles[policy], order, { type: "cancel" }, occasion).blockers
        expect(ask("noActiveSubscriptions")).toMatchObject([
          {
            guard: "noActiveSubscriptions",
            remedy: "Cancel the subscriptions first, or release what a partial order still holds.",
            message: expect.stringMatching(/^Order has \d+ active/)
          }
        ])
        expect(ask("beforeFulfilment")).toMatchObject([
          {
            guard: "beforeFulfilment",
            remedy: "End its subscriptions instead, and release what a partial order still holds.",
            message: `Order is ${order.status} and can no longer be cancelled.`
          }
        ])
      }),
      { numRuns: numRuns(50) }
    )
  })

  it("can be cancelled once what was said is done", () => {
    fc.assert(
      fc.property(rented, occasion, ({ order }, occasion) => {
        const lifecycle = lifecycles.noActiveSubscriptions
        const [blocker] = explain(lifecycle, order, { type: "cancel" })
        const ended = (blocker?.subscriptionIds ?? []).reduce(
          (before, rentalId) =>
            Result.getOrThrow(decide(lifecycle, before, { type: "cancelSubscription", rentalId, reason: "other" }, occasion))
              .after,
          order
        )
        expect(explain(lifecycle, ended, { type: "cancel" })).toEqual([])
        expect(Result.isSuccess(decide(lifecycle, ended, { type: "cancel" }, occasion))).toBe(true)
      }),
      { numRuns: numRuns(50) }
    )
  })
})
