/**
 * What is true of every order, always. Checked before an order is written and after it is read; a violation is a defect of this library
 * or of whoever wrote to its tables, never a refusal.
 */
import { activeSubscriptions, type LibraryStatus, type Order, type OrderStatus, unitsIn, unitsOf } from "./Order.ts"
import type { LoadedProcess } from "./process/loadProcess.ts"
import { total, type Units } from "./Units.ts"

/** Where the units of an order can be, and what that says of them. Any number may be released. Source: whole-life.md, section 2. */
const unitLaws = {
  held: ({ held, active, ended }) => held > 0 && active + ended === 0,
  mixed: ({ held, active, ended }) => held > 0 && active + ended > 0,
  none: ({ held, active, ended }) => held === 0 && active + ended > 0,
  over: ({ held, active }) => held === 0 && active === 0
} satisfies Readonly<Record<string, (units: Units) => boolean>>
export type UnitLaw = keyof typeof unitLaws

/** What each status of the library says about them. */
export const lawOfStatus: Readonly<Record<LibraryStatus, UnitLaw>> = unitsIn

/** Whether units fit a status: an own one says by its process where they are, and nothing where there is none to ask. */
export const fitsStatus = (status: OrderStatus, units: Units, process: LoadedProcess | undefined): boolean => {
  const law = Object.hasOwn(lawOfStatus, status) ? lawOfStatus[status as LibraryStatus] : process?.statuses.get(status)?.units
  return law === undefined || unitLaws[law](units)
}

const isCount = (count: number): boolean => count >= 0 && Number.isSafeInteger(count)

/** A law that an order breaks, and how: the count of each line, what the status says of the units, the count of subscriptions. */
export interface BrokenLaw {
  readonly law: "units" | "status" | "subscriptions"
  readonly message: string
}

/** Every law the order breaks, in words; empty when it is sound. `process`, where there is one, says what its statuses mean. */
export const brokenLaws = (order: Order, process?: LoadedProcess): ReadonlyArray<string> =>
  breachesOf(order, process).map(({ message }) => message)

/** Every law the order breaks. */
export const breachesOf = (order: Order, process?: LoadedProcess): ReadonlyArray<BrokenLaw> => {
  const broken: Array<BrokenLaw> = []
  let line = -1
  for (const { quantity, units } of order.lines) {
    line++
    const { held, active, ended, released } = units
    if (total(units) === quantity && isCount(held) && isCount(active) && isCount(ended) && isCount(released)) continue
    const places = [held, active, ended, released].join(" + ")
    broken.push({
      law: "units",
      message: `line ${line}: quantity ${quantity} is not held + active + ended + released (${places})`
    })
  }
  const units = unitsOf(order)
  if (!fitsStatus(order.status, units, process)) {
    broken.push({ law: "status", message: `status ${order.status} does not fit the units ${JSON.stringify(units)}` })
  }
  const active = activeSubscriptions(order).length
  if (units.active !== active) {
    broken.push({ law: "subscriptions", message: `${units.active} units are active, but ${active} subscriptions` })
  }
  if (units.active + units.ended !== order.subscriptions.length) {
    const message = `${units.active + units.ended} units are or were rented, but there are ${order.subscriptions.length} subscriptions`
    broken.push({ law: "subscriptions", message })
  }
  return broken
}

/** Throws when the order breaks a law. */
export const assertLaws = (order: Order, process?: LoadedProcess): void => {
  const broken = breachesOf(order, process)
  if (broken.length === 0) return
  throw new Error(`order ${order.orderId} of tenant ${order.tenantId}: ${broken.map(({ message }) => message).join("; ")}`)
}
