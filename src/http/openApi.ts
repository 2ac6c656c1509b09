/**
 * What the generated OpenAPI description lacks: the key, the tenant and the idempotency key, which `app.ts` checks for every operation
 * alike; the answers any operation can give; and the specification's own words for its responses.
 *
 * The cancel operation says what the specification's fragment says, no less and no more. Answers that any operation can give are
 * therefore listed once, under `components.responses`.
 */
import * as EffectRecord from "effect/Record"
import { IdempotencyKeyReused } from "../lifecycle/idempotency.ts"
import { OutcomeUnknown } from "../lifecycle/OrderStore.ts"
import { type Code, httpFaults, statusByCode } from "./errors.ts"

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

/** What any request can be answered with, whatever it asks for. */
const commonAnswers = {
  ...httpFaults,
  VALIDATION_ERROR: {
    when: "The path, the query, a header or the body is not valid.",
    remedy: "`details` says what is wrong."
  },
  IDEMPOTENCY_KEY_REUSED: { when: IdempotencyKeyReused.when, remedy: new IdempotencyKeyReused().remedy },
  OUTCOME_UNKNOWN: { when: OutcomeUnknown.when, remedy: new OutcomeUnknown({ cause: "unknown" }).remedy }
} satisfies Partial<Record<Code, { readonly when: string; readonly remedy: string }>>
const commonCodes = EffectRecord.keys(commonAnswers).toSorted((a, b) => statusByCode[a] - statusByCode[b])

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
    commonCodes.map((code) => {
      const { when, remedy } = commonAnswers[code]
      const schema = code === "VALIDATION_ERROR" ? "DetailedError" : "Error"
      return [
        code,
        {
          description: `${statusByCode[code]}. ${when} ${remedy}`,
          content: { "application/json": { schema: { $ref: `#/components/schemas/${schema}` } } }
        }
      ]
    })
  )
  return spec
}
