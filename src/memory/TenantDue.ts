/** The commands that the orders of one tenant wait for, in memory. It works as the table does (`postgres/migrations/0006_due_commands.ts`). */
import type { DueKey, DueLease, DueSettlement, SettlementOutcome, WaitingCommand } from "../lifecycle/OrderStore.ts"
import type { DueChange, DueCommand } from "../order/due.ts"
import type { OrderId } from "../order/Order.ts"
import { toMillis } from "../order/Timestamp.ts"
import { Heap } from "./Heap.ts"

interface DueRow {
  readonly orderId: OrderId
  readonly command: DueCommand
  /** When it may be handed out (ms): its moment, the end of its lease, or of the wait before the next try; null when it is parked. */
  dueAt: number | null
  leaseId: string | null
  attempts: number
  lastError: string | null
}

export class TenantDue {
  /** By order and name. */
  readonly #rows = new Map<OrderId, Map<string, DueRow>>()
  /** Rows by their time. An entry whose time is not that of its row any more, or whose row is gone, stands for nothing. */
  readonly #waiting = new Heap<DueRow>()
  #leases = 0

  /** Let a change have its way; returns how to take that back. */
  follow(orderId: OrderId, { set, cleared }: DueChange): () => void {
    const before = new Map([...cleared, ...set.map(({ name }) => name)].map((name) => [name, this.#find(orderId, name)]))
    for (const name of cleared) this.#put(orderId, name, undefined)
    for (const command of set) this.#put(orderId, command.name, newRow(orderId, command))
    return () => {
      for (const [name, row] of before) this.#put(orderId, name, row)
    }
  }

  /** As `follow`, where what waits in the same status stays as it is. */
  plan(orderId: OrderId, { set, cleared }: DueChange): () => void {
    const isMissing = ({ name, status }: DueCommand) => this.#find(orderId, name)?.command.status !== status
    return this.follow(orderId, { set: set.filter(isMissing), cleared })
  }

  hasDue(nowMs: number): boolean {
    return this.#firstDue(nowMs) !== undefined
  }

  lease(limit: number, leaseMs: number, nowMs: number): DueLease {
    const leaseId = `lease-${++this.#leases}`
    const rows: Array<DueRow> = []
    for (let row = this.#firstDue(nowMs); row !== undefined && rows.length < limit; row = this.#firstDue(nowMs)) {
      this.#waiting.pop()
      rows.push(row)
    }
    // As the table does: of the same time by order and name.
    const inTurn = rows.toSorted((a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0) || compare(keyOf(a), keyOf(b)))
    for (const row of rows) {
      row.leaseId = leaseId
      this.#waitUntil(row, nowMs + leaseMs)
    }
    return { leaseId, commands: inTurn.map(waiting) }
  }

  settle(leaseId: string, { orderId, name, since, putOff, untried }: DueSettlement, nowMs: number): SettlementOutcome {
    const row = this.#find(orderId, name)
    if (row === undefined || row.leaseId !== leaseId || row.command.since !== since) return "lost"
    row.leaseId = null
    if (untried) this.#waitUntil(row, nowMs)
    else if (putOff === undefined) this.#put(orderId, name, undefined)
    else {
      row.attempts++
      row.lastError = putOff.error
      if (putOff.retryMs === null) row.dueAt = null
      else this.#waitUntil(row, nowMs + putOff.retryMs)
    }
    return "settled"
  }

  of(orderId: OrderId): ReadonlyArray<WaitingCommand> {
    return [...(this.#rows.get(orderId)?.values() ?? [])].map(waiting).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  parked(after: Pick<DueKey, "orderId" | "name"> | null, limit: number): ReadonlyArray<WaitingCommand> {
    return [...this.#rows.values()]
      .flatMap((rows) => [...rows.values()].filter(({ dueAt }) => dueAt === null).map(waiting))
      .filter((each) => after === null || compare(each, after) > 0)
      .toSorted(compare)
      .slice(0, limit)
  }

  unpark({ orderId, name }: DueKey, how: "release" | "skip", nowMs: number): boolean {
    const row = this.#find(orderId, name)
    if (row === undefined || row.dueAt !== null) return false
    if (how === "skip") this.#put(orderId, name, undefined)
    else {
      row.attempts = 0
      this.#waitUntil(row, nowMs)
    }
    return true
  }

  #find(orderId: OrderId, name: string): DueRow | undefined {
    return this.#rows.get(orderId)?.get(name)
  }

  #put(orderId: OrderId, name: string, row: DueRow | undefined): void {
    const rows = this.#rows.get(orderId) ?? new Map<string, DueRow>()
    if (row === undefined) rows.delete(name)
    else rows.set(name, row)
    if (rows.size === 0) this.#rows.delete(orderId)
    else this.#rows.set(orderId, rows)
    if (row !== undefined && row.dueAt !== null) this.#waitUntil(row, row.dueAt)
  }

  #waitUntil(row: DueRow, atMs: number): void {
    row.dueAt = atMs
    this.#waiting.push({ atMs, key: row })
  }

  /** The row that is due longest. Entries before it that stand for nothing are thrown away. */
  #firstDue(nowMs: number): DueRow | undefined {
    for (let first = this.#waiting.first; first !== undefined && first.atMs <= nowMs; first = this.#waiting.first) {
      const { atMs, key: row } = first
      if (row.dueAt === atMs && this.#find(row.orderId, row.command.name) === row) return row
      this.#waiting.pop()
    }
    return undefined
  }
}

const newRow = (orderId: OrderId, command: DueCommand): DueRow => ({
  orderId,
  command,
  dueAt: toMillis(command.at),
  leaseId: null,
  attempts: 0,
  lastError: null
})

const keyOf = ({ orderId, command: { name } }: DueRow) => ({ orderId, name })

const waiting = ({ orderId, command, attempts, lastError }: DueRow): WaitingCommand => ({
  ...command,
  orderId,
  attempts,
  lastError
})

const compare = (a: Pick<DueKey, "orderId" | "name">, b: Pick<DueKey, "orderId" | "name">): number =>
  a.orderId === b.orderId ? (a.name < b.name ? -1 : a.name > b.name ? 1 : 0) : a.orderId < b.orderId ? -1 : 1
