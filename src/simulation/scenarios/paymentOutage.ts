import type { ScenarioInput } from "../Scenario.ts"

/** Nobody can pay for a day and a half, and then everybody at once. */
export const paymentOutage: ScenarioInput = {
  name: "Payment outage",
  description:
    "On the sixth day the payment provider is down for 36 hours. Nothing can be confirmed, and customers who wait give up. Afterwards everything that has waited is confirmed at once and reaches the warehouse together. How much does it help to have half as many hands again?",
  days: 14,
  arrivals: { perDay: 80 },
  catalogue: [
    { sku: "LAPTOP", monthlyPrice: 8_900, weight: 3, assets: 1_000 },
    { sku: "PHONE", monthlyPrice: 3_900, weight: 2, assets: 700 }
  ],
  cancellation: {
    hazards: {
      pending: [{ perDay: 0.1 }, { fromDay: 0.5, perDay: 0.6 }],
      confirmed: [{ perDay: 0.05 }],
      partial: [{ perDay: 0.02 }],
      fulfilled: [{ perDay: 0.005 }],
      cancelled: []
    }
  },
  fulfilment: { unitsPerDay: 160 },
  incidents: [{ type: "paymentOutage", atDay: 5, hours: 36 }],
  policies: [{ name: "hands as usual" }, { name: "half as many hands again", unitsPerDay: 240 }]
}
