/**
 * Is a history of concurrent calls one that a single caller could have had?
 *
 * A history is linearizable when every call can be thought to have happened at one moment between its beginning and its end, so that the
 * answers are those of a sequential model. The search goes depth first through the orders in which the calls may have happened, and never
 * twice through the same set of calls in the same state (Wing and Gong 1993; Lowe 2017). Histories of different orders are independent
 * of each other: check them one by one, and each search stays small.
 */

/** What calls do when they come one after the other. */
export interface SequentialModel<State, Call, Answer> {
  readonly initial: State
  readonly apply: (state: State, call: Call) => { readonly state: State; readonly answer: Answer }
  /** Equal for states that nothing can tell apart. */
  readonly keyOf: (state: State) => string
}

/** One call: when it began and ended on any clock that goes forward, and what was answered. */
export interface RecordedCall<Call, Answer> {
  readonly call: Call
  readonly began: number
  /** Infinity when no answer came. */
  readonly ended: number
  /** `unknown` when no answer came: the call may have happened at any time since it began, or not at all. */
  readonly answer: { readonly known: Answer } | "unknown"
}

/**
 * The order in which the calls can have happened, as positions in `history`; null when there is none. Calls without an answer that need
 * not have happened are left out.
 */
export const findLinearization = <State, Call, Answer>(
  model: SequentialModel<State, Call, Answer>,
  history: ReadonlyArray<RecordedCall<Call, Answer>>,
  isSame: (expected: Answer, actual: Answer) => boolean = (expected, actual) => expected === actual
): ReadonlyArray<number> | null => {
  const happened: Array<number> = []
  const isDone = history.map(() => false)
  const tried = new Set<string>()

  const search = (state: State): boolean => {
    const missing = history.flatMap(({ answer }, n) => (isDone[n] || answer === "unknown" ? [] : [n]))
    if (missing.length === 0) return true
    const place = `${isDone.map(Number).join("")} ${model.keyOf(state)}`
    if (tried.has(place)) return false
    tried.add(place)
    // A call can come next unless another one that has not happened yet had ended before it began.
    const firstEnd = Math.min(...missing.map((n) => history[n]?.ended ?? Infinity))
    for (const [n, { call, began, answer }] of history.entries()) {
      if (isDone[n] || began > firstEnd) continue
      const next = model.apply(state, call)
      if (answer !== "unknown" && !isSame(next.answer, answer.known)) continue
      isDone[n] = true
      happened.push(n)
      if (search(next.state)) return true
      happened.pop()
      isDone[n] = false
    }
    return false
  }

  return search(model.initial) ? happened : null
}
