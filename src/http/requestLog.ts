/**
 * What the log says of a request: one line, whose level tells an operator whether to look. 500 is an error. 503 is a warning: what is
 * missing usually comes back by itself. 429 is a warning: a tenant is being held up. Every other refusal is an answer like any other.
 *
 * A line has ids, codes and causes. It never has what people wrote: no path, no query, no body, no reason.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { RequestId } from "../order/orderEvent.ts"
import type { OrderId, SubscriptionId, TenantId } from "../order/Order.ts"

/** What has become known of a request so far. */
export interface Noted {
  readonly requestId: RequestId
  readonly method: string
  /** The path with its parameters by name; `*` stands for what no route has. */
  route: string
  tenantId?: TenantId
  userId?: string
  orderId?: string
  subscriptionId?: string
  /** The code of a refusal, or of a failure. */
  code?: string
  /** Why the service could not answer. */
  cause?: string
}

/** The notes on the request that is being answered. */
export class RequestNotes extends Context.Service<RequestNotes, Noted>()("order-lifecycle/http/RequestNotes") {}

/** An id as the library makes it: a prefix and a UUID. Anything else in its place may be text that a person wrote. */
const isOurId = (id: string): boolean => /^[a-z]+_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)

/** Note the ids that a request names or that came of it. */
export const noteIds = (
  notes: Noted,
  { orderId, subscriptionId }: { readonly orderId?: OrderId | string; readonly subscriptionId?: SubscriptionId | string }
): void => {
  if (orderId !== undefined && isOurId(orderId)) notes.orderId = orderId
  if (subscriptionId !== undefined && isOurId(subscriptionId)) notes.subscriptionId = subscriptionId
}

/** Log the line of a request that was answered with `status`. */
export const logRequest = (notes: Noted, status: number, durationMs: number): Effect.Effect<void> => {
  const { requestId, method, route, ...others } = notes
  const line = { requestId, method, route, status, durationMs, ...others }
  if (status >= 500 && status !== 503) return Effect.logError(line)
  return status === 503 || status === 429 ? Effect.logWarning(line) : Effect.logInfo(line)
}

/** How many causes of causes are told. */
const maxDepth = 6

/**
 * An error with the errors that caused it, in one line: `StoreUnavailable: … < Error ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:5432`.
 * Of each message the first line.
 */
export const describeCause = (error: unknown): string => {
  const parts: Array<string> = []
  let at: unknown = error
  while (typeof at === "object" && at !== null && parts.length < maxDepth) {
    const { name, code, message, cause, reason } = at as Readonly<Record<string, unknown>>
    const title = [name, code].filter((part) => typeof part === "string").join(" ")
    const [words = ""] = typeof message === "string" ? message.split("\n") : []
    const part = [title, words].filter((each) => each !== "").join(": ")
    if (part !== "" && part !== parts.at(-1)) parts.push(part)
    at = cause ?? reason
  }
  return parts.length === 0 ? String(error) : parts.join(" < ")
}
