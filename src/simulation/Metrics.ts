/**
 * What is measured in a run. Everything is told from what was committed and answered, in virtual time.
 *
 * Times are kept as they come and sorted at the end, so that quantiles are exact.
 */
import { isOwnEvent } from "../order/AuditEvent.ts"
import type { Change } from "../lifecycle/OrderStore.ts"
import { toMillis } from "../order/Timestamp.ts"
import { inEachStatus, type LibraryStatus, type Order, type Sku, type TenantId } from "../order/Order.ts"
import { dayMs, hourMs } from "./Arrivals.ts"
import type { Answer, Sent, Watcher } from "./Call.ts"
import { isGivenByItself } from "./waits.ts"
import type { WorkloadWatcher } from "./Workload.ts"

/** How long something took, over all cases; in the unit that the name of the field says. All zero when there was no case. */
export interface Durations {
  readonly count: number
  readonly mean: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

/** How things stood at moments of a run: `everyHours` apart, from the start on; one number for each moment. */
export interface OverTime {
  readonly everyHours: number
  /** Orders in each status, those of the process included, where there is one. */
  readonly orders: Readonly<Record<LibraryStatus, ReadonlyArray<number>> & Record<string, ReadonlyArray<number>>>
  /** Units that an order holds and nobody rents. */
  readonly unitsHeld: ReadonlyArray<number>
  readonly unitsRented: ReadonlyArray<number>
  /** Units that wait for an asset. */
  readonly backOrders: ReadonlyArray<number>
}

/** What came out of a run. */
export interface Figures {
  readonly orders: {
    readonly placed: number
    readonly confirmed: number
    /** Every unit of it has or had a subscription. */
    readonly fulfilled: number
    readonly cancelled: number
    /** Not placed, because a SKU was not offered. */
    readonly notOffered: number
  }
  readonly units: {
    readonly ordered: number
    /** Units times days for which a unit was held and nobody rented it. */
    readonly heldDays: number
    readonly released: number
    readonly subscriptionsStarted: number
    readonly subscriptionsEnded: number
    readonly backOrdered: number
  }
  /** What became of subscriptions. `extended` by callers, `renewed` by the services. */
  readonly subscriptions: {
    readonly extended: number
    readonly renewed: number
    readonly replaced: number
    readonly upgraded: number
    readonly cancelled: number
    readonly returned: number
    readonly boughtOut: number
    readonly completed: number
  }
  readonly hours: {
    readonly toConfirm: Durations
    readonly toFulfil: Durations
    readonly toCancel: Durations
    /** Of one unit, until it was rented or released. */
    readonly held: Durations
    readonly backOrdered: Durations
  }
  readonly calls: {
    readonly made: number
    readonly accepted: number
    readonly refused: number
    readonly unavailable: number
    readonly unknown: number
    /** Refusals of each command, by code. */
    readonly refusals: Readonly<Record<string, Readonly<Record<string, number>>>>
    /** Refused cancels, by the guard that did not hold. */
    readonly cancelsBlockedBy: Readonly<Record<string, number>>
    /** Lost races; each was decided again. */
    readonly lostRaces: number
    /** From sending to knowing, ms. */
    readonly ms: Durations
    readonly msByTenant: Readonly<Record<string, Durations>>
  }
  /** Share of the assets of a SKU that is rented: on average over the run, and at most. Sold ones are none of it any more. */
  readonly utilisation: Readonly<Record<string, { readonly mean: number; readonly peak: number }>>
  readonly events: number
  readonly overTime: OverTime
}

/** Numbers, as many as come. */
class Samples {
  #values = new Float64Array(64)
  #count = 0

  add(value: number): void {
    if (this.#count === this.#values.length) {
      const more = new Float64Array(this.#count * 2)
      more.set(this.#values)
      this.#values = more
    }
    this.#values[this.#count++] = value
  }

  summary(): Durations {
    const sorted = this.#values.subarray(0, this.#count).toSorted()
    const sum = sorted.reduce((total, value) => total + value, 0)
    // The smallest value that so many of all do not exceed.
    const quantile = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
    return {
      count: sorted.length,
      mean: sorted.length === 0 ? 0 : sum / sorted.length,
      p50: quantile(0.5),
      p90: quantile(0.9),
      p99: quantile(0.99),
      max: sorted.at(-1) ?? 0
    }
  }
}

const count = (counts: Record<string, number>, name: string): void => {
  counts[name] = (counts[name] ?? 0) + 1
}

/** The assets of a SKU: how many there are, how many of them are rented, at most (as a share), and both by time (asset ms). */
interface Use {
  assets: number
  rented: number
  peak: number
  assetMs: number
  rentedMs: number
  changedAt: number
}

/** How each event ends a subscription. */
const endings = {
  "subscription.ended": "cancelled",
  "subscription.returned": "returned",
  "subscription.bought_out": "boughtOut",
  "subscription.completed": "completed"
} as const

export class Metrics implements Watcher, WorkloadWatcher {
  readonly #startAt: number
  readonly #endAt: number
  readonly #stepMs: number
  #orders = { placed: 0, confirmed: 0, fulfilled: 0, cancelled: 0, notOffered: 0 }
  #units = { ordered: 0, heldMs: 0, released: 0, subscriptionsStarted: 0, subscriptionsEnded: 0, backOrdered: 0 }
  #subscriptions = {
    extended: 0,
    renewed: 0,
    replaced: 0,
    upgraded: 0,
    cancelled: 0,
    returned: 0,
    boughtOut: 0,
    completed: 0
  }
  #calls = { made: 0, accepted: 0, refused: 0, unavailable: 0, unknown: 0, lostRaces: 0 }
  #events = 0
  readonly #refusals: Record<string, Record<string, number>> = {}
  readonly #cancelsBlockedBy: Record<string, number> = {}
  readonly #hours = {
    toConfirm: new Samples(),
    toFulfil: new Samples(),
    toCancel: new Samples(),
    held: new Samples(),
    backOrdered: new Samples()
  }
  readonly #ms = new Samples()
  readonly #msByTenant = new Map<TenantId, Samples>()
  /** How things stand now. */
  readonly #standing = new Map<string, number>()
  #held = 0
  #rented = 0
  #waiting = 0
  readonly #useBySku = new Map<Sku, Use>()
  /** How things stood at each moment that has passed. */
  readonly #over = {
    orders: inEachStatus((): Array<number> => []) as Record<LibraryStatus, Array<number>> & Record<string, Array<number>>,
    unitsHeld: [] as Array<number>,
    unitsRented: [] as Array<number>,
    backOrders: [] as Array<number>
  }
  #nextMomentAt: number
  #heldChangedAt: number

  /** `assets`: how many there are of each SKU, over all tenants. `ownStatuses`: those of the process, if there is one. */
  constructor(startAt: number, days: number, assets: ReadonlyMap<Sku, number>, ownStatuses: ReadonlyArray<string> = []) {
    for (const status of ownStatuses) {
      this.#standing.set(status, 0)
      this.#over.orders[status] = []
    }
    this.#startAt = startAt
    this.#endAt = startAt + days * dayMs
    // About a hundred moments, whole hours apart.
    this.#stepMs = Math.max(1, Math.round((days * 24) / 100)) * hourMs
    for (const [sku, count] of assets)
      this.#useBySku.set(sku, { assets: count, rented: 0, peak: 0, assetMs: 0, rentedMs: 0, changedAt: startAt })
    this.#nextMomentAt = startAt
    this.#heldChangedAt = startAt
  }

  /** How many orders were placed until now. */
  get placed(): number {
    return this.#orders.placed
  }

  committed({ transition: { before, event, after }, reservations }: Change, now: number): void {
    this.#passTo(now)
    this.#events++
    this.#stands(after.status, 1)
    if (before) this.#stands(before.status, -1)
    // A unit that has left `held` was held since the order was placed.
    const age = (now - toMillis(after.createdAt)) / hourMs
    for (const { from, to, quantity } of reservations) {
      const freed = (from?.held ?? quantity) - to.held
      for (let unit = 0; unit < freed; unit++) this.#hours.held.add(age)
      this.#held += to.held - (from?.held ?? 0)
      this.#rented += to.active - (from?.active ?? 0)
    }
    if (isOwnEvent(event)) return
    switch (event.type) {
      case "order.placed":
        this.#orders.placed++
        for (const { quantity } of after.lines) this.#units.ordered += quantity
        return
      case "order.confirmed":
        this.#orders.confirmed++
        return this.#hours.toConfirm.add(age)
      case "order.cancelled":
        this.#orders.cancelled++
        for (const { quantity } of event.released) this.#units.released += quantity
        return this.#hours.toCancel.add(age)
      case "subscription.started":
        this.#units.subscriptionsStarted++
        this.#rents(after.lines[event.details.line]?.sku, 1, now)
        return this.#fulfils(after, age)
      case "order.items_released":
        for (const { quantity } of event.released) this.#units.released += quantity
        return this.#fulfils(after, age)
      case "order.items_added":
        for (const { quantity } of event.details.lines) this.#units.ordered += quantity
        return
      case "order.corrected":
      case "order.payment_recorded":
        return
      case "subscription.extended":
        if (isGivenByItself(event)) this.#subscriptions.renewed++
        else this.#subscriptions.extended++
        return
      case "subscription.asset_replaced":
        this.#subscriptions.replaced++
        return
      case "subscription.upgraded":
        this.#units.subscriptionsStarted++
        this.#units.subscriptionsEnded++
        this.#subscriptions.upgraded++
        this.#rents(after.lines.find(({ upgradeOf }) => upgradeOf === event.details.subscriptionId)?.sku, 1, now)
        return this.#rents(skuOf(after, event.details.subscriptionId), -1, now)
      case "subscription.ended":
      case "subscription.returned":
      case "subscription.bought_out":
      case "subscription.completed": {
        this.#units.subscriptionsEnded++
        this.#subscriptions[endings[event.type]]++
        return this.#rents(skuOf(after, event.details.subscriptionId), -1, now)
      }
    }
  }

  /** Fulfilled is what an order becomes when its last held unit is rented, or released where others were rented. */
  #fulfils({ lines, subscriptions }: Order, age: number): void {
    if (subscriptions.length === 0 || lines.some(({ units }) => units.held > 0)) return
    this.#orders.fulfilled++
    this.#hours.toFulfil.add(age)
  }

  #stands(status: string, change: 1 | -1): void {
    this.#standing.set(status, (this.#standing.get(status) ?? 0) + change)
  }

  lostRace(): void {
    this.#calls.lostRaces++
  }

  answered({ call, tenantId }: Sent, answer: Answer, sentAt: number, now: number): void {
    this.#calls.made++
    this.#ms.add(now - sentAt)
    const ofTenant = this.#msByTenant.get(tenantId) ?? new Samples()
    this.#msByTenant.set(tenantId, ofTenant)
    ofTenant.add(now - sentAt)
    if (answer.outcome === "unavailable") this.#calls.unavailable++
    if (answer.outcome === "unknown") this.#calls.unknown++
    if (answer.outcome === "accepted") this.#calls.accepted++
    if (answer.outcome === "refused") this.#refused(call.type === "apply" ? call.command : call.type, answer.refusal)
    if (answer.outcome === "many") {
      for (const { outcome } of answer.outcomes) {
        if (outcome._tag === "Success") this.#calls.accepted++
        else if (outcome.failure._tag === "StoreUnavailable") this.#calls.unavailable++
        else if (outcome.failure._tag === "OutcomeUnknown") this.#calls.unknown++
        else this.#refused(call.type, outcome.failure)
      }
    }
  }

  #refused(call: string, refusal: Extract<Answer, { outcome: "refused" }>["refusal"]): void {
    this.#calls.refused++
    count((this.#refusals[call] ??= {}), refusal.code)
    if (refusal._tag === "OrderNotCancellable") count(this.#cancelsBlockedBy, refusal.guard)
  }

  notOffered(): void {
    this.#orders.notOffered++
  }

  backOrdered(_: Sku, now: number): void {
    this.#passTo(now)
    this.#units.backOrdered++
    this.#waiting++
  }

  backOrderOver(_: Sku, since: number, now: number): void {
    this.#passTo(now)
    this.#waiting--
    this.#hours.backOrdered.add((now - since) / hourMs)
  }

  assetMoved(from: Sku, to: Sku | null, now: number): void {
    this.#useUntil(from, now).assets--
    if (to !== null) this.#useUntil(to, now).assets++
  }

  #rents(sku: Sku | undefined, change: 1 | -1, now: number): void {
    if (sku === undefined) return
    const use = this.#useUntil(sku, now)
    use.rented += change
    use.peak = Math.max(use.peak, use.rented / Math.max(1, use.assets))
  }

  /** What there was of a SKU and what was rented, reckoned until now, or until the end: what is mended after it takes no time of it. */
  #useUntil(sku: Sku, moment: number): Use {
    const now = Math.min(moment, this.#endAt)
    const use = this.#useBySku.get(sku) ?? { assets: 0, rented: 0, peak: 0, assetMs: 0, rentedMs: 0, changedAt: this.#startAt }
    this.#useBySku.set(sku, use)
    use.assetMs += Math.max(1, use.assets) * (now - use.changedAt)
    use.rentedMs += use.rented * (now - use.changedAt)
    use.changedAt = now
    return use
  }

  /** Note how things stood at every moment until now, and for how long units were held. */
  #passTo(moment: number): void {
    const now = Math.min(moment, this.#endAt)
    this.#units.heldMs += this.#held * (now - this.#heldChangedAt)
    this.#heldChangedAt = now
    while (this.#nextMomentAt <= now) {
      for (const [status, orders] of Object.entries(this.#over.orders)) orders.push(this.#standing.get(status) ?? 0)
      this.#over.unitsHeld.push(this.#held)
      this.#over.unitsRented.push(this.#rented)
      this.#over.backOrders.push(this.#waiting)
      this.#nextMomentAt += this.#stepMs
    }
  }

  /** Everything measured until `now`. */
  figures(now: number): Figures {
    this.#passTo(now)
    const { heldMs, ...units } = this.#units
    const { toConfirm, toFulfil, toCancel, held, backOrdered } = this.#hours
    const utilisation = [...this.#useBySku.keys()].map((sku) => {
      const { rentedMs, assetMs, peak } = this.#useUntil(sku, now)
      return [sku, { mean: rentedMs / Math.max(1, assetMs), peak }]
    })
    return {
      orders: { ...this.#orders },
      units: { ...units, heldDays: heldMs / dayMs },
      subscriptions: { ...this.#subscriptions },
      hours: {
        toConfirm: toConfirm.summary(),
        toFulfil: toFulfil.summary(),
        toCancel: toCancel.summary(),
        held: held.summary(),
        backOrdered: backOrdered.summary()
      },
      calls: {
        ...this.#calls,
        refusals: this.#refusals,
        cancelsBlockedBy: this.#cancelsBlockedBy,
        ms: this.#ms.summary(),
        msByTenant: Object.fromEntries([...this.#msByTenant].map(([tenantId, samples]) => [tenantId, samples.summary()]))
      },
      utilisation: Object.fromEntries(utilisation) as Figures["utilisation"],
      events: this.#events,
      overTime: { everyHours: this.#stepMs / hourMs, ...this.#over }
    }
  }
}

/** What a subscription of an order is for. */
const skuOf = ({ lines, subscriptions }: Order, id: string): Sku | undefined =>
  lines[subscriptions.find(({ subscriptionId }) => subscriptionId === id)?.line ?? -1]?.sku
