/** Several callers at one order at the same time, and what each of them asked and was answered, and when. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import { OrderStore, OutcomeUnknown } from "../../src/lifecycle/OrderStore.ts"
import { confirm, headOf, next, placing } from "../../src/testing/contractOrders.ts"
import type { RecordedCall } from "../../src/testing/findLinearization.ts"
import { type Acquaintance, makeCall, type ModelState, type OrderCall } from "../../src/testing/OrderCall.ts"
import { laptop, newCaller } from "../../src/testing/shop.ts"

export type History = ReadonlyArray<RecordedCall<OrderCall, string>>

/** An order, how its callers know it, and how the model does. */
export interface Ready {
  readonly known: Acquaintance
  readonly initial: ModelState
}

/** Orders of one tenant that are ready to be rented, made a few hundred at a time. */
export const readyOrders = Effect.fnUntraced(function* (howMany: number, quantity: number) {
  const store = yield* OrderStore
  const caller = newCaller()
  const ready: Array<Ready> = []
  for (let first = 0; first < howMany; first += 250) {
    const batch = Array.from({ length: Math.min(250, howMany - first) }, () =>
      placing(caller.tenantId, { items: [{ sku: laptop, quantity }] })
    )
    yield* store.commit(batch)
    const confirmed = batch.map((change) => next(headOf(change), confirm))
    yield* store.commit(confirmed)
    for (const { transition } of confirmed) {
      const orders = [transition.after]
      ready.push({ known: { caller, orders: [...orders] }, initial: { orders, remembered: {} } })
    }
  }
  return ready
})

/** Whether the answers of a commit may be lost (`layerWithoutAnswers`). */
const MayBeUnanswered = Context.Reference("test/MayBeUnanswered", { defaultValue: () => false })

/** Each caller makes its calls one after the other, all callers at once. The time is a count that goes up with each beginning and end. */
export const recordHistory = Effect.fnUntraced(function* (known: Acquaintance, callers: ReadonlyArray<ReadonlyArray<OrderCall>>) {
  const history: Array<RecordedCall<OrderCall, string>> = []
  let time = 0
  const record = Effect.fnUntraced(function* (call: OrderCall) {
    const began = time++
    const answers = yield* makeCall(call, known)
    const ended = time++
    for (const { call, answer } of answers) {
      history.push(
        answer === undefined
          ? { call, began, ended: Infinity, answer: "unknown" }
          : { call, began, ended, answer: { known: answer } }
      )
    }
  })
  yield* Effect.forEach(callers, (calls) => Effect.forEach(calls, record, { discard: true }), {
    concurrency: "unbounded",
    discard: true
  }).pipe(Effect.provideService(MayBeUnanswered, true))
  yield* record({ type: "read", order: 0 })
  return history
})

/** A store that now and then does not say whether it has committed: it has, or it has not. */
export const layerWithoutAnswers = <E, R, More = never>(
  store: Layer.Layer<OrderStore | More, E, R>,
  oneIn: number
): Layer.Layer<OrderStore | More, E, R> =>
  Layer.effect(
    OrderStore,
    Effect.map(OrderStore, (store): OrderStore["Service"] => ({
      ...store,
      commit: (changes) =>
        Effect.gen(function* () {
          const noAnswer = new OutcomeUnknown({ cause: new Error("nobody knows") })
          const chance = (yield* MayBeUnanswered) ? yield* Random.nextIntBetween(0, 2 * oneIn - 1) : -1
          if (chance === 0) return yield* noAnswer
          const outcomes = yield* store.commit(changes)
          return chance === 1 ? yield* noAnswer : outcomes
        })
    }))
  ).pipe(Layer.provideMerge(store))
