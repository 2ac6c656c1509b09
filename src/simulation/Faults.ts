/**
 * What can go wrong between the services and their store, as data: how likely each kind is, at each step of the store.
 *
 * The kinds are those that a library has to survive. A conflict that nobody caused makes it decide again, an answer that is lost on the
 * way makes it say "unknown", and a crash may come between any two steps. What no library can survive (a store that forgets) is not here:
 * such things are planted by tests, to see that they are found.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Distribution, draw, happens, type Stream, streamOf } from "./randomness.ts"

const orElse = <S extends Schema.Constraint>(schema: S, value: NoInfer<S["Encoded"]>) =>
  Schema.withDecodingDefaultKey<S>(Effect.succeed(value))(schema)

const NonNegative = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))
const Share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))

/** Share of the steps that a kind of fault hits. */
const Rate = orElse(Share, 0)

export const Faults = Schema.Struct({
  /** A write is done, and the answer to it is lost (`OutcomeUnknown`). */
  lostAnswer: Rate,
  /** Nothing is done (`StoreUnavailable`). */
  unavailable: Rate,
  /** A commit is turned down, as if somebody else had been first, who was not. */
  conflict: Rate,
  /** A commit arrives twice, as from a proxy that repeats it; the first answer counts. The second one must change nothing. */
  duplicate: Rate,
  /** A step takes long, before or after the store does it. */
  delay: Rate,
  delaySeconds: orElse(Distribution, { exponential: { mean: 2 } }),
  /** The process of the services dies before or after a step, with everything it was doing, and comes back. */
  crashBefore: Rate,
  crashAfter: Rate,
  downSeconds: orElse(Distribution, { uniform: { min: 0, max: 20 } }),
  /** The clock on the wall is set wrong, fast or slow, at most by so much. */
  clockJump: Rate,
  clockJumpHours: orElse(NonNegative, 3),
  /** Share of the deliveries from the outbox after whose events the consumer dies, before it says that it has them. */
  consumerDies: Rate,
  /** Share of the deliveries that a consumer refuses. Each is tried again; the later events of its order wait. */
  deliveryFails: Rate,
  /**
   * Share of the deliveries over which a consumer freezes, before or after it takes the events, until their lease is over. Meanwhile another
   * process delivers to it.
   */
  consumerFreezes: Rate,
  /** Times at which nothing, or only some of it, can be reached. `atDay` counts from the start. */
  outages: orElse(Schema.Array(Schema.Struct({ atDay: NonNegative, hours: NonNegative, share: orElse(Share, 1) })), [])
})
export type Faults = typeof Faults.Type

/** The kinds of faults that hit single steps. An outage that hits one counts as `unavailable`. */
export const faultKinds = [
  "lostAnswer",
  "unavailable",
  "conflict",
  "duplicate",
  "delay",
  "crashBefore",
  "crashAfter",
  "clockJump",
  "consumerDies",
  "deliveryFails",
  "consumerFreezes"
] as const satisfies ReadonlyArray<keyof Faults>
export type FaultKind = (typeof faultKinds)[number]

export const noFaults: Faults = Schema.decodeSync(Faults)({})

/** Whether there is anything in it. */
export const isQuiet = (faults: Faults): boolean => faultKinds.every((kind) => faults[kind] === 0) && faults.outages.length === 0

/** The highest rates: a swarm stays below them, so that orders still get somewhere. A crash takes everybody's calls with it. */
const highest: Readonly<Record<FaultKind, number>> = {
  lostAnswer: 0.2,
  unavailable: 0.2,
  conflict: 0.7,
  duplicate: 0.3,
  delay: 0.5,
  crashBefore: 0.01,
  crashAfter: 0.01,
  clockJump: 0.05,
  consumerDies: 0.5,
  deliveryFails: 0.3,
  consumerFreezes: 0.3
}

/**
 * The faults of a seed: about half of the kinds, each at a rate of its own (swarm testing: what always comes with everything else at once
 * hides what happens without it). Outages fall into the first `hours`.
 */
export const swarm = (seed: number, hours: number): Faults => {
  const chance = streamOf(seed, "swarm")
  const rates = faultKinds.map((kind) => {
    const isOn = happens(0.5, chance)
    // From the highest rate down to a hundredth of it, each order of magnitude as likely.
    const rate = highest[kind] * 10 ** (-2 * chance.next())
    return [kind, isOn ? rate : 0] as const
  })
  const outages = Array.from({ length: happens(0.3, chance) ? 1 + Math.floor(chance.next() * 3) : 0 }, () => ({
    atDay: (chance.next() * hours) / 24,
    hours: (chance.next() * hours) / 20,
    share: happens(0.5, chance) ? 1 : chance.next()
  }))
  return { ...noFaults, ...(Object.fromEntries(rates) as Record<FaultKind, number>), outages }
}

/** The fault that hits a step, if one does: one of `kinds`, by their rates. */
export const faultAt = (faults: Faults, kinds: ReadonlyArray<FaultKind>, chance: Stream): FaultKind | null => {
  let left = chance.next()
  for (const kind of kinds) {
    left -= faults[kind]
    if (left < 0) return kind
  }
  return null
}

/** How far the wall clock is off after a jump (ms). */
export const jumpMs = ({ clockJumpHours }: Faults, chance: Stream): number =>
  Math.round((chance.next() * 2 - 1) * clockJumpHours * 3_600_000)

/** How far the wall clock may be off at most (ms). */
export const mostClockErrorMs = ({ clockJump, clockJumpHours }: Faults): number =>
  clockJump === 0 ? 0 : clockJumpHours * 3_600_000

/** How long something takes (ms). */
export const millis = (seconds: Distribution, chance: Stream): number => Math.ceil(draw(seconds, chance) * 1_000)
