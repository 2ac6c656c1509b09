/** What surrounds the commands: the registry of assets, ids, spans, the outbox, the trail of a tenant, and the lifetime of a key. */
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { describe, expect, it } from "vitest"
import { Assets } from "../../src/lifecycle/Assets.ts"
import { AuditTrail } from "../../src/lifecycle/AuditTrail.ts"
import { Catalogue } from "../../src/lifecycle/Catalogue.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import type { Loaded } from "../../src/lifecycle/OrderStore.ts"
import { Reservations } from "../../src/lifecycle/Reservations.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import { CustomerId, type Order, OrderId, SerialNumber, SubscriptionId } from "../../src/order/Order.ts"
import { variants } from "../../src/testing/shop.ts"
import { run, storeWith } from "../support/inMemory.ts"
import { confirmedOrder, laptop, monitor, newCaller, newSerial, requestFor } from "../support/world.ts"

const millis = (timestamp: string): number => DateTime.toEpochMillis(DateTime.makeUnsafe(timestamp))

describe("a registry of assets", () => {
  const [known, broken, unknown] = ["serial-1", "serial-2", "serial-3"].map((serial) => SerialNumber.make(serial)) as [
    SerialNumber,
    SerialNumber,
    SerialNumber
  ]
  const find = (registry: Layer.Layer<Assets>, serialNumber: SerialNumber) =>
    Effect.runPromise(
      Effect.flatMap(Assets, (assets) => assets.find(newCaller().tenantId, serialNumber)).pipe(Effect.provide(registry))
    )

  it("that is fixed knows its assets by serial number, and no others", async () => {
    const registry = Assets.layerStatic([[known, laptop]])
    expect(await find(registry, known)).toEqual({ known: true, sku: "LAPTOP", available: true })
    expect(await find(registry, unknown)).toEqual({ known: false })
  })

  it("that is not there knows every serial number and no SKU", async () => {
    expect(await find(Assets.layerUnregistered, unknown)).toEqual({ known: true, available: true })
  })

  it("says which asset can be rented: a known one that is available, of a SKU of the order", () =>
    Effect.gen(function* () {
      const lifecycle = yield* OrderLifecycle
      const caller = newCaller()
      const { orderId, customer } = yield* confirmedOrder(caller)
      const start = (assetSerialNumber: SerialNumber) =>
        lifecycle.startSubscription(caller, { orderId, customerId: customer.customerId, assetSerialNumber })
      expect(yield* Effect.flip(start(unknown))).toMatchObject({ _tag: "AssetNotFound" })
      expect(yield* Effect.flip(start(broken))).toMatchObject({ _tag: "AssetNotAvailable" })
      expect(yield* Effect.flip(start(SerialNumber.make("of a monitor")))).toMatchObject({ _tag: "SkuMismatch", sku: "MONITOR" })
      expect((yield* start(known)).event.details).toMatchObject({ serialNumber: "serial-1", line: 0 })
    }).pipe(
      Effect.provide(
        OrderLifecycle.layer().pipe(
          Layer.provide([
            memory,
            Catalogue.layerStatic(variants),
            Layer.succeed(Assets, {
              find: (_, serial) =>
                Effect.succeed(
                  serial === unknown
                    ? { known: false }
                    : { known: true, sku: serial.endsWith("monitor") ? monitor : laptop, available: serial !== broken }
                )
            })
          ])
        )
      ),
      Effect.runPromise
    ))
})

describe("ids", () => {
  it("say what they are of, and are made up where the caller names none", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { orderId, customer } = yield* confirmedOrder(caller)
        const { event } = yield* lifecycle.startSubscription(caller, {
          orderId,
          customerId: customer.customerId,
          assetSerialNumber: newSerial()
        })
        const ids = [orderId, customer.customerId, event.details.subscriptionId, event.requestId]
        const uuid = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"
        for (const [index, prefix] of ["ord", "cust", "sub", "req"].entries())
          expect(ids[index]).toMatch(new RegExp(`^${prefix}_${uuid}$`))
      })
    ))
})

describe("every call", () => {
  it("is a span under its own name", async () => {
    const names = new Set<string>()
    const tracer: Tracer.Tracer = {
      span: (options) => {
        names.add(options.name)
        return new Tracer.NativeSpan(options)
      }
    }
    await run(
      Effect.gen(function* () {
        const [lifecycle, reservations, auditTrail] = [yield* OrderLifecycle, yield* Reservations, yield* AuditTrail]
        const caller = newCaller()
        const { tenantId } = caller
        const { orderId, customer } = (yield* lifecycle.place(caller, requestFor([laptop, 1]))).after
        yield* lifecycle.confirm(caller, orderId)
        const started = yield* lifecycle.startSubscription(caller, {
          orderId,
          customerId: customer.customerId,
          assetSerialNumber: newSerial()
        })
        const { subscriptionId } = started.event.details
        yield* lifecycle.cancelSubscription(caller, { rentalId: subscriptionId, reason: "other" })
        yield* lifecycle.preview(caller, orderId, { type: "cancel" })
        yield* lifecycle.commands(caller, orderId)
        yield* lifecycle.cancel(caller, orderId)
        yield* lifecycle.cancelMany(caller, [orderId])
        yield* lifecycle.rewriteNotes(tenantId, orderId, { notes: "rewritten" })
        yield* lifecycle.get(tenantId, orderId)
        yield* lifecycle.list(tenantId)
        yield* lifecycle.getSubscription(tenantId, subscriptionId)
        yield* lifecycle.listSubscriptions(tenantId)
        yield* reservations.heldFor(tenantId, orderId)
        yield* auditTrail.history(tenantId, orderId)
        yield* auditTrail.verify(tenantId, orderId)
        yield* auditTrail.erase(tenantId, orderId, 5)
        yield* auditTrail.deliver(() => Effect.void)
      }).pipe(Effect.provideService(Tracer.Tracer, tracer))
    )
    expect([...names].toSorted()).toEqual([
      "AuditTrail.deliver",
      "AuditTrail.erase",
      "AuditTrail.history",
      "AuditTrail.verify",
      "OrderLifecycle.cancel",
      "OrderLifecycle.cancelMany",
      "OrderLifecycle.cancelSubscription",
      "OrderLifecycle.commands",
      "OrderLifecycle.confirm",
      "OrderLifecycle.get",
      "OrderLifecycle.getSubscription",
      "OrderLifecycle.list",
      "OrderLifecycle.listSubscriptions",
      "OrderLifecycle.place",
      "OrderLifecycle.preview",
      "OrderLifecycle.rewriteNotes",
      "OrderLifecycle.startSubscription",
      "Outbox.add",
      "Outbox.deliver",
      "Reservations.heldFor"
    ])
  })
})

describe("an order or a subscription that there is not", () => {
  it("is named as what was not found", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { tenantId } = caller
        const [orderId, subscriptionId] = [OrderId.make("nowhere"), SubscriptionId.make("nowhere")]
        const noOrder = { _tag: "OrderNotFound", orderId }
        const noSubscription = { _tag: "SubscriptionNotFound", subscriptionId }
        expect(yield* Effect.flip(lifecycle.get(tenantId, orderId))).toMatchObject(noOrder)
        expect(yield* Effect.flip(lifecycle.cancel(caller, orderId))).toMatchObject(noOrder)
        expect(yield* Effect.flip(lifecycle.preview(caller, orderId, { type: "cancel" }))).toMatchObject(noOrder)
        expect(yield* Effect.flip(lifecycle.explain(caller, orderId, { type: "cancel" }))).toMatchObject(noOrder)
        expect(yield* Effect.flip(lifecycle.rewriteNotes(tenantId, orderId, { notes: "" }))).toMatchObject(noOrder)
        expect(yield* Effect.flip(lifecycle.getSubscription(tenantId, subscriptionId))).toMatchObject(noSubscription)
        expect(
          yield* Effect.flip(lifecycle.cancelSubscription(caller, { rentalId: subscriptionId, reason: "other" }))
        ).toMatchObject(noSubscription)
        const [many] = yield* lifecycle.cancelMany(caller, [orderId])
        expect(many).toMatchObject({ orderId, outcome: { failure: noOrder } })
      })
    ))
})

describe("asking first", () => {
  it("tells what is in the way, and nothing where nothing is", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { orderId } = yield* confirmedOrder(caller)
        expect(yield* lifecycle.explain(caller, orderId, { type: "cancel" })).toEqual([])
        expect(yield* lifecycle.explain(caller, orderId, { type: "confirm" })).toMatchObject([
          { code: "ORDER_NOT_PENDING", guard: "isPending" }
        ])
      })
    ))
})

describe("a store", () => {
  it("is asked for what the command needs, and for no more", async () => {
    const asked: Array<unknown> = []
    const store = storeWith((store) => ({
      load: (requests) => {
        asked.push(...requests)
        return store.load(requests)
      }
    }))
    await run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { tenantId } = caller
        const { orderId, customer } = yield* confirmedOrder(caller)
        const assetSerialNumber = newSerial()
        yield* lifecycle.startSubscription(caller, { orderId, customerId: customer.customerId, assetSerialNumber })
        const order = { orderId }
        expect(asked).toStrictEqual([
          { tenantId, order },
          { tenantId, order, serialNumber: assetSerialNumber }
        ])
      }),
      store
    )
  })

  it("that does not answer is a defect", async () => {
    const silent = storeWith(() => ({ load: () => Effect.succeed([]) }))
    await run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const exit = yield* Effect.exit(lifecycle.confirm(newCaller(), OrderId.make("order-1")))
        const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
        expect(defect).toEqual(new Error("the store did not answer a load"))
      }),
      silent
    )
  })
})

describe("listeners", () => {
  it("hear nothing of an answer that is given again", () =>
    run(
      Effect.gen(function* () {
        const [lifecycle, auditTrail] = [yield* OrderLifecycle, yield* AuditTrail]
        const caller = newCaller()
        const { orderId } = yield* confirmedOrder(caller)
        const heard = yield* Effect.forkChild(Stream.runCollect(Stream.take(auditTrail.live, 2)), { startImmediately: true })
        yield* Effect.yieldNow
        const keyed = { ...caller, idempotencyKey: "key" }
        for (const _ of [1, 2, 3]) yield* lifecycle.cancel(keyed, orderId)
        yield* lifecycle.place(caller, requestFor([laptop, 1]))
        const told = yield* Fiber.join(heard)
        expect(told.map(({ event }) => event.type)).toEqual(["order.cancelled", "order.placed"])
      })
    ))
})

describe("what is held for an order", () => {
  it("is told line by line, without the lines that hold nothing", () =>
    run(
      Effect.gen(function* () {
        const [lifecycle, reservations] = [yield* OrderLifecycle, yield* Reservations]
        const caller = newCaller()
        const { tenantId } = caller
        const { orderId, customer } = (yield* lifecycle.place(caller, requestFor([laptop, 1], [monitor, 2]))).after
        yield* lifecycle.confirm(caller, orderId)
        const start = { orderId, customerId: customer.customerId, sku: laptop, assetSerialNumber: newSerial() }
        const started = yield* lifecycle.startSubscription(caller, start)
        expect(yield* reservations.heldFor(tenantId, orderId)).toEqual([{ line: 1, sku: "MONITOR", quantity: 2 }])
        expect(yield* reservations.heldFor(tenantId, OrderId.make("nowhere"))).toEqual([])
        expect(reservations.changesOf(started)).toEqual([
          {
            line: 0,
            sku: "LAPTOP",
            quantity: 1,
            from: { held: 1, active: 0, ended: 0, released: 0 },
            to: { held: 0, active: 1, ended: 0, released: 0 }
          }
        ])
      })
    ))
})

describe("the outbox", () => {
  it("hands out 100 events at a time for 30 seconds, unless it is told otherwise", async () => {
    const leases: Array<readonly [number, number]> = []
    const store = storeWith((store) => ({
      leaseEvents: (request) => {
        leases.push([request.limit, request.leaseMs])
        return store.leaseEvents(request)
      }
    }))
    await run(
      Effect.gen(function* () {
        const auditTrail = yield* AuditTrail
        let asked = 0
        const consume = () => Effect.sync(() => void asked++)
        const lifecycle = yield* OrderLifecycle
        yield* lifecycle.place(newCaller(), requestFor([laptop, 1]))
        yield* lifecycle.place(newCaller(), requestFor([laptop, 1]))
        expect(yield* auditTrail.deliver(consume)).toBe(2)
        expect(asked).toBe(2)
        yield* lifecycle.place(newCaller(), requestFor([laptop, 1]))
        yield* auditTrail.deliver(consume, { limit: 7, lease: "5 minutes" })
      }),
      store
    )
    expect(leases).toEqual([
      [100, 30_000],
      [99, 30_000],
      [7, 300_000]
    ])
  })
})

describe("the trail of a tenant", () => {
  it("goes through every order, also when there are more than a page of them, and finds each broken chain", async () => {
    const asked: Array<number> = []
    let broken: string | undefined
    const store = storeWith((store) => ({
      orderIds: (tenantId, after, limit) => {
        asked.push(limit)
        return store.orderIds(tenantId, after, limit)
      },
      history: (tenantId, orderId) =>
        Effect.map(store.history(tenantId, orderId), (events) => (orderId === broken ? events.slice(1) : events))
    }))
    await run(
      Effect.gen(function* () {
        const [lifecycle, auditTrail] = [yield* OrderLifecycle, yield* AuditTrail]
        const caller = newCaller()
        const { tenantId } = caller
        const placed = yield* Effect.forEach(Array.from({ length: 201 }), () => lifecycle.place(caller, requestFor([laptop, 1])))
        const orderIds = placed.map(({ after }) => after.orderId).toSorted()
        const trail = yield* Stream.runCollect(auditTrail.all(tenantId))
        expect(trail.map(({ event }) => event.orderId)).toEqual(orderIds)
        expect(asked).toEqual([100, 100, 100, 100])
        expect(yield* Stream.runCollect(auditTrail.verifyAll(tenantId))).toEqual([])

        const orderId = orderIds[150] as OrderId
        yield* lifecycle.confirm(caller, orderId)
        broken = orderId
        const fault = { tenantId, orderId, sequence: 1, fault: "missing" }
        expect(yield* Stream.runCollect(auditTrail.verifyAll(tenantId))).toEqual([fault])
        expect(yield* auditTrail.verify(tenantId, orderId)).toEqual(fault)
      }),
      store
    )
  })

  it("loses a text that is erased, once or twice, and nothing else; what placed the order is not erased", () =>
    run(
      Effect.gen(function* () {
        const [lifecycle, auditTrail] = [yield* OrderLifecycle, yield* AuditTrail]
        const caller = newCaller()
        const { orderId, tenantId } = yield* confirmedOrder(caller)
        yield* lifecycle.cancel(caller, orderId, { reason: "private" })
        for (const _ of [1, 2]) yield* auditTrail.erase(tenantId, orderId, 3)
        expect((yield* lifecycle.get(tenantId, orderId)).cancellation).not.toHaveProperty("reason")
        expect(yield* auditTrail.verify(tenantId, orderId)).toBeNull()
        for (const sequence of [1, 4]) {
          const failure = yield* Effect.flip(auditTrail.erase(tenantId, orderId, sequence))
          expect(failure).toMatchObject({ _tag: "EventNotErasable", orderId, sequence })
        }
      })
    ))
})

describe("an idempotency key", () => {
  it("is kept for 24 hours", async () => {
    const lifetimes: Array<number> = []
    const store = storeWith((store) => ({
      commit: (changes) => {
        for (const { remember, transition } of changes)
          if (remember) lifetimes.push(millis(remember.expiresAt) - millis(transition.event.at))
        return store.commit(changes)
      }
    }))
    await run(
      Effect.flatMap(OrderLifecycle, (lifecycle) =>
        lifecycle.place({ ...newCaller(), idempotencyKey: "key" }, requestFor([laptop, 1]))
      ),
      store
    )
    expect(lifetimes).toEqual([24 * 3_600_000])
  })

  it("keeps no reason with the refusal of a second cancel, and gives it again from where it stands, until it is erased", async () => {
    const kept: Array<string> = []
    const store = storeWith((store) => ({
      rememberRefusal: (key, refusal, now) => {
        kept.push(JSON.stringify(refusal))
        return store.rememberRefusal(key, refusal, now)
      }
    }))
    await run(
      Effect.gen(function* () {
        const [lifecycle, auditTrail] = [yield* OrderLifecycle, yield* AuditTrail]
        const caller = newCaller()
        const { orderId, tenantId } = yield* confirmedOrder(caller)
        yield* lifecycle.cancel(caller, orderId, { reason: "private" })
        const again = Effect.flip(lifecycle.cancel({ ...caller, idempotencyKey: "key" }, orderId))
        const first = yield* again
        expect(first).toMatchObject({ _tag: "OrderAlreadyCancelled", orderId, reason: "private" })
        expect(yield* again).toMatchObject({ _tag: "OrderAlreadyCancelled", orderId, reason: "private", replayed: true })
        yield* auditTrail.erase(tenantId, orderId, 3)
        const last = yield* again
        expect(last).toMatchObject({ _tag: "OrderAlreadyCancelled", orderId })
        expect(last).not.toHaveProperty("reason")
      }),
      store
    )
    expect(kept).toHaveLength(1)
    expect(kept[0]).not.toContain("private")
  })

  it("is told apart from a store that has lost what it remembers", async () => {
    const lossy = storeWith(() => ({ event: () => Effect.succeed(null) }))
    await run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = { ...newCaller(), idempotencyKey: "key" }
        const { orderId } = (yield* lifecycle.place(caller, requestFor([laptop, 1]))).after
        const exit = yield* Effect.exit(lifecycle.place(caller, requestFor([laptop, 1])))
        const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
        expect(defect).toEqual(new Error(`order ${orderId} has lost its history`))
      }),
      lossy
    )
  })

  it("gives the refusal of a second cancel without a reason where that cannot be found any more", async () => {
    const without: ReadonlyArray<(loaded: ReadonlyArray<Loaded>) => ReadonlyArray<Loaded>> = [
      (loaded) => loaded.map((each) => ({ ...each, order: null })),
      (loaded) =>
        loaded.map((each) => {
          const { cancellation: _, ...order } = each.order ?? {}
          return { ...each, order: order as Order }
        })
    ]
    let change: (loaded: ReadonlyArray<Loaded>) => ReadonlyArray<Loaded> = (loaded) => loaded
    const lossy = storeWith((store) => ({
      load: (requests) => Effect.map(store.load(requests), (loaded) => (loaded[0]?.remembered ? change(loaded) : loaded))
    }))
    await run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { orderId } = yield* confirmedOrder(caller)
        yield* lifecycle.cancel(caller, orderId, { reason: "private" })
        const again = Effect.flip(lifecycle.cancel({ ...caller, idempotencyKey: "key" }, orderId))
        expect(yield* again).toMatchObject({ reason: "private" })
        for (const each of without) {
          change = each
          const refusal = yield* again
          expect(refusal).toMatchObject({ _tag: "OrderAlreadyCancelled", orderId })
          expect(refusal).not.toHaveProperty("reason")
        }
      }),
      lossy
    )
  })

  it("is not used up by a request that names the wrong customer", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const keyed = { ...caller, idempotencyKey: "key" }
        const { orderId, customer } = yield* confirmedOrder(caller)
        const start = { orderId, assetSerialNumber: newSerial(), customerId: customer.customerId }
        const wrong = { ...start, customerId: CustomerId.make("somebody else") }
        expect(yield* Effect.flip(lifecycle.startSubscription(keyed, wrong))).toMatchObject({ _tag: "InvalidInput" })
        expect((yield* lifecycle.startSubscription(keyed, start)).after.subscriptions).toHaveLength(1)
      })
    ))

  it("gives a placed order again as it was placed, and any other command with the order as it stands", () =>
    run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = { ...newCaller(), idempotencyKey: "place" }
        const first = yield* lifecycle.place(caller, requestFor([laptop, 2]))
        const { idempotencyKey: _, ...keyless } = caller
        const confirm = lifecycle.confirm({ ...keyless, idempotencyKey: "confirm" }, first.after.orderId)
        const confirmed = yield* confirm
        yield* lifecycle.cancel(keyless, first.after.orderId)
        const again = yield* lifecycle.place(caller, requestFor([laptop, 2]))
        expect(again).toEqual({ ...first, replayed: true })
        const now = yield* lifecycle.get(caller.tenantId, first.after.orderId)
        expect(yield* confirm).toEqual({ event: confirmed.event, before: null, after: now, replayed: true })
        expect(now.status).toBe("cancelled")
      })
    ))
})

describe("a command that has lost too many races", () => {
  it("takes the lock of its own order, and names what it lost when that does not help either", async () => {
    const locked: Array<unknown> = []
    let commits = 0
    const store = storeWith((store) => ({
      commit: (changes) => {
        if (changes[0]?.transition.event.type !== "order.cancelled") return store.commit(changes)
        commits++
        return Effect.succeed(changes.map(() => "conflict"))
      },
      exclusively: (order, use) => {
        locked.push(order)
        return store.exclusively(order, use)
      }
    }))
    await run(
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const caller = newCaller()
        const { orderId, tenantId } = yield* confirmedOrder(caller)
        const failure = yield* Effect.flip(lifecycle.cancel(caller, orderId))
        expect(failure).toMatchObject({ _tag: "StoreUnavailable", cause: { _tag: "LostRace", orderId } })
        expect(locked).not.toEqual([])
        for (const lock of locked) expect(lock).toEqual({ tenantId, orderId })
        expect(commits).toBe(16)
      }),
      store
    )
  })
})

describe("cancelling many orders", () => {
  it("goes on alone with an order whose race was lost, for the same reason, and tells listeners of every one", async () => {
    let batches = 0
    const store = storeWith((store) => ({
      commit: (changes) => {
        if (changes[0]?.transition.event.type !== "order.cancelled" || ++batches > 1) return store.commit(changes)
        const [first, ...others] = changes
        return Effect.map(store.commit(others), (outcomes) => [first ? "conflict" : "committed", ...outcomes])
      }
    }))
    await run(
      Effect.gen(function* () {
        const [lifecycle, auditTrail] = [yield* OrderLifecycle, yield* AuditTrail]
        const caller = newCaller()
        const orderIds = yield* Effect.forEach([1, 2, 3], () => Effect.map(confirmedOrder(caller), ({ orderId }) => orderId))
        const heard = yield* Effect.forkChild(Stream.runCollect(Stream.take(auditTrail.live, 3)), { startImmediately: true })
        yield* Effect.yieldNow
        const answers = yield* lifecycle.cancelMany(caller, orderIds, { reason: "out of stock" })
        expect(answers.map(({ orderId }) => orderId)).toEqual(orderIds)
        for (const { outcome } of answers) expect(Result.getOrThrow(outcome).event.confidential.reason).toBe("out of stock")
        for (const orderId of orderIds) {
          const { cancellation } = yield* lifecycle.get(caller.tenantId, orderId)
          expect(cancellation).toMatchObject({ reason: "out of stock", by: caller.actor })
        }
        const told = (yield* Fiber.join(heard)).map(({ event }) => event.orderId)
        expect(told.toSorted()).toEqual(orderIds.toSorted())
      }),
      store
    )
    expect(batches).toBe(2)
  })

  it("asks the store nothing when there are none", async () => {
    let loads = 0
    const store = storeWith((store) => ({
      load: (requests) => {
        loads++
        return store.load(requests)
      }
    }))
    const answers = Effect.flatMap(OrderLifecycle, (lifecycle) => lifecycle.cancelMany(newCaller(), []))
    expect(await run(answers, store)).toEqual([])
    expect(loads).toBe(0)
  })
})
