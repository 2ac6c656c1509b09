/** The services against the model of the test kit. */
import type * as ManagedRuntime from "effect/ManagedRuntime"
import { lifecycleCommands, lifecycleModel, type Shop } from "../../src/testing/lifecycleCommands.ts"
import { fc, numRuns } from "./fastCheck.ts"

/** Try `runs` random sequences on the services of `runtime`. */
export const tryAgainstModel = (runtime: ManagedRuntime.ManagedRuntime<Shop, unknown>, runs: number): Promise<void> =>
  fc.assert(
    fc.asyncProperty(lifecycleCommands(), (commands) => fc.asyncModelRun(() => lifecycleModel(runtime), commands)),
    { numRuns: numRuns(runs) }
  )
