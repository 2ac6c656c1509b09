/**
 * How each operation can be refused: for every HTTP status a body whose `code` is one of a list. `Api.ts` gives these to the operations,
 * and `test/http/everyAnswer.test.ts` provokes every one of them.
 */
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as Schema from "effect/Schema"
import { InputFault } from "../order/commonRefusals.ts"
import type { CommandType } from "../order/commands/index.ts"
import { codesOf, type Lifecycle } from "../order/lifecycleTable.ts"
import { type Code, type OwnStatuses, statusByCode } from "./errors.ts"

const message = Schema.String.annotate({ description: "Human-readable error message" })

/** The body of every error, as the specification has it. */
export const ErrorBody = Schema.Struct({
  error: Schema.Struct({ code: Schema.String.annotate({ description: "Error code" }), message })
}).annotate({ identifier: "Error" })

type Codes = readonly [Code, ...ReadonlyArray<Code>]

/** The same body with the codes that it can have. All codes have the same status. */
const refused = (identifier: string, codes: Codes) => refusedWith(identifier, statusByCode[codes[0]], codes)

const refusedWith = <Of extends string>(identifier: string, status: number, codes: readonly [Of, ...ReadonlyArray<Of>]) => {
  const [first, ...others] = codes
  const code = (others.length === 0 ? Schema.Literal(first) : Schema.Literals(codes)).annotate({ description: "Error code" })
  // Only an input can have several faults, and each is named.
  const error =
    status === 400
      ? Schema.Struct({ code, message, details: Schema.optionalKey(Schema.Array(InputFault)) })
      : Schema.Struct({ code, message })
  return Schema.Struct({ error }).annotate({ identifier }).pipe(HttpApiSchema.status(status))
}

/** Refusals that many operations share, by the names that they have in the OpenAPI description. */
export const sharedRefusals = {
  BadRequest: ["BAD_REQUEST", "VALIDATION_ERROR"],
  Unauthorized: ["AUTH_REQUIRED", "INVALID_TOKEN"],
  ReadForbidden: ["NO_TENANT_ACCESS"],
  ChangeForbidden: ["NO_TENANT_ACCESS", "INSUFFICIENT_PERMISSIONS"],
  NotFound: ["NOT_FOUND"],
  OrderNotFound: ["ORDER_NOT_FOUND"],
  MethodNotAllowed: ["METHOD_NOT_ALLOWED"],
  RequestTimeout: ["REQUEST_TIMEOUT"],
  PreconditionFailed: ["VERSION_MISMATCH"],
  PayloadTooLarge: ["PAYLOAD_TOO_LARGE"],
  UnsupportedMediaType: ["UNSUPPORTED_MEDIA_TYPE"],
  ExpectationFailed: ["EXPECTATION_FAILED"],
  IdempotencyKeyReused: ["IDEMPOTENCY_KEY_REUSED"],
  RateLimited: ["RATE_LIMITED"],
  HeadersTooLarge: ["HEADERS_TOO_LARGE"],
  InternalError: ["INTERNAL_ERROR"],
  ReadUnavailable: ["UNAVAILABLE"],
  ChangeUnavailable: ["UNAVAILABLE", "OUTCOME_UNKNOWN"],
  /** Of an operation that needs no key and takes no input. */
  Unreadable: ["BAD_REQUEST"]
} as const satisfies Readonly<Record<string, Codes>>
export type SharedRefusal = keyof typeof sharedRefusals

const schemas = new Map(Object.entries<Codes>(sharedRefusals).map(([name, codes]) => [name, refused(name, codes)]))

const shared = (...names: ReadonlyArray<SharedRefusal>): ReadonlyArray<Refused> =>
  names.flatMap((name) => schemas.get(name) ?? [])

type Refused = ReturnType<typeof refused>

/**
 * Bodies that no operation has as they are: the specification's own, the answer to a method that a path does not have, and that to an expectation
 * which is not met (`openApi.ts` gives it to what takes one).
 */
export const otherBodies = [ErrorBody, ...shared("MethodNotAllowed", "PreconditionFailed")]

const anyRequest = ["RequestTimeout", "ExpectationFailed", "HeadersTooLarge"] as const
const anyCall = [...anyRequest, "Unauthorized", "RateLimited", "InternalError"] as const
const anyChange = [...anyCall, "ChangeForbidden", "PayloadTooLarge", "UnsupportedMediaType", "ChangeUnavailable"] as const

const refusedName = (operation: string) => `${operation.charAt(0).toUpperCase()}${operation.slice(1)}Refused`

/** The refusals for reasons of the operation's own. Any input can be wrong, so there is always a 400. */
const ownRefusals = (operation: string, own: ReadonlyArray<Code>): ReadonlyArray<Refused> => {
  const wrong = own.filter((code) => statusByCode[code] === 400)
  const missing = (["NotFound", "OrderNotFound"] as const).filter((name) => own.includes(sharedRefusals[name][0]))
  const name = refusedName(operation)
  const [conflict, ...otherConflicts] = own.filter((code) => statusByCode[code] === 409)
  const badRequest = wrong.length === 0 ? shared("BadRequest") : [refused(name, [...sharedRefusals.BadRequest, ...wrong])]
  const conflicts = conflict === undefined ? [] : [refused(`${name}409`, [conflict, ...otherConflicts])]
  return [...badRequest, ...shared(...missing), ...conflicts]
}

/** Of an operation that needs no key. */
export const ofOpenRead: ReadonlyArray<Refused> = shared(...anyRequest, "Unreadable", "ReadUnavailable")

/** Of an operation that reads. `own`: the codes of its own, all of status 400, 404 or 409. */
export const ofRead = (operation: string, ...own: ReadonlyArray<Code>): ReadonlyArray<Refused> => [
  ...ownRefusals(operation, own),
  ...shared(...anyCall, "ReadForbidden", "ReadUnavailable")
]

/** Of an operation that reads by what a body names. */
export const ofCalculation = (operation: string, ...own: ReadonlyArray<Code>): ReadonlyArray<Refused> => [
  ...ofRead(operation, ...own),
  ...shared("PayloadTooLarge", "UnsupportedMediaType")
]

/** Of an operation that changes something. */
export const ofChange = (operation: string, ...own: ReadonlyArray<Code>): ReadonlyArray<Refused> => [
  ...ownRefusals(operation, own),
  ...shared(...anyChange)
]

/** The codes of a process that a command can be refused with. */
export const ownCodesOf = (lifecycle: Lifecycle, command: CommandType): ReadonlyArray<string> =>
  [...codesOf(lifecycle, command)].filter((code) => !Object.hasOwn(statusByCode, code))

/** The same, by the status that each is answered with. */
export const ownCodesByStatus = (lifecycle: Lifecycle, command: CommandType, statuses: OwnStatuses) =>
  Map.groupBy(ownCodesOf(lifecycle, command), (code) => statuses[code] ?? 400)

/** Of a command of a process. `own`: the codes of the process. */
export const ofOwnChange = (
  operation: string,
  own: ReturnType<typeof ownCodesByStatus>
): ReadonlyArray<ReturnType<typeof refusedWith<string>>> => {
  const name = refusedName(operation)
  const wrong = refusedWith(name, 400, [...sharedRefusals.BadRequest, ...(own.get(400) ?? [])])
  const elsewhere = Array.from(own, ([status, [first = "", ...others]]) =>
    status === 400 ? [] : [refusedWith(`${name}${status}`, status, [first, ...others])]
  )
  return [wrong, ...elsewhere.flat(), ...shared("NotFound", ...anyChange, "IdempotencyKeyReused")]
}

/** Of a change that takes an idempotency key. */
export const ofKeyedChange = (operation: string, ...own: ReadonlyArray<Code>): ReadonlyArray<Refused> => [
  ...ofChange(operation, ...own),
  ...shared("IdempotencyKeyReused")
]
