/** Idempotency keys count as absent once they have expired; this removes them, tenant by tenant, so that they do not pile up. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { TenantId } from "../order/Order.ts"
import { fromDateTime } from "../order/Timestamp.ts"
import type { OrderStore, OutcomeUnknown, StoreUnavailable } from "./OrderStore.ts"

/** Keys removed in one statement, and tenants asked for at once. */
const keysAtOnce = 1_000
const tenantsAtOnce = 100

/** Remove every key that has expired by now. Answers how many. */
export const forgetExpiredKeys = (store: OrderStore["Service"]): Effect.Effect<number, StoreUnavailable | OutcomeUnknown> =>
  Effect.gen(function* () {
    const now = fromDateTime(yield* DateTime.now)
    let forgotten = 0
    let after: TenantId | null = null
    for (;;) {
      const tenantIds: ReadonlyArray<TenantId> = yield* store.tenantIds(after, tenantsAtOnce)
      for (const tenantId of tenantIds) {
        for (let count = keysAtOnce; count === keysAtOnce; forgotten += count) {
          count = yield* store.forgetExpired(tenantId, now, keysAtOnce)
        }
      }
      const last = tenantIds.at(-1)
      if (last === undefined) return forgotten
      after = last
    }
  })
