/**
 * The same key gives the same answer, and has one effect: however many ask at once, whatever was answered, and only for the same command of
 * the same caller on the same order.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Result from "effect/Result"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { Caller } from "../../src/lifecycle/Caller.ts"
import { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import * as MemoryOrderStore from "../../src/memory/MemoryOrderStore.ts"
import type { Transition } from "../../src/order/Transition.ts"
import { SerialNumber, SubscriptionId } from "../../src/order/Order.ts"
import { Timestamp } from "../../src/order/Timestamp.ts"
import { soundOrders } from "../support/callLog.ts"
import { amount, sometimes, tried } from "../support/evidence.ts"
import { postgresStore } from "../support/postgresDatabase.ts"
import { pick, type Random, seeded, whole } from "../support/seeded.ts"
import { giveWay, LosesRaces, losingRaces, watchedStore } from "../support/watchedStore.ts"
import { confirmedOrder, laptop, monitor, newCaller, newSerial, requestFor, shopOver } from "../support/world.ts"
import { severalProcesses } from "../support/severalProcesses.ts"

const counts = { lost: 0, locked: 0 }
const stores = {
  "in memory": watchedStore(watchedStore(Layer.fresh(MemoryOrderStore.layer), giveWay), losingRaces(counts)),
  "on PostgreSQL": watchedStore(postgresStore, losingRaces(counts))
}

const under = (caller: Caller, idempotencyKey: string): Caller => ({ ...caller, idempotencyKey })

/** A command that a key stands for, and another that it does not. */
interface Case {
  readonly name: string
  readonly command: (caller: Caller) => Effect.Effect<Transition, { readonly _tag: string }, OrderLifecycle>
  readonly others: ReadonlyArray<(caller: Caller) => Effect.Effect<Transition, { readonly _tag: string }, OrderLifecycle>>
  readonly isAccepted: boolean
}

const kinds = ["place", "confirm", "start", "end", "cancel", "refused confirm", "refused cancel", "unknown subscription"] as const

/** One of every command, on an order of its own: accepted, or refused for a reason that lasts. */
const drawCase = Effect.fnUntraced(function* (caller: Caller, random: Random) {
  const lifecycle = yield* OrderLifecycle
  const kind = pick(random, kinds)
  const reason = `because of ${whole(random, 0, 1_000_000)}`
  const order = yield* confirmedOrder(caller, 1 + whole(random, 0, 2))
  const { orderId } = order
  const { customerId } = order.customer
  const neighbour = (yield* lifecycle.place(caller, requestFor([laptop, 1]))).after
  const otherOrder = (as: Caller) => lifecycle.cancel(as, neighbour.orderId, { reason })
  const otherCommand = (as: Caller) => lifecycle.confirm(as, neighbour.orderId)
  const made = (
    isAccepted: boolean,
    command: Case["command"],
    altered: Case["command"],
    more: Case["others"] = [otherOrder, otherCommand]
  ): Case => ({ name: kind, isAccepted, command, others: [altered, ...more] })
  const started = () =>
    lifecycle
      .startSubscription(caller, { orderId, customerId, assetSerialNumber: newSerial() })
      .pipe(
        Effect.map(({ event }) =>
          event.type === "subscription.started" ? event.details.subscriptionId : SubscriptionId.make("none")
        )
      )
  switch (kind) {
    case "place":
      return made(
        true,
        (as) => lifecycle.place(as, requestFor([laptop, 2])),
        (as) => lifecycle.place(as, requestFor([laptop, 3]))
      )
    case "confirm": {
      const { after } = yield* lifecycle.place(caller, requestFor([monitor, 1]))
      return made(
        true,
        (as) => lifecycle.confirm(as, after.orderId),
        (as) => lifecycle.cancel(as, after.orderId)
      )
    }
    case "start": {
      const assetSerialNumber = newSerial()
      return made(
        true,
        (as) => lifecycle.startSubscription(as, { orderId, customerId, assetSerialNumber }),
        (as) => lifecycle.startSubscription(as, { orderId, customerId, assetSerialNumber, notes: "altered" })
      )
    }
    case "end": {
      const rentalId = yield* started()
      return made(
        true,
        (as) => lifecycle.cancelSubscription(as, { rentalId, reason: "other" }),
        (as) => lifecycle.cancelSubscription(as, { rentalId, reason: "fraud" })
      )
    }
    case "refused confirm":
      return made(
        false,
        (as) => lifecycle.confirm(as, orderId),
        (as) => lifecycle.cancel(as, orderId, { reason })
      )
    case "refused cancel":
      yield* started()
      return made(
        false,
        (as) => lifecycle.cancel(as, orderId, { reason }),
        (as) => lifecycle.cancel(as, orderId, { reason: `${reason}.` })
      )
    case "unknown subscription":
      return made(
        false,
        (as) => lifecycle.cancelSubscription(as, { rentalId: SubscriptionId.make(`none-${reason}`), reason: "other" }),
        (as) => lifecycle.cancelSubscription(as, { rentalId: SubscriptionId.make(`none-${reason}`), reason: "fraud" })
      )
    case "cancel":
      return made(
        true,
        (as) => lifecycle.cancel(as, orderId, { reason }),
        (as) => lifecycle.cancel(as, orderId)
      )
  }
})

/** An answer as it can be compared: what was done, or the refusal; the same however often it is given. */
const plain = (outcome: Result.Result<Transition, { readonly _tag: string }>): unknown =>
  Result.isSuccess(outcome)
    ? { event: outcome.success.event }
    : { ...outcome.failure, _tag: outcome.failure._tag, replayed: undefined }

const isReplayed = (outcome: Result.Result<Transition, object>): boolean => {
  const answer = Result.isSuccess(outcome) ? outcome.success : outcome.failure
  return "replayed" in answer && answer.replayed === true
}

const tagOf = (outcome: Result.Result<unknown, { readonly _tag: string }>) =>
  Result.isSuccess(outcome) ? "accepted" : outcome.failure._tag

let keys = 0
const newKey = () => `key-${process.pid}-${++keys}`

describe.each(Object.entries(stores))("an idempotency key, %s,", (name, store) => {
  const runtime = ManagedRuntime.make(Layer.merge(shopOver(store).pipe(Layer.provideMerge(store)), severalProcesses))
  beforeAll(async () => void (await runtime.context()))
  afterAll(() => runtime.dispose())

  it("gives all who ask at once the same answer, has one effect, and stands for nothing else", () =>
    seeded((random) =>
      Effect.gen(function* () {
        const lifecycle = yield* OrderLifecycle
        const [caller, stranger] = [newCaller(), newCaller()]
        const asked: Array<string> = []
        const before = { ...counts }
        yield* Effect.forEach(
          Array.from({ length: amount(name === "in memory" ? 500 : 1_000, 20) }),
          () =>
            Effect.gen(function* () {
              const key = newKey()
              const { name, command, others, isAccepted } = yield* drawCase(caller, random)
              const same = Effect.result(command(under(caller, key)))
              const other = Effect.result(pick(random, others)(under(caller, key)))
              // Four ask at once, and sometimes a fifth asks for something else at the same time.
              const [first, ...repeats] = yield* Effect.all([same, same, same, same], { concurrency: "unbounded" })
              for (const repeat of repeats) expect(plain(repeat), `${name} ${key}`).toEqual(plain(first))
              expect(Result.isSuccess(first), `${name} ${key}: ${tagOf(first)}`).toBe(isAccepted)
              sometimes(isAccepted ? "a key gave the accepted answer again" : "a key gave the refusal again", 3)
              expect(tagOf(yield* other), `${name} ${key}, altered`).toBe("IdempotencyKeyReused")
              // The key is the tenant's: another of its users gets the same answer.
              const anotherActor = yield* Effect.result(command({ ...under(caller, key), actor: { userId: "bob" } }))
              expect(plain(anotherActor), `${name} ${key}, by another`).toEqual(plain(first))
              expect(isReplayed(anotherActor), `${name} ${key} is marked as given again`).toBe(true)
              sometimes("a key was refused for another command", 2)
              // Another tenant's key of that name is another key: what it asks for is not there.
              if (name !== "place") expect(tagOf(yield* Effect.result(command(under(stranger, key))))).toMatch(/NotFound$/)
              expect(plain(yield* same)).toEqual(plain(first))
              asked.push(key)
              if (Result.isSuccess(first)) {
                const { after, event, before, replayed } = first.success
                expect(replayed ? before : (before?.version ?? 0), `${name} ${key}`).toBe(replayed ? null : event.sequence - 1)
                const now = yield* lifecycle.get(caller.tenantId, after.orderId)
                expect(now, `${name} ${key} had one effect`).toEqual(after)
              }
            }),
          { concurrency: 6, discard: true }
        )
        sometimes("a lost race was decided again", counts.lost - before.lost)
        tried("idempotency keys, each asked for by four at once", asked.length)
        expect((yield* soundOrders(caller.tenantId)).faults).toEqual([])
      }).pipe((effect) => runtime.runPromise(effect))
    ))

  it("gives its answer again, accepted or refused, when it was given under the order's lock", () =>
    Effect.gen(function* () {
      const lifecycle = yield* OrderLifecycle
      const caller = newCaller()
      for (let n = 0; n < 3; n++) {
        const { orderId, customer } = yield* confirmedOrder(caller, 2)
        const { locked } = counts
        const [accepted, refused] = [newKey(), newKey()]
        const start = lifecycle.startSubscription(under(caller, accepted), {
          orderId,
          customerId: customer.customerId,
          assetSerialNumber: SerialNumber.make(accepted)
        })
        const started = yield* Effect.provideService(start, LosesRaces, { before: Effect.void })
        expect(yield* start).toEqual({ ...started, before: null, replayed: true })
        // It is refused under the lock, because a subscription was started just before, and stays refused when that has ended.
        const other = yield* confirmedOrder(caller, 1)
        const cancel = Effect.result(lifecycle.cancel(under(caller, refused), other.orderId))
        const subscription = { orderId: other.orderId, customerId: customer.customerId, assetSerialNumber: newSerial() }
        const before = Effect.orDie(lifecycle.startSubscription(caller, subscription))
        const first = yield* Effect.provideService(cancel, LosesRaces, { before })
        expect(tagOf(first)).toBe("OrderNotCancellable")
        const { subscriptions } = yield* lifecycle.get(caller.tenantId, other.orderId)
        const rentalId = subscriptions[0]?.subscriptionId ?? SubscriptionId.make("none")
        yield* lifecycle.cancelSubscription(caller, { rentalId, reason: "other" })
        expect(plain(yield* cancel)).toEqual(plain(first))
        sometimes("a command went by way of the order's lock", counts.locked - locked)
      }
    }).pipe((effect) => runtime.runPromise(effect)))

  it("is not used up by invalid input: the corrected request may use it", () =>
    Effect.gen(function* () {
      const lifecycle = yield* OrderLifecycle
      const caller = under(newCaller(), newKey())
      const { orderId } = yield* confirmedOrder(newCaller())
      const tooLong = Effect.flip(lifecycle.cancel(caller, orderId, { reason: "x".repeat(1_001) }))
      expect((yield* tooLong)._tag).toBe("InvalidInput")
      expect(tagOf(yield* Effect.result(lifecycle.place(caller, requestFor([laptop, 1]))))).toBe("accepted")
    }).pipe((effect) => runtime.runPromise(effect)))

  it("is free again after 24 hours, and whoever comes first then has it, while expired keys are being forgotten", () =>
    Effect.gen(function* () {
      const [lifecycle, store] = [yield* OrderLifecycle, yield* OrderStore]
      const caller = newCaller()
      const start = Date.parse("2026-11-23T12:00:00.000Z")
      const day = 24 * 60 * 60 * 1_000
      const at = <A, E, R>(time: number, effect: Effect.Effect<A, E, R>) =>
        Effect.provideService(effect, Clock.Clock, clockAt(time))
      const place = (key: string, quantity: number) =>
        Effect.result(lifecycle.place(under(caller, key), requestFor([laptop, quantity])))
      const forget = (time: number) => store.forgetExpired(caller.tenantId, Timestamp.make(new Date(time).toISOString()), 3)
      for (let n = 0; n < amount(30, 10); n++) {
        const key = newKey()
        const first = yield* at(start, place(key, 1))
        // The last moment of its life: the key gives its answer, and stands for nothing else.
        expect(plain(yield* at(start + day, place(key, 1)))).toEqual(plain(first))
        expect(tagOf(yield* at(start + day, place(key, 2)))).toBe("IdempotencyKeyReused")
        // The moment after, four ask at once for two things, and somebody forgets what has expired.
        const later = start + day + 1
        const [one, other, ...more] = yield* Effect.all(
          [
            at(later, place(key, 2)),
            at(later, place(key, 3)),
            at(later, place(key, 2)),
            at(later, place(key, 3)),
            Effect.as(forget(later), null)
          ],
          { concurrency: "unbounded" }
        )
        const [oneAgain, otherAgain] = more
        expect([tagOf(one), tagOf(other)].toSorted()).toEqual(["IdempotencyKeyReused", "accepted"])
        expect([plain(oneAgain), plain(otherAgain)]).toEqual([plain(one), plain(other)])
        const winner = Result.isSuccess(one) ? one : other
        expect(
          Result.isSuccess(winner) && Result.isSuccess(first) && winner.success.after.orderId !== first.success.after.orderId
        ).toBe(true)
        sometimes("an expired key was used again")
      }
      // What has expired is forgotten in batches, and nothing else is.
      const end = start + 3 * day
      let forgotten = 0
      for (let batch = yield* forget(end); batch > 0; batch = yield* forget(end)) {
        expect(batch).toBeLessThanOrEqual(3)
        forgotten += batch
      }
      expect(forgotten).toBeGreaterThanOrEqual(amount(30, 10))
      expect((yield* soundOrders(caller.tenantId)).faults).toEqual([])
    }).pipe((effect) => runtime.runPromise(effect)))
})

/** A clock that stands still in the past or future, and waits as long as any other. */
const clockAt = (time: number): Clock.Clock => {
  const real = Clock.Clock.defaultValue()
  return {
    currentTimeMillisUnsafe: () => time,
    currentTimeMillis: Effect.succeed(time),
    currentTimeNanosUnsafe: () => BigInt(time) * 1_000_000n,
    currentTimeNanos: Effect.succeed(BigInt(time) * 1_000_000n),
    monotonicTimeNanosUnsafe: () => real.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: real.monotonicTimeNanos,
    sleep: (duration) => real.sleep(duration)
  }
}
