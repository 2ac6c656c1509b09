/** Who calls, for which tenant: decided from the headers alone, before anything else of a request is looked at. */
import * as Effect from "effect/Effect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Redacted from "effect/Redacted"
import type { StoreUnavailable } from "../lifecycle/OrderStore.ts"
import type { Actor, TenantId } from "../order/Order.ts"
import { type ApiKeys, readIdentity, readOnlyRole, readTenant } from "./ApiKeys.ts"
import { type HttpFault, httpFault } from "./errors.ts"
import { headerValues } from "./headers.ts"

/** The key of `Authorization: Bearer <key>`. The scheme's case does not matter. */
const bearerToken = (request: HttpServerRequest): Effect.Effect<Redacted.Redacted, HttpFault> => {
  const [value, ...others] = headerValues(request, "authorization")
  if (value === undefined) return Effect.fail(httpFault("AUTH_REQUIRED"))
  if (others.length > 0) return Effect.fail(httpFault("INVALID_TOKEN"))
  const [scheme = "", ...parts] = value.trim().split(" ")
  const token = parts.join(" ").trim()
  if (scheme.toLowerCase() !== "bearer" || token === "") return Effect.fail(httpFault("AUTH_REQUIRED"))
  return Effect.succeed(Redacted.make(token))
}

/** The actor and the tenant of a request. `isChange`: whether it asks for more than reading. */
export const authenticate = Effect.fnUntraced(function* (
  apiKeys: ApiKeys["Service"],
  request: HttpServerRequest,
  isChange: boolean
): Effect.fn.Return<{ readonly actor: Actor; readonly tenantId: TenantId }, HttpFault | StoreUnavailable> {
  const identity = readIdentity(yield* apiKeys.identify(yield* bearerToken(request)))
  if (identity === null) return yield* httpFault("INVALID_TOKEN")
  const [tenantId, ...others] = headerValues(request, "tenant-id") as ReadonlyArray<TenantId>
  if (tenantId === undefined || others.length > 0 || !identity.tenants.has(tenantId)) return yield* httpFault("NO_TENANT_ACCESS")
  if (isChange && identity.actor.role === readOnlyRole) return yield* httpFault("INSUFFICIENT_PERMISSIONS")
  return { actor: identity.actor, tenantId: readTenant(tenantId, "tenants") }
})
