/**
 * The outbox: committed events for named consumers, each of whom gets all of them.
 *
 * A consumer takes the events of one tenant or of every tenant, from now on or from the first one there is. It gets every event at least
 * once and, per order, in sequence; there is no order between orders. An event that fails holds up the later events of its own order, for
 * this consumer only: it is tried again after 1 s, 2 s, 4 s … up to 5 minutes, and after 20 attempts it is parked until you release or skip
 * it. A repeat can follow a crash, a lease that ran out or a lost answer; a consumer that keeps the highest sequence of each order tells
 * repeats from news (`docs/examples/safe-consumer.ts`).
 *
 * Leases end by the clock of the store, so that the clocks of your processes do not matter.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import { OrderId, TenantId } from "../order/Order.ts"
import { effectReader } from "./effectReader.ts"
import type { InvalidInput } from "../order/commonRefusals.ts"
import { describeFailure, isDuration, leaseFromNow, Limit, millisOr, visitAround } from "./leasing.ts"
import {
  type ConsumerLag,
  type ConsumerStart,
  type Delivery,
  type EventKey,
  OrderStore,
  type OutcomeUnknown,
  type PositionedEvent,
  type Settlement,
  type StoreUnavailable
} from "./OrderStore.ts"

/** 1 to 64 letters, digits, dots, hyphens and underscores, the first of them a letter or a digit. */
export const ConsumerName = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/))

export class ConsumerNotFound extends Schema.TaggedError<ConsumerNotFound>()("ConsumerNotFound", {
  consumer: Schema.String,
  /** The tenant whose events were asked for; null: every tenant. */
  tenantId: Schema.NullOr(TenantId)
}) {
  static readonly when = "No consumer of this name takes these events."
  readonly code = "CONSUMER_NOT_FOUND"
  readonly remedy = "Add the consumer first, or look its name up in the list of consumers."
  override get message() {
    return `There is no consumer ${this.consumer} ${this.tenantId === null ? "of every tenant" : `of tenant ${this.tenantId}`}.`
  }
}

export class ConsumerExists extends Schema.TaggedError<ConsumerExists>()("ConsumerExists", {
  consumer: Schema.String,
  tenantId: Schema.NullOr(TenantId)
}) {
  static readonly when = "The name is taken: a consumer of the same events has it."
  readonly code = "CONSUMER_EXISTS"
  readonly remedy = "Use the consumer that is there, remove it first, or take another name."
  override get message() {
    return `There is a consumer ${this.consumer} already.`
  }
}

export class EventNotParked extends Schema.TaggedError<EventNotParked>()("EventNotParked", {
  consumer: Schema.String,
  orderId: OrderId,
  sequence: Schema.Int
}) {
  static readonly when = "The event is not parked for this consumer: it is done, being tried, or was never reached."
  readonly code = "EVENT_NOT_PARKED"
  readonly remedy = "Look at the consumer's parked events again."
  override get message() {
    return `Event ${this.sequence} of order ${this.orderId} is not parked for consumer ${this.consumer}.`
  }
}

/** When a failed event is tried again. */
export interface RetryOptions {
  /** Before the second attempt: 1 second unless said otherwise. Twice as long before each further one. */
  readonly first?: Duration.Input
  /** At most so long: 5 minutes unless said otherwise. */
  readonly longest?: Duration.Input
  /** After so many attempts an event is parked: 20 unless said otherwise. */
  readonly attempts?: number
}

/** Which events to take, how many, for how long. */
export interface DeliverOptions {
  /** Only this tenant's events. Needed for a consumer of one tenant; a consumer of every tenant may be run for one of them. */
  readonly tenantId?: TenantId
  /** At most so many events: 100 unless said otherwise. */
  readonly limit?: number
  /** How long they are this call's alone: 30 seconds unless said otherwise. */
  readonly lease?: Duration.Input
  readonly retry?: RetryOptions
}

/** What became of the events of one call; all of them 0 when there was nothing to do. */
export interface Delivered {
  readonly delivered: number
  /** To be tried again later. */
  readonly failed: number
  readonly parked: number
  /** The lease ran out before they were settled: they are, or will be, handed out again. */
  readonly lost: number
}

/** The store could not be reached, or its answer got lost. What was handed out comes again when its lease has run out. */
type StoreFailure = StoreUnavailable | OutcomeUnknown

export class Outbox extends Context.Service<
  Outbox,
  {
    /**
     * Add a consumer: of the events of `tenantId`, or of every tenant's when it is left out; from `now` (events committed from here on), which
     * is the default, or from the `beginning`.
     */
    readonly add: (
      consumer: string,
      options?: { readonly tenantId?: TenantId; readonly from?: ConsumerStart }
    ) => Effect.Effect<void, ConsumerExists | InvalidInput | StoreFailure>

    /** Remove a consumer, and all that waits for it. */
    readonly remove: (
      consumer: string,
      options?: { readonly tenantId?: TenantId }
    ) => Effect.Effect<void, ConsumerNotFound | InvalidInput | StoreFailure>

    /**
     * The consumers of every tenant with their lag over all tenants, or, with `tenantId`, every consumer of that tenant's events with its lag
     * in that tenant.
     */
    readonly consumers: (options?: {
      readonly tenantId?: TenantId
    }) => Effect.Effect<ReadonlyArray<ConsumerLag>, InvalidInput | StoreFailure>

    /**
     * Take up to `limit` events, of each order at most one, hand each to `handle`, and settle each by itself: done when `handle` succeeds,
     * to be tried again when it fails or dies. So many are handled at once as `concurrency` says (1). Call it in a loop; any number of
     * processes may.
     */
    readonly deliver: <E, R>(
      consumer: string,
      handle: (delivery: Delivery) => Effect.Effect<unknown, E, R>,
      options?: DeliverOptions & { readonly concurrency?: number }
    ) => Effect.Effect<Delivered, ConsumerNotFound | InvalidInput | StoreFailure, R>

    /**
     * As `deliver`, for a consumer that takes many events at once: `handle` gets all of them and answers with those that are done. The
     * others failed; when `handle` fails or dies, all of them did.
     */
    readonly deliverBatch: <E, R>(
      consumer: string,
      handle: (deliveries: ReadonlyArray<Delivery>) => Effect.Effect<Iterable<Delivery>, E, R>,
      options?: DeliverOptions
    ) => Effect.Effect<Delivered, ConsumerNotFound | InvalidInput | StoreFailure, R>

    /** A consumer's parked events in a tenant, by position: at most `limit` (100) behind the position `after` (0). */
    readonly parked: (
      consumer: string,
      tenantId: TenantId,
      options?: { readonly after?: number; readonly limit?: number }
    ) => Effect.Effect<ReadonlyArray<Delivery>, InvalidInput | StoreFailure>

    /** Try a parked event again now, with all its attempts before it. */
    readonly release: (consumer: string, event: EventKey) => Effect.Effect<void, EventNotParked | InvalidInput | StoreFailure>

    /** Take a parked event as done for this consumer, and go on with the next one of its order. */
    readonly skip: (consumer: string, event: EventKey) => Effect.Effect<void, EventNotParked | InvalidInput | StoreFailure>

    /**
     * A tenant's events by position: at most `limit` (100) behind the position `after` (0). Keep the last position, and ask for what is
     * behind it: nothing is ever added before a position that you have seen.
     */
    readonly feed: (
      tenantId: TenantId,
      options?: { readonly after?: number; readonly limit?: number }
    ) => Effect.Effect<ReadonlyArray<PositionedEvent>, InvalidInput | StoreFailure>
  }
>()("order-lifecycle/Outbox") {
  static readonly layer: Layer.Layer<Outbox, never, OrderStore> = Layer.effect(
    Outbox,
    Effect.suspend(() => makeOutbox)
  )
}

// --- reading options -------------------------------------------------------------------------------------------------------------------

const DeliverOptionsSchema = Schema.Struct({
  tenantId: Schema.optionalKey(TenantId),
  limit: Schema.optionalKey(Limit),
  lease: Schema.optionalKey(isDuration(1)),
  concurrency: Schema.optionalKey(Limit),
  retry: Schema.optionalKey(
    Schema.Struct({
      first: Schema.optionalKey(isDuration(0)),
      longest: Schema.optionalKey(isDuration(0)),
      attempts: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000_000 })))
    })
  )
})

const Position = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }))

const readConsumer = effectReader(ConsumerName, "consumer")
const readTenantId = effectReader(TenantId, "tenantId")
const readScope = effectReader(Schema.Struct({ tenantId: Schema.optionalKey(TenantId) }))
const readAdding = effectReader(
  Schema.Struct({ tenantId: Schema.optionalKey(TenantId), from: Schema.optionalKey(Schema.Literals(["now", "beginning"])) })
)
const readDeliverOptions = effectReader(DeliverOptionsSchema)
const readPage = effectReader(Schema.Struct({ after: Schema.optionalKey(Position), limit: Schema.optionalKey(Limit) }))
const readEvent = effectReader(
  Schema.Struct({
    tenantId: TenantId,
    orderId: OrderId,
    // Stores count sequences in 32 bits.
    sequence: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2 ** 31 - 1 }))
  }),
  "event",
  // A whole event names itself.
  "ignored"
)

interface Retry {
  readonly firstMs: number
  readonly longestMs: number
  readonly attempts: number
}

// --- the service -----------------------------------------------------------------------------------------------------------------------

/** A tenant's lease, with what this call knows about it. */
interface Held {
  readonly tenantId: TenantId
  readonly leaseId: string
  readonly deliveries: ReadonlyArray<Delivery>
}

/** Tenants that are looked up at once. */
const tenantsAtOnce = 100

export const makeOutbox: Effect.Effect<Outbox["Service"], never, OrderStore> = Effect.gen(function* () {
  const store = yield* OrderStore
  /** The tenant that a consumer of every tenant was given events of last: the next call begins behind it, so that all have their turn. */
  const lastServed = new Map<string, TenantId>()

  const leaseOf = Effect.fnUntraced(function* (consumer: string, tenantId: TenantId, limit: number, leaseMs: number) {
    const lease = yield* store.leaseEvents({ tenantId, consumer, limit, leaseMs })
    return lease === null ? null : ({ tenantId, ...lease } satisfies Held)
  })

  /** Leases of as many tenants as it takes to have `limit` events. */
  const leasesOfEveryTenant = (consumer: string, limit: number, leaseMs: number) =>
    Effect.suspend(() => {
      const held: Array<Held> = []
      return Effect.onError(leaseAround(held, consumer, limit, leaseMs), () => giveBack(store, consumer, held))
    })

  const leaseAround = Effect.fnUntraced(function* (held: Array<Held>, consumer: string, limit: number, leaseMs: number) {
    let left = limit
    const visit = Effect.fnUntraced(function* (tenantId: TenantId) {
      const lease = yield* leaseOf(consumer, tenantId, left, leaseMs)
      if (lease === null || lease.deliveries.length === 0) return "more"
      held.push(lease)
      lastServed.set(consumer, tenantId)
      left -= lease.deliveries.length
      return left > 0 ? "more" : "enough"
    })
    const begin = lastServed.get(consumer) ?? null
    const around = yield* visitAround(begin, (after) => store.tenantsWithWork(consumer, after, tenantsAtOnce), visit)
    return around === null ? null : held
  })

  const lease = Effect.fnUntraced(function* (consumer: string, options: typeof DeliverOptionsSchema.Type) {
    const { tenantId, limit = 100 } = options
    const leaseMs = millisOr(options.lease, "30 seconds")
    const isOver = yield* leaseFromNow(leaseMs)
    const held =
      tenantId === undefined
        ? yield* leasesOfEveryTenant(consumer, limit, leaseMs)
        : yield* Effect.map(leaseOf(consumer, tenantId, limit, leaseMs), (one) => one && [one])
    if (held === null) return yield* new ConsumerNotFound({ consumer, tenantId: tenantId ?? null })
    return { held, isOver }
  })

  const retryOf = ({ retry = {} }: typeof DeliverOptionsSchema.Type): Retry => ({
    firstMs: millisOr(retry.first, "1 second"),
    longestMs: millisOr(retry.longest, "5 minutes"),
    attempts: retry.attempts ?? 20
  })

  const deliver = Effect.fn("Outbox.deliver")(function* <E, R>(
    consumer: string,
    handle: (delivery: Delivery) => Effect.Effect<unknown, E, R>,
    options: DeliverOptions & { readonly concurrency?: number } = {}
  ) {
    const name = yield* readConsumer(consumer)
    const checked = yield* readDeliverOptions(options)
    const retry = retryOf(checked)
    const { held, isOver } = yield* lease(name, checked)
    const tally = new Tally()
    const tasks = yield* Effect.forEach(held, (each) =>
      Effect.map(makeSettler(store, name, each, tally), (settler) => each.deliveries.map((delivery) => ({ delivery, settler })))
    )
    const begun = new Set<Delivery>()
    yield* Effect.forEach(
      yield* suspectsLast(tasks.flat()),
      ({ delivery, settler }) =>
        Effect.gen(function* () {
          // Who comes too late leaves it to the next lease.
          if (yield* isOver) return void tally.lost++
          begun.add(delivery)
          const error = isUsedUp(delivery, retry)
            ? (delivery.lastError ?? neverAnswered)
            : yield* Effect.matchCauseEffect(
                Effect.suspend(() => handle(delivery)),
                {
                  onSuccess: () => Effect.succeed(null),
                  // A handler that interrupts itself has failed. When the call itself is interrupted, nothing here goes on.
                  onFailure: (cause) => Effect.succeed(describeFailure(cause))
                }
              )
          yield* settler(settlementOf(delivery, retry, error))
        }),
      { concurrency: checked.concurrency ?? 1, discard: true }
    ).pipe(Effect.ensuring(Effect.suspend(() => giveBack(store, name, held, begun))))
    return tally.counts
  })

  const deliverBatch = Effect.fn("Outbox.deliverBatch")(function* <E, R>(
    consumer: string,
    handle: (deliveries: ReadonlyArray<Delivery>) => Effect.Effect<Iterable<Delivery>, E, R>,
    options: DeliverOptions = {}
  ) {
    const name = yield* readConsumer(consumer)
    const checked = yield* readDeliverOptions(options)
    const retry = retryOf(checked)
    const { held, isOver } = yield* lease(name, checked)
    const tally = new Tally()
    const all = held.flatMap(({ deliveries }) => deliveries)
    if (all.length === 0) return tally.counts
    if (yield* isOver) {
      yield* giveBack(store, name, held)
      return { ...tally.counts, lost: all.length }
    }
    const fresh = all.filter((delivery) => !isUsedUp(delivery, retry))
    const exit =
      fresh.length === 0
        ? Exit.succeed(new Set<Delivery>())
        : yield* Effect.exit(
            Effect.map(
              Effect.suspend(() => handle(fresh)),
              (done) => new Set(done)
            )
          )
    const done = Exit.isSuccess(exit) ? exit.value : new Set<Delivery>()
    const error = Exit.isFailure(exit) ? describeFailure(exit.cause) : "the consumer did not answer that it is done"
    for (const each of held) {
      const settlements = each.deliveries.map((delivery) =>
        settlementOf(
          delivery,
          retry,
          done.has(delivery) ? null : isUsedUp(delivery, retry) ? (delivery.lastError ?? neverAnswered) : error
        )
      )
      yield* settle(store, name, each, settlements, tally)
    }
    return tally.counts
  })

  const unpark = (how: "release" | "skip") =>
    Effect.fn(`Outbox.${how}`)(function* (consumer: string, event: EventKey) {
      const name = yield* readConsumer(consumer)
      const key = yield* readEvent(event)
      const { orderId, sequence } = key
      if (!(yield* store.unparkEvent(name, key, how))) return yield* new EventNotParked({ consumer: name, orderId, sequence })
    })

  return {
    add: Effect.fn("Outbox.add")(function* (consumer, options = {}) {
      const name = yield* readConsumer(consumer)
      const { tenantId = null, from = "now" } = yield* readAdding(options)
      const isAdded = yield* store.addConsumer({ tenantId, consumer: name }, from)
      if (!isAdded) return yield* new ConsumerExists({ consumer: name, tenantId })
    }),

    remove: Effect.fn("Outbox.remove")(function* (consumer, options = {}) {
      const name = yield* readConsumer(consumer)
      const { tenantId = null } = yield* readScope(options)
      const isRemoved = yield* store.removeConsumer({ tenantId, consumer: name })
      if (!isRemoved) return yield* new ConsumerNotFound({ consumer: name, tenantId })
    }),

    consumers: Effect.fn("Outbox.consumers")(function* (options = {}) {
      const { tenantId = null } = yield* readScope(options)
      return yield* store.consumers(tenantId)
    }),

    deliver,
    deliverBatch,

    parked: Effect.fn("Outbox.parked")(function* (consumer, tenantId, options = {}) {
      const name = yield* readConsumer(consumer)
      const { after = 0, limit = 100 } = yield* readPage(options)
      return yield* store.parkedEvents(yield* readTenantId(tenantId), name, after, limit)
    }),

    release: unpark("release"),
    skip: unpark("skip"),

    feed: Effect.fn("Outbox.feed")(function* (tenantId, options = {}) {
      const { after = 0, limit = 100 } = yield* readPage(options)
      return yield* store.feed(yield* readTenantId(tenantId), after, limit)
    })
  } satisfies Outbox["Service"]
})

// --- settling --------------------------------------------------------------------------------------------------------------------------

/** What was counted of a call. */
class Tally {
  delivered = 0
  failed = 0
  parked = 0
  lost = 0

  get counts(): Delivered {
    const { delivered, failed, parked, lost } = this
    return { delivered, failed, parked, lost }
  }
}

const neverAnswered = "the consumer was given it and never answered"

/** An event that has had all its attempts without an answer, as when it kills the process that handles it. */
const isUsedUp = ({ attempts }: Delivery, retry: Retry): boolean => attempts >= retry.attempts

const settlementOf = ({ sealed, attempts }: Delivery, retry: Retry, error: string | null): Settlement => {
  const { orderId, sequence } = sealed.event
  if (error === null) return { orderId, sequence }
  const isLast = attempts + 1 >= retry.attempts
  const retryMs = isLast ? null : Math.min(retry.firstMs * 2 ** Math.min(attempts, 30), retry.longestMs)
  return { orderId, sequence, failed: { error, retryMs } }
}

const settle = Effect.fnUntraced(function* (
  store: OrderStore["Service"],
  consumer: string,
  { tenantId, leaseId }: Held,
  settlements: ReadonlyArray<Settlement>,
  tally: Tally
) {
  const outcomes = yield* store.settleEvents({ tenantId, consumer, leaseId, settlements })
  outcomes.forEach((outcome, index) => {
    const failed = settlements[index]?.failed
    if (outcome === "lost") tally.lost++
    else if (failed === undefined) tally.delivered++
    else if (failed.retryMs === null) tally.parked++
    else tally.failed++
  })
})

/**
 * Give back what was leased and has not begun, so that it is due again at once and the lease counts for nothing. Where this fails, the lease
 * runs out by itself.
 */
const giveBack = (
  store: OrderStore["Service"],
  consumer: string,
  held: ReadonlyArray<Held>,
  begun: ReadonlySet<Delivery> = new Set()
): Effect.Effect<void> =>
  Effect.forEach(
    held,
    ({ tenantId, leaseId, deliveries }) => {
      const settlements = deliveries
        .filter((delivery) => !begun.has(delivery))
        .map(({ sealed: { event } }): Settlement => ({ orderId: event.orderId, sequence: event.sequence, untried: true }))
      return settlements.length === 0
        ? Effect.void
        : Effect.ignore(store.settleEvents({ tenantId, consumer, leaseId, settlements }))
    },
    { discard: true }
  )

/**
 * Events that were handed out before without an answer come last, and in any order: if one of them kills the process, it is not always the
 * same ones behind it that are never reached.
 */
const suspectsLast = <Task extends { readonly delivery: Delivery }>(tasks: ReadonlyArray<Task>) => {
  const isSuspect = ({ delivery: { attempts, lastError } }: Task) => attempts > 0 && lastError === null
  return Effect.map(Random.shuffle(tasks.filter(isSuspect)), (suspects) => [
    ...tasks.filter((task) => !isSuspect(task)),
    ...suspects
  ])
}

/**
 * Settles the events of a lease as they are handled. While one statement is under way, what is handled meanwhile waits and goes together
 * with the next.
 */
const makeSettler = Effect.fnUntraced(function* (store: OrderStore["Service"], consumer: string, held: Held, tally: Tally) {
  const oneAtATime = yield* Semaphore.make(1)
  let waiting: Array<Settlement> = []
  return (settlement: Settlement) => {
    waiting.push(settlement)
    return oneAtATime.withPermit(
      Effect.suspend(() => {
        const together = waiting
        waiting = []
        return together.length === 0 ? Effect.void : settle(store, consumer, held, together, tally)
      })
    )
  }
})
