import { setTimeout as sleep } from "node:timers/promises"
import type { Orders, SealedEvent } from "order-lifecycle/promise"

/** Hand every event to `publish` until the signal says to stop. One such loop per process; any number of processes. */
export const deliverEvents = async (
  orders: Orders,
  publish: (event: SealedEvent["event"]) => Promise<void>,
  signal: AbortSignal
): Promise<void> => {
  while (!signal.aborted) {
    try {
      const delivered = await orders.auditTrail.deliver(async (events) => {
        for (const { event } of events) await publish(event)
      })
      if (delivered === 0) await sleep(500, undefined, { signal })
    } catch {
      // What was not delivered is handed out again when its lease has run out. Log it here, and go on.
      if (!signal.aborted) await sleep(1_000, undefined, { signal }).catch(() => {})
    }
  }
}
