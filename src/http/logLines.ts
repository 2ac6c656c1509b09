/**
 * The log as one JSON object a line, on standard output.
 *
 * Written through a file stream, which never makes the service wait: when nobody reads the other end, lines are dropped and counted
 * rather than kept for ever.
 */
import { createWriteStream } from "node:fs"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"

/** Lines waiting to be read may take this much memory. */
const maxWaitingBytes = 1024 * 1024

/** A log entry as an object: what it was given, if that is an object already. */
const entryOf = (message: unknown): object => {
  const [first] = Array.isArray(message) ? (message as ReadonlyArray<unknown>) : [message]
  return typeof first === "object" && first !== null ? first : { message: String(first) }
}

export const layer: Layer.Layer<never> = Layer.unwrap(
  Effect.gen(function* () {
    const stream = yield* Effect.acquireRelease(
      Effect.sync(() => createWriteStream("", { fd: 1, autoClose: false }).on("error", () => {})),
      // What is waiting is written before the process ends, unless nobody reads it.
      (stream) =>
        Effect.timeoutOrElse(
          Effect.callback<void>((resume) => void stream.end(() => resume(Effect.void))),
          {
            duration: "1 second",
            orElse: () => Effect.void
          }
        )
    )
    let dropped = 0
    const logger = Logger.make<unknown, void>(({ message, logLevel, cause, date }) => {
      if (stream.writableLength > maxWaitingBytes) return void dropped++
      const entry = {
        time: date.toISOString(),
        level: logLevel.toLowerCase(),
        ...entryOf(message),
        ...(cause.reasons.length > 0 && { cause: Cause.pretty(cause) }),
        ...(dropped > 0 && { droppedLines: dropped })
      }
      dropped = 0
      stream.write(`${JSON.stringify(entry)}\n`)
    })
    return Logger.layer([logger])
  })
)
