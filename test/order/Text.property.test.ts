/** Text goes through unchanged or not at all. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { CancelOrder, maxReasonLength } from "../../src/order/commands/cancel.ts"
import { decide } from "../../src/order/decide.ts"
import { jsonFault, maxJsonDepth, Name } from "../../src/order/Text.ts"
import { history, nastyTexts, occasion, reason, refusedReason } from "../../src/testing/arbitraries.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

const accepts = Schema.is(CancelOrder)
const decode = Schema.decodeUnknownSync(CancelOrder)

describe("a reason for a cancel", () => {
  it("is kept exactly, code unit by code unit: in the event, in the order, and through JSON", () => {
    fc.assert(
      fc.property(history(), occasion, reason, ({ lifecycle, order }, occasion, given) => {
        const decision = decide(lifecycle, order, { type: "cancel", ...decode({ reason: given }) }, occasion)
        fc.pre(Result.isSuccess(decision))
        const { event, after } = decision.success
        expect(event.confidential.reason).toBe(given)
        expect(after.cancellation?.reason).toBe(given)
        expect((JSON.parse(JSON.stringify(event)) as typeof event).confidential.reason).toBe(given)
      }),
      { numRuns: numRuns(300) }
    )
  })

  it.each(nastyTexts.map((text) => [text.slice(0, 40), text]))("may be %j", (_, text) => {
    expect(decode({ reason: text })).toStrictEqual({ reason: text })
  })

  it("stays absent when absent and empty when empty", () => {
    expect(decode({})).toStrictEqual({})
    expect(decode({ reason: "" })).toStrictEqual({ reason: "" })
  })

  it("may have 1,000 code points, whatever their size in UTF-16, and not one more", () => {
    for (const character of ["x", "\u00e9", "\u20ac", "\u{1F600}"]) {
      expect(accepts({ reason: character.repeat(maxReasonLength) })).toBe(true)
      expect(accepts({ reason: character.repeat(maxReasonLength + 1) })).toBe(false)
    }
    expect(maxReasonLength).toBe(1_000)
  })

  it("is refused with a lone surrogate, with U+0000, and beyond its length", () => {
    for (const text of ["\ud800", "a\udc00b", "\udc00\ud800", "\u0000", "a\u0000b"]) expect(accepts({ reason: text })).toBe(false)
    fc.assert(
      fc.property(refusedReason, (text) => {
        expect(accepts({ reason: text })).toBe(false)
      }),
      { numRuns: numRuns(300) }
    )
  })

  it("is text: nothing else stands for one, null neither", () => {
    for (const given of [null, 1, true, [], {}, ["reason"]]) expect(accepts({ reason: given })).toBe(false)
  })
})

describe("an id", () => {
  it("is opaque: any 1 to 128 code points without a control character", () => {
    const isName = Schema.is(Name)
    for (const id of ["a", "0", "ord_1", "../..", "a/b", "\u{1F600}".repeat(128), "e\u0301", "%00", "' OR 1=1 --"])
      expect(isName(id)).toBe(true)
    for (const id of ["", "\u{1F600}".repeat(129), "a\u0000", "a\n", "\u007f", "\u009f", "\ud800"]) expect(isName(id)).toBe(false)
  })
})

describe("free-form JSON", () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) })

  it("may nest 32 levels deep and no deeper", () => {
    expect(jsonFault(nested(maxJsonDepth))).toBeUndefined()
    expect(jsonFault(nested(maxJsonDepth + 1))).toBe("must not nest deeper than 32 levels")
    expect(maxJsonDepth).toBe(32)
  })

  it("is refused with text that cannot be stored anywhere in it, keys included", () => {
    for (const bad of ["\ud800", "\u0000"]) {
      for (const json of [{ a: bad }, { [bad]: 1 }, { a: [1, { b: [bad] }] }, { a: { [bad]: [] } }])
        expect(jsonFault(json)).toBeDefined()
    }
    for (const number of [NaN, Infinity, -Infinity]) expect(jsonFault({ a: [number] })).toBe("must be a finite number")
  })
})
