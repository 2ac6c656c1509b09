/**
 * One process per data folder.
 *
 * PGlite does not notice a second process in its folder, and the two silently undo each other's commits. So whoever opens a folder holds
 * a lock in it: that of an SQLite file, which is a lock of the operating system. It ends with the process, however that ends, and so it
 * is neither left behind by a crash nor fooled by a process number that was used again.
 */
import { mkdir } from "node:fs/promises"
import { join, resolve } from "node:path"
import type { DatabaseSync } from "node:sqlite"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"

/** Another process (or another part of this one) has the folder open. It is not disturbed. */
export class DataFolderInUse extends Schema.TaggedError<DataFolderInUse>()("DataFolderInUse", { folder: Schema.String }) {
  override get message() {
    return `The data folder ${this.folder} is in use by another process. Stop that one, or use another folder.`
  }
}

/** The folder cannot be used at all: it cannot be created, written to, or holds something else. */
export class DataFolderUnusable extends Schema.TaggedError<DataFolderUnusable>()("DataFolderUnusable", {
  folder: Schema.String,
  cause: Schema.Defect()
}) {
  override get message() {
    const why = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `The data folder ${this.folder} cannot be used: ${why.split("\n")[0]}`
  }
}

/** Create the folder if need be and hold its lock until the scope closes. Returns the folder's full path. */
export const lockFolder = (folder: string): Effect.Effect<string, DataFolderInUse | DataFolderUnusable, Scope.Scope> => {
  const path = resolve(folder)
  const acquire = Effect.andThen(
    Effect.tryPromise({
      try: () => mkdir(path, { recursive: true }),
      catch: (cause) => new DataFolderUnusable({ folder: path, cause })
    }),
    Effect.try({
      try: () => takeLock(join(path, "lock")),
      catch: (cause) => (isBusy(cause) ? new DataFolderInUse({ folder: path }) : new DataFolderUnusable({ folder: path, cause }))
    })
  )
  return Effect.as(
    Effect.acquireRelease(acquire, (lock) => Effect.sync(() => lock.close())),
    path
  )
}

const takeLock = (file: string): DatabaseSync => {
  const { DatabaseSync } = loadSqlite()
  const database = new DatabaseSync(file, { timeout: 0 })
  try {
    database.exec("BEGIN EXCLUSIVE")
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** SQLITE_BUSY */
const isBusy = (cause: unknown): boolean =>
  typeof cause === "object" && cause !== null && "errcode" in cause && cause.errcode === 5

/** Node 22 warns that SQLite is experimental there. Nothing of what is used here has changed since, so that one warning is left out. */
const loadSqlite = () => {
  const { emitWarning: original } = Object.getOwnPropertyDescriptors(process)
  process.emitWarning = () => {}
  try {
    // Older versions of Node.js answer nothing, which the types do not know.
    const sqlite = process.getBuiltinModule("node:sqlite") as { readonly DatabaseSync: typeof DatabaseSync } | undefined
    if (sqlite === undefined) throw new Error(`Node.js ${process.versions.node} has no SQLite: 22.19 or later is needed`)
    return sqlite
  } finally {
    Object.defineProperty(process, "emitWarning", original)
  }
}
