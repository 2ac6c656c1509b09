/**
 * What open transactions have written. To other callers it is not there, and a call that is to write the same waits for the transaction's end: what
 * a database does under READ COMMITTED.
 */
import type { Change } from "../lifecycle/OrderStore.ts"
import type { OrderId, SerialNumber, TenantId } from "../order/Order.ts"
import { changedSubscriptions } from "../order/Transition.ts"
import type { Write } from "./Tenant.ts"

const named = (kind: "order" | "asset" | "customer" | "key", tenantId: TenantId, name: string): string =>
  JSON.stringify([kind, tenantId, name])

export const orderName = ({ tenantId, orderId }: { readonly tenantId: TenantId; readonly orderId: OrderId }): string =>
  named("order", tenantId, orderId)
export const assetName = (tenantId: TenantId, serialNumber: SerialNumber): string => named("asset", tenantId, serialNumber)
export const keyName = (tenantId: TenantId, key: string): string => named("key", tenantId, key)

/** The names of all that a change writes and that must be unique, or is pinned to a version. */
export const namesIn = ({ transition, newCustomer, remember }: Change): ReadonlyArray<string> => {
  const { tenantId } = transition.after
  const names = [orderName(transition.after)]
  for (const { was, is } of changedSubscriptions(transition)) {
    if (was !== undefined) names.push(assetName(tenantId, was.serialNumber))
    if (was?.serialNumber !== is.serialNumber) names.push(assetName(tenantId, is.serialNumber))
  }
  if (newCustomer) names.push(named("customer", tenantId, newCustomer.emailKey))
  if (remember) names.push(keyName(tenantId, remember.key))
  return names
}

/** One thing written, by a transaction that is one of `Owner`. */
interface Written<Owner> {
  owner: Owner
  readonly names: ReadonlyArray<string>
  readonly write: Write
  undo: () => void
}

/** Everything that is written and not committed, in the order in which it was written. Most of the time there is nothing. */
export class Uncommitted<Owner> {
  #all: Array<Written<Owner>> = []

  get isEmpty(): boolean {
    return this.#all.length === 0
  }

  /** Write something. */
  add(owner: Owner, names: ReadonlyArray<string>, write: Write): void {
    this.#all.push({ owner, names, write, undo: write() })
  }

  /** Look at what is there without what others have written. It is taken back and written again, in one step. */
  without<A>(isOther: (owner: Owner) => boolean, look: () => A): A {
    const theirs = this.#all.filter(({ owner }) => isOther(owner))
    for (const each of theirs.toReversed()) each.undo()
    try {
      return look()
    } finally {
      for (const each of theirs) each.undo = each.write()
    }
  }

  /** Whose uncommitted write has one of the names. */
  writerOf(names: ReadonlyArray<string>, isOther: (owner: Owner) => boolean): Owner | undefined {
    return this.#all.find((each) => isOther(each.owner) && each.names.some((name) => names.includes(name)))?.owner
  }

  /** What a transaction has written is another's now. */
  hand(from: Owner, to: Owner): void {
    for (const each of this.#all) if (each.owner === from) each.owner = to
  }

  /** What a transaction has written stays. */
  keep(of: Owner): void {
    this.#all = this.#all.filter(({ owner }) => owner !== of)
  }

  /** What a transaction has written is taken back. */
  takeBack(of: Owner): void {
    for (const { owner, undo } of this.#all.toReversed()) if (owner === of) undo()
    this.keep(of)
  }
}
