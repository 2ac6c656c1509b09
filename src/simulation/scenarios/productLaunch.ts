import type { ScenarioInput } from "../Scenario.ts"

/** More orders in two days than usual in two weeks. */
export const productLaunch: ScenarioInput = {
  name: "Product launch",
  description:
    "On the fifth day a new phone comes out, and for two days eight times as many orders arrive as usual. The warehouse cannot follow, and customers who wait change their minds. Is it worth having twice the hands in the warehouse?",
  days: 21,
  arrivals: { perDay: 30 },
  catalogue: [
    { sku: "NEW-PHONE", monthlyPrice: 5_900, weight: 5, assets: 1_300 },
    { sku: "PHONE", monthlyPrice: 3_900, weight: 2, assets: 500 },
    { sku: "TABLET", monthlyPrice: 2_900, weight: 1, assets: 250 }
  ],
  fulfilment: { unitsPerDay: 70 },
  incidents: [{ type: "demandPeak", atDay: 4, hours: 48, factor: 8 }],
  policies: [{ name: "hands as usual" }, { name: "twice the hands", unitsPerDay: 140 }]
}
