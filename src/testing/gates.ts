/**
 * Gates in a store: everything that a call does there first waits until it is let through. Whoever opens the gates decides in which order
 * concurrent calls get their turns (`exploreSchedules.ts`).
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { OrderStore } from "../lifecycle/OrderStore.ts"

/** Waits until the running call may do what it is about to. */
export type Gate = (step: string) => Effect.Effect<void>

/** The gate of the running call; null for everything that nobody schedules, which is let through at once. */
export const CurrentGate = Context.Reference<Gate | null>("order-lifecycle/testing/CurrentGate", { defaultValue: () => null })

/** Wait at the gate of the running call, if it has one. */
export const atGate = (step: string): Effect.Effect<void> =>
  Effect.flatMap(CurrentGate, (gate) => (gate === null ? Effect.void : gate(step)))

/** A store with a gate before each of its operations, and one before `exclusively` lets go of the order. */
export const withGates = (store: OrderStore["Service"]): OrderStore["Service"] => {
  const { currentTransaction, ...others } = store
  const operations: ReadonlyArray<[string, (...args: Array<never>) => unknown]> = Object.entries(others)
  const gated = operations.map(([step, operation]) => [
    step,
    (...args: Array<never>) => Effect.andThen(atGate(step), operation(...args) as Effect.Effect<unknown>)
  ])
  // Whatever operations the port has, now and later: each keeps its own type, which going through the entries has lost.
  return {
    ...(Object.fromEntries(gated) as OrderStore["Service"]),
    currentTransaction,
    exclusively: (order, use) =>
      Effect.andThen(
        atGate("lock"),
        store.exclusively(
          order,
          Effect.onExit(use, () => atGate("unlock"))
        )
      )
  }
}

/** As `withGates`, for a layer. Whatever else the layer provides stays as it is. */
export const layerWithGates = <E, R, More = never>(
  store: Layer.Layer<OrderStore | More, E, R>
): Layer.Layer<OrderStore | More, E, R> =>
  Layer.effect(OrderStore, Effect.map(OrderStore, withGates)).pipe(Layer.provideMerge(store))
