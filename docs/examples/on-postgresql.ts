import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { layerConnection, layerMigrated } from "order-lifecycle/postgres"

const connection = Layer.unwrap(
  Effect.map(Config.Redacted("DATABASE_URL"), (url) => layerConnection({ url, maxConnections: 10 }))
)

/** Orders in PostgreSQL: the tables are brought up to date first, also when several processes start at once. */
export const postgres = Layer.provide(layerMigrated, connection)
