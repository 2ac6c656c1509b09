/**
 * Every error the service answers with: one table from code to HTTP status, and one body. What is not in the table is a fault of the
 * service and says nothing but that. Source: decisions.md, section 3.
 */
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Schema from "effect/Schema"
import type { IdempotencyKeyReused } from "../lifecycle/idempotency.ts"
import type { OutcomeUnknown, StoreUnavailable } from "../lifecycle/OrderStore.ts"
import type { InputFault, OrderNotFound, Refusal } from "../order/Refusal.ts"

/** What the HTTP layer itself refuses, before a command is ever given. */
const httpMessages = {
  BAD_REQUEST: "The request is not valid HTTP",
  AUTH_REQUIRED: "An API key is required: Authorization: Bearer <key>",
  INVALID_TOKEN: "The API key is not valid",
  NO_TENANT_ACCESS: "The Tenant-ID header must name one tenant that the API key has access to",
  INSUFFICIENT_PERMISSIONS: "The API key may only read",
  NOT_FOUND: "Not found",
  METHOD_NOT_ALLOWED: "The path does not have this method",
  PAYLOAD_TOO_LARGE: "The request body is too large",
  UNSUPPORTED_MEDIA_TYPE: "The request body must be application/json in UTF-8, not compressed",
  RATE_LIMITED: "Too many requests; try again later",
  UNAVAILABLE: "The service is unavailable at present and nothing was changed; try again later",
  INTERNAL_ERROR: "Something went wrong on our side"
} as const
type HttpCode = keyof typeof httpMessages

/** A request that does not reach the lifecycle. */
export class HttpFault extends Schema.TaggedError<HttpFault>()("HttpFault", {
  code: Schema.Literals(Object.keys(httpMessages) as ReadonlyArray<HttpCode>),
  headers: Schema.Record(Schema.String, Schema.String)
}) {
  override get message() {
    return httpMessages[this.code]
  }
}

/** Everything an answer can be made of, other than success. */
export type Failure = HttpFault | Refusal | OrderOfSubscriptionNotFound | IdempotencyKeyReused | StoreUnavailable | OutcomeUnknown

/** The order that a new subscription is to belong to. It is not what the path names, so it has a code of its own. */
export class OrderOfSubscriptionNotFound extends Schema.TaggedError<OrderOfSubscriptionNotFound>()(
  "OrderOfSubscriptionNotFound",
  {
    cause: Schema.Unknown
  }
) {
  readonly code = "ORDER_NOT_FOUND"
  static readonly from = (cause: OrderNotFound) => new OrderOfSubscriptionNotFound({ cause })
  override get message() {
    return "Order not found"
  }
}

type Code = Extract<Failure, { code: string }>["code"] | "OUTCOME_UNKNOWN"

/** The HTTP status of every code. A code that is missing here does not compile. */
const statusByCode: Record<Code, number> = {
  BAD_REQUEST: 400,
  VALIDATION_ERROR: 400,
  VARIANT_NOT_FOUND: 400,
  VARIANT_INACTIVE: 400,
  INVALID_CONTRACT_LENGTH: 400,
  ORDER_NOT_PENDING: 400,
  ORDER_NOT_CONFIRMED: 400,
  ITEM_FULLY_FULFILLED: 400,
  ASSET_NOT_FOUND: 400,
  SKU_MISMATCH: 400,
  ASSET_NOT_AVAILABLE: 400,
  ORDER_NOT_CANCELLABLE: 400,
  ALREADY_CANCELLED: 400,
  ALREADY_ENDED: 400,
  AUTH_REQUIRED: 401,
  INVALID_TOKEN: 401,
  NO_TENANT_ACCESS: 403,
  INSUFFICIENT_PERMISSIONS: 403,
  NOT_FOUND: 404,
  ORDER_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  IDEMPOTENCY_KEY_REUSED: 422,
  RATE_LIMITED: 429,
  INTERNAL_ERROR: 500,
  OUTCOME_UNKNOWN: 503,
  UNAVAILABLE: 503
}

/** Failures of the store have no code of the specification's: these are theirs. Neither says anything about what went wrong inside. */
const storeFailures = {
  StoreUnavailable: { code: "UNAVAILABLE", message: httpMessages.UNAVAILABLE },
  OutcomeUnknown: {
    code: "OUTCOME_UNKNOWN",
    message:
      "It is not known whether the change was made; repeat the request under the same Idempotency-Key, or read before you repeat"
  }
} as const

/** Headers that a code always comes with. */
const headersByCode: Partial<Record<Code, Record<string, string>>> = {
  AUTH_REQUIRED: { "www-authenticate": "Bearer" },
  INVALID_TOKEN: { "www-authenticate": 'Bearer error="invalid_token"' },
  RATE_LIMITED: { "retry-after": "1" },
  OUTCOME_UNKNOWN: { "retry-after": "1" },
  UNAVAILABLE: { "retry-after": "1" }
}

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

/** The answer to a failure. */
export const answerFailure = (failure: Failure): HttpServerResponse.HttpServerResponse => {
  const { code, message } =
    failure._tag === "StoreUnavailable" || failure._tag === "OutcomeUnknown" ? storeFailures[failure._tag] : failure
  const details = "details" in failure ? failure.details : undefined
  return HttpServerResponse.jsonUnsafe(errorBody(code, code === "VALIDATION_ERROR" ? "Validation failed" : message, details), {
    status: statusByCode[code],
    headers: { ...headersByCode[code], ...(failure._tag === "HttpFault" && failure.headers) }
  })
}

/** The answer to a fault of the service: the request id is all it tells, and all it takes to find the fault in the log. */
export const answerDefect = (requestId: string): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.jsonUnsafe(errorBody("INTERNAL_ERROR", `${httpMessages.INTERNAL_ERROR} (request ${requestId})`), {
    status: statusByCode.INTERNAL_ERROR
  })
