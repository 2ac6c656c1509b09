/**
 * The one statement that erases what an audit event says in confidence, with its salt, wherever it is kept: with the event itself, and in
 * the rows that were made of it. Nothing else keeps it: a remembered answer is put together anew from these.
 *
 * Each part leaves out the erased member and takes the others over as they are. A row that is being changed at the same time is waited
 * for, and what it has become is what the text is taken out of. Answers with a row when there is such an event that can be erased.
 */
import type { Effect } from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { kindsOfTheOrder } from "../order/AuditEvent.ts"
import type { EventKey } from "../lifecycle/OrderStore.ts"

export const eraseStatement = (
  sql: SqlClient,
  { tenantId, orderId, sequence }: EventKey
): Effect<ReadonlyArray<{ readonly type: string }>, SqlError> =>
  sql.unsafe(
    `
WITH erasing AS (
  SELECT a.order_id, a.sequence, a.type, a.event -> 'details' ->> 'subscriptionId' AS subscription_id
    FROM order_lifecycle.audit_events a
   WHERE a.tenant_id = $1::text AND a.order_id = $2::text AND a.sequence = $3::text::integer
     AND NOT a.type = ANY (string_to_array($4::text, ' '))
),
confided AS (
  DELETE FROM order_lifecycle.audit_confidential c USING erasing e
   WHERE c.tenant_id = $1::text AND c.order_id = e.order_id AND c.sequence = e.sequence
  RETURNING c.content ->> 'notes' AS notes
),
cancelled AS (
  UPDATE order_lifecycle.orders o
     SET cancellation = (SELECT json_object_agg(kept.key, kept.value) FROM json_each(o.cancellation) AS kept WHERE kept.key <> 'reason')
    FROM erasing e
   WHERE e.type = 'order.cancelled' AND o.tenant_id = $1::text AND o.order_id = e.order_id
     AND o.cancellation -> 'reason' IS NOT NULL
),
noted AS (
  UPDATE order_lifecycle.subscriptions s
     -- Notes that were rewritten are not what the event says.
     SET notes = CASE WHEN e.type = 'subscription.started' THEN nullif(s.notes, (SELECT c.notes FROM confided c)) ELSE s.notes END,
         ended = CASE
           WHEN e.type = 'subscription.started' OR s.ended -> 'notes' IS NULL THEN s.ended
           WHEN s.ended -> 'reason' IS NULL THEN json_build_object('at', s.ended -> 'at', 'by', s.ended -> 'by')
           ELSE json_build_object('at', s.ended -> 'at', 'by', s.ended -> 'by', 'reason', s.ended -> 'reason')
         END
    FROM erasing e
   WHERE s.tenant_id = $1::text AND s.subscription_id = e.subscription_id
     -- Compared in a way that no index serves: one is looked up, not all of its order.
     AND s.order_id IS NOT DISTINCT FROM e.order_id
     AND e.type IN ('subscription.started', 'subscription.ended')
),
forgotten AS (
  UPDATE order_lifecycle.subscriptions s SET texts = nullif(s.texts - e.sequence::text, '{}')
    FROM erasing e
   WHERE s.tenant_id = $1::text AND s.order_id = e.order_id AND s.texts -> e.sequence::text IS NOT NULL
     AND e.type NOT IN ('subscription.started', 'subscription.ended')
)
SELECT type FROM erasing`,
    [tenantId, orderId, String(sequence), kindsOfTheOrder.join(" ")]
  )
