/** What lies between the services and a store in a simulation, each a wrapper around the port: eyes, and time that passes. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Change, CommitOutcome, OrderStore } from "../lifecycle/OrderStore.ts"
import type { Watcher } from "./Call.ts"
import { draw, type Stream } from "./randomness.ts"
import type { Scenario } from "./Scenario.ts"
import { virtualDue } from "./virtualDue.ts"
import type { World } from "./World.ts"

type Store = OrderStore["Service"]
export type StoreOperation = keyof Store

/** Put something around every operation of a store, whatever operations the port has. `exclusively` is around those that happen in it. */
export const aroundStore = (
  store: Store,
  around: <A, E, R>(operation: Effect.Effect<A, E, R>, name: StoreOperation) => Effect.Effect<A, E, R>
): Store => {
  const wrapped = Object.entries(store).map(([name, operation]) => [
    name,
    (...args: ReadonlyArray<never>) => around((operation as Operation)(...args), name as StoreOperation)
  ])
  // Each operation keeps its own type, which going through the entries has lost.
  return { ...(Object.fromEntries(wrapped) as Store), currentTransaction: store.currentTransaction }
}
type Operation = (...args: ReadonlyArray<never>) => Effect.Effect<unknown, unknown>

/** What was committed under a lock and is not final yet: it is heard of when the lock is given back, and never when it was taken back. */
const UnderLock = Context.Reference<Array<() => void> | null>("order-lifecycle/simulation/UnderLock", {
  defaultValue: () => null
})

/** See what is committed, right where it is: what a fault does to the answer afterwards makes no difference. */
export const watchedStore = (world: World, store: Store, watchers: ReadonlyArray<Watcher>): Store => {
  const tell = (changes: ReadonlyArray<Change>, outcomes: ReadonlyArray<CommitOutcome>) =>
    outcomes.forEach((outcome, index) => {
      const change = changes[index]
      if (change === undefined) return
      for (const watcher of watchers) {
        if (outcome === "committed") watcher.committed?.(change, world.now)
        else watcher.lostRace?.(change, world.now)
      }
    })
  return {
    ...store,
    commit: (changes) =>
      Effect.flatMap(UnderLock, (later) =>
        Effect.map(store.commit(changes), (outcomes) => {
          if (later === null) tell(changes, outcomes)
          else later.push(() => tell(changes, outcomes))
          return outcomes
        })
      ),
    exclusively: (order, use) =>
      Effect.suspend(() => {
        const later: Array<() => void> = []
        // At once when it is final: a call that waited for the lock sees it from then on.
        const tellAfterwards = Effect.flatMap(
          store.currentTransaction,
          (transaction) => transaction?.afterCommit(Effect.sync(() => later.forEach((tellOne) => tellOne()))) ?? Effect.void
        )
        return store.exclusively(order, Effect.andThen(tellAfterwards, Effect.provideService(use, UnderLock, later)))
      })
  }
}

/** A store in another process or machine: the world waits for its answers, which take no virtual time. */
export const outsideStore = (world: World, store: Store): Store => {
  const outside = aroundStore(store, (operation) => world.outside(operation))
  return {
    ...outside,
    ...virtualDue(outside),
    // Its clock knows nothing of virtual time, in which hours may pass while it shows the same moment: what waits there waits for nothing.
    leaseEvents: (request) => world.outside(store.leaseEvents({ ...request, leaseMs: 0 })),
    settleEvents: (request) =>
      world.outside(
        store.settleEvents({
          ...request,
          settlements: request.settlements.map(({ failed, ...settlement }) =>
            failed === undefined ? settlement : { ...settlement, failed: { ...failed, retryMs: failed.retryMs && 0 } }
          )
        })
      ),
    exclusively: (order, use) =>
      Effect.suspend(() => {
        // What happens under the lock waits for virtual time like everything else; only taking the lock and giving it back is outside.
        const lock = world.outsideParts()
        return lock.around(store.exclusively(order, lock.within(use)))
      })
  }
}

/** Steps take time, and when all connections are at work, one waits for the first that is free. */
export const timedStore = (world: World, store: Store, { latencyMs, connections }: Scenario["store"], chance: Stream): Store => {
  if ("constant" in latencyMs && latencyMs.constant === 0) return store
  const freeAt = Array.from({ length: connections }, () => 0)
  const step = Effect.suspend(() => {
    const first = freeAt.indexOf(Math.min(...freeAt))
    const done = Math.max(world.now, freeAt[first] ?? 0) + draw(latencyMs, chance)
    freeAt[first] = done
    return world.pass(done - world.now)
  })
  return {
    ...aroundStore(store, (operation) => Effect.andThen(step, operation)),
    exclusively: (order, use) => Effect.andThen(step, store.exclusively(order, use))
  }
}
