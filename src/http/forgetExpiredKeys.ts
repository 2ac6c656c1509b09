/** The service removes expired idempotency keys by itself. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { forgetExpiredKeys } from "../lifecycle/forgetExpiredKeys.ts"
import { OrderStore } from "../lifecycle/OrderStore.ts"

/** Remove every key that has expired by now. */
export const forgetExpired: Effect.Effect<void, never, OrderStore> = Effect.flatMap(OrderStore, forgetExpiredKeys).pipe(
  Effect.asVoid,
  Effect.catch(({ _tag }) => Effect.logWarning({ message: "expired idempotency keys were not removed", reason: _tag }))
)

/** Do so now and every ten minutes. */
export const layer: Layer.Layer<never, never, OrderStore> = Layer.effectDiscard(
  Effect.forkScoped(Effect.repeat(forgetExpired, Schedule.spaced("10 minutes")))
)
