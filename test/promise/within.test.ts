/** Commands within a transaction of the caller's own: through pg, Kysely and Drizzle. */
import { sql as drizzleSql } from "drizzle-orm"
import { drizzle } from "drizzle-orm/node-postgres"
import { CompiledQuery, Kysely, PostgresDialect } from "kysely"
import { Pool, type PoolClient } from "pg"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { TransactionMustRestart, TransactionHasFailed } from "../../src/postgres/sqlFailure.ts"
import { CannotJoin, type OpenTransaction, openOrders, type Orders } from "../../src/promise/index.ts"
import { memoryStore } from "../../src/promise/memoryStore.ts"
import { postgresStore } from "../../src/promise/postgres/index.ts"
import { fileDatabase } from "../support/openedOrders.ts"

const url = fileDatabase()
let pool: Pool
let orders: Orders
let kysely: Kysely<unknown>

const catalogue = [
  { sku: "BIKE", productName: "Bike", isActive: true, currency: "EUR", pricing: [{ contractLength: 12, monthlyPrice: 99_00 }] }
]

beforeAll(async () => {
  orders = await openOrders({ store: postgresStore({ url: url() }), catalogue })
  pool = new Pool({ connectionString: url(), max: 8 })
  kysely = new Kysely({ dialect: new PostgresDialect({ pool }) })
  await pool.query("CREATE TABLE notes (id text PRIMARY KEY)")
})
afterAll(async () => {
  await orders.close()
  await kysely.destroy()
})

let count = 0
const caller = () => ({ tenantId: `tenant-${count++}`, actor: { userId: "ada" } })
const request = (email = "grace@example.com") => ({
  customer: { email, firstName: "Grace", lastName: "Hopper" },
  billingAddress: { contactName: "Grace Hopper", streetAddress: "Quay 1", city: "Rotterdam", country: "NL" },
  items: [{ sku: "BIKE", quantity: 2 }]
})
const note = () => `note-${count++}`
const notes = async (id: string) => (await pool.query("SELECT id FROM notes WHERE id = $1", [id])).rowCount

/** A transaction as each way of working with PostgreSQL opens it. What `work` throws undoes it. */
type Transact = <A>(work: (transaction: OpenTransaction) => Promise<A>) => Promise<A>

const onClient = async <A>(begin: string, work: (client: PoolClient) => Promise<A>): Promise<A> => {
  const client = await pool.connect()
  try {
    await client.query(begin)
    const answer = await work(client)
    await client.query("COMMIT")
    return answer
  } catch (error) {
    await client.query("ROLLBACK")
    throw error
  } finally {
    client.release()
  }
}
const of = (client: PoolClient): OpenTransaction => ({ query: (text, values) => client.query(text, [...values]) })

/** A statement with `$1` in it as Drizzle takes it. */
const forDrizzle = (text: string, values: ReadonlyArray<unknown>) =>
  drizzleSql.join(
    text
      .split(/\$(\d+)/)
      .map((part, index) => (index % 2 === 0 ? drizzleSql.raw(part) : drizzleSql.param(values[Number(part) - 1])))
  )

const ways: Readonly<Record<string, Transact>> = {
  pg: (work) => onClient("BEGIN", (client) => work(of(client))),
  Kysely: (work) =>
    kysely.transaction().execute((trx) =>
      work({
        query: (text, values) => trx.executeQuery(CompiledQuery.raw(text, [...values])) as Promise<{ rows: Array<object> }>
      })
    ),
  Drizzle: (work) =>
    drizzle(pool).transaction((tx) =>
      work({ query: (text, values) => tx.execute(forDrizzle(text, values)) as Promise<{ rows: Array<object> }> })
    )
}

/** Events that a listener of this process hears of a tenant, from now on. */
const listen = (tenantId: string) => {
  const heard: Array<string> = []
  const leaving = new AbortController()
  const listening = (async () => {
    for await (const { event } of orders.auditTrail.live({ signal: leaving.signal }))
      if (event.tenantId === tenantId) heard.push(event.type)
  })().catch(() => {})
  return {
    heard,
    leave: async () => {
      leaving.abort()
      await listening
    }
  }
}

describe.each(Object.entries(ways))("within a transaction of %s", (_, transact) => {
  it("commands are committed with what else is in it, and told once the caller says so", async () => {
    const ada = caller()
    const id = note()
    const { heard, leave } = listen(ada.tenantId)
    const before = await orders.place(ada, request())
    await expect.poll(() => heard).toEqual(["order.placed"])
    const { outcome, committed } = await transact((transaction) =>
      orders.within(transaction, async (inside) => {
        await transaction.query("INSERT INTO notes (id) VALUES ($1)", [id])
        const { after } = await inside.place(ada, request("alan@example.com"))
        await inside.confirm(ada, after.orderId)
        await inside.cancel(ada, before.after.orderId, { reason: "Both or none" })
        // What was done here is seen here, and nowhere else yet.
        expect((await inside.get(ada.tenantId, after.orderId)).status).toBe("confirmed")
        await expect(orders.get(ada.tenantId, after.orderId)).rejects.toMatchObject({ code: "NOT_FOUND" })
        return after.orderId
      })
    )
    expect(await notes(id)).toBe(1)
    expect((await orders.get(ada.tenantId, outcome)).status).toBe("confirmed")
    expect((await orders.get(ada.tenantId, before.after.orderId)).cancellation?.reason).toBe("Both or none")
    expect(heard).toEqual(["order.placed"])
    await committed()
    await expect.poll(() => heard).toEqual(["order.placed", "order.placed", "order.confirmed", "order.cancelled"])
    // Told once, however often it is said.
    await committed()
    expect(heard).toHaveLength(4)
    await leave()
  })

  it("that is rolled back leaves nothing and tells nothing", async () => {
    const ada = caller()
    const id = note()
    const { heard, leave } = listen(ada.tenantId)
    await orders.outbox.add("mail", { tenantId: ada.tenantId })
    const { after } = await orders.place(ada, request())
    const failing = transact((transaction) =>
      orders.within(transaction, async (inside) => {
        await transaction.query("INSERT INTO notes (id) VALUES ($1)", [id])
        await inside.cancel(ada, after.orderId)
        throw new Error("on second thoughts")
      })
    )
    await expect(failing).rejects.toThrow("on second thoughts")
    expect(await notes(id)).toBe(0)
    expect(await orders.get(ada.tenantId, after.orderId)).toEqual(after)
    expect(await orders.auditTrail.history(ada.tenantId, after.orderId)).toHaveLength(1)
    const seen: Array<string> = []
    const deliver = () =>
      orders.outbox.deliver("mail", ({ sealed }) => void seen.push(sealed.event.type), { tenantId: ada.tenantId })
    await deliver()
    await deliver()
    expect(seen).toEqual(["order.placed"])
    await orders.confirm(ada, after.orderId)
    await expect.poll(() => heard).toEqual(["order.placed", "order.confirmed"])
    await leave()
  })

  it("a refusal leaves it usable, and so does a command that lost its race", async () => {
    const ada = caller()
    const id = note()
    const { after } = await orders.place(ada, request())
    await transact((transaction) =>
      orders.within(transaction, async (inside) => {
        await inside.confirm(ada, after.orderId)
        await expect(inside.confirm(ada, after.orderId)).rejects.toMatchObject({ code: "ORDER_NOT_PENDING" })
        await transaction.query("INSERT INTO notes (id) VALUES ($1)", [id])
        await inside.cancel(ada, after.orderId)
      })
    )
    expect(await notes(id)).toBe(1)
    expect((await orders.get(ada.tenantId, after.orderId)).version).toBe(3)
    // Two that place for the same new customer at once: one of them finds the customer taken, and decides again.
    const placed = await Promise.all(
      [1, 2].map(() =>
        transact((transaction) => orders.within(transaction, (inside) => inside.place(ada, request("new@example.com"))))
      )
    )
    const customers = placed.map(({ outcome }) => outcome.after.customer.customerId)
    expect(new Set(customers).size).toBe(1)
  })

  it("commands given at once take turns", async () => {
    const ada = caller()
    const { outcome } = await transact((transaction) =>
      orders.within(transaction, (inside) => Promise.all(Array.from({ length: 5 }, () => inside.place(ada, request()))))
    )
    const page = await orders.list(ada.tenantId)
    expect(page.items.map(({ orderId }) => orderId).toSorted()).toEqual(outcome.map(({ after }) => after.orderId).toSorted())
  })
})

describe("a transaction of the caller's own", () => {
  it("that no longer sees the order as it is must be begun again", async () => {
    const ada = caller()
    const { after } = await orders.place(ada, request())
    const tooLate = onClient("BEGIN ISOLATION LEVEL REPEATABLE READ", async (client) => {
      await client.query("SELECT 1 FROM notes")
      await orders.confirm(ada, after.orderId)
      await orders.within(of(client), (inside) => inside.cancel(ada, after.orderId))
    })
    await expect(tooLate).rejects.toMatchObject({
      _tag: "StoreUnavailable",
      cause: expect.any(TransactionMustRestart) as unknown
    })
    expect((await orders.get(ada.tenantId, after.orderId)).status).toBe("confirmed")
  })

  it("that had failed before says so", async () => {
    const ada = caller()
    const { after } = await orders.place(ada, request())
    const failed = onClient("BEGIN", async (client) => {
      await client.query("SELECT nothing FROM nowhere").catch(() => {})
      await orders.within(of(client), (inside) => inside.cancel(ada, after.orderId))
    })
    await expect(failed).rejects.toMatchObject({ _tag: "StoreUnavailable", cause: expect.any(TransactionHasFailed) as unknown })
  })

  it("that is not open is a mistake, and nothing is done", async () => {
    const ada = caller()
    const { after } = await orders.place(ada, request())
    const client = await pool.connect()
    try {
      await expect(orders.within(of(client), (inside) => inside.cancel(ada, after.orderId))).rejects.toThrow(/transaction block/)
    } finally {
      client.release()
    }
    expect(await orders.get(ada.tenantId, after.orderId)).toEqual(after)
  })

  it("whose columns come back under other names is refused before anything is done", async () => {
    const ada = caller()
    const { after } = await orders.place(ada, request())
    const renaming = onClient("BEGIN", (client) =>
      orders.within(
        {
          query: async (text, values) => {
            const { rows } = await client.query<Record<string, unknown>>(text, [...values])
            return {
              rows: rows.map((row) =>
                Object.fromEntries(Object.entries(row).map(([name, value]) => [name.replaceAll("_", ""), value]))
              )
            }
          }
        },
        (inside) => inside.cancel(ada, after.orderId)
      )
    )
    await expect(renaming).rejects.toThrow("the server's own names of columns")
    const listing = onClient("BEGIN", (client) =>
      orders.within({ query: async (text, values) => (await client.query(text, [...values])).rows as never }, (inside) =>
        inside.get(ada.tenantId, after.orderId)
      )
    )
    await expect(listing).rejects.toThrow("within: query must answer { rows }")
    expect(await orders.get(ada.tenantId, after.orderId)).toEqual(after)
  })

  it("cannot be joined by orders in memory, and is named when it is none", async () => {
    const inMemory = await openOrders({ store: memoryStore(), catalogue })
    await expect(inMemory.within({ query: async () => ({ rows: [] }) }, () => 1)).rejects.toBeInstanceOf(CannotJoin)
    await inMemory.close()
    await expect(orders.within({} as OpenTransaction, () => 1)).rejects.toMatchObject({
      details: [{ path: "query", message: expect.stringContaining("must be a function") as unknown }]
    })
  })
})
