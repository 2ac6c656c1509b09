/** What came of it: answers, orders, stock, subscriptions, previews, events, customers, tenants. */
import { expect } from "vitest"
import type { EventFacts, OrderFacts } from "../Shop.ts"
import type { Product } from "../Surroundings.ts"
import { customers, type CustomerName, differences, staff, type StaffName, type World } from "../World.ts"
import { oddText } from "./commands.ts"
import { inColumns, nameOfSku, rowsOf, makeTopic } from "./words.ts"

export const outcomes = makeTopic()
const { step } = outcomes

const orderOf = (world: World, order: string): Promise<OrderFacts> => world.order(world.known(order).orderId)
const eventsOf = (world: World, order: string) => world.events(world.known(order).orderId)
const newestOf = async (world: World, order: string): Promise<EventFacts> => {
  const newest = (await eventsOf(world, order)).at(-1)
  if (newest === undefined) throw new Error("the order has no events")
  return newest
}

// --- answers -----------------------------------------------------------------------------------------------------------------------

step("it is accepted", ({ world }) => {
  const answer = world.answer()
  if (!answer.accepted) throw new Error(`it was refused: ${answer.said}`)
})

step("it is refused with {code}", ({ world }, code: string) => {
  expect(world.refusal().code, "the refusal's code").toBe(code)
})

step("the refusal says {string}", ({ world }, message: string) => {
  expect(world.refusal().message).toBe(message)
})

step("the refusal points at {string}, which {string}", ({ world }, path: string, message: string) => {
  expect(world.refusal().faults).toContainEqual(expect.objectContaining({ path, message }))
})

step(
  "the refusal carries the record of the first cancel: {moment}, because {string}",
  ({ world }, cancelledAt: string, reason: string) => {
    expect(world.refusal().original).toEqual({ cancelledAt, reason })
  }
)

step("the refusal carries the record of the first cancel: {moment}, without a reason", ({ world }, cancelledAt: string) => {
  expect(world.refusal().original).toEqual({ cancelledAt })
})

step("the answer is the first answer again, to the letter", ({ world }) => {
  expect(world.answer().said).toBe(world.first)
})

step("it is marked as given again", ({ world }) => {
  expect(world.answer().replayed).toBe(true)
})

step("it is not marked as given again", ({ world }) => {
  expect(world.answer().replayed).toBe(false)
})

// --- orders ------------------------------------------------------------------------------------------------------------------------

step("{order} is {status}", async ({ world }, order: string, status: string) => {
  expect((await orderOf(world, order)).status, "the order's status").toBe(status)
})

step(
  "{order} has {int} device(s), of which {count} is/are rented",
  async ({ world }, order: string, devices: number, rented: number) => {
    const facts = await orderOf(world, order)
    expect({ devices: facts.devices, rented: facts.rented }).toEqual({ devices, rented })
  }
)

/** Where units are is told by itself. */
const withoutUnits = ({ released: _, lines, ...facts }: OrderFacts) => ({
  ...facts,
  lines: lines.map(({ held: _, released: __, ...line }) => line)
})

step("only the {words} of {order} has/have changed", ({ world }, what: ReadonlyArray<string>, order: string) => {
  const { change } = world
  if (change === undefined || change.after.orderId !== world.known(order).orderId)
    throw new Error("the last command was about another order")
  expect(differences(withoutUnits(change.before), withoutUnits(change.after)).toSorted()).toEqual(what.toSorted())
})

step("the notes of {order} are {string}", async ({ world }, order: string, notes: string) => {
  expect((await orderOf(world, order)).notes).toBe(notes)
})

step(
  "{order} was placed at {moment} and last changed at {moment}",
  async ({ world }, order: string, placed: string, changed: string) => {
    const facts = await orderOf(world, order)
    expect({ placed: facts.createdAt, changed: facts.updatedAt }).toEqual({ placed, changed })
  }
)

step("the list of {status} orders is {order}", async ({ world }, status: string, order: string) => {
  expect(await listed(world, { status })).toEqual([world.nameOf(world.known(order).orderId)])
})

step("the list of {status} orders is empty", async ({ world }, status: string) => {
  expect(await listed(world, { status })).toEqual([])
})

step("the list of {customer}'s orders has {int}", async ({ world }, customer: CustomerName, count: number) => {
  const { customerId } = world.known(`${customer}'s order`)
  expect(await listed(world, { customerId })).toHaveLength(count)
})

step("a search by {word} {string} finds nothing", async ({ world }, filter: string, value: string) => {
  expect(await listed(world, { [filter]: value })).toEqual([])
})

step("a search by {word} {string} finds {order}", async ({ world }, filter: string, value: string, order: string) => {
  expect(await listed(world, { [filter]: value })).toEqual([world.nameOf(world.known(order).orderId)])
})

step(
  "a search by {word} {string} finds {order} and {order}",
  async ({ world }, filter: string, value: string, ...orders: ReadonlyArray<string>) => {
    const names = orders.map((order) => world.nameOf(world.known(order).orderId))
    expect((await listed(world, { [filter]: value })).toSorted(byName)).toEqual(names.toSorted(byName))
  }
)

step("{staff} searches by {word} {string}", async ({ world }, who: StaffName, filter: string, value: string) => {
  await world.look(world.known("the order").orderId, () => world.shop.orders(world.asking(who), { [filter]: value }))
})

const byName = (a: string, b: string): number => (a < b ? -1 : 1)

const listed = async (world: World, filter: Readonly<Record<string, string>>) => {
  const answer = await world.shop.orders(world.asking("Ada"), filter)
  if (!answer.accepted) throw new Error(`the list was refused: ${answer.said}`)
  return answer.facts.map(({ orderId }) => world.nameOf(orderId))
}

// --- stock and subscriptions -------------------------------------------------------------------------------------------------------

step(
  "of the {product} {count} is/are reserved and {count} is/are rented",
  async ({ world }, { variant }: Product, reserved: number, rented: number) => {
    const stock = await world.shop.stock(world.asking("Ada"), variant.sku)
    expect({ reserved: stock.reserved, rented: stock.rented }).toEqual({ reserved, rented })
  }
)

step(
  "of Mallory's {product} {count} is/are reserved and {count} is/are rented",
  async ({ world }, { variant }: Product, reserved: number, rented: number) => {
    const stock = await world.shop.stock(world.asking("Mallory"), variant.sku)
    expect({ reserved: stock.reserved, rented: stock.rented }).toEqual({ reserved, rented })
  }
)

step("the subscriptions of {order} are {serials}", async ({ world }, order: string, serials: ReadonlyArray<string>) => {
  expect((await orderOf(world, order)).subscriptionIds.map((id) => world.serialOf(id))).toEqual(serials)
})

step("{order} has no subscriptions", async ({ world }, order: string) => {
  expect((await orderOf(world, order)).subscriptionIds).toEqual([])
})

const subscriptionOf = async (world: World, serial: string) => {
  const answer = await world.shop.subscription(world.asking("Ada"), world.subscriptionFor(serial))
  if (!answer.accepted) throw new Error(`the subscription was refused: ${answer.said}`)
  return answer.facts
}

step("the subscription for {serial} is {word}", async ({ world }, serial: string, status: string) => {
  expect((await subscriptionOf(world, serial)).status).toBe(status)
})

step("the subscription for {serial} says:", async ({ world, table }, serial: string) => {
  const { sku, price, contractLength, startDate, endDate, status, ended } = await subscriptionOf(world, serial)
  const facts = {
    product: nameOfSku(sku),
    price,
    months: contractLength,
    from: startDate,
    until: endDate,
    status,
    "ended at": ended?.at,
    by: ended?.by
  }
  expect([inColumns(table, { ...facts, reason: ended?.reason, notes: ended?.notes })]).toEqual(rowsOf(table))
})

// --- previews ----------------------------------------------------------------------------------------------------------------------

step("{staff} asks what a cancel of {order} would do", async ({ world }, who: StaffName, order: string) => {
  await world.look(world.known(order).orderId, (id) => world.shop.preview(world.asking(who), id))
})

step("nothing is in the way", ({ world }) => {
  expect(world.preview().blockers).toEqual([])
})

step(
  "in the way is {code}, because of {guard}: {serials}",
  ({ world }, code: string, guard: string, serials: ReadonlyArray<string>) => {
    const blockers = world.preview().blockers.map((blocker) => ({
      code: blocker.code,
      guard: blocker.guard,
      serials: blocker.subscriptionIds.map((id) => world.serialOf(id))
    }))
    expect(blockers).toEqual([{ code, guard, serials }])
  }
)

step("in the way is {code}, because of {guard}", ({ world }, code: string, guard: string) => {
  expect(world.preview().blockers).toEqual([expect.objectContaining({ code, guard, subscriptionIds: [] })])
})

step("it would release:", ({ world, table }) => {
  const released = world.preview().releases.map(({ sku, quantity }) => inColumns(table, { product: nameOfSku(sku), quantity }))
  expect(released).toEqual(rowsOf(table))
})

step("it would release {int} {product}", ({ world }, quantity: number, { variant: { sku } }: Product) => {
  expect(world.preview().releases).toEqual([{ sku, quantity }])
})

step("it would release nothing", ({ world }) => {
  expect(world.preview().releases).toEqual([])
})

step("there is the warning {string}", ({ world }, warning: string) => {
  expect(world.preview().warnings).toEqual([warning])
})

step("there is no warning", ({ world }) => {
  expect(world.preview().warnings).toEqual([])
})

// --- the audit trail ---------------------------------------------------------------------------------------------------------------

const releasedIn = ({ released }: EventFacts) =>
  released.map(({ sku, quantity }) => `${quantity} ${nameOfSku(sku)}${quantity === 1 ? "" : "s"}`).join(", ") || undefined

step("the audit trail of {order} is:", async ({ world, table }, order: string) => {
  const rows = (await eventsOf(world, order)).map((event) =>
    inColumns(table, {
      "no.": event.sequence,
      event: event.type,
      at: event.at,
      by: event.actor.userId,
      from: event.from,
      to: event.to,
      reason: event.reason,
      released: releasedIn(event),
      subscription: event.subscriptionId === undefined ? undefined : world.serialOf(event.subscriptionId),
      request: event.requestId
    })
  )
  expect(rows).toEqual(rowsOf(table))
})

step("the audit trail of {order} has {int} event(s)", async ({ world }, order: string, count: number) => {
  expect((await eventsOf(world, order)).map(({ sequence }) => sequence)).toEqual(
    Array.from({ length: count }, (_, index) => index + 1)
  )
})

step("the audit trail of {order} is a chain: each event carries the hash of the one before", async ({ world }, order: string) => {
  const events = await eventsOf(world, order)
  expect(events.map(({ previousHash }) => previousHash)).toEqual([null, ...events.slice(0, -1).map(({ hash }) => hash)])
  expect(new Set(events.map(({ hash }) => hash)).size).toBe(events.length)
  for (const { hash } of events) expect(hash).toMatch(/^[0-9a-f]{64}$/)
})

step("the newest event of {order} has the reason {string}", async ({ world }, order: string, reason: string) => {
  expect((await newestOf(world, order)).reason).toBe(reason)
})

step(
  "the newest event of {order} has {int} times {string} as its reason",
  async ({ world }, order: string, times: number, text: string) => {
    expect((await newestOf(world, order)).reason).toBe(text.repeat(times))
  }
)

step(
  "the newest event of {order} has that reason, with {string} in it",
  async ({ world }, order: string, description: string) => {
    expect((await newestOf(world, order)).reason).toBe(oddText(description))
  }
)

step("the newest event of {order} has no reason", async ({ world }, order: string) => {
  expect(await newestOf(world, order)).not.toHaveProperty("reason")
})

step("the newest event of {order} names {staff} with email, name and role", async ({ world }, order: string, who: StaffName) => {
  const { actor } = staff[who]
  expect(Object.keys(actor).toSorted()).toEqual(["displayName", "email", "role", "userId"])
  expect((await newestOf(world, order)).actor).toEqual(actor)
})

step("the newest event of {order} names {staff} and nothing else of them", async ({ world }, order: string, who: StaffName) => {
  expect((await newestOf(world, order)).actor).toEqual({ userId: staff[who].actor.userId })
})

step("the newest event of {order} is of the request {string}", async ({ world }, order: string, requestId: string) => {
  expect((await newestOf(world, order)).requestId).toBe(requestId)
})

step("{staff} cancels {order} in the request {string}", async ({ world }, who: StaffName, order: string, requestId: string) => {
  await world.give(world.asking(who, { requestId }), world.known(order).orderId, { type: "cancel" })
})

// --- customers ---------------------------------------------------------------------------------------------------------------------

step("{order} and {order} are of one customer", async ({ world }, one: string, other: string) => {
  expect((await orderOf(world, one)).customer.customerId).toBe((await orderOf(world, other)).customer.customerId)
})

step("{order} and {order} are of two customers", async ({ world }, one: string, other: string) => {
  expect((await orderOf(world, one)).customer.customerId).not.toBe((await orderOf(world, other)).customer.customerId)
})

step(
  "{order} shows {customer} with the phone number {string}",
  async ({ world }, order: string, customer: CustomerName, phone: string) => {
    const { firstName, lastName } = customers[customer]
    expect((await orderOf(world, order)).customer).toMatchObject({ name: `${firstName} ${lastName}`, phone })
  }
)

step("the ids are:", async ({ world, table }) => {
  const { orderId, customerId } = world.known("the order")
  const { subscriptionIds } = await orderOf(world, "the order")
  const ids = { order: orderId, customer: customerId, subscription: subscriptionIds[0] ?? "" }
  for (const { what = "", prefix = "" } of rowsOf(table)) {
    const id = (ids as Record<string, string>)[what]
    expect(id?.startsWith(prefix), `${what} ${id}`).toBe(true)
    expect(id?.slice(prefix.length), what).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  }
})

// --- tenants -----------------------------------------------------------------------------------------------------------------------

step("{staff} looks at {order}", async ({ world }, who: StaffName, order: string) => {
  await world.look(world.known(order).orderId, (id) => world.shop.order(world.asking(who), id))
})

step("{staff} looks at the audit trail of {order}", async ({ world }, who: StaffName, order: string) => {
  await world.look(world.known(order).orderId, (id) => world.shop.events(world.asking(who), id))
})

step("{staff} lists the orders", async ({ world }, who: StaffName) => {
  await world.look("", () => world.shop.orders(world.asking(who), {}))
})

step("the list is empty", ({ world }) => {
  const answer = world.answer()
  expect(answer.accepted && answer.facts).toEqual([])
})

step("that is, to the letter, what is said about an order that never existed", async ({ world }) => {
  expect(world.refusal().said).toBe((await world.askAboutNothing()).said)
})
