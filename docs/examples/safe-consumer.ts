import type { SealedEvent } from "order-lifecycle/promise"

/** Where a consumer keeps the highest sequence of each order: in the database that it writes to, in the same transaction as `apply`. */
export interface Sequences {
  readonly highest: (order: string) => Promise<number>
  readonly keep: (order: string, sequence: number) => Promise<void>
}

/** Apply each event once and in sequence, whatever comes twice or too late, as from a relay that froze and woke up. */
export const applyOnce =
  (sequences: Sequences, apply: (event: SealedEvent["event"]) => Promise<void>) =>
  async (event: SealedEvent["event"]): Promise<void> => {
    const order = JSON.stringify([event.tenantId, event.orderId])
    if (event.sequence <= (await sequences.highest(order))) return
    await apply(event)
    await sequences.keep(order, event.sequence)
  }
