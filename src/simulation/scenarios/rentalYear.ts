import type { ScenarioInput } from "../Scenario.ts"

/** A year of contracts that are extended, exchanged, bought and brought back. */
export const rentalYear: ScenarioInput = {
  name: "Rental year",
  description:
    "A year of a shop that rents for three months at a time, and rents out again, as second-hand, what comes back. Orders get lines and lose them, devices break down and are exchanged, mix-ups are put right, contracts are extended; unpaid orders expire. Until now staff see to every contract that ends; what changes if it is renewed by the month instead, until the device comes back?",
  days: 365,
  arrivals: { perDay: 2.8 },
  catalogue: [
    {
      sku: "LAPTOP",
      contractMonths: 3,
      monthlyPrice: 8_900,
      weight: 3,
      assets: 260,
      upgradeTo: "WORKSTATION",
      secondHandAs: "LAPTOP-USED"
    },
    { sku: "LAPTOP-USED", contractMonths: 3, monthlyPrice: 5_900, weight: 3, assets: 60, upgradeTo: "LAPTOP" },
    { sku: "PHONE", contractMonths: 3, monthlyPrice: 3_900, weight: 2, assets: 220 },
    { sku: "WORKSTATION", contractMonths: 6, monthlyPrice: 14_900, weight: 1, assets: 120 }
  ],
  confirmation: { delayHours: { exponential: { mean: 18 } } },
  pendingExpiresAfter: "P3D",
  changes: {
    addItems: 0.1,
    correct: 0.1,
    recordPayment: 0.8,
    delayHours: { exponential: { mean: 12 } },
    release: { partial: [{ fromDay: 1, perDay: 0.3 }] }
  },
  fulfilment: { unitsPerDay: 12, delayHours: { uniform: { min: 6, max: 72 } }, mixUps: 0.03 },
  subscription: {
    lengthDays: { logNormal: { median: 60, sigma: 0.6 } },
    earlyEndPerDay: 0.001,
    endings: { cancel: 1, return: 2, buyOut: 1, complete: 4 },
    extended: 0.25,
    extensionMonths: 3,
    defectsPerDay: 0.001,
    upgradesPerDay: 0.001
  },
  clients: { expectVersion: 0.3 },
  policies: [
    { name: "by hand", whenContractEnds: "require_action" },
    { name: "by the month", whenContractEnds: "auto_renew_monthly" }
  ]
}
