/** The service on a real socket: what only raw bytes can do wrong, clients that never finish, and an end that loses no answer. */
import { createConnection } from "node:net"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { createServer } from "node:http"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { App } from "../../src/http/app.ts"
import { layer as mounted } from "../../src/http/layer.ts"
import * as nodeServer from "../../src/http/nodeServer.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { layer as memoryStore } from "../../src/memory/MemoryOrderStore.ts"
import { hangMs } from "../support/limits.ts"
import { pauseOf, promiseUntil } from "../support/waiting.ts"
import { laptop, requestFor } from "../support/world.ts"
import { type Client, type Json, makeClient, quiet, refusal, servicesOver } from "./client.ts"

interface Running extends Client {
  readonly port: number
  readonly close: () => Promise<void>
}

const start = async (
  options: Partial<nodeServer.ServerOptions> = {},
  store: Layer.Layer<OrderStore> = memoryStore
): Promise<Running> => {
  const scope = Scope.makeUnsafe()
  const server = nodeServer
    .layer({ host: "127.0.0.1", port: 0, ...options })
    .pipe(Layer.provide(App.layer()), Layer.provide(servicesOver(store)), Layer.provide(quiet))
  const context = await Effect.runPromise(Layer.buildWithScope(server, scope))
  const { address } = Context.get(context, HttpServer.HttpServer)
  if (!("port" in address)) throw new Error("the server listens on no port")
  const { port } = address
  return { ...makeClient(fetch, `http://127.0.0.1:${port}`), port, close: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}

/** Send bytes as they are, and read until the server closes the connection. */
const exchange = (port: number, parts: Iterable<string>, pauseMs = 0): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = createConnection(port, "127.0.0.1")
    let received = ""
    socket.setEncoding("utf8")
    socket.on("data", (text: string) => (received += text))
    socket.on("close", () => resolve(received))
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ECONNRESET" && error.code !== "EPIPE") reject(error)
    })
    void (async () => {
      for (const part of parts) {
        if (socket.destroyed) return
        socket.write(part)
        if (pauseMs > 0) await pauseOf(pauseMs)
      }
    })()
  })

/** The first answer in what was received. */
const answerIn = (received: string) => {
  const [head = "", ...rest] = received.split("\r\n\r\n")
  const [line = "", ...fields] = head.split("\r\n")
  const headers = new Headers(
    fields.map((field): [string, string] => [field.slice(0, field.indexOf(":")), field.slice(field.indexOf(":") + 1)])
  )
  const text = rest.join("\r\n\r\n")
  const length = Number(headers.get("content-length"))
  const body = (text === "" ? {} : JSON.parse(Buffer.from(text).subarray(0, length).toString())) as Json
  return { status: Number(line.split(" ")[1]), headers, text, body }
}

const head = (line: string, ...fields: ReadonlyArray<string>): string =>
  `${[line, "Host: orders.test", "Connection: close", ...fields].join("\r\n")}\r\n\r\n`
const ada = ["Authorization: Bearer ada-key", "Tenant-ID: demo"]

describe("a Node server", () => {
  let running: Running
  beforeAll(async () => {
    running = await start()
  })
  afterAll(() => running.close())

  const sent = async (...parts: ReadonlyArray<string>) => answerIn(await exchange(running.port, parts))

  it("serves", async () => {
    const orderId = await running.place()
    expect((await running.call("POST", `/v1/orders/${orderId}/cancel`, { body: { reason: "x" } })).status).toBe(200)
  })

  const list = "GET /v1/orders HTTP/1.1"
  it.each([
    ["two keys", [...ada, "authorization: Bearer ada-key"], 401, "INVALID_TOKEN"],
    ["two tenants", [...ada, "TENANT-ID: other"], 403, "NO_TENANT_ACCESS"],
    ["one tenant twice", [...ada, "Tenant-Id: demo"], 403, "NO_TENANT_ACCESS"],
    ["two tenants in one header", ["Authorization: Bearer ada-key", "Tenant-ID: demo,other"], 403, "NO_TENANT_ACCESS"]
  ])("refuses %s", async (_, fields, status, code) => {
    expect(refusal(await sent(head(list, ...fields)))).toEqual([status, code])
  })

  it("refuses two idempotency keys, and takes one with a comma", async () => {
    const orderId = await running.place()
    const cancel = (...fields: ReadonlyArray<string>) =>
      head(`POST /v1/orders/${orderId}/cancel HTTP/1.1`, ...ada, "Content-Length: 0", ...fields)
    expect(refusal(await sent(cancel("Idempotency-Key: a", "Idempotency-Key: a")))).toEqual([400, "VALIDATION_ERROR"])
    expect(answerIn(await exchange(running.port, [cancel("Idempotency-Key: a, b")])).status).toBe(200)
  })

  it.each([
    ["garbage", "\u0000\u0001garbage\r\n\r\n"],
    ["a line that is no request", "HELLO\r\n\r\n"],
    ["another protocol", "GET / SMTP/1.1\r\n\r\n"],
    ["a header with a bare line feed", "GET /health HTTP/1.1\r\nHost: x\r\nX: a\nY: b\r\n\r\n"],
    ["a folded header", "GET /health HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n"],
    ["a NUL in a header", "GET /health HTTP/1.1\r\nHost: x\r\nX: a\u0000b\r\n\r\n"],
    ["two lengths", head("POST /v1/orders HTTP/1.1", ...ada, "Content-Length: 2", "Content-Length: 3")],
    ["a length and chunks", head("POST /v1/orders HTTP/1.1", ...ada, "Content-Length: 2", "Transfer-Encoding: chunked")],
    ["a negative length", head("POST /v1/orders HTTP/1.1", ...ada, "Content-Length: -1")],
    ["a chunk without a size", `${head("POST /v1/orders HTTP/1.1", ...ada, "Transfer-Encoding: chunked")}zz\r\n`],
    ["no Host", "GET /health HTTP/1.1\r\nConnection: close\r\n\r\n"]
  ])("refuses %s in the envelope", async (_, bytes) => {
    expect(refusal(await sent(bytes))).toEqual([400, "BAD_REQUEST"])
  })

  it("refuses headers without end", async () => {
    expect(refusal(await sent(`GET /health HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(20_000)}\r\n\r\n`))).toEqual([
      431,
      "HEADERS_TOO_LARGE"
    ])
  })

  it("refuses an expectation that it cannot meet, and meets the one that it can", async () => {
    expect(refusal(await sent(head("POST /v1/orders HTTP/1.1", ...ada, "Expect: miracles", "Content-Length: 2"), "{}"))).toEqual([
      417,
      "EXPECTATION_FAILED"
    ])
    const orderId = await running.place()
    const request = head(
      `POST /v1/orders/${orderId}/cancel HTTP/1.1`,
      ...ada,
      "Expect: 100-continue",
      "Content-Type: application/json",
      "Content-Length: 2"
    )
    expect(await exchange(running.port, [request, "{}"])).toMatch(/^HTTP\/1\.1 100 Continue[^]*HTTP\/1\.1 200 OK/)
  })

  it("refuses a body of a gigabyte by its length, without waiting for it", async () => {
    const request = head(
      "POST /v1/orders/x/cancel HTTP/1.1",
      ...ada,
      "Content-Type: application/json",
      "Content-Length: 1000000000"
    )
    expect(refusal(await sent(request))).toEqual([413, "PAYLOAD_TOO_LARGE"])
  })

  it("stops reading a body of unknown length where it gets too long", async () => {
    const request = head(
      "POST /v1/orders/x/cancel HTTP/1.1",
      ...ada,
      "Content-Type: application/json",
      "Transfer-Encoding: chunked"
    )
    const chunk = `400\r\n${"x".repeat(1024)}\r\n`
    const parts = function* () {
      yield request
      for (let count = 0; count < 64 * 1024; count++) yield chunk
    }
    expect(refusal(answerIn(await exchange(running.port, parts())))).toEqual([413, "PAYLOAD_TOO_LARGE"])
  })

  it("takes an empty body in chunks as none", async () => {
    const orderId = await running.place()
    const request = head(`POST /v1/orders/${orderId}/cancel HTTP/1.1`, ...ada, "Transfer-Encoding: chunked")
    expect(answerIn(await exchange(running.port, [request, "0\r\n\r\n"])).status).toBe(200)
  })

  it("refuses a key before it reads a body", async () => {
    const request = head("POST /v1/orders HTTP/1.1", "Content-Type: application/json", "Content-Length: 1000")
    expect(refusal(await sent(request))).toEqual([401, "AUTH_REQUIRED"])
  })

  it.each([
    ["GET /v1/orders/.. HTTP/1.1", 400, "VALIDATION_ERROR"],
    ["GET /v1/orders/. HTTP/1.1", 400, "VALIDATION_ERROR"],
    ["GET /v1/orders/%2e%2e HTTP/1.1", 400, "VALIDATION_ERROR"],
    ["GET /v1/orders/../../etc/passwd HTTP/1.1", 404, "NOT_FOUND"],
    ["GET /v1/orders/%E0%A4%A HTTP/1.1", 400, "VALIDATION_ERROR"],
    ["GET /v1/orders/a#b HTTP/1.1", 404, "NOT_FOUND"],
    ["GET //v1/orders HTTP/1.1", 404, "NOT_FOUND"],
    ["GET http://elsewhere.test/v1/nothing HTTP/1.1", 404, "NOT_FOUND"],
    ["OPTIONS * HTTP/1.1", 404, "NOT_FOUND"],
    ["GET \\v1\\orders HTTP/1.1", 400, "BAD_REQUEST"],
    ["TRACE /v1/orders HTTP/1.1", 405, "METHOD_NOT_ALLOWED"],
    ["PROPFIND /v1/orders HTTP/1.1", 405, "METHOD_NOT_ALLOWED"]
  ])("answers %s", async (line, status, code) => {
    expect(refusal(await sent(head(line, ...ada)))).toEqual([status, code])
  })
})

describe("a Node server that is soon impatient", () => {
  let running: Running
  beforeAll(async () => {
    running = await start({ timeouts: { headersTimeout: 1_000, requestTimeout: 1_500, connectionsCheckingInterval: 200 } })
  })
  afterAll(() => running.close())

  it("gives up on headers that trickle in, and serves everybody else meanwhile", async () => {
    const trickle = function* () {
      yield "GET /health HTTP/1.1\r\n"
      for (;;) yield "X-Slow: 1\r\n"
    }
    const slow = Array.from({ length: 20 }, () => exchange(running.port, trickle(), 100))
    expect((await running.call("GET", "/health")).status).toBe(200)
    for (const received of await Promise.all(slow)) {
      expect(refusal(answerIn(received))).toEqual([408, "REQUEST_TIMEOUT"])
    }
  })

  it("gives up on a body that never comes", async () => {
    const orderId = await running.place()
    const request = head(
      `POST /v1/orders/${orderId}/cancel HTTP/1.1`,
      ...ada,
      "Content-Type: application/json",
      "Content-Length: 20"
    )
    expect(await exchange(running.port, [request, '{"reason'])).not.toContain("200 OK")
    expect(await running.order(orderId)).toMatchObject({ status: "pending" })
  })
})

/** A store whose lists and commits wait until they are let go. */
const gated = () => {
  let release = () => {}
  let waiting = 0
  const gate = new Promise<void>((resolve) => (release = resolve))
  const wait = Effect.promise(() => {
    waiting++
    return gate
  })
  const store = Layer.effect(
    OrderStore,
    Effect.map(OrderStore, (inner) => ({
      ...inner,
      listOrders: (query) => Effect.andThen(wait, inner.listOrders(query)),
      commit: (changes) => Effect.andThen(wait, inner.commit(changes))
    }))
  ).pipe(Layer.provide(memoryStore))
  const until = (count: number) => promiseUntil(() => waiting === count)
  return { store, release, until }
}

describe("a server that is told to end", () => {
  it("finishes what has begun, takes nothing new, and ends", async () => {
    const { store, release, until } = gated()
    const running = await start({ grace: hangMs }, store)
    const pending = Array.from({ length: 20 }, () => running.call("GET", "/v1/orders"))
    await until(20)
    const closed = running.close()
    while ((await exchange(running.port, [head("GET /health HTTP/1.1")]).catch(() => "refused")) !== "refused");
    release()
    expect((await Promise.all(pending)).map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
    await closed
  })

  it("under load leaves nobody without an answer", async () => {
    const running = await start()
    let [answered, isOver] = [0, false]
    const client = async () => {
      for (;;) {
        try {
          const { status } = await running.call("POST", "/v1/orders/unknown/cancel")
          expect(status).toBe(404)
          answered++
        } catch (error) {
          // Only a connection that was never taken up may fail, and only once the end has begun.
          expect(isOver, String((error as Error).cause)).toBe(true)
          expect(String((error as { cause?: { code?: string } }).cause?.code)).toMatch(/ECONNREFUSED|ECONNRESET|UND_ERR_SOCKET/)
          return
        }
      }
    }
    const clients = Array.from({ length: 16 }, client)
    await promiseUntil(() => answered > 100)
    isOver = true
    await running.close()
    await Promise.all(clients)
  })

  it("answers 503 to what does not finish in time, and does not pretend to know how a change ended", async () => {
    const { store, until, release } = gated()
    const running = await start({ grace: "200 millis" }, store)
    const reading = running.call("GET", "/v1/orders")
    const placing = running.call("POST", "/v1/orders", { body: requestFor([laptop, 1]) })
    await until(2)
    await running.close()
    expect(refusal(await reading)).toEqual([503, "UNAVAILABLE"])
    expect(refusal(await placing)).toEqual([503, "OUTCOME_UNKNOWN"])
    release()
  })
})

describe("somebody else's server", () => {
  it("has the service among its own routes", async () => {
    const routes = Layer.merge(mounted(), HttpRouter.add("GET", "/hello", HttpServerResponse.text("hello")))
    const server = NodeHttpServer.layerServer(() => createServer(), { host: "127.0.0.1", port: 0 })
    const scope = Scope.makeUnsafe()
    const served = HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true }).pipe(
      Layer.provide(servicesOver(memoryStore)),
      Layer.provideMerge(server),
      Layer.provide(NodeHttpServer.layerHttpServices),
      Layer.provide(quiet)
    )
    const { address } = Context.get(await Effect.runPromise(Layer.buildWithScope(served, scope)), HttpServer.HttpServer)
    const url = `http://127.0.0.1:${"port" in address ? address.port : 0}`
    const client = makeClient(fetch, url)
    expect(await (await fetch(`${url}/hello`)).text()).toBe("hello")
    const orderId = await client.confirmed()
    expect((await client.call("POST", `/v1/orders/${orderId}/cancel`)).status).toBe(200)
    for (const [method, path, status, code] of [
      ["GET", "/v1/nothing", 404, "NOT_FOUND"],
      ["DELETE", "/v1/orders", 405, "METHOD_NOT_ALLOWED"],
      ["GET", `/v1/orders/${"x".repeat(129)}`, 400, "VALIDATION_ERROR"],
      ["POST", "/health", 405, "METHOD_NOT_ALLOWED"]
    ] as const) {
      expect(refusal(await client.call(method, path))).toEqual([status, code])
    }
    await Effect.runPromise(Scope.close(scope, Exit.void))
  })
})
