/**
 * One command, from load to commit: load the order, decide, commit the change that follows. Lost the race? Load and decide again.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { SealedEvent } from "../order/auditChain.ts"
import type { OrderPlaced, RequestId } from "../order/AuditEvent.ts"
import type { EventOf, Occasion, RefusalOf, Transition } from "../order/decide.ts"
import { decide } from "../order/decide.ts"
import { preview } from "../order/explain.ts"
import type { Lifecycle } from "../order/lifecycleTable.ts"
import type { CustomerId, OrderId, Payment, SubscriptionId, TenantId } from "../order/Order.ts"
import type { CancelOrder, EndSubscription, OrderCommand, PlaceOrder, StartSubscription } from "../order/OrderCommand.ts"
import { place } from "../order/place.ts"
import type { PlaceRefusal, Refusal } from "../order/Refusal.ts"
import { OrderNotFound, SubscriptionNotFound } from "../order/Refusal.ts"
import { fromMillis } from "../order/Timestamp.ts"
import { announceCommitted } from "./announceCommitted.ts"
import { Assets, readAsset } from "./Assets.ts"
import { AuditTrail } from "./AuditTrail.ts"
import type { Caller } from "./Caller.ts"
import { Catalogue, readVariants } from "./Catalogue.ts"
import { CurrentDigest } from "./CurrentDigest.ts"
import { bindKey, type IdempotencyKeyReused, lookupOf, refuse, replay } from "./idempotency.ts"
import { makeIds } from "./Ids.ts"
import type { Change, Loaded, LoadRequest, OutcomeUnknown, StoreUnavailable } from "./OrderStore.ts"
import { OrderStore } from "./OrderStore.ts"
import { makeOrderTurns, type OrderTurns, TakesTurns } from "./OrderTurns.ts"
import { giveUp, LostRace, retryLostRaces } from "./races.ts"
import { Reservations } from "./Reservations.ts"

/** A command on an existing order, as a caller puts it. */
export type CommandRequest =
  | { readonly type: "confirm" }
  | ({ readonly type: "startSubscription" } & Omit<StartSubscription, "orderId">)
  | ({ readonly type: "endSubscription" } & EndSubscription)
  | ({ readonly type: "cancel" } & CancelOrder)

type RequestFor<Type extends CommandRequest["type"]> = Extract<CommandRequest, { type: Type }>

/** An order is named by its own id, or by that of one of its subscriptions. */
type OrderName = LoadRequest["order"]
type NotFound<Name extends OrderName> = Name extends { orderId: OrderId } ? OrderNotFound : SubscriptionNotFound

/** What a command can fail with besides being refused. */
type Failure = IdempotencyKeyReused | StoreUnavailable | OutcomeUnknown

/** The answer to a command: a transition that was made now, or one of before that is told again and is no news. */
interface Answer {
  readonly transition: Transition
  readonly news?: SealedEvent
}
const oldNews = <E, R>(transition: Effect.Effect<Transition, E, R>) =>
  Effect.map(transition, (told): Answer => ({ transition: told }))

/** One attempt at a command. */
type Attempt<Refused> = Effect.Effect<Answer | LostRace, Refused | Failure>

const notFound = (name: OrderName) => ("orderId" in name ? new OrderNotFound(name) : new SubscriptionNotFound(name))

export const makeApplyCommand = Effect.fnUntraced(function* (lifecycle: Lifecycle) {
  const store = yield* OrderStore
  const catalogue = yield* Catalogue
  const assets = yield* Assets
  const reservations = yield* Reservations
  const auditTrail = yield* AuditTrail
  const { newId } = yield* makeIds
  const digest = yield* CurrentDigest
  const turns = makeOrderTurns()

  const occasionOf = ({ actor, requestId }: Caller, millis: number): Occasion => ({
    at: fromMillis(millis),
    actor,
    requestId: requestId ?? (newId("req", millis) as RequestId)
  })

  /** A transition as what is committed: each of the three services adds its part, the store writes them as one. */
  const changeOf = (transition: Transition, headHash: string | null, more?: Partial<Change>): Effect.Effect<Change> =>
    Effect.mapEager(auditTrail.emit(transition, headHash), (sealed) => ({
      transition,
      sealed,
      reservations: reservations.changesOf(transition),
      ...more
    }))

  const commit = (change: Change): Effect.Effect<Answer | LostRace, StoreUnavailable | OutcomeUnknown> =>
    Effect.map(store.commit([change]), (outcomes) =>
      outcomes[0] === "committed"
        ? { transition: change.transition, news: change.sealed }
        : new LostRace({ orderId: change.transition.after.orderId })
    )

  /** Listeners hear of a change when it has been committed for good: within a transaction, that is when the outermost one has ended. */
  const announced = ({ transition, news }: Answer) =>
    news === undefined ? Effect.succeed(transition) : Effect.as(announceCommitted(store, auditTrail, news), transition)

  const load = (tenantId: TenantId, order: OrderName, request: CommandRequest, lookup = {}) => {
    const serial = request.type === "startSubscription" ? { serialNumber: request.assetSerialNumber } : {}
    return Effect.map(store.load([{ tenantId, order, ...lookup, ...serial }]), ([loaded]) => {
      if (loaded === undefined) throw new Error("the store did not answer a load")
      return loaded
    })
  }

  /** The request with the facts that only its surroundings know: the command that is decided on. */
  const commandOf = (
    tenantId: TenantId,
    request: CommandRequest
  ): Effect.Effect<(loaded: Loaded) => OrderCommand, StoreUnavailable> => {
    if (request.type !== "startSubscription") return Effect.succeed(() => request)
    return Effect.flatMap(assets.find(tenantId, request.assetSerialNumber), (answer) =>
      withMillis((millis) => {
        const asset = readAsset(answer)
        const subscriptionId = newId("sub", millis) as SubscriptionId
        return Effect.succeed(({ serialIsRented }: Loaded) => ({
          ...request,
          subscriptionId,
          asset: {
            isKnown: asset.known,
            isRented: serialIsRented || (asset.known && !asset.available),
            ...(asset.known && asset.sku !== undefined && { sku: asset.sku })
          }
        }))
      })
    )
  }

  /**
   * Apply a command to an order. Several attempts without a lock, each from fresh state, and then under the order's lock: whoever loses a
   * race lost it to someone who got something done.
   *
   * Whatever needs nobody else happens between two steps and is none of its own: reading the clock, deciding, sealing. An attempt is a load
   * and a commit.
   */
  const applyCommand = <Type extends CommandRequest["type"], Name extends OrderName>(
    caller: Caller,
    name: Name,
    request: RequestFor<Type>
  ): Effect.Effect<Transition<EventOf<Type>>, RefusalOf<Type> | NotFound<Name> | Failure> => {
    const { tenantId } = caller
    const applied = Effect.suspend(() => {
      // The surroundings are asked once, by the first attempt that gets to deciding: an answer given again needs nothing of them.
      let command: ((loaded: Loaded) => OrderCommand) | undefined
      const facts = Effect.suspend(() =>
        command ? Effect.succeed(command) : Effect.map(commandOf(tenantId, request), (toCommand) => (command = toCommand))
      )
      const loading = withMillis((millis) => {
        const bound = bindKey(caller, millis, [name, request], digest)
        return Effect.map(load(tenantId, name, request, lookupOf(bound, millis)), (loaded) => ({ millis, bound, loaded }))
      })
      const decideOn = ({ millis, bound, loaded }: Effect.Success<typeof loading>): Attempt<Refusal> => {
        const { order, headHash, remembered } = loaded
        const refused = (refusal: Refusal) => refuse(store, refusal, bound, fromMillis(millis), attempt)
        if (bound && remembered) return oldNews(replay(store, bound, remembered, order))
        if (order === null) return refused(notFound(name))
        return Effect.flatMapEager(facts, (toCommand): Attempt<Refusal> => {
          const decision = decide(lifecycle, order, toCommand(loaded), occasionOf(caller, millis))
          if (Result.isFailure(decision)) return refused(decision.failure)
          return Effect.flatMapEager(changeOf(decision.success, headHash, bound && { remember: bound.key }), commit)
        })
      }
      const attempt: Attempt<Refusal> = Effect.flatMap(loading, decideOn)
      // A refusal is no reason to take back what was done under the lock: it is remembered there.
      const attemptAlone = ({ orderId }: LostRace) =>
        Effect.flatMap(store.exclusively({ tenantId, orderId }, Effect.result(attempt)), Effect.fromResult)
      const afterLosing = (lost: LostRace) => retryLostRaces(attemptAlone(lost), giveUp)
      const attempts = retryLostRaces(attempt, afterLosing)
      return whenInTurn((take) => {
        if (take === null) return attempts
        if ("orderId" in name) return take({ tenantId, orderId: name.orderId }, attempts)
        // Only a load tells which order a subscription belongs to. When that order is being worked on, what was loaded is out of date.
        return Effect.flatMap(loading, (found) => {
          const here = retryLostRaces(decideOn(found), afterLosing, attempt)
          return found.loaded.order === null ? here : take(found.loaded.order, here, attempts)
        })
      })
    })
    // The command settles which event and which refusals there can be, also for an answer given again: the key is bound to the command.
    return Effect.flatMap(applied, announced) as Effect.Effect<
      Transition<EventOf<Type>>,
      RefusalOf<Type> | NotFound<Name> | Failure
    >
  }

  /** Commands take turns, except within a transaction: that one may hold the lock for which the command before this one waits. */
  const whenInTurn = <A, E, R>(use: (take: OrderTurns["take"] | null) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(TakesTurns, (isOn) =>
      isOn ? Effect.flatMap(store.currentTransaction, (transaction) => use(transaction === null ? turns.take : null)) : use(null)
    )

  /** Place an order. There is no version to lose yet: the races are about the customer's email and the idempotency key. */
  const placeOrder = (
    caller: Caller,
    request: PlaceOrder,
    payment: Payment | undefined
  ): Effect.Effect<Transition<typeof OrderPlaced.Type>, PlaceRefusal | Failure> => {
    const { tenantId } = caller
    const emailKey = request.customer.email.toLowerCase()
    const skus = [...new Set(request.items.map((item) => item.sku))]
    const placed = withMillis((firstMillis) => {
      const orderId = newId("ord", firstMillis) as OrderId
      const attempt: Attempt<Refusal> = withMillis((millis) => {
        const bound = bindKey(caller, millis, ["place", request, ...(payment ? [payment] : [])], digest, ["place", request])
        const loading = store.loadPlacing({ tenantId, emailKey, ...lookupOf(bound, millis) })
        return Effect.flatMap(loading, ({ customerId: known, remembered }): Attempt<Refusal> => {
          if (bound && remembered) return oldNews(replay(store, bound, remembered, null))
          return Effect.flatMapEager(catalogue.find(tenantId, skus), (answer): Attempt<Refusal> => {
            const customerId = known ?? (newId("cust", millis) as CustomerId)
            const facts = { tenantId, orderId, customerId, variants: readVariants(answer, skus), ...(payment && { payment }) }
            const decision = place(lifecycle, request, facts, occasionOf(caller, millis))
            if (Result.isFailure(decision)) return refuse(store, decision.failure, bound, fromMillis(millis), attempt)
            const newcomer = known === null && { newCustomer: { customerId, emailKey } }
            const more = { ...newcomer, ...(bound && { remember: bound.key }) }
            return Effect.flatMapEager(changeOf(decision.success, null, more), commit)
          })
        })
      })
      return retryLostRaces(attempt, giveUp)
    })
    return Effect.flatMap(placed, announced) as Effect.Effect<Transition<typeof OrderPlaced.Type>, PlaceRefusal | Failure>
  }

  /** The same load and the same decision as `applyCommand`, and nothing after it. */
  const previewCommand = Effect.fnUntraced(function* (caller: Caller, orderId: OrderId, request: CommandRequest) {
    const loaded = yield* load(caller.tenantId, { orderId }, request)
    if (loaded.order === null) return yield* new OrderNotFound({ orderId })
    const { order } = loaded
    const toCommand = yield* commandOf(caller.tenantId, request)
    return yield* withMillis((millis) => Effect.succeed(preview(lifecycle, order, toCommand(loaded), occasionOf(caller, millis))))
  })

  return { applyCommand, placeOrder, previewCommand, changeOf, occasionOf }
})

/** Go on with the time that Effect's clock has now, in ms since 1970. */
export const withMillis = <A, E, R>(then: (millis: number) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.clockWith((clock) => then(clock.currentTimeMillisUnsafe()))

/** The functions through which `OrderLifecycle` works. */
export type ApplyCommand = Effect.Success<ReturnType<typeof makeApplyCommand>>
