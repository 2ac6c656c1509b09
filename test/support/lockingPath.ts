/**
 * The locking path, taken at once. A command takes it only after it has lost eight races in a row; here, one that is told to has lost them
 * before it begins, without a word to the database.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { CurrentGate } from "../../src/testing/gates.ts"

/** Whether the running call is to take the locking path, and has not come to the lock yet. */
export const TakesLock = Context.Reference("test/TakesLock", { defaultValue: () => false })

export const layerWithLockingPath = <E, R, More = never>(
  store: Layer.Layer<OrderStore | More, E, R>
): Layer.Layer<OrderStore | More, E, R> =>
  Layer.effect(
    OrderStore,
    Effect.map(OrderStore, (store): OrderStore["Service"] => ({
      ...store,
      load: (requests) =>
        Effect.flatMap(TakesLock, (isLosing) =>
          isLosing ? Effect.provideService(store.load(requests), CurrentGate, null) : store.load(requests)
        ),
      commit: (changes) =>
        Effect.flatMap(TakesLock, (isLosing) =>
          isLosing ? Effect.succeed(changes.map(() => "conflict" as const)) : store.commit(changes)
        ),
      exclusively: (order, use) => store.exclusively(order, Effect.provideService(use, TakesLock, false))
    }))
  ).pipe(Layer.provideMerge(store))
