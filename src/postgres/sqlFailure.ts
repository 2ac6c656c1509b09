/**
 * What a failed statement means for the order. This is the only place that knows PostgreSQL's error codes.
 *
 * The question is always: was anything done? A server that answers with an error has undone the statement. No answer, on a connection
 * that had the statement already, says nothing either way.
 */
import * as Cause from "effect/Cause"
import { isSqlError, type SqlError } from "effect/sql/SqlError"

/**
 * - `taken`: a key is taken, or what the row refers to is gone. Somebody else was first.
 * - `overtaken`: a deadlock or a failure to serialise. Nothing was done, and trying again will do.
 * - `refused`: the server could not do it at present (no connection, a lock not had in time, disk full). Nothing was done.
 * - `unclear`: nobody can tell whether it was done.
 * - `mistake`: the statement or the data is wrong. A defect of this library, or of whoever wrote to its tables.
 */
export type SqlFailure = "taken" | "overtaken" | "refused" | "unclear" | "mistake"

/** By SQLSTATE, or by its first two characters, its class. */
const meaning: Readonly<Record<string, SqlFailure>> = {
  "23505": "taken", // unique violation
  "23503": "taken", // foreign key violation
  "21000": "taken", // two changes of one statement want the same idempotency key
  "40001": "overtaken", // serialisation failure
  "40P01": "overtaken", // deadlock
  "55P03": "refused", // lock not available in time
  "25006": "refused", // read-only: the server became a replica
  "57P03": "refused", // starting up or shutting down, before a session began
  "53": "refused", // out of disk, memory or connections
  "28": "refused", // not let in
  "57": "unclear", // cancelled, or the server is being shut down
  "08": "unclear", // connection lost
  "58": "unclear", // system error
  XX: "unclear" // internal error
}

/** What a cause means; `null` when no database is to blame for it. A driver may report an error as a defect: both are looked at. */
export const sqlFailureOf = (cause: Cause.Cause<unknown>): SqlFailure | null => {
  for (const reason of cause.reasons) {
    const error = Cause.isFailReason(reason) ? reason.error : Cause.isDieReason(reason) ? reason.defect : undefined
    if (isSqlError(error)) return ofSqlError(error)
  }
  return Cause.hasInterruptsOnly(cause) ? "unclear" : null
}

const ofSqlError = ({ reason }: SqlError): SqlFailure => {
  const state = sqlStateOf(reason.cause)
  if (state !== undefined) return meaning[state] ?? meaning[state.slice(0, 2)] ?? "mistake"
  return reason.operation === "connect" ? "refused" : "unclear"
}

/** The five characters with which a server names an error; drivers put them on the cause as `code`. */
const sqlStateOf = (cause: unknown): string | undefined => {
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined
  // Node's own errors have a `code` too (ECONNRESET), but never one of five characters that starts like a SQLSTATE in use.
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith("E") ? code : undefined
}
