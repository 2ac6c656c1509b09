/** A rule of the embedding service's own did not answer as it must: it threw, it is asynchronous, or what it gave does not fit. A mistake in it. */
export class RuleFailed extends Error {
  override readonly name = "RuleFailed"
  /** Which one: `the guard withinCancellationWindow before cancel`, `the data after hold`. */
  readonly rule: string

  constructor(rule: string, reason: string, options?: ErrorOptions) {
    super(`${rule} ${reason}`, options)
    this.rule = rule
  }
}

/** Ask a rule. Throws a `RuleFailed` when the answer is none, or one that does not fit. */
export const askRule = <Answer>(
  rule: string,
  ask: () => unknown,
  fits: (answer: unknown) => answer is Answer,
  expected: string
): Answer => {
  let answer: unknown
  try {
    answer = ask()
  } catch (cause) {
    throw new RuleFailed(rule, `threw: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
  if (fits(answer)) return answer
  throw new RuleFailed(rule, `must answer ${expected}, and answered ${answer instanceof Promise ? "a promise" : typeof answer}`)
}
