/** What a command of the program does to the orders of a place. */
import * as Effect from "effect/Effect"
import type { OrderRecords } from "../lifecycle/OrderRecords.ts"
import type { OrderStore, OutcomeUnknown, StoreUnavailable } from "../lifecycle/OrderStore.ts"
import { CannotVerify, reasonOf } from "./CannotVerify.ts"
import { openRecords, type Place } from "./openRecords.ts"

/** Do it, with what cannot be done in one line. Options that are wrong are thrown by `change` itself. */
export const changeOrders = <Done>(
  place: Place,
  change: () => Effect.Effect<Done, StoreUnavailable | OutcomeUnknown, OrderStore | OrderRecords>
): Effect.Effect<Done, CannotVerify> =>
  Effect.gen(function* () {
    const changing = yield* Effect.try({
      try: change,
      catch: (error) => new CannotVerify({ message: error instanceof Error ? error.message : String(error) })
    })
    return yield* changing.pipe(
      Effect.catchTags({
        StoreUnavailable: (error) => Effect.fail(new CannotVerify({ message: reasonOf(error) })),
        OutcomeUnknown: (error) => Effect.fail(new CannotVerify({ message: reasonOf(error) }))
      }),
      Effect.provide(openRecords(place))
    )
  })
