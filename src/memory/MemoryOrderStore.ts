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
import { type CommitOutcome, type ConsumerKey, type ConsumerLag, OrderStore } from "../lifecycle/OrderStore.ts"
import { OrderRecords } from "../lifecycle/OrderRecords.ts"
import type { OrderId, TenantId } from "../order/Order.ts"
import { subscriptionOfOrder } from "../lifecycle/subscriptionOfOrder.ts"
import { pageOfAssets, pageOfOrders, pageOfSubscriptions } from "./listing.ts"
import { SortedIds } from "./SortedIds.ts"
import { Tenant, usuallyAwake, type Write } from "./Tenant.ts"
import { assetName, keyName, namesIn, orderName, Uncommitted } from "./Uncommitted.ts"

/** An order that somebody has for himself until it is given back. */
interface Lock {
  readonly tenantId: TenantId
  readonly orderId: OrderId
  readonly released: Deferred.Deferred<void>
}

/**
 * What the running fiber is in the middle of: the locks it holds, which its own commits do not wait for, the events that reach the outbox once
 * they are final, and what is to be done then.
 */
interface Transaction {
  readonly locks: ReadonlyArray<Lock>
  readonly ended: Deferred.Deferred<void>
  readonly afterCommit: Array<Effect.Effect<void>>
  readonly arrivals: Array<() => void>
  readonly outer: Transaction | null
}
const CurrentTransaction = Context.Reference<Transaction | null>("order-lifecycle/MemoryOrderStore/CurrentTransaction", {
  defaultValue: () => null
})

const outermost = (transaction: Transaction | null): Transaction | null =>
  transaction?.outer ? outermost(transaction.outer) : transaction

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
  const uncommitted = new Uncommitted<Transaction>()
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

  /** Whether a transaction is neither this one nor around it or within it. */
  const isOther = (transaction: Transaction | null) => {
    const own = outermost(transaction)
    return (other: Transaction) => outermost(other) !== own
  }

  /**
   * Do `then` at a moment when no other transaction holds any of the orders, or has written something of these names and not committed it. Check
   * and act are one step, so nothing comes in between.
   */
  const whenFree = <A>(
    orders: ReadonlyArray<OrderKey>,
    then: (transaction: Transaction | null) => A,
    names: () => ReadonlyArray<string> = () => orders.map(orderName)
  ): Effect.Effect<A> =>
    Effect.flatMap(CurrentTransaction, (transaction) => {
      const writer = uncommitted.isEmpty ? undefined : uncommitted.writerOf(names(), isOther(transaction))
      const awaited = blocking(orders, transaction)?.released ?? writer?.ended
      return awaited === undefined
        ? Effect.succeed(then(transaction))
        : Effect.andThen(Deferred.await(awaited), whenFree(orders, then, names))
    })

  /** Do `look` as if other transactions had written nothing that they have not committed. */
  const seen = <A>(look: () => A): Effect.Effect<A> =>
    Effect.suspend(() =>
      uncommitted.isEmpty
        ? Effect.succeed(look())
        : Effect.map(CurrentTransaction, (transaction) => uncommitted.without(isOther(transaction), look))
    )
  const seenAt = <A>(look: (nowMs: number) => A): Effect.Effect<A> =>
    Effect.flatMap(Clock.currentTimeMillis, (nowMs) => seen(() => look(nowMs)))

  /** Write something, to be taken back with the transaction. */
  const put = (transaction: Transaction | null, names: ReadonlyArray<string>, write: Write): void => {
    if (transaction === null) write()
    else uncommitted.add(transaction, names, write)
  }

  const store: OrderStore["Service"] = {
    load: (requests) => seen(() => requests.map((request) => tenant(request.tenantId).load(request))),

    loadPlacing: ({ tenantId, emailKey, idempotency }) =>
      seen(() => ({
        customerId: tenant(tenantId).customers.get(emailKey) ?? null,
        remembered: idempotency ? tenant(tenantId).recall(idempotency.key, idempotency.now) : null
      })),

    commit: (changes) =>
      whenFree(
        changes.map(({ transition }) => transition.after),
        (transaction) =>
          changes.map((change): CommitOutcome => {
            const { tenantId, orderId, version } = change.transition.after
            const write = tenant(tenantId).commit(change)
            if (!write) return "conflict"
            put(transaction, namesIn(change), write)
            const arrive = () => tenant(tenantId).outbox.append(orderId, version)
            if (transaction) transaction.arrivals.push(arrive)
            else arrive()
            return "committed"
          }),
        () => changes.flatMap(namesIn)
      ),

    currentTransaction: Effect.map(
      CurrentTransaction,
      (transaction) => transaction && { afterCommit: (effect) => Effect.sync(() => void transaction.afterCommit.push(effect)) }
    ),

    exclusively: ({ tenantId, orderId }, use) => {
      const acquire = whenFree([{ tenantId, orderId }], (outer) => {
        const lock: Lock = { tenantId, orderId, released: Deferred.makeUnsafe<void>() }
        locks.add(lock)
        const transaction: Transaction = {
          locks: [...(outer?.locks ?? []), lock],
          ended: Deferred.makeUnsafe<void>(),
          arrivals: [],
          afterCommit: [],
          outer
        }
        return { lock, transaction }
      })
      return Effect.acquireUseRelease(
        acquire,
        ({ transaction }) => Effect.provideService(use, CurrentTransaction, transaction),
        ({ lock, transaction }, exit) =>
          Effect.suspend(() => {
            const { outer, arrivals, afterCommit } = transaction
            // A failure leaves nothing behind; a success within another transaction is final when that one is.
            if (Exit.isFailure(exit)) uncommitted.takeBack(transaction)
            else if (outer === null) {
              uncommitted.keep(transaction)
              for (const arrive of arrivals) arrive()
            } else {
              uncommitted.hand(transaction, outer)
              outer.arrivals.push(...arrivals)
              outer.afterCommit.push(...afterCommit)
            }
            locks.delete(lock)
            // A call that waits goes on at once, and so after what is to be done with the commit.
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
      whenFree(
        [],
        () => {
          const { tenantId } = key
          const first = tenant(tenantId).recall(key.key, now)
          if (first) return first
          const outcome = { outcome: "refused", refusal } as const
          tenant(tenantId).remember(key, outcome)
          return { fingerprint: key.fingerprint, outcome }
        },
        () => [keyName(key.tenantId, key.key)]
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

    eraseText: (event) => whenFree([event], () => tenant(event.tenantId).eraseText(event)),

    rewriteNotes: (tenantId, of, notes, expected) =>
      Effect.suspend(() => {
        const orderId = tenant(tenantId).orderOfNotes(of)
        if (orderId === undefined) return Effect.succeed(false)
        return whenFree([{ tenantId, orderId }], (transaction) => {
          const write = tenant(tenantId).rewriteNotes(of, notes, expected)
          if (write !== null) put(transaction, [orderName({ tenantId, orderId })], write)
          return write !== null
        })
      }),

    listOrders: (query) => seen(() => pageOfOrders(tenant(query.tenantId).orders(), query)),

    listSubscriptions: (query) => seen(() => pageOfSubscriptions(tenant(query.tenantId).orders(), query)),

    findSubscription: (tenantId, subscriptionId) =>
      seen(() => {
        const order = tenant(tenantId).load({ tenantId, order: { subscriptionId } }).order
        const subscription = order?.subscriptions.find((each) => each.subscriptionId === subscriptionId)
        return order && subscription ? subscriptionOfOrder(order, subscription) : null
      }),

    stock: (tenantId, sku) => seen(() => tenant(tenantId).stock(sku)),

    history: (tenantId, orderId) => seen(() => tenant(tenantId).history(orderId)),

    event: ({ tenantId, orderId, sequence }) => seen(() => tenant(tenantId).event(orderId, sequence) ?? null),

    orderIds: (tenantId, after, limit) => seen(() => tenant(tenantId).orderIds.page(after, limit)),

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
      seenAt((nowMs) =>
        tenantIds
          .page(after, tenants.size)
          .filter((tenantId) => tenants.get(tenantId)?.due.hasDue(nowMs))
          .slice(0, limit)
      ),

    leaseDue: ({ tenantId, limit, leaseMs }) => seenAt((nowMs) => tenant(tenantId).due.lease(limit, leaseMs, nowMs)),

    settleDue: ({ tenantId, leaseId, settlements }) =>
      seenAt((nowMs) => settlements.map((settlement) => tenant(tenantId).due.settle(leaseId, settlement, nowMs))),

    dueOf: (tenantId, orderId) => seen(() => tenant(tenantId).due.of(orderId)),

    parkedDue: (tenantId, after, limit) => seen(() => tenant(tenantId).due.parked(after, limit)),

    unparkDue: (command, how) => seenAt((nowMs) => tenant(command.tenantId).due.unpark(command, how, nowMs)),

    planDue: (tenantId, plans) =>
      whenFree(
        plans.map(({ orderId }) => ({ tenantId, orderId })),
        (transaction) =>
          plans.map((plan): CommitOutcome => {
            const write = tenant(tenantId).planDue(plan)
            if (write !== null) put(transaction, [orderName({ tenantId, orderId: plan.orderId })], write)
            return write === null ? "conflict" : "committed"
          })
      ),

    // Lists look at the orders themselves: there is nothing to keep for them.
    indexData: (tenantId, orders) =>
      seen(() =>
        orders.map(({ orderId, version }): CommitOutcome => (tenant(tenantId).isAt(orderId, version) ? "committed" : "conflict"))
      ),

    loadAsset: ({ tenantId, serialNumber, idempotency }) => seen(() => tenant(tenantId).loadAsset(serialNumber, idempotency)),

    changeAsset: (change, remember) => {
      const { tenantId, serialNumber } = change.after
      const names = [assetName(tenantId, serialNumber), ...(remember ? [keyName(tenantId, remember.key)] : [])]
      return whenFree(
        [],
        (transaction): CommitOutcome => {
          const write = tenant(tenantId).changeAsset(change, remember)
          if (write !== null) put(transaction, names, write)
          return write === null ? "conflict" : "committed"
        },
        () => names
      )
    },

    listAssets: (query) => seen(() => pageOfAssets(tenant(query.tenantId).assets.all(), query)),

    assetRecords: (tenantId, serialNumber, after, limit) =>
      seen(() =>
        tenant(tenantId)
          .assets.records(serialNumber)
          .filter(({ asset }) => asset.version > after)
          .slice(0, limit)
      ),

    rentableAssets: (tenantId, sku) => seen(() => tenant(tenantId).assets.rentable(sku)),

    assetDisagreements: (tenantId, after, limit) =>
      seen(() => {
        const { assets } = tenant(tenantId)
        const looked = assets
          .all()
          .filter(({ serialNumber }) => after === null || serialNumber > after)
          .toSorted((a, b) => (a.serialNumber < b.serialNumber ? -1 : 1))
          .slice(0, limit)
        return { last: looked.at(-1)?.serialNumber ?? null, found: tenant(tenantId).disagreementsOf(looked) }
      }),

    feed: (tenantId, after, limit) => Effect.sync(() => tenant(tenantId).feed(after, limit))
  }

  const records: OrderRecords["Service"] = {
    tenantIds: store.tenantIds,

    read: (tenantId, after, limit) =>
      seen(() => {
        const each = tenant(tenantId)
        return each.orderIds.page(after, limit).flatMap((orderId) => each.record(orderId) ?? [])
      }),

    hashesOf: (events) =>
      seen(() => events.map(({ tenantId, orderId, sequence }) => tenants.get(tenantId)?.event(orderId, sequence)?.hash ?? null)),

    // The memory has no guards of its own and no sessions, and an asset that is rented stands in a set.
    faults: (tenantId) =>
      Stream.fromIterable(tenantId === null ? [] : [...tenant(tenantId).answersWithoutEvent(), ...tenant(tenantId).assetFaults()])
  }
  const rows: MemoryRows["Service"] = {
    of: (tenantId, table) =>
      seen(() =>
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
