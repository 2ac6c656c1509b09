/** The canonical text of JSON, and its digest: one example of each thing that could go wrong. */
import canonicalize from "canonicalize"
import { describe, expect, it } from "vitest"
import { portableDigest } from "../../src/order/digest.ts"
import { canonicalJson } from "../../src/order/canonicalJson.ts"

describe("the canonical text of a value", () => {
  it.each<readonly [unknown, string]>([
    [{ b: 1, a: 2, "": 3 }, '{"":3,"a":2,"b":1}'],
    [{ a: 1, b: 2 }, '{"a":1,"b":2}'],
    [{ "\u20ac": 1, "\r": 2, "\u{1F600}": 3, "\ufb33": 4 }, '{"\\r":2,"\u20ac":1,"\u{1F600}":3,"\ufb33":4}'],
    [{ gone: undefined, kept: null, later: undefined }, '{"kept":null}'],
    [[1, undefined, "two", [], {}], '[1,null,"two",[],{}]'],
    ['a "quoted" \\ text\u007f\n', '"a \\"quoted\\" \\\\ text\u007f\\n"'],
    [" !#[]~", '" !#[]~"'],
    ["", '""'],
    [-0, "0"],
    [1e21, "1e+21"],
    [true, "true"],
    [null, "null"]
  ])("%j is %s", (value, canonical) => {
    expect(canonicalJson(value)).toBe(canonical)
  })

  it.each([2, 32, 33, 40])("has %d names in order, whatever the order they come in", (count) => {
    const names = Array.from({ length: count }, (_, index) => `name ${String((index * 7) % count).padStart(2, "0")}`)
    const value = Object.fromEntries(names.map((name) => [name, 1]))
    expect(Object.keys(JSON.parse(canonicalJson(value)) as object)).toEqual(names.toSorted())
  })

  it("is the same for a name that many objects have", () => {
    const name = `a name like "no other"`
    for (const _ of [1, 2, 3]) expect(canonicalJson({ [name]: name })).toBe(canonicalize({ [name]: name }))
  })

  it("does not exist where JSON cannot say the value", () => {
    for (const number of [NaN, Infinity, -Infinity]) expect(() => canonicalJson([number])).toThrow(`JSON has no number ${number}`)
    for (const value of ["\ud800", { "\ud800": 1 }, ["\u00e9\udc00"]])
      expect(() => canonicalJson(value)).toThrow("JSON has no text with a lone surrogate")
  })
})

describe("the digest of a text", () => {
  it("is that of SHA-256 and of HMAC-SHA-256: known values stay what they are", () => {
    // printf 'abc' | sha256sum; RFC 4231, test case 2.
    expect(portableDigest.sha256("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    expect(portableDigest.hmacSha256("Jefe", "what do ya want for nothing?")).toBe(
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )
  })
})
