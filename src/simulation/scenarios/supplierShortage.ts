import type { ScenarioInput } from "../Scenario.ts"

/** A product that cannot be had any more, and everybody who ordered it. */
export const supplierShortage: ScenarioInput = {
  name: "Supplier shortage",
  description:
    "On the tenth day the supplier of the laptop drops out. Staff cancel every open order for it at once, and for a week the shop does not offer it. Orders of which something is rented already stay. Is it better to take a day longer to confirm, so that fewer units are promised when it happens?",
  arrivals: { perDay: 40 },
  catalogue: [
    { sku: "LAPTOP", monthlyPrice: 8_900, weight: 3, assets: 700 },
    { sku: "PHONE", monthlyPrice: 3_900, weight: 2, assets: 600 },
    { sku: "MONITOR", monthlyPrice: 1_900, weight: 1, assets: 320 }
  ],
  fulfilment: { unitsPerDay: 90 },
  incidents: [{ type: "supplierShortage", atDay: 9.5, sku: "LAPTOP", hours: 168 }],
  policies: [
    { name: "confirmed in hours" },
    { name: "confirmed a day later", confirmationDelayHours: { uniform: { min: 24, max: 32 } } }
  ]
}
