/** The id a request is known by: the client's, when it is well-formed; one of our own otherwise. Every answer and event carries it. */
import type { SecureRandom } from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Schema from "effect/Schema"
import { RequestId } from "../order/orderEvent.ts"

const decode = Schema.decodeUnknownOption(RequestId)

export const newRequestId = (random: SecureRandom["Service"]): Effect.Effect<RequestId> =>
  Effect.map(random.uuidV7(), (uuid) => `req_${uuid}` as RequestId)

export const requestIdOf = (request: HttpServerRequest, random: SecureRandom["Service"]): Effect.Effect<RequestId> =>
  Option.match(decode(request.headers["x-request-id"]), { onSome: Effect.succeed, onNone: () => newRequestId(random) })
