/**
 * One `OrderStore` over several, each with some of the tenants: a router. `TenantDirectory` says which store a tenant is in.
 *
 * - A call about a tenant goes to its store. Many at once are split by tenant, and their answers put back in order.
 * - What is about all tenants goes through all stores. To find work, a store that cannot be reached is left out; where a missing one would make the
 *   answer wrong (lags, `OrderRecords`), the call fails.
 * - A tenant may be moved meanwhile. Where it was looked for, and the directory's word has run out by the time the answer comes, the directory is asked
 *   again, and the new place, too. So an answer is never that of a place that the tenant had left. What was written there, was written before it left:
 *   a database that a tenant leaves takes no more changes of it.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import type { TenantId } from "../order/Order.ts"
import { byTenant, commitInTurn, type Positioned } from "./byTenant.ts"
import { DurationOption, ObjectOption, optionsReader, wrongOption } from "./options.ts"
import { OrderRecords } from "./OrderRecords.ts"
import {
  type CommitOutcome,
  type ConsumerLag,
  type ConsumerStart,
  OrderStore,
  OutcomeUnknown,
  StoreUnavailable,
  type Transaction
} from "./OrderStore.ts"
import { TenantDirectory, TenantIsMoving, type TenantPlace } from "./TenantDirectory.ts"

/** Which stores there are. */
export interface RoutedOptions<E, R> {
  /**
   * The stores by name, as the directory names them. One that cannot be reached at the start is tried again when it is needed; with none of them, the
   * layer fails.
   */
  readonly stores: Readonly<Record<string, Layer.Layer<OrderStore | OrderRecords, E, R>>>
  /** How long a change waits for the end of a move of its tenant before it is `StoreUnavailable`: 5 seconds unless said otherwise. */
  readonly waitForMove?: Duration.Input
}

/** Throws a `WrongOption` that names an option that cannot be used. */
export const layer = <E, R>(
  given: RoutedOptions<E, R>
): Layer.Layer<OrderStore | OrderRecords, E, Exclude<R, Scope.Scope> | TenantDirectory> => {
  const options = readOptions<RoutedOptions<E, R>>(given)
  if (Object.keys(options.stores).length === 0) throw wrongOption("RoutedOrderStore.layer.stores", "must have one store at least")
  return Layer.effectContext(make(options))
}

const readOptions = optionsReader<RoutedOptions<unknown, unknown>>(
  "RoutedOrderStore.layer",
  { stores: ObjectOption, waitForMove: DurationOption },
  ["stores"]
)

type Store = OrderStore["Service"]
type Records = OrderRecords["Service"]

interface Services {
  readonly store: Store
  readonly records: Records
}

/** A store by its name, which may still have to be opened. */
interface Member {
  readonly name: string
  readonly services: Effect.Effect<Services, StoreUnavailable>
  /** Null while it is not open. */
  readonly opened: () => Services | null
}

/** A place, and until when it is sure: by the time that passes here, and by the clock on the wall, which goes on while a machine sleeps. */
interface Known {
  readonly store: string
  readonly untilNanos: number
  readonly untilMillis: number
}

/** Tenants whose orders are locked by the running fiber, with the store in which they are. */
const Held = Context.Reference<ReadonlyMap<TenantId, string>>("order-lifecycle/RoutedOrderStore/Held", {
  defaultValue: () => new Map()
})

/** A store that could not be opened is not tried again before. */
const openAgainAfterMs = 1_000
/** While a tenant is being moved, the directory is asked so often. */
const askAgainAfterMs = 50
/** A place is kept for so many tenants; those that were asked for first are forgotten first. */
const mostKnown = 10_000
/** So often a tenant may be found to have moved on within one call. */
const mostMoves = 5

const make = Effect.fnUntraced(function* <E, R>({ stores, waitForMove = "5 seconds" }: RoutedOptions<E, R>) {
  const directory = yield* TenantDirectory
  const members = new Map<string, Member>()
  for (const member of yield* openAll(stores)) members.set(member.name, member)
  /** In an order that is the same in every process. */
  const inTurn = [...members.values()].toSorted((a, b) => compare(a.name, b.name))
  const waitMs = Duration.toMillis(Duration.fromInputUnsafe(waitForMove))

  // --- places ------------------------------------------------------------------------------------------------------------------------

  const known = new Map<TenantId, Known>()

  const moment = Effect.map(Effect.all([Clock.monotonicTimeNanos, Clock.currentTimeMillis]), ([nanos, millis]) => ({
    nanos: Number(nanos),
    millis
  }))

  const isSure = (place: Known) =>
    Effect.map(moment, ({ nanos, millis }) => nanos < place.untilNanos && millis < place.untilMillis)

  const learn = (tenantId: TenantId, { store, trustedMs }: TenantPlace, asked: { nanos: number; millis: number }): Known => {
    const place = { store, untilNanos: asked.nanos + trustedMs * 1e6, untilMillis: asked.millis + trustedMs }
    known.delete(tenantId)
    if (trustedMs > 0) known.set(tenantId, place)
    if (known.size > mostKnown) for (const [oldest] of known) if (known.size > mostKnown) known.delete(oldest)
    return place
  }

  /** What the directory says now. */
  const askFor = Effect.fnUntraced(function* (tenantId: TenantId) {
    const asked = yield* moment
    return learn(tenantId, yield* directory.placeOf(tenantId), asked)
  })

  const placeOf = Effect.fnUntraced(function* (tenantId: TenantId) {
    const place = known.get(tenantId)
    return place !== undefined && (yield* isSure(place)) ? place : yield* askFor(tenantId)
  })

  /** The stores of tenants, by tenant; without those that were placed nowhere. */
  const storesOf = Effect.fnUntraced(function* (tenantIds: ReadonlyArray<TenantId>) {
    const found = new Map<TenantId, string>()
    const unknown: Array<TenantId> = []
    for (const tenantId of tenantIds) {
      const place = known.get(tenantId)
      if (place !== undefined && (yield* isSure(place))) found.set(tenantId, place.store)
      else unknown.push(tenantId)
    }
    if (unknown.length === 0) return found
    const asked = yield* moment
    const places = yield* directory.placesOf(unknown)
    for (const [index, tenantId] of unknown.entries()) {
      const place = places[index]
      if (place) found.set(tenantId, learn(tenantId, place, asked).store)
    }
    return found
  })

  const servicesOf = (name: string): Effect.Effect<Services, StoreUnavailable> =>
    members.get(name)?.services ??
    Effect.fail(
      new StoreUnavailable({ cause: new Error(`the directory names the store ${name}, and there is none of that name here`) })
    )

  // --- one tenant --------------------------------------------------------------------------------------------------------------------

  /**
   * Ask the store that the tenant is in. `isProof`: the answer itself shows that the tenant was there, because it says that something was
   * written. Any other answer counts only while the tenant is still there when it comes.
   */
  const routed = <A, E>(
    tenantId: TenantId,
    use: (services: Services) => Effect.Effect<A, E>,
    isProof: (answer: A) => boolean = () => false
  ): Effect.Effect<A, E | StoreUnavailable> =>
    Effect.gen(function* () {
      const held = (yield* Held).get(tenantId)
      let place = held === undefined ? yield* placeOf(tenantId) : yield* stillAt(tenantId, held)
      const begunAt = yield* moment
      for (let moves = 0; moves < mostMoves;) {
        const services = yield* servicesOf(place.store)
        const made = yield* Effect.result(use(services))
        const isFenced = Result.isFailure(made) && isMoving(made.failure)
        if (Result.isSuccess(made) ? isProof(made.success) : !isUnavailable(made.failure)) return yield* Effect.fromResult(made)
        if (!isFenced && (yield* isSure(place))) return yield* Effect.fromResult(made)
        const now = yield* askFor(tenantId)
        if (now.store === place.store) {
          const { nanos } = yield* moment
          if (!isFenced || held !== undefined || nanos - begunAt.nanos >= waitMs * 1e6) return yield* Effect.fromResult(made)
          if ((yield* services.store.currentTransaction) !== null) return yield* Effect.fromResult(made)
          yield* Effect.sleep(askAgainAfterMs)
          place = yield* askFor(tenantId)
          continue
        }
        // What is in a transaction there cannot go on elsewhere.
        if (held !== undefined || (yield* services.store.currentTransaction) !== null) return yield* hasMoved
        place = now
        moves++
      }
      return yield* hasMoved
    })

  const hasMoved = Effect.fail(new StoreUnavailable({ cause: new TenantIsMoving({}) }))

  /** A tenant whose order is locked is asked for where it was locked, and nowhere else. */
  const stillAt = Effect.fnUntraced(function* (tenantId: TenantId, store: string) {
    const place = yield* placeOf(tenantId)
    return place.store === store ? place : yield* hasMoved
  })

  /** A call whose first argument is the tenant. */
  const ofTenant =
    <Rest extends ReadonlyArray<unknown>, A, E>(
      call: (store: Store) => (tenantId: TenantId, ...rest: Rest) => Effect.Effect<A, E>,
      isProof?: (answer: A) => boolean
    ) =>
    (tenantId: TenantId, ...rest: Rest): Effect.Effect<A, E | StoreUnavailable> =>
      routed(tenantId, ({ store }) => call(store)(tenantId, ...rest), isProof)

  /** A call whose first argument names the tenant. */
  const ofIts =
    <Asked extends { readonly tenantId: TenantId }, Rest extends ReadonlyArray<unknown>, A, E>(
      call: (store: Store) => (asked: Asked, ...rest: Rest) => Effect.Effect<A, E>,
      isProof?: (answer: A) => boolean
    ) =>
    (asked: Asked, ...rest: Rest): Effect.Effect<A, E | StoreUnavailable> =>
      routed(asked.tenantId, ({ store }) => call(store)(asked, ...rest), isProof)

  // --- all stores --------------------------------------------------------------------------------------------------------------------

  const everywhere = <A, E>(ask: (services: Services, member: Member) => Effect.Effect<A, E>) =>
    Effect.forEach(inTurn, (member) => Effect.flatMap(member.services, (services) => ask(services, member)), {
      concurrency: "unbounded"
    })

  /** As `everywhere`, without those that cannot be reached: at least one can. */
  const whereReached = Effect.fnUntraced(function* <A>(
    ask: (services: Services, member: Member) => Effect.Effect<A, StoreUnavailable>
  ) {
    const answers = yield* Effect.forEach(
      inTurn,
      (member) => Effect.result(Effect.flatMap(member.services, (services) => ask(services, member))),
      { concurrency: "unbounded" }
    )
    const reached: Array<A> = []
    for (const [index, answer] of answers.entries()) {
      if (Result.isSuccess(answer)) reached.push(answer.success)
      else yield* Effect.logWarning(`the store ${inTurn[index]?.name ?? ""} is left out: ${inWords(answer.failure.cause)}`)
    }
    const [first] = answers
    if (reached.length === 0 && first !== undefined && Result.isFailure(first)) return yield* first.failure
    return reached
  })

  interface Page {
    readonly name: string
    readonly tenantIds: ReadonlyArray<TenantId>
  }

  /** The tenants of all stores by id: each from the store that it is in. Null when no store that was asked has anything to ask for. */
  const walk = Effect.fnUntraced(function* (
    pagesBehind: (after: TenantId | null) => Effect.Effect<ReadonlyArray<Page | null>, StoreUnavailable>,
    after: TenantId | null,
    limit: number
  ) {
    const found: Array<TenantId> = []
    for (let behind = after; ;) {
      const pages = (yield* pagesBehind(behind)).filter((page) => page !== null)
      if (pages.length === 0) return null
      // Behind the last id of a page there may be more of its store.
      const [horizon] = pages.flatMap(({ tenantIds }) => tenantIds.slice(-1)).toSorted(compare)
      if (horizon === undefined) return found
      const here = pages.flatMap(({ name, tenantIds }) =>
        tenantIds.filter((tenantId) => compare(tenantId, horizon) <= 0).map((tenantId) => ({ name, tenantId }))
      )
      const stores = yield* storesOf([...new Set(here.map(({ tenantId }) => tenantId))])
      const theirs = here.filter(({ name, tenantId }) => (stores.get(tenantId) ?? name) === name)
      found.push(...new Set(theirs.map(({ tenantId }) => tenantId).toSorted(compare)))
      if (found.length >= limit) return found.slice(0, limit)
      behind = horizon
    }
  })

  const pageOf =
    (ask: (services: Services) => Effect.Effect<ReadonlyArray<TenantId> | null, StoreUnavailable>) =>
    (services: Services, { name }: Member): Effect.Effect<Page | null, StoreUnavailable> =>
      Effect.map(ask(services), (tenantIds) => (tenantIds === null ? null : { name, tenantIds }))

  // --- many at once ------------------------------------------------------------------------------------------------------------------

  /** Each tenant's by themselves, and the answers in the order of what was asked. */
  const split = Effect.fnUntraced(function* <Item, A, E>(
    items: ReadonlyArray<Item>,
    tenantOf: (item: Item) => TenantId,
    ask: (tenantId: TenantId, items: ReadonlyArray<Item>) => Effect.Effect<ReadonlyArray<A>, E>
  ) {
    const answers: Array<A> = []
    const asked = Effect.fnUntraced(function* (tenantId: TenantId, ofTenant: ReadonlyArray<Positioned<Item>>) {
      const made = yield* ask(
        tenantId,
        ofTenant.map(({ item }) => item)
      )
      // One answer each.
      for (const [index, { position }] of ofTenant.entries()) answers[position] = made[index] as A
    })
    yield* Effect.forEach(byTenant(items, tenantOf), ([tenantId, ofTenant]) => asked(tenantId, ofTenant), {
      concurrency: "unbounded",
      discard: true
    })
    return answers
  })

  const load: Store["load"] = (requests) =>
    split(
      requests,
      ({ tenantId }) => tenantId,
      (tenantId, ofTenant) => routed(tenantId, ({ store }) => store.load(ofTenant))
    )

  const commit: Store["commit"] = (changes) =>
    commitInTurn(
      byTenant(changes, ({ transition }) => transition.after.tenantId)
        // What takes locks of several tenants takes them in the same order as every other.
        .toSorted(([a], [b]) => compare(a, b))
        .map(([tenantId, ofTenant]) => ({
          positions: ofTenant,
          commit: routed(
            tenantId,
            ({ store }) => store.commit(ofTenant.map(({ item }) => item)),
            // A conflict has the command decided again, on what is loaded where the tenant is then.
            () => true
          )
        }))
    )

  // --- transactions ------------------------------------------------------------------------------------------------------------------

  const currentTransaction = Effect.gen(function* () {
    for (const { opened } of inTurn) {
      const transaction: Transaction | null = yield* opened()?.store.currentTransaction ?? Effect.succeed(null)
      if (transaction !== null) return transaction
    }
    return null
  })

  const exclusively: Store["exclusively"] = Effect.fnUntraced(function* (order, use) {
    const held = yield* Held
    const { tenantId } = order
    // Rare, and not to be begun in vain.
    const { store: name } = yield* held.has(tenantId) ? stillAt(tenantId, held.get(tenantId) ?? "") : askFor(tenantId)
    const { store } = yield* servicesOf(name)
    return yield* store.exclusively(order, Effect.provideService(use, Held, new Map([...held, [tenantId, name]])))
  })

  // --- consumers ---------------------------------------------------------------------------------------------------------------------

  /** Take back what one call has added in some of the stores, the first one last. */
  const undone = (added: ReadonlyArray<Services>, consumer: string) =>
    Effect.forEach(added.toReversed(), ({ store }) => store.removeConsumer({ tenantId: null, consumer }), { discard: true }).pipe(
      Effect.mapError(({ cause }) => new OutcomeUnknown({ cause }))
    )

  /**
   * Store after store: the first one decides who has the name. An addition that was cut off is completed by the next one, which is told that the name
   * is taken.
   */
  const addEverywhere = Effect.fnUntraced(function* (consumer: string, start: ConsumerStart) {
    const everyone = yield* everywhere((services) => Effect.succeed(services))
    const added: Array<Services> = []
    const isFirst = () => added.length > 0 && added[0] === everyone[0]
    for (const services of everyone) {
      const { store } = services
      const made = yield* Effect.result(store.addConsumer({ tenantId: null, consumer }, start))
      if (Result.isFailure(made)) {
        yield* undone(added, consumer)
        return yield* made.failure
      }
      if (made.success) added.push(services)
      else if ((yield* store.consumers(null)).every((each) => each.consumer !== consumer)) {
        // A consumer of one tenant has the name there.
        if (isFirst()) yield* undone(added, consumer)
        return false
      }
    }
    return isFirst()
  })

  /** The first store last, so that a removal that was cut off can be repeated. */
  const removeEverywhere = Effect.fnUntraced(function* (consumer: string) {
    const everyone = yield* everywhere((services) => Effect.succeed(services))
    let isRemoved = false
    for (const { store } of everyone.toReversed()) {
      const made = yield* Effect.result(store.removeConsumer({ tenantId: null, consumer }))
      if (Result.isSuccess(made)) isRemoved ||= made.success
      else return yield* isRemoved ? new OutcomeUnknown({ cause: made.failure.cause }) : made.failure
    }
    return isRemoved
  })

  const lagsEverywhere = Effect.map(
    everywhere(({ store }) => store.consumers(null)),
    (lags): ReadonlyArray<ConsumerLag> => {
      const byName = new Map<string, ConsumerLag>()
      for (const lag of lags.flat()) {
        const before = byName.get(lag.consumer)
        byName.set(lag.consumer, before === undefined ? lag : together(before, lag))
      }
      return [...byName.values()].toSorted((a, b) => compare(a.consumer, b.consumer))
    }
  )

  // --- the services ------------------------------------------------------------------------------------------------------------------

  const hasWritten = (done: boolean) => done
  const hasSome = (list: ReadonlyArray<unknown>) => list.length > 0
  const hasCommitted = (outcomes: ReadonlyArray<CommitOutcome>) => outcomes.includes("committed")
  const hasSettled = (outcomes: ReadonlyArray<"settled" | "lost">) => outcomes.includes("settled")
  const its = ({ tenantId }: { readonly tenantId: TenantId }) => tenantId

  const store: Store = {
    load,
    loadPlacing: ofIts((store) => store.loadPlacing),
    commit,
    currentTransaction,
    exclusively,
    rememberRefusal: ofIts(
      (store) => store.rememberRefusal,
      () => true
    ),
    forgetExpired: ofTenant(
      (store) => store.forgetExpired,
      () => true
    ),
    eraseText: ofIts((store) => store.eraseText, hasWritten),
    rewriteNotes: ofTenant((store) => store.rewriteNotes, hasWritten),
    listOrders: ofIts((store) => store.listOrders),
    listSubscriptions: ofIts((store) => store.listSubscriptions),
    findSubscription: ofTenant((store) => store.findSubscription),
    stock: ofTenant((store) => store.stock),
    history: ofTenant((store) => store.history),
    event: ofIts((store) => store.event),
    orderIds: ofTenant((store) => store.orderIds),
    tenantIds: (after, limit) =>
      Effect.map(
        walk((behind) => whereReached(pageOf(({ store }) => store.tenantIds(behind, limit))), after, limit),
        (tenantIds) => tenantIds ?? []
      ),

    addConsumer: (key, start) =>
      key.tenantId === null
        ? addEverywhere(key.consumer, start)
        : routed(key.tenantId, ({ store }) => store.addConsumer(key, start), hasWritten),
    removeConsumer: (key) =>
      key.tenantId === null
        ? removeEverywhere(key.consumer)
        : routed(key.tenantId, ({ store }) => store.removeConsumer(key), hasWritten),
    consumers: (tenantId) => (tenantId === null ? lagsEverywhere : routed(tenantId, ({ store }) => store.consumers(tenantId))),
    tenantsWithWork: (consumer, after, limit) =>
      walk((behind) => whereReached(pageOf(({ store }) => store.tenantsWithWork(consumer, behind, limit))), after, limit),
    leaseEvents: ofIts(
      (store) => store.leaseEvents,
      (lease) => lease !== null && hasSome(lease.deliveries)
    ),
    settleEvents: ofIts((store) => store.settleEvents, hasSettled),
    parkedEvents: ofTenant((store) => store.parkedEvents),
    unparkEvent: (consumer, event, how) =>
      routed(event.tenantId, ({ store }) => store.unparkEvent(consumer, event, how), hasWritten),

    tenantsWithDue: (after, limit) =>
      Effect.map(
        walk((behind) => whereReached(pageOf(({ store }) => store.tenantsWithDue(behind, limit))), after, limit),
        (tenantIds) => tenantIds ?? []
      ),
    leaseDue: ofIts(
      (store) => store.leaseDue,
      (lease) => hasSome(lease.commands)
    ),
    settleDue: ofIts((store) => store.settleDue, hasSettled),
    dueOf: ofTenant((store) => store.dueOf),
    parkedDue: ofTenant((store) => store.parkedDue),
    unparkDue: ofIts((store) => store.unparkDue, hasWritten),
    planDue: ofTenant((store) => store.planDue, hasCommitted),

    indexData: ofTenant((store) => store.indexData, hasCommitted),

    loadAsset: ofIts((store) => store.loadAsset),
    changeAsset: (change, remember) =>
      routed(
        change.after.tenantId,
        ({ store }) => store.changeAsset(change, remember),
        (outcome) => outcome === "committed"
      ),
    listAssets: ofIts((store) => store.listAssets),
    assetRecords: ofTenant((store) => store.assetRecords),
    rentableAssets: ofTenant((store) => store.rentableAssets),
    assetDisagreements: ofTenant((store) => store.assetDisagreements),

    feed: ofTenant((store) => store.feed)
  }

  const records: Records = {
    tenantIds: (after, limit) =>
      Effect.map(
        walk((behind) => everywhere(pageOf(({ records }) => records.tenantIds(behind, limit))), after, limit),
        (tenantIds) => tenantIds ?? []
      ),
    read: (tenantId, after, limit) => routed(tenantId, ({ records }) => records.read(tenantId, after, limit)),
    hashesOf: (events) =>
      split(events, its, (tenantId, ofTenant) => routed(tenantId, ({ records }) => records.hashesOf(ofTenant))),
    faults: (tenantId) =>
      tenantId === null
        ? Stream.flatMap(Stream.fromIterable(inTurn), ({ services }) =>
            Stream.unwrap(Effect.map(services, ({ records }) => records.faults(null)))
          )
        : // Told when all are found, so that they are those of one place.
          Stream.fromIterableEffect(routed(tenantId, ({ records }) => Stream.runCollect(records.faults(tenantId))))
  }

  return Context.make(OrderStore, store).pipe(Context.add(OrderRecords, records))
})

/** Both lags as one. */
const together = (a: ConsumerLag, b: ConsumerLag): ConsumerLag => ({
  ...a,
  pending: a.pending + b.pending,
  parked: a.parked + b.parked,
  oldestMs: a.oldestMs === null ? b.oldestMs : b.oldestMs === null ? a.oldestMs : Math.max(a.oldestMs, b.oldestMs)
})

const inWords = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const isUnavailable = (error: unknown): error is StoreUnavailable => error instanceof StoreUnavailable

const isMoving = (error: unknown): boolean => isUnavailable(error) && error.cause instanceof TenantIsMoving

/** By code point, as PostgreSQL sorts ids here. The store in memory does so as long as no id has characters beyond U+FFFF. */
const compare = (a: string, b: string): number => {
  if (a === b) return 0
  const [ofA, ofB] = [Array.from(a), Array.from(b)]
  const index = ofA.findIndex((character, place) => character !== ofB[place])
  const [left, right] = [ofA[index]?.codePointAt(0) ?? -1, ofB[index]?.codePointAt(0) ?? -1]
  return index === -1 ? -1 : left - right
}

// --- opening stores ------------------------------------------------------------------------------------------------------------------

/** Every store, opened where that is possible; fails when it is for none of them. */
const openAll = Effect.fnUntraced(function* <E, R>(stores: RoutedOptions<E, R>["stores"]) {
  const opening = yield* Effect.forEach(
    Object.entries(stores),
    ([name, store]) => Effect.map(memberOf(name, store), (member) => ({ name, ...member })),
    { concurrency: "unbounded" }
  )
  const failures = opening.flatMap(({ failure }) => (failure === null ? [] : [failure]))
  // A defect, a wrong option say, is not waited for to go away.
  const fatal =
    failures.find((failure) => Cause.hasDies(failure)) ?? (failures.length === opening.length ? failures[0] : undefined)
  return fatal === undefined ? opening : yield* Effect.failCause(fatal)
})

const memberOf = Effect.fnUntraced(function* <E, R>(name: string, store: Layer.Layer<OrderStore | OrderRecords, E, R>) {
  const scope = yield* Scope.Scope
  const context = yield* Effect.context<R>()
  const oneAtATime = yield* Semaphore.make(1)
  let services: Services | null = null
  let triedAt = 0n
  let lastError: unknown

  // Not shared: the same layer over other connections is another store.
  const open = Effect.gen(function* () {
    const own = yield* Scope.fork(scope)
    const built = yield* Effect.onError(Layer.buildWithScope(Layer.fresh(store), own), (cause) =>
      Scope.close(own, Exit.failCause(cause))
    )
    services = { store: Context.get(built, OrderStore), records: Context.get(built, OrderRecords) }
    return services
  }).pipe(
    Effect.onExit((exit) =>
      Effect.map(Clock.monotonicTimeNanos, (now) => {
        triedAt = now
        if (Exit.isFailure(exit)) lastError = Cause.squash(exit.cause)
      })
    ),
    Effect.tapCause((cause) => Effect.logError(`the store ${name} cannot be opened: ${inWords(Cause.squash(cause))}`)),
    Effect.provideContext(context)
  )

  const again = oneAtATime.withPermits(1)(
    Effect.gen(function* () {
      if (services !== null) return services
      const now = yield* Clock.monotonicTimeNanos
      if (now - triedAt < BigInt(openAgainAfterMs) * 1_000_000n) return yield* new StoreUnavailable({ cause: lastError })
      return yield* Effect.mapError(open, (cause) => new StoreUnavailable({ cause }))
    })
  )

  const begun = yield* Effect.exit(open)
  return {
    failure: Exit.isFailure(begun) ? begun.cause : null,
    services: Effect.suspend(() => (services === null ? again : Effect.succeed(services))),
    opened: () => services
  }
})
