/** Would a lifecycle have allowed a history? Each step is given to it again, with the guards of its process asked as they would have been then. Pure. */
import * as Result from "effect/Result"
import type { SealedEvent } from "../auditChain.ts"
import { evolve } from "../evolve.ts"
import { answerTo, hasStatus, type Lifecycle, recordedBy } from "../lifecycleTable.ts"
import { type Order, unitsOf } from "../Order.ts"

/** The first step that would not have been allowed: the event, by its place and its type, and why not. */
export interface DisallowedStep {
  readonly sequence: number
  readonly type: string
  readonly message: string
}

/** Null when every step would have been allowed; `erased` when one cannot be judged, because a guard may look at what is gone. */
export type Judged = DisallowedStep | typeof erased | null
/** What is wrong with a step, in words; or that it cannot be judged. */
type Fault = string | typeof erased | null
export const erased = Symbol("erased")

/** Judge a history. */
export const judgeHistory = (lifecycle: Lifecycle, events: ReadonlyArray<SealedEvent>): Judged => {
  let order: Order | null = null
  for (const { event, salt } of events) {
    const fault = order === null ? placingFault(lifecycle, event) : stepFault(lifecycle, order, event, salt === null)
    if (fault === erased) return fault
    if (fault !== null) return { sequence: event.sequence, type: event.type, message: fault }
    order = evolve(order, event)
  }
  return null
}

type Event = SealedEvent["event"]

const placingFault = (lifecycle: Lifecycle, { to, details }: Event): string | null => {
  if (to !== lifecycle.initial) return `an order begins as ${lifecycle.initial} now, and this one began as ${to}`
  return dataFault(lifecycle, details)
}

const stepFault = (lifecycle: Lifecycle, order: Order, event: Event, isErased: boolean): Fault => {
  if (!hasStatus(lifecycle, order.status)) return `there is no status ${order.status}`
  const definition = recordedBy(lifecycle, event.type)
  if (definition === undefined) return `no command is recorded by ${event.type}`
  const question = definition.questionOfEvent(order, event)
  const { type } = question
  const isGuarded = [...(lifecycle.process?.guards.values() ?? [])].some(({ before }) => before === type)
  if (isErased && isGuarded) return erased
  const command = definition.commandOf(order, event)
  const given = { order: order as never, command, at: event.at, actor: event.actor }
  const context = { units: unitsOf(order), ...(lifecycle.process && { given }) }
  const answer = answerTo(lifecycle, order.status, context, question)
  if (answer.refusal)
    return `${type} in ${order.status} is refused: ${answer.refusal.code} (${answer.refusal.lacking} does not hold)`
  if (answer.to !== event.to) return `${type} in ${order.status} leads to ${answer.to} now, and led to ${event.to}`
  return dataFault(lifecycle, event.details)
}

/** Own data that the schema of the process does not take. */
const dataFault = ({ process }: Lifecycle, details: object): string | null => {
  if (process === undefined || !("data" in details) || details.data === undefined) return null
  const read = process.data.read(details.data)
  return Result.isFailure(read) ? read.failure.details.map(({ path, message }) => `${path} ${message}`).join("; ") : null
}
