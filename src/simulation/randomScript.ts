/**
 * A random script: many orders at once, and for each of them more calls than fit. They come close together, twice, too early, too late, with
 * another's key, by another tenant; assets and customers are few, so that orders get into each other's way.
 */
import { Currency } from "../order/Money.ts"
import { CustomerId, OrderId, type SerialNumber, Sku, SubscriptionId, TenantId } from "../order/Order.ts"
import { isPlain, plainCommands } from "../order/commands/definitions.ts"
import type { CommandType, PlainCommand } from "../order/commands/index.ts"
import type { CancellationPolicy } from "../order/policies/index.ts"
import type { OrderProcess } from "../order/process/orderProcess.ts"
import type { Timestamp } from "../order/Timestamp.ts"
import type { OwnCall } from "./Call.ts"
import { mayBeDoneTwice } from "./Clients.ts"
import type { Faults } from "./Faults.ts"
import { Choice, happens, type Stream, streamOf, unitExponential } from "./randomness.ts"
import type { Script, ScriptedCall, Step } from "./Script.ts"

export interface RandomScriptOptions {
  readonly seed: number
  readonly orders: number
  readonly policy: CancellationPolicy
  readonly faults: Faults
  /** Calls of own commands that are mixed in. */
  readonly ownCalls?: ReadonlyArray<Pick<OwnCall, "command" | "payload">>
}

/** Every command of a process, without a payload. */
export const ownCallsOf = (process: OrderProcess | undefined): NonNullable<RandomScriptOptions["ownCalls"]> =>
  [...(process?.commands.keys() ?? [])].map((command) => ({ command, payload: {} }))

/** Share of own commands among those on an order. */
const ownShare = 0.35

/** One order is placed in so much time, on average. */
const betweenOrdersMs = 3_000

/** How long a script with so many orders is (hours), without its end. */
export const hoursOf = (orders: number): number => (orders * betweenOrdersMs) / 3_600_000

const eur = Currency.make("EUR")
const offered = ["LAPTOP", "PHONE", "MONITOR"].map((sku) => Sku.make(sku))
const retired = Sku.make("RETIRED")
const foreign = Sku.make("FOREIGN")
const products = [
  ...offered.map((sku) => ({ sku, currency: eur, isActive: true })),
  { sku: retired, currency: eur, isActive: false },
  { sku: foreign, currency: Currency.make("USD"), isActive: true }
]
const tenants = [TenantId.make("north"), TenantId.make("south")]
const serialsOf = (sku: Sku) => Array.from({ length: 20 }, (_, n) => `${sku}-${n}` as SerialNumber)

/** How often each command is given, of a hundred or so. A plain one needs no word here. */
const shares = {
  startSubscription: 45,
  cancelSubscription: 25,
  cancel: 15,
  release: 8,
  addItems: 5,
  correct: 3,
  recordPayment: 3,
  returnSubscription: 6,
  buyOutSubscription: 4,
  completeSubscription: 3,
  extendSubscription: 6,
  replaceAsset: 8,
  upgradeSubscription: 6
} satisfies Record<Exclude<CommandType, PlainCommand>, number>
/** `stray`: to an order of another tenant. */
type Kind = CommandType | "cancelMany" | "stray"
const kinds = new Choice<Kind>([
  ...(Object.entries(shares) as ReadonlyArray<[Kind, number]>),
  ...plainCommands.map((type): [Kind, number] => [type, 5]),
  ["cancelMany", 4],
  ["stray", 6]
])

/** The script of a seed. */
export const randomScript = ({ seed, orders, policy, faults, ownCalls = [] }: RandomScriptOptions): Script => {
  const chance = streamOf(seed, "script")
  const isRegistered = happens(0.5, chance)
  const guesses = streamOf(seed, "expected versions")
  const steps: Array<Step> = []
  let calls = 0
  const send = (atMs: number, tenant: TenantId, call: ScriptedCall): number => {
    const number = calls++
    // Most calls have a key of their own; a few have that of the call before.
    const isKeyed = call.type !== "cancelMany" && happens(0.8, chance)
    const key = isKeyed ? { key: `key-${happens(0.02, chance) ? number - 1 : number}` } : {}
    const user = call.type === "place" ? "customer" : "staff"
    // A few name a version that the order may be at; when the call comes, it may be at another.
    const isOfOneOrder = call.type !== "place" && call.type !== "cancelMany"
    const expected = isOfOneOrder && happens(0.1, guesses) ? { expectedVersion: pick([1, 2, 2, 3, 3, 4, 5], guesses) } : {}
    const step: Step = { atMs: Math.ceil(atMs), number, attempt: 0, tenant, user, ...key, ...expected, repeats: 4, call }
    steps.push(step)
    // Some are sent a second time: at once, soon, or when everything is long over.
    const isRepeatable = !mayBeDoneTwice(call) || isKeyed
    if (isRepeatable && happens(0.08, chance)) {
      const laterMs = pick([0, 200, 5_000, 600_000], chance) * chance.next()
      steps.push({ ...step, atMs: Math.ceil(atMs + laterMs), attempt: 1, repeats: 0 })
    }
    return number
  }

  for (let n = 0; n < orders; n++) {
    const tenant = pick(tenants, chance)
    let at = chance.next() * orders * betweenOrdersMs
    const items = Array.from({ length: pick([1, 1, 2], chance) }, () => ({
      sku: happens(0.01, chance) ? pick([retired, foreign, Sku.make("UNKNOWN")], chance) : pick(offered, chance),
      quantity: pick([1, 1, 2, 3], chance)
    }))
    const order = send(at, tenant, { type: "place", request: requestOf(items, chance) })
    const started: Array<number> = []
    const act = (call: ScriptedCall, by = tenant): number => {
      // Often at the same moment as the call before, else some seconds later.
      if (!happens(0.3, chance)) at += unitExponential(chance) * 4_000
      return send(at, by, call)
    }
    const reason = happens(0.5, chance) ? { reason: `reason ${n}` } : {}
    const rental = () => (started.length === 0 ? SubscriptionId.make("sub_unknown") : pick(started, chance))
    const plain = (type: PlainCommand) => act({ type, order, request: {} })
    const give: Readonly<Record<Exclude<Kind, PlainCommand>, () => number>> = {
      startSubscription: () => {
        const { sku } = pick(items, chance)
        const request = {
          assetSerialNumber: pick(serialsOf(happens(0.05, chance) ? pick(offered, chance) : sku), chance),
          ...(happens(0.8, chance) && { sku })
        }
        const customer = happens(0.03, chance) ? CustomerId.make("cust_unknown") : order
        const number = act({ type: "startSubscription", order, customer, request })
        started.push(number)
        return number
      },
      cancelSubscription: () =>
        act({ type: "cancelSubscription", subscription: rental(), request: { reason: "customer_request" } }),
      returnSubscription: () => {
        const fee = happens(0.3, chance) ? { earlyReturnFee: Math.floor(chance.next() * 10_000) } : {}
        const returnCondition = pick(["good", "damaged"] as const, chance)
        const request = { returnCondition, reason: `reason ${n}`, ...fee }
        return act({ type: "returnSubscription", subscription: rental(), request })
      },
      buyOutSubscription: () => {
        const price = happens(0.3, chance) ? { buyoutPrice: Math.floor(chance.next() * 10_000) } : {}
        return act({ type: "buyOutSubscription", subscription: rental(), request: { reason: "other", ...price } })
      },
      completeSubscription: () => act({ type: "completeSubscription", subscription: rental(), request: {} }),
      extendSubscription: () => {
        const amount = happens(0.3, chance) ? { newMonthlyAmount: Math.floor(chance.next() * 10_000) } : {}
        const request = { extensionMonths: pick([1, 12, 100], chance), reason: `reason ${n}`, ...amount }
        return act({ type: "extendSubscription", subscription: rental(), request })
      },
      upgradeSubscription: () => {
        const newSku = happens(0.1, chance) ? pick([retired, foreign, Sku.make("UNKNOWN")], chance) : pick(offered, chance)
        const newSerialNumber = pick(serialsOf(happens(0.1, chance) ? pick(offered, chance) : newSku), chance)
        const contractLength = pick([12, 12, 12, 24], chance)
        const request = { newSku, newSerialNumber, contractLength, newMonthlyAmount: 5_000, reason: `reason ${n}` }
        const number = act({ type: "upgradeSubscription", subscription: rental(), request })
        // What it begins, later calls can name.
        started.push(number)
        return number
      },
      replaceAsset: () => {
        const { sku } = pick(items, chance)
        const newSerialNumber = pick(serialsOf(happens(0.1, chance) ? pick(offered, chance) : sku), chance)
        const replacementReason = pick(["defective", "correction"] as const, chance)
        const request = { newSerialNumber, replacementReason }
        return act({ type: "replaceAsset", subscription: rental(), request })
      },
      cancel: () => act({ type: "cancel", order, request: reason }),
      release: () => {
        const item = { line: Math.floor(chance.next() * (items.length + 0.1)), quantity: pick([1, 1, 2], chance) }
        return act({ type: "release", order, request: { ...reason, ...(happens(0.7, chance) && { items: [item] }) } })
      },
      addItems: () => {
        const sku = happens(0.1, chance) ? pick([retired, foreign, Sku.make("UNKNOWN")], chance) : pick(offered, chance)
        return act({ type: "addItems", order, request: { items: [{ sku, quantity: pick([1, 1, 2], chance) }] } })
      },
      correct: () =>
        act({ type: "correct", order, request: { customer: { lastName: `Hopper ${n}` }, externalReference: `N-${n}` } }),
      recordPayment: () => act({ type: "recordPayment", order, request: { status: pick(["paid", "failed"], chance) } }),
      cancelMany: () => act({ type: "cancelMany", orders: [order, OrderId.make("ord_unknown")], request: reason }),
      // By the other tenant, to whom there is no such order.
      stray: () => act({ type: "cancel", order, request: {} }, tenants.find((other) => other !== tenant) ?? tenant)
    }
    const giveOne = (kind: Kind) => (isPlain(kind) ? plain(kind) : give[kind]())
    const giveOwn = () => act({ type: "apply", order, ...pick(ownCalls, chance) })
    const command = () => (ownCalls.length > 0 && happens(ownShare, chance) ? giveOwn() : giveOne(kinds.draw(chance)))
    if (happens(0.1, chance)) command()
    if (happens(0.9, chance)) plain("confirm")
    const count = 1 + Math.floor(chance.next() * 5)
    for (let i = 0; i < count; i++) command()
    if (happens(0.3, chance)) act({ type: "cancel", order, request: reason })
  }

  steps.sort((a, b) => a.atMs - b.atMs)
  const assets = offered.flatMap((sku) => serialsOf(sku).map((serialNumber) => [serialNumber, sku] as const))
  return {
    seed,
    policy,
    start: "2026-01-05T00:00:00.000Z" as Timestamp,
    products,
    ...(isRegistered && { assets: Object.fromEntries(assets) }),
    faults,
    store: { latencyMs: { constant: 0 }, connections: 16, sharesStatements: false },
    healAfterMs: Math.ceil(orders * betweenOrdersMs + 300_000),
    steps
  }
}

const pick = <A>(things: ReadonlyArray<A>, chance: Stream): A => things[Math.floor(chance.next() * things.length)] as A

const address = { contactName: "Grace Hopper", streetAddress: "Quay 1", city: "Rotterdam", country: "NL" }

/** By one of a few customers, some of whom are new at the same moment. */
const requestOf = (items: ReadonlyArray<{ readonly sku: Sku; readonly quantity: number }>, chance: Stream) => ({
  customer: { email: `customer-${Math.floor(chance.next() * 40)}@example.com`, firstName: "Grace", lastName: "Hopper" },
  billingAddress: address,
  items
})
