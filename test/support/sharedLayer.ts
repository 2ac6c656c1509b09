/** One set of services for all tests of a file, closed after the last. Returns how to run an effect on them. */
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { afterAll, beforeAll } from "vitest"

export const sharedLayer = <R, E>(layer: Layer.Layer<R, E>) => {
  const runtime = ManagedRuntime.make(layer)
  beforeAll(async () => void (await runtime.context()))
  afterAll(() => runtime.dispose())
  return <A, EA>(effect: Effect.Effect<A, EA, R>): Promise<A> => runtime.runPromise(effect)
}
