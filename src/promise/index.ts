/**
 * `order-lifecycle/promise`: the same operations for callers without Effect. `openOrders` opens them; every one answers with a promise.
 *
 * Stores that need a driver have entry points of their own, so that nothing is loaded that is not used: `order-lifecycle/promise/postgres`
 * and `order-lifecycle/promise/embedded`. `docs/guides/embedding-without-effect.md` shows how all of it is used.
 *
 * @module
 */

// Opening.
export {
  type Asset,
  type AssetsOption,
  type CatalogueEntry,
  type CatalogueOption,
  openOrders,
  type OpenOptions
} from "./openOrders.ts"
export { memoryStore } from "./memoryStore.ts"
export { type CancellationPolicy, cancellationPolicyNames } from "../order/orderMachine.ts"

// Calling.
export type {
  CallOptions,
  Caller,
  CancelOrder,
  CancelOutcome,
  CloseOptions,
  CommandRequest,
  DeliverOptions,
  EndSubscription,
  EventName,
  OrderListRequest,
  Orders,
  OrdersAuditTrail,
  OrdersOutbox,
  OrdersReservations,
  Payment,
  PlaceOrder,
  RetryOptions,
  RewriteNotes,
  StartSubscription,
  SubscriptionListRequest
} from "./Orders.ts"

// What comes back.
export type { BrokenChain } from "../lifecycle/AuditTrail.ts"
export type { ConsumerLag, Delivery, PositionedEvent, Stock, SubscriptionOfOrder } from "../lifecycle/OrderStore.ts"
export type { Delivered } from "../lifecycle/Outbox.ts"
export type { Page } from "../lifecycle/paging.ts"
export type { Held, ReservationChange } from "../lifecycle/Reservations.ts"
export type { SealedEvent } from "../order/auditChain.ts"
export type { AuditEvent } from "../order/AuditEvent.ts"
export type { EventOf, RefusalOf, Transition } from "../order/decide.ts"
export type { Blocker, Preview } from "../order/explain.ts"
export { type Order, type OrderStatus, type Subscription, type SubscriptionStatus, totalsOf } from "../order/Order.ts"

// What a promise can be rejected with: refusals,
export { isRefusal, type Refusal } from "./refusals.ts"
export { EventNotErasable } from "../lifecycle/AuditTrail.ts"
export { ConsumerExists, ConsumerNotFound, EventNotParked } from "../lifecycle/Outbox.ts"
export { IdempotencyKeyReused } from "../lifecycle/idempotency.ts"
export {
  AssetNotAvailable,
  AssetNotFound,
  type InputFault,
  InvalidContractLength,
  InvalidInput,
  ItemFullyFulfilled,
  OrderAlreadyCancelled,
  OrderNotCancellable,
  OrderNotConfirmed,
  OrderNotFound,
  OrderNotPending,
  SkuMismatch,
  SubscriptionAlreadyCancelled,
  SubscriptionAlreadyEnded,
  SubscriptionNotFound,
  VariantInactive,
  VariantNotFound
} from "../order/Refusal.ts"

// and everything else.
export { OutcomeUnknown, StoreUnavailable } from "../lifecycle/OrderStore.ts"
export { CannotOpen, OrdersClosed, WrongOption } from "./errors.ts"
