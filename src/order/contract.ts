/**
 * What a contract says of time and money: when it ends, how much of it is over, what a month costs. Months are counted on the calendar of the
 * start's offset, from its day of the month. Source: whole-life.md, section 4.
 */
import type { OrderedLine, Subscription } from "./Order.ts"
import { plusMonths, type Timestamp, toMillis } from "./Timestamp.ts"

type Contract = Pick<Subscription, "startDate" | "startOffsetMinutes" | "contractLength">

/** No contract is longer, with all its extensions (months). */
export const longestContract = 120

/** The moment so many months after the start. */
export const monthsAfterStart = (
  { startDate, startOffsetMinutes }: Omit<Contract, "contractLength">,
  months: number
): Timestamp => plusMonths(startDate, months, startOffsetMinutes)

/** No month is longer (milliseconds). */
const longestMonthMs = 31 * 86_400_000

/** Whole months from the start to a moment; 0 before it, and no more than the longest contract has. */
export const monthsRented = (contract: Contract, at: Timestamp): number => {
  // So many at least, if each were as long as a month can be. It takes a few more, and not one after the other from the start.
  const longestMonths = Math.floor((toMillis(at) - toMillis(contract.startDate)) / longestMonthMs)
  let months = Math.min(longestContract, Math.max(0, longestMonths))
  while (months < longestContract && monthsAfterStart(contract, months + 1) <= at) months++
  return months
}

/** Months of the contract that are not over: a begun month counts. All of them before the start, 0 from the end on. */
export const monthsLeft = (contract: Contract, at: Timestamp): number =>
  Math.max(0, contract.contractLength - monthsRented(contract, at))

/** What a month costs, in minor units. */
export const monthlyAmountOf = (
  { monthlyAmount }: Pick<Subscription, "monthlyAmount">,
  { unitPrice }: Pick<OrderedLine, "unitPrice">
): number => monthlyAmount ?? unitPrice
