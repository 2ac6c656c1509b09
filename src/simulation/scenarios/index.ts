/** The scenarios that come with the library, by the names under which the command line knows them. `docs/simulation.md` explains each. */
import type { ScenarioInput } from "../Scenario.ts"
import { dyingDatabase } from "./dyingDatabase.ts"
import { noisyNeighbours } from "./noisyNeighbours.ts"
import { paymentOutage } from "./paymentOutage.ts"
import { productLaunch } from "./productLaunch.ts"
import { rentalYear } from "./rentalYear.ts"
import { steadyShop } from "./steadyShop.ts"
import { supplierShortage } from "./supplierShortage.ts"

/** The shipped scenarios by name: give one to `readScenario`, whole or changed. */
export const scenarios: Readonly<Record<string, ScenarioInput>> = {
  "steady-shop": steadyShop,
  "product-launch": productLaunch,
  "supplier-shortage": supplierShortage,
  "payment-outage": paymentOutage,
  "noisy-neighbours": noisyNeighbours,
  "dying-database": dyingDatabase,
  "rental-year": rentalYear
}
