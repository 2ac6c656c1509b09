import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import { limits } from "./test/support/limits.ts"
import { LongestFirst } from "./test/support/longestFirst.ts"

const source = (path: string) => fileURLToPath(new URL(`src/${path}`, import.meta.url))

export default defineConfig({
  resolve: {
    // The examples of the documentation import the package by its name, as its users do.
    alias: [
      { find: /^order-lifecycle$/, replacement: source("index.ts") },
      { find: /^order-lifecycle\/(.+)$/, replacement: source("$1/index.ts") }
    ]
  },
  test: {
    include: ["test/**/*.test.ts"],
    // What needs a browser has a configuration of its own there.
    exclude: ["test/browser/**"],
    globalSetup: ["test/support/compileCache.ts", "test/support/postgresServer.ts", "test/support/evidenceTable.ts"],
    setupFiles: ["test/support/afterEachFile.ts"],
    // Loading the library anew for each file would be a quarter of all that a run takes.
    isolate: false,
    // Two files at a time: each that works on PostgreSQL or PGlite keeps a core busy by itself.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    ...limits
  }
})
