/** The plans of all statements, made on an empty store and kept while it grows: each finds its rows by the index that is meant for it. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as SqlClient from "effect/sql/SqlClient"
import { describe, expect, it } from "vitest"
import * as EmbeddedConnection from "../../src/embedded/EmbeddedConnection.ts"
import { OrderRecords } from "../../src/lifecycle/OrderRecords.ts"
import { type Change, OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { CustomerId, SerialNumber, Sku, SubscriptionId, TenantId } from "../../src/order/Order.ts"
import type { DueCommand } from "../../src/order/due.ts"
import { Timestamp } from "../../src/order/Timestamp.ts"
import { OrderNotFound } from "../../src/order/commonRefusals.ts"
import { layerPartitions } from "../../src/postgres/partitions.ts"
import { KeepsStatistics } from "../../src/postgres/planRenewal.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import {
  cancel,
  confirm,
  end,
  type Head,
  headOf,
  keyFor,
  minute,
  next,
  placing,
  start
} from "../../src/testing/contractOrders.ts"
import { embeddedFolder } from "../support/embeddedFolder.ts"
import { keepFirstPlans, planOf, statementsOf, wholesOfParts } from "../support/plans.ts"
import { scale } from "../support/scale.ts"
import { postgresClient } from "../support/postgresDatabase.ts"

const tenantId = TenantId.make("grower")

/** A consumer that takes an event now and then, and has all the others before it. */
const worker = { tenantId, consumer: "worker" }

/** A command that is due in some years. */
const expire: DueCommand = {
  name: "expire",
  status: "pending",
  command: "cancel",
  payload: {},
  at: Timestamp.make("9000-01-01T00:00:00.000Z"),
  since: 1
}
const awaiting = (change: Change): Change => ({ ...change, due: { set: [expire], cleared: [] } })

/** Own data that a tenth of the orders have, and others that hardly any has. */
const findable = (change: Change, n: number): Change => ({ ...change, filterable: { channel: `channel-${n % 10}`, box: n } })

/** Everything that is asked of a store in its daily work, by name. `n` tells the calls of one round from those of another. */
const dailyWork = (n: number) =>
  Effect.gen(function* () {
    const store = yield* OrderStore
    const records = yield* OrderRecords
    const placements = [0, 1].map((each) =>
      placing(tenantId, { orderId: `order-daily-${n}-${each}`, customerId: `customer-daily-${n}-${each}` })
    )
    const [first, second] = placements.map(headOf) as [Head, Head]
    const firstConfirmed = next(first, confirm)
    const started = next(
      headOf(firstConfirmed),
      start(first.order, "LAPTOP", `serial-daily-${n}`, { subscriptionId: `subscription-daily-${n}` })
    )
    const key = { idempotency: { key: "key-1", now: minute(1) } }
    const { orderId } = first.order
    const query = { tenantId, limit: 10 } as const
    const after = { value: "2026-11-23T00:00:00.000Z", id: "x" }
    const newest = { ...query, sortBy: "createdAt", sortDir: "desc" } as const
    const endingNext = { ...query, sortBy: "endDate", sortDir: "asc" } as const
    const ends = { from: minute(0), to: minute(60) }
    const sku = Sku.make("LAPTOP")
    const customerId = CustomerId.make(`customer-daily-${n}-0`)
    const work: Record<string, Effect.Effect<unknown, unknown>> = {
      "place two": store.commit(placements),
      "place, with a key": store.commit([
        placing(tenantId, { orderId: `order-keyed-${n}`, remember: keyFor(tenantId, `key-daily-${n}`, n) })
      ]),
      "load for a place": store.loadPlacing({ tenantId, emailKey: "ada@example.com", ...key }),
      "load by order": store.load([{ tenantId, order: { orderId }, ...key, serialNumber: SerialNumber.make("serial-1") }]),
      "load by subscription": store.load([{ tenantId, order: { subscriptionId: SubscriptionId.make("subscription-1") } }]),
      confirm: store.commit([firstConfirmed]),
      "start a subscription": store.commit([started]),
      "end a subscription": store.commit([next(headOf(started), end(started.transition.after, 0))]),
      "cancel several": store.commit([
        next(second, cancel("several")),
        next(headOf(next(headOf(started), end(started.transition.after, 0))), cancel("several"))
      ]),
      "remember a refusal": store.rememberRefusal(
        keyFor(tenantId, `key-refused-${n}`, n),
        new OrderNotFound({ orderId }),
        minute(1)
      ),
      "forget keys": store.forgetExpired(tenantId, minute(0), 100),
      "erase a text": store.eraseText({ tenantId, orderId, sequence: 5 }),
      "rewrite notes": store.rewriteNotes(tenantId, orderId, "notes"),
      "take the lock": store.exclusively({ tenantId, orderId }, Effect.void),
      stock: store.stock(tenantId, Sku.make("LAPTOP")),
      history: store.history(tenantId, orderId),
      "order ids": store.orderIds(tenantId, null, 10),
      "tenant ids": store.tenantIds(null, 10),
      "find a subscription": store.findSubscription(tenantId, SubscriptionId.make("subscription-1")),
      "list subscriptions": store.listSubscriptions(newest),
      "list subscriptions, on": store.listSubscriptions({ ...newest, after }),
      "list subscriptions of an order": store.listSubscriptions({ ...newest, orderId }),
      "list subscriptions of a status": store.listSubscriptions({ ...newest, status: ["active"] }),
      "list subscriptions of a customer": store.listSubscriptions({ ...newest, customerId }),
      "list subscriptions of an asset": store.listSubscriptions({ ...newest, serialNumber: SerialNumber.make("serial-1") }),
      "list subscriptions of a SKU": store.listSubscriptions({ ...newest, sku }),
      "list subscriptions of a SKU, on": store.listSubscriptions({ ...newest, sku, after }),
      "list subscriptions of a SKU of a customer": store.listSubscriptions({ ...newest, sku, customerId }),
      "list subscriptions by end": store.listSubscriptions(endingNext),
      "list subscriptions by end, on": store.listSubscriptions({ ...endingNext, after }),
      "list subscriptions by end, of a status, within a time": store.listSubscriptions({
        ...endingNext,
        status: ["active"],
        ends
      }),
      "list subscriptions by end, of a SKU": store.listSubscriptions({ ...endingNext, sku, ends: { from: minute(0) } }),
      "list subscriptions by end, of a customer": store.listSubscriptions({ ...endingNext, customerId }),
      "list subscriptions that end within a time": store.listSubscriptions({ ...newest, ends }),
      "add a consumer": store.addConsumer({ tenantId, consumer: `mail-${n}` }, "now"),
      "lease events": store.leaseEvents({ ...worker, limit: 10, leaseMs: 1 }),
      "settle events": store.settleEvents({ ...worker, leaseId: "", settlements: [{ orderId, sequence: 1 }] }),
      "parked events": store.parkedEvents(tenantId, worker.consumer, 0, 10),
      "release an event": store.unparkEvent(worker.consumer, { tenantId, orderId, sequence: 1 }, "release"),
      feed: store.feed(tenantId, 0, 10),
      "consumers of a tenant": store.consumers(tenantId),
      "consumers of every tenant": store.consumers(null),
      "tenants with work": store.tenantsWithWork(`mail-${n}`, null, 10),
      "remove a consumer": store.removeConsumer({ tenantId, consumer: `mail-${n}` }),
      "place, and wait": store.commit([
        awaiting(placing(tenantId, { orderId: `order-waits-${n}`, customerId: `customer-waits-${n}` }))
      ]),
      "wait no longer": store.commit([{ ...next(second, confirm), due: { set: [], cleared: ["expire"] } }]),
      "tenants with due commands": store.tenantsWithDue(null, 10),
      "lease due commands": store.leaseDue({ tenantId, limit: 10, leaseMs: 1 }),
      "settle due commands": store.settleDue({ tenantId, leaseId: "", settlements: [{ orderId, name: "expire", since: 1 }] }),
      "due commands of an order": store.dueOf(tenantId, orderId),
      "parked commands": store.parkedDue(tenantId, null, 10),
      "parked commands, on": store.parkedDue(tenantId, { orderId, name: "expire" }, 10),
      "release a command": store.unparkDue({ tenantId, orderId, name: "expire" }, "release"),
      "skip a command": store.unparkDue({ tenantId, orderId, name: "expire" }, "skip"),
      "plan due commands": store.planDue(tenantId, [{ orderId, version: 9, change: { set: [expire], cleared: ["other"] } }]),
      "place, and be found": store.commit([
        findable(placing(tenantId, { orderId: `order-found-${n}`, customerId: `customer-found-${n}` }), n)
      ]),
      "be found by another email": store.commit([
        next(second, { type: "correct", customer: { email: `other-${n}@example.com` } })
      ]),
      "index lookups": store.indexData(tenantId, [{ orderId, version: 9, lookups: [{ kind: "email", value: "a@b" }] }]),
      "be found by other data": store.commit([findable(next(second, confirm), n)]),
      "index data": store.indexData(tenantId, [{ orderId, version: 9, filterable: { channel: "channel-1" } }]),
      "verify a page": records.read(tenantId, null, 10),
      "verify hashes": records.hashesOf([{ tenantId, orderId, sequence: 1 }]),
      "verify between orders": Stream.runDrain(records.faults(tenantId))
    }
    for (const sortBy of ["createdAt", "updatedAt", "orderId", "status"] as const) {
      work[`list orders by ${sortBy}`] = store.listOrders({ ...query, sortBy, sortDir: "desc" })
      work[`list orders by ${sortBy}, on`] = store.listOrders({ ...query, sortBy, sortDir: "asc", after })
    }
    const byTotal = { ...query, sortBy: "totals.total" } as const
    work["list orders by total"] = store.listOrders({ ...byTotal, sortDir: "desc" })
    work["list orders by total, on"] = store.listOrders({ ...byTotal, sortDir: "asc", after: { value: ["EUR", 1], id: "x" } })
    const byCreation = { ...query, sortBy: "createdAt", sortDir: "desc" } as const
    const moments = { from: minute(-60), to: minute(60) }
    const lookedUp = { ...byCreation, emailKey: `customer-${n}@example.com` }
    work["list orders of an email"] = store.listOrders(lookedUp)
    work["list orders of an email, on"] = store.listOrders({ ...lookedUp, sortDir: "asc", after })
    work["list orders of an email, within a time"] = store.listOrders({ ...lookedUp, created: moments, updated: moments })
    work["list orders of an email, by updatedAt"] = store.listOrders({ ...lookedUp, sortBy: "updatedAt" })
    work["list orders of a reference with a SKU"] = store.listOrders({
      ...byCreation,
      externalReference: "PO-1",
      sku: Sku.make("LAPTOP")
    })
    work["list orders with a SKU"] = store.listOrders({ ...byCreation, sku: Sku.make("LAPTOP") })
    work["list orders with a SKU and data"] = store.listOrders({ ...byCreation, sku: Sku.make("LAPTOP"), data: { box: 1 } })
    const byUpdate = { ...byCreation, sortBy: "updatedAt" } as const
    work["list orders created within a time"] = store.listOrders({ ...byCreation, created: moments })
    work["list orders created from a time, of a status"] = store.listOrders({
      ...byCreation,
      created: { from: minute(-60) },
      status: ["pending"]
    })
    work["list orders updated within a time"] = store.listOrders({ ...byUpdate, updated: moments })
    work["list orders updated from a time, on"] = store.listOrders({
      ...byUpdate,
      sortDir: "asc",
      updated: { from: minute(-60) },
      after
    })
    work["list orders updated within a time, by creation"] = store.listOrders({ ...byCreation, updated: moments })
    work["list orders created before a time, by total"] = store.listOrders({
      ...byTotal,
      sortDir: "desc",
      created: { to: minute(60) }
    })
    work["list orders of a customer, updated within a time"] = store.listOrders({ ...byCreation, customerId, updated: moments })
    work["list orders of a status"] = store.listOrders({ ...byCreation, status: ["pending"] })
    work["list orders of a customer"] = store.listOrders({ ...byCreation, customerId })
    const withData = { tenantId, limit: 10, data: { channel: "channel-1", box: 1 } } as const
    work["list orders with data"] = store.listOrders({ ...withData, sortBy: "createdAt", sortDir: "desc" })
    work["list orders with data, on"] = store.listOrders({ ...withData, sortBy: "createdAt", sortDir: "asc", after })
    work["list orders with data, of a status"] = store.listOrders({ ...withData, ...byCreation, status: ["pending"] })
    work["list orders with data, by updatedAt"] = store.listOrders({ ...withData, sortBy: "updatedAt", sortDir: "desc" })
    work["list orders with data, by total, on"] = store.listOrders({
      ...withData,
      sortBy: "totals.total",
      sortDir: "asc",
      after: { value: ["EUR", 1], id: "x" }
    })
    return work
  })

const sendAll = (n: number) =>
  Effect.gen(function* () {
    const sent = new Map<string, ReadonlyArray<string>>()
    for (const [name, work] of Object.entries(yield* dailyWork(n))) sent.set(name, (yield* statementsOf(work)).statements)
    return sent
  })

/** One of 50 that are rented: the one that is asked for is one of few, as statistics know it. */
const rentedSku = (n: number): string => (n % 50 === 0 ? "LAPTOP" : `LAPTOP-${n % 50}`)

/** 20,000 orders, 40,000 subscriptions and 10,000 keys, or a part of that, through the store, 500 changes a statement. */
const grow = Effect.fnUntraced(function* (part: number) {
  const store = yield* OrderStore
  const size = { orders: 20_000 * part, renting: 4_000 * part, each: 10, keys: 10_000 * part, atOnce: 500 }
  const commit = (changes: ReadonlyArray<Change>) =>
    Effect.map(store.commit(changes), (outcomes) => expect(new Set(outcomes)).toEqual(new Set(["committed"])))
  for (let from = 0; from < size.orders; from += size.atOnce) {
    const numbers = Array.from({ length: size.atOnce }, (_, n) => from + n)
    const placements = numbers.map((n) =>
      awaiting(
        findable(
          placing(tenantId, {
            orderId: `order-${n}`,
            customerId: `customer-${n}`,
            items: [{ sku: n < size.renting ? rentedSku(n) : "BIKE", quantity: size.each }],
            ...(n < size.keys && { remember: keyFor(tenantId, `key-${n}`, n) })
          }),
          n
        )
      )
    )
    yield* commit(placements)
    if (from >= size.renting) continue
    let heads = placements.map(headOf)
    const all = function* (command: (head: Head, n: number) => Parameters<typeof next>[1]) {
      const changes = heads.map((head, n) => next(head, command(head, from + n)))
      heads = changes.map(headOf)
      yield* commit(changes)
    }
    yield* all(() => confirm)
    for (let unit = 0; unit < size.each; unit++) {
      yield* all(({ order }, n) =>
        start(order, rentedSku(n), `serial-${n}-${unit}`, { subscriptionId: `subscription-${n}-${unit}` })
      )
    }
  }
})

/** Indexes that begin alike, as far as they are used: either will do, and the second name is written for both. */
const twins = [
  ["orders_tenant_id_order_id_live_key", "orders_pkey"],
  ["outbox_by_arrival 1", "outbox_pkey 1"],
  ["consumer_cursors_pkey 2", "consumer_cursors_by_name 2"]
] as const

/** What belongs to the orders of a page, and the orders themselves where they are looked up one by one. */
const unitsAndRentals = ["reservations_pkey 2", "subscriptions_tenant_id_order_id_position_key 2"]
const wholeOrders = ["orders_pkey 2", ...unitsAndRentals]

/**
 * How each piece of work reads the tables: an index and how many of its columns are looked up. With one column, the tenant, it is read in its
 * order.
 */
const meant: Readonly<Record<string, ReadonlyArray<string>>> = {
  "place two": ["orders_pkey 2", "reservations_pkey 3"],
  "place, with a key": ["orders_pkey 2", "reservations_pkey 3"],
  "load for a place": ["customers_tenant_id_email_key_key 2", "idempotency_pkey 2"],
  "load by order": [
    "assets_pkey 2",
    "idempotency_pkey 2",
    "orders_pkey 2",
    "reservations_pkey 2",
    "subscriptions_pkey 2",
    "subscriptions_rent_an_asset_once 2",
    "subscriptions_tenant_id_order_id_position_key 2"
  ],
  confirm: ["orders_pkey 2", "reservations_pkey 3"],
  "start a subscription": ["orders_pkey 2", "reservations_pkey 3", "subscriptions_pkey 2"],
  "end a subscription": ["orders_pkey 2", "reservations_pkey 3", "subscriptions_pkey 2"],
  "cancel several": ["orders_pkey 2", "reservations_pkey 3"],
  "remember a refusal": [],
  "forget keys": ["idempotency_by_expiry 2", "idempotency_pkey 2"],
  // The text of an event stands with the subscription that has it, which is one of the order's.
  "erase a text": [
    "audit_confidential_pkey 3",
    "audit_events_pkey 3",
    "orders_pkey 2",
    "subscriptions_pkey 2",
    "subscriptions_tenant_id_order_id_position_key 2"
  ],
  "rewrite notes": ["orders_pkey 2"],
  "take the lock": ["orders_pkey 2"],
  stock: ["stock_counts_pkey 2"],
  history: ["audit_confidential_pkey 2", "audit_events_pkey 2"],
  "order ids": ["orders_pkey 2"],
  "find a subscription": ["orders_pkey 2", "subscriptions_pkey 2"],
  "list subscriptions": ["orders_pkey 2", "subscriptions_by_creation 1"],
  "list subscriptions, on": ["orders_pkey 2", "subscriptions_by_creation 2"],
  "list subscriptions of an order": ["orders_pkey 2", "subscriptions_tenant_id_order_id_position_key 2"],
  "list subscriptions of a status": ["orders_pkey 2", "subscriptions_of_status 2"],
  "list subscriptions of a customer": ["orders_pkey 2", "subscriptions_of_customer 2"],
  "list subscriptions of an asset": ["orders_pkey 2", "subscriptions_of_asset 2"],
  "list subscriptions of a SKU": ["orders_pkey 2", "subscriptions_of_sku 2"],
  "list subscriptions of a SKU, on": ["orders_pkey 2", "subscriptions_of_sku 3"],
  "list subscriptions of a SKU of a customer": ["orders_pkey 2", "subscriptions_of_customer 2"],
  "list subscriptions by end": ["orders_pkey 2", "subscriptions_by_end 2"],
  "list subscriptions by end, on": ["orders_pkey 2", "subscriptions_by_end 3"],
  "list subscriptions by end, of a status, within a time": ["orders_pkey 2", "subscriptions_by_end 4"],
  "list subscriptions by end, of a SKU": ["orders_pkey 2", "subscriptions_of_sku_by_end 5"],
  "list subscriptions by end, of a customer": ["orders_pkey 2", "subscriptions_of_customer 2"],
  "list subscriptions that end within a time": ["orders_pkey 2", "subscriptions_by_end 4"],
  "add a consumer": ["consumer_cursors_by_name 2", "consumers_pkey 2", "deliveries_by_turn 2", "deliveries_pkey 2"],
  "lease events": [
    "audit_confidential_pkey 3",
    "audit_events_pkey 3",
    "deliveries_by_turn 3",
    "deliveries_pkey 2",
    "event_positions_tenant_id_order_id_sequence_key 3"
  ],
  "settle events": ["deliveries_pkey 2"],
  "parked events": [
    "audit_confidential_pkey 3",
    "audit_events_pkey 3",
    "deliveries_by_turn 3",
    "event_positions_tenant_id_order_id_sequence_key 3"
  ],
  "release an event": ["deliveries_pkey 2"],
  feed: ["audit_confidential_pkey 3", "audit_events_pkey 3", "event_positions_pkey 2"],
  "consumers of a tenant": [
    "consumer_cursors_by_name 2",
    "consumers_pkey 1",
    "deliveries_by_turn 2",
    "deliveries_by_turn 3",
    "event_positions_pkey 2",
    "event_positions_tenant_id_order_id_sequence_key 3",
    "outbox_pkey 1",
    "tenant_positions_pkey 1"
  ],
  "consumers of every tenant": ["consumers_pkey 1"],
  "tenants with work": [
    "consumer_cursors_behind 2",
    "consumers_pkey 2",
    "deliveries_by_turn 2",
    "deliveries_by_turn 3",
    "outbox_pkey 1"
  ],
  "remove a consumer": [
    "consumer_cursors_by_name 2",
    "consumers_pkey 2",
    "deliveries_by_turn 2",
    "deliveries_pkey 2",
    "tenant_positions_pkey 1"
  ],
  "place, and wait": ["orders_pkey 2", "reservations_pkey 3"],
  "wait no longer": ["due_commands_pkey 2", "orders_pkey 2", "reservations_pkey 3"],
  "tenants with due commands": ["due_commands_by_turn 1", "due_commands_by_turn 2"],
  "lease due commands": ["due_commands_by_turn 2", "due_commands_pkey 3"],
  "settle due commands": ["due_commands_pkey 3"],
  "due commands of an order": ["due_commands_pkey 2"],
  "parked commands": ["due_commands_parked 2"],
  "parked commands, on": ["due_commands_parked 2"],
  "release a command": ["due_commands_parked 3"],
  "skip a command": ["due_commands_parked 3"],
  "plan due commands": ["due_commands_pkey 2", "orders_pkey 2"],
  "place, and be found": ["orders_pkey 2", "reservations_pkey 3"],
  "be found by another email": ["order_lookups_pkey 2", "orders_pkey 2", "reservations_pkey 3"],
  "be found by other data": ["order_data_pkey 2", "orders_pkey 2", "reservations_pkey 3"],
  "index lookups": ["order_data_pkey 2", "order_lookups_pkey 2", "orders_pkey 2"],
  "index data": ["order_data_pkey 2", "order_lookups_pkey 2", "orders_pkey 2"],
  "list orders of an email": ["order_lookups_by_value 3", ...wholeOrders],
  "list orders of an email, on": ["order_lookups_by_value 4", ...wholeOrders],
  "list orders of an email, within a time": ["order_lookups_by_value 5", ...wholeOrders],
  "list orders of an email, by updatedAt": ["order_lookups_by_value 3", ...wholeOrders],
  "list orders of a reference with a SKU": ["order_lookups_by_value 3", "order_lookups_pkey 2", ...wholeOrders],
  "list orders with a SKU": ["order_lookups_by_value 3", ...wholeOrders],
  "list orders with a SKU and data": ["order_data_by_value 3", "order_lookups_pkey 2", ...wholeOrders],
  "list orders created within a time": ["orders_by_creation 3", ...unitsAndRentals],
  "list orders created from a time, of a status": ["orders_of_status 5", ...unitsAndRentals],
  "list orders updated within a time": ["orders_by_update 3", ...unitsAndRentals],
  "list orders updated from a time, on": ["orders_by_update 4", ...unitsAndRentals],
  "list orders updated within a time, by creation": ["orders_by_update 3", ...unitsAndRentals],
  "list orders created before a time, by total": ["orders_by_creation 3", ...unitsAndRentals],
  "list orders of a customer, updated within a time": ["orders_of_customer 2", ...unitsAndRentals],
  "list orders with data": [
    "order_data_by_value 3",
    "orders_pkey 2",
    "reservations_pkey 2",
    "subscriptions_tenant_id_order_id_position_key 2"
  ],
  "list orders with data, on": [
    "order_data_by_value 4",
    "orders_pkey 2",
    "reservations_pkey 2",
    "subscriptions_tenant_id_order_id_position_key 2"
  ],
  "list orders with data, of a status": [
    "order_data_by_value 3",
    "orders_pkey 2",
    "reservations_pkey 2",
    "subscriptions_tenant_id_order_id_position_key 2"
  ],
  "list orders with data, by updatedAt": [
    "order_data_by_value 3",
    "orders_pkey 2",
    "reservations_pkey 2",
    "subscriptions_tenant_id_order_id_position_key 2"
  ],
  "list orders with data, by total, on": [
    "order_data_by_value 3",
    "orders_pkey 2",
    "reservations_pkey 2",
    "subscriptions_tenant_id_order_id_position_key 2"
  ],
  "verify a page": [
    "audit_confidential_pkey 2",
    "audit_events_pkey 2",
    "consumer_cursors_pkey 1",
    "customers_pkey 2",
    "deliveries_pkey 2",
    "due_commands_pkey 2",
    "event_positions_tenant_id_order_id_sequence_key 2",
    "order_data_pkey 2",
    "order_lookups_pkey 2",
    "orders_pkey 2",
    "outbox_pkey 2",
    "reservations_pkey 2",
    "subscriptions_tenant_id_order_id_position_key 2"
  ],
  "verify hashes": ["audit_events_pkey 3"],
  "verify between orders": [
    "assets_pkey 2",
    "audit_events_pkey 2",
    "idempotency_pkey 2",
    "idempotency_pkey 3",
    "reservations_pkey 1",
    "stock_counts_pkey 1",
    "subscriptions_of_asset 2",
    "subscriptions_pkey 2",
    "subscriptions_rent_an_asset_once 2",
    "subscriptions_rent_an_asset_once 3"
  ],
  "load by subscription": [
    "idempotency_pkey 2",
    "orders_pkey 2",
    "reservations_pkey 2",
    "subscriptions_pkey 2",
    "subscriptions_rent_an_asset_once 2",
    "subscriptions_tenant_id_order_id_position_key 2"
  ],
  "list orders by createdAt": ["orders_by_creation 1", "reservations_pkey 2", "subscriptions_tenant_id_order_id_position_key 2"],
  "list orders by createdAt, on": [
    "orders_by_creation 2",
    "reservations_pkey 2",
    "subscriptions_tenant_id_order_id_position_key 2"
  ],
  "list orders by updatedAt": ["orders_by_update 1", "reservations_pkey 2", "subscriptions_tenant_id_order_id_position_key 2"],
  "list orders by updatedAt, on": [
    "orders_by_update 2",
    "reservations_pkey 2",
    "subscriptions_tenant_id_order_id_position_key 2"
  ],
  "list orders by status": ["orders_by_status 1", "reservations_pkey 2", "subscriptions_tenant_id_order_id_position_key 2"],
  "list orders by status, on": ["orders_by_status 2", "reservations_pkey 2", "subscriptions_tenant_id_order_id_position_key 2"],
  "list orders by total": ["orders_by_total 1", "reservations_pkey 2", "subscriptions_tenant_id_order_id_position_key 2"],
  "list orders by total, on": ["orders_by_total 2", "reservations_pkey 2", "subscriptions_tenant_id_order_id_position_key 2"],
  "list orders by orderId": ["orders_pkey 1", "reservations_pkey 2", "subscriptions_tenant_id_order_id_position_key 2"],
  "list orders by orderId, on": ["orders_pkey 2", "reservations_pkey 2", "subscriptions_tenant_id_order_id_position_key 2"],
  "list orders of a status": ["orders_of_status 3", "reservations_pkey 2", "subscriptions_tenant_id_order_id_position_key 2"],
  "list orders of a customer": ["orders_of_customer 2", "reservations_pkey 2", "subscriptions_tenant_id_order_id_position_key 2"]
}

/** Blocks of tables and indexes that the session reads for an effect. */
const blocksOf = Effect.fnUntraced(function* <A, E, R>(sql: SqlClient.SqlClient, effect: Effect.Effect<A, E, R>) {
  const read = Effect.gen(function* () {
    yield* sql`SELECT pg_stat_force_next_flush()::text`
    const [row] = yield* sql<{ blocks: number }>`
      SELECT sum(heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0))::float8 AS blocks
        FROM pg_statio_user_tables WHERE schemaname = 'order_lifecycle'`
    return row?.blocks ?? 0
  })
  const before = yield* read
  yield* effect
  return (yield* read) - before
})

/** What a session that planned all statements and functions on an empty store reads for each, with everything handed out and nothing done. */
const outboxCosts = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  const store = yield* OrderStore
  const lease = (limit: number) => store.leaseEvents({ ...worker, limit, leaseMs: 3_600_000 })
  const waits = Effect.map(sql`SELECT 1 AS one FROM order_lifecycle.outbox LIMIT 1`, (rows) => rows.length > 0)
  while (yield* waits) yield* lease(10_000)
  while (((yield* lease(10_000))?.deliveries.length ?? 0) > 0);
  // The first lease behind a backlog meets the dead rows of all that went through the outbox, once. Vacuuming is not what is looked at here.
  yield* store.commit([placing(tenantId, { orderId: "order-first", customerId: "of-order-first" })])
  yield* lease(10)
  const costs: Record<string, number> = {}
  const [first, second] = ["order-new-0", "order-new-1"].map((orderId) =>
    placing(tenantId, { orderId, customerId: `of-${orderId}` })
  )
  if (first === undefined || second === undefined) throw new Error("no orders")
  yield* store.commit([first, second])
  type Lease = Effect.Success<ReturnType<typeof lease>>
  let held: Lease = null
  const of = Effect.fnUntraced(function* <A, E, R>(name: string, effect: Effect.Effect<A, E, R>) {
    costs[name] = yield* blocksOf(sql, effect)
  })
  yield* of(
    "lease",
    Effect.tap(lease(10), (now) => Effect.sync(() => (held = now)))
  )
  const leased = held as Lease
  expect(leased?.deliveries.length).toBe(2)
  yield* of(
    "settle",
    store.settleEvents({
      ...worker,
      leaseId: leased?.leaseId ?? "",
      settlements: [{ orderId: first.sealed.event.orderId, sequence: 1 }]
    })
  )
  yield* of("lease nothing", lease(10))
  yield* of("feed", store.feed(tenantId, 1_000, 10))
  yield* of("parked", store.parkedEvents(tenantId, worker.consumer, 0, 10))
  yield* of("tenants", store.tenantsWithWork(worker.consumer, null, 10))
  yield* of("add", store.addConsumer({ tenantId, consumer: "late" }, "now"))
  yield* of("remove", store.removeConsumer({ tenantId, consumer: "late" }))
  yield* of("place", store.commit([placing(tenantId, { orderId: "order-new-2", customerId: "of-order-new-2" })]))
  return costs
})

/** The parts of tables, without those of indexes. */
const partsOf = (wholes: ReadonlyMap<string, string>): ReadonlyArray<string> =>
  [...wholes].flatMap(([part, whole]) => (new RegExp(`^${whole}_\\d+$`).test(part) ? [part] : []))

/** Whether a way of reading, `orders_pkey 2` or `Seq Scan of orders`, is one of a table that has many rows. */
const readsLargeTable = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  const names = yield* sql<{ name: string }>`
    WITH large AS (
      SELECT w.oid, w.relname FROM pg_class w
       WHERE w.relnamespace = 'order_lifecycle'::regnamespace AND w.relkind = 'p'
         AND 1000 < (SELECT sum(p.reltuples) FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid WHERE i.inhparent = w.oid))
    SELECT relname AS name FROM large UNION ALL
    SELECT i.relname FROM pg_index x JOIN large l ON l.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid`
  const large = new Set(names.map(({ name }) => name))
  return (way: string) => large.has(/ of (\w+)$/.exec(way)?.[1] ?? way.replace(/ \d+$/, ""))
})

const databases: ReadonlyArray<{
  readonly name: string
  readonly client: Layer.Layer<SqlClient.SqlClient, unknown>
  readonly keepsStatistics: boolean
  /** In how many parts its tables are. */
  readonly parts?: number
  /** Of the full size, which takes minutes and is left to the long run: what grows with the store shows in a part of it as well. */
  readonly part: number
}> = [
  { name: "PostgreSQL", client: postgresClient({ maxConnections: 1 }), keepsStatistics: false, part: 1 / 2 },
  { name: "PostgreSQL, in parts", client: postgresClient({ maxConnections: 1 }), keepsStatistics: false, parts: 8, part: 1 / 8 },
  {
    name: "an embedded database",
    client: Layer.unwrap(Effect.map(embeddedFolder, EmbeddedConnection.layer)),
    keepsStatistics: true,
    part: 1 / 8
  }
]

describe.each(databases)("on $name", ({ client, keepsStatistics, parts, part }) => {
  it("every statement finds its rows by the index that is meant for it, on a connection that was opened on an empty store", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const store = yield* OrderStore
      yield* keepFirstPlans(sql)
      // Nothing comes to the help of the plans, and nothing else reads blocks.
      const tables = yield* sql<{ name: string }>`SELECT relname AS name FROM pg_class
        WHERE relnamespace = 'order_lifecycle'::regnamespace AND relkind = 'r'`
      for (const { name } of tables) yield* sql.unsafe(`ALTER TABLE order_lifecycle.${name} SET (autovacuum_enabled = false)`)
      yield* store.addConsumer(worker, "beginning")
      yield* sendAll(1)
      const size = scale >= 4 ? 1 : part
      yield* grow(size)
      const plans: Record<string, ReadonlyArray<string>> = {}
      const wholes = yield* wholesOfParts(sql)
      // Of a table in parts the planner does not know, when it plans for any tenant, that one part will be read: it needs statistics, as autovacuum
      // makes them of parts.
      if (parts !== undefined) for (const table of partsOf(wholes)) yield* sql.unsafe(`ANALYZE order_lifecycle.${table}`)
      for (const [name, statements] of yield* sendAll(2)) {
        const ways = new Set<string>()
        for (const text of statements)
          for (const way of yield* planOf(sql, text, tenantId, wholes))
            ways.add(twins.reduce((name, [twin, index]) => name.replace(twin, index), way))
        plans[name] = [...ways].toSorted()
      }
      // It goes from tenant to tenant, through any index: each begins with the tenant.
      delete plans["tenant ids"]
      // One of an order's events is looked up by itself, or among them.
      plans["verify a page"] = (plans["verify a page"] ?? []).filter((way) => way !== "audit_events_pkey 3")
      // With statistics, what reads a fifth of a table of some dozen blocks, or a page as long as the table, rightly reads it from end to end.
      const isShort = keepsStatistics && size < 1
      for (const name of isShort ? ["stock", "verify between orders"] : []) plans[name] = meant[name] ?? []
      // So is, on the way through several parts, each that is empty.
      const throughParts = ["consumers of a tenant", "tenants with due commands", "verify between orders"]
      for (const name of parts === undefined ? [] : throughParts) plans[name] = meant[name] ?? []
      // And then it rightly reads a table from end to end that has next to nothing in it.
      const isLooked = parts === undefined ? () => true : yield* readsLargeTable(sql)
      const [found, wanted] = [plans, meant].map((ways) =>
        Object.entries(ways).map(([name, ofName]) => [name, ofName.filter(isLooked)])
      )
      expect(found?.flat(2).length).toBeGreaterThan(300)
      expect(Object.fromEntries(found ?? [])).toEqual(Object.fromEntries(wanted ?? []))
      // What functions do inside is not in these plans. A walk through what was handed out takes thousands of blocks. A lease meets the dead rows of
      // what went through the outbox, in the index that it goes along (`0015_outbox_in_order.ts`).
      const costs = yield* outboxCosts(sql)
      expect(Object.entries(costs).filter(([name, blocks]) => blocks > (name === "lease" ? 1_200 : 400))).toEqual([])
      expect(costs["lease"]).toBeGreaterThan(10)
    }).pipe(
      Effect.provide(
        PostgresOrderStore.layerMigrated.pipe(
          Layer.provideMerge(client),
          Layer.provide([
            Layer.succeed(KeepsStatistics, keepsStatistics),
            parts === undefined ? Layer.empty : layerPartitions(parts)
          ])
        )
      ),
      Effect.scoped,
      Effect.runPromise
    ))
})
