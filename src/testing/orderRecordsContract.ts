/**
 * The contract of `OrderRecords`, for stores that can be verified. It is about reading whole and true; what `verify` makes of a record does
 * not depend on the store. Each case uses tenants nobody has used before.
 */
import assert from "node:assert/strict"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type OrderRecord, OrderRecords } from "../lifecycle/OrderRecords.ts"
import { type Change, OrderStore } from "../lifecycle/OrderStore.ts"
import { emailKeyOf } from "../order/lookups.ts"
import { OrderId, type TenantId } from "../order/Order.ts"
import { cancel, confirm, end, freshTenant, type Head, headOf, keyFor, minute, next, placing, start } from "./contractOrders.ts"

export interface RecordsContractCase {
  /** A sentence about the store. */
  readonly name: string
  /** Dies or fails when the store breaks its promise. */
  readonly run: Effect.Effect<void, unknown, OrderStore | OrderRecords>
}

type Store = OrderStore["Service"]
type Records = OrderRecords["Service"]

const given = (
  name: string,
  body: (store: Store, records: Records, tenantId: TenantId) => Effect.fn.Return<void, unknown>
): RecordsContractCase => ({
  name,
  run: Effect.gen(function* () {
    const [store, records] = [yield* OrderStore, yield* OrderRecords]
    yield* Effect.gen(() => body(store, records, freshTenant()))
  })
})

export const orderRecordsContract: ReadonlyArray<RecordsContractCase> = [
  given("a record is the order, its reservations and its whole history as they are stored", function* (store, records, tenantId) {
    let head = headOf(yield* committed(store, placing(tenantId, { orderId: "order-1", more: { notes: "second floor" } })))
    for (const command of [
      () => confirm,
      ({ order }: Head) => start(order, "LAPTOP", "serial-1", { notes: "with charger" }),
      ({ order }: Head) => end(order, 0, "returned"),
      () => cancel("no longer needed")
    ]) {
      head = headOf(yield* committed(store, next(head, command(head))))
      // Gives every event its position.
      yield* store.feed(tenantId, 0, 1)
      const [record, ...others] = yield* records.read(tenantId, null, 10)
      assert.deepEqual(others, [])
      const lookups = [
        { kind: "email", value: emailKeyOf(head.order.customer.email) },
        { kind: "sku", value: "BIKE" },
        { kind: "sku", value: "LAPTOP" }
      ] as const
      const seen = record && { ...record, filterable: record.filterable ?? [], lookups: record.lookups ?? lookups }
      assert.deepEqual(seen, {
        tenantId,
        orderId: head.order.orderId,
        order: head.order,
        headHash: head.headHash,
        reservations: [
          { line: 0, sku: "LAPTOP", quantity: 2 },
          { line: 1, sku: "BIKE", quantity: 1 }
        ],
        events: yield* store.history(tenantId, head.order.orderId),
        positions: Array.from({ length: head.order.version }, (_, index) => ({ sequence: index + 1, position: index + 1 })),
        unplaced: [],
        consumers: [],
        due: [],
        filterable: [],
        lookups,
        disagreements: []
      } satisfies OrderRecord)
    }
    const due = { name: "remind", since: 5, status: head.order.status, at: minute(9) }
    const { orderId, version } = head.order
    const asked = { ...due, command: "confirm", payload: {} } as const
    yield* store.planDue(tenantId, [{ orderId, version, change: { set: [asked], cleared: [] } }])
    assert.deepEqual(yield* Effect.map(records.read(tenantId, null, 10), ([record]) => record?.due.map(shown)), [due])
    yield* store.addConsumer({ tenantId, consumer: "slow" }, "beginning")
    const consumersOf = Effect.map(records.read(tenantId, null, 10), ([record]) => record?.consumers)
    assert.deepEqual(yield* consumersOf, [{ consumer: "slow", upTo: 0, isBehind: true, undone: null }])
    const lease = yield* store.leaseEvents({ tenantId, consumer: "slow", limit: 10, leaseMs: 60_000 })
    assert.deepEqual(yield* consumersOf, [{ consumer: "slow", upTo: 5, isBehind: false, undone: { first: 1, last: 5 } }])
    const settlements = [{ orderId: head.order.orderId, sequence: 1 }]
    yield* store.settleEvents({ tenantId, consumer: "slow", leaseId: lease?.leaseId ?? "", settlements })
    assert.deepEqual(yield* consumersOf, [{ consumer: "slow", upTo: 5, isBehind: false, undone: { first: 2, last: 5 } }])
  }),

  given("a record has what lists find the order by, where the store keeps that", function* (store, records, tenantId) {
    const filterable = { channel: "web", boxes: 2, gift: true }
    yield* committed(store, { ...placing(tenantId, { orderId: "order-1", data: filterable }), filterable })
    const [record] = yield* records.read(tenantId, null, 10)
    assert.deepEqual(record?.disagreements, [])
    if (record.filterable === null) return
    assert.deepEqual(record.filterable, [
      { member: "boxes", json: "2" },
      { member: "channel", json: '"web"' },
      { member: "gift", json: "true" }
    ])
  }),

  given("pages of records have no gaps, no repeats and nobody else's orders", function* (store, records, tenantId) {
    const orderIds = Array.from({ length: 11 }, (_, number) => `order-${String.fromCodePoint(97 + number)}`)
    for (const tenant of [freshTenant(), tenantId]) {
      for (const orderId of orderIds) yield* committed(store, placing(tenant, { orderId }))
    }
    for (const limit of [1, 3, 11, 100]) {
      const read: Array<OrderRecord> = []
      for (let page = yield* records.read(tenantId, null, limit); page.length > 0;) {
        assert.ok(page.length <= limit)
        read.push(...page)
        page = yield* records.read(tenantId, page.at(-1)?.orderId ?? null, limit)
      }
      assert.deepEqual(
        read.map((record) => [record.tenantId, record.orderId]),
        orderIds.map((orderId) => [tenantId, orderId])
      )
    }
    assert.deepEqual(yield* records.read(freshTenant(), null, 10), [])
  }),

  given("every tenant is named once, in order, whatever the size of the pages", function* (store, records, tenantId) {
    const mine = [tenantId, freshTenant(), freshTenant(), freshTenant()].toSorted()
    for (const tenant of mine) yield* committed(store, placing(tenant))
    for (const limit of [1, 2, 1_000]) {
      const named: Array<TenantId> = []
      for (let page = yield* records.tenantIds(null, limit); page.length > 0;) {
        assert.ok(page.length <= limit)
        named.push(...page)
        page = yield* records.tenantIds(page.at(-1) ?? null, limit)
      }
      assert.deepEqual(named, [...new Set(named)].toSorted())
      assert.deepEqual(
        named.filter((each) => mine.includes(each)),
        mine
      )
    }
  }),

  given(
    "hashes come in the order in which they were asked for, and null where there is no such event",
    function* (store, records, tenantId) {
      const placed = yield* committed(store, placing(tenantId, { orderId: "order-1" }))
      const confirmed = yield* committed(store, next(headOf(placed), confirm))
      const key = (sequence: number, orderId = "order-1", tenant = tenantId) => ({
        tenantId: tenant,
        orderId: OrderId.make(orderId),
        sequence
      })
      const keys = [key(2), key(1), key(3), key(1, "order-2"), key(1, "order-1", freshTenant()), key(2)]
      assert.deepEqual(yield* records.hashesOf(keys), [
        confirmed.sealed.hash,
        placed.sealed.hash,
        null,
        null,
        null,
        confirmed.sealed.hash
      ])
      assert.deepEqual(yield* records.hashesOf([]), [])
    }
  ),

  given("nothing is wrong where nothing was done to it", function* (store, records, tenantId) {
    const placed = yield* committed(store, placing(tenantId, { remember: keyFor(tenantId, "key-1", "place") }))
    const confirmed = headOf(yield* committed(store, next(headOf(placed), confirm)))
    const started = headOf(yield* committed(store, next(confirmed, start(confirmed.order, "BIKE", "serial-1"))))
    yield* committed(store, next(started, end(started.order, 0)))
    assert.deepEqual(yield* Stream.runCollect(records.faults(tenantId)), [])
    assert.deepEqual(yield* Stream.runCollect(records.faults(null)), [])
  })
]

const committed = (store: Store, change: Change) =>
  Effect.map(store.commit([change]), (outcomes) => {
    assert.deepEqual(outcomes, ["committed"])
    return change
  })

const shown = ({ name, since, status, at }: OrderRecord["due"][number]) => ({ name, since, status, at })
