/**
 * Functions that are traced: while tracing is on, each call is a span, and failures name it. While it is off (`References.TracerEnabled`),
 * a call costs what its body does and one look: a simulation makes millions of them.
 */
import * as Effect from "effect/Effect"
import * as References from "effect/References"

/** `Effect.fn(name)` while tracing is on, the bare body while it is off. */
export const traced =
  (name: string) =>
  <Args extends Array<unknown>, A, E, R>(
    body: (...args: Args) => Effect.Effect<A, E, R>
  ): ((...args: Args) => Effect.Effect<A, E, R>) => {
    const spanned = Effect.fn(name)(body)
    return (...args) => Effect.withFiber((fiber) => (fiber.getRef(References.TracerEnabled) ? spanned(...args) : body(...args)))
  }
