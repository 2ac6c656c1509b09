/** Schedules on the store in memory: the shop over a store with gates that can go back, and nothing in it that waits or costs time. */
import * as Clock from "effect/Clock"
import { WebCrypto } from "effect/crypto/WebCrypto"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { CurrentDigest } from "../../src/lifecycle/CurrentDigest.ts"
import type { OrderLifecycle } from "../../src/lifecycle/OrderLifecycle.ts"
import type { OrderStore } from "../../src/lifecycle/OrderStore.ts"
import type { Reservations } from "../../src/lifecycle/Reservations.ts"
import { layer as memory } from "../../src/memory/MemoryOrderStore.ts"
import { nodeDigest } from "../../src/node/nodeDigest.ts"
import { exploreSchedules, type Mix } from "../../src/testing/exploreSchedules.ts"
import { layerWithGates } from "../../src/testing/gates.ts"
import { instantClock } from "../../src/testing/instantClock.ts"
import type { OrderCall } from "../../src/testing/OrderCall.ts"
import { layerWithRewind } from "../../src/testing/rewind.ts"
import { shopOver } from "../../src/testing/shop.ts"

/** Run schedules on a store in memory; `store` may be one with something wrong with it. */
export const inMemory = <A, E>(
  schedules: Effect.Effect<A, E, OrderLifecycle | Reservations | OrderStore>,
  store: Layer.Layer<OrderStore> = memory,
  clock: Clock.Clock = instantClock()
): Promise<A> =>
  schedules.pipe(
    Effect.provide(shopOver(layerWithGates(layerWithRewind(store)))),
    Effect.provideService(Clock.Clock, clock),
    Effect.provideService(WebCrypto, countingCrypto()),
    Effect.provideService(CurrentDigest, nodeDigest),
    Effect.withTracerEnabled(false),
    Effect.runPromise
  )

/** At most so many of the mixes, spread evenly over all of them. */
export const spread = (mixes: ReadonlyArray<Mix>, most: number): ReadonlyArray<Mix> => {
  const step = Math.max(1, mixes.length / most)
  return mixes.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step))
}

/** The calls that serve an order. */
const serving: ReadonlySet<OrderCall["type"]> = new Set([
  "place",
  "confirm",
  "startSubscription",
  "cancelSubscription",
  "cancel",
  "cancelMany"
])

/** Every mix of calls that serve an order, and at most so many of the mixes that have another call in them. */
export const servingAndSome = (mixes: ReadonlyArray<Mix>, most: number): ReadonlyArray<Mix> => {
  const isServing = ({ calls }: Mix) => calls.every(({ type }) => serving.has(type))
  return [
    ...mixes.filter(isServing),
    ...spread(
      mixes.filter((mix) => !isServing(mix)),
      most
    )
  ]
}

/** Bytes that differ from each other, and cost nothing: real ones were a tenth of the time of a schedule. */
const countingCrypto = (): typeof WebCrypto.Service => {
  let count = 0
  const getRandomValues = (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length; at += 4) {
      const word = Math.imul(++count, 0x9e3779b1)
      for (let byte = 0; byte < 4 && at + byte < bytes.length; byte++) bytes[at + byte] = word >>> (8 * byte)
    }
    return bytes
  }
  // The library takes nothing else from it.
  return { getRandomValues } as typeof WebCrypto.Service
}

/** Every schedule of every mix; `undecided` counts the mixes in which it mattered who came first. */
export const exploreAll = async (mixes: ReadonlyArray<Mix>) => {
  const all = await inMemory(Effect.forEach(mixes, (mix) => exploreSchedules(mix)))
  return {
    isComplete: all.every(({ isComplete }) => isComplete),
    schedules: all.reduce((sum, { schedules }) => sum + schedules, 0),
    undecided: all.filter(({ outcomes }) => outcomes.size > 1).length
  }
}
