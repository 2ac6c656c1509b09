/**
 * In which order vitest begins the files: first those that notice most, then those that take longest, or one of them would still run when
 * everything else has ended. vitest itself goes by what it remembers of the last run, and a fresh clone has had none. Whatever is not named here is short.
 */
import { relative } from "node:path"
import { BaseSequencer, type TestSpecification } from "vitest/node"

/** What notices a broken promise soonest: whoever breaks one is told within a minute. */
const soonest = ["test/proof/knownDefects.test.ts", "test/proof/canaries.test.ts", "test/proof/schedules.test.ts"]

/** Ten seconds or more each, the longest first. */
const longest = [
  "test/proof/linearizability.test.ts",
  "test/proof/schedulesAcrossOrders.test.ts",
  "test/proof/faults.test.ts",
  "test/proof/interleavings.test.ts",
  "test/docs/guides.test.ts",
  "test/proof/idempotency.test.ts",
  "test/embedded/EmbeddedOrderStore.crash.test.ts",
  "test/proof/seededBugs.test.ts",
  "test/docs/drawn.test.ts",
  "test/verify/cli.test.ts",
  "test/scenarios/scenarios.test.ts",
  "test/http/crash.test.ts",
  "test/postgres/outcome.test.ts",
  "test/proof/hostile.test.ts",
  "test/proof/audit.property.test.ts",
  "test/proof/hostileBodies.test.ts",
  "test/http/main.test.ts",
  "test/proof/interrupts.test.ts",
  "test/proof/hostileClients.test.ts",
  "test/proof/schedulesAtRandom.property.test.ts"
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
