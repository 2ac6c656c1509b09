/**
 * A store in which things go wrong, by chance. Which fault hits a step depends on the seed, the call, its attempt and how many steps it has
 * made: a call meets the same faults whatever other calls there are, so that a script can be made shorter without becoming another one.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { type CommitOutcome, type OrderStore, OutcomeUnknown, StoreUnavailable } from "../lifecycle/OrderStore.ts"
import { CurrentCall, type Sent, type Watcher } from "./Call.ts"
import { faultAt, type FaultKind, type Faults, jumpMs, millis } from "./Faults.ts"
import { happens, type Stream, streamOf } from "./randomness.ts"
import { aroundStore, type StoreOperation } from "./storeSteps.ts"
import type { World } from "./World.ts"

type Store = OrderStore["Service"]

const anywhere = ["unavailable", "delay", "crashBefore", "crashAfter", "clockJump"] as const satisfies ReadonlyArray<FaultKind>
const reading: ReadonlyArray<FaultKind> = anywhere
const writing: ReadonlyArray<FaultKind> = [...anywhere, "lostAnswer"]
const committing: ReadonlyArray<FaultKind> = [...writing, "conflict", "duplicate"]
/** In a transaction a proxy cannot repeat a single statement. */
const committingUnderLock: ReadonlyArray<FaultKind> = [...writing, "conflict"]
const locking: ReadonlyArray<FaultKind> = ["unavailable", "delay", "crashBefore", "clockJump"]
/** Before a transaction has ended it can still be taken back; */
const unlocking: ReadonlyArray<FaultKind> = ["unavailable", "crashBefore"]
/** afterwards only the answer can get lost. */
const unlocked: ReadonlyArray<FaultKind> = ["lostAnswer", "crashAfter"]

const writes: ReadonlySet<StoreOperation> = new Set<StoreOperation>([
  "rememberRefusal",
  "forgetExpired",
  "eraseText",
  "rewriteNotes",
  "addConsumer",
  "removeConsumer",
  "consumers",
  "leaseEvents",
  "settleEvents",
  "unparkEvent",
  "leaseDue",
  "settleDue",
  "feed"
])

/** Chance of its own for work that no caller has asked for; null where the time it comes at is enough. */
export const CurrentChance = Context.Reference<Stream | null>("order-lifecycle/simulation/faultyStore/CurrentChance", {
  defaultValue: () => null
})

/** A transaction under an order's lock. A fault in it breaks it: nothing more happens in it, and at its end all of it is taken back. */
interface Transaction {
  broken: StoreUnavailable | OutcomeUnknown | null
}
const CurrentTransaction = Context.Reference<Transaction | null>("order-lifecycle/simulation/faultyStore/CurrentTransaction", {
  defaultValue: () => null
})

export interface FaultyOptions {
  readonly world: World
  readonly faults: Faults
  readonly seed: number
  /** Let the process of the services die, for so many ms. */
  readonly crash: (downMs: number) => void
  readonly watchers: ReadonlyArray<Watcher>
}

/** The store with its faults, and how to end them: from `heal` on nothing goes wrong any more, and the wall clock is right. */
export const faultyStore = (
  store: Store,
  { world, faults, seed, crash, watchers }: FaultyOptions
): { readonly store: Store; readonly heal: () => void } => {
  const startedAt = world.now
  let isHealed = false

  const chanceByAttempt = new WeakMap<Sent, Stream>()
  const chanceOf = (sent: Sent | null, own: Stream | null): Stream => {
    if (sent === null) return own ?? streamOf(seed, "faults", "at", world.now)
    const known = chanceByAttempt.get(sent)
    if (known) return known
    const chance = streamOf(seed, "faults", sent.number, sent.attempt)
    chanceByAttempt.set(sent, chance)
    return chance
  }

  const isOut = (chance: Stream): boolean => {
    const day = (world.now - startedAt) / 86_400_000
    const outage = faults.outages.find(({ atDay, hours }) => day >= atDay && day < atDay + hours / 24)
    return outage !== undefined && happens(outage.share, chance)
  }

  /** A step of the store, with what goes wrong in it. `lost` is what it answers when somebody else seems to have been first. */
  const step = <A, E, R>(
    operation: Effect.Effect<A, E, R>,
    name: string,
    kinds: ReadonlyArray<FaultKind>,
    lost: Effect.Effect<A, E, R> = operation
  ): Effect.Effect<A, E, R> =>
    Effect.withFiber((fiber) => {
      const sent = fiber.getRef(CurrentCall)
      const transaction = fiber.getRef(CurrentTransaction)
      if (isHealed) return operation
      const chance = chanceOf(sent, fiber.getRef(CurrentChance))
      // What a fault answers is an error of this operation: of a read, or of a write.
      const fail = (error: StoreUnavailable | OutcomeUnknown) => {
        if (transaction) transaction.broken ??= error
        return Effect.fail(error) as Effect.Effect<never>
      }
      if (transaction?.broken) return fail(new StoreUnavailable({ cause: transaction.broken }))
      const isCutOff = kinds.includes("unavailable") && isOut(chance)
      const kind = isCutOff ? "unavailable" : faultAt(faults, kinds, chance)
      if (kind === null) return operation
      for (const watcher of watchers) watcher.fault?.(kind, name, sent, world.now)
      const die = Effect.suspend(() => {
        crash(millis(faults.downSeconds, chance))
        // What would catch a failure does not live to see this one.
        fiber.interruptUnsafe()
        return Effect.interrupt
      })
      switch (kind) {
        case "unavailable":
          return fail(new StoreUnavailable({ cause: "simulated" }))
        case "lostAnswer":
          return Effect.andThen(operation, fail(new OutcomeUnknown({ cause: "simulated" })))
        case "conflict":
          return lost
        case "duplicate":
          return Effect.tap(operation, Effect.ignore(operation))
        case "crashBefore":
          return die
        case "crashAfter":
          return Effect.andThen(operation, die)
        case "clockJump":
          world.clockError = jumpMs(faults, chance)
          return operation
        case "delay": {
          const wait = Effect.sleep(millis(faults.delaySeconds, chance))
          return happens(0.5, chance) ? Effect.andThen(wait, operation) : Effect.tap(operation, wait)
        }
        case "consumerDies":
        case "deliveryFails":
        case "consumerFreezes":
          return operation
      }
    })

  return {
    heal: () => {
      isHealed = true
      world.clockError = 0
    },
    store: {
      ...aroundStore(store, (operation, name) => step(operation, name, writes.has(name) ? writing : reading)),
      commit: (changes) =>
        Effect.flatMap(CurrentTransaction, (transaction) => {
          const kinds = transaction === null ? committing : committingUnderLock
          const lost = Effect.sync(() => changes.map((): CommitOutcome => "conflict"))
          return step(store.commit(changes), "commit", kinds, lost)
        }),
      exclusively: (order, use) =>
        Effect.suspend(() => {
          const transaction: Transaction = { broken: null }
          const inside = use.pipe(
            Effect.tap(step(Effect.void, "unlock", unlocking)),
            Effect.tap(Effect.suspend(() => (transaction.broken ? Effect.fail(transaction.broken) : Effect.void))),
            Effect.provideService(CurrentTransaction, transaction)
          )
          const whole = step(store.exclusively(order, inside), "lock", locking)
          return Effect.tap(whole, step(Effect.void, "unlock", unlocked))
        })
    }
  }
}
