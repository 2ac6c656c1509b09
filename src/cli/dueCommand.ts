/** `order-lifecycle due plan`: has orders wait for what the due rules of today ask for. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import type { TenantId } from "../order/Order.ts"
import { type DuePlanned, planDue } from "../verify/planDue.ts"
import { CannotPlan } from "./CannotPlan.ts"
import { changeOrders } from "./changeOrders.ts"
import { importProcess, processFlag } from "./processFlag.ts"
import { counted, placeFlags, placeOf } from "./verifyCommand.ts"

const planCommand = Command.make(
  "plan",
  {
    process: processFlag,
    ...placeFlags,
    pendingExpiresAfter: Flag.String("pending-expires-after").pipe(
      Flag.withDescription(
        "Have pending orders expire so long after they were placed, as P2D. Without it, nothing is said about that"
      ),
      Flag.optional
    ),
    dryRun: Flag.Boolean("dry-run").pipe(Flag.withDescription("Only say how many"), Flag.withDefault(false))
  },
  Effect.fnUntraced(
    function* ({ process, databaseUrl, pooled, schema, dataFolder, tenant, pendingExpiresAfter, dryRun }) {
      const place = yield* placeOf({ databaseUrl, pooled, schema, dataFolder })
      const own = Option.isSome(process) ? { process: yield* importProcess(process.value) } : {}
      const planned = yield* changeOrders(place, () =>
        planDue({
          ...own,
          dryRun,
          ...(Option.isSome(tenant) && { tenantId: tenant.value as TenantId }),
          ...(Option.isSome(pendingExpiresAfter) && { pendingExpiresAfter: pendingExpiresAfter.value })
        })
      )
      yield* Console.log(summaryOf(planned, dryRun))
    },
    Effect.catchTag("CannotVerify", ({ message }) => Effect.fail(new CannotPlan({ message })))
  )
).pipe(
  Command.withDescription(
    "Have every order wait for what the due rules of a process ask for, and for nothing else. A command that came to its end is written anew."
  ),
  Command.withExamples([
    {
      command: "order-lifecycle due plan --process our-process.ts --database-url postgres://host/orders --dry-run",
      description: "How many orders came into a status before our-process.ts had a due command for it"
    }
  ])
)

export const dueCommand = Command.make("due").pipe(
  Command.withDescription("Commands that orders wait for."),
  Command.withSubcommands([planCommand])
)

const summaryOf = ({ tenants, orders, written, removed, changed }: DuePlanned, dryRun: boolean): string => {
  const extent = `${counted(orders, "order")} of ${counted(tenants, "tenant")}`
  const [would, were] = dryRun ? ["would be", "would be"] : ["were", "were"]
  const done = `${counted(written, "due command")} ${would} written, and ${removed} ${were} taken away`
  return `${extent}: ${done}.${changed === 0 ? "" : `\n${counted(changed, "order")} changed meanwhile: run it again.`}`
}
