/**
 * The audit trail: what happened to each order, when, by whom and why, in a chain of hashes.
 *
 * `emit` puts a transition's event in its place in the chain; the store writes it in the same statement as the change itself. `announce`
 * tells those who listen in this process, after the commit. Durable consumers take the outbox (`deliver`), which loses nothing.
 */
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { type ChainFault, seal, type SealedEvent, verifyChain } from "../order/auditChain.ts"
import type { Transition } from "../order/decide.ts"
import { type OrderId, OrderId as OrderIdSchema, type TenantId } from "../order/Order.ts"
import { fromDateTime } from "../order/Timestamp.ts"
import { CurrentDigest } from "./CurrentDigest.ts"
import { makeIds } from "./Ids.ts"
import { type EventKey, OrderStore, type OutcomeUnknown, type StoreUnavailable } from "./OrderStore.ts"

/** A chain that does not verify. */
export interface BrokenChain extends ChainFault {
  readonly tenantId: TenantId
  readonly orderId: OrderId
}

/**
 * What the event that placed the order says in confidence (customer, addresses) is the order itself, and an order without a customer is
 * none. See `docs/decisions/0009-what-can-be-erased.md`.
 */
export class EventNotErasable extends Schema.TaggedError<EventNotErasable>()("EventNotErasable", {
  orderId: OrderIdSchema,
  sequence: Schema.Int
}) {
  static readonly when = "The order has no such event, or it is the one that placed the order."
  readonly code = "EVENT_NOT_ERASABLE"
  readonly remedy = "Look the event up in the order's history; the event that placed the order cannot be erased by itself."
  override get message() {
    return `Event ${this.sequence} of the order does not exist or cannot be erased.`
  }
}

export class AuditTrail extends Context.Service<
  AuditTrail,
  {
    /** Seal a transition's event behind the event whose hash is `headHash` (null for the first). */
    readonly emit: (transition: Transition, headHash: string | null) => Effect.Effect<SealedEvent>

    /** Tell the listeners of this process about a committed event. */
    readonly announce: (sealed: SealedEvent) => Effect.Effect<void>

    /**
     * Events as this process commits them, all tenants. A listener that falls 4,096 events behind loses the oldest; what must not be
     * lost is taken from the outbox.
     */
    readonly live: Stream.Stream<SealedEvent>

    /** The events of an order, oldest first. Empty when there is no such order. */
    readonly history: (tenantId: TenantId, orderId: OrderId) => Effect.Effect<ReadonlyArray<SealedEvent>, StoreUnavailable>

    /** Every event of a tenant, order by order, each order's oldest first. Bounded memory. */
    readonly all: (tenantId: TenantId) => Stream.Stream<SealedEvent, StoreUnavailable>

    /**
     * Check an order's chain; null when it is whole. `head` (an event's sequence and hash, kept elsewhere) also shows whether the newest
     * events were cut off.
     */
    readonly verify: (
      tenantId: TenantId,
      orderId: OrderId,
      head?: { readonly sequence: number; readonly hash: string }
    ) => Effect.Effect<BrokenChain | null, StoreUnavailable>

    /** Check every chain of a tenant; emits the broken ones. */
    readonly verifyAll: (tenantId: TenantId) => Stream.Stream<BrokenChain, StoreUnavailable>

    /**
     * Erase the free text of one event (the reason of a cancel, the notes of a subscription) for good, wherever it is kept. What happened,
     * when and by whom stays, the chain still verifies, and the order still is the fold of its events. Erasing twice is as good as once.
     */
    readonly erase: (
      tenantId: TenantId,
      orderId: OrderId,
      sequence: number
    ) => Effect.Effect<void, EventNotErasable | StoreUnavailable | OutcomeUnknown>

    /**
     * Take up to `limit` events from the outbox, hand them to `consume`, and mark them delivered when it succeeds. Returns how many.
     *
     * Every event is delivered at least once and, per order, in sequence; there is no order between orders. When `consume` fails or the
     * process dies, the events are handed out again after `lease` (30 s).
     */
    readonly deliver: <E, R>(
      consume: (events: ReadonlyArray<SealedEvent>) => Effect.Effect<void, E, R>,
      options?: { readonly limit?: number; readonly lease?: Duration.Input }
    ) => Effect.Effect<number, E | StoreUnavailable | OutcomeUnknown, R>
  }
>()("order-lifecycle/AuditTrail") {
  /** Salts come from Effect's `WebCrypto` reference, time from its `Clock`: both can be replaced. */
  static readonly layer: Layer.Layer<AuditTrail, never, OrderStore> = Layer.effect(
    AuditTrail,
    Effect.gen(function* () {
      const store = yield* OrderStore
      const { newSalt } = yield* makeIds
      const digest = yield* CurrentDigest
      const listeners = yield* PubSub.sliding<SealedEvent>(4096)

      const emit = (transition: Transition, headHash: string | null) =>
        Effect.sync(() => seal(transition.event, headHash, newSalt(), digest))

      const history = Effect.fn("AuditTrail.history")((tenantId: TenantId, orderId: OrderId) => store.history(tenantId, orderId))

      const orderIds = (tenantId: TenantId) =>
        Stream.paginate(null as OrderId | null, (after) =>
          Effect.map(store.orderIds(tenantId, after, 100), (ids) => [ids, Option.fromNullishOr(ids.at(-1))] as const)
        )

      const verify = Effect.fn("AuditTrail.verify")(function* (
        tenantId: TenantId,
        orderId: OrderId,
        head?: { readonly sequence: number; readonly hash: string }
      ) {
        const fault = verifyChain(yield* store.history(tenantId, orderId), head, { tenantId, orderId }, digest)
        return fault === null ? null : { tenantId, orderId, ...fault }
      })

      const erase = Effect.fn("AuditTrail.erase")(function* (tenantId: TenantId, orderId: OrderId, sequence: number) {
        const isErased = yield* store.eraseText({ tenantId, orderId, sequence })
        if (!isErased) return yield* new EventNotErasable({ orderId, sequence })
      })

      const deliver = Effect.fn("AuditTrail.deliver")(function* <E, R>(
        consume: (events: ReadonlyArray<SealedEvent>) => Effect.Effect<void, E, R>,
        options?: { readonly limit?: number; readonly lease?: Duration.Input }
      ) {
        const now = yield* DateTime.now
        const leaseUntil = DateTime.addDuration(now, options?.lease ?? "30 seconds")
        const entries = yield* store.leaseOutbox(options?.limit ?? 100, fromDateTime(now), fromDateTime(leaseUntil))
        if (entries.length === 0) return 0
        yield* consume(entries.map((entry) => entry.sealed))
        yield* store.acknowledgeOutbox(
          entries.map(({ sealed: { event } }): EventKey => ({
            tenantId: event.tenantId,
            orderId: event.orderId,
            sequence: event.sequence
          }))
        )
        return entries.length
      })

      return {
        emit,
        announce: (sealed) => Effect.asVoid(PubSub.publish(listeners, sealed)),
        live: Stream.fromPubSub(listeners),
        history,
        all: (tenantId) =>
          Stream.flatMap(orderIds(tenantId), (orderId) => Stream.fromIterableEffect(store.history(tenantId, orderId))),
        verify,
        verifyAll: (tenantId) =>
          Stream.filter(
            Stream.mapEffect(orderIds(tenantId), (orderId) => verify(tenantId, orderId)),
            (broken) => broken !== null
          ),
        erase,
        deliver
      }
    })
  )
}
