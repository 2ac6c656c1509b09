/**
 * Many runs, put together: the same seeds under every policy, so that two policies meet the same customers, and what differs between them
 * differs because of the policy. Each figure is a mean over the seeds with its 95 % confidence interval.
 */
import * as Effect from "effect/Effect"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import type { OrderProcess } from "../order/process/orderProcess.ts"
import { FunctionOption, ObjectOption, optionsReader } from "../lifecycle/options.ts"
import { inEachStatus } from "../order/Order.ts"
import type { Figures, OverTime } from "./Metrics.ts"
import type { NotJudged, OwnAccount } from "./OwnAccount.ts"
import type { Policy, Scenario } from "./Scenario.ts"
import type { Finding } from "./Auditor.ts"
import { isQuiet } from "./Faults.ts"
import { faultsOf, type Run, simulateOne } from "./simulate.ts"

/** A figure over several seeds: the mean, and where the true mean lies with 95 % confidence. With one seed there is no interval. */
export interface Estimate {
  readonly mean: number
  readonly low: number
  readonly high: number
}

/** The figures of one policy, by name (`hours.toConfirm.p50`), and how things stood on average at each moment. */
export interface PolicyReport {
  readonly policy: string
  readonly figures: Readonly<Record<string, Estimate>>
  readonly overTime: OverTime
}

/** How much more or less a figure is than under the first policy: by seed, and then over all seeds. */
export interface Difference {
  readonly policy: string
  readonly baseline: string
  readonly figures: Readonly<Record<string, Estimate>>
}

/** What a simulation has to say. Plain data: the JSON of it is the same for the same scenario and seeds. */
export interface Report {
  readonly scenario: Scenario
  readonly seeds: ReadonlyArray<number>
  /** Seeds of which every policy was run: fewer than `seeds` when the simulation was interrupted. */
  readonly completed: ReadonlyArray<number>
  readonly policies: ReadonlyArray<PolicyReport>
  readonly differences: ReadonlyArray<Difference>
  /** What the auditor objected to, in any run. Empty, or the library has a mistake. */
  readonly violations: ReadonlyArray<Violation>
  /** Under a process: how many answers there was no second account for, over all runs that the auditor watched. */
  readonly notJudged?: NotJudged
}

/** A promise that was broken in a run. */
export interface Violation extends Finding {
  readonly policy: string
  readonly seed: number
}

/** One run that is to be made. */
export interface Job {
  readonly scenario: Scenario
  readonly policy: Policy
  readonly seed: number
  /** Whether the auditor watches. It does when left out. */
  readonly isAudited?: boolean
  /** The process that orders are under, and its second account. They have functions, so such a job runs in this thread only. */
  readonly process?: OrderProcess
  readonly ownAccount?: OwnAccount
}

/** How a job is run: in this thread by `runHere`, on others by `workerPool` (`workers.ts`), or on a store of one's own. */
export type Runner<E = never, R = never> = (job: Job, onProgress?: (share: number) => void) => Effect.Effect<Run, E, R>

/** In this thread, on the store in memory. */
export const runHere: Runner = (job, onProgress) =>
  simulateOne({ ...job, ...(onProgress && { onProgress: ({ share }) => Effect.sync(() => onProgress(share)) }) })

/** What to simulate, and how. */
export interface SimulateOptions<E = never, R = never> {
  readonly scenario: Scenario
  readonly seeds: ReadonlyArray<number>
  readonly run?: Runner<E, R>
  /** The process that orders are under. It has functions, which no other thread can be given: `run` is `runHere` then, or one like it. */
  readonly process?: OrderProcess
  /** The process's second account: what its functions say is judged by this, and otherwise not. */
  readonly ownAccount?: OwnAccount
  /**
   * Whether the auditor watches every run. When left out, it watches all of them where the scenario has faults, and otherwise those of the
   * first seed: it takes a sixth of the time, and nothing but a mistake in the library can make it object.
   */
  readonly isAudited?: boolean
  /** Runs at a time. 1 when left out. */
  readonly concurrency?: number
  /** Called whenever a run has come further: how many runs are done, parts of runs included. */
  readonly onProgress?: (runsDone: number, runsInAll: number) => void
  /** Called with every run as it ends. What was reported can be put together by `reportOn` if the simulation is cut short. */
  readonly onRun?: (run: Run) => void
}

const readOptions = optionsReader<SimulateOptions<unknown, unknown>>(
  "simulate",
  {
    scenario: ObjectOption,
    seeds: Schema.Array(Schema.Int),
    run: FunctionOption,
    process: ObjectOption,
    ownAccount: ObjectOption,
    isAudited: Schema.Boolean,
    concurrency: Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)),
    onProgress: FunctionOption,
    onRun: FunctionOption
  },
  ["scenario", "seeds"]
)

/**
 * Run every policy of a scenario under every seed, and put it all together. Throws a `WrongOption` that names an option that cannot be used.
 */
export const simulate = <E = never, R = never>(options: SimulateOptions<E, R>): Effect.Effect<Report, E, R> => {
  const { scenario, seeds, onProgress, onRun, process, ownAccount } = readOptions(options)
  const own = { ...(process && { process }), ...(ownAccount && { ownAccount }) }
  const run = options.run ?? runHere
  const isAudited = (seed: number) => options.isAudited ?? (seed === seeds[0] || !isQuiet(faultsOf(scenario)))
  const jobs = seeds.flatMap((seed) =>
    scenario.policies.map((policy): Job => ({ scenario, policy, seed, isAudited: isAudited(seed), ...own }))
  )
  const shares = jobs.map(() => 0)
  const tell = (index: number, share: number) => {
    shares[index] = share
    onProgress?.(
      shares.reduce((sum, each) => sum + each, 0),
      jobs.length
    )
  }
  const runs = Effect.forEach(
    jobs,
    (job, index) =>
      Effect.map(
        run(job, (share) => tell(index, share)),
        (done) => {
          tell(index, 1)
          onRun?.(done)
          return done
        }
      ),
    { concurrency: options.concurrency ?? 1 }
  )
  return Effect.map(runs, (all) => reportOn(scenario, seeds, all))
}

/** Put runs together, in whatever order they ended. Seeds that lack a policy are left out, so that policies stay comparable. */
export const reportOn = (scenario: Scenario, seeds: ReadonlyArray<number>, runs: ReadonlyArray<Run>): Report => {
  const runOf = (policy: Policy, seed: number) => runs.find((run) => run.policy === policy.name && run.seed === seed)
  const completed = seeds.filter((seed) => scenario.policies.every((policy) => runOf(policy, seed)))
  const flat = scenario.policies.map((policy) => {
    const own = completed.flatMap((seed) => runOf(policy, seed) ?? [])
    return { policy: policy.name, figures: own.map((run) => flatten(run.figures)), over: own.map((run) => run.figures.overTime) }
  })
  const [baseline, ...others] = flat
  const notJudged = notJudgedIn(runs)
  return {
    scenario,
    seeds,
    completed,
    policies: flat.map(({ policy, figures, over }) => ({
      policy,
      figures: estimates(figures, (each) => each),
      overTime: meanOverTime(over)
    })),
    differences: others.map(({ policy, figures }) => ({
      policy,
      baseline: baseline?.policy ?? "",
      figures: estimates(figures, (each, name, index) => each - (baseline?.figures[index]?.[name] ?? 0), baseline?.figures)
    })),
    violations: runs
      .filter(({ seed }) => seeds.includes(seed))
      .toSorted((a, b) => a.seed - b.seed)
      .flatMap(({ policy, seed, violations }) => violations.map((finding) => ({ policy, seed, ...finding }))),
    ...(notJudged && { notJudged })
  }
}

/** What was not judged in all runs together; undefined where there is no process, or the auditor watched none. */
const notJudgedIn = (runs: ReadonlyArray<Run>): NotJudged | undefined => {
  const counted = runs.flatMap(({ notJudged }) => notJudged ?? [])
  if (counted.length === 0) return undefined
  const sum = (read: (each: NotJudged) => number) => counted.reduce((total, each) => total + read(each), 0)
  return { ownCommands: sum((each) => each.ownCommands), guardRefusals: sum((each) => each.guardRefusals) }
}

type Flat = Readonly<Record<string, number>>

/** Every number of some figures by its path, `hours.toConfirm.p50`; what is drawn over time apart. */
export const flatten = ({ overTime: _, ...figures }: Figures): Flat => {
  const flat: Record<string, number> = {}
  const walk = (value: unknown, path: string): void => {
    if (typeof value === "number") flat[path] = value
    else if (typeof value === "object" && value !== null) {
      for (const [key, below] of Object.entries(value)) walk(below, path === "" ? key : `${path}.${key}`)
    }
  }
  walk(figures, "")
  return flat
}

/** Each figure that appears in any run, or in one of `others`, estimated from all: a refusal that did not occur in a run occurred 0 times. */
const estimates = (
  runs: ReadonlyArray<Flat>,
  value: (figure: number, name: string, index: number) => number,
  others: ReadonlyArray<Flat> = []
): Readonly<Record<string, Estimate>> => {
  const names = [...new Set([...runs, ...others].flatMap((run) => Object.keys(run)))].toSorted()
  return Object.fromEntries(names.map((name) => [name, estimate(runs.map((run, index) => value(run[name] ?? 0, name, index)))]))
}

/** Mean and 95 % confidence interval, by Student's t. */
export const estimate = (values: ReadonlyArray<number>): Estimate => {
  const count = values.length
  const mean = count === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / count
  if (count < 2) return { mean, low: mean, high: mean }
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1)
  const half = studentT(count - 1) * Math.sqrt(variance / count)
  return { mean, low: mean - half, high: mean + half }
}

/** The two-sided 95 % quantile of Student's t. Beyond the table, an expansion that is right to three digits. */
const studentT = (degrees: number): number => {
  const table = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]
  const z = 1.959964
  return table[degrees - 1] ?? z + (z ** 3 + z) / (4 * degrees) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2)
}

const noOrders: OverTime["orders"] = inEachStatus(() => [])

const meanOverTime = (runs: ReadonlyArray<OverTime>): OverTime => {
  const mean = (read: (run: OverTime) => ReadonlyArray<number>) =>
    (runs[0] ? read(runs[0]) : []).map((_, moment) => runs.reduce((sum, run) => sum + (read(run)[moment] ?? 0), 0) / runs.length)
  return {
    everyHours: runs[0]?.everyHours ?? 0,
    orders: { ...noOrders, ...Record.map(runs[0]?.orders ?? noOrders, (_, status) => mean((run) => run.orders[status] ?? [])) },
    unitsHeld: mean((run) => run.unitsHeld),
    unitsRented: mean((run) => run.unitsRented),
    backOrders: mean((run) => run.backOrders)
  }
}
