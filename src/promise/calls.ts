/**
 * Effects as promises.
 *
 * A promise is rejected with the error itself: the refusal, or the defect as it was thrown. An abort rejects with the reason of its signal
 * as long as nothing was sent, and with `OutcomeUnknown` from then on. Closing lets calls finish that were made before it.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as ManagedRuntime from "effect/ManagedRuntime"
import * as Pull from "effect/Pull"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { optionsReader } from "../lifecycle/options.ts"
import { OutcomeUnknown } from "../lifecycle/OrderStore.ts"
import { OrdersClosed, wrongOption } from "./errors.ts"
import type { CallOptions, CloseOptions } from "./Orders.ts"
import { CurrentCall } from "./writes.ts"

export interface Calls<R> {
  readonly run: <A, E>(effect: Effect.Effect<A, E, R>, options?: CallOptions) => Promise<A>
  /** Items as they come. A stream that never ends of itself, as `"listening"` says, ends without an error when the orders are closed. */
  readonly iterate: <A, E>(stream: Stream.Stream<A, E, R>, options?: CallOptions, kind?: "listening") => AsyncIterable<A>
  readonly close: (options?: CloseOptions) => Promise<void>
}

export const makeCalls = <R, ER>(runtime: ManagedRuntime.ManagedRuntime<R, ER>): Calls<R> => {
  const inFlight = new Set<Fiber.Fiber<unknown, unknown>>()
  const closing = new AbortController()
  let closed: Promise<void> | undefined

  const run = async <A, E>(effect: Effect.Effect<A, E, R>, options?: CallOptions): Promise<A> => {
    if (closing.signal.aborted) throw new OrdersClosed()
    const { signal } = readCallOptions(options)
    readSignal(signal)?.throwIfAborted()
    const call = { mayHaveWritten: false }
    const fiber = runtime.runFork(Effect.provideService(effect, CurrentCall, call), signal && { signal })
    inFlight.add(fiber)
    const exit = await new Promise<Exit.Exit<A, E | ER>>((resolve) => void fiber.addObserver(resolve))
    inFlight.delete(fiber)
    if (Exit.isSuccess(exit)) return exit.value
    if (!Cause.hasInterruptsOnly(exit.cause)) throw Cause.squash(exit.cause)
    const reason: unknown = signal?.aborted === true ? signal.reason : new OrdersClosed()
    throw call.mayHaveWritten ? new OutcomeUnknown({ cause: reason }) : reason
  }

  const iterate = async function* <A, E>(stream: Stream.Stream<A, E, R>, options: CallOptions = {}, kind?: "listening") {
    const signals = [readSignal(options.signal), kind === "listening" ? closing.signal : undefined].filter(
      (each) => each !== undefined
    )
    const signal = AbortSignal.any(signals)
    const scope = Scope.makeUnsafe()
    let pull: Pull.Pull<ReadonlyArray<A>, E, void, R> | undefined
    // Opened and pulled from in one go: who listens misses nothing from the first `next` on.
    const open = Effect.flatMap(Scope.provide(Stream.toPull(stream), scope), (opened) => (pull = opened))
    try {
      for (;;) {
        const items = await run(
          Pull.catchDone(pull ?? open, () => Effect.succeed(null)),
          { signal }
        )
        if (items === null) return
        yield* items
      }
    } catch (error) {
      if (kind !== "listening" || !closing.signal.aborted) throw error
    } finally {
      await Effect.runPromise(Scope.close(scope, Exit.void))
    }
  }

  const finish = async ({ graceMs = 10_000 }: CloseOptions): Promise<void> => {
    closing.abort()
    await Effect.runPromise(Effect.timeoutOption(Fiber.awaitAll(inFlight), graceMs))
    await runtime.dispose()
  }

  return { run, iterate, close: async (options) => (closed ??= finish(readClosing(options))) }
}

/** A call's options. One that there is not is a mistake: a signal under another name would never be heard. */
const readCallOptions = (options: CallOptions = {}): CallOptions => {
  for (const name in options)
    if (name !== "signal") throw wrongOption(name, "is not an option; the option is signal", "unexpected")
  return options
}

const readClosing = optionsReader<CloseOptions>("close", { graceMs: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)) })

/** A signal of another realm will do as well. */
const readSignal = (signal: AbortSignal | undefined): AbortSignal | undefined => {
  const isSignal = signal === undefined || (typeof signal === "object" && "throwIfAborted" in signal)
  if (!isSignal) throw wrongOption("signal", "must be an AbortSignal")
  return signal
}
