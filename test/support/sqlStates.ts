/** With which of its codes the server refused statements while an effect ran. Seen through tracing spans, as in `countStatements.ts`. */
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import { isSqlError } from "effect/sql/SqlError"

export const sqlStates = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<readonly [A, ReadonlyArray<string>], E, R> =>
  Effect.suspend(() => {
    const spans: Array<Tracer.NativeSpan> = []
    const tracer = Tracer.make({
      span(options) {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    const codes = () =>
      spans.flatMap(({ attributes, status }) => {
        if (status._tag !== "Ended" || status.exit._tag !== "Failure" || !attributes.has("db.query.text")) return []
        return status.exit.cause.reasons.flatMap((reason) => {
          const error = reason._tag === "Fail" ? reason.error : undefined
          const cause: unknown = isSqlError(error) ? error.reason.cause : undefined
          return typeof cause === "object" && cause !== null && "code" in cause ? [String(cause.code)] : []
        })
      })
    return Effect.map(Effect.withTracer(effect, tracer), (answer) => [answer, codes()] as const)
  })
