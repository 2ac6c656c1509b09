/** `?dryRun=true`: what a command would do, asked of the operation that carries it out. Nothing is changed, and no idempotency key is used. */
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type { Caller } from "../lifecycle/Caller.ts"
import type { OrderLifecycle } from "../lifecycle/OrderLifecycle.ts"
import { type InputFault, type InvalidInput, wrongMember } from "../order/commonRefusals.ts"
import type { Target } from "../order/commands/defineCommand.ts"
import type { CommandRequest, CommandType } from "../order/commands/index.ts"
import type { Preview } from "../order/explain.ts"
import type { OrderId, SubscriptionId } from "../order/Order.ts"
import { reader } from "../order/readInput.ts"
import { type Failure, OrderOfSubscriptionNotFound } from "./errors.ts"

/** How it is called in a query. */
export const dryRunParameter = "dryRun"

/** Whether a request is a dry run. `target` is its path and query. */
export const dryRunOf = (target: string): { readonly isDryRun: boolean; readonly fault?: InputFault } => {
  const queryAt = target.indexOf("?")
  const value = queryAt < 0 ? null : new URLSearchParams(target.slice(queryAt + 1)).get(dryRunParameter)
  if (value === null || value === "true" || value === "false") return { isDryRun: value === "true" }
  return { isDryRun: false, fault: { path: dryRunParameter, message: "must be true or false", code: "invalid_value" } }
}

/** A command as a request gives it. */
export interface Given {
  readonly command: CommandType
  readonly target: Target
  readonly parameters: Readonly<Record<string, string>>
  readonly body: unknown
  /** The schema of the body; undefined where the operation takes none. */
  readonly schema: Schema.ConstraintDecoder<unknown> | undefined
}

/** What the command would do. */
export const preview = (
  lifecycle: OrderLifecycle["Service"],
  caller: Caller,
  { command, target, parameters, body, schema }: Given
): Effect.Effect<Preview, Failure> =>
  Effect.gen(function* () {
    const read = schema === undefined ? {} : yield* Effect.fromResult(reader(schema)(body))
    // The schema is that of the command's request; what each target has in it, `defineCommand` says.
    const { orderId, ...request } = read as { readonly orderId?: OrderId; readonly rentalId?: SubscriptionId }
    const ask = (of: OrderId, rest: object) => lifecycle.preview(caller, of, { type: command, ...rest } as CommandRequest)
    switch (target) {
      case "order":
        return yield* ask(parameters["orderId"] as OrderId, read as object)
      case "orderId":
        return yield* Effect.catchTag(ask(orderId as OrderId, request), "OrderNotFound", OrderOfSubscriptionNotFound.from)
      case "rentalId": {
        const subscriptionId = request.rentalId as SubscriptionId
        if (subscriptionId !== parameters["subscriptionId"]) return yield* otherSubscription
        const { order } = yield* lifecycle.getSubscription(caller.tenantId, subscriptionId)
        return yield* ask(order.orderId, request)
      }
    }
  })

/** The refusal of a body that names another subscription than the path. */
export const otherSubscription: InvalidInput = wrongMember("rentalId", "must be the subscription that the path names")
