import type { CommandType, OrderCommand } from "../commands/index.ts"
import type { Actor, Order } from "../Order.ts"
import type { Timestamp } from "../Timestamp.ts"

/** What a rule of the embedding service's own can see: the order, the command as it is decided on, when it is given, and by whom. */
export interface RuleFacts<Data = object, Command = OrderCommand> {
  /** The order with its own data: those that the process begins with, where it has none. */
  readonly order: Omit<Order, "data"> & { readonly data: Data }
  readonly command: Command
  readonly at: Timestamp
  readonly actor: Actor
}

/** What a guard before one of the library's commands can see, where there are no own data. */
export type GuardFacts<Type extends CommandType = CommandType> = RuleFacts<object, OrderCommand<Type>>

/** What the caller gets who is refused: a code of your own, what happened, and what can be done. */
export interface Words {
  readonly code: string
  readonly message: string
  readonly remedy: string
}

/**
 * A rule of the embedding service's own. It stands behind the refusals of the library and before what they let pass, so it can only refuse.
 * `holds` is pure and answers at once: the same facts, the same answer.
 */
export interface OwnGuard<Before extends string = string, Data = object, Command = OrderCommand> {
  readonly before: Before
  readonly holds: (facts: RuleFacts<Data, Command>) => boolean
  readonly refusal: Words
}
