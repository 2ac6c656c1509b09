/**
 * The service on Node's own HTTP server, with limits for clients that are slow, greedy or broken, and an end that loses nobody's answer.
 * Source: reliability.md, section 5, rows 5 and 23.
 */
import { createServer, type Server, type ServerResponse, STATUS_CODES } from "node:http"
import type { Duplex } from "node:stream"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as SecureRandom from "effect/crypto/SecureRandom"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import type { ServeError } from "effect/http/HttpServerError"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { DurationOption, optionsReader } from "../lifecycle/options.ts"
import type { RequestId } from "../order/orderEvent.ts"
import { NonEmptyText } from "../order/Text.ts"
import { App } from "./app.ts"
import { commonHeaders, errorBody, type HttpCode, httpFaults, statusByCode } from "./errors.ts"
import { newRequestId } from "./requestId.ts"

export interface ServerOptions {
  readonly host: string
  /** 0 for any free port. */
  readonly port: number
  /** How long requests may take to finish once the server is told to end; 10 seconds unless said otherwise. */
  readonly grace?: Duration.Input
  /** Time-outs in milliseconds; for tests of slow clients. */
  readonly timeouts?: Partial<typeof defaultTimeouts>
  /** How many connections there may be at once, and how many requests one of them may carry. */
  readonly connections?: Partial<typeof defaultConnections>
}

const defaultTimeouts = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 5_000,
  /** Of a connection on which nothing moves: the client of a pending answer has ceased to read it. Longer than any request may work. */
  idleTimeout: 30_000,
  connectionsCheckingInterval: 1_000
}

const defaultConnections = { maxConnections: 1_000, maxRequestsPerSocket: 1_000 }

const Milliseconds = Schema.optional(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)))
const AtLeastOne = Schema.optional(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)))

const readOptions = optionsReader<ServerOptions>(
  "nodeServer",
  {
    host: NonEmptyText,
    port: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65_535 })),
    grace: DurationOption,
    timeouts: Schema.Struct({
      headersTimeout: Milliseconds,
      requestTimeout: Milliseconds,
      keepAliveTimeout: Milliseconds,
      idleTimeout: Milliseconds,
      connectionsCheckingInterval: Milliseconds
    }),
    connections: Schema.Struct({ maxConnections: AtLeastOne, maxRequestsPerSocket: AtLeastOne })
  },
  ["host", "port"]
)

/**
 * Serve the app. It stops taking connections when the scope closes, and lets requests finish that have begun. Throws a `WrongOption` that names
 * an option that cannot be used.
 */
export const layer = (given: ServerOptions): Layer.Layer<HttpServer.HttpServer, ServeError, App> => {
  const options = readOptions(given)
  return Layer.unwrap(
    Effect.gen(function* () {
      const server = makeServer(options)
      const random = yield* SecureRandom.SecureRandom
      const runSync = Effect.runSyncWith(yield* Effect.context())
      refuseUnreadable(server, () => runSync(newRequestId(random)))
      // The layers are closed in the opposite order: first `drained`, while requests are still being answered.
      const listening = NodeHttpServer.layerServer(() => server, {
        host: options.host,
        port: options.port,
        disablePreemptiveShutdown: true
      })
      const serving = Layer.unwrap(Effect.map(App, (app) => HttpServer.serve(app)))
      const drained = Layer.effectDiscard(Effect.acquireRelease(Effect.void, () => drain(server, options.grace ?? "10 seconds")))
      return drained.pipe(Layer.provideMerge(serving), Layer.provideMerge(listening))
    })
  ).pipe(Layer.provide(SecureRandom.layerWebCrypto))
}

const makeServer = ({ timeouts, connections }: ServerOptions): Server => {
  // The app refuses a request without a `Host`, with a body.
  const { idleTimeout, ...others } = { ...defaultTimeouts, ...timeouts }
  const server = createServer({ ...others, requireHostHeader: false }).setTimeout(idleTimeout)
  return Object.assign(server, defaultConnections, connections)
}

/** Answer what never becomes a whole request: bytes that are not HTTP, too many headers, a client that takes too long. */
const refuseUnreadable = (server: Server, newId: () => RequestId): void => {
  const answers = new WeakMap<Duplex, ServerResponse>()
  server.on("request", ({ socket }, response) => answers.set(socket, response))
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    // Nobody is listening any more, or an answer is on its way that must not be written into.
    const answer = answers.get(socket)
    const isAnswering = answer !== undefined && answer.headersSent && !answer.writableFinished
    if (error.code === "ECONNRESET" || !socket.writable || isAnswering) return void socket.destroy(error)
    const code = unreadable[error.code ?? ""] ?? "BAD_REQUEST"
    const [status, headers, body] = refusal(newId(), code)
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join("")}\r\n${body}`, () => socket.destroy())
  })
  server.on("checkExpectation", (_, response) => {
    const [status, headers, body] = refusal(newId(), "EXPECTATION_FAILED")
    response.writeHead(status, headers).end(body)
  })
}

const unreadable: Record<string, HttpCode> = {
  ERR_HTTP_REQUEST_TIMEOUT: "REQUEST_TIMEOUT",
  HPE_HEADER_OVERFLOW: "HEADERS_TOO_LARGE",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "PAYLOAD_TOO_LARGE"
}

const refusal = (
  requestId: RequestId,
  code: HttpCode
): readonly [status: number, headers: Record<string, string | number>, body: string] => {
  const body = JSON.stringify(errorBody(code, httpFaults[code].message))
  const own = { "x-request-id": requestId, "content-type": "application/json", "content-length": Buffer.byteLength(body) }
  return [statusByCode[code], { ...commonHeaders, ...own, connection: "close" }, body]
}

/** Take no more connections, and wait until the last request is answered, but not for ever. */
const drain = (server: Server, grace: Duration.Input): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    server.close(() => resume(Effect.void))
  }).pipe(
    // A connection kept alive is idle only once its last answer is out.
    Effect.raceFirst(
      Effect.repeat(
        Effect.sync(() => server.closeIdleConnections()),
        Schedule.spaced("50 millis")
      )
    ),
    Effect.timeoutOrElse({ duration: grace, orElse: () => Effect.void }),
    Effect.asVoid
  )
