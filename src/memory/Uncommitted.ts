/**
 * What an open transaction has written and not committed. To everybody else it is as it was before, and whoever wants to write the same waits for
 * the transaction's end: what a database does under READ COMMITTED.
 */
import type { Change, Loaded, LoadRequest } from "../lifecycle/OrderStore.ts"
import type { TenantId } from "../order/Order.ts"
import type { Tenant } from "./Tenant.ts"

const keyOf = (kind: "order" | "serial" | "email" | "key", tenantId: TenantId, name: string): string =>
  `${kind} ${JSON.stringify([tenantId, name])}`

/** The asset that a change rents or gives back. */
const serialOf = ({ transition: { event, after } }: Change): string | undefined => {
  if (event.type === "subscription.started") return event.details.serialNumber
  if (event.type !== "subscription.ended") return undefined
  const { subscriptionId } = event.details
  return after.subscriptions.find((each) => each.subscriptionId === subscriptionId)?.serialNumber
}

/** The names of all that a change writes and that is unique, or pinned to a version. */
export const writtenBy = (change: Change): ReadonlyArray<string> => {
  const { transition, newCustomer, remember } = change
  const { tenantId, orderId } = transition.after
  const serial = serialOf(change)
  return [
    keyOf("order", tenantId, orderId),
    ...(serial === undefined ? [] : [keyOf("serial", tenantId, serial)]),
    ...(newCustomer ? [keyOf("email", tenantId, newCustomer.emailKey)] : []),
    ...(remember ? [keyOf("key", tenantId, remember.key)] : [])
  ]
}

/** The same for a refusal that is remembered. */
export const writtenByRefusal = (tenantId: TenantId, key: string): ReadonlyArray<string> => [keyOf("key", tenantId, key)]

/** What was there before one transaction, by name. */
export class Uncommitted {
  readonly #orders = new Map<string, Loaded>()
  readonly #serials = new Map<string, boolean>()
  readonly #written = new Set<string>()

  /** What a change is about to write. */
  static before(change: Change, tenant: Tenant): Uncommitted {
    const { tenantId, orderId } = change.transition.after
    const before = new Uncommitted()
    before.#orders.set(keyOf("order", tenantId, orderId), tenant.load({ tenantId, order: { orderId } }))
    const serial = serialOf(change)
    if (serial !== undefined)
      before.#serials.set(keyOf("serial", tenantId, serial), change.transition.event.type === "subscription.ended")
    for (const name of writtenBy(change)) before.#written.add(name)
    return before
  }

  /** This transaction has written that, too. What it had written before stays as it was found. */
  add(more: Uncommitted): void {
    for (const [name, order] of more.#orders) if (!this.#orders.has(name)) this.#orders.set(name, order)
    for (const [name, isRented] of more.#serials) if (!this.#serials.has(name)) this.#serials.set(name, isRented)
    for (const name of more.#written) this.#written.add(name)
  }

  hasAny(names: ReadonlyArray<string>): boolean {
    return names.some((name) => this.#written.has(name))
  }

  /** What somebody else sees of what was loaded. */
  hide(loaded: Loaded, { tenantId, order: named, serialNumber, idempotency }: LoadRequest): Loaded {
    const orderId = "orderId" in named ? named.orderId : loaded.order?.orderId
    const before = orderId === undefined ? undefined : this.#orders.get(keyOf("order", tenantId, orderId))
    const isThere =
      "orderId" in named || before?.order?.subscriptions.some(({ subscriptionId }) => subscriptionId === named.subscriptionId)
    return {
      order: before === undefined ? loaded.order : isThere ? before.order : null,
      headHash: before === undefined ? loaded.headHash : isThere ? before.headHash : null,
      remembered: idempotency && this.hasKey(tenantId, idempotency.key) ? null : loaded.remembered,
      serialIsRented:
        (serialNumber === undefined ? undefined : this.#serials.get(keyOf("serial", tenantId, serialNumber))) ??
        loaded.serialIsRented
    }
  }

  /** Whether the customer of this address is known to this transaction alone. */
  hasCustomer(tenantId: TenantId, emailKey: string): boolean {
    return this.#written.has(keyOf("email", tenantId, emailKey))
  }

  /** Whether what is remembered under this key is known to this transaction alone. */
  hasKey(tenantId: TenantId, key: string): boolean {
    return this.#written.has(keyOf("key", tenantId, key))
  }
}
