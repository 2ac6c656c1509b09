/**
 * The HTTP API, without a single handler: what can be asked, with which schemas, and what is answered. Requests are decoded by the very
 * schemas of the commands. `handlers.ts` implements it, `app.ts` guards it, `openApi.ts` describes it.
 */
import * as Context from "effect/Context"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { ChangeAsset, RegisterAsset } from "../asset/decideAsset.ts"
import { AssetStatus } from "../asset/RegisteredAsset.ts"
import { CallerOfMany } from "../lifecycle/Caller.ts"
import { AssetListRequest, limits, OrderListRequest, statusList, SubscriptionListRequest } from "../lifecycle/paging.ts"
import { OrderId, OrderStatus, ReplacementReason, SerialNumber, Sku, SubscriptionId, SubscriptionStatus } from "../order/Order.ts"
import { AddItems } from "../order/commands/addItems.ts"
import { CancelOrder } from "../order/commands/cancel.ts"
import { BuyOutSubscription } from "../order/commands/buyOutSubscription.ts"
import { CancelSubscription } from "../order/commands/cancelSubscription.ts"
import { CompleteSubscription } from "../order/commands/completeSubscription.ts"
import { definitions } from "../order/commands/definitions.ts"
import { type CommandType, commandTypes } from "../order/commands/index.ts"
import { ExtendSubscription } from "../order/commands/extendSubscription.ts"
import { PlaceOrder } from "../order/commands/place.ts"
import { CorrectOrder } from "../order/commands/correct.ts"
import { RecordPayment } from "../order/commands/recordPayment.ts"
import { ReleaseUnits } from "../order/commands/release.ts"
import { ReplaceAsset } from "../order/commands/replaceAsset.ts"
import { ReturnSubscription } from "../order/commands/returnSubscription.ts"
import { RewriteNotes } from "../order/RewriteNotes.ts"
import { StartSubscription } from "../order/commands/startSubscription.ts"
import { UpgradeSubscription } from "../order/commands/upgradeSubscription.ts"
import { type Lifecycle, lifecycles } from "../order/lifecycleTable.ts"
import type { OwnCommand } from "../order/process/OwnCommand.ts"
import type { Code, OwnStatuses } from "./errors.ts"
import { defaultPolicy } from "../order/policies/index.ts"
import { AmountInMajorUnits } from "./amounts.ts"
import { dataParameters } from "./dataQuery.ts"
import { commandMember, completeOpenApi, ownCommandMember, takesMember } from "./openApi.ts"
import { CarriedOut, type Taken, Takes } from "./operations.ts"
import {
  ofCalculation,
  ofChange,
  ofKeyedChange,
  ofOpenRead,
  ofOwnChange,
  ofRead,
  otherBodies,
  ownCodesByStatus
} from "./refusals.ts"
import { programVersion } from "../lifecycle/programVersion.ts"
import {
  AssetPage,
  AssetView,
  CancellationView,
  CommandsView,
  EventView,
  NotesView,
  OrderPage,
  OrderView,
  PreviewView,
  ResultsView,
  SubscriptionNotesView,
  SubscriptionPage,
  SubscriptionView
} from "./views.ts"

// --- pieces ------------------------------------------------------------------------------------------------------------------------

/** Always `true`: the answer of a command that was carried out. */
const success = Schema.Literal(true)
const created = <Fields extends Schema.Struct.Fields>(fields: Fields) => Schema.Struct(fields).pipe(HttpApiSchema.status(201))

/** A whole number in a query: digits only. */
const Digits = Schema.String.check(Schema.isPattern(/^[0-9]{1,9}$/, { message: "must be a whole number" })).pipe(
  Schema.decodeTo(Schema.Int, SchemaTransformation.numberFromString)
)
const limit = Schema.optionalKey(Digits.check(Schema.isBetween(limits)))

const orderParams = { orderId: OrderId }
const subscriptionParams = { subscriptionId: SubscriptionId }
const assetParams = { serialNumber: SerialNumber }

const describe = (identifier: string, summary: string, description: string) =>
  OpenApi.annotations({ identifier, summary, description })

/**
 * An operation that carries out a command on an order, of the library unless it is said to be a process's own: it takes an idempotency key, an
 * expected version and `dryRun`, and a process can refuse it with codes of its own.
 */
const carriesOut = (command: CommandType, isOwn = false) =>
  Context.add(
    OpenApi.annotations({ transform: (operation) => ({ ...operation, [isOwn ? ownCommandMember : commandMember]: command }) }),
    CarriedOut,
    command
  )

/** An operation that takes something else besides its body than operations of its method do. */
const takes = (taken: Partial<Taken>) =>
  Context.add(OpenApi.annotations({ transform: (operation) => ({ ...operation, [takesMember]: taken }) }), Takes, taken)

// --- orders ------------------------------------------------------------------------------------------------------------------------

/** As in code, where own data stand beside the request. */
const PlaceOrderWithData = Schema.Struct({
  ...PlaceOrder.fields,
  data: Schema.optionalKey(Schema.Json).annotate({ description: "What the service's own process keeps with the order" })
})

const createOrder = (payload: typeof PlaceOrderWithData) =>
  HttpApiEndpoint.post("createOrder", "/v1/orders", {
    payload,
    success: created({ success, message: Schema.String, orderId: Schema.String, order: OrderView }),
    error: ofKeyedChange("createOrder", "VARIANT_NOT_FOUND", "VARIANT_INACTIVE", "INVALID_CONTRACT_LENGTH")
  }).annotateMerge(
    describe(
      "createOrder",
      "Create an order",
      "Places an order. Prices come from the catalogue; its units are reserved from now on."
    )
  )

/** `data`: parameters by which the list can be filtered by own data. */
const listOrders = (data: object) =>
  HttpApiEndpoint.get("listOrders", "/v1/orders", {
    query: { ...OrderListRequest.fields, limit, status: Schema.optionalKey(statusList(OrderStatus)), ...data },
    success: OrderPage,
    error: ofRead("listOrders")
  }).annotateMerge(describe("listOrders", "List orders", "Orders in pages, newest first unless sorted otherwise."))

/** Which orders to cancel, and why. The versions that they must be at can be given by their ids. */
const CancelOrders = Schema.Struct({
  orderIds: Schema.Array(OrderId).check(Schema.isMinLength(1), Schema.isMaxLength(500)),
  expectedVersions: CallerOfMany.fields.expectedVersions,
  ...CancelOrder.fields
})

/** What a command on an order answers: the order as it stands afterwards. */
const Outcome = Schema.Struct({ success, message: Schema.String, orderId: Schema.String, order: OrderView })

/** As in code, but for the amount. */
const PaymentInMajorUnits = Schema.Struct({
  ...RecordPayment.fields,
  paidAmount: Schema.optionalKey(AmountInMajorUnits)
})

const orders = HttpApiGroup.make("orders")
  // Without a process that keeps some, own data are as unknown as any other member.
  .add(createOrder(PlaceOrder as unknown as typeof PlaceOrderWithData))
  .add(listOrders({}))
  .add(
    HttpApiEndpoint.get("getOrder", "/v1/orders/:orderId", {
      params: orderParams,
      success: OrderView,
      error: ofRead("getOrder", "NOT_FOUND")
    }).annotateMerge(describe("getOrder", "Get an order", "The order as it stands."))
  )
  .add(
    HttpApiEndpoint.get("getOrderNotes", "/v1/orders/:orderId/notes", {
      params: orderParams,
      success: NotesView,
      error: ofRead("getOrderNotes", "NOT_FOUND")
    }).annotateMerge(
      describe(
        "getOrderNotes",
        "Get order notes",
        "The notes of an order, with an ETag of their own; empty where there are none."
      )
    )
  )
  .add(
    HttpApiEndpoint.patch("updateOrderNotes", "/v1/orders/:orderId/notes", {
      params: orderParams,
      payload: RewriteNotes,
      success: Schema.Struct({ success, message: Schema.String, orderId: Schema.String }),
      error: ofChange("updateOrderNotes", "NOT_FOUND")
    })
      .annotateMerge(describe("updateOrderNotes", "Update order notes", "Replaces the notes of an order, whatever its status."))
      .annotateMerge(takes({ ifMatch: "tag" }))
  )
  .add(
    HttpApiEndpoint.post("confirmOrder", "/v1/orders/:orderId/confirm", {
      params: orderParams,
      success: Schema.Struct({ success, message: Schema.String, orderId: Schema.String }),
      error: ofKeyedChange("confirmOrder", "ORDER_NOT_PENDING", "NOT_FOUND")
    })
      .annotateMerge(
        describe("confirmOrder", "Confirm an order", "Confirms a pending order, so that subscriptions can be created from it.")
      )
      .annotateMerge(carriesOut("confirm"))
  )
  .add(
    HttpApiEndpoint.post("cancelOrder", "/v1/orders/:orderId/cancel", {
      params: orderParams,
      payload: CancelOrder,
      success: Schema.Struct({ success, message: Schema.String, orderId: Schema.String }),
      error: ofKeyedChange("cancelOrder", "ORDER_NOT_CANCELLABLE", "ALREADY_CANCELLED", "NOT_FOUND")
    })
      .annotateMerge(
        describe(
          "cancelOrder",
          "Cancel an order",
          "Cancels a pending order. Cannot cancel orders that have fulfilled subscriptions."
        )
      )
      .annotateMerge(carriesOut("cancel"))
  )
  .add(
    HttpApiEndpoint.post("cancelOrders", "/v1/orders/cancel", {
      payload: CancelOrders,
      success: ResultsView,
      error: ofChange("cancelOrders")
    })
      .annotateMerge(
        describe(
          "cancelOrders",
          "Cancel many orders",
          "Cancels up to 500 orders for one reason, each with an outcome of its own. Takes no Idempotency-Key: repeating it is safe."
        )
      )
      .annotateMerge(takes({ idempotencyKey: false }))
  )
  .add(
    HttpApiEndpoint.post("releaseOrderItems", "/v1/orders/:orderId/release", {
      params: orderParams,
      payload: ReleaseUnits,
      success: Outcome,
      error: ofKeyedChange(
        "releaseOrderItems",
        "ALREADY_CANCELLED",
        "NOTHING_HELD",
        "NOT_HELD",
        "NOTHING_WOULD_REMAIN",
        "NOT_FOUND"
      )
    })
      .annotateMerge(
        describe(
          "releaseOrderItems",
          "Release items",
          "Gives held units back without cancelling the order: those that are named, or all. A line is its position in `items`, from 0."
        )
      )
      .annotateMerge(carriesOut("release"))
  )
  .add(
    HttpApiEndpoint.post("addOrderItems", "/v1/orders/:orderId/items", {
      params: orderParams,
      payload: AddItems,
      success: Outcome,
      error: ofKeyedChange(
        "addOrderItems",
        "ALREADY_CANCELLED",
        "ORDER_NOT_OPEN",
        "VARIANT_NOT_FOUND",
        "VARIANT_INACTIVE",
        "INVALID_CONTRACT_LENGTH",
        "NOT_FOUND"
      )
    })
      .annotateMerge(
        describe(
          "addOrderItems",
          "Add items",
          "Adds lines to an order that nothing was rented from yet, at the prices that the catalogue has now."
        )
      )
      .annotateMerge(carriesOut("addItems"))
  )
  .add(
    HttpApiEndpoint.patch("correctOrder", "/v1/orders/:orderId", {
      params: orderParams,
      payload: CorrectOrder,
      success: Outcome,
      error: ofKeyedChange("correctOrder", "ALREADY_CANCELLED", "NOT_FOUND")
    })
      .annotateMerge(
        describe(
          "correctOrder",
          "Correct an order",
          "Corrects the customer's details, an address or the external reference. Members that are left out stay as they are."
        )
      )
      .annotateMerge(carriesOut("correct"))
  )
  .add(
    HttpApiEndpoint.post("recordOrderPayment", "/v1/orders/:orderId/payment", {
      params: orderParams,
      payload: PaymentInMajorUnits,
      success: Outcome,
      error: ofKeyedChange("recordOrderPayment", "NOT_FOUND")
    })
      .annotateMerge(
        describe(
          "recordOrderPayment",
          "Record a payment",
          "Records how the order's payment stands, in place of what was recorded before. Amounts are major units. Cancelled orders take it, too."
        )
      )
      .annotateMerge(carriesOut("recordPayment"))
  )
  .add(
    HttpApiEndpoint.get("previewOrderCancellation", "/v1/orders/:orderId/cancellation", {
      params: orderParams,
      success: CancellationView,
      error: ofRead("previewOrderCancellation", "NOT_FOUND")
    }).annotateMerge(
      describe(
        "previewOrderCancellation",
        "Preview a cancellation",
        "What a cancel would release, or everything in its way. Changes nothing."
      )
    )
  )
  .add(
    HttpApiEndpoint.get("listOrderCommands", "/v1/orders/:orderId/commands", {
      params: orderParams,
      success: CommandsView,
      error: ofRead("listOrderCommands", "NOT_FOUND")
    }).annotateMerge(
      describe(
        "listOrderCommands",
        "List what is possible",
        "Every command on the order: whether it is possible now, where it leads, and what no input can avoid. Changes nothing."
      )
    )
  )
  .add(
    HttpApiEndpoint.get("listOrderEvents", "/v1/orders/:orderId/events", {
      params: orderParams,
      success: Schema.Struct({ orderId: Schema.String, events: Schema.Array(EventView) }),
      error: ofRead("listOrderEvents", "NOT_FOUND")
    }).annotateMerge(
      describe("listOrderEvents", "List audit events", "What happened to the order, oldest first, in a chain of hashes.")
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Orders", description: "Create and manage subscription orders." }))

// --- subscriptions -----------------------------------------------------------------------------------------------------------------

/** As in code, but for the amounts. */
const ReturnInMajorUnits = Schema.Struct({
  ...ReturnSubscription.fields,
  earlyReturnFee: Schema.optionalKey(AmountInMajorUnits)
})
const BuyOutInMajorUnits = Schema.Struct({ ...BuyOutSubscription.fields, buyoutPrice: Schema.optionalKey(AmountInMajorUnits) })

const ExtendInMajorUnits = Schema.Struct({
  ...ExtendSubscription.fields,
  newMonthlyAmount: Schema.optionalKey(AmountInMajorUnits)
})

const UpgradeInMajorUnits = Schema.Struct({ ...UpgradeSubscription.fields, newMonthlyAmount: AmountInMajorUnits })

/** What a calculator is asked about. */
const OfSubscription = Schema.Struct({ rentalId: SubscriptionId })

const ofRental = { success, message: Schema.String, rentalId: Schema.String, assetSerialNumber: Schema.String }
const amount = Schema.Finite.annotate({ description: "In major units" })
const months = Schema.Int.annotate({ description: "Months of the contract that are not over; a begun month counts" })

const subscriptions = HttpApiGroup.make("subscriptions")
  .add(
    HttpApiEndpoint.post("createSubscription", "/v1/subscriptions", {
      payload: StartSubscription,
      success: created({ success, message: Schema.String, rentalId: Schema.String, rental: SubscriptionView }),
      error: ofKeyedChange(
        "createSubscription",
        "ORDER_NOT_CONFIRMED",
        "ITEM_FULLY_FULFILLED",
        "ASSET_NOT_FOUND",
        "SKU_MISMATCH",
        "ASSET_NOT_AVAILABLE",
        "ORDER_NOT_FOUND"
      )
    })
      .annotateMerge(
        describe("createSubscription", "Create a subscription", "Starts a subscription for one unit of a confirmed order.")
      )
      .annotateMerge(carriesOut("startSubscription"))
  )
  .add(
    HttpApiEndpoint.get("listSubscriptions", "/v1/subscriptions", {
      query: { ...SubscriptionListRequest.fields, limit, status: Schema.optionalKey(statusList(SubscriptionStatus)) },
      success: SubscriptionPage,
      error: ofRead("listSubscriptions")
    }).annotateMerge(
      describe(
        "listSubscriptions",
        "List subscriptions",
        "Subscriptions in pages, newest first, or the end date first that comes first."
      )
    )
  )
  .add(
    HttpApiEndpoint.get("getSubscription", "/v1/subscriptions/:subscriptionId", {
      params: subscriptionParams,
      success: SubscriptionView,
      error: ofRead("getSubscription", "NOT_FOUND")
    }).annotateMerge(describe("getSubscription", "Get a subscription", "The subscription as it stands."))
  )
  .add(
    HttpApiEndpoint.get("getSubscriptionNotes", "/v1/subscriptions/:subscriptionId/notes", {
      params: subscriptionParams,
      success: SubscriptionNotesView,
      error: ofRead("getSubscriptionNotes", "NOT_FOUND")
    }).annotateMerge(
      describe(
        "getSubscriptionNotes",
        "Get subscription notes",
        "The notes of a subscription, with an ETag of their own; empty where there are none."
      )
    )
  )
  .add(
    HttpApiEndpoint.patch("updateSubscriptionNotes", "/v1/subscriptions/:subscriptionId/notes", {
      params: subscriptionParams,
      payload: RewriteNotes,
      success: Schema.Struct({ success, message: Schema.String, rentalId: Schema.String }),
      error: ofChange("updateSubscriptionNotes", "NOT_FOUND")
    })
      .annotateMerge(
        describe(
          "updateSubscriptionNotes",
          "Update subscription notes",
          "Replaces the notes of a subscription, whatever its status."
        )
      )
      .annotateMerge(takes({ ifMatch: "tag" }))
  )
  .add(
    HttpApiEndpoint.post("cancelSubscription", "/v1/subscriptions/:subscriptionId/cancel", {
      params: subscriptionParams,
      payload: CancelSubscription,
      success: Schema.Struct({
        success,
        rentalId: Schema.String,
        assetSerialNumber: Schema.String,
        previousStatus: Schema.String,
        cancelledAt: Schema.String,
        message: Schema.String
      }),
      error: ofKeyedChange("cancelSubscription", "ALREADY_CANCELLED", "ALREADY_ENDED", "NOT_FOUND")
    })
      .annotateMerge(
        describe("cancelSubscription", "Cancel a subscription", "Ends an active subscription. The order keeps its status.")
      )
      .annotateMerge(carriesOut("cancelSubscription"))
  )
  .add(
    HttpApiEndpoint.post("calculateEarlyReturnFee", "/v1/subscriptions/calculate-early-return-fee", {
      payload: OfSubscription,
      success: Schema.Struct({
        success,
        earlyReturnFee: amount,
        remainingMonths: months,
        penaltyPercentage: Schema.Finite.annotate({ description: "Always 0: the fee is the whole of it" })
      }),
      error: ofCalculation("calculateEarlyReturnFee", "SUBSCRIPTION_NOT_ACTIVE", "NOT_FOUND")
    })
      .annotateMerge(
        describe(
          "calculateEarlyReturnFee",
          "Calculate an early return fee",
          "What an early return would cost now, unless its request says another fee. Changes nothing."
        )
      )
      .annotateMerge(takes({ onlyReads: true, idempotencyKey: false }))
  )
  .add(
    HttpApiEndpoint.post("returnSubscription", "/v1/subscriptions/:subscriptionId/early-return", {
      params: subscriptionParams,
      payload: ReturnInMajorUnits,
      success: Schema.Struct({
        ...ofRental,
        earlyReturnFee: amount,
        currency: Schema.String,
        actualMonthsRented: Schema.Int.annotate({ description: "Whole months from the start" }),
        returnDate: Schema.String
      }),
      error: ofKeyedChange("returnSubscription", "SUBSCRIPTION_NOT_ACTIVE", "INVALID_FEE", "NOT_FOUND")
    })
      .annotateMerge(
        describe(
          "returnSubscription",
          "Return early",
          "Ends a subscription before its contract is over, with the return of its asset. The order keeps its status."
        )
      )
      .annotateMerge(carriesOut("returnSubscription"))
  )
  .add(
    HttpApiEndpoint.post("calculateBuyout", "/v1/subscriptions/calculate-buyout", {
      payload: OfSubscription,
      success: Schema.Struct({ success, buyoutPrice: amount, remainingPayments: months, depreciatedValue: amount }),
      error: ofCalculation("calculateBuyout", "SUBSCRIPTION_NOT_ACTIVE", "NOT_FOUND")
    })
      .annotateMerge(
        describe(
          "calculateBuyout",
          "Calculate a buyout price",
          "What a buyout would cost now, unless its request says another price. Changes nothing."
        )
      )
      .annotateMerge(takes({ onlyReads: true, idempotencyKey: false }))
  )
  .add(
    HttpApiEndpoint.post("buyOutSubscription", "/v1/subscriptions/:subscriptionId/buyout", {
      params: subscriptionParams,
      payload: BuyOutInMajorUnits,
      success: Schema.Struct({ ...ofRental, buyoutPrice: amount, currency: Schema.String, effectiveDate: Schema.String }),
      error: ofKeyedChange("buyOutSubscription", "SUBSCRIPTION_NOT_ACTIVE", "INVALID_BUYOUT_PRICE", "NOT_FOUND")
    })
      .annotateMerge(
        describe(
          "buyOutSubscription",
          "Buy out",
          "Ends a subscription with its asset sold to the customer. The order keeps its status."
        )
      )
      .annotateMerge(carriesOut("buyOutSubscription"))
  )
  .add(
    HttpApiEndpoint.post("completeSubscription", "/v1/subscriptions/:subscriptionId/complete", {
      params: subscriptionParams,
      payload: CompleteSubscription,
      success: Schema.Struct({ ...ofRental, completedAt: Schema.String }),
      error: ofKeyedChange("completeSubscription", "SUBSCRIPTION_NOT_ACTIVE", "CONTRACT_NOT_OVER", "NOT_FOUND")
    })
      .annotateMerge(
        describe(
          "completeSubscription",
          "Complete a subscription",
          "Ends a subscription whose contract is over, with the return of its asset. The order keeps its status."
        )
      )
      .annotateMerge(carriesOut("completeSubscription"))
  )
  .add(
    HttpApiEndpoint.post("extendSubscription", "/v1/subscriptions/:subscriptionId/extend", {
      params: subscriptionParams,
      payload: ExtendInMajorUnits,
      success: Schema.Struct({
        ...ofRental,
        oldEndDate: Schema.String,
        newEndDate: Schema.String,
        extensionMonths: Schema.Int,
        oldContractLength: Schema.Int,
        newContractLength: Schema.Int
      }),
      error: ofKeyedChange("extendSubscription", "SUBSCRIPTION_NOT_ACTIVE", "INVALID_EXTENSION_MONTHS", "NOT_FOUND")
    })
      .annotateMerge(
        describe(
          "extendSubscription",
          "Extend a subscription",
          "Makes the contract of a subscription longer, at the same monthly amount or another. Its line keeps its price."
        )
      )
      .annotateMerge(carriesOut("extendSubscription"))
  )
  .add(
    HttpApiEndpoint.post("replaceAsset", "/v1/subscriptions/:subscriptionId/replace", {
      params: subscriptionParams,
      payload: ReplaceAsset,
      success: Schema.Struct({
        success,
        message: Schema.String,
        rentalId: Schema.String,
        oldSerialNumber: Schema.String,
        newSerialNumber: Schema.String,
        reason: ReplacementReason
      }),
      error: ofKeyedChange(
        "replaceAsset",
        "SUBSCRIPTION_NOT_ACTIVE",
        "ASSET_NOT_FOUND",
        "SKU_MISMATCH",
        "ASSET_NOT_AVAILABLE",
        "NOT_FOUND"
      )
    })
      .annotateMerge(
        describe(
          "replaceAsset",
          "Replace an asset",
          "Gives a subscription another asset of the same SKU. `correction` is for a serial number that was written down wrongly."
        )
      )
      .annotateMerge(carriesOut("replaceAsset"))
  )
  .add(
    HttpApiEndpoint.post("upgradeSubscription", "/v1/subscriptions/:subscriptionId/upgrade", {
      params: subscriptionParams,
      payload: UpgradeInMajorUnits,
      success: Schema.Struct({
        success,
        message: Schema.String,
        oldRentalId: Schema.String,
        newRentalId: Schema.String,
        oldDevice: Schema.String.annotate({ description: "The name of the product that was rented" }),
        newDevice: Schema.String.annotate({ description: "The name of the product that is rented now" }),
        newMonthlyAmount: amount,
        currency: Schema.String
      }),
      error: ofKeyedChange(
        "upgradeSubscription",
        "SUBSCRIPTION_NOT_ACTIVE",
        "VARIANT_NOT_FOUND",
        "VARIANT_INACTIVE",
        "INVALID_CONTRACT_LENGTH",
        "ASSET_NOT_FOUND",
        "SKU_MISMATCH",
        "ASSET_NOT_AVAILABLE",
        "NOT_FOUND"
      )
    })
      .annotateMerge(
        describe(
          "upgradeSubscription",
          "Upgrade a subscription",
          "Ends a subscription and starts another one in its place, with another product on a line of its own."
        )
      )
      .annotateMerge(carriesOut("upgradeSubscription"))
  )
  .annotateMerge(OpenApi.annotations({ title: "Subscriptions", description: "Manage active subscriptions (rentals)." }))

// --- assets ------------------------------------------------------------------------------------------------------------------------

const { subscriptionId: _, ...assetFilters } = AssetListRequest.fields
const Asset = { success, message: Schema.String, serialNumber: Schema.String, asset: AssetView }

const assets = HttpApiGroup.make("assets")
  .add(
    HttpApiEndpoint.post("createAsset", "/v1/assets", {
      payload: RegisterAsset,
      success: created(Asset),
      error: ofKeyedChange("createAsset", "ASSET_EXISTS", "VARIANT_NOT_FOUND", "VARIANT_INACTIVE", "INVALID_STATUS")
    }).annotateMerge(
      describe(
        "createAsset",
        "Register an asset",
        "Registers a device. It is `rented_out` exactly when its serial number is under an active subscription."
      )
    )
  )
  .add(
    HttpApiEndpoint.get("listAssets", "/v1/assets", {
      query: {
        ...assetFilters,
        rentalId: AssetListRequest.fields.subscriptionId,
        limit,
        status: Schema.optionalKey(statusList(AssetStatus))
      },
      success: AssetPage,
      error: ofRead("listAssets")
    }).annotateMerge(describe("listAssets", "List assets", "Assets in pages, newest first unless sorted otherwise."))
  )
  .add(
    HttpApiEndpoint.get("getAsset", "/v1/assets/:serialNumber", {
      params: assetParams,
      success: AssetView,
      error: ofRead("getAsset", "NOT_FOUND")
    }).annotateMerge(describe("getAsset", "Get an asset", "The asset as it stands."))
  )
  .add(
    HttpApiEndpoint.patch("updateAsset", "/v1/assets/:serialNumber", {
      params: assetParams,
      payload: ChangeAsset,
      success: Schema.Struct(Asset),
      error: ofKeyedChange("updateAsset", "INVALID_STATUS", "NOT_FOUND", "ASSET_IN_USE")
    })
      .annotateMerge(
        describe(
          "updateAsset",
          "Change an asset",
          "Changes status, location or notes by hand. Who, when and why is recorded. Its status stays while a subscription is active on it."
        )
      )
      .annotateMerge(takes({ idempotencyKey: true }))
  )
  .add(
    HttpApiEndpoint.delete("deleteAsset", "/v1/assets/:serialNumber", {
      params: assetParams,
      success: Schema.Struct({ success, message: Schema.String, serialNumber: Schema.String }),
      error: ofChange("deleteAsset", "INVALID_STATUS", "NOT_FOUND", "ASSET_IN_USE")
    }).annotateMerge(
      describe("deleteAsset", "Take an asset out of use", "The asset becomes `unavailable`; it stays in the registry.")
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Assets", description: "Register devices, and say where they are." }))

// --- stock and system --------------------------------------------------------------------------------------------------------------

const stock = HttpApiGroup.make("stock")
  .add(
    HttpApiEndpoint.get("getStock", "/v1/stock/:sku", {
      params: { sku: Sku },
      success: Schema.Struct({
        sku: Schema.String,
        reserved: Schema.Int,
        rented: Schema.Int,
        available: Schema.optionalKey(Schema.Int).annotate({
          description: "Registered assets that can be rented, where the registry is on"
        })
      }),
      error: ofRead("getStock")
    }).annotateMerge(
      describe(
        "getStock",
        "Get stock figures",
        "Units of a SKU that are reserved and rented, over all orders. Both 0 for an unknown SKU."
      )
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Stock", description: "What orders reserve and rent." }))

const system = HttpApiGroup.make("system")
  .add(
    HttpApiEndpoint.get("getHealth", "/health", {
      success: Schema.Struct({ status: Schema.Literal("ok") }),
      error: ofOpenRead
    }).annotateMerge(
      describe(
        "getHealth",
        "Health",
        "Answers while the process serves; asks no store, so that a lost database does not restart it. No key needed."
      )
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "System", description: "About the service itself." }))

const library = lifecycles[defaultPolicy]

/** Everything the service answers to, except for `/openapi.json` and `/docs`, which are made from this. */
export class Api extends HttpApi.make("order-lifecycle")
  .add(orders)
  .add(subscriptions)
  .add(assets)
  .add(stock)
  .add(system)
  .annotate(HttpApi.AdditionalSchemas, [...otherBodies, PreviewView])
  // A request with three wrong fields is told of all three.
  .annotate(HttpApi.ParseOptions, { errors: "all" })
  .annotateMerge(
    OpenApi.annotations({
      title: "order-lifecycle",
      version: programVersion,
      description: [
        "Rental and subscription orders: place, confirm, rent and cancel them.",
        "Every call under `/v1` needs `Authorization: Bearer <key>` and `Tenant-ID`.",
        "Lists are paged by cursor (`limit`, `startAfter`).",
        "Every error has the same body, and every answer has an `X-Request-Id`. `HEAD` works wherever `GET` does."
      ].join(" "),
      servers: [{ url: "/" }],
      transform: (spec) => completeOpenApi(spec, library)
    })
  ) {}

// --- commands of a process -----------------------------------------------------------------------------------------------------------

/** A command of a process as an operation: what it takes is what it is declared with. To the compiler, the library's names are all that there are. */
const ownEndpoint = (lifecycle: Lifecycle, name: string, { description, payload }: OwnCommand, statuses: OwnStatuses) =>
  HttpApiEndpoint.post(name, `/v1/orders/:orderId/commands/${name}`, {
    params: orderParams,
    // Its members are read by the lifecycle, which says what is wrong with them in one way for all callers.
    payload: payload ?? Schema.Struct({}),
    success: Outcome,
    error: ofOwnChange(`${name}Command`, ownCodesByStatus(lifecycle, name as CommandType, statuses))
  })
    .annotateMerge(describe(`${name}Command`, description, description))
    .annotateMerge(carriesOut(name as CommandType, true))

export type OwnEndpoint = ReturnType<typeof ownEndpoint>

/** Every command of the library that an operation above carries out. */
const withOperation = new Set(
  Object.values(Api.groups)
    .flatMap(({ endpoints }) => Object.values<{ readonly annotations: Context.Context<never> }>(endpoints))
    .flatMap(({ annotations }) => Option.toArray(Context.getOption(annotations, CarriedOut)))
)

/** Commands of the library that no operation above carries out: they are given where those of a process are. */
export const furtherCommands: ReadonlyArray<CommandType> = commandTypes.filter((type) => !withOperation.has(type))

const furtherEndpoint = (type: CommandType) => {
  const { description, refusals, request, target } = definitions[type]
  // The path names the order, and so has to be all that names it.
  if (target !== "order") throw new Error(`no operation carries out ${type}`)
  const codes = Object.keys(refusals) as ReadonlyArray<Code>
  const endpoint = HttpApiEndpoint.post(type, `/v1/orders/:orderId/commands/${type}`, {
    params: orderParams,
    payload: request,
    success: Outcome,
    error: ofKeyedChange(`${type}Command`, "NOT_FOUND", ...codes)
  })
  // In a group its type is that of the other commands: it only differs in the refusals, which handlers do not look at.
  return endpoint
    .annotateMerge(describe(`${type}Command`, description, description))
    .annotateMerge(carriesOut(type)) as unknown as OwnEndpoint
}

/** The Api under a lifecycle: with an operation for each command that has no path of its own, its statuses, and filters by its data. */
export const apiUnder = (lifecycle: Lifecycle, statuses: OwnStatuses): typeof Api => {
  const { process } = lifecycle
  const own = [...(process?.commands ?? [])].map(([name, command]) => ownEndpoint(lifecycle, name, command, statuses))
  const [first, ...others] = [...furtherCommands.map(furtherEndpoint), ...own]
  if (process === undefined && first === undefined) return Api
  const description = process === undefined ? "Further commands." : `Commands of the process ${process.version.name}.`
  const filters = process?.data.filters
  const withData = process === undefined ? orders : orders.add(createOrder(PlaceOrderWithData))
  const filtered = Api.add(filters?.size ? withData.add(listOrders(dataParameters(filters))) : withData)
  const api =
    first === undefined
      ? filtered
      : filtered.add(
          HttpApiGroup.make("commands")
            .add(first, ...others)
            .annotateMerge(OpenApi.annotations({ title: "Commands", description }))
        )
  const transform = (spec: Parameters<typeof completeOpenApi>[0]) => completeOpenApi(spec, lifecycle, statuses)
  // Its handlers are made for it: see `handlersOf`.
  return api.annotateMerge(OpenApi.annotations({ transform })) as unknown as typeof Api
}
