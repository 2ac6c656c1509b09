/** One scenario being told: its tenant, the people, the orders by the names they go by, and the answer that was given last. */
import { randomUUID } from "node:crypto"
import { isDeepStrictEqual } from "node:util"
import { expect } from "vitest"
import { SerialNumber, TenantId } from "../../src/order/Order.ts"
import type { PlaceOrder } from "../../src/order/commands/place.ts"
import type { CancellationPolicy } from "../../src/order/policies/index.ts"
import type { Chronicle } from "./Chronicle.ts"
import { keyFor } from "./HttpShop.ts"
import type { Backstage, LifecycleName, OpenWay } from "./openWays.ts"
import type { Way } from "./readPages.ts"
import type {
  Answer,
  Asking,
  Command,
  CommandOnSubscription,
  Done,
  EventFacts,
  OrderFacts,
  PreviewFacts,
  Refused,
  Shop,
  Staff
} from "./Shop.ts"
import { morning, type Product, type Surroundings } from "./Surroundings.ts"

/** Who works here, and who only wishes to. */
export const staff = {
  Ada: { name: "Ada", actor: { userId: "ada", email: "ada@example.com", displayName: "Ada", role: "admin" }, access: "a key" },
  Linus: { name: "Linus", actor: { userId: "linus" }, access: "a key" },
  /** May look and not touch. */
  Eve: { name: "Eve", actor: { userId: "eve", role: "read-only" }, access: "a key" },
  /** Works for another tenant. */
  Mallory: { name: "Mallory", actor: { userId: "mallory" }, access: "a key" },
  "a stranger": { name: "a stranger", actor: { userId: "stranger" }, access: "a key nobody knows" },
  "somebody without a key": { name: "somebody without a key", actor: { userId: "nobody" }, access: "no key" }
} as const satisfies Record<string, Staff>
export type StaffName = keyof typeof staff

/** Who orders. */
export const customers = {
  Grace: { email: "grace@example.com", firstName: "Grace", lastName: "Hopper" },
  Alan: { email: "alan@example.com", firstName: "Alan", lastName: "Turing" }
} as const
export type CustomerName = keyof typeof customers

/** An id that nobody was ever given. */
export const unknownId = "ord_019ab000-0000-7000-8000-000000000000"

/** An order as the scenario speaks of it. */
export interface Known {
  readonly orderId: string
  readonly customerId: string
}

export interface Item {
  readonly product: Product
  readonly quantity: number
  readonly months?: number
}

export const requestFor = (
  customer: CustomerName,
  items: ReadonlyArray<Item>,
  more: Partial<PlaceOrder["customer"]> = {},
  besides: Pick<PlaceOrder, "externalReference"> = {}
): PlaceOrder => {
  const { firstName, lastName } = customers[customer]
  return {
    customer: { ...customers[customer], ...more },
    billingAddress: { contactName: `${firstName} ${lastName}`, streetAddress: "Quay 1", city: "Rotterdam", country: "NL" },
    items: items.map(({ product, quantity, months }) => ({
      sku: product.variant.sku,
      quantity,
      ...(months !== undefined && { contractLength: months })
    })),
    ...besides
  }
}

export interface WorldOptions {
  readonly way: Way
  readonly open: OpenWay
  readonly surroundings: Surroundings
  readonly chronicle: Chronicle
}

export class World {
  readonly tenantId = TenantId.make(`tenant-${randomUUID()}`)
  readonly otherTenantId = TenantId.make(`tenant-${randomUUID()}`)
  readonly surroundings: Surroundings
  policy: CancellationPolicy = "noActiveSubscriptions"
  /** A process of the shop's own that it works by, or the library's registry of assets, instead of a policy. */
  process: Exclude<LifecycleName, CancellationPolicy> | undefined

  readonly #way: Way
  readonly #open: OpenWay
  readonly #chronicle: Chronicle
  readonly #orders = new Map<string, Known>()
  readonly #subscriptions = new Map<string, string>()
  #placed = 0
  #answer: Answer<unknown> | undefined
  #isJudged = true
  #ask: (() => Promise<Answer<unknown>>) | undefined
  #askAbout: ((orderId: string) => Promise<Answer<unknown>>) | undefined
  /** What was said to the request before the repeated one. */
  first: string | undefined
  /** The order that the last command was given to, before and after it. */
  change: { readonly before: OrderFacts; readonly after: OrderFacts } | undefined

  constructor({ way, open, surroundings, chronicle }: WorldOptions) {
    this.#way = way
    this.#open = open
    this.surroundings = surroundings
    this.#chronicle = chronicle
    surroundings.nowMs = morning
    for (const each of Object.values(staff)) {
      if (each.access !== "a key") continue
      const home = this.homeOf(each)
      surroundings.admit(keyFor(each.actor.userId, home), { actor: each.actor, tenants: new Set([home]) })
    }
  }

  get shop(): Shop {
    return this.#open.shopUnder(this.process ?? this.policy)
  }

  get backstage(): Backstage {
    return this.#open.backstage
  }

  homeOf({ name }: Staff): TenantId {
    return name === "Mallory" ? this.otherTenantId : this.tenantId
  }

  /** A member of staff asks on behalf of the tenant they work for. */
  asking(name: StaffName, more: Partial<Asking> = {}): Asking {
    const home = this.homeOf(staff[name])
    return { staff: staff[name], home, tenantId: home, ...more }
  }

  // --- names -----------------------------------------------------------------------------------------------------------------------

  /** The order that a page means by "the order", "Grace's order" or "the second order". */
  known(name: string): Known {
    const known = this.#orders.get(name)
    if (known === undefined)
      throw new Error(`nobody has placed ${name} so far; there is: ${[...this.#orders.keys()].join(", ") || "none"}`)
    return known
  }

  nameOf(orderId: string): string {
    for (const [name, known] of this.#orders) if (known.orderId === orderId && name !== "the order") return name
    return orderId
  }

  async remember(customer: CustomerName, orderId: string): Promise<void> {
    const { customerId } = (await this.order(orderId)).customer
    this.#placed++
    const names = [
      "the order",
      `${customer}'s order`,
      `the ${["first", "second", "third"][this.#placed - 1] ?? this.#placed} order`
    ]
    for (const name of names) this.#orders.set(name, { orderId, customerId })
  }

  subscriptionFor(serial: string): string {
    const id = this.#subscriptions.get(serial)
    if (id === undefined) throw new Error(`nobody has started a subscription for ${serial} so far`)
    return id
  }

  serialOf(subscriptionId: string): string {
    for (const [serial, id] of this.#subscriptions) if (id === subscriptionId) return serial
    return subscriptionId
  }

  // --- looking ---------------------------------------------------------------------------------------------------------------------

  async order(orderId: string): Promise<OrderFacts> {
    return factsOf(await this.shop.order(this.asking("Ada"), orderId), "the order")
  }

  async events(orderId: string): Promise<ReadonlyArray<EventFacts>> {
    return factsOf(await this.shop.events(this.asking("Ada"), orderId), "the audit trail")
  }

  // --- asking ----------------------------------------------------------------------------------------------------------------------

  /** Place an order; what it is called afterwards goes by the customer and by how many there were before. */
  async place(customer: CustomerName, request: PlaceOrder, who = this.asking("Ada")): Promise<Answer<Done>> {
    const answer = await this.#say(async () => {
      const given = await this.shop.place(who, request)
      this.#chronicle.placings.push({ way: this.#way, outcome: given.accepted ? "pending" : given.code })
      return given
    })
    // Under a key it may be an order of before that is told of again.
    if (answer.accepted && !this.#isKnown(answer.facts.id)) await this.remember(customer, answer.facts.id)
    return answer
  }

  #isKnown(orderId: string): boolean {
    return [...this.#orders.values()].some((known) => known.orderId === orderId)
  }

  /** Give a command to an order. Besides the answer it is looked at whether the preview had said so, and that a refusal changed nothing. */
  give(who: Asking, orderId: string, command: Command): Promise<Answer<Done>> {
    return this.#say(
      async () => {
        const before = await this.#snapshot(orderId)
        const foreseen = this.#mayAsk(who) ? await this.shop.foresee(who, orderId, command) : undefined
        const answer = await this.shop.give(who, orderId, command)
        if (answer.accepted && command.type === "startSubscription") this.#subscriptions.set(command.serial, answer.facts.id)
        const after = await this.#snapshot(orderId)
        if (answer.accepted && "given" in command) this.#learn(command, after?.order.subscriptionIds.at(-1))
        if (!answer.accepted) expect(after, "a refused command changes nothing").toEqual(before)
        this.change = before && after && { before: before.order, after: after.order }
        if (!this.#mayAsk(who)) return answer
        if (foreseen !== undefined) {
          const [blocker] = foreseen.blockers
          const promised = blocker === undefined ? { status: foreseen.status } : { code: blocker.code }
          const done = answer.accepted ? { status: after?.order.status } : { code: answer.code }
          expect(done, "what a command does is what its preview says").toEqual(promised)
        }
        if (before === undefined || after === undefined) return answer
        // What is told of a process is no row of the library's own table, and neither is that a version is another than expected.
        if (this.process !== undefined || command.type === "apply" || who.expectedVersion !== undefined) return answer
        const about = { way: this.#way, policy: this.policy, command: command.type, from: before.order.status }
        this.#chronicle.add(about, answer, after.order.status, foreseen)
        return answer
      },
      (other) => this.shop.give(who, other, command)
    )
  }

  /** A subscription is called by the asset that it has now. */
  #learn({ type, subscriptionId, given }: CommandOnSubscription, newest: string | undefined): void {
    const serial = given["newSerialNumber"]
    if (typeof serial !== "string" || newest === undefined) return
    if (type === "replaceAsset") this.#subscriptions.delete(this.serialOf(subscriptionId))
    this.#subscriptions.set(serial, type === "replaceAsset" ? subscriptionId : newest)
  }

  /** Whether somebody asks for the first time who may; any other answer is not the lifecycle's. */
  #mayAsk({ tenantId, key, staff: { access, actor } }: Asking): boolean {
    return tenantId === this.tenantId && key === undefined && access === "a key" && actor.userId !== staff.Eve.actor.userId
  }

  /** As our own staff see it; undefined when there is no such order. */
  async #snapshot(orderId: string) {
    const who = this.asking("Ada")
    const order = await this.shop.order(who, orderId)
    if (!order.accepted) return undefined
    return { order: order.facts, events: factsOf(await this.shop.events(who, orderId), "the audit trail") }
  }

  async #say<Facts>(
    ask: () => Promise<Answer<Facts>>,
    askAbout?: (orderId: string) => Promise<Answer<Facts>>
  ): Promise<Answer<Facts>> {
    this.mustBeJudged()
    const answer = await ask()
    this.#ask = ask
    this.#askAbout = askAbout
    this.#answer = answer
    this.#isJudged = false
    return answer
  }

  /** Ask about an order in any other way than by a command. */
  look<Facts>(orderId: string, ask: (orderId: string) => Promise<Answer<Facts>>): Promise<Answer<Facts>> {
    return this.#say(() => ask(orderId), ask)
  }

  /** The same question about an order that never existed. */
  async askAboutNothing(): Promise<Refused> {
    if (this.#askAbout === undefined) throw new Error("the last request was about no order")
    const answer = await this.#askAbout(unknownId)
    if (answer.accepted) throw new Error("an order that never existed was found")
    return answer
  }

  /** Send the last request once more. */
  async repeat(): Promise<void> {
    if (this.#ask === undefined || this.#answer === undefined) throw new Error("there is no request to repeat")
    const first = this.#answer.said
    await this.#say(this.#ask)
    this.first = first
  }

  /** For what is given: it has to be accepted, or the scenario has not begun. */
  async must(asked: Promise<Answer<Done>>): Promise<void> {
    factsOf(await asked, "what is given")
    this.#isJudged = true
  }

  // --- judging ---------------------------------------------------------------------------------------------------------------------

  /** The last answer, which somebody now looks at. */
  answer(): Answer<unknown> {
    if (this.#answer === undefined) throw new Error("nothing was asked so far")
    this.#isJudged = true
    return this.#answer
  }

  refusal(): Refused {
    const answer = this.answer()
    if (answer.accepted) throw new Error("it was accepted, not refused")
    return answer
  }

  preview(): PreviewFacts {
    return factsOf(this.answer(), "the preview") as PreviewFacts
  }

  /** An answer that nobody looks at could be anything. */
  mustBeJudged(): void {
    if (!this.#isJudged)
      throw new Error("nobody said what came of this: write `Then it is accepted` or `Then it is refused with …` below it")
  }

  /** After the last step: what is stored has to be as it should be. */
  async finish(): Promise<void> {
    this.mustBeJudged()
    const faults = [...(await this.backstage.audit(this.tenantId)), ...(await this.backstage.audit(this.otherTenantId))]
    expect(faults, "what is stored is as it should be").toEqual([])
  }

  register(serial: string, product: Product, available: boolean): void {
    this.surroundings.register(this.tenantId, SerialNumber.make(serial), product.variant.sku, available)
  }
}

const factsOf = <Facts>(answer: Answer<Facts>, what: string): Facts => {
  if (answer.accepted) return answer.facts
  throw new Error(`${what} was refused: ${answer.said}`)
}

/** What differs between two values with members of the same names. */
export const differences = (before: object, after: object): ReadonlyArray<string> => {
  const [one, other] = [before as Record<string, unknown>, after as Record<string, unknown>]
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].filter((key) => !isDeepStrictEqual(one[key], other[key]))
}
