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

const twoDigits = (text: string, place: number): number => text.charCodeAt(place) * 10 + text.charCodeAt(place + 1) - 528

/** Milliseconds from 1970 to a moment. Made for the one form that moments have: `Date.parse` takes as long as a decision. */
export const toMillis = (moment: Timestamp): number => {
  const year = twoDigits(moment, 0) * 100 + twoDigits(moment, 2)
  const minutes =
    (daysTo(year, twoDigits(moment, 5), twoDigits(moment, 8)) * 24 + twoDigits(moment, 11)) * 60 + twoDigits(moment, 14)
  return (minutes * 60 + twoDigits(moment, 17)) * 1_000 + twoDigits(moment, 20) * 10 + moment.charCodeAt(22) - 48
}

/** Days from 1970 to a day. Years are counted from March here, so that the day of a leap year is the last one. */
const daysTo = (year: number, month: number, day: number): number => {
  const years = month > 2 ? year : year - 1
  const leapDays = Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400)
  const beforeMonth = Math.floor((153 * ((month + 9) % 12) + 2) / 5)
  return years * 365 + leapDays + beforeMonth + day - 719_469
}

/**
 * The hours from one moment to another; negative when `to` is the earlier one. For guards, which ask it on every command.
 *
 * ```ts
 * hoursBetween(order.createdAt, at) <= 48
 * ```
 *
 * Throws a `TypeError` for a text that is not a moment as this library writes them (`2026-11-23T12:00:00.000Z`).
 */
export const hoursBetween = (from: Timestamp, to: Timestamp): number => (millisOf(to) - millisOf(from)) / 3_600_000

/** As `Date.parse` has it: a 31st is taken in every month. */
const isMoment = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/

const millisOf = (moment: Timestamp): number => {
  if (isMoment.test(moment)) return toMillis(moment)
  throw new TypeError(`not a moment as 2026-11-23T12:00:00.000Z is one: ${String(moment)}`)
}

/** The moment `dateTime`, written out. */
export const fromDateTime = (dateTime: DateTime.DateTime): Timestamp => fromMillis(DateTime.toEpochMillis(dateTime))

/** The later of two moments. Audit times of an order never decrease, even when a clock is set back. */
export const latest = (a: Timestamp, b: Timestamp): Timestamp => (a > b ? a : b)

/** A minute in milliseconds. */
const minuteMs = 60_000

/** The calendar day that is so many days after 1970. */
const dateOf = (days: number): { readonly year: number; readonly month: number; readonly day: number } => {
  // The mean length of a year, and the longest month, are at most one off.
  let year = 1970 + Math.floor(days / 365.2425)
  if (daysTo(year, 1, 1) > days) year--
  else if (daysTo(year + 1, 1, 1) <= days) year++
  let month = Math.floor((days - daysTo(year, 1, 1)) / 31) + 1
  if (month < 12 && daysTo(year, month + 1, 1) <= days) month++
  return { year, month, day: days - daysTo(year, month, 1) + 1 }
}

const daysInMonth = (year: number, month: number): number =>
  (month === 12 ? daysTo(year + 1, 1, 1) : daysTo(year, month + 1, 1)) - daysTo(year, month, 1)

/**
 * `timestamp` plus whole months, on the calendar of an offset from UTC (minutes east of it): the same day of the month or, in a shorter
 * month, its last (31 January + 1 month = 28 or 29 February), at the same time of day.
 */
export const plusMonths = (timestamp: Timestamp, months: number, offsetMinutes = 0): Timestamp => {
  const there = toMillis(timestamp) + offsetMinutes * minuteMs
  const days = Math.floor(there / dayMs)
  const { year, month, day } = dateOf(days)
  // Months from the year 0 on, January being 0.
  const sum = year * 12 + month - 1 + months
  const toYear = Math.floor(sum / 12)
  const toMonth = sum - toYear * 12 + 1
  const toDay = Math.min(day, daysInMonth(toYear, toMonth))
  return fromMillis(there + (daysTo(toYear, toMonth, toDay) - days) * dayMs - offsetMinutes * minuteMs)
}

/** A date, alone or with a time and an offset. What has no offset is UTC. */
const datePattern =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:[Zz]|([+-])(\d{2}):?(\d{2}))?)?$/

/** A moment, and the offset from UTC that it was written in, in minutes east of it. */
interface DateParts {
  readonly at: Timestamp
  readonly offsetMinutes: number
}

/**
 * The moment a text names. A day that does not exist (30 February) names none, although `Date` would take it for a day in March; nor does
 * a year that, with the longest contract added, cannot be written with four digits any more. Nothing is left to `Date`, which takes a
 * text without an offset for a time of the process's own zone. A day may end at 24:00.
 */
const parse = (text: string): Option.Option<DateParts> => {
  const parts = datePattern.exec(text)
  if (parts === null) return Option.none()
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1, 7).map((part) => Number(part ?? 0))
  const [fraction = "", sign, offsetHours = "0", offsetMinute = "0"] = parts.slice(7)
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return Option.none()
  const inDay = ((hour * 60 + minute) * 60 + second) * 1_000 + Number(fraction.slice(0, 3).padEnd(3, "0"))
  if (inDay > dayMs || hour > 24 || minute > 59 || second > 59) return Option.none()
  if (Number(offsetHours) > 23 || Number(offsetMinute) > 59) return Option.none()
  const offset = (sign === "-" ? -1 : 1) * (Number(offsetHours) * 60 + Number(offsetMinute))
  const at = fromMillis(daysTo(year, month, day) * dayMs + inDay - offset * minuteMs)
  if (at < "0001" || at >= "9990") return Option.none()
  // Not -0, which is written differently.
  return Option.some({ at, offsetMinutes: offset === 0 ? 0 : offset })
}

/** A date or date-time as a client writes it (`2026-12-01`, `2026-12-01T09:00:00+01:00`). Without an offset it is UTC. */
export const DateInput = Schema.String.check(
  Schema.isMaxLength(40),
  Schema.makeFilter<string>((text) => Option.isSome(parse(text)) || "must be an ISO 8601 date or date-time")
)

/** The moment a valid `DateInput` names. */
export const fromDateInput = (text: string): Timestamp => Option.getOrThrow(parse(text)).at

/** The offset from UTC that a valid `DateInput` is written in: minutes east of it, 0 without one. */
export const offsetOf = (text: string): number => Option.getOrThrow(parse(text)).offsetMinutes
