import { defineConfig } from "vitest/config"
import { limits } from "../support/limits.ts"

/** The site as a reader meets it: built, served, and opened in a real browser. `npm run test:browser`. */
export default defineConfig({
  test: {
    include: ["test/browser/**/*.test.ts"],
    globalSetup: ["test/browser/site.ts"],
    // One browser and one site for all: they are quick, and pictures taken beside other work come out blurred.
    fileParallelism: false,
    ...limits
  }
})
