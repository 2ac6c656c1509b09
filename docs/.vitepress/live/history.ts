/** A history that the reader pastes: the stored events of one order, as `AuditTrail.history` gives them. */
import * as Schema from "effect/Schema"
import { verifyChain } from "../../../src/order/auditChain.ts"
import { StoredEvent } from "./journey.ts"

export const History = Schema.NonEmptyArray(StoredEvent)
export type History = typeof History.Type

const meanings = {
  missing: "an event is missing",
  altered: "the event was altered",
  relinked: "the event does not follow the one before it",
  "confidential altered": "the confidential part was altered",
  moved: "the event belongs to another order"
} as const

/** What the chain of hashes says: null when it is whole. */
export const chainFault = (history: Parameters<typeof verifyChain>[0]): string | null => {
  const fault = verifyChain(history)
  return fault && `Event ${fault.sequence}: ${meanings[fault.fault]}.`
}

/** The same history with one event changed behind the chain's back. */
export const tampered = (history: ReadonlyArray<History[number]>, sequence: number): ReadonlyArray<History[number]> =>
  history.map((stored) =>
    stored.event.sequence === sequence
      ? { ...stored, event: { ...stored.event, actor: { ...stored.event.actor, userId: "mallory" } } }
      : stored
  )
