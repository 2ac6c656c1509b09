import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"

/**
 * How long a caller waits for a store: 8 seconds, unless provided. Longer than every time-out of a server (`PostgresConnection.ts`), which are
 * to come first.
 */
export const Deadline = Context.Reference<Duration.Input>("order-lifecycle/postgres/Deadline", {
  defaultValue: () => "8 seconds"
})

/** What is told of a call that was not answered by then. */
export const noAnswerInTime = (): Error => new Error("no answer within the deadline")
