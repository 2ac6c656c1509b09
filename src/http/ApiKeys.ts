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
import { createHash, timingSafeEqual } from "node:crypto"
import type { StoreUnavailable } from "../lifecycle/OrderStore.ts"
import type { Actor, TenantId } from "../order/Order.ts"

/** The role of a key that may only read. Any other role, or none, may do everything. */
export const readOnlyRole = "read-only"

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
  /** A fixed list. Keys are kept and compared as digests, all of them on every call, so that time tells nothing about them. */
  static readonly layerStatic = (keys: Iterable<ApiKey>): Layer.Layer<ApiKeys> => {
    const entries = Array.from(keys, ({ key, actor, tenants }) => ({
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
