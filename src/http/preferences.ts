/** What a request prefers (RFC 7240). One preference is known: `handling=strict`, by which no member of a body is ignored. */
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import { headerValues } from "./headers.ts"

/** The header of an answer to a request that was read strictly. */
export const strictlyRead = { "preference-applied": "handling=strict" }

/** Whether the request is to be read strictly. Of a preference that is given more than once the first counts. */
export const isStrict = (request: HttpServerRequest): boolean => {
  const preferences = headerValues(request, "prefer")
    .join(",")
    .split(",")
    .map((each) => (each.split(";")[0] ?? "").trim().split("="))
  const [, value = ""] = preferences.find(([name = ""]) => name.trim().toLowerCase() === "handling") ?? []
  return value.trim().replaceAll('"', "").toLowerCase() === "strict"
}
