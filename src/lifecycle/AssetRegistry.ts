/**
 * The registry of assets that the library keeps itself: registering devices, looking them up, and changing them by hand. What commands on orders do to
 * assets is no business of this service: it is committed with the order (`Change.assets`).
 *
 * It works whatever `assetRegistry` says, so that devices can be registered before it is switched on. Every change by hand is recorded with actor,
 * time and reason, for good.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import {
  type AssetChange,
  ChangeAsset,
  decideChanging,
  decideRegistering,
  RegisterAsset,
  WithdrawAsset
} from "../asset/decideAsset.ts"
import { AssetNotRegistered, type AssetExists, type AssetInUse, type InvalidAssetStatus } from "../asset/refusals.ts"
import type { AssetRecord, RegisteredAsset } from "../asset/RegisteredAsset.ts"
import type { InvalidInput } from "../order/commonRefusals.ts"
import type { VariantInactive, VariantNotFound } from "../order/commands/priceLines.ts"
import { SerialNumber, TenantId } from "../order/Order.ts"
import type { Refusal } from "../order/Refusal.ts"
import { fromMillis } from "../order/Timestamp.ts"
import { type CommandServices, withMillis } from "./applyCommand.ts"
import { Caller } from "./Caller.ts"
import { readVariants } from "./Catalogue.ts"
import { effectReader } from "./effectReader.ts"
import { bindKey, type IdempotencyKeyReused, lookupOf, refuse, replayAssetChange } from "./idempotency.ts"
import type { AssetDisagreement, LoadedAsset, OutcomeUnknown, StoreUnavailable } from "./OrderStore.ts"
import { type AssetListRequest, listAssets, type Page } from "./paging.ts"
import { giveUp, LostRace, retryLostRaces } from "./races.ts"
import { traced } from "./traced.ts"

/** What a change by hand can fail with besides being refused. */
type Failure = IdempotencyKeyReused | InvalidInput | StoreUnavailable | OutcomeUnknown

export type RegisteringRefusal = AssetExists | VariantNotFound | VariantInactive | InvalidAssetStatus
export type ChangingRefusal = AssetNotRegistered | AssetInUse | InvalidAssetStatus

export class AssetRegistry extends Context.Service<
  AssetRegistry,
  {
    /**
     * Register an asset, of a SKU that the catalogue offers. A serial number that is under an active subscription is registered as `rented_out`, for
     * that subscription, and any other in any other status.
     */
    readonly register: (caller: Caller, request: RegisterAsset) => Effect.Effect<AssetChange, RegisteringRefusal | Failure>

    /** Change the status, the location or the notes of an asset by hand. What is left out stays as it is; the reason is recorded. */
    readonly change: (
      caller: Caller,
      serialNumber: SerialNumber,
      request: ChangeAsset
    ) => Effect.Effect<AssetChange, ChangingRefusal | Failure>

    /** Take an asset out of use: it becomes `unavailable`. Doing so again changes nothing but the record. */
    readonly withdraw: (
      caller: Caller,
      serialNumber: SerialNumber,
      request?: WithdrawAsset
    ) => Effect.Effect<AssetChange, ChangingRefusal | Failure>

    /** An asset as it stands. */
    readonly get: (
      tenantId: TenantId,
      serialNumber: SerialNumber
    ) => Effect.Effect<RegisteredAsset, AssetNotRegistered | InvalidInput | StoreUnavailable>

    /** A page of assets, newest first unless sorted otherwise. */
    readonly list: (
      tenantId: TenantId,
      request?: AssetListRequest
    ) => Effect.Effect<Page<RegisteredAsset>, InvalidInput | StoreUnavailable>

    /** What was changed of an asset by hand, oldest first. Empty when it is not registered. */
    readonly history: (
      tenantId: TenantId,
      serialNumber: SerialNumber
    ) => Effect.Effect<ReadonlyArray<AssetRecord>, InvalidInput | StoreUnavailable>

    /** Where the registry and the subscriptions do not agree, over all tenants. Bounded memory. */
    readonly disagreements: Stream.Stream<AssetDisagreement & { readonly tenantId: TenantId }, StoreUnavailable>
  }
>()("order-lifecycle/AssetRegistry") {}

const readCaller = effectReader(Caller, "caller")
const readTenantId = effectReader(TenantId, "tenantId")
const readSerialNumber = effectReader(SerialNumber, "serialNumber")
const readRegistering = effectReader(RegisterAsset)
const readChanging = effectReader(ChangeAsset)
const readWithdrawing = effectReader(WithdrawAsset)

/** How many of what is walked through are read at once. */
const pageSize = 500

/** A change by hand that is being made. */
interface Changing<Refused extends Refusal> {
  readonly caller: Caller
  readonly serialNumber: SerialNumber
  /** What an idempotency key is bound to. */
  readonly content: unknown
  readonly decide: (loaded: LoadedAsset, millis: number) => Effect.Effect<Result.Result<AssetChange, Refused>, StoreUnavailable>
}

export const makeAssetRegistry = ({ store, catalogue, digest }: CommandServices): AssetRegistry["Service"] => {
  /** As a command on an order: load, decide, commit, and decide again when another change was first. */
  const apply = <Refused extends Refusal>(changing: Changing<Refused>): Effect.Effect<AssetChange, Refused | Failure> => {
    const { caller, serialNumber, content, decide } = changing
    const { tenantId } = caller
    const attempt: Effect.Effect<AssetChange | LostRace, Refused | Failure> = withMillis((millis) => {
      const bound = bindKey(caller, millis, content, digest)
      return Effect.flatMap(store.loadAsset({ tenantId, serialNumber, ...lookupOf(bound, millis) }), (loaded): typeof attempt => {
        // The key is bound to the change, which settles which refusals there can be.
        if (bound && loaded.remembered)
          return replayAssetChange(store, bound, loaded.remembered, serialNumber) as Effect.Effect<AssetChange, Refused | Failure>
        return Effect.flatMap(decide(loaded, millis), (decision): typeof attempt => {
          if (Result.isFailure(decision)) return refuse(store, decision.failure, bound, fromMillis(millis), attempt)
          const change = decision.success
          return Effect.map(store.changeAsset(change, bound?.key), (outcome) =>
            outcome === "committed" ? change : new LostRace({ orderId: null })
          )
        })
      })
    })
    return retryLostRaces(attempt, giveUp)
  }

  const variantOf = (tenantId: TenantId, { sku }: RegisterAsset) =>
    Effect.map(catalogue.find(tenantId, [sku]), (answer) => {
      const variant = readVariants(answer, [sku]).get(sku)
      return variant === undefined ? "unknown" : variant.isActive ? "active" : "inactive"
    })

  const changeBy = (caller: Caller, name: string, serialNumber: SerialNumber, request: ChangeAsset, content: object) =>
    apply({
      caller,
      serialNumber,
      content: [name, serialNumber, content],
      decide: (loaded, millis) =>
        Effect.succeed(decideChanging({ serialNumber, ...request }, loaded, { at: fromMillis(millis), actor: caller.actor }))
    })

  return AssetRegistry.of({
    register: traced("AssetRegistry.register")((given: Caller, request: RegisterAsset) =>
      Effect.gen(function* () {
        const caller = yield* readCaller(given)
        const checked = yield* readRegistering(request)
        const { tenantId, actor } = caller
        return yield* apply({
          caller,
          serialNumber: checked.serialNumber,
          content: ["registerAsset", checked],
          decide: (loaded, millis) =>
            Effect.map(variantOf(tenantId, checked), (variant) =>
              decideRegistering(checked, { tenantId, ...loaded, variant }, { at: fromMillis(millis), actor })
            )
        })
      })
    ),
    change: traced("AssetRegistry.change")((given: Caller, serial: SerialNumber, request: ChangeAsset) =>
      Effect.gen(function* () {
        const caller = yield* readCaller(given)
        const serialNumber = yield* readSerialNumber(serial)
        const checked = yield* readChanging(request)
        return yield* changeBy(caller, "changeAsset", serialNumber, checked, checked)
      })
    ),
    withdraw: traced("AssetRegistry.withdraw")((given: Caller, serial: SerialNumber, request: WithdrawAsset = {}) =>
      Effect.gen(function* () {
        const caller = yield* readCaller(given)
        const serialNumber = yield* readSerialNumber(serial)
        const checked = yield* readWithdrawing(request)
        return yield* changeBy(caller, "withdrawAsset", serialNumber, { ...checked, status: "unavailable" }, checked)
      })
    ),
    get: traced("AssetRegistry.get")((tenant: TenantId, serial: SerialNumber) =>
      Effect.gen(function* () {
        const tenantId = yield* readTenantId(tenant)
        const serialNumber = yield* readSerialNumber(serial)
        const { asset } = yield* store.loadAsset({ tenantId, serialNumber })
        return asset ?? (yield* new AssetNotRegistered({ serialNumber }))
      })
    ),
    list: (tenantId, request) => Effect.flatMap(readTenantId(tenantId), (checked) => listAssets(store, checked, request)),
    history: traced("AssetRegistry.history")((tenant: TenantId, serial: SerialNumber) =>
      Effect.gen(function* () {
        const tenantId = yield* readTenantId(tenant)
        const serialNumber = yield* readSerialNumber(serial)
        const records: Array<AssetRecord> = []
        for (;;) {
          const page = yield* store.assetRecords(tenantId, serialNumber, records.at(-1)?.asset.version ?? 0, pageSize)
          records.push(...page)
          if (page.length < pageSize) return records
        }
      })
    ),
    disagreements: Stream.flatMap(
      Stream.paginate(null as TenantId | null, (after) =>
        Effect.map(store.tenantIds(after, pageSize), (ids) => [ids, Option.fromNullishOr(ids.at(-1))] as const)
      ),
      (tenantId) =>
        Stream.paginate(null as SerialNumber | null, (after) =>
          Effect.map(
            store.assetDisagreements(tenantId, after, pageSize),
            ({ found, last }) => [found.map((each) => ({ ...each, tenantId })), Option.fromNullishOr(last)] as const
          )
        )
    )
  })
}
