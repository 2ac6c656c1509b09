/** Every refusal of the machine as the error it leads to: asked of real orders, so that the error is a real one. */
import * as Result from "effect/Result"
import { RequestId } from "../order/orderEvent.ts"
import { decide, refusalOf } from "../order/decide.ts"
import type { Occasion } from "../order/Transition.ts"
import { type Answer, answersOf, commandNames, type Lifecycle, lifecycles, statusesOf } from "../order/lifecycleTable.ts"
import { Currency, MinorUnits } from "../order/Money.ts"
import { CustomerId, type Order, OrderId, type OrderStatus, Sku, TenantId } from "../order/Order.ts"
import type { CommandType, OrderCommand } from "../order/commands/index.ts"
import { place } from "../order/commands/place.ts"
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

/** What the surroundings may say of a command's input that is wrong, by the member that they say it in. */
const wrongFacts = {
  variants: [
    new Map(),
    ...[{ isActive: false }, { pricing: [] }, { currency: Currency.make("JPY") }].map(
      (wrong) => new Map(Array.from(variants, ([sku, variant]) => [sku, { ...variant, ...wrong }]))
    )
  ],
  asset: [{ isKnown: true, isRented: false, sku: Sku.make("TRACTOR") }]
}

/** A command that fits the order, and the same with each wrong fact. */
const samplesOf = (lifecycle: Lifecycle, command: CommandType, order: Order): ReadonlyArray<OrderCommand> => {
  const sample = lifecycle.commands[command].sample(order)
  const wrong = Object.entries(wrongFacts).flatMap(([member, facts]) =>
    member in sample ? facts.map((fact) => ({ ...sample, [member]: fact })) : []
  )
  return [sample, ...wrong]
}

/** The error that an answer of the machine is given as. Ids, counts and moments in it are those of a sample. */
export const errorOf = (lifecycle: Lifecycle, status: OrderStatus, command: CommandType, answer: Answer): Refusal => {
  const { rented, cancelled } = sampleOrders
  const order = { ...(answer.refusal?.lacking === lifecycle.policy ? rented : cancelled), status }
  const samples = samplesOf(lifecycle, command, rented)
  const refusals = samples.flatMap((sample) => wordsFor(lifecycle, order, sample, answer) ?? [])
  const [refusal = refusalOf(lifecycle, order, lifecycle.commands[command].sample(rented), answer)] = refusals
  return refusal
}

/** The refusal in the words of a command, if it has any for this order and this input. */
const wordsFor = (lifecycle: Lifecycle, order: Order, command: OrderCommand, { refusal }: Answer): Refusal | undefined =>
  refusal === undefined
    ? undefined
    : lifecycle.commands[command.type].refusals[refusal.code]?.({
        order,
        command,
        lacking: refusal.lacking,
        policy: lifecycle.policy
      })

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
