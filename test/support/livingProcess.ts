/**
 * A client that is going to be killed: a process with the services on eight connections. It says `ready` once it is warm, waits for a line
 * of JSON, and then lives orders without end. Every call and every answer is in the file before anything else is done.
 */
import { appendFileSync, writeSync } from "node:fs"
import { flushCompileCache } from "node:module"
import { createInterface } from "node:readline"
import * as Effect from "effect/Effect"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { TenantId } from "../../src/order/Order.ts"
import { loggedChanges } from "./loggedChanges.ts"
import { logOfCalls, live, liveOn } from "./orderLives.ts"
import { shopAt } from "./shopAt.ts"

/** What the process is to do: live as this tenant, under names that begin with `name`, and write its calls to `file`. */
export interface Task {
  readonly tenantId: string
  readonly name: string
  readonly file: string
  /** Tells its calls from those of other processes that live the same lives. */
  readonly session?: string
  /** The number of its first life in each lane: 0 unless it says otherwise. */
  readonly first?: number
}

const [url = ""] = process.argv.slice(2)
const actor = { userId: "ada", displayName: "Ada" }

const program = Effect.gen(function* () {
  const shop = yield* shopAt(url, { process: loggedChanges })
  const caller = { tenantId: TenantId.make("warm"), actor }
  // Eight connections are made, and one order has been lived.
  yield* Effect.provideContext(
    Effect.andThen(
      Effect.flatMap(OrderLifecycle, (lifecycle) =>
        Effect.all(
          Array.from({ length: 8 }, () => lifecycle.list(caller.tenantId, { limit: 1 })),
          { concurrency: "unbounded" }
        )
      ),
      live({ caller, name: `warm${process.pid}`, tell: logOfCalls().tell })
    ),
    shop
  )
  // Whoever is killed writes no cache when it ends, and the next one is to start faster.
  flushCompileCache()
  const given = new Promise<string>((resolve) => createInterface({ input: process.stdin }).once("line", resolve))
  writeSync(1, "ready\n")
  const { tenantId, name, file, session = "", first = 0 } = JSON.parse(yield* Effect.promise(() => given)) as Task
  const tell = (call: unknown) => appendFileSync(file, `${JSON.stringify(call)}\n`)
  yield* Effect.provideContext(
    liveOn({ caller: { tenantId: TenantId.make(tenantId), actor }, name, session, tell, isOver: () => false }, 8, first),
    shop
  )
})

Effect.runPromise(Effect.scoped(program)).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`)
  process.exitCode = 1
})
