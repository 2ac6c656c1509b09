import { setTimeout as sleep } from "node:timers/promises"
import { type Orders, OutcomeUnknown, type SealedEvent, StoreUnavailable } from "order-lifecycle/promise"

/** Hand every event to `publish` until the signal says to stop. One such loop per process; any number of processes. */
export const deliverEvents = async (
  orders: Orders,
  consumer: string,
  publish: (event: SealedEvent["event"]) => Promise<void>,
  signal: AbortSignal
): Promise<void> => {
  while (!signal.aborted) {
    try {
      const { delivered } = await orders.outbox.deliver(consumer, ({ sealed }) => publish(sealed.event), { signal })
      // What `publish` throws holds up the later events of the same order only, and is tried again by itself.
      if (delivered === 0) await sleep(500, undefined, { signal })
    } catch (error) {
      if (signal.aborted) return
      // Anything else, such as a consumer that was never added, does not heal by itself.
      if (!(error instanceof StoreUnavailable || error instanceof OutcomeUnknown)) throw error
      // What was handed out comes again when its lease has run out. Log it here, and go on.
      await sleep(1_000, undefined, { signal }).catch(() => {})
    }
  }
}
