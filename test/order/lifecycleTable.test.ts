/** What the table says of each answer, and the machines it cannot be read off. */
import { createMachine } from "xstate"
import { describe, expect, it } from "vitest"
import { type Answer, lifecycles, tabulate } from "../../src/order/lifecycleTable.ts"
import { makeOrderMachine, orderMachine } from "../../src/order/orderMachine.ts"
import { cancellationPolicyNames, policies } from "../../src/order/policies/index.ts"

const conditions = (answers: ReadonlyArray<Answer>) => answers.map(({ condition }) => condition)
const unless = (fact: string) => ({ fact, expected: false })

describe("the table", () => {
  it.each(cancellationPolicyNames)("names the fact that each answer stands on, under %s", (policy) => {
    const { answers } = lifecycles[policy]
    expect(conditions(answers.partial.cancel)).toEqual([unless(policy), undefined])
    expect(conditions(answers.confirmed.startSubscription)).toEqual([
      unless("customerMatches"),
      unless("startIsNear"),
      unless("assetIsKnown"),
      unless("skuIsClear"),
      unless("assetFitsALine"),
      unless("lengthFitsALine"),
      unless("lineHasHeldUnit"),
      unless("assetIsFree"),
      { fact: "takesLastHeldUnit", expected: true },
      undefined
    ])
    expect(conditions(answers.partial.cancelSubscription)).toEqual([
      unless("subscriptionIsKnown"),
      unless("subscriptionIsNotCancelled"),
      unless("subscriptionHasNotEnded"),
      undefined
    ])
  })

  it("says what is lacking where a status refuses by itself, and what follows where nothing is refused", () => {
    const { pending, confirmed, fulfilled, cancelled } = lifecycles.noActiveSubscriptions.answers
    const alone = ({ refusal, consequences, to }: Answer) => ({ ...refusal, consequences, to })
    expect(pending.confirm.map(alone)).toEqual([{ consequences: [], to: "confirmed" }])
    expect(pending.startSubscription.map(alone)).toEqual([
      { code: "ORDER_NOT_CONFIRMED", lacking: "isConfirmed", consequences: [], to: "pending" }
    ])
    expect(fulfilled.startSubscription.map(alone)).toEqual([
      { code: "ITEM_FULLY_FULFILLED", lacking: "hasHeldUnit", consequences: [], to: "fulfilled" }
    ])
    expect(cancelled.cancel.map(alone)).toEqual([
      { code: "ALREADY_CANCELLED", lacking: "isOpen", consequences: [], to: "cancelled" }
    ])
    expect(confirmed.cancel.map(alone)).toEqual([
      { code: "ORDER_NOT_CANCELLABLE", lacking: "noActiveSubscriptions", consequences: [], to: "confirmed" },
      { consequences: ["releaseHeldUnits"], to: "cancelled" }
    ])
    expect(confirmed.cancelSubscription.map(alone)).toEqual([
      { code: "NOT_FOUND", lacking: "hasSubscriptions", consequences: [], to: "confirmed" }
    ])
    expect(cancelled.confirm.map(alone)).toMatchObject([{ lacking: "isPending" }])
  })
})

describe("a status that refuses by itself", () => {
  it("names what it lacks", () => {
    const { answers } = lifecycles.noActiveSubscriptions
    const lacking = Object.entries(answers).map(([status, byCommand]) => [
      status,
      Object.fromEntries(
        Object.entries(byCommand).flatMap(([command, list]) =>
          list.flatMap(({ condition, refusal }) => (refusal && !condition ? [[command, refusal.lacking]] : []))
        )
      )
    ])
    const ofSubscriptions = (lacks: string) => ({
      cancelSubscription: lacks,
      returnSubscription: lacks,
      buyOutSubscription: lacks,
      completeSubscription: lacks,
      extendSubscription: lacks,
      replaceAsset: lacks,
      upgradeSubscription: lacks
    })
    expect(Object.fromEntries(lacking)).toEqual({
      pending: { startSubscription: "isConfirmed", ...ofSubscriptions("hasSubscriptions") },
      confirmed: { confirm: "isPending", ...ofSubscriptions("hasSubscriptions") },
      partial: { confirm: "isPending", addItems: "isOpenToLines" },
      fulfilled: { confirm: "isPending", addItems: "isOpenToLines", release: "hasHeldUnit", startSubscription: "hasHeldUnit" },
      cancelled: {
        confirm: "isPending",
        addItems: "isOpen",
        correct: "isOpen",
        release: "isOpen",
        startSubscription: "isConfirmed",
        ...ofSubscriptions("isOpen"),
        cancel: "isOpen"
      }
    })
  })
})

describe("the machine itself", () => {
  it("is the one of the default policy, plain data throughout, under its name", () => {
    expect(JSON.stringify(orderMachine)).toBe(JSON.stringify(makeOrderMachine("noActiveSubscriptions")))
    expect(orderMachine.id).toBe("order")
    const cancel = orderMachine.states.pending?.config.on?.cancel
    expect(cancel).toStrictEqual([
      {
        guard: { type: "unless", params: { fact: "noActiveSubscriptions" } },
        actions: { type: "refuse", params: { code: "ORDER_NOT_CANCELLABLE" } }
      },
      { target: "cancelled", actions: "releaseHeldUnits" }
    ])
  })

  it("says of every status what it means", () => {
    const said = Object.entries(orderMachine.states).map(([status, { description }]) => [status, description])
    expect(Object.fromEntries(said)).toEqual({
      pending: "Received, not confirmed. Nothing was rented yet.",
      confirmed: "Approved, ready for subscriptions. Nothing was rented yet.",
      partial: "At least one subscription was created, at least one unit is still held.",
      fulfilled: "No unit is held any more: each has or had a subscription, or was released.",
      cancelled: "Final. Nothing is held, nothing is active, and no subscription can ever be created."
    })
  })

  it("says of every cancellation policy when it holds", () => {
    expect(Object.fromEntries(Object.entries(policies).map(([name, { meaning }]) => [name, meaning]))).toEqual({
      noActiveSubscriptions:
        "No subscription of the order is active. A partial or fulfilled order can be cancelled again once every subscription has ended. The default.",
      beforeFulfilment: "No subscription was ever created. A partial or fulfilled order cannot be cancelled any more."
    })
  })

  it("knows no fact of a subscription from an event that is about none", () => {
    const { guards } = orderMachine.implementations
    const about = { context: { units: { held: 1, active: 0, ended: 0, released: 0 } }, event: { type: "confirm" } } as never
    for (const fact of ["skuIsClear", "assetIsFree", "subscriptionIsKnown", "subscriptionHasNotEnded"])
      expect((guards[fact] as (args: never, params: never) => boolean)(about, undefined as never), fact).toBe(false)
  })
})

/** The machine with another list of answers to a confirmation of a pending order. */
const answeringConfirm = (answers: unknown): ReturnType<typeof makeOrderMachine> => {
  const { states } = orderMachine.config
  const { confirm: _, ...on } = states?.pending?.on ?? {}
  const pending = { ...states?.pending, on: answers === undefined ? on : { ...on, confirm: answers } }
  const config = { ...orderMachine.config, states: { ...states, pending } }
  return createMachine(config as object, orderMachine.implementations as object) as never
}

describe("a machine with a mistake in it", () => {
  const refuse = { type: "refuse", params: { code: "ORDER_NOT_PENDING" } }

  it("is no lifecycle", () => {
    const read = (answers: unknown) => () => tabulate("noActiveSubscriptions", answeringConfirm(answers))
    const unanswered = "orderMachine: pending does not answer every confirm"
    expect(read(undefined)).toThrow(unanswered)
    expect(read([{ guard: "takesLastHeldUnit", target: "confirmed" }])).toThrow(unanswered)
    expect(read([{ guard: "isFullMoon", target: "confirmed" }, { target: "confirmed" }])).toThrow(
      "orderMachine: no guard is called isFullMoon"
    )
    expect(read([{ actions: refuse }])).toThrow("orderMachine: ORDER_NOT_PENDING in pending does not say what is lacking")
    expect(read([{ actions: { type: "refuse", params: { code: "NOT_FOUND", lacking: "isPending" } } }])).toThrow(
      "orderMachine: pending refuses confirm with NOT_FOUND, which confirm has no words for"
    )
    expect(read([{ target: "confirmed" }])).not.toThrow()
  })
})
