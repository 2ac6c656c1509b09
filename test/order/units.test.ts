/** Units: each is in one place, moves by itself, and is counted once. */
import { describe, expect, it } from "vitest"
import { releasedBySku } from "../../src/order/AuditEvent.ts"
import { Sku, totalsOf } from "../../src/order/Order.ts"
import * as Units from "../../src/order/Units.ts"

const some = { held: 2, active: 3, ended: 5, released: 7 }

describe("units", () => {
  it("begin as held", () => {
    expect(Units.allHeld(4)).toEqual({ held: 4, active: 0, ended: 0, released: 0 })
  })

  it("move from one place to another, and all others stay where they are", () => {
    expect(Units.startUnit(some)).toEqual({ ...some, held: 1, active: 4 })
    expect(Units.endUnit(some)).toEqual({ ...some, active: 2, ended: 6 })
    expect(Units.releaseHeld(some)).toEqual({ ...some, held: 0, released: 9 })
  })

  it("are counted once, over all places and over all lines", () => {
    expect(Units.total(some)).toBe(17)
    expect(Units.sum([{ units: some }, { units: some }, { units: Units.allHeld(1) }])).toEqual({
      held: 5,
      active: 6,
      ended: 10,
      released: 14
    })
    expect(Units.sum([])).toEqual({ held: 0, active: 0, ended: 0, released: 0 })
  })

  it("stand the same when they do in each place", () => {
    expect(Units.isSame(some, { ...some })).toBe(true)
    for (const place of ["held", "active", "ended", "released"] as const)
      expect(Units.isSame(some, { ...some, [place]: 0 }), place).toBe(false)
  })
})

describe("a month of an order", () => {
  it("costs its lines by quantity, and the tax", () => {
    const line = { productName: "The laptop", contractLength: 12, units: Units.allHeld(1) }
    const lines = [
      { ...line, sku: Sku.make("LAPTOP"), quantity: 3, unitPrice: 11_900 },
      { ...line, sku: Sku.make("MONITOR"), quantity: 2, unitPrice: 2_900 }
    ]
    expect(totalsOf({ lines, taxAmount: 190 })).toEqual({ subtotal: 41_500, total: 41_690, totalDevices: 5 })
  })
})

describe("released units", () => {
  it("are summed by SKU, in the order of the lines", () => {
    const released = [
      { line: 0, sku: Sku.make("MONITOR"), quantity: 1 },
      { line: 1, sku: Sku.make("LAPTOP"), quantity: 2 },
      { line: 3, sku: Sku.make("MONITOR"), quantity: 4 }
    ]
    expect(releasedBySku(released)).toEqual([
      { sku: "MONITOR", quantity: 5 },
      { sku: "LAPTOP", quantity: 2 }
    ])
  })
})
