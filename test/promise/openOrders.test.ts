/** Opening and closing: options that cannot be used are named, what was opened is closed, and nothing is done after that. */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { Client, Pool } from "pg"
import { describe, expect, it } from "vitest"
import {
  CannotOpen,
  type CatalogueEntry,
  InvalidInput,
  memoryStore,
  type OpenOptions,
  openOrders,
  OrdersClosed,
  WrongOption
} from "../../src/promise/index.ts"
import { embeddedStore } from "../../src/promise/embedded/index.ts"
import { postgresStore } from "../../src/promise/postgres/index.ts"
import { embeddedFolder } from "../support/embeddedFolder.ts"
import { fileDatabase, openShop } from "../support/openedOrders.ts"
import { onServer } from "../support/postgresDatabase.ts"
import { temporaryFolder } from "../support/temporaryFolder.ts"
import { newCaller } from "../support/world.ts"

const customer = { email: "grace@example.com", firstName: "Grace", lastName: "Hopper" }
const billingAddress = { contactName: "Grace Hopper", streetAddress: "Quay 1", city: "Rotterdam", country: "NL" }
const one = (sku: string) => ({ customer, billingAddress, items: [{ sku, quantity: 1 }] })
const bike: CatalogueEntry = {
  sku: "BIKE",
  productName: "Bike",
  isActive: true,
  currency: "EUR",
  pricing: [{ contractLength: 12, monthlyPrice: 99_00 }]
}
const wrong = (input: unknown) => input as never

describe("an option that cannot be used", () => {
  it.each<[path: string, options: () => Partial<OpenOptions>]>([
    ["store", () => ({ store: wrong("memory") })],
    ["catalogue", () => ({ catalogue: wrong(undefined) })],
    ["catalogue[1].sku", () => ({ catalogue: [bike, { ...bike, sku: "" }] })],
    ["catalogue[1].sku", () => ({ catalogue: [bike, bike] })],
    ["catalogue[0].productName", () => ({ catalogue: [{ ...bike, productName: wrong(undefined) }] })],
    ["catalogue[0].isActive", () => ({ catalogue: [{ ...bike, isActive: wrong("yes") }] })],
    ["catalogue[0].currency", () => ({ catalogue: [{ ...bike, currency: "euro" }] })],
    ["catalogue[0].pricing[0]", () => ({ catalogue: [{ ...bike, pricing: wrong([]) }] })],
    [
      "catalogue[0].pricing[0].monthlyPrice",
      () => ({ catalogue: [{ ...bike, pricing: [{ contractLength: 12, monthlyPrice: 99.5 }] }] })
    ],
    ["catalogue[0].pricing[1].contractLength", () => ({ catalogue: [{ ...bike, pricing: [...bike.pricing, ...bike.pricing] }] })],
    ["assets.SN-1", () => ({ assets: { "SN-1": "" } })],
    ['the key "" of assets', () => ({ assets: { "": "BIKE" } })],
    ["cancellationPolicy", () => ({ cancellationPolicy: wrong("never") })],
    ["cancelationPolicy", () => wrong({ cancelationPolicy: "beforeFulfilment" })],
    ["postgresStore.url", () => ({ store: postgresStore(wrong({})) })],
    ["postgresStore.url", () => ({ store: postgresStore({ url: "mysql://user:secret@127.0.0.1/orders" }) })],
    ["postgresStore.url", () => ({ store: postgresStore(wrong({ url: "postgres://h/d", pool: new Pool() })) })],
    ["postgresStore.pool", () => ({ store: postgresStore(wrong({ pool: new Client() })) })],
    ["postgresStore.pool", () => ({ store: postgresStore(wrong({ pool: "postgres://h/d" })) })],
    ["postgresStore.pooled", () => ({ store: postgresStore(wrong({ pool: new Pool(), pooled: true })) })],
    ["postgresStore.partitions", () => ({ store: postgresStore({ url: "postgres://h/d", partitions: 1.5 }) })],
    ["postgresStore.maxConnections", () => ({ store: postgresStore({ url: "postgres://h/d", maxConnections: 0 }) })],
    ["postgresStore.poolSize", () => ({ store: postgresStore(wrong({ url: "postgres://h/d", poolSize: 4 })) })],
    ["postgresStore.schema", () => ({ store: postgresStore({ url: "postgres://h/d", schema: "pg_orders" }) })],
    ["postgresStore.schema", () => ({ store: postgresStore({ pool: new Pool(), schema: 'a"b' }) })],
    ["postgresStore.sharedStatements", () => ({ store: postgresStore(wrong({ pool: new Pool(), sharedStatements: "no" })) })],
    ["embeddedStore.sharedStatements", () => ({ store: embeddedStore(wrong({ folder: "data", sharedStatements: 1 })) })],
    ["embeddedStore.schema", () => ({ store: embeddedStore({ folder: "data", schema: "Orders" }) })],
    ["embeddedStore.folder", () => ({ store: embeddedStore({ folder: "" }) })]
  ])("is named: %s", async (path, options) => {
    const opening = (async () => openOrders({ store: memoryStore(), catalogue: [bike], ...options() }))()
    const fault = await opening.then(
      () => undefined,
      (error: unknown) => error
    )
    expect(fault).toBeInstanceOf(WrongOption)
    expect(fault instanceof WrongOption && fault.details[0].path).toBe(path)
    expect(String(fault)).not.toContain("secret")
  })

  it("is named together with all others", async () => {
    const catalogue = [bike, { ...bike, sku: "OTHER", currency: "e", productName: "" }]
    await expect(openShop({ catalogue })).rejects.toThrow(
      /^catalogue\[1\]\.productName: [^;]+; catalogue\[1\]\.currency: must be a currency code of three upper-case letters$/
    )
  })
})

describe("a catalogue", () => {
  it("that is a function is asked for the SKUs of a request, for a tenant, and its answer is checked", async () => {
    const asked: Array<unknown> = []
    const answers: Record<string, unknown> = { BIKE: [bike], "IN DOLLARS": [{ ...bike, sku: "IN DOLLARS", currency: "$" }] }
    const orders = await openShop({
      catalogue: async (tenantId, skus) => {
        asked.push([tenantId, skus])
        return answers[skus[0] ?? ""] as Array<CatalogueEntry>
      }
    })
    const caller = newCaller()
    expect((await orders.place(caller, one("BIKE"))).after.lines[0]).toMatchObject({ productName: "Bike", unitPrice: 99_00 })
    expect(asked).toEqual([[caller.tenantId, ["BIKE"]]])
    await expect(orders.place(caller, one("IN DOLLARS"))).rejects.toThrow(/^catalogue\(\)\[0\]\.currency: /)
    await expect(orders.place(caller, one("NOT ANSWERED"))).rejects.toBeInstanceOf(WrongOption)
    expect((await orders.list(caller.tenantId)).items).toHaveLength(1)
    await orders.close()
  })

  it("that throws is what the call is rejected with, and nothing was changed", async () => {
    const fault = new Error("the price list cannot be read")
    const orders = await openShop({
      catalogue: () => {
        throw fault
      }
    })
    const caller = newCaller()
    await expect(orders.place(caller, one("BIKE"))).rejects.toBe(fault)
    expect((await orders.list(caller.tenantId)).items).toEqual([])
    await orders.close()
  })
})

describe("a registry of assets", () => {
  it.each<[kind: string, OpenOptions["assets"]]>([
    ["a record", { mine: "BIKE", theirs: "OTHER" }],
    ["a function", (_, serial) => (serial === "mine" ? { sku: "BIKE", available: true } : null)],
    [
      "an asynchronous function",
      async (_, serial) => (serial === "mine" ? { available: true, sku: undefined } : { available: false, sku: "BIKE" })
    ]
  ])("that is %s says which asset can be rented", async (_, assets) => {
    const orders = await openShop({ catalogue: [bike], assets })
    const caller = newCaller()
    const { after } = await orders.place(caller, one("BIKE"))
    const { orderId, customer } = (await orders.confirm(caller, after.orderId)).after
    const start = (assetSerialNumber: string) =>
      orders.startSubscription(caller, { orderId, customerId: customer.customerId, assetSerialNumber })
    await expect(start("theirs")).rejects.toMatchObject({ code: /^(SKU_MISMATCH|ASSET_NOT_FOUND|ASSET_NOT_AVAILABLE)$/ })
    expect((await start("mine")).after.status).toBe("fulfilled")
    await orders.close()
  })

  it("that answers with what is no asset is named", async () => {
    const orders = await openShop({ catalogue: [bike], assets: () => wrong({ sku: "BIKE" }) })
    const caller = newCaller()
    const { after } = await orders.place(caller, one("BIKE"))
    const asking = { type: "startSubscription", assetSerialNumber: "A", customerId: after.customer.customerId } as const
    await expect(orders.preview(caller, after.orderId, asking)).rejects.toThrow("assets().available: is required")
    await orders.close()
  })
})

describe("the policy", () => {
  it("beforeFulfilment refuses an order for good once something was rented", async () => {
    const orders = await openShop({ catalogue: [bike], cancellationPolicy: "beforeFulfilment" })
    const caller = newCaller()
    const { after } = await orders.place(caller, one("BIKE"))
    const { orderId, customer } = (await orders.confirm(caller, after.orderId)).after
    const { event } = await orders.startSubscription(caller, {
      orderId,
      customerId: customer.customerId,
      assetSerialNumber: "A"
    })
    await orders.cancelSubscription(caller, { rentalId: event.details.subscriptionId, reason: "other" })
    await expect(orders.cancel(caller, orderId)).rejects.toMatchObject({ guard: "beforeFulfilment" })
    await orders.close()
  })
})

describe("orders on PostgreSQL", () => {
  const url = fileDatabase()
  const applicationName = "orders without Effect"

  /** Sessions that the server has for these orders. */
  const sessions = () =>
    Effect.runPromise(
      onServer((sql) =>
        Effect.map(
          sql<{
            count: number
          }>`SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = ${applicationName}::text`,
          ([row]) => row?.count
        )
      )
    )

  it("have connections, as many as they are allowed at most, until they are closed", async () => {
    const orders = await openShop({ store: postgresStore({ url: url(), maxConnections: 3, applicationName }) })
    const caller = newCaller()
    await Promise.all(Array.from({ length: 12 }, () => orders.place(caller, one("LAPTOP"))))
    expect(await sessions()).toBeGreaterThan(0)
    expect(await sessions()).toBeLessThanOrEqual(3)
    await orders.close()
    await expect.poll(sessions).toBe(0)
  })

  it("are opened by several at once, and hold what was placed before", async () => {
    const shops = await Promise.all([1, 2, 3].map(() => openShop({ store: postgresStore({ url: url() }) })))
    const [first, ...others] = shops
    const caller = newCaller()
    const placed = await first?.place(caller, one("LAPTOP"))
    for (const other of others) expect(await other.get(caller.tenantId, placed?.after.orderId ?? "")).toEqual(placed?.after)
    await Promise.all(shops.map((shop) => shop.close()))
  })

  it("cannot be opened where there is no server, and say where they looked", async () => {
    const nowhere = postgresStore({ url: "postgres://user:secret@127.0.0.1:1/orders" })
    const opening = openShop({ store: nowhere })
    await expect(opening).rejects.toBeInstanceOf(CannotOpen)
    await expect(opening).rejects.toThrow("PostgreSQL at 127.0.0.1:1/orders cannot be opened: connect ECONNREFUSED 127.0.0.1:1")
  })
})

describe("orders on a pool of the caller's", () => {
  const url = fileDatabase()

  it("share its only connection with a transaction of the caller's own, and leave it open", async () => {
    const pool = new Pool({ connectionString: url(), max: 1 })
    const orders = await openShop({ store: postgresStore({ pool, applicationName: "orders on a pool" }) })
    const caller = newCaller()
    const { after } = await orders.place(caller, one("LAPTOP"))
    const client = await pool.connect()
    await client.query("BEGIN; CREATE TABLE mine (id text)")
    const { outcome } = await orders.within({ query: (text, values) => client.query(text, [...values]) }, (inside) =>
      inside.cancel(caller, after.orderId)
    )
    await client.query("COMMIT")
    client.release()
    expect(await orders.get(caller.tenantId, after.orderId)).toEqual(outcome.after)
    await orders.close()
    expect((await pool.query("SELECT id FROM mine")).rowCount).toBe(0)
    await pool.end()
  })

  it("share statements with those that come at the same time, unless they are told not to", async () => {
    const pool = new Pool({ connectionString: url(), max: 4 })
    const commitsFor = async (sharedStatements: boolean) => {
      const orders = await openShop({ store: postgresStore({ pool, sharedStatements }) })
      const caller = newCaller()
      await Promise.all(
        Array.from({ length: 30 }, (_, n) =>
          orders.place(caller, { ...one("LAPTOP"), customer: { ...customer, email: `${n}@example.com` } })
        )
      )
      await orders.close()
      const { rows } = await pool.query<{ count: number }>(
        "SELECT count(DISTINCT xmin::text)::int AS count FROM order_lifecycle.orders WHERE tenant_id = $1",
        [caller.tenantId]
      )
      return rows[0]?.count
    }
    expect(await commitsFor(false)).toBe(30)
    expect(await commitsFor(true)).toBeLessThan(15)
    await pool.end()
  })

  it("can be in schemas of their own, also within a transaction", async () => {
    const pool = new Pool({ connectionString: url(), max: 4 })
    const [eu, us] = await Promise.all(
      ["orders_eu", "orders_us"].map((schema) => openShop({ store: postgresStore({ pool, schema }) }))
    )
    if (eu === undefined || us === undefined) throw new Error("two shops")
    const caller = newCaller()
    const { after } = await eu.place(caller, one("LAPTOP"))
    await expect(us.get(caller.tenantId, after.orderId)).rejects.toMatchObject({ code: "NOT_FOUND" })
    const client = await pool.connect()
    await client.query("BEGIN")
    const { outcome } = await eu.within({ query: (text, values) => client.query(text, [...values]) }, (inside) =>
      inside.confirm(caller, after.orderId)
    )
    await client.query("COMMIT")
    client.release()
    expect(await eu.get(caller.tenantId, after.orderId)).toEqual(outcome.after)
    await Promise.all([eu.close(), us.close()])
    await pool.end()
  })

  it("can be in parts, which a store that is there has or does not get", async () => {
    const pool = new Pool({ connectionString: url(), max: 2 })
    const store = { pool, schema: "orders_parts" }
    const made = await openShop({ store: postgresStore({ ...store, partitions: 4 }) })
    const caller = newCaller()
    const { after } = await made.place(caller, one("LAPTOP"))
    await made.close()
    const again = await openShop({ store: postgresStore(store) })
    expect(await again.get(caller.tenantId, after.orderId)).toEqual(after)
    await again.close()
    const { rows } = await pool.query("SELECT tableoid::regclass::text AS part FROM orders_parts.orders")
    expect(rows).toEqual([{ part: expect.stringMatching(/^orders_parts\.orders_[0-3]$/) }])
    await expect(openShop({ store: postgresStore({ ...store, partitions: 8 }) })).rejects.toThrow(
      "its tables have 4 parts, and 8 are asked for: ask for 4 or for none"
    )
    await pool.end()
  })

  it("cannot be opened where the pool finds no server", async () => {
    const pool = new Pool({ connectionString: "postgres://user:secret@127.0.0.1:1/orders" })
    await expect(openShop({ store: postgresStore({ pool }) })).rejects.toThrow(
      "PostgreSQL on the pool cannot be opened: connect ECONNREFUSED 127.0.0.1:1"
    )
    await pool.end()
  })
})

describe("orders in a folder", () => {
  it("are there again when it is opened again, by one at a time", () =>
    Effect.gen(function* () {
      const folder = yield* embeddedFolder
      yield* Effect.promise(async () => {
        const caller = newCaller()
        const orders = await openShop({ store: embeddedStore({ folder }) })
        const { after } = await orders.place(caller, one("LAPTOP"))
        await expect(openShop({ store: embeddedStore({ folder }) })).rejects.toThrow(/is in use by another process/)
        await orders.close()
        const again = await openShop({ store: embeddedStore({ folder }) })
        expect(await again.get(caller.tenantId, after.orderId)).toEqual(after)
        await again.close()
      })
    }).pipe(Effect.scoped, Effect.runPromise))

  it("cannot be opened where there is a file", () =>
    Effect.gen(function* () {
      const file = join(yield* temporaryFolder, "a file")
      yield* Effect.promise(async () => {
        await writeFile(file, "")
        const opening = openShop({ store: embeddedStore({ folder: file }) })
        await expect(opening).rejects.toBeInstanceOf(CannotOpen)
        await expect(opening).rejects.toThrow(`The folder ${file} cannot be opened: EEXIST`)
      })
    }).pipe(Effect.scoped, Effect.runPromise))
})

describe("orders that were closed", () => {
  it("take no more calls, wherever one begins, and can be closed again", async () => {
    const orders = await openShop()
    const caller = newCaller()
    await Promise.all([orders.close(), orders.close()])
    const calls = [
      () => orders.place(caller, one("LAPTOP")),
      () => orders.get(caller.tenantId, "an order"),
      () => orders.auditTrail.deliver(() => {}),
      () => orders.auditTrail.all(caller.tenantId)[Symbol.asyncIterator]().next()
    ]
    for (const call of calls) await expect(call()).rejects.toBeInstanceOf(OrdersClosed)
    // What can be said without the store is said all the same.
    await expect(orders.reservations.stock("", "")).rejects.toBeInstanceOf(InvalidInput)
  })

  it("let finish what was being done", async () => {
    let answer = (_: ReadonlyArray<CatalogueEntry>): void => {}
    const catalogue = new Promise<ReadonlyArray<CatalogueEntry>>((resolve) => (answer = resolve))
    const orders = await openShop({ catalogue: () => catalogue })
    const placing = orders.place(newCaller(), one("BIKE"))
    const closing = orders.close()
    answer([bike])
    expect((await placing).after.status).toBe("pending")
    await closing
  })

  it("give up what is not done in time", async () => {
    const orders = await openShop({ catalogue: () => new Promise(() => {}) })
    const placing = orders.place(newCaller(), one("BIKE"))
    const closing = orders.close({ graceMs: 0 })
    await expect(placing).rejects.toBeInstanceOf(OrdersClosed)
    await closing
  })

  it("have no more news for those who listen", async () => {
    const orders = await openShop()
    const listening = (async () => {
      let heard = 0
      for await (const _ of orders.auditTrail.live()) heard++
      return heard
    })()
    await orders.place(newCaller(), one("LAPTOP"))
    await orders.close()
    expect(await listening).toBe(1)
  })

  it("were closed by leaving the block that opened them", async () => {
    const opened = await (async () => {
      await using orders = await openShop()
      return orders
    })()
    await expect(opened.list("a tenant")).rejects.toBeInstanceOf(OrdersClosed)
  })
})
