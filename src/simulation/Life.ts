/** What people know of an order: what the answers to their calls have told them, no more. */
import type { CustomerId, Order, OrderId, SerialNumber, Sku, SubscriptionId } from "../order/Order.ts"
import type { Answer, Call } from "./Call.ts"
import type { Clients, Person } from "./Clients.ts"
import { happens, type Stream } from "./randomness.ts"

/** A unit that is with the customer. `isOver`: it is with them no more. */
export interface Rented {
  readonly sku: Sku
  asset: SerialNumber
  /** When the contract ends, as far as people know (ms since 1970). */
  contractEndsAt: number
  isOver: boolean
}

export interface Life {
  readonly customer: Person
  readonly fate: Stream
  /** What happens to it later, beside confirming, sending and ending it; and the own commands of a process. Each shifts nothing else. */
  readonly laterFate: Stream
  readonly ownFate: Stream
  readonly orderId: OrderId
  readonly customerId: CustomerId
  /** What was ordered, with what was added. */
  readonly items: Array<{ readonly sku: Sku; readonly quantity: number }>
  status: string
  version: number
  /** Grows with every change of status: what was planned for an earlier one is off. */
  stage: number
  /** Its units are made ready and sent. */
  isSending: boolean
  /** What was held of it was given back: no unit of it is waited for any more. */
  isGivenBack: boolean
  /** Nothing will be done with it any more. */
  isOver: boolean
  readonly rented: Map<SubscriptionId, Rented>
}

/** By the name of staff. */
export const staffFor = ({ customer }: Life): Person => ({ ...customer, userId: "staff" })

/** An order is seen as it stands. */
const see = (life: Life, { version }: Pick<Order, "version">): void => {
  life.version = Math.max(life.version, version)
}

/** A call about one order. */
export type CallAbout = Exclude<Call, { readonly type: "place" | "cancelMany" }>

/** How often a caller who is told that the order is at another version looks at it, and asks again. */
const mostLooks = 5

/**
 * Ask for something that is about one order. A share of callers name the version that they have seen; where the order is at another, they look at it
 * and ask again, and at last without naming one.
 */
export const askAbout = (clients: Clients, life: Life, person: Person, call: CallAbout, done: (answer: Answer) => void): void => {
  const isCareful = clients.expectVersion > 0 && happens(clients.expectVersion, life.laterFate)
  const ask = (looks: number): void => {
    const named = isCareful && looks < mostLooks ? { expectedVersion: life.version } : {}
    clients.send(
      person,
      call,
      (answer) => {
        if (answer.outcome === "accepted") see(life, answer.transition.after)
        if (answer.outcome !== "refused" || answer.refusal._tag !== "VersionMismatch") return done(answer)
        see(life, answer.refusal)
        return ask(looks + 1)
      },
      named
    )
  }
  ask(0)
}
