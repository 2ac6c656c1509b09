/** The process that the services run in. It can crash: what it was doing is cut off, and after a while it is there again, over the same store. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { Assets } from "../lifecycle/Assets.ts"
import type { Catalogue } from "../lifecycle/Catalogue.ts"
import { Due, type Given } from "../lifecycle/Due.ts"
import { type LifecycleOptions, OrderLifecycle } from "../lifecycle/OrderLifecycle.ts"
import { OrderStore } from "../lifecycle/OrderStore.ts"
import { sharingStore } from "../lifecycle/sharingStore.ts"
import { type Answer, answerOf, CurrentCall, perform, type Sent } from "./Call.ts"
import { CurrentChance } from "./faultyStore.ts"
import type { Stream } from "./randomness.ts"
import { aroundStore } from "./storeSteps.ts"
import type { Started, World } from "./World.ts"

export class Server {
  readonly #world: World
  /** The store and the other surroundings, with the world's time and chance. They outlive a crash. */
  readonly #surroundings: Context.Context<OrderStore | Catalogue | Assets>
  readonly #layer: ReturnType<typeof OrderLifecycle.layer>
  /** What waits for something. */
  readonly #working = new Set<Started>()
  /** Null while the process is down. */
  #services: Context.Context<OrderLifecycle | Due> | null
  /** The process that is running, to tell it from those that died. */
  #process: object | null = null

  /** Whether no step of the store takes any time: then a call is answered at the moment it comes, unless it waits for another. */
  readonly isInstant: boolean
  /** Whether its calls share statements, as on PostgreSQL. */
  readonly #sharesStatements: boolean

  constructor(
    world: World,
    surroundings: Context.Context<OrderStore | Catalogue | Assets>,
    lifecycle: LifecycleOptions,
    options: { readonly isInstant?: boolean; readonly sharesStatements?: boolean } = {}
  ) {
    this.isInstant = options.isInstant ?? false
    this.#sharesStatements = options.sharesStatements ?? false
    this.#world = world
    this.#surroundings = surroundings
    this.#layer = OrderLifecycle.layer(lifecycle)
    this.#services = this.#boot()
  }

  /**
   * Give a call to the services. A server that is down refuses connections: nothing is done. `waiting` is told when there is no answer at
   * once, because the call waits for something.
   */
  handle(sent: Sent, answered: (answer: Answer) => void, waiting: () => void = () => undefined): void {
    const services = this.#services
    if (services === null) return answered({ outcome: "unavailable" })
    const work = Effect.provideService(perform(Context.get(services, OrderLifecycle), sent), CurrentCall, sent)
    this.#start(work, (exit) => answered(answerOf(exit)), waiting)
  }

  /** Give what is due, as a worker in this process does. `done` hears null when the process is down. */
  giveDue(chance: Stream, done: (exit: Exit.Exit<Given, unknown> | null) => void): void {
    const services = this.#services
    if (services === null) return done(null)
    this.#start(Effect.provideService(Context.get(services, Due).run(), CurrentChance, chance), done)
  }

  /** Let the services work. What has come, and has not been begun when the process crashes, ends with it. */
  #start<A, E>(work: Effect.Effect<A, E>, done: (exit: Exit.Exit<A, E>) => void, waiting: () => void = () => undefined): void {
    const services = this.#services
    const unlessCrashed = Effect.suspend(() => (this.#services === services ? work : Effect.interrupt))
    const started = this.#world.start(this.#surroundings, unlessCrashed, (exit) => {
      this.#working.delete(started)
      done(exit)
    })
    started.whenWaiting(() => {
      this.#working.add(started)
      waiting()
    })
  }

  /** Die, in the middle of everything, and come back after so many ms. Callers that were waiting never get an answer. */
  crash(downMs: number): void {
    this.#services = null
    this.#process = null
    for (const started of this.#working) started.interrupt()
    this.#world.after(downMs, () => {
      this.#services ??= this.#boot()
    })
  }

  #boot(): Context.Context<OrderLifecycle | Due> {
    const process = {}
    this.#process = process
    const kept = Context.get(this.#surroundings, OrderStore)
    // Whatever a process still tries when it is dead, to tidy up, does not reach the store.
    const store = this.isInstant
      ? kept
      : aroundStore(kept, (operation) => Effect.suspend(() => (this.#process === process ? operation : Effect.interrupt)))
    const surroundings = Context.add(this.#surroundings, OrderStore, this.#sharesStatements ? shared(store) : store)
    return Effect.runSyncWith(surroundings)(Layer.buildWithScope(this.#layer, Scope.makeUnsafe()))
  }
}

/** What waits for a process goes with it, so each has its own. */
const shared = (store: OrderStore["Service"]): OrderStore["Service"] => ({
  ...store,
  ...sharingStore({
    ...store,
    loadPlacings: (_, requests) => Effect.forEach(requests, store.loadPlacing),
    commitTogether: (_, changes) =>
      Effect.map(store.commit(changes), (outcomes) => outcomes.map((outcome) => (outcome === "committed" ? outcome : undefined)))
  })
})
