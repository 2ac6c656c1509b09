/**
 * The line `cancel`: orders of two lines cancelled one by one by 64 callers, on a real PostgreSQL that waits for the disk.
 *
 * Beside the library stands what a careful team writes by hand: `BEGIN`, the order `FOR UPDATE`, its lines, the order, an event, a row for the
 * outbox, `COMMIT`, on a lean schema with node-postgres and a pool of 8. The library does all that it promises: idempotency key, chain of hashes,
 * checks, reservations.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import type { Pool } from "pg"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import type { Caller } from "../../src/lifecycle/Caller.ts"
import type { OrderId } from "../../src/order/Order.ts"
import * as PostgresConnection from "../../src/postgres/PostgresConnection.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { SharesStatements } from "../../src/lifecycle/shared.ts"
import { placing } from "../../src/testing/contractOrders.ts"
import { newCaller, shopOver } from "../../src/testing/shop.ts"
import { startPostgres, type StartedPostgres } from "../support/startPostgres.ts"
import { cancelByHand, cancelledOf, openPool, placeByHand, poolSize } from "./byHand.ts"
import type { Contender, Line } from "./measure.ts"

const callers = 64

/** One server for all contenders, started by the first that needs it. */
let started: Promise<StartedPostgres> | undefined
const server = (): Promise<StartedPostgres> => (started ??= startPostgres({ isDurable: true }))

/** Each caller takes the next piece of work as soon as its last is done. */
const byCallers = async <A>(all: ReadonlyArray<A>, work: (each: A) => Promise<unknown>): Promise<void> => {
  const left = all.values()
  const caller = async () => {
    for (const each of left) await work(each)
  }
  await Promise.all(Array.from({ length: callers }, caller))
}

const wrong = (message: string): Error => new Error(`the work was not done: ${message}`)

// --- by hand -----------------------------------------------------------------------------------------------------------------------------

let pool: Promise<Pool> | undefined
const leanPool = (): Promise<Pool> => (pool ??= server().then(({ url }) => openPool(url)))

const byHand: Contender = {
  name: `a hand-written transaction, pool of ${poolSize}`,
  prepare: async (size) => {
    const orders = await leanPool()
    const ids = await placeByHand(orders, size)
    return {
      work: () => byCallers(ids, (id) => cancelByHand(orders, id)),
      check: async () => {
        const done = await cancelledOf(orders, ids)
        if (done !== size) throw wrong(`${done} of ${size} orders were cancelled`)
      }
    }
  }
}

// --- by the library ----------------------------------------------------------------------------------------------------------------------

type Services = OrderLifecycle | OrderStore | SqlClient.SqlClient

const byLibrary = (name: string, sharesStatements: boolean): Contender => {
  let opened: Promise<Context.Context<Services>> | undefined
  const open = async (): Promise<Context.Context<Services>> => {
    const { url } = await server()
    const connection = PostgresConnection.layer({ url: Redacted.make(url), maxConnections: poolSize })
    const layer = shopOver(PostgresOrderStore.layerMigrated).pipe(
      Layer.provideMerge(connection),
      Layer.provide(Layer.succeed(SharesStatements, sharesStatements))
    )
    return Effect.runPromise(Layer.buildWithScope(layer, Scope.makeUnsafe()))
  }
  return {
    name,
    prepare: async (size) => {
      const services = await (opened ??= open())
      const caller = newCaller()
      const changes = Array.from({ length: size }, () => placing(caller.tenantId))
      const store = Context.get(services, OrderStore)
      for (let first = 0; first < size; first += 200) await Effect.runPromise(store.commit(changes.slice(first, first + 200)))
      const ids = changes.map(({ transition }) => transition.after.orderId)
      const lifecycle = Context.get(services, OrderLifecycle)
      const cancel = async (orderId: OrderId): Promise<void> => {
        const by: Caller = { ...caller, idempotencyKey: orderId }
        const exit = await Effect.runPromiseExit(lifecycle.cancel(by, orderId, { reason: "changed my mind" }))
        if (Exit.isFailure(exit)) throw wrong(String(exit.cause))
      }
      return {
        work: () => byCallers(ids, cancel),
        check: async () => {
          const sql = Context.get(services, SqlClient.SqlClient)
          const count = sql<{ done: number }>`
            SELECT count(*)::int AS done FROM order_lifecycle.orders o
              JOIN order_lifecycle.audit_events e ON e.tenant_id = o.tenant_id AND e.order_id = o.order_id AND e.sequence = 2
             WHERE o.tenant_id = ${caller.tenantId} AND o.status = 'cancelled'`
          const [row] = await Effect.runPromise(count)
          if (row?.done !== size) throw wrong(`${row?.done} of ${size} orders were cancelled`)
        }
      }
    }
  }
}

export const cancel: Line = {
  name: "cancel",
  what: `durable cancels, ${callers} callers one by one`,
  unit: "cancels",
  size: 2_000,
  contenders: [
    byHand,
    byLibrary("the library, a statement for each call", false),
    byLibrary("the library, statements shared", true)
  ],
  targets: { "the library, statements shared": 4 },
  by: "perSecond",
  end: async () => {
    await (await pool)?.end()
    await (await started)?.stop()
  }
}
