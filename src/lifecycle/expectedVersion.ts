/**
 * What a caller expects to find: the order at a version that they have read, or notes that they have read. Where it is something else by now,
 * nothing is changed, so that no change is overwritten unseen.
 */
import * as Schema from "effect/Schema"
import { type Order, OrderId, SubscriptionId } from "../order/Order.ts"

const Version = Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))

/** A version of an order, or several of which any will do. */
export const ExpectedVersion = Schema.Union([Version, Schema.NonEmptyArray(Version)])
export type ExpectedVersion = typeof ExpectedVersion.Type

export class VersionMismatch extends Schema.TaggedError<VersionMismatch>()("VersionMismatch", {
  orderId: OrderId,
  /** The version that the order is at. */
  version: Version
}) {
  static readonly when = "The order is not at the version that the caller expects: it was changed in between."
  readonly code = "VERSION_MISMATCH"
  readonly remedy = "Read the order again, and decide anew."
  override get message() {
    return `The order is at version ${this.version}, which is not the version expected.`
  }
}

export class NotesMismatch extends Schema.TaggedError<NotesMismatch>()("NotesMismatch", {
  orderId: OrderId,
  /** Where they are the notes of a subscription. */
  subscriptionId: Schema.optionalKey(SubscriptionId),
  /** The notes that there are; empty where there are none. */
  notes: Schema.String
}) {
  static readonly when = "The notes are not those that the caller expects: they were rewritten in between."
  readonly code = "VERSION_MISMATCH"
  readonly remedy = "Read the notes again, and decide anew."
  override get message() {
    return `The notes of the ${this.subscriptionId === undefined ? "order" : "subscription"} are not the notes expected.`
  }
}

/** Whether the order is at a version that is expected. */
export const isExpected = (expected: ExpectedVersion | undefined, { version }: Pick<Order, "version">): boolean =>
  expected === undefined || (typeof expected === "number" ? expected === version : expected.includes(version))
