import { expiry } from "../due.ts"
import { type Lifecycle, lifecycles, tabulate } from "../lifecycleTable.ts"
import { factNames, makeOrderMachine } from "../orderMachine.ts"
import type { CancellationPolicy } from "../policies/index.ts"
import { dataAskedFaults } from "./checkDataAsked.ts"
import { checkLaws } from "./checkLaws.ts"
import { checkProcess } from "./checkProcess.ts"
import { loadProcess } from "./loadProcess.ts"
import type { OrderProcess } from "./orderProcess.ts"
import { WrongProcess } from "./WrongProcess.ts"

/**
 * The lifecycle under a cancellation policy and a process, if there is one. Throws a `WrongProcess` that names every fault of it. Orders expire so
 * many milliseconds after they were placed, if they are still as they were then; left out, never.
 */
export const lifecycleOf = (policy: CancellationPolicy, process?: OrderProcess, expiresAfterMs?: number): Lifecycle => {
  const lifecycle = process === undefined ? lifecycles[policy] : lifecycleUnder(policy, process)
  const due = [
    ...(lifecycle.process?.due ?? []),
    ...(expiresAfterMs === undefined ? [] : [expiry(lifecycle.initial, expiresAfterMs)])
  ]
  return due.length === 0 ? lifecycle : { ...lifecycle, due }
}

const lifecycleUnder = (policy: CancellationPolicy, process: OrderProcess): Lifecycle => {
  checkProcess(process, factNames)
  const loaded = loadProcess(process)
  const faults = dataAskedFaults(process, loaded)
  if (faults.length > 0) throw new WrongProcess(process.name, faults)
  const lifecycle = tabulate(policy, undefined, loaded)
  checkLaws(lifecycle)
  return lifecycle
}

/** The machine under a cancellation policy and a process: to draw, to inspect, to run as an actor. Throws as `lifecycleOf` does. */
export const machineOf = (policy: CancellationPolicy, process: OrderProcess) => {
  checkProcess(process, factNames)
  return makeOrderMachine(policy, loadProcess(process))
}
