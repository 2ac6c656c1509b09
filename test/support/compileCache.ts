/**
 * vitest's third global set-up: what the compiler has made of a module is kept for the run, so that the many processes of it do not each
 * compile Effect anew. Half of what it takes to start one is saved.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

const variable = "NODE_COMPILE_CACHE"

/** For the surroundings of a process that gets none of this one's. */
export const sharedCompileCache = (): Readonly<Record<string, string>> => {
  const folder = process.env[variable]
  return folder === undefined ? {} : { [variable]: folder }
}

export default async function setup(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "order-lifecycle-compiled-"))
  process.env[variable] = folder
  // A process that is just ending may still write into it.
  return () => rm(folder, { recursive: true, force: true, maxRetries: 20 })
}
