/**
 * What people do in a made-up world: customers place orders, change their minds and give things back; staff confirm, send units out as far
 * as hands and assets reach, and cancel what cannot be had. They know of an order what the answers to their calls tell them, no more.
 *
 * The luck of an order is its own (its number and the seed), so that the same customers come under every policy.
 */
import * as Result from "effect/Result"
import type { Order, SerialNumber, Sku, TenantId } from "../order/Order.ts"
import type { PlaceOrder } from "../order/commands/place.ts"
import { type Arrival, arrivalsOf, dayMs, hourMs, isDuring } from "./Arrivals.ts"
import type { Answer } from "./Call.ts"
import type { Clients, Person } from "./Clients.ts"
import { askAbout, type CallAbout, type Life, staffFor } from "./Life.ts"
import { Choice, type Distribution, draw, happens, type Stream, streamOf, timeUntil, unitExponential } from "./randomness.ts"
import { isLeftOver, Rentals } from "./Rentals.ts"
import type { Incident, Policy, Scenario } from "./Scenario.ts"
import { type BackOrderWatcher, Warehouse } from "./Warehouse.ts"
import type { World } from "./World.ts"

/** A scenario as one policy has it. */
export const underPolicy = (scenario: Scenario, policy: Policy) => ({
  pendingExpiresAfter: policy.pendingExpiresAfter ?? scenario.pendingExpiresAfter,
  whenContractEnds: policy.whenContractEnds ?? scenario.whenContractEnds,
  cancellationPolicy: policy.cancellationPolicy ?? "noActiveSubscriptions",
  confirmationDelayHours: policy.confirmationDelayHours ?? scenario.confirmation.delayHours,
  unitsPerDay: policy.unitsPerDay ?? scenario.fulfilment.unitsPerDay,
  assetFactor: policy.assetFactor ?? 1
})

/** Who wants to know what is not a call. */
export interface WorkloadWatcher extends BackOrderWatcher {
  /** An order was not placed, because one of its SKUs was not offered. */
  readonly notOffered: (tenantId: TenantId) => void
  /** An asset is rented out as another SKU from now on; or (null) it was sold. */
  readonly assetMoved: (from: Sku, to: Sku | null, now: number) => void
}

export class Workload {
  readonly #world: World
  readonly #clients: Clients
  readonly #scenario: Scenario
  readonly #confirmationDelayHours: Distribution
  readonly #warehouse: Warehouse
  readonly #rentals: Rentals
  /** What customers ask for besides what they came for. */
  readonly #products: Choice<Sku>
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
    this.#products = new Choice(scenario.catalogue.map(({ sku, weight }) => [sku, weight]))
    this.#rentals = new Rentals({
      world,
      clients,
      scenario,
      warehouse: this.#warehouse,
      plan: (at, happen) => this.#plan(at, happen),
      heard: (life, order) => this.#heard(life, order),
      assetMoved: (from, to) => this.#watcher.assetMoved(from, to, world.now)
    })
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
      const { orderId, status, version, customer: placedBy } = answer.transition.after
      const life: Life = {
        customer,
        fate,
        laterFate: streamOf(this.#seed, "later", number),
        ownFate: streamOf(this.#seed, "own commands", number),
        orderId,
        customerId: placedBy.customerId,
        items: [...items],
        status,
        version,
        stage: 0,
        isSending: false,
        isGivenBack: false,
        isOver: false,
        rented: new Map()
      }
      for (const { sku } of items) this.#openBySku.get(sku)?.add(life)
      this.#considerCancelling(life)
      this.#giveOwnCommands(life)
      this.#confirmLater(life)
      this.#changeLater(life)
    })
  }

  /** Whether and when the customer gives the order up, if it stays in this status. */
  #considerCancelling(life: Life): void {
    const { stage } = life
    const afterDays = timeUntil(unitExponential(life.fate), inStatus(this.#scenario.cancellation.hazards, life.status))
    this.#plan(this.#world.now + afterDays * dayMs, () => {
      if (!life.isOver && life.stage === stage) this.#cancel(life)
    })
  }

  #cancel(life: Life, isSecond = false): void {
    const { customer, orderId, fate } = life
    const request = { reason: "The customer changed their mind." }
    this.#ask(life, customer, { type: "cancel", orderId, request }, (answer) => {
      if (answer.outcome === "accepted") return this.#close(life)
      if (answer.outcome !== "refused") return
      const { refusal } = answer
      if (refusal._tag === "OrderAlreadyCancelled") return this.#close(life)
      const insists = !isSecond && refusal._tag === "OrderNotCancellable" && happens(this.#scenario.cancellation.insists, fate)
      if (insists) this.#rentals.cancelAll(life, () => this.#cancel(life, true))
    })
  }

  /** What the customer has changed after placing the order, and what is noted about it. */
  #changeLater(life: Life): void {
    const { addItems, correct, recordPayment, delayHours } = this.#scenario.changes
    const { orderId, laterFate } = life
    const perhaps = (share: number, person: Person, call: () => CallAbout, done: (answer: Answer) => void) => {
      if (share === 0 || !happens(share, laterFate)) return
      this.#plan(this.#world.now + draw(delayHours, laterFate) * hourMs, () => {
        if (!life.isOver) this.#ask(life, person, call(), done)
      })
    }
    const more = { sku: this.#products.draw(laterFate), quantity: 1 }
    perhaps(
      addItems,
      life.customer,
      () => ({ type: "addItems", orderId, request: { items: [more] } }),
      (answer) => {
        if (answer.outcome !== "accepted") return
        life.items.push(more)
        this.#openBySku.get(more.sku)?.add(life)
        if (life.isSending) this.#sendAllLater(life, more)
      }
    )
    const moved = { billingAddress: { ...address, streetAddress: "Quay 2" } }
    perhaps(
      correct,
      life.customer,
      () => ({ type: "correct", orderId, request: moved }),
      () => undefined
    )
    const status = "paid" as const
    perhaps(
      recordPayment,
      staffFor(life),
      () => ({ type: "recordPayment", orderId, request: { status } }),
      () => undefined
    )
  }

  /** Whether and when what of the order is still held is given back, if it stays in this status. */
  #considerGivingBack(life: Life): void {
    const hazards = inStatus(this.#scenario.changes.release, life.status)
    if (hazards.length === 0) return
    const { stage, orderId } = life
    this.#plan(this.#world.now + timeUntil(unitExponential(life.laterFate), hazards) * dayMs, () => {
      if (life.isOver || life.stage !== stage) return
      const request = { reason: "The customer needs no more of it." }
      this.#ask(life, life.customer, { type: "release", orderId, request }, (answer) => {
        if (answer.outcome !== "accepted") return
        life.isGivenBack = true
        this.#heard(life, answer.transition.after)
      })
    })
  }

  // --- staff -------------------------------------------------------------------------------------------------------------------------------

  #staffOf = (tenantId: TenantId): Person => ({ tenantId, userId: "staff", luck: this.#luckOfStaff })

  #confirmLater(life: Life): void {
    const wanted = this.#world.now + draw(this.#confirmationDelayHours, life.fate) * hourMs
    this.#plan(this.#whenPaymentsWork(wanted), () => {
      if (life.isOver) return
      const { orderId } = life
      this.#ask(life, staffFor(life), { type: "confirm", orderId, request: {} }, (answer) => {
        if (answer.outcome !== "accepted") return
        this.#heard(life, answer.transition.after)
        life.isSending = true
        for (const item of life.items) this.#sendAllLater(life, item)
      })
    })
  }

  /** The own commands of the status that the order has come into. */
  #giveOwnCommands(life: Life): void {
    const { stage, status, ownFate, orderId } = life
    for (const { command, payload, share, delayHours, ...when } of this.#scenario.ownCommands ?? []) {
      if (when.status !== status || !happens(share, ownFate)) continue
      this.#plan(this.#world.now + draw(delayHours, ownFate) * hourMs, () => {
        if (life.isOver || life.stage !== stage) return
        this.#ask(life, staffFor(life), { type: "apply", orderId, command, payload }, (answer) => {
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

  #sendAllLater(life: Life, { sku, quantity }: Life["items"][number]): void {
    for (let unit = 0; unit < quantity; unit++) this.#sendLater(life, sku)
  }

  /** One unit, when it has been made ready: it leaves with a subscription. */
  #sendLater(life: Life, sku: Sku): void {
    const { tenantId } = life.customer
    const send = (asset: SerialNumber) =>
      this.#startSubscription(life, sku, asset, (answer) => {
        if (answer.outcome === "accepted" && answer.transition.event.type === "subscription.started") {
          const { subscriptionId } = answer.transition.event.details
          const { after } = answer.transition
          this.#heard(life, after)
          const begun = after.subscriptions.find((each) => each.subscriptionId === subscriptionId)
          return begun && this.#rentals.begin(life, begun, sku)
        }
        // The process says no for now: the unit is made ready once more.
        if (answer.outcome === "refused" && answer.refusal._tag === "OwnRefusal") this.#sendLater(life, sku)
        return isLeftOver(answer) ? this.#warehouse.giveBack(tenantId, sku, asset) : undefined
      })
    const isWanted = () => !life.isOver && !life.isGivenBack && this.#world.now < this.#end
    this.#plan(this.#world.now + draw(this.#scenario.fulfilment.delayHours, life.fate) * hourMs, () =>
      this.#warehouse.add({ tenantId, sku, isWanted, send })
    )
  }

  #startSubscription(life: Life, sku: Sku, asset: SerialNumber, done: (answer: Answer) => void): void {
    const { orderId, customerId } = life
    const request = { orderId, customerId, assetSerialNumber: asset, sku }
    this.#ask(life, staffFor(life), { type: "startSubscription", request }, done)
  }

  #ask = (life: Life, person: Person, call: CallAbout, done: (answer: Answer) => void): void =>
    askAbout(this.#clients, life, person, call, done)

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
    this.#considerGivingBack(life)
    this.#giveOwnCommands(life)
  }

  #close(life: Life): void {
    life.isOver = true
    for (const { sku } of life.items) this.#openBySku.get(sku)?.delete(life)
  }
}

/** A status of a process's own has none. */
const inStatus = (hazards: Readonly<Record<string, Hazards>>, status: string): Hazards => hazards[status] ?? []
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

const address = { contactName: "A customer", streetAddress: "Quay 1", city: "Rotterdam", country: "NL" }

const requestOf = (userId: string, items: Arrival["items"]): PlaceOrder => ({
  customer: { email: `${userId}@example.com`, firstName: "Grace", lastName: "Hopper" },
  billingAddress: address,
  items
})
