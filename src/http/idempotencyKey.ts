/** The `Idempotency-Key` of a request: 1 to 255 printable ASCII characters, given once, with or without the quotes of a structured field. */
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import { keyPattern } from "../lifecycle/Caller.ts"
import type { InputFault } from "../order/commonRefusals.ts"
import { headerValues, isQuoted } from "./headers.ts"

const fault = (message: string): InputFault => ({ path: "Idempotency-Key", message, code: "invalid_value" })

/** What is wrong with a key that is sent to an operation which would not honour it. */
export const keyNotTaken = (request: HttpServerRequest): InputFault | undefined =>
  headerValues(request, "idempotency-key").length === 0
    ? undefined
    : fault("is not taken by this operation, which can be repeated without one")

/** The key, what is wrong with it, or neither when none was sent. */
export const idempotencyKeyOf = (request: HttpServerRequest): { readonly key?: string; readonly fault?: InputFault } => {
  const [value, ...others] = headerValues(request, "idempotency-key")
  if (value === undefined) return {}
  if (others.length > 0) return { fault: fault("must be sent once") }
  if (value.startsWith('"') && !isQuoted(value)) return { fault: fault("must be one quoted string when it begins with a quote") }
  const key = isQuoted(value) ? value.slice(1, -1).replace(/\\(["\\])/g, "$1") : value
  return keyPattern.test(key)
    ? { key }
    : { fault: fault("must be 1 to 255 printable ASCII characters, without a space at its ends") }
}
