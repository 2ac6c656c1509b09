/** When everything has come to rest: is what is stored, and what was delivered, what the auditor's account says? */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { OrderRecords } from "../lifecycle/OrderRecords.ts"
import type { Loaded, OrderStore, StoreUnavailable, WaitingCommand } from "../lifecycle/OrderStore.ts"
import type { SealedEvent } from "../order/auditChain.ts"
import type { OrderId, Sku, TenantId } from "../order/Order.ts"
import { verify } from "../verify/verify.ts"
import { type Account, isAt, isSameData, placesOf, statusOf } from "./Account.ts"
import type { Auditor, Finding } from "./Auditor.ts"
import type { Watcher } from "./Call.ts"
import type { Wait } from "./waits.ts"

type Store = OrderStore["Service"]

/** Orders that are loaded at once. */
const batchSize = 500

/** What else is known when a store is judged. */
export interface JudgeOptions {
  /** Every invariant of `order-lifecycle/verify` is checked on these. */
  readonly records?: OrderRecords["Service"]
  /** When it was last looked whether something is due (ms, virtual time): nothing of before is left. Absent where nothing is waited for. */
  readonly lookedAt?: number
}

/**
 * Hold the whole store against the auditor's account: every order, the stock of every SKU, that there is no order more and none less; and,
 * where a store has `OrderRecords`, every invariant of `order-lifecycle/verify`. `at` is now, in virtual time.
 */
export const judgeStore = Effect.fnUntraced(function* (
  auditor: Auditor,
  store: Store,
  at: number,
  { records, lookedAt }: JudgeOptions = {}
): Effect.fn.Return<void, StoreUnavailable> {
  for (const [tenantId, accounts] of auditor.accounts()) {
    const object = (id: Finding["id"], message: string, orderId?: OrderId) =>
      auditor.report({ id, message, tenantId, at, ...(orderId !== undefined && { orderId }) })

    const orderIds = [...accounts.keys()]
    for (let first = 0; first < orderIds.length; first += batchSize) {
      const batch = orderIds.slice(first, first + batchSize)
      const loads = yield* store.load(batch.map((orderId) => ({ tenantId, order: { orderId } })))
      batch.forEach((orderId, index) => {
        const difference = differenceOf(accounts.get(orderId), loads[index])
        if (difference !== null) object("A2", `the stored order ${difference}`, orderId)
      })
      if (lookedAt === undefined) continue
      for (const orderId of batch) {
        const rows = yield* store.dueOf(tenantId, orderId)
        const difference = differenceOfWaits(accounts.get(orderId)?.waits ?? [], rows, lookedAt, auditor.rules.clockErrorMs)
        if (difference !== null) object("D1", `the stored order ${difference}`, orderId)
      }
    }
    yield* Stream.runForEach(orderIdsOf(store, tenantId), (orderId) =>
      Effect.sync(() => {
        if (!accounts.has(orderId) && !auditor.isBroken(tenantId, orderId)) object("C4", "nobody has placed it", orderId)
      })
    )
    for (const [sku, expected] of stockOf(accounts)) {
      const { reserved, rented } = yield* store.stock(tenantId, sku)
      // What is known to be wrong with a broken order is wrong with the stock, too.
      if ((reserved !== expected.reserved || rented !== expected.rented) && auditor.findings.length === 0)
        object("S1", `of ${sku} ${reserved} are reserved and ${rented} rented; that should be ${JSON.stringify(expected)}`)
    }
  }
  if (records === undefined) return
  const { policy: cancellationPolicy, process } = auditor.rules
  const violations = verify({ cancellationPolicy, ...(process && { process }) }).pipe(
    Stream.provideService(OrderRecords, records)
  )
  yield* Stream.runForEach(violations, ({ repair: _, ...violation }) => Effect.sync(() => auditor.report({ ...violation, at })))
})

const orderIdsOf = (store: Store, tenantId: TenantId): Stream.Stream<OrderId, StoreUnavailable> =>
  Stream.paginate(null as OrderId | null, (after) =>
    Effect.map(store.orderIds(tenantId, after, 10_000), (ids) => [ids, Option.fromNullishOr(ids.at(-1))] as const)
  )

/** How a stored order differs from the account of it, in words; null when it does not. */
const differenceOf = (account: Account | undefined, loaded: Loaded | undefined): string | null => {
  const order = loaded?.order
  if (account === undefined) return null
  if (!order) return "is gone"
  if (order.version !== account.version) return `is at version ${order.version}, and should be at ${account.version}`
  if (order.status !== statusOf(account)) return `is ${order.status}, and should be ${statusOf(account)}`
  if (loaded.headHash !== account.hash) return "has another newest event than was committed"
  const moved = account.lines.findIndex((line, position) => !isAt(line, order.lines[position]?.units ?? nowhere))
  if (moved >= 0) {
    const [line, stored] = [account.lines[moved], order.lines[moved]]
    return `has line ${moved} ${placesOf(stored?.units ?? nowhere)}; that should be ${placesOf(line ?? nowhere)}`
  }
  const told = account.subscriptions.map(({ id, isActive }) => `${id} ${isActive}`)
  const stored = order.subscriptions.map(({ subscriptionId, status }) => `${subscriptionId} ${status === "active"}`)
  if (told.join() !== stored.join()) return "has other subscriptions"
  if (!isSameData(account.data, order.data)) return "has other own data"
  if (order.cancellation?.reason !== account.cancelled?.reason) return "was cancelled for another reason"
  return order.cancellation?.at === account.cancelled?.at ? null : "was cancelled at another time"
}

/** How the rows of what an order waits for differ from the account of it, in words; null when they do not. */
const differenceOfWaits = (
  waits: ReadonlyArray<Wait>,
  rows: ReadonlyArray<WaitingCommand>,
  lookedAt: number,
  clockErrorMs = 0
): string | null => {
  const isOf =
    ({ rule, since, at }: Wait) =>
    (row: WaitingCommand) =>
      row.name === rule.name && row.since === since && Date.parse(row.at) === at
  const stray = rows.find((row) => !waits.some((wait) => isOf(wait)(row)))
  if (stray !== undefined) return `waits for ${stray.name}, and should not`
  for (const wait of waits) {
    const row = rows.find(isOf(wait))
    // By a clock that is fast, a moment passes early.
    if (row === undefined && wait.at <= lookedAt + clockErrorMs && wait.rule.isPassed) continue
    if (row === undefined) return `does not wait for ${wait.rule.name} any more, which was never given`
    if (wait.at <= lookedAt && row.attempts === 0) return `still waits for ${wait.rule.name}, whose moment has passed`
  }
  return null
}

const nowhere = { held: 0, active: 0, ended: 0, released: 0 }

const stockOf = (accounts: ReadonlyMap<OrderId, Account>) => {
  const stock = new Map<Sku, { reserved: number; rented: number }>()
  for (const { lines } of accounts.values()) {
    for (const { sku, held, active } of lines) {
      const sum = stock.get(sku) ?? { reserved: 0, rented: 0 }
      sum.reserved += held
      sum.rented += active
      stock.set(sku, sum)
    }
  }
  return stock
}

/** A consumer of the outbox, who notices what comes out of sequence and what never comes. */
export class Consumer implements Watcher {
  readonly #auditor: Auditor
  readonly #last = new Map<string, number>()
  #missing = 0

  constructor(auditor: Auditor) {
    this.#auditor = auditor
  }

  readonly committed = (): void => {
    this.#missing++
  }

  /** Nothing that was committed has yet to come. */
  get hasEverything(): boolean {
    return this.#missing === 0
  }

  /** Events come once or more often, and of every order in sequence. */
  take(events: ReadonlyArray<SealedEvent>, at: number): void {
    for (const { event } of events) {
      const { tenantId, orderId, sequence } = event
      const name = `${tenantId} ${orderId}`
      const last = this.#last.get(name) ?? 0
      if (sequence > last + 1)
        this.#auditor.report({ id: "O3", message: `event ${sequence} is delivered after event ${last}`, tenantId, orderId, at })
      if (sequence <= last) continue
      this.#last.set(name, sequence)
      this.#missing--
    }
  }

  /** Everything has been delivered. */
  judge(at: number): void {
    for (const [tenantId, accounts] of this.#auditor.accounts()) {
      for (const [orderId, { version }] of accounts) {
        const last = this.#last.get(`${tenantId} ${orderId}`) ?? 0
        const message = `${version} events were committed, and delivered were those up to ${last}`
        if (last !== version) this.#auditor.report({ id: "O2", message, tenantId, orderId, at })
      }
    }
  }
}
