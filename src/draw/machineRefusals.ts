/** Every refusal of the machine as the error it leads to: asked of real orders, so that the error is a real one. */
import * as Result from "effect/Result"
import { RequestId } from "../order/orderEvent.ts"
import { decide, refusalOf } from "../order/decide.ts"
import type { Occasion } from "../order/Transition.ts"
import { type Answer, answersOf, commandNames, type Lifecycle, lifecycles, statusesOf } from "../order/lifecycleTable.ts"
import { Currency, MinorUnits } from "../order/Money.ts"
import { CustomerId, type Order, OrderId, type OrderStatus, Sku, TenantId } from "../order/Order.ts"
import type { CommandType } from "../order/commands/index.ts"
import { place } from "../order/commands/place.ts"
import type { Variant } from "../order/commands/priceLines.ts"
import type { Refusal } from "../order/Refusal.ts"
import { Timestamp } from "../order/Timestamp.ts"

/** What the sample orders are of. */
const laptop = Sku.make("LAPTOP")
const variants = new Map([
  [
    laptop,
    {
      sku: laptop,
      productName: "Laptop",
      isActive: true,
      currency: Currency.make("EUR"),
      pricing: [{ contractLength: 12, monthlyPrice: MinorUnits.make(49_00) }]
    }
  ]
])

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
        items: [{ sku: laptop, quantity: 2 }]
      },
      {
        tenantId: TenantId.make("demo"),
        orderId: OrderId.make("order"),
        customerId: CustomerId.make("ada"),
        variants
      },
      occasion
    )
  ).after
  const lifecycle = lifecycles.noActiveSubscriptions
  const give = (order: Order, name: CommandType) =>
    Result.getOrThrow(decide(lifecycle, order, lifecycle.commands[name].sample(order), occasion)).after
  const rented = give(give(placed, "confirm"), "startSubscription")
  return { rented, cancelled: give(give(rented, "cancelSubscription"), "cancel") }
})()

const wrongVariants: ReadonlyArray<ReadonlyMap<Sku, Variant>> = [
  new Map(),
  ...[{ isActive: false }, { pricing: [] }, { currency: Currency.make("JPY") }].map(
    (wrong) => new Map(Array.from(variants, ([sku, variant]) => [sku, { ...variant, ...wrong }]))
  )
]

/** The error that an answer of the machine is given as. Ids, counts and moments in it are those of a sample. */
export const errorOf = (lifecycle: Lifecycle, status: OrderStatus, command: CommandType, answer: Answer): Refusal => {
  const { rented, cancelled } = sampleOrders
  const order = answer.refusal?.lacking === lifecycle.policy ? rented : cancelled
  // Priced items are refused for what the catalogue says of them: it says each wrong thing in turn.
  const sample = lifecycle.commands[command].sample(rented)
  for (const variants of "variants" in sample ? wrongVariants : []) {
    const wrong = { ...sample, variants } as typeof sample
    const { code } = answer.refusal ?? {}
    const refusal =
      code &&
      lifecycle.commands[command].refusals[code]?.({
        order: rented,
        command: wrong,
        lacking: answer.refusal?.lacking,
        policy: lifecycle.policy
      })
    if (refusal) return refusal
  }
  return refusalOf(lifecycle, { ...order, status }, sample, answer)
}

/** Where in the lifecycle a refusal is given, and for the lack of what. */
export interface MachineRefusal {
  readonly command: CommandType
  readonly status: OrderStatus
  readonly lacking: string
  readonly error: Refusal
}

/** Every refusal of every status. */
export const machineRefusals = (lifecycle: Lifecycle): ReadonlyArray<MachineRefusal> =>
  statusesOf(lifecycle).flatMap((status) =>
    commandNames(lifecycle).flatMap((command) =>
      answersOf(lifecycle, status)[command].flatMap((answer) =>
        answer.refusal
          ? [{ command, status, lacking: answer.refusal.lacking, error: errorOf(lifecycle, status, command, answer) }]
          : []
      )
    )
  )

/** The statuses together that refuse a command for the lack of the same. */
export const refusalsByLack = (
  refusals: ReadonlyArray<MachineRefusal>
): ReadonlyArray<MachineRefusal & { readonly statuses: ReadonlyArray<OrderStatus> }> =>
  [...Map.groupBy(refusals, ({ command, lacking, error }) => `${command} ${lacking} ${error._tag}`).values()].flatMap((alike) =>
    alike.slice(0, 1).map((first) => ({ ...first, statuses: [...new Set(alike.map(({ status }) => status))] }))
  )
