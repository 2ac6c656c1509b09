/**
 * The security checklist, row by row, with the test that holds each. What no other test holds is tested here.
 *
 * |  # | Risk                    | Held by                                                                                            |
 * | -: | ----------------------- | -------------------------------------------------------------------------------------------------- |
 * |  1 | another tenant's orders | here: "a tenant whose ids are those of another"; `http/guards` "sees another tenant's ids as ids that do not exist" |
 * |  2 | authentication          | `http/guards` "a key"; `http/nodeServer` "refuses two keys"; `proof/hostileRequests` (identities)     |
 * |  3 | unknown members         | `proof/hostileBodies`; `http/contract` "with members nobody asked for"                                |
 * |  4 | greed                   | here: "a greedy client"; `http/guards` "a body", "limits"; `http/nodeServer` "a body of a gigabyte"    |
 * |  5 | slow clients            | `proof/hostileClients`                                                                             |
 * |  6 | what errors tell        | here: "an error of the database"; `http/guards` "what goes wrong inside"; `postgres/outcome` "a failed statement" |
 * |  7 | injection               | `http/contract` "keeps the reason exactly as given"; `proof/hostileRequests` (targets)               |
 * |  8 | Unicode                 | `http/guards` "a reason"; `order/Text.property`                                                      |
 * |  9 | log injection           | `http/guards` "the log"; `http/main` "one JSON line a request", whatever stands in it                 |
 * | 10 | response splitting      | `proof/hostileRequests` (headers, framing); `http/guards` "a request id"                              |
 * | 11 | paths                   | `http/guards` "a path"; `proof/hostileRequests` (targets)                                             |
 * | 12 | JSON traps              | `http/guards` "a body"; `proof/hostileBodies`                                                        |
 * | 13 | slow parsing            | here: "a text of a megabyte"                                                                        |
 * | 14 | races as attack         | `http/story` "of 64 cancels at once"; `lifecycle/OrderLifecycle.race`                                 |
 * | 15 | idempotency keys        | here: "idempotency keys"; `http/forgetExpiredKeys`; `http/guards` "may use an idempotency key that another tenant uses" |
 * | 16 | audit tampering         | `order/auditChain.property`; `postgres/schema` "an audit event"; `verify/*`                            |
 * | 17 | privacy                 | `order/auditChain.property` "verifies after any of its events were erased"; the contract of the store  |
 * | 18 | secrets                 | here: "a secret" (keys, connections, errors); `http/settings` "is taken as it is"; `postgres/PostgresConnection` "does not show its password" |
 * | 19 | caches                  | `isEnvelope` and `hasCommonHeaders` of `http/client`, on every answer                                  |
 * | 20 | row-level security      | decided against: it needs a transaction around every statement. Tenants are the first part of every key: `postgres/schema` "tenants" |
 * | 21 | supply chain            | here: "the package"                                                                                |
 * | 22 | undocumented routes     | `http/openApi` "describes every route there is"; every answer of `proof/hostile*` against the served description |
 * | 23 | shutdown                | `http/nodeServer` "a server that is told to end"; `http/main`; `http/crash`                            |
 * | 24 | clocks                  | here: "a clock that is set back"; `order/decide.property` "never goes back in time"                    |
 */
import { readFileSync } from "node:fs"
import { inspect } from "node:util"
import { gzipSync } from "node:zlib"
import { runInNewContext } from "node:vm"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import { describe, expect, it } from "vitest"
import { ApiKeys } from "../../src/http/ApiKeys.ts"
import { findRoute } from "../../src/http/routes.ts"
import { readCursor } from "../../src/lifecycle/Cursor.ts"
import { TenantId } from "../../src/order/Order.ts"
import { CancelOrder } from "../../src/order/commands/cancel.ts"
import { PlaceOrder } from "../../src/order/commands/place.ts"
import { StartSubscription } from "../../src/order/commands/startSubscription.ts"
import { reader } from "../../src/order/readInput.ts"
import * as PostgresConnection from "../../src/postgres/PostgresConnection.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { confirm, headOf, next, placing } from "../../src/testing/contractOrders.ts"
import { type Answer, openService, refusal } from "../http/client.ts"
import { amount, tried } from "../support/evidence.ts"
import { leakIn } from "../support/leaks.ts"
import { freshDatabase, onServer } from "../support/postgresDatabase.ts"
import { exchange } from "../support/rawHttp.ts"
import { recordedStore } from "../support/recordedStore.ts"
import { hangMs } from "../support/limits.ts"
import { runServer } from "../support/runningServer.ts"
import { pick, seeded } from "../support/seeded.ts"
import { laptop, requestFor } from "../support/world.ts"

describe("a tenant whose ids are those of another", () => {
  const calls = amount(500)

  it(`learns and changes nothing in ${calls} calls: every answer is what it would be without the other`, () =>
    seeded(async (random) => {
      const demo = TenantId.make("demo")
      const [alone, beside] = [recordedStore(), recordedStore()]
      const [service, twin] = [openService(alone.layer), openService(beside.layer)]
      // Both serve once, so that their stores are open.
      await Promise.all([service.call("GET", "/v1/orders"), twin.call("GET", "/v1/orders")])
      const ids = Array.from({ length: 20 }, (_, index) => `order-${index}`)
      for (const [index, orderId] of ids.entries()) {
        // Of Bob's own there are the even ones; of Ada's, in the other service only, there are all.
        const bobs = placing(TenantId.make("bobs"), { orderId, customerId: `customer-${index}`, email: `${index}@example.com` })
        for (const store of index % 2 === 0 ? [alone, beside] : []) await Effect.runPromise(store.store().commit([bobs]))
        const adas = placing(demo, { orderId, customerId: `customer-${index}`, email: `${index}@example.com` })
        await Effect.runPromise(beside.store().commit([adas]))
        if (index % 3 === 0) await Effect.runPromise(beside.store().commit([next(headOf(adas), confirm)]))
      }
      const before = await beside.contents(demo)
      const comparable = ({ status, text, headers }: Answer) => ({
        status,
        text: text.replaceAll(/"(?:updatedAt|at)":"[^"]*"/g, "").replaceAll(/"(?:previousHash|hash|nextCursor)":"[^"]*"/g, ""),
        headers: [...headers].filter(([name]) => name !== "date")
      })
      for (let number = 0; number < calls; number++) {
        const id = pick(random, [...ids, "nobody"])
        const [method, path, body] = pick<readonly [string, string, unknown?]>(random, [
          ["GET", `/v1/orders/${id}`],
          ["GET", `/v1/orders/${id}/events`],
          ["GET", `/v1/orders/${id}/cancellation`],
          ["GET", "/v1/orders?limit=100&sortBy=orderId"],
          ["GET", `/v1/subscriptions?orderId=${id}`],
          ["GET", "/v1/stock/LAPTOP"],
          ["POST", `/v1/orders/${id}/confirm`],
          ["PATCH", `/v1/orders/${id}/notes`, { notes: `n-${number}` }],
          ["POST", `/v1/orders/${id}/cancel`, { reason: "mine" }],
          ["POST", "/v1/subscriptions", { orderId: id, assetSerialNumber: "S", customerId: "another" }]
        ])
        const options = {
          headers: { authorization: "Bearer bob-key", "tenant-id": "bobs", "x-request-id": `call-${number}` },
          ...(body !== undefined && { body })
        }
        const [one, other] = [await service.call(method, path, options), await twin.call(method, path, options)]
        expect(comparable(other), `${method} ${path}`).toEqual(comparable(one))
      }
      expect(await beside.contents(demo)).toBe(before)
      tried("calls of a tenant beside a twin with the same ids", calls)
      await Promise.all([service.dispose(), twin.dispose()])
    }))
})

describe("a greedy client", () => {
  it("gets no compressed body in, however small it is: it is refused without being unpacked", async () => {
    const server = await runServer()
    const orderId = await server.place()
    const bomb = gzipSync(Buffer.alloc(12 * 1024 * 1024, " "), { level: 9 })
    expect(bomb.length).toBeLessThan(16 * 1024)
    for (const encoding of ["gzip", "deflate", "br", "gzip, gzip", "identity, gzip"]) {
      const answer = await server.call("POST", `/v1/orders/${orderId}/cancel`, {
        raw: Uint8Array.from(bomb),
        headers: { "content-encoding": encoding }
      })
      expect(refusal(answer)).toEqual([415, "UNSUPPORTED_MEDIA_TYPE"])
    }
    expect(await server.order(orderId)).toMatchObject({ status: "pending" })
    await server.close()
  })

  it("with 1,000 calls at once makes the service neither fall nor swell", async () => {
    const server = await runServer({ limits: { requestsInFlight: 100 } })
    const body = JSON.stringify({ ...requestFor([laptop, 1]), notes: "x".repeat(200_000) })
    const request = `POST /v1/orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ada-key\r\nTenant-ID: bobs\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    const before = process.memoryUsage().rss
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => exchange(server.port, [request])))
    // The client's 200 MB are in this process, too, one copy at most; the bodies are refused before they are read.
    expect(process.memoryUsage().rss - before).toBeLessThan(700 * 1024 * 1024)
    for (const answer of answers) expect(answer === "" || /^HTTP\/1\.1 (403|503) /.test(answer), answer.slice(0, 100)).toBe(true)
    expect(answers.filter((answer) => answer.startsWith("HTTP/1.1 403")).length).toBeGreaterThan(0)
    expect((await server.call("GET", "/health")).status).toBe(200)
    tried("calls at once of a greedy client", answers.length)
    await server.close()
  })
})

describe("a text of a megabyte", () => {
  const million = 1_000_000
  const texts = ["a", "@", "a@", "%", "%41", '"', "\\", '\\"', "-", "2026-", "0", " ", ":", "\u{1f600}", "eyJ"].flatMap(
    (part) => {
      const long = part.repeat(million / part.length)
      return [long, `${long}!`, `"${long}`, `x@${long}\n`]
    }
  )
  const parsers: Record<string, (text: string) => unknown> = {
    "an order": (text) =>
      reader(PlaceOrder)({
        ...requestFor([laptop, 1]),
        customer: { email: text, firstName: text, lastName: text },
        customFields: { [text]: text }
      }),
    "a reason": (reason) => reader(CancelOrder)({ reason }),
    "a subscription": (text) =>
      reader(StartSubscription)({ orderId: text, assetSerialNumber: text, customerId: text, sku: text, startDate: text }),
    "a cursor": (text) => readCursor("orders createdAt desc", "createdAt", text),
    "a path": (text) => findRoute("GET", `/v1/orders/${text}`)
  }

  it.each(Object.keys(parsers))("is read or refused in one go as %s", (name) => {
    for (const text of texts) {
      // A reader that looks at each character more than a few times would need hours; this one is stopped long before.
      const read = () => void parsers[name]?.(text)
      expect(() => runInNewContext("read()", { read }, { timeout: hangMs / 6 })).not.toThrow()
    }
    tried("texts of a megabyte read or refused", texts.length)
  })
})

/**
 * How many keys a tenant can have: as many as it may send requests within the lifetime of a key. There is no other quota, because each key
 * stands for an answer that was promised, and because a tenant that may place orders can fill the store with those just as well.
 */
describe("idempotency keys", () => {
  it("are kept for no more requests than the tenant may send, and not for those that are refused by shape", async () => {
    const store = recordedStore()
    const service = openService(store.layer, { limits: { burst: 1_000, requestsPerSecond: 0.001 } })
    const keys = amount(10_000, 1_500)
    const statuses = new Map<number, number>()
    for (let number = 0; number < keys; number++) {
      const { status } = await service.call("POST", "/v1/orders/nobody/cancel", {
        raw: number % 10 === 0 ? "[" : "{}",
        headers: { "idempotency-key": `key-${number}` }
      })
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
    expect([...statuses]).toEqual(
      expect.arrayContaining([
        [400, 100],
        [404, 900],
        [429, keys - 1_000]
      ])
    )
    expect(store.writes.map(({ what }) => what)).toEqual(Array.from({ length: 900 }, () => "refusal under a key"))
    tried("idempotency keys of a greedy tenant", keys)
    await service.dispose()
  })
})

describe("an error of the database", () => {
  /** One of every class that PostgreSQL has for what can go wrong while a statement runs, and the usual ones. */
  const states =
    "08006 0A000 21000 22021 22P02 23502 23503 23505 23514 25006 26000 28000 2BP01 34000 38000 39000 3D000 40001 40P01 42501 42P01 42703 44000 53100 53200 53300 54001 55000 55P03 57014 57P01 57P03 58030 72000 F0000 HV000 P0001 XX000".split(
      " "
    )

  it("of any class is answered with a code and a request id, and with nothing of what it says", () =>
    Effect.gen(function* () {
      const url = yield* freshDatabase
      const sql = Context.get(yield* Layer.build(PostgresConnection.layer({ url, maxConnections: 1 })), SqlClient.SqlClient)
      const service = openService(
        Layer.provide(PostgresOrderStore.layerMigrated, PostgresConnection.layer({ url, maxConnections: 2 }))
      )
      const place = () => Effect.promise(() => service.call("POST", "/v1/orders", { body: requestFor([laptop, 1]) }))
      expect((yield* place()).status).toBe(201)
      yield* sql`CREATE TABLE planted (state text)`
      yield* sql`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE planted text := (SELECT state FROM planted);
        BEGIN
          RAISE EXCEPTION 'orders_pkey at /src/order.ts' USING ERRCODE = planted, DETAIL = 'Key (tenant_id)', HINT = 'postgres',
                          CONSTRAINT = 'orders_pkey', TABLE = 'orders', SCHEMA = 'order_lifecycle', COLUMN = 'head_hash';
        END $$`
      yield* sql`CREATE TRIGGER fail BEFORE INSERT ON order_lifecycle.orders FOR EACH ROW EXECUTE FUNCTION fail()`
      for (const state of states) {
        yield* sql`DELETE FROM planted`
        yield* sql`INSERT INTO planted VALUES (${state})`
        const answer = yield* place()
        const [status, code] = refusal(answer)
        expect([state, status]).toEqual([state, code === "INTERNAL_ERROR" ? 500 : 503])
        expect(["INTERNAL_ERROR", "UNAVAILABLE", "OUTCOME_UNKNOWN"], state).toContain(code)
        const shown = answer.text + [...answer.headers].join("\n")
        expect([state, leakIn(shown)]).toEqual([state, undefined])
      }
      yield* sql`DROP TRIGGER fail ON order_lifecycle.orders`
      // None of them has spoiled a connection.
      expect((yield* place()).status).toBe(201)
      tried("classes and kinds of database errors, none of them shown", states.length)
      yield* Effect.promise(() => service.dispose())
    }).pipe(Effect.scoped, Effect.runPromise))
})

describe("a secret", () => {
  const show = (...all: ReadonlyArray<unknown>) =>
    inspect(all, { depth: 20, showHidden: true, maxStringLength: null }) + String(all)

  it("is not seen in the connections that are made with it, or in the errors when they are not", () =>
    Effect.gen(function* () {
      const password = "a-password-that-nobody-may-see"
      const owner = `keeper_of_${process.pid}`
      yield* Effect.acquireRelease(
        onServer((sql) => sql`CREATE ROLE ${sql(owner)} SUPERUSER LOGIN PASSWORD ${sql.literal(`'${password}'`)}`),
        () => Effect.orDie(onServer((sql) => sql`DROP ROLE ${sql(owner)}`))
      )
      // Made after its owner and so dropped before: an owner of anything cannot be.
      const url = new URL(Redacted.value(yield* freshDatabase))
      ;[url.username, url.password] = [owner, password]
      const options = { url: Redacted.make(url.href), maxConnections: 1 }
      const context = yield* Layer.build(
        Layer.fresh(PostgresOrderStore.layerMigrated.pipe(Layer.provideMerge(PostgresConnection.layer(options))))
      )
      const sql = Context.get(context, SqlClient.SqlClient)
      const mistake = yield* Effect.flip(sql`SELECT nothing`)
      const failures: Array<unknown> = []
      for (const [name, value] of [
        ["port", "9"],
        ["pathname", "/nowhere"],
        ["username", "nobody"]
      ] as const) {
        const other = new URL(url)
        other[name] = value
        failures.push(
          yield* Effect.flip(Effect.scoped(Layer.build(PostgresConnection.layer({ ...options, url: Redacted.make(other.href) }))))
        )
      }
      const shown = show(options, context, mistake, ...failures)
      expect(shown).toContain("SqlError")
      expect(shown).not.toContain(password)
    }).pipe(Effect.scoped, Effect.runPromise))

  it("is not seen in the services that know it", async () => {
    const secret = "a-key-that-nobody-may-see"
    const key = { key: Redacted.make(secret), actor: { userId: "ada" }, tenants: [TenantId.make("demo")] }
    const context = await Effect.runPromise(Effect.scoped(Layer.build(ApiKeys.layerStatic([key]))))
    const shown = inspect([key, context], { depth: 20, showHidden: true }) + JSON.stringify([key, context])
    expect(shown).not.toContain(secret)
    expect(shown).toContain("ApiKeys")
  })
})

describe("the package", () => {
  const read = (path: string) =>
    JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")) as Record<string, never>

  it("has at most three dependencies of its own, exact versions, and a lockfile that pins all of them by hash", () => {
    const { dependencies = {}, devDependencies = {} } = read("package.json") as Record<string, Record<string, string>>
    expect(Object.keys(dependencies).length).toBeLessThanOrEqual(3)
    // Exact, also where a package is installed under another name.
    for (const version of Object.values({ ...dependencies, ...devDependencies }))
      expect(version).toMatch(/^(?:npm:(?:@[\w-]+\/)?[\w-]+@)?\d+\.\d+\.\d+(?:-[\w.]+)?$/)
    const locked = Object.entries(
      (read("package-lock.json") as unknown as { packages: Record<string, Record<string, unknown>> }).packages
    )
    expect(locked.length).toBeGreaterThan(50)
    for (const [path, { integrity, link }] of locked) {
      if (path !== "" && link !== true) expect([path, integrity]).toEqual([path, expect.stringMatching(/^sha512-/)])
    }
  })
})

describe("a clock that is set back", () => {
  it("by an hour in the middle of it all neither turns an order's history round nor locks anybody out", async () => {
    let now = Date.UTC(2026, 10, 23, 12)
    const nanos = () => BigInt(now) * 1_000_000n
    const clock: Clock.Clock = {
      currentTimeMillisUnsafe: () => now,
      currentTimeMillis: Effect.sync(() => now),
      currentTimeNanosUnsafe: nanos,
      currentTimeNanos: Effect.sync(nanos),
      monotonicTimeNanosUnsafe: nanos,
      monotonicTimeNanos: Effect.sync(nanos),
      sleep: () => Effect.void
    }
    const store = recordedStore()
    const service = openService(Layer.provideMerge(store.layer, Layer.succeed(Clock.Clock, clock)))
    const orderId = await service.place(2)
    now -= 3_600_000
    await service.call("POST", `/v1/orders/${orderId}/confirm`)
    const { status, body } = await service.rent(orderId, "CLOCK-1")
    expect(status).toBe(201)
    now -= 3_600_000
    const rentalId = body["rentalId"] as string
    const ended = await service.call("POST", `/v1/subscriptions/${rentalId}/cancel`, { body: { rentalId, reason: "other" } })
    expect(ended.status).toBe(200)
    now += 7_200_000
    expect((await service.call("POST", `/v1/orders/${orderId}/cancel`)).status).toBe(200)
    const history = await Effect.runPromise(
      store.store().history(TenantId.make("demo"), ((await service.order(orderId)) as unknown as { orderId: never }).orderId)
    )
    const times = history.map(({ event }) => event.at)
    expect(times).toHaveLength(5)
    expect(times).toEqual(times.toSorted())
    expect(await store.broken(TenantId.make("demo"))).toEqual([])
    await service.dispose()
  })
})
