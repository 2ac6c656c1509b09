import type * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as fc from "fast-check"
import type { OrderStore } from "order-lifecycle"
import * as kit from "order-lifecycle/testing"

/** Rejects when the store breaks a promise. */
export const certify = async (store: Layer.Layer<OrderStore, unknown>): Promise<void> => {
  const shop = ManagedRuntime.make(kit.shopOver(kit.layerWithGates(store)))
  try {
    for (const promise of kit.orderStoreContract) await shop.runPromise(promise.run)
    await fc.assert(
      fc.asyncProperty(kit.lifecycleCommands(), (calls) => fc.asyncModelRun(() => kit.lifecycleModel(shop), calls)),
      { numRuns: 25 }
    )
    for (const mix of kit.mixesOf(2)) await shop.runPromise(kit.exploreSchedules(mix))
  } finally {
    await shop.dispose()
  }
}
