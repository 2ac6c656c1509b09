/**
 * The machine as a lookup table: for every status and command, the answers in the order in which they are tried.
 *
 * XState's own `transition()` builds an actor on each call, which is a thousand times slower than a lookup. So the table is read off the
 * machine once, at load, through its public definition (`states[…].transitions`, `implementations`), and a test proves that the two
 * agree. Nobody writes this table.
 */
import type { StateValueFrom } from "xstate"
import { type LibraryStatus, LibraryStatus as LibraryStatusSchema, type OrderStatus } from "./Order.ts"
import type { DueRule } from "./due.ts"
import { type Definition as CommandDefinition, definitions } from "./commands/definitions.ts"
import { type CommandType, type OrderEvent } from "./commands/index.ts"
import { type Fact, makeOrderMachine, type OrderContext, type StatusFact } from "./orderMachine.ts"
import { type CancellationPolicy, cancellationPolicyNames } from "./policies/index.ts"
import type { LoadedProcess } from "./process/loadProcess.ts"
import { refusalKey } from "./process/names.ts"
import type { Refusal } from "./Refusal.ts"

/** What follows from a transition, by the machine's name for it. */
export type Consequence =
  | "addActiveUnit"
  | "holdNewUnits"
  | "moveUnitToActive"
  | "moveUnitToEnded"
  | "releaseHeldUnits"
  | "releaseSomeHeldUnits"

/** One line of a list of answers. It applies when its condition does, and always when it has none. */
export interface Answer {
  readonly condition?: { readonly fact: Fact; readonly expected: boolean }
  readonly applies: (context: OrderContext, event: OrderEvent) => boolean
  /** The status afterwards; the same one where the machine names no target. */
  readonly to: OrderStatus
  readonly consequences: ReadonlyArray<Consequence>
  /** Set when the answer is no. `lacking` names the fact whose absence is the reason. */
  readonly refusal?: { readonly code: Refusal["code"]; readonly lacking: Fact | StatusFact }
}

/** A lifecycle is its cancellation policy and its process, and the answers that follow from them. */
export interface Lifecycle {
  readonly policy: CancellationPolicy
  /** The embedding service's own process, where it has one. */
  readonly process?: LoadedProcess
  readonly initial: OrderStatus
  /** Commands that are given by themselves, where there are any. */
  readonly due?: ReadonlyArray<DueRule>
  /** Every command by name, the library's and those of the process. */
  readonly commands: Readonly<Record<CommandType, CommandOfLifecycle>>
  /** By status and command, those of the process included. */
  readonly answers: Readonly<Record<LibraryStatus, Answers>>
}

/** A command, as the lifecycle knows it. */
export type CommandOfLifecycle = Omit<CommandDefinition, "evolve">

/** What a status answers to each command. */
export type Answers = Readonly<Record<CommandType, ReadonlyArray<Answer>>>

/** An order stands in a status that the lifecycle does not have: another process, or another build, put it there. Nothing is guessed. */
export class UnknownStatus extends Error {
  override readonly name = "UnknownStatus"
  readonly status: string

  constructor(status: string, process: LoadedProcess | undefined) {
    super(
      `the status ${status} is not known ${process ? `to the process ${process.version.name}` : "here: an order process has it"}`
    )
    this.status = status
  }
}

/** The answers of a status. Throws an `UnknownStatus` where there is none of that name. */
export const answersOf = ({ answers, process }: Lifecycle, status: OrderStatus): Answers => {
  const found = answers[status as LibraryStatus]
  if (found === undefined) throw new UnknownStatus(status, process)
  return found
}

/** Whether a lifecycle has a status. */
export const hasStatus = ({ answers }: Lifecycle, status: OrderStatus): boolean => Object.hasOwn(answers, status)

/** The names of all statuses. */
export const statusesOf = ({ answers }: Lifecycle): ReadonlyArray<OrderStatus> =>
  Object.keys(answers) as ReadonlyArray<OrderStatus>

/** The names of all commands. Those of a process pass for the library's: `commands` and `answers` have them. */
export const commandNames = ({ commands }: Lifecycle): ReadonlyArray<CommandType> =>
  Object.keys(commands) as ReadonlyArray<CommandType>

/** Every code that a command can be refused with for the order's sake, the library's and those of a process. */
export const codesOf = (lifecycle: Lifecycle, command: CommandType): ReadonlySet<string> =>
  new Set(
    statusesOf(lifecycle).flatMap((status) =>
      answersOf(lifecycle, status)[command].flatMap(({ refusal }) => (refusal === undefined ? [] : [refusal.code]))
    )
  )

type Machine = ReturnType<typeof makeOrderMachine>
type Definition =
  ReturnType<Machine["states"]["pending"]["transitions"]["get"]> extends ReadonlyArray<infer D> | undefined ? D : never

// A status added to the machine and not to the schema, or the reverse, fails to compile here.
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never
const machineAndSchemaAgree: Same<StateValueFrom<Machine>, LibraryStatus> = true
void machineAndSchemaAgree

const always = () => true

const record = <Key extends string, Value>(keys: ReadonlyArray<Key>, value: (key: Key) => Value): Record<Key, Value> =>
  Object.fromEntries(keys.map((key) => [key, value(key)])) as Record<Key, Value>

/** A guard of the machine as a predicate, and as data. */
const readGuard = (machine: Machine, guard: Definition["guard"]): Pick<Answer, "applies" | "condition"> => {
  if (guard === undefined) return { applies: always }
  const named = typeof guard === "string" ? { type: guard } : guard
  const { type, params } = named as { type: Fact | "unless"; params?: { fact: Fact } }
  const implementation: ((args: { context: OrderContext; event: OrderEvent }, params: unknown) => boolean) | undefined =
    machine.implementations.guards[type]
  if (implementation === undefined) throw new Error(`orderMachine: no guard is called ${type}`)
  return {
    applies: (context, event) => implementation({ context, event }, params),
    condition: type === "unless" && params ? { fact: params.fact, expected: false } : { fact: type as Fact, expected: true }
  }
}

const readAnswer = (machine: Machine, status: OrderStatus, definition: Definition): Answer => {
  const { applies, condition } = readGuard(machine, definition.guard)
  const target = definition.target?.[0]
  const actions = definition.actions.map((action) => (typeof action === "string" ? { type: action } : action)) as ReadonlyArray<{
    type: string
    params?: { code: Refusal["code"]; lacking?: StatusFact }
  }>
  const refuse = actions.find((action) => action.type === "refuse")?.params
  const lacking = refuse?.lacking ?? condition?.fact
  if (refuse && lacking === undefined) throw new Error(`orderMachine: ${refuse.code} in ${status} does not say what is lacking`)
  return {
    applies,
    ...(condition && { condition }),
    to: (target?.key ?? status) as OrderStatus,
    consequences: actions.flatMap((action) => (action.type === "refuse" ? [] : [action.type as Consequence])),
    ...(refuse && lacking !== undefined && { refusal: { code: refuse.code, lacking } })
  }
}

/** Read the lifecycle off a machine. Throws when the machine leaves a command unanswered: that is a mistake in the machine. */
export const tabulate = (policy: CancellationPolicy, given?: Machine, process?: LoadedProcess): Lifecycle => {
  const machine = given ?? makeOrderMachine(policy, process)
  const commands: Lifecycle["commands"] = process === undefined ? definitions : { ...definitions, ...process.definitions }
  const row = (status: LibraryStatus, command: CommandType) => {
    const answers = (machine.states[status]?.transitions.get(command) ?? []).map((definition) =>
      readAnswer(machine, status, definition)
    )
    if (answers.at(-1)?.applies !== always) throw new Error(`orderMachine: ${status} does not answer every ${command}`)
    for (const { refusal } of answers)
      if (
        refusal &&
        !process?.refusals.has(refusalKey(command, refusal.lacking)) &&
        !Object.hasOwn(commands[command].refusals, refusal.code)
      )
        throw new Error(`orderMachine: ${status} refuses ${command} with ${refusal.code}, which ${command} has no words for`)
    return answers
  }
  const names = Object.keys(commands) as ReadonlyArray<CommandType>
  // Own statuses and commands pass for the library's where they only stand in a table.
  const statuses = [...LibraryStatusSchema.literals, ...((process?.statuses.keys() ?? []) as Iterable<LibraryStatus>)]
  return {
    policy,
    ...(process !== undefined && { process }),
    initial: machine.root.initial?.target[0]?.key as OrderStatus,
    commands,
    answers: record(statuses, (status) => record(names, (command) => row(status, command)))
  }
}

/** The lifecycle under each cancellation policy. */
export const lifecycles: Readonly<Record<CancellationPolicy, Lifecycle>> = record(cancellationPolicyNames, (policy) =>
  tabulate(policy)
)

/** Whether nothing moves on from this status: whatever command it accepts leaves the status and every unit as they are. */
export const isFinal = (lifecycle: Lifecycle, status: OrderStatus): boolean =>
  Object.values(answersOf(lifecycle, status)).every((answers) =>
    answers.every(({ refusal, to, consequences }) => refusal !== undefined || (to === status && consequences.length === 0))
  )

/** The command that events of a kind record, if the lifecycle has one. */
export const recordedBy = ({ commands }: Lifecycle, kind: string): CommandOfLifecycle | undefined =>
  Object.values(commands).find((command) => (command.kind as string) === kind)

/** The answer that is given: the first one that applies. */
export const answerTo = (lifecycle: Lifecycle, status: OrderStatus, context: OrderContext, event: OrderEvent): Answer => {
  for (const answer of answersOf(lifecycle, status)[event.type]) if (answer.applies(context, event)) return answer
  throw new Error(`orderMachine: ${status} did not answer ${event.type}`)
}

/** Every reason to refuse, not only the first: all conditional refusals that apply, or else the unconditional one. */
export const refusalsTo = (
  lifecycle: Lifecycle,
  status: OrderStatus,
  context: OrderContext,
  event: OrderEvent
): ReadonlyArray<Answer> => {
  const answers = answersOf(lifecycle, status)[event.type].filter((answer) => answer.refusal && answer.applies(context, event))
  const conditional = answers.filter((answer) => answer.condition)
  return conditional.length > 0 ? conditional : answers
}
