/**
 * The API's description and the page to read it on. Both are the same for every reader, so each is made once, compressed once, and sent as
 * it is: a reader costs the sending and no more, and one who has it already costs a line.
 */
import { createHash } from "node:crypto"
import { promisify } from "node:util"
import { brotliCompress, constants, gzip } from "node:zlib"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpApiScalar from "effect/http-api/HttpApiScalar"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Layer from "effect/Layer"
import { Api } from "./Api.ts"

/** Where the documents are, beside the Api. */
export const documentPaths = ["/openapi.json", "/docs"] as const
export type DocumentPath = (typeof documentPaths)[number]

export const isDocumentPath = (path: string): path is DocumentPath => documentPaths.some((each) => each === path)

interface Document {
  readonly type: string
  readonly bytes: Uint8Array
  /** Names the content; what is compressed has the encoding behind it. */
  readonly hash: string
  readonly contentSecurityPolicy: string
}

// --- what they are -----------------------------------------------------------------------------------------------------------------

const sha256 = (content: string | Uint8Array) => createHash("sha256").update(content)

const document = (type: string, bytes: Uint8Array, contentSecurityPolicy: ReadonlyArray<string>): Document => ({
  type,
  bytes,
  hash: sha256(bytes).digest("base64url"),
  contentSecurityPolicy: ["default-src 'none'", "frame-ancestors 'none'", ...contentSecurityPolicy].join("; ")
})

const description = async (api: typeof Api): Promise<Document> =>
  document("application/json", new TextEncoder().encode(JSON.stringify(OpenApi.fromApi(api))), [])

/** The page as the framework makes it: one file with the script in it. */
const renderPage = Effect.fnUntraced(function* (api: typeof Api) {
  const router = yield* HttpRouter.make
  const page = HttpApiScalar.layer(api, { path: "/docs", scalar: { withDefaultFonts: false } })
  yield* Layer.build(Layer.provide(page, Layer.succeed(HttpRouter.HttpRouter, router)))
  const request = HttpServerRequest.fromWeb(new Request("http://localhost/docs"))
  const response = yield* Effect.provideService(router.asHttpEffect(), HttpServerRequest.HttpServerRequest, request)
  return yield* Effect.promise(() => HttpServerResponse.toWeb(response).text())
}, Effect.scoped)

/** The page may run the scripts that are in it, and no other; it may ask this service, and no other. */
const page = async (api: typeof Api): Promise<Document> => {
  const html = await Effect.runPromise(renderPage(api))
  const scripts = Array.from(html.matchAll(/<script>([\s\S]*?)<\/script>/g), ([, script = ""]) => script)
  return document("text/html; charset=utf-8", new TextEncoder().encode(html), [
    `script-src ${scripts.map((script) => `'sha256-${sha256(script).digest("base64")}'`).join(" ")}`,
    "style-src 'unsafe-inline'",
    "img-src data: blob:",
    "font-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'"
  ])
}

// --- made once ---------------------------------------------------------------------------------------------------------------------

/** A promise that is asked for when it is first needed, and kept. */
const once = <A>(make: () => Promise<A>): (() => Promise<A>) => {
  let made: Promise<A> | undefined
  return () => (made ??= make())
}

/** Ways to write the bytes down, best first. Compressing is Node's work, on a thread of its own. */
const encodings = {
  br: (bytes: Uint8Array) => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } }),
  gzip: (bytes: Uint8Array) => promisify(gzip)(bytes),
  identity: async (bytes: Uint8Array) => bytes
}
type Encoding = keyof typeof encodings

const kept = (make: () => Promise<Document>) => {
  const made = once(make)
  const encoded = (encoding: Encoding) => once(async () => encodings[encoding]((await made()).bytes))
  return { made, encoded: { br: encoded("br"), gzip: encoded("gzip"), identity: encoded("identity") } }
}

/** The documents of an Api. */
export const documentsOf = (api: typeof Api): Documents => (api === Api ? ofLibrary : made(api))

type Documents = Readonly<Record<DocumentPath, ReturnType<typeof kept>>>

const made = (api: typeof Api): Documents => ({
  "/openapi.json": kept(() => description(api)),
  "/docs": kept(() => page(api))
})
const ofLibrary = made(Api)

// --- how they are sent -------------------------------------------------------------------------------------------------------------

/** The best encoding that `Accept-Encoding` lets in (RFC 9110, 12.5.3). */
export const encodingFor = (accepted = ""): Encoding => {
  const weights = new Map<string, number>()
  for (const part of accepted.toLowerCase().split(",")) {
    const [name = "", ...parameters] = part.split(";").map((piece) => piece.trim())
    const weight = parameters.find((parameter) => parameter.startsWith("q="))
    weights.set(name, weight === undefined ? 1 : Number(weight.slice(2)))
  }
  const isAccepted = (name: Encoding) => (weights.get(name) ?? weights.get("*") ?? 0) > 0
  return (["br", "gzip"] as const).find(isAccepted) ?? "identity"
}

/** Whether a reader has the content already (RFC 9110, 13.1.2). In which encoding it was sent makes no difference to that. */
const isKnown = (ifNoneMatch: string | undefined, hash: string): boolean =>
  ifNoneMatch !== undefined && (ifNoneMatch.trim() === "*" || ifNoneMatch.includes(`"${hash}`))

/** A document, as the reader takes it. */
export const answerDocument = Effect.fnUntraced(function* (
  documents: ReturnType<typeof documentsOf>,
  path: DocumentPath,
  request: HttpServerRequest.HttpServerRequest
) {
  const { made, encoded } = documents[path]
  const { type, hash, contentSecurityPolicy } = yield* Effect.promise(made)
  const encoding = encodingFor(request.headers["accept-encoding"])
  const headers = {
    etag: encoding === "identity" ? `"${hash}"` : `"${hash}-${encoding}"`,
    "cache-control": "public, max-age=300",
    vary: "Accept-Encoding",
    "content-security-policy": contentSecurityPolicy,
    "referrer-policy": "no-referrer"
  }
  if (isKnown(request.headers["if-none-match"], hash)) return HttpServerResponse.empty({ status: 304, headers })
  const bytes = yield* Effect.promise(encoded[encoding])
  return HttpServerResponse.uint8Array(bytes, {
    contentType: type,
    headers: { ...headers, ...(encoding !== "identity" && { "content-encoding": encoding }) }
  })
})
