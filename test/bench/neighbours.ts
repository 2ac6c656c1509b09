/**
 * The line `neighbours`: what one tenant can do to the others, on a service of its own process over HTTP, on a real PostgreSQL.
 *
 * First, how much longer a page of subscriptions takes when all of them belong to one large order than when each has a small order of its
 * own. Then, how long another tenant waits for `place`, alone and beside three kinds of trouble. Places are sent twenty a second, whether or
 * not the one before has been answered, so that no slow answer hides the waiting behind it.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import { type Change, OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { OrderId, TenantId } from "../../src/order/Order.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { confirm, headOf, next, placing, start } from "../../src/testing/contractOrders.ts"
import { patientSettings } from "../support/patientSettings.ts"
import { serve, stop } from "../support/servedProcess.ts"
import { startPostgres } from "../support/startPostgres.ts"
import type { Answered, Load } from "./load.ts"
import type { LineOfItsOwn } from "./measure.ts"

/** Subscriptions of the large order, how many a page has, and how much longer its page may take. */
const [large, page, mostTimes] = [1_500, 100, 5]
/** Places in a second, how many are measured, and how much longer the slowest tenth may take beside a neighbour. */
const [placesPerSecond, places, timesAlone, moreMs] = [20, 100, 10, 50]

const tenants = { large: TenantId.make("large"), small: TenantId.make("small"), other: TenantId.make("other") }
const key = "bench"
const headersOf = (tenantId: TenantId) => ({
  Authorization: `Bearer ${key}`,
  "Tenant-ID": tenantId,
  "Content-Type": "application/json"
})

const quantile = (values: ReadonlyArray<number>, share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))] ?? Number.NaN

const wrong = (message: string): Error => new Error(`the work was not done: ${message}`)

// --- what is there -----------------------------------------------------------------------------------------------------------------------

const commit = Effect.fnUntraced(function* (changes: ReadonlyArray<Change>) {
  const store = yield* OrderStore
  const outcomes = yield* store.commit(changes)
  if (outcomes.some((outcome) => outcome !== "committed")) throw wrong(`a commit was a ${outcomes.join()}`)
  return changes
})

/** One order with many subscriptions for one tenant, many orders with one each for another, and an order that is going to be locked. */
const fill = Effect.fnUntraced(function* (progress: (text: string) => void) {
  const locked = placing(tenants.large, { orderId: "locked" })
  yield* commit([locked])
  let small: ReadonlyArray<Change> = yield* commit(
    Array.from({ length: page }, () => placing(tenants.small, { items: [{ sku: "LAPTOP", quantity: 1 }] }))
  )
  small = yield* commit(small.map((change) => next(headOf(change), confirm)))
  yield* commit(
    small.map((change, n) => {
      const head = headOf(change)
      return next(head, start(head.order, "LAPTOP", `small ${n}`))
    })
  )
  let [head] = (yield* commit([placing(tenants.large, { items: [{ sku: "LAPTOP", quantity: large }] })])).map(headOf)
  for (let n = 0; head !== undefined && n <= large; n++) {
    if (n % 100 === 0) progress(`neighbours: an order with ${n} of ${large} subscriptions`)
    ;[head] = (yield* commit([next(head, n === 0 ? confirm : start(head.order, "LAPTOP", `large ${n}`))])).map(headOf)
  }
  const sql = yield* SqlClient.SqlClient
  const counts = yield* sql<{ tenant: string; count: number }>`
    SELECT tenant_id AS tenant, count(*)::int AS count FROM order_lifecycle.subscriptions GROUP BY tenant_id ORDER BY count`
  if (counts.map(({ count }) => count).join() !== `${page},${large}`) throw wrong(`there are ${JSON.stringify(counts)}`)
  // As the server does it by itself, sooner or later: so that it does not happen in the middle.
  yield* sql`ANALYZE`
})

// --- what is asked -----------------------------------------------------------------------------------------------------------------------

interface Listed {
  readonly rentals: ReadonlyArray<{ readonly rentalId: string }>
}

/** A page of a tenant's subscriptions, and how long it took in milliseconds: for ever when the service turned it away (503). */
const list = async (url: string, tenantId: TenantId): Promise<number> => {
  const began = performance.now()
  const response = await fetch(`${url}/v1/subscriptions?limit=${page}`, { headers: headersOf(tenantId) })
  const text = await response.text()
  const ms = performance.now() - began
  if (response.status === 503) return Infinity
  const listed = JSON.parse(text) as Listed
  if (response.status !== 200 || listed.rentals.length !== page) throw wrong(`a list is answered ${response.status}`)
  return ms
}

const order = JSON.stringify({
  customer: { email: "grace@example.com", firstName: "Grace", lastName: "Hopper" },
  billingAddress: { contactName: "Grace Hopper", streetAddress: "Quay 1", city: "Rotterdam", country: "NL" },
  items: [{ sku: "EBIKE-CITY-500", quantity: 1 }]
})

/**
 * Place orders at a steady pace; how long each took from the moment at which it was due, in milliseconds. One that is turned away (503) took
 * for ever.
 */
const placeAll = (url: string): Promise<ReadonlyArray<number>> =>
  Promise.all(
    Array.from({ length: places }, async (_, n) => {
      const dueMs = performance.now() + (n * 1_000) / placesPerSecond
      await new Promise((due) => setTimeout(due, Math.max(0, dueMs - performance.now())))
      const response = await fetch(`${url}/v1/orders`, { method: "POST", headers: headersOf(tenants.other), body: order })
      const text = await response.text()
      if (response.status === 503) return Infinity
      if (response.status !== 201) throw wrong(`an order of the other tenant is answered ${response.status} ${text}`)
      return performance.now() - dueMs
    })
  )

const program = fileURLToPath(new URL("load.ts", import.meta.url))

/** Do something beside a load. Throws unless the load was answered, and only as expected. */
const beside = async <A>(load: Load, statuses: ReadonlyArray<string>, use: () => Promise<A>) => {
  const child = spawn(process.execPath, [program, JSON.stringify(load)], { stdio: ["ignore", "pipe", "inherit"] })
  let output = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text))
  const ended = once(child, "close")
  try {
    await Promise.race([once(child.stdout, "data"), ended])
    const answer = await use()
    child.kill("SIGTERM")
    await ended
    const answered = JSON.parse(output.split("\n")[1] ?? "") as Answered
    const others = Object.keys(answered).filter((status) => !statuses.includes(status))
    if (others.length > 0) throw wrong(`${load.method} ${load.path} is answered ${JSON.stringify(answered)}`)
    return { answer, answered }
  } finally {
    child.kill("SIGKILL")
  }
}

/** Hold an order's row in a session of one's own, as an operator's forgotten transaction does, while something is done. */
const whileLocked = <A>(orderId: string, use: () => Promise<A>) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [locked, done] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
    const holder = yield* sql
      .withTransaction(
        Effect.gen(function* () {
          yield* sql`SELECT 1 FROM order_lifecycle.orders WHERE order_id = ${orderId} FOR UPDATE`
          yield* Deferred.succeed(locked, undefined)
          yield* Deferred.await(done)
        })
      )
      .pipe(Effect.forkChild)
    yield* Deferred.await(locked)
    const answer = yield* Effect.promise(use)
    yield* Deferred.succeed(done, undefined)
    yield* Fiber.join(holder)
    return answer
  })

// --- the line ----------------------------------------------------------------------------------------------------------------------------

const server = Effect.acquireRelease(
  Effect.promise(() => startPostgres()),
  (started) => Effect.promise(() => started.stop())
)

const service = (databaseUrl: string) => {
  const apiKeys = JSON.stringify([{ key, userId: "bench", tenants: Object.values(tenants) }])
  return Effect.acquireRelease(
    Effect.promise(() => serve({ DATABASE_URL: databaseUrl, API_KEYS: apiKeys })),
    (served) => Effect.promise(() => stop(served))
  )
}

const ms = (value: number): string =>
  value === Infinity ? "turned away" : `${value.toLocaleString("en", { maximumSignificantDigits: 3 })} ms`
const reached = (isReached: boolean, target: string): string => `${isReached ? "reached" : "MISSED"}: ${target}`

const run = Effect.fnUntraced(function* (rounds: number, progress: (text: string) => void) {
  const postgres = yield* server
  const client = PgClient.layer({ url: Redacted.make(postgres.url), maxConnections: 2, startupParameters: patientSettings })
  const database = yield* Layer.build(PostgresOrderStore.layerMigrated.pipe(Layer.provideMerge(client)))
  yield* Effect.provideContext(fill(progress), database)
  const { url } = yield* service(postgres.url)

  const [inLarge, inSmall]: [Array<number>, Array<number>] = [[], []]
  for (let n = 0; n < 4 * rounds; n++) {
    progress(`neighbours: pages of subscriptions, ${n + 1} of ${4 * rounds}`)
    inSmall.push(yield* Effect.promise(() => list(url, tenants.small)))
    inLarge.push(yield* Effect.promise(() => list(url, tenants.large)))
  }
  const pages = { largeMs: quantile(inLarge, 0.5), smallMs: quantile(inSmall, 0.5) }
  const times = pages.largeMs / pages.smallMs

  progress("neighbours: places alone, for the compiler and then measured")
  yield* Effect.promise(() => placeAll(url))
  const alone = yield* Effect.promise(() => placeAll(url))
  const allowedMs = quantile(alone, 0.9) * timesAlone + moreMs

  const headers = headersOf(tenants.large)
  const placing = () => placeAll(url)
  progress("neighbours: places beside ten lists a second")
  const lists: Load = { url, headers, method: "GET", path: `/v1/subscriptions?limit=${page}`, pace: { perSecond: 10 } }
  const besideLists = yield* Effect.promise(() => beside(lists, ["200", "503"], placing))
  progress("neighbours: places beside 30 readers of /docs")
  const readers: Load = { url, headers: {}, method: "GET", path: "/docs", pace: { atOnce: 30 } }
  const besideReaders = yield* Effect.promise(() => beside(readers, ["200", "503"], placing))
  progress("neighbours: places beside 60 cancels of a locked order")
  const cancels: Load = { url, headers, method: "POST", path: "/v1/orders/locked/cancel", pace: { atOnce: 60 } }
  // Those that were still asked when the lock was let go are done: the first of them, and the others find it done.
  const besideCancels = yield* Effect.provideContext(
    whileLocked("locked", () => beside(cancels, ["503"], placing)),
    database
  )
  const store = yield* Effect.provideContext(OrderStore, database)
  const locked = yield* store.history(tenants.large, OrderId.make("locked"))
  if (locked.length !== 1) throw wrong("a locked order was cancelled")

  const beforeAndAfter = [
    { what: "alone", answer: alone, answered: {} },
    { what: "beside 10 lists a second of the large order", ...besideLists },
    { what: "beside 30 readers of /docs", ...besideReaders },
    { what: "beside 60 cancels of a row locked from outside", ...besideCancels }
  ].map(({ what, answer, answered }) => ({
    what,
    p50Ms: quantile(answer, 0.5),
    p90Ms: quantile(answer, 0.9),
    mostMs: Math.max(...answer),
    turnedAway: answer.filter((each) => each === Infinity).length,
    answered
  }))

  const tables = [
    [
      [`a page of ${page} subscriptions`, "median", "ratio", "target"],
      [`each of an order of its own`, ms(pages.smallMs), "1", ""],
      [`all of one order of ${large}`, ms(pages.largeMs), times.toFixed(1), reached(times <= mostTimes, `at most ${mostTimes}×`)]
    ],
    [
      [
        `another tenant's place, ${placesPerSecond} a second`,
        "p50",
        "p90",
        "most",
        "p90 to alone",
        "target for p90",
        "the load was answered"
      ],
      ...beforeAndAfter.map(({ what, p50Ms, p90Ms, mostMs, answered }, n) => [
        what,
        ms(p50Ms),
        ms(p90Ms),
        ms(mostMs),
        (p90Ms / quantile(alone, 0.9)).toFixed(1),
        n === 0 ? "" : reached(p90Ms <= allowedMs, `at most ${ms(allowedMs)} (${timesAlone}× alone + ${moreMs} ms)`),
        Object.entries(answered)
          .map(([status, count]) => `${count} × ${status}`)
          .join(", ")
      ])
    ]
  ]
  return { tables, figures: { pages, allowedMs, place: beforeAndAfter } }
})

export const neighbours: LineOfItsOwn = {
  name: "neighbours",
  measure: (rounds, progress) => Effect.runPromise(Effect.scoped(run(rounds, progress)))
}
