/** Orders of a process, verified: with it, and without. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as SqlClient from "effect/sql/SqlClient"
import { ordersUnder } from "order-lifecycle"
import { describe, expect, it } from "vitest"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import type { OrderProcess } from "../../src/order/process/orderProcess.ts"
import { type Checked, verify } from "../../src/verify/verify.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { sharedLayer } from "../support/sharedLayer.ts"
import { shopProcess } from "../support/shopProcess.ts"
import { confirmedOrder, newCaller, shopOver } from "../support/world.ts"

const { orders } = ordersUnder(shopProcess)
const run = sharedLayer(shopOver(Layer.orDie(postgresStore), { process: shopProcess }))

const verified = (process?: OrderProcess) =>
  Effect.gen(function* () {
    let checked: Checked | undefined
    const onChecked = (now: Checked) => Effect.sync(() => void (checked = now))
    const violations = yield* Stream.runCollect(verify({ ...(process && { process }), onChecked }))
    return { violations: violations.map(({ id, message }) => `${id}: ${message}`), notJudged: checked?.eventsNotJudged }
  })

describe("orders of a process", () => {
  it("are sound, judged by their process; without it what it alone knows is counted, and the rest is checked", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { orderId } = yield* confirmedOrder(caller)
        yield* orders.apply(caller, orderId, "hold", { why: "Wait" })
        yield* orders.apply(caller, orderId, "resume")
        yield* orders.apply(caller, orderId, "ship")
        const held = yield* confirmedOrder(caller)
        yield* orders.apply(caller, held.orderId, "hold", { why: "Wait" })
        const cancelled = yield* confirmedOrder(caller)
        yield* orders.apply(caller, cancelled.orderId, "hold", { why: "Wait" })
        yield* lifecycle.cancel(caller, cancelled.orderId)
        expect(yield* verified(shopProcess)).toEqual({ violations: [], notJudged: 0 })
        // Three times hold, one resume, one ship, one cancel out of a status that is not known.
        expect(yield* verified()).toEqual({ violations: [], notJudged: 6 })
      })
    ))

  it("are found when their rows are not what their events say", () =>
    run(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const caller = newCaller()
        const { orderId } = yield* confirmedOrder(caller)
        yield* sql`UPDATE order_lifecycle.orders SET data = '{"channel":"shop"}' WHERE order_id = ${orderId}`
        const { violations } = yield* verified(shopProcess)
        expect(violations).toHaveLength(1)
        expect(violations[0]).toMatch(/^A2: .*data/)
        yield* sql`UPDATE order_lifecycle.orders SET data = '{"channel":"web"}' WHERE order_id = ${orderId}`
      })
    ))
})
