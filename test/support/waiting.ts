/**
 * The only place where tests wait (`test/architecture.test.ts`). A test waits until something has happened, for as long as that takes: a
 * busy machine makes it slow, never red. What never happens is ended by the time limit of the run (`limits.ts`).
 */
import { setTimeout as pause } from "node:timers/promises"
import * as Effect from "effect/Effect"
import { type Random, whole } from "./seeded.ts"

/** Wait until it is so. */
export const until = <E = never, R = never>(isSo: (() => boolean) | Effect.Effect<boolean, E, R>): Effect.Effect<void, E, R> =>
  Effect.gen(function* () {
    while (!(typeof isSo === "function" ? isSo() : yield* isSo)) yield* Effect.sleep("2 millis")
  })

/** The same for promises. */
export const promiseUntil = (isSo: () => boolean): Promise<void> => Effect.runPromise(until(isSo))

/**
 * Go on at any moment within `mostMs` milliseconds, by chance: for a disturbance that may come at any point of what goes on. What a test
 * expects may not depend on how long this was.
 */
export const anyMoment = (random: Random, mostMs: number): Effect.Effect<void> => Effect.sleep(whole(random, 0, mostMs + 1))

/** The pause of a client that is slow on purpose, or asks again, and between two disturbances. */
export const pauseOf = (ms: number): Promise<void> => pause(ms)
