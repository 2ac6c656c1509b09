/**
 * What the generated OpenAPI description lacks: the key, the tenant and the idempotency key, which `app.ts` checks for every operation
 * alike; the answers any operation can give; and the specification's own words for its responses.
 *
 * The cancel operation says what the specification's fragment says, no less and no more. Answers that any operation can give are
 * therefore listed once, under `components.responses`.
 */
import { bodyLimits } from "./readBody.ts"

// A JSON document that is walked and completed: its members are what the generator made of the Api, not a type of ours.
// oxlint-disable-next-line typescript/no-explicit-any -- the document has no narrower type than this in the generator either
type Json = any

const pathParameters: Record<string, string> = {
  orderId: "The order ID",
  subscriptionId: "The subscription ID",
  sku: "The SKU"
}

const responseDescriptions: Record<string, Record<string, string>> = {
  createOrder: { 201: "Order created" },
  listOrders: { 200: "A page of orders" },
  getOrder: { 200: "The order" },
  updateOrderNotes: { 200: "Notes updated" },
  confirmOrder: { 200: "Order confirmed", 400: "Bad request (order not pending)" },
  cancelOrder: { 200: "Order cancelled", 400: "Bad request (order not cancellable)" },
  previewOrderCancellation: { 200: "What a cancel would do" },
  listOrderEvents: { 200: "The audit events" },
  createSubscription: { 201: "Subscription created" },
  listSubscriptions: { 200: "A page of subscriptions" },
  getSubscription: { 200: "The subscription", 404: "Subscription not found" },
  cancelSubscription: { 200: "Subscription cancelled", 400: "Bad request (not cancellable)", 404: "Subscription not found" },
  getStock: { 200: "The figures" },
  getHealth: { 200: "Serving" }
}
const defaultDescriptions: Record<string, string> = { 400: "Bad request", 404: "Order not found" }

const tenantId = {
  schema: { type: "string", description: "Your tenant identifier" },
  required: true,
  name: "Tenant-ID",
  in: "header"
}

const idempotencyKey = {
  schema: { type: "string", minLength: 1, maxLength: 255 },
  required: false,
  name: "Idempotency-Key",
  in: "header",
  description: "Makes the request safe to repeat for 24 hours: the same key with the same request gives the first answer again."
}

/** Answers any request can get, by their codes. */
const commonAnswers: Record<string, readonly [status: number, description: string, schema?: "DetailedError"]> = {
  BAD_REQUEST: [400, "The request is not valid HTTP"],
  VALIDATION_ERROR: [
    400,
    "The path, the query, a header or the body is not valid; `details` says what is wrong",
    "DetailedError"
  ],
  AUTH_REQUIRED: [401, "No API key was sent"],
  INVALID_TOKEN: [401, "The API key is not known"],
  NO_TENANT_ACCESS: [403, "The Tenant-ID is missing, repeated, or not one of the key's"],
  INSUFFICIENT_PERMISSIONS: [403, "The key may only read"],
  NOT_FOUND: [404, "There is no such path, or nothing of the tenant's by that id"],
  METHOD_NOT_ALLOWED: [405, "The path has no such method; `Allow` lists those it has"],
  REQUEST_TIMEOUT: [408, "The request took too long to arrive"],
  PAYLOAD_TOO_LARGE: [
    413,
    `The body is longer than ${bodyLimits.order / 1024} KiB (creating an order) or ${bodyLimits.other / 1024} KiB`
  ],
  UNSUPPORTED_MEDIA_TYPE: [415, "The body is not application/json, or it is compressed"],
  EXPECTATION_FAILED: [417, "Only `100-continue` can be expected"],
  IDEMPOTENCY_KEY_REUSED: [422, "The idempotency key was used before with another request"],
  RATE_LIMITED: [429, "Too many requests; `Retry-After` says when to try again"],
  HEADERS_TOO_LARGE: [431, "The request line or the headers are too long"],
  INTERNAL_ERROR: [500, "A fault of the service; `X-Request-Id` is what to report"],
  OUTCOME_UNKNOWN: [503, "Nobody can tell whether the change was made; repeat it under the same idempotency key"],
  UNAVAILABLE: [503, "Nothing was changed; try again after `Retry-After` seconds"]
}

/** Unknown members are ignored wherever they appear, so no schema forbids them. */
const allowUnknownMembers = (json: Json): void => {
  if (typeof json !== "object" || json === null) return
  if (json.additionalProperties === false) delete json.additionalProperties
  for (const value of Object.values(json)) allowUnknownMembers(value)
}

const completeOperation = (operation: Json): void => {
  delete operation.security
  for (const parameter of operation.parameters) {
    if (parameter.in === "path") parameter.schema = { type: "string", description: pathParameters[parameter.name] }
  }
  operation.parameters.push(tenantId)
  // A body none of whose members is required may be left out altogether.
  const body = operation.requestBody?.content["application/json"].schema
  if (body !== undefined && body.required === undefined) delete operation.requestBody.required
}

/** Complete the generated description. */
export const completeOpenApi = (spec: Json): Json => {
  allowUnknownMembers(spec)
  for (const [path, item] of Object.entries<Json>(spec.paths)) {
    for (const operation of Object.values<Json>(item)) {
      const descriptions = responseDescriptions[operation.operationId] ?? {}
      for (const [status, response] of Object.entries<Json>(operation.responses)) {
        response.description = descriptions[status] ?? defaultDescriptions[status] ?? response.description
      }
      if (path.startsWith("/v1/")) completeOperation(operation)
      else operation.security = []
    }
    // On the path, so that the cancel operation keeps exactly the parameters the specification gives it.
    if (item.post !== undefined) item.parameters = [idempotencyKey]
  }
  spec.security = [{ bearerAuth: [] }]
  spec.components.securitySchemes = { bearerAuth: { type: "http", scheme: "bearer", description: "API key" } }
  spec.components.responses = Object.fromEntries(
    Object.entries(commonAnswers).map(([code, [status, description, schema = "Error"]]) => [
      code,
      {
        description: `${status}. ${description}.`,
        content: { "application/json": { schema: { $ref: `#/components/schemas/${schema}` } } }
      }
    ])
  )
  return spec
}
