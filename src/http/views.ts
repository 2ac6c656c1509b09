/**
 * What the API shows of orders, subscriptions and audit events: each shape, and how it is made. Amounts are major units here and a
 * subscription is called a rental; nothing else in the library knows these forms.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { AssetStatus, type RegisteredAsset } from "../asset/RegisteredAsset.ts"
import type { Blocker, Preview } from "../order/explain.ts"
import type { SealedEvent } from "../order/auditChain.ts"
import { isOwnEvent, releasedBySku } from "../order/AuditEvent.ts"
import { monthlyAmountOf } from "../order/contract.ts"
import { toMajor } from "../order/Money.ts"
import {
  Actor,
  Address,
  Calculation,
  Customer,
  type EventTexts,
  ExtensionDetails,
  type Line,
  type Order,
  OrderStatus,
  OrderType,
  Payment,
  ReplacementReason,
  ReturnCondition,
  type Subscription,
  SubscriptionStatus,
  totalsOf,
  unitsOf,
  UpgradeDetails
} from "../order/Order.ts"
import { reader } from "../order/readInput.ts"
import type { InvalidInput } from "../order/commonRefusals.ts"
import { logUnreadable } from "../lifecycle/logUnreadable.ts"
import type { OrderCommands } from "../lifecycle/OrderLifecycle.ts"
import type { Page } from "../lifecycle/paging.ts"
import type { SubscriptionOfOrder } from "../lifecycle/OrderStore.ts"
import { viewDetails } from "./eventDetails.ts"

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const Amount = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))

// --- order -------------------------------------------------------------------------------------------------------------------------

const ItemView = Schema.Struct({
  sku: Schema.String,
  productName: Schema.String,
  quantity: Count,
  unitPrice: Amount.annotate({ description: "Per unit and month, in major units" }),
  contractLength: Count.annotate({ description: "Months" }),
  rentalIds: Schema.Array(Schema.String),
  held: Count.annotate({ description: "Units that wait for a subscription" }),
  released: Count.annotate({ description: "Units that were given back" }),
  rentalStatus: Schema.Literals(["pending", "partial", "completed"]),
  upgradeFromRentalId: Schema.optionalKey(Schema.String).annotate({
    description: "The line came with an upgrade of this subscription, and is not counted in the totals"
  })
})

export const OrderView = Schema.Struct({
  orderId: Schema.String,
  tenantId: Schema.String,
  status: OrderStatus,
  orderType: OrderType,
  customer: Customer,
  billingAddress: Address,
  shippingAddress: Address,
  items: Schema.Array(ItemView),
  totals: Schema.Struct({
    subtotal: Amount.annotate({ description: "A month of the order before tax, in major units" }),
    taxAmount: Amount,
    total: Amount,
    currency: Schema.String,
    totalDevices: Count
  }),
  externalReference: Schema.optionalKey(Schema.String).annotate({ description: "The caller's own number for the order" }),
  payment: Schema.optionalKey(Schema.Struct({ ...Payment.fields, paidAmount: Schema.optionalKey(Amount) })),
  customFields: Schema.optionalKey(Schema.NullOr(Schema.JsonObject)),
  data: Schema.optionalKey(Schema.JsonObject).annotate({ description: "What the service's own process keeps with the order" }),
  rentalProgress: Schema.Struct({
    totalDevices: Count,
    rentedDevices: Count.annotate({ description: "Active subscriptions" }),
    releasedDevices: Count.annotate({ description: "Units that were given back" })
  }),
  rentalIds: Schema.Array(Schema.String).annotate({ description: "Every subscription ever created from the order" }),
  createdAt: Schema.String,
  updatedAt: Schema.String,
  createdBy: Schema.String,
  notes: Schema.optionalKey(Schema.String),
  extensionDetails: Schema.optionalKey(ExtensionDetails),
  upgradeDetails: Schema.optionalKey(UpgradeDetails)
}).annotate({ identifier: "Order" })
export type OrderView = typeof OrderView.Type

/** How far a line's units have got. What was released never got anywhere. */
const rentalStatusOf = ({ units: { held, active, ended } }: Line): (typeof ItemView.Type)["rentalStatus"] => {
  if (active + ended === 0) return "pending"
  return held === 0 ? "completed" : "partial"
}

const viewPayment = ({ paidAmount, ...payment }: Payment, decimals: number) => ({
  ...payment,
  ...(paidAmount !== undefined && { paidAmount: toMajor(paidAmount, decimals) })
})

export const viewOrder = (order: Order): OrderView => {
  const { subtotal, total, totalDevices } = totalsOf(order)
  const { active, released } = unitsOf(order)
  const rentalIdsByLine = order.lines.map((): Array<string> => [])
  for (const { line, subscriptionId } of order.subscriptions) rentalIdsByLine[line]?.push(subscriptionId)
  return {
    orderId: order.orderId,
    tenantId: order.tenantId,
    status: order.status,
    orderType: order.orderType,
    customer: order.customer,
    billingAddress: order.billingAddress,
    shippingAddress: order.shippingAddress,
    items: order.lines.map((line, position) => ({
      sku: line.sku,
      productName: line.productName,
      quantity: line.quantity,
      unitPrice: toMajor(line.unitPrice, order.decimals),
      contractLength: line.contractLength,
      rentalIds: rentalIdsByLine[position] ?? [],
      held: line.units.held,
      released: line.units.released,
      rentalStatus: rentalStatusOf(line),
      ...(line.upgradeOf !== undefined && { upgradeFromRentalId: line.upgradeOf })
    })),
    totals: {
      subtotal: toMajor(subtotal, order.decimals),
      taxAmount: toMajor(order.taxAmount, order.decimals),
      total: toMajor(total, order.decimals),
      currency: order.currency,
      totalDevices
    },
    ...(order.externalReference !== undefined && { externalReference: order.externalReference }),
    ...(order.payment && { payment: viewPayment(order.payment, order.decimals) }),
    ...(order.customFields !== undefined && { customFields: order.customFields }),
    ...(order.data !== undefined && { data: order.data }),
    rentalProgress: { totalDevices, rentedDevices: active, releasedDevices: released },
    rentalIds: order.subscriptions.map(({ subscriptionId }) => subscriptionId),
    createdAt: order.createdAt,
    updatedAt: order.updatedAt,
    createdBy: order.createdBy,
    ...(order.notes !== undefined && { notes: order.notes }),
    ...(order.extensionDetails && { extensionDetails: order.extensionDetails }),
    ...(order.upgradeDetails && { upgradeDetails: order.upgradeDetails })
  }
}

// --- subscription ------------------------------------------------------------------------------------------------------------------

export const SubscriptionView = Schema.Struct({
  rentalId: Schema.String,
  tenantId: Schema.String,
  assetSerialNumber: Schema.String,
  customerId: Schema.String,
  sku: Schema.String,
  productName: Schema.String,
  monthlyAmount: Amount.annotate({ description: "In major units" }),
  currency: Schema.String,
  status: SubscriptionStatus,
  originalContractLength: Count,
  contractLength: Count.annotate({ description: "Months" }),
  startDate: Schema.String,
  endDate: Schema.String,
  orderId: Schema.String,
  customerEmail: Schema.String,
  customerName: Schema.String,
  billingGroupId: Schema.optionalKey(Schema.String),
  notes: Schema.optionalKey(Schema.String),
  extensionHistory: Schema.optionalKey(
    Schema.Array(
      Schema.Struct({
        extensionMonths: Count,
        oldContractLength: Count,
        newContractLength: Count,
        oldMonthlyAmount: Amount,
        newMonthlyAmount: Amount,
        extendedBy: Actor,
        oldEndDate: Schema.String,
        newEndDate: Schema.String,
        extendedAt: Schema.String,
        reason: Schema.optionalKey(Schema.String).annotate({ description: "Absent once it was erased" }),
        notes: Schema.optionalKey(Schema.String)
      })
    )
  ),
  replacementHistory: Schema.optionalKey(
    Schema.Array(
      Schema.Struct({
        oldSerialNumber: Schema.String,
        newSerialNumber: Schema.String,
        reason: ReplacementReason,
        replacedBy: Actor,
        replacedAt: Schema.String,
        damageAssessment: Schema.optionalKey(Schema.String),
        insuranceClaim: Schema.Boolean,
        notes: Schema.optionalKey(Schema.String)
      })
    )
  ),
  cancellationDetails: Schema.optionalKey(
    Schema.Struct({
      reason: Schema.optionalKey(Schema.String),
      processedBy: Actor,
      cancelledAt: Schema.String,
      notes: Schema.optionalKey(Schema.String)
    })
  ),
  earlyReturnDetails: Schema.optionalKey(
    Schema.Struct({
      fee: Amount,
      feeWaived: Schema.Boolean.annotate({ description: "The one who gave the command said that there is no fee" }),
      calculationMethod: Calculation,
      returnCondition: ReturnCondition,
      reason: Schema.optionalKey(Schema.String).annotate({ description: "Absent once it was erased" }),
      processedBy: Actor,
      returnedAt: Schema.String,
      damageAssessment: Schema.optionalKey(Schema.String),
      notes: Schema.optionalKey(Schema.String),
      calculationBreakdown: Schema.Struct({ remainingMonths: Count })
    })
  ),
  buyoutDetails: Schema.optionalKey(
    Schema.Struct({
      buyoutPrice: Amount,
      calculationMethod: Calculation,
      reason: Schema.optionalKey(Schema.String),
      processedBy: Actor,
      buyoutDate: Schema.String,
      notes: Schema.optionalKey(Schema.String),
      calculationBreakdown: Schema.Struct({ remainingMonths: Count })
    })
  ),
  completionDetails: Schema.optionalKey(
    Schema.Struct({ processedBy: Actor, completedAt: Schema.String, notes: Schema.optionalKey(Schema.String) })
  ),
  upgradeDetails: Schema.optionalKey(
    Schema.Struct({
      newRentalId: Schema.String,
      processedBy: Actor,
      upgradedAt: Schema.String,
      reason: Schema.optionalKey(Schema.String).annotate({ description: "Absent once it was erased" }),
      notes: Schema.optionalKey(Schema.String)
    })
  ),
  upgradeFromRentalId: Schema.optionalKey(Schema.String).annotate({ description: "The subscription whose place it took" }),
  actualMonthsRented: Schema.optionalKey(Count).annotate({ description: "Whole months from its start to its end" }),
  createdAt: Schema.String,
  updatedAt: Schema.String,
  createdBy: Schema.String
}).annotate({ identifier: "Subscription" })
export type SubscriptionView = typeof SubscriptionView.Type

/** What an event on a subscription said in free text, as far as it was not erased. */
const textsOf = ({ texts }: Subscription, sequence: number | undefined): EventTexts => texts?.[String(sequence)] ?? {}

/** What happened to a subscription, besides its end. */
const viewHistory = (subscription: Subscription, decimals: number): Partial<SubscriptionView> => {
  const { extensions, replacements, upgradeFrom } = subscription
  return {
    ...(upgradeFrom !== undefined && { upgradeFromRentalId: upgradeFrom }),
    ...(extensions && {
      extensionHistory: extensions.map(({ sequence, at, by, months, oldMonthlyAmount, newMonthlyAmount, ...extension }) => ({
        extensionMonths: months,
        ...extension,
        oldMonthlyAmount: toMajor(oldMonthlyAmount, decimals),
        newMonthlyAmount: toMajor(newMonthlyAmount, decimals),
        extendedBy: by,
        extendedAt: at,
        ...textsOf(subscription, sequence)
      }))
    }),
    ...(replacements && {
      replacementHistory: replacements.map(({ sequence, at, by, ...replacement }) => ({
        ...textsOf(subscription, sequence),
        ...replacement,
        replacedBy: by,
        replacedAt: at
      }))
    })
  }
}

/** How a subscription ended, under the member that its status has for it. */
const viewEnd = (subscription: Subscription, decimals: number): Partial<SubscriptionView> => {
  const { status, ended } = subscription
  if (ended === undefined) return {}
  const { at, by: processedBy, reason, notes, monthsRented, earlyReturn, buyout } = ended
  const texts = { ...(notes !== undefined && { notes }), ...textsOf(subscription, ended.sequence) }
  const months = monthsRented !== undefined && { actualMonthsRented: monthsRented }
  if (earlyReturn !== undefined) {
    const { amount, calculation, condition, monthsLeft } = earlyReturn
    const earlyReturnDetails = {
      fee: toMajor(amount, decimals),
      feeWaived: amount === 0 && calculation === "manual_override",
      calculationMethod: calculation,
      returnCondition: condition,
      processedBy,
      returnedAt: at,
      ...texts,
      calculationBreakdown: { remainingMonths: monthsLeft }
    }
    return { earlyReturnDetails, ...months }
  }
  if (buyout !== undefined) {
    const { amount, calculation, monthsLeft } = buyout
    const buyoutDetails = {
      buyoutPrice: toMajor(amount, decimals),
      calculationMethod: calculation,
      ...(reason !== undefined && { reason }),
      processedBy,
      buyoutDate: at,
      ...texts,
      calculationBreakdown: { remainingMonths: monthsLeft }
    }
    return { buyoutDetails, ...months }
  }
  if (ended.upgradedTo !== undefined)
    return { upgradeDetails: { newRentalId: ended.upgradedTo, processedBy, upgradedAt: at, ...texts }, ...months }
  if (status === "ended_completed") return { completionDetails: { processedBy, completedAt: at, ...texts }, ...months }
  return {
    cancellationDetails: {
      ...(reason !== undefined && { reason }),
      processedBy,
      cancelledAt: at,
      ...texts
    }
  }
}

export const viewSubscription = ({ subscription, line, order }: SubscriptionOfOrder): SubscriptionView => ({
  rentalId: subscription.subscriptionId,
  tenantId: order.tenantId,
  assetSerialNumber: subscription.serialNumber,
  customerId: order.customer.customerId,
  sku: line.sku,
  productName: line.productName,
  monthlyAmount: toMajor(monthlyAmountOf(subscription, line), order.decimals),
  currency: order.currency,
  status: subscription.status,
  originalContractLength: subscription.originalContractLength ?? subscription.contractLength,
  contractLength: subscription.contractLength,
  startDate: subscription.startDate,
  endDate: subscription.endDate,
  orderId: order.orderId,
  customerEmail: order.customer.email,
  customerName: `${order.customer.firstName} ${order.customer.lastName}`,
  ...(subscription.billingGroupId !== undefined && { billingGroupId: subscription.billingGroupId }),
  ...(subscription.notes !== undefined && { notes: subscription.notes }),
  ...viewHistory(subscription, order.decimals),
  ...viewEnd(subscription, order.decimals),
  createdAt: subscription.createdAt,
  updatedAt: subscription.updatedAt,
  createdBy: subscription.createdBy
})

// --- lists -------------------------------------------------------------------------------------------------------------------------

const paging = {
  count: Count.annotate({ description: "How many this page has" }),
  limit: Count,
  hasMore: Schema.Boolean,
  nextCursor: Schema.NullOr(Schema.String).annotate({
    description: "Goes into `startAfter` of the next request; null on the last page"
  })
}
export const OrderPage = Schema.Struct({ orders: Schema.Array(OrderView), ...paging })
export const SubscriptionPage = Schema.Struct({ rentals: Schema.Array(SubscriptionView), ...paging })

export const AssetView = Schema.Struct({
  serialNumber: Schema.String,
  tenantId: Schema.String,
  sku: Schema.String,
  productName: Schema.String,
  status: AssetStatus,
  location: Schema.optionalKey(Schema.String),
  notes: Schema.optionalKey(Schema.String),
  rentalId: Schema.optionalKey(Schema.String).annotate({ description: "The subscription for which it is rented out" }),
  customerId: Schema.optionalKey(Schema.String).annotate({ description: "Whose subscription that is" }),
  createdAt: Schema.String,
  updatedAt: Schema.String
}).annotate({ identifier: "Asset" })

export const viewAsset = ({ subscriptionId, version: _, createdBy: __, ...asset }: RegisteredAsset): typeof AssetView.Type => ({
  ...asset,
  ...(subscriptionId !== undefined && { rentalId: subscriptionId })
})

export const AssetPage = Schema.Struct({ assets: Schema.Array(AssetView), ...paging })

export const viewAssetPage = (page: Page<RegisteredAsset>): typeof AssetPage.Type => {
  const assets = page.items.map(viewAsset)
  return { assets, ...viewPaging({ ...page, items: assets }) }
}

const viewPaging = ({ items, limit, nextCursor }: Page<unknown>) => ({
  count: items.length,
  limit,
  hasMore: nextCursor !== null,
  nextCursor
})

const readOrderView = reader(OrderView)
const readSubscriptionView = reader(SubscriptionView)

/** A page of orders. An order that cannot be shown is left out and named in the log. */
export const viewOrderPage = (page: Page<Order>): Effect.Effect<typeof OrderPage.Type> =>
  Effect.map(
    showEach(
      page.items,
      (order) => order,
      (order) => readOrderView(viewOrder(order))
    ),
    (orders) => ({ orders, ...viewPaging({ ...page, items: orders }) })
  )

/** A page of subscriptions. One that cannot be shown is left out, and its order is named in the log. */
export const viewSubscriptionPage = (page: Page<SubscriptionOfOrder>): Effect.Effect<typeof SubscriptionPage.Type> =>
  Effect.map(
    showEach(
      page.items,
      ({ order }) => order,
      (found) => readSubscriptionView(viewSubscription(found))
    ),
    (rentals) => ({ rentals, ...viewPaging({ ...page, items: rentals }) })
  )

const attempt = <A, E>(view: () => Result.Result<A, E>): Result.Result<A, unknown> => {
  try {
    return view()
  } catch (cause) {
    return Result.fail(cause)
  }
}

/** The views of the items that have one. What an earlier version stored without reading it may have none. */
const showEach = <Item, View>(
  items: ReadonlyArray<Item>,
  orderOf: (item: Item) => Pick<Order, "tenantId" | "orderId">,
  view: (item: Item) => Result.Result<View, InvalidInput>
): Effect.Effect<ReadonlyArray<View>> =>
  Effect.gen(function* () {
    const views: Array<View> = []
    for (const item of items) {
      const shown = attempt(() => view(item))
      if (Result.isSuccess(shown)) views.push(shown.success)
      else yield* logUnreadable({ ...orderOf(item), cause: shown.failure })
    }
    return views
  })

// --- audit events and the dry run of a cancel --------------------------------------------------------------------------------------

const BySku = Schema.Struct({ sku: Schema.String, quantity: Count })

export const EventView = Schema.Struct({
  sequence: Count,
  type: Schema.String,
  at: Schema.String,
  actor: Actor,
  from: Schema.NullOr(OrderStatus),
  to: OrderStatus,
  reason: Schema.optionalKey(Schema.String),
  reasonCode: Schema.optionalKey(Schema.String),
  released: Schema.Array(BySku),
  rentalId: Schema.optionalKey(Schema.String),
  details: Schema.Record(Schema.String, Schema.Unknown).annotate({
    description: "What an event of its kind says in clear; amounts in major units"
  }),
  requestId: Schema.String,
  previousHash: Schema.NullOr(Schema.String),
  hash: Schema.String
}).annotate({ identifier: "AuditEvent" })

/** A reason is a word of a list, or it is confidential and may have been erased. What a process says stays its own. */
const reasonOf = ({ event }: SealedEvent): string | undefined => {
  if (isOwnEvent(event)) return undefined
  if ("reason" in event.details) return event.details.reason
  return "reason" in event.confidential ? event.confidential.reason : undefined
}
const BlockerView = Schema.Struct({
  code: Schema.String.annotate({ description: "The refusal the command would get" }),
  guard: Schema.String.annotate({ description: "What is missing, by its name in the lifecycle" }),
  message: Schema.String,
  remedy: Schema.String,
  rentalIds: Schema.optionalKey(Schema.Array(Schema.String)).annotate({ description: "Every subscription that blocks" })
})

const viewBlocker = ({ code, guard, message, remedy, subscriptionIds }: Blocker): typeof BlockerView.Type => ({
  code,
  guard,
  message,
  remedy,
  ...(subscriptionIds.length > 0 && { rentalIds: subscriptionIds })
})

export const viewEvent = (sealed: SealedEvent): typeof EventView.Type => {
  const { event, previousHash, hash } = sealed
  const reason = reasonOf(sealed)
  return {
    sequence: event.sequence,
    type: event.type,
    at: event.at,
    actor: event.actor,
    from: event.from,
    to: event.to,
    ...(reason !== undefined && { reason }),
    ...("reasonCode" in event.details && { reasonCode: event.details.reasonCode }),
    released: releasedBySku(event.released),
    ...("subscriptionId" in event.details && { rentalId: event.details.subscriptionId }),
    details: viewDetails(event),
    requestId: event.requestId,
    previousHash,
    hash
  }
}

export const CancellationView = Schema.Struct({
  orderId: Schema.String,
  version: Count,
  cancellable: Schema.Boolean,
  blockers: Schema.Array(
    Schema.Struct({
      code: Schema.String.annotate({ description: "The refusal the command would get" }),
      guard: Schema.String.annotate({ description: "What is missing, by its name in the lifecycle" }),
      message: Schema.String,
      rentalIds: Schema.optionalKey(Schema.Array(Schema.String)).annotate({ description: "Every subscription that blocks" })
    })
  ),
  releases: Schema.Array(BySku),
  warnings: Schema.Array(Schema.String)
})

export const viewCancellation = ({ order, blockers, plan, warnings }: Preview): typeof CancellationView.Type => ({
  orderId: order.orderId,
  version: order.version,
  cancellable: blockers.length === 0,
  blockers: blockers.map(({ code, guard, message, subscriptionIds }) => ({
    code,
    guard,
    message,
    ...(subscriptionIds.length > 0 && { rentalIds: subscriptionIds })
  })),
  releases: releasedBySku(plan?.released ?? []),
  warnings
})

/** The answer to a dry run. */
export const PreviewView = Schema.Struct({
  orderId: Schema.String,
  version: Count,
  possible: Schema.Boolean.annotate({ description: "The command would be accepted" }),
  to: Schema.optionalKey(OrderStatus).annotate({ description: "The status afterwards, where it would be accepted" }),
  blockers: Schema.Array(BlockerView),
  releases: Schema.Array(BySku),
  warnings: Schema.Array(Schema.String)
}).annotate({ identifier: "DryRun" })

export const viewPreview = ({ order, blockers, plan, warnings }: Preview): typeof PreviewView.Type => ({
  orderId: order.orderId,
  version: order.version,
  possible: plan !== null,
  ...(plan !== null && { to: plan.status }),
  blockers: blockers.map(viewBlocker),
  releases: releasedBySku(plan?.released ?? []),
  warnings
})

// --- what is possible now --------------------------------------------------------------------------------------------------------------

export const CommandsView = Schema.Struct({
  orderId: Schema.String,
  version: Count,
  status: OrderStatus,
  commands: Schema.Array(
    Schema.Struct({
      name: Schema.String.annotate({ description: "The command, by its name in the lifecycle" }),
      possible: Schema.Boolean.annotate({ description: "Some input would be accepted now" }),
      to: Schema.optionalKey(OrderStatus).annotate({ description: "The status afterwards, where there is only one" }),
      depends: Schema.optionalKey(Schema.Literal(true)).annotate({ description: "Other inputs may be refused" }),
      blockers: Schema.Array(BlockerView).annotate({ description: "What no input can avoid" })
    })
  )
}).annotate({ identifier: "OrderCommands" })

export const viewCommands = ({ order, commands }: OrderCommands): typeof CommandsView.Type => ({
  orderId: order.orderId,
  version: order.version,
  status: order.status,
  commands: commands.map(({ blockers, ...command }) => ({ ...command, blockers: blockers.map(viewBlocker) }))
})

// --- notes, and many at once -----------------------------------------------------------------------------------------------------------

export const NotesView = Schema.Struct({ orderId: Schema.String, notes: Schema.String }).annotate({ identifier: "OrderNotes" })
export const SubscriptionNotesView = Schema.Struct({ rentalId: Schema.String, notes: Schema.String }).annotate({
  identifier: "SubscriptionNotes"
})

export const ResultsView = Schema.Struct({
  results: Schema.Array(
    Schema.Struct({
      orderId: Schema.String,
      success: Schema.Boolean,
      code: Schema.optionalKey(Schema.String).annotate({ description: "Why it was not carried out" }),
      message: Schema.String
    })
  )
}).annotate({ identifier: "Results" })
