/** Sealed events as they come out of the database: what to select, and how to put it together again. */
import type { SqlClient } from "effect/sql/SqlClient"
import type { SealedEvent } from "../order/auditChain.ts"
import type { AuditEvent } from "../order/AuditEvent.ts"
import type { TenantId } from "../order/Order.ts"

/** Columns that `toSealedEvent` needs, from a row `e` of the events and `c` of their confidential parts. */
export const eventColumns =
  "e.event::text AS event, e.confidential_seal, e.previous_hash, e.hash, c.salt, c.content::text AS confidential"

export const joinConfidential = (sql: SqlClient, tenantId: TenantId) => sql`LEFT JOIN order_lifecycle.audit_confidential c
  ON c.tenant_id = ${tenantId}::text AND c.order_id = e.order_id AND c.sequence = e.sequence`

export interface EventRow {
  readonly event: string
  readonly confidential_seal: string
  readonly previous_hash: string | null
  readonly hash: string
  readonly salt: string | null
  readonly confidential: string | null
}

/** The confidential part is empty once it has been erased. */
export const toSealedEvent = (row: EventRow): SealedEvent => ({
  event: { ...JSON.parse(row.event), confidential: JSON.parse(row.confidential ?? "{}") } as AuditEvent,
  salt: row.salt,
  confidentialSeal: row.confidential_seal,
  previousHash: row.previous_hash,
  hash: row.hash
})
