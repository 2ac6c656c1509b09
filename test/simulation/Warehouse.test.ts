import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { SerialNumber, Sku, TenantId } from "../../src/order/Order.ts"
import { dayMs } from "../../src/simulation/Arrivals.ts"
import { Warehouse } from "../../src/simulation/Warehouse.ts"
import { World } from "../../src/simulation/World.ts"

const tenantId = TenantId.make("shop")
const [laptop, phone] = [Sku.make("LAPTOP"), Sku.make("PHONE")]

/** A warehouse that sends out ten units a day and has two laptops and one phone. */
const opened = () => {
  const world = new World(0)
  const notes: Array<string> = []
  const note = (what: string) => void notes.push(`day ${world.now / dayMs}: ${what}`)
  const assets = [
    { tenantId, sku: laptop, count: 2 },
    { tenantId, sku: phone, count: 1 }
  ]
  const warehouse = new Warehouse(world, 10, assets, {
    backOrdered: (sku) => note(`${sku} is back-ordered`),
    backOrderOver: (sku, since) => note(`${sku} is not back-ordered any more, since day ${since / dayMs}`)
  })
  const add = (sku: Sku, isWanted = () => true) =>
    warehouse.add({ tenantId, sku, isWanted, send: (asset) => note(`${asset} leaves`) })
  return { world, warehouse, notes, note, add, everything: () => Effect.runPromise(world.proceed()) }
}

describe("a warehouse", () => {
  it("sends units out in the order in which they became ready, so many a day", async () => {
    const { add, notes, everything } = opened()
    add(laptop)
    add(phone)
    add(laptop)
    await everything()
    expect(notes).toEqual(["day 0: LAPTOP-1 leaves", "day 0.1: PHONE-1 leaves", "day 0.2: LAPTOP-2 leaves"])
  })

  it("lets a unit wait for an asset, and others go first", async () => {
    const { world, warehouse, add, notes, everything } = opened()
    add(phone)
    add(phone)
    add(laptop)
    world.at(3 * dayMs, () => warehouse.giveBack(tenantId, phone, SerialNumber.make("PHONE-1")))
    await everything()
    expect(notes).toEqual([
      "day 0: PHONE-1 leaves",
      "day 0.1: PHONE is back-ordered",
      "day 0.1: LAPTOP-1 leaves",
      "day 3: PHONE is not back-ordered any more, since day 0.1",
      "day 3: PHONE-1 leaves"
    ])
  })

  it("sends nothing that nobody wants any more, and keeps the asset for the next", async () => {
    const { world, warehouse, add, notes, everything } = opened()
    let isWanted = true
    add(phone)
    add(phone, () => isWanted)
    add(phone)
    world.at(dayMs, () => {
      isWanted = false
      warehouse.giveBack(tenantId, phone, SerialNumber.make("PHONE-1"))
    })
    await everything()
    expect(notes.slice(-3)).toEqual([
      "day 1: PHONE is not back-ordered any more, since day 0.1",
      "day 1: PHONE is not back-ordered any more, since day 0.1",
      "day 1: PHONE-1 leaves"
    ])
  })
})
