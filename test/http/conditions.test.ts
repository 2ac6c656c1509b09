/** What a request says besides its body: which version it expects, that it is only a trial, that nothing of it may be ignored. */
import { createHash } from "node:crypto"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as OpenApi from "effect/http-api/OpenApi"
import { afterAll, describe, expect, it } from "vitest"
import { apiUnder } from "../../src/http/Api.ts"
import { toWebHandler } from "../../src/http/layer.ts"
import { lifecycleOf } from "../../src/order/process/lifecycleOf.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import { contractOf } from "../support/servedContract.ts"
import { shopProcess } from "../support/shopProcess.ts"
import { laptop, requestFor, shopOver } from "../support/world.ts"
import { type Answer, codeOf, detailsOf, keys, makeClient, openService, quiet, refusal } from "./client.ts"

const service = openService()
const { call, place, confirmed, order, rent } = service
afterAll(() => service.dispose())

const tagOf = ({ headers }: Answer) => headers.get("etag")
const hash = (notes: string) => `"${createHash("sha256").update(notes).digest("hex")}"`
const ifMatch = (tag: string) => ({ headers: { "if-match": tag } })

/** Stored as it was: its version and its notes. */
const versionOf = async (orderId: string): Promise<string | null> => tagOf(await call("GET", `/v1/orders/${orderId}`))

describe("the version of an order", () => {
  it("is the ETag of the order, and of the answer to each command", async () => {
    const placed = await call("POST", "/v1/orders", { body: requestFor([laptop, 2]) })
    const orderId = placed.body["orderId"] as string
    expect(tagOf(placed)).toBe('"1"')
    expect(await versionOf(orderId)).toBe('"1"')
    expect(tagOf(await call("HEAD", `/v1/orders/${orderId}`))).toBe('"1"')
    expect(tagOf(await call("POST", `/v1/orders/${orderId}/confirm`))).toBe('"2"')
    const rented = await rent(orderId, "TAGGED-1")
    expect(tagOf(rented)).toBe('"3"')
    const { rentalId } = rented.body
    const ended = await call("POST", `/v1/subscriptions/${String(rentalId)}/cancel`, { body: { rentalId, reason: "other" } })
    expect(tagOf(ended)).toBe('"4"')
    const cancelled = await call("POST", `/v1/orders/${orderId}/cancel`, { headers: { "idempotency-key": "tagged" } })
    expect(tagOf(cancelled)).toBe('"5"')
    const again = await call("POST", `/v1/orders/${orderId}/cancel`, { headers: { "idempotency-key": "tagged" } })
    expect([tagOf(again), again.headers.get("idempotent-replayed"), again.text]).toEqual(['"5"', "true", cancelled.text])
    for (const path of ["", "/events", "/cancellation", "/commands"])
      expect((await call("GET", `/v1/orders/${orderId}${path}`, { headers: { "if-none-match": '"5"' } })).status).toBe(200)
  })

  it.each(['"1"', '"9", "1"', '"9","1","7"', 'W/"1"', '"9", W/"1"', "*", ' "1" '])("is met by %s", async (tag) => {
    const orderId = await place()
    expect((await call("POST", `/v1/orders/${orderId}/confirm`, ifMatch(tag))).status).toBe(200)
    expect(await versionOf(orderId)).toBe('"2"')
  })

  it.each(['"2"', 'W/"2"', '"2", "3"', '"10"'])("is not met by %s", async (tag) => {
    const orderId = await place()
    const answer = await call("POST", `/v1/orders/${orderId}/confirm`, ifMatch(tag))
    expect(refusal(answer)).toEqual([412, "VERSION_MISMATCH"])
    expect(answer.body).toMatchObject({ error: { message: expect.stringContaining("version 1") as unknown } })
    expect(tagOf(answer)).toBe('"1"')
    expect(await versionOf(orderId)).toBe('"1"')
  })

  it.each([
    "1",
    '"01"',
    '"0"',
    '"-1"',
    '"1.0"',
    '""',
    '"one"',
    "'1'",
    '"1" "2"',
    '"1",',
    ',"1"',
    '*, "1"',
    'w/"1"',
    '"1',
    '"9999999999999999"',
    "",
    "**"
  ])("cannot be asked for by %s", async (tag) => {
    const orderId = await place()
    const answer = await call("POST", `/v1/orders/${orderId}/confirm`, ifMatch(tag))
    expect(refusal(answer)).toEqual([400, "VALIDATION_ERROR"])
    expect(detailsOf(answer)).toMatchObject([{ path: "If-Match", code: "invalid_value" }])
    expect(await versionOf(orderId)).toBe('"1"')
  })

  it("is looked at behind the shape of the request, the key and the order, and before the rest", async () => {
    const orderId = await place()
    const cancel = (headers: Record<string, string>, body: object = {}) =>
      call("POST", `/v1/orders/${orderId}/cancel`, { headers, body })
    expect(codeOf(await cancel({ "if-match": '"9"' }, { reason: 7 }))).toBe("VALIDATION_ERROR")
    expect((await call("POST", "/v1/orders/ord_none/cancel", ifMatch('"9"'))).status).toBe(404)
    const key = { "idempotency-key": "in-order" }
    expect(codeOf(await cancel({ ...key, "if-match": '"9"' }))).toBe("VERSION_MISMATCH")
    expect((await cancel({ ...key, "if-match": '"1"' })).status).toBe(200)
    const again = await cancel({ ...key, "if-match": '"9"' })
    expect([again.status, again.headers.get("idempotent-replayed")]).toEqual([200, "true"])
    expect((await cancel({ ...key, "if-match": '"9"' }, { reason: "another" })).status).toBe(422)
    expect(codeOf(await cancel({ "if-match": '"1"' }))).toBe("VERSION_MISMATCH")
    expect(codeOf(await cancel({ "if-match": '"2"' }))).toBe("ALREADY_CANCELLED")
  })

  it("of a subscription is that of its order", async () => {
    const orderId = await confirmed()
    const { customer } = await order(orderId)
    const body = { orderId, assetSerialNumber: "EXPECTED-1", customerId: customer.customerId }
    expect(tagOf(await call("POST", "/v1/subscriptions", { body, ...ifMatch('"1"') }))).toBe('"2"')
    const rented = await call("POST", "/v1/subscriptions", { body, ...ifMatch('"2"') })
    const { rentalId } = rented.body
    const end = (tag: string) =>
      call("POST", `/v1/subscriptions/${String(rentalId)}/cancel`, { body: { rentalId, reason: "other" }, ...ifMatch(tag) })
    expect(refusal(await end('"2"'))).toEqual([412, "VERSION_MISMATCH"])
    expect((await end('"3"')).status).toBe(200)
  })

  it("cannot be expected of what has none, and is no reason to leave an answer out", async () => {
    const orderId = await place()
    for (const [path, body] of [
      ["/v1/orders", requestFor([laptop, 1])],
      ["/v1/orders/cancel", { orderIds: [orderId] }]
    ] as const) {
      for (const tag of ["*", '"1"']) {
        const answer = await call("POST", path, { body, ...ifMatch(tag) })
        expect([codeOf(answer), detailsOf(answer)[0]?.path]).toEqual(["VALIDATION_ERROR", "If-Match"])
      }
    }
    expect((await call("GET", `/v1/orders/${orderId}`, ifMatch('"9"'))).status).toBe(200)
    expect(await versionOf(orderId)).toBe('"1"')
  })
})

describe("a key", () => {
  it("is honoured by PATCH of an order as by every POST: the answer is given again, marked", async () => {
    const orderId = await place()
    const correct = (externalReference: string | null) =>
      call("PATCH", `/v1/orders/${orderId}`, {
        body: { externalReference },
        headers: { "idempotency-key": "correct-1", ...ifMatch('"1"').headers }
      })
    const first = await correct("PO-1")
    const again = await correct("PO-1")
    expect([first.status, tagOf(first), first.headers.get("idempotent-replayed")]).toEqual([200, '"2"', null])
    expect([again.status, tagOf(again), again.headers.get("idempotent-replayed")]).toEqual([200, '"2"', "true"])
    expect(again.text).toBe(first.text)
    expect(refusal(await correct(null))).toEqual([422, "IDEMPOTENCY_KEY_REUSED"])
    expect(await versionOf(orderId)).toBe('"2"')
  })

  it("is marked on a refusal that is given again", async () => {
    const orderId = await confirmed()
    const confirm = () => call("POST", `/v1/orders/${orderId}/confirm`, { headers: { "idempotency-key": "confirm-2" } })
    const [first, again] = [await confirm(), await confirm()]
    expect([codeOf(first), first.headers.get("idempotent-replayed")]).toEqual(["ORDER_NOT_PENDING", null])
    expect([again.text, again.headers.get("idempotent-replayed")]).toEqual([first.text, "true"])
  })
})

/** What has notes: a new one of a service that already has orders, and how its id is called. */
const noted = {
  order: { path: "/v1/orders", id: "orderId", make: ({ place }: Service) => place() },
  subscription: {
    path: "/v1/subscriptions",
    id: "rentalId",
    make: async ({ place, call, rent }: Service) => {
      const orderId = await place()
      await call("POST", `/v1/orders/${orderId}/confirm`)
      return (await rent(orderId, `NOTED-${orderId}`)).body["rentalId"] as string
    }
  }
}
type Service = ReturnType<typeof openService>

describe.each(Object.entries(noted))("notes of the %s", (_, { path, id: name, make }) => {
  const notesOf = (id: string) => call("GET", `${path}/${id}/notes`)
  const rewrite = (id: string, notes: string, headers = {}) => call("PATCH", `${path}/${id}/notes`, { body: { notes }, headers })

  it("have an ETag of their own, which changes with their text and not with the order", async () => {
    const noted = await make(service)
    const bare = await notesOf(noted)
    expect([bare.body, tagOf(bare)]).toEqual([{ [name]: noted, notes: "" }, hash("")])
    const written = await rewrite(noted, "call first")
    expect(written.body).toMatchObject({ success: true, [name]: noted })
    expect(tagOf(written)).toBe(hash("call first"))
    const found = await notesOf(noted)
    expect([found.body, tagOf(found)]).toEqual([{ [name]: noted, notes: "call first" }, hash("call first")])
    const shown = (await call("GET", `${path}/${noted}`)).body
    expect(shown["notes"]).toBe("call first")
    const orderId = String(shown["orderId"])
    await call("POST", `/v1/orders/${orderId}/payment`, { body: { status: "paid" } })
    expect(tagOf(await notesOf(noted))).toBe(hash("call first"))
    expect(await versionOf(orderId)).toBe(`"${(await service.events(orderId)).length}"`)
    expect(refusal(await notesOf("none"))).toEqual([404, "NOT_FOUND"])
  })

  it("are rewritten where they are what was expected", async () => {
    const noted = await make(service)
    expect((await rewrite(noted, "one", { "if-match": hash("") })).status).toBe(200)
    expect((await rewrite(noted, "two", { "if-match": `${hash("zero")}, W/${hash("one")}` })).status).toBe(200)
    expect((await rewrite(noted, "three", { "if-match": "*" })).status).toBe(200)
    const late = await rewrite(noted, "four", { "if-match": hash("one") })
    expect([...refusal(late), tagOf(late)]).toEqual([412, "VERSION_MISMATCH", hash("three")])
    expect(late.text).not.toContain("three")
    expect((await rewrite("none", "four", { "if-match": hash("one") })).status).toBe(404)
    // The order's version is no tag of its notes.
    for (const tag of ['"1"', "1", '""']) {
      const wrong = await rewrite(noted, "four", { "if-match": tag })
      expect([codeOf(wrong), detailsOf(wrong)[0]?.path]).toEqual(["VALIDATION_ERROR", "If-Match"])
    }
    expect((await notesOf(noted)).body["notes"]).toBe("three")
  })

  it("of many writers who read the same, one writes", async () => {
    const noted = await make(service)
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, n) => rewrite(noted, `writer ${n}`, { "if-match": hash("") }))
    )
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 412, 412, 412, 412, 412])
    const written = answers.findIndex(({ status }) => status === 200)
    expect((await notesOf(noted)).body["notes"]).toBe(`writer ${written}`)
  })

  it("that are rewritten between the read and the write are not overwritten", async () => {
    const hasty = openService(
      Layer.effect(
        OrderStore,
        Effect.map(OrderStore, (store) => ({
          ...store,
          rewriteNotes: (tenantId, of, notes, expected) =>
            Effect.andThen(
              expected === undefined ? Effect.void : store.rewriteNotes(tenantId, of, "quicker"),
              store.rewriteNotes(tenantId, of, notes, expected)
            )
        }))
      ).pipe(Layer.provide(Layer.fresh(memory)))
    )
    const noted = await make(hasty)
    const body = { notes: "slower" }
    const answer = await hasty.call("PATCH", `${path}/${noted}/notes`, { body, ...ifMatch(hash("")) })
    expect([...refusal(answer), tagOf(answer)]).toEqual([412, "VERSION_MISMATCH", hash("quicker")])
    await hasty.dispose()
  })
})

describe("a dry run", () => {
  const unchanged = async (orderId: string, ask: () => Promise<Answer>): Promise<Answer> => {
    const look = async () => [(await call("GET", `/v1/orders/${orderId}`)).text, await service.events(orderId)]
    const before = await look()
    const answer = await ask()
    expect(await look()).toEqual(before)
    return answer
  }

  it("says of each command what it would do, and changes nothing", async () => {
    const orderId = await place()
    const dry = (path: string, body: object = {}) => unchanged(orderId, () => call("POST", `${path}?dryRun=true`, { body }))
    expect(await dry(`/v1/orders/${orderId}/confirm`)).toMatchObject({
      status: 200,
      body: { orderId, version: 1, possible: true, to: "confirmed", blockers: [], releases: [], warnings: [] }
    })
    expect((await dry(`/v1/orders/${orderId}/cancel`, { reason: "why not" })).body).toMatchObject({
      possible: true,
      to: "cancelled",
      releases: [{ sku: laptop, quantity: 2 }]
    })
    await call("POST", `/v1/orders/${orderId}/confirm`)
    const refused = await dry(`/v1/orders/${orderId}/confirm`)
    expect(refused.body).toEqual({
      orderId,
      version: 2,
      possible: false,
      blockers: [expect.objectContaining({ code: "ORDER_NOT_PENDING", remedy: expect.any(String) as unknown })],
      releases: [],
      warnings: []
    })
    expect(tagOf(refused)).toBe('"2"')
    const { customer } = await order(orderId)
    const start = { orderId, assetSerialNumber: "DRY-1", customerId: customer.customerId }
    expect((await dry("/v1/subscriptions", start)).body).toMatchObject({ orderId, possible: true, to: "partial" })
    const { rentalId } = (await rent(orderId, "DRY-1")).body
    const end = { rentalId, reason: "other" }
    expect((await dry(`/v1/subscriptions/${String(rentalId)}/cancel`, end)).body).toMatchObject({ possible: true, to: "partial" })
    expect((await dry("/v1/subscriptions", start)).body).toMatchObject({ blockers: [{ code: "ASSET_NOT_AVAILABLE" }] })
    expect((await dry(`/v1/orders/${orderId}/cancel`)).body).toMatchObject({
      possible: false,
      blockers: [{ code: "ORDER_NOT_CANCELLABLE", rentalIds: [rentalId] }]
    })
  })

  it("reads amounts and paths as the command does, and takes PATCH as well", async () => {
    const orderId = await place()
    const ask = (method: string, path: string, body: object) =>
      unchanged(orderId, () => call(method, `/v1/orders/${orderId}${path}?dryRun=true`, { body }))
    expect((await ask("POST", "/payment", { status: "paid", paidAmount: 49.95 })).body).toMatchObject({
      possible: true,
      to: "pending"
    })
    expect(detailsOf(await ask("POST", "/payment", { status: "paid", paidAmount: 49.955 }))).toMatchObject([
      { path: "paidAmount" }
    ])
    expect((await ask("PATCH", "", { externalReference: "PO-1" })).body).toMatchObject({ possible: true, version: 1 })
    expect(codeOf(await ask("PATCH", "", {}))).toBe("VALIDATION_ERROR")
    expect((await ask("POST", "/items", { items: [{ sku: laptop, quantity: 1 }] })).body).toMatchObject({ possible: true })
    expect((await ask("POST", "/items", { items: [{ sku: "NO-SUCH", quantity: 1 }] })).body).toMatchObject({
      possible: false,
      blockers: [{ code: "VARIANT_NOT_FOUND" }]
    })
    expect((await ask("POST", "/release", { items: [{ line: 0, quantity: 1 }] })).body).toMatchObject({
      possible: true,
      releases: [{ sku: laptop, quantity: 1 }]
    })
  })

  it("uses no key, and expects a version as the command does", async () => {
    const orderId = await place()
    const cancel = (query: string, headers: Record<string, string>, body = {}) =>
      call("POST", `/v1/orders/${orderId}/cancel${query}`, { headers, body })
    const key = { "idempotency-key": "dry-key" }
    const trial = await cancel("?dryRun=true", key, { reason: "one" })
    expect(trial.body).toMatchObject({ possible: true })
    expect(trial.headers.get("idempotent-replayed")).toBeNull()
    expect(refusal(await cancel("?dryRun=true", { "if-match": '"2"' }))).toEqual([412, "VERSION_MISMATCH"])
    // The key is free, for another request even.
    expect((await cancel("?dryRun=false", { ...key, "if-match": '"1"' }, { reason: "two" })).status).toBe(200)
    expect((await cancel("?dryRun=true", key, { reason: "three" })).body).toMatchObject({ possible: false })
  })

  it("is refused as the command is for what is wrong with the request", async () => {
    const orderId = await place()
    const ask = (path: string, body: object = {}, headers = {}) => call("POST", path, { body, headers })
    expect(refusal(await ask("/v1/orders/ord_none/cancel?dryRun=true"))).toEqual([404, "NOT_FOUND"])
    expect(
      refusal(await ask("/v1/subscriptions/sub_none/cancel?dryRun=true", { rentalId: "sub_none", reason: "other" }))
    ).toEqual([404, "NOT_FOUND"])
    expect(
      detailsOf(await ask("/v1/subscriptions/sub_a/cancel?dryRun=true", { rentalId: "sub_b", reason: "other" }))
    ).toMatchObject([{ path: "rentalId" }])
    const start = { orderId: "ord_none", assetSerialNumber: "DRY-9", customerId: "cust_1" }
    expect(refusal(await ask("/v1/subscriptions?dryRun=true", start))).toEqual([404, "ORDER_NOT_FOUND"])
    expect(detailsOf(await ask(`/v1/orders/${orderId}/cancel?dryRun=true`, { reason: 7 }))).toMatchObject([{ path: "reason" }])
    expect(refusal(await ask(`/v1/orders/${orderId}/cancel?dryRun=true`, {}, { authorization: "Bearer eve-key" }))).toEqual([
      403,
      "INSUFFICIENT_PERMISSIONS"
    ])
    for (const value of ["yes", "TRUE", "1", ""])
      expect(detailsOf(await ask(`/v1/orders/${orderId}/cancel?dryRun=${value}`))).toMatchObject([{ path: "dryRun" }])
    expect(detailsOf(await ask(`/v1/orders/${orderId}/cancel?dryRun=true&dryRun=true`))).toMatchObject([{ path: "dryRun" }])
    // What is no command on an order has no dry run.
    for (const [method, path] of [
      ["POST", "/v1/orders"],
      ["POST", "/v1/orders/cancel"],
      ["PATCH", `/v1/orders/${orderId}/notes`],
      ["GET", `/v1/orders/${orderId}`]
    ] as const)
      expect(detailsOf(await call(method, `${path}?dryRun=true`))).toMatchObject([{ path: "dryRun", code: "unknown_parameter" }])
    expect(await versionOf(orderId)).toBe('"1"')
  })
})

describe("strict handling", () => {
  const strictly = (headers: Record<string, string> = {}) => ({ headers: { prefer: "handling=strict", ...headers } })
  const applied = ({ headers }: Answer) => headers.get("preference-applied")

  it("refuses members that are not known, naming each, with whatever else is wrong", async () => {
    const orderId = await place()
    const body = { reason: 7, refund: true, customer: { vip: 1 } }
    const strict = await call("POST", `/v1/orders/${orderId}/cancel`, { body, ...strictly() })
    expect(refusal(strict)).toEqual([400, "VALIDATION_ERROR"])
    expect(
      detailsOf(strict)
        .map(({ path }) => path)
        .toSorted()
    ).toEqual(["customer", "reason", "refund"])
    expect(applied(strict)).toBe("handling=strict")
    expect(await versionOf(orderId)).toBe('"1"')
    const { items, ...rest } = requestFor([laptop, 1])
    const deep = {
      ...rest,
      items: items.map((item) => ({ ...item, colour: "red" })),
      customer: { ...rest.customer, vip: true },
      data: {}
    }
    const placing = await call("POST", "/v1/orders", { body: deep, ...strictly() })
    expect(
      detailsOf(placing)
        .map(({ path }) => path)
        .toSorted()
    ).toEqual(["customer.vip", "data", "items[0].colour"])
    const bodyless = await call("POST", `/v1/orders/${orderId}/confirm`, { body: { surely: true }, ...strictly() })
    expect(detailsOf(bodyless)).toMatchObject([{ path: "surely", code: "unexpected" }])
    expect(
      codeOf(await call("POST", `/v1/orders/${orderId}/cancel?dryRun=true`, { body: { refund: true }, ...strictly() }))
    ).toBe("VALIDATION_ERROR")
  })

  it("lets pass what is known, and says that it was applied", async () => {
    const orderId = await place(2, strictly())
    const answer = await call("POST", `/v1/orders/${orderId}/cancel`, { body: { reason: "why not" }, ...strictly() })
    expect([answer.status, applied(answer)]).toEqual([200, "handling=strict"])
  })

  it.each([
    "handling=strict, wait=5",
    "wait=5; x=1, HANDLING=Strict",
    'handling="strict"',
    " handling = strict ;a=b",
    'x="a,b;c", handling=strict'
  ])("is asked for by %s", async (prefer) => {
    const answer = await call("POST", `/v1/orders/${await place()}/cancel`, { body: { refund: true }, headers: { prefer } })
    expect([answer.status, applied(answer)]).toEqual([400, "handling=strict"])
  })

  it.each([
    "handling=lenient",
    "handling=lenient, handling=strict",
    "strict",
    "x=handling=strict",
    'x="a,handling=strict"',
    'x="a";y="b,handling=strict,c"',
    "respond-async",
    ""
  ])("is not asked for by %s, and members that are not known are ignored", async (prefer) => {
    const answer = await call("POST", `/v1/orders/${await place()}/cancel`, { body: { refund: true }, headers: { prefer } })
    expect([answer.status, applied(answer)]).toEqual([200, null])
  })
})

describe("cancelling many", () => {
  const cancel = (body: object, headers = {}) => call("POST", "/v1/orders/cancel", { body, headers })

  it("gives each order an outcome of its own, once, in the order in which they are named", async () => {
    const [one, two, three] = [await place(), await confirmed(), await place()]
    await rent(two, "MANY-1")
    const answer = await cancel({
      orderIds: [one, "ord_none", two, one, three],
      reason: "closing",
      expectedVersions: { [three]: 4 }
    })
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({
      results: [
        { orderId: one, success: true, message: "Order cancelled successfully" },
        { orderId: "ord_none", success: false, code: "NOT_FOUND", message: "Order not found" },
        { orderId: two, success: false, code: "ORDER_NOT_CANCELLABLE", message: expect.any(String) as unknown },
        { orderId: three, success: false, code: "VERSION_MISMATCH", message: expect.stringContaining("version 1") as unknown }
      ]
    })
    expect((await service.events(one)).at(-1)).toMatchObject({ type: "order.cancelled", reason: "closing" })
    expect((await cancel({ orderIds: [one, three] })).body).toMatchObject({
      results: [{ code: "ALREADY_CANCELLED" }, { success: true }]
    })
  })

  it("takes 1 to 500 orders, and no key", async () => {
    const ids = Array.from({ length: 500 }, (_, n) => `ord_${String(n).padStart(100, "0")}`)
    const most = await cancel({ orderIds: ids })
    expect((most.body["results"] as ReadonlyArray<unknown>).length).toBe(500)
    for (const [body, path] of [
      [{ orderIds: [...ids, "one more"] }, "orderIds"],
      [{ orderIds: [] }, "orderIds"],
      [{}, "orderIds"],
      [{ orderIds: ["ord_1"], expectedVersions: { ord_1: 0 } }, "expectedVersions.ord_1"],
      [{ orderIds: ["ord_1"], expectedVersions: { ord_2: 1 } }, "expectedVersions.ord_2"]
    ] as const)
      expect(detailsOf(await cancel(body))[0]?.path).toBe(path)
    const keyed = await cancel({ orderIds: ["ord_1"] }, { "idempotency-key": "key" })
    expect([codeOf(keyed), detailsOf(keyed)[0]?.path]).toEqual(["VALIDATION_ERROR", "Idempotency-Key"])
    expect(refusal(await cancel({ orderIds: ["ord_1"] }, { authorization: "Bearer eve-key" }))).toEqual([
      403,
      "INSUFFICIENT_PERMISSIONS"
    ])
  })

  it("has a path that no order has", async () => {
    expect((await call("GET", "/v1/orders/cancel")).status).toBe(404)
    const wrong = await call("DELETE", "/v1/orders/cancel")
    expect([wrong.status, wrong.headers.get("allow")?.split(", ").toSorted()]).toEqual([405, ["GET", "HEAD", "PATCH", "POST"]])
  })
})

describe("a command of one's own", () => {
  const contract = contractOf(
    JSON.parse(JSON.stringify(OpenApi.fromApi(apiUnder(lifecycleOf("noActiveSubscriptions", shopProcess), {}))))
  )
  const own = toWebHandler(Layer.mergeAll(shopOver(Layer.fresh(memory), { process: shopProcess }), keys, quiet))
  const shop = makeClient(own.handler, "http://orders.test", contract)
  afterAll(() => own.dispose())

  it("expects a version, has a dry run, and is read strictly, like ours", async () => {
    const orderId = await shop.confirmed()
    const hold = (query: string, headers = {}, body: object = { why: "The address is unclear" }) =>
      shop.call("POST", `/v1/orders/${orderId}/commands/hold${query}`, { body, headers })
    expect((await hold("?dryRun=true")).body).toMatchObject({ orderId, version: 2, possible: true, to: "onHold" })
    expect((await hold("?dryRun=true", {}, { why: "because" })).body).toMatchObject({
      possible: false,
      blockers: [{ code: "SAY_MORE" }]
    })
    expect(refusal(await hold("", { "if-match": '"1"' }))).toEqual([412, "VERSION_MISMATCH"])
    const strict = await hold("", { prefer: "handling=strict" }, { why: "It is unclear", until: "Monday" })
    expect(detailsOf(strict)).toMatchObject([{ path: "until" }])
    const held = await hold("", { "if-match": '"2"' })
    expect([held.status, tagOf(held)]).toEqual([200, '"3"'])
    const resume = (headers = {}) =>
      shop.call("POST", `/v1/orders/${orderId}/commands/resume?dryRun=true`, { body: { more: 1 }, headers })
    expect((await resume()).body).toMatchObject({ possible: true, to: "confirmed" })
    expect(detailsOf(await resume({ prefer: "handling=strict" }))).toMatchObject([{ path: "more" }])
    expect((await shop.call("POST", `/v1/orders/${orderId}/cancel?dryRun=true`)).body).toMatchObject({ possible: true })
  })
})
