/**
 * The routes of the Api as a table: which path a request means, exactly. A path is split before it is decoded, and each parameter is
 * decoded once, so that an encoded slash never changes which route is meant.
 */
import * as HttpApi from "effect/http-api/HttpApi"
import type { InputFault } from "../order/Refusal.ts"
import { Api } from "./Api.ts"
import { type HttpFault, httpFault } from "./errors.ts"

export interface Route {
  /** `/v1/orders/:orderId/cancel` */
  readonly template: string
  readonly segments: ReadonlyArray<string>
  readonly methods: ReadonlyArray<string>
}

/** What a request's method and target come to: the route, with its parameters written in one form only, or what is wrong with them. */
export interface Match {
  readonly route: Route
  readonly url: string
  readonly faults: ReadonlyArray<InputFault>
}

/** Paths that are served beside the Api, because they are made from it. */
export const documentPaths = ["/openapi.json", "/docs"] as const

const routes: ReadonlyArray<Route> = (() => {
  const methodsByPath = new Map<string, Array<string>>(documentPaths.map((path) => [path, ["GET"]]))
  HttpApi.reflect(Api, {
    onGroup: () => {},
    onEndpoint: ({ endpoint }) => {
      methodsByPath.set(endpoint.path, [...(methodsByPath.get(endpoint.path) ?? []), endpoint.method])
    }
  })
  return Array.from(methodsByPath, ([template, methods]) => ({ template, methods, segments: template.split("/") }))
})()

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

/** Find what a request means. */
export const findRoute = (method: string, target: string): Match | HttpFault => {
  const queryAt = target.indexOf("?")
  const path = (queryAt < 0 ? target : target.slice(0, queryAt)).split("/")
  const route = routes.find((each) => matches(each, path))
  if (route === undefined) return httpFault("NOT_FOUND")
  if (!route.methods.includes(method)) return httpFault("METHOD_NOT_ALLOWED", { allow: route.methods.join(", ") })
  const faults: Array<InputFault> = []
  const written = route.segments.map((segment, index) => {
    if (!isParameter(segment)) return segment
    const value = readParameter(segment.slice(1), path[index] ?? "")
    if (typeof value === "string") return encodeURIComponent(value)
    faults.push(value)
    return ""
  })
  return { route, url: written.join("/") + (queryAt < 0 ? "" : target.slice(queryAt)), faults }
}
