/** A line in the log for each stored order that a list left out: which one, and why. */
import * as Effect from "effect/Effect"
import type { OrderId, TenantId } from "../order/Order.ts"

/** `cause` is an error or a sentence. Nothing personal gets into the log: a parser's error is left out, because it quotes what it read. */
export const logUnreadable = ({
  tenantId,
  orderId,
  cause
}: {
  readonly tenantId: TenantId
  readonly orderId: OrderId
  readonly cause: unknown
}): Effect.Effect<void> =>
  Effect.logError({
    message: "a stored order cannot be read and was left out of a list; order-lifecycle verify says more",
    tenantId,
    orderId,
    cause: describe(cause)
  })

const describe = (cause: unknown): string => {
  if (typeof cause === "string") return cause
  if (cause instanceof SyntaxError) return "it is not JSON"
  return cause instanceof Error ? cause.message : "unknown"
}
