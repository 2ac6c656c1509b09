/** The process that the services run in. It can crash: what it was doing is cut off, and after a while it is there again, over the same store. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { Assets } from "../lifecycle/Assets.ts"
import type { Catalogue } from "../lifecycle/Catalogue.ts"
import { OrderLifecycle } from "../lifecycle/OrderLifecycle.ts"
import type { OrderStore } from "../lifecycle/OrderStore.ts"
import type { CancellationPolicy } from "../order/policies/index.ts"
import { type Answer, answerOf, CurrentCall, perform, type Sent } from "./Call.ts"
import type { Started, World } from "./World.ts"

export class Server {
  readonly #world: World
  /** The store and the other surroundings, with the world's time and chance. They outlive a crash. */
  readonly #surroundings: Context.Context<OrderStore | Catalogue | Assets>
  readonly #policy: CancellationPolicy
  /** The calls that wait for something. */
  readonly #working = new Set<Started>()
  #lifecycle: OrderLifecycle["Service"] | null

  /** Whether no step of the store takes any time: then a call is answered at the moment it comes, unless it waits for another. */
  readonly isInstant: boolean

  constructor(
    world: World,
    surroundings: Context.Context<OrderStore | Catalogue | Assets>,
    policy: CancellationPolicy,
    options: { readonly isInstant?: boolean } = {}
  ) {
    this.isInstant = options.isInstant ?? false
    this.#world = world
    this.#surroundings = surroundings
    this.#policy = policy
    this.#lifecycle = this.#boot()
  }

  /**
   * Give a call to the services. A server that is down refuses connections: nothing is done. `waiting` is told when there is no answer at
   * once, because the call waits for something.
   */
  handle(sent: Sent, answered: (answer: Answer) => void, waiting: () => void = () => undefined): void {
    const lifecycle = this.#lifecycle
    if (lifecycle === null) return answered({ outcome: "unavailable" })
    // A call that has come, and has not been looked at when the server crashes, ends with it.
    const work = Effect.suspend(() => (this.#lifecycle === lifecycle ? perform(lifecycle, sent) : Effect.interrupt))
    const started = this.#world.start(this.#surroundings, Effect.provideService(work, CurrentCall, sent), (exit) => {
      this.#working.delete(started)
      answered(answerOf(exit))
    })
    started.whenWaiting(() => {
      this.#working.add(started)
      waiting()
    })
  }

  /** Die, in the middle of everything, and come back after so many ms. Callers that were waiting never get an answer. */
  crash(downMs: number): void {
    this.#lifecycle = null
    for (const started of this.#working) started.interrupt()
    this.#world.after(downMs, () => {
      this.#lifecycle ??= this.#boot()
    })
  }

  #boot(): OrderLifecycle["Service"] {
    const layer = OrderLifecycle.layer({ cancellationPolicy: this.#policy })
    const build = Layer.buildWithScope(layer, Scope.makeUnsafe())
    return Context.get(Effect.runSyncWith(this.#surroundings)(build), OrderLifecycle)
  }
}
