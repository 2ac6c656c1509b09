/** Every route, with its success and each of its refusals: status, code, envelope and headers. */
import { afterAll, describe, expect, it } from "vitest"
import { layer as memoryStore } from "../../src/memory/MemoryOrderStore.ts"
import { laptop, monitor, requestFor, retired } from "../support/world.ts"
import { detailsOf, type Json, openService, refusal, success } from "./client.ts"

const service = openService()
afterAll(() => service.dispose())
const { call, confirmed, events, order, place, rent } = service

let serials = 0
const serial = () => `CONTRACT-${++serials}`

const rented = async (quantity = 2) => {
  const orderId = await confirmed(quantity)
  const { body } = await rent(orderId, serial())
  return { orderId, rentalId: body["rentalId"] as string }
}

const cancelSubscription = (rentalId: string, body: Json = { rentalId, reason: "customer_request" }) =>
  call("POST", `/v1/subscriptions/${rentalId}/cancel`, { body })

describe("POST /v1/orders", () => {
  it("places an order and answers with it", async () => {
    const answer = await call("POST", "/v1/orders", {
      body: {
        ...requestFor([laptop, 2], [monitor, 1]),
        notes: "ring twice",
        customFields: { channel: "web", nested: [1, null] },
        status: "cancelled",
        tenantId: "bobs",
        orderId: "mine",
        items: [
          { sku: laptop, quantity: 2, contractLength: 24, unitPrice: 1 },
          { sku: monitor, quantity: 1 }
        ]
      }
    })
    expect(success(answer)).toBe(201)
    const orderId = answer.body["orderId"] as string
    expect(answer.body).toEqual({ success: true, message: expect.any(String), orderId, order: expect.any(Object) })
    const address = { contactName: "Grace Hopper", streetAddress: "Quay 1", city: "Rotterdam", country: "NL" }
    const at = expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/)
    expect(answer.body["order"]).toEqual({
      orderId,
      tenantId: "demo",
      status: "pending",
      orderType: "standard",
      customer: {
        customerId: expect.stringMatching(/^cust_/),
        email: "grace@example.com",
        firstName: "Grace",
        lastName: "Hopper",
        customerType: "individual"
      },
      billingAddress: address,
      shippingAddress: address,
      items: [
        {
          sku: laptop,
          productName: "The laptop",
          quantity: 2,
          held: 2,
          released: 0,
          unitPrice: 89,
          contractLength: 24,
          rentalIds: [],
          rentalStatus: "pending"
        },
        {
          sku: monitor,
          productName: "The monitor",
          quantity: 1,
          held: 1,
          released: 0,
          unitPrice: 49,
          contractLength: 12,
          rentalIds: [],
          rentalStatus: "pending"
        }
      ],
      totals: { subtotal: 227, taxAmount: 0, total: 227, currency: "EUR", totalDevices: 3 },
      customFields: { channel: "web", nested: [1, null] },
      rentalProgress: { totalDevices: 3, rentedDevices: 0, releasedDevices: 0 },
      rentalIds: [],
      createdAt: at,
      updatedAt: at,
      createdBy: "ada",
      notes: "ring twice"
    })
    expect(await order(orderId)).toEqual(answer.body["order"])
  })

  it("takes an order that exceeds every stock", async () => {
    expect(success(await call("POST", "/v1/orders", { body: requestFor([laptop, 10_000]) }))).toBe(201)
  })

  it("refuses SKUs the catalogue does not have, does not offer, or not for that long", async () => {
    const unknown = await call("POST", "/v1/orders", {
      body: requestFor(["NOPE" as typeof laptop, 1], [laptop, 1], ["NO" as typeof laptop, 1])
    })
    expect(refusal(unknown)).toEqual([400, "VARIANT_NOT_FOUND"])
    expect(detailsOf(unknown).map(({ path }) => path)).toEqual(["items[0].sku", "items[2].sku"])
    expect(refusal(await call("POST", "/v1/orders", { body: requestFor([retired, 1]) }))).toEqual([400, "VARIANT_INACTIVE"])
    const body = { ...requestFor([laptop, 1]), items: [{ sku: laptop, quantity: 1, contractLength: 7 }] }
    expect(refusal(await call("POST", "/v1/orders", { body }))).toEqual([400, "INVALID_CONTRACT_LENGTH"])
  })

  it("names every wrong field of a request at once", async () => {
    const answer = await call("POST", "/v1/orders", {
      body: { customer: { email: "nobody", firstName: "" }, billingAddress: {}, items: [{ sku: "", quantity: 0 }], notes: 1 }
    })
    expect(refusal(answer)).toEqual([400, "VALIDATION_ERROR"])
    const paths = detailsOf(answer).map(({ path }) => path)
    expect(paths).toEqual(
      expect.arrayContaining([
        "customer.email",
        "customer.firstName",
        "customer.lastName",
        "billingAddress.contactName",
        "items[0].sku",
        "items[0].quantity",
        "notes"
      ])
    )
    expect(detailsOf(answer).find(({ path }) => path === "customer.lastName")).toEqual({
      path: "customer.lastName",
      message: "is required",
      code: "required"
    })
  })

  it("answers a request of a thousand wrong lines in bounded length", async () => {
    const items = Array.from({ length: 1_000 }, () => ({ sku: "", quantity: 0 }))
    const answer = await call("POST", "/v1/orders", { body: { ...requestFor([laptop, 1]), items } })
    expect(refusal(answer)).toEqual([400, "VALIDATION_ERROR"])
    expect(detailsOf(answer)).toHaveLength(100)
  })
})

describe("GET /v1/orders", () => {
  it("gives pages that together hold every order once, in either direction", async () => {
    const shop = openService(memoryStore)
    for (let count = 0; count < 7; count++) await shop.place(1)
    for (const sort of ["", "&sortBy=orderId&sortDir=asc", "&sortBy=totals.total"]) {
      const seen: Array<unknown> = []
      let cursor = ""
      do {
        const answer = await shop.call("GET", `/v1/orders?limit=3${sort}${cursor}`)
        expect(success(answer)).toBe(200)
        const { orders, count, limit, hasMore, nextCursor, ...others } = answer.body as {
          orders: ReadonlyArray<Json>
          count: number
          limit: number
          hasMore: boolean
          nextCursor: string | null
        }
        expect(others).toEqual({})
        expect([count, limit, hasMore]).toEqual([orders.length, 3, nextCursor !== null])
        seen.push(...orders.map(({ orderId }) => orderId))
        cursor = nextCursor === null ? "" : `&startAfter=${encodeURIComponent(nextCursor)}`
      } while (cursor !== "")
      expect(seen).toHaveLength(7)
      expect(new Set(seen).size).toBe(7)
    }
    expect((await shop.call("GET", "/v1/orders")).body).toMatchObject({ count: 7, limit: 50, hasMore: false, nextCursor: null })
    expect((await shop.call("GET", "/v1/orders?status=cancelled")).body).toMatchObject({ orders: [], count: 0 })
    expect((await shop.call("GET", "/v1/orders?customerId=nobody")).body).toMatchObject({ count: 0 })
    await shop.dispose()
  })

  it.each([
    ["limit=0", "limit"],
    ["limit=101", "limit"],
    ["limit=1.5", "limit"],
    ["limit=", "limit"],
    ["limit=-1", "limit"],
    ["limit=1e1", "limit"],
    ["limit=%20", "limit"],
    ["limit=5&limit=6", "limit"],
    ["status=open", "status"],
    ["sortBy=price", "sortBy"],
    ["sortDir=up", "sortDir"],
    ["startAfter=nonsense", "startAfter"],
    ["startAfter=", "startAfter"],
    ["customerId=", "customerId"],
    ["customerId=a%00", "customerId"]
  ])("refuses ?%s", async (query, path) => {
    const answer = await call("GET", `/v1/orders?${query}`)
    expect(refusal(answer)).toEqual([400, "VALIDATION_ERROR"])
    expect(detailsOf(answer)[0]?.path).toContain(path)
  })

  it.each([
    ["totals.total", "abc", "x"],
    ["totals.total", "EUR", 1.5, "x"],
    ["totals.total", 1.5, "x"],
    ["createdAt", "abc", "x"],
    ["status", "abc", "x"]
  ])("refuses a cursor made by hand: by %s, %s", async (sortBy, ...content) => {
    const cursor = Buffer.from(JSON.stringify([`orders ${sortBy} desc`, ...content])).toString("base64url")
    const answer = await call("GET", `/v1/orders?sortBy=${sortBy}&startAfter=${cursor}`)
    expect(refusal(answer)).toEqual([400, "VALIDATION_ERROR"])
    expect(detailsOf(answer)).toMatchObject([{ path: "startAfter", code: "invalid_cursor" }])
  })

  it.each([
    ["/v1/orders?status[]=pending", ["status[]"]],
    ["/v1/orders?mail=x&Limit=1", ["mail", "Limit"]],
    ["/v1/orders?limit=1&limit=1", ["limit"]],
    ["/v1/orders?=1", [""]],
    ["/v1/subscriptions?sku=x&sku=y", ["sku"]],
    ["/v1/orders/unknown?expand=items", ["expand"]],
    ["/v1/stock/A?at=now", ["at"]]
  ])("refuses %s, and names what it does not know", async (path, names) => {
    const answer = await call("GET", path)
    expect(refusal(answer)).toEqual([400, "VALIDATION_ERROR"])
    expect(detailsOf(answer).map((detail) => detail.path)).toEqual(names)
  })

  it("refuses unknown query parameters of a command, before it is carried out", async () => {
    const orderId = await place()
    const answer = await call("POST", `/v1/orders/${orderId}/cancel?${"x".repeat(200)}=1&force`)
    expect(refusal(answer)).toEqual([400, "VALIDATION_ERROR"])
    expect(detailsOf(answer).map(({ path }) => path)).toEqual(["x".repeat(128), "force"])
    expect(await order(orderId)).toMatchObject({ status: "pending" })
  })

  it("lists what has any of up to five statuses", async () => {
    const shop = openService(memoryStore)
    const [pending, confirmed, cancelled] = [await shop.place(), await shop.confirmed(), await shop.place()]
    await shop.call("POST", `/v1/orders/${cancelled}/cancel`)
    const listed = async (query: string) =>
      ((await shop.call("GET", `/v1/orders?sortBy=orderId&sortDir=asc&${query}`)).body["orders"] as ReadonlyArray<Json>).map(
        ({ orderId }) => orderId
      )
    expect(await listed("status=pending")).toEqual([pending])
    expect(await listed("status=pending&status=cancelled")).toEqual([pending, cancelled].toSorted())
    expect(await listed("status=confirmed&status=cancelled&limit=1")).toEqual([confirmed, cancelled].toSorted().slice(0, 1))
    const rentals = await shop.call("GET", "/v1/subscriptions?status=active&status=cancelled")
    expect([rentals.status, rentals.body["count"]]).toEqual([200, 0])
    const six = Array.from({ length: 6 }, () => "status=pending").join("&")
    expect(refusal(await shop.call("GET", `/v1/orders?${six}`))).toEqual([400, "VALIDATION_ERROR"])
    await shop.dispose()
  })

  it("refuses a cursor of another list", async () => {
    await place()
    await place()
    const { nextCursor } = (await call("GET", "/v1/orders?limit=1")).body
    expect(refusal(await call("GET", `/v1/orders?sortBy=orderId&startAfter=${String(nextCursor)}`))).toEqual([
      400,
      "VALIDATION_ERROR"
    ])
    expect(refusal(await call("GET", `/v1/subscriptions?startAfter=${String(nextCursor)}`))).toEqual([400, "VALIDATION_ERROR"])
  })
})

describe("one order", () => {
  it("is answered bare, or not found", async () => {
    const orderId = await place()
    const answer = await call("GET", `/v1/orders/${orderId}`)
    expect(success(answer)).toBe(200)
    expect(answer.body).toMatchObject({ orderId, status: "pending" })
    for (const member of ["version", "units", "lines", "subscriptions", "cancellation", "currency"])
      expect(answer.body).not.toHaveProperty(member)
    expect(refusal(await call("GET", "/v1/orders/unknown"))).toEqual([404, "NOT_FOUND"])
  })

  it("gets new notes in any status, without an event", async () => {
    const orderId = await place()
    await call("POST", `/v1/orders/${orderId}/cancel`)
    const answer = await call("PATCH", `/v1/orders/${orderId}/notes`, { body: { notes: "x".repeat(5_000) } })
    expect(success(answer)).toBe(200)
    expect(answer.body).toEqual({ success: true, message: expect.any(String), orderId })
    expect(await order(orderId)).toMatchObject({ notes: "x".repeat(5_000) })
    expect(await events(orderId)).toHaveLength(2)
    for (const body of [{}, { notes: null }, { notes: "x".repeat(5_001) }]) {
      expect(refusal(await call("PATCH", `/v1/orders/${orderId}/notes`, { body }))).toEqual([400, "VALIDATION_ERROR"])
    }
    expect(refusal(await call("PATCH", "/v1/orders/unknown/notes", { body: { notes: "" } }))).toEqual([404, "NOT_FOUND"])
  })

  it("is confirmed once", async () => {
    const orderId = await place()
    const answer = await call("POST", `/v1/orders/${orderId}/confirm`)
    expect(success(answer)).toBe(200)
    expect(answer.body).toEqual({ success: true, message: expect.any(String), orderId })
    expect(refusal(await call("POST", `/v1/orders/${orderId}/confirm`, { body: {} }))).toEqual([400, "ORDER_NOT_PENDING"])
    expect(refusal(await call("POST", "/v1/orders/unknown/confirm"))).toEqual([404, "NOT_FOUND"])
  })

  it("has its events listed, or is not found", async () => {
    const orderId = await place()
    const answer = await call("GET", `/v1/orders/${orderId}/events`, {})
    expect(success(answer)).toBe(200)
    expect(answer.body).toEqual({
      orderId,
      events: [
        {
          sequence: 1,
          type: "order.placed",
          at: expect.any(String),
          actor: { userId: "ada", email: "ada@example.com", displayName: "Ada", role: "admin" },
          from: null,
          to: "pending",
          released: [],
          details: {
            customerId: expect.any(String),
            orderType: "standard",
            currency: "EUR",
            decimals: 2,
            taxAmount: 0,
            lines: [
              { sku: laptop, productName: expect.any(String), quantity: 2, unitPrice: 119, contractLength: expect.any(Number) }
            ]
          },
          requestId: expect.any(String),
          previousHash: null,
          hash: expect.stringMatching(/^[0-9a-f]{64}$/)
        }
      ]
    })
    expect(refusal(await call("GET", "/v1/orders/unknown/events"))).toEqual([404, "NOT_FOUND"])
  })
})

describe("POST /v1/orders/{orderId}/cancel", () => {
  it.each([
    ["without a body", {}],
    ["with an empty body", { raw: "" }],
    ["with an empty body of any type", { raw: "", headers: { "content-type": "application/x-www-form-urlencoded" } }],
    ["with an empty object", { body: {} }],
    [
      "with members nobody asked for",
      { body: { status: "pending", actor: { userId: "eve" }, version: 9, cancelledAt: "now", tenantId: "bobs" } }
    ]
  ])("cancels %s, and records no reason", async (_, options) => {
    const orderId = await place()
    const answer = await call("POST", `/v1/orders/${orderId}/cancel`, options)
    expect(success(answer)).toBe(200)
    expect(answer.body).toEqual({ success: true, message: expect.any(String), orderId })
    const event = (await events(orderId)).at(-1)
    expect(event).toMatchObject({ type: "order.cancelled", actor: { userId: "ada" }, released: [{ sku: laptop, quantity: 2 }] })
    expect(event).not.toHaveProperty("reason")
  })

  it("keeps the reason exactly as given", async () => {
    for (const reason of [
      "",
      " ",
      "  trailing ",
      "e\u0301",
      "\u00e9",
      "'; DROP TABLE orders; -- $1 %s \\",
      "a\r\nb\u2028c\u001b[31m",
      "\u202eabc"
    ]) {
      const orderId = await place()
      expect(success(await call("POST", `/v1/orders/${orderId}/cancel`, { body: { reason } }))).toBe(200)
      expect((await events(orderId)).at(-1)?.reason).toBe(reason)
    }
  })

  it("refuses a second cancel, and leaves the first as it was", async () => {
    const orderId = await place()
    await call("POST", `/v1/orders/${orderId}/cancel`, { body: { reason: "first" } })
    const before = [await order(orderId), await events(orderId)]
    expect(refusal(await call("POST", `/v1/orders/${orderId}/cancel`, { body: { reason: "second" } }))).toEqual([
      400,
      "ALREADY_CANCELLED"
    ])
    expect([await order(orderId), await events(orderId)]).toEqual(before)
  })

  it("refuses while a subscription is active", async () => {
    const { orderId } = await rented()
    const answer = await call("POST", `/v1/orders/${orderId}/cancel`)
    expect(refusal(answer)).toEqual([400, "ORDER_NOT_CANCELLABLE"])
  })

  it("refuses once fulfilment has begun, when that is the policy", async () => {
    const strict = openService(memoryStore, { cancellationPolicy: "beforeFulfilment" })
    const orderId = await strict.confirmed()
    const { body } = await strict.rent(orderId, serial())
    const rentalId = body["rentalId"] as string
    await strict.call("POST", `/v1/subscriptions/${rentalId}/cancel`, { body: { rentalId, reason: "fraud" } })
    expect(refusal(await strict.call("POST", `/v1/orders/${orderId}/cancel`))).toEqual([400, "ORDER_NOT_CANCELLABLE"])
    await strict.dispose()
  })

  it("does not find what is not there", async () => {
    expect(refusal(await call("POST", "/v1/orders/unknown/cancel"))).toEqual([404, "NOT_FOUND"])
  })

  it("looks at the shape before it looks for the order, and at the order before its state", async () => {
    const orderId = await place()
    await call("POST", `/v1/orders/${orderId}/cancel`)
    for (const id of [orderId, "unknown"]) {
      expect(refusal(await call("POST", `/v1/orders/${id}/cancel`, { body: { reason: 1 } }))).toEqual([400, "VALIDATION_ERROR"])
    }
    const unknown = { headers: { authorization: null, "tenant-id": null }, body: { reason: 1 } }
    expect(refusal(await call("POST", "/v1/orders/unknown/cancel", unknown))).toEqual([401, "AUTH_REQUIRED"])
    expect(refusal(await call("POST", "/v1/orders/unknown/cancel", { ...unknown, headers: { "tenant-id": null } }))).toEqual([
      403,
      "NO_TENANT_ACCESS"
    ])
  })
})

describe("GET /v1/orders/{orderId}/cancellation", () => {
  it("says what a cancel would release, and changes nothing", async () => {
    const orderId = await place(3)
    const answer = await call("GET", `/v1/orders/${orderId}/cancellation`)
    expect(success(answer)).toBe(200)
    const releases = [{ sku: laptop, quantity: 3 }]
    expect(answer.body).toEqual({ orderId, version: 1, cancellable: true, blockers: [], releases, warnings: [] })
    expect(await events(orderId)).toHaveLength(1)
    await call("POST", `/v1/orders/${orderId}/cancel`)
    expect((await events(orderId)).at(-1)?.released).toEqual(releases)
  })

  it("names everything in the way", async () => {
    const { orderId, rentalId } = await rented()
    const { body } = await call("GET", `/v1/orders/${orderId}/cancellation`)
    expect(body).toEqual({
      orderId,
      version: 3,
      cancellable: false,
      blockers: [
        { code: "ORDER_NOT_CANCELLABLE", guard: "noActiveSubscriptions", message: expect.any(String), rentalIds: [rentalId] }
      ],
      releases: [],
      warnings: []
    })
    const other = await place()
    await call("POST", `/v1/orders/${other}/cancel`)
    const cancelled = await call("GET", `/v1/orders/${other}/cancellation`)
    expect(cancelled.body).toMatchObject({ cancellable: false, blockers: [{ code: "ALREADY_CANCELLED" }] })
    expect((cancelled.body["blockers"] as ReadonlyArray<Json>)[0]).not.toHaveProperty("rentalIds")
    expect(refusal(await call("GET", "/v1/orders/unknown/cancellation"))).toEqual([404, "NOT_FOUND"])
  })
})

it("a command on an order that is not there is answered again under its key, and marked", async () => {
  const again = { headers: { "idempotency-key": "for-an-unknown-order" } }
  const first = await call("POST", "/v1/orders/unknown/cancel", again)
  const second = await call("POST", "/v1/orders/unknown/cancel", again)
  expect([refusal(first), second.text]).toEqual([[404, "NOT_FOUND"], first.text])
  expect([first.headers.get("idempotent-replayed"), second.headers.get("idempotent-replayed")]).toEqual([null, "true"])
})

describe("POST /v1/subscriptions", () => {
  it("starts a subscription and answers with it", async () => {
    const orderId = await confirmed()
    const { customerId } = (await order(orderId)).customer
    const assetSerialNumber = serial()
    const answer = await call("POST", "/v1/subscriptions", {
      body: {
        orderId,
        assetSerialNumber,
        customerId,
        sku: laptop,
        startDate: "2026-12-01",
        contractLength: 12,
        notes: "hi",
        status: "cancelled"
      }
    })
    expect(success(answer)).toBe(201)
    const rentalId = answer.body["rentalId"] as string
    expect(answer.body).toEqual({ success: true, message: expect.any(String), rentalId, rental: expect.any(Object) })
    expect(answer.body["rental"]).toEqual({
      rentalId,
      tenantId: "demo",
      assetSerialNumber,
      customerId,
      sku: laptop,
      productName: "The laptop",
      monthlyAmount: 119,
      currency: "EUR",
      status: "active",
      originalContractLength: 12,
      contractLength: 12,
      startDate: "2026-12-01T00:00:00.000Z",
      endDate: "2027-12-01T00:00:00.000Z",
      orderId,
      customerEmail: "grace@example.com",
      customerName: "Grace Hopper",
      notes: "hi",
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
      createdBy: "ada"
    })
    expect((await call("GET", `/v1/subscriptions/${rentalId}`)).body).toEqual(answer.body["rental"])
    expect((await call("GET", `/v1/subscriptions?orderId=${orderId}&status=active`)).body).toEqual({
      rentals: [answer.body["rental"]],
      count: 1,
      limit: 50,
      hasMore: false,
      nextCursor: null
    })
  })

  it("refuses what does not fit the order", async () => {
    const orderId = await confirmed(1)
    const { customerId } = (await order(orderId)).customer
    const start = (body: Json) =>
      call("POST", "/v1/subscriptions", { body: { orderId, assetSerialNumber: serial(), customerId, ...body } })
    expect(refusal(await start({ orderId: "unknown" }))).toEqual([404, "ORDER_NOT_FOUND"])
    expect(refusal(await start({ orderId: await place() }))).toEqual([400, "ORDER_NOT_CONFIRMED"])
    expect(refusal(await start({ sku: monitor }))).toEqual([400, "SKU_MISMATCH"])
    const stranger = await start({ customerId: "someone-else" })
    expect(refusal(stranger)).toEqual([400, "VALIDATION_ERROR"])
    expect(detailsOf(stranger)[0]?.path).toBe("customerId")
    for (const wrong of [{ startDate: "2026-02-30" }, { contractLength: 121 }, { assetSerialNumber: "" }, { orderId: 7 }]) {
      expect(refusal(await start(wrong))).toEqual([400, "VALIDATION_ERROR"])
    }
    const assetSerialNumber = serial()
    expect((await start({ assetSerialNumber })).status).toBe(201)
    expect(refusal(await start({}))).toEqual([400, "ITEM_FULLY_FULFILLED"])
    const other = await confirmed()
    expect(refusal(await start({ orderId: other, assetSerialNumber }))).toEqual([400, "ASSET_NOT_AVAILABLE"])
    await call("POST", `/v1/orders/${other}/cancel`)
    expect(refusal(await start({ orderId: other }))).toEqual([400, "ORDER_NOT_CONFIRMED"])
  })
})

describe("one subscription", () => {
  it("is listed by what it is filtered for, or not found", async () => {
    const { rentalId } = await rented()
    const { assetSerialNumber } = (await call("GET", `/v1/subscriptions/${rentalId}`)).body
    expect((await call("GET", `/v1/subscriptions?serialNumber=${String(assetSerialNumber)}`)).body).toMatchObject({
      rentals: [{ rentalId }]
    })
    expect((await call("GET", "/v1/subscriptions?orderId=unknown")).body).toMatchObject({ rentals: [], count: 0 })
    expect(refusal(await call("GET", "/v1/subscriptions?status=open"))).toEqual([400, "VALIDATION_ERROR"])
    expect(refusal(await call("GET", "/v1/subscriptions/unknown"))).toEqual([404, "NOT_FOUND"])
  })

  it("is cancelled once, and says how", async () => {
    const { rentalId } = await rented()
    const { assetSerialNumber } = (await call("GET", `/v1/subscriptions/${rentalId}`)).body
    const answer = await cancelSubscription(rentalId, { rentalId, reason: "admin_decision", notes: "broken" })
    expect(success(answer)).toBe(200)
    const { cancelledAt } = answer.body
    expect(answer.body).toEqual({
      success: true,
      rentalId,
      assetSerialNumber,
      previousStatus: "active",
      cancelledAt,
      message: expect.any(String)
    })
    expect((await call("GET", `/v1/subscriptions/${rentalId}`)).body).toMatchObject({
      status: "cancelled",
      cancellationDetails: { reason: "admin_decision", notes: "broken", processedBy: { userId: "ada" }, cancelledAt }
    })
    expect(refusal(await cancelSubscription(rentalId))).toEqual([400, "ALREADY_CANCELLED"])
  })

  it("is not cancelled by a request that names no reason, another reason, or another subscription", async () => {
    const { rentalId } = await rented()
    for (const body of [
      { rentalId },
      { reason: "fraud" },
      { rentalId, reason: "boredom" },
      { rentalId: "other", reason: "fraud" }
    ]) {
      expect(refusal(await cancelSubscription(rentalId, body))).toEqual([400, "VALIDATION_ERROR"])
    }
    expect(refusal(await cancelSubscription("unknown"))).toEqual([404, "NOT_FOUND"])
  })
})

describe("the rest", () => {
  it("is stock, which is 0 for a SKU nobody has ordered", async () => {
    const answer = await call("GET", "/v1/stock/NOBODY")
    expect(success(answer)).toBe(200)
    expect(answer.body).toEqual({ sku: "NOBODY", reserved: 0, rented: 0 })
  })

  it("is health, for which nobody needs a key", async () => {
    const answer = await call("GET", "/health", { headers: { authorization: null, "tenant-id": null } })
    expect(success(answer)).toBe(200)
    expect(answer.body).toEqual({ status: "ok" })
  })

  it.each([
    ["GET", "/"],
    ["GET", "/v1"],
    ["GET", "/v1/"],
    ["GET", "/v1/orders/"],
    ["GET", "/v1/Orders"],
    ["GET", "/v1/%6Frders"],
    ["GET", "/v2/orders"],
    ["GET", "/v1/orders/a/b"],
    ["POST", "/v1/orders/a/cancel/"],
    ["POST", "/v1/orders//cancel"],
    ["GET", "/health/"],
    ["GET", "/v1//orders"]
  ])("is not there: %s %s", async (method, path) => {
    expect(refusal(await call(method, path))).toEqual([404, "NOT_FOUND"])
  })

  it.each([
    ["PUT", "/v1/orders", "POST, GET, HEAD"],
    ["DELETE", "/v1/orders/a", "GET, HEAD, PATCH"],
    ["HEAD", "/v1/orders/a/cancel", "POST"],
    ["POST", "/v1/orders/a", "GET, HEAD, PATCH"],
    ["GET", "/v1/orders/a/cancel", "POST"],
    ["PUT", "/v1/orders/a/notes", "GET, HEAD, PATCH"],
    ["GET", "/v1/orders/a/confirm", "POST"],
    ["POST", "/v1/orders/a/events", "GET, HEAD"],
    ["DELETE", "/v1/subscriptions", "POST, GET, HEAD"],
    ["POST", "/v1/stock/a", "GET, HEAD"],
    ["OPTIONS", "/v1/orders", "POST, GET, HEAD"],
    ["POST", "/health", "GET, HEAD"],
    ["DELETE", "/openapi.json", "GET, HEAD"]
  ])("does not take %s %s", async (method, path, allow) => {
    const answer = await call(method, path)
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, allow])
    if (method !== "HEAD") expect(refusal(answer)).toEqual([405, "METHOD_NOT_ALLOWED"])
  })
})
