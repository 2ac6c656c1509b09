import type { SealedEvent } from "order-lifecycle/promise"

/** The highest sequence of each order that a consumer has applied, in the database that it writes to. */
export interface Sequences {
  /**
   * Raise the order's sequence if it is lower, and answer whether it was. In the transaction of `apply`, which undoes it when `apply` fails:
   * `INSERT … ON CONFLICT (name) DO UPDATE SET sequence = EXCLUDED.sequence WHERE sequences.sequence < EXCLUDED.sequence RETURNING 1`.
   * The row stays locked until then, so another relay with the same order waits here.
   */
  readonly advance: (order: string, sequence: number) => Promise<boolean>
}

/** Apply each event once and in sequence, whatever comes twice or too late, as from a relay that froze and woke up. */
export const applyOnce =
  (sequences: Sequences, apply: (event: SealedEvent["event"]) => Promise<void>) =>
  async (event: SealedEvent["event"]): Promise<void> => {
    const order = JSON.stringify([event.tenantId, event.orderId])
    if (await sequences.advance(order, event.sequence)) await apply(event)
  }
