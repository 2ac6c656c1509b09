/**
 * A second account of an embedding service's own process, written by its team and sharing no code with it: by this the auditor judges what the
 * process's functions say. Without one, that is counted as not judged; what the process declares in data (which command leads from where to
 * where, what a status is like) is judged in any case.
 */
import type { AuditEvent } from "../order/AuditEvent.ts"
import type { Actor } from "../order/Order.ts"

/** A command that the library itself has nothing against. */
export interface OwnQuestion {
  /** By its name: one of the process's own, or one of the library's. */
  readonly command: string
  readonly payload: object
  /** Of the order, before it. */
  readonly status: string
  readonly at: string
  readonly actor: Actor
}

/** `Known` is what the account keeps of an order. */
export interface OwnAccount<Known = unknown> {
  /** What is known of an order after one more of its events; `known` is undefined before the first. */
  follow(known: Known | undefined, event: AuditEvent): Known
  /** The code that a guard refuses the command with, or null where it is to be accepted. */
  codeFor(known: Known, question: OwnQuestion): string | null
  /** The order's own data as they should be; left out, they are not judged. */
  dataOf?(known: Known): object
}

/** How many answers there was no second account for. */
export interface NotJudged {
  /** To own commands, and own commands that were given by themselves. */
  readonly ownCommands: number
  /** Refusals of the library's commands by guards of the process. */
  readonly guardRefusals: number
}
