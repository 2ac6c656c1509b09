/** A clock on which every wait is over at once, for schedules on a store in memory: each look at it shows a millisecond later. */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

export const instantClock = (startMs: number = Date.UTC(2026, 10, 23)): Clock.Clock => {
  let nowMs = startMs
  const nanos = () => BigInt(nowMs) * 1_000_000n
  const currentTimeMillisUnsafe = () => nowMs++
  return {
    currentTimeMillisUnsafe,
    currentTimeMillis: Effect.sync(currentTimeMillisUnsafe),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: nanos,
    monotonicTimeNanos: Effect.sync(nanos),
    sleep: () => Effect.void
  }
}
