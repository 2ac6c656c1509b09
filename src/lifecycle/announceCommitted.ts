/** Telling the listeners of this process about a change: once it is committed for good, and never when it is taken back. */
import * as Effect from "effect/Effect"
import type { SealedEvent } from "../order/auditChain.ts"
import type { AuditTrail } from "./AuditTrail.ts"
import type { OrderStore } from "./OrderStore.ts"

/** The event is told at once, or, within a transaction, when the outermost one has been committed. */
export const announceCommitted = (
  store: OrderStore["Service"],
  auditTrail: AuditTrail["Service"],
  sealed: SealedEvent
): Effect.Effect<void> =>
  Effect.flatMap(store.currentTransaction, (transaction) =>
    transaction === null ? auditTrail.announce(sealed) : transaction.afterCommit(auditTrail.announce(sealed))
  )
