/** Scenarios as they are read: everything wrong is named by its path, and one can be made larger or smaller. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { arrivalsOf, expectedOrders } from "../../src/simulation/Arrivals.ts"
import { readScenario, type ScenarioInput } from "../../src/simulation/Scenario.ts"
import { scaledTo } from "../../src/simulation/scaledTo.ts"
import { scenarios } from "../../src/simulation/scenarios/index.ts"
import { simulateOne } from "../../src/simulation/simulate.ts"

const read = (input: ScenarioInput) => Result.getOrThrow(readScenario(input))
const faultsOf = (input: unknown) =>
  Result.match(readScenario(input), { onSuccess: () => [], onFailure: ({ details }) => details })

describe("a scenario", () => {
  it("needs no more than a name", () => {
    expect(read({ name: "plain" })).toMatchObject({ days: 28, tenants: [{ id: "shop" }], policies: [{ name: "as it is" }] })
  })

  it.each([
    [{ name: "x", catalogue: [{ sku: "A" }, { sku: "B", assets: -1 }] }, "catalogue[1].assets"],
    [{ name: "x", surprise: 1 }, "surprise"],
    [{ name: "x", arrivals: { perDay: 1, hourly: [1] } }, "arrivals.hourly"],
    [{ name: "x", clients: { withKey: 2 } }, "clients.withKey"],
    [{ name: "x", faults: { conflict: 2 } }, "faults.conflict"],
    [{ name: "x", catalogue: [{ sku: "A" }, { sku: "A" }] }, "catalogue[1].sku"],
    [{ name: "x", catalogue: [{ sku: "A", upgradeTo: "NONE" }] }, "catalogue[0].upgradeTo"],
    [{ name: "x", catalogue: [{ sku: "A" }, { sku: "B", secondHandAs: "NONE" }] }, "catalogue[1].secondHandAs"],
    [{ name: "x", catalogue: [{ sku: "A", contractMonths: 121 }] }, "catalogue[0].contractMonths"],
    [{ name: "x", order: { lines: {} } }, "order.lines"],
    [{ name: "x", order: { quantity: { "1": 0 } } }, "order.quantity"],
    [{ name: "x", subscription: { endings: {} } }, "subscription.endings"],
    [{ name: "x", whenContractEnds: "renew" }, "whenContractEnds"],
    [{ name: "x", policies: [{ name: "a", whenContractEnds: "renew" }] }, "policies[0].whenContractEnds"],
    [{ name: "x", changes: { release: { gone: [] } } }, "changes.release.gone"],
    [{ name: "x", incidents: [{ type: "supplierShortage", atDay: 1, sku: "NONE" }] }, "incidents[0].sku"],
    [{ name: "x", incidents: [{ type: "demandPeak", atDay: 1, hours: 1, factor: 2, tenant: "none" }] }, "incidents[0].tenant"],
    [{ name: "x", policies: [{ name: "a" }, { name: "a" }] }, "policies[1].name"],
    [{}, "name"]
  ])("%j is refused, naming the field", (input, path) => {
    expect(faultsOf(input).map((fault) => fault.path)).toContain(path)
  })

  it("is refused with everything that is wrong with it at once", () => {
    expect(
      faultsOf({ days: 0, seeds: 1 })
        .map(({ path }) => path)
        .toSorted()
    ).toEqual(["days", "name", "seeds"])
  })
})

describe("the shipped scenarios", () => {
  it.each(Object.entries(scenarios))("%s is sound, says what it is about, and compares two policies", (_, input) => {
    const scenario = read(input)
    expect(scenario.description.length).toBeGreaterThan(100)
    expect(scenario.description).toContain("?")
    expect(scenario.policies).toHaveLength(2)
    expect(scenario.incidents.every(({ atDay }) => atDay < scenario.days)).toBe(true)
  })
})

describe("a scenario scaled to a number of orders", () => {
  it("gets so many, peaks included", () => {
    for (const input of Object.values(scenarios)) {
      const scenario = scaledTo(read(input), 2_000)
      expect(expectedOrders(scenario)).toBeCloseTo(2_000, 6)
      // Of a Poisson process of mean 2,000, four standard deviations are 180.
      expect(Math.abs([...arrivalsOf(scenario, 3)].length - 2_000)).toBeLessThan(180)
    }
  })

  it("has hands, assets and a store in proportion", () => {
    const scenario = read({
      name: "x",
      days: 10,
      arrivals: { perDay: 100 },
      catalogue: [
        { sku: "A", assets: 500 },
        { sku: "B", assets: 0 }
      ],
      fulfilment: { unitsPerDay: 200 },
      store: { latencyMs: { uniform: { min: 10, max: 30 } }, connections: 4 },
      policies: [{ name: "a" }, { name: "b", unitsPerDay: 300 }]
    })
    expect(scaledTo(scenario, 2_000)).toMatchObject({
      arrivals: { perDay: 200 },
      catalogue: [{ assets: 1_000 }, { assets: 0 }],
      fulfilment: { unitsPerDay: 400 },
      store: { latencyMs: { uniform: { min: 10, max: 30 } }, connections: 8 },
      policies: [{ name: "a" }, { unitsPerDay: 600 }]
    })
    // Half a connection is one that takes twice as long.
    expect(scaledTo(scenario, 125).store).toEqual({
      latencyMs: { uniform: { min: 20, max: 60 } },
      connections: 1,
      sharesStatements: false
    })
  })

  it("keeps its recorded orders", () => {
    const at = "2026-01-05T08:00:00.000Z"
    const scenario = read({ name: "x", arrivals: { recorded: [{ at, items: [{ sku: "LAPTOP", quantity: 1 }] }] } })
    expect(expectedOrders(scenario)).toBe(1)
    expect(scaledTo(scenario, 50)).toEqual(scenario)
  })
})

describe("what happens after the end of a scenario", () => {
  it("counts for nothing: nobody rents less than nothing, and nothing leaves the warehouse any more", async () => {
    const scenario = read({
      name: "A warehouse that cannot follow, behind a store that is down at the end",
      days: 2,
      arrivals: { perDay: 40 },
      fulfilment: { unitsPerDay: 10, delayHours: { constant: 0 } },
      store: { latencyMs: { constant: 40 } },
      incidents: [{ type: "storeOutage", atDay: 1.9, hours: 24 }]
    })
    const { figures } = await Effect.runPromise(simulateOne({ scenario, policy: scenario.policies[0], seed: 1 }))
    expect(figures.units.subscriptionsStarted).toBeGreaterThan(10)
    expect(figures.units.subscriptionsStarted).toBeLessThanOrEqual(20)
    expect(figures.units.heldDays).toBeGreaterThan(0)
    for (const { mean, peak } of Object.values(figures.utilisation)) {
      expect(mean).toBeGreaterThanOrEqual(0)
      expect(mean).toBeLessThanOrEqual(peak)
    }
  })
})
