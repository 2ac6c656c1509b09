/**
 * What is charged for an early return or a buyout where nobody says an amount: two functions that the embedding service can replace. Source:
 * whole-life.md, section 4.
 */
import type { QuoteName } from "../order/commands/defineCommand.ts"
import { SubscriptionNotActive } from "../order/commands/onSubscription.ts"
import { monthlyAmountOf, monthsLeft } from "../order/contract.ts"
import { MinorUnits } from "../order/Money.ts"
import { isActive } from "../order/Order.ts"
import type { Timestamp } from "../order/Timestamp.ts"
import { optionReader } from "./options.ts"
import type { SubscriptionOfOrder } from "./OrderStore.ts"

/** What is charged, in minor units of the order's currency, were the subscription to end at that moment. Answers at once. */
export type QuoteFunction = (of: SubscriptionOfOrder, at: Timestamp) => number

export type QuoteFunctions = Readonly<Record<QuoteName, QuoteFunction>>

/** An early return costs nothing; a buyout, what the months that are left would have. */
export const defaultQuotes: QuoteFunctions = {
  earlyReturnFee: () => 0,
  buyoutPrice: ({ subscription, line }, at) => monthsLeft(subscription, at) * monthlyAmountOf(subscription, line)
}

const readAmount = optionReader(MinorUnits)

/** What a function says. Throws a `WrongOption` that names it where that is no amount. */
export const quoted = (functions: QuoteFunctions, name: QuoteName, of: SubscriptionOfOrder, at: Timestamp): number =>
  readAmount(functions[name](of, at), `${name}()`)

/** An amount that would be charged now, in minor units, and how many months of the contract are left. */
export interface Quote {
  readonly amount: number
  readonly monthsLeft: number
  readonly of: SubscriptionOfOrder
}

/** What would be charged for a subscription at a moment, if it is active. */
export const quoteFor = (
  functions: QuoteFunctions,
  name: QuoteName,
  of: SubscriptionOfOrder,
  at: Timestamp
): Quote | SubscriptionNotActive => {
  const { subscriptionId, status } = of.subscription
  return isActive(of.subscription)
    ? { amount: quoted(functions, name, of, at), monthsLeft: monthsLeft(of.subscription, at), of }
    : new SubscriptionNotActive({ subscriptionId, status })
}
