/** The live page, without its page: what it plays is what the library does, and a link brings it all back. */
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { examples } from "../../docs/.vitepress/live/examples.ts"
import { chainFault, tampered } from "../../docs/.vitepress/live/history.ts"
import { ask, type Asked, foresee, type Journey, play, sampledTypes, startWith } from "../../docs/.vitepress/live/journey.ts"
import { fromFragment, toFragment } from "../../docs/.vitepress/live/link.ts"
import { readHistory } from "../../docs/.vitepress/live/readHistory.ts"
import { sealedOf } from "../../docs/.vitepress/live/sealed.ts"
import { products } from "../../docs/.vitepress/live/shop.ts"
import { verifyChain } from "../../src/order/auditChain.ts"
import { fold } from "../../src/order/evolve.ts"
import { brokenLaws } from "../../src/order/invariants.ts"
import { LibraryStatus, SerialNumber, Sku, SubscriptionId, unitsOf } from "../../src/order/Order.ts"
import { cancellationPolicyNames } from "../../src/order/policies/index.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

const askedArbitrary: fc.Arbitrary<Asked> = fc.oneof(
  fc.constant<Asked>({ type: "confirm" }),
  fc.record({
    type: fc.constant("startSubscription" as const),
    serialNumber: fc.constantFrom("A", "B", "C").map((text) => SerialNumber.make(text)),
    sku: fc.constantFrom(...products).map(({ sku }) => Sku.make(sku)),
    asset: fc.constantFrom("free" as const, "free" as const, "rented" as const, "unknown" as const),
    customer: fc.constantFrom("of the order" as const, "of the order" as const, "another" as const)
  }),
  fc.record({
    type: fc.constantFrom(...sampledTypes),
    subscriptionId: fc.integer({ min: 2, max: 6 }).map((n) => SubscriptionId.make(`sub_${n}`))
  }),
  fc.record({
    type: fc.constant("cancelSubscription" as const),
    subscriptionId: fc.integer({ min: 2, max: 6 }).map((n) => SubscriptionId.make(`sub_${n}`)),
    reason: fc.constant("other" as const)
  }),
  fc.record(
    { type: fc.constant("cancel" as const), reason: fc.string({ unit: "grapheme" }).filter((text) => text.isWellFormed()) },
    { requiredKeys: ["type"] }
  )
)

const journeyArbitrary: fc.Arbitrary<Journey> = fc.record({
  policy: fc.constantFrom(...cancellationPolicyNames),
  origin: fc.record({
    items: fc.array(
      fc.record({ sku: fc.constantFrom(...products).map(({ sku }) => sku as string), quantity: fc.integer({ min: 0, max: 3 }) }),
      { maxLength: 3 }
    )
  }),
  asked: fc.array(askedArbitrary, { maxLength: 10 })
})

describe("the live page", () => {
  it("plays the whole story: a cancel is refused while a unit is rented, and releases the other once it is not", () => {
    const played = play(examples["Cancelled after the last subscription ended"])
    expect(played.order?.status).toBe("cancelled")
    expect(played.order && unitsOf(played.order)).toEqual({ held: 0, active: 0, ended: 1, released: 1 })
    expect(played.events.map(({ event }) => event.type)).toEqual([
      "order.placed",
      "order.confirmed",
      "subscription.started",
      "subscription.ended",
      "order.cancelled"
    ])
    expect(chainFault(sealedOf(played))).toBeNull()

    const refused = play(examples["Cancel refused, one still rented"]).answers.at(-1)
    expect(refused && "refusal" in refused && refused.blockers).toEqual([
      expect.objectContaining({ code: "ORDER_NOT_CANCELLABLE", guard: "noActiveSubscriptions", subscriptionIds: ["sub_3"] })
    ])
  })

  it("has an example that ends in each status, one that was never confirmed, and one that ends with a refusal", () => {
    const played = Object.values(examples).map(play)
    const statuses = new Set(played.map(({ order }) => order?.status))
    expect(LibraryStatus.literals.filter((status) => !statuses.has(status))).toEqual(["confirmed"])
    expect(played.some(({ answers }) => "refusal" in (answers.at(-1) ?? {}))).toBe(true)
  })

  it("keeps every law of the library, foresees what then happens, and comes back whole from its link", () => {
    const seen = { accepted: 0, refused: 0, unplaced: 0 }
    fc.assert(
      fc.property(journeyArbitrary, askedArbitrary, (journey, next) => {
        const played = play(journey)
        expect(verifyChain(sealedOf(played))).toBeNull()
        expect(fold(played.events.map(({ event }) => event))).toEqual(played.order)
        if (played.order) expect(brokenLaws(played.order)).toEqual([])
        else seen.unplaced++

        const foreseen = foresee(played, next)
        const then = play(ask(journey, next))
        const answer = then.answers.at(-1)
        if (foreseen && answer && "transition" in answer) {
          expect(foreseen.plan?.event).toEqual(answer.transition.event)
          seen.accepted++
        } else if (foreseen && answer && "refusal" in answer) {
          expect(foreseen.blockers).toEqual(answer.blockers)
          seen.refused++
        }

        const back = fromFragment(toFragment(journey))
        expect(back && Result.getOrThrow(back)).toEqual(journey)
      }),
      { numRuns: numRuns(500) }
    )
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(10)
  })

  it("shows an order that cannot be placed as the refusal that it is", () => {
    const { order, answers } = play(startWith("noActiveSubscriptions", [{ sku: "IPHONE-12", quantity: 1 }]))
    expect(order).toBeNull()
    expect(answers).toEqual([expect.objectContaining({ refusal: expect.objectContaining({ code: "VARIANT_INACTIVE" }) })])
  })

  it("says what is wrong with a link instead of showing something else", () => {
    expect(fromFragment("")).toBeNull()
    for (const damaged of ["#%%%", "#e30", toFragment(examples["Both rented"]).slice(0, 60)]) {
      expect(fromFragment(damaged), damaged).toMatchObject({ failure: expect.stringContaining("damaged") })
    }
  })
})

describe("a pasted history", () => {
  const events = sealedOf(play(examples["Cancelled after the last subscription ended"]))
  const text = JSON.stringify(events)

  it("is read, shown step by step, and can be continued from any of its events", () => {
    const history = Result.getOrThrow(readHistory(text))
    expect(history).toEqual(events)
    const shownUpTo = (shown: number) => play({ policy: "noActiveSubscriptions", origin: { history, shown }, asked: [] })
    expect(history.map((_, index) => shownUpTo(index + 1).order?.status)).toEqual([
      "pending",
      "confirmed",
      "partial",
      "partial",
      "cancelled"
    ])
    const continued = play({
      policy: "noActiveSubscriptions",
      origin: { history, shown: 3 },
      asked: [{ type: "cancelSubscription", subscriptionId: SubscriptionId.make("sub_3"), reason: "other" }, { type: "cancel" }]
    })
    expect(continued.order?.status).toBe("cancelled")
    expect(chainFault(sealedOf(continued))).toBeNull()
  })

  it("that was tampered with is found by its chain, and the event is named", () => {
    for (const { event } of events) {
      const altered = Result.getOrThrow(readHistory(JSON.stringify(tampered(events, event.sequence))))
      expect(chainFault(altered)).toBe(`Event ${event.sequence}: the event was altered.`)
    }
    expect(chainFault(events.toSpliced(1, 1))).toBe("Event 2: an event is missing.")
  })

  it.each([
    ["{", "This is not JSON."],
    ["[]", "history"],
    ['[{"event":{}}]', "history[0].salt: is required"],
    ['{"orderId":"ord_1","events":[]}', "as the HTTP API shows them"],
    [JSON.stringify(events.slice(1)), "event 2 says from pending, and the one before it led to null"],
    [JSON.stringify([...events.slice(0, 3), events[4]]), "refused by the machine: ORDER_NOT_CANCELLABLE"]
  ])("that is none is refused with a reason: %s", (pasted, reason) => {
    expect(readHistory(pasted)).toMatchObject({ failure: expect.stringContaining(reason) })
  })
})
