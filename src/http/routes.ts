/**
 * The routes of the Api as a table: which path a request means, exactly. A path is split before it is decoded, and each parameter is
 * decoded once, so that an encoded slash never changes which route is meant.
 */
import * as Context from "effect/Context"
import * as HttpApi from "effect/http-api/HttpApi"
import type * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import type { InputFault } from "../order/commonRefusals.ts"
import { Api } from "./Api.ts"
import type { CommandType } from "../order/commands/index.ts"
import { documentPaths } from "./documents.ts"
import { dryRunParameter } from "./dryRun.ts"
import { type HttpFault, httpFault } from "./errors.ts"
import { operationOf, type Taken } from "./operations.ts"

export interface Route {
  /** `/v1/orders/:orderId/cancel` */
  readonly template: string
  readonly segments: ReadonlyArray<string>
  readonly methods: ReadonlyArray<string>
  /** What each method takes. */
  readonly operations: ReadonlyMap<string, Operation>
}

/** What a request of an operation may hold. */
export interface Operation {
  readonly query: QueryParameters
  /** The schema of its body, if it takes one. */
  readonly body: Schema.ConstraintDecoder<unknown> | undefined
  /** The command on an order that it carries out. */
  readonly command: CommandType | undefined
  readonly takes: Taken
}

/** What a request's method and target come to: the route, with its parameters written in one form only, or what is wrong with them. */
export interface Match {
  readonly route: Route
  readonly url: string
  readonly operation: Operation
  /** The path's parameters that can be read, by name. */
  readonly parameters: Readonly<Record<string, string>>
  readonly faults: ReadonlyArray<InputFault>
}

/** A request that means no route. `template` is as much of its path as is known, with `*` for the rest. */
export interface Miss {
  readonly template: string
  readonly fault: HttpFault
}

const documentOperation: Operation = {
  query: new Map(),
  body: undefined,
  ...operationOf({ method: "GET", annotations: Context.empty() })
}

const routesOf = (api: typeof Api): ReadonlyArray<Route> => {
  const byPath = new Map<string, Map<string, Operation>>(
    documentPaths.map((path) => [path, new Map([["GET", documentOperation]])])
  )
  HttpApi.reflect(api, {
    onGroup: () => {},
    onEndpoint: ({ endpoint }) => {
      const operations = byPath.get(endpoint.path) ?? new Map<string, Operation>()
      // JSON is all that a body can be, in one shape. What decodes it needs nothing of its surroundings.
      const [body] = [...endpoint.payload.values()].flatMap(({ schemas }) => schemas)
      const { command, takes } = operationOf(endpoint)
      const query = new Map([...queryParametersOf(endpoint.query), ...(takes.dryRun ? [[dryRunParameter, false] as const] : [])])
      const operation = { query, body: body as Schema.ConstraintDecoder<unknown> | undefined, command, takes }
      byPath.set(endpoint.path, operations.set(endpoint.method, operation))
    }
  })
  return Array.from(byPath, ([template, operations]) => ({
    template,
    segments: template.split("/"),
    operations,
    // Whatever can be got can be asked for its head.
    methods: [...operations.keys()].flatMap((method) => (method === "GET" ? [method, "HEAD"] : [method]))
  }))
}

/** Each query parameter of an operation, and whether it may be given more than once. */
type QueryParameters = ReadonlyMap<string, boolean>

const queryParametersOf = (query: Schema.Top | undefined): QueryParameters => {
  const written = query === undefined ? undefined : SchemaAST.toEncoded(query.ast)
  if (written === undefined || !SchemaAST.isObjects(written)) return new Map()
  return new Map(written.propertySignatures.map(({ name, type }) => [String(name), SchemaAST.isArrays(type)]))
}

const parametersOf = ({ segments }: Route): number => segments.filter(isParameter).length

const isParameter = (segment: string): boolean => segment.startsWith(":")

const matches = ({ segments }: Route, path: ReadonlyArray<string>): boolean =>
  segments.length === path.length &&
  segments.every((segment, index) => (isParameter(segment) ? path[index] !== "" : segment === path[index]))

const fault = (parameter: string, message: string): InputFault => ({ path: parameter, message, code: "invalid_value" })

/** The longest parameter there can be, written out: 128 characters of four bytes each, every byte percent-encoded. */
export const maxWrittenLength = 128 * 4 * 3

/**
 * A parameter's value, or what is wrong with how it is written. Its characters are for the schema to judge, and so is its length, unless it
 * is one that the router does not take.
 */
const readParameter = (name: string, raw: string): string | InputFault => {
  let value: string
  try {
    value = decodeURIComponent(raw)
  } catch {
    return fault(name, "must be percent-encoded UTF-8")
  }
  if (value.includes("/")) return fault(name, "must not contain a slash")
  if (encodeURIComponent(value).length > maxWrittenLength) return fault(name, "must not be longer than 128 characters")
  return value === "." || value === ".." ? fault(name, "must not be . or ..") : value
}

/** The names in a query are echoed up to this length. */
const maxNameLength = 128

/** What is wrong with the names in a query: one that the operation does not have, or one given twice. */
const queryFaults = (query: string, known: QueryParameters): ReadonlyArray<InputFault> => {
  const names = Array.from(new URLSearchParams(query).keys())
  return [...new Set(names)].flatMap((name) => {
    const mayRepeat = known.get(name)
    if (mayRepeat === undefined) {
      const path = name.slice(0, maxNameLength).toWellFormed()
      return { path, message: "is not a query parameter of this operation", code: "unknown_parameter" }
    }
    return mayRepeat || names.filter((each) => each === name).length === 1 ? [] : fault(name, "must be given once")
  })
}

/** As much of a path as some route begins with. Nothing that the caller made up is in it. */
const knownPart = (routes: ReadonlyArray<Route>, path: ReadonlyArray<string>): string => {
  let longest: ReadonlyArray<string> = [""]
  for (const { segments } of routes) {
    const differs = segments.findIndex((segment, index) =>
      isParameter(segment) ? (path[index] ?? "") === "" : segment !== path[index]
    )
    const shared = segments.slice(0, differs < 0 ? segments.length : differs)
    if (shared.length > longest.length) longest = shared
  }
  return [...longest, "*"].join("/")
}

/** Finds what a request means, in an Api. */
export const routeFinder = (api: typeof Api) => {
  const routes = routesOf(api)
  return (method: string, target: string): Match | Miss => findIn(routes, method, target)
}

/** Find what a request means. */
export const findRoute = routeFinder(Api)

const findIn = (routes: ReadonlyArray<Route>, method: string, target: string): Match | Miss => {
  const queryAt = target.indexOf("?")
  const path = (queryAt < 0 ? target : target.slice(0, queryAt)).split("/")
  const verb = method === "HEAD" ? "GET" : method
  // What a path says literally is meant before what a parameter could be, wherever that has the method.
  const fitting = routes.filter((each) => matches(each, path)).toSorted((a, b) => parametersOf(a) - parametersOf(b))
  const [mostLiteral] = fitting
  if (mostLiteral === undefined) return { template: knownPart(routes, path), fault: httpFault("NOT_FOUND") }
  const route = fitting.find(({ operations }) => operations.has(verb))
  const operation = route?.operations.get(verb)
  if (route === undefined || operation === undefined) {
    const allow = fitting.flatMap(({ methods }) => methods).join(", ")
    return { template: mostLiteral.template, fault: httpFault("METHOD_NOT_ALLOWED", { allow }) }
  }
  const faults: Array<InputFault> = []
  const parameters: Record<string, string> = {}
  const written = route.segments.map((segment, index) => {
    if (!isParameter(segment)) return segment
    const name = segment.slice(1)
    const value = readParameter(name, path[index] ?? "")
    if (typeof value === "string") return encodeURIComponent((parameters[name] = value))
    faults.push(value)
    return ""
  })
  if (queryAt < 0) return { route, operation, url: written.join("/"), parameters, faults }
  if (route.template.startsWith("/v1/")) faults.push(...queryFaults(target.slice(queryAt + 1), operation.query))
  return { route, operation, url: written.join("/") + target.slice(queryAt), parameters, faults }
}
