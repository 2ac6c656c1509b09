/**
 * What is possible now: every command on an order, in the machine's order, with what no input could avoid. Nothing is changed by asking.
 *
 * A command is asked about with an input that fits the order as far as one can (its `sample`). What stands in the way of that stands in the
 * way of any other. Source: whole-life, section 3, "What is possible now".
 */
import type { CommandType, OrderCommand } from "./commands/index.ts"
import { contextOf, questionOf } from "./decide.ts"
import { type Blocker, blockersIn } from "./explain.ts"
import { type Answer, answersOf, commandNames, type Lifecycle } from "./lifecycleTable.ts"
import type { Order, OrderStatus } from "./Order.ts"
import type { GuardFacts } from "./process/OwnGuard.ts"
import type { Occasion } from "./Transition.ts"

/** One command, as things stand. */
export interface PossibleCommand {
  readonly name: CommandType
  /** Some input would be accepted now. */
  readonly possible: boolean
  /** The status afterwards, where it is the same for every input that is accepted; absent when nothing is. */
  readonly to?: OrderStatus
  /** The answer depends on the input: another one may be refused. Absent otherwise. */
  readonly depends?: true
  /** What no input can avoid; empty when the command is possible. */
  readonly blockers: ReadonlyArray<Blocker>
}

/** Every command on the order as it stands, for one who asks at that time. */
export const possibleCommands = (
  lifecycle: Lifecycle,
  order: Order,
  occasion: Pick<Occasion, "at" | "actor">
): ReadonlyArray<PossibleCommand> => commandNames(lifecycle).map((name) => possibilityOf(lifecycle, order, name, occasion))

const possibilityOf = (
  lifecycle: Lifecycle,
  order: Order,
  name: CommandType,
  occasion: Pick<Occasion, "at" | "actor">
): PossibleCommand => {
  const command: OrderCommand = lifecycle.commands[name].sample(order)
  const inputGuards = new Set(guardsOfInput(lifecycle, order, command, occasion))
  const context = { ...contextOf(lifecycle, order, command, occasion), unasked: inputGuards }
  const blockers = blockersIn(lifecycle, order, command, context, occasion.at)
  const answers = answersOf(lifecycle, order.status)[name]
  const asksForInput = answers.some(
    ({ condition }) => condition !== undefined && Object.hasOwn(lifecycle.commands[name].facts, condition.fact)
  )
  const depends = (asksForInput || inputGuards.size > 0) && { depends: true as const }
  if (blockers.length > 0) return { name, possible: false, ...depends, blockers }
  const question = questionOf(lifecycle, order, command, occasion.at)
  const isOfInput = ({ condition }: Answer) =>
    condition !== undefined && Object.hasOwn(lifecycle.commands[name].facts, condition.fact)
  const targets = new Set<OrderStatus>()
  for (const answer of answers) {
    // Where an accepted answer hangs on the input, another input comes to the one behind it.
    if (answer.refusal !== undefined || !(isOfInput(answer) || answer.applies(context, question))) continue
    targets.add(answer.to)
    if (!isOfInput(answer)) break
  }
  const [to, ...others] = targets
  return { name, possible: true, ...(to !== undefined && others.length === 0 && { to }), ...depends, blockers }
}

/** The guards of one's own that look at the input: what they say of a sample says nothing of another input. */
const guardsOfInput = (
  { process }: Lifecycle,
  order: Order,
  command: OrderCommand,
  { at, actor }: Pick<Occasion, "at" | "actor">
): ReadonlyArray<string> =>
  [...(process?.guards ?? [])].flatMap(([name, guard]) => {
    if (guard.before !== command.type) return []
    const watched = watch(command)
    try {
      guard.holds({ order, command: watched.command, at, actor } as GuardFacts)
    } catch (error) {
      // A sample need not have what a payload has.
      if (!watched.isLookedAt()) throw error
    }
    return watched.isLookedAt() ? [name] : []
  })

/** The command, and whether anybody has looked at more of it than its name. */
const watch = (command: OrderCommand): { readonly command: OrderCommand; readonly isLookedAt: () => boolean } => {
  let isLookedAt = false
  const look = <A>(name: string | symbol, answer: A): A => {
    if (name !== "type") isLookedAt = true
    return answer
  }
  return {
    command: new Proxy(command, {
      get: (target, name) => look(name, Reflect.get(target, name) as unknown),
      has: (target, name) => look(name, Reflect.has(target, name)),
      ownKeys: (target) => look("every member", Reflect.ownKeys(target))
    }),
    isLookedAt: () => isLookedAt
  }
}
