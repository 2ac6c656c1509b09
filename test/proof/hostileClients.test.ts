/** Clients that take up connections and give nothing for them. They are cut in the end, and meanwhile everybody else is served. */
import { connect, type Socket } from "node:net"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { amount, tried } from "../support/evidence.ts"
import { exchange } from "../support/rawHttp.ts"
import { type RunningServer, runServer } from "../support/runningServer.ts"
import { pauseOf } from "../support/waiting.ts"
import { laptop, requestFor } from "../support/world.ts"

let server: RunningServer
let orderId: string
const timeouts = {
  headersTimeout: 2_000,
  requestTimeout: 3_000,
  keepAliveTimeout: 1_000,
  idleTimeout: 4_000,
  connectionsCheckingInterval: 250
}

beforeAll(async () => {
  server = await runServer({ timeouts })
  orderId = await server.place(50)
})
afterAll(() => server.close())

const identity = "Host: orders.test\r\nAuthorization: Bearer ada-key\r\nTenant-ID: demo\r\n"

/** What a client sends at once, and what it sends again and again after that. */
interface SlowKind {
  readonly first: () => string
  readonly again?: string
  /** Never reads what it is sent. */
  readonly isDeaf?: boolean
}

const kinds: Record<string, SlowKind> = {
  "that says nothing": { first: () => "" },
  "whose headers trickle in": { first: () => `GET /v1/orders HTTP/1.1\r\n${identity}`, again: "X: 1\r\n" },
  "whose body trickles in": {
    first: () =>
      `POST /v1/orders/${orderId}/cancel HTTP/1.1\r\n${identity}Content-Type: application/json\r\nContent-Length: 9000\r\n\r\n{`,
    again: " "
  },
  "whose chunks trickle in": {
    first: () =>
      `POST /v1/orders/${orderId}/cancel HTTP/1.1\r\n${identity}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    again: "1\r\n \r\n"
  },
  "that keeps its connection and asks no more": { first: () => `GET /health HTTP/1.1\r\n${identity}\r\n` },
  "that asks much and reads nothing": {
    first: () => `GET /docs HTTP/1.1\r\n${identity}\r\n`.repeat(4),
    again: " ",
    isDeaf: true
  }
}

/** Be such a client until the server has had enough. Resolves when the connection is gone. */
const beSlow = ({ first, again, isDeaf = false }: SlowKind): Promise<void> =>
  new Promise((gone) => {
    const socket: Socket = connect({ port: server.port, host: "127.0.0.1" })
    socket.on("error", () => {})
    socket.on("connect", () => socket.write(first()))
    // A deaf one writes on as well, without being read itself: that is how it learns that nobody is there any more.
    const write = async (more: string) => {
      for (await pauseOf(150); !socket.destroyed; await pauseOf(isDeaf ? 1_000 : 150)) socket.write(more)
    }
    if (again !== undefined) void write(again)
    if (isDeaf) socket.pause()
    else socket.resume()
    socket.on("close", () => gone())
  })

describe("slow clients", () => {
  const count = amount(400, 30)
  /** So many answers to the others, beside them. */
  const enough = 60

  it(`are all cut, ${count} of them, while everybody else is answered and the order they hang on to stays`, async () => {
    const [deaf = [], others = []] = [true, false].map((isDeaf) =>
      Object.values(kinds).filter((kind) => (kind.isDeaf ?? false) === isDeaf)
    )
    // Whoever is cut begins anew, until the others have been answered often enough.
    const counts = { begun: 0, gone: 0, healthy: 0 }
    const lane = async (index: number) => {
      // What deaf ones ask for is three megabytes each time, and costs the service time to make.
      const some = index % 20 === 0 ? deaf : others
      while (counts.begun < count || counts.healthy < enough) {
        counts.begun++
        await beSlow(some[index % some.length] ?? { first: () => "" })
        counts.gone++
      }
    }
    const slow = Array.from({ length: count }, (_, index) => lane(index))
    while (counts.healthy < enough) {
      const answers = await Promise.all([
        server.call("GET", "/health"),
        server.call("GET", `/v1/orders/${orderId}`),
        server.call("POST", "/v1/orders/nobody/cancel")
      ])
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 404])
      counts.healthy += answers.length
      await pauseOf(20)
    }
    await Promise.all(slow)
    expect([counts.gone, counts.gone >= count]).toEqual([counts.begun, true])
    expect(await server.order(orderId)).toMatchObject({ status: "pending" })
    tried("slow clients, all of them cut", counts.gone)
    tried("calls answered beside slow clients", counts.healthy)
  })
})

describe("a server with room for few", () => {
  it("takes no more connections than it has room for, and takes them again when there is room", async () => {
    const small = await runServer({ connections: { maxConnections: 5 } })
    const idle = await Promise.all(
      Array.from(
        { length: 5 },
        () =>
          new Promise<Socket>((opened) => {
            const socket = connect(small.port, "127.0.0.1", () => opened(socket))
            socket.on("error", () => {}).resume()
          })
      )
    )
    const ask = () => exchange(small.port, ["GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"])
    expect(await ask()).toBe("")
    for (const socket of idle) socket.destroy()
    await expect.poll(ask).toContain("200 OK")
    await small.close()
  })

  it("carries out so many requests on one connection and then ends it: what is sent behind them is not done", async () => {
    const small = await runServer({ connections: { maxRequestsPerSocket: 10 }, timeouts: { keepAliveTimeout: 200 } })
    const body = JSON.stringify(requestFor([laptop, 1]))
    const placing = `POST /v1/orders HTTP/1.1\r\n${identity}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    const received = await exchange(small.port, [placing.repeat(30)])
    expect(received.match(/HTTP\/1\.1 201 /g)).toHaveLength(10)
    // Node itself refuses the rest, with a status and no more.
    expect(new Set(received.match(/HTTP\/1\.1 \d+/g))).toEqual(new Set(["HTTP/1.1 201", "HTTP/1.1 503"]))
    expect((await small.call("GET", "/v1/orders")).body).toMatchObject({ count: 10 })
    await small.close()
  })
})
