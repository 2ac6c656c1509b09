/** What becomes of the assets of a shop, told by hand: a small world without chance. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { isOwnEvent } from "../../src/order/AuditEvent.ts"
import type { Change } from "../../src/lifecycle/OrderStore.ts"
import { readScenario, type ScenarioInput } from "../../src/simulation/Scenario.ts"
import { simulateOne } from "../../src/simulation/simulate.ts"

/** Customers change nothing about their orders, units leave after a day and an hour, and contracts run for a month. */
const quiet: ScenarioInput = {
  name: "One laptop",
  start: "2026-01-01T00:00:00.000Z",
  days: 365,
  confirmation: { delayHours: { constant: 1 } },
  cancellation: { hazards: {} },
  clients: { sentTwice: 0, slow: 0 },
  fulfilment: { delayHours: { constant: 24 }, turnaroundHours: { constant: 24 } },
  subscription: { lengthDays: { constant: 10 }, earlyEndPerDay: 0 }
}
const laptop = { sku: "LAPTOP", contractMonths: 1, assets: 1 }
const ordered = (...orders: ReadonlyArray<readonly [day: string, sku: string]>): Partial<ScenarioInput> => ({
  arrivals: {
    recorded: orders.map(([day, sku]) => ({ at: `2026-${day}T08:00:00.000Z`, items: [{ sku, quantity: 1 }] as const }))
  }
})

/** What happens, as `day: event, device`. */
const play = async (input: Partial<ScenarioInput>) => {
  const scenario = Result.getOrThrow(readScenario({ ...quiet, ...input }))
  const told: Array<string> = []
  const committed = ({ transition: { event } }: Change) => {
    if (isOwnEvent(event) || event.type.startsWith("order.")) return
    const { serialNumber, newSerialNumber } = event.details as { serialNumber?: string; newSerialNumber?: string }
    told.push(`${event.at.slice(5, 10)}: ${event.type.slice(13)} ${newSerialNumber ?? serialNumber}`)
  }
  const run = await Effect.runPromise(simulateOne({ scenario, policy: scenario.policies[0], seed: 1, watchers: [{ committed }] }))
  expect(run.violations).toEqual([])
  return { told, figures: run.figures }
}

describe("an asset", () => {
  it("that has come back is rented out again, as second-hand where the shop says so", async () => {
    const { told, figures } = await play({
      catalogue: [
        { ...laptop, secondHandAs: "USED" },
        { sku: "USED", contractMonths: 1, assets: 0 }
      ],
      ...ordered(["01-01", "LAPTOP"], ["02-01", "LAPTOP"], ["02-02", "USED"]),
      subscription: { ...quiet.subscription, endings: { return: 1 } }
    })
    // The second laptop never leaves: there is none that is new any more.
    expect(told).toEqual([
      "01-02: started LAPTOP-1",
      "01-12: returned LAPTOP-1",
      "02-03: started LAPTOP-1",
      "02-13: returned LAPTOP-1"
    ])
    expect(figures.units.backOrdered).toBe(1)
    expect(figures.subscriptions).toMatchObject({ returned: 2, cancelled: 0 })
    expect(figures.utilisation).toMatchObject({ LAPTOP: { peak: 1 }, USED: { peak: 1 } })
  })

  it("that was bought never comes back", async () => {
    const { told } = await play({
      catalogue: [laptop],
      ...ordered(["01-01", "LAPTOP"], ["02-01", "LAPTOP"]),
      subscription: { ...quiet.subscription, endings: { buyOut: 1 } }
    })
    expect(told).toEqual(["01-02: started LAPTOP-1", "01-12: bought_out LAPTOP-1"])
  })

  it("that is kept until its contract is over comes back days later, unless the contract is renewed first", async () => {
    const kept: Partial<ScenarioInput> = {
      catalogue: [laptop],
      ...ordered(["01-01", "LAPTOP"]),
      subscription: { ...quiet.subscription, endings: { complete: 1 } }
    }
    const byHand = await play({ ...kept, whenContractEnds: "require_action" })
    expect(byHand.told).toEqual(["01-02: started LAPTOP-1", expect.stringMatching(/^02-\d\d: completed LAPTOP-1$/)])
    const byItself = await play({ ...kept, whenContractEnds: "auto_terminate" })
    expect(byItself.told).toEqual(["01-02: started LAPTOP-1", "02-02: completed LAPTOP-1"])
    const renewed = await play({ ...kept, whenContractEnds: "auto_renew_monthly" })
    const [started, extended, returned, ...more] = renewed.told
    expect([started, extended]).toEqual(["01-02: started LAPTOP-1", "02-02: extended LAPTOP-1"])
    expect(returned).toMatch(/^02-\d\d: returned LAPTOP-1$/)
    expect(more).toEqual([])
    expect(renewed.figures.subscriptions).toMatchObject({ renewed: 1, extended: 0, returned: 1 })
  })

  it("that breaks down is replaced, and comes back repaired", async () => {
    const { told } = await play({
      catalogue: [{ ...laptop, assets: 2 }],
      ...ordered(["01-01", "LAPTOP"], ["03-15", "LAPTOP"]),
      fulfilment: { ...quiet.fulfilment, repairDays: { constant: 20 } },
      subscription: { ...quiet.subscription, lengthDays: { constant: 300 }, defectsPerDay: 10 }
    })
    expect(told[0]).toBe("01-02: started LAPTOP-1")
    expect(told[1]).toMatch(/^01-\d\d: asset_replaced LAPTOP-2$/)
    // The other customer gets the one that was repaired.
    expect(told).toContain("03-16: started LAPTOP-1")
  })
})
