/**
 * Commands on one order take turns within a process: the next begins when the one before has ended. So the commands on an order that is
 * locked elsewhere hold one connection between them and not all there are, and other orders do not notice.
 *
 * Turns make no command right. Other processes take none, so each command is still pinned to the version it was decided on.
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { OrderId, TenantId } from "../order/Order.ts"
import { StoreUnavailable } from "./OrderStore.ts"

/** Whether commands take turns: they do. Set it to false to let one process act as several, in tests of races. */
export const TakesTurns = Context.Reference<boolean>("order-lifecycle/TakesTurns", { defaultValue: () => true })

/** How long a command waits for its turn. After that nothing was done. */
export const turnPatience = "5 seconds"

interface OrderKey {
  readonly tenantId: TenantId
  readonly orderId: OrderId
}

export interface OrderTurns {
  /**
   * Do `use` when it is this order's turn: at once when no other command is at work on it, else in the order of arrival, as
   * `afterWaiting`, since the order may have changed meanwhile. Fails with `StoreUnavailable` when the turn did not come in time.
   */
  readonly take: <A, E, R>(
    order: OrderKey,
    use: Effect.Effect<A, E, R>,
    afterWaiting?: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | StoreUnavailable, R>
  /** How many orders are being worked on. */
  readonly busy: () => number
}

export const makeOrderTurns = (): OrderTurns => {
  /** Who waits, by order, first come first served. An order stands here while a command is at work on it. */
  const waiting = new Map<string, Array<Deferred.Deferred<void>>>()

  const pass = (key: string): void => {
    const next = waiting.get(key)?.shift()
    if (next === undefined) waiting.delete(key)
    else Deferred.doneUnsafe(next, Exit.void)
  }

  /** Leave without having had the turn. One that was given in the same moment is passed on. */
  const leave = (key: string, turn: Deferred.Deferred<void>): void => {
    const queue = waiting.get(key)
    const position = queue?.indexOf(turn) ?? -1
    if (position >= 0) queue?.splice(position, 1)
    else pass(key)
  }

  return {
    busy: () => waiting.size,
    take: <A, E, R>({ tenantId, orderId }: OrderKey, use: Effect.Effect<A, E, R>, afterWaiting = use) =>
      Effect.uninterruptibleMask((restore): Effect.Effect<A, E | StoreUnavailable, R> => {
        const key = `${tenantId.length} ${tenantId}${orderId}`
        const passOn = Effect.sync(() => pass(key))
        const queue = waiting.get(key)
        if (queue === undefined) {
          waiting.set(key, [])
          return Effect.ensuring(restore(use), passOn)
        }
        const turn = Deferred.makeUnsafe<void>()
        queue.push(turn)
        return restore(Effect.timeoutOption(Deferred.await(turn), turnPatience)).pipe(
          Effect.onInterrupt(() => Effect.sync(() => leave(key, turn))),
          Effect.flatMap((came): Effect.Effect<A, E | StoreUnavailable, R> => {
            if (Option.isSome(came)) return Effect.ensuring(restore(afterWaiting), passOn)
            leave(key, turn)
            const cause = new Error(`other commands on order ${orderId} took longer than ${turnPatience}`)
            return Effect.fail(new StoreUnavailable({ cause }))
          })
        )
      })
  }
}
