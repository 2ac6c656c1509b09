/**
 * What lists find an order by besides its columns: the email of its customer as customers are compared by it, the caller's own number, and each
 * SKU that a line has. All of it can change with a command, and a store that keeps it apart keeps what this says.
 */
import type { Order } from "./Order.ts"

export const lookupKinds = ["reference", "email", "sku"] as const
export type LookupKind = (typeof lookupKinds)[number]

/** One thing that an order is found by. */
export interface Lookup {
  readonly kind: LookupKind
  readonly value: string
}

/** Two customers are one where this is the same. */
export const emailKeyOf = (email: string): string => email.toLowerCase()

type Found = Pick<Order, "customer" | "externalReference" | "lines">

/** All that an order is found by, each once. */
export const lookupsOf = ({ customer, externalReference, lines }: Found): ReadonlyArray<Lookup> => [
  ...(externalReference === undefined ? [] : [{ kind: "reference", value: externalReference } as const]),
  { kind: "email", value: emailKeyOf(customer.email) },
  ...Array.from(new Set(lines.map(({ sku }) => sku)), (value) => ({ kind: "sku", value }) as const)
]

/** Whether an order is found by something else than before. `evolve` leaves what does not change the very same, and only ever adds lines. */
export const isFoundOtherwise = (before: Found, after: Found): boolean =>
  before.customer.email !== after.customer.email ||
  before.externalReference !== after.externalReference ||
  before.lines.length !== after.lines.length
