/** The service gives due commands by itself: soon after their moment, all that are due, and also after something went wrong. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { describe, expect, it } from "vitest"
import { layer } from "../../src/http/giveDueCommands.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import type { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { layer as memoryStore } from "../../src/memory/MemoryOrderStore.ts"
import { watchedStore } from "../support/watchedStore.ts"
import { laptop, newCaller, requestFor, shopOver } from "../support/world.ts"
import { quiet } from "./client.ts"

const caller = newCaller()

/** Place orders that expire after an hour, let the service work, and count those that are cancelled after so much time. */
const cancelledAfter = (
  store: Layer.Layer<OrderStore>,
  count: number,
  ...times: ReadonlyArray<Parameters<typeof TestClock.adjust>[0]>
) =>
  Effect.gen(function* () {
    const lifecycle = yield* OrderLifecycle
    const placed = yield* Effect.forEach(Array.from({ length: count }), () => lifecycle.place(caller, requestFor([laptop, 1])))
    yield* Layer.build(layer)
    const counts: Array<number> = []
    for (const time of times) {
      yield* TestClock.adjust(time)
      const orders = yield* Effect.forEach(placed, ({ after }) => lifecycle.get(caller.tenantId, after.orderId))
      counts.push(orders.filter(({ status }) => status === "cancelled").length)
    }
    return counts
  }).pipe(
    Effect.provide(shopOver(store, { pendingExpiresAfter: "PT1H" })),
    Effect.provide([TestClock.layer(), quiet]),
    Effect.scoped,
    Effect.runPromise
  )

describe("the service", () => {
  it("gives all commands whose moment has come, however many, and none before", async () => {
    expect(await cancelledAfter(memoryStore, 250, "59 minutes", "59 seconds", "2 seconds")).toEqual([0, 0, 250])
  })

  it("goes on after the store could not be reached, and after a mistake", async () => {
    let failures = 0
    const failing = watchedStore(memoryStore, (store) => ({
      tenantsWithDue: (after, limit) =>
        failures++ < 2 ? Effect.die(new Error("no rights on the table")) : store.tenantsWithDue(after, limit)
    }))
    expect(await cancelledAfter(failing, 3, "1 second", "61 minutes")).toEqual([0, 3])
    expect(failures).toBeGreaterThan(2)
  })
})
