/** Orders for the contract: made as the library makes them, by `place` and `decide`, and sealed behind each other. */
import { randomUUID } from "node:crypto"
import * as DateTime from "effect/DateTime"
import * as Result from "effect/Result"
import type { Change, IdempotencyKey } from "../lifecycle/OrderStore.ts"
import { changesOf } from "../lifecycle/Reservations.ts"
import { fingerprint, seal } from "../order/auditChain.ts"
import { RequestId } from "../order/orderEvent.ts"
import { decide } from "../order/decide.ts"
import type { Occasion, Transition } from "../order/Transition.ts"
import { type Lifecycle, lifecycles } from "../order/lifecycleTable.ts"
import { Currency } from "../order/Money.ts"
import { CustomerId, type Order, OrderId, type OwnData, SerialNumber, Sku, SubscriptionId, TenantId } from "../order/Order.ts"
import type { OrderCommand } from "../order/commands/index.ts"
import { place, type PlaceOrder } from "../order/commands/place.ts"
import { fromDateTime, type Timestamp } from "../order/Timestamp.ts"

const library = lifecycles.noActiveSubscriptions

/** A tenant nobody has used before: cases can share a store. */
export const freshTenant = (): TenantId => TenantId.make(`tenant-${randomUUID()}`)

/** The moment `minutes` after the day begins on which everything here happens. */
export const minute = (minutes: number): Timestamp => fromDateTime(DateTime.add(DateTime.makeUnsafe("2026-11-23"), { minutes }))

const occasion = (minutes: number): Occasion => ({
  at: minute(minutes),
  actor: { userId: "user-1", email: "ada@example.com" },
  requestId: RequestId.make("request-1")
})

const salt = () => randomUUID().replaceAll("-", "").repeat(2)

/** A transition as it is handed to the store. `headHash` is that of the event before; null when the order is placed. */
export const changeOf = (
  transition: Transition,
  headHash: string | null,
  more?: Pick<Change, "remember" | "newCustomer">
): Change => ({
  transition,
  sealed: seal(transition.event, headHash, salt()),
  reservations: changesOf(transition),
  ...more
})

export interface Placing {
  readonly orderId?: string
  readonly email?: string
  readonly customerId?: string
  /** The customer is in the store already. */
  readonly isKnownCustomer?: boolean
  /** EUR unless said otherwise. */
  readonly currency?: string
  readonly items?: ReadonlyArray<{ readonly sku: string; readonly quantity: number }>
  readonly at?: number
  readonly more?: Pick<PlaceOrder, "notes" | "customFields" | "extensionDetails" | "externalReference">
  readonly street?: string
  readonly remember?: IdempotencyKey
  /** The library's own lifecycle unless said otherwise. */
  readonly lifecycle?: Lifecycle
  readonly data?: OwnData
}

/** An order being placed: by default two of one SKU and one of another, for a customer who is new. */
export const placing = (tenantId: TenantId, options: Placing = {}): Change => {
  const {
    items = [
      { sku: "LAPTOP", quantity: 2 },
      { sku: "BIKE", quantity: 1 }
    ],
    at = 0,
    lifecycle = library
  } = options
  const email = options.email ?? `${randomUUID()}@example.com`
  const customerId = CustomerId.make(options.customerId ?? `customer-${randomUUID()}`)
  const sell = (sku: string) => ({
    sku: Sku.make(sku),
    productName: `The ${sku}`,
    isActive: true,
    currency: Currency.make(options.currency ?? "EUR"),
    pricing: [{ contractLength: 12, monthlyPrice: 1_000 }]
  })
  const transition = Result.getOrThrow(
    place(
      lifecycle,
      {
        customer: { email, firstName: "Ada", lastName: "Lovelace" },
        billingAddress: {
          contactName: "Ada Lovelace",
          streetAddress: options.street ?? "1 St James's Square",
          city: "London",
          country: "GB"
        },
        items: items.map(({ sku, quantity }) => ({ sku: Sku.make(sku), quantity })),
        ...options.more
      },
      {
        tenantId,
        orderId: OrderId.make(options.orderId ?? `order-${randomUUID()}`),
        customerId,
        variants: new Map(items.map(({ sku }) => [Sku.make(sku), sell(sku)])),
        payment: { status: "paid", method: "stripe", paidAmount: 3_000 },
        ...(options.data && { data: options.data })
      },
      occasion(at)
    )
  )
  return changeOf(transition, null, {
    ...(options.isKnownCustomer !== true && { newCustomer: { customerId, emailKey: email } }),
    ...(options.remember && { remember: { ...options.remember, rememberedAt: minute(at) } })
  })
}

/** What a change leaves behind, for the next one to build on. */
export interface Head {
  readonly order: Order
  readonly headHash: string
}
export const headOf = (change: Change): Head => ({ order: change.transition.after, headHash: change.sealed.hash })

/** The change that a command makes of an order. Throws when the order refuses it. */
export const next = (
  { order, headHash }: Head,
  command: OrderCommand,
  options: { at?: number; remember?: IdempotencyKey; lifecycle?: Lifecycle } = {}
): Change =>
  changeOf(
    Result.getOrThrow(decide(options.lifecycle ?? library, order, command, occasion(options.at ?? order.version))),
    headHash,
    {
      ...(options.remember && { remember: { ...options.remember, rememberedAt: minute(options.at ?? order.version) } })
    }
  )

export const confirm: OrderCommand = { type: "confirm" }

export const cancel = (reason?: string): OrderCommand => ({ type: "cancel", ...(reason !== undefined && { reason }) })

export const start = (
  order: Order,
  sku: string,
  serialNumber: string,
  more: { notes?: string; subscriptionId?: string; isRegistered?: true } = {}
): OrderCommand => ({
  type: "startSubscription",
  subscriptionId: SubscriptionId.make(more.subscriptionId ?? `subscription-${randomUUID()}`),
  assetSerialNumber: SerialNumber.make(serialNumber),
  customerId: order.customer.customerId,
  asset: { isKnown: true, isRented: false, sku: Sku.make(sku), ...(more.isRegistered && { isRegistered: true }) },
  ...(more.notes !== undefined && { notes: more.notes })
})

export const end = (order: Order, position: number, notes?: string): OrderCommand => {
  const subscription = order.subscriptions[position]
  if (subscription === undefined) throw new Error(`order ${order.orderId} has no subscription at ${position}`)
  return {
    type: "cancelSubscription",
    rentalId: subscription.subscriptionId,
    reason: "other",
    ...(notes !== undefined && { notes })
  }
}

/** An idempotency key that is good from the first minute to minute 1,000. */
export const keyFor = (tenantId: TenantId, key: string, command: unknown, expires = 1_000): IdempotencyKey => ({
  tenantId,
  key,
  fingerprint: fingerprint(command),
  rememberedAt: minute(0),
  expiresAt: minute(expires)
})
