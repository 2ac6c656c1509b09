/** Moments: as clients write them in, and as the library writes them down. */
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import {
  DateInput,
  fromDateInput,
  fromDateTime,
  fromMillis,
  hoursBetween,
  plusMonths,
  Timestamp,
  toMillis
} from "../../src/order/Timestamp.ts"
import { timestamp } from "../../src/testing/arbitraries.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

const isDateInput = Schema.is(DateInput)
const isTimestamp = Schema.is(Timestamp)

describe("a date that a client writes", () => {
  it.each([
    ["2026-12-01", "2026-12-01T00:00:00.000Z"],
    ["2026-12-01T09:00:00Z", "2026-12-01T09:00:00.000Z"],
    ["2026-12-01T09:00:00+01:00", "2026-12-01T08:00:00.000Z"],
    ["2026-12-31T23:30:00-01:00", "2027-01-01T00:30:00.000Z"],
    ["2026-12-01T09:00", "2026-12-01T09:00:00.000Z"],
    ["2026-12-01T09:00:00", "2026-12-01T09:00:00.000Z"],
    ["2026-12-01T09:00:00.5Z", "2026-12-01T09:00:00.500Z"],
    ["2026-12-01t09:00:00z", "2026-12-01T09:00:00.000Z"],
    ["2026-12-01T09:00:00+0530", "2026-12-01T03:30:00.000Z"],
    ["2026-12-01T24:00:00Z", "2026-12-02T00:00:00.000Z"],
    ["2028-02-29", "2028-02-29T00:00:00.000Z"]
  ])("%s is the moment %s", (text, moment) => {
    expect(isDateInput(text)).toBe(true)
    expect(fromDateInput(text)).toBe(moment)
  })

  it.each([
    "",
    "tomorrow",
    "Tue 2026-12-01",
    "1764547200000",
    "01.12.2026",
    "2026-12-01 09:00",
    "2026-12-01Tnoon",
    "2026-12-01T25:00:00Z",
    "2026-12-01T09",
    "2026-12-01T09:00:00+24:00",
    "2026-12-01T09:00:00+01:60",
    "2026-12-01T09:00:00+01",
    "2026-12-01T09:00:00 (noon)",
    "2026-02-29",
    "2026-02-30",
    "2026-04-31T10:00:00Z",
    "2026-13-01",
    "2026-00-10",
    "2026-01-00",
    "2026-01-32",
    "9999-12-31",
    "9999-12-31T23:59:59-01:00",
    "0000-01-01",
    "0001-01-01T00:00:00+01:00",
    "+010000-01-01"
  ])("%j is refused", (text) => {
    expect(isDateInput(text)).toBe(false)
  })

  it("is read as JavaScript itself reads it, where the day exists", () => {
    const upTo = (max: number) => fc.integer({ min: 0, max })
    const two = (number: number) => String(number).padStart(2, "0")
    const days = fc.tuple(upTo(9_999), upTo(13), upTo(32))
    const times = fc.tuple(upTo(25), upTo(60), upTo(60), fc.stringMatching(/^(\.\d{1,9})?$/))
    const offsets = fc.constantFrom("Z", "+00:00", "-00:00", "+05:30", "-23:59", "+23:59")
    fc.assert(
      fc.property(days, times, offsets, ([year, month, day], [hour, minute, second, fraction], offset) => {
        const date = `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`
        const text = `${date}T${two(hour)}:${two(minute)}:${two(second)}${fraction}${offset}`
        const millis = Date.parse(text)
        const midnight = new Date(Date.parse(date))
        const exists = !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(date) && !Number.isNaN(millis)
        const moment = exists ? new Date(millis).toISOString() : ""
        const isIn = exists && moment >= "0001" && moment < "9990"
        expect(isDateInput(text)).toBe(isIn)
        if (isIn) expect(fromDateInput(text)).toBe(moment)
      }),
      { numRuns: numRuns(5_000) }
    )
  })

  it("can be written with four digits for the year, and so can the end of the longest contract from it", () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true }), (date) => {
        const text = date.toISOString()
        fc.pre(isDateInput(text))
        expect(fromDateInput(text)).toBe(text)
        expect(isTimestamp(plusMonths(fromDateInput(text), 120))).toBe(true)
      }),
      { numRuns: numRuns(500) }
    )
  })
})

describe("a moment as the library writes it", () => {
  it("sorts as text the way it sorts in time", () => {
    fc.assert(
      fc.property(timestamp, timestamp, (a, b) => {
        expect(a < b).toBe(DateTime.isLessThan(DateTime.makeUnsafe(a), DateTime.makeUnsafe(b)))
        expect([a, b].every(isTimestamp)).toBe(true)
        expect(fromDateTime(DateTime.makeUnsafe(a))).toBe(a)
      }),
      { numRuns: numRuns(500) }
    )
  })

  it("is what JavaScript itself writes for it, from whatever day the one before was", () => {
    const halfDays = fc.integer({ min: -200, max: 200 }).map((n) => n * 43_200_000)
    const millis = fc.oneof(
      halfDays,
      fc.date({ noInvalidDate: true }).map((date) => date.getTime()),
      fc.double({ min: -1e6, max: 1e12, noNaN: true })
    )
    fc.assert(
      fc.property(fc.array(millis, { minLength: 1 }), (all) => {
        for (const each of all) expect(fromMillis(each)).toBe(new Date(each).toISOString())
      }),
      { numRuns: numRuns(500) }
    )
  })

  it("is read as JavaScript itself reads it, in every year that can be written", () => {
    const moments = fc.date({
      noInvalidDate: true,
      min: new Date("0000-01-01T00:00:00.000Z"),
      max: new Date("9999-12-31T23:59:59.999Z")
    })
    fc.assert(
      fc.property(moments, (date) => {
        expect(toMillis(Timestamp.make(date.toISOString()))).toBe(date.getTime())
      }),
      { numRuns: numRuns(2_000) }
    )
  })

  it("tells the hours to another", () => {
    const placed = Timestamp.make("2026-11-23T12:00:00.000Z")
    expect(hoursBetween(placed, Timestamp.make("2026-11-25T13:30:00.000Z"))).toBe(49.5)
    expect(hoursBetween(Timestamp.make("2026-11-25T13:30:00.000Z"), placed)).toBe(-49.5)
    for (const none of [
      "2026-11-25",
      "2026-11-25T13:30:00+01:00",
      "2026-13-25T13:30:00.000Z",
      "2026-11-25T24:30:00.000Z",
      undefined
    ])
      expect(() => hoursBetween(placed, none as Timestamp)).toThrow(String(none))
  })

  it("plus months is what a calendar says, under every offset", () => {
    fc.assert(
      fc.property(
        fc.date({ noInvalidDate: true, min: new Date("0020-01-01T00:00:00.000Z"), max: new Date("9980-01-01T00:00:00.000Z") }),
        fc.integer({ min: -120, max: 120 }),
        fc.integer({ min: -1_439, max: 1_439 }),
        (date, months, offset) => {
          const there = DateTime.makeUnsafe(date.getTime() + offset * 60_000)
          const then = DateTime.toEpochMillis(DateTime.add(there, { months })) - offset * 60_000
          expect(plusMonths(Timestamp.make(date.toISOString()), months, offset)).toBe(new Date(then).toISOString())
        }
      ),
      { numRuns: numRuns(2_000) }
    )
  })

  it("takes the last day of a shorter month when months are added", () => {
    const plus = (text: string, months: number) => plusMonths(Timestamp.make(text), months)
    expect(plus("2027-01-31T10:00:00.000Z", 1)).toBe("2027-02-28T10:00:00.000Z")
    expect(plus("2028-01-31T10:00:00.000Z", 1)).toBe("2028-02-29T10:00:00.000Z")
    expect(plus("2026-11-23T10:00:00.000Z", 24)).toBe("2028-11-23T10:00:00.000Z")
  })
})
