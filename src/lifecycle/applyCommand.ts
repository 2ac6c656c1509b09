/**
 * One command, from load to commit: load the order, decide, commit the change that follows. Lost the race? Load and decide again.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as SecureRandom from "effect/crypto/SecureRandom"
import type { SealedEvent } from "../order/auditChain.ts"
import type { OrderPlaced, RequestId } from "../order/AuditEvent.ts"
import type { EventOf, Occasion, RefusalOf, Transition } from "../order/decide.ts"
import { decide } from "../order/decide.ts"
import { preview } from "../order/explain.ts"
import type { Lifecycle } from "../order/lifecycleTable.ts"
import type { CustomerId, OrderId, Payment, SubscriptionId, TenantId } from "../order/Order.ts"
import type { CancelOrder, EndSubscription, OrderCommand, PlaceOrder, StartSubscription } from "../order/OrderCommand.ts"
import { place } from "../order/place.ts"
import type { PlaceRefusal } from "../order/Refusal.ts"
import { OrderNotFound, SubscriptionNotFound } from "../order/Refusal.ts"
import { fromDateTime, type Timestamp } from "../order/Timestamp.ts"
import { Assets } from "./Assets.ts"
import { AuditTrail } from "./AuditTrail.ts"
import type { Caller } from "./Caller.ts"
import { Catalogue } from "./Catalogue.ts"
import { CurrentDigest } from "./CurrentDigest.ts"
import { idempotencyKeyOf, type IdempotencyKeyReused, lookupOf, refuse, replay } from "./idempotency.ts"
import type { Change, Loaded, LoadRequest, OutcomeUnknown, StoreUnavailable } from "./OrderStore.ts"
import { OrderStore } from "./OrderStore.ts"
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
const oldNews = (transition: Transition): Answer => ({ transition })

const notFound = (name: OrderName) => ("orderId" in name ? new OrderNotFound(name) : new SubscriptionNotFound(name))

/** Now, from Effect's clock. */
export const timestamp: Effect.Effect<Timestamp> = Effect.map(DateTime.now, fromDateTime)

export const makeApplyCommand = Effect.fnUntraced(function* (lifecycle: Lifecycle) {
  const store = yield* OrderStore
  const catalogue = yield* Catalogue
  const assets = yield* Assets
  const reservations = yield* Reservations
  const auditTrail = yield* AuditTrail
  const random = yield* SecureRandom.SecureRandom
  const digest = yield* CurrentDigest

  const newId = (prefix: string) => Effect.map(random.uuidV7(), (uuid) => `${prefix}_${uuid}`)

  const occasionOf = ({ actor, requestId }: Caller, at: Timestamp): Effect.Effect<Occasion> =>
    requestId === undefined
      ? Effect.map(newId("req"), (made) => ({ at, actor, requestId: made as RequestId }))
      : Effect.succeed({ at, actor, requestId })

  /** A transition as what is committed: each of the three services adds its part, the store writes them as one. */
  const changeOf = (transition: Transition, headHash: string | null): Effect.Effect<Change> =>
    Effect.map(auditTrail.emit(transition, headHash), (sealed) => ({
      transition,
      sealed,
      reservations: reservations.changesOf(transition)
    }))

  const commit = (change: Change): Effect.Effect<Answer, LostRace | StoreUnavailable | OutcomeUnknown> =>
    Effect.flatMap(store.commit([change]), (outcomes) =>
      outcomes[0] === "committed"
        ? Effect.succeed({ transition: change.transition, news: change.sealed })
        : Effect.fail(new LostRace({ orderId: change.transition.after.orderId }))
    )

  /** Listeners hear of a change when it has been committed for good: under a lock, that is when the lock is given back. */
  const announced = ({ transition, news }: Answer) =>
    news === undefined ? Effect.succeed(transition) : Effect.as(auditTrail.announce(news), transition)

  const load = (tenantId: TenantId, order: OrderName, request: CommandRequest, lookup = {}) => {
    const serial = request.type === "startSubscription" ? { serialNumber: request.assetSerialNumber } : {}
    return Effect.flatMap(store.load([{ tenantId, order, ...lookup, ...serial }]), ([loaded]) =>
      loaded ? Effect.succeed(loaded) : Effect.die(new Error("the store did not answer a load"))
    )
  }

  /** The request with the facts that only its surroundings know: the command that is decided on. */
  const commandOf = Effect.fnUntraced(function* (tenantId: TenantId, request: CommandRequest) {
    if (request.type !== "startSubscription") return (_: Loaded): OrderCommand => request
    const asset = yield* assets.find(tenantId, request.assetSerialNumber)
    const subscriptionId = (yield* newId("sub")) as SubscriptionId
    return ({ serialIsRented }: Loaded): OrderCommand => ({
      ...request,
      subscriptionId,
      asset: {
        isKnown: asset.known,
        isRented: serialIsRented || (asset.known && !asset.available),
        ...(asset.known && asset.sku !== undefined && { sku: asset.sku })
      }
    })
  })

  /**
   * Apply a command to an order. Several attempts without a lock, each from fresh state, and then under the order's lock: whoever loses a
   * race lost it to someone who got something done.
   */
  const applyCommand = <Type extends CommandRequest["type"], Name extends OrderName>(
    caller: Caller,
    name: Name,
    request: RequestFor<Type>
  ): Effect.Effect<Transition<EventOf<Type>>, RefusalOf<Type> | NotFound<Name> | Failure> =>
    Effect.gen(function* () {
      const { tenantId } = caller
      const toCommand = yield* commandOf(tenantId, request)
      const attempt = Effect.gen(function* () {
        const now = yield* timestamp
        const key = idempotencyKeyOf(caller, now, [name, request], digest)
        const loaded = yield* load(tenantId, name, request, lookupOf(key, now))
        if (key && loaded.remembered) return oldNews(yield* replay(store, key, loaded.remembered))
        if (loaded.order === null) return oldNews(yield* refuse(store, notFound(name), key, now))
        const decision = decide(lifecycle, loaded.order, toCommand(loaded), yield* occasionOf(caller, now))
        if (Result.isFailure(decision)) return oldNews(yield* refuse(store, decision.failure, key, now))
        const change = yield* changeOf(decision.success, loaded.headHash)
        return yield* commit(key ? { ...change, remember: key } : change)
      })
      // A refusal is no reason to take back what was done under the lock: it is remembered there.
      const attemptAlone = ({ orderId }: LostRace) =>
        Effect.flatMap(store.exclusively({ tenantId, orderId }, Effect.result(attempt)), Effect.fromResult)
      return yield* announced(yield* retryLostRaces(attempt, (lost) => retryLostRaces(attemptAlone(lost), giveUp)))
      // The command settles which event and which refusals there can be, also for an answer given again: the key is bound to the command.
    }) as Effect.Effect<Transition<EventOf<Type>>, RefusalOf<Type> | NotFound<Name> | Failure>

  /** Place an order. There is no version to lose yet: the races are about the customer's email and the idempotency key. */
  const placeOrder = (
    caller: Caller,
    request: PlaceOrder,
    options: { readonly payment?: Payment }
  ): Effect.Effect<Transition<typeof OrderPlaced.Type>, PlaceRefusal | Failure> =>
    Effect.gen(function* () {
      const { tenantId } = caller
      const emailKey = request.customer.email.toLowerCase()
      const orderId = (yield* newId("ord")) as OrderId
      const attempt = Effect.gen(function* () {
        const now = yield* timestamp
        const key = idempotencyKeyOf(caller, now, ["place", request], digest)
        const { customerId: known, remembered } = yield* store.loadPlacing({ tenantId, emailKey, ...lookupOf(key, now) })
        if (key && remembered) return oldNews(yield* replay(store, key, remembered))
        const variants = yield* catalogue.find(tenantId, [...new Set(request.items.map((item) => item.sku))])
        const customerId = known ?? ((yield* newId("cust")) as CustomerId)
        const facts = { tenantId, orderId, customerId, variants, ...options }
        const decision = place(lifecycle, request, facts, yield* occasionOf(caller, now))
        if (Result.isFailure(decision)) return oldNews(yield* refuse(store, decision.failure, key, now))
        return yield* commit({
          ...(yield* changeOf(decision.success, null)),
          ...(known === null && { newCustomer: { customerId, emailKey } }),
          ...(key && { remember: key })
        })
      })
      return yield* announced(yield* retryLostRaces(attempt, giveUp))
    }) as Effect.Effect<Transition<typeof OrderPlaced.Type>, PlaceRefusal | Failure>

  /** The same load and the same decision as `applyCommand`, and nothing after it. */
  const previewCommand = Effect.fnUntraced(function* (caller: Caller, orderId: OrderId, request: CommandRequest) {
    const toCommand = yield* commandOf(caller.tenantId, request)
    const loaded = yield* load(caller.tenantId, { orderId }, request)
    if (loaded.order === null) return yield* new OrderNotFound({ orderId })
    return preview(lifecycle, loaded.order, toCommand(loaded), yield* occasionOf(caller, yield* timestamp))
  })

  return { applyCommand, placeOrder, previewCommand, changeOf, occasionOf }
})

/** The functions through which `OrderLifecycle` works. */
export type ApplyCommand = Effect.Success<ReturnType<typeof makeApplyCommand>>
