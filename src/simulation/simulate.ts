/** One run: a scenario under a policy and a seed, through the real services. */
import * as DateTime from "effect/DateTime"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { CurrentDigest } from "../lifecycle/CurrentDigest.ts"
import { Assets } from "../lifecycle/Assets.ts"
import { Catalogue } from "../lifecycle/Catalogue.ts"
import { FunctionOption, ObjectOption, optionsReader, wrongOption } from "../lifecycle/options.ts"
import { OrderStore } from "../lifecycle/OrderStore.ts"
import * as Memory from "../memory/MemoryOrderStore.ts"
import type { Variant } from "../order/commands/priceLines.ts"
import type { OrderProcess } from "../order/process/orderProcess.ts"
import { fromDateTime } from "../order/Timestamp.ts"
import { dayMs } from "./Arrivals.ts"
import { Auditor, type Finding } from "./Auditor.ts"
import type { Watcher } from "./Call.ts"
import { Clients } from "./Clients.ts"
import { type Faults, isQuiet, mostClockErrorMs } from "./Faults.ts"
import { DueWorkers } from "./DueWorkers.ts"
import { faultyStore } from "./faultyStore.ts"
import { judgeStore } from "./judgeStore.ts"
import { type Figures, Metrics } from "./Metrics.ts"
import type { NotJudged, OwnAccount } from "./OwnAccount.ts"
import { streamOf } from "./randomness.ts"
import type { Policy, Scenario } from "./Scenario.ts"
import { Server } from "./Server.ts"
import { outsideStore, timedStore, watchedStore } from "./storeSteps.ts"
import { waitRulesOf } from "./waits.ts"
import { underPolicy, Workload } from "./Workload.ts"
import { World } from "./World.ts"

/** What to run. */
export interface RunOptions {
  readonly scenario: Scenario
  readonly policy: Policy
  readonly seed: number
  /** A store of its own for this run; in memory when left out. */
  readonly store?: OrderStore["Service"]
  /** Whether the auditor watches, judges every answer, and holds the store against its own account at the end. It does when left out. */
  readonly isAudited?: boolean
  /** Whoever else wants to know what happens. */
  readonly watchers?: ReadonlyArray<Watcher>
  /** The process that orders are under. */
  readonly process?: OrderProcess
  /** The process's second account: what its functions say is judged by this, and otherwise not. */
  readonly ownAccount?: OwnAccount
  /** Called now and then, with how far the run has come: from 0 to 1, and the orders placed. */
  readonly onProgress?: (progress: { readonly share: number; readonly orders: number }) => Effect.Effect<void>
}

/** What came out. */
export interface Run {
  readonly policy: string
  readonly seed: number
  readonly figures: Figures
  /** What the auditor objects to. Empty, or the library has a mistake. */
  readonly violations: ReadonlyArray<Finding>
  /** Under a process, when the auditor watched: how many answers there was no second account for. */
  readonly notJudged?: NotJudged
}

/** How many times a run tells how far it has come. */
const progressSteps = 50

/** How often each worker looks for what is due: every quarter of an hour, and in a long scenario some thousands of times. */
const dueEveryMs = ({ days }: Scenario): number => Math.max(15 * 60_000, (days * dayMs) / 5_000)

const readOptions = optionsReader<RunOptions>(
  "simulateOne",
  {
    scenario: ObjectOption,
    policy: ObjectOption,
    seed: Schema.Int,
    store: ObjectOption,
    isAudited: Schema.Boolean,
    watchers: Schema.Array(ObjectOption),
    process: ObjectOption,
    ownAccount: ObjectOption,
    onProgress: FunctionOption
  },
  ["scenario", "policy", "seed"]
)

/** Run it. The same options give the same figures. */
export const simulateOne = Effect.fnUntraced(function* (options: RunOptions) {
  const { scenario, policy, seed, process, ownAccount } = readOptions(options)
  const { cancellationPolicy, assetFactor, pendingExpiresAfter, whenContractEnds } = underPolicy(scenario, policy)
  const waitRules = waitRulesOf(process, pendingExpiresAfter)
  scenario.ownCommands?.forEach(({ command }, index) => {
    if (process?.commands.has(command) !== true)
      throw wrongOption(`scenario.ownCommands[${index}].command`, "names no command of the process")
  })
  const startAt = Date.parse(scenario.start)
  const endAt = startAt + scenario.days * dayMs
  const world = new World(startAt)
  const pool = new Map(scenario.catalogue.map(({ sku, assets }) => [sku, assets * assetFactor]))
  const metrics = new Metrics(startAt, scenario.days, pool, [...(process?.statuses.keys() ?? [])])
  const auditor = new Auditor({
    policy: cancellationPolicy,
    products: new Map(
      scenario.catalogue.map(({ sku, currency, contractMonths }) => [sku, { currency, isActive: true, contractMonths }])
    ),
    ...(process && { process }),
    ...(ownAccount && { ownAccount }),
    waitRules,
    ...(whenContractEnds && { whenContractEnds }),
    clockErrorMs: mostClockErrorMs(scenario.faults)
  })
  const isAudited = options.isAudited ?? true
  const watchers: ReadonlyArray<Watcher> = [metrics, ...(isAudited ? [auditor] : []), ...(options.watchers ?? [])]

  const given = options.store
  const kept = given === undefined ? yield* memoryStore : outsideStore(world, given)
  const store = watchedStore(world, kept, watchers)
  const timed = timedStore(world, store, scenario.store, streamOf(seed, "store"))
  const faults = faultsOf(scenario)
  const faulty = faultyStore(timed, { world, faults, seed, crash: (downMs) => server.crash(downMs), watchers })
  const surroundings = Context.make(OrderStore, isQuiet(faults) ? timed : faulty.store).pipe(
    Context.merge(yield* shopOf(scenario)),
    Context.merge(world.references(seed)),
    // Hashes are the same whoever reckons them.
    Context.add(CurrentDigest, yield* CurrentDigest)
  )
  const lifecycle = {
    cancellationPolicy,
    ...(process && { process }),
    ...(pendingExpiresAfter !== undefined && { pendingExpiresAfter }),
    ...(whenContractEnds && { whenContractEnds })
  }
  const server: Server = new Server(world, surroundings, lifecycle, {
    isInstant: timed === store && isQuiet(faults),
    sharesStatements: scenario.store.sharesStatements
  })
  const clients = new Clients(world, server, scenario.clients, watchers)
  const workload = new Workload(world, clients, { scenario, policy, seed }, metrics)
  const isAnythingDue = waitRules.length > 0 || whenContractEnds !== undefined
  const due = !isAnythingDue ? null : new DueWorkers(world, server, auditor, seed)
  workload.begin()
  due?.begin(dueEveryMs(scenario), endAt)

  for (let step = 1; step <= progressSteps; step++) {
    yield* world.proceed(startAt + ((endAt - startAt) * step) / progressSteps)
    // Somebody tidies up, as whoever runs the services does.
    const now = fromDateTime(DateTime.makeUnsafe(world.now))
    for (const { id } of scenario.tenants) yield* Effect.orDie(kept.forgetExpired(id, now, 1_000_000))
    yield* options.onProgress?.({ share: step / progressSteps, orders: metrics.placed }) ?? Effect.void
  }
  // Nothing new begins after the end, and nothing goes wrong any more; what has begun is let to its end.
  faulty.heal()
  clients.heal()
  yield* world.proceed()
  const lookedAt = yield* due?.finish() ?? Effect.undefined
  if (isAudited) yield* Effect.orDie(judgeStore(auditor, kept, world.now, lookedAt === undefined ? {} : { lookedAt }))
  return {
    policy: policy.name,
    seed,
    figures: metrics.figures(endAt),
    violations: auditor.findings,
    ...(process && isAudited && { notJudged: auditor.notJudged })
  } satisfies Run
})

/** What goes wrong at any time, and when nothing can be reached. */
export const faultsOf = ({ faults, incidents }: Scenario): Faults => ({
  ...faults,
  outages: [...faults.outages, ...incidents.filter((incident) => incident.type === "storeOutage")]
})

/** A fresh store in memory. */
const memoryStore = Effect.map(Effect.scoped(Layer.build(Layer.fresh(Memory.layer))), (context) =>
  Context.get(context, OrderStore)
)

/** What the shop sells, and the assets it has: the surroundings that the services ask. */
const shopOf = ({ catalogue }: Scenario) => {
  const variants = catalogue.map(({ sku, currency, monthlyPrice, contractMonths }): Variant => ({
    sku,
    productName: sku,
    isActive: true,
    currency,
    pricing: [{ contractLength: contractMonths, monthlyPrice }]
  }))
  return Effect.scoped(Layer.build(Layer.merge(Catalogue.layerStatic(variants), Assets.layerUnregistered)))
}
