/** The promises are complete: every operation of the services has one, of the same answer. And the entry point loads no driver. */
import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Stream from "effect/Stream"
import { describe, expect, expectTypeOf, it } from "vitest"
import { AuditTrail } from "../../src/lifecycle/AuditTrail.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { Outbox } from "../../src/lifecycle/Outbox.ts"
import { Reservations } from "../../src/lifecycle/Reservations.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import { Refusal } from "../../src/order/Refusal.ts"
import * as entry from "../../src/promise/index.ts"
import type {
  CancelOutcome,
  Orders,
  OrdersAuditTrail,
  OrdersOutbox,
  OrdersReservations,
  OrdersWithin
} from "../../src/promise/index.ts"
import { importsOf } from "../support/layering.ts"
import { openShop } from "../support/openedOrders.ts"
import { shopOver } from "../support/world.ts"

/** What an operation of a service comes to without Effect. */
type Promised<Operation> = Operation extends (...args: never) => infer Answer ? PromisedAnswer<Answer> : PromisedAnswer<Operation>
type PromisedAnswer<Answer> =
  Answer extends Stream.Stream<infer Item, infer _E, infer _R>
    ? AsyncIterable<Item>
    : Answer extends Effect.Effect<infer Success, infer _E, infer _R>
      ? Promise<Success>
      : Answer
type AnswersOf<Operations> = { [Name in keyof Operations]: Promised<Operations[Name]> }
type Answers<Operations> = {
  [Name in keyof Operations]: Operations[Name] extends (...args: never) => infer Answer ? Answer : never
}

/** Not for callers: to seal an event, and to tell listeners of one, is the services' own business. */
type NotForCallers = "emit" | "announce"
const notForCallers: ReadonlyArray<string> = ["emit", "announce"] satisfies ReadonlyArray<NotForCallers>

describe("orders for callers without Effect", () => {
  it("have every operation of the services, by name and by what it answers", async () => {
    // An operation that is missing, or answers something else, does not compile.
    type Lifecycle = AnswersOf<OrderLifecycle["Service"]>
    type Others = "cancelMany" | "within"
    expectTypeOf<Answers<Pick<Orders, keyof Omit<Lifecycle, Others>>>>().toEqualTypeOf<Omit<Lifecycle, Others>>()
    expectTypeOf<Answers<OrdersAuditTrail>>().toEqualTypeOf<AnswersOf<Omit<AuditTrail["Service"], NotForCallers>>>()
    expectTypeOf<Answers<OrdersOutbox>>().toEqualTypeOf<AnswersOf<Outbox["Service"]>>()
    expectTypeOf<Answers<OrdersReservations>>().toEqualTypeOf<AnswersOf<Reservations["Service"]>>()
    // What is done within a transaction is said in promises there, too.
    expectTypeOf<Parameters<Parameters<Orders["within"]>[1]>[0]>().toEqualTypeOf<OrdersWithin>()
    // The one answer that holds an outcome of Effect's has a plain one here.
    expectTypeOf<ReturnType<Orders["cancelMany"]>>().toEqualTypeOf<Promise<ReadonlyArray<CancelOutcome>>>()
    type Planted = AnswersOf<{ readonly get: () => Effect.Effect<1>; readonly forgotten: () => Effect.Effect<2> }>
    expectTypeOf<{ readonly get: Promise<1> }>().not.toEqualTypeOf<Planted>()
    expectTypeOf<{ readonly get: Promise<1>; readonly forgotten: Promise<string> }>().not.toEqualTypeOf<Planted>()

    const services = await Effect.runPromise(Effect.scoped(Layer.build(shopOver(memory))))
    const orders = await openShop()
    const missing = (service: object, promised: object) => Object.keys(service).filter((name) => !Object.hasOwn(promised, name))
    const lifecycle = Context.get(services, OrderLifecycle)
    expect(Object.keys(lifecycle).length).toBeGreaterThan(10)
    expect(missing(lifecycle, orders)).toEqual([])
    expect(missing(Context.get(services, AuditTrail), orders.auditTrail)).toEqual(notForCallers)
    expect(missing(Context.get(services, Outbox), orders.outbox)).toEqual([])
    expect(missing(Context.get(services, Reservations), orders.reservations)).toEqual([])
    expect(missing({ forgotten: 1 }, orders)).toEqual(["forgotten"])
    await orders.close()
  })

  it("come with every class of refusal", () => {
    expect(Refusal.members.length).toBeGreaterThan(10)
    const exported: ReadonlyArray<unknown> = Object.values(entry)
    for (const refusal of Refusal.members) expect(exported, refusal.identifier).toContain(refusal)
  })
})

const root = fileURLToPath(new URL("../../src/", import.meta.url))

/** Every package that a source imports, itself or through others; types apart, which are gone when it runs. */
const packagesOf = (path: string, seen = new Set<string>(), packages = new Set<string>()): ReadonlySet<string> => {
  if (seen.has(path)) return packages
  seen.add(path)
  const values = readFileSync(path, "utf8").replaceAll(/^(?:import|export) type [^"]*"[^"]+"$/gm, "")
  for (const module of importsOf(values)) {
    if (module?.startsWith(".") === true) packagesOf(join(dirname(path), module), seen, packages)
    else packages.add(module ?? "computed")
  }
  return packages
}

describe("the entry point", () => {
  it("loads neither a driver nor Node, and those of the drivers load theirs", () => {
    const [plain, postgres, embedded] = ["promise", "promise/postgres", "promise/embedded"].map((folder) => {
      const path = join(root, folder, "index.ts")
      expect(existsSync(path)).toBe(true)
      return [...packagesOf(path)]
    })
    expect(plain?.filter((module) => !/^(?:effect\/|xstate$|@noble\/hashes\/)/.test(module))).toEqual([])
    expect(plain?.filter((module) => module.startsWith("effect/sql"))).toEqual([])
    expect(postgres).toContain("@effect/sql-pg/PgClient")
    expect(postgres).not.toContain("@electric-sql/pglite")
    expect(embedded).toContain("@electric-sql/pglite")
  })
})
