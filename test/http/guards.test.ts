/** What stands between a request and an order: keys, tenants, paths, headers, bodies, limits; and what never gets out. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { OrderStore, OutcomeUnknown, StoreUnavailable } from "../../src/lifecycle/OrderStore.ts"
import { layer as memoryStore } from "../../src/memory/MemoryOrderStore.ts"
import { laptop, requestFor } from "../support/world.ts"
import { type Answer, type CallOptions, detailsOf, openService, refusal } from "./client.ts"

const service = openService()
afterAll(() => service.dispose())
const { call, confirmed, events, order, place, rent } = service

const refuses = (name: string, options: CallOptions, status: number, code: string) =>
  [name, options, status, code] as const satisfies readonly [string, CallOptions, number, string]

describe("a key", () => {
  const authorization = (value: string | null): CallOptions => ({ headers: { authorization: value } })

  it.each([
    refuses("no key", authorization(null), 401, "AUTH_REQUIRED"),
    refuses("an empty value", authorization(""), 401, "AUTH_REQUIRED"),
    refuses("a scheme without a key", authorization("Bearer "), 401, "AUTH_REQUIRED"),
    refuses("another scheme", authorization("Basic ada-key"), 401, "AUTH_REQUIRED"),
    refuses("a key without a scheme", authorization("ada-key"), 401, "AUTH_REQUIRED"),
    refuses("an unknown key", authorization("Bearer nobody"), 401, "INVALID_TOKEN"),
    refuses("the beginning of a key", authorization("Bearer ada-ke"), 401, "INVALID_TOKEN"),
    refuses("a key in capitals", authorization("Bearer ADA-KEY"), 401, "INVALID_TOKEN"),
    refuses("two words", authorization("Bearer ada-key ada-key"), 401, "INVALID_TOKEN"),
    refuses("two keys", authorization("Bearer ada-key, Bearer ada-key"), 401, "INVALID_TOKEN"),
    refuses("no tenant", { headers: { "tenant-id": null } }, 403, "NO_TENANT_ACCESS"),
    refuses("an empty tenant", { headers: { "tenant-id": "" } }, 403, "NO_TENANT_ACCESS"),
    refuses("a tenant of somebody else", { headers: { "tenant-id": "bobs" } }, 403, "NO_TENANT_ACCESS"),
    refuses("a tenant in capitals", { headers: { "tenant-id": "DEMO" } }, 403, "NO_TENANT_ACCESS"),
    refuses("two tenants", { headers: { "tenant-id": "demo, other" } }, 403, "NO_TENANT_ACCESS"),
    refuses("one tenant twice", { headers: { "tenant-id": "demo, demo" } }, 403, "NO_TENANT_ACCESS")
  ])("is asked for: %s opens nothing", async (_, options, status, code) => {
    for (const [method, path] of [
      ["GET", "/v1/orders"],
      ["POST", "/v1/orders"],
      ["POST", "/v1/orders/unknown/cancel"]
    ] as const) {
      const answer = await call(method, path, options)
      expect(refusal(answer)).toEqual([status, code])
      expect(answer.headers.get("www-authenticate")).toEqual(status === 401 ? expect.stringMatching(/^Bearer/) : null)
    }
  })

  it("is asked for before anything else is looked at", async () => {
    const answer = await call("POST", "/v1/orders/%00/cancel?limit=x", {
      raw: "not json",
      headers: { authorization: null, "content-type": "text/plain", "idempotency-key": "\u00ff" }
    })
    expect(refusal(answer)).toEqual([401, "AUTH_REQUIRED"])
  })

  it.each(["bearer", "BEARER", "bEaReR"])("opens with the scheme written %s", async (scheme) => {
    expect((await call("GET", "/v1/orders", { headers: { authorization: `${scheme} ada-key` } })).status).toBe(200)
  })

  it("that may only read reads, and changes nothing", async () => {
    const orderId = await place()
    const headers = { authorization: "Bearer eve-key" }
    expect((await call("GET", `/v1/orders/${orderId}`, { headers })).status).toBe(200)
    expect((await call("GET", `/v1/orders/${orderId}/cancellation`, { headers })).status).toBe(200)
    for (const [method, path] of [
      ["POST", "/v1/orders"],
      ["POST", `/v1/orders/${orderId}/cancel`],
      ["PATCH", `/v1/orders/${orderId}/notes`]
    ] as const) {
      expect(refusal(await call(method, path, { headers }))).toEqual([403, "INSUFFICIENT_PERMISSIONS"])
    }
    expect(await events(orderId)).toHaveLength(1)
  })
})

describe("a tenant", () => {
  /** All of an answer that does not differ from call to call. */
  const comparable = ({ status, text, headers }: Answer) => ({
    status,
    text,
    headers: [...headers].filter(([name]) => !["x-request-id", "date"].includes(name))
  })

  it("sees another tenant's ids as ids that do not exist, byte for byte", async () => {
    const orderId = await service.confirmed()
    const { body } = await service.rent(orderId, "ISOLATED")
    const rentalId = body["rentalId"] as string
    const bob = { headers: { authorization: "Bearer bob-key", "tenant-id": "bobs" } }
    const calls: ReadonlyArray<(order: string, rental: string) => readonly [method: string, path: string, body?: unknown]> = [
      (id) => ["GET", `/v1/orders/${id}`],
      (id) => ["PATCH", `/v1/orders/${id}/notes`, { notes: "mine" }],
      (id) => ["POST", `/v1/orders/${id}/confirm`],
      (id) => ["POST", `/v1/orders/${id}/cancel`],
      (id) => ["GET", `/v1/orders/${id}/cancellation`],
      (id) => ["GET", `/v1/orders/${id}/events`],
      (id) => ["POST", "/v1/subscriptions", { orderId: id, assetSerialNumber: "S", customerId: "C" }],
      (id) => ["GET", `/v1/subscriptions?orderId=${id}`],
      (_, id) => ["GET", `/v1/subscriptions/${id}`],
      (_, id) => ["GET", `/v1/subscriptions/${id}/notes`],
      (_, id) => ["PATCH", `/v1/subscriptions/${id}/notes`, { notes: "mine" }],
      (_, id) => ["POST", `/v1/subscriptions/${id}/cancel`, { rentalId: id, reason: "other" }]
    ]
    const before = [await order(orderId), await events(orderId)]
    const ask = async (request: (typeof calls)[number], order: string, rental: string) => {
      const [method, path, content] = request(order, rental)
      return comparable(await call(method, path, { ...bob, ...(content !== undefined && { body: content }) }))
    }
    for (const request of calls) {
      expect(await ask(request, orderId, rentalId)).toEqual(await ask(request, "unknown", "unknown"))
    }
    expect([await order(orderId), await events(orderId)]).toEqual(before)
    expect((await call("GET", `/v1/stock/${laptop}`, bob)).body).toEqual({ sku: laptop, reserved: 0, rented: 0 })
    expect((await call("GET", "/v1/orders", bob)).body).toMatchObject({ count: 0 })
  })

  it("may use an idempotency key that another tenant uses", async () => {
    const headers = { "idempotency-key": "shared" }
    const first = await call("POST", "/v1/orders", { body: requestFor([laptop, 1]), headers })
    const second = await call("POST", "/v1/orders", {
      body: requestFor([laptop, 1]),
      headers: { ...headers, "tenant-id": "other" }
    })
    expect([first.status, second.status]).toEqual([201, 201])
    expect(second.body["orderId"]).not.toBe(first.body["orderId"])
  })
})

describe("a path", () => {
  const wrong = [
    "%",
    "%2",
    "%zz",
    "%E0%A4%A",
    "%ff",
    "%C0%AF",
    "%ED%A0%80",
    "%00",
    "a%00b",
    "%0d%0aX-Evil:1",
    "%0a",
    "%1b",
    "%7f",
    "%C2%80",
    "a%2Fb",
    "%2F",
    "%2f..%2f",
    "x".repeat(129),
    "%F0%9F%98%80".repeat(129)
  ]
  const fine = [
    "a",
    "a.b",
    "..a",
    "a..",
    "%24%7B1%7D",
    "'%20OR%201=1--",
    "a%25b",
    "a%2523b",
    "%3F",
    "%23",
    "%3B",
    "%5C",
    "x".repeat(128),
    "a+b",
    "a:b",
    "%F0%9F%98%80".repeat(128)
  ]

  it.each(wrong)("with the order id %s is refused by name", async (id) => {
    for (const [method, path] of [
      ["GET", `/v1/orders/${id}`],
      ["POST", `/v1/orders/${id}/cancel`]
    ] as const) {
      const answer = await call(method, path)
      expect(refusal(answer)).toEqual([400, "VALIDATION_ERROR"])
      expect(detailsOf(answer)[0]?.path).toBe("orderId")
      expect(answer.headers.has("x-evil")).toBe(false)
    }
  })

  it.each(fine)("with the order id %s names an order that is not there", async (id) => {
    expect(refusal(await call("GET", `/v1/orders/${id}`))).toEqual([404, "NOT_FOUND"])
  })

  it.each(["a%25b", "a%2523b", "a%3Fb", "a%20b", "%F0%9F%98%80", "a+b"])("is decoded once: %s", async (sku) => {
    expect((await call("GET", `/v1/stock/${sku}`)).body).toMatchObject({ sku: decodeURIComponent(sku) })
  })

  it("and an idempotency key that are both wrong are both named", async () => {
    const answer = await call("POST", "/v1/orders/%2F/cancel", { headers: { "idempotency-key": "\u00ff" } })
    expect(refusal(answer)).toEqual([400, "VALIDATION_ERROR"])
    expect(detailsOf(answer).map(({ path }) => path)).toEqual(["orderId", "Idempotency-Key"])
  })
})

describe("an idempotency key", () => {
  const cancel = (orderId: string, key: string, body: unknown = {}) =>
    call("POST", `/v1/orders/${orderId}/cancel`, { body, headers: { "idempotency-key": key } })

  it("gives the first answer again, byte for byte, whether accepted or refused", async () => {
    const body = requestFor([laptop, 2])
    const placing = () => call("POST", "/v1/orders", { body, headers: { "idempotency-key": "place-1" } })
    const [first, again] = [await placing(), await placing()]
    expect([again.status, again.text]).toEqual([first.status, first.text])
    const orderId = first.body["orderId"] as string
    const [cancelled, repeated] = [await cancel(orderId, "cancel-1"), await cancel(orderId, "cancel-1")]
    expect([repeated.status, repeated.text]).toEqual([200, cancelled.text])
    const [refused, refusedAgain] = [await cancel(orderId, "cancel-2"), await cancel(orderId, "cancel-2")]
    expect([refusedAgain.status, refusedAgain.text]).toEqual([400, refused.text])
    expect(await events(orderId)).toHaveLength(2)
  })

  it("is not taken for another request", async () => {
    const orderId = await place()
    expect((await cancel(orderId, "reused", { reason: "a" })).status).toBe(200)
    expect(refusal(await cancel(orderId, "reused", { reason: "b" }))).toEqual([422, "IDEMPOTENCY_KEY_REUSED"])
    expect(refusal(await cancel(await place(), "reused", { reason: "a" }))).toEqual([422, "IDEMPOTENCY_KEY_REUSED"])
  })

  it("may be used again after a request that was not valid", async () => {
    const orderId = await place()
    expect(refusal(await cancel(orderId, "corrected", { reason: 1 }))).toEqual([400, "VALIDATION_ERROR"])
    expect((await cancel(orderId, "corrected", { reason: "one" })).status).toBe(200)
  })

  it("is the same with and without the quotes of a structured field", async () => {
    const orderId = await place()
    const first = await cancel(orderId, 'qu"oted')
    expect(first.status).toBe(200)
    expect((await cancel(orderId, '"qu\\"oted"')).text).toBe(first.text)
  })

  it.each(["", "\u00e9", "x".repeat(256), "a\tb", "one, two", '"open', '"a" b', '""'])(
    "is refused when it is %j",
    async (key) => {
      const answer = await cancel(await place(), key)
      expect(refusal(answer)).toEqual([400, "VALIDATION_ERROR"])
      expect(detailsOf(answer)[0]?.path).toBe("Idempotency-Key")
    }
  )

  it.each(["x", "x".repeat(255), "a,b", '"a, b"', " !~"])("is taken when it is %j", async (key) => {
    expect((await cancel(await place(), key)).status).toBe(200)
  })
})

describe("a body", () => {
  const deep = (levels: number) => `{"reason":"x","y":${"[".repeat(levels)}${"]".repeat(levels)}}`
  const json = (raw: string): CallOptions => ({ raw })
  const bytes = (...values: ReadonlyArray<number>): CallOptions => ({ raw: Uint8Array.from(values) })
  const typed = (type: string | null, more: Readonly<Record<string, string>> = {}): CallOptions => ({
    raw: "{}",
    headers: { "content-type": type, ...more }
  })

  const traps: ReadonlyArray<readonly [what: string, options: CallOptions, status: number, code?: string]> = [
    ["nothing", {}, 200],
    ["no bytes", json(""), 200],
    ["an empty object", json("{}"), 200],
    ["an object with white space around it", json(" \r\n\t{ } "), 200],
    ["a byte order mark before an object", bytes(0xef, 0xbb, 0xbf, 0x7b, 0x7d), 200],
    ["white space only", json(" \n"), 400],
    ["null", json("null"), 400],
    ["true", json("true"), 400],
    ["a number", json("1"), 400],
    ["a text", json('"reason"'), 400],
    ["an empty array", json("[]"), 400],
    ["an array with an object", json('[{"reason":"x"}]'), 400],
    ["a word", json("reason"), 400],
    ["half an object", json('{"reason":'), 400],
    ["an object without an end", json('{"reason":"x"'), 400],
    ["two objects", json("{}{}"), 400],
    ["a comma too many", json('{"reason":"x",}'), 400],
    ["single quotes", json("{'reason':'x'}"), 400],
    ["a comment", json("{/* */}"), 400],
    ["NaN", json('{"reason":NaN}'), 400],
    ["a line break in a text", json('{"reason":"a\nb"}'), 400],
    ["a NUL byte", json('{"reason":"a\u0000b"}'), 400],
    ["a wrong escape", json('{"reason":"\\x41"}'), 400],
    ["half an escape", json('{"reason":"\\u00"}'), 400],
    ["form data", json("reason=x"), 400],
    ["XML", json("<reason/>"), 400],
    ["reason null", json('{"reason":null}'), 400],
    ["reason a number", json('{"reason":1}'), 400],
    ["reason a truth", json('{"reason":true}'), 400],
    ["reason a list", json('{"reason":["x"]}'), 400],
    ["reason an object", json('{"reason":{"toString":"x"}}'), 400],
    ["reason twice, the last one wrong", json('{"reason":"x","reason":1}'), 400],
    ["reason twice, the last one right", json('{"reason":1,"reason":"x"}'), 200],
    ["__proto__ with a reason", json('{"__proto__":{"reason":1}}'), 200],
    ["__proto__ hidden behind an escape", json('{"__proto\\u005f_":{"reason":1,"polluted":true}}'), 200],
    ["__proto__ null", json('{"__proto__":null}'), 200],
    ["constructor.prototype", json('{"constructor":{"prototype":{"polluted":true}}}'), 200],
    ["toString and valueOf", json('{"toString":1,"valueOf":2,"hasOwnProperty":3,"toJSON":4,"then":5}'), 200],
    ["a member with an empty name", json('{"":1}'), 200],
    ["reason with other capitals", json('{"Reason":1}'), 200],
    ["a huge number", json('{"x":1e999}'), 200],
    ["minus nothing", json('{"x":-0}'), 200],
    ["a lone surrogate nobody reads", json('{"x":"\\ud800"}'), 200],
    ["a lone high surrogate", json('{"reason":"\\ud800"}'), 400],
    ["a lone low surrogate", json('{"reason":"a\\udc00"}'), 400],
    ["surrogates in the wrong order", json('{"reason":"\\udc00\\ud800"}'), 400],
    ["U+0000 as an escape", json('{"reason":"\\u0000"}'), 400],
    ["31 levels", json(deep(31)), 200],
    ["32 levels", json(deep(32)), 400],
    ["5,000 levels", json(deep(5_000)), 400],
    ["5,000 levels of objects", json('{"a":'.repeat(2_500) + "1" + "}".repeat(2_500)), 400],
    ["brackets within a text", json(`{"reason":"${"[".repeat(900)}"}`), 200],
    ["brackets behind an escaped quote", json(`{"reason":"\\"${"{".repeat(900)}"}`), 200],
    ["bytes that are not UTF-8", bytes(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d), 400],
    ["an overlong slash", bytes(0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d), 400],
    ["a surrogate in bytes", bytes(0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d), 400],
    ["UTF-16", bytes(0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00), 400],
    ["exactly 16 KiB", json(`{"x":"${"x".repeat(16 * 1024 - 8)}"}`), 200],
    ["16 KiB and a byte", json(`{"x":"${"x".repeat(16 * 1024 - 7)}"}`), 413, "PAYLOAD_TOO_LARGE"],
    ["a megabyte", json(`{"x":"${"x".repeat(1024 * 1024)}"}`), 413, "PAYLOAD_TOO_LARGE"],
    ["no type", typed(null), 415, "UNSUPPORTED_MEDIA_TYPE"],
    ["text/plain", typed("text/plain"), 415, "UNSUPPORTED_MEDIA_TYPE"],
    ["form-urlencoded", typed("application/x-www-form-urlencoded"), 415, "UNSUPPORTED_MEDIA_TYPE"],
    ["application/jsonx", typed("application/jsonx"), 415, "UNSUPPORTED_MEDIA_TYPE"],
    ["another charset", typed("application/json; charset=latin1"), 415, "UNSUPPORTED_MEDIA_TYPE"],
    ["two types", typed("application/json, text/plain"), 415, "UNSUPPORTED_MEDIA_TYPE"],
    ["the charset it has anyway", typed('Application/JSON; charset="UTF-8"'), 200],
    ["a parameter nobody knows", typed("application/json; v=1"), 200],
    ["gzip", typed("application/json", { "content-encoding": "gzip" }), 415, "UNSUPPORTED_MEDIA_TYPE"],
    ["a false gzip of a false br", typed("application/json", { "content-encoding": "gzip, br" }), 415, "UNSUPPORTED_MEDIA_TYPE"],
    ["an encoding that is none", typed("application/json", { "content-encoding": "identity" }), 200]
  ]

  it("has been tried with more than sixty traps", () => {
    expect(traps.length).toBeGreaterThan(60)
  })

  const cases = traps.map(([what, options, status, code = "VALIDATION_ERROR"]) => ({ what, options, status, code }))

  it.each(cases)("of $what is answered and leaves everything else as it was", async ({ options, status, code }) => {
    const orderId = await place()
    const answer = await call("POST", `/v1/orders/${orderId}/cancel`, options)
    if (status === 200) expect(answer.status, answer.text).toBe(200)
    else expect(refusal(answer)).toEqual([status, code])
    expect(await order(orderId)).toMatchObject({ status: status === 200 ? "cancelled" : "pending" })
    expect(Object.keys(Object.prototype)).toEqual([])
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined()
  })

  it.each(["confirm", "cancel"])("of %s is checked even where none is needed", async (command) => {
    const orderId = await place()
    expect(refusal(await call("POST", `/v1/orders/${orderId}/${command}`, { raw: "[" }))).toEqual([400, "VALIDATION_ERROR"])
    expect(
      refusal(await call("POST", `/v1/orders/${orderId}/${command}`, { raw: "{}", headers: { "content-type": null } }))
    ).toEqual([415, "UNSUPPORTED_MEDIA_TYPE"])
  })

  it("of 250 KB places an order, and one of more than 256 KiB does not", async () => {
    const body = (length: number) => ({ ...requestFor([laptop, 1]), notes: "x".repeat(length) })
    expect((await call("POST", "/v1/orders", { body: body(250_000) })).status).toBe(201)
    expect(refusal(await call("POST", "/v1/orders", { body: body(256 * 1024) }))).toEqual([413, "PAYLOAD_TOO_LARGE"])
  })

  const placeWith = (customFields: string) =>
    call("POST", "/v1/orders", {
      raw: JSON.stringify({ ...requestFor([laptop, 1]), customFields: 0 }).replace(":0}", `:${customFields}}`)
    })

  it.each([
    ['{"erp":1546130668394913822}', "customFields.erp", "inexact_number"],
    ['{"a":[1,{"b":9007199254740993}]}', "customFields.a[1].b", "inexact_number"],
    ['{"a":1e400}', "customFields.a", "inexact_number"],
    ['{"a":0.1000000000000000055511151231257827}', "customFields.a", "inexact_number"],
    ['{"a":1e-400}', "customFields.a", "inexact_number"],
    ['{"a":1,"__proto__":{"polluted":true}}', "customFields.__proto__", "reserved_name"],
    ['{"a":{"__proto\\u005f_":1}}', "customFields.a.__proto__", "reserved_name"],
    ['{"a":1,"b":2,"a":1}', "customFields.a", "repeated"]
  ])("with the custom fields %s is refused at %s, as nothing of them may be altered", async (customFields, path, code) => {
    const answer = await placeWith(customFields)
    expect(answer.status, answer.text).toBe(400)
    expect(detailsOf(answer)).toMatchObject([{ path, code }])
  })

  it("with numbers that are written unusually keeps their values", async () => {
    const answer = await placeWith(
      '{"a":1.0,"b":1e2,"c":-0,"d":100000000000000000000,"e":9007199254740992,"f":1.50,"g":5e-324,"h":-1E+2}'
    )
    expect(answer.status, answer.text).toBe(201)
    expect(answer.body["order"]).toMatchObject({
      customFields: { a: 1, b: 100, d: 100_000_000_000_000_000_000, e: 9_007_199_254_740_992, f: 1.5, g: 5e-324, h: -100 }
    })
    expect(answer.text).toContain('"c":0')
  })

  it("with a number that is altered is refused where the number is read, and not where it is ignored", async () => {
    const raw = JSON.stringify({ ...requestFor([laptop, 1]), loyalty: 0 })
    const answer = await call("POST", "/v1/orders", { raw: raw.replace('"quantity":1', '"quantity":1.00000000000000000001') })
    expect(detailsOf(answer)).toMatchObject([{ path: "items[0].quantity", code: "inexact_number" }])
    const ignored = await call("POST", "/v1/orders", { raw: raw.replace('"loyalty":0', '"loyalty":1546130668394913822') })
    expect(ignored.status, ignored.text).toBe(201)
  })

  it("that an operation does not read are ignored, whatever other operations make of them", async () => {
    const orderId = await place()
    const raw = '{"reason":"x","customFields":{"erp":1546130668394913822},"contractLength":1e400}'
    expect((await call("POST", `/v1/orders/${orderId}/cancel`, { raw })).status).toBe(200)
  })

  it("that are named at length are not echoed at length", async () => {
    const name = "n".repeat(20_000)
    const request = JSON.stringify({ ...requestFor([laptop, 1]), customFields: {} })
    const raw = request.replace(
      '"customFields":{}',
      `"customFields":{"${name}":[${Array.from({ length: 200 }, () => "1e999").join(",")}]}`
    )
    const answer = await call("POST", "/v1/orders", { raw })
    expect(detailsOf(answer)).toHaveLength(100)
    expect(answer.text.length).toBeLessThan(30_000)
  })

  it("with null for a member that may be left out says to leave it out, and ignores what it does not know", async () => {
    const request = requestFor([laptop, 1])
    const answer = await call("POST", "/v1/orders", {
      body: {
        ...request,
        orderType: null,
        notes: null,
        more: null,
        customer: { ...request.customer, company: null, email: null }
      }
    })
    expect(detailsOf(answer)).toEqual([
      { path: "orderType", message: "must not be null: leave it out", code: "invalid_type" },
      { path: "customer.email", message: "Expected string", code: "invalid_type" },
      { path: "customer.company", message: "must not be null: leave it out", code: "invalid_type" },
      { path: "notes", message: "must not be null: leave it out", code: "invalid_type" }
    ])
  })

  it.each([
    [" SN", "must not begin or end with white space"],
    ["SN\u00a0", "must not begin or end with white space"],
    ["S\u200bN", "must not contain characters that cannot be seen"],
    ["S\u2028N", "must not contain characters that cannot be seen"],
    ["Se\u0301rie", "must be in Unicode normalization form C"]
  ])("that names the new asset %j is refused", async (assetSerialNumber, message) => {
    const answer = await rent(await confirmed(), assetSerialNumber)
    expect(detailsOf(answer)).toMatchObject([{ path: "assetSerialNumber", message }])
  })

  it("whose client hangs up half way changes nothing", async () => {
    const orderId = await place()
    const raw = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(new TextEncoder().encode('{"reason":'))
        controller.error(new Error("gone"))
      }
    })
    const request = new Request(`http://orders.test/v1/orders/${orderId}/cancel`, {
      method: "POST",
      body: raw,
      duplex: "half",
      headers: { authorization: "Bearer ada-key", "tenant-id": "demo", "content-type": "application/json" }
    })
    expect((await service.handler(request)).status).toBe(400)
    expect(await order(orderId)).toMatchObject({ status: "pending" })
  })
})

describe("a reason", () => {
  const emoji = "\u{1f600}"
  const family = "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}\u200d\u{1f466}"

  it.each([
    ["1,000 letters", "x".repeat(1_000), 200],
    ["1,001 letters", "x".repeat(1_001), 400],
    ["501 emoji, which are 1,002 UTF-16 units", emoji.repeat(501), 200],
    ["1,000 emoji", emoji.repeat(1_000), 200],
    ["1,001 emoji", emoji.repeat(1_001), 400],
    ["142 families of seven code points", family.repeat(142), 200],
    ["143 families", family.repeat(143), 400],
    ["1,000 combining marks", "e\u0301".repeat(500), 200],
    ["text from right to left", "\u05d0\u05d1\u05d2 \u202e abc", 200],
    ["a non-character", "\uffff\ufdd0", 200],
    ["a byte order mark", "\ufeffx\ufeff", 200]
  ])("of %s is counted in code points and kept as it is", async (_, reason, status) => {
    const orderId = await place()
    const answer = await call("POST", `/v1/orders/${orderId}/cancel`, { body: { reason } })
    expect(answer.status, answer.text).toBe(status)
    if (status === 200) expect((await events(orderId)).at(-1)?.reason).toBe(reason)
    else expect(detailsOf(answer)[0]?.path).toBe("reason")
  })

  it("may be as long as it can get: 1,000 emoji as escapes, in 12,013 bytes", async () => {
    const orderId = await place()
    const raw = `{"reason":"${"\\ud83d\\ude00".repeat(1_000)}"}`
    expect(raw).toHaveLength(12_013)
    expect((await call("POST", `/v1/orders/${orderId}/cancel`, { raw })).status).toBe(200)
    expect((await events(orderId)).at(-1)?.reason).toBe(emoji.repeat(1_000))
  })
})

describe("an adversarial text", () => {
  it.each([
    "a".repeat(16_000),
    "\\".repeat(8_000),
    `"${'\\"'.repeat(7_000)}`,
    " ".repeat(16_000),
    "@".repeat(16_000),
    "%".repeat(4_000)
  ])("is answered like any other", async (text) => {
    const orderId = await place()
    const key = await call("POST", `/v1/orders/${orderId}/cancel`, {
      headers: { "idempotency-key": text.trim() || "x".repeat(300) }
    })
    expect(refusal(key)).toEqual([400, "VALIDATION_ERROR"])
    expect(
      (await call("GET", "/v1/orders", { headers: { "content-type": text, "x-request-id": text.trim() || "?" } })).status
    ).toBe(200)
    const { customer, ...others } = requestFor([laptop, 1])
    expect(refusal(await call("POST", "/v1/orders", { body: { ...others, customer: { ...customer, email: text } } }))).toEqual([
      400,
      "VALIDATION_ERROR"
    ])
    expect(refusal(await call("GET", `/v1/orders?startAfter=${encodeURIComponent(text)}`))).toEqual([400, "VALIDATION_ERROR"])
  })
})

describe("a request id", () => {
  it("is kept when it is well-formed, and made up when it is not", async () => {
    const idOf = async (id: string | null) =>
      (await call("GET", "/health", { headers: { "x-request-id": id } })).headers.get("x-request-id")
    expect(await idOf("trace-1.a:B_c")).toBe("trace-1.a:B_c")
    for (const id of [null, "", "a b", "x".repeat(129), "a, b", "<script>", "\u00e9"])
      expect(await idOf(id)).toMatch(/^req_[0-9a-f-]{36}$/)
  })

  it("is recorded with what was done under it", async () => {
    const orderId = await place(1, { headers: { "x-request-id": "from-the-client" } })
    expect((await events(orderId))[0]).toMatchObject({ requestId: "from-the-client" })
  })
})

describe("limits", () => {
  it("stop a tenant that asks too much, and nobody else", async () => {
    const limited = openService(memoryStore, { limits: { burst: 3, requestsPerSecond: 0.001 } })
    const ask = (tenant: string) => limited.call("GET", "/v1/orders", { headers: { "tenant-id": tenant } })
    const statuses = []
    for (let count = 0; count < 5; count++) statuses.push((await ask("demo")).status)
    expect(statuses).toEqual([200, 200, 200, 429, 429])
    const refused = await ask("demo")
    expect(refusal(refused)).toEqual([429, "RATE_LIMITED"])
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0)
    expect((await ask("other")).status).toBe(200)
    await limited.dispose()
  })

  it("answer at once when too many requests are being worked on", async () => {
    let release = () => {}
    const gate = new Promise<void>((resolve) => (release = resolve))
    const slow = Layer.effect(
      OrderStore,
      Effect.map(OrderStore, (store) => ({
        ...store,
        listOrders: (query) =>
          Effect.andThen(
            Effect.promise(() => gate),
            store.listOrders(query)
          )
      }))
    ).pipe(Layer.provide(memoryStore))
    const limited = openService(slow, { limits: { requestsInFlight: 2 } })
    const waiting = [limited.call("GET", "/v1/orders"), limited.call("GET", "/v1/orders")]
    let refused = await limited.call("GET", "/health")
    while (refused.status === 200) refused = await limited.call("GET", "/health")
    expect(refusal(refused)).toEqual([503, "UNAVAILABLE"])
    expect(refused.headers.get("retry-after")).toBe("1")
    release()
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200])
    expect((await limited.call("GET", "/health")).status).toBe(200)
    await limited.dispose()
  })
})

describe("what goes wrong inside", () => {
  const secret = "duplicate key violates orders_pkey: postgres://user:password@host, SQLSTATE 23505"
  const broken = (effect: Effect.Effect<never, StoreUnavailable | OutcomeUnknown>) =>
    Layer.effect(
      OrderStore,
      Effect.map(OrderStore, (store) => ({ ...store, commit: () => effect, load: store.load }))
    ).pipe(Layer.provide(memoryStore))

  it.each([
    ["an unreachable store", Effect.fail(new StoreUnavailable({ cause: new Error(secret) })), 503, "UNAVAILABLE"],
    ["an unknown outcome", Effect.fail(new OutcomeUnknown({ cause: new Error(secret) })), 503, "OUTCOME_UNKNOWN"],
    ["a defect", Effect.die(new Error(secret)), 500, "INTERNAL_ERROR"],
    ["a defect that is no error", Effect.die(secret), 500, "INTERNAL_ERROR"]
  ])("is named and not shown: %s", async (what, effect, status, code) => {
    const lines: Array<string> = []
    const levels: Array<string> = []
    const logger = Logger.layer([
      Logger.make<unknown, void>(({ message, logLevel }) => {
        lines.push(JSON.stringify(message))
        levels.push(logLevel)
      })
    ])
    const failing = openService(broken(effect), {}, logger)
    const answer = await failing.call("POST", "/v1/orders", { body: requestFor([laptop, 1]) })
    expect(refusal(answer)).toEqual([status, code])
    expect(answer.headers.get("retry-after")).toBe(status === 503 ? "1" : null)
    const shown = answer.text + JSON.stringify([...answer.headers])
    for (const word of ["pkey", "postgres", "SQLSTATE", "password", "    at ", ".ts"]) expect(shown).not.toContain(word)
    const requestId = answer.headers.get("x-request-id") ?? "none"
    if (status === 500) {
      expect(answer.text).toContain(requestId)
    }
    const line = lines.find((each) => each.includes(requestId)) ?? ""
    expect(JSON.parse(line)).toMatchObject([{ status, code, tenantId: "demo", userId: "ada", cause: expect.any(String) }])
    // Those who run the service are told what went wrong, unless it may be what somebody wrote.
    expect(line).toContain(what.endsWith("no error") ? "not an Error" : "SQLSTATE 23505")
    expect(levels).toEqual([status === 500 ? "Error" : "Warn"])
    await failing.dispose()
  })
})

describe("the log", () => {
  const lines: Array<Record<string, unknown>> = []
  const logger = Logger.layer([
    Logger.make<unknown, void>(({ message }) => void lines.push((message as ReadonlyArray<Record<string, unknown>>)[0] ?? {}))
  ])
  let logged: ReturnType<typeof openService>
  beforeAll(() => void (logged = openService(memoryStore, {}, logger)))
  afterAll(() => logged.dispose())

  it("has one line a request, with its route and not its path, and nothing that people wrote", async () => {
    const evil = 'secret\r\n{"fake":1}\u2028\u001b[31m\u202e'
    const orderId = await logged.place()
    lines.length = 0
    await logged.call("POST", `/v1/orders/${orderId}/cancel?token=hidden`, {
      body: { reason: evil },
      headers: { "idempotency-key": "secret-key" }
    })
    await logged.call("GET", "/v1/orders/%0d%0asecret", {
      headers: { authorization: "Bearer secret-token", "x-request-id": "secret id" }
    })
    await logged.call("GET", "/secret/path")
    expect(lines).toEqual([
      expect.objectContaining({
        method: "POST",
        route: "/v1/orders/:orderId/cancel",
        status: 400,
        code: "VALIDATION_ERROR",
        tenantId: "demo",
        userId: "ada",
        orderId
      }),
      expect.objectContaining({ method: "GET", route: "/v1/orders/:orderId", status: 401, code: "INVALID_TOKEN" }),
      expect.objectContaining({ method: "GET", route: "/*", status: 404, code: "NOT_FOUND" })
    ])
    for (const line of lines) {
      expect(Object.keys(line).toSorted()).toEqual(
        expect.arrayContaining(["durationMs", "method", "requestId", "route", "status"])
      )
    }
    expect(JSON.stringify(lines)).not.toMatch(/secret|hidden|Bearer/)
  })

  const lineOf = async (method: string, path: string, options: CallOptions = {}) => {
    lines.length = 0
    await logged.call(method, path, options)
    expect(lines).toHaveLength(1)
    return lines[0] ?? {}
  }

  it("names the order and the subscription that a request is about, the user and the code", async () => {
    const orderId = await logged.confirmed(1)
    const { customerId } = (await logged.order(orderId)).customer
    const started = await lineOf("POST", "/v1/subscriptions", { body: { orderId, assetSerialNumber: "LOG-1", customerId } })
    expect(started).toMatchObject({ status: 201, orderId, userId: "ada", tenantId: "demo" })
    const subscriptionId = started["subscriptionId"] as string
    expect(subscriptionId).toMatch(/^sub_/)
    expect(started).not.toHaveProperty("code")
    expect(
      await lineOf("POST", "/v1/subscriptions", { body: { orderId, assetSerialNumber: "LOG-2", customerId } })
    ).toMatchObject({
      status: 400,
      code: "ITEM_FULLY_FULFILLED",
      orderId
    })
    expect(await lineOf("POST", `/v1/orders/${orderId}/cancel`)).toMatchObject({
      status: 400,
      code: "ORDER_NOT_CANCELLABLE",
      orderId
    })
    const body = { rentalId: subscriptionId, reason: "other" }
    expect(await lineOf("POST", `/v1/subscriptions/${subscriptionId}/cancel`, { body })).toMatchObject({
      status: 200,
      orderId,
      subscriptionId
    })
    expect(await lineOf("GET", `/v1/subscriptions/${subscriptionId}`)).toMatchObject({ status: 200, subscriptionId })
  })

  it.each([
    ["DELETE", "/v1/orders/someone@example.com", "/v1/orders/:orderId"],
    ["GET", "/v1/orders/someone@example.com", "/v1/orders/:orderId"],
    ["GET", "/v1/orders/someone@example.com/ship", "/v1/orders/:orderId/*"],
    ["GET", "/v1/someone@example.com", "/v1/*"],
    ["GET", "/someone@example.com", "/*"]
  ])("has as much of an unknown path as is ours: %s %s", async (method, path, route) => {
    const line = await lineOf(method, path)
    expect(line).toMatchObject({ method, route })
    expect(JSON.stringify(line)).not.toContain("someone")
  })
})
