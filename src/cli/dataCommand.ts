/** `order-lifecycle data index`: has lists find orders by what they have, and by the own data that a process names. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import type { TenantId } from "../order/Order.ts"
import { type DataIndexed, indexData } from "../verify/indexData.ts"
import { CannotIndex } from "./CannotIndex.ts"
import { changeOrders } from "./changeOrders.ts"
import { importProcess, processFlag } from "./processFlag.ts"
import { counted, placeFlags, placeOf } from "./verifyCommand.ts"

const indexCommand = Command.make(
  "index",
  {
    process: processFlag,
    ...placeFlags,
    dryRun: Flag.Boolean("dry-run").pipe(Flag.withDescription("Only say how many"), Flag.withDefault(false))
  },
  Effect.fnUntraced(
    function* ({ process, databaseUrl, pooled, schema, dataFolder, tenant, dryRun }) {
      const place = yield* placeOf({ databaseUrl, pooled, schema, dataFolder })
      const own = Option.isSome(process) ? yield* importProcess(process.value) : undefined
      const indexed = yield* changeOrders(place, () =>
        indexData({ ...(own && { process: own }), dryRun, ...(Option.isSome(tenant) && { tenantId: tenant.value as TenantId }) })
      )
      yield* Console.log(summaryOf(indexed, dryRun))
    },
    Effect.catchTag("CannotVerify", ({ message }) => Effect.fail(new CannotIndex({ message })))
  )
).pipe(
  Command.withDescription(
    "Have lists find every order by email, external reference and SKU and, with a process, by the members of own data that it names by filterBy, and by no others. Needed once for each member that is new, and after programs without a filter were at work."
  ),
  Command.withExamples([
    {
      command: "order-lifecycle data index --process our-process.ts --database-url postgres://host/orders --dry-run",
      description: "How many orders lists do not find by all that our-process.ts names"
    }
  ])
)

export const dataCommand = Command.make("data").pipe(
  Command.withDescription("What lists are filtered by."),
  Command.withSubcommands([indexCommand])
)

const summaryOf = ({ tenants, orders, indexed, changed }: DataIndexed, dryRun: boolean): string => {
  const extent = `${counted(orders, "order")} of ${counted(tenants, "tenant")}`
  const done = `${counted(indexed, "order")} ${dryRun ? "would be" : indexed === 1 ? "was" : "were"} indexed`
  return `${extent}: ${done}.${changed === 0 ? "" : `\n${counted(changed, "order")} changed meanwhile: run it again.`}`
}
