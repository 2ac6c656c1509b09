/**
 * A client of the service, over anything that answers a `Request`: the web handler, or a server by way of `fetch`. Every answer has to be
 * one that the served OpenAPI description promises.
 */
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import { ApiKeys } from "../../src/http/ApiKeys.ts"
import type { AppOptions, AppServices } from "../../src/http/app.ts"
import { isDocumentPath } from "../../src/http/documents.ts"
import { toWebHandler } from "../../src/http/layer.ts"
import type { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { layer as memoryStore } from "../../src/memory/MemoryOrderStore.ts"
import { TenantId } from "../../src/order/Order.ts"
import type { CancellationPolicy } from "../../src/order/policies/index.ts"
import { servedContract } from "../support/servedContract.ts"
import { laptop, requestFor, shopOver } from "../support/world.ts"

export type Json = Record<string, unknown>

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: Json
}

export type Send = (request: Request) => Promise<Response>

/** What a call may differ in from the usual one of Ada, in tenant `demo`. A header that is null is not sent. */
export interface CallOptions {
  readonly body?: unknown
  /** The body as it is, instead of as JSON. */
  readonly raw?: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>
  readonly headers?: Readonly<Record<string, string | null>>
}

/** `contract`: what the service promises, where it is not what the library's own lifecycle does. */
export const makeClient = (send: Send, base = "http://orders.test", contract = servedContract()) => {
  const call = async (method: string, path: string, { body, raw, headers = {} }: CallOptions = {}): Promise<Answer> => {
    const content = raw ?? (body === undefined ? undefined : JSON.stringify(body))
    const all = new Headers({ authorization: "Bearer ada-key", "tenant-id": "demo" })
    if (content !== undefined) all.set("content-type", "application/json")
    for (const [name, value] of Object.entries(headers)) {
      if (value === null) all.delete(name)
      else all.set(name, value)
    }
    const init: RequestInit = { method, headers: all }
    if (content !== undefined) init.body = content
    const response = await send(new Request(base + path, init))
    const text = await response.text()
    const isJson = text !== "" && response.headers.get("content-type") === "application/json"
    const { status, headers: received } = response
    const isDocument = isDocumentPath(path.split("?")[0] ?? "") && (status === 200 || status === 304)
    const breach = isDocument ? undefined : contract.judge(method, path, { status, text, headers: received })
    if (breach !== undefined) throw new Error(`the description that is served does not promise this answer: ${breach}`)
    return { status, headers: received, text, body: isJson ? (JSON.parse(text) as Json) : {} }
  }

  const place = async (quantity = 2, options: CallOptions = {}): Promise<string> => {
    const { status, body, text } = await call("POST", "/v1/orders", { body: requestFor([laptop, quantity]), ...options })
    if (status !== 201) throw new Error(`an order is not placed: ${status} ${text}`)
    return body["orderId"] as string
  }
  const order = async (orderId: string): Promise<OrderJson> =>
    (await call("GET", `/v1/orders/${orderId}`)).body as unknown as OrderJson
  const events = async (orderId: string) =>
    (await call("GET", `/v1/orders/${orderId}/events`)).body["events"] as ReadonlyArray<EventJson>
  const confirmed = async (quantity = 2): Promise<string> => {
    const orderId = await place(quantity)
    const { status } = await call("POST", `/v1/orders/${orderId}/confirm`)
    if (status !== 200) throw new Error("an order is not confirmed")
    return orderId
  }
  const rent = async (orderId: string, assetSerialNumber: string, more: object = {}): Promise<Answer> => {
    const { customer } = await order(orderId)
    return call("POST", "/v1/subscriptions", { body: { orderId, assetSerialNumber, customerId: customer.customerId, ...more } })
  }
  return { call, place, order, events, confirmed, rent }
}
export type Client = ReturnType<typeof makeClient>

/** Of the order's JSON, what tests look at. */
export interface OrderJson {
  readonly status: string
  readonly updatedAt: string
  readonly customer: { readonly customerId: string }
  readonly items: ReadonlyArray<Json>
  readonly rentalIds: ReadonlyArray<string>
  readonly rentalProgress: Json
}
export interface EventJson {
  readonly sequence: number
  readonly type: string
  readonly from: string | null
  readonly to: string
  readonly hash: string
  readonly previousHash: string | null
  readonly reason?: string
  readonly rentalId?: string
  readonly released: ReadonlyArray<Json>
}

/** Ada may do everything in two tenants, Bob in his own; Eve may only read. */
export const keys = ApiKeys.layerStatic([
  {
    key: Redacted.make("ada-key"),
    actor: { userId: "ada", email: "ada@example.com", displayName: "Ada", role: "admin" },
    tenants: [TenantId.make("demo"), TenantId.make("other")]
  },
  { key: Redacted.make("bob-key"), actor: { userId: "bob" }, tenants: [TenantId.make("bobs")] },
  { key: Redacted.make("eve-key"), actor: { userId: "eve", role: "read-only" }, tenants: [TenantId.make("demo")] }
])

export const quiet = Logger.layer([])

/** All that the service needs, over a store. */
export const servicesOver = <E>(
  store: Layer.Layer<OrderStore, E>,
  options?: { readonly cancellationPolicy?: CancellationPolicy }
): Layer.Layer<AppServices, E> => Layer.merge(shopOver(store, options), keys)

/** The service on a store, reached through the web handler. Without a store: in memory. */
export const openService = <E = never>(
  store: Layer.Layer<OrderStore, E> = memoryStore,
  { cancellationPolicy, ...options }: AppOptions & { readonly cancellationPolicy?: CancellationPolicy } = {},
  logger: Layer.Layer<never> = quiet
) => {
  const { handler, dispose } = toWebHandler(
    Layer.provideMerge(servicesOver(store, cancellationPolicy && { cancellationPolicy }), logger),
    options
  )
  return { ...makeClient(handler), handler, dispose }
}

/** The code of an error's body. */
export const codeOf = ({ body }: Answer): unknown => (body["error"] as Json | undefined)?.["code"]

/** The details of an error's body. */
export const detailsOf = ({ body }: Answer) =>
  ((body["error"] as Json | undefined)?.["details"] ?? []) as ReadonlyArray<{ path: string; message: string; code: string }>

/** What every error has: the envelope and nothing else, and the headers of every answer. */
export const isEnvelope = ({ body, headers }: Answer): boolean => {
  const error = body["error"] as Json | undefined
  return (
    error !== undefined &&
    Object.keys(body).join() === "error" &&
    Object.keys(error).every((key) => ["code", "message", "details"].includes(key)) &&
    typeof error["code"] === "string" &&
    typeof error["message"] === "string" &&
    headers.get("content-type") === "application/json" &&
    hasCommonHeaders(headers)
  )
}

export const hasCommonHeaders = (headers: Headers): boolean =>
  headers.get("cache-control") === "no-store" &&
  headers.get("vary") === "Authorization, Tenant-ID" &&
  headers.get("x-content-type-options") === "nosniff" &&
  /^[A-Za-z0-9._:-]{1,128}$/.test(headers.get("x-request-id") ?? "")

/** A refusal's status and code, when it has everything a refusal must have; otherwise what it is instead. */
export const refusal = (answer: Answer): readonly [status: number, code: unknown] => [
  answer.status,
  isEnvelope(answer) ? codeOf(answer) : `not in the envelope: ${answer.text}`
]

/** A success's status, when it has the headers of every answer; otherwise what it is instead. */
export const success = (answer: Answer): number | string =>
  answer.status < 400 && hasCommonHeaders(answer.headers) ? answer.status : `${answer.status} ${answer.text}`
