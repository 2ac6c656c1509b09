/**
 * Another version of Node.js, from npm, in `node_modules/.cache`: fetched once, and found there afterwards. It runs nothing but what a test
 * gives it.
 */
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

const run = promisify(execFile)
const cache = fileURLToPath(new URL("../../node_modules/.cache/node", import.meta.url))
const executable = process.platform === "win32" ? "node.exe" : "node"

/** The path of its executable. */
export const otherNode = async (version: string): Promise<string> => {
  const platform = process.platform === "win32" ? "win" : process.platform
  const folder = join(cache, version)
  const path = join(folder, "package", "bin", executable)
  if (existsSync(path)) return path
  await mkdir(cache, { recursive: true })
  // Made aside and moved into place: another run may be fetching it at the same time, and the first of the two will do.
  const mine = await mkdtemp(join(cache, "unfinished-"))
  try {
    const npm = join(dirname(process.execPath), "npm")
    const command = existsSync(npm) ? npm : "npm"
    await run(command, ["pack", `node-${platform}-${process.arch}@${version}`, "--pack-destination", mine, "--silent"], {
      cwd: mine
    })
    const archive = (await readdir(mine)).find((name) => name.endsWith(".tgz"))
    if (archive === undefined) throw new Error(`npm has no Node.js ${version} for this machine`)
    await run("tar", ["-xzf", join(mine, archive), "-C", mine])
    await rm(join(mine, archive))
    await rename(mine, folder).catch((error: unknown) => {
      if (!existsSync(path)) throw error
    })
    return path
  } finally {
    await rm(mine, { recursive: true, force: true })
  }
}
