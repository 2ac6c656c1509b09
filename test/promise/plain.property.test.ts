/** `undefined` counts as absent in what callers give, and nothing else of it is touched. */
import { describe, expect, it } from "vitest"
import { withoutUndefined } from "../../src/promise/plain.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

const key = fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "toString"))
const { json, given } = fc.letrec((tie) => ({
  json: fc.oneof({ depthSize: "small" }, fc.jsonValue({ maxDepth: 2 }), fc.dictionary(key, tie("json")), fc.array(tie("json"))),
  given: fc.oneof(
    { depthSize: "small" },
    fc.jsonValue({ maxDepth: 1 }),
    fc.dictionary(key, fc.option(tie("given"), { nil: undefined, freq: 2 })),
    fc.array(tie("given"))
  )
}))

describe("input without what is undefined", () => {
  it("is what JSON makes of it", () => {
    let changed = 0
    fc.assert(
      fc.property(given, (input) => {
        const kept = withoutUndefined(input)
        // JSON has no -0.
        expect(JSON.stringify(kept)).toBe(JSON.stringify(input))
        expect(JSON.stringify(kept, (_, value: unknown) => (value === undefined ? "undefined" : value))).toBe(
          JSON.stringify(input)
        )
        if (kept !== input) changed++
      }),
      { numRuns: numRuns(500) }
    )
    expect(changed).toBeGreaterThan(20)
  })

  it("is the very same where nothing is undefined", () => {
    fc.assert(
      fc.property(json, (input) => {
        expect(withoutUndefined(input)).toBe(input)
      }),
      { numRuns: numRuns(200) }
    )
  })

  it("keeps what is neither a plain object nor an array, items of an array, and circles", () => {
    const [date, map] = [new Date(0), new Map([["a", undefined]])]
    expect(withoutUndefined({ date, map, gone: undefined })).toEqual({ date, map })
    const items = [undefined, 1]
    expect(withoutUndefined(items)).toBe(items)
    const circle: Record<string, unknown> = {}
    circle["self"] = circle
    circle["again"] = [circle, circle]
    expect(withoutUndefined(circle)).toBe(circle)
  })
})
