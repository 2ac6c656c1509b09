/** One order's record, judged: every order that can come about is sound, and for every invariant something that breaks it is found. */
import { describe, expect, it } from "vitest"
import type { OrderRecord } from "../../src/lifecycle/OrderRecords.ts"
import { seal, type SealedEvent } from "../../src/order/auditChain.ts"
import type { AuditEvent } from "../../src/order/AuditEvent.ts"
import { fold } from "../../src/order/evolve.ts"
import { lifecycles } from "../../src/order/lifecycleTable.ts"
import { lookupsOf } from "../../src/order/lookups.ts"
import { type Order, OrderId, TenantId } from "../../src/order/Order.ts"
import type { OrderCommand } from "../../src/order/commands/index.ts"
import { history } from "../../src/testing/arbitraries.ts"
import { cancel, confirm, end, headOf, next, placing, start } from "../../src/testing/contractOrders.ts"
import { checkRecord } from "../../src/verify/checkRecord.ts"
import { invariants } from "../../src/verify/invariants.ts"
import { tried } from "../support/evidence.ts"
import { Timestamp } from "../../src/order/Timestamp.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

const anyPolicy = Object.values(lifecycles)

const sealAll = (events: ReadonlyArray<AuditEvent>): ReadonlyArray<SealedEvent> => {
  const chain: Array<SealedEvent> = []
  for (const event of events) chain.push(seal(event, chain.at(-1)?.hash ?? null, event.sequence.toString(16).padStart(64, "0")))
  return chain
}

/** The record of an order with these events, of which the newest `waiting` are not done by a consumer that all were handed on to. */
const recordOf = (order: Order, events: ReadonlyArray<SealedEvent>, waiting = events.length): OrderRecord => ({
  tenantId: order.tenantId,
  orderId: order.orderId,
  order,
  headHash: events.at(-1)?.hash ?? null,
  reservations: order.lines.map(({ sku, quantity }, line) => ({ line, sku, quantity })),
  events,
  positions: events.map(({ event }, index) => ({ sequence: event.sequence, position: 2 * index + 1 })),
  unplaced: [],
  consumers: [
    {
      consumer: "mail",
      upTo: 2 * events.length,
      isBehind: false,
      undone: waiting === 0 ? null : { first: events.length - waiting + 1, last: events.at(-1)?.event.sequence ?? 0 }
    },
    { consumer: "late", upTo: 0, isBehind: true, undone: null }
  ],
  due: [],
  filterable: [],
  lookups: lookupsOf(order),
  disagreements: []
})

/** The record that a list of events makes, whatever they are: all seals are right, as if by whoever owns the tables and has the code. */
const forged = (events: ReadonlyArray<AuditEvent>): OrderRecord => recordOf(fold(events) as Order, sealAll(events))

/** The record of a rented order whose outbox has these events. */
const outboxOf = (placed: ReadonlyArray<number>, unplaced: ReadonlyArray<number>): OrderRecord => ({
  ...forged(rented),
  positions: placed.map((sequence) => ({ sequence, position: sequence })),
  unplaced,
  consumers: []
})

const undoneOf = (first: number, last: number): OrderRecord => ({
  ...forged(rented),
  consumers: [{ consumer: "mail", upTo: 100, isBehind: false, undone: { first, last } }]
})

/** The record of a confirmed order that waits for a command. */
const waitingFor = (due: Partial<OrderRecord["due"][number]>): OrderRecord => ({
  ...forged(confirmed),
  due: [{ name: "expireHold", since: 2, status: "confirmed", at: Timestamp.make("9000-01-01T00:00:00.000Z"), ...due }]
})

type Step = (order: Order) => OrderCommand

const eventsOf = (...steps: ReadonlyArray<Step>): ReadonlyArray<AuditEvent> => {
  const placed = placing(TenantId.make("tenant"), { orderId: "order", customerId: "customer", email: "ada@example.com" })
  let head = headOf(placed)
  const events: Array<AuditEvent> = [placed.transition.event]
  for (const step of steps) {
    const change = next(head, step(head.order))
    events.push(change.transition.event)
    head = headOf(change)
  }
  return events
}

const rent: Step = (order) => start(order, "LAPTOP", "serial-1", { subscriptionId: "subscription-1", notes: "with charger" })
const giveBack: Step = (order) => end(order, 0)

const pending = eventsOf()
const confirmed = eventsOf(() => confirm)
const rented = eventsOf(() => confirm, rent)
const cancelled = eventsOf(
  () => confirm,
  rent,
  giveBack,
  () => cancel("no longer needed")
)

const withOrder = (record: OrderRecord, change: (order: Order) => Partial<Order>): OrderRecord => ({
  ...record,
  order: { ...(record.order as Order), ...change(record.order as Order) }
})

const withUnits = (order: Order, line: number, units: Partial<Order["lines"][number]["units"]>): Partial<Order> => ({
  lines: order.lines.map((each, index) => (index === line ? { ...each, units: { ...each.units, ...units } } : each))
})

const withEvent = (events: ReadonlyArray<AuditEvent>, sequence: number, change: object) =>
  events.map((event) => (event.sequence === sequence ? { ...event, ...change } : event))

const eventAfter = (events: ReadonlyArray<AuditEvent>, change: object): AuditEvent => {
  const { status, version } = fold(events) as Order
  return {
    ...(events.at(-1) as AuditEvent),
    sequence: version + 1,
    from: status,
    to: status,
    released: [],
    details: {},
    confidential: {},
    ...change
  } as AuditEvent
}

/** A record with something wrong, and everything that is to be said of it. */
const planted: ReadonlyArray<readonly [what: string, record: OrderRecord, ids: ReadonlyArray<string>]> = [
  ["a command is due that the order does not wait for any more", waitingFor({ status: "pending", since: 1 }), ["D1"]],
  ["a command is due since an event that did not bring the order there", waitingFor({ since: 1 }), ["D1"]],
  ["a command is due since an event that there is not", waitingFor({ since: 3 }), ["D1"]],
  ["a command was due before the order came there", waitingFor({ at: Timestamp.make("2000-01-01T00:00:00.000Z") }), ["D1"]],
  [
    "a reservation is of another SKU",
    {
      ...forged(confirmed),
      reservations: [{ line: 0, sku: "TRACTOR", quantity: 2 }, ...forged(confirmed).reservations.slice(1)]
    },
    ["S1"]
  ],
  ["a line has no reservation", { ...forged(confirmed), reservations: forged(confirmed).reservations.slice(1) }, ["S1"]],
  ["a unit is in two places", withOrder(forged(confirmed), (order) => withUnits(order, 0, { held: 3 })), ["S2", "A2"]],
  [
    "a cancelled order holds a unit",
    withOrder(forged(cancelled), (order) => withUnits(order, 1, { held: 1, released: 0 })),
    ["S3", "A2"]
  ],
  ["a cancel released less than was held", forged(withEvent(cancelled, 5, { released: [] })), ["S4"]],
  ["a start released something", forged(withEvent(rented, 3, { released: cancelled.at(-1)?.released })), ["S4"]],
  [
    "a subscription is on another line",
    withOrder(forged(rented), (order) => ({ subscriptions: order.subscriptions.map((each) => ({ ...each, line: 1 })) })),
    ["S5", "S5", "A2"]
  ],
  ["a confirm led to fulfilled", forged(withEvent(confirmed, 2, { to: "fulfilled" })), ["T5", "T1"]],
  ["an order was confirmed twice", forged([...confirmed, eventAfter(confirmed, { type: "order.confirmed" })]), ["T1"]],
  ["an order was placed as confirmed", forged(withEvent(pending, 1, { to: "confirmed" })), ["T1"]],
  ["a cancelled order was confirmed", forged([...cancelled, eventAfter(cancelled, { type: "order.confirmed" })]), ["T2"]],
  [
    "a subscription of a cancelled order is active",
    withOrder(forged(cancelled), (order) => ({
      subscriptions: order.subscriptions.map(({ ended: _, ...each }) => ({ ...each, status: "active" as const }))
    })),
    ["T3", "T5", "A2"]
  ],
  [
    "an order was cancelled with an active subscription",
    forged([
      ...rented,
      eventAfter(rented, {
        type: "order.cancelled",
        to: "cancelled",
        released: [
          { line: 0, sku: "LAPTOP", quantity: 1 },
          { line: 1, sku: "BIKE", quantity: 1 }
        ]
      })
    ]),
    ["T3", "T4", "S3"]
  ],
  ["the status does not fit the units", withOrder(forged(rented), () => ({ status: "confirmed" as const })), ["T5", "A2"]],
  ["an event is missing", { ...forged(rented), events: forged(rented).events.toSpliced(1, 1) }, ["A1", "O1"]],
  ["the newest event is missing", recordOf(fold(rented) as Order, sealAll(rented.slice(0, 2))), ["A1"]],
  ["there is an event too many", recordOf(fold(confirmed) as Order, sealAll(rented)), ["A1"]],
  ["somebody else created the order", withOrder(forged(rented), () => ({ createdBy: "somebody else" })), ["A2"]],
  ["a member was added to the order", withOrder(forged(rented), () => ({ discount: 50 }) as Partial<Order>), ["A2"]],
  ["the order cannot be read", withOrder(forged(rented), () => ({ version: "3" }) as unknown as Partial<Order>), ["A2"]],
  ["an event does not begin where the one before ended", forged(withEvent(rented, 3, { from: "partial" })), ["A3"]],
  ["an event is earlier than the one before", forged(withEvent(rented, 2, { at: "2020-01-01T00:00:00.000Z" })), ["A4"]],
  ["an event does not say who", forged(withEvent(confirmed, 2, { actor: {} })), ["A4"]],
  [
    "an event was changed",
    {
      ...forged(rented),
      events: forged(rented).events.with(1, forged(withEvent(rented, 2, { actor: { userId: "eve" } })).events[1] as SealedEvent)
    },
    ["A6"]
  ],
  ["the next event would be sealed behind another", { ...forged(rented), headHash: "f".repeat(64) }, ["A6"]],
  ["the whole history is another order's", { ...forged(rented), orderId: OrderId.make("other") }, ["A6"]],
  [
    "an order is cancelled without an event",
    withOrder(forged(confirmed), () => ({ status: "cancelled" as const })),
    ["S3", "A8", "A2"]
  ],
  ["there are events and no order", { ...forged(rented), order: null }, ["C4"]],
  ["the store contradicts itself", { ...forged(rented), disagreements: ["the index is not the table"] }, ["C4"]],
  ["an event has no position and waits for none", outboxOf([1, 3], []), ["O5"]],
  ["an event that waited for its position is gone", outboxOf([1], [3]), ["O5"]],
  ["an event that does not exist has a position", outboxOf([1, 2, 3, 4], []), ["O1"]],
  ["an event has a position and waits for one", outboxOf([1, 2, 3], [3]), ["O1"]],
  ["a later event stands before an earlier one", outboxOf([1, 3], [2]), ["O1"]],
  ["a consumer lacks the newest of the events that were handed on to it", undoneOf(2, 2), ["O5"]],
  ["a consumer has an event that was not handed on to it", undoneOf(2, 4), ["O1"]],
  ["lists find it by data that no event says", { ...forged(rented), filterable: [{ member: "channel", json: '"web"' }] }, ["F1"]]
]

const idsOf = (record: OrderRecord, policies = anyPolicy) => checkRecord(policies, record).map(({ id }) => id as string)

describe("a record", () => {
  it("of any order that can come about is sound, whatever was delivered or erased and however its notes were rewritten", () => {
    fc.assert(
      fc.property(
        history(25),
        fc.nat(),
        fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
        ({ lifecycle, events }, waiting, erased) => {
          const sealed = sealAll(events).map((each, index): SealedEvent => {
            if (!erased[index] || each.event.type === "order.placed") return each
            return { ...each, salt: null, event: { ...each.event, confidential: {} } }
          })
          const order = fold(sealed.map(({ event }) => event)) as Order
          const subscriptions = order.subscriptions.map((each) => ({ ...each, notes: "rewritten" }))
          const record = recordOf({ ...order, notes: "rewritten", subscriptions }, sealed, waiting % (sealed.length + 1))
          expect(checkRecord([lifecycle], record)).toEqual([])
          expect(checkRecord(anyPolicy, record)).toEqual([])
        }
      ),
      { numRuns: numRuns(200) }
    )
  })

  it.each(planted)("says what is wrong when %s", (_, record, ids) => {
    expect(idsOf(record).toSorted()).toEqual([...ids].toSorted())
    tried("kinds of faulty records found")
  })

  it("is found faulty under the stricter policy when it was cancelled under the other", () => {
    expect(idsOf(forged(cancelled), [lifecycles.noActiveSubscriptions])).toEqual([])
    expect(idsOf(forged(cancelled), [lifecycles.beforeFulfilment])).toEqual(["T4"])
  })

  it("is said to be faulty without any of its confidential text being repeated", () => {
    const record = withOrder(
      forged(cancelled),
      () => ({ createdBy: "x", cancellation: { at: "no time", by: {}, reason: "secret" } }) as unknown as Partial<Order>
    )
    const other = withOrder(forged(cancelled), (order) => ({ billingAddress: { ...order.billingAddress, city: "secret" } }))
    for (const each of [record, other]) {
      const said = JSON.stringify(checkRecord(anyPolicy, each))
      expect(said).toContain("A2")
      expect(said).not.toContain("secret")
      expect(said).not.toContain("no longer needed")
      expect(said).not.toContain("Lovelace")
    }
  })
})

describe("the list of invariants", () => {
  it("has something planted for every one that a record can tell", () => {
    const found = new Set(planted.flatMap(([, , ids]) => ids))
    const told = invariants.filter(({ by }) => by === "record").map(({ id }) => id as string)
    expect(told.length).toBeGreaterThan(14)
    expect(told.filter((id) => !found.has(id))).toEqual([])
  })
})
