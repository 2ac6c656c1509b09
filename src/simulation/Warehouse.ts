/**
 * Hands and assets: units leave in the order in which they became ready, so many a day, each with an asset of its SKU. A unit for which
 * there is no asset waits for the next one that comes back (a back-order) and lets others go first.
 */
import { type SerialNumber, SerialNumber as SerialNumberSchema, type Sku, type TenantId } from "../order/Order.ts"
import { dayMs } from "./Arrivals.ts"
import type { World } from "./World.ts"

/** A unit that is to leave. */
export interface Unit {
  readonly tenantId: TenantId
  readonly sku: Sku
  /** Whether anybody still wants it. */
  readonly isWanted: () => boolean
  /** Send it out. */
  readonly send: (asset: SerialNumber) => void
}

/** Who wants to know of back-orders. */
export interface BackOrderWatcher {
  readonly backOrdered: (sku: Sku, now: number) => void
  /** It has an asset now, or nobody wants it any more. */
  readonly backOrderOver: (sku: Sku, since: number, now: number) => void
}

export class Warehouse {
  readonly #world: World
  readonly #slotMs: number
  readonly #watcher: BackOrderWatcher
  readonly #pools = new Map<
    string,
    { readonly free: Array<SerialNumber>; readonly waiting: Array<{ unit: Unit; since: number }> }
  >()
  #ready: Array<Unit> = []
  #nextSlotAt = 0
  #isWorking = false

  constructor(
    world: World,
    unitsPerDay: number,
    assets: Iterable<{ readonly tenantId: TenantId; readonly sku: Sku; readonly count: number }>,
    watcher: BackOrderWatcher
  ) {
    this.#world = world
    this.#slotMs = dayMs / unitsPerDay
    this.#watcher = watcher
    for (const { tenantId, sku, count } of assets) {
      // The last is taken first; so the first numbers leave first.
      const free = Array.from({ length: count }, (_, n) => SerialNumberSchema.make(`${sku}-${count - n}`))
      this.#pools.set(keyOf(tenantId, sku), { free, waiting: [] })
    }
  }

  /** A unit is ready to leave. */
  add(unit: Unit): void {
    this.#ready.push(unit)
    this.#work()
  }

  /** An asset of a SKU at once, past the queue; undefined where there is none. */
  take(tenantId: TenantId, sku: Sku): SerialNumber | undefined {
    return this.#poolOf(tenantId, sku).free.pop()
  }

  /** An asset can be rented again. */
  giveBack(tenantId: TenantId, sku: Sku, asset: SerialNumber): void {
    const pool = this.#poolOf(tenantId, sku)
    pool.free.push(asset)
    for (;;) {
      const first = pool.waiting.shift()
      if (first === undefined) return
      this.#watcher.backOrderOver(sku, first.since, this.#world.now)
      if (!first.unit.isWanted()) continue
      this.#ready.unshift(first.unit)
      return this.#work()
    }
  }

  /** Let the next unit leave when there is a hand for it. */
  #work(): void {
    if (this.#isWorking || this.#ready.length === 0) return
    this.#isWorking = true
    this.#world.at(this.#nextSlotAt, () => {
      this.#isWorking = false
      const next = this.#next()
      if (next === undefined) return
      this.#nextSlotAt = this.#world.now + this.#slotMs
      next.unit.send(next.asset)
      this.#work()
    })
  }

  /** The next unit that is wanted and for which there is an asset. */
  #next(): { readonly unit: Unit; readonly asset: SerialNumber } | undefined {
    let taken = 0
    let next: { readonly unit: Unit; readonly asset: SerialNumber } | undefined
    for (const unit of this.#ready) {
      taken++
      if (!unit.isWanted()) continue
      const pool = this.#poolOf(unit.tenantId, unit.sku)
      const asset = pool.free.pop()
      if (asset !== undefined) {
        next = { unit, asset }
        break
      }
      pool.waiting.push({ unit, since: this.#world.now })
      this.#watcher.backOrdered(unit.sku, this.#world.now)
    }
    this.#ready = this.#ready.slice(taken)
    return next
  }

  #poolOf(tenantId: TenantId, sku: Sku) {
    const key = keyOf(tenantId, sku)
    const pool = this.#pools.get(key)
    if (pool) return pool
    const empty = { free: [], waiting: [] }
    this.#pools.set(key, empty)
    return empty
  }
}

const keyOf = (tenantId: TenantId, sku: Sku): string => `${tenantId} ${sku}`
