/**
 * `?dryRun=true`: what a command would do. The request is handled as if the command were given, so that it is refused for whatever is wrong with
 * it; but where the handler gives the command, it is asked for its preview instead, and that is the answer. Nothing is changed, and no
 * idempotency key is used.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { Caller } from "../lifecycle/Caller.ts"
import type { OrderLifecycle } from "../lifecycle/OrderLifecycle.ts"
import type { InputFault } from "../order/commonRefusals.ts"
import { definitions } from "../order/commands/definitions.ts"
import { type CommandRequest, commandTypes } from "../order/commands/index.ts"
import type { Preview } from "../order/explain.ts"
import type { OrderId, SubscriptionId } from "../order/Order.ts"

/** How it is called in a query. */
export const dryRunParameter = "dryRun"

/** Whether a request is a dry run. `target` is its path and query. */
export const dryRunOf = (target: string): { readonly isDryRun: boolean; readonly fault?: InputFault } => {
  const queryAt = target.indexOf("?")
  const value = queryAt < 0 ? null : new URLSearchParams(target.slice(queryAt + 1)).get(dryRunParameter)
  if (value === null || value === "true" || value === "false") return { isDryRun: value === "true" }
  return { isDryRun: false, fault: { path: dryRunParameter, message: "must be true or false", code: "invalid_value" } }
}

/** Whether the request that is being handled is a dry run. */
export const DryRun = Context.Reference<boolean>("order-lifecycle/http/DryRun", { defaultValue: () => false })

/** What a command would do, in place of what it did: a handler goes no further, and this is what is answered. */
export class Tried extends Data.TaggedError("Tried")<{ readonly preview: Preview }> {}

type Lifecycle = OrderLifecycle["Service"]
type Given = readonly [orderIdOrRequest: OrderId | object, request?: object]

/** The lifecycle as handlers have it: in a dry run, its commands are only asked about. */
export const withDryRuns = (lifecycle: Lifecycle): Lifecycle => {
  const ask = (caller: Caller, orderId: OrderId, type: string, request: object = {}) =>
    // A command by its name: what is no command, and what does not fit it, the preview refuses.
    Effect.flatMap(lifecycle.preview(caller, orderId, { ...request, type } as CommandRequest), (preview) =>
      Effect.fail(new Tried({ preview }))
    )

  const tryOut = (type: (typeof commandTypes)[number], caller: Caller, [first, second]: Given) => {
    switch (definitions[type].target) {
      case "order":
        return ask(caller, first as OrderId, type, second)
      case "orderId": {
        const { orderId, ...request } = first as { readonly orderId: OrderId }
        return ask(caller, orderId, type, request)
      }
      case "rentalId": {
        const request = first as { readonly rentalId: SubscriptionId }
        return Effect.flatMap(lifecycle.getSubscription(caller.tenantId, request.rentalId), ({ order }) =>
          ask(caller, order.orderId, type, request)
        )
      }
    }
  }

  const commands = commandTypes.map((type) => {
    const give = lifecycle[type] as (caller: Caller, ...given: Given) => Effect.Effect<unknown, unknown>
    return [
      type,
      (caller: Caller, ...given: Given) =>
        Effect.flatMap(DryRun, (isDryRun) => (isDryRun ? tryOut(type, caller, given) : give(caller, ...given)))
    ] as const
  })
  const apply: Lifecycle["apply"] = (caller, orderId, command, request) =>
    Effect.flatMap(DryRun, (isDryRun) =>
      isDryRun ? asTyped(ask(caller, orderId, command, request)) : lifecycle.apply(caller, orderId, command, request)
    )
  // A record made in a loop does not show what each of its methods takes.
  return { ...lifecycle, ...(Object.fromEntries(commands) as unknown as Pick<Lifecycle, (typeof commandTypes)[number]>), apply }
}

/** That a command was only tried, `answer` in `handlers.ts` knows of every handler; their types say nothing of it. */
const asTyped = <A, E>(tried: Effect.Effect<never, unknown>) => tried as Effect.Effect<A, E>
