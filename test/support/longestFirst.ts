/**
 * In which order vitest begins the files: first those that notice most, then those that take longest, or one of them would still run when
 * everything else has ended. vitest itself goes by what it remembers of the last run, and a fresh clone has had none. Whatever is not named here is short.
 */
import { relative } from "node:path"
import { BaseSequencer, type TestSpecification } from "vitest/node"

/** What notices a broken promise soonest: whoever breaks one is told within a minute. */
const soonest = ["test/proof/knownDefects.test.ts", "test/proof/canaries.test.ts", "test/proof/schedules.test.ts"]

/** Four seconds or more each, the longest first. */
const longest = [
  "test/proof/exhaustive.test.ts",
  "test/proof/schedulesAcrossOrders.test.ts",
  "test/proof/faults.test.ts",
  "test/proof/linearizability.test.ts",
  "test/docs/guides.test.ts",
  "test/simulation/rentalYear.test.ts",
  "test/simulation/simulateCommand.test.ts",
  "test/embedded/EmbeddedOrderStore.crash.test.ts",
  "test/proof/interleavings.test.ts",
  "test/proof/expiryInterleavings.test.ts",
  "test/simulation/plantedBugs.test.ts",
  "test/proof/idempotency.test.ts",
  "test/scenarios/scenarios.test.ts",
  "test/lifecycle/contractEnds.test.ts",
  "test/http/main.test.ts",
  "test/order/ownLifecycle.property.test.ts",
  "test/verify/cli.test.ts",
  "test/order/certifyProcess.test.ts",
  "test/simulation/ownCommands.test.ts",
  "test/postgres/PoolConnection.test.ts",
  "test/order/decide.property.test.ts",
  "test/verify/verify.test.ts",
  "test/docs/drawn.test.ts",
  "test/postgres/plans.test.ts",
  "test/proof/hostileBodies.test.ts",
  "test/order/process.test.ts",
  "test/simulation/due.test.ts",
  "test/proof/assetSchedules.test.ts",
  "test/http/crash.test.ts",
  "test/package.test.ts",
  "test/simulation/faults.test.ts",
  "test/proof/hostile.test.ts",
  "test/proof/seededBugs.test.ts",
  "test/draw/docsCommand.test.ts",
  "test/tooling.test.ts",
  "test/proof/interrupts.test.ts",
  "test/embedded/EmbeddedOrderStore.contract.test.ts",
  "test/order/lifecycleTable.property.test.ts",
  "test/proof/dueWorkers.test.ts",
  "test/promise/Orders.model.test.ts",
  "test/memory/Packer.property.test.ts",
  "test/docs/readme.test.ts",
  "test/simulation/simulate.test.ts",
  "test/proof/relays.test.ts",
  "test/proof/audit.property.test.ts",
  "test/lifecycle/OrderLifecycle.model.test.ts",
  "test/lifecycle/replays.test.ts",
  "test/lifecycle/unreadable.test.ts",
  "test/simulation/workers.test.ts",
  "test/proof/outbox.test.ts",
  "test/http/story.test.ts",
  "test/lifecycle/assetRegistry.test.ts",
  "test/verify/replay.test.ts",
  "test/lifecycle/ownRows.test.ts",
  "test/stores/twoNodes.test.ts",
  "test/proof/schedulesAtRandom.property.test.ts",
  "test/postgres/pgbouncer.test.ts",
  "test/stores/stored.test.ts",
  "test/simulation/report.test.ts",
  "test/postgres/migrate.test.ts",
  "test/lifecycle/ports.test.ts",
  "test/proof/hostileClients.test.ts",
  "test/postgres/PostgresOrderStore.contract.test.ts",
  "test/docs/testingYourStore.test.ts",
  "test/lifecycle/OrderLifecycle.race.test.ts",
  "test/simulation/faults.postgres.test.ts",
  "test/postgres/leases.test.ts",
  "test/promise/openOrders.test.ts",
  "test/http/nodeServer.test.ts",
  "test/postgres/outcome.test.ts",
  "test/verify/orderRecords.contract.test.ts",
  "test/lifecycle/ownGuards.test.ts"
]

const first = [...soonest, ...longest]

export class LongestFirst extends BaseSequencer {
  override sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    const rank = ({ moduleId }: TestSpecification) => {
      const known = first.indexOf(relative(this.ctx.config.root, moduleId).replaceAll("\\", "/"))
      return known < 0 ? first.length : known
    }
    return Promise.resolve(files.toSorted((a, b) => rank(a) - rank(b)))
  }
}
