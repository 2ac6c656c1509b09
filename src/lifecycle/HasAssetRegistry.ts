import * as Context from "effect/Context"

/** Whether the library's own registry of assets is asked, and moved, by commands on orders. `OrderLifecycle.layer` says so. */
export const HasAssetRegistry = Context.Reference<boolean>("order-lifecycle/HasAssetRegistry", { defaultValue: () => false })
