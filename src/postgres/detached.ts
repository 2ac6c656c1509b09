/**
 * Waiting for a database that may never answer.
 *
 * A driver that waits for a silent server cannot always be interrupted, and one that is interrupted in the middle of a commit leaves
 * behind the question whether it was made. So the work runs in a fiber of its own; the caller waits for it, but not for ever.
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { Deadline } from "../lifecycle/Deadline.ts"

/**
 * Run `work` apart from the caller and wait for how it ends; none when it has not ended by the deadline, and then it is interrupted in the
 * background. A caller who is interrupted leaves a write to finish (`"finish"`), by the deadline as well, and a read to stop (`"stop"`).
 */
export const detached = <A, E, R>(
  work: Effect.Effect<A, E, R>,
  whenCallerLeaves: "finish" | "stop"
): Effect.Effect<Option.Option<Exit.Exit<A, E>>, never, R> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkDetach(work, { startImmediately: true })
    const stop = Effect.forkDetach(Fiber.interrupt(fiber))
    const waiting = Effect.timeoutOption(Fiber.await(fiber), yield* Deadline)
    const watching = Effect.tap(waiting, (ended) => (Option.isNone(ended) ? stop : Effect.void))
    return yield* Effect.onInterrupt(watching, () => (whenCallerLeaves === "stop" ? stop : Effect.forkDetach(watching)))
  })
