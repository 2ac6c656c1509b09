/** Set up before each run against a mutant, in a thread that has seen others. */
import { beforeEach, inject, onTestFailed } from "vitest"

declare module "vitest" {
  export interface ProvidedContext {
    /** Stryker's: the name of the global that says which mutant is active. */
    globalNamespace: string
    /** Stryker's: `static` when the mutant has to be active while modules are loaded. */
    mutantActivation: string
  }
}

// Stryker expects a new thread each time. Here the mutant of the run before would still be active while modules are loaded, and what it was
// met would count against this one, as if it never ended.
const stryker = (globalThis as Record<string, unknown>)[inject("globalNamespace")] as
  | { activeMutant?: string; hitCount?: number }
  | undefined
if (stryker) {
  stryker.hitCount = 0
  if (inject("mutantActivation") !== "static") delete stryker.activeMutant
}

// The first failure has found the mutant. vitest's own `bail` cancels the run in a way that a kept thread does not survive.
let isFound = false
beforeEach(({ skip }) => {
  skip(isFound)
  onTestFailed(() => {
    isFound = true
  })
})
