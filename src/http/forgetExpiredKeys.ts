/** Idempotency keys count as absent once they have expired; this removes them, so that they do not pile up. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { OrderStore } from "../lifecycle/OrderStore.ts"
import { fromDateTime } from "../order/Timestamp.ts"

/** Keys removed in one statement. */
const batchSize = 1_000

/** Remove every key that has expired by now. */
export const forgetExpired: Effect.Effect<void, never, OrderStore> = Effect.gen(function* () {
  const store = yield* OrderStore
  const now = fromDateTime(yield* DateTime.now)
  while ((yield* store.forgetExpired(now, batchSize)) === batchSize);
}).pipe(Effect.catch(({ _tag }) => Effect.logWarning({ message: "expired idempotency keys were not removed", reason: _tag })))

/** Do so now and every ten minutes. */
export const layer: Layer.Layer<never, never, OrderStore> = Layer.effectDiscard(
  Effect.forkScoped(Effect.repeat(forgetExpired, Schedule.spaced("10 minutes")))
)
