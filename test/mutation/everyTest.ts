/**
 * The tests that every mutant meets, as one file, so that what they import is loaded once for each mutant: first those that are fast and
 * find most, last those that take long. None needs PostgreSQL.
 */
/* oxlint-disable import/no-unassigned-import -- a file of tests is imported for the tests in it */
import { fc } from "../support/fastCheck.ts"
import "../order/refusals.test.ts"
import "../order/schemas.test.ts"
import "../order/readInput.test.ts"
import "../order/quickReader.property.test.ts"
import "../order/decide.test.ts"
import "../order/invariants.test.ts"
import "../order/changingOrders.test.ts"
import "../lifecycle/requests.test.ts"
import "../lifecycle/surroundings.test.ts"
import "../order/canonicalJson.test.ts"
import "../order/auditChain.test.ts"
import "../order/lifecycleTable.test.ts"
import "../asset/assetTable.test.ts"
import "../asset/disagreement.test.ts"
import "../order/place.test.ts"
import "../order/units.test.ts"
import "../order/specification.test.ts"
import "../order/Timestamp.test.ts"
import "../order/Money.property.test.ts"
import "../lifecycle/Ids.property.test.ts"
import "../lifecycle/OrderLifecycle.test.ts"
import "../memory/MemoryOrderStore.contract.test.ts"
import "../order/orderMachine.paths.test.ts"
import "../asset/assetMachine.paths.test.ts"
import "../asset/decideAsset.property.test.ts"
import "../asset/assetSteps.property.test.ts"
import "../order/place.property.test.ts"
import "../order/Text.property.test.ts"
import "../order/canonicalJson.property.test.ts"
import "../order/explain.property.test.ts"
import "../order/decide.property.test.ts"
import "../order/toldFromEvents.property.test.ts"
import "../order/startSubscription.property.test.ts"
import "../order/auditChain.property.test.ts"
import "../order/lifecycleTable.property.test.ts"

// A mutant is found by the first counterexample; a short one would tell nobody anything.
fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true })
