/**
 * Money is computed in minor units (cents) and shown in major units with the currency's decimals.
 *
 * How many decimals a currency has is written down here and stored with every amount. It is never asked of the runtime: the tables of
 * runtimes differ from ISO 4217 and from each other, and an order has to show the same amounts for ever.
 */
import * as Schema from "effect/Schema"

export const isCode = /^[A-Z]{3}$/

/** A currency code as it is stored: three upper-case letters, whether or not ISO 4217 lists them today. */
export const Currency = Schema.String.check(
  Schema.isPattern(isCode, { message: "must be a currency code of three upper-case letters" })
).pipe(Schema.brand("Currency"))
export type Currency = typeof Currency.Type

/** An amount in minor units: a non-negative integer, small enough that the total of the largest order is still exact. */
export const MinorUnits = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100_000_000_000 }))

/** How many decimals an amount has in major units. Stored with the amount. */
export const Decimals = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4 }))

/**
 * The active codes of ISO 4217 that have a minor unit, by the number of decimals.
 * Source: ISO 4217, list one (current currencies and funds), as it stands on 2026-01-01.
 */
const codesByDecimals: Readonly<Record<number, string>> = {
  0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
  2:
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU " +
    "CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES " +
    "KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR " +
    "NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP " +
    "TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG",
  3: "BHD IQD JOD KWD LYD OMR TND",
  4: "CLF UYW"
}

/** The decimals of each active code. */
export const decimalsByCode: ReadonlyMap<string, number> = new Map(
  Object.entries(codesByDecimals).flatMap(([decimals, codes]) =>
    codes.split(" ").map((code) => [code, Number(decimals)] as const)
  )
)

/** How many decimals a currency has by ISO 4217; undefined for a code that it does not list, or lists without a minor unit (XAU, XXX). */
export const decimalsOf = (currency: string): number | undefined => decimalsByCode.get(currency)

/** The decimals of a currency that new amounts may have. Throws for any other: it was to be refused before. */
export const decimalsForNewAmounts = (currency: Currency): number => {
  const decimals = decimalsByCode.get(currency)
  if (decimals === undefined) throw new Error(`${currency} has no decimals by ISO 4217`)
  return decimals
}

/** Codes for which Node.js 24 gave no decimals, where ISO 4217 gives some or does not list the code any more. */
const withoutDecimals = new Set(
  "ADP AFN ALL BYR COP ESP HUF IDR IQD IRR ITL KPW LAK LBP LUF MGA MGF MMK MRO PKR SLL SOS STD SYP TMM TRL YER ZMK ZWD".split(" ")
)

/** The decimals of amounts that were stored without them, by a build that asked the runtime: what Node.js 24 gave. */
export const decimalsOnceAssumed = (currency: string): number =>
  withoutDecimals.has(currency) ? 0 : (decimalsByCode.get(currency) ?? 2)

/** Minor units to major units: 11900 with 2 decimals to 119. */
export const toMajor = (minor: number, decimals: number): number => minor / 10 ** decimals

/** Major units to minor units, or `undefined` when there is no coin that small: with 2 decimals 119 to 11900, 0.001 to `undefined`. */
export const toMinor = (major: number, decimals: number): number | undefined => {
  const minor = Math.round(major * 10 ** decimals)
  // Dividing is exact to the last bit, so the amount that was written comes back only if it had a minor unit to begin with.
  return Number.isSafeInteger(minor) && toMajor(minor, decimals) === major ? minor : undefined
}
