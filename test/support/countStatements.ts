/**
 * Which SQL statements an effect sends, and how many. They are seen through their tracing spans, so nothing about the effect changes.
 * What opens and closes a transaction is not among them.
 */
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"

export const countStatements = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<{ readonly answer: A; readonly statements: ReadonlyArray<string> }, E, R> =>
  Effect.suspend(() => {
    const spans: Array<Tracer.NativeSpan> = []
    const tracer = Tracer.make({
      span(options) {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    return Effect.map(Effect.withTracer(effect, tracer), (answer) => ({
      answer,
      statements: spans.map((span) => span.attributes.get("db.query.text")).filter((text) => typeof text === "string")
    }))
  })
