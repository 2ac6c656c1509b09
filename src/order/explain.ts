/**
 * What would happen, and why not: every blocker at once, and the exact plan. Nothing is changed by asking.
 *
 * Both ask the same table and use the same `decide` as the command itself, so what they say and what the command does cannot differ.
 */
import * as Result from "effect/Result"
import type { AuditEvent } from "./AuditEvent.ts"
import type { OrderCommand } from "./commands/index.ts"
import { contextOf, decide, questionOf, refusalOf, subscriptionsInTheWay } from "./decide.ts"
import { type Lifecycle, refusalsTo } from "./lifecycleTable.ts"
import { type Order, type OrderStatus, type SubscriptionId } from "./Order.ts"
import type { Released } from "./orderEvent.ts"
import type { Fact, OrderContext, StatusFact } from "./orderMachine.ts"
import type { Refusal } from "./Refusal.ts"
import type { Timestamp } from "./Timestamp.ts"
import type { Occasion, Transition } from "./Transition.ts"

/** One thing in the way of a command. */
export interface Blocker {
  /** The refusal the command would get. */
  readonly code: Refusal["code"]
  /** The machine's name for what is missing. */
  readonly guard: Fact | StatusFact
  readonly message: string
  readonly remedy: string
  /** Every subscription that is in the way. */
  readonly subscriptionIds: ReadonlyArray<SubscriptionId>
}

/** Everything in the way of a command; empty when it would be accepted. Without an occasion, what
 * depends on the time or on who asks is left out. */
export const explain = (
  lifecycle: Lifecycle,
  order: Order,
  command: OrderCommand,
  occasion?: Pick<Occasion, "at" | "actor">
): ReadonlyArray<Blocker> => blockersIn(lifecycle, order, command, contextOf(lifecycle, order, command, occasion), occasion?.at)

/** The same, for a context that is there. */
export const blockersIn = (
  lifecycle: Lifecycle,
  order: Order,
  command: OrderCommand,
  context: OrderContext,
  at: Timestamp | undefined
): ReadonlyArray<Blocker> =>
  refusalsTo(lifecycle, order.status, context, questionOf(lifecycle, order, command, at)).flatMap((answer) => {
    if (answer.refusal === undefined) return []
    const refusal = refusalOf(lifecycle, order, command, answer)
    return {
      code: refusal.code,
      guard: answer.refusal.lacking,
      message: refusal.message,
      remedy: refusal.remedy,
      subscriptionIds: "subscriptionIds" in refusal ? subscriptionsInTheWay(lifecycle, order) : []
    }
  })

/** What a command would do to an order as it stands. */
export interface Preview {
  readonly order: Order
  readonly blockers: ReadonlyArray<Blocker>
  /** The plan; null when something is in the way. */
  readonly plan: { readonly status: OrderStatus; readonly released: ReadonlyArray<Released>; readonly event: AuditEvent } | null
  /** What the caller may want to see to, because the command does not: in plain words. */
  readonly warnings: ReadonlyArray<string>
}

/** Preview a command: the next status, what would be released and the event that would be recorded, or every blocker. */
export const preview = (lifecycle: Lifecycle, order: Order, command: OrderCommand, occasion: Occasion): Preview => {
  const decision: Result.Result<Transition, Refusal> = decide(lifecycle, order, command, occasion)
  if (Result.isFailure(decision))
    return { order, blockers: explain(lifecycle, order, command, occasion), plan: null, warnings: [] }
  const { after, event } = decision.success
  return {
    order,
    blockers: [],
    plan: { status: after.status, released: event.released, event },
    warnings: lifecycle.commands[command.type].warnings?.(order) ?? []
  }
}
