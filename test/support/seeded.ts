/** Random choices that can be repeated: all of a run's come from one seed, which fast-check draws, and prints when the run fails. */
import { fc } from "./fastCheck.ts"

/** Numbers from 0 to 1, the same for the same seed. */
export type Random = () => number

/** A small generator (mulberry32): what it draws depends on its seed only. */
export const randomFrom = (seed: number): Random => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Numbers that depend on a text only. */
export const randomOf = (text: string): Random => {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return randomFrom(hash)
}

/** A whole number from `least` up to, and not including, `below`. */
export const whole = (random: Random, least: number, below: number): number => least + Math.floor(random() * (below - least))

export const pick = <T>(random: Random, all: ReadonlyArray<T>): T => all[whole(random, 0, all.length)] as T

/** One long run on one seed. Nothing is shrunk: what takes seconds and depends on other processes cannot be. */
export const seeded = (run: (random: Random) => Promise<void>): Promise<void> =>
  fc.assert(
    fc.asyncProperty(fc.noBias(fc.nat()), (seed) => run(randomFrom(seed))),
    { numRuns: 1, endOnFailure: true }
  )
