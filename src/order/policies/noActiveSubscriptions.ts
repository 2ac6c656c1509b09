import { activeSubscriptions } from "../Order.ts"
import type { CancellationPolicyDefinition } from "./CancellationPolicyDefinition.ts"

export const noActiveSubscriptions: CancellationPolicyDefinition = {
  meaning:
    "No subscription of the order is active. A partial or fulfilled order can be cancelled again once every subscription has ended. The default.",
  holds: ({ active }) => active === 0,
  inTheWay: activeSubscriptions,
  refusal: ({ count }) =>
    `Order has ${count} active subscription${count === 1 ? "" : "s"}. Cancel the subscriptions first, or release what a partial order still holds.`,
  remedy: "Cancel the subscriptions first, or release what a partial order still holds."
}
