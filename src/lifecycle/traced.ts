/**
 * Functions that are traced: while tracing is on, each call is a span, and failures name it. While it is off (`References.TracerEnabled`),
 * a call costs what its body does and nothing else: a simulation makes millions of them.
 */
import * as Effect from "effect/Effect"
import * as References from "effect/References"

type Body = (...args: Array<never>) => Effect.fn.Return<unknown, unknown, unknown>

/** `Effect.fn(name)` while tracing is on, `Effect.fnUntraced` while it is off. */
export const traced = (name: string): Effect.fn.Untraced => {
  const make = (body: Body) => {
    const [spanned, bare] = [Effect.fn(name)(body), Effect.fnUntraced(body)]
    return (...args: Array<never>) =>
      Effect.flatMap(References.TracerEnabled, (isOn) => (isOn ? spanned(...args) : bare(...args)))
  }
  // What it makes of a body has the type that either of the two gives it.
  return make as unknown as Effect.fn.Untraced
}
