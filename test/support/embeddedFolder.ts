/**
 * Folders with an empty embedded database in them. Creating a database takes seconds and copying one does not, so one is created for the
 * whole run, by whichever test needs it first, and copied for all the others.
 */
import { cpSync, existsSync } from "node:fs"
import { mkdtemp, rename, rm } from "node:fs/promises"
import { dirname, join } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { inject } from "vitest"
import * as EmbeddedOrderStore from "../../src/embedded/EmbeddedOrderStore.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

/** A data folder as the service leaves it behind when it has started for the first time. It is removed when the scope closes. */
export const embeddedFolder = Effect.gen(function* () {
  const folder = join(yield* temporaryFolder, "data")
  // A thousand small files, which `cp` takes twice as long for.
  yield* Effect.promise(async () => cpSync(await template(), folder, { recursive: true }))
  return folder
})

/** A store on such a folder. */
export const embeddedStore = Layer.unwrap(Effect.map(embeddedFolder, EmbeddedOrderStore.layer))

const template = async (): Promise<string> => {
  const ofRun = dirname(inject("evidenceFile"))
  const path = join(ofRun, "embedded")
  if (!existsSync(path)) {
    // Made aside and moved into place: another file may be making one at the same time, and the first of the two will do.
    const mine = await mkdtemp(join(ofRun, "unfinished-"))
    await Effect.runPromise(Effect.provide(Effect.void, Layer.fresh(EmbeddedOrderStore.layer(mine))))
    await rename(mine, path).catch(() => rm(mine, { recursive: true, force: true }))
  }
  return path
}
