/**
 * Cancelling many orders: each batch is loaded in one statement and committed in one, and every order keeps an outcome of its own. One
 * order's bad state or lost race never fails its neighbours.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { EventOf, RefusalOf } from "../order/commands/index.ts"
import type { Transition } from "../order/Transition.ts"
import { decide } from "../order/decide.ts"
import type { OrderId } from "../order/Order.ts"
import type { CancelOrder } from "../order/commands/cancel.ts"
import { OrderNotFound } from "../order/commonRefusals.ts"
import { applyCommand, changeOf, type CommandServices, occasionOf, withMillis } from "./applyCommand.ts"
import { announceCommitted } from "./announceCommitted.ts"
import type { Caller, CallerOfMany } from "./Caller.ts"
import { isExpected, VersionMismatch } from "./expectedVersion.ts"
import { type Change, type OutcomeUnknown, StoreUnavailable } from "./OrderStore.ts"

/** Orders that are committed in one statement. */
const batchSize = 500

/** One order's part of a `cancelMany`. */
export interface CancelOutcome {
  readonly orderId: OrderId
  readonly outcome: Result.Result<
    Transition<EventOf<"cancel">>,
    RefusalOf<"cancel"> | OrderNotFound | VersionMismatch | StoreUnavailable | OutcomeUnknown
  >
}

/** The caller as they give one of the cancels. */
const callerOfOne = ({ expectedVersions, ...caller }: CallerOfMany, orderId: OrderId): Caller => {
  const expectedVersion = expectedVersions?.[orderId]
  return { ...caller, ...(expectedVersion !== undefined && { expectedVersion }) }
}

export const makeCancelMany = (services: CommandServices) => {
  const { lifecycle, store, auditTrail } = services

  /** An order whose race was lost within the batch goes the way of a single cancel. */
  const cancelAlone = (caller: CallerOfMany, orderId: OrderId, request: CancelOrder) =>
    applyCommand(services, callerOfOne(caller, orderId), { orderId }, { type: "cancel" as const, ...request }).pipe(
      // Without a key there is nothing to reuse.
      Effect.catchTag("IdempotencyKeyReused", Effect.die)
    )

  /**
   * One order that cannot be read keeps the whole batch from being loaded. Then each goes alone, and of that one nothing was changed: no other
   * answer would be true of it.
   */
  const cancelEachAlone = (caller: CallerOfMany, orderIds: ReadonlyArray<OrderId>, request: CancelOrder) =>
    Effect.map(
      Effect.forEach(orderIds, (orderId) =>
        Effect.result(
          Effect.catchDefect(cancelAlone(caller, orderId, request), (cause) => Effect.fail(new StoreUnavailable({ cause })))
        )
      ),
      (outcomes) => new Map(outcomes.map((outcome, index) => [orderIds[index] as OrderId, outcome]))
    )

  const cancelBatch = Effect.fnUntraced(function* (caller: CallerOfMany, orderIds: ReadonlyArray<OrderId>, request: CancelOrder) {
    const occasion = yield* withMillis((millis) => Effect.succeed(occasionOf(services, caller, millis)))
    const loading = store.load(orderIds.map((orderId) => ({ tenantId: caller.tenantId, order: { orderId } })))
    const loads = yield* Effect.catchDefect(loading, () => Effect.succeed(null))
    if (loads === null) return yield* cancelEachAlone(caller, orderIds, request)
    const outcomes = new Map<OrderId, CancelOutcome["outcome"]>()
    const decided: Array<{
      readonly orderId: OrderId
      readonly transition: Transition<EventOf<"cancel">>
      readonly change: Change
    }> = []
    for (const [index, orderId] of orderIds.entries()) {
      const loaded = loads[index]
      if (!loaded?.order) {
        outcomes.set(orderId, Result.fail(new OrderNotFound({ orderId })))
        continue
      }
      const { order, headHash } = loaded
      if (!isExpected(caller.expectedVersions?.[orderId], order)) {
        outcomes.set(orderId, Result.fail(new VersionMismatch({ orderId, version: order.version })))
        continue
      }
      // A rule of the process that fails for one order is that order's: it goes alone, and what it dies of is told of it.
      const deciding = Effect.gen(function* () {
        const decision = decide(lifecycle, order, { type: "cancel", ...request } as const, occasion)
        if (Result.isFailure(decision)) return { refused: Result.fail(decision.failure) }
        const { success: transition } = decision
        return { orderId, transition, change: yield* changeOf(services, transition, headHash) }
      })
      const made = yield* Effect.catchDefect(deciding, () => Effect.succeed(null))
      if (made === null) for (const [id, outcome] of yield* cancelEachAlone(caller, [orderId], request)) outcomes.set(id, outcome)
      else if (made.refused !== undefined) outcomes.set(orderId, made.refused)
      else decided.push(made)
    }

    // A statement that is a mistake undoes itself whole: then each goes alone, and only the one it is about fails.
    const commit = store.commit(decided.map(({ change }) => change))
    const committed = yield* Effect.result(Effect.catchDefect(commit, () => Effect.succeed(null)))
    if (Result.isSuccess(committed) && committed.success === null) {
      const alone = yield* cancelEachAlone(
        caller,
        decided.map(({ orderId }) => orderId),
        request
      )
      return new Map([...outcomes, ...alone])
    }
    for (const [index, { orderId, transition, change }] of decided.entries()) {
      if (Result.isFailure(committed)) {
        outcomes.set(orderId, Result.fail(committed.failure))
      } else if (committed.success?.[index] === "committed") {
        yield* announceCommitted(store, auditTrail, change.sealed)
        outcomes.set(orderId, Result.succeed(transition))
      } else {
        outcomes.set(orderId, yield* Effect.result(cancelAlone(caller, orderId, request)))
      }
    }
    return outcomes
  })

  /** One answer per distinct order, in the order in which they were first named. */
  return Effect.fnUntraced(function* (caller: CallerOfMany, orderIds: Iterable<OrderId>, request: CancelOrder) {
    const distinct = [...new Set(orderIds)]
    const answers: Array<CancelOutcome> = []
    for (let first = 0; first < distinct.length; first += batchSize) {
      const batch = distinct.slice(first, first + batchSize)
      const outcomes = yield* Effect.result(cancelBatch(caller, batch, request))
      for (const orderId of batch) {
        const outcome = Result.isFailure(outcomes) ? Result.fail(outcomes.failure) : outcomes.success.get(orderId)
        if (outcome) answers.push({ orderId, outcome })
      }
    }
    return answers
  })
}
