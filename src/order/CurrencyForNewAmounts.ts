/** Which currencies new amounts may have. Apart from `Money.ts`, because what only reads stored amounts does without. */
import * as Schema from "effect/Schema"
import { Currency, decimalsByCode, isCode } from "./Money.ts"

/** Every code that new amounts may have. */
export const currencyCodes: ReadonlyArray<string> = [...decimalsByCode.keys()].toSorted()

/** The currency of a new amount: one that ISO 4217 lists with a minor unit. */
export const CurrencyForNewAmounts = Currency.check(
  Schema.makeFilter<Currency>(
    // A code of another form is told so already.
    (currency) =>
      !isCode.test(currency) || decimalsByCode.has(currency) || "must be an active ISO 4217 currency that has a minor unit"
  )
)
