/**
 * Every command on an order, by name. Whatever knows all commands is derived from this record: unions, readers, previews, the machine's
 * events, promise methods, HTTP routes, simulated calls. A new one is a file, a line here, and its answers in `orderMachine.ts`.
 */
import type { OwnRefusal } from "../process/OwnRefusal.ts"
import { addItems } from "./addItems.ts"
import { buyOutSubscription } from "./buyOutSubscription.ts"
import { cancel } from "./cancel.ts"
import { cancelSubscription } from "./cancelSubscription.ts"
import { completeSubscription } from "./completeSubscription.ts"
import { confirm } from "./confirm.ts"
import { correct } from "./correct.ts"
import { extendSubscription } from "./extendSubscription.ts"
import { recordPayment } from "./recordPayment.ts"
import { release } from "./release.ts"
import { replaceAsset } from "./replaceAsset.ts"
import { returnSubscription } from "./returnSubscription.ts"
import { startSubscription } from "./startSubscription.ts"
import { upgradeSubscription } from "./upgradeSubscription.ts"

const commands = {
  /** Confirm a pending order. */
  confirm,
  /** Add lines to an order that nothing was rented from yet. Source: whole-life.md, section 3. */
  addItems,
  /** Correct the customer's details, an address or the external reference. Source: whole-life.md, section 3. */
  correct,
  /** Record how the order's payment stands. Source: whole-life.md, section 3. */
  recordPayment,
  /** Give held units back without cancelling the order. Source: whole-life.md, section 3. */
  release,
  /** Start a subscription for one unit of one line. Its id is `event.details.subscriptionId`. */
  startSubscription,
  /** Cancel a subscription: it ends, its order keeps its status. */
  cancelSubscription,
  /** Take an asset back before its contract is over, for a fee or without. Source: whole-life.md, section 4. */
  returnSubscription,
  /** Sell an asset to the customer who rents it. Source: whole-life.md, section 4. */
  buyOutSubscription,
  /** Take an asset back when its contract is over. Source: whole-life.md, section 4. */
  completeSubscription,
  /** Make the contract of a subscription longer. Source: whole-life.md, section 4. */
  extendSubscription,
  /** Give a subscription another asset of the same SKU. Source: whole-life.md, section 4. */
  replaceAsset,
  /** End a subscription and start one with another product in its place. Source: whole-life.md, section 4. */
  upgradeSubscription,
  /** Cancel an order and release what it holds. Source: cancel-order.md. */
  cancel
}
// By default, so that `export *` of the library's own index passes on everything here but this.
export default commands
/** Every command on an order: how each is defined. */
export type Commands = typeof commands

// What callers catch.
export { OrderNotOpen } from "./addItems.ts"
export { OrderAlreadyCancelled, OrderNotCancellable } from "./cancel.ts"
export { SubscriptionAlreadyCancelled, SubscriptionAlreadyEnded } from "./cancelSubscription.ts"
export { ContractNotOver } from "./completeSubscription.ts"
export { OrderNotPending } from "./confirm.ts"
export { InvalidExtensionMonths } from "./extendSubscription.ts"
export { AssetNotAvailable, AssetNotFound, SkuMismatch } from "./onAsset.ts"
export { SubscriptionNotActive } from "./onSubscription.ts"
export { NotHeld, NothingHeld, NothingWouldRemain } from "./release.ts"
export { ItemFullyFulfilled, OrderNotConfirmed } from "./startSubscription.ts"

/** The name of a command on an existing order. */
export type CommandType = keyof Commands

/** Every command on an existing order. */
export const commandTypes = Object.keys(commands) as ReadonlyArray<CommandType>

/** A command that names nothing but its order. */
export type PlainCommand = {
  readonly [Name in CommandType]: [Commands[Name]["target"], keyof Commands[Name]["request"]["Type"]] extends ["order", never]
    ? Name
    : never
}[CommandType]

/** A command as the lifecycle decides on it: the request, and the facts that only its surroundings know. */
export type OrderCommand<Type extends CommandType = CommandType> = {
  readonly [Name in Type]: ReturnType<Commands[Name]["sample"]>
}[Type]

/**
 * A command as a caller puts it: its name, and the request without the order's id. Members that no schema names are refused in code, and
 * dropped over HTTP.
 */
export type CommandRequest<Type extends CommandType = CommandType> = {
  readonly [Name in Type]: { readonly type: Name } & (Commands[Name]["target"] extends "orderId"
    ? Omit<Commands[Name]["request"]["Type"], "orderId">
    : Commands[Name]["request"]["Type"])
}[Type]

/** A command as the machine is asked about it: its name, and the facts that its guards ask about. */
export type OrderEvent<Type extends CommandType = CommandType> = {
  readonly [Name in Type]: ReturnType<Commands[Name]["question"]>
}[Type]

/** The event each command is recorded by. */
export type EventOf<Type extends CommandType> = Commands[Type]["event"]["Type"]

type RefusedBy<Words> = Words extends (...args: never) => infer Refused ? Exclude<Refused, undefined> : never
type RefusalIn<Refusals> = RefusedBy<Refusals[keyof Refusals]>

/** What each command can be refused with. `OwnRefusal`: by a guard of the embedding service's own. */
export type RefusalOf<Type extends CommandType> =
  | { readonly [Name in Type]: RefusalIn<Commands[Name]["refusals"]> }[Type]
  | OwnRefusal
