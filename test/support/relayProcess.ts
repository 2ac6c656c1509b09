/**
 * A relay in a process of its own: it hands the events of every tenant to a consumer that writes each into a file, which all relays share,
 * and only then takes it as done. It says `ready` once it is connected, and begins when a line comes. Run with the URL and a `RelayTask`.
 */
import { appendFileSync, writeSync } from "node:fs"
import { createInterface } from "node:readline"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { type Delivered, Outbox } from "../../src/lifecycle/Outbox.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { hangMs } from "./limits.ts"
import { patientSettings } from "./patientSettings.ts"
import { pauseOf } from "./waiting.ts"

export interface RelayTask {
  readonly consumer: string
  readonly leaseMs: number
  /** Where the events go. */
  readonly file: string
  /** The process stops (SIGSTOP) with the event in its hands, at the events of these numbers. */
  readonly freezeAt: ReadonlyArray<number>
  /** It kills itself there. */
  readonly dieAt: number | null
}

/** An event that the consumer has got. `call` counts the calls of `deliver` in the process. */
export interface Got {
  readonly pid: number
  readonly call: number
  readonly order: string
  readonly sequence: number
  readonly freezes: boolean
}
/** What a call of `deliver` answered. */
export interface Told {
  readonly pid: number
  readonly call: number
  readonly told: Delivered
}

const [url = "", given = "{}"] = process.argv.slice(2)
const task = JSON.parse(given) as RelayTask
const tell = (line: Got | Told) => appendFileSync(task.file, `${JSON.stringify(line)}\n`)

const services = Outbox.layer.pipe(
  Layer.provide(PostgresOrderStore.layer),
  Layer.provide(
    PgClient.layer({ url: Redacted.make(url), connectTimeout: hangMs, maxConnections: 2, startupParameters: patientSettings })
  )
)

const program = Effect.gen(function* () {
  const outbox = yield* Outbox
  const begin = new Promise<void>((resolve) => createInterface({ input: process.stdin }).once("line", () => resolve()))
  writeSync(1, "ready\n")
  yield* Effect.promise(() => begin)
  const { pid } = process
  let events = 0
  for (let call = 1; ; call++) {
    const told = yield* outbox.deliver(
      task.consumer,
      ({ sealed: { event } }) =>
        Effect.sync(() => {
          events++
          const freezes = task.freezeAt.includes(events)
          tell({ pid, call, order: `${event.tenantId} ${event.orderId}`, sequence: event.sequence, freezes })
          if (freezes) process.kill(pid, "SIGSTOP")
          if (events === task.dieAt) process.kill(pid, "SIGKILL")
        }),
      { limit: 10, lease: task.leaseMs }
    )
    const isIdle = told.delivered + told.lost + told.failed + told.parked === 0
    if (isIdle) yield* Effect.promise(() => pauseOf(5))
    else tell({ pid, call, told })
  }
})

Effect.runPromise(Effect.provide(program, services)).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`)
  process.exitCode = 1
})
