/** Who calls, for which tenant, under which request. Every command takes one; nothing is read from the command itself. */
import * as Schema from "effect/Schema"
import { RequestId } from "../order/orderEvent.ts"
import { Actor, OrderId, TenantId } from "../order/Order.ts"
import { ExpectedVersion } from "./expectedVersion.ts"

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
  ),
  /**
   * The version that the order must be at, or several of which any will do; otherwise the command is refused with `VersionMismatch`. It is no part
   * of what an idempotency key stands for: an answer is given again whatever version is expected. An order that is being placed has none.
   */
  expectedVersion: Schema.optionalKey(ExpectedVersion)
})
export type Caller = typeof Caller.Type

const { idempotencyKey: _, expectedVersion: __, ...anyCaller } = Caller.fields

/** Who places an order: there is no version yet that could be expected. */
export const CallerPlacing = Schema.Struct({ ...anyCaller, idempotencyKey: Caller.fields.idempotencyKey })
export type CallerPlacing = typeof CallerPlacing.Type

/** Who cancels many orders. What is expected of each is said by its id; of an order that is not named, nothing is. */
export const CallerOfMany = Schema.Struct({
  ...anyCaller,
  expectedVersions: Schema.optionalKey(Schema.Record(OrderId, ExpectedVersion))
})
export type CallerOfMany = typeof CallerOfMany.Type
