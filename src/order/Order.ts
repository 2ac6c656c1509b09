/**
 * The order: what was ordered (never changes) and where it stands (status, version, units, subscriptions).
 *
 * Field names and shapes follow the public API of the specification, except that amounts are minor units here and an API *rental* is
 * called a subscription. The HTTP layer does that translation and nothing else does.
 */
import * as Schema from "effect/Schema"
import { Currency, Decimals, MinorUnits } from "./Money.ts"
import { Email, JsonObject, Name, NonEmptyText, Text } from "./Text.ts"
import { Timestamp } from "./Timestamp.ts"
import * as Units from "./Units.ts"

// Ids are opaque: nothing may look at a prefix.
/** Whose order it is. Part of every key: nothing of one tenant can be reached from another. 1 to 128 characters. */
export const TenantId = Name.pipe(Schema.brand("TenantId"))
export type TenantId = typeof TenantId.Type
/** An order. New ones are `ord_` and a UUIDv7; any other id of 1 to 128 characters will do. */
export const OrderId = Name.pipe(Schema.brand("OrderId"))
export type OrderId = typeof OrderId.Type
/** A subscription (the API says *rental*). New ones are `sub_` and a UUIDv7. */
export const SubscriptionId = Name.pipe(Schema.brand("SubscriptionId"))
export type SubscriptionId = typeof SubscriptionId.Type
/** A customer of a tenant. New ones are `cust_` and a UUIDv7. */
export const CustomerId = Name.pipe(Schema.brand("CustomerId"))
export type CustomerId = typeof CustomerId.Type
/** What is ordered, by the catalogue's name for it. */
export const Sku = Name.pipe(Schema.brand("Sku"))
export type Sku = typeof Sku.Type
/** One physical item (an asset), by what stands on it. */
export const SerialNumber = Name.pipe(Schema.brand("SerialNumber"))
export type SerialNumber = typeof SerialNumber.Type

/** Whoever gives a command. Recorded in every audit event. */
export const Actor = Schema.Struct({
  userId: Name,
  email: Schema.optionalKey(Text),
  displayName: Schema.optionalKey(Text),
  role: Schema.optionalKey(Text),
  memberId: Schema.optionalKey(Text)
})
export type Actor = typeof Actor.Type

/**
 * The library's five words for where an order stands, each with where its units are then: see `invariants.ts`. How an order moves between them
 * is said in `orderMachine.ts` only.
 */
export const unitsIn = {
  pending: "held",
  confirmed: "held",
  partial: "mixed",
  fulfilled: "none",
  cancelled: "over"
} as const
/** Where an order stands, in one of the library's own five words. */
export const LibraryStatus = Schema.Literals(Object.keys(unitsIn) as ReadonlyArray<keyof typeof unitsIn>)
export type LibraryStatus = typeof LibraryStatus.Type

/** Something for each of them. */
export const inEachStatus = <Value>(value: (status: LibraryStatus) => Value): Record<LibraryStatus, Value> =>
  Object.fromEntries(LibraryStatus.literals.map((status) => [status, value(status)])) as Record<LibraryStatus, Value>

/** A status of a process's own: 1 to 64 letters and digits, the first a small letter. */
export const OwnStatus = Schema.String.check(
  Schema.isPattern(/^[a-z][A-Za-z0-9]{0,63}$/, { message: "must be 1 to 64 letters and digits, the first a small letter" })
).pipe(Schema.brand("OwnStatus"))
export type OwnStatus = typeof OwnStatus.Type

/** Where an order stands. */
export const OrderStatus = Schema.Union([LibraryStatus, OwnStatus])
export type OrderStatus = typeof OrderStatus.Type

export const OrderType = Schema.Literals(["standard", "extension", "upgrade"])

export const CustomerType = Schema.Literals(["individual", "business"])

/** The customer as known when the order was placed; later changes to the customer leave it as it was. */
export const Customer = Schema.Struct({
  customerId: CustomerId,
  email: Email,
  firstName: NonEmptyText,
  lastName: NonEmptyText,
  company: Schema.optionalKey(Text),
  phone: Schema.optionalKey(Text),
  customerType: CustomerType
})
export type Customer = typeof Customer.Type

/** Where to bill, or to ship. Personal: it is kept in the confidential part of the event that placed the order. */
export const Address = Schema.Struct({
  company: Schema.optionalKey(Text),
  contactName: Text,
  streetAddress: Text,
  buildingInfo: Schema.optionalKey(Text),
  locality: Schema.optionalKey(Text),
  city: Text,
  adminArea: Schema.optionalKey(Text),
  postalCode: Schema.optionalKey(Schema.NullOr(Text)),
  country: Text
})
export type Address = typeof Address.Type

/** Months an order line or subscription runs. */
export const ContractLength = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 120 }))

export const Quantity = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 10_000 }))

/** What one entry of `items` asks for, priced when the order is placed. `unitPrice` is minor units per unit and month. */
export const OrderedLine = Schema.Struct({
  sku: Sku,
  productName: NonEmptyText,
  quantity: Quantity,
  unitPrice: MinorUnits,
  contractLength: ContractLength
})
export type OrderedLine = typeof OrderedLine.Type

/** A line and where its units are. */
export const Line = Schema.Struct({
  ...OrderedLine.fields,
  /** It came with an upgrade of this subscription. It is not counted in what was ordered. */
  upgradeOf: Schema.optionalKey(SubscriptionId),
  units: Units.Units
})
export type Line = typeof Line.Type

/** A subscription is `active` until it ends in one of these ways; all of them are final. */
export const SubscriptionStatus = Schema.Literals([
  "active",
  "cancelled",
  "ended_completed",
  "ended_buyout",
  "ended_upgrade",
  "ended_early_return"
])
export type SubscriptionStatus = typeof SubscriptionStatus.Type

/** What an asset is like when it comes back. */
export const ReturnCondition = Schema.Literals(["excellent", "good", "fair", "poor", "damaged"])

/** How an amount was found: by the embedding service's function, or by the one who gave the command. */
export const Calculation = Schema.Literals(["auto_calculated", "manual_override"])

/** The sequence of the event that something came about by. What that says in free text is in the `texts` of the subscription. */
const sequence = Schema.Int

/** An amount that was charged when a subscription ended (minor units), and how many months of the contract were left then. */
const charged = { amount: MinorUnits, calculation: Calculation, monthsLeft: Schema.Int }

/** How a subscription ended, when, by whom, and why. */
export const SubscriptionEnd = Schema.Struct({
  at: Timestamp,
  by: Actor,
  /** Absent for one that was cancelled: its notes stand here. */
  sequence: Schema.optionalKey(sequence),
  /** Whole months from its start to its end. Absent for one that was cancelled. */
  monthsRented: Schema.optionalKey(Schema.Int),
  reason: Schema.optionalKey(Text),
  notes: Schema.optionalKey(Text),
  earlyReturn: Schema.optionalKey(Schema.Struct({ ...charged, condition: ReturnCondition })),
  buyout: Schema.optionalKey(Schema.Struct(charged)),
  /** The subscription that took its place. */
  upgradedTo: Schema.optionalKey(SubscriptionId)
})
export type SubscriptionEnd = typeof SubscriptionEnd.Type

/** When something happened to a subscription, and by whom. */
const happened = { sequence, at: Timestamp, by: Actor }

/** How the contract of a subscription got longer. Amounts: minor units, a month. */
export const Extension = Schema.Struct({
  ...happened,
  months: ContractLength,
  oldContractLength: ContractLength,
  newContractLength: ContractLength,
  oldMonthlyAmount: MinorUnits,
  newMonthlyAmount: MinorUnits,
  oldEndDate: Timestamp,
  newEndDate: Timestamp
})

/** Why an asset is replaced. `correction`: its serial number was written down wrongly. */
export const ReplacementReason = Schema.Literals(["damaged", "stolen", "defective", "lost", "correction"])

/** How a subscription got another asset. */
export const Replacement = Schema.Struct({
  ...happened,
  oldSerialNumber: SerialNumber,
  newSerialNumber: SerialNumber,
  reason: ReplacementReason,
  insuranceClaim: Schema.Boolean
})

/** What an event on a subscription says in free text. */
export const EventTexts = Schema.Struct({
  reason: Schema.optionalKey(Text),
  notes: Schema.optionalKey(Text),
  damageAssessment: Schema.optionalKey(Text)
})
export type EventTexts = typeof EventTexts.Type

/** One unit of one line (by its position, from 0), rented under a serial number. */
export const Subscription = Schema.Struct({
  subscriptionId: SubscriptionId,
  line: Schema.Int,
  serialNumber: SerialNumber,
  /** Its asset stood in the library's own registry when it got it: what becomes of the subscription moves the asset there. */
  assetIsRegistered: Schema.optionalKey(Schema.Literal(true)),
  status: SubscriptionStatus,
  startDate: Timestamp,
  /** The offset from UTC that the start was given in: minutes east of it. Absent: UTC. Months are counted on its calendar. */
  startOffsetMinutes: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: -1_439, maximum: 1_439 }))),
  contractLength: ContractLength,
  /** The start plus all months of the contract, extensions included. */
  endDate: Timestamp,
  /** Months of the contract before its first extension. Absent where there was none. */
  originalContractLength: Schema.optionalKey(ContractLength),
  /** What a month costs since an extension said so (minor units). Absent: what its line says. */
  monthlyAmount: Schema.optionalKey(MinorUnits),
  extensions: Schema.optionalKey(Schema.Array(Extension)),
  replacements: Schema.optionalKey(Schema.Array(Replacement)),
  /** The subscription whose place it took. */
  upgradeFrom: Schema.optionalKey(SubscriptionId),
  billingGroupId: Schema.optionalKey(Text),
  notes: Schema.optionalKey(Text),
  createdAt: Timestamp,
  createdBy: Name,
  updatedAt: Timestamp,
  ended: Schema.optionalKey(SubscriptionEnd),
  /**
   * The free text of events after its start, by their sequence: apart from all else, so that the text of any of them can be erased in one way.
   * What was said when it started, or when it was cancelled, stands in `notes` and in `ended`.
   */
  texts: Schema.optionalKey(Schema.Record(Schema.String, EventTexts))
})
export type Subscription = typeof Subscription.Type

/** How the order-level payment stands. */
export const paymentStatuses = Schema.Literals(["pending", "paid", "failed"])

/** The order-level payment (a deposit at checkout, say), as it was last recorded. Amounts: minor units. */
export const Payment = Schema.Struct({
  status: Schema.optionalKey(paymentStatuses),
  method: Schema.optionalKey(Schema.Literals(["stripe", "manual"])),
  transactionId: Schema.optionalKey(Text),
  paidAmount: Schema.optionalKey(MinorUnits),
  manuallyMarked: Schema.optionalKey(Schema.Boolean)
})
export type Payment = typeof Payment.Type

/** Whether the order-level payment was made. */
export const isPaid = (payment: Payment | undefined): boolean => payment?.status === "paid"

export const ExtensionDetails = Schema.Struct({
  originalOrderId: Text,
  extensionMonths: Schema.Int.check(Schema.isGreaterThan(0)),
  previousEndDate: Text,
  newEndDate: Text,
  reason: Schema.optionalKey(Text)
})

export const UpgradeDetails = Schema.Struct({
  previousDevice: Text,
  previousSerialNumber: Text,
  previousMonthlyAmount: Schema.Finite,
  previousRentalId: Text,
  upgradeReason: Schema.optionalKey(Text)
})

/** The caller's own number for an order, of 1 to 128 characters. It names no person, and several orders may have the same. */
export const ExternalReference = NonEmptyText.check(Schema.isMaxCodePoints(128))

/** What the process of an embedding service keeps with an order, as JSON: its schema is the process's. Changed by commands of its own only. */
export const OwnData = JsonObject
export type OwnData = typeof OwnData.Type

/** What the cancel left on record. The reason is stored and returned exactly as given; absent stays absent. `reasonCode` names no person. */
export const Cancellation = Schema.Struct({
  at: Timestamp,
  by: Actor,
  reason: Schema.optionalKey(Text),
  reasonCode: Schema.optionalKey(Schema.String)
})
export type Cancellation = typeof Cancellation.Type

/** The part of an order that names or describes people, or is free text. It is audited through a salted hash, so that it can be erased. */
export const PersonalFacts = Schema.Struct({
  customer: Customer,
  billingAddress: Address,
  shippingAddress: Address,
  notes: Schema.optionalKey(Text),
  customFields: Schema.optionalKey(Schema.NullOr(JsonObject))
})
export type PersonalFacts = typeof PersonalFacts.Type

/** The rest of what was ordered. */
export const OrderedFacts = Schema.Struct({
  orderType: OrderType,
  currency: Currency,
  /** Absent in events that were written before amounts kept their decimals: see `decimalsOnceAssumed`. */
  decimals: Schema.optionalKey(Decimals),
  taxAmount: MinorUnits,
  externalReference: Schema.optionalKey(ExternalReference),
  payment: Schema.optionalKey(Payment),
  extensionDetails: Schema.optionalKey(ExtensionDetails),
  upgradeDetails: Schema.optionalKey(UpgradeDetails),
  /** What the process of the embedding service keeps with the order. */
  data: Schema.optionalKey(OwnData)
})
export type OrderedFacts = typeof OrderedFacts.Type

/**
 * An order. `version` is the sequence of its newest audit event and grows by one with every transition.
 * `notes` are an annotation: they can be rewritten at any time, without a transition.
 */
export const Order = Schema.Struct({
  tenantId: TenantId,
  orderId: OrderId,
  version: Schema.Int,
  status: OrderStatus,
  ...OrderedFacts.fields,
  decimals: Decimals,
  ...PersonalFacts.fields,
  lines: Schema.Array(Line),
  subscriptions: Schema.Array(Subscription),
  createdAt: Timestamp,
  createdBy: Name,
  updatedAt: Timestamp,
  cancellation: Schema.optionalKey(Cancellation)
})
export type Order = typeof Order.Type

/** The units of all lines together. */
export const unitsOf = (order: Order): Units.Units => Units.sum(order.lines)

/** A month of the order before and after tax (minor units), and how many devices it has: as ordered, lines of upgrades not counted. */
export const totalsOf = (order: Pick<Order, "lines" | "taxAmount">) => {
  let subtotal = 0
  let totalDevices = 0
  for (const line of order.lines) {
    if (line.upgradeOf !== undefined) continue
    subtotal += line.unitPrice * line.quantity
    totalDevices += line.quantity
  }
  return { subtotal, total: subtotal + order.taxAmount, totalDevices }
}

/** Whether a subscription has its asset. */
export const isActive = ({ status }: Pick<Subscription, "status">): boolean => status === "active"

/** The subscriptions that are active, oldest first. */
export const activeSubscriptions = (order: Order): ReadonlyArray<Subscription> => order.subscriptions.filter(isActive)
