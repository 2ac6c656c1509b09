import type { Order, OrderStatus, Subscription } from "../Order.ts"
import type { Units } from "../Units.ts"

/** When an order can be cancelled. The embedding service chooses one policy; the name of each stands on an arrow of the machine. */
export interface CancellationPolicyDefinition {
  /** When it lets an order be cancelled, in words. */
  readonly meaning: string
  /** Whether it lets an order with these units be cancelled. */
  readonly holds: (units: Units) => boolean
  /** The subscriptions that it holds against a cancel, oldest first. */
  readonly inTheWay: (order: Order) => ReadonlyArray<Subscription>
  /** What a caller is told. `count`: how many subscriptions are in the way. */
  readonly refusal: (found: { readonly count: number; readonly status: OrderStatus }) => string
  /** What the caller can do. */
  readonly remedy: string
}
