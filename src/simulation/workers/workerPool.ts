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
import type { Quarry } from "../hunt.ts"
import type { Script } from "../Script.ts"
import type { Run } from "../simulate.ts"

/** A hunt of one seed. */
export interface Chase {
  readonly seed: number
  readonly policy: Script["policy"]
  readonly orders: number
}

/** What a thread is given, */
export type Task = { readonly type: "run"; readonly job: Job } | { readonly type: "hunt"; readonly chase: Chase }

/** and what it says of it. */
export type Said = { readonly share: number } | { readonly result: unknown } | { readonly died: string }

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
    pool(size),
    (give): Runner =>
      (job, onProgress) =>
        // A thread gives for a job what `runHere` gives for it.
        give({ type: "run", job }, `run of policy "${job.policy.name}" under seed ${job.seed}`, onProgress) as Effect.Effect<Run>
  )

/** The same for hunts: what a seed has brought down, or null. */
export const hunterPool = (size: number): Effect.Effect<(chase: Chase) => Effect.Effect<Quarry | null>, never, Scope.Scope> =>
  Effect.map(
    pool(size),
    (give) => (chase) => give({ type: "hunt", chase }, `hunt under seed ${chase.seed}`) as Effect.Effect<Quarry | null>
  )

const pool = (size: number) =>
  Effect.map(
    Pool.make({ acquire: thread, size }),
    (threads) => (task: Task, what: string, onProgress?: (share: number) => void) =>
      Effect.scoped(
        Effect.flatMap(Pool.get(threads), (worker) =>
          Effect.onExit(ask(worker, task, what, onProgress), (exit) =>
            Exit.isSuccess(exit) ? Effect.void : Pool.invalidate(threads, worker)
          )
        )
      )
  )

const thread = Effect.acquireRelease(
  Effect.sync(() => {
    // TypeScript beside TypeScript, and JavaScript beside what was built.
    // Most of what a simulation makes is forgotten at once: where there is room for that, less of it is taken for what will stay.
    const resourceLimits = { maxYoungGenerationSizeMb: 96 }
    const worker = new Worker(new URL(`./worker${extname(import.meta.url)}`, import.meta.url), { resourceLimits })
    // A thread without a job keeps no process alive, and one that dies then is noticed by the next job.
    worker.unref()
    worker.on("error", () => undefined)
    return worker
  }),
  (worker) => Effect.promise(() => worker.terminate())
)

const ask = (
  worker: Worker,
  task: Task,
  what: string,
  onProgress: ((share: number) => void) | undefined
): Effect.Effect<unknown> =>
  Effect.callback<unknown>((resume) => {
    const die = (reason: string) => {
      stop()
      resume(Effect.die(new Error(`the ${what} died: ${reason}`)))
    }
    const listeners = {
      message: (said: Said) => {
        if ("share" in said) return onProgress?.(said.share)
        if ("died" in said) return die(said.died)
        stop()
        resume(Effect.succeed(said.result))
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
    worker.postMessage(task)
    return Effect.sync(stop)
  })
