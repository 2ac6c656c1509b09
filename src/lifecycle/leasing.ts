/** What the outbox and the due commands have in common: leases for a time, tenants in turn, failures in words. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { TenantId } from "../order/Order.ts"

/** How many of something one call may take. */
export const Limit = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 10_000 }))

const longestMs = 24 * 3_600_000

/** A length of time from so many milliseconds to a day. */
export const isDuration = (minimumMs: number) =>
  Schema.declare((input: unknown): input is Duration.Input => {
    const duration = Duration.fromInput(input as Duration.Input)
    if (duration._tag === "None") return false
    const millis = Duration.toMillis(duration.value)
    return millis >= minimumMs && millis <= longestMs
  }).annotate({ expected: `a duration from ${minimumMs} ms to 24 hours` })

export const millisOr = (duration: Duration.Input | undefined, otherwise: Duration.Input): number =>
  Math.ceil(Duration.toMillis(Duration.fromInputUnsafe(duration ?? otherwise)))

/**
 * Whether a lease that is asked for now is over: counted from before it is asked for, so that it is over here before it is over in the store.
 */
export const leaseFromNow = (leaseMs: number): Effect.Effect<Effect.Effect<boolean>> =>
  Effect.map(Clock.monotonicTimeNanos, (askedAt) =>
    Effect.map(Clock.monotonicTimeNanos, (now) => now - askedAt >= BigInt(leaseMs) * 1_000_000n)
  )

/**
 * Visit tenants once around: from the one behind `begin` to the last, and then from the first one on, until a visit says that it is enough.
 * Null when there are none to be had.
 */
export const visitAround = Effect.fnUntraced(function* <E1, E2>(
  begin: TenantId | null,
  tenantsBehind: (after: TenantId | null) => Effect.Effect<ReadonlyArray<TenantId> | null, E1>,
  visit: (tenantId: TenantId) => Effect.Effect<"more" | "enough", E2>
) {
  const visited = new Set<TenantId>()
  let after = begin
  for (let isAround = begin === null; ;) {
    const tenants: ReadonlyArray<TenantId> | null = yield* tenantsBehind(after)
    if (tenants === null) return null
    for (const tenantId of tenants) {
      // The order of tenants is the store's own, and not that in which texts compare here.
      if (visited.has(tenantId)) return "done" as const
      visited.add(tenantId)
      if ((yield* visit(tenantId)) === "enough") return "done" as const
    }
    after = tenants.at(-1) ?? null
    if (after !== null) continue
    if (isAround) return "done" as const
    isAround = true
  }
})

/** What something failed with, as it is kept: at most 1,000 characters that every store can hold. */
export const describeFailure = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  const text = error instanceof Error ? `${error.name}: ${error.message}` : typeof error === "string" ? error : inspect(error)
  return Array.from(text.toWellFormed().replaceAll("\u0000", ""), (character) => character)
    .slice(0, 1_000)
    .join("")
}

const inspect = (error: unknown): string => {
  const result = Result.try(() => JSON.stringify(error))
  if (Result.isSuccess(result) && result.success !== undefined) return result.success
  // Not everything that can be thrown can be written.
  return Result.getOrElse(
    Result.try(() => String(error)),
    () => "an error without words"
  )
}
