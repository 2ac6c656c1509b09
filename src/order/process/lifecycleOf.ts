import { type Lifecycle, lifecycles, tabulate } from "../lifecycleTable.ts"
import { factNames } from "../orderMachine.ts"
import type { CancellationPolicy } from "../policies/index.ts"
import { checkProcess } from "./checkProcess.ts"
import type { OrderProcess } from "./orderProcess.ts"

/** The lifecycle under a cancellation policy and a process, if there is one. Throws a `WrongProcess` that names every fault of it. */
export const lifecycleOf = (policy: CancellationPolicy, process?: OrderProcess): Lifecycle => {
  if (process === undefined) return lifecycles[policy]
  checkProcess(process, factNames)
  return tabulate(policy, undefined, process)
}
