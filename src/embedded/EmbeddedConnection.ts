/**
 * PostgreSQL in the process: PGlite on a folder, as a `SqlClient`.
 *
 * It survives being killed at any moment. It does not promise to survive a power failure, because it does not wait for the disk.
 */
import { existsSync } from "node:fs"
import { readFile, rename, rm } from "node:fs/promises"
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
import { databaseFolder } from "./databaseFolder.ts"
import { type DataFolderInUse, DataFolderUnusable, lockFolder } from "./folderLock.ts"
import { pgliteStream } from "./pgliteStream.ts"
import { mostStatements } from "../postgres/mostStatements.ts"

const readFolder = optionReader(NonEmptyText)

/** Open the folder, creating its database the first time (a few seconds). It is closed and unlocked when the scope closes. */
export const layer = (folder: string): Layer.Layer<SqlClient.SqlClient, DataFolderInUse | DataFolderUnusable | SqlError> =>
  Layer.unwrap(
    Effect.map(open(readFolder(folder, "EmbeddedConnection.layer: folder")), (database) =>
      PgClient.layer({
        preparedStatementCacheSize: mostStatements,
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
        try: () => openDatabase(databaseFolder(path)),
        catch: (cause) => new DataFolderUnusable({ folder: path, cause })
      }),
      // An instance that is not closed keeps the process from ending.
      (database) => Effect.promise(() => database.close())
    )
  )

const openDatabase = async (path: string): Promise<PGlite> => {
  if (existsSync(path)) await requireSameMajor(path)
  else await createDatabase(path)
  return PGlite.create({ fs: new NodeFS(path), relaxedDurability: false })
}

/**
 * The files of one major version of PostgreSQL cannot be read by another. PGlite would only say that it failed, so the version that wrote
 * them is looked up first.
 */
const requireSameMajor = async (path: string): Promise<void> => {
  const written = (await readFile(join(path, "PG_VERSION"), "utf8").catch(() => "")).trim()
  if (written === embeddedMajor) return
  if (written === "") throw new Error(`${path} holds other files than a database's: use a folder of its own`)
  throw new Error(
    `its database is of PostgreSQL ${written}, and this PGlite is PostgreSQL ${embeddedMajor}: dump it with the PGlite that wrote it ` +
      `(pg_dump of @electric-sql/pglite-tools), restore the dump into a new folder, and run "order-lifecycle verify" on that`
  )
}

/** The major version of PostgreSQL that PGlite 0.5 is. */
const embeddedMajor = "18"

/** Made aside and moved into place, so that a process killed half way through does not leave half a database behind. */
const createDatabase = async (path: string): Promise<void> => {
  const unfinished = `${path}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  const database = await PGlite.create({ fs: new NodeFS(unfinished) })
  await database.close()
  await rename(unfinished, path)
}
