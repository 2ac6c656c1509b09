/**
 * What people do in a made-up world: customers place orders, change their minds and give things back; staff confirm, send units out as far
 * as hands and assets reach, and cancel what cannot be had. They know of an order what the answers to their calls tell them, no more.
 *
 * The luck of an order is its own (its number and the seed), so that the same customers come under every policy.
 */
import * as Result from "effect/Result"
import type { CustomerId, Order, OrderId, SerialNumber, Sku, SubscriptionId, TenantId } from "../order/Order.ts"
import type { PlaceOrder } from "../order/commands/place.ts"
import { type Arrival, arrivalsOf, dayMs, hourMs, isDuring } from "./Arrivals.ts"
import type { Answer } from "./Call.ts"
import type { Clients, Person } from "./Clients.ts"
import { type Distribution, draw, happens, type Stream, streamOf, unitExponential } from "./randomness.ts"
import type { Incident, Policy, Scenario } from "./Scenario.ts"
import { type BackOrderWatcher, Warehouse } from "./Warehouse.ts"
import type { World } from "./World.ts"

/** A scenario as one policy has it. */
export const underPolicy = (scenario: Scenario, policy: Policy) => ({
  pendingExpiresAfter: policy.pendingExpiresAfter ?? scenario.pendingExpiresAfter,
  cancellationPolicy: policy.cancellationPolicy ?? "noActiveSubscriptions",
  confirmationDelayHours: policy.confirmationDelayHours ?? scenario.confirmation.delayHours,
  unitsPerDay: policy.unitsPerDay ?? scenario.fulfilment.unitsPerDay,
  assetFactor: policy.assetFactor ?? 1
})

/** What people know of an order. */
interface Life {
  readonly customer: Person
  readonly fate: Stream
  /** For own commands: so that those of a process shift nothing else. */
  readonly ownFate: Stream
  readonly orderId: OrderId
  readonly customerId: CustomerId
  readonly items: Arrival["items"]
  status: string
  /** Grows with every change of status: what was planned for an earlier one is off. */
  stage: number
  /** Nobody will do anything with it any more. */
  isOver: boolean
  readonly rented: Map<SubscriptionId, { readonly sku: Sku; readonly asset: SerialNumber }>
}

/** Who wants to know what is not a call. */
export interface WorkloadWatcher extends BackOrderWatcher {
  /** An order was not placed, because one of its SKUs was not offered. */
  readonly notOffered: (tenantId: TenantId) => void
}

export class Workload {
  readonly #world: World
  readonly #clients: Clients
  readonly #scenario: Scenario
  readonly #confirmationDelayHours: Distribution
  readonly #warehouse: Warehouse
  readonly #watcher: WorkloadWatcher
  readonly #start: number
  readonly #end: number
  readonly #arrivals: Generator<Arrival, undefined>
  /** Orders that staff may have to cancel, by SKU: kept for the SKUs that will run short. */
  readonly #openBySku: ReadonlyMap<Sku, Set<Life>>
  readonly #luckOfStaff: Stream
  readonly #seed: number

  constructor(
    world: World,
    clients: Clients,
    { scenario, policy, seed }: { readonly scenario: Scenario; readonly policy: Policy; readonly seed: number },
    watcher: WorkloadWatcher
  ) {
    const { confirmationDelayHours, unitsPerDay, assetFactor } = underPolicy(scenario, policy)
    this.#world = world
    this.#clients = clients
    this.#scenario = scenario
    this.#confirmationDelayHours = confirmationDelayHours
    this.#warehouse = new Warehouse(world, unitsPerDay, assetsOf(scenario, assetFactor), watcher)
    this.#watcher = watcher
    this.#start = Date.parse(scenario.start)
    this.#end = this.#start + scenario.days * dayMs
    this.#arrivals = arrivalsOf(scenario, seed)
    this.#openBySku = new Map(shortagesOf(scenario).map(({ sku }) => [sku, new Set<Life>()]))
    this.#luckOfStaff = streamOf(seed, "staff")
    this.#seed = seed
  }

  /** Plan the first thing that happens; everything else follows from it. */
  begin(): void {
    this.#awaitArrival()
    for (const shortage of shortagesOf(this.#scenario)) {
      this.#plan(this.#start + shortage.atDay * dayMs, () => this.#cancelAllFor(shortage.sku))
    }
  }

  /** What lies behind the end of the scenario does not happen. */
  #plan(at: number, happen: () => void): void {
    if (at < this.#end) this.#world.at(at, happen)
  }

  // --- customers ---------------------------------------------------------------------------------------------------------------------------

  #awaitArrival(): void {
    const { value: arrival } = this.#arrivals.next()
    if (arrival === undefined) return
    this.#plan(arrival.at, () => {
      this.#place(arrival)
      this.#awaitArrival()
    })
  }

  #place({ tenantId, number, items, fate }: Arrival): void {
    if (items.some(({ sku }) => this.#isShort(sku))) return this.#watcher.notOffered(tenantId)
    // Every third order is from somebody who may have been here before.
    const customerNumber = happens(1 / 3, fate) ? Math.floor(fate.next() * (number + 1)) : number
    const customer = { tenantId, userId: `customer-${customerNumber}`, luck: fate }
    this.#clients.send(customer, { type: "place", request: requestOf(customer.userId, items) }, (answer) => {
      if (answer.outcome !== "accepted") return
      const ownFate = streamOf(this.#seed, "own commands", number)
      const {
        orderId,
        status,
        customer: { customerId }
      } = answer.transition.after
      const life: Life = {
        customer,
        fate,
        ownFate,
        orderId,
        customerId,
        items,
        status,
        stage: 0,
        isOver: false,
        rented: new Map()
      }
      for (const { sku } of items) this.#openBySku.get(sku)?.add(life)
      this.#considerCancelling(life)
      this.#giveOwnCommands(life)
      this.#confirmLater(life)
    })
  }

  /** Whether and when the customer gives the order up, if it stays in this status. */
  #considerCancelling(life: Life): void {
    const { stage } = life
    const afterDays = timeUntil(unitExponential(life.fate), hazardsOf(this.#scenario, life.status))
    this.#plan(this.#world.now + afterDays * dayMs, () => {
      if (!life.isOver && life.stage === stage) this.#cancel(life)
    })
  }

  #cancel(life: Life, isSecond = false): void {
    const { customer, orderId, fate } = life
    this.#clients.send(
      customer,
      { type: "cancel", orderId, request: { reason: "The customer changed their mind." } },
      (answer) => {
        if (answer.outcome === "accepted") return this.#close(life)
        if (answer.outcome !== "refused") return
        const { refusal } = answer
        if (refusal._tag === "OrderAlreadyCancelled") return this.#close(life)
        const insists = !isSecond && refusal._tag === "OrderNotCancellable" && happens(this.#scenario.cancellation.insists, fate)
        if (!insists) return
        const open = [...life.rented.keys()]
        let left = open.length
        for (const subscriptionId of open) {
          this.#cancelSubscription(life, subscriptionId, () => {
            if (--left === 0) this.#cancel(life, true)
          })
        }
      }
    )
  }

  /** Cancel a subscription; `ended` hears when it is over. */
  #cancelSubscription(life: Life, rentalId: SubscriptionId, ended: () => void = () => undefined): void {
    const { customer } = life
    this.#clients.send(customer, { type: "cancelSubscription", request: { rentalId, reason: "customer_request" } }, (answer) => {
      if (answer.outcome === "unavailable" || answer.outcome === "unknown") {
        return this.#plan(this.#world.now + dayMs, () => this.#cancelSubscription(life, rentalId, ended))
      }
      const rented = life.rented.get(rentalId)
      life.rented.delete(rentalId)
      if (rented !== undefined) {
        const backAt = this.#world.now + draw(this.#scenario.fulfilment.turnaroundHours, life.fate) * hourMs
        this.#plan(backAt, () => this.#warehouse.giveBack(customer.tenantId, rented.sku, rented.asset))
      }
      if (answer.outcome === "accepted") this.#heard(life, answer.transition.after)
      return ended()
    })
  }

  // --- staff -------------------------------------------------------------------------------------------------------------------------------

  #staffOf = (tenantId: TenantId): Person => ({ tenantId, userId: "staff", luck: this.#luckOfStaff })

  #confirmLater(life: Life): void {
    const wanted = this.#world.now + draw(this.#confirmationDelayHours, life.fate) * hourMs
    this.#plan(this.#whenPaymentsWork(wanted), () => {
      if (life.isOver) return
      const { orderId, customer } = life
      this.#clients.send({ ...customer, userId: "staff" }, { type: "confirm", orderId, request: {} }, (answer) => {
        if (answer.outcome !== "accepted") return
        this.#heard(life, answer.transition.after)
        for (const { sku, quantity } of life.items) for (let unit = 0; unit < quantity; unit++) this.#sendLater(life, sku)
      })
    })
  }

  /** The own commands of the status that the order has come into. */
  #giveOwnCommands(life: Life): void {
    const { stage, status, ownFate, orderId, customer } = life
    for (const { command, payload, share, delayHours, ...when } of this.#scenario.ownCommands ?? []) {
      if (when.status !== status || !happens(share, ownFate)) continue
      this.#plan(this.#world.now + draw(delayHours, ownFate) * hourMs, () => {
        if (life.isOver || life.stage !== stage) return
        this.#clients.send({ ...customer, userId: "staff" }, { type: "apply", orderId, command, payload }, (answer) => {
          if (answer.outcome === "accepted") this.#heard(life, answer.transition.after)
        })
      })
    }
  }

  #whenPaymentsWork(at: number): number {
    const outage = this.#scenario.incidents.find(
      (incident) => incident.type === "paymentOutage" && isDuring(incident, at, this.#start)
    )
    return outage?.type === "paymentOutage" ? this.#start + outage.atDay * dayMs + outage.hours * hourMs : at
  }

  /** One unit, when it has been made ready: it leaves with a subscription. */
  #sendLater(life: Life, sku: Sku): void {
    const { tenantId } = life.customer
    const send = (asset: SerialNumber) =>
      this.#startSubscription(life, sku, asset, (answer) => {
        if (answer.outcome === "accepted" && answer.transition.event.type === "subscription.started") {
          const { subscriptionId } = answer.transition.event.details
          life.rented.set(subscriptionId, { sku, asset })
          this.#heard(life, answer.transition.after)
          return this.#endLater(life, subscriptionId)
        }
        // The process says no for now: the unit is made ready once more.
        if (answer.outcome === "refused" && answer.refusal._tag === "OwnRefusal") this.#sendLater(life, sku)
        // An asset that counts as rented stays out of the pool; so does one of which nobody knows.
        const isFree =
          answer.outcome === "unavailable" || (answer.outcome === "refused" && answer.refusal._tag !== "AssetNotAvailable")
        return isFree ? this.#warehouse.giveBack(tenantId, sku, asset) : undefined
      })
    this.#plan(this.#world.now + draw(this.#scenario.fulfilment.delayHours, life.fate) * hourMs, () =>
      this.#warehouse.add({ tenantId, sku, isWanted: () => !life.isOver && this.#world.now < this.#end, send })
    )
  }

  #startSubscription(life: Life, sku: Sku, asset: SerialNumber, done: (answer: Answer) => void): void {
    const { orderId, customer, customerId } = life
    const request = { orderId, customerId, assetSerialNumber: asset, sku }
    this.#clients.send({ ...customer, userId: "staff" }, { type: "startSubscription", request }, done)
  }

  #endLater(life: Life, subscriptionId: SubscriptionId): void {
    const { lengthDays, earlyEndPerDay } = this.#scenario.subscription
    const early = timeUntil(unitExponential(life.fate), [{ fromDay: 0, perDay: earlyEndPerDay }])
    const afterDays = Math.min(draw(lengthDays, life.fate), early)
    this.#plan(this.#world.now + afterDays * dayMs, () => {
      if (life.rented.has(subscriptionId)) this.#cancelSubscription(life, subscriptionId)
    })
  }

  // --- incidents ---------------------------------------------------------------------------------------------------------------------------

  #isShort(sku: Sku): boolean {
    return shortagesOf(this.#scenario).some(
      (shortage) => shortage.sku === sku && isDuring(shortage, this.#world.now, this.#start)
    )
  }

  #cancelAllFor(sku: Sku): void {
    for (const { id: tenantId } of this.#scenario.tenants) {
      const lives = [...(this.#openBySku.get(sku) ?? [])].filter(({ customer }) => customer.tenantId === tenantId)
      if (lives.length === 0) continue
      const orderIds = lives.map(({ orderId }) => orderId)
      const request = { reason: `${sku} is no longer available.` }
      this.#clients.send(this.#staffOf(tenantId), { type: "cancelMany", orderIds, request }, (answer) => {
        if (answer.outcome !== "many") return
        const lifeById = new Map(lives.map((life) => [life.orderId, life]))
        for (const { orderId, outcome } of answer.outcomes) {
          const life = lifeById.get(orderId)
          if (life && Result.isSuccess(outcome)) this.#close(life)
        }
      })
    }
  }

  // --- what people learn -------------------------------------------------------------------------------------------------------------------

  #heard(life: Life, order: Order): void {
    if (life.status === order.status) return
    life.status = order.status
    life.stage++
    this.#considerCancelling(life)
    this.#giveOwnCommands(life)
  }

  #close(life: Life): void {
    life.isOver = true
    for (const { sku } of life.items) this.#openBySku.get(sku)?.delete(life)
  }
}

/** A status of a process's own has none. */
const hazardsOf = ({ cancellation }: Scenario, status: string) => {
  const hazards: Readonly<Record<string, Hazards>> = cancellation.hazards
  return hazards[status] ?? []
}
type Hazards = Scenario["cancellation"]["hazards"]["pending"]

const shortagesOf = ({ incidents }: Scenario) =>
  incidents.filter(
    (incident): incident is Extract<Incident, { type: "supplierShortage" }> => incident.type === "supplierShortage"
  )

/** Every tenant has assets of its own, by its share. */
const assetsOf = ({ tenants, catalogue }: Scenario, factor: number) => {
  const shares = tenants.reduce((sum, { share }) => sum + share, 0)
  return tenants.flatMap(({ id: tenantId, share }) =>
    catalogue.map(({ sku, assets }) => ({ tenantId, sku, count: Math.round((assets * factor * share) / shares) }))
  )
}

/** After how many days something happens whose rate changes with age, for an exponential draw of mean 1. Infinity: never. */
const timeUntil = (drawn: number, hazards: ReadonlyArray<{ readonly fromDay: number; readonly perDay: number }>): number => {
  let left = drawn
  for (const [index, { fromDay, perDay }] of hazards.entries()) {
    const until = hazards[index + 1]?.fromDay ?? Infinity
    if (perDay * (until - fromDay) > left) return fromDay + left / perDay
    left -= perDay === 0 ? 0 : perDay * (until - fromDay)
  }
  return Infinity
}

const address = { contactName: "A customer", streetAddress: "Quay 1", city: "Rotterdam", country: "NL" }

const requestOf = (userId: string, items: Arrival["items"]): PlaceOrder => ({
  customer: { email: `${userId}@example.com`, firstName: "Grace", lastName: "Hopper" },
  billingAddress: address,
  items
})
