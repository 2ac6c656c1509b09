/**
 * Orders, and the records of them to verify: of a server, by its URL, or of a folder. Nothing is created and no table is brought up to date:
 * whoever verifies wants to see what is there.
 *
 * What opens either is loaded when it is needed: both are optional dependencies, and neither is quick to load.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { hasDatabase } from "../embedded/databaseFolder.ts"
import type { OrderRecords } from "../lifecycle/OrderRecords.ts"
import type { OrderStore } from "../lifecycle/OrderStore.ts"
import { layerSchema } from "../postgres/schemaName.ts"
import { CannotVerify, reasonOf } from "./CannotVerify.ts"

/** Where orders are kept, and in which schema there. */
export type Place = { readonly schema: string } & (
  | { readonly databaseUrl: Redacted.Redacted; readonly pooled: boolean }
  | { readonly dataFolder: string }
)

export const openRecords = (place: Place): Layer.Layer<OrderStore | OrderRecords, CannotVerify> =>
  Layer.provide(
    "databaseUrl" in place ? onServer(place.databaseUrl, place.pooled) : inFolder(place.dataFolder),
    layerSchema(place.schema)
  )

const onServer = (url: Redacted.Redacted, pooled: boolean): Layer.Layer<OrderStore | OrderRecords, CannotVerify> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const name = yield* nameOf(url)
      const [connection, orders] = yield* Effect.tryPromise({
        try: () => Promise.all([import("../postgres/PostgresConnection.ts"), import("../postgres/PostgresOrderStore.ts")]),
        catch: (cause) => new CannotVerify({ message: `the PostgreSQL client cannot be loaded: ${reasonOf(cause)}` })
      })
      const client = connection.layer({ url, pooled, maxConnections: 2, applicationName: "order-lifecycle verify" })
      return inWords(Layer.provide(orders.layer, client), name)
    })
  )

const inFolder = (folder: string): Layer.Layer<OrderStore | OrderRecords, CannotVerify> =>
  Layer.unwrap(
    Effect.gen(function* () {
      if (!hasDatabase(folder)) return yield* new CannotVerify({ message: `${folder}: there are no orders in this folder` })
      const [connection, orders] = yield* Effect.tryPromise({
        try: () => Promise.all([import("../embedded/EmbeddedConnection.ts"), import("../postgres/PostgresOrderStore.ts")]),
        catch: (cause) => new CannotVerify({ message: `the embedded database cannot be loaded: ${reasonOf(cause)}` })
      })
      return inWords(Layer.provide(orders.layer, connection.layer(folder)), folder)
    })
  )

const inWords = <E>(
  layer: Layer.Layer<OrderStore | OrderRecords, E>,
  name: string
): Layer.Layer<OrderStore | OrderRecords, CannotVerify> =>
  Layer.catchCause(layer, (cause) =>
    Layer.effectContext(Effect.fail(new CannotVerify({ message: `${name}: ${reasonOf(Cause.squash(cause))}` })))
  )

/** The server and the database, without user and password. */
const nameOf = (url: Redacted.Redacted): Effect.Effect<string, CannotVerify> =>
  Effect.try({
    try: () => {
      const { host, pathname } = new URL(Redacted.value(url))
      return `${host}${pathname}`
    },
    catch: () => new CannotVerify({ message: "the database URL must be like postgres://user:password@host:5432/database" })
  })
