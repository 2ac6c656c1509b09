/**
 * A tenant is moved from one PostgreSQL database to another while its orders are being changed: freeze, copy, verify, switch.
 *
 * 1. *announced*: the directory says that the tenant is on the move. From then on its answers about it hold for the moment only.
 * 2. *waited*: every answer of before has run out, and none is relied on any more. All goes on as before.
 * 3. *fenced*: the source takes no more changes of the tenant, and those that were under way have ended (`fence.ts`). Callers wait.
 * 4. *copied*: all rows of the tenant are at the destination, in one transaction (`copy.ts`).
 * 5. *verified*: both sides have the same rows, and at the destination `verify` finds nothing.
 * 6. *switched*: the directory names the destination. Callers go on there.
 * 7. *finished*: what would hand out events is taken away at the source. The rest stays, fenced, until `clearMoved`.
 *
 * Until the switch, which is one statement, the tenant is where it was. A move that fails takes down the fence and is over; one that was cut off is
 * taken over by the next one, or ended by `abandonMove`.
 */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Context from "effect/Context"
import * as SqlClient from "effect/sql/SqlClient"
import { isSqlError } from "effect/sql/SqlError"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { DurationOption, FunctionOption, ObjectOption, optionsReader } from "../../lifecycle/options.ts"
import { OrderRecords } from "../../lifecycle/OrderRecords.ts"
import { TenantId } from "../../order/Order.ts"
import { type CancellationPolicy, cancellationPolicyNames } from "../../order/policies/index.ts"
import type { OrderProcess } from "../../order/process/orderProcess.ts"
import { verify } from "../../verify/verify.ts"
import type { Violation } from "../../verify/Violation.ts"
import { layer as layerRecords } from "../PostgresOrderRecords.ts"
import { makeTables } from "../PostgresTenantDirectory.ts"
import { clientIn, SchemaName } from "../schemaName.ts"
import { inWords } from "../sqlFailure.ts"
import { copyTenant, removeRows, sumsOf } from "./copy.ts"
import { claimed, isFenced, lowerFence, type Move, MoveOvertaken, prepare, raiseFence, tenantTables } from "./fence.ts"

/** The steps of a move, in their order. */
export const moveSteps = ["announced", "waited", "fenced", "copied", "verified", "switched", "finished"] as const
/** One of them. */
export type MoveStep = (typeof moveSteps)[number]

/** The databases between which tenants are moved. */
export interface MovingPlaces {
  /** Connections to the database of the directory (`PostgresTenantDirectory.ts`). */
  readonly directory: Layer.Layer<SqlClient.SqlClient, unknown>
  /**
   * Connections to the databases, by the names of their stores: two each, as the owner of the tables, who may set `session_replication_role` besides
   * (`GRANT SET ON PARAMETER`).
   */
  readonly databases: Readonly<Record<string, Layer.Layer<SqlClient.SqlClient, unknown>>>
}

/** Which tenant is moved, and where to. */
export interface MoveOptions extends MovingPlaces {
  readonly tenantId: TenantId
  /** The name of the store that it is moved to. */
  readonly to: string
  /** What `verify` is to judge the orders by. */
  readonly cancellationPolicy?: CancellationPolicy
  /** The process that orders are under, where the embedding service has one of its own. */
  readonly process?: OrderProcess
  /** How long those are waited for that are writing to a table when it gets its fence; 30 seconds unless said otherwise. */
  readonly patience?: Duration.Input
  /** Called after each step. */
  readonly onStep?: (step: MoveStep) => Effect.Effect<void>
}

/** What was moved. */
export interface Moved {
  readonly tenantId: TenantId
  /** The same as `to` where the tenant was there already. */
  readonly from: string
  readonly to: string
  /** Rows that were copied, by table; empty where none were. */
  readonly rows: Readonly<Record<string, number>>
}

/**
 * A move, or what comes after one, did not come to its end. The tenant is whole at the place that the directory names. Trying again begins anew, or
 * finishes what was switched already.
 */
export class MoveFailed extends Data.TaggedError("MoveFailed")<{
  /** Not there where none was come to. */
  readonly tenantId?: TenantId
  /** One line. */
  readonly reason: string
  /** What `verify` found at the destination. */
  readonly violations: ReadonlyArray<Violation>
  readonly cause: unknown
}> {
  override get message() {
    return `The move ${this.tenantId === undefined ? "of tenants" : `of tenant ${this.tenantId}`} failed: ${this.reason}.`
  }
}

const readMove = optionsReader<MoveOptions>(
  "moveTenant",
  {
    directory: ObjectOption,
    databases: ObjectOption,
    tenantId: TenantId,
    to: Schema.NonEmptyString,
    cancellationPolicy: Schema.Literals(cancellationPolicyNames),
    process: ObjectOption,
    patience: DurationOption,
    onStep: FunctionOption
  },
  ["directory", "databases", "tenantId", "to"]
)

/** Move a tenant, or finish a move that was cut off. Throws a `WrongOption` that names an option that cannot be used. */
export const moveTenant = (given: MoveOptions): Effect.Effect<Moved, MoveFailed> => {
  const options = readMove(given)
  const { tenantId, to, onStep = () => Effect.void } = options
  const patience = Duration.fromInputUnsafe(options.patience ?? "30 seconds")
  return Effect.scoped(
    Effect.gen(function* () {
      const places = yield* open(options)
      const directory = yield* places.directory
      const destination = yield* places.database(to)
      const { move, from } = yield* announce(directory, tenantId, to)
      if (from === to) {
        yield* finish(places, directory, move, to, patience)
        return { tenantId, from, to, rows: {} }
      }
      const source = yield* places.database(from)
      const rows = yield* Effect.gen(function* () {
        yield* onStep("announced")
        for (const sql of [source, destination]) yield* prepare(sql)
        yield* sameTables(source, destination)
        yield* sameConsumers(source, destination)
        yield* waitForTrust(directory)
        yield* onStep("waited")
        yield* raiseFence(source, move, patience)
        yield* onStep("fenced")
        yield* assignPositions(source, move)
        yield* copyTenant(source, destination, move, yield* sameTables(source, destination))
        yield* onStep("copied")
        yield* sameConsumers(source, destination)
        const sums = yield* sameRows(source, destination, tenantId)
        yield* clean(destination, places.schema, options)
        yield* onStep("verified")
        yield* switchPlace(directory, move, from, to)
        return sums
      }).pipe(
        // What it failed over may be the work of the one that has taken it over.
        Effect.catch((error) =>
          Effect.flatMap(isOvertaken(directory, move), (overtaken) => Effect.fail(overtaken ? new MoveOvertaken() : error))
        ),
        Effect.onExit((exit) =>
          Exit.isSuccess(exit) ? Effect.void : Effect.ignore(takeBack(directory, { source, destination }, move, from))
        )
      )
      yield* onStep("switched")
      yield* finish(places, directory, move, to, patience)
      yield* onStep("finished")
      return { tenantId, from, to, rows }
    }).pipe(Effect.mapError(failedAs(tenantId)))
  )
}

// --- the directory -------------------------------------------------------------------------------------------------------------------

/** A reason why a move cannot go on, in words. */
class CannotGoOn extends Data.TaggedError("CannotGoOn")<{
  readonly reason: string
  readonly violations?: ReadonlyArray<Violation>
}> {}

/** The move gets its number. One that was under way is over: it finds a higher number wherever it comes to. */
const announce = Effect.fnUntraced(function* (directory: SqlClient.SqlClient, tenantId: TenantId, to: string) {
  const [row] = yield* directory<{ store: string; number: number }>`
    WITH moved AS (
      UPDATE order_directory.tenants t
         SET moving_to = nullif(${to}::text, t.store), move_number = t.move_number + 1
       WHERE t.tenant_id = ${tenantId}::text
      RETURNING t.store, t.move_number AS number),
    -- From here on something may be left there.
    noted AS (
      INSERT INTO order_directory.left_places AS l (tenant_id, store)
      SELECT ${tenantId}::text, ${to}::text FROM moved WHERE moved.store <> ${to}::text
      ON CONFLICT (tenant_id, store) DO UPDATE SET left_at = now())
    SELECT store, number FROM moved`
  if (row === undefined) return yield* new CannotGoOn({ reason: "the directory has no place for it: nothing is to be moved" })
  return { move: { tenantId, number: row.number } satisfies Move, from: row.store }
})

/** Until no process relies on what the directory said before it was told of the move. */
const waitForTrust = Effect.fnUntraced(function* (directory: SqlClient.SqlClient) {
  const [row] = yield* directory<{ trusted_ms: number }>`SELECT t.trusted_ms FROM order_directory.trust t`
  // Clocks do not go equally fast.
  const waitMs = Math.ceil((row?.trusted_ms ?? 0) * 1.05)
  const begunAt = yield* Clock.monotonicTimeNanos
  for (;;) {
    const leftMs = waitMs - Number((yield* Clock.monotonicTimeNanos) - begunAt) / 1e6
    if (leftMs <= 0) return
    yield* Effect.sleep(Math.ceil(leftMs))
  }
})

const switchPlace = Effect.fnUntraced(function* (
  directory: SqlClient.SqlClient,
  { tenantId, number }: Move,
  from: string,
  to: string
) {
  const rows = yield* directory`
    WITH switched AS (
      UPDATE order_directory.tenants t SET store = ${to}::text, moving_to = NULL
       WHERE t.tenant_id = ${tenantId}::text AND t.move_number = ${String(number)}::text::integer AND t.store = ${from}::text
      RETURNING 1 AS one),
    here AS (
      DELETE FROM order_directory.left_places l USING switched WHERE l.tenant_id = ${tenantId}::text AND l.store = ${to}::text),
    noted AS (
      INSERT INTO order_directory.left_places AS l (tenant_id, store) SELECT ${tenantId}::text, ${from}::text FROM switched
      ON CONFLICT (tenant_id, store) DO UPDATE SET left_at = now())
    SELECT one FROM switched`
  if (rows.length === 0) return yield* new MoveOvertaken()
})

const isOvertaken = (directory: SqlClient.SqlClient, { tenantId, number }: Move) =>
  Effect.map(
    directory<{ number: number }>`
      SELECT t.move_number AS number FROM order_directory.tenants t WHERE t.tenant_id = ${tenantId}::text`,
    ([row]) => row?.number !== number
  )

/**
 * End a move before its switch, and let callers go on where the tenant is. When the directory says that it was switched, or is another's by now, nothing
 * is done. Waits for a switch whose answer got lost.
 */
const takeBack = Effect.fnUntraced(function* (
  directory: SqlClient.SqlClient,
  { source, destination }: { readonly source: SqlClient.SqlClient; readonly destination: SqlClient.SqlClient },
  { tenantId, number }: Move,
  from: string
) {
  const [row] = yield* directory<{ number: number }>`
    UPDATE order_directory.tenants t SET moving_to = NULL, move_number = t.move_number + 1
     WHERE t.tenant_id = ${tenantId}::text AND t.move_number = ${String(number)}::text::integer AND t.store = ${from}::text
    RETURNING t.move_number AS number`
  if (row === undefined) return
  const end = { tenantId, number: row.number }
  yield* lowerFence(source, end, Duration.seconds(30))
  yield* claimed(
    destination,
    end,
    Effect.flatMap(tenantTables(destination), (tables) => removeRows(destination, tenantId, tables))
  )
})

// --- the databases -------------------------------------------------------------------------------------------------------------------

/** The tables of both, which have to be the same. */
const sameTables = Effect.fnUntraced(function* (source: SqlClient.SqlClient, destination: SqlClient.SqlClient) {
  const [here, there] = [yield* tenantTables(source), yield* tenantTables(destination)]
  const texts = new Set(there.map((table) => JSON.stringify(table)))
  const others = here.filter((table) => !texts.has(JSON.stringify(table))).map(({ name }) => name)
  const names = new Set(here.map(({ name }) => name))
  others.push(...there.filter(({ name }) => !names.has(name)).map(({ name }) => name))
  if (others.length === 0 && here.length > 0) return here
  return yield* new CannotGoOn({
    reason: `the tables of both databases are not the same (${others.join(", ") || "there are none"}): bring both up to date with migrate`
  })
})

/** A consumer of every tenant takes the tenant's events at the destination, too. */
const sameConsumers = Effect.fnUntraced(function* (source: SqlClient.SqlClient, destination: SqlClient.SqlClient) {
  const namesIn = (sql: SqlClient.SqlClient) =>
    Effect.map(
      sql<{ consumer: string }>`SELECT k.consumer FROM order_lifecycle.consumers k WHERE k.tenant_id = '' ORDER BY k.consumer`,
      (rows) => rows.map(({ consumer }) => consumer)
    )
  const there = new Set(yield* namesIn(destination))
  const missing = (yield* namesIn(source)).filter((consumer) => !there.has(consumer))
  if (missing.length > 0)
    return yield* new CannotGoOn({
      reason: `the destination does not have these consumers of every tenant: ${missing.join(", ")}`
    })
})

/** Rows that get a position in one statement. */
const rowsAtOnce = 1_000

/** Every event gets its position before it is copied: no event waits for one at two places. */
const assignPositions = Effect.fnUntraced(function* (source: SqlClient.SqlClient, move: Move) {
  for (;;) {
    const [row] = yield* claimed(
      source,
      move,
      source<{ assigned: number }>`
        SELECT order_lifecycle.assign_positions(${move.tenantId}::text, ${String(rowsAtOnce)}::text::integer) AS assigned`
    )
    if ((row?.assigned ?? 0) < rowsAtOnce) return
  }
})

/** Both sides have the same rows, and the source does not change any more. Answers how many, by table. */
const sameRows = Effect.fnUntraced(function* (source: SqlClient.SqlClient, destination: SqlClient.SqlClient, tenantId: TenantId) {
  const tables = yield* sameTables(source, destination)
  const [here, there] = [yield* sumsOf(source, tenantId, tables), yield* sumsOf(destination, tenantId, tables)]
  const others = here.filter(({ rows, sum }, index) => there[index]?.rows !== rows || there[index]?.sum !== sum)
  if (others.length > 0)
    return yield* new CannotGoOn({
      reason: `the copy is not what it was made of, in ${others.map(({ table }) => table).join(", ")}`
    })
  if (!(yield* isFenced(source, tenantId))) return yield* new CannotGoOn({ reason: "the fence at the source is gone" })
  return Object.fromEntries(here.map(({ table, rows }) => [table, rows]))
})

/** `verify` finds nothing at the destination. A session that is in the way of others is no matter of the tenant's. */
const clean = Effect.fnUntraced(function* (destination: SqlClient.SqlClient, schema: string, options: MoveOptions) {
  const { tenantId, process, cancellationPolicy } = options
  const records = layerRecords().pipe(
    Layer.provide(Layer.merge(Layer.succeed(SqlClient.SqlClient, destination), Layer.succeed(SchemaName, schema)))
  )
  const found = yield* Effect.scoped(
    Effect.flatMap(Layer.build(Layer.fresh(records)), (context) =>
      verify({ tenantId, ...(process && { process }), ...(cancellationPolicy && { cancellationPolicy }) }).pipe(
        Stream.filter(({ id }) => id !== "R1"),
        Stream.take(mostViolations),
        Stream.runCollect,
        Effect.provideService(OrderRecords, Context.get(context, OrderRecords))
      )
    )
  )
  if (found.length > 0)
    return yield* new CannotGoOn({
      reason: `verify finds at the destination: ${found.map(({ message }) => message).join("; ")}`,
      violations: found
    })
})

const mostViolations = 20

/** What would hand out events of the tenant, or count those that wait. */
const handingOut = ["consumers", "consumer_cursors", "deliveries", "tenant_positions"].map((name) => ({ name }))

/** The tenant can be written at its place, and hands out events nowhere else. */
const finish = Effect.fnUntraced(function* (
  places: Opened,
  directory: SqlClient.SqlClient,
  move: Move,
  to: string,
  patience: Duration.Duration
) {
  const here = yield* places.database(to)
  yield* prepare(here)
  yield* lowerFence(here, move, patience)
  for (const { store } of yield* leftPlaces(directory, move.tenantId)) {
    const sql = yield* places.database(store)
    yield* prepare(sql)
    yield* claimed(sql, move, removeRows(sql, move.tenantId, handingOut))
  }
})

const leftPlaces = (directory: SqlClient.SqlClient, tenantId: TenantId) =>
  directory<{ store: string }>`
    SELECT l.store FROM order_directory.left_places l WHERE l.tenant_id = ${tenantId}::text ORDER BY l.store`

// --- afterwards ----------------------------------------------------------------------------------------------------------------------

/** Which move is ended. */
export interface AbandonOptions extends MovingPlaces {
  readonly tenantId: TenantId
}

const readAbandon = optionsReader<AbandonOptions>(
  "abandonMove",
  { directory: ObjectOption, databases: ObjectOption, tenantId: TenantId },
  ["directory", "databases", "tenantId"]
)

/**
 * End a move that was cut off before its switch: the tenant stays where it is and can be changed again. False when none is under way; then only a
 * fence that may be left at its place is taken down. Throws a `WrongOption`.
 */
export const abandonMove = (given: AbandonOptions): Effect.Effect<boolean, MoveFailed> => {
  const options = readAbandon(given)
  const { tenantId } = options
  return Effect.scoped(
    Effect.gen(function* () {
      const places = yield* open(options)
      const directory = yield* places.directory
      const [row] = yield* directory<{ store: string; moving_to: string | null; number: number }>`
        UPDATE order_directory.tenants t SET moving_to = NULL, move_number = t.move_number + 1
          FROM (SELECT w.tenant_id, w.moving_to FROM order_directory.tenants w WHERE w.tenant_id = ${tenantId}::text FOR UPDATE) AS was
         WHERE t.tenant_id = was.tenant_id
        RETURNING t.store, was.moving_to, t.move_number AS number`
      if (row === undefined) return false
      const source = yield* places.database(row.store)
      yield* prepare(source)
      yield* lowerFence(source, { tenantId, number: row.number }, Duration.seconds(30))
      return row.moving_to !== null
    }).pipe(Effect.mapError(failedAs(tenantId)))
  )
}

/** What is cleared away. */
export interface ClearOptions extends MovingPlaces {
  /** Only what this tenant has left; of all tenants unless said otherwise. */
  readonly tenantId?: TenantId
  /**
   * Only what was left so long ago: an hour unless said otherwise. The fence stays for as long, for a process that was stopped in the middle of a call and
   * goes on much later.
   */
  readonly leftFor?: Duration.Input
}

const readClear = optionsReader<ClearOptions>(
  "clearMoved",
  { directory: ObjectOption, databases: ObjectOption, tenantId: TenantId, leftFor: DurationOption },
  ["directory", "databases"]
)

/** A tenant, and the store where something of it was left. */
export interface LeftPlace {
  readonly tenantId: TenantId
  readonly store: string
}

/**
 * Delete what tenants have left at places where they are no longer, and take down the fences there. What belongs to a move that is under way is left
 * alone. Answers what was cleared. Throws a `WrongOption`.
 */
export const clearMoved = (given: ClearOptions): Effect.Effect<ReadonlyArray<LeftPlace>, MoveFailed> => {
  const options = readClear(given)
  const leftMs = Duration.toMillis(Duration.fromInputUnsafe(options.leftFor ?? "1 hour"))
  const cleared: Array<LeftPlace> = []
  return Effect.scoped(
    Effect.gen(function* () {
      const places = yield* open(options)
      const directory = yield* places.directory
      const left = yield* directory<{ tenant_id: TenantId; store: string }>`
        SELECT l.tenant_id, l.store FROM order_directory.left_places l JOIN order_directory.tenants t ON t.tenant_id = l.tenant_id
         WHERE t.moving_to IS NULL AND l.store <> t.store AND l.tenant_id = coalesce(${options.tenantId ?? null}::text, l.tenant_id)
           AND l.left_at <= now() - ${String(leftMs)}::text::float8 * interval '1 millisecond'
         ORDER BY l.tenant_id, l.store`
      for (const { tenant_id: tenantId, store } of left) {
        if (yield* Effect.mapError(clearOne(places, directory, { tenantId, store }), failedAs(tenantId)))
          cleared.push({ tenantId, store })
      }
      return cleared
    }).pipe(Effect.mapError(failedAs(options.tenantId)))
  )
}

/** False when the tenant is on the move again, or back. */
const clearOne = Effect.fnUntraced(function* (places: Opened, directory: SqlClient.SqlClient, { tenantId, store }: LeftPlace) {
  const [row] = yield* directory<{ number: number }>`
    UPDATE order_directory.tenants t SET move_number = t.move_number + 1
     WHERE t.tenant_id = ${tenantId}::text AND t.moving_to IS NULL AND t.store <> ${store}::text
    RETURNING t.move_number AS number`
  if (row === undefined) return false
  const move: Move = { tenantId, number: row.number }
  const sql = yield* places.database(store)
  yield* prepare(sql)
  yield* claimed(
    sql,
    move,
    Effect.flatMap(tenantTables(sql), (tables) => removeRows(sql, tenantId, tables))
  )
  yield* lowerFence(sql, move, Duration.seconds(30))
  const gone = yield* directory`
    DELETE FROM order_directory.left_places l USING order_directory.tenants t
     WHERE l.tenant_id = ${tenantId}::text AND l.store = ${store}::text AND t.tenant_id = l.tenant_id
       AND t.move_number = ${String(row.number)}::text::integer
    RETURNING 1 AS one`
  return gone.length > 0
})

// --- connections and errors ----------------------------------------------------------------------------------------------------------

interface Opened {
  readonly schema: string
  readonly directory: Effect.Effect<SqlClient.SqlClient, unknown>
  /** The database of a store, opened when it is asked for first. */
  readonly database: (store: string) => Effect.Effect<SqlClient.SqlClient, unknown>
}

const open = Effect.fnUntraced(function* (given: MovingPlaces): Effect.fn.Return<Opened, never, Scope.Scope> {
  const scope = yield* Effect.scope
  const schema = yield* SchemaName
  const clients = new Map<string, SqlClient.SqlClient>()
  const opened = (layer: Layer.Layer<SqlClient.SqlClient, unknown>) =>
    Effect.map(Layer.buildWithScope(Layer.fresh(layer), scope), (context) =>
      Context.get(context, SqlClient.SqlClient).withoutTransforms()
    )
  const database = Effect.fnUntraced(function* (store: string) {
    const before = clients.get(store)
    if (before !== undefined) return before
    const layer = given.databases[store]
    if (layer === undefined) return yield* new CannotGoOn({ reason: `there are no connections to the database of ${store}` })
    const client = clientIn(yield* opened(layer), schema)
    clients.set(store, client)
    return client
  })
  const directory = Effect.tap(opened(given.directory), makeTables)
  return { schema, directory, database }
})

const failedAs =
  (tenantId: TenantId | undefined) =>
  (cause: unknown): MoveFailed =>
    cause instanceof MoveFailed
      ? cause
      : new MoveFailed({
          ...(tenantId && { tenantId }),
          reason: reasonOf(cause),
          violations: cause instanceof CannotGoOn ? (cause.violations ?? []) : [],
          cause
        })

const reasonOf = (cause: unknown): string => {
  if (cause instanceof CannotGoOn) return cause.reason
  if (cause instanceof MoveOvertaken) return "another program has taken it over"
  return isSqlError(cause) ? inWords(cause) : cause instanceof Error ? cause.message : String(cause)
}
