/**
 * Who may call: the port to wherever API keys are kept, and a layer over a fixed list.
 *
 * A key belongs to one user and opens one or more tenants. The user becomes the actor of every transition made with it; nothing about
 * the actor is ever read from a request. A key whose role is `read-only` may look but not change anything.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { createHash, timingSafeEqual } from "node:crypto"
import type { StoreUnavailable } from "../lifecycle/OrderStore.ts"
import { answerReader, optionReader, wrongAnswer } from "../lifecycle/options.ts"
import { Actor, TenantId } from "../order/Order.ts"

/** The role of a key that may only read. Any other role, or none, may do everything. */
export const readOnlyRole = "read-only"

/** A role that is meant to be `readOnlyRole` and is written another way would let a key do everything. */
export const KeyRole = Schema.String.check(
  Schema.makeFilter<string>(
    (role) =>
      role === readOnlyRole ||
      role.toLowerCase().replaceAll(/[^a-z]/g, "") !== "readonly" ||
      `must be "${readOnlyRole}", to the letter: a key with any other role may do everything`
  )
)

/** Whom a key stands for, and the tenants it opens. */
export interface Identity {
  readonly actor: Actor
  readonly tenants: ReadonlySet<TenantId>
}

/** A key that opens the API: who calls with it, and for which tenants. */
export interface ApiKey {
  readonly key: Redacted.Redacted
  readonly actor: Actor
  readonly tenants: Iterable<TenantId>
}

const digest = (token: string): Buffer => createHash("sha256").update(token).digest()

export class ApiKeys extends Context.Service<
  ApiKeys,
  {
    /** The identity behind a key; null when there is no such key. */
    readonly identify: (token: Redacted.Redacted) => Effect.Effect<Identity | null, StoreUnavailable>
  }
>()("order-lifecycle/http/ApiKeys") {
  /**
   * A fixed list. Keys are kept and compared as digests, all of them on every call, so that time tells nothing about them. Throws a
   * `WrongOption` that names what cannot be used, and never a key.
   */
  static readonly layerStatic = (keys: Iterable<ApiKey>): Layer.Layer<ApiKeys> => {
    const entries = readKeys(Array.from(keys, withListedTenants), "ApiKeys.layerStatic").map(({ key, actor, tenants }) => ({
      digest: digest(Redacted.value(key)),
      identity: { actor, tenants: new Set(tenants) }
    }))
    return Layer.succeed(ApiKeys, {
      identify: (token) =>
        Effect.sync(() => {
          const given = digest(Redacted.value(token))
          let found: Identity | null = null
          for (const entry of entries) if (timingSafeEqual(entry.digest, given)) found = entry.identity
          return found
        })
    })
  }
}

const Key = Schema.declare((given): given is Redacted.Redacted => Redacted.isRedacted(given)).check(
  Schema.makeFilter<Redacted.Redacted>((key) => typeof Redacted.value(key) === "string" || "must be a redacted string")
)
const KeyActor = Schema.Struct({ ...Actor.fields, role: Schema.optionalKey(KeyRole) })
const readKeys = optionReader(Schema.Array(Schema.Struct({ key: Key, actor: KeyActor, tenants: Schema.Array(TenantId) })))

/** Tenants may be given as a set; anything that is no list of them is for the reader to refuse. */
const withListedTenants = (entry: ApiKey): unknown => {
  const given: unknown = entry
  if (typeof given !== "object" || given === null || !("tenants" in given)) return given
  const { tenants } = given
  return {
    ...given,
    tenants: typeof tenants === "object" && tenants !== null && Symbol.iterator in tenants ? [...entry.tenants] : tenants
  }
}

const readActor = answerReader("ApiKeys.identify", Schema.Struct({ actor: Actor }))

/** Whom a port says a key stands for, read: throws a `WrongAnswer` that names what cannot be used. Null stays null: there is no such key. */
export const readIdentity = (answer: Identity | null): Identity | null => {
  if (answer === null) return null
  const { actor } = readActor(answer)
  const tenants: unknown = answer.tenants
  if (!isSet(tenants)) throw wrongAnswer("ApiKeys.identify", "tenants", "must be a Set of tenant ids")
  return { actor, tenants }
}

/** The tenant of a request, which the port says the key may act for. */
export const readTenant = answerReader("ApiKeys.identify", TenantId)

const isSet = (given: unknown): given is ReadonlySet<TenantId> =>
  typeof given === "object" && given !== null && "has" in given && typeof given.has === "function"
