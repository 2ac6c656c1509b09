/**
 * A length of time as ISO 8601 writes it, in weeks, days, hours, minutes and seconds: `P14D`, `PT36H`, `P1DT12H`. A day is 24 hours. Months and
 * years are refused, as they are not always equally long.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

const shape = /^P(?=.)(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?=.)(?:(\d{1,7})H)?(?:(\d{1,9})M)?(?:(\d{1,10})S)?)?$/
const calendar = /^P[^T]*\d[YM]/
const msOf = [7 * 86_400_000, 86_400_000, 3_600_000, 60_000, 1_000]

/** Ten years of 365 days. */
const mostMs = 10 * 365 * 86_400_000

/** The milliseconds, or what is wrong with the text. */
export const readDuration = (text: string): Result.Result<number, string> => {
  if (calendar.test(text)) return Result.fail("months and years are not always equally long: say it in weeks or days")
  const parts = shape.exec(text)
  if (parts === null)
    return Result.fail("must be an ISO 8601 duration of weeks, days, hours, minutes and seconds, such as P14D or PT36H")
  const ms = msOf.reduce((sum, each, n) => sum + each * Number(parts[n + 1] ?? 0), 0)
  return ms > mostMs ? Result.fail("must be ten years at most") : Result.succeed(ms)
}

/** The text of a duration, checked. */
export const DurationText = Schema.String.check(
  Schema.makeFilter<string>((text) => Result.match(readDuration(text), { onSuccess: () => true, onFailure: (fault) => fault }))
)

/** The milliseconds of a text that was checked, if there is one. */
export const durationMs = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Result.getOrThrow(readDuration(text))
