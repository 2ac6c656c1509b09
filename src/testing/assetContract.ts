/** The part of the contract of `OrderStore` (`orderStoreContract.ts`) that is about the registry of assets. */
import assert from "node:assert/strict"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { assetStepsOf } from "../asset/assetSteps.ts"
import { type AssetChange, type ChangeAsset, decideChanging, decideRegistering } from "../asset/decideAsset.ts"
import type { AssetStatus, RegisteredAsset } from "../asset/RegisteredAsset.ts"
import { type AssetQuery, type AssetSort, type Change, OrderStore, type PagePosition } from "../lifecycle/OrderStore.ts"
import { assetPosition } from "../lifecycle/paging.ts"
import type { OrderCommand } from "../order/commands/index.ts"
import { CustomerId, SerialNumber, Sku, SubscriptionId, type TenantId } from "../order/Order.ts"
import { confirm, end, freshTenant, type Head, headOf, keyFor, minute, next, placing, start } from "./contractOrders.ts"
import type { ContractCase } from "./orderStoreContract.ts"

type Store = typeof OrderStore.Service

const given = (name: string, body: (store: Store, tenantId: TenantId) => Effect.fn.Return<void, unknown>): ContractCase => ({
  name,
  run: Effect.flatMap(OrderStore, (store) => Effect.gen(() => body(store, freshTenant())))
})

export const assetContract: ReadonlyArray<ContractCase> = [
  given("an asset is registered once, and is there for its tenant only", function* (store, tenantId) {
    const other = freshTenant()
    const change = registering(tenantId, "serial-1", { location: "Shelf 3", notes: "scratched" })
    assert.equal(yield* store.changeAsset(change), "committed")
    assert.deepEqual(yield* found(store, tenantId, "serial-1"), change.after)
    assert.equal(yield* store.changeAsset(registering(tenantId, "serial-1", { notes: "another" })), "conflict")
    assert.deepEqual(yield* found(store, tenantId, "serial-1"), change.after)
    assert.equal(yield* found(store, other, "serial-1"), null)
    assert.deepEqual(yield* store.listAssets({ ...newestFirst, tenantId: other }), [])
    assert.equal(yield* store.changeAsset(registering(other, "serial-1")), "committed")
    assert.ok((yield* store.tenantIds(null, 100_000)).includes(other))
  }),

  given("a change by hand is made at its version or not at all, and is recorded", function* (store, tenantId) {
    const registered = registering(tenantId, "serial-1", { location: "Shelf 3" })
    const first = changing(registered.after, { status: "unavailable", notes: "no light", reason: "broken" }, 5)
    const second = changing(first.after, { location: "" }, 6)
    for (const change of [registered, first]) assert.equal(yield* store.changeAsset(change), "committed")
    assert.equal(yield* store.changeAsset(changing(registered.after, { location: "lost" }, 5)), "conflict")
    assert.equal(yield* store.changeAsset(changing({ ...registered.after, serialNumber: serial("none") }, {}, 5)), "conflict")
    assert.equal(yield* store.changeAsset(second), "committed")
    const asset = yield* found(store, tenantId, "serial-1")
    assert.deepEqual(asset, second.after)
    assert.deepEqual([asset?.version, asset?.location, asset?.notes], [3, "", "no light"])
    const records = [registered, first, second].map(({ record }) => record)
    assert.deepEqual(yield* store.assetRecords(tenantId, serial("serial-1"), 0, 10), records)
    assert.deepEqual(yield* store.assetRecords(tenantId, serial("serial-1"), 1, 1), records.slice(1, 2))
    assert.deepEqual(yield* store.assetRecords(tenantId, serial("serial-1"), 3, 10), [])
    assert.deepEqual(yield* store.assetRecords(freshTenant(), serial("serial-1"), 0, 10), [])
  }),

  given("the answer to a change by hand is remembered with it, and a taken key is a lost race", function* (store, tenantId) {
    const registered = registering(tenantId, "serial-1")
    const key = keyFor(tenantId, "key-1", "register")
    assert.equal(yield* store.changeAsset(registered, key), "committed")
    const loaded = yield* store.loadAsset({
      tenantId,
      serialNumber: serial("serial-1"),
      idempotency: { key: "key-1", now: minute(1) }
    })
    const outcome = { outcome: "assetChanged", serialNumber: serial("serial-1"), version: 1 } as const
    assert.deepEqual(loaded, { asset: registered.after, use: null, remembered: { fingerprint: key.fingerprint, outcome } })
    assert.equal(yield* store.changeAsset(registering(tenantId, "serial-2"), key), "conflict")
    assert.equal(yield* found(store, tenantId, "serial-2"), null)
    assert.deepEqual(yield* store.assetRecords(tenantId, serial("serial-2"), 0, 10), [])
    const late = { ...key, fingerprint: "other", rememberedAt: minute(1_001), expiresAt: minute(2_000) }
    assert.equal(yield* store.changeAsset(registering(tenantId, "serial-2"), late), "committed")
  }),

  given("a change of an order moves its asset, or neither is changed", function* (store, tenantId) {
    yield* store.changeAsset(registering(tenantId, "serial-1"))
    const confirmed = yield* confirmedOrder(store, tenantId)
    const rented = moving(confirmed, renting(confirmed, "serial-1"))
    const { order } = headOf(rented)
    const [subscription] = order.subscriptions
    assert.deepEqual(yield* store.commit([rented]), ["committed"])
    const { customerId } = order.customer
    const use = { subscriptionId: subscription?.subscriptionId, customerId }
    const out = yield* store.loadAsset({ tenantId, serialNumber: serial("serial-1") })
    assert.deepEqual([out.asset?.status, out.asset?.version, out.use], ["rented_out", 2, use])
    assert.deepEqual([out.asset?.subscriptionId, out.asset?.customerId], [use.subscriptionId, customerId])
    assert.equal(out.asset?.updatedAt, rented.transition.event.at)
    const orderId = order.orderId
    const [loaded] = yield* store.load([{ tenantId, order: { orderId }, serialNumber: serial("serial-1") }])
    assert.deepEqual([loaded?.asset, loaded?.serialIsRented], [out.asset, true])
    const [without] = yield* store.load([{ tenantId, order: { orderId } }])
    assert.equal(without?.asset, null)
    // What a hand has not recorded, the registry does not tell.
    assert.equal((yield* store.assetRecords(tenantId, serial("serial-1"), 0, 10)).length, 1)
    // A cancel leaves it with the customer.
    assert.deepEqual(yield* store.commit([moving(headOf(rented), end(order, 0))]), ["committed"])
    const left = yield* store.loadAsset({ tenantId, serialNumber: serial("serial-1") })
    assert.deepEqual(left, { asset: out.asset, use: null, remembered: null })
  }),

  given(
    "an asset that is not where a change moves it from is a lost race, and costs no neighbour anything",
    function* (store, tenantId) {
      const shelf = registering(tenantId, "serial-1")
      yield* store.changeAsset(shelf)
      yield* store.changeAsset(registering(tenantId, "serial-2"))
      yield* store.changeAsset(changing(shelf.after, { status: "unavailable" }, 3))
      const [first, second, third] = [
        yield* confirmedOrder(store, tenantId),
        yield* confirmedOrder(store, tenantId),
        yield* confirmedOrder(store, tenantId)
      ]
      const changes = [
        moving(first, renting(first, "serial-1")),
        moving(second, renting(second, "serial-2")),
        moving(third, renting(third, "serial-3"))
      ]
      assert.deepEqual(yield* store.commit(changes), ["conflict", "committed", "conflict"])
      for (const { order } of [first, third]) {
        const [loaded] = yield* store.load([{ tenantId, order: { orderId: order.orderId } }])
        assert.deepEqual(loaded?.order, order)
        assert.equal((yield* store.history(tenantId, order.orderId)).length, 2)
      }
      assert.equal((yield* found(store, tenantId, "serial-1"))?.status, "unavailable")
      assert.equal((yield* found(store, tenantId, "serial-2"))?.status, "rented_out")
      assert.equal(yield* found(store, tenantId, "serial-3"), null)
      // The same device for two orders at once: one gets it.
      yield* store.changeAsset(registering(tenantId, "serial-4"))
      const both = yield* store.commit([moving(first, renting(first, "serial-4")), moving(third, renting(third, "serial-4"))])
      assert.deepEqual(both.toSorted(), ["committed", "conflict"])
    }
  ),

  given("what is rolled back leaves order and asset as they were", function* (store, tenantId) {
    const registered = registering(tenantId, "serial-1")
    yield* store.changeAsset(registered)
    const confirmed = yield* confirmedOrder(store, tenantId)
    const { orderId } = confirmed.order
    const failed = Effect.gen(function* () {
      assert.deepEqual(yield* store.commit([moving(confirmed, renting(confirmed, "serial-1"))]), ["committed"])
      assert.equal((yield* found(store, tenantId, "serial-1"))?.status, "rented_out")
      yield* store.changeAsset(registering(tenantId, "serial-2"))
      return yield* Effect.fail("rolled back")
    })
    assert.equal(yield* Effect.flip(store.exclusively({ tenantId, orderId }, failed)), "rolled back")
    assert.deepEqual(yield* found(store, tenantId, "serial-1"), registered.after)
    assert.equal(yield* found(store, tenantId, "serial-2"), null)
    assert.deepEqual(yield* store.commit([moving(confirmed, renting(confirmed, "serial-1"))]), ["committed"])
  }),

  given("pages of assets have no gaps and no repeats, whatever they are filtered and sorted by", function* (store, tenantId) {
    const statuses: ReadonlyArray<AssetStatus> = ["available", "returned", "sold", "unavailable"]
    const assets: Array<RegisteredAsset> = []
    for (let n = 0; n < 13; n++) {
      const status = statuses[n % 4] as AssetStatus
      const sku = n % 3 === 0 ? "BIKE" : "LAPTOP"
      const change = registering(tenantId, `serial-${n % 2 === 0 ? n : 100 - n}`, { status, sku, at: n % 5 })
      yield* store.changeAsset(change)
      assets.push(change.after)
    }
    const confirmed = yield* confirmedOrder(store, tenantId)
    const rented = moving(confirmed, renting(confirmed, "serial-8"))
    yield* store.commit([rented])
    const [subscription] = rented.transition.after.subscriptions
    const { customerId } = confirmed.order.customer
    const all = yield* everyPage(store, { ...newestFirst, tenantId })
    assert.deepEqual(new Set(serials(all)), new Set(serials(assets)))
    const filters: ReadonlyArray<readonly [Partial<AssetQuery>, number]> = [
      [{}, 13],
      [{ status: ["returned"] }, 3],
      [{ status: ["returned", "sold"] }, 6],
      [{ sku: Sku.make("BIKE") }, 5],
      [{ sku: Sku.make("BIKE"), status: ["available"] }, 2],
      [{ customerId }, 1],
      [{ subscriptionId: subscription?.subscriptionId ?? SubscriptionId.make("none") }, 1],
      [{ customerId, sku: Sku.make("BIKE") }, 0],
      [{ customerId: CustomerId.make("nobody") }, 0]
    ]
    for (const [filter, count] of filters) {
      for (const sortBy of ["createdAt", "updatedAt", "serialNumber", "status", "sku"] as const) {
        for (const sortDir of ["asc", "desc"] as const) {
          const expected = sorted(all.filter(isMeant(filter)), sortBy, sortDir)
          assert.equal(expected.length, count, JSON.stringify(filter))
          for (const limit of [1, 4, 100]) {
            const listed = yield* everyPage(store, { tenantId, sortBy, sortDir, limit, ...filter })
            assert.deepEqual(
              serials(listed),
              serials(expected),
              `by ${sortBy} ${sortDir}, ${limit} at a time, ${JSON.stringify(filter)}`
            )
          }
        }
      }
    }
  }),

  given("assets that can be rented are counted", function* (store, tenantId) {
    const count = store.rentableAssets(tenantId, Sku.make("LAPTOP"))
    assert.equal(yield* count, 0)
    for (const n of [1, 2, 3]) yield* store.changeAsset(registering(tenantId, `serial-${n}`))
    yield* store.changeAsset(registering(tenantId, "serial-4", { status: "returned" }))
    yield* store.changeAsset(registering(tenantId, "serial-5", { sku: "BIKE" }))
    assert.equal(yield* count, 3)
    const confirmed = yield* confirmedOrder(store, tenantId)
    yield* store.commit([moving(confirmed, renting(confirmed, "serial-2"))])
    assert.equal(yield* count, 2)
    assert.equal(yield* store.rentableAssets(freshTenant(), Sku.make("LAPTOP")), 0)
  }),

  given("what registry and subscriptions do not agree on is found, page by page", function* (store, tenantId) {
    for (const n of [1, 2, 3, 4]) yield* store.changeAsset(registering(tenantId, `serial-${n}`))
    const confirmed = yield* confirmedOrder(store, tenantId)
    const rented = moving(confirmed, renting(confirmed, "serial-1"))
    yield* store.commit([rented])
    const cancelled = moving(headOf(rented), end(rented.transition.after, 0))
    yield* store.commit([cancelled])
    const looked = store.assetDisagreements(tenantId, null, 100)
    assert.deepEqual(yield* looked, { last: serial("serial-4"), found: [] })
    // Rented while the registry was off: it has not moved.
    const unregistered = next(headOf(cancelled), start(cancelled.transition.after, "LAPTOP", "serial-3"))
    yield* store.commit([unregistered])
    const id = unregistered.transition.after.subscriptions[1]?.subscriptionId
    const message = `asset serial-3 is available, and subscription ${id} is active on it`
    assert.deepEqual((yield* looked).found, [{ serialNumber: serial("serial-3"), message }])
    assert.deepEqual(yield* store.assetDisagreements(tenantId, serial("serial-2"), 1), {
      last: serial("serial-3"),
      found: [{ serialNumber: serial("serial-3"), message }]
    })
    assert.deepEqual(yield* store.assetDisagreements(tenantId, serial("serial-4"), 10), { last: null, found: [] })
    assert.deepEqual(yield* store.assetDisagreements(freshTenant(), null, 10), { last: null, found: [] })
  }),

  given("a serial number under an active subscription is registered for that subscription", function* (store, tenantId) {
    const confirmed = yield* confirmedOrder(store, tenantId)
    const rented = next(confirmed, start(confirmed.order, "LAPTOP", "serial-1"))
    yield* store.commit([rented])
    const { use } = yield* store.loadAsset({ tenantId, serialNumber: serial("serial-1") })
    const [subscription] = rented.transition.after.subscriptions
    assert.deepEqual(use, { subscriptionId: subscription?.subscriptionId, customerId: confirmed.order.customer.customerId })
    const change = registering(tenantId, "serial-1", { status: "rented_out", use })
    assert.equal(yield* store.changeAsset(change), "committed")
    assert.deepEqual(yield* found(store, tenantId, "serial-1"), change.after)
    // It did not know of the registry when it began, so its end moves nothing: a return is recorded by hand.
    const ended = moving(headOf(rented), end(rented.transition.after, 0))
    assert.deepEqual([ended.assets, yield* store.commit([ended])], [undefined, ["committed"]])
    assert.deepEqual((yield* store.assetDisagreements(tenantId, null, 10)).found, [])
    assert.equal(yield* store.changeAsset(changing(change.after, { status: "returned" }, 9)), "committed")
    const back = yield* found(store, tenantId, "serial-1")
    assert.deepEqual([back?.status, back?.subscriptionId, back?.customerId], ["returned", undefined, undefined])
  }),

  given("texts of an asset come back as they were given", function* (store, tenantId) {
    for (const [n, text] of awkwardTexts.entries()) {
      const registered = registering(tenantId, `serial-${n}`, { location: text, notes: text })
      const changed = changing(registered.after, { notes: text, reason: text }, 2)
      for (const change of [registered, changed]) assert.equal(yield* store.changeAsset(change), "committed")
      assert.deepEqual(yield* found(store, tenantId, `serial-${n}`), changed.after)
      const records = yield* store.assetRecords(tenantId, serial(`serial-${n}`), 0, 10)
      assert.deepEqual(records, [registered.record, changed.record])
    }
  })
]

// --- what the cases are told with ---------------------------------------------------------------------------------------------------------

const serial = (text: string) => SerialNumber.make(text)
const actor = { userId: "ada", displayName: "Ada", role: "clerk" }

interface Registering {
  readonly status?: AssetStatus
  readonly sku?: string
  readonly location?: string
  readonly notes?: string
  readonly at?: number
  readonly use?: Parameters<typeof decideRegistering>[1]["use"]
}

/** An asset being registered: an available laptop unless said otherwise. */
const registering = (tenantId: TenantId, serialNumber: string, options: Registering = {}): AssetChange => {
  const { status = "available", sku = "LAPTOP", at = 0, use = null, ...texts } = options
  const request = { serialNumber: serial(serialNumber), sku: Sku.make(sku), productName: `The ${sku}`, status, ...texts }
  const facts = { tenantId, asset: null, use, variant: "active" } as const
  return Result.getOrThrow(decideRegistering(request, facts, { at: minute(at), actor }))
}

const changing = (asset: RegisteredAsset, request: ChangeAsset, at: number): AssetChange =>
  Result.getOrThrow(
    decideChanging({ serialNumber: asset.serialNumber, ...request }, { asset, use: null }, { at: minute(at), actor })
  )

const confirmedOrder = Effect.fnUntraced(function* (store: Store, tenantId: TenantId): Effect.fn.Return<Head, unknown> {
  const placed = placing(tenantId)
  const confirmed = next(headOf(placed), confirm)
  assert.deepEqual(yield* store.commit([placed]), ["committed"])
  assert.deepEqual(yield* store.commit([confirmed]), ["committed"])
  return headOf(confirmed)
})

const renting = ({ order }: Head, serialNumber: string) => start(order, "LAPTOP", serialNumber, { isRegistered: true })

/** The change that a command makes, with what it does to assets. */
const moving = (head: Head, command: OrderCommand): Change => {
  const change = next(head, command)
  const assets = assetStepsOf(change.transition)
  return { ...change, ...(assets.length > 0 && { assets }) }
}

const found = (store: Store, tenantId: TenantId, serialNumber: string) =>
  Effect.map(store.loadAsset({ tenantId, serialNumber: serial(serialNumber) }), ({ asset }) => asset)

const newestFirst = { sortBy: "createdAt", sortDir: "desc", limit: 10 } as const

const everyPage = Effect.fnUntraced(function* (
  store: Store,
  query: AssetQuery
): Effect.fn.Return<ReadonlyArray<RegisteredAsset>, unknown> {
  const all: Array<RegisteredAsset> = []
  let after: PagePosition | undefined
  for (;;) {
    const page = yield* store.listAssets({ ...query, ...(after && { after }) })
    assert.ok(page.length <= query.limit)
    const last = page.at(-1)
    if (last === undefined) return all
    all.push(...page)
    after = assetPosition(last, query.sortBy)
  }
})

const serials = (assets: ReadonlyArray<RegisteredAsset>) => assets.map(({ serialNumber }) => serialNumber)

const isMeant =
  ({ status, sku, customerId, subscriptionId }: Partial<AssetQuery>) =>
  (asset: RegisteredAsset): boolean =>
    (status === undefined || status.includes(asset.status)) &&
    (sku === undefined || sku === asset.sku) &&
    (customerId === undefined || customerId === asset.customerId) &&
    (subscriptionId === undefined || subscriptionId === asset.subscriptionId)

const sorted = (assets: ReadonlyArray<RegisteredAsset>, sortBy: AssetSort, sortDir: "asc" | "desc") => {
  const ascending = assets.toSorted((a, b) =>
    a[sortBy] === b[sortBy] ? (a.serialNumber < b.serialNumber ? -1 : 1) : a[sortBy] < b[sortBy] ? -1 : 1
  )
  return sortDir === "asc" ? ascending : ascending.toReversed()
}

const awkwardTexts = [
  "",
  " ",
  "null",
  "tab\tand\r\nline end\n",
  "nai\u0308ve, in NFD",
  "\u{1F468}\u200D\u{1F469}\u200D\u{1F467} a family",
  "\uFFFD\uFFFF\u{10FFFF}",
  "'; DROP TABLE assets; --",
  "$1 %s \\ \\u0000 \" ' ` ${x}",
  "\u0001\u001b[31m\u007f",
  "\u{1F600}".repeat(1_000)
]
