/**
 * `order-lifecycle simulate`: the real services in a made-up world, under two or more policies, and what comes of it.
 *
 * The summary goes to standard output; progress to standard error, when that is a terminal. Interrupted, it reports on the seeds that are
 * complete, and says so.
 */
import { availableParallelism } from "node:os"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { expectedOrders } from "../simulation/Arrivals.ts"
import { reportOn, runHere, type Runner, simulate } from "../simulation/compare.ts"
import type { Scenario } from "../simulation/Scenario.ts"
import { scaledTo } from "../simulation/scaledTo.ts"
import { scenarios } from "../simulation/scenarios/index.ts"
import type { Run } from "../simulation/simulate.ts"
import { workerPool } from "../simulation/workers/workerPool.ts"
import { CannotSimulate } from "./CannotSimulate.ts"
import type { CannotVerify } from "./CannotVerify.ts"
import { importOwnAccount, importProcess, processFlag } from "./processFlag.ts"
import { showProgress } from "./progressBar.ts"
import { readPolicy } from "./readPolicy.ts"
import { readScenarioFile } from "./readScenarioFile.ts"
import { pooledFlag } from "./pooledFlag.ts"
import { schemaFlag } from "./schemaFlag.ts"
import { runOnDatabase } from "./runOnDatabase.ts"
import { explain, type OwnProcess, replay, soak } from "./violations.ts"
import { reportWriter } from "./writeReports.ts"

const flags = {
  scenario: Argument.String("scenario").pipe(
    Argument.withDescription("A file of JSON, or the name of a shipped scenario (see --list)"),
    Argument.withDefault("steady-shop")
  ),
  seed: Flag.Int("seed").pipe(Flag.withDescription("The first seed. The same seed gives the same run"), Flag.withDefault(1)),
  seeds: Flag.Int("seeds").pipe(Flag.withDescription("How many seeds, from the first on"), Flag.withDefault(5)),
  orders: Flag.Int("orders").pipe(
    Flag.withDescription("Scale the scenario to about so many orders in each run; with --soak, exactly so many in each (200)"),
    Flag.optional
  ),
  days: Flag.Finite("days").pipe(Flag.withDescription("So many days, instead of what the scenario says"), Flag.optional),
  compare: Flag.String("compare").pipe(
    Flag.withDescription("One more policy: a file of JSON, or cancellationPolicy=beforeFulfilment,unitsPerDay=200. Repeatable"),
    Flag.atLeast(0)
  ),
  report: Flag.String("report").pipe(Flag.withDescription("Write a page with charts (HTML) to this file"), Flag.optional),
  json: Flag.String("json").pipe(Flag.withDescription("Write everything to this file, as JSON"), Flag.optional),
  csv: Flag.String("csv").pipe(Flag.withDescription("Write a line for each figure to this file, as CSV"), Flag.optional),
  workers: Flag.Int("workers").pipe(
    Flag.withDescription("Threads; as many as there are cores, when left out"),
    Flag.withDefault(availableParallelism())
  ),
  databaseUrl: Flag.Redacted("database-url").pipe(
    Flag.withDescription("Run on this PostgreSQL, which must have no orders in it, instead of in memory"),
    Flag.optional
  ),
  pooled: pooledFlag,
  schema: schemaFlag,
  soak: Flag.String("soak").pipe(
    Flag.withDescription("Look for violations for so long (90s, 10m, 2h): seed after seed, with faults of all kinds"),
    Flag.optional
  ),
  replay: Flag.String("replay").pipe(Flag.withDescription("Play a violation again that was saved"), Flag.optional),
  process: processFlag,
  ownAccount: Flag.String("own-account").pipe(
    Flag.withDescription("What the functions of the process are judged by: a file, .ts or .js, that exports its second account"),
    Flag.optional
  ),
  audit: Flag.Boolean("audit").pipe(
    Flag.withDescription("Have the auditor watch every run, and not those of the first seed only where nothing goes wrong"),
    Flag.withDefault(false)
  ),
  progress: Flag.Boolean("progress").pipe(
    Flag.withDescription("Show progress even where standard error is no terminal"),
    Flag.withDefault(false)
  ),
  list: Flag.Boolean("list").pipe(Flag.withDescription("Show the shipped scenarios"), Flag.withDefault(false))
}

export const simulateCommand = Command.make(
  "simulate",
  flags,
  Effect.fnUntraced(function* (given) {
    yield* requirePositive({ "--seeds": given.seeds, "--workers": given.workers })
    yield* requirePositive({ "--orders": orOne(given.orders), "--days": orOne(given.days) })
    if (given.list) return yield* Console.log(listing)
    const own = yield* ownOf(given)
    if (Option.isSome(given.replay)) return yield* replay(given.replay.value, own)
    if (Option.isSome(given.soak)) {
      return yield* soak(
        given.soak.value,
        given.seed,
        Option.getOrElse(given.orders, () => 200),
        given.workers,
        own
      )
    }
    const scenario = yield* scenarioOf(given)
    const write = yield* reportWriter({
      html: Option.getOrUndefined(given.report),
      json: Option.getOrUndefined(given.json),
      csv: Option.getOrUndefined(given.csv)
    })
    const seeds = Array.from({ length: given.seeds }, (_, index) => given.seed + index)
    const runs: Array<Run> = []
    const work = runAll(scenario, seeds, runs, own, { ...given, databaseUrl: Option.getOrUndefined(given.databaseUrl) })
    const report = yield* Effect.onInterrupt(work, () => {
      const partial = reportOn(scenario, seeds, runs)
      return partial.completed.length === 0
        ? Console.error("Interrupted before the first seed was complete: there is nothing to report.")
        : Effect.ignore(write(partial))
    })
    yield* write(report)
    if (report.violations.length > 0) return yield* explain(report, own)
  })
).pipe(
  Command.withDescription("Simulate a shop: the real services, with time, chance, customers and faults that are made up."),
  Command.withExamples([
    { command: "order-lifecycle simulate supplier-shortage --report out.html", description: "A shipped scenario, with charts" },
    {
      command: "order-lifecycle simulate --compare cancellationPolicy=beforeFulfilment,unitsPerDay=60 --seeds 20",
      description: "What would change under another policy"
    },
    {
      command: "order-lifecycle simulate --process our-process.ts --compare pendingExpiresAfter=P2D",
      description: "Under a process of your own, and what would change if pending orders expired"
    },
    { command: "order-lifecycle simulate --soak 10m", description: "Look for violations under faults of all kinds" }
  ])
)

/** The process that orders are under, and its second account, as far as they are given. */
const ownOf = Effect.fnUntraced(function* (given: {
  readonly process: Option.Option<string>
  readonly ownAccount: Option.Option<string>
}): Effect.fn.Return<OwnProcess, CannotVerify | CannotSimulate> {
  if (Option.isNone(given.process)) {
    return Option.isNone(given.ownAccount) ? {} : yield* new CannotSimulate({ message: "--own-account: needs --process" })
  }
  const process = yield* importProcess(given.process.value)
  return Option.isNone(given.ownAccount) ? { process } : { process, ownAccount: yield* importOwnAccount(given.ownAccount.value) }
})

const orOne = (value: Option.Option<number>) => Option.getOrElse(value, () => 1)

const requirePositive = Effect.fnUntraced(function* (given: Readonly<Record<string, number>>) {
  for (const [flag, value] of Object.entries(given)) {
    if (value <= 0) return yield* new CannotSimulate({ message: `${flag} ${value}: must be more than 0` })
  }
})

const listing = Object.entries(scenarios)
  .map(([name, { description = "" }]) => `${name}\n  ${description.replaceAll(/(.{1,100})(?:\s+|$)/g, "$1\n  ").trimEnd()}`)
  .join("\n\n")

/** The scenario with all that the flags change about it. */
const scenarioOf = Effect.fnUntraced(function* (given: {
  readonly scenario: string
  readonly compare: ReadonlyArray<string>
  readonly days: Option.Option<number>
  readonly orders: Option.Option<number>
}) {
  const added = yield* Effect.forEach(given.compare, readPolicy)
  const scenario = yield* readScenarioFile(given.scenario, (input) => ({
    ...input,
    ...(Option.isSome(given.days) && { days: given.days.value })
  }))
  const [first, ...others] = scenario.policies
  const names = [...scenario.policies, ...added].map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) < index)
  if (twice !== undefined) return yield* new CannotSimulate({ message: `--compare: there are two policies named "${twice}"` })
  const compared: Scenario = { ...scenario, policies: [first, ...others, ...added] }
  if (Option.isNone(given.orders)) return compared
  if ("recorded" in scenario.arrivals) {
    return yield* new CannotSimulate({ message: "--orders: the orders of this scenario are recorded, and as many as they are" })
  }
  return scaledTo(compared, given.orders.value)
})

/** Every policy under every seed. `runs` fills with what is done, for a report if it is cut short. */
const runAll = (
  scenario: Scenario,
  seeds: ReadonlyArray<number>,
  runs: Array<Run>,
  own: OwnProcess,
  {
    workers,
    databaseUrl,
    pooled,
    schema,
    audit,
    progress
  }: {
    readonly workers: number
    readonly databaseUrl: Redacted.Redacted | undefined
    readonly pooled: boolean
    readonly schema: string
    readonly audit: boolean
    readonly progress: boolean
  }
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const jobs = seeds.length * scenario.policies.length
      // A process has functions, which no thread can be given.
      const isHere = databaseUrl !== undefined || own.process !== undefined
      const concurrency = isHere ? 1 : Math.min(workers, jobs)
      const run: Runner =
        databaseUrl !== undefined
          ? yield* runOnDatabase(databaseUrl, pooled, schema)
          : isHere
            ? runHere
            : yield* workerPool(concurrency)
      const each = expectedOrders(scenario)
      let done = 0
      yield* showProgress(() => ({ share: done / jobs, done: done * each, unit: "orders" }), progress)
      return yield* simulate({
        scenario,
        seeds,
        ...own,
        ...(audit && { isAudited: true }),
        run,
        concurrency,
        onProgress: (runsDone) => {
          done = runsDone
        },
        onRun: (one) => runs.push(one)
      })
    })
  )
