/** New ids and salts: what they look like, that none comes twice, and that their chance can be replaced. */
import * as Effect from "effect/Effect"
import * as WebCrypto from "effect/crypto/WebCrypto"
import { describe, expect, it } from "vitest"
import { type Ids, makeIds } from "../../src/lifecycle/Ids.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

/** Ids whose chance is bytes that count up, from one fetch to the next, too. */
const countingIds = (): Ids => {
  let next = 0
  const counting = {
    ...globalThis.crypto,
    getRandomValues: <T extends ArrayBufferView | null>(array: T): T => {
      if (array instanceof Uint8Array) for (let n = 0; n < array.length; n++) array[n] = next++ % 251
      return array
    }
  } as unknown as typeof globalThis.crypto
  return Effect.runSync(Effect.provideService(makeIds, WebCrypto.WebCrypto, counting))
}

/** Byte after byte of what was counted, in hex. */
const counted = (from: number, size: number): string =>
  Array.from({ length: size }, (_, n) => ((from + n) % 251).toString(16).padStart(2, "0")).join("")

describe("a new id", () => {
  it("is a UUIDv7 behind its prefix: the time in front, and chance in every bit that is free", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), fc.stringMatching(/^[a-z]{1,5}$/), (millis, prefix) => {
        const id = countingIds().newId(prefix, millis)
        const [, time = "", version, first, variant, second] =
          /^[a-z]+_([0-9a-f]{8}-[0-9a-f]{4})-([0-9a-f])([0-9a-f]{3})-([0-9a-f])([0-9a-f]{3}-[0-9a-f]{12})$/.exec(id) ?? []
        expect(id.startsWith(`${prefix}_`)).toBe(true)
        expect(Number.parseInt(time.replace("-", ""), 16)).toBe(millis)
        expect([version, first, variant, second]).toEqual(["7", "607", "8", "809-0a0b0c0d0e0f"])
      }),
      { numRuns: numRuns(200) }
    )
  })

  it("sorts as its time does, and never comes twice", () => {
    const { newId } = Effect.runSync(makeIds)
    const made = Array.from({ length: 5_000 }, (_, n) => newId("ord", 1_764_000_000_000 + n))
    expect(made.toSorted()).toEqual(made)
    expect(new Set(Array.from({ length: 5_000 }, () => newId("ord", 1_764_000_000_000))).size).toBe(5_000)
  })
})

describe("a new salt", () => {
  it("is 32 bytes that nobody else has been given, however many were asked for before", () => {
    const { newSalt, newId } = countingIds()
    let place = 0
    for (let n = 0; n < 1_000; n++) {
      // What is left of a fetch and does not suffice is thrown away.
      if ((place % 4_096) + 32 > 4_096) place += 4_096 - (place % 4_096)
      expect(newSalt()).toBe(counted(place, 32))
      place += 32
      if (n % 3 !== 0) continue
      if ((place % 4_096) + 16 > 4_096) place += 4_096 - (place % 4_096)
      newId("req", 0)
      place += 16
    }
  })
})
