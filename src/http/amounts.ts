/** Amounts in requests: major units of the order's currency, which are minor units everywhere else. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { InputFault, InvalidInput } from "../order/commonRefusals.ts"
import { toMinor } from "../order/Money.ts"

/** An amount as it comes in. */
export const AmountInMajorUnits = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0)).annotate({
  description: "In major units of the order's currency"
})

const unlikeTheCurrency = { details: Schema.NonEmptyArray(InputFault) }
const remedy = "Send an amount with no more decimals than the currency of the order has, or leave it out."

/** The refusals of amounts that have a code of their own. Source: whole-life.md, section 4. */
export class InvalidFee extends Schema.TaggedError<InvalidFee>()("InvalidFee", unlikeTheCurrency) {
  static readonly when = "The fee has more decimals than the currency of the order."
  readonly code = "INVALID_FEE"
  readonly remedy = remedy
  override get message() {
    return "The fee is no amount of the order's currency"
  }
}

export class InvalidBuyoutPrice extends Schema.TaggedError<InvalidBuyoutPrice>()("InvalidBuyoutPrice", unlikeTheCurrency) {
  static readonly when = "The price has more decimals than the currency of the order."
  readonly code = "INVALID_BUYOUT_PRICE"
  readonly remedy = remedy
  override get message() {
    return "The price is no amount of the order's currency"
  }
}

/** The amount in minor units. Refused where the currency has no coin that small; `path` names the member. */
export const minorUnits = <Refused = InvalidInput>(
  amount: number,
  decimals: number,
  path: string,
  Refusal: new (faults: { readonly details: readonly [InputFault] }) => Refused = InvalidInput as never
): Effect.Effect<number, Refused> => {
  const minor = toMinor(amount, decimals)
  const message = decimals === 0 ? "must be a whole number" : `must have at most ${decimals} decimals`
  return minor === undefined
    ? Effect.fail(new Refusal({ details: [{ path, message, code: "invalid_amount" }] }))
    : Effect.succeed(minor)
}
