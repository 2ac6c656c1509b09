/**
 * What was asked of the services and what they answered, call by call, and whether the store agrees.
 *
 * Every call has a request id of its own, which the audit event of its transition carries. So it can be told of each call by itself
 * whether it was done, whatever it was answered.
 */
import * as Effect from "effect/Effect"
import { isDeepStrictEqual } from "node:util"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { verifyChain } from "../../src/order/auditChain.ts"
import type { AuditEvent } from "../../src/order/AuditEvent.ts"
import { fold } from "../../src/order/evolve.ts"
import { brokenLaws } from "../../src/order/invariants.ts"
import { type Order, type OrderId, type Sku, type TenantId, unitsOf } from "../../src/order/Order.ts"
import { withoutNotes } from "../../src/order/withoutNotes.ts"

/** `none`: the caller was gone before an answer came, or still waits. */
export type Answer = "accepted" | "refused" | "unavailable" | "unknown" | "none"

export interface Call {
  readonly key: string
  readonly requestId: string
  answer: Answer
  /** Of an accepted call: the event it was told of. */
  event?: AuditEvent
}

/** What the store has to say about the calls that were not answered. */
export interface Verdict {
  /** Everything that must not be, a line each; empty when all is well. */
  readonly faults: ReadonlyArray<string>
  readonly unansweredDone: number
  readonly unansweredNotDone: number
  readonly events: number
}

/** Compare the log of a tenant's calls with the tenant's orders, and the orders with themselves. */
export const judge = Effect.fnUntraced(function* (tenantId: TenantId, calls: Iterable<Call>) {
  const orders = yield* soundOrders(tenantId)
  const faults = [...orders.faults]
  const eventByRequest = new Map<string, AuditEvent>()
  for (const event of orders.events) {
    if (eventByRequest.has(event.requestId)) faults.push(`${event.requestId} was done twice`)
    eventByRequest.set(event.requestId, event)
  }
  const doneByKey = new Map<string, AuditEvent>()
  const asked = new Map<string, Call>()
  for (const call of calls) asked.set(call.requestId, call)
  for (const event of orders.events) {
    const call = asked.get(event.requestId)
    if (call === undefined)
      faults.push(`${event.type} of ${event.orderId} was done (${event.requestId}), and nobody asked for it`)
    else if (doneByKey.has(call.key)) faults.push(`key ${call.key} has had two effects, the second by ${event.requestId}`)
    else doneByKey.set(call.key, event)
  }
  const unanswered = { done: 0, notDone: 0 }
  for (const { key, requestId, answer, event } of asked.values()) {
    const isDone = eventByRequest.has(requestId)
    if (answer === "unavailable" || answer === "refused") {
      if (isDone) faults.push(`${requestId} was answered "${answer}", and was done`)
    } else if (answer === "accepted") {
      const kept = doneByKey.get(key)
      if (kept === undefined) faults.push(`${requestId} was acknowledged (${event?.type} of ${event?.orderId}), and is lost`)
      else if (!isDeepStrictEqual(kept, event)) {
        faults.push(`${requestId} was answered ${JSON.stringify(event)}, and what was done is ${JSON.stringify(kept)}`)
      }
    } else unanswered[isDone ? "done" : "notDone"]++
  }
  return {
    faults,
    unansweredDone: unanswered.done,
    unansweredNotDone: unanswered.notDone,
    events: orders.events.length
  } satisfies Verdict
})

const plainly = (order: Order | null) => order && withoutNotes(order)

/** Every event of a tenant, and what is wrong with its orders: laws, chains, folds, stock. */
export const soundOrders = Effect.fnUntraced(function* (tenantId: TenantId) {
  const store = yield* OrderStore
  const faults: Array<string> = []
  const events: Array<AuditEvent> = []
  const stock = new Map<Sku, { reserved: number; rented: number }>()
  let after: OrderId | null = null
  for (;;) {
    const ids: ReadonlyArray<OrderId> = yield* store.orderIds(tenantId, after, 100)
    if (ids.length === 0) break
    after = ids.at(-1) ?? null
    const loads = yield* store.load(ids.map((orderId) => ({ tenantId, order: { orderId } })))
    const histories = yield* Effect.forEach(ids, (orderId) => store.history(tenantId, orderId), { concurrency: 4 })
    for (const [index, orderId] of ids.entries()) {
      const [loaded, history] = [loads[index], histories[index] ?? []]
      const order = loaded?.order
      if (!order) {
        faults.push(`order ${orderId} is listed and cannot be loaded`)
        continue
      }
      events.push(...history.map(({ event }) => event))
      faults.push(...brokenLaws(order).map((law) => `order ${orderId}: ${law}`))
      const broken = verifyChain(history, { sequence: order.version, hash: loaded.headHash ?? "" })
      if (broken) faults.push(`order ${orderId}: event ${broken.sequence} is ${broken.fault}`)
      else if (!isDeepStrictEqual(plainly(fold(history.map(({ event }) => event))), plainly(order))) {
        faults.push(`order ${orderId} is not what its events make of it`)
      }
      if (order.cancellation && unitsOf(order).held + unitsOf(order).active > 0)
        faults.push(`order ${orderId} is cancelled and holds units`)
      for (const { sku, units } of order.lines) {
        const sum = stock.get(sku) ?? { reserved: 0, rented: 0 }
        stock.set(sku, { reserved: sum.reserved + units.held, rented: sum.rented + units.active })
      }
    }
  }
  for (const [sku, expected] of stock) {
    const actual = yield* store.stock(tenantId, sku)
    if (!isDeepStrictEqual({ ...actual }, expected)) {
      faults.push(`stock of ${sku} is ${JSON.stringify(actual)}, and its orders have ${JSON.stringify(expected)}`)
    }
  }
  return { faults, events }
})
