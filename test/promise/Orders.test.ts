/** Orders without Effect: what the promises are kept with, and what they are rejected with, in memory and on PostgreSQL. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import {
  EventNotErasable,
  IdempotencyKeyReused,
  InvalidInput,
  isRefusal,
  OrderAlreadyCancelled,
  OrderNotCancellable,
  OrderNotFound,
  type Orders,
  OutcomeUnknown,
  StoreUnavailable,
  SubscriptionNotFound,
  VariantInactive
} from "../../src/promise/index.ts"
import { storeWith } from "../support/inMemory.ts"
import { openShop, shops } from "../support/openedOrders.ts"
import { newCaller, newSerial } from "../support/world.ts"

const customer = { email: "grace@example.com", firstName: "Grace", lastName: "Hopper" }
const billingAddress = { contactName: "Grace Hopper", streetAddress: "Quay 1", city: "Rotterdam", country: "NL" }
const laptops = (quantity: number) => ({ customer, billingAddress, items: [{ sku: "LAPTOP", quantity }] })

/** What a promise is rejected with. */
const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => Promise.reject(new Error("the promise was kept")),
    (error: unknown) => error
  )

const all = async <T>(items: AsyncIterable<T>): Promise<ReadonlyArray<T>> => {
  const found: Array<T> = []
  for await (const item of items) found.push(item)
  return found
}

const confirmed = async (orders: Orders, caller = newCaller(), quantity = 2) => {
  const { after } = await orders.place(caller, laptops(quantity))
  return (await orders.confirm(caller, after.orderId)).after
}

const started = (orders: Orders, caller: ReturnType<typeof newCaller>, order: Awaited<ReturnType<typeof confirmed>>) =>
  orders.startSubscription(caller, {
    orderId: order.orderId,
    customerId: order.customer.customerId,
    assetSerialNumber: newSerial()
  })

describe.each(shops())("orders %s", (_, shop) => {
  it("are placed, confirmed, rented, ended, cancelled and looked up, and all of it is plain data", async () => {
    const [orders, caller] = [shop(), newCaller()]
    const { tenantId } = caller
    const { orderId, customer, ...order } = await confirmed(orders, caller)
    const { event } = await started(orders, caller, { orderId, customer, ...order })
    const { subscriptionId } = event.details
    expect(await orders.reservations.stock(tenantId, "LAPTOP")).toEqual({ reserved: 1, rented: 1 })
    expect(await orders.getSubscription(tenantId, subscriptionId)).toMatchObject({ subscription: { subscriptionId } })
    expect((await orders.listSubscriptions(tenantId, { orderId, limit: undefined })).items).toHaveLength(1)

    const ending = { type: "cancelSubscription", rentalId: subscriptionId, reason: "other", notes: undefined } as const
    expect((await orders.preview(caller, orderId, ending)).plan).toMatchObject({ status: "partial" })
    expect(await orders.explain(caller, orderId, { type: "cancel" })).toMatchObject([{ code: "ORDER_NOT_CANCELLABLE" }])
    await orders.cancelSubscription(caller, { rentalId: subscriptionId, reason: "customer_request", notes: "came back" })
    expect(await orders.reservations.heldFor(tenantId, orderId)).toEqual([{ line: 0, sku: "LAPTOP", quantity: 1 }])
    await orders.rewriteNotes(tenantId, orderId, { notes: "rewritten" })

    const cancelled = await orders.cancel(caller, orderId, { reason: undefined })
    expect(cancelled).toMatchObject({ before: { status: "partial" }, event: { released: [{ quantity: 1 }] } })
    expect(orders.reservations.changesOf(cancelled)).toMatchObject([{ line: 0, to: { released: 1 } }])
    const stored = await orders.get(tenantId, orderId)
    expect(stored).toEqual({ ...cancelled.after, notes: "rewritten" })
    expect(JSON.parse(JSON.stringify(stored))).toEqual(stored)
    expect(await orders.list(tenantId, { status: "cancelled" })).toEqual({ items: [stored], limit: 50, nextCursor: null })

    const history = await orders.auditTrail.history(tenantId, orderId)
    expect(history.map(({ event }) => event.type)).toEqual([
      "order.placed",
      "order.confirmed",
      "subscription.started",
      "subscription.ended",
      "order.cancelled"
    ])
    await orders.auditTrail.erase(tenantId, orderId, 4)
    expect(await orders.auditTrail.verify(tenantId, orderId, { sequence: 5, hash: history[4]?.hash ?? "" })).toBeNull()
    expect(
      await orders.auditTrail.verify(tenantId, orderId, { sequence: 6, hash: "of an event that was cut off" })
    ).toMatchObject({
      orderId
    })
    expect(await all(orders.auditTrail.all(tenantId))).toHaveLength(5)
    expect(await all(orders.auditTrail.verifyAll(tenantId))).toEqual([])
  })

  it("are refused with the very errors, which say by class and by code what to do", async () => {
    const [orders, caller] = [shop(), newCaller()]
    const order = await confirmed(orders, caller)
    const { orderId } = order
    const { event } = await started(orders, caller, order)
    const refusal = await rejection(orders.cancel(caller, orderId))
    expect(refusal).toBeInstanceOf(Error)
    expect(refusal).toBeInstanceOf(OrderNotCancellable)
    expect(isRefusal(refusal)).toBe(true)
    expect(refusal).toMatchObject({
      code: "ORDER_NOT_CANCELLABLE",
      message: "Order has 1 active subscription. Cancel the subscriptions first, or release what a partial order still holds.",
      remedy: "Cancel the subscriptions first, or release what a partial order still holds.",
      subscriptionIds: [event.details.subscriptionId]
    })

    const { subscriptionId: rentalId } = event.details
    await orders.cancelSubscription(caller, { rentalId, reason: "other" })
    const { after } = await orders.cancel(caller, orderId, { reason: "the first" })
    expect(await rejection(orders.cancel(caller, orderId, { reason: "another" }))).toMatchObject({
      constructor: OrderAlreadyCancelled,
      cancelledAt: after.cancellation?.at,
      reason: "the first"
    })
    const erasing = await rejection(orders.auditTrail.erase(caller.tenantId, orderId, 1))
    expect(erasing).toMatchObject({ constructor: EventNotErasable, code: "EVENT_NOT_ERASABLE" })
    expect(isRefusal(erasing)).toBe(true)
    expect(await rejection(orders.place(caller, { ...laptops(1), items: [{ sku: "RETIRED", quantity: 1 }] }))).toMatchObject({
      constructor: VariantInactive,
      details: [{ path: "items[0].sku" }]
    })
  })

  it("of another tenant are not found, as those that do not exist are not", async () => {
    const orders = shop()
    const { orderId } = await confirmed(orders)
    const stranger = newCaller()
    const { tenantId } = stranger
    const calls: ReadonlyArray<(id: string) => Promise<unknown>> = [
      (id) => orders.get(tenantId, id),
      (id) => orders.confirm(stranger, id),
      (id) => orders.cancel(stranger, id),
      (id) => orders.preview(stranger, id, { type: "cancel" }),
      (id) => orders.explain(stranger, id, { type: "cancel" }),
      (id) => orders.rewriteNotes(tenantId, id, { notes: "" })
    ]
    for (const id of [orderId, "nowhere"]) {
      for (const call of calls) expect(await rejection(call(id))).toMatchObject({ constructor: OrderNotFound, code: "NOT_FOUND" })
      expect(await orders.auditTrail.history(tenantId, id)).toEqual([])
    }
    expect(await rejection(orders.getSubscription(tenantId, "nowhere"))).toBeInstanceOf(SubscriptionNotFound)
    expect(await orders.list("a tenant that nobody knows")).toMatchObject({ items: [], nextCursor: null })
    expect(await orders.reservations.stock("a tenant that nobody knows", "LAPTOP")).toEqual({ reserved: 0, rented: 0 })
  })

  it("are cancelled by the hundred, each with an outcome of its own", async () => {
    const [orders, caller] = [shop(), newCaller()]
    const [free, rented] = [await confirmed(orders, caller), await confirmed(orders, caller)]
    await started(orders, caller, rented)
    const outcomes = await orders.cancelMany(caller, [free.orderId, rented.orderId, "nowhere", free.orderId], {
      reason: undefined
    })
    expect(outcomes.map((each) => (each.ok ? each.value.after.status : each.error.constructor))).toEqual([
      "cancelled",
      OrderNotCancellable,
      OrderNotFound
    ])
    expect(outcomes.map(({ orderId }) => orderId)).toEqual([free.orderId, rented.orderId, "nowhere"])
  })

  it("give the first answer again under an idempotency key, and refuse the key for anything else", async () => {
    const orders = shop()
    const caller = { ...newCaller(), idempotencyKey: "a key" }
    const placed = await orders.place(caller, { ...laptops(1), notes: undefined })
    expect(await orders.place(caller, laptops(1))).toEqual({ ...placed, replayed: true })
    expect(placed).not.toHaveProperty("replayed")
    const start = { orderId: placed.after.orderId, customerId: placed.after.customer.customerId, assetSerialNumber: "SN-again" }
    const refused = () => rejection(orders.startSubscription({ ...caller, idempotencyKey: "start" }, start))
    const [refusedOnce, refusedAgain] = [await refused(), await refused()]
    expect(refusedOnce).not.toHaveProperty("replayed")
    expect(refusedAgain).toMatchObject({ code: "ORDER_NOT_CONFIRMED", replayed: true })
    const reused = await rejection(orders.place(caller, laptops(2)))
    expect(reused).toMatchObject({ constructor: IdempotencyKeyReused, code: "IDEMPOTENCY_KEY_REUSED" })
    expect(isRefusal(reused)).toBe(true)
    expect(await orders.forgetExpiredKeys()).toBe(0)
  })

  it("keep the deposit they were placed with, and warn that a cancel does not refund it", async () => {
    const [orders, caller] = [shop(), newCaller()]
    const payment = { status: "paid", paidAmount: 50_00, transactionId: undefined } as const
    const { after } = await orders.place(caller, laptops(1), { payment })
    expect(after.payment).toEqual({ status: "paid", paidAmount: 50_00 })
    expect((await orders.preview(caller, after.orderId, { type: "cancel" })).warnings).toHaveLength(1)
    const unsound = { ...payment, paidAmount: 0.5 }
    expect(await rejection(orders.place(caller, laptops(1), { payment: unsound }))).toMatchObject({
      details: [{ path: "payment.paidAmount" }]
    })
  })

  it("name every wrong field of what they are given, before they ask the store", async () => {
    const [orders, caller] = [shop(), newCaller()]
    const wrong = (input: unknown) => input as never
    const calls: Record<string, () => Promise<unknown>> = {
      "caller.actor.userId": () => orders.confirm(wrong({ ...caller, actor: {} }), "an order"),
      orderId: () => orders.cancel(caller, "a\nb"),
      "orderIds[1]": () => orders.cancelMany(caller, ["a", wrong(2)]),
      reason: () => orders.cancel(caller, "an order", { reason: "x".repeat(1_001) }),
      "items[0].quantity": () => orders.place(caller, laptops(0)),
      "customer.email": () => orders.place(caller, { ...laptops(1), customer: { ...customer, email: "nobody" } }),
      tenantId: () => orders.get("", "an order"),
      "orderId ": () => orders.get("a tenant", "an order\u0000"),
      subscriptionId: () => orders.getSubscription("a tenant", wrong(undefined)),
      limit: () => orders.list("a tenant", { limit: 0 }),
      status: () => orders.listSubscriptions("a tenant", { status: wrong("unheard of") }),
      notes: () => orders.rewriteNotes("a tenant", "an order", wrong({})),
      sku: () => orders.reservations.stock("a tenant", ""),
      "tenantId ": () => orders.reservations.heldFor(wrong(null), "an order"),
      type: () => orders.preview(caller, "an order", wrong({ type: "unheard of" })),
      assetSerialNumber: () => orders.explain(caller, "an order", wrong({ type: "startSubscription", customerId: "a customer" })),
      rentalId: () => orders.preview(caller, "an order", wrong({ type: "cancelSubscription", reason: "other" })),
      sequence: () => orders.auditTrail.erase("a tenant", "an order", 2 ** 40),
      "head.hash": () => orders.auditTrail.verify("a tenant", "an order", wrong({ sequence: 1 })),
      leaseMs: () => orders.auditTrail.deliver(() => {}, { leaseMs: -1 }),
      surplus: () => orders.cancel(caller, "an order", wrong({ surplus: 1 })),
      "caller.surplus": () => orders.confirm(wrong({ ...caller, surplus: 1 }), "an order"),
      "caller.actor.surplus": () => orders.confirm(wrong({ ...caller, actor: { ...caller.actor, surplus: 1 } }), "an order"),
      "items[0].surplus": () =>
        orders.place(caller, wrong({ ...laptops(1), items: [{ sku: "LAPTOP", quantity: 1, surplus: 1 }] })),
      "payment.surplus": () => orders.place(caller, laptops(1), { payment: wrong({ surplus: 1 }) }),
      "surplus ": () =>
        orders.startSubscription(caller, wrong({ orderId: "a", assetSerialNumber: "b", customerId: "c", surplus: 1 })),
      "surplus  ": () => orders.cancelSubscription(caller, wrong({ rentalId: "a", reason: "other", surplus: 1 })),
      "surplus   ": () => orders.list("a tenant", wrong({ surplus: 1 })),
      "surplus    ": () => orders.listSubscriptions("a tenant", wrong({ surplus: 1 })),
      "surplus     ": () => orders.rewriteNotes("a tenant", "an order", wrong({ notes: "", surplus: 1 })),
      "surplus      ": () => orders.preview(caller, "an order", wrong({ type: "cancel", surplus: 1 })),
      "surplus       ": () => orders.explain(caller, "an order", wrong({ type: "confirm", surplus: 1 })),
      "surplus        ": () => orders.cancelMany(caller, ["an order"], wrong({ surplus: 1 })),
      "head.surplus": () => orders.auditTrail.verify("a tenant", "an order", wrong({ sequence: 1, hash: "", surplus: 1 })),
      "items[0].sku": () => orders.place(caller, wrong({ ...laptops(1), items: [{ sku: "LAPTOP ", quantity: 1 }] })),
      "assetSerialNumber ": () =>
        orders.startSubscription(caller, { orderId: "a", assetSerialNumber: "S\u200bN", customerId: "c" }),
      customFields: () => orders.place(caller, { ...laptops(1), customFields: JSON.parse('{"a":{"__proto__":1}}') as never }),
      orderType: () => orders.place(caller, wrong({ ...laptops(1), orderType: null }))
    }
    for (const [path, call] of Object.entries(calls)) {
      const fault = await rejection(call())
      expect(fault, path).toBeInstanceOf(InvalidInput)
      expect(fault).toMatchObject({ code: "VALIDATION_ERROR" })
      expect(fault instanceof InvalidInput && fault.details[0].path).toBe(path.trim())
    }
    expect(() => orders.auditTrail.all("")).toThrow(/^tenantId: /)
  })

  it("take no option that there is not", async () => {
    const [orders, caller] = [shop(), newCaller()]
    const misspelt = { sginal: AbortSignal.abort() } as never
    for (const call of [orders.confirm(caller, "order-1", misspelt), orders.place(caller, laptops(1), misspelt)])
      await expect(call).rejects.toThrow(/sginal: is not (an option; the option is signal|a member that is known here)/)
  })

  it("page through a list, until there is no next cursor", async () => {
    const [orders, caller] = [shop(), newCaller()]
    for (let n = 0; n < 5; n++) await orders.place(caller, laptops(1))
    const seen = new Set<string>()
    let startAfter: string | undefined
    do {
      const page = await orders.list(caller.tenantId, { limit: 2, startAfter })
      for (const { orderId } of page.items) seen.add(orderId)
      startAfter = page.nextCursor ?? undefined
    } while (startAfter !== undefined)
    expect(seen.size).toBe(5)
  })

  it("tell listeners what is committed, from the moment they listen", async () => {
    const [orders, caller] = [shop(), newCaller()]
    const { after } = await orders.place(caller, laptops(1))
    const heard = orders.auditTrail.live()[Symbol.asyncIterator]()
    const first = heard.next()
    await orders.confirm(caller, after.orderId)
    await orders.cancel(caller, after.orderId)
    expect((await first).value?.event).toMatchObject({ orderId: after.orderId, type: "order.confirmed" })
    expect((await heard.next()).value?.event).toMatchObject({ type: "order.cancelled" })
    expect(await heard.return?.()).toEqual({ done: true, value: undefined })
  })
})

describe("the outbox", () => {
  it("hands out every event, again when its consumer fails, and in sequence", async () => {
    const orders = await openShop()
    const caller = newCaller()
    const { after } = await orders.place(caller, laptops(1))
    await orders.cancel(caller, after.orderId)
    const fault = new Error("the queue is full")
    const failing = () => Promise.reject(fault)
    expect(await rejection(orders.auditTrail.deliver(failing, { retry: { firstMs: 0 } }))).toBe(fault)
    const delivered: Array<string> = []
    while (delivered.length < 2) {
      await orders.auditTrail.deliver((events) => void delivered.push(...events.map(({ event }) => event.type)), { limit: 10 })
    }
    expect(delivered).toEqual(["order.placed", "order.cancelled"])
    expect(await orders.auditTrail.deliver(() => {})).toBe(0)
    await orders.close()
  })
})

describe("what is none of the customer's doing", () => {
  const failing = (failure: Effect.Effect<never, StoreUnavailable | OutcomeUnknown>) =>
    openShop({ store: storeWith(() => ({ commit: () => failure })) })

  it("is told as it is: the store cannot be reached, or nobody knows", async () => {
    const cause = new Error("planted")
    for (const failure of [new StoreUnavailable({ cause }), new OutcomeUnknown({ cause })]) {
      const orders = await failing(Effect.fail(failure))
      const error = await rejection(orders.place(newCaller(), laptops(1)))
      expect(error).toBe(failure)
      expect(isRefusal(error)).toBe(false)
      await orders.close()
    }
  })

  it("is a defect as it was thrown, with the stack of where that was", async () => {
    const defect = new TypeError("planted")
    const orders = await failing(Effect.die(defect))
    expect(await rejection(orders.place(newCaller(), laptops(1)))).toBe(defect)
    expect(defect.stack).toContain("Orders.test.ts")
    expect(isRefusal(defect)).toBe(false)
    await orders.close()
  })
})

describe("orders on a store of one's own", () => {
  it("are kept there", async () => {
    const store = await Effect.runPromise(
      Effect.provide(
        Effect.flatMap(OrderStore, Effect.succeed),
        storeWith(() => ({}))
      )
    )
    const own = Layer.succeed(OrderStore, store)
    const [one, two] = [await openShop({ store: own }), await openShop({ store: own })]
    const caller = newCaller()
    const { after } = await one.place(caller, laptops(1))
    expect(await two.get(caller.tenantId, after.orderId)).toEqual(after)
    await Promise.all([one.close(), two.close()])
  })

  it("are not those of another store in memory", async () => {
    const [one, two] = [await openShop(), await openShop()]
    const caller = newCaller()
    const { after } = await one.place(caller, laptops(1))
    expect(await rejection(two.get(caller.tenantId, after.orderId))).toBeInstanceOf(OrderNotFound)
    await Promise.all([one.close(), two.close()])
  })
})
