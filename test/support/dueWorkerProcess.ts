/**
 * A worker in a process of its own: it gives due commands of `dueShop` until it is killed, or kills itself with leased commands in its hands. It
 * says `ready` once it is connected, and begins when a line comes. Run with the URL and a `DueWorkerTask`.
 */
import { writeSync } from "node:fs"
import { createInterface } from "node:readline"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { Assets } from "../../src/lifecycle/Assets.ts"
import { Catalogue } from "../../src/lifecycle/Catalogue.ts"
import { Due } from "../../src/lifecycle/Due.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { dueShop } from "./dueShop.ts"
import { hangMs } from "./limits.ts"
import { patientSettings } from "./patientSettings.ts"
import { pauseOf } from "./waiting.ts"

export interface DueWorkerTask {
  readonly leaseMs: number
  readonly limit: number
  /** It kills itself when it is asked about this command for the first time, of the number given; null: it does not. */
  readonly dieAt: number | null
}

const [url = "", given = "{}"] = process.argv.slice(2)
const { leaseMs, limit, dieAt } = JSON.parse(given) as DueWorkerTask

let asked = 0
const deadly = dueShop.guard("staysAlive", {
  before: "remind",
  holds: () => {
    if (++asked === dieAt) process.kill(process.pid, "SIGKILL")
    return true
  },
  refusal: { code: "NEVER", message: "Never.", remedy: "None." }
})

const services = OrderLifecycle.layer({ process: deadly }).pipe(
  Layer.provide([Catalogue.layerStatic([]), Assets.layerUnregistered]),
  Layer.provide(PostgresOrderStore.layer),
  Layer.provide(
    PgClient.layer({
      url: Redacted.make(url),
      applicationName: "due worker",
      connectTimeout: hangMs,
      maxConnections: 2,
      startupParameters: patientSettings
    })
  )
)

const program = Effect.gen(function* () {
  const { run } = yield* Due
  const begin = new Promise<void>((resolve) => createInterface({ input: process.stdin }).once("line", () => resolve()))
  writeSync(1, "ready\n")
  yield* Effect.promise(() => begin)
  for (;;) {
    const told = yield* run({ limit, lease: leaseMs, concurrency: 2 })
    if (told.putOff + told.parked > 0) throw new Error(`put off: ${JSON.stringify(told)}`)
    if (told.given + told.ended + told.lost === 0) yield* Effect.promise(() => pauseOf(5))
  }
})

Effect.runPromise(Effect.provide(program, services)).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`)
  process.exitCode = 1
})
