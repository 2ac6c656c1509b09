/** The service gives due commands by itself. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { Due } from "../lifecycle/Due.ts"
import { describeFailure } from "../lifecycle/leasing.ts"

/** Commands taken in one call, and given at once. */
const limit = 100
const concurrency = 4

/** Give every command whose moment has come by now. Whatever goes wrong is said, and the next time is another try. */
export const giveDueCommands: Effect.Effect<void, never, Due> = Effect.flatMap(Due, ({ run }) =>
  Effect.repeat(run({ limit, concurrency }), {
    while: ({ given, ended, putOff, parked }) => given + ended + putOff + parked === limit
  })
).pipe(
  Effect.asVoid,
  Effect.catchCause((cause) =>
    Cause.hasInterruptsOnly(cause)
      ? Effect.failCause(cause as Cause.Cause<never>)
      : Effect.andThen(
          Effect.logWarning({ message: "due commands were not given", reason: describeFailure(cause) }),
          Effect.sleep("10 seconds")
        )
  )
)

/** Do so now and every second. */
export const layer: Layer.Layer<never, never, Due> = Layer.effectDiscard(
  Effect.forkScoped(Effect.repeat(giveDueCommands, Schedule.spaced("1 second")))
)
