/**
 * A `SqlClient` on a transaction that the caller has opened. What is a transaction to the store is a savepoint there: it can take back what it
 * did, and never what the caller did before it.
 */
import { makeCompiler } from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as SqlClient from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"
import { SqlError, UnknownError } from "effect/sql/SqlError"
import type { OpenTransaction } from "../lifecycle/OpenTransaction.ts"
import { connectionOver } from "./connectionOver.ts"
import { isSqlState } from "./sqlFailure.ts"

/** No other savepoint of this transaction should have this name. */
const savepoint = "order_lifecycle"

export const clientOver = (transaction: OpenTransaction): Effect.Effect<SqlClient.SqlClient> =>
  Effect.gen(function* () {
    const connection = connectionOf(transaction)
    // Savepoints are nested: one has to end before another begins, also when two are wanted at once.
    const turn = yield* Semaphore.make(1)
    const acquirer = Effect.as(
      Effect.acquireRelease(turn.take(1), () => turn.release(1)),
      connection
    )
    return yield* SqlClient.make({
      acquirer,
      compiler: makeCompiler(),
      driver: "postgresql",
      spanAttributes: [],
      beginTransaction: `SAVEPOINT ${savepoint}`,
      commit: `RELEASE SAVEPOINT ${savepoint}`,
      rollback: `ROLLBACK TO SAVEPOINT ${savepoint}`,
      releaseSavepoint: (name) => `RELEASE SAVEPOINT ${name}`
    })
  }).pipe(Effect.provide(Reactivity.layer))

/** What the server said, where a tool has put an error of its own around it (Drizzle does); otherwise what was thrown. */
const serverErrorIn = (thrown: unknown): unknown => {
  let each = thrown
  for (let depth = 0; depth < 5 && typeof each === "object" && each !== null; depth++) {
    if (isSqlState("code" in each ? each.code : undefined)) return each
    each = "cause" in each ? each.cause : undefined
  }
  return thrown
}

const connectionOf = ({ query }: OpenTransaction): Connection =>
  connectionOver((text, values) =>
    Effect.tryPromise({
      try: () => query(text, values),
      catch: (thrown) => {
        const cause = serverErrorIn(thrown)
        return new SqlError({
          reason: new UnknownError({
            cause,
            message: cause instanceof Error ? cause.message : String(cause),
            operation: "execute"
          })
        })
      }
    }).pipe(
      Effect.tap(({ rows }) => {
        if (!Array.isArray(rows)) throw new Error("within: query must answer { rows }, a list of objects")
        return Effect.void
      })
    )
  )

/** Dies where rows do not come back as the server names them: a plugin that renames columns would make the store decide on what is not there. */
export const requirePlainRows = (sql: SqlClient.SqlClient): Effect.Effect<void> =>
  Effect.orDie(
    Effect.flatMap(Effect.result(sql.unsafe<{ order_id?: unknown }>("SELECT 'as it is'::text AS order_id")), (asked) => {
      // What keeps the statement from running is told by the first one that matters.
      if (Result.isFailure(asked) || asked.success[0]?.order_id === "as it is") return Effect.void
      return Effect.die(
        new Error(
          "within: query must answer { rows } with the server's own names of columns; take a connection without plugins that rename them"
        )
      )
    })
  )
