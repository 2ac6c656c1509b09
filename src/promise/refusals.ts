/** Refusals among everything that a promise can be rejected with. */
import { EventNotErasable } from "../lifecycle/AuditTrail.ts"
import { DueNotParked } from "../lifecycle/Due.ts"
import { NotesMismatch, VersionMismatch } from "../lifecycle/expectedVersion.ts"
import { IdempotencyKeyReused } from "../lifecycle/idempotency.ts"
import { ConsumerExists, ConsumerNotFound, EventNotParked } from "../lifecycle/Outbox.ts"
import { Refusal as OrderRefusal } from "../order/Refusal.ts"

/** Every way in which a call can be refused. `code` says which, `remedy` what to do; a refusal changes nothing. */
export type Refusal =
  | OrderRefusal
  | IdempotencyKeyReused
  | VersionMismatch
  | NotesMismatch
  | EventNotErasable
  | OutboxRefusal
  | DueNotParked

type OutboxRefusal = ConsumerExists | ConsumerNotFound | EventNotParked

const classes: ReadonlyArray<new (...args: never) => Refusal> = [
  ...OrderRefusal.members,
  IdempotencyKeyReused,
  VersionMismatch,
  NotesMismatch,
  EventNotErasable,
  ConsumerExists,
  ConsumerNotFound,
  EventNotParked,
  DueNotParked
]

/**
 * Whether a call was refused: the order, or the request, is such that the answer is no. Everything else that a promise can be rejected with
 * is none of the customer's doing: `StoreUnavailable`, `OutcomeUnknown`, an abort, `OrdersClosed`, or a defect.
 */
export const isRefusal = (error: unknown): error is Refusal => classes.some((each) => error instanceof each)
