/**
 * Every error the service answers with: one table from code to HTTP status, and one body. What is not in the table is a fault of the
 * service and says nothing but that. Source: decisions.md, section 3.
 */
import * as Context from "effect/Context"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Schema from "effect/Schema"
import type { NotesMismatch, VersionMismatch } from "../lifecycle/expectedVersion.ts"
import type { IdempotencyKeyReused } from "../lifecycle/idempotency.ts"
import type { OutcomeUnknown, StoreUnavailable } from "../lifecycle/OrderStore.ts"
import { type CommandType, commandTypes, type RefusalOf } from "../order/commands/index.ts"
import { definitions } from "../order/commands/definitions.ts"
import type { InputFault, OrderNotFound } from "../order/commonRefusals.ts"
import type { Refusal } from "../order/Refusal.ts"
import type { OwnRefusal } from "../order/process/OwnRefusal.ts"
import type { InvalidBuyoutPrice, InvalidFee } from "./amounts.ts"
import { bodyLimits } from "./bodyLimits.ts"
import { notesTag, versionTag } from "./entityTags.ts"
import { describeCause, type Noted } from "./requestLog.ts"

/** What the HTTP layer itself refuses, before a command is ever given: what it says, in which case, and what to do. */
export const httpFaults = {
  BAD_REQUEST: {
    message: "The request is not valid HTTP",
    when: "The request is not valid HTTP.",
    remedy: "Send valid HTTP/1.1, with one Host header."
  },
  AUTH_REQUIRED: {
    message: "An API key is required: Authorization: Bearer <key>",
    when: "No API key was sent.",
    remedy: "Send the header `Authorization: Bearer <key>`."
  },
  INVALID_TOKEN: {
    message: "The API key is not valid",
    when: "The API key is not known.",
    remedy: "Use a key that the service was given."
  },
  NO_TENANT_ACCESS: {
    message: "The Tenant-ID header must name one tenant that the API key has access to",
    when: "The Tenant-ID is missing, repeated, or not one of the key's.",
    remedy: "Send one `Tenant-ID` header with a tenant of the key."
  },
  INSUFFICIENT_PERMISSIONS: {
    message: "The API key may only read",
    when: "The key may only read.",
    remedy: "Use a key with another role than `read-only`."
  },
  NOT_FOUND: { message: "Not found", when: "There is no such path.", remedy: "Verify the path." },
  METHOD_NOT_ALLOWED: {
    message: "The path does not have this method",
    when: "The path has no such method.",
    remedy: "Use one of the methods that the header `Allow` names."
  },
  REQUEST_TIMEOUT: {
    message: "The request took too long to arrive",
    when: "The request took too long to arrive.",
    remedy: "Send the request again, without pauses."
  },
  PAYLOAD_TOO_LARGE: {
    message: "The request body is too large",
    when: `The body is longer than ${bodyLimits.items / 1024} KiB (where items or many orders are given) or ${bodyLimits.other / 1024} KiB.`,
    remedy: "Send less at a time."
  },
  UNSUPPORTED_MEDIA_TYPE: {
    message: "The request body must be application/json in UTF-8, not compressed",
    when: "The body is not application/json, or it is compressed.",
    remedy: "Send JSON in UTF-8, with the header `Content-Type: application/json`."
  },
  EXPECTATION_FAILED: {
    message: "Only 100-continue can be expected",
    when: "The header `Expect` asks for something other than `100-continue`.",
    remedy: "Leave the header `Expect` out."
  },
  RATE_LIMITED: {
    message: "Too many requests; try again later",
    when: "The tenant sends too many requests.",
    remedy: "Try again after the seconds that `Retry-After` says."
  },
  HEADERS_TOO_LARGE: {
    message: "The request headers are too large",
    when: "The request line or the headers are too long.",
    remedy: "Send fewer or shorter headers."
  },
  UNAVAILABLE: {
    message: "The service is unavailable at present and nothing was changed; try again later",
    when: "The service is working on as many requests as it can, or cannot reach its store. Nothing was changed.",
    remedy: "Try again after the seconds that `Retry-After` says."
  },
  INTERNAL_ERROR: {
    message: "Something went wrong on our side",
    when: "A fault of the service.",
    remedy: "Report the request id; the log has the rest under it."
  }
} as const
export type HttpCode = keyof typeof httpFaults

/** A request that does not reach the lifecycle. */
export class HttpFault extends Schema.TaggedError<HttpFault>()("HttpFault", {
  code: Schema.Literals(Object.keys(httpFaults) as ReadonlyArray<HttpCode>),
  headers: Schema.Record(Schema.String, Schema.String)
}) {
  override get message() {
    return httpFaults[this.code].message
  }
  get remedy() {
    return httpFaults[this.code].remedy
  }
}

/** Everything an answer can be made of, other than success. */
export type Failure =
  | HttpFault
  | Refusal
  | InvalidFee
  | InvalidBuyoutPrice
  | OrderOfSubscriptionNotFound
  | IdempotencyKeyReused
  | VersionMismatch
  | NotesMismatch
  | StoreUnavailable
  | OutcomeUnknown

/** The order that a new subscription is to belong to. It is not what the path names, so it has a code of its own. */
export class OrderOfSubscriptionNotFound extends Schema.TaggedError<OrderOfSubscriptionNotFound>()(
  "OrderOfSubscriptionNotFound",
  {
    cause: Schema.Unknown,
    replayed: Schema.optionalKey(Schema.Literal(true))
  }
) {
  static readonly when = "The order that the subscription is to belong to does not exist in the tenant."
  readonly code = "ORDER_NOT_FOUND"
  readonly remedy = "Verify the order ID."
  static readonly from = (cause: OrderNotFound) =>
    new OrderOfSubscriptionNotFound({ cause, ...(cause.replayed && { replayed: true as const }) })
  override get message() {
    return "Order not found"
  }
}

/** A code of the library's. Guards of the embedding service's own give codes of its own beside these. */
export type Code = Extract<Exclude<Failure, OwnRefusal>, { code: string }>["code"] | "OUTCOME_UNKNOWN"

/** HTTP statuses of codes that the embedding service's own rules give, where they are not 400. */
export type OwnStatuses = Readonly<Record<string, number>>
export const OwnStatuses = Context.Reference<OwnStatuses>("order-lifecycle/http/OwnStatuses", {
  defaultValue: () => ({})
})

/** What the order's own state refuses. */
type RefusedCode = Exclude<RefusalOf<CommandType>, OwnRefusal>["code"]
const refusedCodes = commandTypes.flatMap((type) => Object.keys(definitions[type].refusals) as ReadonlyArray<RefusedCode>)

/** The HTTP status of every code: 400 where the order refuses a command, but for what is said here. A code that is missing does not compile. */
export const statusByCode: Record<Code, number> = {
  ...(Object.fromEntries(refusedCodes.map((code) => [code, 400])) as Record<RefusedCode, number>),
  BAD_REQUEST: 400,
  VARIANT_NOT_FOUND: 400,
  VARIANT_INACTIVE: 400,
  INVALID_CONTRACT_LENGTH: 400,
  INVALID_FEE: 400,
  INVALID_BUYOUT_PRICE: 400,
  INVALID_STATUS: 400,
  AUTH_REQUIRED: 401,
  INVALID_TOKEN: 401,
  NO_TENANT_ACCESS: 403,
  INSUFFICIENT_PERMISSIONS: 403,
  NOT_FOUND: 404,
  ORDER_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408,
  VERSION_MISMATCH: 412,
  ASSET_EXISTS: 409,
  ASSET_IN_USE: 409,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  EXPECTATION_FAILED: 417,
  IDEMPOTENCY_KEY_REUSED: 422,
  RATE_LIMITED: 429,
  HEADERS_TOO_LARGE: 431,
  INTERNAL_ERROR: 500,
  OUTCOME_UNKNOWN: 503,
  UNAVAILABLE: 503
}

/** Failures of the store have no code of the specification's: these are theirs. Neither says anything about what went wrong inside. */
const storeFailures = {
  StoreUnavailable: { code: "UNAVAILABLE", message: httpFaults.UNAVAILABLE.message },
  OutcomeUnknown: {
    code: "OUTCOME_UNKNOWN",
    message:
      "It is not known whether the change was made; repeat the request under the same Idempotency-Key, or read before you repeat"
  }
} as const

/** Headers that a code always comes with. */
export const headersByCode: Partial<Record<Code, Record<string, string>>> = {
  AUTH_REQUIRED: { "www-authenticate": "Bearer" },
  INVALID_TOKEN: { "www-authenticate": 'Bearer error="invalid_token"' },
  RATE_LIMITED: { "retry-after": "1" },
  OUTCOME_UNKNOWN: { "retry-after": "1" },
  UNAVAILABLE: { "retry-after": "1" }
}

/** An answer that is given again under its idempotency key has this: the rest of it is the first answer, byte for byte. */
export const replayedHeader = { "idempotent-replayed": "true" }

/** Every answer has these, errors and successes alike. */
export const commonHeaders = {
  "cache-control": "no-store",
  vary: "Authorization, Tenant-ID",
  "x-content-type-options": "nosniff"
}

/** A fault of the HTTP layer. */
export const httpFault = (code: HttpCode, headers: Record<string, string> = {}) => new HttpFault({ code, headers })

/** An input of a thousand wrong lines is answered with its first hundred faults. */
const maxDetails = 100

/** The body of an error. */
export const errorBody = (code: string, message: string, details?: ReadonlyArray<InputFault>) => ({
  error: { code, message, ...(details !== undefined && { details: details.slice(0, maxDetails) }) }
})

/** The code of a failure, and what is said of it. */
const told = (failure: Exclude<Failure, OwnRefusal>): { readonly code: Code; readonly message: string } =>
  failure._tag === "StoreUnavailable" || failure._tag === "OutcomeUnknown" ? storeFailures[failure._tag] : failure

/** The same for any failure, where it is one of many answers in one. */
export const toldOf = (failure: Failure): { readonly code: string; readonly message: string } =>
  failure._tag === "OwnRefusal" ? failure : told(failure)

/** Note a failure for the log: its code, and why the service could not answer when that is so. */
export const noteFailure = (notes: Noted, failure: Failure): void => {
  if (failure._tag === "OwnRefusal") return void (notes.code = failure.code)
  const { code } = told(failure)
  notes.code = code
  if (statusByCode[code] >= 500) notes.cause ??= describeCause(failure)
}

/** The answer to a failure. `ownStatuses`: see `OwnStatuses`. */
export const answerFailure = (
  failure: Failure,
  ownStatuses: Readonly<Record<string, number>> = {}
): HttpServerResponse.HttpServerResponse => {
  if (failure._tag === "OwnRefusal") {
    return HttpServerResponse.jsonUnsafe(errorBody(failure.code, failure.message), {
      status: ownStatuses[failure.code] ?? 400,
      headers: failure.replayed ? replayedHeader : {}
    })
  }
  const { code, message } = told(failure)
  const details = "details" in failure ? failure.details : undefined
  return HttpServerResponse.jsonUnsafe(errorBody(code, code === "VALIDATION_ERROR" ? "Validation failed" : message, details), {
    status: statusByCode[code],
    headers: {
      ...headersByCode[code],
      ...(failure._tag === "HttpFault" && failure.headers),
      ...(failure._tag === "VersionMismatch" && versionTag(failure.version)),
      ...(failure._tag === "NotesMismatch" && notesTag(failure.notes)),
      ...("replayed" in failure && failure.replayed && replayedHeader)
    }
  })
}

/** The answer to a fault of the service: the request id is all it tells, and all it takes to find the fault in the log. */
export const answerDefect = (requestId: string): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.jsonUnsafe(errorBody("INTERNAL_ERROR", `${httpFaults.INTERNAL_ERROR.message} (request ${requestId})`), {
    status: statusByCode.INTERNAL_ERROR
  })
