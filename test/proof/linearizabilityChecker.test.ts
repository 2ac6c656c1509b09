/** The checker of histories itself: what it lets pass, and what it does not. */
import { describe, expect, it } from "vitest"
import { findLinearization, type RecordedCall, type SequentialModel } from "../../src/testing/findLinearization.ts"
import { type OrderCall, sequentialCalls } from "../../src/testing/OrderCall.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

/** The smallest thing that can be raced for: a number that is read, and written if it is what one thinks it is. */
type Call = "read" | { readonly from: number; readonly to: number }
const register: SequentialModel<number, Call, string> = {
  initial: 0,
  keyOf: String,
  apply: (state, call) =>
    call === "read"
      ? { state, answer: String(state) }
      : state === call.from
        ? { state: call.to, answer: "ok" }
        : { state, answer: "no" }
}

const at = (began: number, ended: number, call: Call, known: string): RecordedCall<Call, string> => ({
  call,
  began,
  ended,
  answer: { known }
})
const lost = (began: number, call: Call): RecordedCall<Call, string> => ({ call, began, ended: Infinity, answer: "unknown" })
const write = (from: number, to: number): Call => ({ from, to })

describe("a history", () => {
  it("of overlapping calls is explained by whichever order fits, and the order is given", () => {
    const history = [at(0, 5, write(0, 1), "ok"), at(1, 4, "read", "0"), at(2, 3, "read", "0")]
    expect(findLinearization(register, history)?.at(-1)).toBe(0)
    expect(findLinearization(register, [])).toEqual([])
  })

  it.each<[string, ReadonlyArray<RecordedCall<Call, string>>]>([
    ["a read that is older than a write before it", [at(0, 1, write(0, 1), "ok"), at(2, 3, "read", "0")]],
    ["two reads that see a write come and go", [at(0, 9, write(0, 1), "ok"), at(1, 2, "read", "1"), at(3, 4, "read", "0")]],
    ["two writes that both win", [at(0, 3, write(0, 1), "ok"), at(1, 2, write(0, 2), "ok")]],
    ["a write that loses to nobody", [at(0, 1, write(0, 1), "no")]],
    ["a lost write that shows before it began", [at(0, 1, "read", "1"), lost(2, write(0, 1))]],
    ["a lost write that shows and is gone again", [lost(0, write(0, 1)), at(1, 2, "read", "1"), at(3, 4, "read", "0")]]
  ])("is not explained with %s", (_, history) => {
    expect(findLinearization(register, history)).toBeNull()
  })

  it.each<[string, ReadonlyArray<RecordedCall<Call, string>>]>([
    ["happened", [lost(0, write(0, 1)), at(1, 2, "read", "1")]],
    ["did not", [lost(0, write(0, 1)), at(1, 2, "read", "0")]],
    ["happened late", [lost(0, write(0, 1)), at(1, 2, "read", "0"), at(3, 4, "read", "1")]]
  ])("is explained when a call without an answer %s", (_, history) => {
    expect(findLinearization(register, history)).not.toBeNull()
  })

  it("of an order in which two cancels release the same units is not explained", () => {
    const model = sequentialCalls()
    const placed = model.apply(model.initial, { type: "place", quantity: 2 }).state
    const cancel: OrderCall = { type: "cancel", order: 0, reason: "twice" }
    const { state, answer } = model.apply(placed, cancel)
    const released = { call: cancel, began: 0, ended: 3, answer: { known: answer } }
    expect(findLinearization(sequentialCalls(placed), [released])).toEqual([0])
    expect(findLinearization(sequentialCalls(placed), [released, { ...released, began: 1, ended: 2 }])).toBeNull()
    const second = model.apply(state, cancel).answer
    expect(second).toBe('ALREADY_CANCELLED, reason "twice"')
    expect(findLinearization(sequentialCalls(placed), [{ ...released, answer: { known: second } }, released])).toEqual([1, 0])
  })

  it("is explained just when trying every order by hand explains it", () => {
    const call = fc.oneof(
      fc.constant<Call>("read"),
      fc.tuple(fc.nat(2), fc.nat(2)).map(([from, to]): Call => write(from, to))
    )
    const recorded = fc
      .tuple(fc.nat(8), fc.nat(4), call, fc.constantFrom("0", "1", "2", "ok", "no"), fc.boolean())
      .map(([began, more, call, answer, isLost]) => (isLost ? lost(began, call) : at(began, began + more, call, answer)))
    let explained = 0
    fc.assert(
      fc.property(fc.array(recorded, { maxLength: 5 }), (history) => {
        const expected = byHand(history)
        if (expected && history.length > 1) explained++
        expect(findLinearization(register, history) !== null).toBe(expected)
      }),
      { numRuns: numRuns(2_000) }
    )
    expect(explained).toBeGreaterThan(20)
  })
})

/** Every subset that holds all answered calls, in every order, without a thought. */
const byHand = (history: ReadonlyArray<RecordedCall<Call, string>>): boolean =>
  ordersOf(history).some((order) => {
    if (history.some((one) => one.answer !== "unknown" && !order.includes(one))) return false
    if (order.some((one, n) => order.slice(n + 1).some((later) => later.ended < one.began))) return false
    let state = 0
    return order.every(({ call, answer }) => {
      const next = register.apply(state, call)
      ;({ state } = next)
      return answer === "unknown" || answer.known === next.answer
    })
  })

const ordersOf = <T>(all: ReadonlyArray<T>): ReadonlyArray<ReadonlyArray<T>> => [
  [],
  ...all.flatMap((one, n) => ordersOf(all.toSpliced(n, 1)).map((others) => [one, ...others]))
]
