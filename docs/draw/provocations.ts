/**
 * Every error of the lifecycle, provoked over HTTP. The compiler asks for one provocation for each error that a command can fail with, and
 * each is really made: what comes back has to be the error that it is filed under.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { AssetRegistry } from "../../src/lifecycle/AssetRegistry.ts"
import type { CommandFailure, OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import type { OwnRefusal } from "../../src/order/process/OwnRefusal.ts"
import { InvalidBuyoutPrice, InvalidFee } from "../../src/http/amounts.ts"
import { OutcomeUnknown, StoreUnavailable } from "../../src/lifecycle/OrderStore.ts"
import { RequestId } from "../../src/order/orderEvent.ts"
import { decide } from "../../src/order/decide.ts"
import { evolve } from "../../src/order/evolve.ts"
import { lifecycles } from "../../src/order/lifecycleTable.ts"
import { hashOf } from "../../src/http/entityTags.ts"
import { OrderId, SubscriptionId } from "../../src/order/Order.ts"
import type { CommandType } from "../../src/order/commands/index.ts"
import { InputFault, InvalidInput } from "../../src/order/commonRefusals.ts"
import { changeOf } from "../../src/testing/contractOrders.ts"
import { bike, type Exchange, type Shop, withShop } from "./shop.ts"
import { orderOf, steps } from "./steps.ts"

type AssetMethod = "register" | "change" | "withdraw"

/** What can be asked of the lifecycle, or of the registry of assets, and be refused. */
export type Method = "place" | CommandType | AssetMethod

type ErrorOf<M extends Method> = Exclude<
  Effect.Error<ReturnType<(OrderLifecycle["Service"] & Pick<AssetRegistry["Service"], AssetMethod>)[M]>>,
  CommandFailure | OwnRefusal
>["_tag"]
type Provocation = () => Promise<Exchange>
type Steps = ReturnType<typeof steps>

const inShop =
  (ask: (commands: Steps, shop: Shop) => Promise<Exchange>): Provocation =>
  () =>
    withShop((shop) => ask(steps(shop), shop))

const nobody = "ord_0"

const provocations: { readonly [M in Method]: Readonly<Record<ErrorOf<M>, Provocation>> } = {
  place: {
    VariantNotFound: inShop(({ place }) => place({ sku: "EBIKE-CITY-9000", quantity: 2 })),
    VariantInactive: inShop(({ place }) => place({ sku: "IPHONE-12", quantity: 2 })),
    InvalidContractLength: inShop(({ place }) => place({ sku: bike, quantity: 2, contractLength: 18 }))
  },
  cancel: {
    OrderNotFound: inShop(({ cancel }) => cancel(nobody)),
    OrderNotCancellable: inShop(async ({ rented, cancel }) => cancel((await rented()).orderId)),
    OrderAlreadyCancelled: inShop(async ({ placed, cancel }) => {
      const { orderId } = await placed()
      await cancel(orderId, { reason: "moved abroad" })
      return cancel(orderId)
    })
  },
  register: {
    AssetExists: inShop(async ({ register }) => {
      await register("BIKE-0001")
      return register("BIKE-0001")
    }),
    VariantNotFound: inShop(({ register }) => register("BIKE-0001", { sku: "EBIKE-CITY-9000" })),
    VariantInactive: inShop(({ register }) => register("PHONE-0001", { sku: "IPHONE-12" })),
    InvalidAssetStatus: inShop(({ register }) => register("BIKE-0001", { status: "rented_out" }))
  },
  change: {
    AssetNotRegistered: inShop(({ change }) => change("BIKE-9999", { status: "returned" })),
    AssetInUse: inShop(async ({ rented, register, change }) => {
      await rented()
      await register("BIKE-0001", { status: "rented_out" })
      return change("BIKE-0001", { status: "returned" })
    }),
    InvalidAssetStatus: inShop(async ({ register, change }) => {
      await register("BIKE-0001")
      return change("BIKE-0001", { status: "sold" })
    })
  },
  withdraw: {
    AssetNotRegistered: inShop(({ withdraw }) => withdraw("BIKE-9999")),
    AssetInUse: inShop(async ({ rented, register, withdraw }) => {
      await rented()
      await register("BIKE-0001", { status: "rented_out" })
      return withdraw("BIKE-0001")
    }),
    InvalidAssetStatus: inShop(async ({ register, withdraw }) => {
      await register("BIKE-0001", { status: "sold" })
      return withdraw("BIKE-0001")
    })
  },
  confirm: {
    OrderNotFound: inShop(({ confirm }) => confirm(nobody)),
    OrderNotPending: inShop(async ({ confirmed, confirm }) => confirm((await confirmed()).orderId))
  },
  startSubscription: {
    OrderNotFound: inShop(({ start }) => start(nobody, "BIKE-0001", "cust_0")),
    OrderNotConfirmed: inShop(async ({ placed, start }) => {
      const { orderId, customerId } = await placed()
      return start(orderId, "BIKE-0001", customerId)
    }),
    ItemFullyFulfilled: inShop(async ({ confirmed, start }) => {
      const { orderId, customerId } = await confirmed({ sku: bike, quantity: 1 }, { sku: "DESK-CHAIR-PRO", quantity: 1 })
      await start(orderId, "BIKE-0001", customerId)
      return start(orderId, "BIKE-0002", customerId)
    }),
    AssetNotFound: inShop(async ({ confirmed, start }) => {
      const { orderId, customerId } = await confirmed()
      return start(orderId, "BIKE-9999", customerId)
    }),
    SkuMismatch: inShop(async ({ confirmed, start }) => {
      const { orderId, customerId } = await confirmed()
      return start(orderId, "CHAIR-0001", customerId)
    }),
    AssetNotAvailable: inShop(async ({ rented, start }) => {
      const { orderId, customerId } = await rented()
      return start(orderId, "BIKE-0001", customerId)
    })
  },
  release: {
    OrderNotFound: inShop(({ release }) => release(nobody)),
    OrderIsFinal: inShop(async ({ placed, cancel, release }) => {
      const { orderId } = await placed()
      await cancel(orderId)
      return release(orderId)
    }),
    NothingHeld: inShop(async ({ rented, release }) => {
      const { orderId } = await rented()
      await release(orderId)
      return release(orderId)
    }),
    NotHeld: inShop(async ({ rented, release }) => release((await rented()).orderId, { items: [{ line: 0, quantity: 2 }] })),
    NothingWouldRemain: inShop(async ({ placed, release }) => release((await placed()).orderId))
  },
  addItems: {
    OrderNotFound: inShop(({ addItems }) => addItems(nobody, { sku: bike, quantity: 1 })),
    OrderIsFinal: inShop(async ({ placed, cancel, addItems }) => {
      const { orderId } = await placed()
      await cancel(orderId)
      return addItems(orderId, { sku: bike, quantity: 1 })
    }),
    OrderNotOpen: inShop(async ({ rented, addItems }) => addItems((await rented()).orderId, { sku: bike, quantity: 1 })),
    VariantNotFound: inShop(async ({ placed, addItems }) =>
      addItems((await placed()).orderId, { sku: "EBIKE-CITY-9000", quantity: 1 })
    ),
    VariantInactive: inShop(async ({ placed, addItems }) =>
      addItems((await placed()).orderId, { sku: "IPHONE-12", quantity: 1 })
    ),
    InvalidContractLength: inShop(async ({ placed, addItems }) =>
      addItems((await placed()).orderId, { sku: bike, quantity: 1, contractLength: 18 })
    )
  },
  correct: {
    OrderNotFound: inShop(({ correct }) => correct(nobody, { externalReference: "2026-118" })),
    OrderIsFinal: inShop(async ({ placed, cancel, correct }) => {
      const { orderId } = await placed()
      await cancel(orderId)
      return correct(orderId, { externalReference: "2026-118" })
    })
  },
  recordPayment: { OrderNotFound: inShop(({ pay }) => pay(nobody, { status: "paid" })) },
  returnSubscription: {
    SubscriptionNotFound: inShop(({ returnEarly }) => returnEarly("sub_0")),
    SubscriptionNotActive: inShop(async ({ rented, end, returnEarly }) => {
      const { rentalId } = await rented()
      await end(rentalId)
      return returnEarly(rentalId)
    })
  },
  buyOutSubscription: {
    SubscriptionNotFound: inShop(({ buyOut }) => buyOut("sub_0")),
    SubscriptionNotActive: inShop(async ({ rented, end, buyOut }) => {
      const { rentalId } = await rented()
      await end(rentalId)
      return buyOut(rentalId)
    })
  },
  completeSubscription: {
    SubscriptionNotFound: inShop(({ complete }) => complete("sub_0")),
    SubscriptionNotActive: inShop(async ({ rented, end, complete }) => {
      const { rentalId } = await rented()
      await end(rentalId)
      return complete(rentalId)
    }),
    ContractNotOver: inShop(async ({ rented, complete }) => complete((await rented()).rentalId))
  },
  extendSubscription: {
    SubscriptionNotFound: inShop(({ extend }) => extend("sub_0")),
    SubscriptionNotActive: inShop(async ({ rented, end, extend }) => {
      const { rentalId } = await rented()
      await end(rentalId)
      return extend(rentalId)
    }),
    InvalidExtensionMonths: inShop(async ({ rented, extend }) => extend((await rented()).rentalId, { extensionMonths: 109 }))
  },
  upgradeSubscription: {
    SubscriptionNotFound: inShop(({ upgrade }) => upgrade("sub_0")),
    SubscriptionNotActive: inShop(async ({ rented, end, upgrade }) => {
      const { rentalId } = await rented()
      await end(rentalId)
      return upgrade(rentalId)
    }),
    VariantNotFound: inShop(async ({ rented, upgrade }) => upgrade((await rented()).rentalId, { newSku: "EBIKE-CITY-9000" })),
    VariantInactive: inShop(async ({ rented, upgrade }) => upgrade((await rented()).rentalId, { newSku: "IPHONE-12" })),
    InvalidContractLength: inShop(async ({ rented, upgrade }) => upgrade((await rented()).rentalId, { contractLength: 18 })),
    AssetNotFound: inShop(async ({ rented, upgrade }) => upgrade((await rented()).rentalId, { newSerialNumber: "BIKE-9999" })),
    SkuMismatch: inShop(async ({ rented, upgrade }) => upgrade((await rented()).rentalId, { newSerialNumber: "CHAIR-0001" })),
    AssetNotAvailable: inShop(async ({ rented, start, upgrade }) => {
      const { orderId, customerId, rentalId } = await rented()
      await start(orderId, "BIKE-0002", customerId)
      return upgrade(rentalId)
    })
  },
  replaceAsset: {
    SubscriptionNotFound: inShop(({ replace }) => replace("sub_0")),
    SubscriptionNotActive: inShop(async ({ rented, end, replace }) => {
      const { rentalId } = await rented()
      await end(rentalId)
      return replace(rentalId)
    }),
    AssetNotFound: inShop(async ({ rented, replace }) => replace((await rented()).rentalId, { newSerialNumber: "BIKE-9999" })),
    SkuMismatch: inShop(async ({ rented, replace }) => replace((await rented()).rentalId, { newSerialNumber: "CHAIR-0001" })),
    AssetNotAvailable: inShop(async ({ rented, start, replace }) => {
      const { orderId, customerId, rentalId } = await rented()
      await start(orderId, "BIKE-0002", customerId)
      return replace(rentalId)
    })
  },
  cancelSubscription: {
    SubscriptionNotFound: inShop(({ end }) => end("sub_0")),
    SubscriptionAlreadyCancelled: inShop(async ({ rented, end }) => {
      const { rentalId } = await rented()
      await end(rentalId)
      return end(rentalId)
    }),
    SubscriptionAlreadyEnded: inShop(async ({ rented, end }, shop) => {
      const { orderId, rentalId } = await rented()
      await returnInTime(shop, OrderId.make(orderId), SubscriptionId.make(rentalId))
      return end(rentalId)
    })
  }
}

/** The contract runs out and the bike comes back: no command of ours, but the store may hold what an embedding service recorded. */
const returnInTime = async ({ store, tenantId }: Shop, orderId: OrderId, rentalId: SubscriptionId): Promise<void> => {
  const [loaded] = await Effect.runPromise(store.load([{ tenantId, order: { orderId } }]))
  if (!loaded?.order) throw new Error(`no order ${orderId}`)
  const { order, headHash } = loaded
  const occasion = { at: order.updatedAt, actor: { userId: "ada" }, requestId: RequestId.make("returned") }
  const command = { type: "cancelSubscription", rentalId, reason: "other" } as const
  const { event } = Result.getOrThrow(decide(lifecycles.noActiveSubscriptions, order, command, occasion))
  const ended = { ...event, details: { subscriptionId: rentalId, status: "ended_completed" as const } }
  await Effect.runPromise(store.commit([changeOf({ before: order, event: ended, after: evolve(order, ended) }, headHash)]))
}

/** What is refused over HTTP alone: an amount that is none of the order's currency. */
const amounts: Readonly<Partial<Record<Method, readonly [Refusal: typeof InvalidFee | typeof InvalidBuyoutPrice, Provocation]>>> =
  {
    returnSubscription: [
      InvalidFee,
      inShop(async ({ rented, returnEarly }) => returnEarly((await rented()).rentalId, { earlyReturnFee: 0.005 }))
    ],
    buyOutSubscription: [
      InvalidBuyoutPrice,
      inShop(async ({ rented, buyOut }) => buyOut((await rented()).rentalId, { buyoutPrice: 0.005 }))
    ]
  }

/** What every command, and rewriting notes, can fail with, whatever it asks for. */
const anyCommand: Readonly<Record<CommandFailure["_tag"] | "NotesMismatch", Provocation>> = {
  InvalidInput: inShop(({ place }) => place({ sku: bike }, { sku: "", quantity: 2 })),
  IdempotencyKeyReused: inShop(async (_, { call }) => {
    const key = { "idempotency-key": "order-of-monday" }
    await call("createOrder", "POST", "/v1/orders", orderOf(), key)
    return call("createOrder", "POST", "/v1/orders", orderOf({ sku: bike, quantity: 3 }), key)
  }),
  VersionMismatch: inShop(async ({ placed, confirm }, { call }) => {
    const { orderId } = await placed()
    await confirm(orderId)
    return call("cancelOrder", "POST", `/v1/orders/${orderId}/cancel`, undefined, { "if-match": '"1"' })
  }),
  // As if they were rewritten between the read and the write.
  NotesMismatch: () =>
    withShop(
      async (shop) => {
        const { orderId } = await steps(shop).placed()
        const notes = { notes: "ring twice" }
        return shop.call("updateOrderNotes", "PATCH", `/v1/orders/${orderId}/notes`, notes, { "if-match": `"${hashOf("")}"` })
      },
      () => ({ rewriteNotes: () => Effect.succeed(false) })
    ),
  StoreUnavailable: () =>
    withShop(
      (shop) => steps(shop).place(),
      () => ({ loadPlacing: () => Effect.fail(new StoreUnavailable({ cause: new Error("no connection") })) })
    ),
  OutcomeUnknown: () =>
    withShop(
      (shop) => steps(shop).place(),
      () => ({ commit: () => Effect.fail(new OutcomeUnknown({ cause: new Error("connection lost") })) })
    )
}

/** One error as it was provoked: by which command, or by any (null). */
export interface Provoked {
  readonly tag: string
  readonly remedy: string
  readonly method: Method | null
  readonly exchange: Exchange
}

const readDetails = Schema.decodeUnknownSync(
  Schema.Struct({ error: Schema.Struct({ details: Schema.NonEmptyArray(InputFault) }) })
)

const provoke = async (
  method: Method | null,
  tag: string,
  make: Provocation,
  Refusal: typeof InvalidInput | typeof InvalidFee | typeof InvalidBuyoutPrice = InvalidInput
): Promise<Provoked> => {
  const exchange = await make()
  const { body } = exchange
  // What the schema of a request refuses never reaches the lifecycle.
  const error = exchange.error ?? new Refusal({ details: readDetails(body).error.details })
  if (error._tag !== tag) {
    throw new Error(`${method ?? "a command"} was to fail with ${tag}, and did with ${error._tag}: ${JSON.stringify(body)}`)
  }
  return { tag, remedy: error.remedy, method, exchange }
}

/** All of them, one after the other. */
export const provokeAll = async (): Promise<ReadonlyArray<Provoked>> => {
  const all: Array<Provoked> = []
  for (const [method, byTag] of Object.entries(provocations))
    for (const [tag, make] of Object.entries(byTag)) all.push(await provoke(method as Method, tag, make))
  for (const [method, [Refusal, make]] of Object.entries(amounts))
    all.push(await provoke(method as Method, Refusal.name, make, Refusal))
  for (const [tag, make] of Object.entries(anyCommand)) all.push(await provoke(null, tag, make))
  return all
}
