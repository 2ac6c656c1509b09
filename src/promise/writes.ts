/**
 * Whether a call may have changed anything by the time it was given up.
 *
 * Who gives up before anything was sent is told so. From then on nobody can tell: a write that was sent is finished by the store, whether or
 * not somebody still waits for it.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { type CommitOutcome, OrderStore, StoreUnavailable } from "../lifecycle/OrderStore.ts"

/** The call that is being made. */
export const CurrentCall = Context.Reference<{ mayHaveWritten: boolean }>("order-lifecycle/promise/CurrentCall", {
  defaultValue: () => ({ mayHaveWritten: false })
})

/** Note in the call that a write is sent; take it back when the answer is that nothing was written. */
const noted = <A, E, R>(
  write: Effect.Effect<A, E, R>,
  wroteNothing: (answer: A) => boolean = () => false
): Effect.Effect<A, E, R> =>
  Effect.flatMap(CurrentCall, (call) => {
    const before = call.mayHaveWritten
    call.mayHaveWritten = true
    return Effect.onExit(write, (exit) =>
      Effect.sync(() => {
        if (Exit.isSuccess(exit) ? wroteNothing(exit.value) : isUnavailable(exit)) call.mayHaveWritten = before
      })
    )
  })

const isUnavailable = (exit: Exit.Failure<unknown, unknown>): boolean =>
  exit.cause.reasons.some((reason) => reason._tag === "Fail" && reason.error instanceof StoreUnavailable)

const isConflict = (outcome: CommitOutcome): boolean => outcome === "conflict"

/** The store, with every write noted. The outbox and expired keys are left out: to do those again does no harm. */
export const layerNotingWrites = <E, R, More = never>(
  layer: Layer.Layer<OrderStore | More, E, R>
): Layer.Layer<OrderStore | More, E, R> =>
  Layer.effect(
    OrderStore,
    Effect.map(OrderStore, (store) => ({
      ...store,
      commit: (changes) => noted(store.commit(changes), (outcomes) => outcomes.every(isConflict)),
      exclusively: (order, use) => noted(store.exclusively(order, use)),
      rememberRefusal: (key, refusal, now) => noted(store.rememberRefusal(key, refusal, now)),
      eraseText: (event) => noted(store.eraseText(event), (isErased) => !isErased),
      changeAsset: (change, remember) => noted(store.changeAsset(change, remember), isConflict),
      rewriteNotes: (...request) => noted(store.rewriteNotes(...request), (isDone) => !isDone)
    }))
  ).pipe(Layer.provideMerge(layer))
