/**
 * A moment, as an ISO 8601 UTC string with milliseconds: `2026-11-23T12:00:00.000Z`.
 *
 * It is kept as text because it is stored, hashed and answered as text; two of them compare as strings do.
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

export const Timestamp = Schema.String.check(
  Schema.isPattern(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/, { message: "must be an ISO 8601 UTC time with milliseconds" })
).pipe(Schema.brand("Timestamp"))
export type Timestamp = typeof Timestamp.Type

const dayMs = 86_400_000

/**
 * Days that were written out lately, as the characters of a moment in each. Moments come in runs (now, and in a day from now), and to name
 * the day takes far longer than to put the time into it. A text made of its characters is in one piece, which saves whoever reads it the
 * putting together.
 */
const days = new Map<number, Array<number>>()
const mostDays = 64

const dayOf = (startsAt: number): Array<number> => {
  const known = days.get(startsAt)
  if (known !== undefined) return known
  const day = Array.from(DateTime.formatIso(DateTime.makeUnsafe(startsAt)), (character) => character.charCodeAt(0))
  if (days.size >= mostDays) days.clear()
  days.set(startsAt, day)
  return day
}

/** The moment so many milliseconds after 1970, written out. */
export const fromMillis = (millis: number): Timestamp => {
  const whole = Math.trunc(millis)
  const dayStartsAt = Math.floor(whole / dayMs) * dayMs
  const characters = dayOf(dayStartsAt)
  const inDay = whole - dayStartsAt
  // Counted from the end, as a year may have more than four digits: hh:mm:ss.mmmZ
  writeDigits(characters, -13, 2, Math.floor(inDay / 3_600_000))
  writeDigits(characters, -10, 2, Math.floor(inDay / 60_000) % 60)
  writeDigits(characters, -7, 2, Math.floor(inDay / 1_000) % 60)
  writeDigits(characters, -4, 3, inDay % 1_000)
  return String.fromCharCode(...characters) as Timestamp
}

const writeDigits = (characters: Array<number>, place: number, count: number, number: number): void => {
  let left = number
  for (let n = characters.length + place + count - 1; n >= characters.length + place; n--) {
    characters[n] = 48 + (left % 10)
    left = Math.floor(left / 10)
  }
}

/** The moment `dateTime`, written out. */
export const fromDateTime = (dateTime: DateTime.DateTime): Timestamp => fromMillis(DateTime.toEpochMillis(dateTime))

/** The later of two moments. Audit times of an order never decrease, even when a clock is set back. */
export const latest = (a: Timestamp, b: Timestamp): Timestamp => (a > b ? a : b)

/** `timestamp` plus whole months; the day is clamped to the target month's last (31 January + 1 month = 28 or 29 February). */
export const plusMonths = (timestamp: Timestamp, months: number): Timestamp =>
  fromDateTime(DateTime.add(DateTime.makeUnsafe(timestamp), { months }))

/**
 * The moment a text names. A day that does not exist (30 February) names none, although `Date` would take it for a day in March; nor does
 * a year that, with the longest contract added, cannot be written with four digits any more.
 */
const parse = (text: string): Option.Option<Timestamp> => {
  const day = /^\d{4}-\d{2}-\d{2}(?=T|$)/.exec(text)?.[0]
  if (day === undefined) return Option.none()
  const exists = Option.exists(DateTime.make(day), (date) => fromDateTime(date).startsWith(day))
  return Option.filter(Option.map(DateTime.make(text), fromDateTime), (at) => exists && at >= "0001" && at < "9990")
}

/** A date or date-time as a client writes it (`2026-12-01`, `2026-12-01T09:00:00+01:00`). */
export const DateInput = Schema.String.check(
  Schema.isMaxLength(40),
  Schema.makeFilter<string>((text) => Option.isSome(parse(text)) || "must be an ISO 8601 date or date-time")
)

/** The moment a valid `DateInput` names. */
export const fromDateInput = (text: string): Timestamp => Option.getOrThrow(parse(text))
