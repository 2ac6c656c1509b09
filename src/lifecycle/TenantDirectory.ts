/**
 * In which store a tenant is, where there are several (`RoutedOrderStore.ts`).
 *
 * An answer may be relied on for a while, which the directory says with it. Who moves a tenant says so in the directory first, and waits until every
 * answer of before has run out: so nothing is read at a place that the tenant has left. Writes there are refused by the database itself.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { TenantId } from "../order/Order.ts"
import { optionsReader, wrongOption } from "./options.ts"
import type { StoreUnavailable } from "./OrderStore.ts"
import * as Schema from "effect/Schema"

/** Where a tenant is. */
export interface TenantPlace {
  /** The name of its store. */
  readonly store: string
  /** It stays there for at least so many ms, counted from before the directory was asked. 0 while it is being moved. */
  readonly trustedMs: number
}

/**
 * The cause of a `StoreUnavailable` when the tenant is being moved to another database, or has been: the one that was asked takes no changes of it
 * any more. Nothing was done.
 */
export class TenantIsMoving extends Data.TaggedError("TenantIsMoving")<{ readonly cause?: unknown }> {
  override get message() {
    return "The tenant is being moved to another database. Try again in a moment."
  }
}

export class TenantDirectory extends Context.Service<
  TenantDirectory,
  {
    /** Where the tenant is. One that was placed nowhere is given its place by this. */
    readonly placeOf: (tenantId: TenantId) => Effect.Effect<TenantPlace, StoreUnavailable>

    /** Where each of these is, in their order; null for one that was placed nowhere. */
    readonly placesOf: (tenantIds: ReadonlyArray<TenantId>) => Effect.Effect<ReadonlyArray<TenantPlace | null>, StoreUnavailable>
  }
>()("order-lifecycle/TenantDirectory") {
  /** Places that are the same in every process for as long as any runs. Throws a `WrongOption`. */
  static readonly layerStatic = (given: StaticPlaces): Layer.Layer<TenantDirectory> => {
    const options = readPlaces(given)
    const places = new Map(Object.entries(options.places ?? {}))
    const others = defaultPlace(options.others)
    const placeOf = (tenantId: TenantId): TenantPlace => ({
      store: places.get(tenantId) ?? others(tenantId),
      trustedMs: Number.POSITIVE_INFINITY
    })
    return Layer.succeed(TenantDirectory, {
      placeOf: (tenantId) => Effect.sync(() => placeOf(tenantId)),
      placesOf: (tenantIds) => Effect.sync(() => tenantIds.map(placeOf))
    })
  }
}

/** Which store each tenant is in. */
export interface StaticPlaces {
  /** The names of stores, by tenant. */
  readonly places?: Readonly<Record<string, string>>
  /** The store of every other tenant; of several, one by a hash of the tenant's id (`storeByHash`). */
  readonly others: string | ReadonlyArray<string>
}

/** One store, or several, by name. */
export const StoreNames = Schema.Union([Schema.NonEmptyString, Schema.NonEmptyArray(Schema.NonEmptyString)])

/** The place of tenants that nothing else is said of. */
export const defaultPlace =
  (names: string | ReadonlyArray<string>) =>
  (tenantId: TenantId): string =>
    typeof names === "string" ? names : storeByHash(tenantId, names)

const readPlaces = optionsReader<StaticPlaces>(
  "TenantDirectory.layerStatic",
  { places: Schema.Record(Schema.String, Schema.String), others: StoreNames },
  ["others"]
)

/**
 * One of the stores for a tenant, by a hash of its id: the same for as long as the names are the same, in whatever order. Throws a `WrongOption` where
 * there is none.
 */
export const storeByHash = (tenantId: string, names: ReadonlyArray<string>): string => {
  const [first, ...others] = names.toSorted()
  if (first === undefined) throw wrongOption("storeByHash: names", "must have one name at least")
  // The highest of the hashes of tenant and name: with one name more, only those tenants go elsewhere that go to the new one.
  return others.reduce((best, name) => (hashOf(`${name}\n${tenantId}`) > hashOf(`${best}\n${tenantId}`) ? name : best), first)
}

/** FNV-1a, 32 bits, with its bits mixed once more. */
const hashOf = (text: string): number => {
  let hash = 0x81_1c_9d_c5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01_00_01_93)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85_eb_ca_6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2_b2_ae_35)
  return (hash ^ (hash >>> 16)) >>> 0
}
