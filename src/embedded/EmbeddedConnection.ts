/**
 * PostgreSQL in the process: PGlite on a folder, as a `SqlClient`.
 *
 * It survives being killed at any moment. It does not promise to survive a power failure, because it does not wait for the disk.
 */
import { existsSync } from "node:fs"
import { rename, rm } from "node:fs/promises"
import { join } from "node:path"
import * as PgClient from "@effect/sql-pg/PgClient"
import { PGlite } from "@electric-sql/pglite"
import { NodeFS } from "@electric-sql/pglite/nodefs"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { optionReader } from "../lifecycle/options.ts"
import { NonEmptyText } from "../order/Text.ts"
import { type DataFolderInUse, DataFolderUnusable, lockFolder } from "./folderLock.ts"
import { pgliteStream } from "./pgliteStream.ts"

const readFolder = optionReader(NonEmptyText)

/** Open the folder, creating its database the first time (a few seconds). It is closed and unlocked when the scope closes. */
export const layer = (folder: string): Layer.Layer<SqlClient.SqlClient, DataFolderInUse | DataFolderUnusable | SqlError> =>
  Layer.unwrap(
    Effect.map(open(readFolder(folder, "EmbeddedConnection.layer: folder")), (database) =>
      PgClient.layer({
        stream: () => pgliteStream(database),
        ssl: false,
        username: "postgres",
        database: "postgres",
        applicationName: "order-lifecycle",
        // There is one backend, so there is one connection, kept for good.
        minConnections: 1,
        maxConnections: 1
      })
    )
  )

const open = (folder: string): Effect.Effect<PGlite, DataFolderInUse | DataFolderUnusable, Scope.Scope> =>
  Effect.flatMap(lockFolder(folder), (path) =>
    Effect.acquireRelease(
      Effect.tryPromise({
        try: () => openDatabase(join(path, "postgres")),
        catch: (cause) => new DataFolderUnusable({ folder: path, cause })
      }),
      // An instance that is not closed keeps the process from ending.
      (database) => Effect.promise(() => database.close())
    )
  )

const openDatabase = async (path: string): Promise<PGlite> => {
  if (!existsSync(path)) await createDatabase(path)
  const database = await PGlite.create({ fs: new NodeFS(path), relaxedDurability: false })
  // As on a server (PostgresConnection.ts): every query of the store finds its rows by key.
  await database.exec("SET enable_seqscan = off")
  return database
}

/** Made aside and moved into place, so that a process killed half way through does not leave half a database behind. */
const createDatabase = async (path: string): Promise<void> => {
  const unfinished = `${path}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  const database = await PGlite.create({ fs: new NodeFS(unfinished) })
  await database.close()
  await rename(unfinished, path)
}
