/** The request headers that must be given once: a header that is given twice means one thing to a proxy and another to us. */
import type { HttpServerRequest } from "effect/http/HttpServerRequest"

/**
 * Every value of a header, by its lower-case name. Node keeps only the first `Authorization` and joins other headers, so on a Node
 * server the raw headers are read; a web `Request` has joined them with `", "` already.
 */
export const headerValues = (request: HttpServerRequest, name: string): ReadonlyArray<string> => {
  if ("rawHeaders" in request.source && Array.isArray(request.source.rawHeaders)) {
    const raw: ReadonlyArray<unknown> = request.source.rawHeaders
    const values: Array<string> = []
    for (let index = 0; index + 1 < raw.length; index += 2) {
      if (String(raw[index]).toLowerCase() === name) values.push(String(raw[index + 1]))
    }
    return values
  }
  const joined = request.headers[name]
  return joined === undefined ? [] : isQuoted(joined) ? [joined] : joined.split(", ")
}

/** Whether a value is one quoted string (RFC 9651, `sf-string`). */
export const isQuoted = (value: string): boolean => /^"(?:[^"\\]|\\["\\])*"$/.test(value)
