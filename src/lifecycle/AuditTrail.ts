/**
 * The audit trail: what happened to each order, when, by whom and why, in a chain of hashes.
 *
 * `emit` puts a transition's event in its place in the chain; the store writes it in the same statement as the change itself. `announce`
 * tells those who listen in this process, after the commit. What must not be lost is taken from the outbox (`Outbox.ts`).
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { type ChainFault, seal, type SealedEvent, verifyChain } from "../order/auditChain.ts"
import type { Transition } from "../order/Transition.ts"
import { type OrderId, OrderId as OrderIdSchema, type TenantId } from "../order/Order.ts"
import type { InvalidInput } from "../order/commonRefusals.ts"
import { CurrentDigest } from "./CurrentDigest.ts"
import { makeIds } from "./Ids.ts"
import { type Delivery, OrderStore, type OutcomeUnknown, type StoreUnavailable } from "./OrderStore.ts"
import { type DeliverOptions, makeOutbox } from "./Outbox.ts"

/** The consumer of `AuditTrail.deliver`. Events that waited in stores from before there were names are its events. */
export const defaultConsumer = "default"

/** A chain that does not verify. */
export interface BrokenChain extends ChainFault {
  readonly tenantId: TenantId
  readonly orderId: OrderId
}

/**
 * What the events that placed or corrected the order say in confidence (customer, addresses) is the order itself, and an order without a
 * customer is none. See `docs/decisions/0009-what-can-be-erased.md`.
 */
export class EventNotErasable extends Schema.TaggedError<EventNotErasable>()("EventNotErasable", {
  orderId: OrderIdSchema,
  sequence: Schema.Int
}) {
  static readonly when = "The order has no such event, or it is one that placed or corrected the order."
  readonly code = "EVENT_NOT_ERASABLE"
  readonly remedy = "Look the event up in the order's history; one that placed or corrected the order cannot be erased by itself."
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
     * Take up to `limit` (100) events of every tenant for the consumer `default`, and hand them to `consume` one by one. Returns how many
     * were delivered. `Outbox.deliver` does the same for a consumer that you name, and tells more; this is its short form.
     *
     * The consumer `default` is added, from the beginning, when there is none. Every event is delivered at least once and, per order, in
     * sequence. When `consume` fails for one, the others are still handed out; then this fails with the first failure. What failed is tried
     * again as the outbox does it (`retry`).
     */
    readonly deliver: <E, R>(
      consume: (events: ReadonlyArray<SealedEvent>) => Effect.Effect<void, E, R>,
      options?: Omit<DeliverOptions, "tenantId">
    ) => Effect.Effect<number, E | InvalidInput | StoreUnavailable | OutcomeUnknown, R>
  }
>()("order-lifecycle/AuditTrail") {
  /** Salts come from Effect's `WebCrypto` reference, time from its `Clock`: both can be replaced. */
  static readonly layer: Layer.Layer<AuditTrail, never, OrderStore> = Layer.effect(
    AuditTrail,
    Effect.gen(function* () {
      const store = yield* OrderStore
      const { newSalt } = yield* makeIds
      const digest = yield* CurrentDigest
      const outbox = yield* makeOutbox
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
        options?: Omit<DeliverOptions, "tenantId">
      ) {
        let first: Exit.Failure<void, E> | undefined
        const handle = ({ sealed }: Delivery) =>
          Effect.onExit(
            Effect.suspend(() => consume([sealed])),
            (exit) => Effect.sync(() => void (first ??= Exit.isFailure(exit) ? exit : undefined))
          )
        const once = outbox.deliver(defaultConsumer, handle, options)
        const { delivered } = yield* Effect.catchTag(once, "ConsumerNotFound", () =>
          outbox.add(defaultConsumer, { from: "beginning" }).pipe(
            // Another process has added it meanwhile.
            Effect.catchTag("ConsumerExists", () => Effect.void),
            Effect.andThen(once),
            Effect.catchTag("ConsumerNotFound", () => Effect.succeed({ delivered: 0 }))
          )
        )
        if (first !== undefined) return yield* Effect.failCause(first.cause)
        return delivered
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
