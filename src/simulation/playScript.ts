/**
 * Playing a script: its calls on the real services, over a store in which things go wrong, until everything is mended and has come to rest;
 * then the auditor judges the whole. The same script gives the same trace, always.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { CurrentDigest } from "../lifecycle/CurrentDigest.ts"
import { Assets } from "../lifecycle/Assets.ts"
import { Catalogue } from "../lifecycle/Catalogue.ts"
import { OrderRecords } from "../lifecycle/OrderRecords.ts"
import { type Change, type Delivery, OrderStore } from "../lifecycle/OrderStore.ts"
import { Outbox } from "../lifecycle/Outbox.ts"
import * as Memory from "../memory/MemoryOrderStore.ts"
import { SerialNumber } from "../order/Order.ts"
import type { OrderProcess } from "../order/process/orderProcess.ts"
import { Auditor, type Finding } from "./Auditor.ts"
import type { Answer, Call, Sent, Watcher } from "./Call.ts"
import { isSafeToRepeat } from "./Clients.ts"
import { DueWorkers } from "./DueWorkers.ts"
import { faultyStore } from "./faultyStore.ts"
import { Consumer, judgeStore } from "./judgeStore.ts"
import { type FaultKind, mostClockErrorMs } from "./Faults.ts"
import type { NotJudged, OwnAccount } from "./OwnAccount.ts"
import { happens, type Stream, streamOf } from "./randomness.ts"
import { MadeByCalls, type Script, type Step } from "./Script.ts"
import { Server } from "./Server.ts"
import { outsideStore, timedStore, watchedStore } from "./storeSteps.ts"
import { Trace } from "./Trace.ts"
import { waitRulesOf } from "./waits.ts"
import { World } from "./World.ts"

/** What came of a script. */
export interface Played {
  readonly findings: ReadonlyArray<Finding>
  /** Two runs with the same trace did the same. */
  readonly trace: string
  /** Under a process: how many answers there was no second account for. */
  readonly notJudged?: NotJudged
}

export interface PlayOptions {
  /**
   * Where orders are kept: a store of its own for this run, which may be in another process. In memory when left out. Its `OrderRecords`,
   * if it has any, are verified at the end.
   */
  readonly store?: Layer.Layer<OrderStore>
  /** Whoever else wants to know what happens. */
  readonly watchers?: ReadonlyArray<Watcher>
  /** The process that orders are under. It has functions and is no part of the script, so a script is played again under the same. */
  readonly process?: OrderProcess
  /** The process's second account: what its functions say is judged by this, and otherwise not. */
  readonly ownAccount?: OwnAccount
}

/** Play a script. */
export const playScript = (script: Script, options: PlayOptions = {}): Effect.Effect<Played> =>
  Effect.scoped(Effect.orDie(play(script, options)))

const play = Effect.fnUntraced(function* (script: Script, options: PlayOptions) {
  const { store: given, watchers: others = [], process, ownAccount } = options
  const { seed, faults, policy: cancellationPolicy, pendingExpiresAfter, whenContractEnds } = script
  const waitRules = waitRulesOf(process, pendingExpiresAfter)
  const startedAt = Date.parse(script.start)
  const world = new World(startedAt)
  const auditor = new Auditor({
    policy: script.policy,
    products: new Map(script.products.map((product) => [product.sku, product])),
    ...(script.assets && { assets: new Map(Object.entries(script.assets)) }),
    ...(process && { process }),
    ...(ownAccount && { ownAccount }),
    waitRules,
    ...(whenContractEnds && { whenContractEnds }),
    clockErrorMs: mostClockErrorMs(faults)
  })
  const consumer = new Consumer(auditor)
  const trace = new Trace()
  const made = new MadeByCalls()
  const player: Player = new Player(world, script, made, [auditor, trace, ...others])
  const watchers: ReadonlyArray<Watcher> = [auditor, trace, player, consumer, ...others]

  const built = yield* Layer.build(Layer.fresh(given ?? Memory.layer))
  const kept = Context.get(built, OrderStore)
  const reached = watchedStore(world, given === undefined ? kept : outsideStore(world, kept), watchers)
  const timed = timedStore(world, reached, script.store, streamOf(seed, "store"))
  const faulty = faultyStore(timed, {
    world,
    faults,
    seed,
    crash: (downMs) => server.crash(downMs),
    watchers
  })
  const surroundings = Context.make(OrderStore, faulty.store).pipe(
    Context.merge(yield* Layer.build(shopOf(script))),
    Context.merge(world.references(seed)),
    Context.add(CurrentDigest, yield* CurrentDigest)
  )
  const lifecycle = {
    cancellationPolicy,
    ...(process && { process }),
    ...(pendingExpiresAfter !== undefined && { pendingExpiresAfter }),
    ...(whenContractEnds && { whenContractEnds })
  }
  const { sharesStatements } = script.store
  const server: Server = new Server(world, surroundings, lifecycle, { sharesStatements })
  const outbox = Context.get(yield* Effect.provideContext(Layer.build(Outbox.layer), surroundings), Outbox)
  yield* kept.addConsumer({ tenantId: null, consumer: consumerName }, "beginning")
  const deliveries = new Deliveries(world, surroundings, outbox, consumer, script, watchers)
  const isAnythingDue = waitRules.length > 0 || whenContractEnds !== undefined
  const due = !isAnythingDue ? null : new DueWorkers(world, server, auditor, seed)

  player.begin((sent, answered) => server.handle(sent, answered))
  deliveries.begin()
  due?.begin(dueEveryMs(script), startedAt + script.healAfterMs)
  world.at(startedAt + script.healAfterMs, () => {
    faulty.heal()
    player.heal()
    deliveries.heal()
  })
  yield* world.proceed()
  const lookedAt = yield* due?.finish(() => deliveries.resume()) ?? Effect.undefined

  player.judge(auditor)
  consumer.judge(world.now)
  const records = Option.getOrUndefined(Context.getOption(built, OrderRecords))
  yield* judgeStore(auditor, kept, world.now, { ...(records && { records }), ...(lookedAt !== undefined && { lookedAt }) })
  const { findings, notJudged } = auditor
  return { findings, trace: trace.hash, ...(process && { notJudged }) } satisfies Played
})

const shopOf = ({ products, assets }: Script) =>
  Layer.merge(
    Catalogue.layerStatic(
      products.map(({ sku, currency, isActive, contractMonths = 12 }) => ({
        sku,
        productName: sku,
        isActive,
        currency,
        pricing: [{ contractLength: contractMonths, monthlyPrice: 1_900 }]
      }))
    ),
    assets === undefined
      ? Assets.layerUnregistered
      : Assets.layerStatic(Object.entries(assets).map(([serialNumber, sku]) => [SerialNumber.make(serialNumber), sku]))
  )

// --- the callers -------------------------------------------------------------------------------------------------------------------------

/** How long a caller waits before it asks again; twice as long each time. */
const firstDelayMs = 500
const longestDelayMs = 60_000

/** Who has asked so often after everything was mended, and knows nothing, never will. */
const mostRepeats = 30

/** An attempt of the caller's own has a number that no step has. */
const attemptsApart = 1_000

class Player implements Watcher {
  readonly #world: World
  readonly #script: Script
  readonly #startedAt: number
  readonly #made: MadeByCalls
  readonly #watchers: ReadonlyArray<Watcher>
  readonly #waiting = new Set<Step>()
  readonly #settled = new Set<number>()
  readonly #unsettled = new Map<number, () => void>()
  #handle: (sent: Sent, answered: (answer: Answer) => void) => void = () => undefined
  #isHealing = false

  constructor(world: World, script: Script, made: MadeByCalls, watchers: ReadonlyArray<Watcher>) {
    this.#world = world
    this.#script = script
    this.#startedAt = world.now
    this.#made = made
    this.#watchers = watchers
  }

  begin(handle: (sent: Sent, answered: (answer: Answer) => void) => void): void {
    this.#handle = handle
    this.#plan(0)
  }

  heal(): void {
    this.#isHealing = true
    const unsettled = [...this.#unsettled.values()]
    this.#unsettled.clear()
    for (const ask of unsettled) ask()
  }

  /** Whoever could ask again knows by now. */
  judge(auditor: Auditor): void {
    for (const call of this.#unsettled.keys())
      auditor.report({ id: "C8", message: "everything is mended, and it still gets no answer", call, at: this.#world.now })
  }

  /** One step after the other, so that a step comes after everything that was planned earlier for the same time. */
  #plan(index: number): void {
    const step = this.#script.steps[index]
    if (step === undefined) return
    this.#world.at(this.#startedAt + step.atMs, () => {
      this.#plan(index + 1)
      this.#take(step)
    })
  }

  /** A step that refers to what has not been made yet waits for it; perhaps for ever. */
  #take(step: Step): void {
    const call = this.#made.fromScript(step.call)
    if (call === null) return void this.#waiting.add(step)
    this.#waiting.delete(step)
    this.#ask(step, call, 0)
  }

  readonly committed = (change: Change): void => {
    if (this.#made.learn(change) === null || this.#waiting.size === 0) return
    this.#world.after(0, () => {
      for (const step of this.#waiting) this.#take(step)
    })
  }

  #ask(step: Step, call: Call, repeat: number): void {
    const { number, tenant: tenantId, user: userId, key, expectedVersion } = step
    const attempt = step.attempt + attemptsApart * repeat
    const named = { ...(key !== undefined && { key }), ...(expectedVersion !== undefined && { expectedVersion }) }
    const sent: Sent = { call, number, attempt, tenantId, userId, ...named }
    const sentAt = this.#world.now
    for (const watcher of this.#watchers) watcher.sent?.(sent, sentAt)
    this.#handle(sent, (answer) => {
      for (const watcher of this.#watchers) watcher.answered?.(sent, answer, sentAt, this.#world.now)
      // Who knows it from another attempt asks no more.
      if (isKnown(answer)) this.#settled.add(number)
      if (this.#settled.has(number)) return void this.#unsettled.delete(number)
      if (!isSafeToRepeat(call, key !== undefined, answer)) return
      const again = () => this.#ask(step, call, repeat + 1)
      if (repeat < (this.#isHealing ? mostRepeats : step.repeats))
        this.#world.after(Math.min(firstDelayMs * 2 ** repeat, longestDelayMs), again)
      else this.#unsettled.set(number, again)
    })
  }
}

const isKnown = (answer: Answer): boolean => {
  if (answer.outcome !== "many") return answer.outcome !== "unavailable" && answer.outcome !== "unknown"
  return answer.outcomes.every(
    ({ outcome }) =>
      outcome._tag === "Success" || (outcome.failure._tag !== "StoreUnavailable" && outcome.failure._tag !== "OutcomeUnknown")
  )
}

// --- what is due ---------------------------------------------------------------------------------------------------------------------------

/** How often each worker looks for what is due: every second, and in a long script some hundreds of times. */
const dueEveryMs = ({ healAfterMs }: Script): number => Math.max(1_000, healAfterMs / 500)

// --- the outbox --------------------------------------------------------------------------------------------------------------------------

const consumerName = "simulation"

/** How often somebody looks into the outbox: twice a minute, and in a long script some hundreds of times. */
const deliveryEveryMs = ({ healAfterMs }: Script): number => Math.max(30_000, healAfterMs / 500)

/** So often in vain after everything is mended: long enough for the last caller to ask again, and for the longest lease to run out. */
const idleLooks = 15
const mostIdleLooks = 200

/** Who looks in vain looks again after twice the time, and that is never more than so many times as long. */
const longestPause = 64

/** How long an event is one call's alone. */
const leaseMs = 30_000

/** Delivers the outbox to a consumer, who sometimes refuses an event, dies or freezes. */
class Deliveries {
  readonly #world: World
  readonly #surroundings: Context.Context<OrderStore>
  readonly #outbox: Outbox["Service"]
  readonly #consumer: Consumer
  readonly #script: Script
  readonly #watchers: ReadonlyArray<Watcher>
  #isHealing = false
  #idle = 0
  #calls = 0

  constructor(
    world: World,
    surroundings: Context.Context<OrderStore>,
    outbox: Outbox["Service"],
    consumer: Consumer,
    script: Script,
    watchers: ReadonlyArray<Watcher>
  ) {
    this.#world = world
    this.#surroundings = surroundings
    this.#outbox = outbox
    this.#consumer = consumer
    this.#script = script
    this.#watchers = watchers
  }

  begin(): void {
    this.#world.after(deliveryEveryMs(this.#script), () => this.#deliver())
  }

  heal(): void {
    this.#isHealing = true
  }

  /** Go on after having come to rest: there are new events. */
  resume(): void {
    this.#idle = 0
    this.#world.after(0, () => this.#deliver())
  }

  #deliver(): void {
    const chance = streamOf(this.#script.seed, "consumer", this.#calls++)
    let isFrozen = false
    /** While this process is frozen, another one does its work from now on. */
    const freeze = Effect.suspend(() => {
      isFrozen = true
      this.#world.after(0, () => this.#deliver())
      return Effect.sleep(leaseMs * (1 + 3 * chance.next()))
    })
    const take = (deliveries: ReadonlyArray<Delivery>) => this.#take(deliveries, chance, freeze)
    const deliver = this.#outbox.deliverBatch(consumerName, take, { lease: leaseMs, retry: { attempts: 1_000_000 } })
    this.#world.start(this.#surroundings, deliver, (exit) => {
      if (isFrozen) return
      const delivered = exit._tag === "Success" ? exit.value.delivered : 0
      if (this.#isHealing) this.#idle = delivered > 0 ? 0 : this.#idle + 1
      const isOver = this.#idle > (this.#consumer.hasEverything ? idleLooks : mostIdleLooks)
      const pauseMs = deliveryEveryMs(this.#script) * Math.min(2 ** this.#idle, longestPause)
      if (!isOver) this.#world.after(delivered > 0 ? 0 : pauseMs, () => this.#deliver())
    })
  }

  /** What the consumer does with events, and with which of them it says that it is done. */
  readonly #take = Effect.fnUntraced(
    { self: this },
    function* (deliveries: ReadonlyArray<Delivery>, chance: Stream, freeze: Effect.Effect<void>) {
      const { faults } = this.#script
      const hits = (kind: FaultKind): boolean => {
        const isHit = !this.#isHealing && happens(faults[kind], chance)
        if (isHit) for (const watcher of this.#watchers) watcher.fault?.(kind, "deliver", null, this.#world.now)
        return isHit
      }
      const freezes = hits("consumerFreezes") ? (happens(0.5, chance) ? "before" : "after") : null
      if (freezes === "before") yield* freeze
      const taken = deliveries.filter(() => !hits("deliveryFails"))
      this.#consumer.take(
        taken.map(({ sealed }) => sealed),
        this.#world.now
      )
      if (hits("consumerDies")) return yield* Effect.fail("the consumer died" as const)
      if (freezes === "after") yield* freeze
      return taken
    }
  )
}
