/** Decisions to the letter: what a refusal names, what an event records, and what is no refusal but a defect. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import type { AuditEvent } from "../../src/order/AuditEvent.ts"
import { RequestId } from "../../src/order/orderEvent.ts"
import { SubscriptionEnded } from "../../src/order/commands/cancelSubscription.ts"
import { decide, refusalOf } from "../../src/order/decide.ts"
import type { Occasion, Transition } from "../../src/order/Transition.ts"
import { evolve, fold, UnknownEventKind } from "../../src/order/evolve.ts"
import { explain, preview } from "../../src/order/explain.ts"
import { type Answer, lifecycles } from "../../src/order/lifecycleTable.ts"
import { CustomerId, type Order, OrderId, SerialNumber, Sku, SubscriptionId, TenantId } from "../../src/order/Order.ts"
import type { OrderCommand } from "../../src/order/commands/index.ts"
import type { StartSubscription } from "../../src/order/commands/startSubscription.ts"
import { place } from "../../src/order/commands/place.ts"
import { Refusal as RefusalSchema, type Refusal } from "../../src/order/Refusal.ts"
import { Timestamp } from "../../src/order/Timestamp.ts"
import { catalogue } from "../../src/testing/arbitraries.ts"

const lifecycle = lifecycles.noActiveSubscriptions
const [laptop, monitor] = [Sku.make("LAPTOP"), Sku.make("MONITOR")]
const occasion: Occasion = {
  at: Timestamp.make("2026-11-23T12:00:00.000Z"),
  actor: { userId: "ada" },
  requestId: RequestId.make("request-1")
}
const common = {
  tenantId: "demo",
  orderId: "order-1",
  at: occasion.at,
  actor: occasion.actor,
  requestId: occasion.requestId,
  released: []
}

const address = { contactName: "Ada", streetAddress: "1 Square", city: "London", country: "GB" }
const pending = Result.getOrThrow(
  place(
    lifecycle,
    {
      customer: { email: "ada@example.com", firstName: "Ada", lastName: "Lovelace" },
      billingAddress: address,
      items: [
        { sku: laptop, quantity: 1 },
        { sku: monitor, quantity: 1 }
      ]
    },
    {
      tenantId: TenantId.make("demo"),
      orderId: OrderId.make("order-1"),
      customerId: CustomerId.make("ada"),
      variants: catalogue
    },
    occasion
  )
).after

const decided = (order: Order, command: OrderCommand): Result.Result<Transition, Refusal> =>
  decide(lifecycle, order, command, occasion)
const after = (order: Order, ...commands: ReadonlyArray<OrderCommand>): Order =>
  commands.reduce((before, command) => Result.getOrThrow(decided(before, command)).after, order)
const refused = (order: Order, command: OrderCommand): Refusal => Result.getOrThrow(Result.flip(decided(order, command)))

const start = (number: number, more: Partial<StartSubscription> = {}): OrderCommand & { type: "startSubscription" } => ({
  type: "startSubscription",
  subscriptionId: SubscriptionId.make(`subscription-${number}`),
  assetSerialNumber: SerialNumber.make(`serial-${number}`),
  customerId: CustomerId.make("ada"),
  asset: { isKnown: true, isRented: false },
  ...more
})
const end = (number: number): OrderCommand & { type: "cancelSubscription" } => ({
  type: "cancelSubscription",
  rentalId: SubscriptionId.make(`subscription-${number}`),
  reason: "other"
})

const confirmed = after(pending, { type: "confirm" })

describe("a cancel that subscriptions are in the way of", () => {
  it("names the first hundred of them and their count; its preview names all", () => {
    const [line] = confirmed.lines
    if (line === undefined) throw new Error("an order has a line")
    const large: Order = {
      ...confirmed,
      lines: [{ ...line, quantity: 151, units: { held: 151, active: 0, ended: 0, released: 0 } }]
    }
    const ids = Array.from({ length: 150 }, (_, number) => `subscription-${number}`)
    const order = after(large, ...ids.map((_, number) => start(number)))
    const refusal = refused(order, { type: "cancel" })
    expect(refusal).toMatchObject({ subscriptionIds: ids.slice(0, 100), subscriptionCount: 150 })
    expect(refusal.message).toBe(
      "Order has 150 active subscriptions. Cancel the subscriptions first, or release what a partial order still holds."
    )
    expect(explain(lifecycle, order, { type: "cancel" })).toMatchObject([{ subscriptionIds: ids }])
    const remembered = JSON.stringify(Schema.encodeSync(RefusalSchema)(refusal))
    expect(remembered.length).toBeLessThan(5_000)
    // As it was remembered when all were named.
    const { subscriptionCount: _, ...before } = JSON.parse(remembered) as Record<string, unknown>
    expect(Schema.decodeUnknownSync(RefusalSchema)({ ...before, subscriptionIds: ids })).toMatchObject({
      message: refusal.message
    })
  })
})

describe("a history with an event of a kind that is not known", () => {
  it("is not folded: the error names the order, the kind and the sequence", () => {
    const { event } = Result.getOrThrow(decided(pending, { type: "confirm" }))
    const strange = { ...event, type: "order.split" } as unknown as AuditEvent
    expect(() => evolve(pending, strange)).toThrow(UnknownEventKind)
    try {
      evolve(pending, strange)
    } catch (error) {
      expect(error).toMatchObject({ _tag: "UnknownEventKind", orderId: "order-1", sequence: 2, kind: "order.split" })
    }
    expect(() => fold([{ ...strange, sequence: 1 }])).toThrow("event 1 is of a kind that is not known here: order.split")
  })

  it("is not folded as one of a process's own either, when a process was in force and a later build of the library has the kind", () => {
    const { event } = Result.getOrThrow(decided(pending, { type: "confirm" }))
    const later = { ...event, type: "order.split", process: "shop@1", details: { parts: 2 } } as unknown as AuditEvent
    expect(() => evolve(pending, later)).toThrow(UnknownEventKind)
  })
})
const fulfilled = after(confirmed, start(1, { sku: laptop }), start(2, { sku: monitor }))

describe("a refused subscription", () => {
  it("names the field that is wrong: the customer, and the SKU where several could be meant", () => {
    const customerId = { path: "customerId", message: "must be the customer of the order", code: "invalid_value" }
    const sku = { path: "sku", message: "is needed: the order has held units of several SKUs", code: "invalid_value" }
    expect(refused(confirmed, start(1, { sku: laptop, customerId: CustomerId.make("grace") }))).toMatchObject({
      details: [customerId]
    })
    expect(refused(confirmed, start(1))).toMatchObject({ details: [sku] })
    const blockers = explain(lifecycle, confirmed, start(1, { customerId: CustomerId.make("grace") }))
    expect(blockers).toEqual(
      [
        { guard: "customerMatches", field: customerId },
        { guard: "skuIsClear", field: sku }
      ].map(({ guard, field }) => ({
        code: "VALIDATION_ERROR",
        guard,
        message: `${field.path}: ${field.message}`,
        remedy: "Correct the named fields and send the request again.",
        subscriptionIds: []
      }))
    )
  })

  it("of a fulfilled order names the SKU if one was named", () => {
    expect(refused(fulfilled, start(3, { sku: laptop }))).toMatchObject({ orderId: "order-1", sku: "LAPTOP" })
    expect("sku" in refused(fulfilled, start(3))).toBe(false)
    // A length that no line has is not said to be used up.
    expect(refused(fulfilled, start(3, { sku: laptop, contractLength: 12 }))).toMatchObject({ contractLength: 12 })
    expect("contractLength" in refused(fulfilled, start(3, { sku: laptop, contractLength: 7 }))).toBe(false)
  })
})

describe("the event of", () => {
  it("a started subscription records what was asked for, and nothing that was not", () => {
    const plain = Result.getOrThrow(decided(confirmed, start(1, { sku: laptop }))).event
    const details = { subscriptionId: "subscription-1", line: 0, serialNumber: "serial-1" }
    const event = { type: "subscription.started", ...common, sequence: 3, from: "confirmed", to: "partial" }
    expect(plain).toStrictEqual({
      ...event,
      details: { ...details, startDate: occasion.at, contractLength: 12 },
      confidential: {}
    })
    const asked = { startDate: "2026-12-01", contractLength: 12, billingGroupId: "group-1", notes: "with charger" }
    const full = Result.getOrThrow(decided(confirmed, start(1, { sku: laptop, ...asked }))).event
    expect(full).toStrictEqual({
      ...event,
      details: { ...details, startDate: "2026-12-01T00:00:00.000Z", contractLength: 12, billingGroupId: "group-1" },
      confidential: { notes: "with charger" }
    })
  })

  it("an ended subscription records the reason openly and the notes in confidence", () => {
    const event = { type: "subscription.ended", ...common, sequence: 5, from: "fulfilled", to: "fulfilled" }
    const details = { subscriptionId: "subscription-1", status: "cancelled", reason: "other" }
    const plain = Result.getOrThrow(decided(fulfilled, end(1))).event
    expect(plain).toStrictEqual({ ...event, details, confidential: {} })
    const full = Result.getOrThrow(decided(fulfilled, { ...end(1), notes: "came back" })).event
    expect(full).toStrictEqual({ ...event, details, confidential: { notes: "came back" } })
  })

  it("a confirmation and a cancel records no more than that", () => {
    const confirmation = Result.getOrThrow(decided(pending, { type: "confirm" })).event
    const moved = { sequence: 2, from: "pending", to: "confirmed" }
    expect(confirmation).toStrictEqual({ type: "order.confirmed", ...common, ...moved, details: {}, confidential: {} })
    const cancel = Result.getOrThrow(decided(confirmed, { type: "cancel" })).event
    expect(cancel).toStrictEqual({
      type: "order.cancelled",
      ...common,
      sequence: 3,
      from: "confirmed",
      to: "cancelled",
      released: [
        { line: 0, sku: "LAPTOP", quantity: 1 },
        { line: 1, sku: "MONITOR", quantity: 1 }
      ],
      details: {},
      confidential: {}
    })
  })
})

describe("the preview of a cancel", () => {
  it("warns of a payment that is paid, and of no other", () => {
    const warnings = (status: "pending" | "paid" | "failed", command: OrderCommand) =>
      preview(lifecycle, { ...pending, payment: { status } }, command, occasion).warnings
    expect(warnings("paid", { type: "cancel" })).toEqual(["The order's payment is paid. Cancelling does not refund it."])
    expect(warnings("paid", { type: "confirm" })).toEqual([])
    for (const status of ["pending", "failed"] as const) expect(warnings(status, { type: "cancel" })).toEqual([])
  })
})

describe("a subscription that ended", () => {
  const ending = Result.getOrThrow(decided(fulfilled, { ...end(1), notes: "came back" })).event

  it("keeps who ended it, when and why, as far as that was said; the other subscription and its line stay as they are", () => {
    const by = { at: occasion.at, by: occasion.actor }
    const [first, second] = evolve(fulfilled, ending).subscriptions
    expect(first).toStrictEqual({
      ...fulfilled.subscriptions[0],
      status: "cancelled",
      ended: { ...by, reason: "other", notes: "came back" }
    })
    expect(second).toBe(fulfilled.subscriptions[1])
    const details = { subscriptionId: end(1).rentalId, status: "ended_buyout" }
    const silent = { ...ending, details, confidential: {} } as typeof ending
    expect(evolve(fulfilled, silent).subscriptions[0]?.ended).toStrictEqual(by)
    expect(evolve(fulfilled, ending).lines.map(({ units }) => units)).toEqual([
      { held: 0, active: 0, ended: 1, released: 0 },
      { held: 0, active: 1, ended: 0, released: 0 }
    ])
  })
})

describe("an order that breaks a law", () => {
  it("is not moved: that is a defect and no refusal", () => {
    const leaking = { ...pending, lines: pending.lines.map((line) => ({ ...line, quantity: line.quantity + 1 })) }
    expect(() => decided(leaking, { type: "confirm" })).toThrow(/^order order-1 of tenant demo: line 0: quantity 2 is not held/)
  })
})

describe("an event that does not fit the order", () => {
  const endOf = (subscriptionId: string): typeof SubscriptionEnded.Type =>
    SubscriptionEnded.make({
      tenantId: pending.tenantId,
      orderId: pending.orderId,
      sequence: pending.version + 1,
      ...occasion,
      from: "pending",
      to: "pending",
      released: [],
      details: { subscriptionId: SubscriptionId.make(subscriptionId), status: "cancelled" },
      confidential: {}
    })

  it("is a gap in its history, said with the order, the event and the version", () => {
    expect(() => evolve(pending, { ...endOf("subscription-1"), sequence: 7 })).toThrow(
      "order order-1: event 7 does not follow version 1"
    )
    expect(() => evolve(null, endOf("subscription-1"))).toThrow("order order-1: event 2 does not follow version 0")
    expect(() => evolve(null, { ...endOf("subscription-1"), sequence: 1 })).toThrow(
      "order order-1: a history begins with order.placed, not subscription.ended"
    )
  })

  it("ends no subscription that there is not", () => {
    expect(() => evolve(pending, endOf("subscription-1"))).toThrow("order order-1: no subscription subscription-1 to end")
  })
})

describe("a refusal by the machine that no error stands for", () => {
  const answer = (code?: Refusal["code"]): Answer => ({
    applies: () => true,
    to: "pending",
    consequences: [],
    ...(code !== undefined && { refusal: { code, lacking: "isPending" } })
  })
  const cancelled = after(confirmed, { type: "cancel" })
  const ended = after(fulfilled, end(1))

  it.each<readonly [string, Order, OrderCommand, Refusal["code"] | undefined]>([
    ["a confirmation", pending, { type: "confirm" }, "NOT_FOUND"],
    ["a confirmation", pending, { type: "confirm" }, undefined],
    ["a subscription", confirmed, start(1, { sku: laptop }), "NOT_FOUND"],
    ["a subscription of no SKU", confirmed, start(1), "SKU_MISMATCH"],
    ["the end of an unknown subscription", fulfilled, end(9), "ALREADY_ENDED"],
    ["the end of a subscription", ended, end(1), "ORDER_NOT_PENDING"],
    ["the cancel of an order that is not cancelled", confirmed, { type: "cancel" }, "ALREADY_CANCELLED"],
    ["the cancel of a cancelled order", cancelled, { type: "cancel" }, "NOT_FOUND"]
  ])("is a defect: %s", (_, order, command, code) => {
    expect(() => refusalOf(lifecycle, order, command, answer(code))).toThrow(
      `orderMachine refuses ${command.type} with ${String(code)}, which no error class stands for`
    )
  })
})
