import type { CancellationPolicyDefinition } from "./CancellationPolicyDefinition.ts"

export const beforeFulfilment: CancellationPolicyDefinition = {
  meaning: "No subscription was ever created. A partial or fulfilled order cannot be cancelled any more.",
  holds: ({ active, ended }) => active + ended === 0,
  inTheWay: (order) => order.subscriptions,
  refusal: ({ status }) => `Order is ${status} and can no longer be cancelled.`,
  remedy: "End its subscriptions instead, and release what a partial order still holds."
}
