/**
 * Threads that run jobs of a simulation, a job at a time each. What comes out does not depend on how many there are: a run is made of its
 * scenario, policy and seed, and of nothing else.
 */
import { extname } from "node:path"
import { Worker } from "node:worker_threads"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Pool from "effect/Pool"
import type * as Scope from "effect/Scope"
import type { Job, Runner } from "../compare.ts"
import type { Run } from "../simulate.ts"

/** What a thread says of the job it was given. */
export type Said = { readonly share: number } | { readonly run: Run } | { readonly died: string }

/**
 * A runner on `size` threads. They end with the scope. A job that is interrupted, or under which its thread dies, takes the thread with it
 * and another one comes in its place; the death is a defect that names the job.
 *
 * ```ts
 * const report = Effect.scoped(
 *   Effect.flatMap(workerPool(2), (run) => simulate({ scenario, seeds: [7, 8, 9], run, concurrency: 2 }))
 * )
 * ```
 */
export const workerPool = (size: number): Effect.Effect<Runner, never, Scope.Scope> =>
  Effect.map(
    Pool.make({ acquire: thread, size }),
    (threads): Runner =>
      (job, onProgress) =>
        Effect.scoped(
          Effect.flatMap(Pool.get(threads), (worker) =>
            Effect.onExit(ask(worker, job, onProgress), (exit) =>
              Exit.isSuccess(exit) ? Effect.void : Pool.invalidate(threads, worker)
            )
          )
        )
  )

const thread = Effect.acquireRelease(
  Effect.sync(() => {
    // TypeScript beside TypeScript, and JavaScript beside what was built.
    const worker = new Worker(new URL(`./worker${extname(import.meta.url)}`, import.meta.url))
    // A thread without a job keeps no process alive, and one that dies then is noticed by the next job.
    worker.unref()
    worker.on("error", () => undefined)
    return worker
  }),
  (worker) => Effect.promise(() => worker.terminate())
)

const ask = (worker: Worker, job: Job, onProgress: ((share: number) => void) | undefined): Effect.Effect<Run> =>
  Effect.callback<Run>((resume) => {
    const die = (reason: string) => {
      stop()
      resume(Effect.die(new Error(`the run of policy "${job.policy.name}" under seed ${job.seed} died: ${reason}`)))
    }
    const listeners = {
      message: (said: Said) => {
        if ("share" in said) return onProgress?.(said.share)
        if ("died" in said) return die(said.died)
        stop()
        resume(Effect.succeed(said.run))
      },
      error: (error: Error) => die(error.stack ?? String(error)),
      exit: (code: number) => die(`its thread ended with ${code}`)
    }
    const stop = () => {
      for (const [event, listener] of Object.entries(listeners)) worker.off(event, listener)
      worker.unref()
    }
    for (const [event, listener] of Object.entries(listeners)) worker.on(event, listener)
    worker.ref()
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window and has no origin
    worker.postMessage(job)
    return Effect.sync(stop)
  })
