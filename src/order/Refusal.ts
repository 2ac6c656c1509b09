/**
 * Every way in which a command can be refused. A refusal changes nothing.
 *
 * Each class is one case a caller can act on; its `code` is the specification's word for it (several cases may share a code), `when`
 * says which case it is, and `remedy` what to do. Where in the lifecycle a refusal is given is said in `orderMachine.ts`; which HTTP
 * status it gets, in `http/`. The page `docs/reference/errors.md` is drawn from all three.
 */
import * as Schema from "effect/Schema"
import { OrderAlreadyCancelled, OrderNotCancellable } from "./commands/cancel.ts"
import { SubscriptionAlreadyCancelled, SubscriptionAlreadyEnded } from "./commands/cancelSubscription.ts"
import { OrderNotPending } from "./commands/confirm.ts"
import { InvalidContractLength, VariantInactive, VariantNotFound } from "./commands/place.ts"
import {
  AssetNotAvailable,
  AssetNotFound,
  ItemFullyFulfilled,
  OrderNotConfirmed,
  SkuMismatch
} from "./commands/startSubscription.ts"
import { OwnRefusal } from "./process/OwnRefusal.ts"
import { InvalidInput, OrderNotFound, SubscriptionNotFound } from "./commonRefusals.ts"

/** Every refusal there is, as a schema: refusals are remembered under an idempotency key and given again. */
export const Refusal = Schema.Union([
  InvalidInput,
  VariantNotFound,
  VariantInactive,
  InvalidContractLength,
  OrderNotFound,
  SubscriptionNotFound,
  OrderNotPending,
  OrderNotConfirmed,
  ItemFullyFulfilled,
  AssetNotFound,
  SkuMismatch,
  AssetNotAvailable,
  SubscriptionAlreadyCancelled,
  SubscriptionAlreadyEnded,
  OrderNotCancellable,
  OrderAlreadyCancelled,
  OwnRefusal
])
export type Refusal = typeof Refusal.Type
