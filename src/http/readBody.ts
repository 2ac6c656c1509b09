/**
 * The body of a request, read within limits and known to be a JSON object before any schema sees it.
 *
 * The size is capped while reading, the encoding must be UTF-8, and the depth is measured on the text, because deep input overflows
 * recursive readers long before it is large. An empty body counts as `{}`. Of a member given twice the last one counts, except in free-form
 * JSON, which is kept exactly as it was sent or refused by name (`jsonText.ts`).
 */
import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import type * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import { InvalidInput } from "../order/commonRefusals.ts"
import { maxJsonDepth } from "../order/Text.ts"
import { type HttpFault, httpFault } from "./errors.ts"
import { lossFaults } from "./jsonText.ts"

const invalid = (message: string, code: string) => new InvalidInput({ details: [{ path: "", message, code }] })

/** Whether a body follows, as far as the headers tell: chunked bodies and those of a web `Request` may yet turn out empty. */
const mayHaveBody = ({ source, headers }: HttpServerRequest): boolean =>
  source instanceof Request ? source.body !== null : headers["transfer-encoding"] !== undefined

/** `application/json`, with no charset but UTF-8. */
const isJson = (contentType = ""): boolean => {
  const [type = "", ...parameters] = contentType
    .toLowerCase()
    .split(";")
    .map((part) => part.trim())
  const charset = parameters.find((parameter) => parameter.startsWith("charset="))?.slice("charset=".length)
  return type === "application/json" && (charset === undefined || charset.replaceAll('"', "") === "utf-8")
}

/** The body as the text of a JSON object. `schema` is the one that it will be read with. */
export const readBody = Effect.fnUntraced(function* (
  request: HttpServerRequest,
  maxBytes: number,
  schema: Pick<Schema.Top, "ast"> | undefined
): Effect.fn.Return<string, HttpFault | InvalidInput> {
  const { headers } = request
  const length = headers["content-length"] === undefined ? undefined : Number(headers["content-length"])
  if (length === undefined ? !mayHaveBody(request) : length === 0) return "{}"
  if (length !== undefined && length > maxBytes) return yield* httpFault("PAYLOAD_TOO_LARGE")
  const bytes = yield* request.arrayBuffer.pipe(
    Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(maxBytes)),
    Effect.mapError((error) =>
      error.reason._tag === "RequestParseError" && error.reason.reason === "BodyTooLarge"
        ? httpFault("PAYLOAD_TOO_LARGE")
        : invalid("could not be read to its end", "unreadable")
    )
  )
  if (bytes.byteLength === 0) return "{}"
  const encoding = headers["content-encoding"] ?? "identity"
  if (encoding.toLowerCase() !== "identity" || !isJson(headers["content-type"])) return yield* httpFault("UNSUPPORTED_MEDIA_TYPE")
  return yield* readJsonObject(bytes, schema === undefined ? [] : [schema.ast])
})

const utf8 = new TextDecoder("utf-8", { fatal: true })

const readJsonObject = (bytes: ArrayBuffer, schemas: ReadonlyArray<SchemaAST.AST>): Effect.Effect<string, InvalidInput> => {
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    return Effect.fail(invalid("must be UTF-8", "invalid_encoding"))
  }
  if (depthOf(text) > maxJsonDepth) return Effect.fail(invalid(`must not nest deeper than ${maxJsonDepth} levels`, "too_deep"))
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return Effect.fail(invalid("must be valid JSON", "invalid_json"))
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    return Effect.fail(invalid("must be a JSON object", "invalid_type"))
  }
  const [first, ...others] = lossFaults(text, schemas)
  if (first !== undefined) return Effect.fail(new InvalidInput({ details: [first, ...others] }))
  return Effect.succeed(withoutProto(text))
}

/** How deep brackets nest in a JSON text, outside its strings. Invalid JSON has a depth too; that it is invalid is found later. */
const depthOf = (text: string): number => {
  let [depth, deepest, isInString] = [0, 0, false]
  for (let index = 0; index < text.length; index++) {
    switch (text.charCodeAt(index)) {
      case 0x22:
        isInString = !isInString
        break
      case 0x5c:
        if (isInString) index++
        break
      case 0x5b:
      case 0x7b:
        if (!isInString && ++depth > deepest) deepest = depth
        break
      case 0x5d:
      case 0x7d:
        if (!isInString) depth--
    }
  }
  return deepest
}

/**
 * The text without members called `__proto__`: copied by assignment they would replace a prototype instead of adding a member. Such a
 * name is written out, or hidden behind an escape.
 */
const withoutProto = (text: string): string =>
  text.includes("__proto__") || text.includes("\\u")
    ? JSON.stringify(JSON.parse(text, (name, value: unknown) => (name === "__proto__" ? undefined : value)))
    : text
