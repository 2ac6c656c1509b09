/** Who calls, for which tenant, under which request. Every command takes one; nothing is read from the command itself. */
import * as Schema from "effect/Schema"
import { RequestId } from "../order/orderEvent.ts"
import { Actor, TenantId } from "../order/Order.ts"

/** What an idempotency key looks like. */
export const keyPattern = /^(?! )[\x20-\x7e]{1,255}(?<! )$/

export const Caller = Schema.Struct({
  tenantId: TenantId,
  actor: Actor,
  /** Recorded with the event; made up when absent. */
  requestId: Schema.optionalKey(RequestId),
  /**
   * Makes the command safe to repeat for 24 hours: the same key with the same command gives the first answer again, whether it was
   * accepted or refused, marked as `replayed`. Keys are the tenant's: any of its users may repeat the command, and the same key with any other
   * command is refused.
   */
  idempotencyKey: Schema.optionalKey(
    Schema.String.check(
      Schema.isPattern(keyPattern, { message: "must be 1 to 255 printable ASCII characters, without a space at its ends" })
    )
  )
})
export type Caller = typeof Caller.Type
