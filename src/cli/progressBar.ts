/** How far something has come, on standard error: a bar, how fast it goes, and how long it will take. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** How far it has come: from 0 to 1, and in words. */
export interface Progress {
  readonly share: number
  /** So many of `unit` are done. */
  readonly done: number
  readonly unit: string
}

const width = 30
const clearLine = "\r\u001b[K"

/** Show what `progress` says, until the scope closes: on a terminal, or where it `isWanted` all the same. */
export const showProgress = (progress: () => Progress, isWanted = false): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    if (!process.stderr.isTTY && !isWanted) return
    const startedAt = yield* Clock.currentTimeMillis
    const draw = Effect.map(Clock.currentTimeMillis, (now) => {
      process.stderr.write(`${clearLine}${lineOf(progress(), (now - startedAt) / 1_000)}`)
    })
    yield* Effect.addFinalizer(() => Effect.sync(() => process.stderr.write(clearLine)))
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(draw, Effect.sleep(200))))
  })

/** The line, after so many seconds. */
export const lineOf = ({ share, done, unit }: Progress, seconds: number): string => {
  const full = Math.floor(share * width)
  const bar = `${"\u2588".repeat(full)}${"\u2591".repeat(width - full)}`
  const rate = seconds > 0 ? Math.round(done / seconds).toLocaleString("en") : "0"
  const left = share > 0.01 ? `, ${clockOf((seconds / share) * (1 - share))} left` : ""
  return `${bar} ${String(Math.floor(share * 100)).padStart(3)} %  ${rate} ${unit}/s${left}`
}

const clockOf = (seconds: number): string => {
  const whole = Math.ceil(seconds)
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`
}
