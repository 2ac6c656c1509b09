/**
 * A clock that stands still until the test moves it: what waits on it goes on when it has been moved so far, and not before. So a test
 * tries what a time limit does without waiting for it, and no busy machine lets one pass too early.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

export interface HeldClock extends Clock.Clock {
  /** Move it forward, and wake what has waited so long. */
  readonly forward: (ms: number) => void
  /** How many wait for it to be moved. */
  readonly waiting: () => number
}

export const heldClock = (): HeldClock => {
  let nowMs = Date.now()
  let sleepers: ReadonlyArray<{ readonly untilMs: number; readonly wake: () => void }> = []
  const nanos = () => BigInt(nowMs) * 1_000_000n
  return {
    currentTimeMillisUnsafe: () => nowMs,
    currentTimeMillis: Effect.sync(() => nowMs),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: nanos,
    monotonicTimeNanos: Effect.sync(nanos),
    sleep: (duration) =>
      Effect.callback<void>((resume) => {
        const sleeper = { untilMs: nowMs + Duration.toMillis(duration), wake: () => resume(Effect.void) }
        sleepers = [...sleepers, sleeper]
        return Effect.sync(() => void (sleepers = sleepers.filter((each) => each !== sleeper)))
      }),
    forward: (ms) => {
      nowMs += ms
      const woken = sleepers.filter(({ untilMs }) => untilMs <= nowMs)
      sleepers = sleepers.filter(({ untilMs }) => untilMs > nowMs)
      for (const { wake } of woken) wake()
    },
    waiting: () => sleepers.length
  }
}

/**
 * `clock` with another time on the wall: `offsetMs` ahead, or behind. Time itself passes as it does, or as `passing` says (ns).
 */
export const clockOffBy = (
  clock: Clock.Clock,
  offsetMs: number,
  passing = () => clock.monotonicTimeNanosUnsafe()
): Clock.Clock => {
  const now = () => clock.currentTimeMillisUnsafe() + offsetMs
  const nanos = () => BigInt(now()) * 1_000_000n
  return {
    currentTimeMillisUnsafe: now,
    currentTimeMillis: Effect.sync(now),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: passing,
    monotonicTimeNanos: Effect.sync(passing),
    sleep: (duration) => clock.sleep(duration)
  }
}
