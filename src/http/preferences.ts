/** What a request prefers (RFC 7240). One preference is known: `handling=strict`, by which no member of a body is ignored. */
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import { headerValues } from "./headers.ts"

/** The header of an answer to a request that was read strictly. */
export const strictlyRead = { "preference-applied": "handling=strict" }

/** A preference in a list, and what stands of it before its parameters. A quoted text may have commas and semicolons in it. */
const eachPreference = /(?:[^,"]|"(?:[^"\\]|\\.)*")+/g
const beforeParameters = /^(?:[^;"]|"(?:[^"\\]|\\.)*")*/

/** Whether the request is to be read strictly. Of a preference that is given more than once the first counts. */
export const isStrict = (request: HttpServerRequest): boolean => {
  const given = headerValues(request, "prefer").join(",").match(eachPreference) ?? []
  const handling = given
    .map((preference) => (beforeParameters.exec(preference)?.[0] ?? "").split("="))
    .find(([name = ""]) => name.trim().toLowerCase() === "handling")
  return handling?.[1]?.trim().replaceAll('"', "").toLowerCase() === "strict"
}
