/** `OrderStore` on a folder: the PostgreSQL store on an embedded PostgreSQL. Nothing to install, one process at a time. */
import * as Layer from "effect/Layer"
import type { MigrationError } from "effect/sql/Migrator"
import type { SqlError } from "effect/sql/SqlError"
import { defaultSchema } from "../lifecycle/options.ts"
import type { OrderRecords } from "../lifecycle/OrderRecords.ts"
import type { OrderStore } from "../lifecycle/OrderStore.ts"
import type { UnsuitableDatabase } from "../postgres/PostgresConnection.ts"
import { KeepsStatistics } from "../postgres/planRenewal.ts"
import { layerSchema } from "../postgres/schemaName.ts"
import * as PostgresOrderStore from "../postgres/PostgresOrderStore.ts"
import * as EmbeddedConnection from "./EmbeddedConnection.ts"
import type { DataFolderInUse, DataFolderUnusable } from "./folderLock.ts"

export { SharesStatements } from "../lifecycle/shared.ts"

/** Open the folder, create it if need be, and bring its tables up to date. Throws a `WrongOption` for a schema that cannot be one. */
export const layer = (
  folder: string,
  schema: string = defaultSchema
): Layer.Layer<
  OrderStore | OrderRecords,
  DataFolderInUse | DataFolderUnusable | MigrationError | SqlError | UnsuitableDatabase
> =>
  PostgresOrderStore.layerMigrated.pipe(
    Layer.provide(EmbeddedConnection.layer(folder)),
    // There is no autovacuum in it.
    Layer.provide([Layer.succeed(KeepsStatistics, true), layerSchema(schema)])
  )
