/** `docs/reference/events.md`: every event there is, what it says, and a real one from the life of one order. */
import * as Effect from "effect/Effect"
import { commonEventFields, descriptionOf, fieldsOfPart } from "../../src/draw/eventFields.ts"
import { fieldTable, jsonSchemaOf } from "../../src/draw/fields.ts"
import { anchored, blocks, code, drawTable, json, prose, table } from "../../src/draw/markdown.ts"
import type { SealedEvent } from "../../src/order/auditChain.ts"
import { libraryEvents } from "../../src/order/AuditEvent.ts"
import { OrderId } from "../../src/order/Order.ts"
import { heading } from "./page.ts"
import type { Method } from "./provocations.ts"
import { bike, type Exchange, withShop } from "./shop.ts"
import { fromMillis, plusMonths } from "../../src/order/Timestamp.ts"
import { steps } from "./steps.ts"

/** What one command left behind: the event as it is stored, and as the API shows it. */
interface Recorded {
  readonly method: Method
  readonly operation: string
  readonly stored: SealedEvent
  readonly shown: unknown
}

/** An order from its placing to its cancellation, with a command of every kind in between. */
export const live = (): Promise<ReadonlyArray<Recorded>> =>
  withShop(async (shop) => {
    const { place, confirm, addItems, correct, pay, release, start, end, cancel, orderIn, rentalIn } = steps(shop)
    const { extend, replace, upgrade, returnEarly, buyOut, complete } = steps(shop)
    const done: Array<readonly [Method, Exchange]> = []
    const tell = async (method: Method, exchange: Exchange) => {
      if (exchange.status >= 300) throw new Error(`${method} is refused: ${JSON.stringify(exchange.body)}`)
      done.push([method, exchange])
      return exchange
    }
    const placed = await tell("place", await place({ sku: bike, quantity: 3 }))
    const { orderId, customerId } = orderIn(placed)
    await tell("addItems", await addItems(orderId, { sku: "DESK-CHAIR-PRO", quantity: 2 }))
    await tell("correct", await correct(orderId, { customer: { phone: "+31 10 123" }, externalReference: "2026-118" }))
    await tell("recordPayment", await pay(orderId, { status: "paid", method: "stripe", paidAmount: 50 }))
    await tell("confirm", await confirm(orderId))
    const more = { notes: "Deliver to the back door" }
    const rentalId = rentalIn(await tell("startSubscription", await start(orderId, "BIKE-0001", customerId, more)))
    await tell("extendSubscription", await extend(rentalId, { newMonthlyAmount: 89 }))
    await tell("replaceAsset", await replace(rentalId, { damageAssessment: "The frame is bent" }))
    const upgraded = await tell("upgradeSubscription", await upgrade(rentalId, { newSerialNumber: "BIKE-0003" }))
    const { newRentalId } = upgraded.body as { readonly newRentalId: string }
    await tell("returnSubscription", await returnEarly(newRentalId, { earlyReturnFee: 25 }))
    const second = rentalIn(await tell("startSubscription", await start(orderId, "BIKE-0001", customerId)))
    await tell("buyOutSubscription", await buyOut(second))
    const longAgo = { startDate: plusMonths(fromMillis(Date.parse(createdIn(placed))), -7) }
    const chair = rentalIn(await tell("startSubscription", await start(orderId, "CHAIR-0001", customerId, longAgo)))
    await tell("completeSubscription", await complete(chair))
    const third = rentalIn(await tell("startSubscription", await start(orderId, "BIKE-0002", customerId)))
    await tell("cancelSubscription", await end(third, { notes: "Returned without a bell" }))
    await tell("release", await release(orderId, { items: [{ line: 1, quantity: 1 }], reason: "One chair is enough" }))
    await tell("cancel", await cancel(orderId, { reason: "Customer changed their mind" }))

    const { body } = await shop.call("listOrderEvents", "GET", `/v1/orders/${orderId}/events`)
    const { events } = body as { readonly events: ReadonlyArray<unknown> }
    const stored = await Effect.runPromise(shop.store.history(shop.tenantId, OrderId.make(orderId)))
    return stored.flatMap((each, index) => {
      const [method, exchange] = done[index] ?? []
      return method && exchange ? [{ method, operation: exchange.operation, stored: each, shown: events[index] }] : []
    })
  })

/** When an order was placed. */
const createdIn = ({ body }: Exchange): string => (body as { readonly order: { readonly createdAt: string } }).order.createdAt

const ownParts = ["details", "confidential"] as const

/** The page. */
export const drawEvents = async (): Promise<string> => {
  const recorded = await live()
  const members = libraryEvents.map((member) => {
    const type = member.fields.type.schema.literal
    const example = recorded.find(({ stored }) => stored.event.type === type)
    if (example === undefined) throw new Error(`no command of docs/draw/events.ts makes a ${type}`)
    return { type, example, schema: jsonSchemaOf(member), description: descriptionOf(member) }
  })
  const sections = members.map(({ type, example, schema, description }) => {
    const own = ownParts.flatMap((part) => fieldsOfPart(schema, part))
    return blocks(
      anchored(type, `## ${type}`),
      `${description} Made by \`${example.method}\`; over HTTP, by [\`${example.operation}\`](http.md#${example.operation.toLowerCase()}).`,
      own.length === 0 ? "It says nothing besides what all events say." : drawTable(fieldTable(own)),
      "As it is stored:",
      json(example.stored),
      "As the API shows it:",
      json(example.shown)
    ).trimEnd()
  })

  return blocks(
    heading("Audit events", "src/order/orderEvent.ts", "src/order/commands/"),
    `Every command that is accepted leaves one event behind, written in the same statement as the change itself. The state of an order is the
fold of its events. The examples below are the life of one order, in its turns: the real services made them.`,
    table(
      ["Event", "What it records", "Command"],
      members.map(({ type, description, example }) => [`[${code(type)}](#${type})`, prose(description), code(example.method)])
    ),
    "## What every event says",
    drawTable(fieldTable(commonEventFields())),
    `Besides, an event has \`details\`, which differ from type to type, and a \`confidential\` part: what names or describes people, or is free
text. An event is stored with a seal. \`hash\` is SHA-256 over the event in its canonical encoding (RFC 8785), with the hash of the event
before (\`previousHash\`) and without the confidential part, which enters as \`confidentialSeal\`, an HMAC under the random \`salt\`. So
[a text can be erased](../decisions/0009-what-can-be-erased.md) with its salt, and the chain still verifies. \`order-lifecycle verify\`
([how](commands.md)) checks every chain. The API shows neither salt, nor seal, nor confidential part, except for the reason of a cancel.`,
    ...sections
  )
}
