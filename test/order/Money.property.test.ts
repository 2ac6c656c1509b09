/** Money: minor units and back, exactly, for currencies with no, two and three decimals. */
import { describe, expect, it } from "vitest"
import { Currency, toMajor, toMinor } from "../../src/order/Money.ts"
import { totalsOf } from "../../src/order/Order.ts"
import { history } from "../../src/testing/arbitraries.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

const currency = (code: string) => Currency.make(code)

describe("an amount of money", () => {
  it.each([
    [11_900, "EUR", 119],
    [11_999, "EUR", 119.99],
    [1, "EUR", 0.01],
    [119, "JPY", 119],
    [119_001, "KWD", 119.001],
    [0, "EUR", 0]
  ])("%d minor units of %s are %d", (minor, code, major) => {
    expect(toMajor(minor, currency(code))).toBe(major)
    expect(toMinor(major, currency(code))).toBe(minor)
  })

  it("comes back from major units as the same number of minor units, up to the largest total an order can have", () => {
    const amount = fc.oneof(fc.nat(1_000_000), fc.integer({ min: 0, max: 100_000_000_000 * 10 }))
    fc.assert(
      fc.property(amount, fc.constantFrom("EUR", "USD", "JPY", "KWD"), (minor, code) => {
        expect(toMinor(toMajor(minor, currency(code)), currency(code))).toBe(minor)
      }),
      { numRuns: numRuns(5_000) }
    )
  })

  it.each([
    [0.001, "EUR"],
    [119.5, "JPY"],
    [0.0001, "KWD"],
    [NaN, "EUR"],
    [Infinity, "EUR"],
    [1e300, "EUR"]
  ])("%d %s has no whole number of minor units", (major, code) => {
    expect(toMinor(major, currency(code))).toBeUndefined()
  })
})

describe("the totals of an order", () => {
  it("are the sums over its lines, whatever becomes of its units", () => {
    fc.assert(
      fc.property(history(), ({ order, transitions: [placed] }) => {
        const { subtotal, total, totalDevices } = totalsOf(order)
        expect(subtotal).toBe(order.lines.reduce((sum, { unitPrice, quantity }) => sum + unitPrice * quantity, 0))
        expect(total).toBe(subtotal + order.taxAmount)
        expect(totalDevices).toBe(order.lines.reduce((sum, { quantity }) => sum + quantity, 0))
        expect(placed && totalsOf(placed.after)).toEqual({ subtotal, total, totalDevices })
      }),
      { numRuns: numRuns(100) }
    )
  })
})
