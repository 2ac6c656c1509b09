/**
 * A store that can go back: for trying thousands of schedules from the same beginning, without making it each time. Only worth it for a
 * store that is made in no time, such as the one in memory.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Change, OrderStore } from "../lifecycle/OrderStore.ts"

/** Begins a store in memory anew, or takes it back to a mark: thousands of times a second. */
export class Rewind extends Context.Service<
  Rewind,
  {
    /** A new store with nothing in it. Whatever was committed or marked before is forgotten. */
    readonly restart: Effect.Effect<void>
    /** Remember what has been committed since the start. */
    readonly mark: Effect.Effect<void>
    /** Back to the mark: a new store, into which is committed again what had been committed then. Nothing else comes back. */
    readonly rewind: Effect.Effect<void>
  }
>()("order-lifecycle/testing/Rewind") {}

/** `store` is built anew for each rewind. */
export const layerWithRewind = <E>(store: Layer.Layer<OrderStore, E>): Layer.Layer<OrderStore | Rewind, E> => {
  const fresh = Effect.scoped(Effect.map(Layer.build(Layer.fresh(store)), (context) => Context.get(context, OrderStore)))
  return Layer.effectContext(
    Effect.gen(function* () {
      let current = yield* fresh
      let committed: Array<ReadonlyArray<Change>> = []
      let marked: ReadonlyArray<ReadonlyArray<Change>> = []
      const operations = Object.keys(current).map((name) => [
        name,
        (...args: ReadonlyArray<never>) => Effect.suspend(() => operationOf(current, name)(...args))
      ])
      // Whatever operations the port has, now and later: each keeps its own type, which going through the entries has lost.
      const store: OrderStore["Service"] = {
        ...(Object.fromEntries(operations) as OrderStore["Service"]),
        currentTransaction: Effect.suspend(() => current.currentTransaction),
        commit: (changes) => Effect.suspend(() => (committed.push(changes), current.commit(changes)))
      }
      const rewind = Effect.gen(function* () {
        current = yield* fresh
        committed = []
        for (const changes of marked) yield* store.commit(changes)
      })
      const restart = Effect.suspend(() => ((marked = []), rewind))
      return Context.make(OrderStore, store).pipe(
        Context.add(Rewind, {
          restart: Effect.orDie(restart),
          mark: Effect.sync(() => void (marked = committed.slice())),
          rewind: Effect.orDie(rewind)
        })
      )
    })
  )
}

type Operation = (...args: ReadonlyArray<never>) => Effect.Effect<unknown, unknown>

const operationOf = (store: OrderStore["Service"], name: string): Operation => {
  const operations: Readonly<Record<string, unknown>> = { ...store }
  return operations[name] as Operation
}
