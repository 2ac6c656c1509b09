/**
 * Lost races: someone else changed the order, or took the key, serial number or customer, between load and commit. The answer is always
 * to decide again from fresh state, never to force the old decision through.
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import { OrderId } from "../order/Order.ts"
import { StoreUnavailable } from "./OrderStore.ts"

/**
 * Internal: callers never see it. An attempt that lost succeeds with this, because to catch a failure costs every call that wins. `orderId` is null
 * where it was about an asset by itself, which has no lock.
 */
export class LostRace extends Schema.TaggedError<LostRace>()("LostRace", { orderId: Schema.NullOr(OrderId) }) {}

/** How often a command is decided before something stronger than hope is used, and the longest wait in between. */
const maxAttempts = 8
const maxDelayMs = 20

/**
 * Repeat an attempt while it loses races, with random waits so that rivals fall out of step. After the last attempt `inTheEnd` decides.
 * The attempts behind the first are `again`, where that is given.
 */
export const retryLostRaces = <A, E, E2, R>(
  attempt: Effect.Effect<A | LostRace, E, R>,
  inTheEnd: (lost: LostRace) => Effect.Effect<A, E2, R>,
  again: Effect.Effect<A | LostRace, E, R> = attempt
): Effect.Effect<A, E | E2, R> => {
  const next = (attemptsLeft: number): Effect.Effect<A, E | E2, R> =>
    Effect.flatMap(attemptsLeft === maxAttempts - 1 ? attempt : again, (outcome): Effect.Effect<A, E | E2, R> => {
      if (!(outcome instanceof LostRace)) return Effect.succeed(outcome)
      if (attemptsLeft === 0) return inTheEnd(outcome)
      return Effect.flatMap(Random.nextBetween(1, maxDelayMs), (delayMs) =>
        Effect.andThen(Effect.sleep(delayMs), next(attemptsLeft - 1))
      )
    })
  return next(maxAttempts - 1)
}

/** Every attempt was lost, also under the lock: nothing was done, and trying again later is the right answer. */
export const giveUp = (lost: LostRace): Effect.Effect<never, StoreUnavailable> =>
  Effect.fail(new StoreUnavailable({ cause: lost }))
