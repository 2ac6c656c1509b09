/** What runs in a thread of a pool: one task after the other, as they are given. */
import { parentPort } from "node:worker_threads"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { layerDigest } from "../../node/nodeDigest.ts"
import { runHere } from "../compare.ts"
import { hunt } from "../hunt.ts"
import type { Said, Task } from "./workerPool.ts"

// A refusal is an answer, and nobody asks it where in the sources it comes from; to find that out for each takes a tenth of all time. Where
// a defect comes from shows when its script is played again, which is not done in a thread.
Error.stackTraceLimit = 0

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window and has no origin
const say = (said: Said) => parentPort?.postMessage(said)

const perform = (task: Task): Effect.Effect<unknown> =>
  task.type === "run" ? runHere(task.job, (share) => say({ share })) : hunt({ ...task.chase, seeds: [task.chase.seed] })

parentPort?.on("message", (task: Task) => {
  Effect.runCallback(Effect.provide(perform(task), layerDigest), {
    onExit: (exit) => say(Exit.isSuccess(exit) ? { result: exit.value } : { died: Cause.pretty(exit.cause) })
  })
})
