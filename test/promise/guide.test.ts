/** The guide for callers without Effect is true: its examples are the files, they run, and none of them needs Effect. */
import { execFile } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { createServer, type Server } from "node:http"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import express from "express"
import { fastify } from "fastify"
import { describe, expect, it, vi } from "vitest"
import { deliverEvents } from "../../docs/examples/deliver-events.ts"
import { applyOnce } from "../../docs/examples/safe-consumer.ts"
import { openYourOrders } from "../../docs/examples/open-on-postgresql.ts"
import { answerTo, expressErrors, fastifyErrors, serveOrders } from "../../docs/examples/orders-over-http.ts"
import { shutDown } from "../../docs/examples/shut-down.ts"
import { program } from "../../docs/examples/without-effect.ts"
import * as entry from "../../src/promise/index.ts"
import { type CancelOrder, OrdersClosed, OutcomeUnknown, StoreUnavailable } from "../../src/promise/index.ts"
import { importsOf } from "../support/layering.ts"
import { fileDatabase, openShop } from "../support/openedOrders.ts"
import { laptop, monitor, newCaller, requestFor } from "../support/world.ts"

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")
const guide = read("docs/guides/embedding-without-effect.md")
const drawn = [...guide.matchAll(/^<!-- drawn: (\S+) -->\n```ts\n([\s\S]*?)^```\n<!-- end of drawn -->$/gm)].map(
  ([, path = "", content = ""]) => ({ path, content })
)

const urlOf = async (server: Server): Promise<string> => {
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  if (typeof address !== "object" || address === null) throw new Error("a port was expected")
  return `http://127.0.0.1:${address.port}`
}

describe("the guide to embedding without Effect", () => {
  it("shows its examples as they run, and no other code", () => {
    expect(drawn).toHaveLength(6)
    expect(guide.match(/^```ts$/gm)).toHaveLength(drawn.length)
    expect(guide.match(/^```/gm)).toHaveLength(2 * drawn.length)
  })

  it("needs nothing but Node and this library", () => {
    for (const { content, path } of drawn) {
      for (const module of importsOf(content)) expect(module, path).toMatch(/^(?:node:|order-lifecycle\/promise(?:\/|$))/)
    }
  })

  it("names every function there is, and no error that there is not", async () => {
    const orders = await openShop()
    const functions = [
      ...Object.keys(orders).filter((name) => !["assets", "auditTrail", "outbox", "due", "reservations"].includes(name)),
      ...Object.keys(orders.assets).map((name) => `assets.${name}`),
      ...Object.keys(orders.auditTrail).map((name) => `auditTrail.${name}`),
      ...Object.keys(orders.outbox).map((name) => `outbox.${name}`),
      ...Object.keys(orders.due).map((name) => `due.${name}`),
      ...Object.keys(orders.reservations).map((name) => `reservations.${name}`)
    ]
    const table = guide.split("## All functions")[1] ?? ""
    const named = [...table.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = ""]) =>
      [...cell.matchAll(/`([\w.]+)`/g)].map(([, name]) => name)
    )
    expect(new Set(named)).toEqual(new Set(functions))
    expect(named).toHaveLength(functions.length)
    const classes = [...guide.matchAll(/`([A-Z]\w+)`/g)].map(([, name = ""]) => name)
    expect(classes.length).toBeGreaterThan(5)
    const known = new Set([...Object.keys(entry), "AbortSignal", "OrderStore", "ORDER_NOT_CANCELLABLE"])
    expect(classes.filter((name) => !known.has(name))).toEqual([])
    await orders.close()
  })
})

describe("the examples", () => {
  it("open orders as the documentation of openOrders shows it", async () => {
    const [, shown = ""] = / \* ```ts\n([\s\S]*?) \* ```/.exec(read("src/promise/openOrders.ts")) ?? []
    const entryPoint = new URL("../../src/promise/index.ts", import.meta.url).href
    const code = shown.replaceAll(/^ \* ?/gm, "").replace("order-lifecycle/promise", entryPoint)
    const [, promised] = /const page = .* => (\{.*\})$/m.exec(code) ?? []
    const program = `import { inspect } from "node:util"\n${code}\nconsole.log(inspect(page).replaceAll("'", '"'))`
    const args = ["--input-type=module-typescript", "--eval", program]
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      cwd: fileURLToPath(new URL("../..", import.meta.url))
    })
    expect(stdout.trim()).toBe(promised)
  })

  it("cancel an order, once its subscription has ended", async () => {
    expect(await program()).toBe("partial -> cancelled, released 1")
  })

  const url = fileDatabase()
  it("open orders on PostgreSQL, with products and assets of one's own", async () => {
    const orders = await openYourOrders(url(), {
      bySku: async (_, skus) =>
        skus.map((sku) => ({
          sku,
          productName: `The ${sku}`,
          isActive: true,
          currency: "EUR",
          pricing: [{ contractLength: 12, monthlyPrice: 10_00 }]
        })),
      bySerialNumber: async (_, serialNumber) =>
        serialNumber === "unknown" ? undefined : { sku: laptop, inRepair: serialNumber === "broken" }
    })
    const caller = newCaller()
    const { after } = await orders.place(caller, requestFor([laptop, 1], [monitor, 1]))
    const { orderId, customer } = (await orders.confirm(caller, after.orderId)).after
    const start = (assetSerialNumber: string) =>
      orders.startSubscription(caller, { orderId, customerId: customer.customerId, assetSerialNumber })
    await expect(start("unknown")).rejects.toMatchObject({ code: "ASSET_NOT_FOUND" })
    await expect(start("broken")).rejects.toMatchObject({ code: "ASSET_NOT_AVAILABLE" })
    expect((await start("sound")).after.status).toBe("partial")
    await orders.close()
  })

  it("answer over HTTP, and shut down when they are told to", async () => {
    const orders = await openShop()
    const { tenantId, actor } = newCaller()
    const placed = async () => (await orders.place({ tenantId, actor }, requestFor([laptop, 1]))).after.orderId
    const server = serveOrders(orders, () => ({ tenantId, userId: "ada" }))
    const base = await urlOf(server)
    const post = async (path: string, body: string, headers: Record<string, string> = {}) => {
      const response = await fetch(`${base}${path}`, { method: "POST", body, headers })
      return { status: response.status, body: await response.json() }
    }
    const [first, second] = [await placed(), await placed()]
    const key = { "idempotency-key": "a key" }
    const cancelled = { status: 200, body: { orderId: first, status: "cancelled" } }
    expect(await post(`/orders/${first}/cancel`, '{"reason":"moved"}', key)).toEqual(cancelled)
    expect(await post(`/orders/${first}/cancel`, '{"reason":"moved"}', key)).toEqual(cancelled)
    expect((await orders.get(tenantId, first)).cancellation).toMatchObject({ reason: "moved" })
    const refusals: ReadonlyArray<readonly [number, string, Awaited<ReturnType<typeof post>>]> = [
      [400, "ALREADY_CANCELLED", await post(`/orders/${first}/cancel`, "{}")],
      [422, "IDEMPOTENCY_KEY_REUSED", await post(`/orders/${second}/cancel`, "{}", key)],
      [400, "VALIDATION_ERROR", await post(`/orders/${second}/cancel`, '{"reason":5}')],
      [400, "VALIDATION_ERROR", await post(`/orders/${second}/cancel`, "no JSON")],
      [404, "NOT_FOUND", await post("/orders/nowhere/cancel", "{}")],
      [404, "NOT_FOUND", await post("/elsewhere", "{}")]
    ]
    const late = await orders.cancel({ tenantId, actor, expectedVersion: 7 }, second).catch(answerTo)
    expect(late).toMatchObject({ status: 412, body: { error: { code: "VERSION_MISMATCH" } } })
    for (const [status, code, answer] of refusals) expect(answer).toMatchObject({ status, body: { error: { code } } })
    await shutDown(server, orders)
    await expect(orders.get(tenantId, first)).rejects.toBeInstanceOf(OrdersClosed)
  })

  it("map what is none of the customer's doing, and tell nothing of it", () => {
    const cause = new Error("password of the database")
    const answers = [new OutcomeUnknown({ cause }), new StoreUnavailable({ cause }), cause].map(answerTo)
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 500])
    expect(JSON.stringify(answers)).not.toContain("password")
  })

  const cancelling = (orders: Awaited<ReturnType<typeof openShop>>, tenantId: string) => (orderId: string, body: unknown) =>
    orders.cancel({ tenantId, actor: { userId: "ada" } }, orderId, body as CancelOrder)

  /** The same service in each framework, as its own manual would write it. */
  const frameworks = {
    Express: async (cancel: ReturnType<typeof cancelling>) => {
      const app = express()
      app.use(express.json({ limit: 100 }))
      app.post("/orders/:orderId/cancel", async (request, response) => {
        const { after } = await cancel(request.params.orderId, request.body)
        response.json({ status: after.status })
      })
      app.use(expressErrors)
      const server = createServer(app)
      return { url: await urlOf(server), close: async () => void server.close() }
    },
    Fastify: async (cancel: ReturnType<typeof cancelling>) => {
      const app = fastify({ bodyLimit: 100 })
      app.post<{ Params: { orderId: string } }>("/orders/:orderId/cancel", async (request) => {
        const { after } = await cancel(request.params.orderId, request.body)
        return { status: after.status }
      })
      app.setErrorHandler(fastifyErrors)
      return { url: await app.listen({ port: 0, host: "127.0.0.1" }), close: () => app.close() }
    }
  }

  it.each(["Express", "Fastify"] as const)("answer in %s, and log what went wrong inside", async (name) => {
    const orders = await openShop()
    const { tenantId, actor } = newCaller()
    const { orderId } = (await orders.place({ tenantId, actor }, requestFor([laptop, 1]))).after
    const logged = vi.spyOn(console, "error").mockImplementation(() => {})
    const cancel = cancelling(orders, tenantId)
    const defect = new Error("password of the database")
    const { url, close } = await frameworks[name]((id, body) => (id === "broken" ? Promise.reject(defect) : cancel(id, body)))
    const post = async (id: string, body: string) => {
      const headers = { "content-type": "application/json" }
      const response = await fetch(`${url}/orders/${id}/cancel`, { method: "POST", body, headers })
      const text = await response.text()
      expect(text).not.toContain("password")
      const { error, status } = JSON.parse(text) as { error?: { code: string }; status?: string }
      return [response.status, error?.code ?? status]
    }
    try {
      expect(await post(orderId, "{bad")).toEqual([400, "BAD_REQUEST"])
      expect(await post(orderId, JSON.stringify({ reason: "x".repeat(200) }))).toEqual([413, "BAD_REQUEST"])
      expect(await post(orderId, '{"reason":5}')).toEqual([400, "VALIDATION_ERROR"])
      expect(await post("nowhere", "{}")).toEqual([404, "NOT_FOUND"])
      expect(await post(orderId, "{}")).toEqual([200, "cancelled"])
      expect(logged).not.toHaveBeenCalled()
      expect(await post("broken", "{}")).toEqual([500, "INTERNAL_ERROR"])
      expect(logged.mock.calls).toEqual([[defect]])
    } finally {
      logged.mockRestore()
      await close()
      await orders.close()
    }
  })

  it("deliver every event, in sequence, until they are stopped", async () => {
    const orders = await openShop()
    const caller = newCaller()
    const { after } = await orders.place(caller, requestFor([laptop, 1]))
    await orders.cancel(caller, after.orderId)
    await orders.outbox.add("broker", { from: "beginning" })
    const controller = new AbortController()
    const published: Array<string> = []
    await deliverEvents(
      orders,
      "broker",
      async ({ type }) => {
        published.push(type)
        if (type === "order.cancelled") controller.abort()
      },
      controller.signal
    )
    expect(published).toEqual(["order.placed", "order.cancelled"])
    await orders.close()
  })

  it("apply every event once and in sequence, whatever comes twice or too late", async () => {
    const orders = await openShop()
    const caller = newCaller()
    const { event: placed, after } = await orders.place(caller, requestFor([laptop, 1]))
    const { event: cancelled } = await orders.cancel(caller, after.orderId)
    const highest = new Map<string, number>()
    const applied: Array<string> = []
    // As the statement does: compared and raised in one step.
    const advance = async (order: string, sequence: number) => {
      if ((highest.get(order) ?? 0) >= sequence) return false
      highest.set(order, sequence)
      return true
    }
    const take = applyOnce({ advance }, async ({ type }) => void applied.push(type))
    for (const event of [placed, placed, cancelled, placed, cancelled]) await take(event)
    expect(applied).toEqual(["order.placed", "order.cancelled"])

    // Two relays at once, one of them late by an event.
    applied.length = 0
    highest.clear()
    await Promise.all([placed, placed, cancelled, placed, cancelled].map(take))
    expect(applied).toEqual(["order.placed", "order.cancelled"])
    await orders.close()
  })
})
