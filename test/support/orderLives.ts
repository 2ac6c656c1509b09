/**
 * Orders that live from placement to cancel, each driven by one caller who does what a careful client does: every step under a key of its
 * own, and a step that was not answered is asked for again under the same key until it is. What is asked and answered goes into a log.
 */
import { isDeepStrictEqual } from "node:util"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import type { Caller } from "../../src/lifecycle/Caller.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import type { Transition } from "../../src/order/Transition.ts"
import { RequestId } from "../../src/order/orderEvent.ts"
import { SerialNumber, type SubscriptionId } from "../../src/order/Order.ts"
import type { Call } from "./callLog.ts"
import { randomOf } from "./seeded.ts"
import { anyMoment } from "./waiting.ts"
import { laptop, monitor, requestFor } from "./world.ts"

/** A call was made or answered: told once with the answer `none`, and again when there is one. */
export type Tell = (call: Call) => void

/** Keeps calls in memory. */
export const logOfCalls = () => {
  const calls = new Map<string, Call>()
  return { calls, tell: (call: Call) => void calls.set(call.requestId, call) }
}

export interface Life {
  readonly caller: Caller
  /**
   * Makes the keys, serial numbers and request ids, and every choice: the same caller can live the same life again, and is given the
   * answers that it had.
   */
  readonly name: string
  /** Tells the request ids of one try at the same life from those of another. */
  readonly session?: string
  readonly tell: Tell
  /** Stop before the next call. */
  readonly isOver?: () => boolean
}

interface Failure {
  readonly _tag: string
}

/** Somebody was told something that cannot be. */
const contradiction = (message: string) => Effect.die(new Error(message))

/** Ask once, under this request id. */
export const ask = <A extends Transition, E extends Failure, R>(
  { caller, tell }: Pick<Life, "caller" | "tell">,
  key: string,
  requestId: string,
  step: (caller: Caller) => Effect.Effect<A, E, R>
) =>
  Effect.gen(function* () {
    const call = { key, requestId }
    tell({ ...call, answer: "none" })
    const outcome = yield* Effect.result(step({ ...caller, idempotencyKey: key, requestId: RequestId.make(requestId) }))
    const { _tag } = Result.isFailure(outcome) ? outcome.failure : { _tag: "" }
    if (Result.isSuccess(outcome)) tell({ ...call, answer: "accepted", event: outcome.success.event })
    else {
      tell({ ...call, answer: _tag === "StoreUnavailable" ? "unavailable" : _tag === "OutcomeUnknown" ? "unknown" : "refused" })
    }
    return outcome
  })

/** Ask until there is an answer. Now and then ask again although there was one: it must be the same. */
const persist = <A extends Transition, E extends Failure, R>(
  life: Life,
  name: string,
  expected: "accepted" | "refused",
  step: (caller: Caller) => Effect.Effect<A, E, R>
): Effect.Effect<A | null, never, R> =>
  Effect.gen(function* () {
    const key = `${life.name}.${name}`
    const random = randomOf(key)
    let first: Result.Result<A, E> | undefined
    for (let attempt = 0; life.isOver?.() !== true; attempt++) {
      const outcome = yield* ask(life, key, `${key}.${life.session ?? ""}${attempt}`, step)
      const tag = Result.isFailure(outcome) ? outcome.failure._tag : ""
      if (tag === "StoreUnavailable" || tag === "OutcomeUnknown") {
        yield* anyMoment(random, 30)
        continue
      }
      if (first === undefined) {
        const told = Result.isSuccess(outcome) ? "accepted" : "refused"
        if (told !== expected) return yield* contradiction(`${key} was to be ${expected} and was ${told}: ${tag}`)
        first = outcome
        if (random() < 0.15) continue
      } else if (!isSame(first, outcome)) {
        return yield* contradiction(`${key} was answered ${JSON.stringify(first)}, and then ${JSON.stringify(outcome)}`)
      }
      return Result.isSuccess(outcome) ? outcome.success : null
    }
    return yield* Effect.interrupt
  })

const isSame = (a: Result.Result<Transition, Failure>, b: Result.Result<Transition, Failure>) =>
  Result.isSuccess(a)
    ? Result.isSuccess(b) && isDeepStrictEqual(a.success.event, b.success.event)
    : Result.isFailure(b) && isDeepStrictEqual({ ...a.failure, replayed: undefined }, { ...b.failure, replayed: undefined })

/** One order, from placement to cancel. */
export const live = (life: Life): Effect.Effect<void, never, OrderLifecycle> =>
  Effect.gen(function* () {
    const lifecycle = yield* OrderLifecycle
    const random = randomOf(life.name)
    const quantity = 1 + Math.floor(random() * 3)
    const request = requestFor([laptop, quantity], ...(random() < 0.5 ? [[monitor, 1] as const] : []))
    const placed = yield* persist(life, "place", "accepted", (caller) => lifecycle.place(caller, request))
    if (placed === null) return
    const { orderId, customer } = placed.after
    if (random() < 0.8) {
      yield* persist(life, "confirm", "accepted", (caller) => lifecycle.confirm(caller, orderId))
      const rented: Array<SubscriptionId> = []
      const starts = Math.floor(random() * (quantity + 1))
      for (let n = 0; n < starts; n++) {
        const assetSerialNumber = SerialNumber.make(`${life.name}.${n}`)
        const started = yield* persist(life, `start${n}`, "accepted", (caller) =>
          lifecycle.startSubscription(caller, { orderId, customerId: customer.customerId, assetSerialNumber, sku: laptop })
        )
        if (started?.event.type === "subscription.started") rented.push(started.event.details.subscriptionId)
      }
      if (rented.length > 0 && random() < 0.5) {
        yield* persist(life, "cancel-early", "refused", (caller) => lifecycle.cancel(caller, orderId, { reason: "too early" }))
      }
      if (random() < 0.2) return
      for (const [n, rentalId] of rented.entries()) {
        yield* persist(life, `end${n}`, "accepted", (caller) =>
          lifecycle.cancelSubscription(caller, { rentalId, reason: "customer_request", notes: `ended ${n}` })
        )
      }
    }
    yield* persist(life, "cancel", "accepted", (caller) =>
      lifecycle.cancel(caller, orderId, { reason: `reason of ${life.name}` })
    )
  })

/** Lives one after another, `atOnce` of them beside each other, until it is over. The first of them has the number `first`. */
export const liveOn = (
  life: Life & { readonly isOver: () => boolean },
  atOnce: number,
  first = 0
): Effect.Effect<void, never, OrderLifecycle> =>
  Effect.forEach(
    Array.from({ length: atOnce }, (_, lane) => lane),
    (lane) =>
      Effect.gen(function* () {
        for (let n = first; !life.isOver(); n++) {
          const exit = yield* Effect.exit(live({ ...life, name: `${life.name}-${lane}-${n}` }))
          // Whoever sees that it is over in the middle of a life leaves it there.
          if (Exit.isFailure(exit) && !life.isOver()) return yield* Effect.failCause(exit.cause)
        }
      }),
    { concurrency: "unbounded", discard: true }
  )

/** The name of the life that a key belongs to. */
export const lifeOf = (key: string): string => key.slice(0, key.indexOf("."))
