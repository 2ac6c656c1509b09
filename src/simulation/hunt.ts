/** A hunt: many small runs, each with a script and a swarm of faults of its own, until one of them breaks a promise. */
import * as Effect from "effect/Effect"
import type { CancellationPolicy } from "../order/policies/index.ts"
import type { Finding } from "./Auditor.ts"
import { swarm } from "./Faults.ts"
import { type Played, type PlayOptions, playScript } from "./playScript.ts"
import { hoursOf, ownCallsOf, randomScript, type RandomScriptOptions } from "./randomScript.ts"
import type { Script } from "./Script.ts"
import { shrink } from "./shrink.ts"

export interface HuntOptions extends PlayOptions {
  readonly seeds: Iterable<number>
  readonly policy?: CancellationPolicy
  readonly pendingExpiresAfter?: string
  /** The calls of own commands in the scripts; all commands of the process, without a payload, when left out. */
  readonly ownCalls?: RandomScriptOptions["ownCalls"]
  /** Orders in each run. */
  readonly orders?: number
  /** The pace of the store in the scripts: it takes no time when left out. */
  readonly pace?: Script["store"]
  /** Which findings count; all of them when left out. */
  readonly looksFor?: (finding: Finding) => boolean
  /** How many runs it may take to make the script shorter. */
  readonly mostRuns?: number
  /** Called after each seed. */
  readonly onPlayed?: (seed: number, played: Played) => void
}

/** What was found: by which seed, and the shortest script that still shows it. */
export interface Quarry {
  readonly seed: number
  readonly findings: ReadonlyArray<Finding>
  readonly script: Script
}

/** The script of a seed, with its faults. */
export const scriptOf = (
  seed: number,
  { policy = "noActiveSubscriptions", orders = 200, pendingExpiresAfter, process, ownCalls, pace }: Partial<HuntOptions> = {}
): Script => {
  const given = ownCalls ?? ownCallsOf(process)
  const script = randomScript({ seed, orders, policy, faults: swarm(seed, hoursOf(orders)), ownCalls: given })
  return {
    ...script,
    ...(pendingExpiresAfter !== undefined && { pendingExpiresAfter }),
    ...(pace && { store: pace })
  }
}

/** Play seeds until one breaks a promise; null when none does. */
export const hunt = Effect.fnUntraced(function* (options: HuntOptions) {
  const { looksFor = () => true } = options
  for (const seed of options.seeds) {
    const script = scriptOf(seed, options)
    const played = yield* playScript(script, options)
    options.onPlayed?.(seed, played)
    const first = played.findings.find(looksFor)
    if (first === undefined) continue
    const stillFails = (candidate: Script) =>
      Effect.map(playScript(candidate, options), ({ findings }) => findings.some(({ id }) => id === first.id))
    const shortest = yield* shrink(script, stillFails, options.mostRuns)
    const { findings } = yield* playScript(shortest, options)
    return { seed, findings, script: shortest } satisfies Quarry
  }
  return null
})
