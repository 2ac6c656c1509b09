/**
 * What the embedding service knows and the library asks for: what is sold, which assets there are, whose key opens what, and what time it
 * is. All of it per tenant, so that every scenario has a shop of its own in stores that they share.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { ApiKeys, type Identity } from "../../src/http/ApiKeys.ts"
import { type Asset, Assets } from "../../src/lifecycle/Assets.ts"
import { Catalogue } from "../../src/lifecycle/Catalogue.ts"
import { Currency } from "../../src/order/Money.ts"
import { type SerialNumber, Sku, type TenantId } from "../../src/order/Order.ts"
import type { Variant } from "../../src/order/commands/priceLines.ts"
import { decimalsOf } from "./Shop.ts"
import { indexPath, readText } from "./readPages.ts"

/** A product by the name that pages call it. */
export interface Product {
  readonly name: string
  readonly variant: Variant
}

/** The products in the table of the overview page: name, SKU, prices, and whether it is offered. */
export const products: ReadonlyArray<Product> = [
  ...readText(indexPath).matchAll(/^\| ([\w -]+) \| `([A-Z0-9-]+)` \| (.+) \| (offered|no longer offered) \|$/gm)
].map(([, name = "", sku = "", prices = "", offered]) => {
  const priced = [...prices.matchAll(/([\d.]+) ([A-Z]{3}) for (\d+) months/g)]
  const currency = priced[0]?.[2] ?? ""
  const pricing = priced.map(([, amount = "", , months]) => {
    if ((amount.split(".")[1] ?? "").length !== decimalsOf(currency)) throw new Error(`${indexPath}: ${amount} ${currency}`)
    return { contractLength: Number(months), monthlyPrice: Number(amount.replace(".", "")) }
  })
  return {
    name,
    variant: {
      sku: Sku.make(sku),
      productName: name,
      isActive: offered === "offered",
      currency: Currency.make(currency),
      pricing
    }
  }
})

const variantBySku = new Map(products.map(({ variant }) => [variant.sku, variant]))

/** When every scenario begins, unless it says otherwise. */
export const morning = Date.UTC(2026, 10, 25, 9)

export class Surroundings {
  /** SKUs that a tenant has ceased to offer. */
  readonly #withdrawn = new Map<TenantId, Set<Sku>>()
  /** The assets of tenants that keep a registry; whoever keeps none may rent any serial number. */
  readonly #registries = new Map<TenantId, Map<SerialNumber, Asset>>()
  readonly #identities = new Map<string, Identity>()
  /** The clock stands still until a scenario moves it. */
  nowMs = morning

  withdraw(tenantId: TenantId, sku: Sku): void {
    this.#withdrawn.set(tenantId, (this.#withdrawn.get(tenantId) ?? new Set()).add(sku))
  }

  register(tenantId: TenantId, serial: SerialNumber, sku: Sku, available: boolean): void {
    const registry = this.#registries.get(tenantId) ?? new Map<SerialNumber, Asset>()
    this.#registries.set(tenantId, registry.set(serial, { known: true, sku, available }))
  }

  admit(key: string, identity: Identity): void {
    this.#identities.set(key, identity)
  }

  readonly #catalogue = Layer.succeed(Catalogue, {
    find: (tenantId) =>
      Effect.sync(() => {
        const withdrawn = this.#withdrawn.get(tenantId)
        if (withdrawn === undefined) return variantBySku
        return new Map(
          [...variantBySku].map(([sku, variant]) => [sku, withdrawn.has(sku) ? { ...variant, isActive: false } : variant])
        )
      })
  })

  readonly #assets = Layer.succeed(Assets, {
    find: (tenantId, serial) =>
      Effect.sync((): Asset => {
        const registry = this.#registries.get(tenantId)
        return registry === undefined ? { known: true, available: true } : (registry.get(serial) ?? { known: false })
      })
  })

  readonly #keys = Layer.succeed(ApiKeys, {
    identify: (token) => Effect.sync(() => this.#identities.get(Redacted.value(token)) ?? null)
  })

  readonly layer = Layer.mergeAll(this.#catalogue, this.#assets, this.#keys)
  /** Without a registry of the tenants' own. */
  readonly layerUnregistered = Layer.mergeAll(this.#catalogue, Assets.layerUnregistered, this.#keys)

  /** Shows the scenario's time; what has to wait waits as long as it takes. */
  readonly clock: Clock.Clock = {
    currentTimeMillisUnsafe: () => this.nowMs,
    currentTimeMillis: Effect.sync(() => this.nowMs),
    currentTimeNanosUnsafe: () => BigInt(this.nowMs) * 1_000_000n,
    currentTimeNanos: Effect.sync(() => BigInt(this.nowMs) * 1_000_000n),
    monotonicTimeNanosUnsafe: () => realClock.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: realClock.monotonicTimeNanos,
    sleep: (duration) => realClock.sleep(duration)
  }
}

const realClock = Context.get(Context.empty(), Clock.Clock)
