/**
 * Workers in processes of their own give due commands on one PostgreSQL, and are killed: each command is given once in effect, none before its
 * moment, and what a killed worker had in its hands is due again when its lease is over.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import { expect, it } from "vitest"
import { Due } from "../../src/lifecycle/Due.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { expiry } from "../../src/order/due.ts"
import type { TenantId } from "../../src/order/Order.ts"
import { fromMillis } from "../../src/order/Timestamp.ts"
import { freshTenant, placing } from "../../src/testing/contractOrders.ts"
import { dueProofTable, dueShop } from "../support/dueShop.ts"
import type { DueWorkerTask } from "../support/dueWorkerProcess.ts"
import { amount, tried } from "../support/evidence.ts"
import { currentDatabase } from "../support/faultyPostgres.ts"
import { databaseNamed, postgresStore } from "../support/postgresDatabase.ts"
import { pick, type Random, seeded, whole } from "../support/seeded.ts"
import { sharedLayer } from "../support/sharedLayer.ts"
import { pauseOf, until } from "../support/waiting.ts"
import { shopOver } from "../support/world.ts"

const services = Layer.provideMerge(shopOver(postgresStore, { process: dueShop }), postgresStore)
const run = sharedLayer(
  Layer.provideMerge(
    Layer.effectDiscard(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        for (const statement of dueProofTable) yield* sql.unsafe(statement)
      })
    ),
    services
  )
)

const [orders, atOnce, workers, killEveryMs] = [amount(1_500, 500), 250, 3, 1_000]

/** Orders that are reminded of within some seconds from now, by the database's clock. */
const placeWaiting = Effect.fnUntraced(function* (random: Random, tenantId: TenantId, count: number, withinMs: number) {
  const store = yield* OrderStore
  const nowMs = yield* databaseNow
  const { afterMs: _, ...rule } = { ...expiry("pending", 0), name: "remind", command: "remind" as never, payload: {} }
  for (let from = 0; from < count; from += atOnce) {
    const changes = Array.from({ length: Math.min(atOnce, count - from) }, () => ({
      ...placing(tenantId),
      due: { set: [{ ...rule, since: 1, at: fromMillis(nowMs + whole(random, 0, withinMs + 1)) }], cleared: [] }
    }))
    expect(new Set(yield* store.commit(changes))).toEqual(new Set(["committed"]))
  }
})

const workersConnected = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ count: number }>`SELECT count(*)::float8 AS count FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'due worker'`
  return row?.count
})

const databaseNow = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ ms: number }>`SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms`
  return row?.ms ?? 0
})

/** How many commands wait, how many are leased, and in how many ms the last of those leases is over. */
const waitingOf = Effect.fnUntraced(function* (tenantId: TenantId) {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ waiting: number; leased: number; over_in_ms: number | null }>`
    SELECT count(*)::float8 AS waiting, count(lease_id)::float8 AS leased,
           (extract(epoch FROM max(due_at) FILTER (WHERE lease_id IS NOT NULL) - clock_timestamp()) * 1000)::float8 AS over_in_ms
      FROM order_lifecycle.due_commands WHERE tenant_id = ${tenantId}`
  return { waiting: row?.waiting ?? 0, leased: row?.leased ?? 0, overInMs: row?.over_in_ms ?? null }
})

it(`${orders} due commands are given once each, none before its moment, by workers of which one is killed every second`, () =>
  seeded((random) =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const tenantId = freshTenant()
      const url = Redacted.value(databaseNamed(yield* currentDatabase))
      const atWork: Array<Worker> = []
      const another = Effect.gen(function* () {
        const worker = yield* workerOf(url, { leaseMs: 2_000, limit: 20, dieAt: null })
        yield* worker.begin
        atWork.push(worker)
      })
      yield* Effect.all(
        Array.from({ length: workers }, () => another),
        { concurrency: "unbounded" }
      )
      yield* placeWaiting(random, tenantId, orders, 5_000)
      let kills = 0
      const killing = yield* Effect.forkChild(
        Effect.forever(
          Effect.gen(function* () {
            yield* Effect.promise(() => pauseOf(killEveryMs))
            const victim = pick(random, atWork)
            atWork.splice(atWork.indexOf(victim), 1)
            victim.kill()
            kills++
            yield* another
          })
        )
      )
      yield* until(Effect.map(waitingOf(tenantId), ({ waiting }) => waiting === 0))
      yield* Fiber.interrupt(killing)

      const [given] = yield* sql<{ orders: number; rows: number; early: number; twice: number }>`
        SELECT count(DISTINCT g.order_id)::float8 AS orders, count(*)::float8 AS rows,
               count(*) FILTER (WHERE g.given_at < (e.event ->> 'at')::timestamptz)::float8 AS early,
               count(*) FILTER (WHERE o.version <> 2 OR o.data ->> 'reminders' <> '1')::float8 AS twice
          FROM due_proof.given g
          JOIN order_lifecycle.orders o ON o.tenant_id = g.tenant_id AND o.order_id = g.order_id
          JOIN order_lifecycle.audit_events e ON e.tenant_id = g.tenant_id AND e.order_id = g.order_id AND e.sequence = g.sequence
         WHERE g.tenant_id = ${tenantId}`
      // An event is never before the moment that its command was due at, so a row of before that is one of before its moment.
      expect(given).toEqual({ orders, rows: orders, early: 0, twice: 0 })
      expect(kills).toBeGreaterThan(0)
      tried("due commands given by workers that were killed", orders)
    }).pipe(Effect.scoped, run)
  ))

it("what a killed worker had in its hands is due again when its lease is over, and not before", () =>
  seeded((random) =>
    Effect.gen(function* () {
      const tenantId = freshTenant()
      const url = Redacted.value(databaseNamed(yield* currentDatabase))
      const { run: give } = yield* Due
      const lifecycle = yield* OrderLifecycle
      const leaseMs = 3_000
      yield* placeWaiting(random, tenantId, 20, 0)
      const victim = yield* workerOf(url, { leaseMs, limit: 20, dieAt: 5 })
      yield* victim.begin
      expect(yield* Effect.promise(() => victim.ended)).toBe("SIGKILL")
      // What the server had in its hands when the worker died is done.
      yield* until(Effect.map(workersConnected, (count) => count === 0))
      const { leased, overInMs } = yield* waitingOf(tenantId)
      // Some were given, and the others are leased for no longer than they were asked for.
      expect(leased).toBeGreaterThanOrEqual(16)
      expect(leased).toBeLessThan(20)
      expect(overInMs).toBeLessThanOrEqual(leaseMs)
      const early = yield* give({ tenantId })
      if (early.given > 0) expect((yield* waitingOf(tenantId)).overInMs ?? 0).toBeLessThanOrEqual(0)
      yield* until(Effect.map(waitingOf(tenantId), ({ overInMs: left }) => (left ?? 0) <= 0))
      const late = yield* give({ tenantId })
      expect(early.given + late.given).toBe(leased)
      const { items } = yield* lifecycle.list(tenantId, { limit: 50 })
      expect(items.map(({ version, data }) => [version, data?.["reminders"]])).toEqual(Array.from({ length: 20 }, () => [2, 1]))
    }).pipe(Effect.scoped, run)
  ))

const script = fileURLToPath(new URL("../support/dueWorkerProcess.ts", import.meta.url))

interface Worker {
  readonly ended: Promise<NodeJS.Signals | number>
  readonly begin: Effect.Effect<void>
  readonly kill: () => void
}

/** A worker in a process of its own (`dueWorkerProcess.ts`); it is gone when the scope closes. */
const workerOf = (url: string, task: DueWorkerTask) =>
  Effect.acquireRelease(
    Effect.sync((): Worker => {
      const child = spawn(process.execPath, [script, url, JSON.stringify(task)], { stdio: ["pipe", "pipe", "inherit"] })
      const ended = once(child, "exit").then(([code, signal]) => (signal ?? code) as NodeJS.Signals | number)
      const ready = Promise.race([
        once(child.stdout, "data"),
        ended.then((how) => Promise.reject(new Error(`the worker ended with ${how} before it was ready`)))
      ])
      return {
        ended,
        begin: Effect.promise(async () => {
          await ready
          child.stdin.write("begin\n")
        }),
        kill: () => void child.kill("SIGKILL")
      }
    }),
    ({ kill, ended }) =>
      Effect.promise(() => {
        kill()
        return ended
      })
  )
