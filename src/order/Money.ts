/**
 * Money is computed in minor units (cents) and shown in major units with the currency's decimals.
 * Source: decisions.md, section 2, "Money".
 */
import * as Schema from "effect/Schema"

/** An ISO 4217 currency code: three upper-case letters. */
export const Currency = Schema.String.check(
  Schema.isPattern(/^[A-Z]{3}$/, { message: "must be a currency code of three upper-case letters" })
).pipe(Schema.brand("Currency"))
export type Currency = typeof Currency.Type

/** An amount in minor units: a non-negative integer, small enough that the total of the largest order is still exact. */
export const MinorUnits = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100_000_000_000 }))

const digitsByCurrency = new Map<string, number>()

/** How many decimals a currency has: EUR 2, JPY 0, KWD 3. */
const decimals = (currency: Currency): number => {
  const known = digitsByCurrency.get(currency)
  if (known !== undefined) return known
  const digits = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2
  digitsByCurrency.set(currency, digits)
  return digits
}

/** Minor units to major units: 11900 EUR to 119. */
export const toMajor = (minor: number, currency: Currency): number => minor / 10 ** decimals(currency)

/** Major units to minor units, or `undefined` when the currency has no coin that small: 119 EUR to 11900, 0.001 EUR to `undefined`. */
export const toMinor = (major: number, currency: Currency): number | undefined => {
  const minor = Math.round(major * 10 ** decimals(currency))
  // Dividing is exact to the last bit, so the amount that was written comes back only if it had a minor unit to begin with.
  return Number.isSafeInteger(minor) && toMajor(minor, currency) === major ? minor : undefined
}
