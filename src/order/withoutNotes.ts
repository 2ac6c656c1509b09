import type { Order, Subscription } from "./Order.ts"

/** An order without notes, its own and those of its subscriptions. They are an annotation: they are rewritten without an event. */
export const withoutNotes = ({ notes: _, ...order }: Order): Omit<Order, "notes"> => ({
  ...order,
  subscriptions: order.subscriptions.map(({ notes: __, ...subscription }): Subscription => subscription)
})
