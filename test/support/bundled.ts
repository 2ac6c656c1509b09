/**
 * A script of the tests as one file, for tests that start it again and again: to find and read the five hundred files of the library and of Effect
 * takes most of what it takes to start a process.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { basename } from "node:path"
import { fileURLToPath } from "node:url"
import { rolldown } from "rolldown"
import { afterAll } from "vitest"

/** Within the project, so that packages which are left out of the file are found from it. */
const home = fileURLToPath(new URL("../../node_modules/.order-lifecycle-", import.meta.url))

const folders: Array<string> = []

/** Gone when the test file has ended. To be called where a test file begins. */
export const bundled = (script: URL): (() => Promise<string>) => {
  let made: Promise<string> | undefined
  afterAll(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
  })
  return () => (made ??= bundle(fileURLToPath(script)))
}

const bundle = async (script: string): Promise<string> => {
  const folder = await mkdtemp(home)
  folders.push(folder)
  // PGlite finds its own files beside itself.
  const build = await rolldown({ input: script, platform: "node", external: /^@electric-sql\/pglite/, logLevel: "silent" })
  const { output } = await build.write({ dir: folder, format: "esm" })
  await build.close()
  const entry = output.find((chunk) => chunk.type === "chunk" && chunk.isEntry)
  if (entry === undefined) throw new Error(`${basename(script)} was not bundled`)
  return `${folder}/${entry.fileName}`
}
