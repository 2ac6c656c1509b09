import type { CommandType, OrderCommand } from "../commands/index.ts"
import type { Actor, Order } from "../Order.ts"
import type { Timestamp } from "../Timestamp.ts"

/** What a guard of the embedding service's own can see: the order, the command as it is decided on, when it is given, and by whom. */
export interface GuardFacts<Type extends CommandType = CommandType> {
  readonly order: Order
  readonly command: OrderCommand<Type>
  readonly at: Timestamp
  readonly actor: Actor
}

/**
 * A rule of the embedding service's own. It stands behind the refusals of the library and before what they let pass, so it can only refuse.
 * `holds` is pure and answers at once: the same facts, the same answer.
 */
export interface OwnGuard<Type extends CommandType = CommandType> {
  readonly before: Type
  readonly holds: (facts: GuardFacts<Type>) => boolean
  /** What the caller gets: a code of your own, what happened, and what can be done. */
  readonly refusal: { readonly code: string; readonly message: string; readonly remedy: string }
}

/** A guard did not answer with true or false: it threw, or it is asynchronous, which would always hold. A mistake in the guard. */
export class GuardFailed extends Error {
  override readonly name = "GuardFailed"
  readonly guard: string

  constructor(guard: string, command: string, reason: string, options?: ErrorOptions) {
    super(`the guard ${guard} before ${command} ${reason}`, options)
    this.guard = guard
  }
}

/** Ask a guard. Throws a `GuardFailed` that names it when it does not answer. */
export const askGuard = (name: string, { holds, before }: OwnGuard, facts: GuardFacts): boolean => {
  let answer: unknown
  try {
    answer = holds(facts)
  } catch (cause) {
    throw new GuardFailed(name, before, `threw: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
  if (typeof answer === "boolean") return answer
  const got = answer instanceof Promise ? "a promise" : typeof answer
  throw new GuardFailed(name, before, `must answer true or false at once, and answered ${got}`)
}
