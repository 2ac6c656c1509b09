import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Worker } from "node:worker_threads"
import type { PoolOptions, PoolWorker } from "vitest/node"
import { defineConfig } from "vitest/config"

/**
 * How Stryker runs the tests against a mutant: without PostgreSQL, with one seed and a tenth of the random cases, in a thread that is kept.
 *
 * A new thread for each of two thousand mutants would load Effect, XState and fast-check two thousand times, which is most of the time
 * there is. vitest empties its own registry of modules before each run, so the sources are loaded anew all the same, with the mutant in
 * them. What a run leaves behind in the thread (listeners of vitest's, above all) goes when it is replaced.
 */
const runsPerThread = 50
let thread: Worker | undefined
let runs = 0

const poolRunner = {
  name: "kept thread",
  createPoolWorker: ({ distPath, env, execArgv }: PoolOptions): PoolWorker => {
    const kept = (thread ??= new Worker(join(distPath, "workers/threads.js"), { env: env as NodeJS.ProcessEnv, execArgv }))
    const listeners: Array<(message: unknown) => void> = []
    return {
      name: poolRunner.name,
      start: async () => {
        kept.unref()
      },
      stop: async () => {
        for (const listener of listeners) kept.off("message", listener)
        if (++runs % runsPerThread !== 0) return
        thread = undefined
        await kept.terminate()
      },
      on: (event, listener) => {
        kept.on(event, listener)
        if (event === "message") listeners.push(listener)
      },
      off: (event, listener) => void kept.off(event, listener),
      send: (message) => {
        if (message.type !== "stop") return kept.postMessage(message, [])
        // The thread would take itself apart; it is told nothing, and vitest that it has stopped.
        for (const listener of listeners) listener({ type: "stopped", __vitest_worker_response__: true })
      },
      deserialize: (data) => data
    }
  }
}

export default defineConfig({
  plugins: [
    {
      // Stryker names the pool on vitest's command line, so this is the first moment at which it can be another.
      name: "kept thread",
      configureVitest: ({ project }) => void Object.assign(project.config, { pool: poolRunner.name, poolRunner })
    }
  ],
  test: {
    root: fileURLToPath(new URL("../..", import.meta.url)),
    include: ["test/mutation/everyTest.ts"],
    setupFiles: ["test/mutation/setUp.ts"],
    provide: { evidenceFile: "/dev/null" },
    env: { FC_SEED: "1", PROOF_SCALE: "0.1" },
    testTimeout: 240_000
  }
})
