/**
 * Lost races: someone else changed the order, or took the key, serial number or customer, between load and commit. The answer is always
 * to decide again from fresh state, never to force the old decision through.
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import { OrderId } from "../order/Order.ts"
import { StoreUnavailable } from "./OrderStore.ts"

/** Internal: callers never see it. */
export class LostRace extends Schema.TaggedError<LostRace>()("LostRace", { orderId: OrderId }) {}

/** How often a command is decided before something stronger than hope is used, and the longest wait in between. */
const maxAttempts = 8
const maxDelayMs = 20

/** Repeat an attempt while it loses races, with random waits so that rivals fall out of step. */
export const retryLostRaces = <A, E, R>(attempt: Effect.Effect<A, E | LostRace, R>): Effect.Effect<A, E | LostRace, R> => {
  const next = (attemptsLeft: number): Effect.Effect<A, E | LostRace, R> =>
    Effect.catchIf(attempt, isLostRace, (lost) =>
      attemptsLeft === 0
        ? Effect.fail(lost)
        : Effect.flatMap(Random.nextBetween(1, maxDelayMs), (delayMs) =>
            Effect.andThen(Effect.sleep(delayMs), next(attemptsLeft - 1))
          )
    )
  return next(maxAttempts - 1)
}

const isLostRace = (error: unknown): error is LostRace => error instanceof LostRace

/** Every attempt was lost, also under the lock: nothing was done, and trying again later is the right answer. */
export const giveUp = (lost: LostRace): Effect.Effect<never, StoreUnavailable> =>
  Effect.fail(new StoreUnavailable({ cause: lost }))
