/** Let the callers of a test act as several processes: their commands on one order race, instead of taking turns. */
import * as Layer from "effect/Layer"
import { TakesTurns } from "../../src/lifecycle/OrderTurns.ts"

export const severalProcesses: Layer.Layer<never> = Layer.succeed(TakesTurns, false)
