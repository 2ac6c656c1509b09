/** Workers that give what orders wait for when its moment has come: two, so that one is at work where another may have died. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { Given } from "../lifecycle/Due.ts"
import type { Auditor } from "./Auditor.ts"
import { streamOf } from "./randomness.ts"
import type { Server } from "./Server.ts"
import type { World } from "./World.ts"

const workers = 2

/** How long a command that is given is one worker's alone: what a dead one had is due again then. */
const leaseMs = 30_000

/** What orders wait for may bring about that they wait again. At the end, that is not followed for ever. */
const mostLooks = 200

export class DueWorkers {
  readonly #world: World
  readonly #server: Server
  readonly #auditor: Auditor
  readonly #seed: number
  #looks = 0

  constructor(world: World, server: Server, auditor: Auditor, seed: number) {
    this.#world = world
    this.#server = server
    this.#auditor = auditor
    this.#seed = seed
  }

  /** Each worker looks so often, in turn with the others, until a time (ms since 1970). */
  begin(everyMs: number, until: number): void {
    const lookAfter = (pauseMs: number): void => {
      if (this.#world.now + pauseMs >= until) return
      this.#world.after(pauseMs, () => this.#look(() => lookAfter(everyMs)))
    }
    for (let worker = 1; worker <= workers; worker++) lookAfter((everyMs * worker) / workers)
  }

  #look(done: (given: number) => void): void {
    this.#server.giveDue(streamOf(this.#seed, "due", this.#looks++), (exit) => {
      if (exit !== null) this.#judge(exit)
      done(exit?._tag === "Success" ? exit.value.given + exit.value.ended : 0)
    })
  }

  /** A worker may be cut off, and the store may not answer. Anything else is a mistake. */
  #judge(exit: Exit.Exit<Given, unknown>): void {
    if (exit._tag === "Success" || !Cause.hasDies(exit.cause)) return
    const [message = ""] = Cause.pretty(exit.cause).split("\n", 1)
    this.#auditor.report({ id: "died", message: `giving what is due: ${message}`, at: this.#world.now })
  }

  /**
   * Look when everything is mended and has come to rest, and let happen what follows from it, until nothing more is due. `afterGiven` is called
   * whenever something was given. When the last look began, in virtual time; before everything, when there was no end to it.
   */
  readonly finish = (afterGiven: () => void = () => undefined): Effect.Effect<number> =>
    Effect.gen({ self: this }, function* () {
      for (let look = 0; look < mostLooks; look++) {
        // What a worker had in its hands when it died is due again: by the clock of then, which may have been fast.
        const { clockErrorMs = 0 } = this.#auditor.rules
        yield* this.#world.proceed(this.#world.now + leaseMs + (look === 0 ? clockErrorMs : 0))
        const lookedAt = this.#world.now
        let given = 0
        this.#look((count) => {
          given = count
          if (count > 0) afterGiven()
        })
        yield* this.#world.proceed()
        if (given === 0) return lookedAt
      }
      return -Infinity
    })
}
