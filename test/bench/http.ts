/**
 * Lines over HTTP, on one PostgreSQL that waits for the disk: the service as its users start it, beside Fastify with what is written by hand
 * (`byHand.ts`), each in a process of its own. The service checks a key, reads the body strictly and keeps every promise.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import type { Pool } from "pg"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { TenantId } from "../../src/order/Order.ts"
import * as PostgresConnection from "../../src/postgres/PostgresConnection.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { placing } from "../../src/testing/contractOrders.ts"
import { serve, type Served, stop } from "../support/servedProcess.ts"
import { startPostgres, type StartedPostgres } from "../support/startPostgres.ts"
import { cancelledOf, openPool, placeByHand } from "./byHand.ts"
import { type Request, sendAll } from "./connections.ts"
import type { Contender, Line } from "./measure.ts"

const tenantId = TenantId.make("bench")
const key = "bench"
const headers = { authorization: `Bearer ${key}`, "tenant-id": tenantId, "content-type": "application/json" }

const wrong = (message: string): Error => new Error(`the work was not done: ${message}`)

/** Everything that is started, for all lines: they are measured one after the other, and the last one ends it. */
interface Surroundings {
  readonly postgres: StartedPostgres
  readonly orders: Pool
  readonly fastify: { readonly url: string; readonly process: ChildProcess }
  readonly served: Served
  readonly store: Context.Context<OrderStore | SqlClient.SqlClient>
  readonly scope: Scope.Closeable
}

const begin = async (): Promise<Surroundings> => {
  const postgres = await startPostgres({ isDurable: true })
  const { url } = postgres
  const scope = Scope.makeUnsafe()
  const store = await Effect.runPromise(
    Layer.buildWithScope(
      PostgresOrderStore.layerMigrated.pipe(
        Layer.provideMerge(PostgresConnection.layer({ url: Redacted.make(url), maxConnections: 2 }))
      ),
      scope
    )
  )
  const orders = await openPool(url)
  const served = await serve({
    DATABASE_URL: url,
    API_KEYS: JSON.stringify([{ key, userId: "bench", tenants: [tenantId] }])
  })
  const child = spawn(process.execPath, [fileURLToPath(new URL("fastifyServer.ts", import.meta.url)), url], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  const [line] = (await once(child.stdout, "data")) as [Buffer]
  return { postgres, orders, served, store, scope, fastify: { url: line.toString().trim(), process: child } }
}

let begun: Promise<Surroundings> | undefined
const surroundings = (): Promise<Surroundings> => (begun ??= begin())

const end = async (): Promise<void> => {
  const { postgres, orders, fastify, served, scope } = await surroundings()
  begun = undefined
  fastify.process.kill()
  await stop(served)
  await orders.end()
  await Effect.runPromise(Scope.close(scope, Exit.void))
  await postgres.stop()
}

/** Pending orders of two lines in the library's tables; their ids. */
const place = async (size: number): Promise<ReadonlyArray<string>> => {
  const { store } = await surroundings()
  const changes = Array.from({ length: size }, () => placing(tenantId))
  for (let first = 0; first < size; first += 200)
    await Effect.runPromise(Context.get(store, OrderStore).commit(changes.slice(first, first + 200)))
  return changes.map(({ transition }) => transition.after.orderId)
}

/** How many of these orders are cancelled and have their event. */
const cancelled = async (ids: ReadonlyArray<string>): Promise<number> => {
  const { store } = await surroundings()
  const sql = Context.get(store, SqlClient.SqlClient)
  const [row] = await Effect.runPromise(
    sql<{ done: number }>`
      SELECT count(*)::int AS done FROM order_lifecycle.orders o
        JOIN order_lifecycle.audit_events e ON e.tenant_id = o.tenant_id AND e.order_id = o.order_id AND e.sequence = 2
       WHERE o.tenant_id = ${tenantId} AND o.status = 'cancelled' AND o.order_id IN ${sql.in(ids)}`
  )
  return row?.done ?? 0
}

const contender = (
  name: string,
  urlOf: (all: Surroundings) => string,
  ids: (size: number) => Promise<ReadonlyArray<string>>,
  connections: number,
  requestOf: (id: string) => Request,
  doneOf?: (ids: ReadonlyArray<string>) => Promise<number>
): Contender => ({
  name,
  prepare: async (size) => {
    const url = urlOf(await surroundings())
    const orders = await ids(size)
    let answered = 0
    return {
      work: async () => {
        answered = (await sendAll(url, connections, orders.map(requestOf))).length
      },
      check: async () => {
        const done = (await doneOf?.(orders)) ?? answered
        if (done !== size) throw wrong(`${done} of ${size} requests were carried out`)
      }
    }
  }
})

const ofFastify = ({ fastify }: Surroundings): string => fastify.url
const ofService = ({ served }: Surroundings): string => served.url
const byHand = async (size: number) => placeByHand((await surroundings()).orders, size)
const body = JSON.stringify({ reason: "changed my mind" })
const ours = "the service, statements shared"

const cancelOver = (connections: number, size: number): Line => ({
  name: `http-cancel-${connections}`,
  what: `durable cancels over HTTP, ${connections} connections`,
  unit: "cancels",
  size,
  contenders: [
    contender(
      "Fastify with a hand-written transaction",
      ofFastify,
      byHand,
      connections,
      (id) => ({ method: "POST", path: `/orders/${id}/cancel` }),
      async (ids) => cancelledOf((await surroundings()).orders, ids)
    ),
    contender(
      ours,
      ofService,
      place,
      connections,
      (id) => ({ method: "POST", path: `/v1/orders/${id}/cancel`, headers: { ...headers, "idempotency-key": id }, body }),
      cancelled
    )
  ],
  targets: { [ours]: 2 },
  by: "perSecond",
  end
})

/** Cancels by many at once, and reads: each over HTTP. */
export const httpLines: ReadonlyArray<Line> = [
  cancelOver(64, 2_000),
  cancelOver(512, 2_000),
  {
    name: "http-get",
    what: "orders read over HTTP, 64 connections",
    unit: "orders",
    size: 4_000,
    contenders: [
      contender("Fastify with one select", ofFastify, byHand, 64, (id) => ({ method: "GET", path: `/orders/${id}` })),
      contender(ours, ofService, place, 64, (id) => ({ method: "GET", path: `/v1/orders/${id}`, headers }))
    ],
    targets: { [ours]: 1 },
    by: "perSecond",
    end
  }
]
