/**
 * All that the memory keeps for one tenant: its orders, and what is derived from them so that no lookup walks through all. Every change
 * moves what is derived by just as much as it changed.
 */
import { disagreementOf } from "../asset/disagreement.ts"
import type { AssetChange, AssetUse } from "../asset/decideAsset.ts"
import type { RegisteredAsset } from "../asset/RegisteredAsset.ts"
import type {
  AssetDisagreement,
  Change,
  ConsumerKey,
  ConsumerLag,
  Delivery,
  DuePlan,
  EventKey,
  IdempotencyKey,
  Lease,
  Loaded,
  LoadedAsset,
  LoadRequest,
  NotesOwner,
  PositionedEvent,
  Remembered,
  Stock
} from "../lifecycle/OrderStore.ts"
import type { OrderRecord, StoreFault } from "../lifecycle/OrderRecords.ts"
import { isErasable } from "../order/AuditEvent.ts"
import { assertLaws } from "../order/invariants.ts"
import { type ChangedSubscription, changedSubscriptions } from "../order/Transition.ts"
import {
  activeSubscriptions,
  type CustomerId,
  isActive,
  type Order,
  type OrderId,
  type SerialNumber,
  type Sku,
  type SubscriptionId,
  type TenantId
} from "../order/Order.ts"
import { type Timestamp, toMillis } from "../order/Timestamp.ts"
import type { SealedEvent } from "../order/auditChain.ts"
import { isSame, type Units } from "../order/Units.ts"
import { PackedEvents } from "./PackedEvents.ts"
import { SortedIds } from "./SortedIds.ts"
import {
  annotated,
  appended,
  type Awake,
  erased,
  eventAt,
  found,
  historyOf,
  type Resting,
  resting,
  type StoredOrder,
  wakened,
  withStoredTexts
} from "./StoredOrder.ts"
import { TenantAssets } from "./TenantAssets.ts"
import { TenantDue } from "./TenantDue.ts"
import { type DeliveryRow, TenantOutbox } from "./TenantOutbox.ts"

/**
 * How many orders of a tenant are awake, when nothing else is asked for: a few megabytes. With a quarter of that a simulation, whose orders are
 * touched now and then, takes a tenth longer.
 */
export const usuallyAwake = 1_024

/** Writes, and returns how to take that back. It can be called again then. */
export type Write = () => () => void

export class Tenant {
  readonly tenantId: TenantId
  readonly orderIds = new SortedIds<OrderId>()
  readonly outbox = new TenantOutbox()
  readonly due = new TenantDue()
  readonly assets = new TenantAssets()
  readonly remembered = new Map<string, Remembered & { readonly expiresAt: Timestamp }>()
  readonly customers = new Map<string, CustomerId>()
  /** Rows of tables of the embedding service's own, in the order in which they were committed. */
  readonly ownRows: Array<{
    readonly table: string
    readonly orderId: OrderId
    readonly values: Readonly<Record<string, unknown>>
  }> = []
  readonly #orders = new Map<OrderId, Resting>()
  readonly #events: PackedEvents
  /** The orders that are awake, in a ring: who comes in takes the place of who has been in it longest. */
  readonly #awake: Array<OrderId> = []
  #oldestAwake = 0
  readonly #mostAwake: number
  readonly #orderBySubscription = new Map<SubscriptionId, OrderId>()
  readonly #rentedSerials = new Set<SerialNumber>()
  readonly #stock = new Map<Sku, { reserved: number; rented: number }>()

  constructor(tenantId: TenantId, mostAwake: number) {
    this.tenantId = tenantId
    this.#mostAwake = mostAwake
    this.#events = new PackedEvents(tenantId)
  }

  // --- looking up ------------------------------------------------------------------------------------------------------------------------

  load({ order: name, serialNumber, idempotency }: LoadRequest): Loaded {
    const orderId = "orderId" in name ? name.orderId : this.#orderBySubscription.get(name.subscriptionId)
    const stored = orderId === undefined ? undefined : this.#woken(orderId)
    return {
      order: stored?.awake?.order ?? null,
      headHash: stored?.awake?.headHash ?? null,
      remembered: idempotency ? this.recall(idempotency.key, idempotency.now) : null,
      serialIsRented: serialNumber !== undefined && this.#rentedSerials.has(serialNumber),
      asset: serialNumber === undefined ? null : this.assets.get(serialNumber)
    }
  }

  loadAsset(serialNumber: SerialNumber, idempotency?: { readonly key: string; readonly now: Timestamp }): LoadedAsset {
    return {
      asset: this.assets.get(serialNumber),
      use: this.#useOf(serialNumber),
      remembered: idempotency ? this.recall(idempotency.key, idempotency.now) : null
    }
  }

  /** The subscription that is active on a serial number. Asked by hand only, so there is no index of it. */
  #useOf(serialNumber: SerialNumber): AssetUse | null {
    if (!this.#rentedSerials.has(serialNumber)) return null
    for (const { subscriptions, customer } of this.orders()) {
      const found = subscriptions.find((each) => isActive(each) && each.serialNumber === serialNumber)
      if (found) return { subscriptionId: found.subscriptionId, customerId: customer.customerId }
    }
    return null
  }

  /** The events of an order, oldest first. Empty when there is no such order. */
  history(orderId: OrderId): ReadonlyArray<SealedEvent> {
    const stored = this.#stored(orderId)
    return stored ? historyOf(this.#events, stored) : []
  }

  event(orderId: OrderId, sequence: number): SealedEvent | undefined {
    const stored = this.#stored(orderId)
    return stored && eventAt(this.#events, stored, sequence)
  }

  *orders(): Iterable<Order> {
    for (const orderId of this.#orders.keys()) {
      const stored = this.#stored(orderId)
      if (stored !== undefined) yield wakened(this.#events, stored).order
    }
  }

  stock(sku: Sku): Stock {
    return { reserved: 0, rented: 0, ...this.#stock.get(sku) }
  }

  recall(key: string, now: Timestamp): Remembered | null {
    const kept = this.remembered.get(key)
    return kept !== undefined && kept.expiresAt >= now ? { fingerprint: kept.fingerprint, outcome: kept.outcome } : null
  }

  remember(key: IdempotencyKey, outcome: Remembered["outcome"]): void {
    this.remembered.set(key.key, { fingerprint: key.fingerprint, outcome, expiresAt: key.expiresAt })
  }

  // --- committing ------------------------------------------------------------------------------------------------------------------------

  /** What a change writes, or null when another change was first. */
  commit(change: Change): Write | null {
    if (this.#isTaken(change)) return null
    const { transition, sealed, newCustomer, remember, rows = [], due, assets } = change
    const { before, event, after } = transition
    const { orderId } = after
    const stored = this.#woken(orderId)
    const awake = stored?.awake ?? null
    assertFits(change, awake)

    const order = awake === null ? after : withStoredTexts(after, before, awake.order)
    const changed = appended(this.#events, stored, order, sealed)
    const written = rows.flatMap(({ table, rows: ofTable }) => ofTable.map((values) => ({ table, orderId, values })))
    return () => {
      this.#put(orderId, changed)
      this.#follow(change, 1)
      const forgotten = remember && this.remembered.get(remember.key)
      if (newCustomer) this.customers.set(newCustomer.emailKey, newCustomer.customerId)
      if (remember) this.remember(remember, { outcome: "accepted", orderId, sequence: event.sequence })
      this.ownRows.push(...written)
      const waitAsBefore = due && this.due.follow(orderId, due)
      const moveBack = assets && this.assets.move(assets)
      return () => {
        moveBack?.()
        waitAsBefore?.()
        for (const row of written) this.ownRows.splice(this.ownRows.indexOf(row), 1)
        this.#put(orderId, stored)
        this.#follow(change, -1)
        if (newCustomer) this.customers.delete(newCustomer.emailKey)
        if (remember) this.remembered.delete(remember.key)
        if (remember && forgotten) this.remembered.set(remember.key, forgotten)
      }
    }
  }

  /** What the unique keys and the version pin of a database would find. */
  #isTaken({ transition, newCustomer, remember, assets = [] }: Change): boolean {
    const { before, after } = transition
    const changed = changedSubscriptions(transition)
    const stored = this.#stored(after.orderId)
    const versionMoved = before === null ? stored !== undefined : stored?.version !== before.version
    const isRentedElsewhere = ({ was, is }: ChangedSubscription) =>
      isActive(is) && was?.serialNumber !== is.serialNumber && this.#rentedSerials.has(is.serialNumber)
    return (
      versionMoved ||
      (newCustomer !== undefined && this.customers.has(newCustomer.emailKey)) ||
      (remember !== undefined && this.recall(remember.key, remember.rememberedAt) !== null) ||
      changed.some(isRentedElsewhere) ||
      !this.assets.allows(assets) ||
      changed.some(({ was, is }) => was === undefined && this.#orderBySubscription.has(is.subscriptionId))
    )
  }

  /** What a change of an asset by hand writes, or null when another change was first. */
  changeAsset(change: AssetChange, remember: IdempotencyKey | undefined): Write | null {
    const isTaken = remember !== undefined && this.recall(remember.key, remember.rememberedAt) !== null
    if (isTaken || !this.assets.isAt(change)) return null
    const { serialNumber, version } = change.after
    return () => {
      const forgotten = remember && this.remembered.get(remember.key)
      if (remember) this.remember(remember, { outcome: "assetChanged", serialNumber, version })
      const changeBack = this.assets.change(change)
      return () => {
        changeBack()
        if (remember) this.remembered.delete(remember.key)
        if (remember && forgotten) this.remembered.set(remember.key, forgotten)
      }
    }
  }

  /** Whether there is such an order, and it stands at that version. */
  isAt(orderId: OrderId, version: number): boolean {
    return this.#stored(orderId)?.version === version
  }

  /** What it writes to have an order wait for commands, or null when it is at another version. */
  planDue({ orderId, version, change }: DuePlan): Write | null {
    return this.isAt(orderId, version) ? () => this.due.plan(orderId, change) : null
  }

  #put(orderId: OrderId, stored: StoredOrder | undefined): void {
    if (stored === undefined) {
      this.#orders.delete(orderId)
      this.orderIds.delete(orderId)
    } else {
      const known = this.#orders.get(orderId)
      if (known === undefined) this.orderIds.add(orderId)
      this.#orders.set(orderId, stored)
      if (stored.awake !== null && (typeof known !== "object" || known.awake === null)) this.#stayAwake(orderId)
    }
  }

  /** An order as it is stored, awake or not. */
  #stored(orderId: OrderId): StoredOrder | undefined {
    const rests = this.#orders.get(orderId)
    if (typeof rests !== "number") return rests
    return found(this.#events, orderId, rests)
  }

  /** A stored order, awake. */
  #woken(orderId: OrderId): StoredOrder | undefined {
    const stored = this.#stored(orderId)
    if (stored === undefined || stored.awake !== null) return stored
    const woken = { ...stored, awake: wakened(this.#events, stored) }
    this.#orders.set(orderId, woken)
    this.#stayAwake(orderId)
    return woken
  }

  /** For each order that wakes up, the one that did so longest ago is laid to rest. */
  #stayAwake(orderId: OrderId): void {
    const longest = this.#awake[this.#oldestAwake]
    this.#awake[this.#oldestAwake] = orderId
    this.#oldestAwake = (this.#oldestAwake + 1) % this.#mostAwake
    const stored = longest === undefined ? undefined : this.#orders.get(longest)
    if (typeof stored === "object") this.#orders.set(stored.orderId, resting(stored))
  }

  /** Move what is derived from the orders along with a change, or, with the sign -1, back again. */
  #follow({ transition, reservations }: Change, sign: 1 | -1): void {
    for (const { sku, from, to } of reservations) {
      const stock = this.#stock.get(sku) ?? { reserved: 0, rented: 0 }
      stock.reserved += sign * (to.held - (from?.held ?? 0))
      stock.rented += sign * (to.active - (from?.active ?? 0))
      this.#stock.set(sku, stock)
    }
    const changed = changedSubscriptions(transition)
    for (const { was, is } of changed) {
      if (was !== undefined) continue
      if (sign === 1) this.#orderBySubscription.set(is.subscriptionId, transition.after.orderId)
      else this.#orderBySubscription.delete(is.subscriptionId)
    }
    for (const { was, is } of changed) {
      const left = sign === 1 ? was : is
      if (left !== undefined && isActive(left)) this.#rentedSerials.delete(left.serialNumber)
    }
    for (const { was, is } of changed) {
      const taken = sign === 1 ? is : was
      if (taken !== undefined && isActive(taken)) this.#rentedSerials.add(taken.serialNumber)
    }
  }

  // --- texts -----------------------------------------------------------------------------------------------------------------------------

  /** Erase what an event says in confidence, where it stands and in what was made of it. */
  eraseText({ orderId, sequence }: EventKey): boolean {
    const stored = this.#stored(orderId)
    const sealed = stored && eventAt(this.#events, stored, sequence)
    if (!stored || !sealed || !isErasable(sealed.event)) return false
    this.#put(orderId, erased(this.#events, stored, sealed))
    return true
  }

  /** The order that has these notes, or whose subscription has. */
  orderOfNotes(of: NotesOwner): OrderId | undefined {
    return typeof of === "string" ? of : this.#orderBySubscription.get(of.subscriptionId)
  }

  /** What it writes to give other notes, or null when there is nothing by that id, or its notes are not those that are expected. */
  rewriteNotes(of: NotesOwner, notes: string, expected?: string): Write | null {
    const orderId = this.orderOfNotes(of)
    const stored = orderId === undefined ? undefined : this.#stored(orderId)
    if (orderId === undefined || stored === undefined) return null
    const { order } = wakened(this.#events, stored)
    const owner = typeof of === "string" ? order : order.subscriptions.find((each) => each.subscriptionId === of.subscriptionId)
    if (owner === undefined || (expected !== undefined && (owner.notes ?? "") !== expected)) return null
    const changed = annotated(this.#events, stored, typeof of === "string" ? "" : of.subscriptionId, notes)
    return () => {
      this.#put(orderId, changed)
      return () => this.#put(orderId, stored)
    }
  }

  // --- delivering ------------------------------------------------------------------------------------------------------------------------

  lease(consumer: string, limit: number, leaseMs: number, nowMs: number): Lease | null {
    const leased = this.outbox.lease(consumer, limit, leaseMs, nowMs)
    return leased && { leaseId: leased.leaseId, deliveries: leased.rows.map((row) => this.#delivery(row, row.attempts - 1)) }
  }

  parked(consumer: string, after: number, limit: number): ReadonlyArray<Delivery> {
    return this.outbox.parked(consumer, after, limit).map((row) => this.#delivery(row, row.attempts))
  }

  feed(after: number, limit: number): ReadonlyArray<PositionedEvent> {
    return this.outbox.page(after, limit).map(({ position, orderId, sequence }) => ({
      position,
      sealed: this.#eventToDeliver(orderId, sequence)
    }))
  }

  lag(consumer: string, nowMs: number): Omit<ConsumerLag, keyof ConsumerKey> | null {
    const lag = this.outbox.lag(consumer)
    if (lag === null) return null
    const ages = lag.oldest.map(({ orderId, sequence }) => nowMs - toMillis(this.#eventToDeliver(orderId, sequence).event.at))
    const oldestMs =
      ages.length === 0
        ? null
        : Math.max(
            0,
            ages.reduce((a, b) => Math.max(a, b))
          )
    return { pending: lag.pending, parked: lag.parked, oldestMs }
  }

  #delivery({ orderId, next, positions, lastError }: DeliveryRow, attempts: number): Delivery {
    return { position: positions[0] ?? 0, sealed: this.#eventToDeliver(orderId, next), attempts, lastError }
  }

  #eventToDeliver(orderId: OrderId, sequence: number): SealedEvent {
    const sealed = this.event(orderId, sequence)
    if (sealed === undefined) throw new Error(`order ${orderId} has lost its event ${sequence}`)
    return sealed
  }

  // --- verifying -------------------------------------------------------------------------------------------------------------------------

  /** All that is kept of an order, and what this class derives from it and has not kept in step. */
  record(orderId: OrderId): OrderRecord | null {
    const stored = this.#stored(orderId)
    if (!stored) return null
    const { order, headHash } = wakened(this.#events, stored)
    const lost = order.subscriptions.filter(({ subscriptionId }) => this.#orderBySubscription.get(subscriptionId) !== orderId)
    const free = activeSubscriptions(order).filter(({ serialNumber }) => !this.#rentedSerials.has(serialNumber))
    return {
      tenantId: this.tenantId,
      orderId,
      order,
      headHash,
      reservations: order.lines.map(({ sku, quantity }, line) => ({ line, sku, quantity })),
      events: historyOf(this.#events, stored),
      ...this.outbox.record(orderId),
      due: this.due.of(orderId),
      filterable: null,
      lookups: null,
      disagreements: [
        ...lost.map(({ subscriptionId }) => `subscription ${subscriptionId} is not found by its id`),
        ...free.map(({ serialNumber }) => `asset ${serialNumber} is rented and counts as free`)
      ]
    }
  }

  /** Where assets and the subscriptions on them do not agree. */
  disagreementsOf(assets: ReadonlyArray<RegisteredAsset>): ReadonlyArray<AssetDisagreement> {
    const subscriptions = [...this.orders()].flatMap((order) => order.subscriptions)
    return assets.flatMap((asset) => {
      const active = subscriptions.find((each) => isActive(each) && each.serialNumber === asset.serialNumber)
      const bound = subscriptions.find(({ subscriptionId }) => subscriptionId === asset.subscriptionId)
      const message = disagreementOf(asset, active ?? null, bound ?? null)
      return message === null ? [] : [{ serialNumber: asset.serialNumber, message }]
    })
  }

  assetFaults(): ReadonlyArray<StoreFault> {
    const { tenantId } = this
    return this.disagreementsOf(this.assets.all()).map(({ message }) => ({ id: "S7", tenantId, message }))
  }

  /** Remembered answers that can no longer be put together. */
  answersWithoutEvent(): ReadonlyArray<StoreFault> {
    const { tenantId } = this
    return [...this.remembered].flatMap(([key, { outcome }]): ReadonlyArray<StoreFault> => {
      if (outcome.outcome !== "accepted") return []
      const { orderId, sequence } = outcome
      if (this.event(orderId, sequence)) return []
      const message = `the answer remembered under key ${JSON.stringify(key)} is event ${sequence}, which does not exist`
      return [{ id: "C4", tenantId, orderId, message }]
    })
  }
}

/** The same double checks as the database makes: a change that does not fit what is stored is a mistake, not a lost race. */
const assertFits = ({ transition: { after }, sealed, reservations }: Change, stored: Awake | null): void => {
  const { orderId } = after
  assertLaws(after)
  if (sealed.previousHash !== (stored?.headHash ?? null)) throw new Error(`order ${orderId}: the chain does not continue`)
  for (const { line, from, to } of reservations) {
    if (fits(stored?.order.lines[line]?.units, from) && fits(after.lines[line]?.units, to)) continue
    throw new Error(`order ${orderId}: the reservation of line ${line} is not what the change expects`)
  }
}

const fits = (units: Units | undefined, expected: Units | null): boolean =>
  units === undefined || expected === null ? units === undefined && expected === null : isSame(units, expected)
