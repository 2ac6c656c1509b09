/**
 * `order-lifecycle replay`: names every order whose history a process would not have allowed, as a gate before it is deployed. Changes nothing.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import type { TenantId } from "../order/Order.ts"
import { cancellationPolicyNames } from "../order/policies/index.ts"
import { type Disallowed, replay, type Replayed } from "../verify/replay.ts"
import { CannotVerify, reasonOf } from "./CannotVerify.ts"
import { openRecords } from "./openRecords.ts"
import { importProcess, requiredProcessFlag } from "./processFlag.ts"
import { counted, FoundViolations, placeFlags, placeOf, printable } from "./verifyCommand.ts"

export const replayCommand = Command.make(
  "replay",
  {
    process: requiredProcessFlag,
    ...placeFlags,
    policy: Flag.Literals("cancellation-policy", cancellationPolicyNames).pipe(
      Flag.withDescription("The policy that the process is to be deployed under. Without it, noActiveSubscriptions"),
      Flag.optional
    ),
    json: Flag.Boolean("json").pipe(
      Flag.withDescription("Print a line of JSON for each order, and one with the counts"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function* ({ process, databaseUrl, pooled, schema, dataFolder, tenant, policy, json }) {
    const place = yield* placeOf({ databaseUrl, pooled, schema, dataFolder })
    const own = yield* importProcess(process)
    let replayed: Replayed = { tenants: 0, orders: 0, events: 0, ordersNotJudged: 0 }
    let count = 0
    const disallowed = yield* Effect.try({
      try: () =>
        replay({
          process: own,
          onReplayed: (now) => Effect.sync(() => void (replayed = now)),
          ...(Option.isSome(tenant) && { tenantId: tenant.value as TenantId }),
          ...(Option.isSome(policy) && { cancellationPolicy: policy.value })
        }),
      catch: (error) => new CannotVerify({ message: error instanceof Error ? error.message : String(error) })
    })
    const work = Effect.gen(function* () {
      yield* Stream.runForEach(disallowed, (each) => {
        count++
        return Console.log(json ? JSON.stringify(each) : lineOf(each))
      })
      yield* Console.log(json ? JSON.stringify({ replayed, disallowed: count }) : summaryOf(replayed, count))
      if (count > 0) return yield* new FoundViolations({ count })
    })
    yield* work.pipe(
      Effect.catchTag("StoreUnavailable", (error) => Effect.fail(new CannotVerify({ message: reasonOf(error) }))),
      Effect.provide(openRecords(place))
    )
  })
).pipe(
  Command.withDescription(
    "Replay every stored history under a process, and name what it would not have allowed. Changes nothing."
  ),
  Command.withExamples([
    {
      command: "order-lifecycle replay --process our-process.ts --database-url postgres://host/orders",
      description: "Before our-process.ts is deployed"
    }
  ])
)

const lineOf = ({ tenantId, orderId, sequence, type, message }: Disallowed): string =>
  `${printable(tenantId)} ${printable(orderId)}: event ${sequence} (${printable(type)}): ${printable(message)}`

const summaryOf = ({ tenants, orders, events, ordersNotJudged }: Replayed, count: number): string => {
  const extent = `${counted(orders, "order")} of ${counted(tenants, "tenant")} with ${counted(events, "event")} replayed`
  const answer = count === 0 ? "the process allows all of them" : `the process would not have allowed ${counted(count, "order")}`
  const erased = `\n${counted(ordersNotJudged, "order")} could not be judged to the end: guards may look at what was erased.`
  return `${extent}: ${answer}.${ordersNotJudged === 0 ? "" : erased}`
}
