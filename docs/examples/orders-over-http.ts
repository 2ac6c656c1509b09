import { createServer, type IncomingMessage, type Server } from "node:http"
import { json } from "node:stream/consumers"
import { type CancelOrder, isRefusal, type Orders, OutcomeUnknown, type Refusal, StoreUnavailable } from "order-lifecycle/promise"

/** Every other refusal is a 400. */
const statusByCode: Partial<Record<Refusal["code"], number>> = {
  NOT_FOUND: 404,
  ASSET_EXISTS: 409,
  ASSET_IN_USE: 409,
  VERSION_MISMATCH: 412,
  IDEMPOTENCY_KEY_REUSED: 422
}

/** The HTTP status and body for whatever a call was rejected with, or a framework refused before it came to a call. */
export const answerTo = (error: unknown): { readonly status: number; readonly body: object } => {
  if (isRefusal(error)) {
    const { code, message, remedy } = error
    return {
      status: statusByCode[code] ?? 400,
      body: { error: { code, message, remedy, ...("details" in error && { details: error.details }) } }
    }
  }
  if (error instanceof OutcomeUnknown) return { status: 503, body: { error: { code: "OUTCOME_UNKNOWN" } } }
  if (error instanceof StoreUnavailable) return { status: 503, body: { error: { code: "UNAVAILABLE" } } }
  const status = statusOf(error)
  if (status !== undefined) return { status, body: { error: { code: "BAD_REQUEST", message: "The request cannot be read" } } }
  return { status: 500, body: { error: { code: "INTERNAL_ERROR" } } }
}

/** Express and Fastify put the status on what they refuse themselves: 400 for a body that is not JSON, 413 for one that is too long. */
const statusOf = (error: unknown): number | undefined => {
  const status = typeof error === "object" && error !== null && "statusCode" in error ? error.statusCode : undefined
  return typeof status === "number" && status >= 400 && status < 500 ? status : undefined
}

/** Log our own mistakes: the answer says nothing of them. */
const report = (error: unknown, status: number): void => {
  if (status >= 500) console.error(error)
}

/** `POST /orders/{orderId}/cancel`, with Node alone. Your own middleware knows who calls. */
export const serveOrders = (
  orders: Orders,
  whoCalls: (request: IncomingMessage) => { tenantId: string; userId: string }
): Server =>
  createServer(async (request, response) => {
    const reply = (status: number, body: object) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
    try {
      const [, orderId] = /^\/orders\/([\w-]+)\/cancel$/.exec(request.url ?? "") ?? []
      if (orderId === undefined || request.method !== "POST") return reply(404, { error: { code: "NOT_FOUND" } })
      const { tenantId, userId } = whoCalls(request)
      const idempotencyKey = request.headers["idempotency-key"]?.toString()
      // Whatever came is checked by the call: what is no object at all is refused as such.
      const body = (await json(request).catch(() => null)) as CancelOrder
      const { after } = await orders.cancel({ tenantId, actor: { userId }, idempotencyKey }, orderId, body)
      return reply(200, { orderId, status: after.status })
    } catch (error) {
      const { status, body } = answerTo(error)
      report(error, status)
      return reply(status, body)
    }
  })

/** Express 5: `app.use(expressErrors)`, after the routes. */
export const expressErrors = (
  error: unknown,
  _request: unknown,
  response: { status: (code: number) => { json: (body: object) => unknown } },
  _next: unknown
) => {
  const { status, body } = answerTo(error)
  report(error, status)
  response.status(status).json(body)
}

/** Fastify: `app.setErrorHandler(fastifyErrors)`. */
export const fastifyErrors = (
  error: unknown,
  _request: unknown,
  reply: { code: (code: number) => { send: (body: object) => unknown } }
) => {
  const { status, body } = answerTo(error)
  report(error, status)
  reply.code(status).send(body)
}
