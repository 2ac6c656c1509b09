/**
 * How a line of the benchmark is measured: its contenders take turns, round after round, on the same amount of work, in one process. A
 * figure by itself says little on a machine that others use too, so what counts is the ratio between two contenders in the same round,
 * and of all rounds the median. Work that was not done counts for nothing: every round is checked after the clock has been stopped.
 */

/** One way of doing the work of a line. */
export interface Contender {
  readonly name: string
  /** Get ready to do `size` units of work. Not measured. */
  readonly prepare: (size: number) => Promise<Round>
}

export interface Round {
  /** Do the work. This is what is measured. */
  readonly work: () => Promise<void> | void
  /** Throws unless all of the work was done, and done right. */
  readonly check: () => Promise<void> | void
}

/** A line of the benchmark: some work, and who does it. */
export interface Line {
  readonly name: string
  /** The work, in a sentence. */
  readonly what: string
  /** What is counted, in the plural: `orders`. */
  readonly unit: string
  /** Units of work in one round. */
  readonly size: number
  /** The first is what the others are compared with. */
  readonly contenders: readonly [Contender, ...ReadonlyArray<Contender>]
  /** What a contender is to reach, as its speed over that of the first one. */
  readonly targets: Readonly<Record<string, number>>
  /** What speed is: by the time of the processor, unless said otherwise; or by real time, where a server does part of the work. */
  readonly by?: "cpuMicros" | "perSecond"
  /** When all rounds are over. */
  readonly end?: () => Promise<void>
}

/** A line that is measured in a way of its own, and says itself whether its targets are reached. */
export interface LineOfItsOwn {
  readonly name: string
  readonly measure: (
    rounds: number,
    progress: (text: string) => void
  ) => Promise<{
    /** Rows of cells, the first of each table being its heads. */
    readonly tables: ReadonlyArray<ReadonlyArray<ReadonlyArray<string>>>
    /** The same as numbers. */
    readonly figures: object
  }>
}

/** A figure of several rounds. */
export interface Figure {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** What one contender of a line has shown. */
export interface Finding {
  readonly line: string
  readonly contender: string
  readonly unit: string
  /** Time of the processor, the collector of garbage included, in microseconds per unit of work. */
  readonly cpuMicros: Figure
  /** Units of work per second of real time. */
  readonly perSecond: Figure
  /** How many times as fast as the first contender it was in the same round. */
  readonly ratio: Figure
  readonly target?: number
}

/** Measure a line. `progress` hears of every round. */
export const measure = async (line: Line, rounds: number, progress: (text: string) => void): Promise<ReadonlyArray<Finding>> => {
  const samples = line.contenders.map((): Array<Sample> => [])
  // The first round of each warms up the compiler and is not counted.
  for (let round = 0; round <= rounds; round++) {
    for (const [index, contender] of line.contenders.entries()) {
      progress(`${line.name}: ${round === 0 ? "warming up" : `round ${round} of ${rounds}`}, ${contender.name}`)
      const sample = await measureRound(contender, line.size)
      if (round > 0) samples[index]?.push(sample)
    }
  }
  await line.end?.()
  const reference = samples[0] ?? []
  return line.contenders.map(({ name }, index) => {
    const own = samples[index] ?? []
    const target = line.targets[name]
    return {
      line: line.name,
      contender: name,
      unit: line.unit,
      cpuMicros: figureOf(own.map(({ cpuMicros }) => cpuMicros)),
      perSecond: figureOf(own.map(({ perSecond }) => perSecond)),
      ratio: figureOf(own.map((sample, round) => timesAsFast(line.by ?? "cpuMicros", sample, reference[round] ?? sample))),
      ...(target !== undefined && { target })
    }
  })
}

const timesAsFast = (by: "cpuMicros" | "perSecond", sample: Sample, first: Sample): number =>
  by === "cpuMicros" ? first.cpuMicros / sample.cpuMicros : sample.perSecond / first.perSecond

interface Sample {
  readonly cpuMicros: number
  readonly perSecond: number
}

const measureRound = async ({ prepare }: Contender, size: number): Promise<Sample> => {
  // What the contender before has left behind is not this one's to clear away. The collector also takes the machine code whose objects are
  // all gone, so some of the work is done beforehand, for the compiler.
  globalThis.gc?.()
  await (await prepare(Math.ceil(size / 4))).work()
  const { work, check } = await prepare(size)
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  await work()
  const elapsedMs = performance.now() - startedAt
  const { user, system } = process.cpuUsage(cpuBefore)
  await check()
  return { cpuMicros: (user + system) / size, perSecond: (size / elapsedMs) * 1_000 }
}

const figureOf = (values: ReadonlyArray<number>): Figure => {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN
  return { median: (at(0.5) + (sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN)) / 2, least: at(0), most: at(1) }
}
