import type { ScenarioInput } from "../Scenario.ts"

/** The usual: nothing happens but customers. */
export const steadyShop: ScenarioInput = {
  name: "Steady shop",
  description:
    "Four ordinary weeks. Orders come at the hours at which people shop, most of them before the weekend. Until now an order can be cancelled whenever nothing of it is rented; what changes if that ends with the first unit that leaves?",
  arrivals: {
    perDay: 40,
    hourly: [1, 1, 0, 0, 0, 1, 2, 4, 6, 7, 8, 8, 9, 8, 7, 7, 7, 8, 9, 10, 10, 8, 5, 2],
    weekly: [9, 8, 8, 9, 12, 8, 6]
  },
  catalogue: [
    { sku: "LAPTOP", monthlyPrice: 8_900, weight: 3, assets: 900 },
    { sku: "PHONE", monthlyPrice: 3_900, weight: 2, assets: 600 },
    { sku: "MONITOR", monthlyPrice: 1_900, weight: 1, assets: 320 }
  ],
  fulfilment: { unitsPerDay: 100 },
  subscription: { lengthDays: { logNormal: { median: 30, sigma: 0.6 } }, earlyEndPerDay: 0.01 },
  policies: [
    { name: "until something is rented", cancellationPolicy: "noActiveSubscriptions" },
    { name: "until something has left", cancellationPolicy: "beforeFulfilment" }
  ]
}
