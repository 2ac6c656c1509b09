/**
 * A world whose time and chance are ours. Nothing in it sleeps: time jumps to the next thing that is due, so a month takes as long as what
 * happens in it. The services run in it as they run anywhere; they take their time from Effect's `Clock`, and theirs is the world's.
 *
 * One thing happens at a time. A fiber runs until it waits for virtual time or ends; only then does the next thing happen. So a seed
 * replays everything exactly, on any store: a store that answers in real time (a database) is waited for while the world stands still.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as References from "effect/References"
import * as Scheduler from "effect/Scheduler"
import * as Random from "effect/Random"
import * as WebCrypto from "effect/crypto/WebCrypto"
import TinyQueue from "tinyqueue"
import { Deadline } from "../lifecycle/Deadline.ts"
import { TakesTurns } from "../lifecycle/OrderTurns.ts"
import { type Stream, streamOf } from "./randomness.ts"

/** Something that is due: at a time (ms since 1970), and among those of the same time in the order in which they were planned. */
interface Due {
  readonly at: number
  readonly order: number
  readonly happen: () => void
}

/** A fiber that was started: how to cut it off, and how to learn that it has not ended at once but waits for something. */
export interface Started {
  readonly interrupt: () => void
  readonly whenWaiting: (then: () => void) => void
}

/** How many things happen before the surroundings get a turn: a progress bar to draw, an interruption to notice. */
const thingsPerTurn = 2_000

export class World {
  /** Virtual time: ms since 1970. */
  now: number
  /** How far the clock on the wall is off (ms). Time itself is never set back. */
  clockError = 0

  readonly #queue = new TinyQueue<Due>([], (a, b) => a.at - b.at || a.order - b.order)
  #planned = 0
  /** Continuations of fibers that are ready to run. */
  readonly #ready: Array<() => void> = []
  /** How many steps of a store are being waited for in real time. */
  #outside = 0
  #wake: (() => void) | undefined

  constructor(start: number) {
    this.now = start
  }

  /** Let `happen` happen at a time, or now if that has passed. */
  at(time: number, happen: () => void): void {
    this.#queue.push({ at: Math.max(time, this.now), order: this.#planned++, happen })
  }

  /** Let `happen` happen after so many ms. */
  after(delayMs: number, happen: () => void): void {
    this.at(this.now + delayMs, happen)
  }

  /** Let virtual time pass. When nothing else is due in between, it simply moves on. For one fiber at a time: see `Clock` for all others. */
  pass(delayMs: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (delayMs <= 0) return Effect.void
      const until = this.now + delayMs
      if (this.#ready.length === 0 && this.#outside === 0 && until < (this.#queue.peek()?.at ?? Infinity)) {
        this.now = until
        return Effect.void
      }
      return this.#sleep(delayMs)
    })
  }

  #sleep(delayMs: number): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      let isWanted = true
      this.after(delayMs, () => {
        if (isWanted) resume(Effect.void)
      })
      return Effect.sync(() => {
        isWanted = false
      })
    })
  }

  /** Run something that takes real time, such as a query: the world stands still until it has ended. */
  outside<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return this.outsideParts().around(effect)
  }

  /** The same for something that takes real time at its beginning and at its end, with a part `within` that is of this world. */
  outsideParts(): {
    readonly around: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
    readonly within: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  } {
    const enter = Effect.sync(() => {
      this.#outside++
    })
    const leave = Effect.sync(() => {
      this.#outside--
      this.#wake?.()
    })
    return {
      around: (effect) => Effect.andThen(enter, Effect.ensuring(Effect.provideContext(effect, real), leave)),
      within: (effect) => Effect.andThen(leave, Effect.ensuring(Effect.provideContext(effect, this.#ours), enter))
    }
  }

  /** Start a fiber in this world. It runs when whatever happens now has happened. */
  start<A, E, R>(services: Context.Context<R>, effect: Effect.Effect<A, E, R>, onExit: (exit: Exit.Exit<A, E>) => void): Started {
    let fiber: Fiber.Fiber<A, E> | undefined
    let onWaiting: (() => void) | undefined
    let isUnwanted = false
    this.#ready.push(() => {
      fiber = Effect.runForkWith(services)(isUnwanted ? Effect.interrupt : effect)
      fiber.addObserver(onExit)
      if (fiber.pollUnsafe() === undefined) onWaiting?.()
    })
    return {
      interrupt: () => {
        isUnwanted = true
        fiber?.interruptUnsafe()
      },
      whenWaiting: (then) => {
        onWaiting = then
      }
    }
  }

  /**
   * Let everything happen that is due, and what follows from it, until nothing is left or `until` is reached. Other
   * fibers of the surroundings get a turn now and then.
   */
  readonly proceed = (until = Infinity): Effect.Effect<void> => {
    const turn = (): "over" | "outside" | "more" => {
      for (let n = 0; n < thingsPerTurn; n++) {
        this.#goOn()
        if (this.#outside > 0) return "outside"
        const due = this.#queue.peek()
        if (due === undefined || due.at > until) {
          if (until < Infinity) this.now = Math.max(this.now, until)
          return "over"
        }
        this.#queue.pop()
        this.now = Math.max(this.now, due.at)
        due.happen()
      }
      return "more"
    }
    const turns: Effect.Effect<void> = Effect.suspend(() => {
      const outcome = turn()
      if (outcome === "over") return Effect.void
      return (outcome === "outside" ? this.#outsideAnswered : Effect.void).pipe(
        Effect.andThen(Effect.yieldNow),
        Effect.andThen(turns)
      )
    })
    return turns
  }

  /** What every fiber in this world has: its time, its chance, its turn. */
  references(seed: number): Context.Context<never> {
    const chance = streamOf(seed, "services")
    const nextIntUnsafe = () => Math.floor((chance.next() * 2 - 1) * Number.MAX_SAFE_INTEGER)
    return this.#ours.pipe(
      Context.add(Random.Random, { nextDoubleUnsafe: chance.next, nextIntUnsafe }),
      Context.add(WebCrypto.WebCrypto, cryptoOf(streamOf(seed, "ids and salts"))),
      Context.add(References.TracerEnabled, false),
      // What goes wrong is made to, and watchers hear of it.
      Context.add(References.MinimumLogLevel, "None"),
      // Concurrent calls stand for as many processes.
      Context.add(TakesTurns, false),
      // It would pass by the clock on the wall outside.
      Context.add(Deadline, Duration.infinity)
    )
  }

  // --- how fibers meet the world ---------------------------------------------------------------------------------------------------------

  /** The clock on the wall, which may be wrong, and the waiting, which is not. */
  readonly #clock: Clock.Clock = {
    currentTimeMillisUnsafe: () => this.now + this.clockError,
    currentTimeMillis: Effect.sync(() => this.now + this.clockError),
    currentTimeNanosUnsafe: () => BigInt(Math.floor(this.now + this.clockError)) * 1_000_000n,
    currentTimeNanos: Effect.sync(() => this.#clock.currentTimeNanosUnsafe()),
    monotonicTimeNanosUnsafe: () => BigInt(Math.floor(this.now)) * 1_000_000n,
    monotonicTimeNanos: Effect.sync(() => this.#clock.monotonicTimeNanosUnsafe()),
    sleep: (duration) => this.#sleep(Duration.toMillis(duration))
  }

  /** Fibers go on one after the other, in the order in which they became ready, and only when the world lets them. */
  readonly #scheduler: Scheduler.Scheduler = {
    executionMode: "async",
    shouldYield: () => false,
    makeDispatcher: () => ({
      scheduleTask: (task) => {
        this.#ready.push(task)
        this.#wake?.()
      },
      flush: () => this.#goOn()
    })
  }

  #goOn(): void {
    // Two that ask a store at the same moment ask it one after the other, or its answers would come as chance has it.
    for (let task = this.#next(); task !== undefined; task = this.#next()) task()
  }

  #next(): (() => void) | undefined {
    return this.#outside === 0 ? this.#ready.shift() : undefined
  }

  /** What a fiber in this world goes by. */
  readonly #ours = Context.make(Clock.Clock, this.#clock).pipe(Context.add(Scheduler.Scheduler, this.#scheduler))

  /** Something from outside has come, or has made a fiber ready. Whoever was waiting for it goes on before the world does. */
  readonly #outsideAnswered = Effect.callback<void>((resume) => {
    this.#wake = () => {
      this.#wake = undefined
      resume(Effect.void)
    }
  })
}

/** As much of WebCrypto as ids and salts need, from a seed. */
const cryptoOf = (stream: Stream): typeof globalThis.crypto => ({
  subtle: globalThis.crypto.subtle,
  getRandomValues: (array) => {
    if (ArrayBuffer.isView(array)) stream.fillBytes(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
    return array
  },
  randomUUID: () => {
    throw new Error("a simulated id comes from random bytes")
  }
})

/** What everything outside goes by: for what has to happen in real time. */
const real = Context.make(Clock.Clock, Context.get(Context.empty(), Clock.Clock)).pipe(
  Context.add(Scheduler.Scheduler, new Scheduler.MixedScheduler())
)
