/**
 * Certify a process: its rules, on orders and commands made at random, against everything that is promised of a lifecycle.
 *
 * What is wrong in the declarations of a process is found when it is loaded. What is wrong in its functions shows only when they are asked: a
 * guard that throws for some order, one whose answer changes, one that changes what it was given, data that do not fit.
 */
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import { seal, type SealedEvent, verifyChain } from "../order/auditChain.ts"
import type { AuditEvent } from "../order/AuditEvent.ts"
import type { CommandType, OrderCommand } from "../order/commands/index.ts"
import { decide } from "../order/decide.ts"
import { fold } from "../order/evolve.ts"
import { explain, preview } from "../order/explain.ts"
import { brokenLaws } from "../order/invariants.ts"
import { commandNames, isFinal, type Lifecycle, statusesOf } from "../order/lifecycleTable.ts"
import { type Actor, type Order, SerialNumber, SubscriptionId } from "../order/Order.ts"
import { type CancellationPolicy, defaultPolicy } from "../order/policies/index.ts"
import { possibleCommands } from "../order/possibleCommands.ts"
import { judgeHistory } from "../order/process/judgeHistory.ts"
import { lifecycleOf } from "../order/process/lifecycleOf.ts"
import type { OrderProcess } from "../order/process/orderProcess.ts"
import { rowsOf } from "../order/process/OwnRows.ts"
import { NewJsonObject } from "../order/Text.ts"
import { fromMillis, toMillis } from "../order/Timestamp.ts"
import type { Occasion, Transition } from "../order/Transition.ts"
import { commandOf, move, type Move, occasion, placedOrder } from "./arbitraries.ts"

/** How thoroughly to look. */
export interface CertifyOptions {
  readonly cancellationPolicy?: CancellationPolicy
  /** How many lives of an order: 1,000 unless said otherwise. */
  readonly lives?: number
  /** Who gives commands, where rules look at that: one of these each time, or anybody. */
  readonly actors?: ReadonlyArray<Actor>
  /** Payloads of own commands, where ones made from the schema say too little. */
  readonly payloads?: Readonly<Record<string, ReadonlyArray<object>>>
  /** The longest time between two commands, in ms: 30 days unless said otherwise. */
  readonly longestPause?: number
  readonly seed?: number
}

/** What was seen. */
export interface Certificate {
  readonly lives: number
  readonly accepted: number
  readonly refused: number
  /** Guards that every command got past, guards that none got past, and guards that were not asked at all: rules that may not do what they should. */
  readonly guardsThatNeverRefused: ReadonlyArray<string>
  readonly guardsThatAlwaysRefused: ReadonlyArray<string>
  readonly guardsNeverAsked: ReadonlyArray<string>
  readonly commandsNeverAccepted: ReadonlyArray<string>
  readonly statusesNeverReached: ReadonlyArray<string>
}

/** A process breaks a promise. `script` is the shortest list of commands that shows it. */
export class NotCertified extends Error {
  override readonly name = "NotCertified"
  readonly script: ReadonlyArray<string>

  constructor(process: string, promise: string, script: ReadonlyArray<string>, options?: ErrorOptions) {
    super([`the process ${process}: ${promise}`, ...script].join("\n  "), options)
    this.script = script
  }
}

/** What to do next, in words that fit any order: a move of the library's, or an own command with a payload. */
type Step = { readonly made: Move } | { readonly own: string; readonly payload: object } | Eager

/** Whatever is possible then, by a number that chooses: it brings an order further than chance does. */
interface Eager {
  readonly eager: number
  readonly payloads: Readonly<Record<string, object>>
}

interface Life {
  readonly first: Transition
  readonly steps: ReadonlyArray<readonly [step: Step, on: Occasion]>
}

/** A promise that was broken, before it is told. */
class Broken extends Error {}

/**
 * Certify a process. Throws a `WrongProcess` when it does not load, and a `NotCertified` with the shortest script when it breaks a promise:
 *
 * - what is explained, previewed, listed as possible, and decided is one;
 * - rules answer at once, the same to the same, and change nothing that they are given;
 * - an order keeps every law, is the fold of its events, and its chain of hashes verifies;
 * - its history replays under the process that made it.
 */
export const certifyProcess = (process: OrderProcess, options: CertifyOptions = {}): Certificate => {
  const { cancellationPolicy = defaultPolicy, lives = 1_000, seed } = options
  const lifecycle = lifecycleOf(cancellationPolicy, process)
  const seen = new Sightings()
  const outcome = fc.check(
    fc.property(lifeOf(lifecycle, process, options), (life) => live(lifecycle, life, seen)),
    { numRuns: lives, ...(seed !== undefined && { seed }) }
  )
  if (outcome.failed) {
    const [life] = outcome.counterexample ?? []
    const cause = outcome.errorInstance
    const promise = cause instanceof Error ? cause.message : String(cause)
    throw new NotCertified(process.name, promise, life ? scriptOf(lifecycle, life) : [], { cause })
  }
  return seen.certificate(lifecycle, lives)
}

// --- lives at random -----------------------------------------------------------------------------------------------------------------

const day = 24 * 3_600_000

const lifeOf = (
  lifecycle: Lifecycle,
  process: OrderProcess,
  { actors, payloads = {}, longestPause = 30 * day }: CertifyOptions
): fc.Arbitrary<Life> => {
  const payloadOf = Object.fromEntries(
    [...process.commands].map(([name, { payload }]) => {
      const given = payloads[name] ?? (payload === undefined ? [{}] : samplesOf(payload))
      return [name, fc.constantFrom(...given)]
    })
  )
  const own = Object.entries(payloadOf).map(([name, payload]) => fc.record({ own: fc.constant(name), payload }))
  const eager = fc.record({ eager: fc.nat(99), payloads: fc.record(payloadOf) })
  const step: fc.Arbitrary<Step> = fc.oneof(
    { arbitrary: fc.record({ made: move }), weight: 2 },
    { arbitrary: eager, weight: 4 },
    ...own.map((arbitrary) => ({ arbitrary, weight: 1 }))
  )
  const who = actors === undefined || actors.length === 0 ? fc.constant(undefined) : fc.constantFrom(...actors)
  const timed = fc.tuple(step, occasion, who, fc.integer({ min: 0, max: longestPause }))
  return fc.tuple(placedOrder(lifecycle), fc.array(timed, { maxLength: 16, size: "max" })).map(([first, steps]) => {
    let millis = toMillis(first.event.at)
    return {
      first,
      steps: steps.map(([step, on, actor, pause]) => {
        millis += pause
        return [step, { ...on, at: fromMillis(millis), actor: actor ?? on.actor }] as const
      })
    }
  })
}

/** Payloads that a schema lets pass, and that can be stored. */
const samplesOf = (schema: Parameters<typeof Arbitrary.schema>[0]): ReadonlyArray<object> =>
  Effect.runSync(Arbitrary.sampleEffect(Arbitrary.schema(schema), { count: 60, seed: 1 })).filter(isStorable)

const isStorable = Schema.is(NewJsonObject)

const commandFrom = (lifecycle: Lifecycle, order: Order, step: Step, on: Occasion): OrderCommand => {
  if ("made" in step) return commandOf(order, step.made)
  if ("own" in step) return { ...step.payload, type: step.own } as unknown as OrderCommand
  const possible = possibleCommands(lifecycle, order, on).filter((command) => command.possible)
  // What ends an order is left to chance.
  const goesOn = possible
    .filter(({ to }) => to === undefined || !isFinal(lifecycle, to))
    // What leaves the order where it stands is left to chance as well, unless it is the process's own.
    .filter(({ name, to }) => to !== order.status || lifecycle.process?.definitions[name] !== undefined)
  const [first = commandNames(lifecycle)[0] ?? "cancel"] = goesOn.map(({ name }) => name)
  const name = goesOn[step.eager % goesOn.length]?.name ?? first
  const fitting = { ...lifecycle.commands[name].sample(order), ...step.payloads[name] } as OrderCommand
  if (fitting.type !== "startSubscription") return fitting
  // Each subscription and each asset once.
  const number = String(order.version)
  return { ...fitting, subscriptionId: SubscriptionId.make(number), assetSerialNumber: SerialNumber.make(number) }
}

// --- a life, watched -----------------------------------------------------------------------------------------------------------------

const live = (lifecycle: Lifecycle, { first, steps }: Life, seen: Sightings): void => {
  let order = frozen(first.after)
  const events: Array<AuditEvent> = [first.event]
  seen.status(order.status)
  for (const [step, on] of steps) {
    const command = frozen(commandFrom(lifecycle, order, step, on))
    const decided = watched(lifecycle, order, command, on, seen)
    if (decided === null) continue
    order = frozen(decided.after)
    events.push(decided.event)
    seen.status(order.status)
  }
  expectSame(fold(events), order, "an order is not the fold of its events")
  const chain: Array<SealedEvent> = []
  for (const event of events) chain.push(seal(event, chain.at(-1)?.hash ?? null, "0".repeat(64)))
  if (verifyChain(chain) !== null) throw new Broken("the chain of its events does not verify")
  const judged = judgeHistory(lifecycle, chain)
  if (judged !== null)
    throw new Broken(`its own history does not replay: ${typeof judged === "symbol" ? "erased" : judged.message}`)
}

/** One command, asked in every way there is. */
const watched = (lifecycle: Lifecycle, order: Order, command: OrderCommand, on: Occasion, seen: Sightings): Transition | null => {
  const decided = decide(lifecycle, order, command, on)
  expectSame(decide(lifecycle, order, command, on), decided, `${command.type} is decided otherwise when it is asked again`)
  const blockers = explain(lifecycle, order, command, on)
  const plan = preview(lifecycle, order, command, on)
  expectSame(plan.blockers, blockers, `the preview of ${command.type} has other blockers than its explanation`)
  const listed = possibleCommands(lifecycle, order, on).find(({ name }) => name === command.type)
  seen.asked(lifecycle, command.type, blockers)
  if (Result.isFailure(decided)) {
    if (!blockers.some(({ code }) => code === decided.failure.code))
      throw new Broken(`${command.type} is refused with ${decided.failure.code}, which its explanation does not name`)
    seen.refused++
    return null
  }
  if (blockers.length > 0) throw new Broken(`${command.type} is accepted, and its explanation names ${blockers[0]?.code}`)
  if (listed?.possible !== true) throw new Broken(`${command.type} is accepted, and not listed as possible`)
  const transition: Transition = decided.success
  expectSame(plan.plan?.event, transition.event, `${command.type} does something else than its preview said`)
  const [law] = brokenLaws(transition.after, lifecycle.process)
  if (law !== undefined) throw new Broken(`after ${command.type}, ${law}`)
  const tables = lifecycle.process?.tables
  if (tables)
    expectSame(
      rowsOf(tables, transition),
      rowsOf(tables, transition),
      `the rows of ${command.type} differ when they are asked again`
    )
  seen.accepted(command.type)
  return transition
}

const expectSame = (a: unknown, b: unknown, promise: string): void => {
  if (plain(a) !== plain(b)) throw new Broken(promise)
}

/** Values as JSON has them, so that errors and classes compare by what they say. */
const plain = (value: unknown): string => JSON.stringify(value) ?? "undefined"

/** A rule that changes what it was given is told so by the engine. */
const frozen = <A>(value: A): A => {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value
  for (const member of Object.values(value)) frozen(member)
  return Object.freeze(value)
}

// --- what is told --------------------------------------------------------------------------------------------------------------------

/** The commands of a life up to where it breaks, one a line. */
const scriptOf = (lifecycle: Lifecycle, { first, steps }: Life): ReadonlyArray<string> => {
  const script = [`place ${first.after.lines.map(({ quantity }) => quantity).join(" + ")}`]
  let order = first.after
  for (const [step, on] of steps) {
    const length = script.length
    const when = `at ${on.at} by ${on.actor.role ?? on.actor.userId}`
    try {
      const command = commandFrom(lifecycle, order, step, on)
      const { type, ...payload } = command as { readonly type: string } & Readonly<Record<string, unknown>>
      const said = Object.keys(payload).length === 0 ? "" : ` ${JSON.stringify(payload)}`
      script.push(`${type}${said} ${when}`)
      const decided = decide(lifecycle, order, command, on)
      if (Result.isSuccess(decided)) order = decided.success.after
    } catch {
      if (script.length === length) script.push(`ask what is possible ${when}`)
      break
    }
  }
  return script
}

/** What came about, for the certificate. */
class Sightings {
  refused = 0
  readonly #accepted = new Map<string, number>()
  readonly #statuses = new Set<string>()
  /** By guard: whether it let a command pass, and whether it did not. */
  readonly #passed = new Set<string>()
  readonly #stopped = new Set<string>()

  status(status: string): void {
    this.#statuses.add(status)
  }

  accepted(command: string): void {
    this.#accepted.set(command, (this.#accepted.get(command) ?? 0) + 1)
  }

  asked({ process }: Lifecycle, command: CommandType, blockers: ReadonlyArray<{ readonly guard: string }>): void {
    const guards = process?.guards ?? new Map<string, { readonly before: string }>()
    // A refusal of the library's stands before every guard: then they were not asked.
    if (blockers.some(({ guard }) => !guards.has(guard))) return
    for (const [guard, { before }] of guards)
      if (before === command) (blockers.some((blocker) => blocker.guard === guard) ? this.#stopped : this.#passed).add(guard)
  }

  certificate(lifecycle: Lifecycle, lives: number): Certificate {
    const guards = [...(lifecycle.process?.guards.keys() ?? [])]
    return {
      lives,
      accepted: [...this.#accepted.values()].reduce((sum, count) => sum + count, 0),
      refused: this.refused,
      guardsThatNeverRefused: guards.filter((guard) => this.#passed.has(guard) && !this.#stopped.has(guard)),
      guardsThatAlwaysRefused: guards.filter((guard) => this.#stopped.has(guard) && !this.#passed.has(guard)),
      guardsNeverAsked: guards.filter((guard) => !this.#stopped.has(guard) && !this.#passed.has(guard)),
      commandsNeverAccepted: commandNames(lifecycle).filter((command) => !this.#accepted.has(command)),
      statusesNeverReached: statusesOf(lifecycle).filter((status) => !this.#statuses.has(status))
    }
  }
}
