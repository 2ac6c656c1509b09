/**
 * Every answer that the OpenAPI description promises is met: each operation, each status, each code. What comes back is judged by the
 * same description, as in every test that has a client.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { afterAll, beforeAll, expect, it } from "vitest"
import { provokeAll } from "../../docs/draw/provocations.ts"
import { OrderStore, OutcomeUnknown } from "../../src/lifecycle/OrderStore.ts"
import { layer as memoryStore } from "../../src/memory/MemoryOrderStore.ts"
import { answersIn, exchange } from "../support/rawHttp.ts"
import { type RunningServer, runServer } from "../support/runningServer.ts"
import { servedContract } from "../support/servedContract.ts"
import { promiseUntil } from "../support/waiting.ts"
import { laptop, requestFor } from "../support/world.ts"
import { type Answer, type CallOptions, type Client, openService } from "./client.ts"

const contract = servedContract()
const promises = contract.promised().map((promise) => {
  const [operationId = "", status = "", code] = promise.split(" ")
  return { operationId, status: Number(status), code: status === "dry" ? "dry run" : code }
})

/** A store that works until it is told to break, in one of two ways. */
const breakable = () => {
  let state: "sound" | "dead" | "losing answers" | "throwing" = "sound"
  const layer = Layer.effect(
    OrderStore,
    Effect.map(OrderStore, (store) => {
      const broken = Object.entries(store).map(([name, method]: readonly [string, unknown]) => {
        if (typeof method !== "function") return [name, method]
        return [
          name,
          (...input: ReadonlyArray<unknown>) => {
            if (state === "throwing") throw new Error("broken on purpose")
            if (state === "dead") return Effect.die(new Error("broken on purpose"))
            const isWrite = ["commit", "rewriteNotes", "changeAsset"].includes(name)
            return state === "losing answers" && isWrite
              ? Effect.fail(new OutcomeUnknown({ cause: "lost" }))
              : (method(...input) as unknown)
          }
        ]
      })
      return OrderStore.of(Object.fromEntries(broken) as OrderStore["Service"])
    })
  ).pipe(Layer.provide(memoryStore))
  return { layer, become: (next: typeof state) => void (state = next) }
}

const store = breakable()
const sound = openService(store.layer)
const empty = openService(memoryStore, { limits: { burst: 1, requestsPerSecond: 0.001 } })
/** A service that may work on one request at a time, and has one whose store never answers. */
let isFull = false
const unanswered = Layer.effect(
  OrderStore,
  Effect.map(OrderStore, (store) => ({
    ...store,
    listOrders: () =>
      Effect.andThen(
        Effect.sync(() => void (isFull = true)),
        Effect.never
      )
  }))
).pipe(Layer.provide(memoryStore))
const full = openService(unanswered, { limits: { requestsInFlight: 1 } })
let server: RunningServer
let impatient: RunningServer

/** A request that an operation takes: its method, path and body. */
type Request = readonly [method: string, path: string, body?: unknown]
/** One for each operation, on an order that is pending and a subscription that is active. */
let requests: Readonly<Record<string, Request>>
/** A subscription that is over at the end. */
let completing: string

beforeAll(async () => {
  server = await runServer()
  // What one tenant may ask for at once is used up.
  await empty.call("GET", "/v1/orders")
  void full.call("GET", "/v1/orders").catch(() => {})
  await promiseUntil(() => isFull)
  impatient = await runServer({ timeouts: { headersTimeout: 200, requestTimeout: 200, connectionsCheckingInterval: 50 } })
  const pending = await sound.place()
  const confirmed = await sound.confirmed(6)
  const { customerId } = (await sound.order(confirmed)).customer
  const rent = async (serial: string, more?: object) => (await sound.rent(confirmed, serial, more)).body["rentalId"] as string
  const rentalId = await rent("SERIAL-1")
  const returning = await rent("SERIAL-3")
  const buying = await rent("SERIAL-4")
  const staying = await rent("SERIAL-5")
  completing = await rent("SERIAL-6", { startDate: new Date(Date.now() - 800 * 86_400_000).toISOString() })
  const asset = { serialNumber: "ASSET-1", sku: laptop, productName: "The laptop", status: "available" }
  expect((await sound.call("POST", "/v1/assets", { body: asset })).status).toBe(201)
  requests = {
    createOrder: ["POST", "/v1/orders", requestFor([laptop, 1])],
    listOrders: ["GET", "/v1/orders"],
    getOrder: ["GET", `/v1/orders/${pending}`],
    getOrderNotes: ["GET", `/v1/orders/${pending}/notes`],
    updateOrderNotes: ["PATCH", `/v1/orders/${pending}/notes`, { notes: "ring twice" }],
    listOrderCommands: ["GET", `/v1/orders/${pending}/commands`],
    previewOrderCancellation: ["GET", `/v1/orders/${pending}/cancellation`],
    confirmOrder: ["POST", `/v1/orders/${pending}/confirm`, {}],
    listOrderEvents: ["GET", `/v1/orders/${pending}/events`],
    createSubscription: ["POST", "/v1/subscriptions", { orderId: confirmed, assetSerialNumber: "SERIAL-2", customerId }],
    listSubscriptions: ["GET", "/v1/subscriptions"],
    getSubscription: ["GET", `/v1/subscriptions/${rentalId}`],
    getSubscriptionNotes: ["GET", `/v1/subscriptions/${rentalId}/notes`],
    updateSubscriptionNotes: ["PATCH", `/v1/subscriptions/${rentalId}/notes`, { notes: "with charger" }],
    calculateEarlyReturnFee: ["POST", "/v1/subscriptions/calculate-early-return-fee", { rentalId: returning }],
    returnSubscription: [
      "POST",
      `/v1/subscriptions/${returning}/early-return`,
      { rentalId: returning, returnCondition: "good", reason: "moved abroad", earlyReturnFee: 12.5 }
    ],
    calculateBuyout: ["POST", "/v1/subscriptions/calculate-buyout", { rentalId: buying }],
    buyOutSubscription: ["POST", `/v1/subscriptions/${buying}/buyout`, { rentalId: buying, reason: "customer_request" }],
    completeSubscription: ["POST", `/v1/subscriptions/${completing}/complete`, { rentalId: completing, notes: "all there" }],
    extendSubscription: [
      "POST",
      `/v1/subscriptions/${staying}/extend`,
      { rentalId: staying, extensionMonths: 12, reason: "still in use", newMonthlyAmount: 40 }
    ],
    replaceAsset: [
      "POST",
      `/v1/subscriptions/${staying}/replace`,
      { rentalId: staying, newSerialNumber: "SERIAL-7", replacementReason: "defective", insuranceClaim: true }
    ],
    upgradeSubscription: [
      "POST",
      `/v1/subscriptions/${staying}/upgrade`,
      {
        rentalId: staying,
        newSku: laptop,
        newSerialNumber: "SERIAL-8",
        contractLength: 12,
        newMonthlyAmount: 55.5,
        reason: "wants a better one"
      }
    ],
    cancelSubscription: ["POST", `/v1/subscriptions/${rentalId}/cancel`, { rentalId, reason: "other" }],
    cancelOrders: ["POST", "/v1/orders/cancel", { orderIds: [await sound.place()], reason: "moved" }],
    addOrderItems: ["POST", `/v1/orders/${pending}/items`, { items: [{ sku: laptop, quantity: 1 }] }],
    releaseOrderItems: ["POST", `/v1/orders/${pending}/release`, { items: [{ line: 0, quantity: 1 }] }],
    correctOrder: ["PATCH", `/v1/orders/${pending}`, { externalReference: "2026-118" }],
    recordOrderPayment: ["POST", `/v1/orders/${pending}/payment`, { status: "paid", paidAmount: 49.5 }],
    cancelOrder: ["POST", `/v1/orders/${pending}/cancel`, { reason: "moved" }],
    createAsset: ["POST", "/v1/assets", { ...asset, serialNumber: "ASSET-2" }],
    listAssets: ["GET", "/v1/assets"],
    getAsset: ["GET", "/v1/assets/ASSET-1"],
    updateAsset: ["PATCH", "/v1/assets/ASSET-1", { location: "Shelf 3" }],
    deleteAsset: ["DELETE", "/v1/assets/ASSET-1"],
    getStock: ["GET", `/v1/stock/${laptop}`],
    getHealth: ["GET", "/health"]
  }
})
afterAll(async () => {
  await Promise.all([sound.dispose(), empty.dispose(), full.dispose(), server.close(), impatient.close()])
})

const ask = ({ call }: Client, [method, path, body]: Request, options: CallOptions = {}): Promise<Answer> =>
  call(method, path, { ...(body !== undefined && method !== "GET" && { body }), ...options })

const asked = (options: CallOptions) => (request: Request) => ask(sound, request, options)
const elsewhere =
  (path: (path: string) => string) =>
  ([method, from, body]: Request) =>
    ask(sound, [method, path(from), body])

/** Send the head of a request by hand, and judge what comes back. */
const raw =
  (running: () => RunningServer, lines: ReadonlyArray<string>, end = "\r\n\r\n") =>
  async ([method, path]: Request) => {
    const head = [`${method} ${path} HTTP/1.1`, "Connection: close", ...lines].join("\r\n") + end
    const [answer] = answersIn(await exchange(running().port, [head]))
    if (answer === undefined) throw new Error(`${method} ${path}: no answer`)
    expect(contract.judge(method, path, answer)).toBeUndefined()
  }

/** The service ends while many orders are being cancelled: in no other way does nothing at all become known of them. */
const endsMeanwhile = async (request: Request) => {
  let isAsked = false
  const gated = Layer.effect(
    OrderStore,
    Effect.map(OrderStore, (inner) => ({
      ...inner,
      load: () =>
        Effect.andThen(
          Effect.sync(() => void (isAsked = true)),
          Effect.never
        )
    }))
  ).pipe(Layer.provide(memoryStore))
  const ending = await runServer({ grace: "100 millis", store: gated })
  const answer = ask(ending, request)
  await promiseUntil(() => isAsked)
  await ending.close()
  return answer
}

/** Of many at once each has an answer of its own, so that a store that fails is no failure of the whole. */
const isOfMany = ([, path]: Request) => path === "/v1/orders/cancel"

const inState = (state: Parameters<typeof store.become>[0]) => async (request: Request) => {
  store.become(state)
  try {
    return await ask(sound, request)
  } finally {
    store.become("sound")
  }
}

/** How to be refused with each code that does not depend on what is asked for, and how to ask without giving. */
const refused: Readonly<Record<string, (request: Request) => Promise<unknown>>> = {
  "dry run": elsewhere((path) => `${path}?dryRun=true`),
  BAD_REQUEST: raw(() => server, []),
  EXPECTATION_FAILED: raw(() => server, ["Host: a", "Expect: miracles", "Content-Length: 0"]),
  HEADERS_TOO_LARGE: raw(() => server, ["Host: a", `X: ${"x".repeat(20_000)}`]),
  REQUEST_TIMEOUT: raw(() => impatient, ["Host: a"], ""),
  VALIDATION_ERROR: elsewhere((path) => `${path}?nonsense=1`),
  AUTH_REQUIRED: asked({ headers: { authorization: null } }),
  INVALID_TOKEN: asked({ headers: { authorization: "Bearer made-up" } }),
  NO_TENANT_ACCESS: asked({ headers: { "tenant-id": "bobs" } }),
  INSUFFICIENT_PERMISSIONS: asked({ headers: { authorization: "Bearer eve-key" } }),
  PAYLOAD_TOO_LARGE: asked({ raw: JSON.stringify({ x: "x".repeat(300 * 1024) }) }),
  VERSION_MISMATCH: (request) =>
    asked({ headers: { "if-match": request[1].endsWith("/notes") ? `"${"0".repeat(64)}"` : '"999"' } })(request),
  UNSUPPORTED_MEDIA_TYPE: asked({ raw: "{}", headers: { "content-type": "text/plain" } }),
  IDEMPOTENCY_KEY_REUSED: async (request) => {
    const headers = { "idempotency-key": "taken" }
    await ask(sound, ["POST", "/v1/orders", requestFor([laptop, 7])], { headers })
    return ask(sound, request, { headers })
  },
  RATE_LIMITED: (request) => ask(empty, request),
  UNAVAILABLE: (request) => ask(full, request)
}

/** And with each that has to do with the store, which is in one state at a time. */
const failed: typeof refused = {
  INTERNAL_ERROR: (request) => inState(isOfMany(request) ? "throwing" : "dead")(request),
  OUTCOME_UNKNOWN: (request) => (isOfMany(request) ? endsMeanwhile(request) : inState("losing answers")(request))
}

const unknownIds = ([method, path, body]: Request) =>
  ask(sound, [method, path.replace(/(?<=\/)(?:(?:ord|sub)_|ASSET-)[^/]+/, "unknown"), body])

it("knows a request for every operation, and for no other", () => {
  expect(Object.keys(requests).toSorted()).toEqual([...new Set(promises.map(({ operationId }) => operationId))].toSorted())
})

it("every promised answer is given, and each is as promised", async () => {
  await Promise.all(
    promises.map(async ({ operationId, code = "" }) => {
      const request = requests[operationId]
      if (request) await refused[code]?.(request)
    })
  )
  for (const {
    exchange: { request, status, body, headers }
  } of await provokeAll()) {
    const [method = "", path = ""] = request.line.split(" ")
    expect(contract.judge(method, path, { status, headers, text: JSON.stringify(body) })).toBeUndefined()
  }
  for (const { operationId, code = "" } of promises) {
    const request = requests[operationId] as Request
    await failed[code]?.(request)
    if (code === "NOT_FOUND" && request[0] !== "POST") await unknownIds(request)
  }
  // In the order of the table, so that the order is cancelled last.
  for (const request of Object.values(requests)) expect((await ask(sound, request)).status).toBeLessThan(300)

  // Only what reads by a body is asked about a subscription that it may not be asked about, with no command to do that.
  for (const calculation of ["calculateEarlyReturnFee", "calculateBuyout"] as const)
    for (const rentalId of [completing, "unknown"]) await ask(sound, ["POST", requests[calculation]?.[1] ?? "", { rentalId }])

  expect(contract.promised().length).toBeGreaterThan(180)
  expect([...contract.met].toSorted()).toEqual(contract.promised().toSorted())
})

it("an answer that is not promised, or not as promised, is found", () => {
  const breach = (
    status: number,
    body: unknown,
    headers: Record<string, string> = { "x-request-id": "r", ...(status === 200 && { etag: '"2"' }) }
  ) => contract.judge("POST", "/v1/orders/o/cancel", { status, text: JSON.stringify(body), headers: new Headers(headers) })
  const done = { success: true, message: "m", orderId: "o" }
  const error = (code: string) => ({ error: { code, message: "m" } })
  expect(breach(200, done)).toBeUndefined()
  expect(breach(202, done)).toContain("not promised")
  expect(breach(200, { ...done, more: 1 })).toContain("additional properties")
  expect(breach(200, { ...done, orderId: 1 })).toContain("must be string")
  expect(breach(200, done, {})).toContain("has no X-Request-Id")
  expect(breach(200, done, { "x-request-id": "r" })).toContain("has no ETag")
  expect(breach(200, done, { "x-request-id": "r", etag: '"2"', "retry-after": "1" })).toContain("which is not promised")
  expect(breach(400, error("ALREADY_CANCELLED"))).toBeUndefined()
  expect(breach(400, error("ALREADY_ENDED"))).toContain("allowed values")
  expect(breach(400, { error: { ...error("VALIDATION_ERROR").error, details: [{ path: "" }] } })).toContain("required")
  expect(breach(503, error("UNAVAILABLE"))).toContain("has no Retry-After")
  expect(contract.judge("POST", "/v1/nowhere", { status: 404, text: JSON.stringify(error("NOT_FOUND")) })).toBeUndefined()
  expect(contract.judge("POST", "/v1/nowhere", { status: 400, text: JSON.stringify(error("NOT_FOUND")) })).toContain(
    "not promised"
  )
})
