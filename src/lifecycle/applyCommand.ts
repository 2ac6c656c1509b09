/**
 * One command, from load to commit: load the order, decide, commit the change that follows. Lost the race? Load and decide again.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { assetStepsOf } from "../asset/assetSteps.ts"
import { isRentable } from "../asset/assetTable.ts"
import type { SealedEvent } from "../order/auditChain.ts"
import {
  type CommandRequest,
  type CommandType,
  type EventOf,
  type OrderCommand,
  type RefusalOf
} from "../order/commands/index.ts"
import type { AssetFacts, PricingFacts, QuotingFacts, RentingFacts } from "../order/commands/defineCommand.ts"
import { type OrderPlaced, place, type PlaceOrder, type PlaceRefusal } from "../order/commands/place.ts"
import { OrderNotFound, SubscriptionNotFound } from "../order/commonRefusals.ts"
import type { ContractEnding } from "../order/contractEnds.ts"
import { decide } from "../order/decide.ts"
import type { Digest } from "../order/digest.ts"
import { type DueChange, dueChange, isAskedFor, isSet } from "../order/due.ts"
import { preview } from "../order/explain.ts"
import type { Lifecycle } from "../order/lifecycleTable.ts"
import { emailKeyOf } from "../order/lookups.ts"
import {
  type CustomerId,
  isActive,
  type Order,
  type OrderId,
  type OwnData,
  type Payment,
  type SerialNumber,
  type Sku,
  type SubscriptionId,
  type TenantId
} from "../order/Order.ts"
import type { RequestId } from "../order/orderEvent.ts"
import { filterableOf } from "../order/process/OwnFilters.ts"
import { rowsOf } from "../order/process/OwnRows.ts"
import type { Refusal } from "../order/Refusal.ts"
import { fromMillis, type Timestamp, toMillis } from "../order/Timestamp.ts"
import type { Occasion, Transition } from "../order/Transition.ts"
import { announceCommitted } from "./announceCommitted.ts"
import { type Asset, Assets, readAsset } from "./Assets.ts"
import { AuditTrail } from "./AuditTrail.ts"
import type { Caller } from "./Caller.ts"
import { Catalogue, readVariants } from "./Catalogue.ts"
import { CurrentDigest } from "./CurrentDigest.ts"
import { isExpected, VersionMismatch } from "./expectedVersion.ts"
import { bindKey, type BoundKey, type IdempotencyKeyReused, lookupOf, refuse, replay } from "./idempotency.ts"
import { HasAssetRegistry } from "./HasAssetRegistry.ts"
import { type Ids, makeIds } from "./Ids.ts"
import {
  type Change,
  type Loaded,
  type LoadRequest,
  OrderStore,
  type OutcomeUnknown,
  type StoreUnavailable,
  type WaitingCommand
} from "./OrderStore.ts"
import { makeOrderTurns, type OrderTurns, TakesTurns } from "./OrderTurns.ts"
import { giveUp, LostRace, retryLostRaces } from "./races.ts"
import { type QuoteFunctions, quoted } from "./quotes.ts"
import { Reservations } from "./Reservations.ts"
import { subscriptionOfOrder } from "./subscriptionOfOrder.ts"

/** What commands are carried out with. */
export interface CommandServices {
  readonly lifecycle: Lifecycle
  readonly store: OrderStore["Service"]
  readonly catalogue: Catalogue["Service"]
  readonly assets: Assets["Service"]
  /** Whether the library's own registry is asked instead, and its assets are moved. */
  readonly hasRegistry: boolean
  readonly reservations: Reservations["Service"]
  readonly auditTrail: AuditTrail["Service"]
  readonly newId: Ids["newId"]
  readonly digest: Digest
  readonly turns: OrderTurns
  readonly quotes: QuoteFunctions
  readonly whenContractEnds: ContractEnding
}

/** What is not of the order's own rules, and the embedding service says. */
export type Arrangements = Pick<CommandServices, "quotes" | "whenContractEnds">

export const makeCommandServices = Effect.fnUntraced(function* (lifecycle: Lifecycle, arrangements: Arrangements) {
  const { newId } = yield* makeIds
  return {
    lifecycle,
    ...arrangements,
    store: yield* OrderStore,
    catalogue: yield* Catalogue,
    assets: yield* Assets,
    hasRegistry: yield* HasAssetRegistry,
    reservations: yield* Reservations,
    auditTrail: yield* AuditTrail,
    newId,
    digest: yield* CurrentDigest,
    turns: makeOrderTurns()
  } satisfies CommandServices
})

/** An order is named by its own id, or by that of one of its subscriptions. */
type OrderName = LoadRequest["order"]
type NotFound<Name extends OrderName> = Name extends { orderId: OrderId } ? OrderNotFound : SubscriptionNotFound

/** What a command can fail with besides being refused. */
type Failure = IdempotencyKeyReused | StoreUnavailable | OutcomeUnknown

/** What a command on an order can fail with besides. */
type FailureOnOrder = Failure | VersionMismatch

/** A command whose moment came too late: the order is no longer in the status in which it was waited for. */
export class NotAskedFor extends Data.TaggedError("NotAskedFor") {}

/** The answer to a command: a transition that was made now, or one of before that is told again and is no news. */
interface Answer<Told extends Transition> {
  readonly transition: Told
  readonly news?: SealedEvent
}

/** One attempt at a command. */
type Attempt<Told extends Transition, Refused> = Effect.Effect<Answer<Told> | LostRace, Refused | Failure>

// --- a command on an order that is there -----------------------------------------------------------------------------------------------

/** A command being given. */
interface Giving<Type extends CommandType, Name extends OrderName> {
  readonly services: CommandServices
  readonly caller: Caller
  readonly name: Name
  readonly request: CommandRequest<Type>
  /** Set when it is given because its moment has come, and not by a caller: see `Due.ts`. */
  readonly due: WaitingCommand | undefined
  /** Kept once known: the surroundings are asked by the first attempt that gets to deciding. An answer given again needs nothing of them. */
  toCommand?: ToCommand<Type>
}

/** The request with the facts that only its surroundings know: the command that is decided on. */
type ToCommand<Type extends CommandType> = (loaded: Loaded, at: Timestamp) => { readonly type: Type } & OrderCommand<Type>

type RefusedWith<Type extends CommandType, Name extends OrderName> = RefusalOf<Type> | NotFound<Name>
type CommandAttempt<Type extends CommandType, Name extends OrderName> = Attempt<
  Transition<EventOf<Type>>,
  RefusedWith<Type, Name> | VersionMismatch | NotAskedFor
>

/** An order as it was loaded for a command, and when. */
interface LoadedFor {
  readonly millis: number
  readonly bound: BoundKey | undefined
  readonly loaded: Loaded
}

/**
 * Apply a command to an order. Several attempts without a lock, each from fresh state, and then under the order's lock: a command
 * loses a race only to one that was carried out.
 *
 * An attempt is two steps, a load and a commit. What waits for nothing (reading the clock, deciding, sealing) happens between them.
 */
export const applyCommand = <Type extends CommandType, Name extends OrderName>(
  services: CommandServices,
  caller: Caller,
  name: Name,
  request: CommandRequest<Type>
): Effect.Effect<Transition<EventOf<Type>>, RefusedWith<Type, Name> | FailureOnOrder> =>
  // Who gives it is there to give it.
  give({ services, caller, name, request, due: undefined }) as Effect.Effect<
    Transition<EventOf<Type>>,
    RefusedWith<Type, Name> | FailureOnOrder
  >

/** The same for a command that an order waits for: as `applyCommand`, but at its moment at the earliest. */
export const applyDue = (
  services: CommandServices,
  caller: Caller,
  due: WaitingCommand
): Effect.Effect<Transition, RefusalOf<CommandType> | OrderNotFound | FailureOnOrder | NotAskedFor> =>
  give({
    services,
    caller,
    name: { orderId: due.orderId },
    request: { type: due.command, ...due.payload } as CommandRequest,
    due
  })

const give = <Type extends CommandType, Name extends OrderName>(giving: Giving<Type, Name>) =>
  Effect.flatMap(
    Effect.suspend(() => inTurn(giving)),
    (answer) => announced(giving.services, answer)
  )

/** Commands on one order take turns, except within a transaction: that one may hold the lock for which the command before this one waits. */
const inTurn = <Type extends CommandType, Name extends OrderName>(
  giving: Giving<Type, Name>
): Effect.Effect<Answer<Transition<EventOf<Type>>>, RefusedWith<Type, Name> | FailureOnOrder | NotAskedFor> => {
  const { name, caller, services } = giving
  const { store, turns } = services
  const { tenantId } = caller
  const loading = loadFor(giving)
  const attempt: CommandAttempt<Type, Name> = Effect.flatMap(loading, (found) => decideAndCommit(giving, found, attempt))
  const afterLosing = (lost: LostRace) => retryLostRaces(attemptUnderLock(giving, lost, attempt), giveUp)
  const attempts = retryLostRaces(attempt, afterLosing)
  return whenTurnsAreTaken(store, (areTaken) => {
    if (!areTaken) return attempts
    if ("orderId" in name) return turns.take({ tenantId, orderId: name.orderId }, attempts)
    // Only a load tells which order a subscription belongs to. When that order is being worked on, what was loaded is out of date.
    return Effect.flatMap(loading, (found) => {
      const here = retryLostRaces(decideAndCommit(giving, found, attempt), afterLosing, attempt)
      return found.loaded.order === null ? here : turns.take(found.loaded.order, here, attempts)
    })
  })
}

const whenTurnsAreTaken = <A, E, R>(
  store: OrderStore["Service"],
  use: (areTaken: boolean) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.flatMap(TakesTurns, (isOn) =>
    isOn ? Effect.flatMap(store.currentTransaction, (transaction) => use(transaction === null)) : use(false)
  )

/** Load what the command needs: the order, what is remembered under its key, whether its asset is rented. */
const loadFor = <Type extends CommandType, Name extends OrderName>({
  services,
  caller,
  name,
  request,
  due
}: Giving<Type, Name>) =>
  withMillis((now) => {
    const millis = due === undefined ? now : Math.max(now, toMillis(due.at))
    const { type } = request as CommandRequest
    const { nameInFingerprints = type } = services.lifecycle.commands[type]
    const bound = bindKey(caller, millis, [name, { ...request, type: nameInFingerprints }], services.digest)
    return Effect.map(load(services, caller.tenantId, name, request as CommandRequest, lookupOf(bound, millis)), (loaded) => ({
      millis,
      bound,
      loaded
    }))
  })

const load = (services: CommandServices, tenantId: TenantId, order: OrderName, request: CommandRequest, lookup = {}) => {
  const { store } = services
  const serialNumber = assetOf(services, request)
  const serial = serialNumber === undefined ? {} : { serialNumber }
  return Effect.map(store.load([{ tenantId, order, ...lookup, ...serial }]), ([loaded]) => {
    if (loaded === undefined) throw new Error("the store did not answer a load")
    return loaded
  })
}

/** The asset that a command is to rent, if it is one of those that rent. */
const assetOf = ({ lifecycle }: CommandServices, request: CommandRequest): SerialNumber | undefined => {
  const { rents } = lifecycle.commands[request.type]
  // The definition names a member of its own request.
  return rents === undefined ? undefined : (request as unknown as Readonly<Record<string, SerialNumber>>)[rents]
}

/** The SKUs that a command asks the catalogue about, if it is one of those that order something. */
const skusOf = ({ lifecycle }: CommandServices, request: CommandRequest): ReadonlyArray<Sku> | undefined =>
  lifecycle.commands[request.type].prices?.(request)

/** Decide on what was loaded, and commit. `again`: the whole attempt, where another call was given an answer under the same key first. */
const decideAndCommit = <Type extends CommandType, Name extends OrderName>(
  giving: Giving<Type, Name>,
  { millis, bound, loaded }: LoadedFor,
  again: CommandAttempt<Type, Name>
): CommandAttempt<Type, Name> => {
  const { services, caller, name, due } = giving
  const { order, headHash, remembered } = loaded
  // A command that is due and refused is given again: the refusal is not its answer for good.
  const kept = due === undefined ? bound : undefined
  const refused = <Refused extends Refusal>(refusal: Refused) => refuse(services.store, refusal, kept, fromMillis(millis), again)
  if (bound && remembered) return toldAgain(giving, replay(services.store, bound, remembered, order))
  if (order === null) return refused(notFound(name) as NotFound<Name>)
  // Not remembered under the key: the command itself has no answer yet.
  if (!isExpected(caller.expectedVersion, order)) return Effect.fail(versionMismatch(order))
  if (due !== undefined && !isAskedFor(due, order, fromMillis(millis))) return Effect.fail(new NotAskedFor())
  return Effect.flatMapEager(commandOf(giving), (toCommand): typeof again => {
    const occasion = occasionOf(services, caller, millis)
    const decision = decide<Type>(services.lifecycle, order, toCommand(loaded, occasion.at), occasion)
    // Every refusal of a command is a `Refusal`, which the compiler does not follow for a command that it does not know.
    if (Result.isFailure(decision)) return refused(decision.failure as RefusalOf<Type> & Refusal)
    const more = { ...(bound && { remember: bound.key }), ...(due && { due: dueAfter(services, decision.success, due) }) }
    const change = changeOf(services, decision.success, headHash, more)
    return Effect.flatMapEager(change, (sealed) => commit(services, decision.success, sealed))
  })
}

/** A command that was given has come to its end, whether the order would wait for it in its new status or not. */
const dueAfter = ({ lifecycle }: CommandServices, transition: Transition, { name }: WaitingCommand): DueChange => {
  const { set, cleared } = dueChange(lifecycle, transition) ?? { set: [], cleared: [] }
  return { set, cleared: isSet(set, name) ? cleared : [...new Set([...cleared, name])] }
}

/** An answer of before. The key is bound to the command, which settles which events and which refusals there can be. */
const toldAgain = <Type extends CommandType, Name extends OrderName>(
  _: Giving<Type, Name>,
  replayed: Effect.Effect<Transition, Refusal | IdempotencyKeyReused | StoreUnavailable>
): CommandAttempt<Type, Name> =>
  oldNews(replayed as Effect.Effect<Transition<EventOf<Type>>, RefusedWith<Type, Name> | IdempotencyKeyReused | StoreUnavailable>)

const versionMismatch = ({ orderId, version }: Order) => new VersionMismatch({ orderId, version })

const notFound = (name: OrderName) => ("orderId" in name ? new OrderNotFound(name) : new SubscriptionNotFound(name))

/** An attempt under the order's lock. A refusal is no reason to take back what was done under the lock: it is remembered there. */
const attemptUnderLock = <Type extends CommandType, Name extends OrderName>(
  { services, caller: { tenantId } }: Giving<Type, Name>,
  { orderId }: LostRace,
  attempt: CommandAttempt<Type, Name>
): CommandAttempt<Type, Name> =>
  orderId === null
    ? attempt
    : Effect.flatMap(services.store.exclusively({ tenantId, orderId }, Effect.result(attempt)), Effect.fromResult)

const commandOf = <Type extends CommandType, Name extends OrderName>(
  giving: Giving<Type, Name>
): Effect.Effect<ToCommand<Type>, StoreUnavailable> =>
  Effect.suspend(() =>
    giving.toCommand
      ? Effect.succeed(giving.toCommand)
      : Effect.map(
          toCommandOf(giving.services, giving.caller.tenantId, giving.request),
          (toCommand) => (giving.toCommand = toCommand)
        )
  )

/** Ask the surroundings what the command needs to know of them. */
const toCommandOf = <Type extends CommandType>(
  services: CommandServices,
  tenantId: TenantId,
  request: CommandRequest<Type>
): Effect.Effect<ToCommand<Type>, StoreUnavailable> => {
  // A request and the facts that its command asks for are that command: the definition says so, and the compiler cannot follow.
  const complete = (facts: Partial<RentingFacts & PricingFacts & QuotingFacts>) =>
    ({ ...request, ...facts }) as ReturnType<ToCommand<Type>>
  const quoting = quotingOf(services, request as CommandRequest)
  if (quoting !== undefined) return Effect.succeed((loaded, at) => complete(quoting(loaded, at)))
  const serialNumber = assetOf(services, request as CommandRequest)
  const skus = skusOf(services, request as CommandRequest)
  if (serialNumber === undefined && skus === undefined) {
    const command = complete({})
    return Effect.succeed(() => command)
  }
  return Effect.gen(function* () {
    const pricing = skus === undefined ? {} : yield* pricingOf(services, tenantId, skus)
    if (serialNumber === undefined) {
      const command = complete(pricing)
      return () => command
    }
    const renting = yield* rentingOf(services, tenantId, serialNumber)
    return (loaded: Loaded) => complete({ ...pricing, ...renting(loaded) })
  })
}

/** What a command charges, if it is one of those that charge something and the request does not say how much. */
const quotingOf = ({ lifecycle, quotes }: CommandServices, request: CommandRequest) => {
  const name = lifecycle.commands[request.type].quotes
  // The definition names a member of its own request; one that charges something names its subscription.
  const { rentalId, ...members } = request as unknown as Readonly<Record<string, unknown>>
  if (name === undefined || members[name] !== undefined) return undefined
  return ({ order }: Loaded, at: Timestamp): QuotingFacts => {
    const subscription = order?.subscriptions.find((each) => each.subscriptionId === rentalId && isActive(each))
    if (order === null || subscription === undefined) return {}
    return { quoted: quoted(quotes, name, subscriptionOfOrder(order, subscription), at) }
  }
}

/** What the catalogue has of these SKUs. */
const pricingOf = ({ catalogue }: CommandServices, tenantId: TenantId, skus: ReadonlyArray<Sku>) => {
  const distinct = [...new Set(skus)]
  return Effect.map(catalogue.find(tenantId, distinct), (answer): PricingFacts => ({ variants: readVariants(answer, distinct) }))
}

/** How an asset stands, by the registry and by what is loaded. */
const rentingOf = ({ assets, hasRegistry, newId }: CommandServices, tenantId: TenantId, serialNumber: SerialNumber) => {
  const factsOf: Effect.Effect<(loaded: Loaded) => AssetFacts, StoreUnavailable> = hasRegistry
    ? Effect.succeed(factsByRegistry)
    : Effect.map(assets.find(tenantId, serialNumber), (answer) => factsByPort(readAsset(answer)))
  return Effect.flatMap(factsOf, (factsAbout) =>
    withMillis((millis) => {
      const subscriptionId = newId("sub", millis) as SubscriptionId
      return Effect.succeed((loaded: Loaded): RentingFacts => ({ subscriptionId, asset: factsAbout(loaded) }))
    })
  )
}

/** What a registry of the embedding service's own said. Whether the asset is rented, the store knows. */
const factsByPort =
  (asset: Asset) =>
  ({ serialIsRented }: Loaded): AssetFacts => ({
    isKnown: asset.known,
    isRented: serialIsRented || (asset.known && !asset.available),
    ...(asset.known && asset.sku !== undefined && { sku: asset.sku })
  })

/** What the library's own registry says, in the snapshot that the order was loaded in. */
const factsByRegistry = ({ asset, serialIsRented }: Loaded): AssetFacts =>
  asset === null
    ? { isKnown: false, isRented: serialIsRented }
    : { isKnown: true, isRented: serialIsRented || !isRentable(asset.status), sku: asset.sku, isRegistered: true }

/** The same load and the same decision as `applyCommand`, and nothing after it. */
export const previewCommand = Effect.fnUntraced(function* (
  services: CommandServices,
  caller: Caller,
  orderId: OrderId,
  request: CommandRequest
) {
  const loaded = yield* load(services, caller.tenantId, { orderId }, request)
  const order: Order | null = loaded.order
  if (order === null) return yield* new OrderNotFound({ orderId })
  if (!isExpected(caller.expectedVersion, order)) return yield* versionMismatch(order)
  const toCommand = yield* toCommandOf(services, caller.tenantId, request)
  return yield* withMillis((millis) => {
    const occasion = occasionOf(services, caller, millis)
    return Effect.succeed(preview(services.lifecycle, order, toCommand(loaded, occasion.at), occasion))
  })
})

// --- placing an order ------------------------------------------------------------------------------------------------------------------

type Placed = Transition<typeof OrderPlaced.Type>

/** An order being placed. */
interface Placing {
  readonly services: CommandServices
  readonly caller: Caller
  readonly request: PlaceOrder
  readonly payment: Payment | undefined
  readonly data: OwnData | undefined
  readonly orderId: OrderId
}

/** Place an order. There is no version to lose yet: the races are about the customer's email and the idempotency key. */
export const placeOrder = (
  services: CommandServices,
  caller: Caller,
  request: PlaceOrder,
  { payment, data }: { readonly payment?: Payment; readonly data?: OwnData }
): Effect.Effect<Placed, PlaceRefusal | Failure> =>
  Effect.flatMap(
    withMillis((millis) => {
      const orderId = services.newId("ord", millis) as OrderId
      return retryLostRaces(attemptToPlace({ services, caller, request, payment, data, orderId }), giveUp)
    }),
    (answer) => announced(services, answer)
  )

const attemptToPlace = (placing: Placing): Attempt<Placed, PlaceRefusal> => {
  const { services, caller, request, payment, data } = placing
  const { store, digest } = services
  const emailKey = emailKeyOf(request.customer.email)
  const attempt: Attempt<Placed, PlaceRefusal> = withMillis((millis) => {
    const bound = bindKey(
      caller,
      millis,
      ["place", request, ...(payment ? [payment] : []), ...(data ? [{ data }] : [])],
      digest,
      ["place", request]
    )
    const loading = store.loadPlacing({ tenantId: caller.tenantId, emailKey, ...lookupOf(bound, millis) })
    return Effect.flatMap(loading, ({ customerId, remembered }): typeof attempt => {
      // The key is bound to the placement, which settles which event and which refusals there can be.
      if (bound && remembered) return oldNews(replay(store, bound, remembered, null)) as typeof attempt
      return decideOnPlacing(placing, { millis, bound, emailKey, customerId }, attempt)
    })
  })
  return attempt
}

const decideOnPlacing = (
  { services, caller, request, payment, data, orderId }: Placing,
  found: {
    readonly millis: number
    readonly bound: BoundKey | undefined
    readonly emailKey: string
    readonly customerId: CustomerId | null
  },
  again: Attempt<Placed, PlaceRefusal>
): Attempt<Placed, PlaceRefusal> => {
  const { lifecycle, store, catalogue, newId } = services
  const { millis, bound, emailKey, customerId: known } = found
  const { tenantId } = caller
  const skus = [...new Set(request.items.map((item) => item.sku))]
  return Effect.flatMapEager(catalogue.find(tenantId, skus), (answer): typeof again => {
    const customerId = known ?? (newId("cust", millis) as CustomerId)
    // What a process begins with is written down: it may begin with something else one day.
    const own = data ?? lifecycle.process?.data.initial
    const given = { ...(payment && { payment }), ...(own && { data: own }) }
    const facts = { tenantId, orderId, customerId, variants: readVariants(answer, skus), ...given }
    const decision = place(lifecycle, request, facts, occasionOf(services, caller, millis))
    if (Result.isFailure(decision)) return refuse(store, decision.failure, bound, fromMillis(millis), again)
    const newcomer = known === null && { newCustomer: { customerId, emailKey } }
    const change = changeOf(services, decision.success, null, { ...newcomer, ...(bound && { remember: bound.key }) })
    return Effect.flatMapEager(change, (sealed) => commit(services, decision.success, sealed))
  })
}

// --- what all of them need -------------------------------------------------------------------------------------------------------------

export const occasionOf = ({ newId }: CommandServices, { actor, requestId }: Caller, millis: number): Occasion => ({
  at: fromMillis(millis),
  actor,
  requestId: requestId ?? (newId("req", millis) as RequestId)
})

/** A transition as what is committed: each of the three services adds its part, the store writes them as one. */
export const changeOf = (
  { auditTrail, reservations, lifecycle, hasRegistry }: CommandServices,
  transition: Transition,
  headHash: string | null,
  more?: Partial<Change>
): Effect.Effect<Change> =>
  Effect.mapEager(auditTrail.emit(transition, headHash), (sealed) => ({
    transition,
    sealed,
    reservations: reservations.changesOf(transition),
    ...ownRowsOf(lifecycle, transition),
    ...dueOf(lifecycle, transition),
    ...filterableAfter(lifecycle, transition),
    ...(hasRegistry && assetsMoved(transition)),
    ...more
  }))

/** What the order waits for after a transition and did not before, and the reverse, if there is anything. */
const dueOf = (lifecycle: Lifecycle, transition: Transition) => {
  const due = dueChange(lifecycle, transition)
  return due === undefined ? {} : { due }
}

/** What lists find the order by after a transition that changes its own data, if there are filters. */
const filterableAfter = ({ process }: Lifecycle, { event, after }: Transition) =>
  process === undefined || process.data.filters.size === 0 || !("data" in event.details)
    ? {}
    : { filterable: filterableOf(process.data.filters, after.data) }

/** What a transition does to assets of the registry, if there is anything. */
const assetsMoved = (transition: Transition) => {
  const assets = assetStepsOf(transition)
  return assets.length === 0 ? {} : { assets }
}

/** The rows of a process that belong to a transition, if there are any. */
const ownRowsOf = ({ process }: Lifecycle, transition: Transition) => {
  if (process === undefined || process.tables.size === 0) return {}
  const rows = rowsOf(process.tables, transition)
  return rows.length === 0 ? {} : { rows }
}

const commit = <Told extends Transition>(
  { store }: CommandServices,
  transition: Told,
  change: Change
): Effect.Effect<Answer<Told> | LostRace, StoreUnavailable | OutcomeUnknown> =>
  Effect.map(store.commit([change]), (outcomes) =>
    outcomes[0] === "committed" ? { transition, news: change.sealed } : new LostRace({ orderId: change.transition.after.orderId })
  )

const oldNews = <Told extends Transition, E>(transition: Effect.Effect<Told, E>) =>
  Effect.map(transition, (told): Answer<Told> => ({ transition: told }))

/** Listeners hear of a change when it has been committed for good: within a transaction, that is when the outermost one has ended. */
const announced = <Told extends Transition>({ store, auditTrail }: CommandServices, { transition, news }: Answer<Told>) =>
  news === undefined ? Effect.succeed(transition) : Effect.as(announceCommitted(store, auditTrail, news), transition)

/** Go on with the time that Effect's clock has now, in ms since 1970. */
export const withMillis = <A, E, R>(then: (millis: number) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.clockWith((clock) => then(clock.currentTimeMillisUnsafe()))
