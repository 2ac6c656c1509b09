/** Placing orders, and the orders that a scenario begins with. */
import { expect } from "vitest"
import { ExternalReference, type LibraryStatus } from "../../../src/order/Order.ts"
import type { Product } from "../Surroundings.ts"
import { type CustomerName, type Item, requestFor } from "../World.ts"
import { inColumns, itemsOf, nameOfSku, rowsOf, makeTopic, type Telling } from "./words.ts"

export const placing = makeTopic()
const { step } = placing

const one = (product: Product, quantity: number, months?: number): ReadonlyArray<Item> => [
  { product, quantity, ...(months !== undefined && { months }) }
]

// --- given -------------------------------------------------------------------------------------------------------------------------

step("{customer} has ordered {int} {product}", ({ world }, customer: CustomerName, quantity: number, product: Product) =>
  world.must(world.place(customer, requestFor(customer, one(product, quantity))))
)

step("{customer} has ordered:", ({ world, table }, customer: CustomerName) =>
  world.must(world.place(customer, requestFor(customer, itemsOf(table))))
)

step(
  "{customer} has ordered {int} {product} with the phone number {string}",
  ({ world }, customer: CustomerName, quantity: number, product: Product, phone: string) =>
    world.must(world.place(customer, requestFor(customer, one(product, quantity), { phone })))
)

step(
  "{customer} has ordered {int} {product} under the number {string}",
  ({ world }, customer: CustomerName, quantity: number, product: Product, number: string) =>
    world.must(
      world.place(
        customer,
        requestFor(customer, one(product, quantity), {}, { externalReference: ExternalReference.make(number) })
      )
    )
)

/** The serial numbers of an order that is to be partial or fulfilled: BIKE-1, BIKE-2 and so on. */
const serialsOf = (product: Product, count: number): ReadonlyArray<string> => {
  const stem = (product.name.split(/\W/).at(-1) ?? product.name).toUpperCase()
  return Array.from({ length: count }, (_, index) => `${stem}-${index + 1}`)
}

const rentedUnits: Readonly<Record<LibraryStatus, (quantity: number) => number>> = {
  pending: () => 0,
  confirmed: () => 0,
  cancelled: () => 0,
  partial: () => 1,
  fulfilled: (quantity) => quantity
}

step(
  "{customer} has an order of {int} {product} that is {status}",
  async ({ world }, customer: CustomerName, quantity: number, product: Product, status: LibraryStatus) => {
    const who = world.asking("Ada")
    await world.must(world.place(customer, requestFor(customer, one(product, quantity))))
    const { orderId, customerId } = world.known("the order")
    if (status === "cancelled") return world.must(world.give(who, orderId, { type: "cancel" }))
    if (status !== "pending") await world.must(world.give(who, orderId, { type: "confirm" }))
    for (const serial of serialsOf(product, rentedUnits[status](quantity))) {
      await world.must(world.give(who, orderId, { type: "startSubscription", serial, customerId }))
    }
    expect((await world.order(orderId)).status).toBe(status)
  }
)

step(
  "{customer} has paid a deposit of {money} for an order of {int} {product}",
  async ({ world }, customer: CustomerName, money: string, quantity: number, product: Product) => {
    const paidAmount = Number(money.replace(/\D/g, ""))
    const request = requestFor(customer, one(product, quantity))
    await world.remember(customer, await world.backstage.placePaid(world.asking("Ada"), request, { status: "paid", paidAmount }))
  }
)

step("{product} is/are no longer offered", ({ world }, product: Product) =>
  world.surroundings.withdraw(world.tenantId, product.variant.sku)
)

// --- when --------------------------------------------------------------------------------------------------------------------------

step("{customer} orders {int} {product}", async ({ world }, customer: CustomerName, quantity: number, product: Product) => {
  await world.place(customer, requestFor(customer, one(product, quantity)))
})

step(
  "{customer} orders {int} {product} for {int} months",
  async ({ world }, customer: CustomerName, quantity: number, product: Product, months: number) => {
    await world.place(customer, requestFor(customer, one(product, quantity, months)))
  }
)

step("{customer} orders:", async ({ world, table }, customer: CustomerName) => {
  await world.place(customer, requestFor(customer, itemsOf(table)))
})

step(
  "{customer} orders {int} lines of {int} {product} each",
  async ({ world }, customer: CustomerName, lines: number, quantity: number, product: Product) => {
    await world.place(
      customer,
      requestFor(
        customer,
        Array.from({ length: lines }, () => ({ product, quantity }))
      )
    )
  }
)

step(
  "{customer} orders {int} {product} under the email {string}",
  async ({ world }, customer: CustomerName, quantity: number, product: Product, email: string) => {
    await world.place(customer, requestFor(customer, one(product, quantity), { email }))
  }
)

step(
  "{customer} orders {int} {product} with the phone number {string}",
  async ({ world }, customer: CustomerName, quantity: number, product: Product, phone: string) => {
    await world.place(customer, requestFor(customer, one(product, quantity), { phone }))
  }
)

step(
  "{customer} orders {int} {product} under the key {string}",
  async ({ world }, customer: CustomerName, quantity: number, product: Product, key: string) => {
    await world.place(customer, requestFor(customer, one(product, quantity)), world.asking("Ada", { key }))
  }
)

step(
  "{customer} has ordered {int} {product} from Mallory's tenant",
  async ({ world }, customer: CustomerName, quantity: number, product: Product) => {
    // Our own staff cannot see that order, so it is not given a name.
    const answer = await world.shop.place(world.asking("Mallory"), requestFor(customer, one(product, quantity)))
    expect(answer.accepted).toBe(true)
  }
)

// --- then --------------------------------------------------------------------------------------------------------------------------

/** An order's lines in the words of the overview page. */
const linesOf = async ({ world, table }: Telling, order: string) => {
  const { lines } = await world.order(world.known(order).orderId)
  return lines.map(({ sku, quantity, contractLength, price, progress, held, released, subscriptionIds }) =>
    inColumns(table, {
      held,
      released,
      product: nameOfSku(sku),
      quantity,
      months: contractLength,
      price,
      progress,
      rented: subscriptionIds.map((id) => world.serialOf(id)).join(", ") || undefined
    })
  )
}

step("the lines of {order} are:", async (telling, order: string) => {
  expect(await linesOf(telling, order)).toEqual(rowsOf(telling.table))
})

step("{order} is for {string}", async ({ world }, order: string, name: string) => {
  expect((await world.order(world.known(order).orderId)).customer.name).toBe(name)
})

step("{order} has no phone number", async ({ world }, order: string) => {
  expect((await world.order(world.known(order).orderId)).customer).not.toHaveProperty("phone")
})

step("{order} ships to {string}, and is billed to {string}", async ({ world }, order: string, shipsTo: string, city: string) => {
  expect(await world.order(world.known(order).orderId)).toMatchObject({ shipsTo, city })
})

step("{order} has the external reference {string}", async ({ world }, order: string, externalReference: string) => {
  expect((await world.order(world.known(order).orderId)).externalReference).toBe(externalReference)
})

step("{order} has no external reference", async ({ world }, order: string) => {
  expect(await world.order(world.known(order).orderId)).not.toHaveProperty("externalReference")
})

step("the payment of {order} is {word}", async ({ world }, order: string, status: string) => {
  expect((await world.order(world.known(order).orderId)).payment).toEqual({ status })
})

step("{order} has {int} line(s) and {int} devices", async ({ world }, order: string, lines: number, devices: number) => {
  const facts = await world.order(world.known(order).orderId)
  expect([facts.lines.length, facts.devices]).toEqual([lines, devices])
})

step("a month of {order} costs {money}", async ({ world }, order: string, money: string) => {
  const { total } = await world.order(world.known(order).orderId)
  expect(total).toBe(money)
})

step("that is {money} before tax, and {money} of tax", async ({ world }, before: string, tax: string) => {
  const facts = await world.order(world.known("the order").orderId)
  expect([facts.subtotal, facts.tax]).toEqual([before, tax])
})

step("the payment of {order} is {word}, of {money}", async ({ world }, order: string, status: string, money: string) => {
  expect((await world.order(world.known(order).orderId)).payment).toEqual({ status, paid: money })
})
