/**
 * The end of a contract as something that its order waits for, and what is done then. A row waits from every start on, whatever the setting: that
 * is asked when the row is due. Source: whole-life.md, sections 4 and 6.
 */
import type { CommandRequest } from "./commands/index.ts"
import { longestContract } from "./contract.ts"
import type { DueChange, DueCommand } from "./due.ts"
import { isActive, type Order, type Subscription, type SubscriptionId } from "./Order.ts"
import type { Timestamp } from "./Timestamp.ts"
import { changedSubscriptions, type Transition } from "./Transition.ts"

/** What becomes of a subscription when its contract ends. */
export const contractEndings = ["require_action", "auto_terminate", "auto_renew_monthly", "auto_renew_same_term"] as const
export type ContractEnding = (typeof contractEndings)[number]

/** What rows of contracts begin with. No name of a process's own has a colon. */
const prefix = "contractEnds:"

/** The name of the row of a subscription: an order has one of a name at most. */
export const contractEndOf = (subscriptionId: SubscriptionId): string => prefix + subscriptionId

/** The subscription whose contract a row waits for; undefined for any other row. */
export const endingContract = (name: string): SubscriptionId | undefined =>
  name.startsWith(prefix) ? (name.slice(prefix.length) as SubscriptionId) : undefined

/** The row of an active subscription. */
export const contractEndRow = (order: Pick<Order, "status" | "version">, subscription: Subscription): DueCommand => ({
  name: contractEndOf(subscription.subscriptionId),
  // Where the order stood then. It waits on wherever it goes: see `isContractOver`.
  status: order.status,
  command: "completeSubscription",
  payload: { rentalId: subscription.subscriptionId },
  at: subscription.endDate,
  since: order.version
})

/** What a transition does to these rows. */
export const contractEndsChange = (transition: Pick<Transition, "before" | "after">): DueChange => {
  const set: Array<DueCommand> = []
  const cleared: Array<string> = []
  for (const { was, is } of changedSubscriptions(transition)) {
    if (!isActive(is)) cleared.push(contractEndOf(is.subscriptionId))
    else if (was?.endDate !== is.endDate) set.push(contractEndRow(transition.after, is))
  }
  return { set, cleared }
}

/** What an order is to wait for besides what it does, and what no longer. */
export const contractEndsPlan = (order: Order, waits: ReadonlyArray<Pick<DueCommand, "name">>): DueChange => {
  const active = order.subscriptions.filter(isActive)
  const asked = new Set(active.map(({ subscriptionId }) => contractEndOf(subscriptionId)))
  const waited = new Set(waits.flatMap(({ name }) => (endingContract(name) === undefined ? [] : [name])))
  return {
    set: active.map((each) => contractEndRow(order, each)).filter(({ name }) => !waited.has(name)),
    cleared: [...waited].filter((name) => !asked.has(name))
  }
}

/** Whether the contract that a row waits for is over at a moment, and the subscription still there to do something about. */
export const isContractOver = (order: Pick<Order, "subscriptions">, id: SubscriptionId, at: Timestamp): boolean =>
  order.subscriptions.some((each) => each.subscriptionId === id && isActive(each) && each.endDate <= at)

/** What is recorded as the reason of what is done by itself. */
export const contractEndReason = "contract_end"

/** The command that a setting asks for when a contract has ended; undefined where somebody has to see to it. */
export const commandAtEnd = (ending: ContractEnding, subscription: Subscription): CommandRequest | undefined => {
  const { subscriptionId: rentalId, contractLength, originalContractLength = contractLength } = subscription
  if (ending === "require_action") return undefined
  if (ending === "auto_terminate") return { type: "completeSubscription", rentalId }
  const extensionMonths = ending === "auto_renew_monthly" ? 1 : originalContractLength
  return contractLength + extensionMonths > longestContract
    ? undefined
    : { type: "extendSubscription", rentalId, extensionMonths, reason: contractEndReason }
}

/** Whether a row is of a kind that is planned from the state of subscriptions, and not from the status of the order. */
export const isOfContract = ({ name }: Pick<DueCommand, "name">): boolean => endingContract(name) !== undefined
