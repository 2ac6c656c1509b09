/** A process that was checked, put to use: rules asked with care, refusals as errors, commands as definitions. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { CommandType } from "../commands/index.ts"
import type { DueRule } from "../due.ts"
import { readDuration } from "../durationText.ts"
import type { LibraryStatus, OrderId, OrderStatus, OwnData } from "../Order.ts"
import { lawOfStatus, type UnitLaw } from "../invariants.ts"
import type { ProcessVersion } from "../orderEvent.ts"
import { reader } from "../readInput.ts"
import { NewJsonObject } from "../Text.ts"
import { possibleFact, refusalKey, unlessStatus } from "./names.ts"
import { frozen, type LoadedData, type OwnCommand, type OwnDefinition, ownDefinition, withData } from "./OwnCommand.ts"
import type { OwnDue } from "./OwnDue.ts"
import { filtersBy } from "./OwnFilters.ts"
import type { GuardFacts, OwnGuard, Words } from "./OwnGuard.ts"
import { type OwnCode, OwnRefusal } from "./OwnRefusal.ts"
import type { OwnRows } from "./OwnRows.ts"
import type { OrderProcess, OwnDataRules, OwnStatusRules } from "./orderProcess.ts"
import { type LibraryStates, withOwn } from "./ownStates.ts"
import { askRule } from "./RuleFailed.ts"

/** A process as the lifecycle works with it. */
export interface LoadedProcess {
  /** How it stands in events. */
  readonly version: ProcessVersion
  readonly data: LoadedData
  readonly statuses: ReadonlyMap<string, LoadedStatus>
  readonly commands: ReadonlyMap<string, OwnCommand>
  readonly definitions: Readonly<Record<string, OwnDefinition>>
  readonly guards: ReadonlyMap<string, LoadedGuard>
  /** What orders wait for. */
  readonly due: ReadonlyArray<DueRule>
  readonly tables: ReadonlyMap<string, OwnRows>
  /** What the process adds to the machine: see `withOwn`. */
  readonly withStates: <States extends LibraryStates>(
    guarded: (command: string) => ReadonlyArray<unknown>,
    likeNone: LibraryStates["partial"]["on"],
    states: States
  ) => States
  /** The refusals of the process: see `refusalKey`. */
  readonly refusals: ReadonlyMap<string, (orderId: OrderId) => OwnRefusal>
}

interface LoadedStatus {
  readonly description: string
  readonly like: string | undefined
  readonly but: { readonly [Type in CommandType]?: Words } | undefined
  readonly units: UnitLaw
}

interface LoadedGuard {
  readonly before: string
  readonly code: OwnCode
  /** Throws a `RuleFailed` that names the guard when it does not answer. */
  readonly holds: (facts: GuardFacts) => boolean
}

/** Put a checked process to use. */
export const loadProcess = (process: OrderProcess): LoadedProcess => {
  const { name, version, commands, statuses, guards, dueCommands, tables } = process
  const data = loadData(process.data)
  const loaded = new Map([...statuses].map(([status, rules]) => [status, loadStatus(statuses, rules)]))
  return {
    version: { name, version },
    data,
    statuses: loaded,
    withStates: (guarded, likeNone, states) => withOwn({ statuses: loaded, commands }, guarded, likeNone, states),
    commands,
    tables,
    definitions: Object.fromEntries(
      [...commands].map(([command, declared]) => [command, ownDefinition(command, declared, data)])
    ),
    due: [...dueCommands].map(([each, declared]) => loadDue(each, declared)),
    guards: new Map([...guards].map(([guard, declared]) => [guard, loadGuard(guard, declared, data.initial)])),
    refusals: new Map(
      [
        ...[...guards].map(([guard, { before, refusal }]) => [before, guard, refusal] as const),
        ...[...commands].map(([command, { otherwise }]) => [command, possibleFact(command), otherwise] as const),
        ...[...statuses].flatMap(([status, { but = {} }]) =>
          Object.entries(but).map(([command, words]) => [command, unlessStatus(status), words] as const)
        )
      ].map(([command, lacking, words]) => [refusalKey(command, lacking), refusalIn(lacking, words)])
    )
  }
}

const refusalIn =
  (guard: string, words: Words) =>
  (orderId: OrderId): OwnRefusal =>
    new OwnRefusal({ orderId, guard, ...words, code: words.code as OwnCode })

const nothingToKeep: OwnDataRules = { schema: Schema.Struct({}), initial: {}, filterBy: [] }

const loadData = ({ schema, initial, filterBy } = nothingToKeep): LoadedData => {
  const readShape = reader(schema as Schema.Struct<{}>, "data", "refused")
  const readJson = reader(NewJsonObject, "data")
  return {
    schema,
    // A frozen copy: all orders that have no data of their own share it.
    initial: frozen(JSON.parse(JSON.stringify(initial)) as OwnData),
    read: (input) => Result.flatMap(readShape(input), readJson),
    filters: filtersBy(schema.fields, filterBy)
  }
}

const loadStatus = (statuses: OrderProcess["statuses"], rules: OwnStatusRules): LoadedStatus => ({
  description: rules.description,
  like: rules.like,
  but: rules.but,
  units: unitsOf(statuses, rules)
})

/** Where the units are: as the status says, or as in the one that it is like in the end. */
const unitsOf = (statuses: OrderProcess["statuses"], { like, units }: OwnStatusRules): UnitLaw => {
  if (units !== undefined) return units
  const other = statuses.get(like)
  return other === undefined ? lawOfStatus[like as LibraryStatus] : unitsOf(statuses, other)
}

const loadDue = (name: string, { when: { status }, after, command, payload = {} }: OwnDue): DueRule => ({
  name,
  status: status as OrderStatus,
  afterMs: Result.getOrThrow(readDuration(after)),
  command: command as CommandType,
  payload: frozen(JSON.parse(JSON.stringify(payload)) as DueRule["payload"])
})

const loadGuard = (name: string, { before, holds, refusal }: OwnGuard, initial: OwnData): LoadedGuard => {
  const rule = `the guard ${name} before ${before}`
  const isAnswer = (answer: unknown): answer is boolean => typeof answer === "boolean"
  return {
    before,
    code: refusal.code as OwnCode,
    holds: ({ order, command, at, actor }) =>
      askRule(rule, () => holds({ order: withData(order, initial), command, at, actor }), isAnswer, "true or false at once")
  }
}
