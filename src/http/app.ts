/**
 * The service as one HTTP effect: what stands between a request and its handler, in this order: route, key, tenant, limits, path, headers
 * and body; and what every answer leaves with. Nothing of a request is looked up or parsed before its key is known.
 */
import * as Cause from "effect/Cause"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import { HttpApiSchemaError } from "effect/http-api/HttpApiError"
import * as Headers from "effect/http/Headers"
import * as HttpEffect from "effect/http/HttpEffect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { AssetRegistry } from "../lifecycle/AssetRegistry.ts"
import type { AuditTrail } from "../lifecycle/AuditTrail.ts"
import type { Caller } from "../lifecycle/Caller.ts"
import { optionsReader, wrongOption } from "../lifecycle/options.ts"
import { OrderLifecycle } from "../lifecycle/OrderLifecycle.ts"
import { OutcomeUnknown } from "../lifecycle/OrderStore.ts"
import type { Reservations } from "../lifecycle/Reservations.ts"
import type { RequestId } from "../order/orderEvent.ts"
import { commandNames, type Lifecycle } from "../order/lifecycleTable.ts"
import { OwnCode } from "../order/process/OwnRefusal.ts"
import { inputFaults, reader } from "../order/readInput.ts"
import { InvalidInput } from "../order/commonRefusals.ts"
import { CurrentLifecycle } from "../lifecycle/CurrentLifecycle.ts"
import { type Api, apiUnder } from "./Api.ts"
import { ApiKeys } from "./ApiKeys.ts"
import { authenticate } from "./authenticate.ts"
import { bodyLimits, takesItems } from "./bodyLimits.ts"
import { answerDocument, documentsOf, isDocumentPath } from "./documents.ts"
import { DryRun, dryRunOf, withDryRuns } from "./dryRun.ts"
import { expectedVersionsOf, ifMatchFault } from "./entityTags.ts"
import { answerDefect, answerFailure, commonHeaders, type Failure, httpFault, noteFailure, OwnStatuses } from "./errors.ts"
import { CurrentCaller, handlersOf } from "./handlers.ts"
import { idempotencyKeyOf, keyNotTaken } from "./idempotencyKey.ts"
import { isStrict, strictlyRead } from "./preferences.ts"
import { defaultLimits, type Limits, LimitsOption, makeRateLimit } from "./RateLimit.ts"
import { readBody } from "./readBody.ts"
import { ownCodesOf } from "./refusals.ts"
import { requestIdOf } from "./requestId.ts"
import { logRequest, type Noted, noteIds, RequestNotes } from "./requestLog.ts"
import { type Match, maxWrittenLength, routeFinder } from "./routes.ts"

/** What can be set of the API when it is mounted. Limits that are left out keep their defaults. */
export interface AppOptions {
  readonly limits?: Partial<Limits>
  /** HTTP statuses of codes that guards of your own process give: 400 unless it is said here. */
  readonly httpStatus?: Readonly<Record<string, number>>
}

/** The text of a request's body, which says what a schema found wrong, and whether no member of it was ignored. Never logged. */
interface Sent {
  body?: string
  isReadStrictly?: boolean
}

/** What a request says besides its parameters and its body, as far as its operation takes it, and what is wrong with it. */
const readConditions = (request: HttpServerRequest, { operation: { takes } }: Match) => {
  const isRefusedKey = !takes.idempotencyKey && request.method === "POST"
  const { key, fault: keyFault } = takes.idempotencyKey
    ? idempotencyKeyOf(request)
    : { key: undefined, fault: isRefusedKey ? keyNotTaken(request) : undefined }
  const { versions, fault: matchFault } = takes.ifMatch === "version" ? expectedVersionsOf(request) : {}
  const hasNothingToMatch = takes.ifMatch === "nothing" && takesBody(request) && request.headers["if-match"] !== undefined
  const { isDryRun, fault: dryRunFault } = takes.dryRun ? dryRunOf(request.url) : { isDryRun: false }
  const faults = [keyFault, matchFault, hasNothingToMatch ? nothingToMatch : undefined, dryRunFault]
  return {
    idempotencyKey: key,
    expectedVersion: versions,
    isDryRun,
    faults: faults.filter((fault) => fault !== undefined)
  }
}

/** A condition that is not looked at must not seem to hold. */
const nothingToMatch = ifMatchFault("is not taken by this operation: there is no version that it could be about")

/** Reads a body, of which no member may be unknown. */
const strictReader = ({ body }: Match["operation"]) => reader(body ?? Schema.Struct({}), "", "refused")

/** The Api on a router of its own. `app` lets in only what the route table knows, so its settings hardly matter. */
const makeRouter = Effect.fnUntraced(function* (api: typeof Api) {
  // The route table refuses what is longer; what the router itself refuses would be a fault of ours.
  const router = yield* HttpRouter.make.pipe(Effect.provideService(HttpRouter.RouterConfig, { maxParamLength: maxWrittenLength }))
  const built = HttpApiBuilder.layer(api).pipe(
    Layer.provide(handlersOf(api)),
    Layer.provide(Layer.effect(OrderLifecycle, Effect.map(OrderLifecycle, withDryRuns))),
    Layer.provide(Layer.succeed(HttpRouter.HttpRouter, router)),
    Layer.provide(HttpServer.layerServices)
  )
  // The markers say what each request must come with; `app` provides the caller and answers every error, which no type can see.
  yield* Layer.build(built as Layer.Layer<never, never, Exclude<Layer.Services<typeof built>, RequestMarker>>)
  return router.asHttpEffect() as Effect.Effect<
    HttpServerResponse.HttpServerResponse,
    unknown,
    HttpServerRequest | CurrentCaller | RequestNotes
  >
})

type RequestMarker = HttpRouter.Request<"Requires", CurrentCaller | RequestNotes> | HttpRouter.Request<"Error", unknown>

/**
 * The request as the handler sees it: its path in one form only, its body checked, and JSON by type too. What came with an empty body may
 * have said anything about it.
 */
const checkedRequest = (request: HttpServerRequest, { url }: Match, body: string): HttpServerRequest => {
  const headers = Headers.set(request.headers, "content-type", "application/json")
  return Object.defineProperty(request.modify({ url, headers }), "text", { value: Effect.succeed(body) })
}

/** What the service needs to run: the lifecycle, and who may call. */
export type AppServices = OrderLifecycle | AssetRegistry | Reservations | AuditTrail | ApiKeys

/** Statuses that say something about the request itself, or that the service gives for reasons of its own, are not for rules. */
const HttpStatusOption = Schema.Record(
  OwnCode,
  Schema.Int.check(
    Schema.makeFilter<number>(
      (status) =>
        (status >= 400 && status < 500 && ![401, 404, 412, 422, 429].includes(status)) ||
        "must be from 400 to 499, and not 401, 404, 412, 422 or 429"
    )
  )
)

/** The service: one effect that answers every request, whatever it is. */
export class App extends Context.Service<App, Effect.Effect<HttpServerResponse.HttpServerResponse, never, HttpServerRequest>>()(
  "order-lifecycle/http/App"
) {
  /** Throws a `WrongOption` that names an option that cannot be used. */
  static readonly layer = (options?: AppOptions): Layer.Layer<App, never, AppServices> =>
    Layer.provide(Layer.effect(App, make(readOptions(options))), SecureRandom.layerWebCrypto)
}

const readOptions = optionsReader<AppOptions>("http", { limits: LimitsOption, httpStatus: HttpStatusOption })

/** A status for a code that no rule of the process gives is most often for a misspelt one. */
const checkCodes = (lifecycle: Lifecycle, ownStatuses: OwnStatuses): void => {
  const codes = new Set(commandNames(lifecycle).flatMap((command) => ownCodesOf(lifecycle, command)))
  for (const code of Object.keys(ownStatuses)) {
    if (!codes.has(code)) throw wrongOption(`http.httpStatus.${code}`, "the process refuses nothing with this code")
  }
}

const make = Effect.fnUntraced(function* (options: AppOptions) {
  const limits = { ...defaultLimits, ...options.limits }
  const apiKeys = yield* ApiKeys
  const random = yield* SecureRandom.SecureRandom
  const ownStatuses = options.httpStatus ?? {}
  const currentLifecycle = yield* CurrentLifecycle
  checkCodes(currentLifecycle, ownStatuses)
  const api = apiUnder(currentLifecycle, ownStatuses)
  const handle = Effect.provideService(yield* makeRouter(api), OwnStatuses, ownStatuses)
  const findRoute = routeFinder(api)
  const documents = documentsOf(api)
  const takeFromBucket = makeRateLimit(limits)

  let inFlight = 0

  /** Let a request in, or say why not. */
  const admit = Effect.fnUntraced(function* (request: HttpServerRequest, notes: Noted, sent: Sent) {
    if (inFlight > limits.requestsInFlight) {
      notes.cause = `more than ${limits.requestsInFlight} requests at once`
      return yield* httpFault("UNAVAILABLE")
    }
    if (lacksHost(request)) return yield* httpFault("BAD_REQUEST", { connection: "close" })
    const match = findRoute(request.method, request.url)
    if ("fault" in match) {
      notes.route = match.template
      return yield* match.fault
    }
    const { template } = match.route
    notes.route = template
    if (isDocumentPath(template)) return yield* answerDocument(documents, template, request)
    // Only handlers under /v1 ask for the caller.
    if (!template.startsWith("/v1/"))
      return yield* handle as Effect.Effect<HttpServerResponse.HttpServerResponse, unknown, HttpServerRequest>

    const { actor, tenantId } = yield* authenticate(apiKeys, request, !match.operation.takes.onlyReads)
    Object.assign(notes, { tenantId, userId: actor.userId })
    noteIds(notes, match.parameters)
    yield* takeFromBucket(tenantId)

    const { operation } = match
    const { isDryRun, idempotencyKey, expectedVersion, faults } = readConditions(request, match)
    const [first, ...others] = [...match.faults, ...faults]
    if (first !== undefined) return yield* new InvalidInput({ details: [first, ...others] })
    const maxBytes = takesItems.has(template) ? bodyLimits.items : bodyLimits.other
    const body = takesBody(request) ? yield* readBody(request, maxBytes, operation.body) : "{}"
    sent.body = body
    sent.isReadStrictly = takesBody(request) && isStrict(request)
    if (sent.isReadStrictly) yield* Effect.fromResult(strictReader(operation)(JSON.parse(body)))
    const caller: Caller = {
      tenantId,
      actor,
      requestId: notes.requestId,
      ...(idempotencyKey !== undefined && { idempotencyKey }),
      ...(expectedVersion !== undefined && { expectedVersion })
    }
    return yield* handle.pipe(
      Effect.provideService(HttpServerRequest, checkedRequest(request, match, body)),
      Effect.provideService(RequestNotes, notes),
      Effect.provideService(CurrentCaller, caller),
      Effect.provideService(DryRun, isDryRun)
    )
  })

  /** The answer to whatever kept a request from being answered. */
  const answerCause = (cause: Cause.Cause<unknown>, notes: Noted, { body }: Sent) => {
    const failure = failureIn(cause, body)
    if (failure === undefined) {
      Object.assign(notes, { code: "INTERNAL_ERROR", cause: describeDefect(cause) })
      return answerDefect(notes.requestId)
    }
    noteFailure(notes, failure)
    return answerFailure(failure)
  }

  return Effect.gen(function* () {
    const request = yield* HttpServerRequest
    const startedAt = yield* Clock.currentTimeNanos
    const requestId = yield* requestIdOf(request, random)
    const notes: Noted = { requestId, method: request.method, route: "*" }
    const sent: Sent = {}
    const log = (status: number) =>
      Effect.flatMap(Clock.currentTimeNanos, (now) => logRequest(notes, status, Number((now - startedAt) / 1_000n) / 1_000))
    // An interrupted request is answered by the server itself, with an empty body. It gets ours on its way out.
    yield* HttpEffect.appendPreResponseHandler((_, response) =>
      Effect.succeed("x-request-id" in response.headers ? response : dress(answerFailure(interrupted(request)), requestId))
    )
    inFlight++
    return yield* admit(request, notes, sent).pipe(
      Effect.catchCause((cause) =>
        Cause.hasInterrupts(cause) ? Effect.interrupt : Effect.succeed(answerCause(cause, notes, sent))
      ),
      Effect.map((response) => dress(response, requestId, sent.isReadStrictly === true ? strictlyRead : {})),
      Effect.tap(({ status }) => log(status)),
      Effect.onInterrupt(() => {
        notes.cause = "interrupted: the client is gone, or the service is ending"
        noteFailure(notes, interrupted(request))
        return log(503)
      }),
      Effect.ensuring(Effect.sync(() => inFlight--))
    )
  })
})

/** Whether a request has a body, and so most often asks for more than reading. */
const takesBody = ({ method }: HttpServerRequest): boolean => method !== "GET" && method !== "HEAD"

/** The headers that an answer leaves with. A document may be kept; no other answer may. */
const dress = (
  response: HttpServerResponse.HttpServerResponse,
  requestId: RequestId,
  headers: Readonly<Record<string, string>> = {}
) => HttpServerResponse.setHeaders(response, { ...commonHeaders, ...response.headers, ...headers, "x-request-id": requestId })

/** Nobody waited for how an interrupted request would end: what only reads has done nothing, of anything else nobody can tell. */
const interrupted = (request: HttpServerRequest) =>
  takesBody(request) ? new OutcomeUnknown({ cause: "interrupted" }) : httpFault("UNAVAILABLE")

/** HTTP/1.1 wants a `Host`. Node would refuse such a request itself, but without a body. */
const lacksHost = ({ source, headers }: HttpServerRequest): boolean =>
  "httpVersion" in source && source.httpVersion === "1.1" && headers["host"] === undefined

/** The failure in a cause that has an answer of its own. A schema that the request does not fit dies inside the framework. */
const failureIn = (cause: Cause.Cause<unknown>, body: string | undefined): Failure | undefined => {
  for (const reason of cause.reasons) {
    if (reason._tag === "Fail" && isFailure(reason.error)) return reason.error
    if (reason._tag === "Die" && HttpApiSchemaError.is(reason.defect) && requestParts.has(reason.defect.kind)) {
      const { kind, cause } = reason.defect
      const input: unknown = kind === "Payload" && body !== undefined ? JSON.parse(body) : undefined
      return new InvalidInput({ details: inputFaults(cause.issue, "", input) })
    }
  }
  return undefined
}

/** What of a request the framework decodes; what it encodes is ours to get right. */
const requestParts: ReadonlySet<string> = new Set(["Params", "Query", "Payload"])

const failureTags: ReadonlySet<string> = new Set(["HttpFault", "InvalidInput", "StoreUnavailable"])

const isFailure = (error: unknown): error is Failure =>
  typeof error === "object" && error !== null && "_tag" in error && failureTags.has(String(error._tag))

/** A defect for the log: what it is and where it came from, without the values it carries. */
const describeDefect = (cause: Cause.Cause<unknown>): string => {
  const defect = Cause.squash(cause)
  if (!(defect instanceof Error)) return "not an Error"
  const stack = defect.stack ?? defect.message
  // A parser's error quotes what it read.
  return defect instanceof SyntaxError ? stack.replace(defect.message, "it is not JSON") : stack
}
