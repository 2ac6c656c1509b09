/** Rows of one's own tables: written with the change or not at all, on every store. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { orderProcess, ordersUnder, RowRefused } from "order-lifecycle"
import { describe, expect, it } from "vitest"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { layerWithRows, MemoryRows } from "../../src/memory/MemoryOrderStore.ts"
import type { TenantId } from "../../src/order/Order.ts"
import { lifecycleOf } from "../../src/order/process/lifecycleOf.ts"
import type { OrderProcess } from "../../src/order/process/orderProcess.ts"
import { RuleFailed } from "../../src/order/process/RuleFailed.ts"
import * as EmbeddedConnection from "../../src/embedded/EmbeddedConnection.ts"
import { KeepsStatistics } from "../../src/postgres/planRenewal.ts"
import * as PostgresOrderStore from "../../src/postgres/PostgresOrderStore.ts"
import { embeddedFolder } from "../support/embeddedFolder.ts"
import { amount, tried } from "../support/evidence.ts"
import { partitionedStore, postgresStore } from "../support/postgresDatabase.ts"
import { sharedLayer } from "../support/sharedLayer.ts"
import { laptop, newCaller, requestFor, shopOver } from "../support/world.ts"

const words = { code: "NOT_MARKABLE", message: "Not here.", remedy: "None." }

/** A refund for every cancel, and a line in a log for every change; a mark that the table does not take. */
const refunding = orderProcess("refunds")
  .command("mark", {
    description: "Marks an order.",
    event: "order.marked",
    from: { pending: "pending", confirmed: "confirmed" },
    otherwise: words
  })
  .rows("our_app.refund_requests", { amount: "bigint", reason: "text", asked_at: "timestamptz" }, ({ event, after }) =>
    event.type === "order.cancelled"
      ? [{ amount: after.lines.length * 100, reason: event.confidential.reason ?? null, asked_at: event.at }]
      : []
  )
  .rows("our_app.changes", { kind: "text", version: "integer" }, ({ event }) => [{ kind: event.type, version: event.sequence }])
const { orders } = ordersUnder(refunding)

const tables = Effect.fnUntraced(function* (areInParts: boolean) {
  const sql = yield* SqlClient.SqlClient
  const parted = sql.literal(areInParts ? "PARTITION BY HASH (tenant_id)" : "")
  yield* sql`CREATE SCHEMA our_app`
  yield* sql`CREATE TABLE our_app.refund_requests (
    tenant_id text NOT NULL, order_id text NOT NULL, amount bigint NOT NULL, reason text, asked_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, order_id)) ${parted}`
  yield* sql`CREATE TABLE our_app.changes (
    tenant_id text NOT NULL, order_id text NOT NULL, kind text NOT NULL CHECK (kind <> 'order.marked'), version integer NOT NULL,
    UNIQUE (tenant_id, order_id, version)) ${parted}`
  if (!areInParts) return
  for (const table of ["refund_requests", "changes"])
    for (const part of [0, 1])
      yield* sql.unsafe(
        `CREATE TABLE our_app.${table}_${part} PARTITION OF our_app.${table} FOR VALUES WITH (MODULUS 2, REMAINDER ${part})`
      )
})

/** What is in a table of one's own. */
class OwnTables extends Context.Service<
  OwnTables,
  {
    readonly rows: (tenantId: TenantId, table: string) => Effect.Effect<ReadonlyArray<Readonly<Record<string, unknown>>>>
    readonly run: (statement: string) => Effect.Effect<unknown>
  }
>()("test/OwnTables") {}

const inDatabase = (areInParts: boolean) =>
  Layer.effect(
    OwnTables,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* Effect.orDie(tables(areInParts))
      return OwnTables.of({
        run: (statement) => Effect.orDie(sql.unsafe(statement)),
        rows: (tenantId, table) =>
          Effect.orDie(
            sql.unsafe<Record<string, unknown>>(`SELECT * FROM ${table} WHERE tenant_id = $1::text ORDER BY ctid`, [tenantId])
          )
      })
    })
  )
const inMemory = Layer.effect(
  OwnTables,
  Effect.map(MemoryRows, (rows) => OwnTables.of({ rows: rows.of, run: () => Effect.void }))
)

/** An embedded store with the connection that it is on. */
const embedded = Layer.unwrap(
  Effect.map(embeddedFolder, (folder) =>
    PostgresOrderStore.layerMigrated.pipe(
      Layer.provideMerge(EmbeddedConnection.layer(folder)),
      Layer.provide(Layer.succeed(KeepsStatistics, true))
    )
  )
)

const stores: Readonly<Record<string, Layer.Layer<OrderStore | OwnTables>>> = {
  "in memory": Layer.provideMerge(inMemory, Layer.fresh(layerWithRows)),
  embedded: Layer.orDie(Layer.provideMerge(inDatabase(false), embedded)),
  "on PostgreSQL": Layer.orDie(Layer.provideMerge(inDatabase(false), postgresStore)),
  "on PostgreSQL, in parts": Layer.orDie(Layer.provideMerge(inDatabase(true), partitionedStore))
}

describe.each(Object.entries(stores))("rows of one's own, %s", (where, store) => {
  const run = sharedLayer(Layer.provideMerge(shopOver(store, { process: refunding }), store))
  const isDatabase = where !== "in memory"

  it("are written with the change that they belong to, and only with that", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const { rows } = yield* OwnTables
        const caller = newCaller()
        const { tenantId } = caller
        const { orderId } = (yield* lifecycle.place(caller, requestFor([laptop, 1], [laptop, 2]))).after
        yield* lifecycle.confirm(caller, orderId)
        // Refused, previewed, asked about: nothing is written.
        yield* Effect.flip(lifecycle.confirm(caller, orderId))
        yield* lifecycle.preview(caller, orderId, { type: "cancel" })
        const keyed = { ...caller, idempotencyKey: "cancel" }
        const { event } = yield* lifecycle.cancel(keyed, orderId, { reason: 'It\'s "too" late' })
        yield* lifecycle.cancel(keyed, orderId, { reason: 'It\'s "too" late' })
        const refunds = yield* rows(tenantId, "our_app.refund_requests")
        expect(refunds).toMatchObject([{ tenant_id: tenantId, order_id: orderId, reason: 'It\'s "too" late' }])
        expect(Number(refunds[0]?.["amount"])).toBe(200)
        expect(new Date(refunds[0]?.["asked_at"] as string).toISOString()).toBe(event.at)
        const changes = yield* rows(tenantId, "our_app.changes")
        expect(changes.map(({ kind, version }) => [kind, version])).toEqual([
          ["order.placed", 1],
          ["order.confirmed", 2],
          ["order.cancelled", 3]
        ])
      })
    ))

  it("are there once for each change, also when races are lost", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const { rows } = yield* OwnTables
        const caller = newCaller()
        const placed = yield* Effect.forEach(
          Array.from({ length: amount(40, 20) }),
          () => Effect.map(lifecycle.place(caller, requestFor([laptop, 1])), ({ after }) => after.orderId),
          { concurrency: 10 }
        )
        const races = yield* Effect.forEach(
          placed.flatMap((orderId) => Array.from({ length: 20 }, () => orderId)),
          (orderId) => Effect.result(lifecycle.cancel(caller, orderId)),
          { concurrency: "unbounded" }
        )
        expect(races.filter(({ _tag }) => _tag === "Success")).toHaveLength(placed.length)
        const refunded = (yield* rows(caller.tenantId, "our_app.refund_requests")).map((row) => String(row["order_id"]))
        expect(refunded.toSorted()).toEqual(placed.toSorted())
        expect(yield* rows(caller.tenantId, "our_app.changes")).toHaveLength(2 * placed.length)
        tried("lost races for a change with rows of one's own", races.length - placed.length)
        // Many at once are written in one statement.
        const more = yield* Effect.forEach([1, 2, 3], () =>
          Effect.map(lifecycle.place(caller, requestFor([laptop, 1])), ({ after }) => after.orderId)
        )
        yield* lifecycle.cancelMany(caller, more, { reason: "All of them" })
        const written = yield* rows(caller.tenantId, "our_app.refund_requests")
        expect(
          written
            .filter(({ reason }) => reason === "All of them")
            .map((row) => String(row["order_id"]))
            .toSorted()
        ).toEqual(more.toSorted())
      })
    ))

  it("that are undone with a transaction are gone", () =>
    run(
      Effect.gen(function* () {
        const store = yield* OrderStore
        const lifecycle = yield* OrderLifecycle
        const { rows } = yield* OwnTables
        const caller = newCaller()
        const { tenantId, orderId } = (yield* lifecycle.place(caller, requestFor([laptop, 1]))).after
        const undone = store.exclusively(
          { tenantId, orderId },
          Effect.andThen(lifecycle.confirm(caller, orderId), Effect.fail("no"))
        )
        expect(yield* Effect.flip(undone)).toBe("no")
        expect(yield* rows(tenantId, "our_app.changes")).toHaveLength(1)
        expect((yield* lifecycle.get(tenantId, orderId)).status).toBe("pending")
      })
    ))

  if (!isDatabase) return
  it("that a table does not take undo the change, and are a defect that names table and column", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { tenantId, orderId } = (yield* lifecycle.place(caller, requestFor([laptop, 1]))).after
        const exit = yield* Effect.exit(orders.apply(caller, orderId, "mark"))
        const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
        expect(defect).toBeInstanceOf(RowRefused)
        expect(defect).toMatchObject({ table: "our_app.changes", constraint: "changes_kind_check" })
        expect(String(defect)).toMatch(
          /^RowRefused: the table our_app\.changes did not take a row: .*changes_kind_check.*SQLSTATE 23514/
        )
        expect((yield* lifecycle.get(tenantId, orderId)).version).toBe(1)
        const own = yield* Effect.map(OwnTables, (tables) => tables.run)
        yield* own(`INSERT INTO our_app.changes VALUES ('${tenantId}', '${orderId}', 'taken', 2)`)
        const twice = yield* Effect.exit(lifecycle.confirm(caller, orderId))
        yield* own("DELETE FROM our_app.changes WHERE kind = 'taken'")
        expect(Exit.isFailure(twice) ? Cause.squash(twice.cause) : undefined).toMatchObject({
          name: "RowRefused",
          table: "our_app.changes",
          constraint: "changes_tenant_id_order_id_version_key"
        })
        // What a trigger raises names no place, and is no lost race either.
        const sql = yield* Effect.map(OwnTables, (tables) => tables.run)
        yield* sql(`CREATE FUNCTION our_app.no() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN RAISE EXCEPTION 'not twice' USING ERRCODE = 'unique_violation'; END $$`)
        yield* sql("CREATE TRIGGER no BEFORE INSERT ON our_app.refund_requests FOR EACH ROW EXECUTE FUNCTION our_app.no()")
        const raised = yield* Effect.exit(lifecycle.cancel(caller, orderId))
        yield* sql("DROP TRIGGER no ON our_app.refund_requests")
        const told = Exit.isFailure(raised) ? Cause.squash(raised.cause) : undefined
        expect(told).toBeInstanceOf(RowRefused)
        expect(String(told)).toContain("not twice")
      })
    ))
})

describe("what makes rows, and is wrong", () => {
  const columns = { note: "text" } as const
  const store = Layer.fresh(layerWithRows)
  const placing = (process: OrderProcess) =>
    Effect.exit(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        return yield* lifecycle.place(newCaller(), requestFor([laptop, 1]))
      })
    ).pipe(Effect.provide(shopOver(store, { process })), Effect.runPromise)
  const made = (rows: unknown) => orderProcess("x").rows("our_app.notes", columns, rows as never)

  it.each<[told: string, rows: unknown]>([
    ["the rows of our_app.notes threw: Unexpected end of JSON", () => JSON.parse("")],
    ["the rows of our_app.notes must be a list, at once", async () => []],
    ["the rows of our_app.notes must be objects", () => ["note"]],
    ["the rows of our_app.notes have no column nota", () => [{ nota: "x" }]]
  ])("is a defect that names the table: %s", async (told, rows) => {
    const exit = await placing(made(rows))
    const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
    expect(defect).toBeInstanceOf(RuleFailed)
    expect((defect as Error).message).toContain(told)
  })

  it.each<[fault: string, table: string, columns: object]>([
    ["rows notes: must be named schema.table", "notes", columns],
    ["rows our_app.Notes: must be named schema.table", "our_app.Notes", columns],
    ['rows our_app.n"; DROP: must be named schema.table', 'our_app.n"; DROP', columns],
    ["rows order_lifecycle.orders: the tables of the library are its own", "order_lifecycle.orders", columns],
    ["rows our_app.notes: column tenant_id: is filled by the library", "our_app.notes", { tenant_id: "text" }],
    ['column a": must be small letters', "our_app.notes", { 'a"': "text" }],
    ["rows our_app.notes: ", "our_app.notes", { note: "varchar); DROP" }]
  ])("does not load: %s", (fault, table, wrong) => {
    const process = orderProcess("x").rows(table as never, wrong as never, () => [])
    expect(() => lifecycleOf("noActiveSubscriptions", process)).toThrow(fault)
  })

  it("does not compile", () => {
    expect(made(() => []).tables.size).toBe(1)
    void (() => {
      // @ts-expect-error: there is no such type
      orderProcess("x").rows("our_app.notes", { note: "string" }, () => [])
      // @ts-expect-error: there is no such column
      orderProcess("x").rows("our_app.notes", columns, () => [{ nota: "x" }])
      // @ts-expect-error: a text is no number
      orderProcess("x").rows("our_app.notes", { count: "integer" }, () => [{ count: "x" }])
      // @ts-expect-error: a table has a schema
      orderProcess("x").rows("notes", columns, () => [])
    })
  })
})
