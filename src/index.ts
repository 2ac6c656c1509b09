/**
 * order-lifecycle: rental and subscription orders that are never lost, leaked or half done.
 *
 * Read in this order: `order/orderMachine.ts` (what may happen), `order/commands/cancel.ts` (one command, whole), `order/decide.ts` (an order
 * and a command in, a `Transition` or a `Refusal` out), `lifecycle/OrderLifecycle.ts` (the service, which loads, decides and commits). Stores,
 * the HTTP API and the test kit have entry points of their own: `order-lifecycle/memory`, `/postgres`, `/embedded`, `/http`, `/verify`,
 * `/testing`, and so have callers without Effect: `/promise`.
 *
 * @module
 */

// What may happen.
export { type CancellationPolicy, cancellationPolicyNames } from "./order/policies/index.ts"
export { type Fact, makeOrderMachine, orderMachine, type OrderContext, type StatusFact } from "./order/orderMachine.ts"
export * from "./order/commands/index.ts"
export { type Answer, type Consequence, type Lifecycle, lifecycles } from "./order/lifecycleTable.ts"

// Rules of your own.
export type { DataFilter, FilterValue } from "./order/process/OwnFilters.ts"
export { type OrderProcess, orderProcess, type OwnStatusRules, type ProcessBuilder } from "./order/process/orderProcess.ts"
export type { GuardFacts, OwnGuard, RuleFacts, Words } from "./order/process/OwnGuard.ts"
export type { OwnCommand } from "./order/process/OwnCommand.ts"
export type { ColumnType, OwnRows, Row as OwnRow, RowFacts } from "./order/process/OwnRows.ts"
export { RuleFailed } from "./order/process/RuleFailed.ts"
export { OwnRefusal } from "./order/process/OwnRefusal.ts"
export { WrongProcess } from "./order/process/WrongProcess.ts"
export { lifecycleOf, machineOf } from "./order/process/lifecycleOf.ts"

// What may happen to an asset.
export { type AssetEvent, assetMachine } from "./asset/assetMachine.ts"
export type { AssetMove, AssetMoveEvent } from "./asset/AssetMove.ts"
export type { AssetStep } from "./asset/assetSteps.ts"
export {
  type AssetChange,
  type AssetUse,
  ChangeAsset,
  decideChanging,
  decideRegistering,
  RegisterAsset,
  type RegisteringFacts,
  WithdrawAsset
} from "./asset/decideAsset.ts"
export { AssetExists, AssetInUse, AssetNotRegistered, InvalidAssetStatus } from "./asset/refusals.ts"
export { AssetRecord, AssetStatus, RegisteredAsset } from "./asset/RegisteredAsset.ts"

// Deciding, pure.
export { decide } from "./order/decide.ts"
export type { Occasion, Transition } from "./order/Transition.ts"
export { place, PlaceOrder, type PlacingFacts } from "./order/commands/place.ts"
export { InvalidContractLength, type Variant, VariantInactive, VariantNotFound } from "./order/commands/priceLines.ts"
export { evolve, fold, UnknownEventKind } from "./order/evolve.ts"
export { type Blocker, explain, type Preview, preview } from "./order/explain.ts"
export { type PossibleCommand, possibleCommands } from "./order/possibleCommands.ts"
export { brokenLaws } from "./order/invariants.ts"

// The words: orders, commands, refusals, events.
export {
  Actor,
  activeSubscriptions,
  Address,
  Cancellation,
  Customer,
  CustomerId,
  Line,
  Order,
  OrderId,
  LibraryStatus,
  OrderStatus,
  Payment,
  SerialNumber,
  Sku,
  Subscription,
  SubscriptionId,
  SubscriptionStatus,
  TenantId,
  totalsOf,
  unitsOf
} from "./order/Order.ts"
export { Currency, decimalsOf, toMajor, toMinor } from "./order/Money.ts"
export { currencyCodes, CurrencyForNewAmounts } from "./order/CurrencyForNewAmounts.ts"
export { hoursBetween, Timestamp } from "./order/Timestamp.ts"
export { monthlyAmountOf, monthsLeft, monthsRented } from "./order/contract.ts"
export { Units } from "./order/Units.ts"
export type { AssetFacts } from "./order/commands/defineCommand.ts"
export { CancelOrder } from "./order/commands/cancel.ts"
export { BuyOutSubscription } from "./order/commands/buyOutSubscription.ts"
export { CancelSubscription } from "./order/commands/cancelSubscription.ts"
export { CompleteSubscription } from "./order/commands/completeSubscription.ts"
export { ExtendSubscription } from "./order/commands/extendSubscription.ts"
export { ReplaceAsset } from "./order/commands/replaceAsset.ts"
export { UpgradeSubscription } from "./order/commands/upgradeSubscription.ts"
export { ReturnSubscription } from "./order/commands/returnSubscription.ts"
export { RewriteNotes } from "./order/RewriteNotes.ts"
export { StartSubscription } from "./order/commands/startSubscription.ts"
export { InputFault, InvalidInput, OrderNotFound, SubscriptionNotFound } from "./order/commonRefusals.ts"
export { Refusal } from "./order/Refusal.ts"
export { AuditEvent, isOwnEvent, type LibraryEvent, releasedBySku } from "./order/AuditEvent.ts"
export { Released, RequestId } from "./order/orderEvent.ts"
export { type ChainFault, type SealedEvent, verifyChain } from "./order/auditChain.ts"
export { type Digest, portableDigest } from "./order/digest.ts"

// Making it happen.
export { AssetRegistry } from "./lifecycle/AssetRegistry.ts"
export {
  type AssetRegistryOption,
  type CommandFailure,
  type LifecycleOptions,
  type OrderCommands,
  OrderLifecycle,
  type PlaceOptions
} from "./lifecycle/OrderLifecycle.ts"
export {
  CannotJoin,
  type Joined,
  JoinsTransactions,
  type JoinedStore,
  type OpenTransaction
} from "./lifecycle/OpenTransaction.ts"
export { ordersUnder } from "./lifecycle/ordersUnder.ts"
export type { CancelOutcome } from "./lifecycle/cancelMany.ts"
export { Caller, CallerOfMany, CallerPlacing } from "./lifecycle/Caller.ts"
export { type Held, type ReservationChange, Reservations } from "./lifecycle/Reservations.ts"
export { AuditTrail, type BrokenChain, EventNotErasable } from "./lifecycle/AuditTrail.ts"
export {
  ConsumerExists,
  ConsumerName,
  ConsumerNotFound,
  type Delivered,
  type DeliverOptions,
  EventNotParked,
  Outbox,
  type RetryOptions
} from "./lifecycle/Outbox.ts"
export type { Quote, QuoteFunction } from "./lifecycle/quotes.ts"
export { Due, DueNotParked, type DueOptions, type Given } from "./lifecycle/Due.ts"
export { CurrentDigest } from "./lifecycle/CurrentDigest.ts"
export { IdempotencyKeyReused } from "./lifecycle/idempotency.ts"
export { ExpectedVersion, NotesMismatch, VersionMismatch } from "./lifecycle/expectedVersion.ts"
export { WrongAnswer, WrongOption } from "./lifecycle/options.ts"
export { AssetListRequest, OrderListRequest, type Page, SubscriptionListRequest } from "./lifecycle/paging.ts"

// The ports, for those who bring their own.
export { type Asset, Assets } from "./lifecycle/Assets.ts"
export { Catalogue } from "./lifecycle/Catalogue.ts"
export {
  type AssetDisagreement,
  type AssetQuery,
  type AssetSort,
  type Change,
  type CommitOutcome,
  type ConsumerKey,
  type ConsumerLag,
  type ConsumerStart,
  type Delivery,
  type DueKey,
  type DueLease,
  type DataIndexing,
  type DuePlan,
  type DueSettlement,
  type EventKey,
  type IdempotencyKey,
  type Lease,
  type Loaded,
  type LoadedAsset,
  type LoadRequest,
  type OrderQuery,
  type OrderSort,
  OrderStore,
  OutcomeUnknown,
  RowRefused,
  type PagePosition,
  type PositionedEvent,
  type Remembered,
  RememberedOutcome,
  type Row,
  type Settlement,
  type SettlementOutcome,
  type Stock,
  StoreUnavailable,
  type SubscriptionOfOrder,
  type SubscriptionQuery,
  type Transaction,
  type Unreadable,
  type WaitingCommand
} from "./lifecycle/OrderStore.ts"
export { TakesTurns } from "./lifecycle/OrderTurns.ts"

// Several stores as one.
export * as RoutedOrderStore from "./lifecycle/RoutedOrderStore.ts"
export { type StaticPlaces, storeByHash, TenantDirectory, TenantIsMoving, type TenantPlace } from "./lifecycle/TenantDirectory.ts"
