import type { ScenarioInput } from "../Scenario.ts"

/** One tenant is loud, and the others hear it. */
export const noisyNeighbours: ScenarioInput = {
  name: "Noisy neighbours",
  description:
    "Three shops share one slow store with two connections. For an hour and a half the largest of them sells twenty times as much as usual, and everybody waits for a connection. Does it help the two small shops when units leave the warehouse at an even pace, so that fewer calls come at a time?",
  days: 0.5,
  tenants: [
    { id: "large", share: 8 },
    { id: "small", share: 1 },
    { id: "tiny", share: 1 }
  ],
  arrivals: { perDay: 1_500 },
  catalogue: [{ sku: "SCOOTER", monthlyPrice: 4_900, assets: 8_000 }],
  confirmation: { delayHours: { constant: 0.05 } },
  fulfilment: { unitsPerDay: 200_000, delayHours: { uniform: { min: 0.1, max: 0.4 } } },
  store: { latencyMs: { logNormal: { median: 400, sigma: 0.6 } }, connections: 2 },
  clients: { timeoutSeconds: 60 },
  incidents: [{ type: "demandPeak", atDay: 0.125, hours: 1.5, factor: 20, tenant: "large" }],
  policies: [{ name: "as fast as possible" }, { name: "at an even pace", unitsPerDay: 8_000 }]
}
