/** Every refusal of the machine as the error it leads to: asked of real orders, so that the error is a real one. */
import * as Result from "effect/Result"
import { RequestId } from "../../src/order/orderEvent.ts"
import { decide, refusalOf } from "../../src/order/decide.ts"
import type { Occasion } from "../../src/order/Transition.ts"
import { type Answer, type Lifecycle, lifecycles } from "../../src/order/lifecycleTable.ts"
import {
  CustomerId,
  OrderId,
  LibraryStatus,
  type OrderStatus,
  SerialNumber,
  Sku,
  SubscriptionId,
  TenantId
} from "../../src/order/Order.ts"
import { type CommandType, commandTypes, type OrderCommand } from "../../src/order/commands/index.ts"
import { place } from "../../src/order/commands/place.ts"
import type { Refusal } from "../../src/order/Refusal.ts"
import { Timestamp } from "../../src/order/Timestamp.ts"
import { catalogue } from "../../src/testing/arbitraries.ts"

const sampleCommands = {
  confirm: { type: "confirm" },
  startSubscription: {
    type: "startSubscription",
    subscriptionId: SubscriptionId.make("subscription"),
    assetSerialNumber: SerialNumber.make("serial"),
    customerId: CustomerId.make("ada"),
    asset: { isKnown: true, isRented: false, sku: Sku.make("LAPTOP") }
  },
  cancelSubscription: { type: "cancelSubscription", rentalId: SubscriptionId.make("subscription"), reason: "other" },
  cancel: { type: "cancel" }
} satisfies { [Type in CommandType]: OrderCommand & { type: Type } }

/** Two real orders to ask refusals of: one with an active subscription, and one that was cancelled after its subscription ended. */
const sampleOrders = (() => {
  const occasion: Occasion = {
    at: Timestamp.make("2026-11-23T12:00:00.000Z"),
    actor: { userId: "ada" },
    requestId: RequestId.make("request")
  }
  const address = { contactName: "Ada Lovelace", streetAddress: "1 St James's Square", city: "London", country: "GB" }
  const placed = Result.getOrThrow(
    place(
      lifecycles.noActiveSubscriptions,
      {
        customer: { email: "ada@example.com", firstName: "Ada", lastName: "Lovelace" },
        billingAddress: address,
        items: [{ sku: Sku.make("LAPTOP"), quantity: 2 }]
      },
      {
        tenantId: TenantId.make("demo"),
        orderId: OrderId.make("order"),
        customerId: CustomerId.make("ada"),
        variants: catalogue
      },
      occasion
    )
  ).after
  const move = (order: typeof placed, command: OrderCommand) =>
    Result.getOrThrow(decide(lifecycles.noActiveSubscriptions, order, command, occasion)).after
  const rented = move(move(placed, sampleCommands.confirm), sampleCommands.startSubscription)
  return { rented, cancelled: move(move(rented, sampleCommands.cancelSubscription), sampleCommands.cancel) }
})()

/** The error that an answer of the machine is given as. */
export const errorOf = (lifecycle: Lifecycle, command: CommandType, answer: Answer): Refusal => {
  const { rented, cancelled } = sampleOrders
  return refusalOf(lifecycle, answer.refusal?.lacking === lifecycle.policy ? rented : cancelled, sampleCommands[command], answer)
}

/** Where in the lifecycle a refusal is given, and for the lack of what. */
export interface MachineRefusal {
  readonly command: CommandType
  readonly status: OrderStatus
  readonly lacking: string
  readonly error: Refusal
}

export const machineRefusals = (lifecycle: Lifecycle): ReadonlyArray<MachineRefusal> =>
  LibraryStatus.literals.flatMap((status) =>
    commandTypes.flatMap((command) =>
      lifecycle.answers[status][command].flatMap((answer) =>
        answer.refusal ? [{ command, status, lacking: answer.refusal.lacking, error: errorOf(lifecycle, command, answer) }] : []
      )
    )
  )
