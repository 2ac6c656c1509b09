/** What a move of a tenant carries, what becomes of one that is cut off, and what it is that keeps it safe. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { describe, expect, it } from "vitest"
import { AssetRegistry } from "../../src/lifecycle/AssetRegistry.ts"
import type { Caller } from "../../src/lifecycle/Caller.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import { TenantId } from "../../src/order/Order.ts"
import { abandonMove, clearMoved, MoveFailed, type MoveStep, moveSteps } from "../../src/postgres/move/moveTenant.ts"
import { inWords } from "../../src/postgres/sqlFailure.ts"
import { auditOutbox, auditStore } from "../../src/testing/auditStore.ts"
import { clockOffBy } from "../support/heldClock.ts"
import { fillWithOrders } from "../support/manyOrders.ts"
import { type Directory, dropFences, fencesIn, places, placesIn, rowsOf } from "../support/movingTenant.ts"
import { onServer } from "../support/postgresDatabase.ts"
import { sharedLayer } from "../support/sharedLayer.ts"
import { confirmedOrder, laptop, newCaller, newSerial, requestFor } from "../support/world.ts"

type ServicesOf<C> = C extends Context.Context<infer Services> ? Services : never
type Process = Effect.Success<ReturnType<Effect.Success<typeof places>["process"]>>

const lifecycleOf = (process: Process) => Context.get(process, OrderLifecycle)
const inside = <A, E>(effect: Effect.Effect<A, E, ServicesOf<Process>>, process: Process) =>
  Effect.provideContext(effect, process)

/** Keeps the first thing that the directory said, for ever. */
const neverAsksAgain = (directory: Directory): Directory => {
  const known = new Map<string, { readonly store: string; readonly trustedMs: number }>()
  return {
    ...directory,
    placeOf: (tenantId) =>
      Effect.map(directory.placeOf(tenantId), (place) => {
        const kept = known.get(tenantId) ?? { store: place.store, trustedMs: Infinity }
        known.set(tenantId, kept)
        return kept
      })
  }
}

/** Relies on what the directory says for longer than it may. */
const trustsTooLong = (directory: Directory): Directory => ({
  ...directory,
  placeOf: (tenantId) => Effect.map(directory.placeOf(tenantId), (place) => ({ ...place, trustedMs: Infinity }))
})

describe("a move carries", () => {
  it("every row of every table as it is, also of a table that came later, and nothing of other tenants", () =>
    Effect.gen(function* () {
      const { process, move, sql, connections, violationsIn } = yield* places
      const one = yield* process((directory) => directory, { assetRegistry: "on" })
      const tenantId = TenantId.make("tenant-0")
      const caller: Caller = { tenantId, actor: { userId: "ada", displayName: "Ada" } }
      const store = Context.get(one, OrderStore)
      for (const database of [sql.a, sql.b]) {
        yield* database`CREATE TABLE order_lifecycle.latecomers (
          id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id text NOT NULL, "a ""strange"" name" json,
          moment timestamptz, bytes bytea, number double precision, list text[], twice bigint GENERATED ALWAYS AS (id * 2) STORED)`
      }
      yield* sql.a`INSERT INTO order_lifecycle.latecomers (tenant_id, "a ""strange"" name", moment, bytes, number, list)
        SELECT ${tenantId}::text, '{"b" : 1,  "a":[ "\\u00e9\\\\", "𝄞" ] }'::json, '2026-11-28 20:00:00.123456+01'::timestamptz, '\\x00ff'::bytea, 0.1 + 0.2, ARRAY['a,b', NULL, '"']
        UNION ALL SELECT ${tenantId}::text, NULL, NULL, NULL, NULL, NULL`

      yield* inside(fillWithOrders(240), one)
      // The orders of tenant-1 are to stay.
      const others = yield* rowsOf(sql.a, "tenant-1")
      const registry = Context.get(one, AssetRegistry)
      const serialNumber = newSerial()
      yield* registry.register(caller, { serialNumber, sku: laptop, productName: "The laptop", status: "available" })
      const order = yield* inside(confirmedOrder(caller, 2), one)
      yield* lifecycleOf(one).startSubscription(
        { ...caller, idempotencyKey: "start" },
        { orderId: order.orderId, customerId: order.customer.customerId, assetSerialNumber: serialNumber }
      )
      const consumer = "mail"
      yield* store.addConsumer({ tenantId, consumer }, "beginning")
      const lease = yield* store.leaseEvents({ tenantId, consumer, limit: 3, leaseMs: 3_600_000 })
      const [parked] = lease?.deliveries ?? []
      const parkedKey = parked?.sealed.event
      if (lease === null || parkedKey === undefined) throw new Error("nothing was leased")
      const park = { orderId: parkedKey.orderId, sequence: parkedKey.sequence, failed: { error: "no", retryMs: null } }
      yield* store.settleEvents({ tenantId, consumer, leaseId: lease.leaseId, settlements: [park] })

      const before = yield* rowsOf(sql.a, tenantId)
      // One of each, or what is carried is not seen.
      expect(Object.keys(before)).toEqual([
        "asset_changes",
        "assets",
        "audit_confidential",
        "audit_events",
        "consumer_cursors",
        "consumers",
        "customers",
        "deliveries",
        "due_commands",
        "event_positions",
        "idempotency",
        "latecomers",
        "order_lookups",
        "orders",
        "reservations",
        "stock_counts",
        "subscriptions",
        "tenant_positions"
      ])
      const moved = yield* move(tenantId, "b")
      expect(yield* rowsOf(sql.b, tenantId)).toEqual(before)
      for (const [table, rows] of Object.entries(before)) expect(moved.rows[table], table).toBe(rows.length)
      expect(yield* rowsOf(sql.a, "tenant-1")).toEqual(others)
      expect(yield* rowsOf(sql.b, "tenant-1")).toEqual({})
      expect([yield* violationsIn("a"), yield* violationsIn("b")]).toEqual([[], []])

      // A lease of before the move is settled after it, and a key of before is answered.
      const [leased] = lease.deliveries.slice(1)
      const { orderId, sequence } = leased?.sealed.event ?? parkedKey
      expect(
        yield* store.settleEvents({ tenantId, consumer, leaseId: lease.leaseId, settlements: [{ orderId, sequence }] })
      ).toEqual(["settled"])
      const again = yield* lifecycleOf(one).startSubscription(
        { ...caller, idempotencyKey: "start" },
        { orderId: order.orderId, customerId: order.customer.customerId, assetSerialNumber: serialNumber }
      )
      expect(again.replayed).toBe(true)
      expect(yield* inside(auditStore(tenantId), one)).toEqual([])
      expect(yield* inside(auditOutbox([tenantId]), one)).toEqual([])

      // What is left is there until it is cleared, and not before its time.
      expect(yield* clearMoved(connections)).toEqual([])
      expect(Object.keys(yield* rowsOf(sql.a, tenantId))).toContain("orders")
      expect(yield* clearMoved({ ...connections, leftFor: 0, tenantId })).toEqual([{ tenantId, store: "a" }])
      expect(yield* rowsOf(sql.a, tenantId)).toEqual({})
      expect(yield* rowsOf(sql.a, "tenant-1")).toEqual(others)
      expect(yield* fencesIn(sql.a, tenantId)).toBe(0)
      expect(yield* inside(auditStore(tenantId), one)).toEqual([])
    }).pipe(Effect.scoped, Effect.runPromise))

  it("what waits for a consumer of every tenant, which is counted once and handed out once", () =>
    Effect.gen(function* () {
      const { process, move } = yield* places
      const one = yield* process()
      const store = Context.get(one, OrderStore)
      const consumer = "ledger"
      yield* store.addConsumer({ tenantId: null, consumer }, "beginning")
      const caller = newCaller()
      for (let count = 0; count < 3; count++) yield* inside(confirmedOrder(caller), one)
      const pending = Effect.map(store.consumers(null), (lags) => lags.map((lag) => [lag.consumer, lag.pending]))
      const known = Effect.map(store.tenantIds(null, 10), (tenantIds) => tenantIds.filter((each) => each === caller.tenantId))
      expect(yield* pending).toEqual([[consumer, 6]])
      yield* move(caller.tenantId, "b")
      expect(yield* pending).toEqual([[consumer, 6]])
      expect(yield* known).toEqual([caller.tenantId])
      expect(yield* store.tenantsWithWork(consumer, null, 10)).toEqual([caller.tenantId])
      // The fence at `a` is in no one's way.
      expect(yield* store.addConsumer({ tenantId: null, consumer: "later" }, "beginning")).toBe(true)
      expect(yield* inside(auditOutbox([caller.tenantId]), one)).toEqual([])
    }).pipe(Effect.scoped, Effect.runPromise))
})

it("a tenant is moved in a schema of another name, whatever the tenant is called", () =>
  Effect.gen(function* () {
    const schema = "orders_eu"
    const { process, move, sql } = yield* placesIn(schema)
    const one = yield* process()
    const caller: Caller = { tenantId: TenantId.make("order_lifecycle.x'; \"\\+é𝄞"), actor: { userId: "ada" } }
    const { orderId } = yield* inside(confirmedOrder(caller), one)
    const before = yield* rowsOf(sql.a, caller.tenantId, schema)
    expect(before["orders"]).toHaveLength(1)
    yield* move(caller.tenantId, "b")
    const after = yield* rowsOf(sql.b, caller.tenantId, schema)
    expect(after["orders"]).toEqual(before["orders"])
    expect((yield* lifecycleOf(one).cancel(caller, orderId)).after.status).toBe("cancelled")
    const write = Effect.flip(sql.a.unsafe(`UPDATE ${schema}.orders SET notes = 'late'`))
    expect(inWords(yield* write)).toBe("the tenant is being moved to another database, or was moved (SQLSTATE OL001)")
  }).pipe(Effect.scoped, Effect.runPromise))

it("a tenant is moved by an owner of the tables who is no superuser, and has one right besides", () =>
  Effect.gen(function* () {
    const role = `owner_${process.pid}_${Date.now().toString(36)}`
    const asServer = (...statements: ReadonlyArray<string>) =>
      Effect.orDie(onServer((sql) => Effect.forEach(statements, (statement) => sql.unsafe(statement), { discard: true })))
    const right = "SET ON PARAMETER session_replication_role"
    yield* Effect.acquireRelease(asServer(`CREATE ROLE ${role} LOGIN PASSWORD 'owner'`), () =>
      asServer(`REVOKE ${right} FROM ${role}`, `DROP ROLE ${role}`)
    )
    const owned = (url: Redacted.Redacted) => {
      const ofRole = new URL(Redacted.value(url))
      ofRole.username = role
      ofRole.password = "owner"
      return Effect.as(asServer(`GRANT CREATE ON DATABASE ${ofRole.pathname.slice(1)} TO ${role}`), Redacted.make(ofRole.href))
    }
    const { process: open, move } = yield* placesIn("orders_eu", owned)
    const one = yield* open()
    const caller = newCaller()
    const { orderId } = yield* inside(confirmedOrder(caller), one)
    expect((yield* Effect.flip(move(caller.tenantId, "b"))).reason).toContain(
      'permission denied to set parameter "session_replication_role"'
    )
    yield* asServer(`GRANT ${right} TO ${role}`)
    expect((yield* move(caller.tenantId, "b")).rows["orders"]).toBe(1)
    expect((yield* lifecycleOf(one).cancel(caller, orderId)).after.status).toBe("cancelled")
  }).pipe(Effect.scoped, Effect.runPromise))

describe("a process that believes in the old place", () => {
  it("loses nothing: its changes are refused there, and made where the tenant is", () =>
    Effect.gen(function* () {
      const { process, move } = yield* places
      const [one, old] = [yield* process(), yield* process(trustsTooLong)]
      const caller = newCaller()
      yield* inside(confirmedOrder(caller), old)
      let late: Fiber.Fiber<{ readonly after: { readonly orderId: string } }, unknown> | undefined
      yield* move(caller.tenantId, "b", {
        onStep: (step) =>
          step === "verified"
            ? Effect.map(
                Effect.forkDetach(lifecycleOf(old).place(caller, requestFor([laptop, 1])), { startImmediately: true }),
                (fiber) => void (late = fiber)
              )
            : Effect.void
      })
      if (late === undefined) throw new Error("nothing was placed")
      const { after } = yield* Fiber.join(late)
      const { items } = yield* lifecycleOf(one).list(caller.tenantId, { limit: 10 })
      expect(items.map(({ orderId }) => orderId)).toContain(after.orderId)
      expect(items).toHaveLength(2)
    }).pipe(Effect.scoped, Effect.runPromise))

  it("loses an order where the fence is taken away: the fence is what keeps it", () =>
    Effect.gen(function* () {
      const { process, move, sql } = yield* places
      const [one, old] = [yield* process(), yield* process(trustsTooLong)]
      const caller = newCaller()
      yield* inside(confirmedOrder(caller), old)
      yield* move(caller.tenantId, "b", {
        onStep: (step) =>
          step === "verified"
            ? Effect.orDie(Effect.andThen(dropFences(sql.a), lifecycleOf(old).place(caller, requestFor([laptop, 1]))))
            : Effect.void
      })
      expect((yield* lifecycleOf(one).list(caller.tenantId, { limit: 10 })).items).toHaveLength(1)
    }).pipe(Effect.scoped, Effect.runPromise))

  it("is told by the end of a move whose fence is gone before it is verified", () =>
    Effect.gen(function* () {
      const { process, move, sql } = yield* places
      const one = yield* process()
      const caller = newCaller()
      yield* inside(confirmedOrder(caller), one)
      const failed = yield* Effect.flip(
        move(caller.tenantId, "b", { onStep: (step) => (step === "copied" ? Effect.orDie(dropFences(sql.a)) : Effect.void) })
      )
      expect(failed.message).toBe(`The move of tenant ${caller.tenantId} failed: the fence at the source is gone.`)
    }).pipe(Effect.scoped, Effect.runPromise))

  it("does not read there: a move waits until no process relies on what the directory said before", () =>
    Effect.gen(function* () {
      const { process, move } = yield* places
      const [one, two, old] = [yield* process(), yield* process(), yield* process(neverAsksAgain)]
      const caller = newCaller()
      const { orderId } = yield* inside(confirmedOrder(caller), one)
      const statuses = Effect.forEach([one, two, old], (each) =>
        Effect.map(lifecycleOf(each).get(caller.tenantId, orderId), ({ status }) => status)
      )
      expect(yield* statuses).toEqual(["confirmed", "confirmed", "confirmed"])
      yield* move(caller.tenantId, "b")
      yield* lifecycleOf(one).cancel(caller, orderId)
      // The last one relies on its answer for longer than the move waits.
      expect(yield* statuses).toEqual(["cancelled", "cancelled", "confirmed"])
    }).pipe(Effect.scoped, Effect.runPromise))
})

/** The same databases and processes for many tests, each of which has a tenant of its own. */
class Shared extends Context.Service<Shared, Effect.Success<typeof atWork>>()("test/Shared") {}

const atWork = Effect.gen(function* () {
  const all = yield* places
  return { ...all, one: yield* all.process(), two: yield* all.process() }
})

const run = sharedLayer(Layer.effect(Shared, atWork))

const sceneOn = Effect.fnUntraced(function* (all: Effect.Success<typeof atWork>) {
  const { one, two } = all
  const caller = newCaller()
  const { orderId } = yield* inside(confirmedOrder(caller), one)
  /** The tenant is whole, can be changed, and is in that database. */
  const isAt = Effect.fnUntraced(function* (store: "a" | "b", movingTo: "a" | "b" | null = null) {
    for (const each of [one, two]) {
      yield* inside(confirmedOrder(caller), each)
      yield* lifecycleOf(each).get(caller.tenantId, orderId)
    }
    expect(yield* inside(auditStore(caller.tenantId), two)).toEqual([])
    const [row] = yield* all.sql.directory<{ store: string; moving_to: string | null }>`
      SELECT store, moving_to FROM order_directory.tenants WHERE tenant_id = ${caller.tenantId}`
    expect(row).toEqual({ store, moving_to: movingTo })
    expect(yield* all.violationsIn(store)).toEqual([])
  })
  const orders = Effect.map(lifecycleOf(one).list(caller.tenantId, { limit: 100 }), ({ items }) => items.length)
  const fences = Effect.all([fencesIn(all.sql.a, caller.tenantId), fencesIn(all.sql.b, caller.tenantId)])
  const clear = clearMoved({ ...all.connections, tenantId: caller.tenantId, leftFor: 0 })
  return { ...all, caller, isAt, orders, fences, clear }
})

const scene = Effect.flatMap(Shared, sceneOn)

const isSwitched = (step: MoveStep) => step === "switched" || step === "finished"

describe.each(moveSteps)("a move that comes to %s", (last) => {
  it("and no further is taken over by the next one, and changes nothing when it goes on after all", () =>
    Effect.gen(function* () {
      const { move, caller, isAt, orders, sql, violationsIn, fences, clear } = yield* scene
      const [reached, goOn] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const stopped = yield* Effect.forkScoped(
        move(caller.tenantId, "b", {
          onStep: (step) =>
            step === last ? Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(goOn)) : Effect.void
        })
      )
      yield* Deferred.await(reached)
      const moved = yield* move(caller.tenantId, "b")
      expect(moved.from).toBe(isSwitched(last) ? "b" : "a")
      yield* isAt("b")
      const before = yield* orders
      yield* Deferred.succeed(goOn, undefined)
      const ended = yield* Fiber.await(stopped)
      if (last === "finished") expect(ended._tag).toBe("Success")
      else if (!isSwitched(last)) {
        expect(Exit.isFailure(ended) ? String(ended.cause) : "it came to its end").toContain("another program has taken it over")
      }
      yield* isAt("b")
      expect(yield* orders).toBe(before + 2)
      yield* clear
      expect(yield* rowsOf(sql.a, caller.tenantId)).toEqual({})
      expect(yield* fences).toEqual([0, 0])
      expect(yield* violationsIn("a")).toEqual([])
    }).pipe(Effect.scoped, run))

  it("and fails there leaves the tenant where it was, whole and at work, and can be tried again", () =>
    Effect.gen(function* () {
      const { move, caller, isAt, sql, fences } = yield* scene
      const exit = yield* Effect.exit(
        move(caller.tenantId, "b", { onStep: (step) => (step === last ? Effect.die(new Error("no")) : Effect.void) })
      )
      expect(Exit.isFailure(exit)).toBe(true)
      yield* isAt(isSwitched(last) ? "b" : "a")
      if (!isSwitched(last)) {
        expect(yield* rowsOf(sql.b, caller.tenantId)).toEqual({})
        expect(yield* fences).toEqual([0, 0])
      }
      yield* move(caller.tenantId, "b")
      yield* isAt("b")
    }).pipe(Effect.scoped, run))
})

describe("a move", () => {
  it("that was cut off is ended by hand, and cannot go on", () =>
    Effect.gen(function* () {
      const { move, caller, isAt, connections, sql, fences, clear } = yield* scene
      const [reached, goOn] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const stopped = yield* Effect.forkScoped(
        move(caller.tenantId, "b", {
          onStep: (step) =>
            step === "verified" ? Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(goOn)) : Effect.void
        })
      )
      yield* Deferred.await(reached)
      expect(yield* abandonMove({ ...connections, tenantId: caller.tenantId })).toBe(true)
      yield* isAt("a")
      expect(yield* fences).toEqual([0, 0])
      yield* Deferred.succeed(goOn, undefined)
      expect(yield* Effect.flip(Fiber.join(stopped))).toBeInstanceOf(MoveFailed)
      yield* isAt("a")
      expect(yield* abandonMove({ ...connections, tenantId: caller.tenantId })).toBe(false)
      // What it had copied is cleared as well.
      expect(yield* clear).toEqual([{ tenantId: caller.tenantId, store: "b" }])
      expect(yield* rowsOf(sql.b, caller.tenantId)).toEqual({})
      yield* move(caller.tenantId, "b")
      yield* isAt("b")
    }).pipe(Effect.scoped, run))

  it("waits for as long as any process relies on the directory, and all goes on meanwhile", () =>
    Effect.gen(function* () {
      const { move, caller, sql, isAt, fences } = yield* Effect.flatMap(atWork, sceneOn)
      // As a process says at its start.
      yield* sql.directory`UPDATE order_directory.trust SET trusted_ms = 3600000`
      const [reached, goOn] = [yield* Deferred.make<Duration.Duration>(), yield* Deferred.make<void>()]
      const real = yield* Clock.clockWith((clock) => Effect.succeed(clock))
      let passed = 0n
      // Only so long a sleep is held up: the others are those of the connections.
      const clock = Object.assign(
        clockOffBy(real, 0, () => real.monotonicTimeNanosUnsafe() + passed),
        {
          sleep: (duration: Duration.Duration) =>
            Duration.toMillis(duration) < 3_600_000
              ? real.sleep(duration)
              : Effect.andThen(Deferred.succeed(reached, duration), Deferred.await(goOn))
        }
      )
      const steps: Array<MoveStep> = []
      const onStep = (step: MoveStep) => Effect.sync(() => void steps.push(step))
      const running = yield* Effect.forkScoped(Effect.provideService(move(caller.tenantId, "b", { onStep }), Clock.Clock, clock))
      const waits = yield* Deferred.await(reached)
      expect(steps).toEqual(["announced"])
      expect(yield* fences).toEqual([0, 0])
      yield* isAt("a", "b")
      passed = Duration.toNanosUnsafe(waits)
      yield* Deferred.succeed(goOn, undefined)
      yield* Fiber.join(running)
      expect(steps).toEqual(moveSteps)
      yield* isAt("b")
    }).pipe(Effect.scoped, Effect.runPromise))

  it("goes back before what was left is cleared, and there is nothing to clear where the tenant is", () =>
    Effect.gen(function* () {
      const { move, caller, isAt, sql, fences, clear } = yield* scene
      yield* move(caller.tenantId, "b")
      yield* isAt("b")
      yield* move(caller.tenantId, "a")
      yield* isAt("a")
      expect(yield* clear).toEqual([{ tenantId: caller.tenantId, store: "b" }])
      yield* isAt("a")
      expect(yield* rowsOf(sql.b, caller.tenantId)).toEqual({})
      expect(yield* fences).toEqual([0, 0])
    }).pipe(Effect.scoped, run))

  it.each([
    [
      "a copy that is not what it was made of",
      "the copy is not what it was made of, in order_lookups",
      [
        "b",
        "CREATE RULE lose AS ON INSERT TO order_lifecycle.order_lookups WHERE NEW.kind = 'sku' DO INSTEAD NOTHING; ALTER TABLE order_lifecycle.order_lookups ENABLE ALWAYS RULE lose"
      ]
    ],
    [
      "a value that is altered on its way",
      "the copy is not what it was made of, in audit_events",
      [
        "b",
        `CREATE FUNCTION alter_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.event := (NEW.event::text || ' ')::json; RETURN NEW; END $$;
         CREATE TRIGGER alter_it BEFORE INSERT ON order_lifecycle.audit_events FOR EACH ROW EXECUTE FUNCTION alter_it();
         ALTER TABLE order_lifecycle.audit_events ENABLE ALWAYS TRIGGER alter_it`
      ]
    ],
    [
      "a guard that is missing at the destination",
      "verify finds at the destination: trigger audit_events_stay of audit_events is missing or switched off",
      ["b", "DROP TRIGGER audit_events_stay ON order_lifecycle.audit_events"]
    ],
    [
      "an order that is not as it should be",
      "verify finds at the destination: ",
      ["a", "DELETE FROM order_lifecycle.order_lookups WHERE kind = 'sku'"]
    ],
    [
      "tables that are not the same",
      "the tables of both databases are not the same (orders): bring both up to date with migrate",
      ["a", "ALTER TABLE order_lifecycle.orders ADD COLUMN newer text"]
    ],
    [
      "a consumer that the destination does not know",
      "the destination does not have these consumers of every tenant: mail",
      ["a", "INSERT INTO order_lifecycle.consumers (tenant_id, consumer, from_beginning) VALUES ('', 'mail', false)"]
    ]
  ] as const)("fails over %s, and the tenant stays", (_, reason, [where, damage]) =>
    Effect.gen(function* () {
      const { move, caller, sql, orders, fences } = yield* Effect.flatMap(atWork, sceneOn)
      for (const statement of damage.split(/;\s*(?=CREATE|ALTER)/)) yield* sql[where].unsafe(statement)
      const failed = yield* Effect.flip(move(caller.tenantId, "b"))
      expect(failed.message).toContain(`The move of tenant ${caller.tenantId} failed: ${reason}`)
      expect(yield* orders).toBe(1)
      expect(yield* rowsOf(sql.b, caller.tenantId)).toEqual({})
      expect(yield* fences).toEqual([0, 0])
    }).pipe(Effect.scoped, Effect.runPromise)
  )

  it("of a tenant that has no place, or to a store of which nothing is known, is none", () =>
    Effect.gen(function* () {
      const { move, caller, connections } = yield* scene
      const failed = yield* Effect.flip(move(TenantId.make("unknown"), "b"))
      expect(failed.reason).toBe("the directory has no place for it: nothing is to be moved")
      const nowhere = yield* Effect.flip(move(caller.tenantId, "b", { databases: { a: connections.databases["a"] as never } }))
      expect(nowhere.reason).toBe("there are no connections to the database of b")
    }).pipe(Effect.scoped, run))
})
