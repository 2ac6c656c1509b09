/**
 * A process that has a data folder open and, unless told only to `hold` it, places and cancels orders in it without end. It prints a
 * line `ready`, and then the id of each order whose cancel has been acknowledged. Run with the folder and `hold` or `work`.
 */
import { writeSync } from "node:fs"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as EmbeddedOrderStore from "../../src/embedded/EmbeddedOrderStore.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { TenantId } from "../../src/order/Order.ts"
import { cancel, headOf, next, placing } from "../../src/testing/contractOrders.ts"

const [folder = "", task] = process.argv.slice(2)

const say = (line: string) => Effect.sync(() => writeSync(1, `${line}\n`))

const work = Effect.gen(function* () {
  const store = yield* OrderStore
  const placement = placing(TenantId.make("tenant"))
  yield* store.commit([placement])
  const outcomes = yield* store.commit([next(headOf(placement), cancel("while it lasts"))])
  if (outcomes[0] === "committed") yield* say(placement.transition.after.orderId)
})

const program = Effect.gen(function* () {
  yield* say("ready")
  if (task === "hold") return yield* Effect.never
  return yield* Effect.forever(work)
})

Effect.runPromise(Effect.provide(program, Layer.fresh(EmbeddedOrderStore.layer(folder)))).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
