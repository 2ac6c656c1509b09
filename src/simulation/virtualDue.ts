/**
 * What is due in a store in another process, by the world's time. The store's own clock knows nothing of virtual time, so it is only asked for what
 * waits: when that is due, how long it is one worker's alone and how long it is put off is reckoned here. Its clock has to be past the world's.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { type DueSettlement, type OrderStore, StoreUnavailable, type WaitingCommand } from "../lifecycle/OrderStore.ts"
import type { TenantId } from "../order/Order.ts"
import { toMillis } from "../order/Timestamp.ts"

type Store = OrderStore["Service"]

/** More than ever wait at a time. */
const all = 100_000

/** A row as it is reckoned here: handed out not before `from` (ms), under which lease, and under which the store has it. */
interface Reckoned {
  readonly from: number
  readonly lease: string | null
  readonly storeLease: string
}

/** By time; of the same time by order and name, because stores hand those out in any order. */
const inTurn = (a: Due, b: Due): number =>
  a.from - b.from || compare(a.command.orderId, b.command.orderId) || compare(a.command.name, b.command.name)
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

interface Due {
  readonly command: WaitingCommand
  readonly from: number
}

/** The operations of a store that ask for the time, by the clock of the fiber that asks. */
export const virtualDue = (store: Store): Pick<Store, "tenantsWithDue" | "leaseDue" | "settleDue"> => {
  const rows = new Map<string, Reckoned>()
  let leases = 0
  const keyOf = (tenantId: TenantId, { orderId, name, since }: Pick<WaitingCommand, "orderId" | "name" | "since">) =>
    `${tenantId} ${orderId} ${name} ${since}`

  /** Everything of a tenant whose time has come, longest due first. */
  const dueNow = Effect.fnUntraced(function* (tenantId: TenantId) {
    const { leaseId: storeLease, commands } = yield* store.leaseDue({ tenantId, limit: all, leaseMs: 0 })
    const now = yield* Clock.currentTimeMillis
    const reckoned = commands.map((command) => {
      const { from = toMillis(command.at), lease = null } = rows.get(keyOf(tenantId, command)) ?? {}
      rows.set(keyOf(tenantId, command), { from, lease, storeLease })
      return { command, from }
    })
    const due = reckoned.filter(({ from }) => from <= now).toSorted(inTurn)
    return { now, storeLease, commands: due.map(({ command }) => command) }
  })

  return {
    tenantsWithDue: Effect.fnUntraced(function* (after, limit) {
      const tenantIds = yield* store.tenantsWithDue(after, limit)
      return yield* Effect.filter(tenantIds, (tenantId) =>
        Effect.map(dueNow(tenantId), ({ commands }) => commands.length > 0)
      ).pipe(
        // A lease of no time changes nothing.
        Effect.catchTag("OutcomeUnknown", ({ cause }) => Effect.fail(new StoreUnavailable({ cause })))
      )
    }),

    leaseDue: Effect.fnUntraced(function* ({ tenantId, limit, leaseMs }) {
      const { now, storeLease, commands } = yield* dueNow(tenantId)
      const leaseId = `lease-${++leases}`
      const handedOut = commands.slice(0, limit)
      for (const command of handedOut) {
        rows.set(keyOf(tenantId, command), { from: now + leaseMs, lease: leaseId, storeLease })
      }
      return { leaseId, commands: handedOut }
    }),

    settleDue: Effect.fnUntraced(function* ({ tenantId, leaseId, settlements }) {
      const now = yield* Clock.currentTimeMillis
      const settle = Effect.fnUntraced(function* ({ putOff, ...settlement }: DueSettlement) {
        const key = keyOf(tenantId, settlement)
        const row = rows.get(key)
        if (row?.lease !== leaseId) return "lost" as const
        const retryMs = putOff?.retryMs ?? null
        rows.set(key, { ...row, from: now + (retryMs ?? 0), lease: null })
        const told = putOff && { putOff: { ...putOff, retryMs: retryMs === null ? null : 0 } }
        const [outcome = "lost"] = yield* store.settleDue({
          tenantId,
          leaseId: row.storeLease,
          settlements: [{ ...settlement, ...told }]
        })
        return outcome
      })
      return yield* Effect.forEach(settlements, settle)
    })
  }
}
