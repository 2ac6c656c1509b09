/**
 * Callers leave at any moment of any call. What they asked for is then done as a whole or not at all, nobody keeps a lock, nothing goes on
 * working for nobody, and whoever calls next is served.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Metric from "effect/Metric"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import * as MemoryOrderStore from "../../src/memory/MemoryOrderStore.ts"
import { RequestId } from "../../src/order/orderEvent.ts"
import { type Order, SubscriptionId } from "../../src/order/Order.ts"
import { Deadline } from "../../src/lifecycle/Deadline.ts"
import { judge } from "../support/callLog.ts"
import { amount, sometimes, tried } from "../support/evidence.ts"
import { settled, shopBehindProxy } from "../support/faultyPostgres.ts"
import { heldClock } from "../support/heldClock.ts"
import { ask, logOfCalls } from "../support/orderLives.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { seeded, whole } from "../support/seeded.ts"
import { sharedLayer } from "../support/sharedLayer.ts"
import { giveWay, LosesRaces, losingRaces, watchedStore } from "../support/watchedStore.ts"
import { anyMoment, until } from "../support/waiting.ts"
import { confirmedOrder, laptop, newCaller, newSerial, requestFor, shopOver } from "../support/world.ts"

const counts = { lost: 0, locked: 0 }

/** How many commits a caller is in the middle of. */
const Open = Context.Reference<{ commits: number }>("test/Open", { defaultValue: () => ({ commits: 0 }) })

const countingCommits = (store: OrderStore["Service"]): Partial<OrderStore["Service"]> => ({
  commit: (changes) =>
    Effect.flatMap(Open, (open) =>
      Effect.acquireUseRelease(
        Effect.sync(() => void open.commits++),
        () => store.commit(changes),
        () => Effect.sync(() => void open.commits--)
      )
    )
})

const stores = {
  "in memory": watchedStore(
    watchedStore(watchedStore(Layer.fresh(MemoryOrderStore.layer), giveWay), countingCommits),
    losingRaces(counts)
  ),
  "on PostgreSQL": watchedStore(watchedStore(postgresStore, countingCommits), losingRaces(counts))
}

/** Every public function of the lifecycle, on this order. Those that change it are in the log. */
const calls: Record<
  keyof OrderLifecycle["Service"],
  (
    life: Parameters<typeof ask>[0],
    key: string,
    order: Order
  ) => Effect.Effect<unknown, { readonly _tag: string }, OrderLifecycle>
> = {
  place: (life, key) => ask(life, key, key, (as) => calling((l) => l.place(as, requestFor([laptop, 1])))),
  confirm: (life, key, { orderId }) => ask(life, key, key, (as) => calling((l) => l.confirm(as, orderId))),
  startSubscription: (life, key, { orderId, customer: { customerId } }) =>
    ask(life, key, key, (as) => calling((l) => l.startSubscription(as, { orderId, customerId, assetSerialNumber: newSerial() }))),
  cancelSubscription: (life, key, { subscriptions }) =>
    ask(life, key, key, (as) => calling((l) => l.cancelSubscription(as, { rentalId: rentalOf(subscriptions), reason: "other" }))),
  returnSubscription: (life, key, { subscriptions }) =>
    ask(life, key, key, (as) =>
      calling((l) => l.returnSubscription(as, { rentalId: rentalOf(subscriptions), returnCondition: "good", reason: key }))
    ),
  buyOutSubscription: (life, key, { subscriptions }) =>
    ask(life, key, key, (as) => calling((l) => l.buyOutSubscription(as, { rentalId: rentalOf(subscriptions), reason: "other" }))),
  completeSubscription: (life, key, { subscriptions }) =>
    ask(life, key, key, (as) => calling((l) => l.completeSubscription(as, { rentalId: rentalOf(subscriptions) }))),
  extendSubscription: (life, key, { subscriptions }) =>
    ask(life, key, key, (as) =>
      calling((l) => l.extendSubscription(as, { rentalId: rentalOf(subscriptions), extensionMonths: 1, reason: key }))
    ),
  upgradeSubscription: (life, key, { subscriptions }) =>
    ask(life, key, key, (as) =>
      calling((l) =>
        l.upgradeSubscription(as, {
          rentalId: rentalOf(subscriptions),
          newSku: laptop,
          newSerialNumber: newSerial(),
          contractLength: 12,
          newMonthlyAmount: 5_000,
          reason: key
        })
      )
    ),
  replaceAsset: (life, key, { subscriptions }) =>
    ask(life, key, key, (as) =>
      calling((l) =>
        l.replaceAsset(as, {
          rentalId: rentalOf(subscriptions),
          newSerialNumber: newSerial(),
          replacementReason: "defective"
        })
      )
    ),
  calculateEarlyReturnFee: ({ caller }, _, { subscriptions }) =>
    calling((l) => l.calculateEarlyReturnFee(caller.tenantId, rentalOf(subscriptions))),
  calculateBuyout: ({ caller }, _, { subscriptions }) =>
    calling((l) => l.calculateBuyout(caller.tenantId, rentalOf(subscriptions))),
  release: (life, key, { orderId }) => ask(life, key, key, (as) => calling((l) => l.release(as, orderId))),
  addItems: (life, key, { orderId }) =>
    ask(life, key, key, (as) => calling((l) => l.addItems(as, orderId, { items: [{ sku: laptop, quantity: 1 }] }))),
  correct: (life, key, { orderId }) =>
    ask(life, key, key, (as) => calling((l) => l.correct(as, orderId, { externalReference: key }))),
  recordPayment: (life, key, { orderId }) =>
    ask(life, key, key, (as) => calling((l) => l.recordPayment(as, orderId, { status: "paid" }))),
  apply: (life, key, { orderId }) => ask(life, key, key, (as) => calling((l) => l.apply(as, orderId, "confirm"))),
  within: (life, _, { orderId }) =>
    // Here no caller has a transaction of their own: what it would do is done by the others.
    Effect.catchDefect(
      calling((l) =>
        l.within({ query: () => Promise.resolve({ rows: [] }) }, (inside) => inside.get(life.caller.tenantId, orderId))
      ),
      () => Effect.void
    ),
  cancel: (life, key, { orderId }) => ask(life, key, key, (as) => calling((l) => l.cancel(as, orderId, { reason: key }))),
  cancelMany: (life, key, { orderId }) =>
    Effect.gen(function* () {
      life.tell({ key, requestId: key, answer: "none" })
      return yield* calling((l) => l.cancelMany({ ...life.caller, requestId: RequestId.make(key) }, [orderId], { reason: key }))
    }),
  preview: ({ caller }, _, { orderId }) => calling((l) => l.preview(caller, orderId, { type: "cancel" })),
  explain: ({ caller }, _, { orderId }) => calling((l) => l.explain(caller, orderId, { type: "confirm" })),
  commands: ({ caller }, _, { orderId }) => calling((l) => l.commands(caller, orderId)),
  get: ({ caller }, _, { orderId }) => calling((l) => l.get(caller.tenantId, orderId)),
  list: ({ caller }) => calling((l) => l.list(caller.tenantId, { limit: 2 })),
  getSubscription: ({ caller }, _, { subscriptions }) =>
    calling((l) => l.getSubscription(caller.tenantId, rentalOf(subscriptions))),
  listSubscriptions: ({ caller }) => calling((l) => l.listSubscriptions(caller.tenantId, { limit: 2 })),
  rewriteNotes: ({ caller }, key, { orderId }) => calling((l) => l.rewriteNotes(caller.tenantId, orderId, { notes: key })),
  rewriteSubscriptionNotes: ({ caller }, key, { subscriptions }) =>
    calling((l) => l.rewriteSubscriptionNotes(caller.tenantId, rentalOf(subscriptions), { notes: key }))
}

const calling = <A, E>(use: (lifecycle: OrderLifecycle["Service"]) => Effect.Effect<A, E>) => Effect.flatMap(OrderLifecycle, use)
const rentalOf = (subscriptions: Order["subscriptions"]) => subscriptions[0]?.subscriptionId ?? SubscriptionId.make("none")

/** How many fibers were started, and how many of them have not ended. */
const countFibers = () => {
  let [started, ended] = [0, 0]
  return {
    recordFiberStart: () => void started++,
    recordFiberEnd: () => void ended++,
    started: () => started,
    active: () => started - ended
  }
}

/** An order that the call has something to do with. */
const orderFor = Effect.fnUntraced(function* (name: keyof typeof calls, caller: ReturnType<typeof newCaller>) {
  const lifecycle = yield* OrderLifecycle
  if (name === "confirm") return (yield* lifecycle.place(caller, requestFor([laptop, 2]))).after
  const order = yield* confirmedOrder(caller, 2)
  if (!/[sS]ubscription|^replaceAsset|^calculate/.test(name) || name === "startSubscription") return order
  const { orderId, customer } = order
  return (yield* lifecycle.startSubscription(caller, {
    orderId,
    customerId: customer.customerId,
    assetSerialNumber: newSerial()
  })).after
})

describe.each(Object.entries(stores))("a call that its caller leaves, %s,", (name, store) => {
  const runtime = ManagedRuntime.make(shopOver(store).pipe(Layer.provideMerge(store)))
  beforeAll(async () => void (await runtime.context()))
  afterAll(() => runtime.dispose())
  const interruptions = amount(name === "in memory" ? 1_000 : 300, 50)

  it(`${interruptions} times at any moment, is done as a whole or not at all, and keeps nothing`, () =>
    seeded((random) =>
      Effect.gen(function* () {
        const store = yield* OrderStore
        const caller = newCaller()
        const log = logOfCalls()
        const names = Object.keys(calls) as ReadonlyArray<keyof typeof calls>
        let leftInCommit = 0
        const fibers = countFibers()
        const interrupted = Effect.fnUntraced(function* (n: number) {
          const name = names[n % names.length] ?? "get"
          // The order is prepared under request ids that are not judged.
          const order = yield* orderFor(name, caller)
          const key = `${name}-${n}`
          const isLocked = n % 4 === 0
          const open = { commits: 0 }
          const call = Effect.exit(calls[name]({ caller, tell: log.tell }, key, order)).pipe(
            Effect.provideService(LosesRaces, isLocked ? { before: Effect.void } : null),
            Effect.provideService(Open, open)
          )
          const fiber = yield* Effect.forkChild(call, { startImmediately: true })
          if (isLocked) yield* anyMoment(random, 140)
          for (let turns = whole(random, 0, 60); turns > 0; turns--) yield* Effect.yieldNow
          if (random() < 0.5) yield* anyMoment(random, 4)
          if (open.commits > 0) leftInCommit++
          yield* Fiber.interrupt(fiber)
          // Nobody has kept the order to himself, and it can be moved on.
          yield* store.exclusively({ tenantId: caller.tenantId, orderId: order.orderId }, Effect.void)
          yield* Effect.flatMap(OrderLifecycle, (lifecycle) => lifecycle.get(caller.tenantId, order.orderId))
        })
        yield* Effect.forEach(
          Array.from({ length: interruptions }, (_, n) => n),
          interrupted,
          { concurrency: 6, discard: true }
        ).pipe(Effect.provideService(Metric.FiberRuntimeMetrics, fibers))
        sometimes("a caller left in the middle of a commit", leftInCommit)
        tried("calls interrupted at a random moment", interruptions)
        // Whoever works for nobody comes to an end, or this test does not.
        yield* until(() => fibers.active() === 0)
        expect(fibers.started()).toBeGreaterThan(interruptions)
        const verdict = yield* judge(caller.tenantId, log.calls.values())
        // What nobody asked for is what prepared the orders; all else must be in order.
        expect(verdict.faults.filter((fault) => !/nobody asked/.test(fault)).slice(0, 10)).toEqual([])
        expect(verdict.unansweredDone).toBeGreaterThan(0)
        expect(verdict.unansweredNotDone).toBeGreaterThan(0)
      }).pipe((effect) => runtime.runPromise(effect))
    ))
})

describe("a caller who leaves a commit that nobody answers", () => {
  const run = sharedLayer(shopOver(postgresStore).pipe(Layer.provideMerge(postgresStore)))

  it("leaves nothing behind when the deadline has passed", () =>
    Effect.gen(function* () {
      const { proxy, shop } = yield* shopBehindProxy
      const caller = newCaller()
      const fibers = countFibers()
      const [clock, deadlineMs] = [heldClock(), 8_000]
      const order = yield* Effect.provideContext(confirmedOrder(caller), shop)
      const store = Context.get(shop, OrderStore)
      // What is put before the commit is read; from the commit on, the server says nothing any more.
      const silenced = OrderStore.of({
        ...store,
        commit: (changes) => Effect.suspend(() => ((proxy.fault = "silent"), store.commit(changes)))
      })
      const cancel = Effect.provide(
        Effect.flatMap(OrderLifecycle, (lifecycle) => lifecycle.cancel(caller, order.orderId)),
        Layer.fresh(shopOver(Layer.succeed(OrderStore, silenced)))
      )
      const fiber = yield* Effect.forkChild(cancel).pipe(
        Effect.provideService(Deadline, deadlineMs),
        Effect.provideService(Clock.Clock, clock),
        Effect.provideService(Metric.FiberRuntimeMetrics, fibers)
      )
      // The server has made the commit, its answer is not heard, and the deadline has not passed.
      const seen = Effect.flatMap(OrderLifecycle, (lifecycle) => lifecycle.get(caller.tenantId, order.orderId))
      yield* until(Effect.map(seen, ({ cancellation }) => cancellation !== undefined))
      yield* Fiber.interrupt(fiber)
      // What was begun is waited for, by the same deadline, though nobody is there any more.
      yield* until(() => clock.waiting() > 0)
      expect(fibers.active()).toBeGreaterThan(0)
      // The driver asks for the statement to be cancelled, on a new connection. That one is cut, and the old one stays silent.
      proxy.fault = "cut"
      clock.forward(deadlineMs)
      yield* until(() => fibers.active() === 0)
      proxy.fault = "pass"
      yield* settled
      proxy.reset()
      expect((yield* seen).status).toBe("cancelled")
    }).pipe(Effect.scoped, run))
})
