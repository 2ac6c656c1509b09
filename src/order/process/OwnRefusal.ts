import * as Schema from "effect/Schema"
import { mayBeReplayed } from "../commonRefusals.ts"
import { OrderId } from "../Order.ts"

/** A code of the embedding service's own: capital letters, digits and underscores. Codes of the library cannot be taken. */
export const OwnCode = Schema.String.check(
  Schema.isPattern(/^[A-Z][A-Z0-9_]{1,63}$/, { message: "must be 2 to 64 of A-Z 0-9 _, the first a letter" })
).pipe(Schema.brand("OwnCode"))
export type OwnCode = typeof OwnCode.Type

/** A guard of the embedding service's own does not hold. `guard` is its name; code, words and remedy are those it was declared with. */
export class OwnRefusal extends Schema.TaggedError<OwnRefusal>()("OwnRefusal", {
  ...mayBeReplayed,
  orderId: OrderId,
  guard: Schema.String,
  code: OwnCode,
  message: Schema.String,
  remedy: Schema.String
}) {
  static readonly when = "A guard of the embedding service's own process does not hold."
}
