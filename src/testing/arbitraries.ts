/**
 * Random orders, requests and texts for property tests, by fast-check.
 *
 * An order is never made up: it is placed, and moved by commands through `decide`, so that whatever a property is tried on can really
 * come about. A `Move` says what to attempt in terms that fit any order ("end the second subscription"), which keeps histories short when
 * fast-check shrinks them.
 */
import * as Arbitrary from "effect/Arbitrary"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as fc from "fast-check"
import type { AuditEvent } from "../order/AuditEvent.ts"
import { RequestId } from "../order/orderEvent.ts"
import { decide } from "../order/decide.ts"
import type { Occasion, Transition } from "../order/Transition.ts"
import { type Lifecycle, lifecycles } from "../order/lifecycleTable.ts"
import { Currency } from "../order/Money.ts"
import {
  type Actor,
  CustomerId,
  type Order,
  OrderId,
  type Payment,
  ReplacementReason,
  ReturnCondition,
  SerialNumber,
  Sku,
  SubscriptionId,
  TenantId
} from "../order/Order.ts"
import { maxReasonLength } from "../order/commands/cancel.ts"
import { definitions, plainCommands } from "../order/commands/definitions.ts"
import type { CommandType, OrderCommand, PlainCommand } from "../order/commands/index.ts"
import { type OrderPlaced, place, PlaceOrder, type PlacingFacts } from "../order/commands/place.ts"
import type { Variant } from "../order/commands/priceLines.ts"
import { BuyoutReason } from "../order/commands/buyOutSubscription.ts"
import { SubscriptionCancelReason } from "../order/commands/cancelSubscription.ts"
import { cancellationPolicyNames } from "../order/policies/index.ts"
import { fromDateTime, plusMonths, type Timestamp } from "../order/Timestamp.ts"

// --- text --------------------------------------------------------------------------------------------------------------------------

/** Texts that have broken other systems: each may be stored, and must come back exactly as it was. */
export const nastyTexts: ReadonlyArray<string> = [
  "",
  " ",
  "  leading and trailing  ",
  "\ttab\r\nline end\n",
  "nai\u0308ve, in NFD", // an i and a combining diaeresis: any normalisation would join them
  "na\u00efve, in NFC",
  "\u{1F468}\u200D\u{1F469}\u200D\u{1F467}\u200D\u{1F466}", // a family: one picture, seven code points
  "\u{1F600}".repeat(maxReasonLength),
  "\uFEFFbyte order mark",
  "\u202Eright to left\u202C \u2028 \u2029",
  "\uFFFD\uFFFF\u{10FFFF}",
  "Robert'); -- and the rest",
  "$1 %s \\ \\u0000 \" ' ` ${x} {{x}}",
  '{"__proto__":{"polluted":true}}',
  "__proto__",
  "null",
  "\u001b[31mred\u001b[0m \u007f \u0001"
]

/** Any storable text of at most `maxLength` code points: all of Unicode, except what `Text` refuses. */
export const text = (maxLength = 40): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constantFrom(...nastyTexts.filter((nasty) => Array.from(nasty).length <= maxLength)),
    fc.string({ unit: "binary", maxLength }).map((any) => any.replaceAll("\u0000", "")),
    fc.string({ unit: "grapheme-ascii", maxLength })
  )

/** A reason as it may be given with a cancel. */
export const reason: fc.Arbitrary<string> = text(maxReasonLength)

/** A word of an embedding service's list of reasons. */
const reasonCode: fc.Arbitrary<string> = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/)

/** A reason that is refused: too long, not well-formed, or with U+0000 in it. */
export const refusedReason: fc.Arbitrary<string> = fc.oneof(
  fc
    .string({ unit: "binary", minLength: maxReasonLength + 1, maxLength: maxReasonLength + 50 })
    .map((any) => any.replaceAll("\u0000", "x")),
  fc.tuple(text(), fc.integer({ min: 0xd800, max: 0xdfff })).map(([before, unit]) => `${before}${String.fromCharCode(unit)}.`),
  fc.tuple(text(), text()).map(([before, after]) => `${before}\u0000${after}`)
)

/** A non-empty text without control characters, as ids and names are. */
const name: fc.Arbitrary<string> = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 })

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })

/** Leaves out the members that are undefined: absent and `undefined` are not the same here. */
const present = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [K in keyof T as undefined extends T[K] ? never : K]: T[K]
  } & { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> }

// --- who and when ------------------------------------------------------------------------------------------------------------------

export const actor: fc.Arbitrary<Actor> = fc
  .record({
    userId: name,
    email: optional(text()),
    displayName: optional(text()),
    role: optional(text()),
    memberId: optional(text())
  })
  .map(present)

/** A moment within three months, to the millisecond; not in any order. */
export const timestamp: fc.Arbitrary<Timestamp> = fc
  .nat(90 * 24 * 3_600_000)
  .map((milliseconds) => fromDateTime(DateTime.add(DateTime.makeUnsafe("2026-11-01"), { milliseconds })))

/** When, by whom and under which request: times jump forwards and backwards, as a clock that is set back does. */
export const occasion: fc.Arbitrary<Occasion> = fc.record({
  at: timestamp,
  actor,
  requestId: fc.stringMatching(/^[A-Za-z0-9._:-]{1,20}$/).map((id) => RequestId.make(id))
})

// --- placing -----------------------------------------------------------------------------------------------------------------------

const eur = Currency.make("EUR")

/** The variants that random orders are priced from. */
export const catalogue: ReadonlyMap<Sku, Variant> = new Map(
  [
    {
      sku: "LAPTOP",
      pricing: [24, 12].map((contractLength) => ({ contractLength, monthlyPrice: 11_900 - contractLength * 100 }))
    },
    { sku: "MONITOR", pricing: [{ contractLength: 12, monthlyPrice: 2_900 }] },
    { sku: "BIKE", pricing: [{ contractLength: 36, monthlyPrice: 6_500 }] }
  ].map(({ sku, pricing }) => [
    Sku.make(sku),
    { sku: Sku.make(sku), productName: `The ${sku.toLowerCase()}`, isActive: true, currency: eur, pricing }
  ])
)

/** The catalogue with every variant changed. */
const catalogueWith = (more: Partial<Variant>): ReadonlyMap<Sku, Variant> =>
  new Map(Array.from(catalogue, ([sku, variant]) => [sku, { ...variant, ...more }]))

/** As a catalogue may have become since an order was placed. */
const catalogues = {
  whole: catalogue,
  empty: new Map<Sku, Variant>(),
  inactive: catalogueWith({ isActive: false }),
  "in yen": catalogueWith({ currency: Currency.make("JPY") }),
  "for 99 months": catalogueWith({ pricing: [] })
}

const address = fc
  .record({
    contactName: text(),
    streetAddress: text(),
    city: text(),
    country: text(),
    company: optional(text()),
    postalCode: optional(text())
  })
  .map(present)

/** Free-form JSON, with names that other programs trip over, but for the one that is refused. */
const customFields = fc.dictionary(
  fc.oneof(
    { weight: 9, arbitrary: name.filter((each) => each !== "__proto__") },
    { weight: 1, arbitrary: fc.constantFrom("constructor", "toString") }
  ),
  fc.oneof(text(), fc.integer(), fc.boolean(), fc.constant(null)),
  { maxKeys: 3, noNullPrototype: true }
)

/** What a request is made of, where anything that its schema lets pass would not do. */
const requestMembers = {
  customer: fc
    .record({
      email: fc.constantFrom("ada@example.com", "grace@example.com", "\u{1F600}@example.com"),
      firstName: name,
      lastName: name,
      company: optional(text()),
      phone: optional(text()),
      customerType: optional(fc.constantFrom("individual" as const, "business" as const))
    })
    .map(present),
  billingAddress: address,
  shippingAddress: optional(address),
  items: fc.array(fc.record({ sku: fc.constantFrom(...catalogue.keys()), quantity: fc.integer({ min: 1, max: 3 }) }), {
    minLength: 1,
    maxLength: 4
  }),
  notes: optional(text()),
  customFields: optional(customFields)
}

/** The other members, as their schemas have them: a new one needs no word here. */
const otherMembers = Object.fromEntries(
  Object.entries<Schema.Top>(PlaceOrder.fields).flatMap(([name, schema]) => {
    if (Object.hasOwn(requestMembers, name)) return []
    const values = Arbitrary.schema(schema as Schema.Codec<unknown>)
    const samples = Effect.runSync(Arbitrary.sampleEffect(values, { count: 50, seed: name }))
    // As JSON brings them in: objects like any other, and no negative zero.
    return [[name, optional(fc.constantFrom(...(JSON.parse(JSON.stringify(samples)) as ReadonlyArray<unknown>)))]]
  })
)

/** A request that is accepted: one to four lines of one to three units. Lines often share a SKU. */
export const placeOrder: fc.Arbitrary<PlaceOrder> = fc
  .record({ ...requestMembers, ...otherMembers })
  .map((request) => present(request) as PlaceOrder)

const payment: fc.Arbitrary<Payment> = fc
  .constantFrom("pending" as const, "paid" as const, "failed" as const)
  .map((status) => ({ status }))

export const placingFacts: fc.Arbitrary<PlacingFacts> = fc.record({ payment: optional(payment) }).map((facts) => ({
  tenantId: TenantId.make("tenant"),
  orderId: OrderId.make("order"),
  customerId: CustomerId.make("customer"),
  variants: catalogue,
  ...present(facts)
}))

// --- moves -------------------------------------------------------------------------------------------------------------------------

const mostly = <T>(usual: T, ...others: ReadonlyArray<T>) =>
  fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, ...others.map((other) => ({ weight: 1, arbitrary: fc.constant(other) })))

const pickFrom = <T>(all: ReadonlyArray<T>, pick: number): T | undefined => all[all.length === 0 ? 0 : pick % all.length]

/** How a command is attempted: how often, in which words that fit any order, and what they mean for an order. */
const attempt = <Words extends object, Command extends OrderCommand>(
  weight: number,
  words: fc.Arbitrary<Words>,
  commandOf: (order: Order, words: Words) => Command
) => ({ weight, words, commandOf })

/** A command that names nothing but its order, as it is attempted. */
const plainAttempt = (type: PlainCommand) => attempt(3, fc.constant({}), (order) => definitions[type].sample(order))

/** A subscription of the order, or one that is unknown. */
const anyRental = fc.oneof({ weight: 9, arbitrary: fc.nat(5) }, { weight: 1, arbitrary: fc.constant("unknown" as const) })
const rentalIn = (order: Order, pick: number | "unknown"): SubscriptionId =>
  (pick === "unknown" ? undefined : pickFrom(order.subscriptions, pick))?.subscriptionId ??
  SubscriptionId.make("no-such-subscription")

/** Minor units. */
const amount = fc.nat(100_000)

/**
 * Every other command, and those that are attempted in words of their own. Starts and ends are frequent, so that most histories get somewhere;
 * every kind of refusal is reached too.
 */
const ownAttempts = {
  startSubscription: attempt(
    8,
    fc.record({
      /** Which line's SKU is named, and by whom; "nobody" leaves it to be told from what is still held. */
      pick: fc.nat(5),
      skuFrom: mostly<"registry" | "request" | "nobody" | "registry, of no line">(
        "registry",
        "request",
        "nobody",
        "registry, of no line"
      ),
      asset: mostly<"free" | "rented" | "unknown">("free", "rented", "unknown"),
      customer: mostly<"own" | "another">("own", "another"),
      /** Long ago: so that the contract is over. */
      begins: fc.constantFrom("now" as const, "now" as const, "long ago" as const),
      notes: optional(text())
    }),
    (order, { pick, skuFrom, asset, customer, begins, notes }) => {
      const sku = skuFrom === "registry, of no line" ? Sku.make("TRACTOR") : pickFrom(order.lines, pick)?.sku
      const number = order.version + 1
      return {
        type: "startSubscription",
        subscriptionId: SubscriptionId.make(`subscription-${number}`),
        assetSerialNumber: SerialNumber.make(`serial-${number}`),
        customerId: customer === "own" ? order.customer.customerId : CustomerId.make("somebody-else"),
        asset: {
          isKnown: asset !== "unknown",
          isRented: asset === "rented",
          ...(skuFrom.startsWith("registry") && present({ sku }))
        },
        ...(skuFrom === "request" && present({ sku })),
        ...(begins === "long ago" && { startDate: plusMonths(order.updatedAt, -40) }),
        ...present({ notes })
      }
    }
  ),
  cancelSubscription: attempt(
    6,
    fc.record({
      pick: anyRental,
      notes: optional(text())
    }),
    (order, { pick, notes }) => {
      return {
        type: "cancelSubscription",
        rentalId: rentalIn(order, pick),
        reason: SubscriptionCancelReason.literals[order.version % SubscriptionCancelReason.literals.length] ?? "other",
        ...present({ notes })
      }
    }
  ),
  returnSubscription: attempt(
    2,
    fc.record({ pick: anyRental, fee: optional(amount), notes: optional(text()), damageAssessment: optional(text()) }),
    (order, { pick, fee, ...texts }) => ({
      type: "returnSubscription",
      rentalId: rentalIn(order, pick),
      returnCondition: ReturnCondition.literals[order.version % ReturnCondition.literals.length] ?? "good",
      reason: "moved abroad",
      ...present(texts),
      ...(fee === undefined ? { quoted: 0 } : { earlyReturnFee: fee })
    })
  ),
  buyOutSubscription: attempt(
    2,
    fc.record({ pick: anyRental, price: optional(amount), quoted: amount, notes: optional(text()) }),
    (order, { pick, price, quoted, notes }) => ({
      type: "buyOutSubscription",
      rentalId: rentalIn(order, pick),
      reason: BuyoutReason.literals[order.version % BuyoutReason.literals.length] ?? "other",
      ...present({ notes }),
      ...(price === undefined ? { quoted } : { buyoutPrice: price })
    })
  ),
  completeSubscription: attempt(4, fc.record({ pick: anyRental, notes: optional(text()) }), (order, { pick, notes }) => ({
    type: "completeSubscription",
    rentalId: rentalIn(order, pick),
    ...present({ notes })
  })),
  extendSubscription: attempt(
    2,
    fc.record({ pick: anyRental, months: fc.constantFrom(1, 12, 100), newAmount: optional(amount), notes: optional(text()) }),
    (order, { pick, months, newAmount, notes }) => ({
      type: "extendSubscription",
      rentalId: rentalIn(order, pick),
      extensionMonths: months,
      reason: "still in use",
      ...present({ newMonthlyAmount: newAmount, notes })
    })
  ),
  upgradeSubscription: attempt(
    3,
    fc.record({
      pick: anyRental,
      sku: fc.constantFrom(...catalogue.keys()),
      catalogue: mostly<keyof typeof catalogues>("whole", "empty", "inactive", "in yen", "for 99 months"),
      asset: mostly<"free" | "rented" | "unknown" | "of another SKU">("free", "rented", "unknown", "of another SKU"),
      length: mostly<"priced" | "another">("priced", "another"),
      newMonthlyAmount: amount,
      notes: optional(text())
    }),
    (order, { pick, sku, catalogue: found, asset, length, newMonthlyAmount, notes }) => ({
      type: "upgradeSubscription",
      rentalId: rentalIn(order, pick),
      newSku: sku,
      newSerialNumber: SerialNumber.make(`serial-${order.version + 1}`),
      contractLength: (length === "priced" && catalogue.get(sku)?.pricing[0]?.contractLength) || 99,
      newMonthlyAmount,
      reason: "wants a better one",
      subscriptionId: SubscriptionId.make(`subscription-${order.version + 1}`),
      asset: {
        isKnown: asset !== "unknown",
        isRented: asset === "rented",
        ...(asset === "of another SKU" && { sku: Sku.make("TRACTOR") })
      },
      variants: catalogues[found],
      ...present({ notes })
    })
  ),
  replaceAsset: attempt(
    3,
    fc.record({
      pick: anyRental,
      serial: mostly<"another" | "the same">("another", "the same"),
      asset: mostly<"free" | "rented" | "unknown" | "of another SKU">("free", "rented", "unknown", "of another SKU"),
      insuranceClaim: optional(fc.boolean()),
      notes: optional(text())
    }),
    (order, { pick, serial, asset, ...given }) => {
      const rentalId = rentalIn(order, pick)
      const subscription = order.subscriptions.find(({ subscriptionId }) => subscriptionId === rentalId)
      const another = SerialNumber.make(`serial-${order.version + 1}`)
      return {
        type: "replaceAsset",
        rentalId,
        subscriptionId: SubscriptionId.make("not used"),
        newSerialNumber: (serial === "the same" && subscription?.serialNumber) || another,
        replacementReason: ReplacementReason.literals[order.version % ReplacementReason.literals.length] ?? "defective",
        asset: {
          isKnown: asset !== "unknown",
          isRented: asset === "rented",
          ...(asset === "of another SKU" && { sku: Sku.make("TRACTOR") })
        },
        ...present(given)
      }
    }
  ),
  release: attempt(
    3,
    fc.record({
      /** Which line; undefined: all that is held. One past the last is not there. */
      line: optional(fc.nat(4)),
      quantity: fc.integer({ min: 1, max: 3 }),
      reason: optional(reason),
      reasonCode: optional(reasonCode)
    }),
    (order, { line, quantity, ...given }) => ({
      type: "release",
      ...(line !== undefined && { items: [{ line: line % (order.lines.length + 1), quantity }] }),
      ...present(given)
    })
  ),
  addItems: attempt(
    2,
    fc.record({
      items: fc.array(fc.record({ sku: fc.constantFrom(...catalogue.keys()), quantity: fc.integer({ min: 1, max: 3 }) }), {
        minLength: 1,
        maxLength: 2
      }),
      catalogue: mostly<keyof typeof catalogues>("whole", "empty", "inactive", "in yen", "for 99 months")
    }),
    (_, { items, catalogue: found }) => ({ type: "addItems", items, variants: catalogues[found] })
  ),
  correct: attempt(
    2,
    fc
      .record({
        customer: fc
          .record({ lastName: optional(name), company: fc.option(text(), { nil: null }), phone: optional(text()) })
          .map(present),
        shippingAddress: optional(address),
        externalReference: fc.option(name, { nil: null })
      })
      .map(present),
    (_, correction) => ({ type: "correct", ...correction })
  ),
  recordPayment: attempt(
    2,
    fc
      .record({
        status: fc.constantFrom("pending" as const, "paid" as const, "failed" as const),
        paidAmount: optional(fc.nat(100_000)),
        transactionId: optional(text())
      })
      .map(present),
    (_, paid) => ({ type: "recordPayment", ...paid })
  ),
  cancel: attempt(1, fc.record({ reason: optional(reason), reasonCode: optional(reasonCode) }), (_, given) => ({
    type: "cancel",
    ...present(given)
  }))
} satisfies {
  readonly [Type in Exclude<CommandType, PlainCommand>]: {
    readonly commandOf: (order: Order, words: never) => OrderCommand<Type>
  }
}
type OwnAttempts = typeof ownAttempts

// Each is attempted in its own words: the compiler does not see that in one record of all.
const attempts = {
  ...Object.fromEntries(plainCommands.map((type) => [type, plainAttempt(type)])),
  ...ownAttempts
} as unknown as Readonly<Record<CommandType, ReturnType<typeof attempt<object, OrderCommand>>>>

/** A command in words that fit any order. `pick` chooses among what the order has, by position, wrapping around. */
export type Move = {
  readonly [Type in CommandType]: { readonly type: Type } & (Type extends keyof OwnAttempts
    ? Readonly<Parameters<OwnAttempts[Type]["commandOf"]>[1]>
    : object)
}[CommandType]

/** What to attempt next. */
export const move: fc.Arbitrary<Move> = fc.oneof(
  ...Object.entries(attempts).map(([type, { weight, words }]) => ({
    weight,
    arbitrary: words.map((each) => ({ type, ...each }) as Move)
  }))
)

/** A move as the command it means for this order. Its words are those of its own attempt. */
export const commandOf = (order: Order, move: Move): OrderCommand => attempts[move.type].commandOf(order, move)

// --- histories ---------------------------------------------------------------------------------------------------------------------

/** An order that came about: under which lifecycle, by which transitions, and how it stands now. */
export interface History {
  readonly lifecycle: Lifecycle
  readonly transitions: ReadonlyArray<Transition>
  readonly events: ReadonlyArray<AuditEvent>
  readonly order: Order
}

export const lifecycle: fc.Arbitrary<Lifecycle> = fc.constantFrom(...cancellationPolicyNames).map((policy) => lifecycles[policy])

/** Place an order and attempt the moves; those that are refused leave no trace. */
const play = (
  lifecycle: Lifecycle,
  [request, facts, placedOn]: readonly [PlaceOrder, PlacingFacts, Occasion],
  steps: ReadonlyArray<readonly [Move, Occasion]>
): History => {
  const placed: Transition = Result.getOrThrow(place(lifecycle, request, facts, placedOn))
  const transitions = [placed]
  let order = placed.after
  for (const [move, occasion] of steps) {
    const decision: Result.Result<Transition, unknown> = decide(lifecycle, order, commandOf(order, move), occasion)
    if (Result.isFailure(decision)) continue
    transitions.push(decision.success)
    order = decision.success.after
  }
  const events = transitions.map(({ event }) => event)
  // A counterexample is printed as its events: the rest follows from them.
  const printed = { [fc.toStringMethod]: () => fc.stringify({ policy: lifecycle.policy, events }) }
  return Object.assign({ lifecycle, transitions, events, order }, printed)
}

/** A reachable order with its history: placed, usually confirmed, then up to `maxMoves` random moves. */
export const history = (maxMoves = 14): fc.Arbitrary<History> =>
  fc
    .tuple(
      lifecycle,
      fc.tuple(placeOrder, placingFacts, occasion),
      fc.tuple(mostly<ReadonlyArray<Move>>([{ type: "confirm" }], []), occasion),
      fc.array(fc.tuple(move, occasion), { maxLength: maxMoves })
    )
    .map(([lifecycle, placing, [opening, openedOn], steps]) =>
      play(lifecycle, placing, [...opening.map((move) => [move, openedOn] as const), ...steps])
    )

/** An order that was just placed under a lifecycle, with what its process begins with. */
export const placedOrder = (lifecycle: Lifecycle): fc.Arbitrary<Transition<typeof OrderPlaced.Type>> =>
  fc.tuple(placeOrder, placingFacts, occasion).map(([request, facts, on]) => {
    const data = lifecycle.process?.data.initial
    return Result.getOrThrow(place(lifecycle, request, { ...facts, ...(data && { data }) }, on))
  })
