/**
 * What the generated OpenAPI description lacks: the key, the tenant and the idempotency key, which `app.ts` checks for every operation
 * alike; the headers of answers; and the specification's own words for its responses.
 *
 * All that the specification's fragment says of the cancel operation stands in it word for word, with more beside it.
 */
import { IdempotencyKeyReused } from "../lifecycle/idempotency.ts"
import { OutcomeUnknown } from "../lifecycle/OrderStore.ts"
import { defaultLimit, limits } from "../lifecycle/paging.ts"
import type { CommandType } from "../order/commands/index.ts"
import { type Code, headersByCode, httpFaults, OrderOfSubscriptionNotFound, type OwnStatuses } from "./errors.ts"
import { type Lifecycle, statusesOf } from "../order/lifecycleTable.ts"
import { LibraryStatus } from "../order/Order.ts"
import type { OwnFilters } from "../order/process/OwnFilters.ts"
import { dataParameterSchema } from "./dataQuery.ts"
import { dryRunParameter } from "./dryRun.ts"
import { type Taken, takenBy } from "./operations.ts"
import { ownCodesByStatus, sharedRefusals } from "./refusals.ts"

// A JSON document that is walked and completed: its members are what the generator made of the Api, not a type of ours.
// oxlint-disable-next-line typescript/no-explicit-any -- the document has no narrower type than this in the generator either
type Json = any

// --- words -------------------------------------------------------------------------------------------------------------------------

const pathParameters: Record<string, string> = {
  orderId: "The order ID",
  subscriptionId: "The subscription ID",
  sku: "The SKU",
  serialNumber: "The serial number"
}

const responseDescriptions: Record<string, Record<string, string>> = {
  createOrder: { 201: "Order created" },
  listOrders: { 200: "A page of orders" },
  getOrder: { 200: "The order" },
  getOrderNotes: { 200: "The notes" },
  updateOrderNotes: { 200: "Notes updated" },
  confirmOrder: { 200: "Order confirmed", 400: "Bad request (order not pending)" },
  cancelOrder: { 200: "Order cancelled", 400: "Bad request (order not cancellable)" },
  cancelOrders: { 200: "What became of each order, in the order in which they were first named" },
  previewOrderCancellation: { 200: "What a cancel would do" },
  listOrderEvents: { 200: "The audit events" },
  createSubscription: { 201: "Subscription created" },
  listSubscriptions: { 200: "A page of subscriptions" },
  getSubscription: { 200: "The subscription", 404: "Subscription not found" },
  getSubscriptionNotes: { 200: "The notes", 404: "Subscription not found" },
  updateSubscriptionNotes: { 200: "Notes updated", 404: "Subscription not found" },
  cancelSubscription: { 200: "Subscription cancelled", 400: "Bad request (not cancellable)", 404: "Subscription not found" },
  returnSubscription: { 200: "Subscription ended early", 404: "Subscription not found" },
  buyOutSubscription: { 200: "Asset sold", 404: "Subscription not found" },
  completeSubscription: { 200: "Subscription completed", 404: "Subscription not found" },
  extendSubscription: { 200: "Subscription extended", 404: "Subscription not found" },
  replaceAsset: { 200: "Asset replaced", 404: "Subscription not found" },
  upgradeSubscription: { 200: "Subscription upgraded", 404: "Subscription not found" },
  calculateEarlyReturnFee: { 200: "The fee", 404: "Subscription not found" },
  calculateBuyout: { 200: "The price", 404: "Subscription not found" },
  createAsset: { 201: "Asset registered" },
  listAssets: { 200: "A page of assets" },
  getAsset: { 200: "The asset", 404: "Asset not found" },
  updateAsset: { 200: "Asset updated", 404: "Asset not found" },
  deleteAsset: { 200: "Asset taken out of use", 404: "Asset not found" },
  getStock: { 200: "The figures" },
  getHealth: { 200: "Serving" }
}
const defaultDescriptions: Record<string, string> = { 400: "Bad request", 404: "Order not found" }

const queryDescriptions: Record<string, string> = {
  limit: "How many a page has",
  startAfter: "The `nextCursor` of the page before",
  status: "Give it up to five times to list what has any of these statuses",
  email: "Lists orders whose customer has this email, in capital letters or not",
  externalReference: "Lists orders with this number of the caller's own",
  sku: "Lists what has this SKU",
  createdFrom: "Lists what was placed at this date or date-time (ISO 8601) or later",
  createdTo: "Lists what was placed before it",
  updatedFrom: "Lists what was changed last at this date or date-time (ISO 8601) or later",
  updatedTo: "Lists what was changed last before it",
  endDateFrom: "Lists subscriptions whose contract ends at this date or date-time (ISO 8601) or later",
  endDateTo: "Lists subscriptions whose contract ends before it"
}

const whenByCode: Partial<Record<Code, string>> = {
  ...Object.fromEntries(Object.entries(httpFaults).map(([code, { when }]) => [code, when])),
  VALIDATION_ERROR: "The path, the query, a header or the body is not valid; `details` says what is wrong.",
  ORDER_NOT_FOUND: OrderOfSubscriptionNotFound.when,
  IDEMPOTENCY_KEY_REUSED: IdempotencyKeyReused.when,
  VERSION_MISMATCH: "The order, or its notes, are not at the version that `If-Match` expects. `ETag` is that of now.",
  OUTCOME_UNKNOWN: OutcomeUnknown.when
}

// --- parameters --------------------------------------------------------------------------------------------------------------------

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

const ifMatch = (meant: string) => ({
  schema: { type: "string" },
  required: false,
  name: "If-Match",
  in: "header",
  description: `Carries the request out only where ${meant}; several ETags may be given, with commas between them`
})
const ifMatchBy: Readonly<Record<Taken["ifMatch"], ReadonlyArray<Json>>> = {
  version: [ifMatch("the order is still at the version that its `ETag` gave")],
  tag: [ifMatch("the notes still have the `ETag` that they were read with")],
  nothing: []
}

const prefer = {
  schema: { type: "string", enum: ["handling=strict"] },
  required: false,
  name: "Prefer",
  in: "header",
  description: "With `handling=strict`, members of the body that are not known are refused instead of ignored"
}

const dryRun = {
  schema: { type: "boolean", default: false },
  required: false,
  name: dryRunParameter,
  in: "query",
  description: "Changes nothing, uses no idempotency key, and answers 200 with a `DryRun`: what the command would do"
}

const completeParameter = (parameter: Json): void => {
  if (parameter.in === "path") parameter.schema = { type: "string", description: pathParameters[parameter.name] }
  // A query is text, so the generator takes its numbers for texts.
  if (parameter.name === "limit") parameter.schema = { type: "integer", ...limits, default: defaultLimit }
  const description = parameter.in === "query" ? queryDescriptions[parameter.name] : undefined
  if (description !== undefined) parameter.description = description
}

// --- answers -----------------------------------------------------------------------------------------------------------------------

const headers: Record<string, Json> = {
  "X-Request-Id": {
    description: "The request's own `X-Request-Id` when it is well-formed, else a new one. The service's log has it.",
    required: true,
    schema: { type: "string", minLength: 1, maxLength: 128 }
  },
  "Retry-After": { description: "Seconds to wait before the next try", required: true, schema: { type: "integer", minimum: 1 } },
  "WWW-Authenticate": { description: "How to authenticate", required: true, schema: { type: "string" } },
  ETag: {
    description: "The version of the order, or a hash of its notes, for `If-Match`",
    required: true,
    schema: { type: "string" }
  },
  "Preference-Applied": {
    description: "`handling=strict` when the request was read so",
    required: false,
    schema: { type: "string", enum: ["handling=strict"] }
  },
  Allow: { description: "The methods that the path has", required: true, schema: { type: "string" } },
  "Idempotent-Replayed": {
    description: "`true` when the answer was given before, under the same Idempotency-Key",
    required: false,
    schema: { type: "string", enum: ["true"] }
  }
}

const headersOf = (names: ReadonlyArray<string>): Json =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))

/** Headers that a code comes with, and whose value depends on what it is about. */
const moreHeaders: Partial<Record<Code, ReadonlyArray<string>>> = { METHOD_NOT_ALLOWED: ["allow"], VERSION_MISMATCH: ["etag"] }

/** The headers of a refusal with one of these codes. All codes of one status have the same. */
const refusalHeaders = (codes: ReadonlyArray<Code>): Json => {
  const given = new Set(codes.flatMap((code) => [...(moreHeaders[code] ?? []), ...Object.keys(headersByCode[code] ?? {})]))
  return headersOf(Object.keys(headers).filter((name) => name === "X-Request-Id" || given.has(name.toLowerCase())))
}

const sharedResponses = (): Json =>
  Object.fromEntries(
    Object.entries<ReadonlyArray<Code>>(sharedRefusals).map(([name, codes]) => [
      name,
      {
        description: codes.map((code) => whenByCode[code]).join(" "),
        headers: refusalHeaders(codes),
        content: { "application/json": { schema: { $ref: `#/components/schemas/${name}` } } }
      }
    ])
  )

const schemaOf = (response: Json): Json => response?.content?.["application/json"]?.schema

/** Operations that show an order, or notes, as they are. Those that change them show what came of it. */
const tagged: ReadonlySet<string> = new Set(["createOrder", "getOrder", "getOrderNotes", "getSubscriptionNotes"])

/** What is shared is referred to, save for what says something of the operation itself. */
const completeResponse = (status: string, response: Json, operation: Json, taken: Taken, isChange: boolean): Json => {
  const descriptions = responseDescriptions[operation.operationId] ?? {}
  const description = descriptions[status] ?? defaultDescriptions[status] ?? response.description
  const name = schemaOf(response)?.$ref?.split("/").at(-1)
  if (name in sharedRefusals && descriptions[status] === undefined && status !== "404")
    return { $ref: `#/components/responses/${name}` }
  const isReplayable = taken.idempotencyKey && (Number(status) <= 400 || status === "404")
  const hasTag = Number(status) < 300 && (taken.ifMatch !== "nothing" || tagged.has(operation.operationId))
  const own = headersOf([
    "X-Request-Id",
    ...(hasTag ? ["ETag"] : []),
    ...(isReplayable ? ["Idempotent-Replayed"] : []),
    ...(isChange ? ["Preference-Applied"] : [])
  ])
  return { description, headers: own, content: response.content }
}

/** The fragment calls the body of a refused cancel `Error`. Which codes it can have stands beside that. */
const asInTheFragment = ({ responses }: Json): void => {
  for (const status of ["400", "404"]) {
    if (responses[status].$ref !== undefined) throw new Error("the cancel operation has its own words for its refusals")
    const media = responses[status].content["application/json"]
    media.schema = { $ref: "#/components/schemas/Error", allOf: [media.schema] }
  }
}

// --- the document ------------------------------------------------------------------------------------------------------------------

/** Unknown members are ignored wherever they appear, so no schema forbids them. */
const allowUnknownMembers = (json: Json): void => {
  if (typeof json !== "object" || json === null) return
  if (json.additionalProperties === false) delete json.additionalProperties
  for (const value of Object.values(json)) allowUnknownMembers(value)
}

/** The answer to a dry run, beside that of the command itself: a schema that were both would say too little of either. */
export const dryRunMember = "x-dry-run"

const completeOperation = (path: string, method: string, operation: Json): void => {
  const isCommand = operation[commandMember] !== undefined || operation[ownCommandMember] !== undefined
  const taken = takenBy(method, isCommand, operation[takesMember])
  for (const member of [commandMember, ownCommandMember, takesMember]) delete operation[member]
  const isChange = method !== "get"
  for (const [status, response] of Object.entries<Json>(operation.responses)) {
    operation.responses[status] = completeResponse(status, response, operation, taken, isChange)
  }
  if (!path.startsWith("/v1/")) return void (operation.security = [])
  delete operation.security
  if (taken.ifMatch !== "nothing") operation.responses["412"] = { $ref: "#/components/responses/PreconditionFailed" }
  operation.parameters ??= []
  for (const parameter of operation.parameters) completeParameter(parameter)
  operation.parameters.push(
    tenantId,
    ...(taken.idempotencyKey ? [idempotencyKey] : []),
    ...ifMatchBy[taken.ifMatch],
    ...(isChange ? [prefer] : []),
    ...(taken.dryRun ? [dryRun] : [])
  )
  if (taken.dryRun) operation[dryRunMember] = { $ref: "#/components/schemas/DryRun" }
  // A body none of whose members is required may be left out altogether.
  const body = operation.requestBody?.content["application/json"].schema
  if (body !== undefined && body.required === undefined) delete operation.requestBody.required
  if (operation.operationId === "cancelOrder") asInTheFragment(operation)
}

/** What a status may be, in a word for each: the generator has what an own status may look like. */
const nameStatuses = (json: Json, statuses: ReadonlyArray<string>): void => {
  if (typeof json !== "object" || json === null) return
  const [first, ...others] = json.anyOf ?? []
  if (others.length > 0 && LibraryStatus.literals.join() === first.enum?.join()) {
    delete json.anyOf
    const isNullable = others.some(({ type }: Json) => type === "null")
    Object.assign(
      json,
      isNullable ? { anyOf: [{ type: "string", enum: statuses }, { type: "null" }] } : { type: "string", enum: statuses }
    )
  }
  for (const value of Object.values(json)) nameStatuses(value, statuses)
}

/** Own data are a process's: where there is none, the description is silent about them. */
const withoutData = (spec: Json): void => {
  delete spec.components.schemas.Order.properties.data
}

/** A query is text to the generator; filters by own data have the schemas of their members. */
const describeFilters = (spec: Json, filters: OwnFilters): void => {
  for (const parameter of spec.paths["/v1/orders"].get.parameters) {
    const schema = dataParameterSchema(parameter.name, filters)
    if (schema === undefined) continue
    const description = "Lists orders whose own data have this value"
    Object.assign(parameter, { schema, description })
  }
}

/** Members of an operation, on its way to the document: the command that it carries out, of the library or of a process, and what it takes. */
export const commandMember = "x-command"
export const ownCommandMember = "x-own-command"
export const takesMember = "x-takes"

/** What a process refuses a command of the library with, beside what the library does. */
const withOwnCodes = (operation: Json, lifecycle: Lifecycle, statuses: OwnStatuses): void => {
  const command: CommandType | undefined = operation[commandMember]
  if (command === undefined) return
  for (const [status, codes] of ownCodesByStatus(lifecycle, command, statuses)) {
    const properties = { code: { type: "string", enum: codes, description: "Error code" }, message: { type: "string" } }
    const error = { type: "object", properties, required: ["code", "message"] }
    const own = { type: "object", properties: { error }, required: ["error"] }
    const known = schemaOf(operation.responses[status])
    operation.responses[status] = {
      description: operation.responses[status]?.description ?? "Refused by a rule",
      content: { "application/json": { schema: known === undefined ? own : { anyOf: [known, own] } } }
    }
  }
}

/** Complete the generated description of the Api under a lifecycle. `statuses`: see `OwnStatuses`. */
export const completeOpenApi = (spec: Json, lifecycle: Lifecycle, statuses: OwnStatuses = {}): Json => {
  allowUnknownMembers(spec)
  nameStatuses(spec, statusesOf(lifecycle))
  if (lifecycle.process === undefined) withoutData(spec)
  else describeFilters(spec, lifecycle.process.data.filters)
  for (const [path, item] of Object.entries<Json>(spec.paths)) {
    for (const [method, operation] of Object.entries<Json>(item)) {
      withOwnCodes(operation, lifecycle, statuses)
      completeOperation(path, method, operation)
    }
  }
  spec.security = [{ bearerAuth: [] }]
  spec.components.securitySchemes = { bearerAuth: { type: "http", scheme: "bearer", description: "API key" } }
  spec.components.headers = headers
  spec.components.responses = sharedResponses()
  return spec
}
