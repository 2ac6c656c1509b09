/** The canonical text is that of RFC 8785, byte for byte: compared with another implementation, and with the standard's own example. */
import canonicalize from "canonicalize"
import { describe, expect, it } from "vitest"
import { canonicalJson } from "../../src/order/canonicalJson.ts"
import { history } from "../../src/testing/arbitraries.ts"
import { tried } from "../support/evidence.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

const text = fc.string({ unit: "binary" }).filter((each) => each.isWellFormed())

/** Names that JavaScript keeps in an order of its own, or takes for something else. */
const awkwardName = fc.oneof(
  fc.nat({ max: 20 }).map(String),
  fc.constantFrom("__proto__", "toString", "", "\u0000", "é", "\ud83d\ude00")
)

const value = fc.letrec((tie) => ({
  scalar: fc.oneof(
    text,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null)
  ),
  list: fc.array(tie("any"), { maxLength: 5 }),
  members: fc.dictionary(fc.oneof(text, awkwardName), fc.oneof(tie("any"), fc.constant(undefined)), { maxKeys: 8 }),
  manyMembers: fc.dictionary(text, tie("scalar"), { minKeys: 33, maxKeys: 50 }),
  any: fc.oneof({ depthSize: "small" }, tie("scalar"), tie("list"), tie("members"), tie("manyMembers"))
})).any

describe("the canonical text", () => {
  it("is what another implementation makes of any JSON value", () => {
    fc.assert(
      fc.property(value, (json) => {
        expect(canonicalJson(json)).toBe(canonicalize(json))
        tried("canonical texts compared with another implementation")
      }),
      { numRuns: numRuns(1_000) }
    )
  })

  it("is what another implementation makes of any event", () => {
    fc.assert(
      fc.property(history(10), ({ events }) => {
        for (const event of events) expect(canonicalJson(event)).toBe(canonicalize(event))
        tried("canonical texts compared with another implementation", events.length)
      }),
      { numRuns: numRuns(100) }
    )
  })

  it("is that of the standard's example", () => {
    const example = {
      numbers: [333333333.3333333, 1e30, 4.5, 2e-3, 0.000000000000000000000000001, -0],
      string: "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
      literals: [null, true, false]
    }
    expect(canonicalJson(example)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27,0],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
  })

  it("leaves out members that are undefined, and writes null for an element that is", () => {
    expect(canonicalJson({ b: undefined, a: [undefined] })).toBe('{"a":[null]}')
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, "\ud800", { "\udc00": 1 }])("refuses %j, which JSON cannot say", (json) => {
    expect(() => canonicalJson(json)).toThrow("JSON has no")
    expect(() => canonicalJson({ member: [json] })).toThrow("JSON has no")
  })
})
