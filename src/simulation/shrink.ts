/** Making a script shorter that shows something, as long as it still shows it (delta debugging). */
import * as Effect from "effect/Effect"
import { faultKinds, type Faults } from "./Faults.ts"
import { referencesOf, type Script, type Step } from "./Script.ts"

/**
 * A shorter script that `stillFails`: without calls that have nothing to do with it, then without single steps, then without kinds of
 * faults. A call goes together with those that refer to what it makes. `mostRuns` bounds the work.
 */
export const shrink = Effect.fnUntraced(function* (
  script: Script,
  stillFails: (script: Script) => Effect.Effect<boolean>,
  mostRuns = 400
) {
  let best = script
  const budget = { runs: mostRuns }
  /** Take the candidate if it still fails. */
  const attempt = Effect.fnUntraced(function* (candidate: Script) {
    if (budget.runs <= 0) return false
    budget.runs--
    const fails = yield* stillFails(candidate)
    if (fails) best = candidate
    return fails
  })

  /** Leave out chunk after chunk; whether any could go. */
  const leaveOut = Effect.fnUntraced(function* (chunk: number) {
    let hasShrunk = false
    let first = 0
    while (first < best.steps.length && budget.runs > 0) {
      const kept = without(best.steps, new Set(best.steps.slice(first, first + chunk)))
      if (yield* attempt({ ...best, steps: kept })) hasShrunk = true
      else first += chunk
    }
    return hasShrunk
  })

  // Large chunks first, smaller ones when no more of them can go; single steps until none can.
  for (let chunk = Math.ceil(best.steps.length / 2); chunk > 1; chunk = Math.ceil(chunk / 2)) yield* leaveOut(chunk)
  while (yield* leaveOut(1));
  for (const kind of faultKinds) {
    if (best.faults[kind] > 0) yield* attempt({ ...best, faults: { ...best.faults, [kind]: 0 } satisfies Faults })
  }
  if (best.faults.outages.length > 0) yield* attempt({ ...best, faults: { ...best.faults, outages: [] } })
  return best
})

/** The steps that are left when some go, and with them all that refer to what only they would have made. */
const without = (steps: ReadonlyArray<Step>, gone: ReadonlySet<Step>): ReadonlyArray<Step> => {
  const kept = steps.filter((step) => !gone.has(step))
  const made = new Set(kept.map(({ number }) => number))
  const orphans = new Set(kept.filter(({ call }) => referencesOf(call).some((number) => !made.has(number))))
  return orphans.size === 0 ? kept : without(kept, orphans)
}
