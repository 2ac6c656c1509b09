/** Amounts in requests: major units of the order's currency, which are minor units everywhere else. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { InvalidInput } from "../order/commonRefusals.ts"
import { toMinor } from "../order/Money.ts"

/** An amount as it comes in. */
export const AmountInMajorUnits = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0)).annotate({
  description: "In major units of the order's currency"
})

/** The amount in minor units. Refused where the currency has no coin that small; `path` names the member. */
export const minorUnits = (amount: number, decimals: number, path: string): Effect.Effect<number, InvalidInput> => {
  const minor = toMinor(amount, decimals)
  const message = decimals === 0 ? "must be a whole number" : `must have at most ${decimals} decimals`
  return minor === undefined
    ? Effect.fail(new InvalidInput({ details: [{ path, message, code: "invalid_amount" }] }))
    : Effect.succeed(minor)
}
