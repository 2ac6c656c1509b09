/**
 * What becomes of the units that are with customers: they break down and are replaced, are exchanged for something better, are extended, bought,
 * brought back or cancelled; and what becomes of their assets then.
 */
import type { Order, SerialNumber, Sku, Subscription, SubscriptionId } from "../order/Order.ts"
import { toMillis } from "../order/Timestamp.ts"
import type { Transition } from "../order/Transition.ts"
import { dayMs, hourMs } from "./Arrivals.ts"
import type { Answer, CommandCall } from "./Call.ts"
import type { Clients } from "./Clients.ts"
import { askAbout, type Life, type Rented, staffFor } from "./Life.ts"
import { Choice, draw, happens, timeUntil, unitExponential } from "./randomness.ts"
import type { Scenario } from "./Scenario.ts"
import type { Warehouse } from "./Warehouse.ts"
import type { World } from "./World.ts"

/** A mix-up is noticed after so many hours, on average. */
const noticedAfterHours = 6

/** What is kept until its contract is over comes back so many days later, on average. */
const broughtBackAfterDays = 3

/** So long before its end a contract is extended. */
const extendedBeforeMs = 7 * dayMs

/** How a customer ends a subscription. */
type Ending = keyof Scenario["subscription"]["endings"]

/** What the rentals need of all others. */
export interface Surroundings {
  readonly world: World
  readonly clients: Clients
  readonly scenario: Scenario
  readonly warehouse: Warehouse
  /** What lies behind the end of the scenario does not happen. */
  readonly plan: (at: number, happen: () => void) => void
  /** An order was changed. */
  readonly heard: (life: Life, order: Order) => void
  /** An asset is rented out as another SKU from now on; or (null) it was sold. */
  readonly assetMoved: (from: Sku, to: Sku | null) => void
}

export class Rentals {
  readonly #around: Surroundings
  readonly #endings: Choice<Ending>
  readonly #products: ReadonlyMap<Sku, Scenario["catalogue"][number]>

  constructor(around: Surroundings) {
    const { subscription, catalogue } = around.scenario
    this.#around = around
    this.#endings = new Choice(Object.entries(subscription.endings) as ReadonlyArray<[Ending, number]>)
    this.#products = new Map(catalogue.map((product) => [product.sku, product]))
  }

  /** A unit has come to the customer. */
  begin(life: Life, { subscriptionId, serialNumber, endDate }: Subscription, sku: Sku): void {
    const rented: Rented = { sku, asset: serialNumber, contractEndsAt: toMillis(endDate), isOver: false }
    life.rented.set(subscriptionId, rented)
    const { lengthDays, earlyEndPerDay, defectsPerDay, upgradesPerDay } = this.#around.scenario.subscription
    const early = timeUntil(unitExponential(life.fate), [{ fromDay: 0, perDay: earlyEndPerDay }])
    const afterDays = Math.min(draw(lengthDays, life.fate), early)
    const ending = this.#endings.draw(life.laterFate)
    if (ending === "complete") this.#endWhenOver(life, subscriptionId, rented)
    else this.#when(rented, this.#now + afterDays * dayMs, () => this.#end(life, subscriptionId, ending))
    this.#extendLater(life, subscriptionId, rented)
    this.#putRightLater(life, subscriptionId, rented)
    this.#atRate(defectsPerDay, life, rented, () => this.#replace(life, subscriptionId, rented, "defective"))
    this.#atRate(upgradesPerDay, life, rented, () => this.#upgrade(life, subscriptionId, rented))
  }

  /** The customer gives everything back; `done` hears when it is over. */
  cancelAll(life: Life, done: () => void): void {
    const open = [...life.rented.keys()]
    let left = open.length
    for (const subscriptionId of open) {
      this.#end(life, subscriptionId, "cancel", () => {
        if (--left === 0) done()
      })
    }
  }

  get #now(): number {
    return this.#around.world.now
  }

  /** As long as the unit is with the customer. */
  #when(rented: Rented, at: number, happen: () => void): void {
    this.#around.plan(at, () => {
      if (!rented.isOver) happen()
    })
  }

  #atRate(perDay: number, { laterFate }: Life, rented: Rented, happen: () => void): void {
    if (perDay > 0) this.#when(rented, this.#now + (unitExponential(laterFate) / perDay) * dayMs, happen)
  }

  // --- the end ---------------------------------------------------------------------------------------------------------------------------

  /** Some days after the end of the contract the asset is brought back; where it was extended meanwhile, after that. */
  #endWhenOver(life: Life, rentalId: SubscriptionId, rented: Rented): void {
    const { contractEndsAt } = rented
    const at = contractEndsAt + unitExponential(life.laterFate) * broughtBackAfterDays * dayMs
    this.#when(rented, at, () => {
      if (rented.contractEndsAt > contractEndsAt) this.#endWhenOver(life, rentalId, rented)
      else this.#end(life, rentalId, "complete")
    })
  }

  #end(life: Life, rentalId: SubscriptionId, ending: Ending, ended: () => void = () => undefined): void {
    const { clients, heard } = this.#around
    const person = ending === "cancel" ? life.customer : staffFor(life)
    askAbout(clients, life, person, endingCall(ending, rentalId), (answer) => {
      const again = () => this.#end(life, rentalId, ending, ended)
      if (answer.outcome === "unavailable" || answer.outcome === "unknown") return this.#around.plan(this.#now + dayMs, again)
      // It was renewed by itself: it is brought back early.
      if (answer.outcome === "refused" && answer.refusal._tag === "ContractNotOver")
        return this.#end(life, rentalId, "return", ended)
      const rented = life.rented.get(rentalId)
      life.rented.delete(rentalId)
      if (rented !== undefined) {
        rented.isOver = true
        // What was bought stays with the customer. Where the subscription had ended by itself, the asset still comes back.
        const isSold = ending === "buyOut" && answer.outcome === "accepted"
        const { serialNumber = rented.asset } = answer.outcome === "accepted" ? subscriptionIn(answer.transition, rentalId) : {}
        if (isSold) this.#around.assetMoved(rented.sku, null)
        else this.#comesBack(life, rented.sku, serialNumber)
      }
      if (answer.outcome === "accepted") heard(life, answer.transition.after)
      return ended()
    })
  }

  /** After a while it can be rented again: as second-hand, where the shop does so. */
  #comesBack(life: Life, sku: Sku, asset: SerialNumber): void {
    const { scenario, warehouse } = this.#around
    const as = this.#products.get(sku)?.secondHandAs ?? sku
    const backAt = this.#now + draw(scenario.fulfilment.turnaroundHours, life.fate) * hourMs
    this.#around.plan(backAt, () => {
      if (as !== sku) this.#around.assetMoved(sku, as)
      warehouse.giveBack(life.customer.tenantId, as, asset)
    })
  }

  // --- meanwhile -------------------------------------------------------------------------------------------------------------------------

  #extendLater(life: Life, rentalId: SubscriptionId, rented: Rented): void {
    const { extended, extensionMonths } = this.#around.scenario.subscription
    if (extended === 0 || !happens(extended, life.laterFate)) return
    this.#when(rented, rented.contractEndsAt - extendedBeforeMs, () => {
      const request = { rentalId, extensionMonths, reason: "The customer keeps it." }
      askAbout(this.#around.clients, life, staffFor(life), { type: "extendSubscription", request }, (answer) => {
        if (answer.outcome !== "accepted") return
        const { endDate } = subscriptionIn(answer.transition, rentalId)
        if (endDate !== undefined) rented.contractEndsAt = toMillis(endDate)
        this.#around.heard(life, answer.transition.after)
        this.#extendLater(life, rentalId, rented)
      })
    })
  }

  #putRightLater(life: Life, rentalId: SubscriptionId, rented: Rented): void {
    const { mixUps } = this.#around.scenario.fulfilment
    if (mixUps === 0 || !happens(mixUps, life.laterFate)) return
    const noticedAt = this.#now + unitExponential(life.laterFate) * noticedAfterHours * hourMs
    this.#when(rented, noticedAt, () => this.#replace(life, rentalId, rented, "correction"))
  }

  /** The customer gets another asset of the same SKU. Where there is none, it is looked for again tomorrow. */
  #replace(life: Life, rentalId: SubscriptionId, rented: Rented, replacementReason: "defective" | "correction"): void {
    const { clients, scenario, warehouse, plan, heard } = this.#around
    const { tenantId } = life.customer
    const newSerialNumber = warehouse.take(tenantId, rented.sku)
    if (newSerialNumber === undefined)
      return this.#when(rented, this.#now + dayMs, () => this.#replace(life, rentalId, rented, replacementReason))
    const call: CommandCall = { type: "replaceAsset", request: { rentalId, newSerialNumber, replacementReason } }
    return askAbout(clients, life, staffFor(life), call, (answer) => {
      this.#unlessTaken(life, rented.sku, newSerialNumber, answer)
      if (answer.outcome !== "accepted" || answer.transition.event.type !== "subscription.asset_replaced") return
      const { oldSerialNumber } = answer.transition.event.details
      rented.asset = newSerialNumber
      const isWell = replacementReason === "correction"
      const repairedAt = this.#now + draw(scenario.fulfilment.repairDays, life.laterFate) * dayMs
      plan(isWell ? this.#now : repairedAt, () => warehouse.giveBack(tenantId, rented.sku, oldSerialNumber))
      heard(life, answer.transition.after)
    })
  }

  /** The customer gets something better, if there is anything. */
  #upgrade(life: Life, rentalId: SubscriptionId, rented: Rented): void {
    const { clients, warehouse, heard } = this.#around
    const product = this.#products.get(this.#products.get(rented.sku)?.upgradeTo ?? rented.sku)
    if (product === undefined || product.sku === rented.sku) return
    const { sku: newSku, contractMonths: contractLength, monthlyPrice: newMonthlyAmount } = product
    const newSerialNumber = warehouse.take(life.customer.tenantId, newSku)
    if (newSerialNumber === undefined) return
    const request = { rentalId, newSku, newSerialNumber, contractLength, newMonthlyAmount, reason: "Something better." }
    askAbout(clients, life, staffFor(life), { type: "upgradeSubscription", request }, (answer) => {
      this.#unlessTaken(life, newSku, newSerialNumber, answer)
      if (answer.outcome !== "accepted" || answer.transition.event.type !== "subscription.upgraded") return
      const { newSubscriptionId, oldSerialNumber } = answer.transition.event.details
      if (life.rented.delete(rentalId)) this.#comesBack(life, rented.sku, oldSerialNumber)
      rented.isOver = true
      heard(life, answer.transition.after)
      const begun = answer.transition.after.subscriptions.find((each) => each.subscriptionId === newSubscriptionId)
      if (begun !== undefined) this.begin(life, begun, newSku)
    })
  }

  /** An asset that was taken from the shelf for a call goes back there, unless it went to the customer, or may have. */
  #unlessTaken(life: Life, sku: Sku, asset: SerialNumber, answer: Answer): void {
    if (isLeftOver(answer)) this.#around.warehouse.giveBack(life.customer.tenantId, sku, asset)
  }
}

/** A subscription after a transition. */
const subscriptionIn = ({ after }: Transition, id: SubscriptionId): Partial<Subscription> =>
  after.subscriptions.find(({ subscriptionId }) => subscriptionId === id) ?? {}

/** The call by which a subscription ends so. */
const endingCall = (ending: Ending, rentalId: SubscriptionId): CommandCall => {
  switch (ending) {
    case "cancel":
      return { type: "cancelSubscription", request: { rentalId, reason: "customer_request" } }
    case "return":
      return { type: "returnSubscription", request: { rentalId, returnCondition: "good", reason: "No longer needed." } }
    case "buyOut":
      return { type: "buyOutSubscription", request: { rentalId, reason: "customer_request" } }
    case "complete":
      return { type: "completeSubscription", request: { rentalId } }
  }
}

/** Whether the asset that a call wanted is still there for others. */
export const isLeftOver = (answer: Answer): boolean =>
  answer.outcome === "unavailable" || (answer.outcome === "refused" && answer.refusal._tag !== "AssetNotAvailable")
