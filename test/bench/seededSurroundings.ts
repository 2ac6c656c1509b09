/**
 * Surroundings that cost next to nothing, as a simulation has them: time that only moves when it is looked at, chance from a seed, no
 * tracing. So what is measured is the services and not the operating system's random numbers.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as References from "effect/References"
import * as WebCrypto from "effect/crypto/WebCrypto"
import { instantClock } from "../../src/testing/instantClock.ts"

/** Random bytes that are the same in every run: xorshift32, far too weak for anything but this. */
const seededCrypto = (seed: number): typeof globalThis.crypto => {
  let state = seed
  return {
    subtle: globalThis.crypto.subtle,
    getRandomValues: (array) => {
      if (!ArrayBuffer.isView(array)) return array
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
      for (let i = 0; i < bytes.length; i++) {
        if (i % 4 === 0) {
          state ^= state << 13
          state ^= state >>> 17
          state ^= state << 5
        }
        bytes[i] = state >>> (8 * (i % 4))
      }
      return array
    },
    randomUUID: () => globalThis.crypto.randomUUID()
  }
}

export const seededSurroundings = (seed: number): Context.Context<never> =>
  Context.empty().pipe(
    Context.add(Clock.Clock, instantClock()),
    Context.add(WebCrypto.WebCrypto, seededCrypto(seed)),
    Context.add(References.TracerEnabled, false)
  )
