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
export { type CancellationPolicy, cancellationPolicyNames } from "../order/policies/index.ts"

// Calling.
export type {
  AssetListRequest,
  CallOptions,
  Caller,
  CallerOfMany,
  CallerPlacing,
  ChangeAsset,
  CancelOrder,
  CancelOutcome,
  CloseOptions,
  CommandRequest,
  DeliverOptions,
  DueName,
  DueOptions,
  CancelSubscription,
  EventName,
  OrderListRequest,
  Orders,
  DataOf,
  FiltersOf,
  OrdersAssets,
  OrdersAuditTrail,
  OrdersDue,
  OrdersOutbox,
  OrdersReservations,
  OrdersUnder,
  OrdersWithin,
  OwnCalls,
  Payment,
  PayloadsOf,
  PlaceOrder,
  RegisterAsset,
  RetryOptions,
  RewriteNotes,
  StartSubscription,
  StatusesOf,
  SubscriptionListRequest,
  WithdrawAsset
} from "./Orders.ts"

// Rules of your own.
export { type OrderProcess, orderProcess, type OwnStatusRules, type ProcessBuilder } from "../order/process/orderProcess.ts"
export type { GuardFacts, OwnGuard, RuleFacts, Words } from "../order/process/OwnGuard.ts"
export type { OwnCommand } from "../order/process/OwnCommand.ts"
export type { ColumnType, OwnRows, Row as OwnRow, RowFacts } from "../order/process/OwnRows.ts"
export { CannotJoin, type OpenTransaction } from "../lifecycle/OpenTransaction.ts"
export { RuleFailed } from "../order/process/RuleFailed.ts"
export { WrongProcess } from "../order/process/WrongProcess.ts"

// What comes back.
export type { AssetChange } from "../asset/decideAsset.ts"
export type { AssetRecord, AssetStatus, RegisteredAsset } from "../asset/RegisteredAsset.ts"
export { type BrokenChain, EventNotErasable } from "../lifecycle/AuditTrail.ts"
export {
  type ConsumerLag,
  type Delivery,
  OutcomeUnknown,
  RowRefused,
  type PositionedEvent,
  type Stock,
  StoreUnavailable,
  type SubscriptionOfOrder,
  type WaitingCommand
} from "../lifecycle/OrderStore.ts"
export { DueNotParked, type Given } from "../lifecycle/Due.ts"
export { ConsumerExists, ConsumerNotFound, type Delivered, EventNotParked } from "../lifecycle/Outbox.ts"
export type { Page } from "../lifecycle/paging.ts"
export type { Quote, QuoteFunction } from "../lifecycle/quotes.ts"
export type { Held, ReservationChange } from "../lifecycle/Reservations.ts"
export type { SealedEvent } from "../order/auditChain.ts"
export { type AuditEvent, isOwnEvent, type LibraryEvent } from "../order/AuditEvent.ts"
export type { Transition } from "../order/Transition.ts"
export type { Blocker, Preview } from "../order/explain.ts"
export {
  type LibraryStatus,
  type Order,
  type OrderStatus,
  type Subscription,
  type SubscriptionStatus,
  totalsOf
} from "../order/Order.ts"

// What a promise can be rejected with: refusals,
export { isRefusal, type Refusal } from "./refusals.ts"
export { IdempotencyKeyReused } from "../lifecycle/idempotency.ts"
export { NotesMismatch, VersionMismatch } from "../lifecycle/expectedVersion.ts"
export * from "../order/commands/index.ts"
export { AssetExists, AssetInUse, AssetNotRegistered, InvalidAssetStatus } from "../asset/refusals.ts"
export { type InputFault, InvalidInput, OrderIsFinal, OrderNotFound, SubscriptionNotFound } from "../order/commonRefusals.ts"
export { InvalidContractLength, VariantInactive, VariantNotFound } from "../order/commands/priceLines.ts"
export { OwnRefusal } from "../order/process/OwnRefusal.ts"

// and everything else.
export { CannotOpen, OrdersClosed, WrongOption } from "./errors.ts"
