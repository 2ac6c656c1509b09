import * as Context from "effect/Context"
import { type Lifecycle, lifecycles } from "../order/lifecycleTable.ts"
import { defaultPolicy } from "../order/policies/index.ts"

/** The lifecycle that orders are under: its policy, and the process of the embedding service. `OrderLifecycle.layer` says which. */
export const CurrentLifecycle = Context.Reference<Lifecycle>("order-lifecycle/CurrentLifecycle", {
  defaultValue: () => lifecycles[defaultPolicy]
})
