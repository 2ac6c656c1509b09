/** The description and its page: made once, compressed once, and not sent again to a reader who has them. */
import { brotliDecompressSync, gunzipSync } from "node:zlib"
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Api } from "../../src/http/Api.ts"
import { answerDocument, documentPaths, documentsOf, encodingFor } from "../../src/http/documents.ts"
import { type RunningServer, runServer } from "../support/runningServer.ts"
import { openService } from "./client.ts"

const service = openService()
afterAll(() => service.dispose())

/** As it is sent: without the decoding that `fetch` does. */
const read = async (path: string, headers: Readonly<Record<string, string>> = {}, method = "GET") => {
  const response = await service.handler(new Request(`http://orders.test${path}`, { method, headers }))
  return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) }
}

describe.each(documentPaths)("%s", (path) => {
  it("is the same in every encoding, each under a tag of its own", async () => {
    const plain = await read(path)
    const [br, gzip] = [await read(path, { "accept-encoding": "gzip, br" }), await read(path, { "accept-encoding": "gzip" })]
    expect([plain, br, gzip].map(({ headers }) => headers.get("content-encoding"))).toEqual([null, "br", "gzip"])
    expect(brotliDecompressSync(br.bytes).equals(plain.bytes)).toBe(true)
    expect(gunzipSync(gzip.bytes).equals(plain.bytes)).toBe(true)
    expect(br.bytes.length * 3).toBeLessThan(plain.bytes.length)
    expect(new Set([plain, br, gzip].map(({ headers }) => headers.get("etag"))).size).toBe(3)
  })

  it("may be kept, and is not sent again to who has it", async () => {
    const { headers } = await read(path, { "accept-encoding": "gzip" })
    const tag = headers.get("etag") ?? ""
    expect(headers.get("cache-control")).toMatch(/^public, max-age=\d+$/)
    expect(headers.get("vary")).toBe("Accept-Encoding")
    for (const known of [tag, `W/${tag}`, `"other", ${tag}`, "*"]) {
      const again = await read(path, { "if-none-match": known, "accept-encoding": "br" })
      expect([again.status, again.bytes.length, again.headers.get("cache-control")]).toEqual([
        304,
        0,
        headers.get("cache-control")
      ])
      expect(again.headers.get("x-request-id")).toMatch(/^req_/)
    }
    expect((await read(path, { "if-none-match": '"other"' })).status).toBe(200)
  })

  it("runs no script from elsewhere and stands in no frame", async () => {
    const { headers } = await read(path)
    expect(headers.get("content-security-policy")).toMatch(/^default-src 'none'; frame-ancestors 'none'/)
    expect(headers.get("content-security-policy")).not.toMatch(/script-src[^;]*(?:unsafe|https?:)/)
    expect(headers.get("x-content-type-options")).toBe("nosniff")
  })

  it("is made and compressed once, however many read it", async () => {
    const request = HttpServerRequest.fromWeb(new Request("http://orders.test", { headers: { "accept-encoding": "br" } }))
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => Effect.runPromise(answerDocument(documentsOf(Api), path, request)))
    )
    const bodies = answers.map(({ body }) => (body._tag === "Uint8Array" ? body.body : undefined))
    expect(bodies[0]?.length).toBeGreaterThan(1_000)
    expect(new Set(bodies).size).toBe(1)
  })
})

it.each([
  [undefined, "identity"],
  ["", "identity"],
  ["br", "br"],
  ["gzip, deflate, br, zstd", "br"],
  ["GZIP;q=0.5", "gzip"],
  ["br;q=0, gzip", "gzip"],
  ["br; q=0, *", "gzip"],
  ["*", "br"],
  ["*;q=0", "identity"],
  ["deflate", "identity"],
  ["br;q=nonsense", "identity"]
])("of Accept-Encoding %j comes %s", (accepted, encoding) => {
  expect(encodingFor(accepted)).toBe(encoding)
})

describe("HEAD", () => {
  let server: RunningServer
  beforeAll(async () => void (server = await runServer()))
  afterAll(() => server.close())

  it.each(["in process", "on a socket"])("answers like GET without the body, %s", async (where) => {
    const { call, place } = where === "in process" ? service : server
    const orderId = await place()
    const paths = [
      "/v1/orders",
      `/v1/orders/${orderId}`,
      "/v1/orders/unknown",
      "/v1/stock/A",
      "/v1/orders?limit=0",
      "/health",
      "/docs"
    ]
    for (const path of [...paths, "/openapi.json"]) {
      const headers = { "x-request-id": "the-same", "accept-encoding": "identity" }
      const [got, head] = [await call("GET", path, { headers }), await call("HEAD", path, { headers })]
      const ofConnection = new Set(["date", "connection", "keep-alive", "content-length"])
      const telling = (all: Headers) => [...all].filter(([name]) => !ofConnection.has(name))
      expect([head.status, head.text, telling(head.headers)]).toEqual([got.status, "", telling(got.headers)])
      expect([got.headers.get("content-length"), null]).toContain(head.headers.get("content-length"))
    }
    expect((await call("HEAD", "/v1/orders", { headers: { authorization: null } })).status).toBe(401)
    expect((await call("HEAD", "/v1/orders", { headers: { authorization: "Bearer eve-key" } })).status).toBe(200)
  })
})
