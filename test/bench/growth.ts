/**
 * The line `growth`: what a call costs in a store of a thousand orders, and what the same call costs in one that has grown to a hundred thousand. One
 * connection pool is opened on an empty store and kept; nothing is analysed by hand.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { AuditTrail } from "../../src/lifecycle/AuditTrail.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { OrderRecords } from "../../src/lifecycle/OrderRecords.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { Reservations } from "../../src/lifecycle/Reservations.ts"
import type { OrderId } from "../../src/order/Order.ts"
import * as PostgresConnection from "../../src/postgres/PostgresConnection.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { placing } from "../../src/testing/contractOrders.ts"
import { laptop, newCaller, requestFor, shopOver } from "../../src/testing/shop.ts"
import { verify } from "../../src/verify/verify.ts"
import { startPostgres } from "../support/startPostgres.ts"
import type { LineOfItsOwn } from "./measure.ts"

/** Orders in the store when it is measured. */
const sizes = [1_000, 10_000, 100_000]
/** Calls of each kind at each size, of which the median counts. */
const calls = 150
/** How many times as long as in the smallest store a call may take in the largest. */
const mostTimes = 1.3

const store = Layer.unwrap(
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(() => startPostgres({ isDurable: true })),
      (started) => Effect.promise(() => started.stop())
    ),
    ({ url }) =>
      PostgresOrderStore.layerMigrated.pipe(
        Layer.provide(PostgresConnection.layer({ url: Redacted.make(url), maxConnections: 4 }))
      )
  )
)

const wrong = (message: string): Error => new Error(`the work was not done: ${message}`)

/** Milliseconds that something takes. */
const timed = Effect.fnUntraced(function* <A, E, R>(work: Effect.Effect<A, E, R>) {
  const began = performance.now()
  const answer = yield* work
  return [performance.now() - began, answer] as const
})

const medianOf = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

const run = Effect.fnUntraced(function* (progress: (text: string) => void) {
  const services = yield* Layer.build(shopOver(store))
  const caller = newCaller()
  const { tenantId } = caller
  const orders = Context.get(services, OrderStore)
  const { cancel, get, list, place } = Context.get(services, OrderLifecycle)
  const trail = Context.get(services, AuditTrail)
  const reservations = Context.get(services, Reservations)
  yield* orders.addConsumer({ tenantId, consumer: "bench" }, "beginning")

  const ids: Array<OrderId> = []
  const grow = Effect.fnUntraced(function* (size: number) {
    while (ids.length < size) {
      // One after the other, as orders come.
      const changes = Array.from({ length: Math.min(500, size - ids.length) }, (_, n) =>
        placing(tenantId, { at: ids.length + n })
      )
      const outcomes = yield* orders.commit(changes)
      if (outcomes.some((outcome) => outcome !== "committed")) throw wrong("orders were not placed")
      ids.push(...changes.map(({ transition }) => transition.after.orderId))
      if (ids.length % 10_000 === 0) progress(`growth: ${ids.length} orders`)
    }
  })
  // Spread over all there are; never the same one twice.
  let next = 0
  const another = (): OrderId => {
    next = (next + 7_919) % ids.length
    const id = ids[next]
    if (id === undefined) throw wrong("there are no orders")
    return id
  }

  const kinds: Readonly<Record<string, () => Effect.Effect<unknown, unknown>>> = {
    get: () => get(tenantId, another()),
    cancel: () => {
      // The newest are pending.
      const id = ids.pop()
      return id === undefined ? Effect.die(wrong("there are no orders")) : cancel(caller, id, { reason: "changed my mind" })
    },
    place: () => place(caller, requestFor([laptop, 1])),
    history: () => trail.history(tenantId, another()),
    stock: () => reservations.stock(tenantId, laptop),
    "list, newest": () => list(tenantId, { limit: 20 }),
    "list, by status": () => list(tenantId, { limit: 20, status: ["pending"] }),
    "lease of 100 events": () =>
      Effect.gen(function* () {
        const lease = yield* orders.leaseEvents({ tenantId, consumer: "bench", limit: 100, leaseMs: 60_000 })
        if (lease === null || lease.deliveries.length !== 100) throw wrong("there was nothing to lease")
      })
  }

  const medians = new Map<string, Array<number>>()
  const note = (kind: string, ms: number) => medians.set(kind, [...(medians.get(kind) ?? []), ms])
  for (const size of sizes) {
    yield* grow(size)
    // What the server does by itself, now and then, is given the time to happen.
    yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 2_000)))
    for (const [kind, call] of Object.entries(kinds)) {
      progress(`growth: ${kind} with ${size} orders`)
      const times: Array<number> = []
      const often = kind === "lease of 100 events" ? 5 : calls
      for (let n = 0; n < often; n++) times.push((yield* timed(call()))[0])
      note(kind, medianOf(times))
    }
    progress(`growth: verify with ${size} orders`)
    const [ms, violations] = yield* timed(
      Stream.runCollect(verify({ tenantId })).pipe(Effect.provideService(OrderRecords, Context.get(services, OrderRecords)))
    )
    if (violations.length > 0) throw wrong(violations.map(({ message }) => message).join("; "))
    note("verify, per order", ms / size)
  }
  return medians
})

const shown = (ms: number): string => `${ms.toLocaleString("en", { maximumSignificantDigits: 3 })} ms`

export const growth: LineOfItsOwn = {
  name: "growth",
  measure: async (_, progress) => {
    const medians = await Effect.runPromise(Effect.scoped(run(progress)))
    const rows = [...medians].map(([kind, times]) => {
      const ratio = (times.at(-1) ?? Number.NaN) / (times[0] ?? Number.NaN)
      return { kind, times, ratio, isReached: ratio <= mostTimes }
    })
    return {
      tables: [
        [
          ["median of a call, in a store of", ...sizes.map((size) => `${size.toLocaleString("en")} orders`), "ratio", "target"],
          ...rows.map(({ kind, times, ratio, isReached }) => [
            kind,
            ...times.map(shown),
            `${ratio.toLocaleString("en", { maximumSignificantDigits: 3 })}×`,
            `${isReached ? "reached" : "MISSED"}: ≤ ${mostTimes}×`
          ])
        ]
      ],
      figures: { sizes, calls: Object.fromEntries(rows.map(({ kind, times, ratio }) => [kind, { ms: times, ratio }])) }
    }
  }
}
