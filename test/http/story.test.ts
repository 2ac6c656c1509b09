/** The main job over HTTP, on every store: an order is placed, confirmed, rented and cancelled. And what happens when many try at once. */
import type * as Layer from "effect/Layer"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { layer as memoryStore } from "../../src/memory/MemoryOrderStore.ts"
import { embeddedStore } from "../support/embeddedFolder.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { laptop } from "../support/world.ts"
import { type Client, codeOf, openService } from "./client.ts"

const stores: ReadonlyArray<readonly [name: string, store: Layer.Layer<OrderStore, unknown>]> = [
  ["in memory", memoryStore],
  ["on the embedded database", embeddedStore],
  ["on PostgreSQL", postgresStore]
]

const tellTheStory = async ({ call, place, order, events, rent }: Client) => {
  const stock = async () => (await call("GET", `/v1/stock/${laptop}`)).body
  const orderId = await place(2)
  expect(await stock()).toEqual({ sku: laptop, reserved: 2, rented: 0 })

  expect((await call("POST", `/v1/orders/${orderId}/confirm`)).body).toMatchObject({ success: true, orderId })
  expect(await order(orderId)).toMatchObject({ status: "confirmed" })

  const first = await rent(orderId, "SN-1")
  expect(first.status).toBe(201)
  expect(await stock()).toMatchObject({ reserved: 1, rented: 1 })
  expect(await order(orderId)).toMatchObject({ status: "partial", rentalProgress: { totalDevices: 2, rentedDevices: 1 } })

  const second = await rent(orderId, "SN-2")
  expect(second.status).toBe(201)
  expect(await stock()).toMatchObject({ reserved: 0, rented: 2 })
  const rentalIds = [first.body["rentalId"], second.body["rentalId"]]
  expect(await order(orderId)).toMatchObject({
    status: "fulfilled",
    rentalIds,
    rentalProgress: { totalDevices: 2, rentedDevices: 2 },
    items: [{ rentalIds, rentalStatus: "completed" }]
  })

  const refused = await call("POST", `/v1/orders/${orderId}/cancel`, { body: { reason: "too early" } })
  expect([refused.status, codeOf(refused)]).toEqual([400, "ORDER_NOT_CANCELLABLE"])
  expect((await call("GET", `/v1/orders/${orderId}/cancellation`)).body).toMatchObject({
    version: 4,
    cancellable: false,
    blockers: [{ code: "ORDER_NOT_CANCELLABLE", guard: "noActiveSubscriptions", rentalIds }],
    releases: []
  })

  for (const rentalId of rentalIds) {
    const ended = await call("POST", `/v1/subscriptions/${String(rentalId)}/cancel`, {
      body: { rentalId, reason: "customer_request" }
    })
    expect(ended.body).toMatchObject({ success: true, rentalId, previousStatus: "active" })
  }
  expect(await stock()).toMatchObject({ reserved: 0, rented: 0 })
  expect(await order(orderId)).toMatchObject({ status: "fulfilled", rentalIds, rentalProgress: { rentedDevices: 0 } })

  const cancelled = await call("POST", `/v1/orders/${orderId}/cancel`, { body: { reason: "all done" } })
  expect(cancelled.body).toEqual({ success: true, message: "Order cancelled successfully", orderId })
  expect(await order(orderId)).toMatchObject({ status: "cancelled" })

  const history = await events(orderId)
  expect(history.map(({ sequence, type, from, to }) => [sequence, type, from, to])).toEqual([
    [1, "order.placed", null, "pending"],
    [2, "order.confirmed", "pending", "confirmed"],
    [3, "subscription.started", "confirmed", "partial"],
    [4, "subscription.started", "partial", "fulfilled"],
    [5, "subscription.ended", "fulfilled", "fulfilled"],
    [6, "subscription.ended", "fulfilled", "fulfilled"],
    [7, "order.cancelled", "fulfilled", "cancelled"]
  ])
  expect(history.map(({ previousHash }) => previousHash)).toEqual([null, ...history.slice(0, -1).map(({ hash }) => hash)])
  expect(new Set(history.map(({ hash }) => hash)).size).toBe(7)
  expect(history.map(({ reason }) => reason)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    "customer_request",
    "customer_request",
    "all done"
  ])
  expect(history.map(({ rentalId }) => rentalId)).toEqual([undefined, undefined, ...rentalIds, ...rentalIds, undefined])
}

const releaseTheRest = async ({ call, confirmed, order, events, rent }: Client) => {
  const orderId = await confirmed(3)
  const { body } = await rent(orderId, "SN-REST")
  const rentalId = body["rentalId"]
  await call("POST", `/v1/subscriptions/${String(rentalId)}/cancel`, { body: { rentalId, reason: "other", notes: "sent back" } })
  expect((await call("GET", `/v1/orders/${orderId}/cancellation`)).body).toMatchObject({
    cancellable: true,
    blockers: [],
    releases: [{ sku: laptop, quantity: 2 }],
    warnings: []
  })
  expect((await call("POST", `/v1/orders/${orderId}/cancel`)).status).toBe(200)
  expect((await events(orderId)).at(-1)).toMatchObject({ type: "order.cancelled", released: [{ sku: laptop, quantity: 2 }] })
  expect(await order(orderId)).toMatchObject({
    items: [{ rentalStatus: "completed", held: 0, released: 2, rentalIds: [rentalId] }]
  })
}

/** 64 clients cancel one order: one of them does. */
const cancelTogether = async ({ call, place, events }: Client) => {
  const orderId = await place()
  const answers = await Promise.all(Array.from({ length: 64 }, () => call("POST", `/v1/orders/${orderId}/cancel`)))
  const outcomes = answers.map((answer) => (answer.status === 200 ? "cancelled" : `${answer.status} ${String(codeOf(answer))}`))
  expect(outcomes.toSorted()).toEqual([...Array.from({ length: 63 }, () => "400 ALREADY_CANCELLED"), "cancelled"])
  expect((await events(orderId)).map(({ type }) => type)).toEqual(["order.placed", "order.cancelled"])
}

describe.each(stores)("%s", (_, store) => {
  let service: ReturnType<typeof openService>
  beforeAll(() => void (service = openService(store)))
  afterAll(() => service.dispose())

  it("an order is placed, confirmed, rented twice, not cancelled, given back and cancelled", async () => {
    expect.hasAssertions()
    await tellTheStory(service)
  })
  it("a cancel releases what is still held, and what was rented is not held", async () => {
    expect.hasAssertions()
    await releaseTheRest(service)
  })
  it("of 64 cancels at once one cancels the order and 63 come too late", async () => {
    expect.hasAssertions()
    await cancelTogether(service)
  })
})

describe("200 cancels, each racing two subscriptions, on PostgreSQL", () => {
  let service: ReturnType<typeof openService>
  beforeAll(() => void (service = openService(postgresStore)))
  afterAll(() => service.dispose())

  it("never leave a cancelled order with an active subscription, and nobody is told of a fault", async () => {
    const { call, confirmed, order, rent } = service
    let [wonByCancel, wonByRent] = [0, 0]
    const race = async (number: number) => {
      const orderId = await confirmed(2)
      const cancel = () => call("POST", `/v1/orders/${orderId}/cancel`)
      const answers = await Promise.all(
        [cancel, () => rent(orderId, `RACE-${number}-A`), () => rent(orderId, `RACE-${number}-B`)].map((go) => go())
      )
      const [cancelled, ...rented] = answers
      for (const answer of answers) expect(answer.status, answer.text).toBeLessThan(500)
      const { status, rentalProgress } = await order(orderId)
      expect(status === "cancelled").toBe(cancelled?.status === 200)
      expect(rentalProgress).toMatchObject({ rentedDevices: rented.filter((answer) => answer.status === 201).length })
      if (cancelled?.status === 200) {
        wonByCancel++
        expect(rented.map(codeOf)).toEqual(["ORDER_NOT_CONFIRMED", "ORDER_NOT_CONFIRMED"])
      } else {
        wonByRent++
        expect(cancelled && codeOf(cancelled)).toBe("ORDER_NOT_CANCELLABLE")
      }
    }
    for (let from = 0; from < 200; from += 20) await Promise.all(Array.from({ length: 20 }, (_, index) => race(from + index)))
    expect(wonByCancel + wonByRent).toBe(200)
  })
})
