/** What is asked for several tenants at once, tenant by tenant. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { TenantId } from "../order/Order.ts"
import { type CommitOutcome, OutcomeUnknown, type StoreUnavailable } from "./OrderStore.ts"

/** Something with its place in the list it came from. */
export interface Positioned<A> {
  readonly item: A
  readonly position: number
}

/** The items of each tenant, with their places. */
export const byTenant = <A>(
  items: ReadonlyArray<A>,
  tenantOf: (item: A) => TenantId
): ReadonlyArray<readonly [TenantId, ReadonlyArray<Positioned<A>>]> => {
  const found = new Map<TenantId, Array<Positioned<A>>>()
  for (const [position, item] of items.entries()) {
    const ofTenant = found.get(tenantOf(item))
    if (ofTenant) ofTenant.push({ item, position })
    else found.set(tenantOf(item), [{ item, position }])
  }
  return [...found]
}

/** A part of a commit: some of its changes, at these positions, and how they are committed. */
interface Part {
  readonly positions: ReadonlyArray<{ readonly position: number }>
  readonly commit: Effect.Effect<ReadonlyArray<CommitOutcome>, StoreUnavailable | OutcomeUnknown>
}

/** Parts of a commit, one after the other. `StoreUnavailable` says that nothing was done, so it is one only before anything was. */
export const commitInTurn = Effect.fnUntraced(function* (parts: ReadonlyArray<Part>) {
  const outcomes: Array<CommitOutcome> = []
  for (const { positions, commit } of parts) {
    // A mistake in a later part does not take back what the ones before it did.
    const told = Effect.catchDefect(commit, (cause) =>
      outcomes.includes("committed") ? Effect.fail(new OutcomeUnknown({ cause })) : Effect.die(cause)
    )
    const made = yield* Effect.result(told)
    if (Result.isSuccess(made)) {
      for (const [index, { position }] of positions.entries()) outcomes[position] = made.success[index] ?? "conflict"
    } else if (outcomes.includes("committed")) return yield* new OutcomeUnknown({ cause: made.failure.cause })
    else return yield* made.failure
  }
  return outcomes
})
