/** Money: decimals by currency, and minor units and back, exactly. */
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { evolve } from "../../src/order/evolve.ts"
import { Currency, decimalsForNewAmounts, decimalsOf, decimalsOnceAssumed, toMajor, toMinor } from "../../src/order/Money.ts"
import { currencyCodes, CurrencyForNewAmounts } from "../../src/order/CurrencyForNewAmounts.ts"
import { totalsOf } from "../../src/order/Order.ts"
import { history } from "../../src/testing/arbitraries.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

const letters = Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
const everyCode = letters.flatMap((a) => letters.flatMap((b) => letters.map((c) => a + b + c)))
const listed = new Set(currencyCodes)
const exceptions = (decimals: (code: string) => number | undefined, usual: number | undefined) => {
  const byDecimals: Record<string, string> = {}
  for (const code of everyCode) {
    const found = decimals(code)
    if (found !== usual) byDecimals[String(found)] = [byDecimals[String(found)], code].filter(Boolean).join(" ")
  }
  return byDecimals
}

describe("the decimals of a currency", () => {
  it("are those of ISO 4217, which lists four kinds", () => {
    const { 2: two, ...others } = exceptions(decimalsOf, undefined)
    expect(others).toEqual({
      0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
      3: "BHD IQD JOD KWD LYD OMR TND",
      4: "CLF UYW"
    })
    expect(two?.split(" ")).toEqual(expect.arrayContaining(["AFN", "COP", "EUR", "HUF", "RSD", "USD", "ZWG"]))
    expect(currencyCodes).toHaveLength(new Set(currencyCodes).size)
  })

  it("are, for amounts that were stored without them, those that Node.js 24 gave", () => {
    expect(exceptions(decimalsOnceAssumed, 2)).toEqual({
      0:
        "ADP AFN ALL BIF BYR CLP COP DJF ESP GNF HUF IDR IQD IRR ISK ITL JPY KMF KPW KRW LAK LBP LUF MGA MGF MMK MRO PKR PYG " +
        "RWF SLL SOS STD SYP TMM TRL UGX UYI VND VUV XAF XOF XPF YER ZMK ZWD",
      3: "BHD JOD KWD LYD OMR TND",
      4: "CLF UYW"
    })
  })

  it.each(["XAU", "XXX", "XTS", "XDR", "TRL", "HRK", "QQQ", "eur", "EURO", ""])("are unknown for new amounts in %j", (code) => {
    expect(Schema.is(CurrencyForNewAmounts)(code)).toBe(false)
    expect(() => decimalsForNewAmounts(code as Currency)).toThrow("has no decimals by ISO 4217")
  })

  it("are known for every currency that new amounts may have", () => {
    const isForNewAmounts = Schema.is(CurrencyForNewAmounts)
    expect(everyCode.filter((code) => isForNewAmounts(code))).toEqual([...listed])
    for (const code of listed) expect(decimalsForNewAmounts(Currency.make(code))).toBe(decimalsOf(code))
  })

  it("stand in the event that placed the order, and in the order", () => {
    fc.assert(
      fc.property(history(), ({ order, transitions: [placed] }) => {
        expect(placed?.event.details).toMatchObject({ decimals: 2 })
        expect(order.decimals).toBe(2)
      }),
      { numRuns: numRuns(20) }
    )
  })

  it("are read from the event, whatever the table says, and from the old table only where the event has none", () => {
    const [sample] = fc.sample(history(), { numRuns: 1, seed: 1 })
    const event = sample?.transitions[0]?.event
    if (event?.type !== "order.placed") throw new Error("a history begins with a placement")
    const { decimals: _, ...before } = event.details
    const placedWith = (details: Partial<typeof event.details>) =>
      evolve(null, { ...event, details: { ...before, ...details } }).decimals
    expect(placedWith({ currency: Currency.make("EUR"), decimals: 3 })).toBe(3)
    expect(placedWith({ currency: Currency.make("HUF"), decimals: 2 })).toBe(2)
    expect(placedWith({ currency: Currency.make("HUF") })).toBe(0)
    expect(placedWith({ currency: Currency.make("XAU") })).toBe(2)
  })
})

describe("an amount of money", () => {
  it.each([
    [11_900, 2, 119],
    [11_999, 2, 119.99],
    [1, 2, 0.01],
    [119, 0, 119],
    [119_001, 3, 119.001],
    [1_190_001, 4, 119.0001],
    [0, 2, 0]
  ])("%d minor units with %d decimals are %d", (minor, decimals, major) => {
    expect(toMajor(minor, decimals)).toBe(major)
    expect(toMinor(major, decimals)).toBe(minor)
  })

  it("comes back from major units as the same number of minor units, up to the largest total an order can have", () => {
    const amount = fc.oneof(fc.nat(1_000_000), fc.integer({ min: 0, max: 100_000_000_000 * 10 }))
    fc.assert(
      fc.property(amount, fc.constantFrom(0, 2, 3, 4), (minor, decimals) => {
        expect(toMinor(toMajor(minor, decimals), decimals)).toBe(minor)
      }),
      { numRuns: numRuns(5_000) }
    )
  })

  it.each([
    [0.001, 2],
    [119.5, 0],
    [0.0001, 3],
    [0.00001, 4],
    [NaN, 2],
    [Infinity, 2],
    [1e300, 2]
  ])("%d with %d decimals has no whole number of minor units", (major, decimals) => {
    expect(toMinor(major, decimals)).toBeUndefined()
  })
})

describe("the totals of an order", () => {
  it("are the sums over its lines, whatever becomes of its units", () => {
    fc.assert(
      fc.property(history(), ({ order, transitions }) => {
        const { subtotal, total, totalDevices } = totalsOf(order)
        // What an upgrade brought was not ordered.
        const ordered = order.lines.filter(({ upgradeOf }) => upgradeOf === undefined)
        expect(subtotal).toBe(ordered.reduce((sum, { unitPrice, quantity }) => sum + unitPrice * quantity, 0))
        expect(total).toBe(subtotal + order.taxAmount)
        expect(totalDevices).toBe(ordered.reduce((sum, { quantity }) => sum + quantity, 0))
        // Only lines that are added make a difference.
        const lines = transitions.findLast(({ event }) => event.type === "order.placed" || event.type === "order.items_added")
        expect(lines && totalsOf(lines.after)).toEqual({ subtotal, total, totalDevices })
      }),
      { numRuns: numRuns(100) }
    )
  })
})
