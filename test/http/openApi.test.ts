/**
 * The served description against the specification's, on the operation the specification is about; and against the routes there are. That
 * answers are as described is for `everyAnswer.test.ts`, and for every test with a client.
 */
import { afterAll, describe, expect, it } from "vitest"
import packageJson from "../../package.json" with { type: "json" }
import { openService } from "./client.ts"

/** The cancel operation of the specification's OpenAPI fragment, and the schema it refers to. */
const fragment = {
  operation: {
    tags: ["Orders"],
    summary: "Cancel an order",
    description: "Cancels a pending order. Cannot cancel orders that have fulfilled subscriptions.",
    operationId: "cancelOrder",
    parameters: [
      { schema: { type: "string", description: "The order ID" }, required: true, name: "orderId", in: "path" },
      { schema: { type: "string", description: "Your tenant identifier" }, required: true, name: "Tenant-ID", in: "header" }
    ],
    requestBody: {
      content: { "application/json": { schema: { type: "object", properties: { reason: { type: "string", maxLength: 1000 } } } } }
    },
    responses: {
      200: {
        description: "Order cancelled",
        content: {
          "application/json": {
            schema: {
              type: "object",
              properties: {
                success: { type: "boolean", enum: [true] },
                message: { type: "string" },
                orderId: { type: "string" }
              },
              required: ["success", "message", "orderId"]
            }
          }
        }
      },
      400: {
        description: "Bad request (order not cancellable)",
        content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } }
      },
      404: {
        description: "Order not found",
        content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } }
      }
    }
  },
  error: {
    type: "object",
    properties: {
      error: {
        type: "object",
        properties: {
          code: { type: "string", description: "Error code" },
          message: { type: "string", description: "Human-readable error message" }
        },
        required: ["code", "message"]
      }
    },
    required: ["error"]
  },
  security: [{ bearerAuth: [] }],
  scheme: { type: "http", scheme: "bearer" }
}

interface Document {
  readonly openapi: string
  readonly info: { readonly version: string }
  readonly security: unknown
  readonly paths: Record<
    string,
    Record<
      string,
      {
        readonly operationId: string
        readonly parameters?: ReadonlyArray<{ readonly name: string; readonly in: string; readonly schema: object }>
        readonly responses: Readonly<Record<string, { readonly $ref?: string }>>
        readonly summary?: string
      }
    >
  >
  readonly components: { readonly schemas: Record<string, unknown>; readonly securitySchemes: Record<string, unknown> }
}

describe("the served OpenAPI description", () => {
  const service = openService()
  afterAll(() => service.dispose())
  const read = async () =>
    (await service.call("GET", "/openapi.json", { headers: { authorization: null } })).body as unknown as Document

  it("says of cancelling an order what the specification says", async () => {
    const document = await read()
    expect(document.openapi).toBe("3.1.0")
    // The fragment is the least that is said: more parameters, answers and members may stand beside it.
    const { parameters, ...others } = fragment.operation
    const served = document.paths["/v1/orders/{orderId}/cancel"]?.["post"]
    expect(served).toMatchObject(others)
    expect(served?.parameters?.slice(0, parameters.length)).toEqual(parameters)
    expect(document.components.schemas["Error"]).toEqual(fragment.error)
    expect(document.security).toEqual(fragment.security)
    expect(document.components.securitySchemes["bearerAuth"]).toMatchObject(fragment.scheme)
  })

  it("has the version of the package", async () => {
    expect((await read()).info.version).toBe(packageJson.version)
  })

  it("gives the page size as a whole number with bounds, and statuses as a list", async () => {
    for (const path of ["/v1/orders", "/v1/subscriptions"]) {
      const parameters = (await read()).paths[path]?.["get"]?.parameters ?? []
      const schemaOf = (name: string) => parameters.find((parameter) => parameter.name === name)?.schema
      expect(schemaOf("limit")).toEqual({ type: "integer", minimum: 1, maximum: 100, default: 50 })
      expect(schemaOf("status")).toMatchObject({ type: "array", items: { type: "string" }, minItems: 1, maxItems: 5 })
    }
  })

  it("has on every operation the parameters and the answers that it can have", async () => {
    const reading = ["400", "401", "403", "408", "417", "429", "431", "500", "503"]
    for (const [path, item] of Object.entries((await read()).paths)) {
      for (const [method, { operationId, parameters = [], responses }] of Object.entries(item)) {
        const headers = parameters.flatMap((parameter) => (parameter.in === "header" ? parameter.name : []))
        const isOpen = path === "/health"
        const isCalculation = operationId.startsWith("calculate")
        const isKeyed =
          (method === "post" && operationId !== "cancelOrders" && !isCalculation) ||
          ["correctOrder", "updateAsset"].includes(operationId)
        const isBare =
          isCalculation ||
          /^(?:create|update|delete)Asset$/.test(operationId) ||
          ["createOrder", "cancelOrders"].includes(operationId)
        const isConditional = method !== "get" && !isBare
        const more = [
          ...(isKeyed ? ["Idempotency-Key"] : []),
          ...(isConditional ? ["If-Match"] : []),
          ...(method === "get" ? [] : ["Prefer"])
        ]
        expect([operationId, headers]).toEqual([operationId, isOpen ? [] : ["Tenant-ID", ...more]])
        const isDry = parameters.some(({ name }) => name === "dryRun")
        expect([operationId, isDry]).toEqual([operationId, isConditional && isKeyed])
        const changing = method === "get" ? [] : ["413", "415"]
        const promised = isOpen
          ? ["400", "408", "417", "431", "503"]
          : [...reading, ...changing, ...(isKeyed ? ["422"] : []), ...(isConditional ? ["412"] : [])]
        expect([operationId, ...Object.keys(responses)]).toEqual(expect.arrayContaining([operationId, ...promised]))
      }
    }
  })

  it("names every operation once and forbids no unknown member", async () => {
    const document = await read()
    const operations = Object.values(document.paths).flatMap((item) =>
      Object.entries(item).flatMap(([method, operation]) => (method === "parameters" ? [] : [operation]))
    )
    expect(operations).toHaveLength(36)
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(36)
    for (const { summary } of operations) expect(summary).toBeTruthy()
    expect(JSON.stringify(document)).not.toContain('"additionalProperties":false')
  })

  it("refers to nothing it does not have", async () => {
    const document = await read()
    const references = JSON.stringify(document).match(/#\/components\/\w+\/[\w-]+/g) ?? []
    expect(references.length).toBeGreaterThan(100)
    for (const reference of references) {
      const [, , kind = "", name = ""] = reference.split("/")
      expect(Object.keys(document.components[kind as "schemas"])).toContain(name)
    }
  })

  it("describes every route there is, and no other", async () => {
    const document = await read()
    const described = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).flatMap((method) => (method === "parameters" ? [] : [`${method.toUpperCase()} ${path}`]))
    )
    for (const operation of described) {
      const [method = "", path = ""] = operation.split(" ")
      const answer = await service.call(method, path.replaceAll(/\{\w+\}/g, "unknown"), { headers: { authorization: null } })
      expect([operation, answer.status]).toEqual([operation, path === "/health" ? 200 : 401])
    }
  })

  it("comes with a page to read it on, which loads nothing from elsewhere", async () => {
    const { status, headers, text } = await service.call("GET", "/docs", { headers: { authorization: null } })
    expect([status, headers.get("content-type")]).toEqual([200, expect.stringContaining("text/html")])
    expect(text).toContain("cancelOrder")
    expect(text.slice(0, 2_000)).not.toMatch(/<(?:script|link)[^>]+(?:src|href)=/)
  })
})
