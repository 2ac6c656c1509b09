/** A connection of Effect's over one function that runs SQL. */
import * as Effect from "effect/Effect"
import type { Connection, Row } from "effect/sql/SqlConnection"
import type { SqlError } from "effect/sql/SqlError"
import * as Stream from "effect/Stream"

/** What a statement is answered with. */
export interface Answer {
  readonly rows: ReadonlyArray<object>
}

export const connectionOver = (
  run: (text: string, values: ReadonlyArray<unknown>) => Effect.Effect<Answer, SqlError>
): Connection => {
  const execute: Connection["execute"] = (text, values, transform) =>
    Effect.map(run(text, values), ({ rows }) => (transform ? transform(rows) : (rows as ReadonlyArray<Row>)))
  const values = () => Effect.die(new Error("rows as lists are not asked for"))
  return {
    execute,
    executeUnprepared: execute,
    executeRaw: run,
    executeValues: values,
    executeValuesUnprepared: values,
    executeStream: () => Stream.die(new Error("streams are not asked for"))
  }
}
