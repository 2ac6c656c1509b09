/** Where the embedded database lies within a data folder. */
import { existsSync } from "node:fs"
import { join } from "node:path"

/** The folder of the database's own files. */
export const databaseFolder = (dataFolder: string): string => join(dataFolder, "postgres")

/** Whether there is a database. One whose first start was killed half way is not there yet. */
export const hasDatabase = (dataFolder: string): boolean => existsSync(databaseFolder(dataFolder))
