/**
 * The outbox of one tenant in memory: which event stands at which position, and what each consumer has not done yet. It works as the tables
 * do (`postgres/migrations/0002_outbox.ts`): a consumer has a position up to which events were handed on to it, and a row for each order with
 * events that are not done. Without consumers it is two lists of small values.
 */
import type { ConsumerStart, EventKey, Settlement, SettlementOutcome } from "../lifecycle/OrderStore.ts"
import type { OrderRecord } from "../lifecycle/OrderRecords.ts"
import type { OrderId } from "../order/Order.ts"
import { Heap } from "./Heap.ts"

/** An order with events that a consumer has not done. */
export interface DeliveryRow {
  readonly orderId: OrderId
  /** The sequence whose turn it is, and the positions of it and of those behind it. */
  next: number
  positions: Array<number>
  /** When it may be handed out (ms): the end of its lease, or of the wait before the next try; null when it is parked. */
  dueAt: number | null
  leaseId: string | null
  attempts: number
  lastError: string | null
}

/** What one consumer has of the tenant's events. */
class Taker {
  readonly ofEveryTenant: boolean
  position: number
  readonly rows = new Map<OrderId, DeliveryRow>()
  /** Orders whose turn it is. */
  readonly due = new Set<OrderId>()
  /** Orders whose turn comes later. An entry whose time is not that of its row any more stands for nothing. */
  readonly waiting = new Heap<OrderId>()

  constructor(position: number, ofEveryTenant: boolean) {
    this.position = position
    this.ofEveryTenant = ofEveryTenant
  }
}

/** A row that is to be leased is looked for among so many events. */
const mostHandedOn = 10_000

export class TenantOutbox {
  /** The consumers that take this tenant's events, by name. */
  readonly takers = new Map<string, Taker>()
  readonly #orderIds: Array<OrderId> = []
  #sequences = new Uint32Array(64)
  #leases = 0
  #places: { readonly length: number; readonly byOrder: ReadonlyMap<OrderId, ReadonlyArray<number>> } | undefined

  /** Give an event that is final the next position. */
  append(orderId: OrderId, sequence: number): void {
    if (this.#orderIds.length === this.#sequences.length) {
      const larger = new Uint32Array(this.#sequences.length * 2)
      larger.set(this.#sequences)
      this.#sequences = larger
    }
    this.#sequences[this.#orderIds.length] = sequence
    this.#orderIds.push(orderId)
  }

  add(consumer: string, start: ConsumerStart, ofEveryTenant: boolean): void {
    this.takers.set(consumer, new Taker(start === "now" ? this.#orderIds.length : 0, ofEveryTenant))
  }

  remove(consumer: string, ofEveryTenant: boolean): boolean {
    return this.takers.get(consumer)?.ofEveryTenant === ofEveryTenant && this.takers.delete(consumer)
  }

  hasWork(consumer: string, nowMs: number): boolean {
    const taker = this.takers.get(consumer)
    if (taker === undefined) return false
    this.#callUp(taker, nowMs)
    return taker.due.size > 0 || taker.position < this.#orderIds.length
  }

  lease(
    consumer: string,
    limit: number,
    leaseMs: number,
    nowMs: number
  ): { readonly leaseId: string; readonly rows: ReadonlyArray<DeliveryRow> } | null {
    const taker = this.takers.get(consumer)
    if (taker === undefined) return null
    this.#callUp(taker, nowMs)
    for (let handedOn = 0; taker.due.size < limit && handedOn < mostHandedOn && this.#handOn(taker, nowMs); handedOn++);
    const leaseId = `lease-${++this.#leases}`
    const rows: Array<DeliveryRow> = []
    for (const orderId of taker.due) {
      if (rows.length >= limit) break
      const row = taker.rows.get(orderId)
      taker.due.delete(orderId)
      if (row === undefined) continue
      row.leaseId = leaseId
      row.attempts++
      this.#waitUntil(taker, row, nowMs + leaseMs)
      rows.push(row)
    }
    return { leaseId, rows: rows.toSorted((a, b) => (a.positions[0] ?? 0) - (b.positions[0] ?? 0)) }
  }

  settle(
    consumer: string,
    leaseId: string,
    { orderId, sequence, failed, untried }: Settlement,
    nowMs: number
  ): SettlementOutcome {
    const taker = this.takers.get(consumer)
    const row = taker?.rows.get(orderId)
    if (taker === undefined || row === undefined || row.leaseId !== leaseId || row.next !== sequence) return "lost"
    if (untried) {
      row.leaseId = null
      row.attempts--
      this.#waitUntil(taker, row, nowMs)
    } else if (failed === undefined) this.#goOn(taker, row, nowMs)
    else {
      row.leaseId = null
      row.lastError = failed.error
      row.dueAt = null
      taker.due.delete(orderId)
      if (failed.retryMs !== null) this.#waitUntil(taker, row, nowMs + failed.retryMs)
    }
    return "settled"
  }

  parked(consumer: string, after: number, limit: number): ReadonlyArray<DeliveryRow> {
    return [...(this.takers.get(consumer)?.rows.values() ?? [])]
      .filter(({ dueAt, positions }) => dueAt === null && (positions[0] ?? 0) > after)
      .toSorted((a, b) => (a.positions[0] ?? 0) - (b.positions[0] ?? 0))
      .slice(0, limit)
  }

  unpark(consumer: string, { orderId, sequence }: EventKey, how: "release" | "skip", nowMs: number): boolean {
    const taker = this.takers.get(consumer)
    const row = taker?.rows.get(orderId)
    if (taker === undefined || row === undefined || row.dueAt !== null || row.next !== sequence) return false
    if (how === "skip") this.#goOn(taker, row, nowMs)
    else {
      row.attempts = 0
      this.#waitUntil(taker, row, nowMs)
    }
    return true
  }

  /** Positions behind `after`, and what stands there. */
  page(after: number, limit: number) {
    return this.#orderIds.slice(after, after + limit).map((orderId, index) => {
      const position = after + index + 1
      return { position, orderId, sequence: this.#sequences[position - 1] ?? 0 }
    })
  }

  /** How much a consumer has not done, and the events of which one is the oldest of them. */
  lag(consumer: string) {
    const taker = this.takers.get(consumer)
    if (taker === undefined) return null
    const rows = [...taker.rows.values()]
    return {
      pending: this.#orderIds.length - taker.position + rows.reduce((sum, { positions }) => sum + positions.length, 0),
      parked: rows.filter(({ dueAt }) => dueAt === null).length,
      oldest: [...rows.map(({ orderId, next }) => ({ orderId, sequence: next })), ...this.page(taker.position, 1)]
    }
  }

  /** What there is of an order. */
  record(orderId: OrderId): Pick<OrderRecord, "positions" | "unplaced" | "consumers"> {
    const consumers = [...this.takers].map(([consumer, { rows, position }]) => {
      const row = rows.get(orderId)
      const undone = row === undefined ? null : { first: row.next, last: row.next + row.positions.length - 1 }
      return { consumer, upTo: position, isBehind: position < this.#orderIds.length, undone }
    })
    const positions = (this.#placesByOrder().get(orderId) ?? []).map((place) => ({
      sequence: this.#sequences[place] ?? 0,
      position: place + 1
    }))
    return { positions, unplaced: [], consumers }
  }

  /** Where each order's events stand. Made when records are read, and good until another event comes. */
  #placesByOrder(): ReadonlyMap<OrderId, ReadonlyArray<number>> {
    if (this.#places?.length !== this.#orderIds.length) {
      const byOrder = new Map<OrderId, Array<number>>()
      this.#orderIds.forEach((orderId, place) => {
        const places = byOrder.get(orderId)
        if (places === undefined) byOrder.set(orderId, [place])
        else places.push(place)
      })
      this.#places = { length: this.#orderIds.length, byOrder }
    }
    return this.#places.byOrder
  }

  // --- turns -----------------------------------------------------------------------------------------------------------------------------

  /** Hand the next event on to a consumer; false when it has all of them. */
  #handOn(taker: Taker, nowMs: number): boolean {
    const orderId = this.#orderIds[taker.position]
    if (orderId === undefined) return false
    const sequence = this.#sequences[taker.position++] ?? 0
    const row = taker.rows.get(orderId)
    if (row !== undefined) row.positions.push(taker.position)
    else {
      const positions = [taker.position]
      taker.rows.set(orderId, { orderId, next: sequence, positions, dueAt: nowMs, leaseId: null, attempts: 0, lastError: null })
      taker.due.add(orderId)
    }
    return true
  }

  /** An event is done: the next one of its order has its turn. */
  #goOn(taker: Taker, row: DeliveryRow, nowMs: number): void {
    row.next++
    row.positions.shift()
    row.leaseId = null
    row.attempts = 0
    row.lastError = null
    if (row.positions.length > 0) {
      row.dueAt = nowMs
      taker.due.add(row.orderId)
    } else {
      taker.rows.delete(row.orderId)
      taker.due.delete(row.orderId)
    }
  }

  #waitUntil(taker: Taker, row: DeliveryRow, atMs: number): void {
    row.dueAt = atMs
    taker.waiting.push({ atMs, key: row.orderId })
  }

  /** Those whose time has come have their turn. */
  #callUp({ waiting, rows, due }: Taker, nowMs: number): void {
    for (let first = waiting.first; first !== undefined && first.atMs <= nowMs; first = waiting.first) {
      waiting.pop()
      if (rows.get(first.key)?.dueAt === first.atMs) due.add(first.key)
    }
  }
}
