/** Lists filtered by data of one's own: declared, asked for in code and over HTTP, and the same on every store. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import {
  lifecycleOf,
  OrderLifecycle,
  orderProcess,
  type OrderProcess,
  ordersUnder,
  Timestamp,
  WrongProcess
} from "order-lifecycle"
import { memoryStore, openOrders } from "order-lifecycle/promise"
import { afterAll, describe, expect, expectTypeOf, it } from "vitest"
import { ApiKeys } from "../../src/http/ApiKeys.ts"
import { toWebHandler } from "../../src/http/layer.ts"
import type { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import { type Order, TenantId } from "../../src/order/Order.ts"
import { countStatements } from "../support/countStatements.ts"
import { embeddedStore } from "../support/embeddedFolder.ts"
import { fc, numRuns } from "../support/fastCheck.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { sharedLayer } from "../support/sharedLayer.ts"
import { laptop, newCaller, requestFor, shopOver } from "../support/world.ts"

const channels = ["web", "shop", "fair"] as const
const OwnData = Schema.Struct({
  channel: Schema.Literals(channels),
  boxes: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 }))),
  gift: Schema.optionalKey(Schema.Boolean),
  pickUpAt: Schema.optionalKey(Timestamp),
  label: Schema.optionalKey(Schema.String),
  tags: Schema.optionalKey(Schema.Array(Schema.String))
})
type OwnData = typeof OwnData.Type

const process = orderProcess("filtered", {
  data: OwnData,
  initial: { channel: "web" },
  filterBy: ["pickUpAt", "label", "boxes", "channel", "gift"]
})
  .command("pack", {
    description: "Says what was packed.",
    payload: Schema.Struct({ data: OwnData }),
    event: "order.packed",
    from: { pending: "pending", confirmed: "confirmed" },
    otherwise: { code: "NOT_PACKABLE", message: "Only an open order is packed.", remedy: "None." },
    data: ({ command }) => command.data
  })
  .command("remark", {
    description: "Remarks something.",
    event: "order.remarked",
    from: { pending: "pending", confirmed: "confirmed" },
    otherwise: { code: "NOT_REMARKABLE", message: "Only an open order is remarked on.", remedy: "None." }
  })
const { orders } = ordersUnder(process)

const stores: Readonly<Record<string, Layer.Layer<OrderStore>>> = {
  "in memory": Layer.fresh(memory),
  embedded: Layer.orDie(embeddedStore),
  "on PostgreSQL": Layer.orDie(postgresStore)
}

const ownData: fc.Arbitrary<OwnData> = fc.record(
  {
    channel: fc.constantFrom(...channels),
    boxes: fc.nat(2),
    gift: fc.boolean(),
    pickUpAt: fc.constantFrom("2026-12-01T10:00:00.000Z", "2026-12-01T10:00:00.001Z").map((text) => Timestamp.make(text)),
    label: fc.constantFrom("", "2", "true", '"', "\\u0000", "ä"),
    tags: fc.constant(["a"])
  },
  { requiredKeys: ["channel"] }
)

/** What is done with an order once it is placed. */
const step = fc.oneof(
  ownData.map((data) => ({ command: "pack", request: { data } }) as const),
  fc.constantFrom({ command: "remark" } as const, { command: "confirm" } as const, { command: "cancel" } as const)
)
const lives = fc.array(fc.record({ data: fc.option(ownData, { nil: undefined }), steps: fc.array(step, { maxLength: 3 }) }), {
  minLength: 1,
  maxLength: 8
})
const question = fc.record(
  {
    data: ownData.map(({ tags: _, ...data }) => data).chain((data) => fc.subarray(Object.entries(data), { minLength: 1 })),
    sortBy: fc.constantFrom("createdAt", "updatedAt", "orderId", "status", "totals.total"),
    sortDir: fc.constantFrom("asc", "desc"),
    limit: fc.integer({ min: 1, max: 5 }),
    status: fc.constantFrom("pending", "confirmed", "cancelled")
  },
  { requiredKeys: ["data", "sortBy", "sortDir", "limit"] }
)

describe.each(Object.entries(stores))("a list filtered by own data, %s", (_, store) => {
  const run = sharedLayer(shopOver(store, { process }))

  it("is the filtered whole list, page by page, whatever was done to the orders", () =>
    fc.assert(
      fc.asyncProperty(lives, fc.array(question, { minLength: 1, maxLength: 6 }), (lived, questions) =>
        run(isTheFilteredList(lived, questions))
      ),
      { numRuns: numRuns(12) }
    ))
})

type Lives = typeof lives extends fc.Arbitrary<infer Value> ? Value : never
type Question = typeof question extends fc.Arbitrary<infer Value> ? Value : never

const isTheFilteredList = Effect.fnUntraced(function* (lived: Lives, questions: ReadonlyArray<Question>) {
  const lifecycle = yield* OrderLifecycle
  const caller = newCaller()
  for (const { data, steps } of lived) {
    const { after } = yield* orders.place(caller, requestFor([laptop, 1]), data && { data })
    // What the order refuses changes nothing.
    for (const { command, ...more } of steps)
      yield* Effect.ignore(lifecycle.apply(caller, after.orderId, command, "request" in more ? more.request : {}))
  }
  for (const { data: entries, limit, status, sortBy, sortDir } of questions) {
    const data = Object.fromEntries(entries)
    const sort = { sortBy, sortDir, ...(status && { status }) } as const
    const whole = (yield* lifecycle.list(caller.tenantId, { ...sort, limit: 100 })).items
    const listed: Array<Order> = []
    let startAfter: string | null = null
    do {
      const page: { readonly items: ReadonlyArray<Order>; readonly nextCursor: string | null } = yield* lifecycle.list(
        caller.tenantId,
        { ...sort, data, limit, ...(startAfter !== null && { startAfter }) }
      )
      expect(page.nextCursor === null || page.items.length === limit).toBe(true)
      listed.push(...page.items)
      startAfter = page.nextCursor
    } while (startAfter !== null)
    expect(listed).toEqual(whole.filter((order) => entries.every(([member, value]) => order.data?.[member] === value)))
  }
})

describe("a filter by own data", () => {
  const run = sharedLayer(shopOver(Layer.fresh(memory), { process }))
  const bare = sharedLayer(shopOver(Layer.fresh(memory)))
  const { tenantId } = newCaller()
  const refused = (data: unknown) =>
    Effect.flatMap(OrderLifecycle, (lifecycle) => Effect.flip(lifecycle.list(tenantId, { data: data as {} })))

  it.each<[data: unknown, path: string, message: RegExp]>([
    [{ channel: "telephone" }, "data.channel", /"web" \| "shop" \| "fair"/],
    [{ boxes: 10 }, "data.boxes", /between 0 and 9/],
    [{ boxes: "1" }, "data.boxes", /number/],
    [{ gift: null }, "data.gift", /null/],
    [{ tags: ["a"] }, "data.tags", /is not a member that lists can be filtered by/],
    [{ colour: "red" }, "data.colour", /is not a member that lists can be filtered by/],
    [{ label: "\ud800" }, "data.label", /well-formed/],
    [{ label: "x".repeat(201) }, "data.label", /must not be longer than 200 characters/],
    ["web", "data", /object/]
  ])("is refused by name where it does not fit: %j", async (data, path, message) => {
    expect(await run(refused(data))).toMatchObject({
      _tag: "InvalidInput",
      code: "VALIDATION_ERROR",
      details: [{ path, message: expect.stringMatching(message) as unknown }]
    })
  })

  it("is refused by the name of each member where there is no process, and where one has no filters", async () => {
    const details = [{ path: "data.channel", code: "unexpected" }, { path: "data.boxes" }]
    expect(await bare(refused({ channel: "web", boxes: 1 }))).toMatchObject({ code: "VALIDATION_ERROR", details })
  })

  it("that asks for nothing lists all orders, and a text of any length can be kept", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { after } = yield* orders.place(caller, requestFor([laptop, 1]), {
          data: { channel: "web", label: "x".repeat(5_000) }
        })
        for (const data of [{}, { channel: "web" }])
          expect((yield* lifecycle.list(caller.tenantId, { data })).items).toEqual([after])
      })
    ))

  it("has the types of the process", async () => {
    const opened = await openOrders({ store: memoryStore(), catalogue: [], process })
    expect((await opened.list("demo", { data: { channel: "web", boxes: 1 } })).items).toEqual([])
    expectTypeOf(opened.list)
      .parameter(1)
      .toExtend<{ readonly data?: { readonly gift?: boolean | undefined } | undefined } | undefined>()
    void (() => {
      // @ts-expect-error: the member has no such value
      void orders.list(tenantId, { data: { channel: "telephone" } })
      // @ts-expect-error: the process has no such filter
      void orders.list(tenantId, { data: { tags: ["a"] } })
      // @ts-expect-error: the member has no such value
      void opened.list("demo", { data: { boxes: "1" } })
      // @ts-expect-error: there is no such member
      void opened.list("demo", { data: { colour: "red" } })
      // @ts-expect-error: lists are of no use to anybody by a list of words
      orderProcess("x", { data: OwnData, initial: { channel: "web" }, filterBy: ["tags"] })
      // @ts-expect-error: there is no such member
      orderProcess("x", { data: OwnData, initial: { channel: "web" }, filterBy: ["colour"] })
    })
    await opened.close()
  })
})

describe("a process with filters", () => {
  const load =
    (filterBy: unknown, fields: Schema.Struct.Fields = OwnData.fields) =>
    () =>
      lifecycleOf(
        "noActiveSubscriptions",
        orderProcess("x", { data: Schema.Struct(fields), initial: { channel: "web" }, filterBy } as never) as OrderProcess
      )

  it.each<[filterBy: unknown, fault: RegExp]>([
    [["colour"], /data: filterBy: the data have no member colour/],
    [["toString"], /data: filterBy: the data have no member toString/],
    [["tags"], /data: filterBy: the values of tags must be texts, numbers, or true and false, and of one kind/],
    [["channel", "gift", "channel"], /data: filterBy: channel is named twice/],
    ["channel", /data: filterBy: .*array/],
    [[""], /data: filterBy/]
  ])("does not load: %j", (filterBy, fault) => {
    expect(load(filterBy)).toThrow(WrongProcess)
    expect(load(filterBy)).toThrow(fault)
  })

  it("takes members of one kind of value each, however their schemas say it", () => {
    const channel = Schema.Literal("web")
    const filterable: ReadonlyArray<Schema.Struct.Fields[string]> = [
      Schema.NonEmptyString,
      Schema.optionalKey(Schema.Literals(["a", "b"])),
      Schema.Union([Schema.Literal(1), Schema.Finite]),
      Schema.TemplateLiteral(["a-", Schema.String])
    ]
    for (const member of filterable)
      expect(load(["member"], { channel: Schema.optionalKey(channel), member: Schema.optionalKey(member) })).not.toThrow()
    const others = [Schema.NullOr(Schema.String), Schema.Literals(["1", 1]), Schema.Json, Schema.Struct({})]
    for (const member of others)
      expect(load(["member"], { channel: Schema.optionalKey(channel), member: Schema.optionalKey(member) })).toThrow(
        /of one kind/
      )
  })

  it("is the only one whose changes of data are written for lists", () =>
    Effect.gen(function* () {
      const lifecycle = yield* OrderLifecycle
      const caller = newCaller()
      const written = (work: Effect.Effect<unknown, unknown>) =>
        Effect.map(countStatements(work), ({ statements }) => statements.filter((text) => text.includes("order_data")).length)
      const placing = lifecycle.place(caller, requestFor([laptop, 1]), { data: { channel: "web" } })
      expect(yield* written(placing)).toBe(1)
      const [{ orderId } = { orderId: "" as never }] = (yield* lifecycle.list(caller.tenantId)).items
      expect(yield* written(lifecycle.apply(caller, orderId, "remark"))).toBe(0)
      expect(yield* written(lifecycle.apply(caller, orderId, "pack", { data: { channel: "shop" } }))).toBe(1)
      expect(yield* written(lifecycle.cancel(caller, orderId))).toBe(0)
    }).pipe(Effect.provide(shopOver(postgresStore, { process })), Effect.scoped, Effect.runPromise))
})

describe("a filter by own data over HTTP", () => {
  const apiKeys = ApiKeys.layerStatic([{ key: Redacted.make("key"), actor: { userId: "ada" }, tenants: [TenantId.make("demo")] }])
  const serviceOver = (options?: { process: typeof process }) =>
    toWebHandler(Layer.mergeAll(shopOver(Layer.fresh(memory), options), apiKeys, Logger.layer([])))
  const service = serviceOver({ process })
  const bare = serviceOver()
  const call = async (method: string, path: string, body?: object, { handler } = service) => {
    const headers = { authorization: "Bearer key", "tenant-id": "demo", "content-type": "application/json" }
    const response = await handler(
      new Request(`http://orders.test${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) })
    )
    return { status: response.status, body: (await response.json()) as Record<string, never> }
  }
  afterAll(() => Promise.all([service.dispose(), bare.dispose()]))

  const place = async (data: object) =>
    String((await call("POST", "/v1/orders", { ...requestFor([laptop, 1]), data })).body["orderId"])
  const listed = async (query: string) =>
    ((await call("GET", `/v1/orders?${query}`)).body["orders"] as unknown as ReadonlyArray<{ orderId: string }>).map(
      ({ orderId }) => orderId
    )

  it("takes texts as they are, and numbers and booleans as JSON writes them", async () => {
    const web = await place({ channel: "web", boxes: 1, label: "1" })
    const shop = await place({ channel: "shop", gift: true, label: "a & b = ü" })
    expect(await listed("data.channel=web")).toEqual([web])
    expect(await listed("data.boxes=1")).toEqual([web])
    expect(await listed("data.boxes=1.0e0&data.label=1")).toEqual([web])
    expect(await listed("data.gift=true&limit=1&status=pending")).toEqual([shop])
    expect(await listed(`data.label=${encodeURIComponent("a & b = ü")}`)).toEqual([shop])
    expect(await listed("data.channel=web&data.gift=true")).toEqual([])
    expect(await listed("sortDir=asc")).toEqual([web, shop])
  })

  it("goes on behind a cursor", async () => {
    const placed = [await place({ channel: "fair" }), await place({ channel: "fair" }), await place({ channel: "fair" })]
    // Orders that were placed in one millisecond are listed by their ids.
    const all = await listed("data.channel=fair&sortDir=asc")
    expect(all.toSorted()).toEqual(placed.toSorted())
    const page = await call("GET", "/v1/orders?data.channel=fair&sortDir=asc&limit=2")
    expect((page.body["orders"] as unknown as ReadonlyArray<object>).length).toBe(2)
    const cursor = String(page.body["nextCursor"])
    expect(await listed(`data.channel=fair&sortDir=asc&limit=2&startAfter=${cursor}`)).toEqual(all.slice(2))
    expect(await listed("data.channel=fair&sortDir=desc&limit=2")).toEqual(all.toReversed().slice(0, 2))
    expect(await listed("data.channel=fair&sortBy=orderId&sortDir=asc")).toEqual(placed.toSorted())
  })

  it.each([
    ["data.channel=telephone", "data.channel"],
    ["data.boxes=one", "data.boxes"],
    ["data.boxes=+1", "data.boxes"],
    ["data.boxes=", "data.boxes"],
    ["data.boxes=1.00000000000000000001", "data.boxes"],
    ["data.gift=yes", "data.gift"],
    ["data.channel=web&data.channel=web", "data.channel"],
    ["data.colour=red", "data.colour"],
    ["data.tags=a", "data.tags"],
    ["data=web", "data"],
    ["data.=web", "data."]
  ])("refuses %s by name", async (query, path) => {
    expect(await call("GET", `/v1/orders?${query}`)).toMatchObject({
      status: 400,
      body: { error: { code: "VALIDATION_ERROR", details: [{ path }] } }
    })
  })

  it("is unknown without a process", async () => {
    expect(await call("GET", "/v1/orders?data.channel=web", undefined, bare)).toMatchObject({
      status: 400,
      body: { error: { code: "VALIDATION_ERROR", details: [{ path: "data.channel", code: "unknown_parameter" }] } }
    })
  })

  it("is described by a parameter for each member, with its schema", async () => {
    const described = async (of: typeof service) => {
      const { body } = await call("GET", "/openapi.json", undefined, of)
      const { paths } = body as unknown as {
        paths: Record<
          string,
          { get: { parameters: ReadonlyArray<{ name: string; in: string; required: boolean; schema: object }> } }
        >
      }
      return (paths["/v1/orders"]?.get.parameters ?? []).filter(({ name }) => name.startsWith("data"))
    }
    const parameters = await described(service)
    expect(parameters.map(({ name, schema, required }) => [name, schema, required])).toEqual([
      ["data.pickUpAt", { type: "string" }, false],
      ["data.label", { type: "string" }, false],
      ["data.boxes", { type: "integer", minimum: 0, maximum: 9 }, false],
      ["data.channel", { type: "string", enum: [...channels] }, false],
      ["data.gift", { type: "boolean" }, false]
    ])
    expect(await described(bare)).toEqual([])
  })
})
