/** Confirming, renting out, ending and cancelling. */
import { type CustomerName, type StaffName, unknownId, type World } from "../World.ts"
import type { Asking, Command, OnSubscription } from "../Shop.ts"
import type { Product } from "../Surroundings.ts"
import { makeTopic, rowsOf } from "./words.ts"

export const commands = makeTopic()
const { step } = commands

const ask = async (world: World, who: StaffName, order: string, command: Command, more: Partial<Asking> = {}) => {
  await world.give(world.asking(who, more), world.known(order).orderId, command)
}
const have = (world: World, who: StaffName, order: string, command: Command) =>
  world.must(world.give(world.asking(who), world.known(order).orderId, command))

// --- confirming --------------------------------------------------------------------------------------------------------------------

step("{staff} has confirmed {order}", ({ world }, who: StaffName, order: string) => have(world, who, order, { type: "confirm" }))

step("{staff} confirms {order}", ({ world }, who: StaffName, order: string) => ask(world, who, order, { type: "confirm" }))

step("{staff} confirms {order} under the key {string}", ({ world }, who: StaffName, order: string, key: string) =>
  ask(world, who, order, { type: "confirm" }, { key })
)

step("{staff} confirms {order}, expecting version {int}", ({ world }, who: StaffName, order: string, expectedVersion: number) =>
  ask(world, who, order, { type: "confirm" }, { expectedVersion })
)

// --- commands of the shop's own -----------------------------------------------------------------------------------------------------

step(
  "{staff} has given {order} the command {command} with:",
  ({ world, table }, who: StaffName, order: string, command: string) =>
    have(world, who, order, { type: "apply", command, payload: rowsOf(table)[0] ?? {} })
)

step("{staff} gives {order} the command {command}", ({ world }, who: StaffName, order: string, command: string) =>
  ask(world, who, order, { type: "apply", command, payload: {} })
)

step("{staff} gives {order} the command {command} with:", ({ world, table }, who: StaffName, order: string, command: string) =>
  ask(world, who, order, { type: "apply", command, payload: rowsOf(table)[0] ?? {} })
)

// --- subscriptions -----------------------------------------------------------------------------------------------------------------

const start = (
  world: World,
  order: string,
  serial: string,
  more: Partial<Extract<Command, { type: "startSubscription" }>> = {}
) => ({
  type: "startSubscription" as const,
  serial,
  customerId: world.known(order).customerId,
  ...more
})

step(
  "{staff} has started (a )subscription(s) for {serials}",
  async ({ world }, who: StaffName, serials: ReadonlyArray<string>) => {
    for (const serial of serials) await have(world, who, "the order", start(world, "the order", serial))
  }
)

step(
  "{staff} has started (a )subscription(s) for {serials} on {order}",
  async ({ world }, who: StaffName, serials: ReadonlyArray<string>, order: string) => {
    for (const serial of serials) await have(world, who, order, start(world, order, serial))
  }
)

step(
  "{staff} has started (a )subscription(s) for {serials} as (a ){product}",
  async ({ world }, who: StaffName, serials: ReadonlyArray<string>, { variant: { sku } }: Product) => {
    for (const serial of serials) await have(world, who, "the order", start(world, "the order", serial, { sku }))
  }
)

step("{staff} starts a subscription for {serial}", ({ world }, who: StaffName, serial: string) =>
  ask(world, who, "the order", start(world, "the order", serial))
)

step("{staff} starts a subscription for {serial} on {order}", ({ world }, who: StaffName, serial: string, order: string) =>
  ask(world, who, order, start(world, order, serial))
)

step(
  "{staff} starts a subscription for {serial} as (a ){product}",
  ({ world }, who: StaffName, serial: string, { variant: { sku } }: Product) =>
    ask(world, who, "the order", start(world, "the order", serial, { sku }))
)

step(
  "{staff} starts a subscription for {serial} in the name of {customer}",
  async ({ world }, who: StaffName, serial: string, customer: CustomerName) => {
    const { customerId } = world.known(`${customer}'s order`)
    await ask(world, who, "the first order", start(world, "the first order", serial, { customerId }))
  }
)

step(
  "{staff} starts a subscription for {serial} under the key {string}",
  ({ world }, who: StaffName, serial: string, key: string) =>
    ask(world, who, "the order", start(world, "the order", serial), { key })
)

step("{staff} starts a subscription for {serial} from {word}", ({ world }, who: StaffName, serial: string, startDate: string) =>
  ask(world, who, "the order", start(world, "the order", serial, { startDate }))
)

step("{staff} starts a subscription for {serial} for {int} months", ({ world }, who: StaffName, serial: string, months: number) =>
  ask(world, who, "the order", start(world, "the order", serial, { contractLength: months }))
)

const end = (world: World, serial: string, reason = "customer_request", notes?: string) => ({
  type: "cancelSubscription" as const,
  subscriptionId: world.subscriptionFor(serial),
  reason,
  ...(notes !== undefined && { notes })
})

step("{staff} has ended the subscription(s) for {serials}", async ({ world }, who: StaffName, serials: ReadonlyArray<string>) => {
  for (const serial of serials) await have(world, who, "the order", end(world, serial))
})

step("{staff} ends the subscription for {serial}", ({ world }, who: StaffName, serial: string) =>
  ask(world, who, "the order", end(world, serial))
)

step(
  "{staff} ends the subscription for {serial} because of {word}",
  ({ world }, who: StaffName, serial: string, reason: string) => ask(world, who, "the order", end(world, serial, reason))
)

step(
  "{staff} ends the subscription for {serial} because of {word}, noting {string}",
  ({ world }, who: StaffName, serial: string, reason: string, notes: string) =>
    ask(world, who, "the order", end(world, serial, reason, notes))
)

step(
  "{staff} ends the subscription for {serial} under the key {string}",
  ({ world }, who: StaffName, serial: string, key: string) => ask(world, who, "the order", end(world, serial), { key })
)

step(
  "{staff} ends the subscription for {serial}, expecting version {int}",
  ({ world }, who: StaffName, serial: string, expectedVersion: number) =>
    ask(world, who, "the order", end(world, serial), { expectedVersion })
)

step("{staff} ends a subscription that does not exist", ({ world }, who: StaffName) =>
  ask(world, who, "the order", { type: "cancelSubscription", subscriptionId: unknownId, reason: "customer_request" })
)

step("the subscription(s) for {serials} has/have run out", async ({ world }, serials: ReadonlyArray<string>) => {
  for (const serial of serials) {
    await world.backstage.complete(world.asking("Ada"), world.known("the order").orderId, world.subscriptionFor(serial))
  }
})

/** Something is done with the subscription that has an asset. */
const on = (
  world: World,
  serial: string,
  type: OnSubscription,
  given: Readonly<Record<string, unknown>> = {},
  amounts: Readonly<Record<string, string>> = {}
) => ({ type, subscriptionId: world.subscriptionFor(serial), given, amounts })

const returned = { returnCondition: "good", reason: "moved abroad" }

step("{staff} takes {serial} back early", ({ world }, who: StaffName, serial: string) =>
  ask(world, who, "the order", on(world, serial, "returnSubscription", returned))
)

step("{staff} takes {serial} back early for a fee of {money}", ({ world }, who: StaffName, serial: string, fee: string) =>
  ask(world, who, "the order", on(world, serial, "returnSubscription", returned, { earlyReturnFee: fee }))
)

step("{staff} sells {serial} to the customer", ({ world }, who: StaffName, serial: string) =>
  ask(world, who, "the order", on(world, serial, "buyOutSubscription", { reason: "customer_request" }))
)

step("{staff} sells {serial} to the customer for {money}", ({ world }, who: StaffName, serial: string, price: string) =>
  ask(world, who, "the order", on(world, serial, "buyOutSubscription", { reason: "customer_request" }, { buyoutPrice: price }))
)

step("{staff} completes the subscription for {serial}", ({ world }, who: StaffName, serial: string) =>
  ask(world, who, "the order", on(world, serial, "completeSubscription"))
)

step(
  "{staff} extends the subscription for {serial} by {int} month(s)",
  ({ world }, who: StaffName, serial: string, months: number) =>
    ask(world, who, "the order", on(world, serial, "extendSubscription", { extensionMonths: months, reason: "still in use" }))
)

step(
  "{staff} extends the subscription for {serial} by {int} month(s) at {money}",
  ({ world }, who: StaffName, serial: string, months: number, money: string) => {
    const given = { extensionMonths: months, reason: "still in use" }
    return ask(world, who, "the order", on(world, serial, "extendSubscription", given, { newMonthlyAmount: money }))
  }
)

step(
  "{staff} replaces {serial} by {serial} because of {word}",
  ({ world }, who: StaffName, serial: string, other: string, reason: string) =>
    ask(world, who, "the order", on(world, serial, "replaceAsset", { newSerialNumber: other, replacementReason: reason }))
)

step(
  "{staff} upgrades the subscription for {serial} to (a )(an ){product} with {serial} for {int} months at {money}",
  (
    { world },
    who: StaffName,
    serial: string,
    { variant: { sku } }: Product,
    newSerialNumber: string,
    contractLength: number,
    money: string
  ) => {
    const given = { newSku: sku, newSerialNumber, contractLength, reason: "wants another one" }
    return ask(world, who, "the order", on(world, serial, "upgradeSubscription", given, { newMonthlyAmount: money }))
  }
)

step(
  "{staff} upgrades the subscription for {serial} to {string} with {serial}",
  ({ world }, who: StaffName, serial: string, newSku: string, newSerialNumber: string) => {
    const given = { newSku, newSerialNumber, contractLength: 12, reason: "wants another one" }
    return ask(world, who, "the order", on(world, serial, "upgradeSubscription", given, { newMonthlyAmount: "1.00 EUR" }))
  }
)

/** A request that fits any subscription. */
const fitting: Readonly<Record<OnSubscription, Readonly<Record<string, unknown>>>> = {
  returnSubscription: returned,
  buyOutSubscription: { reason: "other" },
  completeSubscription: {},
  extendSubscription: { extensionMonths: 1, reason: "still in use" },
  replaceAsset: { newSerialNumber: "BIKE-9", replacementReason: "lost" },
  upgradeSubscription: {
    newSku: "EBIKE-CITY-500",
    newSerialNumber: "BIKE-9",
    contractLength: 12,
    newMonthlyAmount: 1,
    reason: "wants another one"
  }
}

step(
  "{staff} gives {word} for the subscription for {serial}",
  ({ world }, who: StaffName, type: OnSubscription, serial: string) =>
    ask(world, who, "the order", on(world, serial, type, fitting[type]))
)

step("{staff} gives {word} for a subscription that does not exist", ({ world }, who: StaffName, type: OnSubscription) =>
  ask(world, who, "the order", { type, subscriptionId: unknownId, given: fitting[type], amounts: {} })
)

// --- releasing ---------------------------------------------------------------------------------------------------------------------

/** Units of the first line of a product. */
const release = async (world: World, order: string, quantity: number, { variant: { sku } }: Product) => {
  const { lines } = await world.order(world.known(order).orderId)
  return { type: "release" as const, items: [{ line: lines.findIndex((line) => line.sku === sku), quantity }] }
}

step(
  "{staff} has released {int} {product} of {order}",
  async ({ world }, who: StaffName, quantity: number, product: Product, order: string) =>
    have(world, who, order, await release(world, order, quantity, product))
)

step(
  "{staff} releases {int} {product} of {order}",
  async ({ world }, who: StaffName, quantity: number, product: Product, order: string) =>
    ask(world, who, order, await release(world, order, quantity, product))
)

step(
  "{staff} releases {int} unit(s) of line {int} of {order}",
  ({ world }, who: StaffName, quantity: number, line: number, order: string) =>
    ask(world, who, order, { type: "release", items: [{ line, quantity }] })
)

step("{staff} has released what {order} still holds", ({ world }, who: StaffName, order: string) =>
  have(world, who, order, { type: "release" })
)

step("{staff} releases what {order} still holds", ({ world }, who: StaffName, order: string) =>
  ask(world, who, order, { type: "release" })
)

step("{staff} releases what {order} still holds because {string}", ({ world }, who: StaffName, order: string, reason: string) =>
  ask(world, who, order, { type: "release", reason })
)

step(
  "{staff} releases {int} {product} of {order} under the key {string}",
  async ({ world }, who: StaffName, quantity: number, product: Product, order: string, key: string) =>
    ask(world, who, order, await release(world, order, quantity, product), { key })
)

// --- adding, correcting, payments --------------------------------------------------------------------------------------------------

const add = (quantity: number, { variant: { sku } }: Product, contractLength?: number) => ({
  type: "addItems" as const,
  items: [{ sku, quantity, ...(contractLength !== undefined && { contractLength }) }]
})

step(
  "{staff} has added {int} {product} to {order}",
  ({ world }, who: StaffName, quantity: number, product: Product, order: string) =>
    have(world, who, order, add(quantity, product))
)

step("{staff} adds {int} {product} to {order}", ({ world }, who: StaffName, quantity: number, product: Product, order: string) =>
  ask(world, who, order, add(quantity, product))
)

step(
  "{staff} adds {int} {product} to {order} for {int} months",
  ({ world }, who: StaffName, quantity: number, product: Product, order: string, months: number) =>
    ask(world, who, order, add(quantity, product, months))
)

step("{staff} has corrected the last name on {order} to {string}", ({ world }, who: StaffName, order: string, lastName: string) =>
  have(world, who, order, { type: "correct", customer: { lastName } })
)

step("{staff} corrects the last name on {order} to {string}", ({ world }, who: StaffName, order: string, lastName: string) =>
  ask(world, who, order, { type: "correct", customer: { lastName } })
)

step("{staff} takes the phone number off {order}", ({ world }, who: StaffName, order: string) =>
  ask(world, who, order, { type: "correct", customer: { phone: null } })
)

step("{staff} corrects the city that {order} ships to to {string}", ({ world }, who: StaffName, order: string, city: string) =>
  ask(world, who, order, {
    type: "correct",
    shippingAddress: { contactName: "Grace Hopper", streetAddress: "Quay 1", city, country: "NL" }
  })
)

step(
  "{staff} gives {order} the external reference {string}",
  ({ world }, who: StaffName, order: string, externalReference: string) =>
    ask(world, who, order, { type: "correct", externalReference })
)

step("{staff} takes the external reference off {order}", ({ world }, who: StaffName, order: string) =>
  ask(world, who, order, { type: "correct", externalReference: null })
)

step("{staff} corrects nothing about {order}", ({ world }, who: StaffName, order: string) =>
  ask(world, who, order, { type: "correct" })
)

step("{staff} has recorded a payment of {money} for {order}", ({ world }, who: StaffName, paidAmount: string, order: string) =>
  have(world, who, order, { type: "recordPayment", status: "paid", paidAmount })
)

step("{staff} records a payment of {money} for {order}", ({ world }, who: StaffName, paidAmount: string, order: string) =>
  ask(world, who, order, { type: "recordPayment", status: "paid", paidAmount })
)

step("{staff} records that the payment of {order} failed", ({ world }, who: StaffName, order: string) =>
  ask(world, who, order, { type: "recordPayment", status: "failed" })
)

// --- cancelling --------------------------------------------------------------------------------------------------------------------

step("{staff} has cancelled {order}", ({ world }, who: StaffName, order: string) => have(world, who, order, { type: "cancel" }))

step("{staff} has cancelled {order} because {string}", ({ world }, who: StaffName, order: string, reason: string) =>
  have(world, who, order, { type: "cancel", reason })
)

step("{staff} cancels {order}", ({ world }, who: StaffName, order: string) => ask(world, who, order, { type: "cancel" }))

step("{staff} cancels {order} because {string}", ({ world }, who: StaffName, order: string, reason: string) =>
  ask(world, who, order, { type: "cancel", reason })
)

step("{staff} cancels {order} under the key {string}", ({ world }, who: StaffName, order: string, key: string) =>
  ask(world, who, order, { type: "cancel" }, { key })
)

step("{staff} cancels {order}, expecting version {int}", ({ world }, who: StaffName, order: string, expectedVersion: number) =>
  ask(world, who, order, { type: "cancel" }, { expectedVersion })
)

step(
  "{staff} cancels {order} under the key {string}, expecting version {int}",
  ({ world }, who: StaffName, order: string, key: string, expectedVersion: number) =>
    ask(world, who, order, { type: "cancel" }, { key, expectedVersion })
)

step(
  "{staff} cancels an order that does not exist, expecting version {int}",
  async ({ world }, who: StaffName, version: number) => {
    await world.give(world.asking(who, { expectedVersion: version }), unknownId, { type: "cancel" })
  }
)

step(
  "{staff} cancels {order} because {string} under the key {string}",
  ({ world }, who: StaffName, order: string, reason: string, key: string) =>
    ask(world, who, order, { type: "cancel", reason }, { key })
)

step(
  "{staff} cancels {order} for {int} times {string} as the reason",
  ({ world }, who: StaffName, order: string, times: number, text: string) =>
    ask(world, who, order, { type: "cancel", reason: text.repeat(times) })
)

/** Text that looks like any other on a page. */
const oddTexts: Readonly<Record<string, string>> = {
  "half an emoji": "moved abroad \ud83d",
  "the character U+0000": "moved\u0000abroad",
  "an e and its accent apart": "cafe\u0301 closed",
  "two lines": "moved abroad\nto Paris"
}

export const oddText = (description: string): string => {
  const text = oddTexts[description]
  if (text === undefined) throw new Error(`write one of: ${Object.keys(oddTexts).join(", ")}`)
  return text
}

step(
  "{staff} cancels {order} for a reason with {string} in it",
  ({ world }, who: StaffName, order: string, description: string) =>
    ask(world, who, order, { type: "cancel", reason: oddText(description) })
)

step("{staff} cancels an order that does not exist", async ({ world }, who: StaffName) => {
  await world.give(world.asking(who), unknownId, { type: "cancel" })
})

step(
  "{staff} cancels an order that does not exist, for {int} times {string} as the reason",
  async ({ world }, who: StaffName, times: number, text: string) => {
    await world.give(world.asking(who), unknownId, { type: "cancel", reason: text.repeat(times) })
  }
)

step(
  "{staff} cancels {order} as if it were of Mallory's tenant, for {int} times {string} as the reason",
  ({ world }, who: StaffName, order: string, times: number, text: string) =>
    ask(world, who, order, { type: "cancel", reason: text.repeat(times) }, { tenantId: world.otherTenantId })
)

step("{staff} writes {string} into the notes of {order}", async ({ world }, who: StaffName, notes: string, order: string) => {
  await world.look(world.known(order).orderId, (id) => world.shop.rewriteNotes(world.asking(who), id, notes))
})

step(
  "{staff} writes {string} into the notes of {order}, expecting {string}",
  async ({ world }, who: StaffName, notes: string, order: string, expected: string) => {
    await world.look(world.known(order).orderId, (id) => world.shop.rewriteNotes(world.asking(who), id, notes, expected))
  }
)

step("the same request is sent again", ({ world }) => world.repeat())

// --- policy and time ---------------------------------------------------------------------------------------------------------------

step("the shop works by the process {process}", ({ world }, process: NonNullable<World["process"]>) => {
  world.process = process
})

step("the cancellation policy is {policy}", ({ world }, policy: World["policy"]) => {
  world.policy = policy
})

step("it is {moment}", ({ world }, moment: string) => {
  world.surroundings.nowMs = Date.parse(moment)
})

step("{int} hour(s) pass(es)", ({ world }, hours: number) => {
  world.surroundings.nowMs += hours * 3_600_000
})

step("the clock is set back by {int} hour(s)", ({ world }, hours: number) => {
  world.surroundings.nowMs -= hours * 3_600_000
})

step("the tenant keeps a registry of its assets, with {serial} as (a ){product}", ({ world }, serial: string, product: Product) =>
  world.register(serial, product, true)
)

step("in the registry {serial} is a/an {product} under repair", ({ world }, serial: string, product: Product) =>
  world.register(serial, product, false)
)
