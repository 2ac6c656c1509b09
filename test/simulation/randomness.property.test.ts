import { describe, expect, it } from "vitest"
import {
  Choice,
  type Distribution,
  draw,
  happens,
  type Stream,
  streamOf,
  unitExponential
} from "../../src/simulation/randomness.ts"
import { fc, numRuns } from "../support/fastCheck.ts"

/** The mean of so many draws. */
const meanOf = (count: number, next: () => number): number => {
  let sum = 0
  for (let n = 0; n < count; n++) sum += next()
  return sum / count
}

const filled = (stream: Stream): Uint8Array => {
  const bytes = new Uint8Array(5)
  stream.fillBytes(bytes)
  return bytes
}

describe("a stream of chance", () => {
  it("is the same for the same seed and names, however they were drawn from before", () => {
    const property = fc.property(
      fc.integer(),
      fc.string(),
      fc.nat(),
      fc.array(fc.constantFrom("next", "fill")),
      (seed, name, number, uses) => {
        const [one, two] = [streamOf(seed, name, number), streamOf(seed, name, number)]
        for (const use of uses) {
          if (use === "next") expect(one.next()).toBe(two.next())
          else expect(filled(one)).toEqual(filled(two))
        }
      }
    )
    fc.assert(property, { numRuns: numRuns(200) })
  })

  it("is another for every order of a seed", () => {
    const firsts = new Set(Array.from({ length: 10_000 }, (_, number) => streamOf(7, "order", number).next()))
    expect(firsts.size).toBe(10_000)
  })

  it("does not lean to one side, also over the first draws of many streams", () => {
    let number = 0
    // The standard deviation of such a mean is 0.0029.
    expect(Math.abs(meanOf(10_000, () => streamOf(7, "order", number++).next()) - 0.5)).toBeLessThan(0.015)
  })
})

describe("a distribution", () => {
  const cases: ReadonlyArray<readonly [Distribution, mean: number]> = [
    [{ constant: 3 }, 3],
    [{ uniform: { min: 2, max: 6 } }, 4],
    [{ exponential: { mean: 5 } }, 5],
    [{ logNormal: { median: 10, sigma: 0.5 } }, 10 * Math.exp(0.125)]
  ]

  it.each(cases)("%j has the mean it should have", (distribution, mean) => {
    const stream = streamOf(11, "distribution")
    expect(meanOf(40_000, () => draw(distribution, stream)) / mean).toBeCloseTo(1, 1)
  })

  it("is never negative", () => {
    const amounts = fc.double({ min: 0, max: 1e6, noNaN: true })
    const distributions = fc.oneof(
      fc.record({ constant: amounts }),
      fc.record({ exponential: fc.record({ mean: amounts }) }),
      fc.record({ logNormal: fc.record({ median: amounts, sigma: fc.double({ min: 0, max: 3, noNaN: true }) }) }),
      fc.tuple(amounts, amounts).map(([min, more]) => ({ uniform: { min, max: min + more } }))
    )
    const property = fc.property(distributions, fc.integer(), (distribution, seed) => {
      expect(draw(distribution, streamOf(seed))).toBeGreaterThanOrEqual(0)
    })
    fc.assert(property, { numRuns: numRuns(500) })
  })
})

describe("a choice", () => {
  it("is made as often as its weight says, and never without weight", () => {
    const stream = streamOf(3, "choice")
    const choice = new Choice([
      ["never", 0],
      ["seldom", 1],
      ["often", 3]
    ])
    const drawn = { never: 0, seldom: 0, often: 0 }
    for (let n = 0; n < 40_000; n++) drawn[choice.draw(stream) as keyof typeof drawn]++
    expect(drawn.never).toBe(0)
    expect(drawn.often / drawn.seldom).toBeCloseTo(3, 0)
  })

  it("between yes and no keeps its share", () => {
    const stream = streamOf(4, "share")
    expect(meanOf(40_000, () => (happens(0.2, stream) ? 1 : 0))).toBeCloseTo(0.2, 1)
    expect(meanOf(40_000, () => unitExponential(stream))).toBeCloseTo(1, 1)
  })
})
