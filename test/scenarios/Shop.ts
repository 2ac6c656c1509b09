/**
 * The shop as the steps of a scenario see it: what can be asked of it, in terms that the library and the HTTP API can both answer in.
 * Amounts are text with the currency's decimals (`99.00 EUR`); an answer is what was done, or the refusal.
 */
import type { Identity } from "../../src/http/ApiKeys.ts"
import type { TenantId } from "../../src/order/Order.ts"
import type { CommandType } from "../../src/order/commands/index.ts"
import type { CorrectOrder } from "../../src/order/commands/correct.ts"
import type { PlaceOrder } from "../../src/order/commands/place.ts"

/** Someone who works for a tenant. `access` is what an HTTP request of theirs comes with; calls in code need no key. */
export interface Staff {
  readonly name: string
  readonly actor: Identity["actor"]
  readonly access: "a key" | "a key nobody knows" | "no key"
}

/** Who asks, for which tenant, and under which idempotency key if any. */
export interface Asking {
  readonly staff: Staff
  /** The tenant they work for, and the one they ask about. */
  readonly home: TenantId
  readonly tenantId: TenantId
  readonly key?: string
  readonly requestId?: string
  readonly expectedVersion?: number
}

export interface Refused {
  readonly accepted: false
  readonly code: string
  /** What the refusal says; empty where it says something for each wrong field. */
  readonly message: string
  readonly faults: ReadonlyArray<{ readonly path: string; readonly message: string }>
  /** The cancel that came first, as far as the way of asking tells. */
  readonly original?: { readonly cancelledAt: string; readonly reason?: string }
  /** Everything that was answered, to the letter. */
  readonly said: string
  /** It is marked as an answer that is given again. */
  readonly replayed: boolean
}
export type Answer<Facts> = ({ readonly accepted: true; readonly facts: Facts } & Pick<Refused, "said" | "replayed">) | Refused

/** What is done with one active subscription. */
export type OnSubscription =
  | "returnSubscription"
  | "buyOutSubscription"
  | "completeSubscription"
  | "extendSubscription"
  | "replaceAsset"
  | "upgradeSubscription"

/** A command on an order. */
export type Command =
  | { readonly type: "confirm" }
  | {
      readonly type: "startSubscription"
      readonly serial: string
      readonly customerId: string
      readonly sku?: string
      readonly contractLength?: number
      readonly startDate?: string
    }
  | { readonly type: "cancelSubscription"; readonly subscriptionId: string; readonly reason: string; readonly notes?: string }
  /** The request in the words of the API. Amounts as pages write them: `30.00 EUR`. */
  | {
      readonly type: OnSubscription
      readonly subscriptionId: string
      readonly given: Readonly<Record<string, unknown>>
      readonly amounts: Readonly<Record<string, string>>
    }
  | {
      readonly type: "release"
      readonly items?: ReadonlyArray<{ readonly line: number; readonly quantity: number }>
      readonly reason?: string
    }
  | {
      readonly type: "addItems"
      readonly items: ReadonlyArray<{ readonly sku: string; readonly quantity: number; readonly contractLength?: number }>
    }
  | ({ readonly type: "correct" } & CorrectOrder)
  /** `paidAmount` as pages write it: `30.00 EUR`. */
  | { readonly type: "recordPayment"; readonly status: "pending" | "paid" | "failed"; readonly paidAmount?: string }
  | { readonly type: "cancel"; readonly reason?: string }
  /** One of the shop's own, by its name. */
  | { readonly type: "apply"; readonly command: string; readonly payload: Readonly<Record<string, string>> }
export type CommandOf<Type extends CommandType> = Extract<Command, { type: Type }>
export type CommandOnSubscription = Extract<Command, { type: OnSubscription }>

/** What an accepted command names: the order, or the subscription it is about. */
export interface Done {
  readonly id: string
}

export interface BySku {
  readonly sku: string
  readonly quantity: number
}

export interface LineFacts {
  readonly sku: string
  readonly productName: string
  readonly quantity: number
  readonly contractLength: number
  readonly price: string
  readonly progress: string
  readonly held: number
  readonly released: number
  readonly subscriptionIds: ReadonlyArray<string>
}

export interface OrderFacts {
  readonly orderId: string
  readonly tenantId: string
  readonly status: string
  readonly customer: { readonly customerId: string; readonly email: string; readonly name: string; readonly phone?: string }
  readonly city: string
  readonly lines: ReadonlyArray<LineFacts>
  readonly subtotal: string
  readonly tax: string
  readonly total: string
  readonly devices: number
  readonly rented: number
  readonly released: number
  readonly externalReference?: string
  readonly shipsTo: string
  readonly subscriptionIds: ReadonlyArray<string>
  readonly payment?: { readonly status?: string; readonly paid?: string }
  readonly notes?: string
  readonly createdAt: string
  readonly updatedAt: string
  readonly createdBy: string
}

export interface SubscriptionFacts {
  readonly subscriptionId: string
  readonly orderId: string
  readonly serial: string
  readonly sku: string
  readonly status: string
  readonly price: string
  readonly contractLength: number
  readonly startDate: string
  readonly endDate: string
  readonly ended?: { readonly at: string; readonly by: string; readonly reason?: string; readonly notes?: string }
}

export interface EventFacts {
  readonly sequence: number
  readonly type: string
  readonly at: string
  readonly actor: Identity["actor"]
  readonly from: string | null
  readonly to: string
  readonly reason?: string
  readonly released: ReadonlyArray<BySku>
  readonly subscriptionId?: string
  readonly requestId: string
  readonly previousHash: string | null
  readonly hash: string
}

export interface PreviewFacts {
  readonly version: number
  readonly blockers: ReadonlyArray<{
    readonly code: string
    readonly guard: string
    readonly message: string
    readonly subscriptionIds: ReadonlyArray<string>
  }>
  readonly releases: ReadonlyArray<BySku>
  readonly warnings: ReadonlyArray<string>
}

/**
 * What is in the way of a command: each refusal, with the machine's name for what is lacking; or the status it would lead to. Where the
 * question itself is refused, so would be the command; then the machine was not asked, and has no name for it.
 */
export interface Foreseen {
  readonly blockers: ReadonlyArray<{ readonly code: string; readonly guard?: string }>
  readonly status?: string
}

export interface AssetFacts {
  readonly serial: string
  readonly sku: string
  readonly status: string
  readonly location?: string
  /** The subscription for which it is out. */
  readonly subscriptionId?: string
}

/** A device to register. */
export interface Device {
  readonly serial: string
  readonly sku: string
  readonly status: string
}

export interface Shop {
  readonly place: (who: Asking, request: PlaceOrder) => Promise<Answer<Done>>
  readonly give: (who: Asking, orderId: string, command: Command) => Promise<Answer<Done>>
  /** What a cancel would do. */
  readonly preview: (who: Asking, orderId: string) => Promise<Answer<PreviewFacts>>
  /** What any command would do. */
  readonly foresee: (who: Asking, orderId: string, command: Command) => Promise<Foreseen>
  readonly order: (who: Asking, orderId: string) => Promise<Answer<OrderFacts>>
  readonly orders: (who: Asking, filter: Readonly<Record<string, string>>) => Promise<Answer<ReadonlyArray<OrderFacts>>>
  readonly subscription: (who: Asking, subscriptionId: string) => Promise<Answer<SubscriptionFacts>>
  readonly events: (who: Asking, orderId: string) => Promise<Answer<ReadonlyArray<EventFacts>>>
  readonly stock: (
    who: Asking,
    sku: string
  ) => Promise<{ readonly reserved: number; readonly rented: number; readonly available?: number }>
  readonly register: (who: Asking, device: Device) => Promise<Answer<AssetFacts>>
  readonly changeAsset: (
    who: Asking,
    serial: string,
    change: { readonly status?: string; readonly location?: string; readonly reason?: string }
  ) => Promise<Answer<AssetFacts>>
  readonly withdrawAsset: (who: Asking, serial: string) => Promise<Answer<Done>>
  readonly asset: (who: Asking, serial: string) => Promise<Answer<AssetFacts>>
  /** `expected`: the notes as they were read. */
  readonly rewriteNotes: (who: Asking, orderId: string, notes: string, expected?: string) => Promise<Answer<Done>>
}

/** Decimals of the currencies in the scenarios. Written down here and not taken from the library, which is what is on trial. */
const decimalsByCurrency: Readonly<Record<string, number>> = { EUR: 2, JPY: 0, KWD: 3 }

export const decimalsOf = (currency: string): number => {
  const decimals = decimalsByCurrency[currency]
  if (decimals === undefined) throw new Error(`the scenarios know nothing of ${currency}`)
  return decimals
}

/** An amount that a page writes: the number in major units, and in minor ones. */
export const readMoney = (money: string): { readonly major: number; readonly minor: number } => {
  const [amount = "", currency = ""] = money.split(" ")
  const major = Number(amount)
  return { major, minor: Math.round(major * 10 ** decimalsOf(currency)) }
}

/** An amount as pages write it. `units` says whether it is counted in cents or in euros. */
export const writeMoney = (amount: number, currency: string, units: "minor" | "major"): string => {
  const decimals = decimalsOf(currency)
  return `${(units === "minor" ? amount / 10 ** decimals : amount).toFixed(decimals)} ${currency}`
}
