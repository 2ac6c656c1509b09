/**
 * Connections of a `pg.Pool` that the embedding service has made and goes on using. It is never ended here, and each connection goes back as it came.
 *
 * What the store relies on (limits of time, isolation, commits that wait for the disk) is set for each transaction and ends with it, so that it
 * holds for the library's work and for no other work of the pool. A statement that stands alone therefore runs in a transaction, too: it takes
 * three round trips instead of one. Statements are not prepared by name, so none stays behind on a connection.
 */
import { makeCompiler } from "@effect/sql-pg/PgClient"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as SqlClient from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"
import { SqlError, UnknownError } from "effect/sql/SqlError"
import { optionsReader } from "../lifecycle/options.ts"
import { NonEmptyText } from "../order/Text.ts"
import { type Answer, connectionOver } from "./connectionOver.ts"
import { Deadline } from "../lifecycle/Deadline.ts"
import { requireSuitable, sessionSettings, UnsuitableDatabase } from "./PostgresConnection.ts"
import { isSqlState } from "./sqlFailure.ts"

/** As much of a `pg.Pool` as is used. */
export interface Pool {
  readonly connect: () => Promise<PoolClient>
  readonly totalCount: number
}

/** As much of a `pg.PoolClient` as is used. */
export interface PoolClient {
  readonly query: (statement: {
    readonly text: string
    readonly values: Array<unknown>
    readonly types: { readonly getTypeParser: (type: number) => (value: string) => unknown }
  }) => Promise<unknown>
  readonly on: (event: "error", listener: (error: Error) => void) => unknown
  readonly off: (event: "error", listener: (error: Error) => void) => unknown
  /** With true, the connection is closed. */
  readonly release: (isBroken?: boolean) => void
  /** `I` when no transaction is open. */
  readonly getTransactionStatus?: () => string | null
}

/** Which pool, and how the library appears on it. */
export interface PoolOptions {
  /** A `pg.Pool`, or one that is used like it. */
  readonly pool: Pool
  /** What the server's own lists call a connection while it works for orders; `order-lifecycle` unless said otherwise. */
  readonly applicationName?: string | undefined
}

/** A pool as an option. A `pg.Client` can connect and query as well, and is none. */
export const PoolOption = Schema.Unknown.check(
  Schema.makeFilter<unknown>((given) => isPool(given) || "must be a pool of connections: new Pool() of pg")
)

const isPool = (given: unknown): boolean =>
  typeof given === "object" &&
  given !== null &&
  "connect" in given &&
  typeof given.connect === "function" &&
  "totalCount" in given &&
  typeof given.totalCount === "number"

const readOptions = optionsReader<PoolOptions>("PoolConnection.layer", { pool: PoolOption, applicationName: NonEmptyText }, [
  "pool"
])

/** Check the server; the pool connects when it has to. Throws a `WrongOption` that names an option that cannot be used. */
export const layer = (given: PoolOptions): Layer.Layer<SqlClient.SqlClient, SqlError | UnsuitableDatabase> => {
  const { pool, applicationName = "order-lifecycle" } = readOptions(given)
  return Layer.tap(
    Layer.effect(SqlClient.SqlClient, clientOn(pool, { ...sessionSettings, application_name: applicationName })),
    (context) => Effect.provideContext(Effect.andThen(requireSuitable, requireWritable), context)
  )
}

/** Transactions have these settings, by name. */
export const clientOn = (pool: Pool, settings: Readonly<Record<string, string>>): Effect.Effect<SqlClient.SqlClient> =>
  Effect.gen(function* () {
    const begin = beginWith(settings)
    const leases = new WeakMap<Connection, Lease>()
    const acquirer = Effect.map(leaseOf(pool), (lease) => {
      const connection: Connection = {
        ...connectionOver((text, values) => ask(lease, text, values)),
        // What begins and ends transactions and savepoints. Where none has begun, nothing was done.
        executeUnprepared: (text) => Effect.as(control(lease, text, text === begin ? "connect" : "execute"), []),
        executeRaw: (text) => control(lease, text, "commit")
      }
      leases.set(connection, lease)
      return connection
    })
    const client: SqlClient.SqlClient = yield* SqlClient.make({
      acquirer,
      // A statement that stands alone.
      borrower: (use) =>
        client.withTransaction(
          Effect.flatMap(Effect.serviceOption(client.transactionService), (own) => use(Option.getOrThrow(own)[0]))
        ),
      compiler: makeCompiler(),
      driver: "postgresql",
      spanAttributes: [],
      beginTransaction: begin,
      commit,
      isTransaction: (connection) => leases.get(connection)?.isBroken === false,
      releaseSavepoint: (name) => `RELEASE SAVEPOINT ${name}`
    })
    return client
  }).pipe(Effect.provide(Reactivity.layer))

/** Begins a transaction with all that the library relies on, in one round trip. */
const beginWith = (settings: Readonly<Record<string, string>>): string =>
  [
    "BEGIN ISOLATION LEVEL READ COMMITTED",
    ...Object.entries(settings).map(([name, value]) => `SET LOCAL ${name} = '${value.replaceAll("'", "''")}'`),
    "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'"
  ].join("; ")

/** The server answers the COMMIT of a transaction that had failed with ROLLBACK, and without an error. */
const commit = (connection: Connection): Effect.Effect<void, SqlError> =>
  Effect.flatMap(connection.executeRaw("COMMIT", []), (answer) =>
    typeof answer === "object" && answer !== null && "command" in answer && answer.command === "ROLLBACK"
      ? Effect.fail(sqlError(new Error("COMMIT rolled back an aborted transaction"), "commit"))
      : Effect.void
  )

/** Fails where sessions of the pool begin transactions that may not write. */
const requireWritable = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [session] = yield* sql<{ read_only: string }>`SELECT current_setting('transaction_read_only') AS read_only`
  if (session?.read_only === "on") {
    return yield* new UnsuitableDatabase({ fault: "default_transaction_read_only is on for the pool, so it takes no writes" })
  }
})

// --- a connection while it works for orders --------------------------------------------------------------------------------------------

interface Lease {
  readonly client: PoolClient
  /** Nothing more is sent on it, and the pool closes it. */
  isBroken: boolean
}

/** How long to wait for a connection: 3 of a caller's 8 seconds, and a statement of 5 still ends in time. */
const connectionTime = Effect.map(Deadline, (deadline) => Duration.millis((Duration.toMillis(deadline) * 3) / 8))

/** How long to wait for an answer that is due: 6 of a caller's 8 seconds. The server's own limit of a statement is to come first. */
const answerTime = Effect.map(Deadline, (deadline) => Duration.millis((Duration.toMillis(deadline) * 6) / 8))

const leaseOf = (pool: Pool): Effect.Effect<Lease, SqlError, Scope.Scope> =>
  Effect.gen(function* () {
    const client = yield* Effect.acquireRelease(connect(pool), (client) =>
      Effect.sync(() => client.release(lease.isBroken || isInTransaction(client)))
    )
    const lease: Lease = { client, isBroken: false }
    // While a connection is lent, the pool does not listen on it, and an error without a listener ends the process.
    const onError = () => void (lease.isBroken = true)
    client.on("error", onError)
    yield* Effect.addFinalizer(() => Effect.sync(() => client.off("error", onError)))
    return lease
  })

const connect = (pool: Pool): Effect.Effect<PoolClient, SqlError> =>
  Effect.gen(function* () {
    const asked = pool.connect()
    const duration = yield* connectionTime
    const client = yield* Effect.tryPromise({ try: () => asked, catch: (thrown) => sqlError(thrown, "connect") }).pipe(
      Effect.timeoutOrElse({
        duration,
        orElse: () => {
          // One that comes too late is not needed any more.
          asked.then(
            (late) => late.release(),
            () => {}
          )
          return Effect.fail(sqlError(new Error(`no connection of the pool within ${Duration.format(duration)}`), "connect"))
        }
      })
    )
    if (!isInTransaction(client)) return client
    client.release()
    return yield* sqlError(new Error("the pool gave a connection on which a transaction had been left open"), "connect")
  })

const isInTransaction = (client: PoolClient): boolean => ["T", "E"].includes(client.getTransactionStatus?.() ?? "")

/**
 * Run a statement. A caller who leaves waits until it has ended, so that the connection can be used again; one that does not end in time is
 * closed.
 */
const ask = (lease: Lease, text: string, values: ReadonlyArray<unknown>): Effect.Effect<Answer, SqlError> =>
  Effect.suspend(() => {
    const asked = query(lease, text, values)
    const answer = Effect.tryPromise({ try: () => asked, catch: (thrown) => failed(lease, thrown, "execute") })
    return Effect.onInterrupt(answer, () => Effect.ignore(answered(lease, asked, "execute")))
  })

/** Run what begins or ends a transaction. It cannot be interrupted, so it is given up when there is no answer. */
const control = (lease: Lease, text: string, operation: Operation): Effect.Effect<Answer, SqlError> =>
  Effect.suspend(() => answered(lease, query(lease, text, []), operation))

const answered = (lease: Lease, asked: Promise<Answer>, operation: Operation): Effect.Effect<Answer, SqlError> =>
  Effect.flatMap(answerTime, (duration) =>
    Effect.tryPromise({ try: () => asked, catch: (thrown) => failed(lease, thrown, operation) }).pipe(
      Effect.timeoutOrElse({
        duration,
        orElse: () => Effect.fail(failed(lease, new Error(`no answer within ${Duration.format(duration)}`), operation))
      })
    )
  )

const query = async ({ client, isBroken }: Lease, text: string, values: ReadonlyArray<unknown>): Promise<Answer> => {
  if (isBroken) throw new Error("the connection was lost")
  return (await client.query({ text, values: [...values], types })) as Answer
}

/** Values as the store reads them, whatever the embedding service has `pg` make of them: text, except numbers and truth values. */
const types = { getTypeParser: (type: number) => parsers[type] ?? asText }
const asText = (value: string): unknown => value
const parsers: Readonly<Record<number, (value: string) => unknown>> = {
  16: (value) => value === "t", // boolean
  21: Number, // smallint
  23: Number, // integer
  700: Number, // real
  701: Number // double precision
}

type Operation = "connect" | "execute" | "commit"

const sqlError = (thrown: unknown, operation: Operation): SqlError =>
  new SqlError({
    reason: new UnknownError({ cause: thrown, message: thrown instanceof Error ? thrown.message : String(thrown), operation })
  })

/** What went wrong on a connection, which is closed unless the server said so and nothing can be open on it that should not be. */
const failed = (lease: Lease, thrown: unknown, operation: Operation): SqlError => {
  const code = typeof thrown === "object" && thrown !== null && "code" in thrown ? thrown.code : undefined
  if (!isSqlState(code) || operation === "connect") lease.isBroken = true
  return sqlError(thrown, operation)
}
