/**
 * Hostile requests, byte by byte, against the service on Node's own server. Each is answered in the envelope with a status that the
 * service declares, or its connection is closed; nothing is told of the inside, nothing is changed, and the server lives on.
 */
import { METHODS } from "node:http"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { TenantId } from "../../src/order/Order.ts"
import { hasCommonHeaders } from "../http/client.ts"
import { amount, tried } from "../support/evidence.ts"
import { hostileRequests, type HostileRequest } from "../support/hostileRequests.ts"
import { hangMs } from "../support/limits.ts"
import { leakIn } from "../support/leaks.ts"
import { answersIn, exchange, type RawAnswer } from "../support/rawHttp.ts"
import { type RunningServer, runServer } from "../support/runningServer.ts"
import { pick, type Random, seeded, whole } from "../support/seeded.ts"
import { servedContract } from "../support/servedContract.ts"
import { recordedStore } from "../support/recordedStore.ts"

const store = recordedStore()
let server: RunningServer
/** The same service, which does not wait long for what never comes. The other one waits for everything, as a busy machine may be slow. */
let impatient: RunningServer
let victim: string
const { judge } = servedContract()

beforeAll(async () => {
  const usual = { keepAliveTimeout: 500, connectionsCheckingInterval: 100 }
  server = await runServer({
    store: store.layer,
    timeouts: { ...usual, headersTimeout: hangMs, requestTimeout: hangMs, idleTimeout: hangMs }
  })
  impatient = await runServer({ timeouts: { ...usual, headersTimeout: 1_000, requestTimeout: 1_500 } })
  victim = await server.place()
})
afterAll(() => Promise.all([server.close(), impatient.close()]))

const tenants = ["demo", "other", "bobs"].map((tenant) => TenantId.make(tenant))

/** The requests in what is sent, as far as it has any, by method and path. */
const requestsIn = (bytes: string) =>
  Array.from(bytes.matchAll(/\b([A-Z]{3,20}) {1,9}(?:https?:\/\/[^/\s]*)?([^\s?]*)/gi), ([, method = "", path = ""]) => ({
    method,
    path
  })).filter(({ method, path }) => METHODS.includes(method) && path.startsWith("/"))

/** What is wrong with an answer, whatever it answers. */
const faultsOf = (
  { status, headers, text }: RawAnswer,
  { method, path }: { method: string; path: string }
): ReadonlyArray<string> => {
  const leak = leakIn(text) ?? leakIn(JSON.stringify([...headers]))
  // Which path was meant is guessed from the bytes. What was not found was on no path that there is.
  const undeclared = judge(method, status === 404 && method !== "HEAD" ? "*" : path, { status, text, headers })
  return [
    ...(status === 500 ? ["a fault of the service"] : []),
    ...(hasCommonHeaders(headers) ? [] : [`without the headers of every answer: ${JSON.stringify([...headers])}`]),
    ...(headers.get("content-type") === "application/json" ? [] : [`of type ${headers.get("content-type")}`]),
    ...(leak === undefined ? [] : [`tells "${leak}"`]),
    ...(undeclared === undefined ? [] : [undeclared])
  ]
}

/** Send a request; what came of it, and everything that is wrong with that. */
const attack = async ({ parts, ending }: Pick<HostileRequest, "parts" | "ending">, { port }: RunningServer) => {
  const bytes = parts.join("")
  const requests = requestsIn(bytes)
  const received = await exchange(port, parts, ending && { ending })
  try {
    const answers = answersIn(received, bytes.startsWith("HEAD "))
    const outcome = answers.map(({ status, text }) => {
      const [, code] = /^\{"error":\{"code":"([A-Z_]+)"/.exec(text) ?? []
      return code === undefined ? String(status) : `${status} ${code}`
    })
    const faults = answers.flatMap((answer, index) => faultsOf(answer, requests[index] ?? { method: "GET", path: "/health" }))
    return { outcome: outcome.join(", ") || "closed", faults }
  } catch (error) {
    return { outcome: "not HTTP", faults: [`${(error as Error).message} in ${JSON.stringify(received.slice(0, 300))}`] }
  }
}

/** Attack with all of them, forty at a time. Says of each what it is, when something is wrong. */
const attackWith = async (requests: Iterable<HostileRequest | Omit<HostileRequest, "outcome">>) => {
  const wrong: Array<string> = []
  const outcomes: Array<string> = []
  const queue = requests[Symbol.iterator]()
  const work = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) {
      const given = "outcome" in next.value ? next.value.outcome : undefined
      const { outcome, faults } = await attack(next.value, given === "408 REQUEST_TIMEOUT" ? impatient : server)
      outcomes.push(outcome)
      const expected = given ?? outcome
      const all = [...(outcome === expected ? [] : [`answered "${outcome}", expected "${expected}"`]), ...faults]
      if (all.length > 0) wrong.push(`${next.value.name}: ${all.join("; ")}`)
    }
  }
  await Promise.all(Array.from({ length: 40 }, work))
  return { wrong, outcomes }
}

describe("the service", () => {
  it("answers each request of the table as it should, tells nothing, changes nothing and lives on", async () => {
    const before = await store.contents(...tenants)
    const requests = hostileRequests(victim)
    expect(requests.length).toBeGreaterThanOrEqual(250)
    const { wrong, outcomes } = await attackWith(requests)
    expect(wrong).toEqual([])
    expect(outcomes).toHaveLength(requests.length)
    expect(await store.contents(...tenants)).toBe(before)
    expect(store.writes).toHaveLength(1)
    expect((await server.call("GET", "/health")).status).toBe(200)
    tried("hostile requests of the table, byte by byte", requests.length)
  })

  const mutants = amount(1_000, 100)

  it(`answers ${mutants} requests with bytes changed, lost, doubled or put in as well`, () =>
    seeded(async (random) => {
      const before = await store.contents(...tenants)
      const { wrong, outcomes } = await attackWith(mutated(random, mutants))
      expect(wrong).toEqual([])
      expect(await store.contents(...tenants)).toBe(before)
      expect(store.writes).toHaveLength(1)
      // Neither all of it was refused, nor all of it understood.
      expect(outcomes).toContain("400 BAD_REQUEST")
      expect(outcomes).toContain("404 NOT_FOUND")
      tried("hostile requests from mutation, byte by byte", outcomes.length)
    }))
})

const withKey = (line: string, key: string, ...fields: ReadonlyArray<string>) =>
  [line, "Host: orders.test", "Connection: close", `Authorization: Bearer ${key}-key`, "Tenant-ID: demo", ...fields, "", ""].join(
    "\r\n"
  )

/** None of these changes anything, and nothing that a few bytes can do makes one that does: the orders are nobody's. */
const seeds = [
  withKey("GET /v1/orders?limit=3&sortBy=createdAt HTTP/1.1", "ada"),
  `${withKey("POST /v1/orders/nobody/cancel HTTP/1.1", "ada", "Content-Type: application/json", "Content-Length: 14")}{"reason":"x"}`,
  `${withKey("POST /v1/subscriptions HTTP/1.1", "ada", "Content-Type: application/json", "Transfer-Encoding: chunked")}3c\r\n{"orderId":"nobody","assetSerialNumber":"S","customerId":"C"}\r\n0\r\n\r\n`,
  withKey("PATCH /v1/orders/nobody/notes HTTP/1.1", "eve", "Content-Length: 0", "Idempotency-Key: k")
]

const particles = [
  "\0",
  "\r",
  "\n",
  "\r\n",
  "\r\n\r\n",
  " ",
  "\t",
  ":",
  ",",
  ";",
  '"',
  "%",
  "%00",
  "%2e",
  "/",
  "..",
  "\x7f",
  "\xff",
  "chunked",
  "0\r\n\r\n",
  "Content-Length: 1\r\n",
  "Tenant-ID: bobs\r\n"
]

const mutate = (random: Random, bytes: string): string => {
  const at = whole(random, 0, bytes.length)
  const length = whole(random, 1, 6)
  switch (whole(random, 0, 5)) {
    case 0:
      return bytes.slice(0, at) + String.fromCharCode(whole(random, 0, 256)) + bytes.slice(at + 1)
    case 1:
      return bytes.slice(0, at) + bytes.slice(at + length)
    case 2:
      return bytes.slice(0, at + length) + bytes.slice(at)
    case 3:
      return bytes.slice(0, at)
    default:
      return bytes.slice(0, at) + pick(random, particles) + bytes.slice(at)
  }
}

function* mutated(random: Random, count: number) {
  for (let number = 0; number < count; number++) {
    let bytes = pick(random, seeds)
    for (let left = whole(random, 1, 4); left > 0; left--) bytes = mutate(random, bytes)
    // What is cut short is not waited for: its client says that there is no more.
    yield { name: JSON.stringify(bytes), parts: [bytes], ending: "half-close" as const }
  }
}
