/** What runs in a thread of `workerPool`: one job after the other, as they are given. */
import { parentPort } from "node:worker_threads"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { layerDigest } from "../../node/nodeDigest.ts"
import { type Job, runHere } from "../compare.ts"
import type { Said } from "./workerPool.ts"

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window and has no origin
const say = (said: Said) => parentPort?.postMessage(said)

parentPort?.on("message", (job: Job) => {
  Effect.runCallback(
    Effect.provide(
      runHere(job, (share) => say({ share })),
      layerDigest
    ),
    { onExit: (exit) => say(Exit.isSuccess(exit) ? { run: exit.value } : { died: Cause.pretty(exit.cause) }) }
  )
})
