/** A router over two PostgreSQL databases, and both of them to look behind it. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import type { OrderRecords } from "../../src/lifecycle/OrderRecords.ts"
import type { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import * as RoutedOrderStore from "../../src/lifecycle/RoutedOrderStore.ts"
import { TenantDirectory } from "../../src/lifecycle/TenantDirectory.ts"
import { postgresStore } from "./postgresDatabase.ts"

/** The databases by name. */
export class Databases extends Context.Service<Databases, Readonly<Record<"a" | "b", SqlClient.SqlClient>>>()("test/Databases") {}

/** Both are opened once, whatever is built over them. */
const bothStores = Effect.all({ a: Layer.build(Layer.fresh(postgresStore)), b: Layer.build(Layer.fresh(postgresStore)) })

/** Tenants are in `a` or in `b`, by a hash. */
export const twoDatabases: Layer.Layer<OrderStore | OrderRecords | Databases, unknown> = Layer.unwrap(
  Effect.map(bothStores, ({ a, b }) =>
    RoutedOrderStore.layer({ stores: { a: Layer.succeedContext(a), b: Layer.succeedContext(b) } }).pipe(
      Layer.provide(TenantDirectory.layerStatic({ others: ["a", "b"] })),
      Layer.merge(Layer.succeed(Databases, { a: Context.get(a, SqlClient.SqlClient), b: Context.get(b, SqlClient.SqlClient) }))
    )
  )
)
