/**
 * The service is killed without warning, again and again, while it works. Whatever it had acknowledged is there afterwards, and nothing is
 * half done. `KILLS=20 npm run test:only -- test/http/crash.test.ts` tries harder than the usual run.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { describe, expect, it } from "vitest"
import { embeddedFolder } from "../support/embeddedFolder.ts"
import { freshDatabase } from "../support/postgresDatabase.ts"
import { call, serve, type Served, stop } from "../support/servedProcess.ts"
import { pauseOf, promiseUntil } from "../support/waiting.ts"

const kills = Number(process.env["KILLS"] ?? 3)
const clients = 8

const order = {
  customer: { email: "grace@example.com", firstName: "Grace", lastName: "Hopper" },
  billingAddress: { contactName: "Grace Hopper", streetAddress: "Quay 1", city: "Rotterdam", country: "NL" },
  items: [{ sku: "EBIKE-CITY-500", quantity: 2 }]
}

/** Place and cancel orders, as fast as it goes, until the service is gone. Whatever it has acknowledged is added to `cancelled`. */
const work = async (url: string, cancelled: Array<string>): Promise<void> => {
  for (;;) {
    try {
      const placed = await call(url, "POST", "/v1/orders", order)
      const orderId = placed.body["orderId"] as string
      const answer = await call(url, "POST", `/v1/orders/${orderId}/cancel`, { reason: "while it lasts" })
      expect([placed.status, answer.status]).toEqual([201, 200])
      cancelled.push(orderId)
    } catch (error) {
      if (error instanceof TypeError || error instanceof SyntaxError) return // the connection is gone, or the answer cut off
      throw error
    }
  }
}

const killUnderLoad = async (settings: Readonly<Record<string, string>>) => {
  const cancelled: Array<string> = []
  let served: Served | undefined
  try {
    for (let kill = 0; kill < kills; kill++) {
      served = await serve(settings)
      const { url } = served
      const working = Array.from({ length: clients }, () => work(url, cancelled))
      const enough = cancelled.length + 20
      await promiseUntil(() => cancelled.length >= enough)
      await pauseOf((kill * 17) % 50)
      await stop(served, "SIGKILL")
      await Promise.all(working)
    }
    served = await serve(settings)
    const { url } = served
    for (const orderId of cancelled) {
      const { body } = await call(url, "GET", `/v1/orders/${orderId}`)
      expect(body).toMatchObject({ orderId, status: "cancelled" })
      const { body: history } = await call(url, "GET", `/v1/orders/${orderId}/events`)
      expect((history["events"] as ReadonlyArray<{ type: string }>).map(({ type }) => type)).toEqual([
        "order.placed",
        "order.cancelled"
      ])
    }
    // What is still reserved is reserved for orders that were placed and not cancelled, and for nothing else.
    let [open, startAfter] = [0, ""]
    do {
      const { body } = await call(url, "GET", `/v1/orders?status=pending&limit=100${startAfter}`)
      open += body["count"] as number
      startAfter = typeof body["nextCursor"] === "string" ? `&startAfter=${body["nextCursor"]}` : ""
    } while (startAfter !== "")
    expect((await call(url, "GET", "/v1/stock/EBIKE-CITY-500")).body).toMatchObject({ reserved: open * 2, rented: 0 })
    expect(cancelled.length).toBeGreaterThanOrEqual(kills * 20)
    expect(await stop(served)).toBe(0)
  } finally {
    if (served) await stop(served, "SIGKILL")
  }
}

describe(`a service that is killed ${kills} times under load`, () => {
  it("loses no acknowledged cancel on PostgreSQL", async () => {
    const killed = Effect.flatMap(freshDatabase, (url) =>
      Effect.promise(() => killUnderLoad({ DATABASE_URL: Redacted.value(url) }))
    )
    await Effect.runPromise(Effect.scoped(killed))
  })

  it("loses no acknowledged cancel on the embedded database", async () => {
    const killed = Effect.flatMap(embeddedFolder, (folder) => Effect.promise(() => killUnderLoad({ DATA_DIR: folder })))
    await Effect.runPromise(Effect.scoped(killed))
  })
})
