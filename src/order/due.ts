/**
 * Commands that are given by themselves when their moment has come: which of them a change asks for, and which it makes needless. Pure. They
 * are given by `lifecycle/Due.ts`.
 */
import type * as Schema from "effect/Schema"
import type { AuditEvent } from "./AuditEvent.ts"
import type { CommandType } from "./commands/index.ts"
import { contractEndsChange, contractEndsPlan, endingContract, isContractOver, isOfContract } from "./contractEnds.ts"
import { fold } from "./evolve.ts"
import { answersOf, type Lifecycle } from "./lifecycleTable.ts"
import type { Order, OrderStatus } from "./Order.ts"
import { fromMillis, type Timestamp, toMillis } from "./Timestamp.ts"
import type { Transition } from "./Transition.ts"

/** So long in a status, and a command is due. */
export interface DueRule {
  /** What the row of an order is called. An order has one of a name at most. */
  readonly name: string
  readonly status: OrderStatus
  readonly afterMs: number
  readonly command: CommandType
  readonly payload: Readonly<Record<string, Schema.Json>>
}

/** A command that an order waits for. */
export interface DueCommand extends Omit<DueRule, "afterMs"> {
  /** Not given before this moment. */
  readonly at: Timestamp
  /** The version of the order that brought it about, which tells this stay in the status from a later one. */
  readonly since: number
}

/** What a change does to the commands that its order waits for. */
export interface DueChange {
  readonly set: ReadonlyArray<DueCommand>
  /** By name. One that does not wait is none the less named. */
  readonly cleared: ReadonlyArray<string>
}

/**
 * What a change asks for: it begins to wait where the order comes into a status, and ends where the order leaves it; and it waits for the ends of
 * the contracts of its subscriptions.
 */
export const dueChange = ({ due = [] }: Lifecycle, transition: Transition): DueChange | undefined => {
  const { before, event, after } = transition
  const contracts = before?.subscriptions === after.subscriptions ? undefined : contractEndsChange(transition)
  const moved = before?.status === after.status ? [] : due
  const rules = moved.filter(({ status }) => status === after.status).map((rule) => dueCommand(rule, event.at, after.version))
  const left = moved.flatMap(({ status, name }) => (status === before?.status ? [name] : []))
  return changeOf([...rules, ...(contracts?.set ?? [])], [...left, ...(contracts?.cleared ?? [])])
}

const changeOf = (set: DueChange["set"], cleared: DueChange["cleared"]): DueChange | undefined =>
  set.length === 0 && cleared.length === 0 ? undefined : { set, cleared }

/** The command that is due for an order that came into the status of a rule then, with this version. */
export const dueCommand = ({ afterMs, ...rule }: DueRule, came: Timestamp, since: number): DueCommand => ({
  ...rule,
  at: fromMillis(toMillis(came) + afterMs),
  since
})

/**
 * What an order with this history is to wait for besides what it does, and what no longer; undefined where nothing is to be changed. Without a
 * process it is not known which of the rules of one are gone.
 */
export const duePlan = (
  { due = [], process }: Lifecycle,
  events: ReadonlyArray<AuditEvent>,
  all: ReadonlyArray<Pick<DueCommand, "name" | "status">>
): DueChange | undefined => {
  const came = events.findLast(({ from, to }) => from !== to)
  if (came === undefined) return undefined
  const order = foldOf(events)
  const contracts = order === null ? { set: [], cleared: [] } : contractEndsPlan(order, all)
  const waits = all.filter((each) => !isOfContract(each))
  const rules = due.filter(({ status }) => status === came.to)
  const isGone = (name: string) => process !== undefined && name !== expiryName && !rules.some((rule) => rule.name === name)
  const left = new Set(waits.flatMap(({ name, status }) => (status !== came.to || isGone(name) ? [name] : [])))
  const waited = new Set(waits.flatMap(({ name }) => (left.has(name) ? [] : [name])))
  const set = rules.filter(({ name }) => !waited.has(name)).map((rule) => dueCommand(rule, came.at, came.sequence))
  const cleared = [...left].filter((name) => !isSet(set, name))
  return changeOf([...set, ...contracts.set], [...cleared, ...contracts.cleared])
}

/** What a history makes, if it is one: what is wrong with it is not for here to say. */
const foldOf = (events: ReadonlyArray<AuditEvent>): Order | null => {
  try {
    return fold(events)
  } catch {
    return null
  }
}

/** Whether a command of this name is waited for from now on. */
export const isSet = (set: ReadonlyArray<DueCommand>, name: string): boolean => set.some((each) => each.name === name)

/** Whether what the command is waited for still holds: the order is where it was, or the contract has ended by then. */
export const isAskedFor = (
  { name, status }: Pick<DueCommand, "name" | "status">,
  order: Pick<Order, "status" | "subscriptions">,
  at: Timestamp
): boolean => {
  const ending = endingContract(name)
  return ending === undefined ? order.status === status : isContractOver(order, ending, at)
}

/** Whether a command is accepted in a status once nothing stands in its way. */
export const canBeAccepted = (lifecycle: Lifecycle, status: OrderStatus, command: CommandType): boolean =>
  answersOf(lifecycle, status)[command].some(({ refusal }) => refusal === undefined)

/** What a pending order waits for where orders expire. Source: whole-life.md, section 6. */
export const expiry = (initial: OrderStatus, afterMs: number): DueRule => ({
  name: expiryName,
  status: initial,
  afterMs,
  command: "cancel",
  payload: { reason: "expired", reasonCode: "expired" }
})
export const expiryName = "expire"
