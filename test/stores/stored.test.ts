/**
 * Stores that the build of commit 9660eff left behind are opened, brought up to date, found whole, show what they always showed, and are
 * worked on. `test/fixtures/9660eff/README.md` says how they were made.
 */
import { spawn } from "node:child_process"
import { mkdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { brotliDecompressSync } from "node:zlib"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { expect, it } from "vitest"
import * as EmbeddedOrderStore from "../../src/embedded/EmbeddedOrderStore.ts"
import { type OrderView, viewEvent, viewOrder, viewSubscription, type SubscriptionView } from "../../src/http/views.ts"
import { AuditTrail } from "../../src/lifecycle/AuditTrail.ts"
import type { OrderRecords } from "../../src/lifecycle/OrderRecords.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { Outbox } from "../../src/lifecycle/Outbox.ts"
import { Catalogue } from "../../src/lifecycle/Catalogue.ts"
import { Assets } from "../../src/lifecycle/Assets.ts"
import type { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { subscriptionOfOrder } from "../../src/lifecycle/subscriptionOfOrder.ts"
import { layerDigest } from "../../src/node/nodeDigest.ts"
import { Currency } from "../../src/order/Money.ts"
import { type Order, SerialNumber, Sku, SubscriptionId, TenantId } from "../../src/order/Order.ts"
import { plusMonths } from "../../src/order/Timestamp.ts"
import * as PostgresConnection from "../../src/postgres/PostgresConnection.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { type Checked, verify } from "../../src/verify/verify.ts"
import { clockOffBy } from "../support/heldClock.ts"
import { databaseOf9660eff, fixture } from "../support/storedOrders.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"

const onPostgres = Effect.map(databaseOf9660eff, (url) =>
  PostgresOrderStore.layerMigrated.pipe(Layer.provideMerge(PostgresConnection.layer({ url, maxConnections: 2 })))
)

const inFolder = Effect.gen(function* () {
  const folder = join(yield* temporaryFolder, "data")
  yield* Effect.promise(async () => {
    await mkdir(folder)
    const archive = brotliDecompressSync(await readFile(fixture("embedded.tar.br")))
    await new Promise<void>((resolve, reject) => {
      const unpacking = spawn("tar", ["-x", "-C", folder], { stdio: ["pipe", "ignore", "inherit"] })
      unpacking.on("error", reject)
      unpacking.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`tar ended with ${code}`))))
      unpacking.stdin.end(archive)
    })
  })
  return EmbeddedOrderStore.layer(folder)
})

const day = Date.UTC(2026, 10, 27, 18)
/** The day on which the fixtures were made, so that keys that were remembered then are remembered still. */
const thatDay = Layer.unwrap(
  Effect.clockWith((clock) =>
    Effect.sync(() => Layer.succeed(Clock.Clock, clockOffBy(clock, day - clock.currentTimeMillisUnsafe())))
  )
)

interface Shown {
  readonly order: OrderView
  readonly subscriptions: ReadonlyArray<SubscriptionView>
  readonly heads: ReadonlyArray<string>
}

const catalogue = Catalogue.layerStatic(
  ["EUR", "HUF"].map((currency) => ({
    sku: Sku.make(`BIKE-${currency}`),
    productName: `Bike in ${currency}`,
    isActive: true,
    currency: Currency.make(currency),
    pricing: [
      { contractLength: 12, monthlyPrice: 999_000 },
      { contractLength: 24, monthlyPrice: 12_345 }
    ]
  }))
)

/** What `fill.ts` asked for. */
const placeRequest = (currency: string) => ({
  customer: { email: `${currency}@Customer.example`, firstName: "Zoë", lastName: "O'Neill" },
  billingAddress: { contactName: "Zoë 李", streetAddress: "1 Mill Lane", city: "York", postalCode: null, country: "GB" },
  items: [
    { sku: Sku.make(`BIKE-${currency}`), quantity: 2, contractLength: 12 },
    { sku: Sku.make(`BIKE-${currency}`), quantity: 1, contractLength: 24 }
  ],
  notes: "leave at the door",
  customFields: { erp: 12.5, tags: ["a", null] }
})

const tenants = ["node22", "node24"].map((tenant) => TenantId.make(tenant))
const callerOf = (tenantId: TenantId, idempotencyKey?: string) => ({
  tenantId,
  actor: { userId: "ada", email: "ada@shop.example", role: "clerk" },
  ...(idempotencyKey !== undefined && { idempotencyKey })
})

const wholeStore = Effect.gen(function* () {
  let checked: Checked | undefined
  const violations = yield* Stream.runCollect(verify({ onChecked: (now) => Effect.sync(() => (checked = now)) }))
  return { violations: [...violations], checked }
})

const ordersOf = Effect.fnUntraced(function* (tenantId: TenantId) {
  const lifecycle = yield* OrderLifecycle
  return (yield* lifecycle.list(tenantId, { limit: 100, sortBy: "orderId", sortDir: "asc" })).items
})

/** What was shown, as it is shown now: a line that holds nothing any more is completed, also when a cancel released the rest. */
const shownNow = (order: Shown["order"] | {}) =>
  !("items" in order) || order.status !== "cancelled"
    ? order
    : {
        ...order,
        items: order.items.map((item) => (item.rentalStatus === "partial" ? { ...item, rentalStatus: "completed" } : item))
      }

/** Everything is shown as it was shown before, and every hash is the one that was given out. */
const showsTheSame = Effect.fnUntraced(function* (file: string) {
  const auditTrail = yield* AuditTrail
  const lines = (yield* Effect.promise(() => readFile(fixture(file), "utf8"))).trim().split("\n")
  const before = lines.map((line) => JSON.parse(line) as Shown)
  const orders: Array<Order> = []
  for (const tenantId of tenants) orders.push(...(yield* ordersOf(tenantId)))
  expect(orders.map(({ orderId }) => orderId)).toEqual(before.map(({ order }) => order.orderId))
  for (const [index, order] of orders.entries()) {
    const shown = before[index]
    expect(viewOrder(order)).toMatchObject(shownNow(shown?.order ?? {}))
    const subscriptions = order.subscriptions.map((subscription) => viewSubscription(subscriptionOfOrder(order, subscription)))
    expect(subscriptions).toMatchObject(shown?.subscriptions ?? [])
    const history = yield* auditTrail.history(order.tenantId, order.orderId)
    expect(history.map((sealed) => viewEvent(sealed).hash)).toEqual(shown?.heads)
    for (const { startDate, contractLength, endDate } of order.subscriptions) {
      expect(endDate).toBe(plusMonths(startDate, contractLength))
    }
  }
})

/** Of the events of 9660eff, ten were delivered: the oldest, which all are of one tenant. */
const deliveredThen = { node22: 10, node24: 0 }

/** The consumer `default` gets what 9660eff had not delivered, once and in sequence; and every event has its position, whoever delivered it. */
const deliversTheRest = Effect.fnUntraced(function* () {
  const [outbox, auditTrail] = [yield* Outbox, yield* AuditTrail]
  const got: Array<string> = []
  const take = outbox.deliver(
    "default",
    ({ sealed: { event }, attempts }) =>
      Effect.sync(() => void got.push(`${event.tenantId} ${event.orderId} ${event.sequence} ${attempts}`)),
    { limit: 1_000, lease: "1 hour" }
  )
  for (let done = 1; done > 0;) {
    const { delivered, ...others } = yield* take
    expect(others).toEqual({ failed: 0, parked: 0, lost: 0 })
    done = delivered
  }
  const expected: Array<string> = []
  for (const tenantId of tenants) {
    const events = yield* Effect.forEach(yield* ordersOf(tenantId), ({ orderId }) => auditTrail.history(tenantId, orderId))
    const byTime = events.flat().toSorted((a, b) => (a.event.at < b.event.at ? -1 : a.event.at > b.event.at ? 1 : 0))
    const nameOf = ({ event }: (typeof byTime)[number]) => `${tenantId} ${event.orderId} ${event.sequence}`
    expected.push(...byTime.slice(deliveredThen[tenantId as keyof typeof deliveredThen]).map((each) => `${nameOf(each)} 0`))
    const feed = yield* outbox.feed(tenantId, { limit: 1_000 })
    expect(feed.map(({ position }) => position)).toEqual(byTime.map((_, index) => index + 1))
    expect(feed.map(({ sealed }) => nameOf(sealed)).toSorted()).toEqual(byTime.map(nameOf).toSorted())
    // What was delivered stands in front.
    expect(feed.slice(0, 10).map(({ sealed }) => nameOf(sealed))).toEqual(byTime.slice(0, 10).map(nameOf))
  }
  expect(expected).toHaveLength(54)
  expect(got.toSorted()).toEqual(expected.toSorted())
  const last = new Map<string, number>()
  for (const [tenantId, orderId, sequence] of got.map((each) => each.split(" "))) {
    const order = `${tenantId} ${orderId}`
    expect(Number(sequence)).toBe((last.get(order) ?? Number(sequence) - 1) + 1)
    last.set(order, Number(sequence))
  }
  expect(yield* outbox.consumers()).toEqual([{ tenantId: null, consumer: "default", pending: 0, parked: 0, oldestMs: null }])
})

const worksOn = Effect.fnUntraced(function* (tenantId: TenantId) {
  const lifecycle = yield* OrderLifecycle
  const orders = yield* ordersOf(tenantId)
  const inCurrency = (currency: string) => {
    const order = orders.find((each) => each.currency === currency)
    if (order === undefined) throw new Error(`there is no order in ${currency}`)
    return order
  }
  const [eur, clf, huf, rsd, afn] = ["EUR", "CLF", "HUF", "RSD", "AFN"].map(inCurrency) as [Order, Order, Order, Order, Order]

  // Remembered under a key.
  const again = yield* lifecycle.place(callerOf(tenantId, "place-EUR"), placeRequest("EUR"), {
    payment: { status: "paid", method: "manual", paidAmount: 1_234 }
  })
  expect(again.after.orderId).toBe(eur.orderId)
  const inTheWay = rsd.subscriptions.filter(({ status }) => status === "active").map(({ subscriptionId }) => subscriptionId)
  expect(
    yield* Effect.flip(lifecycle.cancel(callerOf(tenantId, "not-cancellable"), rsd.orderId, { reason: "too late" }))
  ).toMatchObject({
    code: "ORDER_NOT_CANCELLABLE",
    subscriptionIds: inTheWay,
    message: "Order has 2 active subscriptions. Cancel the subscriptions first, or release what a partial order still holds."
  })
  expect(yield* Effect.flip(lifecycle.cancel(callerOf(tenantId, "cancel-AFN-again"), afn.orderId))).toMatchObject({
    code: "ALREADY_CANCELLED",
    reason: "changed their mind — ﬁ"
  })

  // New commands: what was stored under laxer rules is read and ended as it is.
  const odd = huf.subscriptions.find(({ serialNumber }) => serialNumber === " HUF-2 ")
  yield* lifecycle.cancelSubscription(callerOf(tenantId), {
    rentalId: odd?.subscriptionId ?? SubscriptionId.make("none"),
    reason: "other"
  })
  const started = yield* lifecycle.startSubscription(callerOf(tenantId), {
    orderId: clf.orderId,
    assetSerialNumber: SerialNumber.make("CLF-1"),
    customerId: clf.customer.customerId,
    contractLength: 24,
    startDate: "2026-12-01T00:00:00+01:00"
  })
  expect(started.after.subscriptions).toMatchObject([{ line: 1, contractLength: 24, endDate: "2028-11-30T23:00:00.000Z" }])
  yield* lifecycle.confirm(callerOf(tenantId), eur.orderId)
  yield* lifecycle.cancel(callerOf(tenantId), eur.orderId, { reason: "at last" })
  const placed = yield* lifecycle.place(callerOf(tenantId), placeRequest("HUF"))
  expect([placed.after.decimals, huf.decimals]).toEqual([2, 0])
  expect([viewOrder(placed.after).items[0]?.unitPrice, viewOrder(huf).items[0]?.unitPrice]).toEqual([9_990, 999_000])
})

const stores = [
  ["PostgreSQL", onPostgres, "postgres.views.jsonl"],
  ["the embedded database", inFolder, "embedded.views.jsonl"]
] as const

it.each(stores)(
  "a store of 9660eff on %s is brought up to date, is whole, shows what it showed, delivers what waited, and is worked on",
  (_, store, views) =>
    Effect.gen(function* () {
      const kept: Layer.Layer<OrderStore | OrderRecords, unknown> = yield* store
      const services = OrderLifecycle.layer().pipe(
        Layer.merge(Outbox.layer),
        Layer.provideMerge(kept),
        Layer.provide([catalogue, Assets.layerUnregistered]),
        Layer.provideMerge(layerDigest),
        Layer.provideMerge(thatDay)
      )
      yield* Effect.gen(function* () {
        yield* showsTheSame(views)
        const before = yield* wholeStore
        expect(before.violations).toEqual([])
        expect(before.checked).toMatchObject({ tenants: 2, orders: 26, ordersWithAssumedDecimals: 26 })
        yield* deliversTheRest()
        expect(yield* wholeStore).toEqual(before)
        for (const tenantId of tenants) yield* worksOn(tenantId)
        const after = yield* wholeStore
        expect(after.violations).toEqual([])
        expect(after.checked).toMatchObject({ tenants: 2, orders: 28, ordersWithAssumedDecimals: 26 })
      }).pipe(Effect.provide(services))
    }).pipe(Effect.scoped, Effect.runPromise)
)
