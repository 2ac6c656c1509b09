/**
 * fast-check as the tests use it. A failing property prints its seed; `FC_SEED=<seed> npm run test:only -- <file>` runs it again, and
 * `FC_RUNS=<n>` asks for more cases than a test's own number.
 */
import * as fc from "fast-check"
import { amount } from "./scale.ts"

const fromEnvironment = (name: string): number | undefined => {
  const value = process.env[name]
  if (value === undefined || value === "") return undefined
  if (!/^-?\d+$/.test(value)) throw new Error(`${name} must be a whole number, not ${JSON.stringify(value)}`)
  return Number(value)
}

const seed = fromEnvironment("FC_SEED")
const runs = fromEnvironment("FC_RUNS")
fc.configureGlobal({ ...(seed !== undefined && { seed }) })

/** How often to try a property: `usual` times the scale of the run, unless `FC_RUNS` says otherwise. */
export const numRuns = (usual: number): number => runs ?? amount(usual)

export { fc }
