/**
 * Every way an order can stand, found breadth first: from the order as it is placed, through every command, to every state that is new.
 *
 * Two orders count as one state when nothing that can be asked of them tells them apart. `decide` looks at the status, at the units of
 * each line, at the SKUs, and at how a subscription stands that is asked for by its id; the ids themselves, serial numbers, moments and
 * texts it only passes on. So a state is the status and, line by line, how many units are where: which of several subscriptions of a line
 * has ended makes no difference to any answer. Whether a contract is over does: it is over on lines of A, and not on any other.
 */
import { definitions } from "../../src/order/commands/definitions.ts"
import * as Result from "effect/Result"
import { RequestId } from "../../src/order/orderEvent.ts"
import { decide } from "../../src/order/decide.ts"
import type { Occasion, Transition } from "../../src/order/Transition.ts"
import { type Lifecycle, lifecycles } from "../../src/order/lifecycleTable.ts"
import { CustomerId, type Order, OrderId, SerialNumber, Sku, SubscriptionId, TenantId } from "../../src/order/Order.ts"
import type { OrderCommand } from "../../src/order/commands/index.ts"
import { place } from "../../src/order/commands/place.ts"
import type { Variant } from "../../src/order/commands/priceLines.ts"
import type { Refusal } from "../../src/order/Refusal.ts"
import { Currency } from "../../src/order/Money.ts"
import { Timestamp } from "../../src/order/Timestamp.ts"

/** An order to begin with: per line its SKU, by letter, and its units. */
export type Shape = ReadonlyArray<readonly [sku: string, quantity: number]>

const letters = ["A", "B", "C"] as const

/**
 * Every order of one to `maxLines` lines with one to `maxUnits` units each, and every way in which lines can share a SKU. An asset goes to
 * the first line of its SKU that has a held unit, so lines of one SKU keep their places; lines of different SKUs never meet, so orders that
 * differ only in how these stand among each other, or in which letter a SKU has, count as one.
 */
export const shapes = (maxLines: number, maxUnits: number): ReadonlyArray<Shape> => {
  const shapeByKey = new Map<string, Shape>()
  const grow = (shape: Shape): void => {
    if (shape.length > 0) {
      const bySku = letters.map((letter) => shape.filter(([sku]) => sku === letter).map(([, quantity]) => quantity))
      const key = JSON.stringify(bySku.map((quantities) => quantities.join()).toSorted())
      if (!shapeByKey.has(key)) shapeByKey.set(key, shape)
    }
    if (shape.length === maxLines) return
    for (const sku of letters) for (let quantity = 1; quantity <= maxUnits; quantity++) grow([...shape, [sku, quantity]])
  }
  grow([])
  return [...shapeByKey.values()]
}

export const occasion: Occasion = {
  at: Timestamp.make("2026-11-23T12:00:00.000Z"),
  actor: { userId: "ada" },
  requestId: RequestId.make("request")
}

const catalogue = new Map(
  letters.map((letter): [Sku, Variant] => {
    const sku = Sku.make(letter)
    const pricing = [{ contractLength: letter === "A" ? 12 : 60, monthlyPrice: 1_000 }]
    return [sku, { sku, productName: letter, isActive: true, currency: Currency.make("EUR"), pricing }]
  })
)

const placed = (lifecycle: Lifecycle, shape: Shape): Order => {
  const address = { contactName: "Ada", streetAddress: "1 Square", city: "London", country: "GB" }
  const request = {
    customer: { email: "ada@example.com", firstName: "Ada", lastName: "Lovelace" },
    billingAddress: address,
    items: shape.map(([sku, quantity]) => ({ sku: Sku.make(sku), quantity }))
  }
  const facts = {
    tenantId: TenantId.make("tenant"),
    orderId: OrderId.make("order"),
    customerId: CustomerId.make("ada"),
    variants: catalogue
  }
  return Result.getOrThrow(place(lifecycle, request, facts, occasion)).after
}

/** Every command that can be answered differently: all that are accepted, and one for each way of being refused. */
export const commandsOn = (order: Order): ReadonlyArray<OrderCommand> => {
  const start = (more: Partial<Extract<OrderCommand, { type: "startSubscription" }>>): OrderCommand => ({
    type: "startSubscription",
    subscriptionId: SubscriptionId.make(`subscription-${order.subscriptions.length}`),
    assetSerialNumber: SerialNumber.make(`serial-${order.subscriptions.length}`),
    customerId: order.customer.customerId,
    asset: { isKnown: true, isRented: false },
    startDate: "2023-11-23",
    ...more
  })
  const end = (id: string): OrderCommand => ({ type: "cancelSubscription", rentalId: SubscriptionId.make(id), reason: "other" })
  const skus = [...new Set(order.lines.map(({ sku }) => sku))]
  // Of each line one subscription per standing: the others of the same kind lead to the same state.
  const kinds = new Map(order.subscriptions.map(({ line, status, subscriptionId }) => [`${line} ${status}`, subscriptionId]))
  const [first = Sku.make("A")] = skus
  const onSubscription = (order: Order, id: string): ReadonlyArray<OrderCommand> =>
    (
      [
        "returnSubscription",
        "buyOutSubscription",
        "completeSubscription",
        "extendSubscription",
        "replaceAsset",
        ...(order.lines.length < 3 ? ["upgradeSubscription" as const] : [])
      ] as const
    ).map((type) => {
      const sample = { ...definitions[type].sample(order), rentalId: SubscriptionId.make(id) }
      const newId = SubscriptionId.make(`subscription-${order.subscriptions.length}`)
      return "variants" in sample ? { ...sample, subscriptionId: newId } : sample
    })
  return [
    { type: "confirm" },
    { type: "cancel" },
    { type: "correct", customer: { lastName: "Byron" } },
    { type: "recordPayment", status: "paid" },
    { type: "release" },
    // One unit of each line, more than there can be, and of a line that is not there.
    ...order.lines.map((_, line): OrderCommand => ({ type: "release", items: [{ line, quantity: 1 }] })),
    { type: "release", items: [{ line: 0, quantity: 99 }] },
    { type: "release", items: [{ line: order.lines.length, quantity: 1 }] },
    // One line more, so that there is an end to it.
    ...(order.lines.length < 3 ? [{ type: "addItems" as const, items: [{ sku: first, quantity: 1 }], variants: catalogue }] : []),
    { type: "addItems", items: [{ sku: Sku.make("elsewhere"), quantity: 1 }], variants: catalogue },
    ...skus.map((sku) => start({ asset: { isKnown: true, isRented: false, sku } })),
    start({ sku: first }),
    start({}),
    start({ sku: first, asset: { isKnown: true, isRented: false, sku: Sku.make("elsewhere") } }),
    start({ asset: { isKnown: true, isRented: false, sku: Sku.make("elsewhere") } }),
    start({ asset: { isKnown: true, isRented: true, sku: first } }),
    start({ asset: { isKnown: false, isRented: false } }),
    start({ customerId: CustomerId.make("another") }),
    ...[...kinds.values()].flatMap((id) => [end(id), ...onSubscription(order, id)]),
    end("unknown")
  ]
}

export type Decide = (lifecycle: Lifecycle, order: Order, command: OrderCommand) => Result.Result<Transition, Refusal>

export const decideAsShipped: Decide = (lifecycle, order, command) => decide(lifecycle, order, command, occasion)

export const stateOf = (order: Order): string =>
  `${order.status} ${order.lines
    .map(
      ({ units: { held, active, ended, released }, upgradeOf }) => `${held}${active}${ended}${released}${upgradeOf ? "+" : ""}`
    )
    .join(" ")}`

/** A state that was reached, and how: the shortest way there is. */
export interface Reached {
  readonly order: Order
  readonly by: { readonly from: Reached; readonly command: OrderCommand } | null
  /** Whence it can be reached in one step. */
  readonly predecessors: Set<Reached>
}

/** Looks at one answer; returns what is wrong with it, in words. */
export type Look = (order: Order, command: OrderCommand, answer: Result.Result<Transition, Refusal>) => string | undefined

/** The way to a state, and what was wrong there. */
export const traceOf = (shape: Shape, { order, by }: Reached, last?: string): string => {
  const steps: Array<string> = []
  for (let step = by; step !== null; step = step.from.by) steps.unshift(describe(step.command))
  const lines = shape.map(([sku, quantity]) => `${quantity} ${sku}`).join(" + ")
  return [`place ${lines}`, ...steps, ...(last === undefined ? [] : [last])].join(" -> ") + ` (at ${stateOf(order)})`
}

export const describe = (command: OrderCommand): string => {
  switch (command.type) {
    case "confirm":
    case "cancel":
    case "correct":
    case "recordPayment":
      return command.type
    case "release":
      return `release(${command.items?.map(({ line, quantity }) => `${quantity} of line ${line}`).join(", ") ?? "all"})`
    case "addItems":
      return `addItems(${command.items.map(({ sku, quantity }) => `${quantity} ${sku}`).join(", ")})`
    case "startSubscription": {
      const { asset, sku, customerId } = command
      const named = [asset.sku && `asset ${asset.sku}`, sku && `asked ${sku}`, customerId !== "ada" && `customer ${customerId}`]
      const kind = asset.isKnown ? (asset.isRented ? "rented" : "free") : "unknown"
      return `startSubscription(${[...named.filter((part) => typeof part === "string"), kind].join(", ")})`
    }
    case "cancelSubscription":
    case "returnSubscription":
    case "buyOutSubscription":
    case "completeSubscription":
    case "extendSubscription":
    case "replaceAsset":
    case "upgradeSubscription":
      return `${command.type}(${command.rentalId})`
  }
}

/** Go through every state of an order of this shape. Throws at the first fault, with the shortest way to it. */
export const exploreOrder = (
  policy: keyof typeof lifecycles,
  shape: Shape,
  look: Look,
  decideOn: Decide = decideAsShipped
): ReadonlyMap<string, Reached> => {
  const lifecycle = lifecycles[policy]
  const start: Reached = { order: placed(lifecycle, shape), by: null, predecessors: new Set() }
  const reached = new Map([[stateOf(start.order), start]])
  // A map goes through what is added while it is gone through, in the order of adding: breadth first.
  for (const state of reached.values()) {
    for (const command of commandsOn(state.order)) {
      const answer = attempt(() => decideOn(lifecycle, state.order, command))
      const fault = answer instanceof Error ? answer.message : look(state.order, command, answer)
      if (fault !== undefined) throw new Error(`${traceOf(shape, state, describe(command))}: ${fault}`)
      if (answer instanceof Error || Result.isFailure(answer)) continue
      const key = stateOf(answer.success.after)
      const known = reached.get(key)
      if (known) known.predecessors.add(state)
      else reached.set(key, { order: answer.success.after, by: { from: state, command }, predecessors: new Set([state]) })
    }
  }
  return reached
}

const attempt = <A>(run: () => A): A | Error => {
  try {
    return run()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** The states from which none of `goals` can be reached. */
export const stuck = (reached: ReadonlyMap<string, Reached>, isGoal: (order: Order) => boolean): ReadonlyArray<Reached> => {
  const good = new Set([...reached.values()].filter(({ order }) => isGoal(order)))
  for (const state of good) for (const predecessor of state.predecessors) good.add(predecessor)
  return [...reached.values()].filter((state) => !good.has(state))
}
