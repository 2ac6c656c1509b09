/** A new folder that is removed with everything in it when the scope closes. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"

export const temporaryFolder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "order-lifecycle-test-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
)
