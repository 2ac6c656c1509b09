/** The shop by way of the library, over any store. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import canonicalize from "canonicalize"
import type { AssetChange, ChangeAsset, RegisterAsset } from "../../src/asset/decideAsset.ts"
import type { RegisteredAsset } from "../../src/asset/RegisteredAsset.ts"
import { AssetRegistry } from "../../src/lifecycle/AssetRegistry.ts"
import { AuditTrail } from "../../src/lifecycle/AuditTrail.ts"
import type { Caller } from "../../src/lifecycle/Caller.ts"
import type { NotesMismatch } from "../../src/lifecycle/expectedVersion.ts"
import { type CommandFailure, OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import type { StoreUnavailable, SubscriptionOfOrder } from "../../src/lifecycle/OrderStore.ts"
import { Reservations } from "../../src/lifecycle/Reservations.ts"
import type { SealedEvent } from "../../src/order/auditChain.ts"
import { RequestId } from "../../src/order/orderEvent.ts"
import type { Transition } from "../../src/order/Transition.ts"
import { type Order, OrderId, SerialNumber, Sku, SubscriptionId } from "../../src/order/Order.ts"
import type { AddItems } from "../../src/order/commands/addItems.ts"
import type { CancelSubscription } from "../../src/order/commands/cancelSubscription.ts"
import type { StartSubscription } from "../../src/order/commands/startSubscription.ts"
import type { Refusal } from "../../src/order/Refusal.ts"
import {
  type Answer,
  type Asking,
  type AssetFacts,
  type BySku,
  type Command,
  type CommandOnSubscription,
  type CommandOf,
  type Done,
  type EventFacts,
  type OrderFacts,
  type PreviewFacts,
  readMoney,
  type Refused,
  type Shop,
  type SubscriptionFacts,
  writeMoney
} from "./Shop.ts"

type Services = OrderLifecycle | AssetRegistry | AuditTrail | Reservations
type Failure = Refusal | CommandFailure | NotesMismatch | StoreUnavailable

export const libraryShop = (run: <A, E>(effect: Effect.Effect<A, E, Services>) => Promise<A>): Shop => {
  /** Ask the library; a refusal is an answer, anything else that goes wrong is not. */
  const ask = async <A, Facts>(
    program: Effect.Effect<A, Failure, Services>,
    see: (result: A) => Facts,
    say: (result: A) => unknown = see
  ): Promise<Answer<Facts>> => {
    const result = await run(Effect.result(program))
    if (Result.isSuccess(result)) {
      const { success } = result
      return { accepted: true, facts: see(success), said: canonical(say(success)), replayed: isReplayed(success) }
    }
    if (!("code" in result.failure)) throw result.failure
    return refused(result.failure)
  }
  const lifecycle = <A, E>(use: (orders: OrderLifecycle["Service"]) => Effect.Effect<A, E>) => Effect.flatMap(OrderLifecycle, use)

  const registry = <A, E>(use: (assets: AssetRegistry["Service"]) => Effect.Effect<A, E>) => Effect.flatMap(AssetRegistry, use)

  const give = (who: Asking, orderId: string, command: Command): Promise<Answer<Done>> => {
    const caller = callerOf(who)
    const ofOrder = (done: Transition) => ({ id: done.after.orderId })
    switch (command.type) {
      case "confirm":
        return ask(
          lifecycle((orders) => orders.confirm(caller, OrderId.make(orderId))),
          ofOrder,
          whole
        )
      case "apply":
        return ask(
          lifecycle((orders) => orders.apply(caller, OrderId.make(orderId), command.command, command.payload)),
          ofOrder,
          whole
        )
      case "cancel": {
        const { type: _, ...request } = command
        return ask(
          lifecycle((orders) => orders.cancel(caller, OrderId.make(orderId), request)),
          ofOrder,
          whole
        )
      }
      case "release":
        return ask(
          lifecycle((orders) => orders.release(caller, OrderId.make(orderId), requestIn(command))),
          ofOrder,
          whole
        )
      case "addItems":
        return ask(
          lifecycle((orders) => orders.addItems(caller, OrderId.make(orderId), requestIn(command) as AddItems)),
          ofOrder,
          whole
        )
      case "correct":
        return ask(
          lifecycle((orders) => orders.correct(caller, OrderId.make(orderId), requestIn(command))),
          ofOrder,
          whole
        )
      case "recordPayment":
        return ask(
          lifecycle((orders) => orders.recordPayment(caller, OrderId.make(orderId), paymentIn(command))),
          ofOrder,
          whole
        )
      case "startSubscription":
        return ask(
          lifecycle((orders) => orders.startSubscription(caller, { orderId: OrderId.make(orderId), ...startOf(command) })),
          ({ event }) => ({ id: event.details.subscriptionId }),
          whole
        )
      case "cancelSubscription":
        return ask(
          lifecycle((orders) => orders.cancelSubscription(caller, endOf(command))),
          ({ event }) => ({ id: event.details.subscriptionId }),
          whole
        )
      case "returnSubscription":
      case "buyOutSubscription":
      case "completeSubscription":
      case "extendSubscription":
      case "replaceAsset":
      case "upgradeSubscription":
        return ask(
          lifecycle((orders) => onSubscription(orders, caller, command)),
          () => ({ id: command.subscriptionId }),
          whole
        )
    }
  }

  const requestOf = (command: Command) => {
    if (command.type === "startSubscription") return { type: command.type, ...startOf(command) }
    if (command.type === "cancelSubscription") return { type: command.type, ...endOf(command) }
    if ("given" in command) return { type: command.type, ...requestOn(command) } as unknown as { readonly type: "confirm" }
    // The library knows the names of its own commands; those of a process are read where they arrive.
    if (command.type === "apply") return { type: command.command, ...command.payload } as unknown as { readonly type: "confirm" }
    if (command.type === "recordPayment") return { type: command.type, ...paymentIn(command) }
    // As it is told, wrong SKUs too.
    if (command.type === "addItems") return command as { readonly type: "addItems" } & AddItems
    return command
  }
  const previewOf = (who: Asking, orderId: string, command: Command) =>
    lifecycle((orders) => orders.preview(callerOf(who), OrderId.make(orderId), requestOf(command)))

  return {
    give,
    place: (who, request) =>
      ask(
        lifecycle((orders) => orders.place(callerOf(who), request)),
        ({ after }) => ({ id: after.orderId }),
        whole
      ),
    preview: (who, orderId) =>
      ask(previewOf(who, orderId, { type: "cancel" }), ({ order, blockers, plan, warnings }): PreviewFacts => ({
        version: order.version,
        blockers,
        releases: bySku(plan?.released ?? []),
        warnings
      })),
    foresee: async (who, orderId, command) => {
      const answer = await ask(previewOf(who, orderId, command), ({ blockers, plan }) => ({
        blockers,
        ...(plan && { status: plan.status })
      }))
      return answer.accepted ? answer.facts : { blockers: [{ code: answer.code }] }
    },
    order: ({ tenantId }, orderId) =>
      ask(
        lifecycle((orders) => orders.get(tenantId, OrderId.make(orderId))),
        seeOrder
      ),
    orders: ({ tenantId }, filter) =>
      ask(
        lifecycle((orders) => orders.list(tenantId, filter as object)),
        ({ items }) => items.map(seeOrder)
      ),
    subscription: ({ tenantId }, subscriptionId) =>
      ask(
        lifecycle((orders) => orders.getSubscription(tenantId, SubscriptionId.make(subscriptionId))),
        seeSubscription
      ),
    events: async ({ tenantId }, orderId) => {
      const history = Effect.flatMap(AuditTrail, (trail) => trail.history(tenantId, OrderId.make(orderId)))
      // To the audit trail an order without events is an empty list: it is the order that is not found.
      return ask(
        Effect.andThen(
          lifecycle((orders) => orders.get(tenantId, OrderId.make(orderId))),
          history
        ),
        (events) => events.map(seeEvent)
      )
    },
    stock: ({ tenantId }, sku) =>
      run(Effect.flatMap(Reservations, (reservations) => reservations.stock(tenantId, Sku.make(sku)))),
    register: (who, { serial, sku, status }) =>
      ask(
        registry((assets) => assets.register(callerOf(who), deviceOf(serial, sku, status))),
        ({ after }) => seeAsset(after),
        recorded
      ),
    changeAsset: (who, serial, change) =>
      ask(
        registry((assets) => assets.change(callerOf(who), SerialNumber.make(serial), change as ChangeAsset)),
        ({ after }) => seeAsset(after),
        recorded
      ),
    withdrawAsset: (who, serial) =>
      ask(
        registry((assets) => assets.withdraw(callerOf(who), SerialNumber.make(serial))),
        ({ after }) => ({ id: after.serialNumber }),
        recorded
      ),
    asset: ({ tenantId }, serial) =>
      ask(
        registry((assets) => assets.get(tenantId, SerialNumber.make(serial))),
        seeAsset
      ),
    rewriteNotes: ({ tenantId }, orderId, notes, expected) =>
      ask(
        lifecycle((orders) =>
          orders.rewriteNotes(tenantId, OrderId.make(orderId), { notes }, expected === undefined ? {} : { expected })
        ),
        () => ({ id: orderId })
      )
  }
}

/** A value as text; which member stands first means nothing to the library. */
const canonical = (value: unknown): string => canonicalize(value) ?? ""

/** What was done. The order beside it is told as it stands. */
const whole = ({ event }: Transition) => event

const isReplayed = (answer: unknown): boolean =>
  typeof answer === "object" && answer !== null && "replayed" in answer && answer.replayed === true

const callerOf = ({ tenantId, staff, key, requestId, expectedVersion }: Asking): Caller => ({
  tenantId,
  actor: staff.actor,
  ...(key !== undefined && { idempotencyKey: key }),
  ...(requestId !== undefined && { requestId: RequestId.make(requestId) }),
  ...(expectedVersion !== undefined && { expectedVersion })
})

const requestIn = <Given extends Command>({ type: _, ...request }: Given): Omit<Given, "type"> => request

const paymentIn = ({ type: _, paidAmount, ...payment }: CommandOf<"recordPayment">) => ({
  ...payment,
  ...(paidAmount !== undefined && { paidAmount: readMoney(paidAmount).minor })
})

/** The requests go in as they are told, wrong ones too: that they are refused is part of the story. */
const startOf = ({ type: _, serial, ...more }: CommandOf<"startSubscription">) =>
  ({ assetSerialNumber: serial, ...more }) as unknown as Omit<StartSubscription, "orderId">
/** Amounts are minor units in code. */
const requestOn = ({ subscriptionId, given, amounts }: CommandOnSubscription) => ({
  rentalId: subscriptionId,
  ...given,
  ...Object.fromEntries(Object.entries(amounts).map(([name, money]) => [name, readMoney(money).minor]))
})

const onSubscription = (
  orders: OrderLifecycle["Service"],
  caller: Caller,
  command: CommandOnSubscription
): ReturnType<OrderLifecycle["Service"]["returnSubscription"]> =>
  // Each method takes the request of its own name.
  orders[command.type as "returnSubscription"](caller, requestOn(command) as never)

const endOf = ({ type: _, subscriptionId, ...more }: CommandOf<"cancelSubscription">) =>
  ({ rentalId: subscriptionId, ...more }) as CancelSubscription

const refused = (failure: Extract<Failure, { code: string }>): Refused => {
  const { code, message, remedy } = failure
  const faults = "details" in failure ? failure.details : []
  return {
    accepted: false,
    code,
    message: failure._tag === "InvalidInput" ? "" : message,
    faults,
    ...(failure._tag === "OrderAlreadyCancelled" && {
      original: { cancelledAt: failure.cancelledAt, ...(failure.reason !== undefined && { reason: failure.reason }) }
    }),
    said: canonical({ code, message, remedy, faults }),
    replayed: isReplayed(failure)
  }
}

const bySku = (released: ReadonlyArray<BySku>): ReadonlyArray<BySku> => {
  const sums: Array<{ sku: string; quantity: number }> = []
  for (const { sku, quantity } of released) {
    const sum = sums.find((each) => each.sku === sku)
    if (sum) sum.quantity += quantity
    else sums.push({ sku, quantity })
  }
  return sums
}

/** As it is told: a status that there is not is refused, and that is part of the story. */
const deviceOf = (serialNumber: string, sku: string, status: string) =>
  ({ serialNumber, sku, productName: `The ${sku}`, status }) as unknown as RegisterAsset

const recorded = ({ record }: AssetChange) => record

const seeAsset = ({ serialNumber, sku, status, location, subscriptionId }: RegisteredAsset): AssetFacts => ({
  serial: serialNumber,
  sku,
  status,
  ...(location !== undefined && { location }),
  ...(subscriptionId !== undefined && { subscriptionId })
})

const seeOrder = (order: Order): OrderFacts => {
  const money = (minor: number) => writeMoney(minor, order.currency, "minor")
  const sum = (of: (line: Order["lines"][number]) => number) => order.lines.reduce((total, line) => total + of(line), 0)
  // What came with an upgrade was not ordered.
  const ordered = ({ quantity, upgradeOf }: Order["lines"][number]) => (upgradeOf === undefined ? quantity : 0)
  const subtotal = sum((line) => line.unitPrice * ordered(line))
  const { customerId, email, firstName, lastName, phone } = order.customer
  return {
    orderId: order.orderId,
    tenantId: order.tenantId,
    status: order.status,
    customer: { customerId, email, name: `${firstName} ${lastName}`, ...(phone !== undefined && { phone }) },
    city: order.billingAddress.city,
    lines: order.lines.map(({ sku, productName, quantity, contractLength, unitPrice, units }, position) => {
      const { held, released } = units
      const hasBegun = units.active + units.ended > 0
      return {
        sku,
        productName,
        quantity,
        contractLength,
        price: money(unitPrice),
        progress: !hasBegun ? "pending" : held === 0 ? "completed" : "partial",
        held,
        released,
        subscriptionIds: order.subscriptions.flatMap(({ line, subscriptionId }) => (line === position ? [subscriptionId] : []))
      }
    }),
    subtotal: money(subtotal),
    tax: money(order.taxAmount),
    total: money(subtotal + order.taxAmount),
    devices: sum(ordered),
    rented: sum(({ units }) => units.active),
    released: sum(({ units }) => units.released),
    ...(order.externalReference !== undefined && { externalReference: order.externalReference }),
    shipsTo: order.shippingAddress.city,
    subscriptionIds: order.subscriptions.map(({ subscriptionId }) => subscriptionId),
    ...(order.payment && {
      payment: {
        ...(order.payment.status !== undefined && { status: order.payment.status }),
        ...(order.payment.paidAmount !== undefined && { paid: money(order.payment.paidAmount) })
      }
    }),
    ...(order.notes !== undefined && { notes: order.notes }),
    createdAt: order.createdAt,
    updatedAt: order.updatedAt,
    createdBy: order.createdBy
  }
}

const seeSubscription = ({ subscription, line, order }: SubscriptionOfOrder): SubscriptionFacts => {
  const { ended } = subscription
  return {
    subscriptionId: subscription.subscriptionId,
    orderId: order.orderId,
    serial: subscription.serialNumber,
    sku: line.sku,
    status: subscription.status,
    price: writeMoney(subscription.monthlyAmount ?? line.unitPrice, order.currency, "minor"),
    contractLength: subscription.contractLength,
    startDate: subscription.startDate,
    endDate: subscription.endDate,
    ...(ended && {
      ended: {
        at: ended.at,
        by: ended.by.userId,
        ...(ended.reason !== undefined && { reason: ended.reason }),
        ...(ended.notes !== undefined && { notes: ended.notes })
      }
    })
  }
}

const seeEvent = ({ event, previousHash, hash }: SealedEvent): EventFacts => {
  const reason =
    event.type === "order.cancelled" || event.type === "order.items_released"
      ? event.confidential.reason
      : event.type === "subscription.ended"
        ? event.details.reason
        : undefined
  return {
    sequence: event.sequence,
    type: event.type,
    at: event.at,
    actor: event.actor,
    from: event.from,
    to: event.to,
    ...(reason !== undefined && { reason }),
    released: bySku(event.released),
    ...("subscriptionId" in event.details && { subscriptionId: event.details.subscriptionId }),
    requestId: event.requestId,
    previousHash,
    hash
  }
}
