/**
 * What a run has tried, counted while it tries: the table at the end of a run is made of it (`evidenceTable.ts`).
 *
 * `tried` counts what was checked. `sometimes` counts what must happen now and then for the checks to mean anything (a lost race, an
 * answer that never came); the list of these is `mustHappen`, in `evidenceCounts.ts`. A whole run in which one of them happened less than
 * three times has failed, whatever it has found.
 */
import { appendFileSync } from "node:fs"
import { inject } from "vitest"
import type { mustHappen } from "./evidenceCounts.ts"

export { amount } from "./scale.ts"

declare module "vitest" {
  export interface ProvidedContext {
    /** Where the counts of all test files come together, a line of JSON from each. */
    evidenceFile: string
  }
}

const counts = { tried: {} as Record<string, number>, sometimes: {} as Record<string, number> }

/** `count` more of `what` were tried, and every one of them was checked. */
export const tried = (what: string, count = 1): void => {
  counts.tried[what] = (counts.tried[what] ?? 0) + count
}

/** It happened. */
export const sometimes = (what: (typeof mustHappen)[number], count = 1): void => {
  counts.sometimes[what] = (counts.sometimes[what] ?? 0) + count
}

/** Write down what the test file has counted. */
export const writeEvidence = (): void => {
  if (Object.keys(counts.tried).length + Object.keys(counts.sometimes).length === 0) return
  appendFileSync(inject("evidenceFile"), `${JSON.stringify(counts)}\n`)
  counts.tried = {}
  counts.sometimes = {}
}
