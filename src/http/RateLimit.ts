/** How much one tenant, and everyone together, may ask of the service at once. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { TenantId } from "../order/Order.ts"
import { type HttpFault, httpFault } from "./errors.ts"

/** How much the API takes on; what is more is answered with 429 and `Retry-After`. */
export interface Limits {
  /** What a tenant may ask for in the long run. */
  readonly requestsPerSecond: number
  /** What a tenant may ask for at once, after a pause. */
  readonly burst: number
  /** Requests being worked on at any moment, over all tenants. */
  readonly requestsInFlight: number
}

/** Generous: they stop a runaway client, not a busy one. */
export const defaultLimits: Limits = { requestsPerSecond: 10_000, burst: 20_000, requestsInFlight: 1_000 }

/** What limits can be, when they are given as options. */
export const LimitsOption = Schema.Struct({
  requestsPerSecond: Schema.optional(Schema.Finite.check(Schema.isGreaterThan(0))),
  burst: Schema.optional(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))),
  requestsInFlight: Schema.optional(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)))
})

/** Take one request out of a tenant's bucket, which fills at the long-run rate; an empty bucket says when to come back. */
export const makeRateLimit = ({ requestsPerSecond, burst }: Limits) => {
  // Only tenants of a known key get here, so the map cannot be made to grow.
  const buckets = new Map<TenantId, { tokens: number; at: number }>()
  return (tenantId: TenantId): Effect.Effect<void, HttpFault> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const bucket = buckets.get(tenantId) ?? { tokens: burst, at: now }
      const tokens = Math.min(burst, bucket.tokens + (Math.max(0, now - bucket.at) / 1000) * requestsPerSecond)
      const isAllowed = tokens >= 1
      buckets.set(tenantId, { tokens: isAllowed ? tokens - 1 : tokens, at: now })
      if (isAllowed) return Effect.void
      const seconds = Math.max(1, Math.ceil((1 - tokens) / requestsPerSecond))
      return Effect.fail(httpFault("RATE_LIMITED", { "retry-after": String(seconds) }))
    })
}
