/**
 * What a command is, in one value: what callers give, what the machine wants to know before it answers, the refusals in words, the event
 * that records it, and what that event makes of the order. Where the command may be given is not said here but in `orderMachine.ts`.
 */
import type * as Schema from "effect/Schema"
import type { AssetMove } from "../../asset/AssetMove.ts"
import type { SharedRefusal } from "../commonRefusals.ts"
import type { Calculation, Order, Sku, SubscriptionId } from "../Order.ts"
import type { OrderEventSchema, Released } from "../orderEvent.ts"
import type { CancellationPolicy } from "../policies/index.ts"
import type { Timestamp } from "../Timestamp.ts"
import type { Variant } from "./priceLines.ts"

/**
 * What is known of the asset a subscription is to be started with. `sku` is the registry's; absent where there is no registry. `isRegistered`: it
 * stands in the library's own registry, which the change then moves it in.
 */
export interface AssetFacts {
  readonly isKnown: boolean
  readonly isRented: boolean
  readonly isRegistered?: true
  readonly sku?: Sku
}

/** What a command that rents an asset learns from its surroundings: the id for its subscription, and how the asset stands. */
export interface RentingFacts {
  readonly subscriptionId: SubscriptionId
  readonly asset: AssetFacts
}

/** What a command that orders something learns from the catalogue: the variants that it has of the SKUs asked about. */
export interface PricingFacts {
  readonly variants: ReadonlyMap<Sku, Variant>
}

/** The amounts that a function of the embedding service quotes, by the member of a request that may say another. */
export type QuoteName = "earlyReturnFee" | "buyoutPrice"

/** What a command that charges something learns from that function (minor units); absent where the request says an amount itself. */
export interface QuotingFacts {
  readonly quoted?: number
}

/** An amount in minor units, and who said it. */
export interface Charged {
  readonly amount: number
  readonly calculation: typeof Calculation.Type
}

/** The amount that the request says, or else the one that was quoted. */
export const amountOf = (given: number | undefined, quoted: number | undefined): Charged => {
  if (given !== undefined) return { amount: given, calculation: "manual_override" }
  if (quoted === undefined) throw new Error("there is neither an amount nor a quote")
  return { amount: quoted, calculation: "auto_calculated" }
}

/**
 * How the caller names the order: `order`, by its id beside the request; `orderId`, by that member of the request; `rentalId`, by the member
 * that names one of its subscriptions.
 */
export type Target = "order" | "orderId" | "rentalId"

/** What a refusal can tell about. `lacking` is the fact that does not hold, by the machine's name. */
export interface RefusalFacts<Command> {
  readonly order: Order
  readonly command: Command
  readonly lacking: string | undefined
  readonly policy: CancellationPolicy
}

export type RequestSchema = Schema.Struct<Schema.Struct.Fields>

/** A request as the order's own part of it: without the order's id, if that is a member. */
type WithoutOrderId<Request, To extends Target> = To extends "orderId" ? Omit<Request, "orderId"> : Request

/** What everything else about a command is written in terms of. */
export interface CommandTerms<
  Name extends string,
  Request extends RequestSchema,
  To extends Target,
  Rents extends string | undefined,
  Event extends OrderEventSchema,
  Errors extends ReadonlyArray<RefusalClass>,
  Prices extends PricesAsked = undefined,
  Quotes extends QuoteName | undefined = undefined
> {
  readonly name: Name
  /** What it does, in a sentence. */
  readonly description: string
  readonly request: Request
  readonly target: To
  /** The member of the request that names an asset to rent. Its `RentingFacts` are found before the command is decided on. */
  readonly rents: Rents
  readonly event: Event
  /** The SKUs of the request that the catalogue is asked about, for a command that orders something: it is decided on with `PricingFacts`. */
  readonly prices?: Prices
  /** The amount that is quoted where the request does not say it, for a command that charges something: it is decided on with `QuotingFacts`. */
  readonly quotes?: Quotes
  /** The refusals that are this command's own, as classes. */
  readonly errors: Errors
}

/** A class of refusals. */
export type RefusalClass = Schema.Top & (new (...args: never) => { readonly code: string })

/** The SKUs of a request, for a command that asks for their prices. */
type PricesAsked = ((request: never) => ReadonlyArray<Sku>) | undefined

/** A command as it is decided on: the request, and the facts that only its surroundings know. */
export type Decided<
  Name extends string,
  Request extends RequestSchema,
  To extends Target,
  Rents extends string | undefined,
  Prices = undefined,
  Quotes = undefined
> = {
  readonly type: Name
} & WithoutOrderId<Request["Type"], To> &
  (Rents extends string ? RentingFacts : unknown) &
  (Prices extends undefined ? unknown : PricingFacts) &
  (Quotes extends undefined ? unknown : QuotingFacts)

/** Define a command: first its terms, then what follows from them. */
export const defineCommand =
  <
    const Name extends string,
    Request extends RequestSchema,
    const To extends Target,
    Event extends OrderEventSchema,
    const Errors extends ReadonlyArray<RefusalClass>,
    const Rents extends string | undefined = undefined,
    const Prices extends PricesAsked = undefined,
    const Quotes extends QuoteName | undefined = undefined
  >(
    terms: CommandTerms<Name, Request, To, Rents, Event, Errors, Prices, Quotes>
  ) =>
  <
    Question extends { readonly type: Name },
    const Facts extends Readonly<Record<string, (question: Question) => boolean>>,
    const Refusals extends Readonly<
      Record<
        string,
        (
          facts: RefusalFacts<Decided<Name, Request, To, Rents, Prices, Quotes>>
        ) => InstanceType<Errors[number] | SharedRefusal> | undefined
      >
    >
  >(behaviour: {
    /** The command as the machine is asked about it. Without `at`, nothing is too early or too late. */
    readonly question: (order: Order, command: Decided<Name, Request, To, Rents, Prices, Quotes>, at?: Timestamp) => Question
    /** The command that an event records, as far as it can be told from it: what its surroundings knew was in order. */
    readonly commandOf: (order: Order, event: Event["Type"]) => Decided<Name, Request, To, Rents, Prices, Quotes>
    /**
     * The question of an event that is there, where it is not that of the command it records: what the event does not say was in order, or it
     * would not be there.
     */
    readonly questionOfEvent?: (order: Order, event: Event["Type"]) => Question
    /** Its guards, by the names that stand on the arrows. Each fails for one reason only, and holds when the question does not arise. */
    readonly facts: Facts
    /** Its refusals, by code; undefined where the order gives no reason for one, which is a mistake in the machine. */
    readonly refusals: Refusals
    /** The units that it gives back where the machine says so (`releaseSomeHeldUnits`), by line. */
    readonly releases?: (order: Order, command: Decided<Name, Request, To, Rents, Prices, Quotes>) => ReadonlyArray<Released>
    /** What the event says by itself. */
    readonly record: (
      order: Order,
      command: Decided<Name, Request, To, Rents, Prices, Quotes>,
      at: Timestamp
    ) => Pick<Event["Type"], "details" | "confidential">
    /** The order after the event, in one literal: a copy of its twenty-odd members is most of what a decision takes. */
    readonly evolve: (order: Order, event: Event["Type"]) => Order
    /**
     * What it does to assets: read off the event, whether they are registered or not. Those that are not are left out in one place, for all
     * commands.
     */
    readonly assetMoves?: (before: Order, event: Event["Type"]) => ReadonlyArray<AssetMove>
    /** What a caller may want to see to, because the command does not: in plain words. */
    readonly warnings?: (order: Order) => ReadonlyArray<string>
    /** A command that fits the order, as far as one can. */
    readonly sample: (order: Order) => Decided<Name, Request, To, Rents, Prices, Quotes>
    /** The name in idempotency fingerprints, where that is another: stored fingerprints stay what they are. */
    readonly nameInFingerprints?: string
  }) => ({
    questionOfEvent: (order: Order, event: Event["Type"]): Question =>
      behaviour.question(order, behaviour.commandOf(order, event)),
    ...terms,
    ...behaviour
  })
