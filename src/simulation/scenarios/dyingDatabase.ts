import type { ScenarioInput } from "../Scenario.ts"

/** A day on which the database goes down bit by bit. */
export const dyingDatabase: ScenarioInput = {
  name: "Dying database",
  description:
    "A day on which the database fails. Answers get lost, steps take long, the service crashes now and then; for an hour in the morning half of the calls fail, and for two in the afternoon all of them. Nothing may get lost, nor happen twice. What changes when, on such a day, staff confirm everything at once instead of in the course of the day?",
  days: 1,
  arrivals: { perDay: 600 },
  catalogue: [
    { sku: "LAPTOP", monthlyPrice: 8_900, weight: 3, assets: 900 },
    { sku: "PHONE", monthlyPrice: 3_900, weight: 2, assets: 600 }
  ],
  confirmation: { delayHours: { uniform: { min: 0.5, max: 6 } } },
  fulfilment: { unitsPerDay: 1_500, delayHours: { uniform: { min: 0.5, max: 3 } } },
  store: { latencyMs: { logNormal: { median: 20, sigma: 1 } }, connections: 8 },
  clients: { retries: 4, slow: 0.05 },
  faults: { lostAnswer: 0.01, unavailable: 0.01, delay: 0.02, duplicate: 0.005, crashBefore: 0.0005, crashAfter: 0.0005 },
  incidents: [
    { type: "storeOutage", atDay: 0.375, hours: 1, share: 0.5 },
    { type: "storeOutage", atDay: 0.625, hours: 2 }
  ],
  policies: [{ name: "in the course of the day" }, { name: "at once", confirmationDelayHours: { constant: 0.02 } }]
}
