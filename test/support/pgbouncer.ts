/**
 * Debian's PgBouncer before the server of the run: on a free port, in transaction mode, with what it needs in a temporary folder.
 *
 * A machine that has none cannot show what these tests show. CI must have one (`.ci/run` installs it); elsewhere its absence is told.
 */
import { execFileSync, spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { chmod, writeFile } from "node:fs/promises"
import { connect } from "node:net"
import { userInfo } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { freePort } from "./freePort.ts"
import { serverUrl } from "./postgresDatabase.ts"
import { temporaryFolder } from "./temporaryFolder.ts"
import { until } from "./waiting.ts"

const program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/opt/homebrew/bin/pgbouncer"].find((path) => existsSync(path))

/** Whether there is a PgBouncer. Throws in CI when there is none. */
export const hasPgBouncer = (): boolean => {
  if (program !== undefined) return true
  const lack = "PgBouncer is not installed (Debian: apt-get install pgbouncer), so nothing was tried through it."
  if (process.env["CI"] === "true") throw new Error(lack)
  process.stderr.write(`\n${lack}\n\n`)
  return false
}

const answers = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, "127.0.0.1")
    socket.once("connect", () => (socket.destroy(), resolve(true)))
    socket.once("error", () => resolve(false))
  })

/** The URL of a database through a PgBouncer of its own, with some more settings. It is ended when the scope closes. */
export const throughPgBouncer = (database: Redacted.Redacted, settings: ReadonlyArray<string> = []) =>
  Effect.gen(function* () {
    if (program === undefined) return yield* Effect.die(new Error("there is no PgBouncer"))
    const folder = yield* temporaryFolder
    const [server, url] = [new URL(Redacted.value(serverUrl())), new URL(Redacted.value(database))]
    const port = yield* Effect.promise(freePort)
    const file = join(folder, "pgbouncer.ini")
    const lines = [
      "[databases]",
      `* = host=${server.hostname} port=${server.port} user=${url.username} password=${url.password}`,
      "[pgbouncer]",
      "listen_addr = 127.0.0.1",
      `listen_port = ${port}`,
      "unix_socket_dir =",
      "auth_type = any",
      "pool_mode = transaction",
      "default_pool_size = 3",
      ...settings
    ]
    yield* Effect.promise(() => writeFile(file, `${lines.join("\n")}\n`))
    yield* Effect.promise(() => chmod(folder, 0o755))
    // It does not run as root.
    const unprivileged =
      userInfo().uid === 0
        ? { uid: Number(execFileSync("id", ["-u", "nobody"])), gid: Number(execFileSync("id", ["-g", "nobody"])) }
        : {}
    yield* Effect.acquireRelease(
      Effect.sync(() => spawn(program, ["-q", file], { stdio: "ignore", ...unprivileged })),
      (child) =>
        Effect.callback<void>((resume) => {
          if (child.exitCode !== null) return resume(Effect.void)
          child.once("exit", () => resume(Effect.void))
          child.kill("SIGKILL")
        })
    )
    yield* until(Effect.promise(() => answers(port)))
    url.host = `127.0.0.1:${port}`
    return Redacted.make(url.href)
  })
