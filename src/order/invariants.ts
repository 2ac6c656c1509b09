/**
 * What is true of every order, always. Checked before an order is written and after it is read; a violation is a defect of this library
 * or of whoever wrote to its tables, never a refusal.
 */
import { activeSubscriptions, type LibraryStatus, type Order, type OrderStatus, unitsOf } from "./Order.ts"
import type { LoadedProcess } from "./process/loadProcess.ts"
import { total, type Units } from "./Units.ts"

/** What each status says about the units of the order. Source: decisions.md, section 2, the table of statuses. */
const meaning: Readonly<Record<LibraryStatus, (units: Units) => boolean>> = {
  pending: ({ active, ended, released }) => active + ended + released === 0,
  confirmed: ({ active, ended, released }) => active + ended + released === 0,
  partial: ({ held, active, ended, released }) => held > 0 && active + ended > 0 && released === 0,
  fulfilled: ({ held, released }) => held === 0 && released === 0,
  cancelled: ({ held, active }) => held === 0 && active === 0
}

/** What a status says about units: an own one what its process says, and nothing where there is none to ask. */
export const fitsStatus = (status: OrderStatus, units: Units, process: LoadedProcess | undefined): boolean => {
  if (Object.hasOwn(meaning, status)) return meaning[status as LibraryStatus](units)
  const own = process?.statuses.get(status)
  return own === undefined || meaning[own.units](units)
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
