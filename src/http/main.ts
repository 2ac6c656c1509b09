/** `npm start`: the service as a process. It starts whole or says in one line why not; told to end, it finishes what it has begun. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpServer from "effect/http/HttpServer"
import type { ServeError } from "effect/http/HttpServerError"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { hasDatabase } from "../embedded/databaseFolder.ts"
import * as EmbeddedOrderStore from "../embedded/EmbeddedOrderStore.ts"
import { Assets } from "../lifecycle/Assets.ts"
import { Catalogue } from "../lifecycle/Catalogue.ts"
import { OrderLifecycle } from "../lifecycle/OrderLifecycle.ts"
import type { OrderStore } from "../lifecycle/OrderStore.ts"
import * as PostgresConnection from "../postgres/PostgresConnection.ts"
import { MigrationProgress } from "../postgres/migrate.ts"
import * as PostgresOrderStore from "../postgres/PostgresOrderStore.ts"
import { layerPartitions } from "../postgres/partitions.ts"
import { layerSchema } from "../postgres/schemaName.ts"
import { inWords, mayHeal } from "../postgres/sqlFailure.ts"
import { ApiKeys } from "./ApiKeys.ts"
import { App } from "./app.ts"
import * as forgetExpiredKeys from "./forgetExpiredKeys.ts"
import * as giveDueCommands from "./giveDueCommands.ts"
import * as logDisagreements from "./logDisagreements.ts"
import * as logLines from "./logLines.ts"
import * as nodeServer from "./nodeServer.ts"
import { developmentKey, lookalikes, readSettings, type Settings, WrongSetting } from "./settings.ts"

/** The service cannot start, for a reason that lies outside of it. One line. */
class CannotStart extends Schema.TaggedError<CannotStart>()("CannotStart", { message: Schema.String }) {}

const firstLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? ""

// --- the store ---------------------------------------------------------------------------------------------------------------------

/** A database that cannot be reached yet is waited for this long. */
const patience = "10 seconds"

/** Patience is for reaching the server. From then on it takes as long as it takes to bring the tables up to date, and says so. */
const postgres = (
  url: Redacted.Redacted,
  { isPooled: pooled, schema, partitions }: Settings
): Layer.Layer<OrderStore, CannotStart> => {
  const { host, pathname } = new URL(Redacted.value(url))
  const cannot = (reason: string) => new CannotStart({ message: `DATABASE_URL: ${host}${pathname}: ${reason}` })
  let last = "no answer"
  const connection = Layer.effectContext(
    Layer.build(Layer.fresh(PostgresConnection.layer({ url, pooled }))).pipe(
      Effect.tapErrorTag("SqlError", (error) => Effect.sync(() => (last = inWords(error)))),
      Effect.retry({ schedule: Schedule.spaced("500 millis"), while: (error) => error._tag === "SqlError" && mayHeal(error) }),
      Effect.catchTags({
        SqlError: (error) => Effect.fail(cannot(inWords(error))),
        UnsuitableDatabase: (error) => Effect.fail(cannot(error.message))
      }),
      Effect.timeoutOrElse({
        duration: patience,
        orElse: () => Effect.fail(cannot(`cannot be reached, for ${patience} now (${last})`))
      })
    )
  )
  return Layer.effectContext(
    Layer.build(PostgresOrderStore.layerMigrated).pipe(
      Effect.provideService(MigrationProgress, (line) => Console.error(`${host}${pathname}: ${line}`)),
      Effect.catchTags({
        SqlError: (error) => Effect.fail(cannot(inWords(error))),
        UnsuitableDatabase: (error) => Effect.fail(cannot(error.message)),
        MigrationError: (error) => Effect.fail(cannot(`the tables cannot be brought up to date: ${firstLine(error)}`))
      })
    )
  ).pipe(Layer.provide([connection, layerSchema(schema), partitions === undefined ? Layer.empty : layerPartitions(partitions)]))
}

const embedded = (folder: string, schema: string): Layer.Layer<OrderStore, CannotStart> =>
  Layer.catchCause(EmbeddedOrderStore.layer(folder, schema), (cause) =>
    Layer.effectContext(Effect.fail(new CannotStart({ message: `DATA_DIR: ${firstLine(Cause.squash(cause))}` })))
  )

// --- the service -------------------------------------------------------------------------------------------------------------------

const service = (settings: Settings) => {
  const { databaseUrl, schema, dataFolder, cancellationPolicy, pendingExpiresAfter, assetRegistry, whenContractEnds } = settings
  const store = databaseUrl ? postgres(databaseUrl, settings) : embedded(dataFolder, schema)
  const lifecycle = OrderLifecycle.layer({
    cancellationPolicy,
    assetRegistry,
    whenContractEnds,
    ...(pendingExpiresAfter && { pendingExpiresAfter })
  }).pipe(Layer.provideMerge(store), Layer.provide([Catalogue.layerStatic(settings.variants), Assets.layerUnregistered]))
  const app = Layer.provide(App.layer(), [lifecycle, ApiKeys.layerStatic(settings.apiKeys)])
  const server = Layer.provide(nodeServer.layer({ host: settings.host, port: settings.port }), app)
  return greeting(settings).pipe(
    Layer.provide(
      Layer.catchTag(server, "ServeError", (error) => Layer.effectContext(Effect.fail(cannotListen(settings, error))))
    ),
    Layer.merge(Layer.provide(Layer.mergeAll(forgetExpiredKeys.layer, giveDueCommands.layer, logDisagreements.layer), lifecycle)),
    Layer.provideMerge(Layer.effectDiscard(announce(settings))),
    Layer.provide(logLines.layer)
  )
}

const cannotListen = ({ host, port }: Settings, { cause }: ServeError): WrongSetting => {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined
  if (code === "EADDRINUSE") return new WrongSetting({ setting: "PORT", fault: `${port} is in use on ${host}` })
  if (code === "EACCES") return new WrongSetting({ setting: "PORT", fault: `${port} is not open to this user` })
  return new WrongSetting({ setting: "HOST", fault: `cannot listen on ${host}: ${firstLine(cause)}` })
}

// --- what it prints ----------------------------------------------------------------------------------------------------------------

const anyAddress = new Set(["0.0.0.0", "::"])

/** Where to reach the service from this machine. */
const urlOf = (host: string, port: number): string =>
  `http://${anyAddress.has(host) ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host}:${port}`

/** Three lines for a shell: place an order and keep its id, cancel it, read what happened. */
const firstSteps = (url: string): ReadonlyArray<string> => {
  const headers = `-H 'Authorization: Bearer ${developmentKey}' -H 'Tenant-ID: demo'`
  const json = "-H 'Content-Type: application/json'"
  const order = JSON.stringify({
    customer: { email: "grace@example.com", firstName: "Grace", lastName: "Hopper" },
    billingAddress: { contactName: "Grace Hopper", streetAddress: "Quay 1", city: "Rotterdam", country: "NL" },
    items: [{ sku: "EBIKE-CITY-500", quantity: 2 }]
  })
  const orderId = `sed -E 's/.*"orderId":"([^"]*)".*/\\1/'`
  return [
    `ORDER=$(curl -s ${url}/v1/orders ${headers} ${json} -d '${order}' | ${orderId}); echo "$ORDER"`,
    `curl -s ${url}/v1/orders/$ORDER/cancel ${headers} ${json} -d '{"reason":"Customer changed their mind"}'; echo`,
    `curl -s ${url}/v1/orders/$ORDER/events ${headers}; echo`
  ]
}

/** Names in the environment that look like a setting and are none: what they hold is not used. */
const warnings = lookalikes(Object.keys(process.env)).map(
  ({ name, setting }) => `${name} is not a setting and is not used. Is it meant to be ${setting}?`
)

/** What a start does first, which may take a while: seconds for a new embedded database, and longer for large tables. */
const announce = ({ databaseUrl, dataFolder }: Settings): Effect.Effect<void> => {
  if (databaseUrl !== undefined) {
    const { host, pathname } = new URL(Redacted.value(databaseUrl))
    return Console.log(`Connecting to ${host}${pathname}, and bringing its tables up to date if need be`)
  }
  return Console.log(
    hasDatabase(dataFolder)
      ? `Opening the embedded database in ${dataFolder}, and bringing its tables up to date if need be`
      : `Creating the embedded database in ${dataFolder}, which takes a few seconds`
  )
}

const greeting = (settings: Settings): Layer.Layer<never, never, HttpServer.HttpServer> =>
  Layer.effectDiscard(
    Effect.flatMap(HttpServer.HttpServer, ({ address }) => {
      const url = urlOf(settings.host, "port" in address ? address.port : settings.port)
      const keys = settings.isDevelopment
        ? [
            `Warning: API_KEYS is not set, so the key "${developmentKey}" opens the tenant "demo" to anyone on this machine.`,
            "",
            "Place an order and keep its id, cancel it, and read what happened:",
            "",
            ...firstSteps(url).flatMap((line) => [line, ""])
          ]
        : []
      return Console.log([`Listening on ${url} (API reference: ${url}/docs)`, ...keys].join("\n"))
    })
  )

// --- the process -------------------------------------------------------------------------------------------------------------------

const main = Effect.gen(function* () {
  // First, because it may be why a setting is missing.
  yield* Effect.forEach(warnings, (warning) => Console.error(`Warning: ${warning}`))
  const settings = yield* readSettings
  return yield* Layer.launch(service(settings))
}).pipe(Effect.tapCause((cause) => (Cause.hasInterruptsOnly(cause) ? Effect.void : Console.error(describe(cause)))))

/** One line for what somebody can put right; a defect is shown whole. */
const describe = (cause: Cause.Cause<WrongSetting | CannotStart>): string => {
  const error = Cause.squash(cause)
  return error instanceof WrongSetting || error instanceof CannotStart ? error.message : Cause.pretty(cause)
}

NodeRuntime.runMain(main, {
  disableErrorReporting: true,
  // Told to end, and ended in good order: that is a success.
  teardown: (exit, onExit) => onExit(Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause) ? 0 : 1)
})
