/**
 * A `SqlClient` like another one, with something put between it and its connections: to hold statements back, or to alter their text.
 * The store on top is the real one, and so is the database below.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as SqlClient from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"

/** How a connection does something else than the one that it is made from. */
export type Rewiring = (connection: Connection) => Connection

/** `alone` is for statements outside a transaction, `inTransaction` for those within one. */
export const rewired = <E>(
  client: Layer.Layer<SqlClient.SqlClient, E>,
  { alone, inTransaction }: { readonly alone: Rewiring; readonly inTransaction: Rewiring }
): Layer.Layer<SqlClient.SqlClient, E> =>
  Layer.effect(
    SqlClient.SqlClient,
    Effect.flatMap(SqlClient.SqlClient, (real) =>
      SqlClient.make({
        driver: real.driver,
        acquirer: Effect.map(real.reserve, alone),
        transactionAcquirer: Effect.map(real.reserve, inTransaction),
        compiler: PgClient.makeCompiler(),
        releaseSavepoint: (name) => `RELEASE SAVEPOINT ${name}`,
        spanAttributes: []
      })
    )
  ).pipe(Layer.provide(client), Layer.provide(Reactivity.layer))

/** A connection whose statements go through `around`, which is given the text and how to run another in its place. */
export const around =
  (
    run: <A, E>(text: string, send: (text: string) => Effect.Effect<A, E>, connection: Connection) => Effect.Effect<A, E>
  ): Rewiring =>
  (connection) => ({
    ...connection,
    execute: (text, params, transformRows) => run(text, (sent) => connection.execute(sent, params, transformRows), connection),
    executeRaw: (text, params) => run(text, (sent) => connection.executeRaw(sent, params), connection),
    executeValues: (text, params) => run(text, (sent) => connection.executeValues(sent, params), connection),
    executeValuesUnprepared: (text, params) => run(text, (sent) => connection.executeValuesUnprepared(sent, params), connection),
    executeUnprepared: (text, params, transformRows) =>
      run(text, (sent) => connection.executeUnprepared(sent, params, transformRows), connection)
  })
