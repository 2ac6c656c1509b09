/**
 * What a failed statement means for the order, and what a failure to start means. This is the only place that knows
 * PostgreSQL's error codes.
 *
 * The question is always: was anything done? A server that answers with an error has undone the statement. No answer, on a connection
 * that had the statement already, says nothing either way.
 */
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import { TenantIsMoving } from "../lifecycle/TenantDirectory.ts"

/**
 * - `taken`: a key is taken, or what the row refers to is gone. Another command was first.
 * - `overtaken`: a deadlock or a failure to serialise. Nothing was done, and trying again will do.
 * - `refused`: the server could not do it at present (no connection, a lock not had in time, disk full). Nothing was done.
 * - `unclear`: it may or may not have been done.
 * - `mistake`: the statement or the data is wrong. A defect of this library, or of other programs that write to its tables.
 */
export type SqlFailure = "taken" | "overtaken" | "refused" | "unclear" | "mistake"

/** What a change of a tenant that is being moved, or was, is refused with (`move/fence.ts`). */
export const movingState = "OL001"

/** By SQLSTATE, or by its first two characters, its class. */
const meaning: Readonly<Record<string, SqlFailure>> = {
  "23505": "taken", // unique violation
  "23503": "taken", // foreign key violation
  "21000": "taken", // two changes of one statement want the same idempotency key
  "40001": "overtaken", // serialisation failure
  "40P01": "overtaken", // deadlock
  "55P03": "refused", // lock not available in time
  "25006": "refused", // read-only: the server became a replica
  "25P02": "refused", // the transaction had failed before: nothing of it is ever committed
  "25P03": "refused", // the transaction was idle for too long, and was undone
  "25P04": "refused", // the transaction took too long, and was undone
  "26000": "refused", // the pooler has given this session's prepared statement to another server connection
  "42P05": "refused", // the same, seen from the other side: a statement of that name is there already
  "57P03": "refused", // starting up or shutting down, before a session began
  [movingState]: "refused", // the tenant leaves this database, or has left it
  "53": "refused", // out of disk, memory or connections
  "28": "refused", // not let in
  "57": "unclear", // cancelled, or the server is being shut down
  "08": "unclear" // connection lost
}

/** System and internal errors. An `ERROR` that arrived whole undid the statement and left the session alive; anything graver did not. */
const troubles = new Set(["58", "XX"])

/**
 * The cause of a `StoreUnavailable` when a call was made within a transaction of the caller's own that had failed before. Nothing of that
 * transaction can be committed: roll it back and begin again.
 */
export class TransactionHasFailed extends Data.TaggedError("TransactionHasFailed")<{ readonly cause: unknown }> {
  override get message() {
    return "An earlier statement of this transaction failed, so nothing in it can be committed. Roll it back and begin again."
  }
}

/**
 * The cause of a `StoreUnavailable` when a call was made within a transaction of the caller's own that sees the order as it was before another
 * command (REPEATABLE READ and above). Nothing was done; deciding again needs a transaction that begins now.
 */
export class TransactionMustRestart extends Data.TaggedError("TransactionMustRestart")<{ readonly cause: unknown }> {
  override get message() {
    return "Another command was first, and this transaction does not see what it did. Roll it back and begin again."
  }
}

/** What a cause means; `null` when no database is to blame for it. A driver may report an error as a defect: both are looked at. */
export const sqlFailureOf = (cause: Cause.Cause<unknown>): SqlFailure | null => {
  const error = sqlErrorIn(cause)
  if (error !== undefined) return ofSqlError(error)
  return Cause.hasInterruptsOnly(cause) ? "unclear" : null
}

/**
 * What went wrong, as an error to keep: the server's, or one that says so, in a transaction that had failed before and where the tenant is on the
 * move.
 */
export const errorOf = (cause: Cause.Cause<unknown>): unknown => {
  const error = sqlErrorIn(cause)
  const state = error === undefined ? undefined : sqlStateOf(error.reason.cause)
  if (state === "25P02") return new TransactionHasFailed({ cause: error })
  return state === movingState ? new TenantIsMoving({ cause: error }) : Cause.squash(cause)
}

const sqlErrorIn = (cause: Cause.Cause<unknown>): SqlError | undefined => {
  for (const reason of cause.reasons) {
    const error = Cause.isFailReason(reason) ? reason.error : Cause.isDieReason(reason) ? reason.defect : undefined
    if (isSqlError(error)) return error
  }
  return undefined
}

const ofSqlError = ({ reason }: SqlError): SqlFailure => {
  // Who was not let in has sent nothing.
  if (reason.operation === "connect") return "refused"
  const state = sqlStateOf(reason.cause)
  if (state === undefined) {
    // The server answered COMMIT with ROLLBACK: it had given the transaction up before.
    if (reason.operation === "commit" && /rolled back/.test(reason.message ?? "")) return "refused"
    return "unclear"
  }
  if (troubles.has(state.slice(0, 2))) return severityOf(reason.cause) === "ERROR" ? "refused" : "unclear"
  return meaning[state] ?? meaning[state.slice(0, 2)] ?? "mistake"
}

/** The five characters with which a server names an error; drivers put them on the cause as `code`. */
const sqlStateOf = (cause: unknown): string | undefined => {
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined
  return isSqlState(code) ? code : undefined
}

/** A lock was not had in time. What does not need it can go on. */
export const isLockTimeout = (error: unknown): boolean => isSqlError(error) && sqlStateOf(error.reason.cause) === "55P03"

/** A deadlock, or a failure to serialise: nothing was done, and trying again will do. */
export const wasOvertaken = (error: unknown): boolean => isSqlError(error) && ofSqlError(error) === "overtaken"

/** Node's own errors have a `code` too (ECONNRESET), but never one of five characters that starts like a SQLSTATE in use. */
export const isSqlState = (code: unknown): code is string =>
  typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith("E")

/** What a server's error says of the place that it is about, where it says so. */
export interface ErrorPlace {
  readonly schema: string | undefined
  readonly table: string | undefined
  readonly column: string | undefined
  readonly constraint: string | undefined
}

/**
 * Whether the rows of the embedding service's own are to blame for the failure of a statement that wrote some: a row broke a constraint of a table
 * that is not in the library's schema, or the statement is a mistake, which without them it is not. Where it is about, as far as the server says.
 */
export const ownRowsFailure = (error: SqlError, schema: string): ErrorPlace | null => {
  const { cause } = error.reason
  const place = placeOf(cause)
  const isElsewhere = place.schema !== undefined && place.schema !== schema
  if (isElsewhere) return place
  if (place.schema !== undefined) return null
  // A trigger of theirs may raise what it likes, and names no place.
  const failure = ofSqlError(error)
  return failure === "mistake" || (failure === "taken" && !isOurKey.test(inWords(error))) ? place : null
}

/** What is said of a key that is taken, by the statement that commits and by the server. */
const isOurKey = /an idempotency key is taken|ON CONFLICT DO UPDATE command cannot affect row a second time/

const placeOf = (cause: unknown): ErrorPlace => {
  const named = (member: "schema" | "table" | "column" | "constraint") => {
    const value: unknown = typeof cause === "object" && cause !== null ? (cause as Record<string, unknown>)[member] : undefined
    return typeof value === "string" && value !== "" ? value : undefined
  }
  return { schema: named("schema"), table: named("table"), column: named("column"), constraint: named("constraint") }
}

/** `ERROR`, `FATAL` or `PANIC`, in English whatever the server speaks. */
const severityOf = (cause: unknown): unknown =>
  typeof cause === "object" && cause !== null
    ? "severityUnlocalized" in cause
      ? cause.severityUnlocalized
      : "severity" in cause
        ? cause.severity
        : undefined
    : undefined

// --- starting ------------------------------------------------------------------------------------------------------------------------

/** Why a connection or a statement failed, for people: the server's own words with its SQLSTATE, or what the network said. One line. */
export const inWords = ({ reason, message }: SqlError): string => {
  const state = sqlStateOf(reason.cause)
  const words = reason.cause instanceof Error ? reason.cause.message : message
  const [line = ""] = (words === "" ? codeIn(reason.cause) : words).split("\n")
  return state === undefined ? line : `${line} (SQLSTATE ${state})`
}

/** Node's error for a host with several addresses has a code and no message. */
const codeIn = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : "no answer"

/**
 * Whether waiting may help: the server cannot be reached, is starting, is full, or was lost. What it refuses for good (no such database or
 * role, a missing right, a setting that it does not take) is not tried again.
 */
export const mayHeal = ({ reason }: SqlError): boolean => {
  const state = sqlStateOf(reason.cause)
  if (state === undefined) return true
  // PgBouncer says everything with this code. It may find its server later; it does not change its settings by itself.
  if (state === "08P01") return reason.cause instanceof Error && /server/.test(reason.cause.message)
  return ["08", "53", "57"].includes(state.slice(0, 2))
}
