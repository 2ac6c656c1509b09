/**
 * The decision: an order, a command and an occasion in; a `Transition` or a `Refusal` out. Pure: no clock, no chance, no I/O.
 */
import * as Result from "effect/Result"
import type { AuditEvent } from "./AuditEvent.ts"
import type { CommandType, EventOf, OrderCommand, OrderEvent, RefusalOf } from "./commands/index.ts"
import { evolve } from "./evolve.ts"
import { assertLaws } from "./invariants.ts"
import { type Answer, answerTo, type CommandOfLifecycle, type Lifecycle } from "./lifecycleTable.ts"
import { type Line, type Order, type SubscriptionId, unitsOf } from "./Order.ts"
import type { ProcessVersion, Released } from "./orderEvent.ts"
import { policies } from "./policies/index.ts"
import type { OrderContext } from "./orderMachine.ts"
import { refusalKey } from "./process/names.ts"
import type { GuardFacts } from "./process/OwnGuard.ts"
import type { Refusal } from "./Refusal.ts"
import { latest, type Timestamp } from "./Timestamp.ts"
import type { Occasion, Transition } from "./Transition.ts"

/**
 * Decide on a command.
 *
 * The machine is asked once and answers with a name: a refusal's code, or where to and with which consequences. Everything else here
 * only puts the question to it and its answer into words.
 */
export const decide = <Type extends CommandType>(
  lifecycle: Lifecycle,
  order: Order,
  command: { readonly type: Type } & OrderCommand<Type>,
  occasion: Occasion
): Result.Result<Transition<EventOf<Type>>, RefusalOf<Type>> => {
  const question = questionOf(lifecycle, order, command, occasion.at)
  const answer = answerTo(lifecycle, order.status, contextOf(lifecycle, order, command, occasion), question)
  if (answer.refusal) return Result.fail(refusalOf(lifecycle, order, command, answer) as RefusalOf<Type>)
  const event = eventOf(lifecycle, order, command, answer, occasion) as EventOf<Type>
  const after = evolve(order, event)
  assertLaws(after, lifecycle.process)
  return Result.succeed({ before: order, event, after })
}

/** What the machine is asked with: the units, and what guards of the embedding service's own look at, where there are any. */
export const contextOf = (
  { process }: Lifecycle,
  order: Order,
  command: OrderCommand,
  occasion: Pick<Occasion, "at" | "actor"> | undefined
): OrderContext => {
  const units = unitsOf(order)
  return process === undefined || occasion === undefined
    ? { units }
    : // A guard sees the order with its own data: see `loadProcess`.
      { units, given: { order, command, at: occasion.at, actor: occasion.actor } as GuardFacts }
}

/** The command as the machine is asked: its type, and the facts its guards want to know. Without `at`, no start is too far away. */
export const questionOf = ({ commands }: Lifecycle, order: Order, command: OrderCommand, at?: Timestamp): OrderEvent =>
  commands[command.type].question(order, command, at)

/** The event that records an accepted command. Its time never lies before the order's last one, even when the clock was set back. */
const eventOf = (
  { commands, process }: Lifecycle,
  order: Order,
  command: OrderCommand,
  answer: Answer,
  occasion: Occasion
): AuditEvent => {
  const { kind, record, releases } = commands[command.type]
  const { details, confidential } = record(order, command, occasion.at, occasion.actor)
  const event = {
    tenantId: order.tenantId,
    orderId: order.orderId,
    sequence: order.version + 1,
    at: latest(occasion.at, order.updatedAt),
    actor: occasion.actor,
    requestId: occasion.requestId,
    from: order.status,
    to: answer.to,
    released: releasedBy(order, command, answer, releases),
    type: kind,
    details,
    confidential
  } as AuditEvent & { process?: ProcessVersion }
  // Written into it, because a copy takes longer than all the rest of a decision.
  if (process !== undefined) event.process = process.version
  return event
}

/** The units that an accepted command gives back, by line. */
export const releasedBy = (
  order: Order,
  command: OrderCommand,
  { consequences }: Answer,
  releases: CommandOfLifecycle["releases"]
): ReadonlyArray<Released> =>
  consequences.includes("releaseHeldUnits")
    ? heldByLine(order.lines)
    : consequences.includes("releaseSomeHeldUnits")
      ? (releases?.(order, command) ?? [])
      : []

const heldByLine = (lines: ReadonlyArray<Line>): ReadonlyArray<Released> => {
  const held: Array<Released> = []
  for (const [line, { sku, units }] of lines.entries()) if (units.held > 0) held.push({ line, sku, quantity: units.held })
  return held
}

/** Every subscription that the policy holds against a cancel, oldest first. */
export const subscriptionsInTheWay = (lifecycle: Lifecycle, order: Order): ReadonlyArray<SubscriptionId> =>
  policies[lifecycle.policy].inTheWay(order).map(({ subscriptionId }) => subscriptionId)

/** The machine's refusal, as the error a caller gets: the same code, and what it takes to act on it. */
export const refusalOf = (lifecycle: Lifecycle, order: Order, command: OrderCommand, answer: Answer): Refusal => {
  const { policy, process, commands } = lifecycle
  const { code, lacking } = answer.refusal ?? {}
  const own = lacking === undefined ? undefined : process?.refusals.get(refusalKey(command.type, lacking))
  if (own !== undefined) return own(order.orderId)
  const refusal = code && commands[command.type].refusals[code]?.({ order, command, lacking, policy })
  if (refusal) return refusal
  throw new Error(`orderMachine refuses ${command.type} with ${String(code)}, which no error class stands for`)
}
