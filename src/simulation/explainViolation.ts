/**
 * From a violation in a scenario to the shortest script that shows it: the run is made once more, with everything that callers ask written
 * down, and what was written down is made shorter.
 */
import * as Effect from "effect/Effect"
import { dayMs } from "./Arrivals.ts"
import type { Job, Violation } from "./compare.ts"
import { playScript } from "./playScript.ts"
import { Recorder, referencesOf, type Script, type Step } from "./Script.ts"
import { shrink } from "./shrink.ts"
import { faultsOf, simulateOne } from "./simulate.ts"
import { underPolicy } from "./Workload.ts"

/** How many runs it may take to make a script shorter. */
const mostRuns = 200

/** The shortest script found that shows the violation; null when what was written down does not show it, played by itself. */
export const scriptOfViolation = Effect.fnUntraced(function* (job: Job, { id, call }: Violation) {
  const script = yield* scriptOfRun(job)
  const own = { ...(job.process && { process: job.process }), ...(job.ownAccount && { ownAccount: job.ownAccount }) }
  const shows = (candidate: Script) =>
    Effect.map(playScript(candidate, own), ({ findings }) => findings.some((each) => each.id === id))
  // Most often the calls about that one order are enough, and finding out costs next to nothing.
  for (const candidate of [{ ...script, steps: stepsAbout(script.steps, call) }, script]) {
    if (yield* shows(candidate)) return yield* shrink(candidate, shows, mostRuns)
  }
  return null
})

/** The steps about what a call is about: those it refers to, and those that refer to the same. */
const stepsAbout = (steps: ReadonlyArray<Step>, call: number | undefined): ReadonlyArray<Step> => {
  const about = new Set(call === undefined ? [] : [call])
  for (let size = 0; size < about.size;) {
    size = about.size
    for (const { number, call: scripted } of steps) {
      const references = referencesOf(scripted)
      if (!about.has(number) && !references.some((reference) => about.has(reference))) continue
      for (const each of [number, ...references]) about.add(each)
    }
  }
  return steps.filter(({ number }) => about.has(number))
}

/** Everything that callers ask in a run, as a script. */
export const scriptOfRun = Effect.fnUntraced(function* (job: Job): Effect.fn.Return<Script> {
  const { scenario, policy, seed } = job
  const { cancellationPolicy, pendingExpiresAfter, whenContractEnds } = underPolicy(scenario, policy)
  const recorder = new Recorder(Date.parse(scenario.start))
  yield* simulateOne({ ...job, watchers: [recorder], isAudited: false })
  return {
    seed,
    policy: cancellationPolicy,
    ...(pendingExpiresAfter !== undefined && { pendingExpiresAfter }),
    ...(whenContractEnds && { whenContractEnds }),
    start: scenario.start,
    products: scenario.catalogue.map(({ sku, currency, contractMonths }) => ({ sku, currency, isActive: true, contractMonths })),
    faults: faultsOf(scenario),
    store: scenario.store,
    healAfterMs: scenario.days * dayMs,
    steps: recorder.steps
  }
})
