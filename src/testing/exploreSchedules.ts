/**
 * Every order in which concurrent calls can get their turns at a store.
 *
 * The calls run at the same time, but each waits at a gate before whatever it does in the store (`gates.ts`), and one gate is opened at a
 * time. Which one is a choice; all choices together are a schedule. Schedules are tried depth first, from an order that is made anew for
 * each, until there is none left, or at random.
 *
 * After each schedule, its calls must have answered, and left behind, what they could have one after the other
 * (`findLinearization.ts`), and the store must stand up to the auditor (`auditStore.ts`).
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import { FunctionOption, optionsReader } from "../lifecycle/options.ts"
import { TakesTurns } from "../lifecycle/OrderTurns.ts"
import { lifecycles } from "../order/lifecycleTable.ts"
import { type CancellationPolicy, cancellationPolicyNames } from "../order/policies/index.ts"
import { auditStore } from "./auditStore.ts"
import { findLinearization, type RecordedCall } from "./findLinearization.ts"
import { CurrentGate } from "./gates.ts"
import {
  type Acquaintance,
  describeCall,
  makeCall,
  type ModelState,
  type OrderCall,
  sequentialCalls,
  type Services
} from "./OrderCall.ts"
import { Rewind } from "./rewind.ts"
import { newCaller } from "./shop.ts"

/** Calls that are made at the same time, and those that were made before. */
export interface Mix {
  readonly before: ReadonlyArray<OrderCall>
  readonly calls: ReadonlyArray<OrderCall>
}

/** How many schedules to try, which, and how to tell that a call waits for another. */
export interface ExploreOptions {
  /** Stop after so many schedules, even when there are more. */
  readonly atMost?: number
  /** Choose at random, from this seed, instead of going through all of them. Needs `atMost`. */
  readonly seed?: number
  /**
   * Whether all of the `unsettled` calls, which were let into the store and have not come back, are waiting there for another call. Asked
   * when they have not come back at once. Unless said otherwise: when they have not come back for 50 ms.
   */
  readonly areWaiting?: (unsettled: number) => Effect.Effect<boolean>
  /** Put something around the call at a position, such as a service that only this one is to have. */
  readonly around?: (position: number, call: Effect.Effect<void, never, Services>) => Effect.Effect<void, never, Services>
  /** What the services were set up with. */
  readonly cancellationPolicy?: CancellationPolicy
}

/** What was tried. */
export interface Exploration {
  readonly schedules: number
  /** No schedule was left out. */
  readonly isComplete: boolean
  /** Answers that were met, over all schedules: how many schedules ended in each combination of them. */
  readonly outcomes: ReadonlyMap<string, number>
  /** How often a call waited in the store for another. */
  readonly waits: number
}

/** A schedule after which something was wrong. */
export class BrokenSchedule extends Data.TaggedError("BrokenSchedule")<{
  readonly mix: Mix
  readonly steps: ReadonlyArray<string>
  readonly faults: ReadonlyArray<string>
}> {
  override get message() {
    const calls = this.mix.calls.map((call, n) => `  ${nameOf(n)} = ${describeCall(call)}`)
    return [
      `Before: ${this.mix.before.map(describeCall).join("; ")}`,
      "At the same time:",
      ...calls,
      "In turn:",
      ...inRuns(this.steps).map((step) => `  ${step}`),
      "Found:",
      ...this.faults.map((fault) => `  ${fault}`)
    ].join("\n")
  }
}

/** A step that is taken again and again, as by a call that never gets anywhere, is told once. */
const inRuns = (steps: ReadonlyArray<string>): ReadonlyArray<string> => {
  const runs: Array<{ readonly step: string; count: number }> = []
  for (const step of steps) {
    const last = runs.at(-1)
    if (last?.step === step) last.count++
    else runs.push({ step, count: 1 })
  }
  return runs.map(({ step, count }) => (count === 1 ? step : `${step} (${count} times)`))
}

const nameOf = (call: number) => String.fromCharCode(65 + call)

const readOptions = optionsReader<ExploreOptions>("exploreSchedules", {
  atMost: Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)),
  seed: Schema.Int,
  areWaiting: FunctionOption,
  around: FunctionOption,
  cancellationPolicy: Schema.Literals(cancellationPolicyNames)
})

/** Try the schedules of a mix; fails with the first one after which something is wrong. */
export const exploreSchedules = Effect.fn("exploreSchedules")(function* (mix: Mix, options: ExploreOptions = {}) {
  const { atMost = Infinity, seed } = readOptions(options)
  if (seed !== undefined && atMost === Infinity) throw new Error("random schedules never end: say how many, by atMost")
  const verdicts = new Map<string, string | null>()
  const outcomes = new Map<string, number>()
  const { open } = yield* openingOf(mix, options)
  const choices = seed === undefined ? everyChoice() : randomChoices(seed)
  let schedules = 0
  let waits = 0
  do {
    const run = yield* runSchedule(mix, yield* open, choices.next, options)
    schedules++
    waits += run.waits
    const outcome = run.history.map(({ answer }) => (answer === "unknown" ? answer : answer.known)).join(" | ")
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    const faults = [...run.faults, ...(yield* unlinearizable(run, verdicts, options))]
    if (faults.length > 0) return yield* new BrokenSchedule({ mix, steps: run.steps, faults })
  } while (choices.advance() && schedules < atMost)
  const isComplete = seed === undefined && !choices.advance()
  return { schedules, isComplete, outcomes, waits } satisfies Exploration
})

/** Nothing fits the answers: says so, once for each history that was not met before. */
const unlinearizable = ({ initial, history }: Run, verdicts: Map<string, string | null>, options: ExploreOptions) =>
  Effect.sync(() => {
    const seen = JSON.stringify(history)
    const known = verdicts.get(seen)
    if (known !== undefined) return known === null ? [] : [known]
    const model = sequentialCalls(initial, lifecycles[options.cancellationPolicy ?? "noActiveSubscriptions"])
    const verdict =
      findLinearization(model, history) === null
        ? ["no order of the calls explains the answers:", ...history.map(describeRecorded)].join("\n    ")
        : null
    verdicts.set(seen, verdict)
    return verdict === null ? [] : [verdict]
  })

/** A call and its answer, in one line. */
export const describeRecorded = ({ call, answer, began, ended }: RecordedCall<OrderCall, string>): string =>
  `${began} to ${ended === Infinity ? "the end" : ended}: ${describeCall(call)} => ${answer === "unknown" ? answer : answer.known}`

// --- choices ---------------------------------------------------------------------------------------------------------------------------

/** Whose turn it is, again and again. `advance` goes on to the next schedule; false when there is none. */
export interface Choices {
  readonly next: (howMany: number) => number
  readonly advance: () => boolean
}

/** Depth first: each schedule repeats the one before up to the last choice that had an alternative left. */
export const everyChoice = (): Choices => {
  let path: Array<{ choice: number; howMany: number }> = []
  let depth = 0
  return {
    next: (howMany) => {
      const step = path[depth] ?? { choice: 0, howMany }
      if (step.howMany !== howMany)
        throw new Error("the same choices led to another state: the store or the calls are not deterministic")
      path[depth++] = step
      return step.choice
    },
    advance: () => {
      path = path.slice(0, depth)
      depth = 0
      for (let last = path.pop(); last !== undefined; last = path.pop()) {
        if (last.choice + 1 >= last.howMany) continue
        path.push({ ...last, choice: last.choice + 1 })
        return true
      }
      return false
    }
  }
}

/** Mulberry32: small, and good enough to choose whose turn it is. */
const randomChoices = (seed: number): Choices => {
  let state = seed | 0
  return {
    next: (howMany) => {
      state = (state + 0x6d2b79f5) | 0
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
      return ((mixed ^ (mixed >>> 14)) >>> 0) % howMany
    },
    advance: () => true
  }
}

// --- one schedule ----------------------------------------------------------------------------------------------------------------------

interface Run {
  readonly initial: ModelState
  readonly history: ReadonlyArray<RecordedCall<OrderCall, string>>
  readonly steps: ReadonlyArray<string>
  readonly faults: ReadonlyArray<string>
  readonly waits: number
}

/** Rivals that lose a race try again at once: chance has no part in a schedule. */
const noChance: typeof Random.Random.Service = { nextIntUnsafe: () => 0, nextDoubleUnsafe: () => 0 }

interface Opening {
  readonly known: Acquaintance
  readonly initial: ModelState
}

/** How each schedule begins: with the calls that come before, or, on a store that can go back, with what they left behind. */
const openingOf = Effect.fnUntraced(function* (mix: Mix, options: ExploreOptions) {
  const model = sequentialCalls(undefined, lifecycles[options.cancellationPolicy ?? "noActiveSubscriptions"])
  const open = Effect.gen(function* () {
    const known: Acquaintance = { caller: newCaller(), orders: [] }
    let initial = model.initial
    for (const call of mix.before) {
      const expected = model.apply(initial, call)
      initial = expected.state
      for (const { answer } of yield* makeCall(call, known)) {
        if (answer !== expected.answer) {
          throw new Error(`${describeCall(call)} was answered ${answer}, not ${expected.answer}`)
        }
      }
    }
    return { known, initial } satisfies Opening
  })
  const rewinding = yield* Effect.serviceOption(Rewind)
  if (Option.isNone(rewinding)) return { open }
  const { restart, mark, rewind } = rewinding.value
  // Each way back makes again all that was committed before the mark, which is not to be what other mixes left behind.
  yield* restart
  const first = yield* open
  yield* mark
  const again = (): Opening => ({ ...first, known: { ...first.known, orders: first.known.orders.slice() } })
  return { open: Effect.map(rewind, again) }
})

/** What came of calls that took turns. */
interface Turns {
  readonly waits: number
  /** Calls that wait for each other, and were given up. */
  readonly stuck: number
}

/**
 * Make calls at the same time, of which one at a time is let through its gate: `choose` says which. What each does when it has its answer is its
 * `told`, in the same step. `steps` is filled with what happened; `began` with the step in which each call began.
 */
export const takeTurns = Effect.fnUntraced(function* <A, R>(
  calls: ReadonlyArray<{ readonly make: Effect.Effect<A, never, R>; readonly told: (answer: A) => void }>,
  choose: (howMany: number) => number,
  {
    areWaiting,
    around
  }: {
    readonly areWaiting?: ExploreOptions["areWaiting"]
    readonly around?: (n: number, call: Effect.Effect<void, never, R>) => Effect.Effect<void, never, R>
  } = {},
  { steps = [], began = [] }: { readonly steps?: Array<string>; readonly began?: Array<number> } = {}
): Effect.fn.Return<Turns, never, R> {
  /** Calls at their gates, and how to let them through. */
  const atGate = new Map<number, { readonly step: string; readonly latch: Latch.Latch }>()
  /** Calls that have been let into the store and have not come back, and how many ever have. */
  const underWay = { unsettled: calls.length, arrivals: 0 }
  let waits = 0

  const arrive = () => {
    underWay.unsettled--
    underWay.arrivals++
  }
  const fibers = yield* Effect.forEach(calls, ({ make, told }, n) => {
    const gate = (step: string) =>
      Effect.suspend(() => {
        const latch = Latch.makeUnsafe()
        atGate.set(n, { step, latch })
        arrive()
        return latch.await
      })
    const made = make.pipe(
      Effect.map((answer) => {
        arrive()
        told(answer)
      }),
      Effect.provideService(CurrentGate, gate),
      // Concurrent calls stand for as many processes.
      Effect.provideService(TakesTurns, false),
      Effect.provideService(Random.Random, noChance)
    )
    return Effect.forkChild(around ? around(n, made) : made)
  })

  /** Nothing else is known of the store: who has not come back for a while is taken to be waiting. */
  const haveNotComeBack = Effect.fnUntraced(function* (before: number) {
    for (let patience = 0; patience < 25; patience++) {
      if (underWay.arrivals !== before) return false
      yield* Effect.sleep("2 millis")
    }
    return true
  })

  /** Wait until every call is at a gate, has ended, or is waiting in the store for another one. */
  const settle = Effect.gen(function* () {
    let idle = 0
    while (underWay.unsettled > 0) {
      const before = underWay.arrivals
      yield* Effect.yieldNow
      if (underWay.arrivals !== before) idle = 0
      else if (++idle >= 8) {
        const isWaiting = areWaiting ? areWaiting(underWay.unsettled) : haveNotComeBack(before)
        if ((yield* isWaiting) && underWay.arrivals === before) return
        idle = 0
      }
    }
  })

  yield* settle
  while (atGate.size > 0) {
    const open = [...atGate.keys()].toSorted((a, b) => a - b)
    const turn = open[choose(open.length)] ?? 0
    const gate = atGate.get(turn)
    atGate.delete(turn)
    began[turn] ??= steps.length + 1
    steps.push(`${nameOf(turn)}: ${gate?.step}`)
    underWay.unsettled++
    gate?.latch.openUnsafe()
    yield* settle
    if (underWay.unsettled > 0) waits++
  }
  const stuck = underWay.unsettled
  if (stuck > 0) yield* Effect.forEach(fibers, Fiber.interrupt, { discard: true })
  return { waits, stuck }
})

const runSchedule = Effect.fnUntraced(function* (
  mix: Mix,
  { known, initial }: Opening,
  choose: Choices["next"],
  options: ExploreOptions
) {
  const steps: Array<string> = []
  const history: Array<RecordedCall<OrderCall, string>> = []
  const began: Array<number> = []
  const calls = mix.calls.map((call, n) => ({
    make: makeCall(call, known),
    told: (answers: Effect.Success<ReturnType<typeof makeCall>>) => {
      const times = { began: began[n] ?? 0, ended: steps.length }
      for (const { call, answer } of answers) {
        if (steps.length > 0) steps.push(`${steps.pop()}; ${nameOf(n)} answers: ${answer ?? "nothing"}`)
        history.push(
          answer === undefined
            ? { call, began: times.began, ended: Infinity, answer: "unknown" }
            : { call, ...times, answer: { known: answer } }
        )
      }
    }
  }))
  const { waits, stuck } = yield* takeTurns(calls, choose, options, { steps, began })
  const faults: Array<string> = []
  if (stuck > 0) faults.push(`${stuck} calls wait for each other`)
  else {
    if (steps.length === 0) faults.push("no call came to a gate: is the store one with gates?")
    // What is there afterwards must fit too.
    const reads: ReadonlyArray<OrderCall> = [
      ...initial.orders.map((_, order): OrderCall => ({ type: "read", order })),
      { type: "count" }
    ]
    for (const call of reads) {
      const at = steps.length + 1
      for (const { answer } of yield* makeCall(call, known)) {
        history.push({ call, began: at, ended: at, answer: { known: answer ?? "no answer" } })
      }
    }
    faults.push(...(yield* auditStore(known.caller.tenantId)))
  }
  return { initial, history, steps, faults, waits } satisfies Run
})
