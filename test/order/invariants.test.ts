/** The laws of an order: which one is broken, and how, in words. */
import { describe, expect, it } from "vitest"
import { assertLaws, breachesOf, brokenLaws } from "../../src/order/invariants.ts"
import type { Order } from "../../src/order/Order.ts"
import type { Units } from "../../src/order/Units.ts"
import { history } from "../../src/testing/arbitraries.ts"
import { fc } from "../support/fastCheck.ts"

const some = fc.sample(history(0), 1)[0]?.order as Order

/** An order of one line with so many units in each place, and as many subscriptions as they need. */
const standing = (
  status: Order["status"],
  [held, active, ended, released]: readonly [number, number, number, number]
): Order => ({
  ...some,
  status,
  lines: some.lines.slice(0, 1).map((line) => ({
    ...line,
    quantity: held + active + ended + released,
    units: { held, active, ended, released }
  })),
  subscriptions: [...Array.from({ length: active }, () => "active"), ...Array.from({ length: ended }, () => "cancelled")].map(
    (status) => ({ status }) as Order["subscriptions"][number]
  )
})

describe("what a status says of the units", () => {
  it.each<
    readonly [
      Order["status"],
      ReadonlyArray<readonly [number, number, number, number]>,
      ReadonlyArray<readonly [number, number, number, number]>
    ]
  >([
    [
      "pending",
      [
        [2, 0, 0, 0],
        [1, 0, 0, 1]
      ],
      [
        [1, 1, 0, 0],
        [1, 0, 1, 0],
        [0, 0, 0, 2],
        [1, 1, 1, 0],
        [1, 1, 0, 1],
        [1, 0, 1, 1]
      ]
    ],
    [
      "confirmed",
      [
        [2, 0, 0, 0],
        [1, 0, 0, 1]
      ],
      [
        [1, 1, 0, 0],
        [1, 0, 1, 0],
        [0, 0, 0, 2],
        [1, 1, 1, 0],
        [1, 1, 0, 1],
        [1, 0, 1, 1]
      ]
    ],
    [
      "partial",
      [
        [1, 1, 0, 0],
        [1, 0, 1, 0],
        [1, 1, 1, 0],
        [1, 1, 0, 1]
      ],
      [
        [2, 0, 0, 0],
        [1, 0, 0, 1],
        [0, 2, 0, 0]
      ]
    ],
    [
      "fulfilled",
      [
        [0, 2, 0, 0],
        [0, 0, 2, 0],
        [0, 1, 0, 1]
      ],
      [
        [1, 1, 0, 0],
        [0, 0, 0, 2]
      ]
    ],
    [
      "cancelled",
      [
        [0, 0, 0, 2],
        [0, 0, 1, 1],
        [0, 0, 2, 0]
      ],
      [
        [1, 0, 0, 1],
        [0, 1, 0, 1]
      ]
    ]
  ])("is kept by every %s order, and what it rules out is named", (status, sound, unsound) => {
    expect(sound.flatMap((units) => breachesOf(standing(status, units)))).toEqual([])
    for (const units of unsound) {
      const order = standing(status, units)
      const [held, active, ended, released] = units
      const written = JSON.stringify({ held, active, ended, released })
      expect(breachesOf(order)).toEqual([{ law: "status", message: `status ${status} does not fit the units ${written}` }])
    }
  })
})

describe("a line", () => {
  const withUnits = (units: Partial<Units>) => {
    const order = standing("confirmed", [2, 0, 0, 0])
    return { ...order, lines: order.lines.map((line) => ({ ...line, units: { ...line.units, ...units } })) }
  }

  it("has every unit in exactly one place", () => {
    expect(breachesOf(withUnits({ held: 1 }))).toEqual([
      { law: "units", message: "line 0: quantity 2 is not held + active + ended + released (1 + 0 + 0 + 0)" }
    ])
  })

  it("has no negative and no broken number of units anywhere, even where the sum is right", () => {
    const laws = (units: Partial<Units>) => breachesOf(withUnits(units)).map(({ law }) => law)
    expect(laws({ held: 3, released: -1 })).toContain("units")
    expect(laws({ held: 1.5, released: 0.5 })).toContain("units")
  })
})

describe("an order that breaks several laws", () => {
  it("is told of all of them, in one sentence after the other", () => {
    const order = { ...standing("pending", [1, 1, 0, 0]), subscriptions: [] }
    expect(() => assertLaws(order)).toThrow(`order ${order.orderId} of tenant ${order.tenantId}: ${brokenLaws(order).join("; ")}`)
    expect(brokenLaws(order)).toEqual([
      'status pending does not fit the units {"held":1,"active":1,"ended":0,"released":0}',
      "1 units are active, but 0 subscriptions",
      "1 units are or were rented, but there are 0 subscriptions"
    ])
  })
})

describe("the subscriptions", () => {
  it("are as many as the units that are or were rented, and as many of them active", () => {
    const order = standing("partial", [1, 1, 1, 0])
    const [first, second] = order.subscriptions
    expect(brokenLaws({ ...order, subscriptions: [first, first] as Order["subscriptions"] })).toEqual([
      "1 units are active, but 2 subscriptions"
    ])
    expect(brokenLaws({ ...order, subscriptions: [first, second, second] as Order["subscriptions"] })).toEqual([
      "2 units are or were rented, but there are 3 subscriptions"
    ])
    expect(breachesOf({ ...order, subscriptions: [] }).map(({ law }) => law)).toEqual(["subscriptions", "subscriptions"])
  })
})
