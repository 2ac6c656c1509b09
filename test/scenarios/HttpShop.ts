/** The shop by way of HTTP: a running server, asked with `fetch`. Every answer has to be one that the served description promises. */
import { createHash } from "node:crypto"
import type { AssetView, CancellationView, OrderView, PreviewView, SubscriptionView } from "../../src/http/views.ts"
import { type Answer as HttpAnswer, type CallOptions, type Client, codeOf, detailsOf, type Json } from "../http/client.ts"
import {
  type Answer,
  type Asking,
  type AssetFacts,
  type Command,
  type CommandOf,
  type OnSubscription,
  type Done,
  type EventFacts,
  type Foreseen,
  type OrderFacts,
  type PreviewFacts,
  readMoney,
  type Refused,
  type Shop,
  type SubscriptionFacts,
  writeMoney
} from "./Shop.ts"

/** The key that a member of staff sends for a tenant. */
/** Where each command on a subscription is given. */
const pathOf: Readonly<Record<OnSubscription, string>> = {
  returnSubscription: "early-return",
  buyOutSubscription: "buyout",
  completeSubscription: "complete",
  extendSubscription: "extend",
  replaceAsset: "replace",
  upgradeSubscription: "upgrade"
}

export const keyFor = (userId: string, tenantId: string): string => `key-of-${userId}-for-${tenantId}`

export const httpShop = ({ call }: Client): Shop => {
  const headersOf = (who: Asking): NonNullable<CallOptions["headers"]> => {
    const { access, actor } = who.staff
    const key = access === "a key" ? keyFor(actor.userId, who.home) : "made-up"
    return {
      authorization: access === "no key" ? null : `Bearer ${key}`,
      "tenant-id": who.tenantId,
      ...(who.key !== undefined && { "idempotency-key": who.key }),
      ...(who.requestId !== undefined && { "x-request-id": who.requestId }),
      ...(who.expectedVersion !== undefined && { "if-match": `"${who.expectedVersion}"` })
    }
  }

  const ask = async <Facts>(
    who: Asking,
    [method, path, body]: readonly [method: string, path: string, body?: unknown],
    see: (body: Json) => Facts,
    headers: Readonly<Record<string, string>> = {}
  ): Promise<Answer<Facts>> => {
    const answer = await call(method, path, { headers: { ...headersOf(who), ...headers }, ...(body !== undefined && { body }) })
    if (answer.status < 300) return { accepted: true, facts: see(answer.body), said: answer.text, replayed: isReplayed(answer) }
    if (answer.status >= 500) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`)
    return refused(answer)
  }

  const requestOf = (orderId: string, command: Command): readonly [method: string, path: string, body?: unknown] => {
    switch (command.type) {
      case "confirm":
        return ["POST", `/v1/orders/${encode(orderId)}/confirm`]
      case "apply":
        return ["POST", `/v1/orders/${encode(orderId)}/commands/${command.command}`, command.payload]
      case "cancel": {
        const { type: _, ...body } = command
        // Who gives no reason sends no body.
        return ["POST", `/v1/orders/${encode(orderId)}/cancel`, body.reason === undefined ? undefined : body]
      }
      case "release": {
        const { type: _, ...body } = command
        return ["POST", `/v1/orders/${encode(orderId)}/release`, body]
      }
      case "addItems":
        return ["POST", `/v1/orders/${encode(orderId)}/items`, { items: command.items }]
      case "correct": {
        const { type: _, ...body } = command
        return ["PATCH", `/v1/orders/${encode(orderId)}`, body]
      }
      case "recordPayment": {
        const { type: _, paidAmount, ...body } = command
        const paid = paidAmount === undefined ? {} : { paidAmount: readMoney(paidAmount).major }
        return ["POST", `/v1/orders/${encode(orderId)}/payment`, { ...body, ...paid }]
      }
      case "startSubscription":
        return ["POST", "/v1/subscriptions", { orderId, ...startOf(command) }]
      case "cancelSubscription": {
        const { type: _, subscriptionId, ...more } = command
        return ["POST", `/v1/subscriptions/${encode(subscriptionId)}/cancel`, { rentalId: subscriptionId, ...more }]
      }
      case "returnSubscription":
      case "buyOutSubscription":
      case "completeSubscription":
      case "extendSubscription":
      case "replaceAsset":
      case "upgradeSubscription": {
        const { type, subscriptionId, given, amounts } = command
        const major = Object.entries(amounts).map(([name, money]) => [name, readMoney(money).major])
        const body = { rentalId: subscriptionId, ...given, ...Object.fromEntries(major) }
        return ["POST", `/v1/subscriptions/${encode(subscriptionId)}/${pathOf[type]}`, body]
      }
    }
  }

  const preview = (who: Asking, orderId: string) =>
    ask(who, ["GET", `/v1/orders/${encode(orderId)}/cancellation`], (body): PreviewFacts => {
      const { version, blockers, releases, warnings } = body as unknown as typeof CancellationView.Type
      const seen = blockers.map(({ code, guard, message, rentalIds = [] }) => ({
        code,
        guard,
        message,
        subscriptionIds: rentalIds
      }))
      return { version, blockers: seen, releases, warnings }
    })

  return {
    preview,
    place: (who, request) => ask(who, ["POST", "/v1/orders", request], ({ orderId }) => ({ id: String(orderId) })),
    give: (who, orderId, command) =>
      ask(who, requestOf(orderId, command), (body): Done => ({ id: String(body["rentalId"] ?? body["orderId"]) })),
    foresee: async (who, orderId, command) => {
      const [method, path, body] = requestOf(orderId, command)
      const answer = await ask(who, [method, `${path}?dryRun=true`, body], (found): Foreseen => {
        const { blockers, to } = found as unknown as typeof PreviewView.Type
        return { blockers, ...(to !== undefined && { status: to }) }
      })
      return answer.accepted ? answer.facts : { blockers: [{ code: answer.code }] }
    },
    order: (who, orderId) => ask(who, ["GET", `/v1/orders/${encode(orderId)}`], (body) => seeOrder(body as unknown as OrderView)),
    orders: (who, filter) =>
      ask(who, ["GET", `/v1/orders?${new URLSearchParams({ ...filter }).toString()}`], ({ orders }) =>
        (orders as ReadonlyArray<OrderView>).map(seeOrder)
      ),
    subscription: (who, id) =>
      ask(who, ["GET", `/v1/subscriptions/${encode(id)}`], (body) => seeSubscription(body as unknown as SubscriptionView)),
    events: (who, orderId) =>
      ask(who, ["GET", `/v1/orders/${encode(orderId)}/events`], ({ events }) =>
        (events as ReadonlyArray<EventFacts & { rentalId?: string }>).map(({ rentalId, ...event }): EventFacts => ({
          ...event,
          ...(rentalId !== undefined && { subscriptionId: rentalId })
        }))
      ),
    stock: async (who, sku) => {
      const answer = await ask(who, ["GET", `/v1/stock/${encode(sku)}`], ({ reserved, rented, available }) => ({
        reserved: Number(reserved),
        rented: Number(rented),
        ...(available !== undefined && { available: Number(available) })
      }))
      if (!answer.accepted) throw new Error(`no stock is told: ${answer.said}`)
      return answer.facts
    },
    register: (who, { serial: serialNumber, ...device }) =>
      ask(who, ["POST", "/v1/assets", { serialNumber, productName: `The ${device.sku}`, ...device }], assetIn),
    changeAsset: (who, serial, change) => ask(who, ["PATCH", `/v1/assets/${encode(serial)}`, change], assetIn),
    withdrawAsset: (who, serial) =>
      ask(who, ["DELETE", `/v1/assets/${encode(serial)}`], (body) => ({ id: String(body["serialNumber"]) })),
    asset: (who, serial) => ask(who, ["GET", `/v1/assets/${encode(serial)}`], seeAsset),
    rewriteNotes: (who, orderId, notes, expected) =>
      ask(
        who,
        ["PATCH", `/v1/orders/${encode(orderId)}/notes`, { notes }],
        (body) => ({ id: String(body["orderId"]) }),
        expected === undefined ? {} : { "if-match": `"${createHash("sha256").update(expected).digest("hex")}"` }
      )
  }
}

const encode = encodeURIComponent

const startOf = ({ type: _, serial, ...more }: CommandOf<"startSubscription">) => ({ assetSerialNumber: serial, ...more })

/** A subscription for an order that does not exist has a code of its own over HTTP; the case is the same. */
const codeByHttpCode: Readonly<Record<string, string>> = { ORDER_NOT_FOUND: "NOT_FOUND" }

const refused = (answer: HttpAnswer): Refused => {
  const code = String(codeOf(answer))
  const { message } = answer.body["error"] as { message: string }
  return {
    accepted: false,
    code: codeByHttpCode[code] ?? code,
    message: code === "VALIDATION_ERROR" ? "" : message,
    faults: detailsOf(answer),
    said: answer.text,
    replayed: isReplayed(answer)
  }
}

const isReplayed = ({ headers }: HttpAnswer): boolean => headers.get("idempotent-replayed") === "true"

const seeOrder = (order: OrderView): OrderFacts => {
  const money = (major: number) => writeMoney(major, order.totals.currency, "major")
  const { customerId, email, firstName, lastName, phone } = order.customer
  return {
    orderId: order.orderId,
    tenantId: order.tenantId,
    status: order.status,
    customer: { customerId, email, name: `${firstName} ${lastName}`, ...(phone !== undefined && { phone }) },
    city: order.billingAddress.city,
    lines: order.items.map(
      ({ sku, productName, quantity, contractLength, unitPrice, rentalStatus, held, released, rentalIds }) => ({
        sku,
        productName,
        quantity,
        contractLength,
        price: money(unitPrice),
        progress: rentalStatus,
        held,
        released,
        subscriptionIds: rentalIds
      })
    ),
    subtotal: money(order.totals.subtotal),
    tax: money(order.totals.taxAmount),
    total: money(order.totals.total),
    devices: order.rentalProgress.totalDevices,
    rented: order.rentalProgress.rentedDevices,
    released: order.rentalProgress.releasedDevices,
    ...(order.externalReference !== undefined && { externalReference: order.externalReference }),
    shipsTo: order.shippingAddress.city,
    subscriptionIds: order.rentalIds,
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

const assetIn = (body: Json): AssetFacts => seeAsset(body["asset"] as Json)

const seeAsset = (body: Json): AssetFacts => {
  const { serialNumber, sku, status, location, rentalId } = body as unknown as typeof AssetView.Type
  return {
    serial: serialNumber,
    sku,
    status,
    ...(location !== undefined && { location }),
    ...(rentalId !== undefined && { subscriptionId: rentalId })
  }
}

const seeSubscription = (subscription: SubscriptionView): SubscriptionFacts => {
  const ended = subscription.cancellationDetails
  return {
    subscriptionId: subscription.rentalId,
    orderId: subscription.orderId,
    serial: subscription.assetSerialNumber,
    sku: subscription.sku,
    status: subscription.status,
    price: writeMoney(subscription.monthlyAmount, subscription.currency, "major"),
    contractLength: subscription.contractLength,
    startDate: subscription.startDate,
    endDate: subscription.endDate,
    ...(ended && {
      ended: {
        at: ended.cancelledAt,
        by: ended.processedBy.userId,
        ...(ended.reason !== undefined && { reason: ended.reason }),
        ...(ended.notes !== undefined && { notes: ended.notes })
      }
    })
  }
}
