/**
 * Chance from a seed. Every use has a stream of its own, named by what it is for: one more draw in one place shifts nothing in another, so
 * that two policies under the same seed meet the same customers (common random numbers).
 */
import * as Schema from "effect/Schema"
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64"
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus"

/** A stream of chance. */
export interface Stream {
  /** From 0 (included) to 1 (excluded), uniformly. */
  readonly next: () => number
  /** Fill an array with fresh bytes. */
  readonly fillBytes: (bytes: Uint8Array) => void
}

/** The stream of a seed that goes by these names. The same seed and names give the same stream, on every machine. */
export const streamOf = (seed: number, ...names: ReadonlyArray<string | number>): Stream => {
  const generator = xoroshiro128plus(hashOf(seed, names))
  return {
    next: () => uniformFloat64(generator),
    fillBytes: (bytes) => {
      let word = 0
      for (let i = 0; i < bytes.length; i++) {
        word = i % 4 === 0 ? generator.next() : word >>> 8
        bytes[i] = word
      }
    }
  }
}

/** FNV-1a over the seed and the names, with the finalizer of MurmurHash3: names that are alike give streams that are not. */
const hashOf = (seed: number, names: ReadonlyArray<string | number>): number => {
  let hash = 0x811c9dc5 ^ seed
  for (const name of names) {
    const text = `/${name}`
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

const NonNegative = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))

/** How long, or how much, by chance. The unit is that of the field that has it. */
export const Distribution = Schema.Union([
  Schema.Struct({ constant: NonNegative }),
  Schema.Struct({ uniform: Schema.Struct({ min: NonNegative, max: NonNegative }) }),
  Schema.Struct({ exponential: Schema.Struct({ mean: NonNegative }) }),
  /** `sigma` is the standard deviation of the logarithm: 0.5 is a moderate tail, 1 a long one. */
  Schema.Struct({ logNormal: Schema.Struct({ median: NonNegative, sigma: NonNegative }) })
])
export type Distribution = typeof Distribution.Type

/** One value of a distribution. */
export const draw = (distribution: Distribution, stream: Stream): number => {
  if ("constant" in distribution) return distribution.constant
  if ("uniform" in distribution) {
    const { min, max } = distribution.uniform
    return min + (max - min) * stream.next()
  }
  if ("exponential" in distribution) return distribution.exponential.mean * unitExponential(stream)
  const { median, sigma } = distribution.logNormal
  return median * Math.exp(sigma * standardNormal(stream))
}

/** Exponential with mean 1. */
export const unitExponential = (stream: Stream): number => -Math.log(1 - stream.next())

/** After how many days something happens whose rate changes with age, for an exponential draw of mean 1. Infinity: never. */
export const timeUntil = (
  drawn: number,
  hazards: ReadonlyArray<{ readonly fromDay: number; readonly perDay: number }>
): number => {
  let left = drawn
  for (const [index, { fromDay, perDay }] of hazards.entries()) {
    const until = hazards[index + 1]?.fromDay ?? Infinity
    if (perDay * (until - fromDay) > left) return fromDay + left / perDay
    left -= perDay === 0 ? 0 : perDay * (until - fromDay)
  }
  return Infinity
}

/** Normal with mean 0 and standard deviation 1 (Box and Muller). */
const standardNormal = (stream: Stream): number => {
  const radius = Math.sqrt(-2 * Math.log(1 - stream.next()))
  return radius * Math.cos(2 * Math.PI * stream.next())
}

/** True in a `share` of all cases. */
export const happens = (share: number, stream: Stream): boolean => stream.next() < share

/** One of some things, each as likely as its weight says. */
export class Choice<A> {
  readonly #things: ReadonlyArray<A>
  readonly #upTo: ReadonlyArray<number>

  constructor(weighted: Iterable<readonly [thing: A, weight: number]>) {
    const things: Array<A> = []
    const upTo: Array<number> = []
    let sum = 0
    for (const [thing, weight] of weighted) {
      things.push(thing)
      upTo.push((sum += weight))
    }
    this.#things = things
    this.#upTo = upTo
  }

  draw(stream: Stream): A {
    const at = stream.next() * (this.#upTo.at(-1) ?? 0)
    const index = this.#upTo.findIndex((sum) => at < sum)
    return this.#things[index] as A
  }
}
