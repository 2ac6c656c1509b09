/** Filters by own data in a query: `data.channel=web`. Texts stand as they are; numbers, `true` and `false` as JSON writes them. */
import * as Schema from "effect/Schema"
import type { OrderListRequest } from "../lifecycle/paging.ts"
import type { DataFilter, FilterKind, OwnFilter, OwnFilters } from "../order/process/OwnFilters.ts"
import { isKept } from "./jsonText.ts"

/** How a member of own data is called in a query. */
const parameterOf = (member: string) => `data.${member}`

/** The parameters of a list of orders. Which values there are is for the lifecycle to say, in one way for all callers. */
export const dataParameters = (filters: OwnFilters): object =>
  Object.fromEntries(Array.from(filters.keys(), (member) => [parameterOf(member), Schema.optionalKey(Schema.String)]))

/** A query for a list of orders, as the lifecycle takes it. */
export const readDataQuery = (query: OrderListRequest, filters: OwnFilters): OrderListRequest => {
  const request: Record<string, unknown> = { ...query }
  const data: Record<string, unknown> = {}
  for (const [member, { kind }] of filters) {
    const parameter = parameterOf(member)
    const text = request[parameter]
    delete request[parameter]
    if (typeof text === "string") data[member] = valueOf(kind, text)
  }
  return { ...request, ...(Object.keys(data).length > 0 && { data: data as DataFilter }) }
}

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** The value that a text stands for. One that stands for none is left as it is, and does not fit the member. */
const valueOf = (kind: FilterKind, text: string): unknown => {
  if (kind === "number") return jsonNumber.test(text) && isKept(text) ? Number(text) : text
  if (kind === "boolean") return text === "true" || text === "false" ? text === "true" : text
  return text
}

/** What the OpenAPI description says of a parameter; undefined where it is none of own data. */
export const dataParameterSchema = (name: string, filters: OwnFilters): object | undefined => {
  const filter = [...filters].find(([member]) => parameterOf(member) === name)
  return filter && jsonSchemaOf(filter[1])
}

const jsonSchemaOf = ({ schema, kind }: OwnFilter): object => {
  const { schema: json, definitions } = Schema.toJsonSchemaDocument(schema)
  const name = typeof json["$ref"] === "string" ? json["$ref"].split("/").at(-1) : undefined
  const found = name === undefined ? json : (definitions[name] ?? json)
  // Besides numbers, the generator has words for what no number in own data is: NaN and infinities.
  return kind === "number" && "anyOf" in found ? { type: "number" } : found
}
