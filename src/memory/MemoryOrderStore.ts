/**
 * Orders in the memory of this process: for tests and simulations, where it behaves like the database in everything but survival.
 *
 * A commit runs without interruption between its first check and its last write, because nothing in it waits; that is all the atomicity
 * there is to it. Orders are immutable values, so a reader keeps the snapshot it has read.
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type {
  Change,
  CommitOutcome,
  EventKey,
  IdempotencyKey,
  Loaded,
  LoadRequest,
  OrderQuery,
  OutboxEntry,
  PagePosition,
  Remembered,
  SortDirection,
  SubscriptionOfOrder
} from "../lifecycle/OrderStore.ts"
import { type OrderRecord, OrderRecords, type StoreFault } from "../lifecycle/OrderRecords.ts"
import { OrderStore } from "../lifecycle/OrderStore.ts"
import { orderPosition, subscriptionPosition } from "../lifecycle/paging.ts"
import type { SealedEvent } from "../order/auditChain.ts"
import type { AuditEvent } from "../order/AuditEvent.ts"
import { assertLaws } from "../order/invariants.ts"
import type { CustomerId, Order, OrderId, SerialNumber, Sku, SubscriptionId, TenantId } from "../order/Order.ts"
import { activeSubscriptions } from "../order/Order.ts"
import type { Refusal } from "../order/Refusal.ts"
import type { Timestamp } from "../order/Timestamp.ts"

/** An order with its history, and the part of it that no durable consumer has taken yet. */
interface StoredOrder {
  readonly order: Order
  readonly history: ReadonlyArray<SealedEvent>
  readonly outbox: ReadonlyArray<OutboxEntry & { readonly leasedUntil?: Timestamp }>
}

/** All that is kept for one tenant. What could be derived from `orders` is there so that no lookup walks through them. */
class Tenant {
  readonly orders = new Map<OrderId, StoredOrder>()
  readonly orderBySubscription = new Map<SubscriptionId, OrderId>()
  readonly rentedSerials = new Set<SerialNumber>()
  readonly ordersInStock = new Map<Sku, Set<OrderId>>()
  readonly ordersInOutbox = new Set<OrderId>()
  readonly customers = new Map<string, CustomerId>()
  readonly remembered = new Map<string, Remembered & { readonly expiresAt: Timestamp }>()

  recall(key: string, now: Timestamp): Remembered | null {
    const kept = this.remembered.get(key)
    return kept !== undefined && kept.expiresAt >= now ? { fingerprint: kept.fingerprint, outcome: kept.outcome } : null
  }

  remember(key: IdempotencyKey, outcome: Remembered["outcome"]): void {
    this.remembered.set(key.key, { fingerprint: key.fingerprint, outcome, expiresAt: key.expiresAt })
  }

  load({ order: name, serialNumber, idempotency }: LoadRequest): Loaded {
    const orderId = "orderId" in name ? name.orderId : this.orderBySubscription.get(name.subscriptionId)
    const stored = orderId === undefined ? undefined : this.orders.get(orderId)
    return {
      order: stored?.order ?? null,
      headHash: stored?.history.at(-1)?.hash ?? null,
      remembered: idempotency ? this.recall(idempotency.key, idempotency.now) : null,
      serialIsRented: serialNumber !== undefined && this.rentedSerials.has(serialNumber)
    }
  }

  /** What the unique keys and the version pin of a database would find. */
  private isTaken({ transition: { before, event, after }, newCustomer, remember }: Change): boolean {
    const stored = this.orders.get(after.orderId)
    const versionMoved = before === null ? stored !== undefined : stored?.order.version !== before.version
    const isStart = event.type === "subscription.started"
    return (
      versionMoved ||
      (newCustomer !== undefined && this.customers.has(newCustomer.emailKey)) ||
      (remember !== undefined && this.recall(remember.key, event.at) !== null) ||
      (isStart && this.rentedSerials.has(event.details.serialNumber)) ||
      (isStart && this.orderBySubscription.has(event.details.subscriptionId))
    )
  }

  /** Commit a change; returns how to take it back, or null when somebody else was first. */
  commit(change: Change): (() => void) | null {
    if (this.isTaken(change)) return null
    const { transition, sealed, reservations, newCustomer, remember } = change
    const { event, after } = transition
    const { orderId } = after
    const stored = this.orders.get(orderId)

    // The same double checks as the database makes: a change that does not fit what is stored is a mistake, not a lost race.
    assertLaws(after)
    if (sealed.previousHash !== (stored?.history.at(-1)?.hash ?? null))
      throw new Error(`order ${orderId}: the chain does not continue`)
    for (const { line, from, to } of reservations) {
      const isExpected =
        JSON.stringify(stored?.order.lines[line]?.units ?? null) === JSON.stringify(from) &&
        JSON.stringify(after.lines[line]?.units) === JSON.stringify(to)
      if (!isExpected) throw new Error(`order ${orderId}: the reservation of line ${line} is not what the change expects`)
    }

    this.orders.set(orderId, {
      order: stored ? withStoredTexts(after, transition.before, stored.order) : after,
      history: [...(stored?.history ?? []), sealed],
      outbox: [...(stored?.outbox ?? []), { sealed, attempts: 0 }]
    })
    this.index(stored?.order, after)
    const forgotten = remember && this.remembered.get(remember.key)
    if (newCustomer) this.customers.set(newCustomer.emailKey, newCustomer.customerId)
    if (remember) this.remember(remember, { outcome: "accepted", orderId, sequence: event.sequence })
    return () => {
      if (stored) this.orders.set(orderId, stored)
      else this.orders.delete(orderId)
      this.index(after, stored?.order)
      if (newCustomer) this.customers.delete(newCustomer.emailKey)
      if (remember) this.remembered.delete(remember.key)
      if (remember && forgotten) this.remembered.set(remember.key, forgotten)
    }
  }

  /** Erase what an event says in confidence, where it stands and in what was made of it. */
  eraseText({ orderId, sequence }: EventKey): boolean {
    const stored = this.orders.get(orderId)
    const event = stored?.history[sequence - 1]?.event
    if (!stored || !event || event.type === "order.placed") return false
    const erase = (sealed: SealedEvent): SealedEvent =>
      sealed.event.sequence === sequence ? { ...sealed, salt: null, event: { ...event, confidential: {} } } : sealed
    this.orders.set(orderId, {
      order: withoutTextOf(stored.order, event),
      history: stored.history.map(erase),
      outbox: stored.outbox.map((entry) => ({ ...entry, sealed: erase(entry.sealed) }))
    })
    return true
  }

  /** Make everything that is derived from `orders` true again, after an order changed from `before` to `after`. */
  private index(before: Order | undefined, after: Order | undefined): void {
    if (before) {
      for (const { subscriptionId } of before.subscriptions) this.orderBySubscription.delete(subscriptionId)
      for (const { serialNumber } of activeSubscriptions(before)) this.rentedSerials.delete(serialNumber)
      for (const { sku } of before.lines) this.ordersInStock.get(sku)?.delete(before.orderId)
    }
    if (after === undefined) return
    for (const { subscriptionId } of after.subscriptions) this.orderBySubscription.set(subscriptionId, after.orderId)
    for (const { serialNumber } of activeSubscriptions(after)) this.rentedSerials.add(serialNumber)
    for (const { sku, units } of after.lines) {
      if (units.held + units.active === 0) continue
      const orderIds = this.ordersInStock.get(sku)
      if (orderIds) orderIds.add(after.orderId)
      else this.ordersInStock.set(sku, new Set([after.orderId]))
    }
    if (this.orders.get(after.orderId)?.outbox.length) this.ordersInOutbox.add(after.orderId)
  }

  /** All that is kept of an order, and what this class derives from it and has not kept in step. */
  record(tenantId: TenantId, orderId: OrderId): OrderRecord | null {
    const stored = this.orders.get(orderId)
    if (!stored) return null
    const { order, history, outbox } = stored
    const lost = order.subscriptions.filter(({ subscriptionId }) => this.orderBySubscription.get(subscriptionId) !== orderId)
    const free = activeSubscriptions(order).filter(({ serialNumber }) => !this.rentedSerials.has(serialNumber))
    return {
      tenantId,
      orderId,
      order,
      headHash: history.at(-1)?.hash ?? null,
      reservations: order.lines.map(({ sku, quantity }, line) => ({ line, sku, quantity })),
      events: history,
      undelivered: outbox.map(({ sealed }) => sealed.event.sequence),
      disagreements: [
        ...lost.map(({ subscriptionId }) => `subscription ${subscriptionId} is not found by its id`),
        ...free.map(({ serialNumber }) => `asset ${serialNumber} is rented and counts as free`)
      ]
    }
  }

  /** Remembered answers that can no longer be put together. */
  answersWithoutEvent(tenantId: TenantId): ReadonlyArray<StoreFault> {
    return [...this.remembered].flatMap(([key, { outcome }]): ReadonlyArray<StoreFault> => {
      if (outcome.outcome === "refused") return []
      const { orderId, sequence } = outcome
      if (this.orders.get(orderId)?.history[sequence - 1]) return []
      const message = `the answer remembered under key ${JSON.stringify(key)} is event ${sequence}, which does not exist`
      return [{ id: "C4", tenantId, orderId, message }]
    })
  }

  stock(sku: Sku) {
    const stock = { reserved: 0, rented: 0 }
    for (const orderId of this.ordersInStock.get(sku) ?? []) {
      for (const line of this.orders.get(orderId)?.order.lines ?? []) {
        if (line.sku !== sku) continue
        stock.reserved += line.units.held
        stock.rented += line.units.active
      }
    }
    return stock
  }

  subscriptions(): ReadonlyArray<SubscriptionOfOrder> {
    return [...this.orders.values()].flatMap(({ order }) => order.subscriptions.map((subscription) => ({ subscription, order })))
  }

  lease(limit: number, now: Timestamp, leaseUntil: Timestamp): ReadonlyArray<OutboxEntry> {
    const leased: Array<OutboxEntry> = []
    for (const orderId of this.ordersInOutbox) {
      if (leased.length >= limit) break
      const stored = this.orders.get(orderId)
      const [oldest, ...younger] = stored?.outbox ?? []
      if (!stored || !oldest || (oldest.leasedUntil !== undefined && oldest.leasedUntil > now)) continue
      leased.push({ sealed: oldest.sealed, attempts: oldest.attempts })
      this.orders.set(orderId, {
        ...stored,
        outbox: [{ ...oldest, attempts: oldest.attempts + 1, leasedUntil: leaseUntil }, ...younger]
      })
    }
    return leased
  }

  acknowledge({ orderId, sequence }: EventKey): void {
    const stored = this.orders.get(orderId)
    if (!stored) return
    const outbox = stored.outbox.filter((entry) => entry.sealed.event.sequence !== sequence)
    this.orders.set(orderId, { ...stored, outbox })
    if (outbox.length === 0) this.ordersInOutbox.delete(orderId)
  }
}

/**
 * What a transition made of an order, with the texts that can be rewritten or erased without a version: those are never taken from the
 * transition once they are stored, as it may have been decided on what has been erased since.
 */
const withStoredTexts = (after: Order, before: Order | null, stored: Order): Order => {
  const { notes: _, ...rest } = after
  const subscriptions = after.subscriptions.map((subscription, position) => {
    const kept = stored.subscriptions[position]
    // `evolve` leaves those that do not change the very same objects.
    if (kept === undefined || subscription === before?.subscriptions[position]) return kept ?? subscription
    const { notes: _, ...changed } = subscription
    return kept.notes === undefined ? changed : { ...changed, notes: kept.notes }
  })
  return { ...rest, subscriptions, ...(stored.notes !== undefined && { notes: stored.notes }) }
}

/** An order as the fold gives it once the event's confidential part is empty. */
const withoutTextOf = (order: Order, event: AuditEvent): Order => {
  if (event.type === "order.cancelled" && order.cancellation) {
    const { reason: _, ...cancellation } = order.cancellation
    return { ...order, cancellation }
  }
  if (event.type !== "subscription.started" && event.type !== "subscription.ended") return order
  const subscriptions = order.subscriptions.map((subscription) => {
    if (subscription.subscriptionId !== event.details.subscriptionId) return subscription
    if (event.type === "subscription.started") {
      const { notes: _, ...rest } = subscription
      return rest
    }
    if (!subscription.ended) return subscription
    const { notes: _, ...ended } = subscription.ended
    return { ...subscription, ended }
  })
  return { ...order, subscriptions }
}

const compare = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0)

/** By sort value, then by id, both in the same direction: the order of a keyset index. */
const comparePositions = (a: PagePosition, b: PagePosition, direction: SortDirection): number =>
  (compare(a.value, b.value) || compare(a.id, b.id)) * (direction === "asc" ? 1 : -1)

/** One page of `items`. */
const page = <Item>(
  items: ReadonlyArray<Item>,
  positionOf: (item: Item) => PagePosition,
  { after, limit, sortDir }: Pick<OrderQuery, "after" | "limit" | "sortDir">
): ReadonlyArray<Item> =>
  items
    .filter((item) => after === undefined || comparePositions(positionOf(item), after, sortDir) > 0)
    .toSorted((a, b) => comparePositions(positionOf(a), positionOf(b), sortDir))
    .slice(0, limit)

/** True of `item` for every filter that is given. */
const matches = <Item>(item: Item, ...filters: ReadonlyArray<readonly [value: unknown, of: (item: Item) => unknown]>): boolean =>
  filters.every(([value, of]) => value === undefined || of(item) === value)

/** What the running fiber is in the middle of: the locks it holds, which its own commits do not wait for, and how to take them back. */
interface Transaction {
  readonly locks: ReadonlySet<string>
  readonly undo: Array<() => void>
}
const CurrentTransaction = Context.Reference<Transaction | null>("order-lifecycle/MemoryOrderStore/CurrentTransaction", {
  defaultValue: () => null
})

const make = (): { readonly store: OrderStore["Service"]; readonly records: OrderRecords["Service"] } => {
  const tenants = new Map<TenantId, Tenant>()
  const locks = new Map<string, Deferred.Deferred<void>>()

  const tenant = (tenantId: TenantId): Tenant => {
    const known = tenants.get(tenantId)
    if (known) return known
    const created = new Tenant()
    tenants.set(tenantId, created)
    return created
  }

  const lockOf = (order: { readonly tenantId: TenantId; readonly orderId: OrderId }) =>
    JSON.stringify([order.tenantId, order.orderId])

  /** Do `then` at a moment when nobody else holds any of the locks. Check and act are one step, so nobody comes in between. */
  const whenUnlocked = <A>(names: ReadonlyArray<string>, then: (transaction: Transaction | null) => A): Effect.Effect<A> =>
    Effect.flatMap(CurrentTransaction, (transaction) => {
      const blocking = names.filter((name) => !transaction?.locks.has(name)).flatMap((name) => locks.get(name) ?? [])[0]
      return blocking === undefined
        ? Effect.succeed(then(transaction))
        : Effect.andThen(Deferred.await(blocking), whenUnlocked(names, then))
    })

  const store: OrderStore["Service"] = {
    load: (requests) => Effect.sync(() => requests.map((request) => tenant(request.tenantId).load(request))),

    loadPlacing: ({ tenantId, emailKey, idempotency }) =>
      Effect.sync(() => ({
        customerId: tenant(tenantId).customers.get(emailKey) ?? null,
        remembered: idempotency ? tenant(tenantId).recall(idempotency.key, idempotency.now) : null
      })),

    commit: (changes) =>
      whenUnlocked(
        changes.map(({ transition }) => lockOf(transition.after)),
        (transaction) =>
          changes.map((change): CommitOutcome => {
            const undo = tenant(change.transition.after.tenantId).commit(change)
            if (undo) transaction?.undo.push(undo)
            return undo ? "committed" : "conflict"
          })
      ),

    exclusively: (order, use) => {
      const name = lockOf(order)
      const acquire = whenUnlocked([name], (outer) => {
        const released = Deferred.makeUnsafe<void>()
        locks.set(name, released)
        const transaction: Transaction = { locks: new Set([...(outer?.locks ?? []), name]), undo: [] }
        return { released, transaction }
      })
      return Effect.acquireUseRelease(
        acquire,
        ({ transaction }) => Effect.provideService(use, CurrentTransaction, transaction),
        ({ released, transaction }, exit) =>
          Effect.suspend(() => {
            // Whoever fails leaves nothing behind.
            if (Exit.isFailure(exit)) for (const undoOne of transaction.undo.toReversed()) undoOne()
            locks.delete(name)
            return Deferred.succeed(released, undefined)
          })
      )
    },

    rememberRefusal: (key: IdempotencyKey, refusal: Refusal, now: Timestamp) =>
      Effect.sync(() => {
        const { tenantId } = key
        const first = tenant(tenantId).recall(key.key, now)
        if (first) return first
        const outcome = { outcome: "refused", refusal } as const
        tenant(tenantId).remember(key, outcome)
        return { fingerprint: key.fingerprint, outcome }
      }),

    forgetExpired: (now, limit) =>
      Effect.sync(() => {
        let forgotten = 0
        for (const { remembered } of tenants.values()) {
          for (const [key, { expiresAt }] of remembered) {
            if (forgotten >= limit) return forgotten
            if (expiresAt >= now) continue
            remembered.delete(key)
            forgotten++
          }
        }
        return forgotten
      }),

    eraseText: (event) => whenUnlocked([lockOf(event)], () => tenant(event.tenantId).eraseText(event)),

    rewriteNotes: (tenantId, orderId, notes) =>
      Effect.sync(() => {
        const stored = tenant(tenantId).orders.get(orderId)
        if (stored) tenant(tenantId).orders.set(orderId, { ...stored, order: { ...stored.order, notes } })
        return stored !== undefined
      }),

    listOrders: (query) =>
      Effect.sync(() => {
        const orders = [...tenant(query.tenantId).orders.values()].map((stored) => stored.order)
        const found = orders.filter((order) =>
          matches(order, [query.status, (each) => each.status], [query.customerId, (each) => each.customer.customerId])
        )
        return page(found, (order) => orderPosition(order, query.sortBy), query)
      }),

    listSubscriptions: (query) =>
      Effect.sync(() => {
        const found = tenant(query.tenantId)
          .subscriptions()
          .filter((each) =>
            matches(
              each,
              [query.orderId, ({ order }) => order.orderId],
              [query.status, ({ subscription }) => subscription.status],
              [query.customerId, ({ order }) => order.customer.customerId],
              [query.serialNumber, ({ subscription }) => subscription.serialNumber]
            )
          )
        return page(found, subscriptionPosition, { ...query, sortDir: "desc" })
      }),

    findSubscription: (tenantId, subscriptionId) =>
      Effect.sync(() => {
        const order = tenant(tenantId).load({ tenantId, order: { subscriptionId } }).order
        const subscription = order?.subscriptions.find((each) => each.subscriptionId === subscriptionId)
        return order && subscription ? { subscription, order } : null
      }),

    stock: (tenantId, sku) => Effect.sync(() => tenant(tenantId).stock(sku)),

    history: (tenantId, orderId, upTo) => Effect.sync(() => (tenant(tenantId).orders.get(orderId)?.history ?? []).slice(0, upTo)),

    orderIds: (tenantId, after, limit) =>
      Effect.sync(() =>
        [...tenant(tenantId).orders.keys()]
          .filter((orderId) => after === null || orderId > after)
          .toSorted(compare)
          .slice(0, limit)
      ),

    leaseOutbox: (limit, now, leaseUntil) =>
      Effect.sync(() => {
        const leased: Array<OutboxEntry> = []
        for (const each of tenants.values()) leased.push(...each.lease(limit - leased.length, now, leaseUntil))
        return leased
      }),

    acknowledgeOutbox: (events) =>
      Effect.sync(() => {
        for (const event of events) tenant(event.tenantId).acknowledge(event)
      })
  }

  const records: OrderRecords["Service"] = {
    tenantIds: (after, limit) =>
      Effect.sync(() =>
        [...tenants.keys()]
          .filter((tenantId) => after === null || tenantId > after)
          .toSorted(compare)
          .slice(0, limit)
      ),

    read: (tenantId, after, limit) =>
      Effect.map(store.orderIds(tenantId, after, limit), (orderIds) =>
        orderIds.flatMap((orderId) => tenant(tenantId).record(tenantId, orderId) ?? [])
      ),

    hashesOf: (events) =>
      Effect.sync(() =>
        events.map(({ tenantId, orderId, sequence }) => {
          const history = tenants.get(tenantId)?.orders.get(orderId)?.history ?? []
          return history.find(({ event }) => event.sequence === sequence)?.hash ?? null
        })
      ),

    // The memory has no guards of its own and no sessions, and an asset that is rented stands in a set.
    faults: (tenantId) => Stream.fromIterable(tenantId === null ? [] : tenant(tenantId).answersWithoutEvent(tenantId))
  }
  return { store, records }
}

/** A fresh, empty store. What is in it can be verified, too. */
export const layer: Layer.Layer<OrderStore | OrderRecords> = Layer.effectContext(
  Effect.sync(() => {
    const { store, records } = make()
    return Context.make(OrderStore, store).pipe(Context.add(OrderRecords, records))
  })
)
