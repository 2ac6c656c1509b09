/**
 * The auditor: whether everything that a store says about a tenant fits together. It looks through the port alone, so it audits any store.
 */
import * as Effect from "effect/Effect"
import { isDeepStrictEqual } from "node:util"
import { CurrentDigest } from "../lifecycle/CurrentDigest.ts"
import { OrderStore } from "../lifecycle/OrderStore.ts"
import { type SealedEvent, verifyChain } from "../order/auditChain.ts"
import type { Digest } from "../order/digest.ts"
import { fold } from "../order/evolve.ts"
import { brokenLaws } from "../order/invariants.ts"
import { activeSubscriptions, type Order, type OrderId, type Sku, type TenantId } from "../order/Order.ts"
import { withoutNotes } from "../order/withoutNotes.ts"

/**
 * Every fault of a tenant's orders, in words, each with the order's id; empty when all is well. Checked of each order: its laws, the chain
 * of its events, each event from where the one before it ended and never earlier, at most one cancel, and that the order is what its
 * events make of it. Checked of all of them together: that stock is their sum, and that no asset is rented twice.
 */
export const auditStore = Effect.fn("auditStore")(function* (tenantId: TenantId) {
  const store = yield* OrderStore
  const digest = yield* CurrentDigest
  const faults: Array<string> = []
  const stock = new Map<Sku, { reserved: number; rented: number }>()
  const orderBySerial = new Map<string, OrderId>()

  const auditOrder = Effect.fnUntraced(function* (orderId: OrderId) {
    const [loaded] = yield* store.load([{ tenantId, order: { orderId } }])
    const history = yield* store.history(tenantId, orderId)
    const order = loaded?.order
    if (!order) return faults.push(`order ${orderId} is listed and cannot be loaded`)
    faults.push(...faultsOfOrder(order, history, loaded.headHash, digest).map((fault) => `order ${orderId}: ${fault}`))
    for (const { sku, units } of order.lines) {
      const sum = stock.get(sku) ?? { reserved: 0, rented: 0 }
      stock.set(sku, { reserved: sum.reserved + units.held, rented: sum.rented + units.active })
    }
    for (const { serialNumber } of activeSubscriptions(order)) {
      const other = orderBySerial.get(serialNumber)
      if (other !== undefined) faults.push(`order ${orderId}: asset ${serialNumber} is rented under order ${other} as well`)
      orderBySerial.set(serialNumber, orderId)
    }
  })

  let after: OrderId | null = null
  for (;;) {
    const orderIds: ReadonlyArray<OrderId> = yield* store.orderIds(tenantId, after, 100)
    for (const orderId of orderIds) yield* reportingDefects(faults, `order ${orderId}`, auditOrder(orderId))
    after = orderIds.at(-1) ?? null
    if (after === null) break
  }
  for (const [sku, expected] of stock) {
    const actual = yield* store.stock(tenantId, sku)
    if (!isDeepStrictEqual({ ...actual }, expected)) {
      faults.push(`stock of ${sku}: ${JSON.stringify(actual)}, but the orders hold ${JSON.stringify(expected)}`)
    }
  }
  return faults
})

/** A store that dies over what it finds has found something. */
const reportingDefects = <A, E, R>(faults: Array<string>, what: string, audit: Effect.Effect<A, E, R>) =>
  Effect.catchDefect(Effect.asVoid(audit), (defect) =>
    Effect.sync(() => void faults.push(`${what}: ${defect instanceof Error ? defect.message : String(defect)}`))
  )

const faultsOfOrder = (
  order: Order,
  history: ReadonlyArray<SealedEvent>,
  headHash: string | null,
  digest: Digest
): ReadonlyArray<string> => {
  const faults = [...brokenLaws(order)]
  const broken = verifyChain(history, undefined, undefined, digest)
  if (broken) faults.push(`event ${broken.sequence} is ${broken.fault} in its chain`)
  if (history.at(-1)?.hash !== headHash) faults.push("its newest event is not the one that the next would be sealed behind")
  const events = history.map(({ event }) => event)
  if (events.length !== order.version) faults.push(`version ${order.version}, but ${events.length} events`)
  for (const [n, event] of events.entries()) {
    const before = events[n - 1]
    if (event.from !== (before?.to ?? null)) faults.push(`event ${event.sequence} begins at ${event.from}, not at ${before?.to}`)
    if (before && event.at < before.at) faults.push(`event ${event.sequence} is earlier than the one before it`)
  }
  const cancels = events.filter(({ type }) => type === "order.cancelled").length
  if (cancels > 1) faults.push(`it was cancelled ${cancels} times`)
  const folded = foldOrFault(events)
  if (typeof folded === "string") faults.push(folded)
  else if (!isDeepStrictEqual(folded, order) && !isDeepStrictEqual(plainly(folded), plainly(order)))
    faults.push("it is not what its events make of it")
  return faults
}

const foldOrFault = (events: ReadonlyArray<SealedEvent["event"]>): Order | null | string => {
  try {
    return fold(events)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** By way of JSON, because an absent member and one that is `undefined` are the same to a store. */
const plainly = (order: Order | null): unknown =>
  order === null ? null : (JSON.parse(JSON.stringify(withoutNotes(order))) as unknown)

/**
 * Take every event of these tenants out of the outbox, as a new consumer from the beginning, and say what is wrong with it: per order, events
 * come one at a time, in sequence, and none is missing. The consumer is gone afterwards.
 */
export const auditOutbox = Effect.fn("auditOutbox")(function* (tenantIds: Iterable<TenantId>) {
  const store = yield* OrderStore
  const faults: Array<string> = []
  const delivered = new Map<string, number>()
  const consumer = "outbox-auditor"
  const tenants = [...tenantIds]
  for (const tenantId of tenants) {
    yield* store.removeConsumer({ tenantId, consumer })
    yield* store.addConsumer({ tenantId, consumer }, "beginning")
    for (;;) {
      const lease = yield* store.leaseEvents({ tenantId, consumer, limit: 100, leaseMs: 60_000 })
      if (lease === null || lease.deliveries.length === 0) break
      const events = lease.deliveries.map(({ sealed }) => sealed.event)
      const inBatch = new Set<string>()
      for (const { orderId, sequence } of events) {
        const order = `${tenantId} ${orderId}`
        const last = delivered.get(order) ?? 0
        if (sequence !== last + 1) faults.push(`order ${orderId}: event ${sequence} was delivered after event ${last}`)
        if (inBatch.has(order))
          faults.push(`order ${orderId}: event ${sequence} was handed out together with another of its events`)
        inBatch.add(order)
        delivered.set(order, sequence)
      }
      const settlements = events.map(({ orderId, sequence }) => ({ orderId, sequence }))
      yield* store.settleEvents({ tenantId, consumer, leaseId: lease.leaseId, settlements })
    }
    yield* store.removeConsumer({ tenantId, consumer })
  }
  for (const tenantId of tenants) {
    let after: OrderId | null = null
    for (;;) {
      const orderIds: ReadonlyArray<OrderId> = yield* store.orderIds(tenantId, after, 100)
      for (const orderId of orderIds) {
        const { length } = yield* store.history(tenantId, orderId)
        const last = delivered.get(`${tenantId} ${orderId}`) ?? 0
        if (last !== length) faults.push(`order ${orderId}: ${length} events, of which ${last} were delivered`)
      }
      after = orderIds.at(-1) ?? null
      if (after === null) break
    }
  }
  return faults
})
