/**
 * Orders in the memory of this process: for tests and simulations, where it behaves like the database in everything but survival.
 *
 * A commit runs without interruption between its first check and its last write, because nothing in it waits; that is all the atomicity
 * there is to it. Orders are immutable values, so a reader keeps the snapshot it has read. Events are kept packed, and an order that nobody
 * has touched for a while is kept as its events alone (`StoredOrder.ts`): a million orders fit into a gigabyte.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { type CommitOutcome, type ConsumerKey, type ConsumerLag, type LoadRequest, OrderStore } from "../lifecycle/OrderStore.ts"
import { OrderRecords } from "../lifecycle/OrderRecords.ts"
import type { OrderId, TenantId } from "../order/Order.ts"
import { subscriptionOfOrder } from "../lifecycle/subscriptionOfOrder.ts"
import { pageOfOrders, pageOfSubscriptions } from "./listing.ts"
import { SortedIds } from "./SortedIds.ts"
import { Tenant, usuallyAwake } from "./Tenant.ts"
import { Uncommitted, writtenBy, writtenByRefusal } from "./Uncommitted.ts"

/** An order that somebody has for himself until it is given back. */
interface Lock {
  readonly tenantId: TenantId
  readonly orderId: OrderId
  readonly released: Deferred.Deferred<void>
}

/**
 * What the running fiber is in the middle of: the locks it holds, which its own commits do not wait for, what it has written and how to take
 * it back, the events that reach the outbox once they are final, and what is to be done then.
 */
interface Transaction {
  readonly locks: ReadonlyArray<Lock>
  readonly uncommitted: Uncommitted
  readonly ended: Deferred.Deferred<void>
  readonly undo: Array<() => void>
  readonly afterCommit: Array<Effect.Effect<void>>
  readonly arrivals: Array<() => void>
  readonly outer: Transaction | null
}
const CurrentTransaction = Context.Reference<Transaction | null>("order-lifecycle/MemoryOrderStore/CurrentTransaction", {
  defaultValue: () => null
})

type OrderKey = Pick<Lock, "tenantId" | "orderId">

/** The clock that leases end by, in ms: it is never set back. */
const leaseClock = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n))

/**
 * Rows of the embedding service's own tables, as a database would have them: what `orderProcess(…).rows` made, with the tenant and the order. For
 * tests.
 */
export class MemoryRows extends Context.Service<
  MemoryRows,
  {
    /** The rows of a table, named `schema.table`, in the order in which they were committed. */
    readonly of: (
      tenantId: TenantId,
      table: string
    ) => Effect.Effect<
      ReadonlyArray<Readonly<Record<string, unknown>> & { readonly tenant_id: TenantId; readonly order_id: OrderId }>
    >
  }
>()("order-lifecycle/MemoryRows") {}

const make = (mostAwake: number) => {
  const tenants = new Map<TenantId, Tenant>()
  const tenantIds = new SortedIds<TenantId>()
  const locks = new Set<Lock>()
  /** Transactions that are not within another. */
  const open = new Set<Transaction>()
  /** Consumers of every tenant. */
  const everywhere = new Set<string>()

  const tenant = (tenantId: TenantId): Tenant => {
    const known = tenants.get(tenantId)
    if (known) return known
    const created = new Tenant(tenantId, mostAwake)
    for (const consumer of everywhere) created.outbox.add(consumer, "beginning", true)
    tenants.set(tenantId, created)
    tenantIds.add(tenantId)
    return created
  }

  /** The first lock on any of the orders that somebody else holds. Locks are few at any time, and most of the time there is none. */
  const blocking = (orders: ReadonlyArray<OrderKey>, transaction: Transaction | null): Lock | undefined => {
    for (const lock of locks) {
      if (transaction?.locks.includes(lock)) continue
      if (orders.some(({ tenantId, orderId }) => lock.orderId === orderId && lock.tenantId === tenantId)) return lock
    }
    return undefined
  }

  /** Those of somebody else. There is hardly ever one. */
  const openElsewhere = (transaction: Transaction | null): ReadonlyArray<Transaction> => {
    if (open.size === 0) return []
    let own = transaction
    while (own?.outer) own = own.outer
    return [...open].filter((each) => each !== own)
  }

  /** Do `then` at a moment when nobody else holds any of the orders. Check and act are one step, so nobody comes in between. */
  const whenUnlocked = <A>(
    orders: ReadonlyArray<OrderKey>,
    then: (transaction: Transaction | null) => A,
    written: () => ReadonlyArray<string> = () => []
  ): Effect.Effect<A> =>
    Effect.flatMap(CurrentTransaction, (transaction) => {
      const elsewhere = openElsewhere(transaction)
      const writer = elsewhere.length > 0 && elsewhere.find(({ uncommitted }) => uncommitted.hasAny(written()))
      const awaited = blocking(orders, transaction)?.released ?? (writer ? writer.ended : undefined)
      return awaited === undefined
        ? Effect.succeed(then(transaction))
        : Effect.andThen(Deferred.await(awaited), whenUnlocked(orders, then, written))
    })

  /** See what a read gives, without what somebody else has not committed. */
  const read = <A>(look: () => A, hide: (seen: A, uncommitted: Uncommitted) => A): Effect.Effect<A> =>
    Effect.suspend(() =>
      open.size === 0
        ? Effect.succeed(look())
        : Effect.map(CurrentTransaction, (transaction) =>
            openElsewhere(transaction).reduce((seen, { uncommitted }) => hide(seen, uncommitted), look())
          )
    )

  const store: OrderStore["Service"] = {
    load: (requests) =>
      read(
        () => requests.map((request) => tenant(request.tenantId).load(request)),
        (all, uncommitted) => all.map((loaded, n) => uncommitted.hide(loaded, requests[n] as LoadRequest))
      ),

    loadPlacing: ({ tenantId, emailKey, idempotency }) =>
      read(
        () => ({
          customerId: tenant(tenantId).customers.get(emailKey) ?? null,
          remembered: idempotency ? tenant(tenantId).recall(idempotency.key, idempotency.now) : null
        }),
        ({ customerId, remembered }, uncommitted) => ({
          customerId: uncommitted.hasCustomer(tenantId, emailKey) ? null : customerId,
          remembered: idempotency && uncommitted.hasKey(tenantId, idempotency.key) ? null : remembered
        })
      ),

    commit: (changes) =>
      whenUnlocked(
        changes.map(({ transition }) => transition.after),
        (transaction) =>
          changes.map((change): CommitOutcome => {
            const { tenantId, orderId, version } = change.transition.after
            const before = transaction && Uncommitted.before(change, tenant(tenantId))
            const undo = tenant(tenantId).commit(change)
            if (!undo) return "conflict"
            if (before) transaction.uncommitted.add(before)
            const arrive = () => tenant(tenantId).outbox.append(orderId, version)
            transaction?.undo.push(undo)
            if (transaction) transaction.arrivals.push(arrive)
            else arrive()
            return "committed"
          }),
        () => changes.flatMap(writtenBy)
      ),

    currentTransaction: Effect.map(
      CurrentTransaction,
      (transaction) => transaction && { afterCommit: (effect) => Effect.sync(() => void transaction.afterCommit.push(effect)) }
    ),

    exclusively: ({ tenantId, orderId }, use) => {
      const acquire = whenUnlocked([{ tenantId, orderId }], (outer) => {
        const lock: Lock = { tenantId, orderId, released: Deferred.makeUnsafe<void>() }
        locks.add(lock)
        const transaction: Transaction = {
          locks: [...(outer?.locks ?? []), lock],
          uncommitted: new Uncommitted(),
          ended: Deferred.makeUnsafe<void>(),
          undo: [],
          arrivals: [],
          afterCommit: [],
          outer
        }
        if (outer === null) open.add(transaction)
        return { lock, transaction }
      })
      return Effect.acquireUseRelease(
        acquire,
        ({ transaction }) => Effect.provideService(use, CurrentTransaction, transaction),
        ({ lock, transaction }, exit) =>
          Effect.suspend(() => {
            const { outer, undo, arrivals, afterCommit } = transaction
            // A failure leaves nothing behind; a success within another transaction is final when that one is.
            if (Exit.isFailure(exit)) for (const undoOne of undo.toReversed()) undoOne()
            else if (outer === null) for (const arrive of arrivals) arrive()
            else {
              outer.uncommitted.add(transaction.uncommitted)
              outer.undo.push(...undo)
              outer.arrivals.push(...arrivals)
              outer.afterCommit.push(...afterCommit)
            }
            locks.delete(lock)
            open.delete(transaction)
            // Who waits goes on at once, and so after those who are told of it.
            const goOn = Effect.sync(() => {
              Deferred.doneUnsafe(lock.released, Exit.void)
              Deferred.doneUnsafe(transaction.ended, Exit.void)
            })
            const isFinal = Exit.isSuccess(exit) && outer === null
            return Effect.ensuring(isFinal ? Effect.forEach(afterCommit, (each) => each, { discard: true }) : Effect.void, goOn)
          })
      )
    },

    rememberRefusal: (key, refusal, now) =>
      whenUnlocked(
        [],
        () => {
          const { tenantId } = key
          const first = tenant(tenantId).recall(key.key, now)
          if (first) return first
          const outcome = { outcome: "refused", refusal } as const
          tenant(tenantId).remember(key, outcome)
          return { fingerprint: key.fingerprint, outcome }
        },
        () => writtenByRefusal(key.tenantId, key.key)
      ),

    forgetExpired: (tenantId, now, limit) =>
      Effect.sync(() => {
        const { remembered } = tenant(tenantId)
        let forgotten = 0
        for (const [key, { expiresAt }] of remembered) {
          if (forgotten >= limit) return forgotten
          if (expiresAt >= now) continue
          remembered.delete(key)
          forgotten++
        }
        return forgotten
      }),

    tenantIds: (after, limit) => Effect.sync(() => tenantIds.page(after, limit)),

    eraseText: (event) => whenUnlocked([event], () => tenant(event.tenantId).eraseText(event)),

    rewriteNotes: (tenantId, orderId, notes) =>
      whenUnlocked([{ tenantId, orderId }], (transaction) => {
        const undo = tenant(tenantId).rewriteNotes(orderId, notes)
        if (undo !== null) transaction?.undo.push(undo)
        return undo !== null
      }),

    listOrders: (query) => Effect.sync(() => pageOfOrders(tenant(query.tenantId).orders(), query)),

    listSubscriptions: (query) => Effect.sync(() => pageOfSubscriptions(tenant(query.tenantId).orders(), query)),

    findSubscription: (tenantId, subscriptionId) =>
      Effect.sync(() => {
        const order = tenant(tenantId).load({ tenantId, order: { subscriptionId } }).order
        const subscription = order?.subscriptions.find((each) => each.subscriptionId === subscriptionId)
        return order && subscription ? subscriptionOfOrder(order, subscription) : null
      }),

    stock: (tenantId, sku) => Effect.sync(() => tenant(tenantId).stock(sku)),

    history: (tenantId, orderId) => Effect.sync(() => tenant(tenantId).history(orderId)),

    event: ({ tenantId, orderId, sequence }) => Effect.sync(() => tenant(tenantId).event(orderId, sequence) ?? null),

    orderIds: (tenantId, after, limit) => Effect.sync(() => tenant(tenantId).orderIds.page(after, limit)),

    addConsumer: ({ tenantId, consumer }, start) =>
      Effect.sync(() => {
        const isTaken = (each: Tenant) => each.outbox.takers.has(consumer)
        if (tenantId !== null) {
          if (isTaken(tenant(tenantId))) return false
          tenant(tenantId).outbox.add(consumer, start, false)
          return true
        }
        if (everywhere.has(consumer) || [...tenants.values()].some(isTaken)) return false
        everywhere.add(consumer)
        for (const each of tenants.values()) each.outbox.add(consumer, start, true)
        return true
      }),

    removeConsumer: ({ tenantId, consumer }) =>
      Effect.sync(() => {
        if (tenantId !== null) return tenant(tenantId).outbox.remove(consumer, false)
        if (!everywhere.delete(consumer)) return false
        for (const each of tenants.values()) each.outbox.remove(consumer, true)
        return true
      }),

    consumers: (tenantId) =>
      Effect.map(Clock.currentTimeMillis, (nowMs) => {
        const own = tenantId === null ? [] : [...tenant(tenantId).outbox.takers].filter(([, { ofEveryTenant }]) => !ofEveryTenant)
        const within = tenantId === null ? [...tenants.values()] : [tenant(tenantId)]
        const keys: ReadonlyArray<ConsumerKey> = [
          ...[...everywhere].map((consumer) => ({ tenantId: null, consumer })),
          ...own.map(([consumer]) => ({ tenantId, consumer }))
        ]
        return keys
          .toSorted((a, b) => (a.consumer < b.consumer ? -1 : 1))
          .map((key): ConsumerLag => {
            const lags = within.flatMap((each) => each.lag(key.consumer, nowMs) ?? [])
            const ages = lags.flatMap(({ oldestMs }) => oldestMs ?? [])
            return {
              ...key,
              pending: lags.reduce((sum, { pending }) => sum + pending, 0),
              parked: lags.reduce((sum, { parked }) => sum + parked, 0),
              oldestMs: ages.length === 0 ? null : ages.reduce((a, b) => Math.max(a, b))
            }
          })
      }),

    tenantsWithWork: (consumer, after, limit) =>
      Effect.map(leaseClock, (nowMs) => {
        if (!everywhere.has(consumer)) return null
        const found: Array<TenantId> = []
        for (const tenantId of tenantIds.page(after, tenants.size)) {
          if (tenants.get(tenantId)?.outbox.hasWork(consumer, nowMs) === true) found.push(tenantId)
          if (found.length === limit) break
        }
        return found
      }),

    leaseEvents: ({ tenantId, consumer, limit, leaseMs }) =>
      Effect.map(leaseClock, (nowMs) => tenant(tenantId).lease(consumer, limit, leaseMs, nowMs)),

    settleEvents: ({ tenantId, consumer, leaseId, settlements }) =>
      Effect.map(leaseClock, (nowMs) =>
        settlements.map((settlement) => tenant(tenantId).outbox.settle(consumer, leaseId, settlement, nowMs))
      ),

    parkedEvents: (tenantId, consumer, after, limit) => Effect.sync(() => tenant(tenantId).parked(consumer, after, limit)),

    unparkEvent: (consumer, event, how) =>
      Effect.map(leaseClock, (nowMs) => tenant(event.tenantId).outbox.unpark(consumer, event, how, nowMs)),

    tenantsWithDue: (after, limit) =>
      Effect.map(Clock.currentTimeMillis, (nowMs) =>
        tenantIds
          .page(after, tenants.size)
          .filter((tenantId) => tenants.get(tenantId)?.due.hasDue(nowMs))
          .slice(0, limit)
      ),

    leaseDue: ({ tenantId, limit, leaseMs }) =>
      Effect.map(Clock.currentTimeMillis, (nowMs) => tenant(tenantId).due.lease(limit, leaseMs, nowMs)),

    settleDue: ({ tenantId, leaseId, settlements }) =>
      Effect.map(Clock.currentTimeMillis, (nowMs) =>
        settlements.map((settlement) => tenant(tenantId).due.settle(leaseId, settlement, nowMs))
      ),

    dueOf: (tenantId, orderId) => Effect.sync(() => tenant(tenantId).due.of(orderId)),

    parkedDue: (tenantId, after, limit) => Effect.sync(() => tenant(tenantId).due.parked(after, limit)),

    unparkDue: (command, how) =>
      Effect.map(Clock.currentTimeMillis, (nowMs) => tenant(command.tenantId).due.unpark(command, how, nowMs)),

    planDue: (tenantId, plans) =>
      whenUnlocked(
        plans.map(({ orderId }) => ({ tenantId, orderId })),
        (transaction) =>
          plans.map((plan): CommitOutcome => {
            const undo = tenant(tenantId).planDue(plan)
            if (undo !== null) transaction?.undo.push(undo)
            return undo === null ? "conflict" : "committed"
          })
      ),

    // Lists look at the orders themselves: there is nothing to keep for them.
    indexData: (tenantId, orders) =>
      Effect.sync(() =>
        orders.map(({ orderId, version }): CommitOutcome => (tenant(tenantId).isAt(orderId, version) ? "committed" : "conflict"))
      ),

    feed: (tenantId, after, limit) => Effect.sync(() => tenant(tenantId).feed(after, limit))
  }

  const records: OrderRecords["Service"] = {
    tenantIds: store.tenantIds,

    read: (tenantId, after, limit) =>
      Effect.map(store.orderIds(tenantId, after, limit), (orderIds) =>
        orderIds.flatMap((orderId) => tenant(tenantId).record(orderId) ?? [])
      ),

    hashesOf: (events) =>
      Effect.sync(() =>
        events.map(({ tenantId, orderId, sequence }) => tenants.get(tenantId)?.event(orderId, sequence)?.hash ?? null)
      ),

    // The memory has no guards of its own and no sessions, and an asset that is rented stands in a set.
    faults: (tenantId) => Stream.fromIterable(tenantId === null ? [] : tenant(tenantId).answersWithoutEvent())
  }
  const rows: MemoryRows["Service"] = {
    of: (tenantId, table) =>
      Effect.sync(() =>
        tenant(tenantId).ownRows.flatMap((row) =>
          row.table === table ? { ...row.values, tenant_id: tenantId, order_id: row.orderId } : []
        )
      )
  }
  return { store, records, rows }
}

/** A fresh, empty store in which so many orders of each tenant can be read at once, and all others rest. */
export const layerAwake = (mostAwake: number): Layer.Layer<OrderStore | OrderRecords> => layerAwakeWithRows(mostAwake)

const layerAwakeWithRows = (mostAwake: number): Layer.Layer<OrderStore | OrderRecords | MemoryRows> =>
  Layer.effectContext(
    Effect.sync(() => {
      const { store, records, rows } = make(mostAwake)
      return Context.make(OrderStore, store).pipe(Context.add(OrderRecords, records), Context.add(MemoryRows, rows))
    })
  )

/** A fresh, empty store. What is in it can be verified, too. */
export const layer: Layer.Layer<OrderStore | OrderRecords> = layerAwake(usuallyAwake)

/** The same, for a test that looks at the rows of tables of its own. */
export const layerWithRows: Layer.Layer<OrderStore | OrderRecords | MemoryRows> = layerAwakeWithRows(usuallyAwake)
