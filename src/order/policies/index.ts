/** The cancellation policies, by name. A new one is a file and a line here. */
import { beforeFulfilment } from "./beforeFulfilment.ts"
import type { CancellationPolicyDefinition } from "./CancellationPolicyDefinition.ts"
import { noActiveSubscriptions } from "./noActiveSubscriptions.ts"

/** Every policy, the default first. */
export const policies = { noActiveSubscriptions, beforeFulfilment } satisfies Readonly<
  Record<string, CancellationPolicyDefinition>
>

/** What has to hold for an order to be cancelled, by name. */
export type CancellationPolicy = keyof typeof policies
/** Every cancellation policy, the default first. */
export const cancellationPolicyNames = Object.keys(policies) as ReadonlyArray<CancellationPolicy>
/** The policy of a service that chooses none. */
export const defaultPolicy = "noActiveSubscriptions" satisfies CancellationPolicy

/** A policy by a name that was stored, perhaps by a build with other policies. */
export const policyNamed = (name: string): CancellationPolicyDefinition =>
  Object.hasOwn(policies, name) ? policies[name as CancellationPolicy] : beforeFulfilment
