/** The gate before a process is deployed: every stored history, given again to it. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { AuditTrail, orderProcess, ordersUnder, Timestamp } from "order-lifecycle"
import { type Replayed, replay, type ReplayOptions } from "order-lifecycle/verify"
import { describe, expect, it } from "vitest"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import type { OrderRecords } from "../../src/lifecycle/OrderRecords.ts"
import type { OrderProcess } from "../../src/order/process/orderProcess.ts"
import { tried } from "../support/evidence.ts"
import { shopProcess } from "../support/shopProcess.ts"
import { laptop, newCaller, newSerial, requestFor, shopOver } from "../support/world.ts"

const words = { code: "NO", message: "No.", remedy: "None." }

/** The shop before it had rules: its statuses, commands and data, without a guard. */
const formerly = orderProcess("our-shop", {
  version: 2,
  data: Schema.Struct({ channel: Schema.Literals(["web", "shop", "telephone"]), shippedAt: Schema.optionalKey(Timestamp) }),
  initial: { channel: "web" }
})
  .status("onHold", { description: "Waits.", like: "confirmed" })
  .command("hold", {
    description: "Puts an order on hold.",
    payload: Schema.Struct({ why: Schema.NonEmptyString, note: Schema.optionalKey(Schema.String) }),
    personal: ["note"],
    event: "order.held",
    from: { confirmed: "onHold" },
    otherwise: words
  })
  .command("resume", { description: "Goes on.", event: "order.resumed", from: { onHold: "confirmed" }, otherwise: words })
  .command("ship", {
    description: "Ships.",
    event: "order.shipped",
    from: { confirmed: "confirmed", partial: "partial", fulfilled: "fulfilled" },
    otherwise: words,
    data: ({ order, at }) => ({ ...order.data, shippedAt: at })
  })
  .command("pack", { description: "Packs.", event: "order.packed", from: { confirmed: "confirmed" }, otherwise: words })
const { orders } = ordersUnder(formerly)

const replayed = (options: ReplayOptions) =>
  Effect.gen(function* () {
    let now: Replayed | undefined
    const onReplayed = (each: Replayed) => Effect.sync(() => void (now = each))
    const found = yield* Stream.runCollect(replay({ ...options, onReplayed }))
    return { found, replayed: now }
  })

const under = <A, E>(work: Effect.Effect<A, E, OrderLifecycle | AuditTrail | OrderRecords>): Promise<A> => {
  const store = Layer.fresh(memory)
  return Effect.runPromise(Effect.provide(work, Layer.provideMerge(shopOver(store, { process: formerly }), store)))
}

describe("a replay under another process", () => {
  it("names exactly the histories that it would not have allowed", () =>
    under(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const auditTrail = yield* AuditTrail
        let state = 7
        const random = () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31
        const caller = newCaller()
        const planted: Array<string> = []
        const erased: Array<string> = []
        const count = 10_000
        for (let n = 0; n < count; n++) {
          const { orderId, customer } = (yield* orders.place(caller, requestFor([laptop, 2]))).after
          if (random() < 0.2) continue
          yield* lifecycle.confirm(caller, orderId)
          if (random() < 0.3) {
            yield* orders.apply(caller, orderId, "hold", { why: "Wait", note: "Ask Grace" })
            if (erased.length < 5) {
              yield* auditTrail.erase(caller.tenantId, orderId, 3)
              erased.push(orderId)
            }
            yield* orders.apply(caller, orderId, "resume")
          }
          const what = Math.floor(random() * 4)
          if (what === 0)
            yield* lifecycle.startSubscription(caller, {
              orderId,
              customerId: customer.customerId,
              assetSerialNumber: newSerial()
            })
          else if (what === 1) yield* lifecycle.cancel(caller, orderId, { reason: "Enough" })
          else if (what === 2) {
            yield* orders.apply(caller, orderId, "ship")
            // Shipped twice, which the rules of now refuse.
            if (planted.length < 3 && n % 1_000 > 500) {
              yield* orders.apply(caller, orderId, "ship")
              planted.push(orderId)
            }
          }
        }
        expect(planted).toHaveLength(3)
        const { found, replayed: counted } = yield* replayed({ process: shopProcess })
        expect(found.map(({ orderId }) => orderId).toSorted()).toEqual(planted.toSorted())
        for (const each of found)
          expect(each).toMatchObject({
            type: "order.shipped",
            message: expect.stringMatching(/^ship in \w+ is refused: SHIPPED_BEFORE \(notShipped does not hold\)$/) as unknown
          })
        // What was erased may be what a guard before `hold` looks at.
        expect(counted).toMatchObject({ tenants: 1, orders: count, ordersNotJudged: erased.length })
        expect((yield* replayed({ process: formerly })).found).toEqual([])
        tried("histories replayed under another process", 2 * count)
      })
    ))

  it("names what a process does not have any more", () =>
    under(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const confirmed = Effect.gen(function* () {
          const { orderId } = (yield* orders.place(caller, requestFor([laptop, 1]))).after
          yield* lifecycle.confirm(caller, orderId)
          return orderId
        })
        const packed = yield* confirmed
        yield* orders.apply(caller, packed, "pack")
        const held = yield* confirmed
        yield* orders.apply(caller, held, "hold", { why: "Wait" })
        const called = (yield* orders.place(caller, requestFor([laptop, 1]), { data: { channel: "telephone" } })).after.orderId
        const messages = (process: OrderProcess) =>
          Effect.map(replayed({ process }), ({ found }) => found.map(({ orderId, message }) => [orderId, message]))
        expect(yield* messages(shopProcess)).toEqual([
          [packed, "no command is recorded by order.packed"],
          [called, expect.stringMatching(/^data.channel /)]
        ])
        // A hold that leads elsewhere now, and an order that stands where nothing is any more.
        const without = orderProcess("our-shop", {
          data: Schema.Struct({ channel: Schema.String, shippedAt: Schema.optionalKey(Timestamp) }),
          initial: { channel: "web" }
        })
        const said = yield* messages(without)
        expect(said).toContainEqual([held, "no command is recorded by order.held"])
        const elsewhere = without
          .status("aside", { description: "Elsewhere.", like: "confirmed" })
          .command("hold", { description: "Holds.", event: "order.held", from: { confirmed: "aside" }, otherwise: words })
        expect(yield* messages(elsewhere)).toContainEqual([held, "hold in confirmed leads to aside now, and led to onHold"])
      })
    ))
})
