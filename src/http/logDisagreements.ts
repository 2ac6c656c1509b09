/** The service says at its start where the registry of assets and the subscriptions do not agree, as they may when it was off for a while. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { AssetRegistry } from "../lifecycle/AssetRegistry.ts"
import { HasAssetRegistry } from "../lifecycle/HasAssetRegistry.ts"
import { describeCause } from "./requestLog.ts"

/** One line for each asset, with its serial number. Nothing while the registry is off. */
export const logDisagreements: Effect.Effect<void, never, AssetRegistry> = Effect.gen(function* () {
  if (!(yield* HasAssetRegistry)) return
  const { disagreements } = yield* AssetRegistry
  yield* Stream.runForEach(disagreements, (each) => Effect.logWarning(each))
}).pipe(
  Effect.catchTag("StoreUnavailable", (error) =>
    Effect.logWarning({ message: "the registry of assets was not looked through", reason: describeCause(error) })
  )
)

/** Do so once, beside serving. */
export const layer: Layer.Layer<never, never, AssetRegistry> = Layer.effectDiscard(Effect.forkScoped(logDisagreements))
